package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiendo.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Config
	}{
		{"empty", "", Config{}},
		{"only a remark", "# nothing yet\n", Config{}},
		{"some", "plan: a\nengine-memory: 1024\n", Config{Plan: "a", EngineMemoryMiB: 1024}},
		{"all", "plan: a\nplans: b\ndata: c\nclickhouse: clickhouse://u:p@h:9000/d\nengine-lib: e\nengine-memory: 1\nlisten: 127.0.0.1:1\nsite: http://s\nboards: http://g\nrequire-login: true\noidc-issuer: https://i\noidc-client: k\noidc-secret-file: f\noidc-claim: upn\ntrust-proxy: 10.0.0.0/8\n",
			Config{"a", "b", "c", "clickhouse://u:p@h:9000/d", "e", 1, "127.0.0.1:1", "http://s", "http://g", true, "https://i", "k", "f", "upn", "10.0.0.0/8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(write(t, c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What cannot be understood is refused with the file, the line and the key: a setting that is passed over in silence is
// found out months later.
func TestReadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		says       []string
	}{
		{"unknown key", "plan: a\ndatabase: x\n", []string{"line 2", "database"}},
		{"key in other letters", "plan: a\n\nClickHouse: x\n", []string{"line 3", "ClickHouse"}},
		{"the same key twice", "plan: a\nplan: b\n", []string{"line 2", "plan"}},
		{"no number", "engine-memory: much\n", []string{"line 1", "much"}},
		{"a list", "- plan\n", []string{"line 1"}},
		{"not YAML", "plan: [a\n", []string{"line "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, c.text)
			_, err := Read(path)
			if err == nil {
				t.Fatal("it passed")
			}
			for _, s := range append(c.says, path) {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
	path := filepath.Join(t.TempDir(), "none.yaml")
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestUnder(t *testing.T) {
	file := Config{Plan: "file", Data: "file", EngineMemoryMiB: 512, RequireLogin: true}
	flags := Config{Plan: "flag", Data: "flag", Listen: "default", EngineMemoryMiB: 4096, Plans: "flag"}
	for _, c := range []struct {
		name  string
		given string
		want  Config
	}{
		{"no flag given", "", Config{Plan: "file", Data: "file", Listen: "default", EngineMemoryMiB: 512, Plans: "flag", RequireLogin: true}},
		{"a flag given wins", "plan", Config{Plan: "flag", Data: "file", Listen: "default", EngineMemoryMiB: 512, Plans: "flag", RequireLogin: true}},
		{"a number given wins", "engine-memory", Config{Plan: "file", Data: "file", Listen: "default", EngineMemoryMiB: 4096, Plans: "flag", RequireLogin: true}},
		{"a switch given wins", "require-login", Config{Plan: "file", Data: "file", Listen: "default", EngineMemoryMiB: 512, Plans: "flag"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := file.Under(flags, func(name string) bool { return name == c.given })
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
