// Package telemetry is the one place that names a Prometheus metric: the health of runs, computations and the store, and
// the figures of the levels that the plan watches. It computes nothing: statuses, gaps and streaks come in as results. It
// knows no store and no source system.
package telemetry

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
)

// Telemetry holds the metrics of one plan. Its methods are safe for concurrent use.
type Telemetry struct {
	plan     *plan.Plan
	registry *prometheus.Registry

	storeUp prometheus.Gauge

	runs        *prometheus.CounterVec // source, state
	lastSuccess *prometheus.GaugeVec   // source
	duration    *prometheus.HistogramVec
	pages       *prometheus.CounterVec
	records     *prometheus.CounterVec
	loaded      *prometheus.CounterVec
	rejected    *prometheus.CounterVec
	rejectRatio *prometheus.GaugeVec
	retries     *prometheus.CounterVec

	computations    *prometheus.CounterVec // state
	computeDuration prometheus.Gauge
	computeLast     prometheus.Gauge
	computeAsOf     prometheus.Gauge
	written         prometheus.Counter

	figures figures
}

// New registers every metric; the label sets of the plan's sources stand at 0 from the start.
func New(p *plan.Plan) *Telemetry {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	single := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	t := &Telemetry{
		plan:     p,
		registry: prometheus.NewRegistry(),
		storeUp:  single("tiendo_store_up", "Whether the store answered when it was last asked (1) or not (0)."),

		runs:        counter("tiendo_runs_total", "Runs of a source that ended, by state: ok is a complete snapshot.", "source", "state"),
		lastSuccess: gauge("tiendo_run_last_success_timestamp_seconds", "Fetch time of the source's last complete snapshot; 0: there is none.", "source"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tiendo_run_duration_seconds", Help: "How long the runs of a source took.", Buckets: []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600},
		}, []string{"source"}),
		pages:       counter("tiendo_run_pages_total", "Pages pulled and committed.", "source"),
		records:     counter("tiendo_run_records_total", "Records in the pages pulled.", "source"),
		loaded:      counter("tiendo_run_records_loaded_total", "Records that said something new.", "source"),
		rejected:    counter("tiendo_run_records_rejected_total", "Records that were refused.", "source"),
		rejectRatio: gauge("tiendo_run_reject_ratio", "Share of the last run's records that were refused, 0 to 1.", "source"),
		retries:     counter("tiendo_fetch_retries_total", "Attempts at a request that failed and were made again.", "source"),

		computations:    counter("tiendo_computations_total", "Computations of the plan's results, by state.", "state"),
		computeDuration: single("tiendo_compute_duration_seconds", "How long the last computation took."),
		computeLast:     single("tiendo_compute_last_success_timestamp_seconds", "When results were last computed; 0: not since the start."),
		computeAsOf:     single("tiendo_compute_as_of_timestamp_seconds", "Local start of the day that the newest results speak of; 0: none yet."),
		written: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tiendo_results_written_total", Help: "Results that differed from what was stored.",
		}),
	}
	t.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		t.storeUp, t.runs, t.lastSuccess, t.duration, t.pages, t.records, t.loaded, t.rejected, t.rejectRatio, t.retries,
		t.computations, t.computeDuration, t.computeLast, t.computeAsOf, t.written, &t.figures,
	)
	for _, s := range p.Sources {
		for _, state := range []string{run.OK, run.Failed} {
			t.runs.WithLabelValues(s.Name, state)
		}
		t.lastSuccess.WithLabelValues(s.Name)
		t.duration.WithLabelValues(s.Name)
		t.rejectRatio.WithLabelValues(s.Name)
		for _, c := range []*prometheus.CounterVec{t.pages, t.records, t.loaded, t.rejected, t.retries} {
			c.WithLabelValues(s.Name)
		}
	}
	for _, state := range []string{run.OK, run.Failed} {
		t.computations.WithLabelValues(state)
	}
	return t
}

// Handler serves the metrics.
func (t *Telemetry) Handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{Registry: t.registry})
}

// Gatherer is for those who read the metrics in the same process.
func (t *Telemetry) Gatherer() prometheus.Gatherer { return t.registry }

// StoreUp says whether the store answers.
func (t *Telemetry) StoreUp(up bool) {
	v := 0.0
	if up {
		v = 1
	}
	t.storeUp.Set(v)
}

// LastSuccess restores what the store knows of complete snapshots, so that a restart makes no source look never seen. A
// source that the plan no longer has is left out.
func (t *Telemetry) LastSuccess(at map[string]time.Time) {
	for _, s := range t.plan.Sources {
		if last, ok := at[s.Name]; ok && !last.IsZero() {
			t.lastSuccess.WithLabelValues(s.Name).Set(seconds(last))
		}
	}
}

// RunEnded counts a run.
func (t *Telemetry) RunEnded(r run.Run) {
	t.runs.WithLabelValues(r.Source, r.State).Inc()
	if r.State == run.OK {
		t.lastSuccess.WithLabelValues(r.Source).Set(seconds(r.FetchedAt))
	}
	t.duration.WithLabelValues(r.Source).Observe(r.EndedAt.Sub(r.StartedAt).Seconds())
	t.pages.WithLabelValues(r.Source).Add(float64(r.Pages))
	t.records.WithLabelValues(r.Source).Add(float64(r.Records))
	t.loaded.WithLabelValues(r.Source).Add(float64(r.Loaded))
	t.rejected.WithLabelValues(r.Source).Add(float64(r.Rejected))
	share := 0.0
	if r.Records > 0 {
		share = float64(r.Rejected) / float64(r.Records)
	}
	t.rejectRatio.WithLabelValues(r.Source).Set(share)
}

// Retried counts a request that failed and is made again.
func (t *Telemetry) Retried(source string) { t.retries.WithLabelValues(source).Inc() }

// Computed takes over a computation's results: the gauges show those of asOf and nothing older. took is the wall time,
// written the number of results that were new, now the time at which it ended.
func (t *Telemetry) Computed(results []progress.Result, asOf plan.Day, took time.Duration, written int) {
	t.computations.WithLabelValues(run.OK).Inc()
	t.computeDuration.Set(took.Seconds())
	t.computeLast.SetToCurrentTime()
	t.computeAsOf.Set(seconds(asOf.Start()))
	t.written.Add(float64(written))
	t.figures.show(t.plan, results, asOf)
}

// ComputeFailed counts a computation that did not reach its end; the gauges keep the last good figures.
func (t *Telemetry) ComputeFailed() { t.computations.WithLabelValues(run.Failed).Inc() }

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// figures are the gauges of the watched levels, replaced as a whole, so that no scrape sees half of two computations.
type figures struct {
	now atomic.Pointer[[]prometheus.Metric]
}

var figureLabels = []string{"plan", "indicator", "pillar", "unit", "unit_name", "level"}

func figure(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc("tiendo_"+name, help, append(append([]string{}, figureLabels...), more...), nil)
}

var (
	valueDesc    = figure("indicator_value_ratio", "Official value of an indicator for a unit, 1 is 100 per cent; absent: unknown.")
	pathDesc     = figure("indicator_path_ratio", "Value that the path is compared with (a flow's last 52 weeks), 1 is 100 per cent.")
	expectedDesc = figure("indicator_expected_ratio", "Value of the path on that day, 1 is 100 per cent.")
	targetDesc   = figure("indicator_target_ratio", "Target of the next milestone, 1 is 100 per cent.")
	gapDesc      = figure("indicator_gap_ratio", "Path value less the path, 0.01 is one percentage point.")
	forecastDesc = figure("indicator_forecast_ratio", "Value forecast for the next milestone, 1 is 100 per cent.")
	scoreDesc    = figure("indicator_score", "Published score of a unit, in points.")
	statusDesc   = figure("indicator_status", "1 for the status that holds, 0 for the others.", "status")
	behindDesc   = figure("indicator_behind_streak", "Consecutive weekly points at which the indicator was behind.")
)

// shownStatuses are the states of the state set.
var shownStatuses = []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale,
	progress.NoData, progress.NoTarget, progress.NotApplicable}

// Describe and Collect make figures a prometheus.Collector.
func (f *figures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{valueDesc, pathDesc, expectedDesc, targetDesc, gapDesc, forecastDesc, scoreDesc, statusDesc, behindDesc} {
		ch <- d
	}
}

// Collect sends what show prepared.
func (f *figures) Collect(ch chan<- prometheus.Metric) {
	if all := f.now.Load(); all != nil {
		for _, m := range *all {
			ch <- m
		}
	}
}

// show prepares the gauges of the day. Units that are over or not yet there have none, and an unknown figure is absent
// and not 0.
func (f *figures) show(p *plan.Plan, results []progress.Result, asOf plan.Day) {
	var all []prometheus.Metric
	for _, r := range results {
		if r.Day != asOf || r.UnitEnded || !r.Unit.ValidOn(asOf) || !p.Watched(r.Unit.Level) {
			continue
		}
		labels := []string{p.Code, r.Indicator.Code, r.Indicator.Pillar, r.Unit.UnitKey.String(), r.Unit.Name, string(r.Unit.Level)}
		put := func(d *prometheus.Desc, v float64, more ...string) {
			all = append(all, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append(append([]string{}, labels...), more...)...))
		}
		share := func(d *prometheus.Desc, v *plan.Value) {
			if v != nil {
				put(d, v.Float()/100)
			}
		}
		if r.Indicator.Kind == plan.Score {
			if r.Value != nil {
				put(scoreDesc, r.Value.Float())
			}
		} else {
			share(valueDesc, r.Value)
			share(pathDesc, r.PathValue)
			share(expectedDesc, r.Expected)
			share(targetDesc, r.Target)
			share(gapDesc, r.Gap)
			share(forecastDesc, r.Forecast)
		}
		for _, s := range shownStatuses {
			v := 0.0
			if s == r.Status {
				v = 1
			}
			put(statusDesc, v, string(s))
		}
		put(behindDesc, float64(r.WeeksBehind))
	}
	f.now.Store(&all)
}
