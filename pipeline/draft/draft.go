// Package draft is what a unit has handed in and what does not count yet: the form of a unit for a period on its way from the
// officer who enters it to the head who confirms it, and how it differs from what counts. It is pure: it reads no file, knows
// no table of the store and no page, and takes the time and the name from whoever acts.
package draft

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"tiendo/pipeline/plan"
)

// Key names a draft: one form of one unit for one period. There is at most one on its way.
type Key struct {
	Form   string // code
	Unit   plan.UnitKey
	Period string // label: 2024, 2024-H1, 2024-Q3, 2024-07
}

// String names it in logs.
func (k Key) String() string { return k.Form + " " + k.Unit.String() + " " + k.Period }

// Action is what somebody does to a draft, or what became of it.
type Action string

// The actions. Confirmed is the word of the unit's head; Landed says that the figures were then taken in and count.
const (
	Saved     Action = "saved"
	Submitted Action = "submitted" // laid before whoever confirms
	Returned  Action = "returned"  // to whoever entered it, with a reason
	Withdrawn Action = "withdrawn" // given up, with a reason
	Confirmed Action = "confirmed"
	Landed    Action = "landed"
)

// Event is one thing that was done to a draft. Events are appended, the newest says how the draft stands.
type Event struct {
	Key
	Version uint64 // 1, 2, … of the key
	ID      string // tells two events apart that want the same place
	Action  Action
	SHA256  string // of the body that the draft then holds; of Landed: the payload's name
	Reason  string // of Returned and Withdrawn; of the others: why the period is handed in again, empty where it is not
	By      string // account
	At      time.Time
}

// Open says whether there is a draft that still can come to count.
func (e Event) Open() bool {
	switch e.Action {
	case Saved, Submitted, Returned, Confirmed:
		return true
	}
	return false
}

// follows says behind which newest event an action may stand; "" is a key without any.
var follows = map[Action][]Action{
	Saved:     {"", Saved, Submitted, Returned, Withdrawn, Landed},
	Submitted: {Saved, Returned},
	Returned:  {Submitted},
	Withdrawn: {Saved, Submitted, Returned},
	Confirmed: {Submitted},
	Landed:    {Confirmed},
}

// ErrState is the error of an action that does not follow upon how the draft stands.
var ErrState = errors.New("the draft does not stand so")

// ErrTaken is the error of an action whose place somebody else's has taken: look again and decide anew.
var ErrTaken = errors.New("somebody else was faster")

// ErrReason is the error of an action that needs a reason and has none.
var ErrReason = errors.New("a reason is needed")

// May says whether the action may follow upon the newest event; the zero event: there is none.
func May(last Event, do Action) bool { return slices.Contains(follows[do], last.Action) }

// Next is the event that follows upon the newest one, which must be of version seen: what the one who acts has looked at. The
// draft's body and reason go on unless another is given.
func Next(last Event, seen uint64, e Event) (Event, error) {
	switch {
	case last.Version != seen:
		return e, ErrTaken
	case !May(last, e.Action):
		return e, fmt.Errorf("%w: %s after %q", ErrState, e.Action, last.Action)
	case e.Reason == "" && (e.Action == Returned || e.Action == Withdrawn):
		return e, ErrReason
	}
	e.Version = last.Version + 1
	if e.SHA256 == "" {
		e.SHA256 = last.SHA256
	}
	return e, nil
}

// Sum names a body by its content: hex SHA-256.
func Sum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Query picks events. What is left at its zero value does not limit.
type Query struct {
	Form   string
	Unit   *plan.UnitKey
	Period string
	Newest bool // of every draft only the newest
}

// Receipt says that figures of a unit for a period are there. Of a facility's figure the unit is the facility.
type Receipt struct {
	Measure string
	Unit    plan.UnitKey
	End     plan.Day // of the period
	KnownAt time.Time
}

// Sheet is what a file says that was handed in for a key.
type Sheet struct {
	Problem string // the file as a whole cannot be taken: why and what to do, in Vietnamese
	Body    []byte // minimised to what the form asks for; nil where there is a problem
	Figures []Figure
	Refused []Refused
	Blank   int      // rows without any entry, which are passed over
	Unknown []string // headers of columns that are not read
}

// Refused is a row that cannot be taken because of a cell, or a file because of a line of its head.
type Refused struct {
	Row    int    // as a spreadsheet shows it; 0: the file
	Cell   string // C12; empty: the row as a whole
	Reason string // in Vietnamese, with what to do
}

// Figure is one figure of a form's row.
type Figure struct {
	Row      int // of the sheet; 0: it is one that counts
	Measure  string
	Unit     plan.UnitKey // of a facility's row: its code
	Dims     string       // service, sector
	Value    int64
	Evidence string
}
