package schema_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/contest"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

func TestContests(t *testing.T) {
	st, _, _ := migrated(t)
	value, n, d := plan.MustValue("37.1234567891"), int64(371), int64(1000)
	filed := contest.Event{Action: contest.File, At: auditTime, By: "can-bo", Reason: "Thiếu 12 hồ sơ", Evidence: "CV 12/UBND", Due: plan.MustDay("2025-07-07"),
		Figure: contest.Figure{Indicator: "CQS-02", Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, AsOf: plan.MustDay("2025-06-29"), KnownAt: auditTime.Add(-time.Hour), PlanVersion: "1", MethodVersion: "m", Value: &value,
			Numerator: &n, Denominator: &d, Status: progress.Behind}}
	unknown := filed
	unknown.Figure.Value, unknown.Figure.Numerator, unknown.Figure.Denominator, unknown.Figure.Unit.From = nil, nil, nil, plan.MustDay("2025-07-01")

	// Filed at the same moment, each has its own number.
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := st.AddContest(t.Context(), filed); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	last, err := st.AddContest(t.Context(), unknown)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := st.Contests(t.Context()); err != nil || uint64(len(all)) != last.Number {
		t.Fatalf("%d contests, the last is number %d: %v", len(all), last.Number, err)
	}

	// Decided at the same moment by two, one is told that it is over.
	var ended []error
	var mu sync.Mutex
	for _, x := range []contest.Event{{Number: 1, Step: 2, Action: contest.Accept, At: auditTime, By: "a", Reason: "đúng là thiếu", Done: "nộp lại biểu"}, {Number: 1, Step: 2, Action: contest.Refuse, At: auditTime, By: "b", Reason: "số đúng"}} {
		wait.Go(func() {
			if _, err := st.AddContest(t.Context(), x); err != nil {
				mu.Lock()
				ended = append(ended, err)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if len(ended) != 1 || !errors.Is(ended[0], contest.ErrEnded) {
		t.Errorf("of two decisions these were refused: %v", ended)
	}
	all, err := st.Contests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first := all[0]; first.State == contest.Open || first.End == nil || first.End.Due != plan.NoDay {
		t.Errorf("the decided one is %+v", first)
	}
	want := contest.Contest{Number: last.Number, Figure: unknown.Figure, Reason: filed.Reason, Evidence: filed.Evidence, By: filed.By, At: auditTime, Due: filed.Due, State: contest.Open}
	if diff := cmp.Diff(want, all[len(all)-1]); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if other, err := st.For("another").Contests(t.Context()); err != nil || len(other) != 0 {
		t.Errorf("another plan has %v %v", other, err)
	}
}
