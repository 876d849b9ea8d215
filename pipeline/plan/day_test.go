package plan

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDay(t *testing.T) {
	for in, want := range map[string]Day{"1970-01-01": 0, "1970-01-02": 1, "1969-12-31": -1, "2025-06-29": 20268, "": NoDay} {
		if got, err := ParseDay(in); err != nil || got != want || got.String() != in {
			t.Errorf("%q: %d %v", in, got, err)
		}
	}
	for _, in := range []string{"2025-6-29", "29/06/2025", "2025-02-29", "2025-06-29T00:00:00Z", " "} {
		if _, err := ParseDay(in); err == nil {
			t.Errorf("%q was read", in)
		}
	}
	var d Day
	if err := d.UnmarshalText([]byte("x")); err == nil {
		t.Error("x is no day")
	}
	if text, err := MustDay("2025-06-29").MarshalText(); err != nil || string(text) != "2025-06-29" {
		t.Errorf("%s %v", text, err)
	}
}

func TestLocalDay(t *testing.T) {
	utc := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if got := DayOf(utc("2025-06-29T16:59:59Z")); got != MustDay("2025-06-29") {
		t.Errorf("23:59:59 local is still the day, got %s", got)
	}
	if got := DayOf(utc("2025-06-29T17:00:00Z")); got != MustDay("2025-06-30") {
		t.Errorf("00:00 local is the next day, got %s", got)
	}
	d := MustDay("2025-06-29")
	if !d.Start().Equal(utc("2025-06-28T17:00:00Z")) || !d.End().Equal(utc("2025-06-29T17:00:00Z")) {
		t.Errorf("%s to %s", d.Start(), d.End())
	}
	if got := LastWeeklyPoint(utc("2025-06-29T16:59:59Z")); got != MustDay("2025-06-22") {
		t.Errorf("a Sunday is a weekly point when it is over, got %s", got)
	}
	if got := LastWeeklyPoint(utc("2025-06-29T17:00:00Z")); got != MustDay("2025-06-29") {
		t.Errorf("got %s", got)
	}
}

func TestYears(t *testing.T) {
	for _, c := range []struct {
		t          PeriodType
		day        string
		start, end string
	}{
		{Calendar, "2023-12-31", "2023-01-01", "2023-12-31"},
		{Calendar, "2024-01-01", "2024-01-01", "2024-12-31"},
		{Report, "2023-12-14", "2022-12-15", "2023-12-14"},
		{Report, "2023-12-15", "2023-12-15", "2024-12-14"},
		{Report, "2024-02-29", "2023-12-15", "2024-12-14"},
	} {
		d := MustDay(c.day)
		if s, e := YearStart(c.t, d), YearEnd(c.t, d); s.String() != c.start || e.String() != c.end {
			t.Errorf("%s %s: %s to %s", c.t, c.day, s, e)
		}
	}
}

func TestDaysAgreeWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Day(rapid.Int32Range(-700_000, 2_900_000).Draw(t, "day"))
		y, m, dd := d.Time().Date()
		if NewDay(y, m, dd) != d || d.Year() != y {
			t.Fatalf("%d is %s", d, d)
		}
		if s := d.Sunday(); s > d || d-s > 6 || s.Weekday() != time.Sunday {
			t.Fatalf("Sunday of %s is %s", d, s)
		}
		for _, p := range []PeriodType{Calendar, Report} {
			if s, e := YearStart(p, d), YearEnd(p, d); s > d || e < d || YearStart(p, e) != s || YearStart(p, e+1) != e+1 {
				t.Fatalf("year of %s: %s to %s", d, s, e)
			}
		}
	})
}

func TestParsePeriod(t *testing.T) {
	for _, c := range []struct {
		t          PeriodType
		label      string
		rhythm     Rhythm
		start, end string
	}{
		{Calendar, "2024", Yearly, "2024-01-01", "2024-12-31"},
		{Calendar, "2024-H1", HalfYearly, "2024-01-01", "2024-06-30"},
		{Calendar, "2024-Q1", Quarterly, "2024-01-01", "2024-03-31"},
		{Calendar, "2024-02", Monthly, "2024-02-01", "2024-02-29"},
		{Calendar, "2024-07-31", Daily, "2024-07-31", "2024-07-31"},
		{Report, "2024", Yearly, "2023-12-15", "2024-12-14"},
		{Report, "2024-H1", HalfYearly, "2023-12-15", "2024-06-14"},
		{Report, "2024-H2", HalfYearly, "2024-06-15", "2024-12-14"},
		{Report, "2024-Q1", Quarterly, "2023-12-15", "2024-03-14"},
		{Report, "2024-Q4", Quarterly, "2024-09-15", "2024-12-14"},
		{Report, "2024-01", Monthly, "2023-12-15", "2024-01-14"},
		{Report, "2024-07", Monthly, "2024-06-15", "2024-07-14"},
		{Report, "2024-07-31", Daily, "2024-07-31", "2024-07-31"},
	} {
		p, err := ParsePeriod(c.t, c.label)
		if back, ok := PeriodEnding(c.t, c.rhythm, p.End); !ok || back != p {
			t.Errorf("%s %s: by its end it is %+v", c.t, c.label, back)
		}
		if _, ok := PeriodEnding(c.t, c.rhythm, p.End-1); ok && c.rhythm != Daily {
			t.Errorf("%s %s: a period that ends a day before its end", c.t, c.label)
		}
		if err != nil || p.Start.String() != c.start || p.End.String() != c.end || p.Rhythm != c.rhythm || p.Label != c.label || p.Type != c.t {
			t.Errorf("%s %s: %+v %v", c.t, c.label, p, err)
		}
	}
	for _, label := range []string{"", "24", "2024-13", "2024-00", "2024-H3", "2024-Q5", "2024-7", "2024-02-30", "2024-07-31x", "2024/07"} {
		if p, err := ParsePeriod(Calendar, label); err == nil {
			t.Errorf("%q was read as %+v", label, p)
		}
	}
	if _, err := ParsePeriod("lunar", "2024"); err == nil {
		t.Error("period types are calendar and report")
	}
}

func TestRhythmDays(t *testing.T) {
	for r, want := range map[Rhythm]int{Daily: 1, Monthly: 31, Quarterly: 92, HalfYearly: 184, Yearly: 366, "decade": 0} {
		if got := r.Days(); got != want {
			t.Errorf("%s: %d", r, got)
		}
	}
}

func TestWorkingDays(t *testing.T) {
	d := MustDay
	h := NewHolidays(map[Day]string{d("2024-01-01"): "Tết Dương lịch", d("2024-04-29"): "Hoán đổi", d("2024-04-30"): "Ngày Chiến thắng", d("2024-05-01"): "Quốc tế Lao động"}, map[Day]string{d("2024-05-04"): "Làm bù"})
	for day, want := range map[string]bool{"2023-12-29": true, "2023-12-30": false, "2023-12-31": false, "2024-01-01": false, "2024-01-02": true, "2024-05-04": true, "2024-05-05": false} {
		if got := h.Working(d(day)); got != want {
			t.Errorf("%s: %v", day, got)
		}
	}
	for _, c := range []struct {
		from string
		n    int
		want string
	}{{"2023-12-31", 2, "2024-01-03"}, {"2023-12-14", 2, "2023-12-18"}, {"2024-04-27", 2, "2024-05-03"}, {"2024-05-03", 1, "2024-05-04"}, {"2024-05-03", 0, "2024-05-03"}} {
		if got := h.AddWorking(d(c.from), c.n); got.String() != c.want {
			t.Errorf("%s + %d: %s", c.from, c.n, got)
		}
	}
	for _, c := range []struct {
		from, to string
		want     int
	}{{"2023-12-29", "2024-01-02", 2}, {"2024-04-26", "2024-05-04", 4}, {"2024-05-05", "2024-05-05", 0}, {"2024-05-03", "2024-05-02", 0}} {
		if got := h.Count(d(c.from), d(c.to)); got != c.want {
			t.Errorf("%s to %s: %d working days, want %d", c.from, c.to, got, c.want)
		}
	}
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"", "2025-06-29", "0000-01-01", "9999-12-31", "2024-02-30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDay(s); err == nil && d.String() != s {
			t.Errorf("%q became %q", s, d)
		}
	})
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"2024", "2024-H1", "2024-Q4", "2024-07", "2024-07-31", "0000", "9999-Q4", "2024-Q٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, pt := range []PeriodType{Calendar, Report} {
			p, err := ParsePeriod(pt, s)
			if err != nil {
				continue
			}
			if n := int(p.End-p.Start) + 1; n < 1 || n > p.Rhythm.Days() {
				t.Errorf("%q: %d days for rhythm %s", s, n, p.Rhythm)
			}
			if p.Rhythm != Daily && YearStart(pt, p.Start) != YearStart(pt, p.End) {
				t.Errorf("%q lies in two years", s)
			}
		}
	})
}

// The closed periods of both kinds, at the day on which one closes and around it.
func TestClosedPeriods(t *testing.T) {
	labels := func(kind PeriodType, rhythm Rhythm, from, today string) (all string) {
		for _, p := range ClosedPeriods(kind, rhythm, MustDay(from), MustDay(today)) {
			all += p.Label + " "
		}
		return strings.TrimSpace(all)
	}
	for _, c := range []struct {
		kind              PeriodType
		rhythm            Rhythm
		from, today, want string
	}{
		{Report, Quarterly, "2024-12-14", "2025-06-14", "2024-Q4 2025-Q1"},
		{Report, Quarterly, "2024-12-15", "2025-06-15", "2025-Q1 2025-Q2"},
		{Calendar, Quarterly, "2024-12-15", "2025-06-30", "2024-Q4 2025-Q1"},
		{Calendar, Quarterly, "2024-12-15", "2025-07-01", "2024-Q4 2025-Q1 2025-Q2"},
		{Report, Yearly, "2023-01-01", "2024-12-15", "2023 2024"},
		{Calendar, Yearly, "2023-01-01", "2024-12-15", "2023"},
		{Report, HalfYearly, "2025-01-01", "2025-12-31", "2025-H1 2025-H2"},
		{Calendar, Monthly, "2025-01-31", "2025-03-31", "2025-01 2025-02"},
		{Report, Monthly, "2025-01-31", "2025-03-15", "2025-02 2025-03"},
		{Report, Daily, "2025-01-01", "2025-02-01", ""},
		{Calendar, Monthly, "2025-02-01", "2025-02-01", ""},
	} {
		if got := labels(c.kind, c.rhythm, c.from, c.today); got != c.want {
			t.Errorf("%s %s from %s on %s: %q, want %q", c.kind, c.rhythm, c.from, c.today, got, c.want)
		}
	}
}
