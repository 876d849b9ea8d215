package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tiendo/collectors"
	"tiendo/pipeline/config"
	"tiendo/pipeline/plan"
	"tiendo/schema"
	"tiendo/schema/engine"
	"tiendo/schema/plans"
)

// app is what every command shares: the settings, the plan, the store. Nothing is opened before a command asks for it.
type app struct {
	out, err io.Writer
	lookup   func(string) string
	cfg      config.Config
	file     string // --config
	verbose  bool

	log     *slog.Logger
	engine  *engine.Engine
	store   *schema.Store
	loaded  *plan.Plan
	now     func() time.Time         // the store's clock, see setClock
	adjust  func(*collectors.Source) // last word on a source's settings; nil: none
	retried func(source string)      // told of requests that are made again; nil: nobody is
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "tiendo",
		Short: "Collect a plan's figures, compute progress to its targets, show it",
		Long: `tiendo (tiến độ: progress) pulls the statistics of a province's online public services, e-documents and cashless
payments from their source systems into ClickHouse, computes progress to the targets of the digital-transformation plan,
and shows it, traceable to the source row and reproducible as it was known on any past day.

Start with 'tiendo demo': a synthetic province (số liệu mô phỏng), collected, computed and served in your browser.

Exit codes: 0 done; 1 failed, the message says where; 2 the call is wrong, nothing was done; 3 a check found problems.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.settle(cmd)
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&a.file, "config", "", "settings file (YAML); flags win over it")
	f.StringVar(&a.cfg.Plan, "plan", config.DefaultPlan(plans.Names()), "code of the plan: one of "+strings.Join(plans.Names(), ", ")+", or of a folder in --plans")
	f.StringVar(&a.cfg.Plans, "plans", "", "folder of plan folders, in the place of the built-in ones")
	f.StringVar(&a.cfg.Data, "data", "tiendo-data", "data folder of the embedded ClickHouse and of the demo")
	f.StringVar(&a.cfg.ClickHouse, "clickhouse", "", "address of a ClickHouse server, clickhouse://user:password@host:9000/database, in the place of the embedded one")
	f.StringVar(&a.cfg.EngineLib, "engine-lib", "", "path of libchdb.so (default: node_modules, beside the program, the user's cache)")
	f.Int64Var(&a.cfg.EngineMemoryMiB, "engine-memory", 4096, "memory limit of the embedded ClickHouse, MiB")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say more on standard error")
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.Args = knownCommand
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"begin", "Begin here:", []*cobra.Command{a.demoCommand()}},
		{"daily", "Every day:", []*cobra.Command{a.serveCommand(), a.collectCommand(), a.importCommand(), a.computeCommand(), a.progressCommand(), a.reviewCommand(), a.awardsCommand(), a.exportCommand(), a.reportCommand(), a.statusCommand(), a.rejectsCommand(), a.formCommand()}},
		{"care", "Set up and care for:", []*cobra.Command{a.checkCommand(), a.planCommand(), a.migrateCommand(), a.replayCommand(), a.engineCommand(), a.dashboardsCommand(), a.healthCommand(), a.userCommand(), a.auditCommand()}},
		{"prove", "Try out and check:", []*cobra.Command{a.simulateCommand(), a.methodsCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	return root
}

// settle reads the settings file under the flags that were given.
func (a *app) settle(cmd *cobra.Command) error {
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	a.log = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
	if a.file != "" {
		from, err := config.Read(a.file)
		if err != nil {
			return err
		}
		a.cfg = from.Under(a.cfg, func(flag string) bool { return cmd.Flags().Changed(flag) })
	}
	if address := a.lookup(clickHouseEnv); address != "" && !cmd.Flags().Changed("clickhouse") {
		a.cfg.ClickHouse = address
	}
	return nil
}

// clickHouseEnv holds the address of a ClickHouse server, so that its password stands on no command line.
const clickHouseEnv = "TIENDO_CLICKHOUSE"

// plan loads the plan once. A plan that does not load is an error; `plan lint` says everything that is wrong with it.
func (a *app) plan() (*plan.Plan, error) {
	if a.loaded != nil {
		return a.loaded, nil
	}
	fsys, err := a.planFS()
	if err != nil {
		return nil, err
	}
	p, err := plan.Load(fsys)
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", a.cfg.Plan, err)
	}
	a.loaded = p
	return p, nil
}

func (a *app) planFS() (fs.FS, error) {
	var root fs.FS = plans.FS
	where := "the built-in plans (" + strings.Join(plans.Names(), ", ") + ")"
	if a.cfg.Plans != "" {
		root, where = os.DirFS(a.cfg.Plans), "folder "+a.cfg.Plans
	}
	if _, err := fs.Stat(root, a.cfg.Plan+"/plan.yaml"); err != nil {
		return nil, &usageError{fmt.Errorf("no plan %q in %s", a.cfg.Plan, where)}
	}
	return fs.Sub(root, a.cfg.Plan)
}

// open opens the store: a ClickHouse server, the engine that another process already runs on the data folder, or an
// engine of our own. It migrates, so that every command meets the tables it expects.
func (a *app) open(ctx context.Context) (*schema.Store, error) {
	if a.store != nil {
		return a.store, nil
	}
	dsn := a.cfg.ClickHouse
	attached := false
	if dsn == "" && a.engine != nil { // started by the command itself
		dsn = a.engine.DSN()
	}
	if dsn == "" {
		info, err := engine.Attach(ctx, a.cfg.Data)
		var none *engine.NotServedError
		switch {
		case err == nil:
			dsn, attached = info.DSN(), true
		case !errors.As(err, &none):
			return nil, err
		default:
			if a.engine, err = a.startEngine(ctx); err != nil {
				return nil, err
			}
			dsn = a.engine.DSN()
		}
	}
	st, err := schema.Open(ctx, dsn, a.cfg.Plan)
	if err != nil && attached && ctx.Err() == nil { // whoever served the folder ended this moment
		if a.engine, err = a.startEngine(ctx); err != nil {
			return nil, err
		}
		attached = false
		st, err = schema.Open(ctx, a.engine.DSN(), a.cfg.Plan)
	}
	if err != nil {
		return nil, err
	}
	a.store = st
	if attached {
		return st, a.settled(ctx)
	}
	current, err := st.Current(ctx)
	if err == nil && !current {
		if err = st.Migrate(ctx); err != nil && a.cfg.ClickHouse != "" {
			err = fmt.Errorf("%w: run `tiendo migrate` as a user that may create tables", err)
		}
	}
	if err != nil {
		return nil, err
	}
	return st, a.setClock(ctx)
}

// settled waits for the process that runs the engine, which may have begun a moment ago and still be making tables and views.
// One of another version makes others: what then is missing says so where it is asked for.
func (a *app) settled(ctx context.Context) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		current, err := a.store.Current(ctx)
		if err == nil {
			err = a.setClock(ctx)
		}
		if err == nil && current || time.Now().After(deadline) || a.store.Ping(ctx) != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (a *app) startEngine(ctx context.Context) (*engine.Engine, error) {
	dir, err := filepath.Abs(a.cfg.Data)
	if err != nil {
		return nil, err
	}
	return engine.Start(ctx, engine.Options{Dir: dir, Library: a.cfg.EngineLib, MemoryLimit: a.cfg.EngineMemoryMiB << 20, Log: a.log})
}

// settingNow is the clock of a demo's store: a fixed instant, so that what it shows stays what it was.
const settingNow = "demo_now"

func (a *app) setClock(ctx context.Context) error {
	a.now = time.Now
	fixed, err := a.store.Setting(ctx, settingNow)
	if err != nil || fixed == "" {
		return err
	}
	t, err := time.Parse(time.RFC3339, fixed)
	if err != nil {
		return fmt.Errorf("the store's clock %q: %w", fixed, err)
	}
	a.now = func() time.Time { return t }
	return nil
}

// ready opens plan and store. It refuses sources that the plan lacks, before anything is opened for them, and a store whose replay
// was cut short.
func (a *app) ready(ctx context.Context, sources ...string) (*plan.Plan, *schema.Store, error) {
	p, err := a.plan()
	if err != nil {
		return nil, nil, err
	}
	if err := sourcesNamed(p, sources); err != nil {
		return nil, nil, err
	}
	st, err := a.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	cut, err := st.Replaying(ctx)
	if err != nil {
		return nil, nil, err
	}
	if cut {
		return nil, nil, errors.New("a replay of this store was begun and did not reach its end, so its figures are not whole: run `tiendo replay`")
	}
	return p, st, a.saveCatalogue(ctx, p, st)
}

// saveCatalogue lets the store say what the plan's files say on the day of the store's clock.
func (a *app) saveCatalogue(ctx context.Context, p *plan.Plan, st *schema.Store) error {
	return st.SaveCatalogue(ctx, p, plan.DayOf(a.now()), time.Now())
}

func (a *app) close() error {
	var errs []error
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.engine != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		errs = append(errs, a.engine.Stop(ctx))
	}
	return errors.Join(errs...)
}

// day reads a date flag; empty gives the fallback.
func day(flag, text string, fallback plan.Day) (plan.Day, error) {
	if text == "" {
		return fallback, nil
	}
	d, err := plan.ParseDay(text)
	if err != nil {
		return d, &usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	return d, nil
}

// readable refuses days that cannot be read before anything is opened for them.
func readable(asOf string, knownOn ...string) error {
	_, err := day("as-of", asOf, plan.NoDay)
	for _, k := range knownOn {
		if err == nil {
			_, err = day("known-on", k, plan.NoDay)
		}
	}
	return err
}

// asOfKnownOn reads the two dates that every figure has: as_of defaults to the last complete weekly point, known_on to
// today, by the store's clock.
func (a *app) asOfKnownOn(asOf, knownOn string) (d, k plan.Day, err error) {
	if d, err = day("as-of", asOf, plan.LastWeeklyPoint(a.now())); err != nil {
		return
	}
	k, err = day("known-on", knownOn, plan.DayOf(a.now()))
	return
}
