package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tiendo/pipeline/award"
	"tiendo/pipeline/contest"
	"tiendo/pipeline/document"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
	"tiendo/pipeline/words"
)

// reportSections are the sections of every report, in their order: the unit, then its pillars, then the units below it. One
// that has nothing to say is left out.
var reportSections = []struct {
	title string
	write func(*report) []document.Block
}{
	{"Kết quả chung", (*report).summary},
	{"Kết quả theo trụ cột", (*report).byPillar},
	{"Thay đổi so với kỳ trước", (*report).changes},
	{"Kết quả của các đơn vị", (*report).byUnit},
	{"Chỉ tiêu chậm tiến độ", (*report).lagging},
	{"Dự báo và mức phấn đấu", (*report).outlook},
	{"Nguyên nhân ghi nhận", (*report).causes},
	{"Việc đã giao trong rà soát tuần", (*report).given},
	{"Chế độ báo cáo và điều chỉnh số liệu", (*report).reporting},
	{"Giải trình số liệu", (*report).contested},
	{"Khen thưởng", (*report).commendation},
	{"Kiến nghị, đề xuất", (*report).proposals},
}

// shownLagging is how many lagging targets stand in the text; all of them stand in the annex.
const shownLagging = 15

// missing stands where people look for a figure that is not there.
const missing = "chưa có số liệu"

// document sets the report: the letterhead of whoever reports, its sections, the list of what lags.
func (r *report) document() *document.Document {
	d := &document.Document{Kind: "BÁO CÁO", Subject: fmt.Sprintf("Kết quả thực hiện %s, %s", r.Plan.Name, r.period.Name), Notice: r.Notice, Dated: document.Undated(r.ask.today.Year())}
	if r.period.Milestone != nil {
		d.Subject = fmt.Sprintf("%s: kết quả thực hiện %s", r.period.Milestone.Name, r.Plan.Name)
	}
	d.Place, _ = words.ShortUnit(r.province)
	r.letterhead(d)
	d.Body = append(d.Body, r.opening()...)
	for _, s := range reportSections {
		if body := s.write(r); len(body) > 0 {
			d.Body = append(append(d.Body, document.Heading{Level: 1, Text: s.title}), body...)
		}
	}
	d.Body = append(d.Body, sentence("Trên đây là báo cáo %s của %s./.", r.period.Name, inSentence(r.unit)))
	if rows := r.laggingRows(-1); len(rows) > shownLagging {
		d.Annexes = append(d.Annexes, document.Annex{Title: "Danh sách chỉ tiêu chậm tiến độ, tính đến ngày " + words.Day(r.day), Body: []document.Block{document.Table{Columns: laggingColumns, Rows: rows}}})
	}
	d.About = r.about()
	return d
}

// territorial are the types of units that a people's committee runs; all others are agencies.
var territorial = []string{"Tỉnh", "Thành phố", "Huyện", "Thị xã", "Quận", "Xã", "Phường", "Thị trấn", "Đặc khu"}

func isAgency(u *plan.Unit) bool { return !slices.Contains(territorial, u.Type) }

// heads are the heads of agencies by what the agency is called.
var heads = map[string]string{"Sở": "GIÁM ĐỐC", "Văn phòng": "CHÁNH VĂN PHÒNG", "Thanh tra": "CHÁNH THANH TRA", "Ban": "TRƯỞNG BAN"}

// committee is the people's committee of a unit, an agency by its own name.
func committee(u *plan.Unit) string {
	if isAgency(u) {
		return u.Name
	}
	return "Ủy ban nhân dân " + inSentence(u)
}

// inSentence is a unit's name within a sentence: tỉnh Kiên Giang, Sở Y tế.
func inSentence(u *plan.Unit) string {
	if isAgency(u) {
		return u.Name
	}
	return lowerFirst(u.Name)
}

func (r *report) inSentence(k plan.UnitKey) string {
	if u := r.Plan.Units.Key(k); u != nil {
		return inSentence(u)
	}
	return k.String()
}

// reporter reports: of the whole province the department that sums up, else the unit itself.
func (r *report) reporter() *plan.Unit {
	if r.top && r.authority != nil {
		return r.authority
	}
	return r.unit
}

func (r *report) letterhead(d *document.Document) {
	who := r.reporter()
	d.Authority = committee(who)
	if who != r.province {
		above := r.province
		if !isAgency(who) && who.Parent != nil {
			above = who.Parent
		}
		d.Superior = strings.Replace(committee(above), "Ủy ban nhân dân", "UBND", 1) // short, as letterheads name a superior
	}
	if isAgency(who) {
		d.Symbol, d.Signer = "BC-"+initials(who.Name), []string{cmp.Or(heads[who.Type], "THỦ TRƯỞNG CƠ QUAN")}
	} else {
		d.Symbol, d.Signer = "BC-UBND", []string{"TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"}
	}
	if r.top {
		if who != r.province {
			d.Recipients = append(d.Recipients, committee(r.province)+" (để báo cáo)")
		}
		for _, l := range r.Plan.WatchLevels {
			if l != r.province.Level {
				d.Recipients = append(d.Recipients, "Các "+lowerFirst(r.Plan.LevelInfo(l).Name)+" (để biết, thực hiện)")
			}
		}
	} else if r.authority != nil && r.authority != who {
		d.Recipients = append(d.Recipients, r.authority.Name+" (để tổng hợp)")
	}
	d.Recipients = append(d.Recipients, "Lưu: VT")
}

// initials abbreviate the name of an agency: Sở Khoa học và Công nghệ is SKHCN.
func initials(name string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(name, func(c rune) bool { return c == ' ' || c == '-' || c == ',' }) {
		if w != "và" {
			b.WriteRune([]rune(strings.ToUpper(w))[0])
		}
	}
	return b.String()
}

func sentence(format string, args ...any) document.Block {
	return document.Paragraph(document.Text(fmt.Sprintf(format, args...)))
}

func item(format string, args ...any) document.Block {
	return document.Item(document.Text(fmt.Sprintf(format, args...)))
}

// opening says what is reported, of which days, and what to know of them.
func (r *report) opening() []document.Block {
	of := ""
	if r.period.Type == plan.Report {
		of = ", kỳ báo cáo"
	}
	in := "trong " + r.period.Name
	if r.period.Milestone != nil {
		in = "để " + r.period.Name
	}
	out := []document.Block{sentence("Thực hiện %s, %s báo cáo kết quả của %s %s (từ ngày %s đến ngày %s%s) như sau:", r.Plan.Document, committee(r.reporter()), inSentence(r.unit), in,
		words.Day(r.period.Start), words.Day(r.period.End), of)}
	day := fmt.Sprintf("Số liệu tính đến ngày %s, là ngày có kết quả gần nhất trong kỳ", words.Day(r.day))
	if r.day == r.period.End {
		day = fmt.Sprintf("Số liệu tính đến ngày %s, ngày cuối của kỳ", words.Day(r.day))
	}
	switch {
	case r.before == plan.NoDay:
		day += "; chưa có số liệu của kỳ trước để so sánh."
	default:
		day += fmt.Sprintf("; so sánh với kỳ trước là so với ngày %s.", words.Day(r.before))
	}
	if !r.over {
		day += fmt.Sprintf(" Kỳ báo cáo chưa kết thúc (ngày cuối của kỳ là %s): các số liệu dưới đây là tạm tính.", words.Day(r.period.End))
	}
	switch {
	case !r.reviewed || r.period.Milestone != nil: // of a milestone the verdicts say it one by one
	case r.signed > 0:
		day += fmt.Sprintf(" Bản rà soát tuần của ngày này đã ký duyệt (bản ký số %d); số liệu điều chỉnh sau khi ký, nếu có, nêu ở bản rà soát đó.", r.signed)
	case r.over:
		day += " Bản rà soát tuần của ngày này chưa ký duyệt: các số liệu dưới đây là tạm tính."
	}
	return append(out, sentence("%s", day))
}

// own are the unit's targets.
func (r *report) own() []review.Pair {
	var all []review.Pair
	for _, x := range r.pack.Pairs {
		if x.Unit == r.unit.UnitKey && r.in.Indicator(x.Indicator) != nil {
			all = append(all, x)
		}
	}
	return all
}

// split counts the unit's targets of a pillar by status; an empty pillar takes all.
func (r *report) split(pillar string, of func(review.Pair) *Assessment) review.Split {
	n := review.Split{}
	for _, x := range r.own() {
		if a := of(x); a != nil && a.Status != progress.NotApplicable && (pillar == "" || r.in.Indicator(x.Indicator).Pillar == pillar) {
			n[a.Status]++
		}
	}
	return n
}

func now(x review.Pair) *Assessment    { return x.Now }
func before(x review.Pair) *Assessment { return x.Before }

// inStatuses says how many targets stand how: 5 đạt, 12 đúng tiến độ và 3 chậm tiến độ.
func inStatuses(n review.Split) string {
	var parts []string
	for _, st := range append(slices.Clone(statuses), progress.NoTarget) {
		if n[st] > 0 {
			name := lowerFirst(words.Status(st).Name)
			if st == progress.Stale {
				name = "có số liệu cũ"
			}
			parts = append(parts, fmt.Sprintf("%d %s", n[st], name))
		}
	}
	return enumerate(parts)
}

// summary is how the unit stands as a whole.
func (r *report) summary() []document.Block {
	all := r.split("", now)
	if all.Total() == 0 {
		return []document.Block{sentence("%s %s nào của kỳ này.", r.unit.Name, missing)}
	}
	if !r.targets {
		known := 0
		for _, x := range r.own() {
			if x.Now != nil && x.Now.Value != nil {
				known++
			}
		}
		return []document.Block{sentence("Đến ngày %s, %s có số liệu của %d trên %d chỉ tiêu được theo dõi; kế hoạch không đặt mục tiêu bằng số cho các chỉ tiêu này.", words.Day(r.day), r.unit.Name, known, all.Total())}
	}
	out := []document.Block{sentence("Đến ngày %s, %s có %d chỉ tiêu: %s.", words.Day(r.day), inSentence(r.unit), all.Total(), inStatuses(all))}
	if n := len(r.verdicts); n > 0 && r.period.Milestone != nil {
		out = append(out, sentence("Kết luận tại mốc %s: %s.", words.Day(r.period.End), r.verdictCounts("")))
	}
	if len(r.own()) > 0 && r.before != plan.NoDay {
		switch was := r.split("", before); {
		case r.pack.Turned:
			m, _ := r.in.NextMilestone(r.before)
			out = append(out, sentence("Kỳ trước các chỉ tiêu được xét theo mốc %s nên trạng thái của hai kỳ không so sánh được.", words.Day(m.Date)))
		case was.Total() > 0:
			out = append(out, sentence("Kỳ trước (ngày %s): %s.", words.Day(r.before), inStatuses(was)))
		}
	}
	out = append(out, r.place()...)
	shown := slices.Clone(statuses)
	if all[progress.NoTarget] > 0 {
		shown = append(shown, progress.NoTarget)
	}
	t := document.Table{Caption: "Số chỉ tiêu của " + inSentence(r.unit) + " theo trụ cột và trạng thái", Columns: []document.Column{{Title: "Trụ cột", Width: 5}, {Title: "Tổng số", Width: 2, Align: document.Centre}}}
	for _, st := range shown {
		t.Columns = append(t.Columns, document.Column{Title: words.Status(st).Name, Width: 2, Align: document.Centre})
	}
	line := func(name, pillar string, bold bool) {
		n := r.split(pillar, now)
		if n.Total() == 0 {
			return
		}
		row := document.Row{Cells: []document.Cell{{Text: name}, whole(n.Total())}, Bold: bold}
		for _, st := range shown {
			row.Cells = append(row.Cells, whole(n[st]))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, p := range r.in.Pillars {
		line(p.Name, p.Code, false)
	}
	line("Tổng số", "", true)
	return append(out, t)
}

func whole(n int) document.Cell { return document.Number(words.Count(int64(n)), float64(n)) }

// outcomes counts how the unit's targets of a pillar came out at the milestone; an empty pillar takes all.
func (r *report) outcomes(pillar string) map[progress.Outcome]int {
	n := map[progress.Outcome]int{}
	for _, x := range r.own() {
		if o, ok := r.verdicts[figureKey{x.Indicator, x.Unit}]; ok && (pillar == "" || r.in.Indicator(x.Indicator).Pillar == pillar) {
			n[o.Outcome]++
		}
	}
	return n
}

func (r *report) verdictCounts(pillar string) string {
	n := r.outcomes(pillar)
	var parts []string
	for _, o := range words.Outcomes {
		if n[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[o], lowerFirst(words.Outcome(string(o)).Name)))
		}
	}
	return enumerate(parts)
}

// place is the unit's rank among its like.
func (r *report) place() []document.Block {
	for _, m := range r.pack.Movements {
		if m.Unit != r.unit.UnitKey || m.Now.Rank == 0 || m.Now.Of < 2 {
			continue
		}
		text := fmt.Sprintf("%s xếp hạng %d trên %d đơn vị cùng cấp, có %s chỉ tiêu đạt hoặc đúng tiến độ", r.unit.Name, m.Now.Rank, m.Now.Of, good(m.Now))
		if m.Before != nil && m.Before.Rank > 0 {
			text += fmt.Sprintf("; kỳ trước xếp hạng %d trên %d", m.Before.Rank, m.Before.Of)
		}
		return []document.Block{sentence("%s.", text)}
	}
	return nil
}

// value is a figure as a cell; what is not known says so.
func value(ind *plan.Indicator, v *plan.Value) document.Cell {
	if v == nil {
		return document.Cell{Text: missing}
	}
	return document.Number(figure(ind, v), v.Float())
}

// beside is a figure that is only looked at beside another.
func beside(ind *plan.Indicator, v *plan.Value, text func(*plan.Indicator, *plan.Value) string) document.Cell {
	if v == nil {
		return document.Cell{Text: words.Unknown}
	}
	return document.Number(text(ind, v), v.Float())
}

// limit is a target as a cell, on one line.
func limit(ind *plan.Indicator, a *Assessment) document.Cell {
	return document.Cell{Text: strings.ReplaceAll(threshold(ind, a.Comparator, a.Target), " ", "\u00a0")}
}

func pathOf(a *Assessment) *plan.Value {
	if a == nil {
		return nil
	}
	return a.PathValue
}

// byPillar lists every target of the unit.
func (r *report) byPillar() []document.Block {
	own := r.own()
	if len(own) == 0 {
		return nil
	}
	atMilestone := r.period.Milestone != nil && len(r.verdicts) > 0
	var out []document.Block
	for _, p := range r.in.Pillars {
		n := r.split(p.Code, now)
		t := document.Table{Caption: "Kết quả các chỉ tiêu " + p.Name, Columns: []document.Column{{Title: "TT", Width: 3, Align: document.Centre}, {Title: "Chỉ tiêu", Width: 20}}}
		add := func(title string, width int) {
			t.Columns = append(t.Columns, document.Column{Title: title, Width: width, Align: document.Right})
		}
		switch {
		case !r.targets:
			add("Kỳ trước", 6)
			add("Kỳ này", 6)
			add("Thay đổi", 6)
		case atMilestone:
			add("Mục tiêu", 6)
			if r.before != plan.NoDay {
				add(words.Day(r.before), 7)
			} else {
				add("Kỳ trước", 7)
			}
			add(words.Day(r.period.End), 7)
			t.Columns = append(t.Columns, document.Column{Title: "Kết luận", Width: 8})
		default:
			add("Mục tiêu", 6)
			add("Thực hiện", 6)
			add("Theo dõi kỳ trước", 6)
			add("Theo dõi kỳ này", 6)
			add("So với lộ trình", 6)
			t.Columns = append(t.Columns, document.Column{Title: "Trạng thái", Width: 8})
		}
		for _, x := range own {
			ind := r.in.Indicator(x.Indicator)
			if ind.Pillar != p.Code || x.Now == nil {
				continue
			}
			a := x.Now
			row := document.Row{Cells: document.Cells(strconv.Itoa(len(t.Rows)+1), r.marked(ind.Code+" "+ind.Name, ind, x.Unit))}
			switch {
			case !r.targets:
				row.Cells = append(row.Cells, beside(ind, valueOf(x.Before), figure), value(ind, a.Value), beside(ind, change(x), signed))
			case atMilestone:
				o, known := r.verdicts[figureKey{x.Indicator, x.Unit}]
				verdict := words.Outcome(string(o.Outcome)).Name
				if f := r.officials[x.Indicator]; known && f.By != nil {
					verdict += " (chính thức)"
					if f.moved() {
						verdict += fmt.Sprintf("; số liệu điều chỉnh sau đó: %s %s", lowerFirst(words.Outcome(string(f.Now.Outcome)).Name), figure(ind, f.Now.Value))
					}
				} else if known && f.provisional() {
					verdict += " (tạm tính)"
				}
				if !known {
					verdict = words.Status(a.Status).Name
				}
				row.Cells = append(row.Cells, limit(ind, a), beside(ind, valueOf(x.Before), figure), value(ind, cmp.Or(o.Value, a.Value)), document.Cell{Text: verdict})
			default:
				row.Cells = append(row.Cells, limit(ind, a), value(ind, a.Value), beside(ind, pathOf(x.Before), figure), beside(ind, a.PathValue, figure),
					beside(ind, a.Gap, signed), document.Cell{Text: words.Status(a.Status).Name})
			}
			t.Rows = append(t.Rows, row)
		}
		if len(t.Rows) == 0 {
			continue
		}
		out = append(out, document.Heading{Level: 2, Text: p.Name})
		switch {
		case atMilestone:
			out = append(out, sentence("Có %d chỉ tiêu; tại mốc %s: %s.", n.Total(), words.Day(r.period.End), r.verdictCounts(p.Code)))
		case r.targets:
			out = append(out, sentence("Có %d chỉ tiêu: %s.", n.Total(), inStatuses(n)))
		}
		out = append(out, t)
	}
	switch {
	case !r.targets:
		return append(out, document.Note("Dấu – là chưa có số liệu; chưa có số liệu không phải là 0."))
	case atMilestone:
		said := "Giá trị chính thức tại mốc; kết luận theo số liệu đã biết đến nay."
		if r.officials != nil {
			said = "Giá trị và kết luận tại mốc: “chính thức” là theo bản rà soát tuần đầu tiên đã ký duyệt có kết luận đó; “tạm tính” là theo số liệu đã biết đến nay, chưa có trong bản rà soát nào đã ký duyệt."
		}
		return append(out, document.Note(said+" Dấu – là chưa có số liệu; chưa có số liệu không phải là 0."))
	}
	return append(out, document.Note("“Thực hiện” là giá trị chính thức (số phát sinh: lũy kế từ đầu năm); “theo dõi” là giá trị so với lộ trình (số phát sinh: 52 tuần gần nhất); “so với lộ trình” tính bằng điểm %. Dấu – là chưa có số liệu; chưa có số liệu không phải là 0."))
}

func valueOf(a *Assessment) *plan.Value {
	if a == nil {
		return nil
	}
	return a.Value
}

// change is how far the official value of a score went.
func change(x review.Pair) *plan.Value {
	a, b := valueOf(x.Now), valueOf(x.Before)
	if a == nil || b == nil {
		return nil
	}
	d := *a - *b
	return &d
}

// changes are what turned since the period before.
func (r *report) changes() []document.Block {
	if r.before == plan.NoDay || r.pack.First {
		return nil
	}
	var out []document.Block
	if r.targets && !r.pack.Turned {
		for _, k := range []struct {
			kind review.Kind
			name string
		}{{review.NewlyMet, "Mới đạt"}, {review.Recovered, "Ra khỏi diện chậm"}, {review.NewlyBehind, "Mới chậm tiến độ"}, {review.NoLongerMet, "Không còn đạt"}, {review.Lost, "Số liệu thành cũ hoặc không còn"}} {
			pairs := r.pack.Of(k.kind)
			if len(pairs) == 0 {
				continue
			}
			out = append(out, item("%s: %d lượt chỉ tiêu, gồm %s.", k.name, len(pairs), r.someOf(pairs)))
		}
		if len(out) == 0 {
			out = append(out, sentence("Không có chỉ tiêu nào mới đạt, mới chậm tiến độ hay ra khỏi diện chậm so với kỳ trước."))
		}
	}
	t := document.Table{Caption: "Giá trị tăng, giảm nhiều nhất so với kỳ trước", Columns: []document.Column{{Title: "Chỉ tiêu", Width: 12}, {Title: "Đơn vị", Width: 9}, {Title: "Kỳ trước", Width: 4, Align: document.Right}, {Title: "Kỳ này", Width: 4, Align: document.Right}, {Title: "Thay đổi", Width: 4, Align: document.Right}}}
	for _, m := range []struct {
		name  string
		pairs []review.Pair
	}{{"Tăng nhiều nhất", r.pack.Up}, {"Giảm nhiều nhất", r.pack.Down}} {
		if len(m.pairs) > 0 {
			t.Rows = append(t.Rows, document.Row{Cells: document.Cells(m.name), Group: true})
		}
		for _, x := range m.pairs[:min(5, len(m.pairs))] {
			if ind := r.in.Indicator(x.Indicator); ind != nil {
				t.Rows = append(t.Rows, document.Row{Cells: []document.Cell{{Text: r.marked(r.called(ind), ind, x.Unit)}, {Text: r.unitName(x.Unit)}, beside(ind, x.Before.PathValue, figure), beside(ind, x.Now.PathValue, figure), beside(ind, x.Moved(), signed)}})
			}
		}
	}
	if len(t.Rows) > 0 {
		out = append(out, t)
	}
	return out
}

// called is an indicator in a narrow column.
func (r *report) called(ind *plan.Indicator) string {
	vi, _ := ind.ShortNames()
	return ind.Code + " " + vi
}

// someOf names a few changes; those of a unit's own report need no unit.
func (r *report) someOf(pairs []review.Pair) string {
	if r.top {
		return r.some(pairs)
	}
	var names []string
	for _, x := range pairs {
		if ind := r.in.Indicator(x.Indicator); ind != nil {
			vi, _ := ind.ShortNames()
			names = append(names, vi+" ("+ind.Code+")")
		}
	}
	return strings.Join(names, "; ")
}

var rankColumns = []document.Column{{Title: "Hạng", Width: 2, Align: document.Centre}, {Title: "Đơn vị", Width: 9}, {Title: "Hạng kỳ trước", Width: 3, Align: document.Centre}, {Title: "Đạt, đúng tiến độ / phải thực hiện", Width: 4, Align: document.Centre},
	{Title: "Chậm tiến độ", Width: 3, Align: document.Centre}, {Title: "Chưa có số liệu, số liệu cũ", Width: 3, Align: document.Centre}, {Title: "Đánh giá chung", Width: 4}}

// byUnit ranks the units below.
func (r *report) byUnit() []document.Block {
	was := map[plan.UnitKey]*Standing{}
	levels := map[plan.Level][]*Standing{}
	for _, m := range r.pack.Movements {
		if r.top && m.Level != r.province.Level && m.Now.Rank > 0 {
			levels[m.Level] = append(levels[m.Level], m.Now)
		}
		was[m.Unit] = m.Before
	}
	if !r.top {
		for i := range r.children {
			if x := &r.children[i]; x.Rank > 0 {
				levels[x.Level] = append(levels[x.Level], x)
			}
		}
	}
	var out []document.Block
	for _, l := range r.Plan.Levels {
		all := levels[l.Code]
		if len(all) == 0 {
			continue
		}
		slices.SortStableFunc(all, func(a, b *Standing) int { return cmp.Compare(a.Rank, b.Rank) })
		first, last := all[0], all[len(all)-1]
		out = append(out, document.Heading{Level: 2, Text: l.Name})
		text := fmt.Sprintf("Có %d đơn vị được xếp hạng. Cao nhất là %s (%s chỉ tiêu đạt hoặc đúng tiến độ)", len(all), r.inSentence(first.Unit), good(first))
		if len(all) > 1 {
			text += fmt.Sprintf(", thấp nhất là %s (%s)", r.inSentence(last.Unit), good(last))
		}
		out = append(out, sentence("%s.", text))
		t := document.Table{Caption: "Kết quả của các đơn vị: " + lowerFirst(l.Name), Columns: rankColumns}
		for _, x := range all {
			old := document.Cell{Text: words.Unknown}
			if b := was[x.Unit]; b != nil && b.Rank > 0 {
				old = whole(b.Rank)
			}
			t.Rows = append(t.Rows, document.Row{Cells: []document.Cell{whole(x.Rank), {Text: r.unitName(x.Unit)}, old, {Text: good(x)}, whole(x.Counts[progress.Behind]), whole(x.Counts[progress.Stale] + x.Counts[progress.NoData]), {Text: words.Status(x.Overall).Name}}})
		}
		out = append(out, t)
	}
	if len(out) > 0 {
		out = append(out, document.Note("Hạng và đánh giá dùng để theo dõi, không thay cho chấm điểm thi đua hằng năm."))
	}
	return out
}

var laggingColumns = []document.Column{{Title: "Đơn vị", Width: 9}, {Title: "Chỉ tiêu", Width: 11}, {Title: "Giá trị", Width: 4, Align: document.Right}, {Title: "Lộ trình", Width: 4, Align: document.Right}, {Title: "So với lộ trình", Width: 4, Align: document.Right}, {Title: "Chậm từ ngày", Width: 5, Align: document.Centre}}

// behind are the lagging targets, the longest first.
func (r *report) behind() []review.Pair {
	var all []review.Pair
	for _, x := range r.pack.Pairs {
		if x.Now != nil && x.Now.Status == progress.Behind && r.in.Indicator(x.Indicator) != nil {
			all = append(all, x)
		}
	}
	since := func(x review.Pair) plan.Day {
		if x.Now.BehindSince == plan.NoDay {
			return r.day
		}
		return x.Now.BehindSince
	}
	slices.SortStableFunc(all, func(a, b review.Pair) int { return cmp.Compare(since(a), since(b)) })
	return all
}

// laggingRows are so many of them; -1: all.
func (r *report) laggingRows(most int) []document.Row {
	var rows []document.Row
	for _, x := range r.behind() {
		if len(rows) == most {
			break
		}
		ind := r.in.Indicator(x.Indicator)
		since := words.Day(x.Now.BehindSince)
		if x.Now.WeeksBehind > 0 {
			since += fmt.Sprintf(" (%d tuần)", x.Now.WeeksBehind)
		}
		rows = append(rows, document.Row{Cells: []document.Cell{{Text: r.unitName(x.Unit)}, {Text: r.marked(r.called(ind), ind, x.Unit)}, value(ind, x.Now.PathValue), beside(ind, x.Now.Expected, figure), beside(ind, x.Now.Gap, signed), {Text: since}}})
	}
	return rows
}

// lagging says who lags and since when.
func (r *report) lagging() []document.Block {
	if !r.targets {
		return nil
	}
	all := r.behind()
	if len(all) == 0 {
		return []document.Block{sentence("Không có chỉ tiêu nào chậm tiến độ tính đến ngày %s.", words.Day(r.day))}
	}
	units := map[plan.UnitKey]bool{}
	for _, x := range all {
		units[x.Unit] = true
	}
	text := fmt.Sprintf("Có %d lượt chỉ tiêu chậm tiến độ", len(all))
	if r.top {
		text += fmt.Sprintf(" của %d đơn vị", len(units))
	}
	caption := "Chỉ tiêu chậm tiến độ, lâu nhất trước"
	if len(all) > shownLagging {
		text += fmt.Sprintf("; %d lượt chậm lâu nhất nêu ở bảng dưới đây, danh sách đầy đủ ở Phụ lục", shownLagging)
	}
	return []document.Block{sentence("%s.", text), document.Table{Caption: caption, Columns: laggingColumns, Rows: r.laggingRows(shownLagging)}}
}

// outlook lays the unit's targets against the milestone.
func (r *report) outlook() []document.Block {
	if !r.targets || r.pack.Milestone == plan.NoDay || r.pack.Milestone <= r.day {
		return nil
	}
	t := document.Table{Caption: "Dự báo tại mốc " + words.Day(r.pack.Milestone) + " và mức tăng cần thiết", Columns: []document.Column{{Title: "Chỉ tiêu", Width: 12}, {Title: "Mục tiêu", Width: 4, Align: document.Right}, {Title: "Giá trị", Width: 4, Align: document.Right},
		{Title: "Cần tăng mỗi tuần", Width: 4, Align: document.Right}, {Title: "Tốc độ hiện nay", Width: 4, Align: document.Right}, {Title: "Dự báo", Width: 4, Align: document.Right}, {Title: "Khả năng", Width: 5}}}
	meets, misses, unknown := 0, 0, 0
	for _, x := range r.own() {
		if x.Now == nil || x.Now.Target == nil || x.Now.Status == progress.NotApplicable {
			continue
		}
		ind, o := r.in.Indicator(x.Indicator), x.Outlook()
		verdict := "Chưa dự báo được"
		switch {
		case o.Meets == nil:
			unknown++
		case *o.Meets:
			meets++
			verdict = "Đạt"
		default:
			misses++
			verdict = "Không đạt"
		}
		t.Rows = append(t.Rows, document.Row{Cells: []document.Cell{{Text: r.marked(r.called(ind), ind, x.Unit)}, limit(ind, x.Now), value(ind, x.Now.PathValue),
			beside(ind, x.Now.NeededPerWeek, weekly), beside(ind, x.Now.PacePerWeek, weekly), beside(ind, x.Now.Forecast, figure), {Text: verdict}}})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return []document.Block{sentence("Còn %s ngày đến mốc %s. Nếu giữ tốc độ hiện nay, %d chỉ tiêu sẽ đạt, %d chỉ tiêu sẽ không đạt, %d chỉ tiêu chưa dự báo được.",
		words.Count(int64(r.pack.Milestone-r.day)), words.Day(r.pack.Milestone), meets, misses, unknown), t}
}

// causes are the reasons that were noted where a target is not as it should be.
func (r *report) causes() []document.Block {
	type cause struct {
		reason progress.Reason
		n, own int
		codes  []string
	}
	var all []*cause
	by := map[progress.Reason]*cause{}
	silent := 0
	for _, x := range r.pack.Pairs {
		if x.Now == nil {
			continue
		}
		switch x.Now.Status {
		case progress.Behind, progress.AtRisk, progress.Stale, progress.NoData:
		default:
			continue
		}
		reasons := splitReasons(x.Now.Reason)
		if len(reasons) == 0 {
			silent++
		}
		for _, reason := range reasons {
			c := by[reason]
			if c == nil {
				c = &cause{reason: reason}
				by[reason] = c
				all = append(all, c)
			}
			c.n++
			if x.Unit == r.unit.UnitKey {
				c.own++
			}
			if !slices.Contains(c.codes, x.Indicator) {
				c.codes = append(c.codes, x.Indicator)
			}
		}
	}
	var out []document.Block
	if len(all) > 0 {
		slices.SortStableFunc(all, func(a, b *cause) int { return cmp.Compare(b.n, a.n) })
		t := document.Table{Caption: "Nguyên nhân ghi nhận của chỉ tiêu chưa tốt hoặc thiếu số liệu", Columns: []document.Column{{Title: "Nguyên nhân", Width: 10}, {Title: "Số lượt chỉ tiêu", Width: 3, Align: document.Centre}}}
		if r.top {
			t.Columns = append(t.Columns, document.Column{Title: "Trong đó của tỉnh", Width: 3, Align: document.Centre})
		}
		t.Columns = append(t.Columns, document.Column{Title: "Chỉ tiêu", Width: 10})
		for _, c := range all {
			cells := []document.Cell{{Text: upperFirst(words.Reason(c.reason))}, whole(c.n)}
			if r.top {
				cells = append(cells, whole(c.own))
			}
			slices.Sort(c.codes)
			text := strings.Join(c.codes[:min(8, len(c.codes))], ", ")
			if more := len(c.codes) - 8; more > 0 {
				text += fmt.Sprintf(" và %d chỉ tiêu khác", more)
			}
			t.Rows = append(t.Rows, document.Row{Cells: append(cells, document.Cell{Text: text})})
		}
		out = append(out, t)
	}
	if silent > 0 {
		out = append(out, sentence("%s lượt chỉ tiêu chậm tiến độ hoặc có nguy cơ chưa được ghi nhận nguyên nhân.", words.Count(int64(silent))))
	}
	if len(r.comments) > 0 {
		out = append(out, sentence("Ý kiến ghi trong các kỳ rà soát tuần:"))
	}
	for _, x := range r.comments {
		out = append(out, item("%s%s: %s", weekTitle(x.Week), r.of(x), strings.TrimSpace(x.Text)))
	}
	return out
}

// of is the figure that a step of a review speaks of, in a sentence; empty: the week as a whole.
func (r *report) of(x review.Step) string {
	if x.Unit == nil {
		return ""
	}
	text := x.Indicator
	if ind := r.in.Indicator(x.Indicator); ind != nil {
		text = r.called(ind)
	}
	return ", " + text + " của " + r.inSentence(*x.Unit)
}

// given is what was given to do, by whom and until when, and whether it was done.
func (r *report) given() []document.Block {
	if len(r.actions) == 0 {
		return nil
	}
	byDue(r.actions)
	today := r.ask.today
	if r.knownOn != plan.NoDay {
		today = min(today, r.knownOn)
	}
	done, late := 0, 0
	t := document.Table{Caption: "Việc đã giao và kết quả", Columns: []document.Column{{Title: "Việc", Width: 12}, {Title: "Đơn vị thực hiện", Width: 7}, {Title: "Hạn", Width: 4, Align: document.Centre}, {Title: "Kết quả", Width: 6}}}
	for _, x := range r.actions {
		state := "Đang thực hiện"
		switch {
		case x.Done != nil && r.knows(*x.Done):
			done++
			state = "Đã xong ngày " + words.Day(plan.DayOf(x.Done.At))
		case *x.Due < today:
			late++
			state = "Quá hạn"
		}
		t.Rows = append(t.Rows, document.Row{Cells: document.Cells(strings.TrimSpace(x.Text)+" ("+lowerFirst(weekTitle(x.Week))+r.of(x.Step)+")", r.unitName(*x.Owner), words.Day(*x.Due), state)})
	}
	return []document.Block{sentence("Các kỳ rà soát tuần trong kỳ đã giao %d việc: %d đã xong, %d quá hạn, %d đang thực hiện.", len(r.actions), done, late, len(r.actions)-done-late), t}
}

func upperFirst(s string) string {
	runes := []rune(s)
	if len(runes) == 0 {
		return s
	}
	return strings.ToUpper(string(runes[:1])) + string(runes[1:])
}

// namedLate is how many units of a late report are named.
const namedLate = 8

// reporting says whose reports are late and which figures of the period before were stated anew.
func (r *report) reporting() []document.Block {
	var out []document.Block
	switch {
	case len(r.pack.Late) > 0:
		t := document.Table{Caption: "Báo cáo quá hạn chưa có, tính đến ngày " + words.Day(r.reported), Columns: []document.Column{{Title: "Báo cáo", Width: 8}, {Title: "Số đơn vị", Width: 2, Align: document.Centre}, {Title: "Quá hạn sớm nhất từ ngày", Width: 4, Align: document.Centre}, {Title: "Đơn vị", Width: 12}}}
		units := map[plan.UnitKey]bool{}
		for _, l := range r.pack.Late {
			name := strings.Join(l.Indicators, ", ")
			if f := r.in.Form(l.Form); f != nil {
				name = f.Title
			} else if ind := r.in.Indicator(l.Indicators[0]); ind != nil {
				name = r.called(ind)
			}
			since := l.Units[0].Since
			var names []string
			for _, u := range l.Units {
				units[u.Unit] = true
				since = min(since, u.Since)
				names = append(names, r.unitName(u.Unit))
			}
			text := strings.Join(names[:min(namedLate, len(names))], "; ")
			if more := len(names) - namedLate; more > 0 {
				text += fmt.Sprintf(" và %d đơn vị khác", more)
			}
			t.Rows = append(t.Rows, document.Row{Cells: []document.Cell{{Text: name}, whole(len(l.Units)), {Text: words.Day(since)}, {Text: text}}})
		}
		out = append(out, sentence("%s đơn vị còn nợ báo cáo đã quá hạn của %d loại báo cáo.", words.Count(int64(len(units))), len(r.pack.Late)), t)
	case r.pack.LateTold:
		out = append(out, sentence("Không có báo cáo nào quá hạn tính đến ngày %s.", words.Day(r.reported)))
	}
	if !r.pack.LateTold {
		out = append(out, sentence("Của ngày %s không còn lưu đủ tình hình nộp báo cáo.", words.Day(r.reported)))
	}
	if r.before == plan.NoDay {
		return out
	}
	n := len(r.pack.Restated)
	if n == 0 {
		if r.pack.Untold == 0 {
			out = append(out, sentence("Không có kết quả nào của kỳ trước (ngày %s) được điều chỉnh sau khi đã biết.", words.Day(r.before)))
		}
		return out
	}
	t := document.Table{Caption: "Kết quả của kỳ trước được điều chỉnh", Columns: []document.Column{{Title: "Chỉ tiêu", Width: 10}, {Title: "Đơn vị", Width: 8}, {Title: "Đã báo cáo", Width: 4, Align: document.Right}, {Title: "Nay là", Width: 4, Align: document.Right}, {Title: "Trạng thái đã báo cáo", Width: 5}, {Title: "Trạng thái nay là", Width: 5}}}
	for _, x := range r.pack.Restated[:min(shownLagging, n)] {
		ind := r.in.Indicator(x.Now.Indicator)
		if ind == nil {
			continue
		}
		t.Rows = append(t.Rows, document.Row{Cells: []document.Cell{{Text: r.marked(r.called(ind), ind, x.Now.Unit)}, {Text: r.unitName(x.Now.Unit)}, value(ind, x.Was.Value), value(ind, x.Now.Value), {Text: words.Status(x.Was.Status).Name}, {Text: words.Status(x.Now.Status).Name}}})
	}
	text := fmt.Sprintf("%s kết quả của kỳ trước (ngày %s) đã được điều chỉnh sau khi đã biết", words.Count(int64(n)), words.Day(r.before))
	if n > shownLagging {
		text += fmt.Sprintf("; %d kết quả thay đổi nhiều nhất nêu ở bảng dưới đây", shownLagging)
	}
	return append(out, sentence("%s.", text), t)
}

// marked is the name of a figure, with a sign where its unit objects to it and that is not settled.
func (r *report) marked(name string, ind *plan.Indicator, unit plan.UnitKey) string {
	if r.ask.objected(ind.Code, unit) {
		return name + " (◐ đang giải trình)"
	}
	return name
}

// contested lists the figures that units object to: those that are not settled, and what became of the others of the period.
func (r *report) contested() []document.Block {
	open, ended := contest.Within(r.contests, r.period.Start, r.period.End)
	if len(open)+len(ended) == 0 {
		return nil
	}
	then := *r.ask
	if r.knownOn != plan.NoDay {
		then.today = min(then.today, r.knownOn)
	}
	var rows []contestRow
	late := 0
	for _, c := range slices.Concat(open, ended) {
		x := r.contestRow(&then, c)
		if x.Late {
			late++
		}
		rows = append(rows, x)
	}
	table := func(caption, day, said string, rows []contestRow, line func(contestRow) (day, said string)) document.Table {
		t := document.Table{Caption: caption, Columns: []document.Column{{Title: "Giải trình số", Width: 3, Align: document.Centre}, {Title: "Đơn vị", Width: 6}, {Title: "Chỉ tiêu", Width: 9}, {Title: "Số liệu", Width: 4, Align: document.Right},
			{Title: "Tính đến ngày", Width: 5, Align: document.Centre}, {Title: day, Width: 5, Align: document.Centre}, {Title: "Tình trạng", Width: 5}}}
		if r.reasons {
			t.Columns = append(t.Columns, document.Column{Title: said, Width: 9})
		}
		for _, x := range rows {
			name, number := x.Code, document.Cell{Text: x.Value}
			if ind := r.in.Indicator(x.Code); ind != nil {
				name, number = r.called(ind), value(ind, x.Figure.Value)
			}
			d, text := line(x)
			state := x.Status.Name
			if x.Late {
				state += ", quá hạn trả lời"
			}
			cells := append([]document.Cell{whole(int(x.Number))}, document.Cells(x.Unit, name)...)
			cells = append(append(cells, number), document.Cells(x.AsOf, d, state)...)
			if r.reasons {
				cells = append(cells, document.Cell{Text: text})
			}
			t.Rows = append(t.Rows, document.Row{Cells: cells})
		}
		return t
	}
	text := "Không có số liệu nào đang được giải trình"
	if len(open) > 0 {
		text = fmt.Sprintf("%d số liệu đang được đơn vị giải trình, chưa có kết luận", len(open))
	}
	if late > 0 {
		text += fmt.Sprintf(", trong đó %d đã quá hạn trả lời", late)
	}
	if len(ended) > 0 {
		text += fmt.Sprintf("; %d giải trình đã kết thúc", len(ended))
	}
	out := []document.Block{sentence("%s.", text)}
	if len(open) > 0 {
		out = append(out, table("Số liệu đang giải trình, chưa có kết luận", "Hạn trả lời", "Lý do giải trình", rows[:len(open)], func(x contestRow) (string, string) { return x.Until, strings.TrimSpace(x.Reason) }))
	}
	if len(ended) > 0 {
		out = append(out, table("Giải trình đã kết thúc", "Ngày kết thúc", "Nội dung kết luận", rows[len(open):], func(x contestRow) (string, string) {
			return words.Day(plan.DayOf(x.End.At)), strings.TrimSpace(strings.Trim(strings.TrimSpace(x.End.Reason)+"; "+strings.TrimSpace(x.End.Done), "; "))
		}))
	}
	if !r.reasons {
		out = append(out, document.Note("Lý do và nội dung kết luận chỉ nêu trong báo cáo của người đã đăng nhập."))
	}
	return out
}

// commendation says how the subjects of the milestone's awards stand.
func (r *report) commendation() []document.Block {
	if len(r.awards) == 0 {
		return nil
	}
	if !r.top {
		var out []document.Block
		for _, x := range r.awards {
			if x.own == nil {
				continue
			}
			text := fmt.Sprintf("%s: %s", x.award.Name, lowerFirst(award.VerdictWord(x.own.Truth).VI))
			if why := decidingText(x.own.Deciding()); why != "" && x.own.Truth != progress.Yes {
				text += " (" + why + ")"
			}
			out = append(out, item("%s.", text))
		}
		return out
	}
	t := document.Table{Caption: "Đối tượng theo từng hình thức khen thưởng", Columns: []document.Column{{Title: "Hình thức khen thưởng", Width: 10}, {Title: "Số đối tượng xét", Width: 3, Align: document.Centre}}}
	for _, v := range verdicts {
		t.Columns = append(t.Columns, document.Column{Title: award.VerdictWord(v).VI, Width: 3, Align: document.Centre})
	}
	for _, x := range r.awards {
		total := 0
		for _, n := range x.counts {
			total += n
		}
		cells := []document.Cell{{Text: x.award.Name}, whole(total)}
		for _, v := range verdicts {
			cells = append(cells, whole(x.counts[v]))
		}
		t.Rows = append(t.Rows, document.Row{Cells: cells})
	}
	return []document.Block{sentence("Sổ khen thưởng ghi nhận điều kiện của các đối tượng tại mốc %s như sau; sổ chỉ liệt kê, không thay cho việc xét của hội đồng.", words.Day(r.period.Milestone.Date)), t}
}

// proposals are what the figures suggest, by who answers for it, and lines for what people add.
func (r *report) proposals() []document.Block {
	var order []string
	by := map[string][]string{}
	for _, x := range r.own() {
		if x.Now == nil || x.Now.Status == progress.NotApplicable {
			continue
		}
		ind := r.in.Indicator(x.Indicator)
		what := suggestion(r.day, ind, x)
		if what == "" {
			continue
		}
		who := ""
		if u := r.in.OwnerOn(ind, r.day); u != nil && r.top {
			who = u.Name
		}
		if by[who] == nil {
			order = append(order, who)
		}
		by[who] = append(by[who], r.called(ind)+" ("+what+")")
	}
	var out []document.Block
	for _, who := range order {
		if who == "" {
			for _, text := range by[who] {
				out = append(out, item("%s.", text))
			}
			continue
		}
		out = append(out, item("%s: %s.", who, strings.Join(by[who], "; ")))
	}
	units := map[plan.UnitKey]bool{}
	for _, l := range r.pack.Late {
		for _, u := range l.Units {
			units[u.Unit] = true
		}
	}
	if n := len(units); n > 0 && r.top {
		out = append(out, item("%s đơn vị còn nợ báo cáo quá hạn: gửi ngay báo cáo.", words.Count(int64(n))))
	}
	if len(out) > 0 {
		out = append([]document.Block{sentence("Từ các số liệu trên, đề nghị tập trung:")}, out...)
	}
	return append(out, document.Note("Phần bổ sung của cơ quan báo cáo:"), document.Blank(3))
}

// suggestion is what a target's figures ask for; empty: nothing.
func suggestion(day plan.Day, ind *plan.Indicator, x review.Pair) string {
	a, o := x.Now, x.Outlook()
	ahead := a.NeededPerWeek != nil && day < a.Milestone
	switch {
	case hasReason(a, progress.ReasonUnreachable):
		return fmt.Sprintf("đang %s, không còn khả năng đạt trong năm nay: rà soát các trường hợp chưa đạt", figure(ind, a.Value))
	case (a.Status == progress.NoData || a.Status == progress.Stale) && a.Reason != "":
		return words.Reasons(a.Reason) + ": bổ sung số liệu"
	case ahead && (a.Status == progress.Behind || o.Meets != nil && !*o.Meets):
		text := fmt.Sprintf("đang %s, cần tăng %s %s mỗi tuần", figure(ind, a.PathValue), strings.TrimPrefix(weekly(ind, a.NeededPerWeek), "+"), points(ind))
		if a.PacePerWeek != nil {
			text += fmt.Sprintf(", tốc độ hiện nay %s", weekly(ind, a.PacePerWeek))
		}
		return text
	}
	return ""
}

// about says what the figures are: plan, days, versions.
func (r *report) about() [][2]string {
	knownOn := r.knownOn
	if knownOn == plan.NoDay {
		knownOn = r.ask.today
	}
	kind := "dương lịch"
	if r.period.Type == plan.Report {
		kind = "kỳ báo cáo từ ngày 15 tháng trước đến ngày 14"
	}
	lines := [][2]string{{"Kế hoạch", r.Plan.Name + " (" + r.Plan.Code + "), " + r.Plan.Document}, {"Kỳ", fmt.Sprintf("%s, từ %s đến %s, %s", r.period.Label, words.Day(r.period.Start), words.Day(r.period.End), kind)},
		{"Đơn vị", r.unit.Name + " (" + r.unit.UnitKey.String() + ")"}, {"Tính đến ngày", words.Day(r.day)}, {"Theo số liệu đã biết đến ngày", words.Day(knownOn)}}
	lines = append(lines, [2]string{"Bản kế hoạch", cmp.Or(strings.Join(r.pack.PlanVersions, ", "), r.Plan.VersionOn(r.day))},
		[2]string{"Phiên bản phương pháp", cmp.Or(strings.Join(r.pack.MethodVersions, ", "), progress.MethodVersion)})
	if r.reviewed {
		state := "chưa ký duyệt, số liệu là tạm tính"
		if r.signed > 0 {
			state = fmt.Sprintf("đã ký duyệt, bản ký số %d", r.signed)
		}
		lines = append(lines, [2]string{"Bản rà soát tuần của ngày này", state})
	}
	if !r.pack.KnownAt.IsZero() {
		lines = append(lines, [2]string{"Số liệu mới nhất có lúc", words.Instant(r.pack.KnownAt)})
	}
	return lines
}
