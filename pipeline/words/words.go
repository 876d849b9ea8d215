// Package words is what people read: the Vietnamese names and signs of statuses and reasons, numbers and dates in the
// reader's form. It knows nothing but vocabulary, so that the terminal, the pages and the messages say the same.
package words

import (
	"fmt"
	"strings"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// StatusWord is how a status is shown: the meaning never hangs on the colour alone.
type StatusWord struct {
	Name  string
	Short string
	Sign  string
	Class string // of the pages' style sheet
}

// Status is the word for a status.
func Status(s progress.Status) StatusWord {
	switch s {
	case progress.Met:
		return StatusWord{"Đạt", "Đạt", "✔", "met"}
	case progress.OnTrack:
		return StatusWord{"Đúng tiến độ", "Đúng tiến độ", "●", "on-track"}
	case progress.AtRisk:
		return StatusWord{"Có nguy cơ", "Có nguy cơ", "▲", "at-risk"}
	case progress.Behind:
		return StatusWord{"Chậm tiến độ", "Chậm", "▼", "behind"}
	case progress.Stale:
		return StatusWord{"Số liệu cũ", "Số liệu cũ", "◌", "stale"}
	case progress.NoData:
		return StatusWord{"Chưa có số liệu", "Chưa có số liệu", "–", "no-data"}
	case progress.NoTarget:
		return StatusWord{"Không đặt mục tiêu", "Theo dõi", "○", "no-target"}
	}
	return StatusWord{"Không áp dụng", "Không áp dụng", "·", "not-applicable"}
}

// Outcome is the word for the outcome of a milestone.
func Outcome(o string) StatusWord {
	switch progress.Outcome(o) {
	case progress.OutcomeMet:
		return StatusWord{"Đạt", "Đạt", "✔", "met"}
	case progress.OutcomeMissed:
		return StatusWord{"Không đạt", "Không đạt", "✖", "missed"}
	case progress.OutcomePending:
		return StatusWord{"Chờ chốt số liệu", "Chờ chốt", "…", "stale"}
	case progress.OutcomeUndecidable:
		return StatusWord{"Chưa xác định được", "Chưa xác định", "?", "no-data"}
	}
	return StatusWord{"Chưa đến mốc", "Chưa đến mốc", "·", "not-applicable"}
}

var reasons = map[progress.Reason]string{
	progress.ReasonTooFew:        "quá ít trường hợp để tính tỷ lệ",
	progress.ReasonNotReported:   "chưa báo cáo",
	progress.ReasonMissingSector: "thiếu số liệu của ít nhất một ngành, lĩnh vực",
	progress.ReasonNoBaseline:    "không có số liệu gốc",
	progress.ReasonNotOwedHere:   "kế hoạch không đặt ra cho cấp này",
	progress.ReasonByRuling:      "chưa tính ở cấp này theo cách hiểu đang áp dụng",
	progress.ReasonUnitNotYet:    "đơn vị chưa thành lập",
	progress.ReasonUnitEnded:     "đơn vị đã kết thúc hoạt động",
	progress.ReasonOldInput:      "số liệu đầu vào quá cũ",
	progress.ReasonLowCoverage:   "quá nhiều đơn vị trực thuộc chưa cập nhật",
	progress.ReasonNoPath:        "chưa có lộ trình, xét theo dự báo",
	progress.ReasonDerived:       "số liệu gốc lấy từ kỳ đầu tiên có số liệu",
	progress.ReasonUnreachable:   "không còn khả năng đạt trong năm nay",
	progress.ReasonNoTarget:      "kế hoạch không nêu con số",
	progress.ReasonNoFacility:    "địa bàn không có cơ sở thuộc loại này",
}

// Reason says in Vietnamese why; a reason without words of its own is shown by its code, never hidden.
func Reason(r progress.Reason) string {
	if s, ok := reasons[r]; ok || r == "" {
		return s
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
