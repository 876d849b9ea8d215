package edocument

import (
	"errors"
	"io/fs"
	"net/http/httptest"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

// simulate serves a small province; the clock stands at its last fetch step.
func simulate(t *testing.T) (*simulator.Simulator, *plan.Plan, func(id string) collectors.Collector) {
	t.Helper()
	p := loadPlan(t)
	sub, err := fs.Sub(plans.FS, p.Code)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Plan: sub, Seed: 7, Size: simulator.Size{Dossiers: 500, Documents: 4000}})
	if err != nil {
		t.Fatal(err)
	}
	steps := sim.FetchTimes(sim.AsOf())
	sim.SetNow(steps[len(steps)-1])
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	env := sim.Env(server.URL, t.TempDir())
	return sim, p, func(id string) collectors.Collector {
		c, err := New(source(t, p, id), collectors.Deps{Plan: p, Now: sim.Now, Lookup: func(n string) string { return env[n] }})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// The province's share of signed documents and of work files handled online, summed from what was collected, is what the
// simulated province knows of itself.
func TestSimulatedStatistics(t *testing.T) {
	sim, p, collector := simulate(t)
	asOf := plan.DayOf(sim.AsOf())
	yearStart := plan.YearStart(plan.Calendar, asOf)
	sums := map[string]int64{}
	for _, id := range []string{"edoc-statistics", "workfile-statistics"} {
		b, _, err := pull(t, collector(id), collectors.Cursor{})
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Drift) > 0 {
			t.Errorf("%s: drift %v", id, b.Drift)
		}
		for _, r := range b.Rejects {
			switch r.Rule {
			case "unknown_unit", "over_denominator", "ambiguous_number":
			default:
				t.Fatalf("%s: reject %s %s: %s", id, r.Rule, r.Field, r.Reason)
			}
		}
		if len(b.Measures) == 0 || len(b.Rejects) == 0 || len(b.Rejects)*20 > len(b.Measures) {
			t.Errorf("%s: %d measures, %d rejects", id, len(b.Measures), len(b.Rejects))
		}
		for _, m := range b.Measures {
			if m.End >= yearStart && m.End <= asOf {
				sums[m.Code] += m.Value
			}
		}
	}
	compared := 0
	for row := range sim.Truth(sim.AsOf(), sim.AsOf()) {
		if row.Unit != p.Province || row.AsOf != asOf.String() {
			continue
		}
		var num, den int64
		switch row.Indicator {
		case "CQS-06":
			num, den = sums["edoc.signed"], sums["edoc.exchanged"]
		default:
			continue
		}
		compared++
		if row.Numerator != num || row.Denominator != den {
			t.Errorf("%s: got %d of %d, want %d of %d", row.Indicator, num, den, row.Numerator, row.Denominator)
		}
	}
	if compared != 1 {
		t.Errorf("compared %d figures", compared)
	}
}

func TestSimulatedAxis(t *testing.T) {
	sim, _, collector := simulate(t)
	c := collector("edoc-axis")
	end := sim.Now()
	b, pages, err := pull(t, c, collectors.Cursor{})
	for ; errors.Is(err, collectors.ErrEmptyAnswer); b, pages, err = pull(t, c, collectors.Cursor{}) {
		end = end.Add(24 * time.Hour)
		sim.SetNow(end)
	}
	if err != nil {
		t.Fatal(err)
	}
	recalled := 0
	for _, d := range b.Documents {
		if d.Status == "13" {
			recalled++
		}
	}
	if len(b.Documents) < 2000 || recalled == 0 || len(b.Drift) > 0 {
		t.Errorf("%d documents, %d recalled, drift %v", len(b.Documents), recalled, b.Drift)
	}
	for _, r := range b.Rejects {
		if r.Rule != "unknown_unit" && r.Rule != "missing_id" && r.Rule != "bad_date" {
			t.Fatalf("reject %s: %s", r.Rule, r.Reason)
		}
	}
	if len(pages) < 2 {
		t.Errorf("%d pages", len(pages))
	}
}

// On days of an outage the axis answers "OK" with an empty list; a pull with a cursor says so and loses nothing.
func TestSimulatedOutage(t *testing.T) {
	sim, _, collector := simulate(t)
	c := collector("edoc-axis")
	start := sim.Now().AddDate(0, -18, 0)
	cursor := collectors.Cursor{}
	outages := 0
	for day := range 120 {
		sim.SetNow(start.AddDate(0, 0, day))
		_, pages, err := pull(t, c, cursor)
		switch {
		case errors.Is(err, collectors.ErrEmptyAnswer):
			outages++
		case err != nil:
			t.Fatal(err)
		default:
			cursor = pages[len(pages)-1].Cursor
		}
	}
	t.Logf("%d days of outage", outages)
	if outages == 0 || outages > 60 {
		t.Errorf("%d days of outage of 120", outages)
	}
}
