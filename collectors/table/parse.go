package table

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// Parse reads a landed file. A row is the unit of consistency: one bad cell takes the whole row out, with a reject for
// every bad cell, because a numerator without its denominator would count. The rest of the file goes on. Positions are
// row numbers as the spreadsheet shows them; Reject.Field is the address of the cell.
func (r *Reader) Parse(p collectors.Page) (collectors.Batch, error) {
	var b body
	if err := json.Unmarshal(p.Body, &b); err != nil {
		return collectors.Batch{}, fmt.Errorf("%s: the landed page is no table: %w", r.source.ID, err)
	}
	s := sheet{reader: r, body: b}
	if !s.head(plan.DayOf(p.FetchedAt)) {
		return s.batch, nil
	}
	for _, h := range b.Unknown {
		s.batch.Drift = append(s.batch.Drift, fmt.Sprintf("%s: cột lạ %q không có trong mẫu %s, không đọc", b.File, h, s.form.Code))
	}
	s.columns()
	seen := map[string]int{} // key -> index of the row's records
	var rows []record
	for _, row := range b.Rows {
		rec, ok := s.row(row)
		if !ok {
			continue
		}
		if i, twice := seen[rec.key]; twice {
			same := rec.equal(rows[i])
			s.reject(row, -1, rec.key, "duplicate_key", fmt.Sprintf("khóa %s đã có ở dòng %d của tệp: hãy giữ một dòng", rec.key, rows[i].row.Number))
			if !same && !rows[i].refused { // which of the two is right is nobody's guess
				rows[i].refused = true
				s.reject(rows[i].row, -1, rec.key, "duplicate_key", fmt.Sprintf("khóa %s có số liệu khác ở dòng %d của tệp: hãy giữ một dòng", rec.key, row.Number))
			}
			continue
		}
		seen[rec.key] = len(rows)
		rows = append(rows, rec)
	}
	for _, rec := range rows {
		if rec.refused {
			continue
		}
		s.batch.Measures = append(s.batch.Measures, rec.measures...)
		if rec.facility != nil {
			s.batch.Facilities = append(s.batch.Facilities, *rec.facility)
		}
		if rec.baseline != nil {
			s.batch.Baselines = append(s.batch.Baselines, *rec.baseline)
		}
	}
	slices.SortStableFunc(s.batch.Rejects, func(a, b collectors.Reject) int { return a.Position - b.Position })
	return s.batch, nil
}

// sheet is a file while it is read.
type sheet struct {
	reader *Reader
	body   body
	form   *plan.Form
	period plan.Period
	at     map[string]int // header as the form has it -> place in a row's cells
	batch  collectors.Batch
}

// record is what one row says.
type record struct {
	row      Row
	key      string
	measures []collectors.Measure
	facility *collectors.Facility
	baseline *collectors.Baseline
	refused  bool
}

func (a record) equal(b record) bool {
	strip := func(r record) record {
		r.row, r.refused = Row{}, false
		r.measures = slices.Clone(r.measures)
		for i := range r.measures {
			r.measures[i].Position = 0
		}
		if r.facility != nil {
			f := *r.facility
			f.Position, r.facility = 0, &f
		}
		if r.baseline != nil {
			f := *r.baseline
			f.Position, r.baseline = 0, &f
		}
		return r
	}
	x, y := strip(a), strip(b)
	return slices.Equal(x.measures, y.measures) &&
		(x.facility == y.facility || x.facility != nil && y.facility != nil && *x.facility == *y.facility) &&
		(x.baseline == y.baseline || x.baseline != nil && y.baseline != nil && *x.baseline == *y.baseline)
}

// file rejects the file as a whole.
func (s *sheet) file(field, rule, reason string) {
	record, _ := json.Marshal(map[string]string{
		"file": s.body.File, labelForm: s.body.Form, labelVersion: s.body.Version,
		labelPeriodType: s.body.PeriodType, labelPeriod: s.body.Period,
	})
	s.batch.Rejects = append(s.batch.Rejects, collectors.Reject{
		Key: s.body.File, Field: field, Rule: rule, Reason: reason, Record: record,
	})
}

// reject rejects a row; column is a place in its cells, or -1 for the row as a whole.
func (s *sheet) reject(row Row, column int, key, rule, reason string) {
	field := strconv.Itoa(row.Number)
	if column >= 0 && column < len(s.body.Columns) {
		field = Ref(row.Number, s.body.Columns[column].At)
		reason = fmt.Sprintf("ô %s (%s): %s", field, s.body.Columns[column].Header, reason)
	} else {
		reason = "dòng " + field + ": " + reason
	}
	cells := map[string]Cell{}
	for i, c := range s.body.Columns {
		cells[c.Header] = row.At(i)
	}
	record, _ := json.Marshal(cells)
	s.batch.Rejects = append(s.batch.Rejects, collectors.Reject{
		Position: row.Number, Key: key, Field: field, Rule: rule, Reason: s.body.File + ", " + reason, Record: record,
	})
}

// head checks what the file says of itself: form, version, period. today is the local day on which it was fetched.
func (s *sheet) head(today plan.Day) bool {
	b := s.body
	if b.Error != "" {
		s.file("", "unreadable_file", b.Error)
		return false
	}
	s.form = s.reader.form(b.Form)
	if s.form == nil {
		var codes []string
		for _, f := range s.reader.forms {
			codes = append(codes, f.Code)
		}
		reason := fmt.Sprintf("mẫu %q không có trong danh mục (%s): hãy dùng mẫu do hệ thống phát hành", b.Form, strings.Join(codes, ", "))
		if b.Form == "" {
			reason = fmt.Sprintf("không tìm thấy dòng %q ở đầu tệp: hãy dùng mẫu do hệ thống phát hành", labelForm)
		}
		s.file(labelForm, "unknown_form", reason)
		return false
	}
	f := s.form
	if len(b.Missing) > 0 {
		s.file("", "missing_column", fmt.Sprintf("thiếu cột %s của mẫu %s: hãy giữ nguyên dòng tiêu đề của mẫu", strings.Join(b.Missing, "; "), f.Code))
	}
	if v, err := strconv.Atoi(strings.TrimSpace(b.Version)); err != nil || v != f.Version {
		s.file(labelVersion, "form_version", fmt.Sprintf("phiên bản %q, mẫu %s hiện hành là phiên bản %d: hãy dùng mẫu mới", b.Version, f.Code, f.Version))
	}
	p, err := readPeriod(f.PeriodType, f.Rhythm, b.Period)
	switch {
	case err != nil:
		s.file(labelPeriod, "bad_period", fmt.Sprintf("không đọc được kỳ %q: hãy ghi như %s", b.Period, periodExample[f.Rhythm]))
	case f.Rhythm != "" && p.Rhythm != f.Rhythm:
		s.file(labelPeriod, "wrong_period", fmt.Sprintf("kỳ %q không phải kỳ của mẫu %s: hãy ghi như %s", b.Period, f.Code, periodExample[f.Rhythm]))
	case p.End > today:
		s.file(labelPeriod, "future_date", fmt.Sprintf("kỳ %s đến hết ngày %s mới kết thúc: hãy gửi sau ngày đó", p.Label, p.End.Time().Format("02/01/2006")))
	}
	if f.Rhythm != plan.Daily && periodType(b.PeriodType) != f.PeriodType { // a day is a day in both
		s.file(labelPeriodType, "wrong_period_type", fmt.Sprintf("loại kỳ %q, mẫu %s theo kỳ %s: hãy sửa loại kỳ", b.PeriodType, f.Code, periodTypeName(f.PeriodType)))
	}
	s.period = p
	return len(s.batch.Rejects) == 0
}

var periodExample = map[plan.Rhythm]string{
	"": "2024-03", plan.Daily: "2024-03-31", plan.Monthly: "2024-03", plan.Quarterly: "2024-Q1", plan.HalfYearly: "2024-H1", plan.Yearly: "2024",
}

func periodTypeName(t plan.PeriodType) string {
	if t == plan.Report {
		return "báo cáo"
	}
	return "lịch"
}

// columns finds the form's columns in the page, once for all rows. A replayed page may be older than the form.
func (s *sheet) columns() {
	s.at = map[string]int{}
	for _, c := range slices.Concat(s.form.Keys, s.form.Columns) {
		i := slices.IndexFunc(s.body.Columns, func(p placed) bool { return plan.Fold(p.Header) == plan.Fold(c.Header) })
		if i >= 0 {
			s.at[c.Header] = i
		}
	}
}

// cell is a row's cell of a column with its place, which is -1 for a column that the page does not have.
func (s *sheet) cell(row Row, c plan.Column) (Cell, int) {
	i, ok := s.at[c.Header]
	if !ok {
		return Cell{}, -1
	}
	return row.At(i), i
}

// row reads one row; ok is false when it was rejected.
func (s *sheet) row(row Row) (record, bool) {
	before := len(s.batch.Rejects)
	if s.blank(row) {
		s.reject(row, -1, s.label(row), "empty_row", "chưa có số liệu: ô trống là chưa biết, không phải là 0")
		return record{}, false
	}
	k, fields := s.keys(row)
	rec := record{row: row, key: k}
	s.values(row, k, fields, &rec)
	return rec, len(s.batch.Rejects) == before
}

// blank says that none of the row's value cells is filled.
func (s *sheet) blank(row Row) bool {
	for _, c := range s.form.Columns {
		if c.Kind == "one" || c.Kind == "positive" {
			continue
		}
		if v, _ := s.cell(row, c); !v.Empty() {
			return false
		}
	}
	return true
}

// label is the row's key as it is written, for rows that are not read further.
func (s *sheet) label(row Row) string {
	var parts []string
	for _, c := range s.form.Keys {
		if v, _ := s.cell(row, c); !v.Empty() {
			parts = append(parts, clip(v.Text))
		}
	}
	return strings.Join(parts, " ")
}

// keyFields is what a row is about.
type keyFields struct {
	unit      plan.UnitKey // of a facility's row: the facility's code
	indicator string
	dims      string
}

func (s *sheet) keys(row Row) (string, keyFields) {
	var f keyFields
	var parts []string
	for _, c := range s.form.Keys {
		v, i := s.cell(row, c)
		if v.Empty() {
			s.reject(row, i, strings.Join(parts, " "), "missing_key", "ô khóa để trống: hãy ghi mã")
			continue
		}
		part := v.Text
		switch c.Role {
		case "unit":
			if u := s.unit(row, i, v); u != nil {
				f.unit, part = u.UnitKey, u.UnitKey.String()
				if s.body.Unit != "" && part != s.body.Unit {
					s.reject(row, i, part, "other_unit", fmt.Sprintf("dòng của %s: mỗi đơn vị chỉ gửi số liệu của mình, hãy xóa dòng này", u.Name))
				} else if len(s.form.Levels) > 0 && s.ownRows() && !slices.Contains(s.form.Levels, u.Level) {
					s.reject(row, i, part, "level_not_allowed", fmt.Sprintf("%s không thuộc cấp báo cáo mẫu %s: hãy xóa dòng này", u.Name, s.form.Code))
				}
			}
		case "facility":
			f.unit = plan.UnitKey{Code: strings.ToUpper(v.Text), From: plan.NoDay}
			part = f.unit.Code
		case "service":
			f.dims = procedureCode(v)
			part = f.dims
		case "indicator":
			ok := slices.ContainsFunc(s.reader.deps.Plan.Indicators, func(x plan.Indicator) bool { return x.Code == v.Text })
			if !ok {
				s.reject(row, i, v.Text, "unknown_indicator", fmt.Sprintf("chỉ tiêu %q không có trong kế hoạch: hãy ghi đúng mã chỉ tiêu", clip(v.Text)))
			}
			f.indicator = v.Text
		default:
			m := member(s.reader.deps.Plan.Members[c.Role], v.Text)
			if m == "" {
				s.reject(row, i, v.Text, "unknown_member", fmt.Sprintf("%q không có trong danh mục: hãy ghi mã theo danh mục %s", clip(v.Text), c.Role))
			}
			f.dims, part = m, m
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " "), f
}

// ownRows says that the form's units report for themselves; in a register or a sheet of baselines the form's levels say
// who hands it in, and its units are what it is about.
func (s *sheet) ownRows() bool {
	return slices.ContainsFunc(s.form.Columns, func(c plan.Column) bool { return c.Measure != "" })
}

// unit resolves a unit's code, or its name, on the period's last day; a unit that ended within the period is found on
// the period's first day.
func (s *sheet) unit(row Row, column int, v Cell) *plan.Unit {
	u, rule, err := s.find(v.Text, s.period.End, s.period.Start)
	if err == nil {
		return u
	}
	reason := fmt.Sprintf("mã đơn vị %q không có trong kỳ: hãy ghi mã theo danh mục đơn vị", clip(v.Text))
	if rule == "ambiguous_name" {
		reason = fmt.Sprintf("tên %q có ở nhiều huyện: hãy ghi mã đơn vị", clip(v.Text))
	}
	s.reject(row, column, clip(v.Text), rule, reason)
	return nil
}

// find resolves a code or name on the first of the days on which it is valid.
func (s *sheet) find(text string, days ...plan.Day) (*plan.Unit, string, error) {
	units := s.reader.deps.Plan.Units
	var err error
	for _, d := range days {
		var u *plan.Unit
		if u, err = units.ByOrganCode(text, d); err == nil {
			return u, "", nil
		}
	}
	rule := "unknown_unit"
	for _, d := range days {
		u, problem := s.reader.units.ByName(text, d)
		if u != nil {
			return u, "", nil
		}
		if problem == "ambiguous_name" {
			rule = problem
		}
	}
	return nil, rule, err
}

// member finds a member of a dimension by code or by name.
func member(list []plan.Member, text string) string {
	for _, m := range list {
		if strings.EqualFold(m.Code, text) {
			return m.Code
		}
	}
	for _, m := range list {
		if plan.Fold(m.Name) == plan.Fold(text) {
			return m.Code
		}
	}
	return ""
}

// values reads the row's value cells into the record.
func (s *sheet) values(row Row, key string, f keyFields, rec *record) {
	got := map[string]int64{}    // measure -> value
	place := map[string]int{}    // measure -> place of its cell
	unknown := map[string]bool{} // masks with an open bit
	roles := map[string]string{} // register column -> text
	numbers := map[string]int64{}
	var order []string
	var evidence string
	var attested bool
	missingEvidence := -1
	put := func(c plan.Column, i int, v int64) {
		if _, ok := got[c.Measure]; !ok {
			order = append(order, c.Measure)
		}
		got[c.Measure] |= v
		place[c.Measure] = i
	}
	for _, c := range s.form.Columns {
		if c.Kind == "one" {
			put(c, -1, 1)
			continue
		}
		v, i := s.cell(row, c)
		optional := c.Empty == "allowed"
		switch c.Kind {
		case "text":
			switch {
			case c.Role != "" && c.Role != "evidence":
				roles[c.Role] = v.Text
				if v.Empty() && !optional {
					s.reject(row, i, key, "missing_value", "ô trống: hãy ghi đủ")
				}
			case v.Empty() && !optional:
				missingEvidence = i
			default:
				evidence = v.Text
			}
		case "date":
			roles[c.Role] = v.Text
			if v.Empty() && !optional {
				s.reject(row, i, key, "missing_value", "ô ngày để trống: hãy ghi ngày")
			} else if _, err := readDate(v.Text); err != nil {
				s.reject(row, i, key, "bad_date", fmt.Sprintf("không đọc được ngày %q: hãy ghi như 31/03/2024", clip(v.Text)))
			}
		case "yesno", "not_flag", "flag_bit":
			yes, ok := yesNo(v)
			switch {
			case v.Empty() && optional:
				unknown[c.Measure] = true
			case v.Empty():
				s.reject(row, i, key, "missing_answer", "chưa trả lời: hãy ghi có hoặc không; ô trống là chưa biết, không phải là không")
			case !ok:
				s.reject(row, i, key, "bad_answer", fmt.Sprintf("không hiểu câu trả lời %q: hãy ghi có hoặc không", clip(v.Text)))
			default:
				var n int64
				if yes != (c.Kind == "not_flag") {
					n = 1
				}
				attested = attested || yes
				put(c, i, n<<uint(c.Bit))
			}
		case "positive": // a second look at a cell, which answers for itself
			if n, err := amount(v, c); err == nil {
				put(c, i, min(n, 1))
			}
		default: // count, money
			if v.Empty() && optional {
				continue
			}
			n, err := amount(v, c)
			if err != nil {
				rule, reason := s.number(c, v, err)
				s.reject(row, i, key, rule, reason)
				continue
			}
			if c.Measure == "" {
				numbers[c.Role] = n
				continue
			}
			put(c, i, n)
		}
	}
	if attested && missingEvidence >= 0 {
		s.reject(row, missingEvidence, key, "missing_evidence", "trả lời có nhưng chưa nêu minh chứng: hãy ghi số, ngày văn bản")
	}
	s.limits(row, key, got, place)
	for _, m := range order {
		if unknown[m] {
			continue
		}
		rec.measures = append(rec.measures, collectors.Measure{
			Position: row.Number, Code: m, Unit: f.unit, Dims: f.dims, PeriodType: s.form.PeriodType,
			Start: s.period.Start, End: s.period.End, Value: got[m], Evidence: evidence,
		})
	}
	switch {
	case f.indicator != "":
		s.baseline(row, key, f, numbers, roles, rec)
	case roles["located_in"] != "" || roles["facility_kind"] != "":
		s.facility(row, key, f, roles, rec)
	}
}

// number says why a cell is no figure.
func (s *sheet) number(c plan.Column, v Cell, err error) (rule, reason string) {
	rule = collectors.NumberRule(err)
	switch rule {
	case "ambiguous_number":
		plain := strings.NewReplacer(".", "", ",", "").Replace(v.Text)
		return rule, fmt.Sprintf("%q có thể là %s, cũng có thể là số thập phân: hãy ghi số liền, không có dấu phân cách", clip(v.Text), clip(plain))
	case "missing_number":
		for _, other := range s.form.Columns {
			if other.AtMost != "" && other.AtMost == c.Measure {
				return "missing_denominator", "thiếu mẫu số: hãy ghi đủ; ô trống là chưa biết, không phải là 0"
			}
		}
		return rule, "ô trống là chưa biết, không phải là 0: hãy ghi số, nếu không có thì ghi 0"
	}
	want := "số nguyên không âm"
	if c.Kind == "money" || c.Factor > 1 {
		want = "số tiền không âm, tối đa 3 chữ số thập phân"
	}
	return rule, fmt.Sprintf("%q không phải là số: hãy ghi %s", clip(v.Text), want)
}

// limits holds numerators against what they may not exceed.
func (s *sheet) limits(row Row, key string, got map[string]int64, place map[string]int) {
	for _, c := range s.form.Columns {
		n, known := got[c.Measure]
		whole, there := got[c.AtMost]
		if c.AtMost != "" && known && there && n > whole {
			s.reject(row, place[c.Measure], key, "over_denominator", fmt.Sprintf("%d lớn hơn %d: phần không thể lớn hơn tổng, hãy kiểm tra hai ô", n, whole))
		}
	}
}

func (s *sheet) baseline(row Row, key string, f keyFields, numbers map[string]int64, roles map[string]string, rec *record) {
	b := &collectors.Baseline{
		Position: row.Number, Indicator: f.indicator, Unit: f.unit, Day: s.period.End,
		Numerator: numbers["numerator"], Denominator: numbers["denominator"], Citation: roles["citation"],
	}
	if b.Denominator > 0 && b.Numerator > b.Denominator {
		s.reject(row, -1, key, "over_denominator", fmt.Sprintf("tử số %d lớn hơn mẫu số %d: hãy kiểm tra", b.Numerator, b.Denominator))
	}
	rec.baseline = b
}

func (s *sheet) facility(row Row, key string, f keyFields, roles map[string]string, rec *record) {
	from, _ := readDate(roles["from"]) // checked with its cell
	to, _ := readDate(roles["to"])
	out := &collectors.Facility{
		Position: row.Number, Code: f.unit.Code, Name: roles["name"], Kind: strings.ToLower(roles["facility_kind"]), From: from, To: to,
	}
	if from != plan.NoDay && to != plan.NoDay && to < from {
		s.reject(row, -1, key, "date_order", "ngày kết thúc trước ngày bắt đầu: hãy kiểm tra")
	}
	if kinds := s.reader.deps.Plan.Members["facility_kind"]; len(kinds) > 0 && out.Kind != "" {
		if out.Kind = member(kinds, roles["facility_kind"]); out.Kind == "" {
			s.reject(row, s.role("facility_kind"), key, "unknown_member", fmt.Sprintf("loại hình %q không có trong danh mục: hãy ghi mã loại hình", clip(roles["facility_kind"])))
		}
	}
	// A place is looked up on the register's day; for a facility that opens later, on that day.
	days := []plan.Day{s.period.End}
	if from != plan.NoDay && from > s.period.End {
		days = []plan.Day{from, s.period.End}
	}
	for _, role := range []string{"located_in", "managed_by"} {
		into := &out.LocatedIn
		if role == "managed_by" {
			into = &out.ManagedBy
		}
		if roles[role] == "" {
			continue
		}
		u, rule, err := s.find(roles[role], days...)
		if err != nil {
			s.reject(row, s.role(role), key, rule, fmt.Sprintf("mã đơn vị %q không có vào ngày của danh mục: hãy ghi mã theo danh mục đơn vị", clip(roles[role])))
			continue
		}
		*into = u.UnitKey
	}
	rec.facility = out
}

// role is the place of a register column in a row's cells.
func (s *sheet) role(name string) int {
	for _, c := range s.form.Columns {
		if c.Role == name {
			return s.at[c.Header]
		}
	}
	return -1
}
