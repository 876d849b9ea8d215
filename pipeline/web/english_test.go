package web_test

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"tiendo/collectors"
	"tiendo/collectors/reportform"
	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/pipeline/web"
	"tiendo/schema"
)

// untold is a log that keeps what had no English.
type untold struct {
	slog.Handler
	mu    *sync.Mutex
	texts map[string]string // path by text
}

func (u untold) Enabled(context.Context, slog.Level) bool { return true }

func (u untold) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "no English for a text" {
		return nil
	}
	found := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		found[a.Key] = a.Value.String()
		return true
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	u.texts[found["text"]] = found["path"]
	return nil
}

// data are texts of the tests' stores, whole or the beginning with a space: what sources and people wrote has no English.
var data = []string{"t", "lan", "minh", "cuong", "reviewer", "admin", "Bệnh viện Thử", "Thủ tục một", "Thủ tục hai", ": không đọc được ngày", "không đọc được ngày", "scope", "x", "source <dossiers> ", "source <score-766> "}

// properNames stand in English texts as they are.
var properNames = strings.NewReplacer("Kiên Giang", "", "An Giang", "")

var vietnameseLetter = regexp.MustCompile(`[À-ÖØ-öø-ỹ]`)

// unmarked are the Vietnamese texts of a page that are not marked as Vietnamese.
func unmarked(t *testing.T, page string) (all []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var look func(n *html.Node, marked bool)
	look = func(n *html.Node, marked bool) {
		for _, a := range n.Attr {
			if a.Key == "lang" {
				marked = a.Val == "vi"
			}
		}
		if n.Type == html.TextNode && !marked && vietnameseLetter.MatchString(properNames.Replace(n.Data)) && !slices.Contains([]string{"title", "option", "desc", "text", "script", "style", "code", "pre", "textarea"}, n.Parent.Data) {
			all = append(all, n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			look(c, marked)
		}
	}
	look(root, false)
	return all
}

// TestEveryPageInEnglish follows the links of both plans' sites, as nobody and as those who have signed in.
func TestEveryPageInEnglish(t *testing.T) {
	for code, readers := range map[string][]string{kienGiang: {"", "minh", "lan", "reviewer", "admin"}, anGiang: {"", "admin"}} {
		t.Run(code, func(t *testing.T) {
			p := load(t, code)
			st := filled(t, p)
			people(t, st)
			for name, role := range map[string]access.Role{"reviewer": access.Reviewer, "admin": access.Admin} {
				if err := st.SaveAccount(t.Context(), access.Account{Name: name, Role: role, Password: access.Hash(password)}, access.AccountAdded, "t", time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			log := untold{slog.DiscardHandler, &sync.Mutex{}, map[string]string{}}
			o := web.Options{Plan: p, Store: st, Now: clock(p.Demo.AsOf), Notice: p.Demo.Notice, Access: st, Keeper: st, Registers: st, Reviews: st, Contests: st, Upkeep: st, Log: slog.New(log)}
			if len(p.Forms) > 0 {
				d, err := reportform.NewDesk([]collectors.Source{{ID: "forms", Kind: "reportform", File: "forms.yaml", Path: "-"}}, collectors.Deps{Plan: p, Now: o.Now})
				if err != nil {
					t.Fatal(err)
				}
				o.Forms, o.Drafts = &desk{Desk: d, runner: run.Runner{Store: st, Catalogue: st, Now: o.Now}}, st
			}
			base := opened(t, o)
			pages := 0
			for _, name := range readers {
				b := newBrowser(t, base)
				if name != "" {
					b.signIn(name, password, "/")
				}
				b.ask("GET", "/?lang=en", nil)
				todo := []string{"/", "/login", "/nowhere", "/?as-of=x", "/?as-of=2020-01-01", "/?format=x", "/unit/x", "/indicator/x", "/heat?level=x", "/review/x", "/review/2020-W01", "/search?q=so", "/search?q=xyzzy", "/awards/x",
					"/compare?q=xyzzy", "/figure/CQS-02/x", "/payload/x/y", "/search?q=" + strings.Repeat("a", 200)}
				seen, shapes := map[string]bool{}, map[string]int{}
				for len(todo) > 0 {
					address := todo[0]
					todo = todo[1:]
					res, body := b.ask("GET", address, nil)
					if to := res.Header.Get("Location"); to != "" && !seen[to] {
						seen[to] = true
						todo = append(todo, to)
					}
					if res.Header.Get("Location") != "" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
						continue
					}
					pages++
					if !strings.Contains(body, `<html lang="en">`) {
						t.Errorf("%s is not in English", address)
					}
					for _, text := range unmarked(t, body) {
						t.Errorf("%s has a Vietnamese text that is not marked: %q", address, text)
					}
					at, _ := url.Parse(address)
					for _, m := range regexp.MustCompile(`href="([^"#]*)`).FindAllStringSubmatch(body, -1) {
						u, err := url.Parse(html.UnescapeString(m[1]))
						if err != nil {
							t.Fatal(err)
						}
						u = at.ResolveReference(u)
						if a := u.String(); !seen[a] && !u.Query().Has("lang") && !u.Query().Has("format") && !u.Query().Has("as-of") && len(u.Query()) < 2 {
							seen[a] = true
							if shapes[shape(u)]++; shapes[shape(u)] <= 1 {
								todo = append(todo, a)
							}
						}
					}
				}
			}
			if pages < 60 {
				t.Errorf("only %d pages were seen", pages)
			}
			tellUntold(t, log)
			if code == anGiang {
				choosing(t, p, st)
			}
		})
	}
}

// tellUntold lists what has no English as the catalogue wants it.
func tellUntold(t *testing.T, log untold) {
	t.Helper()
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(log.texts)) {
		if !slices.ContainsFunc(data, func(d string) bool { return text == d || strings.HasSuffix(d, " ") && strings.HasPrefix(text, d) }) {
			t.Errorf("%s: english.yaml has no\n  %q: \"\"", log.texts[text], text)
		}
	}
}

// TestPayloadsInEnglish looks at the pages that need landed data.
func TestPayloadsInEnglish(t *testing.T) {
	p := load(t, kienGiang)
	log := untold{slog.DiscardHandler, &sync.Mutex{}, map[string]string{}}
	h, err := web.New(web.Options{Plan: p, Store: collected(t, p), Now: clock(p.Demo.AsOf), Log: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	page := func(address string) string {
		r := httptest.NewRequest("GET", address, nil)
		r.AddCookie(&http.Cookie{Name: "tiendo_lang", Value: "en"})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s answers %d: %s", address, w.Code, w.Body)
		}
		for _, text := range unmarked(t, w.Body.String()) {
			t.Errorf("%s has a Vietnamese text that is not marked: %q", address, text)
		}
		return w.Body.String()
	}
	page("/freshness")
	page("/figure/KTS-04/899")
	page("/figure/KTS-07/899")
	records := page("/figure/CQS-02/so-noi-vu?list=dossier.resolved")
	landed := regexp.MustCompile(`href="(/payload/[^"#]*)`).FindStringSubmatch(records)
	if landed == nil {
		t.Fatalf("no record leads to its page:\n%s", text(records))
	}
	if body := page(html.UnescapeString(landed[1])); !strings.Contains(body, "H33.01-25-0001") || !strings.Contains(body, `class="raw" lang="vi"`) {
		t.Errorf("the page of records is not as it was fetched:\n%s", text(body))
	}
	tellUntold(t, log)
}

// choosing: the language is chosen by a link, kept by a cookie and put back by the other link; below a path of a proxy it is
// the same.
func choosing(t *testing.T, p *plan.Plan, st *schema.Store) {
	t.Helper()
	for _, prefix := range []string{"", "/tiendo"} {
		h, err := web.New(web.Options{Plan: p, Store: st, Now: clock(p.Demo.AsOf), Access: st, Site: "https://x.test" + prefix})
		if err != nil {
			t.Fatal(err)
		}
		var cookies []*http.Cookie
		ask := func(address string) string {
			r := httptest.NewRequest("GET", address, nil)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			for _, c := range w.Result().Cookies() {
				if c.Name == "tiendo_lang" {
					cookies = []*http.Cookie{c}
					if want := prefix + "/"; c.Path != want || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode {
						t.Errorf("the cookie is %v, want the path %s, for this site only, not for scripts", c, want)
					}
				}
			}
			return w.Body.String()
		}
		first := ask(prefix + "/heat?level=commune&as-of=2025-10-12")
		if !strings.Contains(first, `<html lang="vi">`) || cookies != nil {
			t.Fatalf("without a choice the page is not in Vietnamese, or a cookie %v is set", cookies)
		}
		other := regexp.MustCompile(`href="([^"]*lang=en[^"]*)"`).FindStringSubmatch(first)
		if other == nil || !strings.HasPrefix(other[1], prefix+"/heat?") {
			t.Fatalf("the page does not lead to itself in English: %v", other)
		}
		english := ask(html.UnescapeString(other[1]))
		if !strings.Contains(english, `<html lang="en">`) || !strings.Contains(english, "As of 12\u00a0Oct\u00a02025") || !strings.Contains(english, "level=commune") {
			t.Errorf("the link leads to %.300s", text(english))
		}
		if again := ask(prefix + "/freshness"); !strings.Contains(again, "Freshness of the figures") {
			t.Error("the choice is not kept")
		}
		for _, same := range []string{"/heat?level=commune&as-of=2025-10-12&format=csv", "/api/v1/plans"} {
			in := ask(prefix + same)
			kept := cookies
			cookies = nil
			if out := ask(prefix + same); in != out || in == "" {
				t.Errorf("%s hangs on the language", same)
			}
			cookies = kept
		}
		ask(prefix + "/heat?lang=vi")
		if back := ask(prefix + "/heat?level=commune&as-of=2025-10-12"); back != first {
			t.Error("back in Vietnamese the page is another one than at first")
		}
		if strings.Contains(ask(prefix+"/heat?lang=xx"), `<html lang="en">`) {
			t.Error("an unknown language counts as English")
		}
	}
	if res := get(site(t, p, st, clock(p.Demo.AsOf)), "/nowhere?lang=en"); res.Code != http.StatusNotFound || !strings.Contains(res.Body.String(), "No such page") {
		t.Errorf("a page that is not there answers %d: %s", res.Code, text(res.Body.String()))
	}
}
