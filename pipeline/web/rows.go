package web

import (
	"cmp"
	"slices"
	"strconv"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// row is a stored result in words.
type row struct {
	Indicator *plan.Indicator
	Unit      *plan.Unit
	A         *Assessment // nil: none is stored
	URL       string
	FigureURL string // what the figure is made of; empty where none is stored

	Code, Name    string // of the indicator, or of the unit in tables of units
	Value, Pair   string
	Rolling       string // of a year's running sum: the value that the path is compared with
	Target        string
	Expected, Gap string
	Needed, Pace  string
	Forecast      string
	Best          string
	Misses        bool // the gap is negative
	Status        words.StatusWord
	Why, Note     string // why is shown where the figure is unknown or old; note is for the title
	Weeks         string
	Spark         svg
	Here          bool
	Contested     bool // the unit objects to it, and that is not settled
}

func (s *site) row(a *ask, ind *plan.Indicator, u *plan.Unit, x *Assessment) row {
	r := row{Indicator: ind, Unit: u, A: x, Code: ind.Code, Name: ind.Name, URL: s.indicatorURL(a, ind.Code, u), Note: why(x), Contested: a.objected(ind.Code, u.UnitKey)}
	if x == nil {
		r.Value, r.Target, r.Expected, r.Gap, r.Needed, r.Pace, r.Forecast, r.Best = words.Unknown, words.Unknown, words.Unknown, words.Unknown, words.Unknown, words.Unknown, words.Unknown, words.Unknown
		r.Status, r.Why = words.StatusWord{Name: "Không lưu", Short: "Không lưu", Sign: words.Unknown, Class: "no-data"}, r.Note
		return r
	}
	r.FigureURL = s.figureURL(a, ind.Code, u)
	r.Value, r.Pair, r.Target = figure(ind, x.Value), s.pair(ind, x), threshold(ind, x.Comparator, x.Target)
	r.Expected, r.Gap, r.Forecast = figure(ind, x.Expected), signed(ind, x.Gap), figure(ind, x.Forecast)
	r.Needed, r.Pace, r.Best = weekly(ind, x.NeededPerWeek), weekly(ind, x.PacePerWeek), figure(ind, x.BestReachable)
	r.Misses = x.Gap != nil && *x.Gap < 0
	if ind.Window == plan.YearToDate && x.PathValue != nil && r.Value != figure(ind, x.PathValue) {
		r.Rolling = figure(ind, x.PathValue)
	}
	r.Status, r.Weeks = words.Status(x.Status), weeksText(x.WeeksBehind)
	if x.Status == progress.NoTarget {
		r.Status.Name = r.Status.Short // in a table's narrow column
	}
	switch {
	case x.Value == nil, x.Status == progress.Stale, x.Status == progress.NoData, x.Status == progress.NotApplicable, hasReason(x, progress.ReasonUnreachable), hasReason(x, progress.ReasonUnitEnded):
		r.Why = r.Note
	}
	return r
}

func hasReason(x *Assessment, want progress.Reason) bool {
	for _, r := range splitReasons(x.Reason) {
		if r == want {
			return true
		}
	}
	return false
}

// worstFirst orders rows for reading: by status, then by how far they are behind the path, relative to nothing.
func worstFirst(a, b row) int {
	return cmp.Or(cmp.Compare(rowSeverity(a), rowSeverity(b)), compareGap(a.A, b.A))
}

func rowSeverity(r row) int {
	if r.A == nil {
		return severity(progress.NoData)
	}
	return severity(r.A.Status)
}

func compareGap(a, b *Assessment) int {
	known := func(x *Assessment) bool { return x != nil && x.Gap != nil }
	switch {
	case !known(a) && !known(b):
		return 0
	case !known(a):
		return 1
	case !known(b):
		return -1
	}
	return cmp.Compare(*a.Gap, *b.Gap)
}

// count is how many rows have a status.
type count struct {
	Status words.StatusWord
	N      int
	Width  string // of the bar, in per cent of the group
	X      string
}

// pillar is a group of rows.
type pillar struct {
	Code, Name string
	URL        string // of the pillar's page; empty where it has none
	Note       string
	Rows       []row
	Counts     []count
	Total      int
	Targets    bool // some row of the page has a target
}

// watchedGroup stands in the place of a pillar's code.
const watchedGroup = "watched"

// groups arranges a unit's rows: what it owes by pillar, then what is only watched.
func (s *site) groups(a *ask, own, watched []row) (all []pillar, targets bool) {
	has := func(r row) bool { return r.A != nil && r.A.Target != nil }
	targets = slices.ContainsFunc(own, has) || slices.ContainsFunc(watched, has)
	all = s.pillars(own)
	if len(watched) > 0 {
		slices.SortStableFunc(watched, worstFirst)
		all = append(all, pillar{Code: watchedGroup, Name: "Theo dõi thêm", Note: "không xét là mục tiêu của đơn vị", Rows: watched})
	}
	for i := range all {
		all[i].Targets = targets
		if rows := all[i].Rows; all[i].Code != watchedGroup {
			all[i].URL = s.pillarURL(a, all[i].Code, rows[0].Unit)
		}
	}
	return all, targets
}

// pillars groups rows by pillar, the worst first within each.
func (s *site) pillars(rows []row) []pillar {
	var all []pillar
	for _, p := range s.Plan.Pillars {
		g := pillar{Code: p.Code, Name: p.Name}
		for _, r := range rows {
			if r.Indicator.Pillar == p.Code {
				g.Rows = append(g.Rows, r)
			}
		}
		if len(g.Rows) == 0 {
			continue
		}
		slices.SortStableFunc(g.Rows, worstFirst)
		g.Total, g.Counts = len(g.Rows), counts(g.Rows)
		all = append(all, g)
	}
	return all
}

func counts(rows []row) []count {
	n := map[progress.Status]int{}
	for _, r := range rows {
		st := progress.NoData
		if r.A != nil {
			st = r.A.Status
		}
		n[st]++
	}
	shown := statuses
	if n[progress.NoTarget] > 0 {
		shown = append(slices.Clone(statuses), progress.NoTarget)
	}
	return tally(shown, n)
}

// tally lays counts side by side in a bar of width 100.
func tally(shown []progress.Status, n map[progress.Status]int) []count {
	total := 0
	for _, st := range shown {
		total += n[st]
	}
	var all []count
	x := 0.0
	for _, st := range shown {
		w := 0.0
		if total > 0 {
			w = 100 * float64(n[st]) / float64(total)
		}
		all = append(all, count{words.Status(st), n[st], decimal(w), decimal(x)})
		x += w
	}
	return all
}

// decimal is a coordinate in a drawing.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// unitRows are the results of a unit on the day with sparklines of its newest weeks, in the plan's order. all holds the
// day and the weeks before it.
func (s *site) unitRows(a *ask, in *plan.Plan, pl place, all []Assessment) []row {
	byIndicator := map[string][]Assessment{}
	for _, x := range all {
		byIndicator[x.Indicator] = append(byIndicator[x.Indicator], x)
	}
	var rows []row
	for i := range in.Indicators {
		ind := &in.Indicators[i]
		if !in.Applies(ind, pl.unit).Counts() {
			continue
		}
		var x *Assessment
		series := byIndicator[ind.Code]
		if n := len(series); n > 0 && series[n-1].AsOf == pl.day {
			x = &series[n-1]
		}
		r := s.row(a, ind, pl.unit, x)
		r.Spark = sparkline(ind, series)
		rows = append(rows, r)
	}
	return rows
}

// split parts the rows that a unit owes from what is only watched. Where a plan owes nothing (scores), its rows are what
// it is about.
func (s *site) split(in *plan.Plan, rows []row) (own, watched []row) {
	owes := slices.ContainsFunc(rows, func(r row) bool { return in.Applies(r.Indicator, r.Unit) == plan.Owed })
	for _, r := range rows {
		if r.Indicator.Monitored || owes && in.Applies(r.Indicator, r.Unit) != plan.Owed {
			watched = append(watched, r)
		} else {
			own = append(own, r)
		}
	}
	return own, watched
}

// standingRow is a unit's stored place with its movement since the week before.
type standingRow struct {
	Unit    *plan.Unit
	Name    string
	URL     string
	Rank    string
	Of      int    // units with a rank
	Moved   string // ↑2, ↓1, =; empty: unknown
	Moving  string // up, down, same: class
	MovedBy string // in words
	Good    string // 12/20
	Share   string
	Overall words.StatusWord
	Bar     []count
	Missed  int
	Here    bool
}

// standings puts the stored standings of a day in words; before holds those of a week earlier.
func (s *site) standings(a *ask, now, before []Standing) []standingRow {
	was := map[plan.UnitKey]int{}
	for _, x := range before {
		was[x.Unit] = x.Rank
	}
	var rows []standingRow
	for _, x := range now {
		u := s.Plan.Units.Key(x.Unit)
		if u == nil {
			continue // a unit that the plan no longer has
		}
		r := standingRow{Unit: u, Name: u.Name, URL: s.unitURL(a, u), Rank: words.Unknown, Share: words.Percent(x.Share), Overall: words.Status(x.Overall), Missed: x.Missed, Bar: tally(statuses, x.Counts)}
		if x.Rank > 0 {
			r.Rank, r.Of = strconv.Itoa(x.Rank), x.Of
			r.Good = good(&x)
		}
		if old := was[x.Unit]; old > 0 && x.Rank > 0 {
			r.Moved, r.Moving, r.MovedBy = moved(old - x.Rank)
		}
		rows = append(rows, r)
	}
	if len(now) > 0 && now[0].Rank == 0 {
		byName(rows)
	}
	return rows
}

// split by day: standings on the day and on the day before it among those given.
func onDay(all []Standing, d plan.Day) []Standing {
	var out []Standing
	for _, x := range all {
		if x.AsOf == d {
			out = append(out, x)
		}
	}
	return out
}

var resultColumns = []string{"indicator", "indicator_name", "unit", "unit_valid_from", "unit_name", "as_of", "known_at", "numerator", "denominator", "value", "comparator", "target", "milestone",
	"expected", "gap", "needed_per_week", "pace_per_week", "forecast", "best_reachable", "status", "status_vi", "reason", "contested", "weeks_behind", "plan_version", "method_version"}

// resultTable is the rows for a spreadsheet or a script: decimals with a point, empty cells for unknown.
func resultTable(rows []row, day plan.Day) [][]string {
	out := [][]string{resultColumns}
	for _, r := range rows {
		line := []string{r.Indicator.Code, r.Indicator.Name, r.Unit.Code, r.Unit.From.String(), r.Unit.Name, day.String()}
		if x := r.A; x == nil {
			line = append(line, make([]string, len(resultColumns)-len(line))...)
		} else {
			known, num, den, milestone := "", "", "", ""
			if !x.KnownAt.IsZero() {
				known = x.KnownAt.In(plan.Zone).Format("2006-01-02T15:04:05Z07:00")
			}
			if x.Numerator != nil && x.Denominator != nil {
				num, den = strconv.FormatInt(*x.Numerator, 10), strconv.FormatInt(*x.Denominator, 10)
			}
			if x.Milestone != plan.NoDay {
				milestone = x.Milestone.String()
			}
			line = append(line, known, num, den, exact(x.Value), string(x.Comparator), exact(x.Target), milestone, exact(x.Expected), exact(x.Gap), exact(x.NeededPerWeek),
				exact(x.PacePerWeek), exact(x.Forecast), exact(x.BestReachable), string(x.Status), words.Status(x.Status).Name, x.Reason, strconv.FormatBool(r.Contested), strconv.Itoa(x.WeeksBehind), x.PlanVersion, x.MethodVersion)
		}
		out = append(out, line)
	}
	return out
}

func exact(v *plan.Value) string {
	if v == nil {
		return ""
	}
	return v.String()
}
