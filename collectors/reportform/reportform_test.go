package reportform

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"tiendo/collectors"
	"tiendo/collectors/table"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

var update = flag.Bool("update", false, "write the golden files anew")

const planCode = "kien-giang-2022-2025"

func loadPlan(t testing.TB) *plan.Plan {
	t.Helper()
	sub, err := fs.Sub(plans.FS, planCode)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(sub)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// collector reads the plan's forms from a folder at the instant.
func collector(t testing.TB, p *plan.Plan, dir string, now time.Time) collectors.Collector {
	t.Helper()
	c, err := New(collectors.Source{ID: "forms", Kind: "reportform", File: "sources/forms.yaml", Path: dir},
		collectors.Deps{Plan: p, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// examples are a period that is over for every form of the plan, by rhythm.
var examples = map[plan.Rhythm]string{plan.Daily: "2022-06-30", plan.Monthly: "2024-03", plan.Quarterly: "2024-Q1", plan.HalfYearly: "2024-H1", plan.Yearly: "2023"}

// read hands a workbook in and reads it back.
func read(t testing.TB, p *plan.Plan, workbook []byte) collectors.Batch {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.xlsx"), workbook, 0o600); err != nil {
		t.Fatal(err)
	}
	c := collector(t, p, dir, time.Now().Add(time.Hour))
	var all collectors.Batch
	for page, err := range c.Pages(context.Background(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if all, err = c.Parse(page); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func blankForm(t testing.TB, p *plan.Plan, form plan.Form, unit *plan.Unit) []byte {
	t.Helper()
	period, err := plan.ParsePeriod(form.PeriodType, examples[form.Rhythm])
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Template(p, form, unit, period, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An untouched template is a table of open rows: nothing counts, and nothing is wrong but that rows are empty.
func TestUntouchedTemplateReadsBack(t *testing.T) {
	p := loadPlan(t)
	for _, form := range p.Forms {
		t.Run(form.Code, func(t *testing.T) {
			b := read(t, p, blankForm(t, p, form, nil))
			if len(b.Measures)+len(b.Facilities)+len(b.Baselines)+len(b.Drift) != 0 {
				t.Errorf("an empty form yields %+v", b)
			}
			for _, r := range b.Rejects {
				if r.Rule != "empty_row" {
					t.Fatalf("reject %s: %s", r.Rule, r.Reason)
				}
			}
		})
	}
}

// A filled template yields every expected row, without a reject.
func TestFilledTemplateReadsBack(t *testing.T) {
	p := loadPlan(t)
	for _, form := range p.Forms {
		t.Run(form.Code, func(t *testing.T) {
			filled, rows := fill(t, p, form, blankForm(t, p, form, nil))
			b := read(t, p, filled)
			if len(b.Rejects) > 0 {
				t.Fatalf("%d rejects, first: %s", len(b.Rejects), b.Rejects[0].Reason)
			}
			per := map[string]bool{}
			for _, c := range form.Columns {
				if c.Measure != "" {
					per[c.Measure] = true
				}
			}
			if got := len(b.Measures) + len(b.Facilities) + len(b.Baselines); rows == 0 || got != rows*max(1, len(per)) {
				t.Errorf("got %d records from %d rows of %d measures", got, rows, len(per))
			}
			for _, m := range b.Measures {
				if m.PeriodType != form.PeriodType || m.Value < 1 {
					t.Fatalf("measure %+v", m)
				}
			}
		})
	}
}

// fill writes something right into every open cell of a template's rows.
func fill(t testing.TB, p *plan.Plan, form plan.Form, workbook []byte) ([]byte, int) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(workbook))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := f.GetRows(sheetForm)
	if err != nil {
		t.Fatal(err)
	}
	head := slices.IndexFunc(all, func(r []string) bool { return len(r) > 0 && r[0] == form.Keys[0].Header })
	if len(all) > head+1 && all[head+1][0] == sumLabel {
		head++
	}
	last := head + max(1, len(all)-head-1)
	if last == head+1 && len(all) == head+1 {
		last = head + 3 // open keys: three rows
	}
	titles := all[head]
	if titles[0] == sumLabel {
		titles = all[head-1]
	}
	for n := head + 1; n <= last; n++ {
		for i, title := range titles {
			value := answer(form, title, n)
			if value == nil {
				continue
			}
			ref, err := excelize.CoordinatesToCellName(i+1, n+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellValue(sheetForm, ref, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), last - head
}

func answer(form plan.Form, title string, n int) any {
	for _, k := range form.Keys {
		if k.Header == title && k.Role == "facility" {
			return fmt.Sprintf("CS%03d", n)
		}
		if k.Header == title && k.Role == "service" {
			return fmt.Sprintf("1.%06d", n)
		}
	}
	for _, c := range form.Columns {
		if c.Header != title {
			continue
		}
		switch c.Role {
		case "name":
			return "Cơ sở"
		case "facility_kind":
			return "hospital"
		case "located_in", "managed_by":
			return "91"
		case "from", "to":
			return nil
		}
		switch c.Kind {
		case "yesno", "flag_bit":
			return "có"
		case "not_flag":
			return "không"
		case "text":
			return "Văn bản số 1"
		case "money":
			return 1.25
		}
		return 40
	}
	return nil
}

// The shape of a template, not its bytes: cells, widths, checks.
func TestTemplateGolden(t *testing.T) {
	p := loadPlan(t)
	for code, unit := range map[string]string{"BM-CQS-03": "902", "BM-KTS-02": "91", "BM-X-CASH": "902", "BM-CQS-05": "902", "DM-COSO": ""} {
		t.Run(code, func(t *testing.T) {
			form := formOf(t, p, code)
			var who *plan.Unit
			if unit != "" {
				if who = p.Units.On(unit, plan.MustDay("2023-12-14")); who == nil {
					t.Fatalf("the plan has no unit %s", unit)
				}
			}
			got := describe(t, blankForm(t, p, form, who))
			path := filepath.Join("testdata", code+".txt")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func formOf(t testing.TB, p *plan.Plan, code string) plan.Form {
	t.Helper()
	i := slices.IndexFunc(p.Forms, func(f plan.Form) bool { return f.Code == code })
	if i < 0 {
		t.Fatalf("the plan has no form %s", code)
	}
	return p.Forms[i]
}

func describe(t testing.TB, workbook []byte) string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(workbook))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b strings.Builder
	for _, sheet := range f.GetSheetList() {
		fmt.Fprintf(&b, "== %s\n", sheet)
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for i, r := range rows {
			if sheet != sheetUnits || i < 5 { // the plan's units are no part of a form's shape
				fmt.Fprintf(&b, "%d: %s\n", i+1, strings.Join(r, " | "))
			}
		}
		for i := 1; i <= len(rows)+blankRows; i++ {
			for j := 1; j <= 12; j++ {
				ref, err := excelize.CoordinatesToCellName(j, i)
				if err != nil {
					t.Fatal(err)
				}
				id, err := f.GetCellStyle(sheet, ref)
				if err != nil {
					t.Fatal(err)
				}
				if style, err := f.GetStyle(id); err != nil {
					t.Fatal(err)
				} else if style.Protection != nil && !style.Protection.Locked {
					open++
				}
				formula, err := f.GetCellFormula(sheet, ref)
				if err != nil {
					t.Fatal(err)
				}
				if formula != "" {
					fmt.Fprintf(&b, "formula %s %s\n", ref, formula)
				}
			}
		}
		protected, err := f.GetSheetProtection(sheet)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "open cells %d, others locked %v\n", open, !protected.FormatCells && !protected.InsertRows && protected.Password == "")
		checks, err := f.GetDataValidations(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			fmt.Fprintf(&b, "check %s %s %s\n", c.Sqref, c.Type, c.Formula1)
		}
		for _, col := range []string{"A", "B", "C"} {
			w, err := f.GetColWidth(sheet, col)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "width %s %.0f\n", col, w)
		}
	}
	return b.String()
}

func TestTemplateRefuses(t *testing.T) {
	p := loadPlan(t)
	form := formOf(t, p, "BM-CQS-03")
	quarter, err := plan.ParsePeriod(plan.Report, "2024-Q1")
	if err != nil {
		t.Fatal(err)
	}
	if err := Template(p, form, nil, quarter, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "2024-Q1") {
		t.Errorf("a quarter for a monthly form: %v", err)
	}
	month, err := plan.ParsePeriod(plan.Report, "2024-03")
	if err != nil {
		t.Fatal(err)
	}
	var mass *plan.Unit
	for _, u := range p.Units.All {
		if u.Level == "mass_organisation" {
			mass = u
		}
	}
	if err := Template(p, form, mass, month, &bytes.Buffer{}); err == nil {
		t.Errorf("a form for %v, which does not enter it", mass)
	}
}

// A district's collective file holds its communes that exist in the period, and only those.
func TestTemplateRowsAreTheUnitsOfThePeriod(t *testing.T) {
	p := loadPlan(t)
	form := formOf(t, p, "BM-XHS-01")
	for label, there := range map[string]bool{"2024-Q3": true, "2025-Q1": false} {
		period, err := plan.ParsePeriod(form.PeriodType, label)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, l := range (Blank{Plan: p, Form: form, Period: period}).expected() {
			u := p.Units.On(l.keys[0], period.End)
			if u == nil || u.Level != "commune" {
				t.Fatalf("%s: row %v is no commune of the period", label, l)
			}
			found = found || u.To == plan.MustDay("2024-11-30")
		}
		if found != there {
			t.Errorf("%s: communes that ended on 30 November 2024 there: %v", label, found)
		}
	}
}

func TestNewNeedsForms(t *testing.T) {
	p := loadPlan(t)
	now := func() time.Time { return time.Now() }
	if _, err := New(collectors.Source{ID: "elsewhere", Path: "/drop"}, collectors.Deps{Plan: p, Now: now}); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("got %v", err)
	}
	if _, err := New(collectors.Source{ID: "forms", Path: "/drop"}, collectors.Deps{Now: now}); err == nil {
		t.Error("no plan, no error")
	}
}

func FuzzReport(f *testing.F) {
	p := loadPlan(f)
	for _, form := range p.Forms {
		grid, err := table.Read("a.xlsx", blankForm(f, p, form, nil))
		if err != nil {
			f.Fatal(err)
		}
		raw, err := json.Marshal(grid.Rows[:min(12, len(grid.Rows))])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(form.Code, fmt.Sprint(form.Version), examples[form.Rhythm], raw)
	}
	dir := f.TempDir()
	c := collector(f, p, dir, time.Date(2025, 1, 1, 0, 0, 0, 0, plan.Zone))
	f.Fuzz(func(t *testing.T, code, version, period string, rows []byte) {
		var cells json.RawMessage
		if json.Unmarshal(rows, &cells) != nil {
			return
		}
		form := p.Forms[0]
		for _, x := range p.Forms {
			if x.Code == code {
				form = x
			}
		}
		var columns []map[string]any
		for i, k := range slices.Concat(form.Keys, form.Columns) {
			columns = append(columns, map[string]any{"header": k.Header, "at": i})
		}
		body, err := json.Marshal(map[string]any{"file": "a.xlsx", "form": code, "version": version, "period_type": "báo cáo", "period": period, "columns": columns, "rows": cells})
		if err != nil {
			t.Skip()
		}
		b, err := c.Parse(collectors.Page{Body: body, FetchedAt: time.Date(2025, 1, 1, 0, 0, 0, 0, plan.Zone)})
		if err != nil {
			return
		}
		for _, m := range b.Measures {
			if m.Value < 0 || m.End > plan.MustDay("2025-01-01") {
				t.Fatalf("measure %+v", m)
			}
		}
	})
}
