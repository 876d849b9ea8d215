package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Said is what a file that was handed in says of itself, for whoever expects a certain one.
type Said struct {
	Problem      string   // the file cannot be read as a table: why and what to do, in Vietnamese
	Form, Period string   // as printed in its head; empty where the head has none
	Unknown      []string // headers that the form does not know; their columns are left out
}

// Handed turns the content of a file that one unit hands in for itself into a page as it would be landed, minimised to what
// its form asks for. Parse then refuses the rows of every other unit. ending is .xlsx or .csv; the page bears the given name
// and not the file's own, in which people write names.
func (r *Reader) Handed(name, ending string, data []byte, unit plan.UnitKey, at time.Time) (collectors.Page, Said, error) {
	b := body{File: name, Unit: unit.String()}
	grid, err := Read(name+ending, data)
	var broken *FileError
	if errors.As(err, &broken) {
		return collectors.Page{}, Said{Problem: broken.Reason}, nil
	}
	if err != nil {
		return collectors.Page{}, Said{}, err
	}
	b = r.minimise(grid)
	b.File, b.Unit = name, unit.String()
	page, err := b.page(at)
	return page, Said{Form: b.Form, Period: b.Period, Unknown: b.Unknown}, err
}

func (b body) page(at time.Time) (collectors.Page, error) {
	raw, err := json.Marshal(b)
	return collectors.Page{Body: raw, FetchedAt: at, Records: max(len(b.Rows), 1)}, err
}

// Accepted is the page without the rows that Parse refuses, and with the reason why it is handed in again, which may be empty.
func (r *Reader) Accepted(p collectors.Page, reason string) (collectors.Page, error) {
	var b body
	if err := json.Unmarshal(p.Body, &b); err != nil {
		return p, fmt.Errorf("%s: the page is no table: %w", r.source.ID, err)
	}
	batch, err := r.Parse(p)
	if err != nil {
		return p, err
	}
	good := map[int]bool{}
	for _, m := range batch.Measures {
		good[m.Position] = true
	}
	b.Rows = slices.DeleteFunc(b.Rows, func(row Row) bool { return !good[row.Number] })
	b.Reason, b.Unknown = reason, nil
	return b.page(p.FetchedAt)
}
