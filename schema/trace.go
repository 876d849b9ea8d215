package schema

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
)

// traced turns a question about a figure's inputs into parameters.
func traced(q web.InputQuery) map[string]string {
	codes, keys := make([]string, len(q.Units)), make([]string, len(q.Units))
	for i, u := range q.Units {
		codes[i], keys[i] = u.Code, u.Code+" "+dayValue(u.From).Format(time.DateOnly)
	}
	until := "2299-01-01 00:00:00.000"
	if q.KnownOn != plan.NoDay {
		until = stamp(q.KnownOn.End().Add(-time.Millisecond))
	}
	return map[string]string{
		"measures": list(q.Measures), "sources": list(q.Sources), "kinds": list(q.Kinds), "codes": list(codes), "keys": list(keys),
		"since": dayValue(q.From).Format(time.DateOnly), "upto": dayValue(q.To).Format(time.DateOnly), "until": until,
		"skip": strconv.Itoa(q.Skip), "most": strconv.Itoa(q.Most),
	}
}

// landedWith joins rows with the manifest of their page.
const landedWith = ` LEFT JOIN
	(SELECT run_id, page, sha256, request, fetched_at, rejected FROM page WHERE plan = {plan:String} AND source IN {sources:Array(String)}) AS p
	ON p.run_id = r.run_id AND p.page = r.page`

// ofUnits limits rows to the units asked for.
const ofUnits = "unit IN {codes:Array(String)} AND concat(unit, ' ', toString(unit_from)) IN {keys:Array(String)}"

// inputs is the query of the figures that count: the newest version of each, of a stock the newest period of each.
func inputs(q web.InputQuery) string {
	who := ofUnits
	if len(q.Kinds) > 0 {
		place := "located"
		if q.Managed {
			place = "managed"
		}
		who = `unit IN (SELECT id FROM
			(
				SELECT id, kind, located_in, located_from, managed_by, managed_from, valid_from, valid_to FROM facility
				WHERE plan = {plan:String} AND fetched_at <= {until:DateTime64(3, 'UTC')} AND ` + committed + `
				ORDER BY id, fetched_at DESC, page DESC, position DESC LIMIT 1 BY id
			)
			WHERE kind IN {kinds:Array(String)} AND valid_from <= {upto:Date32} AND (valid_to IS NULL OR valid_to >= {since:Date32})
			  AND concat(` + map[string]string{"located": "located_in, ' ', toString(located_from)", "managed": "managed_by, ' ', toString(managed_from)"}[place] + `) IN {keys:Array(String)})`
	}
	newest := ""
	if q.From == plan.NoDay {
		newest = " ORDER BY measure, unit, unit_from, dims, source, day DESC LIMIT 1 BY measure, unit, unit_from, dims, source"
	}
	return `SELECT * FROM
		(
			SELECT measure, source, unit, unit_from, dims, start, day, value, evidence, known_at, run_id, page, position FROM measure
			WHERE plan = {plan:String} AND measure IN {measures:Array(String)} AND source IN {sources:Array(String)} AND ` + who + `
			  AND day BETWEEN {since:Date32} AND {upto:Date32} AND known_at <= {until:DateTime64(3, 'UTC')} AND (run_id = '' OR ` + committed + `)
			ORDER BY measure, unit, unit_from, dims, source, day, known_at DESC, run_id DESC, page DESC, position DESC, written_at DESC
			LIMIT 1 BY measure, unit, unit_from, dims, source, day
		)` + newest
}

// Inputs reads the figures behind an indicator's value.
func (s *Store) Inputs(ctx context.Context, q web.InputQuery) (all []web.Input, sums []web.InputSum, err error) {
	ctx = s.with(ctx, traced(q))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		rows, err := s.conn.Query(ctx, `SELECT measure, source, count(), uniqExact(unit, unit_from), sum(value), countIf(run_id = '') > 0 FROM (`+inputs(q)+`) GROUP BY measure, source ORDER BY measure, source`)
		if err != nil {
			return fmt.Errorf("add up the inputs: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var x web.InputSum
			if err := rows.Scan(&x.Measure, &x.Source, &x.Figures, &x.Units, &x.Sum, &x.Counted); err != nil {
				return fmt.Errorf("add up the inputs: %w", err)
			}
			sums = append(sums, x)
		}
		return rows.Err()
	})
	if q.Most > 0 {
		g.Go(func() error {
			rows, err := s.conn.Query(ctx, `
				SELECT r.measure, r.source, r.unit, r.unit_from, f.name, r.dims, r.start, r.day, r.value, r.evidence, r.known_at,
					r.run_id, r.page, r.position, p.sha256, p.request, p.fetched_at, p.rejected
				FROM (SELECT * FROM (`+inputs(q)+`) ORDER BY day DESC, unit, unit_from, dims, measure, source LIMIT {skip:UInt32}, {most:UInt32}) AS r`+landedWith+`
				LEFT JOIN (SELECT id, argMax(name, fetched_at) AS name FROM facility WHERE plan = {plan:String} GROUP BY id) AS f ON f.id = r.unit
				ORDER BY r.day DESC, r.unit, r.unit_from, r.dims, r.measure, r.source`)
			if err != nil {
				return fmt.Errorf("read the inputs: %w", err)
			}
			defer rows.Close()
			for rows.Next() {
				var x web.Input
				var from, start, end time.Time
				if err := rows.Scan(&x.Measure, &x.Source, &x.Unit.Code, &from, &x.Name, &x.Dims, &start, &end, &x.Value, &x.Evidence, &x.KnownAt,
					&x.RunID, &x.Page, &x.Position, &x.SHA256, &x.Request, &x.FetchedAt, &x.Rejected); err != nil {
					return fmt.Errorf("read the inputs: %w", err)
				}
				x.Unit.From, x.Start, x.End = dayFrom(from), dayFrom(start), dayFrom(end)
				all = append(all, x)
			}
			return rows.Err()
		})
	}
	return all, sums, g.Wait()
}

// counted says how a measure is counted from the records of a table.
type counted struct {
	table, id, day, counts, amount, newest string
}

// countedFrom finds the table and the conditions by which measure.go and measure_procedure.sql count the measure.
func countedFrom(measure string) (counted, bool) {
	for _, a := range aggregates {
		for _, m := range a.Measures {
			if m.Code == measure {
				return counted{a.Table, "id", "day", a.Counts, m.Amount, "fetched_at DESC, updated DESC, page DESC, position DESC"}, true
			}
		}
	}
	inForce := "in_force AND (valid_to IS NULL OR valid_to >= {upto:Date32}) AND (valid_from IS NULL OR valid_from <= {upto:Date32})"
	amount := map[string]string{"procedure.in_force": inForce, "procedure.eligible": inForce + " AND eligible", "procedure.full": inForce + " AND level = 4"}[measure]
	if amount == "" {
		return counted{}, false
	}
	return counted{"procedure", "concat(code, ' ', name)", "toDate32(fetched_at, 'Asia/Ho_Chi_Minh')", "1", "toInt64(" + amount + ")", "fetched_at DESC, page DESC, position DESC"}, true
}

// Records reads the records that count in the first measure asked for.
func (s *Store) Records(ctx context.Context, q web.InputQuery) ([]web.Record, uint64, error) {
	if len(q.Measures) == 0 {
		return nil, 0, nil
	}
	c, ok := countedFrom(q.Measures[0])
	if !ok {
		return nil, 0, nil
	}
	key := "id"
	if c.table == "procedure" {
		key = "unit, unit_from, code"
	}
	touched := "id IN (SELECT id FROM " + c.table + " WHERE plan = {plan:String} AND " + ofUnits + " AND day BETWEEN {since:Date32} AND {upto:Date32})"
	if c.table == "procedure" {
		touched = ofUnits
	}
	rows, err := s.conn.Query(s.with(ctx, traced(q)), strings.NewReplacer("TABLE", c.table, "ID", c.id, "DAY", c.day, "COUNTS", c.counts, "AMOUNT", c.amount, "NEWEST", c.newest, "KEY", key, "TOUCHED", touched).Replace(`
		SELECT r.what, r.unit, r.unit_from, r.at_day, r.adds, r.n, r.source, r.run_id, r.page, r.position, p.sha256, p.request, p.fetched_at, p.rejected
		FROM
		(
			SELECT what, unit, unit_from, at_day, adds, source, run_id, page, position, count() OVER () AS n FROM
			(
				SELECT ID AS what, unit, unit_from, DAY AS at_day, COUNTS AS valid, AMOUNT AS adds, source, run_id, page, position FROM TABLE
				WHERE plan = {plan:String} AND source IN {sources:Array(String)} AND fetched_at <= {until:DateTime64(3, 'UTC')} AND `)+committed+strings.NewReplacer("NEWEST", c.newest, "KEY", key, "TOUCHED", touched).Replace(`
				  AND TOUCHED
				ORDER BY KEY, NEWEST LIMIT 1 BY KEY
			)
			WHERE valid AND adds != 0 AND `)+ofUnits+` AND at_day BETWEEN {since:Date32} AND {upto:Date32}
			ORDER BY at_day DESC, what, unit LIMIT {skip:UInt32}, {most:UInt32}
		) AS r`+landedWith+`
		ORDER BY r.at_day DESC, r.what, r.unit`)
	if err != nil {
		return nil, 0, fmt.Errorf("read the records of %s: %w", q.Measures[0], err)
	}
	defer rows.Close()
	var all []web.Record
	var n uint64
	for rows.Next() {
		var x web.Record
		var from, day time.Time
		if err := rows.Scan(&x.ID, &x.Unit.Code, &from, &day, &x.Amount, &n, &x.Source, &x.RunID, &x.Page, &x.Position, &x.SHA256, &x.Request, &x.FetchedAt, &x.Rejected); err != nil {
			return nil, 0, fmt.Errorf("read the records of %s: %w", q.Measures[0], err)
		}
		x.Unit.From, x.Day = dayFrom(from), dayFrom(day)
		all = append(all, x)
	}
	return all, n, rows.Err()
}

// shownPages is how many pages of one body are named; shownRefused is how many refused records of it are.
const (
	shownPages   = 10
	shownRefused = 200
)

// Payload reads a landed body.
func (s *Store) Payload(ctx context.Context, source, sha string) (*web.Payload, error) {
	ctx = s.with(ctx, map[string]string{"source": source, "sha": sha})
	rows, err := s.conn.Query(ctx, `
		SELECT source, run_id, page, sha256, request, fetched_at, rejected, records FROM page
		WHERE plan = {plan:String} AND source = {source:String} AND sha256 = {sha:String} ORDER BY fetched_at DESC LIMIT `+strconv.Itoa(shownPages))
	if err != nil {
		return nil, fmt.Errorf("read the pages of a body: %w", err)
	}
	defer rows.Close()
	var p web.Payload
	for rows.Next() {
		var x web.Landed
		if err := rows.Scan(&x.Source, &x.RunID, &x.Page, &x.SHA256, &x.Request, &x.FetchedAt, &x.Rejected, &p.Records); err != nil {
			return nil, fmt.Errorf("read the pages of a body: %w", err)
		}
		p.Pages = append(p.Pages, x)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(p.Pages) == 0 {
		return nil, nil
	}
	var bodies []string
	err = s.conn.QueryRow(ctx, `SELECT groupArray(1)(body) FROM payload WHERE plan = {plan:String} AND source = {source:String} AND sha256 = {sha:String}`).Scan(&bodies)
	if err != nil {
		return nil, fmt.Errorf("read a body: %w", err)
	}
	if len(bodies) == 0 {
		return nil, nil
	}
	p.Body = []byte(bodies[0])
	refused, err := s.conn.Query(ctx, `
		SELECT DISTINCT position, field, rule_vi, reason FROM v_reject
		WHERE plan = {plan:String} AND source = {source:String} AND sha256 = {sha:String} ORDER BY position, field LIMIT `+strconv.Itoa(shownRefused))
	if err != nil {
		return nil, fmt.Errorf("read what was refused of a body: %w", err)
	}
	defer refused.Close()
	for refused.Next() {
		var x web.Refused
		if err := refused.Scan(&x.Position, &x.Field, &x.Rule, &x.Reason); err != nil {
			return nil, fmt.Errorf("read what was refused of a body: %w", err)
		}
		p.Rejects = append(p.Rejects, x)
	}
	return &p, refused.Err()
}
