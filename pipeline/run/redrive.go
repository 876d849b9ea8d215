package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tiendo/collectors"
)

// Rejected is what is landed of a source's refused records and can be tried again.
type Rejected interface {
	// Refused calls f for every committed page that holds refused records which were not accepted since, oldest fetch first,
	// with their places in it.
	Refused(ctx context.Context, source string, f func(at PageKey, p collectors.Page, places []int) error) error
	// Remeasure lets the pages count as new for the next Measure.
	Remeasure(ctx context.Context, source string, pages []PageKey) error
	// Redrive loads records of a page that was committed before, as of the time it was fetched; it returns how many say
	// something new.
	Redrive(ctx context.Context, at PageKey, fetched time.Time, b collectors.Batch) (int, error)
	Measure(ctx context.Context, source string) error
}

// Redriven is how a re-drive went, in records.
type Redriven struct {
	Source   string
	Pages    int // that held refused records
	Tried    int
	Accepted int
	Refused  int // still
}

// Redrive reads the landed pages of a source that hold refused records again, with the plan as it is now, and loads those
// records that are understood now, as of the time they were fetched, as a replay would. What is still refused stays in the
// list; nothing is pulled and nothing is taken out. Twice is as once.
func Redrive(ctx context.Context, st Rejected, job Job) (Redriven, error) {
	r := Redriven{Source: job.Source}
	type accepted struct {
		at      PageKey
		fetched time.Time
		batch   collectors.Batch
	}
	var all []accepted
	err := st.Refused(ctx, job.Source, func(at PageKey, p collectors.Page, places []int) error {
		b, err := Parse(job.Collector, p)
		if err != nil {
			return fmt.Errorf("payload %.12s: %w", at.SHA256, err)
		}
		still := map[int]bool{}
		for _, x := range b.Rejects {
			still[x.Position] = true
		}
		now := map[int]bool{}
		for _, place := range places {
			if !still[place] && (place == 0 || holds(only(b, map[int]bool{place: true}))) {
				now[place] = true
			}
		}
		r.Pages++
		r.Tried += len(places)
		r.Accepted += len(now)
		if len(now) > 0 {
			all = append(all, accepted{at, p.FetchedAt, only(b, now)})
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("source %s: re-drive the rejects: %w", job.Source, err)
	}
	r.Refused = r.Tried - r.Accepted
	if len(all) == 0 {
		return r, nil
	}
	pages := make([]PageKey, len(all))
	for i, x := range all {
		pages[i] = x.at
	}
	if err := st.Remeasure(ctx, job.Source, pages); err != nil { // before the first record: what is loaded and not measured is measured later
		return r, err
	}
	for _, x := range all {
		if _, err := st.Redrive(ctx, x.at, x.fetched, x.batch); err != nil {
			return r, fmt.Errorf("source %s: payload %.12s: %w", job.Source, x.at.SHA256, err)
		}
	}
	return r, st.Measure(ctx, job.Source)
}

// only keeps the records at those places. A place of 0 in a table is the file as a whole: then all of it is kept.
func only(b collectors.Batch, places map[int]bool) collectors.Batch {
	if places[0] {
		b.Rejects, b.Drift = nil, nil
		return b
	}
	return collectors.Batch{
		Dossiers:   at(b.Dossiers, places, func(x collectors.Dossier) int { return x.Position }),
		Procedures: at(b.Procedures, places, func(x collectors.Procedure) int { return x.Position }),
		Documents:  at(b.Documents, places, func(x collectors.Document) int { return x.Position }),
		Payments:   at(b.Payments, places, func(x collectors.Payment) int { return x.Position }),
		Facilities: at(b.Facilities, places, func(x collectors.Facility) int { return x.Position }),
		Measures:   at(b.Measures, places, func(x collectors.Measure) int { return x.Position }),
		Baselines:  at(b.Baselines, places, func(x collectors.Baseline) int { return x.Position }),
	}
}

func holds(b collectors.Batch) bool {
	return len(b.Dossiers)+len(b.Procedures)+len(b.Documents)+len(b.Payments)+len(b.Facilities)+len(b.Measures)+len(b.Baselines) > 0
}

func at[T any](all []T, places map[int]bool, of func(T) int) []T {
	return slices.DeleteFunc(slices.Clone(all), func(x T) bool { return !places[of(x)] })
}
