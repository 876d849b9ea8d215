package web_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
)

func get(h http.Handler, address string) *httptest.ResponseRecorder { return do(h, "GET", address) }

func do(h http.Handler, method, address string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, address, nil))
	return rec
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)
var spaces = regexp.MustCompile(`\s+`)

// text is what a reader sees.
func text(body string) string {
	return spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(body, " ")), " ")
}

// most is how large a page may be.
const most = 300_000

func TestPagesOfAPlanWithTargets(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))

	for _, c := range []struct {
		address string
		says    []string
		not     []string
	}{
		{"/", []string{"Tỉnh Kiên Giang", "185 ngày đến mốc 31/12/2025", "Chính quyền số 11 chỉ tiêu", "Kinh tế số 8 chỉ tiêu", "Xã hội số 10 chỉ tiêu", "Tuần 26/2025", "Xếp hạng: Huyện, thành phố",
			"Tính đến ngày 29/06/2025", "1/13 nguồn lỗi ở lần chạy cuối; 1 nguồn chưa chạy"}, nil},
		{"/heat", []string{"Bảng nhiệt: Huyện, thành phố", "Thành phố Rạch Giá", "Không áp dụng"}, []string{"Phường Vĩnh Thanh"}},
		{"/heat?level=commune", []string{"Phường Vĩnh Thanh"}, nil},
		{"/heat?level=commune&within=899", []string{"thuộc Thành phố Rạch Giá", "Phường Vĩnh Thanh"}, nil},
		{"/heat?level=department", []string{"Sở Nội vụ"}, []string{"Kinh tế số"}},
		{"/indicator/CQS-02", []string{"Hồ sơ thủ tục hành chính xử lý hoàn toàn trực tuyến", "R-ONLINE", "Đang áp dụng", "II.2.2.1.a", "Tối thiểu 60%", "Mốc 31/12/2023", "15 đơn vị", "Thành phố Hà Tiên"}, nil},
		{"/indicator/CQS-02?unit=899", []string{"Tỉnh Kiên Giang Thành phố Rạch Giá Chính quyền số CQS-02"}, nil},
		{"/indicator/CQS-02?unit=30733", []string{"Tỉnh Kiên Giang Thành phố Rạch Giá Phường Vĩnh Thanh Chính quyền số CQS-02"}, nil},
		{"/indicator/KTS-01?unit=899", []string{"Không áp dụng", "chưa tính ở cấp này theo cách hiểu đang áp dụng"}, nil},
		{"/indicator/CQS-05", []string{"Phải có đủ", "Ứng dụng trí tuệ nhân tạo"}, nil},
		{"/unit/899", []string{"Thành phố Rạch Giá", "hoạt động đến hết ngày 30/06/2025", "Xã, phường, thị trấn"}, nil},
		{"/unit/30733", []string{"Kế tiếp: Phường Rạch Giá", "Tỉnh Kiên Giang Thành phố Rạch Giá Phường Vĩnh Thanh"}, nil},
		{"/unit/91@2024-01-01", []string{"Tỉnh Kiên Giang", "Huyện, thành phố 15 đơn vị"}, nil},
		{"/unit/ubmttq", []string{"Ủy ban Mặt trận Tổ quốc"}, nil},
		{"/freshness", []string{"Chưa chạy lần nào", "no answer", "Đơn vị chưa báo cáo", "Không có bản ghi nào bị loại còn thiếu"}, nil},
		{"/review/2025-W26", []string{"Rà soát tuần 26/2025 từ 23/06/2025 đến 29/06/2025", "Tóm tắt", "Mới chậm tiến độ", "Tăng nhiều nhất", "Mức cần tăng và dự báo đến mốc 31/12/2025", "Xếp hạng: Huyện, thành phố", "Điều chỉnh số liệu của tuần trước",
			"Báo cáo quá hạn", "Bản kế hoạch 243/KH-UBND", "Phiên bản phương pháp plan-1", "Kỳ trước"}, []string{"Kỳ sau"}},
		{"/?as-of=2025-06-22", []string{"Tính đến ngày 22/06/2025", "Kỳ sau"}, nil},
		{"/?as-of=2023-12-31", []string{"Tính đến ngày 31/12/2023", "0 ngày đến mốc 31/12/2023"}, nil},
		{"/?as-of=2025-06-22&known-on=2025-06-23", []string{"theo số liệu đã biết đến ngày 23/06/2025"}, []string{"kho chưa lưu kết quả"}},
		{"/?known-on=2025-06-22", []string{"kho chưa lưu kết quả theo yêu cầu này"}, nil},
	} {
		t.Run(c.address, func(t *testing.T) {
			begun := time.Now()
			rec := get(h, c.address)
			took := time.Since(begun)
			if rec.Code != http.StatusOK {
				t.Fatalf("status %d: %s", rec.Code, text(rec.Body.String()))
			}
			body := rec.Body.String()
			seen := text(body)
			for _, s := range append(c.says, notice) {
				if !strings.Contains(seen, s) {
					t.Errorf("does not say %q", s)
				}
			}
			for _, s := range c.not {
				if strings.Contains(seen, s) {
					t.Errorf("says %q", s)
				}
			}
			if len(body) > most {
				t.Errorf("the page has %d bytes", len(body))
			}
			for _, bad := range []string{"%!", "ZgotmplZ", "<nil>", "NaN", "style=", "<script>", " on click", "http://", "https://"} {
				if strings.Contains(strings.ReplaceAll(body, `xmlns="http://www.w3.org/2000/svg"`, ""), bad) {
					t.Errorf("the page holds %q", bad)
				}
			}
			if took > 2*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestPagesOfAPlanWithoutTargets(t *testing.T) {
	p := load(t, anGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for address, says := range map[string]string{
		"/":                      "Kế hoạch không đặt mục tiêu nên không xếp hạng",
		"/heat":                  "Bảng so sánh: Xã, phường, đặc khu",
		"/heat?level=province":   "Tỉnh An Giang",
		"/indicator/S-TDGQ":      "Kế hoạch không nêu con số cho chỉ tiêu này",
		"/unit/91":               "Xã, phường, đặc khu",
		"/unit/91@2025-07-01":    "Tỉnh An Giang",
		"/freshness":             "Không có chỉ tiêu nào do đơn vị tự báo cáo",
		"/review/2025-W35":       "Tăng nhiều nhất",
		"/heat?level=department": "S-TDGQ",
	} {
		rec := get(h, address)
		seen := text(rec.Body.String())
		if rec.Code != http.StatusOK || !strings.Contains(seen, says) {
			t.Errorf("%s: status %d, does not say %q:\n%.600s", address, rec.Code, says, seen)
		}
		for _, not := range []string{"Lộ trình", "ngày đến mốc", "Chậm"} {
			if strings.Contains(seen, not) {
				t.Errorf("%s says %q of a plan without targets", address, not)
			}
		}
	}
	if seen := text(get(h, "/indicator/S-TDGQ").Body.String()); !regexp.MustCompile(`\d+,\d\d điểm`).MatchString(seen) {
		t.Error("a score is not shown with its two decimals and its unit")
	}
}

// shape is what kind of address it is: the page and the names of its parameters.
func shape(u *url.URL) string {
	names := slices.Sorted(maps.Keys(u.Query()))
	return strings.SplitN(u.Path+"/", "/", 3)[1] + "?" + strings.Join(names, "&")
}

// TestEveryLinkAnswers follows the links of the site from the front page, a few of every shape, on both plans.
func TestEveryLinkAnswers(t *testing.T) {
	for _, code := range []string{kienGiang, anGiang} {
		t.Run(code, func(t *testing.T) {
			p := load(t, code)
			h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
			href := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
			todo, seen := []string{"/"}, map[string]bool{"/": true}
			count, shapes := 0, map[string]int{}
			for len(todo) > 0 {
				address := todo[0]
				todo = todo[1:]
				count++
				rec := get(h, address)
				if to := rec.Header().Get("Location"); rec.Code == http.StatusFound && !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
				if rec.Code == http.StatusFound {
					continue
				}
				if rec.Code != http.StatusOK {
					t.Errorf("%s answers %d: %.300s", address, rec.Code, text(rec.Body.String()))
					continue
				}
				if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
					continue
				}
				base, _ := url.Parse(address)
				for _, m := range href.FindAllStringSubmatch(rec.Body.String(), -1) {
					u, err := url.Parse(html.UnescapeString(m[1]))
					if err != nil || u.Host != "" || u.Scheme != "" {
						t.Fatalf("%s has a strange link %q", address, m[1])
					}
					u = base.ResolveReference(u)
					u.Fragment = ""
					if a := u.String(); !seen[a] && !u.Query().Has("lang") {
						seen[a] = true
						if shapes[shape(u)]++; shapes[shape(u)] <= 2 {
							todo = append(todo, a)
						}
					}
				}
			}
			if count < 20 || len(shapes) < 10 {
				t.Errorf("only %d pages of %d shapes were found", count, len(shapes))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	for _, c := range []struct {
		address string
		status  int
		says    string
	}{
		{"/nothing", 404, "Không có trang này"},
		{"/unit/12345", 404, "không có đơn vị mã “12345”"},
		{"/unit/899@2026-01-01", 404, "không có đơn vị mã"},
		{"/indicator/CQS-99", 404, "không có chỉ tiêu mã “CQS-99”"},
		{"/indicator/CQS-02?level=x", 404, "không có kết quả ở cấp “x”"},
		{"/heat?level=x", 404, "không có cấp “x”"},
		{"/heat?level=commune&within=x", 404, "không có đơn vị mã “x”"},
		{"/?as-of=2025-06-23", 404, "Xem ngày 22/06/2025 Xem ngày 29/06/2025"},
		{"/?as-of=yesterday", 400, "“yesterday” không phải là ngày"},
		{"/?known-on=2025-13-01", 400, "không phải là ngày"},
		{"/?format=xml", 400, "không có định dạng “xml”"},
		{"/review/2030-W01", 404, "Các tuần có kết quả: 2023-W52, 2025-W18 đến 2025-W26. Xem tuần 26/2025"},
		{"/review/2024-W10", 404, "Xem tuần 52/2023 (25/12 - 31/12) Xem tuần 18/2025 (28/4 - 04/5) Xem tuần 26/2025"},
		{"/review/2025-W53", 404, "“2025-W53” không phải là một tuần của năm: viết theo dạng năm-Wtuần, ví dụ 2025-W26"},
		{"/review/<script>", 404, "“<script>” không phải là một tuần"},
		{"/review/2025-W26?format=pdf", 400, "không có định dạng “pdf”"},
		{"/review?as-of=x", 400, "“x” không phải là ngày"},
		{"/metrics", 404, "Không có trang này"},
		{"/static/none.css", 404, ""},
		{"/?as-of=<script>", 400, "“<script>” không phải là ngày"},
	} {
		rec := get(h, c.address)
		if rec.Code != c.status || !strings.Contains(text(rec.Body.String()), c.says) {
			t.Errorf("%s: status %d, want %d, and %q in: %s", c.address, rec.Code, c.status, c.says, text(rec.Body.String()))
		}
		if strings.Contains(rec.Body.String(), "<script>") {
			t.Errorf("%s: what was asked for comes back as markup", c.address)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if rec := do(h, method, "/"); rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status %d, Allow %q", method, rec.Code, rec.Header().Get("Allow"))
		}
	}
}

func TestHeaders(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for _, address := range []string{"/", "/nothing", "/healthz"} {
		got := get(h, address).Header()
		if csp := got.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", address, csp)
		}
		if got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Referrer-Policy") == "" {
			t.Errorf("%s: headers %v", address, got)
		}
	}
	server := httptest.NewServer(h)
	defer server.Close()
	res, err := http.Head(server.URL + "/")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %v %v", res, err)
	}
}

func TestHealth(t *testing.T) {
	p := load(t, kienGiang)
	st := stored(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	if rec := get(h, "/healthz"); rec.Code != http.StatusOK {
		t.Errorf("healthz: %d", rec.Code)
	}
	if rec := get(h, "/readyz"); rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "tiendo compute") {
		t.Errorf("readyz of an empty store: %d %s", rec.Code, rec.Body)
	}
	if rec := get(h, "/"); rec.Code != http.StatusServiceUnavailable || !strings.Contains(text(rec.Body.String()), "Chưa có kết quả tính toán") {
		t.Errorf("front page of an empty store: %d %s", rec.Code, text(rec.Body.String()))
	}
	for _, address := range []string{"/review", "/review/2025-W26"} {
		if rec := get(h, address); rec.Code != http.StatusServiceUnavailable || !strings.Contains(text(rec.Body.String()), "Chưa có kết quả tính toán") {
			t.Errorf("%s of an empty store: %d %s", address, rec.Code, text(rec.Body.String()))
		}
	}
	if rec := get(h, "/freshness"); rec.Code != http.StatusOK {
		t.Errorf("freshness of an empty store: %d", rec.Code)
	}
	if rec := get(site(t, p, filled(t, p), clock(p.Demo.AsOf)), "/readyz"); rec.Code != http.StatusOK {
		t.Errorf("readyz: %d %s", rec.Code, rec.Body)
	}
	st.Close()
	for _, address := range []string{"/", "/heat", "/indicator/CQS-02", "/unit/899", "/freshness", "/review", "/review/2025-W26"} {
		rec := get(h, address)
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || !strings.Contains(text(rec.Body.String()), "Kho số liệu chưa trả lời") {
			t.Errorf("%s without a store: %d %.200s", address, rec.Code, text(rec.Body.String()))
		}
	}
	if rec := get(h, "/readyz"); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("readyz without a store: %d", rec.Code)
	}
	if rec := get(h, "/healthz"); rec.Code != http.StatusOK {
		t.Errorf("healthz without a store: %d", rec.Code)
	}
}

func TestTables(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	want, err := st.Assessments(context.Background(), web.Query{AsOf: p.Demo.AsOf, Since: plan.NoDay, KnownOn: plan.NoDay, Unit: &plan.UnitKey{Code: "91", From: plan.NoDay}})
	if err != nil {
		t.Fatal(err)
	}
	rec := get(h, "/?format=csv")
	if got := rec.Header().Get("Content-Disposition"); got != `attachment; filename="scorecard-2025-06-29.csv"` {
		t.Errorf("file name: %s", got)
	}
	body, ok := strings.CutPrefix(rec.Body.String(), "\uFEFF")
	if !ok {
		t.Error("no byte-order mark")
	}
	lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(want)+1 {
		t.Errorf("%d lines, want %d and the head", len(lines), len(want))
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	byCode := map[string][]string{}
	for _, l := range lines[1:] {
		byCode[l[column["indicator"]]] = l
	}
	for _, a := range want {
		l := byCode[a.Indicator]
		if l == nil {
			t.Errorf("%s is missing", a.Indicator)
			continue
		}
		value := ""
		if a.Value != nil {
			value = a.Value.String()
		}
		if l[column["value"]] != value || l[column["status"]] != string(a.Status) || l[column["unit"]] != "91" {
			t.Errorf("%s: %v, want value %s, status %s", a.Indicator, l, value, a.Status)
		}
	}
	for _, address := range []string{"/heat?format=csv", "/heat?level=commune&format=csv", "/unit/899?format=csv", "/indicator/CQS-02?format=csv", "/freshness?format=csv"} {
		rec := get(h, address)
		if n := strings.Count(rec.Body.String(), "\n"); rec.Code != http.StatusOK || n < 5 {
			t.Errorf("%s: status %d, %d lines", address, rec.Code, n)
		}
	}
}

// TestAnEndedUnitKeepsItsPage: after the province has ended, its front page shows its last week and its links still name it.
func TestAnEndedUnitKeepsItsPage(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, func() time.Time { return plan.MustDay("2025-09-01").Start() })
	rec := get(h, "/")
	if seen := text(rec.Body.String()); rec.Code != http.StatusOK || !strings.Contains(seen, "Tính đến ngày 29/06/2025") || !strings.Contains(seen, "Tỉnh Kiên Giang") {
		t.Errorf("%d %.300s", rec.Code, seen)
	}
}

// failing answers everything with an error, but only where a test wants the store's failure itself: it stands for no
// behaviour of the database.
type failing struct{ web.Reader }

func (failing) Days(context.Context) (map[plan.Level][]plan.Day, error) {
	return nil, errors.New("dial tcp 10.0.0.1:9000: secret detail")
}

func (failing) Edition(context.Context) (string, error) { return "1", nil }

func TestAFailureTellsNoDetail(t *testing.T) {
	p := load(t, kienGiang)
	rec := get(site(t, p, failing{}, clock(p.Demo.AsOf)), "/")
	if rec.Code != http.StatusServiceUnavailable || strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// An address with a tab in it is nobody's, and the store is not asked: it would not understand it.
func TestUnprintableAddresses(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, failing{}, clock(p.Demo.AsOf))
	for _, address := range []string{"/payload/forms/a%09b", "/payload/forms/a%09b/body", "/source/a%0Ab", "/search?q=a%00", "/api/v1/progress?unit=%09", "/?as-of=2025-06-22&unit=91&unit=%1b"} {
		if rec := get(h, address); rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), "ký tự không in được") {
			t.Errorf("%s: %d %.300s", address, rec.Code, rec.Body)
		}
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	if _, err := web.New(web.Options{}); err == nil || !strings.Contains(err.Error(), "plan, store and clock") {
		t.Errorf("got %v", err)
	}
}

func ExampleNew() {
	_, err := web.New(web.Options{})
	fmt.Println(err)
	// Output: web: plan, store and clock must be given
}
