package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

type mapBody struct {
	Level     string
	Levels    []link
	Kept      [][2]string
	Choices   []mapChoice
	Indicator *plan.Indicator // nil: overall status
	Targets   bool
	Width     int
	Height    int
	Areas     []mapArea
	Rows      []mapRow
	Missing   []link // units of the level that no outline is known of
	Legend    []words.StatusWord
}

type mapChoice struct {
	Code, Name string
	Here       bool
}

// mapRow is a unit in words, the same as its area says in colour and sign.
type mapRow struct {
	Name, URL, Rank, Value string
	Status                 words.StatusWord
	Contested              bool // the indicator's figure of the unit is
}

type mapArea struct {
	mapRow
	outline
	Label string // the name without its type
	Title string
}

// outline is how a unit is drawn: a path, and where its sign stands, on its largest part and on the islands that are named.
type outline struct {
	D     string
	Marks []mark
}

// mark is where a sign stands, with the point under it for the name. Place is the name of an island, not the unit's.
type mark struct{ X, Y, Under, Place string }

// mapWidth is the width of the drawing in its own units.
const mapWidth = 1000

// readOutlines draws a GeoJSON FeatureCollection with ids: by unit code, and the height that belongs to mapWidth. Degrees of
// longitude are shortened as in the middle of the drawing.
func readOutlines(data []byte) (map[string]outline, int, error) {
	var in struct {
		Features []struct {
			ID         string `json:"id"`
			Properties struct {
				Places []struct {
					Name string     `json:"name"`
					At   [2]float64 `json:"at"`
				} `json:"places"`
			} `json:"properties"`
			Geometry struct {
				Type        string          `json:"type"`
				Coordinates json.RawMessage `json:"coordinates"`
			} `json:"geometry"`
		} `json:"features"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, 0, fmt.Errorf("outlines: %w", err)
	}
	type polygon [][][2]float64
	type place struct {
		name string
		at   [2]float64
	}
	shapes, places := map[string][]polygon{}, map[string][]place{}
	west, east, south, north := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, f := range in.Features {
		many := make([]polygon, 1)
		var err error
		switch f.Geometry.Type {
		case "Polygon":
			err = json.Unmarshal(f.Geometry.Coordinates, &many[0])
		case "MultiPolygon":
			err = json.Unmarshal(f.Geometry.Coordinates, &many)
		default:
			err = fmt.Errorf("%q is no area", f.Geometry.Type)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("outlines: %s: %w", f.ID, err)
		}
		for _, p := range many {
			if len(p) == 0 || len(p[0]) < 4 {
				return nil, 0, fmt.Errorf("outlines: %s: a polygon without points", f.ID)
			}
			for _, at := range p[0] {
				west, east, south, north = min(west, at[0]), max(east, at[0]), min(south, at[1]), max(north, at[1])
			}
		}
		shapes[f.ID] = many
		for _, x := range f.Properties.Places {
			places[f.ID] = append(places[f.ID], place{x.Name, x.At})
		}
	}
	if len(shapes) == 0 || east <= west || north <= south {
		return nil, 0, errors.New("outlines: no area")
	}
	const edge = 30.0 // for the signs at the border
	shrink := math.Cos((south + north) / 2 * math.Pi / 180)
	scale := (mapWidth - 2*edge) / ((east - west) * shrink)
	height := int(math.Ceil((north-south)*scale + 2*edge))
	xy := func(at [2]float64) (float64, float64) {
		return edge + (at[0]-west)*shrink*scale, edge + (north-at[1])*scale
	}
	out := map[string]outline{}
	for id, many := range shapes {
		var d strings.Builder
		type part struct{ area, x, y float64 }
		var largest part
		for _, p := range many {
			for _, ring := range p {
				for i, at := range ring[:len(ring)-1] {
					x, y := xy(at)
					d.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + decimal(x) + " " + decimal(y))
				}
				d.WriteString("Z")
			}
			var a part
			for i := range len(p[0]) - 1 { // the centre of gravity
				x0, y0 := xy(p[0][i])
				x1, y1 := xy(p[0][i+1])
				c := x0*y1 - x1*y0
				a.area, a.x, a.y = a.area+c/2, a.x+(x0+x1)*c/6, a.y+(y0+y1)*c/6
			}
			if a.area == 0 {
				continue
			}
			a.x, a.y, a.area = a.x/a.area, a.y/a.area, math.Abs(a.area)
			if a.area > largest.area {
				largest = a
			}
		}
		o := outline{D: d.String(), Marks: []mark{markAt(largest.x, largest.y, "")}}
		for _, p := range places[id] {
			x, y := xy(p.at)
			o.Marks = append(o.Marks, markAt(x, y, p.name))
		}
		out[id] = o
	}
	return out, height, nil
}

func markAt(x, y float64, place string) mark {
	return mark{X: decimal(x), Y: decimal(y), Under: decimal(y + 27), Place: place}
}

// drawsAny says whether there is a map at all.
func (s *site) drawsAny() bool {
	return slices.ContainsFunc(s.Plan.Levels, func(l plan.LevelInfo) bool { return s.drawn(l.Code) })
}

// drawn says whether an outline is known of some unit of a level.
func (s *site) drawn(l plan.Level) bool {
	return slices.ContainsFunc(s.Plan.Units.All, func(u *plan.Unit) bool { return u.Level == l && len(s.outlines[u.Code].D) > 0 })
}

// mapPage is the units of a level as areas, coloured by their stored overall status or by that of one indicator.
func (s *site) mapPage(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, nothingComputed()
	}
	b := &mapBody{Width: mapWidth, Height: s.mapHeight, Kept: a.kept()}
	level := plan.Level(a.query.Get("level"))
	for _, l := range s.Plan.Levels {
		if len(stored[l.Code]) > 0 && s.drawn(l.Code) {
			if level == "" {
				level = l.Code
			}
			b.Levels = append(b.Levels, link{Text: l.Name, URL: a.url("/map", "level", string(l.Code), "indicator", a.query.Get("indicator")), Here: l.Code == level})
		}
	}
	if level == "" {
		level = s.rankedLevel()
	}
	if l := a.query.Get("level"); l != "" {
		b.Kept = append(b.Kept, [2]string{"level", l})
	}
	days := stored[level]
	if len(days) == 0 {
		return nil, notFound("Không có bản đồ của cấp này", fmt.Sprintf("Chưa có kết quả nào của cấp “%s”.", level), link{Text: "Bản đồ", URL: a.url("/map")})
	}
	pl := place{days: days}
	if pl.day, err = s.pick(a, days); err != nil {
		return nil, err
	}
	in := s.known(a)
	code := a.query.Get("indicator")
	if code != "" {
		if b.Indicator = in.Indicator(code); b.Indicator == nil {
			return nil, notFound("Không có chỉ tiêu này", fmt.Sprintf("Kế hoạch không có chỉ tiêu mã “%s”.", code), link{Text: "Bản đồ", URL: a.url("/map")})
		}
	}
	var results []Assessment
	var standings []Standing
	var sources []Source
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		standings, err = s.Store.Standings(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: []plan.Level{level}})
		return
	})
	if code != "" {
		g.Go(func() error { return s.signContested(gctx, a, pl.day) })
		g.Go(func() (err error) {
			results, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: []plan.Level{level}, Indicator: code})
			return
		})
	}
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	b.Level = s.Plan.LevelInfo(level).Name
	var table []row
	places := [][]string{{"unit", "unit_valid_from", "unit_name", "as_of", "rank", "of", "share", "status", "status_vi"}}
	of := map[plan.UnitKey]*Assessment{}
	for i := range results {
		of[results[i].Unit] = &results[i]
	}
	for _, st := range s.standings(a, standings, nil) {
		r := mapRow{Name: st.Name, URL: st.URL, Rank: st.Rank, Status: st.Overall}
		if b.Indicator != nil {
			x := s.row(a, b.Indicator, st.Unit, of[st.Unit.UnitKey])
			r.URL, r.Value, r.Status, r.Contested = x.URL, x.Value, x.Status, x.Contested
			if !in.Applies(b.Indicator, st.Unit).Counts() {
				r.Value, r.Status = words.Unknown, words.Status(progress.NotApplicable)
			}
			table = append(table, x)
		}
		b.Targets = b.Targets || st.Of > 0
		b.Rows = append(b.Rows, r)
		o, ok := s.outlines[st.Unit.Code]
		if !ok {
			b.Missing = append(b.Missing, link{Text: r.Name, URL: r.URL})
			continue
		}
		area := mapArea{mapRow: r, outline: o, Title: st.Name + ": " + r.Status.Name}
		area.Label, _ = words.ShortUnit(st.Unit)
		if b.Indicator != nil {
			area.Title += "; " + b.Indicator.Code + " " + r.Value
			if r.Contested {
				area.Title += "; đang giải trình"
			}
		} else if st.Of > 0 {
			area.Title += fmt.Sprintf("; hạng %s/%d", st.Rank, st.Of)
		}
		b.Areas = append(b.Areas, area)
	}
	for _, x := range standings {
		if u := s.Plan.Units.Key(x.Unit); u != nil {
			places = append(places, []string{u.Code, u.From.String(), u.Name, pl.day.String(), fmt.Sprint(x.Rank), fmt.Sprint(x.Of), exact(x.Share), string(x.Overall), words.Status(x.Overall).Name})
		}
	}
	b.Choices = []mapChoice{{Name: "Trạng thái chung", Here: code == ""}}
	for i := range in.Indicators {
		ind := &in.Indicators[i]
		if slices.ContainsFunc(standings, func(x Standing) bool {
			u := s.Plan.Units.Key(x.Unit)
			return u != nil && in.Applies(ind, u).Counts()
		}) {
			b.Choices = append(b.Choices, mapChoice{ind.Code, ind.Code + " " + cmp.Or(ind.Short, ind.Name), ind.Code == code})
		}
	}
	for _, st := range append(statuses, progress.NoTarget, progress.NotApplicable) {
		if w := words.Status(st); slices.ContainsFunc(b.Rows, func(r mapRow) bool { return r.Status.Class == w.Class }) {
			b.Legend = append(b.Legend, w)
		}
	}
	p := s.newPage("map", "Bản đồ: "+b.Level)
	s.dated(p, a, "/map", pl, "level", a.query.Get("level"), "indicator", code)
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, places
	if b.Indicator != nil {
		p.Table = resultTable(table, pl.day)
	}
	return p, nil
}
