package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/schema"
)

// progressRow is the fixed shape of `tiendo progress --json`: decimals as strings, unknown as null.
type progressRow struct {
	Plan          string           `json:"plan"`
	PlanVersion   string           `json:"plan_version"`
	Code          string           `json:"code"`
	Name          string           `json:"name"`
	Unit          string           `json:"unit"`
	UnitName      string           `json:"unit_name"`
	Level         string           `json:"level"`
	AsOf          plan.Day         `json:"as_of"`
	KnownOn       plan.Day         `json:"known_on"`
	KnownAt       *string          `json:"known_at"`
	Value         *plan.Value      `json:"value"`
	Numerator     *int64           `json:"numerator"`
	Denominator   *int64           `json:"denominator"`
	Comparator    *string          `json:"comparator"`
	Milestone     *plan.Day        `json:"milestone"`
	Target        *plan.Value      `json:"target"`
	Expected      *plan.Value      `json:"expected"`
	Gap           *plan.Value      `json:"gap"`
	NeededPerWeek *plan.Value      `json:"needed_per_week"`
	PacePerWeek   *plan.Value      `json:"pace_per_week"`
	Forecast      *plan.Value      `json:"forecast"`
	BestReachable *plan.Value      `json:"best_reachable"`
	Status        string           `json:"status"`
	Outcomes      []schema.Outcome `json:"outcomes"`
	WeeksBehind   int              `json:"weeks_behind"`
	Reason        *string          `json:"reason"`
	Rulings       []string         `json:"rulings"`
	MethodVersion string           `json:"method_version"`
}

func rowOf(p *plan.Plan, version string, knownOn plan.Day, r progress.Result) progressRow {
	row := progressRow{
		Plan: p.Code, PlanVersion: version, Code: r.Indicator.Code, Name: r.Indicator.Name, Unit: r.Unit.Code, UnitName: r.Unit.Name, Level: string(r.Unit.Level),
		AsOf: r.Day, KnownOn: knownOn, Value: r.Value, Target: r.Target, Expected: r.Expected, Gap: r.Gap, NeededPerWeek: r.NeededPerWeek,
		PacePerWeek: r.PacePerWeek, Forecast: r.Forecast, BestReachable: r.BestReachable, Status: string(r.Status), Outcomes: schema.Outcomes(r.Outcomes),
		WeeksBehind: r.WeeksBehind, Rulings: append([]string{}, r.Indicator.Rulings...), MethodVersion: progress.MethodVersion,
	}
	if r.KnownAt > 0 {
		s := time.UnixMilli(r.KnownAt).In(plan.Zone).Format(time.RFC3339)
		row.KnownAt = &s
	}
	if r.Denominator != 0 {
		row.Numerator, row.Denominator = &r.Numerator, &r.Denominator
	}
	if r.Indicator.Comparator != "" {
		c := string(r.Indicator.Comparator)
		row.Comparator = &c
	}
	if r.Milestone != plan.NoDay {
		row.Milestone = &r.Milestone
	}
	if s := schema.Reasons(r.Assessment); s != "" {
		row.Reason = &s
	}
	return row
}

func (a *app) progressCommand() *cobra.Command {
	var unit, indicator, asOf, knownOn string
	var asJSON, monitored bool
	cmd := &cobra.Command{
		Use:   "progress",
		Short: "Show a unit's progress to every target",
		Long: `Show every indicator row of the plan for one unit: value, target, path, gap, forecast, status, with the reason for what
is unknown. Rows that do not apply to the unit are shown as such.

Every figure has two dates. --as-of is the day it speaks of (default: the last complete week's Sunday). --known-on limits
what is used to what had been fetched by the end of that day (default: today), so that any past report can be had again,
whatever was restated or entered late since.

--json prints an array with one object per row: decimals are strings, unknown is null.`,
		Example: `  tiendo progress --unit 899
  tiendo progress --unit 899 --indicator CQS-02 --as-of 2024-03-31 --known-on 2024-04-15
  tiendo progress --unit 91@2024-01-01 --json     # the unit of that code on that day`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := a.plan()
			if err != nil {
				return err
			}
			if indicator != "" && p.Indicator(indicator) == nil {
				return &usageError{fmt.Errorf("plan %s has no indicator %q: `tiendo plan show` lists them", p.Code, indicator)}
			}
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
			if unit == "" {
				unit = p.Province
			}
			u, err := p.Units.Select(unit, d)
			if err != nil {
				return &usageError{err}
			}
			in, book, err := run.Book(ctx, st, p, k)
			if err != nil {
				return err
			}
			var results []progress.Result
			for i := range in.Indicators {
				ind := &in.Indicators[i]
				if indicator == "" && ind.Monitored != monitored || indicator != "" && ind.Code != indicator {
					continue
				}
				results = append(results, book.Results(ind, u, []plan.Day{d})...)
			}
			version := p.VersionOn(k)
			if !asJSON {
				if err := a.hintEmpty(ctx, st); err != nil {
					return err
				}
				return printProgress(a.out, in, u, d, k, a.notice(ctx, p, st), results)
			}
			rows := make([]progressRow, 0, len(results))
			for _, r := range results {
				rows = append(rows, rowOf(in, version, k, r))
			}
			enc := json.NewEncoder(a.out)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			return enc.Encode(rows)
		},
	}
	f := cmd.Flags()
	f.StringVar(&unit, "unit", "", "unit, CODE or CODE@YYYY-MM-DD (default: the plan's province)")
	f.StringVar(&indicator, "indicator", "", "only this indicator")
	f.StringVar(&asOf, "as-of", "", "day the figures speak of, YYYY-MM-DD (default: the last complete week's Sunday)")
	f.StringVar(&knownOn, "known-on", "", "use only what was known at the end of this day, YYYY-MM-DD (default: today)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&monitored, "monitored", false, "show the measures watched beside the plan's rows instead")
	return cmd
}

// hintEmpty says on standard error that there is nothing to see yet, rather than let a mistyped --data look like a
// province that never reported.
func (a *app) hintEmpty(ctx context.Context, st *schema.Store) error {
	pages, err := st.PageCount(ctx)
	if err == nil && pages == 0 {
		where := a.cfg.Data
		if a.cfg.ClickHouse != "" {
			where = "the ClickHouse server"
		}
		fmt.Fprintf(a.err, "tiendo: %s holds no collected figures of plan %s yet: check --data and --plan, or run `tiendo collect` or `tiendo demo`\n", where, a.cfg.Plan)
	}
	return err
}

func printProgress(out io.Writer, p *plan.Plan, u *plan.Unit, asOf, knownOn plan.Day, notice string, results []progress.Result) error {
	fmt.Fprintf(out, "%s\n%s - tính đến ngày %s, theo số liệu đã biết đến ngày %s\n", p.Name, u.Name, viDay(asOf), viDay(knownOn))
	fmt.Fprintln(out, versionsLine(p, knownOn))
	if notice != "" {
		fmt.Fprintln(out, notice)
	}
	fmt.Fprintln(out)
	return progressTable(out, results)
}

// versionsLine says by which plan and method figures were had that were known on a day.
func versionsLine(p *plan.Plan, knownOn plan.Day) string {
	return fmt.Sprintf("Kế hoạch %s, bản %s; phiên bản phương pháp %s", p.Code, p.VersionOn(knownOn), progress.MethodVersion)
}

func progressTable(out io.Writer, results []progress.Result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHỈ TIÊU\tTHỰC HIỆN\tMỤC TIÊU\tLỘ TRÌNH\tCHÊNH LỆCH\tDỰ BÁO\tTRẠNG THÁI\tNỘI DUNG")
	for _, r := range results {
		target := viValue(r.Target)
		if r.Target != nil && r.Indicator.Comparator == plan.MoreThan {
			target = "> " + target
		}
		state := sign(r.Status) + " " + viStatus(r.Status)
		if why := viReason(r.Reason()); why != "" && (r.Value == nil || r.Status == progress.NotApplicable || r.Status == progress.Stale || r.Reason() == progress.ReasonUnitEnded) {
			state += " (" + why + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Indicator.Code, viValue(r.Value), target, viValue(r.Expected), viValue(r.Gap), viValue(r.Forecast), state, r.Indicator.Name)
	}
	return w.Flush()
}

func (a *app) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write figures for others to compute with",
		RunE:  subcommandNeeded,
	}
	var asCSV bool
	var asOf, knownOn string
	progressCmd := &cobra.Command{
		Use:   "progress",
		Short: "Write every computed figure as CSV",
		Long: `Write indicator, unit, unit_valid_from, as_of, known_on, numerator, denominator, value, expected, gap, status, plan,
plan_version, method_version for every indicator, unit and day that results are kept for, in the plan's order of
indicators, then by unit and day.
Empty cells are unknown, never zero; an empty unit_valid_from means "already in force before the plan".
--known-on may name several days, separated by commas.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !asCSV {
				return &usageError{fmt.Errorf("export progress needs --csv, the one format it writes")}
			}
			ctx := cmd.Context()
			if err := readable(asOf, strings.Split(knownOn, ",")...); err != nil {
				return err
			}
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			var books []*progress.Book
			var plans []*plan.Plan
			var days []plan.Day
			d := plan.NoDay
			for _, text := range strings.Split(knownOn, ",") {
				var k plan.Day
				if d, k, err = a.asOfKnownOn(asOf, text); err != nil {
					return err
				}
				in, b, err := run.Book(ctx, st, p, k)
				if err != nil {
					return err
				}
				books, plans, days = append(books, b), append(plans, in), append(days, k)
			}
			return exportProgress(a.out, plans, books, days, d)
		},
	}
	f := progressCmd.Flags()
	f.BoolVar(&asCSV, "csv", false, "write CSV")
	f.StringVar(&asOf, "as-of", "", "newest day to write, YYYY-MM-DD (default: the last complete week's Sunday)")
	f.StringVar(&knownOn, "known-on", "", "use only what was known at the end of this day, YYYY-MM-DD (default: today)")
	cmd.AddCommand(progressCmd, a.exportPackageCommand())
	return cmd
}

var exportColumns = []string{"indicator", "unit", "unit_valid_from", "as_of", "known_on", "numerator", "denominator", "value", "expected", "gap", "status", "plan", "plan_version", "method_version"}

// exportProgress writes the table indicator by indicator, so that memory holds one unit's results at a time.
func exportProgress(out io.Writer, plans []*plan.Plan, books []*progress.Book, knownOn []plan.Day, asOf plan.Day) error {
	w := csv.NewWriter(out)
	if err := w.Write(exportColumns); err != nil {
		return err
	}
	last := plans[len(plans)-1]
	units := unitsByKey(last.Units)
	versions := make([]string, len(plans))
	for i, p := range plans {
		versions[i] = p.VersionOn(knownOn[i])
	}
	for i := range last.Indicators {
		code := last.Indicators[i].Code
		if last.Indicators[i].Monitored {
			continue
		}
		for _, u := range units {
			byDay := map[plan.Day][]progress.Result{}
			var days []plan.Day
			for j, b := range books {
				ind := plans[j].Indicator(code)
				if ind == nil || !plans[j].Applies(ind, u).Counts() {
					continue
				}
				days = b.StoredDays(u, asOf)
				for _, r := range b.Results(ind, u, days) {
					byDay[r.Day] = append(byDay[r.Day], r)
				}
			}
			for _, d := range days {
				for j, r := range byDay[d] {
					num, den := "", ""
					if r.Denominator != 0 {
						num, den = strconv.FormatInt(r.Numerator, 10), strconv.FormatInt(r.Denominator, 10)
					}
					err := w.Write([]string{code, u.Code, u.From.String(), d.String(), knownOn[j].String(), num, den, text(r.Value), text(r.Expected), text(r.Gap), string(r.Status), plans[j].Code, versions[j], progress.MethodVersion})
					if err != nil {
						return err
					}
				}
			}
		}
	}
	w.Flush()
	return w.Error()
}

func text(v *plan.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}
