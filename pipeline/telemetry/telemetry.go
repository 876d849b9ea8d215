// Package telemetry is the one place that names a Prometheus metric: the health of runs, sources, computations and the
// store, and the figures of the levels that the plan watches. It computes nothing: statuses, gaps, streaks and what is late
// come in as results. Where an alert needs to know whether something is old, it is judged here by the program's clock, so
// that a rule compares and never counts. It knows no store and no source system.
package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// Options are what the metrics say of the program beside the plan.
type Options struct {
	Version string           // of the program
	Site    string           // public address of the pages, without a slash at the end
	Boards  string           // public address of Grafana, likewise
	Now     func() time.Time // the program's clock; nil: the machine's
	Sources []Source         // what is known of the plan's sources; a source that is left out is not scheduled
}

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

	sources *sources
	figures *figures
}

// New registers every metric; the label sets of the plan's sources stand at 0 from the start.
func New(p *plan.Plan, o Options) *Telemetry {
	if o.Now == nil {
		o.Now = time.Now
	}
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
	t.sources = newSources(p, o)
	t.figures = &figures{plan: p, options: o, sources: t.sources}
	t.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		t.storeUp, t.runs, t.lastSuccess, t.duration, t.pages, t.records, t.loaded, t.rejected, t.rejectRatio, t.retries,
		t.computations, t.computeDuration, t.computeLast, t.computeAsOf, t.written, t.sources, t.figures,
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
			t.sources.complete(s.Name, last)
		}
	}
}

// RunEnded counts a run.
func (t *Telemetry) RunEnded(r run.Run) {
	t.runs.WithLabelValues(r.Source, r.State).Inc()
	if r.State == run.OK {
		t.lastSuccess.WithLabelValues(r.Source).Set(seconds(r.FetchedAt))
		t.sources.complete(r.Source, r.FetchedAt)
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

// Computed takes over what a computation found: the gauges show the figures of its day and nothing older.
func (t *Telemetry) Computed(c run.Computed) {
	t.computations.WithLabelValues(run.OK).Inc()
	t.computeDuration.Set(c.Took.Seconds())
	t.computeLast.SetToCurrentTime()
	t.computeAsOf.Set(seconds(c.AsOf.Start()))
	t.written.Add(float64(c.Written))
	t.figures.show(c)
}

// ComputeFailed counts a computation that did not reach its end; the gauges keep the last good figures.
func (t *Telemetry) ComputeFailed() { t.computations.WithLabelValues(run.Failed).Inc() }

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
