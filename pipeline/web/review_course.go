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

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// courseBody is how far the review of a week has come, what was said of it and what is to be done.
type courseBody struct {
	Who      *who
	Post     string // address that the forms of the week begin with
	Broken   bool   // the log cannot be read
	State    words.StatusWord
	Number   string // of the signature
	Steps    []courseStep
	Why      string // it was returned
	Pack     string // SHA-256
	MadeAt   string
	Frozen   bool // the numbers are those of the pack
	Signed   bool
	LiveURL  string // the numbers as known today
	Propose  bool
	Sign     bool
	Return   bool
	NotSign  string // why the one who could sign may not
	Differ   []restatedRow
	MoreDiff int
	Points   string
	Hidden   int // comments and actions that are not shown to who has not signed in
	LoginURL string
	Comments []commentRow
	Comment  *commentForm // nil: may not
	Actions  *actionList
	Act      *actionForm // nil: may not
	AllURL   string      // of all reviews
}

// courseStep is one of the three steps that every review takes.
type courseStep struct {
	Name, By, At string
	Done         bool
}

type commentRow struct {
	ID, By, At, Text  string
	Figure, FigureURL string // empty: of the week
	After             bool   // the review was signed before
}

type commentForm struct {
	Indicators []optionGroup
	Units      []optionGroup
	Own        string // name of the one unit that may be spoken of; empty: any, or the week
	Open       bool   // it was asked for
}

type actionForm struct {
	Indicators []optionGroup
	Units      []optionGroup
	Owners     []optionGroup
	Due        string
	First      string // the first day that may be asked for
}

var stateWords = map[review.State]words.StatusWord{
	review.Unmade:       {Name: "Chưa lập", Short: "Chưa lập", Sign: "–", Class: "no-data"},
	review.Draft:        {Name: "Nháp", Short: "Nháp", Sign: "○", Class: "no-data"},
	review.BeforeSigner: {Name: "Đã trình", Short: "Đã trình", Sign: "▲", Class: "at-risk"},
	review.SentBack:     {Name: "Trả lại", Short: "Trả lại", Sign: "↩", Class: "behind"},
	review.Final:        {Name: "Đã ký duyệt", Short: "Đã ký duyệt", Sign: "✔", Class: "met"},
}

// by is who took a step, for those who have signed in: nobody else reads the names of accounts.
func by(ctx context.Context, name string) string {
	switch {
	case whoAsks(ctx) == nil:
		return ""
	case name == "schedule":
		return "lịch tự động"
	}
	return name
}

// reviewLog reads how all reviews went. A log that does not hold together does not keep the figures from being read: it is said.
func (s *site) reviewLog(ctx context.Context) (l *review.Log, broken bool, err error) {
	if s.desk == nil {
		return &review.Log{}, false, nil
	}
	rows, err := s.Reviews.ReviewLog(ctx)
	if err != nil {
		return nil, false, err
	}
	if l, err = review.Read(rows); err != nil {
		s.Log.Error("the log of reviews does not hold together", "error", err)
		return &review.Log{}, true, nil
	}
	return l, false, nil
}

// course puts a week's course in words. Forms are there for who may use them, on the page that shows the newest numbers.
func (s *site) course(ctx context.Context, a *ask, in *plan.Plan, l *review.Log, week plan.Day) *courseBody {
	c := l.Course(week)
	b := &courseBody{Who: whoAsks(ctx), Post: "/review/" + review.WeekName(week), State: stateWords[c.State], Pack: c.Pack, Frozen: c.Frozen() && a.knownOn == plan.NoDay, Signed: c.State == review.Final,
		AllURL: "/reviews", LiveURL: weekURL(a, week, "known-on", a.today.String())}
	if c.Number > 0 {
		b.Number = strconv.Itoa(c.Number)
	}
	for _, x := range []struct {
		name string
		step *review.Step
	}{{"Lập", c.Made}, {"Trình", c.Proposed}, {"Ký duyệt", c.Signed}} {
		v := courseStep{Name: x.name}
		if x.step != nil {
			v.Done, v.By, v.At = true, by(ctx, x.step.By), words.Instant(x.step.At)
		}
		b.Steps = append(b.Steps, v)
	}
	if b.Who == nil { // what people wrote to each other is read by those who have signed in
		b.Hidden = len(c.Comments) + len(forWeek(l, week))
		b.LoginURL = "/login?next=" + url.QueryEscape(b.Post)
		return b
	}
	if c.Returned != nil {
		b.Why = fmt.Sprintf("%s trả lại lúc %s: %s", c.Returned.By, words.Instant(c.Returned.At), c.Returned.Text)
	}
	for _, x := range c.Comments {
		b.Comments = append(b.Comments, s.commentRow(a, in, c, x))
	}
	if a.knownOn != plan.NoDay || s.desk == nil {
		return b
	}
	b.Propose = may(ctx, access.Propose, plan.UnitKey{}) && !c.Frozen()
	if may(ctx, access.Sign, plan.UnitKey{}) && c.State == review.BeforeSigner {
		if b.Return = true; c.Proposed.By == b.Who.Name {
			b.NotSign = "Người trình không ký duyệt bản mình trình."
		} else {
			b.Sign = true
		}
	}
	b.Comment = s.commentForm(ctx, a, in, week)
	if may(ctx, access.Propose, plan.UnitKey{}) {
		b.Act = &actionForm{Indicators: indicatorOptions(in, ""), Units: s.unitOptions(week, plan.UnitKey{}), Owners: s.unitOptions(week, plan.UnitKey{}), Due: (a.today + 14).String(), First: a.today.String()}
	}
	return b
}

func (s *site) commentRow(a *ask, in *plan.Plan, c *review.Course, x review.Step) commentRow {
	v := commentRow{ID: fmt.Sprintf("c%d", x.Seq), By: x.By, At: words.Instant(x.At), Text: x.Text, After: c.Signed != nil && x.Seq > c.Signed.Seq}
	v.Figure, v.FigureURL = s.figureLink(a, in, x)
	return v
}

// figureLink names the figure that a step speaks of.
func (s *site) figureLink(a *ask, in *plan.Plan, x review.Step) (text, address string) {
	if x.Unit == nil {
		return "", ""
	}
	u, ind := s.Plan.Units.Key(*x.Unit), in.Indicator(x.Indicator)
	if u == nil || ind == nil {
		return x.Indicator + " - " + x.Unit.String(), ""
	}
	on := &ask{asOf: x.Week, knownOn: plan.NoDay, today: a.today}
	return ind.Code + " " + ind.Short + " - " + u.Name, s.indicatorURL(on, ind.Code, u)
}

func indicatorOptions(in *plan.Plan, chosen string) []optionGroup {
	var all []optionGroup
	for _, pi := range in.Pillars {
		g := optionGroup{Name: pi.Name}
		for i := range in.Indicators {
			if x := &in.Indicators[i]; x.Pillar == pi.Code {
				g.Options = append(g.Options, option{x.Code, x.Code + " " + x.Short, x.Code == chosen})
			}
		}
		if len(g.Options) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// unitOptions are the units of the watched levels on a day, and the chosen one.
func (s *site) unitOptions(on plan.Day, chosen plan.UnitKey) []optionGroup {
	var all []optionGroup
	byName := words.ByName()
	for _, l := range s.Plan.Levels {
		g := optionGroup{Name: l.Name}
		for _, u := range s.Plan.Units.All {
			if u.Level == l.Code && u.ValidOn(on) && (s.Plan.Watched(l.Code) || u.UnitKey == chosen) {
				g.Options = append(g.Options, option{s.refOn(u, on), u.Name, u.UnitKey == chosen})
			}
		}
		slices.SortFunc(g.Options, func(x, y option) int { return byName(x.Text, y.Text) })
		if len(g.Options) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// commentForm offers what the one who asks may speak of; nil: nothing. What the address names is chosen.
func (s *site) commentForm(ctx context.Context, a *ask, in *plan.Plan, week plan.Day) *commentForm {
	f := &commentForm{Indicators: indicatorOptions(in, a.query.Get("indicator")), Open: a.query.Get("indicator") != "" || a.query.Get("unit") != ""}
	if may(ctx, access.Comment, plan.UnitKey{}) {
		var chosen plan.UnitKey
		if u, err := s.Plan.Units.Select(a.query.Get("unit"), week); err == nil && a.query.Get("unit") != "" {
			chosen = u.UnitKey
		}
		f.Units = s.unitOptions(week, chosen)
		return f
	}
	w := whoAsks(ctx)
	if w == nil || !may(ctx, access.Comment, w.Unit) {
		return nil
	}
	u := s.Plan.Units.Key(w.Unit)
	if u == nil || !u.ValidOn(week) {
		return nil
	}
	f.Own, f.Units = u.Name, []optionGroup{{Name: s.Plan.LevelInfo(u.Level).Name, Options: []option{{s.refOn(u, week), u.Name, true}}}}
	return f
}

// differences are the frozen figures that are known otherwise today.
func (s *site) differences(b *courseBody, a *ask, in *plan.Plan, kept, now *review.Pack) {
	all := review.Differences(in, kept, now)
	b.Points = "điểm %"
	for _, x := range all {
		if len(b.Differ) == listed {
			b.MoreDiff = len(all) - listed
			return
		}
		r, ok := s.restatedRow(a, in, x)
		if !ok {
			continue
		}
		r.Why = strings.Replace(r.Why, "sau rà soát", "sau khi chốt", 1)
		b.Differ = append(b.Differ, r)
	}
}

// unknownIn is the first code of a pack that the plan does not have; empty: it has all.
func unknownIn(in *plan.Plan, p *review.Pack) string {
	var missing []string
	check := func(indicator string, unit *plan.UnitKey) {
		if indicator != "" && in.Indicator(indicator) == nil {
			missing = append(missing, indicator)
		}
		if unit != nil && in.Units.Key(*unit) == nil {
			missing = append(missing, unit.String())
		}
	}
	for _, x := range p.Pairs { // Up, Down and Outlook are some of these
		check(x.Indicator, &x.Unit)
	}
	for _, x := range p.Movements {
		check("", &x.Unit)
	}
	for _, x := range p.Late {
		for _, code := range x.Indicators {
			check(code, nil)
		}
		for _, u := range x.Units {
			check("", &u.Unit)
		}
	}
	for _, c := range p.Counts {
		for _, x := range c.Pillars {
			if in.Pillar(x.Pillar).Code == "" {
				missing = append(missing, x.Pillar)
			}
		}
	}
	return strings.Join(missing[:min(1, len(missing))], "")
}

// remarks lead from a figure to what was said of it and what is to be done about it in the weekly reviews.
type remarks struct {
	Comments, Actions       string // how many, in words; empty: none
	CommentsURL, ActionsURL string
	WriteURL                string // empty: may not
}

// remarks of a figure on a day; nil: there are none that the reader may read, and none may be written.
func (s *site) remarks(ctx context.Context, a *ask, stored map[plan.Level][]plan.Day, ind *plan.Indicator, u *plan.Unit, day plan.Day) (*remarks, error) {
	if s.desk == nil || !may(ctx, access.View, plan.UnitKey{}) {
		return nil, nil
	}
	l, _, err := s.reviewLog(ctx)
	if err != nil {
		return nil, err
	}
	r := &remarks{}
	comments, open := 0, 0
	for _, c := range l.Courses() { // the newest week first
		for _, x := range c.Comments {
			if x.Of(ind.Code, u.UnitKey) {
				if comments++; r.CommentsURL == "" {
					r.CommentsURL = fmt.Sprintf("/review/%s#c%d", review.WeekName(c.Week), x.Seq)
				}
			}
		}
		for _, x := range c.Actions {
			if x.Of(ind.Code, u.UnitKey) && x.Done == nil {
				open++
			}
		}
	}
	if comments > 0 {
		r.Comments = fmt.Sprintf("%d ý kiến", comments)
	}
	if open > 0 {
		r.Actions, r.ActionsURL = fmt.Sprintf("%d việc đang làm", open), "/actions?indicator="+url.QueryEscape(ind.Code)+"&unit="+url.QueryEscape(s.refOn(u, day))
	}
	if all := weeks(stored); len(all) > 0 && may(ctx, access.Comment, u.UnitKey) {
		week := newestWeek(all, min(day, a.lastWeek))
		if u.ValidOn(week) {
			r.WriteURL = fmt.Sprintf("/review/%s?indicator=%s&unit=%s#write", review.WeekName(week), url.QueryEscape(ind.Code), url.QueryEscape(s.refOn(u, week)))
		}
	}
	if *r == (remarks{}) {
		return nil, nil
	}
	return r, nil
}

// actionList is a table of actions.
type actionList struct {
	Who  *who
	Rows []actionRow
}

type actionRow struct {
	Seq, Week         string
	WeekURL           string
	Text              string
	Owner, OwnerURL   string
	Due               string
	Late              bool
	MayFinish         bool
	Figure, FigureURL string
	Post              string
	Done              string // when and by whom; empty: it is not
	DoneText          string
	Effect            *effect
	NoEffect          string // why none is measured
	action            *review.Action
}

// effect is the figure of an action in the week that it was agreed in and in the newest week, as stored.
type effect struct {
	Was, Now, Moved string
	Points          string // unit of a movement
	Fell            bool
	GapWas, GapNow  string
	From, To        words.StatusWord
	Same            bool // the status
	Newest          string
	was, now        *Assessment
}

// actionsIn puts actions in words, with what they moved.
func (s *site) actionsIn(ctx context.Context, a *ask, in *plan.Plan, stored map[plan.Level][]plan.Day, all []*review.Action) (*actionList, error) {
	list := &actionList{Who: whoAsks(ctx)}
	first := map[figureKey]plan.Day{}
	newest := plan.NoDay
	if days := weeks(stored); len(days) > 0 {
		newest = newestWeek(days, a.lastWeek)
	}
	for _, x := range all {
		if x.Unit == nil || x.Week >= newest {
			continue
		}
		k := figureKey{x.Indicator, *x.Unit}
		if d, ok := first[k]; !ok || x.Week < d {
			first[k] = x.Week
		}
	}
	results := make([][]Assessment, len(first))
	place := map[figureKey]int{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(6)
	for k, since := range first {
		i := len(place)
		place[k] = i
		g.Go(func() (err error) {
			results[i], err = s.Store.Assessments(gctx, Query{AsOf: newest, Since: since, KnownOn: plan.NoDay, Unit: &k.unit, Indicator: k.indicator, Brief: true})
			return
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, x := range all {
		r := actionRow{Seq: strconv.FormatUint(x.Seq, 10), Week: weekTitle(x.Week), WeekURL: "/review/" + review.WeekName(x.Week), Text: x.Text, Owner: x.Owner.String(), Due: words.Day(*x.Due),
			Late: x.Done == nil && *x.Due < a.today, Post: "/review/" + review.WeekName(x.Week) + "/done", action: x}
		if u := s.Plan.Units.Key(*x.Owner); u != nil {
			r.Owner, r.OwnerURL = u.Name, "/unit/"+s.refOn(u, x.Week)
		}
		r.Figure, r.FigureURL = s.figureLink(a, in, x.Step)
		r.MayFinish = s.desk != nil && x.Done == nil && may(ctx, access.Finish, *x.Owner)
		if x.Done != nil {
			r.Done, r.DoneText = fmt.Sprintf("Đã xong, %s ghi lúc %s", x.Done.By, words.Instant(x.Done.At)), x.Done.Text
		}
		switch {
		case x.Unit == nil:
			r.NoEffect = "không gắn với số liệu"
		case x.Week >= newest:
			r.NoEffect = "đo được sau một tuần"
		default:
			stored := results[place[figureKey{x.Indicator, *x.Unit}]]
			at := func(d plan.Day) *Assessment {
				if i := slices.IndexFunc(stored, func(y Assessment) bool { return y.AsOf == d }); i >= 0 {
					return &stored[i]
				}
				return nil
			}
			if r.Effect = effectOf(in, at(x.Week), at(newest)); r.Effect == nil {
				r.NoEffect = "không có kết quả của cả hai tuần"
			}
		}
		list.Rows = append(list.Rows, r)
	}
	return list, nil
}

// effectOf lays two stored results beside each other; nil where one is missing.
func effectOf(in *plan.Plan, was, now *Assessment) *effect {
	if was == nil || now == nil {
		return nil
	}
	ind := in.Indicator(now.Indicator)
	if ind == nil {
		return nil
	}
	e := &effect{Was: figure(ind, was.PathValue), Now: figure(ind, now.PathValue), GapWas: signed(ind, was.Gap), GapNow: signed(ind, now.Gap), From: words.Status(was.Status), To: words.Status(now.Status),
		Same: was.Status == now.Status, Points: points(ind), Newest: lowerFirst(weekTitle(now.AsOf)), was: was, now: now, Moved: words.Unknown}
	if d := (review.Pair{Now: now, Before: was}).Moved(); d != nil {
		e.Moved, e.Fell = weekly(ind, d), *d < 0
	}
	return e
}

// forWeek are the actions of a week, and those of earlier weeks that are not done, the earliest due first.
func forWeek(l *review.Log, week plan.Day) []*review.Action {
	var all []*review.Action
	for _, c := range l.Courses() {
		for _, x := range c.Actions {
			if c.Week == week || c.Week < week && x.Done == nil {
				all = append(all, x)
			}
		}
	}
	byDue(all)
	return all
}

// byDue puts what is open first, and of that what is due first; of what is done the newest.
func byDue(all []*review.Action) {
	slices.SortFunc(all, func(x, y *review.Action) int {
		switch {
		case x.Done == nil && y.Done != nil:
			return -1
		case x.Done != nil && y.Done == nil:
			return 1
		case x.Done != nil:
			return cmp.Compare(y.Done.Seq, x.Done.Seq)
		}
		return cmp.Or(cmp.Compare(*x.Due, *y.Due), cmp.Compare(x.Seq, y.Seq))
	})
}

// reviewed fills in what the weekly reviews have of a figure: remarks, and which of its outcomes are final (RULES section 4).
func (s *site) reviewed(ctx context.Context, b *indicatorBody, a *ask, stored map[plan.Level][]plan.Day, pl place, x *Assessment) (err error) {
	if s.desk == nil {
		return nil
	}
	if b.Remarks, err = s.remarks(ctx, a, stored, b.Indicator, pl.unit, pl.day); err != nil || x == nil || len(x.Outcomes) == 0 {
		return err
	}
	l, broken, err := s.reviewLog(ctx)
	if err != nil || broken {
		return err
	}
	for i, o := range x.Outcomes {
		f, err := s.official(ctx, l, a.until(), x, o)
		if err != nil {
			return err
		}
		v := &b.Outcomes[i]
		v.Provisional = f.provisional()
		if f.By == nil {
			continue
		}
		now := *v
		v.Status, v.Value, v.Why = words.Outcome(string(f.Outcome.Outcome)), "", words.Reason(f.Reason)
		if f.Value != nil {
			v.Value = figure(b.Indicator, f.Value)
		}
		v.Final, v.FinalURL = lowerFirst(weekTitle(f.By.Week)), "/review/"+review.WeekName(f.By.Week)
		if f.moved() {
			v.Since = strings.TrimSpace(lowerFirst(now.Status.Name) + " " + now.Value)
		}
	}
	return nil
}

// official is the verdict on a milestone as it counts: that of the signed review that made it final, else as it stands.
type official struct {
	Outcome
	By  *review.Course // nil: no signed review holds one
	Now Outcome        // as it stands
}

// provisional says whether there is a verdict that no signed review holds.
func (o official) provisional() bool { return o.By == nil && o.Now.Decided() }

// moved says whether the figures have become others since the verdict was final.
func (o official) moved() bool {
	return o.By != nil && (o.Outcome.Outcome != o.Now.Outcome || exact(o.Value) != exact(o.Now.Value))
}

// official finds what became of an outcome of a result, by the reviews that were signed before an instant; zero: all of them.
func (s *site) official(ctx context.Context, l *review.Log, by time.Time, x *Assessment, o Outcome) (official, error) {
	f, c, err := s.finalOutcome(ctx, l, by, x.Indicator, x.Unit, o.Milestone)
	if err != nil || f == nil {
		return official{Outcome: o, Now: o}, err
	}
	return official{Outcome: *f, By: c, Now: o}, nil
}

// milestoneLine is how a unit's targets came out at a milestone, and how many of the verdicts are final.
type milestoneLine struct {
	Milestone   string
	Counts      []count
	Finals      []finals
	Provisional int
	Codes       string // of the provisional ones, where they are few
}

// finals are the verdicts that a signed review made final.
type finals struct {
	N         int
	Week, URL string
	sunday    plan.Day
}

// namedProvisional is how many provisional verdicts are named.
const namedProvisional = 6

// milestoneLines sum up the verdicts on passed milestones of a unit's rows; none where no review is kept.
func (s *site) milestoneLines(ctx context.Context, a *ask, rows []row) ([]milestoneLine, error) {
	l, broken, err := s.reviewLog(ctx)
	if err != nil || broken || s.desk == nil {
		return nil, err
	}
	var out []milestoneLine
	for _, m := range s.Plan.Milestones {
		line, tally, codes := milestoneLine{Milestone: words.Day(m.Date)}, map[progress.Outcome]int{}, []string{}
		for _, r := range rows {
			if r.A == nil {
				continue
			}
			for _, o := range r.A.Outcomes {
				if o.Milestone != m.Date || o.Outcome == progress.OutcomeNone {
					continue
				}
				f, err := s.official(ctx, l, a.until(), r.A, o)
				if err != nil {
					return nil, err
				}
				tally[f.Outcome.Outcome]++
				switch {
				case f.provisional():
					codes = append(codes, r.Code)
				case f.By != nil:
					i := slices.IndexFunc(line.Finals, func(x finals) bool { return x.sunday == f.By.Week })
					if i < 0 {
						i = len(line.Finals)
						line.Finals = append(line.Finals, finals{Week: lowerFirst(weekTitle(f.By.Week)), URL: "/review/" + review.WeekName(f.By.Week), sunday: f.By.Week})
					}
					line.Finals[i].N++
				}
			}
		}
		for _, o := range words.Outcomes {
			if tally[o] > 0 {
				line.Counts = append(line.Counts, count{Status: words.Outcome(string(o)), N: tally[o]})
			}
		}
		if line.Provisional = len(codes); line.Provisional <= namedProvisional {
			line.Codes = strings.Join(codes, ", ")
		}
		if len(line.Counts) > 0 {
			out = append(out, line)
		}
	}
	return out, nil
}

// finalOutcome is the verdict on a milestone that a signed review holds, of the first one that holds any; nil: none does. Reviews
// that were signed later than by are passed over; the zero instant takes all.
func (s *site) finalOutcome(ctx context.Context, l *review.Log, by time.Time, indicator string, unit plan.UnitKey, milestone plan.Day) (*Outcome, *review.Course, error) {
	if s.desk == nil {
		return nil, nil, nil
	}
	all := l.Courses()
	slices.Reverse(all)
	looked := 0
	for _, c := range all {
		if c.State != review.Final || c.Week < milestone || !by.IsZero() && !c.Signed.At.Before(by) {
			continue
		}
		if looked++; looked > keptPacks { // pending lasts no longer than two of them
			break
		}
		k, err := s.desk.Pack(ctx, c.Pack)
		if err != nil {
			return nil, nil, err
		}
		if o := k.Outcome(indicator, unit, milestone); o != nil {
			return o, c, nil
		}
	}
	return nil, nil, nil
}

// notTaken says to a person why a step was not taken.
func notTaken(err error) error {
	switch {
	case errors.Is(err, review.ErrSelf):
		return &refusal{403, "Không ký duyệt bản mình trình", "Người trình và người ký duyệt phải là hai người. Đề nghị người phê duyệt khác ký.", nil}
	case errors.Is(err, review.ErrState):
		return &refusal{409, "Kỳ rà soát đã sang bước khác", "Trong lúc trang đang mở, kỳ rà soát đã được người khác chuyển sang bước khác hoặc lập lại. Chưa có gì được ghi; đề nghị mở lại trang và xem lại.", nil}
	case errors.Is(err, review.ErrContent):
		return badRequest("Nội dung chưa đủ", fmt.Sprintf("Cần ghi nội dung, không quá %d ký tự; ý kiến về một số cần cả chỉ tiêu và đơn vị; việc cần làm cần đơn vị được giao và thời hạn. Chưa có gì được ghi.", review.MostText))
	case errors.Is(err, ErrNoWeek):
		return notFound("Không có tuần này", "Kho số liệu không có kết quả nào của tuần này nên không lập được kỳ rà soát.")
	}
	return err
}
