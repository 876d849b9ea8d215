package schema

import (
	"context"
	"fmt"
	"time"
)

// Seen says whether a drop-folder file of that content has been landed and committed.
func (s *Store) Seen(ctx context.Context, source, sha string) bool {
	var n uint64
	err := s.conn.QueryRow(ctx, `SELECT count() FROM page WHERE plan = ? AND source = ? AND position(request, ?) > 0`, s.plan, source, sha).Scan(&n)
	return err == nil && n > 0 // when in doubt the file is read again, which changes nothing
}

// PageCount is the number of committed pages of the plan.
func (s *Store) PageCount(ctx context.Context) (uint64, error) {
	var n uint64
	if err := s.conn.QueryRow(ctx, `SELECT count() FROM page WHERE plan = ?`, s.plan).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the pages: %w", err)
	}
	return n, nil
}

// LastRuns is the fetch time of every source's newest run that ended.
func (s *Store) LastRuns(ctx context.Context) (map[string]time.Time, error) {
	rows, err := s.conn.Query(ctx, `SELECT source, max(fetched_at) FROM run WHERE plan = ? GROUP BY source`, s.plan)
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	defer rows.Close()
	last := map[string]time.Time{}
	for rows.Next() {
		var source string
		var at time.Time
		if err := rows.Scan(&source, &at); err != nil {
			return nil, err
		}
		last[source] = at
	}
	return last, rows.Err()
}

// Counts is how much the store holds of the plan.
type Counts struct{ Pages, Records, Rejects, Measures uint64 }

// Counts counts.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.conn.QueryRow(ctx, `SELECT count(), sum(records), sum(rejected), (SELECT count() FROM measure WHERE plan = ?) FROM page WHERE plan = ?`, s.plan, s.plan).
		Scan(&c.Pages, &c.Records, &c.Rejects, &c.Measures)
	if err != nil {
		return c, fmt.Errorf("count the store: %w", err)
	}
	return c, nil
}

// LastSuccess is the fetch time of every source's newest complete snapshot.
func (s *Store) LastSuccess(ctx context.Context) (map[string]time.Time, error) {
	rows, err := s.conn.Query(ctx, `SELECT source, max(fetched_at) FROM run WHERE plan = ? AND state = 'ok' GROUP BY source`, s.plan)
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	defer rows.Close()
	last := map[string]time.Time{}
	for rows.Next() {
		var source string
		var at time.Time
		if err := rows.Scan(&source, &at); err != nil {
			return nil, err
		}
		last[source] = at
	}
	return last, rows.Err()
}
