package web

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// listedRuns is how many runs and pages the page of a source lists.
const listedRuns = 20

type sourcesBody struct {
	Tabs []link
	Rows []sourceLine
}

// sourceLine is a source with what it feeds.
type sourceLine struct {
	sourceRow
	URL      string
	Kind     string
	Schedule string
	Feeds    []link
}

// kindNames are the words for the kinds of source.
var kindNames = map[string]string{"onlineservice": "API dịch vụ công trực tuyến", "edocument": "API văn bản điện tử", "cashless": "số liệu thanh toán không dùng tiền mặt", "reportform": "biểu mẫu báo cáo"}

func kindName(info sourceInfo) string {
	name := kindNames[info.Kind]
	if name == "" {
		name = info.Kind
	}
	if info.Kind != "reportform" && info.Path != "" {
		name += ", nộp bằng tệp"
	}
	return name
}

var (
	everyMinutes = regexp.MustCompile(`^\*/(\d+) \* \* \* \*$`)
	atATime      = regexp.MustCompile(`^(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* \*$`) // of every day, or of a day of the month
)

// scheduleText is a cron line in words; one that has none stands as it is.
func scheduleText(cron string) string {
	if m := everyMinutes.FindStringSubmatch(cron); m != nil {
		return m[1] + " phút một lần"
	}
	if m := atATime.FindStringSubmatch(cron); m != nil {
		minute, _ := strconv.Atoi(m[1])
		hour, _ := strconv.Atoi(m[2])
		if m[3] != "*" {
			return fmt.Sprintf("%02d:%02d ngày %s hằng tháng", hour, minute, m[3])
		}
		return fmt.Sprintf("%02d:%02d hằng ngày", hour, minute)
	}
	return cron
}

func (s *site) feedsOf(a *ask, source string) []link {
	var all []*plan.Indicator
	for i := range s.Plan.Indicators {
		if ind := &s.Plan.Indicators[i]; slices.Contains(ind.Sources, source) {
			all = append(all, ind)
		}
	}
	return feeds(a, all)
}

// sourceList is the page of all sources: what each is, when it is pulled, how it went, what it feeds.
func (s *site) sourceList(ctx context.Context, a *ask) (*page, error) {
	all, err := s.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	now := &ask{asOf: plan.NoDay, knownOn: plan.NoDay, today: a.today}
	b := &sourcesBody{Tabs: s.careTabs(ctx, a, "/sources")}
	p := s.newPage("sources", "Nguồn số liệu")
	p.Table = [][]string{{"source", "name", "kind", "rhythm", "schedule", "indicators", "last_complete", "last_run", "state", "error", "runs", "failed", "pages", "records", "rejected"}}
	have := map[string]Source{}
	for _, x := range all {
		have[x.Source] = x
	}
	for _, r := range s.sourceRows(a, all) {
		info, x := s.sources[r.ID], have[r.ID]
		l := sourceLine{sourceRow: r, URL: "/source/" + url.PathEscape(r.ID), Kind: kindName(info), Schedule: scheduleText(info.Schedule), Feeds: s.feedsOf(now, r.ID)}
		b.Rows = append(b.Rows, l)
		var codes []string
		for _, f := range l.Feeds {
			codes = append(codes, f.Text)
		}
		p.Table = append(p.Table, []string{r.ID, r.Name, info.Kind, string(info.Rhythm), info.Schedule, strings.Join(codes, " "), instantISO(x.LastOK), instantISO(x.LastRun), x.State, x.Error,
			fmt.Sprint(x.Runs), fmt.Sprint(x.Failed), fmt.Sprint(x.Pages), fmt.Sprint(x.Records), fmt.Sprint(x.Rejected)})
	}
	p.Nav, p.Path, p.CSV, p.Body = s.nav(now, "/freshness"), a.path, "/sources?format=csv", b
	return p, nil
}

type sourceBody struct {
	sourceLine
	Limit       string
	Pages       string
	Cursor      string // fetch time of the newest committed page
	RunList     []runRow
	Landed      []landedRow
	Rejects     []rejectRow
	Drift       []driftRow
	RejectsURL  string
	RestatedURL string
}

type runRow struct {
	RunID, At, Took               string
	State                         words.StatusWord
	Error, Whole                  string
	Pages, Records, New, Rejected string
}

type landedRow struct {
	URL, FetchedAt, Request, Rejected string
	RunID                             string
	Page                              uint32
}

// source is the page of one source.
func (s *site) source(ctx context.Context, a *ask) (*page, error) {
	id := a.value("source")
	now := &ask{asOf: plan.NoDay, knownOn: plan.NoDay, today: a.today}
	var all []Source
	var quality Quality
	var rejects []RejectCount
	var runs []Run
	var pages []Landed
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		all, err = s.Store.Sources(gctx)
		return
	})
	g.Go(func() (err error) {
		quality, err = s.Store.Quality(gctx, a.today.End()) // drift; no restatements
		return
	})
	g.Go(func() (err error) {
		rejects, err = s.Store.RejectCounts(gctx, id)
		return
	})
	if s.Upkeep != nil {
		g.Go(func() (err error) {
			runs, pages, err = s.Upkeep.Runs(gctx, id, listedRuns)
			return
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	rows := s.sourceRows(a, all)
	i := slices.IndexFunc(rows, func(r sourceRow) bool { return r.ID == id })
	if i < 0 {
		return nil, notFound("Không có nguồn này", fmt.Sprintf("Kế hoạch không có nguồn số liệu mã “%s”.", id), link{Text: "Xem mọi nguồn", URL: "/sources"})
	}
	info := s.sources[id]
	b := &sourceBody{sourceLine: sourceLine{sourceRow: rows[i], Kind: kindName(info), Schedule: scheduleText(info.Schedule), Feeds: s.feedsOf(now, id)}, Cursor: words.Unknown}
	if info.RejectLimit != nil {
		if v, err := plan.ParseValue(strconv.FormatFloat(100**info.RejectLimit, 'f', -1, 64)); err == nil {
			b.Limit = words.Percent(&v)
		}
	}
	for _, x := range all {
		if x.Source == id {
			b.Pages = words.Count(int64(x.Pages))
		}
	}
	b.Rejects, b.Drift = s.rejectRows(rejects, false), s.driftRows(quality.Drift, id)
	for _, r := range runs {
		x := runRow{RunID: r.RunID, At: words.Instant(r.FetchedAt), Took: took(r.EndedAt.Sub(r.StartedAt)), State: words.StatusWord{Name: "Đầy đủ", Sign: "✔", Class: "met"}, Error: firstLine(r.Error, 160), Whole: r.Error,
			Pages: words.Count(int64(r.Pages)), Records: words.Count(int64(r.Records)), New: words.Count(int64(r.Loaded)), Rejected: words.Count(int64(r.Rejected))}
		if r.State != okState {
			x.State = words.StatusWord{Name: "Lỗi", Sign: "✖", Class: "missed"}
		}
		b.RunList = append(b.RunList, x)
	}
	for i, l := range pages {
		if i == 0 {
			b.Cursor = words.Instant(l.FetchedAt)
		}
		b.Landed = append(b.Landed, landedRow{URL: "/payload/" + url.PathEscape(id) + "/" + l.SHA256, FetchedAt: words.Instant(l.FetchedAt), Request: l.Request, Rejected: refusedText(l.Rejected), RunID: l.RunID, Page: l.Page})
	}
	if s.Upkeep != nil {
		b.RejectsURL = "/rejects?source=" + url.QueryEscape(id)
		b.RestatedURL = "/restatements?source=" + url.QueryEscape(id)
	}
	p := s.newPage("source", b.Name)
	p.Nav, p.Body = s.nav(now, "/freshness"), b
	p.Crumbs = []link{{Text: "Nguồn số liệu", URL: "/sources"}, {Text: b.Name, Here: true}}
	return p, nil
}

// took is how long something lasted, for people.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return words.Unknown
	case d < time.Minute:
		return strings.Replace(fmt.Sprintf("%.1f giây", d.Seconds()), ".", ",", 1)
	}
	return fmt.Sprintf("%d phút %d giây", int(d.Minutes()), int(d.Seconds())%60)
}
