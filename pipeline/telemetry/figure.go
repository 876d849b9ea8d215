package telemetry

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/words"
)

// figures are the gauges of the watched levels, replaced as a whole, so that no scrape sees half of two computations.
type figures struct {
	plan    *plan.Plan
	options Options
	sources *sources
	now     atomic.Pointer[shown]
}

// shown is what one computation found. Whether a figure is fresh also hangs on the clock, so it is judged when asked for.
type shown struct {
	metrics []prometheus.Metric
	live    []live
	units   []unitCount
}

// live is a figure whose inputs are not old as of its day.
type live struct {
	indicator *plan.Indicator
	labels    []string
	current   bool // its status rests on inputs that are there and not old
}

// unitCount is a unit with what it owes and the indicators that are behind for long enough to be told.
type unitCount struct {
	labels []string
	owed   int
	behind []live
}

// weeksToTell is how many weekly points an indicator is behind before somebody is told.
const weeksToTell = 2

var (
	unitLabels   = []string{"plan", "unit", "unit_name", "level"}
	figureLabels = []string{"plan", "indicator", "pillar", "unit", "unit_name", "level"}
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tiendo_"+name, help, labels, nil)
}

func figure(name, help string, more ...string) *prometheus.Desc {
	return desc("indicator_"+name, help, slices.Concat(figureLabels, more)...)
}

var (
	infoDesc      = desc("info", "1; the plan, the program's version, and the public addresses of the pages and of the boards.", "plan", "version", "site", "boards")
	indicatorDesc = desc("indicator_info", "1; the indicator's name, its pillar's, the unit that answers for it, and the source that its figures come from.", "plan", "indicator", "pillar", "indicator_name", "pillar_name", "owner", "source")
	milestoneDesc = desc("milestone_timestamp_seconds", "Local end of the milestone's day.", "plan", "milestone")
	reviewDesc    = desc("review_info", "1; the week whose weekly point the figures speak of, and its last day.", "plan", "week", "as_of")

	wordsDesc = desc("status_info", "1; the status as people read it.", "status", "status_name")

	valueDesc       = figure("value_ratio", "Official value of an indicator for a unit, 1 is 100 per cent; absent: unknown.")
	pathDesc        = figure("path_ratio", "Value that the path is compared with (a flow's last 52 weeks), 1 is 100 per cent.")
	expectedDesc    = figure("expected_ratio", "Value of the path on that day, 1 is 100 per cent.")
	targetDesc      = figure("target_ratio", "Target of the next milestone, 1 is 100 per cent.")
	gapDesc         = figure("gap_ratio", "Path value less the path, 0.01 is one percentage point.")
	neededDesc      = figure("needed_per_week_ratio", "What must be gained every week to reach the target, 0.01 is one percentage point.")
	forecastDesc    = figure("forecast_ratio", "Value forecast for the next milestone, 1 is 100 per cent.")
	missesDesc      = figure("forecast_missed", "Whether a forecast misses the target of the next milestone (1) or not (0); owed ones only.")
	scoreDesc       = figure("score", "Published score of a unit, in points.")
	statusDesc      = figure("status", "1 for the status that holds, 0 for the others.", "status")
	owedDesc        = figure("owed", "Whether the unit owes the indicator's target (1) or is only measured on it (0).")
	freshDesc       = figure("fresh", "Whether the status rests on inputs that are there and not old, from sources that are not overdue (1), or not (0).")
	behindDesc      = figure("behind_streak", "Consecutive weekly points at which the indicator was behind.")
	sinceDesc       = figure("behind_since_timestamp_seconds", "Local start of the first of those weekly points; absent: it is not behind.")
	unreachableDesc = figure("unreachable", "Whether not even a faultless rest of the year reaches the target (1) or it may (0); owed shares of a year only.")
	newlyDesc       = figure("unreachable_newly", "Whether it became unreachable with this weekly point (1) or not (0).")
	failingDesc     = figure("failing_ratio_4w", "Share of the cases of the last four weeks that fail, 0 to 1 (of a monthly figure: of the last month); unreachable ones only.")
	risingDesc      = figure("unreachable_rising", "Whether that share is higher than at the weekly point before (1) or not (0); unreachable ones only.")
	restatedDesc    = figure("restated", "1 where a weekly point's status is not the one that was first known, for seven days.", "as_of", "was", "now")

	missingDesc      = desc("report_missing_units", "Units and facilities whose report of a closed period is late, each counted at the nearest watched unit above it or at itself.", figureLabels...)
	missingSinceDesc = desc("report_missing_since_timestamp_seconds", "Local start of the first day on which the oldest of those reports was late; absent: none is.", figureLabels...)

	unitBehindDesc = desc("unit_behind_indicators", "Owed indicators that have been behind for at least two weekly points and are fresh.", unitLabels...)
	unitHeldDesc   = desc("unit_held_indicators", "Owed indicators that have been behind for at least two weekly points, fresh or not.", unitLabels...)
	unitOwedDesc   = desc("unit_owed_indicators", "Owed indicators that apply.", unitLabels...)
)

// shownStatuses are the states of the state set.
var shownStatuses = []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale,
	progress.NoData, progress.NoTarget, progress.NotApplicable}

// Describe and Collect make figures a prometheus.Collector.
func (f *figures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{infoDesc, indicatorDesc, milestoneDesc, reviewDesc, wordsDesc, valueDesc, pathDesc, expectedDesc, targetDesc, gapDesc, neededDesc,
		forecastDesc, missesDesc, scoreDesc, statusDesc, owedDesc, freshDesc, behindDesc, sinceDesc, unreachableDesc, newlyDesc, failingDesc, risingDesc, restatedDesc,
		missingDesc, missingSinceDesc, unitBehindDesc, unitHeldDesc, unitOwedDesc} {
		ch <- d
	}
}

// Collect sends what show prepared, and what hangs on the clock.
func (f *figures) Collect(ch chan<- prometheus.Metric) {
	put := func(d *prometheus.Desc, v float64, labels ...string) { ch <- gauge(d, v, labels...) }
	put(infoDesc, 1, f.plan.Code, f.options.Version, f.options.Site, f.options.Boards)
	today := plan.DayOf(f.options.Now())
	for i := range f.plan.Indicators {
		ind := &f.plan.Indicators[i]
		owner := ind.Owner
		if u := f.plan.OwnerOn(ind, today); u != nil {
			owner = u.Code
		}
		put(indicatorDesc, 1, f.plan.Code, ind.Code, ind.Pillar, ind.Name, f.plan.Pillar(ind.Pillar).Name, owner, f.sources.of(ind).ID)
	}
	for _, m := range f.plan.Milestones {
		put(milestoneDesc, seconds(m.Date.End()), f.plan.Code, m.Date.String())
	}
	for _, status := range shownStatuses {
		put(wordsDesc, 1, string(status), words.Status(status).Name)
	}
	s := f.now.Load()
	if s == nil {
		return
	}
	for _, m := range s.metrics {
		ch <- m
	}
	late := map[*plan.Indicator]bool{}
	fresh := func(x live) bool {
		old, known := late[x.indicator]
		if !known {
			old = f.sources.stale(f.sources.of(x.indicator))
			late[x.indicator] = old
		}
		return x.current && !old
	}
	for _, x := range s.live {
		put(freshDesc, flag(fresh(x)), x.labels...)
	}
	for _, u := range s.units {
		behind := 0
		for _, x := range u.behind {
			if fresh(x) {
				behind++
			}
		}
		put(unitBehindDesc, float64(behind), u.labels...)
		put(unitHeldDesc, float64(len(u.behind)), u.labels...)
		put(unitOwedDesc, float64(u.owed), u.labels...)
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// show prepares the gauges of a computation. Units that are over or not yet there have none, and an unknown figure is
// absent and not 0.
func (f *figures) show(c run.Computed) {
	s := &shown{}
	p, today := f.plan, plan.DayOf(f.options.Now())
	watched := func(u *plan.Unit) bool { return p.Watched(u.Level) && u.ValidOn(c.AsOf) && u.ValidOn(today) }
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		s.metrics = append(s.metrics, gauge(d, v, labels...))
	}
	year, week := c.AsOf.Sunday().Time().ISOWeek()
	put(reviewDesc, 1, p.Code, fmt.Sprintf("%d-W%02d", year, week), c.AsOf.String())

	count := map[*plan.Unit]*unitCount{}
	var order []*plan.Unit
	for _, r := range c.Results {
		if r.Day != c.AsOf || r.UnitEnded || !watched(r.Unit) {
			continue
		}
		labels := f.labels(r.Indicator, r.Unit)
		f.figure(put, r, labels)
		owed := owes(r)
		x := live{r.Indicator, labels, r.Status != progress.Stale && r.Status != progress.NoData}
		s.live = append(s.live, x)
		u := count[r.Unit]
		if u == nil {
			u = &unitCount{labels: []string{p.Code, r.Unit.UnitKey.String(), r.Unit.Name, string(r.Unit.Level)}}
			count[r.Unit] = u
			order = append(order, r.Unit)
		}
		if owed {
			u.owed++
			if r.WeeksBehind >= weeksToTell {
				u.behind = append(u.behind, x)
			}
		}
	}
	for _, m := range missing(p, c.Reports) {
		if watched(m.unit) {
			labels := f.labels(m.indicator, m.unit)
			put(missingDesc, float64(len(m.late)), labels...)
			if len(m.late) > 0 {
				put(missingSinceDesc, seconds(m.since.Start()), labels...)
			}
		}
	}
	for _, u := range order {
		s.units = append(s.units, *count[u])
	}
	for _, x := range c.Failures {
		if !watched(x.Unit) {
			continue
		}
		labels := f.labels(x.Indicator, x.Unit)
		put(newlyDesc, flag(x.New), labels...)
		put(risingDesc, flag(x.Rises()), labels...)
		if x.Share != nil {
			put(failingDesc, x.Share.Float()/100, labels...)
		}
	}
	for _, x := range c.Restated {
		u, ind := p.Units.Key(x.Unit), p.Indicator(x.Indicator)
		if u != nil && ind != nil && watched(u) {
			put(restatedDesc, 1, append(f.labels(ind, u), x.Day.String(), string(x.Was), string(x.Now))...)
		}
	}
	f.now.Store(s)
}

func (f *figures) labels(ind *plan.Indicator, u *plan.Unit) []string {
	return []string{f.plan.Code, ind.Code, ind.Pillar, u.UnitKey.String(), u.Name, string(u.Level)}
}

// owes says whether a result counts among those that its unit owes and that apply.
func owes(r progress.Result) bool {
	return r.Applies == plan.Owed && !r.Indicator.Monitored && r.Status != progress.NotApplicable && r.Status != progress.NoTarget
}

// figure puts the gauges of one result.
func (f *figures) figure(put func(*prometheus.Desc, float64, ...string), r progress.Result, labels []string) {
	share := func(d *prometheus.Desc, v *plan.Value) {
		if v != nil {
			put(d, v.Float()/100, labels...)
		}
	}
	if r.Indicator.Kind == plan.Score {
		if r.Value != nil {
			put(scoreDesc, r.Value.Float(), labels...)
		}
	} else {
		share(valueDesc, r.Value)
		share(pathDesc, r.PathValue)
		share(expectedDesc, r.Expected)
		share(targetDesc, r.Target)
		share(gapDesc, r.Gap)
		share(neededDesc, r.NeededPerWeek)
		share(forecastDesc, r.Forecast)
	}
	for _, s := range shownStatuses {
		put(statusDesc, flag(s == r.Status), append(slices.Clone(labels), string(s))...)
	}
	owed := owes(r)
	put(owedDesc, flag(owed), labels...)
	put(behindDesc, float64(r.WeeksBehind), labels...)
	if r.WeeksBehind > 0 {
		put(sinceDesc, seconds(r.BehindSince.Start()), labels...)
	}
	if !owed {
		return
	}
	put(missesDesc, flag(r.ForecastMisses), labels...)
	if r.Indicator.Window == plan.YearToDate {
		put(unreachableDesc, flag(slices.Contains(r.Reasons, progress.ReasonUnreachable)), labels...)
	}
}

// missingReports are the late reports of an indicator that a watched unit is told of.
type missingReports struct {
	indicator *plan.Indicator
	unit      *plan.Unit
	late      map[string]bool // who is late: units and facilities
	since     plan.Day        // the first day on which the oldest of them was
}

// missing gives every report to the nearest watched unit, its own or one above, so that each is told once. What a later
// report stands in for is no longer waited for.
func missing(p *plan.Plan, reports []progress.Report) []*missingReports {
	type key struct {
		indicator string
		unit      *plan.Unit
	}
	var all []*missingReports
	at := map[key]*missingReports{}
	for _, r := range reports {
		u := r.Unit
		for u != nil && !p.Watched(u.Level) {
			u = u.Parent
		}
		if u == nil {
			continue
		}
		m := at[key{r.Indicator.Code, u}]
		if m == nil {
			m = &missingReports{r.Indicator, u, map[string]bool{}, plan.NoDay}
			at[key{r.Indicator.Code, u}] = m
			all = append(all, m)
		}
		if r.State == progress.ReportLate && !r.Superseded {
			m.late[cmp.Or(r.Facility, r.Unit.UnitKey.String())] = true
			if m.since == plan.NoDay || r.LateFrom < m.since {
				m.since = r.LateFrom
			}
		}
	}
	return all
}
