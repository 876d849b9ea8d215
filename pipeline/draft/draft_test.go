package draft

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
)

// Every action behind every state: what may follow, and what else is refused without an effect.
func TestNext(t *testing.T) {
	all := []Action{Saved, Submitted, Returned, Withdrawn, Confirmed, Landed}
	may := map[Action]string{ // by the newest event, in the order of all
		"":        "+-----",
		Saved:     "++-+--",
		Submitted: "+-+++-",
		Returned:  "++-+--",
		Withdrawn: "+-----",
		Confirmed: "-----+",
		Landed:    "+-----",
	}
	for state, row := range may {
		for i, do := range all {
			last := Event{Action: state, Version: 7, SHA256: "old", Reason: "vì"}
			if state == "" {
				last = Event{}
			}
			next, err := Next(last, last.Version, Event{Action: do, Reason: "lý do"})
			if allowed := row[i] == '+'; allowed != (err == nil) || allowed != May(last, do) {
				t.Errorf("%s after %q: %v, want allowed %v", do, state, err, allowed)
			} else if !allowed && !errors.Is(err, ErrState) {
				t.Errorf("%s after %q: %v", do, state, err)
			} else if allowed && (next.Version != last.Version+1 || next.SHA256 != last.SHA256) {
				t.Errorf("%s after %q: %+v", do, state, next)
			}
		}
	}
}

func TestNextRefuses(t *testing.T) {
	last := Event{Action: Submitted, Version: 2, SHA256: "a"}
	for _, c := range []struct {
		name string
		seen uint64
		e    Event
		want error
	}{
		{"of an older version", 1, Event{Action: Confirmed}, ErrTaken},
		{"of a version to come", 3, Event{Action: Confirmed}, ErrTaken},
		{"return without a reason", 2, Event{Action: Returned}, ErrReason},
		{"withdraw without a reason", 2, Event{Action: Withdrawn}, ErrReason},
		{"confirm needs none", 2, Event{Action: Confirmed}, nil},
	} {
		if _, err := Next(last, c.seen, c.e); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if got, _ := Next(last, 2, Event{Action: Saved, SHA256: "b"}); got.SHA256 != "b" {
		t.Errorf("a new body is lost: %+v", got)
	}
}

func TestOpen(t *testing.T) {
	for action, want := range map[Action]bool{"": false, Saved: true, Submitted: true, Returned: true, Confirmed: true, Landed: false, Withdrawn: false} {
		if got := (Event{Action: action}).Open(); got != want {
			t.Errorf("%q is open: %v", action, got)
		}
	}
}

func TestCompare(t *testing.T) {
	unit := plan.UnitKey{Code: "899", From: plan.NoDay}
	form := plan.Form{
		Keys: []plan.Column{{Header: "Mã", Role: "unit"}},
		Columns: []plan.Column{
			{Header: "Tử", Measure: "n", Kind: "count"}, {Header: "Mẫu", Measure: "d", Kind: "count"}, {Header: "Một", Measure: "one", Kind: "one"},
			{Header: "Có", Measure: "y", Kind: "yesno"}, {Header: "Trừ", Measure: "x", Kind: "not_flag"}, {Header: "Bit 2", Measure: "m", Kind: "flag_bit", Bit: 2},
			{Header: "Tiền", Measure: "v", Kind: "money", Factor: 1_000_000_000}, {Header: "Chứng", Kind: "text", Role: "evidence"},
		},
	}
	f := func(row int, dims, measure string, value int64) Figure {
		return Figure{Row: row, Measure: measure, Unit: unit, Dims: dims, Value: value, Evidence: map[bool]string{true: "QĐ 1"}[measure == "y"]}
	}
	got := Compare(form,
		[]Figure{f(0, "b", "n", 1200), f(0, "b", "d", 2000), f(0, "a", "n", 7), f(0, "b", "x", 1), f(0, "b", "v", 5_000_000_000), f(0, "b", "m", 4)},
		[]Figure{f(9, "b", "n", 1300), f(9, "b", "d", 2000), f(9, "b", "y", 1), f(9, "b", "x", 0), f(9, "b", "m", 3), f(9, "b", "v", 5_012_500_000), f(9, "b", "one", 1), f(8, "c", "n", 0)})
	want := []Line{
		{Unit: unit, Dims: "c", Row: 8, Cells: []Cell{{"Tử", "", "0"}, {"Mẫu", "", ""}, {"Có", "", ""}, {"Trừ", "", ""}, {"Bit 2", "", ""}, {"Tiền", "", ""}, {"Chứng", "", ""}}},
		{Unit: unit, Dims: "b", Row: 9, Cells: []Cell{{"Tử", "1.200", "1.300"}, {"Mẫu", "2.000", "2.000"}, {"Có", "", "có"}, {"Trừ", "không", "có"}, {"Bit 2", "có", "không"}, {"Tiền", "5", "5,0125"}, {"Chứng", "", "QĐ 1"}}},
		{Unit: unit, Dims: "a", Row: 0, Cells: []Cell{{"Tử", "7", ""}, {"Mẫu", "", ""}, {"Có", "", ""}, {"Trừ", "", ""}, {"Bit 2", "", ""}, {"Tiền", "", ""}, {"Chứng", "", ""}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var kinds []string
	for _, c := range got[1].Cells {
		kinds = append(kinds, map[bool]string{true: "new"}[c.New()]+map[bool]string{true: "changed"}[c.Changed()])
	}
	if diff := cmp.Diff([]string{"changed", "", "new", "changed", "changed", "changed", "new"}, kinds); diff != "" {
		t.Error(diff)
	}
	if got := Compare(form, nil, nil); len(got) != 0 {
		t.Errorf("nothing beside nothing: %v", got)
	}
	if diff := cmp.Diff([]string{"n", "d", "one", "y", "x", "m", "v"}, Measures(form)); diff != "" {
		t.Error(diff)
	}
}
