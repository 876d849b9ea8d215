package schema

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"tiendo/pipeline/contest"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Contests reads what was ever objected to, by number.
func (s *Store) Contests(ctx context.Context) ([]contest.Contest, error) {
	events, err := s.contestSteps(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("read the contests: %w", err)
	}
	return contest.Of(events)
}

// contestTries is how often a new contest looks for a number when others are filed at the same time.
const contestTries = 20

// AddContest stores a step and returns it as it stands: File takes the next number, any other step its place in the contest
// that it names. contest.ErrEnded: somebody else was faster.
func (s *Store) AddContest(ctx context.Context, e contest.Event) (contest.Event, error) {
	e.At = e.At.UTC().Truncate(time.Millisecond)
	if e.Action != contest.File {
		ours, err := s.tryContest(ctx, e)
		if err == nil && !ours {
			err = contest.ErrEnded
		}
		return e, err
	}
	for range contestTries {
		var last uint64
		if err := s.conn.QueryRow(ctx, "SELECT max(number) FROM contest WHERE plan = ?", s.plan).Scan(&last); err != nil {
			return e, fmt.Errorf("look for the newest contest: %w", err)
		}
		e.Number, e.Step = last+1, 1
		if ours, err := s.tryContest(ctx, e); err != nil || ours {
			return e, err
		}
	}
	return e, fmt.Errorf("store a contest: others took the number %d times", contestTries)
}

// tryContest stores a step in its place, and says whether it is the one that stands there.
func (s *Store) tryContest(ctx context.Context, e contest.Event) (ours bool, err error) {
	once := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 1, "insert_deduplication_token": fmt.Sprintf("%s %d %d", s.plan, e.Number, e.Step)}))
	batch, err := s.conn.PrepareBatch(once, `INSERT INTO contest (plan, number, step, action, at, by, reason, indicator, unit, unit_from, as_of, known_at, plan_version, method_version,
		value, numerator, denominator, status, evidence, due, done)`)
	if err != nil {
		return false, fmt.Errorf("store contest %d: %w", e.Number, err)
	}
	defer batch.Close()
	f := e.Figure
	if e.Action != contest.File {
		f, e.Due = contest.Figure{Unit: plan.UnitKey{From: plan.NoDay}, AsOf: plan.NoDay, KnownAt: time.UnixMilli(0)}, plan.NoDay
	}
	err = errors.Join(batch.Append(s.plan, e.Number, e.Step, string(e.Action), e.At, e.By, e.Reason, f.Indicator, f.Unit.Code, dayValue(f.Unit.From), dayValue(f.AsOf), f.KnownAt.UTC(), f.PlanVersion, f.MethodVersion,
		dec(f.Value), f.Numerator, f.Denominator, string(f.Status), e.Evidence, dayValue(e.Due), e.Done), batch.Send())
	if err != nil {
		return false, fmt.Errorf("store contest %d: %w", e.Number, err)
	}
	there, err := s.contestSteps(ctx, fmt.Sprintf("AND number = %d AND step = %d", e.Number, e.Step))
	if err != nil {
		return false, fmt.Errorf("read contest %d back: %w", e.Number, err)
	}
	if len(there) != 1 {
		return false, fmt.Errorf("contest %d: step %d stands there %d times", e.Number, e.Step, len(there))
	}
	x := there[0]
	return x.Action == e.Action && x.At.Equal(e.At) && x.By == e.By && x.Reason == e.Reason, nil
}

func (s *Store) contestSteps(ctx context.Context, which string) ([]contest.Event, error) {
	rows, err := s.conn.Query(s.with(ctx, nil), `
		SELECT number, step, action, at, by, reason, indicator, unit, unit_from, as_of, known_at, plan_version, method_version,
			`+scaled("value")+`, numerator, denominator, status, evidence, due, done
		FROM contest WHERE plan = {plan:String} `+which+` ORDER BY number, step`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []contest.Event
	for rows.Next() {
		var e contest.Event
		var action, status string
		var from, asOf, due time.Time
		var value *int64
		err := rows.Scan(&e.Number, &e.Step, &action, &e.At, &e.By, &e.Reason, &e.Figure.Indicator, &e.Figure.Unit.Code, &from, &asOf, &e.Figure.KnownAt, &e.Figure.PlanVersion, &e.Figure.MethodVersion,
			&value, &e.Figure.Numerator, &e.Figure.Denominator, &status, &e.Evidence, &due, &e.Done)
		if err != nil {
			return nil, err
		}
		e.Action, e.Figure.Status, e.Figure.Value = contest.Action(action), progress.Status(status), (*plan.Value)(value)
		e.Figure.Unit.From, e.Figure.AsOf, e.Due = dayFrom(from), dayFrom(asOf), dayFrom(due)
		all = append(all, e)
	}
	return all, rows.Err()
}
