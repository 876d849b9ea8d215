package run_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/run"
)

// What a process takes in that remembers nothing, and looks up what it knows of many pages at once, is what one takes in
// that has seen everything: the same versions, the same counts.
func TestLookedUpIsRemembered(t *testing.T) {
	d := open(t)
	first := at("2025-01-06 08:00")
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 0))
		version := func() collectors.Batch {
			var b collectors.Batch
			for range 1 + r.IntN(6) {
				updated := first.Add(-time.Duration(r.IntN(4)) * time.Hour)
				b.Dossiers = append(b.Dossiers, collectors.Dossier{Position: len(b.Dossiers), ID: fmt.Sprint("D", r.IntN(5)), Unit: unit("H33"),
					Status: uint8(1 + r.IntN(3)), Channel: 1, Submitted: first.AddDate(0, 0, -9), Updated: updated})
			}
			return b
		}
		var runs [][]collectors.Batch
		for range 3 {
			var pages []collectors.Batch
			for range 1 + r.IntN(5) {
				pages = append(pages, version())
			}
			runs = append(runs, pages)
		}
		remembers, looksUp := fmt.Sprint("remembers-", seed), fmt.Sprint("looks-up-", seed)
		var want, got []int
		for i, pages := range runs {
			fetched := first.AddDate(0, 0, i)
			want = append(want, collect(t, d, remembers, fetched, pages...).Loaded)
			got = append(got, collect(t, d.restarted(), looksUp, fetched, pages...).Loaded)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("seed %d: looking up took in %v records, remembering %v", seed, got, want)
		}
		versions := func(source string) string {
			return strings.Join(d.lines(t, `SELECT toString((id, status, updated, fetched_at, page, position, hash)) AS row
				FROM dossier WHERE source = '`+source+`' ORDER BY row`), "\n")
		}
		if g, w := versions(looksUp), versions(remembers); g != w {
			t.Errorf("seed %d: looked up\n%s\nremembered\n%s", seed, g, w)
		}
	}
}

// Pages that were held back are taken in before the error that follows them.
func TestHeldBackPagesCount(t *testing.T) {
	d := open(t)
	now := at("2025-01-06 08:00")
	batch := func(id string) collectors.Batch {
		return collectors.Batch{Dossiers: []collectors.Dossier{{ID: id, Unit: unit("H33"), Status: 1, Channel: 1, Submitted: now.AddDate(0, 0, -1), Updated: now}}}
	}
	collect(t, d, "dossiers", now, batch("D1"))
	broken := page(t, now, collectors.Batch{})
	broken.Body = []byte("{")
	for _, c := range []struct {
		name  string
		after []collectors.Page
		fails error
	}{
		{"the source fails", nil, fmt.Errorf("away")},
		{"a page cannot be read", []collectors.Page{broken}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := d.restarted()
			src := &scripted{fails: c.fails}
			for i := range 4 {
				src.pages = append(src.pages, page(t, now, batch(fmt.Sprint(c.name, i))))
			}
			src.pages = append(src.pages, c.after...)
			rec, err := runner(d, now).Collect(t.Context(), run.Job{Source: "dossiers", Collector: src})
			if err == nil || rec.Loaded != 4 {
				t.Errorf("%d records taken in, %v; want 4 and an error", rec.Loaded, err)
			}
			if n := d.count(t, "dossier", "id LIKE '"+c.name+"%'"); n != 4 {
				t.Errorf("%d rows stand in the store, want 4", n)
			}
		})
	}
}
