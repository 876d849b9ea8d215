package simulator

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recorded is a table of published scores as it was kept on several days; it is served instead of a generated province.
type recorded struct {
	plan *planData
	loc  *time.Location
	at   []time.Time // when it was kept, oldest first
	rows []scoreRow

	organ map[string]string
}

type scoreRow struct {
	at     time.Time
	list   string // province, department, commune, province_trend
	period string // 2025, 2025-10, 2025-Q3
	cells  map[string]string
}

var scoreColumns = []string{"TDGQ", "MDHL", "MDSH", "TTTT", "CLGQ", "CKMB", "TONG_SCORE"}

func readRecorded(p *planData, loc *time.Location) (*recorded, error) {
	r := &recorded{plan: p, loc: loc, organ: map[string]string{}}
	err := p.rows(p.table, func(cells map[string]string) error {
		at, err := time.Parse(time.RFC3339, cells["committed_at"])
		if err != nil {
			return fmt.Errorf("committed_at: %w", err)
		}
		if !slices.ContainsFunc(r.at, at.Equal) {
			r.at = append(r.at, at)
		}
		r.rows = append(r.rows, scoreRow{at, cells["list_type"], cells["period"], cells})
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(r.at, time.Time.Compare)
	if err := p.list("indicators.yaml", "indicators", &p.indicators); err != nil {
		return nil, err
	}
	err = p.rows("unit_codes.csv", func(row map[string]string) error {
		r.organ[normalOrgan(row["code"])] = row["unit"]
		return nil
	})
	return r, err
}

// normalOrgan brings 000.00.00.H37 and H37 to one.
func normalOrgan(code string) string {
	parts := strings.Split(code, ".")
	if len(parts) < 2 || strings.HasPrefix(parts[0], "H") {
		return code
	}
	out := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0; i-- {
		if strings.Trim(parts[i], "0") != "" {
			out += "." + parts[i]
		}
	}
	return out
}

// times are the instants of keeping up to the end of a day.
func (r *recorded) times(asOf time.Time) []time.Time {
	last := clockOf(asOf, r.loc).day()
	var out []time.Time
	for _, t := range r.at {
		if clockOf(t, r.loc).day() <= last {
			out = append(out, t.In(r.loc))
		}
	}
	return out
}

// newest is the latest edition at an instant.
func (r *recorded) newest(now sec) (time.Time, bool) {
	var at time.Time
	for _, t := range r.at {
		if clockOf(t, r.loc) <= now {
			at = t
		}
	}
	return at, !at.IsZero()
}

// scores is report_tinh_766_service: a list of one level (0 provinces, 1 departments, 2 communes) and one scope (a year to
// date, or a month of it). A list that was not kept is empty.
func (r *recorded) scores(b []byte, now sec, level, other, year, month string) []byte {
	if level == "" {
		level = other
	}
	list := map[string]string{"0": "province", "1": "department", "2": "commune"}[level]
	scope := year
	if n, err := strconv.Atoi(month); err == nil && n > 0 {
		scope = fmt.Sprintf("%s-%02d", year, n)
	}
	at, ok := r.newest(now)
	for _, row := range r.rows {
		if !ok || !row.at.Equal(at) || row.list != list || row.period != scope {
			continue
		}
		b = r.row(b, row, level, scoreColumns)
	}
	return b
}

// trend is report_by_month_sum_service: the province's months and quarters, the total only.
func (r *recorded) trend(b []byte, now sec, year, month string) []byte {
	at, ok := r.newest(now)
	for _, row := range r.rows {
		if !ok || !row.at.Equal(at) || row.list != "province_trend" || !strings.HasPrefix(row.period, year) {
			continue
		}
		if n, err := strconv.Atoi(month); err == nil && n > 0 && row.period != fmt.Sprintf("%s-%02d", year, n) {
			continue
		}
		b = r.row(b, row, "0", scoreColumns[len(scoreColumns)-1:])
	}
	return b
}

func (r *recorded) row(b []byte, row scoreRow, level string, columns []string) []byte {
	if b[len(b)-1] != '[' {
		b = append(b, ',')
	}
	b = append(b, '{')
	b = field(b, "ID", row.cells["ID_COQUAN"])
	b = field(b, "TEN", row.cells["TEN"])
	b = field(b, "MA_COQUAN", row.cells["MA_COQUAN"])
	b = field(b, "CAPDONVIID", level)
	if row.list == "province_trend" {
		b = field(b, "THANG", row.period)
	}
	for _, c := range columns {
		b = field(b, c, row.cells[c])
	}
	b = field(b, "ROW_STT", row.cells["ROW_STT"])
	return append(b, '}')
}

// truth is what each score should be: the newest kept value whose day is not after as_of. A list that runs speaks of the
// day on which it was kept; a closed month or quarter of its last day.
func (r *recorded) truth(asOf day, knownOn []day) iter.Seq[Row] {
	type entry struct {
		end   day
		at    sec
		value int64
	}
	return func(yield func(Row) bool) {
		for _, ind := range r.plan.indicators {
			byUnit := map[*unit][]entry{}
			for _, row := range r.rows {
				column, end, ok := r.measure(row, ind.Numerator)
				if !ok {
					continue
				}
				u := r.unit(row.cells["MA_COQUAN"], clockOf(row.at, r.loc).day())
				if u == nil {
					continue
				}
				points, err := strconv.ParseFloat(row.cells[column], 64)
				if err != nil {
					continue
				}
				byUnit[u] = append(byUnit[u], entry{end, clockOf(row.at, r.loc), int64(math.Round(points * 100))})
			}
			w := &world{plan: r.plan}
			for _, u := range r.plan.sorted() {
				if a := ind.Applies[u.level]; a != "owed" && a != "measured" {
					continue
				}
				for _, d := range w.asOfs(u.level, asOf) {
					if !u.validOn(d) {
						continue
					}
					for _, x := range knownOn {
						out := Row{Indicator: ind.Code, Unit: u.code, AsOf: d.String(), KnownOn: x.String()}
						if u.from != dawn {
							out.UnitValidFrom = u.from.String()
						}
						var best *entry
						for i := range byUnit[u] {
							e := &byUnit[u][i]
							if e.end <= d && e.at <= x.end() && (best == nil || cmp.Or(cmp.Compare(e.end, best.end), cmp.Compare(e.at, best.at)) > 0) {
								best = e
							}
						}
						if best != nil {
							out.Known, out.Numerator = true, best.value
							out.Value = strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%02d", best.value/100, best.value%100), "0"), ".")
						}
						if !yield(out) {
							return
						}
					}
				}
			}
		}
	}
}

// measure says which column of a row a measure takes, and of which day it speaks.
func (r *recorded) measure(row scoreRow, code string) (column string, end day, ok bool) {
	prefix, name := "score.", strings.TrimPrefix(code, "score.")
	if scope, rest, cut := strings.Cut(name, "."); cut {
		prefix, name = "score."+scope+".", rest
	}
	column = strings.ToUpper(name)
	if name == "total" {
		column = "TONG_SCORE"
	}
	kept := clockOf(row.at, r.loc).day()
	switch month, quarter := len(row.period) == 7 && row.period[5] != 'Q', len(row.period) == 7 && row.period[5] == 'Q'; {
	case row.list != "province_trend" && !month && !quarter:
		return column, kept, prefix == "score."
	case row.list != "province_trend":
		return column, min(kept, r.lastDay(row.period)), prefix == "score.month."
	case r.lastDay(row.period) >= kept: // still running
		return "", 0, false
	case month:
		return column, r.lastDay(row.period), prefix == "score.month." && name == "total"
	}
	return column, r.lastDay(row.period), prefix == "score.quarter." && name == "total"
}

// lastDay of 2025-10 or 2025-Q3.
func (r *recorded) lastDay(label string) day {
	y, _ := strconv.Atoi(label[:4])
	n, _ := strconv.Atoi(strings.TrimPrefix(label[5:], "Q"))
	if label[5] == 'Q' {
		n *= 3
	}
	return newDay(y, time.Month(n+1), 1) - 1
}

func (r *recorded) unit(organ string, d day) *unit {
	code := normalOrgan(organ)
	if own, ok := r.organ[code]; ok {
		code = own
	}
	for _, u := range r.plan.units {
		if u.code == code && u.validOn(d) {
			return u
		}
	}
	return nil
}
