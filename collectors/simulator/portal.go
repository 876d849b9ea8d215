package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// The national portal's statistics (SYSTEMS section 1b): a form field holds the question as JSON, the answer is a bare
// list, and every value is a string.

func (s *Simulator) portal(out http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(out, req.Body, 1<<16)
	var q map[string]any
	if err := json.Unmarshal([]byte(req.PostFormValue("params")), &q); err != nil || text(q["type"]) != "ref" {
		answer(out, http.StatusBadRequest, []byte(`{"error":"params"}`))
		return
	}
	b := []byte{'['}
	switch service := text(q["service"]); {
	case s.table != nil && service == "report_tinh_766_service":
		b = s.table.scores(b, s.clock(), text(q["loaichitieu"]), text(q["p_loaidonvi"]), text(q["p_nam"]), text(q["p_thang"]))
	case s.table != nil && service == "report_by_month_sum_service":
		b = s.table.trend(b, s.clock(), text(q["p_nam"]), text(q["p_thang"]))
	case s.table == nil && service == "report_by_month_sum_service":
		b = s.monthSums(b, text(q["p_nam"]), text(q["p_thang"]))
	}
	answer(out, http.StatusOK, append(b, ']'))
}

// text is a parameter as people send it: as a string or as a number.
func text(v any) string {
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return ""
}

// wrongPercent: in every so many-th month the portal prints a percentage that its own figures contradict.
const wrongPercent = 9

// monthSums are the province's months of a year, as far as the clock has come.
func (s *Simulator) monthSums(b []byte, year, month string) []byte {
	now := s.clock()
	y, _ := strconv.Atoi(year)
	months, err := periods("month", false, newDay(y, 1, 1), newDay(y, 12, 31))
	if err != nil {
		return b
	}
	for i, p := range months {
		if p.start > now.day() || month != "" && month != strconv.Itoa(i+1) && month != fmt.Sprintf("%02d", i+1) {
			continue
		}
		var total, online, person, post, inTime, late, openTime, openLate, paid int64
		for j := range s.w.dossiers {
			d := &s.w.dossiers[j]
			if d.received.day() < p.start-400 || d.received.day() > p.end {
				continue
			}
			at := s.w.current(d, now)
			if at < 0 {
				continue
			}
			v := &s.w.changes[at]
			if d.received.day() >= p.start {
				total++
				switch d.channel {
				case 1:
					person++
				case 2:
					online++
				default:
					post++
				}
				if p := &s.w.procedures[d.procedure]; p.hasFee && d.channel == 2 {
					paid++
				}
				if v.finished == 0 {
					if v.due > 0 && v.due < now {
						openLate++
					} else {
						openTime++
					}
				}
			}
			if v.resolved() && v.finished.day() >= p.start && v.finished.day() <= p.end {
				if v.due > 0 && v.finished.day() > v.due.day() {
					late++
				} else {
					inTime++
				}
			}
		}
		synced := total * 97 / 100
		share := "0"
		if total > 0 {
			share = strconv.FormatFloat(float64(synced)*100/float64(total), 'f', 2, 64)
		}
		if (int(p.start)/28)%wrongPercent == 4 {
			share = "8.02"
		}
		if n := len(b); b[n-1] != '[' {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = field(b, "NAM", year)
		b = field(b, "THANG", p.label)
		b = field(b, "TEN", "UBND "+s.w.plan.units[0].name)
		b = field(b, "MA_COQUAN", s.provinceOrgan())
		b = intField(b, "HS_TOTAL", total)
		b = intField(b, "DB_TOTAL", synced)
		b = intField(b, "HTN_TRUCTUYEN", online)
		b = intField(b, "HTN_TRUCTUYEN_KHONGCHUAN", online/40)
		b = intField(b, "HTN_TRUCTIEP", person)
		b = intField(b, "HTN_BUUCHINH", post)
		b = intField(b, "HTDH", inTime)
		b = intField(b, "HTQH", late)
		b = intField(b, "DXLTH", openTime)
		b = intField(b, "DXLQH", openLate)
		b = intField(b, "GDTT_TOTAL", paid)
		b = field(b, "TILE_DB", share)
		b = append(b, '}')
	}
	return b
}
