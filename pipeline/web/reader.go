package web

import (
	"context"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Reader is what the pages need of the store: results as they were stored, never computed anew. An empty answer is no
// error. Every error means that the store could not answer.
type Reader interface {
	// Days lists for every level the days that results are kept for, ascending.
	Days(ctx context.Context) (map[plan.Level][]plan.Day, error)
	// Assessments come by indicator, unit and day, the newest version of each.
	Assessments(ctx context.Context, q Query) ([]Assessment, error)
	// Standings come by day and rank, those without a rank last. Query.Indicator means nothing here.
	Standings(ctx context.Context, q Query) ([]Standing, error)
	// Sources are those that ever ran.
	Sources(ctx context.Context) ([]Source, error)
	// Quality is what was refused, what was not understood, and what was restated since the instant.
	Quality(ctx context.Context, since time.Time) (Quality, error)
	// State says whether the store is fit to be read.
	State(ctx context.Context) (State, error)
}

// Query picks results. What is left at its zero value does not limit; days are limited by AsOf always.
type Query struct {
	AsOf      plan.Day // the last day
	Since     plan.Day // the first day; NoDay: AsOf alone
	KnownOn   plan.Day // only versions known by the end of this day; NoDay: the newest
	Level     plan.Level
	Unit      *plan.UnitKey
	Indicator string
}

// Assessment is a stored result; nil stands for unknown. Per cents and percentage points, per week where so named; for a
// score points.
type Assessment struct {
	Indicator     string
	Unit          plan.UnitKey
	Level         plan.Level
	AsOf          plan.Day
	KnownAt       time.Time // zero: nothing is known
	PlanVersion   string
	MethodVersion string
	Applies       plan.Applicability
	Numerator     *int64
	Denominator   *int64
	Value         *plan.Value
	PathValue     *plan.Value
	Comparator    plan.Comparator
	Milestone     plan.Day
	Target        *plan.Value
	Expected      *plan.Value
	Gap           *plan.Value
	NeededPerWeek *plan.Value
	PacePerWeek   *plan.Value
	Forecast      *plan.Value
	BestReachable *plan.Value
	FailingCount  *int64
	Coverage      *plan.Value
	AgeDays       *int32
	Status        progress.Status
	Outcomes      []Outcome
	WeeksBehind   int
	BehindSince   plan.Day
	Reason        string // comma-separated, the status's own first
	Rulings       []string
	Member        string // what holds a minimum back
	Parts         []Part // figures beside the official one
}

// Part is a figure beside the official one: a variant, a feature of a conjunction, a member of a minimum.
type Part struct {
	Code        string      `json:"code"`
	Numerator   int64       `json:"numerator"`
	Denominator int64       `json:"denominator"`
	Value       *plan.Value `json:"value"`
}

// Outcome is the verdict on a passed milestone.
type Outcome struct {
	Milestone plan.Day         `json:"milestone"`
	Outcome   progress.Outcome `json:"outcome"`
	Value     *plan.Value      `json:"value"`
	Reason    progress.Reason  `json:"reason"`
}

// Standing is a unit's stored place among the units of its level.
type Standing struct {
	Level      plan.Level
	Unit       plan.UnitKey
	AsOf       plan.Day
	Rank, Of   int // 0: it owes nothing that applies
	Share      *plan.Value
	Applicable int
	Missed     int
	Counts     map[progress.Status]int // owed targets by status
	Overall    progress.Status
}

// Source is how a source's runs went.
type Source struct {
	Source       string
	LastOK       time.Time // fetch time of the last complete snapshot; zero: none
	LastRun      time.Time
	State        string // of the last run: ok, failed
	Error        string
	Runs, Failed uint64
	Pages        uint64
	Records      uint64
	Rejected     uint64
}

// Quality is what a person may have to look into.
type Quality struct {
	Rejects      []Reject
	Drift        []Drift
	Restatements []Restatement // the newest first, a few
	Restated     uint64        // how many there are
}

// Reject counts the refused records of a source by rule.
type Reject struct {
	Source, Rule  string
	Field, Reason string // of the newest
	Count         uint64
	Last          time.Time
}

// Drift is what a source showed that the plan does not know.
type Drift struct {
	Source, What string
	Seen         time.Time
}

// Restatement is a figure that a source stated again with another value.
type Restatement struct {
	Source, Measure string
	Unit            plan.UnitKey
	Day             plan.Day // end of the period
	Was, Now        int64
	KnownAt         time.Time
}

// State is the store's fitness.
type State struct {
	Schema, Wanted int64     // number of the newest applied migration and of the newest known one
	Replaying      bool      // a replay was begun and did not reach its end
	Computed       time.Time // when results were last written; zero: never
}
