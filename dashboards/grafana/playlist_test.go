package grafana

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// playlists is the part of Grafana's HTTP API that playlists have, as its documentation states it: the list, one by uid, create,
// update. It keeps what it is told.
type playlists struct {
	list  []playlistBody
	calls []string
	token string
}

func (p *playlists) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls = append(p.calls, r.Method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if r.Header.Get("Authorization") != "Bearer "+p.token {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message":"Invalid API key"}`)
		return
	}
	uid := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/playlists"), "/")
	var body playlistBody
	if r.Method != http.MethodGet {
		b, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(b, &body) != nil || body.Name == "" || body.Interval == "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"message":"bad request data"}`)
			return
		}
	}
	var answer any
	switch {
	case r.Method == http.MethodGet && uid == "": // without items
		found := []map[string]any{}
		for i, x := range p.list {
			if strings.Contains(x.Name, r.URL.Query().Get("query")) {
				found = append(found, map[string]any{"id": i + 1, "uid": x.UID, "name": x.Name, "interval": x.Interval})
			}
		}
		answer = found
	case r.Method == http.MethodPost && uid == "":
		body.UID = fmt.Sprintf("made-%d", len(p.list)+1)
		p.list = append(p.list, body)
		answer = map[string]any{"id": len(p.list), "uid": body.UID, "name": body.Name, "interval": body.Interval}
	default:
		for i := range p.list {
			if p.list[i].UID == uid {
				if r.Method == http.MethodPut {
					body.UID = uid
					p.list[i] = body
				}
				answer = p.list[i]
			}
		}
	}
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Playlist not found"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func TestSetPlaylist(t *testing.T) {
	room := Playlist{Name: "Phòng họp", Tag: "playlist-vi", Interval: 30 * time.Second}
	items := func(tag string) []playlistItem { return []playlistItem{{"dashboard_by_tag", tag, 1, tag}} }
	is := playlistBody{UID: "abc", Name: "Phòng họp", Interval: "30s", Items: items("playlist-vi")}
	slow := is
	slow.Interval = "60s"
	other := playlistBody{UID: "xyz", Name: "Phòng họp số 2", Interval: "5m", Items: items("khac")}
	for _, c := range []struct {
		name    string
		has     []playlistBody
		uid     string
		changed bool
		after   []playlistBody
		writes  int
	}{
		{"none yet", nil, "made-1", true, []playlistBody{{"made-1", "Phòng họp", "30s", items("playlist-vi")}}, 1},
		{"another whose name begins alike", []playlistBody{other}, "made-2", true, []playlistBody{other, {"made-2", "Phòng họp", "30s", items("playlist-vi")}}, 1},
		{"as asked already", []playlistBody{other, is}, "abc", false, []playlistBody{other, is}, 0},
		{"another interval", []playlistBody{slow}, "abc", true, []playlistBody{is}, 1},
		{"another tag", []playlistBody{{"abc", "Phòng họp", "30s", items("cu")}}, "abc", true, []playlistBody{is}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := &playlists{list: c.has, token: "secret"}
			server := httptest.NewServer(api)
			defer server.Close()
			for again := range 2 {
				uid, changed, err := SetPlaylist(t.Context(), server.URL, "secret", room)
				if err != nil || uid != c.uid || changed != (c.changed && again == 0) {
					t.Fatalf("run %d: uid %q, changed %v, %v", again+1, uid, changed, err)
				}
			}
			if d := cmp.Diff(c.after, api.list); d != "" {
				t.Error(d)
			}
			writes := 0
			for _, call := range api.calls {
				if !strings.HasPrefix(call, "GET ") {
					writes++
				}
			}
			if writes != c.writes {
				t.Errorf("%d writes, want %d: %v", writes, c.writes, api.calls)
			}
		})
	}
}

func TestSetPlaylistSaysWhatToDo(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); fmt.Fprint(w, body) }
	}
	twice := &playlists{list: []playlistBody{{UID: "a", Name: "Phòng họp"}, {UID: "b", Name: "Phòng họp"}}, token: "secret"}
	for _, c := range []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"a wrong token", &playlists{token: "another"}, "answers 401: the token in TIENDO_GRAFANA_TOKEN is missing, wrong or expired"},
		{"a viewer's token", status(http.StatusForbidden, `{"message":"Permission denied"}`), "answers 403: the token's service account needs the role Editor"},
		{"not Grafana's root", status(http.StatusNotFound, "404 page not found"), "answers 404: want Grafana's own address, with the path it is served under"},
		{"a login page", http.RedirectHandler("/login", http.StatusFound), "answers 302"},
		{"a broken server", status(http.StatusInternalServerError, "database is locked"), "answers 500: database is locked"},
		{"two of that name", twice, `has 2 playlists named "Phòng họp": delete all but one`},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			_, _, err := SetPlaylist(t.Context(), server.URL, "secret", Playlist{Name: "Phòng họp", Tag: "x", Interval: time.Minute})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("said %v, want %q", err, c.want)
			}
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if _, _, err := SetPlaylist(t.Context(), server.URL, "secret", Playlist{Name: "x"}); err == nil || !strings.Contains(err.Error(), "is the address right and Grafana up?") {
		t.Errorf("an address that nobody answers: %v", err)
	}
}
