package table

import (
	"fmt"
	"slices"
	"strings"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Labels of the head, compared folded.
const (
	labelForm       = "Mẫu số"
	labelVersion    = "Phiên bản"
	labelPeriodType = "Loại kỳ"
	labelPeriod     = "Kỳ"
)

// headRows is how many rows from the top the head may take.
const headRows = 30

// Reader collects the tables of a drop folder and reads them by forms. It is a collectors.Collector.
type Reader struct {
	source collectors.Source
	deps   collectors.Deps
	dir    string
	forms  []plan.Form
	units  *collectors.UnitFinder
	memory memory
}

// NewReader checks what a reader needs: the drop folder's path with its variables set, a plan, a clock, and at least one
// form.
func NewReader(src collectors.Source, deps collectors.Deps, forms []plan.Form) (*Reader, error) {
	lookup := deps.Lookup
	if lookup == nil {
		lookup = func(string) string { return "" }
	}
	dir, err := src.Expand(src.Path, lookup)
	switch {
	case err != nil:
		return nil, err
	case strings.TrimSpace(dir) == "":
		return nil, fmt.Errorf("%s: path is missing: name the drop folder", src.File)
	case deps.Plan == nil || deps.Plan.Units == nil || deps.Now == nil:
		return nil, fmt.Errorf("%s: a table reader needs the plan's units and a clock", src.File)
	case len(forms) == 0:
		return nil, fmt.Errorf("%s: no form is booked under source %s: name it in forms.yaml or in settings", src.File, src.ID)
	}
	for _, f := range forms {
		if err := checkForm(f, deps.Plan.Members); err != nil {
			return nil, fmt.Errorf("%s: form %s: %w", src.File, f.Code, err)
		}
	}
	return &Reader{source: src, deps: deps, dir: dir, forms: forms, units: collectors.NewUnitFinder(deps.Plan.Units)}, nil
}

// Dir is the drop folder, for messages and uploads.
func (r *Reader) Dir() string { return r.dir }

// checkForm refuses a definition that the reader would not understand, at start and not at the first file.
func checkForm(f plan.Form, members map[string][]plan.Member) error {
	if f.Code == "" || len(f.Keys) == 0 || len(f.Columns) == 0 {
		return fmt.Errorf("code, keys and columns are needed")
	}
	seen := map[string]bool{}
	for _, c := range f.Keys {
		switch c.Role {
		case "unit", "facility", "service", "indicator":
		default:
			if len(members[c.Role]) == 0 {
				return fmt.Errorf("key %q has the role %q, which is no dimension of the plan", c.Header, c.Role)
			}
		}
	}
	for _, c := range slices.Concat(f.Keys, f.Columns) {
		switch c.Kind {
		case "", "count", "money", "yesno", "not_flag", "flag_bit", "text", "date", "one", "positive":
		default:
			return fmt.Errorf("column %q has the unknown kind %q", c.Header, c.Kind)
		}
		if c.Kind == "one" || c.Kind == "positive" {
			continue
		}
		if h := plan.Fold(c.Header); h == "" || seen[h] {
			return fmt.Errorf("header %q is empty or stands twice", c.Header)
		}
		seen[plan.Fold(c.Header)] = true
		if c.Bit < 0 || c.Bit > 62 {
			return fmt.Errorf("column %q: bit %d is out of range", c.Header, c.Bit)
		}
	}
	return nil
}

// body is what is landed of a file: the head's known labels and the form's columns, nothing else. Signatures, contact
// lines and columns of the unit's own stay in the folder.
type body struct {
	File       string   `json:"file"`
	SHA256     string   `json:"sha256,omitempty"`
	Error      string   `json:"error,omitempty"` // the file cannot be read as a table; for people
	Form       string   `json:"form,omitempty"`
	Version    string   `json:"version,omitempty"`
	PeriodType string   `json:"period_type,omitempty"`
	Period     string   `json:"period,omitempty"`
	Missing    []string `json:"missing,omitempty"` // headers of the form that were not found
	Unit       string   `json:"unit,omitempty"`    // handed in by this unit for itself: rows of others are refused
	Reason     string   `json:"reason,omitempty"`  // why it is handed in again
	Unknown    []string `json:"unknown,omitempty"` // headers that the form does not know; their columns are left out
	Columns    []placed `json:"columns,omitempty"`
	Rows       []Row    `json:"rows,omitempty"` // cells in the order of Columns
}

// placed is a column of the form with its place in the sheet (from 0), for the addresses of cells.
type placed struct {
	Header string `json:"header"`
	At     int    `json:"at"`
}

// minimise keeps of a grid what its form asks for.
func (r *Reader) minimise(g *Grid) body {
	b := body{File: g.File}
	for _, p := range g.Head(headRows) {
		into := map[string]*string{
			plan.Fold(labelForm): &b.Form, plan.Fold(labelVersion): &b.Version,
			plan.Fold(labelPeriodType): &b.PeriodType, plan.Fold(labelPeriod): &b.Period,
		}[plan.Fold(p.Label)]
		if into != nil && *into == "" {
			*into = clip(p.Value.Text)
		}
	}
	form := r.form(b.Form)
	if form == nil {
		return b
	}
	columns := inputs(*form)
	t, missing := g.Table(headers(columns))
	if t == nil {
		b.Missing = missing
		return b
	}
	for _, c := range columns {
		b.Columns = append(b.Columns, placed{c.Header, Column(t.Header, c.Header)})
	}
	for i, c := range t.Header.Cells {
		known := c.Empty() || slices.ContainsFunc(b.Columns, func(p placed) bool { return p.At == i }) || informative(c.Text)
		if !known {
			b.Unknown = append(b.Unknown, clip(c.Text))
		}
	}
	keys := len(form.Keys)
	for _, row := range t.Body {
		kept := Row{Number: row.Number}
		for _, p := range b.Columns {
			kept.Cells = append(kept.Cells, row.At(p.At))
		}
		if r.isRecord(kept, columns, keys) {
			b.Rows = append(b.Rows, kept)
		}
	}
	return b
}

// isRecord tells rows of the table from what stands below it. A row is one if its key could be a code or if one of its
// figures can be read; a signature is neither. Rows of sums are left out: sums are computed, never imported.
func (r *Reader) isRecord(row Row, columns []plan.Column, keys int) bool {
	key := row.At(0)
	if key.Text != "" && key.Text[0] >= '0' && key.Text[0] <= '9' && !strings.ContainsAny(key.Text, " \t\n") {
		return true // nearly all of them
	}
	if sum := plan.Fold(key.Text); sum == "tong" || sum == "cong" || strings.HasPrefix(sum, "tong cong") || strings.HasPrefix(sum, "tong so") {
		return false
	}
	if !key.Empty() && !strings.ContainsAny(key.Text, " \t\n") {
		return true
	}
	for i := keys; i < len(columns); i++ {
		if c := row.At(i); !c.Empty() && figure(columns[i], c) {
			return true
		}
	}
	return false
}

// figure says whether a value cell holds what its column asks for; free text proves nothing.
func figure(c plan.Column, v Cell) bool {
	switch c.Kind {
	case "yesno", "not_flag", "flag_bit":
		_, ok := yesNo(v)
		return ok
	case "", "count", "money":
		_, err := amount(v, c)
		return err == nil || collectors.NumberRule(err) == "ambiguous_number"
	}
	return false
}

// form finds a form by its printed code; nil if the source has none of that code.
func (r *Reader) form(code string) *plan.Form {
	i := slices.IndexFunc(r.forms, func(f plan.Form) bool { return strings.EqualFold(f.Code, strings.TrimSpace(code)) })
	if i < 0 {
		return nil
	}
	return &r.forms[i]
}

// inputs are the columns that stand in the sheet: the keys, then the values, without constants and what is derived.
func inputs(f plan.Form) []plan.Column {
	return slices.DeleteFunc(slices.Concat(f.Keys, f.Columns), func(c plan.Column) bool { return c.Kind == "one" || c.Kind == "positive" })
}

func headers(columns []plan.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Header
	}
	return out
}

// informative says whether a header is one that templates add for people; its column is not read.
func informative(header string) bool {
	switch plan.Fold(header) {
	case "stt", "tt", "ten", plan.Fold(nameHeader), "ten co so", "ghi chu":
		return true
	}
	return false
}

// nameHeader heads the column that names the unit beside its code, for people.
const nameHeader = "Tên đơn vị"

// clip keeps a text that is repeated in messages short.
func clip(s string) string {
	const limit = 80
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit]) + "…"
}

// periodType reads a period type as forms print it; empty if it is neither.
func periodType(text string) plan.PeriodType {
	switch plan.Fold(text) {
	case "bao cao", "ky bao cao", "report":
		return plan.Report
	case "lich", "duong lich", "thang lich", "calendar":
		return plan.Calendar
	}
	return ""
}
