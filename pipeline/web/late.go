package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// aheadDays is how far the page looks for deadlines to come, listedReports how many late reports a part of its list shows.
const (
	aheadDays     = 30
	listedReports = 100
)

// overdue is what a unit has not handed in of one form and period: its own figures, or those of facilities in it.
type overdue struct {
	Form       string // code of the form, or of the indicator where no form asks for it
	Title      string
	Indicators []*plan.Indicator
	Unit       *plan.Unit
	Period     plan.Period
	LateFrom   plan.Day
	Days       int // working days that it is late, the first and the day asked for both counted
	Facilities []string

	levelPlace int // of the unit's level in the plan's order
}

// deadline is the last day on which it would have been in time.
func (o overdue) deadline() plan.Day { return o.LateFrom - 1 }

// lateQuery picks late reports; what is left at its zero value does not limit.
type lateQuery struct {
	form   string // as overdue.Form
	period string // label
	level  plan.Level
	within *plan.Unit // it and what lies below it
}

func (q lateQuery) takes(o overdue) bool {
	if q.within != nil {
		u := o.Unit
		for u != nil && u != q.within {
			u = u.Parent
		}
		if u == nil {
			return false
		}
	}
	return (q.form == "" || q.form == o.Form) && (q.period == "" || q.period == o.Period.Label) && (q.level == "" || q.level == o.Unit.Level)
}

// lateUnits lists the units whose reports are late on the day and not there by its end, by form in the plan's order, period,
// level and name. Nobody waits for a stock's earlier period when a later one is there, nor is a monitored figure asked for.
// told says that the list is whole: the reports that were due by then are kept.
func (s *site) lateUnits(ctx context.Context, in *plan.Plan, on plan.Day, q lateQuery) (all []overdue, told bool, err error) {
	reports, since, err := s.Store.Reports(ctx, on)
	if err != nil {
		return nil, false, err
	}
	return overdueOf(in, reports, on, q), since != plan.NoDay && since <= on, nil
}

func overdueOf(in *plan.Plan, reports []Report, on plan.Day, q lateQuery) []overdue {
	type key struct {
		form string
		unit plan.UnitKey
		end  plan.Day
	}
	at := map[key]int{}
	var all []overdue
	for _, r := range reports {
		ind, u := in.Indicator(r.Indicator), in.Units.Key(r.Unit)
		if ind == nil || u == nil || ind.Monitored || ind.Window == plan.Latest && r.Later != plan.NoDay && r.Later > r.End {
			continue
		}
		period, ok := plan.PeriodEnding(ind.PeriodType, ind.Rhythm, r.End)
		if !ok {
			continue // of a rhythm that the plan had before
		}
		k := key{cmp.Or(r.Form, r.Indicator), r.Unit, r.End}
		i, ok := at[k]
		if !ok {
			o := overdue{Form: k.form, Title: formTitle(in, k.form), Unit: u, Period: period, LateFrom: r.LateFrom, Days: in.Holidays.Count(r.LateFrom, on),
				levelPlace: slices.IndexFunc(in.Levels, func(l plan.LevelInfo) bool { return l.Code == u.Level })}
			if !q.takes(o) {
				continue
			}
			i = len(all)
			at[k] = i
			all = append(all, o)
		}
		o := &all[i]
		if !slices.Contains(o.Indicators, ind) {
			o.Indicators = append(o.Indicators, ind)
		}
		if r.Facility != "" && !slices.Contains(o.Facilities, r.Facility) {
			o.Facilities = append(o.Facilities, r.Facility)
		}
	}
	place, byName := inOrder(in), words.ByName()
	slices.SortStableFunc(all, func(x, y overdue) int {
		return cmp.Or(cmp.Compare(place[x.Form], place[y.Form]), cmp.Compare(x.Period.End, y.Period.End),
			cmp.Compare(x.levelPlace, y.levelPlace), byName(x.Unit.Name, y.Unit.Name), cmp.Compare(x.Unit.Code, y.Unit.Code))
	})
	return all
}

// formTitle is what people call a form, or an indicator that no form asks for.
func formTitle(in *plan.Plan, code string) string {
	if f := in.Form(code); f != nil {
		return f.Title
	}
	if ind := in.Indicator(code); ind != nil {
		return ind.Name
	}
	return code
}

// inOrder is the place of every form and indicator in the plan's order of indicators.
func inOrder(in *plan.Plan) map[string]int {
	place := map[string]int{}
	for i, ind := range in.Indicators {
		place[ind.Code] = i
		for _, f := range in.Forms {
			if _, ok := place[f.Code]; !ok && slices.Contains(f.Indicators, ind.Code) {
				place[f.Code] = i
			}
		}
	}
	return place
}

var quarters = [...]string{"I", "II", "III", "IV"}

// periodName is a period as reports name it: quý II/2025.
func periodName(p plan.Period) string {
	year, month := p.End.Year(), int(p.End.Time().Month())
	switch p.Rhythm {
	case plan.Monthly:
		return fmt.Sprintf("tháng %d/%d", month, year)
	case plan.Quarterly:
		return fmt.Sprintf("quý %s/%d", quarters[(month-1)/3], year)
	case plan.HalfYearly:
		if month <= 6 {
			return fmt.Sprintf("6 tháng đầu năm %d", year)
		}
		return fmt.Sprintf("6 tháng cuối năm %d", year)
	case plan.Yearly:
		return fmt.Sprintf("năm %d", year)
	}
	return words.Day(p.End)
}

// careTabs lead from one page about the figures' origin to the others: the group of the further pages that has this one.
func (s *site) careTabs(ctx context.Context, a *ask, here string) []link {
	for _, g := range s.more(ctx, here, a.kept()).Groups {
		if slices.ContainsFunc(g.Links, func(l link) bool { return l.Here }) {
			return g.Links
		}
	}
	return nil
}

type lateBody struct {
	Letter  string // address of the reminder to those listed
	Told    bool   // nothing is missing in the list
	Tabs    []link
	On      string
	Forms   []lateForm
	Units   int
	Ahead   []aheadRow
	Rows    []overdueRow
	Total   string
	First   int // of the part that is listed, 1, 2, …
	Last    int
	Earlier string
	Later   string
	Picks   []choice // in every list what may be chosen
	Kept    [][2]string
	Chosen  string // what the list is narrowed to, for people
	All     string // the list of everything; empty: nothing is chosen
	Days    int
}

// choice is a list to choose one of.
type choice struct {
	Name, Label, Any string
	Options          []option
}

type option struct {
	Value, Text string
	Chosen      bool
}

// lateForm counts the late reports of a form.
type lateForm struct {
	Code, Title, URL string
	Feeds            []link
	Rhythm           string
	Units, Reports   int
	Oldest           string // the deadline that passed first
	Days             int    // working days since
}

type aheadRow struct {
	Code, Title, Period, Span, Due, Deadline, Left string
	Here                                           bool // the cut-off has passed
	Units                                          int
	Levels                                         string
}

type overdueRow struct {
	overdue
	Feeds                                    []link
	UnitURL, PeriodName, Due, Deadline, From string
}

// lateAsked is what an address asks of the late reports, and the day.
func (s *site) lateAsked(a *ask) (on plan.Day, q lateQuery, err error) {
	on = a.asOf
	switch {
	case on == plan.NoDay:
		on = a.today
	case on > a.today:
		return on, q, badRequest("Chưa đến ngày này", fmt.Sprintf("Hôm nay là %s: chưa biết đơn vị nào chậm báo cáo vào ngày %s.", words.Day(a.today), words.Day(on)), link{Text: "Xem ngày hôm nay", URL: "/late"})
	}
	if a.knownOn != plan.NoDay {
		on = min(on, a.knownOn) // what is late on a day is known on that day
	}
	in := s.Plan.At(on)
	q = lateQuery{form: a.query.Get("form"), period: a.query.Get("period"), level: plan.Level(a.query.Get("level"))}
	if ref := a.query.Get("unit"); ref != "" {
		if q.within, err = in.Units.Select(ref, on); err != nil {
			return on, q, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s” vào ngày %s.", ref, words.Day(on)), link{Text: "Xem mọi đơn vị", URL: a.url("/late")})
		}
	}
	if _, ok := inOrder(in)[q.form]; q.form != "" && !ok {
		return on, q, notFound("Không có biểu này", fmt.Sprintf("Kế hoạch không có biểu mẫu hay chỉ tiêu mã “%s”.", q.form), link{Text: "Xem mọi biểu", URL: a.url("/late")})
	}
	return on, q, nil
}

// late is the page of deadlines: what is late on a day, by form, and what falls due soon.
func (s *site) late(ctx context.Context, a *ask) (*page, error) {
	on, q, err := s.lateAsked(a)
	if err != nil {
		return nil, err
	}
	in := s.Plan.At(on)
	all, told, err := s.lateUnits(ctx, in, on, lateQuery{})
	if err != nil {
		return nil, err
	}
	now := &ask{asOf: plan.NoDay, knownOn: plan.NoDay, today: a.today} // results are not kept for every day on which something may be late
	b := &lateBody{Told: told, Tabs: s.careTabs(ctx, now, "/late"), On: words.Day(on), Days: aheadDays, Ahead: aheadRows(in, on, q)}
	hidden := []string{"form", q.form, "period", q.period, "level", string(q.level), "unit", a.query.Get("unit")}
	b.Forms, b.Units = lateForms(a, now, all)
	b.Picks = picks(in, all, q)
	b.Kept = [][2]string{{"unit", a.query.Get("unit")}}
	b.Kept = append(b.Kept, a.kept()...)
	b.Kept = slices.DeleteFunc(b.Kept, func(x [2]string) bool { return x[1] == "" })
	b.Chosen, b.All = chosen(in, q), a.url("/late")
	if b.Chosen == "" {
		b.All = ""
	}

	all = slices.DeleteFunc(all, func(o overdue) bool { return !q.takes(o) })
	b.Total = words.Count(int64(len(all)))
	if len(all) > 0 {
		b.Letter = a.url("/letter/late", hidden...)
	}
	part, err := strconv.Atoi(cmp.Or(a.query.Get("part"), "1"))
	if err != nil || part < 1 || (part-1)*listedReports >= max(1, len(all)) {
		return nil, notFound("Không có phần này của danh sách", fmt.Sprintf("Danh sách có %d dòng, mỗi phần %d dòng.", len(all), listedReports), link{Text: "Phần đầu", URL: a.url("/late", hidden...)})
	}
	from, to := (part-1)*listedReports, min(part*listedReports, len(all))
	for _, o := range all[from:to] {
		b.Rows = append(b.Rows, overdueRow{overdue: o, UnitURL: s.unitURL(now, o.Unit), PeriodName: periodName(o.Period), Due: words.Day(o.Period.End),
			Deadline: words.Day(o.deadline()), From: words.Day(o.LateFrom), Feeds: feeds(now, o.Indicators)})
	}
	b.First, b.Last = from+1, to
	if part > 1 {
		b.Earlier = a.url("/late", append(hidden, "part", strconv.Itoa(part-1))...) + "#list"
	}
	if to < len(all) {
		b.Later = a.url("/late", append(hidden, "part", strconv.Itoa(part+1))...) + "#list"
	}

	p := s.newPage("late", "Hạn báo cáo")
	s.dated(p, a, "/freshness", place{day: on, days: []plan.Day{in.Start, a.today}}, hidden...)
	p.Nav, p.Prev, p.Next = s.nav(now, "/freshness"), "", ""
	p.Body, p.Table = b, lateTable(in, on, all)
	return p, nil
}

// lateForms counts by form, and the units that are late with anything.
func lateForms(a, now *ask, all []overdue) (rows []lateForm, units int) {
	late := map[plan.UnitKey]bool{}
	for start := 0; start < len(all); {
		end := start
		of := map[plan.UnitKey]bool{}
		oldest := all[start]
		var indicators []*plan.Indicator
		for end < len(all) && all[end].Form == all[start].Form {
			o := all[end]
			of[o.Unit.UnitKey], late[o.Unit.UnitKey] = true, true
			if o.LateFrom < oldest.LateFrom {
				oldest = o
			}
			for _, ind := range o.Indicators {
				if !slices.Contains(indicators, ind) {
					indicators = append(indicators, ind)
				}
			}
			end++
		}
		o := all[start]
		rows = append(rows, lateForm{Code: o.Form, Title: o.Title, URL: a.url("/late", "form", o.Form) + "#list", Feeds: feeds(now, indicators), Rhythm: rhythm(o.Indicators[0].Rhythm),
			Units: len(of), Reports: end - start, Oldest: words.Day(oldest.deadline()), Days: oldest.Days})
		start = end
	}
	return rows, len(late)
}

func feeds(a *ask, indicators []*plan.Indicator) (all []link) {
	for _, ind := range indicators {
		all = append(all, link{Text: ind.Code, Title: ind.Name, URL: a.url("/indicator/" + url.PathEscape(ind.Code))})
	}
	return all
}

func aheadRows(in *plan.Plan, on plan.Day, q lateQuery) (rows []aheadRow) {
	said := map[string]bool{}
	for _, d := range progress.Deadlines(in, on, aheadDays) {
		form := cmp.Or(d.Form, d.Indicator.Code)
		id := form + " " + d.Period.Label
		if said[id] || d.Indicator.Monitored || q.form != "" && q.form != form || q.level != "" && !slices.Contains(d.Indicator.EntryLevels, q.level) {
			continue
		}
		said[id] = true
		r := aheadRow{Code: form, Title: formTitle(in, form), Period: periodName(d.Period), Span: period(d.Period.Start, d.Period.End), Due: words.Day(d.Due), Deadline: words.Day(d.LateFrom - 1), Here: d.Due < on, Units: d.Units}
		var levels []string
		for _, l := range d.Indicator.EntryLevels {
			levels = append(levels, in.LevelInfo(l).Name)
		}
		r.Levels = strings.Join(levels, "; ")
		switch n := in.Holidays.Count(on+1, d.LateFrom-1); n {
		case 0:
			r.Left = "hôm nay là hạn cuối"
		default:
			r.Left = fmt.Sprintf("còn %d ngày làm việc", n)
		}
		rows = append(rows, r)
	}
	return rows
}

// picks are the forms, periods and levels that something is late of, and what is chosen.
func picks(in *plan.Plan, all []overdue, q lateQuery) []choice {
	forms := choice{Name: "form", Label: "Biểu, chỉ tiêu", Any: "Tất cả"}
	periods := choice{Name: "period", Label: "Kỳ", Any: "Mọi kỳ"}
	levels := choice{Name: "level", Label: "Cấp", Any: "Mọi cấp"}
	add := func(c *choice, value, text, chosen string) {
		if !slices.ContainsFunc(c.Options, func(o option) bool { return o.Value == value }) {
			c.Options = append(c.Options, option{value, text, value == chosen})
		}
	}
	byEnd := slices.Clone(all)
	slices.SortStableFunc(byEnd, func(x, y overdue) int {
		return cmp.Or(cmp.Compare(y.Period.End, x.Period.End), cmp.Compare(x.Period.Label, y.Period.Label))
	})
	for _, o := range all {
		add(&forms, o.Form, o.Form+" "+o.Title, q.form)
	}
	for _, o := range byEnd {
		if q.form == "" || q.form == o.Form {
			add(&periods, o.Period.Label, periodName(o.Period), q.period)
		}
	}
	for _, l := range in.Levels {
		if slices.ContainsFunc(all, func(o overdue) bool { return o.Unit.Level == l.Code }) {
			add(&levels, string(l.Code), l.Name, string(q.level))
		}
	}
	if q.form != "" { // also where nothing of it is late
		add(&forms, q.form, q.form+" "+formTitle(in, q.form), q.form)
	}
	if q.level != "" {
		add(&levels, string(q.level), in.LevelInfo(q.level).Name, string(q.level))
	}
	if q.period != "" {
		add(&periods, q.period, q.period, q.period)
	}
	return []choice{forms, periods, levels}
}

// chosen says what a list is narrowed to.
func chosen(in *plan.Plan, q lateQuery) string {
	var all []string
	if q.form != "" {
		all = append(all, q.form)
	}
	if q.period != "" {
		all = append(all, "kỳ "+q.period)
	}
	if q.level != "" {
		all = append(all, "cấp "+in.LevelInfo(q.level).Name)
	}
	if q.within != nil {
		all = append(all, q.within.Name+" và đơn vị trực thuộc")
	}
	return strings.Join(all, ", ")
}

func lateTable(in *plan.Plan, on plan.Day, all []overdue) [][]string {
	out := [][]string{{"form", "form_name", "indicators", "level", "unit", "unit_valid_from", "unit_name", "period", "period_start", "period_end", "deadline", "late_from", "working_days_late", "facilities", "as_of"}}
	for _, o := range all {
		var codes []string
		for _, ind := range o.Indicators {
			codes = append(codes, ind.Code)
		}
		out = append(out, []string{o.Form, o.Title, strings.Join(codes, " "), string(o.Unit.Level), o.Unit.Code, o.Unit.From.String(), o.Unit.Name, o.Period.Label, o.Period.Start.String(), o.Period.End.String(),
			o.deadline().String(), o.LateFrom.String(), strconv.Itoa(o.Days), strings.Join(o.Facilities, " "), on.String()})
	}
	return out
}
