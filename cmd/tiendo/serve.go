package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/spf13/cobra"

	"tiendo/collectors"
	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/telemetry"
	"tiendo/pipeline/web"
	"tiendo/schema"
)

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Collect on schedule, compute, and serve pages and metrics until Ctrl-C",
		Long: `Pull every source on its own schedule (provincial time), compute when something new came in and every morning, make the
weekly review every Monday ('tiendo review'), and serve the pages, /metrics, /healthz and /readyz. Sources whose address is not set
are left out; 'tiendo check' lists them.

Alert messages link to the pages and the boards by the addresses of --site and --boards. Where a proxy shows the pages below a path,
--site has that path: links and cookies follow it, whether the proxy takes it away or not. With https in --site cookies go over TLS only.

Accounts of 'tiendo user' sign in at /login; sessions end after an hour without a request, after 12 hours, and with the program.
--oidc-issuer and --oidc-client add a provider of OpenID Connect: it says who somebody is, the account of that name says what he may.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			if synthetic, err := st.Setting(ctx, settingNow); err != nil {
				return err
			} else if synthetic != "" { // real figures have no place among synthetic ones, nor under their clock
				a.log.Info("this store holds a demo: it is shown, nothing is collected")
				return a.serve(ctx, p, st, a.cfg.Listen, nil, nil)
			}
			all, err := a.sources(ctx, p, st)
			if err != nil {
				return err
			}
			ready, _ := usable(all)
			for _, s := range all {
				if s.err != nil {
					a.log.Warn("source left out", "source", s.ID, "error", firstLine(s.err.Error()))
				}
			}
			return a.serve(ctx, p, st, a.cfg.Listen, ready, nil)
		},
	}
	a.listenFlag(cmd)
	return cmd
}

func (a *app) listenFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.cfg.Listen, "listen", "127.0.0.1:8080", "address of the pages; port 0 takes a free one")
	cmd.Flags().BoolVar(&a.cfg.RequireLogin, "require-login", false, "show pages only to those who have signed in; /metrics, /healthz and /readyz stay open, for the machines that watch")
	cmd.Flags().StringVar(&a.cfg.OIDCIssuer, "oidc-issuer", "", "address of an OpenID Connect provider by which accounts may sign in too; its people must not choose their own names there")
	cmd.Flags().StringVar(&a.cfg.OIDCClient, "oidc-client", "", "name of this program at the provider")
	cmd.Flags().StringVar(&a.cfg.OIDCSecretFile, "oidc-secret-file", "", "file with the client's secret (default: TIENDO_OIDC_SECRET, or none)")
	cmd.Flags().StringVar(&a.cfg.OIDCClaim, "oidc-claim", "", "claim with the account's name (default: preferred_username, else the local part of a verified email)")
	cmd.Flags().StringVar(&a.cfg.TrustProxy, "trust-proxy", "127.0.0.0/8,::1/128", "networks of the proxies before the pages, whose X-Forwarded-For says where a browser is; the limit on sign-ins counts by that address")
	cmd.Flags().StringVar(&a.cfg.Site, "site", "", "public address of the pages, with the path if a proxy shows them below one; for links in alert messages too (default: TIENDO_SITE_URL, or http://localhost:8080)")
	cmd.Flags().StringVar(&a.cfg.Boards, "boards", "", "public address of Grafana, likewise (default: TIENDO_BOARDS_URL, or http://localhost:3000)")
}

// serve runs the schedule of the given sources and the site until the context ends. computed is what was computed just
// now; nil: it is computed first.
func (a *app) serve(ctx context.Context, p *plan.Plan, st *schema.Store, listen string, sources []source, computed *run.Computed) error {
	proxies, err := networks(a.cfg.TrustProxy)
	if err != nil {
		return err
	}
	tel, err := a.telemetry(ctx, p, st, sources)
	if err != nil {
		return err
	}
	tel.StoreUp(true)
	a.retried = tel.Retried
	if computed != nil {
		tel.Computed(*computed)
	} else if err := a.recompute(ctx, p, st, tel, plan.LastWeeklyPoint(a.now())); err != nil {
		return err
	}
	if a.cfg.RequireLogin {
		if all, err := st.Accounts(ctx); err != nil {
			return err
		} else if !slices.ContainsFunc(all, func(acc access.Account) bool { return !acc.Disabled }) {
			return errors.New("--require-login: nobody could sign in, there is no account: `tiendo user add NAME --role admin` adds one")
		}
	}
	changed := make(chan struct{}, 1) // one computation answers for all that came in before it began
	recompute := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	forms, err := a.formDesk(p, st, recompute)
	if err != nil {
		return err
	}
	options := web.Options{Plan: p, Store: st, Now: a.now, Notice: a.notice(ctx, p, st), Log: a.log, Metrics: tel.Handler(),
		Reviews: st, Access: st, Registers: st, Keeper: st, Proxies: proxies, RequireLogin: a.cfg.RequireLogin, Site: a.site(),
		Contests: st,
		Upkeep:   st,
		Redrive:  a.redriver(p, st, recompute),
	}
	if forms != nil {
		options.Forms, options.Drafts = forms, st
	}
	if options.OpenID, err = a.openID(); err != nil {
		return err
	}
	site, err := web.New(options)
	if err != nil {
		return err
	}
	desk := a.desk(p, st)
	a.makeReview(ctx, desk) // of a Monday that was missed
	base, stop, err := listenAndServe(listen, site)
	if err != nil {
		return fmt.Errorf("serve the pages: %w: choose another address with --listen", err)
	}
	defer stop()
	fmt.Fprintf(a.out, "\nMở trình duyệt tại %s (Ctrl-C để dừng)\n", base)

	var computing sync.WaitGroup
	defer computing.Wait()
	serving, end := context.WithCancel(ctx)
	defer end()
	computing.Go(func() {
		for {
			select {
			case <-serving.Done():
				return
			case <-changed:
				if err := a.recompute(serving, p, st, tel, plan.LastWeeklyPoint(a.now())); err != nil && serving.Err() == nil {
					a.log.Error("the computation failed", "after", "a confirmed form", "error", err)
				}
			}
		}
	})

	computing.Go(func() {
		again := time.NewTicker(5 * time.Second)
		defer again.Stop()
		for {
			select {
			case <-serving.Done():
				return
			case <-again.C:
				_ = site.Warm(serving) // a store that does not answer is told of below
			}
		}
	})

	timetable := cron.New(cron.WithLocation(plan.Zone), cron.WithChain(cron.Recover(quiet{}), cron.SkipIfStillRunning(quiet{})))
	for _, s := range sources {
		if _, err := timetable.AddFunc(s.Schedule, func() { a.scheduled(ctx, p, st, tel, s) }); err != nil {
			return fmt.Errorf("schedule %q of source %s: %w", s.Schedule, s.ID, err)
		}
	}
	if _, err := timetable.AddFunc("30 5 * * *", func() { // every day: what is due and not there is late from a day on
		if err := a.recompute(ctx, p, st, tel, plan.LastWeeklyPoint(a.now())); err != nil {
			a.log.Error("the daily computation failed", "error", err)
			return
		}
		a.makeReview(ctx, desk)
	}); err != nil {
		return err
	}
	timetable.Start()
	health := time.NewTicker(15 * time.Second)
	defer health.Stop()
	var ended <-chan struct{}
	if a.engine != nil {
		ended = a.engine.Done()
	}
	for {
		select {
		case <-ctx.Done():
			<-timetable.Stop().Done()
			return nil
		case <-ended:
			return fmt.Errorf("the embedded ClickHouse ended and does not start again: %w", a.engine.Err())
		case <-health.C:
			tel.StoreUp(st.Ping(ctx) == nil)
			if replaying, err := st.Replaying(ctx); err == nil {
				tel.Replaying(replaying)
			}
		}
	}
}

// openID is the other way to sign in that the settings name; nil: none.
func (a *app) openID() (*web.OpenID, error) {
	if a.cfg.OIDCIssuer == "" {
		if a.cfg.OIDCClient+a.cfg.OIDCSecretFile+a.cfg.OIDCClaim != "" {
			return nil, &usageError{errors.New("--oidc-issuer is missing: the other settings of OpenID Connect mean nothing without it")}
		}
		return nil, nil
	}
	o := &web.OpenID{Issuer: a.cfg.OIDCIssuer, Client: a.cfg.OIDCClient, Claim: a.cfg.OIDCClaim, Secret: a.lookup("TIENDO_OIDC_SECRET")}
	if a.cfg.OIDCSecretFile != "" {
		b, err := os.ReadFile(a.cfg.OIDCSecretFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-secret-file: %w", err)
		}
		o.Secret = strings.TrimSpace(string(b))
	}
	return o, nil
}

// networks reads --trust-proxy; an address alone is a network of one.
func networks(text string) ([]netip.Prefix, error) {
	all := []netip.Prefix{}
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(one)
		if ip, bad := netip.ParseAddr(one); err != nil && bad == nil {
			p, err = ip.Prefix(ip.BitLen())
		}
		if err != nil {
			return nil, &usageError{fmt.Errorf("--trust-proxy: %q is no network: write it as 172.18.0.0/16, several with commas between", one)}
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// telemetry names the metrics of the plan and restores what the store knows of its sources. Only the given ones are pulled.
func (a *app) telemetry(ctx context.Context, p *plan.Plan, st *schema.Store, pulled []source) (*telemetry.Telemetry, error) {
	last, err := st.LastSuccess(ctx)
	if err != nil {
		return nil, err
	}
	first, err := st.FirstRuns(ctx)
	if err != nil {
		return nil, err
	}
	schedules := map[string]cron.Schedule{}
	for _, s := range pulled {
		if schedules[s.ID], err = cron.ParseStandard(s.Schedule); err != nil {
			return nil, fmt.Errorf("schedule %q of source %s: %w", s.Schedule, s.ID, err)
		}
	}
	o := telemetry.Options{
		Version: version(), Now: a.now,
		Site:   a.site(),
		Boards: a.address(a.cfg.Boards, "TIENDO_BOARDS_URL", "http://localhost:3000"),
	}
	if err := saveIfNew(ctx, st, "site", o.Site); err != nil { // the boards' links lead there
		return nil, err
	}
	for _, f := range p.Sources {
		src, err := collectors.DecodeSource(f)
		if err != nil {
			continue // `tiendo check` says so; it is not pulled either
		}
		x := telemetry.Source{ID: f.Name, Name: src.Name, Rhythm: string(src.Rhythm), RejectLimit: *src.RejectLimit, Since: first[f.Name]}
		if schedule, ok := schedules[f.Name]; ok {
			x.Next = func(t time.Time) time.Time { return schedule.Next(t.In(plan.Zone)) }
		}
		o.Sources = append(o.Sources, x)
	}
	tel := telemetry.New(p, o)
	tel.LastSuccess(last)
	return tel, nil
}

// site is the public address of the pages, address that of a flag, or of a variable.
func (a *app) site() string {
	return a.address(a.cfg.Site, "TIENDO_SITE_URL", "http://localhost:8080")
}

func (a *app) address(flag, variable, otherwise string) string {
	return strings.TrimRight(cmp.Or(flag, a.lookup(variable), otherwise), "/")
}

// version is what the program was built from, as far as the builder wrote it down.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return info.Main.Version
}

// scheduled is one run of one source; its failure is logged and counted and concerns no other.
func (a *app) scheduled(ctx context.Context, p *plan.Plan, st *schema.Store, tel *telemetry.Telemetry, s source) {
	done := tel.Pulling(s.ID)
	defer done() // behind the computation
	runner := &run.Runner{Store: st, Catalogue: st, Now: a.now}
	rec, err := runner.Collect(ctx, s.job)
	tel.RunEnded(rec)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Error("run failed", "source", s.ID, "error", err)
		}
		return
	}
	a.log.Info("collected", "source", s.ID, "records", rec.Records, "new", rec.Loaded, "rejected", rec.Rejected)
	if rec.Loaded == 0 {
		return
	}
	if err := a.recompute(ctx, p, st, tel, plan.LastWeeklyPoint(a.now())); err != nil {
		a.log.Error("the computation failed", "after", s.ID, "error", err)
	}
}

func (a *app) recompute(ctx context.Context, p *plan.Plan, st *schema.Store, tel *telemetry.Telemetry, asOf plan.Day) error {
	c, err := a.compute(ctx, p, st, asOf, plan.DayOf(a.now()))
	if err != nil {
		tel.ComputeFailed()
		return err
	}
	tel.Computed(c)
	return nil
}

// notice is what every page says of the figures' origin, where they are a demo's.
func (a *app) notice(ctx context.Context, p *plan.Plan, st *schema.Store) string {
	if now, err := st.Setting(ctx, settingNow); err != nil || now == "" {
		return ""
	}
	return p.Demo.Notice
}

// quiet drops cron's own chatter: a run that fails is logged where it fails.
type quiet struct{}

func (quiet) Info(string, ...any)                   {}
func (quiet) Error(err error, msg string, _ ...any) { _ = errors.Join(err, errors.New(msg)) }

// saveIfNew keeps a setting of the plan, with a row only if it differs from the one that is kept.
func saveIfNew(ctx context.Context, st *schema.Store, name, value string) error {
	have, err := st.Setting(ctx, name)
	if err != nil || have == value {
		return err
	}
	return st.SetSetting(ctx, name, value)
}
