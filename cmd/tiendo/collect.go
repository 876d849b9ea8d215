package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

func (a *app) collectCommand() *cobra.Command {
	var again bool
	var from, to string
	cmd := &cobra.Command{
		Use:   "collect [source…]",
		Short: "Pull sources once, now",
		Long: `Pull the named sources (default: all of the plan) from where the last pull ended, load what is new, and aggregate it.
Pulling again changes nothing. A source that fails stops no other.

--again pulls everything from the beginning, except files that were taken in with the very same content. --from and --to
pull only what changed between two days; the cursor stays behind what was pulled before.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			since, err := day("from", from, plan.NoDay)
			if err != nil {
				return err
			}
			until, err := day("to", to, plan.NoDay)
			if err != nil {
				return err
			}
			if since != plan.NoDay && until != plan.NoDay && until < since {
				return &usageError{fmt.Errorf("--to %s lies before --from %s", until, since)}
			}
			p, st, err := a.ready(ctx, args...)
			if err != nil {
				return err
			}
			all, err := a.sources(ctx, p, st)
			if err != nil {
				return err
			}
			chosen, err := pick(all, args)
			if err != nil {
				return err
			}
			r := &run.Runner{Store: st, Catalogue: st, Now: a.now, Again: again, From: since, To: until}
			return a.collect(ctx, r, chosen)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&again, "again", false, "pull from the beginning, whatever was pulled before")
	f.StringVar(&from, "from", "", "pull what changed since this day, YYYY-MM-DD")
	f.StringVar(&to, "to", "", "stop at what changed after this day, YYYY-MM-DD")
	return cmd
}

// collect pulls the sources side by side and says how each went.
func (a *app) collect(ctx context.Context, r *run.Runner, chosen []source) error {
	var mu sync.Mutex
	var failed int
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, s := range chosen {
		g.Go(func() error {
			var rec run.Run
			err := s.err
			if err == nil {
				rec, err = r.Collect(gctx, s.job)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				fmt.Fprintf(a.err, "✖ %-20s %s\n", s.ID, indented(err))
				return nil
			}
			fmt.Fprintf(a.out, "✔ %-20s %s trang, %s bản ghi, %s mới, %s bị loại, %.1f giây\n", s.ID, words.Count(int64(rec.Pages)), words.Count(int64(rec.Records)),
				words.Count(int64(rec.Loaded)), words.Count(int64(rec.Rejected)), rec.EndedAt.Sub(rec.StartedAt).Seconds())
			return nil
		})
	}
	_ = g.Wait()
	if failed > 0 {
		return fmt.Errorf("%d of %d sources failed, listed above; what was landed before stays, and the next run goes on from there", failed, len(chosen))
	}
	return nil
}

func (a *app) computeCommand() *cobra.Command {
	var asOf, knownOn string
	cmd := &cobra.Command{
		Use:   "compute",
		Short: "Compute every figure's progress and store what is new",
		Long: `Aggregate what was collected, assess every indicator of every unit at every weekly point up to --as-of with the knowledge
of --known-on, and append the results that differ from what is stored. Nothing stored is ever changed.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if err := readable(asOf, knownOn); err != nil {
				return err
			}
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			d, k, err := a.asOfKnownOn(asOf, knownOn)
			if err != nil {
				return err
			}
			begun := time.Now()
			c, err := a.compute(ctx, p, st, d, k)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "Tính đến ngày %s, theo số liệu đã biết đến ngày %s: %s kết quả, %s mới, %.1f giây\n", words.Day(d), words.Day(k),
				words.Count(int64(len(c.Results))), words.Count(int64(c.Written)), time.Since(begun).Seconds())
			return nil
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "newest day to compute, YYYY-MM-DD (default: the last complete week's Sunday)")
	cmd.Flags().StringVar(&knownOn, "known-on", "", "use only what was known at the end of this day, YYYY-MM-DD (default: today)")
	return cmd
}

// compute measures what is still to be measured and assesses.
func (a *app) compute(ctx context.Context, p *plan.Plan, st *schema.Store, asOf, knownOn plan.Day) (run.Computed, error) {
	for _, f := range p.Sources {
		if err := st.Measure(ctx, f.Name); err != nil {
			return run.Computed{}, err
		}
	}
	if err := a.saveCatalogue(ctx, p, st); err != nil { // a target or a name may have changed today
		return run.Computed{}, err
	}
	return run.Compute(ctx, st, p, asOf, knownOn)
}

func (a *app) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Rebuild every figure from the landed pages",
		Long: `Empty facts, measures, rejects and results, read every landed page again with the time it was fetched, aggregate and
compute, also what the last eight reviews showed on their Mondays. The figures come out as they were; a mended parser shows its
effect. A replay that was cut short is begun again.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := a.plan()
			if err != nil {
				return err
			}
			st, err := a.open(ctx)
			if err != nil {
				return err
			}
			all, err := a.sources(ctx, p, nil)
			if err != nil {
				return err
			}
			var jobs []run.Job
			for _, s := range all {
				if s.job.Collector == nil { // an address is not needed to read what was landed, but a source file that cannot be read is
					if s.err = a.offline(p, &s); s.err != nil {
						return s.err
					}
				}
				jobs = append(jobs, s.job)
			}
			err = run.Replay(ctx, st, jobs, func(source string, pages int) {
				fmt.Fprintf(a.out, "%-20s %s trang\n", source, words.Count(int64(pages)))
			})
			if err != nil {
				return err
			}
			d, k, err := a.asOfKnownOn("", "")
			if err != nil {
				return err
			}
			if err := run.Remember(ctx, st, p, a.lastMondays(p)); err != nil {
				return err
			}
			c, err := run.Compute(ctx, st, p, d, k)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s kết quả\n", words.Count(int64(len(c.Results))))
			return nil
		},
	}
	return cmd
}
