package progress

import (
	"cmp"
	"slices"
	"time"

	"tiendo/pipeline/plan"
)

// ReportState is how a report that is owed stands.
type ReportState string

// The states of a report. Late begins with the day after the second working day behind the cut-off (RULES section 1).
const (
	ReportReceived ReportState = "received"
	ReportAwaited  ReportState = "awaited"
	ReportLate     ReportState = "late"
)

// Report is one figure that a unit, or a facility in it, hands in for a closed period.
type Report struct {
	Indicator  *plan.Indicator
	Unit       *plan.Unit // who reports; of a facility: where it stands, or who manages it, as the indicator counts it
	Facility   string     // code of the facility; empty: the unit reports itself
	Period     plan.Period
	Due        plan.Day // the cut-off: the period's last day
	LateFrom   plan.Day // the first day on which it is late
	Source     string   // where it came from, or from where it is expected
	Form       string   // code of the report form that asks for it; empty: the source has a form of its own, or none
	ReportedAt int64    // when it was first known, unix milliseconds; 0: it is not there
	State      ReportState
	DaysLate   int  // days from LateFrom up to the receipt, or up to the day asked for, both counted; 0: in time so far
	Superseded bool // a stock's later period is there, so that nobody waits for this one any more
}

// lateAfter is how many working days behind the cut-off a report may still come (RULES section 1).
const lateAfter = 2

// LateFrom is the first day on which the report of a period is late.
func LateFrom(h *plan.Holidays, p plan.Period) plan.Day { return h.AddWorking(p.End, lateAfter) + 1 }

// reportPeriods is how many closed periods are looked at.
const reportPeriods = 4

// Reports says which reports of the last four closed periods are there on a day, for every indicator that units or
// facilities report themselves: those with a rhythm longer than a day, of every unit of an entry level and every facility
// of the indicator's kinds that existed during the whole period. Indicators come in the plan's order, then units or
// facilities, then periods, oldest first.
func (b *Book) Reports(today plan.Day) []Report {
	var all []Report
	for i := range b.plan.Indicators {
		ind := &b.plan.Indicators[i]
		if !reported(ind) {
			continue
		}
		periods := b.closedPeriods(ind, today)
		for _, from := range b.reporters(ind) {
			all = append(all, b.reportsOf(ind, from, periods, today)...)
		}
	}
	return all
}

// reported says whether somebody reports the indicator's figures, so that one can be missing.
func reported(ind *plan.Indicator) bool {
	return ind.Rhythm != plan.Daily && ind.Rhythm.Days() > 0 && len(ind.Sources) > 0 && (len(ind.EntryLevels) > 0 || len(ind.FacilityKinds) > 0)
}

// reporter is a unit, or a facility in a unit.
type reporter struct {
	unit     *plan.Unit
	facility string
	from, to plan.Day
}

func (b *Book) reporters(ind *plan.Indicator) []reporter {
	var all []reporter
	if len(ind.FacilityKinds) > 0 {
		for _, f := range b.facilities {
			place := f.LocatedIn
			if ind.Aggregate == plan.ManagedBy {
				place = f.ManagedBy
			}
			if u := b.plan.Units.Key(place); u != nil && slices.Contains(ind.FacilityKinds, f.Kind) {
				all = append(all, reporter{u, f.Code, f.From, f.To})
			}
		}
		return all
	}
	return unitsReporting(b.plan, ind)
}

// unitsReporting are the units that report the indicator's figures themselves.
func unitsReporting(p *plan.Plan, ind *plan.Indicator) (all []reporter) {
	for _, u := range p.Units.All {
		if slices.Contains(ind.EntryLevels, u.Level) && (len(ind.OwnLevels) == 0 || slices.Contains(ind.OwnLevels, u.Level)) {
			all = append(all, reporter{u, "", u.From, u.To})
		}
	}
	return all
}

// during says whether it existed on every day of the period: who began or ended in it owes no report of it.
func (r reporter) during(p plan.Period) bool {
	return (r.from == plan.NoDay || r.from <= p.Start) && (r.to == plan.NoDay || r.to >= p.End) && r.unit.ValidOn(p.End)
}

func (b *Book) reportsOf(ind *plan.Indicator, from reporter, periods []plan.Period, today plan.Day) []Report {
	var all []Report
	key := from.unit.UnitKey
	if from.facility != "" {
		key = plan.UnitKey{Code: from.facility, From: plan.NoDay}
	}
	for _, p := range periods {
		if !from.during(p) {
			continue
		}
		r := Report{Indicator: ind, Unit: from.unit, Facility: from.facility, Period: p, Due: p.End, LateFrom: LateFrom(b.plan.Holidays, p)}
		r.Source, r.ReportedAt = b.receipt(ind, key, p.End)
		r.Form = formOf(b.plan, ind, r.Source)
		last := today
		switch {
		case r.ReportedAt != 0:
			r.State, last = ReportReceived, dayOfMillis(r.ReportedAt)
		case today < r.LateFrom:
			r.State = ReportAwaited
		default:
			r.State = ReportLate
		}
		r.DaysLate = max(0, int(last-r.LateFrom)+1)
		if r.ReportedAt != 0 && ind.Window == plan.Latest {
			for i := range all {
				all[i].Superseded = all[i].ReportedAt == 0
			}
		}
		all = append(all, r)
	}
	return all
}

// receipt is when the period's figure was first known, and through which of the indicator's sources. A minimum over
// members is there when all of them are.
func (b *Book) receipt(ind *plan.Indicator, unit plan.UnitKey, end plan.Day) (source string, at int64) {
	for _, source := range ind.Sources {
		got := b.received[receiptKey{receiptMeasure(ind), source, unit, end}]
		if at := got.first; at != 0 {
			if ind.Kind != plan.MinOver {
				return source, at
			}
			if got.members >= len(b.plan.Members[ind.Over]) {
				return source, got.last
			}
		}
	}
	return ind.Sources[0], 0
}

// formOf is the form of the source that asks for the indicator in its rhythm.
func formOf(p *plan.Plan, ind *plan.Indicator, source string) string {
	for _, f := range p.Forms {
		if f.Source == source && f.Rhythm == ind.Rhythm && slices.Contains(f.Indicators, ind.Code) {
			return f.Code
		}
	}
	return ""
}

// receiptMeasure is the measure whose row says that a report is there.
func receiptMeasure(ind *plan.Indicator) string {
	if ind.Aggregate == plan.DistinctCatalogue {
		return cmp.Or(ind.Scope, ind.Numerator)
	}
	return cmp.Or(ind.Denominator, ind.Numerator)
}

type receiptKey struct {
	measure, source string
	unit            plan.UnitKey
	end             plan.Day
}

// receipt is when a period's rows came in first: the earliest of them, the latest of them, and how many there are.
type receipt struct {
	first, last int64
	members     int
}

// receiptMeasures are those of which the first receipt is kept.
func receiptMeasures(p *plan.Plan) map[string]bool {
	all := map[string]bool{}
	for i := range p.Indicators {
		if ind := &p.Indicators[i]; reported(ind) {
			all[receiptMeasure(ind)] = true
		}
	}
	return all
}

// note takes in the first row of a key.
func (b *Book) note(r Row) {
	k := receiptKey{r.Measure, r.Source, r.Unit, r.End}
	x := b.received[k]
	if x.first == 0 || r.KnownAt < x.first {
		x.first = r.KnownAt
	}
	x.last = max(x.last, r.KnownAt)
	x.members++
	b.received[k] = x
}

// closedPeriods are the indicator's last closed periods on the day, oldest first.
func (b *Book) closedPeriods(ind *plan.Indicator, today plan.Day) []plan.Period {
	all := periodsBefore(b.plan, ind, today)
	return all[max(0, len(all)-reportPeriods):]
}

// periodsBefore are the indicator's periods that end before the day, oldest first: those that lie within the plan's time
// and are not wholly made of quiet months.
func periodsBefore(in *plan.Plan, ind *plan.Indicator, day plan.Day) []plan.Period {
	var all []plan.Period
	for _, p := range plan.ClosedPeriods(ind.PeriodType, ind.Rhythm, max(in.Start, ind.EffectiveFrom), day) {
		if in.End > 0 && p.End > in.End || quiet(ind, p) {
			continue
		}
		all = append(all, p)
	}
	return all
}

// Deadline is a period whose reports are due soon, or were due and are not late yet.
type Deadline struct {
	Indicator *plan.Indicator
	Form      string // code of the report form that asks for it; empty: the source has a form of its own, or none
	Period    plan.Period
	Due       plan.Day // the cut-off: the period's last day
	LateFrom  plan.Day // the first day on which it is late
	Units     int      // how many report; 0 where facilities do
}

// Deadlines are the periods whose reports are not late on the day and whose cut-off lies at most so many days behind it, by
// cut-off and then in the plan's order. Whether a report is there already is not asked.
func Deadlines(p *plan.Plan, today plan.Day, days int) []Deadline {
	var all []Deadline
	for i := range p.Indicators {
		ind := &p.Indicators[i]
		if !reported(ind) {
			continue
		}
		for _, period := range periodsBefore(p, ind, today+plan.Day(days)+1) {
			d := Deadline{Indicator: ind, Form: formOf(p, ind, ind.Sources[0]), Period: period, Due: period.End, LateFrom: LateFrom(p.Holidays, period)}
			if d.LateFrom <= today {
				continue
			}
			if len(ind.FacilityKinds) == 0 {
				for _, from := range unitsReporting(p, ind) {
					if from.during(period) {
						d.Units++
					}
				}
				if d.Units == 0 {
					continue
				}
			}
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(x, y Deadline) int { return cmp.Compare(x.Due, y.Due) })
	return all
}

// quiet says whether nothing is to be reported of the period.
func quiet(ind *plan.Indicator, p plan.Period) bool {
	if len(ind.QuietMonths) == 0 {
		return false
	}
	for d := p.Start; d <= p.End; d++ {
		if !slices.Contains(ind.QuietMonths, int(d.Time().Month())) {
			return false
		}
	}
	return true
}

// officeOpens is the hour of a working day from which somebody can be asked to act.
const officeOpens = 8 * time.Hour

// DueBy is when a source's next complete snapshot must be there, from the time of its next scheduled pull: the morning of
// the working day after the first working day on or after the pull. So one missed night is no news, two are, and nothing
// falls due on a weekend, on a holiday or in the week of Tết.
func DueBy(h *plan.Holidays, pull time.Time) time.Time {
	return h.AddWorking(plan.DayOf(pull)-1, 2).Start().Add(officeOpens)
}

// Failure is a share of the year that can no longer reach its target (ReasonUnreachable), with how it goes on.
type Failure struct {
	Indicator *plan.Indicator
	Unit      *plan.Unit
	New       bool        // it could still reach it at the weekly point before that anybody could be told of
	Share     *plan.Value // per cent of cases that failed in the last four weeks (of a monthly figure: the last month); nil: too few
	Before    *plan.Value // the same, at the weekly point before
}

// Rises says that more of the newest cases fail than a week ago.
func (f Failure) Rises() bool { return f.Share != nil && f.Before != nil && *f.Share > *f.Before }

// Failures picks the owed figures of a weekly point that can no longer reach their target this year. results are those of
// the day and of weekly points before it; others are passed over. A weekly point that was the newest on days off only (Tết)
// was told to nobody, so what became so then is new behind it.
func (b *Book) Failures(results []Result, day plan.Day) []Failure {
	type key struct {
		indicator string
		unit      plan.UnitKey
	}
	told := day - 7
	for !b.workedAfter(told) {
		told -= 7
	}
	before := map[key]bool{}
	for _, r := range results {
		if r.Day == told && slices.Contains(r.Reasons, ReasonUnreachable) {
			before[key{r.Indicator.Code, r.Unit.UnitKey}] = true
		}
	}
	var all []Failure
	for _, r := range results {
		if r.Day != day || r.Applies != plan.Owed || r.UnitEnded || !b.plan.Watched(r.Unit.Level) || !slices.Contains(r.Reasons, ReasonUnreachable) {
			continue
		}
		f := b.Figures(r.Indicator, r.Unit)
		all = append(all, Failure{r.Indicator, r.Unit, !before[key{r.Indicator.Code, r.Unit.UnitKey}], f.failing(day), f.failing(day - 7)})
	}
	return all
}

// workedAfter says whether a weekly point was the newest on some working day.
func (b *Book) workedAfter(sunday plan.Day) bool {
	for d := sunday + 1; d <= sunday+7; d++ {
		if b.plan.Holidays.Working(d) {
			return true
		}
	}
	return false
}

// failing is the share of the newest cases that fail, per cent.
func (f *Figures) failing(d plan.Day) *plan.Value {
	p := f.flow(d-plan.Day(max(28, f.Indicator.Rhythm.Days()))+1, d)
	if !p.Known {
		return nil
	}
	v := plan.Percent(100) - p.Value
	return &v
}

// Restatement is a stored status that was another one when the same day's was first known.
type Restatement struct {
	Indicator string
	Unit      plan.UnitKey
	Day       plan.Day
	Was, Now  Status
}
