package schema

import (
	"bytes"
	"context"
	"fmt"
	"text/template"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// aggregate says how one table's facts become measures: when a version counts on its day, and what it adds to what.
type aggregate struct {
	Table    string
	Counts   string // SQL condition
	Measures []struct{ Code, Amount string }
}

// aggregates are the fact tables whose facts count on a day. The catalogue is a stock, and has a query of its own.
var aggregates = []aggregate{
	// RULES section 2: resolved = status 7, 9 or 10 with a finish date, on its local day. On time goes by date (R-ONTIME), the
	// other variant by the moment of handing out; a dossier without a deadline is in neither part.
	{"dossier", "resolved", []struct{ Code, Amount string }{
		{"dossier.resolved", "toInt64(1)"},
		{"dossier.online", "toInt64(channel = 2)"},
		{"dossier.with_deadline", "toInt64(due IS NOT NULL)"},
		{"dossier.on_time", "toInt64(due IS NOT NULL AND toDate32(finished) <= toDate32(due))"},
		{"dossier.with_deadline_tt06", "toInt64(due IS NOT NULL AND returned IS NOT NULL)"},
		{"dossier.on_time_tt06", "toInt64(due IS NOT NULL AND returned IS NOT NULL AND returned <= due)"},
		{"dossier.full_process", "toInt64(full_process AND channel != 3)"},
		{"dossier.full_process_online", "toInt64(full_process AND channel = 2)"},
		{"dossier.with_fee", "toInt64(has_fee)"},
		{"dossier.fee_amount", "if(has_fee, fee_amount, 0)"},
		{"dossier.finished_at_deadline", "toInt64(ifNull(finished = due, 0))"},
	}},
	// A recalled document (status 13) is taken out from the day it is known (RULES section 2).
	{"document", "(status != '13' AND sent IS NOT NULL)", []struct{ Code, Amount string }{
		{"edoc.axis_sent", "toInt64(1)"},
	}},
	// Cancelled and refunded payments are taken out from the day it is known (RULES section 2).
	{"payment", "(state = 'paid' AND paid IS NOT NULL)", []struct{ Code, Amount string }{
		{"fee.dossiers_paid_online", "toInt64(1)"},
		{"fee.amount_paid_online", "amount"},
	}},
}

// Measure aggregates what the source's newly committed pages touched. It may be repeated: the same pages give the same rows.
func (s *Store) Measure(ctx context.Context, source string) error {
	if err := s.Flush(ctx); err != nil {
		return err
	}
	pages, err := s.unmeasured(ctx, source)
	if err != nil || len(pages) == 0 {
		return err
	}
	for _, a := range aggregates {
		if err := s.measureFacts(ctx, a.Table, source, "measure_fact", a); err != nil {
			return err
		}
	}
	if err := s.measureFacts(ctx, "procedure", source, "measure_procedure", nil); err != nil {
		return err
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO measured (plan, source, run_id, page, measured_at)")
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, p := range pages {
		if err := batch.Append(s.plan, source, p.RunID, p.Page, time.Now()); err != nil {
			return err
		}
	}
	return batch.Send()
}

// measureFacts runs one of queries/*.sql, filled with data, for the source's facts of a table, if there are any.
func (s *Store) measureFacts(ctx context.Context, table, source, query string, data any) error {
	none, err := s.isEmpty(ctx, table, "source = ?", source)
	if err != nil || none {
		return err
	}
	text, err := template.New(query+".sql").Delims("<<", ">>").ParseFS(queries, "queries/"+query+".sql")
	if err != nil {
		return err
	}
	var sql bytes.Buffer
	if err := text.Execute(&sql, data); err != nil {
		return err
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"plan": s.plan, "source": source}))
	if err := s.conn.Exec(ctx, sql.String()); err != nil {
		return fmt.Errorf("aggregate table %s of source %s: %w", table, source, unanswered(err))
	}
	return nil
}
