package progress

import (
	"slices"

	"tiendo/pipeline/plan"
)

// Window is the period whose figures make an indicator's official value on the day: from the year's start for a flow, up to
// the last closed reporting month where units report by forms (RULES section 2). Of a stock it is the newest figure up to
// the day, and from is NoDay.
func Window(ind *plan.Indicator, d plan.Day) (from, to plan.Day) {
	if ind.Window != plan.YearToDate {
		return plan.NoDay, d
	}
	if ind.PeriodType == plan.Report {
		d = lastReportEnd(d)
	}
	return plan.YearStart(ind.PeriodType, d), d
}

// Reporters are the units whose own figures make a unit's figure, at all times; those not valid on a day count in a flow only.
// Of indicators that institutions report they are the units that the institutions belong to.
func Reporters(ind *plan.Indicator, unit *plan.Unit) []*plan.Unit {
	switch ind.Aggregate {
	case plan.MinAfterSumPerSector, plan.ReportedHere:
		return []*plan.Unit{unit}
	case plan.DistinctCatalogue, plan.LocatedIn, plan.ManagedBy:
		return unit.Subtree()
	}
	return slices.DeleteFunc(unit.Subtree(), func(u *plan.Unit) bool {
		return len(ind.OwnLevels) > 0 && !slices.Contains(ind.OwnLevels, u.Level)
	})
}
