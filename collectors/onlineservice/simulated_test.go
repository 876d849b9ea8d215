package onlineservice_test

import (
	"bytes"
	"io/fs"
	"maps"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/collectors"
	"tiendo/collectors/onlineservice"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

// simulated is a plan's sources, read against the simulator of its systems.
type simulated struct {
	t    *testing.T
	plan *plan.Plan
	sim  *simulator.Simulator
	env  map[string]string
}

func simulate(t *testing.T, name string, size simulator.Size) *simulated {
	t.Helper()
	fsys, err := fs.Sub(plans.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Plan: fsys, Seed: 1, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return &simulated{t, p, sim, sim.Env(server.URL, t.TempDir())}
}

func (s *simulated) collector(id string) collectors.Collector {
	s.t.Helper()
	for _, f := range s.plan.Sources {
		if f.Name != id {
			continue
		}
		src, err := collectors.DecodeSource(f)
		if err != nil {
			s.t.Fatal(err)
		}
		src.Rate, src.RetryWait = -1, collectors.Duration(time.Millisecond)
		c, err := onlineservice.New(src, collectors.Deps{Plan: s.plan, Now: s.sim.Now, Lookup: func(n string) string { return s.env[n] }})
		if err != nil {
			s.t.Fatal(err)
		}
		return c
	}
	s.t.Fatalf("the plan has no source %s", id)
	return nil
}

// pull reads a source to its end and takes the pages' batches together.
func (s *simulated) pull(c collectors.Collector, since collectors.Cursor) (all collectors.Batch, last collectors.Cursor) {
	s.t.Helper()
	last = since
	for p, err := range c.Pages(s.t.Context(), since) {
		if err != nil {
			s.t.Fatal(err)
		}
		if bytes.Contains(p.Body, []byte("Người nộp")) || bytes.Contains(p.Body, []byte("nguoi.nop")) || bytes.Contains(p.Body, []byte("DinhDanh")) {
			s.t.Fatalf("a personal field left the collector: %s", p.Request)
		}
		b, err := c.Parse(p)
		if err != nil {
			s.t.Fatal(err)
		}
		all.Dossiers = append(all.Dossiers, b.Dossiers...)
		all.Procedures = append(all.Procedures, b.Procedures...)
		all.Measures = append(all.Measures, b.Measures...)
		all.Rejects = append(all.Rejects, b.Rejects...)
		all.Drift = append(all.Drift, b.Drift...)
		last = p.Cursor
	}
	return all, last
}

func rules(b collectors.Batch) []string {
	seen := map[string]bool{}
	for _, r := range b.Rejects {
		seen[r.Rule] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// newest keeps each dossier once, as a store does.
func newest(into map[string]collectors.Dossier, list []collectors.Dossier) {
	for _, d := range list {
		d.Position = 0
		if old, ok := into[d.ID]; !ok || !d.Updated.Before(old.Updated) {
			into[d.ID] = d
		}
	}
}

const kienGiang = "kien-giang-2022-2025"

func TestSimulatedDossiersWeekByWeek(t *testing.T) {
	s := simulate(t, kienGiang, simulator.Size{Dossiers: 3000})
	steps := s.sim.FetchTimes(time.Date(2023, 6, 30, 0, 0, 0, 0, plan.Zone))
	c := s.collector("dossiers")
	stepwise := map[string]collectors.Dossier{}
	var cursor collectors.Cursor
	for _, at := range steps {
		s.sim.SetNow(at)
		var b collectors.Batch
		b, cursor = s.pull(c, cursor)
		newest(stepwise, b.Dossiers)
		if len(b.Drift) > 0 {
			t.Fatal(b.Drift)
		}
	}
	whole := map[string]collectors.Dossier{}
	b, _ := s.pull(c, collectors.Cursor{})
	newest(whole, b.Dossiers)
	// A dossier whose record went bad later keeps its last good version in the stepwise pull; the whole list no longer has it.
	bad := map[string]bool{}
	for _, r := range b.Rejects {
		bad[r.Key] = true
	}
	for id := range stepwise {
		if _, ok := whole[id]; !ok && bad[id] {
			delete(stepwise, id)
		}
	}
	if diff := cmp.Diff(whole, stepwise); diff != "" {
		t.Errorf("%d dossiers at once, %d week by week: %s", len(whole), len(stepwise), diff)
	}
	want := []string{"bad_date", "date_order", "future_date", "missing_id", "unknown_status", "unknown_unit"}
	for _, rule := range rules(b) {
		if !slices.Contains(want, rule) {
			t.Errorf("rejects by %s", rule)
		}
	}
	if len(whole) < 1000 || len(b.Rejects) == 0 || len(b.Rejects) > len(whole)/50 {
		t.Errorf("%d dossiers, %d rejects", len(whole), len(b.Rejects))
	}
}

func TestSimulatedFaultsChangeNothing(t *testing.T) {
	s := simulate(t, kienGiang, simulator.Size{Dossiers: 3000})
	s.sim.SetNow(time.Date(2024, 3, 3, 23, 30, 0, 0, plan.Zone))
	for _, id := range []string{"dossiers", "procedures"} {
		s.sim.SetFaults(simulator.Faults{})
		good, _ := s.pull(s.collector(id), collectors.Cursor{})
		s.sim.SetFaults(simulator.Faults{SessionCalls: 3, Truncate: map[string]int{"dvc": 4}})
		bad, _ := s.pull(s.collector(id), collectors.Cursor{})
		if diff := cmp.Diff(good, bad); diff != "" || len(good.Dossiers)+len(good.Procedures) < 1000 {
			t.Errorf("%s: %s", id, diff)
		}
	}
}

func TestSimulatedCatalogue(t *testing.T) {
	s := simulate(t, kienGiang, simulator.Size{Dossiers: 100})
	s.sim.SetNow(time.Date(2022, 6, 30, 23, 30, 0, 0, plan.Zone))
	b, _ := s.pull(s.collector("procedures"), collectors.Cursor{})
	if diff := cmp.Diff([]string{"bad_date", "unknown_unit"}, rules(b)); diff != "" || len(b.Procedures) < 1000 || len(b.Rejects) > len(b.Procedures)/50 || len(b.Drift) > 0 {
		t.Errorf("%d procedures, %d rejects, drift %v: %s", len(b.Procedures), len(b.Rejects), b.Drift, diff)
	}
}

func TestSimulatedStatistics(t *testing.T) {
	s := simulate(t, kienGiang, simulator.Size{Dossiers: 3000})
	for _, at := range []time.Time{time.Date(2022, 7, 3, 23, 30, 0, 0, plan.Zone), time.Date(2025, 1, 5, 23, 30, 0, 0, plan.Zone), time.Date(2025, 6, 29, 23, 30, 0, 0, plan.Zone)} {
		s.sim.SetNow(at)
		for id, want := range map[string]struct {
			measures int // at least
			rules    []string
		}{
			"portal-statistics":  {33, nil},
			"onestop-statistics": {2500, nil},
			"onestop-online":     {3000, []string{"ambiguous_name"}},
		} {
			b, cursor := s.pull(s.collector(id), collectors.Cursor{})
			if got := rules(b); len(b.Measures) < want.measures || len(slices.DeleteFunc(got, func(r string) bool { return slices.Contains(want.rules, r) })) > 0 {
				t.Errorf("%s on %s: %d measures, rejects by %v", id, at, len(b.Measures), got)
			}
			if len(cursor.Token) != 3*len("2022-04")+2 {
				t.Errorf("%s on %s: cursor %+v", id, at, cursor)
			}
			for _, r := range b.Rejects {
				if !slices.Contains([]string{"Xã Bình An", "Xã Thạnh Lộc", "Xã Vĩnh Phú"}, r.Key[:len(r.Key)-len("/2022-04")]) {
					t.Errorf("%s is called a homonym", r.Key)
				}
			}
		}
	}
}

// The scores of the recorded table must come out as the simulator's own reading of it says, on every day and as known on
// every day of recording: August's restatement with them.
func TestRecordedScoresAreTheTruth(t *testing.T) {
	s := simulate(t, "an-giang-766-2025", simulator.Size{})
	type entry struct {
		end   plan.Day
		known plan.Day
		value int64
	}
	figures := map[string][]entry{} // measure, unit
	var days []time.Time
	var cursor collectors.Cursor
	for _, at := range s.sim.FetchTimes(s.sim.AsOf()) {
		s.sim.SetNow(at)
		var b collectors.Batch
		b, cursor = s.pull(s.collector("score-766"), cursor)
		if len(b.Rejects)+len(b.Drift) > 0 || len(b.Measures) < 1000 {
			t.Errorf("%s: %d measures, rejects %v, drift %v", at, len(b.Measures), b.Rejects, b.Drift)
		}
		for _, m := range b.Measures {
			key := m.Code + " " + m.Unit.String()
			figures[key] = append(figures[key], entry{m.End, plan.DayOf(at), m.Value})
		}
		days = append(days, at)
	}
	checked := 0
	for row := range s.sim.Truth(s.sim.AsOf(), days...) {
		asOf, known := plan.MustDay(row.AsOf), plan.MustDay(row.KnownOn)
		unit := plan.UnitKey{Code: row.Unit, From: plan.MustDay(row.UnitValidFrom)}
		var best *entry
		for _, e := range figures[s.plan.Indicator(row.Indicator).Numerator+" "+unit.String()] {
			if e.end <= asOf && e.known <= known && (best == nil || e.end > best.end || (e.end == best.end && e.known >= best.known)) {
				best = &e
			}
		}
		if (best != nil) != row.Known || (best != nil && best.value != row.Numerator) {
			t.Fatalf("%+v, collected %+v", row, best)
		}
		if row.Known {
			checked++
		}
	}
	if checked < 1000 {
		t.Errorf("only %d figures", checked)
	}
}

func BenchmarkPullDossiers(b *testing.B) {
	fsys, err := fs.Sub(plans.FS, kienGiang)
	if err != nil {
		b.Fatal(err)
	}
	p, err := plan.Load(fsys)
	if err != nil {
		b.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Plan: fsys, Seed: 1, Size: simulator.Size{Dossiers: 100, Documents: 100}})
	if err != nil {
		b.Fatal(err)
	}
	const n = 100_000
	sim.SetBulk(n)
	server := httptest.NewServer(sim)
	defer server.Close()
	env := sim.Env(server.URL, "")
	for _, f := range p.Sources {
		if f.Name != "dossiers" {
			continue
		}
		src, err := collectors.DecodeSource(f)
		if err != nil {
			b.Fatal(err)
		}
		src.Rate, src.Paging.Size = -1, 5000
		c, err := onlineservice.New(src, collectors.Deps{Plan: p, Now: sim.Now, Lookup: func(n string) string { return env[n] }})
		if err != nil {
			b.Fatal(err)
		}
		var pages []collectors.Page
		b.Run("pages", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got := 0
				pages = pages[:0]
				for p, err := range c.Pages(b.Context(), collectors.Cursor{}) {
					if err != nil {
						b.Fatal(err)
					}
					got += p.Records
					pages = append(pages, p)
				}
				if got != n {
					b.Fatalf("%d of %d records", got, n)
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
		})
		b.Run("parse", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range pages {
					if batch, err := c.Parse(p); err != nil || len(batch.Rejects) > 0 {
						b.Fatal(err, batch.Rejects[:1])
					}
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
		})
	}
}
