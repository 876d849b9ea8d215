package web

import (
	"context"
	"time"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
)

// Reader is what the pages need of the store: results as they were stored, never computed anew. An empty answer is no
// error. Every error means that the store could not answer.
type Reader interface {
	// Days lists for every level the days that results are kept for, ascending.
	Days(ctx context.Context) (map[plan.Level][]plan.Day, error)
	// Assessments come by indicator, unit and day, the newest version of each.
	Assessments(ctx context.Context, q Query) ([]Assessment, error)
	// Tallies count assessments, the newest version of each, by day, level, indicator and status.
	Tallies(ctx context.Context, q Query) ([]Tally, error)
	// Reports are those that were late on the day and not there by its end, and the day from which on the reports of every
	// indicator are kept: of earlier days not all is known. NoDay: none is kept.
	Reports(ctx context.Context, on plan.Day) ([]Report, plan.Day, error)
	// Standings come by day and rank, those without a rank last. Query.Indicator means nothing here.
	Standings(ctx context.Context, q Query) ([]Standing, error)
	// Sources are those that ever ran.
	Sources(ctx context.Context) ([]Source, error)
	// Quality is what was refused, what was not understood, and what was restated since the instant.
	Quality(ctx context.Context, since time.Time) (Quality, error)
	// RejectCounts are the refused records of a source, or of all, by source and rule.
	RejectCounts(ctx context.Context, source string) ([]RejectCount, error)
	// Inputs are the figures behind an indicator's value, the newest period first, and what they come to.
	Inputs(ctx context.Context, q InputQuery) ([]Input, []InputSum, error)
	// Records are the records that count in a measure which is counted from records, the newest day first, and how many
	// there are. Of any other measure there are none.
	Records(ctx context.Context, q InputQuery) ([]Record, uint64, error)
	// Payload is what was landed under the hash; nil where there is none.
	Payload(ctx context.Context, source, sha256 string) (*Payload, error)
	// Restatements are the newest of those known since the instant, at most so many, and how many there are.
	Restatements(ctx context.Context, since time.Time, most int) ([]Restatement, uint64, error)
	// AwardBook is what was known on a day of figures, for the award ledger.
	AwardBook(ctx context.Context, p *plan.Plan, knownOn plan.Day) (AwardBook, error)
	// Registers are all entries of the registers that awards rest on, made up to the end of the day.
	Registers(ctx context.Context, knownOn plan.Day) ([]award.Record, error)
	// State says whether the store is fit to be read.
	State(ctx context.Context) (State, error)
	// Edition is another one after everything that is written to the store, except accounts and the audit log.
	Edition(ctx context.Context) (string, error)
}

// Query picks results. What is left at its zero value does not limit; days are limited by AsOf always.
type Query struct {
	AsOf      plan.Day     // the last day
	Since     plan.Day     // the first day; NoDay: AsOf alone
	KnownOn   plan.Day     // only versions known by the end of this day; NoDay: the newest
	Levels    []plan.Level // one of these
	Unit      *plan.UnitKey
	Indicator string
	Replaced  bool // with KnownOn: only where more became known later
	Brief     bool // assessments without what stands beside the figure: the pair, what can be reached, coverage, age, rulings, parts
}

// What the store keeps is defined where it is compared; the pages show the same.
type (
	// Assessment is a stored result.
	Assessment = review.Assessment
	// Part is a figure beside the official one.
	Part = review.Part
	// Outcome is the verdict on a passed milestone.
	Outcome = review.Outcome
	// Standing is a unit's stored place among the units of its level.
	Standing = review.Standing
	// Tally is how many units of a level stand alike on an indicator.
	Tally = review.Tally
	// Report is a report that is owed.
	Report = review.Report
)

// AwardBook answers for figures as known on a day.
type AwardBook struct {
	Plan    *plan.Plan // as in force on that day
	Figures award.Figures
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
	Drift        []Drift
	Restatements []Restatement // the newest first, a few
	Restated     uint64        // how many there are
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
	Dims            string   // member of a dimension; in lists of all only
	Day             plan.Day // end of the period
	Was, Now        int64
	KnownAt         time.Time
}

// InputQuery picks what a figure is made of.
type InputQuery struct {
	Measures   []string
	Sources    []string
	Units      []plan.UnitKey // that report themselves, or that institutions belong to
	Kinds      []string       // of institutions; empty: the units report themselves
	Managed    bool           // institutions by who manages them, not by where they are
	From, To   plan.Day       // ends of periods; without From the newest of each kind up to To
	KnownOn    plan.Day       // as known at the end of this day; NoDay: now
	Skip, Most int            // of the list; Most 0: sums only
}

// Landed is the page that something was landed with. RunID is empty where there is no one page.
type Landed struct {
	Source, RunID string
	Page          uint32
	Position      uint32 // of the record in the page
	SHA256        string
	Request       string // without secrets
	FetchedAt     time.Time
	Rejected      uint32 // records of the page that were refused
}

// Input is one figure that a source stated for a unit or an institution, or that was counted from records of one day.
type Input struct {
	Measure  string
	Unit     plan.UnitKey // the code may be an institution's
	Name     string       // of the institution
	Dims     string
	Start    plan.Day
	End      plan.Day
	Value    int64
	Evidence string
	KnownAt  time.Time
	Landed
}

// InputSum is what the figures of a measure from a source come to.
type InputSum struct {
	Measure, Source string
	Figures         uint64
	Units           uint64
	Sum             int64
	Counted         bool // from records
}

// Record is one record that counts, in its newest version.
type Record struct {
	ID     string
	Unit   plan.UnitKey
	Day    plan.Day // on which it counts
	Amount int64    // what it adds
	Landed
}

// Payload is a landed body with the pages that hold it and what was refused in it.
type Payload struct {
	Body    []byte
	Pages   []Landed // the newest first, a few
	Records uint32
	Rejects []Refused
}

// Refused is a refused record of a page.
type Refused struct {
	Position            uint32
	Field, Rule, Reason string
}

// State is the store's fitness.
type State struct {
	Schema, Wanted int64     // number of the newest applied migration and of the newest known one
	Replaying      bool      // a replay was begun and did not reach its end
	Computed       time.Time // when results were last written; zero: never
}
