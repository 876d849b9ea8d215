package web

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

type heatBody struct {
	Levels  []link
	Level   string
	Compare string // address of the first rows side by side
	Within  string // name of the unit that limits the rows
	Filter  []link
	Groups  []heatGroup
	Rows    []heatRow
	Ranked  bool
	Targets bool
	Legend  []words.StatusWord

	Contested bool // some figure of the level is

	First, Last, Total int // units shown; First 0: all
	Earlier, Later     string
}

// heatRows is how many units a table shows at once: with its links a cell weighs up to 140 bytes.
const heatRows = 75

type heatGroup struct {
	Name    string
	Columns []heatColumn
}

type heatColumn struct {
	Short, Code, Name, URL string
	Edge                   bool // first of its group
}

type heatRow struct {
	standingRow
	Cells []heatCell
}

type heatCell struct {
	URL, Class, Sign, Value, Title string
	Edge, Contested                bool
}

// cellClasses are short, because a table of communes has thousands of cells.
var cellClasses = map[progress.Status]string{
	progress.Met: "m", progress.OnTrack: "o", progress.AtRisk: "r", progress.Behind: "b", progress.Stale: "s", progress.NoData: "d",
	progress.NoTarget: "t", progress.NotApplicable: "x",
}

// heat is the table of units and indicators of a level, in stored rank order.
func (s *site) heat(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	level := plan.Level(a.query.Get("level"))
	if level == "" {
		level = s.rankedLevel()
	}
	if s.Plan.LevelInfo(level).Name == string(level) && len(stored[level]) == 0 {
		var links []link
		for _, l := range s.Plan.Levels {
			links = append(links, link{Text: l.Name, URL: a.url("/heat", "level", string(l.Code))})
		}
		return nil, notFound("Không có cấp này", fmt.Sprintf("Kế hoạch không có cấp “%s”. Chọn một cấp dưới đây.", level), links...)
	}
	days := stored[level]
	if len(stored) == 0 {
		_, err := s.resolve(stored, a, s.Plan.Province)
		return nil, err
	}
	if len(days) == 0 {
		return nil, notFound("Chưa có kết quả của cấp này", s.Plan.LevelInfo(level).Name+": chưa có kết quả nào được lưu.")
	}
	day, err := s.pick(a, days)
	if err != nil {
		return nil, err
	}
	pl := place{day: day, days: days}
	var within *plan.Unit
	if ref := a.query.Get("within"); ref != "" {
		if within, err = s.Plan.Units.Select(ref, day); err != nil {
			return nil, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s” vào ngày %s.", ref, words.Day(day)))
		}
	}
	var results []Assessment
	var standings []Standing
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		results, err = s.Store.Assessments(gctx, Query{AsOf: day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: []plan.Level{level}})
		return
	})
	g.Go(func() (err error) {
		standings, err = s.Store.Standings(gctx, Query{AsOf: day, Since: day - 7, KnownOn: a.knownOn, Levels: []plan.Level{level}})
		return
	})
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() error { return s.signContested(gctx, a, day) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b := &heatBody{Level: s.Plan.LevelInfo(level).Name}
	if within != nil {
		b.Within = within.Name
	}
	for _, l := range s.Plan.Levels {
		if n := len(stored[l.Code]); n > 0 {
			b.Levels = append(b.Levels, link{Text: l.Name, URL: a.url("/heat", "level", string(l.Code)), Here: l.Code == level})
		}
	}
	b.Filter = s.parents(a, level, day, within)
	type key struct {
		unit plan.UnitKey
		code string
	}
	cells := map[key]*Assessment{}
	used := map[string]bool{}
	for i := range results {
		x := &results[i]
		cells[key{x.Unit, x.Indicator}] = x
		used[x.Indicator] = true
		b.Targets = b.Targets || x.Target != nil
	}
	in := s.known(a)
	var columns []*plan.Indicator
	for _, pi := range in.Pillars {
		group := heatGroup{Name: pi.Name}
		for i := range in.Indicators {
			if ind := &in.Indicators[i]; ind.Pillar == pi.Code && used[ind.Code] && !ind.Monitored {
				columns = append(columns, ind)
				group.Columns = append(group.Columns, heatColumn{Short: short(ind), Code: ind.Code, Name: ind.Name, URL: a.url("/indicator/"+ind.Code, "level", string(level)), Edge: len(group.Columns) == 0})
			}
		}
		if len(group.Columns) > 0 {
			b.Groups = append(b.Groups, group)
		}
	}
	var csv []row
	var shown []*plan.Unit
	for _, st := range s.standings(a, onDay(standings, day), onDay(standings, day-7)) {
		if within != nil && st.Unit.Parent != within {
			continue
		}
		b.Ranked = b.Ranked || st.Rank != words.Unknown
		r := heatRow{standingRow: st}
		last := ""
		for _, ind := range columns {
			c := heatCell{Edge: ind.Pillar != last, Class: "x", Sign: "·"}
			last = ind.Pillar
			if x := cells[key{st.Unit.UnitKey, ind.Code}]; x != nil {
				c.Contested = a.objected(ind.Code, st.Unit.UnitKey)
				b.Contested = b.Contested || c.Contested
				c.Class, c.Sign = cellClasses[x.Status], words.Status(x.Status).Sign
				c.URL = strings.TrimPrefix(s.indicatorURL(a, ind.Code, st.Unit), "/") // the table stands at the top: shorter
				if x.Value != nil {
					c.Value = number(ind, x.Value)
				} else {
					c.Title = words.Reasons(x.Reason)
				}
				if x.Status == progress.NoTarget {
					c.Sign = ""
					if c.Value == "" {
						c.Sign = words.Unknown
					}
				}
				csv = append(csv, s.row(a, ind, st.Unit, x))
			}
			r.Cells = append(r.Cells, c)
		}
		b.Rows = append(b.Rows, r)
		shown = append(shown, st.Unit)
	}
	if len(shown) > 1 {
		b.Compare = s.compareURL(a, shown[:min(4, len(shown))])
	}
	for _, st := range append(statuses, progress.NotApplicable) {
		b.Legend = append(b.Legend, words.Status(st))
	}
	if b.Total = len(b.Rows); b.Total > heatRows {
		at := func(part int) string {
			return a.url("/heat", "level", string(level), "within", a.query.Get("within"), "part", strconv.Itoa(part))
		}
		part, err := strconv.Atoi(cmp.Or(a.query.Get("part"), "1"))
		if err != nil || part < 1 || (part-1)*heatRows >= b.Total {
			return nil, notFound("Không có phần này của bảng", fmt.Sprintf("Bảng có %d đơn vị, mỗi phần %d đơn vị.", b.Total, heatRows), link{Text: "Phần đầu", URL: at(1)})
		}
		b.First, b.Last = (part-1)*heatRows+1, min(part*heatRows, b.Total)
		b.Rows = b.Rows[b.First-1 : b.Last]
		if part > 1 {
			b.Earlier = at(part - 1)
		}
		if b.Last < b.Total {
			b.Later = at(part + 1)
		}
	}
	p := s.newPage("heat", "Bảng nhiệt: "+b.Level)
	s.dated(p, a, "/heat", pl, "level", a.query.Get("level"), "within", a.query.Get("within"))
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, resultTable(csv, day)
	return p, nil
}

// parents are the filters of a level whose units stand under several others: all, or one of them.
func (s *site) parents(a *ask, level plan.Level, day plan.Day, within *plan.Unit) []link {
	var all []link
	seen := map[*plan.Unit]bool{}
	for _, u := range s.Plan.Units.All {
		if u.Level == level && u.ValidOn(day) && u.Parent != nil && !seen[u.Parent] && u.Parent.ValidOn(day) {
			seen[u.Parent] = true
			all = append(all, link{Text: u.Parent.Name, Here: u.Parent == within, URL: a.url("/heat", "level", string(level), "within", s.ref(a, u.Parent))})
		}
	}
	if len(all) < 2 {
		return nil
	}
	return append([]link{{Text: "Tất cả", Here: within == nil, URL: a.url("/heat", "level", string(level))}}, all...)
}
