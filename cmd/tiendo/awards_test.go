package main

import (
	"encoding/json"
	"strings"
	"testing"

	"tiendo/pipeline/progress"
)

// TestAwardsTruth holds the ledger of the mid-term awards against the simulator's own records: every owed target of every
// subject is met, missed or open as they say, on the same value. Nobody is eligible, because no register says anything.
func TestAwardsTruth(t *testing.T) {
	dir := demoDir(t)
	truth := table(t, mustTiendo(t, "simulate", "truth", "--csv", "--as-of", "2023-12-31", "--known-on", "2025-06-30"))
	var ledger []awardJSON
	if err := json.Unmarshal([]byte(mustTiendo(t, "awards", "--json", "--data", dir, "--milestone", "2023", "--known-on", "2025-06-30")), &ledger); err != nil {
		t.Fatal(err)
	}
	checked, seen := map[progress.Truth]int{}, map[string]int{}
	for _, e := range ledger {
		if e.Verdict == progress.Yes {
			t.Errorf("%s is eligible for %s, and the registers are empty", e.Subject, e.Award)
		}
		for _, c := range e.Conditions {
			for _, x := range c.Targets {
				seen[e.Award]++
				if x.LeftOut || e.Award != "BK-UBND-2023" { // the other award asks for more than the target
					continue
				}
				unit, from, _ := strings.Cut(e.Subject, "@")
				day := x.Deadline.String()
				if day == "2023-12-14" {
					day = "2023-12-17" // the first weekly point after the report year's end speaks of the same figure
				}
				w, ok := truth[strings.Join([]string{x.Code, unit, from, day, "2025-06-30"}, " ")]
				if !ok {
					t.Errorf("%s of %s: the truth has no %s", x.Code, e.Subject, day)
					continue
				}
				value := ""
				if x.Value != nil {
					value = x.Value.String()
				}
				if value != w[7] || x.Verdict != map[string]progress.Truth{"true": progress.Yes, "false": progress.No, "": progress.Undecidable}[w[8]] {
					t.Errorf("%s of %s: %s with %q, the truth is %v", x.Code, e.Subject, x.Verdict, value, w[5:])
				}
				checked[x.Verdict]++
			}
		}
	}
	if checked[progress.Yes] < 1000 || checked[progress.No] < 500 || checked[progress.Undecidable] < 10 || seen["BK-TTG-2023"] != seen["BK-UBND-2023"] {
		t.Errorf("too little was compared: %v of %v", checked, seen)
	}
}
