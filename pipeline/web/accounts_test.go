package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
	"tiendo/schema"
	"tiendo/schema/engine/enginetest"
)

var freshPassword = regexp.MustCompile(`class="fresh-password"><code>([a-z2-7-]{19})</code>`)

// TestAccountPages drives the life of an account through the pages: added with a password that is shown once, used, changed by its owner,
// given a role and a new password, disabled and enabled; every step is in the log, and nobody else gets there.
func TestAccountPages(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	staff(t, st)
	now := time.Now()
	base := opened(t, web.Options{Plan: p, Store: st, Access: st, Keeper: st, Registers: st, Now: clock(p.Demo.AsOf), Notice: notice, Clock: func() time.Time { return now }})
	in := func(name, password string) browser {
		t.Helper()
		b := newBrowser(t, base)
		if res, _ := b.signIn(name, password, "/"); res.StatusCode != 303 {
			t.Fatalf("%s cannot sign in: %d", name, res.StatusCode)
		}
		return b
	}
	page := func(b browser, path string, want int, says ...string) string {
		t.Helper()
		res, body := b.ask("GET", path, nil)
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d: %.200s", path, res.StatusCode, want, text(body))
		}
		for _, s := range says {
			if !strings.Contains(text(body), s) {
				t.Errorf("%s does not say %q: %s", path, s, text(body))
			}
		}
		return body
	}
	send := func(b browser, path string, pairs ...string) (int, string) {
		t.Helper()
		_, form := b.ask("GET", "/account", nil)
		v := url.Values{"token": {tokenOf(t, form)}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		res, body := b.ask("POST", path, v)
		return res.StatusCode, body
	}
	version := func(name string) string {
		a, err := st.Account(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return strconv.FormatUint(a.Version, 10)
	}
	logged := func(want string) {
		t.Helper()
		rows := verified(t, st)
		if r := rows[len(rows)-1]; !strings.HasPrefix(strings.Join([]string{r.Actor, r.Action, r.Subject, r.Address, r.Detail}, " "), want) {
			t.Errorf("the log ends with %+v, want %s", r, want)
		}
	}
	admin := in("quan-tri", password)

	page(admin, "/accounts", 200, "Quản lý tài khoản", "lan", "Cán bộ đơn vị", "Thành phố Rạch Giá", "Đã khóa", "đang đăng nhập")
	for name, c := range map[string]struct{ name, role, unit, says string }{
		"no name":             {"", "viewer", "", "Tên gồm 3 đến 64"},
		"a name with marks":   {"hoà bình", "viewer", "", "Tên gồm 3 đến 64"},
		"a name that is":      {" LAN ", "viewer", "", "Đã có tài khoản tên này"},
		"no role":             {"moi", "", "", "Chọn một vai trò"},
		"a role that is none": {"moi", "boss", "", "Chọn một vai trò"},
		"no unit":             {"moi", "officer", "", "chọn đơn vị"},
		"no such unit":        {"moi", "officer", "nowhere", "chọn đơn vị"},
		"a unit too much":     {"moi", "viewer", "899", "không thuộc đơn vị nào"},
	} {
		if status, body := send(admin, "/accounts", "name", c.name, "role", c.role, "unit", c.unit); status != 200 || !strings.Contains(text(body), c.says) || freshPassword.MatchString(body) {
			t.Errorf("%s: %d %s", name, status, text(body))
		}
	}
	logged("quan-tri sign_in")
	status, body := send(admin, "/accounts", "name", "Moi", "role", "head", "unit", "899")
	fresh := freshPassword.FindStringSubmatch(body)
	if status != 200 || fresh == nil {
		t.Fatalf("added: %d %s", status, text(body))
	}
	logged("quan-tri account_added moi 127.0.0.1 head 899 version 1 sha256 ")
	if body := page(admin, "/accounts", 200, "moi", "Lãnh đạo đơn vị"); strings.Contains(body, fresh[1]) {
		t.Error("the password is shown again")
	}
	if a, err := st.Account(t.Context(), "moi"); err != nil || a.By != "quan-tri" || a.Unit != (plan.UnitKey{Code: "899", From: plan.NoDay}) || strings.Contains(a.Password, fresh[1]) {
		t.Errorf("%+v: %v", a, err)
	}

	owner, elsewhere := in("moi", fresh[1]), in("moi", fresh[1])
	page(owner, "/account", 200, "Tài khoản của tôi", "moi", "Lãnh đạo đơn vị", "Thành phố Rạch Giá")
	const own = "năm từ rất dễ nhớ"
	for name, c := range map[string]struct{ old, new, again, says string }{
		"a wrong old one": {"sai mật khẩu rồi", own, own, "đang dùng không đúng"},
		"two that differ": {fresh[1], own, own + "x", "không giống nhau"},
		"short":           {fresh[1], "ngắn", "ngắn", "dài từ 12 ký tự"},
		"its own name":    {fresh[1], "moi moi moi 12345", "moi moi moi 12345", "không chứa tên"},
		"the same":        {fresh[1], fresh[1], fresh[1], "giống mật khẩu đang dùng"},
	} {
		if status, body := send(owner, "/account", "old", c.old, "new", c.new, "again", c.again); status != 200 || !strings.Contains(text(body), c.says) || strings.Contains(body, own) || strings.Contains(body, fresh[1]) {
			t.Errorf("%s: %d %s", name, status, text(body))
		}
	}
	if status, _ := send(owner, "/account", "old", fresh[1], "new", own, "again", own); status != 303 {
		t.Fatalf("a new password is not taken: %d", status)
	}
	logged("moi password_changed moi 127.0.0.1 head 899 version 2 ")
	page(owner, "/account?done=1", 200, "Đã đổi mật khẩu")
	page(elsewhere, "/account", 403) // who was signed in elsewhere is out
	if res, _ := newBrowser(t, base).signIn("moi", fresh[1], "/"); res.StatusCode != 403 {
		t.Errorf("the old password opens: %d", res.StatusCode)
	}
	for range 5 { // guesses of the old one are slowed down
		send(owner, "/account", "old", "wrong password", "new", own+"1", "again", own+"1")
	}
	if _, body := send(owner, "/account", "old", own, "new", own+"1", "again", own+"1"); !strings.Contains(text(body), "thử lại sau 30 giây") {
		t.Errorf("the sixth guess: %s", text(body))
	}
	logged("moi sign_in_throttled moi 127.0.0.1 password change")
	now = now.Add(time.Minute)

	page(admin, "/accounts/moi", 200, "moi", "Khóa tài khoản", "Đặt mật khẩu mới")
	page(admin, "/accounts/nobody", 404)
	if status, body := send(admin, "/accounts/moi", "do", "account_changed", "version", version("moi"), "role", "reviewer"); status != 303 {
		t.Errorf("a new role: %d %s", status, text(body))
	}
	logged("quan-tri account_changed moi 127.0.0.1 reviewer version 3 ")
	if status, body := send(admin, "/accounts/moi", "do", "account_changed", "version", version("moi"), "role", "officer"); status != 200 || !strings.Contains(text(body), "chọn đơn vị") {
		t.Errorf("an officer of no unit: %d %s", status, text(body))
	}
	if status, _ := send(admin, "/accounts/moi", "do", "account_disabled", "version", "1"); status != http.StatusConflict {
		t.Errorf("changed by somebody else meanwhile: %d", status)
	}
	for _, bad := range [][]string{{"do", "account_disabled"}, {"do", "delete", "version", version("moi")}} {
		if status, _ := send(admin, "/accounts/moi", bad...); status != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, status)
		}
	}
	session := in("moi", own)
	if status, _ := send(admin, "/accounts/moi", "do", "account_disabled", "version", version("moi")); status != 303 {
		t.Errorf("disabled: %d", status)
	}
	logged("quan-tri account_disabled moi")
	page(session, "/account", 403)
	page(admin, "/accounts/moi", 200, "Mở khóa tài khoản", "Đã khóa")
	send(admin, "/accounts/moi", "do", "account_enabled", "version", version("moi"))
	status, body = send(admin, "/accounts/moi", "do", "password_changed", "version", version("moi"))
	again := freshPassword.FindStringSubmatch(body)
	if status != 200 || again == nil || again[1] == fresh[1] {
		t.Fatalf("a fresh password: %d %s", status, text(body))
	}
	in("moi", again[1])
	for _, do := range []string{"account_disabled", "account_changed", "password_changed"} {
		if status, _ := send(admin, "/accounts/quan-tri", "do", do, "version", version("quan-tri"), "role", "viewer"); status != 403 {
			t.Errorf("the admin does %s to himself: %d", do, status)
		}
	}

	for _, name := range []string{"lan", "minh", "xem", "ra-soat"} {
		b := in(name, password)
		before := len(verified(t, st))
		for _, path := range []string{"/accounts", "/accounts/moi"} {
			page(b, path, 403)
			if status, _ := send(b, path, "name", "another", "role", "admin", "do", "password_changed", "version", version("moi")); status != 403 {
				t.Errorf("%s posts to %s: %d", name, path, status)
			}
		}
		if len(verified(t, st)) != before {
			t.Errorf("%s changed something", name)
		}
		page(b, "/audit", map[bool]int{true: 200, false: 403}[name == "minh"])
		if menu := page(b, "/account", 200); strings.Contains(menu, `href="/accounts"`) || strings.Contains(menu, `href="/audit"`) != (name == "minh") {
			t.Errorf("%s is led to what is not his", name)
		}
	}
	stranger := newBrowser(t, base)
	for _, path := range []string{"/account", "/accounts", "/accounts/moi", "/audit"} {
		page(stranger, path, 403, "Cần đăng nhập")
	}
	for _, path := range []string{"/account", "/accounts", "/audit"} {
		page(newBrowser(t, opened(t, web.Options{Plan: p, Store: st, Access: st, Now: clock(p.Demo.AsOf)})), path, 404)
	}

	// The log: filtered, in parts, as a table, with the verdict on the whole of it.
	count := func(path string, says ...string) int {
		return strings.Count(page(admin, path, 200, says...), "<tr>") - 1
	}
	all := len(verified(t, st))
	if got := count("/audit", "Lần xem này chưa kiểm tra", "Đăng nhập không được", "Thêm tài khoản"); got != min(100, all) {
		t.Errorf("%d rows are shown of %d", got, all)
	}
	if got := count("/audit?verify=1&action=account_added", "✔ Nhật ký nguyên vẹn"); got != 7 || !strings.Contains(page(admin, "/audit?action=account_added", 200), `href="/audit?action=account_added&amp;verify=1"`) {
		t.Errorf("%d rows tell of new accounts beside the verdict on the whole log, or its link is missing", got)
	}
	if got := count("/audit?action=account_added&actor=quan-tri", "moi"); got != 1 {
		t.Errorf("%d rows tell that the admin added an account", got)
	}
	today := plan.DayOf(now)
	if got := count("/audit?from-day=" + (today + 1).String()); got != -1 {
		t.Errorf("%d rows of tomorrow", got)
	}
	if got := count("/audit?to-day=" + (today + 1).String()); got != min(100, all) {
		t.Errorf("%d rows up to tomorrow", got)
	}
	if got := count("/audit?q=HEAD+899"); got != 2 {
		t.Errorf("%d rows about a head of 899", got)
	}
	page(admin, "/audit?from-day=x", 400)
	page(admin, "/audit?from=100000", 400)
	if _, csv := admin.ask("GET", "/audit?action=account_added&format=csv", nil); strings.Count(csv, "\n") != 8 || !strings.Contains(csv, ",account_added,Thêm tài khoản,moi,127.0.0.1,head 899 version 1 sha256 ") {
		t.Errorf("CSV: %s", csv)
	}
	if err := st.For("other").SaveAccount(t.Context(), access.Account{Name: "fremd", Role: access.Admin, Password: "x"}, access.AccountAdded, "t", now); err != nil {
		t.Fatal(err)
	}
	verified(t, st)
}

// TestTamperedLogIsSaid shows a row that was changed in the store on the page of the log.
func TestTamperedLogIsSaid(t *testing.T) {
	p := load(t, kienGiang)
	dsn := enginetest.Database(t)
	st, err := schema.Open(t.Context(), dsn, p.Code)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	people(t, st)
	b := newBrowser(t, opened(t, web.Options{Plan: p, Store: st, Access: st, Keeper: st, Now: clock(p.Demo.AsOf)}))
	b.signIn("minh", password, "/")
	o, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(t.Context(), "ALTER TABLE audit UPDATE actor = 'somebody' WHERE seq = 2 SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	if res, body := b.ask("GET", "/audit", nil); res.StatusCode != 200 || !strings.Contains(text(body), "Lần xem này chưa kiểm tra") || strings.Contains(text(body), "nguyên vẹn") {
		t.Errorf("a log that nobody verified: %d %s", res.StatusCode, text(body))
	}
	if res, body := b.ask("GET", "/audit?verify=1", nil); res.StatusCode != 200 || !strings.Contains(text(body), "✖ Nhật ký") || !strings.Contains(text(body), "Dòng 2 đã bị sửa") || strings.Contains(text(body), "nguyên vẹn") {
		t.Errorf("%d %s", res.StatusCode, text(body))
	}
	if _, body := b.ask("GET", "/audit?verify=1&lang=en", nil); !strings.Contains(text(body), "Row 2 was changed") || strings.Contains(text(body), "Dòng") {
		t.Errorf("in English: %s", text(body))
	}
}

// The address that counts is that of the browser, as far as the proxies between are believed.
func TestBrowsersAddress(t *testing.T) {
	p := load(t, kienGiang)
	st := stored(t, p)
	people(t, st)
	for _, c := range []struct{ proxies, remote, forwarded, want string }{
		{"", "127.0.0.1:1", "192.0.2.1", "192.0.2.1"},
		{"", "172.18.0.5:1", "192.0.2.1", "172.18.0.5"},
		{"172.18.0.0/16", "172.18.0.5:1", "192.0.2.1", "192.0.2.1"},
		{"172.18.0.0/16", "172.18.0.5:1", "198.51.100.7, 192.0.2.1", "192.0.2.1"},
		{"172.18.0.0/16 10.0.0.1/32", "172.18.0.5:1", "192.0.2.1, 10.0.0.1", "192.0.2.1"},
		{"172.18.0.0/16", "127.0.0.1:1", "192.0.2.1", "127.0.0.1"},
		{"172.18.0.0/16", "172.18.0.5:1", "", "172.18.0.5"},
		{"172.18.0.0/16", "172.18.0.5:1", "nonsense", "172.18.0.5"},
		{"172.18.0.0/16", "[::ffff:172.18.0.5]:1", "2001:db8::7", "2001:db8::7"},
	} {
		o := web.Options{Plan: p, Store: st, Access: st, Now: clock(p.Demo.AsOf)}
		for _, x := range strings.Fields(c.proxies) {
			o.Proxies = append(o.Proxies, netip.MustParsePrefix(x))
		}
		h, err := web.New(o)
		if err != nil {
			t.Fatal(err)
		}
		rec := get(h, "/login")
		r := httptest.NewRequest("POST", "/login", strings.NewReader(url.Values{"token": {tokenOf(t, rec.Body.String())}, "name": {"nobody"}, "password": {"x"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(rec.Result().Cookies()[0])
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		h.ServeHTTP(httptest.NewRecorder(), r)
		if rows := verified(t, st); rows[len(rows)-1].Address != c.want {
			t.Errorf("%s by %q, believing %q: %q, want %q", c.remote, c.forwarded, c.proxies, rows[len(rows)-1].Address, c.want)
		}
	}
}
