package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Period is a closed reporting period, both ends inclusive.
type Period struct {
	Label      string // 2024, 2024-H1, 2024-Q3, 2024-07 or a day
	Type       PeriodType
	Rhythm     Rhythm
	Start, End Day
}

var periodLabel = regexp.MustCompile(`^(\d{4})(?:-(?:H([12])|Q([1-4])|(\d{2})(?:-(\d{2}))?))?$`)

// ParsePeriod reads 2024, 2024-H1, 2024-Q3, 2024-07 or 2024-07-31 as a period of the type. Reporting periods run from
// the 15th of the month before to the 14th (SYSTEMS section 5): 2024-07 is 15/6 to 14/7, 2024 is 15/12/2023 to 14/12/2024.
func ParsePeriod(t PeriodType, label string) (Period, error) {
	bad := fmt.Errorf("cannot read %q as a period: write 2024, 2024-H1, 2024-Q3, 2024-07 or 2024-07-31", label)
	if t != Calendar && t != Report {
		return Period{}, fmt.Errorf("period %q: unknown period type %q: use calendar or report", label, t)
	}
	m := periodLabel.FindStringSubmatch(label)
	if m == nil {
		return Period{}, bad
	}
	num := func(s string) int { n, _ := strconv.Atoi(s); return n }
	year := num(m[1])
	p := Period{Label: label, Type: t}
	var first, last int // months
	switch {
	case m[2] != "":
		p.Rhythm, first, last = HalfYearly, num(m[2])*6-5, num(m[2])*6
	case m[3] != "":
		p.Rhythm, first, last = Quarterly, num(m[3])*3-2, num(m[3])*3
	case m[5] != "":
		d, err := ParseDay(label)
		if err != nil {
			return Period{}, bad
		}
		p.Rhythm, p.Start, p.End = Daily, d, d
		return p, nil
	case m[4] != "":
		p.Rhythm, first, last = Monthly, num(m[4]), num(m[4])
		if first < 1 || first > 12 {
			return Period{}, bad
		}
	default:
		p.Rhythm, first, last = Yearly, 1, 12
	}
	if t == Report {
		p.Start = NewDay(year, time.Month(first-1), 15)
		p.End = NewDay(year, time.Month(last), 14)
	} else {
		p.Start = NewDay(year, time.Month(first), 1)
		p.End = NewDay(year, time.Month(last+1), 1) - 1
	}
	return p, nil
}

// ClosedPeriods are the periods of the type and rhythm that ended on from or later and before today, oldest first. A daily
// rhythm has none: nobody closes a day.
func ClosedPeriods(t PeriodType, r Rhythm, from, today Day) []Period {
	format, n := "", 1
	switch r {
	case Monthly:
		format, n = "%d-%02d", 12
	case Quarterly:
		format, n = "%d-Q%d", 4
	case HalfYearly:
		format, n = "%d-H%d", 2
	case Yearly:
		format = "%d"
	default:
		return nil
	}
	var all []Period
	for y := max(from.Year(), 1990); y <= today.Year()+1; y++ { // a report year begins in December
		for i := 1; i <= n; i++ {
			label := fmt.Sprintf(format, y, i)
			if r == Yearly {
				label = fmt.Sprintf(format, y)
			}
			if p, err := ParsePeriod(t, label); err == nil && p.End >= from && p.End < today {
				all = append(all, p)
			}
		}
	}
	return all
}

// PeriodEnding is the closed period of the type and rhythm that ends on the day; false where none does.
func PeriodEnding(t PeriodType, r Rhythm, end Day) (Period, bool) {
	year, month := end.Year(), int(end.Time().Month())
	label := ""
	switch r {
	case Daily:
		label = end.String()
	case Monthly:
		label = fmt.Sprintf("%d-%02d", year, month)
	case Quarterly:
		label = fmt.Sprintf("%d-Q%d", year, (month+2)/3)
	case HalfYearly:
		label = fmt.Sprintf("%d-H%d", year, (month+5)/6)
	case Yearly:
		label = fmt.Sprint(year)
	}
	p, err := ParsePeriod(t, label)
	return p, err == nil && p.End == end && p.Rhythm == r
}
