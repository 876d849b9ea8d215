// Package web is what people read in a browser: the scorecard, the heat table, the pages of indicators and units, and how
// fresh the figures are, in Vietnamese, complete without a script and without anything from another host. It shows stored
// results and counts them; it computes no status, rank, gap or forecast, and knows the store only as its Reader. The award ledger
// is asked of its own package.
package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"tiendo/dashboards/grafana/maps"
	"tiendo/docs/runbooks"
	"tiendo/pipeline/document"
	"tiendo/pipeline/english"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

//go:embed templates/*.html static/*
var files embed.FS

// Options are what the pages stand on.
type Options struct {
	Plan    *plan.Plan
	Store   Reader
	Now     func() time.Time
	Notice  string       // shown on every page; empty: the figures are real
	Log     *slog.Logger // of requests that failed; nil: none
	Metrics http.Handler // at /metrics; nil: not found

	Registers      Registrar        // takes entries of the award registers; nil: none are taken
	Reviews        Reviews          // the reviews that are kept; nil: the weeks are only shown
	Access         Access           // accounts and the audit log; nil: nobody signs in
	Keeper         Keeper           // accounts that are changed on the pages, and the log that is read there; nil: neither
	Proxies        []netip.Prefix   // whose X-Forwarded-For is believed; nil: this machine's own
	OpenID         *OpenID          // another way to sign in; nil: passwords only
	RequireLogin   bool             // nothing is shown before
	Site           string           // public address; its path stands before every link, its scheme decides on the cookies
	Clock          func() time.Time // of sign-ins, which are no part of a demo's day; nil: time.Now
	Forms          Forms            // report forms; nil, or nobody signs in: there are no pages for them
	Drafts         Drafts           // with Forms
	Idle, Lifetime time.Duration    // of a session; 0: an hour, 12 hours

	Contests Contests // what units object to; nil: nobody can
	Upkeep   Upkeep   // runs, rejects, restatements; nil: their pages are not there
	// Redrive tries a source's refused records again from what was landed; nil: it cannot be done from here.
	Redrive func(ctx context.Context, source string) (Redriven, error)
}

// patience is how long a page may wait for the store.
const patience = 20 * time.Second

// site serves the pages of one plan.
type site struct {
	Options
	templates map[string]*template.Template
	sources   map[string]sourceInfo
	style     string // address of the style sheet, named by its content
	script    string // of the script that sorts tables
	runbook   *runbook
	door      *door // nil: nobody signs in
	desk      *Desk // nil: no review is kept
	ledgers   ledgers
	outlines  map[string]outline // by unit code
	mapHeight int
	mux       *http.ServeMux
	prefix    string // path of the site's address, without the last slash
	english   *english.Catalogue
}

// sourceInfo is what a source's file says to people.
type sourceInfo struct {
	Name        string      `yaml:"name"`
	Rhythm      plan.Rhythm `yaml:"rhythm"`
	Kind        string      `yaml:"kind"`
	Path        string      `yaml:"path"` // of the folder that files are put into; empty: it is asked over the network
	Schedule    string      `yaml:"schedule"`
	RejectLimit *float64    `yaml:"reject_limit"` // nil: the program's own
}

// sourceInfos is what the files of a plan's sources say to people, by source.
func sourceInfos(p *plan.Plan) (map[string]sourceInfo, error) {
	all := map[string]sourceInfo{}
	for _, f := range p.Sources {
		info := sourceInfo{Rhythm: plan.Daily, Schedule: "30 1 * * *"}
		if err := yaml.Unmarshal(f.Data, &info); err != nil {
			return nil, fmt.Errorf("web: source %s: %w", f.Name, err)
		}
		if info.Name == "" {
			info.Name = f.Name
		}
		all[f.Name] = info
	}
	return all, nil
}

func sourceNames(sources map[string]sourceInfo) (all []string) {
	for _, x := range sources {
		all = append(all, x.Name)
	}
	return all
}

// New reads the templates and arranges the addresses. It fails only where the program itself is broken or an option is
// missing.
func New(o Options) (*Site, error) {
	if o.Plan == nil || o.Store == nil || o.Now == nil {
		return nil, errors.New("web: plan, store and clock must be given")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if err := checkOpenID(o); err != nil {
		return nil, err
	}
	if o.RequireLogin && o.Access == nil {
		return nil, errors.New("web: signing in is required, and there are no accounts to sign in with")
	}
	sources, err := sourceInfos(o.Plan)
	if err != nil {
		return nil, err
	}
	known := &memory{Reader: o.Store}
	o.Store = known
	if o.Upkeep != nil {
		o.Upkeep = upkeepMemory{o.Upkeep, known}
	}
	s := &site{Options: o, templates: map[string]*template.Template{}, sources: sources}
	templates, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range templates {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := template.ParseFS(files, "templates/layout.html", "templates/parts.html", file)
		if err != nil {
			return nil, fmt.Errorf("web: template %s: %w", name, err)
		}
		s.templates[name] = t
	}
	if s.english, err = english.New(o.Plan, sourceNames(sources)); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, err
	}
	css, err := styleSheet(static)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(css)
	s.style = stylePath + "?v=" + hex.EncodeToString(sum[:6])

	if s.outlines, s.mapHeight, err = readOutlines(maps.Districts); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	script, err := fs.ReadFile(static, "sort.js")
	if err != nil {
		return nil, err
	}
	sum = sha256.Sum256(script)
	s.script = "/static/sort.js?v=" + hex.EncodeToString(sum[:6])

	if s.runbook, err = readRunbook(runbooks.Alerts); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}

	if s.prefix, err = prefixOf(o.Site); err != nil {
		return nil, err
	}
	if o.Access != nil {
		if s.door, err = newDoor(o, s.prefix); err != nil {
			return nil, err
		}
	}

	if o.Reviews != nil {
		s.desk = &Desk{Plan: o.Plan, Store: o.Store, Reviews: o.Reviews, Audit: o.Access, Now: o.Now, Clock: o.Clock}
	}

	mux := http.NewServeMux()
	s.mux = mux
	mux.Handle("/{$}", s.page(s.scorecard))
	mux.Handle("/heat", s.page(s.heat))
	mux.Handle("/map", s.page(s.mapPage))
	mux.Handle("/compare", s.page(s.compare))
	mux.Handle("/indicator/{code}", s.page(s.indicator))
	mux.Handle("/pillar/{code}", s.page(s.pillarPage))
	mux.Handle("/unit/{unit}", s.page(s.unit))
	mux.HandleFunc("/review", s.thisWeek)
	mux.Handle("/review/{week}", s.page(s.review))
	mux.Handle("/reviews", s.page(s.reviews))
	mux.Handle("/actions", s.page(s.actions))
	mux.Handle("/reports", s.page(s.reports))
	mux.Handle("/report/{period}", s.page(s.report))
	mux.Handle("/freshness", s.page(s.freshness))
	mux.Handle("/late", s.page(s.late))
	mux.Handle("/letter/late", s.page(s.letterLate))
	mux.Handle("/rejects", s.page(s.rejects))
	mux.Handle("/restatements", s.page(s.restatements))
	mux.Handle("/sources", s.page(s.sourceList))
	mux.Handle("/source/{source}", s.page(s.source))
	mux.Handle("/contests", s.page(s.contestList))
	mux.Handle("/contests/{number}", s.page(s.contest))
	mux.Handle("/search", s.page(s.search))
	mux.Handle("/figure/{code}/{unit}", s.page(s.figure))
	mux.Handle("/payload/{source}/{sha256}", s.page(s.payload))
	mux.HandleFunc("/payload/{source}/{sha256}/body", s.payloadFile)
	mux.Handle("/awards", s.page(s.awards))
	mux.Handle("/awards/{award}", s.page(s.award))
	mux.Handle("/awards/{award}/{subject}", s.page(s.awardSubject))
	mux.Handle("/proposal/{award}", s.page(s.proposal))
	mux.Handle("/rulings", s.page(s.rulingsPage))
	mux.Handle("/rulings/{award}", s.page(s.rulingImpact))
	mux.Handle(accountPath, s.page(s.account))
	mux.Handle(accountsPath, s.page(s.accounts))
	mux.Handle(accountsPath+"/{name}", s.page(s.oneAccount))
	mux.Handle(auditPath, s.page(s.audit))
	mux.Handle("/registers", s.page(s.registers))
	mux.Handle("/registers/enter", s.page(s.enter))
	mux.Handle("/runbook", s.page(s.runbookPage))
	mux.HandleFunc(apiPath, s.openData)
	mux.HandleFunc(packagePath, s.openData)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("/readyz", s.readyz)
	if o.Metrics != nil {
		mux.Handle("/metrics", o.Metrics)
	}
	mux.Handle(stylePath, cached(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(css))
	})))
	mux.Handle("/static/", cached(http.StripPrefix("/static/", http.FileServerFS(static))))
	mux.Handle("/", s.page(func(context.Context, *ask) (*page, error) {
		return nil, notFound("Không có trang này", "Địa chỉ không đúng hoặc trang đã được bỏ.")
	}))
	if s.door != nil && o.Redrive != nil {
		mux.Handle("POST /rejects/redrive", s.post(s.redrive))
	}
	if s.door != nil && o.Contests != nil {
		mux.Handle("POST /figure/{code}/{unit}/contest", s.post(s.fileContest))
		mux.Handle("POST /contests/{number}/settle", s.post(s.settleContest))
		mux.Handle("POST /contests/{number}/withdraw", s.post(s.withdrawContest))
	}
	if s.desk != nil && s.door != nil {
		s.reviewForms(mux)
	}
	if s.hasForms() {
		s.formRoutes(mux)
	}
	if s.door != nil {
		mux.Handle("POST /registers/enter", s.post(s.enterEntry))
		mux.Handle("POST "+accountPath, s.post(s.changeOwn))
		mux.Handle("POST "+accountsPath, s.post(s.addAccount))
		mux.Handle("POST "+accountsPath+"/{name}", s.post(s.changeAccount))
		if o.OpenID != nil {
			mux.HandleFunc("GET "+openIDPath, s.openIDStart)
			mux.HandleFunc("GET "+openIDBackPath, s.openIDBack)
		}
		mux.HandleFunc("GET "+loginPath, s.login)
		mux.HandleFunc("POST "+loginPath, s.login)
		mux.HandleFunc("GET "+logoutPath, s.logout)
		mux.HandleFunc("POST "+logoutPath, s.logout)
	}
	h, err := compressed(below(s.prefix, s.addressed(s.guard(mux, s.spoken(s.gate(mux))))))
	return &Site{Handler: h, site: s}, err
}

// stylePath is where all style sheets are had as one.
const stylePath = "/static/style.css"

// styleSheet joins the style sheets: style.css, which all pages share, then those of single pages and that of documents.
func styleSheet(static fs.FS) ([]byte, error) {
	names, err := fs.Glob(static, "style-*.css")
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, name := range append([]string{"style.css"}, names...) {
		one, err := fs.ReadFile(static, name)
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return append(all, document.CSS...), nil
}

// guard sets the headers that every answer carries and refuses to do anything but read, except for what is posted to an
// address that is there for it.
func (s *site) guard(mux *http.ServeMux, next http.Handler) http.Handler {
	posted := func(r *http.Request) bool {
		_, pattern := mux.Handler(r)
		return r.Method == http.MethodPost && strings.HasPrefix(pattern, "POST ")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if unprintable(r.URL) {
			err := badRequest("Địa chỉ không đọc được", "Địa chỉ có ký tự không in được, như dấu xuống dòng.")
			if isOpen(r.URL.Path) {
				s.problem(w, r, err)
			} else {
				s.refuse(w, r, err)
			}
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !posted(r) && !isOpen(r.URL.Path) { // programs are told in their own form
			h.Set("Allow", "GET, HEAD")
			plain(w, http.StatusMethodNotAllowed, "Trang này chỉ để xem: chỉ nhận GET và HEAD.\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unprintable says whether an address holds what nobody writes: a tab, a line break, a zero.
func unprintable(u *url.URL) bool {
	all := []string{u.Path}
	for _, values := range u.Query() {
		all = append(all, values...)
	}
	return slices.ContainsFunc(all, func(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) })
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		next.ServeHTTP(w, r)
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the reader may be gone
}

// page turns what a page says into an answer: HTML, or its table where ?format=csv or ?format=xlsx asks for it.
func (s *site) page(build func(context.Context, *ask) (*page, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(inMoment(r.Context()), patience)
		defer cancel()
		a, err := s.ask(r)
		var p *page
		if err == nil {
			p, err = build(ctx, a)
		}
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		p.Kept = a.kept()
		if p.Permalink == "" {
			p.Permalink = a.self("format", "")
		}
		if p.Table != nil && p.CSV == "" {
			p.CSV = a.self("format", "csv")
		}
		if p.GoTo != "" {
			http.Redirect(w, r, s.prefix+p.GoTo, http.StatusSeeOther)
			return
		}
		switch f := a.query.Get("format"); {
		case f == "csv" && p.Table != nil:
			s.table(w, r, p)
		case p.Document != nil && documentFiles[f].write != nil:
			s.documentFile(w, r, p, f)
		case f == "xlsx" && p.Table != nil:
			s.workbook(w, r, p)
		case f != "":
			s.refuse(w, r, badRequest("Không có định dạng này", fmt.Sprintf("Trang này không có định dạng “%s”; bỏ phần format trong địa chỉ.", f)))
		default:
			s.render(w, r, p, http.StatusOK)
		}
	})
}

func (s *site) render(w http.ResponseWriter, r *http.Request, p *page, status int) {
	p.Who, p.Door, p.Accounts, p.More = whoAsks(r.Context()), s.door != nil, s.Keeper != nil, s.more(r.Context(), r.URL.Path, p.Kept)
	p.Nav = append(p.Nav, s.mine(r.Context(), r.URL.Path)...)
	p.Languages = languagesOf(r)
	var b bytes.Buffer
	if err := s.templates[p.Template].ExecuteTemplate(&b, "layout", p); err != nil {
		s.Log.Error("page cannot be written", "path", r.URL.Path, "error", err)
		plain(w, http.StatusInternalServerError, "Trang bị lỗi. Đề nghị báo bộ phận kỹ thuật kèm địa chỉ của trang.\n")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Add("Vary", "Cookie") // the language
	if p.Who != nil || p.Template == "login" {
		w.Header().Set("Cache-Control", "private, no-store")
	}
	body := prefixed(s.inLanguage(r, b.Bytes()), s.prefix)
	if status == http.StatusOK && p.Who == nil && p.Template != "login" {
		sum := sha256.Sum256(body)
		w.Header().Set("ETag", `W/"`+hex.EncodeToString(sum[:16])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader may be gone
}

// table writes the page's table for a spreadsheet: UTF-8 with a byte-order mark, without which Excel breaks Vietnamese.
func (s *site) table(w http.ResponseWriter, r *http.Request, p *page) {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	c := csv.NewWriter(&b)
	for _, line := range s.stated(p) {
		cells := make([]string, len(line))
		for i, cell := range line {
			cells[i] = harmless(cell)
		}
		_ = c.Write(cells) // a buffer takes everything
	}
	c.Flush()
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, fileName(r, p, "csv")))
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(b.Bytes()) // the reader may be gone
}

// fileName is a page's address and day as the name of a file.
func fileName(r *http.Request, p *page, kind string) string {
	if p.File != "" {
		return p.File + "." + kind
	}
	name := strings.Trim(strings.NewReplacer("/", "-", "@", "-").Replace(r.URL.Path), "-")
	if name == "" {
		name = "scorecard"
	}
	return strings.Trim(name+"-"+p.AsOfISO, "-") + "." + kind
}

// harmless keeps a spreadsheet from taking a text for a formula; numbers stay numbers.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := plan.ParseValue(cell); err == nil {
		return cell
	}
	return "'" + cell
}

// refusal is an answer that is no page, with what the reader can do.
type refusal struct {
	status      int
	title, text string
	links       []link
}

func (e *refusal) Error() string { return e.title + ": " + e.text }

func notFound(title, text string, links ...link) *refusal {
	return &refusal{http.StatusNotFound, title, text, links}
}

func badRequest(title, text string, links ...link) *refusal {
	return &refusal{http.StatusBadRequest, title, text, links}
}

// refuse answers with a page that says what is wrong and what to do. What is not the reader's doing is logged.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *refusal
	if !errors.As(err, &e) {
		if r.Context().Err() != nil {
			return // the reader went away
		}
		s.Log.Error("page failed", "path", r.URL.Path, "error", err)
		e = &refusal{http.StatusServiceUnavailable, "Kho số liệu chưa trả lời",
			"Số liệu đã lưu không mất. Đề nghị thử lại sau ít phút; nếu vẫn không được, báo bộ phận kỹ thuật xem /readyz và nhật ký của máy chủ.", nil}
	}
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	p := s.newPage("error", e.title)
	p.Nav = s.nav(&ask{asOf: plan.NoDay, knownOn: plan.NoDay}, "") // the day asked for may be what is wrong
	p.Body = struct {
		Status int
		Text   string
		Links  []link
	}{e.status, e.text, append(e.links, link{Text: "Về trang tổng quan", URL: "/"})}
	s.render(w, r, p, e.status)
}

// readyz says in plain text whether figures can be shown: the store answers, its tables are the newest, nothing is being
// rebuilt and results are there.
func (s *site) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	st, err := s.Store.State(ctx)
	switch {
	case err != nil:
		s.Log.Error("not ready", "error", err)
		plain(w, http.StatusServiceUnavailable, "chưa sẵn sàng: kho số liệu không trả lời\n")
	case st.Schema != st.Wanted:
		plain(w, http.StatusServiceUnavailable, fmt.Sprintf("chưa sẵn sàng: bảng số liệu ở phiên bản %d, cần %d: chạy `tiendo migrate`\n", st.Schema, st.Wanted))
	case st.Replaying:
		plain(w, http.StatusServiceUnavailable, "chưa sẵn sàng: số liệu đang được dựng lại: đợi, hoặc chạy lại `tiendo replay`\n")
	case st.Computed.IsZero():
		plain(w, http.StatusServiceUnavailable, "chưa sẵn sàng: chưa có kết quả tính toán: chạy `tiendo compute`\n")
	default:
		plain(w, http.StatusOK, "sẵn sàng: tính lần cuối "+st.Computed.In(plan.Zone).Format(time.RFC3339)+"\n")
	}
}

// severity orders statuses for reading, what needs attention first. It ranks no unit.
func severity(s progress.Status) int {
	switch s {
	case progress.Behind:
		return 0
	case progress.AtRisk:
		return 1
	case progress.NoData:
		return 2
	case progress.Stale:
		return 3
	case progress.OnTrack:
		return 4
	case progress.Met:
		return 5
	case progress.NoTarget:
		return 6
	}
	return 7
}
