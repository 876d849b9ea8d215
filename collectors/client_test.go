package collectors

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tiendo/pipeline/plan"
)

var noon = time.Date(2025, 6, 29, 12, 0, 0, 0, plan.Zone)

// ask builds a client of the settings beside the usual ones, and asks once.
func ask(t *testing.T, handler http.HandlerFunc, settings string) (Answer, error) {
	t.Helper()
	return client(t, handler, settings).Ask(t.Context(), map[string]any{"page": 1})
}

func client(t *testing.T, handler http.HandlerFunc, settings string) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(t, server.URL, settings, nil)
}

func clientAt(t *testing.T, url, settings string, transport http.RoundTripper) *Client {
	t.Helper()
	s := decode(t, "kind: k\nresource: r\nname: n\nbase_url: ${URL}\nretry_wait: 1ms\nrate: -1\n"+settings)
	layout, err := s.Layout(sample)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(s, layout, Deps{Now: func() time.Time { return noon }, Transport: transport, Lookup: func(name string) string {
		return map[string]string{"URL": url, "USER": "tiendo", "KEY": "hunter2"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const ok = `{"data":[{"MaHoSo":"A1","ChuHoSo":"x"}],"total":1}`

func TestAskMinimises(t *testing.T) {
	a, err := ask(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, ok) }, "envelope: {total: total}\n")
	if err != nil || len(a.Records) != 1 || string(a.Records[0]) != `{"MaHoSo":"A1"}` || a.Total != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestWhereParametersGo(t *testing.T) {
	for name, c := range map[string]struct{ settings, want string }{
		"query":     {"request: {path: /p, params: {type: ref}}", "GET /p?page=1&type=ref  "},
		"json":      {"request: {path: /p, in: json, params: {type: ref}}", `POST /p application/json {"page":1,"type":"ref"}`},
		"template":  {`request: {path: /p, in: json, body: {service: S, data: ["{params}"], n: 1}}`, `POST /p application/json {"data":[{"page":1}],"n":1,"service":"S"}`},
		"form json": {"request: {path: /p, in: form_json, params: {type: ref}}", "POST /p application/x-www-form-urlencoded params=%7B%22page%22%3A1%2C%22type%22%3A%22ref%22%7D"},
		"form":      {"request: {path: /p, in: form, params: {type: ref}}", "POST /p application/x-www-form-urlencoded page=1&type=ref"},
		"header":    {"request: {path: /p, in: header, headers: {X-A: b}}", "POST /p  page=1 X-A=b"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("Content-Type"), string(body)}, " ")
				if name == "header" {
					got = fmt.Sprintf("%s %s %s page=%s X-A=%s", r.Method, r.URL, body, r.Header.Get("page"), r.Header.Get("X-A"))
				}
				fmt.Fprint(w, ok)
			}, c.settings+"\n")
			if err != nil || got != c.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestTransientFailuresAreTriedAgain(t *testing.T) {
	for name, fail := range map[string]http.HandlerFunc{
		"429":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) },
		"503":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) },
		"500":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) },
		"reset": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"cut body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, ok)
		},
		"cut JSON": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, ok[:len(ok)-9]) },
		"timeout":  func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			var told atomic.Int32
			c := client(t, func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) <= 2 {
					fail(w, r)
					return
				}
				fmt.Fprint(w, ok)
			}, "timeout: 200ms\n")
			c.deps.Notify = func(source string, err error) { told.Add(1) }
			a, err := c.Ask(t.Context(), nil)
			if err != nil || len(a.Records) != 1 || calls.Load() != 3 || told.Load() != 2 {
				t.Errorf("%v after %d calls, told of %d", err, calls.Load(), told.Load())
			}
			calls.Store(-100)
			// A GET on a reused connection that is reset is sent once more by the standard library itself.
			if _, err = c.Ask(t.Context(), nil); err == nil || (calls.Load() != -95 && name != "reset") {
				t.Errorf("%v after %d calls, want 5", err, calls.Load()+100)
			}
			var lasting *PermanentError
			if errors.As(err, &lasting) {
				t.Errorf("%v is called permanent", err)
			}
		})
	}
}

func TestPermanentFailuresAreNotTriedAgain(t *testing.T) {
	html := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<!DOCTYPE html><html><body>du lieu rieng x</body></html>")
	}
	status := func(n int) http.HandlerFunc { return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(n) } }
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, s) }
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"401":           {status(401), "source x: GET /p page=1: HTTP 401 Unauthorized: check the source's auth and whether this machine's address is allowed"},
		"403":           {status(403), "source x: GET /p page=1: HTTP 403 Forbidden: check the source's auth and whether this machine's address is allowed"},
		"404":           {status(404), "source x: GET /p page=1: HTTP 404 Not Found: check base_url and request.path"},
		"400":           {status(400), "source x: GET /p page=1: HTTP 400 Bad Request"},
		"redirect":      {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, "source x: GET /p page=1: HTTP 302 Found: redirects are not followed; check base_url"},
		"HTML":          {html, "source x: GET /p page=1: the answer is not JSON but an HTML page (a login or a maintenance page?) (56 bytes)"},
		"XML":           {text("<?xml version='1.0'?><a/>"), "source x: GET /p page=1: the answer is not JSON but XML or HTML (25 bytes)"},
		"nothing":       {text(""), "source x: GET /p page=1: the answer is not JSON but empty (0 bytes)"},
		"text":          {text("Service Unavailable"), "source x: GET /p page=1: the answer is not JSON but plain text (19 bytes)"},
		"binary":        {text("\xfe\xff\x00\x01\x02\x03\x04\x05"), "source x: GET /p page=1: the answer is not JSON but binary data (8 bytes)"},
		"compressed":    {text("\x1f\x8b\x08\x00garbage"), "source x: GET /p page=1: the answer is not JSON but compressed data (11 bytes)"},
		"broken JSON":   {text(`{"data":[{"ChuHoSo":du lieu rieng x}]}`), "source x: GET /p page=1: the answer is not valid JSON at byte 20 of 38"},
		"two answers":   {text(ok + ok), "source x: GET /p page=1: more stands behind the JSON"},
		"no list":       {text(`{"rows":[]}`), `source x: GET /p page=1: the answer has no list "data": check envelope.records`},
		"list of texts": {text(`{"data":["du lieu rieng x"]}`), "source x: GET /p page=1: record 0: a record is not an object"},
		"code":          {text(`{"code":"-1","msg":"sai đơn vị","data":[]}`), `source x: GET /p page=1: the source answers code "-1": sai đơn vị`},
		"code missing":  {text(`{"data":[]}`), `source x: GET /p page=1: the source answers code ""`},
		"total is none": {text(`{"code":0,"total":"x","data":[]}`), "source x: GET /p page=1: the answer's number of records or pages is no number"},
		"too large":     {text(`{"code":0,"data":[` + strings.Repeat(" ", 5000) + `]}`), "source x: GET /p page=1: the answer is larger than max_bytes: ask for smaller pages or raise it: resty: response body too large"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := "request: {path: /p}\nmax_bytes: 4000\n"
			if strings.Contains(name, "code") || name == "total is none" {
				settings += "envelope: {code: code, message: msg, total: total}\n"
			}
			calls := 0
			_, err := ask(t, func(w http.ResponseWriter, r *http.Request) { calls++; c.handler(w, r) }, settings)
			var lasting *PermanentError
			permanent := errors.As(err, &lasting)
			if err == nil || err.Error() != c.want || !permanent || calls != 1 {
				t.Errorf("after %d calls (permanent: %v)\ngot  %v\nwant %s", calls, permanent, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "rieng") {
				t.Error("the error quotes the answer")
			}
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for _, header := range []string{"1", noon.Add(time.Second).UTC().Format(http.TimeFormat)} {
		calls := 0
		started := time.Now()
		_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
			if calls++; calls == 1 {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(429)
				return
			}
			fmt.Fprint(w, ok)
		}, "")
		if took := time.Since(started); err != nil || took < 900*time.Millisecond {
			t.Errorf("%s: %v after %v", header, err, took)
		}
	}
	calls := 0
	_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(503)
	}, "")
	if want := "source x: GET  page=1: HTTP 503 Service Unavailable: it asks to wait 1h0m0s, more than retry_max_wait"; err == nil || err.Error() != want || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := client(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }, "")
	c.src.RetryWait = Duration(time.Hour)
	c.src.RetryMaxWait = Duration(time.Hour)
	started := time.Now()
	if _, err := c.Ask(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || time.Since(started) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
}

func TestSessionIsRenewedOnce(t *testing.T) {
	const settings = `
auth: {type: session, username: {env: USER}, secret: {env: KEY}, headers: {dstcode: "VN:X"}}
request: {path: /api/call, in: json, body: {session: "{session}", data: ["{params}"]}}
envelope: {code: error_code}
`
	for name, c := range map[string]struct {
		lasts        int // calls a session lasts
		status       int // what an expired session is answered with
		logins, want int
	}{
		"over by code":    {2, 200, 2, 3},
		"over by status":  {2, 401, 2, 3},
		"over at once":    {0, 200, 2, 0},
		"lasts all along": {9, 200, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			logins, left := 0, 0
			client := client(t, func(w http.ResponseWriter, r *http.Request) {
				var body struct{ Username, Password, Session string }
				_ = json.NewDecoder(r.Body).Decode(&body)
				switch {
				case r.URL.Path == "/api/session":
					if body.Username != "tiendo" || body.Password != "hunter2" || r.Header.Get("dstcode") != "VN:X" {
						w.WriteHeader(401)
						return
					}
					logins++
					left = c.lasts
					fmt.Fprintf(w, `{"error_code":"0","session":"s%d"}`, logins)
				case body.Session != fmt.Sprintf("s%d", logins) || left == 0:
					w.WriteHeader(c.status)
					fmt.Fprint(w, `{"error_code":"401","error_message":"hết hạn"}`)
				default:
					left--
					fmt.Fprint(w, `{"error_code":"00","data":[]}`)
				}
			}, settings)
			good := 0
			for range 3 {
				if _, err := client.Ask(t.Context(), nil); err == nil {
					good++
				} else if !strings.Contains(err.Error(), "the session is over") || !strings.Contains(err.Error(), "check the source's auth") {
					t.Error(err)
				}
				if c.want == 0 {
					break
				}
			}
			if good != c.want || logins != c.logins {
				t.Errorf("%d answers after %d logins", good, logins)
			}
		})
	}
}

func TestLoginErrorsSayWhatToDo(t *testing.T) {
	const session = "auth: {type: session, username: {env: USER}, secret: {env: KEY}}\nenvelope: {code: error_code}\n"
	const oauth = "auth: {type: oauth2, client_id: {env: USER}, secret: {env: KEY}}\n"
	for name, c := range map[string]struct {
		settings, body string
		status         int
		want           string
		calls          int
	}{
		"session refused":         {session, `{"error_code":"-1","p":"hunter2"}`, 401, "login: refused: HTTP 401 Unauthorized: check the source's auth and whether this machine's address is allowed", 1},
		"session refused by code": {session, `{"error_code":"-1","p":"hunter2"}`, 200, `login: refused: the source answers error_code "-1"`, 1},
		"session is HTML":         {session, `<html>hunter2`, 200, "login: the answer is not JSON (13 bytes)", 1},
		"session has no session":  {session, `{"error_code":"0"}`, 200, `login: the answer has no "session": check auth.token`, 1},
		"session under load":      {session, ``, 503, "login: HTTP 503 Service Unavailable", 5},
		"token refused":           {oauth, `{"error":"hunter2"}`, 401, "login: refused: HTTP 401 Unauthorized: check the source's auth and whether this machine's address is allowed", 1},
		"token under load":        {oauth, ``, 502, "login: HTTP 502 Bad Gateway", 5},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
				calls++
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}, c.settings)
			if want := "source x: "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), ": "+c.want) || calls != c.calls {
				t.Errorf("after %d calls\ngot  %v\nwant %s", calls, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error quotes a secret")
			}
		})
	}
}

func TestOAuth2(t *testing.T) {
	for _, style := range []string{"params", "header"} {
		tokens, calls := 0, 0
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				tokens++
				id, secret, basic := r.BasicAuth()
				if !basic {
					id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
				}
				if id != "tiendo" || secret != "hunter2" || basic != (style == "header") || r.FormValue("grant_type") != "client_credentials" {
					w.WriteHeader(401)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"access_token":"t%d","token_type":"bearer","expires_in":86400}`, tokens)
				return
			}
			calls++
			if r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", tokens) || calls == 3 { // revoked early
				w.WriteHeader(401)
				return
			}
			fmt.Fprint(w, ok)
		}, "auth: {type: oauth2, style: "+style+", client_id: {env: USER}, secret: {env: KEY}}\n")
		for range 4 {
			if _, err := c.Ask(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if tokens != 2 || calls != 5 {
			t.Errorf("%s: %d tokens, %d calls", style, tokens, calls)
		}
	}
}

func TestSignedHeaders(t *testing.T) {
	_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		mac := hmac.New(sha256.New, []byte("hunter2"))
		io.WriteString(mac, "tiendo"+"20250629120000"+"edoc")
		if r.Header.Get("systemid") != "tiendo" || r.Header.Get("timestamp") != "20250629120000" || r.Header.Get("signature") != hex.EncodeToString(mac.Sum(nil)) {
			w.WriteHeader(403)
		}
		fmt.Fprint(w, ok)
	}, "auth: {type: signed_headers, system_id: {env: USER}, secret: {env: KEY}, timestamp: yyyyMMddHHmmss}\nrequest: {in: header, headers: {messagetype: edoc}}\n")
	if err != nil {
		t.Error(err)
	}
}

func TestKeyAndBasic(t *testing.T) {
	for settings, check := range map[string]func(*http.Request) bool{
		"auth: {type: api_key, secret: {env: KEY}}\n":                func(r *http.Request) bool { return r.Header.Get("X-API-Key") == "hunter2" },
		"auth: {type: api_key, header: X-Key, secret: {env: KEY}}\n": func(r *http.Request) bool { return r.Header.Get("X-Key") == "hunter2" },
		"auth: {type: basic, username: {env: USER}, secret: {env: KEY}}\n": func(r *http.Request) bool {
			u, p, _ := r.BasicAuth()
			return u == "tiendo" && p == "hunter2"
		},
	} {
		_, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
			if !check(r) {
				w.WriteHeader(401)
			}
			fmt.Fprint(w, ok)
		}, settings)
		if err != nil {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

func TestRateWaitsAndDropsNothing(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, ok) }, "")
	s := c.src
	s.Rate = 20
	paced, err := NewClient(s, c.layout, c.deps)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	for range 30 { // 20 at once, then 20 per second
		if _, err := paced.Ask(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(started); took < 400*time.Millisecond {
		t.Errorf("30 requests took %v", took)
	}
}

func TestPrivateAuthorityAndClientCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			w.WriteHeader(403)
			return
		}
		fmt.Fprint(w, ok)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, block *pem.Block) string {
		f := filepath.Join(dir, name)
		if err := os.WriteFile(f, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	pair := server.TLS.Certificates[0]
	key, err := x509Key(pair)
	if err != nil {
		t.Fatal(err)
	}
	ca := write("ca.pem", &pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	keyFile := write("key.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: key})

	if _, err := clientAt(t, server.URL, "", nil).Ask(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "the source's certificate is not accepted: check tls.ca_file") {
		t.Errorf("unknown authority: %v", err)
	}
	if _, err := clientAt(t, server.URL, "tls: {ca_file: "+ca+"}\n", nil).Ask(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "HTTP 403") {
		t.Errorf("without a client certificate: %v", err)
	}
	if _, err := clientAt(t, server.URL, "tls: {ca_file: "+ca+", cert_file: "+ca+", key_file: "+keyFile+"}\n", nil).Ask(t.Context(), nil); err != nil {
		t.Errorf("with both: %v", err)
	}
	for settings, want := range map[string]string{
		"tls: {ca_file: /does/not/exist}\n":                         "tls.ca_file: open /does/not/exist",
		"tls: {ca_file: " + keyFile + "}\n":                         "holds no certificate",
		"tls: {cert_file: " + ca + ", key_file: /does/not/exist}\n": "tls.cert_file, tls.key_file: open /does/not/exist",
	} {
		s := decode(t, short+settings)
		layout, _ := s.Layout(sample)
		if _, err := NewClient(s, layout, Deps{Now: time.Now}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

func TestRequestsAreDescribedWithoutSecrets(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{"session":"s-secret","data":[]}`) },
		"auth: {type: session, username: {env: USER}, secret: {env: KEY}}\nrequest: {path: /api/call, in: json, body: {service: TraCuuHoSo, session: '{session}', data: ['{params}']}}\n")
	for p, err := range c.Pages(t.Context(), Cursor{}, Listing{Params: map[string]any{"size": 5, "a": "b"}}) {
		if err != nil || p.Request != "POST /api/call TraCuuHoSo a=b size=5" {
			t.Errorf("%q, %v", p.Request, err)
		}
	}
}

func x509Key(pair tls.Certificate) ([]byte, error) {
	return x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
}
