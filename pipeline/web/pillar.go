package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

type pillarBody struct {
	Name     string
	Unit     *plan.Unit
	UnitURL  string
	Others   []link // the pillars of the plan for this unit
	Counts   []count
	Total    int
	Targets  bool
	Groups   []pillar // what is owed, and what is only watched
	Statuses []words.StatusWord
	Children []pillarChildren
}

type pillarChildren struct {
	Level string
	Rows  []pillarChild
}

// pillarChild is how many of the pillar's indicators have which stored status in a unit below.
type pillarChild struct {
	Name, URL string
	Counts    []count
	Total     int
}

func (s *site) pillarURL(a *ask, code string, u *plan.Unit) string {
	return a.url("/pillar/"+url.PathEscape(code), "unit", s.ref(a, u))
}

// pillarPage is one pillar of one unit: its indicators, and how the units below stand on them.
func (s *site) pillarPage(ctx context.Context, a *ask) (*page, error) {
	in := s.known(a)
	code := a.value("code")
	if !slices.ContainsFunc(in.Pillars, func(x plan.Pillar) bool { return x.Code == code }) {
		var links []link
		for _, x := range in.Pillars {
			links = append(links, link{Text: x.Name, URL: a.url("/pillar/" + url.PathEscape(x.Code))})
		}
		return nil, notFound("Không có trụ cột này", fmt.Sprintf("Kế hoạch không có trụ cột mã “%s”. Chọn một trụ cột dưới đây.", code), links...)
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
	children := map[plan.Level][]*plan.Unit{}
	var levels []plan.Level
	for _, u := range pl.unit.Children {
		if _, has := slices.BinarySearch(stored[u.Level], pl.day); has && u.ValidOn(pl.day) {
			if children[u.Level] == nil {
				levels = append(levels, u.Level)
			}
			children[u.Level] = append(children[u.Level], u)
		}
	}
	var results, below []Assessment
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		results, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: pl.day - 7*(sparkWeeks-1), KnownOn: a.knownOn, Unit: &pl.unit.UnitKey})
		return
	})
	if len(levels) > 0 {
		g.Go(func() (err error) {
			below, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: levels, Brief: true})
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

	b := &pillarBody{Name: in.Pillar(code).Name, Unit: pl.unit, UnitURL: s.unitURL(a, pl.unit)}
	for _, x := range in.Pillars {
		b.Others = append(b.Others, link{Text: x.Name, URL: s.pillarURL(a, x.Code, pl.unit), Here: x.Code == code})
	}
	here := func(rows []row) []row {
		return slices.DeleteFunc(rows, func(r row) bool { return r.Indicator.Pillar != code })
	}
	rows, watched := s.split(in, s.unitRows(a, in, pl, results))
	rows, watched = here(rows), here(watched)
	b.Counts, b.Total = counts(rows), len(rows)
	b.Groups, b.Targets = s.groups(a, rows, watched)
	for i := range b.Groups {
		if b.Groups[i].URL = ""; b.Groups[i].Code == code {
			b.Groups[i].Name = "Chỉ tiêu"
		}
	}

	type key struct {
		unit plan.UnitKey
		code string
	}
	cells := map[key]*Assessment{}
	for i := range below {
		cells[key{below[i].Unit, below[i].Indicator}] = &below[i]
	}
	byName := words.ByName()
	for _, l := range s.Plan.Levels {
		group := pillarChildren{Level: l.Name}
		for _, u := range children[l.Code] {
			var all []row
			for i := range in.Indicators {
				if ind := &in.Indicators[i]; in.Applies(ind, u).Counts() {
					all = append(all, row{Indicator: ind, Unit: u, A: cells[key{u.UnitKey, ind.Code}]})
				}
			}
			own, _ := s.split(in, all)
			known := func(r row) bool { return r.A != nil } // a unit without any result has no page
			if own = here(own); slices.ContainsFunc(own, known) {
				group.Rows = append(group.Rows, pillarChild{u.Name, s.pillarURL(a, code, u), tallied(own), len(own)})
			}
		}
		if len(group.Rows) > 0 && b.Targets {
			slices.SortStableFunc(group.Rows, func(x, y pillarChild) int { return byName(x.Name, y.Name) })
			b.Children = append(b.Children, group)
		}
	}
	for _, st := range statuses {
		b.Statuses = append(b.Statuses, words.Status(st))
	}
	p := s.newPage("pillar", b.Name+" - "+pl.unit.Name)
	s.dated(p, a, "", pl, "unit", a.query.Get("unit"))
	p.Crumbs = append(s.crumbs(a, pl.unit, false), link{Text: b.Name, Here: true})
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, resultTable(append(rows, watched...), pl.day)
	return p, nil
}

// tallied counts rows by the statuses that owed targets can have; one without a status among them is not counted.
func tallied(rows []row) []count { return counts(rows)[:len(statuses)] }
