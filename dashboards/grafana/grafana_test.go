package grafana

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

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
