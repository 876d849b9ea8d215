package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"tiendo/collectors"
	"tiendo/collectors/simulator"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
	"tiendo/pipeline/telemetry"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

// TestAlertsEndToEnd follows a district that comes to a standstill, with the real programs: the simulated systems, the
// collectors, the engine, the metrics, Prometheus with the shipped rules and Alertmanager with the shipped configuration,
// up to the message that a webhook and a mail relay receive. Only what hangs on the wall clock is made shorter: the
// intervals of scrapes, evaluations, groups and repeats, and the hours of the digests. The program's own clock is moved
// week by week. That something is not told is read off Prometheus after it has judged, never off a silence.
func TestAlertsEndToEnd(t *testing.T) {
	t.Parallel()
	prom, am := programs(t)
	const stalled = "906" // Giồng Riềng
	day := func(s string) time.Time { return plan.MustDay(s).Start() }
	w := newAlertWorld(t, simulator.Config{Seed: 1, Size: simulator.Size{Dossiers: 12_000, Documents: 500}, Stalls: []simulator.Stall{
		{Unit: "91", From: day("2022-07-01"), Lead: 25, Stocks: true}, // a province that goes well
		{Unit: stalled, From: day("2022-07-01"), Lead: 15},
		{Unit: stalled, From: day("2023-01-30"), To: day("2023-04-02"), Lead: -100},
		{Unit: stalled, From: day("2023-04-03"), Lead: 100},
	}})
	inbox := newInbox(t)
	w.startAlertmanager(t, am, inbox)
	w.startPrometheus(t, prom)

	// On the last working day before Tết nobody is behind on many indicators; who is behind on one is who the results say.
	w.pull(t, day("2023-01-18").Add(sundayPull))
	w.at(t, day("2023-01-19").Add(7*time.Hour))
	w.wantBehind(t)
	if got := w.firing(t)["UnitBehindOnMany"]; len(got) > 0 {
		t.Fatalf("%v are behind on many indicators while the province goes well", got)
	}
	before := w.firing(t)
	for _, late := range []string{"SourceStale", "ComputeLate", "StoreDown", "TiendoAbsent", "BackfillRunning", "RunFailing"} {
		if len(before[late]) > 0 {
			t.Errorf("on a good day there is %s of %v", late, before[late])
		}
	}

	// Nothing is pulled from Friday 20 January to Thursday 26 January: the holidays raise nothing.
	w.pull(t, day("2023-01-19").Add(sundayPull))
	w.at(t, day("2023-01-26").Add(10*time.Hour))
	after := w.firing(t)
	if more := without(after, before); len(more) > 0 {
		t.Errorf("the holidays raise %v", more)
	}
	// The calendar only waits: on the second working day after them a source that still says nothing is told of.
	w.again(t, day("2023-01-30").Add(9*time.Hour))
	if !slices.Contains(w.firing(t)["SourceStale"], " dossiers") {
		t.Errorf("nobody says that a source has been silent since the holidays: %v", w.firing(t))
	}

	// The district has stood still for three weeks when the systems go out. The figures that would be behind by then are not
	// known, so the sources are told of, and the district is not.
	w.pull(t, day("2023-02-19").Add(sundayPull))
	w.at(t, day("2023-02-20").Add(7*time.Hour))
	w.wantBehind(t)
	before = w.firing(t)
	if len(before["SourceStale"])+len(before["UnitBehindOnMany"]) > 0 {
		t.Fatalf("before the outage: %v", before)
	}
	w.outage(true)
	w.pull(t, day("2023-03-05").Add(sundayPull))
	w.at(t, day("2023-03-07").Add(9*time.Hour))
	after = w.firing(t)
	for _, source := range []string{"dossiers", "edoc-statistics", "workfile-statistics"} {
		if !slices.Contains(after["SourceStale"], " "+source) {
			t.Errorf("source %s is out and nobody says so: %v", source, after["SourceStale"])
		}
	}
	for _, x := range without(after, before) {
		if strings.HasPrefix(x, "UnitBehindOnMany") || strings.HasPrefix(x, "IndicatorBehind") {
			t.Errorf("during the outage: %s", x)
		}
	}
	w.wantHeldBack(t, stalled, "SourceStale") // the one that it had before stays, and is not repeated
	until(t, "a message says that the sources are stale", func() string { return fmt.Sprint(len(inbox.of("SourceStale", "")) > 0) }, "true")

	// The systems are back. While they catch up nobody is told; when the figures are whole, the district is behind on many.
	w.outage(false)
	w.catchUp(t, day("2023-03-12").Add(sundayPull), day("2023-03-13").Add(7*time.Hour))
	if got := w.firing(t); len(got["UnitBehindOnMany"]) > 0 || len(got["BackfillRunning"]) == 0 {
		t.Errorf("while history comes in: %v", got)
	}
	w.caughtUp(t)
	w.wantBehind(t)
	if got := w.firing(t)["UnitBehindOnMany"]; !slices.Equal(got, []string{stalled + " "}) {
		t.Fatalf("behind on many are %v, want the district that stalled", got)
	}

	// One message, with the figures of the results and links that lead to them.
	until(t, "the message about the district", func() string { return strconv.Itoa(len(inbox.of("UnitBehindOnMany", stalled))) }, "1")
	told := inbox.of("UnitBehindOnMany", stalled)[0]
	if told.Status != "firing" || len(told.Alerts) != 1 || told.GroupLabels["unit"] != stalled {
		t.Errorf("the message: %+v", told)
	}
	notes := told.Alerts[0].Annotations
	behind := w.behind()[stalled]
	lines := strings.Split(notes["indicators"], "\n")
	if len(lines) != len(behind) {
		t.Errorf("the message has %d indicators, the results %d:\n%s", len(lines), len(behind), notes["indicators"])
	}
	for _, r := range behind {
		if line := figures(r); !slices.Contains(lines, line) {
			t.Errorf("the message lacks\n%s\nit has\n%s", line, notes["indicators"])
		}
	}
	for name, want := range map[string]string{
		"summary": "Đơn vị chậm tiến độ ở nhiều chỉ tiêu cùng lúc", "board_url": "http://boards.test/d/tiendo-district/?var-unit=" + stalled,
		"review_url": "http://site.test/review/2023-W10", "runbook_url": "http://site.test/runbook#unitbehindonmany",
	} {
		if notes[name] != want {
			t.Errorf("%s is %q, want %q", name, notes[name], want)
		}
	}
	if want := fmt.Sprintf("Huyện Giồng Riềng chậm so với lộ trình từ hai tuần liên tiếp trở lên ở %d trong ", len(behind)); !strings.HasPrefix(notes["description"], want) {
		t.Errorf("%q does not begin with %q", notes["description"], want)
	}
	w.wantHeldBack(t, stalled, "UnitBehindOnMany")
	const boxes = "giong-rieng@localhost, lanh-dao@localhost, chuyen-doi-so@localhost"
	until(t, "the mail about the district", func() string { return strconv.Itoa(len(inbox.mailsTo(boxes))) }, "1")
	letter := inbox.mailsTo(boxes)[0]
	if letter.subject != "[tiến độ] Huyện Giồng Riềng: Đơn vị chậm tiến độ ở nhiều chỉ tiêu cùng lúc" {
		t.Errorf("the mail's subject is %q", letter.subject)
	}
	for _, r := range behind {
		for _, part := range []string{r.Indicator.Code + " " + r.Indicator.Name, words.Percent(r.Value), words.Percent(r.Expected), words.Decimal(*r.Gap) + " điểm %", words.Percent(r.Target)} {
			if !strings.Contains(letter.text, part) || !strings.Contains(letter.html, part) {
				t.Errorf("the mail lacks %q", part)
			}
		}
	}

	// The district works again, and better than before: the end is told too, and what is still behind goes into the digest,
	// as one message.
	w.pull(t, day("2023-08-06").Add(sundayPull))
	w.at(t, day("2023-08-07").Add(7*time.Hour))
	w.wantBehind(t)
	until(t, "the message that the district has recovered", func() string { return strconv.Itoa(len(inbox.of("UnitBehindOnMany", stalled))) }, "2")
	if told := inbox.of("UnitBehindOnMany", stalled)[1]; told.Status != "resolved" || told.Alerts[0].Status != "resolved" {
		t.Errorf("the second message: %+v", told)
	}
	until(t, "the mail that says so", func() string { return strconv.Itoa(len(inbox.mailsTo(boxes))) }, "2")
	if letter := inbox.mailsTo(boxes)[1]; letter.subject != "[tiến độ] Huyện Giồng Riềng: đã hết cảnh báo" {
		t.Errorf("the mail's subject is %q", letter.subject)
	}
	if n := len(inbox.of("IndicatorBehind", stalled)); n > 0 {
		t.Errorf("%d digests out of hours", n)
	}
	behind = w.behind()[stalled]
	if len(behind) == 0 {
		t.Fatal("nothing is left for a digest: move the day of the recovery")
	}
	want := lines[:0]
	for _, r := range behind {
		want = append(want, r.Indicator.Code+" "+words.Percent(r.Value)+" "+words.Decimal(*r.Gap)+" điểm %")
	}
	slices.Sort(want)
	until(t, "Alertmanager has the newest figures", func() string { return said(w.held(t, "IndicatorBehind", stalled)) }, strings.Join(want, "; "))
	w.digest(t)
	until(t, "one digest with all that is left", func() string { // a reload may send the first alert of a group before it has the others
		digests := inbox.of("IndicatorBehind", stalled)
		if len(digests) == 0 {
			return ""
		}
		return said(slices.DeleteFunc(slices.Clone(digests[len(digests)-1].Alerts), func(a notice) bool {
			return a.Status != "firing" || a.Labels["alertname"] != "IndicatorBehind"
		}))
	}, strings.Join(want, "; "))
	if n := len(inbox.of("UnitBehindOnMany", stalled)); n != 2 {
		t.Errorf("%d messages about the district, want the one and its end", n)
	}
	for _, h := range inbox.all() {
		if u := h.Alerts[0].Labels["unit"]; h.Alerts[0].Labels["alertname"] == "UnitBehindOnMany" && u != stalled {
			t.Errorf("unit %s is healthy and was told: %+v", u, h)
		}
	}
}

// figures is a result as a line of the message: code|name|value|value of the last 52 weeks if it is another|expected|gap|target|forecast|since.
func figures(r progress.Result) string {
	path := words.Percent(r.PathValue)
	if r.Value != nil && r.PathValue != nil && *r.Value == *r.PathValue {
		path = ""
	}
	return strings.Join([]string{r.Indicator.Code, r.Indicator.Name, words.Percent(r.Value), path, words.Percent(r.Expected),
		words.Decimal(*r.Gap) + " điểm %", words.Percent(r.Target), words.Percent(r.Forecast), words.Day(r.BehindSince)}, "|")
}

// sundayPull is the hour of the weekly pull of the simulated history.
const sundayPull = 23*time.Hour + 30*time.Minute

// programs finds Prometheus and Alertmanager.
func programs(t *testing.T) (prometheus, alertmanager string) {
	t.Helper()
	prometheus, err := exec.LookPath("prometheus")
	if err == nil {
		for _, name := range []string{"prometheus-alertmanager", "alertmanager"} {
			if alertmanager, err = exec.LookPath(name); err == nil {
				return prometheus, alertmanager
			}
		}
	}
	t.Skip("Prometheus and Alertmanager are missing: sudo apt-get install --no-install-recommends prometheus prometheus-alertmanager")
	return "", ""
}

// alertWorld is a program that collects from simulated systems under a clock of the test's.
type alertWorld struct {
	a       *app
	p       *plan.Plan
	st      *schema.Store
	sim     *simulator.Simulator
	sources []source
	tel     *telemetry.Telemetry
	now     time.Time
	due     dueSteps
	drop    string
	done    []func() // of runs whose figures are still to be computed
	c       run.Computed

	metrics      string // address
	prometheus   string
	alertmanager string
	digest       func(*testing.T) // opens the digest's hours
	computed     int
}

func newAlertWorld(t *testing.T, c simulator.Config) *alertWorld {
	t.Helper()
	ctx := t.Context()
	w := &alertWorld{a: &app{lookup: os.Getenv, out: io.Discard, err: io.Discard}, due: dueSteps{}, drop: t.TempDir()}
	if err := w.a.settle(w.a.command()); err != nil { // with the flags' defaults
		t.Fatal(err)
	}
	w.a.cfg.Data = t.TempDir()
	t.Cleanup(func() {
		if err := w.a.close(); err != nil {
			t.Error(err)
		}
	})
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.p, err = w.a.plan()
	must()
	c.Plan, err = w.a.planFS()
	must()
	w.sim, err = simulator.New(c)
	must()
	w.p, w.st, err = w.a.ready(ctx)
	must()
	w.now = w.p.Start.Start()
	w.a.now = func() time.Time { return w.now }

	systems := httptest.NewServer(w.sim)
	t.Cleanup(systems.Close)
	env := w.sim.Env(systems.URL, w.drop)
	env["TIENDO_SITE_URL"], env["TIENDO_BOARDS_URL"] = "http://site.test", "http://boards.test"
	w.a.lookup = func(name string) string { return cmp.Or(env[name], os.Getenv(name)) }
	none := 0
	w.a.adjust = func(src *collectors.Source) { src.Rate, src.Retries = -1, &none }
	all, err := w.a.sources(ctx, w.p, w.st)
	must()
	var broken error
	if w.sources, broken = usable(all); broken != nil {
		t.Fatal(broken)
	}
	w.tel, err = w.a.telemetry(ctx, w.p, w.st, w.sources)
	must()
	w.tel.StoreUp(true)
	metrics := httptest.NewServer(w.tel.Handler())
	t.Cleanup(metrics.Close)
	w.metrics = strings.TrimPrefix(metrics.URL, "http://")
	return w
}

// pull pulls every due source on the Sundays up to an instant, and at the instant itself.
func (w *alertWorld) pull(t *testing.T, last time.Time) {
	t.Helper()
	w.st.Defer(true)
	defer w.st.Defer(false)
	for _, step := range append(w.sim.FetchTimes(last), last) {
		if step.After(w.now) && !step.After(last) {
			w.step(t, step)
		}
	}
	if err := w.st.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *alertWorld) step(t *testing.T, at time.Time) {
	t.Helper()
	w.now = at
	w.sim.SetNow(at)
	if err := w.sim.WriteFiles(w.drop, at); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.sources {
		due, err := w.due.at(s, at)
		if err != nil {
			t.Fatal(err)
		}
		if due {
			w.done = append(w.done, w.tel.Pulling(s.ID))
			r, _ := (&run.Runner{Store: w.st, Catalogue: w.st, Now: w.a.now, DeferSum: true}).Collect(t.Context(), s.job) // a failure is what the metrics are for
			w.tel.RunEnded(r)
		}
	}
}

// outage takes every system with an interface of its own out, or brings them back; files come in as ever.
func (w *alertWorld) outage(out bool) {
	f := w.sim.Faults()
	f.Down = map[string]bool{}
	for _, system := range []string{"dvc", "portal", "onestop", "edoc", "qlvb", "pay"} {
		f.Down[system] = out
	}
	w.sim.SetFaults(f)
}

// at sets the clock, computes as of the last weekly point, and waits until Prometheus has judged what it has then.
func (w *alertWorld) at(t *testing.T, now time.Time) {
	t.Helper()
	w.compute(t, now)
	w.caughtUp(t)
}

// again moves only the clock: the figures stay.
func (w *alertWorld) again(t *testing.T, now time.Time) {
	t.Helper()
	w.now = now
	w.computed++
	w.tel.Computed(w.c)
	w.judged(t, "0")
}

// catchUp pulls and computes, and stays where the program still counts the sources among those that catch up.
func (w *alertWorld) catchUp(t *testing.T, pull, now time.Time) {
	t.Helper()
	w.pull(t, pull)
	w.compute(t, now)
	w.judged(t, "1")
}

// caughtUp ends what catchUp began.
func (w *alertWorld) caughtUp(t *testing.T) {
	t.Helper()
	for _, done := range w.done {
		done()
	}
	w.done = nil
	w.judged(t, "0")
}

func (w *alertWorld) compute(t *testing.T, now time.Time) {
	t.Helper()
	w.now = now
	c, err := w.a.compute(t.Context(), w.p, w.st, plan.LastWeeklyPoint(now), plan.DayOf(now))
	if err != nil {
		t.Fatal(err)
	}
	w.c = c
	w.computed++
	w.tel.Computed(c)
}

// judged waits until Prometheus has the newest figures, with the program loading history or not, and has judged them.
func (w *alertWorld) judged(t *testing.T, loading string) {
	t.Helper()
	until(t, "Prometheus scrapes the new figures, and has missed none for a while", func() string {
		return w.scalar(t, `max(tiendo_computations_total{state="ok"})`) + " " + w.scalar(t, "tiendo_backfill_running") + " " + w.scalar(t, `min_over_time(up{job="tiendo"}[6s])`)
	}, strconv.Itoa(w.computed)+" "+loading+" 1")
	seen := time.Now()
	until(t, "Prometheus judges every rule", func() string {
		var r struct {
			Groups []struct{ LastEvaluation time.Time } // when it began
		}
		w.api(t, "rules", &r)
		for _, g := range r.Groups {
			if !g.LastEvaluation.After(seen) {
				return "not yet"
			}
		}
		return fmt.Sprint(len(r.Groups) > 0)
	}, "true")
}

// behind is, by unit, what the results say is to be told: owed, behind at the last two weekly points, on inputs that are
// there and not old. Only to be asked while no source is overdue.
func (w *alertWorld) behind() map[string][]progress.Result {
	out := map[string][]progress.Result{}
	for _, r := range w.c.Results {
		if r.Day == w.c.AsOf && !r.UnitEnded && w.p.Watched(r.Unit.Level) && r.Applies == plan.Owed && r.WeeksBehind >= 2 &&
			r.Status != progress.Stale && r.Status != progress.NoData {
			out[r.Unit.UnitKey.String()] = append(out[r.Unit.UnitKey.String()], r)
		}
	}
	return out
}

// wantBehind wants exactly the alerts of the results: one of a unit that is behind on many, one per indicator.
func (w *alertWorld) wantBehind(t *testing.T) {
	t.Helper()
	var single, many []string
	for unit, list := range w.behind() {
		for _, r := range list {
			single = append(single, unit+" "+r.Indicator.Code)
		}
		if len(list) >= 5 {
			many = append(many, unit+" ")
		}
	}
	slices.Sort(single)
	slices.Sort(many)
	until(t, "alerts are what the results of "+w.c.AsOf.String()+" say", func() string {
		got := w.firing(t)
		return fmt.Sprintf("behind %q, on many %q", got["IndicatorBehind"], got["UnitBehindOnMany"])
	}, fmt.Sprintf("behind %q, on many %q", single, many))
}

// held lists what Alertmanager has of an alert and a unit.
func (w *alertWorld) held(t *testing.T, alert, unit string) []notice {
	t.Helper()
	var all []notice
	get(t, w.alertmanager+"/api/v2/alerts?filter="+url.QueryEscape(`alertname="`+alert+`"`)+"&filter="+url.QueryEscape(`unit="`+unit+`"`), &all)
	return all
}

// wantHeldBack wants every alert of a unit's single indicators to be held back in Alertmanager, of which there must be some.
func (w *alertWorld) wantHeldBack(t *testing.T, unit, by string) {
	t.Helper()
	until(t, by+" holds the unit's single alerts back", func() string {
		all := w.held(t, "IndicatorBehind", unit)
		for _, a := range all {
			status, _ := a.Status.(map[string]any)
			if by, _ := status["inhibitedBy"].([]any); status["state"] != "suppressed" || len(by) == 0 {
				return a.Labels["indicator"] + " is " + fmt.Sprint(status["state"])
			}
		}
		return fmt.Sprint(len(all) > 0)
	}, "true")
}

// firing lists Prometheus's firing alerts by name: unit, indicator or source of each.
func (w *alertWorld) firing(t *testing.T) map[string][]string {
	t.Helper()
	var r struct {
		Alerts []struct {
			State  string
			Labels map[string]string
		}
	}
	w.api(t, "alerts", &r)
	out := map[string][]string{}
	for _, a := range r.Alerts {
		if a.State == "firing" {
			n := a.Labels["alertname"]
			out[n] = append(out[n], a.Labels["unit"]+" "+cmp.Or(a.Labels["indicator"], a.Labels["source"]))
		}
	}
	for _, l := range out {
		slices.Sort(l)
	}
	return out
}

// without is what of a stands not in b.
func without(a, b map[string][]string) []string {
	var out []string
	for name, l := range a {
		for _, x := range l {
			if !slices.Contains(b[name], x) {
				out = append(out, name+" "+x)
			}
		}
	}
	slices.Sort(out)
	return out
}

// api asks Prometheus.
func (w *alertWorld) api(t *testing.T, path string, into any) {
	t.Helper()
	var body struct {
		Status string
		Error  string
		Data   json.RawMessage
	}
	get(t, w.prometheus+"/api/v1/"+path, &body)
	if body.Status != "success" {
		t.Fatalf("Prometheus, %s: %s", path, body.Error)
	}
	if err := json.Unmarshal(body.Data, into); err != nil {
		t.Fatal(err)
	}
}

// scalar is the value of a query with one result; empty if it has none.
func (w *alertWorld) scalar(t *testing.T, query string) string {
	t.Helper()
	var r struct {
		Result []struct{ Value []any }
	}
	w.api(t, "query?query="+url.QueryEscape(query), &r)
	if len(r.Result) == 0 {
		return ""
	}
	return fmt.Sprint(r.Result[0].Value[1])
}

func get(t *testing.T, address string, into any) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
}

// until asks again and again for something that must come, on a machine of any speed.
func until(t *testing.T, what string, ask func() string, want string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		got := ask()
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: it is %q, want %q", what, got, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tree is a YAML document whose values a test replaces.
type tree = map[string]any

// startPrometheus runs Prometheus on the shipped configuration and rules, with short intervals.
func (w *alertWorld) startPrometheus(t *testing.T, program string) {
	t.Helper()
	dir := t.TempDir()
	shipped := filepath.Join("..", "..", "dashboards", "prometheus")
	c := readYAML(t, filepath.Join(shipped, "prometheus.yml"))
	global := c["global"].(tree)
	global["scrape_interval"], global["scrape_timeout"], global["evaluation_interval"] = "2s", "2s", "1s"
	var jobs []any
	for _, j := range c["scrape_configs"].([]any) {
		if j := j.(tree); j["job_name"] == "tiendo" {
			delete(j, "scrape_interval")
			delete(j, "scrape_timeout")
			j["static_configs"] = []any{tree{"targets": []any{w.metrics}}}
			jobs = append(jobs, j)
		}
	}
	if len(jobs) != 1 {
		t.Fatalf("prometheus.yml has %d jobs named tiendo", len(jobs))
	}
	c["scrape_configs"] = jobs
	c["alerting"] = tree{"alertmanagers": []any{tree{"static_configs": []any{tree{"targets": []any{strings.TrimPrefix(w.alertmanager, "http://")}}}}}}
	rules, err := filepath.Glob(filepath.Join(shipped, "rules", "*.yml"))
	if err != nil || len(rules) == 0 {
		t.Fatalf("no rules in %s", shipped)
	}
	for _, file := range rules {
		r := readYAML(t, file)
		for _, g := range r["groups"].([]any) {
			delete(g.(tree), "interval")
			for _, rule := range g.(tree)["rules"].([]any) {
				if name := rule.(tree)["alert"].(string); !slices.Contains([]string{"IndicatorBehind", "UnitBehindOnMany", "SourceStale"}, name) {
					delete(rule.(tree), "annotations") // words that are not read here: hundreds of queries every second
				}
				delete(rule.(tree), "for") // what rides over a restart of the program has little to ride over here
				if _, ok := rule.(tree)["keep_firing_for"]; ok {
					rule.(tree)["keep_firing_for"] = "5s"
				}
			}
		}
		writeYAML(t, filepath.Join(dir, "rules", filepath.Base(file)), r)
	}
	c["rule_files"] = []any{"rules/*.yml"}
	writeYAML(t, filepath.Join(dir, "prometheus.yml"), c)
	w.prometheus = start(t, program, "/-/ready", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--rules.alert.resend-delay=10s", "--web.listen-address=")
}

// startAlertmanager runs Alertmanager on the shipped configuration with short intervals, the digest's hours over, and its
// messages sent to the inbox.
func (w *alertWorld) startAlertmanager(t *testing.T, program string, in *inbox) {
	t.Helper()
	dir := t.TempDir()
	w.configure(t, dir, in, false)
	w.alertmanager = start(t, program, "/-/ready", "--config.file="+filepath.Join(dir, "alertmanager.yml"), "--storage.path="+filepath.Join(dir, "data"),
		"--cluster.listen-address=", "--web.listen-address=")
	w.digest = func(t *testing.T) {
		t.Helper()
		w.configure(t, dir, in, true)
		resp, err := http.Post(w.alertmanager+"/-/reload", "", nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("reload Alertmanager: %v %v", err, resp)
		}
		_ = resp.Body.Close()
	}
}

// configure writes Alertmanager's configuration.
func (w *alertWorld) configure(t *testing.T, dir string, in *inbox, digests bool) {
	t.Helper()
	shipped, err := filepath.Abs(filepath.Join("..", "..", "dashboards", "alertmanager"))
	if err != nil {
		t.Fatal(err)
	}
	c := readYAML(t, filepath.Join(shipped, "alertmanager.yml"))
	global := c["global"].(tree)
	global["smtp_smarthost"], global["smtp_require_tls"] = in.relay, false
	c["templates"] = []any{filepath.Join(shipped, "templates", "*.tmpl")}
	for _, i := range c["time_intervals"].([]any) {
		hours := tree{"years": []any{"1970"}}
		if digests && i.(tree)["name"] != "holidays" {
			hours = tree{"weekdays": []any{"sunday:saturday"}}
		}
		i.(tree)["time_intervals"] = []any{hours}
	}
	var quick func(route tree)
	quick = func(route tree) {
		route["group_wait"], route["group_interval"], route["repeat_interval"] = "1s", "2s", "1h"
		below, _ := route["routes"].([]any)
		for _, r := range below {
			quick(r.(tree))
		}
	}
	quick(c["route"].(tree))
	for _, r := range c["receivers"].([]any) {
		hooks, _ := r.(tree)["webhook_configs"].([]any)
		for _, h := range hooks {
			h.(tree)["url"] = in.hook
		}
	}
	writeYAML(t, filepath.Join(dir, "alertmanager.yml"), c)
}

// start runs a program on a free port of loopback (the last argument lacks it) until the test ends, and waits for it.
func start(t *testing.T, program, ready string, args ...string) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	args[len(args)-1] += addr
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), said.String())
		}
	})
	until(t, program+" is ready", func() string {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v", program, err)
		default:
		}
		resp, err := http.Get("http://" + addr + ready)
		if err != nil {
			return err.Error()
		}
		_ = resp.Body.Close()
		return resp.Status
	}, "200 OK")
	return "http://" + addr
}

func readYAML(t *testing.T, file string) tree {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c tree
	if err := yaml.Unmarshal(b, &c); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}

func writeYAML(t *testing.T, file string, c tree) {
	t.Helper()
	b, err := yaml.Marshal(c)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// inbox is where messages arrive: a webhook and a mail relay.
type inbox struct {
	hook, relay string

	mu    sync.Mutex
	hooks []hooked
	mails []mailed
}

// hooked is what Alertmanager posts.
type hooked struct {
	Status      string
	Receiver    string
	GroupLabels map[string]string
	Alerts      []notice
}

// notice is an alert in a message, and in Alertmanager's own list.
type notice struct {
	Status      any // firing or resolved; in the list it says more
	Labels      map[string]string
	Annotations map[string]string
}

// said is what alerts of indicators say, in the indicators' order.
func said(list []notice) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Labels["indicator"]+" "+a.Annotations["value"]+" "+a.Annotations["gap"])
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// about says whether a message is of an alert and a unit.
func (h hooked) about(alert, unit string) bool {
	return len(h.Alerts) > 0 && h.Alerts[0].Labels["alertname"] == alert && h.Alerts[0].Labels["unit"] == unit
}

type mailed struct{ to, subject, text, html string }

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var h hooked
		if err := json.NewDecoder(req.Body).Decode(&h); err != nil {
			t.Errorf("what the webhook got: %v", err)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		in.hooks = append(in.hooks, h)
	}))
	t.Cleanup(hook.Close)
	in.hook = hook.URL + "/"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	in.relay = l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go in.takeMail(t, conn)
		}
	}()
	return in
}

// takeMail speaks as much SMTP as a relay must.
func (in *inbox) takeMail(t *testing.T, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	c := textproto.NewConn(conn)
	say := func(line string) { _ = c.PrintfLine("%s", line) }
	say("220 relay")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(line + "    ")[:4]; verb {
		case "DATA":
			say("354 go on")
			b, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			m, err := readMail(b)
			if err != nil {
				t.Errorf("a mail that cannot be read: %v\n%s", err, b)
			}
			in.mu.Lock()
			in.mails = append(in.mails, m)
			in.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func readMail(b []byte) (mailed, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return mailed{}, err
	}
	m := mailed{to: msg.Header.Get("To")}
	if m.subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, err
	}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return m, err
	}
	for parts := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := parts.NextPart() // undoes quoted-printable itself
		if errors.Is(err, io.EOF) {
			return m, nil
		} else if err != nil {
			return m, err
		}
		text, err := io.ReadAll(p)
		if err != nil {
			return m, err
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			m.html = string(text)
		} else {
			m.text = string(text)
		}
	}
}

// of lists the webhook's messages about an alert and a unit, oldest first.
func (in *inbox) of(alert, unit string) []hooked {
	in.mu.Lock()
	defer in.mu.Unlock()
	var out []hooked
	for _, h := range in.hooks {
		if h.about(alert, unit) {
			out = append(out, h)
		}
	}
	return out
}

func (in *inbox) all() []hooked {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.hooks)
}

// mailsTo lists the mails to an address, oldest first.
func (in *inbox) mailsTo(address string) []mailed {
	in.mu.Lock()
	defer in.mu.Unlock()
	var out []mailed
	for _, m := range in.mails {
		if m.to == address {
			out = append(out, m)
		}
	}
	return out
}
