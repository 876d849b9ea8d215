package progress

import (
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

func TestWeeksBehind(t *testing.T) {
	first := plan.MustDay("2023-01-01")
	for _, c := range []struct {
		name   string
		points []Status
		weeks  int
		since  int // index of the first week, -1: none
	}{
		{"no points", nil, 0, -1},
		{"never behind", []Status{OnTrack, Met, AtRisk}, 0, -1},
		{"behind from the start", []Status{Behind, Behind}, 2, 0},
		{"behind at the end", []Status{OnTrack, Behind, Behind, Behind}, 3, 1},
		{"at risk ends it", []Status{Behind, AtRisk, Behind}, 1, 2},
		{"on track ends it", []Status{Behind, Behind, OnTrack}, 0, -1},
		{"met ends it", []Status{Behind, Met}, 0, -1},
		{"no target ends it", []Status{Behind, NoTarget}, 0, -1},
		{"no data holds it", []Status{Behind, NoData, NoData, Behind}, 2, 0},
		{"stale holds it", []Status{OnTrack, Behind, Stale}, 1, 1},
		{"not applicable holds it", []Status{NotApplicable, Behind, NotApplicable, Behind}, 2, 1},
		{"holding nothing is nothing", []Status{NoData, Stale}, 0, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var points []WeekStatus
			for i, s := range c.points {
				points = append(points, WeekStatus{first + plan.Day(7*i), s})
			}
			want := NoStreak
			if c.since >= 0 {
				want = Streak{c.weeks, first + plan.Day(7*c.since)}
			}
			if got := WeeksBehind(points); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

var (
	anyStatus  = rapid.SampledFrom([]Status{NotApplicable, NoTarget, NoData, Stale, Met, OnTrack, AtRisk, Behind})
	heldStatus = rapid.SampledFrom([]Status{NotApplicable, NoData, Stale})
)

func TestHeldWeeksChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := plan.MustDay("2023-01-01")
		var all, heard []WeekStatus
		for i, s := range rapid.SliceOf(anyStatus).Draw(t, "statuses") {
			p := WeekStatus{first + plan.Day(14*i), s}
			all, heard = append(all, p), append(heard, p)
			if rapid.Bool().Draw(t, "held") {
				all = append(all, WeekStatus{p.Day + 7, heldStatus.Draw(t, "status")})
			}
		}
		if got, want := WeeksBehind(all), WeeksBehind(heard); got != want {
			t.Fatalf("with held weeks %+v, without %+v", got, want)
		}
	})
}
