// Package review lays a week beside the week before it: what is new, what moved most, what is needed, who is late and what
// was restated since the last review. It compares and counts results as they were stored; it computes no status, rank or
// forecast, and knows no store, no clock and no page. The same input gives the same pack, in the same order. Beside that it says
// how a review is proposed, signed and kept, and finds what was changed in what is kept.
package review

import (
	"cmp"
	"slices"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Input is what was stored of a week and of the week before it, all of it as known on one day but for Known. Results may
// come in any order; those of other days are not looked at. The pack points into these slices.
type Input struct {
	AsOf      plan.Day     // the Sunday that ends the week
	Before    plan.Day     // the earlier day that it is laid beside, where a report covers another period; 0: the Sunday before
	Results   []Assessment // of the plan's watched levels, both weeks
	Tallies   []Tally      // of all levels, both weeks
	Standings []Standing   // of all levels, both weeks
	Known     []Assessment // the week before as it was known on its own Monday, where more became known later; watched levels

	ReviewedOn plan.Day // the Monday after the week, or an earlier day up to which things are known
	Reports    []Report // that were late on that day; more do no harm
	KeptFrom   plan.Day // from when on all reports are kept; NoDay: none are
}

// Monday is the day on which the week that ends on the Sunday is reviewed.
func Monday(sunday plan.Day) plan.Day { return sunday + 1 }

// Pack is a week beside the one before.
type Pack struct {
	AsOf   plan.Day `json:"as_of"` // of a weekly review Sundays, seven days apart
	Before plan.Day `json:"before"`
	First  bool     `json:"first,omitempty"` // of the week before nothing is stored: there is nothing to compare with

	Milestone      plan.Day  `json:"milestone"`               // the next one; NoDay: the plan has none
	Turned         bool      `json:"turned,omitempty"`        // the week before was judged by an earlier milestone: statuses do not compare
	PlanVersions   []string  `json:"plan_versions,omitempty"` // that the results carry
	MethodVersions []string  `json:"method_versions,omitempty"`
	KnownAt        time.Time `json:"known_at,omitzero"` // of the newest page that a result rests on

	Counts    []Counts       `json:"counts,omitempty"` // of levels that have results, in the plan's order
	Pairs     []Pair         `json:"pairs,omitempty"`  // every counted target of the watched levels: by level, unit and indicator as the plan lists them
	Up        []Pair         `json:"up,omitempty"`     // what the path value gained and lost most in the week, the most first
	Down      []Pair         `json:"down,omitempty"`
	Outlook   []Outlook      `json:"outlook,omitempty"`
	Movements []Movement     `json:"movements,omitempty"` // of the watched levels, by level and rank
	Begun     []plan.UnitKey `json:"begun,omitempty"`
	Ended     []plan.UnitKey `json:"ended,omitempty"`

	Restated []Restated `json:"restated,omitempty"`  // changed status first, then by how far the figure moved
	Untold   int        `json:"untold,omitempty"`    // results of the week before of which no version that was known on its Monday is stored
	Late     []Late     `json:"late,omitempty"`      // in the order of the indicators
	LateTold bool       `json:"late_told,omitempty"` // all reports that can be late are kept; else Late may lack some
}

// Counts are the targets of a level by status.
type Counts struct {
	Level   plan.Level     `json:"level"`
	Now     Split          `json:"now"`
	Before  Split          `json:"before"`
	Pillars []PillarCounts `json:"pillars,omitempty"`
}

// PillarCounts are the targets of a level and a pillar by status.
type PillarCounts struct {
	Pillar string `json:"pillar,omitempty"`
	Now    Split  `json:"now"`
	Before Split  `json:"before"`
}

// Split is how many targets stand how. What does not apply is not in it.
type Split map[progress.Status]int

// Total is how many targets there are.
func (s Split) Total() int {
	n := 0
	for _, x := range s {
		n += x
	}
	return n
}

// Kind is how a target's status moved from one week to the next.
type Kind string

// The kinds: of those whose words hold, the first.
const (
	First       Kind = "first"         // it was not there the week before, or did not count
	Gone        Kind = "gone"          // it is not there any more, or does not count
	Retargeted  Kind = "retargeted"    // judged by another milestone or target than the week before
	Same        Kind = "same"          // the same status, or unknown in both weeks
	Lost        Kind = "lost"          // no data or stale, and was known
	NewlyBehind Kind = "newly_behind"  // behind, and was not; after no data or stale only where the streak begins
	Found       Kind = "found"         // known, and was no data or stale
	NewlyMet    Kind = "newly_met"     // met, and was not
	Recovered   Kind = "recovered"     // was behind
	NoLongerMet Kind = "no_longer_met" // was met
	Better      Kind = "better"        // on track, was at risk
	Worse       Kind = "worse"         // at risk, was on track
)

// Pair is one target of a unit in both weeks; nil: nothing is stored.
type Pair struct {
	Indicator string       `json:"indicator,omitempty"`
	Unit      plan.UnitKey `json:"unit"`
	Level     plan.Level   `json:"level"`
	Now       *Assessment  `json:"now,omitempty"`
	Before    *Assessment  `json:"before,omitempty"`
}

// Kind is how the status moved.
func (p Pair) Kind() Kind {
	switch {
	case !counts(p.Now):
		return Gone
	case !counts(p.Before):
		return First
	case p.Now.Milestone != p.Before.Milestone || !equal(p.Now.Target, p.Before.Target):
		return Retargeted
	}
	return kind(p.Before, p.Now)
}

func counts(a *Assessment) bool {
	return a != nil && a.Status != progress.NotApplicable && a.Status != progress.NoTarget
}

func kind(before, now *Assessment) Kind {
	was, is := before.Status, now.Status
	unknown := func(s progress.Status) bool { return s == progress.NoData || s == progress.Stale }
	switch {
	case was == is, unknown(was) && unknown(is):
		return Same
	case unknown(is):
		return Lost
	case is == progress.Behind && (!unknown(was) || now.WeeksBehind == 1): // the count is held while nothing is known
		return NewlyBehind
	case unknown(was):
		return Found
	case is == progress.Met:
		return NewlyMet
	case was == progress.Behind:
		return Recovered
	case was == progress.Met:
		return NoLongerMet
	case is == progress.OnTrack:
		return Better
	}
	return Worse
}

// Moved is how far the path value went in the week, in the indicator's points; nil where it is unknown in one of them.
func (p Pair) Moved() *plan.Value {
	if p.Now == nil || p.Before == nil {
		return nil
	}
	return difference(p.Now.PathValue, p.Before.PathValue)
}

func difference(now, before *plan.Value) *plan.Value {
	if now == nil || before == nil {
		return nil
	}
	d := *now - *before
	return &d
}

// Of picks the pairs of a kind.
func (p *Pack) Of(k Kind) []Pair {
	var out []Pair
	for _, x := range p.Pairs {
		if x.Kind() == k {
			out = append(out, x)
		}
	}
	return out
}

// Outlook is a target of the province against its milestone.
type Outlook struct {
	Pair
	Meets *bool `json:"meets,omitempty"` // the stored forecast satisfies the target; nil: there is no forecast or no target
	Short *bool `json:"short,omitempty"` // the pace is under what is needed each week; nil: one of them is unknown
}

// Movement is a unit's place in both weeks.
type Movement struct {
	Unit   plan.UnitKey `json:"unit"`
	Level  plan.Level   `json:"level"`
	Now    *Standing    `json:"now,omitempty"`
	Before *Standing    `json:"before,omitempty"`
	Up     *int         `json:"up,omitempty"` // places gained; nil: no rank in one of the weeks, or another number of units was ranked
}

// Restated is a result of the week before that is not what it was when that week was reviewed.
type Restated struct {
	Was      *Assessment `json:"was,omitempty"`
	Now      *Assessment `json:"now,omitempty"`
	Supplied bool        `json:"supplied,omitempty"` // the figure was not known then
	Rules    bool        `json:"rules,omitempty"`    // the plan or the method has another version since
}

// Moved is how far the path value is from what it was; nil where it is unknown in one of them.
func (r Restated) Moved() *plan.Value { return difference(r.Now.PathValue, r.Was.PathValue) }

// Late is a report with the units that had not handed it in when the week was reviewed.
type Late struct {
	Form       string      `json:"form,omitempty"`       // empty: the source has a form of its own
	Indicators []string    `json:"indicators,omitempty"` // that it feeds, in the plan's order
	Units      []*LateUnit `json:"units,omitempty"`
	New        int         `json:"new,omitempty"` // of them became late in the week
}

// LateUnit is a unit of which a report is late, or of facilities in it.
type LateUnit struct {
	Unit       plan.UnitKey `json:"unit"`
	Level      plan.Level   `json:"level"`
	Since      plan.Day     `json:"since"`                // the first day on which the oldest of them was late
	Periods    []plan.Day   `json:"periods,omitempty"`    // ends of the periods that are missing
	Facilities []string     `json:"facilities,omitempty"` // codes; empty: the unit reports itself
	New        bool         `json:"new,omitempty"`        // none was late a week earlier
	Received   bool         `json:"received,omitempty"`   // all of them have come in since the review
}

// most is how many movers a pack names in each direction.
const most = 10

// Week lays the week beside the one before. in is the plan in force on the day of the review.
func Week(in *plan.Plan, w Input) Pack {
	if w.Before == 0 {
		w.Before = w.AsOf - 7
	}
	p := Pack{AsOf: w.AsOf, Before: w.Before, First: true, Milestone: plan.NoDay}
	if m, ok := in.NextMilestone(w.AsOf); ok && m.Date >= w.AsOf {
		p.Milestone = m.Date
		before, _ := in.NextMilestone(p.Before)
		p.Turned = before.Date != m.Date
	}
	o := orderOf(in, w.Tallies)
	p.Counts = o.counts(w)
	p.Pairs = o.pairs(w)
	for _, x := range w.Results {
		if x.AsOf == p.AsOf {
			p.stamp(x)
		}
		p.First = p.First && x.AsOf != p.Before
	}
	for _, t := range w.Tallies {
		p.First = p.First && t.AsOf != p.Before
	}
	p.Up, p.Down = movers(p.Pairs)
	for _, x := range p.Pairs {
		if x.Now != nil && x.Unit.Code == in.Province && counts(x.Now) {
			p.Outlook = append(p.Outlook, x.Outlook())
		}
	}
	p.Movements, p.Begun, p.Ended = o.movements(w)
	p.Restated, p.Untold = o.restated(w)
	p.Late, p.LateTold = o.late(w), w.KeptFrom != plan.NoDay && w.KeptFrom <= w.ReviewedOn
	slices.Sort(p.PlanVersions)
	slices.Sort(p.MethodVersions)
	return p
}

// stamp notes what the pack's results rest on.
func (p *Pack) stamp(x Assessment) {
	if !slices.Contains(p.PlanVersions, x.PlanVersion) {
		p.PlanVersions = append(p.PlanVersions, x.PlanVersion)
	}
	if !slices.Contains(p.MethodVersions, x.MethodVersion) {
		p.MethodVersions = append(p.MethodVersions, x.MethodVersion)
	}
	if x.KnownAt.After(p.KnownAt) {
		p.KnownAt = x.KnownAt
	}
}

// order is the plan's own order of things, and what counts.
type order struct {
	plan       *plan.Plan
	levels     map[plan.Level]int
	units      map[plan.UnitKey]int
	indicators map[string]int
	owes       bool // the plan sets targets; else every figure that is not only watched counts
}

func orderOf(in *plan.Plan, tallies []Tally) order {
	o := order{plan: in, levels: map[plan.Level]int{}, units: map[plan.UnitKey]int{}, indicators: map[string]int{}}
	for i, l := range in.Levels {
		o.levels[l.Code] = i
	}
	for i, u := range in.Units.All {
		o.units[u.UnitKey] = i
	}
	for i := range in.Indicators {
		o.indicators[in.Indicators[i].Code] = i
	}
	o.owes = slices.ContainsFunc(tallies, func(t Tally) bool { return t.Applies == plan.Owed })
	return o
}

// counted says whether a figure is one of the plan's rows for its unit: owed, of an indicator and a unit that the plan has.
func (o order) counted(indicator string, applies plan.Applicability) bool {
	i, ok := o.indicators[indicator]
	return ok && !o.plan.Indicators[i].Monitored && (applies == plan.Owed || !o.owes)
}

func (o order) compare(aLevel plan.Level, aUnit plan.UnitKey, aIndicator string, bLevel plan.Level, bUnit plan.UnitKey, bIndicator string) int {
	return cmp.Or(cmp.Compare(o.levels[aLevel], o.levels[bLevel]), cmp.Compare(o.units[aUnit], o.units[bUnit]), cmp.Compare(o.indicators[aIndicator], o.indicators[bIndicator]))
}

func (o order) counts(w Input) []Counts {
	var all []Counts
	for _, l := range o.plan.Levels {
		c := Counts{Level: l.Code, Now: Split{}, Before: Split{}}
		for _, pi := range o.plan.Pillars {
			pc := PillarCounts{Pillar: pi.Code, Now: Split{}, Before: Split{}}
			for _, t := range w.Tallies {
				if t.Level != l.Code || t.Status == progress.NotApplicable || !o.counted(t.Indicator, t.Applies) || o.plan.Indicators[o.indicators[t.Indicator]].Pillar != pi.Code {
					continue
				}
				switch t.AsOf {
				case w.AsOf:
					pc.Now[t.Status] += t.Units
					c.Now[t.Status] += t.Units
				case w.Before:
					pc.Before[t.Status] += t.Units
					c.Before[t.Status] += t.Units
				}
			}
			if pc.Now.Total()+pc.Before.Total() > 0 {
				c.Pillars = append(c.Pillars, pc)
			}
		}
		if len(c.Pillars) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// key is what a result is of.
type key struct {
	indicator string
	unit      plan.UnitKey
}

func keyOf(a *Assessment) key { return key{a.Indicator, a.Unit} }

func (o order) pairs(w Input) []Pair {
	at := map[key]int{}
	var all []Pair
	for i := range w.Results {
		x := &w.Results[i]
		if _, known := o.units[x.Unit]; !known || !o.counted(x.Indicator, x.Applies) || x.AsOf != w.AsOf && x.AsOf != w.Before {
			continue
		}
		n, ok := at[keyOf(x)]
		if !ok {
			n = len(all)
			at[keyOf(x)] = n
			all = append(all, Pair{Indicator: x.Indicator, Unit: x.Unit, Level: x.Level})
		}
		if x.AsOf == w.AsOf {
			all[n].Now = x
		} else {
			all[n].Before = x
		}
	}
	slices.SortFunc(all, func(a, b Pair) int { return o.compare(a.Level, a.Unit, a.Indicator, b.Level, b.Unit, b.Indicator) })
	return all
}

// movers are the pairs whose path value rose and fell most. pairs are in order, which settles ties.
func movers(pairs []Pair) (up, down []Pair) {
	for _, x := range pairs {
		switch d := x.Moved(); {
		case d == nil:
		case *d > 0:
			up = append(up, x)
		case *d < 0:
			down = append(down, x)
		}
	}
	slices.SortStableFunc(up, func(a, b Pair) int { return cmp.Compare(*b.Moved(), *a.Moved()) })
	slices.SortStableFunc(down, func(a, b Pair) int { return cmp.Compare(*a.Moved(), *b.Moved()) })
	return up[:min(most, len(up))], down[:min(most, len(down))]
}

// Outlook is the pair against its milestone; there must be something now.
func (p Pair) Outlook() Outlook {
	out := Outlook{Pair: p}
	if p.Now.Forecast != nil && p.Now.Target != nil {
		meets := p.Now.Comparator.Holds(*p.Now.Forecast, *p.Now.Target)
		out.Meets = &meets
	}
	if p.Now.PacePerWeek != nil && p.Now.NeededPerWeek != nil {
		short := *p.Now.PacePerWeek < *p.Now.NeededPerWeek
		out.Short = &short
	}
	return out
}

func (o order) movements(w Input) (all []Movement, begun, ended []plan.UnitKey) {
	now, before := map[plan.UnitKey]*Standing{}, map[plan.UnitKey]*Standing{}
	for i := range w.Standings {
		switch x := &w.Standings[i]; x.AsOf {
		case w.AsOf:
			now[x.Unit] = x
		case w.Before:
			before[x.Unit] = x
		}
	}
	for _, u := range o.plan.Units.All {
		is, was := now[u.UnitKey], before[u.UnitKey]
		switch {
		case is == nil && was != nil && !u.ValidOn(w.AsOf):
			ended = append(ended, u.UnitKey)
		case is != nil && was == nil && !u.ValidOn(w.Before):
			begun = append(begun, u.UnitKey)
		}
		if is == nil || !o.plan.Watched(u.Level) {
			continue
		}
		m := Movement{Unit: u.UnitKey, Level: u.Level, Now: is, Before: was}
		if was != nil && is.Rank > 0 && was.Rank > 0 && is.Of == was.Of {
			up := was.Rank - is.Rank
			m.Up = &up
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b Movement) int {
		return cmp.Or(cmp.Compare(o.levels[a.Level], o.levels[b.Level]), cmp.Compare(min(b.Now.Rank, 1), min(a.Now.Rank, 1)), cmp.Compare(a.Now.Rank, b.Now.Rank))
	})
	return all, begun, ended
}

// restated compares the week before with what was known of it on its Monday.
func (o order) restated(w Input) (all []Restated, untold int) {
	monday := Monday(w.Before).End()
	then := map[key]*Assessment{}
	for i := range w.Known {
		if x := &w.Known[i]; x.AsOf == w.Before {
			then[keyOf(x)] = x
		}
	}
	for i := range w.Results {
		x := &w.Results[i]
		if _, known := o.units[x.Unit]; !known || x.AsOf != w.Before || !o.counted(x.Indicator, x.Applies) {
			continue
		}
		was := then[keyOf(x)]
		switch {
		case x.KnownAt.Before(monday): // nothing has become known since
		case was == nil:
			untold++
		case !alike(was, x):
			all = append(all, restatement(was, x))
		}
	}
	o.sortRestated(all)
	return all, untold
}

func restatement(was, now *Assessment) Restated {
	return Restated{Was: was, Now: now, Supplied: was.Value == nil && now.Value != nil, Rules: was.PlanVersion != now.PlanVersion || was.MethodVersion != now.MethodVersion}
}

// sortRestated puts changed statuses first, then what moved most.
func (o order) sortRestated(all []Restated) {
	distance := func(r Restated) plan.Value {
		d := r.Moved()
		switch {
		case d == nil:
			return 0
		case *d < 0:
			return -*d
		}
		return *d
	}
	slices.SortFunc(all, func(a, b Restated) int {
		same := func(r Restated) int {
			if r.Was.Status == r.Now.Status {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(same(a), same(b)), cmp.Compare(distance(b), distance(a)),
			o.compare(a.Now.Level, a.Now.Unit, a.Now.Indicator, b.Now.Level, b.Now.Unit, b.Now.Indicator))
	})
}

func equal(x, y *plan.Value) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }

// alike says whether two versions of a result tell a reader the same: figure, target, status and outcomes.
func alike(a, b *Assessment) bool {
	return a.Status == b.Status && equal(a.Value, b.Value) && equal(a.PathValue, b.PathValue) && equal(a.Target, b.Target) &&
		slices.EqualFunc(a.Outcomes, b.Outcomes, func(x, y Outcome) bool {
			return x.Milestone == y.Milestone && x.Outcome == y.Outcome && equal(x.Value, y.Value)
		})
}

// late lists who had not handed in what was late on the day of the review. Of a stock nobody waits for a period any more
// once a later one is there.
func (o order) late(w Input) []Late {
	type place struct {
		title string // form, or indicator where there is none
		unit  plan.UnitKey
	}
	var all []Late
	titles := map[string]int{}
	units := map[place]*LateUnit{}
	reports := slices.Clone(w.Reports)
	slices.SortFunc(reports, func(a, b Report) int {
		return cmp.Or(cmp.Compare(o.indicators[a.Indicator], o.indicators[b.Indicator]), o.compare(a.Level, a.Unit, "", b.Level, b.Unit, ""), cmp.Compare(a.Facility, b.Facility), cmp.Compare(a.End, b.End))
	})
	for _, r := range reports {
		n, known := o.indicators[r.Indicator]
		if _, ok := o.units[r.Unit]; !ok || !known || r.LateFrom > w.ReviewedOn {
			continue
		}
		ind := &o.plan.Indicators[n]
		there := !r.ReceivedAt.IsZero() && plan.DayOf(r.ReceivedAt) <= w.ReviewedOn
		if there || ind.Monitored || ind.Window == plan.Latest && r.Later != plan.NoDay && r.Later > r.End {
			continue
		}
		title := cmp.Or(r.Form, r.Indicator)
		i, ok := titles[title]
		if !ok {
			i = len(all)
			titles[title] = i
			all = append(all, Late{Form: r.Form})
		}
		l := &all[i]
		if !slices.Contains(l.Indicators, r.Indicator) {
			l.Indicators = append(l.Indicators, r.Indicator)
		}
		u := units[place{title, r.Unit}]
		if u == nil {
			u = &LateUnit{Unit: r.Unit, Level: r.Level, Since: r.LateFrom, Received: true}
			units[place{title, r.Unit}] = u
			l.Units = append(l.Units, u)
		}
		u.Since = min(u.Since, r.LateFrom)
		u.New = u.Since > w.ReviewedOn-7
		u.Received = u.Received && !r.ReceivedAt.IsZero()
		if !slices.Contains(u.Periods, r.End) {
			u.Periods = append(u.Periods, r.End)
		}
		if r.Facility != "" && !slices.Contains(u.Facilities, r.Facility) {
			u.Facilities = append(u.Facilities, r.Facility)
		}
	}
	for i := range all {
		slices.SortFunc(all[i].Units, func(a, b *LateUnit) int { return o.compare(a.Level, a.Unit, "", b.Level, b.Unit, "") })
		for _, u := range all[i].Units {
			slices.Sort(u.Periods)
			slices.Sort(u.Facilities)
			if u.New {
				all[i].New++
			}
		}
	}
	return all
}
