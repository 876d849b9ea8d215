package schema

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/web"
)

// RestatementList reads restatements part by part, and how many there are.
func (s *Store) RestatementList(ctx context.Context, q web.RestatementQuery) (all []web.Restatement, total uint64, err error) {
	params := map[string]string{"since": stamp(q.Since), "source": q.Source, "measures": list(q.Measures), "skip": strconv.Itoa(q.Skip), "most": strconv.Itoa(q.Most)}
	where := []string{"plan = {plan:String}"}
	if q.Source != "" {
		where = append(where, "source = {source:String}")
	}
	if len(q.Measures) > 0 {
		where = append(where, "measure IN {measures:Array(String)}")
	}
	if len(q.Units) > 0 {
		where, params["units"] = append(where, "unit IN {units:Array(String)} AND concat(unit, ' ', toString(unit_from)) IN {keys:Array(String)}"), codes(q.Units)
		params["keys"] = keysOf(q.Units)
	}
	rows, err := s.conn.Query(s.with(ctx, params), `
		SELECT source, measure, unit, unit_from, dims, day, previous_value, value, known_at, count() OVER () FROM v_restatement
		WHERE `+strings.Join(where, " AND ")+` AND known_at >= {since:DateTime64(3, 'UTC')}
		  AND (measure, unit, day) IN (SELECT measure, unit, day FROM measure WHERE plan = {plan:String} AND run_id != '' AND known_at >= {since:DateTime64(3, 'UTC')})
		ORDER BY known_at DESC, source, measure, unit, dims, day DESC LIMIT {most:UInt32} OFFSET {skip:UInt32}`)
	if err != nil {
		return nil, 0, fmt.Errorf("read the restatements: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x web.Restatement
		var from, day time.Time
		if err := rows.Scan(&x.Source, &x.Measure, &x.Unit.Code, &from, &x.Dims, &day, &x.Was, &x.Now, &x.KnownAt, &total); err != nil {
			return nil, 0, fmt.Errorf("read the restatements: %w", err)
		}
		x.Unit.From, x.Day = dayFrom(from), dayFrom(day)
		all = append(all, x)
	}
	return all, total, rows.Err()
}

// codes and keysOf write units as parameters of type Array(String).
func codes(units []plan.UnitKey) string {
	all := make([]string, len(units))
	for i, u := range units {
		all[i] = u.Code
	}
	return list(all)
}

func keysOf(units []plan.UnitKey) string {
	all := make([]string, len(units))
	for i, u := range units {
		all[i] = u.Code + " " + dayValue(u.From).Format(time.DateOnly)
	}
	return list(all)
}

// Moved reads the results that show something else than when they were first judged.
func (s *Store) Moved(ctx context.Context, q web.MovedQuery) ([]web.Moved, error) {
	params := map[string]string{"as_of": q.AsOf.String(), "indicators": list(q.Indicators)}
	where := []string{"plan = {plan:String}"}
	if len(q.Indicators) > 0 {
		where = append(where, "indicator IN {indicators:Array(String)}")
	}
	if len(q.Units) > 0 {
		where, params["units"] = append(where, "unit IN {units:Array(String)} AND concat(unit, ' ', toString(unit_from)) IN {keys:Array(String)}"), codes(q.Units)
		params["keys"] = keysOf(q.Units)
	}
	rows, err := s.conn.Query(s.with(ctx, params), `
		SELECT indicator, unit, unit_from, level, as_of, `+scaled("first_value", "now_value", "first_path_value", "now_path_value")+`, first_status, now_status, cause, previous_known_at, known_at
		FROM v_restated(plan={plan:String}, as_of={as_of:Date32}, known_on='2099-12-31')
		WHERE `+strings.Join(where, " AND ")+`
		ORDER BY known_at DESC, as_of DESC, indicator_position, level_position, unit, unit_from`)
	if err != nil {
		return nil, fmt.Errorf("read the results that changed: %w", err)
	}
	defer rows.Close()
	var all []web.Moved
	for rows.Next() {
		var x web.Moved
		var from, asOf time.Time
		var level, was, now string
		var v [4]*int64
		if err := rows.Scan(&x.Indicator, &x.Unit.Code, &from, &level, &asOf, &v[0], &v[1], &v[2], &v[3], &was, &now, &x.Cause, &x.FirstKnown, &x.KnownAt); err != nil {
			return nil, fmt.Errorf("read the results that changed: %w", err)
		}
		x.Unit.From, x.AsOf, x.Level, x.WasStatus, x.Status = dayFrom(from), dayFrom(asOf), plan.Level(level), progress.Status(was), progress.Status(now)
		for i, to := range []**plan.Value{&x.Was, &x.Now, &x.WasPath, &x.NowPath} {
			*to = (*plan.Value)(v[i])
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// Runs reads a source's newest runs and newest pages.
func (s *Store) Runs(ctx context.Context, source string, most int) ([]web.Run, []web.Landed, error) {
	ctx = s.with(ctx, map[string]string{"source": source, "most": strconv.Itoa(most)})
	rows, err := s.conn.Query(ctx, `
		SELECT run_id, fetched_at, started_at, ended_at, state, error, toUInt64(pages), records, loaded, rejected FROM run
		WHERE plan = {plan:String} AND source = {source:String} ORDER BY fetched_at DESC, ended_at DESC, run_id DESC LIMIT {most:UInt32}`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the runs of source %s: %w", source, err)
	}
	defer rows.Close()
	var runs []web.Run
	for rows.Next() {
		var r web.Run
		if err := rows.Scan(&r.RunID, &r.FetchedAt, &r.StartedAt, &r.EndedAt, &r.State, &r.Error, &r.Pages, &r.Records, &r.Loaded, &r.Rejected); err != nil {
			return nil, nil, fmt.Errorf("read the runs of source %s: %w", source, err)
		}
		runs = append(runs, r)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	if rows, err = s.conn.Query(ctx, `
		SELECT run_id, page, sha256, request, fetched_at, rejected FROM page
		WHERE plan = {plan:String} AND source = {source:String} ORDER BY fetched_at DESC, committed_at DESC, page DESC LIMIT {most:UInt32}`); err != nil {
		return nil, nil, fmt.Errorf("read the pages of source %s: %w", source, err)
	}
	defer rows.Close()
	var pages []web.Landed
	for rows.Next() {
		p := web.Landed{Source: source}
		if err := rows.Scan(&p.RunID, &p.Page, &p.SHA256, &p.Request, &p.FetchedAt, &p.Rejected); err != nil {
			return nil, nil, fmt.Errorf("read the pages of source %s: %w", source, err)
		}
		pages = append(pages, p)
	}
	return runs, pages, rows.Err()
}
