package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// listedRejects is how many refused records a part of the list has.
const listedRejects = 50

// mendedInPlan are the rules under which a record is refused that the plan's lists do not know. When they know it, it can be
// tried again from what was landed; everything else is mended where it was sent from.
var mendedInPlan = []string{"unknown_unit", "ambiguous_name", "unknown_code", "unknown_member", "unknown_indicator", "unknown_form", "level_not_allowed"}

// MendedInPlan says whether records refused by the rule can be mended by an entry in the plan's lists.
func MendedInPlan(rule string) bool { return slices.Contains(mendedInPlan, rule) }

type rejectsBody struct {
	Tabs           []link
	Counts         []rejectCount
	Open, Settled  string
	Picks          []choice
	All            string
	Rows           []rejectedRow
	Total          string
	First, Last    int
	Earlier, Later string
	Tell           string // whom to tell what, of the rule chosen
	Redrive        bool   // the one who reads may try a source's records again
	Done           string // how the last try went
}

// rejectCount is how many records of a source a rule refused.
type rejectCount struct {
	Source, SourceURL, Rule, Name, URL string
	ID                                 string // of the source
	Open, Settled, Example, Last       string
	InPlan                             bool
	None                               bool // nothing of it is missing any more
	Where                              string
}

type rejectedRow struct {
	Source, Name, Key, Field, Reason, At string
	PageURL, Page                        string
	State                                words.StatusWord
}

var rejectStates = map[string]words.StatusWord{
	"":         {Name: "Còn thiếu", Short: "Còn thiếu", Sign: "▲", Class: "at-risk"},
	"redriven": {Name: "Đã nạp lại", Short: "Đã nạp lại", Sign: "✔", Class: "met"},
	"later":    {Name: "Nguồn đã gửi đúng", Short: "Đã gửi đúng", Sign: "✔", Class: "met"},
}

// whereMended says who mends what a rule refused in a source.
func (s *site) whereMended(source, rule string) string {
	info := s.sources[source]
	switch {
	case MendedInPlan(rule) && info.Path == "":
		return "Bổ sung đơn vị, mã vào danh mục của kế hoạch rồi nạp lại; nếu mã sai thì sửa ở hệ thống nguồn"
	case MendedInPlan(rule):
		return "Bổ sung vào danh mục của kế hoạch rồi nạp lại; nếu ghi sai thì đơn vị sửa và nộp lại tệp"
	case info.Path != "":
		return "Đơn vị nộp biểu sửa ô được nêu và nộp lại"
	}
	return "Cơ quan quản lý hệ thống nguồn sửa bản ghi; lần lấy sau sẽ nhận"
}

// tell is what to ask of whom, for a rule of a source.
func (s *site) tell(source string, c RejectCount) string {
	name := s.sourceName(source)
	switch {
	case MendedInPlan(c.Rule):
		return fmt.Sprintf("Kiểm tra danh mục của kế hoạch: nếu đơn vị hoặc mã là đúng, bổ sung rồi bấm “Nạp lại”; các trang đã lấy được đọc lại, không phải gửi lại số liệu. Nếu là ghi nhầm, đề nghị nơi gửi “%s” sửa.", name)
	case s.sources[source].Path != "":
		return fmt.Sprintf("Đề nghị đơn vị nộp “%s” sửa ô được nêu trong cột lý do và nộp lại cả tệp của kỳ đó; tệp nộp lại thay cho tệp trước.", name)
	}
	return fmt.Sprintf("Đề nghị cơ quan quản lý “%s” sửa trường “%s” của các bản ghi dưới đây tại hệ thống nguồn. Bản ghi được nhận ở lần lấy sau, không cần làm gì thêm ở đây.", name, c.Field)
}

// rejects is the page of refused records: by source and rule, one by one, and what to do about them.
func (s *site) rejects(ctx context.Context, a *ask) (*page, error) {
	if s.Upkeep == nil {
		return nil, notFound("Không có trang này", "Kho số liệu này không cho xem bản ghi bị loại.")
	}
	now := &ask{asOf: plan.NoDay, knownOn: plan.NoDay, today: a.today}
	again := link{Text: "Xem mọi bản ghi bị loại", URL: "/rejects"}
	q := RejectQuery{Source: a.query.Get("source"), Rule: a.query.Get("rule"), Open: a.query.Get("settled") == "", Most: listedRejects}
	part, err := strconv.Atoi(cmp.Or(a.query.Get("part"), "1"))
	if err != nil || part < 1 || part > 1_000_000 {
		return nil, badRequest("Số phần không đọc được", fmt.Sprintf("“%s” không phải là số: viết số từ 1.", a.query.Get("part")), again)
	}
	if _, ok := s.sources[q.Source]; q.Source != "" && !ok {
		return nil, notFound("Không có nguồn này", fmt.Sprintf("Kế hoạch không có nguồn số liệu mã “%s”.", q.Source), again)
	}
	q.Skip = (part - 1) * listedRejects
	if a.query.Get("format") != "" {
		q.Skip, q.Most = 0, tableInputs
	}
	var counts []RejectCount
	var all []Rejected
	var total uint64
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		counts, err = s.Store.RejectCounts(gctx, "")
		return
	})
	g.Go(func() (err error) {
		all, total, err = s.Upkeep.RejectList(gctx, q)
		return
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if part > 1 && q.Skip >= int(total) && a.query.Get("format") == "" {
		return nil, notFound("Không có phần này của danh sách", fmt.Sprintf("Danh sách có %d dòng, mỗi phần %d dòng.", total, listedRejects), again)
	}
	b := &rejectsBody{Tabs: s.careTabs(ctx, a, "/rejects"), Total: words.Count(int64(total)), First: q.Skip + 1, Last: q.Skip + len(all), Redrive: s.Redrive != nil && may(ctx, access.Redrive, plan.UnitKey{})}
	at := func(pairs ...string) string { return now.url("/rejects", pairs...) }
	rules := choice{Name: "rule", Label: "Quy tắc", Any: "Mọi quy tắc"}
	sources := choice{Name: "source", Label: "Nguồn", Any: "Mọi nguồn"}
	var open, settled uint64
	for _, c := range counts {
		open, settled = open+c.Open, settled+c.Settled
		if !slices.ContainsFunc(rules.Options, func(o option) bool { return o.Value == c.Rule }) {
			rules.Options = append(rules.Options, option{c.Rule, c.Name, c.Rule == q.Rule})
		}
		if !slices.ContainsFunc(sources.Options, func(o option) bool { return o.Value == c.Source }) {
			sources.Options = append(sources.Options, option{c.Source, s.sourceName(c.Source), c.Source == q.Source})
		}
		if c.Source == q.Source && c.Rule == q.Rule {
			b.Tell = s.tell(c.Source, c)
		}
		if q.Source != "" && c.Source != q.Source {
			continue
		}
		r := rejectCount{ID: c.Source, Source: s.sourceName(c.Source), SourceURL: "/source/" + url.PathEscape(c.Source), Rule: c.Rule, Name: c.Name, URL: at("source", c.Source, "rule", c.Rule) + "#list",
			Open: words.Count(int64(c.Open)), Settled: words.Count(int64(c.Settled)), Example: c.Reason, Last: words.Instant(c.Last), InPlan: MendedInPlan(c.Rule), None: c.Open == 0, Where: s.whereMended(c.Source, c.Rule)}
		b.Counts = append(b.Counts, r)
	}
	b.Open, b.Settled = words.Count(int64(open)), words.Count(int64(settled))
	states := choice{Name: "settled", Label: "Tình trạng", Any: "Còn thiếu", Options: []option{{"all", "Cả bản ghi đã xử lý", !q.Open}}}
	b.Picks = []choice{sources, rules, states}
	if q.Source+q.Rule != "" || !q.Open {
		b.All = "/rejects"
	}
	p := s.newPage("rejects", "Bản ghi bị loại")
	p.Table = [][]string{{"source", "rule", "rule_vi", "record_key", "field", "reject_reason", "fetched_at", "run", "page", "position", "sha256", "settled"}}
	for _, x := range all {
		b.Rows = append(b.Rows, rejectedRow{Source: s.sourceName(x.Source), Name: x.Name, Key: x.Key, Field: x.Field, Reason: x.Reason, At: words.Instant(x.FetchedAt), PageURL: payloadURL(now, x.Landed),
			Page: fmt.Sprintf("trang %d, vị trí %d", x.Page, x.Position), State: rejectStates[x.Settled]})
		p.Table = append(p.Table, []string{x.Source, x.Rule, x.Name, x.Key, x.Field, x.Reason, instantISO(x.FetchedAt), x.RunID, strconv.Itoa(int(x.Page)), strconv.Itoa(int(x.Position)), x.SHA256, x.Settled})
	}
	chosen := []string{"source", q.Source, "rule", q.Rule, "settled", a.query.Get("settled")}
	if part > 1 {
		b.Earlier = at(append(slices.Clone(chosen), "part", strconv.Itoa(part-1))...) + "#list"
	}
	if b.Last < int(total) {
		b.Later = at(append(slices.Clone(chosen), "part", strconv.Itoa(part+1))...) + "#list"
	}
	if tried, err := strconv.Atoi(a.query.Get("tried")); err == nil {
		accepted, _ := strconv.Atoi(a.query.Get("accepted"))
		b.Done = fmt.Sprintf("Đã đọc lại %s bản ghi bị loại của nguồn này: %s được nhận, %s vẫn bị loại.", words.Count(int64(tried)), words.Count(int64(accepted)), words.Count(int64(tried-accepted)))
		if accepted > 0 {
			b.Done += " Kết quả đang được tính lại, có sau ít phút."
		}
	}
	p.Nav, p.Body = s.nav(now, "/freshness"), b
	return p, nil
}

// redrive tries a source's refused records again, for who may.
func (s *site) redrive(ctx context.Context, f *sent) (*page, error) {
	if err := s.allow(f.ask, ctx, access.Redrive, plan.UnitKey{}); err != nil {
		return nil, err
	}
	source := f.PostFormValue("source")
	if _, ok := s.sources[source]; !ok {
		return nil, notFound("Không có nguồn này", fmt.Sprintf("Kế hoạch không có nguồn số liệu mã “%s”.", source), link{Text: "Xem bản ghi bị loại", URL: "/rejects"})
	}
	if err := f.record(ctx, access.RejectsRedriven, source, ""); err != nil {
		return nil, err
	}
	r, err := s.Redrive(context.WithoutCancel(ctx), source) // what is begun is brought to its end
	if err != nil {
		return nil, err
	}
	return goTo("/rejects?source=" + url.QueryEscape(source) + "&tried=" + strconv.Itoa(r.Tried) + "&accepted=" + strconv.Itoa(r.Accepted)), nil
}
