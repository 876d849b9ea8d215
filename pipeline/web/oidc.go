package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"tiendo/pipeline/access"
)

// OpenID is another way in: a provider says who somebody is (OpenID Connect Core 1.0, authorization code flow with PKCE). What he may do
// stays with the account of that name here; a name without one is refused.
type OpenID struct {
	Issuer string
	Client string
	Secret string // empty: a public client
	Claim  string // that holds the account's name; empty: preferred_username, else the local part of a verified e-mail address
}

const (
	openIDPath     = loginPath + "/openid"
	openIDBackPath = openIDPath + "/callback"
	openIDCookie   = "tiendo_openid"
	openIDTime     = 10 * time.Minute // to sign in at the provider
	openIDPatience = 10 * time.Second // for an answer of the provider
)

// provider is what its discovery document said, read when somebody first signs in that way: the site starts without it.
type provider struct {
	mu   sync.Mutex
	have *oidc.Provider
}

func (p *provider) get(ctx context.Context, issuer string) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.have != nil {
		return p.have, nil
	}
	// Its keys are fetched again later, beyond this request.
	have, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), openIDClient), issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery of %s: %w", issuer, err)
	}
	p.have = have
	return have, nil
}

var openIDClient = &http.Client{Timeout: openIDPatience}

// started is what the browser keeps while it is at the provider, under a seal of this process.
type started struct {
	State, Nonce, Verifier, Next string
	Until                        int64 // unix seconds
}

func (d *door) seal(s started) string {
	body, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and a number
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + d.mac(text)
}

func (d *door) unseal(value string, now time.Time) (s started, ok bool) {
	text, mac, _ := strings.Cut(value, ".")
	if !hmac.Equal([]byte(mac), []byte(d.mac(text))) {
		return s, false
	}
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(body, &s) != nil {
		return s, false
	}
	return s, now.Unix() < s.Until
}

func (d *door) mac(text string) string {
	m := hmac.New(sha256.New, d.key)
	m.Write([]byte("openid " + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (s *site) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: s.OpenID.Client, ClientSecret: s.OpenID.Secret, Endpoint: p.Endpoint(), RedirectURL: strings.TrimRight(s.Site, "/") + openIDBackPath, Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
}

func (s *site) openIDCookie(value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: openIDCookie, Value: value, Path: s.prefix + openIDPath, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.door.secure}
}

// openIDStart sends the browser to the provider.
func (s *site) openIDStart(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p, err := s.door.provider.get(ctx, s.OpenID.Issuer)
	if err != nil {
		s.openIDRefuse(w, r, http.StatusBadGateway, "Cổng xác thực không trả lời. Đề nghị thử lại sau, hoặc đăng nhập bằng mật khẩu.", err)
		return
	}
	st := started{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: local(r.URL.Query().Get("next")), Until: s.Clock().Add(openIDTime).Unix()}
	http.SetCookie(w, s.openIDCookie(s.door.seal(st), int(openIDTime.Seconds())))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.oauth(p).AuthCodeURL(st.State, oidc.Nonce(st.Nonce), oauth2.S256ChallengeOption(st.Verifier)), http.StatusSeeOther)
}

// openIDBack takes what the provider sends the browser back with. Only one that this process sent there is taken, once.
func (s *site) openIDBack(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	w.Header().Set("Cache-Control", "no-store")
	var st started
	ok := false
	if c, err := r.Cookie(openIDCookie); err == nil {
		st, ok = s.door.unseal(c.Value, s.Clock())
	}
	http.SetCookie(w, s.openIDCookie("", -1))
	asked := r.URL.Query()
	if !ok || !hmac.Equal([]byte(asked.Get("state")), []byte(st.State)) {
		s.openIDRefuse(w, r, http.StatusForbidden, "Lần đăng nhập này đã quá hạn hoặc không bắt đầu từ trang này. Đề nghị đăng nhập lại.", errors.New("the state is not the one that was sent"))
		return
	}
	if why := asked.Get("error"); why != "" {
		s.openIDRefuse(w, r, http.StatusForbidden, "Cổng xác thực không cho đăng nhập.", fmt.Errorf("the provider says %q", why))
		return
	}
	name, err := s.openIDName(ctx, asked.Get("code"), st)
	if err != nil {
		s.openIDRefuse(w, r, http.StatusForbidden, "Cổng xác thực trả lời không hợp lệ. Đề nghị đăng nhập lại; nếu vẫn không được, báo bộ phận kỹ thuật.", err)
		return
	}
	a, why, err := s.openIDAccount(ctx, name)
	switch {
	case err != nil:
		s.refuse(w, r, err)
		return
	case why != "":
		if _, err := s.door.Record(ctx, access.Event{At: s.Clock(), Action: access.SignInFailed, Subject: a.Name, Address: address(r), Detail: "openid " + why}); err != nil {
			s.refuse(w, r, err)
			return
		}
		s.openIDRefuse(w, r, http.StatusForbidden, fmt.Sprintf("Cổng xác thực nhận ra “%s”, nhưng hệ thống này không có tài khoản đang dùng mang tên đó. Đề nghị quản trị của hệ thống cấp tài khoản.", name), errors.New(why))
		return
	}
	if err := s.enterAs(ctx, r, a, "openid"); err != nil {
		s.refuse(w, r, err)
		return
	}
	http.Redirect(w, r, s.prefix+local(st.Next), http.StatusSeeOther)
}

// openIDName is the account's name that the provider vouches for: the token is signed by it, for this client, not expired, and holds
// the nonce that was sent.
func (s *site) openIDName(ctx context.Context, code string, st started) (string, error) {
	p, err := s.door.provider.get(ctx, s.OpenID.Issuer)
	if err != nil {
		return "", err
	}
	ctx = oidc.ClientContext(ctx, openIDClient)
	tokens, err := s.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(st.Verifier))
	if err != nil {
		return "", fmt.Errorf("exchange of the code: %w", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := p.VerifierContext(ctx, &oidc.Config{ClientID: s.OpenID.Client, Now: s.Clock}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("identity token: %w", err)
	}
	if !hmac.Equal([]byte(token.Nonce), []byte(st.Nonce)) {
		return "", errors.New("identity token: its nonce is not the one that was sent")
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	name := claimedName(claims, s.OpenID.Claim)
	if err := access.CheckName(name); err != nil {
		return "", fmt.Errorf("claims name nobody: %w", err)
	}
	return name, nil
}

// claimedName is the account's name that claims tell; of an address what stands before the @.
func claimedName(claims map[string]any, claim string) string {
	text := func(key string) string { s, _ := claims[key].(string); return s }
	name := text(claim)
	if claim == "" {
		if name = text("preferred_username"); name == "" && claims["email_verified"] == true {
			name = text("email")
		}
	}
	name, _, _ = strings.Cut(name, "@")
	return access.FoldName(name)
}

// openIDAccount is the account of the name; why says why it may not come in.
func (s *site) openIDAccount(ctx context.Context, name string) (a access.Account, why string, err error) {
	a, err = s.door.Account(ctx, name)
	switch {
	case errors.Is(err, access.ErrNoAccount):
		return access.Account{}, "unknown_name", nil
	case err == nil && a.Disabled:
		why = "disabled"
	}
	return a, why, err
}

// openIDRefuse says on the page to sign in what went wrong; the log has the rest.
func (s *site) openIDRefuse(w http.ResponseWriter, r *http.Request, status int, text string, err error) {
	s.Log.Warn("sign-in by OpenID Connect refused", "address", address(r), "error", err)
	s.loginPage(w, r, status, text, "", "")
}

// checkOpenID says what is missing for it, before anybody tries.
func checkOpenID(o Options) error {
	if o.OpenID == nil {
		return nil
	}
	u, err := url.Parse(o.OpenID.Issuer)
	site, siteErr := url.Parse(o.Site)
	switch {
	case o.Access == nil:
		return errors.New("web: OpenID Connect says who somebody is, and there are no accounts to say what he may")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("web: OpenID Connect: the issuer %q is no address: write it as https://host/path", o.OpenID.Issuer)
	case o.OpenID.Client == "":
		return errors.New("web: OpenID Connect: the name of this client at the provider is missing")
	case siteErr != nil || site.Host == "":
		return errors.New("web: OpenID Connect: the provider sends browsers back to the address of the site, which is missing")
	}
	return nil
}
