package award

import (
	"strings"

	"tiendo/pipeline/progress"
)

// Word is a word in Vietnamese and in English.
type Word struct{ VI, EN string }

var verdicts = map[progress.Truth]Word{
	progress.Yes:         {"Đủ điều kiện", "Eligible"},
	progress.No:          {"Chưa đủ điều kiện", "Not eligible"},
	progress.Undecidable: {"Chưa xác định được", "Undecidable"},
}

// VerdictWord says how a subject stands to an award.
func VerdictWord(t progress.Truth) Word { return verdicts[t] }

// Sign is the sign beside a verdict, so that the meaning does not hang on a colour.
func Sign(t progress.Truth) string {
	switch t {
	case progress.Yes:
		return "✔"
	case progress.No:
		return "✖"
	}
	return "?"
}

// StateWord names a dossier's state.
func StateWord(state string) Word {
	return map[string]Word{
		"registered": {"đã đăng ký", "registered"},
		"gathered":   {"đã tổng hợp hồ sơ", "gathered"},
		"checked":    {"đã đối chiếu tiêu chuẩn", "checked"},
		"listed":     {"đã lập danh sách", "listed"},
		"appraised":  {"đã thẩm định", "appraised"},
		"decided":    {"đã quyết định khen thưởng", "decided"},
		"submitted":  {"đã trình cấp trên", "submitted"},
	}[state]
}

var reasons = map[progress.Reason]Word{
	ReasonNoEntry:      {"chưa có minh chứng", "no evidence was entered"},
	ReasonWithdrawn:    {"minh chứng đã thu hồi", "the entry was taken back"},
	ReasonRegister:     {"theo minh chứng", "by the entry"},
	ReasonNotConcerned: {"không áp dụng, theo minh chứng", "does not concern the subject, by the entry"},
	ReasonNoOwedTarget: {"đối tượng không có chỉ tiêu phải đạt, cần ghi nhận kèm minh chứng", "owes no figure: an entry with evidence decides"},
	ReasonNotDue:       {"chưa đến mốc", "not due yet"},
	ReasonPending:      {"chờ chốt số liệu", "late reports are awaited"},
	ReasonMissed:       {"chưa đạt mục tiêu", "below the target"},
	ReasonNotExceeded:  {"chưa vượt mức yêu cầu", "does not exceed what is asked"},
	ReasonNoneExceeded: {"chưa vượt mục tiêu nào", "exceeds no target"},
	ReasonRuling:       {"cần quyết định của cấp có thẩm quyền", "needs a decision"},
	ReasonReadOut:      {"không xét, theo cách hiểu đang áp dụng", "left out by the reading in force"},
	ReasonOtherType:    {"loại đơn vị không thuộc diện, theo cách hiểu đang áp dụng", "this type of unit is not meant by the reading in force"},
}

// ReasonWord says why; false for a reason that is not the ledger's own.
func ReasonWord(r progress.Reason) (Word, bool) {
	if limit, ok := strings.CutPrefix(string(r), "unattainable: "); ok {
		limit = strings.ReplaceAll(strings.ReplaceAll(limit, "cap ", ""), ".", ",")
		return Word{"mục tiêu không thể vượt (" + limit + "), cần quyết định", "cannot be exceeded (" + limit + "): needs a ruling"}, true
	}
	w, ok := reasons[r]
	return w, ok
}
