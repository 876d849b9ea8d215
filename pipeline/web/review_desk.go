package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
)

// Reviews is where the steps of the weekly reviews and their packs are kept.
type Reviews interface {
	// ReviewLog is the whole log, in the order of places.
	ReviewLog(ctx context.Context) ([]access.Row, error)
	// AppendReview appends a step if the log then allows it; else the error is one of those of review.Log.Check.
	AppendReview(ctx context.Context, step review.Step) error
	// ReviewPack is the pack under the hash; nil: there is none.
	ReviewPack(ctx context.Context, sha256 string) ([]byte, error)
	// SaveReviewPack keeps a pack under its hash; the same again changes nothing.
	SaveReviewPack(ctx context.Context, week plan.Day, sha256 string, body []byte, now time.Time) error
}

// Desk is where steps of a review are taken: each is told to the audit log first and taken then, or told to be withdrawn. What
// the schedule and the command do there is what the pages do.
type Desk struct {
	Plan    *plan.Plan
	Store   Reader
	Reviews Reviews
	Audit   Access
	Now     func() time.Time // of figures and steps
	Clock   func() time.Time // of the audit log

	mu    sync.Mutex // one step at a time
	packs struct {
		sync.Mutex
		kept[string, *review.Kept]
	}
}

// keptPacks is how many packs that were read are kept in memory.
const keptPacks = 6

// ErrNoWeek is the error of a week that nothing is stored of.
var ErrNoWeek = errors.New("no results are stored of this week")

// Log reads how all reviews went.
func (d *Desk) Log(ctx context.Context) (*review.Log, error) {
	rows, err := d.Reviews.ReviewLog(ctx)
	if err != nil {
		return nil, err
	}
	return review.Read(rows)
}

// Pack reads a kept pack. A text that does not give the hash is not shown to anybody.
func (d *Desk) Pack(ctx context.Context, sha256 string) (*review.Kept, error) {
	d.packs.Lock()
	have, ok := d.packs.by[sha256]
	d.packs.Unlock()
	if ok {
		return have, nil
	}
	body, err := d.Reviews.ReviewPack(ctx, sha256)
	if err != nil {
		return nil, err
	}
	if body == nil || access.BodyDigest(body) != sha256 {
		return nil, fmt.Errorf("the pack %s of a review is missing or was changed: run `tiendo review verify`", sha256)
	}
	k, err := review.Decode(body)
	if err != nil {
		return nil, err
	}
	d.packs.Lock()
	defer d.packs.Unlock()
	d.packs.put(sha256, &k, keptPacks)
	return &k, nil
}

// Make keeps the pack of a week as things are known now, unless the newest one says the same; made says whether it did. Nothing is
// made of a week that lies before the approver or is signed: its pack stays.
func (d *Desk) Make(ctx context.Context, week plan.Day, by, from string) (c *review.Course, made bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.make(ctx, week, by, from)
}

func (d *Desk) make(ctx context.Context, week plan.Day, by, from string) (*review.Course, bool, error) {
	l, err := d.Log(ctx)
	if err != nil {
		return nil, false, err
	}
	c := l.Course(week)
	if c.Frozen() {
		return c, false, nil
	}
	now := d.Now()
	in := d.Plan.At(plan.DayOf(now))
	w, err := gather(ctx, d.Store, d.Plan, week, plan.NoDay, false)
	if err != nil {
		return nil, false, err
	}
	pack := review.Week(in, w)
	if !slices.ContainsFunc(pack.Pairs, func(x review.Pair) bool { return x.Now != nil }) {
		return nil, false, fmt.Errorf("%s: %w", review.WeekName(week), ErrNoWeek)
	}
	k := review.Keep(in, pack, c, w.ReviewedOn, now)
	if others := d.counted(); len(others) > 0 {
		results, err := d.Store.Assessments(ctx, Query{AsOf: week, Since: plan.NoDay, KnownOn: plan.NoDay, Levels: others, Brief: true})
		if err != nil {
			return nil, false, err
		}
		k.Verdicts = review.Verdicts(results)
	}
	if c.Pack != "" {
		last, err := d.Pack(ctx, c.Pack)
		switch {
		case err != nil:
			return nil, false, err
		case k.Says(*last) && c.State == review.Draft:
			return c, false, nil
		}
	}
	body, sha, err := k.Encode()
	if err != nil {
		return nil, false, err
	}
	s := review.Step{At: now, By: by, Kind: review.Made, Week: week, Entry: review.Entry{Pack: sha}}
	err = d.take(ctx, s, from, func() error { return d.Reviews.SaveReviewPack(ctx, week, sha, body, now) })
	if err != nil {
		return nil, false, err
	}
	l, err = d.Log(ctx)
	if err != nil {
		return nil, false, err
	}
	return l.Course(week), true, nil
}

// counted are the levels that are not watched: a review counts their targets and does not list them.
func (d *Desk) counted() []plan.Level {
	var all []plan.Level
	for _, l := range d.Plan.Levels {
		if !d.Plan.Watched(l.Code) {
			all = append(all, l.Code)
		}
	}
	return all
}

// Propose lays the week before the approver, with what is known now.
func (d *Desk) Propose(ctx context.Context, week plan.Day, by, from string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, _, err := d.make(ctx, week, by, from)
	if err != nil {
		return err
	}
	return d.take(ctx, review.Step{At: d.Now(), By: by, Kind: review.Proposed, Week: week, Entry: review.Entry{Pack: c.Pack}}, from, nil)
}

// Take takes one step of any other kind. Its instant is set here.
func (d *Desk) Take(ctx context.Context, s review.Step, from string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.At = d.Now()
	return d.take(ctx, s, from, nil)
}

// take holds the step against the log, tells the audit log of it, does what must be done before, and appends it.
func (d *Desk) take(ctx context.Context, s review.Step, from string, before func() error) error {
	s.At = s.At.UTC().Truncate(time.Millisecond)
	l, err := d.Log(ctx)
	if err == nil {
		err = l.Check(s)
	}
	if err != nil {
		return err
	}
	e := access.Event{At: d.Clock(), Actor: s.By, Action: s.Kind, Subject: review.WeekName(s.Week), Address: from, Detail: s.Told()}
	if _, err := d.Audit.Record(ctx, e); err != nil {
		return err
	}
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	err = d.Reviews.AppendReview(ctx, s)
	if errors.Is(err, review.ErrState) || errors.Is(err, review.ErrSelf) { // another process was faster
		e.At, e.Action, e.Detail = d.Clock(), review.Withdrawn, s.Kind+" "+e.Detail
		_, told := d.Audit.Record(ctx, e)
		return errors.Join(err, told)
	}
	return err
}

// gather reads what a week's review is laid out from, as known at the end of a day; NoDay: now.
func gather(ctx context.Context, store Reader, p *plan.Plan, week, knownOn plan.Day, brief bool) (review.Input, error) {
	w := review.Input{AsOf: week, ReviewedOn: review.Monday(week)}
	then := review.Monday(week - 7)
	if knownOn != plan.NoDay {
		then, w.ReviewedOn = min(then, knownOn), min(w.ReviewedOn, knownOn)
	}
	both := Query{AsOf: week, Since: week - 7, KnownOn: knownOn}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		q := both
		q.Levels, q.Brief = p.WatchLevels, brief
		w.Results, err = store.Assessments(gctx, q)
		return
	})
	g.Go(func() (err error) {
		w.Known, err = store.Assessments(gctx, Query{AsOf: week - 7, Since: plan.NoDay, KnownOn: then, Levels: p.WatchLevels, Replaced: true, Brief: true})
		return
	})
	g.Go(func() (err error) {
		w.Tallies, err = store.Tallies(gctx, both)
		return
	})
	g.Go(func() (err error) {
		w.Reports, w.KeptFrom, err = store.Reports(gctx, w.ReviewedOn)
		return
	})
	g.Go(func() (err error) {
		w.Standings, err = store.Standings(gctx, both)
		return
	})
	return w, g.Wait()
}
