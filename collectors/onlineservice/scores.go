package onlineservice

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Score rows of Decision 766 (SYSTEMS section 1b).
const (
	scoreUnit = iota
	scorePeriod
	scoreFirst // the six parts and the total follow
	_
	_
	_
	_
	_
	scoreTotal
)

var scoreFields = []collectors.Field{
	scoreUnit:      {Name: "unit", Default: "MA_COQUAN", Required: true},
	scorePeriod:    {Name: "period", Default: "THANG"},
	scoreFirst:     {Name: "tdgq", Default: "TDGQ", Required: true},
	scoreFirst + 1: {Name: "mdhl", Default: "MDHL", Required: true},
	scoreFirst + 2: {Name: "mdsh", Default: "MDSH", Required: true},
	scoreFirst + 3: {Name: "tttt", Default: "TTTT", Required: true},
	scoreFirst + 4: {Name: "clgq", Default: "CLGQ", Required: true},
	scoreFirst + 5: {Name: "ckmb", Default: "CKMB", Required: true},
	scoreTotal:     {Name: "total", Default: "TONG_SCORE", Required: true},
}

var scoreKnown = []string{"ID", "ID_COQUAN", "TEN", "LOAI_COQUAN", "CAPDONVIID", "ROW_STT", "NAM", "QUY"}

// scoreDecimals is how exact a score is published; measures hold hundredths of a point.
const scoreDecimals = 2

// Scopes of a list of scores. Lists of different scope are never compared, so each is landed and booked under its own.
const (
	scopeYear  = "year"  // year to date: a running stock, of the day it was fetched
	scopeMonth = "month" // the running month
	scopeTrend = "trend" // the province's closed months and quarters
)

// scoreSettings are the parameters that differ between lists; the defaults are the portal's.
type scoreSettings struct {
	Lists   string   `yaml:"lists_service"`
	Trend   string   `yaml:"trend_service"`
	Service string   `yaml:"service_param"`
	Level   string   `yaml:"level_param"`
	Levels  []string `yaml:"levels"` // 0 provinces, 1 departments, 2 communes
	Year    string   `yaml:"year_param"`
	Month   string   `yaml:"month_param"`
}

type scores struct {
	*reader
	settings scoreSettings
	most     map[string]int64 // measure -> maximum, in hundredths
}

func newPortalScores(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, scoreFields, scoreKnown)
	if err != nil {
		return nil, err
	}
	s := &scores{reader: r, most: map[string]int64{}, settings: scoreSettings{Lists: "report_tinh_766_service", Trend: "report_by_month_sum_service",
		Service: "service", Level: "loaichitieu", Levels: []string{"0", "1", "2"}, Year: "p_nam", Month: "p_thang"}}
	if err := src.DecodeSettings(&s.settings); err != nil {
		return nil, err
	}
	for _, ind := range deps.Plan.Indicators {
		if ind.Cap != nil {
			s.most[ind.Numerator] = int64(*ind.Cap) / (int64(plan.One) / 100)
		}
	}
	return s, nil
}

// Pages asks for the lists of every level, year to date and of the running month, and for the province's trend.
func (s *scores) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	today := plan.DayOf(s.deps.Now()).Time()
	year, month := today.Format("2006"), today.Format("1")
	var all []collectors.Listing
	for _, level := range s.settings.Levels {
		for _, scope := range []struct{ name, month string }{{scopeYear + "/" + year, ""}, {scopeMonth + "/" + today.Format("2006-01"), month}} {
			all = append(all, collectors.Listing{Scope: scope.name + "/" + level, Params: map[string]any{
				s.settings.Service: s.settings.Lists, s.settings.Level: level, s.settings.Year: year, s.settings.Month: scope.month}})
		}
	}
	all = append(all, collectors.Listing{Scope: scopeTrend + "/" + year, Params: map[string]any{
		s.settings.Service: s.settings.Trend, s.settings.Year: year, s.settings.Month: ""}})
	return s.client.Pages(ctx, since, all...)
}

// Parse reads a list of scores under the scope it was asked for.
func (s *scores) Parse(p collectors.Page) (collectors.Batch, error) {
	var b collectors.Batch
	fetched := plan.DayOf(p.FetchedAt)
	land, err := s.layout.Rows(p.Body, func(land collectors.Land, row *collectors.Row) error {
		kind, rest, _ := strings.Cut(land.Scope, "/")
		label, _, _ := strings.Cut(rest, "/")
		if kind == scopeTrend {
			label = row.Text(scorePeriod)
		}
		period, err := plan.ParsePeriod(plan.Calendar, label)
		if err != nil && kind != scopeTrend {
			return fmt.Errorf("scope of the landed page: %w", err)
		}
		var refused *refusal
		var out []collectors.Measure
		switch {
		case err != nil:
			refused = refuse(scorePeriod, "wrong_period", "Không đọc được kỳ %q: ghi 2025-08 hoặc 2025-Q3.", short(label))
		case kind == scopeTrend && period.End >= fetched:
			return nil // still running: the month's list says it with two decimals
		default:
			period.End = min(period.End, fetched)
			out, refused = s.read(row, kind, period, fetched)
		}
		if refused != nil {
			b.Rejects = append(b.Rejects, s.reject(row, row.Text(scoreUnit)+"/"+label, refused))
			return nil
		}
		b.Measures = append(b.Measures, out...)
		if d := s.sumDiffers(row, kind, out); d != "" {
			b.Drift = append(b.Drift, d)
		}
		return nil
	})
	b.Drift = append(b.Drift, land.Drift()...)
	return b, err
}

func (s *scores) read(row *collectors.Row, kind string, p plan.Period, fetched plan.Day) (out []collectors.Measure, refused *refusal) {
	key, refused := s.reader.unit(row, scoreUnit, fetched)
	if refused != nil {
		return nil, refused
	}
	prefix, first := "score.month.", scoreFirst
	switch {
	case kind == scopeYear:
		prefix = "score."
	case kind == scopeTrend:
		first = scoreTotal
		if p.Rhythm == plan.Quarterly {
			prefix = "score.quarter."
		}
	}
	for slot := first; slot <= scoreTotal; slot++ {
		n, err := row.Scaled(slot, scoreDecimals)
		if err != nil {
			return nil, s.badNumber(row, slot, err)
		}
		code := prefix + scoreFields[slot].Name
		if most, ok := s.most[code]; ok && n > most {
			return nil, refuse(slot, "over_maximum", "Điểm %s ở trường %s vượt điểm tối đa %s: kiểm tra hệ thống nguồn.", cents(n), s.layout.Name(slot), cents(most))
		}
		out = append(out, collectors.Measure{Position: row.Position, Code: code, Unit: key, PeriodType: plan.Calendar, Start: p.Start, End: p.End, Value: n})
	}
	return out, nil
}

// sumDiffers checks that a list's total is the sum of its parts, up to the rounding of each.
func (s *scores) sumDiffers(row *collectors.Row, kind string, m []collectors.Measure) string {
	if kind == scopeTrend || len(m) == 0 {
		return ""
	}
	var sum int64
	for _, x := range m[:len(m)-1] {
		sum += x.Value
	}
	total := m[len(m)-1].Value
	if d := sum - total; d >= -3 && d <= 3 {
		return ""
	}
	return fmt.Sprintf("%s of %s is %s, its parts sum up to %s", s.layout.Name(scoreTotal), row.Text(scoreUnit), cents(total), cents(sum))
}
