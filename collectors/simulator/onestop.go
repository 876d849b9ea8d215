package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// The provincial one-stop's own statistics (SYSTEMS section 1c).

// bareHomonyms: in every so many-th month the statistic writes homonym communes without their district.
const bareHomonyms = 6

// agencyMonth is what a one-stop counts for an agency and span of days.
type agencyMonth struct {
	received, online, direct, resolved, overdue, partial, full, done, refused, paid int64
}

// agencyCounts counts per agency as the one-stop knows it at the clock.
func (s *Simulator) agencyCounts(from, to day) map[*unit]*agencyMonth {
	now := s.clock()
	out := map[*unit]*agencyMonth{}
	of := func(u *unit) *agencyMonth {
		if out[u] == nil {
			out[u] = &agencyMonth{}
		}
		return out[u]
	}
	for i := range s.w.dossiers {
		d := &s.w.dossiers[i]
		if d.received.day() > to || d.received.day() < from-400 {
			continue
		}
		at := s.w.current(d, now)
		if at < 0 {
			continue
		}
		v := &s.w.changes[at]
		if d.received.day() >= from {
			c := of(d.agency.on(d.received.day()))
			c.received++
			if d.channel != 2 {
				c.direct++
			} else {
				c.online++
				if d.full {
					c.full++
				} else {
					c.partial++
				}
				if s.w.procedures[d.procedure].hasFee && d.serial%3 > 0 {
					c.paid++
				}
				if v.status == 3 {
					c.refused++
				}
			}
		}
		if v.resolved() && v.finished.day() >= from && v.finished.day() <= to {
			c := of(d.agency.on(v.finished.day()))
			c.resolved++
			if v.due > 0 && v.finished.day() > v.due.day() {
				c.overdue++
			}
			if d.channel == 2 {
				c.done++
			}
		}
	}
	return out
}

// agencyStatistic serves one of the two statistics: rows of the agencies that exist on the last day.
func (s *Simulator) agencyStatistic(row func(b []byte, u *unit, c *agencyMonth, to day) []byte) http.HandlerFunc {
	return func(out http.ResponseWriter, req *http.Request) {
		q := req.URL.Query()
		from, err := parseDay(q.Get("from-date"))
		to, err2 := parseDay(q.Get("to-date"))
		if err != nil || err2 != nil {
			answer(out, http.StatusBadRequest, []byte(`{"error":"from-date, to-date: yyyy-MM-dd"}`))
			return
		}
		counts := s.agencyCounts(from, to)
		var list []*unit
		for _, u := range s.agencies {
			if u.validOn(to) {
				list = append(list, u)
			}
		}
		number, _ := strconv.Atoi(q.Get("page"))
		size, _ := strconv.Atoi(q.Get("size"))
		first, last := page(len(list), number, size, pageMost)
		b := []byte(`{"content":[`)
		for i, u := range list[first:last] {
			if i > 0 {
				b = append(b, ',')
			}
			c := counts[u]
			if c == nil {
				c = &agencyMonth{}
			}
			b = row(b, u, c, to)
		}
		answer(out, http.StatusOK, pageTail(b, len(list), number, size, last))
	}
}

func (s *Simulator) agencyRow(b []byte, u *unit, c *agencyMonth, to day) []byte {
	salt := hash(u.key(), to.String())
	asText := salt%7 == 0
	b = append(b, `{"agency":{`...)
	b = field(b, "code", s.w.organStyle(u, hash(u.key())))
	b = field(b, "name", u.name)
	b = append(b, '}')
	b = count(b, "received", c.received, asText)
	b = count(b, "receivedOnline", c.online, asText)
	b = count(b, "receivedDirect", c.direct, asText)
	b = count(b, "resolved", c.resolved, asText)
	b = count(b, "resolvedOverdue", c.overdue, asText)
	share := "0"
	if c.resolved > 0 {
		share = strconv.FormatFloat(float64(c.overdue)*100/float64(c.resolved), 'f', 2, 64)
	}
	if salt%97 == 0 && c.overdue > 0 { // printed percentages are wrong now and then
		share = "8.02"
	}
	b = field(b, "resolvedOverduePercent", share)
	return append(b, '}')
}

func (s *Simulator) onlineRow(b []byte, u *unit, c *agencyMonth, to day) []byte {
	_, month, _ := to.date()
	name := u.name
	if s.homonym[u] && int(month)%bareHomonyms != 0 {
		name += " - " + u.parent.name
	}
	if hash("marks", u.key())%4 == 0 {
		name = oldMarks.Replace(name)
	}
	b = append(b, '{')
	b = field(b, "agency_name", name)
	b = count(b, "phatsinh_1phan_quantity", c.partial, true)
	b = count(b, "phatsinh_toanphan_quantity", c.full, true)
	b = count(b, "hoanthanh_quantity", c.done, true)
	b = count(b, "tuchoi_quantity", c.refused, true)
	b = count(b, "onlinepaid_quantity", c.paid, true)
	b = count(b, "total", c.partial+c.full, true)
	return append(b, '}')
}

// oldMarks puts tone marks where the older spelling has them.
var oldMarks = strings.NewReplacer("òa", "oà", "óa", "oá", "ỏa", "oả", "ùy", "uỳ", "úy", "uý")

// homonyms are the units of one level that share their name with another one valid at some same time.
func homonyms(units []*unit) map[*unit]bool {
	out := map[*unit]bool{}
	for _, a := range units {
		for _, b := range units {
			if a != b && a.level == b.level && a.name == b.name && a.from <= b.to && b.from <= a.to {
				out[a] = true
			}
		}
	}
	return out
}

// agencyList is /ba/agency/name+code.
func (s *Simulator) agencyList(out http.ResponseWriter, _ *http.Request) {
	today := s.clock().day()
	b := []byte{'['}
	for _, u := range s.agencies {
		if !u.validOn(today) {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = field(append(b, '{'), "name", u.name)
		b = append(field(b, "code", u.organ), '}')
	}
	answer(out, http.StatusOK, append(b, ']'))
}
