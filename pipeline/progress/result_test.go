package progress

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

func (w *world) results(ind plan.Indicator, unit string, days ...string) []Result {
	w.t.Helper()
	var asked []plan.Day
	for _, d := range days {
		asked = append(asked, day(d))
	}
	return w.book().Results(&ind, w.unit(unit), asked)
}

func reasons(r Result) string {
	var all []string
	for _, x := range r.Reasons {
		all = append(all, string(x))
	}
	return strings.Join(all, ",")
}

func verdicts(r Result) string {
	var all []string
	for _, o := range r.Outcomes {
		s := string(o.Outcome)
		if o.Value != nil {
			s += " " + o.Value.String()
		}
		if o.Reason != "" {
			s += " " + string(o.Reason)
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

// held is a stock of a daily source that units state themselves: n of 100, from 40 of 100 on 2022-06-30.
func held(w *world) plan.Indicator {
	w.baselines("A 2022-06-30 40/100")
	return indicator(stock, aggregate(plan.ReportedHere))
}

// sundays states n of 100 of unit A on consecutive Sundays from 2022-07-03 on, with a snapshot each; "-" is a week
// without a snapshot, and "." one in which nothing is stated but a snapshot taken.
func (w *world) sundays(values string) *world {
	d := day("2022-07-03")
	for _, v := range strings.Fields(values) {
		if v != "-" {
			w.snapshots("s", d.String())
		}
		if v != "-" && v != "." {
			w.rows(fmt.Sprintf("n A %s %s \n d A %s 100", d, v, d))
		}
		d += 7
	}
	return w
}

func TestOutcomesOfResults(t *testing.T) {
	report, calendar := indicator(monthly("middle")), indicator()
	asStock := indicator(stock, monthly("middle"))
	none := indicator(monthly("middle"), func(ind *plan.Indicator) { ind.Targets = ind.Targets[1:] })
	const good = `
		n A 2023-11-14 30
		d A 2023-11-14 50
		n A 2023-12-14 35
		d A 2023-12-14 50
		n A 2024-01-14 0
		d A 2024-01-14 50`
	const poor = "n A 2023-12-14 29 \n d A 2023-12-14 50 \n n A 2024-01-14 50 \n d A 2024-01-14 50"
	const few = "n A 2023-12-14 10 \n d A 2023-12-14 20 \n n A 2024-01-14 50 \n d A 2024-01-14 50"
	for _, c := range []struct {
		name      string
		ind       plan.Indicator
		rows, day string
		want      string
	}{
		{"report: the day before the cut-off", report, good, "2023-12-13", "none, none"},
		{"report: the cut-off", report, good, "2023-12-14", "pending, none"},
		{"report: two working days later", report, good, "2023-12-18", "pending, none"},
		{"report: over", report, good, "2023-12-19", "met 65, none"},
		{"report: years later", report, good, "2025-12-13", "met 65, none"},
		{"report: the second one pending", report, good, "2025-12-16", "met 65, pending"},
		{"report: nothing came in for the second", report, good, "2025-12-17", "met 65, undecidable not_reported"},
		{"report: missed", report, poor, "2024-02-01", "missed 58, none"},
		{"report: too few to decide", report, few, "2024-02-01", "undecidable too_few, none"},
		{"report: what comes after the cut-off is of the next year", report, "n A 2023-12-20 50 \n d A 2023-12-20 50", "2024-02-01", "undecidable not_reported, none"},
		{"report: a late figure of the closed year", report, "n A 2023-12-14 35 known=2024-01-20 \n d A 2023-12-14 50", "2024-02-01", "met 70, none"},
		{"calendar: the last day", calendar, "n A 2023-12-31 35 \n d A 2023-12-31 50", "2023-12-31", "pending, none"},
		{"calendar: the New Year's holiday does not count", calendar, "n A 2023-12-31 35 \n d A 2023-12-31 50", "2024-01-03", "pending, none"},
		{"calendar: over", calendar, "n A 2023-12-31 35 \n d A 2023-12-31 50", "2024-01-04", "met 70, none"},
		{"calendar: the new year is not the old one", calendar, "n A 2023-12-31 20 \n d A 2023-12-31 50 \n n A 2024-01-01 50 \n d A 2024-01-01 50", "2024-01-04", "missed 40, none"},
		{"stock: the newest at the cut-off", asStock, "n A 2023-06-14 3 \n d A 2023-06-14 5 \n n A 2023-12-20 1 \n d A 2023-12-20 5", "2024-02-01", "met 60, none"},
		{"no number at the first milestone", none, good, "2024-02-01", "none, none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdicts(newWorld(t, tree).rows(c.rows).results(c.ind, "A", c.day)[0]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A unit that ended keeps what it was on its last day: it is not judged again, and its weeks behind do not grow.
func TestEndedUnit(t *testing.T) {
	w := newWorld(t, "P top \n A low P ..2022-08-10 \n B low P 2022-08-11.. <A")
	ind := held(w)
	w.sundays("30 30 30 30 30 30").snapshots("s", "2022-08-10", "2022-08-14", "2024-01-07")
	got := w.results(ind, "A", "2022-08-07", "2022-08-10", "2022-08-14", "2022-08-17", "2022-08-21", "2024-01-07")
	for i, r := range got {
		if r.Status != Behind || show(r.Value) != "30" || verdicts(r) != "none, none" {
			t.Errorf("%s: %s, value %s, outcomes %s", r.Day, r.Status, show(r.Value), verdicts(r))
		}
		if r.WeeksBehind != 6 || r.BehindSince != day("2022-07-03") {
			t.Errorf("%s: %d weeks behind since %s, want 6 since 2022-07-03", r.Day, r.WeeksBehind, r.BehindSince)
		}
		if i < 2 {
			if r.UnitEnded || r.AsOf != r.Day || len(r.Reasons) > 0 {
				t.Errorf("%s: as of %s, reasons %v, though it has not ended", r.Day, r.AsOf, r.Reasons)
			}
			continue
		}
		if !r.UnitEnded || r.AsOf != day("2022-08-10") || r.Reason() != ReasonUnitEnded {
			t.Errorf("%s: ended %v, as of %s, reasons %v", r.Day, r.UnitEnded, r.AsOf, r.Reasons)
		}
		if last := got[1]; show(r.Expected) != show(last.Expected) || show(r.Gap) != show(last.Gap) || show(r.PacePerWeek) != show(last.PacePerWeek) || r.KnownAt != last.KnownAt || *r.AgeDays != *last.AgeDays {
			t.Errorf("%s: %+v\nis not the assessment of the last day\n%+v", r.Day, r, last)
		}
	}
	if one := w.results(ind, "A", "2024-01-07")[0]; one.WeeksBehind != 6 {
		t.Errorf("asked for alone it is %d weeks behind", one.WeeksBehind)
	}
}

// An outcome that was decided in a unit's life stays; one that it did not live to see is none.
func TestOutcomesOfAnEndedUnit(t *testing.T) {
	w := newWorld(t, "A low ..2025-06-30").rows("n A 2023-12-14 20 \n d A 2023-12-14 50")
	if got := verdicts(w.results(indicator(monthly("low")), "A", "2026-02-01")[0]); got != "missed 40, none" {
		t.Errorf("got %s", got)
	}
}

func TestUnitBornLater(t *testing.T) {
	w := newWorld(t, "P top \n A low P ..2023-06-30 \n B low P 2023-07-01.. <A").baselines("A 2022-06-30 40/100")
	w.rows("n B 2023-07-01 20 \n d B 2023-07-01 40").snapshots("s", "2023-07-02", "2023-07-09")
	got := w.results(indicator(), "B", "2023-06-25", "2023-06-30", "2023-07-01", "2023-07-02", "2023-07-09")
	for _, r := range got[:2] {
		if r.Status != NotApplicable || r.Reason() != ReasonUnitNotYet || r.Value != nil {
			t.Errorf("%s: %s %v", r.Day, r.Status, r.Reasons)
		}
	}
	// the path comes from the predecessor: 40 + 20 x 366/549, 367/549 and 374/549
	for i, want := range []string{"53.3333333333", "53.3697632058", "53.6247723133"} {
		if r := got[2+i]; show(r.Value) != "50" || show(r.Expected) != want || r.Reason() != "" {
			t.Errorf("%s: value %s, expected %s, want 50 and %s; reasons %v", r.Day, show(r.Value), show(r.Expected), want, r.Reasons)
		}
	}
	if got[2].WeeksBehind != 0 || got[3].WeeksBehind != 1 || got[4].WeeksBehind != 2 || got[4].BehindSince != day("2023-07-02") {
		t.Errorf("weeks behind %d, %d, %d", got[2].WeeksBehind, got[3].WeeksBehind, got[4].WeeksBehind)
	}
	if got := w.book().newSeries(w.figures(indicator(), "B"), day("2023-07-20")).weekly; len(got) != 3 || got[0].Day != day("2023-07-02") {
		t.Errorf("weekly points %v", got)
	}
}

// Without a frozen baseline the path starts at the first weekly point with a figure, and there is none before it.
func TestDerivedBaseline(t *testing.T) {
	w := newWorld(t, tree).snapshots("s", "2025-12-31").rows("n A 2022-08-02 5 \n d A 2022-08-02 10 \n n A 2022-08-09 10 \n d A 2022-08-09 30")
	days := []string{"2022-08-07", "2022-08-09", "2022-08-14", "2022-08-21", "2023-12-31"}
	got := w.results(indicator(), "A", days...)
	for i, want := range []string{
		"no_data too_few null",
		"no_data no_path,unreachable_this_year null", // Tuesday: a figure, but no weekly point yet
		"on_track unreachable_this_year,baseline_derived 37.5",
		"at_risk unreachable_this_year,baseline_derived 37.8125", // 37.5 + 22.5 x 7/504
		"no_data not_reported 60",
	} {
		if got := fmt.Sprintf("%s %s %s", got[i].Status, reasons(got[i]), show(got[i].Expected)); got != want {
			t.Errorf("%s: %s, want %s", days[i], got, want)
		}
	}
}

func TestBaselineLaterThanThePlan(t *testing.T) {
	w := newWorld(t, tree).sundays("50 50 50 50 50 50").baselines("A 2022-07-31 40/100")
	got := w.results(indicator(stock, aggregate(plan.ReportedHere)), "A", "2022-07-03", "2022-07-24", "2022-07-25", "2022-07-31", "2022-08-07")
	for i, want := range []string{
		"no_data no_path null",
		"behind no_path null", // four weekly points make a forecast, and it misses
		"behind no_path null",
		"at_risk  40", // above the path, with the same forecast
		"at_risk  40.2702702703",
	} {
		r := got[i]
		if s := fmt.Sprintf("%s %s %s", r.Status, reasons(r), show(r.Expected)); s != want {
			t.Errorf("%s: %s, want %s", r.Day, s, want)
		}
	}
}

func TestStreakOfResults(t *testing.T) {
	w := newWorld(t, tree)
	ind := held(w)
	w.sundays(". 30 30 - 30 - 100 30 . 30")
	days := []string{"2022-07-03", "2022-07-10", "2022-07-17", "2022-07-24", "2022-07-31", "2022-08-07", "2022-08-14", "2022-08-21", "2022-08-28", "2022-09-04"}
	want := []string{
		"no_data 0 ", "behind 1 2022-07-10", "behind 2 2022-07-10", "stale 2 2022-07-10", "behind 3 2022-07-10", "stale 3 2022-07-10",
		"met 0 ", "behind 1 2022-08-21", "behind 2 2022-08-21", "behind 3 2022-08-21",
	}
	write := func(r Result) string { return fmt.Sprintf("%s %d %s", r.Status, r.WeeksBehind, r.BehindSince) }
	all := w.results(ind, "A", days...)
	for i, d := range days {
		if got := write(all[i]); got != want[i] {
			t.Errorf("%s: %s, want %s", d, got, want[i])
		}
		if got := write(w.results(ind, "A", d)[0]); got != want[i] {
			t.Errorf("%s asked for alone: %s, want %s", d, got, want[i])
		}
	}
	// a day that is no Sunday carries the count of the last weekly point, and adds nothing itself
	w.snapshots("s", "2022-09-06")
	for _, r := range w.results(ind, "A", "2022-07-13", "2022-07-14", "2022-09-06", "2022-09-07") {
		n := map[bool]int{true: 1, false: 3}[r.Day < day("2022-08-01")]
		if r.WeeksBehind != n {
			t.Errorf("%s: %d weeks behind, want %d", r.Day, r.WeeksBehind, n)
		}
	}
}

func TestResultCarriesWhatItRestsOn(t *testing.T) {
	const five = "P top \n A low P \n B low P \n C low P"
	ind := indicator(monthly("low"), func(ind *plan.Indicator) {
		ind.Variants = []plan.Variant{{Code: "other", Numerator: "m", Denominator: "d"}}
		ind.Applies = map[plan.Level]plan.Applicability{"top": plan.Measured}
	})
	w := newWorld(t, five).rows(`
		n A 2023-03-14 20 known=2023-03-16
		d A 2023-03-14 40 known=2023-03-20
		m A 2023-03-14 30
		n B 2023-03-14 10
		d B 2023-03-14 40`)
	r := w.results(ind, "P", "2023-03-22")[0]
	if r.Indicator.Code != "x" || r.Unit != w.unit("P") || r.Day != day("2023-03-22") || r.Applies != plan.Measured {
		t.Errorf("%+v", r)
	}
	if show(r.Value) != "37.5" || show(r.Coverage) != "66.6666666667" || r.AgeDays == nil || *r.AgeDays != 8 || instant(r.KnownAt) != "2023-03-20 23:30" {
		t.Errorf("value %s, coverage %s, age %v, known at %s", show(r.Value), show(r.Coverage), r.AgeDays, instant(r.KnownAt))
	}
	if r.Status != Stale || reasons(r) != "low_coverage,baseline_derived" {
		t.Errorf("%s %s", r.Status, reasons(r))
	}
	if len(r.Parts) != 1 || r.Parts[0].Code != "other" || pt(r.Parts[0].Point) != "37.5 30/80" {
		t.Errorf("parts %+v", r.Parts)
	}
	if r := w.results(ind, "A", "2023-03-22")[0]; r.Status != NotApplicable || reasons(r) != "not_for_level" || r.Coverage != nil {
		t.Errorf("a level that the plan does not measure: %s %s, coverage %s", r.Status, reasons(r), show(r.Coverage))
	}
	if r := w.results(ind, "P", "2023-03-01")[0]; r.AgeDays != nil || r.KnownAt != 0 || r.Status != NoData {
		t.Errorf("nothing is known, yet age %v, known at %d, %s", r.AgeDays, r.KnownAt, r.Status)
	}
	if got := w.results(ind, "P"); got != nil {
		t.Errorf("no day was asked for, got %v", got)
	}
	located := indicator(aggregate(plan.LocatedIn), func(ind *plan.Indicator) { ind.FacilityKinds = []string{"school"} })
	w.facilities("s1 school A A")
	if r := w.results(located, "B", "2023-03-22")[0]; r.Status != NotApplicable || reasons(r) != "no_such_facility" {
		t.Errorf("no school there: %s %s", r.Status, reasons(r))
	}
	minimum := indicator(stock, aggregate(plan.MinAfterSumPerSector), func(ind *plan.Indicator) { ind.Kind, ind.Over, ind.Rhythm = plan.MinOver, "sector", plan.Yearly })
	w.plan.Members = map[string][]plan.Member{"sector": {{Code: "farm"}, {Code: "trade"}}}
	w.rows("n P 2023-03-14 1 dims=farm \n d P 2023-03-14 9 dims=farm \n n P 2023-03-14 1 dims=trade \n d P 2023-03-14 3 dims=trade")
	if r := w.results(minimum, "P", "2023-03-22")[0]; r.Member != "farm" || show(r.Value) != "11.1111111111" || len(r.Parts) != 2 || pt(r.Parts[1].Point) != "33.3333333333 1/3" {
		t.Errorf("held back by %q at %s, parts %+v", r.Member, show(r.Value), r.Parts)
	}
}

// The share of services that have a feature counts a service only where every unit that handles it has the feature.
func TestPartsOfAConjunction(t *testing.T) {
	ind := indicator(stock, aggregate(plan.DistinctCatalogue), func(ind *plan.Indicator) {
		ind.Kind, ind.Numerator, ind.Denominator, ind.Scope = plan.Conjunction, "full", "", "scope"
		ind.Features = []plan.Feature{{Code: "a", Bit: 0}, {Code: "b", Bit: 2}}
	})
	w := newWorld(t, tree).rows(`
		scope A1 2023-01-14 1 dims=c1
		full  A1 2023-01-14 5 dims=c1
		scope B1 2023-01-14 1 dims=c1
		full  B1 2023-01-14 4 dims=c1
		scope A1 2023-01-14 1 dims=c2
		full  A1 2023-01-14 7 dims=c2
		scope B1 2023-01-14 1 dims=c3
		scope B1 2023-01-14 0 dims=c4
		full  B1 2023-01-14 5 dims=c4`)
	for _, c := range []struct{ unit, day, whole, a, b string }{
		{"P", "2023-01-14", "33.3333333333 1/3", "33.3333333333 1/3", "66.6666666667 2/3"},
		{"A", "2023-01-14", "100 2/2", "100 2/2", "100 2/2"},
		{"B", "2023-01-14", "0 0/2", "0 0/2", "50 1/2"},
		{"P", "2023-01-13", "null not_reported", "null not_reported", "null not_reported"},
	} {
		f := w.figures(ind, c.unit)
		parts := f.Parts(day(c.day))
		if len(parts) != 2 || parts[0].Code != "a" || parts[1].Code != "b" {
			t.Fatalf("%s: parts %+v", c.unit, parts)
		}
		if got := pt(f.Official(day(c.day))); got != c.whole || pt(parts[0].Point) != c.a || pt(parts[1].Point) != c.b {
			t.Errorf("%s on %s: %s, %s, %s, want %s, %s, %s", c.unit, c.day, got, pt(parts[0].Point), pt(parts[1].Point), c.whole, c.a, c.b)
		}
	}
}

func TestRecentWeeks(t *testing.T) {
	s := &series{}
	for i := range 20 {
		s.weekly = append(s.weekly, WeekPoint{Day: day("2022-07-03") + plan.Day(7*i)})
	}
	for _, c := range []struct{ name, day, first, last string }{
		{"before the first", "2022-07-02", "", ""},
		{"the first", "2022-07-03", "2022-07-03", "2022-07-03"},
		{"few", "2022-07-20", "2022-07-03", "2022-07-17"},
		{"the twelfth", "2022-09-18", "2022-07-03", "2022-09-18"},
		{"the Saturday after it", "2022-09-24", "2022-07-03", "2022-09-18"},
		{"the thirteenth", "2022-09-25", "2022-07-10", "2022-09-25"},
		{"after the last", "2023-09-25", "2022-08-28", "2022-11-13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.recent(day(c.day))
			if len(got) == 0 {
				if c.first != "" {
					t.Errorf("nothing, want from %s", c.first)
				}
				return
			}
			if got[0].Day != day(c.first) || got[len(got)-1].Day != day(c.last) || len(got) > 12 {
				t.Errorf("%d points from %s to %s, want %s to %s", len(got), got[0].Day, got[len(got)-1].Day, c.first, c.last)
			}
		})
	}
}

func TestStoredDays(t *testing.T) {
	w := newWorld(t, `
		P top
		OLD top ..2022-07-20
		A low P
		E low P ..2023-12-31
		N low P 2024-01-10..`)
	for _, c := range []struct {
		name, unit, asOf string
		want             string // days, or from..to/n for consecutive Sundays
	}{
		{"every weekly point, and a day that is none", "P", "2022-07-20", "2022-07-03 2022-07-10 2022-07-17 2022-07-20"},
		{"every weekly point, however many", "P", "2024-01-01", "2022-07-03..2023-12-31/79 2024-01-01"},
		{"a Sunday is not stored twice", "P", "2022-07-17", "2022-07-03 2022-07-10 2022-07-17"},
		{"before the first weekly point", "P", "2022-06-30", "2022-06-30"},
		{"before the plan", "P", "2022-06-29", ""},
		{"of an ended unit its life", "OLD", "2022-08-01", "2022-07-03 2022-07-10 2022-07-17"},
		{"its last day, as of that day", "OLD", "2022-07-20", "2022-07-03 2022-07-10 2022-07-17 2022-07-20"},
		{"the last thirteen of another level", "A", "2023-06-28", "2023-04-02..2023-06-25/13 2023-06-28"},
		{"and the milestone", "A", "2024-06-30", "2023-12-31 2024-04-07..2024-06-30/13"},
		{"a milestone among them", "A", "2024-01-07", "2023-10-15..2024-01-07/13"},
		{"of an ended unit of another level the milestone", "E", "2024-06-30", "2023-12-31"},
		{"of a young one its life", "N", "2024-01-25", "2024-01-14 2024-01-21 2024-01-25"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []plan.Day
			for _, word := range strings.Fields(c.want) {
				from, rest, many := strings.Cut(word, "..")
				if !many {
					want = append(want, day(word))
					continue
				}
				to, n, _ := strings.Cut(rest, "/")
				count := 0
				for d := day(from); d <= day(to); d += 7 {
					want = append(want, d)
					count++
				}
				if fmt.Sprint(count) != n {
					t.Fatalf("the test counts %d Sundays in %s", count, word)
				}
			}
			if got := w.book().StoredDays(w.unit(c.unit), day(c.asOf)); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestWeeklyDays(t *testing.T) {
	for _, c := range []struct{ start, until, first string }{
		{"2022-06-30", "2022-07-20", "2022-07-03"}, // a Thursday
		{"2022-07-03", "2022-07-20", "2022-07-03"}, // the Sunday itself
		{"2022-07-04", "2022-07-20", "2022-07-10"},
		{"2022-07-18", "2022-07-20", ""},
	} {
		w := newWorld(t, tree)
		w.plan.Start = day(c.start)
		got := w.book().WeeklyDays(day(c.until))
		if c.first == "" {
			if len(got) > 0 {
				t.Errorf("start %s: got %v", c.start, got)
			}
			continue
		}
		if len(got) == 0 || got[0] != day(c.first) || got[len(got)-1] != day("2022-07-17") {
			t.Errorf("start %s: got %v", c.start, got)
		}
	}
}

// Only owed rows of the plan count for the rank; a unit that owes none is there without a rank.
func TestStandingsOfResults(t *testing.T) {
	w := newWorld(t, tree)
	x, beside := indicator(), indicator(func(ind *plan.Indicator) { ind.Code, ind.Monitored = "beside", true })
	result := func(unit string, ind *plan.Indicator, applies plan.Applicability, s Status) Result {
		return Result{Assessment: Assessment{Status: s}, Indicator: ind, Unit: w.unit(unit), Applies: applies}
	}
	got := Standings(w.plan, []Result{
		result("A", &x, plan.Owed, Behind),
		result("A", &x, plan.Owed, Met),
		result("A", &x, plan.Owed, NotApplicable),
		result("A", &x, plan.Owed, NoTarget),
		result("A", &x, plan.Measured, Met),
		result("A", &beside, plan.Owed, Met),
		result("B", &x, plan.Owed, Met),
		result("B", &x, plan.Owed, Met),
		result("B", &x, plan.Owed, NoData),
		result("A1", &x, plan.Measured, Behind),
		result("B1", &beside, plan.Owed, Behind),
	})
	if len(got) != 2 || len(got["middle"]) != 2 || len(got["low"]) != 2 {
		t.Fatalf("got %+v", got)
	}
	first, second := got["middle"][0], got["middle"][1]
	if first.Unit.Code != "B" || first.Rank != 1 || first.Good != 2 || first.Applicable != 3 || first.Name != "Đơn vị B" || first.Overall != Met {
		t.Errorf("first %+v", first)
	}
	if second.Unit.Code != "A" || second.Rank != 2 || second.Good != 1 || second.Applicable != 2 || second.Behind != 1 || show(second.Share) != "50" {
		t.Errorf("second %+v", second)
	}
	want := map[Status]int{Behind: 1, Met: 1, NotApplicable: 1, NoTarget: 1}
	if len(second.Counts) != len(want) {
		t.Errorf("counts %v, want %v", second.Counts, want)
	}
	for s, n := range want {
		if second.Counts[s] != n {
			t.Errorf("%d %s, want %d", second.Counts[s], s, n)
		}
	}
	for _, s := range got["low"] {
		if s.Rank != 0 || s.Applicable != 0 || s.Overall != NotApplicable || len(s.Counts) != 0 {
			t.Errorf("%+v", s)
		}
	}
	if got := Standings(w.plan, nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Every result is the assessment of the figures of its day and of the weekly points up to it, and the streak runs over
// the weekly points of the unit's life, whatever days are asked for.
func TestResultsAgainstAssessment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, ind := drawWorld(t), drawIndicator(t)
		one := int64(1)
		ind.MinDenominator = &one
		if rapid.Bool().Draw(t, "daily") {
			ind.Rhythm = plan.Daily
		}
		unit := w.unit("P")
		if rapid.Bool().Draw(t, "ends") {
			unit.To = day("2023-03-01") + plan.Day(rapid.IntRange(0, 100).Draw(t, "end"))
		}
		if rapid.Bool().Draw(t, "begins") {
			unit.From = day("2022-12-01") + plan.Day(rapid.IntRange(0, 90).Draw(t, "begin"))
			for i := range w.know.Rows { // its rows carry its key
				if w.know.Rows[i].Unit.Code == "P" {
					w.know.Rows[i].Unit = unit.UnitKey
				}
			}
		}
		if rapid.Bool().Draw(t, "baseline") {
			w.know.Baselines = []BaselineRow{{Indicator: "x", Unit: unit.UnitKey, Day: day("2022-06-30"), Numerator: 3, Denominator: 10}}
		}
		var days []plan.Day
		for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 620), 1, 8, rapid.ID[int]).Draw(t, "days") {
			days = append(days, day("2022-06-30")+plan.Day(n))
		}
		slices.Sort(days)

		b := w.book()
		f := b.Figures(&ind, unit)
		var weekly []WeekPoint
		for d := day("2022-07-03"); d <= days[len(days)-1]; d += 7 {
			if unit.ValidOn(d) {
				p := f.Path(d)
				weekly = append(weekly, WeekPoint{d, p.Known, p.Value})
			}
		}
		assess := func(d plan.Day) Assessment {
			last := d
			if unit.To != plan.NoDay {
				last = min(d, unit.To)
			}
			in := Input{
				AsOf: d, UnitFrom: unit.From, UnitTo: unit.To, Applies: plan.Owed, Comparator: ind.Comparator, Window: ind.Window, PeriodType: ind.PeriodType,
				Tolerance: val("2"), Cap: val("100"), Official: f.Official(last), Path: f.Path(last), Weekly: weekly, Freshness: f.Freshness(last),
			}
			cutOff, deadline := m23, day("2024-01-03")
			if ind.PeriodType == plan.Report {
				cutOff, deadline = day("2023-12-14"), day("2023-12-18")
			}
			in.Targets = []Target{
				{Milestone: m23, CutOff: cutOff, Deadline: deadline, Value: ptr("60"), AtCutOff: f.Official(cutOff)},
				{Milestone: m25, CutOff: cutOff + 731, Deadline: m25, Value: ptr("80")},
			}
			if len(w.know.Baselines) > 0 {
				in.Baseline = Baseline{Known: true, Day: day("2022-06-30"), Value: val("30")}
			} else if i := slices.IndexFunc(weekly, func(p WeekPoint) bool { return p.Known }); i >= 0 && weekly[i].Day <= last {
				in.Baseline = Baseline{Known: true, Day: weekly[i].Day, Value: weekly[i].Value, Derived: true}
			}
			return Assess(in)
		}
		results := b.Results(&ind, unit, days)
		if len(results) != len(days) {
			t.Fatalf("%d results for %d days", len(results), len(days))
		}
		var statuses []WeekStatus
		for _, p := range weekly {
			statuses = append(statuses, WeekStatus{p.Day, assess(p.Day).Status})
		}
		for i, r := range results {
			if want := assess(days[i]); !reflect.DeepEqual(r.Assessment, want) {
				t.Fatalf("on %s:\n%+v, want\n%+v", days[i], r.Assessment, want)
			}
			var before []WeekStatus
			for _, s := range statuses {
				if s.Day <= days[i] {
					before = append(before, s)
				}
			}
			if want := WeeksBehind(before); r.WeeksBehind != want.Weeks || r.BehindSince != want.Since {
				t.Fatalf("on %s: %d weeks behind since %s, want %+v", days[i], r.WeeksBehind, r.BehindSince, want)
			}
			if alone := b.Results(&ind, unit, days[i:i+1])[0]; !reflect.DeepEqual(alone, r) {
				t.Fatalf("%s asked for alone:\n%+v, want\n%+v", days[i], alone, r)
			}
		}
	})
}
