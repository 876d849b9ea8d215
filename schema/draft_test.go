package schema_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
)

func TestDrafts(t *testing.T) {
	st, _, board := migrated(t)
	a := draft.Key{Form: "BM-XHS-01", Unit: plan.UnitKey{Code: "30787", From: plan.NoDay}, Period: "2025-Q2"}
	b := draft.Key{Form: "BM-XHS-01", Unit: plan.UnitKey{Code: "30787", From: plan.MustDay("2025-07-01")}, Period: "2025-Q2"} // another unit with the code
	event := func(k draft.Key, version uint64, do draft.Action, id string) draft.Event {
		return draft.Event{Key: k, Version: version, ID: id, Action: do, SHA256: "s" + id, Reason: "vì “thế”", By: "officer", At: auditTime}
	}
	all := []draft.Event{event(a, 1, draft.Saved, "1"), event(a, 2, draft.Submitted, "2"), event(b, 1, draft.Saved, "3")}
	for _, e := range all {
		if err := st.AppendDraft(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []uint64{1, 2, 4} {
		if err := st.AppendDraft(t.Context(), event(a, version, draft.Withdrawn, "x")); !errors.Is(err, draft.ErrTaken) {
			t.Errorf("version %d behind 2: %v", version, err)
		}
	}
	for name, c := range map[string]struct {
		q    draft.Query
		want []draft.Event
	}{
		"all":      {draft.Query{}, all},
		"newest":   {draft.Query{Newest: true}, all[1:]},
		"of one":   {draft.Query{Form: a.Form, Unit: &a.Unit, Period: a.Period}, all[:2]},
		"of other": {draft.Query{Unit: &b.Unit}, all[2:]},
		"of none":  {draft.Query{Form: "BM"}, nil},
	} {
		got, err := st.Drafts(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if got, err := st.For("other").Drafts(t.Context(), draft.Query{}); err != nil || len(got) > 0 {
		t.Errorf("another plan has %v, %v", got, err)
	}

	body := []byte(`{"rows":[{"row":8,"cells":["Đ"]}]}`)
	for range 2 {
		if err := st.KeepBody(t.Context(), a, body, "officer", auditTime); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := st.Body(t.Context(), a, draft.Sum(body)); err != nil || string(got) != string(body) {
		t.Errorf("body %s, %v", got, err)
	}
	for name, k := range map[string]draft.Key{"another unit": b, "another form": {Form: "BM-XHS-03", Unit: a.Unit, Period: a.Period}, "another period": {Form: a.Form, Unit: a.Unit, Period: "2025-Q1"}} {
		if got, err := st.Body(t.Context(), k, draft.Sum(body)); err != nil || got != nil {
			t.Errorf("%s has the body: %s, %v", name, got, err)
		}
	}
	for _, table := range []string{"draft", "draft_body"} {
		if err := connect(t, board).Exec(t.Context(), "SELECT count() FROM "+table); err == nil {
			t.Errorf("boards can read %s", table)
		}
	}
}

// Of many who act at the same time on the same draft one does, and the others are told so.
func TestOneActs(t *testing.T) {
	st, _, _ := migrated(t)
	k := draft.Key{Form: "BM-XHS-01", Unit: plan.UnitKey{Code: "30787", From: plan.NoDay}, Period: "2025-Q2"}
	got := make([]error, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			got[i] = st.AppendDraft(t.Context(), draft.Event{Key: k, Version: 1, ID: fmt.Sprint(i), Action: draft.Saved, By: "officer", At: auditTime})
		})
	}
	wg.Wait()
	done := slices.IndexFunc(got, func(err error) bool { return err == nil })
	events, err := st.Drafts(t.Context(), draft.Query{})
	if err != nil || done < 0 || len(events) != 1 || events[0].ID != fmt.Sprint(done) {
		t.Fatalf("%v by %d: %v, %v", events, done, got, err)
	}
	for i, err := range got {
		if i != done && !errors.Is(err, draft.ErrTaken) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
