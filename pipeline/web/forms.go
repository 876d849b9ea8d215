package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// Forms writes the empty report forms, reads filled-in ones, and takes confirmed ones in.
type Forms interface {
	// Blank writes the empty form of a unit for a period as a workbook.
	Blank(ctx context.Context, k draft.Key, w io.Writer) error
	// Read reads a file by its name's ending; what is wrong with it is said in the sheet.
	Read(k draft.Key, file string, data []byte) (draft.Sheet, error)
	// Parse reads a kept body again.
	Parse(k draft.Key, body []byte) (draft.Sheet, error)
	// Final is the body without what is refused, and with the reason why it is handed in again.
	Final(k draft.Key, body []byte, reason string) ([]byte, error)
	// Land lands the body as a page of the form's source, so that its figures count; again changes nothing.
	Land(ctx context.Context, k draft.Key, version uint64, body []byte) error
}

// Drafts keeps what is handed in and does not count yet.
type Drafts interface {
	// Drafts are events by draft and version.
	Drafts(ctx context.Context, q draft.Query) ([]draft.Event, error)
	// AppendDraft appends an event; draft.ErrTaken: another stands in its place, nothing was done.
	AppendDraft(ctx context.Context, e draft.Event) error
	// KeepBody keeps what was handed in, under its hash.
	KeepBody(ctx context.Context, k draft.Key, body []byte, by string, now time.Time) error
	// Body is what was handed in for this very draft under the hash; nil where nothing was.
	Body(ctx context.Context, k draft.Key, sha256 string) ([]byte, error)
	// Receipts say for which units and periods figures have come from a source, of periods that ended on the day or later.
	Receipts(ctx context.Context, source string, measures []string, since plan.Day) ([]draft.Receipt, error)
}

// openPeriods is how many closed periods of a form the list shows: the newest always, those before it while something is to
// be done about them.
const openPeriods = 4

// shownLines is how many rows of a form a page shows; the table that can be downloaded has them all.
const shownLines = 400

// The places of a form's pages.
const formsPath = "/forms"

// filing is a form of a unit for a period.
type filing struct {
	draft.Key
	form   *plan.Form
	unit   *plan.Unit
	period plan.Period
	ref    string // of the unit in addresses
}

func (e filing) path(more ...string) string {
	return formsPath + "/" + strings.Join(append([]string{url.PathEscape(e.form.Code), e.ref, e.period.Label}, more...), "/")
}

// handedIn are the forms that units hand in period by period; registers, which are kept by the day, are none.
func (s *site) handedIn() (all []*plan.Form) {
	for i := range s.Plan.Forms {
		f := &s.Plan.Forms[i]
		if f.Rhythm != plan.Daily && len(draft.Measures(*f)) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// registerForms are the forms that are kept by the day, as they hold from then on: the list of facilities, the baselines. They are
// handed in as files.
func (s *site) registerForms() (all []*plan.Form) {
	for i := range s.Plan.Forms {
		if f := &s.Plan.Forms[i]; f.Rhythm == plan.Daily && len(draft.Measures(*f)) == 0 {
			all = append(all, f)
		}
	}
	return all
}

// registerRows are the register forms with the empty form of the day that it would be for: baselines are of the plan's first day.
func (s *site) registerRows(today plan.Day) (rows []formRow) {
	for _, f := range s.registerForms() {
		day := today
		if slices.ContainsFunc(f.Keys, func(k plan.Column) bool { return k.Role == "indicator" }) {
			day = s.Plan.Start
		}
		u := s.Plan.Units.On(s.Plan.Province, day)
		p, err := plan.ParsePeriod(f.PeriodType, day.String())
		if u == nil || err != nil || !slices.Contains(f.Levels, u.Level) {
			continue
		}
		rows = append(rows, formRow{Code: f.Code, Title: f.Title, Unit: u.Name, Period: words.Day(day), Span: f.Note, Blank: s.filingOf(f, u, p).path() + ".xlsx"})
	}
	return rows
}

func (s *site) filingOf(f *plan.Form, u *plan.Unit, p plan.Period) filing {
	return filing{draft.Key{Form: f.Code, Unit: u.UnitKey, Period: p.Label}, f, u, p, s.refOn(u, p.End)}
}

// filingAt is what an address names. It exists in the plan's data, whoever asks.
func (s *site) filingAt(a *ask) (filing, error) { return s.filingAmong(s.handedIn(), a) }

func (s *site) filingAmong(forms []*plan.Form, a *ask) (filing, error) {
	i := slices.IndexFunc(forms, func(f *plan.Form) bool { return f.Code == a.value("form") })
	if i < 0 {
		return filing{}, notFound("Không có biểu này", fmt.Sprintf("Kế hoạch không có biểu báo cáo định kỳ “%s”.", a.value("form")), link{Text: "Các biểu báo cáo", URL: formsPath})
	}
	f := forms[i]
	label := a.value("period")
	p, err := plan.ParsePeriod(f.PeriodType, label)
	if err != nil || p.Rhythm != f.Rhythm || p.Start > a.today || p.End < s.Plan.Start {
		return filing{}, notFound("Không có kỳ này", fmt.Sprintf("Biểu %s không có kỳ “%s”, hoặc kỳ chưa bắt đầu.", f.Code, label), link{Text: "Các biểu báo cáo", URL: formsPath})
	}
	u, err := s.Plan.Units.Select(a.value("unit"), p.End)
	if err != nil || !u.ValidOn(p.End) || !slices.Contains(f.Levels, u.Level) {
		return filing{}, notFound("Đơn vị không lập biểu này", fmt.Sprintf("Không có đơn vị mã “%s” phải lập biểu %s vào ngày cuối kỳ %s.", a.value("unit"), f.Code, words.Day(p.End)), link{Text: "Các biểu báo cáo", URL: formsPath})
	}
	return s.filingOf(f, u, p), nil
}

// stating says how a filing stands, for people.
type stating struct {
	words.StatusWord
	Note string
}

// The words of the states.
var (
	stateNone      = words.StatusWord{Name: "Chưa nộp", Sign: "–", Class: "no-data"}
	stateLate      = words.StatusWord{Name: "Quá hạn", Sign: "▼", Class: "behind"}
	stateSpare     = words.StatusWord{Name: "Khi cần", Sign: "○", Class: "no-target"}
	stateDraft     = words.StatusWord{Name: "Nháp", Sign: "✎", Class: "at-risk"}
	stateWaiting   = words.StatusWord{Name: "Chờ xác nhận", Sign: "…", Class: "at-risk"}
	stateReturned  = words.StatusWord{Name: "Trả lại", Sign: "↩", Class: "behind"}
	stateLanding   = words.StatusWord{Name: "Đã xác nhận, chưa nạp", Sign: "…", Class: "at-risk"}
	stateConfirmed = words.StatusWord{Name: "Đã xác nhận", Sign: "✔", Class: "met"}
	stateCounted   = words.StatusWord{Name: "Đã có số liệu", Sign: "✔", Class: "met"}
)

var actionWords = map[draft.Action]string{draft.Saved: "Lưu nháp", draft.Submitted: "Trình xác nhận", draft.Returned: "Trả lại", draft.Withdrawn: "Rút lại", draft.Confirmed: "Xác nhận", draft.Landed: "Nạp vào số liệu"}

// stands says how a filing stands on the day: by its draft, by what counts, by its deadline.
func (s *site) stands(e filing, last draft.Event, counted bool, today plan.Day) stating {
	from := progress.LateFrom(s.Plan.Holidays, e.period)
	late := ""
	if !counted && !e.form.Fallback && today >= from {
		late = fmt.Sprintf("quá hạn %d ngày làm việc", s.Plan.Holidays.Count(from, today))
	}
	switch last.Action {
	case draft.Saved:
		return stating{stateDraft, late}
	case draft.Submitted:
		return stating{stateWaiting, late}
	case draft.Returned:
		return stating{stateReturned, late}
	case draft.Confirmed:
		return stating{stateLanding, ""}
	}
	switch {
	case counted && last.Action == draft.Landed:
		return stating{stateConfirmed, ""}
	case counted:
		return stating{stateCounted, ""}
	case late != "":
		return stating{stateLate, late}
	case e.form.Fallback:
		return stating{stateSpare, ""}
	}
	return stating{stateNone, ""}
}

// book is what is known of many entries at once.
type book struct {
	last    map[draft.Key]draft.Event
	counted map[draft.Key]bool
}

// bookOf reads how the entries of some forms stand, of one unit or of all.
func (s *site) bookOf(ctx context.Context, forms []*plan.Form, unit *plan.UnitKey, since plan.Day) (book, error) {
	b := book{map[draft.Key]draft.Event{}, map[draft.Key]bool{}}
	q := draft.Query{Unit: unit, Newest: true}
	if len(forms) == 1 {
		q.Form = forms[0].Code
	}
	events, err := s.Drafts.Drafts(ctx, q)
	if err != nil {
		return b, err
	}
	for _, e := range events {
		b.last[e.Key] = e
	}
	measures := map[string][]string{}
	of := map[string][]*plan.Form{} // by the measure that says that a form is there
	for _, f := range forms {
		m := draft.Measures(*f)[0]
		measures[f.Source] = append(measures[f.Source], m)
		of[f.Source+" "+m] = append(of[f.Source+" "+m], f)
	}
	for source, list := range measures {
		receipts, err := s.Drafts.Receipts(ctx, source, list, since)
		if err != nil {
			return b, err
		}
		for _, r := range receipts {
			for _, f := range of[source+" "+r.Measure] {
				p, ok := plan.PeriodEnding(f.PeriodType, f.Rhythm, r.End)
				if !ok {
					continue
				}
				key := r.Unit
				if f.Keys[0].Role != "unit" { // a facility's figure: the province hands the form in
					if u := s.Plan.Units.On(s.Plan.Province, r.End); u != nil {
						key = u.UnitKey
					}
				}
				b.counted[draft.Key{Form: f.Code, Unit: key, Period: p.Label}] = true
			}
		}
	}
	return b, nil
}

// closed are the form's periods that have ended within the plan's time.
func (s *site) closed(f *plan.Form, today plan.Day) []plan.Period {
	all := plan.ClosedPeriods(f.PeriodType, f.Rhythm, s.Plan.Start, today)
	if end := s.Plan.End; end > 0 {
		all = slices.DeleteFunc(all, func(p plan.Period) bool { return p.End > end })
	}
	return all
}

type formsBody struct {
	Unit    *plan.Unit
	Form    *plan.Form
	Period  string
	Owed    []formRow
	Spare   []formRow // forms for what a source system does not show
	Waiting []formRow
	Forms   []formSum
	Units   []formRow
	Kept    []formRow // register forms
	All     bool      // the one who asks may see every unit
	Table   string
}

type formRow struct {
	Code, Title, Unit, Period, Span, Due string
	State                                stating
	URL, Blank                           string
	By                                   string
}

type formSum struct {
	Code, Title, Period, Due, URL          string
	Expected, There, Waiting, Drafts, Late int
	Fallback                               bool
}

// formsPage lists the forms: an officer's or head's own, with what is open; of all units for those who may see them.
func (s *site) formsPage(ctx context.Context, a *ask) (*page, error) {
	who := whoAsks(ctx)
	if who != nil && who.Role.OfUnit() {
		u := s.Plan.Units.Key(who.Unit)
		if u == nil {
			return nil, notFound("Không có đơn vị của tài khoản", "Kế hoạch không có đơn vị của tài khoản này; đề nghị báo quản trị.")
		}
		return s.unitForms(ctx, a, u)
	}
	if ref := a.query.Get("unit"); ref != "" {
		u, err := s.Plan.Units.Select(ref, a.today)
		if err != nil {
			return nil, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s”.", ref))
		}
		return s.unitForms(ctx, a, u)
	}
	if err := s.allow(a, ctx, access.DraftRead, plan.UnitKey{}); err != nil {
		return nil, err
	}
	if code := a.query.Get("form"); code != "" {
		return s.formUnits(ctx, a, code)
	}
	return s.formOverview(ctx, a)
}

func (s *site) formsFrame(a *ask, title string, b *formsBody, crumbs ...link) *page {
	p := s.newPage("forms", title)
	p.Nav = s.nav(a, "/forms")
	p.Crumbs = crumbs
	p.Body = b
	return p
}

// rowOf is a filing's line in a list.
func (s *site) rowOf(e filing, b book, today plan.Day) formRow {
	last := b.last[e.Key]
	return formRow{Code: e.form.Code, Title: e.form.Title, Unit: e.unit.Name, Period: periodName(e.period), Span: period(e.period.Start, e.period.End),
		Due: words.Day(progress.LateFrom(s.Plan.Holidays, e.period) - 1), State: s.stands(e, last, b.counted[e.Key], today), URL: e.path(), Blank: e.path() + ".xlsx", By: last.By}
}

// unitForms is the list of one unit.
func (s *site) unitForms(ctx context.Context, a *ask, u *plan.Unit) (*page, error) {
	if err := s.allow(a, ctx, access.DraftRead, u.UnitKey); err != nil {
		return nil, err
	}
	know, err := s.bookOf(ctx, s.handedIn(), &u.UnitKey, a.today-366*2)
	if err != nil {
		return nil, err
	}
	b := &formsBody{Unit: u, All: !whoAsks(ctx).Role.OfUnit(), Table: a.url(formsPath, "unit", map[bool]string{true: s.refOn(u, a.today)}[!whoAsks(ctx).Role.OfUnit()], "format", "csv")}
	table := [][]string{{"form", "title", "unit", "period", "due", "state", "note"}}
	for _, f := range s.handedIn() {
		if !slices.Contains(f.Levels, u.Level) {
			continue
		}
		periods := slices.DeleteFunc(s.closed(f, a.today), func(p plan.Period) bool { return !u.ValidOn(p.End) })
		for i := len(periods) - 1; i >= max(0, len(periods)-openPeriods); i-- {
			e := s.filingOf(f, u, periods[i])
			if i < len(periods)-1 && !know.last[e.Key].Open() && (know.counted[e.Key] || f.Fallback) {
				continue
			}
			row := s.rowOf(e, know, a.today)
			table = append(table, []string{f.Code, f.Title, u.UnitKey.String(), e.Period, (progress.LateFrom(s.Plan.Holidays, e.period) - 1).String(), row.State.Name, row.State.Note})
			if f.Fallback {
				b.Spare = append(b.Spare, row)
			} else {
				b.Owed = append(b.Owed, row)
			}
		}
	}
	p := s.formsFrame(a, "Biểu báo cáo của "+u.Name, b)
	if b.All {
		p.Crumbs = []link{{Text: "Biểu báo cáo", URL: formsPath}, {Text: u.Name, Here: true}}
	}
	p.Table = table
	return p, nil
}

// expecting are the units that hand the form in for the period, in the plan's order.
func (s *site) expecting(f *plan.Form, p plan.Period) (all []*plan.Unit) {
	for _, u := range s.Plan.Units.All {
		if u.ValidOn(p.End) && slices.Contains(f.Levels, u.Level) {
			all = append(all, u)
		}
	}
	return all
}

// formOverview is the list of all forms, each with how many units have handed in its newest period, and what waits.
func (s *site) formOverview(ctx context.Context, a *ask) (*page, error) {
	forms := s.handedIn()
	know, err := s.bookOf(ctx, forms, nil, a.today-366*2)
	if err != nil {
		return nil, err
	}
	b := &formsBody{All: true, Table: a.url(formsPath, "format", "csv"), Kept: s.registerRows(a.today)}
	table := [][]string{{"form", "title", "period", "due", "expected", "there", "waiting", "drafts", "late"}}
	for _, f := range forms {
		periods := s.closed(f, a.today)
		if len(periods) == 0 {
			continue
		}
		p := periods[len(periods)-1]
		due := progress.LateFrom(s.Plan.Holidays, p) - 1
		x := formSum{Code: f.Code, Title: f.Title, Period: periodName(p), Due: words.Day(due), URL: a.url(formsPath, "form", f.Code), Fallback: f.Fallback}
		for _, u := range s.expecting(f, p) {
			x.Expected++
			e := s.filingOf(f, u, p)
			switch last := know.last[e.Key]; {
			case last.Action == draft.Submitted || last.Action == draft.Confirmed:
				x.Waiting++
			case last.Open():
				x.Drafts++
			}
			switch {
			case know.counted[e.Key]:
				x.There++
			case a.today > due && !f.Fallback:
				x.Late++
			}
		}
		b.Forms = append(b.Forms, x)
		n := strconv.Itoa
		table = append(table, []string{f.Code, f.Title, p.Label, due.String(), n(x.Expected), n(x.There), n(x.Waiting), n(x.Drafts), n(x.Late)})
	}
	for _, e := range know.last {
		if e.Action != draft.Submitted && e.Action != draft.Confirmed {
			continue
		}
		f, u := s.Plan.Form(e.Form), s.Plan.Units.Key(e.Unit)
		if f == nil || u == nil {
			continue
		}
		if p, err := plan.ParsePeriod(f.PeriodType, e.Period); err == nil {
			b.Waiting = append(b.Waiting, s.rowOf(s.filingOf(f, u, p), know, a.today))
		}
	}
	byName := words.ByName()
	slices.SortFunc(b.Waiting, func(x, y formRow) int {
		return cmp.Or(strings.Compare(x.Code, y.Code), byName(x.Unit, y.Unit), strings.Compare(x.URL, y.URL))
	})
	p := s.formsFrame(a, "Biểu báo cáo của các đơn vị", b)
	p.Table = table
	return p, nil
}

// formUnits is how all units stand with a form's period.
func (s *site) formUnits(ctx context.Context, a *ask, code string) (*page, error) {
	i := slices.IndexFunc(s.handedIn(), func(f *plan.Form) bool { return f.Code == code })
	if i < 0 {
		return nil, notFound("Không có biểu này", fmt.Sprintf("Kế hoạch không có biểu báo cáo định kỳ “%s”.", code), link{Text: "Các biểu báo cáo", URL: formsPath})
	}
	f := s.handedIn()[i]
	periods := s.closed(f, a.today)
	if len(periods) == 0 {
		return nil, notFound("Chưa có kỳ nào kết thúc", "Biểu "+f.Code+" chưa có kỳ báo cáo nào kết thúc.", link{Text: "Các biểu báo cáo", URL: formsPath})
	}
	p := periods[len(periods)-1]
	if label := a.query.Get("period"); label != "" {
		i := slices.IndexFunc(periods, func(p plan.Period) bool { return p.Label == label })
		if i < 0 {
			return nil, notFound("Không có kỳ này", fmt.Sprintf("Biểu %s không có kỳ “%s” đã kết thúc.", f.Code, label), link{Text: "Kỳ gần nhất", URL: a.url(formsPath, "form", f.Code)})
		}
		p = periods[i]
	}
	know, err := s.bookOf(ctx, []*plan.Form{f}, nil, p.End)
	if err != nil {
		return nil, err
	}
	b := &formsBody{Form: f, Period: periodName(p), All: true, Table: a.url(formsPath, "form", f.Code, "period", p.Label, "format", "csv")}
	table := [][]string{{"form", "period", "unit", "name", "state", "note"}}
	for _, u := range s.expecting(f, p) {
		row := s.rowOf(s.filingOf(f, u, p), know, a.today)
		b.Units = append(b.Units, row)
		table = append(table, []string{f.Code, p.Label, u.UnitKey.String(), u.Name, row.State.Name, row.State.Note})
	}
	out := s.formsFrame(a, f.Code+" "+f.Title, b, link{Text: "Biểu báo cáo", URL: formsPath}, link{Text: f.Code, Here: true})
	out.Table = table
	return out, nil
}

// formLine is a row of a form on a page.
type formLine struct {
	Row   string // of the sheet; empty: the sheet does not have it
	Label string
	Cells []formCell
}

type formCell struct {
	Header, Was, Now string
	New, Changed     bool
}

type formTally struct{ New, Changed, Same, Kept int }

// lines are rows for people, and how many cells are new, changed, as they were, or not in the sheet.
func (s *site) lines(e filing, all []draft.Line, facilities map[string]string) (rows []formLine, headers []string, n formTally) {
	for _, c := range e.form.Columns {
		if c.Kind != "one" && c.Kind != "positive" {
			headers = append(headers, c.Header)
		}
	}
	names := map[string]string{}
	for _, k := range e.form.Keys {
		for _, m := range s.Plan.Members[k.Role] {
			names[m.Code] = m.Name
		}
	}
	for _, l := range all {
		r := formLine{Label: cmp.Or(names[l.Dims], l.Dims, e.unit.Name)}
		if l.Unit != e.Unit {
			r.Label = strings.TrimSpace(l.Unit.Code + " " + facilities[l.Unit.Code])
		}
		if l.Row > 0 {
			r.Row = strconv.Itoa(l.Row)
		}
		for _, c := range l.Cells {
			x := formCell{Header: c.Header, Was: c.Was, Now: c.Now, New: c.New(), Changed: c.Changed()}
			switch {
			case x.New:
				n.New++
			case x.Changed:
				n.Changed++
			case c.Now != "":
				n.Same++
			case c.Was != "":
				n.Kept++
			}
			r.Cells = append(r.Cells, x)
		}
		rows = append(rows, r)
	}
	return rows, headers, n
}

// countedFigures are the figures of a filing that count.
type countedFigures struct {
	figures []draft.Figure
	pages   []Landed          // that they came with
	names   map[string]string // of facilities
}

// counted are the figures of the filing that count.
func (s *site) counted(ctx context.Context, e filing) (c countedFigures, err error) {
	q := InputQuery{Measures: draft.Measures(*e.form), Sources: []string{e.form.Source}, Units: []plan.UnitKey{e.unit.UnitKey}, From: e.period.End, To: e.period.End, KnownOn: plan.NoDay, Most: 20_000}
	if e.form.Keys[0].Role != "unit" {
		q.Units = nil
		for _, u := range s.Plan.Units.All {
			q.Units = append(q.Units, u.UnitKey)
		}
		for _, code := range e.form.Indicators {
			if ind := s.Plan.Indicator(code); ind != nil {
				q.Kinds = append(q.Kinds, ind.FacilityKinds...)
			}
		}
	}
	inputs, _, err := s.Store.Inputs(ctx, q)
	if err != nil {
		return c, err
	}
	c.names = map[string]string{}
	for _, x := range inputs {
		c.figures = append(c.figures, draft.Figure{Measure: x.Measure, Unit: x.Unit, Dims: x.Dims, Value: x.Value, Evidence: x.Evidence})
		if x.Name != "" {
			c.names[x.Unit.Code] = x.Name
		}
		if !slices.ContainsFunc(c.pages, func(l Landed) bool { return l.SHA256 == x.SHA256 }) {
			c.pages = append(c.pages, x.Landed)
		}
	}
	return c, nil
}

type formBody struct {
	Form             *plan.Form
	Unit             *plan.Unit
	UnitURL          string
	Indicators       []link
	Period, Span     string
	Due              string
	State            stating
	Closed           bool // the period has ended, so that it can be handed in
	Blank, Self      string
	Headers          []string
	Counted          []formLine
	Pages            []formPayload
	Draft            []formLine
	DraftTally       formTally
	Last             draft.Event
	More             int // rows that are not shown
	History          []formEvent
	Periods          []link
	MayWrite, MayAct bool // of the one who asks: to enter, to confirm
	CanUpload        bool
	CanSubmit        bool
	CanWithdraw      bool
	CanConfirm       bool
	CanReturn        bool
	CanLand          bool
	NeedsReason      bool // the period began to count while the draft was on its way
	Table            string

	// of a preview
	Preview  bool
	SHA256   string
	Problem  string
	Refused  []draft.Refused
	BlankRow int
	Unknown  []string
	Reason   bool // must be given
}

// formLines is a table of lines.
type formLines struct {
	Headers []string
	Lines   []formLine
	Compare bool // what was handed in beside what counts
	More    int
}

// Shown is the table of the lines.
func (b *formBody) Shown(lines []formLine, compare bool) formLines {
	x := formLines{Headers: b.Headers, Lines: lines, Compare: compare}
	if compare {
		x.More = b.More
	}
	return x
}

type formPayload struct{ Text, URL, Known string }

type formEvent struct {
	At, By, What, Reason, URL string
	Version                   uint64
}

// formFile is the empty form.
func (s *site) formFile(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	r.SetPathValue("period", strings.TrimSuffix(r.PathValue("period"), ".xlsx"))
	a, err := s.ask(r)
	var e filing
	if err == nil {
		e, err = s.filingAmong(append(s.handedIn(), s.registerForms()...), a)
	}
	if err == nil {
		err = s.allow(a, ctx, access.DraftRead, e.unit.UnitKey)
	}
	var b bytes.Buffer
	if err == nil {
		err = s.Forms.Blank(ctx, e.Key, &b)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.xlsx"`, strings.ToLower(strings.NewReplacer(" ", "-", "@", "-").Replace(e.Key.String()))))
	w.Header().Set("Cache-Control", "private, no-store")
	_, _ = w.Write(b.Bytes()) // the reader may be gone
}

// formOrFile answers for a form of a unit: the page, or the empty form where the address ends in .xlsx.
func (s *site) formOrFile(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.PathValue("period"), ".xlsx") {
		s.formFile(w, r)
		return
	}
	s.page(s.form).ServeHTTP(w, r)
}

// newest is the newest of a draft's events; the zero event: there is none.
func newest(events []draft.Event) draft.Event {
	if len(events) == 0 {
		return draft.Event{}
	}
	return events[len(events)-1]
}

// formFrame is what the pages of a filing have in common.
func (s *site) formFrame(ctx context.Context, a *ask, e filing, counted countedFigures, last draft.Event) (*page, *formBody) {
	b := &formBody{Form: e.form, Unit: e.unit, UnitURL: s.unitURL(a, e.unit), Period: periodName(e.period), Span: period(e.period.Start, e.period.End), Due: words.Day(progress.LateFrom(s.Plan.Holidays, e.period) - 1),
		State: s.stands(e, last, len(counted.figures) > 0, a.today), Closed: e.period.End <= a.today, Blank: e.path() + ".xlsx", Self: e.path(), Last: last,
		MayWrite: may(ctx, access.DraftWrite, e.unit.UnitKey), MayAct: may(ctx, access.DraftConfirm, e.unit.UnitKey)}
	for _, code := range e.form.Indicators {
		if ind := s.Plan.Indicator(code); ind != nil {
			b.Indicators = append(b.Indicators, link{Text: code, URL: s.indicatorURL(a, code, e.unit), Title: ind.Name})
		}
	}
	p := s.newPage("form", e.form.Code+" "+periodName(e.period)+", "+e.unit.Name)
	p.Nav = s.nav(a, "/forms")
	p.Crumbs = []link{{Text: "Biểu báo cáo", URL: formsPath}}
	if w := whoAsks(ctx); w != nil && !w.Role.OfUnit() {
		p.Crumbs = append(p.Crumbs, link{Text: e.form.Code, URL: a.url(formsPath, "form", e.form.Code, "period", e.period.Label)}, link{Text: e.unit.Name, URL: a.url(formsPath, "unit", s.refOn(e.unit, a.today))})
	}
	p.Crumbs = append(p.Crumbs, link{Text: e.form.Code + ", " + periodName(e.period), Here: true})
	p.Body = b
	return p, b
}

// form shows a form of a unit: what counts, the draft, what was done.
func (s *site) form(ctx context.Context, a *ask) (*page, error) {
	e, err := s.filingAt(a)
	if err == nil {
		err = s.allow(a, ctx, access.DraftRead, e.unit.UnitKey)
	}
	if err != nil {
		return nil, err
	}
	events, err := s.Drafts.Drafts(ctx, draft.Query{Form: e.Form, Unit: &e.Unit, Period: e.Period})
	if err != nil {
		return nil, err
	}
	counted, err := s.counted(ctx, e)
	if err != nil {
		return nil, err
	}
	last := newest(events)
	p, b := s.formFrame(ctx, a, e, counted, last)
	b.Table = a.url(e.path(), "format", "csv")
	lines := draft.Compare(*e.form, counted.figures, nil)
	b.Counted, b.Headers, _ = s.lines(e, lines, counted.names)
	for _, l := range counted.pages {
		b.Pages = append(b.Pages, formPayload{"payload " + l.SHA256[:min(12, len(l.SHA256))], a.url("/payload/" + url.PathEscape(e.form.Source) + "/" + l.SHA256), words.Instant(l.FetchedAt)})
	}
	if last.Open() {
		sheet, err := s.sheetOf(ctx, e, last.SHA256)
		if err != nil {
			return nil, err
		}
		lines = draft.Compare(*e.form, counted.figures, sheet.Figures)
		b.Draft, _, b.DraftTally = s.lines(e, lines, counted.names)
		b.NeedsReason = len(counted.figures) > 0 && last.Reason == "" && last.Action == draft.Submitted
	}
	b.Draft, b.More = shortened(b.Draft)
	b.Counted, _ = shortened(b.Counted)
	b.CanUpload = b.MayWrite && b.Closed && draft.May(last, draft.Saved)
	b.CanSubmit = b.MayWrite && draft.May(last, draft.Submitted)
	b.CanWithdraw = b.MayWrite && draft.May(last, draft.Withdrawn)
	b.CanConfirm = b.MayAct && draft.May(last, draft.Confirmed) && !b.NeedsReason
	b.CanReturn = b.MayAct && draft.May(last, draft.Returned)
	b.CanLand = b.MayAct && draft.May(last, draft.Landed)
	for i := len(events) - 1; i >= 0; i-- {
		x := events[i]
		v := formEvent{At: words.Instant(x.At), By: x.By, What: actionWords[x.Action], Reason: x.Reason, Version: x.Version}
		if x.Action == draft.Landed {
			v.URL = a.url("/payload/" + url.PathEscape(e.form.Source) + "/" + x.SHA256)
		}
		b.History = append(b.History, v)
	}
	periods := s.closed(e.form, a.today)
	for _, x := range periods[max(0, len(periods)-8):] {
		if e.unit.ValidOn(x.End) {
			b.Periods = append(b.Periods, link{Text: periodName(x), URL: s.filingOf(e.form, e.unit, x).path(), Here: x.Label == e.period.Label})
		}
	}
	p.Table = s.formTable(e, lines)
	return p, nil
}

// shortened cuts a list to what a page shows.
func shortened(all []formLine) ([]formLine, int) {
	if len(all) > shownLines {
		return all[:shownLines], len(all) - shownLines
	}
	return all, 0
}

// formTable is the comparison cell by cell.
func (s *site) formTable(e filing, lines []draft.Line) [][]string {
	out := [][]string{{"form", "unit", "period", "key", "column", "counted", "draft"}}
	for _, l := range lines {
		key := cmp.Or(l.Dims, l.Unit.Code)
		for _, c := range l.Cells {
			out = append(out, []string{e.Form, e.Unit.String(), e.Period, key, c.Header, c.Was, c.Now})
		}
	}
	return out
}

// sheetOf reads the body that a draft holds.
func (s *site) sheetOf(ctx context.Context, e filing, sha string) (draft.Sheet, error) {
	body, err := s.Drafts.Body(ctx, e.Key, sha)
	if err != nil {
		return draft.Sheet{}, err
	}
	if body == nil {
		return draft.Sheet{}, notFound("Không có bản đã tải lên này", "Tệp đã tải lên không còn; đề nghị tải lên lại.", link{Text: "Biểu " + e.form.Code, URL: e.path()})
	}
	return s.Forms.Parse(e.Key, body)
}

// formPreview shows what a file that was handed in would change.
func (s *site) formPreview(ctx context.Context, a *ask) (*page, error) {
	e, err := s.filingAt(a)
	if err == nil {
		err = s.allow(a, ctx, access.DraftRead, e.unit.UnitKey)
	}
	if err != nil {
		return nil, err
	}
	sheet, err := s.sheetOf(ctx, e, a.value("sha256"))
	if err != nil {
		return nil, err
	}
	return s.previewOf(ctx, a, e, sheet, a.value("sha256"))
}

func (s *site) previewOf(ctx context.Context, a *ask, e filing, sheet draft.Sheet, sha string) (*page, error) {
	counted, err := s.counted(ctx, e)
	if err != nil {
		return nil, err
	}
	events, err := s.Drafts.Drafts(ctx, draft.Query{Form: e.Form, Unit: &e.Unit, Period: e.Period, Newest: true})
	if err != nil {
		return nil, err
	}
	last := newest(events)
	p, b := s.formFrame(ctx, a, e, counted, last)
	p.Title = "Xem trước: " + p.Title
	b.Preview, b.SHA256, b.Problem, b.Refused, b.BlankRow, b.Unknown = true, sha, sheet.Problem, sheet.Refused, sheet.Blank, sheet.Unknown
	if b.Problem == "" && len(sheet.Figures) > 0 {
		lines := draft.Compare(*e.form, counted.figures, sheet.Figures)
		b.Draft, b.Headers, b.DraftTally = s.lines(e, lines, counted.names)
		b.Draft, b.More = shortened(b.Draft)
		p.Table = s.formTable(e, lines)
		b.Table = a.url(a.path, "format", "csv")
	}
	b.Reason = len(counted.figures) > 0
	b.CanUpload = b.MayWrite && draft.May(last, draft.Saved)
	return p, nil
}
