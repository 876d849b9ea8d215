package grafana

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files anew")

func load(t *testing.T, dir string) *Set {
	t.Helper()
	s, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBoardsAreRendered: what is checked in is what the definitions say, byte by byte, and nothing else lies there.
func TestBoardsAreRendered(t *testing.T) {
	want, err := load(t, ".").Render()
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range want {
		if have, err := os.ReadFile(filepath.FromSlash(name)); err != nil || string(have) != string(b) {
			t.Errorf("%s is not what its definition says (%v): run `tiendo dashboards render`", name, err)
		}
	}
	for _, lang := range Languages {
		err := fs.WalkDir(os.DirFS("."), lang, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && want[path] == nil {
				t.Errorf("%s: no definition makes this file: run `tiendo dashboards render`", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestBoardsHaveNoProblem(t *testing.T) {
	for _, p := range load(t, ".").Lint() {
		t.Error(p)
	}
}

// TestBadBoards: a folder of definitions that each break one rule, and what is said of them, word for word.
func TestBadBoards(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad boards: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(string(b), "\n")
			var want []string
			for _, l := range lines {
				if m, ok := strings.CutPrefix(l, "# want: "); ok {
					want = append(want, m)
				}
			}
			dir := t.TempDir()
			if err := errors.Join(os.CopyFS(dir, os.DirFS("testdata/good")), os.WriteFile(filepath.Join(dir, "boards", "board.yaml"), b, 0o600)); err != nil {
				t.Fatal(err)
			}
			set, err := Load(os.DirFS(dir))
			var have []string
			if err != nil {
				have = strings.Split(err.Error(), "\n")
			} else {
				have = set.Lint()
			}
			if d := cmp.Diff(want, have); d != "" || len(want) == 0 {
				t.Errorf("wanted (-), said (+):\n%s", d)
			}
		})
	}
}

func fileOf(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGoodBoard: a board that uses every preset has no problem and renders to the golden file in both languages.
func TestGoodBoard(t *testing.T) {
	s := load(t, "testdata/good")
	if found := s.Lint(); len(found) > 0 {
		t.Fatal(strings.Join(found, "\n"))
	}
	files, err := s.Render()
	if err != nil {
		t.Fatal(err)
	}
	again, err := load(t, "testdata/good").Render()
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		if !slices.Equal(b, again[name]) {
			t.Errorf("%s: rendered twice, two answers", name)
		}
		golden := filepath.Join("testdata/golden", filepath.Base(name))
		if *update {
			if err := os.WriteFile(golden, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(fileOf(t, golden), string(b)); d != "" {
			t.Errorf("%s: golden (-), rendered (+):\n%s", name, d)
		}
	}
}
