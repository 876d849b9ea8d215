package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/review"
	"tiendo/schema"
	"tiendo/schema/engine/enginetest"
)

var reviewWeek = plan.MustDay("2025-10-05")

// takeStep does what the program does: tell the audit log, then append.
func takeStep(t *testing.T, st *schema.Store, s review.Step) error {
	t.Helper()
	s.At, s.Week = auditTime, reviewWeek
	if _, err := st.Record(t.Context(), access.Event{At: s.At, Actor: s.By, Action: s.Kind, Subject: review.WeekName(s.Week), Detail: s.Told()}); err != nil {
		t.Fatal(err)
	}
	return st.AppendReview(t.Context(), s)
}

func verifyReview(t *testing.T, st *schema.Store) []access.Problem {
	t.Helper()
	_, _, found, err := st.VerifyReviews(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Whatever is done to a stored review, verification names the row or the pack.
func TestReviewTamper(t *testing.T) {
	st, own, board := migrated(t)
	body := []byte(`{"plan":"p","week":"2025-W40"}`)
	sha := access.BodyDigest(body)
	for range 2 { // the second changes nothing
		if err := st.SaveReviewPack(t.Context(), reviewWeek, sha, body, auditTime); err != nil {
			t.Fatal(err)
		}
	}
	if back, err := st.ReviewPack(t.Context(), sha); err != nil || string(back) != string(body) {
		t.Errorf("%s: %v", back, err)
	}
	if back, err := st.For("another").ReviewPack(t.Context(), sha); err != nil || back != nil {
		t.Errorf("another plan has the pack: %s, %v", back, err)
	}
	pack := review.Entry{Pack: sha}
	for _, s := range []review.Step{{By: "schedule", Kind: review.Made, Entry: pack}, {By: "ra-soat", Kind: review.Commented, Entry: review.Entry{Text: "Đề nghị giải trình"}},
		{By: "ra-soat", Kind: review.Proposed, Entry: pack}, {By: "phe-duyet", Kind: review.Signed, Entry: pack}} {
		if err := takeStep(t, st, s); err != nil {
			t.Fatal(err)
		}
	}
	if p := verifyReview(t, st); len(p) > 0 {
		t.Fatalf("as written: %v", p)
	}
	for _, table := range []string{"review_log", "review_mark", "review_pack"} {
		if err := connect(t, board).Exec(t.Context(), "SELECT count() FROM "+table); err == nil {
			t.Errorf("boards can read %s", table)
		}
	}
	for _, table := range []string{"review_log", "review_pack"} {
		exec(t, own, "CREATE TABLE kept_"+table+" AS "+table+" ENGINE = MergeTree ORDER BY plan", "INSERT INTO kept_"+table+" SELECT * FROM "+table)
	}
	restore := func() {
		for _, table := range []string{"review_log", "review_pack"} {
			exec(t, own, "TRUNCATE TABLE "+table, "INSERT INTO "+table+" SETTINGS insert_deduplicate = 0 SELECT * FROM kept_"+table)
		}
	}
	check := func(name, mustSay string, tamper ...string) {
		t.Helper()
		restore()
		exec(t, own, tamper...)
		problems := verifyReview(t, st)
		if len(problems) == 0 || !strings.HasPrefix(problems[0].Text, mustSay) {
			t.Errorf("%s: %v, want %q first", name, problems, mustSay)
		}
	}
	const at = " SETTINGS mutations_sync = 2"
	columns := lines(t, own, "SELECT name || ' ' || type FROM system.columns WHERE database = currentDatabase() AND table = 'review_log' AND name NOT IN ('plan', 'seq') ORDER BY position")
	if len(columns) != 8 {
		t.Fatalf("columns %v", columns)
	}
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		other := name + " || 'x'"
		if strings.HasPrefix(kind, "DateTime64") {
			other = name + " + INTERVAL 1 MILLISECOND"
		}
		check(name, "row 3 was changed", "ALTER TABLE review_log UPDATE "+name+" = "+other+" WHERE seq = 3"+at)
	}
	check("taken out", "row 2 is missing", "ALTER TABLE review_log DELETE WHERE seq = 2"+at)
	check("cut at the end", "row 4 was the newest once", "ALTER TABLE review_log DELETE WHERE seq = 4"+at)
	check("put in twice", "row 2 is there more than once", "INSERT INTO review_log SETTINGS insert_deduplicate = 0 SELECT * FROM kept_review_log WHERE seq = 2")
	check("a pack changed", "pack "+sha[:12]+" was changed", "ALTER TABLE review_pack UPDATE body = replaceOne(body, 'W40', 'W41') WHERE 1"+at)
	check("a pack taken out", "row 1, review_made of 2025-W40: its pack", "ALTER TABLE review_pack DELETE WHERE 1"+at)
	check("a pack put in", "pack "+access.BodyDigest([]byte("x"))[:12]+" was put in", "INSERT INTO review_pack SELECT plan, week, '"+access.BodyDigest([]byte("x"))+"', 'x', made_at FROM kept_review_pack")
	check("the signature taken out, mark too", "row 4 of the audit log tells of review_signed of 2025-W40 by phe-duyet", "ALTER TABLE review_log DELETE WHERE seq = 4"+at, "ALTER TABLE review_mark DELETE WHERE seq = 4"+at)
	restore()
	exec(t, own, "INSERT INTO review_mark SELECT plan, seq, hash FROM kept_review_log WHERE seq = 4")
	if p := verifyReview(t, st); len(p) > 0 {
		t.Errorf("as written again: %v", p)
	}
}

// Two processes sign the same week at the same moment: one of them does, the other is told that it may not.
func TestReviewTwoWriters(t *testing.T) {
	dsn := enginetest.Database(t)
	var stores []*schema.Store
	for range 4 {
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
	pack := review.Entry{Pack: access.BodyDigest(nil)}
	for _, s := range []review.Step{{By: "schedule", Kind: review.Made, Entry: pack}, {By: "ra-soat", Kind: review.Proposed, Entry: pack}} {
		if err := takeStep(t, stores[0], s); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	results := make([]error, len(stores))
	for i, st := range stores {
		group.Go(func() {
			results[i] = st.AppendReview(t.Context(), review.Step{At: auditTime, By: fmt.Sprint("phe-duyet-", i), Kind: review.Signed, Week: reviewWeek, Entry: pack})
		})
	}
	group.Wait()
	signed := 0
	for _, err := range results {
		if err == nil {
			signed++
		} else if !errors.Is(err, review.ErrState) {
			t.Error(err)
		}
	}
	rows, err := stores[0].ReviewLog(t.Context())
	if err != nil || signed != 1 || len(rows) != 3 {
		t.Errorf("%d signed, %d rows: %v", signed, len(rows), err)
	}
	if l, err := review.Read(rows); err != nil || l.Course(reviewWeek).State != review.Final {
		t.Errorf("%v", err)
	}
}
