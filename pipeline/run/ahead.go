package run

import (
	"context"
	"iter"
	"time"

	"tiendo/collectors"
)

// Foresight is what a store does that cannot hold every known key in memory: it looks up what it knows of many pages'
// records at once, because one look at a large table costs the same for a few records and for many.
type Foresight interface {
	// Gather is how many of the source's records the store wants to be told of at once; 0: it needs no telling.
	Gather(source string) int
	// Foresee looks up what is known of the records that the next calls of Load or Reload bring. Without it they look up
	// page by page; the outcome is the same.
	Foresee(ctx context.Context, source string, fetched time.Time, batches []collectors.Batch) error
}

// gatherBytes bounds the bodies that are held back, so that memory does not grow with the size of records.
const gatherBytes = 16 << 20

// parsed is a page with what it holds, or with why that cannot be read.
type parsed struct {
	at    PageKey // of a landed page
	page  collectors.Page
	batch collectors.Batch
	err   error
}

// ahead parses the pages and hands them on one by one, in their order and before an error that follows them, held back as
// far as the store gathers.
func ahead(ctx context.Context, st Foresight, job Job, pages iter.Seq2[parsed, error]) iter.Seq2[parsed, error] {
	return func(yield func(parsed, error) bool) {
		var held []parsed
		records, size := 0, 0
		release := func() bool {
			if len(held) > 1 {
				batches := make([]collectors.Batch, len(held))
				for i, p := range held {
					batches[i] = p.batch
				}
				if err := st.Foresee(ctx, job.Source, held[len(held)-1].page.FetchedAt, batches); err != nil {
					yield(parsed{}, &storeError{err})
					return false
				}
			}
			for _, p := range held {
				if !yield(p, nil) {
					return false
				}
			}
			clear(held)
			held, records, size = held[:0], 0, 0
			return true
		}
		for p, err := range pages {
			if err != nil {
				if ctx.Err() != nil || release() {
					yield(parsed{}, err)
				}
				return
			}
			p.batch, p.err = Parse(job.Collector, p.page)
			held = append(held, p)
			records, size = records+p.page.Records, size+len(p.page.Body)
			if records >= st.Gather(job.Source) || size >= gatherBytes || p.err != nil {
				if !release() {
					return
				}
			}
		}
		release()
	}
}

// pulled are a collector's pages.
func pulled(pages iter.Seq2[collectors.Page, error]) iter.Seq2[parsed, error] {
	return func(yield func(parsed, error) bool) {
		for page, err := range pages {
			if !yield(parsed{page: page}, err) {
				return
			}
		}
	}
}

// landed are a source's committed pages.
func landed(ctx context.Context, st history, source string) iter.Seq2[parsed, error] {
	return func(yield func(parsed, error) bool) {
		stopped := false
		err := st.Pages(ctx, source, func(at PageKey, p collectors.Page) error {
			if stopped = !yield(parsed{at: at, page: p}, nil); stopped {
				return context.Canceled // ends the reading; the reader has its own reason
			}
			return nil
		})
		if err != nil && !stopped {
			yield(parsed{}, err)
		}
	}
}
