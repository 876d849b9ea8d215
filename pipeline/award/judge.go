package award

import (
	"math/big"
	"slices"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// The codes of readings that the verdicts know. A plan's ruling names its readings by these where a figure settles them; any
// other code changes no verdict.
const (
	readPoints       = "points"                 // by percentage points instead of relatively (factor)
	readMetEnough    = "met_enough"             // what cannot be exceeded is to be met
	readLeftOut      = "left_out"               // what cannot be exceeded does not count
	readBelowCap     = "all_met_below_exceeded" // all met, and exceeded what can be exceeded
	readAnyExceeded  = "any_exceeded"           // all met, and at least one exceeded
	readNext         = "next_milestone"         // a year without a milestone is held against the next one
	readExcludedType = "excluded"               // only districts proper, not cities
	readAtLeast      = "at_least"               // a value equal to the target meets it
	readMoreThan     = "more_than"              // it does not
)

// settled are the readings between which a figure or the unit's type decides.
var settled = []string{"relative", readPoints, "undecidable", readMetEnough, readLeftOut, readBelowCap, readAnyExceeded, "path", readNext, "included", readExcludedType}

type figureKey struct {
	ind  *plan.Indicator
	unit *plan.Unit
}

type judge struct {
	Question
	newest map[recordKey]Record
	seen   map[figureKey]Figure
	other  map[otherKey]*plan.Indicator
}

type otherKey struct {
	ind     *plan.Indicator
	reading string
}

// otherwise is the indicator as a reading of one of its rulings has it: by another pair that the sources state beside the official
// one (a variant), held against the target in another way, counted for who manages instead of where it stands, or against the
// targets of another indicator. Nil where the reading needs what no source states.
func (j *judge) otherwise(ind *plan.Indicator, way plan.Reading) *plan.Indicator {
	key := otherKey{ind, way.Code}
	if x, ok := j.other[key]; ok {
		return x
	}
	x := *ind
	other := &x
	variant := slices.IndexFunc(ind.Variants, func(v plan.Variant) bool { return v.Code == way.Code })
	switch {
	case variant >= 0:
		v := ind.Variants[variant]
		x.Numerator, x.Denominator, x.Variants = v.Numerator, v.Denominator, nil
	case way.Code == readAtLeast:
		x.Comparator = plan.AtLeast
	case way.Code == readMoreThan:
		x.Comparator = plan.MoreThan
	case way.Code == string(plan.ManagedBy) && ind.Aggregate == plan.LocatedIn:
		x.Aggregate = plan.ManagedBy
	case way.Code == string(plan.LocatedIn) && ind.Aggregate == plan.ManagedBy:
		x.Aggregate = plan.LocatedIn
	case way.TargetOf != "" && j.Plan.Indicator(way.TargetOf) != nil:
		x.Targets = j.Plan.Indicator(way.TargetOf).Targets
	default:
		other = nil
	}
	j.other[key] = other
	return other
}

// told says whether figures tell what the reading of an indicator's ruling would make of what the subject owes: of every indicator that
// rests on the ruling.
func (j *judge) told(s Subject, ruling string, way plan.Reading) bool {
	told := false
	for _, ind := range j.Plan.OwedBy(s.Group) {
		if slices.Contains(ind.Rulings, ruling) {
			if j.otherwise(ind, way) == nil {
				return false
			}
			told = true
		}
	}
	return told
}

// readings are the codes of the readings that a condition is read by.
type readings []string

func (r readings) has(code string) bool { return slices.Contains(r, code) }

func (j *judge) entry(a *plan.Award, s Subject) Entry {
	e := Entry{Award: a, Year: j.Year, Subject: s}
	general := j.criteria(s)
	own, truth := j.own(a, s, "", plan.Reading{})
	e.Conditions = append(general, own...)
	fixed := all(general)
	e.Truth = and(fixed, truth)

	cited := map[string]bool{}
	cite := func(ids []string, decides bool) {
		for _, id := range ids {
			r := j.Plan.Ruling(id)
			if r == nil || cited[id] {
				continue
			}
			cited[id] = true
			reading := Reading{Ruling: r}
			for _, way := range r.Readings {
				x := Effect{Reading: way, InForce: way.Code == r.Default}
				switch {
				case x.InForce:
					x.Truth = e.Truth
				case decides && slices.Contains(settled, way.Code), !decides && j.told(s, id, way):
					_, t := j.own(a, s, id, way)
					x.Truth = and(fixed, t)
				}
				reading.Effects = append(reading.Effects, x)
			}
			e.Rulings = append(e.Rulings, reading)
		}
	}
	for _, c := range a.Conditions {
		cite(c.Rulings, true)
	}
	for _, c := range own {
		for _, part := range c.Parts {
			cite(part.Rulings, false)
		}
	}
	for _, register := range []string{RegisterRegistration, RegisterReport, RegisterDossier + "/" + a.Code} {
		if r := j.record(register, s); r != nil {
			e.Notes = append(e.Notes, *r)
		}
	}
	for _, x := range a.Documents {
		e.Papers = append(e.Papers, Paper{x, j.record(RegisterPaper+"/"+a.Code+"/"+x.Code, s)})
	}
	return e
}

// criteria are the general standard, which every subject meets, and what the subject's group is asked.
func (j *judge) criteria(s Subject) []Finding {
	var out []Finding
	for i := range j.Plan.Subjects {
		g := &j.Plan.Subjects[i]
		for _, c := range g.Criteria {
			kind := Criterion
			if strings.HasPrefix(c.Code, "G-") {
				kind = Standard
			} else if g.Code != s.Group.Code {
				continue
			}
			f := Finding{Kind: kind, Code: c.Code, Section: c.Section, Wording: c.Wording, Deadline: j.end()}
			f.attested(j.record(c.Code, s), true)
			out = append(out, f)
		}
	}
	return out
}

// attested answers by an entry of a register; a silent register is unknown, never no.
func (f *Finding) attested(r *Record, mayBeNone bool) {
	f.Record = r
	f.Verdict = progress.Verdict{Truth: progress.Undecidable, Reason: ReasonNoEntry}
	if r == nil {
		return
	}
	switch r.Decision {
	case Holds:
		f.Verdict = progress.Verdict{Truth: progress.Yes, Reason: ReasonRegister}
	case Fails:
		f.Verdict = progress.Verdict{Truth: progress.No, Reason: ReasonRegister}
	case NotConcerned:
		f.Verdict = progress.Verdict{Truth: progress.No, Reason: ReasonNotConcerned}
		if mayBeNone {
			f.Truth, f.LeftOut = progress.Yes, true
		}
	default:
		f.Reason = ReasonWithdrawn
	}
}

// own are the award's conditions, with the ruling of that id read in the other way ("": as in force).
func (j *judge) own(a *plan.Award, s Subject, ruling string, way plan.Reading) ([]Finding, progress.Truth) {
	var out []Finding
	for i := range a.Conditions {
		c := &a.Conditions[i]
		var by readings
		for _, id := range c.Rulings {
			if r := j.Plan.Ruling(id); r != nil {
				by = append(by, r.Default)
				if id == ruling {
					by[len(by)-1] = way.Code
				}
			}
		}
		f := Finding{Kind: Own, Code: c.Code, Section: a.Section, Wording: c.Wording, Rulings: c.Rulings, Deadline: j.end()}
		switch c.Rule {
		case plan.RuleTargetsMet, plan.RuleTargetsExceeded:
			j.targets(&f, c, s, by, ruling, way)
		case plan.RuleRegister:
			f.attested(j.record(c.Code, s), false)
		default:
			f.attested(j.record(c.Code, s), false)
			if f.Record == nil {
				f.Reason = ReasonRuling
			}
		}
		if by.has(readExcludedType) && s.Unit != nil && plan.Fold(s.Unit.Type) != "huyen" {
			f.Verdict = progress.Verdict{Truth: progress.No, Reason: ReasonOtherType}
			f.Parts = nil
		}
		out = append(out, f)
	}
	return out, all(out)
}

// targets judges a condition about the owed targets, those that rest on the ruling read in that way.
func (j *judge) targets(f *Finding, c *plan.Condition, s Subject, by readings, ruling string, way plan.Reading) {
	exceeded := progress.No // any of them
	counted := 0
	for _, ind := range j.Plan.OwedBy(s.Group) {
		if slices.Contains(ind.Rulings, ruling) {
			if other := j.otherwise(ind, way); other != nil {
				ind = other
			}
		}
		part, over := j.target(ind, c, s, by)
		f.Parts = append(f.Parts, part)
		if part.LeftOut {
			continue
		}
		counted++
		exceeded = or(exceeded, over)
	}
	if counted == 0 { // no figure can say it: who decides says it with an entry
		f.attested(j.record(c.Code, s), false)
		if f.Record == nil {
			f.Reason = ReasonNoOwedTarget
		}
		return
	}
	f.Truth = all(f.Parts)
	if by.has(readAnyExceeded) && c.Rule == plan.RuleTargetsExceeded {
		f.Truth = and(f.Truth, exceeded)
		if exceeded == progress.No {
			f.Reason = ReasonNoneExceeded
		}
	}
	for _, part := range f.Parts {
		if !part.LeftOut && part.Truth == f.Truth && f.Truth != progress.Yes && f.Reason == "" {
			f.Reason = part.Reason
		}
	}
}

// target judges one owed target; over says whether it is exceeded.
func (j *judge) target(ind *plan.Indicator, c *plan.Condition, s Subject, by readings) (f Finding, over progress.Truth) {
	m := j.milestone()
	cutOff := plan.NewDay(j.Year, 12, 31)
	if ind.PeriodType == plan.Report {
		cutOff = plan.YearEnd(plan.Report, plan.NewDay(j.Year, 7, 1))
	}
	due := m
	if m != nil {
		cutOff = m.Date
		if ind.PeriodType == plan.Report {
			cutOff = m.ReportCutOff
		}
	} else if next, ok := j.Plan.NextMilestone(plan.NewDay(j.Year, 12, 31)); ok {
		due = &next
	}
	f = Finding{Kind: Target, Code: ind.Code, Wording: ind.Name, Rulings: ind.Rulings, Deadline: cutOff}
	var t *plan.Target
	if due != nil {
		t = ind.TargetAt(due.Date)
	}
	if t != nil {
		f.Section, f.Wording = t.Section, t.Wording
	}
	leave := func(r progress.Reason) (Finding, progress.Truth) {
		f.LeftOut, f.Verdict = true, progress.Verdict{Truth: progress.Yes, Reason: r}
		return f, progress.No
	}
	if s.Unit == nil || t == nil || t.Value == nil {
		return leave(progress.ReasonNoTarget)
	}
	known := j.figure(ind, s.Unit, cutOff)
	if known.NotApplicable != "" {
		return leave(known.NotApplicable)
	}
	f.Value, f.Target, f.By = known.Official.Opt(), t.Value, ind.Comparator
	if m == nil && !by.has(readNext) {
		f.Target = known.Expected
	}
	met := j.met(ind, f.Target, known)
	f.Verdict, over = met, progress.Undecidable
	f.lacks(f.Target)
	if c.Rule == plan.RuleTargetsExceeded {
		x := j.exceeds(ind, f.Target, c.Factor, known, by.has(readPoints))
		impossible := strings.HasPrefix(string(x.Reason), "unattainable")
		over = x.Truth
		if impossible {
			over = progress.No // it cannot be the one that is exceeded
		}
		switch {
		case by.has(readAnyExceeded), impossible && (by.has(readMetEnough) || by.has(readBelowCap)):
		case impossible && by.has(readLeftOut):
			return leave(ReasonReadOut)
		default:
			f.Verdict = x
			if f.Target == nil {
				break
			}
			asked := above(*f.Target, c.Factor, by.has(readPoints))
			f.Asked, f.Gap = &asked, nil
			if !impossible {
				f.lacks(&asked)
			}
		}
	}
	f.Now = f.Truth
	// what the day has not decided yet is open, whatever the figures say now
	deadline := j.Plan.Holidays.AddWorking(cutOff, 2)
	switch {
	case j.AsOf < cutOff:
		f.Verdict, over = progress.Verdict{Truth: progress.Undecidable, Reason: ReasonNotDue}, progress.Undecidable
	case j.AsOf <= deadline:
		f.Verdict, over = progress.Verdict{Truth: progress.Undecidable, Reason: ReasonPending}, progress.Undecidable
	}
	return f, over
}

func (f *Finding) lacks(asked *plan.Value) {
	if asked == nil || f.Value == nil || f.Truth == progress.Yes {
		return
	}
	gap := max(0, *asked-*f.Value)
	f.Gap = &gap
}

func (j *judge) met(ind *plan.Indicator, target *plan.Value, known Figure) progress.Verdict {
	switch {
	case target == nil:
		return progress.Verdict{Truth: progress.Undecidable, Reason: progress.ReasonNoPath}
	case !known.Official.Known:
		return progress.Verdict{Truth: progress.Undecidable, Reason: known.Official.Reason}
	case known.Official.Meets(ind.Comparator, *target):
		return progress.Verdict{Truth: progress.Yes}
	}
	return progress.Verdict{Truth: progress.No, Reason: ReasonMissed}
}

// exceeds is above target x factor, or by points above target + 100 x (factor - 1).
func (j *judge) exceeds(ind *plan.Indicator, target, factor *plan.Value, known Figure, points bool) progress.Verdict {
	if target == nil {
		return progress.Verdict{Truth: progress.Undecidable, Reason: progress.ReasonNoPath}
	}
	by := plan.One
	asked := *target
	switch {
	case factor != nil && points:
		asked = above(*target, factor, true)
	case factor != nil:
		by = *factor
	}
	v := progress.ExceedsBy(known.Official, &asked, by, ind.Most())
	if v.Truth == progress.No {
		v.Reason = ReasonNotExceeded
	}
	return v
}

// above is what a value has to be greater than.
func above(target plan.Value, factor *plan.Value, points bool) plan.Value {
	switch {
	case factor == nil:
		return target
	case points:
		return target + 100*(*factor-plan.One)
	}
	n := new(big.Int).Mul(big.NewInt(int64(target)), big.NewInt(int64(*factor)))
	return plan.Value(plan.RoundDiv(n, big.NewInt(int64(plan.One))).Int64())
}

// figure is the official figure of the cut-off, or of the newest day before it that may be spoken of. For a unit that ended
// before the cut-off it is regrouped from its successors, where that can be done.
func (j *judge) figure(ind *plan.Indicator, u *plan.Unit, cutOff plan.Day) Figure {
	key := figureKey{ind, u}
	if f, ok := j.seen[key]; ok {
		return f
	}
	day := min(cutOff, j.AsOf)
	var f Figure
	if u.To != plan.NoDay && u.To < day {
		f = j.regrouped(ind, u, day)
	} else {
		f = j.Figures(ind, u, day, plan.NewDay(j.Year, 12, 31))
	}
	j.seen[key] = f
	return f
}

// regrouped adds up the pairs of the units that came from this one alone. Only a stock that is summed can be had so: a year
// to date would lack the months before, a count of distinct people is not the sum of its parts.
func (j *judge) regrouped(ind *plan.Indicator, u *plan.Unit, day plan.Day) Figure {
	ended := Figure{Official: progress.UnknownPoint(progress.ReasonUnitEnded, 0, 0)}
	if ind.Window != plan.Latest || ind.Aggregate != plan.SumSelfAndDescendants && ind.Aggregate != plan.LocatedIn {
		return ended
	}
	var num, den int64
	var none progress.Reason
	for _, x := range j.Plan.Units.All {
		if !x.ValidOn(day) || !slices.Contains(x.Regroup, u.Code) {
			continue
		}
		if len(x.Regroup) > 1 || !j.Plan.Applies(ind, x).Counts() {
			return ended
		}
		part := j.Figures(ind, x, day, day)
		if part.NotApplicable != "" {
			none = part.NotApplicable
			continue
		}
		if !part.Official.Known || part.Official.Denominator <= 0 {
			return ended
		}
		num, den = num+part.Official.Numerator, den+part.Official.Denominator
	}
	switch {
	case den == 0 && none != "":
		return Figure{NotApplicable: none}
	case den == 0:
		return ended
	}
	return Figure{Official: progress.SharePoint(num, den)}
}

// and, or are Kleene's; all holds what counts together.
func and(a, b progress.Truth) progress.Truth {
	switch {
	case a == progress.No || b == progress.No:
		return progress.No
	case a == progress.Yes && b == progress.Yes:
		return progress.Yes
	}
	return progress.Undecidable
}

func or(a, b progress.Truth) progress.Truth {
	switch {
	case a == progress.Yes || b == progress.Yes:
		return progress.Yes
	case a == progress.No && b == progress.No:
		return progress.No
	}
	return progress.Undecidable
}

func all(list []Finding) progress.Truth {
	t := progress.Yes
	for _, f := range list {
		if !f.LeftOut {
			t = and(t, f.Truth)
		}
	}
	return t
}
