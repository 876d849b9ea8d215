package web_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
	"tiendo/schema"
	"tiendo/schema/engine/enginetest"
)

// counted is a store that counts how often it is asked for results.
type counted struct {
	*schema.Store
	asked atomic.Int64
}

func (c *counted) Assessments(ctx context.Context, q web.Query) ([]web.Assessment, error) {
	c.asked.Add(1)
	return c.Store.Assessments(ctx, q)
}

// unmerged is a filled store whose parts the engine does not merge: merges too change its edition, at times that no test can choose.
// They are stopped before anything is written, because one that is about to end is not held up.
func unmerged(t *testing.T, p *plan.Plan) *schema.Store {
	t.Helper()
	st := stored(t, p)
	if err := enginetest.Engine(t).Exec(t.Context(), "SYSTEM STOP MERGES"); err != nil { // of the tables that are there now
		t.Fatal(err)
	}
	fill(t, p, st)
	return st
}

// TestMemoryIsNeverStale: a page is read from the store once, and anew after everything that is written there, whoever wrote it.
func TestMemoryIsNeverStale(t *testing.T) {
	p := load(t, kienGiang)
	st := unmerged(t, p)
	c := &counted{Store: st}
	asOf := p.Demo.AsOf
	h := site(t, p, c, clock(asOf))
	addresses := []string{"/", "/unit/899", "/indicator/CQS-02", "/freshness", "/api/v1/progress?unit=91"}
	read := func() (all string, asked int64) {
		t.Helper()
		before := c.asked.Load()
		for _, a := range addresses {
			rec := get(h, a)
			if rec.Code != http.StatusOK {
				t.Fatalf("%s: %d %.300s", a, rec.Code, rec.Body)
			}
			all += rec.Body.String()
		}
		return all, c.asked.Load() - before
	}
	first, asked := read()
	if asked < int64(len(addresses)) {
		t.Fatalf("the store was asked for results %d times for %d pages", asked, len(addresses))
	}
	province := p.Units.On(p.Province, asOf)
	for _, w := range []struct {
		name   string
		shown  bool
		change func() error
	}{
		{"nothing", false, func() error { return nil }},
		{"an account", false, func() error {
			return st.SaveAccount(t.Context(), access.Account{Name: "xem", Role: access.Viewer, Password: access.Hash(password)}, access.AccountAdded, "t", time.Now())
		}},
		{"a run", true, func() error {
			at := asOf.Start().Add(5 * time.Hour)
			return st.EndRun(t.Context(), run.Run{Source: p.Sources[2].Name, RunID: "later", StartedAt: at, EndedAt: at, FetchedAt: at, State: run.Failed, Error: "page 7: no answer"})
		}},
		{"results", true, func() error {
			ind := p.Indicator("CQS-02")
			r := made(p, ind, province, asOf)
			r.Numerator, r.Status, r.KnownAt = r.Numerator-1, progress.Behind, r.KnownAt+1
			_, err := st.SaveResults(t.Context(), p, p.VersionOn(asOf), []progress.Result{r}, clock(asOf)())
			return err
		}},
	} {
		if err := w.change(); err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		now, asked := read()
		if (now != first) != w.shown {
			t.Errorf("after %s was written the pages changed: %t, want %t", w.name, now != first, w.shown)
		}
		if (asked > 0) != w.shown {
			t.Errorf("after %s was written the store was asked for results %d times", w.name, asked)
		}
		first = now
	}
	if _, asked := read(); asked != 0 {
		t.Errorf("in the end the store was asked for results %d times for what it had answered", asked)
	}
}

// TestWarm: what takes long was read before anybody asks, once for what was written, and only when no more is being written.
func TestWarm(t *testing.T) {
	p := load(t, kienGiang)
	st := unmerged(t, p)
	c := &counted{Store: st}
	h := site(t, p, c, clock(p.Demo.AsOf))
	asks := func(what func()) int64 {
		before := c.asked.Load()
		what()
		return c.asked.Load() - before
	}
	warm := func() {
		if err := h.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for written := range 2 {
		if n := asks(warm); n != 0 {
			t.Errorf("after %d writes: more may be coming, and %d questions were asked", written, n)
		}
		if n := asks(warm); n == 0 {
			t.Errorf("after %d writes: nothing was read in advance", written)
		}
		if n := asks(warm); n != 0 {
			t.Errorf("after %d writes: %d questions were asked again", written, n)
		}
		for _, address := range []string{"/", "/heat?level=commune", "/pillar/CQS", "/report/midterm-2023"} {
			if n := asks(func() {
				if rec := get(h, address); rec.Code != http.StatusOK {
					t.Errorf("%s: %d %.300s", address, rec.Code, rec.Body)
				}
			}); n != 0 {
				t.Errorf("after %d writes: %s asked %d questions", written, address, n)
			}
		}
		if err := st.SetSetting(t.Context(), "read anew", "1"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnswersAreSmall: a browser gets a page packed where it takes that, not at all where it has it, and plainly otherwise.
func TestAnswersAreSmall(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, stored(t, p), clock(p.Demo.AsOf))
	ask := func(address string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", address, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	for _, address := range []string{"/runbook", "/static/style.css", "/api/v1/openapi.json"} {
		whole, small := ask(address), ask(address, "Accept-Encoding", "gzip")
		if whole.Header().Get("Content-Encoding") != "" || small.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(small.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Fatalf("%s: %v, %v", address, whole.Header(), small.Header())
		}
		if 2*small.Body.Len() > whole.Body.Len() {
			t.Errorf("%s: %d bytes become %d", address, whole.Body.Len(), small.Body.Len())
		}
		z, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || string(body) != whole.Body.String() {
			t.Errorf("%s: what is packed is another: %v", address, err)
		}
	}
	tag := ask("/runbook").Header().Get("ETag")
	if again := ask("/runbook", "If-None-Match", tag); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("a page that the browser has under %s is answered with %d and %d bytes", tag, again.Code, again.Body.Len())
	}
}
