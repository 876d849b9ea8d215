package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/shopspring/decimal"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// with hands the plan and further parameters to a query.
func (s *Store) with(ctx context.Context, more map[string]string) context.Context {
	p := clickhouse.Parameters{"plan": s.plan}
	for k, v := range more {
		p[k] = v
	}
	return clickhouse.Context(ctx, clickhouse.WithParameters(p))
}

// resultKey is what a stored result is a version of.
type resultKey struct {
	indicator string // of a standing: empty
	unit      plan.UnitKey
	asOf      plan.Day
}

// version is the hash of a stored result and when it was known.
type version struct {
	knownAt int64 // unix milliseconds
	hash    uint64
}

// versions are the stored versions of results, the newest last.
type versions map[resultKey][]version

// asKnown is the hash of the newest version that was known by then.
func (v versions) asKnown(key resultKey, knownAt int64) (hash uint64, ok bool) {
	for i := len(v[key]) - 1; i >= 0; i-- {
		if x := v[key][i]; x.knownAt <= knownAt {
			return x.hash, true
		}
	}
	return 0, false
}

// stored are the versions of the results of those days.
func (s *Store) stored(ctx context.Context, table, indicator string, results []progress.Result) (versions, error) {
	days := map[plan.Day]bool{}
	for _, r := range results {
		days[r.Day] = true
	}
	var of []string
	for d := range days {
		of = append(of, d.String())
	}
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"days": array(of)}), `
		SELECT `+indicator+`, unit, unit_from, as_of, toUnixTimestamp64Milli(known_at), hash FROM `+table+`
		WHERE plan = {plan:String} AND as_of IN (SELECT arrayJoin(CAST({days:Array(String)}, 'Array(Date32)')))
		ORDER BY known_at, computed_at`)
	if err != nil {
		return nil, fmt.Errorf("read the stored results: %w", err)
	}
	defer rows.Close()
	have := versions{}
	for rows.Next() {
		var k resultKey
		var from, asOf time.Time
		var v version
		if err := rows.Scan(&k.indicator, &k.unit.Code, &from, &asOf, &v.knownAt, &v.hash); err != nil {
			return nil, err
		}
		k.unit.From, k.asOf = dayFrom(from), dayFrom(asOf)
		have[k] = append(have[k], v)
	}
	return have, rows.Err()
}

// SaveResults appends the results that differ from what is stored as known at their time, and returns how many did. So what
// was known on an earlier day may be computed and stored after what is known now.
func (s *Store) SaveResults(ctx context.Context, p *plan.Plan, version string, results []progress.Result, now time.Time) (int, error) {
	have, err := s.stored(ctx, "assessment", "indicator", results)
	if err != nil {
		return 0, err
	}
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO assessment (plan, plan_version, method_version, indicator, pillar, unit, unit_from, level, as_of, known_at,
		applicability, numerator, denominator, value, path_value, comparator, milestone, target, expected, gap, needed_per_week, pace_per_week, forecast,
		best_reachable, failing_count, coverage, age_days, status, met, outcomes, weeks_behind, behind_since, reason, rulings, member, parts, hash, computed_at)`)
	if err != nil {
		return 0, err
	}
	defer batch.Close()
	n := 0
	for _, r := range results {
		outcomes, err := json.Marshal(Outcomes(r.Outcomes))
		if err != nil {
			return 0, err
		}
		parts, err := json.Marshal(partsOf(r.Parts))
		if err != nil {
			return 0, err
		}
		reason := Reasons(r.Assessment)
		var num, den *int64
		if r.Denominator != 0 {
			num, den = &r.Numerator, &r.Denominator
		}
		var age *int32
		if r.AgeDays != nil {
			a := int32(*r.AgeDays)
			age = &a
		}
		rulings := r.Indicator.Rulings
		if rulings == nil {
			rulings = []string{}
		}
		h := newDigest()
		h.str(version).str(progress.MethodVersion).num(r.KnownAt).str(string(r.Applies)).str(string(r.Status)).str(reason).str(string(outcomes)).str(string(parts)).
			num(r.Numerator).num(r.Denominator).num(int64(r.Milestone)).num(int64(r.WeeksBehind)).num(int64(r.BehindSince)).str(r.Member)
		for _, v := range []*plan.Value{r.Value, r.PathValue, r.Target, r.Expected, r.Gap, r.NeededPerWeek, r.PacePerWeek, r.Forecast, r.BestReachable, r.Coverage} {
			h.flag(v != nil)
			if v != nil {
				h.num(int64(*v))
			}
		}
		if age != nil {
			h.num(int64(*age))
		}
		hash := h.d.Sum64()
		if old, ok := have.asKnown(resultKey{r.Indicator.Code, r.Unit.UnitKey, r.Day}, r.KnownAt); ok && old == hash {
			continue
		}
		err = batch.Append(s.plan, version, progress.MethodVersion, r.Indicator.Code, r.Indicator.Pillar, r.Unit.Code, dayValue(r.Unit.From), string(r.Unit.Level), dayValue(r.Day),
			time.UnixMilli(r.KnownAt).UTC(), string(r.Applies), num, den, dec(r.Value), dec(r.PathValue), string(r.Indicator.Comparator), dayPointer(r.Milestone), dec(r.Target),
			dec(r.Expected), dec(r.Gap), dec(r.NeededPerWeek), dec(r.PacePerWeek), dec(r.Forecast), dec(r.BestReachable), r.FailingCount, dec(r.Coverage), age,
			string(r.Status), r.Met, string(outcomes), uint32(r.WeeksBehind), dayPointer(r.BehindSince), reason, rulings, r.Member, string(parts), hash, now.UTC())
		if err != nil {
			return 0, fmt.Errorf("result of %s for %s on %s: %w", r.Indicator.Code, r.Unit.UnitKey, r.Day, err)
		}
		n++
	}
	if n == 0 {
		return 0, batch.Abort()
	}
	if err := batch.Send(); err != nil {
		return 0, fmt.Errorf("store %d results: %w", n, err)
	}
	return n, nil
}

func dec(v *plan.Value) *decimal.Decimal {
	if v == nil {
		return nil
	}
	d := decimal.New(int64(*v), -10)
	return &d
}

// Outcome is a milestone's outcome as it is stored and shown.
type Outcome struct {
	Milestone plan.Day    `json:"milestone"`
	Outcome   string      `json:"outcome"`
	Value     *plan.Value `json:"value"`
	Reason    string      `json:"reason,omitempty"`
}

// Outcomes leaves out milestones that have none.
func Outcomes(all []progress.MilestoneOutcome) []Outcome {
	out := []Outcome{}
	for _, o := range all {
		if o.Outcome != progress.OutcomeNone {
			out = append(out, Outcome{o.Milestone, string(o.Outcome), o.Value, string(o.Reason)})
		}
	}
	return out
}

// Part is a figure beside the official one as it is stored and shown: a variant, a feature or a member.
type Part struct {
	Code        string      `json:"code"`
	Numerator   int64       `json:"numerator"`
	Denominator int64       `json:"denominator"`
	Value       *plan.Value `json:"value"`
}

func partsOf(all []progress.Member) []Part {
	out := []Part{}
	for _, m := range all {
		out = append(out, Part{m.Code, m.Point.Numerator, m.Point.Denominator, m.Point.Opt()})
	}
	return out
}

// Reasons joins an assessment's reasons, the status's own first.
func Reasons(a progress.Assessment) string {
	s := ""
	for i, r := range a.Reasons {
		if i > 0 {
			s += ","
		}
		s += string(r)
	}
	return s
}

// SaveStandings ranks the units on every day that the results speak of and appends the standings that differ from what is
// stored.
func (s *Store) SaveStandings(ctx context.Context, p *plan.Plan, version string, results []progress.Result, now time.Time) error {
	have, err := s.stored(ctx, "standing", "''", results)
	if err != nil {
		return err
	}
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO standing (plan, plan_version, method_version, level, unit, unit_from, as_of, known_at, rank, of, score,
		met, on_track, at_risk, behind, stale, no_data, missed, applicable, overall, hash, computed_at)`)
	if err != nil {
		return err
	}
	defer batch.Close()
	byDay := map[plan.Day][]progress.Result{}
	for _, r := range results {
		byDay[r.Day] = append(byDay[r.Day], r)
	}
	n := 0
	for day, list := range byDay {
		var known int64
		for _, r := range list {
			known = max(known, r.KnownAt)
		}
		for level, standings := range progress.Standings(p, list) {
			ranked := 0
			for _, x := range standings {
				if x.Rank > 0 {
					ranked++
				}
			}
			for _, x := range standings {
				h := newDigest()
				h.str(version).str(progress.MethodVersion).num(int64(x.Rank)).num(int64(ranked)).num(int64(x.Applicable)).num(int64(x.Missed)).str(string(x.Overall))
				counts := make([]any, 0, 6)
				for _, st := range []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData} {
					h.num(int64(x.Counts[st]))
					counts = append(counts, uint32(x.Counts[st]))
				}
				hash := h.d.Sum64()
				if old, ok := have.asKnown(resultKey{"", x.Unit, day}, known); ok && old == hash {
					continue
				}
				row := []any{s.plan, version, progress.MethodVersion, string(level), x.Unit.Code, dayValue(x.Unit.From), dayValue(day), time.UnixMilli(known).UTC(), uint32(x.Rank), uint32(ranked), dec(x.Share)}
				row = append(append(row, counts...), uint32(x.Missed), uint32(x.Applicable), string(x.Overall), hash, now.UTC())
				if err := batch.Append(row...); err != nil {
					return fmt.Errorf("standing of %s on %s: %w", x.Unit, day, err)
				}
				n++
			}
		}
	}
	if n == 0 {
		return batch.Abort()
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("store %d standings: %w", n, err)
	}
	return nil
}
