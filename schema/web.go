package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
)

// Days lists for every level the days that standings, and with them results, are kept for.
func (s *Store) Days(ctx context.Context) (map[plan.Level][]plan.Day, error) {
	rows, err := s.conn.Query(s.with(ctx, nil), `SELECT level, as_of FROM standing WHERE plan = {plan:String} GROUP BY level, as_of ORDER BY level, as_of`)
	if err != nil {
		return nil, fmt.Errorf("list the days with results: %w", err)
	}
	defer rows.Close()
	days := map[plan.Level][]plan.Day{}
	for rows.Next() {
		var level string
		var day time.Time
		if err := rows.Scan(&level, &day); err != nil {
			return nil, err
		}
		days[plan.Level(level)] = append(days[plan.Level(level)], dayFrom(day))
	}
	return days, rows.Err()
}

// results is the part of a query behind SELECT: the newest versions, or with KnownOn the newest known by then.
func results(q web.Query, view, key string) (from string, params map[string]string) {
	where := []string{"plan = {plan:String}"}
	params = map[string]string{"as_of": q.AsOf.String()}
	if q.Since == plan.NoDay {
		where = append(where, "as_of = {as_of:Date32}")
	} else {
		where = append(where, "as_of BETWEEN {since:Date32} AND {as_of:Date32}")
		params["since"] = q.Since.String()
	}
	if len(q.Levels) > 0 {
		where = append(where, "level IN {levels:Array(String)}")
		params["levels"] = list(q.Levels)
	}
	if q.Unit != nil {
		where = append(where, "unit = {unit:String} AND unit_from = {unit_from:Date32}")
		params["unit"], params["unit_from"] = q.Unit.Code, dayValue(q.Unit.From).Format(time.DateOnly)
	}
	if q.Indicator != "" {
		where = append(where, "indicator = {indicator:String}")
		params["indicator"] = q.Indicator
	}
	if q.KnownOn == plan.NoDay {
		return view + " WHERE " + strings.Join(where, " AND "), params
	}
	if q.Replaced {
		where = append(where, "("+key+") IN (SELECT "+key+" FROM "+view+"_history WHERE "+strings.Join(where, " AND ")+" AND known_at > {until:DateTime64(3, 'UTC')})")
	}
	where = append(where, "known_at <= {until:DateTime64(3, 'UTC')}")
	params["until"] = stamp(q.KnownOn.End().Add(-time.Millisecond))
	return "(SELECT * FROM " + view + "_history WHERE " + strings.Join(where, " AND ") +
		" ORDER BY known_at DESC, computed_at DESC LIMIT 1 BY " + key + ")", params
}

// list writes words as a parameter of type Array(String).
func list[T ~string](all []T) string {
	quoted := make([]string, len(all))
	for i, x := range all {
		quoted[i] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(string(x)) + "'"
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// scaled selects decimals as the integers that plan.Value holds: thousands of them are read for one page.
func scaled(columns ...string) string {
	for i, c := range columns {
		columns[i] = "CAST(" + c + " * 10000000000, 'Nullable(Int64)')"
	}
	return strings.Join(columns, ", ")
}

// Assessments reads stored results.
func (s *Store) Assessments(ctx context.Context, q web.Query) ([]web.Assessment, error) {
	from, params := results(q, "v_assessment", "indicator, unit, unit_from, as_of")
	beside := "numerator, denominator, " + scaled("best_reachable") + ", failing_count, " + scaled("coverage") + ", age_days, rulings, member, parts"
	if q.Brief { // not read: nearly half of what a result weighs
		beside = "NULL::Nullable(Int64), NULL::Nullable(Int64), NULL::Nullable(Int64), NULL::Nullable(Int64), NULL::Nullable(Int64), NULL::Nullable(Int32), []::Array(String), '', ''"
	}
	rows, err := s.conn.Query(s.with(ctx, params), `
		SELECT indicator, unit, unit_from, level, as_of, known_at, plan_version, method_version, applicability, `+scaled("value", "path_value")+`,
			comparator, milestone, `+scaled("target", "expected", "gap", "needed_per_week", "pace_per_week", "forecast")+`, status,
			outcomes, weeks_behind, behind_since, reason, `+beside+`
		FROM `+from+` ORDER BY indicator, unit, unit_from, as_of`)
	if err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	defer rows.Close()
	var all []web.Assessment
	for rows.Next() {
		var a web.Assessment
		var unitFrom, asOf time.Time
		var milestone, behindSince *time.Time
		var v [10]*int64
		var level, applies, comparator, status, outcomes, parts string
		var weeks uint32
		err := rows.Scan(&a.Indicator, &a.Unit.Code, &unitFrom, &level, &asOf, &a.KnownAt, &a.PlanVersion, &a.MethodVersion, &applies, &v[0], &v[1],
			&comparator, &milestone, &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &status,
			&outcomes, &weeks, &behindSince, &a.Reason, &a.Numerator, &a.Denominator, &v[8], &a.FailingCount, &v[9], &a.AgeDays, &a.Rulings, &a.Member, &parts)
		if err != nil {
			return nil, fmt.Errorf("read the results: %w", err)
		}
		a.Unit.From, a.AsOf, a.Level, a.Applies = dayFrom(unitFrom), dayFrom(asOf), plan.Level(level), plan.Applicability(applies)
		a.Comparator, a.Status, a.WeeksBehind = plan.Comparator(comparator), progress.Status(status), int(weeks)
		a.Milestone, a.BehindSince = optionalDay(milestone), optionalDay(behindSince)
		for i, to := range []**plan.Value{&a.Value, &a.PathValue, &a.Target, &a.Expected, &a.Gap, &a.NeededPerWeek, &a.PacePerWeek, &a.Forecast, &a.BestReachable, &a.Coverage} {
			*to = (*plan.Value)(v[i])
		}
		if a.KnownAt.UnixMilli() == 0 {
			a.KnownAt = time.Time{}
		}
		if outcomes != "[]" {
			if err := json.Unmarshal([]byte(outcomes), &a.Outcomes); err != nil {
				return nil, fmt.Errorf("outcomes %q of %s for %s on %s: %w", outcomes, a.Indicator, a.Unit, a.AsOf, err)
			}
		}
		if parts != "[]" && parts != "" {
			if err := json.Unmarshal([]byte(parts), &a.Parts); err != nil {
				return nil, fmt.Errorf("parts %q of %s for %s on %s: %w", parts, a.Indicator, a.Unit, a.AsOf, err)
			}
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// Tallies counts stored results by status.
func (s *Store) Tallies(ctx context.Context, q web.Query) ([]web.Tally, error) {
	from, params := results(q, "v_assessment", "indicator, unit, unit_from, as_of")
	rows, err := s.conn.Query(s.with(ctx, params), `
		SELECT as_of, level, indicator, applicability, status, count() FROM `+from+`
		GROUP BY ALL ORDER BY as_of, level, indicator, applicability, status`)
	if err != nil {
		return nil, fmt.Errorf("count the results: %w", err)
	}
	defer rows.Close()
	var all []web.Tally
	for rows.Next() {
		var asOf time.Time
		var level, indicator, applies, status string
		var units uint64
		if err := rows.Scan(&asOf, &level, &indicator, &applies, &status, &units); err != nil {
			return nil, fmt.Errorf("count the results: %w", err)
		}
		all = append(all, web.Tally{AsOf: dayFrom(asOf), Level: plan.Level(level), Indicator: indicator, Applies: plan.Applicability(applies), Status: progress.Status(status), Units: int(units)})
	}
	return all, rows.Err()
}

// Reports reads which reports were late on a day and not there by its end, and since when those of every indicator are kept.
func (s *Store) Reports(ctx context.Context, on plan.Day) ([]web.Report, plan.Day, error) {
	var first *time.Time
	if err := s.conn.QueryRow(s.with(ctx, nil), `SELECT maxOrNull(first) FROM (SELECT min(late_from) AS first FROM report WHERE plan = {plan:String} GROUP BY indicator)`).Scan(&first); err != nil {
		return nil, plan.NoDay, fmt.Errorf("read since when reports are kept: %w", err)
	}
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"on": on.String(), "until": stamp(on.End())}), `
		SELECT indicator, form, unit, unit_from, level, facility, period_end, late_from, reported_at, later FROM
		(
			SELECT indicator, form, unit, unit_from, level, facility, period_end, late_from, reported_at,
				maxOrNullIf(period_end, reported_at < {until:DateTime64(3, 'UTC')}) OVER (PARTITION BY indicator, unit, unit_from, facility) AS later
			FROM
			(
				SELECT * FROM report WHERE plan = {plan:String}
				ORDER BY checked_at DESC LIMIT 1 BY indicator, unit, unit_from, facility, period_end
			)
		)
		WHERE late_from <= {on:Date32} AND (reported_at IS NULL OR reported_at >= {until:DateTime64(3, 'UTC')})
		ORDER BY indicator, unit, unit_from, facility, period_end`)
	if err != nil {
		return nil, plan.NoDay, fmt.Errorf("read the late reports: %w", err)
	}
	defer rows.Close()
	var all []web.Report
	for rows.Next() {
		var r web.Report
		var from, end, late time.Time
		var received, later *time.Time
		var level string
		if err := rows.Scan(&r.Indicator, &r.Form, &r.Unit.Code, &from, &level, &r.Facility, &end, &late, &received, &later); err != nil {
			return nil, plan.NoDay, fmt.Errorf("read the late reports: %w", err)
		}
		r.Unit.From, r.Level, r.End, r.LateFrom, r.Later = dayFrom(from), plan.Level(level), dayFrom(end), dayFrom(late), optionalDay(later)
		if received != nil {
			r.ReceivedAt = *received
		}
		all = append(all, r)
	}
	return all, optionalDay(first), rows.Err()
}

func optionalDay(t *time.Time) plan.Day {
	if t == nil {
		return plan.NoDay
	}
	return dayFrom(*t)
}

// Standings reads stored ranks.
func (s *Store) Standings(ctx context.Context, q web.Query) ([]web.Standing, error) {
	q.Indicator = ""
	from, params := results(q, "v_standing", "level, as_of, unit, unit_from")
	rows, err := s.conn.Query(s.with(ctx, params), `
		SELECT level, unit, unit_from, as_of, rank, of, `+scaled("score")+`, met, on_track, at_risk, behind, stale, no_data, missed, applicable, overall
		FROM `+from+` ORDER BY as_of, level, rank = 0, rank, unit, unit_from`)
	if err != nil {
		return nil, fmt.Errorf("read the standings: %w", err)
	}
	defer rows.Close()
	var all []web.Standing
	for rows.Next() {
		var x web.Standing
		var unitFrom, asOf time.Time
		var level, overall string
		var n [10]uint32
		var share *int64
		err := rows.Scan(&level, &x.Unit.Code, &unitFrom, &asOf, &n[0], &n[1], &share, &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9], &overall)
		if err != nil {
			return nil, fmt.Errorf("read the standings: %w", err)
		}
		x.Level, x.Unit.From, x.AsOf, x.Share, x.Overall = plan.Level(level), dayFrom(unitFrom), dayFrom(asOf), (*plan.Value)(share), progress.Status(overall)
		x.Rank, x.Of, x.Missed, x.Applicable = int(n[0]), int(n[1]), int(n[8]), int(n[9])
		x.Counts = map[progress.Status]int{}
		for i, st := range []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData} {
			x.Counts[st] = int(n[2+i])
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// Sources reads how the runs of every source went.
func (s *Store) Sources(ctx context.Context) ([]web.Source, error) {
	rows, err := s.conn.Query(s.with(ctx, nil), `
		SELECT source, last_ok, assumeNotNull(last_run), state, error, runs, failed, pages, records, rejected FROM v_source WHERE plan = {plan:String} AND runs > 0 ORDER BY source`)
	if err != nil {
		return nil, fmt.Errorf("read the sources' runs: %w", err)
	}
	defer rows.Close()
	var all []web.Source
	for rows.Next() {
		var x web.Source
		var ok *time.Time
		if err := rows.Scan(&x.Source, &ok, &x.LastRun, &x.State, &x.Error, &x.Runs, &x.Failed, &x.Pages, &x.Records, &x.Rejected); err != nil {
			return nil, fmt.Errorf("read the sources' runs: %w", err)
		}
		if ok != nil {
			x.LastOK = *ok
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// shownRestatements is how many restatements a page lists; it says how many there are.
const shownRestatements = 40

// Quality reads drift and the restatements known since the instant.
func (s *Store) Quality(ctx context.Context, since time.Time) (web.Quality, error) {
	var q web.Quality
	rows, err := s.conn.Query(s.with(ctx, nil), `SELECT source, what, seen_at FROM v_drift WHERE plan = {plan:String} ORDER BY source, what`)
	if err != nil {
		return q, fmt.Errorf("read the drift: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x web.Drift
		if err := rows.Scan(&x.Source, &x.What, &x.Seen); err != nil {
			return q, fmt.Errorf("read the drift: %w", err)
		}
		q.Drift = append(q.Drift, x)
	}
	if err := rows.Err(); err != nil {
		return q, err
	}
	q.Restatements, q.Restated, err = s.Restatements(ctx, since, shownRestatements)
	return q, err
}

// Restatements reads the newest restatements known since the instant, and how many there are.
func (s *Store) Restatements(ctx context.Context, since time.Time, most int) (all []web.Restatement, total uint64, err error) {
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"since": stamp(since)}), `
		SELECT source, measure, unit, unit_from, day, previous_value, value, known_at, count() OVER () FROM v_restatement
		WHERE plan = {plan:String} AND known_at >= {since:DateTime64(3, 'UTC')}
		  AND (measure, unit, day) IN (SELECT measure, unit, day FROM measure WHERE plan = {plan:String} AND run_id != '' AND known_at >= {since:DateTime64(3, 'UTC')})
		ORDER BY known_at DESC, source, measure, unit, day DESC LIMIT `+fmt.Sprint(most))
	if err != nil {
		return nil, 0, fmt.Errorf("read the restatements: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x web.Restatement
		var from, day time.Time
		if err := rows.Scan(&x.Source, &x.Measure, &x.Unit.Code, &from, &day, &x.Was, &x.Now, &x.KnownAt, &total); err != nil {
			return nil, 0, fmt.Errorf("read the restatements: %w", err)
		}
		x.Unit.From, x.Day = dayFrom(from), dayFrom(day)
		all = append(all, x)
	}
	return all, total, rows.Err()
}

// AwardBook reads what was known on a day of figures, for the award ledger.
func (s *Store) AwardBook(ctx context.Context, p *plan.Plan, knownOn plan.Day) (web.AwardBook, error) {
	in, book, err := run.Book(ctx, s, p, knownOn)
	if err != nil {
		return web.AwardBook{}, err
	}
	return web.AwardBook{Plan: in, Figures: award.Of(book)}, nil
}

// Edition reads what names the present content of the store.
func (s *Store) Edition(ctx context.Context) (string, error) {
	var edition uint64
	if err := s.conn.QueryRow(ctx, "SELECT edition FROM v_store_edition").Scan(&edition); err != nil {
		return "", fmt.Errorf("read the edition of the store: %w", err)
	}
	return fmt.Sprint(edition), nil
}

// State says whether the tables are of the newest version, whole, and hold results.
func (s *Store) State(ctx context.Context) (web.State, error) {
	var st web.State
	var err error
	if st.Schema, st.Wanted, err = s.Version(ctx); err != nil {
		return st, fmt.Errorf("read the version of the tables: %w", err)
	}
	if st.Replaying, err = s.Replaying(ctx); err != nil {
		return st, err
	}
	var computed *time.Time
	if err := s.conn.QueryRow(s.with(ctx, nil), `SELECT maxOrNull(computed_at) FROM standing WHERE plan = {plan:String}`).Scan(&computed); err != nil {
		return st, fmt.Errorf("read the time of the last computation: %w", err)
	}
	if computed != nil {
		st.Computed = *computed
	}
	return st, nil
}
