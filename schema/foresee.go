package schema

import (
	"context"
	"time"

	"tiendo/collectors"
)

// foreseen is what was looked up of a source's ids in a table, for the pages to come, kept up to date as these are committed.
type foreseen struct {
	until time.Time // versions fetched later were not looked at
	asked map[string]int
	known map[string]known
}

// covers says whether all of the ids were looked up for a page fetched then.
func (f foreseen) covers(fetched time.Time, ids map[string]int) bool {
	if fetched.After(f.until) {
		return false
	}
	for id := range ids {
		if _, ok := f.asked[id]; !ok {
			return false
		}
	}
	return true
}

// massTables are the tables that outgrow memory, with the ids that a batch brings to them.
var massTables = []struct {
	table factTable
	ids   func(b collectors.Batch, ids map[string]int)
}{
	{dossierTable, func(b collectors.Batch, ids map[string]int) {
		for _, r := range b.Dossiers {
			ids[r.ID] = 0
		}
	}},
	{documentTable, func(b collectors.Batch, ids map[string]int) {
		for _, r := range b.Documents {
			ids[r.ID] = 0
		}
	}},
	{paymentTable, func(b collectors.Batch, ids map[string]int) {
		for _, r := range b.Payments {
			ids[r.ID] = 0
		}
	}},
}

// Gather is how many records of the source Foresee wants at once: as many as wait to be written, where a table's keys are looked up.
func (s *Store) Gather(source string) int {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	for _, m := range massTables {
		if s.memory.lost(factKey(m.table.name, source)) {
			return pendingRows
		}
	}
	return 0
}

// Foresee looks up at once what is known of the records that the next pages bring.
func (s *Store) Foresee(ctx context.Context, source string, fetched time.Time, batches []collectors.Batch) error {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	for _, m := range massTables {
		if !s.memory.lost(factKey(m.table.name, source)) {
			continue
		}
		ids := map[string]int{}
		for _, b := range batches {
			m.ids(b, ids)
		}
		if len(ids) == 0 {
			continue
		}
		have, err := s.lookUp(ctx, m.table, source, fetched, ids)
		if err != nil {
			return err
		}
		s.memory.foreseen[factKey(m.table.name, source)] = foreseen{fetched, ids, have}
	}
	return nil
}
