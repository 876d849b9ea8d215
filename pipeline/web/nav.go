package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
)

// entry is a page that others lead to. One that is not served is not led to.
type entry struct {
	Text, URL string
	Undated   bool             // it speaks of no day: the days asked for are not kept
	Do        access.Action    // who may do this to some unit sees it; empty: everybody
	On        func(*site) bool // nil: wherever it is served
}

// mainPages stand in the header; more of them would not fit an old screen.
var mainPages = []entry{
	{Text: "Tổng quan", URL: "/"},
	{Text: "Bảng nhiệt", URL: "/heat"},
	{Text: "Bản đồ", URL: "/map", On: (*site).drawsAny},
	{Text: "So sánh", URL: "/compare"},
	{Text: "Rà soát tuần", URL: "/review"},
	{Text: "Khen thưởng", URL: "/awards", On: func(s *site) bool { return len(s.Plan.Awards) > 0 }},
}

// morePages fold out beside them.
var morePages = []struct {
	Name  string
	Pages []entry
}{
	{"Số liệu", []entry{
		{Text: "Độ cập nhật", URL: "/freshness"},
		{Text: "Nguồn số liệu", URL: "/sources", Undated: true},
		{Text: "Bản ghi bị loại", URL: "/rejects", Undated: true, On: func(s *site) bool { return s.Upkeep != nil }},
		{Text: "Điều chỉnh số liệu", URL: "/restatements", Undated: true, On: func(s *site) bool { return s.Upkeep != nil }},
	}},
	{"Báo cáo", []entry{
		{Text: "Hạn báo cáo", URL: "/late", Undated: true},
		{Text: "Giải trình số liệu", URL: "/contests", Undated: true, Do: access.View, On: func(s *site) bool { return s.Contests != nil }},
		{Text: "Báo cáo định kỳ", URL: "/reports", Undated: true},
	}},
	{"Rà soát", []entry{
		{Text: "Các kỳ rà soát", URL: "/reviews", Undated: true, On: func(s *site) bool { return s.desk != nil }},
		{Text: "Việc cần làm", URL: "/actions", Undated: true, Do: access.View, On: func(s *site) bool { return s.desk != nil }},
	}},
	{"Khen thưởng", []entry{
		{Text: "Cách hiểu quy định", URL: "/rulings", On: func(s *site) bool { return len(s.Plan.Rulings) > 0 }},
		{Text: "Sổ đăng ký khen thưởng", URL: "/registers", Do: access.ReadRegister, On: func(s *site) bool { return s.Registers != nil && len(s.Plan.Awards) > 0 }},
	}},
	{"Quản trị", []entry{
		{Text: "Quản lý tài khoản", URL: accountsPath, Undated: true, Do: access.Accounts, On: keepsAccounts},
		{Text: "Nhật ký", URL: auditPath, Undated: true, Do: access.ReadAudit, On: keepsAccounts},
	}},
	{"Trợ giúp", []entry{
		{Text: "Tìm kiếm", URL: "/search"},
		{Text: "Sổ tay xử lý cảnh báo", URL: "/runbook", Undated: true},
	}},
}

func keepsAccounts(s *site) bool { return s.Keeper != nil }

// served says whether the site has a page of its own at the address.
func (s *site) served(address string) bool {
	_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: address}})
	return address == "/" || pattern != "/"
}

func (s *site) on(e *entry) bool { return s.served(e.URL) && (e.On == nil || e.On(s)) }

// nav are the main pages with the days asked for; here is the address of the one that is shown.
func (s *site) nav(a *ask, here string) []link {
	var all []link
	for _, e := range mainPages {
		if s.on(&e) {
			all = append(all, link{Text: e.Text, URL: a.url(e.URL), Here: e.URL == here})
		}
	}
	return all
}

// more are the pages that fold out. Here is the text of the one that is shown, empty where none is.
type more struct {
	Here   string
	Groups []linkGroup
}

type linkGroup struct {
	Name  string
	Links []link
}

// more are the further pages that whoever asks may use, below path the one that is shown; kept are the days asked for.
func (s *site) more(ctx context.Context, path string, kept [][2]string) *more {
	days := url.Values{}
	for _, k := range kept {
		days.Set(k[0], k[1])
	}
	m := &more{}
	for _, g := range morePages {
		group := linkGroup{Name: g.Name}
		for _, e := range g.Pages {
			if !s.on(&e) || e.Do != "" && !mayAny(ctx, e.Do) {
				continue
			}
			l := link{Text: e.Text, URL: e.URL, Here: path == e.URL || strings.HasPrefix(path, e.URL+"/")}
			if len(days) > 0 && !e.Undated {
				l.URL += "?" + days.Encode()
			}
			if l.Here {
				m.Here = l.Text
			}
			group.Links = append(group.Links, l)
		}
		if len(group.Links) > 0 {
			m.Groups = append(m.Groups, group)
		}
	}
	return m
}

// mine are the main pages of the one who asks: there the work of a unit begins.
func (s *site) mine(ctx context.Context, path string) []link {
	if !s.hasForms() || !mayAny(ctx, access.DraftRead) {
		return nil
	}
	return []link{{Text: "Biểu báo cáo", URL: formsPath, Here: path == formsPath || strings.HasPrefix(path, formsPath+"/")}}
}

// mayAny says whether the one who asks may do this to what belongs to his unit, or to none.
func mayAny(ctx context.Context, do access.Action) bool {
	w := whoAsks(ctx)
	return w != nil && may(ctx, do, w.Unit) || may(ctx, do, plan.UnitKey{})
}
