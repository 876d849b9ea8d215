package collectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

// record is one record of a list that a test serves.
type record struct {
	id string
	at time.Time
}

func (r record) json() string {
	return fmt.Sprintf(`{"MaHoSo":%q,"NgayCapNhat":%q}`, r.id, r.at.In(plan.Zone).Format("20060102150405"))
}

func numbered(n int) []record {
	var out []record
	for i := range n {
		out = append(out, record{fmt.Sprintf("A%03d", i), noon.AddDate(0, 0, -30).Add(time.Duration(i) * time.Minute)})
	}
	return out
}

// serve answers pages of the list, as a source of any style does.
func serve(list *[]record, most int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		num := func(name string) int { n, _ := strconv.Atoi(q.Get(name)); return n }
		rows := *list
		if since := q.Get("since"); since != "" {
			at, _ := time.ParseInLocation("20060102150405", since, plan.Zone)
			rows = slices.DeleteFunc(slices.Clone(rows), func(r record) bool { return r.at.Before(at) })
		}
		from, size := num("offset"), min(num("size"), most)
		if q.Has("page") {
			from = num("page") * size
		}
		if !q.Has("size") {
			size = len(rows)
		}
		from = min(from, len(rows))
		to := min(from+size, len(rows))
		var texts []string
		for _, x := range rows[from:to] {
			texts = append(texts, x.json())
		}
		fmt.Fprintf(w, `{"data":[%s],"total":%d,"pages":%d,"last":%t}`, strings.Join(texts, ","), len(rows), (len(rows)+max(size, 1)-1)/max(size, 1), to == len(rows))
	}
}

func ids(t testing.TB, p Page) (out []string) {
	t.Helper()
	var land Land
	if err := json.Unmarshal(p.Body, &land); err != nil {
		t.Fatalf("%s: %v", p.Body, err)
	}
	for _, r := range land.Records {
		var x struct{ MaHoSo string }
		if err := json.Unmarshal(r, &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x.MaHoSo)
	}
	if len(out) != p.Records {
		t.Errorf("the page says %d records and holds %d", p.Records, len(out))
	}
	return out
}

func TestEveryStyleReadsTheWholeList(t *testing.T) {
	list := numbered(23)
	var want []string
	for _, r := range list {
		want = append(want, r.id)
	}
	for name, c := range map[string]struct {
		settings string
		most     int
		pages    int
	}{
		"none":                       {"", 99, 1},
		"page with total":            {"paging: {style: page, size: 10}\nenvelope: {total: total}\n", 99, 3},
		"page with pages":            {"paging: {style: page, size: 10}\nenvelope: {total_pages: pages}\n", 99, 3},
		"page with last":             {"paging: {style: page, size: 10}\nenvelope: {last: last}\n", 99, 3},
		"page with nothing":          {"paging: {style: page, size: 10}\n", 99, 4},
		"offset":                     {"paging: {style: offset, size: 10}\nenvelope: {total: total}\n", 99, 3},
		"offset, shorter than asked": {"paging: {style: offset, size: 10}\nenvelope: {total: total}\n", 4, 6},
		"keyset":                     {"paging: {style: keyset, size: 10}\nenvelope: {total: total}\nupdated_since: {param: since}\n", 99, 3},
		"keyset, shorter than asked": {"paging: {style: keyset, size: 10}\nenvelope: {total: total}\nupdated_since: {param: since, always: true}\n", 4, 8},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			pages := 0
			for p, err := range client(t, serve(&list, c.most), c.settings).Pages(t.Context(), Cursor{}, Listing{}) {
				if err != nil {
					t.Fatal(err)
				}
				pages++
				got = append(got, ids(t, p)...)
			}
			if diff := cmp.Diff(want, got); diff != "" || pages != c.pages {
				t.Errorf("%d pages, want %d: %s", pages, c.pages, diff)
			}
		})
	}
}

func TestASourceThatRepeatsItsLastPageEnds(t *testing.T) {
	pages := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, ok) }, "paging: {style: page}\n")
	records := 0
	for p, err := range c.Pages(t.Context(), Cursor{}, Listing{}) {
		if pages++; err != nil || pages > 3 {
			t.Fatal(err, pages)
		}
		records += p.Records
	}
	if records != 1 {
		t.Errorf("%d records of 1", records)
	}
}

// A record that is updated while the list is read moves to its end, and every record behind it moves up by one place:
// page numbers then skip one, beginning anew at the newest update time does not.
func TestKeysetLosesNothingWhenTheListMoves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := numbered(rapid.IntRange(1, 40).Draw(rt, "records"))
		same := rapid.IntRange(1, 9).Draw(rt, "same")
		for i := range list { // several records of one second, up to whole pages
			list[i].at = list[0].at.Add(time.Duration(i/same) * time.Second)
		}
		want, second, most := map[string]bool{}, map[time.Time]int{}, 0
		for _, r := range list {
			want[r.id] = true
			second[r.at]++
			most = max(most, second[r.at])
		}
		size := rapid.IntRange(1, 15).Draw(rt, "size")
		c := client(t, serve(&list, 99), fmt.Sprintf("paging: {style: keyset, size: %d}\nenvelope: {total: total}\nupdated_since: {param: since}\n", size))
		now := noon
		got := map[string]int{}
		for p, err := range c.Pages(t.Context(), Cursor{}, Listing{}) {
			if err != nil {
				rt.Fatal(err)
			}
			for _, id := range ids(t, p) {
				got[id]++
			}
			if rapid.Bool().Draw(rt, "update") && now.Before(noon.Add(time.Minute)) {
				i := rapid.IntRange(0, len(list)-1).Draw(rt, "which")
				moved := list[i]
				now = now.Add(time.Second)
				moved.at = now
				list = append(slices.Delete(slices.Clone(list), i, i+1), moved)
			}
		}
		for id := range want {
			// Within one second there are page numbers only: if it fills a page, a move may still skip one, and the lag
			// window brings it.
			if got[id] == 0 && most < size {
				rt.Errorf("%s is lost", id)
			}
		}
	})
}

func TestKeysetNeedsASortedList(t *testing.T) {
	list := numbered(5)
	slices.Reverse(list)
	var last error
	for _, err := range client(t, serve(&list, 99), "paging: {style: keyset, size: 3}\nenvelope: {total: total}\nupdated_since: {param: since}\n").Pages(t.Context(), Cursor{}, Listing{}) {
		last = err
	}
	var lasting *PermanentError
	if !errors.As(last, &lasting) || !strings.Contains(last.Error(), "use page") {
		t.Error(last)
	}
}

func TestAListThatEndsTooEarlyIsAnError(t *testing.T) {
	var last error
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "0" {
			fmt.Fprint(w, `{"data":[{"MaHoSo":"A"}],"total":9}`)
			return
		}
		fmt.Fprint(w, `{"data":[],"total":9}`)
	}, "paging: {style: page}\nenvelope: {total: total}\n")
	for _, err := range c.Pages(t.Context(), Cursor{}, Listing{}) {
		last = err
	}
	if last == nil || last.Error() != "source x: GET  page=1 size=500: the list ends after 1 of 9 records" {
		t.Error(last)
	}
}

func TestEmptyIsNotZero(t *testing.T) {
	empty := []record{}
	for name, c := range map[string]struct {
		settings string
		since    Cursor
		scope    string
		fails    bool
	}{
		"had records":        {"", Cursor{Since: noon}, "", true},
		"never had any":      {"", Cursor{}, "", false},
		"allowed":            {"empty: ok\n", Cursor{Since: noon}, "", false},
		"month had records":  {"", Cursor{Since: noon, Token: "2025-04,2025-05"}, "2025-05", true},
		"month not yet out":  {"", Cursor{Since: noon, Token: "2025-04"}, "2025-05", false},
		"incremental, quiet": {"updated_since: {param: since}\n", Cursor{Since: noon}, "", true}, // the lag shows at least the newest again
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			pages := 0
			for _, err := range client(t, serve(&empty, 99), c.settings).Pages(t.Context(), c.since, Listing{Scope: c.scope}) {
				last = err
				pages++
			}
			if errors.Is(last, ErrEmptyAnswer) != c.fails || pages != 1 {
				t.Errorf("%d pages, %v", pages, last)
			}
		})
	}
}

func TestCursor(t *testing.T) {
	list := numbered(5)
	at := func(i int) time.Time { return list[i].at }
	const incremental = "paging: {style: page, size: 2}\nenvelope: {total: total}\nlag: 2m\n"
	for name, c := range map[string]struct {
		settings string
		since    Cursor
		want     []time.Time // behind each page
	}{
		"sorted":            {incremental + "updated_since: {param: since, sorted: true}\n", Cursor{}, []time.Time{at(1), at(3), at(4)}},
		"unsorted":          {incremental + "updated_since: {param: since}\n", Cursor{}, []time.Time{{}, {}, at(4)}},
		"lag reads again":   {incremental + "updated_since: {param: since, sorted: true}\n", Cursor{Since: at(4)}, []time.Time{at(4), at(4)}},
		"whole list":        {incremental, Cursor{}, []time.Time{{}, {}, noon}},
		"whole list, again": {incremental, Cursor{Since: at(0)}, []time.Time{at(0), at(0), noon}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []time.Time
			for p, err := range client(t, serve(&list, 99), c.settings).Pages(t.Context(), c.since, Listing{}) {
				if err != nil {
					t.Fatal(err)
				}
				if !p.FetchedAt.Equal(noon) {
					t.Errorf("fetched at %v", p.FetchedAt)
				}
				got = append(got, p.Cursor.Since)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAClockThatRunsAheadSkipsNothing(t *testing.T) {
	list := []record{{"A", noon.AddDate(1, 0, 0)}}
	for p, err := range client(t, serve(&list, 99), "updated_since: {param: since}\n").Pages(t.Context(), Cursor{}, Listing{}) {
		if err != nil || !p.Cursor.Since.Equal(noon) {
			t.Errorf("%v, %v", p.Cursor, err)
		}
	}
}

func TestSeveralScopesMakeOneRun(t *testing.T) {
	list := numbered(3)
	c := client(t, serve(&list, 99), "period: {from: from-date, to: to-date, year: y, month: m}\n")
	var requests []string
	var last Cursor
	for p, err := range c.Pages(t.Context(), Cursor{}, c.src.ClosedMonths(noon)...) {
		if err != nil {
			t.Fatal(err)
		}
		if len(requests) < 2 && !p.Cursor.Since.IsZero() {
			t.Errorf("a run cut short would go on from %v", p.Cursor)
		}
		requests = append(requests, p.Request)
		last = p.Cursor
	}
	want := []string{
		"GET  from-date=2025-03-01 m=3 to-date=2025-03-31 y=2025",
		"GET  from-date=2025-04-01 m=4 to-date=2025-04-30 y=2025",
		"GET  from-date=2025-05-01 m=5 to-date=2025-05-31 y=2025",
	}
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Error(diff)
	}
	if last.Token != "2025-03,2025-04,2025-05" || !last.Since.Equal(noon) {
		t.Errorf("cursor %+v", last)
	}
}

func TestStoppingEarlyAsksNoMore(t *testing.T) {
	list := numbered(9)
	calls := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) { calls++; serve(&list, 99)(w, r) }, "paging: {style: page, size: 2}\nenvelope: {total: total}\n")
	for range c.Pages(t.Context(), Cursor{}, Listing{}) {
		break
	}
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}
