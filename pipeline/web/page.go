package web

import (
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// ask is what an address asks for. Days that it does not name are NoDay.
type ask struct {
	path          string
	query         url.Values
	value         func(string) string // path values
	asOf, knownOn plan.Day
	today         plan.Day
	lastWeek      plan.Day // the last complete weekly point

	contested map[figureKey]bool // figures that a unit objects to, for pages that asked
	trusted   bool               // asked by a command, whose reader has the store itself
}

func (s *site) ask(r *http.Request) (*ask, error) {
	now := s.Now()
	a := &ask{path: r.URL.Path, query: r.URL.Query(), value: r.PathValue, asOf: plan.NoDay, knownOn: plan.NoDay, today: plan.DayOf(now), lastWeek: plan.LastWeeklyPoint(now)}
	for _, d := range []struct {
		name string
		to   *plan.Day
	}{{"as-of", &a.asOf}, {"known-on", &a.knownOn}} {
		day, err := plan.ParseDay(a.query.Get(d.name))
		if err != nil {
			return a, badRequest("Ngày không đọc được", fmt.Sprintf("“%s” không phải là ngày: viết theo dạng năm-tháng-ngày, ví dụ %s=%s.", a.query.Get(d.name), d.name, a.lastWeek))
		}
		*d.to = day
	}
	return a, nil
}

// url is an address on the site that keeps the days asked for. pairs are further parameters; empty ones are left out, and
// one that is named again is added.
func (a *ask) url(path string, pairs ...string) string {
	v := url.Values{}
	if a.asOf != plan.NoDay {
		v.Set("as-of", a.asOf.String())
	}
	if a.knownOn != plan.NoDay {
		v.Set("known-on", a.knownOn.String())
	}
	said := map[string]bool{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if !said[pairs[i]] {
			v.Del(pairs[i])
		}
		if said[pairs[i]] = true; pairs[i+1] != "" {
			v.Add(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + strings.ReplaceAll(v.Encode(), "%40", "@")
}

// self is the address that was asked for, with pairs in place of what it says of them.
func (a *ask) self(pairs ...string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(a.query)) {
		if !slices.Contains(pairs, k) && k != "as-of" && k != "known-on" {
			for _, v := range a.query[k] {
				all = append(all, k, v)
			}
		}
	}
	return a.url(a.path, append(all, pairs...)...)
}

// kept are the days asked for as parameters of a form.
func (a *ask) kept() [][2]string {
	var all [][2]string
	for _, d := range []struct {
		name string
		day  plan.Day
	}{{"as-of", a.asOf}, {"known-on", a.knownOn}} {
		if d.day != plan.NoDay {
			all = append(all, [2]string{d.name, d.day.String()})
		}
	}
	return all
}

// link is a piece of text with an address.
type link struct {
	Text, URL string
	Here      bool // the page itself
	Title     string
}

// page is what the layout shows around a page's body.
type page struct {
	GoTo     string // another address is the answer; nothing else counts
	Template string
	Title    string
	Plan     *plan.Plan
	Notice   string
	Who      *who // nil: nobody is signed in
	Door     bool // there is a page to sign in
	Accounts bool // who is signed in has a page
	Style    string
	Script   string
	Nav      []link
	More     *more       // further pages, by what the reader may
	Asked    string      // in the search box
	Kept     [][2]string // the days asked for, which a search keeps
	Crumbs   []link

	Languages []tongue

	AsOf, Week, KnownOn string // for people; AsOf is empty on pages without a day
	AsOfISO, KnownOnISO string
	Frozen              plan.Day // on which the figures were frozen; 0: they are not
	First, Last         string   // first and last stored day, ISO
	Prev, Next          string   // addresses of the weeks beside this one
	Hidden              [][2]string
	Path                string
	Permalink, CSV      string
	Fresh               *freshLine
	Table               [][]string
	Document            *document.Document // that the page shows; nil: none
	File                string             // name of the page's files, without its end; empty: from the address
	Body                any
}

func (s *site) newPage(name, title string) *page {
	return &page{Template: name, Title: title, Plan: s.Plan, Notice: s.Notice, Style: s.style, Script: s.script}
}

// place is the unit and the day that a page speaks of.
type place struct {
	unit *plan.Unit
	day  plan.Day
	days []plan.Day // with results for the unit, ascending
}

// resolve finds the unit and the day. Without a day asked for it is the newest stored one up to the last complete week.
func (s *site) resolve(stored map[plan.Level][]plan.Day, a *ask, ref string) (place, error) {
	on := a.asOf
	if on == plan.NoDay {
		on = a.today
	}
	u, err := s.Plan.Units.Select(ref, on)
	if err != nil {
		return place{}, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s” vào ngày %s.", ref, words.Day(on)))
	}
	pl := place{unit: u}
	for _, d := range stored[u.Level] {
		if u.ValidOn(d) {
			pl.days = append(pl.days, d)
		}
	}
	if len(pl.days) == 0 {
		if len(stored) == 0 {
			return pl, nothingComputed()
		}
		return pl, notFound("Chưa có kết quả của đơn vị này", u.Name+" chưa có kết quả nào được lưu.")
	}
	pl.day, err = s.pick(a, pl.days)
	return pl, err
}

func nothingComputed() *refusal {
	return &refusal{http.StatusServiceUnavailable, "Chưa có kết quả tính toán", "Kho số liệu chưa có kết quả nào của kế hoạch này. Chạy `tiendo compute` sau khi thu thập số liệu, rồi mở lại trang.", nil}
}

// pick is the day asked for, which must be stored, or the newest stored one.
func (s *site) pick(a *ask, days []plan.Day) (plan.Day, error) {
	i, found := slices.BinarySearch(days, a.lastWeek)
	newest := days[len(days)-1]
	switch {
	case found:
		newest = days[i]
	case i > 0:
		newest = days[i-1]
	}
	if a.asOf == plan.NoDay {
		return newest, nil
	}
	i, found = slices.BinarySearch(days, a.asOf)
	if found {
		return a.asOf, nil
	}
	var links []link
	again := func(d plan.Day) {
		pairs := []string{"as-of", d.String()}
		for k, values := range a.query {
			if k != "as-of" && k != "known-on" {
				for _, v := range values {
					pairs = append(pairs, k, v)
				}
			}
		}
		links = append(links, link{Text: "Xem ngày " + words.Day(d), URL: a.url(a.path, pairs...)})
	}
	if i > 0 {
		again(days[i-1])
	}
	if i < len(days) {
		again(days[i])
	}
	return 0, notFound("Không có kết quả của ngày này", fmt.Sprintf("Kết quả được lưu theo từng tuần (Chủ nhật) và các mốc của kế hoạch, từ %s đến %s; không có ngày %s.",
		words.Day(days[0]), words.Day(days[len(days)-1]), words.Day(a.asOf)), links...)
}

// dated fills in what the layout says about the page's day.
func (s *site) dated(p *page, a *ask, here string, pl place, hidden ...string) {
	p.Nav = s.nav(a, here)
	p.Path = a.path
	p.AsOf, p.AsOfISO = words.Day(pl.day), pl.day.String()
	if pl.day == pl.day.Sunday() {
		p.Week = words.Week(pl.day)
	}
	if a.knownOn != plan.NoDay {
		p.KnownOn, p.KnownOnISO = words.Day(a.knownOn), a.knownOn.String()
	}
	p.First, p.Last = pl.days[0].String(), pl.days[len(pl.days)-1].String()
	for i := 0; i+1 < len(hidden); i += 2 {
		if hidden[i+1] != "" {
			p.Hidden = append(p.Hidden, [2]string{hidden[i], hidden[i+1]})
		}
	}
	on := func(d plan.Day, more ...string) string {
		return a.url(a.path, append(append([]string{"as-of", d.String()}, hidden...), more...)...)
	}
	if i, ok := slices.BinarySearch(pl.days, pl.day); ok {
		if i > 0 {
			p.Prev = on(pl.days[i-1])
		}
		if i+1 < len(pl.days) {
			p.Next = on(pl.days[i+1])
		}
	}
	p.Permalink = on(pl.day)
	p.CSV = on(pl.day, "format", "csv")
}

// ref names a unit in an address: its code, or CODE@YYYY-MM-DD where the code alone would name another on that day.
func (s *site) ref(a *ask, u *plan.Unit) string {
	on := a.asOf
	if on == plan.NoDay {
		on = a.today
	}
	return s.refOn(u, on)
}

// refOn names a unit so that it is found on the day.
func (s *site) refOn(u *plan.Unit, on plan.Day) string {
	if x, err := s.Plan.Units.Select(u.Code, on); err == nil && x == u {
		return u.Code
	}
	if u.To != plan.NoDay {
		return u.Code + "@" + u.To.String()
	}
	return u.Code + "@" + u.From.String()
}

func (s *site) unitURL(a *ask, u *plan.Unit) string { return a.url("/unit/" + s.ref(a, u)) }

func (s *site) indicatorURL(a *ask, code string, u *plan.Unit) string {
	return a.url("/indicator/"+url.PathEscape(code), "unit", s.ref(a, u))
}

// crumbs lead from the top down to the unit.
func (s *site) crumbs(a *ask, u *plan.Unit, here bool) []link {
	var all []link
	for x := u; x != nil; x = x.Parent {
		all = append(all, link{Text: x.Name, URL: s.unitURL(a, x), Here: here && x == u})
	}
	slices.Reverse(all)
	return all
}

// rankedLevel is the level that the front page ranks: the lowest watched one.
func (s *site) rankedLevel() plan.Level {
	if n := len(s.Plan.WatchLevels); n > 0 {
		return s.Plan.WatchLevels[n-1]
	}
	return s.Plan.Levels[len(s.Plan.Levels)-1].Code
}

// freshLine is the one line about the sources that every dated page carries.
type freshLine struct {
	Text string
	Bad  bool
	URL  string
}

func (s *site) freshLine(a *ask, all []Source) *freshLine {
	f := &freshLine{URL: a.url("/freshness")}
	var newest Source
	failed, seen := 0, 0
	for _, x := range all {
		if _, ok := s.sources[x.Source]; !ok {
			continue
		}
		seen++
		if x.LastOK.After(newest.LastOK) {
			newest = x
		}
		if x.State != okState {
			failed++
		}
	}
	never := len(s.sources) - seen
	if newest.Source == "" {
		f.Text, f.Bad = "Chưa có nguồn số liệu nào được thu thập đầy đủ", true
		return f
	}
	f.Text = fmt.Sprintf("Thu thập gần nhất: %s", words.Instant(newest.LastOK))
	if failed > 0 {
		f.Text += fmt.Sprintf("; %d/%d nguồn lỗi ở lần chạy cuối", failed, len(s.sources))
	}
	if never > 0 {
		f.Text += fmt.Sprintf("; %d nguồn chưa chạy", never)
	}
	if failed == 0 && never == 0 {
		f.Text += fmt.Sprintf("; cả %d nguồn chạy tốt", len(s.sources))
	}
	f.Bad = failed+never > 0
	return f
}

// okState is the state of a run that saw a complete snapshot.
const okState = "ok"

// svg marks markup that this package wrote itself, with every text escaped.
type svg = template.HTML
