package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
)

// TestFormDesk: a form that is handed in through the pages counts like one that is imported, known facilities stand in the
// empty form, and a replay gives the same again.
func TestFormDesk(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	register := filepath.Join(files, "register.csv")
	if err := os.WriteFile(register, []byte("Mẫu số,DM-COSO\nPhiên bản,1\nKỳ,2022-06-30\n\nMã cơ sở,Tên cơ sở,Loại hình,Mã xã nơi đặt cơ sở,Mã đơn vị quản lý,Hoạt động từ ngày,Đến ngày\n"+
		"TH01,Trường A,primary_school,30733,899,,\nBV01,Bệnh viện B,hospital,30733,899,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustTiendo(t, "import", "--data", dir, register)

	func() {
		a := &app{lookup: func(string) string { return "" }, out: io.Discard, err: io.Discard, cfg: configOf("kien-giang-2022-2025", dir), log: slog.New(slog.DiscardHandler)}
		p, st, err := a.ready(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := a.close(); err != nil {
				t.Error(err)
			}
		}()
		told := 0
		d, err := a.formDesk(p, st, func() { told++ })
		if err != nil {
			t.Fatal(err)
		}
		unit := func(code string) plan.UnitKey { return p.Units.On(code, plan.MustDay("2024-06-14")).UnitKey }
		var b bytes.Buffer
		if err := d.Blank(t.Context(), draft.Key{Form: "BM-XHS-10", Unit: unit("91"), Period: "2024-H1"}, &b); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := f.GetRows(f.GetSheetList()[0])
		if err != nil {
			t.Fatal(err)
		}
		listed := ""
		for _, r := range rows {
			listed += strings.Join(r, "|") + "\n"
		}
		if !strings.Contains(listed, "TH01|Trường A") || strings.Contains(listed, "BV01") {
			t.Errorf("the schools' form lists\n%s", listed)
		}
		if err := d.Blank(t.Context(), draft.Key{Form: "BM-CQS-05", Unit: unit("899"), Period: "2024-Q1"}, io.Discard); err != nil {
			t.Errorf("a form of services: %v", err)
		}
		for i, figures := range []string{"40,80", "60,80"} {
			k := draft.Key{Form: "BM-KTS-04", Unit: unit("899"), Period: "2024-Q1"}
			s, err := d.Read(k, "a.csv", []byte("Mẫu số,BM-KTS-04\nPhiên bản,1\nLoại kỳ,báo cáo\nKỳ,2024-Q1\n\nMã đơn vị,Số doanh nghiệp sử dụng hợp đồng điện tử,Số doanh nghiệp đang hoạt động\n899,"+figures+"\n"))
			if err != nil || len(s.Figures) != 2 {
				t.Fatalf("%+v, %v", s, err)
			}
			body, err := d.Final(k, s.Body, strings.Repeat("vì", i))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // again changes nothing
				if err := d.Land(t.Context(), k, uint64(3*i+3), body); err != nil {
					t.Fatal(err)
				}
			}
		}
		if told != 4 {
			t.Errorf("told %d times of what may count", told)
		}
		if all, n, err := st.Restatements(t.Context(), time.Time{}, 10); err != nil || n != 1 || all[0].Was != 40 || all[0].Now != 60 {
			t.Errorf("restatements %v, %v", all, err)
		}
	}()

	value := func() string {
		t.Helper()
		out := mustTiendo(t, "progress", "--data", dir, "--unit", "899", "--indicator", "KTS-04", "--as-of", "2024-03-31", "--json")
		var rows []progressRow
		if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		return text(rows[0].Value)
	}
	if v := value(); v != "75" {
		t.Errorf("the share is %s, want 75", v)
	}
	mustTiendo(t, "replay", "--data", dir)
	if v := value(); v != "75" {
		t.Errorf("after a replay the share is %s, want 75", v)
	}
}
