package schema

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// committed limits a query to rows whose page has its manifest.
const committed = "(run_id, page) IN (SELECT run_id, page FROM page WHERE plan = {plan:String})"

// Knowledge is everything that the plan's indicators rest on, as fetched up to the local end of knownOn.
func (s *Store) Knowledge(ctx context.Context, p *plan.Plan, knownOn plan.Day) (progress.Knowledge, error) {
	var k progress.Knowledge
	if err := s.measureRows(s.until(ctx, p, knownOn), &k); err != nil {
		return k, fmt.Errorf("read the measures: %w", err)
	}
	return s.registers(s.until(ctx, p, knownOn), k.Rows)
}

// EachKnowledge is Knowledge on each of several days, ascending. The figures, which are most of it, are read once.
func (s *Store) EachKnowledge(ctx context.Context, p *plan.Plan, days []plan.Day, each func(knownOn plan.Day, k progress.Knowledge) error) error {
	if len(days) == 0 {
		return nil
	}
	var all progress.Knowledge
	if err := s.measureRows(s.until(ctx, p, days[len(days)-1]), &all); err != nil {
		return fmt.Errorf("read the measures: %w", err)
	}
	for _, d := range days {
		end := d.End().UnixMilli()
		rows := make([]progress.Row, 0, len(all.Rows))
		for _, r := range all.Rows {
			if r.KnownAt < end {
				rows = append(rows, r)
			}
		}
		k, err := s.registers(s.until(ctx, p, d), rows)
		if err != nil {
			return err
		}
		if err := each(d, k); err != nil {
			return err
		}
	}
	return nil
}

// until hands a day of knowledge and the measures of the plan to the queries.
func (s *Store) until(ctx context.Context, p *plan.Plan, knownOn plan.Day) context.Context {
	return s.with(ctx, map[string]string{"until": stamp(knownOn.End().Add(-time.Millisecond)), "measures": array(measuresOf(p))})
}

// registers adds what is known beside the figures.
func (s *Store) registers(ctx context.Context, rows []progress.Row) (progress.Knowledge, error) {
	k := progress.Knowledge{Rows: rows, Snapshots: map[string][]int64{}}
	if err := s.facilities(ctx, &k); err != nil {
		return k, fmt.Errorf("read the registry of facilities: %w", err)
	}
	if err := s.baselines(ctx, &k); err != nil {
		return k, fmt.Errorf("read the baselines: %w", err)
	}
	if err := s.snapshots(ctx, &k); err != nil {
		return k, fmt.Errorf("read the runs: %w", err)
	}
	return k, nil
}

// measuresOf lists the measures that the plan's indicators and their variants name.
func measuresOf(p *plan.Plan) []string {
	seen := map[string]bool{}
	var all []string
	add := func(codes ...string) {
		for _, c := range codes {
			if c != "" && !seen[c] {
				seen[c] = true
				all = append(all, c)
			}
		}
	}
	for _, ind := range p.Indicators {
		add(ind.Numerator, ind.Denominator, ind.Scope)
		for _, v := range ind.Variants {
			add(v.Numerator, v.Denominator)
		}
	}
	return all
}

func (s *Store) measureRows(ctx context.Context, k *progress.Knowledge) error {
	rows, err := s.conn.Query(ctx, `
		SELECT measure, source, unit, unit_from, dims, day, value, toUnixTimestamp64Milli(known_at)
		FROM measure
		WHERE plan = {plan:String} AND measure IN {measures:Array(String)} AND known_at <= {until:DateTime64(3, 'UTC')} AND (run_id = '' OR `+committed+`)
		ORDER BY measure, source, unit, unit_from, dims, period_type, day, known_at, run_id, page, position, written_at`)
	if err != nil {
		return err
	}
	defer rows.Close()
	units := map[plan.UnitKey]plan.UnitKey{} // one copy of every key, and of every name below
	names := map[string]string{}
	one := func(n string) string {
		if have, ok := names[n]; ok {
			return have
		}
		names[n] = n
		return n
	}
	for rows.Next() {
		var r progress.Row
		var from, day time.Time
		if err := rows.Scan(&r.Measure, &r.Source, &r.Unit.Code, &from, &r.Dims, &day, &r.Value, &r.KnownAt); err != nil {
			return err
		}
		r.Measure, r.Source, r.Dims, r.End = one(r.Measure), one(r.Source), one(r.Dims), dayFrom(day)
		r.Unit.From = dayFrom(from)
		if have, ok := units[r.Unit]; ok {
			r.Unit = have
		} else {
			units[r.Unit] = r.Unit
		}
		k.Rows = append(k.Rows, r)
	}
	return rows.Err()
}

func (s *Store) facilities(ctx context.Context, k *progress.Knowledge) error {
	rows, err := s.conn.Query(ctx, `
		SELECT id, kind, located_in, located_from, managed_by, managed_from, valid_from, valid_to, toUnixTimestamp64Milli(fetched_at)
		FROM facility WHERE plan = {plan:String} AND fetched_at <= {until:DateTime64(3, 'UTC')} AND `+committed+`
		ORDER BY id, fetched_at DESC, page DESC, position DESC LIMIT 1 BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f progress.Facility
		var located, managed, from time.Time
		var to *time.Time
		if err := rows.Scan(&f.Code, &f.Kind, &f.LocatedIn.Code, &located, &f.ManagedBy.Code, &managed, &from, &to, &f.KnownAt); err != nil {
			return err
		}
		f.LocatedIn.From, f.ManagedBy.From, f.From, f.To = dayFrom(located), dayFrom(managed), dayFrom(from), plan.NoDay
		if to != nil {
			f.To = dayFrom(*to)
		}
		k.Facilities = append(k.Facilities, f)
	}
	return rows.Err()
}

func (s *Store) baselines(ctx context.Context, k *progress.Knowledge) error {
	rows, err := s.conn.Query(ctx, `
		SELECT indicator, unit, unit_from, day, numerator, denominator, toUnixTimestamp64Milli(fetched_at)
		FROM baseline WHERE plan = {plan:String} AND fetched_at <= {until:DateTime64(3, 'UTC')} AND `+committed+`
		ORDER BY id, fetched_at DESC, page DESC, position DESC LIMIT 1 BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var b progress.BaselineRow
		var from, day time.Time
		if err := rows.Scan(&b.Indicator, &b.Unit.Code, &from, &day, &b.Numerator, &b.Denominator, &b.KnownAt); err != nil {
			return err
		}
		b.Unit.From, b.Day = dayFrom(from), dayFrom(day)
		k.Baselines = append(k.Baselines, b)
	}
	return rows.Err()
}

func (s *Store) snapshots(ctx context.Context, k *progress.Knowledge) error {
	rows, err := s.conn.Query(ctx, `
		SELECT source, toUnixTimestamp64Milli(fetched_at) AS at FROM run
		WHERE plan = {plan:String} AND state = 'ok' AND fetched_at <= {until:DateTime64(3, 'UTC')}
		GROUP BY source, at ORDER BY source, at`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		var at int64
		if err := rows.Scan(&source, &at); err != nil {
			return err
		}
		k.Snapshots[source] = append(k.Snapshots[source], at)
	}
	return rows.Err()
}

// array writes names as an array parameter.
func array(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(n) + "'"
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }
