package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
	"tiendo/pipeline/web"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

func (a *app) reviewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "review",
		Short: "Keep the weekly reviews: make the week's pack, list and show them, prove that nobody changed one",
		Long: `The weekly review is made every Monday by 'tiendo serve', after the morning's computation: the pack of the week that ended on Sunday,
with every figure that its page shows, is kept as a draft under its SHA-256. On the pages a reviewer proposes it and an approver
signs it, or gives it back with a reason. What was signed stays as it was: figures that are stated anew later change the boards,
not the signed pack, and the page shows the difference beside it.

All steps stand in one log, a chain of hashes, and the audit log tells of each before it is taken. A week is named as 2025-W26.`,
		Args: subcommandNeeded,
		RunE: subcommandNeeded,
	}
	cmd.AddCommand(a.reviewMakeCommand(), a.reviewListCommand(), a.reviewShowCommand(), a.reviewVerifyCommand())
	return cmd
}

// oneWeek reads the week that a command is called with; without one it is NoDay where that may be.
func oneWeek(cmd *cobra.Command, args []string, needed bool) (plan.Day, error) {
	switch {
	case len(args) > 1 || needed && len(args) == 0:
		return plan.NoDay, &usageError{fmt.Errorf("%s needs one week, as 2025-W26", cmd.CommandPath())}
	case len(args) == 0:
		return plan.NoDay, nil
	}
	week, err := review.ParseWeek(args[0])
	if err != nil {
		return week, &usageError{err}
	}
	return week, nil
}

func (a *app) desk(p *plan.Plan, st *schema.Store) *web.Desk {
	return &web.Desk{Plan: p, Store: st, Reviews: st, Audit: st, Now: a.now, Clock: time.Now}
}

// bySchedule is who takes a step that nobody takes.
const bySchedule = "schedule"

// makeReview keeps the draft of the last week that is over, if none is kept and results are: every Monday, or later where the
// program did not run then.
func (a *app) makeReview(ctx context.Context, d *web.Desk) {
	week := plan.LastWeeklyPoint(a.now())
	l, err := d.Log(ctx)
	if err == nil && l.Course(week).State == review.Unmade {
		var made bool
		if _, made, err = d.Make(ctx, week, bySchedule, ""); made {
			a.log.Info("the weekly review is made", "week", review.WeekName(week))
		}
	}
	if err != nil && !errors.Is(err, web.ErrNoWeek) && ctx.Err() == nil {
		a.log.Error("the weekly review could not be made", "week", review.WeekName(week), "error", err)
	}
}

var stateNames = map[review.State]string{review.Unmade: "chưa lập", review.Draft: "nháp", review.BeforeSigner: "đã trình", review.SentBack: "trả lại", review.Final: "đã ký duyệt"}

func (a *app) reviewMakeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "make [WEEK]",
		Short: "Keep the pack of a week as a draft (default: the last week that is over)",
		Long: `Keep what the page of the week shows now. If the newest pack of the week says the same, nothing is kept; nor if the week lies before
the approver or is signed.

  tiendo review make 2025-W26`,
		RunE: func(cmd *cobra.Command, args []string) error {
			week, err := oneWeek(cmd, args, false)
			if err != nil {
				return err
			}
			p, st, err := a.ready(cmd.Context())
			if err != nil {
				return err
			}
			if week == plan.NoDay {
				week = plan.LastWeeklyPoint(a.now())
			}
			if week > plan.LastWeeklyPoint(a.now()) {
				return &usageError{fmt.Errorf("%s is not over yet", review.WeekName(week))}
			}
			c, made, err := a.desk(p, st).Make(cmd.Context(), week, cliActor(), "")
			if err != nil {
				return err
			}
			done := "không có gì thay đổi, giữ nguyên"
			if made {
				done = "đã lập"
			}
			fmt.Fprintf(a.out, "✔ %s: %s (%s, sha256 %s)\n", words.Week(week), done, stateNames[c.State], c.Pack)
			return nil
		},
	}
}

func (a *app) reviewListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the reviews with their states, the newest week first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := a.reviewLog(cmd.Context())
			if err != nil {
				return err
			}
			all := l.Courses()
			if asJSON {
				return a.printJSON(coursesOf(all))
			}
			if len(all) == 0 {
				fmt.Fprintln(a.out, "Chưa có kỳ rà soát nào được lập: `tiendo review make` lập kỳ của tuần vừa qua.")
				return nil
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TUẦN\tTRẠNG THÁI\tLẬP LÚC\tNGƯỜI TRÌNH\tNGƯỜI KÝ\tSỐ\tÝ KIẾN\tVIỆC\tSHA256")
			for _, c := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", review.WeekName(c.Week), stateNames[c.State], stepAt(c.Made), stepBy(c.Proposed), stepBy(c.Signed), number(c.Number), len(c.Comments), len(c.Actions), cutHash(c.Pack))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with every step")
	return cmd
}

// courseJSON is a week's course under the week's name.
type courseJSON struct {
	Name string `json:"name"`
	*review.Course
}

func coursesOf(all []*review.Course) []courseJSON {
	out := []courseJSON{}
	for _, c := range all {
		out = append(out, courseJSON{review.WeekName(c.Week), c})
	}
	return out
}

func stepAt(s *review.Step) string {
	if s == nil {
		return words.Unknown
	}
	return words.Instant(s.At)
}

func stepBy(s *review.Step) string {
	if s == nil {
		return words.Unknown
	}
	return s.By
}

func number(n int) string {
	if n == 0 {
		return words.Unknown
	}
	return strconv.Itoa(n)
}

func cutHash(sha string) string { return sha[:min(12, len(sha))] }

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) reviewLog(ctx context.Context) (*review.Log, error) {
	st, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := st.ReviewLog(ctx)
	if err != nil {
		return nil, err
	}
	return review.Read(rows)
}

func (a *app) reviewShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show WEEK",
		Short: "Show how a week's review went, or with --json its pack, to the byte",
		Long: `Show the steps of a week's review, its comments and actions. With --json its newest pack is printed exactly as it is kept, so that
sha256sum gives the hash that was signed:

  tiendo review show 2025-W26 --json | sha256sum`,
		RunE: func(cmd *cobra.Command, args []string) error {
			week, err := oneWeek(cmd, args, true)
			if err != nil {
				return err
			}
			l, err := a.reviewLog(cmd.Context())
			if err != nil {
				return err
			}
			c := l.Course(week)
			if c.Pack == "" {
				return fmt.Errorf("no pack of %s is kept: `tiendo review make %s` keeps one, `tiendo review list` shows those there are", args[0], args[0])
			}
			body, err := a.store.ReviewPack(cmd.Context(), c.Pack)
			if err != nil {
				return err
			}
			if body == nil {
				return fmt.Errorf("the pack %s of %s is missing: run `tiendo review verify`", c.Pack, args[0])
			}
			if asJSON {
				_, err := a.out.Write(body)
				return err
			}
			k, err := review.Decode(body)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s: %s\n", words.Week(week), stateNames[c.State])
			if c.Number > 0 {
				fmt.Fprintf(a.out, "Bản ký số %d\n", c.Number)
			}
			fmt.Fprintf(a.out, "Gói số liệu: sha256 %s, lập lúc %s, %d kết quả, số liệu mới nhất biết lúc %s\n", c.Pack, words.Instant(k.MadeAt), len(k.Pack.Pairs), words.Instant(k.Pack.KnownAt))
			fmt.Fprintf(a.out, "Kế hoạch %s, bản %s; phiên bản phương pháp %s; tính đến ngày %s, theo số liệu đã biết đến ngày %s\n", k.Plan, strings.Join(k.Pack.PlanVersions, ", "), strings.Join(k.Pack.MethodVersions, ", "),
				words.Day(k.Pack.AsOf), words.Day(plan.DayOf(k.MadeAt)))
			for _, s := range stepsOf(c) {
				fmt.Fprintf(a.out, "  %s  %-18s  %s  %s\n", words.Instant(s.At), stepNames[s.Kind], s.By, about(s))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the pack")
	return cmd
}

var stepNames = map[string]string{review.Made: "lập", review.Proposed: "trình", review.Returned: "trả lại", review.Signed: "ký duyệt", review.Commented: "ý kiến", review.ActionAdded: "việc cần làm", review.ActionDone: "đã làm xong"}

// stepsOf are the newest steps of a course with its comments and actions, in the order in which they were taken.
func stepsOf(c *review.Course) []review.Step {
	var all []review.Step
	for _, s := range []*review.Step{c.Made, c.Proposed, c.Returned, c.Signed} {
		if s != nil {
			all = append(all, *s)
		}
	}
	all = append(all, c.Comments...)
	for _, x := range c.Actions {
		all = append(all, x.Step)
		if x.Done != nil {
			all = append(all, *x.Done)
		}
	}
	slices.SortFunc(all, func(x, y review.Step) int { return int(x.Seq) - int(y.Seq) })
	return all
}

func about(s review.Step) string {
	var parts []string
	if s.Indicator != "" {
		parts = append(parts, s.Indicator+" "+s.Unit.String())
	}
	if s.Owner != nil {
		parts = append(parts, "giao "+s.Owner.String()+", hạn "+words.Day(*s.Due))
	}
	if s.Text != "" {
		parts = append(parts, firstLine(s.Text))
	}
	return strings.Join(parts, ": ")
}

func (a *app) reviewVerifyCommand() *cobra.Command {
	var kept string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Find what was changed, taken out or put in among the reviews and their packs",
		Long: `Check that every step of every review is as it was taken: the chain of hashes is whole, every step could be taken where it stands (who
proposed did not sign), every pack gives its hash, and the audit log, which is checked too, tells of every step and of no other.
Every problem names its row or pack. Exit code 3 if anything is wrong.

Who can write to the database and knows how can write everything anew. Keep the last line of this command's output somewhere else (on
paper, say) and give it back later with --kept: then that is found, too.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			mark, err := keptMark(kept)
			if err != nil {
				return err
			}
			st, err := a.open(ctx)
			if err != nil {
				return err
			}
			rows, packs, problems, err := st.VerifyReviews(ctx, mark...)
			if err == nil && len(problems) > 0 { // a step that was just being taken stands in one log only
				rows, packs, problems, err = st.VerifyReviews(ctx, mark...)
			}
			if err != nil {
				return err
			}
			return a.verdict(rows, problems, "no review is kept yet", fmt.Sprintf("%d steps and %d packs are as they were written", len(rows), packs))
		},
	}
	cmd.Flags().StringVar(&kept, "kept", "", "NUMBER:HASH that verify printed once: the step must still be that one")
	return cmd
}
