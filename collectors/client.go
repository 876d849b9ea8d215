package collectors

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-resty/resty/v2"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/time/rate"
)

// PermanentError is a failure that trying again does not mend: a refused login, a wrong address, an answer of another
// shape. Everything else is transient and has been tried again as often as the settings say.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

func permanent(format string, a ...any) error { return &PermanentError{fmt.Errorf(format, a...)} }

// StatusError is an HTTP answer that is not 2xx.
type StatusError struct {
	Status     int
	RetryAfter time.Duration // 0: not stated
}

func (e *StatusError) Error() string {
	hint := ""
	switch {
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		hint = ": check the source's auth and whether this machine's address is allowed"
	case e.Status == http.StatusNotFound:
		hint = ": check base_url and request.path"
	case e.Status/100 == 3:
		hint = ": redirects are not followed; check base_url"
	}
	return fmt.Sprintf("HTTP %d %s%s", e.Status, http.StatusText(e.Status), hint)
}

// errExpired is a session or token that is over.
var errExpired = errors.New("the session is over")

// Client asks one source. It logs in, keeps to the source's rate, tries again what may come right, and hands out
// minimised records only. It may be used by several goroutines.
type Client struct {
	src    Source
	deps   Deps
	layout *Layout
	env    envelope
	http   *resty.Client
	raw    *http.Client // the same way without resty, for the token library
	url    string
	auth   string // address of token or login
	secret revealed
	user   revealed // client id, user name or system id

	mu     sync.Mutex
	token  revealed // session or bearer token in force
	expiry time.Time
}

// NewClient builds the client of a source: addresses and secrets are read now, so that what is missing is said at start.
func NewClient(src Source, layout *Layout, deps Deps) (*Client, error) {
	c := &Client{src: src, deps: deps, layout: layout, env: newEnvelope(src.Envelope)}
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	c.url, err = src.address(deps.lookup, src.Request.Path)
	note(err)
	if src.Auth.Path != "" {
		c.auth, err = src.address(deps.lookup, src.Auth.Path)
		if len(errs) == 0 {
			note(err)
		}
	}
	reveal := func(into *revealed, name string, s Secret) {
		if s.Set() {
			v, err := s.Reveal(deps.lookup)
			if err != nil {
				note(fmt.Errorf("%s: auth.%s: %w", src.File, name, err))
			}
			into.value = v
		}
	}
	reveal(&c.secret, "secret", src.Auth.Secret)
	switch src.Auth.Type {
	case "oauth2":
		reveal(&c.user, "client_id", src.Auth.ClientID)
	case "signed_headers":
		reveal(&c.user, "system_id", src.Auth.SystemID)
	default:
		reveal(&c.user, "username", src.Auth.Username)
	}
	transport := deps.Transport
	if transport == nil {
		transport, err = newTransport(src)
		note(err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if src.Rate > 0 {
		transport = &paced{next: transport, limiter: rate.NewLimiter(rate.Limit(src.Rate), max(1, int(src.Rate)))}
	}
	c.raw = &http.Client{
		Transport:     transport,
		Timeout:       time.Duration(src.Timeout),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.http = resty.NewWithClient(c.raw).SetResponseBodyLimit(src.MaxBytes).SetLogger(silent{}).SetDisableWarn(true)
	return c, nil
}

func newTransport(src Source) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if f := src.TLS.CAFile; f != "" {
		pem, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("%s: tls.ca_file: %w", src.File, err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: tls.ca_file %s holds no certificate", src.File, f)
		}
		t.TLSClientConfig.RootCAs = pool
	}
	if src.TLS.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(src.TLS.CertFile, src.TLS.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("%s: tls.cert_file, tls.key_file: %w", src.File, err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// paced keeps to a rate by waiting; nothing is dropped.
type paced struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := p.limiter.Wait(r.Context()); err != nil {
		return nil, err
	}
	return p.next.RoundTrip(r)
}

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// Describe names a request with its parameters; it holds no secret, because secrets are added when it is sent.
func (c *Client) Describe(params map[string]any) string {
	all := maps.Clone(c.src.Request.Params)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, params)
	text := c.src.Request.Method + " " + c.src.Request.Path
	if body, ok := c.src.Request.Body.(map[string]any); ok {
		if service, ok := body["service"].(string); ok {
			text += " " + service
		}
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		text += fmt.Sprintf(" %s=%v", k, all[k])
	}
	return text
}

// Ask sends one request with the parameters beside the fixed ones, and decodes the answer. What is transient is tried
// again with growing, jittered pauses or as Retry-After asks; a session that is over is renewed once.
func (c *Client) Ask(ctx context.Context, params map[string]any) (Answer, error) {
	renewed := false
	attempt := func() (Answer, error) {
		a, err := c.attempt(ctx, params)
		if errors.Is(err, errExpired) && !renewed {
			renewed = true
			c.forget()
			a, err = c.attempt(ctx, params)
		}
		return a, c.verdict(err)
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = time.Duration(c.src.RetryWait)
	pause.MaxInterval = time.Duration(c.src.RetryMaxWait)
	a, err := backoff.Retry(ctx, attempt, backoff.WithBackOff(pause), backoff.WithMaxTries(uint(*c.src.Retries)+1), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, _ time.Duration) {
			if c.deps.Notify != nil {
				c.deps.Notify(c.src.ID, err)
			}
		}))
	if err != nil {
		return Answer{}, fmt.Errorf("source %s: %s: %w", c.src.ID, c.Describe(params), err)
	}
	return a, nil
}

// verdict says to the retry loop whether an error is worth another attempt.
func (c *Client) verdict(err error) error {
	var (
		lasting *PermanentError
		status  *StatusError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lasting):
		return backoff.Permanent(err)
	case errors.Is(err, errExpired):
		return backoff.Permanent(permanent("%w again right after a new login: check the source's auth", err))
	case errors.As(err, &status) && status.RetryAfter > time.Duration(c.src.RetryMaxWait):
		return backoff.Permanent(fmt.Errorf("%w: it asks to wait %s, more than retry_max_wait", err, status.RetryAfter))
	case status != nil && status.RetryAfter > 0:
		return errors.Join(err, &backoff.RetryAfterError{Duration: status.RetryAfter})
	}
	return err
}

func (c *Client) attempt(ctx context.Context, params map[string]any) (Answer, error) {
	token, err := c.login(ctx)
	if err != nil {
		return Answer{}, err
	}
	req, err := c.request(ctx, params, token)
	if err != nil {
		return Answer{}, err
	}
	res, err := req.Execute(c.src.Request.Method, c.url)
	if err != nil {
		return Answer{}, transportError(ctx, err)
	}
	if err := c.status(res.RawResponse); err != nil {
		return Answer{}, err
	}
	a, err := c.env.decode(res.Body(), c.layout)
	var failed *codeError
	switch {
	case errors.As(err, &failed) && c.src.Auth.Type == "session" && slices.Contains(c.src.Auth.Expired, failed.code):
		return a, errExpired
	case errors.Is(err, errCut):
		return a, err
	case err != nil:
		return a, &PermanentError{err}
	}
	return a, nil
}

// request puts the parameters where the settings say and adds what the source knows us by.
func (c *Client) request(ctx context.Context, params map[string]any, token string) (*resty.Request, error) {
	r := c.src.Request
	req := c.http.R().SetContext(ctx).SetHeader("Accept", "application/json").SetHeaders(r.Headers)
	all := map[string]any{}
	maps.Copy(all, r.Params)
	maps.Copy(all, params)
	var content any = all
	if r.Body != nil {
		content = fill(r.Body, all, token)
	}
	switch r.In {
	case "query":
		for k, v := range all {
			req.SetQueryParam(k, fmt.Sprint(v))
		}
		if r.Body != nil {
			req.SetHeader("Content-Type", "application/json").SetBody(content)
		}
	case "json":
		req.SetHeader("Content-Type", "application/json").SetBody(content)
	case "form_json":
		b, err := json.Marshal(content)
		if err != nil {
			return nil, permanent("cannot write the request: %w", err)
		}
		req.SetFormData(map[string]string{r.FormField: string(b)})
	case "form":
		for k, v := range all {
			req.SetFormData(map[string]string{k: fmt.Sprint(v)})
		}
	case "header":
		for k, v := range all {
			req.SetHeader(k, fmt.Sprint(v))
		}
		if r.Body != nil {
			req.SetHeader("Content-Type", "application/json").SetBody(content)
		}
	}
	switch c.src.Auth.Type {
	case "oauth2":
		req.SetAuthToken(token)
	case "basic":
		req.SetBasicAuth(c.user.value, c.secret.value)
	case "api_key":
		req.SetHeader(c.src.Auth.Header, c.secret.value)
	case "signed_headers":
		c.sign(req)
	}
	return req, nil
}

// sign adds system id, timestamp and the hex HMAC-SHA256 of the signed headers' values (SYSTEMS section 2).
func (c *Client) sign(req *resty.Request) {
	name := func(n string) string { return cmp.Or(c.src.Auth.InHeader[n], n) }
	req.SetHeader(name("systemid"), c.user.value)
	req.SetHeader(name("timestamp"), c.src.Auth.Timestamp.Format(c.deps.Now()))
	mac := hmac.New(sha256.New, []byte(c.secret.value))
	for _, h := range c.src.Auth.Sign {
		mac.Write([]byte(req.Header.Get(name(h))))
	}
	req.SetHeader(name("signature"), hex.EncodeToString(mac.Sum(nil)))
}

// fill puts parameters and session into a body template.
func fill(template any, params map[string]any, session string) any {
	switch t := template.(type) {
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, v := range t {
			out[k] = fill(v, params, session)
		}
		return out
	case []any:
		out := make([]any, len(t))
		for i, v := range t {
			out[i] = fill(v, params, session)
		}
		return out
	case string:
		switch t {
		case "{params}":
			return params
		case "{session}":
			return session
		}
	}
	return template
}

func (c *Client) status(res *http.Response) error {
	code := res.StatusCode
	switch {
	case code/100 == 2:
		return nil
	case code == http.StatusUnauthorized && (c.src.Auth.Type == "session" || c.src.Auth.Type == "oauth2"):
		return fmt.Errorf("%w (HTTP 401)", errExpired)
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return &StatusError{Status: code, RetryAfter: retryAfter(res.Header.Get("Retry-After"), c.deps.Now())}
	}
	return &PermanentError{&StatusError{Status: code}}
}

func retryAfter(h string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(strings.TrimSpace(h)); err == nil && s >= 0 && s < 1<<31 {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(h); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// transportError takes the address out of an error (its query may be long) and tells what another attempt cannot mend.
func transportError(ctx context.Context, err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case ctx.Err() != nil:
		return &PermanentError{ctx.Err()}
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return permanent("the answer is larger than max_bytes: ask for smaller pages or raise it: %w", err)
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid):
		return permanent("the source's certificate is not accepted: check tls.ca_file: %w", err)
	}
	return err
}

// login makes sure there is a session or token, and returns it; other kinds of auth need none.
func (c *Client) login(ctx context.Context) (string, error) {
	if c.src.Auth.Type != "session" && c.src.Auth.Type != "oauth2" {
		return "", nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.value != "" && (c.expiry.IsZero() || time.Now().Before(c.expiry)) {
		return c.token.value, nil
	}
	var err error
	if c.src.Auth.Type == "oauth2" {
		err = c.fetchToken(ctx)
	} else {
		err = c.openSession(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("login: %w", err)
	}
	return c.token.value, nil
}

func (c *Client) forget() {
	c.mu.Lock()
	c.token.value = ""
	c.mu.Unlock()
}

func (c *Client) fetchToken(ctx context.Context) error {
	cfg := clientcredentials.Config{ClientID: c.user.value, ClientSecret: c.secret.value, TokenURL: c.auth, Scopes: c.src.Auth.Scopes, AuthStyle: oauth2.AuthStyleInParams}
	if c.src.Auth.Style == "header" {
		cfg.AuthStyle = oauth2.AuthStyleInHeader
	}
	tok, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, c.raw))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused): // its text quotes the answer
		return c.loginStatus(refused.Response)
	case err != nil:
		return transportError(ctx, err)
	}
	c.token.value = tok.AccessToken
	// The life of a token is real time, whatever clock the pull is asserted at; a minute spares requests that come too late.
	c.expiry = tok.Expiry
	if !c.expiry.IsZero() {
		c.expiry = c.expiry.Add(-min(time.Minute, time.Until(c.expiry)/10))
	}
	return nil
}

func (c *Client) loginStatus(res *http.Response) error {
	if s := res.StatusCode; s == http.StatusTooManyRequests || s >= 500 {
		return &StatusError{Status: s, RetryAfter: retryAfter(res.Header.Get("Retry-After"), c.deps.Now())}
	}
	return permanent("refused: %w", &StatusError{Status: res.StatusCode})
}

func (c *Client) openSession(ctx context.Context) error {
	res, err := c.http.R().SetContext(ctx).SetHeader("Content-Type", "application/json").SetHeaders(c.src.Auth.Headers).
		SetBody(map[string]string{"username": c.user.value, "password": c.secret.value}).Post(c.auth)
	if err != nil {
		return transportError(ctx, err)
	}
	if res.StatusCode()/100 != 2 {
		return c.loginStatus(res.RawResponse)
	}
	dec := json.NewDecoder(bytes.NewReader(res.Body()))
	dec.UseNumber()
	var reply any
	if err := dec.Decode(&reply); err != nil {
		return permanent("the answer is not JSON (%d bytes)", len(res.Body()))
	}
	if field := c.src.Envelope.Code; field != "" {
		if code := at(reply, field); code != "" && !slices.Contains(c.src.Envelope.OK, code) {
			return permanent("refused: the source answers %s %q", field, clip(code))
		}
	}
	if c.token.value = at(reply, c.src.Auth.Token); c.token.value == "" {
		return permanent("the answer has no %q: check auth.token", c.src.Auth.Token)
	}
	return nil
}

// at is the text at a dotted path of decoded JSON; empty if there is none.
func at(v any, path string) string {
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[part]
	}
	switch v.(type) {
	case nil, map[string]any, []any:
		return ""
	}
	return fmt.Sprint(v)
}
