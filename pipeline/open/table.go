// Package open is what the outside may compute with: tables of the plan, its targets and the progress to them, each
// described field by field, as the JSON of an interface, as CSV, as an OpenAPI document and as a data package. It is pure:
// it knows neither the store nor the web, and computes no figure of its own.
package open

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Kind is what a field holds.
type Kind string

// The kinds of field. In a Row they are string, int64 or *int64, plan.Value or *plan.Value, plan.Day, time.Time, bool
// and []string; the zero time, NoDay, a nil pointer and an empty text of a field that may be null are null.
const (
	Text    Kind = "text"
	Integer Kind = "integer"
	Decimal Kind = "decimal" // exact, up to ten decimals: a string in JSON, so that no reader rounds it
	Day     Kind = "day"     // YYYY-MM-DD, provincial time
	Instant Kind = "instant" // UTC, to the second
	Bool    Kind = "bool"
	List    Kind = "list" // of texts; in CSV separated by semicolons
)

// Field is a column of a table.
type Field struct {
	Name string
	Kind Kind
	Null bool     // may be unknown or not there; a List is empty instead
	VI   string   // what it says, in Vietnamese
	EN   string   // and in English
	Enum []string // what it may be; nil: anything
}

// Table describes a table. Rows come in the order of its key.
type Table struct {
	Name   string
	VI, EN string
	Key    []string // names of the fields that name a row; never null but for days
	Params []string // names of Params by which the interface narrows it
	Fields []Field
}

// Row holds a table's cells in the order of its fields.
type Row []any

// value is a cell as JSON and as CSV text; json null and the empty text for what is null.
func (f Field) value(x any) (asJSON any, asText string, err error) {
	null := func() (any, string, error) {
		if f.Null {
			return nil, "", nil
		}
		return nil, "", fmt.Errorf("field %s may not be empty", f.Name)
	}
	switch v := x.(type) {
	case nil:
		return null()
	case string:
		if f.Kind == Text {
			if v == "" && f.Null {
				return null()
			}
			return v, v, nil
		}
	case []string:
		if f.Kind == List {
			return append([]string{}, v...), strings.Join(v, ";"), nil
		}
	case bool:
		if f.Kind == Bool {
			return v, strconv.FormatBool(v), nil
		}
	case *int64:
		if v == nil {
			return null()
		}
		return f.value(*v)
	case int64:
		if f.Kind == Integer {
			return v, strconv.FormatInt(v, 10), nil
		}
	case *plan.Value:
		if v == nil {
			return null()
		}
		return f.value(*v)
	case plan.Value:
		if f.Kind == Decimal {
			return v.String(), v.String(), nil
		}
	case plan.Day:
		if f.Kind == Day {
			if v == plan.NoDay {
				return null()
			}
			return v.String(), v.String(), nil
		}
	case time.Time:
		if f.Kind == Instant {
			if v.IsZero() {
				return null()
			}
			text := v.UTC().Format("2006-01-02T15:04:05Z")
			return text, text, nil
		}
	}
	return nil, "", fmt.Errorf("field %s is of kind %s and cannot hold a %T", f.Name, f.Kind, x)
}

// object writes a row as a JSON object with its fields in order.
func (t *Table) object(b *bytes.Buffer, r Row) error {
	if len(r) != len(t.Fields) {
		return fmt.Errorf("table %s has %d fields, a row has %d", t.Name, len(t.Fields), len(r))
	}
	b.WriteByte('{')
	for i, f := range t.Fields {
		v, _, err := f.value(r[i])
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		if err := pair(b, f.Name, v); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// pair writes "name":value with texts as they are.
func pair(b *bytes.Buffer, name string, value any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	b.WriteString(`"` + name + `":`)
	if err := e.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line end
	return nil
}

// CSV writes rows with a heading of field names: UTF-8, lines ended by LF, empty cells for null.
func (t *Table) CSV(rows []Row) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	line := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		line[i] = f.Name
	}
	_ = w.Write(line) // a buffer takes everything
	for _, r := range rows {
		if len(r) != len(t.Fields) {
			return nil, fmt.Errorf("table %s has %d fields, a row has %d", t.Name, len(t.Fields), len(r))
		}
		for i, f := range t.Fields {
			var err error
			if _, line[i], err = f.value(r[i]); err != nil {
				return nil, fmt.Errorf("table %s: %w", t.Name, err)
			}
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.Bytes(), nil
}

// key is what names a row, as texts.
func (t *Table) key(r Row) []string {
	out := make([]string, len(t.Key))
	for i, name := range t.Key {
		j := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
		_, out[i], _ = t.Fields[j].value(r[j]) // a cell that does not fit fails where the row is written
	}
	return out
}

// Sort puts rows into the order of the table's key, the one order that pages and files have.
func (t *Table) Sort(rows []Row) {
	type keyed struct {
		key []string
		row Row
	}
	all := make([]keyed, len(rows))
	for i, r := range rows {
		all[i] = keyed{t.key(r), r}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return slices.Compare(a.key, b.key) })
	for i := range all {
		rows[i] = all[i].row
	}
}

// Basis says what an answer stands on. AsOf is NoDay where the rows speak of no single day.
type Basis struct {
	Plan    *plan.Plan
	AsOf    plan.Day
	KnownOn plan.Day // what was known by the end of this day
	Notice  string   // of the figures' origin; empty: they are real
}

// Version is the act in force for what was known.
func (b Basis) Version() string { return b.Plan.VersionOn(b.KnownOn) }

// Answer writes a page of sorted rows: what it stands on, how many rows there are in all, the rows, and the address of
// the next page or null.
func (t *Table) Answer(basis Basis, total int, rows []Row, next string) ([]byte, error) {
	var b bytes.Buffer
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	b.WriteByte('{')
	for _, x := range []struct {
		name  string
		value any
	}{
		{"plan", basis.Plan.Code}, {"plan_version", basis.Version()}, {"method_version", progress.MethodVersion}, {"as_of", orNull(basis.AsOf.String())},
		{"known_on", basis.KnownOn.String()}, {"notice", orNull(basis.Notice)}, {"total", total}, {"next", orNull(next)},
	} {
		if err := pair(&b, x.name, x.value); err != nil {
			return nil, err
		}
		b.WriteByte(',')
	}
	b.WriteString("\"items\":[")
	for i, r := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		if err := t.object(&b, r); err != nil {
			return nil, err
		}
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

// separator parts the texts of a key in a cursor; no code holds it.
const separator = "\x1f"

// Page cuts a page out of sorted rows: at most limit rows behind the cursor (empty: the first ones), and the cursor of the
// next page, empty at the end. A cursor names the last row seen by its key, so rows that come or go between two requests
// make no other row appear twice or be passed over.
func (t *Table) Page(rows []Row, cursor string, limit int) (page []Row, next string, err error) {
	if cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(cursor)
		last := strings.Split(string(b), separator)
		if err != nil || len(last) != len(t.Key) {
			return nil, "", fmt.Errorf("cursor %q is none of table %s", cursor, t.Name)
		}
		i, found := slices.BinarySearchFunc(rows, last, func(r Row, want []string) int { return slices.Compare(t.key(r), want) })
		for found && i < len(rows) && slices.Equal(t.key(rows[i]), last) {
			i++
		}
		rows = rows[i:]
	}
	page = rows[:min(len(rows), limit)]
	if len(page) < len(rows) {
		next = base64.RawURLEncoding.EncodeToString([]byte(strings.Join(t.key(page[len(page)-1]), separator)))
	}
	return page, next, nil
}

// Find is the table of that name; nil if there is none.
func Find(name string) *Table {
	for _, t := range Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Names lists the tables.
func Names() []string {
	var all []string
	for _, t := range Tables {
		all = append(all, t.Name)
	}
	slices.SortFunc(all, cmp.Compare)
	return all
}
