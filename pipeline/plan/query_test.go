package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAtTakesAmendmentsInForce(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	before, after := p.At(MustDay("2024-06-30")), p.At(MustDay("2024-07-01"))
	final := MustDay("2025-12-31")
	for _, c := range []struct {
		name         string
		p            *Plan
		version      string
		target       string
		commune      Applicability
		district     Applicability
		ruling       string
		begunLater   bool
		versionCount int
	}{
		{"the day before", before, "1", "100", Measured, Owed, "by_date", false, 1},
		{"the day it takes effect", after, "2", "95", Owed, Measured, "by_hour", true, 2},
		{"before the first act", p.At(MustDay("2020-01-01")), "1", "100", Measured, Owed, "by_date", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ind := c.p.Indicator("A-1")
			if got := ind.TargetAt(final).Value.String(); got != c.target {
				t.Errorf("target %s", got)
			}
			if ind.Applies["commune"] != c.commune || ind.Applies["district"] != c.district || ind.Applies["province"] != Owed {
				t.Errorf("applies %v", ind.Applies)
			}
			if got := c.p.Ruling("R-1").Default; got != c.ruling {
				t.Errorf("ruling %s", got)
			}
			if got := c.p.Indicator("B-3") != nil; got != c.begunLater {
				t.Errorf("indicator that begins later: %v", got)
			}
			if got := c.p.VersionOn(final); got != c.version || len(c.p.Versions) != c.versionCount {
				t.Errorf("version %s of %d", got, len(c.p.Versions))
			}
		})
	}
	if got := p.Indicator("A-1").Applies["commune"]; got != Measured {
		t.Error("At must not change the plan itself")
	}
	if got := p.Indicator("A-1").TargetAt(final).Value.String(); got != "95" {
		t.Errorf("without a day the last amended target holds, got %s", got)
	}
	if got := p.Ruling("R-1").Default; got != "by_hour" {
		t.Errorf("without a day the last ruling holds, got %s", got)
	}
}

func TestVersionOn(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	for day, want := range map[string]string{"2020-01-01": "1", "2023-01-10": "1", "2024-06-30": "1", "2024-07-01": "2", "2030-01-01": "2"} {
		if got := p.VersionOn(MustDay(day)); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
	if got := (&Plan{}).VersionOn(0); got != "" {
		t.Errorf("no versions: %q", got)
	}
}

func TestNextMilestone(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	for day, want := range map[string]string{"2022-12-31": "2023-12-31", "2023-12-31": "2023-12-31", "2024-01-01": "2025-12-31", "2026-01-01": "2025-12-31"} {
		if m, ok := p.NextMilestone(MustDay(day)); !ok || m.Date.String() != want {
			t.Errorf("%s: %s, want %s", day, m.Date, want)
		}
	}
	if _, ok := (&Plan{}).NextMilestone(0); ok {
		t.Error("a plan without milestones has no next one")
	}
}

func TestApplies(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	ind, d := p.Indicator("A-2"), p.Start
	for code, want := range map[string]Applicability{"P": Owed, "D1": NotApplicable, "C2": ByRuling} {
		got := p.Applies(ind, p.Units.On(code, d))
		if got != want || got.Counts() != (want == Owed) {
			t.Errorf("%s: %s", code, got)
		}
	}
}

func TestOwnerOnFollowsSuccessors(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	ind := p.Indicator("A-1")
	for day, want := range map[string]string{"2023-01-01": "D1", "2024-02-29": "D1", "2024-03-01": "D2", "2025-06-30": "D2", "2025-07-01": ""} {
		got := ""
		if u := p.OwnerOn(ind, MustDay(day)); u != nil {
			got = u.Code
		}
		if got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
	if u := p.OwnerOn(p.Indicator("A-2"), p.Start); u != nil {
		t.Errorf("nobody answers for A-2, got %v", u.UnitKey)
	}
}

func TestPerIndicatorParameters(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	a, b := p.Indicator("A-1"), p.Indicator("B-4")
	if p.MinDenominatorOf(a) != 10 || p.MinDenominatorOf(b) != 30 {
		t.Error("min_denominator")
	}
	if p.ToleranceOf(a) != MustValue("1.5") || p.ToleranceOf(b) != Percent(2) {
		t.Error("tolerance")
	}
	if a.Most() != Percent(100) || b.Most() != Percent(120) {
		t.Error("cap")
	}
	if a.UnitText() != "%" || b.UnitText() != "điểm" {
		t.Error("unit")
	}
	if b.TargetAt(MustDay("2025-12-31")) != nil {
		t.Error("B-4 has no target")
	}
}

func TestOwedBy(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	codes := func(subject string) (out []string) {
		for _, ind := range p.OwedBy(p.Subject(subject)) {
			out = append(out, ind.Code)
		}
		return out
	}
	if got := codes("huyen"); !cmp.Equal(got, []string{"A-1"}) {
		t.Errorf("a pillar takes what the level owes: %v", got)
	}
	if got := codes("xa"); !cmp.Equal(got, []string{"B-5"}) {
		t.Errorf("named rows: %v", got)
	}
	if got := codes("doanh-nghiep"); got != nil {
		t.Errorf("enterprises owe no figure: %v", got)
	}
}

func TestLookups(t *testing.T) {
	p := loadFolder(t, "testdata/full")
	if p.Form("BM-B-1").Title != "Kinh tế số" || p.Form("x") != nil {
		t.Error("form")
	}
	if p.Ruling("R-2").InForce() != "Từ mức nêu trở lên" || p.Ruling("x") != nil || (&Ruling{Default: "x"}).InForce() != "" {
		t.Error("ruling")
	}
	if p.Indicator("x") != nil || p.Subject("x") != nil {
		t.Error("unknown codes are nil")
	}
	if p.LevelInfo("commune").Name != "Xã" || p.LevelInfo("x").Name != "x" {
		t.Error("level")
	}
	if p.Pillar("B").Name != "Trụ B" || p.Pillar("x").Name != "x" {
		t.Error("pillar")
	}
	if !p.Watched("district") || p.Watched("commune") || !p.Detailed("province") || p.Detailed("district") {
		t.Error("levels watched and detailed")
	}
	if m, ok := p.Measure("file.done"); !ok || m.Unit != "hồ sơ" || m.Source != "files" {
		t.Errorf("measure of a source: %+v", m)
	}
	if m, ok := p.Measure("B-2.in_scope"); !ok || m.Name != "Loại trừ" || m.Source != "forms" {
		t.Errorf("measure of a form: %+v", m)
	}
	if _, ok := p.Measure("x"); ok {
		t.Error("unknown measure")
	}
}
