// Package contest is what becomes of a unit's objection to a figure (giải trình số liệu): it is filed with what it objects
// to as it stood then, and accepted, refused or withdrawn once. It is pure: it stores nothing, checks no rights, computes no
// figure, and takes the time from whoever asks.
package contest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Action is a step of a contest.
type Action string

// The steps: the first is File, and one of the others ends it.
const (
	File     Action = "file"
	Accept   Action = "accept"   // the figure is stated again, by form or at the source
	Refuse   Action = "refuse"   // the figure stands
	Withdraw Action = "withdraw" // by the unit itself
)

// State is how a contest stands.
type State string

// The states of a contest.
const (
	Open      State = "open"
	Accepted  State = "accepted"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// ends is the one table of transitions: from Open, and to where.
var ends = map[Action]State{Accept: Accepted, Refuse: Refused, Withdraw: Withdrawn}

// Figure is what is objected to, frozen: a stored result in the version that was looked at. Indicator, Unit, AsOf, KnownAt
// and the two versions name that result.
type Figure struct {
	Indicator     string
	Unit          plan.UnitKey
	AsOf          plan.Day
	KnownAt       time.Time
	PlanVersion   string
	MethodVersion string
	Value         *plan.Value // nil: unknown, which may be objected to as well
	Numerator     *int64
	Denominator   *int64
	Status        progress.Status
}

// Event is one step as it is stored.
type Event struct {
	Number uint64 // of the contest within the plan: 1, 2, …
	Step   uint32 // 1 is File
	Action Action
	At     time.Time // to the millisecond
	By     string    // account
	Reason string    // why it is objected to, or why it was decided so

	Figure   Figure   // of File
	Evidence string   // of File: number of the document, or where it is found
	Due      plan.Day // of File: the last day for the answer
	Done     string   // of Accept: what was done about the figure
}

// Contest is all steps of one objection.
type Contest struct {
	Number   uint64
	Figure   Figure
	Reason   string
	Evidence string
	By       string
	At       time.Time
	Due      plan.Day
	State    State
	End      *Event // nil: open
}

// How much may be written, in characters.
const (
	shortest = 5
	longest  = 2000
)

// Check says what is wrong with an event on its own, in words for the one who wrote it.
func (e Event) Check() error {
	texts := []struct{ name, text string }{{"Lý do", e.Reason}}
	switch e.Action {
	case File:
		texts = append(texts, struct{ name, text string }{"Minh chứng", e.Evidence})
		if e.Figure.Indicator == "" || e.Figure.Unit.Code == "" || e.Figure.KnownAt.IsZero() || e.Due == plan.NoDay {
			return errors.New("chưa rõ số liệu nào được giải trình")
		}
	case Accept:
		texts = append(texts, struct{ name, text string }{"Nội dung đã xử lý", e.Done})
	case Refuse, Withdraw:
	default:
		return fmt.Errorf("không có bước xử lý “%s”", e.Action)
	}
	for _, t := range texts {
		switch n := utf8.RuneCountInString(strings.TrimSpace(t.text)); {
		case n < shortest:
			return fmt.Errorf("%s: cần ghi rõ, ít nhất %d ký tự", t.name, shortest)
		case n > longest:
			return fmt.Errorf("%s: dài %d ký tự, nhiều nhất là %d", t.name, n, longest)
		}
	}
	return nil
}

// ErrEnded is the error of a step for a contest that is not open any more.
var ErrEnded = errors.New("giải trình này đã được giải quyết hoặc đã rút")

// Next is the step that follows in a contest; it fails where the contest is not open.
func (c Contest) Next(a Action) (Event, error) {
	if _, ok := ends[a]; !ok {
		return Event{}, fmt.Errorf("không có bước xử lý “%s”", a)
	}
	if c.State != Open {
		return Event{}, ErrEnded
	}
	return Event{Number: c.Number, Step: 2, Action: a}, nil
}

// Late says whether the answer is overdue on the day.
func (c Contest) Late(today plan.Day) bool { return c.State == Open && today > c.Due }

// Stood is the contest as it stood just before an instant; false: it was not filed then. The zero instant is the newest step.
func (c Contest) Stood(by time.Time) (Contest, bool) {
	if by.IsZero() {
		return c, true
	}
	if c.End != nil && !c.End.At.Before(by) {
		c.State, c.End = Open, nil
	}
	return c, c.At.Before(by)
}

// Within parts contests into the open ones and those that ended in a period, or are about a figure of it and ended.
func Within(all []Contest, start, end plan.Day) (open, ended []Contest) {
	in := func(d plan.Day) bool { return start <= d && d <= end }
	for _, c := range all {
		switch {
		case c.State == Open:
			open = append(open, c)
		case in(plan.DayOf(c.End.At)) || in(c.Figure.AsOf):
			ended = append(ended, c)
		}
	}
	return open, ended
}

// Of puts stored events together, by number. It fails where they are no history that Next allows.
func Of(events []Event) ([]Contest, error) {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(x, y Event) int {
		switch {
		case x.Number != y.Number && x.Number < y.Number, x.Number == y.Number && x.Step < y.Step:
			return -1
		case x.Number == y.Number && x.Step == y.Step:
			return 0
		}
		return 1
	})
	var all []Contest
	for _, e := range events {
		last := len(all) - 1
		if e.Action == File {
			if e.Step != 1 || last >= 0 && all[last].Number == e.Number {
				return nil, fmt.Errorf("contest %d was filed more than once", e.Number)
			}
			all = append(all, Contest{Number: e.Number, Figure: e.Figure, Reason: e.Reason, Evidence: e.Evidence, By: e.By, At: e.At, Due: e.Due, State: Open})
			continue
		}
		if last < 0 || all[last].Number != e.Number {
			return nil, fmt.Errorf("contest %d has a step %q and was never filed", e.Number, e.Action)
		}
		next, err := all[last].Next(e.Action)
		if err != nil || next.Step != e.Step {
			return nil, fmt.Errorf("contest %d: step %d, %s, does not follow: %w", e.Number, e.Step, e.Action, errors.Join(err, errors.New("the stored events are no history")))
		}
		all[last].State, all[last].End = ends[e.Action], &e
	}
	return all, nil
}
