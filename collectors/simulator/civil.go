package simulator

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// day is a local day, counted from 1970-01-01.
type day int32

// sec is a local instant: seconds of the wall clock since 1970-01-01 00:00. The zone has had no change of clocks in any
// year that is simulated, so wall clock and instant are one to one.
type sec int64

const (
	dawn  day = math.MinInt32 // before every day: in force since before the plan
	dusk  day = math.MaxInt32 // after every day: still in force
	never sec = math.MaxInt64

	secDay  sec = 86400
	secHour sec = 3600
	secMin  sec = 60
)

func newDay(y int, m time.Month, d int) day {
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func parseDay(s string) (day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a day: write 2024-07-31", s)
	}
	return day(t.Unix() / 86400), nil
}

func (d day) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func (d day) date() (int, time.Month, int) { return d.utc().Date() }

func (d day) year() int { return d.utc().Year() }

// weekday is 0 on Sunday. 1970-01-01 was a Thursday.
func (d day) weekday() int { return int((int64(d)%7 + 7 + 4) % 7) }

func (d day) String() string { return d.utc().Format(time.DateOnly) }

func (d day) at(h, m int) sec { return sec(d)*secDay + sec(h)*secHour + sec(m)*secMin }

func (d day) end() sec { return sec(d+1)*secDay - 1 }

func (s sec) day() day {
	if s < 0 {
		return day((s - secDay + 1) / secDay)
	}
	return day(s / secDay)
}

// stamp appends yyyyMMddHHmmss; nothing for 0, as the systems write an empty date.
func (s sec) stamp(b []byte) []byte {
	if s == 0 {
		return b
	}
	b = s.day().compact(b)
	t := s % secDay
	return two(two(two(b, int(t/secHour)), int(t/secMin%60)), int(t%60))
}

// compact appends yyyyMMdd.
func (d day) compact(b []byte) []byte {
	y, m, dd := d.date()
	if y < 1000 {
		b = append(b, '0')
	}
	return two(two(strconv.AppendInt(b, int64(y), 10), int(m)), dd)
}

func two(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// clockOf turns an instant into the local wall clock.
func clockOf(t time.Time, loc *time.Location) sec {
	t = t.In(loc)
	y, m, d := t.Date()
	return newDay(y, m, d).at(t.Hour(), t.Minute()) + sec(t.Second())
}

func (s sec) time(loc *time.Location) time.Time {
	y, m, d := s.day().date()
	t := int(s % secDay)
	return time.Date(y, m, d, t/3600, t/60%60, t%60, 0, loc)
}

// parseStamp reads yyyyMMddHHmmss, or yyyyMMdd as its midnight; empty is 0.
func parseStamp(s string) (sec, error) {
	if s == "" {
		return 0, nil
	}
	layout := "20060102150405"
	if len(s) == 8 {
		layout = "20060102"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as yyyyMMddHHmmss", s)
	}
	return sec(t.Unix()), nil
}

// period is a closed reporting period, both ends inclusive.
type period struct {
	label      string
	start, end day
}

// periods lists the periods of a rhythm (month, quarter, half_year, year) whose end lies in [from, to]. Report periods
// run from the 15th of the month before to the 14th of the last month.
func periods(rhythm string, report bool, from, to day) ([]period, error) {
	months := map[string]int{"month": 1, "quarter": 3, "half_year": 6, "year": 12}[rhythm]
	if months == 0 {
		return nil, fmt.Errorf("no periods of rhythm %q", rhythm)
	}
	var out []period
	for y := from.year() - 1; y <= to.year()+1; y++ {
		for n := 0; n < 12/months; n++ {
			first, last := time.Month(n*months+1), time.Month(n*months+months)
			p := period{label: strconv.Itoa(y), start: newDay(y, first, 1), end: newDay(y, last+1, 1) - 1}
			if report {
				p.start, p.end = newDay(y, first-1, 15), newDay(y, last, 14)
			}
			switch months {
			case 1:
				p.label = fmt.Sprintf("%d-%02d", y, n+1)
			case 3:
				p.label = fmt.Sprintf("%d-Q%d", y, n+1)
			case 6:
				p.label = fmt.Sprintf("%d-H%d", y, n+1)
			}
			if p.end >= from && p.end <= to {
				out = append(out, p)
			}
		}
	}
	return out, nil
}
