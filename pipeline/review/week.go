package review

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"tiendo/pipeline/plan"
)

var weekName = regexp.MustCompile(`^(\d{4})-W(\d{2})$`)

// WeekName names the week that ends on the Sunday by its ISO number: 2025-W26.
func WeekName(sunday plan.Day) string {
	y, w := sunday.Time().ISOWeek()
	return fmt.Sprintf("%04d-W%02d", y, w)
}

// ParseWeek is the Sunday that ends a week named as WeekName does. A week that its year does not have is an error.
func ParseWeek(name string) (plan.Day, error) {
	bad := fmt.Errorf("cannot read %q as a week: write it as 2025-W26", name)
	m := weekName.FindStringSubmatch(name)
	if m == nil {
		return plan.NoDay, bad
	}
	year, _ := strconv.Atoi(m[1])
	week, _ := strconv.Atoi(m[2])
	first := (plan.NewDay(year, time.January, 4) + 6).Sunday() // 4 January lies in week 1
	sunday := first + plan.Day(7*(week-1))
	if WeekName(sunday) != name {
		return plan.NoDay, bad
	}
	return sunday, nil
}
