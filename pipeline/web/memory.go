package web

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tiendo/pipeline/plan"
)

// remembered is how many rows of answers are kept in memory, some ten MB.
const remembered = 60_000

// memory is a Reader that keeps what another answered until something is written to the store. Within a moment it asks the
// store once whether that is so; without one it asks the store itself. What it gives may be sorted and cut, as the slice is
// the asker's own; what its rows point to may not be changed.
type memory struct {
	Reader
	mu      sync.Mutex
	edition string // that the answers are of
	answers map[string]answer
	order   []string // keys, the oldest answer first
	rows    int
}

type answer struct {
	value any
	rows  int
}

// moment is an address being answered: the store's edition at its start is read once.
type moment struct {
	once    sync.Once
	edition string
	err     error
}

type momentKey struct{}

// inMoment lets what is read for one address be remembered.
func inMoment(ctx context.Context) context.Context {
	return context.WithValue(ctx, momentKey{}, &moment{})
}

// recall gives the remembered answer, or reads and remembers it. The edition was read before, so an answer may be newer
// than its edition, never older.
func recall[V any](ctx context.Context, m *memory, key string, rows func(V) int, read func() (V, error)) (V, error) {
	now, _ := ctx.Value(momentKey{}).(*moment)
	if now == nil {
		return read()
	}
	now.once.Do(func() { now.edition, now.err = m.Edition(ctx) })
	if now.err != nil {
		var none V
		return none, now.err
	}
	m.mu.Lock()
	have, ok := m.answers[key]
	ok = ok && m.edition == now.edition
	m.mu.Unlock()
	if ok {
		return have.value.(V), nil
	}
	v, err := read()
	if err == nil {
		m.keep(now.edition, key, answer{v, 1 + rows(v)})
	}
	return v, err
}

func (m *memory) keep(edition, key string, a answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.edition != edition {
		m.edition, m.answers, m.order, m.rows = edition, map[string]answer{}, nil, 0
	}
	if _, ok := m.answers[key]; ok || a.rows > remembered {
		return
	}
	m.answers[key], m.order, m.rows = a, append(m.order, key), m.rows+a.rows
	for m.rows > remembered {
		m.rows -= m.answers[m.order[0]].rows
		delete(m.answers, m.order[0])
		m.order = m.order[1:]
	}
}

// counted are rows and how many there are of them in all, or what they come to.
type counted[R, N any] struct {
	rows []R
	more N
}

// list recalls rows; the slice is the asker's own.
func list[R any](ctx context.Context, m *memory, key string, read func() ([]R, error)) ([]R, error) {
	all, err := recall(ctx, m, key, func(v []R) int { return len(v) }, read)
	return slices.Clone(all), err
}

func counting[R, N any](ctx context.Context, m *memory, key string, read func() ([]R, N, error)) ([]R, N, error) {
	v, err := recall(ctx, m, key, func(v counted[R, N]) int { return len(v.rows) }, func() (v counted[R, N], err error) {
		v.rows, v.more, err = read()
		return
	})
	return slices.Clone(v.rows), v.more, err
}

// key names a question of a method.
func (q Query) key(method string) string {
	unit := ""
	if q.Unit != nil {
		unit, q.Unit = fmt.Sprintf("%#v", *q.Unit), nil
	}
	return fmt.Sprintf("%s %#v %s", method, q, unit)
}

func (m *memory) Days(ctx context.Context) (map[plan.Level][]plan.Day, error) {
	all, err := recall(ctx, m, "days", func(v map[plan.Level][]plan.Day) int { return len(v) }, func() (map[plan.Level][]plan.Day, error) { return m.Reader.Days(ctx) })
	return maps.Clone(all), err
}

func (m *memory) Assessments(ctx context.Context, q Query) ([]Assessment, error) {
	return list(ctx, m, q.key("assessments"), func() ([]Assessment, error) { return m.Reader.Assessments(ctx, q) })
}

func (m *memory) Tallies(ctx context.Context, q Query) ([]Tally, error) {
	return list(ctx, m, q.key("tallies"), func() ([]Tally, error) { return m.Reader.Tallies(ctx, q) })
}

func (m *memory) Standings(ctx context.Context, q Query) ([]Standing, error) {
	return list(ctx, m, q.key("standings"), func() ([]Standing, error) { return m.Reader.Standings(ctx, q) })
}

func (m *memory) Sources(ctx context.Context) ([]Source, error) {
	return list(ctx, m, "sources", func() ([]Source, error) { return m.Reader.Sources(ctx) })
}

func (m *memory) Reports(ctx context.Context, on plan.Day) ([]Report, plan.Day, error) {
	return counting(ctx, m, fmt.Sprintf("reports %d", on), func() ([]Report, plan.Day, error) { return m.Reader.Reports(ctx, on) })
}

func (m *memory) Inputs(ctx context.Context, q InputQuery) ([]Input, []InputSum, error) {
	return counting(ctx, m, fmt.Sprintf("inputs %#v", q), func() ([]Input, []InputSum, error) { return m.Reader.Inputs(ctx, q) })
}

func (m *memory) Records(ctx context.Context, q InputQuery) ([]Record, uint64, error) {
	return counting(ctx, m, fmt.Sprintf("records %#v", q), func() ([]Record, uint64, error) { return m.Reader.Records(ctx, q) })
}

func (m *memory) Restatements(ctx context.Context, since time.Time, most int) ([]Restatement, uint64, error) {
	return counting(ctx, m, fmt.Sprintf("restatements %d %d", since.UnixNano(), most), func() ([]Restatement, uint64, error) { return m.Reader.Restatements(ctx, since, most) })
}

func (m *memory) Quality(ctx context.Context, since time.Time) (Quality, error) {
	return recall(ctx, m, fmt.Sprintf("quality %d", since.UnixNano()), func(v Quality) int { return len(v.Drift) + len(v.Restatements) }, func() (Quality, error) { return m.Reader.Quality(ctx, since) })
}

func (m *memory) State(ctx context.Context) (State, error) {
	return recall(ctx, m, "state", func(State) int { return 0 }, func() (State, error) { return m.Reader.State(ctx) })
}

func (m *memory) RejectCounts(ctx context.Context, source string) ([]RejectCount, error) {
	return list(ctx, m, fmt.Sprintf("reject counts %q", source), func() ([]RejectCount, error) { return m.Reader.RejectCounts(ctx, source) })
}
