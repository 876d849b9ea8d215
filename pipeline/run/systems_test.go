package run_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tiendo/collectors"
	"tiendo/collectors/cashless"
	"tiendo/collectors/edocument"
	"tiendo/collectors/onlineservice"
	"tiendo/collectors/reportform"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// systems are the outside world: one server that answers for the public-service system and the payment platform, and a
// drop folder. Tests change its fields between runs.
type systems struct {
	plan     *plan.Plan
	url      string
	drop     string
	password string // that the public-service system accepts

	mu       sync.Mutex
	dossiers []map[string]any
	catalog  []map[string]any
	payments []map[string]any
	requests map[string]int                                          // by service
	answer   func(service string, n int, w http.ResponseWriter) bool // true: has answered in the place of the system
}

const password = "đúng-mật-khẩu"

func newSystems(t testing.TB) *systems {
	t.Helper()
	s := &systems{plan: province(t), drop: t.TempDir(), password: password, requests: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/session", s.session)
	mux.HandleFunc("POST /api/call", s.call)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("GET /api/giao-dich", s.paid)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *systems) spoilt(service string, w http.ResponseWriter) bool {
	s.requests[service]++
	return s.answer != nil && s.answer(service, s.requests[service], w)
}

func (s *systems) session(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct{ Password string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	switch {
	case s.spoilt("session", w):
	case in.Password != s.password:
		http.Error(w, `{"error_code":"401"}`, http.StatusUnauthorized)
	default:
		reply(w, map[string]any{"session": "s1", "error_code": "0"})
	}
}

// call answers the dossier list by update time and the catalogue as a whole, page by page.
func (s *systems) call(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		Service string
		Data    []struct {
			TuNgayCapNhat string
			Page, Size    int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Data) != 1 {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	if s.spoilt(in.Service, w) {
		return
	}
	rows := s.catalog
	if in.Service == "TraCuuHoSo" {
		rows = nil
		for _, d := range s.dossiers {
			if d["NgayCapNhat"].(string) >= in.Data[0].TuNgayCapNhat {
				rows = append(rows, d)
			}
		}
	}
	from := min(in.Data[0].Page*in.Data[0].Size, len(rows))
	to := min(from+in.Data[0].Size, len(rows))
	reply(w, map[string]any{"error_code": "0", "data": append([]map[string]any{}, rows[from:to]...), "total": len(rows)})
}

func (s *systems) paid(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spoilt("payments", w) {
		return
	}
	reply(w, map[string]any{"MaLoi": "00", "content": append([]map[string]any{}, s.payments...), "totalPages": 1, "last": true})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// change alters the world between two runs.
func (s *systems) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *systems) asked(service string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[service]
}

// file hands a file in.
func (s *systems) file(t testing.TB, name string, content []byte, handedIn time.Time) {
	t.Helper()
	dir := filepath.Join(s.drop, "forms")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, handedIn, handedIn); err != nil {
		t.Fatal(err)
	}
}

// job builds a source of the plan as the program does, with small pages and no waiting.
func (s *systems) job(t testing.TB, d db, id string, now time.Time) run.Job {
	t.Helper()
	env := map[string]string{"TIENDO_DVC_URL": s.url, "TIENDO_DVC_USERNAME": "u", "TIENDO_DVC_PASSWORD": password, "TIENDO_PAY_URL": s.url,
		"TIENDO_PAY_CLIENT_ID": "me", "TIENDO_PAY_CLIENT_SECRET": "it", "TIENDO_DROP": s.drop}
	for _, f := range s.plan.Sources {
		if f.Name != id {
			continue
		}
		src, err := collectors.DecodeSource(f)
		if err != nil {
			t.Fatal(err)
		}
		src.Rate, src.RetryWait, src.RetryMaxWait, src.Paging.Size = -1, collectors.Duration(time.Millisecond), collectors.Duration(5*time.Millisecond), 3
		build := map[string]func(collectors.Source, collectors.Deps) (collectors.Collector, error){
			"onlineservice": onlineservice.New, "edocument": edocument.New, "cashless": cashless.New, "reportform": reportform.New}[src.Kind]
		c, err := build(src, collectors.Deps{Plan: s.plan, Now: func() time.Time { return now }, Lookup: func(n string) string { return env[n] },
			Seen: func(sha string) bool { return d.Seen(t.Context(), id, sha) }})
		if err != nil {
			t.Fatal(err)
		}
		return run.Job{Source: id, Collector: c, RejectLimit: *src.RejectLimit}
	}
	t.Fatalf("the plan has no source %s", id)
	return run.Job{}
}

// pull runs a source at a time.
func (s *systems) pull(t testing.TB, d db, id string, now time.Time) (run.Run, error) {
	t.Helper()
	return runner(d, now).Collect(t.Context(), s.job(t, d, id, now))
}

// good pulls a source that must come through.
func (s *systems) good(t testing.TB, d db, id string, now time.Time) run.Run {
	t.Helper()
	rec, err := s.pull(t, d, id, now)
	if err != nil {
		t.Fatalf("source %s: %v", id, err)
	}
	return rec
}

// dossier is a record of commune 30742 that was done in time on 12 March 2024, with things changed: pairs of field and value.
func dossier(id int, changes ...string) map[string]any {
	m := map[string]any{"MaHoSo": fmt.Sprintf("30742-240311-%04d", id), "MaTTHC": "1.002835", "KenhThucHien": "2", "TrangThaiHoSo": "10", "MucDo": "4",
		"NgayNopHoSo": "20240311080000", "NgayTiepNhan": "20240311090000", "NgayHenTra": "20240315170000", "NgayKetThucXuLy": "20240312100000",
		"NgayTra": "20240312110000", "DonViXuLy": "30742", "ChuHoSo": "Bí Mật", "NgayCapNhat": fmt.Sprintf("202403121200%02d", id)}
	for i := 0; i+1 < len(changes); i += 2 {
		m[changes[i]] = changes[i+1]
	}
	return m
}

func dossierList(n int) []map[string]any {
	var out []map[string]any
	for i := range n {
		out = append(out, dossier(i+1))
	}
	return out
}

func procedure(code string, changes ...string) map[string]any {
	m := map[string]any{"MaTTHC": code, "MaDonVi": "30742", "TenTTHC": "Thủ tục " + code, "MucDo": "4", "DuDieuKienToanTrinh": "1",
		"NgayHieuLuc": "20220101000000", "NgayHetHieuLuc": "", "NgayCapNhat": "20240101000000"}
	for i := 0; i+1 < len(changes); i += 2 {
		m[changes[i]] = changes[i+1]
	}
	return m
}

func payment(id, state, updated string) map[string]any {
	return map[string]any{"MaThamChieu": id, "SoTien": "150000", "ThoiGianGD": "20240312091500", "TrangThai": state, "NgayCapNhat": updated,
		"ThongTinBienLai": map[string]any{"MaDonVi": "30742", "MaHoSo": "30742-240311-0001"}}
}

// form is a form of adults who use online public services, as CSV.
func form(version, period string, rows ...string) []byte {
	return []byte("Mẫu số,BM-XHS-06\nPhiên bản," + version + "\nLoại kỳ,báo cáo\nKỳ," + period + "\n\n" +
		"Mã đơn vị,Số người trưởng thành có sử dụng dịch vụ công trực tuyến,Số người trưởng thành\n" + strings.Join(rows, "\n") + "\n")
}
