package telemetry_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/telemetry"
)

var update = flag.Bool("update", false, "write the golden file anew")

// everything is a small province's week in which every metric has something to say.
func everything(t *testing.T) (*plan.Plan, *telemetry.Telemetry) {
	t.Helper()
	p := load(t, "kien-giang-2022-2025")
	p.Sources = p.Sources[:2] // dossiers, edoc-axis
	tel := telemetry.New(p, telemetry.Options{
		Version: "v1", Site: "https://tiendo.example.vn", Boards: "https://bang.example.vn", Now: clock,
		Sources: []telemetry.Source{
			{ID: "dossiers", Name: "Hồ sơ", Rhythm: "day", RejectLimit: 0.05, Next: daily},
			{ID: "edoc-axis", Name: "Trục liên thông", Rhythm: "day", RejectLimit: 0.1},
		},
	})
	tel.StoreUp(true)
	tel.LastSuccess(map[string]time.Time{"dossiers": asOf.Start().Add(90 * time.Minute)})
	behind := result(p, "CQS-02", "899", progress.Behind)
	behind.Value, behind.PathValue, behind.Expected, behind.Target, behind.Gap, behind.Forecast, behind.NeededPerWeek =
		pct(40), pct(41), pct(50), pct(80), pct(-9), pct(60), pct(2)
	behind.WeeksBehind, behind.BehindSince, behind.ForecastMisses = 3, asOf-14, true
	behind.Reasons = []progress.Reason{progress.ReasonUnreachable}
	old := result(p, "XHS-01", "899", progress.Stale)
	old.WeeksBehind, old.BehindSince = 4, asOf-28
	none := result(p, "CQS-07X", "91", progress.NoData)
	beside := result(p, "M-FEE", "91", progress.NoTarget)
	beside.Applies = plan.Measured
	commune := result(p, "XHS-01", "30733", progress.NoData).Unit
	quarter, err := plan.ParsePeriod(plan.Report, "2025-Q2")
	if err != nil {
		t.Fatal(err)
	}
	tel.Computed(run.Computed{
		AsOf: asOf, KnownOn: asOf + 1, Took: 2 * time.Second, Written: 3,
		Results:  []progress.Result{behind, old, none, beside},
		Failures: []progress.Failure{{Indicator: behind.Indicator, Unit: behind.Unit, New: false, Share: pct(61), Before: pct(60)}},
		Restated: []progress.Restatement{{Indicator: "CQS-09", Unit: behind.Unit.UnitKey, Day: asOf - 7, Was: progress.Behind, Now: progress.OnTrack}},
		Reports: []progress.Report{
			{Indicator: old.Indicator, Unit: commune, Period: quarter, Due: quarter.End, LateFrom: quarter.End + 3, State: progress.ReportLate, DaysLate: 14},
			{Indicator: old.Indicator, Unit: commune.Parent.Children[1], Period: quarter, Due: quarter.End, LateFrom: quarter.End + 3, State: progress.ReportReceived},
		},
	})
	return p, tel
}

// daily is half past one in the night.
func daily(t time.Time) time.Time {
	next := plan.DayOf(t).Start().Add(90 * time.Minute)
	for !next.After(t) {
		next = (plan.DayOf(next) + 1).Start().Add(90 * time.Minute)
	}
	return next
}

// The names, labels and values that rules, boards and messages rest on.
func TestScrape(t *testing.T) {
	_, tel := everything(t)
	var lines []string
	seen := map[string]bool{}
	for _, l := range strings.Split(scrape(tel), "\n") {
		name := regexp.MustCompile(`^(?:# (?:HELP|TYPE) )?(tiendo_[a-z0-9_]+)`).FindStringSubmatch(l)
		if name == nil {
			continue
		}
		if name[1] == "tiendo_indicator_info" && !strings.HasPrefix(l, "#") { // one of them is enough
			if seen[name[1]] {
				continue
			}
			seen[name[1]] = true
		}
		lines = append(lines, regexp.MustCompile(`^(tiendo_compute_last_success_timestamp_seconds) .*`).ReplaceAllString(l, "$1 NOW"))
	}
	got, golden := strings.Join(lines, "\n")+"\n", filepath.Join("testdata", "scrape.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), lines, cmp.Transformer("", func(x []string) string { return strings.TrimSpace(strings.Join(x, "\n")) })); diff != "" {
		t.Errorf("the metrics are not those of %s (go test ./pipeline/telemetry -update writes it anew):\n%s", golden, diff)
	}
	problems, err := testutil.GatherAndLint(tel.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range problems {
		if strings.HasPrefix(x.Metric, "tiendo_") {
			t.Errorf("%s: %s", x.Metric, x.Text)
		}
	}
}
