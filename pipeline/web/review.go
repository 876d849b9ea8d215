package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/access"
	"tiendo/pipeline/contest"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// listed is how many rows a list of the review shows; the table for a spreadsheet has them all.
const listed = 40

// listedLate is how many units of a late report are named: with every commune in every row the page would be too heavy.
const listedLate = 60

type reviewBody struct {
	Week, Span string
	Province   string
	Deadline   *deadline
	First      bool
	Compared   bool     // the statuses of the two weeks compare
	Turned     string   // milestone that judged the week before; empty: the same
	Known      bool     // there are results to speak of
	Say        []string // the week in sentences
	Statuses   []words.StatusWord
	Pillars    []splitRow
	Levels     []splitRow
	Changes    []changeList
	Movers     []changeList
	Points     string // unit of a movement
	Targets    bool
	Milestone  string
	Outlook    []outlookRow
	Ranks      []rankList
	Begun      []unitLink
	Ended      []unitLink
	Monday     string // day of the last review
	Restated   []restatedRow
	Untold     string
	More       int         // restated, not listed
	Contests   contestList // figures of the week and before, open or ended in the week
	Late       []lateRow
	LateOn     string // the day on which what is late was late
	LateTold   bool   // nothing is missing in the list
	AsOf       string
	KnownOn    string      // empty: the newest
	Course     *courseBody // nil: no review is kept
	KnownAt    string
	Plans      string
	Methods    string
}

// splitRow is a row of counts by status with the difference to the week before.
type splitRow struct {
	Name, URL string
	Total     string
	Whole     bool // the row that the others are part of
	Cells     []splitCell
}

type splitCell struct {
	Status words.StatusWord
	N      string
	Diff   string // +2, -1; empty: none, or nothing to compare with
	Class  string // up: for the better, down: for the worse
}

// changeList is a list of targets that changed in one way.
type changeList struct {
	ID, Title, Note, None string
	Sign                  words.StatusWord
	Rows                  []changeRow
	More                  int
	Plain                 bool // without the columns of the path
}

type changeRow struct {
	Code, Name, URL string
	Short           string
	Unit, UnitURL   string
	Was, Now, Moved string
	Fell            bool
	Expected, Gap   string
	Misses          bool
	From, To        words.StatusWord
	Weeks           string
	Contested       bool   // the unit objects to it, and that is not settled
	Said            string // where the newest comment on it is; empty: there is none
	indicator       string
	unit            plan.UnitKey
}

type outlookRow struct {
	Code, Name, URL string
	Value, Target   string
	Needed, Pace    string
	Short           bool
	Forecast        string
	Verdict         words.StatusWord
	Status          words.StatusWord
	Why             string
}

type rankList struct {
	Level string
	Rows  []rankRow
}

type rankRow struct {
	Name, URL              string
	Rank, Was              string
	Moved, Moving, MovedBy string
	Good                   string
	From, To               words.StatusWord
	Changed                bool
}

type restatedRow struct {
	changeRow
	Why string
}

type lateRow struct {
	Code, Name string // of the form, or of the indicator where there is none
	Feeds      []link // indicators
	N, New     int
	Units      []lateUnit
	More       int // not listed
}

type lateUnit struct {
	Name, URL, Since string
	New              bool
	Received         bool
}

// weeks are the stored weekly points, ascending.
func weeks(stored map[plan.Level][]plan.Day) []plan.Day {
	var all []plan.Day
	for _, days := range stored {
		for _, d := range days {
			if d == d.Sunday() {
				all = append(all, d)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// newestWeek is the last week that is over, else the first one stored. all is not empty.
func newestWeek(all []plan.Day, last plan.Day) plan.Day {
	i, found := slices.BinarySearch(all, last)
	if !found && i > 0 {
		i--
	}
	return all[i]
}

// spans says which weeks there are: 2022-W27 đến 2025-W26.
func spans(all []plan.Day) string {
	var out []string
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && all[j+1] == all[j]+7 {
			j++
		}
		s := review.WeekName(all[i])
		if j > i {
			s += " đến " + review.WeekName(all[j])
		}
		out = append(out, s)
		i = j + 1
	}
	return strings.Join(out, ", ")
}

// thisWeek leads to the page of the newest week, or of the week that holds the day asked for; where that one is not
// stored, of the week before it.
func (s *site) thisWeek(w http.ResponseWriter, r *http.Request) {
	to, err := func() (string, error) {
		a, err := s.ask(r)
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		stored, err := s.Store.Days(ctx)
		if err != nil {
			return "", err
		}
		all := weeks(stored)
		if len(all) == 0 {
			return "", nothingComputed()
		}
		last := a.lastWeek
		if a.asOf != plan.NoDay {
			last = (a.asOf + 6).Sunday()
		}
		week := newestWeek(all, last)
		return a.url("/review/"+review.WeekName(week), "as-of", "", "format", a.query.Get("format")), nil
	}()
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	http.Redirect(w, r, s.prefix+to, http.StatusFound)
}

// review is the page of one week beside the week before.
func (s *site) review(ctx context.Context, a *ask) (*page, error) {
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	all := weeks(stored)
	if len(all) == 0 {
		return nil, nothingComputed()
	}
	week, err := review.ParseWeek(a.value("week"))
	i, found := slices.BinarySearch(all, week)
	if err != nil || !found {
		return nil, s.noSuchWeek(a, all, week, err)
	}
	a.asOf = week // links lead to the same day
	var w review.Input
	var sources []Source
	var contests []contest.Contest
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		w, err = gather(gctx, s.Store, s.Plan, week, a.knownOn, true)
		return
	})
	g.Go(func() (err error) {
		sources, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() (err error) {
		contests, err = s.contests(gctx)
		return
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	in := s.known(a)
	by := a.until()
	live := review.Week(in, w)
	pack, kept := live, (*review.Kept)(nil)
	l, broken, err := s.reviewLog(ctx)
	if err != nil {
		return nil, err
	}
	if c := l.Course(week); c.Frozen() && a.knownOn == plan.NoDay {
		if kept, err = s.desk.Pack(ctx, c.Pack); err != nil {
			return nil, err
		}
		if in = s.Plan.At(plan.DayOf(kept.MadeAt)); unknownIn(in, &kept.Pack) != "" {
			return nil, &refusal{http.StatusConflict, "Gói số liệu của kế hoạch khác", fmt.Sprintf("Gói số liệu đã chốt có mã “%s” mà bản kế hoạch đang dùng không có. Gói vẫn còn nguyên: `tiendo review show %s --json`.", unknownIn(in, &kept.Pack), review.WeekName(week)), nil}
		}
		pack, w.ReviewedOn, by = kept.Pack, kept.ReviewedOn, kept.MadeAt
	}

	p := s.newPage("review", "Rà soát "+lowerFirst(weekTitle(week)))
	p.Nav = s.nav(a, "/review")
	p.Path = "/review"
	p.AsOf, p.AsOfISO, p.Week = words.Day(week), week.String(), words.Week(week)
	if a.knownOn != plan.NoDay {
		p.KnownOn, p.KnownOnISO = words.Day(a.knownOn), a.knownOn.String()
	}
	p.First, p.Last = (all[0] - 6).String(), all[len(all)-1].String()
	if i > 0 {
		p.Prev = weekURL(a, all[i-1])
	}
	if i+1 < len(all) {
		p.Next = weekURL(a, all[i+1])
	}
	p.Permalink, p.CSV = weekURL(a, week), weekURL(a, week, "format", "csv")
	open, ended := contest.Within(a.sign(contests, week, by), week-6, week)
	b := s.reviewBody(a, in, &pack)
	for _, c := range slices.Concat(open, ended) {
		b.Contests.Rows = append(b.Contests.Rows, s.contestRow(a, c))
	}
	b.Contests.Reasons = may(ctx, access.View, plan.UnitKey{})
	b.LateOn, b.LateTold = words.Day(w.ReviewedOn), pack.LateTold
	if s.desk != nil {
		c := s.course(ctx, a, in, l, week)
		if c.Broken = broken; kept != nil {
			p.Frozen = plan.DayOf(kept.MadeAt)
			c.MadeAt = words.Instant(kept.MadeAt)
			s.differences(c, a, in, &pack, &live)
		}
		if c.Who != nil {
			if c.Actions, err = s.actionsIn(ctx, a, in, stored, forWeek(l, week)); err != nil {
				return nil, err
			}
			b.remarked(l.Course(week))
		}
		b.Course = c
	}
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, reviewTable(in, &pack)
	return p, nil
}

func weekURL(a *ask, week plan.Day, pairs ...string) string {
	return a.url("/review/"+review.WeekName(week), append([]string{"as-of", ""}, pairs...)...)
}

// weekTitle is Tuần 26/2025.
func weekTitle(sunday plan.Day) string {
	y, w := sunday.Time().ISOWeek()
	return fmt.Sprintf("Tuần %d/%d", w, y)
}

// noSuchWeek says which weeks there are, and leads to those nearest to the one asked for and to the newest.
func (s *site) noSuchWeek(a *ask, all []plan.Day, week plan.Day, unread error) error {
	name := a.value("week")
	text := fmt.Sprintf("Không có kết quả nào được lưu cho tuần “%s”.", name)
	if unread != nil {
		text = fmt.Sprintf("“%s” không phải là một tuần của năm: viết theo dạng năm-Wtuần, ví dụ %s.", name, review.WeekName(all[len(all)-1]))
	}
	show := []plan.Day{newestWeek(all, a.lastWeek)}
	if unread == nil {
		i, _ := slices.BinarySearch(all, week)
		show = append(show, all[max(0, i-1)], all[min(i, len(all)-1)])
	}
	slices.Sort(show)
	var links []link
	for _, d := range slices.Compact(show) {
		links = append(links, link{Text: "Xem " + lowerFirst(words.Week(d)), URL: weekURL(a, d)})
	}
	return notFound("Không có tuần này", text+" Các tuần có kết quả: "+spans(all)+".", links...)
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// reviewBody puts a pack in words.
func (s *site) reviewBody(a *ask, in *plan.Plan, p *review.Pack) *reviewBody {
	b := &reviewBody{Week: lowerFirst(weekTitle(p.AsOf)), Span: fmt.Sprintf("từ %s đến %s", words.Day(p.AsOf-6), words.Day(p.AsOf)), First: p.First, Known: slices.ContainsFunc(p.Counts, func(c review.Counts) bool { return c.Now.Total() > 0 }),
		Points: "điểm %", Monday: words.Day(review.Monday(p.Before)), AsOf: words.Day(p.AsOf), KnownAt: words.Instant(p.KnownAt), Plans: strings.Join(p.PlanVersions, ", "), Methods: strings.Join(p.MethodVersions, ", ")}
	if u, err := s.Plan.Units.Select(s.Plan.Province, p.AsOf); err == nil {
		b.Province = u.Name
	}
	if a.knownOn != plan.NoDay {
		b.KnownOn = words.Day(a.knownOn)
	}
	b.Targets, b.Compared = targets(p), !p.First && !p.Turned
	if m, ok := in.NextMilestone(p.Before); ok && p.Turned {
		b.Turned = words.Day(m.Date)
	}
	if len(in.Indicators) > 0 && in.Indicators[0].Kind == plan.Score {
		b.Points = points(&in.Indicators[0])
	}
	if b.Targets && p.Milestone != plan.NoDay {
		b.Milestone, b.Deadline = words.Day(p.Milestone), s.deadline(p.AsOf)
	}
	s.splits(b, a, in, p)
	for _, k := range []struct {
		kind              review.Kind
		id, title, none   string
		sign              progress.Status
		worthEmptySection bool
	}{
		{review.NewlyBehind, "newly-behind", "Mới chậm tiến độ", "Không có chỉ tiêu nào mới chậm tiến độ trong tuần.", progress.Behind, true},
		{review.NewlyMet, "newly-met", "Mới đạt", "Không có chỉ tiêu nào mới đạt trong tuần.", progress.Met, true},
		{review.Recovered, "recovered", "Ra khỏi diện chậm", "Không có chỉ tiêu nào ra khỏi diện chậm trong tuần.", progress.OnTrack, true},
		{review.NoLongerMet, "no-longer-met", "Không còn đạt", "", progress.AtRisk, false},
		{review.Found, "found", "Có số liệu trở lại", "", progress.NoTarget, false},
		{review.Lost, "lost", "Số liệu thành cũ hoặc không còn", "", progress.Stale, false},
	} {
		l := changeList{ID: k.id, Title: k.title, None: k.none, Sign: words.Status(k.sign)}
		l.Rows, l.More = s.changeRows(a, in, p.Of(k.kind))
		if len(l.Rows) > 0 || k.worthEmptySection {
			b.Changes = append(b.Changes, l)
		}
	}
	for _, m := range []struct {
		id, title, none string
		pairs           []review.Pair
	}{{"up", "Tăng nhiều nhất", "Không có giá trị nào tăng trong tuần.", p.Up}, {"down", "Giảm nhiều nhất", "Không có giá trị nào giảm trong tuần.", p.Down}} {
		l := changeList{ID: m.id, Title: m.title, None: m.none, Plain: true}
		l.Rows, l.More = s.changeRows(a, in, m.pairs)
		b.Movers = append(b.Movers, l)
	}
	for _, x := range p.Outlook {
		b.Outlook = append(b.Outlook, s.outlookRow(a, in, x))
	}
	s.ranks(b, a, p)
	for _, u := range p.Begun {
		b.Begun = append(b.Begun, s.unitLink(a, u))
	}
	for _, u := range p.Ended {
		b.Ended = append(b.Ended, s.unitLink(a, u))
	}
	for _, x := range p.Restated {
		if len(b.Restated) == listed {
			b.More = len(p.Restated) - listed
			break
		}
		if r, ok := s.restatedRow(a, in, x); ok {
			b.Restated = append(b.Restated, r)
		}
	}
	if p.Untold > 0 {
		b.Untold = words.Count(int64(p.Untold))
	}
	for _, x := range p.Late {
		b.Late = append(b.Late, s.lateRow(a, in, x))
	}
	b.Say = s.say(in, p)
	return b
}

// remarked leads from the rows of the lists to what was said of their figures.
func (b *reviewBody) remarked(c *review.Course) {
	mark := func(r *changeRow) {
		for _, x := range c.Comments {
			if x.Of(r.indicator, r.unit) {
				r.Said = fmt.Sprintf("#c%d", x.Seq)
			}
		}
	}
	for _, lists := range [][]changeList{b.Changes, b.Movers} {
		for _, l := range lists {
			for i := range l.Rows {
				mark(&l.Rows[i])
			}
		}
	}
	for i := range b.Restated {
		mark(&b.Restated[i].changeRow)
	}
}

// statusColumns are the statuses that a table of counts shows.
func statusColumns(all []review.Counts) []progress.Status {
	for _, c := range all {
		if c.Now[progress.NoTarget]+c.Before[progress.NoTarget] > 0 {
			return append(slices.Clone(statuses), progress.NoTarget)
		}
	}
	return statuses
}

func (s *site) splits(b *reviewBody, a *ask, in *plan.Plan, p *review.Pack) {
	columns := statusColumns(p.Counts)
	for _, st := range columns {
		b.Statuses = append(b.Statuses, words.Status(st))
	}
	split := func(name, url string, now, before review.Split, compared bool) splitRow {
		r := splitRow{Name: name, URL: url, Total: words.Count(int64(now.Total()))}
		for _, st := range columns {
			c := splitCell{Status: words.Status(st), N: words.Count(int64(now[st]))}
			if now.Total() == 0 { // nothing is stored of the week: that is not none
				c.N, r.Total = words.Unknown, words.Unknown
			}
			if d := now[st] - before[st]; compared && d != 0 {
				c.Diff = fmt.Sprintf("%+d", d)
				if good := st == progress.Met || st == progress.OnTrack; good == (d > 0) {
					c.Class = "up"
				} else {
					c.Class = "down"
				}
			}
			r.Cells = append(r.Cells, c)
		}
		return r
	}
	top := s.topLevel(p.AsOf)
	for _, c := range p.Counts {
		compared := !p.First && !p.Turned && c.Before.Total() > 0 && c.Now.Total() > 0 // units that ended or were never stored are no movement
		if c.Level == top {
			whole := split("Toàn bộ", "", c.Now, c.Before, compared)
			whole.Whole = true
			b.Pillars = append(b.Pillars, whole)
			for _, x := range c.Pillars {
				b.Pillars = append(b.Pillars, split(in.Pillar(x.Pillar).Name, a.url("/")+"#"+x.Pillar, x.Now, x.Before, compared))
			}
			continue
		}
		url := a.url("/heat", "level", string(c.Level))
		if c.Now.Total() == 0 {
			url = ""
		}
		b.Levels = append(b.Levels, split(s.Plan.LevelInfo(c.Level).Name, url, c.Now, c.Before, compared))
	}
}

// topLevel is the level of the unit on top of the plan.
func (s *site) topLevel(d plan.Day) plan.Level {
	if u, err := s.Plan.Units.Select(s.Plan.Province, d); err == nil {
		return u.Level
	}
	return ""
}

func (s *site) unitLink(a *ask, k plan.UnitKey) unitLink {
	u := s.Plan.Units.Key(k)
	if u == nil {
		return unitLink{Name: k.String()}
	}
	x := unitLink{Name: u.Name}
	if u.ValidOn(a.asOf) {
		x.URL = s.unitURL(a, u)
	} else { // in its own time, not on this page's day
		x.URL = "/unit/" + s.ref(&ask{asOf: plan.NoDay, today: a.today}, u)
	}
	return x
}

func (s *site) changeRow(a *ask, in *plan.Plan, now, before *Assessment) (changeRow, bool) {
	x := now
	if x == nil {
		x = before
	}
	ind, u := in.Indicator(x.Indicator), s.Plan.Units.Key(x.Unit)
	if ind == nil || u == nil {
		return changeRow{}, false
	}
	r := changeRow{indicator: ind.Code, unit: u.UnitKey, Code: ind.Code, Name: ind.Name, Short: ind.Short, URL: s.indicatorURL(a, ind.Code, u), Unit: u.Name, UnitURL: s.unitURL(a, u), Contested: a.objected(ind.Code, u.UnitKey), Was: words.Unknown, Now: words.Unknown, Moved: words.Unknown,
		Expected: words.Unknown, Gap: words.Unknown, From: words.Status(progress.NoData), To: words.Status(progress.NoData)}
	if before != nil {
		r.Was, r.From = figure(ind, before.PathValue), words.Status(before.Status)
	}
	if now != nil {
		r.Now, r.To, r.Expected, r.Gap, r.Weeks = figure(ind, now.PathValue), words.Status(now.Status), figure(ind, now.Expected), signed(ind, now.Gap), weeksText(now.WeeksBehind)
		r.Misses = now.Gap != nil && *now.Gap < 0
	}
	if d := (review.Pair{Now: now, Before: before}).Moved(); d != nil {
		r.Moved, r.Fell = signed(ind, d), *d < 0
	}
	return r, true
}

func (s *site) changeRows(a *ask, in *plan.Plan, pairs []review.Pair) (rows []changeRow, more int) {
	for _, x := range pairs {
		if len(rows) == listed {
			return rows, len(pairs) - listed
		}
		if r, ok := s.changeRow(a, in, x.Now, x.Before); ok {
			rows = append(rows, r)
		}
	}
	return rows, 0
}

func (s *site) outlookRow(a *ask, in *plan.Plan, x review.Outlook) outlookRow {
	ind, u := in.Indicator(x.Indicator), s.Plan.Units.Key(x.Unit)
	r := outlookRow{Code: ind.Code, Name: ind.Name, URL: s.indicatorURL(a, ind.Code, u), Value: figure(ind, x.Now.PathValue), Target: threshold(ind, x.Now.Comparator, x.Now.Target),
		Needed: weekly(ind, x.Now.NeededPerWeek), Pace: weekly(ind, x.Now.PacePerWeek), Short: x.Short != nil && *x.Short, Forecast: figure(ind, x.Now.Forecast), Status: words.Status(x.Now.Status)}
	switch {
	case x.Meets == nil:
		r.Verdict = words.StatusWord{Name: "Chưa dự báo được", Sign: words.Unknown, Class: "no-data"}
	case *x.Meets:
		r.Verdict = words.StatusWord{Name: "Sẽ đạt", Sign: "✔", Class: "on-track"}
	default:
		r.Verdict = words.StatusWord{Name: "Sẽ không đạt", Sign: "✖", Class: "behind"}
	}
	if hasReason(x.Now, progress.ReasonUnreachable) {
		r.Why = words.Reason(progress.ReasonUnreachable)
	}
	return r
}

func (s *site) ranks(b *reviewBody, a *ask, p *review.Pack) {
	for _, m := range p.Movements {
		u := s.Plan.Units.Key(m.Unit)
		r := rankRow{Name: u.Name, URL: s.unitURL(a, u), Rank: words.Unknown, Was: words.Unknown, Good: words.Unknown, To: words.Status(m.Now.Overall)}
		if m.Now.Rank > 0 {
			r.Rank, r.Good = strconv.Itoa(m.Now.Rank), good(m.Now)
		}
		if m.Before != nil {
			if m.Before.Rank > 0 {
				r.Was = strconv.Itoa(m.Before.Rank)
			}
			r.From, r.Changed = words.Status(m.Before.Overall), m.Before.Overall != m.Now.Overall
		}
		if m.Up != nil {
			r.Moved, r.Moving, r.MovedBy = moved(*m.Up)
		}
		if n := len(b.Ranks); n == 0 || b.Ranks[n-1].Level != s.Plan.LevelInfo(m.Level).Name {
			b.Ranks = append(b.Ranks, rankList{Level: s.Plan.LevelInfo(m.Level).Name})
		}
		l := &b.Ranks[len(b.Ranks)-1]
		l.Rows = append(l.Rows, r)
	}
	b.Ranks = slices.DeleteFunc(b.Ranks, func(l rankList) bool { return len(l.Rows) < 2 || l.Rows[0].Rank == words.Unknown })
}

// good is how many of a unit's targets go well: 12/20.
func good(x *Standing) string {
	return fmt.Sprintf("%d/%d", x.Counts[progress.Met]+x.Counts[progress.OnTrack], x.Applicable)
}

// moved puts places gained in words: sign, class, sentence.
func moved(up int) (sign, class, text string) {
	switch {
	case up > 0:
		return fmt.Sprintf("↑%d", up), "up", fmt.Sprintf("tăng %d bậc so với tuần trước", up)
	case up < 0:
		return fmt.Sprintf("↓%d", -up), "down", fmt.Sprintf("giảm %d bậc so với tuần trước", -up)
	}
	return "=", "same", "giữ nguyên so với tuần trước"
}

func (s *site) restatedRow(a *ask, in *plan.Plan, x review.Restated) (restatedRow, bool) {
	row, ok := s.changeRow(a, in, x.Now, x.Was)
	r := restatedRow{changeRow: row}
	switch {
	case x.Rules:
		r.Why = "quy định hoặc phương pháp tính thay đổi"
	case x.Supplied:
		r.Why = "báo cáo bổ sung sau rà soát"
	case x.Was.Status != x.Now.Status:
		r.Why = "số liệu báo lại, trạng thái thay đổi"
	default:
		r.Why = "số liệu báo lại"
	}
	return r, ok
}

func (s *site) lateRow(a *ask, in *plan.Plan, x review.Late) lateRow {
	r := lateRow{Code: x.Form, N: len(x.Units), New: x.New}
	for _, code := range x.Indicators {
		ind := in.Indicator(code)
		r.Feeds = append(r.Feeds, link{Text: code, Title: ind.Name, URL: a.url("/indicator/" + code)})
		if r.Name == "" {
			r.Name = ind.Name
		}
	}
	if f := in.Form(x.Form); f != nil {
		r.Name = f.Title
	}
	for _, l := range x.Units {
		if len(r.Units) == listedLate {
			r.More = len(x.Units) - listedLate
			break
		}
		u := s.Plan.Units.Key(l.Unit)
		v := lateUnit{Name: u.Name, URL: s.unitLink(a, l.Unit).URL, Since: "từ " + words.Day(l.Since), New: l.New, Received: l.Received}
		if n := len(l.Facilities); n > 0 {
			v.Since = fmt.Sprintf("%d cơ sở, %s", n, v.Since)
		}
		if n := len(l.Periods); n > 1 {
			v.Since += fmt.Sprintf(", %d kỳ", n)
		}
		r.Units = append(r.Units, v)
	}
	return r
}

var reviewColumns = []string{"level", "unit", "unit_valid_from", "unit_name", "pillar", "indicator", "indicator_name", "as_of", "change", "status_before", "status", "status_vi", "value_before", "value",
	"path_value_before", "path_value", "moved", "comparator", "target", "milestone", "expected", "gap", "needed_per_week", "pace_per_week", "forecast", "weeks_behind", "reason",
	"reviewed_status", "reviewed_path_value", "plan_version", "method_version"}

// reviewTable has a line for every target of the watched levels. reviewed_ is the week before as its own review knew it,
// where that was something else.
func reviewTable(in *plan.Plan, p *review.Pack) [][]string {
	type key struct {
		indicator string
		unit      plan.UnitKey
	}
	then := map[key]*Assessment{}
	for _, r := range p.Restated {
		then[key{r.Now.Indicator, r.Now.Unit}] = r.Was
	}
	out := [][]string{reviewColumns}
	for _, x := range p.Pairs {
		ind, u := in.Indicator(x.Indicator), in.Units.Key(x.Unit)
		empty := Assessment{Milestone: plan.NoDay}
		now, before, was := &empty, &empty, &empty
		if x.Now != nil {
			now = x.Now
		}
		if x.Before != nil {
			before = x.Before
		}
		if r := then[key{x.Indicator, x.Unit}]; r != nil {
			was = r
		}
		status, weeks := "", ""
		if x.Now != nil {
			status, weeks = words.Status(now.Status).Name, strconv.Itoa(now.WeeksBehind)
		}
		out = append(out, []string{string(x.Level), u.Code, u.From.String(), u.Name, ind.Pillar, ind.Code, ind.Name, p.AsOf.String(), string(x.Kind()), string(before.Status), string(now.Status), status,
			exact(before.Value), exact(now.Value), exact(before.PathValue), exact(now.PathValue), exact(x.Moved()), string(now.Comparator), exact(now.Target), now.Milestone.String(), exact(now.Expected), exact(now.Gap),
			exact(now.NeededPerWeek), exact(now.PacePerWeek), exact(now.Forecast), weeks, now.Reason, string(was.Status), exact(was.PathValue), now.PlanVersion, now.MethodVersion})
	}
	return out
}
