// Package table reads what people hand in as a table. A file of a drop folder, an XLSX workbook's first sheet or a CSV,
// becomes a grid of cells; a grid becomes a head of label/value pairs and a body below a header row; and a form, which
// is data of the plan or of a source, says what the cells mean. It knows no source system and no particular form.
package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tiendo/pipeline/plan"
)

// Limits keep a hostile or broken file from taking the process with it. A form has a few thousand rows at most.
const (
	MaxFileBytes  = 16 << 20 // of the file as it lies there
	maxUnzipBytes = 32 << 20 // of a workbook, unpacked
	maxRows       = 50_000
	maxColumns    = 64
	maxCellBytes  = 4096
)

// FileError is a file that cannot be read as a table: Reason (Vietnamese) says what is wrong and what to do.
type FileError struct {
	File   string
	Reason string
	Err    error // what the reader said; may be nil
}

// Error names the file, the reason and the cause.
func (e *FileError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s (%v)", e.File, e.Reason, e.Err)
	}
	return e.File + ": " + e.Reason
}

// Unwrap gives the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Cell is one cell's value. A typed number of a workbook is exact decimal text with Number set: its point is a decimal
// point beyond doubt. Everything else is text as it was typed; a typed date is YYYY-MM-DD.
type Cell struct {
	Text   string
	Number bool
}

// Empty says that nothing but space stands in the cell.
func (c Cell) Empty() bool { return strings.TrimSpace(c.Text) == "" }

// MarshalJSON writes a typed number as a JSON number and everything else as a string, so that the difference survives
// landing and replay.
func (c Cell) MarshalJSON() ([]byte, error) {
	if c.Number && json.Valid([]byte(c.Text)) {
		return []byte(c.Text), nil
	}
	return json.Marshal(c.Text)
}

// UnmarshalJSON reads what MarshalJSON wrote; null is an empty cell.
func (c *Cell) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] != '"' && string(b) != "null" {
		var n json.Number
		if err := json.Unmarshal(b, &n); err != nil {
			return fmt.Errorf("a cell is neither text nor a number: %w", err)
		}
		*c = Cell{Text: n.String(), Number: true}
		return nil
	}
	c.Number, c.Text = false, ""
	return json.Unmarshal(b, &c.Text)
}

// Row is a row of the sheet that is not empty. Number counts from 1 as a spreadsheet shows it.
type Row struct {
	Number int    `json:"row"`
	Cells  []Cell `json:"cells"`
}

// At is the cell of a column (from 0); beyond the row's end it is empty.
func (r Row) At(column int) Cell {
	if column < 0 || column >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[column]
}

// Grid is a sheet's rows that are not empty, in order.
type Grid struct {
	File string
	Rows []Row
}

// Read reads a file's content by its name's ending: .xlsx or .csv. Every error is a *FileError.
func Read(name string, data []byte) (*Grid, error) {
	file := filepath.Base(name)
	fail := func(reason string, err error) (*Grid, error) {
		return nil, &FileError{File: file, Reason: reason, Err: err}
	}
	if len(data) > MaxFileBytes {
		return fail(fmt.Sprintf("tệp lớn hơn %d MB: hãy tách thành nhiều tệp", MaxFileBytes>>20), nil)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return fail("tệp rỗng: hãy gửi lại tệp", nil)
	}
	var rows []Row
	var reason string
	var err error
	switch strings.ToLower(filepath.Ext(file)) {
	case ".xlsx":
		rows, reason, err = readXLSX(data)
	case ".csv":
		rows, reason, err = readCSV(data)
	case ".xls":
		return fail("tệp Excel đời cũ (.xls): hãy mở và lưu lại dạng .xlsx", nil)
	default:
		return fail("không phải tệp .xlsx hoặc .csv: hãy lưu lại đúng dạng", nil)
	}
	if reason != "" {
		return fail(reason, err)
	}
	if len(rows) == 0 {
		return fail("trang tính đầu tiên không có dữ liệu: hãy nhập vào trang đầu tiên", nil)
	}
	return &Grid{File: file, Rows: rows}, nil
}

// trimmed cuts empty cells off the row's end and over-long texts; ok is false for an empty row.
func trimmed(number int, cells []Cell) (row Row, ok bool) {
	for len(cells) > 0 && cells[len(cells)-1].Empty() {
		cells = cells[:len(cells)-1]
	}
	for i, c := range cells {
		text := strings.TrimSpace(c.Text)
		if len(text) > maxCellBytes {
			text = strings.ToValidUTF8(text[:maxCellBytes], "")
		}
		cells[i].Text = text
	}
	return Row{Number: number, Cells: cells}, len(cells) > 0
}

// Pair is one label/value line of the head.
type Pair struct {
	Label string
	Value Cell
	Ref   string // address of the value cell
}

// Table is a grid with its head and its header row found.
type Table struct {
	File   string
	Head   []Pair
	Header Row
	Body   []Row // below the header row
}

// Head reads label/value lines from the grid's top: the first filled cell of a row is the label, the next the value.
// It ends at the first row that holds more than a pair, or at the given number of rows. A title above (one filled cell)
// is passed over.
func (g *Grid) Head(limit int) []Pair {
	var head []Pair
	for _, r := range g.Rows[:min(limit, len(g.Rows))] {
		var filled []int
		for i, c := range r.Cells {
			if !c.Empty() {
				filled = append(filled, i)
			}
		}
		switch {
		case len(filled) == 2:
			head = append(head, Pair{
				Label: strings.TrimRight(r.Cells[filled[0]].Text, " :"),
				Value: r.Cells[filled[1]],
				Ref:   Ref(r.Number, filled[1]),
			})
		case len(filled) > 2:
			return head
		}
	}
	return head
}

// Table finds the header row: the first row in which every one of the given headers stands, compared folded. missing
// lists the headers that the best row lacks when there is none.
func (g *Grid) Table(headers []string) (t *Table, missing []string) {
	best := slices.Clone(headers)
	for i, r := range g.Rows {
		var lacks []string
		for _, h := range headers {
			if Column(r, h) < 0 {
				lacks = append(lacks, h)
			}
		}
		if len(lacks) == 0 {
			var head []Pair
			if i > 0 {
				head = (&Grid{Rows: g.Rows[:i]}).Head(i)
			}
			return &Table{File: g.File, Head: head, Header: r, Body: g.Rows[i+1:]}, nil
		}
		if len(lacks) < len(best) {
			best = lacks
		}
	}
	return nil, best
}

// Column is the place (from 0) of a header in a header row, compared folded, or -1. Fold drops signs; a header of signs
// alone is compared as it stands.
func Column(header Row, name string) int {
	want := plan.Fold(name)
	return slices.IndexFunc(header.Cells, func(c Cell) bool {
		if want == "" {
			return c.Text == name
		}
		return plan.Fold(c.Text) == want
	})
}

// Ref is a cell's address as a spreadsheet shows it: row from 1, column from 0; Ref(12, 2) is C12.
func Ref(row, column int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name + strconv.Itoa(row)
}
