package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	var rejects string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show sources, freshness, rejects and lag",
		Long: `Show for every source when it was last seen whole, how the last run went, how many records were refused and why, and what
is waiting to be aggregated. --rejects SOURCE lists the newest refused records with the page and place they stand at.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			if rejects != "" {
				list, err := st.Rejects(ctx, rejects, 50)
				if err != nil {
					return err
				}
				return a.printRejects(list, asJSON)
			}
			var ids []string
			for _, f := range p.Sources {
				ids = append(ids, f.Name)
			}
			all, err := st.SourceStates(ctx, ids)
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				return enc.Encode(all)
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NGUỒN\tĐẦY ĐỦ LẦN CUỐI\tTUỔI\tLẦN CHẠY CUỐI\tKẾT QUẢ\tBẢN GHI\tBỊ LOẠI\tCHỜ TỔNG HỢP\tLỖI")
			for _, s := range all {
				age := words.Unknown
				if s.LastComplete != nil {
					age = fmt.Sprintf("%d ngày", int(plan.DayOf(a.now())-plan.DayOf(*s.LastComplete)))
				}
				state := map[string]string{run.OK: "✔ xong", run.Failed: "✖ lỗi", "": words.Unknown}[s.State]
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d trang\t%s\n", s.Source, instant(s.LastComplete), age, instant(s.LastRun), state,
					words.Count(int64(s.Records)), words.Count(int64(s.Rejected)), s.Unmeasured, firstLine(s.Error))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&rejects, "rejects", "", "list the newest refused records of this source")
	return cmd
}

func (a *app) printRejects(list []schema.Reject, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.out, "Không có bản ghi bị loại.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LÚC\tTRANG\tVỊ TRÍ\tKHÓA\tTRƯỜNG\tQUY TẮC\tLÝ DO")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%.12s\t%d\t%s\t%s\t%s\t%s\n", words.Instant(r.FetchedAt), r.SHA256, r.Position, r.Key, r.Field, r.Rule, r.Reason)
	}
	return w.Flush()
}

func instant(t *time.Time) string {
	if t == nil {
		return words.Unknown
	}
	return words.Instant(*t)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len([]rune(s)) > 100 {
		s = string([]rune(s)[:99]) + "…"
	}
	return s
}

// indented sets the further lines of an error under its first.
func indented(err error) string { return strings.ReplaceAll(err.Error(), "\n", "\n    ") }

func (a *app) checkCommand() *cobra.Command {
	var reach bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check settings, plan, sources and database before they are needed",
		Long: `Check that the settings can be read, that the plan has no problem, that every source is configured, that the database answers
and has this version's tables. --reach also asks every source for its first page, storing nothing. Exit code 3 if
anything is wrong.

Addresses and secrets of the sources are environment variables; what is not set is named here.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			bad := 0
			say := func(what string, err error) {
				if err != nil {
					bad++
					fmt.Fprintf(a.out, "✖ %s: %s\n", what, indented(err))
					return
				}
				fmt.Fprintf(a.out, "✔ %s\n", what)
			}
			p, err := a.plan()
			say("plan "+a.cfg.Plan, err)
			if fsys, ferr := a.planFS(); err == nil && ferr == nil {
				for _, x := range plan.Lint(fsys) {
					say("plan "+a.cfg.Plan, x)
				}
			}
			st, serr := a.open(ctx)
			say("database", serr)
			if serr == nil {
				have, want, err := st.Version(ctx)
				if err == nil && have != want {
					err = fmt.Errorf("tables are at version %d, this program needs %d: run `tiendo migrate`", have, want)
				}
				say("tables", err)
			}
			if err == nil {
				if a.now == nil {
					a.now = time.Now
				}
				all, err := a.sources(ctx, p, st)
				if err != nil {
					say("sources", err)
				}
				for _, s := range all {
					err := s.err
					if err == nil && reach {
						for _, e := range s.job.Collector.Pages(ctx, cursorNow(a.now())) {
							if !errors.Is(e, collectors.ErrEmptyAnswer) { // a quiet hour: it has answered
								err = e
							}
							break
						}
					}
					say("source "+s.ID, err)
				}
			}
			if bad > 0 {
				return &problemsError{bad}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&reach, "reach", false, "also ask every source for one page")
	return cmd
}

func (a *app) importCommand() *cobra.Command {
	var into string
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Take in report forms or tables from files, now",
		Long: `Read filled-in forms (XLSX or CSV) or tables as the source's drop folder would: land them, refuse row by row what cannot be
counted and say why, load the rest. Importing the same file again changes nothing; a file with other figures for the
same period is a restatement.`,
		Example: "  tiendo import --source forms bm-xhs-01-2024-q3.xlsx",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("name at least one file to import")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			for _, f := range args {
				if _, err := os.Stat(f); err != nil {
					return fmt.Errorf("import: %w", err)
				}
			}
			p, st, err := a.ready(ctx, into)
			if err != nil {
				return err
			}
			// A folder of its own holds copies, so that the collector meets whole files that nobody is writing.
			dir, err := os.MkdirTemp("", "tiendo-import-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			old := a.now().Add(-time.Hour)
			for i, f := range args {
				b, err := os.ReadFile(f)
				if err != nil {
					return fmt.Errorf("import: %w", err)
				}
				to := filepath.Join(dir, filepath.Base(f))
				if _, err := os.Stat(to); err == nil { // two folders' files of one name
					to = filepath.Join(dir, fmt.Sprintf("%d-%s", i+1, filepath.Base(f)))
				}
				if err := errors.Join(os.WriteFile(to, b, 0o600), os.Chtimes(to, old, old)); err != nil {
					return err
				}
			}
			files := false
			a.adjust = func(src *collectors.Source) {
				if src.ID == into && src.Path != "" {
					src.Path, files = dir, true
				}
			}
			all, err := a.sources(ctx, p, st)
			if err != nil {
				return err
			}
			chosen, err := pick(all, []string{into})
			if err != nil {
				return err
			}
			if !files && chosen[0].Kind != "" {
				return &usageError{fmt.Errorf("source %s reads no files: `tiendo import` is for sources with a drop folder", into)}
			}
			before, err := st.Rejects(ctx, into, 1000)
			if err != nil {
				return err
			}
			// A refused row is told here, one by one; it does not fail the others.
			chosen[0].job.RejectLimit = 0
			if err := a.collect(ctx, &run.Runner{Store: st, Catalogue: st, Now: a.now}, chosen); err != nil {
				return err
			}
			after, err := st.Rejects(ctx, into, 1000)
			if err != nil {
				return err
			}
			known := map[schema.Reject]bool{}
			for _, r := range before {
				known[r] = true
			}
			var fresh []schema.Reject
			for _, r := range after {
				if !known[r] {
					fresh = append(fresh, r)
				}
			}
			if len(fresh) == 0 {
				return nil
			}
			if err := a.printRejects(fresh, false); err != nil {
				return err
			}
			return &problemsError{len(fresh)}
		},
	}
	cmd.Flags().StringVar(&into, "source", "forms", "source that the files belong to")
	return cmd
}
