package cashless

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/schema/plans"
)

var now = time.Date(2024, 4, 10, 9, 0, 0, 0, plan.Zone)

func loadPlan(t testing.TB) *plan.Plan {
	t.Helper()
	sub, err := fs.Sub(plans.FS, "kien-giang-2022-2025")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(sub)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func source(t testing.TB, p *plan.Plan, id string) collectors.Source {
	t.Helper()
	for _, f := range p.Sources {
		if f.Name == id {
			src, err := collectors.DecodeSource(f)
			if err != nil {
				t.Fatal(err)
			}
			src.Rate, src.RetryWait = -1, collectors.Duration(time.Millisecond)
			return src
		}
	}
	t.Fatalf("the plan has no source %s", id)
	return collectors.Source{}
}

// at builds a collector whose systems are at an address and whose files are in a folder.
func at(t testing.TB, p *plan.Plan, src collectors.Source, url, drop string) collectors.Collector {
	t.Helper()
	env := map[string]string{"TIENDO_PAY_URL": url, "TIENDO_PAY_CLIENT_ID": "me", "TIENDO_PAY_CLIENT_SECRET": "secret", "TIENDO_DROP": drop}
	c, err := New(src, collectors.Deps{Plan: p, Now: func() time.Time { return now }, Lookup: func(n string) string { return env[n] }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pull reads a source to its end; the error is that of the sequence.
func pull(t testing.TB, c collectors.Collector, since collectors.Cursor) (all collectors.Batch, pages []collectors.Page, err error) {
	t.Helper()
	for p, err := range c.Pages(context.Background(), since) {
		if err != nil {
			return all, pages, err
		}
		b, err := c.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, p)
		all.Payments = append(all.Payments, b.Payments...)
		all.Measures = append(all.Measures, b.Measures...)
		all.Rejects = append(all.Rejects, b.Rejects...)
		all.Drift = append(all.Drift, b.Drift...)
	}
	return all, pages, nil
}

// payment is a message of the platform with one thing changed.
func payment(change string, value any) map[string]any {
	receipt := map[string]any{"MaTTHC": "1.002835", "MaDonVi": "H33.31.01", "MaHoSo": "H33.31.01-240301-0001", "TenNguoiNop": "Người Bí Mật"}
	m := map[string]any{"LoaiBanTin": "100", "PhienBan": "1.0.6", "MaDoiTac": "DVC", "MaThamChieu": "TT1", "SoTien": "150000", "LoaiHinhThanhToan": 1,
		"MaNganHang": "970415", "ThoiGianGD": "20240301091500", "TrangThai": "DA_THANH_TOAN", "ThongTinBienLai": receipt, "NgayCapNhat": "20240301092000"}
	if _, nested := receipt[change]; nested {
		receipt[change] = value
	} else if change != "" {
		m[change] = value
	}
	return m
}

// platform answers with the rows, page by page of two.
func platform(t testing.TB, rows ...map[string]any) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("GET /api/giao-dich", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer tok" {
			http.Error(w, "{}", http.StatusUnauthorized)
			return
		}
		var page int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		from, to := min(2*page, len(rows)), min(2*page+2, len(rows))
		_ = json.NewEncoder(w).Encode(map[string]any{"MaLoi": "00", "content": rows[from:to], "totalPages": (len(rows) + 1) / 2, "number": page, "last": to == len(rows)})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestPayment(t *testing.T) {
	p := loadPlan(t)
	s := platform(t, payment("", nil))
	b, pages, err := pull(t, at(t, p, source(t, p, "fee-payments"), s.URL, ""), collectors.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	u, err := p.Units.ByOrganCode("H33.31.01", plan.MustDay("2024-03-01"))
	if err != nil {
		t.Fatal(err)
	}
	want := collectors.Batch{Payments: []collectors.Payment{{ID: "TT1", Dossier: "H33.31.01-240301-0001", Unit: u.UnitKey, Amount: 150000, State: "paid",
		Paid: plan.MustDay("2024-03-01").Start(), Updated: time.Date(2024, 3, 1, 9, 20, 0, 0, plan.Zone)}}}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
	if body := string(pages[0].Body); strings.Contains(body, "Bí Mật") || strings.Contains(body, "970415") {
		t.Errorf("landed %s", body)
	}
}

func TestPaymentTraps(t *testing.T) {
	p := loadPlan(t)
	for _, c := range []struct {
		name   string
		change string
		value  any
		rule   string // empty: counts
		state  string
		drift  string
	}{
		{"waiting", "TrangThai", "CHO", "", "waiting", ""},
		{"unpaid", "TrangThai", "CHUA", "", "unpaid", ""},
		{"cancelled", "TrangThai", "HUY", "", "cancelled", ""},
		{"refunded", "TrangThai", "HOAN_TIEN", "", "refunded", ""},
		{"state nobody knows", "TrangThai", "KHAC", "unknown_status", "", ""},
		{"12-hour clock", "NgayCapNhat", "20240301212000", "", "paid", "lệch 12 giờ"},
		{"updated much later", "NgayCapNhat", "20240301235959", "", "paid", ""},
		{"updated another day", "NgayCapNhat", "20240305212000", "", "paid", ""},
		{"amount as a number", "SoTien", 150000, "", "paid", ""},
		{"amount grouped", "SoTien", "1.150.000", "", "paid", ""},
		{"ambiguous amount", "SoTien", "12.500", "ambiguous_number", "", ""},
		{"no amount", "SoTien", "", "missing_number", "", ""},
		{"negative amount", "SoTien", -5, "bad_number", "", ""},
		{"no reference", "MaThamChieu", "", "missing_id", "", ""},
		{"no dossier", "MaHoSo", "", "missing_id", "", ""},
		{"unknown agency", "MaDonVi", "H33.99.99", "unknown_unit", "", ""},
		{"agency in the other style", "MaDonVi", "000.01.31.H33", "", "paid", ""},
		{"no such day", "ThoiGianGD", "20240230091500", "bad_date", "", ""},
		{"paid without a time", "ThoiGianGD", "", "missing_date", "", ""},
		{"paid tomorrow", "ThoiGianGD", "20240411000000", "future_date", "", ""},
		{"no update time", "NgayCapNhat", nil, "bad_date", "", ""},
		{"new field", "PhiDichVu", "1", "", "paid", "PhiDichVu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := platform(t, payment(c.change, c.value))
			b, _, err := pull(t, at(t, p, source(t, p, "fee-payments"), s.URL, ""), collectors.Cursor{})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.rule == "" && (len(b.Payments) != 1 || len(b.Rejects) != 0 || b.Payments[0].State != c.state):
				t.Errorf("got %+v, rejects %+v", b.Payments, b.Rejects)
			case c.rule != "" && (len(b.Payments) != 0 || len(b.Rejects) != 1 || b.Rejects[0].Rule != c.rule || b.Rejects[0].Field == "" || !json.Valid(b.Rejects[0].Record)):
				t.Errorf("got %+v, rejects %+v, want %s", b.Payments, b.Rejects, c.rule)
			}
			if drift := strings.Join(b.Drift, "\n"); (c.drift == "") != (drift == "") || !strings.Contains(drift, c.drift) {
				t.Errorf("got drift %q, want %q", drift, c.drift)
			}
		})
	}
}

// A refund comes as a newer version of the same reference and takes the payment out, in whatever order they stand.
func TestRefundReplacesThePayment(t *testing.T) {
	p := loadPlan(t)
	paid, back := payment("", nil), payment("TrangThai", "HOAN_TIEN")
	back["NgayCapNhat"] = "20240320080000"
	for name, rows := range map[string][]map[string]any{"in order": {paid, back}, "newest first": {back, paid}} {
		t.Run(name, func(t *testing.T) {
			b, _, err := pull(t, at(t, p, source(t, p, "fee-payments"), platform(t, rows...).URL, ""), collectors.Cursor{})
			if err != nil || len(b.Payments) != 1 || b.Payments[0].State != "refunded" {
				t.Errorf("got %+v, %v", b.Payments, err)
			}
		})
	}
}

func TestPagesOfPayments(t *testing.T) {
	p := loadPlan(t)
	var rows []map[string]any
	for i := range 5 {
		rows = append(rows, payment("MaThamChieu", fmt.Sprintf("TT%d", i)))
	}
	b, pages, err := pull(t, at(t, p, source(t, p, "fee-payments"), platform(t, rows...).URL, ""), collectors.Cursor{})
	if err != nil || len(pages) != 3 || len(b.Payments) != 5 {
		t.Fatalf("got %d pages, %d payments, %v", len(pages), len(b.Payments), err)
	}
	if since := pages[2].Cursor.Since; !since.Equal(time.Date(2024, 3, 1, 9, 20, 0, 0, plan.Zone)) {
		t.Errorf("cursor stands at %s", since)
	}
}

// An empty list where there were payments before is an outage, not a zero.
func TestEmptyIsNotZero(t *testing.T) {
	p := loadPlan(t)
	_, _, err := pull(t, at(t, p, source(t, p, "fee-payments"), platform(t).URL, ""), collectors.Cursor{Since: now.Add(-24 * time.Hour)})
	if err == nil || !strings.Contains(err.Error(), "empty answer") {
		t.Errorf("got %v", err)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	p := loadPlan(t)
	deps := collectors.Deps{Plan: p, Now: time.Now, Lookup: func(string) string { return "http://127.0.0.1:1" }}
	decode := func(yaml string) collectors.Source {
		src, err := collectors.DecodeSource(plan.SourceFile{Name: "x", Data: []byte(yaml)})
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	const table = "kind: cashless\nresource: table\nname: X\npath: /drop\n"
	for _, c := range []struct {
		name, yaml, want string
	}{
		{"unknown resource", "kind: cashless\nresource: coins\nname: X\npath: /drop\n", "use payments, table"},
		{"no table", table, "code, keys and columns"},
		{"derived from nowhere", table + "settings: {form: {code: B, keys: [{header: K, role: facility}], columns: [{header: A, measure: a.a}]}, derived: [{measure: a.b, above_zero: Z}]}\n", `"Z" is no header`},
		{"unknown setting", table + "settings: {farm: {}}\n", "farm"},
		{"unknown state", "kind: cashless\nresource: payments\nname: X\nbase_url: http://127.0.0.1:1\nsettings: {states: {A: stolen}}\n", "stolen"},
		{"field without a name", "kind: cashless\nresource: payments\nname: X\nbase_url: http://127.0.0.1:1\nfields: {amount: \"\"}\n", "fields.amount is not mapped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(decode(c.yaml), deps); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := New(source(t, p, "tuition"), collectors.Deps{}); err == nil {
		t.Error("no plan, no error")
	}
}

func TestTables(t *testing.T) {
	p := loadPlan(t)
	for _, c := range []struct {
		name, source, file string
		want               []string
		rejects            string
	}{
		{"hospital fees", "hospital-fees", "Mẫu số,BM-VIENPHI\nPhiên bản,1\nLoại kỳ,lịch\nKỳ,2024-03\n\nMã cơ sở,Số lượt thanh toán,Số tiền (đồng),Số lượt không dùng tiền mặt,Số tiền không dùng tiền mặt (đồng)\n" +
			"BV01,100,1.250.000.000,40,600000000\n", []string{"hospital_fee.count BV01 100", "hospital_fee.amount BV01 1250000000", "hospital_fee.cashless_count BV01 40", "hospital_fee.cashless_amount BV01 600000000"}, ""},
		{"tuition, institutions counted", "tuition", "Mẫu số;BM-HOCPHI\nPhiên bản;1\nLoại kỳ;lịch\nKỳ;2024-03\n\nMã cơ sở;Số lượt thanh toán;Số tiền (đồng);Số lượt không dùng tiền mặt;Số tiền không dùng tiền mặt (đồng)\n" +
			"TH01;10;500000;0;0\nTH02;0;0;0;0\n", []string{"tuition.count TH01 10", "tuition.amount TH01 500000", "tuition.cashless_count TH01 0", "tuition.cashless_amount TH01 0", "tuition.institutions TH01 1", "tuition.cashless_institutions TH01 0",
			"tuition.count TH02 0", "tuition.amount TH02 0", "tuition.cashless_count TH02 0", "tuition.cashless_amount TH02 0", "tuition.institutions TH02 0", "tuition.cashless_institutions TH02 0"}, ""},
		{"accounts over people", "payment-accounts", "Mẫu số,BM-TAIKHOAN\nPhiên bản,1\nLoại kỳ,lịch\nKỳ,2024-Q1\n\nMã đơn vị,Số người từ 15 tuổi trở lên,Số người từ 15 tuổi trở lên có tài khoản thanh toán\n" +
			"30787,9000,7000\n30790,100,101\n", []string{"account.people 30787 9000", "account.holders 30787 7000"}, "over_denominator"},
		{"report period for a calendar table", "payment-accounts", "Mẫu số,BM-TAIKHOAN\nPhiên bản,1\nLoại kỳ,báo cáo\nKỳ,2024-Q1\n\nMã đơn vị,Số người từ 15 tuổi trở lên,Số người từ 15 tuổi trở lên có tài khoản thanh toán\n30787,9000,7000\n", nil, "wrong_period_type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := source(t, p, c.source)
			drop := t.TempDir()
			dir := filepath.Join(drop, c.source)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "a.csv")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, now.Add(-time.Hour), now.Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			b, _, err := pull(t, at(t, p, src, "", drop), collectors.Cursor{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range b.Measures {
				got = append(got, fmt.Sprintf("%s %s %d", m.Code, m.Unit, m.Value))
				if m.PeriodType != plan.Calendar || m.End != plan.MustDay("2024-03-31") {
					t.Errorf("period of %+v", m)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if len(b.Rejects) > 1 || (c.rejects != "") != (len(b.Rejects) == 1) || c.rejects != "" && b.Rejects[0].Rule != c.rejects {
				t.Errorf("got rejects %+v", b.Rejects)
			}
		})
	}
}

// Whatever a landed page holds, a payment that counts has an id, a state, an amount and a day that is not to come.
func FuzzParsePayments(f *testing.F) {
	p := loadPlan(f)
	c := at(f, p, source(f, p, "fee-payments"), "http://127.0.0.1:1", "")
	for _, change := range []string{"", "SoTien", "ThoiGianGD", "TrangThai", "NgayCapNhat", "MaDonVi"} {
		row, err := json.Marshal(map[string]any{"records": []any{payment(change, "1.234")}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(row)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := c.Parse(collectors.Page{Body: body, FetchedAt: now})
		if err != nil {
			return
		}
		for _, x := range b.Payments {
			if x.ID == "" || x.Dossier == "" || x.State == "" || x.Amount < 0 || x.Updated.IsZero() || x.Unit.Code == "" || plan.DayOf(x.Paid) > plan.DayOf(now) {
				t.Fatalf("payment %+v", x)
			}
		}
		for _, x := range b.Rejects {
			if x.Rule == "" || x.Reason == "" || x.Field == "" {
				t.Fatalf("reject %+v", x)
			}
		}
	})
}
