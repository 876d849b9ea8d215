package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

// tiendo runs a command in this process and returns what it printed. A nil app sees the real environment.
func tiendo(t testing.TB, a *app, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	if a == nil {
		a = &app{lookup: os.Getenv}
	}
	a.out, a.err = &out, &errs
	cmd := a.command()
	cmd.SetArgs(args)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	err := errors.Join(cmd.ExecuteContext(ctx), a.close())
	if err != nil && errs.Len() > 0 {
		t.Logf("tiendo %s said:\n%s", strings.Join(args, " "), errs.String())
	}
	return out.String(), err
}

func mustTiendo(t testing.TB, args ...string) string {
	t.Helper()
	out, err := tiendo(t, nil, args...)
	if err != nil {
		t.Fatalf("tiendo %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// fullDemo is a demo of the default size, made once for all tests that only read it or leave it as it was.
var fullDemo = struct {
	sync.Once
	dir, summary string
}{}

func demoDir(t *testing.T) string {
	t.Helper()
	fullDemo.Do(func() {
		dir, err := os.MkdirTemp("", "tiendo-demo-")
		if err != nil {
			t.Fatal(err)
		}
		fullDemo.dir = dir
		fullDemo.summary = mustTiendo(t, "demo", "--exit", "--data", dir)
	})
	if fullDemo.summary == "" {
		t.Fatal("the demo did not reach its summary")
	}
	return fullDemo.dir
}

// knownOns are days of knowledge that the truth is asked for: weekdays between fetches, before and after restatements, the
// registry's second edition, the mergers, and the demo's own day.
const knownOns = "2022-09-30,2023-12-31,2024-02-11,2024-09-03,2025-03-26,2025-06-30"

// TestTruth compares every figure that the pipeline computed with what the simulator's own records say.
func TestTruth(t *testing.T) {
	dir := demoDir(t)
	compareTruth(t, mustTiendo(t, "export", "progress", "--csv", "--data", dir, "--known-on", knownOns),
		mustTiendo(t, "simulate", "truth", "--csv", "--known-on", knownOns))
}

func TestTruthOfScores(t *testing.T) {
	dir := t.TempDir()
	p := "an-giang-766-2025"
	mustTiendo(t, "demo", "--exit", "--plan", p, "--data", dir)
	days := "2025-10-11,2025-10-14,2025-10-15,2025-10-16,2025-10-20"
	compareTruth(t, mustTiendo(t, "export", "progress", "--csv", "--plan", p, "--data", dir, "--known-on", days),
		mustTiendo(t, "simulate", "truth", "--csv", "--plan", p, "--known-on", days))
}

// compareTruth wants the same keys on both sides and, row by row, the same numerator, denominator and value; and that what
// the truth says was met has a status that says so or a path that does not.
func compareTruth(t *testing.T, exported, truth string) {
	t.Helper()
	have, want := table(t, exported), table(t, truth)
	if len(want) < 1000 {
		t.Fatalf("the truth has only %d rows", len(want))
	}
	wrong := 0
	report := func(format string, args ...any) {
		if wrong++; wrong <= 20 {
			t.Errorf(format, args...)
		}
	}
	for key, w := range want {
		h, ok := have[key]
		switch {
		case !ok:
			report("%s: in the truth, not exported", key)
		case h[5] != w[5] || h[6] != w[6] || h[7] != w[7]:
			report("%s: exported %v, the truth is %v", key, h[5:8], w[5:8])
		case h[10] == "met" && w[8] == "false":
			report("%s: exported as met with %v, the truth says not met", key, h[5:8])
		}
	}
	for key := range have {
		if _, ok := want[key]; !ok {
			report("%s: exported, not in the truth", key)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d rows differ", wrong, len(want))
	}
	t.Logf("%d rows agree", len(want)-wrong)
}

// table reads a CSV into rows by their first five columns, which name a figure.
func table(t *testing.T, text string) map[string][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]string, len(rows))
	for _, r := range rows[1:] {
		key := strings.Join(r[:5], " ")
		if out[key] != nil {
			t.Fatalf("%s stands twice", key)
		}
		out[key] = r
	}
	return out
}

// TestNothingChanges: a second run of the demo, a second full collection and a replay all leave the exported table as it
// was, byte for byte, also as known on an earlier day.
func TestNothingChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"--data", dir, "--dossiers", "3000", "--as-of", "2022-12-25"}
	export := func() string {
		return mustTiendo(t, "export", "progress", "--csv", "--data", dir, "--known-on", "2022-10-31,2022-12-26")
	}
	mustTiendo(t, append([]string{"demo", "--exit"}, args...)...)
	collectAgain(t, dir) // what came in between the last fetch and the demo's morning
	first := export()
	steps := []struct {
		name string
		do   func() string
		says string
	}{
		{"a second run of the demo", func() string { return mustTiendo(t, append([]string{"demo", "--exit"}, args...)...) }, ", trong đó 0 mới"},
		{"a second full collection", func() string { return nothingNew(t, collectAgain(t, dir)) }, ", 0 mới"},
		{"computing what came in", func() string { return mustTiendo(t, "compute", "--data", dir) }, "kết quả"},
		{"computing again", func() string { return mustTiendo(t, "compute", "--data", dir) }, ", 0 mới"},
		{"a replay", func() string { return mustTiendo(t, "replay", "--data", dir) }, "kết quả"},
		{"a second full collection after a replay", func() string { return nothingNew(t, collectAgain(t, dir)) }, ", 0 mới"},
	}
	for _, s := range steps {
		if out := s.do(); !strings.Contains(out, s.says) {
			t.Errorf("%s did not say %q:\n%s", s.name, s.says, out)
		}
		if again := export(); again != first {
			t.Fatalf("%s changed the table: %s", s.name, firstDifference(first, again))
		}
	}
}

// collectAgain pulls every source of the demo from the beginning, with the simulated systems at the demo's clock.
func collectAgain(t *testing.T, dir string) string {
	t.Helper()
	asOf := plan.MustDay("2022-12-25")
	a := &app{cfg: configOf("kien-giang-2022-2025", dir)}
	sim, err := (&demoOptions{seed: 1, dossiers: 3000}).simulator(a)
	if err != nil {
		t.Fatal(err)
	}
	sim.SetNow(demoNow(asOf))
	drop, err := filepath.Abs(filepath.Join(dir, "demo", "drop", "kien-giang-2022-2025"))
	if err != nil {
		t.Fatal(err)
	}
	base, stop, err := listenAndServe("127.0.0.1:0", sim)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	env := sim.Env(base, drop)
	again := &app{lookup: func(name string) string { return env[name] }, adjust: func(src *collectors.Source) { src.Rate = -1 }}
	out, err := tiendo(t, again, "collect", "--again", "--data", dir)
	if err != nil {
		t.Fatalf("collect --again: %v\n%s", err, out)
	}
	return out
}

func nothingNew(t *testing.T, said string) string {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(said), "\n") {
		if !strings.Contains(line, ", 0 mới") {
			t.Errorf("the second collection found something new: %s", line)
		}
	}
	return said
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d was %q, is %q", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines became %d", len(x), len(y))
}

// TestStoredIsComputed: what is stored for the boards is what a computation from the measures gives.
func TestStoredIsComputed(t *testing.T) {
	dir := demoDir(t)
	if out := mustTiendo(t, "compute", "--data", dir); !strings.Contains(out, ", 0 mới") {
		t.Errorf("computing again wrote something: %s", out)
	}
}

// TestDemoShowsEverything: all rows of the plan for the province, and every status somewhere among the districts.
func TestDemoShowsEverything(t *testing.T) {
	dir := demoDir(t)
	for _, name := range plans.Names() {
		if !strings.HasPrefix(name, "kien") {
			continue
		}
		p, err := plan.Load(mustSub(t, name))
		if err != nil {
			t.Fatal(err)
		}
		rows := table(t, mustTiendo(t, "export", "progress", "--csv", "--data", dir))
		statuses := map[string]int{}
		for key, r := range rows {
			if strings.HasPrefix(strings.SplitN(key, " ", 3)[1], "9") && len(r[1]) == 3 && r[3] == p.Demo.AsOf.String() {
				statuses[r[10]]++
			}
		}
		for _, s := range []string{"met", "on_track", "at_risk", "behind", "no_data"} {
			if statuses[s] == 0 {
				t.Errorf("no district has the status %s on the demo's day: %v", s, statuses)
			}
		}
		for _, ind := range p.Indicators {
			if ind.Monitored || !p.Applies(&ind, p.Units.On(p.Province, p.Demo.AsOf)).Counts() {
				continue
			}
			key := strings.Join([]string{ind.Code, p.Province, "", p.Demo.AsOf.String(), (p.Demo.AsOf + 1).String()}, " ")
			if r := rows[key]; r == nil || r[7] == "" {
				t.Errorf("%s has no value for the province: %v", ind.Code, r)
			}
		}
	}
}
