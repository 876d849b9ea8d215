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

// blankRows is how many empty rows a template offers where nobody knows the keys (facilities, services).
const blankRows = 200

const (
	sheetForm  = "Biểu"
	sheetHelp  = "Hướng dẫn"
	sheetUnits = "Danh mục đơn vị"
)

// sumLabel stands in the first key cell of the row of sums. Readers of forms leave such a row out: sums are computed, never
// imported.
const sumLabel = "Tổng cộng"

// Blank is an empty form to be written.
type Blank struct {
	Plan   *plan.Plan
	Form   plan.Form
	Period plan.Period
	Unit   *plan.Unit    // who fills it in, with the units below it; nil: every unit that the form's levels name
	Own    bool          // Unit alone, without those below it
	Known  []plan.Member // keys (facilities, services) that the plan does not list and somebody else knows; none: open rows
}

// Template writes the empty form for a period as an XLSX workbook: the head, the header row, a row of sums where there is
// something to add up, and one row per expected key, so that a unit fills in figures only. unit limits the rows to it and the
// units below it; nil takes every unit that the form's levels name. Only the cells to fill in are open. Further sheets say how
// to fill it in and list the units. The reader of this package reads it back.
func Template(p *plan.Plan, form plan.Form, unit *plan.Unit, period plan.Period, w io.Writer) error {
	return Blank{Plan: p, Form: form, Unit: unit, Period: period}.Write(w)
}

// Write writes the form.
func (b Blank) Write(w io.Writer) error {
	form, period := b.Form, b.Period
	if form.Rhythm != "" && period.Rhythm != form.Rhythm {
		return fmt.Errorf("form %s is handed in by %s, %s is no such period", form.Code, form.Rhythm, period.Label)
	}
	rows := b.expected()
	if b.Unit != nil && keyed(form, "unit") && len(rows) == 0 {
		return fmt.Errorf("form %s is entered by %v: neither %s nor a unit below it is one on %s", form.Code, form.Levels, b.Unit.Code, period.End)
	}
	f := excelize.NewFile()
	defer f.Close()
	t := &template{File: f, blank: b, form: form, period: period, rows: rows, who: b.Unit}
	for _, step := range []func() error{t.styles, t.head, t.table, t.checks, t.help, t.units, t.layout, t.protect} {
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

// expected lists the rows that the form waits for. A key that nobody can list (facility, service) stays open.
func (b Blank) expected() []line {
	p := b.Plan
	lines := []line{{}}
	open := false
	for _, key := range b.Form.Keys {
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
				for _, u := range b.reporting() {
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
				for _, m := range b.Known {
					extend(l, m.Code, m.Name)
				}
				if len(b.Known) == 0 {
					extend(l, "", "")
				}
			}
		}
		lines = next
	}
	if first := len(lines) - 1; open && (first == 0 || len(b.Known) > 0) { // rows for what is not known yet
		empty := line{keys: slices.Clone(lines[first].keys)}
		for i, key := range b.Form.Keys {
			if key.Role != "unit" {
				empty.keys[i] = ""
			}
		}
		if len(b.Known) == 0 {
			lines = nil
		}
		for n := len(lines) + blankRows/4; len(lines) < max(n, blankRows); {
			lines = append(lines, empty)
		}
	}
	return lines
}

// reporting are the units of the form's levels that are valid on the period's last day, in the plan's order.
func (b Blank) reporting() []*plan.Unit {
	all := b.Plan.Units.All
	switch {
	case b.Unit != nil && b.Own:
		all = []*plan.Unit{b.Unit}
	case b.Unit != nil:
		all = b.Unit.Subtree()
	}
	var out []*plan.Unit
	for _, u := range all {
		if u.ValidOn(b.Period.End) && slices.Contains(b.Form.Levels, u.Level) {
			out = append(out, u)
		}
	}
	return out
}

// additive says whether the rows may be added up: people who are counted once by every unit may not.
func (b Blank) additive() bool {
	return !slices.ContainsFunc(b.Form.Indicators, func(code string) bool {
		i := slices.IndexFunc(b.Plan.Indicators, func(x plan.Indicator) bool { return x.Code == code })
		return i >= 0 && b.Plan.Indicators[i].Aggregate == plan.ReportedHere
	})
}

func keyed(form plan.Form, role string) bool {
	return slices.ContainsFunc(form.Keys, func(c plan.Column) bool { return c.Role == role })
}

// template is a workbook while it is written.
type template struct {
	*excelize.File
	blank  Blank
	form   plan.Form
	period plan.Period
	rows   []line
	who    *plan.Unit

	label, header, key, entry, text, money, wrap, sum, sumMoney, plain int // styles
	headerRow, firstRow                                                int // firstRow: of the rows to fill in
	columns                                                            []column
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
	open := &excelize.Protection{Locked: false}
	yellow := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFF8DC"}}
	const face = "Times New Roman"
	if err := t.SetDefaultFont(face); err != nil {
		return err
	}
	bold := &excelize.Font{Bold: true, Family: face}
	grey := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEF1F5"}}
	count, amount, text := "#,##0", "#,##0.000", "@"
	for _, s := range []struct {
		into  *int
		style excelize.Style
	}{
		{&t.label, excelize.Style{Font: bold}},
		{&t.header, excelize.Style{Font: bold, Fill: grey, Border: border,
			Alignment: &excelize.Alignment{WrapText: true, Horizontal: "center", Vertical: "center"}}},
		{&t.key, excelize.Style{Fill: grey, Border: border, CustomNumFmt: &text}},
		{&t.entry, excelize.Style{Border: border, CustomNumFmt: &count, Protection: open}},
		{&t.money, excelize.Style{Border: border, CustomNumFmt: &amount, Protection: open}},
		{&t.text, excelize.Style{Border: border, CustomNumFmt: &text, Protection: open}},
		{&t.plain, excelize.Style{CustomNumFmt: &text}},
		{&t.sum, excelize.Style{Font: bold, Fill: yellow, Border: border, CustomNumFmt: &count}},
		{&t.sumMoney, excelize.Style{Font: bold, Fill: yellow, Border: border, CustomNumFmt: &amount}},
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
		{"Thời gian của kỳ", "từ ngày " + date(t.period.Start) + " đến hết ngày " + date(t.period.End)},
	}
	if t.who != nil {
		pairs = append(pairs, [2]any{"Đơn vị lập biểu", t.who.Name})
	}
	for i, p := range pairs {
		if err := t.set(i+1, 0, p[0], t.label); err != nil {
			return err
		}
		style := 0
		if s, isText := p[1].(string); isText && s == t.period.Label {
			style = t.plain // text, so that nothing makes a date of 2024-03 when it is edited
		}
		if err := t.set(i+1, 1, p[1], style); err != nil {
			return err
		}
	}
	t.headerRow = len(pairs) + 2
	t.firstRow = t.headerRow + 1
	if len(t.rows) > 1 && t.blank.additive() && slices.ContainsFunc(t.columns, func(c column) bool { return t.formula(c, "A1:A2") != "" }) {
		t.firstRow++ // the row of sums stands on top, in sight while one fills in
	}
	return nil
}

func date(d plan.Day) string { return d.Time().Format("02/01/2006") }

// formula adds up a column's cells; empty where there is nothing to add up.
func (t *template) formula(c column, cells string) string {
	if c.key >= 0 || c.name {
		return ""
	}
	switch c.Kind {
	case "", "count", "money":
		if c.Measure != "" {
			return "SUM(" + cells + ")"
		}
	case "yesno", "not_flag", "flag_bit":
		return "COUNTIF(" + cells + ",\"có\")"
	}
	return ""
}

// sums writes the row of sums.
func (t *template) sums() error {
	row := t.headerRow + 1
	if t.firstRow == row {
		return nil
	}
	for i, c := range t.columns {
		style := t.sum
		if c.Factor > 1 {
			style = t.sumMoney
		}
		if err := t.set(row, i, nil, style); err != nil {
			return err
		}
		name, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		ref := fmt.Sprintf("%s%d", name, row)
		if i == 0 {
			err = t.SetCellValue(sheetForm, ref, sumLabel)
		} else if f := t.formula(c, fmt.Sprintf("%s%d:%s%d", name, t.firstRow, name, t.firstRow+len(t.rows)-1)); f != "" {
			err = t.SetCellFormula(sheetForm, ref, f)
		}
		if err != nil {
			return err
		}
	}
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
			if err := t.set(t.firstRow+n, i, value, style); err != nil {
				return err
			}
		}
	}
	return t.sums()
}

// checks let the spreadsheet itself refuse what the reader would reject.
func (t *template) checks() error {
	first, last := t.firstRow, t.firstRow+max(len(t.rows), 1)-1
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
	return t.warnings(first, last)
}

// warnings colours a part that is larger than its whole.
func (t *template) warnings(first, last int) error {
	red, err := t.NewConditionalStyle(&excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F8C9C4"}}})
	if err != nil {
		return err
	}
	for i, c := range t.columns {
		whole := slices.IndexFunc(t.columns, func(x column) bool { return c.AtMost != "" && x.Measure == c.AtMost })
		if whole < 0 || c.Kind == "yesno" || c.Kind == "flag_bit" {
			continue
		}
		part, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		of, err := excelize.ColumnNumberToName(whole + 1)
		if err != nil {
			return err
		}
		criteria := fmt.Sprintf(`AND(ISNUMBER($%s%d),ISNUMBER($%s%d),$%s%d>$%s%d)`, part, first, of, first, part, first, of, first)
		if err := t.SetConditionalFormat(sheetForm, fmt.Sprintf("%s%d:%s%d", part, first, part, last),
			[]excelize.ConditionalFormatOptions{{Type: "formula", Criteria: criteria, Format: &red}}); err != nil {
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
	p := t.blank.Plan
	lines := []string{
		t.form.Title + " (" + t.form.Code + fmt.Sprintf(", phiên bản %d)", t.form.Version),
		fmt.Sprintf("Kế hoạch: %s (%s), %s; bản %s.", p.Name, p.Code, p.Document, p.VersionOn(t.period.End)),
		fmt.Sprintf("Kỳ %s: từ ngày %s đến hết ngày %s.", t.period.Label, date(t.period.Start), date(t.period.End)),
	}
	if t.who != nil {
		lines = append(lines, "Đơn vị lập biểu: "+t.who.Name+".")
	}
	if t.form.Note != "" {
		lines = append(lines, t.form.Note)
	}
	lines = append(lines,
		"Chỉ nhập vào các ô trắng của trang \""+sheetForm+"\"; các ô khác được khóa (không có mật khẩu) để giữ nguyên các dòng đầu, dòng tiêu đề và mã đơn vị.",
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
	if t.firstRow > t.headerRow+1 {
		lines = append(lines, "Dòng \""+sumLabel+"\" do bảng tính tự cộng để đối chiếu, hệ thống không đọc dòng này.")
	}
	if slices.ContainsFunc(t.form.Columns, func(c plan.Column) bool { return c.AtMost != "" && (c.Kind == "count" || c.Kind == "money") }) {
		lines = append(lines, "Ô đỏ là phần lớn hơn tổng: hãy kiểm tra lại hai ô.")
	}
	lines = append(lines, "Gửi lại cùng biểu, cùng kỳ thì số liệu của lần gửi sau thay cho lần trước; khi đó phải nêu lý do điều chỉnh.")
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

// units is the sheet with the codes that the form may name.
func (t *template) units() error {
	if _, err := t.NewSheet(sheetUnits); err != nil {
		return err
	}
	all := t.blank.reporting()
	if slices.ContainsFunc(t.form.Columns, func(c plan.Column) bool { return c.Role == "located_in" }) || t.form.Rhythm == plan.Daily {
		all = slices.DeleteFunc(slices.Clone(t.blank.Plan.Units.All), func(u *plan.Unit) bool { return !u.ValidOn(t.period.End) })
	}
	for i, line := range slices.Concat([][3]string{{"Mã đơn vị", "Tên đơn vị", "Trực thuộc"}}, codes(all)) {
		for j, text := range line {
			ref, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				return err
			}
			if err := t.SetCellStr(sheetUnits, ref, text); err != nil {
				return err
			}
		}
	}
	if err := t.SetCellStyle(sheetUnits, "A1", "C1", t.header); err != nil {
		return err
	}
	return t.SetColWidth(sheetUnits, "A", "C", 36)
}

func codes(all []*plan.Unit) (lines [][3]string) {
	for _, u := range all {
		parent := ""
		if u.Parent != nil {
			parent = u.Parent.Name
		}
		lines = append(lines, [3]string{u.Code, u.Name, parent})
	}
	return lines
}

// protect locks everything but the cells to fill in, without a password: it keeps from mistakes, not from people.
func (t *template) protect() error {
	for _, sheet := range []string{sheetForm, sheetHelp, sheetUnits} {
		if err := t.ProtectSheet(sheet, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true, FormatRows: true}); err != nil {
			return err
		}
	}
	return nil
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
	// Printed, a form is as wide as an A4 sheet and as long as it needs.
	a4, landscape, one, any, fits := 9, "landscape", 1, 0, true
	for _, name := range t.GetSheetList() {
		if err := t.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &one, FitToHeight: &any}); err != nil {
			return err
		}
		if err := t.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fits}); err != nil {
			return err
		}
	}
	if err := t.SetPanes(sheetForm, &excelize.Panes{
		Freeze: true, YSplit: t.firstRow - 1, TopLeftCell: fmt.Sprintf("A%d", t.firstRow), ActivePane: "bottomLeft",
	}); err != nil {
		return err
	}
	index, err := t.GetSheetIndex(sheetForm)
	if err != nil {
		return err
	}
	t.SetActiveSheet(index)
	return t.SetDocProps(&excelize.DocProperties{Title: t.form.Title, Subject: t.form.Code, Keywords: fmt.Sprintf("%s, %s, phiên bản %d", t.blank.Plan.Code, t.form.Code, t.form.Version), Language: "vi-VN"})
}
