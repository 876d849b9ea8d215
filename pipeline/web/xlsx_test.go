package web_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/plan"
)

// TestWorkbooks opens the workbook of every page beside its CSV: the same lines and columns, each cell of its kind.
func TestWorkbooks(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for _, address := range []string{"/", "/heat", "/heat?level=commune", "/unit/899", "/indicator/CQS-02", "/freshness", "/review/2025-W26", "/?as-of=2025-06-22&known-on=2025-06-23"} {
		t.Run(address, func(t *testing.T) {
			join := "?"
			if strings.Contains(address, "?") {
				join = "&"
			}
			seen := get(h, address).Body.String()
			if !strings.Contains(seen, "format=xlsx") {
				t.Error("the page leads to no workbook")
			}
			rec := get(h, address+join+"format=xlsx")
			if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" ||
				!strings.HasSuffix(rec.Header().Get("Content-Disposition"), `.xlsx"`) {
				t.Fatalf("%d %v", rec.Code, rec.Header())
			}
			f, err := excelize.OpenReader(bytes.NewReader(rec.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()

			for _, sheet := range f.GetSheetList() {
				props, err := f.GetSheetProps(sheet)
				paper, wrong := f.GetPageLayout(sheet)
				if err != nil || wrong != nil || props.FitToPage == nil || !*props.FitToPage || paper.Orientation == nil || *paper.Orientation != "landscape" || paper.FitToHeight == nil || *paper.FitToHeight != 0 {
					t.Errorf("%s does not fit on the width of a page: %+v %+v, %v %v", sheet, props, paper, err, wrong)
				}
			}
			about, err := f.GetRows("Thông tin")
			if err != nil {
				t.Fatal(err)
			}
			said := map[string]string{}
			for _, l := range about {
				said[l[0]] = l[1]
			}
			asOf, known := "29/06/2025", "30/06/2025"
			if strings.Contains(address, "known-on") {
				asOf, known = "22/06/2025", "23/06/2025"
			}
			if said["Kế hoạch"] != p.Name || said["Tính đến ngày"] != asOf || said["Theo số liệu đã biết đến ngày"] != known || said["Lưu ý"] != notice {
				t.Errorf("the workbook says %q", said)
			}
			if address != "/freshness" && (said["Bản kế hoạch"] != "243/KH-UBND" || said["Phiên bản phương pháp"] != "plan-1") {
				t.Errorf("the workbook says %q", said)
			}

			text, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(get(h, address+join+"format=csv").Body.String(), "\uFEFF"))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := f.GetRows("Số liệu", excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(raw) != len(text) {
				t.Fatalf("%d lines, the CSV has %d", len(raw), len(text))
			}
			filledIn := 0
			for i, line := range text {
				for j, want := range line {
					name, _ := excelize.CoordinatesToCellName(j+1, i+1)
					got := ""
					if j < len(raw[i]) {
						got = raw[i][j]
					}
					if i == 0 {
						if got == "" || got == want {
							t.Errorf("column %s has no Vietnamese heading", want)
						}
						continue
					}
					if want == "" {
						if got != "" {
							t.Errorf("%s holds %q, the CSV nothing", name, got)
						}
						continue
					}
					filledIn++
					kind, err := f.GetCellType("Số liệu", name)
					if err != nil {
						t.Fatal(err)
					}
					number := kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber
					shown, err := f.GetCellValue("Số liệu", name)
					if err != nil {
						t.Fatal(err)
					}
					switch column := text[0][j]; column {
					case "as_of", "known_on", "milestone", "unit_valid_from":
						if day := plan.MustDay(want); !number || shown != day.Time().Format("02/01/2006") {
							t.Errorf("%s (%s) shows %q, want the day %s", name, column, shown, day)
						}
					case "known_at", "last_complete", "last_run":
						at, err := time.Parse(time.RFC3339, want)
						if err != nil || !number || shown != at.In(plan.Zone).Format("02/01/2006 15:04") {
							t.Errorf("%s (%s) shows %q, want the instant %s (%v)", name, column, shown, want, err)
						}
					case "unit", "indicator", "status", "unit_name", "indicator_name", "plan_version":
						if number || got != want {
							t.Errorf("%s (%s) holds %q as %v, want the text %q", name, column, got, kind, want)
						}
					case "value", "target", "gap", "numerator", "denominator", "weeks_behind", "runs":
						v, err := plan.ParseValue(got)
						if w := plan.MustValue(want); err != nil || !number || v != w {
							t.Errorf("%s (%s) holds %q as %v, want the number %s (%v)", name, column, got, kind, want, err)
						}
					}
				}
			}
			if filledIn < 20 {
				t.Errorf("only %d cells hold something", filledIn)
			}
		})
	}
	if rec := get(h, "/runbook?format=xlsx"); rec.Code != http.StatusBadRequest {
		t.Errorf("a page without a table has a workbook: %d", rec.Code)
	}
}
