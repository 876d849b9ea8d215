package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
)

// Access is what signing in needs of the store.
type Access interface {
	// Account is the newest version of a name's account; access.ErrNoAccount where there is none.
	Account(ctx context.Context, name string) (access.Account, error)
	// Record returns when the audit log tells of the event. What it tells of happens only then.
	Record(ctx context.Context, e access.Event) (access.Row, error)
}

// How long a session lasts without a request, and at most.
const (
	sessionIdle     = time.Hour
	sessionLifetime = 12 * time.Hour
)

// hashing limits how many passwords are tried at once: each takes 19 MiB and a core.
const hashing = 4

// door is who is let in. Sessions are kept in memory: there is one process that serves, a restart asks everybody to sign in again,
// and neither the database nor its backups hold anything that opens the site. (The database could keep them only as one more
// row for every request, as its rows are not changed.)
type door struct {
	Access
	sessions *scs.SessionManager
	throttle *access.Throttle
	origin   *http.CrossOriginProtection
	key      []byte // of the form tokens of this process
	trying   chan struct{}
	secure   bool
	provider provider // of OpenID Connect
}

// who is the person that asks.
type who struct {
	access.Account
	Token string // for the forms of the page
}

type whoKey struct{}

// whoAsks is nil where nobody is signed in.
func whoAsks(ctx context.Context) *who {
	w, _ := ctx.Value(whoKey{}).(*who)
	return w
}

func newDoor(o Options, prefix string) (*door, error) {
	d := &door{Access: o.Access, sessions: scs.New(), throttle: access.NewThrottle(o.Clock), origin: http.NewCrossOriginProtection(), key: make([]byte, 32), trying: make(chan struct{}, hashing)}
	rand.Read(d.key) // never fails, says crypto/rand
	if u, err := url.Parse(o.Site); err == nil && u.Host != "" {
		d.secure = u.Scheme == "https"
		if err := d.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("web: address of the site: %w", err)
		}
	}
	d.sessions.IdleTimeout, d.sessions.Lifetime = cmp.Or(o.Idle, sessionIdle), cmp.Or(o.Lifetime, sessionLifetime)
	d.sessions.HashTokenInStore = true
	d.sessions.Cookie = scs.SessionCookie{Name: "tiendo_session", Path: prefix + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: d.secure}
	return d, nil
}

// token belongs to a form and to the cookie that it was sent with; no other site knows it.
func (d *door) token(cookie string) string {
	m := hmac.New(sha256.New, d.key)
	m.Write([]byte(cookie))
	return hex.EncodeToString(m.Sum(nil))
}

// rightToken holds the form's token against the cookie.
func (d *door) rightToken(r *http.Request, cookie string) bool {
	return cookie != "" && hmac.Equal([]byte(r.PostFormValue("token")), []byte(d.token(cookie)))
}

// Where one comes in and goes out; both are open to whoever is not in.
const (
	loginPath  = "/login"
	logoutPath = "/logout"
)

func atDoor(path string) bool {
	return path == loginPath || path == logoutPath || strings.HasPrefix(path, loginPath+"/")
}

// prefixOf is the path of the site's address without the last slash, where a proxy shows the site below a path.
func prefixOf(site string) (string, error) {
	u, err := url.Parse(site)
	if err != nil {
		return "", fmt.Errorf("web: address of the site: %w", err)
	}
	prefix := strings.TrimRight(u.EscapedPath(), "/")
	if strings.ContainsAny(prefix, `"'<>&;`) {
		return "", fmt.Errorf("web: the path %q of the site's address: take letters, digits and dashes", prefix)
	}
	return prefix, nil
}

// below takes the prefix from addresses that still have it: some proxies take it away, some do not.
func below(prefix string, next http.Handler) http.Handler {
	if prefix == "" {
		return next
	}
	stripped := http.StripPrefix(prefix, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == prefix:
			http.Redirect(w, r, prefix+"/", http.StatusMovedPermanently)
		case strings.HasPrefix(r.URL.Path, prefix+"/"):
			stripped.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// prefixed sets the prefix before every address of a page on this site. What people wrote cannot look like an attribute, because
// templates escape its quotes.
func prefixed(page []byte, prefix string) []byte {
	if prefix == "" {
		return page
	}
	for _, attribute := range []string{` href="/`, ` src="/`, ` action="/`} {
		page = bytes.ReplaceAll(page, []byte(attribute), []byte(strings.TrimSuffix(attribute, "/")+prefix+"/"))
	}
	return page
}

// gate finds out who asks, refuses what another site makes a browser send, and where the site asks for it lets nobody in who has
// not signed in. Machines that watch the program need no account: /metrics, /healthz, /readyz.
func (s *site) gate(next http.Handler) http.Handler {
	if s.door == nil {
		return next
	}
	s.door.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.refuse(w, r, err) }
	s.door.origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, &refusal{http.StatusForbidden, "Yêu cầu đến từ trang khác", "Trình duyệt báo rằng yêu cầu này do một trang khác gửi nên không được nhận. Đề nghị mở trang này và làm lại.", nil})
	}))
	inside := s.door.sessions.LoadAndSave(s.door.origin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, err := s.signedIn(r.Context())
		switch {
		case err != nil:
			s.refuse(w, r, err)
			return
		case person != nil:
			r = r.WithContext(context.WithValue(r.Context(), whoKey{}, person))
		case !s.RequireLogin || atDoor(r.URL.Path):
		case strings.HasPrefix(r.URL.Path, apiPath): // programs are told in their own form
			s.problem(w, r, &refusal{http.StatusForbidden, "Cần đăng nhập", "Máy chủ này chỉ cho xem dữ liệu sau khi đăng nhập tại /login; gửi cookie của phiên đăng nhập kèm yêu cầu.", nil})
			return
		case r.Method != http.MethodGet:
			plain(w, http.StatusForbidden, "Cần đăng nhập để xem.\n")
			return
		default:
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, s.prefix+"/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; strings.HasPrefix(p, "/static/") || p == "/healthz" || p == "/readyz" || p == "/metrics" {
			next.ServeHTTP(w, r)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

// signedIn is who the session belongs to. A session ends when its account is disabled, gets another password or role.
func (s *site) signedIn(ctx context.Context) (*who, error) {
	d := s.door
	name := d.sessions.GetString(ctx, "name")
	if name == "" {
		return nil, nil
	}
	a, err := d.Account(ctx, name)
	if err != nil && !errors.Is(err, access.ErrNoAccount) {
		return nil, err
	}
	if err != nil || int64(a.Version) != d.sessions.GetInt64(ctx, "version") || !access.May(a, access.View, plan.UnitKey{}) {
		return nil, d.sessions.Destroy(ctx)
	}
	return &who{Account: a, Token: d.token(d.sessions.Token(ctx))}, nil
}

// formCookie is what the token of the sign-in form belongs to, before there is a session.
const formCookie = "tiendo_form"

// login is the page to sign in, and what it sends.
func (s *site) login(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
		_ = r.ParseForm() // a form that cannot be read has no token
		s.signIn(ctx, w, r)
		return
	}
	s.loginPage(w, r, http.StatusOK, "", "", r.URL.Query().Get("next"))
}

func (s *site) loginPage(w http.ResponseWriter, r *http.Request, status int, problem, name, next string) {
	cookie := ""
	if c, err := r.Cookie(formCookie); err == nil && len(c.Value) == 52 {
		cookie = c.Value
	} else {
		cookie = rand.Text() + rand.Text()
		http.SetCookie(w, &http.Cookie{Name: formCookie, Value: cookie, Path: s.prefix + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.door.secure})
	}
	p := s.newPage("login", "Đăng nhập")
	p.Nav = s.nav(&ask{asOf: plan.NoDay, knownOn: plan.NoDay}, "")
	p.Body = struct{ Problem, Name, Next, Token, OpenID string }{problem, name, local(next), s.door.token(cookie), s.openIDLink(next)}
	s.render(w, r, p, status)
}

// openIDLink leads to the provider and from there to the page that was asked for; empty: there is none.
func (s *site) openIDLink(next string) string {
	if s.OpenID == nil {
		return ""
	}
	return openIDPath + "?next=" + url.QueryEscape(local(next))
}

// local is the address if it lies on this site, or the first page.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(next, "\\\r\n\t") || atDoor(u.Path) {
		return "/"
	}
	return u.RequestURI()
}

func (s *site) signIn(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	d, typed, next := s.door, r.PostFormValue("name"), r.PostFormValue("next")
	c, err := r.Cookie(formCookie)
	if err != nil || !d.rightToken(r, c.Value) {
		s.loginPage(w, r, http.StatusForbidden, "Trang đăng nhập đã cũ hoặc trình duyệt không giữ cookie. Đề nghị nhập lại.", typed, next)
		return
	}
	name := access.FoldName(typed)
	if access.CheckName(name) != nil {
		name = "" // what was typed may be a password: it stands in no log
	}
	from := address(r)
	if wait, first := d.throttle.Attempt(name, from); wait > 0 {
		if first {
			if _, err := d.Record(ctx, access.Event{At: s.Clock(), Action: access.SignInThrottled, Subject: s.holder(ctx, name), Address: from}); err != nil {
				s.refuse(w, r, err)
				return
			}
		}
		seconds := int(math.Ceil(wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		s.loginPage(w, r, http.StatusTooManyRequests, fmt.Sprintf("Đã nhập sai nhiều lần. Đề nghị thử lại sau %d giây.", seconds), typed, next)
		return
	}
	a, why, err := s.judge(ctx, name, r.PostFormValue("password"))
	if err == nil && why != "" {
		subject := a.Name // only of an account that is there
		_, err = d.Record(ctx, access.Event{At: s.Clock(), Action: access.SignInFailed, Subject: subject, Address: from, Detail: why})
		if err == nil {
			s.loginPage(w, r, http.StatusForbidden, "Tên tài khoản hoặc mật khẩu không đúng, hoặc tài khoản đã bị khóa.", typed, next)
			return
		}
	}
	if err == nil {
		err = s.enterAs(ctx, r, a, "")
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	d.throttle.Succeeded(name, from)
	http.Redirect(w, r, s.prefix+local(next), http.StatusSeeOther)
}

// enterAs begins a session of the account, once the audit log has told of it; how says by what other way than the password.
func (s *site) enterAs(ctx context.Context, r *http.Request, a access.Account, how string) error {
	d := s.door
	if _, err := d.Record(ctx, access.Event{At: s.Clock(), Actor: a.Name, Action: access.SignedIn, Subject: a.Name, Address: address(r), Detail: how}); err != nil {
		return err
	}
	if err := d.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	d.sessions.Put(r.Context(), "name", a.Name)
	d.sessions.Put(r.Context(), "version", int64(a.Version))
	return nil
}

// holder is the name if an account has it.
func (s *site) holder(ctx context.Context, name string) string {
	a, _ := s.door.Account(ctx, name)
	return a.Name
}

// judge says why the name may not come in; empty: it may. It takes as long for a name that is not there.
func (s *site) judge(ctx context.Context, name, password string) (a access.Account, why string, err error) {
	select {
	case s.door.trying <- struct{}{}:
		defer func() { <-s.door.trying }()
	case <-ctx.Done():
		return a, "", ctx.Err()
	}
	a, err = s.door.Account(ctx, name)
	switch {
	case errors.Is(err, access.ErrNoAccount):
		access.SpendTime(password)
		return access.Account{}, "unknown_name", nil
	case err != nil:
		return access.Account{}, "", err
	case !access.Matches(a.Password, password):
		return a, "wrong_password", nil
	case a.Disabled:
		return a, "disabled", nil
	}
	return a, "", nil
}

// logout ends the session.
func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	person := whoAsks(ctx)
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST")
		plain(w, http.StatusMethodNotAllowed, "Đăng xuất bằng nút trên trang.\n")
		return
	case person == nil:
		http.Redirect(w, r, s.prefix+"/login", http.StatusSeeOther)
		return
	case !s.door.rightToken(r, s.door.sessions.Token(ctx)):
		s.refuse(w, r, &refusal{http.StatusForbidden, "Yêu cầu không hợp lệ", "Biểu mẫu không thuộc phiên đăng nhập này. Đề nghị mở lại trang và làm lại.", nil})
		return
	}
	_, err := s.door.Record(ctx, access.Event{At: s.Clock(), Actor: person.Name, Action: access.SignedOut, Subject: person.Name, Address: address(r)})
	if err == nil {
		err = s.door.sessions.Destroy(r.Context())
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	http.Redirect(w, r, s.prefix+"/login", http.StatusSeeOther)
}

type addressKey struct{}

// loopback are the proxies that are believed where none is named: those on this machine.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// addressed notes where the browser is: what connects, or behind proxies that are believed the nearest address that is none of theirs.
func (s *site) addressed(next http.Handler) http.Handler {
	proxies := s.Proxies
	if proxies == nil {
		proxies = loopback
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), addressKey{}, browserOf(r, proxies))))
	})
}

// address is where the browser is; empty: not in a network.
func address(r *http.Request) string {
	a, _ := r.Context().Value(addressKey{}).(string)
	return a
}

// browserOf goes back through what the proxies wrote, from the last one on, as long as they are believed.
func browserOf(r *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	plain := func(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
	ip = plain(ip)
	believed := func() bool { return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) }) }
	all := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(all) - 1; i >= 0 && believed(); i-- {
		told, err := netip.ParseAddr(strings.TrimSpace(all[i]))
		if err != nil {
			break
		}
		ip = plain(told)
	}
	return ip.String()
}
