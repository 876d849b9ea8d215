package schema

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// fileMark stands in the request of a page that holds a drop-folder file, before the hash of the file.
const fileMark = "sha256="

// Seen says whether a drop-folder file of that content has been taken in.
func (s *Store) Seen(ctx context.Context, source, sha string) bool {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if s.memory.files[source] == nil {
		var all []string
		err := s.conn.QueryRow(ctx, `SELECT groupUniqArray(splitByString(?, request)[2]) FROM page WHERE plan = ? AND source = ?`, fileMark, s.plan, source).Scan(&all)
		if err != nil {
			return false // when in doubt the file is read again, which changes nothing
		}
		s.memory.files[source] = map[string]bool{}
		for _, f := range all {
			s.memory.files[source][f] = true
		}
	}
	return s.memory.files[source][sha]
}

// PageCount is the number of committed pages of the plan.
func (s *Store) PageCount(ctx context.Context) (uint64, error) {
	var n uint64
	if err := s.conn.QueryRow(ctx, `SELECT count() FROM page WHERE plan = ?`, s.plan).Scan(&n); err != nil {
		return 0, fmt.Errorf("count the pages: %w", err)
	}
	return n, nil
}

// LastRuns is the fetch time of every source's newest run that ended, LastSuccess that of its newest complete snapshot.
func (s *Store) LastRuns(ctx context.Context) (map[string]time.Time, error) {
	return s.runTimes(ctx, "max", "1")
}

// LastSuccess is said at LastRuns.
func (s *Store) LastSuccess(ctx context.Context) (map[string]time.Time, error) {
	return s.runTimes(ctx, "max", "state = 'ok'")
}

func (s *Store) runTimes(ctx context.Context, which, where string) (map[string]time.Time, error) {
	rows, err := s.conn.Query(ctx, "SELECT source, "+which+"(fetched_at) FROM run WHERE plan = ? AND "+where+" GROUP BY source", s.plan)
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

// SourceState is how a source stands.
type SourceState struct {
	Source       string     `json:"source"`
	LastComplete *time.Time `json:"last_complete"` // fetch time of the newest complete snapshot
	LastRun      *time.Time `json:"last_run"`
	State        string     `json:"state"`
	Error        string     `json:"error"`
	Records      uint64     `json:"records"`
	Rejected     uint64     `json:"rejected"`
	Unmeasured   uint64     `json:"unmeasured_pages"`
}

// SourceStates is one state for each source named, also for those never pulled.
func (s *Store) SourceStates(ctx context.Context, sources []string) ([]SourceState, error) {
	out := make([]SourceState, 0, len(sources))
	for _, id := range sources {
		x := SourceState{Source: id}
		err := s.conn.QueryRow(ctx, `
			SELECT maxOrNullIf(fetched_at, state = 'ok'), maxOrNull(fetched_at), argMax(state, (fetched_at, ended_at)), argMax(error, (fetched_at, ended_at))
			FROM run WHERE plan = ? AND source = ?`, s.plan, id).Scan(&x.LastComplete, &x.LastRun, &x.State, &x.Error)
		if err == nil {
			err = s.conn.QueryRow(ctx, `
				SELECT sum(records), sum(rejected), countIf((run_id, page) NOT IN (SELECT run_id, page FROM measured WHERE plan = ? AND source = ?))
				FROM page WHERE plan = ? AND source = ?`, s.plan, id, s.plan, id).Scan(&x.Records, &x.Rejected, &x.Unmeasured)
		}
		if err != nil {
			return nil, fmt.Errorf("read the state of source %s: %w", id, err)
		}
		out = append(out, x)
	}
	return out, nil
}

// Reject is a refused record with the way back to it.
type Reject struct {
	Source    string    `json:"source"`
	RunID     string    `json:"run_id"`
	SHA256    string    `json:"payload"`
	Position  uint32    `json:"position"`
	Key       string    `json:"key"`
	Field     string    `json:"field"`
	Rule      string    `json:"rule"`
	Reason    string    `json:"reason"`
	FetchedAt time.Time `json:"fetched_at"`
}

// Rejects lists the source's newest refused records of committed pages.
func (s *Store) Rejects(ctx context.Context, source string, limit int) ([]Reject, error) {
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"source": source, "limit": strconv.Itoa(limit)}), `
		SELECT source, run_id, sha256, position, key, field, rule, reason, fetched_at FROM reject
		WHERE plan = {plan:String} AND source = {source:String} AND `+committed+`
		ORDER BY fetched_at DESC, run_id DESC, page, position LIMIT {limit:UInt32}`)
	if err != nil {
		return nil, fmt.Errorf("list the rejects of source %s: %w", source, err)
	}
	defer rows.Close()
	var out []Reject
	for rows.Next() {
		var r Reject
		if err := rows.Scan(&r.Source, &r.RunID, &r.SHA256, &r.Position, &r.Key, &r.Field, &r.Rule, &r.Reason, &r.FetchedAt); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
