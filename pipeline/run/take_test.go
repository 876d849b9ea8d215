package run_test

import (
	"errors"
	"testing"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// A page that is handed over is landed as a pulled one: nothing is asked of the source, its cursor stays, the later of two
// within one instant counts, also after a replay, and the same page again changes nothing.
func TestTake(t *testing.T) {
	d := open(t)
	now := at("2025-06-30 07:00")
	first := collect(t, d, "forms", now)
	before, err := d.Cursor(t.Context(), "forms")
	if err != nil || first.State != run.OK {
		t.Fatal(first, err)
	}
	silent := &scripted{fails: errors.New("the source is not to be asked")}
	day := plan.MustDay("2025-06-14")
	take := func(value int64) run.Run {
		t.Helper()
		b := collectors.Batch{Measures: []collectors.Measure{{Position: 1, Code: "m", Unit: unit("899"), PeriodType: plan.Report, Start: day, End: day, Value: value}}}
		rec, err := runner(d, now).Take(t.Context(), run.Job{Source: "forms", Collector: silent}, page(t, now, b))
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	for _, x := range []struct {
		value int64
		isNew int
	}{{40, 1}, {50, 1}, {50, 0}, {40, 1}} { // 40, 50, the same again, and back
		if rec := take(x.value); rec.Loaded != x.isNew || rec.Pages != 1 || rec.State != run.OK {
			t.Errorf("%d: %+v", x.value, rec)
		}
		if v, ok := d.figure(t, "m", unit("899"), day, plan.DayOf(now)); !ok || v != x.value {
			t.Errorf("%d is known, want %d", v, x.value)
		}
	}
	was := d.measures(t, "forms")
	if after, err := d.restarted().Cursor(t.Context(), "forms"); err != nil || !after.Since.Equal(before.Since) || after.Token != before.Token {
		t.Errorf("the cursor moved from %v to %v, %v", before, after, err)
	}
	if len(silent.asked) > 0 {
		t.Error("the source was asked")
	}
	replay(t, d, "forms")
	if got := d.measures(t, "forms"); got != was {
		t.Errorf("a replay gives\n%s\nwant\n%s", got, was)
	}
}
