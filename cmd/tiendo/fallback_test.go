package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormStandsIn: where the source system shows nothing of a unit, the figures that it hands in on the fallback form
// count; a form handed in again with other figures is a restatement.
func TestFormStandsIn(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	form := func(name, period string, rows ...string) string {
		path := filepath.Join(files, name)
		lines := append([]string{"Mẫu số,BM-CQS-02", "Phiên bản,1", "Loại kỳ,báo cáo", "Kỳ," + period, "",
			"Mã đơn vị,Số hồ sơ đã giải quyết,Số hồ sơ nộp trực tuyến đã giải quyết,Số hồ sơ đã giải quyết có thời hạn,Số hồ sơ giải quyết đúng hạn"}, rows...)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	value := func(unit, indicator string) string {
		t.Helper()
		out := mustTiendo(t, "progress", "--data", dir, "--unit", unit, "--indicator", indicator, "--as-of", "2024-03-31", "--json")
		var rows []progressRow
		if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		return text(rows[0].Value)
	}
	mustTiendo(t, "import", "--data", dir, form("a.csv", "2024-02", "899,100,60,90,81", "30733,50,30,50,49"), form("b.csv", "2024-03", "899,100,70,90,90"))
	if v := value("899", "CQS-02"); v != "64" { // (60 + 30 + 70) / 250
		t.Errorf("online share of the district %s, want 64", v)
	}
	if v := value("899", "CQS-09"); v != "95.652173913" { // (81 + 49 + 90) / 230
		t.Errorf("on-time share of the district %s, want 95.652173913", v)
	}
	mustTiendo(t, "import", "--data", dir, form("c.csv", "2024-03", "899,100,95,90,90"))
	if v := value("91", "CQS-02"); v != "74" { // 185 / 250
		t.Errorf("online share of the province after the restatement %s, want 74", v)
	}
}
