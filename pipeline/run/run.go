// Package run moves pages from a collector into the store: pull, land, parse, load, commit, measure, on a schedule or on
// demand, and again from what was landed (replay). It knows no source system's words and no formula, and speaks to the
// store only through the interfaces below.
package run

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// PageKey says where a row comes from: the run, the page in it and the landed payload.
type PageKey struct {
	Source   string
	RunID    string
	Page     uint32
	SHA256   string
	Asserted bool // the fetch time was stated, not read off the clock (a history load)
}

// Run is the record of one run's end.
type Run struct {
	Source    string
	RunID     string
	StartedAt time.Time
	EndedAt   time.Time
	FetchedAt time.Time // of the run's start by the collector's clock: what the snapshot speaks of
	Asserted  bool
	State     string // ok: a complete snapshot; failed
	Pages     int
	Records   int
	Loaded    int
	Rejected  int
	Error     string

	late bool // it brought pages that were fetched before others that are already there
}

// The states of a run.
const (
	OK     = "ok"
	Failed = "failed"
)

// Store is what a run needs of the database. The order of commitment is Land, Load, Commit: what was not committed is
// pulled again and never counted.
type Store interface {
	Foresight
	Cursor(ctx context.Context, source string) (collectors.Cursor, error)
	Land(ctx context.Context, at PageKey, p collectors.Page) error
	Load(ctx context.Context, at PageKey, fetched time.Time, b collectors.Batch) (loaded int, err error)
	Commit(ctx context.Context, at PageKey, p collectors.Page, loaded, rejected int) error
	EndRun(ctx context.Context, r Run) error
	Measure(ctx context.Context, source string) error

	// Newest is the newest fetch time of the source's committed pages; the zero time where there is none.
	Newest(ctx context.Context, source string) (time.Time, error)
	// Rebuilding marks the source's figures as not whole; ResetSource marks them too, and empties everything that the
	// source's pages are the source of; SourceRebuilt takes the mark away.
	Rebuilding(ctx context.Context, source string) error
	ResetSource(ctx context.Context, source string) error
	SourceRebuilt(ctx context.Context, source string) error
	Pages(ctx context.Context, source string, f func(PageKey, collectors.Page) error) error
	Reload(ctx context.Context, at PageKey, fetched time.Time, b collectors.Batch) error
}

// Catalogue lists what a source that shows whole snapshots is known to hold, so that what is missing can be ended.
type Catalogue interface {
	InForce(ctx context.Context, source string) ([]collectors.Procedure, error)
}

// Job is one source ready to be pulled.
type Job struct {
	Source      string
	Collector   collectors.Collector
	RejectLimit float64 // share of records above which the run fails; 0: no limit
}

// Runner pulls jobs into a store.
type Runner struct {
	Store     Store
	Catalogue Catalogue
	Now       func() time.Time
	Asserted  bool      // Now is a stated time, not the machine's
	DeferSum  bool      // leave Measure to the caller (a history load measures once)
	Progress  func(Run) // told after every page; may be nil
	Again     bool      // pull from the beginning, whatever the cursor says
	From, To  plan.Day  // a pull of what changed between two days; zero or plan.NoDay: no bound
}

// rejectSample is how many records a run must have before its share of rejects says anything.
const rejectSample = 200

// RejectLimitError says that too many of a run's records were refused. What was accepted is loaded and counts.
type RejectLimitError struct {
	Source            string
	Records, Rejected int
	Limit             float64
}

func (e *RejectLimitError) Error() string {
	return fmt.Sprintf("source %s: %d of %d records were rejected, more than the limit of %.1f %%: see `tiendo status --rejects %s`, mend the cause and collect again",
		e.Source, e.Rejected, e.Records, 100*e.Limit, e.Source)
}

// storeError is a failure of the store, not of the source.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// absent marks the page that a run adds behind a whole snapshot: the keys that were no longer in it.
const absent = "catalogue: no longer listed"

// Collect pulls one source from its cursor on. The returned record is also stored, whatever happened, as long as the
// store answers. A failed run keeps what it had committed; the next one goes on from there.
func (r *Runner) Collect(ctx context.Context, job Job) (Run, error) {
	rec := Run{Source: job.Source, RunID: newID(), StartedAt: time.Now(), FetchedAt: r.Now(), Asserted: r.Asserted, State: OK}
	err := r.pull(ctx, job, &rec)
	if err == nil && job.RejectLimit > 0 && rec.Records >= rejectSample && float64(rec.Rejected)/float64(rec.Records) > job.RejectLimit {
		err = &RejectLimitError{job.Source, rec.Records, rec.Rejected, job.RejectLimit}
	}
	rec.EndedAt = time.Now()
	if err != nil {
		rec.State, rec.Error = Failed, err.Error()
	}
	end := context.WithoutCancel(ctx)
	if e := r.Store.EndRun(end, rec); e != nil {
		var away *storeError
		if errors.As(err, &away) { // said once is enough
			return rec, err
		}
		e = fmt.Errorf("source %s: record the run: %w", job.Source, e)
		rec.State, rec.Error = Failed, cmp.Or(rec.Error, e.Error())
		return rec, errors.Join(err, e)
	}
	if rec.late {
		if e := r.rebuild(end, job); e != nil {
			return rec, errors.Join(err, fmt.Errorf("source %s: put the history in order: %w: run `tiendo replay`", job.Source, e))
		}
	}
	if !r.DeferSum {
		if e := r.Store.Measure(end, job.Source); e != nil {
			err = errors.Join(err, fmt.Errorf("source %s: %w", job.Source, e))
		}
	}
	return rec, err
}

// Take lands one page that somebody handed over, by the way of every page that is pulled. The source's cursor stays where it
// is. The page becomes known after everything that was known of the source, by a millisecond if it must.
func (r *Runner) Take(ctx context.Context, job Job, page collectors.Page) (Run, error) {
	newest, err := r.Store.Newest(ctx, job.Source)
	if err != nil {
		return Run{}, fmt.Errorf("source %s: %w", job.Source, &storeError{err})
	}
	if !page.FetchedAt.After(newest) {
		page.FetchedAt = newest.Add(time.Millisecond)
	}
	job.Collector = handed{job.Collector, page}
	return r.Collect(ctx, job)
}

// handed is a collector that has one page and asks nobody for it.
type handed struct {
	collectors.Collector
	page collectors.Page
}

// Pages yields the page.
func (h handed) Pages(_ context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		p := h.page
		p.Cursor = since
		yield(p, nil)
	}
}

// rebuild loads all the source's pages anew in the order in which they were fetched. What a page says is kept only where it
// differs from what was known before it, so a page put in between changes what those behind it must say.
func (r *Runner) rebuild(ctx context.Context, job Job) error {
	if err := r.Store.ResetSource(ctx, job.Source); err != nil {
		return err
	}
	if _, err := reload(ctx, r.Store, job); err != nil {
		return err
	}
	return r.Store.SourceRebuilt(ctx, job.Source)
}

func (r *Runner) pull(ctx context.Context, job Job, rec *Run) error {
	var since collectors.Cursor
	if !r.Again {
		var err error
		if since, err = r.Store.Cursor(ctx, job.Source); err != nil {
			return fmt.Errorf("source %s: %w", job.Source, &storeError{err})
		}
	}
	newest, err := r.Store.Newest(ctx, job.Source)
	if err != nil {
		return fmt.Errorf("source %s: %w", job.Source, &storeError{err})
	}
	standing := since // where the next run goes on: a bounded pull does not move it backwards
	bounded := r.From > 0
	if bounded {
		since = collectors.Cursor{Since: r.From.Start()}
	}
	var seen map[string]bool // keys of a whole snapshot
	var have []collectors.Procedure
	if w, ok := job.Collector.(collectors.Whole); ok && w.WholeSnapshot() && r.Catalogue != nil {
		seen = map[string]bool{}
		var err error
		if have, err = r.Catalogue.InForce(ctx, job.Source); err != nil { // before the snapshot adds to it
			return fmt.Errorf("source %s: %w", job.Source, &storeError{err})
		}
	}
	last := since
	for p, err := range ahead(ctx, r.Store, job, pulled(job.Collector.Pages(ctx, since))) {
		if err != nil {
			return fmt.Errorf("source %s page %d: %w", job.Source, rec.Pages+1, err)
		}
		reached := p.page.Cursor.Since
		if bounded && reached.Before(standing.Since) {
			p.page.Cursor = standing
		}
		switch before := p.page.FetchedAt.Before(newest); {
		case !before:
			newest = p.page.FetchedAt
		case !r.Asserted: // the machine's clock was set back; what is learnt later is known later
			p.page.FetchedAt = newest
			p.batch, p.err = Parse(job.Collector, p.page) // as a replay will
		default: // a piece of history behind what is there
			p.page.Cursor = standing
			if !rec.late {
				if err := r.Store.Rebuilding(ctx, job.Source); err != nil {
					return fmt.Errorf("source %s: %w", job.Source, &storeError{err})
				}
			}
			rec.late = true
		}
		if err := r.store(ctx, job, p, rec); err != nil {
			return err
		}
		last = p.page.Cursor
		if seen != nil {
			for _, x := range p.batch.Procedures {
				seen[x.Key()] = true
			}
			for _, x := range p.batch.Rejects { // a row that cannot be read has not ended
				seen[x.Key] = true
			}
		}
		if r.To > 0 && !reached.Before(r.To.End()) {
			return nil // what follows changed later; this is no whole snapshot either
		}
	}
	if seen == nil {
		return nil
	}
	return r.endMissing(ctx, job, have, seen, last, rec)
}

// store lands, loads and commits one page.
func (r *Runner) store(ctx context.Context, job Job, p parsed, rec *Run) error {
	page, batch := p.page, p.batch
	rec.Pages++
	at := PageKey{Source: job.Source, RunID: rec.RunID, Page: uint32(rec.Pages), SHA256: Sum(page.Body), Asserted: r.Asserted}
	if err := r.Store.Land(ctx, at, page); err != nil {
		return fmt.Errorf("source %s: %w", job.Source, &storeError{err})
	}
	if p.err != nil {
		return fmt.Errorf("source %s page %d (payload %.12s): %w", job.Source, rec.Pages, at.SHA256, p.err)
	}
	loaded, err := r.Store.Load(ctx, at, page.FetchedAt, batch)
	if err != nil {
		return &storeError{err}
	}
	if err := r.Store.Commit(ctx, at, page, loaded, len(batch.Rejects)); err != nil {
		return fmt.Errorf("source %s: %w", job.Source, &storeError{err})
	}
	rec.Records += page.Records
	rec.Loaded += loaded
	rec.Rejected += len(batch.Rejects)
	if r.Progress != nil {
		r.Progress(*rec)
	}
	return nil
}

// endMissing ends the procedures that were in force and that a complete snapshot no longer lists. It refuses to end
// everything: a catalogue without one of them is an outage.
func (r *Runner) endMissing(ctx context.Context, job Job, have []collectors.Procedure, seen map[string]bool, at collectors.Cursor, rec *Run) error {
	var gone []collectors.Procedure
	for _, p := range have {
		if !seen[p.Key()] {
			p.Gone = true
			gone = append(gone, p)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if len(gone) == len(have) {
		return fmt.Errorf("source %s: the catalogue came back without one of the %d known procedures: taken for an outage, nothing was ended", job.Source, len(have))
	}
	slices.SortFunc(gone, func(a, b collectors.Procedure) int {
		return cmp.Or(strings.Compare(a.Unit.String(), b.Unit.String()), strings.Compare(a.Code, b.Code))
	})
	body, err := json.Marshal(gone)
	if err != nil {
		return err
	}
	page := collectors.Page{Request: absent, Body: body, FetchedAt: r.Now(), Records: len(gone), Cursor: at}
	return r.store(ctx, job, parsed{page: page, batch: collectors.Batch{Procedures: gone}}, rec)
}

// Parse reads a landed page: a collector's own, or the list of what a snapshot no longer held.
func Parse(c collectors.Collector, p collectors.Page) (collectors.Batch, error) {
	if !strings.HasPrefix(p.Request, absent) {
		return c.Parse(p)
	}
	var b collectors.Batch
	if err := json.Unmarshal(p.Body, &b.Procedures); err != nil {
		return b, fmt.Errorf("read the list of ended procedures: %w", err)
	}
	return b, nil
}

// Sum is the payload's name: the hex SHA-256 of its body.
func Sum(body []byte) string {
	h := sha256.Sum256(body)
	return hex.EncodeToString(h[:])
}

func newID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return time.Now().UTC().Format("20060102T150405.000") + "-" + hex.EncodeToString(b[:])
}

// Landed is the history of a source's pages for a replay, in the order they were fetched.
type Landed interface {
	Foresight
	// Reset empties everything that pages are the source of; pages and payloads stay.
	Reset(ctx context.Context) error
	// Pages calls f for every committed page of the source, oldest first.
	Pages(ctx context.Context, source string, f func(PageKey, collectors.Page) error) error
	// Reload loads a page that was committed before.
	Reload(ctx context.Context, at PageKey, fetched time.Time, b collectors.Batch) error
	Measure(ctx context.Context, source string) error
	// Rebuilt says that a replay has reached its end.
	Rebuilt(ctx context.Context) error
}

// Replay rebuilds facts and measures from the landed pages, with the fetch times they had.
func Replay(ctx context.Context, st Landed, jobs []Job, told func(source string, pages int)) error {
	if err := st.Reset(ctx); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	for _, job := range jobs {
		n, err := reload(ctx, st, job)
		if err == nil {
			err = st.Measure(ctx, job.Source)
		}
		if err != nil {
			return fmt.Errorf("replay source %s: %w: run `tiendo replay` again when it is mended", job.Source, err)
		}
		if told != nil {
			told(job.Source, n)
		}
	}
	return st.Rebuilt(ctx)
}

// history is what is landed of a source and can be loaded again.
type history interface {
	Foresight
	Pages(ctx context.Context, source string, f func(PageKey, collectors.Page) error) error
	Reload(ctx context.Context, at PageKey, fetched time.Time, b collectors.Batch) error
}

// reload loads every landed page of the source again and counts them.
func reload(ctx context.Context, st history, job Job) (n int, err error) {
	for p, err := range ahead(ctx, st, job, landed(ctx, st, job.Source)) {
		switch {
		case err != nil:
			return n, err
		case p.err != nil:
			return n, fmt.Errorf("payload %.12s: %w", p.at.SHA256, p.err)
		}
		if err := st.Reload(ctx, p.at, p.page.FetchedAt, p.batch); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
