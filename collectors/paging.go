package collectors

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"tiendo/pipeline/plan"
)

// ErrEmptyAnswer is an empty list where the last complete one had records: an outage that looks like a zero.
var ErrEmptyAnswer = errors.New("empty answer")

// Listing is one list of a source that is read to its end.
type Listing struct {
	Scope  string         // what the list speaks of (2025-08, 2025); empty where records carry their own times
	Params map[string]any // beside the fixed ones
	Since  time.Time      // only what was updated at or after it; zero: everything
}

// Chunk is one page of a list.
type Chunk struct {
	Answer
	Request string
	Number  int       // 1, 2, …
	Newest  time.Time // newest update time of the list so far
	Sorted  bool      // the list has come in the order of update so far
	End     bool      // nothing stands behind it
}

// List reads a list page by page by the source's style of paging. An error ends it.
func (c *Client) List(ctx context.Context, l Listing) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		w := walker{client: c, listing: l, from: l.Since, sorted: true, seed: maphash.MakeSeed()}
		for {
			chunk, err := w.next(ctx)
			if err != nil {
				yield(Chunk{}, err)
				return
			}
			if !yield(chunk, nil) || chunk.End {
				return
			}
		}
	}
}

// walker is the place inside a list.
type walker struct {
	client  *Client
	listing Listing
	number  int       // pages read
	page    int       // pages read since from
	from    time.Time // update time the next page is asked from
	newest  time.Time
	sorted  bool
	got     int64  // records read
	part    int64  // records read since from
	before  uint64 // hash of the page before, where only an empty or repeated page ends the list
	seed    maphash.Seed
	border  map[uint64]bool // keyset: records of the newest update time, which the next page shows again
}

func (w *walker) next(ctx context.Context) (Chunk, error) {
	s := w.client.src
	params := maps.Clone(w.listing.Params)
	if params == nil {
		params = map[string]any{}
	}
	if p := s.UpdatedSince.Param; p != "" {
		switch {
		case !w.from.IsZero():
			params[p] = s.UpdatedSince.Format.Format(w.from)
		case s.UpdatedSince.Always:
			params[p] = s.UpdatedSince.Format.Format(time.Date(2000, 1, 1, 0, 0, 0, 0, plan.Zone))
		}
	}
	switch s.Paging.Style {
	case "page", "keyset":
		params[s.Paging.PageParam], params[s.Paging.SizeParam] = s.Paging.Start+w.page, s.Paging.Size
	case "offset":
		params[s.Paging.StartParam], params[s.Paging.SizeParam] = int64(s.Paging.Start)+w.got, s.Paging.Size
	}
	a, err := w.client.Ask(ctx, params)
	if err != nil {
		return Chunk{}, err
	}
	w.number, w.page = w.number+1, w.page+1
	w.got, w.part = w.got+int64(len(a.Records)), w.part+int64(len(a.Records))
	chunk := Chunk{Request: w.client.Describe(params), Number: w.number}
	fail := func(format string, args ...any) (Chunk, error) {
		return Chunk{}, fmt.Errorf("source %s: %s: "+format, append([]any{s.ID, chunk.Request}, args...)...)
	}

	newest := w.newest
	for _, t := range a.Updated {
		if t.IsZero() {
			continue
		}
		if t.Before(newest) {
			w.sorted = false
		} else {
			newest = t
		}
	}
	keyset := s.Paging.Style == "keyset"
	if keyset && !w.sorted {
		return fail("%w", permanent("paging.style keyset needs a list in the order of update, and this one is not: use page"))
	}
	end := w.ends(&a)
	switch {
	case s.Paging.Style == "none" || keyset || a.Total < 0:
	case end && w.got < a.Total:
		return fail("the list ends after %d of %d records", w.got, a.Total)
	}
	chunk.Answer = a
	if keyset {
		chunk.Answer = w.dropBorder(a, newest)
		if newest.After(w.from) {
			w.from, w.page, w.part = newest, 0, 0
		}
	}
	w.newest = newest
	chunk.Newest, chunk.Sorted, chunk.End = newest, w.sorted, end
	return chunk, nil
}

// ends says whether the page just read is the last one. A source may give shorter pages than it is asked for, so a short
// page alone ends nothing: where neither total nor number of pages is known, an empty page does, or a repeated one, whose records are dropped.
func (w *walker) ends(a *Answer) bool {
	s := w.client.src
	if s.Paging.Style == "none" || a.Last || len(a.Records) == 0 {
		return true
	}
	switch {
	case a.Total >= 0 && s.Paging.Style == "keyset": // this total counts from w.from on
		return w.part >= a.Total
	case a.Total >= 0:
		return w.got >= a.Total
	case a.TotalPages >= 0:
		return int64(w.page) >= a.TotalPages
	}
	var h maphash.Hash
	h.SetSeed(w.seed)
	for _, r := range a.Records {
		h.Write(r)
	}
	repeated := w.number > 1 && h.Sum64() == w.before
	w.before = h.Sum64()
	if repeated {
		a.Records, a.Updated = nil, nil
	}
	return repeated
}

// dropBorder takes out the records that the page before has shown already: each page of a keyset list begins at the
// newest update time seen, so that a list that moves underneath loses nothing.
func (w *walker) dropBorder(a Answer, newest time.Time) Answer {
	seen := w.border
	if !newest.Equal(w.newest) || w.border == nil {
		w.border = map[uint64]bool{}
	}
	records, updated := a.Records[:0:0], a.Updated[:0:0]
	for i, r := range a.Records {
		t := a.Updated[i]
		if t.Equal(w.newest) || t.Equal(newest) {
			h := maphash.Bytes(w.seed, r)
			dup := seen[h] && t.Equal(w.newest)
			if t.Equal(newest) {
				w.border[h] = true
			}
			if dup {
				continue
			}
		}
		records, updated = append(records, r), append(updated, t)
	}
	a.Records, a.Updated = records, updated
	return a
}

// Pages reads the listings one after the other and makes landed pages of them: minimised bodies, the fetch time, and the
// cursor that a run may go on from. The lag is taken off the cursor here, so that the recent past is read again.
func (c *Client) Pages(ctx context.Context, since Cursor, listings ...Listing) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		had := scopes(since.Token) // scopes that had records in the last complete run
		has := map[string]bool{}
		newest := since.Since
		for i, l := range listings {
			incremental := c.src.UpdatedSince.Param != "" && l.Scope == ""
			if incremental && !since.Since.IsZero() {
				l.Since = since.Since.Add(-time.Duration(c.src.Lag))
			}
			count := 0
			for chunk, err := range c.List(ctx, l) {
				if err != nil {
					yield(Page{}, err)
					return
				}
				count += len(chunk.Records)
				before := had[l.Scope] || (l.Scope == "" && !since.Since.IsZero())
				if chunk.End && count == 0 && before && c.src.Empty != "ok" {
					yield(Page{}, fmt.Errorf("source %s: %s: %w: the last complete list had records; if none is right here, set empty: ok", c.src.ID, chunk.Request, ErrEmptyAnswer))
					return
				}
				now := c.deps.Now()
				if count > 0 {
					has[l.Scope] = true
				}
				p := Page{Request: chunk.Request, FetchedAt: now, Records: len(chunk.Records), Cursor: since,
					Body: Land{Scope: l.Scope, NewFields: chunk.NewFields, Records: chunk.Records}.Body()}
				last := chunk.End && i == len(listings)-1
				resumable := incremental && c.src.UpdatedSince.Sorted && chunk.Sorted && len(listings) == 1
				if chunk.Newest.After(newest) {
					newest = chunk.Newest
				}
				switch {
				case last:
					p.Cursor = Cursor{Since: since.Since, Token: joined(has)}
					switch {
					case incremental:
						p.Cursor.Since = newest
					case len(has) > 0:
						p.Cursor.Since = now
					}
				case resumable:
					p.Cursor.Since = newest
				}
				if p.Cursor.Since.After(now) { // a source's clock that runs ahead must not skip what comes
					p.Cursor.Since = now
				}
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}

func scopes(token string) map[string]bool {
	out := map[string]bool{}
	for s := range strings.SplitSeq(token, ",") {
		if s != "" {
			out[s] = true
		}
	}
	return out
}

func joined(has map[string]bool) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(has)), func(s string) bool { return s == "" })
	return strings.Join(names, ",")
}

// ClosedMonths are the source's last closed calendar months at the instant, oldest first, each with the parameters that
// ask for it. Sources restate closed months for weeks, so each pull asks for several.
func (s Source) ClosedMonths(now time.Time) []Listing {
	first := plan.DayOf(now).Time()
	var out []Listing
	for back := s.Period.Months; back > 0; back-- {
		start := plan.NewDay(first.Year(), first.Month()-time.Month(back), 1)
		y, m, _ := start.Time().Date()
		end := plan.NewDay(y, m+1, 1) - 1
		params := map[string]any{}
		set := func(name string, v any) {
			if name != "" {
				params[name] = v
			}
		}
		set(s.Period.From, s.Period.Format.Format(start.Start()))
		set(s.Period.To, s.Period.Format.Format(end.Start()))
		set(s.Period.Year, fmt.Sprint(y))
		set(s.Period.Month, fmt.Sprint(int(m)))
		out = append(out, Listing{Scope: start.Time().Format("2006-01"), Params: params})
	}
	return out
}
