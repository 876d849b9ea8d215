package web

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

type indicatorBody struct {
	Indicator *plan.Indicator
	Pillar    string
	PillarURL string
	Unit      *plan.Unit
	Level     string
	UnitURL   string
	FigureURL string
	Row       row
	Coverage  string
	Age       string
	Member    string
	Behind    string // since when it is behind
	Failing   string
	Reasons   []string
	KnownAt   string
	Method    string
	Milestone string
	Outcomes  []outcome
	Remarks   *remarks // nil: none
	Chart     *chart
	Targets   []targetRow
	Rulings   []ruling
	Sources   []sourceInfo
	Rhythm    string
	Owner     *plan.Unit
	OwnerURL  string
	Points    string
	Variants  []part
	Features  []part
	Members   []part
	HasTarget bool
	YearSum   bool // the official value is a year's running sum
	Levels    []link
	Rows      []row
	RowsLevel string
}

type outcome struct {
	Milestone string
	Status    words.StatusWord
	Value     string
	Why       string
	Final     string // the review that it is final by; empty: it is not
	FinalURL  string
	Since     string // what later figures give, where that is something else

	Provisional bool // a verdict that no signed review holds
}

// part is a figure beside the official one.
type part struct{ Name, Value, Pair string }

type targetRow struct{ Milestone, Name, Target, Wording, Section, Document string }

type ruling struct {
	*plan.Ruling
	InForce string
	Since   string
}

// rhythms are the words for how often an input is renewed.
var rhythms = map[plan.Rhythm]string{
	plan.Daily: "hằng ngày", plan.Monthly: "hằng tháng", plan.Quarterly: "hằng quý", plan.HalfYearly: "sáu tháng một lần", plan.Yearly: "hằng năm",
}

func rhythm(r plan.Rhythm) string {
	if w, ok := rhythms[r]; ok {
		return w
	}
	return words.Unknown
}

// indicator is the page of one indicator of one unit, with all units of a level beside it.
func (s *site) indicator(ctx context.Context, a *ask) (*page, error) {
	in := s.known(a)
	ind := in.Indicator(a.value("code"))
	if ind == nil {
		return nil, notFound("Không có chỉ tiêu này", fmt.Sprintf("Kế hoạch không có chỉ tiêu mã “%s”. Danh sách chỉ tiêu có ở trang tổng quan.", a.value("code")))
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	ref := a.query.Get("unit")
	if ref == "" {
		ref = s.Plan.Province
	}
	pl, err := s.resolve(stored, a, ref)
	if err != nil {
		return nil, err
	}
	levels := s.levelsOf(in, ind, stored, pl.day)
	level := plan.Level(a.query.Get("level"))
	switch {
	case level != "" && !slices.Contains(levels, level):
		return nil, notFound("Không có cấp này", fmt.Sprintf("Chỉ tiêu %s không có kết quả ở cấp “%s” ngày %s.", ind.Code, level, words.Day(pl.day)),
			link{Text: "Xem " + ind.Code, URL: a.url("/indicator/"+ind.Code, "unit", ref)})
	case level != "":
	case pl.unit.Code != s.Plan.Province && slices.Contains(levels, pl.unit.Level):
		level = pl.unit.Level
	case slices.Contains(levels, s.rankedLevel()):
		level = s.rankedLevel()
	case len(levels) > 0:
		level = levels[len(levels)-1]
	}
	var series, peers []Assessment
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		series, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: s.Plan.Start, KnownOn: a.knownOn, Unit: &pl.unit.UnitKey, Indicator: ind.Code})
		return
	})
	if level != "" {
		g.Go(func() (err error) {
			peers, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: []plan.Level{level}, Indicator: ind.Code})
			return
		})
	}
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() error { return s.signContested(gctx, a, pl.day) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var x *Assessment
	if n := len(series); n > 0 && series[n-1].AsOf == pl.day {
		x = &series[n-1]
	}
	b := &indicatorBody{Indicator: ind, Pillar: in.Pillar(ind.Pillar).Name, PillarURL: s.pillarURL(a, ind.Pillar, pl.unit), Unit: pl.unit, Level: s.Plan.LevelInfo(pl.unit.Level).Name, UnitURL: s.unitURL(a, pl.unit), FigureURL: s.figureURL(a, ind.Code, pl.unit),
		Row: s.row(a, ind, pl.unit, x), Rhythm: rhythm(ind.Rhythm), Points: points(ind), RowsLevel: s.Plan.LevelInfo(level).Name, YearSum: ind.Window == plan.YearToDate,
		Coverage: words.Unknown, Age: words.Unknown, Failing: words.Unknown}
	if x == nil && !in.Applies(ind, pl.unit).Counts() {
		b.Row.Status = words.Status(progress.NotApplicable)
		b.Row.Why = words.Reason(progress.ReasonNotOwedHere)
		if in.Applies(ind, pl.unit) == plan.ByRuling {
			b.Row.Why = words.Reason(progress.ReasonByRuling)
		}
	}
	s.describe(b, in, a, pl, x)
	if err := s.reviewed(ctx, b, a, stored, pl, x); err != nil {
		return nil, err
	}
	b.Chart = s.chart(in, ind, pl, series)
	for _, l := range levels {
		b.Levels = append(b.Levels, link{Text: s.Plan.LevelInfo(l).Name, Here: l == level, URL: a.url("/indicator/"+ind.Code, "unit", a.query.Get("unit"), "level", string(l)) + "#units"})
	}
	for i := range peers {
		u := s.Plan.Units.Key(peers[i].Unit)
		if u == nil {
			continue
		}
		r := s.row(a, ind, u, &peers[i])
		r.Name, r.Here = u.Name, u == pl.unit
		b.Rows = append(b.Rows, r)
		b.HasTarget = b.HasTarget || peers[i].Target != nil
	}
	slices.SortStableFunc(b.Rows, func(x, y row) int {
		if ind.Kind == plan.Score {
			return -compareValue(x.A, y.A)
		}
		return worstFirst(x, y)
	})
	b.HasTarget = b.HasTarget || x != nil && x.Target != nil

	p := s.newPage("indicator", ind.Code+" - "+pl.unit.Name)
	s.dated(p, a, "", pl, "unit", a.query.Get("unit"), "level", a.query.Get("level"))
	p.Crumbs = append(s.crumbs(a, pl.unit, false), link{Text: b.Pillar, URL: b.PillarURL}, link{Text: ind.Code, Here: true})
	p.Fresh, p.Body = s.freshLine(a, sources), b
	p.Table = resultTable(b.Rows, pl.day)
	return p, nil
}

// compareValue orders by value, unknown below everything.
func compareValue(a, b *Assessment) int {
	known := func(x *Assessment) bool { return x != nil && x.Value != nil }
	switch {
	case !known(a) && !known(b):
		return 0
	case !known(a):
		return -1
	case !known(b):
		return 1
	case *a.Value < *b.Value:
		return -1
	case *a.Value > *b.Value:
		return 1
	}
	return 0
}

// levelsOf are the levels that the indicator has results for on the day.
func (s *site) levelsOf(in *plan.Plan, ind *plan.Indicator, stored map[plan.Level][]plan.Day, d plan.Day) []plan.Level {
	var out []plan.Level
	for _, l := range s.Plan.Levels {
		if _, ok := slices.BinarySearch(stored[l.Code], d); ok && ind.Applies[l.Code].Counts() {
			out = append(out, l.Code)
		}
	}
	return out
}

// describe fills in what the plan says of the indicator and what is kept beside the unit's result.
func (s *site) describe(b *indicatorBody, in *plan.Plan, a *ask, pl place, x *Assessment) {
	ind := b.Indicator
	for _, t := range ind.Targets {
		m := targetRow{Milestone: words.Day(t.Milestone), Target: threshold(ind, ind.Comparator, t.Value), Wording: t.Wording, Section: t.Section, Document: t.Document}
		for _, x := range in.Milestones {
			if x.Date == t.Milestone {
				m.Name = x.Name
			}
		}
		if m.Document == "" {
			m.Document = in.Document
		}
		b.Targets = append(b.Targets, m)
	}
	ids := ind.Rulings
	if x != nil {
		ids = x.Rulings
	}
	for _, id := range ids {
		if r := in.Ruling(id); r != nil {
			v := ruling{Ruling: r, InForce: r.InForce()}
			if r.From != plan.NoDay {
				v.Since = words.Day(r.From)
			}
			b.Rulings = append(b.Rulings, v)
		}
	}
	for _, id := range ind.Sources {
		info, ok := s.sources[id]
		if !ok {
			info.Name = id
		}
		b.Sources = append(b.Sources, info)
	}
	if b.Owner = in.OwnerOn(ind, pl.day); b.Owner != nil {
		b.OwnerURL = s.unitURL(a, b.Owner)
	}
	if x == nil {
		return
	}
	for _, r := range splitReasons(x.Reason) {
		b.Reasons = append(b.Reasons, words.Reason(r))
	}
	if x.Milestone != plan.NoDay {
		b.Milestone = words.Day(x.Milestone)
	}
	if x.Coverage != nil {
		b.Coverage = words.Percent(x.Coverage)
	}
	if x.AgeDays != nil {
		b.Age = fmt.Sprintf("%d ngày", *x.AgeDays)
	}
	if x.FailingCount != nil {
		b.Failing = words.Count(*x.FailingCount)
	}
	if x.WeeksBehind > 0 {
		b.Behind = fmt.Sprintf("Chậm %d tuần liền, từ %s", x.WeeksBehind, words.Day(x.BehindSince))
	}
	if x.Member != "" {
		b.Member = x.Member
		for _, m := range in.Members[ind.Over] {
			if m.Code == x.Member {
				b.Member = m.Name
			}
		}
	}
	named := map[string]part{}
	for _, y := range x.Parts {
		z := part{Value: figure(ind, y.Value)}
		if y.Denominator > 0 {
			z.Pair = words.Count(y.Numerator) + " / " + words.Count(y.Denominator)
		}
		named[y.Code] = z
	}
	say := func(code, name string) part {
		z, ok := named[code]
		if !ok {
			z.Value = words.Unknown
		}
		z.Name = name
		return z
	}
	for _, v := range ind.Variants {
		b.Variants = append(b.Variants, say(v.Code, v.Name))
	}
	for _, f := range ind.Features {
		b.Features = append(b.Features, say(f.Code, f.Name))
	}
	if ind.Kind == plan.MinOver {
		for _, m := range in.Members[ind.Over] {
			b.Members = append(b.Members, say(m.Code, m.Name))
		}
	}
	b.KnownAt = words.Unknown
	if !x.KnownAt.IsZero() {
		b.KnownAt = words.Instant(x.KnownAt)
	}
	b.Method = fmt.Sprintf("phương pháp %s, kế hoạch %s", x.MethodVersion, x.PlanVersion)
	for _, o := range x.Outcomes {
		v := outcome{Milestone: words.Day(o.Milestone), Status: words.Outcome(string(o.Outcome)), Why: words.Reason(o.Reason)}
		if o.Value != nil {
			v.Value = figure(ind, o.Value)
		}
		b.Outcomes = append(b.Outcomes, v)
	}
}
