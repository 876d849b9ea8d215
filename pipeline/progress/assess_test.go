package progress

import (
	"slices"
	"testing"

	"tiendo/pipeline/plan"
)

var (
	day = plan.MustDay
	val = plan.MustValue
	m23 = day("2023-12-31")
	m25 = day("2025-12-31")
)

func ptr(s string) *plan.Value {
	v := val(s)
	return &v
}

func show(v *plan.Value) string {
	if v == nil {
		return "null"
	}
	return v.String()
}

// weekly builds the Sundays up to the day with the values, the last one newest; "" is not known.
func weekly(d plan.Day, values ...string) []WeekPoint {
	var out []WeekPoint
	for i, s := range values {
		p := WeekPoint{Day: d.Sunday() - plan.Day(7*(len(values)-1-i))}
		if s != "" {
			p.Known, p.Value = true, val(s)
		}
		out = append(out, p)
	}
	return out
}

// base is an owed ratio of flows on 2022-12-31, half way from 40 to 60 (start 2022-06-30, 549 days), at 55 of 100.
func base() Input {
	return Input{
		AsOf: day("2022-12-31"), UnitFrom: plan.NoDay, UnitTo: plan.NoDay, Applies: plan.Owed,
		Comparator: plan.AtLeast,
		Targets: []Target{
			{Milestone: m23, CutOff: m23, Deadline: day("2024-01-03"), Value: ptr("60")},
			{Milestone: m25, CutOff: m25, Deadline: day("2026-01-05"), Value: ptr("80")},
		},
		Window: plan.Latest, PeriodType: plan.Calendar, Tolerance: val("2"), Cap: val("100"),
		Official: SharePoint(55, 100), Path: SharePoint(55, 100),
		Baseline:  Baseline{Known: true, Day: day("2022-06-30"), Value: val("40")},
		Freshness: Freshness{Known: true, Age: 1, Rhythm: 1},
	}
}

func TestStatus(t *testing.T) {
	// expected on 2022-12-31: 40 + 20 x 184/549 = 46.7030965392
	cases := []struct {
		name    string
		change  func(*Input)
		status  Status
		reasons []Reason
	}{
		{"not applicable to the level", func(in *Input) { in.Applies = plan.NotApplicable }, NotApplicable, []Reason{ReasonNotOwedHere}},
		{"no word on the level", func(in *Input) { in.Applies = "" }, NotApplicable, []Reason{ReasonNotOwedHere}},
		{"not applicable by ruling", func(in *Input) { in.Applies = plan.ByRuling }, NotApplicable, []Reason{ReasonByRuling}},
		{"structurally not applicable", func(in *Input) { in.NotApplicable = "no_such_institution"; in.Path.Known = false }, NotApplicable, []Reason{"no_such_institution"}},
		{"unit begins later", func(in *Input) { in.UnitFrom = in.AsOf + 1 }, NotApplicable, []Reason{ReasonUnitNotYet}},
		{"no targets", func(in *Input) { in.Targets = nil }, NoTarget, nil},
		{"no number at the milestone", func(in *Input) { in.Targets[0].Value = nil; in.Path.Known = false }, NoTarget, nil},
		{"path unknown", func(in *Input) { in.Path = UnknownPoint(ReasonTooFew, 3, 9) }, NoData, []Reason{ReasonTooFew}},
		{"path unknown comes before stale", func(in *Input) {
			in.Path, in.Official = UnknownPoint(ReasonNotReported, 0, 0), UnknownPoint(ReasonTooFew, 3, 9)
			in.Freshness.Age = 99
		}, NoData, []Reason{ReasonNotReported, ReasonTooFew}},
		{"official too few, path decides", func(in *Input) { in.Official = UnknownPoint(ReasonTooFew, 3, 9) }, OnTrack, []Reason{ReasonTooFew}},
		{"stale by age", func(in *Input) { in.Freshness.Age = 3; in.Path = SharePoint(99, 100) }, Stale, []Reason{ReasonOldInput}},
		{"twice the rhythm is not yet old", func(in *Input) { in.Freshness.Age = 2 }, OnTrack, nil},
		{"no rhythm is never old", func(in *Input) { in.Freshness = Freshness{Known: true, Age: 999} }, OnTrack, nil},
		{"stale by coverage", func(in *Input) {
			in.Freshness.Current, in.Freshness.Expected, in.Freshness.Minimum = 79, 100, val("80")
		}, Stale, []Reason{ReasonLowCoverage}},
		{"coverage just enough", func(in *Input) {
			in.Freshness.Current, in.Freshness.Expected, in.Freshness.Minimum = 80, 100, val("80")
		}, OnTrack, nil},
		{"met", func(in *Input) { in.Official, in.Path = SharePoint(60, 100), SharePoint(3, 5) }, Met, nil},
		{"met by the path alone, official unknown", func(in *Input) {
			in.Official, in.Path = UnknownPoint(ReasonTooFew, 1, 2), SharePoint(3, 5)
		}, Met, []Reason{ReasonTooFew}},
		{"official fails, path meets", func(in *Input) { in.Path = SharePoint(60, 100) }, OnTrack, nil},
		{"path fails, official meets", func(in *Input) { in.Official = SharePoint(60, 100) }, OnTrack, nil},
		{"exactly the target of more-than is not met", func(in *Input) {
			in.Comparator = plan.MoreThan
			in.Official, in.Path = SharePoint(60, 100), SharePoint(60, 100)
		}, OnTrack, nil},
		{"rounded up to the target is not met", func(in *Input) {
			in.Official, in.Path = SharePoint(599_999_999_999_999, 1_000_000_000_000_000), SharePoint(599_999_999_999_999, 1_000_000_000_000_000)
		}, OnTrack, nil},
		{"a score is compared by value", func(in *Input) { in.Official, in.Path = ScorePoint(val("60")), ScorePoint(val("60")) }, Met, nil},
		{"on track, forecast unknown", func(in *Input) {}, OnTrack, nil},
		{"on the path exactly", func(in *Input) {
			in.Official, in.Path = ScorePoint(val("46.7030965392")), ScorePoint(val("46.7030965392"))
		}, OnTrack, nil},
		{"on track, forecast meets", func(in *Input) { in.Weekly = weekly(in.AsOf, "52", "53", "54", "55") }, OnTrack, nil},
		{"above the path, forecast misses", func(in *Input) { in.Weekly = weekly(in.AsOf, "55", "55", "55", "55") }, AtRisk, nil},
		{"a hair below the path", func(in *Input) {
			in.Official, in.Path = ScorePoint(val("46.7030965391")), ScorePoint(val("46.7030965391"))
		}, AtRisk, nil},
		{"tolerance is included", func(in *Input) {
			in.Official, in.Path = ScorePoint(val("44.7030965392")), ScorePoint(val("44.7030965392"))
		}, AtRisk, nil},
		{"below the tolerance", func(in *Input) {
			in.Official, in.Path = ScorePoint(val("44.7030965391")), ScorePoint(val("44.7030965391"))
		}, Behind, nil},
		{"behind though the forecast meets", func(in *Input) {
			in.Path = ScorePoint(val("40"))
			in.Weekly = weekly(in.AsOf, "10", "20", "30", "40")
		}, Behind, nil},
		{"derived baseline", func(in *Input) { in.Baseline.Derived = true }, OnTrack, []Reason{ReasonDerived}},
		{"no path, forecast meets", func(in *Input) {
			in.Baseline = Baseline{}
			in.Weekly = weekly(in.AsOf, "52", "53", "54", "55")
		}, OnTrack, []Reason{ReasonNoPath}},
		{"no path, forecast just below", func(in *Input) {
			in.Baseline = Baseline{}
			in.Path = ScorePoint(val("58"))
			in.Weekly = weekly(in.AsOf, "58", "58", "58", "58")
		}, AtRisk, []Reason{ReasonNoPath}},
		{"no path, forecast misses", func(in *Input) {
			in.Baseline = Baseline{}
			in.Weekly = weekly(in.AsOf, "55", "55", "55", "55")
		}, Behind, []Reason{ReasonNoPath}},
		{"no path, no forecast", func(in *Input) { in.Baseline = Baseline{} }, NoData, []Reason{ReasonNoPath}},
		{"before the baseline's day", func(in *Input) { in.Baseline.Day = in.AsOf + 1; in.Baseline.Derived = true }, NoData, []Reason{ReasonNoPath, ReasonDerived}},
		{"no path but met", func(in *Input) {
			in.Baseline = Baseline{}
			in.Official, in.Path = SharePoint(60, 100), SharePoint(60, 100)
		}, Met, nil},
		{"a minimum known in part", func(in *Input) { in.Path.Reason, in.Official.Reason = ReasonMissingSector, ReasonMissingSector }, OnTrack, []Reason{ReasonMissingSector}},
		{"measured only is judged too", func(in *Input) { in.Applies = plan.Measured }, OnTrack, nil},
		{"after the last milestone, at the target", func(in *Input) {
			in.AsOf = day("2026-02-01")
			in.Official, in.Path = SharePoint(79, 100), SharePoint(80, 100)
			in.Weekly = weekly(in.AsOf, "50", "50", "50", "50")
		}, OnTrack, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			c.change(&in)
			a := Assess(in)
			if a.Status != c.status || !slices.Equal(a.Reasons, c.reasons) {
				t.Errorf("got %s %q, want %s %q", a.Status, a.Reasons, c.status, c.reasons)
			}
			first := Reason("")
			if len(c.reasons) > 0 {
				first = c.reasons[0]
			}
			if a.Reason() != first {
				t.Errorf("first reason %q, want %q", a.Reason(), first)
			}
		})
	}
}

func TestMet(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Input)
		want   string
	}{
		{"official meets", func(in *Input) { in.Official = SharePoint(60, 100) }, "true"},
		{"official fails though the path meets", func(in *Input) { in.Path = SharePoint(60, 100) }, "false"},
		{"official unknown", func(in *Input) { in.Official = UnknownPoint(ReasonTooFew, 1, 1); in.Path = SharePoint(60, 100) }, "unknown"},
		{"no target", func(in *Input) { in.Targets = nil }, "unknown"},
		{"not applicable", func(in *Input) { in.Applies = plan.NotApplicable }, "unknown"},
		{"against the next milestone, not the passed one", func(in *Input) { in.AsOf = m23 + 1; in.Official = SharePoint(70, 100) }, "false"},
		{"on the milestone's day against that one", func(in *Input) { in.AsOf = m23; in.Official = SharePoint(70, 100) }, "true"},
		{"after the last against the last", func(in *Input) { in.AsOf = m25 + 9; in.Official = SharePoint(80, 100) }, "true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			c.change(&in)
			if got := showBool(Assess(in).Met); got != c.want {
				t.Errorf("met = %s, want %s", got, c.want)
			}
		})
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		name     string
		baseline string // day, value
		asOf     string
		value    string
		want     string
	}{
		{"before the baseline", "2022-06-30", "2022-06-29", "40", "null"},
		{"at the baseline", "2022-06-30", "2022-06-30", "40", "40"},
		{"a day on", "2022-06-30", "2022-07-01", "40", "40.0364298725"},
		{"at the first milestone", "2022-06-30", "2023-12-31", "40", "60"},
		{"second part starts at the first target", "2022-06-30", "2024-12-31", "40", "70.0136798906"},
		{"at the last milestone", "2022-06-30", "2025-12-31", "40", "80"},
		{"flat after the last", "2022-06-30", "2026-06-30", "40", "80"},
		{"already above the first target: flat", "2022-06-30", "2023-01-15", "75", "60"},
		{"already above both: no jump", "2022-06-30", "2025-01-01", "95", "70.0410396717"},
		{"baseline after the first milestone starts at its own day", "2024-07-01", "2024-07-01", "50", "50"},
		{"and goes to the next target", "2024-07-01", "2025-04-01", "50", "65"},
		{"and is capped by the next target", "2024-07-01", "2025-04-01", "90", "80"},
		{"baseline on the milestone's day", "2023-12-31", "2023-12-31", "30", "60"},
		{"baseline on the milestone's day, later", "2023-12-31", "2024-12-31", "30", "70.0136798906"},
		{"baseline after the last milestone", "2026-01-15", "2026-02-01", "10", "80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			in.AsOf = day(c.asOf)
			in.Baseline = Baseline{Known: true, Day: day(c.baseline), Value: val(c.value)}
			a := Assess(in)
			if got := show(a.Expected); got != c.want {
				t.Errorf("expected = %s, want %s", got, c.want)
			}
			if (a.Gap == nil) != (a.Expected == nil) || (a.Gap != nil && *a.Gap != *a.PathValue-*a.Expected) {
				t.Errorf("gap %s is not %s - %s", show(a.Gap), show(a.PathValue), show(a.Expected))
			}
		})
	}
	t.Run("a target without a number is no knot", func(t *testing.T) {
		targets := base().Targets
		targets[0].Value = nil
		b := Baseline{Known: true, Day: day("2022-06-30"), Value: val("40")}
		if got := show(expected(targets, b, day("2024-03-31"))); got != "60" { // 640 of 1280 days
			t.Errorf("expected = %s, want 60", got)
		}
		if got := expected(nil, b, day("2024-03-31")); got != nil {
			t.Errorf("a path without targets: %s", got)
		}
	})
}

func TestNeeded(t *testing.T) {
	for _, c := range []struct{ name, asOf, path, want string }{
		{"ten weeks", "2023-10-22", "50", "1"},
		{"part of a week", "2023-12-28", "50", "23.3333333333"},
		{"above the target: nothing", "2023-10-22", "70", "0"},
		{"on the day: null", "2023-12-31", "50", "null"},
		{"after the last milestone: null", "2026-01-10", "50", "null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			in.AsOf, in.Path = day(c.asOf), ScorePoint(val(c.path))
			if got := show(Assess(in).NeededPerWeek); got != c.want {
				t.Errorf("needed = %s, want %s", got, c.want)
			}
		})
	}
}

func TestPaceAndForecast(t *testing.T) {
	asOf := day("2023-10-22") // a Sunday, ten weeks before the milestone
	for _, c := range []struct {
		name           string
		asOf           plan.Day
		points         []WeekPoint
		path           string
		pace, forecast string
	}{
		{"three points are too few", asOf, weekly(asOf, "1", "2", "3"), "3", "null", "null"},
		{"four points", asOf, weekly(asOf, "1", "2", "3", "4"), "4", "1", "14"},
		{"four known of twelve", asOf, weekly(asOf, "1", "", "", "", "2", "", "", "", "3", "", "", "3.75"), "3.75", "0.25", "6.25"},
		{"an outlier does not matter", asOf, weekly(asOf, "1", "2", "3", "90", "5", "6"), "6", "1", "16"},
		{"the mean of the two middle slopes", asOf, weekly(asOf, "0", "1", "3", "6"), "6", "2", "26"},
		{"thirds are rounded only at the end", asOf, weekly(asOf, "0", "", "", "1", "", "", "2", "", "", "3"), "3", "0.3333333333", "6.3333333333"},
		{"falling", asOf, weekly(asOf, "40", "39", "38", "37"), "37", "-1", "27"},
		{"not under 0", asOf, weekly(asOf, "40", "30", "20", "10"), "10", "-10", "0"},
		{"not over the cap", asOf, weekly(asOf, "20", "30", "40", "50"), "50", "10", "100"},
		{"older than twelve weeks", asOf, append(weekly(asOf-84, "9", "9", "9", "9"), weekly(asOf, "1", "2", "3")...), "3", "null", "null"},
		{"only the last twelve weeks", asOf, weekly(asOf, "90", "80", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"), "12", "1", "22"},
		{"later points are not looked at", asOf, append(weekly(asOf, "1", "2", "3", "4"), WeekPoint{asOf + 7, true, val("99")}), "4", "1", "14"},
		{"a day that is no weekly point is not looked at", asOf, append(weekly(asOf, "1", "2", "3"), WeekPoint{asOf - 30, true, val("99")}), "3", "null", "null"},
		{"a point twice counts once", asOf, append(weekly(asOf, "1", "2", "3"), WeekPoint{asOf, true, val("9")}), "3", "null", "null"},
		{"in the middle of a week", asOf + 3, weekly(asOf, "1", "2", "3", "4"), "4", "1", "13.5714285714"},
		{"on the milestone's day", m23, weekly(m23, "1", "2", "3", "4"), "4", "1", "4"},
		{"after the last milestone", day("2026-02-01"), weekly(day("2026-02-01"), "1", "2", "3", "4"), "4", "1", "null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			in.AsOf, in.Weekly, in.Path = c.asOf, c.points, ScorePoint(val(c.path))
			a := Assess(in)
			if show(a.PacePerWeek) != c.pace || show(a.Forecast) != c.forecast {
				t.Errorf("pace %s, forecast %s; want %s, %s", show(a.PacePerWeek), show(a.Forecast), c.pace, c.forecast)
			}
		})
	}
	t.Run("the default cap is 100", func(t *testing.T) {
		in := base()
		in.Cap, in.Weekly = 0, weekly(in.AsOf, "10", "20", "30", "40")
		if got := show(Assess(in).Forecast); got != "100" {
			t.Errorf("forecast %s, want 100", got)
		}
	})
	t.Run("a forecast of a hair under the target misses", func(t *testing.T) {
		in := base()
		in.AsOf, in.Path = asOf, ScorePoint(val("56.6666666666"))
		in.Weekly = weekly(asOf, "0", "", "", "1", "", "", "2", "", "", "3") // 1/3 a week: 59.99999999993 in ten weeks
		a := Assess(in)
		if show(a.Forecast) != "59.9999999999" || !a.ForecastMisses {
			t.Errorf("forecast %s, misses %v", show(a.Forecast), a.ForecastMisses)
		}
	})
}

func TestBestReachable(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        func(*Input)
		best, failing string
		unreachable   bool
	}{
		{"a stock has none", func(in *Input) { in.Window = plan.Latest }, "null", "null", false},
		// 2023-12-31 - 2023-07-02 = 182 days: half of 364 rolling cases
		{"half a year left", func(in *Input) { in.Official = SharePoint(50, 100) }, "82.2695035461", "50", false},
		{"still just reachable", func(in *Input) { in.Official, in.Targets[0].Value = SharePoint(50, 218), ptr("58") }, "58", "168", false},
		{"one failing case too many", func(in *Input) { in.Official, in.Targets[0].Value = SharePoint(50, 219), ptr("58") }, "57.855361596", "169", true},
		{"a target of 100 is lost with the first", func(in *Input) { in.Official, in.Targets[0].Value = SharePoint(999, 1000), ptr("100") }, "99.9153976311", "1", true},
		{"more than, exactly reachable is not enough", func(in *Input) {
			in.Official, in.Targets[0].Value, in.Comparator = SharePoint(50, 218), ptr("58"), plan.MoreThan
		}, "58", "168", true},
		{"nothing yet this year", func(in *Input) { in.Official = UnknownPoint(ReasonNotReported, 0, 0) }, "100", "null", false},
		{"nothing ever", func(in *Input) {
			in.Official, in.Path = UnknownPoint(ReasonNotReported, 0, 0), UnknownPoint(ReasonNotReported, 0, 0)
		}, "null", "null", false},
		{"too few still says what is reachable", func(in *Input) { in.Official = UnknownPoint(ReasonTooFew, 1, 4) }, "98.3870967742", "3", false},
		{"met already, whatever the figures", func(in *Input) { in.Official = SharePoint(300, 100); in.Path = SharePoint(1, 364) }, "170.9219858156", "-200", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			in.AsOf, in.Window, in.Path = day("2023-07-02"), plan.YearToDate, SharePoint(182, 364)
			c.change(&in)
			a := Assess(in)
			failing := "null"
			if a.FailingCount != nil {
				failing = plan.Percent(*a.FailingCount).String()
			}
			if show(a.BestReachable) != c.best || failing != c.failing || slices.Contains(a.Reasons, ReasonUnreachable) != c.unreachable {
				t.Errorf("best %s, failing %s, reasons %q; want %s, %s, %v", show(a.BestReachable), failing, a.Reasons, c.best, c.failing, c.unreachable)
			}
		})
	}
}

func TestRemainingCases(t *testing.T) {
	for _, c := range []struct {
		name    string
		t       plan.PeriodType
		d       string
		rolling int64
		want    int64
	}{
		{"all of a leap year", plan.Calendar, "2023-12-31", 364, 0},
		{"first of January", plan.Calendar, "2024-01-01", 364, 365},
		{"half is rounded to even, down", plan.Calendar, "2023-07-02", 1, 0},
		{"half is rounded to even, up", plan.Calendar, "2023-07-02", 3, 2},
		{"report year, December the 14th", plan.Report, "2023-12-14", 364, 0},
		{"report year, closed", plan.Report, "2023-12-31", 364, 0},
		{"report year, closed until the first month is in", plan.Report, "2024-01-13", 364, 0},
		{"report year, first month in", plan.Report, "2024-01-14", 364, 335},
		{"report year, in the middle of a month", plan.Report, "2024-02-01", 364, 317},
		{"nothing known", plan.Calendar, "2023-07-02", 0, 0},
		{"large amounts do not overflow", plan.Calendar, "2023-01-01", 1 << 60, 1 << 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := RemainingCases(c.t, day(c.d), c.rolling); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	after := day("2024-06-30")
	for _, c := range []struct {
		name   string
		change func(*Input)
		want   []Outcome // 2023, 2025
		reason Reason    // of 2023
	}{
		{"before the cut-off", func(in *Input) { in.AsOf = m23 - 1 }, []Outcome{OutcomeNone, OutcomeNone}, ""},
		{"on the cut-off", func(in *Input) { in.AsOf = m23 }, []Outcome{OutcomePending, OutcomeNone}, ""},
		{"on the last working day", func(in *Input) { in.AsOf = day("2024-01-03") }, []Outcome{OutcomePending, OutcomeNone}, ""},
		{"a day later", func(in *Input) { in.AsOf = day("2024-01-04") }, []Outcome{OutcomeMet, OutcomeNone}, ""},
		{"report year is decided in December", func(in *Input) {
			in.AsOf = day("2023-12-19")
			in.Targets[0].CutOff, in.Targets[0].Deadline = day("2023-12-14"), day("2023-12-18")
		}, []Outcome{OutcomeMet, OutcomeNone}, ""},
		{"missed", func(in *Input) { in.Targets[0].AtCutOff = SharePoint(59, 100) }, []Outcome{OutcomeMissed, OutcomeNone}, ""},
		{"more than", func(in *Input) { in.Comparator = plan.MoreThan }, []Outcome{OutcomeMissed, OutcomeNone}, ""},
		{"undecidable", func(in *Input) { in.Targets[0].AtCutOff = UnknownPoint(ReasonTooFew, 1, 2) }, []Outcome{OutcomeUndecidable, OutcomeNone}, ReasonTooFew},
		{"no number", func(in *Input) { in.Targets[0].Value = nil }, []Outcome{OutcomeNone, OutcomeNone}, ""},
		{"not applicable", func(in *Input) { in.Applies = plan.NotApplicable }, []Outcome{OutcomeNone, OutcomeNone}, ""},
		{"unit born after it", func(in *Input) { in.UnitFrom = day("2024-01-01") }, []Outcome{OutcomeNone, OutcomeNone}, ""},
		{"unit born on the day", func(in *Input) { in.UnitFrom = m23 }, []Outcome{OutcomeMet, OutcomeNone}, ""},
		{"ending misses nothing", func(in *Input) { in.UnitTo = day("2025-06-30"); in.AsOf = day("2026-02-01") }, []Outcome{OutcomeMet, OutcomeNone}, ""},
		{"both passed, live status whatever", func(in *Input) {
			in.AsOf = day("2026-02-01")
			in.Freshness.Age = 99
			in.Targets[1].AtCutOff = SharePoint(79, 100)
		}, []Outcome{OutcomeMet, OutcomeMissed}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			in.AsOf = after
			in.Targets[0].AtCutOff = SharePoint(60, 100)
			c.change(&in)
			var got []Outcome
			for i, o := range Assess(in).Outcomes {
				got = append(got, o.Outcome)
				decided := o.Outcome == OutcomeMet || o.Outcome == OutcomeMissed
				if o.Milestone != in.Targets[i].Milestone || (o.Value != nil) != decided {
					t.Errorf("outcome %+v", o)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if r := Assess(in).Outcomes[0].Reason; r != c.reason {
				t.Errorf("reason %q, want %q", r, c.reason)
			}
		})
	}
}

func TestEndedUnitKeepsItsLastAssessment(t *testing.T) {
	in := base()
	in.AsOf, in.UnitTo = day("2025-06-30"), day("2025-06-30")
	in.Path, in.Official = SharePoint(74, 100), SharePoint(74, 100)
	last := Assess(in)
	if last.UnitEnded || last.Status != AtRisk {
		t.Fatalf("on its last day: %+v", last)
	}
	in.AsOf = day("2026-01-31")
	a := Assess(in)
	if !a.UnitEnded || a.AsOf != in.UnitTo || a.Reason() != ReasonUnitEnded {
		t.Errorf("after its end: %+v", a)
	}
	if a.Status != last.Status || show(a.Expected) != show(last.Expected) || a.Milestone != last.Milestone || show(a.NeededPerWeek) != show(last.NeededPerWeek) {
		t.Errorf("after its end %+v, on its last day %+v", a, last)
	}
}

func TestFigures(t *testing.T) {
	in := base()
	in.Official = UnknownPoint(ReasonTooFew, 7, 9)
	a := Assess(in)
	if a.Value != nil || a.Numerator != 7 || a.Denominator != 9 || show(a.PathValue) != "55" || show(a.Target) != "60" || a.Milestone != m23 {
		t.Errorf("%+v", a)
	}
	*a.Target = 0
	if *in.Targets[0].Value != val("60") {
		t.Error("the assessment shares the plan's target")
	}
	in.Targets = nil
	if a = Assess(in); a.Milestone != plan.NoDay || a.Target != nil || show(a.PathValue) != "55" {
		t.Errorf("without targets: %+v", a)
	}
	in.Applies = plan.NotApplicable
	if a = Assess(in); a.PathValue != nil || a.Numerator != 0 {
		t.Errorf("not applicable: %+v", a)
	}
}

func TestPoints(t *testing.T) {
	if p := SharePoint(5, 0); p.Known || p.Reason != ReasonNotReported || p.Opt() != nil {
		t.Errorf("nothing reported: %+v", p)
	}
	if p := UnknownPoint(ReasonTooFew, 29, 29); p.Meets(plan.AtLeast, 0) {
		t.Error("an unknown figure meets a target")
	}
}
