package contest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/plan"
)

var filed = Event{Number: 1, Step: 1, Action: File, At: time.UnixMilli(1), By: "can-bo", Reason: "Thiếu 12 hồ sơ", Evidence: "CV 12/UBND", Due: plan.MustDay("2025-07-07"),
	Figure: Figure{Indicator: "CQS-02", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, AsOf: plan.MustDay("2025-06-29"), KnownAt: time.UnixMilli(1)}}

func TestOf(t *testing.T) {
	end := func(number uint64, step uint32, a Action) Event {
		return Event{Number: number, Step: step, Action: a, Reason: "đã xem xét", Done: "đã sửa biểu"}
	}
	second := filed
	second.Number = 2
	for _, c := range []struct {
		name   string
		events []Event
		want   []State // nil: refused
	}{
		{"nothing", nil, []State{}},
		{"open", []Event{filed}, []State{Open}},
		{"accepted, in any order of rows", []Event{end(1, 2, Accept), filed}, []State{Accepted}},
		{"refused", []Event{filed, end(1, 2, Refuse)}, []State{Refused}},
		{"withdrawn", []Event{filed, end(1, 2, Withdraw), second}, []State{Withdrawn, Open}},
		{"decided twice", []Event{filed, end(1, 2, Accept), end(1, 3, Refuse)}, nil},
		{"two second steps", []Event{filed, end(1, 2, Accept), end(1, 2, Refuse)}, nil},
		{"filed twice", []Event{filed, filed}, nil},
		{"never filed", []Event{end(1, 2, Accept)}, nil},
		{"another's end", []Event{filed, end(2, 2, Accept)}, nil},
		{"a step is missing", []Event{filed, end(1, 3, Accept)}, nil},
		{"no such step", []Event{filed, end(1, 2, "sign")}, nil},
	} {
		all, err := Of(c.events)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(all) != len(c.want) {
			t.Errorf("%s: %+v", c.name, all)
			continue
		}
		for i, x := range all {
			if x.State != c.want[i] || (x.End == nil) != (x.State == Open) || x.Figure != filed.Figure {
				t.Errorf("%s: contest %d is %+v", c.name, i, x)
			}
		}
	}
}

func TestNext(t *testing.T) {
	for _, state := range []State{Open, Accepted, Refused, Withdrawn} {
		for _, a := range []Action{File, Accept, Refuse, Withdraw, "sign"} {
			e, err := Contest{Number: 7, State: state}.Next(a)
			if may := state == Open && (a == Accept || a == Refuse || a == Withdraw); (err == nil) != may {
				t.Errorf("%s of a contest that is %s: %v", a, state, err)
			} else if may && (e.Number != 7 || e.Step != 2 || e.Action != a) {
				t.Errorf("the next step is %+v", e)
			} else if state != Open && ends[a] != "" && !errors.Is(err, ErrEnded) {
				t.Errorf("%s of a contest that is %s: %v", a, state, err)
			}
		}
	}
}

func TestLate(t *testing.T) {
	c := Contest{Due: plan.MustDay("2025-07-07"), State: Open}
	if c.Late(c.Due) || !c.Late(c.Due+1) {
		t.Error("an answer is late from the day after its last one")
	}
	if c.State = Refused; c.Late(c.Due + 1) {
		t.Error("an answered contest is late")
	}
}

func TestStood(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2025, 7, d, 12, 0, 0, 0, time.UTC) }
	c := Contest{At: day(2), State: Refused, End: &Event{Action: Refuse, At: day(5)}}
	for _, x := range []struct {
		by    time.Time
		filed bool
		state State
	}{{day(1), false, Open}, {day(2), false, Open}, {day(3), true, Open}, {day(5), true, Open}, {day(6), true, Refused}, {time.Time{}, true, Refused}} {
		if got, filed := c.Stood(x.by); filed != x.filed || got.State != x.state || (got.End == nil) != (x.state == Open) {
			t.Errorf("by %s: filed %t, %s", x.by, filed, got.State)
		}
	}
	if c.State != Refused || c.End == nil {
		t.Error("the contest itself was changed")
	}
}

func TestWithin(t *testing.T) {
	start, end := plan.MustDay("2025-06-01"), plan.MustDay("2025-06-30")
	for _, x := range []struct {
		name        string
		asOf        string
		ended       string // empty: open
		open, among bool
	}{
		{"open, of the period", "2025-06-29", "", true, false},
		{"open, of an earlier one", "2024-06-30", "", true, false},
		{"ended in the period", "2024-06-30", "2025-06-30", false, true},
		{"ended later, of a figure of the period", "2025-06-01", "2025-08-01", false, true},
		{"ended before, of an earlier figure", "2025-05-25", "2025-05-31", false, false},
		{"ended later, of an earlier figure", "2025-05-25", "2025-07-01", false, false},
	} {
		c := Contest{State: Open, Figure: Figure{AsOf: plan.MustDay(x.asOf)}}
		if x.ended != "" {
			c.State, c.End = Accepted, &Event{At: plan.MustDay(x.ended).Start().Add(time.Hour)}
		}
		if open, ended := Within([]Contest{c}, start, end); (len(open) == 1) != x.open || (len(ended) == 1) != x.among {
			t.Errorf("%s: %d open, %d ended", x.name, len(open), len(ended))
		}
	}
}

func TestCheck(t *testing.T) {
	change := func(f func(*Event)) Event { e := filed; f(&e); return e }
	for _, c := range []struct {
		event Event
		says  string
	}{
		{filed, ""},
		{change(func(e *Event) { e.Reason = " \n " }), "Lý do: cần ghi rõ"},
		{change(func(e *Event) { e.Evidence = "ừ" }), "Minh chứng: cần ghi rõ"},
		{change(func(e *Event) { e.Reason = strings.Repeat("ă", 2001) }), "Lý do: dài 2001 ký tự"},
		{change(func(e *Event) { e.Figure.Indicator = "" }), "chưa rõ số liệu"},
		{change(func(e *Event) { e.Due = plan.NoDay }), "chưa rõ số liệu"},
		{Event{Action: Accept, Reason: "đúng như vậy"}, "Nội dung đã xử lý"},
		{Event{Action: Accept, Reason: "đúng như vậy", Done: "nạp lại biểu"}, ""},
		{Event{Action: Refuse, Reason: "số đúng"}, ""},
		{Event{Action: Withdraw}, "Lý do"},
		{Event{Action: "sign", Reason: "đúng như vậy"}, "không có bước"},
	} {
		err := c.event.Check()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v, want %q", c.event, err, c.says)
		}
	}
}
