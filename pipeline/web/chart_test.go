package web

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update and look at the difference):\n%s", file, got)
	}
}

func val(s string) *plan.Value { v := plan.MustValue(s); return &v }

// example is a flow over five weeks, one of them unknown, across the turn of a year.
func example() (*plan.Plan, *plan.Indicator, place, []Assessment) {
	p := &plan.Plan{Start: plan.MustDay("2023-12-01"), Milestones: []plan.Milestone{{Date: plan.MustDay("2023-12-31")}, {Date: plan.MustDay("2024-06-30")}}}
	ind := &plan.Indicator{Code: "CQS-02", Comparator: plan.MoreThan, Window: plan.YearToDate, PeriodType: plan.Calendar,
		Targets: []plan.Target{{Milestone: p.Milestones[0].Date, Value: val("40")}, {Milestone: p.Milestones[1].Date, Value: val("60")}}}
	u := &plan.Unit{UnitKey: plan.UnitKey{Code: "91", From: plan.NoDay}, To: plan.NoDay, Name: `Tỉnh <Kiên & Giang>`}
	var all []Assessment
	for i, v := range []*plan.Value{val("37"), nil, val("38.5"), val("39.25"), val("41")} {
		d := plan.MustDay("2023-12-17") + plan.Day(7*i)
		a := Assessment{Indicator: ind.Code, AsOf: d, Value: v, PathValue: v, Comparator: plan.MoreThan, Milestone: p.Milestones[1].Date, Target: val("60"), Expected: val("38"), Status: progress.NoData}
		if v != nil {
			a.Status = progress.OnTrack
		}
		all = append(all, a)
	}
	all[0].Milestone, all[0].Forecast = p.Milestones[0].Date, val("99") // to another milestone
	all[2].Forecast, all[3].Forecast, all[4].Forecast = val("55"), val("58.25"), val("57.5")
	return p, ind, place{unit: u, day: all[4].AsOf}, all
}

func TestChart(t *testing.T) {
	p, ind, pl, series := example()
	s := &site{Options: Options{Plan: p}}
	c := s.chart(p, ind, pl, series)
	golden(t, "chart.svg", strings.ReplaceAll(string(c.SVG), "><", ">\n<")+"\n")
	if want := "Ngày 14/01/2024: thực hiện 41,0% (lũy kế từ đầu năm), 52 tuần gần nhất 41,0%, lộ trình 38,0%, mục tiêu đến 30/06/2024 > 60%, dự báo đến mốc 57,5%; đúng tiến độ. Trong 12 tuần gần nhất dự báo nằm từ 55,0% đến 58,3%."; c.Text != want {
		t.Errorf("text %q, want %q", c.Text, want)
	}
	if n := len(c.Legend); n != 6 || c.Legend[5].Class != "band" || !strings.Contains(string(c.SVG), `<polygon class="band" points="`) {
		t.Errorf("no band of forecasts: %v", c.Legend)
	}
	for i := range series {
		series[i].Forecast = series[4].Forecast
	}
	if c := s.chart(p, ind, pl, series); strings.Contains(string(c.SVG), `class="band"`) {
		t.Error("forecasts that did not move have a band")
	}
	if strings.Contains(string(c.SVG), "<Kiên") {
		t.Error("a name comes out as markup")
	}
	if n := strings.Count(string(c.SVG), `class="official`); n != 3 { // a point before the gap, one after it, the new year
		t.Logf("%s", c.SVG)
		t.Errorf("the year's sum is drawn in %d parts, want 3", n)
	}
}

func TestChartWithoutAnyFigure(t *testing.T) {
	p, ind, pl, series := example()
	s := &site{Options: Options{Plan: p}}
	if c := s.chart(p, ind, pl, nil); c != nil {
		t.Error("nothing stored gives a drawing")
	}
	for i := range series {
		series[i].Value, series[i].PathValue = nil, nil
	}
	if c := s.chart(p, ind, pl, series); c != nil {
		t.Error("nothing known gives a drawing")
	}
	if sparkline(ind, series) != "" {
		t.Error("nothing known gives a sparkline")
	}
}

// TestDrawingsStayInside looks at every coordinate of charts of odd figures.
func TestDrawingsStayInside(t *testing.T) {
	coordinate := regexp.MustCompile(`(x|y|cx|cy|x1|x2|y1|y2)="(-?[0-9.]+)"`)
	for name, values := range map[string][]string{
		"flat":     {"50", "50", "50"},
		"zero":     {"0", "0", "0"},
		"full":     {"100", "100"},
		"negative": {"-12", "3", "8"},
		"one":      {"33.3"},
		"small":    {"0.001", "0.002"},
		"over":     {"99", "140"},
	} {
		t.Run(name, func(t *testing.T) {
			p, ind, pl, _ := example()
			var series []Assessment
			for i, v := range values {
				series = append(series, Assessment{AsOf: p.Start + plan.Day(7*i), Value: val(v), PathValue: val(v), Milestone: plan.NoDay})
			}
			pl.day = series[len(series)-1].AsOf
			c := (&site{Options: Options{Plan: p}}).chart(p, ind, pl, series)
			if c == nil {
				t.Fatal("no drawing")
			}
			for _, m := range coordinate.FindAllStringSubmatch(string(c.SVG), -1) {
				v, err := plan.ParseValue(m[2])
				limit := int64(chartWidth)
				if strings.Contains(m[1], "y") {
					limit = chartHeight
				}
				if err != nil || v < 0 || v > plan.Percent(limit) {
					t.Errorf("%s outside of the drawing: %v\n%s", m[0], err, c.SVG)
				}
			}
		})
	}
}

func TestWords(t *testing.T) {
	share := &plan.Indicator{}
	score := &plan.Indicator{Kind: plan.Score, Unit: "điểm", Scale: 2}
	for _, c := range []struct{ got, want string }{
		{figure(share, val("37.25")), "37,3%"},
		{figure(share, val("99.96")), "99,96%"},
		{figure(share, nil), "–"},
		{figure(score, val("17.3")), "17,30 điểm"},
		{figure(score, val("9")), "9,00 điểm"},
		{threshold(share, plan.AtLeast, val("80")), "≥ 80%"},
		{threshold(share, plan.MoreThan, val("12.5")), "> 12,5%"},
		{threshold(share, plan.MoreThan, nil), "–"},
		{signed(share, val("1.24")), "+1,2"},
		{signed(share, val("-1.24")), "-1,2"},
		{signed(share, val("1.97")), "+2,0"},
		{signed(share, val("-0.01")), "-0,0"},
		{signed(share, val("0")), "0,0"},
		{signed(score, val("-1.5")), "-1,50"},
		{weekly(share, val("0.254")), "+0,25"},
		{weekly(share, val("-1234.5")), "-1.234,50"},
		{signed(share, nil), "–"},
		{harmless("=1+1"), "'=1+1"},
		{harmless("-1.5"), "-1.5"},
		{harmless("@x"), "'@x"},
		{harmless("Xã An Bình"), "Xã An Bình"},
		{axis(share, 37.5, 2.5), "37,5%"},
		{axis(share, 40, 10), "40%"},
		{axis(score, 17.25, 0.25), "17,25"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestPickTheDay(t *testing.T) {
	days := []plan.Day{plan.MustDay("2025-06-15"), plan.MustDay("2025-06-22"), plan.MustDay("2025-07-02")}
	for _, c := range []struct{ name, asOf, lastWeek, want string }{
		{"the last complete week", "", "2025-06-22", "2025-06-22"},
		{"not what was computed in the middle of a week", "", "2025-06-29", "2025-06-22"},
		{"the newest, where nothing is as old", "", "2025-06-01", "2025-07-02"},
		{"what was asked for", "2025-07-02", "2025-06-29", "2025-07-02"},
		{"nothing near what was asked for", "2025-06-16", "2025-06-29", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &ask{path: "/", asOf: plan.NoDay, knownOn: plan.NoDay, lastWeek: plan.MustDay(c.lastWeek)}
			if c.asOf != "" {
				a.asOf = plan.MustDay(c.asOf)
			}
			got, err := (&site{}).pick(a, days)
			if (err != nil) != (c.want == "") || err == nil && got != plan.MustDay(c.want) {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
}
