package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"tiendo/collectors"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/schema"
)

// demoOptions are the flags of the demo that decide its figures; a store keeps those it was begun with.
type demoOptions struct {
	seed     uint64
	dossiers int
	asOf     string
	systems  string // address of a running `tiendo simulate`; empty: this process serves the systems itself
}

// province names what a simulator generates: two that say the same serve the same.
func (o *demoOptions) province(a *app) string {
	return fmt.Sprintf("plan %s, seed %d, %d dossiers", a.cfg.Plan, o.seed, o.dossiers)
}

func (o *demoOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Uint64Var(&o.seed, "seed", 1, "seed of the synthetic province")
	f.IntVar(&o.dossiers, "dossiers", 60_000, "how many dossiers the province has")
	f.StringVar(&o.asOf, "as-of", "", "last day of the history, YYYY-MM-DD (default: the plan's demo day)")
}

func (o *demoOptions) simulator(a *app) (*simulator.Simulator, error) {
	fsys, err := a.planFS()
	if err != nil {
		return nil, err
	}
	return simulator.New(simulator.Config{Plan: fsys, Seed: o.seed, Size: simulator.Size{Dossiers: o.dossiers}})
}

func (a *app) demoCommand() *cobra.Command {
	var o demoOptions
	var exit bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch the whole way of the figures on a synthetic province, then browse it",
		Long: `Generate a synthetic province (số liệu mô phỏng), serve its source systems, collect their whole history with the fetch
times it would have had, compute every figure, print a summary, and serve the pages until you press Ctrl-C.

The data folder keeps what was collected: a demo that was cut short goes on where it stopped, and a second run has
nothing left to collect. Its first run adds an account for every role and prints their one password, which is kept
nowhere; with it you sign in on the pages. --exit stops after the summary. One data folder holds one demo of each plan.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), o, exit, a.cfg.Listen)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.systems, "simulator", "", "address of a running 'tiendo simulate' of the same province, http://host:port, to collect from (default: its own)")
	cmd.Flags().BoolVar(&exit, "exit", false, "stop after the summary")
	a.listenFlag(cmd)
	return cmd
}

// Settings that a demo's store keeps.
const (
	settingSeed     = "demo_seed"
	settingDossiers = "demo_dossiers"
	settingAsOf     = "demo_as_of"

	settingRemembered = "demo_remembered"
)

func (a *app) demo(ctx context.Context, o demoOptions, exit bool, listen string) error {
	begun := time.Now()
	p, err := a.plan()
	if err != nil {
		return err
	}
	asOf, err := day("as-of", o.asOf, p.Demo.AsOf)
	if err != nil {
		return err
	}
	if asOf == plan.NoDay {
		return &usageError{fmt.Errorf("plan %s names no day for a demo: give --as-of", p.Code)}
	}
	o.asOf = asOf.String()
	fmt.Fprintf(a.out, "%s\n%s\n\n", p.Name, p.Demo.Notice)

	var sim *simulator.Simulator
	var st *schema.Store
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { sim, err = o.simulator(a); return })
	g.Go(func() (err error) {
		if st, err = a.open(gctx); err != nil {
			return err
		}
		return a.claimDemo(gctx, st, o)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if err := a.history(ctx, p, st, sim, o, asOf); err != nil {
		return err
	}
	a.now = func() time.Time { return demoNow(asOf) }
	if err := st.SetSetting(ctx, settingNow, demoNow(asOf).Format(time.RFC3339)); err != nil {
		return err
	}
	if err := a.saveCatalogue(ctx, p, st); err != nil {
		return err
	}
	done := a.bar(-1, "Tính tiến độ")
	if err := a.remember(ctx, p, st); err != nil {
		return err
	}
	c, err := run.Compute(ctx, st, p, asOf, plan.DayOf(a.now()))
	if err != nil {
		return err
	}
	_ = done.Finish()
	if err := a.summary(ctx, p, st, c); err != nil {
		return err
	}
	if err := a.demoAccounts(ctx, p, st, asOf); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nTừ khi khởi động đến bảng tổng hợp: %.1f giây.\n", time.Since(begun).Seconds())
	if exit {
		a.next(p)
		return nil
	}
	return a.serve(ctx, p, st, listen, nil, &c)
}

// rememberedWeeks is how many past reviews a demo or a replay holds as they were on their day.
const rememberedWeeks = 8

// lastMondays are the days of the last reviews before today, ascending.
func (a *app) lastMondays(p *plan.Plan) (all []plan.Day) {
	for d := plan.LastWeeklyPoint(a.now()) + 1 - 7*rememberedWeeks; d < plan.DayOf(a.now()); d += 7 {
		if d > p.Start {
			all = append(all, d)
		}
	}
	return all
}

// remember stores what the last reviews would have shown on their Mondays: the history was collected in one go, and the
// final computation alone would know no figure that was restated since. It is done once.
func (a *app) remember(ctx context.Context, p *plan.Plan, st *schema.Store) error {
	today := plan.DayOf(a.now())
	done := fmt.Sprintf("%s %s %s", today, p.VersionOn(today), progress.MethodVersion)
	have, err := st.Setting(ctx, settingRemembered)
	if err != nil || have == done {
		return err
	}
	if err := run.Remember(ctx, st, p, a.lastMondays(p)); err != nil {
		return err
	}
	return st.SetSetting(ctx, settingRemembered, done)
}

// next says how to look further into what a demo left behind.
func (a *app) next(p *plan.Plan) {
	where := "--data " + a.cfg.Data
	if a.cfg.ClickHouse != "" {
		where = "--clickhouse …" // its password stays out of the terminal
	}
	where += " --plan " + p.Code
	fmt.Fprintf(a.out, "\nXem tiếp:\n  tiendo progress %s\n  tiendo export progress %[1]s --csv\n  tiendo serve %[1]s\n", where)
}

// demoNow is the morning after the demo's last day: Monday, when the week is reviewed.
func demoNow(asOf plan.Day) time.Time { return (asOf + 1).Start().Add(7 * time.Hour) }

// claimDemo notes the demo's parameters in an empty store, and refuses one that holds something else.
func (a *app) claimDemo(ctx context.Context, st *schema.Store, o demoOptions) error {
	for _, s := range []struct{ name, flag, value string }{
		{settingSeed, "--seed", strconv.FormatUint(o.seed, 10)},
		{settingDossiers, "--dossiers", strconv.Itoa(o.dossiers)},
		{settingAsOf, "--as-of", o.asOf},
	} {
		have, err := st.Setting(ctx, s.name)
		if err != nil {
			return err
		}
		if have == "" {
			pages, err := st.PageCount(ctx)
			if err != nil {
				return err
			}
			if pages > 0 && s.name == settingSeed {
				return fmt.Errorf("%s holds collected figures that are no demo's: give the demo a folder of its own with --data", a.cfg.Data)
			}
			if err := st.SetSetting(ctx, s.name, s.value); err != nil {
				return err
			}
		} else if have != s.value {
			return fmt.Errorf("%s holds a demo with %s %s, not %s: give the same, or another --data, or delete the folder", a.cfg.Data, s.flag, have, s.value)
		}
	}
	return nil
}

// history collects everything the source systems showed, step by step, each with the time at which it would have been
// fetched. Steps that were collected before are left out.
func (a *app) history(ctx context.Context, p *plan.Plan, st *schema.Store, sim *simulator.Simulator, o demoOptions, asOf plan.Day) error {
	drop, err := filepath.Abs(filepath.Join(a.cfg.Data, "demo", "drop", p.Code))
	if err != nil {
		return err
	}
	base, setNow, stop, err := a.simulated(ctx, sim, o)
	if err != nil {
		return err
	}
	defer stop()
	env := sim.Env(base, drop)
	outer := a.lookup
	a.lookup = func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		return outer(name)
	}
	a.adjust = func(src *collectors.Source) { src.Rate = -1 } // the simulated systems are not spared
	defer func() { a.adjust = nil }()
	var step time.Time
	a.now = func() time.Time { return step }
	all, err := a.sources(ctx, p, st)
	if err != nil {
		return err
	}
	ready, broken := usable(all)
	if broken != nil {
		return broken
	}
	done, err := st.LastRuns(ctx)
	if err != nil {
		return err
	}
	st.Defer(true)
	defer st.Defer(false)
	steps := sim.FetchTimes(asOf.Start())
	var outages atomic.Int64
	bar := a.bar(len(steps), "Thu thập số liệu")
	due := dueSteps{}
	for _, step = range steps {
		if err := setNow(step); err != nil {
			return err
		}
		if err := sim.WriteFiles(drop, step); err != nil {
			return fmt.Errorf("write the files that units handed in: %w", err)
		}
		runner := &run.Runner{Store: st, Catalogue: st, Now: a.now, Asserted: true, DeferSum: true}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(4)
		for _, s := range ready {
			now, err := due.at(s, step)
			if err != nil {
				return err
			}
			if !now || !done[s.ID].Before(step) {
				continue
			}
			g.Go(func() error {
				_, err := runner.Collect(gctx, s.job)
				if err == nil || gctx.Err() != nil {
					return gctx.Err()
				}
				outages.Add(1) // part of the story: the next step goes on, as long as the store is there
				a.log.Debug("run failed", "at", step, "error", err)
				return st.Ping(gctx)
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		_ = bar.Add(1)
	}
	_ = bar.Finish()
	if n := outages.Load(); n > 0 {
		fmt.Fprintf(a.out, "%d lần thu thập không thành công: các hệ thống mô phỏng có lúc hỏng, lần sau thu tiếp.\n", n)
	}
	if err := st.Flush(ctx); err != nil {
		return err
	}
	for _, s := range ready {
		if err := st.Measure(ctx, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// simulated is where the source systems of the province answer, and how their clock is set: in this process, or in another
// that has generated the same province.
func (a *app) simulated(ctx context.Context, sim *simulator.Simulator, o demoOptions) (base string, setNow func(time.Time) error, stop func(), err error) {
	if o.systems == "" {
		base, stop, err = listenAndServe("127.0.0.1:0", sim)
		if err != nil {
			err = fmt.Errorf("serve the simulated systems: %w", err)
		}
		return base, func(t time.Time) error { sim.SetNow(t); return nil }, stop, err
	}
	base = strings.TrimRight(o.systems, "/")
	there, err := ask(ctx, http.MethodGet, base+"/healthz", "")
	if err != nil {
		return "", nil, nil, fmt.Errorf("the simulated systems: %w", err)
	}
	if there, here := strings.TrimSpace(there), o.province(a); there != here {
		return "", nil, nil, fmt.Errorf("the simulator at %s serves another province (%s) than this demo's (%s): give both the same --plan, --seed and --dossiers", base, there, here)
	}
	return base, func(t time.Time) error {
		_, err := ask(ctx, http.MethodPost, base+"/_sim/now", `{"now":"`+t.Format(time.RFC3339)+`"}`)
		return err
	}, func() {}, nil
}

// dueSteps says at which steps of a history a source is pulled: when its schedule fired since the step before.
type dueSteps map[string]time.Time

func (d dueSteps) at(s source, step time.Time) (bool, error) {
	schedule, err := cron.ParseStandard(s.Schedule)
	if err != nil {
		return false, fmt.Errorf("schedule %q of source %s: %w", s.Schedule, s.ID, err)
	}
	if last, ok := d[s.ID]; ok && schedule.Next(last.In(plan.Zone)).After(step) {
		return false, nil
	}
	d[s.ID] = step
	return true, nil
}

// listenAndServe serves a handler on an address until stop is called.
func listenAndServe(addr string, h http.Handler) (base string, stop func(), err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = srv.Close() }, nil
}

// bar shows progress on a terminal, and one line where there is none.
func (a *app) bar(n int, what string) *progressbar.ProgressBar {
	var w io.Writer = io.Discard
	if f, ok := a.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		w = f
	} else {
		fmt.Fprintf(a.err, "%s …\n", what)
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(40), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
}
