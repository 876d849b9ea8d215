package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

// world is a tiny plan and what is known of it, written as lines of text.
type world struct {
	t     rapid.TB
	plan  *plan.Plan
	units map[string]*plan.Unit
	know  Knowledge
}

// newWorld makes a plan of the units. A line is: code level [parent] [from..to] [<predecessor | <?partial predecessor].
// Codes are not reused, so a code names a unit.
func newWorld(t rapid.TB, units string) *world {
	t.Helper()
	w := &world{t: t, units: map[string]*plan.Unit{}, know: Knowledge{Snapshots: map[string][]int64{}}}
	var all []*plan.Unit
	for _, words := range lines(units) {
		u := &plan.Unit{UnitKey: plan.UnitKey{Code: words[0], From: plan.NoDay}, To: plan.NoDay, Level: plan.Level(words[1]), Name: "Đơn vị " + words[0]}
		for _, word := range words[2:] {
			name, before := strings.CutPrefix(word, "<")
			from, to, validity := strings.Cut(word, "..")
			switch {
			case before:
				name, partial := strings.CutPrefix(name, "?")
				old := w.unit(name)
				u.Predecessors = append(u.Predecessors, plan.Link{Unit: old, Whole: !partial})
				old.Successors = append(old.Successors, plan.Link{Unit: u, Whole: !partial})
			case validity:
				u.From, u.To = day(from), day(to)
			default:
				u.Parent = w.unit(word)
				u.Parent.Children = append(u.Parent.Children, u)
			}
		}
		w.units[u.Code] = u
		all = append(all, u)
	}
	index, err := plan.NewUnits(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.plan = &plan.Plan{
		Start: day("2022-06-30"), Units: index, RecentWeeks: 13, DetailLevels: []plan.Level{"top"},
		Milestones: []plan.Milestone{{Date: m23, ReportCutOff: day("2023-12-14")}, {Date: m25, ReportCutOff: day("2025-12-14")}},
		Defaults:   plan.Defaults{MinDenominator: 30, Tolerance: val("2"), CoverageMin: val("80"), OverallMin: 3},
		Holidays:   plan.NewHolidays(map[plan.Day]string{day("2024-01-01"): "Tết Dương lịch"}, nil),
	}
	return w
}

// lines splits a text into lines of words; empty lines are left out.
func lines(text string) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			out = append(out, words)
		}
	}
	return out
}

func (w *world) unit(code string) *plan.Unit {
	w.t.Helper()
	u := w.units[code]
	if u == nil {
		w.t.Fatalf("the test has no unit %s", code)
	}
	return u
}

func (w *world) key(code string) plan.UnitKey {
	if facility, ok := strings.CutPrefix(code, "@"); ok {
		return plan.UnitKey{Code: facility, From: plan.NoDay}
	}
	return w.unit(code).UnitKey
}

// evening is 23:30 of a local day.
func evening(d plan.Day) int64 { return d.End().Add(-30 * time.Minute).UnixMilli() }

// rows adds figures. A line is: measure unit end value [known=day] [dims=x] [source=x]; a unit @x is the facility x.
// They are learnt in the evening of their end, if not said otherwise, and come from source s.
func (w *world) rows(text string) *world {
	w.t.Helper()
	for _, words := range lines(text) {
		value, err := strconv.ParseInt(words[3], 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		r := Row{Measure: words[0], Source: "s", Unit: w.key(words[1]), End: day(words[2]), Value: value}
		r.KnownAt = evening(r.End)
		for _, word := range words[4:] {
			switch name, x, _ := strings.Cut(word, "="); name {
			case "known":
				r.KnownAt = evening(day(x))
			case "dims":
				r.Dims = x
			case "source":
				r.Source = x
			default:
				w.t.Fatalf("row %v: %s?", words, name)
			}
		}
		w.know.Rows = append(w.know.Rows, r)
	}
	return w
}

// facilities adds institutions. A line is: code kind located_in managed_by [from..to].
func (w *world) facilities(text string) *world {
	w.t.Helper()
	for _, words := range lines(text) {
		f := Facility{Code: words[0], Kind: words[1], LocatedIn: w.key(words[2]), ManagedBy: w.key(words[3]), From: plan.NoDay, To: plan.NoDay}
		if len(words) > 4 {
			from, to, _ := strings.Cut(words[4], "..")
			f.From, f.To = day(from), day(to)
		}
		w.know.Facilities = append(w.know.Facilities, f)
	}
	return w
}

// baselines adds frozen figures of indicator x, learnt on the day. A line is: unit day numerator/denominator.
func (w *world) baselines(text string) *world {
	w.t.Helper()
	for _, words := range lines(text) {
		b := BaselineRow{Indicator: "x", Unit: w.key(words[0]), Day: day(words[1]), KnownAt: evening(day(words[1]))}
		if _, err := fmt.Sscanf(words[2], "%d/%d", &b.Numerator, &b.Denominator); err != nil {
			w.t.Fatal(err)
		}
		w.know.Baselines = append(w.know.Baselines, b)
	}
	return w
}

// snapshots adds complete snapshots of a source in the evening of the days.
func (w *world) snapshots(source string, days ...string) *world {
	for _, d := range days {
		w.know.Snapshots[source] = append(w.know.Snapshots[source], evening(day(d)))
	}
	return w
}

// book arranges what is known by then, in the order that NewBook asks for.
func (w *world) book() *Book {
	k := w.know
	k.Rows = slices.Clone(k.Rows)
	slices.SortStableFunc(k.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Unit.String(), b.Unit.String()),
			cmp.Compare(a.Dims, b.Dims), cmp.Compare(a.End, b.End), cmp.Compare(a.KnownAt, b.KnownAt))
	})
	return NewBook(w.plan, k)
}

func (w *world) figures(ind plan.Indicator, unit string) *Figures {
	w.t.Helper()
	return w.book().Figures(&ind, w.unit(unit))
}

// indicator x is n of d, a daily flow of source s that every level owes, with the changes.
func indicator(changes ...func(*plan.Indicator)) plan.Indicator {
	ind := plan.Indicator{
		Code: "x", Kind: plan.Ratio, Aggregate: plan.SumSelfAndDescendants, Window: plan.YearToDate, PeriodType: plan.Calendar,
		Numerator: "n", Denominator: "d", Comparator: plan.AtLeast, Rhythm: plan.Daily, Sources: []string{"s"},
		Targets: []plan.Target{{Milestone: m23, Value: ptr("60"), EffectiveFrom: plan.NoDay}, {Milestone: m25, Value: ptr("80"), EffectiveFrom: plan.NoDay}},
		Applies: map[plan.Level]plan.Applicability{"top": plan.Owed, "middle": plan.Owed, "low": plan.Owed},
	}
	for _, change := range changes {
		change(&ind)
	}
	return ind
}

// stock makes the indicator a stock.
func stock(ind *plan.Indicator) { ind.Window = plan.Latest }

// monthly makes the indicator's input a form that the levels hand in every reporting month.
func monthly(levels ...plan.Level) func(*plan.Indicator) {
	return func(ind *plan.Indicator) {
		ind.Rhythm, ind.PeriodType, ind.EntryLevels = plan.Monthly, plan.Report, levels
	}
}

func aggregate(a plan.Aggregate) func(*plan.Indicator) {
	return func(ind *plan.Indicator) { ind.Aggregate = a }
}

// pt writes a point as "value numerator/denominator reason", leaving out what is not there.
func pt(p Point) string {
	s := show(p.Opt())
	if p.Numerator != 0 || p.Denominator != 0 {
		s += fmt.Sprintf(" %d/%d", p.Numerator, p.Denominator)
	}
	if p.Reason != "" {
		s += " " + string(p.Reason)
	}
	return s
}

func instant(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return time.UnixMilli(ms).In(plan.Zone).Format("2006-01-02 15:04")
}

const tree = `
	P top
	A middle P
	A1 low A
	A2 low A ..2023-06-30
	B middle P
	B1 low B`

// The newest version of a figure counts. Stating it again is not news; changing it is.
func TestRestatement(t *testing.T) {
	ind := indicator(func(ind *plan.Indicator) { one := int64(1); ind.MinDenominator = &one })
	for _, c := range []struct{ name, rows, value, known string }{
		{"once", "n A 2023-01-05 3", "30 3/10", "2023-01-05 23:30"},
		{"learnt later", "n A 2023-01-05 3 known=2023-02-01", "30 3/10", "2023-02-01 23:30"},
		{"the same again", "n A 2023-01-05 3 \n n A 2023-01-05 3 known=2023-02-01 \n n A 2023-01-05 3 known=2023-03-01", "30 3/10", "2023-01-05 23:30"},
		{"restated", "n A 2023-01-05 3 \n n A 2023-01-05 4 known=2023-02-01", "40 4/10", "2023-02-01 23:30"},
		{"restated, then the same again", "n A 2023-01-05 3 \n n A 2023-01-05 4 known=2023-02-01 \n n A 2023-01-05 4 known=2023-03-01", "40 4/10", "2023-02-01 23:30"},
		{"there and back is news both times", "n A 2023-01-05 3 \n n A 2023-01-05 4 known=2023-02-01 \n n A 2023-01-05 3 known=2023-03-01", "30 3/10", "2023-03-01 23:30"},
		{"taken back", "n A 2023-01-05 3 \n n A 2023-01-05 0 known=2023-02-01", "0 0/10", "2023-02-01 23:30"},
		{"of the next day", "n A 2023-01-05 3 \n n A 2023-01-06 4 known=2023-02-01", "30 3/10", "2023-01-05 23:30"},
		{"of a part", "n A 2023-01-05 3 \n n A1 2023-01-05 4 known=2023-02-01", "70 7/10", "2023-02-01 23:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newWorld(t, tree).rows("d A 2023-01-05 10").rows(c.rows).figures(ind, "A")
			if got := pt(f.Official(day("2023-01-05"))); got != c.value {
				t.Errorf("value %s, want %s", got, c.value)
			}
			if got := instant(f.KnownAt(day("2023-01-05"))); got != c.known {
				t.Errorf("known at %s, want %s", got, c.known)
			}
			if got := f.KnownAt(day("2023-01-04")); got != 0 {
				t.Errorf("the day before is known at %s", instant(got))
			}
		})
	}
}

// A figure of a day to come is an announcement: it is known once a complete snapshot has reached that day.
func TestAnnouncement(t *testing.T) {
	ind := indicator(stock, monthly("low"))
	row := "d A1 2023-02-14 10 known=2023-02-12 \n n A1 2023-02-14 4 known=2023-02-12"
	for _, c := range []struct {
		name      string
		snapshots []string
		want      string
	}{
		{"nothing came since", nil, "20 2/10"},
		{"only what it came with", []string{"2023-02-12"}, "20 2/10"},
		{"a snapshot of the day before", []string{"2023-02-12", "2023-02-13"}, "20 2/10"},
		{"a snapshot of its day", []string{"2023-02-12", "2023-02-14"}, "40 4/10"},
		{"a later snapshot", []string{"2023-03-01"}, "40 4/10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, tree).rows(row).rows("d A1 2023-01-14 10 \n n A1 2023-01-14 2")
			w.snapshots("s", c.snapshots...).snapshots("other", "2024-01-01")
			if got := pt(w.figures(ind, "A1").Official(day("2023-02-28"))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	t.Run("fetched on its own day it is a fact", func(t *testing.T) {
		w := newWorld(t, tree).rows("d A1 2023-02-14 10 \n n A1 2023-02-14 4")
		if got := pt(w.figures(ind, "A1").Official(day("2023-02-14"))); got != "40 4/10" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a fact stands beside an announcement that disagrees with it", func(t *testing.T) {
		w := newWorld(t, tree).rows(row).rows("n A1 2023-02-14 6 known=2023-02-20 \n d A1 2023-02-14 10 known=2023-02-20")
		f := w.figures(ind, "A1")
		if got := pt(f.Official(day("2023-02-14"))); got != "60 6/10" {
			t.Errorf("got %s", got)
		}
		if got := instant(f.KnownAt(day("2023-02-14"))); got != "2023-02-20 23:30" {
			t.Errorf("known at %s", got)
		}
	})
}

// The local midnight, and not that of Greenwich, ends a day: 00:30 on the 15th here is the 14th there.
func TestAnnouncementIsJudgedByTheLocalDay(t *testing.T) {
	w := newWorld(t, tree)
	at := func(hour int) int64 {
		return time.Date(2023, time.February, 14, hour, 30, 0, 0, time.UTC).UnixMilli()
	}
	for _, c := range []struct {
		name string
		hour int
		want string
	}{
		{"23:30 local on the 14th", 16, "null not_reported"},
		{"00:30 local on the 15th", 17, "40 4/10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.know.Rows = nil
			for _, m := range []string{"d", "n"} {
				w.know.Rows = append(w.know.Rows, Row{Measure: m, Source: "s", Unit: w.key("A1"), End: day("2023-02-15"), Value: map[string]int64{"d": 10, "n": 4}[m], KnownAt: at(c.hour)})
			}
			if got := pt(w.figures(indicator(stock), "A1").Official(day("2023-02-15"))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// stated is a history as a person would keep it: every figure on its own.
type stated struct {
	end          plan.Day
	value, known int64
}

func drawStated(t *rapid.T) []stated {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stated {
		return stated{plan.Day(rapid.IntRange(0, 12).Draw(t, "end")), rapid.Int64Range(-5, 5).Draw(t, "value"), rapid.Int64Range(1, 20).Draw(t, "known")}
	}), 0, 12).Draw(t, "stated")
}

// A history answers as one that looks through everything stated would; merging is adding up.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []stated
		var parts []*history
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			h := &history{}
			for _, s := range drawStated(t) {
				h.add(s.end, s.value, s.known)
				all = append(all, s)
			}
			h.settle()
			parts = append(parts, h, nil)
		}
		h := merge(parts)
		from, to := plan.Day(rapid.IntRange(-2, 14).Draw(t, "from")), plan.Day(rapid.IntRange(-2, 14).Draw(t, "to"))
		to = max(from-1, to)
		var sum, known int64
		newest := plan.NoDay
		for _, s := range all {
			if s.end >= from && s.end <= to {
				sum += s.value
			}
			if s.end <= to {
				newest, known = max(newest, s.end), max(known, s.known)
			}
		}
		var last int64
		for _, s := range all {
			if s.end == newest {
				last += s.value
			}
		}
		if got := h.sum(from, to); got != sum {
			t.Fatalf("sum %d, want %d", got, sum)
		}
		if got := h.knownBy(to); got != known {
			t.Fatalf("known %d, want %d", got, known)
		}
		value, end, ok := h.latest(to)
		if value != last || end != newest || ok != (newest != plan.NoDay) {
			t.Fatalf("latest %d of %d, want %d of %d", value, end, last, newest)
		}
		on, ok := h.on(to)
		if stands := slices.ContainsFunc(all, func(s stated) bool { return s.end == to }); ok != stands || ok && on != last {
			t.Fatalf("on %d: %d %v, want %d", to, on, ok, last)
		}
	})
}

// A history of nothing knows nothing.
func TestNoHistory(t *testing.T) {
	var h *history
	if _, _, ok := h.latest(1); ok || h.sum(0, 9) != 0 || h.knownBy(9) != 0 {
		t.Error("a history of nothing says something")
	}
	if _, ok := h.on(1); ok {
		t.Error("a history of nothing says something on a day")
	}
}
