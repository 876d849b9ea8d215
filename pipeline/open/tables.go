package open

import (
	"strings"
	"time"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// Statuses are what a progress row's status may be.
var Statuses = []string{string(progress.Met), string(progress.OnTrack), string(progress.AtRisk), string(progress.Behind), string(progress.Stale),
	string(progress.NoData), string(progress.NoTarget), string(progress.NotApplicable)}

// The tables, in the order in which people read of them.
var (
	Plan = &Table{Name: "plans", VI: "Kế hoạch", EN: "The plan", Key: []string{"plan"}, Params: []string{"known_on", "limit", "cursor"}, Fields: []Field{
		{Name: "plan", Kind: Text, VI: "Mã kế hoạch", EN: "Code of the plan"},
		{Name: "name", Kind: Text, VI: "Tên kế hoạch", EN: "Name in Vietnamese"},
		{Name: "name_en", Kind: Text, Null: true, VI: "Tên tiếng Anh", EN: "Name in English"},
		{Name: "document", Kind: Text, VI: "Văn bản ban hành", EN: "The act that issued it"},
		{Name: "plan_version", Kind: Text, VI: "Văn bản đang có hiệu lực (ban hành hoặc sửa đổi)", EN: "The act in force, the issuing one or an amendment"},
		{Name: "start", Kind: Day, VI: "Ngày bắt đầu (thời điểm gốc)", EN: "Start, the date of the baseline"},
		{Name: "end", Kind: Day, Null: true, VI: "Ngày kết thúc", EN: "End"},
		{Name: "province", Kind: Text, VI: "Mã tỉnh", EN: "Code of the province"},
		{Name: "milestones", Kind: List, VI: "Các mốc", EN: "Milestones"},
		{Name: "levels", Kind: List, VI: "Các cấp", EN: "Levels of units"},
	}}
	Indicators = &Table{Name: "indicators", VI: "Chỉ tiêu", EN: "Indicators", Key: []string{"indicator"}, Params: []string{"known_on", "indicator", "limit", "cursor"}, Fields: []Field{
		{Name: "indicator", Kind: Text, VI: "Mã chỉ tiêu", EN: "Code of the indicator"},
		{Name: "pillar", Kind: Text, VI: "Mã trụ cột", EN: "Code of the pillar"},
		{Name: "pillar_name", Kind: Text, VI: "Trụ cột", EN: "Pillar"},
		{Name: "name", Kind: Text, VI: "Tên chỉ tiêu", EN: "Name in Vietnamese"},
		{Name: "name_en", Kind: Text, Null: true, VI: "Tên tiếng Anh", EN: "Name in English"},
		{Name: "definition", Kind: Text, Null: true, VI: "Tử số / mẫu số", EN: "Numerator / denominator, in Vietnamese"},
		{Name: "definition_en", Kind: Text, Null: true, VI: "Tử số / mẫu số, tiếng Anh", EN: "Numerator / denominator"},
		{Name: "kind", Kind: Text, VI: "Cách tính giá trị", EN: "How a value comes about"},
		{Name: "aggregate", Kind: Text, VI: "Cách tổng hợp từ đơn vị dưới", EN: "How a unit's figure comes from those below it"},
		{Name: "window", Kind: Text, VI: "Khoảng thời gian của giá trị", EN: "Time that the value covers"},
		{Name: "period_type", Kind: Text, VI: "Loại kỳ báo cáo", EN: "Kind of reporting period"},
		{Name: "value_unit", Kind: Text, VI: "Đơn vị tính của giá trị", EN: "Unit of the value"},
		{Name: "comparator", Kind: Text, Null: true, VI: "So sánh với mục tiêu", EN: "How a value is held against a target"},
		{Name: "rhythm", Kind: Text, VI: "Nhịp cập nhật", EN: "How often the input is renewed"},
		{Name: "monitored", Kind: Bool, VI: "Theo dõi thêm, không là mục tiêu của kế hoạch", EN: "Watched beside the plan, none of its rows"},
		{Name: "owner", Kind: Text, Null: true, VI: "Mã đơn vị chủ trì", EN: "Code of the department that answers for it"},
		{Name: "sources", Kind: List, VI: "Nguồn số liệu", EN: "Sources"},
		{Name: "rulings", Kind: List, VI: "Cách hiểu đang áp dụng", EN: "Rulings that the figure rests on"},
		{Name: "note", Kind: Text, Null: true, VI: "Ghi chú", EN: "Note"},
	}}
	Targets = &Table{Name: "targets", VI: "Mục tiêu", EN: "Targets", Key: []string{"indicator", "milestone"}, Params: []string{"known_on", "indicator", "limit", "cursor"}, Fields: []Field{
		{Name: "indicator", Kind: Text, VI: "Mã chỉ tiêu", EN: "Code of the indicator"},
		{Name: "milestone", Kind: Day, VI: "Mốc", EN: "Milestone"},
		{Name: "comparator", Kind: Text, Null: true, VI: "So sánh", EN: "Comparator"},
		{Name: "value", Kind: Decimal, Null: true, VI: "Mục tiêu", EN: "Target"},
		{Name: "reason", Kind: Text, Null: true, VI: "Vì sao không có con số", EN: "Why there is no number", Enum: []string{noNumber}},
		{Name: "wording", Kind: Text, Null: true, VI: "Nguyên văn", EN: "The plan's own words"},
		{Name: "section", Kind: Text, Null: true, VI: "Mục của văn bản", EN: "Section of the act"},
		{Name: "effective_from", Kind: Day, Null: true, VI: "Có hiệu lực từ ngày", EN: "In force from"},
		{Name: "document", Kind: Text, Null: true, VI: "Văn bản sửa đổi", EN: "The amending act"},
	}}
	Units = &Table{Name: "units", VI: "Đơn vị", EN: "Units", Key: []string{"unit", "valid_from"}, Params: []string{"known_on", "as_of", "level", "unit", "limit", "cursor"}, Fields: []Field{
		{Name: "unit", Kind: Text, VI: "Mã đơn vị", EN: "Code of the unit"},
		{Name: "valid_from", Kind: Day, Null: true, VI: "Có từ ngày (trống: từ trước kế hoạch)", EN: "In force from; null: already before the plan"},
		{Name: "valid_to", Kind: Day, Null: true, VI: "Đến hết ngày (trống: đang hoạt động)", EN: "Last day; null: still in force"},
		{Name: "level", Kind: Text, VI: "Mã cấp", EN: "Level"},
		{Name: "level_name", Kind: Text, VI: "Cấp", EN: "Level in Vietnamese"},
		{Name: "name", Kind: Text, VI: "Tên đơn vị", EN: "Name in Vietnamese"},
		{Name: "name_en", Kind: Text, Null: true, VI: "Tên tiếng Anh", EN: "Name in English"},
		{Name: "parent", Kind: Text, Null: true, VI: "Mã đơn vị cấp trên", EN: "Code of the unit above"},
		{Name: "parent_valid_from", Kind: Day, Null: true, VI: "Đơn vị cấp trên có từ ngày", EN: "The unit above is in force from"},
		{Name: "predecessors", Kind: List, VI: "Đơn vị trước đó (MÃ hoặc MÃ@NGÀY)", EN: "Units it came from, CODE or CODE@DAY"},
		{Name: "successors", Kind: List, VI: "Đơn vị kế tiếp (MÃ hoặc MÃ@NGÀY)", EN: "Units it went into, CODE or CODE@DAY"},
	}}
	Weeks = &Table{Name: "weeks", VI: "Các ngày có kết quả", EN: "Days with results", Key: []string{"as_of"}, Params: []string{"level", "limit", "cursor"}, Fields: []Field{
		{Name: "as_of", Kind: Day, VI: "Ngày", EN: "Day"},
		{Name: "week", Kind: Text, Null: true, VI: "Tuần; trống: ngày mốc", EN: "Week that ends on it; null: a milestone's day"},
		{Name: "levels", Kind: List, VI: "Các cấp có kết quả", EN: "Levels with results"},
	}}
	Progress = &Table{Name: "progress", VI: "Tiến độ", EN: "Progress", Key: []string{"indicator", "unit", "unit_valid_from", "as_of"},
		Params: []string{"as_of", "known_on", "unit", "indicator", "level", "status", "limit", "cursor"}, Fields: []Field{
			{Name: "indicator", Kind: Text, VI: "Mã chỉ tiêu", EN: "Code of the indicator"},
			{Name: "unit", Kind: Text, VI: "Mã đơn vị", EN: "Code of the unit"},
			{Name: "unit_valid_from", Kind: Day, Null: true, VI: "Đơn vị có từ ngày", EN: "The unit is in force from; null: already before the plan"},
			{Name: "level", Kind: Text, VI: "Cấp", EN: "Level"},
			{Name: "as_of", Kind: Day, VI: "Tính đến ngày", EN: "The day that the figure speaks of"},
			{Name: "known_at", Kind: Instant, Null: true, VI: "Lúc có số liệu mới nhất của kết quả", EN: "When the newest of its inputs was fetched; null: nothing is known"},
			{Name: "applies", Kind: Text, VI: "Phải thực hiện (owed) hay chỉ theo dõi (measured)", EN: "Whether the unit owes the target or is only measured"},
			{Name: "numerator", Kind: Integer, Null: true, VI: "Tử số", EN: "Numerator"},
			{Name: "denominator", Kind: Integer, Null: true, VI: "Mẫu số", EN: "Denominator"},
			{Name: "value", Kind: Decimal, Null: true, VI: "Thực hiện", EN: "Official value"},
			{Name: "path_value", Kind: Decimal, Null: true, VI: "Giá trị theo dõi (so với lộ trình)", EN: "Value that is compared with the path"},
			{Name: "comparator", Kind: Text, Null: true, VI: "So sánh", EN: "Comparator"},
			{Name: "milestone", Kind: Day, Null: true, VI: "Mốc", EN: "Milestone"},
			{Name: "target", Kind: Decimal, Null: true, VI: "Mục tiêu", EN: "Target"},
			{Name: "expected", Kind: Decimal, Null: true, VI: "Lộ trình", EN: "Path on the day"},
			{Name: "gap", Kind: Decimal, Null: true, VI: "Chênh lệch so với lộ trình", EN: "Path value less the path"},
			{Name: "needed_per_week", Kind: Decimal, Null: true, VI: "Cần tăng mỗi tuần", EN: "Needed per week"},
			{Name: "pace_per_week", Kind: Decimal, Null: true, VI: "Tốc độ tăng mỗi tuần", EN: "Pace per week"},
			{Name: "forecast", Kind: Decimal, Null: true, VI: "Dự báo tại mốc", EN: "Forecast at the milestone"},
			{Name: "best_reachable", Kind: Decimal, Null: true, VI: "Mức cao nhất còn có thể đạt trong năm", EN: "The most that can still be reached this year"},
			{Name: "coverage", Kind: Decimal, Null: true, VI: "Tỷ lệ đơn vị có báo cáo còn mới", EN: "Per cent of the reporting units below that are up to date"},
			{Name: "status", Kind: Text, VI: "Mã trạng thái", EN: "Status", Enum: Statuses},
			{Name: "status_vi", Kind: Text, VI: "Trạng thái", EN: "Status in Vietnamese"},
			{Name: "reasons", Kind: List, VI: "Mã lý do, lý do của trạng thái đứng trước", EN: "Reasons of the status and of what is null, the status's own first"},
			{Name: "reason_vi", Kind: Text, Null: true, VI: "Lý do", EN: "Reasons in Vietnamese"},
			{Name: "contested", Kind: Bool, VI: "Đơn vị đang giải trình, chưa có kết luận", EN: "The unit objects to the figure, and that is not settled"},
			{Name: "weeks_behind", Kind: Integer, VI: "Số tuần chậm liền", EN: "Consecutive weeks behind"},
			{Name: "behind_since", Kind: Day, Null: true, VI: "Chậm từ ngày", EN: "Behind since"},
			{Name: "outcomes", Kind: List, VI: "Kết quả các mốc đã qua (NGÀY=KẾT QUẢ)", EN: "Verdicts on passed milestones, DAY=OUTCOME"},
			{Name: "rulings", Kind: List, VI: "Cách hiểu đang áp dụng", EN: "Rulings that the figure rests on"},
			{Name: "plan_version", Kind: Text, VI: "Bản kế hoạch", EN: "Version of the plan"},
			{Name: "method_version", Kind: Text, VI: "Phiên bản phương pháp", EN: "Version of the method"},
		}}
	Sources = &Table{Name: "sources", VI: "Nguồn số liệu", EN: "Sources", Key: []string{"source"}, Params: []string{"limit", "cursor"}, Fields: []Field{
		{Name: "source", Kind: Text, VI: "Mã nguồn", EN: "Code of the source"},
		{Name: "name", Kind: Text, VI: "Tên nguồn", EN: "Name"},
		{Name: "state", Kind: Text, Null: true, VI: "Lần chạy cuối; trống: chưa chạy", EN: "Last run; null: it never ran", Enum: []string{"ok", "failed"}},
		{Name: "last_complete", Kind: Instant, Null: true, VI: "Lần thu thập đầy đủ gần nhất", EN: "Last complete snapshot"},
		{Name: "last_run", Kind: Instant, Null: true, VI: "Lần chạy cuối", EN: "Last run"},
		{Name: "runs", Kind: Integer, VI: "Số lần chạy", EN: "Runs"},
		{Name: "failed", Kind: Integer, VI: "Số lần lỗi", EN: "Failed runs"},
		{Name: "records", Kind: Integer, VI: "Số bản ghi", EN: "Records"},
		{Name: "rejected", Kind: Integer, VI: "Số bản ghi bị loại", EN: "Refused records"},
	}}
	Restatements = &Table{Name: "restatements", VI: "Điều chỉnh số liệu", EN: "Restated figures", Key: []string{"source", "measure", "unit", "unit_valid_from", "day", "known_at"},
		Params: []string{"since", "limit", "cursor"}, Fields: []Field{
			{Name: "source", Kind: Text, VI: "Mã nguồn", EN: "Code of the source"},
			{Name: "measure", Kind: Text, VI: "Mã số đo", EN: "Code of the measure"},
			{Name: "measure_name", Kind: Text, Null: true, VI: "Số đo", EN: "Measure"},
			{Name: "unit", Kind: Text, VI: "Mã đơn vị", EN: "Code of the unit"},
			{Name: "unit_valid_from", Kind: Day, Null: true, VI: "Đơn vị có từ ngày", EN: "The unit is in force from"},
			{Name: "day", Kind: Day, VI: "Ngày cuối kỳ", EN: "Last day of the period"},
			{Name: "was", Kind: Integer, VI: "Số cũ", EN: "Earlier figure"},
			{Name: "now", Kind: Integer, VI: "Số mới", EN: "New figure"},
			{Name: "known_at", Kind: Instant, VI: "Lúc biết số mới", EN: "When the new figure was fetched"},
		}}
	Tables = []*Table{Plan, Indicators, Targets, Units, Weeks, Progress, Sources, Restatements}
)

// noNumber is why a target is null: the plan states it without a number.
const noNumber = string(progress.ReasonNoTarget)

// PlanRows is the one row of a plan, as in force on a day (plan.At).
func PlanRows(p *plan.Plan, on plan.Day) []Row {
	var milestones, levels []string
	for _, m := range p.Milestones {
		milestones = append(milestones, m.Date.String())
	}
	for _, l := range p.Levels {
		levels = append(levels, string(l.Code))
	}
	return []Row{{p.Code, p.Name, p.NameEN, p.Document, p.VersionOn(on), p.Start, p.End, p.Province, milestones, levels}}
}

// IndicatorRows are the indicators of a plan as in force (plan.At).
func IndicatorRows(p *plan.Plan) []Row {
	var rows []Row
	for i := range p.Indicators {
		x := &p.Indicators[i]
		rows = append(rows, Row{x.Code, x.Pillar, p.Pillar(x.Pillar).Name, x.Name, x.NameEN, x.Definition, x.DefinitionEN, string(x.Kind), string(x.Aggregate), string(x.Window), string(x.PeriodType),
			x.UnitText(), string(x.Comparator), string(x.Rhythm), x.Monitored, x.Owner, x.Sources, x.Rulings, strings.TrimSpace(x.Note)})
	}
	Indicators.Sort(rows)
	return rows
}

// TargetRows are the targets of a plan as in force (plan.At).
func TargetRows(p *plan.Plan) []Row {
	var rows []Row
	for i := range p.Indicators {
		x := &p.Indicators[i]
		for _, t := range x.Targets {
			why := ""
			if t.Value == nil {
				why = noNumber
			}
			rows = append(rows, Row{x.Code, t.Milestone, string(x.Comparator), t.Value, why, t.Wording, t.Section, t.EffectiveFrom, t.Document})
		}
	}
	Targets.Sort(rows)
	return rows
}

// UnitRows are the units of a plan of all times.
func UnitRows(p *plan.Plan, units []*plan.Unit) []Row {
	keys := func(links []plan.Link) (all []string) {
		for _, l := range links {
			all = append(all, l.Unit.String())
		}
		return all
	}
	var rows []Row
	for _, u := range units {
		parent, from := "", plan.NoDay
		if u.Parent != nil {
			parent, from = u.Parent.Code, u.Parent.From
		}
		rows = append(rows, Row{u.Code, u.From, u.To, string(u.Level), p.LevelInfo(u.Level).Name, u.Name, u.NameEN, parent, from, keys(u.Predecessors), keys(u.Successors)})
	}
	Units.Sort(rows)
	return rows
}

// WeekRows are the days that results are kept for, by level.
func WeekRows(days map[plan.Level][]plan.Day, levels []plan.Level) []Row {
	by := map[plan.Day][]string{}
	for _, l := range levels {
		for _, d := range days[l] {
			by[d] = append(by[d], string(l))
		}
	}
	var rows []Row
	for d, names := range by {
		week := ""
		if d == d.Sunday() {
			week = review.WeekName(d)
		}
		rows = append(rows, Row{d, week, names})
	}
	Weeks.Sort(rows)
	return rows
}

// Objected says of a figure whether its unit objects to it and that is not settled.
type Objected func(indicator string, unit plan.UnitKey) bool

// ProgressRows are stored results.
func ProgressRows(all []review.Assessment, contested Objected) []Row {
	rows := make([]Row, 0, len(all))
	for _, x := range all {
		var reasons, outcomes []string
		if x.Reason != "" {
			reasons = strings.Split(x.Reason, ",")
		} else if x.Status == progress.NoTarget { // the status says it; here every null has its reason
			reasons = []string{noNumber}
		}
		for _, o := range x.Outcomes {
			outcomes = append(outcomes, o.Milestone.String()+"="+string(o.Outcome))
		}
		rows = append(rows, Row{x.Indicator, x.Unit.Code, x.Unit.From, string(x.Level), x.AsOf, x.KnownAt, string(x.Applies), x.Numerator, x.Denominator, x.Value, x.PathValue,
			string(x.Comparator), x.Milestone, x.Target, x.Expected, x.Gap, x.NeededPerWeek, x.PacePerWeek, x.Forecast, x.BestReachable, x.Coverage,
			string(x.Status), words.Status(x.Status).Name, reasons, words.Reasons(strings.Join(reasons, ",")), contested(x.Indicator, x.Unit), int64(x.WeeksBehind), x.BehindSince, outcomes, x.Rulings, x.PlanVersion, x.MethodVersion})
	}
	Progress.Sort(rows)
	return rows
}

// SourceRow is how a source's runs went; zero times are unknown.
func SourceRow(id, name, state string, complete, last time.Time, runs, failed, records, rejected uint64) Row {
	return Row{id, name, state, complete, last, int64(runs), int64(failed), int64(records), int64(rejected)}
}

// RestatementRow is a figure that was stated again with another value.
func RestatementRow(source string, measure plan.MeasureInfo, unit plan.UnitKey, day plan.Day, was, now int64, knownAt time.Time) Row {
	return Row{source, measure.Code, measure.Name, unit.Code, unit.From, day, was, now, knownAt}
}
