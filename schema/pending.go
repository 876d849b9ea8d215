package schema

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"sync"
	"syscall"
	"time"

	"tiendo/collectors"
)

// pending is what was taken in and is not written yet: rows by table. One insert of many rows costs little more than one
// of a few, so small pages and small runs wait for each other.
type pending struct {
	mu       sync.Mutex
	rows     map[string][][]any
	count    int
	bytes    int
	deferred bool
	staged   map[string]*staged // by run: the page that it has loaded and not committed yet
	runs     map[string]bool    // that have something here
	broken   map[string]error   // runs that lost something of theirs when writing failed
	failed   error              // while runs' ends are deferred: nobody else would be told

	facts   map[string]map[string]known // by factKey: what committed pages told that is not written yet
	figures map[figureKey]figure
}

func newPending() *pending {
	return &pending{
		rows: map[string][][]any{}, staged: map[string]*staged{}, runs: map[string]bool{}, broken: map[string]error{},
		facts: map[string]map[string]known{}, figures: map[figureKey]figure{},
	}
}

// staged is what a loaded page will have told when it is committed. A page that does not get there was never seen, so that
// it is taken in as new when it comes again.
type staged struct {
	facts   []stagedFact
	figures map[figureKey]figure
	refused []uint64
	listed  []collectors.Procedure
}

type stagedFact struct {
	table, id string
	known     known
}

// accepts says whether a run may go on: not when something of it was given up.
func (p *pending) accepts(runID string) error {
	if p.failed != nil {
		return fmt.Errorf("an earlier write failed, so nothing more is taken in: %w", p.failed)
	}
	if err := p.broken[runID]; err != nil {
		return fmt.Errorf("what this run took in before was given up when it could not be written: %w", err)
	}
	p.runs[runID] = true
	return nil
}

// Limits of what may wait.
const (
	pendingRows  = 20_000
	pendingBytes = 16 << 20
)

func (p *pending) add(table string, size int, row ...any) {
	p.rows[table] = append(p.rows[table], row)
	p.count++
	p.bytes += size
}

func (p *pending) full() bool { return p.count >= pendingRows || p.bytes >= pendingBytes }

// learn notes what a committed page told, until it is written and can be looked up.
func (p *pending) learn(x *staged) {
	for _, f := range x.facts {
		if p.facts[f.table] == nil {
			p.facts[f.table] = map[string]known{}
		}
		p.facts[f.table][f.id] = f.known
	}
	maps.Copy(p.figures, x.figures)
}

// writeOrder is the order of commitment: payloads, what is read from them, then the manifests that make it count, then the
// runs that make it a complete snapshot.
var writeOrder = func() []struct{ table, columns string } {
	all := []struct{ table, columns string }{{"payload", "plan, source, sha256, body"}}
	for _, t := range factTables {
		all = append(all, struct{ table, columns string }{t.name, "plan, source, id, " + t.columns + ", fetched_at, run_id, page, position, hash"})
	}
	return append(all, []struct{ table, columns string }{
		{"measure", "plan, source, measure, unit, unit_from, dims, period_type, start, day, value, evidence, known_at, run_id, page, position"},
		{"reject", "plan, source, run_id, page, position, key, field, rule, reason, record, sha256, fetched_at"},
		{"drift", "plan, source, what, run_id, fetched_at"},
		{"page", "plan, source, run_id, page, sha256, request, fetched_at, asserted, records, loaded, rejected, cursor, committed_at"},
		{"run", "plan, source, run_id, started_at, ended_at, fetched_at, asserted, state, pages, records, loaded, rejected, error"},
	}...)
}()

// flush writes what is pending, in order. When it fails, what was pending is given up and so is the memory of it: it was
// not committed, so it is pulled again. Every run that lost something by it is refused from then on, so that none goes on
// behind a gap.
func (s *Store) flush(ctx context.Context) error {
	p := s.pending
	if p.failed != nil {
		return p.failed
	}
	if p.count == 0 {
		return nil
	}
	rows, runs := p.rows, p.runs
	p.rows, p.count, p.bytes, p.runs = map[string][][]any{}, 0, 0, map[string]bool{}
	p.facts, p.figures = map[string]map[string]known{}, map[figureKey]figure{}
	for _, w := range writeOrder {
		if err := s.write(ctx, w.table, w.columns, rows[w.table]); err != nil {
			s.memory.forget()
			err = fmt.Errorf("write %d rows of %s: %w", len(rows[w.table]), w.table, unanswered(err))
			for id := range runs {
				p.broken[id] = err
			}
			if p.deferred {
				p.failed = err
			}
			return err
		}
	}
	return nil
}

// unanswered says what to do where ClickHouse itself is away.
func unanswered(err error) error {
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("ClickHouse does not answer (%w): what was committed is kept; start it and collect again", err)
	}
	return err
}

func (s *Store) write(ctx context.Context, table, columns string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+columns+")")
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, r := range rows {
		if err := batch.Append(r...); err != nil {
			return err
		}
	}
	return batch.Send()
}

// memory is what this process knows of the store without asking. It is the only writer of its plan's sources, so what it
// has taken in is so. A table's memory is whole when the table was empty at the first look and few enough keys have come
// in since; otherwise keys are looked up.
type memory struct {
	cursors map[string]collectors.Cursor
	newest  map[string]time.Time // fetch time of a source's newest committed page
	files   map[string]map[string]bool
	listed  map[string]map[string]collectors.Procedure
	drift   map[string]bool
	table   map[string]map[string]known // nil entry: not whole
	stated  map[figureKey]figure
	refused map[uint64]bool // digests of rejects; nil: not read yet
	looked  map[string]bool

	foreseen map[string]foreseen // by table
}

// memoryKeys is how many keys of a table are remembered; over that they are looked up, so that memory does not grow with
// the pull.
const memoryKeys = 250_000

func newMemory() *memory {
	m := &memory{}
	m.forget()
	return m
}

func (m *memory) forget() {
	*m = memory{
		cursors: map[string]collectors.Cursor{}, newest: map[string]time.Time{}, files: map[string]map[string]bool{}, listed: map[string]map[string]collectors.Procedure{},
		drift: map[string]bool{}, table: map[string]map[string]known{}, looked: map[string]bool{}, foreseen: map[string]foreseen{},
	}
}

// facts is the whole memory of a table, nil if it is not whole.
func (m *memory) facts(ctx context.Context, s *Store, table, source string) (map[string]known, error) {
	key := factKey(table, source)
	if !m.looked[key] {
		empty, err := s.isEmpty(ctx, table, "source = ?", source)
		if err != nil {
			return nil, err
		}
		m.looked[key] = true
		if empty {
			m.table[key] = map[string]known{}
			maps.Copy(m.table[key], s.pending.facts[key])
		}
	}
	return m.table[key], nil
}

// factKey names a table's facts of one source: two sources may use the same identifiers.
func factKey(table, source string) string { return table + "/" + source }

// lost says that a table's keys must be looked up.
func (m *memory) lost(table string) bool { return m.looked[table] && m.table[table] == nil }

// figures is the whole memory of stated figures, nil if it is not whole.
func (m *memory) figures(ctx context.Context, s *Store) (map[figureKey]figure, error) {
	if !m.looked["measure"] {
		empty, err := s.isEmpty(ctx, "measure", "run_id != ''")
		if err != nil {
			return nil, err
		}
		m.looked["measure"] = true
		if empty {
			m.stated = map[figureKey]figure{}
			maps.Copy(m.stated, s.pending.figures)
		}
	}
	return m.stated, nil
}

// learn takes in what a committed page told.
func (m *memory) learn(source string, x *staged) {
	for _, f := range x.facts {
		if have := m.table[f.table]; have != nil {
			have[f.id] = f.known
			m.trim(f.table)
		}
		if near := m.foreseen[f.table]; near.known != nil {
			near.known[f.id] = f.known
		}
	}
	if m.stated != nil {
		maps.Copy(m.stated, x.figures)
		m.trim("measure")
	}
	for _, h := range x.refused {
		if m.refused != nil {
			m.refused[h] = true
		}
	}
	m.list(source, x.listed)
}

// trim gives a memory up that has grown too large; from then on keys are looked up.
func (m *memory) trim(table string) {
	if len(m.table[table]) > memoryKeys {
		delete(m.table, table)
	}
	if table == "measure" && len(m.stated) > 4*memoryKeys {
		m.stated = nil
	}
}

// list notes what a page says of the catalogue, once the catalogue has been asked for.
func (m *memory) list(source string, procedures []collectors.Procedure) {
	listed := m.listed[source]
	if listed == nil {
		return
	}
	for _, p := range procedures {
		if p.Gone {
			delete(listed, p.Key())
			continue
		}
		listed[p.Key()] = p
	}
}

func (s *Store) isEmpty(ctx context.Context, table, where string, args ...any) (bool, error) {
	var n uint64
	query := "SELECT count() FROM (SELECT 1 FROM " + table + " WHERE plan = ? AND " + where + " LIMIT 1)"
	if err := s.conn.QueryRow(ctx, query, append([]any{s.plan}, args...)...).Scan(&n); err != nil {
		return false, fmt.Errorf("look into table %s: %w", table, unanswered(err))
	}
	return n == 0, nil
}
