package schema

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
)

// told is what the audit log says of an entry: whose, what, and a seal over all of it.
func told(r award.Record) access.Told {
	date := ""
	if r.Date != plan.NoDay {
		date = r.Date.String()
	}
	seal := access.Seal(r.Register, r.Group, r.Subject, r.Name, strconv.Itoa(r.Year), string(r.Decision), r.Value, r.Evidence, date, r.By, strconv.FormatInt(r.At, 10))
	return access.Told{Subject: r.Group + "/" + r.Subject, Detail: fmt.Sprintf("%s year %d %s sha256 %s", r.Register, r.Year, r.Decision, seal),
		Names: []any{r.Register, r.Group + "/" + r.Subject, time.UnixMilli(r.At)}}
}

// SaveRegister appends an entry to its register, and before it the row of the audit log that tells of it. The entry's own At and By say
// when it counts from and who answers for it; the event's At, Actor and Address are those of the deed, the rest is set here.
func (s *Store) SaveRegister(ctx context.Context, r award.Record, e access.Event) error {
	t := told(r)
	e.Action, e.Subject, e.Detail = access.RegisterEntered, t.Subject, t.Detail
	if _, err := s.Record(ctx, e); err != nil {
		return err
	}
	batch, err := s.conn.PrepareBatch(ctx, `INSERT INTO register (plan, register, grouping, subject, name, year, decision, value, evidence, date, entered_by, entered_at)`)
	if err != nil {
		return fmt.Errorf("store the entry of register %s: %w", r.Register, err)
	}
	defer batch.Close()
	if err = batch.Append(s.plan, r.Register, r.Group, r.Subject, r.Name, uint16(r.Year), string(r.Decision), r.Value, r.Evidence, dayValue(r.Date), r.By, time.UnixMilli(r.At).UTC()); err == nil {
		err = batch.Send()
	}
	if err != nil {
		return fmt.Errorf("store the entry of register %s for %s: %w", r.Register, r.Subject, err)
	}
	return nil
}

// Registers are all entries of all registers that were made up to the end of a day, in the order in which they were made.
func (s *Store) Registers(ctx context.Context, knownOn plan.Day) ([]award.Record, error) {
	return s.entries(ctx, "AND entered_at <= {until:DateTime64(3, 'UTC')}", map[string]string{"until": stamp(knownOn.End().Add(-time.Millisecond))})
}

// toldRegisters are all entries, whenever they were made, as the audit log has to tell of them.
func (s *Store) toldRegisters(ctx context.Context) ([]access.Told, error) {
	records, err := s.entries(ctx, "", nil)
	var all []access.Told
	for _, r := range records {
		all = append(all, told(r))
	}
	return all, err
}

func (s *Store) entries(ctx context.Context, which string, parameters map[string]string) ([]award.Record, error) {
	rows, err := s.conn.Query(s.with(ctx, parameters), `
		SELECT register, grouping, subject, name, year, decision, value, evidence, date, entered_by, toUnixTimestamp64Milli(entered_at) AS at
		FROM register WHERE plan = {plan:String} `+which+`
		ORDER BY at, register, grouping, subject, year, decision, evidence`)
	if err != nil {
		return nil, fmt.Errorf("read the registers: %w", err)
	}
	defer rows.Close()
	var all []award.Record
	for rows.Next() {
		var r award.Record
		var year uint16
		var decision string
		var date time.Time
		if err := rows.Scan(&r.Register, &r.Group, &r.Subject, &r.Name, &year, &decision, &r.Value, &r.Evidence, &date, &r.By, &r.At); err != nil {
			return nil, fmt.Errorf("read the registers: %w", err)
		}
		r.Year, r.Decision, r.Date = int(year), award.Decision(decision), dayFrom(date)
		all = append(all, r)
	}
	return all, rows.Err()
}
