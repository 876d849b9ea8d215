package schema_test

import (
	"testing"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/web"
)

// What was known on an earlier day may be stored after what is known now, and neither is stored twice.
func TestResultsAreKeptAsKnownAtTheirTime(t *testing.T) {
	st, c, _ := migrated(t)
	p := &plan.Plan{Code: "p", Defaults: plan.Defaults{OverallMin: 1}}
	ind := &plan.Indicator{Code: "I", Pillar: "P", Comparator: plan.AtLeast}
	unit := &plan.Unit{UnitKey: plan.UnitKey{Code: "899", From: plan.NoDay}, Level: "district", Name: "Rạch Giá"}
	day := plan.MustDay("2025-06-15")
	known := func(on string, status progress.Status) progress.Result {
		v := plan.Percent(50)
		return progress.Result{Indicator: ind, Unit: unit, Day: day, Applies: plan.Owed, KnownAt: plan.MustDay(on).Start().UnixMilli(), BehindSince: plan.NoDay,
			Assessment: progress.Assessment{AsOf: day, Status: status, Value: &v, Numerator: 1, Denominator: 2, Milestone: plan.NoDay}}
	}
	then, between, now := known("2025-06-15", progress.AtRisk), known("2025-06-22", progress.Behind), known("2025-06-29", progress.AtRisk)
	for i, step := range []struct {
		result progress.Result
		writes int
	}{{now, 1}, {then, 1}, {now, 0}, {then, 0}, {between, 1}, {between, 0}, {then, 0}, {now, 0}} {
		n, err := st.SaveResults(t.Context(), p, "v", []progress.Result{step.result}, time.Now())
		if err == nil {
			err = st.SaveStandings(t.Context(), p, "v", []progress.Result{step.result}, time.Now())
		}
		if err != nil || n != step.writes {
			t.Errorf("step %d: %d results written, want %d: %v", i, n, step.writes, err)
		}
	}
	for on, want := range map[string]progress.Status{"2025-06-15": progress.AtRisk, "2025-06-28": progress.Behind, "2025-06-29": progress.AtRisk} {
		got, err := st.Assessments(t.Context(), web.Query{AsOf: day, Since: plan.NoDay, KnownOn: plan.MustDay(on)})
		if err != nil || len(got) != 1 || got[0].Status != want {
			t.Errorf("as known on %s: %+v, %v, want %s", on, got, err, want)
		}
	}
	want(t, c, `SELECT concat(toString(known_at), ' ', overall) FROM standing ORDER BY known_at`,
		"2025-06-14 17:00:00.000 at_risk", "2025-06-21 17:00:00.000 behind", "2025-06-28 17:00:00.000 at_risk")
}
