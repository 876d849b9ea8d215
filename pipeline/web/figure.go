package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/contest"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// shownInputs is how many figures or records a page lists, tableInputs how many stand in its table for a spreadsheet.
const (
	shownInputs = 50
	tableInputs = 20_000
)

type figureBody struct {
	indicatorBody
	IndicatorURL             string
	Numerator, Denominator   string
	NumeratorOf              string // what is counted
	DenominatorOf            string
	Formula, Summing, Window string
	Children                 []row
	ChildLevel               string
	Lists                    []link
	Of                       string // the one unit that the list is limited to
	AllURL                   string
	Inputs                   []inputRow
	Records                  []recordRow
	Sums                     []sumRow
	Total                    string
	First, Last              int
	Earlier, Later           string // addresses of the neighbouring parts of the list
	Contest                  *contestPart
}

type inputRow struct {
	Measure, Unit, Dims, Period, Value, Evidence, Source, KnownAt, Rejected string
	Page, PageURL                                                           string
}

type recordRow struct {
	ID, Unit, Day, Amount, FetchedAt, Page, PageURL, Rejected string
}

type sumRow struct{ Measure, Source, Figures, Units, Sum string }

// formulas are the words for how a value comes from its two parts.
var formulas = map[plan.Kind]string{
	plan.Ratio:       "100 × tử số / mẫu số",
	plan.Reported:    "100 × tử số / mẫu số, do đơn vị báo cáo",
	plan.Reduction:   "100 × (số đầu kỳ - số hiện tại) / số đầu kỳ",
	plan.Conjunction: "100 × số dịch vụ có đủ các chức năng / số dịch vụ phải xét",
	plan.MinOver:     "nhỏ nhất của 100 × tử số / mẫu số từng ngành, lĩnh vực",
	plan.Score:       "điểm do nguồn công bố",
}

// summings are the words for whose figures are put together.
var summings = map[plan.Aggregate]string{
	plan.SumSelfAndDescendants: "cộng số của đơn vị và mọi đơn vị trực thuộc",
	plan.DistinctCatalogue:     "mỗi mã đếm một lần; đạt khi mọi cơ quan đang giải quyết mã đó đều đạt",
	plan.OwnLevelOnly:          "chỉ cộng số của các cơ quan thuộc cấp được xét",
	plan.SentOnly:              "cộng văn bản do đơn vị và các đơn vị trực thuộc gửi đi",
	plan.Agencies:              "đếm cơ quan: đơn vị và các đơn vị trực thuộc",
	plan.LocatedIn:             "cộng số của các cơ sở đặt trên địa bàn",
	plan.ManagedBy:             "cộng số của các cơ sở do đơn vị quản lý",
	plan.ReportedHere:          "số do chính đơn vị báo cáo",
	plan.MinAfterSumPerSector:  "số của từng ngành, lĩnh vực do chính đơn vị báo cáo",
}

func (s *site) figureURL(a *ask, code string, u *plan.Unit, pairs ...string) string {
	return a.url("/figure/"+url.PathEscape(code)+"/"+s.ref(a, u), pairs...)
}

// figure is what one figure is made of: its two parts, the formula, the units, the figures behind it with the pages that they
// came in, and the records where it is counted from records.
func (s *site) figure(ctx context.Context, a *ask) (*page, error) {
	in := s.known(a)
	ind := in.Indicator(a.value("code"))
	if ind == nil {
		return nil, notFound("Không có chỉ tiêu này", fmt.Sprintf("Kế hoạch không có chỉ tiêu mã “%s”. Danh sách chỉ tiêu có ở trang tổng quan.", a.value("code")))
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	pl, err := s.resolve(stored, a, a.value("unit"))
	if err != nil {
		return nil, err
	}
	from, to := progress.Window(ind, pl.day)
	q := InputQuery{Measures: measuresOf(ind), Sources: ind.Sources, From: from, To: to, KnownOn: a.knownOn, Most: shownInputs}
	if ind.Aggregate == plan.LocatedIn || ind.Aggregate == plan.ManagedBy {
		q.Kinds, q.Managed = ind.FacilityKinds, ind.Aggregate == plan.ManagedBy
	}
	for _, u := range progress.Reporters(ind, pl.unit) {
		if from != plan.NoDay || u.ValidOn(pl.day) { // what an ended unit stated of a stock counts no more
			q.Units = append(q.Units, u.UnitKey)
		}
	}
	asked := []string{"list", a.query.Get("list"), "of", a.query.Get("of"), "day", a.query.Get("day")}
	b := &figureBody{IndicatorURL: s.indicatorURL(a, ind.Code, pl.unit), AllURL: s.figureURL(a, ind.Code, pl.unit, "list", a.query.Get("list")) + "#inputs"}
	if ref := a.query.Get("of"); ref != "" {
		u, err := s.Plan.Units.Select(ref, pl.day)
		if err != nil || !slices.Contains(q.Units, u.UnitKey) {
			return nil, notFound("Đơn vị không góp vào số này", fmt.Sprintf("Đơn vị mã “%s” không thuộc các đơn vị tạo nên số của %s.", ref, pl.unit.Name), link{Text: "Xem " + ind.Code + " - " + pl.unit.Name, URL: s.figureURL(a, ind.Code, pl.unit)})
		}
		q.Units, b.Of = []plan.UnitKey{u.UnitKey}, u.Name
	}
	if text := a.query.Get("day"); text != "" {
		d, err := plan.ParseDay(text)
		if err != nil {
			return nil, badRequest("Ngày không đọc được", fmt.Sprintf("“%s” không phải là ngày: viết theo dạng năm-tháng-ngày.", text))
		}
		q.From, q.To = max(d, from), min(d, to)
		b.Of += ", ngày " + words.Day(d)
	}
	number := 1
	if text := a.query.Get("page"); text != "" {
		if number, err = strconv.Atoi(text); err != nil || number < 1 || number > 1_000_000 {
			return nil, badRequest("Số trang không đọc được", fmt.Sprintf("“%s” không phải là số trang: viết số từ 1.", text))
		}
	}
	q.Skip = (number - 1) * shownInputs
	if a.query.Get("format") == "csv" {
		q.Skip, q.Most = 0, tableInputs
	}
	records := a.query.Get("list")
	if records != "" && !slices.Contains(q.Measures, records) {
		return nil, notFound("Không có danh sách này", fmt.Sprintf("Chỉ tiêu %s không tính từ “%s”.", ind.Code, records), link{Text: "Xem " + ind.Code + " - " + pl.unit.Name, URL: s.figureURL(a, ind.Code, pl.unit)})
	}

	var own, below []Assessment
	var inputs []Input
	var sums []InputSum
	var counted []Record
	var total uint64
	var sources []Source
	var contests []contest.Contest
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		own, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Unit: &pl.unit.UnitKey, Indicator: ind.Code})
		return
	})
	var levels []plan.Level
	for _, u := range pl.unit.Children {
		if u.ValidOn(pl.day) && !slices.Contains(levels, u.Level) && in.Applies(ind, u).Counts() {
			levels = append(levels, u.Level)
		}
	}
	if len(levels) > 0 {
		g.Go(func() (err error) {
			below, err = s.Store.Assessments(gctx, Query{AsOf: pl.day, Since: plan.NoDay, KnownOn: a.knownOn, Levels: levels, Indicator: ind.Code})
			return
		})
	}
	g.Go(func() (err error) {
		if records == "" {
			inputs, sums, err = s.Store.Inputs(gctx, q)
			return
		}
		q := q
		q.Measures = []string{records}
		counted, total, err = s.Store.Records(gctx, q)
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
	a.sign(contests, pl.day, a.until())
	var x *Assessment
	if len(own) > 0 {
		x = &own[0]
	}
	b.Contest = s.contestPart(ctx, a, contests, ind, pl, x)
	b.indicatorBody = indicatorBody{Indicator: ind, Pillar: in.Pillar(ind.Pillar).Name, PillarURL: s.pillarURL(a, ind.Pillar, pl.unit), Unit: pl.unit, UnitURL: s.unitURL(a, pl.unit), Row: s.row(a, ind, pl.unit, x),
		Rhythm: rhythm(ind.Rhythm), YearSum: ind.Window == plan.YearToDate, Coverage: words.Unknown, Age: words.Unknown, Failing: words.Unknown}
	s.describe(&b.indicatorBody, in, a, pl, x)
	if err := s.reviewed(ctx, &b.indicatorBody, a, stored, pl, x); err != nil {
		return nil, err
	}
	b.Numerator, b.Denominator = words.Unknown, words.Unknown
	if x != nil && x.Numerator != nil {
		b.Numerator = words.Count(*x.Numerator)
	}
	if x != nil && x.Denominator != nil {
		b.Denominator = words.Count(*x.Denominator)
	}
	b.NumeratorOf, b.DenominatorOf = s.measureName(ind.Numerator), s.measureName(ind.Denominator)
	b.Formula, b.Summing = formulas[ind.Kind], summings[ind.Aggregate]
	b.Window = "số liệu mới nhất đến hết ngày " + words.Day(to)
	if from != plan.NoDay {
		b.Window = fmt.Sprintf("lũy kế từ %s đến hết ngày %s", words.Day(from), words.Day(to))
	}
	for i := range below {
		u := s.Plan.Units.Key(below[i].Unit)
		if u == nil || u.Parent != pl.unit {
			continue
		}
		r := s.row(a, ind, u, &below[i])
		r.Name, r.URL = u.Name, s.figureURL(a, ind.Code, u)
		b.Children = append(b.Children, r)
	}
	byName := words.ByName()
	slices.SortStableFunc(b.Children, func(x, y row) int { return byName(x.Name, y.Name) })

	for _, z := range sums {
		y := sumRow{Measure: s.measureName(z.Measure), Source: s.sourceName(z.Source), Figures: words.Count(int64(z.Figures)), Units: words.Count(int64(z.Units)), Sum: words.Unknown}
		if from != plan.NoDay { // figures of a stock are not always added up
			y.Sum = words.Count(z.Sum)
		}
		b.Sums = append(b.Sums, y)
		if records == "" {
			total += z.Figures
		}
	}
	b.Lists = []link{{Text: "Số liệu theo kỳ", Here: records == "", URL: s.figureURL(a, ind.Code, pl.unit, "of", a.query.Get("of")) + "#inputs"}}
	for _, m := range q.Measures {
		if records != "" || slices.ContainsFunc(sums, func(z InputSum) bool { return z.Measure == m && z.Counted }) {
			b.Lists = append(b.Lists, link{Text: "Bản ghi: " + s.measureName(m), Here: m == records, URL: s.figureURL(a, ind.Code, pl.unit, "list", m, "of", a.query.Get("of")) + "#inputs"})
		}
	}
	lines := [][]string{{"measure", "measure_name", "unit", "unit_name", "dims", "period_start", "period_end", "input_value", "source", "known_at", "run_id", "page", "position", "sha256"}}
	for _, z := range inputs {
		y := inputRow{Measure: s.measureName(z.Measure), Unit: s.nameOf(z.Unit, z.Name), Dims: z.Dims, Period: period(z.Start, z.End), Value: words.Count(z.Value), Evidence: z.Evidence,
			Source: s.sourceName(z.Source), KnownAt: words.Instant(z.KnownAt)}
		switch {
		case z.SHA256 != "":
			y.Page, y.PageURL, y.Rejected = pageName(z.Landed), payloadURL(a, z.Landed), refusedText(z.Rejected)
		case z.RunID == "":
			if u := s.Plan.Units.Key(z.Unit); u != nil {
				day := z.End.String()
				if z.Dims != "" { // a stock: what holds on the day was said on an earlier one
					day = ""
				}
				y.Page, y.PageURL = "các bản ghi", s.figureURL(a, ind.Code, pl.unit, "list", z.Measure, "of", s.refOn(u, pl.day), "day", day)+"#inputs"
			}
		}
		b.Inputs = append(b.Inputs, y)
		lines = append(lines, []string{z.Measure, y.Measure, z.Unit.Code, y.Unit, z.Dims, z.Start.String(), z.End.String(), strconv.FormatInt(z.Value, 10), z.Source, z.KnownAt.UTC().Format("2006-01-02T15:04:05Z"),
			z.RunID, strconv.Itoa(int(z.Page)), strconv.Itoa(int(z.Position)), z.SHA256})
	}
	if records != "" {
		lines = [][]string{{"record", "unit", "unit_name", "day", "input_value", "source", "fetched_at", "run_id", "page", "position", "sha256"}}
	}
	for _, z := range counted {
		y := recordRow{ID: z.ID, Unit: s.nameOf(z.Unit, ""), Day: words.Day(z.Day), Amount: words.Count(z.Amount), FetchedAt: words.Instant(z.FetchedAt), Page: pageName(z.Landed), PageURL: payloadURL(a, z.Landed), Rejected: refusedText(z.Rejected)}
		b.Records = append(b.Records, y)
		lines = append(lines, []string{z.ID, z.Unit.Code, y.Unit, z.Day.String(), strconv.FormatInt(z.Amount, 10), z.Source, z.FetchedAt.UTC().Format("2006-01-02T15:04:05Z"),
			z.RunID, strconv.Itoa(int(z.Landed.Page)), strconv.Itoa(int(z.Position)), z.SHA256})
	}
	b.Total = words.Count(int64(total))
	if n := len(b.Inputs) + len(b.Records); n > 0 {
		b.First, b.Last = q.Skip+1, q.Skip+n
	}
	part := func(n int) string {
		return s.figureURL(a, ind.Code, pl.unit, append(slices.Clone(asked), "page", strconv.Itoa(n))...) + "#inputs"
	}
	if number > 1 {
		b.Earlier = part(number - 1)
	}
	if uint64(b.Last) < total && b.Last > 0 {
		b.Later = part(number + 1)
	}

	p := s.newPage("figure", "Nguồn của số: "+ind.Code+" - "+pl.unit.Name)
	s.dated(p, a, "", pl, asked...)
	p.Crumbs = append(s.crumbs(a, pl.unit, false), link{Text: b.Pillar, URL: b.PillarURL}, link{Text: ind.Code, URL: b.IndicatorURL}, link{Text: "Nguồn của số", Here: true})
	p.Fresh, p.Body, p.Table = s.freshLine(a, sources), b, lines
	return p, nil
}

// measuresOf are the measures that an indicator's value is made of.
func measuresOf(ind *plan.Indicator) []string {
	var all []string
	for _, m := range []string{ind.Numerator, ind.Denominator, ind.Scope} {
		if m != "" && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// measureName is the measure in words with what is counted.
func (s *site) measureName(code string) string {
	m, ok := s.Plan.Measure(code)
	if !ok || m.Name == "" {
		return code
	}
	return m.Name
}

// nameOf is the name of a unit, or of an institution.
func (s *site) nameOf(k plan.UnitKey, institution string) string {
	if u := s.Plan.Units.Key(k); u != nil {
		return u.Name
	}
	if institution != "" {
		return institution
	}
	return k.Code
}

func period(start, end plan.Day) string {
	if start == end || start == plan.NoDay {
		return words.Day(end)
	}
	return words.Day(start) + " - " + words.Day(end)
}

func pageName(l Landed) string {
	return fmt.Sprintf("trang %d, lấy %s", l.Page, words.Instant(l.FetchedAt))
}

func refusedText(n uint32) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d bản ghi của trang bị loại", n)
}

func payloadURL(a *ask, l Landed) string {
	if l.SHA256 == "" {
		return ""
	}
	at := strconv.Itoa(int(l.Position))
	return a.url("/payload/"+url.PathEscape(l.Source)+"/"+l.SHA256, "at", at) + "#r" + at
}
