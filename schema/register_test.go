package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/schema"
)

func TestRegistersAreAppended(t *testing.T) {
	st, c, _ := migrated(t)
	entry := func(subject string, d award.Decision, at string) award.Record {
		return award.Record{Register: "H-PLAN", Group: "huyen", Subject: subject, Name: "Tên", Year: 2023, Decision: d, Value: "95,5", Evidence: "QĐ số 12",
			Date: plan.MustDay("2023-01-05"), By: "vp", At: plan.MustDay(at).Start().UnixMilli() + 7}
	}
	first, second := entry("899", award.Holds, "2023-02-01"), entry("899", award.Fails, "2023-03-01")
	other := entry("91@2023-01-01", award.Withdrawn, "2023-02-01")
	other.Date = plan.NoDay
	for _, r := range []award.Record{second, first, other} { // in any order
		if err := st.SaveRegister(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	known := func(st *schema.Store, on string, want ...award.Record) {
		t.Helper()
		got, err := st.Registers(t.Context(), plan.MustDay(on))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("known on %s (-want +got):\n%s", on, diff)
		}
	}
	known(st, "2023-01-31")
	known(st, "2023-02-01", first, other)
	known(st, "2023-03-01", first, other, second)
	known(st.For("another plan"), "2023-03-01")
	if err := st.Reset(t.Context()); err != nil { // as a replay begins
		t.Fatal(err)
	}
	known(st, "2023-03-01", first, other, second)
	want(t, c, `SELECT concat(subject, ' ', decision, ' ', evidence) FROM v_register ORDER BY subject`, "899 no QĐ số 12", "91@2023-01-01 unknown QĐ số 12")
	want(t, c, `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'v_register' AND name IN ('name', 'entered_by')`)
}
