package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// sparkWeeks is how many weekly points a sparkline shows.
const sparkWeeks = 26

func splitReasons(list string) []progress.Reason {
	var out []progress.Reason
	for _, r := range strings.Split(list, ",") {
		if r != "" {
			out = append(out, progress.Reason(r))
		}
	}
	return out
}

// byName orders by Vietnamese collation.
func byName(rows []standingRow) {
	c := collate.New(language.Vietnamese) // not safe for concurrent use, so one per call
	slices.SortStableFunc(rows, func(a, b standingRow) int {
		return cmp.Or(c.CompareString(a.Name, b.Name), cmp.Compare(a.Unit.Code, b.Unit.Code))
	})
}

// known is the plan in force for what is shown: as known on the day asked for, or today.
func (s *site) known(a *ask) *plan.Plan {
	if a.knownOn != plan.NoDay {
		return s.Plan.At(a.knownOn)
	}
	return s.Plan.At(a.today)
}

// deadline is the next milestone of the plan as seen from a day.
type deadline struct {
	Days       string // 185
	Text, Date string
	Passed     bool
}

func (s *site) deadline(d plan.Day) *deadline {
	m, ok := s.Plan.NextMilestone(d)
	if !ok {
		return nil
	}
	out := &deadline{Days: words.Count(int64(m.Date - d)), Text: m.Name, Date: words.Day(m.Date)}
	out.Passed = m.Date < d
	return out
}

type scorecardBody struct {
	Unit     *plan.Unit
	Overall  *standingRow
	Deadline *deadline
	Pillars  []pillar
	Counts   []count
	Total    int
	Targets  bool
	Level    string
	Ranked   bool
	Ranking  []standingRow
	HeatURL  string
	UnitURL  string
}

// scorecard is the front page: the province by pillar, and how the units of the level below stand.
func (s *site) scorecard(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	pl, err := s.resolve(stored, a, s.Plan.Province)
	if err != nil {
		return nil, err
	}
	level := s.rankedLevel()
	var results []Assessment
	var standings, own []Standing
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		results, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: pl.day - 7*(sparkWeeks-1), KnownOn: a.knownOn, Unit: &pl.unit.UnitKey})
		return
	})
	g.Go(func() (err error) {
		standings, err = s.Store.Standings(gctx, Query{AsOf: pl.day, Since: pl.day - 7, KnownOn: a.knownOn, Levels: []plan.Level{level}})
		return
	})
	g.Go(func() (err error) {
		own, err = s.Store.Standings(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Unit: &pl.unit.UnitKey})
		return
	})
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() error { return s.signContested(gctx, a, pl.day) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	in := s.known(a)
	rows, watched := s.split(in, s.unitRows(a, in, pl, results))
	b := &scorecardBody{Unit: pl.unit, Counts: counts(rows), Total: len(rows), Level: s.Plan.LevelInfo(level).Name, HeatURL: a.url("/heat"), UnitURL: s.unitURL(a, pl.unit)}
	b.Pillars, b.Targets = s.groups(a, rows, watched)
	if b.Targets {
		b.Deadline = s.deadline(pl.day)
	}
	if x := s.standings(a, own, nil); len(x) == 1 && b.Targets {
		b.Overall = &x[0]
	}
	b.Ranking = s.standings(a, onDay(standings, pl.day), onDay(standings, pl.day-7))
	b.Ranked = len(b.Ranking) > 0 && b.Ranking[0].Rank != words.Unknown

	p := s.newPage("scorecard", pl.unit.Name)
	s.dated(p, a, "/", pl)
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, resultTable(append(rows, watched...), pl.day)
	return p, nil
}

type unitBody struct {
	Unit     *plan.Unit
	Level    string
	Validity string
	Compare  string // address of the unit beside its peers
	Standing *standingRow
	Counts   []count
	Pillars  []pillar
	Total    int
	Targets  bool
	Links    []unitLink

	Milestones []milestoneLine
	Children   []childGroup
}

// unitLink is a unit that this one came from or went into.
type unitLink struct {
	Text, Name, URL string
	Whole           bool
}

type childGroup struct {
	Level  string
	Ranked bool
	Rows   []standingRow
}

// unit is the page of one unit: its rows, its place, the units below it.
func (s *site) unit(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	pl, err := s.resolve(stored, a, a.value("unit"))
	if err != nil {
		return nil, err
	}
	var results []Assessment
	var standings []Standing
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		results, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: pl.day - 7*(sparkWeeks-1), KnownOn: a.knownOn, Unit: &pl.unit.UnitKey})
		return
	})
	g.Go(func() (err error) {
		standings, err = s.Store.Standings(gctx, Query{AsOf: pl.day, Since: pl.day - 7, KnownOn: a.knownOn})
		return
	})
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() error { return s.signContested(gctx, a, pl.day) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	in := s.known(a)
	rows, watched := s.split(in, s.unitRows(a, in, pl, results))
	b := &unitBody{Unit: pl.unit, Level: s.Plan.LevelInfo(pl.unit.Level).Name, Counts: counts(rows), Total: len(rows), Validity: validity(pl.unit), Links: s.kin(stored, a, pl.unit)}
	b.Pillars, b.Targets = s.groups(a, rows, watched)
	if b.Milestones, err = s.milestoneLines(ctx, a, rows); err != nil {
		return nil, err
	}
	now, before := onDay(standings, pl.day), onDay(standings, pl.day-7)
	b.Compare = s.comparePeers(a, now, pl.unit)
	for _, x := range s.standings(a, now, before) {
		if x.Unit == pl.unit && b.Targets {
			b.Standing = &x
		}
	}
	for _, l := range s.Plan.Levels {
		var kids []Standing
		for _, x := range now {
			if u := s.Plan.Units.Key(x.Unit); u != nil && u.Level == l.Code && u.Parent == pl.unit {
				kids = append(kids, x)
			}
		}
		if len(kids) > 0 {
			rows := s.standings(a, kids, before)
			b.Children = append(b.Children, childGroup{Level: l.Name, Ranked: kids[0].Rank > 0, Rows: rows})
		}
	}
	p := s.newPage("unit", pl.unit.Name)
	s.dated(p, a, "", pl)
	p.Crumbs = s.crumbs(a, pl.unit, true)
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, resultTable(append(rows, watched...), pl.day)
	return p, nil
}

// validity says from when to when a unit exists, where that is limited.
func validity(u *plan.Unit) string {
	switch {
	case u.From != plan.NoDay && u.To != plan.NoDay:
		return fmt.Sprintf("hoạt động từ %s đến hết ngày %s", words.Day(u.From), words.Day(u.To))
	case u.To != plan.NoDay:
		return fmt.Sprintf("hoạt động đến hết ngày %s", words.Day(u.To))
	case u.From != plan.NoDay:
		return fmt.Sprintf("hoạt động từ %s", words.Day(u.From))
	}
	return ""
}

// kin lists what a unit came from and went into; those without results have no page to go to.
func (s *site) kin(stored map[plan.Level][]plan.Day, a *ask, u *plan.Unit) []unitLink {
	var all []unitLink
	add := func(text string, links []plan.Link) {
		for _, l := range links {
			x := unitLink{Text: text, Name: l.Unit.Name, Whole: l.Whole}
			if slices.ContainsFunc(stored[l.Unit.Level], l.Unit.ValidOn) {
				x.URL = "/unit/" + s.ref(&ask{asOf: plan.NoDay, today: a.today}, l.Unit) // in its own time, not on this page's day
			}
			all = append(all, x)
		}
	}
	add("Tiền thân", u.Predecessors)
	add("Kế tiếp", u.Successors)
	return all
}
