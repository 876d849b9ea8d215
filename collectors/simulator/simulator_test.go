package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func planFolder(t testing.TB, name string) fs.FS {
	t.Helper()
	return os.DirFS("../../schema/plans/" + name)
}

const (
	kienGiang = "kien-giang-2022-2025"
	anGiang   = "an-giang-766-2025"
)

func newSim(t testing.TB, seed uint64, size Size) *Simulator {
	t.Helper()
	s, err := New(Config{Plan: planFolder(t, kienGiang), Seed: seed, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// small is a province that most tests share; they set its clock themselves.
var small = sync.OnceValue(func() *Simulator {
	s, err := New(Config{Plan: os.DirFS("../../schema/plans/" + kienGiang), Seed: 7, Size: Size{Dossiers: 6000, Documents: 3000}})
	if err != nil {
		panic(err)
	}
	return s
})

// faulty is a province whose faults a test may set; they are mended behind it.
func faulty(t testing.TB) *Simulator {
	s := small()
	t.Cleanup(func() {
		s.SetFaults(Faults{})
		s.SetBulk(0)
	})
	return s
}

// client speaks to the systems as a collector would.
type client struct {
	t       testing.TB
	s       *Simulator
	env     map[string]string
	session string
	tokens  map[string]string
}

func newClient(t testing.TB, s *Simulator) *client {
	return &client{t: t, s: s, env: s.Env("", "drop"), tokens: map[string]string{}}
}

func (c *client) do(method, path, body string, head map[string]string) (int, []byte) {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for k, v := range head {
		req.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	c.s.ServeHTTP(rec, req)
	return rec.Code, rec.Body.Bytes()
}

var formEncoded = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

func (c *client) dvc(service string, params map[string]any) []byte {
	c.t.Helper()
	if c.session == "" {
		_, b := c.do("POST", c.env["TIENDO_DVC_URL"]+"/api/session",
			fmt.Sprintf(`{"username":%q,"password":%q}`, c.env["TIENDO_DVC_USERNAME"], c.env["TIENDO_DVC_PASSWORD"]), map[string]string{"dstcode": "VN:GOV:000.00.00.H33:dvc"})
		var r struct{ Session string }
		if err := json.Unmarshal(b, &r); err != nil || r.Session == "" {
			c.t.Fatalf("login: %s", b)
		}
		c.session = r.Session
	}
	p, _ := json.Marshal(params)
	_, b := c.do("POST", c.env["TIENDO_DVC_URL"]+"/api/call", fmt.Sprintf(`{"session":%q,"madonvi":"000.00.00.H33","service":%q,"isUpdating":false,"data":[%s]}`, c.session, service, p), nil)
	return b
}

func (c *client) bearer(system, path string) []byte {
	c.t.Helper()
	if c.tokens[system] == "" {
		up := strings.ToUpper(system)
		_, b := c.do("POST", "/"+system+"/token", url.Values{"grant_type": {"client_credentials"},
			"client_id": {c.env["TIENDO_"+up+"_CLIENT_ID"]}, "client_secret": {c.env["TIENDO_"+up+"_CLIENT_SECRET"]}}.Encode(), formEncoded)
		var r struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(b, &r); err != nil || r.AccessToken == "" {
			c.t.Fatalf("token: %s", b)
		}
		c.tokens[system] = r.AccessToken
	}
	_, b := c.do("GET", "/"+system+path, "", map[string]string{"Authorization": "Bearer " + c.tokens[system]})
	return b
}

func (c *client) axis(from, to string, index, size int) []byte {
	mac := hmac.New(sha256.New, []byte(c.env["TIENDO_EDOC_SECRET"]))
	io.WriteString(mac, c.env["TIENDO_EDOC_SYSTEMID"]+"1700000000"+"edoc")
	_, b := c.do("POST", "/edoc/getSentEdocList", "", map[string]string{"servicetype": "eDoc", "messagetype": "edoc", "fromDate": from, "toDate": to,
		"pageIndex": strconv.Itoa(index), "pageSize": strconv.Itoa(size), "systemid": c.env["TIENDO_EDOC_SYSTEMID"], "timestamp": "1700000000",
		"signature": hex.EncodeToString(mac.Sum(nil))})
	return b
}

func (c *client) qlvb(path string) []byte {
	_, b := c.do("GET", "/qlvb/api/thong-ke/"+path, "", map[string]string{"X-API-Key": c.env["TIENDO_QLVB_API_KEY"]})
	return b
}

func (c *client) portal(params string) []byte {
	_, b := c.do("POST", "/portal/jsp/rest.jsp", url.Values{"params": {params}}.Encode(), formEncoded)
	return b
}

// records takes the list out of an answer.
func records(t testing.TB, body []byte, name string) []json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	var out []json.RawMessage
	if err := json.Unmarshal(m[name], &out); err != nil {
		t.Fatalf("no list %s: %.200s", name, body)
	}
	return out
}

// lists are all paged lists of the systems: page n (from 0) of a size.
func lists(c *client) map[string]func(n, size int) []json.RawMessage {
	return map[string]func(n, size int) []json.RawMessage{
		"dossiers": func(n, size int) []json.RawMessage {
			return records(c.t, c.dvc("TraCuuHoSo", map[string]any{"TuNgayCapNhat": "20240101000000", "page": n, "size": size}), "data")
		},
		"procedures": func(n, size int) []json.RawMessage {
			return records(c.t, c.dvc("LayDanhSachTTHC", map[string]any{"page": strconv.Itoa(n), "size": strconv.Itoa(size)}), "data")
		},
		"one-stop": func(n, size int) []json.RawMessage {
			return records(c.t, c.bearer("onestop", fmt.Sprintf("/pa/dossier-statistic/--statistic-agency-kgg?from-date=2024-03-01&to-date=2024-03-31&page=%d&size=%d", n, size)), "content")
		},
		"one-stop online": func(n, size int) []json.RawMessage {
			return records(c.t, c.bearer("onestop", fmt.Sprintf("/pa/kgg-dossier-statistic/--kgg-dossier-report-online?from-date=2024-03-01&to-date=2024-03-31&page=%d&size=%d", n, size)), "content")
		},
		"payments": func(n, size int) []json.RawMessage {
			return records(c.t, c.bearer("pay", fmt.Sprintf("/api/giao-dich?tuNgayCapNhat=20240101000000&page=%d&size=%d", n, size)), "content")
		},
		"axis": func(n, size int) []json.RawMessage {
			return records(c.t, c.axis("2024/01/01 00:00:00", "2024/12/31 23:59:59", n+1, size), "data")
		},
		"document statistics": func(n, size int) []json.RawMessage {
			return records(c.t, c.qlvb(fmt.Sprintf("van-ban?tuNgay=20240101&denNgay=20240331&trang=%d&soDong=%d", n+1, size)), "duLieu")
		},
		"work files": func(n, size int) []json.RawMessage {
			return records(c.t, c.qlvb(fmt.Sprintf("ho-so-cong-viec?tuNgayCapNhat=20240101000000&trang=%d&soDong=%d", n+1, size)), "duLieu")
		},
	}
}

func TestAllPagesTogetherAreTheWholeList(t *testing.T) {
	s := small()
	s.SetNow(time.Date(2025, 6, 29, 23, 30, 0, 0, s.loc))
	for name, list := range lists(newClient(t, s)) {
		t.Run(name, func(t *testing.T) {
			whole := list(0, pageMost)
			if len(whole) < 100 || len(whole) == pageMost {
				t.Fatalf("%d records: the test wants more than one page and less than the most", len(whole))
			}
			var parts []json.RawMessage
			for n := 0; ; n++ {
				part := list(n, 97)
				parts = append(parts, part...)
				if len(part) < 97 {
					break
				}
			}
			if len(parts) != len(whole) {
				t.Fatalf("pages hold %d records, the list %d", len(parts), len(whole))
			}
			for i := range whole {
				if !bytes.Equal(whole[i], parts[i]) {
					t.Fatalf("record %d differs:\n%s\n%s", i, whole[i], parts[i])
				}
			}
		})
	}
}

func TestSecretsAreAskedFor(t *testing.T) {
	s := small()
	c := newClient(t, s)
	login := `{"username":"tiendo","password":"` + c.env["TIENDO_DVC_PASSWORD"] + `"}`
	grant := func(id, secret string) string {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}.Encode()
	}
	for _, x := range []struct {
		name, method, path, body string
		head                     map[string]string
		status                   int
		want                     string
	}{
		{"login", "POST", "/dvc/api/session", login, map[string]string{"dstcode": "VN:GOV:000.00.00.H33:dvc"}, 200, `"error_code":"0"`},
		{"login without dstcode", "POST", "/dvc/api/session", login, nil, 401, `"error_code":"-1"`},
		{"wrong password", "POST", "/dvc/api/session", `{"username":"tiendo","password":"x"}`, map[string]string{"dstcode": "VN:GOV:000.00.00.H33:dvc"}, 401, `"error_code":"-1"`},
		{"unknown session", "POST", "/dvc/api/call", `{"session":"x","madonvi":"000.00.00.H33","service":"TraCuuHoSo","data":[{}]}`, nil, 200, `"error_code":"401"`},
		{"one-stop token", "POST", "/onestop/token", grant("tiendo", c.env["TIENDO_ONESTOP_CLIENT_SECRET"]), formEncoded, 200, `"access_token"`},
		{"wrong client secret", "POST", "/onestop/token", grant("tiendo", "x"), formEncoded, 401, "invalid_client"},
		{"the payment platform's secret is another", "POST", "/pay/token", grant("tiendo", c.env["TIENDO_ONESTOP_CLIENT_SECRET"]), formEncoded, 401, "invalid_client"},
		{"wrong grant", "POST", "/pay/token", "grant_type=password", formEncoded, 400, "unsupported_grant_type"},
		{"no token", "GET", "/onestop/ba/agency/name+code", "", nil, 401, "invalid_token"},
		{"wrong token", "GET", "/pay/api/giao-dich", "", map[string]string{"Authorization": "Bearer x"}, 401, "invalid_token"},
		{"no key", "GET", "/qlvb/api/thong-ke/van-ban", "", nil, 401, `"thanhCong":false`},
		{"no signature", "POST", "/edoc/getSentEdocList", "", map[string]string{"systemid": "tiendo", "timestamp": "1", "messagetype": "edoc", "servicetype": "eDoc"}, 200, `"ErrorCode":"-1"`},
	} {
		t.Run(x.name, func(t *testing.T) {
			status, b := c.do(x.method, x.path, x.body, x.head)
			if status != x.status || !bytes.Contains(b, []byte(x.want)) {
				t.Errorf("%d %s, want %d and %s", status, b, x.status, x.want)
			}
		})
	}
	t.Run("wrong organ", func(t *testing.T) {
		c.dvc("LayDanhSachTTHC", nil)
		_, b := c.do("POST", "/dvc/api/call", `{"session":"`+c.session+`","madonvi":"000.00.00.H01","service":"TraCuuHoSo","data":[{}]}`, nil)
		if bytes.Contains(b, []byte(`"00"`)) {
			t.Errorf("another province's organ code gets data: %s", b)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	s := faulty(t)
	s.SetFaults(Faults{SessionCalls: 2})
	c := newClient(t, s)
	for i, want := range []string{`"00"`, `"00"`, `"401"`, `"401"`} {
		if b := c.dvc("LayDanhSachTTHC", map[string]any{"page": 0, "size": 1}); !bytes.Contains(b, []byte(`"error_code":`+want)) {
			t.Fatalf("call %d: %.80s, want %s", i+1, b, want)
		}
	}
	c.session = ""
	if b := c.dvc("LayDanhSachTTHC", nil); !bytes.Contains(b, []byte(`"00"`)) {
		t.Errorf("a new login does not help: %.80s", b)
	}
}

func TestFaults(t *testing.T) {
	s := faulty(t)
	c := newClient(t, s)
	list := func() (int, []byte) { return c.do("GET", "/onestop/ba/agency/name+code", "", nil) }
	t.Run("down", func(t *testing.T) {
		s.SetFaults(Faults{Down: map[string]bool{"onestop": true}})
		if status, _ := list(); status != http.StatusBadGateway {
			t.Errorf("status %d", status)
		}
		if b := c.qlvb("van-ban?soDong=1"); !bytes.Contains(b, []byte(`"thanhCong":true`)) {
			t.Error("another system is down too")
		}
	})
	t.Run("busy is the same again", func(t *testing.T) {
		run := func() (out []int) {
			s.SetFaults(Faults{Busy: map[string]float64{"onestop": 0.5}})
			for range 200 {
				status, _ := list()
				out = append(out, status)
			}
			return out
		}
		first, again := run(), run()
		if !slices.Equal(first, again) {
			t.Error("the same seed and the same requests are hit differently")
		}
		for _, want := range []int{401, 429, 503} {
			if !slices.Contains(first, want) {
				t.Errorf("no answer %d in 200", want)
			}
		}
	})
	t.Run("html and cut", func(t *testing.T) {
		s.SetFaults(Faults{HTML: map[string]int{"qlvb": 1}, Truncate: map[string]int{"qlvb": 2}})
		for i, ok := range []bool{false, false, true} {
			b := c.qlvb("van-ban?soDong=3")
			if json.Valid(b) != ok {
				t.Errorf("answer %d: valid JSON is %v: %.80s", i+1, !ok, b)
			}
		}
	})
	t.Run("empty is not zero", func(t *testing.T) {
		s.SetNow(time.Date(2024, 5, 6, 8, 0, 0, 0, s.loc))
		day := time.Date(2024, 5, 6, 0, 0, 0, 0, s.loc)
		s.SetFaults(Faults{})
		if len(records(t, c.axis("2024/01/01 00:00:00", "2024/05/05 00:00:00", 1, 10), "data")) == 0 {
			t.Fatal("no documents")
		}
		s.SetFaults(Faults{Outages: []Outage{{day, day}}})
		b := c.axis("2024/01/01 00:00:00", "2024/05/05 00:00:00", 1, 10)
		if len(records(t, b, "data")) != 0 || !bytes.Contains(b, []byte(`"status":"OK"`)) {
			t.Errorf("the outage shows: %.120s", b)
		}
	})
}

// TestSteppingSeesEverything pulls only what changed since the step before, less a lag, and ends with what a pull of the
// whole shows. Without the lag it misses something: some records come through late.
func TestSteppingSeesEverything(t *testing.T) {
	s := newSim(t, 5, Size{Dossiers: 6000, Documents: 100})
	c := newClient(t, s)
	type dossier struct{ MaHoSo, NgayCapNhat, TrangThaiHoSo, NgayKetThucXuLy string }
	read := func(into map[string]dossier, since time.Time) {
		for n := 0; ; n++ {
			rows := records(t, c.dvc("TraCuuHoSo", map[string]any{"TuNgayCapNhat": since.Format("20060102150405"), "page": n, "size": 2000}), "data")
			for _, raw := range rows {
				var d dossier
				if err := json.Unmarshal(raw, &d); err != nil {
					t.Fatal(err)
				}
				if d.MaHoSo != "" && into[d.MaHoSo].NgayCapNhat <= d.NgayCapNhat {
					into[d.MaHoSo] = d
				}
			}
			if len(rows) < 2000 {
				return
			}
		}
	}
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, s.loc)
	whole := map[string]dossier{}
	s.SetNow(s.FetchTimes(s.AsOf())[len(s.FetchTimes(s.AsOf()))-1])
	read(whole, start)
	for _, lag := range []time.Duration{48 * time.Hour, 0} {
		state, since := map[string]dossier{}, start
		for _, step := range s.FetchTimes(s.AsOf()) {
			s.SetNow(step)
			read(state, since)
			since = step.Add(-lag)
		}
		missed := 0
		for id, d := range whole {
			if state[id] != d {
				missed++
			}
		}
		if (missed > 0) != (lag == 0) || lag > 0 && len(whole) != len(state) {
			t.Errorf("with a lag of %s, %d of %d dossiers are missed", lag, missed, len(whole))
		}
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	dump := func(seed uint64) []byte {
		s := newSim(t, seed, Size{Dossiers: 2000, Documents: 500})
		s.SetNow(time.Date(2024, 11, 17, 23, 30, 0, 0, s.loc))
		var b bytes.Buffer
		c := newClient(t, s)
		all := lists(c)
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for k := range all {
				if !yield(k) {
					return
				}
			}
		}) {
			for _, r := range all[name](0, 300) {
				b.Write(r)
			}
		}
		b.Write(c.portal(`{"type":"ref","service":"report_by_month_sum_service","p_nam":"2024","p_thang":""}`))
		if err := WriteCSV(&b, s.Truth(s.AsOf(), s.AsOf())); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := s.WriteFiles(dir, time.Date(2023, 1, 1, 0, 0, 0, 0, s.loc)); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, _ := e.Info()
			fmt.Fprintln(&b, e.Name(), info.ModTime().Unix())
			body, err := os.ReadFile(path)
			b.Write(body)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	first := dump(11)
	if !bytes.Equal(first, dump(11)) {
		t.Error("the same seed gives other bytes")
	}
	if bytes.Equal(first, dump(12)) {
		t.Error("another seed gives the same bytes")
	}
}

func TestFilesAreHandedInOnceAndWhole(t *testing.T) {
	s := small()
	dir := t.TempDir()
	count := func() (n, workbooks int) {
		filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				n++
				if filepath.Ext(path) == ".xlsx" {
					workbooks++
				}
				if strings.HasPrefix(e.Name(), ".") {
					t.Errorf("%s is left behind", path)
				}
			}
			return nil
		})
		return n, workbooks
	}
	half := time.Date(2023, 6, 30, 0, 0, 0, 0, s.loc)
	for range 2 {
		if err := s.WriteFiles(dir, half); err != nil {
			t.Fatal(err)
		}
	}
	some, _ := count()
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, _ := e.Info(); info.ModTime().After(half) {
				t.Errorf("%s was handed in on %s, after %s", path, info.ModTime(), half)
			}
		}
		return nil
	})
	if err := s.WriteFiles(dir, s.w.until.time(s.loc)); err != nil {
		t.Fatal(err)
	}
	all, workbooks := count()
	if some == 0 || all <= some || all != len(s.files) || all >= 2500 || workbooks < all/40 {
		t.Errorf("%d files by half time, %d (%d workbooks) by the end of %d", some, all, workbooks, len(s.files))
	}
	names := map[string]bool{}
	for _, f := range s.files {
		if k := f.source + "/" + f.name; names[k] {
			t.Errorf("two files are named %s", k)
		} else {
			names[k] = true
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "forms", "DM-GOC_2022-06-30.csv"))
	if err != nil || !bytes.Contains(b, []byte("DM-GOC")) {
		t.Errorf("the sheet of baselines: %v %.100s", err, b)
	}
}

func TestBulkIsWhole(t *testing.T) {
	s := faulty(t)
	s.SetBulk(20_000)
	c := newClient(t, s)
	ids := map[string]bool{}
	last := ""
	for n := 0; n < 5; n++ {
		for _, raw := range records(t, c.dvc("TraCuuHoSo", map[string]any{"page": n, "size": 5000}), "data") {
			var d struct{ MaHoSo, NgayCapNhat string }
			if err := json.Unmarshal(raw, &d); err != nil {
				t.Fatal(err)
			}
			if d.NgayCapNhat <= last {
				t.Fatalf("%s is not newer than %s", d.NgayCapNhat, last)
			}
			ids[d.MaHoSo], last = true, d.NgayCapNhat
		}
	}
	if len(ids) != 20_000 {
		t.Errorf("%d dossiers of 20,000", len(ids))
	}
	if rest := records(t, c.dvc("TraCuuHoSo", map[string]any{"TuNgayCapNhat": last, "page": 0, "size": 50}), "data"); len(rest) != 1 {
		t.Errorf("%d dossiers since the last one", len(rest))
	}
}

// TestSharesNoCode keeps the simulator apart from what it checks.
func TestSharesNoCode(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-test", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, pkg := range strings.Fields(string(out)) {
		pkg = strings.TrimSuffix(pkg, ".test")
		if strings.HasPrefix(pkg, "tiendo/") && pkg != "tiendo/collectors/simulator" {
			t.Errorf("imports %s", pkg)
		}
	}
}

func TestPersonalFieldsAreNobodys(t *testing.T) {
	s := small()
	s.SetNow(s.w.until.time(s.loc))
	for _, raw := range lists(newClient(t, s))["dossiers"](0, 200) {
		var d struct{ ChuHoSo, SoDinhDanh, SoDienThoai, Email string }
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(d.ChuHoSo, "Người nộp số ") || !strings.HasPrefix(d.SoDinhDanh, "000000") || !strings.HasSuffix(d.Email, ".invalid") || d.SoDienThoai == "" {
			t.Fatalf("%+v", d)
		}
	}
}

func TestRecordedTable(t *testing.T) {
	s, err := New(Config{Plan: planFolder(t, anGiang), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	steps := s.FetchTimes(s.AsOf())
	if len(steps) != 3 {
		t.Fatalf("kept at %v", steps)
	}
	c := newClient(t, s)
	rows := func(params string) (out []map[string]string) {
		if err := json.Unmarshal(c.portal(params), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	trend := func(month string) string {
		for _, r := range rows(`{"type":"ref","service":"report_by_month_sum_service","p_nam":2025,"p_thang":""}`) {
			if r["THANG"] == month {
				return r["TONG_SCORE"]
			}
		}
		return ""
	}
	for i, want := range []string{"80.2", "80.2", "86.2"} {
		s.SetNow(steps[i])
		if got := trend("2025-08"); got != want {
			t.Errorf("August on %s is %s, want %s", steps[i], got, want)
		}
	}
	s.SetNow(steps[0].Add(-time.Second))
	if got := trend("2025-08"); got != "" {
		t.Errorf("August is known before it was kept: %s", got)
	}
	s.SetNow(steps[2])
	for _, x := range []struct {
		level, month string
		want         int
	}{{"0", "", 34}, {"0", "10", 34}, {"1", "", 0}, {"1", "10", 15}, {"2", "", 102}, {"2", "10", 0}} {
		got := rows(fmt.Sprintf(`{"type":"ref","service":"report_tinh_766_service","loaichitieu":%q,"p_nam":"2025","p_thang":%q}`, x.level, x.month))
		if len(got) != x.want {
			t.Errorf("level %s month %q: %d rows, want %d", x.level, x.month, len(got), x.want)
		}
	}
	known := func(x time.Time, indicator, asOf string) string {
		for r := range s.Truth(s.AsOf(), x) {
			if r.Indicator == indicator && r.Unit == "91" && r.AsOf == asOf {
				return r.Value
			}
		}
		return "no row"
	}
	if a, b := known(steps[1], "T-TONG", "2025-08-31"), known(steps[2], "T-TONG", "2025-08-31"); a != "80.2" || b != "86.2" {
		t.Errorf("August is %s, then %s", a, b)
	}
	if v := known(steps[2], "S-TONG", "2025-10-19"); v == "" || v == "no row" {
		t.Errorf("the running total is %q", v)
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		newSim(b, 1, Size{})
	}
}

func BenchmarkBulkPage(b *testing.B) {
	s := newSim(b, 1, Size{Dossiers: 200, Documents: 100})
	s.SetBulk(1_000_000)
	for b.Loop() {
		s.dossierPage(0, 10, 5000)
	}
	b.ReportMetric(5000*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
