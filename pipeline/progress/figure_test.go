package progress

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

// ask is a unit and a day with the figures that must come out.
type ask struct{ unit, day, official, path string }

func check(t *testing.T, w *world, ind plan.Indicator, asks []ask) {
	t.Helper()
	book := w.book()
	for _, a := range asks {
		f := book.Figures(&ind, w.unit(a.unit))
		if got := pt(f.Official(day(a.day))); got != a.official {
			t.Errorf("%s on %s: official %s, want %s", a.unit, a.day, got, a.official)
		}
		want := a.path
		if want == "" {
			want = a.official
		}
		if got := pt(f.Path(day(a.day))); got != want {
			t.Errorf("%s on %s: path %s, want %s", a.unit, a.day, got, want)
		}
	}
}

func TestFlow(t *testing.T) {
	two := int64(2)
	for _, c := range []struct {
		name string
		ind  plan.Indicator
		rows string
		asks []ask
	}{
		{"days of the year so far, and of the last 364", indicator(), `
			n A  2022-12-31 40
			d A  2022-12-31 100
			n A  2023-01-01 30
			d A  2023-01-01 60
			n A1 2023-03-05 10
			d A1 2023-03-05 40
			n B  2023-03-06 1
			d B  2023-03-06 4`, []ask{
			{"A", "2022-12-30", "null not_reported", ""},
			{"A", "2022-12-31", "40 40/100", ""},
			{"A", "2023-01-01", "50 30/60", "43.75 70/160"},
			{"A", "2023-03-04", "50 30/60", "43.75 70/160"},
			{"A", "2023-03-05", "40 40/100", "40 80/200"},
			{"A1", "2023-03-05", "25 10/40", ""},
			{"P", "2023-03-06", "39.4230769231 41/104", "39.7058823529 81/204"},
			{"A", "2023-12-30", "40 40/100", "40 40/100"}, // 1 January is the 364th day back
			{"A", "2023-12-31", "40 40/100", "25 10/40"},  // and now the 365th
			{"A", "2024-01-01", "null not_reported", "25 10/40"},
			{"A", "2024-03-04", "null not_reported", "null not_reported"},
		}},
		{"calendar months count by their end", indicator(), `
			n A 2022-12-31 10
			d A 2022-12-31 50
			n A 2023-01-31 20
			d A 2023-01-31 50
			n A 2023-02-28 40
			d A 2023-02-28 50`, []ask{
			{"A", "2023-01-30", "null not_reported", "20 10/50"},
			{"A", "2023-01-31", "40 20/50", "30 30/100"},
			{"A", "2023-02-27", "40 20/50", "30 30/100"},
			{"A", "2023-02-28", "60 60/100", "46.6666666667 70/150"},
		}},
		{"reporting months: the closed year stands until the first month of the next is closed", indicator(monthly("middle")), `
			n A 2022-12-14 10
			d A 2022-12-14 50
			n A 2023-01-14 20
			d A 2023-01-14 50
			n A 2023-12-14 30
			d A 2023-12-14 50
			n A 2024-01-14 50
			d A 2024-01-14 50`, []ask{
			{"A", "2022-12-13", "null not_reported", ""},
			{"A", "2022-12-14", "20 10/50", ""},
			{"A", "2022-12-15", "20 10/50", ""},
			{"A", "2022-12-31", "20 10/50", ""},
			{"A", "2023-01-13", "20 10/50", ""},
			{"A", "2023-01-14", "40 20/50", "30 30/100"},
			{"A", "2023-12-13", "40 20/50", "40 20/50"},
			{"A", "2023-12-14", "50 50/100", ""},
			{"A", "2023-12-31", "50 50/100", ""},
			{"A", "2024-01-13", "50 50/100", "60 30/50"},
			{"A", "2024-01-14", "100 50/50", "80 80/100"},
		}},
		{"a few cases short of the plan's minimum", indicator(), "n A 2023-01-01 9 \n d A 2023-01-01 29 \n d A 2023-01-02 1", []ask{
			{"A", "2023-01-01", "null 9/29 too_few", ""},
			{"A", "2023-01-02", "30 9/30", ""},
			{"P", "2023-01-02", "30 9/30", ""},
			{"B", "2023-01-02", "null not_reported", ""},
		}},
		{"the year is young, the path is not", indicator(), "n A 2022-11-01 20 \n d A 2022-11-01 40 \n n A 2023-01-01 1 \n d A 2023-01-01 2", []ask{
			{"A", "2023-01-01", "null 1/2 too_few", "50 21/42"},
		}},
		{"the indicator's own minimum", indicator(func(ind *plan.Indicator) { ind.MinDenominator = &two }), "n A 2023-01-01 1 \n d A 2023-01-01 2 \n d A1 2023-01-01 1", []ask{
			{"A", "2023-01-01", "33.3333333333 1/3", ""},
			{"A1", "2023-01-01", "null 0/1 too_few", ""},
		}},
		{"each ratio by its own denominator", indicator(func(ind *plan.Indicator) { ind.Denominator = "e" }), "n A 2023-01-01 9 \n d A 2023-01-01 90 \n e A 2023-01-01 29", []ask{
			{"A", "2023-01-01", "null 9/29 too_few", ""},
		}},
		{"a numerator without a denominator", indicator(), "n A 2023-01-01 9", []ask{{"A", "2023-01-01", "null not_reported", ""}}},
		{"an ended unit's cases stay above it", indicator(), `
			n A2 2023-06-30 20
			d A2 2023-06-30 40
			n A1 2023-07-01 10
			d A1 2023-07-01 40`, []ask{
			{"A2", "2023-07-01", "50 20/40", ""},
			{"A", "2023-06-30", "50 20/40", ""},
			{"A", "2023-07-01", "37.5 30/80", ""},
			{"P", "2023-07-01", "37.5 30/80", ""},
		}},
		{"sent only: a document is its sender's", indicator(aggregate(plan.SentOnly)), "n A1 2023-01-01 30 \n d A1 2023-01-01 40 \n n P 2023-01-01 0 \n d P 2023-01-01 20", []ask{
			{"A1", "2023-01-01", "75 30/40", ""},
			{"A", "2023-01-01", "75 30/40", ""},
			{"B", "2023-01-01", "null not_reported", ""},
			{"P", "2023-01-01", "50 30/60", ""},
		}},
		{"own level only", indicator(aggregate(plan.OwnLevelOnly), func(ind *plan.Indicator) { ind.OwnLevels = []plan.Level{"middle"} }), `
			n P 2023-01-01 40
			d P 2023-01-01 40
			n A 2023-01-01 10
			d A 2023-01-01 40
			n B 2023-01-01 20
			d B 2023-01-01 40
			n A1 2023-01-01 40
			d A1 2023-01-01 40`, []ask{
			{"A", "2023-01-01", "25 10/40", ""},
			{"P", "2023-01-01", "37.5 30/80", ""},
			{"A1", "2023-01-01", "null not_reported", ""},
		}},
		{"reported here, as a flow", indicator(aggregate(plan.ReportedHere)), "n A1 2023-01-01 40 \n d A1 2023-01-01 40 \n n A 2023-01-01 10 \n d A 2023-01-01 40", []ask{
			{"A", "2023-01-01", "25 10/40", ""},
			{"P", "2023-01-01", "null not_reported", ""},
		}},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, newWorld(t, tree).rows(c.rows), c.ind, c.asks) })
	}
}

func TestStock(t *testing.T) {
	for _, c := range []struct {
		name string
		ind  plan.Indicator
		rows string
		asks []ask
	}{
		{"the newest pair of each, however few", indicator(stock), `
			n A1 2023-01-14 1
			d A1 2023-01-14 2
			n A1 2023-04-14 2
			d A1 2023-04-14 2
			n A2 2023-01-14 0
			d A2 2023-01-14 4
			n B1 2022-04-14 3
			d B1 2022-04-14 4`, []ask{
			{"A1", "2023-01-13", "null not_reported", ""},
			{"A1", "2023-04-13", "50 1/2", ""},
			{"A1", "2023-04-14", "100 2/2", ""},
			{"A1", "2025-01-01", "100 2/2", ""}, // no window
			{"A", "2023-01-14", "16.6666666667 1/6", ""},
			{"A", "2023-04-14", "33.3333333333 2/6", ""},
			{"P", "2023-04-14", "50 5/10", ""},
			{"A", "2023-06-30", "33.3333333333 2/6", ""},
			{"A", "2023-07-01", "100 2/2", ""}, // A2 has ended: its people are no one's stock
			{"P", "2023-07-01", "83.3333333333 5/6", ""},
		}},
		{"a pair is of one period", indicator(stock), `
			n A1 2023-01-14 1
			d A1 2023-01-14 2
			d A1 2023-04-14 8
			n B1 2023-01-14 3
			d B1 2023-01-14 4
			n B1 2023-04-14 4`, []ask{
			{"A1", "2023-04-13", "50 1/2", ""},
			{"A1", "2023-04-14", "null not_reported", ""}, // not 1 of 8
			{"B1", "2023-04-14", "75 3/4", ""},            // not 4 of 4
			{"P", "2023-04-14", "75 3/4", ""},
		}},
		{"agencies: one gives 0 or 100", indicator(stock, aggregate(plan.Agencies)), `
			n A  2023-01-14 1
			d A  2023-01-14 1
			n A1 2023-01-14 0
			d A1 2023-01-14 1
			n B1 2023-01-14 1
			d B1 2023-01-14 1`, []ask{
			{"A1", "2023-01-14", "0 0/1", ""},
			{"A", "2023-01-14", "50 1/2", ""},
			{"B", "2023-01-14", "100 1/1", ""},
			{"P", "2023-01-14", "66.6666666667 2/3", ""},
		}},
		{"reported here: never summed", indicator(stock, aggregate(plan.ReportedHere), func(ind *plan.Indicator) { ind.Kind = plan.Reported }), `
			n P 2023-01-14 30
			d P 2023-01-14 100
			n A 2023-01-14 50
			d A 2023-01-14 50`, []ask{
			{"P", "2023-01-14", "30 30/100", ""},
			{"A", "2023-01-14", "100 50/50", ""},
			{"B", "2023-01-14", "null not_reported", ""},
		}},
		{"all of nothing", indicator(stock), "n A1 2023-01-14 0 \n d A1 2023-01-14 0", []ask{{"A", "2023-01-14", "null not_reported", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, newWorld(t, tree).rows(c.rows), c.ind, c.asks) })
	}
}

func TestFacilities(t *testing.T) {
	kinds := func(ind *plan.Indicator) { ind.FacilityKinds = []string{"school", "college"} }
	const registry = `
		s1 school A1 B
		s2 college B1 B ..2023-06-30
		s3 school B1 A 2023-07-01..
		h1 hospital A2 A`
	const rows = `
		n @s1 2023-01-14 10
		d @s1 2023-01-14 40
		n @s2 2023-01-14 30
		d @s2 2023-01-14 40
		n @s3 2023-08-14 40
		d @s3 2023-08-14 40
		n @h1 2023-01-14 40
		d @h1 2023-01-14 40`
	for _, c := range []struct {
		name string
		ind  plan.Indicator
		asks []ask
	}{
		{"by where they stand, a flow", indicator(aggregate(plan.LocatedIn), kinds), []ask{
			{"A1", "2023-01-14", "25 10/40", ""},
			{"A", "2023-01-14", "25 10/40", ""},
			{"B", "2023-01-14", "75 30/40", ""},
			{"P", "2023-01-14", "50 40/80", ""},
			{"P", "2023-08-14", "66.6666666667 80/120", ""}, // a closed school's payments stay
		}},
		{"by where they stand, a stock", indicator(stock, aggregate(plan.LocatedIn), kinds), []ask{
			{"A", "2023-01-14", "25 10/40", ""},
			{"B", "2023-01-14", "75 30/40", ""},
			{"B", "2023-07-01", "null not_reported", ""},
			{"P", "2023-07-01", "25 10/40", ""},
			{"P", "2023-08-14", "62.5 50/80", ""},
		}},
		{"by who manages them", indicator(stock, aggregate(plan.ManagedBy), kinds), []ask{
			{"A", "2023-08-14", "100 40/40", ""},
			{"B", "2023-01-14", "50 40/80", ""},
			{"B1", "2023-01-14", "null not_reported", ""},
			{"P", "2023-01-14", "50 40/80", ""},
		}},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, newWorld(t, tree).facilities(registry).rows(rows), c.ind, c.asks) })
	}
	for _, c := range []struct {
		name, registry, unit string
		want                 Reason
	}{
		{"a unit with one", registry, "A", ""},
		{"a unit without any of the kinds", registry, "A2", ReasonNoFacility},
		{"nothing is registered yet", "", "A", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newWorld(t, tree).facilities(c.registry).figures(indicator(stock, aggregate(plan.LocatedIn), kinds), c.unit)
			if f.structural != c.want {
				t.Errorf("structural %q, want %q", f.structural, c.want)
			}
		})
	}
}

func TestCatalogue(t *testing.T) {
	catalogue := indicator(stock, aggregate(plan.DistinctCatalogue), func(ind *plan.Indicator) {
		ind.Numerator, ind.Denominator, ind.Scope = "full", "", "scope"
	})
	conjunction := indicator(stock, aggregate(plan.DistinctCatalogue), func(ind *plan.Indicator) {
		ind.Kind, ind.Numerator, ind.Denominator, ind.Scope = plan.Conjunction, "full", "", "scope"
		ind.Features = []plan.Feature{{Code: "a", Bit: 0}, {Code: "b", Bit: 2}}
	})
	for _, c := range []struct {
		name string
		ind  plan.Indicator
		rows string
		asks []ask
	}{
		{"a code counts once, and is done where everyone has it", catalogue, `
			scope A1 2023-01-01 1 dims=c1
			full  A1 2023-01-01 1 dims=c1
			scope A2 2023-01-01 1 dims=c1
			full  A2 2023-01-01 0 dims=c1
			scope A1 2023-01-01 1 dims=c2
			full  A1 2023-01-01 1 dims=c2
			scope B1 2023-01-01 1 dims=c2
			full  B1 2023-01-01 1 dims=c2`, []ask{
			{"A1", "2022-12-31", "null not_reported", ""},
			{"A1", "2023-01-01", "100 2/2", ""},
			{"A2", "2023-01-01", "0 0/1", ""},
			{"A", "2023-01-01", "50 1/2", ""},
			{"B", "2023-01-01", "100 1/1", ""},
			{"P", "2023-01-01", "50 1/2", ""},
			{"P", "2023-06-30", "50 1/2", ""},
			{"P", "2023-07-01", "100 2/2", ""}, // the unit that did not have it has ended
			{"A2", "2023-07-01", "null not_reported", ""},
		}},
		{"out of force at one, it is the others' affair", catalogue, `
			scope A1 2023-01-01 1 dims=c1
			full  A1 2023-01-01 1 dims=c1
			scope B1 2023-01-01 1 dims=c1
			full  B1 2023-01-01 0 dims=c1
			scope B1 2023-02-01 0 dims=c1`, []ask{
			{"P", "2023-01-31", "0 0/1", ""},
			{"P", "2023-02-01", "100 1/1", ""},
			{"B", "2023-02-01", "null not_reported", ""},
		}},
		{"not eligible does not count, done or not", catalogue, `
			scope A1 2023-01-01 0 dims=c1
			full  A1 2023-01-01 1 dims=c1
			scope A1 2023-01-01 1 dims=c2
			full  A1 2023-01-01 0 dims=c2
			full  A1 2023-01-01 1 dims=c3`, []ask{
			{"A1", "2023-01-01", "0 0/1", ""},
		}},
		{"nothing said of it is not done", catalogue, "scope A1 2023-01-01 1 dims=c1", []ask{{"A1", "2023-01-01", "0 0/1", ""}}},
		{"as it was on the day", catalogue, `
			scope A1 2023-01-01 1 dims=c1
			full  A1 2023-01-01 0 dims=c1
			full  A1 2023-03-01 1 dims=c1
			scope A1 2023-03-01 1 dims=c2
			full  A1 2023-03-01 0 dims=c2
			full  A1 2023-04-01 1 dims=c2
			full  A1 2023-05-01 0 dims=c1`, []ask{
			{"A1", "2023-02-28", "0 0/1", ""},
			{"A1", "2023-03-01", "50 1/2", ""},
			{"A1", "2023-04-30", "100 2/2", ""},
			{"A1", "2023-05-01", "50 1/2", ""},
		}},
		{"all features, and those of no interest", conjunction, `
			scope A1 2023-01-14 1 dims=c1
			full  A1 2023-01-14 5 dims=c1
			scope A1 2023-01-14 1 dims=c2
			full  A1 2023-01-14 7 dims=c2
			scope A1 2023-01-14 1 dims=c3
			full  A1 2023-01-14 4 dims=c3
			scope A1 2023-01-14 1 dims=c4
			full  A1 2023-01-14 2 dims=c4
			scope A1 2023-01-14 0 dims=c5
			full  A1 2023-01-14 5 dims=c5`, []ask{
			{"A1", "2023-01-14", "50 2/4", ""},
		}},
		{"features at different units are not one service", conjunction, `
			scope A1 2023-01-14 1 dims=c1
			full  A1 2023-01-14 1 dims=c1
			scope B1 2023-01-14 1 dims=c1
			full  B1 2023-01-14 4 dims=c1`, []ask{
			{"P", "2023-01-14", "0 0/1", ""},
		}},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, newWorld(t, tree).rows(c.rows), c.ind, c.asks) })
	}
}

func reduction(ind *plan.Indicator) {
	ind.Kind, ind.Aggregate, ind.Window, ind.Numerator, ind.Denominator, ind.Baseline = plan.Reduction, plan.DistinctCatalogue, plan.Latest, "force", "", "base"
}

func TestReductionOfTheCatalogue(t *testing.T) {
	const units = `
		P top
		A middle P ..2023-06-30
		B middle P ..2023-06-30
		C middle P
		E middle P ..2023-06-30
		G middle P ..2023-06-30
		G1 low G ..2023-06-30
		H middle P ..2023-06-30
		H1 low H ..2023-06-30
		AE middle P 2023-07-01.. <A <E
		AB middle P 2023-07-01.. <A <B
		GH middle P 2023-07-01.. <G <H
		AC middle P 2023-07-01.. <A <?C
		AD middle P 2023-07-01.. <A <C
		N middle P 2023-07-01..`
	const baselines = `
		P 2022-06-30 10/0
		A 2022-06-30 4/0
		B 2022-06-30 5/0
		E 2022-07-31 5/0
		G 2022-06-30 3/0
		H 2022-06-30 3/0`
	const rows = `
		force A  2023-01-01 1 dims=c1
		force A  2023-01-01 1 dims=c2
		force B  2023-01-01 1 dims=c2
		force B  2023-01-01 1 dims=c3
		force B  2023-02-01 0 dims=c3
		force A  2023-03-01 0 dims=c2
		force C  2023-01-01 1 dims=c1
		force E  2023-01-01 1 dims=c4
		force G1 2023-04-01 1 dims=c5
		force H1 2023-04-01 1 dims=c5
		force AE 2023-07-01 1 dims=c1
		force AE 2023-07-01 0 dims=c2
		force AB 2023-07-01 1 dims=c1
		force GH 2023-07-01 1 dims=c1
		force AC 2023-07-01 1 dims=c1
		force AD 2023-07-01 1 dims=c1
		force N  2023-07-01 1 dims=c1`
	w := newWorld(t, units).baselines(baselines).rows(rows)
	check(t, w, indicator(reduction), []ask{
		{"A", "2022-12-31", "null not_reported", ""},
		{"A", "2023-01-01", "50 2/4", ""},
		{"P", "2023-01-01", "60 6/10", ""}, // four distinct codes in force
		{"P", "2023-02-01", "70 7/10", ""},
		{"B", "2023-02-01", "80 4/5", ""},
		{"A", "2023-03-01", "75 3/4", ""},
		{"P", "2023-03-01", "70 7/10", ""}, // B still has c2
		{"P", "2023-04-01", "60 6/10", ""}, // one code at two units below
		{"P", "2023-07-01", "90 9/10", ""}, // the rest was only in force at units that ended
		{"C", "2023-01-01", "null no_baseline", ""},
		{"AE", "2023-07-01", "88.8888888889 8/9", ""},
		{"AC", "2023-07-01", "null no_baseline", ""},
	})
	book := w.book()
	for _, c := range []struct {
		unit string
		want Reason
		base string // day of the path's start, which is at 0 per cent
	}{
		{"A", "", "2022-06-30"},
		{"AE", "", "2022-07-31"},
		{"AB", ReasonNoBaseline, ""}, // a code of both would be counted twice
		{"GH", ReasonNoBaseline, ""}, // and so would one of both below them
		{"AC", ReasonNoBaseline, ""}, // a part of a unit cannot be told from the rest
		{"AD", ReasonNoBaseline, ""}, // a predecessor has none
		{"N", ReasonNoBaseline, ""},
		{"C", "", ""}, // not born later: its baseline has yet to come in
	} {
		ind := indicator(reduction)
		f := book.Figures(&ind, w.unit(c.unit))
		if f.structural != c.want {
			t.Errorf("%s: structural %q, want %q", c.unit, f.structural, c.want)
		}
		b := f.Baseline()
		if got := c.base != ""; b.Known != got || got && (b.Day != day(c.base) || b.Value != 0 || b.Derived) {
			t.Errorf("%s: baseline %+v, want one of %q", c.unit, b, c.base)
		}
	}
	if got := instant(w.figures(indicator(reduction), "AE").KnownAt(day("2023-06-30"))); got != "2022-07-31 23:30" {
		t.Errorf("an inherited baseline is known at %s", got)
	}
}

func TestBaseline(t *testing.T) {
	const units = `
		A low ..2023-06-30
		B low ..2023-06-30
		C low
		AB low 2023-07-01.. <A <B
		BA low 2023-07-01.. <B <A
		Z low <A
		AP low 2023-07-01.. <A <?B
		AO low 2023-07-01.. <A <B`
	w := newWorld(t, units).baselines(`
		A  2022-06-30 10/40
		B  2022-07-31 20/40
		C  2022-06-30 5/0
		AO 2023-07-01 1/2`)
	for _, c := range []struct{ unit, value, day string }{
		{"A", "25", "2022-06-30"},
		{"AB", "37.5", "2022-07-31"}, // pairs are added up, the newest day counts
		{"BA", "37.5", "2022-07-31"},
		{"Z", "", ""},              // in force before the plan: what it has is its own
		{"AO", "50", "2023-07-01"}, // its own goes before what it inherits
		{"AP", "", ""},             // a part of a unit cannot be told from the rest
		{"C", "", ""},              // a count is no share
	} {
		b := w.figures(indicator(), c.unit).Baseline()
		switch {
		case b.Known != (c.value != ""):
			t.Errorf("%s: baseline %+v", c.unit, b)
		case b.Known && (b.Value.String() != c.value || b.Day != day(c.day) || b.Derived):
			t.Errorf("%s: baseline %s on %s, want %s on %s", c.unit, b.Value, b.Day, c.value, c.day)
		}
	}
}

func TestMinimum(t *testing.T) {
	ind := indicator(stock, aggregate(plan.MinAfterSumPerSector), func(ind *plan.Indicator) {
		ind.Kind, ind.Over, ind.Rhythm, ind.PeriodType = plan.MinOver, "sector", plan.Yearly, plan.Report
	})
	const both = `
		n P 2022-12-14 40 dims=farm
		d P 2022-12-14 50 dims=farm
		n P 2022-12-14 35 dims=trade
		d P 2022-12-14 50 dims=trade`
	for _, c := range []struct{ name, rows, day, want, member string }{
		{"nothing yet", "", "2023-01-01", "null missing_sector", ""},
		{"the smaller share", both, "2023-01-01", "70 35/50", "trade"},
		{"one is missing, the other meets the target", "n P 2022-12-14 40 dims=farm \n d P 2022-12-14 50 dims=farm", "2023-01-01", "null missing_sector", ""},
		{"one is missing, the other fails already", "n P 2022-12-14 20 dims=farm \n d P 2022-12-14 50 dims=farm", "2023-01-01", "40 20/50 missing_sector", "farm"},
		{"one is missing, the other fails only the later target", "n P 2022-12-14 35 dims=farm \n d P 2022-12-14 50 dims=farm", "2024-01-01", "70 35/50 missing_sector", "farm"},
		{"half a pair is none", both + "\n d P 2023-12-14 60 dims=trade", "2023-12-31", "null missing_sector", ""},
		{"each its newest", both + "\n n P 2023-12-14 60 dims=trade \n d P 2023-12-14 60 dims=trade", "2023-12-31", "80 40/50", "farm"},
		{"a sector that is none of the members", both + "\n n P 2022-12-14 0 dims=x \n d P 2022-12-14 9 dims=x", "2023-01-01", "70 35/50", "trade"},
		{"never the sum of those below", "n A 2022-12-14 1 dims=farm \n d A 2022-12-14 9 dims=farm", "2023-01-01", "null missing_sector", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, tree).rows(c.rows)
			w.plan.Members = map[string][]plan.Member{"sector": {{Code: "farm"}, {Code: "trade"}}}
			f := w.figures(ind, "P")
			if got := pt(f.Official(day(c.day))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := f.Member(day(c.day)); got != c.member {
				t.Errorf("held back by %q, want %q", got, c.member)
			}
		})
	}
	t.Run("without a number nothing fails already", func(t *testing.T) {
		for name, change := range map[string]func(*world, *plan.Indicator){
			"no milestones": func(w *world, _ *plan.Indicator) { w.plan.Milestones = nil },
			"no target":     func(_ *world, ind *plan.Indicator) { ind.Targets = nil },
		} {
			w := newWorld(t, tree).rows("n P 2022-12-14 1 dims=farm \n d P 2022-12-14 50 dims=farm")
			w.plan.Members = map[string][]plan.Member{"sector": {{Code: "farm"}, {Code: "trade"}}}
			ind := ind
			change(w, &ind)
			if got := pt(w.figures(ind, "P").Official(day("2023-01-01"))); got != "null missing_sector" {
				t.Errorf("%s: got %s", name, got)
			}
		}
	})
	if got := newWorld(t, tree).figures(indicator(), "P").Member(day("2023-01-01")); got != "" {
		t.Errorf("a ratio is held back by %q", got)
	}
}

func TestScore(t *testing.T) {
	score := func(scale int) plan.Indicator {
		return indicator(stock, aggregate(plan.ReportedHere), func(ind *plan.Indicator) {
			ind.Kind, ind.Denominator, ind.Scale = plan.Score, "", scale
		})
	}
	for _, c := range []struct {
		name string
		ind  plan.Indicator
		asks []ask
	}{
		{"whole points", score(0), []ask{{"A", "2023-01-01", "null not_reported", ""}, {"A", "2023-01-02", "1785", ""}, {"A", "2023-02-02", "1790", ""}, {"P", "2023-02-02", "null not_reported", ""}}},
		{"two decimals", score(2), []ask{{"A", "2023-01-02", "17.85", ""}, {"A", "2025-02-02", "17.9", ""}}},
		{"ten decimals", score(10), []ask{{"A", "2023-01-02", "0.0000001785", ""}}},
		{"an ended unit has none", score(2), []ask{{"A2", "2023-06-30", "1", ""}, {"A2", "2023-07-01", "null not_reported", ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, newWorld(t, tree).rows("n A 2023-01-02 1785 \n n A 2023-02-02 1790 \n n A2 2023-01-02 100"), c.ind, c.asks)
		})
	}
}

// The first source that has a measure of a unit is asked for it, alone.
func TestSourcesByPreference(t *testing.T) {
	first := func(sources ...string) func(*plan.Indicator) {
		return func(ind *plan.Indicator) { ind.Sources = sources }
	}
	const rows = `
		n A1 2023-01-01 10
		d A1 2023-01-01 40
		n A1 2023-01-01 20 source=t
		d A1 2023-01-01 40 source=t
		n B1 2023-01-01 30 source=t
		d B1 2023-01-01 40 source=t
		n B1 2023-01-01 1  source=u
		d B1 2023-01-01 90 source=u`
	for _, c := range []struct {
		sources []string
		asks    []ask
	}{
		{[]string{"s", "t"}, []ask{{"A", "2023-01-01", "25 10/40", ""}, {"B", "2023-01-01", "75 30/40", ""}, {"P", "2023-01-01", "50 40/80", ""}}},
		{[]string{"t", "s"}, []ask{{"A", "2023-01-01", "50 20/40", ""}, {"P", "2023-01-01", "62.5 50/80", ""}}},
		{[]string{"s"}, []ask{{"P", "2023-01-01", "25 10/40", ""}, {"B", "2023-01-01", "null not_reported", ""}}},
	} {
		check(t, newWorld(t, tree).rows(rows), indicator(first(c.sources...)), c.asks)
		check(t, newWorld(t, tree).rows(rows), indicator(first(c.sources...), stock), c.asks)
	}
	catalogue := indicator(stock, aggregate(plan.DistinctCatalogue), first("s", "t"), func(ind *plan.Indicator) {
		ind.Numerator, ind.Denominator, ind.Scope = "full", "", "scope"
	})
	check(t, newWorld(t, tree).rows(`
		scope A1 2023-01-01 1 dims=c1
		full  A1 2023-01-01 1 dims=c1
		scope A1 2023-01-01 1 dims=c2 source=t
		full  A1 2023-01-01 0 dims=c2 source=t
		scope B1 2023-01-01 1 dims=c3 source=t
		full  B1 2023-01-01 0 dims=c3 source=t`), catalogue, []ask{{"A", "2023-01-01", "100 1/1", ""}, {"P", "2023-01-01", "50 1/2", ""}})
}

func TestFreshnessOfDailySources(t *testing.T) {
	catalogue := indicator(stock, aggregate(plan.DistinctCatalogue), func(ind *plan.Indicator) {
		ind.Numerator, ind.Denominator, ind.Scope = "full", "", "scope"
	})
	for _, c := range []struct {
		name      string
		ind       plan.Indicator
		snapshots []string
		day       string
		age       int // -1: not known
		known     string
	}{
		{"no snapshot yet", indicator(), nil, "2023-01-10", -1, "never"},
		{"of the day", indicator(), []string{"2023-01-09", "2023-01-10"}, "2023-01-10", 0, "2023-01-10 23:30"},
		{"quiet since", indicator(), []string{"2023-01-08"}, "2023-01-10", 2, "2023-01-08 23:30"},
		{"old", indicator(), []string{"2022-12-31", "2023-01-07"}, "2023-01-10", 3, "2023-01-07 23:30"},
		{"a flow's day is covered by the first snapshot after it", indicator(), []string{"2023-01-07", "2023-01-15", "2023-01-22"}, "2023-01-10", 0, "2023-01-15 23:30"},
		{"even the first of all", indicator(), []string{"2023-01-15"}, "2023-01-10", 0, "2023-01-15 23:30"},
		{"a stock's day is not", catalogue, []string{"2023-01-07", "2023-01-15"}, "2023-01-10", 3, "2023-01-07 23:30"},
		{"a stock's own day is", catalogue, []string{"2023-01-07", "2023-01-10"}, "2023-01-10", 0, "2023-01-10 23:30"},
		{"a stock before the first snapshot", catalogue, []string{"2023-01-15"}, "2023-01-10", -1, "never"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newWorld(t, tree).snapshots("s", c.snapshots...).snapshots("other", "2023-01-10").figures(c.ind, "P")
			want := Freshness{Known: c.age >= 0, Age: max(0, c.age), Rhythm: 1, Minimum: val("80")}
			if got := f.Freshness(day(c.day)); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if got := instant(f.KnownAt(day(c.day))); got != c.known {
				t.Errorf("known at %s, want %s", got, c.known)
			}
		})
	}
	t.Run("the next source where the first has none", func(t *testing.T) {
		ind := indicator(func(ind *plan.Indicator) { ind.Sources = []string{"s", "t"} })
		f := newWorld(t, tree).snapshots("t", "2023-01-09").figures(ind, "P")
		if got := f.Freshness(day("2023-01-10")); !got.Known || got.Age != 1 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("two snapshots of one day", func(t *testing.T) {
		w := newWorld(t, tree)
		w.know.Snapshots["s"] = []int64{evening(day("2023-01-10")) - 3_600_000, evening(day("2023-01-10"))}
		if got := instant(w.figures(indicator(), "P").KnownAt(day("2023-01-10"))); got != "2023-01-10 22:30" {
			t.Errorf("known at %s: the first of the day covers what was known of it", got)
		}
	})
}

func TestFreshnessOfForms(t *testing.T) {
	const five = `
		P top
		A low P
		B low P
		C low P
		D low P
		E low P
		F low P ..2023-03-31
		G low P 2023-07-01..`
	const rows = `
		d A 2023-03-14 9
		d B 2023-03-14 9
		d C 2023-03-14 9
		d D 2023-01-14 9
		d E 2023-01-13 9
		d F 2022-01-14 9`
	quiet := func(ind *plan.Indicator) { ind.QuietMonths = []int{6, 7} }
	sector := indicator(stock, aggregate(plan.MinAfterSumPerSector), func(ind *plan.Indicator) {
		ind.Kind, ind.Over, ind.Rhythm, ind.PeriodType = plan.MinOver, "sector", plan.Yearly, plan.Report
	})
	score := indicator(stock, aggregate(plan.ReportedHere), func(ind *plan.Indicator) {
		ind.Kind, ind.Numerator, ind.Denominator, ind.Rhythm = plan.Score, "d", "", plan.Monthly
	})
	for _, c := range []struct {
		name string
		ind  plan.Indicator
		rows string
		unit string
		day  string
		want Freshness
		old  Reason
	}{
		{"nothing came in", indicator(monthly("low")), "", "A", "2023-03-17", Freshness{Rhythm: 31}, ""},
		{"one unit of its own", indicator(monthly("low")), rows, "A", "2023-03-17", Freshness{Known: true, Age: 3, Rhythm: 31}, ""},
		{"twice the rhythm", indicator(monthly("low")), rows, "A", "2023-05-15", Freshness{Known: true, Age: 62, Rhythm: 31}, ""},
		{"a day more", indicator(monthly("low")), rows, "A", "2023-05-16", Freshness{Known: true, Age: 63, Rhythm: 31}, ReasonOldInput},
		{"an ended unit is not asked", indicator(monthly("low")), rows + "\n d F 2023-03-14 9", "P", "2023-04-01",
			Freshness{Known: true, Age: 18, Rhythm: 31, Current: 3, Expected: 5}, ReasonLowCoverage},
		{"62 days are in time, 63 are not", indicator(monthly("low")), rows, "P", "2023-03-17", Freshness{Known: true, Age: 3, Rhythm: 31, Current: 4, Expected: 6}, ReasonLowCoverage},
		{"80 per cent", indicator(monthly("low")), rows + "\n d E 2023-02-14 9", "P", "2023-04-15", Freshness{Known: true, Age: 32, Rhythm: 31, Current: 4, Expected: 5}, ""},
		{"a unit not yet there is not asked", indicator(monthly("low")), rows, "P", "2023-06-30", Freshness{Known: true, Age: 108, Rhythm: 31, Current: 0, Expected: 5}, ReasonOldInput},
		{"a level that does not enter figures is not asked", indicator(monthly("top")), "d P 2023-03-14 9 \n" + rows, "P", "2023-03-17", Freshness{Known: true, Age: 3, Rhythm: 31, Current: 1, Expected: 1}, ""},
		{"nobody is expected to enter figures", indicator(monthly()), rows, "P", "2023-03-17", Freshness{Rhythm: 31}, ""},
		{"months without school do not age it", indicator(monthly("low"), quiet), "d A 2023-05-14 9", "A", "2023-08-14", Freshness{Known: true, Age: 31, Rhythm: 31}, ""},
		{"from within such a month", indicator(monthly("low"), quiet), "d A 2023-06-14 9", "A", "2023-07-31", Freshness{Known: true, Age: 0, Rhythm: 31}, ""},
		{"of two years", indicator(monthly("low"), quiet), "d A 2022-05-31 9", "A", "2023-08-01", Freshness{Known: true, Age: 305, Rhythm: 31}, ReasonOldInput},
		{"a minimum is as old as its oldest member", sector, "d P 2021-12-14 9 dims=farm \n d P 2022-12-14 9 dims=trade \n d P 2023-01-14 9 dims=x", "P", "2023-01-14", Freshness{Known: true, Age: 396, Rhythm: 366}, ""},
		{"a minimum without members' figures", sector, "", "P", "2023-01-14", Freshness{Rhythm: 366}, ""},
		{"a score has no denominator", score, "d P 2023-03-14 9", "P", "2023-03-17", Freshness{Known: true, Age: 3, Rhythm: 31}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, five).rows(c.rows)
			w.plan.Members = map[string][]plan.Member{"sector": {{Code: "farm"}, {Code: "trade"}}}
			c.want.Minimum = val("80")
			got := w.figures(c.ind, c.unit).Freshness(day(c.day))
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if why, _ := got.old(); why != c.old {
				t.Errorf("old because of %q, want %q", why, c.old)
			}
		})
	}
	t.Run("units that state codes of a catalogue", func(t *testing.T) {
		ind := indicator(stock, aggregate(plan.DistinctCatalogue), monthly("low"), func(ind *plan.Indicator) {
			ind.Numerator, ind.Denominator, ind.Scope = "full", "", "scope"
		})
		f := newWorld(t, "P top \n A low P \n B low P").rows("scope A 2023-01-14 1 dims=c1 \n scope A 2023-03-14 1 dims=c2").figures(ind, "P")
		want := Freshness{Known: true, Age: 3, Rhythm: 31, Current: 1, Expected: 2, Minimum: val("80")}
		if got := f.Freshness(day("2023-03-17")); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := instant(f.KnownAt(day("2023-03-13"))); got != "2023-01-14 23:30" {
			t.Errorf("known at %s", got)
		}
	})
	t.Run("facilities must each hand in", func(t *testing.T) {
		ind := indicator(stock, aggregate(plan.LocatedIn), monthly(), func(ind *plan.Indicator) { ind.FacilityKinds = []string{"school"} })
		f := newWorld(t, tree).facilities("s1 school A1 A \n s2 school B1 B \n s3 school B1 B ..2023-01-31").rows("d @s1 2023-03-14 9").figures(ind, "P")
		want := Freshness{Known: true, Age: 3, Rhythm: 31, Current: 1, Expected: 2, Minimum: val("80")}
		if got := f.Freshness(day("2023-03-17")); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// A stock's figures are known when the newest of what they rest on was learnt, the baseline included.
func TestKnownAt(t *testing.T) {
	w := newWorld(t, tree).rows(`
		n A1 2023-01-14 1 known=2023-01-20
		d A1 2023-01-14 2 known=2023-01-21
		n B1 2023-01-14 1 known=2023-02-20
		n A1 2023-02-14 1 known=2023-03-20
		n P  2023-01-14 1 known=2023-05-01 dims=farm`).baselines("A1 2023-01-22 1/2")
	w.plan.Members = map[string][]plan.Member{"sector": {{Code: "farm"}}}
	minimum := indicator(stock, aggregate(plan.MinAfterSumPerSector), func(ind *plan.Indicator) { ind.Kind, ind.Over, ind.Rhythm = plan.MinOver, "sector", plan.Yearly })
	for _, c := range []struct {
		ind             plan.Indicator
		unit, day, want string
	}{
		{indicator(stock), "P", "2023-01-13", "never"},
		{indicator(stock), "A", "2023-01-14", "2023-01-21 23:30"},
		{indicator(stock), "A1", "2023-01-14", "2023-01-22 23:30"},
		{indicator(stock), "P", "2023-01-14", "2023-02-20 23:30"},
		{indicator(stock), "P", "2023-02-14", "2023-03-20 23:30"},
		{indicator(), "P", "2023-02-13", "2023-02-20 23:30"},
		{minimum, "P", "2023-01-14", "2023-05-01 23:30"},
	} {
		if got := instant(w.figures(c.ind, c.unit).KnownAt(day(c.day))); got != c.want {
			t.Errorf("%s of %s on %s: known at %s, want %s", c.ind.Kind, c.unit, c.day, got, c.want)
		}
	}
}

// drawWorld is a province of a few units in some tree, with figures n and d that are restated, announced and stated by
// two sources.
func drawWorld(t *rapid.T, dims ...string) *world {
	w := newWorld(t, "P top")
	all := []*plan.Unit{w.unit("P")}
	first := day("2022-11-01")
	anyDay := rapid.Custom(func(t *rapid.T) plan.Day { return first + plan.Day(rapid.IntRange(0, 480).Draw(t, "day")) })
	for i := range rapid.IntRange(0, 4).Draw(t, "units") {
		u := &plan.Unit{UnitKey: plan.UnitKey{Code: fmt.Sprint(i), From: plan.NoDay}, To: plan.NoDay}
		u.Level = rapid.SampledFrom([]plan.Level{"middle", "low"}).Draw(t, "level")
		u.Parent = rapid.SampledFrom(all).Draw(t, "parent")
		u.Parent.Children = append(u.Parent.Children, u)
		switch rapid.IntRange(0, 3).Draw(t, "validity") {
		case 0:
			u.From = anyDay.Draw(t, "from")
		case 1:
			u.To = anyDay.Draw(t, "to")
		}
		w.units[u.Code] = u
		all = append(all, u)
	}
	for range rapid.IntRange(0, 40).Draw(t, "rows") {
		end := rapid.OneOf(anyDay, rapid.SampledFrom([]plan.Day{day("2022-12-14"), day("2023-01-14"), day("2023-06-14"), day("2023-12-14"), day("2024-01-01")})).Draw(t, "end")
		w.know.Rows = append(w.know.Rows, Row{
			Measure: rapid.SampledFrom([]string{"n", "d"}).Draw(t, "measure"),
			Source:  rapid.SampledFrom([]string{"s", "s", "t"}).Draw(t, "source"),
			Unit:    rapid.SampledFrom(all).Draw(t, "unit").UnitKey,
			Dims:    rapid.SampledFrom(append([]string{""}, dims...)).Draw(t, "dims"),
			End:     end,
			Value:   rapid.Int64Range(0, 20).Draw(t, "value"),
			KnownAt: evening(end + plan.Day(rapid.IntRange(-3, 60).Draw(t, "later"))),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "snapshots") {
		w.know.Snapshots["s"] = append(w.know.Snapshots["s"], evening(anyDay.Draw(t, "snapshot")))
	}
	slices.Sort(w.know.Snapshots["s"])
	return w
}

// naive answers by looking through all that was stated, one question at a time.
type naive struct {
	*world
	ind    plan.Indicator
	unit   *plan.Unit
	stated map[statedKey]map[plan.Day][]Row // versions, oldest first, announcements that no snapshot reached left out
}

type statedKey struct {
	measure, source, dims string
	unit                  plan.UnitKey
}

func (w *world) naive(ind plan.Indicator, unit *plan.Unit) naive {
	q := naive{w, ind, unit, map[statedKey]map[plan.Day][]Row{}}
	for _, r := range w.know.Rows {
		reached := r.End <= dayOfMillis(r.KnownAt)
		for _, s := range w.know.Snapshots[r.Source] {
			reached = reached || dayOfMillis(s) >= r.End
		}
		if !reached {
			continue
		}
		key := statedKey{r.Measure, r.Source, r.Dims, r.Unit}
		if q.stated[key] == nil {
			q.stated[key] = map[plan.Day][]Row{}
		}
		q.stated[key][r.End] = append(q.stated[key][r.End], r)
	}
	for _, ends := range q.stated {
		for _, versions := range ends {
			slices.SortStableFunc(versions, func(a, b Row) int { return cmp.Compare(a.KnownAt, b.KnownAt) })
		}
	}
	return q
}

// value is what stands on one end, and since when; the first source that has anything of the measure is asked, for a
// numerator the first one that has the denominator, if it has both.
func (q naive) value(measure string, u *plan.Unit, dims string, end plan.Day) (v, since int64, ok bool) {
	sources := q.ind.Sources
	for _, source := range sources {
		if q.stated[statedKey{"d", source, dims, u.UnitKey}] != nil {
			if q.stated[statedKey{"n", source, dims, u.UnitKey}] != nil {
				sources = []string{source}
			}
			break
		}
	}
	for _, source := range sources {
		ends := q.stated[statedKey{measure, source, dims, u.UnitKey}]
		if ends == nil {
			continue
		}
		for i, r := range ends[end] {
			if i == 0 || r.Value != v {
				since = r.KnownAt
			}
			v, ok = r.Value, true
		}
		return v, since, ok
	}
	return 0, 0, false
}

func (q naive) below() []*plan.Unit {
	var all []*plan.Unit
	for _, u := range q.units {
		for p := u; p != nil; p = p.Parent {
			if p == q.unit && (q.ind.Aggregate != plan.OwnLevelOnly || slices.Contains(q.ind.OwnLevels, u.Level)) && (q.ind.Aggregate != plan.ReportedHere || u == q.unit) {
				all = append(all, u)
			}
		}
	}
	return all
}

func (q naive) sum(measure string, from, to plan.Day) (n int64) {
	for _, u := range q.below() {
		for d := from; d <= to; d++ {
			v, _, _ := q.value(measure, u, "", d)
			n += v
		}
	}
	return n
}

func (q naive) flow(from, to plan.Day) Point {
	num, den := q.sum("n", from, to), q.sum("d", from, to)
	switch {
	case den == 0:
		return Point{Reason: ReasonNotReported}
	case den < 30:
		return Point{Numerator: num, Denominator: den, Reason: ReasonTooFew}
	}
	return SharePoint(num, den)
}

func (q naive) stock(d plan.Day) Point {
	var num, den int64
	for _, u := range q.below() {
		if !u.ValidOn(d) {
			continue
		}
		for end := d; end > d-600; end-- {
			if m, _, ok := q.value("d", u, "", end); ok {
				if n, _, ok := q.value("n", u, "", end); ok {
					num, den = num+n, den+m
				}
				break
			}
		}
	}
	if den == 0 {
		return Point{Reason: ReasonNotReported}
	}
	return SharePoint(num, den)
}

func (q naive) known(d plan.Day) (at int64) {
	for _, u := range q.below() {
		for _, r := range q.know.Rows {
			if r.Unit == u.UnitKey && r.End <= d {
				_, since, _ := q.value(r.Measure, u, "", r.End)
				at = max(at, since)
			}
		}
	}
	return at
}

func drawIndicator(t *rapid.T) plan.Indicator {
	ind := indicator(monthly("low"))
	ind.Window = rapid.SampledFrom([]plan.Window{plan.YearToDate, plan.Latest}).Draw(t, "window")
	ind.PeriodType = rapid.SampledFrom([]plan.PeriodType{plan.Calendar, plan.Report}).Draw(t, "period type")
	ind.Aggregate = rapid.SampledFrom([]plan.Aggregate{plan.SumSelfAndDescendants, plan.OwnLevelOnly, plan.ReportedHere}).Draw(t, "aggregate")
	ind.Sources = rapid.SampledFrom([][]string{{"s"}, {"s", "t"}, {"t", "s"}}).Draw(t, "sources")
	if ind.Aggregate == plan.OwnLevelOnly {
		ind.OwnLevels = []plan.Level{"low"}
	}
	return ind
}

// A book gives the figures that one finds by looking through everything.
func TestFiguresAgainstNaiveSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, ind := drawWorld(t), drawIndicator(t)
		codes := make([]string, 0, len(w.units))
		for code := range w.units {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		u := w.unit(rapid.SampledFrom(codes).Draw(t, "of"))
		f, q := w.book().Figures(&ind, u), w.naive(ind, u)
		d := day("2022-12-01") + plan.Day(rapid.IntRange(0, 460).Draw(t, "on"))
		official, path := q.stock, q.stock
		if ind.Window == plan.YearToDate {
			path = func(d plan.Day) Point { return q.flow(d-363, d) }
			official = func(d plan.Day) Point {
				first := d
				if ind.PeriodType == plan.Report {
					for ; d.Time().Day() != 14; d-- {
					}
					for first = d; first.Time().Day() != 15 || first.Time().Month() != 12; first-- {
					}
				} else {
					for first.Time().YearDay() != 1 {
						first--
					}
				}
				return q.flow(first, d)
			}
		}
		if got, want := f.Official(d), official(d); got != want {
			t.Errorf("official of %s on %s: %s, want %s", u.Code, d, pt(got), pt(want))
		}
		if got, want := f.Path(d), path(d); got != want {
			t.Errorf("path of %s on %s: %s, want %s", u.Code, d, pt(got), pt(want))
		}
		if got, want := f.KnownAt(d), q.known(d); got != want {
			t.Errorf("%s on %s is known at %s, want %s", u.Code, d, instant(got), instant(want))
		}
	})
}

// A catalogue counts the codes that one finds by asking every unit for every code.
func TestCatalogueAgainstNaiveSearch(t *testing.T) {
	codes := []string{"c1", "c2", "c3"}
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, codes...)
		ind := indicator(stock, aggregate(plan.DistinctCatalogue), monthly("low"), func(ind *plan.Indicator) {
			ind.Numerator, ind.Denominator, ind.Scope = "n", "", "d"
		})
		var mask int64 = 1
		if rapid.Bool().Draw(t, "conjunction") {
			ind.Features, mask = []plan.Feature{{Code: "a", Bit: 0}, {Code: "b", Bit: 2}}, 5
		}
		q := w.naive(ind, w.unit("P"))
		d := day("2022-12-01") + plan.Day(rapid.IntRange(0, 460).Draw(t, "on"))
		latest := func(measure string, u *plan.Unit, code string) int64 {
			for end := d; end > d-600; end-- {
				if v, _, ok := q.value(measure, u, code, end); ok {
					return v
				}
			}
			return 0
		}
		want := Point{Reason: ReasonNotReported}
		for _, code := range append(codes, "") {
			handled, lacks := 0, 0
			for _, u := range q.below() {
				if !u.ValidOn(d) || latest("d", u, code) == 0 {
					continue
				}
				handled++
				if latest("n", u, code)&mask != mask {
					lacks++
				}
			}
			if handled > 0 {
				want.Denominator++
				if lacks == 0 {
					want.Numerator++
				}
			}
		}
		if want.Denominator > 0 {
			want = SharePoint(want.Numerator, want.Denominator)
		}
		if got := w.book().Figures(&ind, w.unit("P")).Official(d); got != want {
			t.Errorf("on %s: %s, want %s", d, pt(got), pt(want))
		}
	})
}

// The age of a form is the number of days since, those of quiet months not counted.
func TestAgeAgainstCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ind := indicator(monthly("low"))
		ind.QuietMonths = slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.IntRange(1, 12), 0, 4).Draw(t, "quiet"))))
		end := day("2022-12-01") + plan.Day(rapid.IntRange(0, 400).Draw(t, "end"))
		d := end + plan.Day(rapid.IntRange(0, 800).Draw(t, "later"))
		want := 0
		for x := end + 1; x <= d; x++ {
			if !slices.Contains(ind.QuietMonths, int(x.Time().Month())) {
				want++
			}
		}
		f := newWorld(t, "A low").rows(fmt.Sprintf("d A %s 9", end)).figures(ind, "A")
		if got := f.Freshness(d); !got.Known || got.Age != want {
			t.Errorf("from %s to %s: %+v, want %d days", end, d, got, want)
		}
	})
}

// Numerator and denominator come from one source where one has both: a pair of two sources would be nobody's figure.
func TestPairComesFromOneSource(t *testing.T) {
	ind := indicator(func(ind *plan.Indicator) { ind.Sources = []string{"t", "s"} })
	check(t, newWorld(t, tree).rows(`
		n A1 2023-01-01 7  source=t
		n A1 2023-01-01 40 source=s
		d A1 2023-01-01 80 source=s`), ind, []ask{{"A", "2023-01-01", "50 40/80", ""}})
}
