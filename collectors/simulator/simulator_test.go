package simulator

import (
	"io/fs"
	"os"
	"testing"
	"time"
)

func planFolder(t testing.TB) fs.FS {
	t.Helper()
	return os.DirFS("../../schema/plans/kien-giang-2022-2025")
}

func TestTry(t *testing.T) {
	start := time.Now()
	s, err := New(Config{Plan: planFolder(t), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	w := s.w
	t.Log("generate", time.Since(start), len(w.dossiers), len(w.changes), len(w.procedures), len(w.facilities), len(w.sets), len(s.files), len(w.baseline))
	for _, d := range w.sets {
		t.Log(d.source, d.code, len(d.rows))
	}
	start = time.Now()
	n := map[string][4]int{}
	total := 0
	for r := range s.Truth(s.AsOf(), s.AsOf()) {
		c := n[r.Indicator]
		c[0]++
		if r.Value != "" {
			c[1]++
		}
		if r.Met == "true" {
			c[2]++
		}
		if r.Met == "false" {
			c[3]++
		}
		n[r.Indicator] = c
		total++
		if r.AsOf == "2025-06-29" && (r.Unit == "91" || len(r.Unit) == 3) {
			t.Log(r)
		}
	}
	t.Log("truth", time.Since(start), total)
	for i := range w.plan.indicators {
		t.Log(w.plan.indicators[i].Code, n[w.plan.indicators[i].Code])
	}
	start = time.Now()
	dir := t.TempDir()
	for _, x := range s.FetchTimes(s.AsOf()) {
		if err := s.WriteFiles(dir, x); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("files", time.Since(start))
	os.RemoveAll("/tmp/simdrop")
	os.CopyFS("/tmp/simdrop", os.DirFS(dir))
}
