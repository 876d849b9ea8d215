package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// namedUnits is how many late units a letter addresses by name; more of them are addressed together, by the list.
// letterDays is how many working days it gives them.
const (
	namedUnits = 10
	letterDays = 5
)

// letterLate is the reminder (công văn đôn đốc) to the units whose reports are late, with their list as annex. It is made of
// the same list as the page of deadlines, narrowed the same way.
func (s *site) letterLate(ctx context.Context, a *ask) (*page, error) {
	on, q, err := s.lateAsked(a)
	if err != nil {
		return nil, err
	}
	in := s.Plan.At(on)
	all, _, err := s.lateUnits(ctx, in, on, q)
	if err != nil {
		return nil, err
	}
	asked := []string{"form", q.form, "period", q.period, "level", string(q.level), "unit", a.query.Get("unit")}
	if len(all) == 0 {
		return nil, notFound("Không có đơn vị nào để đôn đốc", fmt.Sprintf("Đến hết ngày %s không có báo cáo nào quá hạn với lựa chọn này.", words.Day(on)), link{Text: "Xem hạn báo cáo", URL: a.url("/late", asked...)})
	}
	now := &ask{asOf: plan.NoDay, knownOn: plan.NoDay, today: a.today}
	p := s.newPage("document", "Công văn đôn đốc gửi báo cáo")
	p.Nav = s.nav(now, "/freshness")
	p.Crumbs = []link{{Text: "Hạn báo cáo", URL: a.url("/late", asked...)}, {Text: "Công văn đôn đốc", Here: true}}
	p.AsOfISO, p.Table = on.String(), lateTable(in, on, all)
	return withDocument(p, s.reminder(in, on, a.known(), q, all), func(pairs ...string) string {
		return a.url("/letter/late", append(slices.Clone(asked), pairs...)...)
	})
}

// reminder writes the letter.
func (s *site) reminder(in *plan.Plan, on, knownOn plan.Day, q lateQuery, all []overdue) *document.Document {
	d := &document.Document{Subject: "đôn đốc gửi báo cáo", Dated: document.Undated(on.Year()), Notice: s.Notice, Authority: "Cơ quan thường trực", Recipients: []string{"Như trên"}, Signer: []string{"THỦ TRƯỞNG CƠ QUAN"}}
	if q.form != "" {
		d.Subject += " “" + formTitle(in, q.form) + "”"
	}
	if q.period != "" {
		d.Subject += " " + periodName(all[0].Period)
	}
	if top, err := in.Units.Select(in.Province, on); err == nil {
		d.Superior = strings.Replace(committee(top), "Ủy ban nhân dân", "UBND", 1)
		d.Place = strings.TrimPrefix(top.Name, "Tỉnh ")
		d.Recipients = append(d.Recipients, committee(top)+" (để báo cáo)")
	}
	if lead := in.LeadOn(on); lead != nil {
		d.Authority, d.Symbol, d.Signer = lead.Name, initials(lead.Name), []string{cmp.Or(heads[lead.Type], "THỦ TRƯỞNG CƠ QUAN")}
	}
	d.Recipients = append(d.Recipients, "Lưu: VT")

	var units []*plan.Unit
	for _, o := range all {
		if !slices.Contains(units, o.Unit) {
			units = append(units, o.Unit)
		}
	}
	if len(units) > namedUnits {
		d.To = []string{"Các đơn vị có tên trong danh sách kèm theo"}
	} else {
		for _, u := range units {
			d.To = append(d.To, committee(u))
		}
	}
	d.Body = []document.Block{
		sentence("Căn cứ %s;", in.Document),
		sentence("Theo chế độ báo cáo của kế hoạch, báo cáo gửi chậm nhất vào ngày làm việc thứ hai sau ngày chốt kỳ. Tính đến hết ngày %s, còn %s đơn vị chưa gửi %s báo cáo đã quá hạn (danh sách kèm theo).", words.Day(on), words.Count(int64(len(units))), words.Count(int64(len(all)))),
		sentence("Để bảo đảm tổng hợp kịp thời, %s đề nghị các đơn vị:", d.Authority),
		item("gửi đầy đủ các báo cáo còn thiếu trước hết ngày %s, theo đúng biểu mẫu và kỳ báo cáo;", words.Day(in.Holidays.AddWorking(on, letterDays))),
		item("nêu rõ nguyên nhân chậm và biện pháp khắc phục, nếu đến hạn trên vẫn chưa gửi được;"),
		item("phân công người phụ trách, gửi đúng hạn các kỳ báo cáo tiếp theo."),
		sentence("Đề nghị các đơn vị quan tâm thực hiện./."),
	}
	d.Annexes = []document.Annex{{Title: "Danh sách đơn vị chưa gửi báo cáo, tính đến hết ngày " + words.Day(on), Body: []document.Block{reminderList(q, all)}}}
	d.About = [][2]string{{"Kế hoạch", in.Name + " (" + in.Code + "), " + in.Document}, {"Tính đến ngày", words.Day(on)}, {"Theo số liệu đã biết đến ngày", words.Day(knownOn)},
		{"Bản kế hoạch", in.VersionOn(on)}, {"Phiên bản phương pháp", progress.MethodVersion}, {"Số ngày quá hạn", "ngày làm việc, theo lịch nghỉ của kế hoạch"}}
	return d
}

// reminderList has a line for every report of one form, or for every unit with all that it owes.
func reminderList(q lateQuery, all []overdue) document.Table {
	count := func(n int) document.Cell { return document.Number(words.Count(int64(n)), float64(n)) }
	t := document.Table{Columns: []document.Column{{Title: "TT", Width: 5, Align: document.Centre}, {Title: "Đơn vị", Width: 28}}}
	if q.form != "" {
		t.Columns = append(t.Columns, document.Column{Title: "Biểu", Width: 19}, document.Column{Title: "Kỳ", Width: 20}, document.Column{Title: "Hạn gửi", Width: 13, Align: document.Centre}, document.Column{Title: "Quá hạn (ngày làm việc)", Width: 15, Align: document.Right})
		for i, o := range all {
			title := o.Form
			if n := len(o.Facilities); n > 0 {
				title += fmt.Sprintf(" (%d cơ sở)", n)
			}
			t.Rows = append(t.Rows, document.Row{Cells: slices.Concat([]document.Cell{count(i + 1)}, document.Cells(o.Unit.Name, title, periodName(o.Period), words.Day(o.deadline())), []document.Cell{count(o.Days)})})
		}
		return t
	}
	t.Columns = append(t.Columns, document.Column{Title: "Báo cáo còn thiếu", Width: 42}, document.Column{Title: "Hạn cũ nhất", Width: 13, Align: document.Centre}, document.Column{Title: "Quá hạn (ngày làm việc)", Width: 12, Align: document.Right})
	var units []*plan.Unit
	of := map[*plan.Unit][]overdue{}
	for _, o := range all {
		if of[o.Unit] == nil {
			units = append(units, o.Unit)
		}
		of[o.Unit] = append(of[o.Unit], o)
	}
	byName := words.ByName()
	slices.SortStableFunc(units, func(x, y *plan.Unit) int {
		return cmp.Or(cmp.Compare(of[x][0].levelPlace, of[y][0].levelPlace), byName(x.Name, y.Name), cmp.Compare(x.Code, y.Code))
	})
	for i, u := range units {
		oldest := of[u][0]
		var owed []string
		form := ""
		for _, o := range of[u] { // by form, then by period
			if o.LateFrom < oldest.LateFrom {
				oldest = o
			}
			if o.Form == form {
				owed[len(owed)-1] += ", " + periodName(o.Period)
				continue
			}
			form = o.Form
			owed = append(owed, o.Form+": "+periodName(o.Period))
		}
		t.Rows = append(t.Rows, document.Row{Cells: slices.Concat([]document.Cell{count(i + 1)}, document.Cells(u.Name, strings.Join(owed, "; "), words.Day(oldest.deadline())), []document.Cell{count(oldest.Days)})})
	}
	return t
}
