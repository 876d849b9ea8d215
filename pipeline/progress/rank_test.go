package progress

import (
	"math/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

func owed(statuses ...Status) []OwedTarget {
	var out []OwedTarget
	for _, s := range statuses {
		out = append(out, OwedTarget{Status: s})
	}
	return out
}

func gaps(target string, gaps ...string) []OwedTarget {
	var out []OwedTarget
	for _, g := range gaps {
		o := OwedTarget{Status: AtRisk, Target: ptr(target)}
		if g != "" {
			o.Gap = ptr(g)
		}
		out = append(out, o)
	}
	return out
}

func TestRank(t *testing.T) {
	unit := func(name string, targets []OwedTarget) RankInput {
		return RankInput{Unit: plan.UnitKey{Code: "c-" + name, From: plan.NoDay}, Name: name, Targets: targets}
	}
	missed := func(targets []OwedTarget, n int) []OwedTarget { targets[0].Missed = n; return targets }
	for _, c := range []struct {
		name  string
		units []RankInput // in the order wanted
	}{
		{"by share, not by count", []RankInput{
			unit("a", owed(Met, OnTrack)),
			unit("b", owed(Met, OnTrack, OnTrack, AtRisk)),
			unit("c", owed(Met, OnTrack, Behind)),
		}},
		{"no data and stale are not good, not applicable and no target do not count", []RankInput{
			unit("a", owed(Met, NotApplicable, NoTarget)),
			unit("b", owed(Met, Met, NoData)),
			unit("c", owed(Met, Stale)),
		}},
		{"fewer behind", []RankInput{unit("b", owed(Met, AtRisk)), unit("a", owed(Met, Behind))}},
		{"fewer behind and missed together", []RankInput{
			unit("c", owed(Met, Behind)),
			unit("a", missed(owed(Met, AtRisk), 2)),
			unit("b", missed(owed(Met, Behind), 2)),
		}},
		{"smaller median shortfall, by target", []RankInput{
			unit("z", gaps("100", "-1", "-2", "-9")),
			unit("y", gaps("50", "-1", "-2", "-9")),
			unit("a", gaps("100", "-1", "-9", "-9")),
			unit("b", gaps("100", "", "", "")),
		}},
		{"even counts take the mean of the middle", []RankInput{unit("z", gaps("100", "-1", "-4")), unit("a", gaps("100", "-2", "-4"))}},
		{"being ahead of the path is no shortfall, so the name decides", []RankInput{unit("a", gaps("100", "1")), unit("b", gaps("100", "9"))}},
		{"Vietnamese order of names", []RankInput{
			unit("An Biên", owed(Met)), unit("Ăn", owed(Met)), unit("Ân", owed(Met)), unit("Cần", owed(Met)),
			unit("Dương", owed(Met)), unit("Đà", owed(Met)), unit("Em", owed(Met)), unit("Hà Tiên", owed(Met)),
			unit("Hòn Đất", owed(Met)), unit("Ơn", owed(Met)), unit("U Minh Thượng", owed(Met)), unit("Ước", owed(Met)),
		}},
		{"nothing applies: last", []RankInput{unit("b", owed(Behind)), unit("a", owed(NotApplicable, NoTarget))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range int64(5) {
				units := slices.Clone(c.units)
				rand.New(rand.NewSource(seed)).Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
				for i, s := range Rank(units, 3) {
					if s.Unit != c.units[i].Unit {
						t.Fatalf("place %d is %s, want %s", i+1, s.Name, c.units[i].Name)
					}
					if want := i + 1; s.Applicable > 0 && s.Rank != want || s.Applicable == 0 && s.Rank != 0 {
						t.Errorf("%s has rank %d", s.Name, s.Rank)
					}
				}
			}
		})
	}
}

func TestRankOfUnitsOfOneName(t *testing.T) {
	a := RankInput{Unit: plan.UnitKey{Code: "1", From: 9}, Name: "Bình An", Targets: owed(Met)}
	b := RankInput{Unit: plan.UnitKey{Code: "1", From: 10}, Name: "Bình An", Targets: owed(Met)}
	c := RankInput{Unit: plan.UnitKey{Code: "2", From: 0}, Name: "Bình An", Targets: owed(Met)}
	got := Rank([]RankInput{c, b, a}, 3)
	if got[0].Unit != a.Unit || got[1].Unit != b.Unit || got[2].Unit != c.Unit {
		t.Errorf("got %v, %v, %v", got[0].Unit, got[1].Unit, got[2].Unit)
	}
}

func TestStanding(t *testing.T) {
	targets := append(gaps("60", "-6", "-3", "5"), owed(Met, Behind, NotApplicable)...)
	targets[0].Missed = 2
	got := Rank([]RankInput{{Unit: plan.UnitKey{Code: "900"}, Name: "Rạch Giá", Targets: targets}}, 3)[0]
	if got.Good != 1 || got.Applicable != 5 || got.Behind != 1 || got.Missed != 2 || show(got.Share) != "20" || show(got.Shortfall) != "5" || got.Overall != AtRisk {
		t.Errorf("%+v share %s shortfall %s", got, show(got.Share), show(got.Shortfall))
	}
	none := Rank([]RankInput{{Name: "x"}}, 3)[0]
	if none.Share != nil || none.Shortfall != nil || none.Overall != NotApplicable {
		t.Errorf("%+v", none)
	}
}

func TestOwedTargetOf(t *testing.T) {
	a := Assessment{Status: Behind, Gap: ptr("-3"), Target: ptr("60"), Outcomes: []MilestoneOutcome{
		{Outcome: OutcomeMissed}, {Outcome: OutcomeMet}, {Outcome: OutcomePending}, {Outcome: OutcomeMissed},
	}}
	if o := OwedTargetOf(a); o.Missed != 2 || o.Status != Behind || show(o.Gap) != "-3" || show(o.Target) != "60" {
		t.Errorf("%+v", o)
	}
}

func TestOverall(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []Status
		want     Status
	}{
		{"three behind", []Status{Met, Met, Met, Met, Behind, Behind, Behind}, Behind},
		{"two behind do not hold", []Status{Met, Met, Met, OnTrack, Behind, Behind}, Met},
		{"each status counts for itself", []Status{Behind, Behind, AtRisk, OnTrack, OnTrack, OnTrack, Met, Met, Met}, OnTrack},
		{"unknown is worse than going well", []Status{NoData, NoData, NoData, Met, Met, Met}, NoData},
		{"unknown is better than at risk", []Status{NoData, NoData, NoData, AtRisk, AtRisk, AtRisk}, AtRisk},
		{"stale", []Status{Stale, Stale, Stale, Met, Met, Met}, Stale},
		{"none holds three: the most", []Status{Behind, OnTrack, OnTrack}, OnTrack},
		{"none holds three: of two the worse", []Status{Met, Behind}, Behind},
		{"not applicable and no target do not count", []Status{NotApplicable, NotApplicable, NotApplicable, NoTarget, NoTarget, NoTarget, Met}, Met},
		{"nothing applies", []Status{NotApplicable, NoTarget}, NotApplicable},
		{"nothing owed", nil, NotApplicable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Overall(c.statuses, 3); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The order of the input never matters, ranks are 1..n, and a unit that does better on one target does not fall.
func TestRankProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "units")
		var units []RankInput
		for i := range n {
			u := RankInput{Unit: plan.UnitKey{Code: string(rune('a' + i))}, Name: rapid.SampledFrom([]string{"An Minh", "Hà Tiên", "Giồng Riềng"}).Draw(t, "name")}
			for _, s := range rapid.SliceOfN(anyStatus, 0, 5).Draw(t, "statuses") {
				o := OwedTarget{Status: s, Target: ptr("60"), Missed: rapid.IntRange(0, 2).Draw(t, "missed")}
				if rapid.Bool().Draw(t, "known") {
					g := plan.Value(rapid.Int64Range(-5, 5).Draw(t, "gap")) * plan.One
					o.Gap = &g
				}
				u.Targets = append(u.Targets, o)
			}
			units = append(units, u)
		}
		place := func(units []RankInput, k plan.UnitKey) int {
			return slices.IndexFunc(Rank(units, 3), func(s Standing) bool { return s.Unit == k })
		}
		before := Rank(units, 3)
		slices.Reverse(units)
		for i, s := range Rank(units, 3) {
			if s.Unit != before[i].Unit || s.Rank != before[i].Rank || (s.Rank != 0 && s.Rank != i+1) {
				t.Fatalf("order of the input matters at place %d", i+1)
			}
		}
		u := rapid.IntRange(0, n-1).Draw(t, "better unit")
		was := place(units, units[u].Unit)
		for i, o := range units[u].Targets {
			if o.Status == Behind || o.Status == AtRisk || o.Status == NoData {
				units[u].Targets[i].Status = OnTrack
				if now := place(units, units[u].Unit); now > was {
					t.Fatalf("from place %d to %d by doing better", was+1, now+1)
				}
				break
			}
		}
	})
}
