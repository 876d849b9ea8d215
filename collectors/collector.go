// Package collectors is the frame around every source system: what a source yields (pages, typed records, rejects), how
// it is reached (client.go) and how tables are read (table.go). One folder below it per kind of source. It knows the
// plan's units and measures; it does not know the store, the schedule or any formula.
package collectors

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"tiendo/pipeline/plan"
)

// Cursor is where the next pull goes on. It is committed with the page it stands behind.
type Cursor struct {
	Since time.Time `json:"since"`          // newest update time seen; zero: from the beginning
	Token string    `json:"token,omitzero"` // kind-specific place inside a list that was cut short
}

// Page is one answer of a source, minimised: Body holds allow-listed fields only, as JSON, so that Parse needs nothing else.
type Page struct {
	Request   string          // method, path and parameters, without secrets
	Body      json.RawMessage // minimised
	FetchedAt time.Time       // by the injected clock
	Records   int             // records in Body
	Cursor    Cursor          // where a run that stops behind this page goes on
}

// Collector pulls one source and reads what it pulled.
type Collector interface {
	// Pages pulls everything changed since the cursor, page by page, streaming. An error ends the sequence. A run whose
	// sequence ends without error is a complete snapshot.
	Pages(ctx context.Context, since Cursor) iter.Seq2[Page, error]
	// Parse reads a landed page. It is pure: the same page gives the same batch, today and in a replay. Bad records become
	// rejects; an error means that the page as a whole cannot be read.
	Parse(p Page) (Batch, error)
}

// Whole is what a collector implements whose complete snapshot names every record there is, so that what is missing
// has ended (the procedure catalogue).
type Whole interface{ WholeSnapshot() bool }

// Batch is what a page holds, typed. Positions are places in the page, for the way back from a figure to its row.
type Batch struct {
	Dossiers   []Dossier
	Procedures []Procedure
	Documents  []Document
	Payments   []Payment
	Facilities []Facility
	Measures   []Measure
	Baselines  []Baseline
	Rejects    []Reject
	Drift      []string // new fields and codes: schema drift, reported, never guessed
}

// Reject is a record that cannot be counted, with what to do about it.
type Reject struct {
	Position int
	Key      string // natural key as far as it could be read
	Field    string
	Rule     string // unknown_unit, ambiguous_name, bad_number, missing_denominator, over_denominator, future_date, …
	Reason   string // for people, in Vietnamese
	Record   json.RawMessage
}

// Dossier is one dossier of the online public services, without personal fields (SYSTEMS section 1a).
type Dossier struct {
	Position    int
	ID          string // MaHoSo
	Unit        plan.UnitKey
	Procedure   string
	Channel     uint8 // 1 in person, 2 online, 3 post
	Status      uint8 // TrangThaiHoSo 1..10
	FullProcess bool  // MucDo 4
	Submitted   time.Time
	Received    time.Time
	Due         time.Time // after the last moved deadline; zero: none
	DueMoved    uint8     // how often it moved
	Finished    time.Time // NgayKetThucXuLy
	Returned    time.Time // NgayTra
	HasFee      bool
	FeeAmount   int64 // đồng
	Updated     time.Time
}

// Procedure is one procedure as one agency handles it, in one snapshot of the catalogue.
type Procedure struct {
	Position  int
	Unit      plan.UnitKey
	Code      string
	Name      string
	Level     uint8 // MucDo: 4 full process, 3 partial, 2 information
	Eligible  bool  // eligible for full-process service
	ValidFrom plan.Day
	ValidTo   plan.Day // NoDay: in force
	Updated   time.Time
	Gone      bool // no longer in the catalogue; set by the frame, never by a collector
}

// Key is the procedure's natural key. A reject of a row whose agency and code could be read bears it too, so that a row that
// cannot be counted is not taken for one that is missing.
func (p Procedure) Key() string { return p.Unit.String() + " " + p.Code }

// Document is one e-document as its sender sent it (SYSTEMS section 2).
type Document struct {
	Position int
	ID       string
	Unit     plan.UnitKey // sender
	To       string       // receiver's organ code
	Sent     time.Time
	Status   string // 13: recalled
	Updated  time.Time
}

// Payment is one payment of a dossier's fee (SYSTEMS section 3).
type Payment struct {
	Position int
	ID       string // MaThamChieu
	Dossier  string
	Unit     plan.UnitKey
	Amount   int64  // đồng
	State    string // paid, waiting, unpaid, cancelled, refunded
	Paid     time.Time
	Updated  time.Time
}

// Facility is one hospital, school or institution of the registry.
type Facility struct {
	Position  int
	Code      string
	Name      string
	Kind      string
	LocatedIn plan.UnitKey
	ManagedBy plan.UnitKey
	From      plan.Day
	To        plan.Day
}

// Measure is one aggregated figure as a source states it. Unit is the reporting unit; for a facility's figure Unit.Code
// is the facility's code and Unit.From NoDay. Dims is a member of a dimension (sector, procedure code) or empty.
type Measure struct {
	Position   int
	Code       string
	Unit       plan.UnitKey
	Dims       string
	PeriodType plan.PeriodType
	Start, End plan.Day // of the period; a day's flow has both the same
	Value      int64
	Evidence   string
}

// Baseline is a frozen figure at the plan's start with the document that states it.
type Baseline struct {
	Position    int
	Indicator   string
	Unit        plan.UnitKey
	Day         plan.Day
	Numerator   int64
	Denominator int64 // 0 where Numerator alone is the baseline (a count)
	Citation    string
}
