package simulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// dataset is one form, table or statistic with all its rows of all times.
type dataset struct {
	source   string
	code     string
	version  int
	report   bool // report periods, else the calendar's
	measures []string
	keys     []column // roles unit, facility, service, sector
	columns  []column
	periods  []period
	rows     []statedRow
}

// statedRow is what a unit or facility states for a period, in its versions.
type statedRow struct {
	unit     *unit // who states it; for a facility nil
	facility *facility
	dims     string
	period   int32
	versions []rowVersion
}

// rowVersion is a row as stated from an instant on: one value per measure of the set.
type rowVersion struct {
	at     sec
	group  string // which file it came in
	bad    badKind
	values []int64
}

// newest is the newest version that can be counted at an instant; nil: none.
func (r *statedRow) newest(at sec) *rowVersion {
	var found *rowVersion
	for i := range r.versions {
		if v := &r.versions[i]; v.at <= at && v.bad == good {
			found = v
		}
	}
	return found
}

func (r *statedRow) place() *unit {
	if r.facility != nil {
		return r.facility.located
	}
	return r.unit
}

// entries are the stated pairs of two measures of one set as known at a step.
func (w *world) entries(num, den string, step sec) []entry {
	var out []entry
	for _, s := range w.sets {
		n, d := slices.Index(s.measures, num), slices.Index(s.measures, den)
		if n < 0 || d < 0 {
			continue
		}
		for i := range s.rows {
			r := &s.rows[i]
			if v := r.newest(step); v != nil {
				out = append(out, entry{unit: r.place(), facility: r.facility, dims: r.dims, end: s.periods[r.period].end, num: v.values[n], den: v.values[d]})
			}
		}
	}
	return out
}

// people is a unit's synthetic population.
func (w *world) people(u *unit, d day) float64 {
	if u.level == "commune" {
		x := 3500 + 8000*w.draw("people", u.key())
		if u.district() == w.small {
			x *= 0.3
		}
		return x * (1 + 0.01*float64(d-w.from)/365)
	}
	var sum float64
	for _, c := range u.children {
		if c.validOn(d) && (c.level == "district" || c.level == "commune") {
			sum += w.people(c, d)
		}
	}
	if sum == 0 { // nobody is listed below it
		return 20_000 + 30_000*w.draw("people", u.key())
	}
	return sum
}

// makeSets makes everything that is stated as figures: statistics, tables, forms, and last the frozen baselines.
func (w *world) makeSets() error {
	w.makeFacilities()
	w.documentStatistics()
	w.workfileStatistics()
	for i := range w.plan.tables {
		if err := w.makeTable(&w.plan.tables[i]); err != nil {
			return err
		}
	}
	for i := range w.plan.forms {
		f := &w.plan.forms[i]
		if f.Fallback {
			continue // the source systems show every unit here
		}
		switch {
		case f.has("facility_kind"), f.keyed("indicator"):
		default:
			if err := w.makeForm(f); err != nil {
				return err
			}
		}
	}
	w.makeBaselines()
	return nil
}

func (f *form) keyed(role string) bool {
	return slices.ContainsFunc(f.Keys, func(c column) bool { return c.Role == role })
}

func (f *form) has(role string) bool {
	return slices.ContainsFunc(f.Columns, func(c column) bool { return c.Role == role })
}

// subject is who states a row: a unit or a facility.
type subject struct {
	unit     *unit
	facility *facility
}

func (s subject) key() string {
	if s.facility != nil {
		return s.facility.code
	}
	return s.unit.key()
}

func (s subject) place() *unit {
	if s.facility != nil {
		return s.facility.located
	}
	return s.unit
}

func (s subject) validOn(d day) bool {
	if s.facility != nil {
		return s.facility.validOn(d)
	}
	return s.unit.validOn(d)
}

func measuresOf(columns []column) []string {
	var out []string
	for _, c := range columns {
		if c.Measure != "" && !slices.Contains(out, c.Measure) {
			out = append(out, c.Measure)
		}
	}
	return out
}

// makeForm fills in a form for every period that has ended.
func (w *world) makeForm(f *form) error {
	s := &dataset{source: f.Source, code: f.Code, version: f.Version, report: f.PeriodType == "report",
		measures: measuresOf(f.Columns), keys: f.Keys, columns: f.Columns}
	first := w.from - 30
	if f.Rhythm == "year" {
		first = w.from - 60
	}
	var err error
	if s.periods, err = periods(f.Rhythm, s.report, first, w.asOf); err != nil {
		return fmt.Errorf("form %s: %w", f.Code, err)
	}
	var who []subject
	if f.keyed("facility") {
		ind := w.firstIndicator(s.measures)
		for i := range w.facilities {
			if fc := &w.facilities[i]; ind != nil && slices.Contains(ind.FacilityKinds, fc.kind) {
				who = append(who, subject{facility: fc})
			}
		}
	} else {
		for _, u := range w.units(f.Levels...) {
			who = append(who, subject{unit: u})
		}
	}
	due := func(p period) sec { return w.plan.after(p.end, 2).at(10, 0) }
	for _, x := range who {
		for _, dims := range w.dimsOf(f, x) {
			w.state(s, x, dims, due, nil)
		}
	}
	w.sets = append(w.sets, s)
	return nil
}

func (w *world) firstIndicator(measures []string) *indicator {
	for i := range w.plan.indicators {
		if slices.Contains(measures, w.plan.indicators[i].Numerator) {
			return &w.plan.indicators[i]
		}
	}
	return nil
}

// servicesStated is how many of its online services an agency states at most.
const servicesStated = 6

func (w *world) dimsOf(f *form, x subject) []string {
	switch {
	case f.keyed("sector"):
		var out []string
		for _, m := range w.plan.members["sector"] {
			out = append(out, m.code)
		}
		return out
	case f.keyed("service"):
		var out []string
		for _, i := range w.agencyProcedures(x.unit) {
			if p := &w.procedures[i]; p.eligible && p.to == dusk && p.from == dawn && !slices.Contains(out, p.code) && len(out) < servicesStated {
				out = append(out, p.code)
			}
		}
		return out
	}
	return []string{""}
}

// state makes a subject's rows of all periods: some late, some never, some malformed, some stated anew.
func (w *world) state(s *dataset, x subject, dims string, due func(period) sec, quiet []int) {
	r := w.rng("set", s.code, s.source, x.key(), dims)
	place := x.place()
	top := place.district()
	stops := dusk // some give up handing in, and with some the whole district does
	switch {
	case w.draw("stops", s.code, top.key()) < 0.05 && top.level == "district":
		stops = w.asOf - 300
	case w.draw("stops", s.code, x.key()) < 0.02:
		stops = w.asOf - 260
	case w.draw("never", s.code, x.key()) < 0.01 && place.level == "commune":
		return
	}
	for i, p := range s.periods {
		if !x.validOn(p.end) || p.end > stops || slices.Contains(quiet, int(p.end.utc().Month())) {
			continue
		}
		who := strconv.Itoa(i)
		fate := int(100 * w.draw("handin", s.code, who, x.key()))
		if fate < missingUnitPercent && place.parent != nil {
			continue
		}
		at, group := due(p), w.fileGroup(top, p)
		if fate < missingUnitPercent+lateUnitPercent && place.parent != nil {
			at += sec(14+hash(s.code, who)%10)*secDay + 5*secHour
			group = "bo-sung"
		} else {
			at += sec(hash(group)%47) * 60
		}
		values := w.fill(r, s, x, dims, p.end)
		row := statedRow{unit: x.unit, facility: x.facility, dims: dims, period: int32(i)}
		v := rowVersion{at: at, group: group, values: values}
		again := due(p) + sec(42+hash(s.code, who)%14)*secDay + 6*secHour
		if perMille(r, badRowPerMille) {
			v.bad = s.badRow(r)
			if r.IntN(100) < fixedShare {
				row.versions = append(row.versions, v)
				v = rowVersion{at: again, group: "dieu-chinh", values: values}
			}
		} else if r.IntN(100) < restatedPercent {
			row.versions = append(row.versions, v)
			v = rowVersion{at: again, group: "dieu-chinh", values: w.fill(r, s, x, dims, p.end)}
		}
		if v.at <= w.until {
			row.versions = append(row.versions, v)
		}
		if len(row.versions) > 0 && row.versions[0].at <= w.until {
			s.rows = append(s.rows, row)
		}
	}
}

// fileGroup says in whose file an on-time row comes: in the last year districts hand in files of their own; before that
// the province gathered one per period.
func (w *world) fileGroup(top *unit, p period) string {
	switch {
	case top.level != "district":
		return "so-nganh"
	case p.end < w.asOf-360:
		return "toan-tinh"
	}
	return "huyen-" + top.code
}

// badRow picks something that can be wrong with a row of the set. Whatever it is, the whole row cannot be counted.
func (s *dataset) badRow(r *rand.Rand) badKind {
	capped := slices.ContainsFunc(s.columns, func(c column) bool { return c.AtMost != "" })
	answers := slices.ContainsFunc(s.columns, func(c column) bool { return c.Kind == "yesno" || c.Kind == "flag_bit" })
	switch {
	case answers:
		return []badKind{badOrgan, badAnswer}[r.IntN(2)]
	case !capped:
		return badOrgan
	}
	return []badKind{badOrgan, badAmbiguous, badOver, badMissing}[r.IntN(4)]
}

// fill makes a row's values: denominators by who states them, numerators by the unit's way to the target.
func (w *world) fill(r *rand.Rand, s *dataset, x subject, dims string, d day) []int64 {
	values := make([]int64, len(s.measures))
	place := x.place()
	put := func(measure string, v int64) { values[slices.Index(s.measures, measure)] = v }
	get := func(measure string) int64 { return values[slices.Index(s.measures, measure)] }
	for _, c := range s.columns {
		ind := w.indicatorOf(c.Measure, place)
		switch {
		case c.Measure == "" || c.AtMost != "" || c.Kind == "positive":
		case c.Kind == "one":
			put(c.Measure, 1)
		case c.Kind == "yesno":
			if w.draw("yes", c.Measure, x.key()) < w.share(ind, place, d) {
				put(c.Measure, 1)
			}
		case c.Kind == "not_flag":
			if w.draw("excluded", dims) >= 0.1 {
				put(c.Measure, 1)
			}
		case c.Kind == "flag_bit":
			full := w.draw("features", c.Measure, place.key(), dims) < w.share(ind, place, d)
			lacks := hash("lacks", place.key(), dims)
			if full || c.Bit != int(lacks%6) && c.Bit != int(lacks/6%6) {
				put(c.Measure, get(c.Measure)|1<<c.Bit)
			}
		default:
			put(c.Measure, w.denominator(r, x, dims, c, d))
		}
	}
	for range s.columns { // as deep as at_most can be chained
		for _, c := range s.columns {
			if c.AtMost == "" || c.Measure == "" {
				continue
			}
			ind := w.indicatorOf(c.Measure, place)
			if ind == nil { // no indicator's numerator: a count beside an amount
				ind = w.firstIndicator(s.measures)
			}
			part := min(1, max(0, w.share(ind, place, d)+0.012*(w.draw("noise", s.code, c.Measure, x.key(), dims, d.String())-0.5)))
			if w.share(ind, place, d) == 1 {
				part = 1
			}
			step := max(1, c.Factor/10)
			put(c.Measure, int64(float64(get(c.AtMost))*part/float64(step))*step)
		}
	}
	for _, c := range s.columns {
		if c.Kind == "positive" {
			same := slices.IndexFunc(s.columns, func(k column) bool { return k.Header == c.Header && k.Kind != "positive" })
			put(c.Measure, min(1, get(s.columns[same].Measure)))
		}
	}
	return values
}

// denominator is how much there is of what a column counts: money by who earns it, people by where they live, cases by
// the unit's work.
func (w *world) denominator(r *rand.Rand, x subject, dims string, c column, d day) int64 {
	grow := 1 + 0.06*float64(d-w.from)/365
	own := 0.6 + 0.4*w.draw("size", c.Measure, dims)
	ind := w.denominatorOf(c.Measure)
	flow := ind != nil && ind.Window == "year_to_date"
	switch {
	case c.Kind == "money" && x.facility == nil:
		step := float64(max(1, c.Factor/10))
		return int64(float64(c.Factor)*90000*own*grow/step) * int64(step)
	case x.facility != nil && c.Kind == "money":
		alike := 0
		for i := range w.facilities {
			if w.facilities[i].kind == x.facility.kind {
				alike++
			}
		}
		return int64(grow*float64(1000*(20_000+r.IntN(60_000)))) * int64(1+5*w.draw("big", x.key())) * int64(1+300/alike)
	case x.facility != nil:
		return int64(150 + r.IntN(900))
	case flow:
		return int64((4 + 9*w.weight(x.unit)) * (0.7 + 0.6*r.Float64()))
	case x.unit.level == "district" && !slices.ContainsFunc(w.plan.forms, func(f form) bool {
		return slices.Contains(f.Levels, "commune") && slices.ContainsFunc(f.Columns, func(k column) bool { return k.Measure == c.Measure })
	}):
		return int64(w.people(x.unit, d) * own / 90)
	}
	return int64(w.people(x.unit, d) * own)
}

func (w *world) denominatorOf(measure string) *indicator {
	for i := range w.plan.indicators {
		if w.plan.indicators[i].Denominator == measure {
			return &w.plan.indicators[i]
		}
	}
	return nil
}

// documentStatistics are the management system's counts: per working day for departments, organisations and districts,
// per week on its Friday for communes.
func (w *world) documentStatistics() {
	s := &dataset{source: "edoc-statistics", measures: []string{"edoc.exchanged", "edoc.signed", "edoc.secret"}}
	for d := w.from; d <= w.asOf; d++ {
		s.periods = append(s.periods, period{start: d, end: d})
	}
	for _, u := range w.units("department", "mass_organisation", "district", "commune") {
		ind := w.indicatorOf("edoc.signed", u)
		r := w.rng("edoc", u.key())
		base := map[string]float64{"department": 7, "mass_organisation": 3, "district": 9, "commune": 14}[u.level]
		base *= 0.5 + w.draw("edoc", u.key())
		for i, p := range s.periods {
			if !u.validOn(p.end) || !w.plan.working(p.end) || u.level == "commune" && p.end.weekday() != 5 {
				continue
			}
			w.statistic(r, s, u, i, base, w.share(ind, u, p.end), p.end.at(19, 0)+sec(r.IntN(7200)), 0.03)
		}
	}
	w.sets = append(w.sets, s)
}

// workfileStatistics are the management system's monthly counts of work files; closed months are stated anew for weeks.
func (w *world) workfileStatistics() {
	s := &dataset{source: "workfile-statistics", measures: []string{"workfile.total", "workfile.online", "workfile.secret"}}
	s.periods, _ = periods("month", false, w.from, w.asOf)
	for _, u := range w.units("department", "mass_organisation", "district", "commune") {
		ind := w.indicatorOf("workfile.online", u)
		r := w.rng("workfile", u.key())
		base := map[string]float64{"department": 45, "mass_organisation": 14, "district": 60, "commune": 16}[u.level]
		base *= 0.5 + w.draw("workfile", u.key())
		for i, p := range s.periods {
			if u.validOn(p.end) {
				w.statistic(r, s, u, i, base, w.share(ind, u, p.end), w.plan.after(p.end, 2).at(18, 0)+sec(r.IntN(7200)), 0.2)
			}
		}
	}
	w.sets = append(w.sets, s)
}

// statistic states one count: all, those done as they should be, and the secret ones that are in neither.
func (w *world) statistic(r *rand.Rand, s *dataset, u *unit, i int, base, share float64, at sec, anew float64) {
	all := int64(base*(0.6+0.8*r.Float64()) + 0.5)
	part := func() int64 { return min(all, int64(float64(all)*share+r.Float64())) }
	row := statedRow{unit: u, period: int32(i)}
	v := rowVersion{at: at, values: []int64{all, part(), int64(r.IntN(3) / 2)}}
	if perMille(r, latePerMille) {
		v.at += sec(1+r.IntN(9)) * secDay
	}
	restated := r.Float64() < anew
	if all == 0 {
		return // nothing happened, nothing is stated
	}
	if perMille(r, badRowPerMille) {
		v.bad = []badKind{badOrgan, badOver, badAmbiguous}[r.IntN(3)]
		restated = restated || r.IntN(100) < fixedShare
	}
	if v.at > w.until {
		return
	}
	row.versions = append(row.versions, v)
	if again := v.at + sec(9+r.IntN(35))*secDay; restated && again <= w.until {
		all += int64(r.IntN(3))
		row.versions = append(row.versions, rowVersion{at: again, values: []int64{all, part(), v.values[2]}})
	}
	s.rows = append(s.rows, row)
}
