package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

func (a *app) rejectsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rejects [source]",
		Short: "Show refused records by rule, try them again after the plan was mended",
		Long: `Count the refused records of every source, or of one, by rule: those still missing, and those settled since, because the
record was accepted from the same page after the plan was mended, or because the source sent it right later. 'tiendo status --rejects SOURCE'
lists the newest one by one.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{errors.New("name one source, or none for all")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			_, st, err := a.ready(ctx, args...)
			if err != nil {
				return err
			}
			source := ""
			if len(args) > 0 {
				source = args[0]
			}
			all, err := st.RejectCounts(ctx, source)
			if err != nil {
				return err
			}
			if asJSON {
				return a.rejectsJSON(all)
			}
			if len(all) == 0 {
				fmt.Fprintln(a.out, "Không có bản ghi nào bị loại.")
				return nil
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NGUỒN\tQUY TẮC\tCÒN THIẾU\tĐÃ XỬ LÝ\tSỬA Ở ĐÂU")
			for _, x := range all {
				where := "nơi gửi số liệu"
				if web.MendedInPlan(x.Rule) {
					where = "danh mục của kế hoạch, rồi `tiendo rejects redrive " + x.Source + "`"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Source, x.Name, words.Count(int64(x.Open)), words.Count(int64(x.Settled)), where)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	cmd.AddCommand(a.redriveCommand())
	return cmd
}

func (a *app) rejectsJSON(all []web.RejectCount) error {
	type line struct {
		Source  string `json:"source"`
		Rule    string `json:"rule"`
		Open    uint64 `json:"open"`
		Settled uint64 `json:"settled"`
		Reason  string `json:"reason"`
	}
	out := make([]line, 0, len(all))
	for _, x := range all {
		out = append(out, line{x.Source, x.Rule, x.Open, x.Settled, x.Reason})
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func (a *app) redriveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "redrive source…",
		Short: "Try the refused records of sources again, from what was landed",
		Long: `Read the landed pages that hold refused records again, with the plan as it is now, load the records that are understood
now as of the time they were fetched, and compute. Nothing is pulled and nothing is taken out; what is still refused stays in the list.
Twice is as once. What must be mended at the source comes in with the next pull.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("name the source: `tiendo rejects` lists those with refused records")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			p, st, err := a.ready(ctx, args...)
			if err != nil {
				return err
			}
			accepted := 0
			for _, source := range args {
				if _, err := st.Record(ctx, access.Event{At: time.Now(), Actor: cliActor(), Action: access.RejectsRedriven, Subject: source}); err != nil {
					return err
				}
				r, err := a.redrive(ctx, p, st, source)
				if err != nil {
					return err
				}
				accepted += r.Accepted
				fmt.Fprintf(a.out, "%-20s %s bản ghi bị loại trong %s trang đọc lại: %s được nhận, %s vẫn bị loại\n", source, words.Count(int64(r.Tried)), words.Count(int64(r.Pages)), words.Count(int64(r.Accepted)), words.Count(int64(r.Refused)))
			}
			if accepted == 0 {
				return nil
			}
			d, k, err := a.asOfKnownOn("", "")
			if err != nil {
				return err
			}
			c, err := a.compute(ctx, p, st, d, k)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s kết quả, %s mới\n", words.Count(int64(len(c.Results))), words.Count(int64(c.Written)))
			return nil
		},
	}
}

// redrive tries a source's refused records again; what was landed is read without asking the source.
func (a *app) redrive(ctx context.Context, p *plan.Plan, st *schema.Store, source string) (run.Redriven, error) {
	all, err := a.sources(ctx, p, nil)
	if err != nil {
		return run.Redriven{}, err
	}
	chosen, err := pick(all, []string{source})
	if err != nil {
		return run.Redriven{}, err
	}
	s := chosen[0]
	if s.job.Collector == nil {
		if err := a.offline(p, &s); err != nil {
			return run.Redriven{}, err
		}
	}
	return run.Redrive(ctx, st, s.job)
}

// redriver lets the pages try refused records again, one source at a time; what they bring is computed behind it.
func (a *app) redriver(p *plan.Plan, st *schema.Store, recompute func()) func(context.Context, string) (web.Redriven, error) {
	var one sync.Mutex
	return func(ctx context.Context, source string) (web.Redriven, error) {
		one.Lock()
		defer one.Unlock()
		r, err := a.redrive(ctx, p, st, source)
		if r.Accepted > 0 {
			recompute()
		}
		return web.Redriven{Tried: r.Tried, Accepted: r.Accepted}, err
	}
}
