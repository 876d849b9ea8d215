package run_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
)

// tables is how many rows every table holds of the plan that say something about the world; what notes that a page was
// pulled (page, run, measured) grows with every pull.
func tables(t testing.TB, d db) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, name := range []string{"payload", "dossier", "procedure", "document", "payment", "facility", "baseline", "measure", "reject", "drift", "assessment", "standing"} {
		from := name
		if name == "payload" || name == "drift" || name == "measure" { // what is written twice there is one row by its key
			from += " FINAL"
		}
		out[name] = d.count(t, from, "plan = '"+d.Plan()+"'")
	}
	return out
}

// everything is a batch of all that a page can hold.
func everything() collectors.Batch {
	day := plan.MustDay("2024-03-01")
	return collectors.Batch{
		Dossiers:   []collectors.Dossier{{ID: "d", Unit: ward, Status: 10, Channel: 2, Submitted: day.Start(), Finished: doneOn.Start(), Updated: doneOn.Start()}},
		Procedures: []collectors.Procedure{{Unit: ward, Code: "1.000001", Level: 4, Eligible: true, ValidFrom: day, ValidTo: plan.NoDay}},
		Documents:  []collectors.Document{{ID: "v", Unit: ward, Sent: doneOn.Start(), Status: "01", Updated: doneOn.Start()}},
		Payments:   []collectors.Payment{{ID: "t", Dossier: "d", Unit: ward, Amount: 5, State: "paid", Paid: doneOn.Start(), Updated: doneOn.Start()}},
		Facilities: []collectors.Facility{{Code: "BV1", Name: "Bệnh viện", Kind: "hospital", LocatedIn: ward, ManagedBy: ward, From: plan.NoDay, To: plan.NoDay}},
		Measures:   []collectors.Measure{{Code: "m", Unit: ward, PeriodType: plan.Report, Start: day, End: doneOn, Value: 7, Evidence: "a.csv"}},
		Baselines:  []collectors.Baseline{{Indicator: "A", Unit: ward, Day: day, Numerator: 1, Denominator: 2, Citation: "QĐ 1"}},
		Rejects:    []collectors.Reject{{Position: 3, Key: "x", Field: "f", Rule: "unknown_unit", Reason: "sửa", Record: json.RawMessage(`{"f":"1"}`)}},
		Drift:      []string{"new field MaMoi"},
	}
}

// The same page a hundred times changes nothing, whether the process remembers it or not.
func TestSamePageChangesNothing(t *testing.T) {
	t.Parallel()
	d := open(t)
	collect(t, d, "s", monday, everything())
	want, figures := tables(t, d), d.measures(t)
	if want["dossier"] != 1 || want["measure"] < 8 || want["reject"] != 1 || want["drift"] != 1 {
		t.Fatalf("after the first time: %v", want)
	}
	d.Defer(true) // runs' ends wait for each other, as in a history load
	for i := range 100 {
		if i == 90 {
			if err := d.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			d = d.restarted()
			d.Defer(true)
		}
		r := runner(d, monday.Add(time.Duration(i+1)*time.Hour))
		r.DeferSum = i%30 != 0
		p := page(t, r.Now(), everything())
		if rec, err := r.Collect(t.Context(), run.Job{Source: "s", Collector: &scripted{pages: []collectors.Page{p}}}); err != nil || rec.Loaded != 0 {
			t.Fatalf("time %d: %+v, %v", i+1, rec, err)
		}
	}
	if err := d.Measure(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tables(t, d)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(figures, d.measures(t)); diff != "" {
		t.Error(diff)
	}
	if n := d.count(t, "page", "plan = '"+d.Plan()+"'"); n != 101 {
		t.Errorf("%d pages, want 101", n)
	}
}

// change is what a source says at a time.
type change struct {
	at    time.Time
	batch collectors.Batch
}

// A figure as known on a day is what the newest version known by then says, whatever came later.
func TestKnownOn(t *testing.T) {
	t.Parallel()
	d := open(t)
	other := unit("30733")
	late := doneOn + 1
	dossier := func(u plan.UnitKey, day plan.Day, minutes int, edit ...func(*collectors.Dossier)) collectors.Batch {
		x := collectors.Dossier{ID: "d", Unit: u, Status: 10, Channel: 1, Finished: day.Start().Add(10 * time.Hour), Due: doneOn.End().Add(-time.Hour),
			Updated: doneOn.End().Add(time.Duration(minutes) * time.Minute)}
		for _, f := range edit {
			f(&x)
		}
		return collectors.Batch{Dossiers: []collectors.Dossier{x}}
	}
	document := func(status string, minutes int) collectors.Batch {
		return collectors.Batch{Documents: []collectors.Document{{ID: "v", Unit: ward, Sent: doneOn.Start(), Status: status, Updated: doneOn.Start().Add(time.Duration(minutes) * time.Minute)}}}
	}
	payment := func(state string, minutes int) collectors.Batch {
		return collectors.Batch{Payments: []collectors.Payment{{ID: "t", Unit: ward, Amount: 9, State: state, Paid: doneOn.Start(), Updated: doneOn.Start().Add(time.Duration(minutes) * time.Minute)}}}
	}
	figure := func(v int64) collectors.Batch {
		return collectors.Batch{Measures: []collectors.Measure{{Code: "m", Unit: ward, PeriodType: plan.Calendar, Start: doneOn, End: doneOn, Value: v}}}
	}
	type want struct {
		measure string
		unit    plan.UnitKey
		day     plan.Day
		before  int64 // as known on Monday
		after   int64 // as known on Tuesday
	}
	cases := []struct {
		name    string
		changes [2]collectors.Batch
		want    []want
	}{
		{"a restated figure", [2]collectors.Batch{figure(100), figure(130)}, []want{{"m", ward, doneOn, 100, 130}}},
		{"a restatement to zero", [2]collectors.Batch{figure(100), figure(0)}, []want{{"m", ward, doneOn, 100, 0}}},
		{"moved to another unit", [2]collectors.Batch{dossier(ward, doneOn, 0), dossier(other, doneOn, 1)},
			[]want{{"dossier.resolved", ward, doneOn, 1, 0}, {"dossier.resolved", other, doneOn, 0, 1}}},
		{"moved to another day", [2]collectors.Batch{dossier(ward, doneOn, 0), dossier(ward, late, 1)},
			[]want{{"dossier.resolved", ward, doneOn, 1, 0}, {"dossier.resolved", ward, late, 0, 1}, {"dossier.on_time", ward, late, 0, 0}}},
		{"taken up again", [2]collectors.Batch{dossier(ward, doneOn, 0), dossier(ward, doneOn, 1, func(x *collectors.Dossier) { x.Status = 4 })},
			[]want{{"dossier.resolved", ward, doneOn, 1, 0}, {"dossier.on_time", ward, doneOn, 1, 0}}},
		{"deadline moved behind the end", [2]collectors.Batch{dossier(ward, late, 0), dossier(ward, late, 1, func(x *collectors.Dossier) { x.Due, x.DueMoved = late.End().Add(-time.Hour), 1 })},
			[]want{{"dossier.on_time", ward, late, 0, 1}, {"dossier.with_deadline", ward, late, 1, 1}}},
		{"deadline taken away", [2]collectors.Batch{dossier(ward, doneOn, 0), dossier(ward, doneOn, 1, func(x *collectors.Dossier) { x.Due = time.Time{} })},
			[]want{{"dossier.on_time", ward, doneOn, 1, 0}, {"dossier.with_deadline", ward, doneOn, 1, 0}, {"dossier.resolved", ward, doneOn, 1, 1}}},
		{"an older version comes late", [2]collectors.Batch{dossier(ward, doneOn, 5), dossier(other, doneOn, 1)},
			[]want{{"dossier.resolved", ward, doneOn, 1, 1}, {"dossier.resolved", other, doneOn, 0, 0}}},
		{"changed under the same update time", [2]collectors.Batch{dossier(ward, doneOn, 5), dossier(other, doneOn, 5)},
			[]want{{"dossier.resolved", ward, doneOn, 1, 0}, {"dossier.resolved", other, doneOn, 0, 1}}},
		{"recalled document", [2]collectors.Batch{document("01", 0), document("13", 1)}, []want{{"edoc.axis_sent", ward, doneOn, 1, 0}}},
		{"refunded payment", [2]collectors.Batch{payment("paid", 0), payment("refunded", 1)},
			[]want{{"fee.dossiers_paid_online", ward, doneOn, 1, 0}, {"fee.amount_paid_online", ward, doneOn, 9, 0}}},
		{"cancelled, then paid", [2]collectors.Batch{payment("cancelled", 0), payment("paid", 1)}, []want{{"fee.amount_paid_online", ward, doneOn, 0, 9}}},
	}
	// Every case has records and units of its own, so that all go through one source at once.
	own := func(name string, u plan.UnitKey) plan.UnitKey { u.Code = name + " " + u.Code; return u }
	var measures []string
	for step, now := range []time.Time{monday, tuesday} {
		var all collectors.Batch
		for _, c := range cases {
			b := c.changes[step]
			for _, x := range b.Dossiers {
				x.ID, x.Unit = c.name, own(c.name, x.Unit)
				all.Dossiers = append(all.Dossiers, x)
			}
			for _, x := range b.Documents {
				x.ID, x.Unit = c.name, own(c.name, x.Unit)
				all.Documents = append(all.Documents, x)
			}
			for _, x := range b.Payments {
				x.ID, x.Unit = c.name, own(c.name, x.Unit)
				all.Payments = append(all.Payments, x)
			}
			for _, x := range b.Measures {
				x.Unit = own(c.name, x.Unit)
				all.Measures = append(all.Measures, x)
			}
		}
		collect(t, d, "s", now, all)
		d = d.restarted()
	}
	for _, c := range cases {
		for _, w := range c.want {
			measures = append(measures, w.measure)
		}
	}
	check := func() {
		t.Helper()
		none, before, after := d.known(t, plan.DayOf(monday)-1, measures...), d.known(t, plan.DayOf(monday), measures...), d.known(t, plan.DayOf(tuesday), measures...)
		if len(none.Rows) > 0 {
			t.Errorf("known before anything was fetched: %+v", none.Rows)
		}
		for _, c := range cases {
			for _, w := range c.want {
				if n, _ := stated(before, w.measure, own(c.name, w.unit), w.day); n != w.before {
					t.Errorf("%s: %s of %s on %s as known on Monday: %d, want %d", c.name, w.measure, w.unit, w.day, n, w.before)
				}
				if n, _ := stated(after, w.measure, own(c.name, w.unit), w.day); n != w.after {
					t.Errorf("%s: %s of %s on %s as known on Tuesday: %d, want %d", c.name, w.measure, w.unit, w.day, n, w.after)
				}
			}
		}
	}
	check()
	dump := d.measures(t)
	replay(t, d, "s")
	check()
	if diff := cmp.Diff(dump, d.measures(t)); diff != "" {
		t.Errorf("the replay gives another table:\n%s", diff)
	}
	// A run that ended between measuring and noting it is measured again.
	if err := d.conn.Exec(t.Context(), "ALTER TABLE measured DELETE WHERE plan = ? SETTINGS mutations_sync = 1", d.Plan()); err != nil {
		t.Fatal(err)
	}
	if err := d.Measure(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump, d.measures(t)); diff != "" {
		t.Errorf("measured again:\n%s", diff)
	}
}

// A day of knowledge ends at local midnight.
func TestKnownOnEndsAtMidnight(t *testing.T) {
	t.Parallel()
	d := open(t)
	midnight := plan.DayOf(monday).End()
	figure := func(v int64) collectors.Batch {
		return collectors.Batch{Measures: []collectors.Measure{{Code: "m", Unit: ward, PeriodType: plan.Calendar, Start: doneOn, End: doneOn, Value: v}}}
	}
	collect(t, d, "s", midnight.Add(-time.Millisecond), figure(1))
	collect(t, d, "s", midnight, figure(2))
	for day, want := range map[plan.Day]int64{plan.DayOf(monday): 1, plan.DayOf(monday) + 1: 2} {
		if n, ok := d.figure(t, "m", ward, doneOn, day); !ok || n != want {
			t.Errorf("as known on %s: %d, want %d", day, n, want)
		}
	}
	if _, ok := d.figure(t, "m", ward, doneOn, plan.DayOf(monday)-1); ok {
		t.Error("known the day before")
	}
}

// History may be loaded behind what is already there: what was known when is then as if it had come in order.
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	root := open(t)
	other := unit("30733")
	dossier := func(id string, u plan.UnitKey, minutes int) collectors.Dossier {
		return collectors.Dossier{ID: id, Unit: u, Status: 10, Channel: 1, Finished: doneOn.Start(), Updated: doneOn.Start().Add(time.Duration(minutes) * time.Minute)}
	}
	batch := func(value int64, all ...collectors.Dossier) collectors.Batch {
		return collectors.Batch{Dossiers: all, Measures: []collectors.Measure{{Code: "m", Unit: ward, PeriodType: plan.Calendar, Start: doneOn, End: doneOn, Value: value}}}
	}
	day := 24 * time.Hour
	steps := []change{
		{monday, batch(5, dossier("a", ward, 0), dossier("b", ward, 0))},
		{monday.Add(day), batch(6, dossier("a", other, 1), dossier("b", ward, 0), dossier("c", ward, 0))},
		{monday.Add(2 * day), batch(5, dossier("a", ward, 2), dossier("b", other, 1), dossier("c", ward, 0))},
		{monday.Add(3 * day), batch(5, dossier("a", ward, 2), dossier("b", other, 1), dossier("c", other, 2), dossier("e", ward, 2))},
	}
	load := func(t *testing.T, d db, order ...int) db {
		t.Helper()
		for i, n := range order {
			if i%2 == 1 {
				d = d.restarted()
			}
			r := runner(d, steps[n].at)
			r.Asserted = true
			r.DeferSum = order[0] > 0 && i < len(order)-1 // measured once at the end, or after every step
			c := &scripted{pages: []collectors.Page{page(t, steps[n].at, steps[n].batch)}}
			if _, err := r.Collect(t.Context(), run.Job{Source: "s", Collector: c}); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	known := func(t *testing.T, d db) (out []string) {
		t.Helper()
		for _, s := range steps {
			k := d.known(t, plan.DayOf(s.at), "dossier.resolved", "m")
			for _, m := range []string{"dossier.resolved", "m"} {
				for _, u := range []plan.UnitKey{ward, other} {
					n, _ := stated(k, m, u, doneOn)
					out = append(out, fmt.Sprint(plan.DayOf(s.at), " ", m, " ", u, " ", n))
				}
			}
		}
		return out
	}
	table := func(d db) string { // without the names of the runs
		return strings.Join(d.lines(t, `SELECT DISTINCT toString((source, measure, unit, unit_from, dims, period_type, start, day, value, evidence, known_at, run_id != '')) AS row
			FROM measure FINAL WHERE plan = '`+d.Plan()+`' ORDER BY row`), "\n")
	}
	inOrder := load(t, root.sub("in order"), 0, 1, 2, 3)
	want, rows := known(t, inOrder), table(inOrder)
	for _, order := range [][]int{{3, 2, 1, 0}, {0, 2, 1, 3}, {2, 0, 3, 1}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			d := load(t, root.sub(fmt.Sprint(order)), order...)
			if diff := cmp.Diff(want, known(t, d)); diff != "" {
				t.Errorf("in order (-), as loaded (+):\n%s", diff)
			}
			if diff := cmp.Diff(rows, table(d)); diff != "" {
				t.Errorf("in order (-), as loaded (+):\n%s", diff)
			}
			before := d.measures(t)
			replay(t, d, "s")
			if diff := cmp.Diff(before, d.measures(t)); diff != "" {
				t.Errorf("the replay gives another table:\n%s", diff)
			}
			if cut, err := d.Replaying(t.Context()); cut || err != nil {
				t.Errorf("left as being rebuilt: %v, %v", cut, err)
			}
			c, err := d.restarted().Cursor(t.Context(), "s")
			if err != nil || !c.Since.Equal(steps[3].at) {
				t.Errorf("the cursor is at %s, %v: older history must not move it back", c.Since, err)
			}
		})
	}
}

// A piece of history that cannot be put in order leaves the store marked, as a replay that was cut short does.
func TestOutOfOrderCutShort(t *testing.T) {
	t.Parallel()
	d := open(t)
	collect(t, d, "s", tuesday, everything())
	r := runner(d, monday)
	r.Asserted = true
	b := everything()
	b.Measures[0].Value = 6
	c := &forgetful{scripted: scripted{pages: []collectors.Page{page(t, monday, b)}}, reads: 1}
	_, err := r.Collect(t.Context(), run.Job{Source: "s", Collector: c})
	clearError(t, err, "source s", "put the history in order", "payload ", "not what it was", "run `tiendo replay`")
	if cut, err := d.restarted().Replaying(t.Context()); err != nil || !cut {
		t.Errorf("figures that are not whole are not marked: %v, %v", cut, err)
	}
	replay(t, d, "s")
	if cut, err := d.Replaying(t.Context()); err != nil || cut {
		t.Errorf("still marked: %v, %v", cut, err)
	}
	for at, want := range map[time.Time]int64{monday: 6, tuesday: 7} {
		if n, _ := d.figure(t, "m", ward, doneOn, plan.DayOf(at)); n != want {
			t.Errorf("as known on %s: %d, want %d", plan.DayOf(at), n, want)
		}
	}
}

// forgetful is a parser that reads so many pages and no more.
type forgetful struct {
	scripted
	reads int
}

func (c *forgetful) Parse(p collectors.Page) (collectors.Batch, error) {
	if c.reads--; c.reads < 0 {
		return collectors.Batch{}, errors.New("the page is not what it was")
	}
	return c.scripted.Parse(p)
}

// A machine whose clock was set back still learns later what it learns later.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	d := open(t)
	collect(t, d, "s", tuesday, everything())
	b := everything()
	b.Measures[0].Value = 8
	collect(t, d.restarted(), "s", monday, b)
	if n, _ := d.figure(t, "m", ward, doneOn, plan.DayOf(tuesday)); n != 8 {
		t.Errorf("the newer figure is not the newest: %d", n)
	}
	if _, ok := d.figure(t, "m", ward, doneOn, plan.DayOf(monday)); ok {
		t.Error("what was learnt on Tuesday is known on Monday")
	}
}

// A page that was loaded and not committed does not count; when it comes again it counts once. Whatever the process
// remembers of it must not stand in the way.
func TestUncommittedPage(t *testing.T) {
	t.Parallel()
	root := open(t)
	for name, again := range map[string]func(db) db{"same process": func(d db) db { return d }, "restarted": db.restarted} {
		t.Run(name, func(t *testing.T) {
			d := root.sub(name)
			b := everything()
			p := page(t, monday, b)
			key := run.PageKey{Source: "s", RunID: "cut", Page: 1, SHA256: run.Sum(p.Body)}
			if err := d.Land(t.Context(), key, p); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Load(t.Context(), key, monday, b); err != nil {
				t.Fatal(err)
			}
			if err := d.Measure(t.Context(), "s"); err != nil { // writes what is pending
				t.Fatal(err)
			}
			if n := d.count(t, "dossier", "plan = '"+d.Plan()+"'"); n != 1 {
				t.Fatalf("%d rows were written, want the uncommitted one", n)
			}
			if got := d.measures(t); got != "" {
				t.Errorf("an uncommitted page counts:\n%s", got)
			}
			k, err := d.Knowledge(t.Context(), reads("m", "dossier.resolved"), plan.DayOf(monday))
			if err != nil || len(k.Rows)+len(k.Facilities)+len(k.Baselines) != 0 {
				t.Errorf("an uncommitted page is known: %+v, %v", k, err)
			}
			if all, err := d.Rejects(t.Context(), "s", 9); err != nil || len(all) != 0 {
				t.Errorf("its rejects are listed: %v, %v", all, err)
			}
			d = again(d)
			collect(t, d, "s", tuesday, b)
			for measure, want := range map[string]int64{"m": 7, "dossier.resolved": 1, "edoc.axis_sent": 1, "fee.amount_paid_online": 5} {
				if n, _ := d.figure(t, measure, ward, doneOn, plan.DayOf(tuesday)); n != want {
					t.Errorf("%s is %d when the page came again, want %d", measure, n, want)
				}
			}
			if k, err = d.Knowledge(t.Context(), reads("m"), plan.DayOf(tuesday)); err != nil || len(k.Facilities) != 1 || len(k.Baselines) != 1 {
				t.Errorf("%+v, %v", k, err)
			}
			if all, err := d.Rejects(t.Context(), "s", 9); err != nil || len(all) != 1 {
				t.Errorf("rejects %v, %v", all, err)
			}
		})
	}
}

// The cursor is committed with its page: a run that fails, and a process that ends, go on behind the last committed page.
func TestCursor(t *testing.T) {
	t.Parallel()
	d := open(t)
	c := &scripted{pages: []collectors.Page{page(t, monday, everything())}, fails: errors.New("the line went dead")}
	rec, err := runner(d, monday).Collect(t.Context(), run.Job{Source: "s", Collector: c})
	clearError(t, err, "source s", "page 2", "the line went dead")
	if rec.Pages != 1 || rec.State != run.Failed || !c.asked[0].Since.IsZero() {
		t.Errorf("%+v, asked from %v", rec, c.asked)
	}
	for _, d := range []db{d, d.restarted()} {
		c.asked = nil
		_, _ = runner(d, tuesday).Collect(t.Context(), run.Job{Source: "s", Collector: c})
		if len(c.asked) != 1 || !c.asked[0].Since.Equal(monday) {
			t.Errorf("asked from %v, want %s", c.asked, monday)
		}
	}
	if last, err := d.LastSuccess(t.Context()); err != nil || len(last) != 0 {
		t.Errorf("a failed run is no complete snapshot: %v, %v", last, err)
	}
	// A pull of two days does not move the cursor back, and one from the beginning asks for everything.
	c = &scripted{pages: []collectors.Page{page(t, monday.Add(-240*time.Hour), collectors.Batch{})}}
	r := runner(d, tuesday)
	r.From, r.To = plan.DayOf(monday)-20, plan.DayOf(monday)-10
	if _, err := r.Collect(t.Context(), run.Job{Source: "s", Collector: c}); err != nil {
		t.Fatal(err)
	}
	if !c.asked[0].Since.Equal(r.From.Start()) {
		t.Errorf("asked from %s, want %s", c.asked[0].Since, r.From.Start())
	}
	if at, err := d.restarted().Cursor(t.Context(), "s"); err != nil || !at.Since.Equal(monday) {
		t.Errorf("the cursor is at %s, %v", at.Since, err)
	}
	c.asked = nil
	r = runner(d, tuesday)
	r.Again = true
	if _, err := r.Collect(t.Context(), run.Job{Source: "s", Collector: c}); err != nil || !c.asked[0].Since.IsZero() {
		t.Errorf("asked from %v, %v", c.asked, err)
	}
}

// More refused records than the source's limit fail the run loudly; what was accepted counts.
func TestRejectLimit(t *testing.T) {
	t.Parallel()
	d := open(t)
	b := everything()
	for i := range 300 {
		if i < 40 {
			b.Rejects = append(b.Rejects, collectors.Reject{Position: i, Key: fmt.Sprint(i), Rule: "unknown_unit", Record: json.RawMessage(`{}`)})
			continue
		}
		x := b.Dossiers[0]
		x.ID = fmt.Sprint(i)
		b.Dossiers = append(b.Dossiers, x)
	}
	p := page(t, monday, b)
	for limit, fails := range map[float64]bool{0: false, 0.05: true, 0.2: false} {
		rec, err := runner(d, monday).Collect(t.Context(), run.Job{Source: "s", Collector: &scripted{pages: []collectors.Page{p}}, RejectLimit: limit})
		var over *run.RejectLimitError
		if errors.As(err, &over) != fails || (rec.State == run.Failed) != fails {
			t.Errorf("limit %g: %+v, %v", limit, rec, err)
		}
		if fails {
			clearError(t, err, "source s", "41 of ", "5.0 %", "tiendo status --rejects s")
		}
	}
	if n := resolved(t, d, monday); n != 261 {
		t.Errorf("%d dossiers count, want 261", n)
	}
}

// A replay that was cut short leaves the store marked, until one reaches its end.
func TestReplayCutShort(t *testing.T) {
	t.Parallel()
	d := open(t)
	collect(t, d, "s", monday, everything())
	want := d.measures(t)
	if err := d.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	d = d.restarted()
	if cut, err := d.Replaying(t.Context()); err != nil || !cut {
		t.Errorf("a store without its figures is not marked: %v, %v", cut, err)
	}
	if st, err := d.State(t.Context()); err != nil || !st.Replaying {
		t.Errorf("the pages do not know: %+v, %v", st, err)
	}
	err := run.Replay(t.Context(), d.Store, []run.Job{{Source: "s", Collector: &forgetful{}}}, nil)
	clearError(t, err, "replay source s", "payload ", "not what it was", "run `tiendo replay` again")
	if cut, err := d.Replaying(t.Context()); err != nil || !cut {
		t.Errorf("a replay that failed is taken for a whole one: %v, %v", cut, err)
	}
	replay(t, d, "s")
	if cut, err := d.Replaying(t.Context()); err != nil || cut {
		t.Errorf("still marked: %v, %v", cut, err)
	}
	if diff := cmp.Diff(want, d.measures(t)); diff != "" {
		t.Error(diff)
	}
}

// The catalogue: what a whole snapshot no longer lists has ended, and may come back; a row that cannot be read has not
// ended; a list without anything known is an outage.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	root := open(t)
	inForce := func(t *testing.T, d db, code string, knownOn time.Time) int64 {
		t.Helper()
		k, err := d.Knowledge(t.Context(), reads("procedure.in_force"), plan.DayOf(knownOn))
		if err != nil {
			t.Fatal(err)
		}
		n := int64(-1)
		for _, r := range k.Rows {
			if r.Dims == code && r.Unit == ward {
				n = r.Value
			}
		}
		return n
	}
	day := 24 * time.Hour
	setup := func(t *testing.T, name string) (db, *systems) {
		t.Helper()
		d, s := root.sub(name), newSystems(t)
		s.catalog = []map[string]any{procedure("1.000001"), procedure("1.000002"), procedure("1.000003"), procedure("1.000004")}
		s.good(t, d, "procedures", monday)
		return d.restarted(), s
	}
	t.Run("leaves and comes back", func(t *testing.T) {
		d, s := setup(t, "leaves")
		all := s.catalog
		s.change(func() { s.catalog = all[:3] })
		s.good(t, d, "procedures", monday.Add(day))
		s.good(t, d, "procedures", monday.Add(2*day)) // is not ended a second time
		s.change(func() { s.catalog = all })
		s.good(t, d.restarted(), "procedures", monday.Add(3*day))
		for i, want := range []int64{1, 0, 0, 1} {
			if n := inForce(t, d, "1.000004", monday.Add(time.Duration(i)*day)); n != want {
				t.Errorf("day %d: in force %d, want %d", i, n, want)
			}
			if n := inForce(t, d, "1.000001", monday.Add(time.Duration(i)*day)); n != 1 {
				t.Errorf("day %d: the other is in force %d", i, n)
			}
		}
		if n := d.count(t, "procedure", "plan = '"+d.Plan()+"' AND code = '1.000004'"); n != 3 {
			t.Errorf("%d versions, want 3", n)
		}
		before := d.measures(t)
		if err := run.Replay(t.Context(), d.Store, []run.Job{s.job(t, d, "procedures", tuesday)}, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, d.measures(t)); diff != "" {
			t.Errorf("the replay gives another table:\n%s", diff)
		}
	})
	t.Run("all missing", func(t *testing.T) {
		d, s := setup(t, "missing")
		s.change(func() { s.catalog = []map[string]any{procedure("2.000009")} })
		_, err := s.pull(t, d, "procedures", tuesday)
		clearError(t, err, "source procedures", "4 known procedures", "taken for an outage", "nothing was ended")
		if n := inForce(t, d, "1.000001", tuesday); n != 1 {
			t.Errorf("in force %d after the outage", n)
		}
		s.change(func() { s.catalog = nil })
		_, err = s.pull(t, d, "procedures", tuesday)
		clearError(t, err, "source procedures", "LayDanhSachTTHC")
		if n := inForce(t, d, "1.000002", tuesday); n != 1 {
			t.Errorf("in force %d after an empty list", n)
		}
	})
	t.Run("cut off", func(t *testing.T) {
		d, s := setup(t, "cut")
		s.change(func() {
			s.answer = func(service string, n int, w http.ResponseWriter) bool {
				if service != "LayDanhSachTTHC" || n < 4 { // two pages of the first snapshot, one of this
					return false
				}
				io.WriteString(w, "<html></html>")
				return true
			}
		})
		if _, err := s.pull(t, d, "procedures", tuesday); err == nil {
			t.Fatal("no error")
		}
		if n := inForce(t, d, "1.000004", tuesday); n != 1 {
			t.Errorf("a snapshot that was cut off ended what was behind the cut: %d", n)
		}
	})
	for name, bad := range map[string]map[string]any{
		"bad level":      procedure("1.000004", "MucDo", "9"),
		"bad eligible":   procedure("1.000004", "DuDieuKienToanTrinh", "?"),
		"bad date":       procedure("1.000004", "NgayHieuLuc", "hôm qua"),
		"ends too early": procedure("1.000004", "NgayHetHieuLuc", "20210101000000"),
	} {
		t.Run("row rejected: "+name, func(t *testing.T) {
			d, s := setup(t, name)
			s.change(func() { s.catalog[3] = bad })
			if rec := s.good(t, d, "procedures", tuesday); rec.Rejected != 1 {
				t.Errorf("%+v", rec)
			}
			if n := inForce(t, d, "1.000004", tuesday); n != 1 {
				t.Errorf("a row that cannot be read was taken for an ended procedure: in force %d", n)
			}
		})
	}
}
