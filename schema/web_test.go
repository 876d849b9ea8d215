package schema_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/web"
	"tiendo/schema"
	"tiendo/schema/engine/enginetest"
)

// migrated is an empty store of the plan "p" with a plain connection beside it.
func migrated(t *testing.T) (*schema.Store, driver.Conn, string) {
	t.Helper()
	dsn, board := enginetest.Databases(t)
	st, err := schema.Open(t.Context(), dsn, "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return st, connect(t, dsn), board
}

func connect(t *testing.T, dsn string) driver.Conn {
	t.Helper()
	opt, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := clickhouse.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func exec(t *testing.T, c driver.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := c.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// lines reads a query of strings as one line a row.
func lines(t *testing.T, c driver.Conn, query string) []string {
	t.Helper()
	rows, err := c.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func want(t *testing.T, c driver.Conn, query string, lineWant ...string) {
	t.Helper()
	if diff := cmp.Diff(lineWant, lines(t, c, query)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

func page(runID string, n int) string {
	return fmt.Sprintf(`INSERT INTO page (plan, source, run_id, page, fetched_at, records, loaded, rejected) VALUES ('p', 's', '%s', %d, '2025-06-01 00:00:00', 10, 8, 2)`, runID, n)
}

func TestViewsShowTheNewestVersionAlsoWhereItIsUnknown(t *testing.T) {
	_, c, _ := migrated(t)
	exec(t, c, `INSERT INTO assessment (plan, indicator, unit, unit_from, as_of, known_at, computed_at, value, status) VALUES
		('p', 'I', '91', '1900-01-01', '2025-06-29', '2025-06-29 01:00:00', '2025-06-30 01:00:00', 41.5, 'behind'),
		('p', 'I', '91', '1900-01-01', '2025-06-29', '2025-06-29 02:00:00', '2025-06-30 01:00:00', NULL, 'no_data'),
		('p', 'I', '91', '2025-07-01', '2025-06-29', '2025-06-29 01:00:00', '2025-06-30 01:00:00', 7, 'met'),
		('p', 'I', '91', '1900-01-01', '2025-06-22', '2025-06-29 01:00:00', '2025-06-30 01:00:00', 3, 'met'),
		('p', 'I', '91', '1900-01-01', '2025-06-22', '2025-06-29 01:00:00', '2025-06-30 02:00:00', 4, 'met')`,
		`INSERT INTO standing (plan, level, unit, unit_from, as_of, known_at, computed_at, rank, score) VALUES
		('p', 'district', '899', '1900-01-01', '2025-06-29', '2025-06-29 01:00:00', '2025-06-30 01:00:00', 2, 40),
		('p', 'district', '899', '1900-01-01', '2025-06-29', '2025-06-29 02:00:00', '2025-06-30 01:00:00', 1, NULL)`)
	want(t, c, `SELECT concat(toString(unit_from), ' ', toString(as_of), ' ', ifNull(toString(value), 'unknown'), ' ', status) FROM v_assessment ORDER BY 1`,
		"1900-01-01 2025-06-22 4 met", "1900-01-01 2025-06-29 unknown no_data", "2025-07-01 2025-06-29 7 met")
	want(t, c, `SELECT toString(count()) FROM v_assessment_history`, "5")
	want(t, c, `SELECT concat(toString(rank), ' ', ifNull(toString(score), 'unknown')) FROM v_standing`, "1 unknown")
}

func TestViewsCountNothingUncommitted(t *testing.T) {
	_, c, _ := migrated(t)
	reject := func(runID, rule string) string {
		return fmt.Sprintf(`INSERT INTO reject (plan, source, run_id, page, field, rule, reason, fetched_at) VALUES ('p', 's', '%s', 1, 'f', '%s', 'why', '2025-06-01 00:00:00')`, runID, rule)
	}
	measure := func(runID, day string, value int, known string) string {
		return fmt.Sprintf(`INSERT INTO measure (plan, source, measure, unit, unit_from, period_type, day, value, known_at, run_id, page) VALUES
			('p', 's', 'm', '91', '1900-01-01', 'calendar', '%s', %d, '%s', '%s', if('%s' = '', 0, 1))`, day, value, known, runID, runID)
	}
	exec(t, c, page("a", 1), reject("a", "kept"), reject("b", "of a page cut short"),
		measure("a", "2025-06-01", 1, "2025-06-02 00:00:00"), measure("b", "2025-06-01", 99, "2025-06-03 00:00:00"),
		measure("", "2025-06-08", 5, "2025-06-09 00:00:00"), measure("", "2025-06-08", 6, "2025-06-10 00:00:00"))
	want(t, c, `SELECT rule FROM v_reject`, "kept")
	want(t, c, `SELECT concat(toString(day), ' ', toString(value)) FROM v_measure ORDER BY day`, "2025-06-01 1", "2025-06-08 6")
	want(t, c, `SELECT toString(count()) FROM v_restatement`, "0")
	exec(t, c, page("b", 1))
	want(t, c, `SELECT concat(toString(day), ' ', toString(value)) FROM v_measure ORDER BY day`, "2025-06-01 99", "2025-06-08 6")
	want(t, c, `SELECT concat(toString(previous_value), ' ', toString(value), ' ', toString(known_at)) FROM v_restatement`, "1 99 2025-06-03 00:00:00.000")
}

func TestSourceSaysHowTheLastRunWent(t *testing.T) {
	_, c, _ := migrated(t)
	exec(t, c, page("a", 1), page("a", 2), `INSERT INTO run (plan, source, run_id, started_at, ended_at, fetched_at, state, records, rejected, error) VALUES
		('p', 's', 'a', '2025-06-01 00:00:00', '2025-06-01 00:01:00', '2025-06-01 00:00:00', 'ok', 20, 4, ''),
		('p', 's', 'b', '2025-06-02 00:00:00', '2025-06-02 00:01:30', '2025-06-02 00:00:00', 'failed', 0, 0, 'no answer'),
		('p', 'never', 'c', '2025-06-02 00:00:00', '2025-06-02 00:01:00', '2025-06-02 00:00:00', 'failed', 0, 0, 'no answer')`)
	want(t, c, `SELECT concat(source, ' ', ifNull(toString(last_ok), 'none'), ' ', state, ' ', error, ' ', toString(runs), ' ', toString(failed), ' ', toString(pages), ' ', toString(records)) FROM v_source ORDER BY source`,
		"never none failed no answer 1 1 0 0", "s 2025-06-01 00:00:00.000 failed no answer 2 1 2 20")
	want(t, c, `SELECT toString(duration_seconds) FROM v_run WHERE run_id = 'b'`, "90")
}

func TestSuspectedDuplicatesOfTheNewestVersions(t *testing.T) {
	_, c, _ := migrated(t)
	dossier := func(id, unit, submitted, fetched, run string) string {
		return fmt.Sprintf(`INSERT INTO dossier (plan, source, id, unit, unit_from, procedure, submitted, fetched_at, run_id, page) VALUES
			('p', 's', '%s', '%s', '1900-01-01', 'tt', %s, '%s', '%s', 1)`, id, unit, submitted, fetched, run)
	}
	at := "'2025-05-01 08:00:00'"
	exec(t, c, page("a", 1), page("b", 1),
		dossier("1", "899", at, "2025-06-01 00:00:00", "a"), dossier("2", "899", at, "2025-06-01 00:00:00", "a"),
		dossier("3", "899", "'2025-05-01 08:00:01'", "2025-06-01 00:00:00", "a"), dossier("4", "899", at, "2025-06-01 00:00:00", "a"),
		dossier("4", "899", "'2025-05-02 08:00:00'", "2025-06-02 00:00:00", "b"), // mended: no longer alike
		dossier("5", "899", at, "2025-06-01 00:00:00", "cut short"),
		dossier("6", "900", "NULL", "2025-06-01 00:00:00", "a"), dossier("7", "900", "NULL", "2025-06-01 00:00:00", "a"))
	want(t, c, `SELECT concat(unit, ' ', toString(dossiers), ' ', toString(suspected), ' ', toString(share)) FROM v_suspected_duplicates ORDER BY unit`,
		"899 4 1 25", "900 2 0 0")
}

func TestBoardsReadViewsAndNothingElse(t *testing.T) {
	st, c, boardDSN := migrated(t)
	if err := st.Migrate(t.Context()); err != nil { // again, as on every start
		t.Fatal(err)
	}
	board := connect(t, boardDSN)
	views := lines(t, c, `SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' AND create_table_query NOT LIKE '%{plan:String}%' ORDER BY name`)
	if len(views) < 12 {
		t.Errorf("there are %d views only: %v", len(views), views)
	}
	for _, v := range views {
		if _, err := board.Query(t.Context(), "SELECT * FROM "+v+" LIMIT 1"); err != nil {
			t.Errorf("boards cannot read %s: %v", v, err)
		}
	}
	for _, table := range []string{"assessment", "payload", "dossier"} {
		if err := board.Exec(t.Context(), "SELECT * FROM "+table+" LIMIT 1"); err == nil {
			t.Errorf("boards can read the table %s", table)
		}
	}
}

func TestReadBackWhatWasSaved(t *testing.T) {
	st, _, _ := migrated(t)
	ctx := t.Context()
	p := &plan.Plan{Code: "p", Defaults: plan.Defaults{OverallMin: 3}}
	ind := &plan.Indicator{Code: "CQS-02", Pillar: "CQS", Comparator: plan.MoreThan, Rulings: []string{"R-ONLINE"}}
	old := &plan.Unit{UnitKey: plan.UnitKey{Code: "91", From: plan.NoDay}, Level: "province", Name: "Tỉnh cũ"}
	young := &plan.Unit{UnitKey: plan.UnitKey{Code: "91", From: plan.MustDay("2025-07-01")}, Level: "province", Name: "Tỉnh mới"}
	day := plan.MustDay("2025-06-29")
	val := func(s string) *plan.Value { v := plan.MustValue(s); return &v }
	age := 3
	failing := int64(7)
	full := progress.Result{Indicator: ind, Unit: old, Day: day, Applies: plan.Owed, KnownAt: 1751158800123, Coverage: val("87.5"), AgeDays: &age, Member: "m", WeeksBehind: 4, BehindSince: day - 21,
		Assessment: progress.Assessment{AsOf: day, Status: progress.Behind, Reasons: []progress.Reason{progress.ReasonUnreachable, progress.ReasonDerived}, Value: val("41.0123456789"), Numerator: 41, Denominator: 100,
			PathValue: val("40"), Milestone: plan.MustDay("2025-12-31"), Target: val("80"), Expected: val("70"), Gap: val("-30.0000000001"), NeededPerWeek: val("1.5"), PacePerWeek: val("-0.25"), Forecast: val("0"),
			BestReachable: val("60"), FailingCount: &failing,
			Outcomes: []progress.MilestoneOutcome{{Milestone: plan.MustDay("2023-12-31"), Outcome: progress.OutcomeMissed, Value: val("55.3")}}}}
	empty := progress.Result{Indicator: ind, Unit: young, Day: day, Applies: plan.Owed, BehindSince: plan.NoDay,
		Assessment: progress.Assessment{AsOf: day, Status: progress.NoData, Milestone: plan.NoDay}}
	now := time.Date(2025, 6, 30, 0, 0, 0, 0, time.UTC)
	save := func(results ...progress.Result) {
		t.Helper()
		if _, err := st.SaveResults(ctx, p, "v1", results, now); err != nil {
			t.Fatal(err)
		}
		if err := st.SaveStandings(ctx, p, "v1", results, now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	save(full, empty)
	restated := full
	restated.KnownAt += 24 * 3600 * 1000
	restated.Value, restated.Numerator, restated.Status = val("43"), 43, progress.AtRisk
	save(restated, empty)

	q := web.Query{AsOf: day, Since: plan.NoDay, KnownOn: plan.NoDay}
	got, err := st.Assessments(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || *got[0].Value != *restated.Value || got[0].Status != progress.AtRisk {
		t.Fatalf("the newest version is not read: %+v", got)
	}
	q.KnownOn = plan.DayOf(time.UnixMilli(full.KnownAt))
	if got, err = st.Assessments(ctx, q); err != nil {
		t.Fatal(err)
	}
	num, den, a32 := int64(41), int64(100), int32(3)
	wantRows := []web.Assessment{
		{Indicator: "CQS-02", Unit: old.UnitKey, Level: "province", AsOf: day, KnownAt: time.UnixMilli(full.KnownAt), PlanVersion: "v1", MethodVersion: progress.MethodVersion, Applies: plan.Owed,
			Numerator: &num, Denominator: &den, Value: full.Value, PathValue: full.PathValue, Comparator: plan.MoreThan, Milestone: full.Milestone, Target: full.Target, Expected: full.Expected, Gap: full.Gap,
			NeededPerWeek: full.NeededPerWeek, PacePerWeek: full.PacePerWeek, Forecast: full.Forecast, BestReachable: full.BestReachable, FailingCount: &failing, Coverage: full.Coverage, AgeDays: &a32,
			Status: progress.Behind, Outcomes: []web.Outcome{{Milestone: plan.MustDay("2023-12-31"), Outcome: progress.OutcomeMissed, Value: val("55.3")}}, WeeksBehind: 4, BehindSince: day - 21,
			Reason: "unreachable_this_year,baseline_derived", Rulings: []string{"R-ONLINE"}, Member: "m"},
		{Indicator: "CQS-02", Unit: young.UnitKey, Level: "province", AsOf: day, PlanVersion: "v1", MethodVersion: progress.MethodVersion, Applies: plan.Owed, Comparator: plan.MoreThan,
			Milestone: plan.NoDay, Status: progress.NoData, BehindSince: plan.NoDay, Rulings: []string{"R-ONLINE"}},
	}
	if diff := cmp.Diff(wantRows, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("as known on %s (-want +got):\n%s", q.KnownOn, diff)
	}
	for knownOn, want := range map[plan.Day]int{q.KnownOn - 1: 0, q.KnownOn: 1, plan.DayOf(time.UnixMilli(restated.KnownAt)): 0} {
		if got, err := st.Assessments(ctx, web.Query{AsOf: day, Since: plan.NoDay, KnownOn: knownOn, Replaced: true}); err != nil || len(got) != want || want == 1 && got[0].Status != progress.Behind {
			t.Errorf("what was replaced after %s: %+v, %v", knownOn, got, err)
		}
	}
	q.Brief = true
	if got, err = st.Assessments(ctx, q); err != nil {
		t.Fatal(err)
	}
	for i := range wantRows {
		x := &wantRows[i]
		x.Numerator, x.Denominator, x.BestReachable, x.FailingCount, x.Coverage, x.AgeDays, x.Rulings, x.Member = nil, nil, nil, nil, nil, nil, []string{}, ""
	}
	if diff := cmp.Diff(wantRows, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("in brief (-want +got):\n%s", diff)
	}
	for name, narrow := range map[string]web.Query{
		"unit":      {AsOf: day, Since: day - 7, KnownOn: plan.NoDay, Unit: &young.UnitKey},
		"indicator": {AsOf: day, Since: plan.NoDay, KnownOn: plan.NoDay, Indicator: "CQS-02", Unit: &old.UnitKey, Levels: []plan.Level{"district", "province"}},
	} {
		if got, err := st.Assessments(ctx, narrow); err != nil || len(got) != 1 {
			t.Errorf("by %s: %d rows, %v", name, len(got), err)
		}
	}
	for name, other := range map[string]web.Query{
		"another day":       {AsOf: day - 1, Since: plan.NoDay, KnownOn: plan.NoDay},
		"another level":     {AsOf: day, Since: plan.NoDay, KnownOn: plan.NoDay, Levels: []plan.Level{"district", `it's \`}},
		"another indicator": {AsOf: day, Since: plan.NoDay, KnownOn: plan.NoDay, Indicator: "x' OR '1'='1"},
	} {
		if got, err := st.Assessments(ctx, other); err != nil || len(got) != 0 {
			t.Errorf("%s: %d rows, %v", name, len(got), err)
		}
	}
	then := plan.DayOf(time.UnixMilli(full.KnownAt))
	for _, c := range []struct {
		q    web.Query
		want []web.Tally
	}{
		{web.Query{AsOf: day, Since: day - 7, KnownOn: plan.NoDay}, []web.Tally{
			{AsOf: day, Level: "province", Indicator: "CQS-02", Applies: plan.Owed, Status: progress.AtRisk, Units: 1},
			{AsOf: day, Level: "province", Indicator: "CQS-02", Applies: plan.Owed, Status: progress.NoData, Units: 1}}},
		{web.Query{AsOf: day, Since: plan.NoDay, KnownOn: then, Unit: &old.UnitKey}, []web.Tally{
			{AsOf: day, Level: "province", Indicator: "CQS-02", Applies: plan.Owed, Status: progress.Behind, Units: 1}}},
		{web.Query{AsOf: day, Since: plan.NoDay, KnownOn: plan.NoDay, Levels: []plan.Level{"district"}}, nil},
	} {
		got, err := st.Tallies(ctx, c.q)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("tallies of %+v: %v (-want +got):\n%s", c.q, err, diff)
		}
	}
	standings, err := st.Standings(ctx, web.Query{AsOf: day, Since: day, KnownOn: plan.NoDay, Levels: []plan.Level{"province"}})
	if err != nil || len(standings) != 2 || standings[0].Rank != 1 || standings[1].Unit != old.UnitKey || standings[1].Counts[progress.AtRisk] != 1 || standings[1].Missed != 1 {
		t.Errorf("standings: %+v, %v", standings, err)
	}
	days, err := st.Days(ctx)
	if diff := cmp.Diff(map[plan.Level][]plan.Day{"province": {day}}, days); diff != "" || err != nil {
		t.Errorf("days: %v %s", err, diff)
	}
	state, err := st.State(ctx)
	if err != nil || state.Schema != state.Wanted || state.Schema == 0 || state.Computed.IsZero() || state.Replaying {
		t.Errorf("state: %+v, %v", state, err)
	}
}

func TestReportsAsTheyStoodOnADay(t *testing.T) {
	st, c, _ := migrated(t)
	if got, first, err := st.Reports(t.Context(), plan.MustDay("2025-06-30")); err != nil || len(got) != 0 || first != plan.NoDay {
		t.Errorf("an empty store: %v, %s, %v", got, first, err)
	}
	exec(t, c, `INSERT INTO report (plan, indicator, form, unit, unit_from, level, facility, period_end, late_from, reported_at, checked_at) VALUES
		('p', 'I', 'BM', '899', '1900-01-01', 'district', '', '2025-03-14', '2025-03-19', NULL, '2025-03-20 00:00:00'),
		('p', 'I', 'BM', '899', '1900-01-01', 'district', '', '2025-06-14', '2025-06-18', NULL, '2025-06-18 00:00:00'),
		('p', 'I', 'BM', '899', '1900-01-01', 'district', '', '2025-06-14', '2025-06-18', '2025-06-29 17:00:00', '2025-07-01 00:00:00'),
		('p', 'J', '', '30733', '1900-01-01', 'commune', 'f1', '2025-06-14', '2025-06-18', NULL, '2025-06-18 00:00:00'),
		('other', 'I', 'BM', '899', '1900-01-01', 'district', '', '2025-03-14', '2025-01-01', NULL, '2025-03-20 00:00:00')`)
	march, june := plan.MustDay("2025-03-14"), plan.MustDay("2025-06-14")
	received := time.Date(2025, 6, 29, 17, 0, 0, 0, time.UTC) // midnight of the province: the thirtieth
	spring := web.Report{Indicator: "I", Form: "BM", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, Level: "district", End: march, LateFrom: march + 5, Later: plan.NoDay}
	summer := spring
	summer.End, summer.LateFrom, summer.ReceivedAt = june, june+4, received
	facility := web.Report{Indicator: "J", Unit: plan.UnitKey{Code: "30733", From: plan.NoDay}, Level: "commune", Facility: "f1", End: june, LateFrom: june + 4, Later: plan.NoDay}
	springAfter := spring
	springAfter.Later = june
	for day, want := range map[string][]web.Report{
		"2025-03-18": nil,
		"2025-03-19": {spring},
		"2025-06-17": {spring},
		"2025-06-29": {spring, summer, facility},
		"2025-06-30": {springAfter, facility},
	} {
		got, first, err := st.Reports(t.Context(), plan.MustDay(day))
		if err != nil || first != plan.MustDay("2025-06-18") {
			t.Errorf("%s: kept since %s, %v", day, first, err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", day, diff)
		}
	}
}

func TestQualityLooksBackOnlySoFar(t *testing.T) {
	st, c, _ := migrated(t)
	exec(t, c, page("a", 1), page("b", 1),
		`INSERT INTO measure (plan, source, measure, unit, unit_from, period_type, day, value, known_at, run_id, page) VALUES
		('p', 's', 'm', '899', '1900-01-01', 'calendar', '2025-03-31', 10, '2025-04-01 00:00:00', 'a', 1),
		('p', 's', 'm', '899', '1900-01-01', 'calendar', '2025-03-31', 12, '2025-06-01 00:00:00', 'b', 1),
		('p', 's', 'm', '900', '1900-01-01', 'calendar', '2025-03-31', 10, '2025-01-01 00:00:00', 'a', 1),
		('p', 's', 'm', '900', '1900-01-01', 'calendar', '2025-03-31', 12, '2025-02-01 00:00:00', 'b', 1)`,
		`INSERT INTO reject (plan, source, run_id, page, position, field, rule, reason, fetched_at) VALUES
		('p', 's', 'a', 1, 7, 'f', 'bad_date', 'older', '2025-06-01 00:00:00'), ('p', 's', 'b', 1, 7, 'g', 'bad_date', 'newer', '2025-06-02 00:00:00'), ('p', 's', 'a', 1, 8, 'f', 'late', 'x', '2025-06-01 00:00:00')`,
		`INSERT INTO drift (plan, source, what, run_id, fetched_at) VALUES ('p', 's', 'field x', 'a', '2025-06-01 00:00:00'), ('other', 's', 'field y', 'a', '2025-06-01 00:00:00')`)
	q, err := st.Quality(context.Background(), time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(q.Restatements) != 1 || q.Restated != 1 || q.Restatements[0].Unit.Code != "899" || q.Restatements[0].Was != 10 || q.Restatements[0].Now != 12 {
		t.Errorf("restatements: %+v", q.Restatements)
	}
	newest, total, err := st.Restatements(context.Background(), time.Date(2025, 1, 15, 0, 0, 0, 0, time.UTC), 1)
	if err != nil || len(newest) != 1 || newest[0].Unit.Code != "899" || total != 2 {
		t.Errorf("the newest of all: %+v of %d, %v", newest, total, err)
	}
	rejects, err := st.RejectCounts(context.Background(), "s")
	if err != nil || len(rejects) != 2 || rejects[0].Rule != "bad_date" || rejects[0].Open != 2 || rejects[0].Reason != "newer" || rejects[0].Field != "g" {
		t.Errorf("rejects: %+v, %v", rejects, err)
	}
	if len(q.Drift) != 1 || q.Drift[0].What != "field x" {
		t.Errorf("drift: %+v", q.Drift)
	}
}
