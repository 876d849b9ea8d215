package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
)

// reportFormats are the forms that a report is written in.
var reportFormats = map[string]func(*document.Document) ([]byte, error){"html": document.Page, "docx": document.DOCX, "xlsx": document.XLSX}

func (a *app) reportCommand() *cobra.Command {
	var periodType, unit, format, out, knownOn string
	cmd := &cobra.Command{
		Use:   "report PERIOD",
		Short: "Write the report of a week, month, quarter, half-year, year or milestone as a document",
		Long: `Write a report in the form of Vietnamese administrative reports (Nghị định 30/2020/NĐ-CP): the province, its pillars, the
units, what moved since the period before, who lags and since when, causes, late reports, restatements, proposals; of a
milestone also how the subjects of its awards stand. It holds what the site shows at /report/PERIOD.

PERIOD is 2025-W26, 2025-06, 2025-Q2, 2025-H1, 2024, or a milestone: midterm-2023, final-2025. --type report takes months
from the 15th to the 14th. Figures are those stored for the last day of the period, or the last day before it; the report
says which, and whether the period is over.

--format html is a page to print on A4, docx a document to edit and sign, xlsx the tables with numbers as numbers.`,
		Example: `  tiendo report 2025-06 --out bao-cao.docx
  tiendo report 2025-Q2 --type report --unit 899 --format xlsx --out quy-2.xlsx
  tiendo report midterm-2023 --format html --out so-ket.html`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("report needs one PERIOD: 2025-W26, 2025-06, 2025-Q2, 2025-H1, 2024, midterm-2023 or final-2025")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format == "" {
				format = "docx"
				if i := strings.LastIndexByte(out, '.'); i >= 0 && reportFormats[out[i+1:]] != nil {
					format = out[i+1:]
				}
			}
			t := plan.PeriodType(periodType)
			switch {
			case out == "":
				return &usageError{fmt.Errorf("report needs --out FILE, the document to write")}
			case reportFormats[format] == nil:
				return &usageError{fmt.Errorf("--format %q: write html, docx or xlsx", format)}
			case !slices.Contains([]plan.PeriodType{plan.Calendar, plan.Report}, t):
				return &usageError{fmt.Errorf("--type %q: write calendar or report", periodType)}
			}
			k, err := day("known-on", knownOn, plan.NoDay)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			d, err := web.ReportDocument(ctx, web.Options{Plan: p, Store: st, Reviews: st, Contests: st, Now: a.now, Notice: a.notice(ctx, p, st)}, args[0], t, unit, k)
			if err != nil {
				return fmt.Errorf("report %s: %w", args[0], err)
			}
			body, err := reportFormats[format](d)
			if err != nil {
				return err
			}
			if err := replaceFile(out, body); err != nil {
				return fmt.Errorf("write the report: %w", err)
			}
			fmt.Fprintf(a.out, "%s: %d byte\n", out, len(body))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&periodType, "type", string(plan.Calendar), "type of the period: calendar, or report (15th to 14th)")
	f.StringVar(&unit, "unit", "", "code of the unit that the report is about (default: the unit on top of the plan)")
	f.StringVar(&format, "format", "", "html, docx or xlsx (default: as the file's name ends, else docx)")
	f.StringVar(&out, "out", "", "file to write; one that is there is replaced when the new one is whole")
	f.StringVar(&knownOn, "known-on", "", "stored results as known at the end of this day, YYYY-MM-DD (default: the newest)")
	return cmd
}
