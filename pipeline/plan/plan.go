// Package plan is the catalogue: what is measured, for whom, against which targets, by which rulings, and which units
// exist when. It reads a plan's folder of data files and checks it (Lint). It knows no source system, no store and no
// figure, and no line of it knows a particular plan.
package plan

import "io/fs"

// Level is a kind of subject: province, department, mass_organisation, district, commune, or one a plan adds.
type Level string

// PeriodType says which calendar a period belongs to: the calendar's months, or reporting months from the 15th to the
// 14th (RULES section 1).
type PeriodType string

// The two period types.
const (
	Calendar PeriodType = "calendar"
	Report   PeriodType = "report"
)

// Rhythm is how often an input is renewed.
type Rhythm string

// The rhythms that RULES section 4 knows.
const (
	Daily      Rhythm = "day"
	Monthly    Rhythm = "month"
	Quarterly  Rhythm = "quarter"
	HalfYearly Rhythm = "half_year"
	Yearly     Rhythm = "year"
)

// Days is the rhythm's length in days as RULES section 4 states it; 0 for an unknown rhythm.
func (r Rhythm) Days() int {
	switch r {
	case Daily:
		return 1
	case Monthly:
		return 31
	case Quarterly:
		return 92
	case HalfYearly:
		return 184
	case Yearly:
		return 366
	}
	return 0
}

// Kind is how a value comes about (RULES section 2).
type Kind string

// The kinds of value.
const (
	Ratio       Kind = "ratio"       // 100 x numerator / denominator
	Reduction   Kind = "reduction"   // 100 x (baseline - now) / baseline
	Conjunction Kind = "conjunction" // services with all features / services not excluded
	MinOver     Kind = "min_over"    // minimum over a dimension after summing per member
	Reported    Kind = "reported"    // the unit's own reported pair
	Score       Kind = "score"       // a published score in points, not a share
)

// Aggregate is how a unit's figure comes from those below it (RULES section 2).
type Aggregate string

// The aggregations.
const (
	SumSelfAndDescendants Aggregate = "sum_self_and_descendants"
	DistinctCatalogue     Aggregate = "distinct_catalogue"
	OwnLevelOnly          Aggregate = "own_level_only"
	SentOnly              Aggregate = "sent_only"
	Agencies              Aggregate = "agencies"
	LocatedIn             Aggregate = "located_in"
	ManagedBy             Aggregate = "managed_by"
	ReportedHere          Aggregate = "reported_here"
	MinAfterSumPerSector  Aggregate = "min_after_sum_per_sector"
)

// Window is which time the official value covers (RULES section 2).
type Window string

// The windows: a flow counts year to date, a stock is the latest on or before the day.
const (
	YearToDate Window = "year_to_date"
	Latest     Window = "latest"
)

// Comparator is how a value meets a target.
type Comparator string

// The comparators: "tối thiểu / đạt" is >=, "trên" is >.
const (
	AtLeast  Comparator = ">="
	MoreThan Comparator = ">"
)

// Applicability is whether a level is measured on an indicator and whether it owes the target (RULES section 3).
type Applicability string

// Owed and measured; measured only; not applicable; not applicable by a ruling that may change.
const (
	Owed          Applicability = "owed"
	Measured      Applicability = "measured"
	NotApplicable Applicability = "no"
	ByRuling      Applicability = "ruling"
)

// Plan is one plan, whole, as its folder of data files says.
type Plan struct {
	Code         string      `yaml:"code"` // the folder's name
	Name         string      `yaml:"name"`
	NameEN       string      `yaml:"name_en"`
	Document     string      `yaml:"document"` // the act that issued it
	Versions     []Version   `yaml:"versions"` // the act and its amendments, oldest first
	Start        Day         `yaml:"start"`    // the baseline date
	End          Day         `yaml:"end"`
	Province     string      `yaml:"province"`      // code of the unit on top
	Lead         string      `yaml:"lead"`          // code of the department that sums up and reports to the province; empty: none is named
	WatchLevels  []Level     `yaml:"watch_levels"`  // levels watched by gauges and alerts
	DetailLevels []Level     `yaml:"detail_levels"` // levels whose every weekly point is stored
	RecentWeeks  int         `yaml:"recent_weeks"`  // weekly points stored for the other levels
	Milestones   []Milestone `yaml:"milestones"`
	Levels       []LevelInfo `yaml:"levels"`
	Pillars      []Pillar    `yaml:"pillars"`
	Defaults     Defaults    `yaml:"defaults"`
	Demo         Demo        `yaml:"demo"`

	Indicators []Indicator         `yaml:"-"` // indicators.yaml, in the plan's order
	Forms      []Form              `yaml:"-"` // forms.yaml
	Rulings    []Ruling            `yaml:"-"` // rulings.yaml
	Subjects   []Subject           `yaml:"-"` // subjects.yaml
	Awards     []Award             `yaml:"-"` // awards.yaml
	Measures   []MeasureInfo       `yaml:"-"` // measures.csv: what the sources yield besides the forms
	Members    map[string][]Member `yaml:"-"` // members/<dimension>.csv: the members of a dimension such as sector
	Units      *Units              `yaml:"-"` // units.csv, successors.csv, unit_codes.csv
	Holidays   *Holidays           `yaml:"-"` // holidays.csv
	Sources    []SourceFile        `yaml:"-"` // sources/*.yaml, undecoded: the kinds own their shape
	Files      fs.FS               `yaml:"-"` // the plan's folder
}

// Version is the act that issued the plan or an amendment; a result carries the ID of the newest one in force.
type Version struct {
	ID        string `yaml:"id"`
	Effective Day    `yaml:"effective"`
	Document  string `yaml:"document"`
}

// Milestone is a date on which targets fall due. ReportCutOff is the cut-off for report-year forms.
type Milestone struct {
	Date         Day    `yaml:"date"`
	ReportCutOff Day    `yaml:"report_cut_off"`
	Name         string `yaml:"name"`
	NameEN       string `yaml:"name_en"`
}

// LevelInfo names a level for people.
type LevelInfo struct {
	Code   Level  `yaml:"code"`
	Name   string `yaml:"name"`
	NameEN string `yaml:"name_en"`
}

// Pillar groups indicators.
type Pillar struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	NameEN string `yaml:"name_en"`
}

// Defaults are the plan's parameters of RULES sections 2 and 4.
type Defaults struct {
	MinDenominator int64 `yaml:"min_denominator"` // under it a ratio of flows is too_few
	Tolerance      Value `yaml:"tolerance"`       // percentage points below the path that are still at risk
	CoverageMin    Value `yaml:"coverage_min"`    // per cent of reporting units, under it a roll-up is stale
	OverallMin     int   `yaml:"overall_min"`     // owed targets that must hold a status for it to be the unit's
	AnswerDays     int   `yaml:"answer_days"`     // working days for the answer to a unit that objects to a figure; 0: five
}

// Demo says what `tiendo demo` shows for the plan.
type Demo struct {
	AsOf   Day    `yaml:"as_of"`
	Table  string `yaml:"table"`  // recorded table to serve instead of a generated province
	Notice string `yaml:"notice"` // what every page says of the figures' origin
	Unit   string `yaml:"unit"`   // whose officer and head have accounts; empty: no unit's

	NoticeEN string `yaml:"notice_en"`
}

// Indicator is one row of the plan: what is measured, how, and the targets.
type Indicator struct {
	Code           string                  `yaml:"code"`
	Pillar         string                  `yaml:"pillar"`
	Name           string                  `yaml:"name"`
	NameEN         string                  `yaml:"name_en"`
	Short          string                  `yaml:"short"` // at most ShortRunes, for tables and charts
	ShortEN        string                  `yaml:"short_en"`
	Definition     string                  `yaml:"definition"` // numerator / denominator in words
	DefinitionEN   string                  `yaml:"definition_en"`
	Kind           Kind                    `yaml:"kind"`
	Aggregate      Aggregate               `yaml:"aggregate"`
	Window         Window                  `yaml:"window"`
	PeriodType     PeriodType              `yaml:"period_type"`
	Numerator      string                  `yaml:"numerator"`   // measure code
	Denominator    string                  `yaml:"denominator"` // measure code; empty for a score
	Scope          string                  `yaml:"scope"`       // distinct_catalogue: measure that says a code counts (1) or not (0)
	Features       []Feature               `yaml:"features"`    // conjunction: bit by bit of the numerator measure
	Scale          int                     `yaml:"scale"`       // decimals of the measures; 0 for counts and đồng
	Unit           string                  `yaml:"unit"`        // unit of the value for people; default %
	Over           string                  `yaml:"over"`        // min_over: the dimension
	OwnLevels      []Level                 `yaml:"own_levels"`  // own_level_only: levels whose own agencies count
	FacilityKinds  []string                `yaml:"facility_kinds"`
	Comparator     Comparator              `yaml:"comparator"`
	Targets        []Target                `yaml:"targets"`
	Applies        map[Level]Applicability `yaml:"applies"`
	EntryLevels    []Level                 `yaml:"entry_levels"` // units expected to report; empty: the source speaks for all
	Sources        []string                `yaml:"sources"`      // source ids, the preferred first
	Rhythm         Rhythm                  `yaml:"rhythm"`
	QuietMonths    []int                   `yaml:"quiet_months"`    // months that do not age the input (tuition without school)
	MinDenominator *int64                  `yaml:"min_denominator"` // overrides the plan's
	Tolerance      *Value                  `yaml:"tolerance"`
	Cap            *Value                  `yaml:"cap"`      // the most a value can be; default 100
	Baseline       string                  `yaml:"baseline"` // reduction: measure code of the frozen baseline; else where the path's baseline is cited
	Owner          string                  `yaml:"owner"`    // unit code of the department that answers for it
	Variant        string                  `yaml:"variant"`
	Variants       []Variant               `yaml:"variants"` // other readings, computed beside it
	Rulings        []string                `yaml:"rulings"`
	Monitored      bool                    `yaml:"monitored"` // beside the plan's rows, not one of them
	Note           string                  `yaml:"note"`
	EffectiveFrom  Day                     `yaml:"effective_from"`
	Amended        []Amendment             `yaml:"amended"`
	Line           int                     `yaml:"-"`
}

// ShortRunes is how long the short name of an indicator may be: what a column of a board holds.
const ShortRunes = 34

// Target is a threshold at a milestone, in the plan's own words.
type Target struct {
	Milestone     Day    `yaml:"milestone"`
	Value         *Value `yaml:"value"` // nil: the plan names no number
	Wording       string `yaml:"wording"`
	Section       string `yaml:"section"`
	EffectiveFrom Day    `yaml:"effective_from"` // an amended target replaces the earlier one from this day
	Document      string `yaml:"document"`
}

// Amendment changes to which levels an indicator applies, from a day on.
type Amendment struct {
	EffectiveFrom Day                     `yaml:"effective_from"`
	Document      string                  `yaml:"document"`
	Applies       map[Level]Applicability `yaml:"applies"`
}

// Feature is one condition of a conjunction; Bit is its place in the stored mask.
type Feature struct {
	Code   string `yaml:"code"`
	Name   string `yaml:"name"`
	NameEN string `yaml:"name_en"`
	Bit    int    `yaml:"bit"`
}

// Variant is another definition of the same figure, computed beside the official one (SYSTEMS section 1d).
type Variant struct {
	Code        string `yaml:"code"`
	Name        string `yaml:"name"`
	NameEN      string `yaml:"name_en"`
	Numerator   string `yaml:"numerator"`
	Denominator string `yaml:"denominator"`
}

// Ruling is a stated reading of a clause (RULES section 6).
type Ruling struct {
	ID       string    `yaml:"id"`
	Clause   string    `yaml:"clause"` // the words it reads, with their section
	Question string    `yaml:"question"`
	Readings []Reading `yaml:"readings"`
	Default  string    `yaml:"default"` // code of the reading in force
	Decider  string    `yaml:"decider"` // who may decide
	From     Day       `yaml:"effective_from"`
	Document string    `yaml:"document"`
	Settles  []string  `yaml:"settles"` // what else it settles: unattainable (a target that cannot be exceeded)
}

// Reading is one way to read a clause.
type Reading struct {
	Code     string `yaml:"code"`
	Text     string `yaml:"text"`
	TargetOf string `yaml:"target_of"` // the indicator whose targets it would apply; empty: it changes no target
}

// Subject is a group of subjects and what it owes (plan section IV).
type Subject struct {
	Code       string      `yaml:"code"`
	Name       string      `yaml:"name"`
	NameEN     string      `yaml:"name_en"`
	Level      Level       `yaml:"level"` // empty: not a unit of the plan (enterprises, households)
	Section    string      `yaml:"section"`
	Indicators []string    `yaml:"indicators"` // owed indicator codes; "CQS-*" takes a pillar
	Criteria   []Criterion `yaml:"criteria"`
}

// Criterion is a condition that is no figure of the 29: attested yes or no with evidence, or a figure of a form.
type Criterion struct {
	Code    string `yaml:"code"`
	Name    string `yaml:"name"`
	Wording string `yaml:"wording"`
	Section string `yaml:"section"`
}

// Award is a form of commendation and its conditions (plan section IV.2).
type Award struct {
	Code       string      `yaml:"code"`
	Name       string      `yaml:"name"`
	NameEN     string      `yaml:"name_en"`
	When       string      `yaml:"when"`      // yearly, 2023 or 2025
	Milestone  Day         `yaml:"milestone"` // NoDay for a yearly award
	Subjects   []string    `yaml:"subjects"`
	Copies     int         `yaml:"copies"`
	Section    string      `yaml:"section"`
	Conditions []Condition `yaml:"conditions"`
	Documents  []Paper     `yaml:"documents"` // of the dossier
}

// Paper is a document that a dossier has to hold.
type Paper struct {
	Code    string `yaml:"code"`
	Name    string `yaml:"name"`
	NameEN  string `yaml:"name_en"`
	Section string `yaml:"section"`
}

// Condition is one clause of an award.
type Condition struct {
	Code    string   `yaml:"code"`
	Wording string   `yaml:"wording"`
	Rule    string   `yaml:"rule"` // targets_met, targets_exceeded, register, ruling
	Factor  *Value   `yaml:"factor"`
	Rulings []string `yaml:"rulings"`
}

// What a condition's rule may be: every owed target of the milestone met; every one exceeded by the factor; an entry of a
// register with evidence; a decision that no figure settles.
const (
	RuleTargetsMet      = "targets_met"
	RuleTargetsExceeded = "targets_exceeded"
	RuleRegister        = "register"
	RuleRuling          = "ruling"
)

// Member is a member of a dimension.
type Member struct {
	Code   string
	Name   string
	NameEN string
}

// MeasureInfo names a measure that a source yields; the measures of forms are named by their columns.
type MeasureInfo struct {
	Code   string
	Name   string
	Unit   string // what is counted: hồ sơ, đồng, văn bản …
	Source string // source id
	Line   int
}

// Form is a report form, as data: `tiendo form` writes its template, the reportform collector reads it back.
type Form struct {
	Code       string     `yaml:"code"`
	Version    int        `yaml:"version"`
	Title      string     `yaml:"title"`
	Indicators []string   `yaml:"indicators"`
	Source     string     `yaml:"source"`   // source id the rows are booked under
	Fallback   bool       `yaml:"fallback"` // for units that the indicator's first source does not show
	Levels     []Level    `yaml:"levels"`   // who enters it
	Rhythm     Rhythm     `yaml:"rhythm"`
	PeriodType PeriodType `yaml:"period_type"`
	Keys       []Column   `yaml:"keys"`
	Columns    []Column   `yaml:"columns"`
	Note       string     `yaml:"note"`
}

// Column is a key or a value of a form or table.
type Column struct {
	Header  string `yaml:"header"`
	Role    string `yaml:"role"`    // keys: unit, facility, service, indicator or a dimension such as sector; registers: name, facility_kind, located_in, managed_by, from, to, numerator, denominator, citation
	Measure string `yaml:"measure"` // values: measure code
	Kind    string `yaml:"kind"`    // count, money, yesno, not_flag (yes is 0), one (no cell: always 1), flag_bit, text, date
	Bit     int    `yaml:"bit"`     // flag_bit: place in the mask of Measure
	AtMost  string `yaml:"at_most"` // measure code that this one may not exceed
	Factor  int64  `yaml:"factor"`  // multiplies the entered figure (tỷ đồng to đồng)
	Empty   string `yaml:"empty"`   // "allowed" where the cell may stay empty
}

// SourceFile is one file of sources/, undecoded.
type SourceFile struct {
	Name string // file name without .yaml: the source id
	Data []byte
}
