package web

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// cellKind is how a column's cells stand in a workbook.
type cellKind int

const (
	asText cellKind = iota
	asCount
	asDecimal
	asDay
	asInstant
)

// column is what a workbook makes of a column of a page's table.
type column struct {
	title string
	kind  cellKind
	width float64
}

// columns names every column that a page's table may have. Codes stay text: 0123 is no number.
var columns = map[string]column{
	"plan":                {"Mã kế hoạch", asText, 24},
	"known_on":            {"Theo số liệu đã biết đến ngày", asDay, 14},
	"plan_version":        {"Bản kế hoạch", asText, 22},
	"method_version":      {"Phiên bản phương pháp", asText, 14},
	"indicator":           {"Mã chỉ tiêu", asText, 12},
	"indicator_name":      {"Chỉ tiêu", asText, 60},
	"pillar":              {"Trụ cột", asText, 10},
	"level":               {"Cấp", asText, 14},
	"unit":                {"Mã đơn vị", asText, 12},
	"unit_valid_from":     {"Đơn vị có từ ngày", asDay, 14},
	"unit_name":           {"Đơn vị", asText, 32},
	"as_of":               {"Tính đến ngày", asDay, 14},
	"known_at":            {"Số liệu có lúc", asInstant, 18},
	"numerator":           {"Tử số", asCount, 16},
	"denominator":         {"Mẫu số", asCount, 16},
	"value":               {"Thực hiện", asDecimal, 12},
	"value_before":        {"Thực hiện tuần trước", asDecimal, 12},
	"path_value":          {"Giá trị theo dõi", asDecimal, 12},
	"path_value_before":   {"Giá trị theo dõi tuần trước", asDecimal, 12},
	"moved":               {"Thay đổi", asDecimal, 12},
	"comparator":          {"So sánh", asText, 9},
	"target":              {"Mục tiêu", asDecimal, 12},
	"milestone":           {"Mốc", asDay, 14},
	"expected":            {"Lộ trình", asDecimal, 12},
	"gap":                 {"Chênh lệch so với lộ trình", asDecimal, 12},
	"needed_per_week":     {"Cần tăng mỗi tuần", asDecimal, 12},
	"pace_per_week":       {"Tốc độ tăng mỗi tuần", asDecimal, 12},
	"forecast":            {"Dự báo", asDecimal, 12},
	"best_reachable":      {"Mức cao nhất còn có thể đạt", asDecimal, 12},
	"status":              {"Mã trạng thái", asText, 14},
	"status_vi":           {"Trạng thái", asText, 18},
	"status_before":       {"Mã trạng thái tuần trước", asText, 14},
	"change":              {"Mã thay đổi", asText, 14},
	"reason":              {"Mã lý do", asText, 20},
	"contested":           {"Đang giải trình", asText, 12},
	"weeks_behind":        {"Số tuần chậm liền", asCount, 10},
	"reviewed_status":     {"Mã trạng thái khi rà soát", asText, 14},
	"reviewed_path_value": {"Giá trị theo dõi khi rà soát", asDecimal, 12},
	"source":              {"Mã nguồn", asText, 18},
	"name":                {"Tên", asText, 40},
	"last_complete":       {"Lần thu thập đầy đủ gần nhất", asInstant, 18},
	"last_run":            {"Lần chạy cuối", asInstant, 18},
	"state":               {"Tình trạng", asText, 12},
	"error":               {"Lỗi", asText, 40},
	"runs":                {"Số lần chạy", asCount, 10},
	"failed":              {"Số lần lỗi", asCount, 10},
	"records":             {"Số bản ghi", asCount, 12},
	"rejected":            {"Số bản ghi bị loại", asCount, 12},
	"measure":             {"Mã số liệu", asText, 22},
	"measure_name":        {"Số liệu", asText, 40},
	"record":              {"Mã bản ghi", asText, 24},
	"dims":                {"Khóa", asText, 20},
	"day":                 {"Ngày", asDay, 14},
	"input_value":         {"Giá trị", asCount, 16},
	"fetched_at":          {"Lấy lúc", asInstant, 18},
	"run_id":              {"Lần chạy", asText, 28},
	"page":                {"Trang", asCount, 8},
	"award":               {"Mã khen thưởng", asText, 18},
	"award_name":          {"Hình thức khen thưởng", asText, 44},
	"award_year":          {"Năm xét", asText, 9},
	"section":             {"Mục của kế hoạch", asText, 12},
	"copies":              {"Số bộ hồ sơ", asCount, 9},
	"boundaries":          {"Địa giới (then: khi đó, now: ngày xét)", asText, 14},
	"subject_group":       {"Mã nhóm đối tượng", asText, 18},
	"subject":             {"Mã đối tượng", asText, 16},
	"subject_name":        {"Đối tượng", asText, 36},
	"verdict":             {"Mã kết luận", asText, 14},
	"verdict_vi":          {"Kết luận", asText, 20},
	"conditions_met":      {"Số điều kiện đạt", asCount, 10},
	"conditions_failed":   {"Số điều kiện không đạt", asCount, 10},
	"conditions_open":     {"Số điều kiện chưa xác định", asCount, 10},
	"deciding":            {"Mã điều kiện quyết định", asText, 18},
	"deciding_vi":         {"Điều kiện quyết định", asText, 60},
	"dossier_state":       {"Mã trạng thái hồ sơ", asText, 16},
	"condition_kind":      {"Loại điều kiện", asText, 12},
	"condition":           {"Mã điều kiện", asText, 14},
	"wording":             {"Nội dung", asText, 60},
	"left_out":            {"Không xét", asText, 10},
	"reason_vi":           {"Lý do", asText, 30},
	"more_than":           {"Phải lớn hơn", asDecimal, 12},
	"lacking":             {"Còn thiếu", asDecimal, 12},
	"deadline":            {"Hạn", asDay, 14},
	"rulings":             {"Cách hiểu", asText, 14},
	"evidence":            {"Minh chứng", asText, 40},
	"evidence_date":       {"Ngày của minh chứng", asDay, 14},
	"position":            {"Vị trí", asCount, 8},
	"pillar_name":         {"Trụ cột", asText, 24},
	"kind":                {"Loại", asText, 12},
	"code":                {"Mã", asText, 14},
	"level_name":          {"Cấp", asText, 22},
	"within":              {"Thuộc", asText, 40},
	"valid_from":          {"Có từ ngày", asDay, 14},
	"valid_to":            {"Đến hết ngày", asDay, 14},
	"rank":                {"Hạng", asCount, 8},
	"of":                  {"Trên tổng số đơn vị", asCount, 10},
	"share":               {"Tỷ lệ chỉ tiêu tốt (%)", asDecimal, 12},
	"sha256":              {"Dấu của trang (sha256)", asText, 66},
	"form":                {"Mã biểu", asText, 14},
	"form_name":           {"Biểu", asText, 48},
	"indicators":          {"Chỉ tiêu", asText, 18},
	"period":              {"Kỳ", asText, 10},
	"period_start":        {"Kỳ từ ngày", asDay, 14},
	"period_end":          {"Kỳ đến ngày", asDay, 14},
	"late_from":           {"Chậm từ ngày", asDay, 14},
	"working_days_late":   {"Số ngày làm việc chậm", asCount, 12},
	"facilities":          {"Cơ sở chưa báo cáo", asText, 30},
	"rhythm":              {"Nhịp", asText, 12},
	"schedule":            {"Lịch lấy", asText, 16},
	"pages":               {"Số trang", asCount, 10},
	"was":                 {"Trước", asCount, 14},
	"now":                 {"Nay", asCount, 14},
	"was_value":           {"Thực hiện, lần đầu", asDecimal, 12},
	"now_value":           {"Thực hiện, nay", asDecimal, 12},
	"was_path_value":      {"Giá trị theo dõi, lần đầu", asDecimal, 12},
	"now_path_value":      {"Giá trị theo dõi, nay", asDecimal, 12},
	"was_status":          {"Mã trạng thái, lần đầu", asText, 14},
	"now_status":          {"Mã trạng thái, nay", asText, 14},
	"rule":                {"Mã quy tắc", asText, 18},
	"rule_vi":             {"Quy tắc", asText, 28},
	"record_key":          {"Bản ghi", asText, 28},
	"field":               {"Trường", asText, 18},
	"reject_reason":       {"Lý do bị loại", asText, 80},
	"settled":             {"Mã xử lý", asText, 12},
	"cause":               {"Mã nguyên nhân", asText, 14},
	"first_known_at":      {"Lần đầu biết lúc", asInstant, 18},
	"contest":             {"Giải trình số", asCount, 10},
	"contest_state":       {"Mã tình trạng", asText, 12},
	"contest_state_vi":    {"Tình trạng", asText, 18},
	"contest_reason":      {"Lý do giải trình", asText, 60},
	"filed_by":            {"Người gửi", asText, 18},
	"filed_at":            {"Gửi lúc", asInstant, 18},
	"settled_by":          {"Người kết luận", asText, 18},
	"settled_at":          {"Kết luận lúc", asInstant, 18},
	"settled_reason":      {"Lý do kết luận", asText, 60},
	"done":                {"Đã xử lý", asText, 60},
}

// XLSX is the address of the page's table as a workbook: beside the CSV, everywhere.
func (p *page) XLSX() string { return strings.Replace(p.CSV, "format=csv", "format=xlsx", 1) }

// stated is the page's table in which every line says of which plan it is, what was known, of which day and by which method: a
// line that was copied out of its table still tells. Where the page has no day, a line speaks of the end of its period, else of
// the day of knowledge.
func (s *site) stated(p *page) [][]string {
	head := p.Table[0]
	asOf, period := p.AsOfISO, -1
	if asOf == "" {
		asOf, period = s.knownOn(p), slices.Index(head, "period_end")
	}
	more := [][2]string{{"plan", s.Plan.Code}, {"known_on", s.knownOn(p)}, {"as_of", asOf}, {"method_version", progress.MethodVersion}}
	more = slices.DeleteFunc(more, func(c [2]string) bool { return slices.Contains(head, c[0]) })
	out := make([][]string, len(p.Table))
	for i, line := range p.Table {
		out[i] = slices.Clone(line)
		for _, c := range more {
			if i > 0 && c[0] == "as_of" && period >= 0 {
				c[1] = cmp.Or(line[period], c[1])
			}
			out[i] = append(out[i], c[min(i, 1)])
		}
	}
	return out
}

// knownOn is the day that the page was asked to know things by: today, if none was given. Frozen figures know no more than they did.
func (s *site) knownOn(p *page) string {
	if p.Frozen != 0 {
		return p.Frozen.String()
	}
	if p.KnownOnISO != "" {
		return p.KnownOnISO
	}
	return plan.DayOf(s.Now()).String()
}

// workbook writes the page's table as an Excel workbook: a sheet that says what the figures are, and the figures, with
// numbers as numbers and days as days.
func (s *site) workbook(w http.ResponseWriter, r *http.Request, p *page) {
	b, err := s.xlsx(p)
	if err != nil {
		s.Log.Error("workbook cannot be written", "path", r.URL.Path, "error", err)
		plain(w, http.StatusInternalServerError, "Tệp Excel bị lỗi. Đề nghị báo bộ phận kỹ thuật kèm địa chỉ của trang.\n")
		return
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, fileName(r, p, "xlsx")))
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(b) // the reader may be gone
}

// The sheets of a workbook.
const (
	aboutSheet = "Thông tin"
	tableSheet = "Số liệu"
)

func (s *site) xlsx(p *page) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	styles, err := newStyles(f)
	if err != nil {
		return nil, err
	}
	if err := f.SetSheetName("Sheet1", aboutSheet); err != nil {
		return nil, err
	}
	table := s.stated(p)
	if err := writeAbout(f, styles, s.about(p, table)); err != nil {
		return nil, err
	}
	if err := writeTable(f, styles, table); err != nil {
		return nil, err
	}
	f.SetActiveSheet(1)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// about says what the table is, line by line.
func (s *site) about(p *page, table [][]string) [][2]string {
	lines := [][2]string{{"Bảng", p.Title}, {"Kế hoạch", s.Plan.Name}, {"Văn bản", s.Plan.Document}, {"Mã kế hoạch", s.Plan.Code}}
	if s.Notice != "" {
		lines = append(lines, [2]string{"Lưu ý", s.Notice})
	}
	say := func(name, value string) {
		if value != "" {
			lines = append(lines, [2]string{name, value})
		}
	}
	iso := func(text string) string {
		d, err := plan.ParseDay(text)
		if err != nil {
			return text
		}
		return words.Day(d)
	}
	if day := cmp.Or(p.AsOfISO, distinct(table, "as_of"), s.knownOn(p)); strings.Contains(day, ",") {
		say("Tính đến ngày", "ghi ở từng dòng")
	} else {
		say("Tính đến ngày", iso(day))
	}
	say("Theo số liệu đã biết đến ngày", iso(s.knownOn(p)))
	say("Bản kế hoạch", distinct(table, "plan_version"))
	say("Phiên bản phương pháp", cmp.Or(distinct(table, "method_version"), progress.MethodVersion))
	if p.Permalink != "" {
		say("Liên kết của trang", strings.TrimRight(s.Site, "/")+p.Permalink)
	}
	say("Ô trống", "Chưa biết; không phải là số 0")
	return lines
}

// distinct lists the values of a column, in order of appearance.
func distinct(table [][]string, name string) string {
	i := slices.Index(table[0], name)
	if i < 0 {
		return ""
	}
	var all []string
	for _, line := range table[1:] {
		if v := line[i]; v != "" && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return strings.Join(all, ", ")
}

// styles are the cell styles of a workbook by kind, and that of headings.
type styles struct {
	head  int
	kinds map[cellKind]int
}

// newStyles sets number formats by which a Vietnamese Excel shows 1.234,5 and any Excel shows 06/04/2025.
func newStyles(f *excelize.File) (*styles, error) {
	out := &styles{kinds: map[cellKind]int{}}
	var err error
	out.head, err = f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"},
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EDF3"}}})
	if err != nil {
		return nil, err
	}
	for kind, format := range map[cellKind]string{asText: "@", asCount: "#,##0", asDecimal: "#,##0.0##", asDay: "dd/mm/yyyy", asInstant: "dd/mm/yyyy hh:mm"} {
		if out.kinds[kind], err = f.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func writeAbout(f *excelize.File, st *styles, lines [][2]string) error {
	w, err := document.NewSheet(f, aboutSheet)
	if err != nil {
		return err
	}
	if err := w.SetColWidth(1, 1, 32); err != nil {
		return err
	}
	if err := w.SetColWidth(2, 2, 90); err != nil {
		return err
	}
	for i, l := range lines {
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), []any{excelize.Cell{StyleID: st.head, Value: l[0]}, excelize.Cell{StyleID: st.kinds[asText], Value: l[1]}}); err != nil {
			return err
		}
	}
	return w.Flush()
}

func writeTable(f *excelize.File, st *styles, table [][]string) error {
	w, err := document.NewSheet(f, tableSheet)
	if err != nil {
		return err
	}
	cols := make([]column, len(table[0]))
	head := make([]any, len(cols))
	for i, name := range table[0] {
		c, ok := columns[name]
		if !ok {
			c = column{name, asText, 16}
		}
		cols[i], head[i] = c, excelize.Cell{StyleID: st.head, Value: c.title}
		if err := w.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := w.SetRow("A1", head, excelize.RowOpts{Height: 32}); err != nil {
		return err
	}
	for i, line := range table[1:] {
		cells := make([]any, len(line))
		for j, text := range line {
			if text != "" {
				cells[j] = excelize.Cell{StyleID: st.kinds[cols[j].kind], Value: typed(cols[j].kind, text)}
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

// excelEpoch is the number that Excel gives to 1970-01-01.
const excelEpoch = 25569

// typed is a cell's value as Excel counts: a day is a number of days, an instant one with a fraction, in provincial time.
// What does not read as its kind stays the text it is.
func typed(kind cellKind, text string) any {
	switch kind {
	case asCount, asDecimal:
		if v, err := plan.ParseValue(text); err == nil {
			return v.Float()
		}
	case asDay:
		if d, err := plan.ParseDay(text); err == nil {
			return int64(d) + excelEpoch
		}
	case asInstant:
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			_, offset := t.In(plan.Zone).Zone()
			return float64(t.Unix()+int64(offset))/86400 + excelEpoch
		}
	}
	return text
}
