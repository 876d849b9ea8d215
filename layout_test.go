// Package tiendo_test keeps what holds for the project as a whole: which package may know which, which libraries stand
// where, what the documents promise, and what may stand in no file. It knows nothing of how a package works.
package tiendo_test

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "tiendo"

// mayImport is the way of the data as imports: plan, progress <- collectors <- run <- cmd; schema implements what run and
// web ask for, and only cmd imports schema. A new package gets its line here before it gets its imports.
var mayImport = map[string][]string{
	"":                         nil,
	"pipeline/plan":            nil,
	"pipeline/config":          nil,
	"pipeline/draft":           {"pipeline/plan", "pipeline/words"},
	"pipeline/access":          {"pipeline/plan"},
	"pipeline/progress":        {"pipeline/plan"},
	"pipeline/words":           {"pipeline/plan", "pipeline/progress"},
	"pipeline/award":           {"pipeline/plan", "pipeline/progress"},
	"pipeline/run":             {"pipeline/plan", "pipeline/progress", "collectors"},
	"pipeline/telemetry":       {"pipeline/plan", "pipeline/progress", "pipeline/run", "pipeline/words"},
	"pipeline/review":          {"pipeline/access", "pipeline/plan", "pipeline/progress"},
	"pipeline/contest":         {"pipeline/plan", "pipeline/progress"},
	"pipeline/open":            {"pipeline/plan", "pipeline/progress", "pipeline/review", "pipeline/words"},
	"pipeline/document":        nil,
	"pipeline/english":         {"pipeline/award", "pipeline/plan", "pipeline/progress", "pipeline/words"},
	"pipeline/web":             {"pipeline/english", "pipeline/contest", "pipeline/document", "pipeline/draft", "pipeline/open", "pipeline/access", "pipeline/award", "pipeline/plan", "pipeline/progress", "pipeline/review", "pipeline/words", "docs/runbooks", "dashboards/grafana/maps"},
	"pipeline/web/browsertest": nil,
	"docs/runbooks":            nil,
	"collectors":               {"pipeline/plan"},
	"collectors/table":         {"pipeline/plan", "collectors"},
	"collectors/onlineservice": {"pipeline/plan", "collectors", "collectors/table"},
	"collectors/edocument":     {"pipeline/plan", "collectors", "collectors/table"},
	"collectors/cashless":      {"pipeline/plan", "collectors", "collectors/table"},
	"collectors/reportform":    {"pipeline/plan", "pipeline/draft", "collectors", "collectors/table"},
	"collectors/simulator":     nil, // the outside world: what it says is true must not rest on the code it is held against
	"schema":                   {"pipeline/contest", "pipeline/draft", "pipeline/access", "pipeline/plan", "pipeline/progress", "pipeline/award", "pipeline/review", "pipeline/run", "pipeline/web", "pipeline/words", "collectors"},
	"schema/plans":             nil,
	"schema/engine":            nil,
	"schema/engine/enginetest": {"schema/engine"},
	"dashboards/alertmanager":  nil,
	"dashboards/grafana":       {"pipeline/words"},
	"dashboards/grafana/maps":  nil,
	"dashboards/prometheus":    nil,
	"cmd/tiendo":               {"*"},
}

// standsIn says which packages (and those below them) may import a library.
var standsIn = map[string][]string{
	"github.com/ClickHouse/":               {"schema"},
	"github.com/pressly/goose/":            {"schema"},
	"github.com/prometheus/client_golang/": {"pipeline/telemetry"},
	"github.com/go-resty/resty/":           {"collectors", "dashboards/grafana"},
	"golang.org/x/oauth2":                  {"collectors", "pipeline/web"},
	"github.com/coreos/go-oidc/":           {"pipeline/web"},
	"github.com/xuri/excelize/":            {"collectors", "pipeline"},
	"github.com/ebitengine/purego":         {"schema/engine"},
	"github.com/creack/pty":                {"schema/engine"},
	"golang.org/x/crypto/":                 {"pipeline/access"},
	"github.com/alexedwards/scs/":          {"pipeline/web"},
	"github.com/klauspost/compress/":       {"pipeline/web"},
	"golang.org/x/net/":                    {"pipeline/english"},
	"github.com/yuin/goldmark":             {"pipeline/web"},
	"github.com/spf13/cobra":               {"cmd/tiendo"},
	"github.com/schollz/progressbar/":      {"cmd/tiendo"},
	"github.com/chromedp/":                 {"pipeline/web/browsertest"}, // tests only
	"github.com/rogpeppe/go-internal/":     nil,
	"github.com/google/go-cmp/":            nil,
	"github.com/compose-spec/compose-go/":  nil,
	"github.com/getkin/kin-openapi/":       nil,
	"pgregory.net/rapid":                   nil,
	"database/sql":                         {"schema"},
	"net/http/httptest":                    nil,
	"testing":                              {"schema/engine/enginetest", "pipeline/web/browsertest"},
	"os/exec":                              {"schema/engine", "pipeline/web/browsertest"},
	"unsafe":                               {"schema/engine"},
	"plugin":                               nil,
	"github.com/robfig/cron/":              {"cmd/tiendo", "collectors"},
	"github.com/go-json-experiment/json":   {"collectors"},
	"go.yaml.in/yaml/":                     {"collectors", "dashboards/grafana", "pipeline/plan", "pipeline/config", "pipeline/english", "pipeline/web"},
	"github.com/shopspring/decimal":        {"collectors", "schema"},
	"golang.org/x/text/":                   {"pipeline", "collectors", "dashboards/grafana"},
	"math/rand":                            {"collectors/simulator"},
	"text/template":                        {"schema", "schema/engine"}, // pages are html/template, which escapes
	"encoding/gob":                         nil,
	"github.com/prometheus/client_model/":  nil,
	"github.com/prometheus/common/":        nil,
}

type goPackage struct {
	ImportPath, Dir           string
	GoFiles, Imports          []string
	TestGoFiles, XTestGoFiles []string
}

// packages lists the module's packages by their path below it.
func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestGoFiles,XTestGoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]goPackage{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[below(p.ImportPath)] = p
	}
}

func below(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func own(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

func TestImportsRunOneWay(t *testing.T) {
	all := packages(t)
	for name, p := range all {
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %s has no line in mayImport: say what it may know", name)
			continue
		}
		for _, imported := range p.Imports {
			if own(imported) && !slices.Contains(allowed, below(imported)) && !slices.Contains(allowed, "*") {
				t.Errorf("%s imports %s: it may import %v", name, below(imported), allowed)
			}
			for library, places := range standsIn {
				if (imported == strings.TrimSuffix(library, "/") || strings.HasPrefix(imported, library)) && !slices.ContainsFunc(places, func(place string) bool {
					return name == place || strings.HasPrefix(name, place+"/")
				}) {
					t.Errorf("%s imports %s, which stands only in %v", name, imported, places)
				}
			}
		}
	}
	for name := range mayImport {
		if _, ok := all[name]; !ok {
			t.Errorf("package %s is in mayImport, but not in the module", name)
		}
	}
}

// A cycle cannot compile, but what a package reaches can grow unseen; the pure ones stay pure.
func TestWhatFormulasReach(t *testing.T) {
	for _, pure := range []string{"pipeline/plan", "pipeline/progress", "pipeline/award", "pipeline/review", "pipeline/words", "pipeline/access", "pipeline/draft", "pipeline/open", "pipeline/contest"} {
		out, err := exec.Command("go", "list", "-deps", "./"+pure).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dep := range strings.Fields(string(out)) {
			if dep == "net" || dep == "net/http" || dep == "os/exec" || dep == "database/sql" || own(dep) && !strings.HasPrefix(below(dep), "pipeline/") {
				t.Errorf("%s reaches %s: formulas and the plan do no input and output of their own", pure, dep)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for name, p := range packages(t) {
		said := ""
		for _, f := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil && len(file.Doc.Text()) > len(said) {
				said = file.Doc.Text()
			}
		}
		if len(said) < 80 {
			t.Errorf("package %s opens with %q: say what it is for and what it may not know", name, said)
		}
	}
}

func TestFoldersAndFiles(t *testing.T) {
	for _, name := range []string{
		"cmd/tiendo", "collectors/onlineservice", "collectors/edocument", "collectors/cashless", "collectors/reportform", "collectors/simulator",
		"pipeline/plan", "pipeline/run", "pipeline/progress", "pipeline/web", "pipeline/telemetry", "pipeline/config",
		"schema/plans", "schema/migrations", "schema/queries", "schema/views", "schema/engine", "docs", "tools",
		"schema/server", "dashboards/grafana/provisioning", "docker-compose.yml", "Dockerfile", "docs/STACK.md",
		"go.mod", "package-lock.json", "Makefile", "README.md", "CONTRIBUTING.md", "LICENSE", ".ci/run",
	} {
		if _, err := os.Stat(filepath.FromSlash(name)); err != nil {
			t.Error(err)
		}
	}
	for _, no := range []string{"util", "utils", "common", "helpers", "misc"} {
		for name := range packages(t) {
			if path.Base(name) == no {
				t.Errorf("package %s: name it for what it is about", name)
			}
		}
	}
}

// The documents promise only what is there.
func TestDocuments(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):.*##`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	for _, doc := range []string{"README.md", "CONTRIBUTING.md"} {
		text := read(t, doc)
		for _, m := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !targets[m[1]] {
				t.Errorf("%s says `make %s`, which the Makefile does not list", doc, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				t.Errorf("%s links to %s: an office may have no internet, link to files", doc, m[1])
			} else if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
		for _, m := range regexp.MustCompile("`((?:cmd|collectors|pipeline|schema|docs|tools)/[A-Za-z0-9_./-]*[A-Za-z0-9_])`").FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
	}
	readme := read(t, "README.md")
	if n := strings.Count(readme, "\n"); n > 250 {
		t.Errorf("README.md has %d lines: it is to be read, keep it under 250", n)
	}
	for _, need := range []string{"make demo", "make test", "Giới thiệu", "số liệu mô phỏng", "](docs/"} {
		if !strings.Contains(readme, need) {
			t.Errorf("README.md does not have %q", need)
		}
	}
	pictures, err := filepath.Glob("docs/*.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		if info, err := os.Stat(p); err != nil || info.Size() > 300_000 {
			t.Errorf("%s is %d bytes: keep pictures under 300 kB (%v)", p, info.Size(), err)
		}
	}
	if license := read(t, "LICENSE"); !strings.Contains(license, "Apache License") || !strings.Contains(license, "END OF TERMS AND CONDITIONS") {
		t.Error("LICENSE is not the whole Apache License 2.0")
	}
}

// The recipes work: the Go of the example kind compiles, and the YAML is what a script and a collector's test run with.
func TestRecipes(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	blocks := func(language string) (out []string) {
		for _, m := range regexp.MustCompile("(?ms)^ *```"+language+"\n(.*?)^ *```").FindAllStringSubmatch(text, -1) {
			out = append(out, regexp.MustCompile(`(?m)^   `).ReplaceAllString(m[1], ""))
		}
		return out
	}
	tested := read(t, "cmd/tiendo/testdata/script/tiny.txtar") + read(t, "collectors/onlineservice/testdata/other-dossiers.yaml")
	for _, block := range blocks("yaml") {
		for _, line := range strings.Split(block, "\n") {
			if line, _, _ = strings.Cut(line, " #"); !strings.Contains(tested, strings.TrimRight(line, " ")) {
				t.Errorf("no test runs with this line of CONTRIBUTING.md: %s", line)
			}
		}
	}

	example := blocks("go")
	if len(example) != 1 {
		t.Fatalf("CONTRIBUTING.md has %d blocks of Go, want the example kind", len(example))
	}
	code := strings.Replace(example[0], "package library\n", "package library\nimport (\"context\"; \"iter\"; \"tiendo/collectors\"; \"tiendo/pipeline/plan\")\n", 1)
	dir := t.TempDir()
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join("collectors", "library", "library.go"): filepath.Join(dir, "library.go")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "library.go"), []byte(code), 0o600), os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "./collectors/library").CombinedOutput(); err != nil {
		t.Errorf("the example kind of CONTRIBUTING.md does not compile: %s", out)
	}
}

// forbidden is what no file of the project may hold: places on one person's machine, hosts of one site's registries, keys.
// The parts stand apart so that this file does not hold them either.
var forbidden = []struct{ what, pattern string }{
	{"a place on one machine", `(^|[^A-Za-z0-9._-])/(wo` + `rk|ro` + `ot|ho` + `me/[a-z]+/(src|go|tiendo))/`},
	{"a place on one machine", `[A-Z]:\\Us` + `ers\\`},
	{"a package registry's host", `(registry\.[a-z]+js\.org|pro` + `xy\.golang\.org|py` + `pi\.org|arti` + `factory|ne` + `xus\.|verd` + `accio)`},
	{"a private key", `-----BEG` + `IN [A-Z ]*PRIVATE`},
	{"a note that belongs elsewhere", `(\.\./sha` + `red/|\bDES` + `IGN\.md|\bTO` + `DO\b|\bFIX` + `ME\b|\bX` + `XX:)`},
	{"a tool's name", `(?i)\b(cla` + `ude|anth` + `ropic|open` + `ai|chat` + `gpt|copi` + `lot)\b`},
}

func TestNoFileHoldsWhatItMayNot(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("no git here: %v", err)
	}
	var patterns []*regexp.Regexp
	for _, f := range forbidden {
		patterns = append(patterns, regexp.MustCompile(f.pattern))
	}
	seen := 0
	for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		if name == "go.sum" { // hashes only
			continue
		}
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) { // deleted, not yet committed
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if strings.Contains(string(b[:min(len(b), 8000)]), "\x00") {
			if !slices.Contains([]string{".png", ".xlsx"}, path.Ext(name)) {
				t.Errorf("%s is a binary file", name)
			}
			continue
		}
		for i, line := range strings.Split(string(b), "\n") {
			for j, p := range patterns {
				if m := p.FindString(line); m != "" {
					t.Errorf("%s:%d holds %s: %q", name, i+1, forbidden[j].what, m)
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
