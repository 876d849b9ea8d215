package run_test

import (
	"flag"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// checks bounds how many times a property is tried: each try is a database's work.
func checks(t *testing.T, n int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	old := f.Value.String()
	if old != f.DefValue {
		return // asked for on the command line
	}
	if err := f.Value.Set(fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(old) })
}

// seen is one sight of a dossier: which version of it a page showed, when, and whether the page was committed.
type seen struct {
	version   collectors.Dossier
	at        time.Time
	committed bool
}

var (
	firstFetch = at("2024-03-04 23:30")
	workDays   = []plan.Day{plan.MustDay("2024-02-05"), plan.MustDay("2024-02-06"), plan.MustDay("2024-03-01")}
)

// versions draws how a dossier changes: unit, day, state and deadlines move freely; sometimes only the update time does.
func versions(id string, units []plan.UnitKey) *rapid.Generator[[]collectors.Dossier] {
	return rapid.Custom(func(t *rapid.T) []collectors.Dossier {
		n := rapid.IntRange(1, 5).Draw(t, "versions")
		out := make([]collectors.Dossier, 0, n)
		for i := range n {
			x := collectors.Dossier{ID: id, Updated: firstFetch.Add(time.Duration(i) * time.Minute)}
			if i > 0 && rapid.IntRange(0, 9).Draw(t, "touch") == 0 {
				x = out[i-1]
				x.Updated = firstFetch.Add(time.Duration(i) * time.Minute)
				out = append(out, x)
				continue
			}
			x.DueMoved = uint8(i) // no figure, but another content: versions differ
			x.Unit = rapid.SampledFrom(units).Draw(t, "unit")
			x.Procedure = "1.000001"
			x.Channel = rapid.Uint8Range(1, 3).Draw(t, "channel")
			x.Status = rapid.SampledFrom([]uint8{3, 4, 7, 9, 10, 10, 10}).Draw(t, "status")
			x.FullProcess = rapid.Bool().Draw(t, "full")
			day := rapid.SampledFrom(workDays).Draw(t, "day")
			x.Submitted = day.Start().Add(-72 * time.Hour)
			x.Received = x.Submitted.Add(time.Hour)
			if rapid.IntRange(0, 7).Draw(t, "finished") > 0 {
				minutes := rapid.SampledFrom([]int{0, 1, 719, 720, 1439}).Draw(t, "minute")
				x.Finished = day.Start().Add(time.Duration(minutes) * time.Minute)
			}
			due := rapid.SampledFrom([]time.Duration{-25 * time.Hour, -time.Hour, 0, time.Minute, 12 * time.Hour, 50 * time.Hour})
			if rapid.IntRange(0, 4).Draw(t, "has due") > 0 {
				x.Due = day.Start().Add(12 * time.Hour).Add(due.Draw(t, "due"))
			}
			if rapid.Bool().Draw(t, "has returned") {
				x.Returned = day.Start().Add(12 * time.Hour).Add(due.Draw(t, "returned"))
			}
			if rapid.Bool().Draw(t, "has fee") {
				x.FeeAmount = rapid.Int64Range(1, 90_000).Draw(t, "fee")
				x.HasFee = true
			}
			out = append(out, x)
		}
		return out
	})
}

type cell struct {
	measure string
	unit    plan.UnitKey
	day     plan.Day
}

// countsFor is what a dossier counts for, by RULES section 2 and the definitions of SYSTEMS section 1d, written down apart
// from the query under test.
func countsFor(x collectors.Dossier) map[string]int64 {
	if (x.Status != 7 && x.Status != 9 && x.Status != 10) || x.Finished.IsZero() {
		return nil
	}
	out := map[string]int64{"dossier.resolved": 1}
	if x.Channel == 2 {
		out["dossier.online"]++
	}
	if !x.Due.IsZero() {
		out["dossier.with_deadline"]++
		if plan.DayOf(x.Finished) <= plan.DayOf(x.Due) {
			out["dossier.on_time"]++
		}
		if !x.Returned.IsZero() {
			out["dossier.with_deadline_tt06"]++
			if !x.Returned.After(x.Due) {
				out["dossier.on_time_tt06"]++
			}
		}
		if x.Finished.Equal(x.Due) {
			out["dossier.finished_at_deadline"]++
		}
	}
	if x.FullProcess && x.Channel != 3 {
		out["dossier.full_process"]++
	}
	if x.FullProcess && x.Channel == 2 {
		out["dossier.full_process_online"]++
	}
	if x.HasFee {
		out["dossier.with_fee"]++
		out["dossier.fee_amount"] += x.FeeAmount
	}
	return out
}

var dossierMeasures = []string{"dossier.resolved", "dossier.online", "dossier.with_deadline", "dossier.on_time", "dossier.with_deadline_tt06",
	"dossier.on_time_tt06", "dossier.full_process", "dossier.full_process_online", "dossier.with_fee", "dossier.fee_amount", "dossier.finished_at_deadline"}

// recomputed is the naive answer: of every dossier the version with the newest update time that a committed page showed up
// to the end of the day.
func recomputed(all map[string][]seen, knownOn plan.Day) map[cell]int64 {
	out := map[cell]int64{}
	for _, sights := range all {
		var newest *collectors.Dossier
		for _, s := range sights {
			if s.committed && s.at.Before(knownOn.End()) && (newest == nil || !s.version.Updated.Before(newest.Updated)) {
				newest = &s.version
			}
		}
		if newest == nil {
			continue
		}
		for m, n := range countsFor(*newest) {
			if n != 0 {
				out[cell{m, newest.Unit, plan.DayOf(newest.Finished)}] += n
			}
		}
	}
	return out
}

// read is what the store answers to the same question.
func read(t *rapid.T, tb testing.TB, d db, knownOn plan.Day) map[cell]int64 {
	k, err := d.Knowledge(tb.Context(), reads(dossierMeasures...), knownOn)
	if err != nil {
		t.Fatal(err)
	}
	out := map[cell]int64{}
	for _, r := range k.Rows {
		out[cell{r.Measure, r.Unit, r.End}] = r.Value
	}
	maps.DeleteFunc(out, func(_ cell, v int64) bool { return v == 0 })
	return out
}

// Whatever dossiers go through, whenever it is measured in between, whatever was begun and not committed, and whether the
// process remembers what it loaded: the figures as known on any day are those of a recount of the versions known then. A
// replay gives the same table.
func TestKnownOnIsARecountOfVersions(t *testing.T) {
	t.Parallel()
	checks(t, 6)
	root := open(t)
	tries := 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		d := root.sub(fmt.Sprintf("p%d", tries))
		// Many small histories at once: every four dossiers share two units of their own.
		histories := map[string][]collectors.Dossier{}
		var ids []string
		for i := range rapid.IntRange(1, 160).Draw(rt, "dossiers") {
			id := fmt.Sprintf("d%03d", i)
			units := []plan.UnitKey{unit(fmt.Sprintf("U%02d", i/4)), {Code: fmt.Sprintf("U%02d", i/4), From: plan.MustDay("2024-02-06")}}
			histories[id] = versions(id, units).Draw(rt, id)
			ids = append(ids, id)
		}
		sights := map[string][]seen{}
		shown := map[string]int{} // newest version shown so far
		now := firstFetch
		for step := range rapid.IntRange(1, 6).Draw(rt, "runs") {
			now = now.Add(rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Minute, 9 * time.Hour, 24 * time.Hour}).Draw(rt, "later"))
			if rapid.IntRange(0, 2).Draw(rt, "restart") == 0 {
				d = d.restarted()
			}
			runID := fmt.Sprintf("run-%d", step)
			for n := range rapid.IntRange(1, 3).Draw(rt, "pages") {
				var b collectors.Batch
				committed := rapid.IntRange(0, 3).Draw(rt, "committed") > 0
				for _, id := range ids {
					v := -1
					switch rapid.IntRange(0, 7).Draw(rt, "show") {
					case 0, 1, 2: // the next version, or one further on
						v = min(shown[id]+rapid.IntRange(0, 1).Draw(rt, "skip"), len(histories[id])-1)
						shown[id] = v + 1
					case 3: // the newest once more
						v = min(shown[id], len(histories[id])-1)
					case 4: // one that is over: a source's copy lags behind
						v = 0
					}
					if v < 0 {
						continue
					}
					x := histories[id][v]
					b.Dossiers = append(b.Dossiers, x)
					sights[id] = append(sights[id], seen{x, now, committed})
				}
				showPage(rt, t, d, run.PageKey{Source: "s", RunID: runID, Page: uint32(n + 1)}, page(t, now, b), b, committed)
			}
			if err := d.EndRun(t.Context(), run.Run{Source: "s", RunID: runID, StartedAt: now, EndedAt: now, FetchedAt: now, State: run.OK}); err != nil {
				rt.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "measure") {
				if err := d.Measure(t.Context(), "s"); err != nil {
					rt.Fatal(err)
				}
			}
		}
		if err := d.Measure(t.Context(), "s"); err != nil {
			rt.Fatal(err)
		}
		days := []plan.Day{plan.DayOf(firstFetch) - 1}
		for k := plan.DayOf(firstFetch); k <= plan.DayOf(now); k++ {
			days = append(days, k)
		}
		for _, k := range days {
			want, got := recomputed(sights, k), read(rt, t, d, k)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("as known on %s: recount (-), store (+):\n%s", k, diff)
			}
		}
		before := d.measures(t)
		if err := run.Replay(t.Context(), d.Store, []run.Job{{Source: "s", Collector: &scripted{}}}, nil); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(before, d.measures(t)); diff != "" {
			rt.Fatalf("the replay gives another table: before (-), after (+):\n%s", diff)
		}
	})
}

// showPage takes a page in, up to its commit or not.
func showPage(rt *rapid.T, t testing.TB, d db, key run.PageKey, p collectors.Page, b collectors.Batch, commit bool) {
	key.SHA256 = run.Sum(p.Body)
	if err := d.Land(t.Context(), key, p); err != nil {
		rt.Fatal(err)
	}
	loaded, err := d.Load(t.Context(), key, p.FetchedAt, b)
	if err != nil {
		rt.Fatal(err)
	}
	if !commit {
		return
	}
	if err := d.Commit(t.Context(), key, p, loaded, 0); err != nil {
		rt.Fatal(err)
	}
}
