package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/collectors/reportform"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

func (a *app) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables and views to this version",
		Long: `Create the database of --clickhouse if it is not there, apply the migrations that are missing and create the views
anew. It only goes forward, and running it again changes nothing. Of a ClickHouse server, it is the one command that needs a user
who may create tables; boards read the views with that user's rights.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.cfg.ClickHouse != "" {
				if err := schema.CreateDatabase(cmd.Context(), a.cfg.ClickHouse); err != nil {
					return err
				}
			}
			st, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if err := st.Migrate(cmd.Context()); err != nil {
				return err
			}
			have, want, err := st.Version(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "tables are at version %d; this program needs %d\n", have, want)
			return nil
		},
	}
}

func (a *app) healthCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "health [URL]",
		Short: "Ask a running tiendo whether it is ready",
		Long: `Ask a running 'tiendo serve', or another address, and end with 0 if it answers 200, with 1 and what it said if it does not: for
containers and service managers, where there is no shell and no curl. Without URL it asks ` + readyURL + `.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("one address at a time, not %d: %s", len(args), strings.Join(args, ", "))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			address := readyURL
			if len(args) == 1 {
				address = args[0]
			}
			body, err := ask(cmd.Context(), http.MethodGet, address, "")
			fmt.Fprint(a.out, body)
			return err
		},
	}
}

const readyURL = "http://127.0.0.1:8080/readyz"

// ask makes a short request and returns the beginning of the answer; one that is no success is an error that shows it.
func ask(ctx context.Context, method, address, send string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(send))
	if err != nil {
		return "", &usageError{fmt.Errorf("%q is no address: %w", address, err)}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", address, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<12))
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s answers %s: %s", address, resp.Status, strings.TrimSpace(string(body)))
	}
	return string(body), err
}

func (a *app) engineCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "engine",
		Short: "Run the embedded ClickHouse on the data folder until Ctrl-C",
		Long: `Start ClickHouse as a library in a child process, on loopback ports, and print where it listens. Other commands with the
same --data attach to it. The read-only address is for boards.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var err error
			if a.engine, err = a.startEngine(ctx); err != nil {
				return err
			}
			if _, err := a.open(ctx); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "native 127.0.0.1:%d, HTTP 127.0.0.1:%d; addresses with passwords are in %s\n", a.engine.TCPPort, a.engine.HTTPPort, filepath.Join(a.cfg.Data, "engine"))
			select {
			case <-ctx.Done():
				return nil
			case <-a.engine.Done():
				return a.engine.Err()
			}
		},
	}
}

func (a *app) simulateCommand() *cobra.Command {
	var o demoOptions
	var listen string
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve the synthetic source systems until Ctrl-C",
		Long: `Serve the source systems' own APIs over a synthetic province (số liệu mô phỏng) and print, as shell lines, the environment
variables that point the plan's sources at them: 'tiendo collect' and 'tiendo serve' in such a shell use them. POST /_sim/now {"now": RFC3339} moves the clock; GET /healthz says
which province it is. 'tiendo demo --simulator' collects its history from here.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sim, err := o.simulator(a)
			if err != nil {
				return err
			}
			drop, err := filepath.Abs(filepath.Join(a.cfg.Data, "demo", "drop", a.cfg.Plan))
			if err != nil {
				return err
			}
			if err := sim.WriteFiles(drop, sim.Now()); err != nil {
				return err
			}
			systems := http.NewServeMux()
			systems.Handle("/", sim)
			systems.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, o.province(a)) })
			base, stop, err := listenAndServe(listen, systems)
			if err != nil {
				return err
			}
			defer stop()
			fmt.Fprintf(a.err, "the simulated systems listen on %s\n", base)
			env := sim.Env(base, drop)
			for _, k := range slices.Sorted(maps.Keys(env)) {
				fmt.Fprintf(a.out, "export %s=%q\n", k, env[k])
			}
			<-cmd.Context().Done()
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to serve on; port 0 takes a free one")

	var t demoOptions
	var asCSV bool
	var knownOn string
	truth := &cobra.Command{
		Use:   "truth",
		Short: "Say what every figure of the demo should be",
		Long: `Compute numerator, denominator, value and met of every indicator, unit and day straight from the generated records, with no
code of the pipeline, as CSV: indicator, unit, unit_valid_from, as_of, known_on, numerator, denominator, value, met.
Empty cells are unknown. --known-on may name several days, separated by commas; the default is the demo's day.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !asCSV {
				return &usageError{errors.New("simulate truth needs --csv, the one format it writes")}
			}
			p, err := a.plan()
			if err != nil {
				return err
			}
			sim, err := t.simulator(a)
			if err != nil {
				return err
			}
			asOf, err := day("as-of", t.asOf, p.Demo.AsOf)
			if err != nil {
				return err
			}
			days, err := knownDays(knownOn, plan.DayOf(demoNow(asOf)))
			if err != nil {
				return err
			}
			return simulator.WriteCSV(a.out, sim.Truth(asOf.Start(), days...))
		},
	}
	t.flags(truth)
	truth.Flags().BoolVar(&asCSV, "csv", false, "write CSV")
	truth.Flags().StringVar(&knownOn, "known-on", "", "as known at the end of these days, YYYY-MM-DD,…")
	cmd.AddCommand(truth)
	return cmd
}

func (a *app) methodsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "methods", Short: "Progress methods of statistics offices, for second opinions", RunE: subcommandNeeded}
	cmd.AddCommand(&cobra.Command{
		Use:   "eval",
		Short: "Read cases on standard input, write what the methods say of them",
		Long: `Read a CSV with the columns case_id, method, base_value, base_year, current_value, current_year, target, target_year,
direction (1 or -1), limit (empty: none) on standard input and write case_id, progress_value, score, status with full
precision. Methods: opensdg-2.4, eurostat, unsd-2023, escap-csi.`,
		Example: "  tiendo methods eval < cases.csv",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return progress.EvalCSV(cmd.InOrStdin(), a.out)
		},
	})
	return cmd
}

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "plan", Short: "Look at the plan's data files and check them", RunE: subcommandNeeded}
	lint := &cobra.Command{
		Use:   "lint",
		Short: "Report everything that is wrong or doubtful in the plan's files",
		Long:  "Report every problem of the plan's files with file, line and what to do; exit code 3 if there is any.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fsys, err := a.planFS()
			if err != nil {
				return err
			}
			problems := plan.Lint(fsys)
			for _, p := range problems {
				fmt.Fprintln(a.out, p)
			}
			if len(problems) > 0 {
				return &problemsError{len(problems)}
			}
			fmt.Fprintf(a.out, "plan %s: no problem\n", a.cfg.Plan)
			return nil
		},
	}
	var units, asJSON bool
	show := &cobra.Command{
		Use:   "show",
		Short: "List the plan's indicators with targets, or its units",
		Long: `List the plan's indicators with their target at each milestone. --units lists the units with level, name and the days they
are in force; their codes are what --unit takes. --json prints the indicators whole.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.plan()
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				return enc.Encode(p.Indicators)
			}
			if units {
				return showUnits(a.out, p)
			}
			return showPlan(a.out, p)
		},
	}
	show.Flags().BoolVar(&units, "units", false, "list the units in time instead")
	show.Flags().BoolVar(&asJSON, "json", false, "print the indicators as JSON")
	cmd.AddCommand(lint, show)
	return cmd
}

func showPlan(out io.Writer, p *plan.Plan) error {
	fmt.Fprintf(out, "%s\n%s\n%s\n\n", p.Code, p.Name, p.Document)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "CHỈ TIÊU")
	for _, m := range p.Milestones {
		fmt.Fprintf(w, "\tMỐC %s", words.Day(m.Date))
	}
	fmt.Fprintln(w, "\tNỘI DUNG")
	for _, ind := range p.Indicators {
		fmt.Fprint(w, ind.Code)
		for _, m := range p.Milestones {
			t := ind.TargetAt(m.Date)
			if t == nil || t.Value == nil {
				fmt.Fprint(w, "\t"+words.Unknown)
				continue
			}
			fmt.Fprintf(w, "\t%s %s", ind.Comparator, t.Value)
		}
		fmt.Fprintf(w, "\t%s\n", ind.Name)
	}
	return w.Flush()
}

func showUnits(out io.Writer, p *plan.Plan) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MÃ\tCẤP\tTÊN\tTỪ NGÀY\tĐẾN NGÀY\tTRỰC THUỘC")
	for _, u := range unitsByKey(p.Units) {
		parent := ""
		if u.Parent != nil {
			parent = u.Parent.Name
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Code, p.LevelInfo(u.Level).Name, u.Name, u.From, u.To, parent)
	}
	return w.Flush()
}

func (a *app) formCommand() *cobra.Command {
	var unit, period, file string
	cmd := &cobra.Command{
		Use:   "form [CODE]",
		Short: "Write an empty report form (XLSX) for units to fill in",
		Long: `Write the report form CODE for one period, with a row for every unit that is to fill it in. Without CODE, list the plan's
forms. A filled-in form comes back with 'tiendo import', or through the drop folder. A file that exists is not overwritten.`,
		Example: `  tiendo form BM-XHS-01 --period 2024-Q3 --unit 899 --out bm-xhs-01.xlsx
  tiendo form          # lists the plan's forms`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("one form at a time, not %d: %s", len(args), strings.Join(args, ", "))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.plan()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				for _, f := range p.Forms {
					fmt.Fprintf(w, "%s\t%s\t%s\n", f.Code, f.Rhythm, f.Title)
				}
				return w.Flush()
			}
			form := p.Form(args[0])
			if form == nil {
				return &usageError{fmt.Errorf("plan %s has no form %q: `tiendo form` lists them", p.Code, args[0])}
			}
			if period == "" {
				return &usageError{errors.New("--period is missing: write 2024, 2024-H1, 2024-Q3, 2024-07 or a day")}
			}
			pd, err := plan.ParsePeriod(form.PeriodType, period)
			if err != nil {
				return &usageError{err}
			}
			var u *plan.Unit
			if unit != "" {
				if u, err = p.Units.Select(unit, pd.End); err != nil {
					return &usageError{err}
				}
			}
			if file == "" {
				file = strings.ToLower(form.Code) + "-" + period + ".xlsx"
			}
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if err != nil {
				return fmt.Errorf("write the form: %w", err)
			}
			if err := errors.Join(reportform.Template(p, *form, u, pd, f), f.Close()); err != nil {
				return fmt.Errorf("write the form %s: %w", file, err)
			}
			fmt.Fprintln(a.out, file)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&unit, "unit", "", "unit that fills it in, with those below it (default: every expected unit)")
	f.StringVar(&period, "period", "", "period: 2024, 2024-H1, 2024-Q3, 2024-07")
	f.StringVar(&file, "out", "", "file to write (default: the form's code and period)")
	return cmd
}
