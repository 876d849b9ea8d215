package schema_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

const shownReports = `SELECT concat(unit, facility, ' ', period, ' ', state, ' ', toString(days_late), ' ', ifNull(toString(reported_at), '-'), ' ', if(superseded, 'superseded ', ''), form, ' ', toString(checked_on))
	FROM v_report WHERE plan = 'p' ORDER BY unit, facility, period_end`

func TestReportsAreKeptAsTheyChange(t *testing.T) {
	st, c, _ := migrated(t)
	ind := &plan.Indicator{Code: "I"}
	unit := &plan.Unit{UnitKey: plan.UnitKey{Code: "30733", From: plan.NoDay}, Level: "commune"}
	report := func(period string, state progress.ReportState, change func(*progress.Report)) progress.Report {
		p, err := plan.ParsePeriod(plan.Report, period)
		if err != nil {
			t.Fatal(err)
		}
		r := progress.Report{Indicator: ind, Unit: unit, Period: p, Due: p.End, LateFrom: p.End + 3, Source: "forms", Form: "BM", State: state}
		if change != nil {
			change(&r)
		}
		return r
	}
	received := func(at string, late int) func(*progress.Report) {
		return func(r *progress.Report) { r.ReportedAt, r.DaysLate = plan.MustDay(at).Start().UnixMilli(), late }
	}
	facility := func(r *progress.Report) { r.Facility = "f1" }
	save := func(day string, reports ...progress.Report) {
		t.Helper()
		if err := st.SaveReports(t.Context(), reports, plan.MustDay(day), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	kept := func(want string) {
		t.Helper()
		for _, got := range lines(t, c, `SELECT toString(count()) FROM report`) {
			if got != want {
				t.Errorf("%s rows are kept, want %s", got, want)
			}
		}
	}
	want(t, c, shownReports)

	first := []progress.Report{report("2025-Q1", progress.ReportLate, nil), report("2025-Q2", progress.ReportAwaited, nil), report("2025-Q2", progress.ReportAwaited, facility)}
	save("2025-06-16", first...)
	save("2025-06-16", first...)
	save("2025-06-15", report("2025-Q1", progress.ReportAwaited, nil)) // what was so a day earlier is not how things stand
	kept("3")
	want(t, c, shownReports, "30733 2025-Q1 late 92 - BM 2025-06-16", "30733 2025-Q2 awaited 0 - BM 2025-06-16", "30733f1 2025-Q2 awaited 0 - BM 2025-06-16")

	save("2025-06-18", report("2025-Q1", progress.ReportLate, func(r *progress.Report) { r.Superseded = true }),
		report("2025-Q2", progress.ReportReceived, received("2025-06-18", 2)), report("2025-Q2", progress.ReportAwaited, facility))
	kept("5")
	want(t, c, shownReports, "30733 2025-Q1 late 94 - superseded BM 2025-06-18", "30733 2025-Q2 received 2 2025-06-17 17:00:00.000 BM 2025-06-18",
		"30733f1 2025-Q2 awaited 0 - BM 2025-06-18")

	save("2025-06-30") // a day on which nothing changes still is a check
	want(t, c, `SELECT toString(days_late) FROM v_report WHERE period = '2025-Q1'`, "106")

	for _, period := range []string{"2025-Q3", "2025-Q4", "2026-Q1"} {
		save("2026-04-01", report(period, progress.ReportLate, nil))
	}
	want(t, c, `SELECT DISTINCT period FROM v_report ORDER BY period_end`, "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1")
}

func TestRestated(t *testing.T) {
	st, c, _ := migrated(t)
	exec(t, c, `INSERT INTO assessment (plan, plan_version, indicator, unit, unit_from, as_of, known_at, computed_at, applicability, status) VALUES
		('p', 'v1', 'changed', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'changed', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'at_risk'),
		('p', 'v1', 'changed', '899', '1900-01-01', '2025-06-22', '2025-06-26 19:00:00', '2025-06-27 01:00:00', 'owed', 'on_track'),
		('p', 'v1', 'and back', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'and back', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'met'),
		('p', 'v1', 'and back', '899', '1900-01-01', '2025-06-22', '2025-06-26 19:00:00', '2025-06-27 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'came in', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'no_data'),
		('p', 'v1', 'came in', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'went away', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'went away', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'stale'),
		('p', 'v1', 'other rules', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('p', 'v2', 'other rules', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'met'),
		('p', 'v1', 'nothing new', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'nothing new', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-26 01:00:00', 'owed', 'met'),
		('p', 'v1', 'measured', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'measured', 'behind'),
		('p', 'v1', 'measured', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'measured', 'met'),
		('p', 'v1', 'another day', '899', '1900-01-01', '2025-06-15', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('p', 'v1', 'another day', '899', '1900-01-01', '2025-06-15', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'met'),
		('q', 'v1', 'another plan', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind'),
		('q', 'v1', 'another plan', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'met')`)
	// A report that came late moves the newest period: its figure is younger on the same day, and nothing was stated anew.
	exec(t, c, `INSERT INTO assessment (plan, plan_version, indicator, unit, unit_from, as_of, known_at, computed_at, applicability, status, age_days) VALUES
		('p', 'v1', 'late', '899', '1900-01-01', '2025-06-22', '2025-06-22 19:00:00', '2025-06-23 01:00:00', 'owed', 'behind', 84),
		('p', 'v1', 'late', '899', '1900-01-01', '2025-06-22', '2025-06-25 19:00:00', '2025-06-26 01:00:00', 'owed', 'met', 10)`)
	day := plan.MustDay("2025-06-22")
	changed := progress.Restatement{Indicator: "changed", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, Day: day, Was: progress.Behind, Now: progress.OnTrack}
	for _, ask := range []struct {
		since string
		want  []progress.Restatement
	}{{"2025-06-20", []progress.Restatement{changed}}, {"2025-06-28", nil}} {
		got, err := st.Restated(t.Context(), []plan.Day{day, day + 7}, plan.MustDay(ask.since).Start())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ask.want, got); diff != "" {
			t.Errorf("since %s (-want +got):\n%s", ask.since, diff)
		}
	}
}
