// Package words is what people read: the names, signs and colours of statuses and reasons in Vietnamese and English,
// numbers and dates in the reader's form. It knows nothing but vocabulary, so that the terminal, the pages, the boards and
// the messages say the same.
package words

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// StatusWord is how a status is shown: the meaning never hangs on the colour alone.
type StatusWord struct {
	Name   string
	Short  string
	Sign   string
	Class  string // of the pages' style sheet
	NameEN string
	Colour string // #rrggbb, of boards: the lightness differs too
}

// Statuses are the statuses as people list them, the best first; what is not known comes after what is.
var Statuses = [...]progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData, progress.NoTarget, progress.NotApplicable}

var statuses = map[progress.Status]StatusWord{
	progress.Met:           {"Đạt", "Đạt", "✔", "met", "Met", "#0b5d33"},
	progress.OnTrack:       {"Đúng tiến độ", "Đúng tiến độ", "●", "on-track", "On track", "#3f9b5f"},
	progress.AtRisk:        {"Có nguy cơ", "Có nguy cơ", "▲", "at-risk", "At risk", "#eaa62b"},
	progress.Behind:        {"Chậm tiến độ", "Chậm", "▼", "behind", "Behind", "#cf3a2e"},
	progress.Stale:         {"Số liệu cũ", "Số liệu cũ", "◌", "stale", "Stale", "#8a94a0"},
	progress.NoData:        {"Chưa có số liệu", "Chưa có số liệu", "–", "no-data", "No data", "#b9c1ca"},
	progress.NoTarget:      {"Không đặt mục tiêu", "Theo dõi", "○", "no-target", "No target", "#8fa9c4"},
	progress.NotApplicable: {"Không áp dụng", "Không áp dụng", "·", "not-applicable", "Not applicable", "#e3e7eb"},
}

// Status is the word for a status.
func Status(s progress.Status) StatusWord {
	if w, ok := statuses[s]; ok {
		return w
	}
	return statuses[progress.NotApplicable]
}

// Outcomes are the outcomes of a milestone, the best first.
var Outcomes = [...]progress.Outcome{progress.OutcomeMet, progress.OutcomeMissed, progress.OutcomePending, progress.OutcomeUndecidable, progress.OutcomeNone}

var outcomes = map[progress.Outcome]StatusWord{
	progress.OutcomeMet:         {"Đạt", "Đạt", "✔", "met", "Met", "#0b5d33"},
	progress.OutcomeMissed:      {"Không đạt", "Không đạt", "✖", "missed", "Missed", "#7d1414"},
	progress.OutcomePending:     {"Chờ chốt số liệu", "Chờ chốt", "…", "stale", "Pending", "#8a94a0"},
	progress.OutcomeUndecidable: {"Chưa xác định được", "Chưa xác định", "?", "no-data", "Undecidable", "#b9c1ca"},
	progress.OutcomeNone:        {"Chưa đến mốc", "Chưa đến mốc", "·", "not-applicable", "Not due yet", "#e3e7eb"},
}

// Outcome is the word for the outcome of a milestone.
func Outcome(o string) StatusWord {
	if w, ok := outcomes[progress.Outcome(o)]; ok {
		return w
	}
	return outcomes[progress.OutcomeNone]
}

// ReasonWord is a reason in Vietnamese and in English.
type ReasonWord struct {
	Reason progress.Reason
	VI, EN string
}

// AllReasons are the reasons that have words.
var AllReasons = [...]ReasonWord{
	{progress.ReasonTooFew, "quá ít trường hợp để tính tỷ lệ", "too few cases for a share"},
	{progress.ReasonNotReported, "chưa báo cáo", "not reported"},
	{progress.ReasonMissingSector, "thiếu số liệu của ít nhất một ngành, lĩnh vực", "at least one sector's figure is missing"},
	{progress.ReasonNoBaseline, "không có số liệu gốc", "no baseline"},
	{progress.ReasonNotOwedHere, "kế hoạch không đặt ra cho cấp này", "the plan does not measure this level"},
	{progress.ReasonByRuling, "chưa tính ở cấp này theo cách hiểu đang áp dụng", "not measured at this level under the reading in force"},
	{progress.ReasonUnitNotYet, "đơn vị chưa thành lập", "the unit does not exist yet"},
	{progress.ReasonUnitEnded, "đơn vị đã kết thúc hoạt động", "the unit has ended"},
	{progress.ReasonOldInput, "số liệu đầu vào quá cũ", "the input is too old"},
	{progress.ReasonLowCoverage, "quá nhiều đơn vị trực thuộc chưa cập nhật", "too many units below are not up to date"},
	{progress.ReasonNoPath, "chưa có lộ trình, xét theo dự báo", "no path yet, judged by the forecast"},
	{progress.ReasonDerived, "số liệu gốc lấy từ kỳ đầu tiên có số liệu", "the baseline is the first known figure"},
	{progress.ReasonUnreachable, "không còn khả năng đạt trong năm nay", "can no longer be reached this year"},
	{progress.ReasonNoTarget, "kế hoạch không nêu con số", "the plan names no number"},
	{progress.ReasonNoFacility, "địa bàn không có cơ sở thuộc loại này", "the area has no institution of that kind"},
}

// Reason says in Vietnamese why; a reason without words of its own is shown by its code, never hidden.
func Reason(r progress.Reason) string {
	for _, w := range AllReasons {
		if w.Reason == r {
			return w.VI
		}
	}
	return string(r)
}

// Reasons says all of a comma-separated list.
func Reasons(list string) string {
	if list == "" {
		return ""
	}
	var all []string
	for _, r := range strings.Split(list, ",") {
		all = append(all, Reason(progress.Reason(r)))
	}
	return strings.Join(all, "; ")
}

// Rhythm says how often an input is renewed, in Vietnamese and in English; a rhythm without words is shown as it is.
func Rhythm(r plan.Rhythm) (vi, en string) {
	switch r {
	case plan.Daily:
		return "hằng ngày", "daily"
	case plan.Monthly:
		return "hằng tháng", "monthly"
	case plan.Quarterly:
		return "hằng quý", "quarterly"
	case plan.HalfYearly:
		return "sáu tháng một lần", "half-yearly"
	case plan.Yearly:
		return "hằng năm", "yearly"
	}
	return string(r), string(r)
}

// ByName compares names by Vietnamese collation. It is not safe for concurrent use: ask for one per call.
func ByName() func(a, b string) int {
	return collate.New(language.Vietnamese).CompareString
}

// typesEN end the English names of units, as their types begin the Vietnamese ones.
var typesEN = []string{" Province", " City", " District", " Commune", " Ward", " Township", " Special Administrative Region"}

// ShortUnit is a unit's name without the word for what it is: Rạch Giá. A name that would only be a number keeps it
// (Phường 1), and so does the name of an agency.
func ShortUnit(u *plan.Unit) (vi, en string) {
	vi, en = u.Name, strings.TrimSpace(u.NameEN)
	if u.Type == "" || !strings.HasPrefix(u.Name, u.Type+" ") {
		return vi, en
	}
	rest := strings.TrimPrefix(u.Name, u.Type+" ")
	for _, t := range typesEN {
		if short, ok := strings.CutSuffix(en, t); ok && rest[0] > '9' {
			return rest, short
		}
	}
	return vi, en
}

// Unknown stands for a figure that is not known.
const Unknown = "–"

// Value is a decimal with one place and a comma, as people read it; – for unknown. A figure that rounding would lift onto
// a whole number that it does not reach is shown with two places, cut off if need be, so that 99,96 does not read as 100,0.
func Value(v *plan.Value) string {
	if v == nil {
		return Unknown
	}
	return Decimal(*v)
}

// Decimal is Value for a known figure.
func Decimal(v plan.Value) string {
	places := int64(1)
	if n := rounded(v, 1); n%10 == 0 && plan.Value(n)*(plan.One/10) > v {
		places = 2
	}
	n := rounded(v, places)
	if n%100 == 0 && places == 2 && plan.Value(n)*(plan.One/100) > v {
		n-- // nor with two places
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	unit := int64(10)
	if places == 2 {
		unit = 100
	}
	return fmt.Sprintf("%s%s,%0*d", sign, Count(n/unit), places, n%unit)
}

func rounded(v plan.Value, places int64) int64 {
	unit := int64(plan.One)
	for range places {
		unit /= 10
	}
	q, r := int64(v)/unit, int64(v)%unit
	switch {
	case r*2 >= unit:
		q++
	case r*2 <= -unit:
		q--
	}
	return q
}

// Count is a whole number with dots between thousands.
func Count(n int64) string {
	s := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return sign + s
}

// Percent is a share with its sign.
func Percent(v *plan.Value) string {
	if v == nil {
		return Unknown
	}
	return Decimal(*v) + "%"
}

// Day is dd/mm/yyyy; – for no day.
func Day(d plan.Day) string {
	if d == plan.NoDay {
		return Unknown
	}
	return d.Time().Format("02/01/2006")
}

// Instant is a local date and time.
func Instant(t time.Time) string {
	if t.IsZero() || t.Unix() <= 0 {
		return Unknown
	}
	return t.In(plan.Zone).Format("15:04 02/01/2006")
}

// Week is the week that ends on the Sunday: Tuần 40/2025 (29/9 - 05/10).
func Week(sunday plan.Day) string {
	y, w := sunday.Time().ISOWeek()
	return fmt.Sprintf("Tuần %d/%d (%s - %s)", w, y, (sunday - 6).Time().Format("02/1"), sunday.Time().Format("02/1"))
}
