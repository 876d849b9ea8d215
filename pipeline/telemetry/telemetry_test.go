package telemetry_test

import (
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/telemetry"
	"tiendo/schema/plans"
)

var asOf = plan.MustDay("2025-06-29")

// clock is the morning after.
func clock() time.Time { return (asOf + 1).Start().Add(7 * time.Hour) }

func load(t *testing.T, code string) *plan.Plan {
	t.Helper()
	dir, err := fs.Sub(plans.FS, code)
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pct(n int64) *plan.Value { v := plan.Percent(n); return &v }

func result(p *plan.Plan, indicator, unit string, s progress.Status) progress.Result {
	u, err := p.Units.Select(unit, asOf)
	if err != nil {
		panic(err)
	}
	return progress.Result{Indicator: p.Indicator(indicator), Unit: u, Day: asOf, Applies: plan.Owed,
		Assessment: progress.Assessment{AsOf: asOf, Status: s}}
}

func TestNamesAreClean(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	tel := telemetry.New(p, telemetry.Options{Now: clock})
	r := result(p, "CQS-02", "91", progress.Behind)
	r.Value, r.PathValue, r.Expected, r.Target, r.Gap, r.Forecast = pct(40), pct(41), pct(50), pct(80), pct(-9), pct(60)
	tel.Computed(run.Computed{Results: []progress.Result{r}, AsOf: asOf, Took: time.Second, Written: 1})
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

func TestEveryLabelSetOfASourceStandsAtZero(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	tel := telemetry.New(p, telemetry.Options{Now: clock})
	for _, name := range []string{"tiendo_run_last_success_timestamp_seconds", "tiendo_run_pages_total", "tiendo_run_records_total",
		"tiendo_run_records_loaded_total", "tiendo_run_records_rejected_total", "tiendo_run_reject_ratio", "tiendo_fetch_retries_total"} {
		n, err := testutil.GatherAndCount(tel.Gatherer(), name)
		if err != nil {
			t.Fatal(err)
		}
		if n != len(p.Sources) {
			t.Errorf("%s has %d label sets, want one for each of the %d sources", name, n, len(p.Sources))
		}
	}
	if n, _ := testutil.GatherAndCount(tel.Gatherer(), "tiendo_runs_total"); n != 2*len(p.Sources) {
		t.Errorf("tiendo_runs_total has %d label sets, want %d", n, 2*len(p.Sources))
	}
}

func TestARestartFakesNothing(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	tel := telemetry.New(p, telemetry.Options{Now: clock})
	tel.LastSuccess(map[string]time.Time{"dossiers": time.Unix(1751158800, 0), "a source of yesterday's plan": time.Unix(1, 0)})
	got := scrape(tel)
	for _, want := range []string{
		`tiendo_run_last_success_timestamp_seconds{source="dossiers"} 1.7511588e+09`,
		`tiendo_run_last_success_timestamp_seconds{source="procedures"} 0`,
		`tiendo_compute_last_success_timestamp_seconds 0`,
		`tiendo_store_up 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	if strings.Contains(got, "yesterday") {
		t.Error("a source that the plan does not have is shown")
	}
}

func TestRunEnded(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	tel := telemetry.New(p, telemetry.Options{Now: clock})
	at := time.Unix(1751158800, 0)
	tel.RunEnded(run.Run{Source: "dossiers", State: run.OK, StartedAt: at, EndedAt: at.Add(90 * time.Second), FetchedAt: at, Pages: 3, Records: 200, Loaded: 150, Rejected: 10})
	tel.RunEnded(run.Run{Source: "dossiers", State: run.Failed, StartedAt: at, EndedAt: at.Add(time.Second), FetchedAt: at.Add(time.Hour)})
	tel.Retried("dossiers")
	got := scrape(tel)
	for _, want := range []string{
		`tiendo_runs_total{source="dossiers",state="failed"} 1`,
		`tiendo_runs_total{source="dossiers",state="ok"} 1`,
		`tiendo_run_last_success_timestamp_seconds{source="dossiers"} 1.7511588e+09`,
		`tiendo_run_records_total{source="dossiers"} 200`,
		`tiendo_run_records_loaded_total{source="dossiers"} 150`,
		`tiendo_run_records_rejected_total{source="dossiers"} 10`,
		`tiendo_run_reject_ratio{source="dossiers"} 0`,
		`tiendo_run_duration_seconds_sum{source="dossiers"} 91`,
		`tiendo_fetch_retries_total{source="dossiers"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
}

func TestFiguresOfTheDayOnly(t *testing.T) {
	p := load(t, "kien-giang-2022-2025")
	tel := telemetry.New(p, telemetry.Options{Now: clock})
	now := result(p, "CQS-02", "899", progress.Behind)
	now.Value, now.Target, now.Gap, now.WeeksBehind = pct(40), pct(80), pct(-9), 3
	older := now
	older.Day, older.Value = asOf-7, pct(39)
	over := result(p, "CQS-02", "91", progress.NoData)
	over.UnitEnded = true
	small := result(p, "CQS-09", "30733", progress.Met) // a commune: not watched here
	tel.Computed(run.Computed{Results: []progress.Result{older, now, over, small}, AsOf: asOf, Took: 2 * time.Second, Written: 7})
	got := scrape(tel)
	labels := `indicator="CQS-02",level="district",pillar="CQS",plan="kien-giang-2022-2025"`
	tail := `unit="899",unit_name="Thành phố Rạch Giá"`
	for _, want := range []string{
		`tiendo_indicator_value_ratio{` + labels + `,` + tail + `} 0.4`,
		`tiendo_indicator_gap_ratio{` + labels + `,` + tail + `} -0.09`,
		`tiendo_indicator_status{` + labels + `,status="behind",` + tail + `} 1`,
		`tiendo_indicator_status{` + labels + `,status="met",` + tail + `} 0`,
		`tiendo_indicator_behind_streak{` + labels + `,` + tail + `} 3`,
		`tiendo_results_written_total 7`,
		`tiendo_compute_duration_seconds 2`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %q in\n%s", want, only(got, "tiendo_indicator"))
		}
	}
	for _, not := range []string{"tiendo_indicator_expected_ratio{", `unit="91"`, `unit="30733"`, "} 0.39"} {
		if strings.Contains(got, not) {
			t.Errorf("%s is shown", not)
		}
	}

	tel.Computed(run.Computed{AsOf: asOf + 7, Took: time.Second}) // the next day has nothing: the old figures do not linger
	if got := figures(tel); got != "" {
		t.Errorf("figures of the day before linger:\n%s", got)
	}
}

func TestScoresAreNoRatios(t *testing.T) {
	p := load(t, "an-giang-766-2025")
	asOf := plan.MustDay("2025-10-19")
	u, err := p.Units.Select("91", asOf)
	if err != nil {
		t.Fatal(err)
	}
	v := plan.MustValue("17.35")
	tel := telemetry.New(p, telemetry.Options{Now: func() time.Time { return (asOf + 1).Start() }})
	tel.Computed(run.Computed{AsOf: asOf, Results: []progress.Result{{Indicator: p.Indicator("S-TDGQ"), Unit: u, Day: asOf, Assessment: progress.Assessment{Status: progress.NoTarget, Value: &v}}}})
	got := figures(tel)
	if !strings.Contains(got, "tiendo_indicator_score{") || strings.Contains(got, "_ratio{") {
		t.Errorf("got\n%s", got)
	}
	if !strings.Contains(got, `unit="91@2025-07-01"`) {
		t.Errorf("the unit's key is not whole:\n%s", got)
	}
}

func scrape(tel *telemetry.Telemetry) string {
	rec := httptest.NewRecorder()
	tel.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return rec.Body.String()
}

// figures are the lines that speak of a unit's indicators.
func figures(tel *telemetry.Telemetry) string {
	var out []string
	for _, l := range strings.Split(only(scrape(tel), "tiendo_indicator_"), "\n") {
		if !strings.HasPrefix(l, "tiendo_indicator_info{") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func only(text, prefix string) string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(l, prefix) {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}
