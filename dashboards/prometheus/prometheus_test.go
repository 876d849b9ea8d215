// Package prometheus_test keeps what holds for the alert rules: they fire and stay silent as their cases say, each has its
// words, its cases and its page in the runbook, and they rest on metrics that the program serves. The cases are run by the
// real promtool. It knows the files of this folder, the runbook and the names of the metrics, and nothing of the program.
package prometheus_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/unicode/norm"
)

const (
	runbookFile = "../../docs/runbooks/ALERTS.md"
	scrapeFile  = "../../pipeline/telemetry/testdata/scrape.golden"
)

// promtool runs Debian's promtool; without it the test is skipped and says how to get it.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("no promtool here: sudo apt-get install prometheus")
	}
	if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil || len(all) == 0 {
		t.Fatalf("no file %s (%v)", pattern, err)
	}
	return all
}

func TestConfigurationIsAccepted(t *testing.T) { promtool(t, "check", "config", "prometheus.yml") }

func TestRulesAreAccepted(t *testing.T) {
	promtool(t, append([]string{"check", "rules", "--lint-fatal"}, files(t, "rules/*.yml")...)...)
}

func TestCases(t *testing.T) {
	promtool(t, append([]string{"test", "rules"}, files(t, "tests/*.yml")...)...)
}

type rule struct {
	Alert         string            `yaml:"alert"`
	Record        string            `yaml:"record"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for"`
	KeepFiringFor string            `yaml:"keep_firing_for"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
}

type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type caseFile struct {
	Tests []struct {
		Cases []struct {
			Alert  string `yaml:"alertname"`
			Expect []any  `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// cases is how often an alert is expected, and how often it is expected not to be there.
type cases struct{ firing, silent int }

// problems says what is missing or wrong, one line each. metrics are the names that the program serves.
func problems(rules []rule, seen map[string]cases, runbook string, metrics map[string]bool) (all []string) {
	say := func(format string, a ...any) { all = append(all, fmt.Sprintf(format, a...)) }
	alerts := map[string]bool{}
	for _, r := range rules {
		if r.Alert == "" {
			say("rule %q records something: whatever can be computed is computed by the program", r.Record)
			continue
		}
		if alerts[r.Alert] {
			say("%s stands twice", r.Alert)
		}
		alerts[r.Alert] = true
		if !regexp.MustCompile(`^[A-Z][A-Za-z]*$`).MatchString(r.Alert) {
			say("%s: names are CamelCase", r.Alert)
		}
		for name, allowed := range map[string][]string{
			"severity": {"critical", "warning", "info"}, "audience": {"leaders", "unit", "operations"}, "event": {"true", "false"},
		} {
			if !slices.Contains(allowed, r.Labels[name]) {
				say("%s: label %s is %q, want one of %v", r.Alert, name, r.Labels[name], allowed)
			}
		}
		if c := seen[r.Alert]; c.firing == 0 || c.silent == 0 {
			say("%s has %d firing and %d silent cases in tests/, want one of each", r.Alert, c.firing, c.silent)
		}
		section := sectionOf(runbook, r.Alert)
		if section == "" {
			say("%s has no section in the runbook", r.Alert)
		}
		for _, part := range []string{"**Nghĩa là gì.**", "**Ai xử lý.**", "**Kiểm tra.**", "**Khi nào cảnh báo không đúng.**", "**Tạm dừng.**", "*In English: "} {
			if section != "" && !strings.Contains(section, part) {
				say("%s: its section of the runbook has no part %s", r.Alert, part)
			}
		}
		all = append(all, wordProblems(r)...)
		text := r.Expr
		for _, a := range slices.Sorted(maps.Keys(r.Annotations)) {
			text += "\n" + r.Annotations[a]
		}
		for _, name := range regexp.MustCompile(`tiendo_[a-z0-9_]+`).FindAllString(text, -1) {
			if !metrics[name] {
				say("%s names the metric %s, which the program does not serve", r.Alert, name)
			}
		}
		if counting := regexp.MustCompile(`count_over_time|sum_over_time|changes\(|resets\(|offset `).FindString(r.Expr); counting != "" {
			say("%s counts by itself (%s): streaks and shares are computed by the program", r.Alert, counting)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^## (\S+)`).FindAllStringSubmatch(runbook, -1) {
		if !alerts[m[1]] {
			say("the runbook has a section %s, and there is no such alert", m[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if !alerts[name] {
			say("tests/ has a case of %s, and there is no such alert", name)
		}
	}
	return all
}

// wordProblems looks at what people read: a fixed Vietnamese summary, a Vietnamese description made from the alert, an
// English summary, and links.
func wordProblems(r rule) (all []string) {
	say := func(format string, a ...any) { all = append(all, fmt.Sprintf(format, a...)) }
	for _, name := range []string{"summary", "description"} {
		text := r.Annotations[name]
		switch {
		case text == "":
			say("%s has no %s", r.Alert, name)
		case !norm.NFC.IsNormalString(text):
			say("%s: %s is not in composed form (NFC)", r.Alert, name)
		case norm.NFD.String(text) == text:
			say("%s: %s has no diacritics: it is to be Vietnamese", r.Alert, name)
		}
	}
	if strings.Contains(r.Annotations["summary"], "{{") {
		say("%s: the summary is a fixed sentence; what changes stands in the description", r.Alert)
	}
	if en := r.Annotations["summary_en"]; en == "" || norm.NFD.String(en) != en {
		say("%s: summary_en is %q, want an English sentence", r.Alert, en)
	}
	if want := "/runbook#" + strings.ToLower(r.Alert); !strings.HasSuffix(r.Annotations["runbook_url"], want) {
		say("%s: runbook_url does not end with %s", r.Alert, want)
	}
	if !strings.Contains(r.Annotations["board_url"], "/d/tiendo-") {
		say("%s: board_url leads to no board", r.Alert)
	}
	return all
}

func sectionOf(runbook, alert string) string {
	_, after, ok := strings.Cut(runbook, "\n## "+alert+"\n")
	if !ok {
		return ""
	}
	section, _, _ := strings.Cut(after, "\n## ")
	return section
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t *testing.T, name string, strict bool, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(read(t, name)))
	d.KnownFields(strict)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func shipped(t *testing.T) (rules []rule, seen map[string]cases, runbook string, metrics map[string]bool) {
	t.Helper()
	for _, name := range files(t, "rules/*.yml") {
		var f ruleFile
		decode(t, name, true, &f)
		for _, g := range f.Groups {
			rules = append(rules, g.Rules...)
		}
	}
	seen = map[string]cases{}
	for _, name := range files(t, "tests/*.yml") {
		var f caseFile
		decode(t, name, false, &f)
		for _, x := range f.Tests {
			for _, c := range x.Cases {
				n := seen[c.Alert]
				if len(c.Expect) > 0 {
					n.firing++
				} else {
					n.silent++
				}
				seen[c.Alert] = n
			}
		}
	}
	metrics = map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(string(read(t, scrapeFile)), -1) {
		metrics[m[1]] = true
	}
	return rules, seen, string(read(t, runbookFile)), metrics
}

func TestEveryAlertIsWhole(t *testing.T) {
	rules, seen, runbook, metrics := shipped(t)
	for _, p := range problems(rules, seen, runbook, metrics) {
		t.Error(p)
	}
	want := []string{"BackfillLong", "BackfillRunning", "ComputeLate", "IndicatorBehind", "MilestoneForecastMissed", "RejectShareHigh", "ReportMissing",
		"SourceStale", "StatusRestated", "StoreDown", "TargetUnreachable", "TargetUnreachableRising", "TiendoAbsent", "UnitBehindOnMany"}
	var have []string
	for _, r := range rules {
		have = append(have, r.Alert)
	}
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	if !norm.NFC.IsNormalString(runbook) {
		t.Error("the runbook is not in composed form (NFC)")
	}
}

// What people are told of progress waits for no clock of Prometheus: what is old is judged by the program.
func TestProgressWaitsForNothing(t *testing.T) {
	var f ruleFile
	decode(t, "rules/progress.yml", true, &f)
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if r.For != "" {
				t.Errorf("%s waits %s: weeks are counted by the program", r.Alert, r.For)
			}
			if !strings.Contains(r.Expr, "tiendo_backfill_running == 1") {
				t.Errorf("%s is told while history is loaded", r.Alert)
			}
			if !strings.Contains(r.Expr, "tiendo_working_day == 1") {
				t.Errorf("%s begins on a day off", r.Alert)
			}
			if ends := r.Labels["event"] == "false"; ends != (r.KeepFiringFor != "") || ends != strings.Contains(r.Expr, `ALERTS{alertname="`+r.Alert+`", alertstate="firing"}`) {
				t.Errorf("%s: what ends is to outlive a restart and an outage, what is told once is not", r.Alert)
			}
		}
	}
}

// A rule that lacks something is found out.
func TestProblemsAreFound(t *testing.T) {
	whole := func() rule {
		return rule{Alert: "X", Expr: "tiendo_x == 1", Labels: map[string]string{"severity": "info", "audience": "unit", "event": "false"},
			Annotations: map[string]string{"summary": "Chậm", "summary_en": "Behind", "description": "{{ $labels.unit_name }} chậm", "runbook_url": "s/runbook#x", "board_url": "b/d/tiendo-x"}}
	}
	const page = "# A\n\n## X\n\n**Nghĩa là gì.** **Ai xử lý.** **Kiểm tra.** **Khi nào cảnh báo không đúng.** **Tạm dừng.** *In English: x.*\n"
	for _, c := range []struct {
		name    string
		change  func(*rule)
		seen    cases
		runbook string
		want    string
	}{
		{"nothing is wrong", nil, cases{1, 1}, page, ""},
		{"no firing case", nil, cases{0, 1}, page, "X has 0 firing and 1 silent cases in tests/, want one of each"},
		{"no silent case", nil, cases{2, 0}, page, "X has 2 firing and 0 silent cases in tests/, want one of each"},
		{"no section", nil, cases{1, 1}, "# A\n", "X has no section in the runbook"},
		{"a section that lacks a part", nil, cases{1, 1}, strings.Replace(page, "**Ai xử lý.**", "", 1), "X: its section of the runbook has no part **Ai xử lý.**"},
		{"a section of nothing", nil, cases{1, 1}, page + "\n## Y\n", "the runbook has a section Y, and there is no such alert"},
		{"a severity of its own", func(r *rule) { r.Labels["severity"] = "page" }, cases{1, 1}, page, `X: label severity is "page", want one of [critical warning info]`},
		{"no summary", func(r *rule) { r.Annotations["summary"] = "" }, cases{1, 1}, page, "X has no summary"},
		{"a summary that changes", func(r *rule) { r.Annotations["summary"] = "Chậm {{ $value }}" }, cases{1, 1}, page, "X: the summary is a fixed sentence; what changes stands in the description"},
		{"without diacritics", func(r *rule) { r.Annotations["description"] = "Cham" }, cases{1, 1}, page, "X: description has no diacritics: it is to be Vietnamese"},
		{"decomposed", func(r *rule) { r.Annotations["summary"] = norm.NFD.String("Chậm") }, cases{1, 1}, page, "X: summary is not in composed form (NFC)"},
		{"no English", func(r *rule) { r.Annotations["summary_en"] = "Chậm" }, cases{1, 1}, page, `X: summary_en is "Chậm", want an English sentence`},
		{"another's page", func(r *rule) { r.Annotations["runbook_url"] = "s/runbook#y" }, cases{1, 1}, page, "X: runbook_url does not end with /runbook#x"},
		{"no board", func(r *rule) { delete(r.Annotations, "board_url") }, cases{1, 1}, page, "X: board_url leads to no board"},
		{"a metric that is none", func(r *rule) { r.Annotations["value"] = "tiendo_y" }, cases{1, 1}, page, "X names the metric tiendo_y, which the program does not serve"},
		{"counting", func(r *rule) { r.Expr = "count_over_time(tiendo_x[2w]) > 1" }, cases{1, 1}, page, "X counts by itself (count_over_time): streaks and shares are computed by the program"},
		{"recording", func(r *rule) { r.Alert, r.Record = "", "x:y" }, cases{}, "", `rule "x:y" records something: whatever can be computed is computed by the program`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := whole()
			if c.change != nil {
				c.change(&r)
			}
			seen := map[string]cases{}
			if c.seen != (cases{}) {
				seen["X"] = c.seen
			}
			if got := strings.Join(problems([]rule{r}, seen, c.runbook, map[string]bool{"tiendo_x": true}), "\n"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
