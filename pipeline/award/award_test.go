package award_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
	"tiendo/schema/plans"
)

// builtIn is the plan that has awards, as in force long after its end.
func builtIn(t testing.TB) *plan.Plan {
	t.Helper()
	for _, name := range plans.Names() {
		sub, err := fs.Sub(plans.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.Load(sub)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Awards) > 0 {
			return p.At(plan.MustDay("2026-06-30"))
		}
	}
	t.Fatal("no built-in plan has awards")
	return nil
}

// world is one subject of an award about which everything is known, and everything is good, but for what a test changes.
type world struct {
	plan    *plan.Plan
	award   *plan.Award
	group   *plan.Subject
	year    int
	unit    *plan.Unit
	key     string
	figures map[string]progress.Point // by indicator; the others are 100 per cent
	absent  map[string]progress.Reason
	records map[string]award.Decision // by register; "" leaves it silent
	asOf    plan.Day
	then    award.Boundaries
	path    *plan.Value
	read    map[string]progress.Point // by indicator and what a reading changes of it: numerator, aggregate
}

func newWorld(p *plan.Plan, a *plan.Award, g *plan.Subject) *world {
	w := &world{plan: p, award: a, group: g, year: 2024, key: "DN-1", figures: map[string]progress.Point{}, absent: map[string]progress.Reason{},
		records: map[string]award.Decision{}, asOf: plan.MustDay("2026-03-01"), then: award.AsNow}
	if a.Milestone != plan.NoDay {
		w.year = a.Milestone.Year()
	}
	half := plan.Percent(50)
	w.path = &half
	for _, s := range p.Subjects {
		for _, c := range s.Criteria {
			w.records[c.Code] = award.Holds
		}
	}
	for _, c := range a.Conditions {
		w.records[c.Code] = award.Holds
	}
	if g.Level != "" {
		// A unit that outlives the plan, so that the table asks about conditions and not about boundaries.
		w.unit = &plan.Unit{UnitKey: plan.UnitKey{Code: "U", From: plan.NoDay}, To: plan.NoDay, Level: g.Level, Name: "Đơn vị thử", Type: "Huyện"}
		w.key = w.unit.UnitKey.String()
	}
	return w
}

func (w *world) question() award.Question {
	p, only := *w.plan, *w.award
	only.Subjects = []string{w.group.Code}
	p.Awards = []plan.Award{only}
	if w.unit != nil {
		units := []*plan.Unit{w.unit}
		us, err := plan.NewUnits(units, nil)
		if err != nil {
			panic(err)
		}
		p.Units = us
	}
	q := award.Question{Plan: &p, Year: w.year, Milestone: w.award.Milestone != plan.NoDay, AsOf: w.asOf, Boundaries: w.then}
	q.Figures = func(ind *plan.Indicator, _ *plan.Unit, _, _ plan.Day) award.Figure {
		f := award.Figure{Official: progress.SharePoint(1000, 1000), Expected: w.path, NotApplicable: w.absent[ind.Code]}
		for _, key := range []string{ind.Code + " " + string(ind.Aggregate), ind.Code + " " + ind.Numerator} {
			if x, ok := w.read[key]; ok {
				f.Official = x
				return f
			}
		}
		if x, ok := w.figures[ind.Code]; ok {
			f.Official = x
		}
		return f
	}
	for register, d := range w.records {
		if d != "" {
			q.Records = append(q.Records, award.Record{Register: register, Group: w.group.Code, Subject: w.key, Year: w.year, Decision: d, Evidence: "QĐ 1", At: 1})
		}
	}
	if w.unit == nil { // that it is registered makes it a subject
		q.Records = append(q.Records, award.Record{Register: award.RegisterRegistration, Group: w.group.Code, Subject: w.key, Decision: award.Holds, At: 1})
	}
	return q
}

// failing is a test or a property.
type failing interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (w *world) entry(t failing) award.Entry {
	t.Helper()
	var found []award.Entry
	for _, e := range award.Ledger(w.question()) {
		if e.Award.Code == w.award.Code && e.Subject.Key == w.key && e.Subject.Group.Code == w.group.Code {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s for %s has %d entries", w.award.Code, w.group.Code, len(found))
	}
	return found[0]
}

func finding(e award.Entry, code string) award.Finding {
	i := slices.IndexFunc(e.Conditions, func(f award.Finding) bool { return f.Code == code })
	if i < 0 {
		return award.Finding{}
	}
	return e.Conditions[i]
}

func part(f award.Finding, code string) award.Finding {
	i := slices.IndexFunc(f.Parts, func(f award.Finding) bool { return f.Code == code })
	if i < 0 {
		return award.Finding{}
	}
	return f.Parts[i]
}

// numbered are the owed indicators of the group that have a number at the award's occasion.
func (w *world) numbered() []*plan.Indicator {
	day := w.award.Milestone
	if day == plan.NoDay {
		m, _ := w.plan.NextMilestone(plan.NewDay(w.year, 12, 31))
		day = m.Date
	}
	return slices.DeleteFunc(w.plan.OwedBy(w.group), func(ind *plan.Indicator) bool {
		t := ind.TargetAt(day)
		return t == nil || t.Value == nil
	})
}

func aboutTargets(c plan.Condition) bool {
	return c.Rule == plan.RuleTargetsMet || c.Rule == plan.RuleTargetsExceeded
}

// every goes through every award and every group that may be given it, as the plan's files list them.
func every(t *testing.T, p *plan.Plan, check func(t *testing.T, fresh func() *world)) int {
	n := 0
	for i := range p.Awards {
		for _, code := range p.Awards[i].Subjects {
			n++
			a, g := &p.Awards[i], p.Subject(code)
			t.Run(a.Code+"/"+code, func(t *testing.T) { check(t, func() *world { return newWorld(p, a, g) }) })
		}
	}
	return n
}

// Every award x group x condition, met, not met and undecidable. The cases come from the plan's files: a new award or
// criterion is covered on the day it is written.
func TestEveryConditionOfEveryAward(t *testing.T) {
	p := builtIn(t)
	criteria := func(g *plan.Subject) []string {
		var codes []string
		for _, s := range p.Subjects {
			for _, c := range s.Criteria {
				if s.Code == g.Code || strings.HasPrefix(c.Code, "G-") {
					codes = append(codes, c.Code)
				}
			}
		}
		return codes
	}
	n := every(t, p, func(t *testing.T, fresh func() *world) {
		w := fresh()
		good := w.entry(t)
		saw := map[string]map[progress.Truth]bool{} // condition, or its target -> verdicts that a case came to
		see := func(e award.Entry) {
			note := func(code string, f award.Finding) {
				if saw[code] == nil {
					saw[code] = map[progress.Truth]bool{}
				}
				saw[code][f.Truth] = true
			}
			for _, f := range e.Conditions {
				note(f.Code, f)
				for _, x := range f.Parts {
					if !x.LeftOut {
						note(f.Code+"/"+x.Code, x)
					}
				}
			}
		}
		see(good)
		impossible := false // by the readings in force something stays open, however good the figures
		for _, c := range good.Conditions {
			for _, x := range c.Parts {
				impossible = impossible || strings.HasPrefix(string(x.Reason), "unattainable")
			}
		}
		want := progress.Yes
		if impossible {
			want = progress.Undecidable
		}
		if good.Truth != want {
			t.Errorf("all is good: %s, want %s; lacking %v", good.Truth, want, good.Lacking())
		}
		if codes, have := len(criteria(w.group))+len(w.award.Conditions), len(good.Conditions); codes != have {
			t.Errorf("%d conditions are judged, the plan has %d", have, codes)
		}
		for _, f := range good.Conditions {
			if f.Section == "" || f.Wording == "" || f.Deadline == plan.NoDay {
				t.Errorf("condition %s does not say its clause: %+v", f.Code, f)
			}
		}
		changed := func(what string, change func(*world), condition string, verdict progress.Truth) award.Finding {
			t.Helper()
			w := fresh()
			change(w)
			e := w.entry(t)
			see(e)
			f := finding(e, condition)
			if f.Truth != verdict {
				t.Errorf("%s: condition %s is %s (%s), want %s", what, condition, f.Truth, f.Reason, verdict)
			}
			if verdict == progress.No && e.Truth != progress.No || verdict == progress.Undecidable && e.Truth != progress.Undecidable {
				t.Errorf("%s: the award is %s", what, e.Truth)
			}
			if verdict != progress.Yes && (f.Reason == "" || len(e.Lacking()) == 0) {
				t.Errorf("%s: no reason (%q) or nothing lacking", what, f.Reason)
			}
			for _, x := range append(e.Lacking(), f) {
				if _, ok := award.ReasonWord(x.Reason); !ok && words.Reason(x.Reason) == string(x.Reason) {
					t.Errorf("%s: reason %q has no words", what, x.Reason)
				}
			}
			return f
		}
		registers := criteria(w.group)
		for _, c := range w.award.Conditions {
			if !aboutTargets(c) || len(w.numbered()) == 0 {
				registers = append(registers, c.Code)
				continue
			}
			for _, ind := range w.numbered() {
				none := changed(ind.Code+" at 0", func(w *world) { w.figures[ind.Code] = progress.SharePoint(0, 1000) }, c.Code,
					map[bool]progress.Truth{true: progress.Undecidable, false: progress.No}[strings.HasPrefix(string(part(finding(good, c.Code), ind.Code).Reason), "unattainable")])
				if x := part(none, ind.Code); x.Target == nil || x.Section == "" || x.Truth == progress.No && (x.Gap == nil || *x.Gap <= 0) {
					t.Errorf("%s at 0 does not say what is lacking: %+v", ind.Code, x)
				}
				changed(ind.Code+" unknown", func(w *world) {
					w.figures[ind.Code] = progress.UnknownPoint(progress.ReasonNotReported, 0, 0)
				}, c.Code, progress.Undecidable)
				w := fresh()
				w.absent[ind.Code] = progress.ReasonNoFacility
				if x := part(finding(w.entry(t), c.Code), ind.Code); !x.LeftOut || x.Reason != progress.ReasonNoFacility {
					t.Errorf("%s has nothing to be measured on, and is judged: %+v", ind.Code, x)
				}
			}
			w := fresh()
			w.asOf = plan.NewDay(w.year, 12, 10)
			early := w.entry(t)
			if f := finding(early, c.Code); f.Truth != progress.Undecidable || f.Reason != award.ReasonNotDue {
				t.Errorf("before the day: %s (%s)", f.Truth, f.Reason)
			}
			low := w.numbered()[0].Code
			w.figures[low] = progress.SharePoint(0, 1000)
			late := w.entry(t)
			lacks := func(e award.Entry, code string) bool {
				return slices.ContainsFunc(e.Lacking(), func(f award.Finding) bool { return f.Code == code })
			}
			if !lacks(late, low) || !impossible && (lacks(early, low) || !lacks(early, c.Code)) {
				t.Errorf("before the day %s lacks %v, and with %s at 0 %v", w.key, early.Lacking(), low, late.Lacking())
			}
		}
		for _, code := range registers {
			r := award.Record{Register: code, Group: w.group.Code, Subject: w.key, Decision: award.Holds, Evidence: "QĐ 1", Date: plan.MustDay("2023-01-05"), By: "vp"}
			if err := r.Check(p); err != nil {
				t.Errorf("no entry can be made: %v", err)
			}
			if f := finding(good, code); f.Truth != progress.Yes || f.Record == nil || f.Record.Evidence == "" {
				t.Errorf("%s is attested, and is %s", code, f.Truth)
			}
			changed(code+" says no", func(w *world) { w.records[code] = award.Fails }, code, progress.No)
			changed(code+" silent", func(w *world) { w.records[code] = "" }, code, progress.Undecidable)
			changed(code+" withdrawn", func(w *world) { w.records[code] = award.Withdrawn }, code, progress.Undecidable)
		}

		// Of every condition, and of every target below one, a case came to each verdict, but for what by the readings in force nobody can
		// come to: there another reading must.
		for _, f := range good.Conditions {
			codes := []string{f.Code}
			for _, x := range f.Parts {
				if !x.LeftOut {
					codes = append(codes, f.Code+"/"+x.Code)
				}
			}
			for _, code := range codes {
				x := f
				if _, target, ok := strings.Cut(code, "/"); ok {
					x = part(f, target)
				}
				closed := strings.HasPrefix(string(x.Reason), "unattainable")
				open := slices.ContainsFunc(x.Parts, func(y award.Finding) bool { return !y.LeftOut && !strings.HasPrefix(string(y.Reason), "unattainable") })
				for _, v := range []progress.Truth{progress.Yes, progress.No, progress.Undecidable} {
					if !saw[code][v] && !(closed && (v == progress.Yes || !open)) {
						t.Errorf("%s: no case comes to %s", code, v)
					}
				}
				if closed && !slices.ContainsFunc(award.Impacts([]award.Entry{good}), func(i award.Impact) bool {
					return slices.ContainsFunc(i.Ways, func(w award.Way) bool { return len(w.Changes) > 0 && w.Changes[0].To == progress.Yes })
				}) {
					t.Errorf("%s cannot be met, and no reading would let it", code)
				}
			}
		}
	})
	if n == 0 {
		t.Error("the plan has no award")
	}
}

func effect(t *testing.T, e award.Entry, ruling, reading string) progress.Truth {
	t.Helper()
	for _, r := range e.Rulings {
		for _, x := range r.Effects {
			if r.Ruling.ID == ruling && x.Reading.Code == reading {
				return x.Truth
			}
		}
	}
	t.Fatalf("ruling %s, reading %s is not listed", ruling, reading)
	return ""
}

func findAward(t *testing.T, p *plan.Plan, code string) *plan.Award {
	t.Helper()
	for i := range p.Awards {
		if p.Awards[i].Code == code {
			return &p.Awards[i]
		}
	}
	t.Fatalf("no award %s", code)
	return nil
}

// What each other reading of a ruling would make of the verdict.
func TestWhatEachReadingChanges(t *testing.T) {
	p := builtIn(t)
	with := func(award, group string, change func(*world)) award.Entry {
		w := newWorld(p, findAward(t, p, award), p.Subject(group))
		if change != nil {
			change(w)
		}
		return w.entry(t)
	}
	share := func(n int64) progress.Point { return progress.SharePoint(n, 1000) }
	allAt := func(n int64) func(*world) {
		return func(w *world) {
			for _, ind := range p.Indicators {
				w.figures[ind.Code] = share(n)
			}
		}
	}
	for _, c := range []struct {
		name            string
		entry           award.Entry
		ruling, reading string
		want, now       progress.Truth
	}{
		{"100 % cannot be exceeded: open until it is ruled", with("BK-TTG-2023", "huyen", nil), "R-UNATT", "undecidable", progress.Undecidable, progress.Undecidable},
		{"met is enough", with("BK-TTG-2023", "huyen", nil), "R-UNATT", "met_enough", progress.Yes, progress.Undecidable},
		{"left out", with("BK-TTG-2023", "huyen", nil), "R-UNATT", "left_out", progress.Yes, progress.Undecidable},
		{"met is enough, and one is not met", with("BK-TTG-2023", "huyen", func(w *world) { w.figures["CQS-01"] = share(999) }), "R-UNATT", "met_enough", progress.No, progress.Undecidable},
		{"left out, and that one is not met", with("BK-TTG-2023", "huyen", func(w *world) { w.figures["CQS-01"] = share(999) }), "R-UNATT", "left_out", progress.Yes, progress.Undecidable},
		{"exactly 1.2 x 60 is not above it", with("BK-TTG-2023", "huyen", func(w *world) { w.figures["CQS-02"] = share(720) }), "R-20", "relative", progress.No, progress.No},
		{"more than 72 %, not more than 80 %", with("BK-TTG-2023", "huyen", func(w *world) { w.figures["CQS-02"] = share(790) }), "R-20", "points", progress.No, progress.Undecidable},
		{"12 % and more than 8 % + 20 points", with("BK-TTG-2023", "huyen", func(w *world) { w.figures["KTS-04"] = share(801) }), "R-20", "points", progress.Undecidable, progress.Undecidable},
		{"2025: all met, all below 100 exceeded", with("BK-TTG-2025", "huyen", nil), "R-NAT-2025", "all_met_below_exceeded", progress.Yes, progress.Yes},
		{"2025: one is met exactly", with("BK-TTG-2025", "huyen", func(w *world) { w.figures["CQS-02"] = share(800) }), "R-NAT-2025", "any_exceeded", progress.Yes, progress.No},
		{"2025: one is missed", with("BK-TTG-2025", "huyen", func(w *world) { w.figures["CQS-02"] = share(799) }), "R-NAT-2025", "any_exceeded", progress.No, progress.No},
		{"a year between: above the path, below the next target", with("BK-UBND-NAM", "huyen", allAt(505)), "R-YEAR", "next_milestone", progress.No, progress.Yes},
		{"a year between: above both", with("BK-UBND-NAM", "huyen", nil), "R-YEAR", "next_milestone", progress.Yes, progress.Yes},
		{"2025: all met, none exceeded", with("BK-TTG-2025", "so-nganh", func(w *world) {
			for _, ind := range w.numbered() {
				w.figures[ind.Code] = share(int64(*ind.TargetAt(w.award.Milestone).Value) * 10 / int64(plan.One))
			}
		}), "R-NAT-2025", "any_exceeded", progress.No, progress.No},
		{"a criterion that fails, however it is read", with("BK-TTG-2023", "huyen", func(w *world) { w.records["H-PLAN"] = award.Fails }), "R-UNATT", "met_enough", progress.No, progress.No},
		{"a district proper", with("HCLD-2025", "huyen", nil), "R-CITY", "excluded", progress.Yes, progress.Yes},
		{"a city", with("HCLD-2025", "huyen", func(w *world) { w.unit.Type = "Thành phố" }), "R-CITY", "excluded", progress.No, progress.Yes},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.entry.Truth != c.now {
				t.Errorf("as in force: %s, want %s", c.entry.Truth, c.now)
			}
			if got := effect(t, c.entry, c.ruling, c.reading); got != c.want {
				t.Errorf("%s read as %s: %s, want %s", c.ruling, c.reading, got, c.want)
			}
		})
	}
}

// What another reading of an indicator's ruling would make of the verdict, where the sources state the figure that it needs; where they do
// not, no verdict is claimed.
func TestWhatEachReadingOfAnIndicatorChanges(t *testing.T) {
	p := builtIn(t)
	low, high := progress.SharePoint(1, 1000), progress.SharePoint(999, 1000)
	unknown := progress.UnknownPoint(progress.ReasonNotReported, 0, 0)
	exact := progress.SharePoint(90, 100)
	for _, c := range []struct {
		name, award, group, indicator string
		official                      progress.Point
		other                         string // what the reading changes of the indicator
		read                          progress.Point
		ruling, reading               string
		now, want                     progress.Truth // want "": not claimed
	}{
		{"online: of full-process procedures", "BK-UBND-2023", "huyen", "CQS-02", low, "dossier.full_process_online", high, "R-ONLINE", "full_process", progress.No, progress.Yes},
		{"online: the other way round", "BK-UBND-2023", "huyen", "CQS-02", high, "dossier.full_process_online", low, "R-ONLINE", "full_process", progress.Yes, progress.No},
		{"online: not stated", "BK-UBND-2023", "huyen", "CQS-02", high, "dossier.full_process_online", unknown, "R-ONLINE", "full_process", progress.Yes, progress.Undecidable},
		{"on time: as form 06 counts", "BK-UBND-2023", "xa", "CQS-09", low, "dossier.on_time_tt06", high, "R-ONTIME", "tt06", progress.No, progress.Yes},
		{"rated or satisfied", "BK-UBND-2023", "so-nganh", "CQS-03", low, "CQS-03.satisfied", high, "R-RATE", "satisfied", progress.No, progress.Yes},
		{"fees by count", "BK-UBND-2023", "huyen", "KTS-07", low, "hospital_fee.cashless_count", high, "R-VAL", "count", progress.No, progress.Yes},
		{"tuition by institutions", "BK-UBND-2023", "huyen", "KTS-08", low, "tuition.cashless_institutions", high, "R-TUI", "institutions", progress.No, progress.Yes},
		{"tuition by institutions is not by count", "BK-UBND-2023", "huyen", "KTS-08", low, "tuition.cashless_institutions", high, "R-VAL", "count", progress.No, progress.No},
		{"schools by who manages them", "BK-UBND-2023", "huyen", "XHS-10", low, "managed_by", high, "R-LOC", "managed_by", progress.No, progress.Yes},
		{"more than instead of at least", "BK-UBND-2023", "huyen", "CQS-07H", exact, "", exact, "R-07", "more_than", progress.Yes, progress.No},
		{"satisfaction held against the targets of CQS-03", "BK-UBND-2023", "xa", "X-SAT", low, "", low, "R-SAT", "as_rated", progress.Yes, progress.No},
		{"satisfaction, enough of it", "BK-UBND-2025", "xa", "X-SAT", exact, "", exact, "R-SAT", "as_rated", progress.Yes, progress.Yes},
		{"procedures on time are counted by nobody", "BK-UBND-2023", "huyen", "CQS-09", low, "", low, "R-09", "procedures", progress.No, ""},
		{"no registry of the day of issue", "BK-UBND-2023", "huyen", "CQS-04", low, "", low, "R-BASE", "issued", progress.No, ""},
		{"a criterion that fails, however it is read", "BK-UBND-2023", "huyen", "CQS-02", low, "dossier.full_process_online", high, "R-ONLINE", "full_process", progress.No, progress.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(p, findAward(t, p, c.award), p.Subject(c.group))
			w.figures[c.indicator] = c.official
			w.read = map[string]progress.Point{c.indicator + " " + c.other: c.read}
			if strings.HasPrefix(c.name, "a criterion") {
				w.records["H-PLAN"] = award.Fails
			}
			e := w.entry(t)
			if e.Truth != c.now {
				t.Errorf("as in force: %s, want %s: %v", e.Truth, c.now, e.Lacking())
			}
			if got := effect(t, e, c.ruling, c.reading); got != c.want {
				t.Errorf("%s read as %s: %q, want %q", c.ruling, c.reading, got, c.want)
			}
			for _, impact := range award.Impacts([]award.Entry{e}) {
				for _, way := range impact.Ways {
					if way.Told+way.Untold != 1 || way.InForce && len(way.Changes) > 0 {
						t.Errorf("%s %s: %+v", impact.Ruling.ID, way.Reading.Code, way)
					}
					if impact.Ruling.ID == c.ruling && way.Reading.Code == c.reading && (len(way.Changes) == 1) != (c.want != "" && c.want != c.now) {
						t.Errorf("the impact is %+v", way)
					}
				}
			}
		})
	}
}

func TestNewestEntryCounts(t *testing.T) {
	p := builtIn(t)
	w := newWorld(p, findAward(t, p, "BK-UBND-2023"), p.Subject("huyen"))
	q := w.question()
	ask := func(more ...award.Record) award.Finding {
		q := q
		q.Records = append(slices.Clone(q.Records), more...)
		for _, e := range award.Ledger(q) {
			if e.Award.Code == w.award.Code && e.Subject.Key == w.key {
				return finding(e, "H-PLAN")
			}
		}
		t.Fatal("no entry")
		return award.Finding{}
	}
	record := func(year int, d award.Decision, at int64) award.Record {
		return award.Record{Register: "H-PLAN", Group: "huyen", Subject: w.key, Year: year, Decision: d, At: at}
	}
	for _, c := range []struct {
		name string
		more []award.Record
		want progress.Truth
	}{
		{"older", []award.Record{record(2023, award.Fails, 0)}, progress.Yes},
		{"newer", []award.Record{record(2023, award.Fails, 2)}, progress.No},
		{"in the same moment the one against", []award.Record{record(2023, award.Fails, 1)}, progress.No},
		{"another year", []award.Record{record(2025, award.Fails, 2)}, progress.Yes},
		{"the year's before the whole time's", []award.Record{record(0, award.Fails, 2)}, progress.Yes},
		{"taken back", []award.Record{record(2023, award.Withdrawn, 2)}, progress.Undecidable},
		{"does not concern it", []award.Record{record(2023, award.NotConcerned, 2)}, progress.Yes},
	} {
		if got := ask(c.more...); got.Truth != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, got.Truth, got.Reason, c.want)
		}
	}
	if f := ask(record(2023, award.NotConcerned, 2)); !f.LeftOut {
		t.Error("what does not concern the subject counts")
	}
	// but the award's own condition is what it is given for
	w = newWorld(p, findAward(t, p, "BK-TTG-2023-DG"), p.Subject("huyen"))
	w.records["contribution_council"] = award.NotConcerned
	if e := w.entry(t); e.Truth != progress.No {
		t.Errorf("a contribution that does not concern the subject: %s", e.Truth)
	}
}

// From mid-2025 the districts are gone: as then they are regrouped from the communes that succeed them, as now they are no
// subjects any more.
func TestBoundaries(t *testing.T) {
	p := builtIn(t)
	a := findAward(t, p, "BK-UBND-2025")
	q := award.Question{Plan: p, Year: 2025, Milestone: true, AsOf: plan.MustDay("2026-03-01"), Boundaries: award.AsThen}
	silent, none := "", "" // a successor without a figure, and one that has nothing to be measured on
	q.Figures = func(ind *plan.Indicator, u *plan.Unit, _, _ plan.Day) award.Figure {
		if u.Code == none {
			return award.Figure{NotApplicable: progress.ReasonNoFacility}
		}
		if u.Code == silent {
			return award.Figure{Official: progress.UnknownPoint(progress.ReasonNotReported, 0, 0)}
		}
		return award.Figure{Official: progress.SharePoint(90, 100)}
	}
	levels := func(b award.Boundaries) map[plan.Level]int {
		q.Boundaries = b
		n := map[plan.Level]int{}
		for _, e := range award.Ledger(q) {
			if e.Award.Code == a.Code && e.Subject.Unit != nil {
				n[e.Subject.Unit.Level]++
			}
		}
		return n
	}
	if then, now := levels(award.AsThen), levels(award.AsNow); then["district"] == 0 || now["district"] != 0 || now["commune"] == 0 || now["commune"] >= then["commune"] {
		t.Errorf("as then %v, as now %v", then, now)
	}
	q.Boundaries = award.AsThen
	target := func(district, code string) award.Finding {
		for _, e := range award.Ledger(q) {
			if e.Award.Code == a.Code && e.Subject.Unit != nil && e.Subject.Unit.Code == district {
				return part(finding(e, "targets"), code)
			}
		}
		t.Fatalf("no entry of %s", district)
		return award.Finding{}
	}
	of, mixed := map[string]int{}, map[string]bool{} // successors by district, and whether one of them came from several
	for _, u := range p.Units.All {
		for _, district := range u.Regroup {
			of[district]++
			mixed[district] = mixed[district] || len(u.Regroup) > 1
		}
	}
	var single, alone, shared *plan.Unit // the only successor of a district, one of several, one that came from several districts
	for _, u := range p.Units.All {
		switch {
		case len(u.Regroup) > 1:
			shared = u
		case len(u.Regroup) == 1 && of[u.Regroup[0]] == 1: // so it is not mixed
			single = u
		case len(u.Regroup) == 1 && alone == nil && !mixed[u.Regroup[0]]:
			alone = u
		}
	}
	if alone == nil || single == nil {
		t.Fatal("the plan has no such communes")
	}
	home := alone.Regroup[0]
	if f := target(home, "XHS-01"); f.Truth != progress.Yes || f.Value == nil || *f.Value != plan.Percent(90) {
		t.Errorf("the sum over the successors of %s: %+v", home, f)
	}
	for _, code := range []string{"CQS-02", "XHS-06"} { // a year to date; distinct people
		if f := target(home, code); f.Truth != progress.Undecidable || f.Reason != progress.ReasonUnitEnded {
			t.Errorf("%s of a district that ended: %s (%s)", code, f.Truth, f.Reason)
		}
	}
	silent = alone.Code
	if f := target(home, "XHS-01"); f.Truth != progress.Undecidable || f.Reason != progress.ReasonUnitEnded {
		t.Errorf("with a successor that has no figure: %s (%s)", f.Truth, f.Reason)
	}
	silent, none = "", alone.Code
	if f := target(home, "XHS-01"); f.Truth != progress.Yes || f.LeftOut {
		t.Errorf("with a successor that has nothing to be measured on: %s (%s)", f.Truth, f.Reason)
	}
	if f := target(single.Regroup[0], "XHS-01"); f.LeftOut {
		t.Errorf("another district's successor: %+v", f)
	}
	none = single.Code
	if f := target(single.Regroup[0], "XHS-01"); !f.LeftOut || f.Reason != progress.ReasonNoFacility {
		t.Errorf("with nothing to be measured on in the only successor: %s (%s)", f.Truth, f.Reason)
	}
	none = ""
	if shared != nil {
		if f := target(shared.Regroup[0], "XHS-01"); f.Truth != progress.Undecidable {
			t.Errorf("a commune that came from %v is put to one of them: %+v", shared.Regroup, f)
		}
	}
}

// A milestone is open until its cut-off and two working days are over; the figure that counts is the cut-off's.
func TestWhenATargetIsDecided(t *testing.T) {
	p := builtIn(t)
	for _, c := range []struct {
		award, indicator, asOf, official string
		want                             progress.Reason
	}{
		{"BK-UBND-2023", "CQS-02", "2023-12-30", "2023-12-30", award.ReasonNotDue},
		{"BK-UBND-2023", "CQS-02", "2023-12-31", "2023-12-31", award.ReasonPending},
		{"BK-UBND-2023", "CQS-02", "2024-01-03", "2023-12-31", award.ReasonPending}, // 1 January is a holiday
		{"BK-UBND-2023", "CQS-02", "2024-01-04", "2023-12-31", ""},
		{"BK-UBND-2023", "XHS-01", "2023-12-13", "2023-12-13", award.ReasonNotDue}, // a form of the report year
		{"BK-UBND-2023", "XHS-01", "2023-12-14", "2023-12-14", award.ReasonPending},
		{"BK-UBND-2023", "XHS-01", "2023-12-18", "2023-12-14", award.ReasonPending},
		{"BK-UBND-2023", "XHS-01", "2023-12-19", "2023-12-14", ""},
		{"BK-UBND-NAM", "CQS-02", "2025-06-29", "2024-12-31", ""}, // of 2024, a year without a milestone
		{"BK-UBND-NAM", "XHS-01", "2024-12-13", "2024-12-13", award.ReasonNotDue},
		{"BK-UBND-NAM", "XHS-01", "2025-06-29", "2024-12-14", ""},
	} {
		w := newWorld(p, findAward(t, p, c.award), p.Subject("huyen"))
		w.asOf = plan.MustDay(c.asOf)
		q := w.question()
		inner := q.Figures
		asked := plan.NoDay
		q.Figures = func(ind *plan.Indicator, u *plan.Unit, official, path plan.Day) award.Figure {
			if ind.Code == c.indicator {
				asked = official
			}
			if want := plan.NewDay(w.year, 12, 31); path != want {
				t.Errorf("the path is asked for %s, want %s", path, want)
			}
			return inner(ind, u, official, path)
		}
		e := award.Ledger(q)[0]
		f := part(e.Conditions[slices.IndexFunc(e.Conditions, func(f award.Finding) bool { return len(f.Parts) > 0 })], c.indicator)
		if f.Reason != c.want || asked.String() != c.official {
			t.Errorf("%s of %s on %s: %q by the figure of %s, want %q by that of %s", c.indicator, c.award, c.asOf, f.Reason, asked, c.want, c.official)
		}
		if want := (c.want == "") == (f.Truth == progress.Yes); !want {
			t.Errorf("%s of %s on %s: %s", c.indicator, c.award, c.asOf, f.Truth)
		}
	}
}

// More knowledge never makes a verdict undecidable or turns it round, and nobody is eligible on a silent register.
func TestMoreKnowledge(t *testing.T) {
	p := builtIn(t)
	rapid.Check(t, func(rt *rapid.T) {
		a := &p.Awards[rapid.IntRange(0, len(p.Awards)-1).Draw(rt, "award")]
		g := p.Subject(rapid.SampledFrom(a.Subjects).Draw(rt, "group"))
		w := newWorld(p, a, g)
		var open []string // registers and indicators about which nothing is known yet
		mostly := func(name string) bool { return rapid.IntRange(0, 9).Draw(rt, name) > 0 }
		registers := make([]string, 0, len(w.records))
		for r := range w.records {
			registers = append(registers, r)
		}
		slices.Sort(registers)
		for _, r := range registers {
			if !mostly(r) {
				w.records[r] = ""
				open = append(open, r)
			}
		}
		for _, ind := range w.numbered() {
			switch {
			case !mostly(ind.Code):
				w.figures[ind.Code] = progress.UnknownPoint(progress.ReasonNotReported, 0, 0)
				open = append(open, ind.Code)
			case !mostly(ind.Code + " good"):
				w.figures[ind.Code] = progress.SharePoint(int64(rapid.IntRange(0, 1000).Draw(rt, ind.Code+" value")), 1000)
			}
		}
		before := w.entry(rt)
		if (before.Truth == progress.Yes) != (len(before.Lacking()) == 0) {
			rt.Fatalf("%s with %d conditions lacking", before.Truth, len(before.Lacking()))
		}
		for _, c := range before.Conditions {
			if c.Parts == nil && c.Record == nil && before.Truth == progress.Yes {
				rt.Fatalf("eligible although the register of %s is silent", c.Code)
			}
		}
		if len(open) == 0 {
			return
		}
		learnt := rapid.SampledFrom(open).Draw(rt, "learnt")
		if p.Indicator(learnt) != nil {
			w.figures[learnt] = progress.SharePoint(int64(rapid.IntRange(0, 1000).Draw(rt, "figure")), 1000)
		} else {
			w.records[learnt] = rapid.SampledFrom([]award.Decision{award.Holds, award.Fails}).Draw(rt, "decision")
		}
		after := w.entry(rt)
		if before.Truth != progress.Undecidable && after.Truth != before.Truth {
			rt.Fatalf("%s became %s by learning %s", before.Truth, after.Truth, learnt)
		}
	})
}

// An entry that follows another in the same moment replaces it, and only that one; what is replaced does not count any more.
func TestEntriesFollow(t *testing.T) {
	first := award.Record{Register: "H-PLAN", Group: "huyen", Subject: "899", Year: 2023, Decision: award.Holds}.Follow(nil, 1000)
	other := award.Record{Register: "H-PLAN", Group: "huyen", Subject: "899", Decision: award.Holds}.Follow([]award.Record{first}, 1000)
	second := award.Record{Register: "H-PLAN", Group: "huyen", Subject: "899", Year: 2023, Decision: award.Withdrawn}.Follow([]award.Record{first, other}, 1000)
	if first.At != 1000 || other.At != 1000 || second.At != 1001 {
		t.Errorf("at %d, %d, %d", first.At, other.At, second.At)
	}
	if got := award.Latest([]award.Record{second, first, other, other}); !slices.Equal(got, []award.Record{second, other}) {
		t.Errorf("count: %v", got)
	}
}

func TestEntriesAreChecked(t *testing.T) {
	p := builtIn(t)
	good := award.Record{Register: "dossier/BK-UBND-2023", Group: "huyen", Subject: "899", Year: 2023, Decision: award.Holds, Value: award.States[2], Evidence: "Biên bản 7", Date: plan.MustDay("2023-12-20"), By: "vp"}
	if err := good.Check(p); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		field award.Field
		spoil func(*award.Record)
	}{
		"group":            {award.FieldGroup, func(r *award.Record) { r.Group = "quan" }},
		"subject":          {award.FieldSubject, func(r *award.Record) { r.Subject = "" }},
		"a long subject":   {award.FieldSubject, func(r *award.Record) { r.Subject = strings.Repeat("9", 65) }},
		"a long name":      {award.FieldName, func(r *award.Record) { r.Name = strings.Repeat("ộ", 201) }},
		"register":         {award.FieldRegister, func(r *award.Record) { r.Register = "D-PLAN" }}, // of another group
		"a figure":         {award.FieldRegister, func(r *award.Record) { r.Register = "exceeded" }},
		"an award's group": {award.FieldRegister, func(r *award.Record) { r.Register, r.Group = "dossier/HCLD-2025", "xa" }},
		"decision":         {award.FieldDecision, func(r *award.Record) { r.Decision = "" }},
		"state":            {award.FieldState, func(r *award.Record) { r.Value = "lost" }},
		"a long value":     {award.FieldValue, func(r *award.Record) { r.Register, r.Value = "H-PLAN", strings.Repeat("1", 101) }},
		"evidence":         {award.FieldEvidence, func(r *award.Record) { r.Evidence = " " }},
		"two lines":        {award.FieldEvidence, func(r *award.Record) { r.Evidence = "a\nb" }},
		"a long evidence":  {award.FieldEvidence, func(r *award.Record) { r.Evidence = strings.Repeat("ộ", 501) }},
		"date":             {award.FieldDate, func(r *award.Record) { r.Date = plan.NoDay }},
		"a later day":      {award.FieldDate, func(r *award.Record) { r.At = plan.MustDay("2023-12-19").Start().UnixMilli() }},
		"by":               {award.FieldBy, func(r *award.Record) { r.By = "" }},
		"year":             {award.FieldYear, func(r *award.Record) { r.Year = 2021 }},
	} {
		r := good
		c.spoil(&r)
		var fault *award.Fault
		if err := r.Check(p); !errors.As(err, &fault) || fault.Field != c.field || fault.Error() == "" {
			t.Errorf("%s: %v, want a fault in %s", name, err, c.field)
		}
	}
	good.At = plan.MustDay("2023-12-20").Start().UnixMilli()
	if err := good.Check(p); err != nil {
		t.Error(err)
	}
	for _, s := range award.States {
		if w := award.StateWord(s); w.VI == "" || w.EN == "" {
			t.Errorf("state %s has no words", s)
		}
	}
}
