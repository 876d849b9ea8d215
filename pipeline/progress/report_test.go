package progress

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
)

// reports writes a line for each report: who period state [+days late] [by source] [on day] [superseded].
func reports(all []Report) string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%s%s %s %s", r.Unit.Code, strings.TrimSuffix("@"+r.Facility, "@"), r.Period.Label, r.State)
		if r.DaysLate > 0 {
			fmt.Fprintf(&b, " +%d", r.DaysLate)
		}
		if r.ReportedAt != 0 {
			fmt.Fprintf(&b, " by %s on %s", r.Source, dayOfMillis(r.ReportedAt))
		}
		if r.Superseded {
			b.WriteString(" superseded")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestReports(t *testing.T) {
	const units = "P top \n A low P \n B low P"
	quarterly := func(ind *plan.Indicator) {
		ind.Rhythm, ind.PeriodType, ind.EntryLevels = plan.Quarterly, plan.Report, []plan.Level{"low"}
	}
	sector := indicator(stock, aggregate(plan.MinAfterSumPerSector), func(ind *plan.Indicator) {
		ind.Kind, ind.Over, ind.Rhythm, ind.PeriodType, ind.EntryLevels = plan.MinOver, "sector", plan.Yearly, plan.Report, []plan.Level{"top"}
	})
	for _, c := range []struct {
		name, units string
		ind         plan.Indicator
		rows, today string
		want        string
	}{
		// 14 December 2023 is a Thursday: Friday and Monday are the two working days.
		{"on the second working day it is awaited", "P top \n A low P", indicator(stock, quarterly), "d A 2023-09-14 9", "2023-12-18", `
			A 2023-Q1 late +277 superseded
			A 2023-Q2 late +185 superseded
			A 2023-Q3 received by s on 2023-09-14
			A 2023-Q4 awaited`},
		{"the day after it is late", "P top \n A low P", indicator(stock, quarterly), "d A 2023-09-14 9", "2023-12-19", `
			A 2023-Q1 late +278 superseded
			A 2023-Q2 late +186 superseded
			A 2023-Q3 received by s on 2023-09-14
			A 2023-Q4 late +1`},
		{"a holiday is no working day", "P top \n A low P", indicator(monthly("low"), func(ind *plan.Indicator) { ind.PeriodType = plan.Calendar }), "d A 2023-09-30 9 \n d A 2023-10-31 9 \n d A 2023-11-30 9", "2024-01-03", `
			A 2023-09 received by s on 2023-09-30
			A 2023-10 received by s on 2023-10-31
			A 2023-11 received by s on 2023-11-30
			A 2023-12 awaited`},
		{"a day later", "P top \n A low P", indicator(monthly("low"), func(ind *plan.Indicator) { ind.PeriodType = plan.Calendar }), "", "2024-01-04", `
			A 2023-09 late +93
			A 2023-10 late +63
			A 2023-11 late +31
			A 2023-12 late +1`},
		{"a period is closed when its last day is over", "P top \n A low P", indicator(stock, quarterly), "", "2023-03-14", `
			A 2022-Q3 late +179
			A 2022-Q4 late +88`},
		{"what came late stays late, by its first receipt", units, indicator(monthly("low")), "d A 2023-01-14 9 known=2023-01-25 \n d A 2023-01-14 9 known=2023-03-01 \n d A 2023-01-14 8 known=2023-02-01 \n d B 2023-01-14 9 known=2023-01-17", "2023-02-01", `
			A 2022-10 late +106
			A 2022-11 late +77
			A 2022-12 late +47
			A 2023-01 received +8 by s on 2023-01-25
			B 2022-10 late +106
			B 2022-11 late +77
			B 2022-12 late +47
			B 2023-01 received by s on 2023-01-17`},
		{"a flow's month is missing whatever came later", "P top \n A low P", indicator(monthly("low")), "d A 2023-01-14 9", "2023-01-16", `
			A 2022-10 late +90
			A 2022-11 late +61
			A 2022-12 late +31
			A 2023-01 received by s on 2023-01-14`},
		{"who began or ended within the period owes nothing", "P top \n A low P 2022-10-01.. \n B low P ..2022-12-20 \n C low P ..2022-11-30", indicator(stock, quarterly), "", "2023-03-20", `
			A 2023-Q1 late +4
			B 2022-Q3 late +185
			B 2022-Q4 late +94
			C 2022-Q3 late +185`},
		{"a preferred source that has it counts", "P top \n A low P", indicator(monthly("low"), func(ind *plan.Indicator) { ind.Sources = []string{"api", "forms"} }), "d A 2022-12-14 9 source=forms \n d A 2023-01-14 9 source=forms \n d A 2023-01-14 8 source=api known=2023-01-16", "2023-01-16", `
			A 2022-10 late +90
			A 2022-11 late +61
			A 2022-12 received by forms on 2022-12-14
			A 2023-01 received by api on 2023-01-16`},
		{"a minimum is there when all its members are", "P top", sector, "d P 2022-12-14 9 dims=farm \n d P 2023-12-14 9 dims=farm \n d P 2023-12-14 9 dims=trade known=2023-12-29", "2024-01-02", `
			P 2022 late +382 superseded
			P 2023 received +11 by s on 2023-12-29`},
		{"quiet months are not asked for", "P top \n A low P", indicator(monthly("low"), func(ind *plan.Indicator) { ind.PeriodType, ind.QuietMonths = plan.Calendar, []int{6, 7, 8} }), "", "2023-09-06", `
			A 2023-02 late +188
			A 2023-03 late +155
			A 2023-04 late +127
			A 2023-05 late +96`},
		{"a catalogue's codes", "P top \n A low P \n B low P", indicator(stock, quarterly, aggregate(plan.DistinctCatalogue), func(ind *plan.Indicator) { ind.Numerator, ind.Denominator, ind.Scope = "full", "", "scope" }),
			"scope A 2022-09-14 1 dims=c2 known=2022-09-16 \n scope A 2022-09-14 1 dims=c1 known=2022-09-15", "2022-09-16", `
			A 2022-Q3 received by s on 2022-09-15
			B 2022-Q3 awaited`},
		{"a daily source reports by itself", units, indicator(), "", "2023-03-20", ""},
		{"nobody enters it", units, indicator(monthly()), "", "2023-03-20", ""},
		{"only levels that count", "P top \n M middle P \n A low M", indicator(stock, quarterly, aggregate(plan.OwnLevelOnly), func(ind *plan.Indicator) {
			ind.EntryLevels, ind.OwnLevels = []plan.Level{"middle", "low"}, []plan.Level{"middle"}
		}), "", "2022-09-16", "M 2022-Q3 awaited"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.units).rows(c.rows)
			w.plan.Indicators = []plan.Indicator{c.ind}
			w.plan.Members = map[string][]plan.Member{"sector": {{Code: "farm"}, {Code: "trade"}}}
			if diff := cmp.Diff(lines(c.want), lines(reports(w.book().Reports(day(c.today))))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	quarterly := indicator(stock, func(ind *plan.Indicator) {
		ind.Rhythm, ind.PeriodType, ind.EntryLevels = plan.Quarterly, plan.Report, []plan.Level{"low"}
	})
	schools := indicator(monthly(), func(ind *plan.Indicator) { ind.FacilityKinds, ind.PeriodType = []string{"school"}, plan.Report })
	const units = "P top \n A low P \n B low P 2023-10-01.. \n C low P"
	for _, c := range []struct {
		name  string
		ind   plan.Indicator
		today string
		days  int
		want  string
	}{
		// 14 December 2023 is a Thursday: reports of it are late from Tuesday the 19th.
		{"before the cut-off, within the days", quarterly, "2023-11-14", 30, "2023-Q4 2023-12-14 2023-12-19 2"},
		{"a day too far", quarterly, "2023-11-13", 30, ""},
		{"behind the cut-off, not yet late", quarterly, "2023-12-18", 30, "2023-Q4 2023-12-14 2023-12-19 2"},
		{"late is not to come", quarterly, "2023-12-19", 30, ""},
		{"facilities are not counted", schools, "2023-11-20", 60, "2023-12 2023-12-14 2023-12-19 0 \n 2024-01 2024-01-14 2024-01-17 0"},
		{"nobody reports it", indicator(), "2023-11-20", 60, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, units)
			w.plan.Indicators = []plan.Indicator{c.ind}
			var got []string
			for _, d := range Deadlines(w.plan, day(c.today), c.days) {
				got = append(got, fmt.Sprintf("%s %s %s %d", d.Period.Label, d.Due, d.LateFrom, d.Units))
			}
			if diff := cmp.Diff(lines(c.want), lines(strings.Join(got, "\n"))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReportsOfFacilities(t *testing.T) {
	for aggregated, unit := range map[plan.Aggregate]string{plan.LocatedIn: "A", plan.ManagedBy: "P"} {
		w := newWorld(t, "P top \n A low P").facilities("s1 school A P \n s2 hospital A P \n s3 school A P ..2022-11-30").rows("d @s1 2023-01-14 9")
		w.plan.Indicators = []plan.Indicator{indicator(monthly(), aggregate(aggregated), func(ind *plan.Indicator) { ind.FacilityKinds = []string{"school"} })}
		want := lines(strings.ReplaceAll(`
			X@s1 2022-10 late +90
			X@s1 2022-11 late +61
			X@s1 2022-12 late +31
			X@s1 2023-01 received by s on 2023-01-14
			X@s3 2022-10 late +90
			X@s3 2022-11 late +61`, "X", unit))
		if diff := cmp.Diff(want, lines(reports(w.book().Reports(day("2023-01-16"))))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", aggregated, diff)
		}
	}
}

// Nothing is asked of the time before the plan or behind it.
func TestReportsWithinThePlan(t *testing.T) {
	w := newWorld(t, "P top \n A low P")
	w.plan.End = day("2025-12-31")
	w.plan.Indicators = []plan.Indicator{indicator(monthly("low"))}
	for today, want := range map[string]string{
		"2022-07-14": "",
		"2022-07-15": "A 2022-07 awaited",
		"2026-11-23": "A 2025-09 late +433 \n A 2025-10 late +403 \n A 2025-11 late +370 \n A 2025-12 late +342",
	} {
		if diff := cmp.Diff(lines(want), lines(reports(w.book().Reports(day(today))))); diff != "" {
			t.Errorf("on %s (-want +got)\n%s", today, diff)
		}
	}
}

func TestDueBy(t *testing.T) {
	tet := map[plan.Day]string{}
	for _, d := range []string{"2025-01-27", "2025-01-28", "2025-01-29", "2025-01-30", "2025-01-31"} {
		tet[day(d)] = "Tết Nguyên đán"
	}
	h := plan.NewHolidays(tet, map[plan.Day]string{day("2025-04-26"): "Làm bù"})
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, plan.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ name, pull, want string }{
		{"a night in the week", "2025-06-24 01:30", "2025-06-25 08:00"},
		{"Friday's: somebody can act on Monday", "2025-06-27 01:30", "2025-06-30 08:00"},
		{"Saturday's: Monday's pull may still mend it", "2025-06-28 01:30", "2025-07-01 08:00"},
		{"the last before Tết falls due behind it", "2025-01-24 01:30", "2025-02-03 08:00"},
		{"within Tết", "2025-01-28 01:30", "2025-02-04 08:00"},
		{"a Saturday that is worked", "2025-04-25 01:30", "2025-04-26 08:00"},
		{"late in the evening is still the day", "2025-06-24 23:45", "2025-06-25 08:00"},
		{"the instant's zone does not matter", "2025-06-24 00:30", "2025-06-25 08:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, pull := range []time.Time{at(c.pull), at(c.pull).UTC()} {
				got := DueBy(h, pull)
				if !got.Equal(at(c.want)) {
					t.Errorf("pull %s is due by %s, want %s", c.pull, got.In(plan.Zone), c.want)
				}
				if !h.Working(plan.DayOf(got)) {
					t.Error("due on a day off")
				}
			}
		})
	}
}

func TestFailures(t *testing.T) {
	// 100 % cannot be reached any more once one case has failed; the path's share falls later.
	w := newWorld(t, "P top \n A low P").rows(`
		d A 2023-01-10 100
		n A 2023-01-10 99
		d A 2023-03-01 100
		n A 2023-03-01 90
		d A 2023-03-18 100
		n A 2023-03-18 60`)
	w.plan.WatchLevels = []plan.Level{"low"}
	hard := indicator(func(ind *plan.Indicator) {
		ind.Targets = []plan.Target{{Milestone: m23, Value: ptr("100"), EffectiveFrom: plan.NoDay}}
	})
	off := map[plan.Day]string{}
	ask := func(ind plan.Indicator, d string) string {
		w.plan.Holidays = plan.NewHolidays(off, nil)
		b := w.book()
		var results []Result
		for _, unit := range []string{"A", "P"} {
			results = append(results, b.Results(&ind, w.unit(unit), b.WeeklyDays(day(d)))...)
		}
		var out []string
		for _, f := range b.Failures(results, day(d)) {
			out = append(out, fmt.Sprintf("%s new=%t %s after %s rises=%t", f.Unit.Code, f.New, show(f.Share), show(f.Before), f.Rises()))
		}
		return strings.Join(out, "; ")
	}
	for _, c := range []struct {
		name, day string
		ind       plan.Indicator
		want      string
	}{
		{"before the first case", "2023-01-08", hard, ""},
		{"when it is lost", "2023-01-15", hard, "A new=true 1 after null rises=false"},
		{"a week later", "2023-01-22", hard, "A new=false 1 after 1 rises=false"},
		{"nothing in four weeks", "2023-02-26", hard, "A new=false null after null rises=false"},
		{"more fail", "2023-03-19", hard, "A new=false 25 after 10 rises=true"},
		{"a measured one owes nothing", "2023-03-19", indicator(func(ind *plan.Indicator) {
			ind.Targets, ind.Applies = hard.Targets, map[plan.Level]plan.Applicability{"low": plan.Measured}
		}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ask(c.ind, c.day); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("a week that was off is told behind it", func(t *testing.T) {
		for d := day("2023-01-16"); d <= day("2023-01-22"); d++ {
			off[d] = "Tết"
		}
		if got, want := ask(hard, "2023-01-22"), "A new=true 1 after 1 rises=false"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := ask(hard, "2023-01-29"), "A new=false 1 after 1 rises=false"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
