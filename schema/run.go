package schema

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// Cursor is where the source's newest committed page said to go on; the zero cursor where there is none.
func (s *Store) Cursor(ctx context.Context, source string) (collectors.Cursor, error) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if c, ok := s.memory.cursors[source]; ok {
		return c, nil
	}
	var text string
	err := s.conn.QueryRow(ctx, `SELECT argMax(cursor, (fetched_at, committed_at, page)) FROM page WHERE plan = ? AND source = ?`, s.plan, source).Scan(&text)
	if err != nil {
		return collectors.Cursor{}, fmt.Errorf("read the cursor: %w", unanswered(err))
	}
	var c collectors.Cursor
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("cursor %q: %w", text, err)
	}
	return c, nil
}

func (s *Store) unmeasured(ctx context.Context, source string) ([]run.PageKey, error) {
	rows, err := s.conn.Query(ctx, `SELECT run_id, page FROM page WHERE plan = ? AND source = ?
		AND (run_id, page) NOT IN (SELECT run_id, page FROM measured WHERE plan = ? AND source = ?)`, s.plan, source, s.plan, source)
	if err != nil {
		return nil, fmt.Errorf("list the pages of source %s to measure: %w", source, err)
	}
	defer rows.Close()
	var keys []run.PageKey
	for rows.Next() {
		k := run.PageKey{Source: source}
		if err := rows.Scan(&k.RunID, &k.Page); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// InForce lists the procedures that the newest version says are in the catalogue.
func (s *Store) InForce(ctx context.Context, source string) ([]collectors.Procedure, error) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if s.memory.listed[source] == nil {
		if err := s.flush(ctx); err != nil {
			return nil, err
		}
		have, err := s.inForce(ctx, source)
		if err != nil {
			return nil, err
		}
		s.memory.listed[source] = map[string]collectors.Procedure{}
		s.memory.list(source, have)
	}
	return slices.Collect(maps.Values(s.memory.listed[source])), nil
}

func (s *Store) inForce(ctx context.Context, source string) ([]collectors.Procedure, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT unit, unit_from, code, name, level, eligible, valid_from, valid_to FROM
		(
			SELECT * FROM procedure
			WHERE plan = ? AND source = ? AND (run_id, page) IN (SELECT run_id, page FROM page WHERE plan = ? AND source = ?)
			ORDER BY id, fetched_at DESC, page DESC LIMIT 1 BY id
		) WHERE in_force ORDER BY id`, s.plan, source, s.plan, source)
	if err != nil {
		return nil, fmt.Errorf("list the known procedures: %w", err)
	}
	defer rows.Close()
	var all []collectors.Procedure
	for rows.Next() {
		var p collectors.Procedure
		var from time.Time
		var validFrom, validTo *time.Time
		if err := rows.Scan(&p.Unit.Code, &from, &p.Code, &p.Name, &p.Level, &p.Eligible, &validFrom, &validTo); err != nil {
			return nil, err
		}
		p.Unit.From = dayFrom(from)
		p.ValidFrom, p.ValidTo = plan.NoDay, plan.NoDay
		if validFrom != nil {
			p.ValidFrom = dayFrom(*validFrom)
		}
		if validTo != nil {
			p.ValidTo = dayFrom(*validTo)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// replaying is the setting that stands while everything is being rebuilt; with a source's name behind it, that source.
const replaying = "replaying"

// Newest is the newest fetch time of the source's committed pages; the zero time where there is none.
func (s *Store) Newest(ctx context.Context, source string) (time.Time, error) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if at, ok := s.memory.newest[source]; ok {
		return at, nil
	}
	var at *time.Time
	if err := s.conn.QueryRow(ctx, "SELECT maxOrNull(fetched_at) FROM page WHERE plan = ? AND source = ?", s.plan, source).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read the newest fetch: %w", unanswered(err))
	}
	if at == nil {
		at = &time.Time{}
	}
	s.memory.newest[source] = *at
	return *at, nil
}

// Rebuilding marks the source's figures as not whole until Rebuilt.
func (s *Store) Rebuilding(ctx context.Context, source string) error {
	return s.SetSetting(ctx, replaying+" "+source, "yes")
}

// Reset empties facts, measures, rejects and results; pages, payloads and runs stay. It marks the store as being rebuilt.
func (s *Store) Reset(ctx context.Context) error {
	return s.reset(ctx, replaying, []string{"measure", "measured", "reject", "drift", "assessment", "standing"}, "")
}

// ResetSource empties the source's facts, measures and rejects, and marks it as being rebuilt; its results stay.
func (s *Store) ResetSource(ctx context.Context, source string) error {
	return s.reset(ctx, replaying+" "+source, []string{"measure", "measured", "reject", "drift"}, " AND source = ?", source)
}

func (s *Store) reset(ctx context.Context, mark string, tables []string, and string, args ...any) error {
	if err := s.SetSetting(ctx, mark, "yes"); err != nil {
		return err
	}
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.memory.forget()
	clear(s.pending.broken) // the runs' pages come again, from what was landed
	for _, t := range factTables {
		tables = append(tables, t.name)
	}
	for _, t := range tables {
		var n uint64
		if err := s.conn.QueryRow(ctx, "SELECT count() FROM (SELECT 1 FROM "+t+" WHERE plan = ?"+and+" LIMIT 1)", append([]any{s.plan}, args...)...).Scan(&n); err != nil {
			return fmt.Errorf("look into table %s: %w", t, unanswered(err))
		}
		if n == 0 {
			continue // a mutation costs more than a look
		}
		if err := s.conn.Exec(ctx, "ALTER TABLE "+t+" DELETE WHERE plan = ?"+and+" SETTINGS mutations_sync = 1", append([]any{s.plan}, args...)...); err != nil {
			return fmt.Errorf("empty table %s: %w", t, unanswered(err))
		}
	}
	return nil
}

// Rebuilt ends what Reset began, and with it the rebuilding of every source.
func (s *Store) Rebuilt(ctx context.Context) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	marks, err := s.marks(ctx)
	for _, m := range marks {
		err = cmp.Or(err, s.SetSetting(ctx, m, ""))
	}
	return err
}

// SourceRebuilt ends what Rebuilding or ResetSource began.
func (s *Store) SourceRebuilt(ctx context.Context, source string) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	return s.SetSetting(ctx, replaying+" "+source, "")
}

// Replaying says whether a replay, or the rebuilding of a source, was begun and did not reach its end.
func (s *Store) Replaying(ctx context.Context) (bool, error) {
	marks, err := s.marks(ctx)
	return len(marks) > 0, err
}

func (s *Store) marks(ctx context.Context) ([]string, error) {
	var names []string
	err := s.conn.QueryRow(ctx, `SELECT groupArrayIf(name, v != '') FROM (SELECT name, argMax(value, set_at) AS v FROM setting WHERE plan = ? AND startsWith(name, ?) GROUP BY name)`,
		s.plan, replaying).Scan(&names)
	if err != nil {
		return nil, fmt.Errorf("read whether a replay is under way: %w", unanswered(err))
	}
	return names, nil
}

// Pages calls f for every committed page of the source, oldest fetch first.
func (s *Store) Pages(ctx context.Context, source string, f func(run.PageKey, collectors.Page) error) error {
	rows, err := s.conn.Query(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_block_size": 64})), `
		SELECT run_id, page, sha256, request, fetched_at, asserted, records, cursor, body
		FROM page ANY LEFT JOIN (SELECT sha256, body FROM payload WHERE plan = ? AND source = ?) AS landed USING (sha256)
		WHERE plan = ? AND source = ? ORDER BY fetched_at, committed_at, run_id, page`, s.plan, source, s.plan, source)
	if err != nil {
		return fmt.Errorf("read the landed pages of source %s: %w", source, err)
	}
	defer rows.Close()
	for rows.Next() {
		at := run.PageKey{Source: source}
		var p collectors.Page
		var records uint32
		var cursor, body string
		if err := rows.Scan(&at.RunID, &at.Page, &at.SHA256, &p.Request, &p.FetchedAt, &at.Asserted, &records, &cursor, &body); err != nil {
			return err
		}
		if body == "" {
			return fmt.Errorf("payload %s of source %s is missing", at.SHA256, source)
		}
		p.Body, p.Records = json.RawMessage(body), int(records)
		if err := f(at, p); err != nil {
			return err
		}
	}
	return rows.Err()
}
