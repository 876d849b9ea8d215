package schema

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
)

// ofDraft limits rows to one draft.
const ofDraft = "plan = {plan:String} AND form = {form:String} AND unit = {unit:String} AND unit_from = {unit_from:Date32} AND period = {period:String}"

func draftKey(k draft.Key) map[string]string {
	return map[string]string{"form": k.Form, "unit": k.Unit.Code, "unit_from": dayValue(k.Unit.From).Format(time.DateOnly), "period": k.Period}
}

// Drafts are the events that the query picks, by draft and version.
func (s *Store) Drafts(ctx context.Context, q draft.Query) ([]draft.Event, error) {
	text := `SELECT form, unit, unit_from, period, version, id, action, sha256, reason, by, at FROM draft WHERE plan = {plan:String}`
	more := map[string]string{"form": q.Form, "period": q.Period}
	if q.Form != "" {
		text += " AND form = {form:String}"
	}
	if q.Period != "" {
		text += " AND period = {period:String}"
	}
	if q.Unit != nil {
		text += " AND unit = {unit:String} AND unit_from = {unit_from:Date32}"
		more["unit"], more["unit_from"] = q.Unit.Code, dayValue(q.Unit.From).Format(time.DateOnly)
	}
	if q.Newest {
		text += " ORDER BY form, unit, unit_from, period, version DESC LIMIT 1 BY form, unit, unit_from, period"
	} else {
		text += " ORDER BY form, unit, unit_from, period, version"
	}
	rows, err := s.conn.Query(s.with(ctx, more), text)
	if err != nil {
		return nil, fmt.Errorf("read the drafts: %w", err)
	}
	defer rows.Close()
	var all []draft.Event
	for rows.Next() {
		var e draft.Event
		var from time.Time
		var action string
		if err := rows.Scan(&e.Form, &e.Unit.Code, &from, &e.Period, &e.Version, &e.ID, &action, &e.SHA256, &e.Reason, &e.By, &e.At); err != nil {
			return nil, fmt.Errorf("read the drafts: %w", err)
		}
		e.Unit.From, e.Action = dayFrom(from), draft.Action(action)
		all = append(all, e)
	}
	return all, rows.Err()
}

// AppendDraft appends what was done to a draft. It returns when the event stands in its place, alone; draft.ErrTaken says that
// another one does, and then nothing was done.
func (s *Store) AppendDraft(ctx context.Context, e draft.Event) error {
	where := draftKey(e.Key)
	where["version"] = strconv.FormatUint(e.Version, 10)
	standing := func() (newest uint64, id string, err error) {
		err = s.conn.QueryRow(s.with(ctx, where), `SELECT max(version), anyIf(id, version = {version:UInt64}) FROM draft WHERE `+ofDraft).Scan(&newest, &id)
		return
	}
	newest, _, err := standing()
	switch {
	case err != nil:
		return fmt.Errorf("draft %s: %w", e.Key, err)
	case newest+1 != e.Version:
		return draft.ErrTaken
	}
	once := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 1,
		"insert_deduplication_token": fmt.Sprintf("%s %s %d", s.plan, e.Key, e.Version)}))
	batch, err := s.conn.PrepareBatch(once, `INSERT INTO draft (plan, form, unit, unit_from, period, version, id, action, sha256, reason, by, at)`)
	if err == nil {
		defer batch.Close()
		err = errors.Join(batch.Append(s.plan, e.Form, e.Unit.Code, dayValue(e.Unit.From), e.Period, e.Version, e.ID, string(e.Action), e.SHA256, e.Reason, e.By, e.At.UTC()), batch.Send())
	}
	if err != nil {
		return fmt.Errorf("store what was done to draft %s: %w", e.Key, err)
	}
	_, id, err := standing()
	switch {
	case err != nil:
		return fmt.Errorf("draft %s: %w", e.Key, err)
	case id != e.ID:
		return draft.ErrTaken
	}
	return nil
}

// KeepBody keeps what was handed in for a draft; it is named by draft.Sum.
func (s *Store) KeepBody(ctx context.Context, k draft.Key, body []byte, by string, now time.Time) error {
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO draft_body (plan, form, unit, unit_from, period, sha256, body, by, at)`)
	if err == nil {
		defer batch.Close()
		err = errors.Join(batch.Append(s.plan, k.Form, k.Unit.Code, dayValue(k.Unit.From), k.Period, draft.Sum(body), string(body), by, now.UTC()), batch.Send())
	}
	if err != nil {
		return fmt.Errorf("keep what was handed in for %s: %w", k, err)
	}
	return nil
}

// Body is what was handed in for this draft under the hash; nil where nothing was.
func (s *Store) Body(ctx context.Context, k draft.Key, sha256 string) ([]byte, error) {
	where := draftKey(k)
	where["sha256"] = sha256
	var all []string
	if err := s.conn.QueryRow(s.with(ctx, where), `SELECT groupArray(body) FROM (SELECT body FROM draft_body WHERE `+ofDraft+` AND sha256 = {sha256:String} LIMIT 1)`).Scan(&all); err != nil {
		return nil, fmt.Errorf("read what was handed in for %s: %w", k, err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return []byte(all[0]), nil
}

// Receipts say for which units and periods figures of the measures have come from the source, of periods that ended on since
// or later. KnownAt is when the first came.
func (s *Store) Receipts(ctx context.Context, source string, measures []string, since plan.Day) ([]draft.Receipt, error) {
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"source": source, "measures": list(measures), "since": dayValue(since).Format(time.DateOnly)}), `
		SELECT measure, unit, unit_from, day, min(known_at) FROM measure
		WHERE plan = {plan:String} AND measure IN {measures:Array(String)} AND source = {source:String} AND day >= {since:Date32} AND run_id != '' AND `+committed+`
		GROUP BY measure, unit, unit_from, day ORDER BY measure, unit, unit_from, day`)
	if err != nil {
		return nil, fmt.Errorf("read which reports are there: %w", err)
	}
	defer rows.Close()
	var all []draft.Receipt
	for rows.Next() {
		var r draft.Receipt
		var from, end time.Time
		if err := rows.Scan(&r.Measure, &r.Unit.Code, &from, &end, &r.KnownAt); err != nil {
			return nil, fmt.Errorf("read which reports are there: %w", err)
		}
		r.Unit.From, r.End = dayFrom(from), dayFrom(end)
		all = append(all, r)
	}
	return all, rows.Err()
}

// Services are the procedures that the unit's newest catalogue has in force, by code.
func (s *Store) Services(ctx context.Context, unit plan.UnitKey) ([]plan.Member, error) {
	return s.members(ctx, `SELECT code, name FROM
		(
			SELECT code, name, in_force FROM procedure
			WHERE plan = {plan:String} AND unit = {unit:String} AND unit_from = {unit_from:Date32} AND `+committed+`
			ORDER BY code, fetched_at DESC, page DESC LIMIT 1 BY code
		) WHERE in_force ORDER BY code`, map[string]string{"unit": unit.Code, "unit_from": dayValue(unit.From).Format(time.DateOnly)})
}

// Facilities are the facilities of these kinds that have not ended, by code.
func (s *Store) Facilities(ctx context.Context, kinds []string) ([]plan.Member, error) {
	return s.members(ctx, `SELECT id, name FROM
		(
			SELECT id, name, kind, valid_to FROM facility WHERE plan = {plan:String} AND `+committed+`
			ORDER BY id, fetched_at DESC, page DESC, position DESC LIMIT 1 BY id
		) WHERE kind IN {kinds:Array(String)} AND valid_to IS NULL ORDER BY id`, map[string]string{"kinds": list(kinds)})
}

func (s *Store) members(ctx context.Context, query string, with map[string]string) ([]plan.Member, error) {
	rows, err := s.conn.Query(s.with(ctx, with), query)
	if err != nil {
		return nil, fmt.Errorf("list what the store knows for a form: %w", err)
	}
	defer rows.Close()
	var all []plan.Member
	for rows.Next() {
		var m plan.Member
		if err := rows.Scan(&m.Code, &m.Name); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}
