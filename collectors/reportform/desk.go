package reportform

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tiendo/collectors"
	"tiendo/collectors/table"
	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
)

// Desk is where units hand in their forms one by one: it writes the empty form of a unit and reads the filled-in one, row by
// row, as the drop folder's collector would. It keeps nothing.
type Desk struct {
	plan    *plan.Plan
	now     func() time.Time
	readers map[string]*table.Reader // by source
}

// NewDesk reads the forms that the plan books under the sources.
func NewDesk(sources []collectors.Source, deps collectors.Deps) (*Desk, error) {
	d := &Desk{deps.Plan, deps.Now, map[string]*table.Reader{}}
	for _, src := range sources {
		c, err := New(src, deps)
		if err != nil {
			return nil, err
		}
		d.readers[src.ID] = c.(*table.Reader)
	}
	return d, nil
}

// what finds the form, the unit and the period that a key names.
func (d *Desk) what(k draft.Key) (*table.Reader, *plan.Form, *plan.Unit, plan.Period, error) {
	form, unit := d.plan.Form(k.Form), d.plan.Units.Key(k.Unit)
	if form == nil || unit == nil || d.readers[form.Source] == nil {
		return nil, nil, nil, plan.Period{}, fmt.Errorf("draft %s: no such form or unit, or no source that reads it", k)
	}
	period, err := plan.ParsePeriod(form.PeriodType, k.Period)
	return d.readers[form.Source], form, unit, period, err
}

// Blank writes the unit's empty form for the period, with a row for each of the known keys (services, facilities).
func (d *Desk) Blank(k draft.Key, known []plan.Member, w io.Writer) error {
	_, form, unit, period, err := d.what(k)
	if err != nil {
		return err
	}
	return Blank{Plan: d.plan, Form: *form, Period: period, Unit: unit, Own: true, Known: known}.Write(w)
}

// Read reads a file that was handed in for the key. What is wrong with the file is said in the sheet; an error is the
// program's.
func (d *Desk) Read(k draft.Key, file string, data []byte) (draft.Sheet, error) {
	reader, form, unit, period, err := d.what(k)
	if err != nil {
		return draft.Sheet{}, err
	}
	name := strings.NewReplacer(" ", "_", "@", "_").Replace(k.String())
	page, said, err := reader.Handed(name, strings.ToLower(filepath.Ext(file)), data, unit.UnitKey, d.now())
	if err != nil {
		return draft.Sheet{}, err
	}
	switch other := d.plan.Form(strings.TrimSpace(said.Form)); {
	case said.Problem != "":
		return draft.Sheet{Problem: said.Problem}, nil
	case other != nil && other.Code != form.Code:
		return draft.Sheet{Problem: fmt.Sprintf("tệp là biểu %s (%s), trang này nhận biểu %s: hãy chọn đúng tệp, hoặc mở trang của biểu %s", other.Code, other.Title, form.Code, other.Code)}, nil
	case other != nil && strings.TrimSpace(said.Period) != "" && strings.TrimSpace(said.Period) != period.Label:
		if p, err := plan.ParsePeriod(form.PeriodType, strings.TrimSpace(said.Period)); err == nil {
			return draft.Sheet{Problem: fmt.Sprintf("tệp ghi kỳ %s, trang này nhận kỳ %s: hãy tải mẫu của kỳ %s, hoặc mở trang của kỳ %s", p.Label, period.Label, period.Label, p.Label)}, nil
		}
	}
	return d.sheet(reader, page)
}

// Parse reads a body again.
func (d *Desk) Parse(k draft.Key, body []byte) (draft.Sheet, error) {
	reader, _, _, _, err := d.what(k)
	if err != nil {
		return draft.Sheet{}, err
	}
	return d.sheet(reader, d.Page(k, 0, body))
}

// Final is the body without the rows that are refused, and with the reason why the period is handed in again.
func (d *Desk) Final(k draft.Key, body []byte, reason string) ([]byte, error) {
	reader, _, _, _, err := d.what(k)
	if err != nil {
		return nil, err
	}
	page, err := reader.Accepted(d.Page(k, 0, body), reason)
	return page.Body, err
}

// Page is the body as a page of the form's source. Its request names form, unit, period and the draft's version.
func (d *Desk) Page(k draft.Key, version uint64, body []byte) collectors.Page {
	form := d.plan.Form(k.Form)
	return collectors.Page{Request: fmt.Sprintf("%s/%s draft %d", form.Source, strings.ReplaceAll(k.String(), " ", "/"), version), Body: body, FetchedAt: d.now(), Records: 1}
}

// Reader is the collector that reads the form's pages.
func (d *Desk) Reader(k draft.Key) collectors.Collector { return d.readers[d.plan.Form(k.Form).Source] }

func (d *Desk) sheet(reader *table.Reader, page collectors.Page) (draft.Sheet, error) {
	batch, err := reader.Parse(page)
	if err != nil {
		return draft.Sheet{}, err
	}
	s := draft.Sheet{Body: page.Body}
	for _, drift := range batch.Drift {
		_, what, _ := strings.Cut(drift, ": ")
		s.Unknown = append(s.Unknown, what)
	}
	var problems []string
	for _, r := range batch.Rejects {
		switch {
		case r.Position == 0: // the file as a whole
			problems = append(problems, r.Reason)
		case r.Rule == "empty_row":
			s.Blank++
		default:
			x := draft.Refused{Row: r.Position, Reason: r.Reason}
			if i := strings.Index(r.Reason, ", "); i >= 0 { // the file's name is ours
				x.Reason = r.Reason[i+2:]
			}
			if strings.ContainsFunc(r.Field, func(c rune) bool { return c >= 'A' && c <= 'Z' }) {
				x.Cell = r.Field
			}
			s.Refused = append(s.Refused, x)
		}
	}
	if len(problems) > 0 {
		return draft.Sheet{Problem: strings.Join(problems, "; ")}, nil
	}
	for _, m := range batch.Measures {
		s.Figures = append(s.Figures, draft.Figure{Row: m.Position, Measure: m.Code, Unit: m.Unit, Dims: m.Dims, Value: m.Value, Evidence: m.Evidence})
	}
	slices.SortStableFunc(s.Figures, func(a, b draft.Figure) int { return a.Row - b.Row })
	return s, nil
}
