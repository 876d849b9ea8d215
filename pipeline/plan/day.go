package plan

import (
	"fmt"
	"math"
	"time"
)

// Zone is the provincial time zone: a day of the plan is a local day (RULES section 1).
var Zone = mustZone("Asia/Ho_Chi_Minh")

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("time zone %s is missing: build with the tzdata package: %v", name, err))
	}
	return z
}

// Day is a civil day, counted from 1970-01-01. It has no time zone: the zone is applied where an instant becomes a day.
type Day int32

// NoDay stands for a day that is not stated: an open start or an open end of a validity.
const NoDay Day = math.MinInt32

// ParseDay reads YYYY-MM-DD; the empty string is NoDay.
func ParseDay(s string) (Day, error) {
	if s == "" {
		return NoDay, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return NoDay, fmt.Errorf("cannot read %q as a date: write it as YYYY-MM-DD", s)
	}
	return Day(t.Unix() / 86400), nil
}

// MustDay is ParseDay for literals.
func MustDay(s string) Day {
	d, err := ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// DayOf is the local day of an instant.
func DayOf(t time.Time) Day {
	y, m, d := t.In(Zone).Date()
	return NewDay(y, m, d)
}

// NewDay builds a day; out-of-range months and days roll over as in time.Date.
func NewDay(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400) // midnight: nothing is left over
}

// Time is the day's midnight in UTC, for formatting and for stores that keep plain dates.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Start is the instant at which the day begins locally; End is the instant at which it is over.
func (d Day) Start() time.Time {
	y, m, dd := d.Time().Date()
	return time.Date(y, m, dd, 0, 0, 0, 0, Zone)
}

// End is the first instant after the day (24:00 local).
func (d Day) End() time.Time { return (d + 1).Start() }

// Year is the calendar year of the day.
func (d Day) Year() int { return d.Time().Year() }

// Weekday of the day.
func (d Day) Weekday() time.Weekday { return d.Time().Weekday() }

// String is YYYY-MM-DD, or the empty string for NoDay.
func (d Day) String() string {
	if d == NoDay {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText and UnmarshalText let a day stand in YAML and JSON.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD or nothing.
func (d *Day) UnmarshalText(b []byte) error {
	v, err := ParseDay(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// Sunday is the last weekly point on or before the day (a weekly point is Sunday 24:00 local, RULES section 1).
func (d Day) Sunday() Day { return d - Day(d.Weekday()) }

// LastWeeklyPoint is the last Sunday that is over at the instant.
func LastWeeklyPoint(now time.Time) Day { return (DayOf(now) - 1).Sunday() }

// YearStart is the first day of the year of the given type that contains the day: 1 January, or 15 December for the
// report year (15/12 to 14/12).
func YearStart(t PeriodType, d Day) Day {
	y := d.Year()
	if t != Report {
		return NewDay(y, time.January, 1)
	}
	if s := NewDay(y, time.December, 15); d >= s {
		return s
	}
	return NewDay(y-1, time.December, 15)
}

// YearEnd is the last day of that year.
func YearEnd(t PeriodType, d Day) Day {
	y := YearStart(t, d).Time()
	return NewDay(y.Year()+1, y.Month(), y.Day()) - 1
}
