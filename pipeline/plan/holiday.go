package plan

import "time"

// Holidays is the dated calendar of days off and swapped working days.
type Holidays struct {
	off  map[Day]string
	work map[Day]string
}

// NewHolidays takes the named days off and the weekend days that are worked instead.
func NewHolidays(off, work map[Day]string) *Holidays { return &Holidays{off: off, work: work} }

// Working says whether the day is a working day.
func (h *Holidays) Working(d Day) bool {
	if _, ok := h.work[d]; ok {
		return true
	}
	if _, ok := h.off[d]; ok {
		return false
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// AddWorking is the n-th working day after the day; a deadline of n working days ends with that day (RULES section 1).
func (h *Holidays) AddWorking(d Day, n int) Day {
	for n > 0 {
		d++
		if h.Working(d) {
			n--
		}
	}
	return d
}

// Count is how many working days lie between two days, both counted; 0 where the second lies before the first.
func (h *Holidays) Count(from, to Day) int {
	n := 0
	for d := from; d <= to; d++ {
		if h.Working(d) {
			n++
		}
	}
	return n
}
