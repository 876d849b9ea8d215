package web

import (
	"context"
	"fmt"
)

// upkeepMemory is the memory of what Upkeep answers.
type upkeepMemory struct {
	Upkeep
	*memory
}

func (m upkeepMemory) RestatementList(ctx context.Context, q RestatementQuery) ([]Restatement, uint64, error) {
	key := fmt.Sprintf("restatement list %d %#v", q.Since.UnixNano(), []any{q.Source, q.Measures, q.Units, q.Skip, q.Most})
	return counting(ctx, m.memory, key, func() ([]Restatement, uint64, error) { return m.Upkeep.RestatementList(ctx, q) })
}

func (m upkeepMemory) Moved(ctx context.Context, q MovedQuery) ([]Moved, error) {
	return list(ctx, m.memory, fmt.Sprintf("moved %#v", q), func() ([]Moved, error) { return m.Upkeep.Moved(ctx, q) })
}

func (m upkeepMemory) Runs(ctx context.Context, source string, most int) ([]Run, []Landed, error) {
	return counting(ctx, m.memory, fmt.Sprintf("runs %q %d", source, most), func() ([]Run, []Landed, error) { return m.Upkeep.Runs(ctx, source, most) })
}

func (m upkeepMemory) RejectList(ctx context.Context, q RejectQuery) ([]Rejected, uint64, error) {
	return counting(ctx, m.memory, fmt.Sprintf("reject list %#v", q), func() ([]Rejected, uint64, error) { return m.Upkeep.RejectList(ctx, q) })
}
