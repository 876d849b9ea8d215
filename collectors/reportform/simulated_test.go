package reportform

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"tiendo/collectors"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

// Every form that the simulated province's units hand in is understood, and what they report of themselves is what the
// province knows of them: unit by unit, in the newest version.
func TestSimulated(t *testing.T) {
	p := loadPlan(t)
	sub, err := fs.Sub(plans.FS, planCode)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Plan: sub, Seed: 7, Size: simulator.Size{Dossiers: 500, Documents: 100}})
	if err != nil {
		t.Fatal(err)
	}
	steps := sim.FetchTimes(sim.AsOf())
	sim.SetNow(steps[len(steps)-1])
	drop := t.TempDir()
	if err := sim.WriteFiles(drop, sim.Now()); err != nil {
		t.Fatal(err)
	}
	c := collector(t, p, filepath.Join(drop, "forms"), sim.Now())

	type pair struct{ num, den int64 }
	type key struct {
		indicator string
		unit      plan.UnitKey
	}
	latest := map[key]plan.Day{}
	values := map[key]*pair{}
	forms, facilities, baselines, rows, rejected := map[string]bool{}, 0, 0, 0, 0
	for page, err := range c.Pages(context.Background(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Parse(page)
		if err != nil {
			t.Fatal(err)
		}
		rows += page.Records
		rejected += len(b.Rejects)
		facilities += len(b.Facilities)
		baselines += len(b.Baselines)
		if len(b.Drift) > 0 {
			t.Errorf("%s: drift %v", page.Request, b.Drift)
		}
		for _, r := range b.Rejects {
			switch r.Rule {
			case "unknown_unit", "missing_key", "over_denominator", "ambiguous_number", "missing_denominator", "missing_number", "bad_answer":
			default:
				t.Fatalf("reject %s: %s", r.Rule, r.Reason)
			}
		}
		for _, m := range b.Measures {
			code, part, _ := strings.Cut(m.Code, ".")
			forms[code] = true
			if m.Dims != "" {
				continue
			}
			k := key{code, m.Unit}
			if m.End < latest[k] {
				continue
			}
			if m.End > latest[k] || values[k] == nil {
				latest[k], values[k] = m.End, &pair{}
			}
			switch part {
			case "numerator":
				values[k].num = m.Value
			case "denominator":
				values[k].den = m.Value
			}
		}
	}
	t.Logf("%d rows, %d rejects, %d facilities, %d baselines", rows, rejected, facilities, baselines)
	if facilities == 0 || baselines == 0 || rejected == 0 || rejected*20 > rows {
		t.Errorf("%d rows, %d rejects, %d facilities, %d baselines", rows, rejected, facilities, baselines)
	}
	for _, f := range p.Forms {
		if f.Fallback {
			continue // the simulated systems show every unit
		}
		for _, column := range f.Columns {
			if code, _, ok := strings.Cut(column.Measure, "."); ok && !forms[code] {
				t.Errorf("nothing came of form %s", f.Code)
			}
		}
	}
	asOf := plan.DayOf(sim.AsOf()).String()
	compared := 0
	for row := range sim.Truth(sim.AsOf(), sim.AsOf()) {
		if row.AsOf != asOf {
			continue
		}
		switch row.Indicator {
		case "XHS-06", "XHS-07", "KTS-01", "KTS-03", "KTS-06": // reported pairs, not summed over units
		default:
			continue
		}
		from, err := plan.ParseDay(row.UnitValidFrom)
		if err != nil {
			t.Fatal(err)
		}
		unit := plan.UnitKey{Code: row.Unit, From: from}
		if strings.HasPrefix(row.Indicator, "KTS") && unit.Code != p.Province {
			continue
		}
		got := values[key{row.Indicator, unit}]
		if got == nil {
			if row.Denominator != 0 {
				t.Errorf("%s of %s: nothing, want %d of %d", row.Indicator, unit, row.Numerator, row.Denominator)
			}
			continue
		}
		compared++
		if got.num != row.Numerator || got.den != row.Denominator {
			t.Errorf("%s of %s: got %d of %d, want %d of %d", row.Indicator, unit, got.num, got.den, row.Numerator, row.Denominator)
		}
	}
	t.Logf("compared %d figures", compared)
	if compared < 200 {
		t.Errorf("compared only %d figures", compared)
	}
}
