package progress

import "tiendo/pipeline/plan"

// WeekStatus is a status at a weekly point.
type WeekStatus struct {
	Day    plan.Day
	Status Status
}

// Streak counts consecutive weekly points with status behind (RULES section 4, weeks_behind). Since is the first of them,
// plan.NoDay when Weeks is 0. The zero Streak is not a start: use NoStreak.
type Streak struct {
	Weeks int
	Since plan.Day
}

// NoStreak is the count before the first weekly point.
var NoStreak = Streak{Since: plan.NoDay}

// Next takes one weekly point: behind counts on, what is not known holds the count, anything else ends it.
func (s Streak) Next(day plan.Day, status Status) Streak {
	switch status {
	case Behind:
		if s.Weeks == 0 {
			s.Since = day
		}
		s.Weeks++
		return s
	case NoData, Stale, NotApplicable:
		return s
	}
	return NoStreak
}

// counts says whether a weekly point of that status leaves a count standing.
func (s Status) counts() bool {
	switch s {
	case Behind, NoData, Stale, NotApplicable:
		return true
	}
	return false
}

// WeeksBehind is the count after all the points, oldest first.
func WeeksBehind(points []WeekStatus) Streak {
	s := NoStreak
	for _, p := range points {
		s = s.Next(p.Day, p.Status)
	}
	return s
}
