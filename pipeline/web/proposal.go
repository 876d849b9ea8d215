package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"tiendo/pipeline/award"
	"tiendo/pipeline/document"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// proposal is the letter that proposes who qualifies for an award, with their list and the dossiers' checklist as annexes (plan sections
// V.1 and V.3.b). Who signs it fills in what the ledger cannot know.
func (s *site) proposal(ctx context.Context, a *ask) (*page, error) {
	q, err := s.inquire(ctx, a)
	if err != nil {
		return nil, err
	}
	var listed []award.Entry
	for _, e := range q.entries {
		if e.Truth == progress.Yes {
			listed = append(listed, e)
		}
	}
	b := s.awardBody(q)
	path := "/proposal/" + url.PathEscape(q.award.Code)
	p := s.awardPage(q, "document", "Danh sách đề nghị khen thưởng: "+q.award.Name+" "+b.When, path)
	p.Crumbs = []link{{Text: "Khen thưởng", URL: a.url("/awards")}, {Text: q.award.Name, URL: q.self()}, {Text: "Danh sách đề nghị", Here: true}}
	p.Table = awardTable(q, listed)
	return withDocument(p, s.proposalLetter(q, listed, b.When), func(pairs ...string) string { return q.url(path, pairs...) })
}

func (s *site) proposalLetter(q *inquiry, listed []award.Entry, when string) *document.Document {
	d := &document.Document{Kind: "TỜ TRÌNH", Subject: fmt.Sprintf("Về việc đề nghị tặng %s, %s", q.award.Name, when), Dated: document.Undated(q.today.Year()), Notice: s.Notice, Symbol: "TTr", Signer: []string{"THỦ TRƯỞNG CƠ QUAN"}}
	top, err := s.Plan.Units.Select(s.Plan.Province, q.today)
	province := "tỉnh"
	if err == nil {
		province = inSentence(top)
		d.Superior = strings.Replace(committee(top), "Ủy ban nhân dân", "UBND", 1)
		d.Place = strings.TrimPrefix(top.Name, "Tỉnh ")
	}
	d.Authority = "Cơ quan thường trực"
	if lead := s.Plan.LeadOn(q.today); lead != nil {
		d.Authority, d.Symbol, d.Signer = lead.Name, "TTr-"+initials(lead.Name), []string{cmp.Or(heads[lead.Type], "THỦ TRƯỞNG CƠ QUAN")}
	}
	d.To = []string{"Ủy ban nhân dân " + province, "Ban Thi đua - Khen thưởng tỉnh"}
	d.Recipients = []string{"Như trên", "Lưu: VT"}
	d.Body = []document.Block{
		sentence("Căn cứ %s;", s.Plan.Document),
		sentence("Căn cứ kết quả thực hiện các mục tiêu, tính đến ngày %s, theo số liệu đã biết đến ngày %s, và các văn bản minh chứng đã ghi trong sổ đăng ký khen thưởng,", words.Day(q.question.AsOf), words.Day(q.knownOn)),
	}
	if len(listed) == 0 {
		d.Body = append(d.Body, sentence("Qua đối chiếu tiêu chuẩn tại mục %s của kế hoạch, chưa có đối tượng nào trong %d đối tượng đủ mọi điều kiện của hình thức %s.", q.award.Section, len(q.entries), q.award.Name))
		return s.aboutAward(d, q)
	}
	d.Body = append(d.Body, sentence("%s đã đối chiếu tiêu chuẩn tại mục %s của kế hoạch và kính trình cấp có thẩm quyền xem xét, tặng %s cho %d đối tượng (danh sách kèm theo), mỗi đối tượng %d bộ hồ sơ.", d.Authority, q.award.Section, q.award.Name, len(listed), q.award.Copies),
		sentence("Điều kiện đã đối chiếu:"))
	for _, c := range q.award.Conditions {
		d.Body = append(d.Body, item("%s;", c.Wording))
	}
	d.Body = append(d.Body, item("tiêu chuẩn chung và tiêu chí của nhóm đối tượng (mục IV.3 của kế hoạch)."))
	if x := award.Impacts(listed); len(x) > 0 {
		var ids []string
		for _, r := range x {
			ids = append(ids, r.Ruling.ID)
		}
		d.Body = append(d.Body, document.Note("Danh sách theo các cách hiểu quy định đang áp dụng: "+strings.Join(ids, ", ")+"."))
	}
	d.Body = append(d.Body, sentence("Kính trình %s xem xét, quyết định./.", d.To[0]))

	list := document.Table{Columns: []document.Column{{Title: "TT", Width: 6, Align: document.Centre}, {Title: "Đối tượng", Width: 34}, {Title: "Nhóm đối tượng", Width: 24}, {Title: "Minh chứng của điều kiện", Width: 28}, {Title: "Số bộ hồ sơ", Width: 8, Align: document.Centre}}}
	papers := document.Table{Columns: []document.Column{{Title: "TT", Width: 6, Align: document.Centre}, {Title: "Đối tượng", Width: 34}}}
	for _, x := range q.award.Documents {
		papers.Columns = append(papers.Columns, document.Column{Title: x.Name, Width: 20, Align: document.Centre})
	}
	for i, e := range listed {
		evidence := strings.Join(q.row(e).Evidence, "; ")
		list.Rows = append(list.Rows, document.Row{Cells: append([]document.Cell{document.Number(strconv.Itoa(i+1), float64(i+1))}, append(document.Cells(subjectName(e.Subject), e.Subject.Group.Name, cmp.Or(evidence, "Theo số liệu chính thức")), document.Number(strconv.Itoa(q.award.Copies), float64(q.award.Copies)))...)})
		cells := append([]document.Cell{document.Number(strconv.Itoa(i+1), float64(i+1))}, document.Cells(subjectName(e.Subject))...)
		for _, x := range e.Papers {
			cells = append(cells, document.Cells(map[bool]string{true: fmt.Sprintf("đủ %d bản", q.award.Copies), false: "chưa có"}[x.In()])...)
		}
		papers.Rows = append(papers.Rows, document.Row{Cells: cells})
	}
	d.Annexes = []document.Annex{{Title: "Danh sách đề nghị tặng " + q.award.Name, Body: []document.Block{list}}}
	if len(q.award.Documents) > 0 {
		d.Annexes = append(d.Annexes, document.Annex{Title: fmt.Sprintf("Kiểm tra thành phần hồ sơ, mỗi đối tượng %d bộ", q.award.Copies), Body: []document.Block{papers}})
	}
	return s.aboutAward(d, q)
}

// aboutAward says where the list comes from.
func (s *site) aboutAward(d *document.Document, q *inquiry) *document.Document {
	boundaries := "khi tỉnh còn hoạt động"
	if q.question.Boundaries == award.AsNow {
		boundaries = "ngày xét"
	}
	d.About = [][2]string{{"Kế hoạch", s.Plan.Name + " (" + s.Plan.Code + "), " + s.Plan.Document}, {"Bản kế hoạch", s.Plan.VersionOn(q.knownOn)}, {"Hình thức khen thưởng", q.award.Code + ", mục " + q.award.Section}, {"Địa giới", boundaries},
		{"Tính đến ngày", words.Day(q.question.AsOf)}, {"Theo số liệu đã biết đến ngày", words.Day(q.knownOn)}, {"Phiên bản phương pháp", progress.MethodVersion}}
	return d
}
