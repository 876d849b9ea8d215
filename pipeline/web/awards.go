package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// ledgerKey is what a ledger follows from: the question, and what of the store it was made from.
type ledgerKey struct {
	award           string
	year            int
	asOf, knownOn   plan.Day
	boundaries      award.Boundaries
	computed        int64 // when results were last written
	entries, newest int64 // of the registers
}

// bookKey is what figures follow from.
type bookKey struct {
	knownOn  plan.Day
	computed int64
}

// How many ledgers and books are kept: those of all awards in all years of a plan and on both boundaries; a book holds all
// figures known on a day.
const (
	keptLedgers = 40
	keptBooks   = 2
)

// ledgers keeps the last answers: a ledger of many subjects takes longer than a page may. One is made at a time.
type ledgers struct {
	mu    sync.Mutex
	made  kept[ledgerKey, []award.Entry]
	books kept[bookKey, AwardBook]
}

// kept is a bounded memory that forgets the oldest.
type kept[K comparable, V any] struct {
	keys []K
	by   map[K]V
}

func (k *kept[K, V]) put(key K, v V, most int) {
	if k.by == nil {
		k.by = map[K]V{}
	}
	if _, ok := k.by[key]; !ok {
		k.keys = append(k.keys, key)
	}
	k.by[key] = v
	for len(k.keys) > most {
		delete(k.by, k.keys[0])
		k.keys = k.keys[1:]
	}
}

// of answers for one award. The registers are read anew each time, so that an entry counts at once; the figures are those
// known when results were last written, like everything that the site shows.
func (l *ledgers) of(ctx context.Context, s *site, q award.Question, knownOn plan.Day) ([]award.Entry, error) {
	st, err := s.Store.State(ctx)
	if err != nil {
		return nil, err
	}
	records, err := s.Store.Registers(ctx, knownOn)
	if err != nil {
		return nil, err
	}
	key := ledgerKey{award: q.Award, year: q.Year, asOf: q.AsOf, knownOn: knownOn, boundaries: q.Boundaries, computed: st.Computed.UnixMilli(), entries: int64(len(records))}
	for _, r := range records {
		key.newest = max(key.newest, r.At)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if have, ok := l.made.by[key]; ok {
		return have, nil
	}
	of := bookKey{knownOn, key.computed}
	book, ok := l.books.by[of]
	if !ok {
		if book, err = s.Store.AwardBook(ctx, s.Plan, knownOn); err != nil {
			return nil, err
		}
		l.books.put(of, book, keptBooks)
	}
	q.Plan, q.Figures, q.Records = book.Plan, book.Figures, records
	made := award.Ledger(q)
	l.made.put(key, made, keptLedgers)
	return made, nil
}

// inquiry is what an address asks the ledger.
type inquiry struct {
	*ask
	award      *plan.Award
	question   award.Question
	knownOn    plan.Day
	year       string // parameter; empty: the award's milestone says it
	boundaries string // parameter; empty: as then
	entries    []award.Entry
}

// url keeps the year and the boundaries asked for, where pairs say nothing of them.
func (q *inquiry) url(path string, pairs ...string) string {
	said := map[string]string{"year": q.year, "boundaries": q.boundaries}
	for i := 0; i+1 < len(pairs); i += 2 {
		said[pairs[i]] = pairs[i+1]
	}
	var all []string
	for name, value := range said {
		all = append(all, name, value)
	}
	return q.ask.url(path, all...)
}

// self is the award's own address.
func (q *inquiry) self(pairs ...string) string {
	return q.url("/awards/"+url.PathEscape(q.award.Code), pairs...)
}

func (q *inquiry) subjectURL(x award.Subject, pairs ...string) string {
	if x.Unit == nil {
		pairs = append([]string{"group", x.Group.Code}, pairs...)
	}
	return q.url("/awards/"+url.PathEscape(q.award.Code)+"/"+url.PathEscape(x.Key), pairs...)
}

// awardDays are the days that the ledger is asked for: figures up to the last complete week, known today.
func awardDays(a *ask) (asOf, knownOn plan.Day, err error) {
	asOf, knownOn = a.lastWeek, a.today
	if a.asOf != plan.NoDay {
		asOf = a.asOf
	}
	if a.knownOn != plan.NoDay {
		knownOn = a.knownOn
	}
	if asOf > a.today || knownOn > a.today {
		return 0, 0, badRequest("Ngày chưa đến", fmt.Sprintf("Sổ khen thưởng chỉ xét đến hôm nay, ngày %s.", words.Day(a.today)), link{Text: "Khen thưởng", URL: "/awards"})
	}
	return asOf, knownOn, nil
}

// awardYears are the years of a yearly award.
func (s *site) awardYears() (from, to int) { return s.Plan.Start.Year(), s.Plan.End.Year() }

// inquire reads what is asked and answers it.
func (s *site) inquire(ctx context.Context, a *ask) (*inquiry, error) {
	q := &inquiry{ask: a}
	code := a.value("award")
	for i := range s.Plan.Awards {
		if s.Plan.Awards[i].Code == code {
			q.award = &s.Plan.Awards[i]
		}
	}
	if q.award == nil {
		return nil, notFound("Không có hình thức khen thưởng này", fmt.Sprintf("Kế hoạch không có hình thức khen thưởng mã “%s”.", code), link{Text: "Xem các hình thức khen thưởng", URL: a.url("/awards")})
	}
	q.question = award.Question{Award: code, Boundaries: award.AsThen}
	var err error
	if q.question.AsOf, q.knownOn, err = awardDays(a); err != nil {
		return nil, err
	}
	switch b := a.query.Get("boundaries"); award.Boundaries(b) {
	case "", award.AsThen:
	case award.AsNow:
		q.question.Boundaries, q.boundaries = award.AsNow, b
	default:
		return nil, badRequest("Không có cách tính địa giới này", fmt.Sprintf("“%s” không phải là cách tính địa giới: then (khi đó) hoặc now (ngày xét).", b))
	}
	if m := q.award.Milestone; m != plan.NoDay {
		q.question.Year, q.question.Milestone = m.Year(), true
	} else {
		from, to := s.awardYears()
		year := min(max((q.question.AsOf+1).Year()-1, from), to) // the last year that is over
		if text := a.query.Get("year"); text != "" {
			if year, err = strconv.Atoi(text); err != nil || year < from || year > to {
				return nil, badRequest("Không có năm này", fmt.Sprintf("Kế hoạch khen thưởng hằng năm từ %d đến %d, không có năm “%s”.", from, to, text))
			}
		}
		q.question.Year, q.year = year, strconv.Itoa(year)
	}
	q.entries, err = s.ledgers.of(ctx, s, q.question, q.knownOn)
	return q, err
}

// awardPage is a page with the days of the ledger.
func (s *site) awardPage(q *inquiry, name, title, address string, hidden ...string) *page {
	p := s.newPage(name, title)
	p.Nav, p.Path = s.nav(q.ask, "/awards"), q.path
	p.AsOf, p.AsOfISO = words.Day(q.question.AsOf), q.question.AsOf.String()
	if q.ask.knownOn != plan.NoDay {
		p.KnownOn, p.KnownOnISO = words.Day(q.knownOn), q.knownOn.String()
	}
	p.First, p.Last = s.Plan.Start.String(), q.today.String()
	hidden = append([]string{"year", q.year, "boundaries", q.boundaries}, hidden...)
	for i := 0; i+1 < len(hidden); i += 2 {
		if hidden[i+1] != "" {
			p.Hidden = append(p.Hidden, [2]string{hidden[i], hidden[i+1]})
		}
	}
	on := append([]string{"as-of", q.question.AsOf.String()}, hidden...)
	p.Permalink, p.CSV = q.ask.url(address, on...), q.ask.url(address, append(on, "format", "csv")...)
	return p
}

type awardsBody struct{ Groups []awardGroup }

type awardGroup struct {
	Name string
	Rows []awardRow
}

type awardRow struct {
	Code, Name, URL, Section string
	Copies                   int
	Conditions, Subjects     []string
	Years                    []link
}

// awards lists the forms of commendation with what they ask for.
func (s *site) awards(_ context.Context, a *ask) (*page, error) {
	if len(s.Plan.Awards) == 0 {
		return nil, notFound("Kế hoạch không có khen thưởng", "Kế hoạch này không nêu hình thức khen thưởng nào.")
	}
	if _, _, err := awardDays(a); err != nil {
		return nil, err
	}
	b := &awardsBody{}
	table := [][]string{{"award", "award_name", "milestone", "section", "copies", "subject_group", "wording"}}
	for i := range s.Plan.Awards {
		x := &s.Plan.Awards[i]
		name := "Hằng năm"
		if x.Milestone != plan.NoDay {
			name = "Theo mốc " + words.Day(x.Milestone)
		}
		r := awardRow{Code: x.Code, Name: x.Name, Section: x.Section, Copies: x.Copies, URL: a.url("/awards/" + url.PathEscape(x.Code))}
		for _, c := range x.Conditions {
			r.Conditions = append(r.Conditions, c.Wording)
		}
		for _, code := range x.Subjects {
			if g := s.Plan.Subject(code); g != nil {
				r.Subjects = append(r.Subjects, g.Name)
			}
		}
		if x.Milestone == plan.NoDay {
			for y, to := s.awardYears(); y <= to; y++ {
				r.Years = append(r.Years, link{Text: strconv.Itoa(y), URL: a.url("/awards/"+url.PathEscape(x.Code), "year", strconv.Itoa(y))})
			}
		}
		if n := len(b.Groups); n == 0 || b.Groups[n-1].Name != name {
			b.Groups = append(b.Groups, awardGroup{Name: name})
		}
		g := &b.Groups[len(b.Groups)-1]
		g.Rows = append(g.Rows, r)
		table = append(table, []string{x.Code, x.Name, x.Milestone.String(), x.Section, strconv.Itoa(x.Copies), strings.Join(x.Subjects, " "), strings.Join(r.Conditions, "; ")})
	}
	p := s.newPage("awards", "Khen thưởng")
	p.Nav, p.Body, p.Table = s.nav(a, "/awards"), b, table
	return p, nil
}

type awardBody struct {
	Award             *plan.Award
	When, URL         string
	Years, Boundaries []link
	Groups, Verdicts  []link
	Counts            []count
	Rows              []subjectRow
	Total             int
	ListURL           string
	Rulings           link // what their readings would change; empty: the award rests on none
	Eligible          int
	All               bool // nothing is filtered
}

type subjectRow struct {
	N                 int
	Key, Name, URL    string
	Group             string
	Verdict           words.StatusWord
	Met, Failed, Open int
	Why               string
	State             string
	Missing           int // documents that are not in the dossier
	Papers            int
	Evidence          []string // of the conditions that entries decide
}

// verdictWord is a verdict in the look of a status.
func verdictWord(t progress.Truth) words.StatusWord {
	return words.StatusWord{Name: award.VerdictWord(t).VI, Sign: award.Sign(t), Class: truthClass(t)}
}

func truthClass(t progress.Truth) string {
	switch t {
	case progress.Yes:
		return "met"
	case progress.No:
		return "behind"
	}
	return "no-data"
}

// conditionWord is a condition's verdict in the look of a status.
func conditionWord(f award.Finding) words.StatusWord {
	w := words.StatusWord{Name: "Chưa xác định", Sign: award.Sign(f.Truth), Class: truthClass(f.Truth)}
	switch {
	case f.LeftOut:
		w.Name, w.Sign, w.Class = "Không xét", "·", "no-target"
	case f.Truth == progress.Yes:
		w.Name = "Đạt"
	case f.Truth == progress.No:
		w.Name = "Không đạt"
	}
	return w
}

func findingReason(r progress.Reason) string {
	if w, ok := award.ReasonWord(r); ok {
		return w.VI
	}
	return words.Reason(r)
}

// whyFinding also says how the newest figures stand where the day has not come.
func whyFinding(f award.Finding) string {
	text := findingReason(f.Reason)
	if f.Reason == award.ReasonNotDue || f.Reason == award.ReasonPending {
		switch f.Now {
		case progress.Yes:
			text += ", hiện đạt"
		case progress.No:
			text += ", hiện chưa đạt"
		}
	}
	return text
}

// namedParts is how many targets a deciding condition names.
const namedParts = 4

func decidingText(c *award.Finding) string {
	if c == nil {
		return ""
	}
	codes := c.Deciding()
	text := c.Wording
	if r := findingReason(c.Reason); r != "" {
		text += ": " + r
	}
	switch {
	case len(codes) > namedParts:
		text += fmt.Sprintf(" (%s và %d chỉ tiêu khác)", strings.Join(codes[:namedParts], ", "), len(codes)-namedParts)
	case len(codes) > 0:
		text += " (" + strings.Join(codes, ", ") + ")"
	}
	return text
}

func subjectName(x award.Subject) string {
	if x.Name == "" {
		return x.Key
	}
	return x.Name
}

// stateOf is where the subject's dossier stands; empty: no entry says it.
func stateOf(e award.Entry) *award.Record {
	for i := range e.Notes {
		if e.Notes[i].Register == award.RegisterDossier+"/"+e.Award.Code && e.Notes[i].Decision == award.Holds {
			return &e.Notes[i]
		}
	}
	return nil
}

func (q *inquiry) row(e award.Entry) subjectRow {
	r := subjectRow{Key: e.Subject.Key, Name: subjectName(e.Subject), URL: q.subjectURL(e.Subject), Group: e.Subject.Group.Name, Verdict: verdictWord(e.Truth), Why: decidingText(e.Deciding())}
	r.Met, r.Failed, r.Open = e.Tally()
	r.Missing, r.Papers = e.Missing(), len(e.Papers)
	if x := stateOf(e); x != nil {
		r.State = award.StateWord(x.Value).VI
	}
	for _, c := range e.Conditions {
		if c.Kind == award.Own && c.Record != nil {
			r.Evidence = append(r.Evidence, c.Record.Evidence+", ngày "+words.Day(c.Record.Date))
		}
	}
	return r
}

// verdicts are all that an entry may come to, in the order in which they are shown.
var verdicts = []progress.Truth{progress.Yes, progress.No, progress.Undecidable}

// awardPage lists every subject of an award.
func (s *site) award(ctx context.Context, a *ask) (*page, error) {
	q, err := s.inquire(ctx, a)
	if err != nil {
		return nil, err
	}
	group, verdict := a.query.Get("group"), progress.Truth(a.query.Get("verdict"))
	if group != "" && !slices.Contains(q.award.Subjects, group) {
		return nil, notFound("Không có nhóm đối tượng này", fmt.Sprintf("Hình thức khen thưởng này không có nhóm đối tượng mã “%s”.", group), link{Text: q.award.Name, URL: q.self()})
	}
	if verdict != "" && !slices.Contains(verdicts, verdict) {
		return nil, badRequest("Không có kết luận này", fmt.Sprintf("“%s” không phải là kết luận: %s, %s hoặc %s.", verdict, verdicts[0], verdicts[1], verdicts[2]), link{Text: q.award.Name, URL: q.self()})
	}
	b := s.awardBody(q, "group", group, "verdict", string(verdict))
	b.All = group == "" && verdict == ""
	byGroup, byVerdict := map[string]int{}, map[progress.Truth]int{}
	var shown []award.Entry
	for _, e := range q.entries {
		if verdict == "" || e.Truth == verdict {
			byGroup[e.Subject.Group.Code]++
			byGroup[""]++
		}
		if group == "" || e.Subject.Group.Code == group {
			byVerdict[e.Truth]++
			byVerdict[""]++
		}
		if (verdict == "" || e.Truth == verdict) && (group == "" || e.Subject.Group.Code == group) {
			r := q.row(e)
			r.N = len(b.Rows) + 1
			b.Rows, shown = append(b.Rows, r), append(shown, e)
		}
	}
	named := func(name string, n int) string { return fmt.Sprintf("%s (%s)", name, words.Count(int64(n))) }
	b.Groups = []link{{Text: named("Mọi nhóm", byGroup[""]), URL: q.self("verdict", string(verdict)), Here: group == ""}}
	for _, code := range q.award.Subjects {
		if g := s.Plan.Subject(code); g != nil && (byGroup[code] > 0 || group == code) {
			b.Groups = append(b.Groups, link{Text: named(g.Name, byGroup[code]), URL: q.self("group", code, "verdict", string(verdict)), Here: group == code})
		}
	}
	b.Verdicts = []link{{Text: named("Mọi kết luận", byVerdict[""]), URL: q.self("group", group), Here: verdict == ""}}
	for _, t := range verdicts {
		b.Verdicts = append(b.Verdicts, link{Text: award.Sign(t) + " " + named(award.VerdictWord(t).VI, byVerdict[t]), URL: q.self("group", group, "verdict", string(t)), Here: verdict == t})
	}
	p := s.awardPage(q, "award", q.award.Name+" "+b.When, "/awards/"+url.PathEscape(q.award.Code), "group", group, "verdict", string(verdict))
	p.Crumbs = []link{{Text: "Khen thưởng", URL: a.url("/awards")}, {Text: q.award.Name, Here: true}}
	p.Body, p.Table = b, awardTable(q, shown)
	return p, nil
}

func (s *site) awardBody(q *inquiry, pairs ...string) *awardBody {
	b := &awardBody{Award: q.award, URL: q.self(), Total: len(q.entries), When: "mốc " + words.Day(q.award.Milestone), ListURL: q.url("/proposal/" + url.PathEscape(q.award.Code))}
	if q.year != "" {
		b.When = "năm " + q.year
		for y, to := s.awardYears(); y <= to; y++ {
			b.Years = append(b.Years, link{Text: strconv.Itoa(y), URL: q.self(append(pairs, "year", strconv.Itoa(y))...), Here: y == q.question.Year})
		}
	}
	b.Boundaries = []link{
		{Text: "Địa giới khi đó", Title: "đơn vị có khi tỉnh còn hoạt động; số của huyện được tính lại từ các xã sau này, nếu cộng được", URL: q.self(append(pairs, "boundaries", "")...), Here: q.boundaries == ""},
		{Text: "Địa giới ngày xét", Title: "đơn vị còn hoạt động vào ngày xét", URL: q.self(append(pairs, "boundaries", string(award.AsNow))...), Here: q.boundaries != ""}}
	for _, e := range q.entries {
		if e.Truth == progress.Yes {
			b.Eligible++
		}
	}
	b.Rulings = link{Text: rulingsText(q.entries), URL: q.url("/rulings/" + url.PathEscape(q.award.Code))}
	return b
}

var awardColumns = []string{"award", "award_name", "section", "copies", "award_year", "boundaries", "subject_group", "subject", "subject_name", "verdict", "verdict_vi", "conditions_met", "conditions_failed", "conditions_open",
	"deciding", "deciding_vi", "dossier_state", "as_of", "method_version"}

func awardTable(q *inquiry, entries []award.Entry) [][]string {
	out := [][]string{awardColumns}
	for _, e := range entries {
		met, failed, open := e.Tally()
		code, state := "", ""
		c := e.Deciding()
		if c != nil {
			code = c.Code
		}
		if x := stateOf(e); x != nil {
			state = x.Value
		}
		out = append(out, []string{e.Award.Code, e.Award.Name, e.Award.Section, strconv.Itoa(e.Award.Copies), strconv.Itoa(e.Year), string(q.question.Boundaries), e.Subject.Group.Code, e.Subject.Key, subjectName(e.Subject),
			string(e.Truth), award.VerdictWord(e.Truth).VI, strconv.Itoa(met), strconv.Itoa(failed), strconv.Itoa(open), code, decidingText(c), state, q.question.AsOf.String(), progress.MethodVersion})
	}
	return out
}
