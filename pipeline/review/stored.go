package review

import (
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Assessment is a stored result; nil stands for unknown. Per cents and percentage points, per week where so named; for a
// score points.
type Assessment struct {
	Indicator     string             `json:"indicator,omitempty"`
	Unit          plan.UnitKey       `json:"unit"`
	Level         plan.Level         `json:"level"`
	AsOf          plan.Day           `json:"as_of"`
	KnownAt       time.Time          `json:"known_at,omitzero"` // zero: nothing is known
	PlanVersion   string             `json:"plan_version,omitempty"`
	MethodVersion string             `json:"method_version,omitempty"`
	Applies       plan.Applicability `json:"applies"`
	Numerator     *int64             `json:"numerator,omitempty"`
	Denominator   *int64             `json:"denominator,omitempty"`
	Value         *plan.Value        `json:"value,omitempty"`
	PathValue     *plan.Value        `json:"path_value,omitempty"`
	Comparator    plan.Comparator    `json:"comparator"`
	Milestone     plan.Day           `json:"milestone"`
	Target        *plan.Value        `json:"target,omitempty"`
	Expected      *plan.Value        `json:"expected,omitempty"`
	Gap           *plan.Value        `json:"gap,omitempty"`
	NeededPerWeek *plan.Value        `json:"needed_per_week,omitempty"`
	PacePerWeek   *plan.Value        `json:"pace_per_week,omitempty"`
	Forecast      *plan.Value        `json:"forecast,omitempty"`
	BestReachable *plan.Value        `json:"best_reachable,omitempty"`
	FailingCount  *int64             `json:"failing_count,omitempty"`
	Coverage      *plan.Value        `json:"coverage,omitempty"`
	AgeDays       *int32             `json:"age_days,omitempty"`
	Status        progress.Status    `json:"status"`
	Outcomes      []Outcome          `json:"outcomes,omitempty"`
	WeeksBehind   int                `json:"weeks_behind,omitempty"`
	BehindSince   plan.Day           `json:"behind_since"`
	Reason        string             `json:"reason,omitempty"` // comma-separated, the status's own first
	Rulings       []string           `json:"rulings,omitempty"`
	Member        string             `json:"member,omitempty"` // what holds a minimum back
	Parts         []Part             `json:"parts,omitempty"`  // figures beside the official one
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
	Level      plan.Level              `json:"level"`
	Unit       plan.UnitKey            `json:"unit"`
	AsOf       plan.Day                `json:"as_of"`
	Rank       int                     `json:"rank,omitempty"` // 0: it owes nothing that applies
	Of         int                     `json:"of,omitempty"`
	Share      *plan.Value             `json:"share,omitempty"`
	Applicable int                     `json:"applicable,omitempty"`
	Missed     int                     `json:"missed,omitempty"`
	Counts     map[progress.Status]int `json:"counts"` // owed targets by status
	Overall    progress.Status         `json:"overall"`
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
