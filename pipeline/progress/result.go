package progress

import (
	"slices"

	"tiendo/pipeline/plan"
)

// Result is an assessment with what is kept beside it: whose it is, what it was known from, and the streak.
type Result struct {
	Assessment
	Indicator   *plan.Indicator
	Unit        *plan.Unit
	Day         plan.Day // the day asked for; Assessment.AsOf is earlier for a unit that ended
	Applies     plan.Applicability
	KnownAt     int64       // unix milliseconds; 0: nothing is known
	Coverage    *plan.Value // per cent of the reporting units below that are up to date; nil: not a roll-up
	AgeDays     *int        // of the newest input; nil: none came in
	Member      string      // what holds a minimum back
	Parts       []Member    // figures beside the official one: variants, features, members
	WeeksBehind int
	BehindSince plan.Day
}

// Results assesses one indicator of one unit on the given days (ascending). Of the weekly points before them, those that
// the streak rests on are assessed too.
func (b *Book) Results(ind *plan.Indicator, unit *plan.Unit, days []plan.Day) []Result {
	if len(days) == 0 {
		return nil
	}
	f := b.Figures(ind, unit)
	s := b.newSeries(f, days[len(days)-1])
	out := make([]Result, 0, len(days))
	for _, d := range days {
		r := s.result(d)
		s.know(d, r.Status)
		streak := s.streak(d)
		r.WeeksBehind, r.BehindSince = streak.Weeks, streak.Since
		out = append(out, r)
	}
	return out
}

// Assess is the assessment of a day alone, without what a result also says: the streak, and what stands beside the figure.
func (f *Figures) Assess(d plan.Day) Assessment { return f.book.newSeries(f, d).assess(d) }

// streak counts the weekly points up to the day, as Streak.Next does from the first one on. It looks back only to the last
// one that ended a count. There are no weekly points after a unit's end, so its count stays.
func (s *series) streak(d plan.Day) Streak {
	n := s.weeksUpTo(d)
	first := n
	for first > 0 && s.status(first-1).counts() {
		first--
	}
	streak := NoStreak
	for i := first; i < n; i++ {
		streak = streak.Next(s.weekly[i].Day, s.status(i))
	}
	return streak
}

// know notes the status of a day, if that is a weekly point.
func (s *series) know(d plan.Day, status Status) {
	if n := s.weeksUpTo(d); n > 0 && s.weekly[n-1].Day == d {
		s.statuses[n-1] = status
	}
}

// status is the status at a weekly point as far as a count asks for it, found once. Where there is a path, a forecast only
// parts on_track from at_risk, which end a count alike: it is left out, being most of the work.
func (s *series) status(week int) Status {
	if s.statuses[week] == "" {
		in := s.input(s.weekly[week].Day)
		in.Weekly = nil
		a := Assess(in)
		if a.Gap == nil {
			a = s.assess(in.AsOf)
		}
		s.statuses[week] = a.Status
	}
	return s.statuses[week]
}

// weeksUpTo is the number of weekly points on or before the day.
func (s *series) weeksUpTo(d plan.Day) int {
	n, found := slices.BinarySearchFunc(s.weekly, d, func(p WeekPoint, d plan.Day) int { return int(p.Day - d) })
	if found {
		n++
	}
	return n
}

// series is an indicator of a unit with its path values at all weekly points.
type series struct {
	*Figures
	weekly   []WeekPoint
	statuses []Status // of the weekly points, as far as they were asked for
	baseline Baseline
	targets  []Target
	applies  plan.Applicability
}

func (b *Book) newSeries(f *Figures, until plan.Day) *series {
	s := &series{Figures: f, baseline: f.Baseline(), applies: b.plan.Applies(f.Indicator, f.Unit)}
	last := min(until, endOr(f.Unit, until))
	for d := max(b.firstWeek, startOr(f.Unit, b.firstWeek)); d <= last; d += 7 {
		p := f.Path(d)
		s.weekly = append(s.weekly, WeekPoint{Day: d, Known: p.Known, Value: p.Value})
		if p.Known && !s.baseline.Known {
			s.baseline = Baseline{Known: true, Day: d, Value: p.Value, Derived: true}
		}
	}
	s.statuses = make([]Status, len(s.weekly))
	for _, m := range b.plan.Milestones {
		t := Target{Milestone: m.Date, CutOff: m.Date}
		if f.Indicator.PeriodType == plan.Report {
			t.CutOff = m.ReportCutOff
		}
		t.Deadline = b.plan.Holidays.AddWorking(t.CutOff, 2)
		if x := f.Indicator.TargetAt(m.Date); x != nil {
			t.Value = x.Value
		}
		if until > t.Deadline {
			t.AtCutOff = f.Official(t.CutOff)
		}
		s.targets = append(s.targets, t)
	}
	return s
}

// startOr is the first Sunday of the unit's life that is not before the day; endOr is its last day, at the most that day.
func startOr(u *plan.Unit, d plan.Day) plan.Day {
	if u.From == plan.NoDay {
		return d
	}
	return max(d, (u.From + 6).Sunday())
}

func endOr(u *plan.Unit, d plan.Day) plan.Day {
	if u.To == plan.NoDay {
		return d
	}
	return min(d, u.To)
}

func (s *series) assess(d plan.Day) Assessment { return Assess(s.input(d)) }

func (s *series) input(d plan.Day) Input {
	day := endOr(s.Unit, d) // an ended unit keeps its last figures
	return Input{
		AsOf: d, UnitFrom: s.Unit.From, UnitTo: s.Unit.To, Applies: s.applies, NotApplicable: s.structural,
		Comparator: s.Indicator.Comparator, Targets: s.targets, Window: s.Indicator.Window, PeriodType: s.Indicator.PeriodType,
		Tolerance: s.book.plan.ToleranceOf(s.Indicator), Cap: s.Indicator.Most(),
		Official: s.Official(day), Path: s.Path(day), Baseline: s.baselineOn(day), Weekly: s.recent(day), Freshness: s.Freshness(day),
	}
}

// baselineOn leaves a derived baseline out of days before it.
func (s *series) baselineOn(d plan.Day) Baseline {
	if s.baseline.Derived && d < s.baseline.Day {
		return Baseline{}
	}
	return s.baseline
}

// recent is the last twelve weekly points up to the day.
func (s *series) recent(d plan.Day) []WeekPoint {
	end := s.weeksUpTo(d)
	return s.weekly[max(0, end-12):end]
}

func (s *series) result(d plan.Day) Result {
	day := endOr(s.Unit, d)
	r := Result{
		Assessment: s.assess(d), Indicator: s.Indicator, Unit: s.Unit, Day: d, Applies: s.applies,
		KnownAt: s.KnownAt(day), Member: s.Member(day), Parts: s.Parts(day), BehindSince: plan.NoDay,
	}
	fr := s.Freshness(day)
	if fr.Known {
		r.AgeDays = &fr.Age
	}
	if fr.Expected > 0 {
		if v, err := plan.Share(int64(fr.Current), int64(fr.Expected)); err == nil {
			r.Coverage = &v
		}
	}
	return r
}

// WeeklyDays are the weekly points from the plan's start up to a day.
func (b *Book) WeeklyDays(until plan.Day) []plan.Day {
	var all []plan.Day
	for d := b.firstWeek; d <= until; d += 7 {
		all = append(all, d)
	}
	return all
}

// StoredDays are the days whose results are kept for a unit: every weekly point of its life for the plan's detail
// levels, the newest RecentWeeks for the others, and for all of them the milestones and the day asked for.
func (b *Book) StoredDays(u *plan.Unit, asOf plan.Day) []plan.Day {
	days := b.WeeklyDays(asOf)
	if !b.plan.Detailed(u.Level) {
		days = days[max(0, len(days)-b.plan.RecentWeeks):]
	}
	for _, m := range b.plan.Milestones {
		if m.Date <= asOf {
			days = append(days, m.Date)
		}
	}
	days = append(days, asOf)
	slices.Sort(days)
	days = slices.Compact(days)
	return slices.DeleteFunc(days, func(d plan.Day) bool { return !u.ValidOn(d) || d < b.plan.Start })
}

// Standings ranks the units of every level on one day from the results of that day.
func Standings(p *plan.Plan, results []Result) map[plan.Level][]Standing {
	byUnit := map[*plan.Unit][]OwedTarget{}
	var order []*plan.Unit
	for _, r := range results {
		if _, ok := byUnit[r.Unit]; !ok {
			order = append(order, r.Unit)
			byUnit[r.Unit] = nil
		}
		if r.Applies == plan.Owed && !r.Indicator.Monitored {
			byUnit[r.Unit] = append(byUnit[r.Unit], OwedTargetOf(r.Assessment))
		}
	}
	inputs := map[plan.Level][]RankInput{}
	for _, u := range order {
		inputs[u.Level] = append(inputs[u.Level], RankInput{Unit: u.UnitKey, Name: u.Name, Targets: byUnit[u]})
	}
	out := map[plan.Level][]Standing{}
	for level, in := range inputs {
		out[level] = Rank(in, p.Defaults.OverallMin)
	}
	return out
}
