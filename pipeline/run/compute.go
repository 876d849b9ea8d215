package run

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Results is what a computation needs of the database.
type Results interface {
	Knowledge(ctx context.Context, p *plan.Plan, knownOn plan.Day) (progress.Knowledge, error)
	SaveResults(ctx context.Context, p *plan.Plan, version string, results []progress.Result, now time.Time) (int, error)
	SaveStandings(ctx context.Context, p *plan.Plan, version string, results []progress.Result, now time.Time) error
	// SaveReports stores what changed since the newest check; a check of an earlier day is passed over.
	SaveReports(ctx context.Context, reports []progress.Report, checked plan.Day, now time.Time) error
	// Restated lists the owed results of those days whose stored status is not the one first known, where that was learnt
	// at or after the instant.
	Restated(ctx context.Context, days []plan.Day, since time.Time) ([]progress.Restatement, error)
}

// Computed says what a computation did.
type Computed struct {
	AsOf    plan.Day
	KnownOn plan.Day
	Version string // of the plan
	Results []progress.Result
	Written int // results that were new
	Took    time.Duration

	Reports  []progress.Report      // of the last closed periods, as of KnownOn
	Failures []progress.Failure     // what can no longer reach its target this year, as of AsOf
	Restated []progress.Restatement // of AsOf and the weekly point before, learnt in the week up to KnownOn
}

// Book reads what was known on a day and arranges it for the plan in force then.
func Book(ctx context.Context, st Results, p *plan.Plan, knownOn plan.Day) (*plan.Plan, *progress.Book, error) {
	in := p.At(knownOn)
	k, err := st.Knowledge(ctx, in, knownOn)
	if err != nil {
		return nil, nil, fmt.Errorf("read what was known on %s: %w", knownOn, err)
	}
	return in, progress.NewBook(in, k), nil
}

// Assess computes every result that is kept for a day: all indicators, all units that they apply to, every weekly point
// that the unit's level keeps. Results come in the plan's order of indicators, then in the order of the units.
func Assess(ctx context.Context, p *plan.Plan, book *progress.Book, asOf plan.Day) ([]progress.Result, error) {
	return assess(ctx, p, book, func(u *plan.Unit) []plan.Day { return book.StoredDays(u, asOf) })
}

// assess computes all indicators for all units that they apply to, on the days of each unit.
func assess(ctx context.Context, p *plan.Plan, book *progress.Book, daysOf func(*plan.Unit) []plan.Day) ([]progress.Result, error) {
	type task struct {
		ind  *plan.Indicator
		unit *plan.Unit
	}
	var tasks []task
	for i := range p.Indicators {
		for _, u := range p.Units.All {
			if p.Applies(&p.Indicators[i], u).Counts() {
				tasks = append(tasks, task{&p.Indicators[i], u})
			}
		}
	}
	parts := make([][]progress.Result, len(tasks))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range tasks {
		g.Go(func() error {
			parts[i] = book.Results(t.ind, t.unit, daysOf(t.unit))
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(parts...), nil
}

// Compute assesses everything as of a day with the knowledge of knownOn and stores what is new.
func Compute(ctx context.Context, st Results, p *plan.Plan, asOf, knownOn plan.Day) (c Computed, err error) {
	begun := time.Now()
	c = Computed{AsOf: asOf, KnownOn: knownOn}
	defer func() { c.Took = time.Since(begun) }()
	in, book, err := Book(ctx, st, p, knownOn)
	if err != nil {
		return c, err
	}
	c.Version = p.VersionOn(knownOn)
	if c.Results, err = Assess(ctx, in, book, asOf); err != nil {
		return c, err
	}
	now := time.Now()
	if c.Written, err = st.SaveResults(ctx, in, c.Version, c.Results, now); err != nil {
		return c, err
	}
	if err = st.SaveStandings(ctx, in, c.Version, c.Results, now); err != nil {
		return c, err
	}
	c.Reports, c.Failures = book.Reports(knownOn), book.Failures(c.Results, asOf)
	if err = st.SaveReports(ctx, c.Reports, knownOn, now); err != nil {
		return c, err
	}
	c.Restated, err = st.Restated(ctx, []plan.Day{asOf - 7, asOf}, (knownOn - 6).Start())
	return c, err
}

// Remembering is a store that can be asked what was known on each of several days.
type Remembering interface {
	Results
	// EachKnowledge yields what was known on each of the days, which ascend.
	EachKnowledge(ctx context.Context, p *plan.Plan, days []plan.Day, each func(knownOn plan.Day, k progress.Knowledge) error) error
}

// Remember stores what would have been computed on each of the days, ascending: the last weekly point and the one before, as
// known then. A store that was filled in one go then holds what it would have shown, and what was restated since.
func Remember(ctx context.Context, st Remembering, p *plan.Plan, days []plan.Day) error {
	if len(days) == 0 {
		return nil
	}
	return st.EachKnowledge(ctx, p.At(days[len(days)-1]), days, func(knownOn plan.Day, k progress.Knowledge) error {
		if len(k.Rows) == 0 {
			return nil // nothing was known: there was nothing to show
		}
		in := p.At(knownOn)
		week := (knownOn - 1).Sunday()
		results, err := assess(ctx, in, progress.NewBook(in, k), func(u *plan.Unit) []plan.Day {
			return slices.DeleteFunc([]plan.Day{week - 7, week}, func(d plan.Day) bool { return !u.ValidOn(d) || d < in.Start })
		})
		if err != nil {
			return err
		}
		now := time.Now()
		if _, err := st.SaveResults(ctx, in, p.VersionOn(knownOn), results, now); err != nil {
			return err
		}
		return st.SaveStandings(ctx, in, p.VersionOn(knownOn), results, now)
	})
}
