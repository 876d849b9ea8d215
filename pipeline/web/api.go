package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiendo/pipeline/open"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// apiPath is where the interface for programs begins. What changes its answers for those who read them gets a new number.
const apiPath = "/api/v1/"

// packagePath is the address of the data package.
const packagePath = "/data/package.zip"

// isOpen says whether an address is for programs.
func isOpen(path string) bool { return strings.HasPrefix(path, apiPath) || path == packagePath }

// openData answers programs: the tables of package open as JSON, their description, the data package. Anybody's page may
// read it (CORS): it takes no cookie and changes nothing.
func (s *site) openData(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Link")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "If-None-Match")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		s.problem(w, r, &refusal{http.StatusMethodNotAllowed, "Chỉ để đọc", "Giao diện này chỉ nhận GET, HEAD và OPTIONS.", nil})
		return
	}
	ctx, cancel := context.WithTimeout(inMoment(r.Context()), patience)
	defer cancel()
	body, media, err := s.opened(ctx, w, r)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	sum := sha256.Sum256(body)
	h.Set("Content-Type", media)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`) // of the content, which says known_at of every figure
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// jsonMedia is what the interface answers with.
const jsonMedia = "application/json; charset=utf-8"

func (s *site) opened(ctx context.Context, w http.ResponseWriter, r *http.Request) (body []byte, media string, err error) {
	if r.URL.Path == packagePath {
		a, err := s.apiAsk(r, []string{"as_of", "known_on"})
		if err != nil {
			return nil, "", err
		}
		body, name, err := s.dataPackage(ctx, a)
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, name))
		return body, "application/zip", err
	}
	name := strings.TrimPrefix(r.URL.Path, apiPath)
	switch name {
	case "":
		body, err := s.apiIndex()
		return body, jsonMedia, err
	case "openapi.json":
		body, err := open.Document(s.prefix)
		return body, jsonMedia, err
	}
	t := open.Find(name)
	if t == nil {
		return nil, "", notFound("Không có bảng này", fmt.Sprintf("Các bảng nằm ở %s: %s.", apiPath, strings.Join(open.Names(), ", ")))
	}
	a, err := s.apiAsk(r, t.Params)
	if err != nil {
		return nil, "", err
	}
	rows, asOf, total, err := s.openRows(ctx, a, t)
	if err != nil {
		return nil, "", err
	}
	limit, err := limitOf(a.query.Get("limit"))
	if err != nil {
		return nil, "", err
	}
	page, cursor, err := t.Page(rows, a.query.Get("cursor"), limit)
	if err != nil {
		return nil, "", badRequest("Vị trí trang không đọc được", "Tham số cursor chỉ lấy từ next của trang trước, không tự đặt.")
	}
	next := ""
	if cursor != "" {
		q := r.URL.Query()
		q.Set("cursor", cursor)
		if asOf != plan.NoDay && slices.Contains(t.Params, "as_of") {
			q.Set("as_of", asOf.String()) // the week may turn between two pages
		}
		next = s.prefix + r.URL.Path + "?" + q.Encode()
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	body, err = t.Answer(open.Basis{Plan: s.Plan, AsOf: asOf, KnownOn: a.known(), Notice: s.Notice}, total, page, next)
	return body, jsonMedia, err
}

func (s *site) apiIndex() ([]byte, error) {
	var notice *string
	if s.Notice != "" {
		notice = &s.Notice
	}
	tables := map[string]string{}
	for _, name := range open.Names() {
		tables[name] = s.prefix + apiPath + name
	}
	return json.MarshalIndent(map[string]any{"plan": s.Plan.Code, "name": s.Plan.Name, "notice": notice, "tables": tables, "openapi": s.prefix + apiPath + "openapi.json", "package": s.prefix + packagePath}, "", "  ")
}

// known is the day by whose end what an answer says was known: today, if none was asked for.
func (a *ask) known() plan.Day {
	if a.knownOn != plan.NoDay {
		return a.knownOn
	}
	return a.today
}

// apiAsk reads an address of the interface: no parameter that the table does not know, none twice, days as days.
func (s *site) apiAsk(r *http.Request, params []string) (*ask, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badRequest("Địa chỉ không đọc được", "Phần sau dấu ? của địa chỉ không đúng dạng tên=giá trị.")
	}
	now := s.Now()
	a := &ask{path: r.URL.Path, query: q, asOf: plan.NoDay, knownOn: plan.NoDay, today: plan.DayOf(now), lastWeek: plan.LastWeeklyPoint(now)}
	for name, values := range q {
		if !slices.Contains(params, name) {
			return nil, badRequest("Không có tham số này", fmt.Sprintf("Địa chỉ này không có tham số “%s”; có: %s.", name, strings.Join(params, ", ")))
		}
		if len(values) != 1 || values[0] == "" {
			return nil, badRequest("Tham số phải có đúng một giá trị", fmt.Sprintf("Tham số “%s” phải có đúng một giá trị.", name))
		}
		p, _ := open.ParamNamed(name)
		if p.Enum != nil && !slices.Contains(p.Enum, values[0]) {
			return nil, badRequest("Giá trị không đúng", fmt.Sprintf("“%s” không phải là giá trị của %s; có: %s.", values[0], name, strings.Join(p.Enum, ", ")))
		}
		if p.Kind != open.Day {
			continue
		}
		day, err := plan.ParseDay(values[0])
		if err != nil {
			return nil, badRequest("Ngày không đọc được", fmt.Sprintf("“%s” không phải là ngày: viết theo dạng năm-tháng-ngày, ví dụ %s=%s.", values[0], name, a.lastWeek))
		}
		switch name {
		case "as_of":
			a.asOf = day
		case "known_on":
			a.knownOn = day
		}
	}
	return a, nil
}

func limitOf(text string) (int, error) {
	if text == "" {
		return open.DefaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > open.MostLimit {
		return 0, badRequest("Số dòng không đúng", fmt.Sprintf("limit là số nguyên từ 1 đến %d.", open.MostLimit))
	}
	return n, nil
}

// openRows are a table's rows in the order of its key, as far as the address narrows them, the day that they speak of
// (NoDay: of none), and how many there are in all.
func (s *site) openRows(ctx context.Context, a *ask, t *open.Table) (rows []open.Row, asOf plan.Day, total int, err error) {
	asOf = plan.NoDay
	in := s.known(a)
	if code := a.query.Get("indicator"); code != "" && in.Indicator(code) == nil {
		return nil, asOf, 0, notFound("Không có chỉ tiêu này", fmt.Sprintf("Kế hoạch không có chỉ tiêu “%s”; danh sách ở %sindicators.", code, apiPath))
	}
	level := plan.Level(a.query.Get("level"))
	if level != "" && !slices.ContainsFunc(s.Plan.Levels, func(l plan.LevelInfo) bool { return l.Code == level }) {
		return nil, asOf, 0, notFound("Không có cấp này", fmt.Sprintf("Kế hoạch không có cấp “%s”; các cấp nằm ở %splans.", level, apiPath))
	}
	switch t {
	case open.Plan:
		rows = open.PlanRows(in, a.known())
	case open.Indicators:
		rows = ofIndicator(open.IndicatorRows(in), a)
	case open.Targets:
		rows = ofIndicator(open.TargetRows(in), a)
	case open.Units:
		asOf = a.asOf
		units, err := s.unitsAsked(a, level)
		if err != nil {
			return nil, asOf, 0, err
		}
		rows = open.UnitRows(in, units)
	case open.Weeks:
		days, err := s.Store.Days(ctx)
		if err != nil {
			return nil, asOf, 0, err
		}
		var levels []plan.Level
		for _, l := range s.Plan.Levels {
			if level == "" || l.Code == level {
				levels = append(levels, l.Code)
			}
		}
		rows = open.WeekRows(days, levels)
	case open.Progress:
		q, err := s.progressQuery(ctx, a, level)
		if err != nil {
			return nil, asOf, 0, err
		}
		asOf = q.AsOf
		all, err := s.Store.Assessments(ctx, q)
		if err != nil {
			return nil, asOf, 0, err
		}
		if st := a.query.Get("status"); st != "" {
			all = slices.DeleteFunc(all, func(x Assessment) bool { return string(x.Status) != st })
		}
		if err := s.signContested(ctx, a, asOf); err != nil {
			return nil, asOf, 0, err
		}
		rows = open.ProgressRows(all, a.objected)
	case open.Sources:
		rows, err = s.openSources(ctx)
	case open.Restatements:
		return s.openRestatements(ctx, a)
	}
	return rows, asOf, len(rows), err
}

func ofIndicator(rows []open.Row, a *ask) []open.Row {
	code := a.query.Get("indicator")
	if code == "" {
		return rows
	}
	return slices.DeleteFunc(rows, func(r open.Row) bool { return r[0] != code })
}

func (s *site) unitsAsked(a *ask, level plan.Level) ([]*plan.Unit, error) {
	var only *plan.Unit
	if ref := a.query.Get("unit"); ref != "" {
		var err error
		if only, err = s.unitAsked(a, ref); err != nil {
			return nil, err
		}
	}
	var all []*plan.Unit
	for _, u := range s.Plan.Units.All {
		if (level == "" || u.Level == level) && (only == nil || u == only) && (a.asOf == plan.NoDay || u.ValidOn(a.asOf)) {
			all = append(all, u)
		}
	}
	return all, nil
}

func (s *site) unitAsked(a *ask, ref string) (*plan.Unit, error) {
	on := a.asOf
	if on == plan.NoDay {
		on = a.today
	}
	u, err := s.Plan.Units.Select(ref, on)
	if err != nil {
		return nil, notFound("Không có đơn vị này", fmt.Sprintf("Kế hoạch không có đơn vị mã “%s” vào ngày %s; danh sách ở %sunits.", ref, words.Day(on), apiPath))
	}
	return u, nil
}

// progressQuery is what the address asks of the stored results: of one day, the newest stored one up to the last complete
// week if it names none.
func (s *site) progressQuery(ctx context.Context, a *ask, level plan.Level) (Query, error) {
	q := Query{Since: plan.NoDay, KnownOn: a.knownOn, Indicator: a.query.Get("indicator")}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return q, err
	}
	var unit *plan.Unit
	if ref := a.query.Get("unit"); ref != "" {
		if unit, err = s.unitAsked(a, ref); err != nil {
			return q, err
		}
		q.Unit = &unit.UnitKey
	}
	if level != "" {
		q.Levels = []plan.Level{level}
	}
	var days []plan.Day
	for l, all := range stored {
		if level != "" && l != level || unit != nil && l != unit.Level {
			continue
		}
		for _, d := range all {
			if unit == nil || unit.ValidOn(d) {
				days = append(days, d)
			}
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	if len(days) == 0 {
		if len(stored) == 0 {
			return q, nothingComputed()
		}
		return q, notFound("Chưa có kết quả", fmt.Sprintf("Chưa có kết quả nào được lưu theo yêu cầu này; các ngày có kết quả nằm ở %sweeks.", apiPath))
	}
	q.AsOf, err = s.pick(a, days)
	return q, err
}

func (s *site) openSources(ctx context.Context) ([]open.Row, error) {
	all, err := s.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	have := map[string]Source{}
	for _, f := range s.Plan.Sources {
		have[f.Name] = Source{Source: f.Name}
	}
	for _, x := range all {
		have[x.Source] = x
	}
	var rows []open.Row
	for id, x := range have {
		rows = append(rows, open.SourceRow(id, s.sourceName(id), x.State, x.LastOK, x.LastRun, x.Runs, x.Failed, x.Records, x.Rejected))
	}
	open.Sources.Sort(rows)
	return rows, nil
}

// mostRestatements is how many restatements the interface gives, the newest; total says if there are more.
const mostRestatements = 20_000

func (s *site) openRestatements(ctx context.Context, a *ask) ([]open.Row, plan.Day, int, error) {
	since := a.today - restatementDays
	if text := a.query.Get("since"); text != "" {
		since, _ = plan.ParseDay(text) // read before
	}
	all, total, err := s.Store.Restatements(ctx, since.Start(), mostRestatements)
	if err != nil {
		return nil, plan.NoDay, 0, err
	}
	var rows []open.Row
	for _, x := range all {
		measure, ok := s.Plan.Measure(x.Measure)
		if !ok {
			measure.Code = x.Measure
		}
		rows = append(rows, open.RestatementRow(x.Source, measure, x.Unit, x.Day, x.Was, x.Now, x.KnownAt))
	}
	open.Restatements.Sort(rows)
	return rows, plan.NoDay, int(total), nil
}

// dataPackage is the plan and the progress to its targets on a day as a data package, and the name of its file.
func (s *site) dataPackage(ctx context.Context, a *ask) ([]byte, string, error) {
	q, err := s.progressQuery(ctx, a, "")
	if err != nil {
		return nil, "", err
	}
	results, err := s.Store.Assessments(ctx, q)
	if err != nil {
		return nil, "", err
	}
	if err := s.signContested(ctx, a, q.AsOf); err != nil {
		return nil, "", err
	}
	var origins []open.Origin
	for _, f := range s.Plan.Sources {
		origins = append(origins, open.Origin{ID: f.Name, Name: s.sourceName(f.Name)})
	}
	body, err := open.Package(open.Basis{Plan: s.Plan, AsOf: q.AsOf, KnownOn: a.known(), Notice: s.Notice}, s.known(a), origins, results, a.objected)
	return body, fmt.Sprintf("%s-%s.zip", s.Plan.Code, q.AsOf), err
}

// DataPackage is what the data package's address answers, for a command: the same bytes. Days that are NoDay are the newest.
func DataPackage(ctx context.Context, o Options, asOf, knownOn plan.Day) ([]byte, error) {
	s, a, err := forCommand(o, asOf, knownOn)
	if err != nil {
		return nil, err
	}
	body, _, err := s.dataPackage(ctx, a)
	return body, err
}

// problem answers a program that something is wrong, in the form of RFC 9457.
func (s *site) problem(w http.ResponseWriter, r *http.Request, err error) {
	var e *refusal
	if !errors.As(err, &e) {
		if r.Context().Err() != nil {
			return // the reader went away
		}
		s.Log.Error("open data failed", "path", r.URL.Path, "error", err)
		e = &refusal{http.StatusServiceUnavailable, "Kho số liệu chưa trả lời", "Số liệu đã lưu không mất; thử lại sau ít phút.", nil}
	}
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	body, err := json.Marshal(map[string]any{"title": http.StatusText(e.status), "status": e.status, "detail": e.title + ". " + e.text, "instance": r.URL.RequestURI()})
	if err != nil {
		plain(w, http.StatusInternalServerError, "Giao diện bị lỗi.\n")
		return
	}
	w.Header().Del("Content-Disposition")
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(e.status)
	_, _ = w.Write(body) // the reader may be gone
}
