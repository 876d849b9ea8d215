package schema_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
	"tiendo/schema"
	"tiendo/schema/engine/enginetest"
)

var auditTime = time.Date(2025, 10, 6, 1, 2, 3, 456_000_000, time.UTC)

func audited(t *testing.T, st *schema.Store) (rows []access.Row, marks []access.Mark) {
	t.Helper()
	rows, err := st.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if marks, err = st.AuditMarks(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rows, marks
}

func TestAccounts(t *testing.T) {
	st, _, board := migrated(t)
	if _, err := st.Account(t.Context(), "lan"); !errors.Is(err, access.ErrNoAccount) {
		t.Errorf("an account that is not there: %v", err)
	}
	a := access.Account{Name: "lan", Role: access.Officer, Unit: plan.UnitKey{Code: "899", From: plan.MustDay("2025-07-01")}, Password: access.Hash("bốn từ dễ nhớ")}
	b := access.Account{Name: "minh", Role: access.Admin, Password: "x"}
	for i, do := range []struct {
		a      access.Account
		action string
	}{{a, access.AccountAdded}, {b, access.AccountAdded}} {
		if err := st.SaveAccount(t.Context(), do.a, do.action, "cli:t", auditTime.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	a.Disabled = true
	if err := st.SaveAccount(t.Context(), a, access.AccountDisabled, "minh", auditTime.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	a.Version, a.At, a.By = 2, auditTime.Add(time.Minute), "minh"
	b.Version, b.At, b.By = 1, auditTime.Add(time.Second), "cli:t"
	got, err := st.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]access.Account{a, b}, got); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if one, err := st.Account(t.Context(), "lan"); err != nil || one != a {
		t.Errorf("%+v: %v", one, err)
	}
	if _, err := st.For("another").Account(t.Context(), "lan"); !errors.Is(err, access.ErrNoAccount) {
		t.Errorf("another plan has the account: %v", err)
	}
	if err := st.SaveAccount(t.Context(), access.Account{Name: "x y"}, access.AccountAdded, "t", auditTime); err == nil {
		t.Error("an account without a role is stored")
	}

	for version, changed := range map[uint64]bool{0: true, 1: true, 2: false} { // of an account that another has changed meanwhile, nothing is stored
		a := a
		a.Version = version
		if err := st.ChangeAccount(t.Context(), a, access.Event{At: auditTime.Add(time.Hour), Actor: "x", Action: access.AccountEnabled, Address: "10.0.0.1"}); changed != errors.Is(err, access.ErrChanged) || !changed && err != nil {
			t.Errorf("version %d: %v", version, err)
		}
	}
	versions, err := st.AccountVersions(t.Context())
	if err != nil || len(versions) != 4 {
		t.Fatalf("%d versions: %v", len(versions), err)
	}
	rows, marks := audited(t, st)
	if p := append(access.Verify("p", rows, marks), access.VerifyAccounts(rows, versions)...); len(p) != 0 {
		t.Errorf("as written: %v", p)
	}
	for _, r := range rows {
		if strings.Contains(r.Detail, "argon2id") || strings.Contains(r.Detail, "bốn") {
			t.Errorf("the log holds a secret: %s", r.Detail)
		}
	}
	for _, table := range []string{"account", "audit", "audit_mark"} {
		if err := connect(t, board).Exec(t.Context(), "SELECT count() FROM "+table); err == nil {
			t.Errorf("boards can read %s", table)
		}
	}
}

// Whatever is changed in a stored row, verification says which row it was. The columns are those that the table has.
func TestAuditTamper(t *testing.T) {
	st, own, _ := migrated(t)
	for i := range 5 {
		if _, err := st.Record(t.Context(), access.Event{At: auditTime.Add(time.Duration(i) * time.Second), Actor: "lan", Action: access.SignedIn, Subject: "lan", Address: "10.0.0.1", Detail: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, own, "CREATE TABLE kept AS audit ENGINE = MergeTree ORDER BY (plan, seq)")
	exec(t, own, "INSERT INTO kept SELECT * FROM audit")
	check := func(name, mustSay, from string) {
		t.Helper()
		exec(t, own, "TRUNCATE TABLE audit")
		exec(t, own, "INSERT INTO audit SETTINGS insert_deduplicate = 0 "+from)
		rows, marks := audited(t, st)
		problems := access.Verify("p", rows, marks)
		switch {
		case mustSay == "" && len(problems) > 0:
			t.Errorf("%s: %v", name, problems)
		case mustSay != "" && (len(problems) == 0 || !strings.HasPrefix(problems[0].Text, mustSay)):
			t.Errorf("%s: %v, want %q first", name, problems, mustSay)
		}
	}
	check("as written", "", "SELECT * FROM kept")
	check("stored in another order", "", "SELECT * FROM kept ORDER BY seq DESC")
	columns := lines(t, own, "SELECT name || ' ' || type FROM system.columns WHERE database = currentDatabase() AND table = 'audit' ORDER BY position")
	if len(columns) < 10 {
		t.Fatalf("columns %v", columns)
	}
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		other := name + " || 'x'"
		if kind == "UInt64" {
			other = name + " + 100"
		} else if strings.HasPrefix(kind, "DateTime64") {
			other = name + " + INTERVAL 1 MILLISECOND"
		}
		says := "row 3 was changed"
		if name == "plan" || name == "seq" { // the row is not in its place
			says = "row 3 is missing"
		}
		check(name, says, "SELECT * REPLACE(if(seq = 3, "+other+", "+name+") AS "+name+") FROM kept")
	}
	check("taken out", "row 3 is missing", "SELECT * FROM kept WHERE seq != 3")
	check("cut at the end", "row 5 was the newest once", "SELECT * FROM kept WHERE seq < 5")
	check("emptied", "row 1 was the newest once", "SELECT * FROM kept WHERE seq = 0")
	check("exchanged", "row 2 was changed", "SELECT * REPLACE(transform(seq, [2, 3], [3, 2], seq) AS seq) FROM kept")
	check("put in twice", "row 4 is there more than once", "SELECT * FROM kept UNION ALL SELECT * FROM kept WHERE seq = 4")
	exec(t, own, "TRUNCATE TABLE audit_mark")
	exec(t, own, "INSERT INTO audit_mark SELECT plan, seq, 'x' FROM kept WHERE seq = 2")
	check("a mark changed", "row 2 is not the one that was noted", "SELECT * FROM kept")
}

// A part of the log holds what was asked for, the newest first, and says how much there is.
func TestAudited(t *testing.T) {
	st, _, _ := migrated(t)
	day := plan.MustDay("2025-06-30")
	for i, e := range []access.Event{
		{At: day.Start(), Actor: "lan", Action: access.SignedIn, Subject: "lan", Address: "10.0.0.1"},
		{At: day.End().Add(-time.Millisecond), Actor: "minh", Action: access.SignedIn, Subject: "minh", Address: "10.0.0.2"},
		{At: day.End(), Actor: "minh", Action: access.AccountAdded, Subject: "Hòa-Đông", Address: "10.0.0.2", Detail: "head 899 version 1"},
		{At: day.End(), Actor: "a\\n\tb\nc'", Action: access.SignInFailed, Subject: "Hoà  đông \xff", Address: "10.0.0.3"},
	} {
		if row, err := st.Record(t.Context(), e); err != nil || row.Seq != uint64(i+1) {
			t.Fatalf("row %d: %v", row.Seq, err)
		}
	}
	if _, err := st.For("other").Record(t.Context(), access.Event{At: day.Start(), Actor: "khac", Action: access.SignedIn}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		asked func(*web.AuditQuery)
		found int
		rows  []uint64
	}{
		"all":                {func(*web.AuditQuery) {}, 4, []uint64{4, 3, 2, 1}},
		"a part":             {func(q *web.AuditQuery) { q.Skip, q.Most = 1, 2 }, 4, []uint64{3, 2}},
		"behind the end":     {func(q *web.AuditQuery) { q.Skip, q.Most = 4, 2 }, 4, nil},
		"of one":             {func(q *web.AuditQuery) { q.Actor, q.Most = "minh", 1 }, 2, []uint64{3}},
		"of a strange name":  {func(q *web.AuditQuery) { q.Actor = "a\\n\tb\nc'" }, 1, []uint64{4}},
		"one action":         {func(q *web.AuditQuery) { q.Action = access.SignedIn }, 2, []uint64{2, 1}},
		"from a local day":   {func(q *web.AuditQuery) { q.From = day + 1 }, 2, []uint64{4, 3}},
		"to a local day":     {func(q *web.AuditQuery) { q.To = day }, 2, []uint64{2, 1}},
		"words":              {func(q *web.AuditQuery) { q.Sought = plan.Fold("HEAD 899") }, 1, []uint64{3}},
		"without diacritics": {func(q *web.AuditQuery) { q.Sought = plan.Fold("hoà ĐÔNG") }, 2, []uint64{4, 3}},
		"an address":         {func(q *web.AuditQuery) { q.Sought = plan.Fold("10.0.0.2") }, 2, []uint64{3, 2}},
		"nowhere":            {func(q *web.AuditQuery) { q.Sought = "hoax" }, 0, nil},
	} {
		q := web.AuditQuery{From: plan.NoDay, To: plan.NoDay}
		c.asked(&q)
		part, err := st.Audited(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var rows []uint64
		for _, r := range part.Rows {
			rows = append(rows, r.Seq)
		}
		if slices.Sort(part.Actors); part.All != 4 || part.Found != c.found || !slices.Equal(rows, c.rows) || len(part.Actions) != 3 || !slices.Equal(part.Actors, []string{"a\\n\tb\nc'", "lan", "minh"}) {
			t.Errorf("%s: rows %v of %d of %d, want %v of %d; actors %q, actions %q", name, rows, part.Found, part.All, c.rows, c.found, part.Actors, part.Actions)
		}
	}
}

// Writers of two processes take the same place at the same time, and the log has every event once, in one chain.
func TestAuditTwoWriters(t *testing.T) {
	dsn := enginetest.Database(t)
	const writers, each = 3, 8
	var stores []*schema.Store
	for range writers {
		st, err := schema.Open(t.Context(), dsn, "p")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		stores = append(stores, st)
	}
	if err := stores[0].Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for w, st := range stores {
		group.Go(func() {
			for i := range each {
				if _, err := st.Record(t.Context(), access.Event{At: auditTime, Actor: fmt.Sprint(w), Action: access.SignedIn, Detail: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	rows, marks := audited(t, stores[0])
	if p := access.Verify("p", rows, marks); len(p) != 0 {
		t.Error(p)
	}
	seen := map[string]int{}
	for _, r := range rows {
		seen[r.Actor+" "+r.Detail]++
	}
	if len(rows) != writers*each || len(seen) != writers*each {
		t.Errorf("%d rows, %d events, want %d", len(rows), len(seen), writers*each)
	}

	// Somebody takes the newest rows out, marks too: the log goes on, and shows the gap.
	own := connect(t, dsn)
	exec(t, own, "ALTER TABLE audit DELETE WHERE seq > 22 SETTINGS mutations_sync = 2")
	exec(t, own, "ALTER TABLE audit_mark DELETE WHERE seq > 22 SETTINGS mutations_sync = 2")
	if _, err := stores[1].Record(t.Context(), access.Event{At: auditTime, Actor: "after"}); err != nil {
		t.Fatal(err)
	}
	rows, marks = audited(t, stores[0])
	if p := access.Verify("p", rows, marks); len(p) != 1 || p[0].Text != "row 23 and those up to 24 are missing" {
		t.Error(p)
	}
}
