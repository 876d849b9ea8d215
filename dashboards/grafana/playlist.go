package grafana

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-resty/resty/v2"
)

// Playlist is what a meeting room's screen goes through: the boards that have a tag, one after the other.
type Playlist struct {
	Name     string
	Tag      string
	Interval time.Duration
}

// playlistBody is a playlist as Grafana's HTTP API writes it.
type playlistBody struct {
	UID      string         `json:"uid,omitempty"`
	Name     string         `json:"name"`
	Interval string         `json:"interval"`
	Items    []playlistItem `json:"items"`
}

type playlistItem struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	Order int    `json:"order"`
	Title string `json:"title"`
}

// SetPlaylist creates the playlist of that name in the Grafana at url, or brings it to p if it is there. It answers the
// playlist's uid and whether anything had to be changed. Grafana cannot provision playlists from files.
func SetPlaylist(ctx context.Context, url, token string, p Playlist) (uid string, changed bool, err error) {
	api := resty.New().SetBaseURL(url).SetAuthToken(token).SetTimeout(15 * time.Second).SetRedirectPolicy(resty.NoRedirectPolicy())
	defer api.GetClient().CloseIdleConnections()
	// ask sends one request; what it answers with stands in the result that the request was given.
	ask := func(method, path string, set func(*resty.Request)) error {
		r := api.R().SetContext(ctx).ForceContentType("application/json")
		set(r)
		answer, err := r.Execute(method, path)
		if err != nil && (answer == nil || answer.StatusCode() == 0) {
			return fmt.Errorf("grafana %s: %w: is the address right and Grafana up?", url, err)
		}
		switch code := answer.StatusCode(); {
		case code == http.StatusUnauthorized:
			return fmt.Errorf("grafana %s%s answers 401: the token in %s is missing, wrong or expired", url, path, TokenVariable)
		case code == http.StatusForbidden:
			return fmt.Errorf("grafana %s%s answers 403: the token's service account needs the role Editor", url, path)
		case code == http.StatusNotFound:
			return fmt.Errorf("grafana %s%s answers 404: want Grafana's own address, with the path it is served under", url, path)
		case code != http.StatusOK:
			return fmt.Errorf("grafana %s%s answers %d: %.200s", url, path, code, answer.Body())
		}
		return err
	}

	want := playlistBody{Name: p.Name, Interval: fmt.Sprintf("%ds", int(p.Interval.Seconds())), Items: []playlistItem{{"dashboard_by_tag", p.Tag, 1, p.Tag}}}
	var have []playlistBody
	if err := ask(http.MethodGet, "/api/playlists", func(r *resty.Request) { r.SetQueryParam("query", p.Name).SetResult(&have) }); err != nil {
		return "", false, err
	}
	have = slices.DeleteFunc(have, func(h playlistBody) bool { return h.Name != p.Name }) // the query finds parts of names too
	if len(have) > 1 {
		return "", false, fmt.Errorf("grafana %s has %d playlists named %q: delete all but one", url, len(have), p.Name)
	}
	if len(have) == 0 {
		var made playlistBody
		if err := ask(http.MethodPost, "/api/playlists", func(r *resty.Request) { r.SetBody(want).SetResult(&made) }); err != nil {
			return "", false, err
		}
		if made.UID == "" {
			return "", false, errors.New("grafana made the playlist and did not say its uid: this needs Grafana 9.4 or later")
		}
		return made.UID, true, nil
	}
	var now playlistBody
	path := "/api/playlists/" + have[0].UID
	if err := ask(http.MethodGet, path, func(r *resty.Request) { r.SetResult(&now) }); err != nil {
		return "", false, err
	}
	if now.Interval == want.Interval && len(now.Items) == 1 && now.Items[0].Type == want.Items[0].Type && now.Items[0].Value == p.Tag {
		return have[0].UID, false, nil
	}
	return have[0].UID, true, ask(http.MethodPut, path, func(r *resty.Request) { r.SetBody(want) })
}

// TokenVariable is the environment variable that holds the service account token.
const TokenVariable = "TIENDO_GRAFANA_TOKEN"
