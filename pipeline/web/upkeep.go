package web

import (
	"context"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Upkeep is what those who look after the figures' origin need of the store beside the Reader.
type Upkeep interface {
	// RestatementList are the newest changes of stated figures, the newest first, and how many there are.
	RestatementList(ctx context.Context, q RestatementQuery) ([]Restatement, uint64, error)
	// Moved are the results of the 13 weeks up to a day that show another value or status than when they were first judged, the
	// newest first.
	Moved(ctx context.Context, q MovedQuery) ([]Moved, error)
	// Runs are the newest runs of a source and the newest of its pages, at most so many of each.
	Runs(ctx context.Context, source string, most int) ([]Run, []Landed, error)
	// RejectList are refused records, the newest first, and how many there are.
	RejectList(ctx context.Context, q RejectQuery) ([]Rejected, uint64, error)
}

// RestatementQuery picks restated figures; what is left at its zero value does not limit.
type RestatementQuery struct {
	Since      time.Time
	Source     string
	Measures   []string
	Units      []plan.UnitKey
	Skip, Most int
}

// MovedQuery picks results that changed; what is left at its zero value does not limit.
type MovedQuery struct {
	AsOf       plan.Day
	Indicators []string
	Units      []plan.UnitKey
}

// Moved is a result as it was first judged and as it stands.
type Moved struct {
	Indicator         string
	Unit              plan.UnitKey
	Level             plan.Level
	AsOf              plan.Day
	Was, Now          *plan.Value
	WasPath, NowPath  *plan.Value
	WasStatus, Status progress.Status
	Cause             string    // restated: the same period's figures were stated anew; late_input: figures of a newer period came in since; rules: the plan's or the method's version differs
	FirstKnown        time.Time // what the first judgement knew
	KnownAt           time.Time // since when it is as it is
}

// Run is one run of a source.
type Run struct {
	RunID                            string
	FetchedAt                        time.Time // by the clock of the figures: what the snapshot speaks of
	StartedAt, EndedAt               time.Time
	State, Error                     string
	Pages, Records, Loaded, Rejected uint64
}

// RejectQuery picks refused records; what is left at its zero value does not limit.
type RejectQuery struct {
	Source, Rule string
	Open         bool // only those that are still missing
	Skip, Most   int
}

// Rejected is a refused record with what became of it.
type Rejected struct {
	Rule, Name         string // name: the rule in words
	Field, Reason, Key string
	Settled            string // empty: still missing; redriven: accepted since from the same page; later: a later page brought it right
	Landed
}

// RejectCount counts the refused records of a source by rule.
type RejectCount struct {
	Source, Rule, Name string
	Open, Settled      uint64
	Field, Reason      string // of the newest that is open, else of the newest
	Last               time.Time
}

// Redriven is how a source's refused records fared when they were tried again.
type Redriven struct{ Tried, Accepted int }
