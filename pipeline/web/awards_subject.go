package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

type awardSubjectBody struct {
	Award          *plan.Award
	When, AwardURL string
	Name, Group    string
	UnitURL        string
	RulingsURL     string
	Verdict        words.StatusWord
	Years          []link
	Boundaries     []link
	Parts          []conditionGroup
	Lacking        []conditionRow
	Rulings        []rulingRow
	Dossier        []paperRow
	Missing        int
	Chain          []chainStep
	State          string
	Notes          []noteRow

	EnterDossier, EnterRegistration, EnterReport string // empty: who asks may not enter
}

type conditionGroup struct {
	Name string
	Rows []conditionRow
}

type conditionRow struct {
	Code, Wording, Section, Rulings string
	Result                          words.StatusWord
	Value, FigureURL                string
	Asked, Gap, Deadline            string
	Why, Evidence                   string
	Part                            bool   // a target of the condition above
	EnterURL                        string // to enter what no figure says; empty: a figure says it, or who asks may not
}

type rulingRow struct {
	ID, Clause, Question, Decider, Document string
	Ways                                    []wayRow
}

type wayRow struct {
	Text    string
	InForce bool
	Becomes words.StatusWord
	Settled bool
	Changes bool // another verdict than the reading in force
}

type paperRow struct {
	Name, Section, Evidence, EnterURL string
	In, Out                           bool // Out: it is said that it is not in
}

type chainStep struct {
	Name       string
	Done, Here bool
}

type noteRow struct{ Name, Says, Evidence string }

var decisionWords = map[award.Decision]string{award.Holds: "có", award.Fails: "không", award.NotConcerned: "không thuộc diện", award.Withdrawn: "đã rút lại"}

// evidenceText is an entry with its paper.
func evidenceText(r *award.Record) string {
	text := r.Evidence + ", ngày " + words.Day(r.Date)
	if r.Value != "" {
		text += " (" + r.Value + ")"
	}
	return text
}

// awardSubject is one subject: every condition, what is lacking, the rulings, and the dossier.
func (s *site) awardSubject(ctx context.Context, a *ask) (*page, error) {
	q, err := s.inquire(ctx, a)
	if err != nil {
		return nil, err
	}
	key, group := a.value("subject"), a.query.Get("group")
	i := slices.IndexFunc(q.entries, func(e award.Entry) bool {
		return (group == "" || e.Subject.Group.Code == group) && (e.Subject.Key == key || e.Subject.Unit != nil && e.Subject.Unit.Code == key)
	})
	if i < 0 {
		return nil, notFound("Không có đối tượng này", fmt.Sprintf("“%s” không phải là đối tượng của hình thức khen thưởng này: đơn vị phải có vào ngày xét theo địa giới đã chọn; đối tượng khác phải có trong sổ đăng ký.", key), link{Text: q.award.Name, URL: q.self()})
	}
	e := q.entries[i]
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	of := s.awardBody(q)
	b := &awardSubjectBody{Award: q.award, When: of.When, AwardURL: q.self(), RulingsURL: of.Rulings.URL, Name: subjectName(e.Subject), Group: e.Subject.Group.Name, Verdict: verdictWord(e.Truth), Missing: e.Missing()}
	for _, x := range of.Years {
		b.Years = append(b.Years, link{Text: x.Text, URL: q.subjectURL(e.Subject, "year", x.Text), Here: x.Here})
	}
	if u := e.Subject.Unit; u != nil {
		if days := s.daysOf(stored, u); len(days) > 0 {
			b.UnitURL = s.unitURL(&ask{asOf: days[len(days)-1], knownOn: a.knownOn, today: a.today}, u)
			if slices.Contains(days, q.question.AsOf) {
				b.UnitURL = s.unitURL(&ask{asOf: q.question.AsOf, knownOn: a.knownOn, today: a.today}, u)
			}
		}
		end := plan.NewDay(q.question.Year, 12, 31)
		if q.award.Milestone != plan.NoDay {
			end = q.award.Milestone
		}
		then := end
		if top, err := s.Plan.Units.Select(s.Plan.Province, end); err == nil && top.To != plan.NoDay {
			then = min(then, top.To)
		}
		if u.ValidOn(then) && u.ValidOn(end) { // otherwise the other ledger does not have it
			b.Boundaries = []link{{Text: "Địa giới khi đó", URL: q.subjectURL(e.Subject, "boundaries", ""), Here: q.boundaries == ""}, {Text: "Địa giới ngày xét", URL: q.subjectURL(e.Subject, "boundaries", string(award.AsNow)), Here: q.boundaries != ""}}
		}
	}
	enter := func(register string) string {
		if s.Registers == nil || !may(ctx, access.Register, plan.UnitKey{}) || !slices.Contains(award.RegistersOf(s.Plan, e.Subject.Group), register) {
			return ""
		}
		return s.enterURL(&ask{asOf: plan.NoDay, knownOn: plan.NoDay}, award.Record{Group: e.Subject.Group.Code, Subject: e.Subject.Key, Register: register, Year: q.question.Year}, q.subjectURL(e.Subject))
	}
	enterable := func(f award.Finding, r conditionRow) conditionRow {
		if f.Kind != award.Target {
			r.EnterURL = enter(f.Code)
		}
		return r
	}
	for _, x := range e.Papers {
		r := paperRow{Name: x.Name, Section: x.Section, In: x.In(), Out: x.Record != nil && x.Record.Decision == award.Fails, EnterURL: enter(award.RegisterPaper + "/" + q.award.Code + "/" + x.Code)}
		if x.Record != nil {
			r.Evidence = evidenceText(x.Record)
		}
		b.Dossier = append(b.Dossier, r)
	}
	b.EnterDossier, b.EnterRegistration, b.EnterReport = enter(award.RegisterDossier+"/"+q.award.Code), enter(award.RegisterRegistration), enter(award.RegisterReport)
	for _, k := range []struct {
		kind award.Kind
		name string
	}{{award.Own, "Điều kiện của hình thức khen thưởng"}, {award.Criterion, "Tiêu chí của nhóm đối tượng"}, {award.Standard, "Tiêu chuẩn chung"}} {
		g := conditionGroup{Name: k.name}
		for _, f := range e.Conditions {
			if f.Kind != k.kind {
				continue
			}
			g.Rows = append(g.Rows, enterable(f, s.conditionRow(q, stored, e.Subject, f)))
			for _, part := range f.Parts {
				g.Rows = append(g.Rows, s.conditionRow(q, stored, e.Subject, part))
			}
		}
		if len(g.Rows) > 0 {
			b.Parts = append(b.Parts, g)
		}
	}
	for _, f := range e.Lacking() {
		b.Lacking = append(b.Lacking, enterable(f, s.conditionRow(q, stored, e.Subject, f)))
	}
	for _, r := range e.Rulings {
		x := rulingRow{ID: r.Ruling.ID, Clause: r.Ruling.Clause, Question: r.Ruling.Question, Decider: r.Ruling.Decider, Document: r.Ruling.Document}
		for _, way := range r.Effects {
			x.Ways = append(x.Ways, wayRow{Text: way.Reading.Text, InForce: way.InForce, Becomes: verdictWord(way.Truth), Settled: way.Truth != "", Changes: way.Truth != "" && way.Truth != e.Truth})
		}
		b.Rulings = append(b.Rulings, x)
	}
	at := -1
	if x := stateOf(e); x != nil {
		at = slices.Index(award.States, x.Value)
		b.State = evidenceText(&award.Record{Evidence: x.Evidence, Date: x.Date})
	}
	for i, st := range award.States {
		b.Chain = append(b.Chain, chainStep{Name: award.StateWord(st).VI, Done: i < at, Here: i == at})
	}
	for i := range e.Notes {
		n := &e.Notes[i]
		name := map[string]string{award.RegisterRegistration: "Đăng ký thi đua", award.RegisterReport: "Báo cáo hằng năm"}[n.Register]
		if name != "" {
			b.Notes = append(b.Notes, noteRow{name, decisionWords[n.Decision], evidenceText(n)})
		}
	}
	address := "/awards/" + url.PathEscape(q.award.Code) + "/" + url.PathEscape(e.Subject.Key)
	p := s.awardPage(q, "awardsubject", b.Name+": "+q.award.Name+" "+b.When, address, "group", group)
	p.Crumbs = []link{{Text: "Khen thưởng", URL: a.url("/awards")}, {Text: q.award.Name, URL: q.self()}, {Text: b.Name, Here: true}}
	p.Body, p.Table = b, conditionTable(q, e)
	return p, nil
}

// daysOf are the stored days on which the unit is valid, ascending.
func (s *site) daysOf(stored map[plan.Level][]plan.Day, u *plan.Unit) []plan.Day {
	var all []plan.Day
	for _, d := range stored[u.Level] {
		if u.ValidOn(d) {
			all = append(all, d)
		}
	}
	return all
}

func (s *site) conditionRow(q *inquiry, stored map[plan.Level][]plan.Day, x award.Subject, f award.Finding) conditionRow {
	r := conditionRow{Code: f.Code, Wording: f.Wording, Section: f.Section, Result: conditionWord(f), Deadline: words.Day(f.Deadline), Why: whyFinding(f), Part: f.Kind == award.Target}
	if f.Kind == award.Own { // its code is of the plan's file
		r.Code = ""
	}
	for i, id := range f.Rulings {
		if i > 0 {
			r.Rulings += ", "
		}
		r.Rulings += id
	}
	if f.Record != nil {
		r.Evidence = evidenceText(f.Record)
	}
	if f.Kind != award.Target {
		return r
	}
	r.Value, r.Asked, r.Gap = words.Percent(f.Value), words.Unknown, words.Unknown
	switch {
	case f.Asked != nil:
		r.Asked = "> " + words.Percent(f.Asked)
	case f.Target != nil && f.By == plan.MoreThan:
		r.Asked = "> " + words.Percent(f.Target)
	case f.Target != nil:
		r.Asked = "≥ " + words.Percent(f.Target)
	}
	if f.Gap != nil {
		r.Gap = words.Decimal(*f.Gap)
	}
	if ind := s.Plan.Indicator(f.Code); ind != nil && x.Unit != nil && f.Value != nil {
		// Results are kept for weeks and milestones: the first kept day of the week after a report year speaks of the same figure.
		day := min(f.Deadline, q.question.AsOf)
		days := s.daysOf(stored, x.Unit)
		j, found := slices.BinarySearch(days, day)
		if found || j < len(days) && days[j] < day+7 && ind.PeriodType == plan.Report {
			r.FigureURL = s.figureURL(&ask{asOf: days[j], knownOn: q.ask.knownOn, today: q.today}, ind.Code, x.Unit)
		}
	}
	return r
}

var conditionColumns = []string{"award", "award_year", "boundaries", "subject_group", "subject", "subject_name", "condition_kind", "condition", "section", "wording", "verdict", "left_out", "reason", "reason_vi", "value", "comparator", "target", "more_than", "lacking",
	"deadline", "rulings", "evidence", "evidence_date", "as_of", "method_version"}

func conditionTable(q *inquiry, e award.Entry) [][]string {
	out := [][]string{conditionColumns}
	var add func(f award.Finding)
	add = func(f award.Finding) {
		evidence, date, rulings := "", "", ""
		if f.Record != nil {
			evidence, date = f.Record.Evidence, f.Record.Date.String()
		}
		for i, id := range f.Rulings {
			if i > 0 {
				rulings += " "
			}
			rulings += id
		}
		out = append(out, []string{e.Award.Code, strconv.Itoa(e.Year), string(q.question.Boundaries), e.Subject.Group.Code, e.Subject.Key, subjectName(e.Subject), string(f.Kind), f.Code, f.Section, f.Wording, string(f.Truth), strconv.FormatBool(f.LeftOut),
			string(f.Reason), findingReason(f.Reason), exact(f.Value), string(f.By), exact(f.Target), exact(f.Asked), exact(f.Gap), f.Deadline.String(), rulings, evidence, date, q.question.AsOf.String(), progress.MethodVersion})
		for _, part := range f.Parts {
			add(part)
		}
	}
	for _, f := range e.Conditions {
		add(f)
	}
	return out
}
