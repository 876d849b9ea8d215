package document

import (
	"bytes"
	"fmt"

	"github.com/xuri/excelize/v2"
)

// XLSXType is the media type of what XLSX writes.
const XLSXType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// AboutSheet is the first sheet of a workbook: what the document is and where its figures come from.
const AboutSheet = "Thông tin"

// XLSX is what the document's tables hold, as an Excel workbook: a sheet that says what it is, and a sheet for each table,
// with numbers as numbers.
func XLSX(d *Document) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", AboutSheet); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	var err error
	style := func(s excelize.Style) (id int) {
		if err == nil {
			s.Font = &excelize.Font{Family: "Times New Roman", Size: 12, Bold: s.Font != nil && s.Font.Bold}
			id, err = f.NewStyle(&s)
		}
		return id
	}
	number := "#,##0.0##"
	count := "#,##0"
	lines := []excelize.Border{{Type: "left", Style: 1, Color: "000000"}, {Type: "right", Style: 1, Color: "000000"}, {Type: "top", Style: 1, Color: "000000"}, {Type: "bottom", Style: 1, Color: "000000"}}
	bold := &excelize.Font{Bold: true}
	plain, strong := style(excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}), style(excelize.Style{Font: bold, Alignment: &excelize.Alignment{Vertical: "top"}})
	head := style(excelize.Style{Font: bold, Border: lines, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center", Horizontal: "center"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EDF3"}}})
	cells := map[[2]bool][3]int{} // by bold and whole number: by how they stand
	for _, b := range []bool{false, true} {
		for _, whole := range []bool{false, true} {
			var ids [3]int
			for a, where := range []string{"left", "center", "right"} {
				s := excelize.Style{Border: lines, CustomNumFmt: &number, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center", Horizontal: where}}
				if whole {
					s.CustomNumFmt = &count
				}
				if b {
					s.Font = bold
				}
				ids[a] = style(s)
			}
			cells[[2]bool{b, whole}] = ids
		}
	}
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}

	set := func(w *excelize.StreamWriter, row int, all []any, o ...excelize.RowOpts) {
		if err == nil {
			err = w.SetRow(fmt.Sprintf("A%d", row), all, o...)
		}
	}
	w, err := NewSheet(f, AboutSheet)
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	if err := w.SetColWidth(1, 1, 32); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	if err := w.SetColWidth(2, 2, 90); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	about := append([][2]string{{"Văn bản", d.Title()}, {"Cơ quan lập", d.Authority}}, d.About...)
	if d.Notice != "" {
		about = append(about, [2]string{"Lưu ý", d.Notice})
	}
	for _, p := range d.parts() {
		if p.Table != nil {
			about = append(about, [2]string{p.Sheet, p.Table.Caption})
		}
	}
	for i, l := range about {
		set(w, i+1, []any{excelize.Cell{StyleID: strong, Value: l[0]}, excelize.Cell{StyleID: plain, Value: l[1]}})
	}
	if err == nil {
		err = w.Flush()
	}
	for _, p := range d.parts() {
		if p.Table != nil && err == nil {
			err = p.sheet(f, head, strong, cells)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return b.Bytes(), nil
}

// NewSheet adds a sheet that is written row by row and, printed, is as wide as an A4 sheet and as long as it needs; a sheet of that
// name that is there already is taken.
func NewSheet(f *excelize.File, name string) (*excelize.StreamWriter, error) {
	if _, err := f.NewSheet(name); err != nil {
		return nil, err
	}
	a4, landscape, one, any, fits := 9, "landscape", 1, 0, true
	if err := f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fits}); err != nil {
		return nil, err
	}
	if err := f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &one, FitToHeight: &any}); err != nil {
		return nil, err
	}
	return f.NewStreamWriter(name)
}

// sheet writes the part's table: its caption, its head, its rows.
func (p part) sheet(f *excelize.File, head, strong int, cells map[[2]bool][3]int) error {
	w, err := NewSheet(f, p.Sheet)
	if err != nil {
		return err
	}
	sum := 0
	for _, c := range p.Table.Columns {
		sum += max(c.Width, 1)
	}
	titles := make([]any, len(p.Table.Columns))
	for i, c := range p.Table.Columns {
		if err := w.SetColWidth(i+1, i+1, max(6, 130*float64(max(c.Width, 1))/float64(sum))); err != nil {
			return err
		}
		titles[i] = excelize.Cell{StyleID: head, Value: c.Title}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 2, TopLeftCell: "A3", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	name := p.Caption
	if name == "" {
		name = p.Sheet
	}
	if err := w.SetRow("A1", []any{excelize.Cell{StyleID: strong, Value: name}}); err != nil {
		return err
	}
	if err := w.SetRow("A2", titles); err != nil {
		return err
	}
	for i, r := range p.Table.Rows {
		line := make([]any, len(p.Table.Columns))
		for j := range line {
			var c Cell
			if j < len(r.Cells) {
				c = r.Cells[j]
			}
			align := p.Table.Columns[j].Align
			if r.Group {
				align = Left
			}
			x := excelize.Cell{StyleID: cells[[2]bool{r.Bold || r.Group, false}][align], Value: c.Text}
			if n := c.Number; n != nil {
				x = excelize.Cell{StyleID: cells[[2]bool{r.Bold, *n == float64(int64(*n))}][align], Value: *n}
			}
			line[j] = x
		}
		at := fmt.Sprintf("A%d", i+3)
		if err := w.SetRow(at, line); err != nil {
			return err
		}
		if r.Group && len(line) > 1 {
			to, err := excelize.CoordinatesToCellName(len(line), i+3)
			if err != nil {
				return err
			}
			if err := w.MergeCell(at, to); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}
