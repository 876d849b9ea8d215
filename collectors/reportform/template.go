package reportform

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/plan"
)

// blankRows is how many empty rows a template offers where the plan does not know the keys (facilities, services).
const blankRows = 20

const (
	sheetForm = "Biểu"
	sheetHelp = "Hướng dẫn"
)

// Template writes the empty form for a period as an XLSX workbook: the head, the header row, and one row per expected
// key, so that a unit fills in figures only. unit limits the rows to it and the units below it; nil takes every unit
// that the form's levels name. A second sheet says how to fill it in. The reader of this package reads it back.
func Template(p *plan.Plan, form plan.Form, unit *plan.Unit, period plan.Period, w io.Writer) error {
	if form.Rhythm != "" && period.Rhythm != form.Rhythm {
		return fmt.Errorf("form %s is handed in by %s, %s is no such period", form.Code, form.Rhythm, period.Label)
	}
	rows := expected(p, form, unit, period)
	if unit != nil && keyed(form, "unit") && len(rows) == 0 {
		return fmt.Errorf("form %s is entered by %v: neither %s nor a unit below it is one on %s", form.Code, form.Levels, unit.Code, period.End)
	}
	f := excelize.NewFile()
	defer f.Close()
	t := &template{File: f, form: form, period: period, rows: rows, who: unit}
	for _, step := range []func() error{t.styles, t.head, t.table, t.checks, t.help, t.layout} {
		if err := step(); err != nil {
			return fmt.Errorf("form %s: %w", form.Code, err)
		}
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("form %s: %w", form.Code, err)
	}
	return nil
}

// line is one row to fill in: key cells in the order of the form's keys, and the unit's name for people.
type line struct {
	keys []string
	name string
}

// expected lists the rows that the form waits for. A key that the plan cannot list (facility, service) stays open.
func expected(p *plan.Plan, form plan.Form, unit *plan.Unit, period plan.Period) []line {
	lines := []line{{}}
	open := false
	for _, key := range form.Keys {
		var next []line
		extend := func(from line, value, name string) {
			l := line{keys: append(slices.Clone(from.keys), value), name: strings.TrimSpace(from.name)}
			if name != "" {
				l.name = strings.TrimPrefix(l.name+" - "+name, " - ")
			}
			next = append(next, l)
		}
		for _, l := range lines {
			switch {
			case key.Role == "unit":
				for _, u := range units(p, form, unit, period) {
					extend(l, u.Code, u.Name)
				}
			case key.Role == "indicator":
				for _, i := range p.Indicators {
					extend(l, i.Code, i.Name)
				}
			case len(p.Members[key.Role]) > 0:
				for _, m := range p.Members[key.Role] {
					extend(l, m.Code, m.Name)
				}
			default:
				open = true
				extend(l, "", "")
			}
		}
		lines = next
	}
	if open && len(lines) == 1 {
		for len(lines) < blankRows {
			lines = append(lines, lines[0])
		}
	}
	return lines
}

// units are those of the form's levels that are valid on the period's last day, in the plan's order.
func units(p *plan.Plan, form plan.Form, top *plan.Unit, period plan.Period) []*plan.Unit {
	all := p.Units.All
	if top != nil {
		all = top.Subtree()
	}
	var out []*plan.Unit
	for _, u := range all {
		if u.ValidOn(period.End) && slices.Contains(form.Levels, u.Level) {
			out = append(out, u)
		}
	}
	return out
}

func keyed(form plan.Form, role string) bool {
	return slices.ContainsFunc(form.Keys, func(c plan.Column) bool { return c.Role == role })
}

// template is a workbook while it is written.
type template struct {
	*excelize.File
	form   plan.Form
	period plan.Period
	rows   []line
	who    *plan.Unit

	label, header, key, entry, text, money, wrap int // styles
	headerRow                                    int
	columns                                      []column
}

// column is a column of the sheet: a key, the name, or a value to fill in.
type column struct {
	plan.Column
	key   int // place among the keys; -1
	name  bool
	title string
}

func (t *template) styles() error {
	border := []excelize.Border{}
	for _, side := range []string{"left", "top", "right", "bottom"} {
		border = append(border, excelize.Border{Type: side, Color: "9AA5B1", Style: 1})
	}
	grey := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEF1F5"}}
	count, amount, text := "#,##0", "#,##0.000", "@"
	for _, s := range []struct {
		into  *int
		style excelize.Style
	}{
		{&t.label, excelize.Style{Font: &excelize.Font{Bold: true}}},
		{&t.header, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: grey, Border: border,
			Alignment: &excelize.Alignment{WrapText: true, Horizontal: "center", Vertical: "center"}}},
		{&t.key, excelize.Style{Fill: grey, Border: border, CustomNumFmt: &text}},
		{&t.entry, excelize.Style{Border: border, CustomNumFmt: &count}},
		{&t.money, excelize.Style{Border: border, CustomNumFmt: &amount}},
		{&t.text, excelize.Style{Border: border, CustomNumFmt: &text}},
		{&t.wrap, excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}},
	} {
		id, err := t.NewStyle(&s.style)
		if err != nil {
			return err
		}
		*s.into = id
	}
	for i, k := range t.form.Keys {
		t.columns = append(t.columns, column{Column: k, key: i, title: k.Header})
	}
	if slices.ContainsFunc(t.rows, func(l line) bool { return l.name != "" }) {
		t.columns = append(t.columns, column{key: -1, name: true, title: "Tên đơn vị"})
	}
	for _, c := range t.form.Columns {
		if c.Kind != "one" && c.Kind != "positive" {
			t.columns = append(t.columns, column{Column: c, key: -1, title: c.Header})
		}
	}
	return t.SetSheetName(t.GetSheetName(0), sheetForm)
}

// set writes one cell; row and column count from 1 and 0.
func (t *template) set(row, col int, value any, style int) error {
	ref, err := excelize.CoordinatesToCellName(col+1, row)
	if err != nil {
		return err
	}
	if err := t.SetCellValue(sheetForm, ref, value); err != nil {
		return err
	}
	return t.SetCellStyle(sheetForm, ref, ref, style)
}

func (t *template) head() error {
	periodType := "lịch"
	if t.form.PeriodType == plan.Report {
		periodType = "báo cáo"
	}
	pairs := [][2]any{
		{"Tên biểu", t.form.Title},
		{"Mẫu số", t.form.Code},
		{"Phiên bản", t.form.Version},
		{"Loại kỳ", periodType},
		{"Kỳ", t.period.Label},
	}
	for i, p := range pairs {
		if err := t.set(i+1, 0, p[0], t.label); err != nil {
			return err
		}
		style := 0
		if s, isText := p[1].(string); isText && s == t.period.Label {
			style = t.text // text, so that nothing makes a date of 2024-03 when it is edited
		}
		if err := t.set(i+1, 1, p[1], style); err != nil {
			return err
		}
	}
	t.headerRow = len(pairs) + 2
	return nil
}

func (t *template) table() error {
	for i, c := range t.columns {
		if err := t.set(t.headerRow, i, c.title, t.header); err != nil {
			return err
		}
	}
	for n, l := range t.rows {
		for i, c := range t.columns {
			var value any
			style := t.text
			switch {
			case c.name:
				value, style = l.name, t.key
			case c.key >= 0:
				value = l.keys[c.key]
				if value != "" {
					style = t.key
				}
			case c.Factor > 1:
				style = t.money
			case c.Kind == "count", c.Kind == "money", c.Kind == "":
				style = t.entry
			}
			if value == "" {
				value = nil
			}
			if err := t.set(t.headerRow+1+n, i, value, style); err != nil {
				return err
			}
		}
	}
	return nil
}

// checks let the spreadsheet itself refuse what the reader would reject.
func (t *template) checks() error {
	first, last := t.headerRow+1, t.headerRow+max(len(t.rows), 1)
	for i, c := range t.columns {
		if c.key >= 0 || c.name {
			continue
		}
		name, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s%d:%s%d", name, first, name, last)
		switch c.Kind {
		case "yesno", "not_flag", "flag_bit":
			err = v.SetDropList([]string{"có", "không"})
			v.SetError(excelize.DataValidationErrorStyleStop, "Chưa đúng", "Hãy ghi có hoặc không.")
		case "count":
			err = v.SetRange(0, math.MaxInt32, excelize.DataValidationTypeWhole, excelize.DataValidationOperatorBetween)
			v.SetError(excelize.DataValidationErrorStyleWarning, "Chưa đúng", "Hãy ghi số nguyên không âm.")
		case "money":
			err = v.SetRange(0, 1e15, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween)
			v.SetError(excelize.DataValidationErrorStyleStop, "Chưa đúng", "Hãy ghi số không âm.")
		default:
			continue
		}
		if err != nil {
			return err
		}
		if err := t.AddDataValidation(sheetForm, v); err != nil {
			return err
		}
	}
	return nil
}

// help is the second sheet: the reader never looks at it.
func (t *template) help() error {
	if _, err := t.NewSheet(sheetHelp); err != nil {
		return err
	}
	day := func(d plan.Day) string { return d.Time().Format("02/01/2006") }
	lines := []string{
		t.form.Title + " (" + t.form.Code + fmt.Sprintf(", phiên bản %d)", t.form.Version),
		fmt.Sprintf("Kỳ %s: từ ngày %s đến hết ngày %s.", t.period.Label, day(t.period.Start), day(t.period.End)),
	}
	if t.who != nil {
		lines = append(lines, "Đơn vị lập biểu: "+t.who.Name+".")
	}
	if t.form.Note != "" {
		lines = append(lines, t.form.Note)
	}
	lines = append(lines,
		"Chỉ nhập vào các ô trắng của trang \""+sheetForm+"\"; giữ nguyên các dòng đầu, dòng tiêu đề và mã đơn vị.",
		"Ô trống là chưa biết, không phải là 0. Không có thì ghi 0.",
		"Ghi số liền (1234), không dùng dấu chấm hoặc dấu phẩy để phân cách hàng nghìn.",
	)
	if t.form.PeriodType == plan.Report {
		lines = append(lines, "Kỳ báo cáo tính từ ngày 15 tháng trước đến ngày 14; gửi trong 2 ngày làm việc sau ngày chốt số liệu.")
	}
	for _, c := range t.form.Columns {
		if c.AtMost == "" {
			continue
		}
		for _, whole := range t.form.Columns {
			if whole.Measure == c.AtMost {
				lines = append(lines, fmt.Sprintf("%q không được lớn hơn %q.", c.Header, whole.Header))
			}
		}
	}
	lines = append(lines, "Gửi lại cùng biểu, cùng kỳ thì số liệu của lần gửi sau thay cho lần trước.")
	for i, text := range lines {
		ref := fmt.Sprintf("A%d", i+1)
		if err := t.SetCellValue(sheetHelp, ref, text); err != nil {
			return err
		}
		style := t.wrap
		if i == 0 {
			style = t.label
		}
		if err := t.SetCellStyle(sheetHelp, ref, ref, style); err != nil {
			return err
		}
	}
	return t.SetColWidth(sheetHelp, "A", "A", 100)
}

func (t *template) layout() error {
	for i, c := range t.columns {
		name, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		width := 20.0
		switch {
		case c.name:
			width = 36
		case c.key < 0 && c.Kind == "text":
			width = 44
		}
		if err := t.SetColWidth(sheetForm, name, name, width); err != nil {
			return err
		}
	}
	if err := t.SetRowHeight(sheetForm, t.headerRow, 64); err != nil {
		return err
	}
	landscape, fit := "landscape", 1
	if err := t.SetPageLayout(sheetForm, &excelize.PageLayoutOptions{Orientation: &landscape, FitToWidth: &fit}); err != nil {
		return err
	}
	if err := t.SetPanes(sheetForm, &excelize.Panes{
		Freeze: true, YSplit: t.headerRow, TopLeftCell: fmt.Sprintf("A%d", t.headerRow+1), ActivePane: "bottomLeft",
	}); err != nil {
		return err
	}
	index, err := t.GetSheetIndex(sheetForm)
	if err != nil {
		return err
	}
	t.SetActiveSheet(index)
	return t.SetDocProps(&excelize.DocProperties{Title: t.form.Title, Subject: t.form.Code, Language: "vi-VN"})
}
