package review_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
)

// little is a plan of two pillars and two watched levels, whose districts end and become one in July 2025.
func little(t *testing.T) *plan.Plan {
	t.Helper()
	p, err := plan.Load(fstest.MapFS{
		"plan.yaml": {Data: []byte(`
code: little
name: Kế hoạch nhỏ
name_en: A little plan
document: Kế hoạch 1
versions: [{id: v1, effective: 2024-01-01, document: Kế hoạch 1}]
start: 2024-01-01
end: 2025-12-31
province: "1"
watch_levels: [province, district]
detail_levels: [province, district]
recent_weeks: 13
milestones: [{date: 2025-12-31, report_cut_off: 2025-12-14, name: Tổng kết}]
levels: [{code: province, name: Tỉnh, name_en: Province}, {code: district, name: Huyện, name_en: District}, {code: commune, name: Xã, name_en: Commune}]
pillars: [{code: A, name: Một, name_en: One}, {code: B, name: Hai, name_en: Two}]
defaults: {min_denominator: 30, tolerance: 2, coverage_min: 80, overall_min: 1}
`)},
		"units.csv": {Data: []byte(`code,parent,level,name,name_en,type,valid_from,valid_to,regroup
1,,province,Tỉnh Một,Province One,Tỉnh,,,
10,1,district,Huyện Ba,District Three,Huyện,,2025-06-30,
11,1,district,Huyện An,District An,Huyện,,2025-06-30,
12,1,district,Khu Mới,New Area,Khu,2025-07-01,,
101,1,commune,Xã Bé,Little Commune,Xã,,,
`)},
		"indicators.yaml": {Data: []byte(indicators)},
		"measures.csv":    {Data: []byte("code,name,unit,source\nm.n,Tử,người,s\nm.d,Mẫu,người,s\n")},
		"sources/s.yaml":  {Data: []byte("kind: x\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var indicators = func() string {
	var b strings.Builder
	for _, c := range []struct{ code, pillar, more string }{{"A-1", "A", ""}, {"A-2", "A", ""}, {"B-1", "B", ""}, {"W-1", "B", "  monitored: true\n"}} {
		b.WriteString("- code: " + c.code + "\n  pillar: " + c.pillar + `
  name: Chỉ tiêu ` + c.code + `
  name_en: Indicator ` + c.code + `
  definition: Tử / mẫu
  kind: ratio
  aggregate: sum_self_and_descendants
  window: latest
  period_type: calendar
  numerator: m.n
  denominator: m.d
  comparator: ">="
  targets: [{milestone: 2025-12-31, value: 80, wording: Tối thiểu 80%, section: I}]
  applies: {province: owed, district: owed, commune: owed}
  entry_levels: [district, commune]
  sources: [s]
  rhythm: quarter
  owner: "1"
` + c.more)
	}
	return b.String()
}()

var (
	week   = plan.MustDay("2025-06-29")
	before = week - 7
)

func unit(code string) plan.UnitKey { return plan.UnitKey{Code: code, From: plan.NoDay} }

func val(s string) *plan.Value {
	v, err := plan.ParseValue(s)
	if err != nil {
		panic(err)
	}
	return &v
}

// result is a stored result of a week; change says what else is stored.
func result(d plan.Day, indicator, code string, st progress.Status, value string, change ...func(*review.Assessment)) review.Assessment {
	a := review.Assessment{Indicator: indicator, Unit: unit(code), Level: "district", AsOf: d, Applies: plan.Owed, Status: st, Comparator: plan.AtLeast, Target: val("80"),
		PlanVersion: "v1", MethodVersion: "m1", KnownAt: d.End().Add(-time.Hour), Milestone: plan.MustDay("2025-12-31"), BehindSince: plan.NoDay}
	switch code {
	case "1":
		a.Level = "province"
	case "12":
		a.Unit.From = plan.MustDay("2025-07-01")
	case "101":
		a.Level = "commune"
	}
	if value != "" {
		a.Value, a.PathValue = val(value), val(value)
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

// tallies count results as the store does.
func tallies(all []review.Assessment) []review.Tally {
	n := map[review.Tally]int{}
	for _, x := range all {
		n[review.Tally{AsOf: x.AsOf, Level: x.Level, Indicator: x.Indicator, Applies: x.Applies, Status: x.Status}]++
	}
	var out []review.Tally
	for k, units := range n {
		k.Units = units
		out = append(out, k)
	}
	return out
}

func names(pairs []review.Pair) string {
	var out []string
	for _, p := range pairs {
		s := p.Indicator + " " + p.Unit.String()
		if d := p.Moved(); d != nil {
			s += " " + d.String()
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestKinds(t *testing.T) {
	p := little(t)
	for _, c := range []struct {
		was, is progress.Status // empty: nothing is stored
		want    review.Kind
	}{
		{progress.Stale, progress.Behind, review.Found}, // behind already before it was stale: the streak goes on
		{progress.OnTrack, progress.Behind, review.NewlyBehind},
		{progress.Met, progress.Behind, review.NewlyBehind},
		{progress.AtRisk, progress.Met, review.NewlyMet},
		{progress.Behind, progress.Met, review.NewlyMet},
		{progress.NoData, progress.Met, review.Found},
		{progress.Behind, progress.AtRisk, review.Recovered},
		{progress.Behind, progress.OnTrack, review.Recovered},
		{progress.Met, progress.OnTrack, review.NoLongerMet},
		{progress.Met, progress.AtRisk, review.NoLongerMet},
		{progress.AtRisk, progress.OnTrack, review.Better},
		{progress.OnTrack, progress.AtRisk, review.Worse},
		{progress.Behind, progress.Stale, review.Lost},
		{progress.Met, progress.NoData, review.Lost},
		{progress.NoData, progress.Stale, review.Same},
		{progress.NoData, progress.AtRisk, review.Found},
		{progress.Stale, progress.OnTrack, review.Found},
		{progress.Behind, progress.Behind, review.Same},
		{"", progress.Behind, review.First},
		{progress.NotApplicable, progress.Behind, review.First},
		{progress.NoTarget, progress.Met, review.First},
		{progress.Behind, "", review.Gone},
		{progress.Behind, progress.NotApplicable, review.Gone},
		{progress.Met, progress.NoTarget, review.Gone},
	} {
		var all []review.Assessment
		if c.was != "" {
			all = append(all, result(before, "A-1", "10", c.was, "50"))
		}
		if c.is != "" {
			all = append(all, result(week, "A-1", "10", c.is, "50"))
		}
		pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)})
		if len(pack.Pairs) != 1 || pack.Pairs[0].Kind() != c.want || len(pack.Of(c.want)) != 1 {
			t.Errorf("%q to %q: %+v, want %s", c.was, c.is, pack.Pairs, c.want)
		}
	}
}

// After weeks without figures only a streak that begins now is new.
func TestBehindAfterNothingWasKnown(t *testing.T) {
	p := little(t)
	for weeks, want := range map[int]review.Kind{1: review.NewlyBehind, 2: review.Found} {
		all := []review.Assessment{result(before, "A-1", "10", progress.NoData, ""), result(week, "A-1", "10", progress.Behind, "50", func(a *review.Assessment) { a.WeeksBehind = weeks })}
		if got := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)}).Pairs[0].Kind(); got != want {
			t.Errorf("%d weeks behind: %s, want %s", weeks, got, want)
		}
	}
}

// With the milestone the target changes: what met the old one and not the new one has not got worse.
func TestAnotherTarget(t *testing.T) {
	p := little(t)
	for name, change := range map[string]func(*review.Assessment){
		"milestone":  func(a *review.Assessment) { a.Milestone = plan.MustDay("2023-12-31") },
		"amended":    func(a *review.Assessment) { a.Target = val("70") },
		"not stated": func(a *review.Assessment) { a.Target = nil },
	} {
		for _, is := range []progress.Status{progress.Behind, progress.Met, progress.Stale} {
			all := []review.Assessment{result(before, "A-1", "10", progress.Met, "75", change), result(week, "A-1", "10", is, "75")}
			pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)})
			if len(pack.Of(review.Retargeted)) != 1 {
				t.Errorf("%s, then %s: %s", name, is, pack.Pairs[0].Kind())
			}
		}
	}
	p.Milestones = append([]plan.Milestone{{Date: plan.MustDay("2025-06-24")}}, p.Milestones...)
	for d, want := range map[plan.Day]bool{week - 7: false, week: true, week + 7: false, plan.MustDay("2026-01-04"): false} {
		if got := review.Week(p, review.Input{AsOf: d}).Turned; got != want {
			t.Errorf("in the week that ends on %s another milestone counts: %v", d, got)
		}
	}
}

func TestCounts(t *testing.T) {
	p := little(t)
	watched := func(a *review.Assessment) { a.Applies = plan.Measured }
	all := []review.Assessment{
		result(week, "A-1", "1", progress.Met, "90"), result(week, "B-1", "1", progress.Behind, "50"), result(week, "W-1", "1", progress.Met, "90"),
		result(week, "A-1", "10", progress.AtRisk, "70"), result(week, "A-1", "11", progress.AtRisk, "70"), result(week, "A-2", "11", progress.NotApplicable, ""),
		result(week, "A-1", "101", progress.NoData, ""), result(week, "A-2", "101", progress.Met, "90", watched),
		result(before, "A-1", "1", progress.Met, "90"), result(before, "B-1", "1", progress.AtRisk, "50"), result(before, "A-1", "10", progress.Behind, "70"),
		result(before-7, "A-1", "10", progress.Behind, "70"), result(week, "X-9", "1", progress.Met, "90"),
	}
	met, risk, late, none := progress.Met, progress.AtRisk, progress.Behind, progress.NoData
	type s = review.Split
	want := []review.Counts{
		{Level: "province", Now: s{met: 1, late: 1}, Before: s{met: 1, risk: 1}, Pillars: []review.PillarCounts{{Pillar: "A", Now: s{met: 1}, Before: s{met: 1}}, {Pillar: "B", Now: s{late: 1}, Before: s{risk: 1}}}},
		{Level: "district", Now: s{risk: 2}, Before: s{late: 1}, Pillars: []review.PillarCounts{{Pillar: "A", Now: s{risk: 2}, Before: s{late: 1}}}},
		{Level: "commune", Now: s{none: 1}, Before: s{}, Pillars: []review.PillarCounts{{Pillar: "A", Now: s{none: 1}, Before: s{}}}},
	}
	pack := review.Week(p, review.Input{AsOf: week, Tallies: tallies(all)})
	if diff := cmp.Diff(want, pack.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if n := pack.Counts[0].Now.Total(); n != 2 || pack.First {
		t.Errorf("%d targets of the province, first week %v", n, pack.First)
	}
}

// Where a plan owes nothing, its figures count all the same.
func TestAPlanWithoutTargets(t *testing.T) {
	p := little(t)
	measured := func(a *review.Assessment) { a.Applies, a.Target = plan.Measured, nil }
	all := []review.Assessment{result(week, "A-1", "1", progress.NoTarget, "51.5", measured), result(before, "A-1", "1", progress.NoTarget, "50", measured), result(week, "W-1", "1", progress.NoTarget, "9", measured)}
	pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)})
	if len(pack.Counts) != 1 || pack.Counts[0].Now[progress.NoTarget] != 1 || names(pack.Up) != "A-1 1 1.5" || len(pack.Outlook) != 0 {
		t.Errorf("counts %+v, up %s, outlook %+v", pack.Counts, names(pack.Up), pack.Outlook)
	}
}

func TestMovers(t *testing.T) {
	p := little(t)
	var all []review.Assessment
	move := func(indicator, code, was, is string) {
		all = append(all, result(before, indicator, code, progress.AtRisk, was), result(week, indicator, code, progress.AtRisk, is))
	}
	move("A-1", "10", "50", "53")
	move("A-1", "1", "50", "51.5")
	move("A-2", "10", "50", "47")
	move("A-2", "11", "50", "46.9999999999")
	move("B-1", "10", "50", "53") // ties: as the plan orders levels, units and indicators
	move("A-1", "11", "50", "53")
	move("B-1", "1", "50", "50")
	move("A-2", "1", "", "60") // no figure the week before
	move("B-1", "11", "60", "")
	pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)})
	if got, want := names(pack.Up), "A-1 10 3, B-1 10 3, A-1 11 3, A-1 1 1.5"; got != want {
		t.Errorf("up: %s, want %s", got, want)
	}
	if got, want := names(pack.Down), "A-2 11 -3.0000000001, A-2 10 -3"; got != want {
		t.Errorf("down: %s, want %s", got, want)
	}
}

func TestOutlook(t *testing.T) {
	p := little(t)
	yes, no := true, false
	for _, c := range []struct {
		name            string
		status          progress.Status
		comparator      plan.Comparator
		forecast        *plan.Value
		pace, needed    *plan.Value
		rows            int
		meets, tooShort *bool
	}{
		{"reaches it", progress.OnTrack, plan.AtLeast, val("80"), val("0.2"), val("0.2"), 1, &yes, &no},
		{"reaches it where more is asked", progress.AtRisk, plan.MoreThan, val("80"), val("0.1"), val("0.2"), 1, &no, &yes},
		{"falls short", progress.Behind, plan.AtLeast, val("79.9999999999"), val("-0.1"), val("0"), 1, &no, &yes},
		{"no forecast", progress.NoData, plan.AtLeast, nil, nil, val("0.3"), 1, nil, nil},
		{"does not apply", progress.NotApplicable, plan.AtLeast, val("90"), nil, nil, 0, nil, nil},
	} {
		all := []review.Assessment{result(week, "A-1", "1", c.status, "60", func(a *review.Assessment) {
			a.Comparator, a.Forecast, a.PacePerWeek, a.NeededPerWeek = c.comparator, c.forecast, c.pace, c.needed
		}), result(week, "A-1", "10", progress.Behind, "60")}
		pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)})
		if len(pack.Outlook) != c.rows {
			t.Errorf("%s: %d rows", c.name, len(pack.Outlook))
			continue
		}
		if c.rows > 0 {
			if got := pack.Outlook[0]; cmp.Diff(c.meets, got.Meets) != "" || cmp.Diff(c.tooShort, got.Short) != "" {
				t.Errorf("%s: meets %v, short %v", c.name, got.Meets, got.Short)
			}
		}
	}
}

func TestTheFirstWeek(t *testing.T) {
	p := little(t)
	all := []review.Assessment{result(week, "A-1", "1", progress.Behind, "50"), result(week, "A-1", "10", progress.Met, "90")}
	pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all), Standings: []review.Standing{{Level: "district", Unit: unit("10"), AsOf: week, Rank: 1, Of: 1, Overall: progress.Met}}})
	if !pack.First || len(pack.Of(review.First)) != 2 || len(pack.Of(review.NewlyBehind)) != 0 || len(pack.Up)+len(pack.Down)+len(pack.Restated) != 0 || pack.Untold != 0 {
		t.Errorf("the first week has something to compare with: %+v", pack)
	}
	if len(pack.Movements) != 1 || pack.Movements[0].Before != nil || pack.Movements[0].Up != nil {
		t.Errorf("movements: %+v", pack.Movements)
	}
	if len(pack.Begun) != 0 {
		t.Errorf("units that were there before the first week have begun: %v", pack.Begun)
	}
	empty := review.Week(p, review.Input{AsOf: week})
	if !empty.First || empty.Counts != nil || empty.Pairs != nil || !empty.KnownAt.IsZero() {
		t.Errorf("an empty store: %+v", empty)
	}
}

func TestTheTurnOfTheYear(t *testing.T) {
	p := little(t)
	newYear := plan.MustDay("2025-01-05") // ends 2025-W01, which begins on 30 December
	all := []review.Assessment{result(newYear-7, "A-1", "10", progress.OnTrack, "60"), result(newYear, "A-1", "10", progress.Behind, "58")}
	pack := review.Week(p, review.Input{AsOf: newYear, Results: all, Tallies: tallies(all)})
	if review.WeekName(pack.AsOf) != "2025-W01" || review.WeekName(pack.Before) != "2024-W52" || names(pack.Of(review.NewlyBehind)) != "A-1 10 -2" {
		t.Errorf("%s after %s: %s", review.WeekName(pack.AsOf), review.WeekName(pack.Before), names(pack.Pairs))
	}
	if last := review.Week(p, review.Input{AsOf: plan.MustDay("2026-01-04")}); last.Milestone != plan.NoDay {
		t.Errorf("after the last milestone the next one is %s", last.Milestone)
	}
}

// Units that ended are named, and nothing of theirs is newly behind, gone missing or a mover.
func TestUnitsThatEnded(t *testing.T) {
	p := little(t)
	after := plan.MustDay("2025-07-06")
	all := []review.Assessment{result(after-7, "A-1", "10", progress.OnTrack, "60"), result(after-7, "A-1", "11", progress.Met, "90"), result(after, "A-1", "12", progress.Behind, "20")}
	standing := func(d plan.Day, u plan.UnitKey, rank, of int) review.Standing {
		return review.Standing{Level: "district", Unit: u, AsOf: d, Rank: rank, Of: of, Overall: progress.Behind}
	}
	young := plan.UnitKey{Code: "12", From: plan.MustDay("2025-07-01")}
	pack := review.Week(p, review.Input{AsOf: after, Results: all, Tallies: tallies(all),
		Standings: []review.Standing{standing(after-7, unit("10"), 2, 2), standing(after-7, unit("11"), 1, 2), standing(after, young, 1, 1)}})
	if diff := cmp.Diff([]plan.UnitKey{unit("10"), unit("11")}, pack.Ended); diff != "" {
		t.Errorf("ended: %s", diff)
	}
	if diff := cmp.Diff([]plan.UnitKey{young}, pack.Begun); diff != "" {
		t.Errorf("begun: %s", diff)
	}
	if len(pack.Of(review.Gone)) != 2 || len(pack.Of(review.First)) != 1 || len(pack.Of(review.NewlyBehind)) != 0 || len(pack.Up)+len(pack.Down) != 0 {
		t.Errorf("pairs: %+v", pack.Pairs)
	}
	if len(pack.Movements) != 1 || pack.Movements[0].Unit != young || pack.Movements[0].Before != nil {
		t.Errorf("movements: %+v", pack.Movements)
	}
}

func TestMovements(t *testing.T) {
	p := little(t)
	s := func(d plan.Day, level plan.Level, code string, rank, of int) review.Standing {
		return review.Standing{Level: level, Unit: unit(code), AsOf: d, Rank: rank, Of: of, Overall: progress.AtRisk}
	}
	for _, c := range []struct {
		name string
		all  []review.Standing
		want string
	}{
		{"two change places", []review.Standing{s(week, "district", "11", 1, 2), s(week, "district", "10", 2, 2), s(before, "district", "10", 1, 2), s(before, "district", "11", 2, 2)}, "11:1 10:-1"},
		{"as many as before are ranked, or there is no movement", []review.Standing{s(week, "district", "11", 1, 2), s(week, "district", "10", 2, 2), s(before, "district", "10", 1, 3), s(before, "district", "11", 2, 3)}, "11:? 10:?"},
		{"without a rank last, and the province first", []review.Standing{s(week, "district", "10", 0, 1), s(week, "district", "11", 1, 1), s(before, "district", "10", 1, 1), s(week, "province", "1", 1, 1), s(before, "province", "1", 1, 1)}, "1:0 11:? 10:?"},
		{"levels that nobody watches stay out", []review.Standing{s(week, "commune", "101", 1, 1)}, ""},
	} {
		var got []string
		for _, m := range review.Week(p, review.Input{AsOf: week, Standings: c.all}).Movements {
			up := "?"
			if m.Up != nil {
				up = map[int]string{-1: "-1", 0: "0", 1: "1"}[*m.Up]
			}
			got = append(got, m.Unit.Code+":"+up)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, " "), c.want)
		}
	}
}

func TestRestated(t *testing.T) {
	p := little(t)
	outcome := func(o progress.Outcome) func(*review.Assessment) {
		return func(a *review.Assessment) {
			a.Outcomes = []review.Outcome{{Milestone: plan.MustDay("2023-12-31"), Outcome: o, Value: val("50")}}
		}
	}
	newer := func(a *review.Assessment) { a.KnownAt = a.KnownAt.Add(48 * time.Hour) }
	for _, c := range []struct {
		name                  string
		was, now              review.Assessment
		restated              bool
		supplied, rules, told bool
	}{
		{"the figure", result(before, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.AtRisk, "61", newer), true, false, false, true},
		{"the status", result(before, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.Behind, "60", newer), true, false, false, true},
		{"nothing but when it was known", result(before, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.AtRisk, "60", newer), false, false, false, true},
		{"the forecast alone", result(before, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.AtRisk, "60", newer, func(a *review.Assessment) { a.Forecast = val("70") }), false, false, false, true},
		{"a figure that came late", result(before, "A-1", "10", progress.NoData, ""), result(before, "A-1", "10", progress.AtRisk, "60", newer), true, true, false, true},
		{"the plan", result(before, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.OnTrack, "60", newer, func(a *review.Assessment) { a.PlanVersion, a.Target = "v2", val("60") }), true, false, true, true},
		{"an outcome", result(before, "A-1", "10", progress.AtRisk, "60", outcome(progress.OutcomeMissed)), result(before, "A-1", "10", progress.AtRisk, "60", newer, outcome(progress.OutcomeMet)), true, false, false, true},
		{"a figure that the plan only watches", result(before, "W-1", "10", progress.AtRisk, "60"), result(before, "W-1", "10", progress.AtRisk, "61", newer), false, false, false, true},
		{"no version of then is stored", result(before-7, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.AtRisk, "61", newer), false, false, false, false},
		{"known at the end of that Monday", result(before-7, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.AtRisk, "61", func(a *review.Assessment) { a.KnownAt = (before + 2).Start().Add(-time.Millisecond) }), false, false, false, true},
		{"known a moment later", result(before-7, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "10", progress.AtRisk, "61", func(a *review.Assessment) { a.KnownAt = (before + 2).Start() }), false, false, false, false},
		{"another week", result(week, "A-1", "10", progress.AtRisk, "60"), result(week, "A-1", "10", progress.AtRisk, "61", newer), false, false, false, true},
	} {
		pack := review.Week(p, review.Input{AsOf: week, Results: []review.Assessment{c.now}, Tallies: tallies([]review.Assessment{c.now}), Known: []review.Assessment{c.was}})
		if (len(pack.Restated) == 1) != c.restated || (pack.Untold == 0) != c.told {
			t.Errorf("%s: restated %+v, untold %d", c.name, pack.Restated, pack.Untold)
			continue
		}
		if c.restated {
			if r := pack.Restated[0]; r.Supplied != c.supplied || r.Rules != c.rules || r.Was.KnownAt != c.was.KnownAt {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
	}
	was := []review.Assessment{result(before, "A-1", "10", progress.AtRisk, "60"), result(before, "A-1", "11", progress.AtRisk, "60"), result(before, "A-2", "11", progress.AtRisk, "60"), result(before, "A-1", "1", progress.AtRisk, "60")}
	now := []review.Assessment{result(before, "A-1", "10", progress.AtRisk, "61", newer), result(before, "A-1", "11", progress.AtRisk, "58", newer), result(before, "A-2", "11", progress.Behind, "60", newer), result(before, "A-1", "1", progress.AtRisk, "61", newer)}
	var order []string
	for _, r := range review.Week(p, review.Input{AsOf: week, Results: now, Tallies: tallies(now), Known: was}).Restated {
		order = append(order, r.Now.Indicator+" "+r.Now.Unit.Code+" "+r.Moved().String())
	}
	if got, want := strings.Join(order, ", "), "A-2 11 0, A-1 11 -2, A-1 1 1, A-1 10 1"; got != want {
		t.Errorf("order: %s, want %s", got, want)
	}
}

func TestLateReports(t *testing.T) {
	p := little(t)
	p.Indicators[1].Window = plan.YearToDate // every period counts for itself
	monday := review.Monday(week)
	report := func(indicator, code, end string, change ...func(*review.Report)) review.Report {
		r := review.Report{Indicator: indicator, Form: "BM-" + indicator, Unit: unit(code), Level: result(week, indicator, code, progress.Met, "").Level, End: plan.MustDay(end), Later: plan.NoDay}
		r.LateFrom = r.End + 3
		for _, f := range change {
			f(&r)
		}
		return r
	}
	received := func(day string) func(*review.Report) {
		return func(r *review.Report) { r.ReceivedAt = plan.MustDay(day).Start().Add(9 * time.Hour) }
	}
	later := func(end string) func(*review.Report) {
		return func(r *review.Report) { r.Later = plan.MustDay(end) }
	}
	form := func(code string) func(*review.Report) { return func(r *review.Report) { r.Form = code } }
	facility := func(code string) func(*review.Report) { return func(r *review.Report) { r.Facility = code } }
	late := func(code string, since string, change ...func(*review.LateUnit)) *review.LateUnit {
		u := &review.LateUnit{Unit: unit(code), Level: result(week, "A-1", code, progress.Met, "").Level, Since: plan.MustDay(since), Periods: []plan.Day{plan.MustDay(since) - 3}}
		for _, f := range change {
			f(u)
		}
		return u
	}
	fresh := func(u *review.LateUnit) { u.New = true }
	since := func(u *review.LateUnit) { u.Received = true }
	for _, c := range []struct {
		name    string
		reports []review.Report
		want    []review.Late
	}{
		{"nobody", nil, nil},
		{"long late", []review.Report{report("A-1", "10", "2025-03-31")}, []review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"}, Units: []*review.LateUnit{late("10", "2025-04-03")}}}},
		{"since this week, on its first and last day", []review.Report{report("A-1", "10", "2025-06-21"), report("A-1", "11", "2025-06-27")},
			[]review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"}, New: 2, Units: []*review.LateUnit{late("10", "2025-06-24", fresh), late("11", "2025-06-30", fresh)}}}},
		{"late a day before the week", []review.Report{report("A-1", "10", "2025-06-20")}, []review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"}, Units: []*review.LateUnit{late("10", "2025-06-23")}}}},
		{"late only after the review", []review.Report{report("A-1", "10", "2025-06-28")}, nil},
		{"received on the day of the review", []review.Report{report("A-1", "10", "2025-03-31", received("2025-06-30"))}, nil},
		{"received after it", []review.Report{report("A-1", "10", "2025-03-31", received("2025-07-01"))}, []review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"}, Units: []*review.LateUnit{late("10", "2025-04-03", since)}}}},
		{"one of two received after it", []review.Report{report("A-1", "10", "2025-03-31", received("2025-07-01")), report("A-1", "10", "2025-06-21")}, []review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"},
			Units: []*review.LateUnit{late("10", "2025-04-03", func(u *review.LateUnit) { u.Periods = append(u.Periods, plan.MustDay("2025-06-21")) })}}}},
		{"a stock of which a later period is there", []review.Report{report("A-1", "10", "2024-12-31", later("2025-03-31"))}, nil},
		{"a flow of which a later period is there", []review.Report{report("A-2", "10", "2024-12-31", later("2025-03-31"))}, []review.Late{{Form: "BM-A-2", Indicators: []string{"A-2"}, Units: []*review.LateUnit{late("10", "2025-01-03")}}}},
		{"an earlier period is there", []review.Report{report("A-1", "10", "2025-03-31", later("2024-12-31"))}, []review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"}, Units: []*review.LateUnit{late("10", "2025-04-03")}}}},
		{"one form for two indicators, units by level", []review.Report{report("B-1", "101", "2025-03-31", form("BM")), report("B-1", "11", "2025-03-31", form("BM")), report("A-1", "11", "2025-03-31", form("BM"))},
			[]review.Late{{Form: "BM", Indicators: []string{"A-1", "B-1"}, Units: []*review.LateUnit{late("11", "2025-04-03"), late("101", "2025-04-03")}}}},
		{"no form, so by indicator", []review.Report{report("B-1", "11", "2025-03-31", form("")), report("A-1", "11", "2025-03-31", form(""))},
			[]review.Late{{Indicators: []string{"A-1"}, Units: []*review.LateUnit{late("11", "2025-04-03")}}, {Indicators: []string{"B-1"}, Units: []*review.LateUnit{late("11", "2025-04-03")}}}},
		{"two facilities of a unit", []review.Report{report("A-1", "11", "2025-03-31", facility("f2")), report("A-1", "11", "2025-03-31", facility("f1"))},
			[]review.Late{{Form: "BM-A-1", Indicators: []string{"A-1"}, Units: []*review.LateUnit{late("11", "2025-04-03", func(u *review.LateUnit) { u.Facilities = []string{"f1", "f2"} })}}}},
		{"of an indicator that is only watched, of no indicator, of no unit", []review.Report{report("W-1", "10", "2025-03-31"), report("X-9", "10", "2025-03-31"), report("A-1", "99", "2025-03-31")}, nil},
	} {
		if diff := cmp.Diff(c.want, review.Week(p, review.Input{AsOf: week, ReviewedOn: monday, Reports: c.reports}).Late); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestWhetherAllLateReportsAreKnown(t *testing.T) {
	p := little(t)
	monday := review.Monday(week)
	for from, want := range map[plan.Day]bool{plan.NoDay: false, monday - 100: true, monday: true, monday + 1: false} {
		if got := review.Week(p, review.Input{AsOf: week, ReviewedOn: monday, KeptFrom: from}).LateTold; got != want {
			t.Errorf("kept from %q: %v", from, got)
		}
	}
}

func TestWhatItRestsOn(t *testing.T) {
	p := little(t)
	all := []review.Assessment{result(week, "A-1", "10", progress.AtRisk, "60"), result(week, "A-1", "11", progress.AtRisk, "60", func(a *review.Assessment) { a.PlanVersion, a.MethodVersion = "v0", "m0" }),
		result(before, "A-1", "11", progress.AtRisk, "60", func(a *review.Assessment) { a.PlanVersion = "v-1"; a.KnownAt = a.KnownAt.Add(1000 * time.Hour) })}
	pack := review.Week(p, review.Input{AsOf: week, Results: all, Tallies: tallies(all)})
	if got := strings.Join(append(pack.PlanVersions, pack.MethodVersions...), " "); got != "v0 v1 m0 m1" || pack.KnownAt != week.End().Add(-time.Hour) || pack.Milestone != plan.MustDay("2025-12-31") {
		t.Errorf("versions %s, known at %s, milestone %s", got, pack.KnownAt, pack.Milestone)
	}
}

// The order in which the store answers changes nothing.
func TestTheSameInputGivesTheSamePack(t *testing.T) {
	p := little(t)
	r := rand.New(rand.NewPCG(1, 2))
	statuses := []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData}
	var w review.Input
	w.AsOf, w.ReviewedOn = week, review.Monday(week)
	for _, code := range []string{"1", "10", "11", "101"} {
		for _, ind := range []string{"A-1", "A-2", "B-1", "W-1"} {
			for _, d := range []plan.Day{week, before} {
				x := result(d, ind, code, statuses[r.IntN(len(statuses))], []string{"50", "51", "52", ""}[r.IntN(4)])
				x.KnownAt = x.KnownAt.Add(72 * time.Hour)
				w.Results = append(w.Results, x)
				for _, facility := range []string{"", "f1", "f2"}[r.IntN(3):] {
					w.Reports = append(w.Reports, review.Report{Indicator: ind, Form: []string{"", "BM"}[r.IntN(2)], Unit: x.Unit, Level: x.Level, Facility: facility, End: d - 10, LateFrom: d - 7, Later: plan.NoDay})
				}
			}
			w.Known = append(w.Known, result(before, ind, code, statuses[r.IntN(len(statuses))], "50"))
		}
		for _, d := range []plan.Day{week, before} {
			w.Standings = append(w.Standings, review.Standing{Level: result(d, "A-1", code, progress.Met, "").Level, Unit: unit(code), AsOf: d, Rank: 1 + r.IntN(2), Of: 2})
		}
	}
	w.Tallies = tallies(w.Results)
	want := review.Week(p, w)
	if len(want.Restated) == 0 || len(want.Late) == 0 || len(want.Up) == 0 {
		t.Fatalf("the input shows too little: %+v", want)
	}
	for range 20 {
		for _, all := range []*[]review.Assessment{&w.Results, &w.Known} {
			*all = slices.Clone(*all) // the pack points into what it was made from
			r.Shuffle(len(*all), func(i, j int) { (*all)[i], (*all)[j] = (*all)[j], (*all)[i] })
		}
		w.Standings = slices.Clone(w.Standings)
		r.Shuffle(len(w.Standings), func(i, j int) { w.Standings[i], w.Standings[j] = w.Standings[j], w.Standings[i] })
		r.Shuffle(len(w.Reports), func(i, j int) { w.Reports[i], w.Reports[j] = w.Reports[j], w.Reports[i] })
		r.Shuffle(len(w.Tallies), func(i, j int) { w.Tallies[i], w.Tallies[j] = w.Tallies[j], w.Tallies[i] })
		if diff := cmp.Diff(want, review.Week(p, w)); diff != "" {
			t.Fatalf("another order gives another pack:\n%s", diff)
		}
	}
}

func TestWeekNames(t *testing.T) {
	for name, sunday := range map[string]string{
		"2025-W26": "2025-06-29", "2025-W01": "2025-01-05", "2024-W52": "2024-12-29", "2020-W53": "2021-01-03", "2021-W01": "2021-01-10", "2026-W01": "2026-01-04", "2023-W01": "2023-01-08", "2022-W52": "2023-01-01",
	} {
		d, err := review.ParseWeek(name)
		if err != nil || d.String() != sunday || review.WeekName(d) != name {
			t.Errorf("%s: %s, %v, want %s", name, d, err, sunday)
		}
	}
	for _, name := range []string{"", "2025-W53", "2025-W00", "2025-W1", "2025-26", "W26-2025", "2025-W26 ", "2025-w26", "20250-W26", "2025-W99"} {
		if d, err := review.ParseWeek(name); err == nil || !strings.Contains(err.Error(), "write it as 2025-W26") {
			t.Errorf("%q is read as %s, %v", name, d, err)
		}
	}
}

// A report of a longer period lays its last day beside the last day of the period before it, whatever lies between.
func TestALongerPeriod(t *testing.T) {
	p, then := little(t), week-91
	all := []review.Assessment{result(then, "A-1", "10", progress.Behind, "40"), result(week-7, "A-1", "10", progress.AtRisk, "55"), result(week, "A-1", "10", progress.Met, "60")}
	pack := review.Week(p, review.Input{AsOf: week, Before: then, Results: all, Tallies: tallies(all)})
	if len(pack.Pairs) != 1 || pack.Before != then || pack.Pairs[0].Kind() != review.NewlyMet || *pack.Pairs[0].Moved() != plan.Percent(20) {
		t.Errorf("%+v", pack.Pairs)
	}
	if c := pack.Counts[0]; c.Before[progress.Behind] != 1 || c.Before[progress.AtRisk] != 0 || c.Now[progress.Met] != 1 {
		t.Errorf("%+v", c)
	}
}
