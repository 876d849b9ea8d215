package schema

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/cespare/xxhash/v2"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// fact is one row of a fact table: its natural key, the hash of its content and the columns between them.
type fact struct {
	id      string
	updated int64 // unix seconds of the record's own update time; 0 where it has none
	hash    uint64
	columns []any
	place   int
}

// factTable names a table and the columns that fact.columns fill; every table begins with plan, source and id and ends
// with fetched_at, run_id, page, position and hash.
type factTable struct {
	name    string
	columns string
	updates bool // the table has an updated column
}

var (
	dossierTable   = factTable{"dossier", "unit, unit_from, procedure, channel, status, full_process, submitted, received, due, due_moved, finished, returned, has_fee, fee_amount, updated", true}
	procedureTable = factTable{"procedure", "unit, unit_from, code, name, level, eligible, in_force, valid_from, valid_to", false}
	documentTable  = factTable{"document", "unit, unit_from, receiver, sent, status, updated", true}
	paymentTable   = factTable{"payment", "dossier, unit, unit_from, amount, state, paid, updated", true}
	facilityTable  = factTable{"facility", "name, kind, located_in, located_from, managed_by, managed_from, valid_from, valid_to", false}
	baselineTable  = factTable{"baseline", "indicator, unit, unit_from, day, numerator, denominator, citation", false}
)

// factTables are all of them, for a replay.
var factTables = []factTable{dossierTable, procedureTable, documentTable, paymentTable, facilityTable, baselineTable}

// Land takes the page's body in; the same body is kept once.
func (s *Store) Land(_ context.Context, at run.PageKey, p collectors.Page) error {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if err := s.pending.accepts(at.RunID); err != nil {
		return err
	}
	s.pending.add("payload", len(p.Body), s.plan, at.Source, at.SHA256, string(p.Body))
	return nil
}

// Load takes in a page's records that say something new, and its rejects; it returns how many records those are. Loading
// the same page again changes nothing. Nothing of it counts before Commit.
func (s *Store) Load(ctx context.Context, at run.PageKey, fetched time.Time, b collectors.Batch) (loaded int, err error) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	return s.load(ctx, at, fetched, b)
}

// Reload is Load for a page that was committed before.
func (s *Store) Reload(ctx context.Context, at run.PageKey, fetched time.Time, b collectors.Batch) error {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if _, err := s.load(ctx, at, fetched, b); err != nil {
		return err
	}
	s.learn(at)
	if s.pending.full() {
		return s.flush(ctx)
	}
	return nil
}

// learn makes memory of what the run's loaded page told.
func (s *Store) learn(at run.PageKey) {
	if x := s.pending.staged[at.RunID]; x != nil {
		s.memory.learn(at.Source, x)
		s.pending.learn(x)
		delete(s.pending.staged, at.RunID)
	}
}

func (s *Store) load(ctx context.Context, at run.PageKey, fetched time.Time, b collectors.Batch) (loaded int, err error) {
	if err := s.pending.accepts(at.RunID); err != nil {
		return 0, err
	}
	stage := &staged{figures: map[figureKey]figure{}, listed: b.Procedures}
	s.pending.staged[at.RunID] = stage
	type load struct {
		table factTable
		facts []fact
	}
	loads := []load{
		{dossierTable, each(b.Dossiers, dossierFact)},
		{procedureTable, each(b.Procedures, procedureFact)},
		{documentTable, each(b.Documents, documentFact)},
		{paymentTable, each(b.Payments, paymentFact)},
		{facilityTable, each(b.Facilities, facilityFact)},
		{baselineTable, each(b.Baselines, baselineFact)},
	}
	for _, l := range loads {
		n, err := s.loadFacts(ctx, l.table, at, fetched, l.facts, stage)
		if err != nil {
			return loaded, fmt.Errorf("load %s of source %s, page %d: %w", l.table.name, at.Source, at.Page, err)
		}
		loaded += n
	}
	n, err := s.loadMeasures(ctx, at, fetched, b.Measures, stage)
	if err != nil {
		return loaded, fmt.Errorf("load measures of source %s, page %d: %w", at.Source, at.Page, err)
	}
	refused, err := s.refused(ctx, b.Rejects)
	if err != nil {
		return loaded, err
	}
	for _, r := range b.Rejects {
		h := xxhash.Sum64String(strings.Join([]string{at.Source, r.Key, r.Field, r.Rule, string(r.Record)}, "\x00"))
		if refused[h] {
			continue // it stands in the list already: the recent past is read again with every pull
		}
		stage.refused = append(stage.refused, h)
		s.pending.add("reject", len(r.Record), s.plan, at.Source, at.RunID, at.Page, uint32(r.Position), r.Key, r.Field, r.Rule, r.Reason, string(r.Record), at.SHA256, fetched)
	}
	slices.Sort(b.Drift)
	for _, what := range slices.Compact(b.Drift) {
		if s.memory.drift[at.Source+" "+what] {
			continue
		}
		s.memory.drift[at.Source+" "+what] = true
		s.pending.add("drift", 0, s.plan, at.Source, what, at.RunID, fetched)
	}
	return loaded + n, nil
}

// refused are the digests of the rejects that are listed; nil where there is nothing to compare.
func (s *Store) refused(ctx context.Context, rejects []collectors.Reject) (map[uint64]bool, error) {
	if len(rejects) == 0 || s.memory.refused != nil {
		return s.memory.refused, nil
	}
	rows, err := s.conn.Query(s.with(ctx, nil), `
		SELECT DISTINCT xxHash64(concat(source, '\0', key, '\0', field, '\0', rule, '\0', record)) FROM reject WHERE plan = {plan:String} AND `+committed)
	if err != nil {
		return nil, fmt.Errorf("look up known rejects: %w", unanswered(err))
	}
	defer rows.Close()
	have := map[uint64]bool{}
	for rows.Next() {
		var h uint64
		if err := rows.Scan(&h); err != nil {
			return nil, err
		}
		have[h] = true
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	s.memory.refused = have
	return have, nil
}

// Commit takes in the page's manifest; when it is written, after everything of the page, the page's rows count and a later
// run goes on behind it.
func (s *Store) Commit(ctx context.Context, at run.PageKey, p collectors.Page, loaded, rejected int) error {
	cursor, err := json.Marshal(p.Cursor)
	if err != nil {
		return err
	}
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	if err := s.pending.accepts(at.RunID); err != nil {
		return err
	}
	s.learn(at)
	s.pending.add("page", 0, s.plan, at.Source, at.RunID, at.Page, at.SHA256, p.Request, p.FetchedAt.UTC(), at.Asserted, uint32(p.Records), uint32(loaded), uint32(rejected), string(cursor), time.Now().UTC())
	s.memory.cursors[at.Source] = p.Cursor
	if newest, ok := s.memory.newest[at.Source]; ok && p.FetchedAt.After(newest) {
		s.memory.newest[at.Source] = p.FetchedAt
	}
	if _, sha, ok := strings.Cut(p.Request, fileMark); ok && s.memory.files[at.Source] != nil {
		s.memory.files[at.Source][sha] = true
	}
	if s.pending.full() {
		return s.flush(ctx)
	}
	return nil
}

// EndRun takes in the record of a run's end and writes everything that is pending, unless a history load defers that. A run
// that lost something of what it took in has failed, whatever it thinks.
func (s *Store) EndRun(ctx context.Context, r run.Run) (err error) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	lost := s.pending.accepts(r.RunID)
	delete(s.pending.staged, r.RunID)
	defer delete(s.pending.broken, r.RunID)
	if lost != nil {
		if r.State == run.OK {
			r.State, r.Error = run.Failed, lost.Error()
		}
		defer func() { err = cmp.Or(err, lost) }()
	}
	s.pending.add("run", 0, s.plan, r.Source, r.RunID, r.StartedAt.UTC(), r.EndedAt.UTC(), r.FetchedAt.UTC(), r.Asserted, r.State, uint32(r.Pages), uint64(r.Records), uint64(r.Loaded), uint64(r.Rejected), r.Error)
	if s.pending.deferred && !s.pending.full() {
		return nil
	}
	return s.flush(ctx)
}

// Flush writes what is pending.
func (s *Store) Flush(ctx context.Context) error {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	return s.flush(ctx)
}

// Defer lets the ends of runs wait for a full buffer or for Flush: a history of many small runs is written in few batches.
func (s *Store) Defer(yes bool) {
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	s.pending.deferred, s.pending.failed = yes, nil
}

func each[T any](rows []T, f func(int, T) fact) []fact {
	out := make([]fact, 0, len(rows))
	for i, r := range rows {
		out = append(out, f(i, r))
	}
	return out
}

// known is what is held of a natural key: the newest version's content and update time.
type known struct {
	hash    uint64
	updated int64
}

// loadFacts takes in the facts whose content differs from the newest version fetched up to that moment; of several
// versions in one page the newest counts.
func (s *Store) loadFacts(ctx context.Context, t factTable, at run.PageKey, fetched time.Time, facts []fact, stage *staged) (int, error) {
	if len(facts) == 0 {
		return 0, nil
	}
	newest := make(map[string]int, len(facts))
	for i, f := range facts {
		if j, ok := newest[f.id]; !ok || facts[j].updated <= f.updated {
			newest[f.id] = i
		}
	}
	have, err := s.knownFacts(ctx, t, at.Source, fetched, newest)
	if err != nil {
		return 0, err
	}
	n := 0
	for i, f := range facts {
		if newest[f.id] != i {
			continue
		}
		if k, ok := have[f.id]; ok && (k.hash == f.hash || k.updated > f.updated) {
			continue
		}
		row := make([]any, 0, len(f.columns)+8)
		row = append(row, s.plan, at.Source, f.id)
		row = append(row, f.columns...)
		row = append(row, fetched, at.RunID, at.Page, uint32(f.place), f.hash)
		s.pending.add(t.name, 0, row...)
		stage.facts = append(stage.facts, stagedFact{factKey(t.name, at.Source), f.id, known{f.hash, f.updated}})
		n++
	}
	return n, nil
}

// knownFacts is what is known of the ids. Where the memory of a table is whole it is the answer itself; else the ids were
// foreseen, or are looked up.
func (s *Store) knownFacts(ctx context.Context, t factTable, source string, fetched time.Time, ids map[string]int) (map[string]known, error) {
	if whole, err := s.memory.facts(ctx, s, t.name, source); err != nil || whole != nil {
		return whole, err
	}
	if f, ok := s.memory.foreseen[factKey(t.name, source)]; ok && f.covers(fetched, ids) {
		return f.known, nil
	}
	return s.lookUp(ctx, t, source, fetched, ids)
}

// lookUp asks the table for the ids; what is pending stands over what is written.
func (s *Store) lookUp(ctx context.Context, t factTable, source string, fetched time.Time, ids map[string]int) (map[string]known, error) {
	wanted, err := ext.NewTable("wanted", ext.Column("id", "String"))
	if err != nil {
		return nil, err
	}
	for id := range ids {
		if err := wanted.Append(id); err != nil {
			return nil, err
		}
	}
	updated := "toInt64(0)"
	if t.updates {
		updated = "ifNull(toUnixTimestamp64Second(updated), 0)"
	}
	rows, err := s.conn.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), `
		SELECT id, argMax(hash, (fetched_at, page, position)), argMax(`+updated+`, (fetched_at, page, position)) FROM `+t.name+`
		WHERE plan = ? AND source = ? AND fetched_at <= ? AND id IN wanted AND (run_id, page) IN (SELECT run_id, page FROM page WHERE plan = ?)
		GROUP BY id`, s.plan, source, stamp(fetched), s.plan)
	if err != nil {
		return nil, fmt.Errorf("look up known records: %w", unanswered(err))
	}
	defer rows.Close()
	have := make(map[string]known, len(ids))
	for rows.Next() {
		var id string
		var k known
		if err := rows.Scan(&id, &k.hash, &k.updated); err != nil {
			return nil, err
		}
		have[id] = k
	}
	for id := range ids {
		if k, ok := s.pending.facts[factKey(t.name, source)][id]; ok {
			have[id] = k
		}
	}
	return have, rows.Err()
}

// figureKey is the natural key of a stated figure.
type figureKey struct {
	source, measure, unit string
	from                  plan.Day
	dims                  string
	ptype                 plan.PeriodType
	day                   plan.Day
}

// figure is what is held of it.
type figure struct {
	value    int64
	evidence string
}

// loadMeasures takes in stated figures that differ from what is known of the same key.
func (s *Store) loadMeasures(ctx context.Context, at run.PageKey, fetched time.Time, measures []collectors.Measure, stage *staged) (int, error) {
	if len(measures) == 0 {
		return 0, nil
	}
	newest := make(map[figureKey]int, len(measures))
	keys := make([]figureKey, len(measures))
	for i, m := range measures {
		keys[i] = figureKey{at.Source, m.Code, m.Unit.Code, m.Unit.From, m.Dims, m.PeriodType, m.End}
		newest[keys[i]] = i
	}
	have, err := s.knownFigures(ctx, at.Source, fetched, newest)
	if err != nil {
		return 0, err
	}
	n := 0
	for i, m := range measures {
		f := figure{m.Value, m.Evidence}
		if v, ok := have[keys[i]]; newest[keys[i]] != i || ok && v == f {
			continue
		}
		s.pending.add("measure", 0, s.plan, at.Source, m.Code, m.Unit.Code, dayValue(m.Unit.From), m.Dims, string(m.PeriodType), dayValue(m.Start), dayValue(m.End),
			m.Value, m.Evidence, fetched, at.RunID, at.Page, uint32(m.Position))
		stage.figures[keys[i]] = f
		n++
	}
	return n, nil
}

func (s *Store) knownFigures(ctx context.Context, source string, fetched time.Time, keys map[figureKey]int) (map[figureKey]figure, error) {
	if whole, err := s.memory.figures(ctx, s); err != nil || whole != nil {
		return whole, err
	}
	wanted, err := ext.NewTable("wanted", ext.Column("measure", "String"), ext.Column("unit", "String"), ext.Column("day", "Date32"))
	if err != nil {
		return nil, err
	}
	for k := range keys {
		if err := wanted.Append(k.measure, k.unit, dayValue(k.day)); err != nil {
			return nil, err
		}
	}
	rows, err := s.conn.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), `
		SELECT measure, unit, unit_from, dims, period_type, day, argMax(value, (known_at, page, position)), argMax(evidence, (known_at, page, position)) FROM measure
		WHERE plan = ? AND source = ? AND known_at <= ? AND run_id != ''
		  AND measure IN (SELECT measure FROM wanted) AND (measure, unit, day) IN (SELECT measure, unit, day FROM wanted)
		  AND (run_id, page) IN (SELECT run_id, page FROM page WHERE plan = ?)
		GROUP BY measure, unit, unit_from, dims, period_type, day`, s.plan, source, stamp(fetched), s.plan)
	if err != nil {
		return nil, fmt.Errorf("look up known measures: %w", unanswered(err))
	}
	defer rows.Close()
	have := map[figureKey]figure{}
	for rows.Next() {
		k := figureKey{source: source}
		var v figure
		var ptype string
		var from, day time.Time
		if err := rows.Scan(&k.measure, &k.unit, &from, &k.dims, &ptype, &day, &v.value, &v.evidence); err != nil {
			return nil, err
		}
		k.from, k.day, k.ptype = dayFrom(from), dayFrom(day), plan.PeriodType(ptype)
		have[k] = v
	}
	for k := range keys {
		if f, ok := s.pending.figures[k]; ok {
			have[k] = f
		}
	}
	return have, rows.Err()
}

// digest hashes a record's content field by field.
type digest struct{ d *xxhash.Digest }

func newDigest() *digest { return &digest{xxhash.New()} }

func (h *digest) str(s string) *digest {
	h.num(int64(len(s)))
	_, _ = h.d.WriteString(s) // a hash never fails
	return h
}

func (h *digest) num(n int64) *digest {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	_, _ = h.d.Write(b[:])
	return h
}

func (h *digest) time(t time.Time) *digest {
	if t.IsZero() {
		return h.num(-1 << 62)
	}
	return h.num(t.Unix())
}

func (h *digest) unit(k plan.UnitKey) *digest { return h.str(k.Code).num(int64(k.From)) }

func (h *digest) flag(b bool) *digest {
	if b {
		return h.num(1)
	}
	return h.num(0)
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func dossierFact(_ int, r collectors.Dossier) fact {
	h := newDigest()
	h.unit(r.Unit).str(r.Procedure).num(int64(r.Channel)).num(int64(r.Status)).flag(r.FullProcess).time(r.Submitted).time(r.Received).
		time(r.Due).num(int64(r.DueMoved)).time(r.Finished).time(r.Returned).flag(r.HasFee).num(r.FeeAmount)
	return fact{r.ID, unixOrZero(r.Updated), h.d.Sum64(), []any{r.Unit.Code, dayValue(r.Unit.From), r.Procedure, r.Channel, r.Status, r.FullProcess,
		instant(r.Submitted), instant(r.Received), instant(r.Due), r.DueMoved, instant(r.Finished), instant(r.Returned), r.HasFee, r.FeeAmount, instant(r.Updated)}, r.Position}
}

func procedureFact(_ int, r collectors.Procedure) fact {
	h := newDigest()
	h.unit(r.Unit).str(r.Code).str(r.Name).num(int64(r.Level)).flag(r.Eligible).num(int64(r.ValidFrom)).num(int64(r.ValidTo)).flag(!r.Gone)
	return fact{r.Key(), 0, h.d.Sum64(), []any{r.Unit.Code, dayValue(r.Unit.From), r.Code, r.Name, r.Level, r.Eligible, !r.Gone,
		dayPointer(r.ValidFrom), dayPointer(r.ValidTo)}, r.Position}
}

func documentFact(_ int, r collectors.Document) fact {
	h := newDigest()
	h.unit(r.Unit).str(r.To).time(r.Sent).str(r.Status)
	return fact{r.ID, unixOrZero(r.Updated), h.d.Sum64(), []any{r.Unit.Code, dayValue(r.Unit.From), r.To, instant(r.Sent), r.Status, instant(r.Updated)}, r.Position}
}

func paymentFact(_ int, r collectors.Payment) fact {
	h := newDigest()
	h.str(r.Dossier).unit(r.Unit).num(r.Amount).str(r.State).time(r.Paid)
	return fact{r.ID, unixOrZero(r.Updated), h.d.Sum64(), []any{r.Dossier, r.Unit.Code, dayValue(r.Unit.From), r.Amount, r.State, instant(r.Paid), instant(r.Updated)}, r.Position}
}

func facilityFact(_ int, r collectors.Facility) fact {
	h := newDigest()
	h.str(r.Name).str(r.Kind).unit(r.LocatedIn).unit(r.ManagedBy).num(int64(r.From)).num(int64(r.To))
	return fact{r.Code, 0, h.d.Sum64(), []any{r.Name, r.Kind, r.LocatedIn.Code, dayValue(r.LocatedIn.From), r.ManagedBy.Code, dayValue(r.ManagedBy.From),
		dayValue(r.From), dayPointer(r.To)}, r.Position}
}

func baselineFact(_ int, r collectors.Baseline) fact {
	h := newDigest()
	h.num(int64(r.Day)).num(r.Numerator).num(r.Denominator).str(r.Citation)
	return fact{r.Indicator + " " + r.Unit.String(), 0, h.d.Sum64(), []any{r.Indicator, r.Unit.Code, dayValue(r.Unit.From), dayValue(r.Day), r.Numerator, r.Denominator, r.Citation}, r.Position}
}
