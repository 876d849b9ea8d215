package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// listedRestatements is how many lines a part of a list of restatements has; its table for a spreadsheet has up to
// tableInputs.
const listedRestatements = 50

// lookBacks are how far back the list of restated figures may look, in days; 0: to the beginning.
var lookBacks = []struct {
	Days int
	Text string
}{{91, "13 tuần qua"}, {365, "12 tháng qua"}, {0, "Từ đầu kế hoạch"}}

type restatementsBody struct {
	Tabs           []link
	Views          []link
	Picks          []choice
	Kept           [][2]string
	All            string
	Unit           string
	Results        bool // the list of results, not of stated figures
	Rows           []restatementLine
	Moved          []movedLine
	Total          string
	First, Last    int
	Earlier, Later string
	Newest         string // the newest of the 13 weeks of results
}

// restatementLine is a restated figure with what it moved in its own unit.
type restatementLine struct {
	Restatement
	Name, UnitName, UnitURL, Source, Day, KnownAt string
	WasText, NowText                              string
	Moved                                         *movedLine
	More                                          string // address of all results of the unit that changed
}

type movedLine struct {
	Moved
	Name, URL, UnitName, UnitURL, Day string
	WasText, NowText                  string
	From, To                          words.StatusWord
	CauseText, Known                  string
}

var causes = map[string]string{"restated": "nguồn báo lại số liệu", "late_input": "số liệu kỳ mới đến muộn", "rules": "kế hoạch hoặc cách tính thay đổi"}

// causeOrder is the order of the causes in a choice.
var causeOrder = []string{"restated", "late_input", "rules"}

// restatementQuery is what an address asks of the restatements.
type restatementQuery struct {
	source, unit, indicator, cause string
	days                           int
	units                          []plan.UnitKey
	measures, indicators           []string
	part                           int
}

func (s *site) restatementQuery(a *ask) (q restatementQuery, err error) {
	q = restatementQuery{source: a.query.Get("source"), unit: a.query.Get("unit"), indicator: a.query.Get("indicator"), cause: a.query.Get("cause")}
	again := link{Text: "Xem mọi điều chỉnh", URL: "/restatements"}
	if q.source != "" && !slices.ContainsFunc(s.Plan.Sources, func(f plan.SourceFile) bool { return f.Name == q.source }) {
		return q, notFound("Không có nguồn này", fmt.Sprintf("Kế hoạch không có nguồn số liệu mã “%s”.", q.source), again)
	}
	if q.cause != "" && causes[q.cause] == "" {
		return q, notFound("Không có nguyên nhân này", fmt.Sprintf("Thay đổi của kết quả không có nguyên nhân mã “%s”.", q.cause), again)
	}
	if q.unit != "" {
		u, err := s.Plan.Units.Select(q.unit, a.today)
		if err != nil {
			return q, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s”.", q.unit), again)
		}
		q.units = []plan.UnitKey{u.UnitKey}
	}
	if q.indicator != "" {
		ind := s.Plan.Indicator(q.indicator)
		if ind == nil {
			return q, notFound("Không có chỉ tiêu này", fmt.Sprintf("Kế hoạch không có chỉ tiêu mã “%s”.", q.indicator), again)
		}
		q.indicators, q.measures = []string{ind.Code}, measuresOf(ind)
	}
	if q.days, err = strconv.Atoi(cmp.Or(a.query.Get("days"), strconv.Itoa(lookBacks[0].Days))); err != nil || q.days < 0 || q.days > 10_000 {
		return q, badRequest("Khoảng thời gian không đọc được", "Số ngày là một số nguyên từ 0.", again)
	}
	if q.part, err = strconv.Atoi(cmp.Or(a.query.Get("part"), "1")); err != nil || q.part < 1 || q.part > 1_000_000 {
		return q, badRequest("Số phần không đọc được", fmt.Sprintf("“%s” không phải là số: viết số từ 1.", a.query.Get("part")), again)
	}
	return q, nil
}

// restatements is the page of figures that a source stated again, and of the results that changed.
func (s *site) restatements(ctx context.Context, a *ask) (*page, error) {
	if s.Upkeep == nil {
		return nil, notFound("Không có trang này", "Kho số liệu này không cho xem điều chỉnh.")
	}
	q, err := s.restatementQuery(a)
	if err != nil {
		return nil, err
	}
	now := &ask{asOf: plan.NoDay, knownOn: plan.NoDay, today: a.today, lastWeek: a.lastWeek}
	view := a.query.Get("view")
	if view != "" && view != "results" {
		return nil, notFound("Không có danh sách này", "Trang có hai danh sách: số liệu được báo lại và kết quả thay đổi.", link{Text: "Xem mọi điều chỉnh", URL: "/restatements"})
	}
	b := &restatementsBody{Tabs: s.careTabs(ctx, a, "/restatements"), Results: view == "results", Newest: words.Day(a.lastWeek)}
	chosen := []string{"source", q.source, "unit", q.unit, "indicator", q.indicator, "cause", q.cause, "days", a.query.Get("days")}
	at := func(more ...string) string { return now.url("/restatements", append(slices.Clone(chosen), more...)...) }
	b.Views = []link{{Text: "Số liệu được báo lại", URL: at(), Here: !b.Results}, {Text: "Kết quả thay đổi", URL: at("view", "results"), Here: b.Results}}
	b.Picks = s.restatementPicks(q, b.Results)
	for _, k := range [][2]string{{"view", view}, {"unit", q.unit}} {
		if k[1] != "" {
			b.Kept = append(b.Kept, k)
		}
	}
	if q.unit+q.source+q.indicator+q.cause+a.query.Get("days") != "" {
		b.All = now.url("/restatements", "view", view)
	}
	if len(q.units) > 0 {
		b.Unit = s.Plan.Units.Key(q.units[0]).Name
	}
	p := s.newPage("restatements", "Điều chỉnh số liệu")
	p.Nav, p.Path, p.CSV, p.Body = s.nav(now, "/freshness"), a.path, at("view", view, "format", "csv"), b
	total := 0
	if b.Results {
		total, err = s.movedPart(ctx, now, q, b, p)
	} else {
		total, err = s.restatedPart(ctx, a, now, q, b, p)
	}
	if err != nil {
		return nil, err
	}
	from := (q.part - 1) * listedRestatements
	if from > 0 && from >= total {
		return nil, notFound("Không có phần này của danh sách", fmt.Sprintf("Danh sách có %d dòng, mỗi phần %d dòng.", total, listedRestatements), link{Text: "Phần đầu", URL: at("view", view)})
	}
	b.Total, b.First, b.Last = words.Count(int64(total)), from+1, min(from+listedRestatements, total)
	if q.part > 1 {
		b.Earlier = at("view", view, "part", strconv.Itoa(q.part-1))
	}
	if b.Last < total {
		b.Later = at("view", view, "part", strconv.Itoa(q.part+1))
	}
	return p, nil
}

func (s *site) restatedPart(ctx context.Context, a, now *ask, q restatementQuery, b *restatementsBody, p *page) (int, error) {
	ask := RestatementQuery{Source: q.source, Measures: q.measures, Units: q.units, Skip: (q.part - 1) * listedRestatements, Most: listedRestatements}
	if q.days > 0 {
		ask.Since = (a.today - plan.Day(q.days)).Start()
	}
	if a.query.Get("format") != "" {
		ask.Skip, ask.Most = 0, tableInputs
	}
	all, total, err := s.Upkeep.RestatementList(ctx, ask)
	if err != nil {
		return 0, err
	}
	p.Table = [][]string{{"source", "measure", "measure_name", "dims", "unit", "unit_valid_from", "unit_name", "period_end", "was", "now", "known_at"}}
	var keys []plan.UnitKey
	for _, x := range all {
		l := restatementLine{Restatement: x, Name: s.measureName(x.Measure), UnitName: s.nameOf(x.Unit, ""), Source: s.sourceName(x.Source), Day: words.Day(x.Day), KnownAt: words.Instant(x.KnownAt), WasText: words.Count(x.Was), NowText: words.Count(x.Now)}
		if u := s.Plan.Units.Key(x.Unit); u != nil {
			if l.UnitURL = s.unitURL(now, u); !slices.Contains(keys, x.Unit) {
				keys = append(keys, x.Unit)
			}
		}
		b.Rows = append(b.Rows, l)
		p.Table = append(p.Table, []string{x.Source, x.Measure, l.Name, x.Dims, x.Unit.Code, x.Unit.From.String(), l.UnitName, x.Day.String(), strconv.FormatInt(x.Was, 10), strconv.FormatInt(x.Now, 10), instantISO(x.KnownAt)})
	}
	if a.query.Get("format") != "" || len(keys) == 0 {
		return int(total), nil
	}
	moved, err := s.Upkeep.Moved(ctx, MovedQuery{AsOf: a.lastWeek, Units: keys, Indicators: q.indicators})
	if err != nil {
		return 0, err
	}
	for i := range b.Rows {
		l := &b.Rows[i]
		for _, m := range moved {
			ind := s.Plan.Indicator(m.Indicator)
			// The first judgement did not know the new figure, the present one does.
			if m.Unit != l.Unit || m.Cause != "restated" || ind == nil || !slices.Contains(measuresOf(ind), l.Measure) || m.AsOf < l.Restatement.Day || !m.FirstKnown.Before(l.Restatement.KnownAt) || m.KnownAt.Before(l.Restatement.KnownAt) {
				continue
			}
			x := s.movedLine(now, m)
			l.Moved, l.More = &x, now.url("/restatements", "view", "results", "unit", s.ref(now, s.Plan.Units.Key(m.Unit)), "indicator", m.Indicator)
			break
		}
	}
	return int(total), nil
}

func (s *site) movedPart(ctx context.Context, now *ask, q restatementQuery, b *restatementsBody, p *page) (int, error) {
	ask := MovedQuery{AsOf: now.lastWeek, Indicators: q.indicators, Units: q.units}
	all, err := s.Upkeep.Moved(ctx, ask)
	if err != nil {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(m Moved) bool {
		ind := s.Plan.Indicator(m.Indicator)
		return q.cause != "" && m.Cause != q.cause || q.source != "" && (ind == nil || !slices.Contains(ind.Sources, q.source))
	})
	p.Table = [][]string{{"indicator", "indicator_name", "level", "unit", "unit_valid_from", "unit_name", "as_of", "was_value", "now_value", "was_path_value", "now_path_value", "was_status", "now_status", "cause", "first_known_at", "known_at"}}
	for i, m := range all {
		l := s.movedLine(now, m)
		if i >= (q.part-1)*listedRestatements && i < q.part*listedRestatements {
			b.Moved = append(b.Moved, l)
		}
		p.Table = append(p.Table, []string{m.Indicator, l.Name, string(m.Level), m.Unit.Code, m.Unit.From.String(), l.UnitName, m.AsOf.String(), exact(m.Was), exact(m.Now), exact(m.WasPath), exact(m.NowPath), string(m.WasStatus), string(m.Status), m.Cause,
			instantISO(m.FirstKnown), instantISO(m.KnownAt)})
	}
	return len(all), nil
}

func (s *site) movedLine(now *ask, m Moved) movedLine {
	l := movedLine{Moved: m, Name: m.Indicator, UnitName: s.nameOf(m.Unit, ""), Day: words.Day(m.AsOf), WasText: words.Value(m.Was), NowText: words.Value(m.Now), From: words.Status(m.WasStatus), To: words.Status(m.Status), CauseText: causes[m.Cause], Known: words.Instant(m.KnownAt)}
	ind, u := s.Plan.Indicator(m.Indicator), s.Plan.Units.Key(m.Unit)
	if ind != nil {
		l.Name, l.WasText, l.NowText = ind.Name, figure(ind, m.Was), figure(ind, m.Now)
	}
	if ind != nil && u != nil {
		then := &ask{asOf: m.AsOf, knownOn: plan.NoDay, today: now.today}
		l.URL, l.UnitURL = s.figureURL(then, ind.Code, u), s.unitURL(then, u)
	}
	return l
}

// restatementPicks are the choices above the lists.
func (s *site) restatementPicks(q restatementQuery, results bool) []choice {
	sources := choice{Name: "source", Label: "Nguồn", Any: "Mọi nguồn"}
	for _, f := range s.Plan.Sources {
		sources.Options = append(sources.Options, option{f.Name, s.sourceName(f.Name), f.Name == q.source})
	}
	indicators := choice{Name: "indicator", Label: "Chỉ tiêu", Any: "Mọi chỉ tiêu"}
	for _, ind := range s.Plan.Indicators {
		indicators.Options = append(indicators.Options, option{ind.Code, ind.Code + " " + ind.Name, ind.Code == q.indicator})
	}
	if results {
		why := choice{Name: "cause", Label: "Nguyên nhân", Any: "Mọi nguyên nhân"}
		for _, c := range causeOrder {
			why.Options = append(why.Options, option{c, capital(causes[c]), c == q.cause})
		}
		return []choice{sources, indicators, why}
	}
	span := choice{Name: "days", Label: "Biết từ"}
	for _, x := range lookBacks {
		span.Options = append(span.Options, option{strconv.Itoa(x.Days), x.Text, x.Days == q.days})
	}
	return []choice{sources, indicators, span}
}
