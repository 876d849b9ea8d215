package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/telemetry"
)

// watch is a telemetry of two daily sources and a behind figure of each, with a clock that the test moves.
func watch(t *testing.T, last string) (tel *telemetry.Telemetry, now *time.Time) {
	t.Helper()
	p := load(t, "kien-giang-2022-2025")
	now = new(time.Time)
	*now = at(t, last)
	tel = telemetry.New(p, telemetry.Options{Now: func() time.Time { return *now }, Sources: []telemetry.Source{
		{ID: "dossiers", Name: "Hồ sơ", Next: daily}, {ID: "edoc-statistics", Name: "Văn bản", Next: daily}, {ID: "forms", Name: "Biểu mẫu"},
	}})
	tel.LastSuccess(map[string]time.Time{"dossiers": *now, "edoc-statistics": *now})
	var results []progress.Result
	for _, indicator := range []string{"CQS-02", "CQS-06", "KTS-04"} {
		r := result(p, indicator, "899", progress.Behind)
		r.WeeksBehind, r.BehindSince = 2, asOf-7
		results = append(results, r)
	}
	tel.Computed(run.Computed{AsOf: asOf, Results: results})
	return tel, now
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	x, err := time.ParseInLocation("2006-01-02 15:04", s, plan.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func has(t *testing.T, tel *telemetry.Telemetry, when string, want ...string) {
	t.Helper()
	got := scrape(tel)
	for _, w := range want {
		name, value, _ := strings.Cut(w, " ")
		name, labels, _ := strings.Cut(name, "{")
		found := ""
		for _, l := range strings.Split(only(got, name), "\n") {
			if i := strings.LastIndex(l, " "); i > 0 && strings.Contains(l, labels) {
				found = l[i+1:]
			}
		}
		if found != value {
			t.Errorf("%s: %s is %q, want %s", when, w, found, value)
		}
	}
}

// A source is overdue by its own schedule on working days, at the moment it is asked for.
func TestSourcesAreJudgedByTheClock(t *testing.T) {
	for _, c := range []struct{ name, last, fresh, overdue string }{
		{"in the week", "2025-06-24 01:30", "2025-06-26 07:59", "2025-06-26 08:00"},
		{"over a weekend", "2025-06-27 01:30", "2025-07-01 07:59", "2025-07-01 08:00"},
		{"over Tết", "2025-01-24 01:30", "2025-02-04 07:59", "2025-02-04 08:00"},
		{"the last pull before Tết failed", "2025-01-23 01:30", "2025-02-03 07:59", "2025-02-03 08:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tel, now := watch(t, c.last)
			*now = at(t, c.fresh)
			has(t, tel, c.fresh, `tiendo_source_stale{source="dossiers"} 0`, `tiendo_source_stale{source="forms"} 0`)
			*now = at(t, c.overdue)
			has(t, tel, c.overdue, `tiendo_source_stale{source="dossiers"} 1`, `tiendo_source_stale{source="forms"} 0`)
			tel.RunEnded(run.Run{Source: "dossiers", State: run.Failed, FetchedAt: *now})
			has(t, tel, "after a run that failed", `tiendo_source_stale{source="dossiers"} 1`)
			tel.RunEnded(run.Run{Source: "dossiers", State: run.OK, FetchedAt: *now})
			has(t, tel, "after a complete one", `tiendo_source_stale{source="dossiers"} 0`, `tiendo_source_stale{source="edoc-statistics"} 1`)
		})
	}
}

// What rests on an overdue source is not fresh; what rests on another, or on one that is not pulled here, is.
func TestFreshHangsOnTheSource(t *testing.T) {
	tel, now := watch(t, "2025-06-24 01:30")
	has(t, tel, "at first", `tiendo_indicator_fresh{indicator="CQS-02" 1`, `tiendo_indicator_fresh{indicator="CQS-06" 1`, `tiendo_indicator_fresh{indicator="KTS-04" 1`,
		`tiendo_unit_behind_indicators{ 3`, `tiendo_unit_held_indicators{ 3`)
	*now = at(t, "2025-06-26 09:00")
	tel.RunEnded(run.Run{Source: "edoc-statistics", State: run.OK, FetchedAt: *now})
	has(t, tel, "one source overdue", `tiendo_indicator_fresh{indicator="CQS-02" 0`, `tiendo_indicator_fresh{indicator="CQS-06" 1`, `tiendo_indicator_fresh{indicator="KTS-04" 1`,
		`tiendo_unit_behind_indicators{ 2`, `tiendo_unit_held_indicators{ 3`)
}

func TestASourceThatNeverAnswered(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	now := at(t, "2025-06-24 12:00")
	tel := telemetry.New(p, telemetry.Options{Now: func() time.Time { return now }, Sources: []telemetry.Source{
		{ID: "dossiers", Next: daily},
		{ID: "procedures", Next: daily, Since: at(t, "2025-06-16 01:30")},
	}})
	has(t, tel, "at the start", `tiendo_source_stale{source="dossiers"} 0`, `tiendo_source_stale{source="procedures"} 1`)
	now = at(t, "2025-06-26 08:00")
	has(t, tel, "two days later", `tiendo_source_stale{source="dossiers"} 1`)
}

func TestBackfill(t *testing.T) {
	tel, now := watch(t, "2025-06-24 01:30")
	*now = at(t, "2025-06-25 01:30")
	done := tel.Pulling("dossiers")
	has(t, tel, "the nightly pull", "tiendo_backfill_running 0")
	done()

	*now = at(t, "2025-06-26 12:00")
	first := tel.Pulling("dossiers")
	second := tel.Pulling("edoc-statistics")
	has(t, tel, "two sources catch up", "tiendo_backfill_running 1")
	tel.RunEnded(run.Run{Source: "dossiers", State: run.OK, FetchedAt: *now})
	has(t, tel, "until what came in is computed", "tiendo_backfill_running 1")
	first()
	has(t, tel, "until the last is done", "tiendo_backfill_running 1")
	second()
	has(t, tel, "done", "tiendo_backfill_running 0")
	tel.Pulling("dossiers")()
	has(t, tel, "whole again", "tiendo_backfill_running 0")

	never := tel.Pulling("procedures")
	has(t, tel, "the first pull of all", "tiendo_backfill_running 1")
	never()
	tel.Replaying(true)
	has(t, tel, "a replay", "tiendo_backfill_running 1")
	tel.Replaying(false)
	has(t, tel, "no more", "tiendo_backfill_running 0")
}

func TestWorkingDays(t *testing.T) {
	tel, now := watch(t, "2025-01-20 01:30")
	for when, want := range map[string]string{"2025-01-24 23:59": "1", "2025-01-25 00:00": "0", "2025-01-27 09:00": "0", "2025-02-02 23:59": "0", "2025-02-03 00:00": "1", "2025-04-26 09:00": "1"} {
		*now = at(t, when)
		has(t, tel, when, "tiendo_working_day "+want)
	}
}

// A unit that ended since the day of the figures has no live gauge, and nobody is asked for its reports.
func TestNothingIsToldOfAnEndedUnit(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	r := result(p, "CQS-02", "899", progress.Behind)
	c := run.Computed{
		AsOf: asOf, Results: []progress.Result{r},
		Failures: []progress.Failure{{Indicator: r.Indicator, Unit: r.Unit, New: true}},
		Restated: []progress.Restatement{{Indicator: "CQS-02", Unit: r.Unit.UnitKey, Day: asOf, Was: progress.Met, Now: progress.Behind}},
		Reports:  []progress.Report{{Indicator: r.Indicator, Unit: r.Unit, State: progress.ReportLate}},
	}
	for today, want := range map[string]bool{"2025-06-30": true, "2025-07-01": false} {
		tel := telemetry.New(p, telemetry.Options{Now: func() time.Time { return plan.MustDay(today).Start() }})
		tel.Computed(c)
		for _, name := range []string{"tiendo_indicator_status{", "tiendo_indicator_fresh{", "tiendo_unit_owed_indicators{", "tiendo_indicator_unreachable_newly{",
			"tiendo_indicator_restated{", "tiendo_report_missing_units{"} {
			if got := strings.Contains(scrape(tel), name); got != want {
				t.Errorf("on %s %s is shown: %t, want %t", today, name, got, want)
			}
		}
	}
}
