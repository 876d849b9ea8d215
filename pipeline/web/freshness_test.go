package web

import (
	"slices"
	"testing"
	"time"
)

func TestDriftRows(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2025, 6, day, 3, 0, 0, 0, time.UTC) }
	all := []Drift{{"a", "tỷ lệ 8.02, tính lại 10.00", at(1)}, {"a", "tỷ lệ 8.02, tính lại 33,3", at(3)}, {"a", "trường lạ x", at(2)}, {"b", "tỷ lệ 1, tính lại 2", at(4)}}
	s := &site{}
	for source, want := range map[string][]driftRow{
		"":  {{"a", "tỷ lệ 8.02, tính lại 33,3", "1", "10:00 03/06/2025"}, {"a", "trường lạ x", "", "10:00 02/06/2025"}, {"b", "tỷ lệ 1, tính lại 2", "", "10:00 04/06/2025"}},
		"b": {{"b", "tỷ lệ 1, tính lại 2", "", "10:00 04/06/2025"}},
	} {
		if got := s.driftRows(all, source); !slices.Equal(got, want) {
			t.Errorf("of %q: %q, want %q", source, got, want)
		}
	}
}

func TestScheduleText(t *testing.T) {
	for cron, want := range map[string]string{"*/15 * * * *": "15 phút một lần", "5 1 * * *": "01:05 hằng ngày", "45 6 3 * *": "06:45 ngày 3 hằng tháng", "0 6 * * 1": "0 6 * * 1"} {
		if got := scheduleText(cron); got != want {
			t.Errorf("%s: %q, want %q", cron, got, want)
		}
	}
}
