package reportform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tiendo/collectors"
	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
)

func testDesk(t *testing.T, p *plan.Plan) *Desk {
	t.Helper()
	d, err := NewDesk([]collectors.Source{{ID: "forms", Kind: "reportform", File: "forms.yaml", Path: "-"}},
		collectors.Deps{Plan: p, Now: func() time.Time { return time.Date(2025, 6, 30, 7, 0, 0, 0, plan.Zone) }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// reporter is a unit that hands the form in on a day.
func reporter(t *testing.T, p *plan.Plan, form plan.Form, day plan.Day) *plan.Unit {
	t.Helper()
	for _, u := range p.Units.All {
		if u.ValidOn(day) && slices.Contains(form.Levels, u.Level) {
			return u
		}
	}
	t.Fatalf("no unit hands in %s on %s", form.Code, day)
	return nil
}

// Every form that a unit hands in: its own empty form, filled in, is read without a fault, and so is what is kept of it.
func TestEveryFormOfAUnitReadsBack(t *testing.T) {
	p := loadPlan(t)
	d := testDesk(t, p)
	for _, form := range p.Forms {
		if form.Rhythm == plan.Daily {
			continue
		}
		t.Run(form.Code, func(t *testing.T) {
			period, err := plan.ParsePeriod(form.PeriodType, examples[form.Rhythm])
			if err != nil {
				t.Fatal(err)
			}
			u := reporter(t, p, form, period.End)
			k := draft.Key{Form: form.Code, Unit: u.UnitKey, Period: period.Label}
			var blank bytes.Buffer
			if err := d.Blank(k, nil, &blank); err != nil {
				t.Fatal(err)
			}
			if s, err := d.Read(k, "a.xlsx", blank.Bytes()); err != nil || s.Problem != "" || len(s.Figures)+len(s.Refused) > 0 {
				t.Errorf("untouched: %+v, %v", s, err)
			}
			filled, rows := fill(t, p, form, blank.Bytes())
			s, err := d.Read(k, "Tên người.XLSX", filled)
			if err != nil || s.Problem != "" || len(s.Refused) > 0 || len(s.Figures) != rows*len(draft.Measures(form)) {
				t.Fatalf("%d rows: %d figures, %s %v, %v", rows, len(s.Figures), s.Problem, s.Refused, err)
			}
			for _, f := range s.Figures {
				if form.Keys[0].Role == "unit" && f.Unit != u.UnitKey {
					t.Errorf("a figure of %s in the form of %s", f.Unit, u.UnitKey)
				}
			}
			final, err := d.Final(k, s.Body, "lý do")
			if err != nil {
				t.Fatal(err)
			}
			again, err := d.Parse(k, final)
			if err != nil || !slices.Equal(again.Figures, s.Figures) {
				t.Errorf("kept and read again: %d figures of %d, %v", len(again.Figures), len(s.Figures), err)
			}
			var kept struct{ File, Unit, Reason string }
			if err := json.Unmarshal(final, &kept); err != nil || kept.Unit != u.UnitKey.String() || kept.Reason != "lý do" || strings.Contains(kept.File, "Tên") {
				t.Errorf("kept as %+v, %v", kept, err)
			}
		})
	}
}

// What is refused is not kept, and a body that was put together for one unit says nothing of another.
func TestFinalKeepsOnlyTheUnitsOwnRows(t *testing.T) {
	p := loadPlan(t)
	d := testDesk(t, p)
	own, other := p.Units.On("899", plan.MustDay("2025-06-14")), p.Units.On("900", plan.MustDay("2025-06-14"))
	k := draft.Key{Form: "BM-KTS-04", Unit: own.UnitKey, Period: "2025-Q2"}
	csv := "Mẫu số,BM-KTS-04\nPhiên bản,1\nLoại kỳ,báo cáo\nKỳ,2025-Q2\n\nMã đơn vị,Số doanh nghiệp sử dụng hợp đồng điện tử,Số doanh nghiệp đang hoạt động,Người lập\nTổng cộng,53,93,\n899,40,80,x\n900,13,13,x\n"
	s, err := d.Read(k, "a.csv", []byte(csv))
	if err != nil || len(s.Figures) != 2 || len(s.Refused) != 1 || s.Refused[0].Cell != "A9" || !strings.Contains(s.Refused[0].Reason, other.Name) || len(s.Unknown) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	final, err := d.Final(k, s.Body, "")
	if err != nil || bytes.Contains(final, []byte("900")) || bytes.Contains(final, []byte("Người lập")) {
		t.Errorf("kept: %s, %v", final, err)
	}
	page := d.Page(k, 3, final)
	if want := "forms/BM-KTS-04/" + strings.ReplaceAll(own.UnitKey.String(), " ", "/") + "/2025-Q2 draft 3"; page.Request != want {
		t.Errorf("request %q, want %q", page.Request, want)
	}
	batch, err := d.Reader(k).Parse(page)
	if err != nil || len(batch.Measures) != 2 || len(batch.Rejects) > 0 {
		t.Errorf("landed: %+v, %v", batch, err)
	}
	page.Body = bytes.Replace(page.Body, []byte(`"unit":"899"`), []byte(`"unit":"900"`), 1)
	if batch, err := d.Reader(k).Parse(page); err != nil || len(batch.Measures) > 0 || len(batch.Rejects) != 1 || batch.Rejects[0].Rule != "other_unit" {
		t.Errorf("another unit's: %+v, %v", batch, err)
	}
}

// The form of a unit has its own row only; where somebody knows the services, they stand there, and rows for others below.
func TestBlankOfOneUnit(t *testing.T) {
	p := loadPlan(t)
	d := testDesk(t, p)
	u := p.Units.On("899", plan.MustDay("2025-06-14"))
	known := []plan.Member{{Code: "1.000001", Name: "Thủ tục một"}, {Code: "1.000002", Name: "Thủ tục hai"}}
	for form, want := range map[string]int{"BM-CQS-03": 1, "BM-CQS-05": blankRows} {
		period := map[string]string{"BM-CQS-03": "2025-06", "BM-CQS-05": "2025-Q2"}[form]
		var b bytes.Buffer
		if err := d.Blank(draft.Key{Form: form, Unit: u.UnitKey, Period: period}, known, &b); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := f.GetRows(sheetForm)
		if err != nil {
			t.Fatal(err)
		}
		n, named := 0, 0
		for _, r := range rows {
			if len(r) > 0 && r[0] == "899" {
				n++
			} else if len(r) > 0 && p.Units.On(r[0], plan.MustDay("2025-06-14")) != nil {
				t.Errorf("%s has a row of %s", form, r[0])
			}
			if len(r) > 2 && strings.HasPrefix(r[1], "1.00000") && strings.Contains(r[2], "Thủ tục") {
				named++
			}
		}
		if n != want || form == "BM-CQS-05" && named != len(known) {
			t.Errorf("%s: %d rows of the unit, %d services; want %d, %d", form, n, named, want, len(known))
		}
		if props, err := f.GetSheetProps(sheetForm); err != nil || props.FitToPage == nil || !*props.FitToPage {
			t.Errorf("%s does not fit on the width of a page: %+v, %v", form, props, err)
		}
		if protected, err := f.GetSheetProtection(sheetForm); err != nil || fmt.Sprint(protected.Password) != "" || protected.InsertRows {
			t.Errorf("%s: protected by %+v, %v", form, protected, err)
		}
	}
}

func TestDeskRefusesKeysOfNothing(t *testing.T) {
	p := loadPlan(t)
	d := testDesk(t, p)
	for _, k := range []draft.Key{{}, {Form: "BM-KTS-04", Period: "2025-Q2"}, {Form: "BM-KTS-04", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, Period: "x"}} {
		if err := d.Blank(k, nil, &bytes.Buffer{}); err == nil {
			t.Errorf("a form for %q", k)
		}
		if _, err := d.Read(k, "a.csv", []byte("a")); err == nil {
			t.Errorf("a file for %q", k)
		}
		if _, err := d.Parse(k, []byte("{}")); err == nil {
			t.Errorf("a body for %q", k)
		}
	}
}
