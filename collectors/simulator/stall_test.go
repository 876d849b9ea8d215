package simulator

import (
	"strings"
	"testing"
	"time"
)

// TestStall: a spell lowers the flows of its unit and of those below it from its first day on, nothing before it and
// nothing of others; and the truth still is what the systems show.
func TestStall(t *testing.T) {
	at := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, small().loc) }
	c := Config{Plan: planFolder(t, kienGiang), Seed: 7, Size: Size{Dossiers: 6000, Documents: 3000},
		Stalls: []Stall{{Unit: "906", From: at(2024, 3, 1), To: at(2024, 12, 31), Lead: -100}, {Unit: "906", From: at(2024, 12, 1), To: at(2024, 12, 31), Lead: 100}}}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	inside := map[string]bool{}
	for _, u := range s.w.plan.units {
		if u.code == "906" {
			for _, v := range u.subtree() {
				inside[v.key()] = true
			}
		}
	}
	if len(inside) < 5 {
		t.Fatalf("the district has only %d units", len(inside))
	}
	key := func(r Row) string {
		return strings.Join([]string{r.Indicator, r.Unit, r.UnitValidFrom, r.AsOf}, " ")
	}
	unit := func(r Row) string {
		if r.UnitValidFrom == "" {
			return r.Unit
		}
		return r.Unit + "@" + r.UnitValidFrom
	}
	flow := map[string]bool{}
	for _, ind := range s.w.plan.indicators {
		flow[ind.Code] = ind.Window == "year_to_date"
	}
	was := map[string]Row{}
	for r := range small().Truth(at(2024, 12, 29), at(2024, 12, 29)) {
		was[key(r)] = r
	}
	fell, same := map[string]bool{}, 0
	for r := range s.Truth(at(2024, 12, 29), at(2024, 12, 29)) {
		w, ok := was[key(r)]
		switch {
		case !ok:
			t.Fatalf("%s: a figure that is not there without the spell", key(r))
		case r == w:
			same++
		case unit(r) == s.w.plan.province:
		case !inside[unit(r)] || !flow[r.Indicator] || r.AsOf < "2024-03-01":
			t.Errorf("%s: %d / %d with a spell elsewhere or later, %d / %d without", key(r), r.Numerator, r.Denominator, w.Numerator, w.Denominator)
		case r.Unit == "906" && r.AsOf == "2024-11-24" && float64(r.Numerator)/float64(r.Denominator) < 0.9*float64(w.Numerator)/float64(w.Denominator):
			fell[r.Indicator] = true
		}
	}
	for _, code := range []string{"CQS-02", "CQS-03", "CQS-06", "CQS-07H", "CQS-07X", "CQS-09", "KTS-07", "KTS-08"} {
		if !fell[code] {
			t.Errorf("%s of the district did not fall", code)
		}
	}
	if same < len(was)/2 {
		t.Errorf("only %d of %d figures stayed as they were", same, len(was))
	}
	truthIsServed(t, s)
}

func TestStallErrors(t *testing.T) {
	d := time.Date(2024, 3, 1, 0, 0, 0, 0, small().loc)
	for _, x := range []struct {
		stall Stall
		want  string
	}{
		{Stall{Unit: "nowhere", From: d}, `simulator: stall: the plan has no unit "nowhere"`},
		{Stall{Unit: "906", From: d, To: d.AddDate(0, 0, -1)}, "simulator: stall of 906: it ends on 2024-02-29, before it begins on 2024-03-01"},
	} {
		if _, err := New(Config{Plan: planFolder(t, kienGiang), Seed: 1, Stalls: []Stall{x.stall}}); err == nil || err.Error() != x.want {
			t.Errorf("got %v, want %s", err, x.want)
		}
	}
}
