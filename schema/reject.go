package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"

	"tiendo/collectors"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
)

// refusedPages are the pages that hold refused records.
const refusedPages = "(SELECT run_id, page FROM reject WHERE plan = {plan:String})"

// settledQuery lists the refused records that are settled: redriven, when the very place in its page was accepted since;
// later, when a page that came later brought what stands in its stead: the same record, or the figure of the same unit that
// the rest of its table speaks of.
func settledQuery() string {
	var places, facts []string
	for _, t := range factTables {
		places = append(places, "SELECT run_id, page, position FROM "+t.name+" WHERE plan = {plan:String} AND (run_id, page) IN "+refusedPages)
		facts = append(facts, "SELECT source, id, fetched_at FROM "+t.name+" WHERE plan = {plan:String} AND id IN (SELECT key FROM reject WHERE plan = {plan:String} AND key != '') AND "+committed)
	}
	places = append(places, "SELECT run_id, page, position FROM measure WHERE plan = {plan:String} AND run_id != '' AND (run_id, page) IN "+refusedPages)
	return `
	SELECT r.run_id, r.page, r.position, r.rule, multiIf((r.run_id, r.page, r.position) IN (` + strings.Join(places, " UNION ALL ") + `), 'redriven', facts.newest > r.fetched_at OR figures.newest > r.fetched_at, 'later', '') AS settled
	FROM (SELECT * FROM reject WHERE plan = {plan:String} AND ` + committed + `) AS r
	LEFT JOIN (SELECT source, id, max(fetched_at) AS newest FROM (` + strings.Join(facts, " UNION ALL ") + `) GROUP BY source, id) AS facts ON facts.source = r.source AND facts.id = r.key
	LEFT JOIN
	(
		SELECT x.run_id AS run_id, x.page AS page, x.position AS position, max(of_unit.newest) AS newest
		FROM (SELECT DISTINCT source, run_id, page, position, splitByChar(' ', key)[1] AS unit, splitByChar(' ', key)[2] AS member FROM reject WHERE plan = {plan:String} AND key != '') AS x
		INNER JOIN (SELECT DISTINCT run_id, page, measure, day FROM measure WHERE plan = {plan:String} AND run_id != '' AND (run_id, page) IN ` + refusedPages + `) AS mates ON mates.run_id = x.run_id AND mates.page = x.page
		INNER JOIN (SELECT source, measure, unit, dims, day, max(known_at) AS newest FROM measure
			WHERE plan = {plan:String} AND run_id != '' AND unit IN (SELECT splitByChar(' ', key)[1] FROM reject WHERE plan = {plan:String} AND key != '') AND ` + committed + ` GROUP BY ALL) AS of_unit
			ON of_unit.source = x.source AND of_unit.measure = mates.measure AND of_unit.unit = x.unit AND of_unit.day = mates.day
		WHERE of_unit.dims = '' OR of_unit.dims = x.member
		GROUP BY ALL
	) AS figures ON figures.run_id = r.run_id AND figures.page = r.page AND figures.position = r.position
	WHERE settled != ''`
}

// settled is what is known to be settled, as of a state of the store.
type settled struct {
	mu    sync.Mutex
	state string
	rows  [][4]any // run, page, position, fate; distinct
}

// withSettled gives a query the table settled(run_id, page, position, fate). What is settled is asked anew when pages were committed, or
// refused records tried again, since it was asked last: it takes a look at everything that was ever loaded.
func (s *Store) withSettled(ctx context.Context, params map[string]string) (context.Context, error) {
	redriven, err := s.Setting(ctx, settingRedriven)
	if err != nil {
		return ctx, err
	}
	ctx = s.with(ctx, params)
	var state string
	if err := s.conn.QueryRow(ctx, `SELECT toString((count(), max(committed_at), (SELECT count() FROM measured WHERE plan = {plan:String}), (SELECT count() FROM reject WHERE plan = {plan:String}))) FROM page WHERE plan = {plan:String}`).Scan(&state); err != nil {
		return ctx, fmt.Errorf("look at the newest page: %w", err)
	}
	state += redriven
	s.settled.mu.Lock()
	defer s.settled.mu.Unlock()
	if s.settled.state != state {
		rows, err := s.conn.Query(ctx, settledQuery())
		if err != nil {
			return ctx, fmt.Errorf("look for what became of the rejects: %w", err)
		}
		defer rows.Close()
		s.settled.rows = nil
		seen := map[[3]any]bool{}
		for rows.Next() {
			var id, rule, fate string
			var page, position uint32
			if err := rows.Scan(&id, &page, &position, &rule, &fate); err != nil {
				return ctx, err
			}
			if k := [3]any{id, page, position}; !seen[k] {
				seen[k] = true
				s.settled.rows = append(s.settled.rows, [4]any{id, page, position, fate})
			}
		}
		if err := rows.Err(); err != nil {
			return ctx, err
		}
		s.settled.state = state
	}
	table, err := ext.NewTable("settled", ext.Column("run_id", "String"), ext.Column("page", "UInt32"), ext.Column("position", "UInt32"), ext.Column("fate", "String"))
	if err != nil {
		return ctx, err
	}
	for _, r := range s.settled.rows {
		if err := table.Append(r[0], r[1], r[2], r[3]); err != nil {
			return ctx, err
		}
	}
	return clickhouse.Context(ctx, clickhouse.WithExternalTable(table)), nil
}

// settingRedriven changes with every time that refused records are tried again.
const settingRedriven = "redriven"

// refusedRows are the refused records of a source, or of all, with what became of them; empty: still missing.
const refusedRows = `
	SELECT r.source AS source, r.run_id AS run_id, r.page AS page, r.position AS position, r.key AS key, r.field AS field, r.rule AS rule, r.rule_vi AS rule_vi, r.reason AS reason, r.sha256 AS sha256, r.fetched_at AS fetched_at, f.fate AS settled
	FROM (SELECT * FROM v_reject WHERE plan = {plan:String} AND ({source:String} = '' OR source = {source:String})) AS r
	LEFT JOIN settled AS f ON f.run_id = r.run_id AND f.page = r.page AND f.position = r.position`

// RejectCounts counts the refused records of a source, or of all, by source and rule.
func (s *Store) RejectCounts(ctx context.Context, source string) ([]web.RejectCount, error) {
	ctx, err := s.withSettled(ctx, map[string]string{"source": source})
	if err != nil {
		return nil, err
	}
	rows, err := s.conn.Query(ctx, `
		SELECT source, rule, any(rule_vi), countIf(settled = ''), countIf(settled != ''), argMax(field, (settled = '', at)), argMax(reason, (settled = '', at)), max(at)
		FROM (SELECT source, rule, rule_vi, settled, field, reason, fetched_at AS at FROM (`+refusedRows+`)) GROUP BY source, rule ORDER BY source, countIf(settled = '') DESC, rule`)
	if err != nil {
		return nil, fmt.Errorf("count the rejects: %w", err)
	}
	defer rows.Close()
	var all []web.RejectCount
	for rows.Next() {
		var x web.RejectCount
		if err := rows.Scan(&x.Source, &x.Rule, &x.Name, &x.Open, &x.Settled, &x.Field, &x.Reason, &x.Last); err != nil {
			return nil, fmt.Errorf("count the rejects: %w", err)
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// RejectList reads refused records part by part, the newest first, and how many there are.
func (s *Store) RejectList(ctx context.Context, q web.RejectQuery) (all []web.Rejected, total uint64, err error) {
	ctx, err = s.withSettled(ctx, map[string]string{"source": q.Source, "rule": q.Rule, "skip": strconv.Itoa(q.Skip), "most": strconv.Itoa(q.Most)})
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.conn.Query(ctx, `
		SELECT source, rule, rule_vi, field, reason, key, run_id, page, position, sha256, fetched_at, settled, count() OVER () FROM (`+refusedRows+`)
		WHERE ({rule:String} = '' OR rule = {rule:String})`+map[bool]string{true: " AND settled = ''"}[q.Open]+`
		ORDER BY fetched_at DESC, source, run_id DESC, page, position, rule LIMIT {most:UInt32} OFFSET {skip:UInt32}`)
	if err != nil {
		return nil, 0, fmt.Errorf("list the rejects: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x web.Rejected
		if err := rows.Scan(&x.Source, &x.Rule, &x.Name, &x.Field, &x.Reason, &x.Key, &x.RunID, &x.Page, &x.Position, &x.SHA256, &x.FetchedAt, &x.Settled, &total); err != nil {
			return nil, 0, fmt.Errorf("list the rejects: %w", err)
		}
		all = append(all, x)
	}
	return all, total, rows.Err()
}

// Refused calls f for every committed page of the source with records that were refused and not accepted since, the oldest
// fetch first.
func (s *Store) Refused(ctx context.Context, source string, f func(run.PageKey, collectors.Page, []int) error) error {
	ctx, err := s.withSettled(ctx, map[string]string{"source": source})
	if err != nil {
		return err
	}
	rows, err := s.conn.Query(ctx, `
		SELECT run_id, page, any(sha256), any(request), any(at), any(asserted), any(records), groupArray(place), any(body) FROM
		(
			SELECT p.run_id AS run_id, p.page AS page, p.sha256 AS sha256, p.request AS request, p.fetched_at AS at, p.asserted AS asserted, p.records AS records, x.position AS place, p.committed_at AS committed_at, landed.body AS body
			FROM (SELECT DISTINCT run_id, page, position FROM (`+refusedRows+`) WHERE settled = '') AS x
			INNER JOIN (SELECT * FROM page WHERE plan = {plan:String} AND source = {source:String}) AS p ON p.run_id = x.run_id AND p.page = x.page
			ANY LEFT JOIN (SELECT sha256, body FROM payload WHERE plan = {plan:String} AND source = {source:String} AND sha256 IN (SELECT sha256 FROM reject WHERE plan = {plan:String} AND source = {source:String})) AS landed ON landed.sha256 = p.sha256
		)
		GROUP BY run_id, page ORDER BY any(at), any(committed_at), run_id, page`)
	if err != nil {
		return fmt.Errorf("read the pages with rejects of source %s: %w", source, err)
	}
	defer rows.Close()
	for rows.Next() {
		at := run.PageKey{Source: source}
		var p collectors.Page
		var records uint32
		var places []uint32
		var body string
		if err := rows.Scan(&at.RunID, &at.Page, &at.SHA256, &p.Request, &p.FetchedAt, &at.Asserted, &records, &places, &body); err != nil {
			return err
		}
		if body == "" {
			return fmt.Errorf("payload %s of source %s is missing", at.SHA256, source)
		}
		p.Body, p.Records = json.RawMessage(body), int(records)
		all := make([]int, len(places))
		for i, x := range places {
			all[i] = int(x)
		}
		if err := f(at, p, all); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Remeasure lets the pages count as new for the next Measure, and what is known of their records be looked up as of their
// own time.
func (s *Store) Remeasure(ctx context.Context, source string, pages []run.PageKey) error {
	if err := s.SetSetting(ctx, settingRedriven, time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return err
	}
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.memory.forget()
	var all []string
	for _, p := range pages {
		all = append(all, p.RunID+" "+strconv.FormatUint(uint64(p.Page), 10))
	}
	err := s.conn.Exec(s.with(ctx, map[string]string{"source": source, "pages": list(all)}), `
		ALTER TABLE measured DELETE WHERE plan = {plan:String} AND source = {source:String} AND concat(run_id, ' ', toString(page)) IN {pages:Array(String)} SETTINGS mutations_sync = 1`)
	if err != nil {
		return fmt.Errorf("have %d pages of source %s measured anew: %w", len(pages), source, unanswered(err))
	}
	return nil
}

// Redrive loads records of a page that was committed before and returns how many say something new.
func (s *Store) Redrive(ctx context.Context, at run.PageKey, fetched time.Time, b collectors.Batch) (int, error) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	n, err := s.load(ctx, at, fetched, b)
	if err != nil {
		return n, err
	}
	s.learn(at)
	if s.pending.full() {
		return n, s.flush(ctx)
	}
	return n, nil
}
