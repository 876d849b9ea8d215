package progress

import (
	"cmp"
	"slices"
	"time"

	"tiendo/pipeline/plan"
)

// Figures is one indicator of one unit over time: what Points, freshness and baseline are computed from.
type Figures struct {
	Indicator *plan.Indicator
	Unit      *plan.Unit

	book       *Book
	leaves     []leaf
	structural Reason // why the indicator cannot apply to the unit, if so

	num, den *history   // flows: everything below the unit, added up
	services []*service // distinct catalogue
	members  []member   // minimum over a dimension
	base     BaselineRow
	hasBase  bool
	variants []*Figures // by the indicator's variants
}

// leaf is a reporting unit below (or the unit itself), or a facility.
type leaf struct {
	from, to plan.Day
	expected bool  // must report
	knownAt  int64 // of the registry that lists a facility
	num, den *history
}

func (l leaf) validOn(d plan.Day) bool {
	return (l.from == plan.NoDay || d >= l.from) && (l.to == plan.NoDay || d <= l.to)
}

// service is one code of the catalogue and every unit that handles it.
type service struct{ handlers []handler }

type handler struct {
	unit        *plan.Unit
	state, done *history // counts at all; has what the numerator asks for
}

type member struct {
	code     string
	num, den *history
}

// Figures gathers what is known of an indicator for a unit.
func (b *Book) Figures(ind *plan.Indicator, unit *plan.Unit) *Figures {
	f := &Figures{Indicator: ind, Unit: unit, book: b}
	f.findBaseline()
	if ind.Kind == plan.Reduction && !f.hasBase && unit.From != plan.NoDay {
		f.structural = ReasonNoBaseline // a unit born later that cannot inherit one (RULES section 4)
	}
	switch ind.Aggregate {
	case plan.DistinctCatalogue:
		f.findServices()
	case plan.MinAfterSumPerSector:
		f.findMembers()
		f.leaves = []leaf{f.leafOf(unit.UnitKey, unit.From, unit.To, "", true)}
	case plan.LocatedIn, plan.ManagedBy:
		f.findFacilities()
	case plan.ReportedHere:
		f.leaves = []leaf{f.leafOf(unit.UnitKey, unit.From, unit.To, "", true)}
	default:
		for _, u := range Reporters(ind, unit) {
			f.leaves = append(f.leaves, f.leafOf(u.UnitKey, u.From, u.To, "", slices.Contains(ind.EntryLevels, u.Level)))
		}
	}
	if ind.Window == plan.YearToDate {
		var nums, dens []*history
		for _, l := range f.leaves {
			nums, dens = append(nums, l.num), append(dens, l.den)
		}
		f.num, f.den = merge(nums), merge(dens)
	}
	for _, v := range ind.Variants {
		other := *ind
		other.Numerator, other.Denominator, other.Variants = v.Numerator, v.Denominator, nil
		f.variants = append(f.variants, b.Figures(&other, unit))
	}
	return f
}

// find is the history of a measure by the first of the indicator's sources that has one.
func (f *Figures) find(measure string, unit plan.UnitKey, dims string) *history {
	for _, source := range f.Indicator.Sources {
		if h := f.book.histories[measure+"/"+source][unit][dims]; h != nil {
			return h
		}
	}
	return nil
}

func (f *Figures) leafOf(unit plan.UnitKey, from, to plan.Day, dims string, expected bool) leaf {
	l := leaf{from: from, to: to, expected: expected}
	l.num, l.den = f.pair(unit, dims)
	return l
}

// pair takes numerator and denominator from one source where one source has both.
func (f *Figures) pair(unit plan.UnitKey, dims string) (num, den *history) {
	for _, source := range f.Indicator.Sources {
		if den = f.book.histories[f.Indicator.Denominator+"/"+source][unit][dims]; den != nil {
			if num = f.book.histories[f.Indicator.Numerator+"/"+source][unit][dims]; num != nil {
				return num, den
			}
			break
		}
	}
	return f.find(f.Indicator.Numerator, unit, dims), den
}

func (f *Figures) findFacilities() {
	inside := map[plan.UnitKey]bool{}
	for _, u := range f.Unit.Subtree() {
		inside[u.UnitKey] = true
	}
	for _, x := range f.book.facilities {
		place := x.LocatedIn
		if f.Indicator.Aggregate == plan.ManagedBy {
			place = x.ManagedBy
		}
		if inside[place] && slices.Contains(f.Indicator.FacilityKinds, x.Kind) {
			l := f.leafOf(plan.UnitKey{Code: x.Code, From: plan.NoDay}, x.From, x.To, "", true)
			l.knownAt = x.KnownAt
			f.leaves = append(f.leaves, l)
		}
	}
	if len(f.leaves) == 0 && len(f.book.facilities) > 0 {
		f.structural = ReasonNoFacility
	}
}

func (f *Figures) findServices() {
	state := f.state()
	byCode := map[string]*service{}
	for _, u := range f.Unit.Subtree() {
		for _, source := range f.Indicator.Sources {
			states := f.book.histories[state+"/"+source][u.UnitKey]
			for code, h := range states {
				s := byCode[code]
				if s == nil {
					s = &service{}
					byCode[code] = s
					f.services = append(f.services, s)
				}
				s.handlers = append(s.handlers, handler{u, h, f.book.histories[f.Indicator.Numerator+"/"+source][u.UnitKey][code]})
			}
			if len(states) > 0 {
				break
			}
		}
		if slices.Contains(f.Indicator.EntryLevels, u.Level) {
			l := leaf{from: u.From, to: u.To, expected: true}
			var all []*history
			for _, source := range f.Indicator.Sources {
				for _, h := range f.book.histories[state+"/"+source][u.UnitKey] {
					all = append(all, h)
				}
			}
			l.den = merge(all)
			f.leaves = append(f.leaves, l)
		}
	}
}

func (f *Figures) findMembers() {
	for _, m := range f.book.plan.Members[f.Indicator.Over] {
		num, den := f.pair(f.Unit.UnitKey, m.Code)
		f.members = append(f.members, member{m.Code, num, den})
	}
}

// findBaseline takes the unit's own frozen baseline, or the sum of its whole predecessors' (RULES section 4).
func (f *Figures) findBaseline() {
	own, ok := f.book.baselines[baselineKey{f.Indicator.Code, f.Unit.UnitKey}]
	if ok {
		f.base, f.hasBase = own, true
		return
	}
	if f.Unit.From == plan.NoDay || len(f.Unit.Predecessors) == 0 {
		return
	}
	if f.Indicator.Aggregate == plan.DistinctCatalogue && f.shared() {
		return // a count of distinct codes cannot be summed over units that handle the same ones
	}
	sum := BaselineRow{Indicator: f.Indicator.Code, Unit: f.Unit.UnitKey, Day: plan.NoDay}
	for _, l := range f.Unit.Predecessors {
		r, ok := f.book.baselines[baselineKey{f.Indicator.Code, l.Unit.UnitKey}]
		if !ok || !l.Whole {
			return
		}
		sum.Day = max(sum.Day, r.Day)
		sum.Numerator += r.Numerator
		sum.Denominator += r.Denominator
		sum.KnownAt = max(sum.KnownAt, r.KnownAt)
	}
	f.base, f.hasBase = sum, true
}

// shared says whether two predecessors of the unit, or units below them, handle a same code.
func (f *Figures) shared() bool {
	seen := map[string]*plan.Unit{} // code -> predecessor
	for _, l := range f.Unit.Predecessors {
		for _, below := range l.Unit.Subtree() {
			for _, source := range f.Indicator.Sources {
				for code := range f.book.histories[f.state()+"/"+source][below.UnitKey] {
					if u := seen[code]; u != nil && u != l.Unit {
						return true
					}
					seen[code] = l.Unit
				}
			}
		}
	}
	return false
}

// state is the measure that says whether a code counts.
func (f *Figures) state() string { return cmp.Or(f.Indicator.Scope, f.Indicator.Numerator) }

// Official is the figure that decides met or missed: year to date for a flow, the latest for a stock (RULES section 2).
func (f *Figures) Official(d plan.Day) Point {
	if f.Indicator.Window != plan.YearToDate {
		return f.stock(d)
	}
	return f.flow(Window(f.Indicator, d))
}

// Path is the figure that pace, path status and forecast use: the rolling 52 weeks of a flow; a stock's is the same.
func (f *Figures) Path(d plan.Day) Point {
	if f.Indicator.Window != plan.YearToDate {
		return f.stock(d)
	}
	return f.flow(d-363, d)
}

func (f *Figures) flow(from, to plan.Day) Point {
	num, den := f.num.sum(from, to), f.den.sum(from, to)
	switch {
	case den <= 0:
		return UnknownPoint(ReasonNotReported, 0, 0)
	case den < f.book.plan.MinDenominatorOf(f.Indicator):
		return UnknownPoint(ReasonTooFew, num, den)
	}
	return SharePoint(num, den)
}

func (f *Figures) stock(d plan.Day) Point {
	switch {
	case f.Indicator.Kind == plan.Reduction:
		return f.reduction(d)
	case f.Indicator.Aggregate == plan.DistinctCatalogue:
		return f.distinct(d)
	case f.Indicator.Kind == plan.MinOver:
		return f.minimum(d).Point
	case f.Indicator.Kind == plan.Score:
		return f.score(d)
	}
	var num, den int64
	for _, l := range f.leaves {
		if !l.validOn(d) {
			continue
		}
		n, m, ok := pairOn(l.num, l.den, d)
		if !ok {
			continue
		}
		num, den = num+n, den+m
	}
	if den <= 0 {
		return UnknownPoint(ReasonNotReported, 0, 0)
	}
	return SharePoint(num, den)
}

// pairOn is the newest pair that was stated for one and the same period end.
func pairOn(num, den *history, d plan.Day) (n, m int64, ok bool) {
	m, end, ok := den.latest(d)
	if !ok {
		return 0, 0, false
	}
	n, ok = num.on(end)
	return n, m, ok
}

func (f *Figures) score(d plan.Day) Point {
	for _, l := range f.leaves {
		if v, _, ok := l.num.latest(d); ok && l.validOn(d) {
			for range 10 - f.Indicator.Scale {
				v *= 10
			}
			return ScorePoint(plan.Value(v))
		}
	}
	return UnknownPoint(ReasonNotReported, 0, 0)
}

// distinct counts each code once; it is done when every unit that handles it has it (RULES section 2).
func (f *Figures) distinct(d plan.Day) Point {
	mask := f.mask()
	var num, den int64
	for _, s := range f.services {
		counts, has := s.standing(d)
		if counts {
			den++
			if has&mask == mask {
				num++
			}
		}
	}
	if den == 0 {
		return UnknownPoint(ReasonNotReported, 0, 0)
	}
	return SharePoint(num, den)
}

// mask is the bits that the numerator's measure must have; without features it must just be 1.
func (f *Figures) mask() int64 {
	if len(f.Indicator.Features) == 0 {
		return 1
	}
	var m int64
	for _, x := range f.Indicator.Features {
		m |= 1 << x.Bit
	}
	return m
}

// standing says whether the code counts on the day, and which bits every unit that handles it has.
func (s *service) standing(d plan.Day) (counts bool, has int64) {
	has = -1
	for _, h := range s.handlers {
		if !h.unit.ValidOn(d) {
			continue
		}
		state, _, ok := h.state.latest(d)
		if !ok || state == 0 {
			continue
		}
		counts = true
		v, _, _ := h.done.latest(d) // nothing stated: no bit
		has &= v
	}
	return counts, has
}

// reduction is 100 x (baseline - now) / baseline; a procedure is in force while any unit has it.
func (f *Figures) reduction(d plan.Day) Point {
	if !f.hasBase {
		return UnknownPoint(ReasonNoBaseline, 0, 0)
	}
	seen := false
	var now int64
	for _, s := range f.services {
		counts := false
		for _, h := range s.handlers {
			v, _, ok := h.state.latest(d)
			seen = seen || ok
			counts = counts || ok && v != 0 && h.unit.ValidOn(d)
		}
		if counts {
			now++
		}
	}
	if !seen {
		return UnknownPoint(ReasonNotReported, 0, 0)
	}
	return Reduction(f.base.Numerator, now)
}

// minimum is the smallest share over the members.
func (f *Figures) minimum(d plan.Day) Minimum {
	return MinOver(f.membersOn(d), f.Indicator.Comparator, f.nextValue(d))
}

func (f *Figures) membersOn(d plan.Day) []Member {
	members := make([]Member, 0, len(f.members))
	for _, m := range f.members {
		p := UnknownPoint(ReasonNotReported, 0, 0)
		if num, den, ok := pairOn(m.num, m.den, d); ok {
			p = SharePoint(num, den)
		}
		members = append(members, Member{m.code, p})
	}
	return members
}

// Parts are the figures that stand beside the official one on a day: other definitions of it (variants), the share of
// services that have each feature of a conjunction, the members of a minimum. They decide nothing.
func (f *Figures) Parts(d plan.Day) []Member {
	parts := f.membersOn(d)
	for i, v := range f.variants {
		parts = append(parts, Member{f.Indicator.Variants[i].Code, v.Official(d)})
	}
	if len(f.Indicator.Features) == 0 {
		return parts
	}
	var den int64
	nums := make([]int64, len(f.Indicator.Features))
	for _, s := range f.services {
		counts, has := s.standing(d)
		if !counts {
			continue
		}
		den++
		for i, x := range f.Indicator.Features {
			nums[i] += has >> x.Bit & 1
		}
	}
	for i, x := range f.Indicator.Features {
		parts = append(parts, Member{x.Code, SharePoint(nums[i], den)})
	}
	return parts
}

// Member names the member that holds a minimum back, empty if it is not one or unknown.
func (f *Figures) Member(d plan.Day) string {
	if f.Indicator.Kind != plan.MinOver {
		return ""
	}
	return f.minimum(d).Code
}

func (f *Figures) nextValue(d plan.Day) *plan.Value {
	m, ok := f.book.plan.NextMilestone(d)
	if !ok {
		return nil
	}
	if t := f.Indicator.TargetAt(m.Date); t != nil {
		return t.Value
	}
	return nil
}

// Baseline is where the path starts: the frozen figure, else the first weekly point at which the path value is known.
func (f *Figures) Baseline() Baseline {
	if f.hasBase {
		if f.Indicator.Kind == plan.Reduction {
			return Baseline{Known: true, Day: f.base.Day}
		}
		if p := SharePoint(f.base.Numerator, f.base.Denominator); p.Known {
			return Baseline{Known: true, Day: f.base.Day, Value: p.Value}
		}
	}
	return Baseline{}
}

// KnownAt is the latest fetch time among what the figures up to the day rest on, unix milliseconds; 0 where nothing is
// known.
func (f *Figures) KnownAt(d plan.Day) int64 {
	var at int64
	if f.hasBase {
		at = f.base.KnownAt
	}
	for _, l := range f.leaves {
		at = max(at, l.num.knownBy(d), l.den.knownBy(d), l.knownAt)
	}
	for _, s := range f.services {
		for _, h := range s.handlers {
			at = max(at, h.state.knownBy(d), h.done.knownBy(d))
		}
	}
	for _, m := range f.members {
		at = max(at, m.num.knownBy(d), m.den.knownBy(d))
	}
	if s, ok := f.snapshotFor(d); ok {
		at = max(at, s.knownAt)
	}
	return at
}

// snapshotFor is the complete snapshot that speaks for the day. A flow's records carry their own days, so the first
// snapshot taken on or after the day covers it; a stock's snapshot speaks of the day it was taken only.
func (f *Figures) snapshotFor(d plan.Day) (snapshot, bool) {
	if f.Indicator.Rhythm != plan.Daily {
		return snapshot{}, false
	}
	for _, source := range f.Indicator.Sources {
		all := f.book.snapshots[source]
		if len(all) == 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(all, d, func(s snapshot, d plan.Day) int { return int(s.day - d) })
		if i < len(all) && (f.Indicator.Window == plan.YearToDate || all[i].day == d) {
			return all[i], true
		}
		if i > 0 {
			return all[i-1], true
		}
	}
	return snapshot{}, false
}

// Freshness is how old the inputs of the day's figure are (RULES section 4, "Stale").
func (f *Figures) Freshness(d plan.Day) Freshness {
	fr := Freshness{Rhythm: f.Indicator.Rhythm.Days(), Minimum: f.book.plan.Defaults.CoverageMin}
	if f.Indicator.Rhythm == plan.Daily {
		s, ok := f.snapshotFor(d)
		if ok {
			fr.Known, fr.Age = true, max(0, int(d-s.day))
		}
		return fr
	}
	if len(f.members) > 0 { // as old as its oldest member: a fresh one must not hide the others
		for _, m := range f.members {
			if age, ok := f.age(m.den, d); ok {
				fr.Known, fr.Age = true, max(fr.Age, age)
			}
		}
		return fr
	}
	single := len(f.leaves) == 1
	for _, l := range f.leaves {
		if !l.expected || !l.validOn(d) {
			continue
		}
		age, ok := f.age(l.den, d)
		if f.Indicator.Kind == plan.Score {
			age, ok = f.age(l.num, d)
		}
		fr.seen(age, ok)
		if !ok && l.from != plan.NoDay && int(d-l.from) <= 2*fr.Rhythm {
			continue // a unit that has just begun owes nothing yet
		}
		if !single {
			fr.Expected++
			if ok && age <= 2*fr.Rhythm {
				fr.Current++
			}
		}
	}
	return fr
}

// seen keeps the age of the newest input.
func (fr *Freshness) seen(age int, ok bool) {
	if ok && (!fr.Known || age < fr.Age) {
		fr.Known, fr.Age = true, age
	}
}

// age is the days since the newest period end, those of quiet months left out.
func (f *Figures) age(h *history, d plan.Day) (int, bool) {
	_, end, ok := h.latest(d)
	if !ok {
		return 0, false
	}
	return int(d-end) - f.quietDays(end, d), true
}

// quietDays counts the days of quiet months after from, up to to.
func (f *Figures) quietDays(from, to plan.Day) int {
	n := 0
	if len(f.Indicator.QuietMonths) == 0 {
		return n
	}
	for y := from.Year(); y <= to.Year(); y++ {
		for _, m := range f.Indicator.QuietMonths {
			first, last := plan.NewDay(y, time.Month(m), 1), plan.NewDay(y, time.Month(m)+1, 1)-1
			n += max(0, int(min(last, to)-max(first, from+1))+1)
		}
	}
	return n
}

func dayOfMillis(ms int64) plan.Day { return plan.DayOf(time.UnixMilli(ms)) }
