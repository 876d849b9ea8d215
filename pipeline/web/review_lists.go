package web

import (
	"context"
	"slices"
	"strconv"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// reviewsBody is the list of all weeks with their states.
type reviewsBody struct {
	Broken  bool
	Rows    []reviewsRow
	Earlier string // how many weeks before have results and no review
	Signed  int
	Newest  string // address of the newest week
}

type reviewsRow struct {
	Week, URL              string
	State                  words.StatusWord
	Number                 string
	Made, Proposed, Signed string
	Comments, Actions      int
	Open                   int
	Pack                   string
}

var reviewsColumns = []string{"week", "sunday", "state", "number", "sha256", "made_at", "made_by", "proposed_at", "proposed_by", "signed_at", "signed_by", "comments", "actions", "actions_open"}

// reviews is the list of all weekly reviews: those of which something is written, and the weeks between and after them.
func (s *site) reviews(ctx context.Context, a *ask) (*page, error) {
	if s.desk == nil {
		return nil, notFound("Không có trang này", "Các kỳ rà soát chưa được lưu ở đây.")
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	l, broken, err := s.reviewLog(ctx)
	if err != nil {
		return nil, err
	}
	all := weeks(stored)
	all = all[:len(all)-len(after(all, a.lastWeek))]
	b := &reviewsBody{Broken: broken}
	begun := l.Courses()
	shown := map[plan.Day]bool{}
	var days []plan.Day
	add := func(d plan.Day) {
		if !shown[d] {
			shown[d] = true
			days = append(days, d)
		}
	}
	for _, c := range begun {
		add(c.Week)
	}
	earlier := 0
	for _, d := range all {
		if len(begun) > 0 && d > begun[len(begun)-1].Week || d == all[len(all)-1] {
			add(d)
		} else if !shown[d] {
			earlier++
		}
	}
	slices.SortFunc(days, func(x, y plan.Day) int { return int(y - x) })
	if earlier > 0 {
		b.Earlier = strconv.Itoa(earlier)
	}
	if len(all) > 0 {
		b.Newest = "/review/" + review.WeekName(all[len(all)-1])
	}
	p := s.newPage("reviews", "Các kỳ rà soát tuần")
	p.Nav = s.nav(a, "")
	p.Table = [][]string{reviewsColumns}
	for _, d := range days {
		c := l.Course(d)
		r := reviewsRow{Week: words.Week(d), URL: "/review/" + review.WeekName(d), State: stateWords[c.State], Comments: len(c.Comments), Actions: len(c.Actions), Pack: c.Pack[:min(12, len(c.Pack))],
			Made: stepWords(ctx, c.Made), Proposed: stepWords(ctx, c.Proposed), Signed: stepWords(ctx, c.Signed)}
		if c.Number > 0 {
			r.Number = strconv.Itoa(c.Number)
			b.Signed++
		}
		for _, x := range c.Actions {
			if x.Done == nil {
				r.Open++
			}
		}
		b.Rows = append(b.Rows, r)
		line := []string{review.WeekName(d), d.String(), string(c.State), r.Number, c.Pack}
		for _, x := range []*review.Step{c.Made, c.Proposed, c.Signed} {
			if x == nil {
				line = append(line, "", "")
			} else {
				line = append(line, x.At.Format("2006-01-02T15:04:05Z07:00"), by(ctx, x.By))
			}
		}
		p.Table = append(p.Table, append(line, strconv.Itoa(r.Comments), strconv.Itoa(r.Actions), strconv.Itoa(r.Open)))
	}
	p.Path, p.Permalink, p.CSV = "/reviews", "/reviews", "/reviews?format=csv"
	p.Body = b
	return p, nil
}

// after are those of the ascending days that come after one.
func after(days []plan.Day, d plan.Day) []plan.Day {
	i, found := slices.BinarySearch(days, d)
	if found {
		i++
	}
	return days[i:]
}

func stepWords(ctx context.Context, x *review.Step) string {
	if x == nil {
		return words.Unknown
	}
	text := words.Instant(x.At)
	if name := by(ctx, x.By); name != "" {
		text += ", " + name
	}
	return text
}

// actionsBody is the list of all actions.
type actionsBody struct {
	Broken bool
	Tabs   []link
	Of     string // the figure that the list is limited to
	Shown  *actionList
	Empty  string
}

var actionsColumns = []string{"action", "week", "text", "owner", "owner_name", "due", "state", "done_at", "done_by", "done_text", "indicator", "unit", "unit_name", "path_value_then", "path_value_now", "gap_then", "gap_now", "status_then", "status_now", "as_of_now"}

// actions are all things that are to be done, or were, with what they moved.
func (s *site) actions(ctx context.Context, a *ask) (*page, error) {
	if s.desk == nil {
		return nil, notFound("Không có trang này", "Các kỳ rà soát chưa được lưu ở đây.")
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.allow(a, ctx, access.View, plan.UnitKey{}); err != nil {
		return nil, err
	}
	l, broken, err := s.reviewLog(ctx)
	if err != nil {
		return nil, err
	}
	state := a.query.Get("state")
	if !slices.Contains([]string{"", "done", "all"}, state) {
		return nil, badRequest("Không có lựa chọn này", "Chọn việc đang làm, đã xong hoặc tất cả.", link{Text: "Xem việc đang làm", URL: "/actions"})
	}
	b := &actionsBody{Broken: broken, Empty: map[string]string{"": "Không có việc nào đang làm.", "done": "Chưa có việc nào được ghi là đã xong.", "all": "Chưa có việc nào được giao trong các kỳ rà soát."}[state]}
	indicator, ref := a.query.Get("indicator"), a.query.Get("unit")
	var only *plan.Unit
	if ref != "" {
		if only, err = s.Plan.Units.Select(ref, a.today); err != nil {
			return nil, notFound("Không có đơn vị này", "Kế hoạch không có đơn vị này.", link{Text: "Xem mọi việc", URL: "/actions"})
		}
	}
	var open, done []*review.Action
	for _, c := range l.Courses() {
		for _, x := range c.Actions {
			if only != nil && !x.Of(indicator, only.UnitKey) {
				continue
			}
			if x.Done == nil {
				open = append(open, x)
			} else {
				done = append(done, x)
			}
		}
	}
	pick := map[string][]*review.Action{"": open, "done": done, "all": append(slices.Clone(open), done...)}
	for _, t := range []struct{ state, text string }{{"", "Đang làm"}, {"done", "Đã xong"}, {"all", "Tất cả"}} {
		b.Tabs = append(b.Tabs, link{Text: t.text + " (" + strconv.Itoa(len(pick[t.state])) + ")", URL: a.url("/actions", "state", t.state, "indicator", indicator, "unit", ref), Here: t.state == state})
	}
	if only != nil {
		b.Of = indicator + " - " + only.Name
	}
	list := pick[state]
	byDue(list)
	in := s.known(a)
	if b.Shown, err = s.actionsIn(ctx, a, in, stored, list); err != nil {
		return nil, err
	}
	p := s.newPage("actions", "Việc cần làm sau rà soát")
	p.Nav = s.nav(a, "")
	p.Path, p.Permalink, p.CSV = "/actions", a.url("/actions", "state", state), a.url("/actions", "state", state, "format", "csv")
	p.Table = [][]string{actionsColumns}
	for _, r := range b.Shown.Rows {
		p.Table = append(p.Table, r.line(s.Plan))
	}
	p.Body = b
	return p, nil
}

// line is an action for a spreadsheet.
func (r *actionRow) line(p *plan.Plan) []string {
	x := r.action
	line := []string{r.Seq, review.WeekName(x.Week), x.Text, x.Owner.String(), r.Owner, x.Due.String()}
	if x.Done != nil {
		line = append(line, "done", x.Done.At.Format("2006-01-02T15:04:05Z07:00"), x.Done.By, x.Done.Text)
	} else {
		line = append(line, "open", "", "", "")
	}
	if x.Unit != nil {
		name := ""
		if u := p.Units.Key(*x.Unit); u != nil {
			name = u.Name
		}
		line = append(line, x.Indicator, x.Unit.String(), name)
	}
	if e := r.Effect; e != nil {
		line = append(line, exact(e.was.PathValue), exact(e.now.PathValue), exact(e.was.Gap), exact(e.now.Gap), string(e.was.Status), string(e.now.Status), e.now.AsOf.String())
	}
	return append(line, make([]string, len(actionsColumns)-len(line))...)
}
