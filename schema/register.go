package schema

import (
	"context"
	"fmt"
	"time"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
)

// SaveRegister appends an entry to its register; the entry's own At and By say when and by whom.
func (s *Store) SaveRegister(ctx context.Context, r award.Record) error {
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
	rows, err := s.conn.Query(s.with(ctx, map[string]string{"until": stamp(knownOn.End().Add(-time.Millisecond))}), `
		SELECT register, grouping, subject, name, year, decision, value, evidence, date, entered_by, toUnixTimestamp64Milli(entered_at) AS at
		FROM register WHERE plan = {plan:String} AND entered_at <= {until:DateTime64(3, 'UTC')}
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
