package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Source is what is known of a source beside its runs.
type Source struct {
	ID          string
	Name        string
	Rhythm      string
	RejectLimit float64                   // share of a run's records, 0 to 1
	Since       time.Time                 // when it was first asked, for one that never answered whole; zero: the program's start
	Next        func(time.Time) time.Time // its schedule: the first pull after an instant; nil: it is not pulled here
}

var (
	dueDesc      = prometheus.NewDesc("tiendo_source_due_timestamp_seconds", "When the source's next complete snapshot must be there, by its schedule and the plan's working days; absent: it is not pulled here.", []string{"source"}, nil)
	staleDesc    = prometheus.NewDesc("tiendo_source_stale", "Whether the source's next complete snapshot is overdue (1) or not (0), by the program's clock.", []string{"source"}, nil)
	limitDesc    = prometheus.NewDesc("tiendo_source_reject_limit_ratio", "Share of a run's records, 0 to 1, that may be refused.", []string{"source"}, nil)
	sourceDesc   = prometheus.NewDesc("tiendo_source_info", "1; the source's name and rhythm.", []string{"source", "source_name", "rhythm"}, nil)
	backfillDesc = prometheus.NewDesc("tiendo_backfill_running", "Whether history is being loaded: a replay, or a source that catches up (1), or not (0). Figures may be halves meanwhile.", nil, nil)
	workingDesc  = prometheus.NewDesc("tiendo_working_day", "Whether today is a working day of the plan's calendar (1) or not (0), by the program's clock: nobody is asked to act on a day off.", nil, nil)
)

// sources are the gauges of the sources, judged at the time of the scrape.
type sources struct {
	plan  *plan.Plan
	now   func() time.Time
	all   []Source
	begun time.Time

	mu         sync.Mutex
	last       map[string]time.Time // newest complete snapshot
	catchingUp map[string]int
	replaying  bool
}

func newSources(p *plan.Plan, o Options) *sources {
	s := &sources{plan: p, now: o.Now, begun: o.Now(), last: map[string]time.Time{}, catchingUp: map[string]int{}}
	for _, f := range p.Sources {
		x := Source{ID: f.Name, Name: f.Name}
		for _, known := range o.Sources {
			if known.ID == f.Name {
				x = known
			}
		}
		if x.Since.IsZero() {
			x.Since = s.begun
		}
		s.all = append(s.all, x)
	}
	return s
}

func (s *sources) complete(source string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.After(s.last[source]) {
		s.last[source] = at
	}
}

// due is when the source must have answered whole again; false for one that is not pulled here.
func (s *sources) due(x Source) (time.Time, bool) {
	if x.Next == nil {
		return time.Time{}, false
	}
	s.mu.Lock()
	from := s.last[x.ID]
	s.mu.Unlock()
	if from.IsZero() {
		from = x.Since
	}
	return progress.DueBy(s.plan.Holidays, x.Next(from)), true
}

func (s *sources) stale(x Source) bool {
	due, ok := s.due(x)
	return ok && !s.now().Before(due)
}

// of is the source that an indicator's figures come from: the first of its sources that is pulled here. An indicator of
// which none is pulled rests on what is there; it is called by its first.
func (s *sources) of(ind *plan.Indicator) Source {
	for _, id := range ind.Sources {
		for _, x := range s.all {
			if x.ID == id && x.Next != nil {
				return x
			}
		}
	}
	if len(ind.Sources) == 0 {
		return Source{}
	}
	return Source{ID: ind.Sources[0]}
}

// Describe and Collect make sources a prometheus.Collector.
func (s *sources) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{dueDesc, staleDesc, limitDesc, sourceDesc, backfillDesc, workingDesc} {
		ch <- d
	}
}

// Collect judges every source by the clock.
func (s *sources) Collect(ch chan<- prometheus.Metric) {
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, x := range s.all {
		if due, ok := s.due(x); ok {
			put(dueDesc, seconds(due), x.ID)
		}
		put(staleDesc, flag(s.stale(x)), x.ID)
		put(limitDesc, x.RejectLimit, x.ID)
		put(sourceDesc, 1, x.ID, x.Name, x.Rhythm)
	}
	put(workingDesc, flag(s.plan.Holidays.Working(plan.DayOf(s.now()))))
	s.mu.Lock()
	defer s.mu.Unlock()
	put(backfillDesc, flag(s.replaying || len(s.catchingUp) > 0))
}

// Replaying says whether the store is being rebuilt from what was landed.
func (t *Telemetry) Replaying(yes bool) {
	t.sources.mu.Lock()
	defer t.sources.mu.Unlock()
	t.sources.replaying = yes
}

// Pulling is told when a run of a source begins. If the source is behind its schedule, or was never whole, what comes in
// is history: until done is called, behind the computation that takes it in, a backfill is running.
func (t *Telemetry) Pulling(source string) (done func()) {
	s := t.sources
	late := false
	for _, x := range s.all {
		if x.ID == source {
			s.mu.Lock()
			never := s.last[source].IsZero()
			s.mu.Unlock()
			late = never || s.stale(x)
		}
	}
	if !late {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchingUp[source]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.catchingUp[source]--; s.catchingUp[source] <= 0 {
			delete(s.catchingUp, source)
		}
	}
}

func flag(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
