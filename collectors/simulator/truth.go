package simulator

import (
	"cmp"
	"encoding/csv"
	"io"
	"iter"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Row is what one figure should be: of an indicator and a unit, speaking of AsOf, from what the sources had shown by the
// last fetch step of KnownOn. Known says whether there is a pair; Value is empty where the figure is unknown (nothing
// reported, too few cases, a sector missing); Met is true, false or empty (unknown, or no target).
type Row struct {
	Indicator     string
	Unit          string
	UnitValidFrom string // empty: in force since before the plan
	AsOf          string
	KnownOn       string
	Known         bool
	Numerator     int64
	Denominator   int64
	Value         string // per cent, ten decimals half-even, trailing zeros trimmed
	Met           string
}

// header is the first line that WriteCSV writes.
var header = []string{"indicator", "unit", "unit_valid_from", "as_of", "known_on", "numerator", "denominator", "value", "met"}

// WriteCSV writes rows in the order they come.
func WriteCSV(out io.Writer, rows iter.Seq[Row]) error {
	c := csv.NewWriter(out)
	if err := c.Write(header); err != nil {
		return err
	}
	for r := range rows {
		num, den := "", ""
		if r.Known && r.Denominator != 0 { // a score is no pair
			num, den = strconv.FormatInt(r.Numerator, 10), strconv.FormatInt(r.Denominator, 10)
		}
		if err := c.Write([]string{r.Indicator, r.Unit, r.UnitValidFrom, r.AsOf, r.KnownOn, num, den, r.Value, r.Met}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// fetchSteps are the local instants at which every due source is pulled: 23:30 of the plan's first day and of every
// Sunday after it.
func (w *world) fetchSteps(asOf day) []sec {
	out := []sec{w.plan.start.at(23, 30)}
	for d := w.plan.start + 1; d <= asOf; d++ {
		if d.weekday() == 0 {
			out = append(out, d.at(23, 30))
		}
	}
	return out
}

// pair is a figure's numerator and denominator.
type pair struct {
	num, den int64
	known    bool
	unsaid   bool // the pair is known, but the figure is not
}

// figure tells a unit's pair on a day.
type figure func(u *unit, d day) pair

// truth yields every row in stable order: indicator (the plan's order), unit (code, valid_from), as_of, known_on.
func (w *world) truth(asOf day, knownOn []day) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		units := w.plan.sorted()
		cat := newCatalogueCache(w)
		for i := range w.plan.indicators {
			ind := &w.plan.indicators[i]
			if ind.Monitored {
				continue
			}
			var figures []figure
			for _, x := range knownOn {
				figures = append(figures, w.figureOf(ind, w.stepOf(x), cat))
			}
			for _, u := range units {
				a := ind.Applies[u.level]
				if a != "owed" && a != "measured" || !w.inProvince(u) {
					continue
				}
				for _, d := range w.asOfs(u.level, asOf) {
					if !u.validOn(d) {
						continue
					}
					for j, x := range knownOn {
						if !yield(w.row(ind, u, d, x, figures[j](u, d))) {
							return
						}
					}
				}
			}
		}
	}
}

// asOfs are the days that a level's figures are exported for.
func (w *world) asOfs(level string, asOf day) []day {
	var out []day
	for d := w.plan.start; d <= asOf; d++ {
		if d.weekday() == 0 {
			out = append(out, d)
		}
	}
	if !w.plan.detail[level] && len(out) > w.plan.recent {
		out = out[len(out)-w.plan.recent:]
	}
	for _, m := range w.plan.milestones {
		if m <= asOf {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stepOf is the last fetch step up to the end of a day; before the first there is none.
func (w *world) stepOf(x day) sec {
	var last sec = -1
	for _, s := range w.fetchSteps(x) {
		if s <= x.end() {
			last = s
		}
	}
	return last
}

func (w *world) row(ind *indicator, u *unit, d, x day, p pair) Row {
	r := Row{Indicator: ind.Code, Unit: u.code, AsOf: d.String(), KnownOn: x.String()}
	if u.from != dawn {
		r.UnitValidFrom = u.from.String()
	}
	if !p.known || p.den == 0 {
		return r
	}
	r.Known, r.Numerator, r.Denominator = true, p.num, p.den
	least := w.plan.minDen
	if ind.MinDenominator != nil {
		least = *ind.MinDenominator
	}
	if p.unsaid || ind.Window == "year_to_date" && p.den < least {
		return r
	}
	r.Value = percent(p.num, p.den)
	if t := ind.next(d); t != nil {
		r.Met = strconv.FormatBool(meets(p, ind.Comparator, t))
	}
	return r
}

// next is the target of the first milestone on or after the day, else of the last one; nil: no number.
func (ind *indicator) next(d day) *big.Rat {
	var best *target
	for i := range ind.Targets {
		t := &ind.Targets[i]
		switch {
		case best == nil,
			best.day < d && t.day > best.day,
			t.day >= d && t.day < best.day:
			best = t
		}
	}
	if best == nil {
		return nil
	}
	return best.rat
}

// meets compares 100 x numerator with target x denominator.
func meets(p pair, comparator string, t *big.Rat) bool {
	left := new(big.Rat).SetInt64(p.num)
	left.Mul(left, big.NewRat(100, 1))
	right := new(big.Rat).Mul(t, new(big.Rat).SetInt64(p.den))
	if comparator == ">" {
		return left.Cmp(right) > 0
	}
	return left.Cmp(right) >= 0
}

var ten12 = big.NewInt(1_000_000_000_000)

// percent is 100 x num / den as a decimal with ten places, half-even, trailing zeros trimmed. den is positive.
func percent(num, den int64) string {
	n, d := new(big.Int).Mul(big.NewInt(num), ten12), big.NewInt(den)
	neg := n.Sign() < 0
	n.Abs(n)
	q, rest := n.QuoRem(n, d, new(big.Int))
	if c := rest.Lsh(rest, 1).Cmp(d); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	s := q.String()
	if len(s) < 11 {
		s = strings.Repeat("0", 11-len(s)) + s
	}
	s = strings.TrimRight(strings.TrimRight(s[:len(s)-10]+"."+s[len(s)-10:], "0"), ".")
	if neg && s != "0" {
		s = "-" + s
	}
	return s
}

// figureOf prepares an indicator's figures from what was known at a step.
func (w *world) figureOf(ind *indicator, step sec, cat *catalogueCache) figure {
	if step < 0 {
		return func(*unit, day) pair { return pair{} }
	}
	switch {
	case ind.Aggregate == "distinct_catalogue" && ind.Kind == "conjunction":
		return w.conjunction(ind, step)
	case ind.Aggregate == "distinct_catalogue":
		return w.catalogued(ind, step, cat)
	case ind.Aggregate == "min_after_sum_per_sector":
		return w.leastOf(ind, step)
	case ind.Window == "year_to_date":
		return w.flow(ind, step)
	}
	return w.stock(ind, step)
}

// leaf says whether a unit's own figures are part of what the indicator sums.
func (ind *indicator) leaf(u *unit) bool {
	return ind.Aggregate != "own_level_only" || slices.Contains(ind.OwnLevels, u.level)
}

// flow sums a flow's days (or ends of periods) of the year so far over the leaves of all times.
func (w *world) flow(ind *indicator, step sec) figure {
	base := w.from - 500
	type line struct{ num, den []int64 } // per day, then running
	own := map[*unit]*line{}
	size := int(w.asOf-base) + 400
	w.points(ind, step, func(u *unit, d day, num, den int64) {
		if !ind.leaf(u) || d < base || int(d-base) >= size {
			return
		}
		l := own[u]
		if l == nil {
			l = &line{make([]int64, size), make([]int64, size)}
			own[u] = l
		}
		l.num[d-base] += num
		l.den[d-base] += den
	})
	sums := map[*unit]*line{}
	sum := func(u *unit) *line {
		if l, ok := sums[u]; ok {
			return l
		}
		var l *line
		for _, v := range u.subtree() {
			o := own[v]
			if o == nil || ind.Aggregate == "reported_here" && v != u {
				continue
			}
			if l == nil {
				l = &line{make([]int64, size), make([]int64, size)}
			}
			for i := range o.num {
				l.num[i] += o.num[i]
				l.den[i] += o.den[i]
			}
		}
		for i := 1; l != nil && i < size; i++ {
			l.num[i] += l.num[i-1]
			l.den[i] += l.den[i-1]
		}
		sums[u] = l
		return l
	}
	return func(u *unit, d day) pair {
		l := sum(u)
		if l == nil {
			return pair{}
		}
		from, to := newDay(d.year(), 1, 1), d
		if ind.PeriodType == "report" {
			from, to = reportYear(d)
		}
		a, b := from-1-base, to-base
		return pair{num: l.num[b] - l.num[a], den: l.den[b] - l.den[a], known: true}
	}
}

// reportYear is the span in which report periods must end to count on a day: from the 15th of December before to the
// last 14th on or before the day.
func reportYear(d day) (from, to day) {
	y, m, dd := d.date()
	if dd < 14 {
		m--
	}
	to = newDay(y, m, 14)
	y, _, _ = to.date()
	return newDay(y-1, 12, 15), to
}

// points calls f with every counted case of a flow as known at a step.
func (w *world) points(ind *indicator, step sec, f func(u *unit, d day, num, den int64)) {
	if strings.HasPrefix(ind.Denominator, "dossier.") {
		w.dossierPoints(ind, step, f)
		return
	}
	for _, e := range w.entries(ind.Numerator, ind.Denominator, step) {
		f(e.unit, e.end, e.num, e.den)
	}
}

// dossierPoints counts resolved dossiers on their finish day.
func (w *world) dossierPoints(ind *indicator, step sec, f func(u *unit, d day, num, den int64)) {
	part := func(measure string, d *dossier, v *dossierVersion) int64 {
		in := v.resolved()
		switch measure {
		case "dossier.resolved":
		case "dossier.online":
			in = in && d.channel == 2
		case "dossier.with_deadline":
			in = in && v.due > 0
		case "dossier.on_time":
			in = in && v.due > 0 && v.finished.day() <= v.due.day()
		default:
			in = false
		}
		if in {
			return 1
		}
		return 0
	}
	for i := range w.dossiers {
		d := &w.dossiers[i]
		at := w.current(d, step)
		if at < 0 || d.bad != good && at < d.fixed {
			continue
		}
		v := &w.changes[at]
		if den := part(ind.Denominator, d, v); den > 0 {
			f(d.handler(v), v.finished.day(), part(ind.Numerator, d, v), den)
		}
	}
}

// entry is one stated figure as known at a step.
type entry struct {
	unit     *unit // who reports; for a facility where it stands
	facility *facility
	dims     string
	end      day
	num, den int64
}

// stock sums, over the leaves valid on the day, each one's newest period up to it.
func (w *world) stock(ind *indicator, step sec) figure {
	byLeaf := map[any][]entry{}
	at := map[*unit][]any{} // leaves by where they are
	for _, e := range w.entries(ind.Numerator, ind.Denominator, step) {
		if e.facility == nil && !ind.leaf(e.unit) {
			continue
		}
		var leaf any = e.unit
		if e.facility != nil {
			leaf = e.facility
		}
		if byLeaf[leaf] == nil {
			at[e.unit] = append(at[e.unit], leaf)
		}
		byLeaf[leaf] = append(byLeaf[leaf], e)
	}
	for _, list := range byLeaf {
		slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.end, b.end) })
	}
	return func(u *unit, d day) pair {
		var p pair
		for _, v := range u.subtree() {
			if ind.Aggregate == "reported_here" && v != u {
				continue
			}
			for _, leaf := range at[v] {
				switch x := leaf.(type) {
				case *unit:
					if !x.validOn(d) {
						continue
					}
				case *facility:
					if d < x.from || d > x.to && x.toKnown <= step {
						continue
					}
				}
				list := byLeaf[leaf]
				n, _ := slices.BinarySearchFunc(list, d+1, func(e entry, t day) int { return cmp.Compare(e.end, t) })
				if n > 0 {
					p.num += list[n-1].num
					p.den += list[n-1].den
					p.known = true
				}
			}
		}
		return p
	}
}

// leastOf is the sector that holds a unit back. A missing sector makes the figure unknown, unless one that is known
// already fails the next target.
func (w *world) leastOf(ind *indicator, step sec) figure {
	all := w.entries(ind.Numerator, ind.Denominator, step)
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.end, b.end) })
	return func(u *unit, d day) pair {
		newest := map[string]pair{}
		for _, e := range all {
			if e.unit == u && e.end <= d && e.den > 0 {
				newest[e.dims] = pair{num: e.num, den: e.den, known: true}
			}
		}
		var least pair
		missing := false
		for _, m := range w.plan.members[ind.Over] {
			p, ok := newest[m.code]
			if !ok {
				missing = true
			} else if !least.known || big.NewRat(p.num, p.den).Cmp(big.NewRat(least.num, least.den)) < 0 {
				least = p
			}
		}
		if t := ind.next(d); missing && least.known && (t == nil || meets(least, ind.Comparator, t)) {
			return pair{}
		}
		return least
	}
}

// conjunction counts distinct services: one is done when every unit that offers it has every feature.
func (w *world) conjunction(ind *indicator, step sec) figure {
	var all int64
	for _, f := range ind.Features {
		all |= 1 << f.Bit
	}
	list := w.entries(ind.Numerator, ind.Scope, step)
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.end, b.end) })
	byUnit := map[*unit]map[string][]entry{}
	for _, e := range list {
		if byUnit[e.unit] == nil {
			byUnit[e.unit] = map[string][]entry{}
		}
		byUnit[e.unit][e.dims] = append(byUnit[e.unit][e.dims], e)
	}
	return func(u *unit, d day) pair {
		done := map[string]bool{}
		for _, v := range u.subtree() {
			if !v.validOn(d) {
				continue
			}
			for code, es := range byUnit[v] {
				n, _ := slices.BinarySearchFunc(es, d+1, func(e entry, t day) int { return cmp.Compare(e.end, t) })
				if n == 0 || es[n-1].den != 1 {
					continue
				}
				has := es[n-1].num == all
				if old, ok := done[code]; ok {
					has = has && old
				}
				done[code] = has
			}
		}
		p := pair{den: int64(len(done)), known: len(done) > 0}
		for _, has := range done {
			if has {
				p.num++
			}
		}
		return p
	}
}

// catalogueCount is what a unit and those below it handle, distinct by code.
type catalogueCount struct{ inForce, eligible, full int64 }

// catalogueCache holds counts per (snapshot, day).
type catalogueCache struct {
	w    *world
	seen map[[2]int64]map[*unit]catalogueCount
}

func newCatalogueCache(w *world) *catalogueCache {
	return &catalogueCache{w: w, seen: map[[2]int64]map[*unit]catalogueCount{}}
}

func (c *catalogueCache) count(snapshot sec, d day) map[*unit]catalogueCount {
	k := [2]int64{int64(snapshot), int64(d)}
	if m, ok := c.seen[k]; ok {
		return m
	}
	type state struct{ inForce, eligible, short bool }
	codes := map[*unit]map[string]state{}
	s := snapshot.day()
	c.w.catalogueOn(s, func(agency *unit, p *procedure) {
		if p.bad != good || !p.inForce(s) || !agency.validOn(d) {
			return
		}
		for u := agency; u != nil; u = u.parent {
			m := codes[u]
			if m == nil {
				m = map[string]state{}
				codes[u] = m
			}
			st := m[p.code]
			st.inForce = true
			if p.eligible {
				st.eligible = true
				st.short = st.short || p.level(s) != 4
			}
			m[p.code] = st
		}
	})
	out := map[*unit]catalogueCount{}
	for u, m := range codes {
		var n catalogueCount
		for _, st := range m {
			n.inForce++
			if st.eligible {
				n.eligible++
				if !st.short {
					n.full++
				}
			}
		}
		out[u] = n
	}
	c.seen[k] = out
	return out
}

// catalogued is CQS-01's and CQS-04's kind: from the newest snapshot on or before the day.
func (w *world) catalogued(ind *indicator, step sec, cat *catalogueCache) figure {
	steps := w.fetchSteps(step.day())
	base := w.baselines(ind.Code, step)
	return func(u *unit, d day) pair {
		n, _ := slices.BinarySearch(steps, (d+1).at(0, 0))
		if n == 0 || steps[n-1].day() < u.from {
			return pair{} // no snapshot speaks of a unit that was not there yet
		}
		c := cat.count(steps[n-1], d)[u]
		if ind.Kind != "reduction" {
			return pair{num: c.full, den: c.eligible, known: true}
		}
		b, ok := base[u]
		if !ok && u.from > w.plan.start && len(u.predecessors) > 0 && !u.partial && !w.sameCodes(u.predecessors) {
			ok = true
			for _, q := range u.predecessors {
				x, has := base[q]
				ok = ok && has
				b += x
			}
		}
		if !ok {
			return pair{}
		}
		return pair{num: b - c.inForce, den: b, known: true}
	}
}

// sameCodes says whether two of the units handle a same procedure: then their counts of procedures cannot be added up.
func (w *world) sameCodes(units []*unit) bool {
	by := map[string]*unit{}
	for i := range w.procedures {
		p := &w.procedures[i]
		if !slices.Contains(units, p.agency) {
			continue
		}
		if q := by[p.code]; q != nil && q != p.agency {
			return true
		}
		by[p.code] = p.agency
	}
	return false
}
