package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/pipeline/access"
	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
)

// awardsAnswer is a ledger with what it was asked and from what it was known.
type awardsAnswer struct {
	question award.Question
	knownOn  plan.Day
	version  string
	notice   string
	entries  []award.Entry
}

func (a *app) awardsCommand() *cobra.Command {
	var year, milestone int
	var unit, code, asOf, knownOn, boundaries string
	var asJSON, lacking, rulings bool
	cmd := &cobra.Command{
		Use:   "awards",
		Short: "Show who meets the conditions of which award, and what is lacking",
		Long: `Show for every award and every subject of it: eligible, not eligible, or undecidable. --year Y asks for the yearly awards,
--milestone Y for those of the milestone in that year. The ledger lists, it decides nothing.

A condition about targets is judged by the official figures of the milestone; in a year without one by the path's level of
31 December. What no figure says (own plan, discipline, score, contribution …) is entered with its evidence by
'tiendo awards record'; where no entry was made the condition is undecidable, never failed. A target that cannot be
exceeded by what is asked is undecidable too, until it is ruled.

--unit shows every condition of one subject, with clause, value, evidence and reason, the rulings it rests on, and what
each other reading would make of the verdict. --lacking lists only what is not met yet, with gap and deadline. --rulings lists for every
ruling and reading whose verdict it would change, and says where no source states the figure that a reading needs.

--boundaries then (default) takes the units of the province's last day, and regroups a district's figures from the communes
that succeed it, where they can be summed; --boundaries now takes the units that are valid on the day of the review.

--as-of and --known-on are those of 'tiendo progress'. --json prints an array with one object per award and subject.`,
		Example: `  tiendo awards --milestone 2023
  tiendo awards --milestone 2023 --unit 899 --award BK-TTG-2023
  tiendo awards --year 2024 --lacking
  tiendo awards record --subject 899 --register H-PLAN --decision yes --evidence "Kế hoạch 12/KH-UBND" --date 2022-12-01 --by vp`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := a.plan()
			if err != nil {
				return err
			}
			q := award.Question{Year: year, Award: code, Subject: unit, Boundaries: award.Boundaries(boundaries)}
			if milestone != 0 {
				q.Year, q.Milestone = milestone, true
			}
			if err := checkAwards(p, q, year, milestone); err != nil {
				return &usageError{err}
			}
			if err := readable(asOf, knownOn); err != nil {
				return err
			}
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			var k plan.Day
			if q.AsOf, k, err = a.asOfKnownOn(asOf, knownOn); err != nil {
				return err
			}
			in, book, err := run.Book(ctx, st, p, k)
			if err != nil {
				return err
			}
			q.Plan, q.Figures = in, award.Of(book)
			if q.Records, err = st.Registers(ctx, k); err != nil {
				return err
			}
			x := awardsAnswer{question: q, knownOn: k, version: p.VersionOn(k), notice: a.notice(ctx, p, st), entries: award.Ledger(q)}
			if unit != "" && len(x.entries) == 0 {
				return &usageError{fmt.Errorf("%q is no subject of these awards: a unit of the plan by its code, valid then (--boundaries), or who has an entry in a register", unit)}
			}
			switch {
			case asJSON:
				return x.json(a.out)
			case lacking:
				return x.lacking(a.out)
			case rulings:
				return x.rulings(a.out)
			case unit != "":
				return x.details(a.out)
			}
			return x.table(a.out)
		},
	}
	f := cmd.Flags()
	f.IntVar(&milestone, "milestone", 0, "awards of the milestone in this year")
	f.IntVar(&year, "year", 0, "yearly awards of this year")
	f.StringVar(&unit, "unit", "", "only this subject: a unit's code, or what a subject is registered under")
	f.StringVar(&code, "award", "", "only this award")
	f.StringVar(&boundaries, "boundaries", string(award.AsThen), "units as then or as now, where units ended before the review: then, now")
	f.StringVar(&asOf, "as-of", "", "newest day that figures may speak of, YYYY-MM-DD (default: the last complete week's Sunday)")
	f.StringVar(&knownOn, "known-on", "", "use only what was known at the end of this day, YYYY-MM-DD (default: today)")
	f.BoolVar(&lacking, "lacking", false, "list what every subject still lacks")
	f.BoolVar(&rulings, "rulings", false, "list whose verdict another reading of a ruling would change")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(a.awardsRecordCommand())
	return cmd
}

func checkAwards(p *plan.Plan, q award.Question, year, milestone int) error {
	if len(p.Awards) == 0 {
		return fmt.Errorf("plan %s has no awards", p.Code)
	}
	if (year == 0) == (milestone == 0) {
		return fmt.Errorf("say either --year or --milestone")
	}
	if q.Boundaries != award.AsThen && q.Boundaries != award.AsNow {
		return fmt.Errorf("--boundaries is then or now, not %q", q.Boundaries)
	}
	if year != 0 && (year < p.Start.Year() || year > p.End.Year()) {
		return fmt.Errorf("--year %d is outside the plan, %d to %d", year, p.Start.Year(), p.End.Year())
	}
	var codes []string
	all := q
	all.Award = ""
	for i := range p.Awards {
		if all.Asks(&p.Awards[i]) {
			codes = append(codes, p.Awards[i].Code)
		}
	}
	if len(codes) == 0 {
		return fmt.Errorf("plan %s has no awards of a milestone in %d", p.Code, milestone)
	}
	if q.Award != "" && !strings.Contains(" "+strings.Join(codes, " ")+" ", " "+q.Award+" ") {
		return fmt.Errorf("no such award %q there: it has %s", q.Award, strings.Join(codes, ", "))
	}
	return nil
}

func viVerdict(t progress.Truth) string { return award.Sign(t) + " " + award.VerdictWord(t).VI }

func viCondition(f award.Finding) string {
	switch {
	case f.LeftOut:
		return "· Không xét"
	case f.Truth == progress.Yes:
		return "✔ Đạt"
	case f.Truth == progress.No:
		return "✖ Không đạt"
	}
	return "? Chưa xác định"
}

func viWhy(r progress.Reason) string {
	if w, ok := award.ReasonWord(r); ok {
		return w.VI
	}
	return viReason(r)
}

// why also says how the newest figures stand where the day has not come.
func why(f award.Finding) string {
	if f.Reason != award.ReasonNotDue && f.Reason != award.ReasonPending {
		return viWhy(f.Reason)
	}
	switch f.Now {
	case progress.Yes:
		return viWhy(f.Reason) + ", hiện đạt"
	case progress.No:
		return viWhy(f.Reason) + ", hiện chưa đạt"
	}
	return viWhy(f.Reason)
}

func (x awardsAnswer) heading(out io.Writer) {
	what := fmt.Sprintf("Khen thưởng hàng năm %d", x.question.Year)
	if x.question.Milestone {
		what = fmt.Sprintf("Khen thưởng theo mốc năm %d", x.question.Year)
	}
	units := "địa giới tại thời điểm kết thúc của tỉnh"
	if x.question.Boundaries == award.AsNow {
		units = "địa giới tại ngày xét"
	}
	fmt.Fprintf(out, "%s\n%s - tính đến ngày %s, theo số liệu đã biết đến ngày %s, %s\n", x.question.Plan.Name, what, viDay(x.question.AsOf), viDay(x.knownOn), units)
	fmt.Fprintln(out, versionsLine(x.question.Plan, x.knownOn))
	if x.notice != "" {
		fmt.Fprintln(out, x.notice)
	}
}

// byAward calls for every run of entries of one award.
func (x awardsAnswer) byAward(out io.Writer, each func(w io.Writer, e award.Entry), header string) error {
	x.heading(out)
	var w *tabwriter.Writer
	for i, e := range x.entries {
		if i == 0 || e.Award != x.entries[i-1].Award {
			if w != nil {
				if err := w.Flush(); err != nil {
					return err
				}
			}
			fmt.Fprintf(out, "\n%s - %s (mục %s, %d bộ hồ sơ)\n", e.Award.Code, e.Award.Name, e.Award.Section, e.Award.Copies)
			w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, header)
		}
		each(w, e)
	}
	if w == nil {
		_, err := fmt.Fprintln(out, "\nKhông có đối tượng nào.")
		return err
	}
	return w.Flush()
}

// table is one line per subject and award.
func (x awardsAnswer) table(out io.Writer) error {
	return x.byAward(out, func(w io.Writer, e award.Entry) {
		met, no, open := e.Tally()
		why := ""
		if c := e.Deciding(); c != nil {
			why = c.Code + ": " + decisive(*c)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", e.Subject.Key, nameOf(e.Subject), viVerdict(e.Truth), met, no, open, why)
	}, "MÃ\tĐỐI TƯỢNG\tKẾT LUẬN\tĐẠT\tKHÔNG ĐẠT\tCHƯA XÁC ĐỊNH\tĐIỀU KIỆN QUYẾT ĐỊNH")
}

// decisive names the first targets that make a condition what it is, or says why it is.
func decisive(c award.Finding) string {
	const shown = 4
	codes := c.Deciding()
	switch {
	case len(codes) == 0:
		return viWhy(c.Reason)
	case len(codes) > shown:
		return fmt.Sprintf("%s (%s và %d chỉ tiêu khác)", viWhy(c.Reason), strings.Join(codes[:shown], ", "), len(codes)-shown)
	}
	return fmt.Sprintf("%s (%s)", viWhy(c.Reason), strings.Join(codes, ", "))
}

func nameOf(s award.Subject) string {
	if s.Name == "" {
		return s.Group.Name
	}
	return s.Name
}

// lacking is one line per condition that a subject does not meet yet.
func (x awardsAnswer) lacking(out io.Writer) error {
	return x.byAward(out, func(w io.Writer, e award.Entry) {
		for _, f := range e.Lacking() {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Subject.Key, nameOf(e.Subject), f.Code, viCondition(f), viValue(f.Value), asked(f), viValue(f.Gap), viDay(f.Deadline), why(f))
		}
	}, "MÃ\tĐỐI TƯỢNG\tĐIỀU KIỆN\tKẾT QUẢ\tTHỰC HIỆN\tYÊU CẦU\tCÒN THIẾU\tHẠN\tLÝ DO")
}

// rulings is one line per ruling, reading and changed verdict.
func (x awardsAnswer) rulings(out io.Writer) error {
	x.heading(out)
	for i, j := 0, 0; i < len(x.entries); i = j {
		for j = i; j < len(x.entries) && x.entries[j].Award == x.entries[i].Award; j++ {
		}
		e := x.entries[i]
		fmt.Fprintf(out, "\n%s - %s\n", e.Award.Code, e.Award.Name)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "QUY ĐỊNH\tCÁCH HIỂU\tĐANG ÁP DỤNG\tĐỔI KẾT LUẬN\tKHÔNG LƯU SỐ\tĐỐI TƯỢNG ĐỔI")
		for _, impact := range award.Impacts(x.entries[i:j]) {
			for _, way := range impact.Ways {
				var who []string
				for _, c := range way.Changes {
					who = append(who, fmt.Sprintf("%s (%s → %s)", c.Entry.Subject.Key, viVerdict(c.Entry.Truth), viVerdict(c.To)))
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", impact.Ruling.ID, way.Reading.Code, map[bool]string{true: "✔"}[way.InForce], len(way.Changes), way.Untold, strings.Join(who, "; "))
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func asked(f award.Finding) string {
	if f.Asked != nil {
		return "> " + viValue(f.Asked)
	}
	if f.Target != nil && f.By == plan.MoreThan {
		return "> " + viValue(f.Target)
	}
	return viValue(f.Target)
}

// details are all conditions and rulings of one subject.
func (x awardsAnswer) details(out io.Writer) error {
	x.heading(out)
	for _, e := range x.entries {
		fmt.Fprintf(out, "\n%s - %s (mục %s, %d bộ hồ sơ)\n%s (%s): %s\n", e.Award.Code, e.Award.Name, e.Award.Section, e.Award.Copies, nameOf(e.Subject), e.Subject.Group.Name, viVerdict(e.Truth))
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ĐIỀU KIỆN\tMỤC\tKẾT QUẢ\tTHỰC HIỆN\tYÊU CẦU\tCÒN THIẾU\tHẠN\tCÁCH HIỂU\tLÝ DO, MINH CHỨNG\tNỘI DUNG")
		line := func(in string, f award.Finding) {
			said := why(f)
			if f.Record != nil {
				said += strings.TrimRight(fmt.Sprintf(" (%s, %s) %s", f.Record.Evidence, viDay(f.Record.Date), f.Record.Value), " ")
			}
			fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", in, f.Code, f.Section, viCondition(f), viValue(f.Value), asked(f), viValue(f.Gap), viDay(f.Deadline), strings.Join(f.Rulings, ", "), said, f.Wording)
		}
		for _, f := range e.Conditions {
			line("", f)
			for _, part := range f.Parts {
				line("  ", part)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, x := range e.Papers {
			said := "chưa có"
			if x.Record != nil {
				said = map[bool]string{true: "đã có", false: string(x.Record.Decision)}[x.In()] + fmt.Sprintf(" (%s, %s)", x.Record.Evidence, viDay(x.Record.Date))
			}
			fmt.Fprintf(out, "Hồ sơ, mục %s, %d bản: %s - %s\n", x.Section, e.Award.Copies, x.Name, said)
		}
		for _, n := range e.Notes {
			value := n.Value
			if s := award.StateWord(n.Value); s.VI != "" {
				value = s.VI
			}
			fmt.Fprintf(out, "%s: %s (%s, %s) %s\n", n.Register, n.Decision, n.Evidence, viDay(n.Date), value)
		}
		for _, r := range e.Rulings {
			fmt.Fprintf(out, "%s %s - %s\n", r.Ruling.ID, r.Ruling.Question, r.Ruling.Decider)
			for _, way := range r.Effects {
				mark, becomes := " ", "chưa tính được"
				if way.InForce {
					mark = "*"
				}
				if way.Truth != "" {
					becomes = award.VerdictWord(way.Truth).VI
				}
				fmt.Fprintf(out, "  %s %s: %s -> %s\n", mark, way.Reading.Code, way.Reading.Text, becomes)
			}
		}
	}
	return nil
}

// The fixed shape of `tiendo awards --json`: decimals as strings, unknown as null.
type (
	awardJSON struct {
		Plan          string           `json:"plan"`
		PlanVersion   string           `json:"plan_version"`
		MethodVersion string           `json:"method_version"`
		AsOf          plan.Day         `json:"as_of"`
		KnownOn       plan.Day         `json:"known_on"`
		Boundaries    award.Boundaries `json:"boundaries"`
		Award         string           `json:"award"`
		AwardName     string           `json:"award_name"`
		Section       string           `json:"section"`
		Copies        int              `json:"copies"`
		Year          int              `json:"year"`
		Group         string           `json:"group"`
		Subject       string           `json:"subject"`
		SubjectName   string           `json:"subject_name"`
		Verdict       progress.Truth   `json:"verdict"`
		Conditions    []conditionJSON  `json:"conditions"`
		Lacking       []string         `json:"lacking"`
		Rulings       []rulingJSON     `json:"rulings"`
		Registers     []recordJSON     `json:"registers"`
		Documents     []paperJSON      `json:"documents"` // of the dossier
	}
	conditionJSON struct {
		Kind     award.Kind      `json:"kind"`
		Code     string          `json:"code"`
		Section  string          `json:"section"`
		Wording  string          `json:"wording"`
		Verdict  progress.Truth  `json:"verdict"`
		LeftOut  bool            `json:"left_out"`
		Reason   progress.Reason `json:"reason"`
		Value    *plan.Value     `json:"value"`
		Target   *plan.Value     `json:"target"`
		By       plan.Comparator `json:"comparator,omitempty"`
		Now      progress.Truth  `json:"now,omitempty"` // by the newest figures, where the day has not come
		Asked    *plan.Value     `json:"more_than"`
		Gap      *plan.Value     `json:"gap"`
		Deadline plan.Day        `json:"deadline"`
		Rulings  []string        `json:"rulings"`
		Entry    *recordJSON     `json:"entry"`
		Targets  []conditionJSON `json:"targets,omitempty"`
	}
	paperJSON struct {
		Code    string      `json:"code"`
		Name    string      `json:"name"`
		Section string      `json:"section"`
		Copies  int         `json:"copies"`
		In      bool        `json:"in"`
		Entry   *recordJSON `json:"entry"`
	}
	recordJSON struct {
		Register string         `json:"register"`
		Year     int            `json:"year"`
		Decision award.Decision `json:"decision"`
		Value    string         `json:"value"`
		Evidence string         `json:"evidence"`
		Date     plan.Day       `json:"date"`
		By       string         `json:"entered_by"`
		At       string         `json:"entered_at"`
	}
	rulingJSON struct {
		ID       string        `json:"id"`
		Clause   string        `json:"clause"`
		Question string        `json:"question"`
		Decider  string        `json:"decider"`
		Readings []readingJSON `json:"readings"`
	}
	readingJSON struct {
		Code    string          `json:"code"`
		Text    string          `json:"text"`
		InForce bool            `json:"in_force"`
		Verdict *progress.Truth `json:"verdict"` // null: no figure settles it
	}
)

func recordOf(r award.Record) recordJSON {
	return recordJSON{r.Register, r.Year, r.Decision, r.Value, r.Evidence, r.Date, r.By, time.UnixMilli(r.At).In(plan.Zone).Format(time.RFC3339)}
}

func conditionsOf(all []award.Finding) []conditionJSON {
	out := []conditionJSON{}
	for _, f := range all {
		c := conditionJSON{Kind: f.Kind, Code: f.Code, Section: f.Section, Wording: f.Wording, Verdict: f.Truth, LeftOut: f.LeftOut, Reason: f.Reason, Value: f.Value,
			Target: f.Target, By: f.By, Now: f.Now, Asked: f.Asked, Gap: f.Gap, Deadline: f.Deadline, Rulings: append([]string{}, f.Rulings...)}
		if f.Record != nil {
			r := recordOf(*f.Record)
			c.Entry = &r
		}
		if len(f.Parts) > 0 {
			c.Targets = conditionsOf(f.Parts)
		}
		out = append(out, c)
	}
	return out
}

func (x awardsAnswer) json(out io.Writer) error {
	rows := []awardJSON{}
	for _, e := range x.entries {
		row := awardJSON{Plan: x.question.Plan.Code, PlanVersion: x.version, MethodVersion: progress.MethodVersion, AsOf: x.question.AsOf, KnownOn: x.knownOn,
			Boundaries: x.question.Boundaries, Award: e.Award.Code, AwardName: e.Award.Name, Section: e.Award.Section, Copies: e.Award.Copies, Year: e.Year,
			Group: e.Subject.Group.Code, Subject: e.Subject.Key, SubjectName: e.Subject.Name, Verdict: e.Truth, Conditions: conditionsOf(e.Conditions),
			Lacking: []string{}, Rulings: []rulingJSON{}, Registers: []recordJSON{}, Documents: []paperJSON{}}
		for _, f := range e.Lacking() {
			row.Lacking = append(row.Lacking, f.Code)
		}
		for _, r := range e.Rulings {
			ruling := rulingJSON{ID: r.Ruling.ID, Clause: r.Ruling.Clause, Question: r.Ruling.Question, Decider: r.Ruling.Decider}
			for _, way := range r.Effects {
				reading := readingJSON{Code: way.Reading.Code, Text: way.Reading.Text, InForce: way.InForce}
				if way.Truth != "" {
					reading.Verdict = &way.Truth
				}
				ruling.Readings = append(ruling.Readings, reading)
			}
			row.Rulings = append(row.Rulings, ruling)
		}
		for _, x := range e.Papers {
			paper := paperJSON{Code: x.Code, Name: x.Name, Section: x.Section, Copies: e.Award.Copies, In: x.In()}
			if x.Record != nil {
				r := recordOf(*x.Record)
				paper.Entry = &r
			}
			row.Documents = append(row.Documents, paper)
		}
		for _, n := range e.Notes {
			row.Registers = append(row.Registers, recordOf(n))
		}
		rows = append(rows, row)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(rows)
}

func (a *app) awardsRecordCommand() *cobra.Command {
	var r award.Record
	var decision, date string
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Enter what no figure says, with its evidence",
		Long: `Enter into a register what no figure says: that a criterion is attested, the yearly scoring, a contribution, that the subject
registered, that it reported, where its dossier stands. Nothing is overwritten: the newest entry of a register, subject and
year counts, and what was known on an earlier day can still be had. The audit log tells of every entry before it is made.

The registers are the codes of the criteria and conditions that 'tiendo awards --unit' lists, 'registration',
'annual_report', 'dossier/AWARD' with the state as --value: ` + strings.Join(award.States, ", ") + `,
and 'paper/AWARD/DOCUMENT' for a document of the dossier that is in.

--decision says whether the condition holds: yes, no, not_applicable (it does not concern the subject), or unknown, which
takes an earlier entry back. G-DISCIPLINE with yes means: no discipline. --year 0 holds for the whole of the plan's time.

A subject that is no unit of the plan (an enterprise, a school, a household, a person) is named by --group and by what it is
registered under.`,
		Example: `  tiendo awards record --subject 899 --register H-PLAN --decision yes --evidence "Kế hoạch 12/KH-UBND" --date 2022-12-01 --by vp
  tiendo awards record --group doanh-nghiep --subject DN-0012 --name "Hợp tác xã A" --register E-PLAN --decision yes \
    --evidence "Kế hoạch 3/KH" --date 2022-12-20 --by vp
  tiendo awards record --subject 899 --register dossier/BK-UBND-2023 --decision yes --value checked --year 2023 \
    --evidence "Biên bản 7/BB" --date 2024-01-20 --by vp`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			p, err := a.plan()
			if err != nil {
				return err
			}
			r.Decision = award.Decision(decision)
			if r.Date, err = day("date", date, plan.NoDay); err != nil {
				return err
			}
			if err := subjectOf(p, &r); err != nil {
				return &usageError{err}
			}
			if err := r.Check(p); err != nil {
				return &usageError{err}
			}
			_, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			now := a.now()
			all, err := st.Registers(ctx, plan.DayOf(now))
			if err != nil {
				return err
			}
			r = r.Follow(all, now.UnixMilli())
			if err := r.Check(p); err != nil { // again: the store's clock says whether the day of the evidence has come
				return &usageError{err}
			}
			if err := st.SaveRegister(ctx, r, access.Event{At: time.Now(), Actor: cliActor()}); err != nil {
				return err
			}
			when := "cả giai đoạn"
			if r.Year != 0 {
				when = "năm " + strconv.Itoa(r.Year)
			}
			fmt.Fprintf(a.out, "Đã ghi %s của %s, %s: %s (%s)\n", r.Register, r.Subject, when, r.Decision, r.Evidence)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Subject, "subject", "", "unit, CODE or CODE@YYYY-MM-DD, or what a subject is registered under")
	f.StringVar(&r.Group, "group", "", "group of subjects of one that is no unit")
	f.StringVar(&r.Name, "name", "", "name of a subject that is no unit")
	f.StringVar(&r.Register, "register", "", "register: the code of a criterion or condition, registration, annual_report, dossier/AWARD")
	f.IntVar(&r.Year, "year", 0, "year it holds for; 0: the whole of the plan's time")
	f.StringVar(&decision, "decision", "", "yes, no, not_applicable, unknown")
	f.StringVar(&r.Value, "value", "", "score, amount, or a dossier's state")
	f.StringVar(&r.Evidence, "evidence", "", "the paper that shows it, with its number")
	f.StringVar(&date, "date", "", "date of the evidence, YYYY-MM-DD")
	f.StringVar(&r.By, "by", "", "who enters it")
	return cmd
}

// subjectOf finds the unit's key and group; a subject that is no unit keeps what was given.
func subjectOf(p *plan.Plan, r *award.Record) error {
	if g := p.Subject(r.Group); g != nil && g.Level == "" {
		return nil
	}
	if r.Subject == "" {
		return fmt.Errorf("--subject is missing")
	}
	u, err := p.Units.Select(r.Subject, p.End)
	if r.Date != plan.NoDay {
		u, err = p.Units.Select(r.Subject, r.Date)
	}
	if err != nil {
		return fmt.Errorf("%w; a subject that is no unit needs --group", err)
	}
	for _, g := range p.Subjects {
		if g.Level == u.Level && (r.Group == "" || r.Group == g.Code) {
			r.Group, r.Subject = g.Code, u.UnitKey.String()
			return nil
		}
	}
	return fmt.Errorf("%s is a %s, which belongs to no group of subjects%s", u.Name, u.Level, map[bool]string{true: " " + r.Group}[r.Group != ""])
}
