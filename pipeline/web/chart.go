package web

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// sparkline draws the path values of a unit's newest weeks; empty where there are fewer than two.
func sparkline(ind *plan.Indicator, series []Assessment) svg {
	const width, height, pad = 84, 26, 3
	if len(series) < 2 {
		return ""
	}
	first, last := series[0].AsOf, series[len(series)-1].AsOf
	lo, hi := math.Inf(1), math.Inf(-1)
	grow := func(v *plan.Value) {
		if v != nil {
			lo, hi = min(lo, v.Float()), max(hi, v.Float())
		}
	}
	known := 0
	for _, a := range series {
		grow(a.PathValue)
		grow(a.Expected)
		if a.PathValue != nil {
			known++
		}
	}
	if known < 2 {
		return ""
	}
	if room := 1 - (hi - lo); room > 0 { // a tenth of a point is no trend
		lo, hi = lo-room/2, hi+room/2
	}
	x := func(d plan.Day) float64 {
		return pad + (width-2*pad)*float64(d-first)/float64(max(1, last-first))
	}
	y := func(v *plan.Value) float64 { return height - pad - (height-2*pad)*(v.Float()-lo)/(hi-lo) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" viewBox="0 0 %d %d" width="%d" height="%d" aria-hidden="true">`, width, height, width, height)
	polyline(&b, "path", series, func(a Assessment) *plan.Value { return a.Expected }, x, y)
	polyline(&b, "value", series, func(a Assessment) *plan.Value { return a.PathValue }, x, y)
	for i := len(series) - 1; i >= 0; i-- {
		if v := series[i].PathValue; v != nil {
			fmt.Fprintf(&b, `<circle class="dot" cx="%s" cy="%s" r="2.5"/>`, decimal(x(series[i].AsOf)), decimal(y(v)))
			break
		}
	}
	b.WriteString(`</svg>`)
	return svg(b.String())
}

// polyline draws a series, broken where it is unknown.
func polyline(b *strings.Builder, class string, series []Assessment, of func(Assessment) *plan.Value, x func(plan.Day) float64, y func(*plan.Value) float64) {
	var run []string
	flush := func() {
		if len(run) > 1 {
			fmt.Fprintf(b, `<polyline class="%s" points="%s"/>`, class, strings.Join(run, " "))
		} else if len(run) == 1 {
			at := strings.Split(run[0], ",")
			fmt.Fprintf(b, `<circle class="%s-point" cx="%s" cy="%s" r="2"/>`, class, at[0], at[1])
		}
		run = nil
	}
	for _, a := range series {
		v := of(a)
		if v == nil {
			flush()
			continue
		}
		run = append(run, decimal(x(a.AsOf))+","+decimal(y(v)))
	}
	flush()
}

// chart is the one drawing of an indicator's page, with what it says in words, the legend that belongs to it, and its figures.
type chart struct {
	SVG    svg
	Text   string
	Legend []legendItem
	Points []chartPoint
}

// chartPoint is a stored day in words.
type chartPoint struct{ Day, Value, Official, Expected, Forecast string }

func (p chartPoint) say() string {
	t := "Ngày " + p.Day + ": thực hiện " + p.Value
	if p.Value == words.Unknown {
		t = "Ngày " + p.Day + ": chưa có số liệu"
	}
	if p.Official != "" && p.Official != words.Unknown {
		t += " (lũy kế từ đầu năm " + p.Official + ")"
	}
	if p.Expected != words.Unknown {
		t += ", lộ trình " + p.Expected
	}
	return t
}

func chartPoints(ind *plan.Indicator, series []Assessment) []chartPoint {
	all := make([]chartPoint, 0, len(series))
	for _, a := range series {
		p := chartPoint{Day: words.Day(a.AsOf), Value: figure(ind, a.PathValue), Expected: figure(ind, a.Expected), Forecast: figure(ind, a.Forecast)}
		if ind.Window == plan.YearToDate {
			p.Official = figure(ind, a.Value)
		}
		all = append(all, p)
	}
	return all
}

// Newest are the newest points, the newest first, for the table beside the drawing.
func (c *chart) Newest() []chartPoint {
	newest := slices.Clone(c.Points[max(0, len(c.Points)-sparkWeeks):])
	slices.Reverse(newest)
	return newest
}

// bandWeeks is how many weeks of forecasts the band holds: as many as the pace looks back on.
const bandWeeks = 12

// forecastBand is the lowest and the highest of the stored forecasts to the same milestone over the newest weeks: how far the
// forecast has lately moved, not how sure it is. nil: there is none.
func forecastBand(series []Assessment) (low, high *plan.Value) {
	now := series[len(series)-1]
	for _, a := range series {
		if a.Forecast == nil || a.Milestone != now.Milestone || a.AsOf <= now.AsOf-7*bandWeeks {
			continue
		}
		if low == nil || *a.Forecast < *low {
			low = a.Forecast
		}
		if high == nil || *a.Forecast > *high {
			high = a.Forecast
		}
	}
	return low, high
}

// spot is a mark that the keyboard reaches and that tells what it stands for.
func spot(b *strings.Builder, markup, text string, x, y float64) {
	anchor := "end"
	if x < chartWidth/2 {
		anchor = "start"
	}
	if y -= 14; y < marginTop+4 {
		y += 36
	}
	fmt.Fprintf(b, `<g class="spot" tabindex="0" role="img" aria-label="%[1]s">%[2]s<text class="tip" x="%[3]s" y="%[4]s" text-anchor="%[5]s" aria-hidden="true">%[1]s</text></g>`, html.EscapeString(text), markup, decimal(x), decimal(y), anchor)
}

type legendItem struct{ Class, Text string }

// the drawing's size and margins
const (
	chartWidth, chartHeight = 1120, 350
	marginLeft, marginRight = 56, 76
	marginTop, marginBottom = 18, 34
)

// chart draws value, path, targets and forecast of one unit up to its day; nil where nothing is known at all.
func (s *site) chart(in *plan.Plan, ind *plan.Indicator, pl place, series []Assessment) *chart {
	if len(series) == 0 {
		return nil
	}
	now := series[len(series)-1]
	var targets []plan.Target
	for _, m := range in.Milestones {
		if t := ind.TargetAt(m.Date); t != nil && t.Value != nil && (pl.unit.To == plan.NoDay || m.Date <= pl.unit.To || now.Milestone == m.Date) {
			targets = append(targets, *t)
		}
	}
	first, last := series[0].AsOf, pl.day
	lo, hi, known := math.Inf(1), math.Inf(-1), false
	grow := func(v *plan.Value) {
		if v != nil {
			lo, hi = min(lo, v.Float()), max(hi, v.Float())
		}
	}
	official := false // the running sum of the year differs from what the path is compared with
	for _, a := range series {
		grow(a.PathValue)
		grow(a.Expected)
		if ind.Window == plan.YearToDate {
			grow(a.Value)
			official = official || a.Value != nil
		}
		known = known || a.PathValue != nil
	}
	if !known {
		return nil
	}
	for _, t := range targets {
		grow(t.Value)
		last = max(last, t.Milestone)
	}
	low, high := forecastBand(series)
	grow(now.Forecast)
	grow(low)
	grow(high)
	for i := 0; len(targets) == 0 && i < len(series); i++ { // nothing to look at before the first figure
		if series[i].PathValue != nil {
			first = min(series[i].AsOf, last-28)
			break
		}
	}
	if len(targets) > 0 {
		first = min(first, s.Plan.Start)
	}
	if last-first < 28 {
		last = first + 28
	}
	bottom, top, step := scale(lo, hi, ind.Most().Float())

	x := func(d plan.Day) float64 {
		return marginLeft + (chartWidth-marginLeft-marginRight)*float64(d-first)/float64(last-first)
	}
	yf := func(v float64) float64 {
		return chartHeight - marginBottom - (chartHeight-marginTop-marginBottom)*(v-bottom)/(top-bottom)
	}
	y := func(v *plan.Value) float64 { return yf(v.Float()) }

	c := &chart{Text: chartText(ind, pl, now), Points: chartPoints(ind, series)}
	ahead := now.Forecast != nil && now.PathValue != nil && now.Milestone > pl.day
	banded := ahead && low != nil && *low < *high
	if banded {
		c.Text += fmt.Sprintf(" Trong %d tuần gần nhất dự báo nằm từ %s đến %s.", bandWeeks, figure(ind, low), figure(ind, high))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="group" aria-label="%s"><g aria-hidden="true">`, chartWidth, chartHeight, html.EscapeString("Biểu đồ "+ind.Code+" - "+pl.unit.Name+". "+c.Text))
	for v := bottom; v <= top+step/2; v += step {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/>`, marginLeft, chartWidth-marginRight, decimal(yf(v)), decimal(yf(v)))
		fmt.Fprintf(&b, `<text class="tick" x="%d" y="%s" text-anchor="end">%s</text>`, marginLeft-8, decimal(yf(v)+4), html.EscapeString(axis(ind, v, step)))
	}
	for _, d := range ticks(first, last) {
		fmt.Fprintf(&b, `<line class="grid" x1="%[1]s" x2="%[1]s" y1="%d" y2="%d"/>`, decimal(x(d)), chartHeight-marginBottom, chartHeight-marginBottom+5)
		fmt.Fprintf(&b, `<text class="tick" x="%s" y="%d" text-anchor="middle">%s</text>`, decimal(x(d)), chartHeight-marginBottom+20, d.Time().Format("01/2006"))
	}
	if pl.day < last-2 {
		fmt.Fprintf(&b, `<line class="today" x1="%[1]s" x2="%[1]s" y1="%d" y2="%d"/>`, decimal(x(pl.day)), marginTop, chartHeight-marginBottom)
	}
	if banded {
		at := decimal(x(now.Milestone))
		fmt.Fprintf(&b, `<polygon class="band" points="%s,%s %s,%s %s,%s"/>`, decimal(x(pl.day)), decimal(y(now.PathValue)), at, decimal(y(high)), at, decimal(y(low)))
	}
	s.drawTargets(&b, ind, targets, first, x, y)
	drawPath(&b, series, now, targets, x, y)
	if official {
		for _, year := range years(ind.PeriodType, series) { // the sum starts anew with every year
			polyline(&b, "official", year, func(a Assessment) *plan.Value { return a.Value }, x, y)
		}
	}
	polyline(&b, "value", series, func(a Assessment) *plan.Value { return a.PathValue }, x, y)
	if ahead {
		fmt.Fprintf(&b, `<line class="forecast" x1="%s" y1="%s" x2="%s" y2="%s"/>`, decimal(x(pl.day)), decimal(y(now.PathValue)), decimal(x(now.Milestone)), decimal(y(now.Forecast)))
	}
	for i, p := range c.Points { // what a mouse over the week of a point is told
		fmt.Fprintf(&b, `<rect class="week" x="%s" y="%d" width="6" height="%d"><title>%s</title></rect>`, decimal(x(series[i].AsOf)-3), marginTop, chartHeight-marginTop-marginBottom, html.EscapeString(p.say()))
	}
	b.WriteString(`</g>`)
	for _, t := range targets {
		spot(&b, fmt.Sprintf(`<path class="target-mark" d="M%s %sl6 6l-6 6l-6 -6z"/>`, decimal(x(t.Milestone)), decimal(y(t.Value)-6)), fmt.Sprintf("Mục tiêu đến %s: %s", words.Day(t.Milestone), threshold(ind, ind.Comparator, t.Value)), x(t.Milestone), y(t.Value))
	}
	if ahead {
		text := fmt.Sprintf("Dự báo đến %s: %s", words.Day(now.Milestone), figure(ind, now.Forecast))
		spot(&b, fmt.Sprintf(`<circle class="forecast-end" cx="%s" cy="%s" r="4"/>`, decimal(x(now.Milestone)), decimal(y(now.Forecast))), text, x(now.Milestone), y(now.Forecast))
	}
	if now.PathValue != nil {
		spot(&b, fmt.Sprintf(`<circle class="now" cx="%s" cy="%s" r="4.5"/>`, decimal(x(pl.day)), decimal(y(now.PathValue))), c.Points[len(c.Points)-1].say(), x(pl.day), y(now.PathValue))
	}
	b.WriteString(`</svg>`)
	c.SVG = svg(b.String())
	valueName := "Thực hiện"
	if official {
		valueName = "Thực hiện 52 tuần gần nhất (so với lộ trình)"
	}
	c.Legend = []legendItem{{"value", valueName}}
	if official {
		c.Legend = append(c.Legend, legendItem{"official", "Lũy kế từ đầu năm (xét đạt mục tiêu)"})
	}
	if now.Expected != nil {
		c.Legend = append(c.Legend, legendItem{"path", "Lộ trình"})
	}
	if len(targets) > 0 {
		c.Legend = append(c.Legend, legendItem{"target", "Mục tiêu tại mốc"})
	}
	if now.Forecast != nil && now.Milestone > pl.day {
		c.Legend = append(c.Legend, legendItem{"forecast", "Dự báo theo tốc độ 12 tuần"})
	}
	if banded {
		c.Legend = append(c.Legend, legendItem{"band", fmt.Sprintf("Dải dự báo: từ thấp nhất đến cao nhất trong các dự báo của %d tuần gần nhất", bandWeeks)})
	}
	return c
}

// years cuts a series where the indicator's year begins.
func years(t plan.PeriodType, series []Assessment) [][]Assessment {
	var out [][]Assessment
	from := 0
	for i := range series {
		if i+1 == len(series) || plan.YearStart(t, series[i].AsOf) != plan.YearStart(t, series[i+1].AsOf) {
			out = append(out, series[from:i+1])
			from = i + 1
		}
	}
	return out
}

// drawTargets draws each target as a step up to its milestone.
func (s *site) drawTargets(b *strings.Builder, ind *plan.Indicator, targets []plan.Target, first plan.Day, x func(plan.Day) float64, y func(*plan.Value) float64) {
	from := first
	for _, t := range targets {
		fmt.Fprintf(b, `<line class="target" x1="%s" x2="%s" y1="%[3]s" y2="%[3]s"/>`, decimal(x(from)), decimal(x(t.Milestone)), decimal(y(t.Value)))
		px, py := x(t.Milestone), y(t.Value)
		anchor, dx, dy := "start", 10.0, 4.0
		if px < chartWidth-marginRight-40 { // another step follows to the right
			anchor, dx, dy = "end", -8, -9
			if py < marginTop+20 {
				dy = 18
			}
		}
		fmt.Fprintf(b, `<text class="target-text" x="%s" y="%s" text-anchor="%s">%s</text>`, decimal(px+dx), decimal(py+dy), anchor, html.EscapeString(threshold(ind, ind.Comparator, t.Value)))
		from = t.Milestone
	}
}

// drawPath draws the stored path and goes on in straight lines over the targets still ahead, as the plan's path does.
func drawPath(b *strings.Builder, series []Assessment, now Assessment, targets []plan.Target, x func(plan.Day) float64, y func(*plan.Value) float64) {
	polyline(b, "path", series, func(a Assessment) *plan.Value { return a.Expected }, x, y)
	if now.Expected == nil {
		return
	}
	ahead := []string{decimal(x(now.AsOf)) + "," + decimal(y(now.Expected))}
	for _, t := range targets {
		if t.Milestone > now.AsOf {
			ahead = append(ahead, decimal(x(t.Milestone))+","+decimal(y(t.Value)))
		}
	}
	if len(ahead) > 1 {
		fmt.Fprintf(b, `<polyline class="path ahead" points="%s"/>`, strings.Join(ahead, " "))
	}
}

// chartText says the drawing in words.
func chartText(ind *plan.Indicator, pl place, now Assessment) string {
	t := fmt.Sprintf("Ngày %s: thực hiện %s", words.Day(pl.day), figure(ind, now.Value))
	if ind.Window == plan.YearToDate && now.PathValue != nil {
		t += fmt.Sprintf(" (lũy kế từ đầu năm), 52 tuần gần nhất %s", figure(ind, now.PathValue))
	}
	if now.Expected != nil {
		t += ", lộ trình " + figure(ind, now.Expected)
	}
	if now.Target != nil {
		t += fmt.Sprintf(", mục tiêu đến %s %s", words.Day(now.Milestone), threshold(ind, now.Comparator, now.Target))
	}
	if now.Forecast != nil && now.Milestone > pl.day {
		t += fmt.Sprintf(", dự báo đến mốc %s", figure(ind, now.Forecast))
	}
	if now.Status != progress.NoTarget {
		t += "; " + strings.ToLower(words.Status(now.Status).Name)
	}
	return t + "."
}

// scale is a round axis that holds lo to hi; shares do not leave 0 to most.
func scale(lo, hi, most float64) (bottom, top, step float64) {
	if room := most/20 - (hi - lo); room > 0 { // a small change must not look like a large one
		lo, hi = lo-room/2, hi+room/2
	}
	span := hi - lo
	lo, hi = lo-span*0.08, hi+span*0.08
	raw := (hi - lo) / 5
	mag := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step = m * mag; step >= raw {
			break
		}
	}
	bottom, top = math.Floor(lo/step)*step, math.Ceil(hi/step)*step
	if lo+span*0.08 >= 0 {
		bottom = max(0, bottom)
	}
	if hi-span*0.08 <= most && top > most {
		top = math.Ceil(most/step) * step
	}
	if top <= bottom {
		top = bottom + step
	}
	return bottom, top, step
}

// axis labels a value of the axis in Vietnamese number form, with as many decimals as the step needs.
func axis(ind *plan.Indicator, v, step float64) string {
	places := 0
	for f := step; places < 3 && math.Abs(f-math.Round(f)) > 1e-9; f *= 10 {
		places++
	}
	text := strings.ReplaceAll(fmt.Sprintf("%.*f", places, v), ".", ",")
	if ind.UnitText() == "%" {
		return text + "%"
	}
	return text
}

// ticks are first days of months, at the most nine of them.
func ticks(first, last plan.Day) []plan.Day {
	var out []plan.Day
	for _, months := range []int{1, 2, 3, 6, 12, 24} {
		out = out[:0]
		t := first.Time()
		for m := time.Date(t.Year(), time.January, 1, 0, 0, 0, 0, time.UTC); ; m = m.AddDate(0, months, 0) {
			d := plan.NewDay(m.Year(), m.Month(), 1)
			if d > last {
				break
			}
			if d >= first {
				out = append(out, d)
			}
		}
		if len(out) <= 9 {
			break
		}
	}
	return out
}
