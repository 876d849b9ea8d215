package draft

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// Line is a row of a form: what counts beside what was handed in.
type Line struct {
	Unit  plan.UnitKey
	Dims  string
	Row   int // of the sheet; 0: the sheet does not have it, so what counts stays
	Cells []Cell
}

// Cell is one entry for people, as they write it; empty: nothing.
type Cell struct{ Header, Was, Now string }

// New says that nothing counted there.
func (c Cell) New() bool { return c.Was == "" && c.Now != "" }

// Changed says that another entry counted there.
func (c Cell) Changed() bool { return c.Was != "" && c.Now != "" && c.Was != c.Now }

// Compare sets what was handed in beside what counts, row by row in the sheet's order, then the rows that only count. Entries
// are those of the form's columns that have a cell.
func Compare(form plan.Form, counted, stated []Figure) []Line {
	type key struct {
		unit plan.UnitKey
		dims string
	}
	type pair struct{ was, now map[string]Figure }
	rows := map[key]*pair{}
	lines := map[key]*Line{}
	at := func(f Figure) *pair {
		k := key{f.Unit, f.Dims}
		if rows[k] == nil {
			rows[k] = &pair{map[string]Figure{}, map[string]Figure{}}
			lines[k] = &Line{Unit: f.Unit, Dims: f.Dims}
		}
		lines[k].Row = max(lines[k].Row, f.Row)
		return rows[k]
	}
	for _, f := range counted {
		f.Row = 0
		at(f).was[f.Measure] = f
	}
	for _, f := range stated {
		at(f).now[f.Measure] = f
	}
	var all []Line
	for k, l := range lines {
		for _, c := range form.Columns {
			if c.Kind == "one" || c.Kind == "positive" {
				continue
			}
			l.Cells = append(l.Cells, Cell{c.Header, Entry(c, rows[k].was), Entry(c, rows[k].now)})
		}
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Line) int {
		place := func(l Line) int { return cmp.Or(l.Row, 1<<30) }
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a.Unit.Code, b.Unit.Code), cmp.Compare(a.Unit.From, b.Unit.From), strings.Compare(a.Dims, b.Dims))
	})
	return all
}

// Entry is what a column's cell would hold for a row's figures, by measure; empty where there is none.
func Entry(c plan.Column, figures map[string]Figure) string {
	if c.Kind == "text" {
		for _, f := range figures {
			if c.Role == "evidence" && f.Evidence != "" {
				return f.Evidence
			}
		}
		return ""
	}
	f, ok := figures[c.Measure]
	if !ok {
		return ""
	}
	yes := map[bool]string{true: "có", false: "không"}
	switch c.Kind {
	case "yesno":
		return yes[f.Value != 0]
	case "not_flag":
		return yes[f.Value == 0]
	case "flag_bit":
		return yes[f.Value>>uint(c.Bit)&1 == 1]
	}
	if c.Factor <= 1 {
		return words.Count(f.Value)
	}
	text := words.Count(f.Value / c.Factor)
	if rest := f.Value % c.Factor; rest != 0 {
		digits := strconv.FormatInt(rest+c.Factor, 10)[1:] // a factor is a power of ten
		text += "," + strings.TrimRight(digits, "0")
	}
	return text
}

// Measures are the measures that the form's rows state.
func Measures(form plan.Form) []string {
	var all []string
	for _, c := range form.Columns {
		if c.Measure != "" && !slices.Contains(all, c.Measure) {
			all = append(all, c.Measure)
		}
	}
	return all
}
