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

	"tiendo/pipeline/access"
	"tiendo/pipeline/contest"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// Contests keeps what units object to.
type Contests interface {
	// Contests are all that were ever filed, by number.
	Contests(ctx context.Context) ([]contest.Contest, error)
	// AddContest stores a step and returns it with its number; contest.ErrEnded where somebody else was faster.
	AddContest(ctx context.Context, e contest.Event) (contest.Event, error)
}

// figureKey names a figure, whatever the day.
type figureKey struct {
	indicator string
	unit      plan.UnitKey
}

// contests reads what was objected to; none where nothing keeps them.
func (s *site) contests(ctx context.Context) ([]contest.Contest, error) {
	if s.Contests == nil {
		return nil, nil
	}
	return s.Contests.Contests(ctx)
}

// signContested notes which figures are objected to and not settled, as a page of that day shows it: what was filed of a later day, or
// behind the day whose knowledge is asked for, is no news there. Rows made after it bear the sign.
func (s *site) signContested(ctx context.Context, a *ask, day plan.Day) error {
	all, err := s.contests(ctx)
	if err != nil {
		return err
	}
	a.sign(all, day, a.until())
	return nil
}

// until is the instant up to which things are known; zero: all of them.
func (a *ask) until() time.Time {
	if a.knownOn == plan.NoDay {
		return time.Time{}
	}
	return a.knownOn.End()
}

// sign notes the figures up to the day that were objected to by an instant, and gives those contests as they stood then.
func (a *ask) sign(all []contest.Contest, day plan.Day, by time.Time) (stood []contest.Contest) {
	a.contested = map[figureKey]bool{}
	for _, c := range all {
		c, filed := c.Stood(by)
		if !filed || c.Figure.AsOf > day {
			continue
		}
		if stood = append(stood, c); c.State == contest.Open {
			a.contested[figureKey{c.Figure.Indicator, c.Figure.Unit}] = true
		}
	}
	return stood
}

// objected says whether a figure bears the sign.
func (a *ask) objected(indicator string, unit plan.UnitKey) bool {
	return a.contested[figureKey{indicator, unit}]
}

// contestStates are the words for how a contest stands.
var contestStates = map[contest.State]words.StatusWord{
	contest.Open:      {Name: "Đang giải trình", Short: "Đang xét", Sign: "◐", Class: "at-risk"},
	contest.Accepted:  {Name: "Chấp nhận", Short: "Chấp nhận", Sign: "✔", Class: "met"},
	contest.Refused:   {Name: "Không chấp nhận", Short: "Không nhận", Sign: "✖", Class: "missed"},
	contest.Withdrawn: {Name: "Đơn vị đã rút", Short: "Đã rút", Sign: "–", Class: "no-data"},
}

// contestOrder is the order of the states in lists and choices.
var contestOrder = []contest.State{contest.Open, contest.Accepted, contest.Refused, contest.Withdrawn}

// contestRow is a contest in words.
type contestRow struct {
	contest.Contest
	URL, FigureURL, UnitURL string
	Unit, Code, Name        string
	Status                  words.StatusWord
	Value, Pair, AsOf       string
	Was                     words.StatusWord // of the figure, when it was objected to
	Filed, Until, Left      string
	Late                    bool
	Ended                   string
}

func (s *site) contestRow(a *ask, c contest.Contest) contestRow {
	f := c.Figure
	r := contestRow{Contest: c, URL: "/contests/" + strconv.FormatUint(c.Number, 10), Unit: f.Unit.String(), Code: f.Indicator, Status: contestStates[c.State], Value: words.Value(f.Value), AsOf: words.Day(f.AsOf),
		Was: words.Status(f.Status), Filed: words.Instant(c.At), Until: words.Day(c.Due), Late: c.Late(a.today)}
	if ind := s.Plan.Indicator(f.Indicator); ind != nil {
		r.Name, r.Value = ind.Name, figure(ind, f.Value)
	}
	if f.Numerator != nil && f.Denominator != nil {
		r.Pair = words.Count(*f.Numerator) + " / " + words.Count(*f.Denominator)
	}
	if u := s.Plan.Units.Key(f.Unit); u != nil {
		then := &ask{asOf: f.AsOf, knownOn: plan.NoDay, today: a.today}
		r.Unit, r.UnitURL, r.FigureURL = u.Name, s.unitURL(then, u), s.figureURL(then, f.Indicator, u)
	}
	switch n := s.Plan.Holidays.Count(a.today+1, c.Due); {
	case c.State != contest.Open:
		r.Ended = words.Instant(c.End.At)
	case r.Late:
		r.Left = fmt.Sprintf("quá hạn %d ngày làm việc", s.Plan.Holidays.Count(c.Due+1, a.today))
	case n == 0:
		r.Left = "hôm nay là hạn cuối"
	default:
		r.Left = fmt.Sprintf("còn %d ngày làm việc", n)
	}
	return r
}

// contestPart is what the page of a figure says of objections to it.
type contestPart struct {
	Open     *contestRow
	SignedIn bool
	Settled  []contestRow // to those who have signed in
	Form     bool         // the one who reads may object
	URL      string       // where the form goes
	KnownAt  string       // which version is objected to
	Value    string
	Due      string
	Days     int
	Problem  string
	Reason   string
	Evidence string
}

// contestPart says what was objected to in the figure, and whether the reader may object. x is the result shown.
func (s *site) contestPart(ctx context.Context, a *ask, all []contest.Contest, ind *plan.Indicator, pl place, x *Assessment) *contestPart {
	if s.Contests == nil {
		return nil
	}
	b := &contestPart{SignedIn: whoAsks(ctx) != nil}
	for _, c := range all {
		if c.Figure.Indicator != ind.Code || c.Figure.Unit != pl.unit.UnitKey {
			continue
		}
		r := s.contestRow(a, c)
		switch {
		case c.State != contest.Open && b.SignedIn:
			b.Settled = append(b.Settled, r)
		case c.State == contest.Open && a.objected(ind.Code, pl.unit.UnitKey):
			b.Open = &r
		}
	}
	slices.Reverse(b.Settled)
	open := slices.ContainsFunc(all, func(c contest.Contest) bool {
		return c.State == contest.Open && c.Figure.Indicator == ind.Code && c.Figure.Unit == pl.unit.UnitKey
	})
	if x != nil && !x.KnownAt.IsZero() && !open && may(ctx, access.Contest, pl.unit.UnitKey) {
		b.Form, b.URL = true, s.figureURL(&ask{asOf: pl.day, knownOn: a.knownOn, today: a.today}, ind.Code, pl.unit)
		b.URL = strings.Replace(b.URL, "?", "/contest?", 1)
		b.KnownAt, b.Value = strconv.FormatInt(x.KnownAt.UnixMilli(), 10), figure(ind, x.Value)
		b.Days = s.Plan.AnswerDays()
		b.Due = words.Day(s.Plan.Holidays.AddWorking(a.today, b.Days))
	}
	if b.Open == nil && !b.Form && len(b.Settled) == 0 {
		return nil
	}
	return b
}

// fileContest takes a unit's objection to the figure of the address. What it lacks is said beside the form.
func (s *site) fileContest(ctx context.Context, f *sent) (*page, error) {
	f.ask.path = strings.TrimSuffix(f.ask.path, "/contest")
	p, err := s.figure(ctx, f.ask)
	if err != nil {
		return nil, err
	}
	b := p.Body.(*figureBody)
	unit := b.Unit.UnitKey
	if err := s.allow(f.ask, ctx, access.Contest, unit); err != nil {
		return nil, err
	}
	x := b.Row.A
	switch {
	case b.Contest == nil || !b.Contest.Form:
		return nil, &refusal{409, "Số liệu này đang được giải trình", "Đơn vị đã gửi giải trình về số liệu này và chưa có kết luận; mỗi lúc chỉ xét một giải trình.", []link{{Text: "Xem danh sách giải trình", URL: "/contests"}}}
	case f.PostFormValue("known") != b.Contest.KnownAt:
		b.Contest.Problem = "Số liệu vừa được cập nhật: giá trị trên trang là giá trị mới. Đề nghị xem lại rồi gửi lại nếu vẫn chưa đúng."
	}
	b.Contest.Reason, b.Contest.Evidence = strings.TrimSpace(f.PostFormValue("reason")), strings.TrimSpace(f.PostFormValue("evidence"))
	e := contest.Event{Action: contest.File, At: s.Now(), By: f.who.Name, Reason: b.Contest.Reason, Evidence: b.Contest.Evidence, Due: s.Plan.Holidays.AddWorking(f.today, s.Plan.AnswerDays()),
		Figure: contest.Figure{Indicator: x.Indicator, Unit: unit, AsOf: x.AsOf, KnownAt: x.KnownAt, PlanVersion: x.PlanVersion, MethodVersion: x.MethodVersion, Value: x.Value, Numerator: x.Numerator, Denominator: x.Denominator, Status: x.Status}}
	if err := e.Check(); err != nil && b.Contest.Problem == "" {
		b.Contest.Problem = capital(err.Error())
	}
	if b.Contest.Problem != "" {
		return p, nil
	}
	if err := f.record(ctx, access.ContestFiled, x.Indicator+" "+unit.String(), fmt.Sprintf("as of %s known at %s value %s", x.AsOf, x.KnownAt.UTC().Format("2006-01-02T15:04:05.000Z"), exact(x.Value))); err != nil {
		return nil, err
	}
	e, err = s.Contests.AddContest(ctx, e)
	if err != nil {
		return nil, err
	}
	return goTo("/contests/" + strconv.FormatUint(e.Number, 10)), nil
}

func capital(text string) string {
	if text == "" {
		return text
	}
	r := []rune(text)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// contestList is a table of contests.
type contestList struct {
	Rows    []contestRow
	Reasons bool // who reads may read why
}

type contestsBody struct {
	contestList
	Tabs   []link
	States []link
	Open   int
	Late   int
}

// contestList is the page of all contests, those whose answer is overdue first.
func (s *site) contestList(ctx context.Context, a *ask) (*page, error) {
	if s.Contests == nil {
		return nil, noContests()
	}
	if err := s.allow(a, ctx, access.View, plan.UnitKey{}); err != nil {
		return nil, err
	}
	all, err := s.contests(ctx)
	if err != nil {
		return nil, err
	}
	state := contest.State(a.query.Get("state"))
	if _, ok := contestStates[state]; state != "" && !ok {
		return nil, notFound("Không có tình trạng này", fmt.Sprintf("Giải trình không có tình trạng “%s”.", state), link{Text: "Xem mọi giải trình", URL: "/contests"})
	}
	b := &contestsBody{contestList: contestList{Reasons: true}, Tabs: s.careTabs(ctx, a, "/contests"), States: []link{{Text: fmt.Sprintf("Tất cả (%d)", len(all)), URL: a.url("/contests"), Here: state == ""}}}
	count := map[contest.State]int{}
	for _, c := range all {
		count[c.State]++
		if c.Late(a.today) {
			b.Late++
		}
		if state == "" || c.State == state {
			b.Rows = append(b.Rows, s.contestRow(a, c))
		}
	}
	b.Open = count[contest.Open]
	for _, x := range contestOrder {
		if count[x] > 0 || x == state {
			b.States = append(b.States, link{Text: fmt.Sprintf("%s (%d)", contestStates[x].Name, count[x]), URL: a.url("/contests", "state", string(x)), Here: x == state})
		}
	}
	slices.SortStableFunc(b.Rows, func(x, y contestRow) int {
		return cmp.Or(cmp.Compare(contestPlace(x), contestPlace(y)), cmp.Compare(y.Number, x.Number))
	})
	p := s.newPage("contests", "Giải trình số liệu")
	p.Nav, p.Path, p.CSV = s.nav(a, "/freshness"), a.path, a.url("/contests", "state", string(state), "format", "csv")
	p.Body, p.Table = b, contestTable(b.Rows)
	return p, nil
}

// contestPlace puts the open ones first, by the day of their answer.
func contestPlace(r contestRow) plan.Day {
	if r.State == contest.Open {
		return r.Due
	}
	return plan.MustDay("9999-12-31")
}

func noContests() *refusal {
	return notFound("Không có trang này", "Kho số liệu này không lưu giải trình.")
}

func contestTable(rows []contestRow) [][]string {
	out := [][]string{{"contest", "contest_state", "contest_state_vi", "indicator", "indicator_name", "unit", "unit_valid_from", "unit_name", "as_of", "value", "numerator", "denominator", "status", "known_at",
		"plan_version", "method_version", "contest_reason", "evidence", "filed_by", "filed_at", "deadline", "settled_by", "settled_at", "settled_reason", "done"}}
	optional := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	for _, r := range rows {
		f := r.Figure
		line := []string{strconv.FormatUint(r.Number, 10), string(r.State), r.Status.Name, f.Indicator, r.Name, f.Unit.Code, f.Unit.From.String(), r.Unit, f.AsOf.String(), exact(f.Value), optional(f.Numerator), optional(f.Denominator),
			string(f.Status), instantISO(f.KnownAt), f.PlanVersion, f.MethodVersion, r.Reason, r.Evidence, r.By, instantISO(r.At), r.Due.String()}
		end := []string{"", "", "", ""}
		if r.End != nil {
			end = []string{r.End.By, instantISO(r.End.At), r.End.Reason, r.End.Done}
		}
		out = append(out, append(line, end...))
	}
	return out
}

type contestBody struct {
	Row         contestRow
	Indicator   string
	Version     string
	KnownAt     string
	Now         *row // the figure of that day as it stands; nil: none is stored
	Moved       bool // since it was objected to
	NowKnownAt  string
	Decision    string
	Settle      bool
	Withdraw    bool
	Problem     string
	Reason      string
	Done        string
	SettleURL   string
	WithdrawURL string
}

// contestOf finds the contest that an address names, for those who have signed in.
func (s *site) contestOf(ctx context.Context, a *ask) (contest.Contest, error) {
	if s.Contests == nil {
		return contest.Contest{}, noContests()
	}
	if err := s.allow(a, ctx, access.View, plan.UnitKey{}); err != nil {
		return contest.Contest{}, err
	}
	all, err := s.contests(ctx)
	if err != nil {
		return contest.Contest{}, err
	}
	for _, c := range all {
		if strconv.FormatUint(c.Number, 10) == a.value("number") {
			return c, nil
		}
	}
	return contest.Contest{}, notFound("Không có giải trình này", fmt.Sprintf("Không có giải trình số “%s”.", a.value("number")), link{Text: "Xem danh sách giải trình", URL: "/contests"})
}

// contest is the page of one contest: what is objected to as it stood and as it stands, the reasons, and the forms of those
// who may end it.
func (s *site) contest(ctx context.Context, a *ask) (*page, error) {
	c, err := s.contestOf(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.contestPage(ctx, a, c)
}

func (s *site) contestPage(ctx context.Context, a *ask, c contest.Contest) (*page, error) {
	f := c.Figure
	b := &contestBody{Row: s.contestRow(a, c), Version: fmt.Sprintf("phương pháp %s, kế hoạch %s", f.MethodVersion, f.PlanVersion), KnownAt: words.Instant(f.KnownAt)}
	now, err := s.Store.Assessments(ctx, Query{AsOf: f.AsOf, Since: plan.NoDay, KnownOn: plan.NoDay, Unit: &f.Unit, Indicator: f.Indicator})
	if err != nil {
		return nil, err
	}
	ind, u := s.Plan.Indicator(f.Indicator), s.Plan.Units.Key(f.Unit)
	if len(now) > 0 && ind != nil && u != nil {
		r := s.row(&ask{asOf: f.AsOf, knownOn: plan.NoDay, today: a.today}, ind, u, &now[0])
		b.Now, b.NowKnownAt = &r, words.Instant(now[0].KnownAt)
		b.Moved = exact(now[0].Value) != exact(f.Value) || now[0].Status != f.Status
	}
	if c.State == contest.Open {
		b.Settle, b.Withdraw = may(ctx, access.Settle, f.Unit), may(ctx, access.Contest, f.Unit)
		b.SettleURL, b.WithdrawURL = b.Row.URL+"/settle", b.Row.URL+"/withdraw"
	}
	p := s.newPage("contest", fmt.Sprintf("Giải trình số %d", c.Number))
	p.Nav, p.Body = s.nav(a, "/freshness"), b
	p.Crumbs = []link{{Text: "Giải trình số liệu", URL: "/contests"}, {Text: fmt.Sprintf("Số %d", c.Number), Here: true}}
	return p, nil
}

// settleContest takes the approver's decision.
func (s *site) settleContest(ctx context.Context, f *sent) (*page, error) {
	return s.endContest(ctx, f, access.Settle, map[string]contest.Action{"accept": contest.Accept, "refuse": contest.Refuse}[f.PostFormValue("outcome")])
}

// withdrawContest takes the unit's own end of it.
func (s *site) withdrawContest(ctx context.Context, f *sent) (*page, error) {
	return s.endContest(ctx, f, access.Contest, contest.Withdraw)
}

var contestEvents = map[contest.Action]string{contest.Accept: access.ContestAccepted, contest.Refuse: access.ContestRefused, contest.Withdraw: access.ContestWithdrawn}

func (s *site) endContest(ctx context.Context, f *sent, right access.Action, do contest.Action) (*page, error) {
	c, err := s.contestOf(ctx, f.ask)
	if err != nil {
		return nil, err
	}
	if err := s.allow(f.ask, ctx, right, c.Figure.Unit); err != nil {
		return nil, err
	}
	number := strconv.FormatUint(c.Number, 10)
	ended := &refusal{409, "Giải trình đã kết thúc", capital(contest.ErrEnded.Error()) + "; nội dung vừa gửi chưa được nhận.", []link{{Text: "Xem giải trình số " + number, URL: "/contests/" + number}}}
	e := contest.Event{}
	if do != "" {
		if e, err = c.Next(do); errors.Is(err, contest.ErrEnded) {
			return nil, ended
		}
	}
	problem := ""
	if do == "" {
		problem = "Chưa chọn kết luận: chấp nhận hoặc không chấp nhận."
	}
	e.At, e.By, e.Reason = s.Now(), f.who.Name, strings.TrimSpace(f.PostFormValue("reason"))
	if do == contest.Accept {
		e.Done = strings.TrimSpace(f.PostFormValue("done"))
	}
	if err == nil && problem == "" {
		err = e.Check()
	}
	if err != nil {
		problem = capital(err.Error())
	}
	if problem != "" {
		f.ask.path = "/contests/" + number
		p, err := s.contestPage(ctx, f.ask, c)
		if err != nil {
			return nil, err
		}
		b := p.Body.(*contestBody)
		b.Problem, b.Reason, b.Done, b.Decision = problem, e.Reason, strings.TrimSpace(f.PostFormValue("done")), f.PostFormValue("outcome")
		return p, nil
	}
	if err := f.record(ctx, contestEvents[do], c.Figure.Indicator+" "+c.Figure.Unit.String(), "contest "+number); err != nil {
		return nil, err
	}
	if _, err := s.Contests.AddContest(ctx, e); errors.Is(err, contest.ErrEnded) {
		return nil, ended
	} else if err != nil {
		return nil, err
	}
	return goTo("/contests/" + url.PathEscape(number)), nil
}
