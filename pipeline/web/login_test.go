package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
	"tiendo/pipeline/web/browsertest"
	"tiendo/schema"
)

const password = "bốn từ dễ nhớ"

// people are accounts of a store, all with the one password.
func people(t *testing.T, st *schema.Store) {
	t.Helper()
	hash := access.Hash(password)
	for _, a := range []access.Account{
		{Name: "lan", Role: access.Officer, Unit: plan.UnitKey{Code: "899", From: plan.NoDay}, Password: hash},
		{Name: "minh", Role: access.Approver, Password: hash},
		{Name: "cuong", Role: access.Viewer, Password: hash, Disabled: true},
	} {
		if err := st.SaveAccount(t.Context(), a, access.AccountAdded, "t", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// browser keeps cookies and follows nothing.
type browser struct {
	t    *testing.T
	base string
	*http.Client
}

func newBrowser(t *testing.T, base string) browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, base, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b browser) ask(method, path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var body strings.Builder
	if _, err := io.Copy(&body, res.Body); err != nil {
		b.t.Fatal(err)
	}
	return res, body.String()
}

var tokenField = regexp.MustCompile(`name="token" value="([0-9a-f]{64})"`)

func tokenOf(t *testing.T, body string) string {
	t.Helper()
	all := tokenField.FindAllStringSubmatch(body, -1) // the header has a form too, where somebody is signed in
	if all == nil {
		t.Fatalf("no token in: %s", text(body))
	}
	return all[len(all)-1][1]
}

func (b browser) signIn(name, password, next string, header ...string) (*http.Response, string) {
	b.t.Helper()
	_, page := b.ask("GET", "/login", nil)
	return b.ask("POST", "/login", url.Values{"token": {tokenOf(b.t, page)}, "name": {name}, "password": {password}, "next": {next}}, header...)
}

func opened(t *testing.T, o web.Options) string {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil)) // a page that fails says why there only
	}
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestSigningIn(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	clockNow := time.Now()
	o := web.Options{Plan: p, Store: st, Access: st, Now: clock(p.Demo.AsOf), Notice: notice, Clock: func() time.Time { return clockNow }}
	told := func(t *testing.T) (all []string) {
		t.Helper()
		rows, err := st.Audit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		marks, err := st.AuditMarks(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p := access.Verify(p.Code, rows, marks); len(p) > 0 {
			t.Error(p)
		}
		for _, r := range rows {
			all = append(all, strings.TrimSpace(r.Action+" "+r.Subject+" "+r.Detail))
			if strings.Contains(r.Subject+r.Detail+r.Actor, password) || strings.Contains(r.Subject, "typed") {
				t.Errorf("the log holds what was typed: %+v", r)
			}
		}
		return all
	}
	last := func(t *testing.T, want string) {
		t.Helper()
		all := told(t)
		if got := all[len(all)-1]; got != want {
			t.Errorf("the log ends with %q, want %q", got, want)
		}
	}

	t.Run("in and out", func(t *testing.T) {
		b := newBrowser(t, opened(t, o))
		if res, body := b.ask("GET", "/", nil); res.StatusCode != 200 || !strings.Contains(text(body), "Đăng nhập") || len(res.Cookies()) != 0 {
			t.Errorf("a page without sign-in: %d, cookies %v", res.StatusCode, res.Cookies())
		}
		res, _ := b.signIn(" Lan ", password, "/heat?level=commune")
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/heat?level=commune" {
			t.Fatalf("status %d to %q", res.StatusCode, res.Header.Get("Location"))
		}
		var session *http.Cookie
		for _, c := range res.Cookies() {
			if c.Name == "tiendo_session" {
				session = c
			}
		}
		if session == nil || !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Secure || session.Path != "/" {
			t.Errorf("cookie %+v", session)
		}
		last(t, "sign_in lan")
		res, body := b.ask("GET", "/", nil)
		if seen := text(body); !strings.Contains(seen, "lan Đăng xuất") || res.Header.Get("Cache-Control") != "private, no-store" && !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("signed in, the page says: %.200s, %v", seen, res.Header)
		}
		token := tokenOf(t, body)
		for name, c := range map[string]struct {
			method string
			form   url.Values
			header []string
			want   int
		}{
			"no token":           {"POST", url.Values{}, nil, 403},
			"a wrong token":      {"POST", url.Values{"token": {strings.Repeat("0", 64)}}, nil, 403},
			"from another site":  {"POST", url.Values{"token": {token}}, []string{"Sec-Fetch-Site", "cross-site"}, 403},
			"of another origin":  {"POST", url.Values{"token": {token}}, []string{"Origin", "http://elsewhere.example"}, 403},
			"by a link":          {"GET", nil, nil, 405},
			"a page takes posts": {"PUT", url.Values{"token": {token}}, nil, 405},
		} {
			if res, _ := b.ask(c.method, "/logout", c.form, c.header...); res.StatusCode != c.want {
				t.Errorf("%s: signing out gives %d", name, res.StatusCode)
			}
		}
		last(t, "sign_in lan")
		if res, _ := b.ask("POST", "/logout", url.Values{"token": {token}}, "Sec-Fetch-Site", "same-origin"); res.StatusCode != http.StatusSeeOther {
			t.Errorf("signing out: %d", res.StatusCode)
		}
		last(t, "sign_out lan")
		if _, body := b.ask("GET", "/", nil); strings.Contains(text(body), "Đăng xuất") {
			t.Error("still signed in")
		}
		old := newBrowser(t, b.base) // a cookie that somebody kept
		if _, body := old.ask("GET", "/", nil, "Cookie", "tiendo_session="+session.Value); strings.Contains(text(body), "Đăng xuất") {
			t.Error("the cookie of a session that was ended opens the site")
		}
	})

	t.Run("session is renewed", func(t *testing.T) {
		b := newBrowser(t, opened(t, o))
		value := func(res *http.Response) string {
			for _, c := range res.Cookies() {
				if c.Name == "tiendo_session" {
					return c.Value
				}
			}
			return ""
		}
		first, _ := b.signIn("lan", password, "")
		second, _ := b.signIn("minh", password, "")
		if value(first) == "" || value(second) == "" || value(first) == value(second) {
			t.Errorf("sessions %q, then %q", value(first), value(second))
		}
	})

	t.Run("refused", func(t *testing.T) {
		base := opened(t, o)
		for _, c := range []struct{ name, password, told string }{
			{"lan", "một mật khẩu khác", "sign_in_failed lan wrong_password"},
			{"lan", "", "sign_in_failed lan wrong_password"},
			{"cuong", password, "sign_in_failed cuong disabled"},
			{"typed.secret", password, "sign_in_failed  unknown_name"},
			{"typed Secret 1!", password, "sign_in_failed  unknown_name"},
		} {
			b := newBrowser(t, base)
			res, body := b.signIn(c.name, c.password, "/")
			if res.StatusCode != http.StatusForbidden || !strings.Contains(text(body), "không đúng, hoặc tài khoản đã bị khóa") || strings.Contains(body, password) {
				t.Errorf("%s: %d %s", c.name, res.StatusCode, text(body))
			}
			last(t, c.told)
			if _, body := b.ask("GET", "/", nil); strings.Contains(text(body), "Đăng xuất") {
				t.Errorf("%s is in", c.name)
			}
		}
		b := newBrowser(t, base)
		before := len(told(t))
		if res, _ := b.ask("POST", "/login", url.Values{"name": {"lan"}, "password": {password}}); res.StatusCode != http.StatusForbidden {
			t.Errorf("without a token: %d", res.StatusCode)
		}
		if res, _ := b.signIn("lan", password, "/", "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
			t.Errorf("from another site: %d", res.StatusCode)
		}
		if got := len(told(t)); got != before {
			t.Errorf("the log grew by %d", got-before)
		}
	})

	t.Run("throttled", func(t *testing.T) {
		base := opened(t, o)
		b := newBrowser(t, base)
		for range 5 {
			b.signIn("minh", "wrong", "/")
		}
		before := len(told(t))
		for range 3 {
			res, body := b.signIn("minh", password, "/")
			if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "30" || !strings.Contains(text(body), "thử lại sau 30 giây") {
				t.Errorf("%d, %v", res.StatusCode, res.Header)
			}
		}
		if got := len(told(t)); got != before+1 {
			t.Errorf("the log grew by %d", got-before)
		}
		last(t, "sign_in_throttled minh")
		if res, _ := b.signIn("lan", password, "/"); res.StatusCode != http.StatusSeeOther {
			t.Errorf("another name waits too: %d", res.StatusCode)
		}
		clockNow = clockNow.Add(time.Minute)
		if res, _ := b.signIn("minh", password, "/"); res.StatusCode != http.StatusSeeOther {
			t.Errorf("after the wait: %d", res.StatusCode)
		}
	})

	t.Run("where to", func(t *testing.T) {
		b := newBrowser(t, opened(t, o))
		for next, want := range map[string]string{"": "/", "/unit/899@2024-01-01": "/unit/899@2024-01-01", "//elsewhere.example/": "/", "https://elsewhere.example/": "/", `/\elsewhere.example`: "/", "heat": "/", "/logout": "/",
			"javascript:alert(1)": "/", "/\t/elsewhere.example": "/"} {
			if res, _ := b.signIn("lan", password, next); res.Header.Get("Location") != want {
				t.Errorf("%q leads to %q", next, res.Header.Get("Location"))
			}
		}
	})

	t.Run("the account changes", func(t *testing.T) {
		b := newBrowser(t, opened(t, o))
		a, err := st.Account(t.Context(), "minh")
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(*access.Account){func(a *access.Account) { a.Password = access.Hash(password) }, func(a *access.Account) { a.Role = access.Viewer }, func(a *access.Account) { a.Disabled = true }} {
			b.signIn("minh", password, "/")
			if _, body := b.ask("GET", "/", nil); !strings.Contains(text(body), "minh Đăng xuất") {
				t.Fatal("not signed in")
			}
			change(&a)
			if err := st.SaveAccount(t.Context(), a, access.PasswordChanged, "t", time.Now()); err != nil {
				t.Fatal(err)
			}
			if _, body := b.ask("GET", "/", nil); strings.Contains(text(body), "Đăng xuất") {
				t.Error("still signed in")
			}
		}
	})

	t.Run("lifetimes", func(t *testing.T) {
		for name, short := range map[string]web.Options{"idle": {Idle: time.Millisecond}, "absolute": {Lifetime: time.Millisecond}} {
			o := o
			o.Idle, o.Lifetime = short.Idle, short.Lifetime
			b := newBrowser(t, opened(t, o))
			if res, _ := b.signIn("lan", password, "/"); res.StatusCode != http.StatusSeeOther {
				t.Fatalf("%s: %d", name, res.StatusCode)
			}
			time.Sleep(5 * time.Millisecond)
			if _, body := b.ask("GET", "/", nil); strings.Contains(text(body), "Đăng xuất") {
				t.Errorf("%s: still signed in", name)
			}
		}
	})

	t.Run("required", func(t *testing.T) {
		o := o
		o.RequireLogin = true
		b := newBrowser(t, opened(t, o))
		for path, want := range map[string]int{"/": 303, "/heat?level=commune": 303, "/unit/899?format=csv": 303, "/nowhere": 303, "/api/v1/units": 403, "/login": 200, "/healthz": 200, "/readyz": 200, "/static/style.css": 200} {
			res, body := b.ask("GET", path, nil)
			if res.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
			}
			if path == "/api/v1/units" && (res.Header.Get("Content-Type") != "application/problem+json; charset=utf-8" || !strings.Contains(body, `"status":403`)) {
				t.Errorf("a program is told in the form of %s: %s", res.Header.Get("Content-Type"), body)
			}
			if want == 303 && (res.Header.Get("Location") != "/login?next="+url.QueryEscape(path) || strings.Contains(body, "Rạch Giá")) {
				t.Errorf("%s leads to %s", path, res.Header.Get("Location"))
			}
		}
		b.signIn("lan", password, "/")
		if res, body := b.ask("GET", "/heat", nil); res.StatusCode != 200 || !strings.Contains(text(body), "Rạch Giá") {
			t.Errorf("signed in: %d", res.StatusCode)
		}
		if _, err := web.New(web.Options{Plan: p, Store: st, Now: time.Now, RequireLogin: true}); err == nil {
			t.Error("a site that nobody can sign in to starts")
		}
	})

	t.Run("below a path", func(t *testing.T) {
		o := o
		o.Site = "https://so.example/tien-do/"
		base := opened(t, o)
		outside := regexp.MustCompile(`(?:href|src|action)="/(?:[^t]|t[^i]|ti[^e])[^"]*"`)
		b := newBrowser(t, base)
		for _, path := range []string{"/", "/heat", "/indicator/CQS-02?unit=899", "/unit/899", "/review/2025-W26", "/freshness", "/runbook", "/login", "/nowhere", "/search?q=kien"} {
			for _, prefix := range []string{"", "/tien-do"} { // proxies that take the path away, and that do not
				_, body := b.ask("GET", prefix+path, nil)
				if m := outside.FindString(body); m != "" {
					t.Errorf("%s%s has %s", prefix, path, m)
				}
				if !strings.Contains(body, `href="/tien-do/static/style.css?v=`) || strings.Contains(body, "/tien-do/tien-do") {
					t.Errorf("%s%s: the style sheet is elsewhere", prefix, path)
				}
			}
		}
		if res, _ := b.ask("GET", "/tien-do/static/icon.svg", nil); res.StatusCode != 200 {
			t.Errorf("static: %d", res.StatusCode)
		}
		if res, _ := b.ask("GET", "/tien-do/review", nil); !strings.HasPrefix(res.Header.Get("Location"), "/tien-do/review/2025-W") {
			t.Errorf("the week leads to %q", res.Header.Get("Location"))
		}
		if res, _ := b.ask("GET", "/tien-do", nil); res.Header.Get("Location") != "/tien-do/" {
			t.Errorf("the path alone leads to %q", res.Header.Get("Location"))
		}
		res, page := newBrowser(t, base).ask("GET", "/tien-do/login", nil)
		cookies := res.Cookies()
		if len(cookies) != 1 || !cookies[0].Secure || cookies[0].Path != "/tien-do/" {
			t.Fatalf("cookies %v", cookies)
		}
		// The proxy speaks plain HTTP to us, so the jar would keep the secure cookie to itself.
		res, _ = b.ask("POST", "/login", url.Values{"token": {tokenOf(t, page)}, "name": {"lan"}, "password": {password}, "next": {"/heat"}},
			"Cookie", "tiendo_form="+cookies[0].Value, "Origin", "https://so.example")
		if res.Header.Get("Location") != "/tien-do/heat" {
			t.Errorf("status %d to %q", res.StatusCode, res.Header.Get("Location"))
		}
		for _, c := range res.Cookies() {
			if !c.Secure || c.Path != "/tien-do/" || !c.HttpOnly {
				t.Errorf("cookie %v", c)
			}
		}
	})

	t.Run("address", func(t *testing.T) {
		h, err := web.New(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ remote, forwarded, want string }{
			{"10.0.0.7:1234", "", "10.0.0.7"}, {"10.0.0.7:1234", "192.0.2.1", "10.0.0.7"}, {"127.0.0.1:1", "192.0.2.1, 10.1.2.3", "10.1.2.3"}, {"[::1]:1", "nonsense", "::1"}, {"[::ffff:10.0.0.8]:1", "", "10.0.0.8"},
		} {
			rec := get(h, "/login")
			r := httptest.NewRequest("POST", "/login", strings.NewReader(url.Values{"token": {tokenOf(t, rec.Body.String())}, "name": {"lan"}, "password": {password}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(rec.Result().Cookies()[0])
			r.RemoteAddr = c.remote
			r.Header.Set("X-Forwarded-For", c.forwarded)
			h.ServeHTTP(httptest.NewRecorder(), r)
			rows, err := st.Audit(t.Context())
			if err != nil || rows[len(rows)-1].Address != c.want {
				t.Errorf("%s by %q: %q, want %q: %v", c.remote, c.forwarded, rows[len(rows)-1].Address, c.want, err)
			}
		}
	})
}

// Signing in and out by keyboard alone, in a real browser: the cookies and the form's token hold there, and nothing of another
// site is needed.
func TestSigningInInABrowser(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	base := opened(t, web.Options{Plan: p, Store: st, Access: st, Now: clock(p.Demo.AsOf), Notice: notice, RequireLogin: true})

	ctx, cancel := context.WithTimeout(browsertest.Tab(t), time.Minute)
	defer cancel()
	says := func(want string) {
		t.Helper()
		seen := ""
		for !strings.Contains(seen, want) && ctx.Err() == nil { // the page may still be coming
			seen, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`document.body?.innerText || ""`))
		}
		if !strings.Contains(seen, want) {
			t.Fatalf("the page does not say %q: %.300s", want, seen)
		}
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Navigate(base + "/unit/899"))
	says("Tên tài khoản")
	do(chromedp.SendKeys("#name", "lan\t"), chromedp.KeyEvent("sai mật khẩu rồi\r"))
	says("không đúng, hoặc tài khoản đã bị khóa")
	do(chromedp.SendKeys("#password", password+"\r")) // the name is still there
	says("hoạt động đến hết ngày")                    // the page that was asked for
	do(chromedp.Click(`form.who button`))
	says("Tên tài khoản")
	do(chromedp.Navigate(base + "/unit/899"))
	says("Tên tài khoản")
}
