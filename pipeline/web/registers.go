package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// Registrar takes entries of the registers that awards rest on.
type Registrar interface {
	// SaveRegister stores the entry once the audit log has told of it; the event says when, who and from where.
	SaveRegister(ctx context.Context, r award.Record, e access.Event) error
}

// listedEntries is how many entries a part of the list shows.
const listedEntries = 100

// registerKind is a register of a group of subjects, in words.
type registerKind struct {
	Code, Name    string
	Wording       string // of the plan; empty where it has none
	Section, Part string // Part is the heading that it stands under
}

// registerKinds are the registers that an entry about a subject of the group may go to.
func registerKinds(p *plan.Plan, g *plan.Subject) []registerKind {
	kinds := map[string]registerKind{
		award.RegisterRegistration: {Name: "Đăng ký thi đua với cơ quan thường trực", Part: "Đăng ký, báo cáo", Section: "V.3.a"},
		award.RegisterReport:       {Name: "Báo cáo hằng năm của đối tượng", Part: "Đăng ký, báo cáo", Section: "VI.1"},
	}
	for _, s := range p.Subjects {
		for _, c := range s.Criteria {
			part := "Tiêu chí của nhóm"
			if strings.HasPrefix(c.Code, "G-") {
				part = "Tiêu chuẩn chung"
			}
			if part != "Tiêu chí của nhóm" || s.Code == g.Code {
				kinds[c.Code] = registerKind{Name: c.Code + " " + c.Name, Wording: c.Wording, Section: c.Section, Part: part}
			}
		}
	}
	for _, a := range p.Awards {
		if !slices.Contains(a.Subjects, g.Code) {
			continue
		}
		kinds[award.RegisterDossier+"/"+a.Code] = registerKind{Name: a.Name, Section: "V.3", Part: "Trạng thái hồ sơ khen thưởng"}
		for _, x := range a.Documents {
			kinds[award.RegisterPaper+"/"+a.Code+"/"+x.Code] = registerKind{Name: a.Name + ": " + lowerFirst(x.Name), Section: x.Section, Part: "Thành phần hồ sơ khen thưởng"}
		}
		for _, c := range a.Conditions {
			if _, ok := kinds[c.Code]; !ok {
				kinds[c.Code] = registerKind{Name: c.Wording, Section: a.Section, Part: "Điều kiện của hình thức khen thưởng"}
			}
		}
	}
	var all []registerKind
	for _, code := range award.RegistersOf(p, g) {
		k := kinds[code]
		k.Code, k.Name = code, cmp.Or(k.Name, code)
		all = append(all, k)
	}
	return all
}

func kindOf(p *plan.Plan, group, register string) registerKind {
	if g := p.Subject(group); g != nil {
		for _, k := range registerKinds(p, g) {
			if k.Code == register {
				if award.IsDossier(register) {
					k.Name = "Hồ sơ: " + k.Name
				}
				return k
			}
		}
	}
	return registerKind{Code: register, Name: register}
}

// subjectUnit is the unit of a group's level that goes by the reference; nil where there is none.
func subjectUnit(p *plan.Plan, g *plan.Subject, ref string) *plan.Unit {
	if g == nil || g.Level == "" {
		return nil
	}
	for _, u := range p.Units.All {
		if u.Level == g.Level && u.UnitKey.String() == ref {
			return u
		}
	}
	if u, err := p.Units.Select(ref, p.End); err == nil && u.Level == g.Level {
		return u
	}
	return nil
}

// ownerOf is what an entry belongs to: the unit, or none.
func ownerOf(p *plan.Plan, r award.Record) plan.UnitKey {
	if u := subjectUnit(p, p.Subject(r.Group), r.Subject); u != nil {
		return u.UnitKey
	}
	return plan.UnitKey{}
}

func entrySubject(p *plan.Plan, r award.Record) string {
	if u := subjectUnit(p, p.Subject(r.Group), r.Subject); u != nil {
		return unitLabel(u)
	}
	if r.Name == "" {
		return r.Subject
	}
	return r.Name + " (" + r.Subject + ")"
}

// unitLabel also tells apart units of one name that were there at different times.
func unitLabel(u *plan.Unit) string {
	switch {
	case u.From != plan.NoDay:
		return u.Name + " (từ " + words.Day(u.From) + ")"
	case u.To != plan.NoDay:
		return u.Name + " (đến " + words.Day(u.To) + ")"
	}
	return u.Name
}

func yearText(year int, p *plan.Plan) string {
	if year == 0 {
		return fmt.Sprintf("Cả giai đoạn %d - %d", p.Start.Year(), p.End.Year())
	}
	return strconv.Itoa(year)
}

// entryRow is an entry in words.
type entryRow struct {
	Subject, Group, Register, Year string
	Decision                       words.StatusWord
	Value, Evidence, Date          string
	By, At                         string
	Counts                         bool
	URL                            string // to replace it; empty: who asks may not
}

func (s *site) entryRow(r award.Record, counts bool) entryRow {
	e := entryRow{Subject: entrySubject(s.Plan, r), Group: r.Group, Register: kindOf(s.Plan, r.Group, r.Register).Name, Year: yearText(r.Year, s.Plan), Decision: decisionWord(r), Value: r.Value,
		Evidence: r.Evidence, Date: words.Day(r.Date), By: r.By, At: words.Instant(time.UnixMilli(r.At)), Counts: counts}
	if g := s.Plan.Subject(r.Group); g != nil {
		e.Group = g.Name
	}
	if award.IsDossier(r.Register) {
		e.Value = award.StateWord(r.Value).VI
	}
	return e
}

// decisionWord is what an entry says, in the look of a status.
func decisionWord(r award.Record) words.StatusWord {
	switch {
	case r.Decision == award.Withdrawn:
		return words.StatusWord{Name: "Đã rút lại", Sign: "↺", Class: "no-data"}
	case award.IsDossier(r.Register):
		return words.StatusWord{Name: "Đã ghi", Sign: "●", Class: "on-track"}
	case r.Decision == award.Holds:
		return words.StatusWord{Name: "Có", Sign: "✔", Class: "met"}
	case r.Decision == award.Fails:
		return words.StatusWord{Name: "Không", Sign: "✖", Class: "behind"}
	}
	return words.StatusWord{Name: "Không thuộc diện", Sign: "·", Class: "no-target"}
}

func (s *site) enterURL(a *ask, r award.Record, back string) string {
	year := ""
	if r.Register != "" {
		year = strconv.Itoa(r.Year)
	}
	return a.url("/registers/enter", "group", r.Group, "subject", r.Subject, "register", r.Register, "year", year, "back", back)
}

type registersBody struct {
	Picks          []choice
	Sought, Reset  string
	Kept           [][2]string
	History        bool
	Rows           []entryRow
	Total, First   int
	Last           int
	Earlier, Later string
	CSV            string
	EnterURL       string // empty: who asks may not
}

// entriesOf are the entries made so far, in the order in which they were made. Who enters sees them all, whatever day is asked for.
func (s *site) entriesOf(ctx context.Context, a *ask) ([]award.Record, error) {
	on := a.today
	if a.knownOn != plan.NoDay {
		on = min(on, a.knownOn)
	}
	return s.Store.Registers(ctx, on)
}

// registers lists what is entered: what counts now, or all that ever was.
func (s *site) registers(ctx context.Context, a *ask) (*page, error) {
	if s.Registers == nil || s.door == nil || len(s.Plan.Awards) == 0 {
		return nil, notFound("Không có sổ đăng ký", "Kế hoạch này không nêu hình thức khen thưởng nào, hoặc trang không mở cho người đăng nhập.")
	}
	if !mayAny(ctx, access.ReadRegister) {
		return nil, s.allow(a, ctx, access.ReadRegister, plan.UnitKey{})
	}
	all, err := s.entriesOf(ctx, a)
	if err != nil {
		return nil, err
	}
	group, register, sought, history := a.query.Get("group"), a.query.Get("register"), strings.TrimSpace(a.query.Get("q")), a.query.Get("history") == "1"
	counts := map[award.Record]bool{}
	for _, r := range award.Latest(all) {
		counts[r] = true
	}
	b := &registersBody{Sought: sought, History: history, Kept: a.kept(), Reset: a.url("/registers")}
	groups, kinds := choice{Name: "group", Label: "Nhóm đối tượng", Any: "Mọi nhóm"}, choice{Name: "register", Label: "Nội dung", Any: "Mọi nội dung"}
	seen := map[string]bool{}
	table := [][]string{{"register", "register_name", "subject_group", "subject", "subject_name", "year", "decision", "value", "evidence", "evidence_date", "entered_by", "entered_at", "counts"}}
	slices.Reverse(all)
	var rows []entryRow
	for _, r := range all {
		if !may(ctx, access.ReadRegister, ownerOf(s.Plan, r)) {
			continue
		}
		name := kindOf(s.Plan, r.Group, r.Register).Name
		if !seen["g "+r.Group] {
			seen["g "+r.Group] = true
			if g := s.Plan.Subject(r.Group); g != nil {
				groups.Options = append(groups.Options, option{g.Code, g.Name, g.Code == group})
			}
		}
		if !seen["r "+r.Register] {
			seen["r "+r.Register] = true
			kinds.Options = append(kinds.Options, option{r.Register, name, r.Register == register})
		}
		if group != "" && group != r.Group || register != "" && register != r.Register || !history && !counts[r] ||
			sought != "" && !strings.Contains(plan.Fold(entrySubject(s.Plan, r)+" "+r.Subject+" "+r.Evidence), plan.Fold(sought)) {
			continue
		}
		e := s.entryRow(r, counts[r])
		if may(ctx, access.Register, plan.UnitKey{}) {
			e.URL = s.enterURL(a, r, "")
		}
		rows = append(rows, e)
		table = append(table, []string{r.Register, name, r.Group, r.Subject, e.Subject, strconv.Itoa(r.Year), string(r.Decision), r.Value, r.Evidence, r.Date.String(), r.By, time.UnixMilli(r.At).UTC().Format(time.RFC3339), strconv.FormatBool(counts[r])})
	}
	less := words.ByName()
	for _, c := range []*choice{&groups, &kinds} {
		slices.SortStableFunc(c.Options, func(x, y option) int { return less(x.Text, y.Text) })
	}
	b.Picks = []choice{groups, kinds}
	from, err := strconv.Atoi(cmp.Or(a.query.Get("from"), "0"))
	if err != nil || from < 0 || from > len(rows) {
		return nil, badRequest("Không có phần này", "Danh sách ngắn hơn phần được hỏi.", link{Text: "Sổ đăng ký", URL: a.url("/registers")})
	}
	shown := rows[from:min(len(rows), from+listedEntries)]
	b.Rows, b.Total, b.First, b.Last = shown, len(rows), from+1, from+len(shown)
	said := []string{"group", group, "register", register, "q", sought, "history", map[bool]string{true: "1"}[history]}
	if from > 0 {
		b.Earlier = a.url("/registers", append(said, "from", strconv.Itoa(max(0, from-listedEntries)))...)
	}
	if from+listedEntries < len(rows) {
		b.Later = a.url("/registers", append(said, "from", strconv.Itoa(from+listedEntries))...)
	}
	if may(ctx, access.Register, plan.UnitKey{}) {
		b.EnterURL = a.url("/registers/enter")
	}
	b.CSV = a.url("/registers", append(said, "format", "csv")...)
	p := s.newPage("registers", "Sổ đăng ký khen thưởng")
	p.Nav, p.Path, p.Body, p.Table = s.nav(a, ""), a.path, b, table
	p.Crumbs = []link{{Text: "Khen thưởng", URL: a.url("/awards")}, {Text: "Sổ đăng ký", Here: true}}
	return p, nil
}

// problem is what is wrong with a field of a form.
type problem struct{ Field, Text string }

// faults are what people are told of an entry that cannot be taken.
var faults = map[award.Field]string{
	award.FieldGroup:    "Kế hoạch không có nhóm đối tượng này.",
	award.FieldSubject:  "Ghi đối tượng: đơn vị của nhóm, hoặc mã đăng ký trên một dòng, không quá 64 ký tự.",
	award.FieldName:     "Ghi tên đối tượng trên một dòng, không quá 200 ký tự.",
	award.FieldRegister: "Nhóm đối tượng này không có nội dung đó.",
	award.FieldYear:     "Năm nằm ngoài thời gian của kế hoạch.",
	award.FieldDecision: "Chọn một kết luận.",
	award.FieldState:    "Chọn trạng thái của hồ sơ.",
	award.FieldValue:    "Ghi giá trị trên một dòng, không quá 100 ký tự.",
	award.FieldEvidence: "Ghi số, ký hiệu và tên văn bản làm minh chứng, trên một dòng, không quá 500 ký tự.",
	award.FieldDate:     "Ghi ngày của văn bản; không được sau hôm nay.",
	award.FieldBy:       "Thiếu người ghi.",
}

type optionGroup struct {
	Name    string
	Options []option
}

type enterBody struct {
	Groups    []option
	Group     *plan.Subject
	Units     []option // of the group; empty: it has none
	Known     []option // that are registered already
	Registers []optionGroup
	Years     []option

	Chosen              bool // all of the above is said: the entry itself can be made
	Key, Subject        string
	Register            registerKind
	Dossier             bool
	Year, YearText      string
	Name, Value         string
	Evidence, Date      string
	Today               string
	States, Decisions   []option
	Problems            []problem
	Done                bool
	Back, BackText, New string
	History             []entryRow
	Keep                [][2]string
}

// Wrong is what is wrong with a field; empty: nothing.
func (b *enterBody) Wrong(field string) string {
	for _, p := range b.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

func (s *site) mayEnter(ctx context.Context, a *ask) error {
	if s.Registers == nil || s.door == nil || len(s.Plan.Awards) == 0 {
		return notFound("Không có sổ đăng ký", "Kế hoạch này không nêu hình thức khen thưởng nào, hoặc trang không mở cho người đăng nhập.")
	}
	return s.allow(a, ctx, access.Register, plan.UnitKey{})
}

// enter is the form of an entry: first whose and what, then the entry with its evidence.
func (s *site) enter(ctx context.Context, a *ask) (*page, error) {
	if err := s.mayEnter(ctx, a); err != nil {
		return nil, err
	}
	all, err := s.entriesOf(ctx, a)
	if err != nil {
		return nil, err
	}
	year, err := strconv.Atoi(cmp.Or(a.query.Get("year"), "0"))
	if err != nil {
		year = -1
	}
	r := award.Record{Group: a.query.Get("group"), Subject: clean(a.query.Get("subject")), Name: clean(a.query.Get("name")), Register: a.query.Get("register"), Year: year}
	return s.enterPage(a, r, all, a.query.Get("back"), a.query.Get("done") == "1", nil), nil
}

// clean is a typed text as it is kept: composed, and without blanks around it.
func clean(typed string) string { return strings.TrimSpace(norm.NFC.String(typed)) }

// enterPage shows the form with what is said so far, and of problems what is wrong with it.
func (s *site) enterPage(a *ask, r award.Record, all []award.Record, back string, done bool, problems []problem) *page {
	b := &enterBody{Problems: problems, Done: done, Today: a.today.String(), Keep: a.kept()}
	if b.Back = local(back); b.Back == "/" {
		b.Back, b.BackText = a.url("/registers"), "Sổ đăng ký"
	} else {
		b.BackText = "Trang trước"
		b.Keep = append(b.Keep, [2]string{"back", b.Back})
	}
	b.New = a.url("/registers/enter")
	for i := range s.Plan.Subjects {
		if g := &s.Plan.Subjects[i]; slices.ContainsFunc(s.Plan.Awards, func(x plan.Award) bool { return slices.Contains(x.Subjects, g.Code) }) {
			b.Groups = append(b.Groups, option{g.Code, g.Name, g.Code == r.Group})
			if g.Code == r.Group {
				b.Group = g
			}
		}
	}
	p := s.newPage("registersenter", "Ghi sổ đăng ký khen thưởng")
	p.Nav, p.Path, p.Body, p.Kept = s.nav(a, ""), "/registers/enter", b, a.kept()
	p.Crumbs = []link{{Text: "Khen thưởng", URL: a.url("/awards")}, {Text: "Sổ đăng ký", URL: a.url("/registers")}, {Text: "Ghi sổ", Here: true}}
	if b.Group == nil {
		return p
	}
	unit := subjectUnit(s.Plan, b.Group, r.Subject)
	if b.Group.Level != "" {
		r.Name = ""
		for _, u := range s.Plan.Units.All {
			if u.Level == b.Group.Level && (u.To == plan.NoDay || u.To >= s.Plan.Start) && u.From <= s.Plan.End {
				b.Units = append(b.Units, option{u.UnitKey.String(), unitLabel(u), u == unit})
			}
		}
		less := words.ByName()
		slices.SortStableFunc(b.Units, func(x, y option) int { return less(x.Text, y.Text) })
	} else {
		names := map[string]string{}
		for _, x := range all {
			if x.Group == r.Group {
				names[x.Subject] = cmp.Or(x.Name, names[x.Subject])
			}
		}
		for key, name := range names {
			b.Known = append(b.Known, option{Value: key, Text: name})
		}
		slices.SortFunc(b.Known, func(x, y option) int { return cmp.Compare(x.Value, y.Value) })
		r.Name = cmp.Or(r.Name, names[r.Subject])
	}
	for _, k := range registerKinds(s.Plan, b.Group) {
		if n := len(b.Registers); n == 0 || b.Registers[n-1].Name != k.Part {
			b.Registers = append(b.Registers, optionGroup{Name: k.Part})
		}
		g := &b.Registers[len(b.Registers)-1]
		g.Options = append(g.Options, option{k.Code, k.Name, k.Code == r.Register})
		if k.Code == r.Register {
			b.Register = kindOf(s.Plan, r.Group, r.Register)
		}
	}
	b.Years = append(b.Years, option{"0", yearText(0, s.Plan), r.Year == 0})
	for y := s.Plan.Start.Year(); y <= s.Plan.End.Year(); y++ {
		b.Years = append(b.Years, option{strconv.Itoa(y), strconv.Itoa(y), r.Year == y})
	}
	b.Key, b.Name = r.Subject, r.Name
	if unit != nil {
		b.Key, b.Subject = unit.UnitKey.String(), unitLabel(unit)
	} else if b.Group.Level == "" {
		b.Subject = r.Subject
	}
	b.Year, b.YearText = strconv.Itoa(r.Year), yearText(r.Year, s.Plan)
	b.Chosen = b.Register.Code != "" && b.Subject != "" && slices.ContainsFunc(b.Years, func(o option) bool { return o.Value == b.Year })
	if !b.Chosen {
		return p
	}
	b.Dossier = award.IsDossier(r.Register)
	b.Value, b.Evidence = r.Value, r.Evidence
	if r.Date != plan.NoDay && r.Date != 0 {
		b.Date = r.Date.String()
	}
	texts := map[award.Decision]string{award.Holds: "Có, đáp ứng", award.Fails: "Không đáp ứng", award.NotConcerned: "Không thuộc diện phải đáp ứng", award.Withdrawn: "Rút lại điều đã ghi (trở về chưa xác định)"}
	for _, d := range award.Decisions {
		if b.Dossier && d != award.Holds && d != award.Withdrawn {
			continue
		}
		text := texts[d]
		if b.Dossier && d == award.Holds {
			text = "Hồ sơ ở trạng thái được chọn"
		}
		b.Decisions = append(b.Decisions, option{string(d), text, d == r.Decision || b.Dossier && d == award.Holds && r.Decision == ""})
	}
	for _, st := range award.States {
		b.States = append(b.States, option{st, award.StateWord(st).VI, st == r.Value})
	}
	counts := map[award.Record]bool{}
	for _, x := range award.Latest(all) {
		counts[x] = true
	}
	for _, x := range slices.Backward(all) {
		if x.Group == r.Group && x.Register == r.Register && x.Subject == b.Key {
			b.History = append(b.History, s.entryRow(x, counts[x]))
		}
	}
	return p
}

// enterEntry takes the form: what is wrong with it is said beside the field, otherwise the audit log is told and the entry stored.
func (s *site) enterEntry(ctx context.Context, f *sent) (*page, error) {
	if err := s.mayEnter(ctx, f.ask); err != nil {
		return nil, err
	}
	field := func(name string) string { return clean(f.PostFormValue(name)) }
	all, err := s.Store.Registers(ctx, f.today)
	if err != nil {
		return nil, err
	}
	var problems []problem
	r := award.Record{Group: field("group"), Subject: field("subject"), Name: field("name"), Register: field("register"), Decision: award.Decision(field("decision")), Value: field("value"), Evidence: field("evidence"), By: f.who.Name}
	g := s.Plan.Subject(r.Group)
	switch u := subjectUnit(s.Plan, g, r.Subject); {
	case u != nil:
		r.Subject, r.Name = u.UnitKey.String(), ""
	case g != nil && g.Level != "":
		problems = append(problems, problem{string(award.FieldSubject), "Nhóm này gồm các đơn vị của kế hoạch: chọn một đơn vị."})
	case g != nil && r.Name == "":
		problems = append(problems, problem{string(award.FieldName), faults[award.FieldName]})
	}
	if r.Year, err = strconv.Atoi(field("year")); err != nil {
		r.Year = -1
	}
	if r.Date, err = plan.ParseDay(field("date")); err != nil {
		r.Date = plan.NoDay
	}
	if award.IsDossier(r.Register) {
		if r.Value = field("state"); r.Decision == award.Withdrawn && r.Value == "" {
			r.Value = award.States[0] // it is taken back: which state it was says nothing any more
		}
		if r.Decision != award.Holds && r.Decision != award.Withdrawn {
			r.Decision = ""
		}
	}
	r = r.Follow(all, s.Now().UnixMilli())
	var fault *award.Fault
	switch err := r.Check(s.Plan); {
	case errors.As(err, &fault):
		if !slices.ContainsFunc(problems, func(p problem) bool { return p.Field == string(fault.Field) }) {
			problems = append(problems, problem{string(fault.Field), faults[fault.Field]})
		}
	case err != nil:
		return nil, err
	}
	if len(problems) > 0 {
		return s.enterPage(f.ask, r, all, f.PostFormValue("back"), false, problems), nil
	}
	if err := s.Registers.SaveRegister(ctx, r, access.Event{At: s.Clock(), Actor: f.who.Name, Address: address(f.Request)}); err != nil {
		return nil, err
	}
	back := local(f.PostFormValue("back"))
	if back == "/" {
		back = ""
	}
	return goTo("/registers/enter?" + url.Values{"group": {r.Group}, "subject": {r.Subject}, "register": {r.Register}, "year": {strconv.Itoa(r.Year)}, "back": {back}, "done": {"1"}}.Encode()), nil
}
