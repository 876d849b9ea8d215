package schema

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
)

// Account is the newest version of the name's account; access.ErrNoAccount where there is none.
func (s *Store) Account(ctx context.Context, name string) (access.Account, error) {
	all, err := s.accounts(ctx, "AND name = {name:String} ORDER BY version DESC, at DESC LIMIT 1", name)
	if err == nil && len(all) == 0 {
		err = access.ErrNoAccount
	}
	if err != nil {
		return access.Account{}, fmt.Errorf("account %q: %w", name, err)
	}
	return all[0], nil
}

// Accounts are the newest versions, by name.
func (s *Store) Accounts(ctx context.Context) ([]access.Account, error) {
	return s.accounts(ctx, "ORDER BY name, version DESC, at DESC LIMIT 1 BY name", "")
}

// AccountVersions are all versions of all accounts, as they were appended.
func (s *Store) AccountVersions(ctx context.Context) ([]access.Account, error) {
	return s.accounts(ctx, "ORDER BY name, version, at", "")
}

func (s *Store) accounts(ctx context.Context, which, name string) ([]access.Account, error) {
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"name": name}), `SELECT name, role, unit, unit_from, password, disabled, version, at, by FROM account WHERE plan = {plan:String} `+which)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	defer rows.Close()
	var all []access.Account
	for rows.Next() {
		var a access.Account
		var role string
		var from time.Time
		if err := rows.Scan(&a.Name, &role, &a.Unit.Code, &from, &a.Password, &a.Disabled, &a.Version, &a.At, &a.By); err != nil {
			return nil, fmt.Errorf("read the accounts: %w", err)
		}
		a.Role = access.Role(role)
		if a.Unit.Code != "" {
			a.Unit.From = dayFrom(from)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// SaveAccount appends the next version of an account, whatever the newest one is: ChangeAccount of a command.
func (s *Store) SaveAccount(ctx context.Context, a access.Account, action, by string, now time.Time) error {
	last, err := s.Account(ctx, a.Name)
	if err != nil && !errors.Is(err, access.ErrNoAccount) {
		return err
	}
	a.Version = last.Version
	return s.ChangeAccount(ctx, a, access.Event{At: now, Actor: by, Action: action})
}

// ChangeAccount appends the next version of an account, and before it the row of the audit log that tells of it. Its Version is the
// one that was changed, 0 for a new account; where the store has another by now the error is access.ErrChanged. The version's
// number, instant and author, and the event's subject and detail are set here.
func (s *Store) ChangeAccount(ctx context.Context, a access.Account, e access.Event) error {
	if err := a.Check(); err != nil {
		return err
	}
	last, err := s.Account(ctx, a.Name)
	if err != nil && !errors.Is(err, access.ErrNoAccount) {
		return err
	}
	if a.Version != last.Version {
		return fmt.Errorf("account %s: %w", a.Name, access.ErrChanged)
	}
	a.Version, a.At, a.By = last.Version+1, e.At.UTC().Truncate(time.Millisecond), e.Actor
	e.At, e.Subject, e.Detail = a.At, a.Name, a.Told()
	if _, err := s.Record(ctx, e); err != nil {
		return err
	}
	// A batch, because a statement's parameters would lose the milliseconds.
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO account (plan, name, version, role, unit, unit_from, password, disabled, at, by)`)
	if err == nil {
		defer batch.Close()
		err = errors.Join(batch.Append(s.plan, a.Name, a.Version, string(a.Role), a.Unit.Code, dayValue(fromOf(a.Unit)), a.Password, a.Disabled, a.At, a.By), batch.Send())
	}
	if err != nil {
		return fmt.Errorf("store account %s: %w", a.Name, err)
	}
	return nil
}

func fromOf(u plan.UnitKey) plan.Day {
	if u.Code == "" {
		return plan.NoDay
	}
	return u.From
}

// chained is a table of rows that hold the hash of the row before, with the table of its marks.
type chained struct{ rows, marks, name, verify string }

var auditLog = chained{"audit", "audit_mark", "the audit log", "tiendo audit verify"}

// chainTries is how often a row looks for its place when other processes write at the same time.
const chainTries = 50

// Record appends an event to the audit log. It returns when the row is there, alone in its place; an error means that the event is
// not told of, so what it tells of must not happen.
func (s *Store) Record(ctx context.Context, e access.Event) (access.Row, error) {
	return s.chain(ctx, auditLog, func() (access.Event, error) { return e, nil })
}

// chain appends the event that next gives to a chained table. next is asked again where another writer took the place; its error
// ends it.
func (s *Store) chain(ctx context.Context, t chained, next func() (access.Event, error)) (access.Row, error) {
	var burnt uint64
	for range chainTries {
		row, there, err := s.tryChain(ctx, t, next, burnt)
		switch {
		case err != nil:
			return row, fmt.Errorf("write %s: %w", t.name, err)
		case there == row.Hash:
			return row, nil
		case there == "": // the place was taken once, and its row was taken out of the store: verification shall see the gap
			burnt++
		}
	}
	return access.Row{}, fmt.Errorf("write %s: other writers took the place %d times", t.name, chainTries)
}

// tryChain appends the event behind the newest row and the burnt places after it. stands is the hash that then stands in the row's place.
func (s *Store) tryChain(ctx context.Context, t chained, next func() (access.Event, error), burnt uint64) (row access.Row, stands string, err error) {
	last, err := s.chainRows(ctx, t, "ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return row, "", err
	}
	e, err := next() // after the newest row was read: what was appended since has the place
	if err != nil {
		return row, "", err
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	var prev access.Row
	if len(last) > 0 {
		prev = last[0]
	}
	prev.Seq += burnt
	row = access.Chain(s.plan, prev, e)
	// The token is the place, not the content: of two rows for one place the engine drops the second without a word, and what then
	// stands there says whose it is.
	once := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 1, "insert_deduplication_token": fmt.Sprintf("%s %d", s.plan, row.Seq)}))
	batch, err := s.conn.PrepareBatch(once, `INSERT INTO `+t.rows+` (plan, seq, at, actor, action, subject, address, detail, prev, hash)`)
	if err != nil {
		return row, "", err
	}
	defer batch.Close()
	if err := batch.Append(row.Plan, row.Seq, row.At, row.Actor, row.Action, row.Subject, row.Address, row.Detail, row.Prev, row.Hash); err != nil {
		return row, "", err
	}
	if err := batch.Send(); err != nil {
		return row, "", err
	}
	there, err := s.chainRows(ctx, t, fmt.Sprintf("AND seq = %d", row.Seq))
	switch {
	case err != nil || len(there) == 0:
		return row, "", err
	case len(there) > 1:
		return row, "", fmt.Errorf("row %d is there %d times: run `%s`", row.Seq, len(there), t.verify)
	case there[0].Hash == row.Hash:
		err = s.conn.Exec(ctx, "INSERT INTO "+t.marks+" (plan, seq, hash) VALUES (?, ?, ?)", s.plan, row.Seq, row.Hash)
	}
	return row, there[0].Hash, err
}

// Audit is the whole log of the plan, in the order of places.
func (s *Store) Audit(ctx context.Context) ([]access.Row, error) {
	return s.chainOf(ctx, auditLog)
}

// sayingRow is what a row of a chained table says, decomposed and in lower case, for a pattern of foldedPattern.
const sayingRow = `normalizeUTF8NFD(lowerUTF8(toValidUTF8(concat(subject, ' ', detail, ' ', address, ' ', actor))))`

// foldedPattern matches decomposed texts in lower case that have the folded text in them once they are folded (plan.Fold).
func foldedPattern(folded string) string {
	var b strings.Builder
	for _, r := range folded {
		switch r {
		case ' ':
			b.WriteString(`[^\p{L}\p{Nd}]+`)
		case 'd':
			b.WriteString(`[dđ]\p{Mn}*`)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)) + `\p{Mn}*`)
		}
	}
	return b.String()
}

// Audited is a part of the log, with what the rest of it holds. It verifies nothing.
func (s *Store) Audited(ctx context.Context, q web.AuditQuery) (part web.AuditPart, err error) {
	escape := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`).Replace // a parameter is read as a field of TSV
	params := map[string]string{"actor": escape(q.Actor), "action": escape(q.Action), "sought": escape(foldedPattern(q.Sought))}
	wanted := "1"
	for _, x := range []struct {
		asked bool
		rule  string
	}{
		{q.Actor != "", "actor = {actor:String}"},
		{q.Action != "", "action = {action:String}"},
		{q.From != plan.NoDay, fmt.Sprintf("toUnixTimestamp64Milli(at) >= %d", q.From.Start().UnixMilli())},
		{q.To != plan.NoDay, fmt.Sprintf("toUnixTimestamp64Milli(at) < %d", q.To.End().UnixMilli())},
		{q.Sought != "", "match(" + sayingRow + ", {sought:String})"},
	} {
		if x.asked {
			wanted += " AND " + x.rule
		}
	}
	var all, found uint64
	err = s.conn.QueryRow(s.with(ctx, params), `SELECT count(), countIf(`+wanted+`), groupUniqArray(actor), groupUniqArray(action) FROM `+auditLog.rows+` WHERE plan = {plan:String}`).Scan(&all, &found, &part.Actors, &part.Actions)
	if err != nil {
		return part, fmt.Errorf("read %s: %w", auditLog.name, err)
	}
	part.All, part.Found = int(all), int(found)
	limit := ""
	if q.Most > 0 {
		limit = fmt.Sprintf(" LIMIT %d OFFSET %d", q.Most, q.Skip)
	}
	if part.Rows, err = s.chainRowsBy(ctx, auditLog, params, "AND "+wanted+" ORDER BY seq DESC, hash DESC"+limit); err != nil {
		return part, fmt.Errorf("read %s: %w", auditLog.name, err)
	}
	return part, nil
}

// AuditMarks are the rows that were the newest once.
func (s *Store) AuditMarks(ctx context.Context) ([]access.Mark, error) {
	return s.marksOf(ctx, auditLog)
}

func (s *Store) chainOf(ctx context.Context, t chained) ([]access.Row, error) {
	rows, err := s.chainRows(ctx, t, "ORDER BY seq, hash")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.name, err)
	}
	return rows, nil
}

func (s *Store) marksOf(ctx context.Context, t chained) ([]access.Mark, error) {
	rows, err := s.conn.Query(s.with(ctx, nil), `SELECT seq, hash FROM `+t.marks+` WHERE plan = {plan:String} ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("read the marks of %s: %w", t.name, err)
	}
	defer rows.Close()
	var marks []access.Mark
	for rows.Next() {
		var m access.Mark
		if err := rows.Scan(&m.Seq, &m.Hash); err != nil {
			return nil, err
		}
		marks = append(marks, m)
	}
	return marks, rows.Err()
}

// VerifyAudit holds the log against its chain and marks, and against what it tells of: every account and every entry of a register.
// kept are marks that are kept elsewhere. It gives the rows as well.
func (s *Store) VerifyAudit(ctx context.Context, kept ...access.Mark) ([]access.Row, []access.Problem, error) {
	// What is stored is told of before. So what is gone is looked for among the rows that were there before the rest was read, and
	// what was put in among those that were there after.
	before, err := s.chainRows(ctx, auditLog, "ORDER BY seq DESC LIMIT 1")
	if err != nil {
		return nil, nil, fmt.Errorf("read the audit log: %w", err)
	}
	accounts, err := s.AccountVersions(ctx)
	if err != nil {
		return nil, nil, err
	}
	entries, err := s.toldRegisters(ctx)
	if err != nil {
		return nil, nil, err
	}
	marks, err := s.AuditMarks(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.Audit(ctx)
	if err != nil {
		return nil, nil, err
	}
	problems := access.Verify(s.plan, rows, append(marks, kept...))
	var last uint64
	if len(before) > 0 {
		last = before[0].Seq
	}
	for _, p := range append(access.VerifyAccounts(rows, accounts), access.VerifyTold(rows, entries, access.TellsEntries)...) {
		if p.Seq <= last {
			problems = append(problems, p)
		}
	}
	return rows, problems, nil
}

func (s *Store) chainRows(ctx context.Context, t chained, which string) ([]access.Row, error) {
	return s.chainRowsBy(ctx, t, nil, which)
}

func (s *Store) chainRowsBy(ctx context.Context, t chained, params map[string]string, which string) ([]access.Row, error) {
	rows, err := s.conn.Query(s.with(ctx, params), strings.TrimSpace(`SELECT plan, seq, at, actor, action, subject, address, detail, prev, hash FROM `+t.rows+` WHERE plan = {plan:String} `+which))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []access.Row
	for rows.Next() {
		var r access.Row
		if err := rows.Scan(&r.Plan, &r.Seq, &r.At, &r.Actor, &r.Action, &r.Subject, &r.Address, &r.Detail, &r.Prev, &r.Hash); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
