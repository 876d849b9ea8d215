package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"io"
	"log/slog"
	"maps"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web/browsertest"
	"tiendo/schema"
	"tiendo/schema/engine"
)

// The site is walked as it is served, link by link, by everybody who may sign in, until every address that its code names
// was seen. So a new page is judged here without being named, and one that no link leads to is found.

// longest are pages that are only weighed: what they look like is judged by shorter ones.
var longest = []string{"/heat?level=commune", "/heat?level=commune&as-of=2025-06-22&known-on=2025-06-29", "/indicator/XHS-01?level=commune"}

// seeds are pages that are looked at beside the first one of every address: those that have something of their own to show,
// and those that nobody links to.
var seeds = []string{"/", "/heat", "/indicator/CQS-02", "/unit/91", "/unit/30772", "/compare?unit=899&unit=900&unit=so-noi-vu&unit=91",
	"/search?q=vinh", "/search?q=khong+co+gi", "/figure/CQS-02/91", "/figure/CQS-05/91", "/figure/CQS-02/899", "/figure/CQS-09/899", "/?as-of=2025-06-22&known-on=2025-06-29", "/unit/nobody", "/login", "/healthz", "/readyz", "/metrics"}

// noPages are addresses that are refused when they are read, or lead away to those who vouch for people.
var noPages = []string{"GET /logout", "GET /login/openid", "GET /login/openid/callback"}

// walkers read the site; the first has not signed in.
var walkers = []access.Account{{}, {Name: "viewer", Role: access.Viewer}, {Name: "officer", Role: access.Officer, Unit: plan.UnitKey{Code: "899", From: plan.NoDay}},
	{Name: "head", Role: access.Head, Unit: plan.UnitKey{Code: "899", From: plan.NoDay}}, {Name: "reviewer", Role: access.Reviewer}, {Name: "approver", Role: access.Approver}, {Name: "admin", Role: access.Admin}}

const walkersPassword = "đi hết mọi trang"

// heaviest is how much a page may weigh with all that it loads.
const heaviest = 300_000

// TestPages walks the site on the demo: no address answers with an error, every page weighs little enough for an old line, and
// axe-core finds nothing serious on any, on a desk's screen and on a phone's, in Vietnamese and in English; nor is any wider than
// the screen.
func TestPages(t *testing.T) {
	base, dir, st := walkedSite(t)
	addresses := addressesOf(t)
	own := enter(t, base)
	reached := map[string]bool{}
	var pages []walked
	for _, w := range walkers {
		all, known := walk(t, base, w.Name, addresses, own[w.Name])
		maps.Copy(reached, known)
		for _, p := range all {
			if !slices.ContainsFunc(pages, func(x walked) bool { return x.main == p.main }) { // to most it looks the same
				pages = append(pages, p)
			}
		}
	}
	for _, pattern := range addresses.read {
		if !reached[pattern] {
			t.Errorf("nothing leads to %s: link to it, or name one of its pages among the seeds", pattern)
		}
	}
	for _, p := range pages {
		if p.weight > heaviest {
			t.Errorf("%s weighs %d bytes for %q", p.address, p.weight, p.reader)
		}
	}
	heavy := slices.MaxFunc(pages, func(a, b walked) int { return cmp.Compare(a.weight, b.weight) })
	t.Logf("%d pages; the heaviest is %s with %d kB", len(pages), heavy.address, heavy.weight/1000)
	statedByPages(t, base, addresses, pages)
	timely(t, base, dir, st, pages)
	accessible(t, base, slices.DeleteFunc(pages, func(p walked) bool { return slices.Contains(longest, p.address) }))
}

// walkedSite serves a copy of the demo with the walkers' accounts.
func walkedSite(t *testing.T) (base, dir string, st *schema.Store) {
	t.Helper()
	demo := *demoFolder
	if demo == "" {
		demo = demoDir(t)
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(demo)); err != nil {
		t.Fatal(err)
	}
	from, to := io.Pipe()
	a := &app{lookup: os.Getenv, out: to, err: io.Discard, cfg: configOf("kien-giang-2022-2025", dir), log: slog.New(slog.DiscardHandler)}
	p, st, err := a.ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hash := access.Hash(walkersPassword)
	for _, w := range walkers[1:] {
		w.Password = hash
		if err := st.SaveAccount(t.Context(), w, access.AccountAdded, "t", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := a.serve(ctx, p, st, "127.0.0.1:0", nil, nil)
		to.CloseWithError(cmp.Or(err, io.EOF))
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	said := ""
	for b := make([]byte, 512); base == ""; {
		n, err := from.Read(b)
		if err != nil {
			t.Fatalf("the site is not served: %v", err)
		}
		said += string(b[:n])
		base = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said)
	}
	go func() { _, _ = io.Copy(io.Discard, from) }()
	return base, dir, st
}

// addresses are what the site is asked at, as its code names them.
type addresses struct {
	*http.ServeMux
	read []string // those that are not posted to
}

func addressesOf(t *testing.T) *addresses {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "pipeline", "web", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]ast.Expr{}
	var named []ast.Expr
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, v := range n.Values {
					constants[n.Names[i].Name] = v
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Handle" || f.Sel.Name == "HandleFunc") && len(n.Args) == 2 {
					named = append(named, n.Args[0])
				}
			}
			return true
		})
	}
	var text func(ast.Expr) string
	text = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			s, err := strconv.Unquote(e.Value)
			if err != nil {
				t.Fatal(err)
			}
			return s
		case *ast.Ident:
			if v := constants[e.Name]; v != nil {
				return text(v)
			}
			return "{" + e.Name + "}" // one of several
		case *ast.BinaryExpr:
			return text(e.X) + text(e.Y)
		}
		t.Fatalf("an address of the site is neither a text nor a name: %#v", e)
		return ""
	}
	all := &addresses{ServeMux: http.NewServeMux()}
	for _, e := range named {
		pattern := text(e)
		all.Handle(pattern, http.NotFoundHandler())
		if !strings.HasPrefix(pattern, "POST ") && !slices.Contains(noPages, pattern) {
			all.read = append(all.read, pattern)
		}
	}
	if len(all.read) < 20 {
		t.Fatalf("only %q are named: how are addresses arranged?", all.read)
	}
	return all
}

// pattern is the address of the site that a link leads to.
func (a *addresses) pattern(t *testing.T, link string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, link, nil)
	if err != nil {
		t.Fatalf("a link that cannot be followed: %v", err)
	}
	_, pattern := a.Handler(r)
	return pattern
}

// walked is an answer as one of the readers gets it.
type walked struct {
	reader, address string
	pattern         string // of the address
	main            string // what it shows below its header
	weight          int
	client          *http.Client
}

var (
	linked    = regexp.MustCompile(`(?:href|src)="(/[^"#]*)`)
	loaded    = regexp.MustCompile(`<(?:link|script|img)\b[^>]*(?:href|src)="(/[^"]*)"`)
	ownTokens = regexp.MustCompile(`name="token" value="[0-9a-f]{64}"`)
)

// visitor is a reader's browser.
type visitor struct {
	*testing.T
	*http.Client
	base string
}

// visitorOf is the browser of a reader who has signed in, where he has a name.
func visitorOf(t *testing.T, base, reader string) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := visitor{t, &http.Client{Jar: jar}, base}
	if reader != "" {
		_, form := v.see("/login")
		if at := v.send("/login", form, url.Values{"name": {reader}, "password": {walkersPassword}}); at != "/" {
			t.Fatalf("%s signs in and comes to %s", reader, at)
		}
	}
	return v
}

// see gives an answer and what it holds.
func (v visitor) see(address string) (*http.Response, string) {
	v.Helper()
	res, err := v.Get(v.base + address)
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.Fatal(err)
	}
	return res, string(body)
}

// send fills in a form of a page and gives the address that it leads to.
func (v visitor) send(address, page string, form url.Values) string {
	v.Helper()
	form.Set("token", fieldOf(v.T, page, "token"))
	return v.deliver(address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// upload sends a file with a form of a page.
func (v visitor) upload(address, page, name, file string) string {
	v.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	m.WriteField("token", fieldOf(v.T, page, "token"))
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		v.Fatal(err)
	}
	io.WriteString(part, file)
	m.Close()
	return v.deliver(address, m.FormDataContentType(), &body)
}

func (v visitor) deliver(address, kind string, body io.Reader) string {
	v.Helper()
	res, err := v.Post(v.base+address, kind, body)
	if err != nil {
		v.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		v.Fatal(err)
	}
	_, main, _ := strings.Cut(string(said), "<main")
	if res.StatusCode != http.StatusOK || res.Request.Method != http.MethodGet { // what is taken leads to a page that shows it
		v.Fatalf("%s is not taken: %s %.1000s", address, res.Status, main)
	}
	return res.Request.URL.Path
}

// fieldOf is what a page has in the field of a form.
func fieldOf(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no field %s in %.2000s", name, page)
	}
	return html.UnescapeString(m[1])
}

// enter lets the readers enter what pages show only where somebody entered it: a unit objects to a figure, hands in a form, part
// of it wrong, and lays another before its head; the week's review is spoken of and gives rise to an action. It gives further
// pages to look at, by reader.
func enter(t *testing.T, base string) map[string][]string {
	t.Helper()
	officer, reviewer := visitorOf(t, base, "officer"), visitorOf(t, base, "reviewer")

	const figure = "/figure/CQS-02/899"
	_, page := officer.see(figure)
	officer.send(figure+"/contest", page, url.Values{"known": {fieldOf(t, page, "known")}, "reason": {"Chưa tính hồ sơ của bộ phận một cửa"}, "evidence": {"Công văn của đơn vị"}})

	upload := func(code, columns, rows string) (form, preview, page string) {
		form = "/forms/" + code + "/899/2025-Q2"
		_, page = officer.see(form)
		preview = officer.upload(form+"/upload", page, "a.csv", "Mẫu số,"+code+"\nPhiên bản,1\nLoại kỳ,báo cáo\nKỳ,2025-Q2\n\nMã đơn vị,"+columns+"\n"+rows)
		_, page = officer.see(preview)
		return form, preview, page
	}
	_, preview, page := upload("BM-KTS-04", "Số doanh nghiệp sử dụng hợp đồng điện tử,Số doanh nghiệp đang hoạt động", "900,40,80\n899,40,80\n")
	if !strings.Contains(page, `id="refused"`) || !strings.Contains(page, `/save"`) {
		t.Fatalf("the preview shows no refused row, or nothing to save: %s", page)
	}
	form, laid, page := upload("BM-KTS-05", "Số doanh nghiệp nhỏ và vừa sử dụng nền tảng số,Số doanh nghiệp nhỏ và vừa đang hoạt động", "899,40,80\n")
	officer.send(form+"/save", page, url.Values{"sha256": {path.Base(laid)}, "version": {fieldOf(t, page, "version")}, "reason": {"Bổ sung doanh nghiệp mới"}, "then": {"submit"}})

	week, page := reviewer.see("/review")
	at := week.Request.URL.Path
	reviewer.send(at+"/comment", page, url.Values{"text": {"Đề nghị xem lại số liệu của đơn vị"}, "indicator": {"CQS-02"}, "unit": {"899"}})
	reviewer.send(at+"/action", page, url.Values{"text": {"Rà soát hồ sơ chưa nộp toàn trình"}, "owner": {"899"}, "due": {fieldOf(t, page, "due")}, "indicator": {"CQS-02"}, "unit": {"899"}})
	return map[string][]string{"officer": {preview, form}, "head": {preview, form}, "reviewer": {preview, form}, "approver": {"/audit?verify=1"}}
}

// walk gives the pages that a reader gets: the seeds, those of his own, and the first page of every address that something read
// so far links to; known are the addresses that were met.
func walk(t *testing.T, base, reader string, site *addresses, own []string) (all []walked, known map[string]bool) {
	t.Helper()
	v := visitorOf(t, base, reader)
	seeds := slices.Concat(seeds, own)
	weights := map[string]int{}
	known = map[string]bool{} // patterns
	seen := map[string]bool{}
	next := slices.Concat(longest, seeds)
	for ; len(next) > 0; next = next[1:] {
		address := next[0]
		pattern := site.pattern(t, address)
		if seen[address] || known[pattern] && !slices.Contains(seeds, address) {
			continue
		}
		seen[address] = true
		res, body := v.see(address)
		page := strings.HasPrefix(res.Header.Get("Content-Type"), "text/html")
		switch refused := address == "/unit/nobody"; {
		case refused != (res.StatusCode == http.StatusNotFound), !refused && res.StatusCode != http.StatusOK:
			t.Errorf("%s answers %q with %s", address, reader, res.Status)
			continue
		case refused:
			pattern = "/"
		}
		if !slices.Contains(longest, address) {
			known[pattern], known[site.pattern(t, res.Request.URL.Path)] = true, true // it may have sent us on
		}
		if !page {
			continue
		}
		w := walked{reader: reader, address: address, pattern: pattern, weight: len(body), client: v.Client}
		_, w.main, _ = strings.Cut(ownTokens.ReplaceAllString(body, ""), "<main")
		for _, m := range loaded.FindAllStringSubmatch(body, -1) {
			if weights[m[1]] == 0 {
				_, file := v.see(html.UnescapeString(m[1]))
				weights[m[1]] = len(file)
			}
			w.weight += weights[m[1]]
		}
		for _, m := range linked.FindAllStringSubmatch(body, -1) {
			if !strings.Contains(m[1], "lang=") { // the page itself, and all after it, in another language
				next = append(next, html.UnescapeString(m[1]))
			}
		}
		all = append(all, w)
	}
	return all, known
}

// How many times as long as the reference a page may take: where nothing was written since somebody read it, and where it is
// the first to be read after something was written.
const (
	slowestAgain = 3
	slowestFirst = 25
)

// timely holds how long pages take against a query of the boards, asked at the same time: a machine that is slow today is slow
// for both.
func timely(t *testing.T, base, dir string, st *schema.Store, pages []walked) {
	t.Helper()
	info, err := engine.Attach(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	u := &boardUser{Info: *info}
	reference := func() time.Duration {
		u.forget()
		ref, err := u.ask("SELECT count() FROM v_progress(plan='kien-giang-2022-2025', as_of='2025-06-29', known_on='2099-12-31')")
		if err != nil {
			t.Fatal(err)
		}
		return ref.took
	}
	written := 0
	once := func(p walked, first bool) time.Duration {
		if first {
			written++
			if err := st.SetSetting(t.Context(), "read anew", strconv.Itoa(written)); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		res, err := p.client.Get(base + p.address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return time.Since(begin)
	}
	slowest := map[bool]float64{}
	where := map[bool]string{}
	seen := map[string]bool{}
	for _, p := range pages {
		if seen[p.address] {
			continue
		}
		seen[p.address] = true
		for _, first := range []bool{true, false} {
			most := float64(slowestAgain)
			if first {
				most = slowestFirst
			}
			took, ref := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			for i := range 6 {
				took, ref = min(took, once(p, first)), min(ref, reference())
				if i > 0 && float64(took) < most*float64(ref) { // a neighbour may have had the processor
					break
				}
			}
			ratio := float64(took) / float64(ref)
			if ratio > most {
				t.Errorf("%s takes %q %s, %.1f times the reference's %s (first after something was written: %t): at most %.0f times", p.address, p.reader, took, ratio, ref, first, most)
			}
			if ratio > slowest[first] {
				slowest[first], where[first] = ratio, p.address
			}
			if testing.Verbose() {
				t.Logf("%6.1f ms, %4.1f times the reference, first %t: %s", float64(took.Microseconds())/1000, ratio, first, p.address)
			}
		}
	}
	t.Logf("slowest first %.1f times the reference: %s; slowest again %.1f: %s", slowest[true], where[true], slowest[false], where[false])
}

// look is what a browser says of a page.
type look struct {
	Language string
	Over     string // what goes over the screen's right edge; empty: nothing does
	Faults   []fault
}

// fault is what axe-core has against a page.
type fault struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML string
		Why  string `json:"failureSummary"`
	}
}

// looking opens what a page keeps folded, lets axe-core look at it, and names the first part that is wider than the screen
// where the page is.
const looking = `;document.querySelectorAll("main details").forEach(d => d.open = true);
axe.run({resultTypes: ["violations"], elementRef: false}).then(r => {
	const all = document.documentElement, over = all.scrollWidth - all.clientWidth;
	const part = over > 0 && [...document.body.querySelectorAll("*")].find(e => e.getBoundingClientRect().right > all.clientWidth + 1 && !e.closest(".scroll"));
	return JSON.stringify({language: all.lang, over: over > 0 ? over + " px: " + (part || document.body).outerHTML.slice(0, 300) : "", faults: r.violations});
})`

// screens are where pages are looked at, and in which language.
var screens = []struct {
	name, language string
	width, height  int64
	options        []chromedp.EmulateViewportOption
}{
	{"desk", "vi", 1366, 768, nil},
	{"phone", "vi", 360, 740, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
	{"phone in English", "en", 360, 740, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch}},
}

// accessible lets axe-core look at every page, and in English at the fullest of every address, in one browser for each screen;
// none may be wider than its screen. axe-core comes with the engine: `make tools`.
func accessible(t *testing.T, base string, pages []walked) {
	axe, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("%v: `make tools` brings it", err)
	}
	fullest := map[string]walked{}
	for _, p := range pages {
		if len(p.main) > len(fullest[p.pattern].main) {
			fullest[p.pattern] = p
		}
	}
	for _, screen := range screens {
		t.Run(screen.name, func(t *testing.T) {
			t.Parallel()
			ctx := browsertest.Tab(t)
			do := func(steps ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				if err := chromedp.Do(ctx, steps...); err != nil {
					t.Fatal(err)
				}
			}
			do(chromedp.EmulateViewport(screen.width, screen.height, screen.options...), chromedp.Navigate(base+"/login?lang="+screen.language))
			reader := ""
			for _, p := range pages {
				if screen.language != "vi" && fullest[p.pattern].main != p.main {
					continue
				}
				if p.reader != reader {
					if reader != "" {
						do(chromedp.Click("form.who button"), chromedp.WaitVisible("#name"))
					}
					reader = p.reader
					do(chromedp.Navigate(base+"/login"), chromedp.SendKeys("#name", reader), chromedp.SendKeys("#password", walkersPassword+"\r"), chromedp.WaitVisible("form.who"))
				}
				do(chromedp.Navigate(base + p.address))
				said, err := chromedp.Run(ctx, chromedp.Evaluate[string](string(axe)+looking, chromedp.EvalAwaitPromise))
				if err != nil {
					t.Fatalf("%s: %v", p.address, err)
				}
				var l look
				if err := json.Unmarshal([]byte(said), &l); err != nil {
					t.Fatal(err)
				}
				if l.Language != screen.language {
					t.Errorf("%s for %q is in %q", p.address, p.reader, l.Language)
				}
				if l.Over != "" {
					t.Errorf("%s for %q goes over the screen's edge by %s", p.address, p.reader, l.Over)
				}
				for _, f := range l.Faults {
					what := fmt.Sprintf("%s for %q: %s, %s: %s, %d times, as %.200s: %s", p.address, p.reader, f.Impact, f.ID, f.Help, len(f.Nodes), f.Nodes[0].HTML, f.Nodes[0].Why)
					if f.Impact == "serious" || f.Impact == "critical" {
						t.Error(what)
					} else {
						t.Log(what)
					}
				}
			}
		})
	}
}
