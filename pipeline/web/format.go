package web

import (
	"fmt"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// number is an indicator's value without its unit: per cents with one decimal, scores with the decimals they are
// published with.
func number(ind *plan.Indicator, v *plan.Value) string {
	if v == nil {
		return words.Unknown
	}
	if ind.Kind != plan.Score {
		return words.Decimal(*v)
	}
	whole, frac, _ := strings.Cut(v.String(), ".")
	for len(frac) < ind.Scale {
		frac += "0"
	}
	if frac == "" {
		return whole
	}
	return whole + "," + frac
}

// figure is number with its unit: 37,3% or 17,35 điểm.
func figure(ind *plan.Indicator, v *plan.Value) string {
	if v == nil {
		return words.Unknown
	}
	return number(ind, v) + unitOf(ind)
}

func unitOf(ind *plan.Indicator) string {
	if u := ind.UnitText(); u != "%" {
		return " " + u
	}
	return "%"
}

// points names the unit of a difference: percentage points, or the score's own.
func points(ind *plan.Indicator) string {
	if u := ind.UnitText(); u != "%" {
		return u
	}
	return "điểm %"
}

// signed is a difference with its sign and one decimal: a column of them has as many digits everywhere. What is not zero keeps
// its sign where no digit shows it: -0,0 is a little below.
func signed(ind *plan.Indicator, v *plan.Value) string { return difference(ind, v, 1) }

// weekly is a movement in a week with its sign and two decimals: a year of weeks moves by tenths. What no digit shows is no
// movement.
func weekly(ind *plan.Indicator, v *plan.Value) string {
	if text := difference(ind, v, 2); strings.TrimLeft(text, "+-") != "0,00" {
		return text
	}
	return "0,00"
}

func difference(ind *plan.Indicator, v *plan.Value, places int) string {
	if v == nil {
		return words.Unknown
	}
	sign, u := "", *v
	switch {
	case u < 0:
		sign, u = "-", -u
	case u > 0:
		sign = "+"
	}
	if ind.Kind == plan.Score {
		return sign + number(ind, &u)
	}
	unit := int64(1)
	for range places {
		unit *= 10
	}
	n := int64((u + plan.One/plan.Value(2*unit)) / (plan.One / plan.Value(unit)))
	return fmt.Sprintf("%s%s,%0*d", sign, words.Count(n/unit), places, n%unit)
}

// threshold is a target as the plan writes it: ≥ 80%, > 50%.
func threshold(ind *plan.Indicator, cmp plan.Comparator, v *plan.Value) string {
	if v == nil {
		return words.Unknown
	}
	sign := "≥ "
	if cmp == plan.MoreThan {
		sign = "> "
	}
	return sign + strings.TrimSuffix(number(ind, v), ",0") + unitOf(ind)
}

// pair is numerator / denominator with what is counted.
func (s *site) pair(ind *plan.Indicator, a *Assessment) string {
	if a == nil || a.Numerator == nil || a.Denominator == nil {
		return ""
	}
	text := words.Count(*a.Numerator) + " / " + words.Count(*a.Denominator)
	if m, ok := s.Plan.Measure(ind.Denominator); ok && m.Unit != "" {
		text += " " + m.Unit
	}
	return text
}

// why is the reason that a reader needs beside a status: for what is unknown, old or judged otherwise than by the path.
func why(a *Assessment) string {
	if a == nil {
		return "kho chưa lưu kết quả theo yêu cầu này"
	}
	return words.Reasons(a.Reason)
}

// short is an indicator's code without its pillar, for narrow columns.
func short(ind *plan.Indicator) string { return strings.TrimPrefix(ind.Code, ind.Pillar+"-") }

func weeksText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("chậm %d tuần liền", n)
}

// statuses are those that owed targets can have, in the order in which counts are shown.
var statuses = []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData}
