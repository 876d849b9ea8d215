package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/access"
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
		if err := st.SaveRegister(t.Context(), r, access.Event{At: time.Now(), Actor: "t"}); err != nil {
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

// Whatever is changed in a stored entry, put in, doubled or taken out, `tiendo audit verify` says so. The columns are those that the
// table has.
func TestRegisterTamper(t *testing.T) {
	st, own, _ := migrated(t)
	for i, subject := range []string{"899", "900"} {
		r := award.Record{Register: "H-PLAN", Group: "huyen", Subject: subject, Name: "Tên", Year: 2023, Decision: award.Holds, Value: "95,5", Evidence: "QĐ số 12",
			Date: plan.MustDay("2023-01-05"), By: "vp", At: auditTime.UnixMilli() + int64(i)}
		if err := st.SaveRegister(t.Context(), r, access.Event{At: auditTime, Actor: "vp", Address: "10.0.0.1"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.SaveAccount(t.Context(), access.Account{Name: "minh", Role: access.Admin, Password: "x"}, access.AccountAdded, "t", auditTime); err != nil {
		t.Fatal(err)
	}
	exec(t, own, "CREATE TABLE kept AS register ENGINE = MergeTree ORDER BY subject")
	exec(t, own, "INSERT INTO kept SELECT * FROM register")
	check := func(name, from string, says ...string) {
		t.Helper()
		exec(t, own, "TRUNCATE TABLE register")
		exec(t, own, "INSERT INTO register "+from)
		_, problems, err := st.VerifyAudit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(problems) != len(says) {
			t.Errorf("%s: %v, want %v", name, problems, says)
			return
		}
		for i := range says {
			if !strings.Contains(problems[i].Text, says[i]) {
				t.Errorf("%s: %v, want %v", name, problems, says)
			}
		}
	}
	check("as written", "SELECT * FROM kept")
	put, gone := "the log does not tell of it", "row 1 tells of an entry of a register for huyen/899 that is not in the store"
	columns := lines(t, own, "SELECT name || ' ' || type FROM system.columns WHERE database = currentDatabase() AND table = 'register' ORDER BY position")
	if len(columns) < 12 {
		t.Fatalf("columns %v", columns)
	}
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		other := name + " || 'x'"
		switch {
		case strings.HasPrefix(kind, "UInt"), kind == "Date32":
			other = name + " + 1"
		case strings.HasPrefix(kind, "DateTime64"):
			other = name + " + INTERVAL 1 MILLISECOND"
		}
		says := []string{put, gone}
		if name == "plan" { // it is another plan's
			says = says[1:]
		}
		check(name, "SELECT * REPLACE(if(subject = '899', "+other+", "+name+") AS "+name+") FROM kept", says...)
	}
	check("taken out", "SELECT * FROM kept WHERE subject != '899'", gone)
	check("put in", "SELECT * FROM kept UNION ALL SELECT * REPLACE('901' AS subject) FROM kept WHERE kept.subject = '899'", "huyen/901 of 2025-10-06T01:02:03Z was changed in the store or put in")
	check("doubled", "SELECT * FROM kept UNION ALL SELECT * FROM kept WHERE subject = '899'", "more than once")
}

// Nothing is stored of which the log cannot tell.
func TestRegisterWithoutAudit(t *testing.T) {
	st, own, _ := migrated(t)
	exec(t, own, "RENAME TABLE audit TO gone")
	r := award.Record{Register: "H-PLAN", Group: "huyen", Subject: "899", Decision: award.Holds, Evidence: "QĐ", Date: plan.MustDay("2023-01-05"), By: "vp", At: 1}
	if err := st.SaveRegister(t.Context(), r, access.Event{At: auditTime, Actor: "vp"}); err == nil {
		t.Error("stored")
	}
	want(t, own, "SELECT toString(count()) FROM register", "0")
}
