package main

import (
	"fmt"
	"testing"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/run"
)

// What a demo shows as known on a past Monday is what would have been computed on that Monday, and a figure that is shown as
// restated was another one then.
func TestDemoRemembersItsMondays(t *testing.T) {
	dir := *demoFolder
	if dir == "" {
		dir = demoDir(t)
	}
	u, a := serveBoards(t, dir)
	p, err := a.plan()
	if err != nil {
		t.Fatal(err)
	}
	restated := 0
	for _, monday := range []plan.Day{plan.MustDay("2025-05-05"), plan.MustDay("2025-06-16")} { // the first that is remembered, and a busy one
		_, book, err := run.Book(t.Context(), a.store, p, monday)
		if err != nil {
			t.Fatal(err)
		}
		days := []plan.Day{monday - 8, monday - 1}
		computed := map[plan.Day]map[string]progress.Result{days[0]: {}, days[1]: {}}
		for i := range p.Indicators {
			ind := &p.Indicators[i]
			for _, unit := range p.Units.All {
				if p.Applies(ind, unit).Counts() {
					for _, r := range book.Results(ind, unit, days) {
						if unit.ValidOn(r.Day) {
							computed[r.Day][ind.Code+" "+unit.UnitKey.String()] = r
						}
					}
				}
			}
		}
		for _, asOf := range days {
			want := computed[asOf]
			value := func(r progress.Result) string {
				if r.Value == nil {
					return ""
				}
				return r.Value.String()
			}
			text := func(r progress.Result) string {
				return fmt.Sprintf("%s %s %d %d", value(r), r.Status, r.WeeksBehind, r.KnownAt)
			}
			got, err := u.ask(fmt.Sprintf(`SELECT concat(indicator, ' ', unit_key), concat(ifNull(toString(value), ''), ' ', status, ' ', toString(weeks_behind), ' ', toString(toUnixTimestamp64Milli(known_at)))
				FROM v_progress(plan='%s', as_of='%s', known_on='%s')`, p.Code, asOf, monday))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Data) != len(want) || len(want) < 3000 {
				t.Errorf("as of %s known on %s: %d results, want %d", asOf, monday, len(got.Data), len(want))
			}
			for _, row := range got.Data {
				if r := want[row[0].(string)]; text(r) != row[1] {
					t.Errorf("%s as of %s known on %s: shown as %q, want %q", row[0], asOf, monday, row[1], text(r))
				}
			}
			if asOf != monday-1 {
				continue
			}
			// As known on that Monday this was the first version, if it could be judged.
			first, err := u.ask(fmt.Sprintf(`SELECT concat(indicator, ' ', unit_key), ifNull(toString(first_value), ''), first_status, toString(now_value), now_status, known_at > toDateTime64('%s 00:00:00', 3, 'Asia/Ho_Chi_Minh')
				FROM v_restated(plan='%s', as_of='%s', known_on='2099-12-31') WHERE as_of = '%[3]s' AND toDate(previous_known_at, 'Asia/Ho_Chi_Minh') <= '%[1]s'`, monday, p.Code, asOf))
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range first.Data {
				r, ok := want[row[0].(string)]
				if !ok || value(r) != row[1] || string(r.Status) != row[2] {
					t.Errorf("%s as of %s is shown as restated from %s %s, but on %s it was %s", row[0], asOf, row[1], row[2], monday, text(r))
				}
				if row[1] == row[3] && row[2] == row[4] || row[5] != 1.0 {
					t.Errorf("%s as of %s is shown as restated, but did not change after %s: %v", row[0], asOf, monday, row)
				}
				restated++
			}
		}
	}
	if restated < 10 {
		t.Errorf("%d restated results: the history of a demo restates more", restated)
	}
}
