package cashless

import (
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"

	"tiendo/collectors"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

// What hospitals, schools and the bank's branch handed in, collected and summed, is what the simulated province knows of
// itself; payments arrive in their newest state.
func TestSimulated(t *testing.T) {
	p := loadPlan(t)
	sub, err := fs.Sub(plans.FS, p.Code)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Plan: sub, Seed: 7, Size: simulator.Size{Dossiers: 3000, Documents: 100}})
	if err != nil {
		t.Fatal(err)
	}
	steps := sim.FetchTimes(sim.AsOf())
	sim.SetNow(steps[len(steps)-1])
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	drop := t.TempDir()
	if err := sim.WriteFiles(drop, sim.Now()); err != nil {
		t.Fatal(err)
	}
	env := sim.Env(server.URL, drop)
	collect := func(id string) collectors.Batch {
		c, err := New(source(t, p, id), collectors.Deps{Plan: p, Now: sim.Now, Lookup: func(n string) string { return env[n] }})
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := pull(t, c, collectors.Cursor{})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}

	asOf := plan.DayOf(sim.AsOf())
	yearStart := plan.YearStart(plan.Calendar, asOf)
	sums := map[string]int64{}
	for _, id := range []string{"hospital-fees", "tuition", "payment-accounts"} {
		b := collect(id)
		if len(b.Measures) == 0 || len(b.Drift) > 0 {
			t.Errorf("%s: %d measures, drift %v", id, len(b.Measures), b.Drift)
		}
		for _, r := range b.Rejects {
			switch r.Rule {
			case "unknown_unit", "missing_key", "over_denominator", "ambiguous_number", "missing_denominator", "missing_number":
			default:
				t.Fatalf("%s: reject %s: %s", id, r.Rule, r.Reason)
			}
		}
		// Files come in the order of handing in, so the last figure of a key is the one in force.
		type key struct {
			code string
			unit plan.UnitKey
			end  plan.Day
		}
		newest := map[key]int64{}
		for _, m := range b.Measures {
			newest[key{m.Code, m.Unit, m.End}] = m.Value
		}
		for k, n := range newest {
			if k.end >= yearStart && k.end <= asOf {
				sums[k.code] += n
			}
		}
	}
	compared := 0
	for row := range sim.Truth(sim.AsOf(), sim.AsOf()) {
		if row.Unit != p.Province || row.AsOf != asOf.String() {
			continue
		}
		var num, den string
		switch row.Indicator {
		case "KTS-07":
			num, den = "hospital_fee.cashless_amount", "hospital_fee.amount"
		case "KTS-08":
			num, den = "tuition.cashless_amount", "tuition.amount"
		default:
			continue
		}
		compared++
		if row.Numerator != sums[num] || row.Denominator != sums[den] {
			t.Errorf("%s: got %d of %d, want %d of %d", row.Indicator, sums[num], sums[den], row.Numerator, row.Denominator)
		}
	}
	if compared != 2 {
		t.Errorf("compared %d figures", compared)
	}

	b := collect("fee-payments")
	states := map[string]int{}
	for _, x := range b.Payments {
		states[x.State]++
	}
	for _, s := range []string{"paid", "unpaid", "cancelled", "refunded"} {
		if states[s] == 0 {
			t.Errorf("no payment is %s: %v", s, states)
		}
	}
	if len(b.Drift) == 0 || !strings.Contains(b.Drift[0], "lệch 12 giờ") {
		t.Errorf("drift %v", b.Drift)
	}
	for _, r := range b.Rejects {
		if r.Rule != "unknown_unit" && r.Rule != "missing_id" && r.Rule != "ambiguous_number" {
			t.Fatalf("reject %s: %s", r.Rule, r.Reason)
		}
	}
}
