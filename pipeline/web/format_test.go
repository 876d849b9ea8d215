package web

import (
	"testing"

	"tiendo/pipeline/plan"
)

func TestWeekly(t *testing.T) {
	share, score := &plan.Indicator{}, &plan.Indicator{Kind: plan.Score, Scale: 2, Unit: "điểm"}
	for _, c := range []struct {
		ind         *plan.Indicator
		value, want string
	}{
		{share, "0.2147999528", "+0,21"}, {share, "0.215", "+0,22"}, {share, "-0.0097231647", "-0,01"}, {share, "-0.0049", "0,00"}, {share, "0.0049", "0,00"}, {share, "0", "0,00"},
		{share, "1234.5", "+1.234,50"}, {share, "-12.999", "-13,00"}, {score, "0.25", "+0,25"},
	} {
		v := plan.MustValue(c.value)
		if got := weekly(c.ind, &v); got != c.want {
			t.Errorf("%s: %s, want %s", c.value, got, c.want)
		}
	}
	if got := weekly(share, nil); got != "–" {
		t.Errorf("unknown: %s", got)
	}
}

func TestSpansOfWeeks(t *testing.T) {
	sunday := plan.MustDay("2024-12-22")
	for _, c := range []struct {
		weeks []plan.Day
		want  string
	}{
		{[]plan.Day{sunday}, "2024-W51"},
		{[]plan.Day{sunday, sunday + 7, sunday + 14}, "2024-W51 đến 2025-W01"},
		{[]plan.Day{sunday - 70, sunday, sunday + 7, sunday + 28}, "2024-W41, 2024-W51 đến 2024-W52, 2025-W03"},
	} {
		if got := spans(c.weeks); got != c.want {
			t.Errorf("%v: %s, want %s", c.weeks, got, c.want)
		}
	}
}
