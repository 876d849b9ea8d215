package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tiendo/schema/engine"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts anew")

// TestScripts runs testdata/script: the program as people and scripts call it, on the real engine. Beside testscript's own
// commands there are:
//
//	exits N command…           runs it and wants that exit code
//	rows FILE N [K.F=VALUE…]   the JSON of `tiendo progress --json`: its fixed shape, N rows, and fields of the row with code K
//	csv FILE COLUMN…           a CSV file has exactly these columns and at least one row
//	server DIR NAME            waits until a process serves the data folder; $NAME is its address, with user and password
//	freeport NAME              sets $NAME to a free loopback port
//	get URL FILE [STATUS]      waits until the address answers with the status (default 200) and keeps the page
func TestScripts(t *testing.T) {
	library, err := engine.FindLibrary("")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TIENDO_ENGINE_LIB", library)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "rows": cmdRows, "csv": cmdCSV, "freeport": cmdFreePort, "get": cmdGet, "server": cmdServer,
		},
	})
}

// TestReadmeCommands holds the README's command lines against the commands and flags that there are.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)(?:^|`)tiendo ([^`\\n#]+)").FindAllStringSubmatch(string(text), -1) {
		root := (&app{out: io.Discard, err: io.Discard, lookup: os.Getenv}).command()
		root.InitDefaultHelpFlag()
		cmd, rest, err := root.Find(strings.Fields(m[1]))
		if err != nil || cmd == root && m[1][0] != '-' && m[1] != "COMMAND --help" {
			t.Errorf("README.md: tiendo %s: no such command", m[1])
			continue
		}
		seen[cmd.Name()] = true
		for _, word := range rest {
			name, isFlag := strings.CutPrefix(word, "--")
			name, _, _ = strings.Cut(name, "=")
			if isFlag && name != "help" && cmd.Flag(name) == nil {
				t.Errorf("README.md: tiendo %s: no flag --%s", m[1], name)
			}
		}
	}
	for _, c := range (&app{out: io.Discard, err: io.Discard, lookup: os.Getenv}).command().Commands() {
		if name := c.Name(); !seen[name] && !c.HasSubCommands() && name != "help" && name != "completion" {
			t.Errorf("README.md does not have `tiendo %s`", name)
		}
	}
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// shape is the fixed form of a row of `tiendo progress --json`, in order: others script against it.
var shape = []struct{ key, form string }{
	{"plan", "text"}, {"plan_version", "text"}, {"code", "text"}, {"name", "text"}, {"unit", "text"}, {"unit_name", "text"}, {"level", "text"},
	{"as_of", "day"}, {"known_on", "day"}, {"known_at", "instant?"}, {"value", "decimal?"}, {"numerator", "count?"}, {"denominator", "count?"},
	{"comparator", "comparator?"}, {"milestone", "day?"}, {"target", "decimal?"}, {"expected", "decimal?"}, {"gap", "decimal?"},
	{"needed_per_week", "decimal?"}, {"pace_per_week", "decimal?"}, {"forecast", "decimal?"}, {"best_reachable", "decimal?"}, {"status", "status"},
	{"outcomes", "list"}, {"weeks_behind", "count"}, {"reason", "text?"}, {"rulings", "list"}, {"method_version", "text"},
}

var forms = map[string]*regexp.Regexp{
	"text":       regexp.MustCompile(`^".+"$`),
	"day":        regexp.MustCompile(`^"\d{4}-\d\d-\d\d"$`),
	"instant":    regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00"$`),
	"decimal":    regexp.MustCompile(`^"-?(0|[1-9]\d*)(\.\d{0,9}[1-9])?"$`),
	"count":      regexp.MustCompile(`^(0|[1-9]\d*)$`),
	"comparator": regexp.MustCompile(`^">=?"$`),
	"status":     regexp.MustCompile(`^"(not_applicable|no_target|no_data|stale|met|on_track|at_risk|behind)"$`),
	"list":       regexp.MustCompile(`(?s)^\[.*\]$`),
}

func cmdRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: rows FILE N [CODE.FIELD=VALUE…]")
	}
	var rows []json.RawMessage
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &rows); err != nil {
		ts.Fatalf("%s is no JSON array: %v", args[0], err)
	}
	if strconv.Itoa(len(rows)) != args[1] {
		ts.Fatalf("%d rows, want %s", len(rows), args[1])
	}
	have := map[string]string{}
	for _, raw := range rows {
		keys, values, err := members(raw)
		ts.Check(err)
		var want []string
		for _, s := range shape {
			want = append(want, s.key)
		}
		if !slices.Equal(keys, want) {
			ts.Fatalf("keys %v, want %v", keys, want)
		}
		code := strings.Trim(values[slices.Index(keys, "code")], `"`)
		for i, s := range shape {
			form, optional := strings.CutSuffix(s.form, "?")
			if ok := forms[form].MatchString(values[i]) || optional && values[i] == "null"; !ok {
				ts.Fatalf("%s: %s is %s, want %s", code, s.key, values[i], s.form)
			}
			have[code+"."+s.key] = strings.Trim(values[i], `"`)
		}
	}
	for _, a := range args[2:] {
		field, want, _ := strings.Cut(a, "=")
		if got, ok := have[field]; !ok || got != want {
			ts.Fatalf("%s is %q, want %q", field, got, want)
		}
	}
}

// members reads an object's keys and raw values in the order they stand.
func members(raw json.RawMessage) (keys, values []string, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, nil, err
		}
		keys, values = append(keys, fmt.Sprint(key)), append(values, string(v))
	}
	return keys, values, nil
}

func cmdCSV(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: csv FILE COLUMN…")
	}
	header, rest, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	if want := strings.Join(args[1:], ","); strings.TrimSuffix(header, "\r") != want {
		ts.Fatalf("columns %s, want %s", header, want)
	}
	if rest == "" {
		ts.Fatalf("%s has no rows", args[0])
	}
}

func cmdFreePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: server DIR NAME")
	}
	last := errors.New("not asked")
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		info, err := engine.Attach(context.Background(), ts.MkAbs(args[0]))
		if last = err; err == nil {
			ts.Setenv(args[1], info.DSN())
			return
		}
	}
	ts.Fatalf("%s: %v", args[0], last)
}

func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: get URL FILE [STATUS]")
	}
	want := http.StatusOK
	if len(args) == 3 {
		var err error
		want, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	client := http.Client{Timeout: 10 * time.Second}
	last := errors.New("not asked")
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		r, err := client.Get(args[0])
		if last = err; err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if last = err; err == nil && r.StatusCode == want {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
			return
		}
		last = fmt.Errorf("%s: %s", r.Status, b)
	}
	ts.Fatalf("%s: %v", args[0], last)
}
