package schema

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// settingReportsChecked is the day of the newest check of what is due: what is late is late by that day.
const settingReportsChecked = "reports_checked"

// reportKey is what a stored report is a version of.
type reportKey struct {
	indicator string
	unit      plan.UnitKey
	facility  string
	end       plan.Day
}

// SaveReports appends the reports that differ from what is stored and notes the day of the check. A check of a day before
// the newest one is passed over: what was known then is not how things stand.
func (s *Store) SaveReports(ctx context.Context, reports []progress.Report, checked plan.Day, now time.Time) error {
	last, err := s.Setting(ctx, settingReportsChecked)
	if err != nil {
		return err
	}
	if last > checked.String() {
		return nil
	}
	have, err := s.storedReports(ctx)
	if err != nil {
		return err
	}
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO report (plan, indicator, unit, unit_from, facility, period, period_start, period_end, source, form, level,
		due, late_from, reported_at, state, days_late, superseded, hash, checked_at)`)
	if err != nil {
		return err
	}
	defer batch.Close()
	n := 0
	for _, r := range reports {
		var at *time.Time
		late := 0
		if r.ReportedAt != 0 {
			t := time.UnixMilli(r.ReportedAt).UTC()
			at, late = &t, r.DaysLate
		}
		h := newDigest()
		h.str(r.Source).str(r.Form).str(string(r.State)).num(r.ReportedAt).num(int64(late)).num(int64(r.Due)).num(int64(r.LateFrom)).flag(r.Superseded)
		hash := h.d.Sum64()
		if old, ok := have[reportKey{r.Indicator.Code, r.Unit.UnitKey, r.Facility, r.Period.End}]; ok && old == hash {
			continue
		}
		err := batch.Append(s.plan, r.Indicator.Code, r.Unit.Code, dayValue(r.Unit.From), r.Facility, r.Period.Label, dayValue(r.Period.Start), dayValue(r.Period.End),
			r.Source, r.Form, string(r.Unit.Level), dayValue(r.Due), dayValue(r.LateFrom), at, string(r.State), int32(late), r.Superseded, hash, now.UTC())
		if err != nil {
			return fmt.Errorf("report of %s by %s%s for %s: %w", r.Indicator.Code, r.Unit.UnitKey, r.Facility, r.Period.Label, err)
		}
		n++
	}
	if n == 0 {
		err = batch.Abort()
	} else {
		err = batch.Send()
	}
	if err != nil {
		return fmt.Errorf("store %d reports: %w", n, err)
	}
	if last == checked.String() {
		return nil
	}
	return s.SetSetting(ctx, settingReportsChecked, checked.String())
}

func (s *Store) storedReports(ctx context.Context) (map[reportKey]uint64, error) {
	rows, err := s.conn.Query(s.with(ctx, nil), `
		SELECT indicator, unit, unit_from, facility, period_end, argMax(hash, checked_at) FROM report WHERE plan = {plan:String} GROUP BY ALL`)
	if err != nil {
		return nil, fmt.Errorf("read the stored reports: %w", err)
	}
	defer rows.Close()
	have := map[reportKey]uint64{}
	for rows.Next() {
		var k reportKey
		var from, end time.Time
		var hash uint64
		if err := rows.Scan(&k.indicator, &k.unit.Code, &from, &k.facility, &end, &hash); err != nil {
			return nil, err
		}
		k.unit.From, k.end = dayFrom(from), dayFrom(end)
		have[k] = hash
	}
	return have, rows.Err()
}

// Restated lists the owed results of those days whose stored status is another one than the first that was known, where
// both rest on figures that are there, the rules did not change in between, and the change was learnt at or after since.
func (s *Store) Restated(ctx context.Context, days []plan.Day, since time.Time) ([]progress.Restatement, error) {
	var of []string
	for _, d := range days {
		of = append(of, d.String())
	}
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"days": array(of), "last": slices.Max(days).String(), "since": stamp(since)}), `
		SELECT indicator, unit, unit_from, as_of, first_status, now_status
		FROM v_restated(plan={plan:String}, as_of={last:Date32}, known_on='2099-12-31')
		WHERE as_of IN (SELECT arrayJoin(CAST({days:Array(String)}, 'Array(Date32)'))) AND applicability = 'owed' AND cause = 'restated'
			AND first_status != now_status AND known_at > previous_known_at AND known_at >= {since:DateTime64(3, 'UTC')}
		ORDER BY indicator, unit, unit_from, as_of`)
	if err != nil {
		return nil, fmt.Errorf("read the restated results: %w", err)
	}
	defer rows.Close()
	var all []progress.Restatement
	for rows.Next() {
		var x progress.Restatement
		var from, day time.Time
		var was, now string
		if err := rows.Scan(&x.Indicator, &x.Unit.Code, &from, &day, &was, &now); err != nil {
			return nil, err
		}
		x.Unit.From, x.Day, x.Was, x.Now = dayFrom(from), dayFrom(day), progress.Status(was), progress.Status(now)
		all = append(all, x)
	}
	return all, rows.Err()
}

// FirstRuns is the fetch time of every source's first run that ended, however it went.
func (s *Store) FirstRuns(ctx context.Context) (map[string]time.Time, error) {
	return s.runTimes(ctx, "min", "1")
}
