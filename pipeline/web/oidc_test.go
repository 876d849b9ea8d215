package web_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tiendo/pipeline/web"
)

// identity is a small OpenID provider: discovery, keys, the authorization and the token endpoint with PKCE and RS256. What it puts in a token
// can be spoilt.
type identity struct {
	*httptest.Server
	t      *testing.T
	key    *rsa.PrivateKey
	mu     sync.Mutex
	codes  map[string]url.Values // what was asked for with the code
	claims map[string]any        // of the next token, over the right ones
	sign   *rsa.PrivateKey       // signs in the place of key
	alg    string
}

const (
	openIDClient = "tiendo"
	openIDSecret = "một bí mật"
	openIDSite   = "http://so.example/tien-do"
)

func newIdentity(t *testing.T) *identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &identity{t: t, key: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("response_type") != "code" || q.Get("client_id") != openIDClient || q.Get("redirect_uri") != openIDSite+"/login/openid/callback" || q.Get("code_challenge_method") != "S256" || !strings.Contains(q.Get("scope"), "openid") {
			t.Errorf("asked with %v", q)
		}
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = q
		p.mu.Unlock()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		name, secret, ok := r.BasicAuth()
		if ok {
			secret, _ = url.QueryUnescape(secret)
		} else {
			name, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		q, known := p.codes[r.PostFormValue("code")]
		delete(p.codes, r.PostFormValue("code"))
		challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !known || name != openIDClient || secret != openIDSecret || b64(challenge[:]) != q.Get("code_challenge") || r.PostFormValue("redirect_uri") != q.Get("redirect_uri") {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant"})
			return
		}
		claims := map[string]any{"iss": p.URL, "sub": "1", "aud": openIDClient, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": q.Get("nonce"), "preferred_username": "lan"}
		for k, v := range p.claims {
			claims[k] = v
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": p.token(claims)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *identity) token(claims map[string]any) string {
	alg, key := "RS256", p.key
	if p.alg != "" {
		alg = p.alg
	}
	if p.sign != nil {
		key = p.sign
	}
	head, _ := json.Marshal(map[string]string{"alg": alg, "kid": "1", "typ": "JWT"})
	body, _ := json.Marshal(claims)
	text := b64(head) + "." + b64(body)
	if alg == "none" {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	return text + "." + b64(signature)
}

// TestOpenID signs in by a real provider, and tries everything that must not open the site.
func TestOpenID(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	people(t, st)
	idp := newIdentity(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	o := web.Options{Plan: p, Store: st, Access: st, Now: clock(p.Demo.AsOf), Clock: func() time.Time { return now }, RequireLogin: true, Site: openIDSite,
		OpenID: &web.OpenID{Issuer: idp.URL, Client: openIDClient, Secret: openIDSecret}}
	base := opened(t, o)
	last := func() string {
		rows := verified(t, st)
		r := rows[len(rows)-1]
		return strings.TrimSpace(r.Action + " " + r.Subject + " " + r.Detail)
	}
	// away goes to the provider and gives where it sends the browser back to.
	away := func(b browser) *url.URL {
		t.Helper()
		res, body := b.ask("GET", "/login/openid?next=%2Fheat%3Flevel%3Dcommune", nil)
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), idp.URL+"/authorize?") {
			t.Fatalf("%d to %q: %s", res.StatusCode, res.Header.Get("Location"), text(body))
		}
		at, err := b.Get(res.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		at.Body.Close()
		back, err := url.Parse(at.Header.Get("Location"))
		if err != nil || !strings.HasPrefix(back.String(), openIDSite+"/login/openid/callback?") {
			t.Fatalf("the provider sends back to %q: %v", back, err)
		}
		return back
	}
	in := func(b browser) bool {
		res, _ := b.ask("GET", "/heat", nil)
		return res.StatusCode == 200
	}
	fresh := func() browser { return newBrowser(t, base+"/tien-do") } // below the proxy's path
	home := func(back *url.URL) string { return "/login/openid/callback?" + back.RawQuery }

	_, page := fresh().ask("GET", "/login?next=%2Fheat", nil)
	if !strings.Contains(page, `href="/tien-do/login/openid?next=%2Fheat"`) {
		t.Errorf("the page to sign in does not lead there: %s", text(page))
	}

	b := fresh()
	back := away(b)
	res, body := b.ask("GET", home(back), nil)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/tien-do/heat?level=commune" || !in(b) {
		t.Fatalf("not in: %d to %q: %s", res.StatusCode, res.Header.Get("Location"), text(body))
	}
	if got := last(); got != "sign_in lan openid" {
		t.Errorf("the log ends with %q", got)
	}
	if res, _ := b.ask("GET", home(back), nil); res.StatusCode != 403 {
		t.Errorf("sent back a second time: %d", res.StatusCode)
	}
	if res, _ := fresh().ask("GET", home(back), nil); res.StatusCode != 403 {
		t.Errorf("another browser: %d", res.StatusCode)
	}

	for name, c := range map[string]struct {
		claims map[string]any
		spoil  func(*url.URL)
		sign   *rsa.PrivateKey
		alg    string
		later  time.Duration
		says   string
	}{
		"another state":          {spoil: func(u *url.URL) { set(u, "state", "x") }, says: "không bắt đầu từ trang này"},
		"no state":               {spoil: func(u *url.URL) { set(u, "state", "") }, says: "không bắt đầu từ trang này"},
		"too late":               {later: 11 * time.Minute, says: "quá hạn"},
		"the provider says no":   {spoil: func(u *url.URL) { set(u, "error", "access_denied") }, says: "không cho đăng nhập"},
		"another code":           {spoil: func(u *url.URL) { set(u, "code", "x") }, says: "không hợp lệ"},
		"no code":                {spoil: func(u *url.URL) { set(u, "code", "") }, says: "không hợp lệ"},
		"another nonce":          {claims: map[string]any{"nonce": "x"}, says: "không hợp lệ"},
		"no nonce":               {claims: map[string]any{"nonce": ""}, says: "không hợp lệ"},
		"another audience":       {claims: map[string]any{"aud": "another"}, says: "không hợp lệ"},
		"another issuer":         {claims: map[string]any{"iss": "https://elsewhere.example"}, says: "không hợp lệ"},
		"an expired token":       {claims: map[string]any{"exp": now.Add(-time.Minute).Unix()}, says: "không hợp lệ"},
		"another's key":          {sign: stranger, says: "không hợp lệ"},
		"no signature":           {alg: "none", says: "không hợp lệ"},
		"a name without account": {claims: map[string]any{"preferred_username": "nobody"}, says: "không có tài khoản đang dùng"},
		"a disabled account":     {claims: map[string]any{"preferred_username": "cuong"}, says: "không có tài khoản đang dùng"},
		"no name":                {claims: map[string]any{"preferred_username": ""}, says: "không hợp lệ"},
		"a name that is none":    {claims: map[string]any{"preferred_username": "<b>"}, says: "không hợp lệ"},
		"an unproven address":    {claims: map[string]any{"preferred_username": "", "email": "lan@so.example"}, says: "không hợp lệ"},
	} {
		idp.mu.Lock()
		idp.claims, idp.sign, idp.alg = c.claims, c.sign, c.alg
		idp.mu.Unlock()
		b := fresh()
		back := away(b)
		if c.spoil != nil {
			c.spoil(back)
		}
		now = now.Add(c.later)
		res, body := b.ask("GET", home(back), nil)
		now = now.Add(-c.later)
		if res.StatusCode != http.StatusForbidden || !strings.Contains(text(body), c.says) || strings.Contains(body, "<b>nobody") || in(b) {
			t.Errorf("%s: %d %s", name, res.StatusCode, text(body))
		}
		if strings.Contains(name, "account") && !strings.HasPrefix(last(), "sign_in_failed ") {
			t.Errorf("%s: the log ends with %q", name, last())
		}
	}

	for name, claims := range map[string]map[string]any{"an address as name": {"preferred_username": "Lan@so.example"}, "a proven address": {"preferred_username": "", "email": "lan@so.example", "email_verified": true}} {
		idp.mu.Lock()
		idp.claims, idp.sign, idp.alg = claims, nil, ""
		idp.mu.Unlock()
		b := fresh()
		if res, body := b.ask("GET", home(away(b)), nil); res.StatusCode != http.StatusSeeOther || !in(b) {
			t.Errorf("%s: %d %s", name, res.StatusCode, text(body))
		}
	}
	chosen := o
	chosen.OpenID = &web.OpenID{Issuer: idp.URL, Client: openIDClient, Secret: openIDSecret, Claim: "upn"}
	idp.claims = map[string]any{"upn": "minh"}
	b = newBrowser(t, opened(t, chosen)+"/tien-do")
	if res, _ := b.ask("GET", home(away(b)), nil); res.StatusCode != http.StatusSeeOther || last() != "sign_in minh openid" {
		t.Errorf("by another claim: %d, %s", res.StatusCode, last())
	}

	gone := newIdentity(t)
	gone.Close()
	o.OpenID = &web.OpenID{Issuer: gone.URL, Client: openIDClient}
	b = newBrowser(t, opened(t, o)+"/tien-do")
	if res, body := b.ask("GET", "/login/openid", nil); res.StatusCode != http.StatusBadGateway || !strings.Contains(text(body), "Cổng xác thực không trả lời") {
		t.Errorf("a provider that is away: %d %s", res.StatusCode, text(body))
	}
	if res, _ := b.signIn("lan", password, "/"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the password does not open meanwhile: %d", res.StatusCode)
	}
	for name, spoil := range map[string]func(*web.Options){
		"no accounts": func(o *web.Options) { o.Access, o.RequireLogin = nil, false }, "no client": func(o *web.Options) { o.OpenID = &web.OpenID{Issuer: idp.URL} },
		"no issuer": func(o *web.Options) { o.OpenID = &web.OpenID{Issuer: "idp", Client: "x"} }, "no site": func(o *web.Options) { o.Site = "" },
	} {
		o := o
		spoil(&o)
		if _, err := web.New(o); err == nil {
			t.Errorf("%s: a site with half of OpenID Connect starts", name)
		}
	}
}

func set(u *url.URL, name, value string) {
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
}
