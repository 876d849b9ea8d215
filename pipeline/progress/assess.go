// Package progress turns an indicator's figures into a judgement: status, path, pace, forecast, outcome, streak, rank,
// and the second opinions of statistics offices. Everything here is a pure function of its arguments: the package knows
// no store, no clock, no file and no particular plan, and only methods.go computes with floats.
package progress

import (
	"math/big"

	"tiendo/pipeline/plan"
)

// MethodVersion names the plan's rule as coded here; stored results carry it.
const MethodVersion = "plan-1"

// Status is how a unit stands on an indicator (RULES section 4).
type Status string

// The statuses, in the order in which they are tried.
const (
	NotApplicable Status = "not_applicable"
	NoTarget      Status = "no_target"
	NoData        Status = "no_data"
	Stale         Status = "stale"
	Met           Status = "met"
	OnTrack       Status = "on_track"
	AtRisk        Status = "at_risk"
	Behind        Status = "behind"
)

// Reason says why a figure is unknown or what a reader must know of a status.
type Reason string

// The reasons. Callers may hand in others with a Point or as Input.NotApplicable; they pass through unchanged.
const (
	ReasonTooFew        Reason = "too_few"               // fewer cases than min_denominator
	ReasonNotReported   Reason = "not_reported"          // nothing came in
	ReasonMissingSector Reason = "missing_sector"        // a member of a minimum is unknown
	ReasonNoBaseline    Reason = "no_baseline"           // a reduction without what it is reduced from
	ReasonNoFacility    Reason = "no_such_facility"      // the unit has no institution of that kind
	ReasonNotOwedHere   Reason = "not_for_level"         // the plan does not measure this level
	ReasonByRuling      Reason = "by_ruling"             // not measured at this level unless a ruling changes it
	ReasonUnitNotYet    Reason = "unit_not_yet"          // the unit begins later
	ReasonUnitEnded     Reason = "unit_ended"            // the unit is over: its last assessment is kept
	ReasonOldInput      Reason = "old_input"             // the newest input is older than twice its rhythm
	ReasonLowCoverage   Reason = "low_coverage"          // too few reporting units below are up to date
	ReasonNoPath        Reason = "no_path"               // no baseline, or a day before it: judged by forecast alone
	ReasonDerived       Reason = "baseline_derived"      // the baseline is the first final value, not a cited one
	ReasonUnreachable   Reason = "unreachable_this_year" // not even a faultless rest of the year would do
	ReasonNoTarget      Reason = "no_target"             // the plan names no number
)

// Point is a figure: a pair of counts (or amounts) with its share, or a score. Where Denominator is positive the figure
// is a share and thresholds compare the pair; else it is a score and thresholds compare Value. The pair is shown even
// when the figure itself is not Known (too few cases). A point that is Known may still carry a Reason, as a minimum that
// lacks a member does. Build points with SharePoint, ScorePoint and UnknownPoint.
type Point struct {
	Numerator   int64
	Denominator int64
	Known       bool
	Value       plan.Value
	Reason      Reason
}

// SharePoint is the share of num in den. With a denominator that is not positive, or a share too large to be a figure,
// nothing is known: not_reported.
func SharePoint(num, den int64) Point {
	v, err := plan.Share(num, den)
	if err != nil {
		return UnknownPoint(ReasonNotReported, num, den)
	}
	return Point{Numerator: num, Denominator: den, Known: true, Value: v}
}

// ScorePoint is a published figure that is no share.
func ScorePoint(v plan.Value) Point { return Point{Known: true, Value: v} }

// UnknownPoint is no figure, with the reason and the pair as far as there is one.
func UnknownPoint(r Reason, num, den int64) Point {
	return Point{Numerator: num, Denominator: den, Reason: r}
}

// Meets compares the figure with a threshold, a pair without division (RULES section 1). An unknown figure meets nothing.
func (p Point) Meets(cmp plan.Comparator, target plan.Value) bool {
	if !p.Known {
		return false
	}
	if p.Denominator > 0 {
		return plan.Meets(p.Numerator, p.Denominator, cmp, target)
	}
	return cmp.Holds(p.Value, target)
}

// Opt is the point's value, nil when it is not known.
func (p Point) Opt() *plan.Value {
	if !p.Known {
		return nil
	}
	v := p.Value
	return &v
}

// Target is a threshold at a milestone, resolved for the plan version in force: amendments are the caller's business.
type Target struct {
	Milestone plan.Day
	CutOff    plan.Day    // last day whose figures decide the outcome: 31 December, or 14 December for report-year forms
	Deadline  plan.Day    // CutOff + 2 working days: the outcome is pending up to and including this day
	Value     *plan.Value // nil: the plan names no number
	AtCutOff  Point       // the official figure as of CutOff; not looked at before Deadline is over
}

// Baseline is where a unit's path starts (RULES section 4).
type Baseline struct {
	Known   bool
	Day     plan.Day
	Value   plan.Value
	Derived bool // the first final value instead of a frozen, cited one
}

// WeekPoint is the path value at a Sunday 24:00 local.
type WeekPoint struct {
	Day   plan.Day
	Known bool
	Value plan.Value
}

// Freshness is how old the inputs are (RULES section 4, "Stale").
type Freshness struct {
	Known    bool // false: no input has ever come in, so there is no age
	Age      int  // days since the newest input, quiet months taken out
	Rhythm   int  // days (plan.Rhythm.Days); 0: never old
	Current  int  // reporting units below whose input is not old
	Expected int  // reporting units below; 0: the figure is not a roll-up
	Minimum  plan.Value
}

// Input holds exactly what the rule of RULES section 4 needs.
type Input struct {
	AsOf          plan.Day // the day the figures speak of
	UnitFrom      plan.Day // validity of the unit, both inclusive, NoDay: open
	UnitTo        plan.Day
	Applies       plan.Applicability // by level; empty is the same as "no"
	NotApplicable Reason             // structural: a district without such institutions; empty: none

	Comparator plan.Comparator
	Targets    []Target // by milestone, ascending
	Window     plan.Window
	PeriodType plan.PeriodType
	Tolerance  plan.Value // percentage points
	Cap        plan.Value // the most a value can be; 0 stands for 100

	// Official and Path are the figures of AsOf; for a unit that ended before AsOf, those of its last day. A stock has the
	// same figure in both.
	Official  Point
	Path      Point
	Baseline  Baseline
	Weekly    []WeekPoint // any order; only the 12 Sundays up to AsOf are looked at
	Freshness Freshness
}

// Outcome is the verdict on a passed milestone, kept beside the live status.
type Outcome string

// The outcomes. OutcomeNone: the milestone is not passed, names no number, or lies outside the unit's life.
const (
	OutcomeNone        Outcome = "none"
	OutcomePending     Outcome = "pending"
	OutcomeMet         Outcome = "met"
	OutcomeMissed      Outcome = "missed"
	OutcomeUndecidable Outcome = "undecidable"
)

// MilestoneOutcome is the outcome of one milestone, with the figure that decided it.
type MilestoneOutcome struct {
	Milestone plan.Day
	Outcome   Outcome
	Value     *plan.Value // official value at the cut-off; nil unless decided
	Reason    Reason      // why undecidable
}

// Assessment is the judgement; nil stands for null. Per cents and percentage points, per week where so named.
type Assessment struct {
	AsOf           plan.Day // Input.AsOf; for an ended unit its last day
	Status         Status
	Reasons        []Reason // the one that explains the status first; empty: none
	Value          *plan.Value
	Numerator      int64 // official pair; Denominator 0: none
	Denominator    int64
	PathValue      *plan.Value
	Milestone      plan.Day // the next one, NoDay: the plan has none
	Target         *plan.Value
	Expected       *plan.Value
	Gap            *plan.Value
	NeededPerWeek  *plan.Value
	PacePerWeek    *plan.Value
	Forecast       *plan.Value
	BestReachable  *plan.Value
	FailingCount   *int64
	Met            *bool // the official value against Target; nil: unknown
	Outcomes       []MilestoneOutcome
	UnitEnded      bool // no live gauge
	ForecastMisses bool // a forecast exists and does not meet Target
}

// Reason is the first reason, or the empty string.
func (a Assessment) Reason() Reason {
	if len(a.Reasons) == 0 {
		return ""
	}
	return a.Reasons[0]
}

// Assess computes a unit's status on an indicator and everything shown beside it. It is the one place that does
// (RULES section 4).
func Assess(in Input) Assessment {
	a := Assessment{AsOf: in.AsOf, Milestone: plan.NoDay}
	if in.UnitTo != plan.NoDay && in.AsOf > in.UnitTo {
		a.AsOf, a.UnitEnded = in.UnitTo, true
	}
	a.Outcomes = outcomes(in)
	why := a.judge(in)
	a.Reasons = make([]Reason, 0, len(why)+1)
	if a.UnitEnded {
		a.add(ReasonUnitEnded)
	}
	for _, r := range why {
		a.add(r)
	}
	return a
}

func (a *Assessment) add(r Reason) {
	for _, have := range a.Reasons {
		if have == r {
			return
		}
	}
	if r != "" {
		a.Reasons = append(a.Reasons, r)
	}
}

// judge fills the assessment and returns the reasons, the status's own first. The order of its returns is the rule's.
func (a *Assessment) judge(in Input) []Reason {
	if r, no := notApplicable(in); no {
		a.Status = NotApplicable
		return []Reason{r}
	}
	a.Value, a.Numerator, a.Denominator = in.Official.Opt(), in.Official.Numerator, in.Official.Denominator
	a.PathValue = in.Path.Opt()
	pace := theilSen(in.Weekly, a.AsOf)
	if pace != nil {
		a.PacePerWeek = pace.rounded()
	}
	next, ok := nextTarget(in.Targets, a.AsOf)
	if ok {
		a.Milestone, a.Target = next.Milestone, copyOf(next.Value)
	}
	if a.Target == nil {
		a.Status = NoTarget
		return nil
	}
	target := *a.Target
	a.Expected = expected(in.Targets, in.Baseline, a.AsOf)
	if in.Official.Known {
		met := in.Official.Meets(in.Comparator, target)
		a.Met = &met
	}
	var also []Reason
	if !in.Official.Known {
		also = append(also, in.Official.Reason)
	}
	if a.bestReachable(in, target) {
		also = append(also, ReasonUnreachable)
	}
	if !in.Path.Known {
		a.Status = NoData
		return append([]Reason{in.Path.Reason}, also...)
	}
	also = append(also, in.Path.Reason) // a minimum known only in part
	if in.Baseline.Known && in.Baseline.Derived {
		also = append(also, ReasonDerived)
	}
	if a.Expected != nil {
		gap := in.Path.Value - *a.Expected
		a.Gap = &gap
	}
	days := int64(a.Milestone - a.AsOf)
	if days > 0 {
		a.NeededPerWeek = needed(in.Path.Value, target, days)
	}
	forecastSide := 0 // of the target, for a forecast that misses: how it stands to target - tolerance
	if pace != nil && days >= 0 {
		f := pace.forecast(in.Path.Value, days, capOf(in))
		a.Forecast = f.rounded()
		a.ForecastMisses = !f.meets(in.Comparator, target)
		forecastSide = f.cmp(target - in.Tolerance)
	}
	if r, old := in.Freshness.old(); old {
		a.Status = Stale
		return append([]Reason{r}, also...)
	}
	if in.Path.Meets(in.Comparator, target) && (a.Met == nil || *a.Met) {
		a.Status = Met
		return also
	}
	if a.Gap == nil {
		a.Status = byForecast(a, forecastSide)
		return append([]Reason{ReasonNoPath}, also...)
	}
	switch {
	case *a.Gap >= 0 && !a.ForecastMisses:
		a.Status = OnTrack
	case *a.Gap >= -in.Tolerance:
		a.Status = AtRisk
	default:
		a.Status = Behind
	}
	return also
}

// byForecast judges without a path: within the tolerance below the target is at risk, as it is below a path. Without a
// forecast either there is nothing to judge by, and unknown is not behind.
func byForecast(a *Assessment, side int) Status {
	switch {
	case a.Forecast == nil:
		return NoData
	case !a.ForecastMisses:
		return OnTrack
	case side >= 0:
		return AtRisk
	}
	return Behind
}

func notApplicable(in Input) (Reason, bool) {
	switch {
	case in.UnitFrom != plan.NoDay && in.AsOf < in.UnitFrom:
		return ReasonUnitNotYet, true
	case in.Applies == plan.ByRuling:
		return ReasonByRuling, true
	case in.Applies != plan.Owed && in.Applies != plan.Measured:
		return ReasonNotOwedHere, true
	}
	return in.NotApplicable, in.NotApplicable != ""
}

// nextTarget is the first milestone on or after the day, else the last.
func nextTarget(targets []Target, d plan.Day) (Target, bool) {
	for _, t := range targets {
		if t.Milestone >= d {
			return t, true
		}
	}
	if len(targets) == 0 {
		return Target{}, false
	}
	return targets[len(targets)-1], true
}

// expected is the path's value on the day: straight lines from the baseline over the targets, flat after the last. The
// start is the smaller of the baseline and the first target still ahead of it, and every later part starts at a target,
// not at what was reached. nil before the baseline's day, or with no baseline or no target.
func expected(targets []Target, b Baseline, d plan.Day) *plan.Value {
	if !b.Known || d < b.Day {
		return nil
	}
	type knot struct {
		day   plan.Day
		value plan.Value
	}
	from := knot{b.Day, b.Value}
	started := false
	var last *plan.Value
	for _, t := range targets {
		if t.Value == nil {
			continue
		}
		last = t.Value
		if t.Milestone < b.Day {
			continue
		}
		to := knot{t.Milestone, *t.Value}
		if !started {
			from.value, started = min(from.value, to.value), true
		}
		if d < to.day {
			v := line(from.value, to.value, int64(d-from.day), int64(to.day-from.day))
			return &v
		}
		from = to
	}
	return copyOf(last)
}

// line is a + (b - a) x done / span, half-even at ten decimals; span must be positive.
func line(a, b plan.Value, done, span int64) plan.Value {
	n := new(big.Int).Mul(big.NewInt(int64(b-a)), big.NewInt(done))
	n.Add(n, new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(span)))
	return plan.Value(plan.RoundDiv(n, big.NewInt(span)).Int64())
}

// needed is (target - value) / weeks left, not under 0; days must be positive.
func needed(v, target plan.Value, days int64) *plan.Value {
	n := new(big.Int).Mul(big.NewInt(int64(max(0, target-v))), big.NewInt(7))
	w := plan.Value(plan.RoundDiv(n, big.NewInt(days)).Int64())
	return &w
}

// bestReachable fills the year's best for a year-to-date share: as if every case still expected this year were good. It
// says whether even that misses the target, which a share that meets it now never does.
func (a *Assessment) bestReachable(in Input, target plan.Value) (unreachable bool) {
	if in.Window != plan.YearToDate {
		return false
	}
	if in.Official.Denominator > 0 {
		failing := in.Official.Denominator - in.Official.Numerator
		a.FailingCount = &failing
	}
	rest := RemainingCases(in.PeriodType, a.AsOf, in.Path.Denominator)
	best := SharePoint(in.Official.Numerator+rest, in.Official.Denominator+rest)
	a.BestReachable = best.Opt()
	return best.Known && !best.Meets(in.Comparator, target) && !in.Official.Meets(in.Comparator, target)
}

// RemainingCases is how many cases the rest of the year is expected to bring: those of the rolling 364 days x the days
// left / 364, half-even. The year is the one that the official figure speaks of: from 15 December to 13 January that of
// a report-year flow is the closed one, which expects nothing any more.
func RemainingCases(t plan.PeriodType, d plan.Day, rolling int64) int64 {
	year := d
	if t == plan.Report {
		year = lastReportEnd(d)
	}
	left := int64(max(0, plan.YearEnd(t, year)-d))
	n := new(big.Int).Mul(big.NewInt(max(0, rolling)), big.NewInt(left))
	return plan.RoundDiv(n, big.NewInt(364)).Int64()
}

// lastReportEnd is the newest end of a reporting month (a 14th) on or before the day.
func lastReportEnd(d plan.Day) plan.Day {
	y, m, day := d.Time().Date()
	if day < 14 {
		m--
	}
	return plan.NewDay(y, m, 14)
}

// old says whether the figure rests on inputs that are too old, and why.
func (f Freshness) old() (Reason, bool) {
	switch {
	case f.Known && f.Rhythm > 0 && f.Age > 2*f.Rhythm:
		return ReasonOldInput, true
	case f.Expected > 0 && !plan.Meets(int64(f.Current), int64(f.Expected), plan.AtLeast, f.Minimum):
		return ReasonLowCoverage, true
	}
	return "", false
}

// outcomes judges every milestone by the official figure of its cut-off. A milestone outside the unit's life has none: a
// unit never misses one by ending.
func outcomes(in Input) []MilestoneOutcome {
	_, no := notApplicable(in)
	out := make([]MilestoneOutcome, 0, len(in.Targets))
	for _, t := range in.Targets {
		o := MilestoneOutcome{Milestone: t.Milestone, Outcome: OutcomeNone}
		alive := (in.UnitFrom == plan.NoDay || t.CutOff >= in.UnitFrom) && (in.UnitTo == plan.NoDay || t.CutOff <= in.UnitTo)
		switch {
		case no || !alive || t.Value == nil || in.AsOf < t.CutOff:
		case in.AsOf <= t.Deadline:
			o.Outcome = OutcomePending
		case !t.AtCutOff.Known:
			o.Outcome, o.Reason = OutcomeUndecidable, t.AtCutOff.Reason
		case t.AtCutOff.Meets(in.Comparator, *t.Value):
			o.Outcome, o.Value = OutcomeMet, t.AtCutOff.Opt()
		default:
			o.Outcome, o.Value = OutcomeMissed, t.AtCutOff.Opt()
		}
		out = append(out, o)
	}
	return out
}

func capOf(in Input) plan.Value {
	if in.Cap == 0 {
		return plan.Percent(100)
	}
	return in.Cap
}

func copyOf(v *plan.Value) *plan.Value {
	if v == nil {
		return nil
	}
	c := *v
	return &c
}
