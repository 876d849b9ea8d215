package review

import (
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

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

// Tally is how many units of a level stand alike on an indicator.
type Tally struct {
	AsOf      plan.Day
	Level     plan.Level
	Indicator string
	Applies   plan.Applicability
	Status    progress.Status
	Units     int
}

// Report is a report that a unit, or a facility in it, owes for a closed period.
type Report struct {
	Indicator  string
	Form       string // code of the form that asks for it; empty: the source has a form of its own
	Unit       plan.UnitKey
	Level      plan.Level
	Facility   string    // empty: the unit reports itself
	End        plan.Day  // of the period
	LateFrom   plan.Day  // the first day on which it is late
	ReceivedAt time.Time // zero: it is not there
	Later      plan.Day  // end of the newest period that was there on the day asked for; NoDay: none
}
