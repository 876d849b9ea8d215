package onlineservice

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// none stands for a slot that is not there.
const none = -1

// figure is a column of a statistic: a count that is booked under a measure.
type figure struct {
	slot    int
	measure string
	whole   bool // a denominator: without it the row says nothing
	atMost  int  // slot of the figure it is a part of; none
}

// sum is a measure that is the sum of figures.
type sum struct {
	measure string
	slots   []int
}

// printed is a percentage that a source prints. It is never imported: it is computed again, and disagreement is reported
// (SYSTEMS section 6).
type printed struct{ slot, numerator, denominator int }

// statistic is one table of counts per agency and calendar month.
type statistic struct {
	*reader
	figures []figure
	sums    []sum
	printed []printed
	month   int // slot of the month that a row states; none
	unit    func(row *collectors.Row, p plan.Period) (plan.UnitKey, *refusal)
	key     int // slot of the agency's code or name; none: one row for the province
}

// Portal statistics of a province, one row per month (SYSTEMS section 1b).
const (
	portalMonth = iota
	portalTotal
	portalSynced
	portalOnline
	portalOnlineNonstandard
	portalInPerson
	portalPost
	portalDoneOnTime
	portalDoneLate
	portalOpenOnTime
	portalOpenLate
	portalSyncedShare
)

var portalFields = []collectors.Field{
	portalMonth:             {Name: "month", Default: "THANG"},
	portalTotal:             {Name: "hs_total", Default: "HS_TOTAL", Required: true},
	portalSynced:            {Name: "db_total", Default: "DB_TOTAL", Required: true},
	portalOnline:            {Name: "online", Default: "HTN_TRUCTUYEN", Required: true},
	portalOnlineNonstandard: {Name: "online_nonstandard", Default: "HTN_TRUCTUYEN_KHONGCHUAN"},
	portalInPerson:          {Name: "in_person", Default: "HTN_TRUCTIEP", Required: true},
	portalPost:              {Name: "post", Default: "HTN_BUUCHINH", Required: true},
	portalDoneOnTime:        {Name: "done_on_time", Default: "HTDH", Required: true},
	portalDoneLate:          {Name: "done_late", Default: "HTQH", Required: true},
	portalOpenOnTime:        {Name: "open_on_time", Default: "DXLTH"},
	portalOpenLate:          {Name: "open_late", Default: "DXLQH"},
	portalSyncedShare:       {Name: "db_share", Default: "TILE_DB"},
}

var portalKnown = []string{"ID", "TEN", "NAM", "MA_COQUAN", "ID_COQUAN", "ROW_STT", "TINH_ID", "GDTT_TOTAL", "TILE_DUNGHAN", "TILE_TRUCTUYEN"}

func newPortalStatistics(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, portalFields, portalKnown)
	if err != nil {
		return nil, err
	}
	s := &statistic{
		reader: r,
		figures: []figure{
			{portalTotal, "portal.hs_total", true, none},
			{portalSynced, "portal.db_total", false, portalTotal},
			{portalOnline, "portal.online", false, portalTotal},
			{portalOnlineNonstandard, "portal.online_nonstandard", false, none},
			{portalInPerson, "portal.in_person", false, portalTotal},
			{portalPost, "portal.post", false, portalTotal},
			{portalDoneOnTime, "portal.done_on_time", false, none},
			{portalDoneLate, "portal.done_late", false, none},
			{portalOpenOnTime, "portal.open_on_time", false, none},
			{portalOpenLate, "portal.open_late", false, none},
		},
		sums:    []sum{{"portal.resolved", []int{portalDoneOnTime, portalDoneLate}}},
		printed: []printed{{portalSyncedShare, portalSynced, portalTotal}},
		month:   portalMonth,
		key:     none,
	}
	s.unit = func(_ *collectors.Row, p plan.Period) (plan.UnitKey, *refusal) {
		u := deps.Plan.Units.On(deps.Plan.Province, p.End)
		if u == nil {
			return plan.UnitKey{}, refuse(portalMonth, "unknown_unit", "Kế hoạch không có tỉnh nào có hiệu lực ngày %s.", date(p.End))
		}
		return u.UnitKey, nil
	}
	return s, nil
}

// One-stop statistics per agency with its code (SYSTEMS section 1c).
const (
	oneStopUnit = iota
	oneStopName
	oneStopReceived
	oneStopResolved
	oneStopOnline
	oneStopDirect
	oneStopOverdue
	oneStopOverdueShare
)

var oneStopFields = []collectors.Field{
	oneStopUnit:         {Name: "unit", Default: "agency.code", Required: true},
	oneStopName:         {Name: "name", Default: "agency.name"},
	oneStopReceived:     {Name: "received", Default: "received", Required: true},
	oneStopResolved:     {Name: "resolved", Default: "resolved", Required: true},
	oneStopOnline:       {Name: "received_online", Default: "receivedOnline", Required: true},
	oneStopDirect:       {Name: "received_direct", Default: "receivedDirect", Required: true},
	oneStopOverdue:      {Name: "resolved_overdue", Default: "resolvedOverdue", Required: true},
	oneStopOverdueShare: {Name: "overdue_share", Default: "resolvedOverduePercent"},
}

var oneStopKnown = []string{"id", "agencyId", "parent", "resolvedOnTime", "resolvedEarly", "unresolved", "unresolvedOverdue", "unresolvedOnTime",
	"receivedPost", "previous", "cancelled", "suspended", "onTimePercent", "order", "level"}

func newOneStopStatistics(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, oneStopFields, oneStopKnown)
	if err != nil {
		return nil, err
	}
	s := &statistic{
		reader: r,
		figures: []figure{
			{oneStopReceived, "onestop.received", true, none},
			{oneStopResolved, "onestop.resolved", true, none},
			{oneStopOnline, "onestop.received_online", false, oneStopReceived},
			{oneStopDirect, "onestop.received_direct", false, oneStopReceived},
			{oneStopOverdue, "onestop.resolved_overdue", false, oneStopResolved},
		},
		printed: []printed{{oneStopOverdueShare, oneStopOverdue, oneStopResolved}},
		month:   none,
		key:     oneStopUnit,
	}
	s.unit = func(row *collectors.Row, p plan.Period) (plan.UnitKey, *refusal) {
		key, refused := r.unit(row, oneStopUnit, p.End)
		if refused == nil {
			return key, nil
		}
		// A unit that ended inside the month still reports for it.
		if key, early := r.unit(row, oneStopUnit, p.Start); early == nil {
			return key, nil
		}
		return key, refused
	}
	return s, nil
}

// One-stop statistics of online dossiers, per agency without a code: joined by name.
const (
	onlineName = iota
	onlinePartial
	onlineFull
	onlineDone
	onlineRefused
	onlinePaid
	onlineTotal
)

var onlineFields = []collectors.Field{
	onlineName:    {Name: "name", Default: "agency_name", Required: true},
	onlinePartial: {Name: "partial", Default: "phatsinh_1phan_quantity", Required: true},
	onlineFull:    {Name: "full", Default: "phatsinh_toanphan_quantity", Required: true},
	onlineDone:    {Name: "done", Default: "hoanthanh_quantity", Required: true},
	onlineRefused: {Name: "refused", Default: "tuchoi_quantity", Required: true},
	onlinePaid:    {Name: "paid_online", Default: "onlinepaid_quantity", Required: true},
	onlineTotal:   {Name: "total", Default: "total", Required: true},
}

var onlineKnown = []string{"id", "agency_id", "stt", "parent_name"}

func newOneStopOnline(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	r, err := newReader(src, deps, onlineFields, onlineKnown)
	if err != nil {
		return nil, err
	}
	s := &statistic{
		reader: r,
		figures: []figure{
			{onlineTotal, "onestop.total", true, none},
			{onlinePartial, "onestop.partial", false, onlineTotal},
			{onlineFull, "onestop.full", false, onlineTotal},
			{onlineDone, "onestop.done", false, none}, // done and refused may have come in earlier
			{onlineRefused, "onestop.refused", false, none},
			{onlinePaid, "onestop.paid_online", false, onlineTotal},
		},
		month: none,
		key:   onlineName,
	}
	s.unit = func(row *collectors.Row, p plan.Period) (plan.UnitKey, *refusal) {
		name := row.Text(onlineName)
		u, rule := r.units.ByName(name, p.End)
		if rule == "unknown_unit" {
			if early, second := r.units.ByName(name, p.Start); second == "" {
				u, rule = early, ""
			}
		}
		switch rule {
		case "":
			return u.UnitKey, nil
		case "ambiguous_name":
			return plan.UnitKey{}, refuse(onlineName, rule, "Có nhiều đơn vị cùng tên %q: nguồn phải ghi kèm tên huyện (ví dụ \"Xã … - Huyện …\") hoặc mã đơn vị.", short(name))
		}
		return plan.UnitKey{}, refuse(onlineName, rule, "Không có đơn vị nào tên %q có hiệu lực ngày %s: sửa tên ở hệ thống nguồn.", short(name), date(p.End))
	}
	return s, nil
}

// Pages asks for the last closed months, each as a list of its own, because closed months are restated for weeks.
func (s *statistic) Pages(ctx context.Context, since collectors.Cursor) iter.Seq2[collectors.Page, error] {
	return s.client.Pages(ctx, since, s.src.ClosedMonths(s.deps.Now())...)
}

// Parse reads a page of a month's statistic. A row that is wrong in one figure counts in none.
func (s *statistic) Parse(p collectors.Page) (collectors.Batch, error) {
	b := collectors.Batch{Measures: make([]collectors.Measure, 0, p.Records*len(s.figures))}
	var period plan.Period
	seen := map[plan.UnitKey]bool{}
	land, err := s.layout.Rows(p.Body, func(land collectors.Land, row *collectors.Row) (err error) {
		if period.Label == "" {
			if period, err = plan.ParsePeriod(plan.Calendar, land.Scope); err != nil {
				return fmt.Errorf("scope of the landed page: %w", err)
			}
		}
		if s.isTotal(row) {
			return nil
		}
		key, measures, drift, refused := s.read(row, period)
		if refused == nil && seen[key] {
			refused = refuse(max(s.key, 0), "duplicate_row", "Đơn vị có hai dòng trong cùng một bảng: giữ lại một dòng ở hệ thống nguồn.")
		}
		b.Drift = append(b.Drift, drift...)
		if refused != nil {
			name := ""
			if s.key >= 0 {
				name = row.Text(s.key)
			}
			b.Rejects = append(b.Rejects, s.reject(row, strings.TrimPrefix(name+"/"+period.Label, "/"), refused))
			return nil
		}
		seen[key] = true
		b.Measures = append(b.Measures, measures...)
		return nil
	})
	b.Drift = append(b.Drift, land.Drift()...)
	return b, err
}

// isTotal says whether the row is the table's own sum, which would count everything twice.
func (s *statistic) isTotal(row *collectors.Row) bool {
	for _, slot := range []int{s.key, s.nameSlot()} {
		if slot < 0 {
			continue
		}
		switch plan.Fold(row.Text(slot)) {
		case "tong", "tong cong", "tong so", "toan tinh":
			return true
		}
	}
	return false
}

func (s *statistic) nameSlot() int {
	if s.key == oneStopUnit && s.src.Resource == "onestop_statistics" {
		return oneStopName
	}
	return none
}

func (s *statistic) read(row *collectors.Row, p plan.Period) (key plan.UnitKey, out []collectors.Measure, drift []string, refused *refusal) {
	if s.month >= 0 {
		if text := row.Text(s.month); text != "" && !sameMonth(text, p) {
			return key, nil, nil, refuse(s.month, "wrong_period", "Dòng ghi tháng %q trong khi số liệu được hỏi cho tháng %s: phạm vi của bảng đã đổi, kiểm tra hệ thống nguồn.", short(text), p.Label)
		}
	}
	if key, refused = s.unit(row, p); refused != nil {
		return key, nil, nil, refused
	}
	values := map[int]int64{}
	for _, f := range s.figures {
		if s.layout.Name(f.slot) == "" {
			continue
		}
		n, err := row.Number(f.slot)
		if err != nil {
			refused := s.badNumber(row, f.slot, err)
			if f.whole && refused.rule == "missing_number" {
				refused.rule = "missing_denominator"
			}
			return key, nil, nil, refused
		}
		values[f.slot] = n
	}
	for _, f := range s.figures {
		part, has := values[f.slot]
		if whole, known := values[f.atMost]; has && known && f.atMost != none && part > whole {
			return key, nil, nil, refuse(f.slot, "over_denominator", "%s (%d) lớn hơn %s (%d): kiểm tra ở hệ thống nguồn.", s.layout.Name(f.slot), part, s.layout.Name(f.atMost), whole)
		}
		if has {
			out = append(out, s.measure(row, key, p, f.measure, part))
		}
	}
	for _, x := range s.sums {
		var total int64
		for _, slot := range x.slots {
			total += values[slot]
		}
		out = append(out, s.measure(row, key, p, x.measure, total))
	}
	for _, x := range s.printed {
		if d := s.disagrees(row, x, values); d != "" {
			drift = append(drift, d)
		}
	}
	return key, out, drift, nil
}

func (s *statistic) measure(row *collectors.Row, key plan.UnitKey, p plan.Period, code string, value int64) collectors.Measure {
	return collectors.Measure{Position: row.Position, Code: code, Unit: key, PeriodType: p.Type, Start: p.Start, End: p.End, Value: value}
}

// disagrees computes a printed percentage again and words a difference of more than a tenth of a point.
func (s *statistic) disagrees(row *collectors.Row, x printed, values map[int]int64) string {
	said, ok := hundredths(row.Text(x.slot))
	num, den := values[x.numerator], values[x.denominator]
	if !ok || den == 0 {
		return ""
	}
	share, err := plan.Share(num, den)
	if err != nil {
		return ""
	}
	found := (int64(share) + int64(plan.One)/200) / (int64(plan.One) / 100)
	if diff := said - found; diff >= -10 && diff <= 10 {
		return ""
	}
	return fmt.Sprintf("tỷ lệ in sẵn %s là %s, tính lại từ %s / %s là %s", s.layout.Name(x.slot), cents(said),
		s.layout.Name(x.numerator), s.layout.Name(x.denominator), cents(found))
}

func cents(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// hundredths reads a printed percentage such as 8.02, 8,02 % or (8,02%).
func hundredths(text string) (int64, bool) {
	text = strings.TrimSpace(strings.Trim(strings.TrimSpace(text), "()%"))
	text = strings.TrimSpace(strings.TrimSuffix(text, "%"))
	whole, frac, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if len(frac) > 2 {
		frac = frac[:2]
	}
	frac += strings.Repeat("0", 2-len(frac))
	if !isDigits(whole) || !isDigits(frac) || len(whole) > 6 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	return n, err == nil
}

// sameMonth says whether a row's own statement of its month (8, 08, 2025-08, 08/2025) is the period asked for.
func sameMonth(text string, p plan.Period) bool {
	start := p.Start.Time()
	for _, layout := range []string{"1", "01", "2006-01", "01/2006", "1/2006", "200601"} {
		if start.Format(layout) == text {
			return true
		}
	}
	return false
}
