package progress

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

// better ranks the statuses that a value alone can move between.
func better(t *rapid.T, s Status) int {
	i := slices.Index([]Status{Behind, AtRisk, OnTrack, Met}, s)
	if i < 0 {
		t.Fatalf("status %s is not about the value", s)
	}
	return i
}

// drawInput is an owed indicator with a path, fresh and known.
func drawInput(t *rapid.T) Input {
	in := base()
	in.AsOf = day("2022-06-30") + plan.Day(rapid.IntRange(0, 1280).Draw(t, "day"))
	in.Comparator = rapid.SampledFrom([]plan.Comparator{plan.AtLeast, plan.MoreThan}).Draw(t, "comparator")
	in.Window = rapid.SampledFrom([]plan.Window{plan.Latest, plan.YearToDate}).Draw(t, "window")
	in.PeriodType = rapid.SampledFrom([]plan.PeriodType{plan.Calendar, plan.Report}).Draw(t, "period type")
	in.Baseline.Value = plan.Value(rapid.Int64Range(0, int64(100*plan.One)).Draw(t, "baseline"))
	in.Weekly = drawWeekly(t, in.AsOf)
	return in
}

func drawWeekly(t *rapid.T, d plan.Day) []WeekPoint {
	var out []WeekPoint
	for i := range 12 {
		out = append(out, WeekPoint{
			Day: d.Sunday() - plan.Day(7*i), Known: rapid.Bool().Draw(t, "known"),
			Value: plan.Value(rapid.Int64Range(0, int64(100*plan.One)).Draw(t, "weekly")),
		})
	}
	return out
}

func TestHigherIsNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		den := rapid.Int64Range(1, 1_000_000).Draw(t, "den")
		low := rapid.Int64Range(0, den).Draw(t, "low")
		high := rapid.Int64Range(low, den).Draw(t, "high")
		in.Official, in.Path = SharePoint(low, den), SharePoint(low, den)
		worse := Assess(in)
		in.Official, in.Path = SharePoint(high, den), SharePoint(high, den)
		if b := Assess(in); better(t, b.Status) < better(t, worse.Status) {
			t.Fatalf("%d of %d is %s, %d is %s", low, den, worse.Status, high, b.Status)
		}
	})
}

func TestMetIsNeverBelowTheTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		point := func(name string) Point {
			den := rapid.Int64Range(1, 1000).Draw(t, name+" den")
			p := SharePoint(rapid.Int64Range(0, den).Draw(t, name), den)
			if rapid.IntRange(0, 4).Draw(t, name+" known") == 0 {
				p = UnknownPoint(ReasonTooFew, p.Numerator, p.Denominator)
			}
			return p
		}
		in.Official, in.Path = point("official"), point("path")
		a := Assess(in)
		reaches := func(p Point) bool { // by rationals, not by the code under test
			c := big.NewRat(100*p.Numerator, p.Denominator).Cmp(big.NewRat(int64(*a.Target), int64(plan.One)))
			return c > 0 || (c == 0 && in.Comparator == plan.AtLeast)
		}
		want := in.Path.Known && reaches(in.Path) && (!in.Official.Known || reaches(in.Official))
		if (a.Status == Met) != want {
			t.Fatalf("status %s, official %+v, path %+v, target %s %s", a.Status, in.Official, in.Path, in.Comparator, a.Target)
		}
		if a.Forecast != nil && (*a.Forecast < 0 || *a.Forecast > in.Cap) {
			t.Fatalf("forecast %s", a.Forecast)
		}
	})
}

func TestAssessIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		a := Assess(in)
		points := slices.Clone(in.Weekly)
		slices.Reverse(points)
		in.Weekly = points
		b := Assess(in)
		if a.Status != b.Status || show(a.PacePerWeek) != show(b.PacePerWeek) || show(a.Forecast) != show(b.Forecast) {
			t.Fatalf("the order of the weekly points matters: %+v, %+v", a, b)
		}
	})
}

func TestTheilSenOfALineIsItsSlope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := day("2024-03-31")
		slope := plan.Value(rapid.Int64Range(-int64(8*plan.One), int64(8*plan.One)).Draw(t, "slope"))
		start := plan.Value(rapid.Int64Range(-int64(100*plan.One), int64(100*plan.One)).Draw(t, "start"))
		var points []WeekPoint
		for i := range 12 {
			known := i < 4 || rapid.Bool().Draw(t, "known")
			points = append(points, WeekPoint{d - plan.Day(7*(11-i)), known, start + plan.Value(i)*slope})
		}
		if got := theilSen(points, d).rounded(); *got != slope {
			t.Fatalf("slope %s, want %s", got, slope)
		}
	})
}

// Against the definition, in rationals and without the common multiple.
func TestTheilSenIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := day("2024-03-31")
		points := drawWeekly(t, d)
		var known []WeekPoint
		for _, p := range points {
			if p.Known {
				known = append(known, p)
			}
		}
		got := theilSen(points, d)
		if len(known) < 4 {
			if got != nil {
				t.Fatal("a pace from too few points")
			}
			return
		}
		var slopes []*big.Rat
		for i, a := range known {
			for _, b := range known[:i] {
				slopes = append(slopes, big.NewRat(int64(a.Value-b.Value)*7, int64(a.Day-b.Day)))
			}
		}
		if want := median(slopes); new(big.Rat).SetFrac(got.num, got.den).Cmp(want) != 0 {
			t.Fatalf("pace %s / %s, want %s", got.num, got.den, want)
		}
	})
}

// The path only rises where targets rise, starts no higher than the baseline and ends at the last target.
func TestPathNeverFallsOrJumps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Baseline.Day += plan.Day(rapid.IntRange(0, 1200).Draw(t, "baseline day"))
		last := *expected(in.Targets, in.Baseline, in.Baseline.Day)
		if last > in.Baseline.Value && in.Baseline.Day != m23 {
			t.Fatalf("starts at %s, over the baseline %s", last, in.Baseline.Value)
		}
		span := in.Targets[1].Milestone - in.Baseline.Day
		steepest := max(val("80")/plan.Value(span), val("60")/plan.Value(max(1, m23-in.Baseline.Day)), val("20")/731) + 2
		for d := in.Baseline.Day + 1; d <= m25+30; d += 13 {
			v := *expected(in.Targets, in.Baseline, d)
			if v < last || v > last+13*steepest {
				t.Fatalf("from %s to %s on %s", last, v, d)
			}
			last = v
		}
		if last != val("80") {
			t.Fatalf("ends at %s", last)
		}
	})
}
