package progress

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

func TestExceeds(t *testing.T) {
	factor := val("1.2")
	for _, c := range []struct {
		name   string
		got    Verdict
		truth  Truth
		reason Reason
	}{
		{"no target", ExceedsBy(ScorePoint(val("90")), nil, factor, val("100")), Undecidable, ReasonNoTarget},
		{"exactly a fifth more, as a pair", ExceedsBy(SharePoint(72, 100), ptr("60"), factor, val("100")), No, ""},
		{"one case in a thousand million more", ExceedsBy(SharePoint(720_000_001, 1_000_000_000), ptr("60"), factor, val("100")), Yes, ""},
		{"above by less than the decimals show", ExceedsBy(SharePoint(720_000_000_000_001, 1_000_000_000_000_000), ptr("60"), factor, val("100")), Yes, ""},
		{"a third, kept exact", ExceedsBy(SharePoint(1, 3), ptr("33.3333333333"), plan.One, val("100")), Yes, ""},
		{"unknown", ExceedsBy(UnknownPoint(ReasonTooFew, 1, 1), ptr("60"), factor, val("100")), Undecidable, ReasonTooFew},
		{"unattainable comes before unknown", ExceedsBy(UnknownPoint(ReasonTooFew, 1, 1), ptr("90"), factor, val("100")), Undecidable, "unattainable: 108 > cap 100"},
		{"nothing is above the cap itself", ExceedsBy(ScorePoint(val("99")), ptr("80"), val("1.25"), val("100")), Undecidable, "unattainable: 100 = cap 100"},
		{"plainly above", Exceeds(SharePoint(81, 100), ptr("80"), val("100")), Yes, ""},
		{"equal does not exceed", Exceeds(SharePoint(80, 100), ptr("80"), val("100")), No, ""},
		{"a target of 100 cannot be exceeded", Exceeds(SharePoint(100, 100), ptr("100"), val("100")), Undecidable, "unattainable: 100 = cap 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got != (Verdict{c.truth, c.reason}) {
				t.Errorf("got %+v, want %s %q", c.got, c.truth, c.reason)
			}
		})
	}
}

func TestMinOver(t *testing.T) {
	m := func(code string, p Point) Member { return Member{code, p} }
	gone := UnknownPoint(ReasonNotReported, 0, 0)
	for _, c := range []struct {
		name    string
		members []Member
		target  *plan.Value
		code    string
		known   bool
		partial bool
		reason  Reason
	}{
		{"the least, with its pair", []Member{m("A", SharePoint(10, 100)), m("B", SharePoint(9, 100))}, ptr("8"), "B", true, false, ""},
		{"of equals the first", []Member{m("A", SharePoint(1, 10)), m("B", SharePoint(10, 100))}, ptr("8"), "A", true, false, ""},
		{"told apart beyond the decimals", []Member{m("A", SharePoint(1, 3)), m("B", SharePoint(333_333_333_333_333_333, 1_000_000_000_000_000_000))}, ptr("8"), "B", true, false, ""},
		{"one missing, the rest meet", []Member{m("A", SharePoint(10, 100)), m("B", gone)}, ptr("8"), "", false, false, ReasonMissingSector},
		{"one missing, another fails", []Member{m("A", SharePoint(7, 100)), m("B", gone)}, ptr("8"), "A", true, true, ReasonMissingSector},
		{"one missing, no number to fail", []Member{m("A", SharePoint(7, 100)), m("B", gone)}, nil, "", false, false, ReasonMissingSector},
		{"all there, no number", []Member{m("A", SharePoint(7, 100))}, nil, "A", true, false, ""},
		{"all missing", []Member{m("A", gone)}, ptr("8"), "", false, false, ReasonMissingSector},
		{"no members", nil, ptr("8"), "", false, false, ReasonMissingSector},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := MinOver(c.members, plan.AtLeast, c.target)
			if got.Code != c.code || got.Point.Known != c.known || got.Partial != c.partial || got.Point.Reason != c.reason {
				t.Errorf("got %+v", got)
			}
			if (got.Index < 0) != (got.Code == "") || (got.Index >= 0 && c.members[got.Index].Code != got.Code) {
				t.Errorf("index %d does not name %q", got.Index, got.Code)
			}
		})
	}
}

func TestReduction(t *testing.T) {
	if p := Reduction(0, 5); p.Known || p.Reason != ReasonNoBaseline {
		t.Errorf("without a baseline: %+v", p)
	}
	if p := Reduction(2000, 2100); p.Value != val("-5") || p.Numerator != -100 || p.Meets(plan.AtLeast, val("10")) {
		t.Errorf("more than at the baseline: %+v", p)
	}
}

// Exceeding by a factor of 1 is being above the target, and exceeding by more is never easier.
func TestExceedsAgreesWithMoreThan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		den := rapid.Int64Range(1, 1<<40).Draw(t, "den")
		p := SharePoint(rapid.Int64Range(0, den).Draw(t, "num"), den)
		target := plan.Value(rapid.Int64Range(0, int64(99*plan.One)).Draw(t, "target"))
		v := Exceeds(p, &target, plan.Percent(100))
		if (v.Truth == Yes) != p.Meets(plan.MoreThan, target) {
			t.Fatalf("%+v over %s: %+v", p, target, v)
		}
		if w := ExceedsBy(p, &target, val("1.2"), plan.Percent(100)); w.Truth == Yes && v.Truth != Yes {
			t.Fatalf("%+v exceeds 1.2 x %s but not %s", p, target, target)
		}
	})
}

// The minimum is one of its members and none is below it.
func TestMinOverIsTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var members []Member
		for range rapid.IntRange(1, 8).Draw(t, "members") {
			den := rapid.Int64Range(1, 1<<50).Draw(t, "den")
			members = append(members, Member{Point: SharePoint(rapid.Int64Range(0, den).Draw(t, "num"), den)})
		}
		got := MinOver(members, plan.AtLeast, nil)
		for _, m := range members {
			if big.NewRat(m.Point.Numerator, m.Point.Denominator).Cmp(big.NewRat(got.Point.Numerator, got.Point.Denominator)) < 0 {
				t.Fatalf("%+v is below the minimum %+v", m.Point, got.Point)
			}
		}
	})
}
