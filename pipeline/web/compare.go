package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// mostCompared is how many units stand side by side: more do not fit an old screen or a sheet of paper.
const mostCompared = 6

type compareBody struct {
	Units   []comparedUnit
	Pillars []comparedPillar
	Targets bool
	Wide    int  // columns
	Full    bool // no further unit can be added
	Most    int
	Sought  string
	Found   []link // units that are found, or peers of those chosen, each with the address that adds it
	More    int
	Peers   bool // Found are peers, nothing was sought
	Kept    [][2]string
}

type comparedUnit struct {
	Name, Level, URL, Ref string
	Standing              *standingRow // nil: no standing is stored
}

type comparedPillar struct {
	Name string
	Rows []comparedRow
}

// comparedRow is an indicator with a cell for every unit.
type comparedRow struct {
	Code, Name, URL string
	Cells           []comparedCell
}

// comparedCell is a unit's stored result; without Applies the indicator asks nothing of the unit.
type comparedCell struct {
	Of      string // the unit's name, for narrow screens
	Applies bool
	row
}

// compare is units side by side over all indicators that ask something of any of them, as they were stored.
func (s *site) compare(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, nothingComputed()
	}
	on := a.asOf
	if on == plan.NoDay {
		on = a.today
	}
	var units []*plan.Unit
	days := stored[s.rankedLevel()]
	for _, ref := range a.query["unit"] {
		pl, err := s.resolve(stored, &ask{path: a.path, query: a.query, asOf: plan.NoDay, knownOn: a.knownOn, today: on, lastWeek: a.lastWeek}, ref)
		if err != nil {
			return nil, err
		}
		if slices.Contains(units, pl.unit) {
			continue
		}
		if len(units) == 0 {
			days = pl.days
		} else {
			days = common(days, pl.days)
		}
		units = append(units, pl.unit)
	}
	if len(units) > mostCompared {
		return nil, badRequest("Quá nhiều đơn vị", fmt.Sprintf("Chỉ so sánh được đến %d đơn vị; địa chỉ nêu %d đơn vị.", mostCompared, len(units)), link{Text: fmt.Sprintf("So sánh %d đơn vị đầu", mostCompared), URL: s.compareURL(a, units[:mostCompared])})
	}
	if len(days) == 0 {
		return nil, notFound("Không có ngày chung", "Các đơn vị này không có kết quả của cùng một ngày.", link{Text: "Chọn đơn vị khác", URL: a.url("/compare")})
	}
	pl := place{days: days}
	if pl.day, err = s.pick(a, days); err != nil {
		return nil, err
	}
	var levels []plan.Level
	for _, u := range units {
		if !slices.Contains(levels, u.Level) {
			levels = append(levels, u.Level)
		}
	}
	var results []Assessment
	var standings []Standing
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	if len(units) > 0 {
		g.Go(func() (err error) {
			results, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: levels})
			return
		})
		g.Go(func() (err error) {
			standings, err = s.Store.Standings(gctx, Query{AsOf: pl.day, Since: pl.day - 7, KnownOn: a.knownOn, Levels: levels})
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
	in := s.known(a)
	b := &compareBody{Most: mostCompared, Wide: len(units) + 1, Full: len(units) == mostCompared, Kept: a.kept()}
	ranks := map[plan.UnitKey]*standingRow{}
	for _, x := range s.standings(a, onDay(standings, pl.day), onDay(standings, pl.day-7)) {
		ranks[x.Unit.UnitKey] = &x
	}
	for _, u := range units {
		b.Units = append(b.Units, comparedUnit{u.Name, s.Plan.LevelInfo(u.Level).Name, s.unitURL(a, u), s.ref(a, u), ranks[u.UnitKey]})
	}
	type key struct {
		unit plan.UnitKey
		code string
	}
	cells := map[key]*Assessment{}
	for i := range results {
		cells[key{results[i].Unit, results[i].Indicator}] = &results[i]
	}
	var table []row
	for _, pi := range in.Pillars {
		group := comparedPillar{Name: pi.Name}
		for i := range in.Indicators {
			ind := &in.Indicators[i]
			if ind.Pillar != pi.Code || !slices.ContainsFunc(units, func(u *plan.Unit) bool { return in.Applies(ind, u).Counts() }) {
				continue
			}
			r := comparedRow{Code: ind.Code, Name: ind.Name, URL: a.url("/indicator/" + ind.Code)}
			for _, u := range units {
				c := comparedCell{Of: u.Name, Applies: in.Applies(ind, u).Counts()}
				if c.Applies {
					c.row = s.row(a, ind, u, cells[key{u.UnitKey, ind.Code}])
					b.Targets = b.Targets || c.A != nil && c.A.Target != nil
					table = append(table, c.row)
				}
				r.Cells = append(r.Cells, c)
			}
			group.Rows = append(group.Rows, r)
		}
		if len(group.Rows) > 0 {
			b.Pillars = append(b.Pillars, group)
		}
	}
	s.offer(a, b, stored, units, on, pl.day)

	title := "So sánh đơn vị"
	if len(units) > 0 {
		var names []string
		for _, u := range units {
			names = append(names, u.Name)
		}
		title = "So sánh: " + strings.Join(names, ", ")
	}
	p := s.newPage("compare", title)
	var hidden []string
	for _, u := range units {
		hidden = append(hidden, "unit", s.ref(a, u))
	}
	s.dated(p, a, "/compare", pl, hidden...)
	p.Fresh, p.Body = s.freshLine(a, sources), b
	if len(units) > 0 {
		p.Table = resultTable(table, pl.day)
	}
	return p, nil
}

// common are the days in both ascending lists.
func common(x, y []plan.Day) []plan.Day {
	var both []plan.Day
	for _, d := range x {
		if _, ok := slices.BinarySearch(y, d); ok {
			both = append(both, d)
		}
	}
	return both
}

// compareURL is the address of the units side by side.
func (s *site) compareURL(a *ask, units []*plan.Unit) string {
	var pairs []string
	for _, u := range units {
		pairs = append(pairs, "unit", s.ref(a, u))
	}
	return a.url("/compare", pairs...)
}

// offer lists units to add: those that are sought, found as on the search page, or else the peers of the first one chosen.
func (s *site) offer(a *ask, b *compareBody, stored map[plan.Level][]plan.Day, units []*plan.Unit, on, day plan.Day) {
	if b.Full {
		return
	}
	b.Sought = strings.Join(strings.Fields(a.query.Get("q")), " ")
	if r := []rune(b.Sought); len(r) > longestSearch {
		b.Sought = string(r[:longestSearch])
	}
	var all []*plan.Unit
	if b.Peers = b.Sought == ""; b.Peers {
		all = s.peers(units, day)
	} else {
		all = findUnits(s.Plan.Units, b.Sought, on)
	}
	for _, u := range all {
		_, has := slices.BinarySearch(stored[u.Level], day)
		if !has || !u.ValidOn(day) || slices.Contains(units, u) {
			continue
		}
		if len(b.Found) == shownHits {
			b.More++
			continue
		}
		x := link{Text: u.Name, URL: s.compareURL(a, append(slices.Clone(units), u))}
		if u.Parent != nil && !b.Peers {
			x.Title = u.Parent.Name
		}
		b.Found = append(b.Found, x)
	}
}

// peers are the units of the level and the parent of the first one, or those that the front page ranks.
func (s *site) peers(units []*plan.Unit, day plan.Day) []*plan.Unit {
	var all []*plan.Unit
	for _, u := range s.Plan.Units.All {
		if u.ValidOn(day) && (len(units) == 0 && u.Level == s.rankedLevel() || len(units) > 0 && u.Level == units[0].Level && u.Parent == units[0].Parent) {
			all = append(all, u)
		}
	}
	byName := words.ByName()
	slices.SortStableFunc(all, func(x, y *plan.Unit) int { return byName(x.Name, y.Name) })
	return all
}

// comparePeers is the address of a unit beside those that stand next to it among its peers; rows are in the stored order of
// their ranks.
func (s *site) comparePeers(a *ask, rows []Standing, u *plan.Unit) string {
	const beside = 4
	var all []*plan.Unit
	at := 0
	for _, x := range rows {
		if y := s.Plan.Units.Key(x.Unit); y != nil && y.Level == u.Level && y.Parent == u.Parent {
			if y == u {
				at = len(all)
			}
			all = append(all, y)
		}
	}
	from := max(0, min(at-beside/2, len(all)-beside))
	near := slices.DeleteFunc(all[from:min(from+beside, len(all))], func(x *plan.Unit) bool { return x == u })
	return s.compareURL(a, append([]*plan.Unit{u}, near...))
}
