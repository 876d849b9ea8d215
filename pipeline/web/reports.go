package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/contest"
	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// reportPeriod is what a report covers: a period, or the way to a milestone.
type reportPeriod struct {
	plan.Period
	Name      string          // in a sentence: tháng 6 năm 2025
	Milestone *plan.Milestone // nil: an ordinary period
}

// A milestone's report is named by its kind and year: the last milestone is the final one.
const (
	midterm = "midterm-"
	final   = "final-"
)

func milestoneName(p *plan.Plan, i int) string {
	if i == len(p.Milestones)-1 {
		return final + fmt.Sprint(p.Milestones[i].Date.Year())
	}
	return midterm + fmt.Sprint(p.Milestones[i].Date.Year())
}

// parseReport reads 2025-W26, 2025-06, 2025-Q2, 2025-H1, 2024, midterm-2023 and final-2025. Weeks and milestones have one type.
func parseReport(p *plan.Plan, t plan.PeriodType, label string) (reportPeriod, error) {
	if sunday, err := review.ParseWeek(label); err == nil {
		y, w := sunday.Time().ISOWeek()
		return reportPeriod{Period: plan.Period{Label: label, Type: plan.Calendar, Start: sunday - 6, End: sunday}, Name: fmt.Sprintf("tuần %d năm %d", w, y)}, nil
	}
	for i := range p.Milestones {
		if m := &p.Milestones[i]; label == milestoneName(p, i) {
			start := p.Start
			if i > 0 {
				start = p.Milestones[i-1].Date + 1
			}
			return reportPeriod{Period: plan.Period{Label: label, Type: plan.Calendar, Start: start, End: m.Date}, Name: lowerFirst(m.Name), Milestone: m}, nil
		}
	}
	x, err := plan.ParsePeriod(t, label)
	if err != nil || x.Rhythm == plan.Daily {
		return reportPeriod{}, fmt.Errorf("cannot read %q as the period of a report: write 2025-W26, 2025-06, 2025-Q2, 2025-H1, 2024 or a milestone (%s)", label, strings.Join(milestoneNames(p), ", "))
	}
	return reportPeriod{Period: x, Name: periodName(x)}, nil
}

func milestoneNames(p *plan.Plan) []string {
	var all []string
	for i := range p.Milestones {
		all = append(all, milestoneName(p, i))
	}
	return all
}

// report is what is known of a unit in a period, from which its sections are written.
type report struct {
	*site
	ask       *ask
	in        *plan.Plan // in force on the day of knowledge
	period    reportPeriod
	unit      *plan.Unit
	top       bool // the unit is the one on top
	day       plan.Day
	before    plan.Day // NoDay: nothing earlier is stored
	over      bool     // the period is
	reported  plan.Day // on which what is late was late
	pack      review.Pack
	targets   bool // some figure has a target
	children  []Standing
	verdicts  map[figureKey]Outcome // of the milestone, as stored last
	awards    []awardStanding
	officials map[string]official // likewise, of the unit itself, by indicator; nil: no review is kept
	reviewed  bool                // the day has a weekly review
	signed    int                 // number of the day's signed review; 0: it is not signed
	comments  []review.Step       // of the weekly reviews of the period, for those who may read them
	actions   []*review.Action    // likewise
	contests  []contest.Contest   // about figures of the unit and those below it up to the day, as they stood
	reasons   bool                // who reads may read what is said in them
	knownOn   plan.Day
	authority *plan.Unit // nil: the plan names none
	province  *plan.Unit
}

// awardStanding is how the subjects of an award stand.
type awardStanding struct {
	award  *plan.Award
	counts map[progress.Truth]int
	own    *award.Entry // of the report's unit; nil: it is no subject of the award
}

// reportURL is the address of a report; ref names the unit, empty the one on top.
func reportURL(a *ask, label string, t plan.PeriodType, ref string, pairs ...string) string {
	typ := ""
	if t == plan.Report {
		typ = string(t)
	}
	return a.url("/report/"+url.PathEscape(label), append([]string{"as-of", "", "type", typ, "unit", ref}, pairs...)...)
}

func reportType(text string) (plan.PeriodType, error) {
	switch t := plan.PeriodType(text); t {
	case "":
		return plan.Calendar, nil
	case plan.Calendar, plan.Report:
		return t, nil
	}
	return "", badRequest("Không có loại kỳ này", fmt.Sprintf("“%s” không phải là loại kỳ báo cáo: calendar (tháng dương lịch) hoặc report (từ ngày 15 đến ngày 14).", text))
}

// asked is the unit that the address names; empty: the one on top.
func (s *site) asked(a *ask) string {
	if ref := a.query.Get("unit"); ref != s.Plan.Province {
		return ref
	}
	return ""
}

// report is the page of a report.
func (s *site) report(ctx context.Context, a *ask) (*page, error) {
	t, err := reportType(a.query.Get("type"))
	if err != nil {
		return nil, err
	}
	ref := s.asked(a)
	r, err := s.readReport(ctx, a, a.value("period"), t, ref)
	if err != nil {
		return nil, err
	}
	d := r.document()
	p := s.newPage("document", "Báo cáo "+r.period.Name)
	p.Nav = s.nav(a, "/reports")
	p.Crumbs = []link{{Text: "Báo cáo", URL: a.url("/reports", "as-of", "", "type", string(t), "unit", ref)}, {Text: r.unit.Name + ", " + r.period.Name, Here: true}}
	p.File = strings.Join(slices.DeleteFunc([]string{"report", r.period.Label, string(r.period.Type), ref}, func(x string) bool { return x == "" || x == string(plan.Calendar) }), "-")
	return withDocument(p, d, func(pairs ...string) string { return reportURL(a, r.period.Label, t, ref, pairs...) })
}

// ReportDocument is a report as the site shows it, for a command. unit names a unit, empty the one on top; knownOn may be NoDay.
func ReportDocument(ctx context.Context, o Options, label string, t plan.PeriodType, unit string, knownOn plan.Day) (*document.Document, error) {
	s, a, err := forCommand(o, plan.NoDay, knownOn)
	if err != nil {
		return nil, err
	}
	r, err := s.readReport(ctx, a, label, t, unit)
	if err != nil {
		return nil, err
	}
	return r.document(), nil
}

// forCommand is a site that serves nobody, and the question that a command puts to it.
func forCommand(o Options, asOf, knownOn plan.Day) (*site, *ask, error) {
	sources, err := sourceInfos(o.Plan)
	if err != nil {
		return nil, nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &site{Options: o, sources: sources}
	if o.Reviews != nil {
		s.desk = &Desk{Plan: o.Plan, Store: o.Store, Reviews: o.Reviews, Now: o.Now, Clock: o.Now}
	}
	now := o.Now()
	return s, &ask{asOf: asOf, knownOn: knownOn, today: plan.DayOf(now), lastWeek: plan.LastWeeklyPoint(now), trusted: true}, nil
}

// readReport finds the unit and the days of a period and reads what was stored of them.
func (s *site) readReport(ctx context.Context, a *ask, label string, t plan.PeriodType, ref string) (*report, error) {
	choose := link{Text: "Chọn báo cáo khác", URL: a.url("/reports", "as-of", "")}
	period, err := parseReport(s.Plan, t, label)
	if err != nil {
		return nil, notFound("Không có kỳ báo cáo này", fmt.Sprintf("“%s” không phải là kỳ báo cáo: viết 2025-W26 (tuần), 2025-06 (tháng), 2025-Q2 (quý), 2025-H1 (6 tháng), 2024 (năm)%s.", label, orMilestones(s.Plan)), choose)
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, nothingComputed()
	}
	r := &report{site: s, ask: a, in: s.known(a), period: period, top: ref == "", over: period.End < a.today, before: plan.NoDay, knownOn: a.knownOn}
	if ref == "" {
		ref = s.Plan.Province
	}
	on := min(period.End, a.today)
	if r.unit, err = s.Plan.Units.Select(ref, on); err != nil {
		return nil, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s” vào ngày %s.", ref, words.Day(on)), choose)
	}
	r.top = r.unit.Code == s.Plan.Province
	if r.province, err = s.Plan.Units.Select(s.Plan.Province, on); err != nil {
		r.province = r.unit
	}
	newest, found := plan.NoDay, false
	for _, d := range stored[r.unit.Level] {
		switch {
		case !r.unit.ValidOn(d):
		case d < period.Start:
			r.before = d
		case d <= period.End && d <= a.lastWeek:
			r.day, found = d, true
		}
		if r.unit.ValidOn(d) && d <= a.lastWeek {
			newest = d
		}
	}
	if !found {
		text := fmt.Sprintf("Từ ngày %s đến ngày %s %s chưa có số liệu", words.Day(period.Start), words.Day(period.End), r.unit.Name)
		if newest != plan.NoDay {
			text += "; số liệu mới nhất là của ngày " + words.Day(newest)
		}
		return nil, notFound("Chưa có số liệu của kỳ này", text+".", choose)
	}
	if r.before == plan.NoDay && period.Milestone != nil { // the way to the first milestone begins with the first figures
		for _, d := range stored[r.unit.Level] {
			if r.unit.ValidOn(d) && d < r.day {
				r.before = d
				break
			}
		}
	}
	a.asOf = r.day // what is linked speaks of the same day
	r.reported = min(period.End+1, a.today)
	if a.knownOn != plan.NoDay {
		r.reported = min(r.reported, a.knownOn)
	}
	r.authority = s.Plan.LeadOn(a.today)
	return r, r.read(ctx, newest)
}

func orMilestones(p *plan.Plan) string {
	if len(p.Milestones) == 0 {
		return ""
	}
	return ", " + strings.Join(milestoneNames(p), ", ")
}

// read asks the store for the days of the report; newest is the last day that is stored of the unit.
func (r *report) read(ctx context.Context, newest plan.Day) error {
	w := review.Input{AsOf: r.day, Before: r.before, ReviewedOn: r.reported}
	days := []plan.Day{r.day}
	if r.before != plan.NoDay {
		days = append(days, r.before)
	} else {
		w.Before = r.day - 1 // of which nothing is stored
	}
	only := func(d plan.Day) Query {
		q := Query{AsOf: d, Since: plan.NoDay, KnownOn: r.knownOn, Brief: true}
		if r.top {
			q.Levels = r.Plan.WatchLevels
		} else {
			q.Unit = &r.unit.UnitKey
		}
		return q
	}
	results, tallies, standings := make([][]Assessment, len(days)), make([][]Tally, len(days)), make([][]Standing, len(days))
	var last []Assessment
	g, gctx := errgroup.WithContext(ctx)
	for i, d := range days {
		g.Go(func() (err error) { results[i], err = r.Store.Assessments(gctx, only(d)); return })
		g.Go(func() (err error) { tallies[i], err = r.Store.Tallies(gctx, only(d)); return })
		g.Go(func() (err error) {
			standings[i], err = r.Store.Standings(gctx, Query{AsOf: d, Since: plan.NoDay, KnownOn: r.knownOn})
			return
		})
	}
	if r.before != plan.NoDay {
		g.Go(func() (err error) {
			q := only(r.before)
			q.KnownOn, q.Replaced = min(r.before+1, r.reported), true
			w.Known, err = r.Store.Assessments(gctx, q)
			return
		})
	}
	if r.period.Milestone != nil && r.period.End <= newest {
		g.Go(func() (err error) { last, err = r.Store.Assessments(gctx, only(newest)); return })
	}
	g.Go(func() (err error) {
		w.Reports, w.KeptFrom, err = r.Store.Reports(gctx, r.reported)
		return
	})
	g.Go(func() error { return r.readContests(gctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	w.Results, w.Tallies, w.Standings = slices.Concat(results...), slices.Concat(tallies...), slices.Concat(standings...)
	if !r.top {
		w.Reports = slices.DeleteFunc(w.Reports, func(x Report) bool { return !r.covers(x.Unit) })
	}
	r.pack = review.Week(r.in, w)
	r.targets = targets(&r.pack)
	for _, x := range standings[0] {
		if u := r.Plan.Units.Key(x.Unit); u != nil && u.Parent == r.unit && (!r.top || !r.Plan.Watched(u.Level)) {
			r.children = append(r.children, x)
		}
	}
	r.verdicts = map[figureKey]Outcome{}
	for _, x := range last {
		for _, o := range x.Outcomes {
			if o.Milestone == r.period.End {
				r.verdicts[figureKey{x.Indicator, x.Unit}] = o
			}
		}
	}
	if err := r.readReviews(ctx); err != nil {
		return err
	}
	return r.readAwards(ctx)
}

// covers says whether the report is about the unit: about all of them, or it stands below the report's own.
func (r *report) covers(k plan.UnitKey) bool {
	u := r.Plan.Units.Key(k)
	for u != nil && u != r.unit {
		u = u.Parent
	}
	return r.top || u != nil
}

// readContests takes what is objected to. That a figure is contested is for everybody, why is for those who have signed in.
func (r *report) readContests(ctx context.Context) error {
	all, err := r.site.contests(ctx)
	if err != nil {
		return err
	}
	r.reasons = r.ask.trusted || may(ctx, access.View, plan.UnitKey{})
	r.contests = slices.DeleteFunc(r.ask.sign(all, r.day, r.ask.until()), func(c contest.Contest) bool { return !r.covers(c.Figure.Unit) })
	return nil
}

// readReviews takes from the weekly reviews which verdicts on the milestone are final and whether the day's review is signed, and
// what was said and given to do in the period, about the unit or below it. Like the pages of the reviews that is for those who
// have signed in; a command's reader has the store itself.
func (r *report) readReviews(ctx context.Context) error {
	l, broken, err := r.reviewLog(ctx)
	if err != nil || broken || r.desk == nil { // where the log is broken the figures are told all the same; the pages of the reviews say what is wrong
		return err
	}
	r.reviewed = r.day == r.day.Sunday()
	if c := l.Course(r.day); c.State == review.Final && r.knows(*c.Signed) {
		r.signed = c.Number
	}
	r.officials = map[string]official{}
	for _, x := range r.own() {
		k := figureKey{x.Indicator, x.Unit}
		o, ok := r.verdicts[k]
		if !ok {
			continue
		}
		f, err := r.official(ctx, l, r.ask.until(), x.Now, o)
		if err != nil {
			return err
		}
		r.verdicts[k], r.officials[x.Indicator] = f.Outcome, f
	}
	if !r.reasons {
		return nil
	}
	for _, c := range l.Courses() {
		if c.Week < r.period.Start || c.Week > r.period.End {
			continue
		}
		for _, x := range c.Comments {
			if r.knows(x) && (r.top || x.Unit != nil && *x.Unit == r.unit.UnitKey) {
				r.comments = append(r.comments, x)
			}
		}
		for _, x := range c.Actions {
			if r.knows(x.Step) && (r.top || *x.Owner == r.unit.UnitKey || x.Unit != nil && *x.Unit == r.unit.UnitKey) {
				r.actions = append(r.actions, x)
			}
		}
	}
	return nil
}

// knows says whether the step was there on the day of knowledge.
func (r *report) knows(x review.Step) bool {
	return r.knownOn == plan.NoDay || x.At.Before(r.knownOn.End())
}

// readAwards asks the ledger how the subjects of the milestone's awards stand.
func (r *report) readAwards(ctx context.Context) error {
	if r.period.Milestone == nil {
		return nil
	}
	knownOn := r.ask.today
	if r.knownOn != plan.NoDay {
		knownOn = r.knownOn
	}
	for i := range r.Plan.Awards {
		x := &r.Plan.Awards[i]
		if x.Milestone != r.period.Milestone.Date {
			continue
		}
		entries, err := r.ledgers.of(ctx, r.site, award.Question{Award: x.Code, Year: x.Milestone.Year(), Milestone: true, AsOf: r.ask.lastWeek, Boundaries: award.AsThen}, knownOn)
		if err != nil {
			return err
		}
		st := awardStanding{award: x, counts: map[progress.Truth]int{}}
		for _, e := range entries {
			st.counts[e.Truth]++
			if e.Subject.Unit != nil && e.Subject.Unit.UnitKey == r.unit.UnitKey {
				st.own = &e
			}
		}
		r.awards = append(r.awards, st)
	}
	return nil
}

type reportsBody struct {
	Types []option
	Units []optionGroup
	Kinds []reportKind
	Unit  string
}

// reportKind lists the periods of one length that there are figures of, the newest first.
type reportKind struct {
	Name  string
	Note  string
	Links []link
}

// How many weeks and months are listed; older ones are asked for by name.
const (
	listedWeeks  = 13
	listedMonths = 24
)

// reports is where a report is chosen: the unit, the type of the period, the period.
func (s *site) reports(ctx context.Context, a *ask) (*page, error) {
	t, err := reportType(a.query.Get("type"))
	if err != nil {
		return nil, err
	}
	ref := s.asked(a)
	if label := strings.TrimSpace(a.query.Get("period")); label != "" {
		return goTo(reportURL(a, label, t, ref)), nil
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, nothingComputed()
	}
	named := ref
	if named == "" {
		named = s.Plan.Province
	}
	unit, err := s.Plan.Units.Select(named, a.today)
	if err != nil {
		return nil, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s”.", ref), link{Text: "Chọn báo cáo của tỉnh", URL: a.url("/reports")})
	}
	var days []plan.Day
	for _, d := range stored[unit.Level] {
		if unit.ValidOn(d) && d <= a.lastWeek {
			days = append(days, d)
		}
	}
	b := &reportsBody{Unit: unit.Name, Types: []option{{Value: string(plan.Calendar), Text: "Theo tháng dương lịch", Chosen: t == plan.Calendar}, {Value: string(plan.Report), Text: "Theo kỳ báo cáo (từ ngày 15 đến ngày 14)", Chosen: t == plan.Report}}}
	for _, l := range s.Plan.WatchLevels {
		g := optionGroup{Name: s.Plan.LevelInfo(l).Name}
		for _, u := range s.Plan.Units.All {
			if u.Level == l && slices.ContainsFunc(stored[l], u.ValidOn) {
				c := option{Value: s.refOn(u, a.today), Text: u.Name, Chosen: u == unit}
				if u.To != plan.NoDay && u.To < a.today {
					c.Text += " (đến " + words.Day(u.To) + ")"
				}
				g.Options = append(g.Options, c)
			}
		}
		if len(g.Options) > 0 {
			b.Units = append(b.Units, g)
		}
	}
	if len(days) > 0 {
		b.Kinds = s.reportKinds(a, t, ref, days)
	}
	p := s.newPage("reports", "Báo cáo")
	p.Nav, p.Body = s.nav(a, "/reports"), b
	return p, nil
}

// reportKinds lists the periods that hold a day with figures. days are ascending, not empty.
func (s *site) reportKinds(a *ask, t plan.PeriodType, ref string, days []plan.Day) []reportKind {
	var all []reportKind
	holds := func(start, end plan.Day) bool {
		i, _ := slices.BinarySearch(days, start)
		return i < len(days) && days[i] <= end
	}
	add := func(k reportKind) {
		if len(k.Links) > 0 {
			all = append(all, k)
		}
	}
	milestones := reportKind{Name: "Sơ kết, tổng kết"}
	for i, m := range s.Plan.Milestones {
		if start := append([]plan.Day{s.Plan.Start}, milestoneDays(s.Plan)...)[i]; holds(start, m.Date) {
			x := link{Text: m.Name, URL: reportURL(a, milestoneName(s.Plan, i), plan.Calendar, ref)}
			if m.Date >= a.today {
				x.Title = "chưa đến mốc " + words.Day(m.Date)
			}
			milestones.Links = append(milestones.Links, x)
		}
	}
	for _, k := range []struct {
		name   string
		rhythm plan.Rhythm
	}{{"Năm", plan.Yearly}, {"6 tháng", plan.HalfYearly}, {"Quý", plan.Quarterly}, {"Tháng", plan.Monthly}} {
		kind := reportKind{Name: k.name}
		periods := plan.ClosedPeriods(t, k.rhythm, days[0], a.today+366)
		slices.Reverse(periods)
		for _, x := range periods {
			if !holds(x.Start, x.End) {
				continue
			}
			if len(kind.Links) == listedMonths {
				kind.Note = "Các kỳ trước nữa: nhập kỳ ở ô trên."
				break
			}
			l := link{Text: upperFirst(periodName(x)), URL: reportURL(a, x.Label, t, ref)}
			if x.End >= a.today {
				l.Title = "chưa kết thúc"
			}
			kind.Links = append(kind.Links, l)
		}
		add(kind)
	}
	weeks := reportKind{Name: "Tuần"}
	for i := len(days) - 1; i >= 0; i-- {
		if d := days[i]; d == d.Sunday() {
			if len(weeks.Links) == listedWeeks {
				weeks.Note = "Các tuần trước nữa: nhập tuần ở ô trên."
				break
			}
			weeks.Links = append(weeks.Links, link{Text: words.Week(d), URL: reportURL(a, review.WeekName(d), plan.Calendar, ref)})
		}
	}
	add(weeks)
	add(milestones)
	slices.Reverse(all)
	return all
}

func milestoneDays(p *plan.Plan) []plan.Day {
	var all []plan.Day
	for _, m := range p.Milestones {
		all = append(all, m.Date+1)
	}
	return all
}
