package review_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/review"
)

var (
	signTime = time.Date(2025, 6, 30, 1, 2, 3, 456_000_000, time.UTC)
	packA    = strings.Repeat("a", 64)
	packB    = strings.Repeat("b", 64)
)

// steps are written in short: kind, who, pack or words.
func step(kind, by, says string) review.Step {
	s := review.Step{At: signTime, By: by, Kind: kind, Week: week}
	switch kind {
	case review.Made, review.Proposed, review.Signed:
		s.Pack = says
	case review.Returned:
		s.Pack, s.Text = says, "thiếu giải trình"
	case review.ActionAdded:
		owner, due := unit("10"), week+14
		s.Text, s.Owner, s.Due = says, &owner, &due
	default:
		s.Text = says
	}
	return s
}

func with(s review.Step, change func(*review.Step)) review.Step {
	change(&s)
	return s
}

func TestWhatFollowsOnWhat(t *testing.T) {
	made, proposed, returned, signed := step(review.Made, "schedule", packA), step(review.Proposed, "ra-soat", packA), step(review.Returned, "phe-duyet", packA), step(review.Signed, "phe-duyet", packA)
	action := step(review.ActionAdded, "ra-soat", "Rà soát hồ sơ quá hạn")
	done := step(review.ActionDone, "ra-soat", "")
	done.Action = 1
	other := func(s *review.Step) { s.Week -= 7 }
	for _, c := range []struct {
		name  string
		steps []review.Step // only the last may be refused
		err   error
		state review.State
	}{
		{"made", []review.Step{made}, nil, review.Draft},
		{"made again", []review.Step{made, step(review.Made, "x", packB)}, nil, review.Draft},
		{"proposed", []review.Step{made, proposed}, nil, review.BeforeSigner},
		{"signed", []review.Step{made, proposed, signed}, nil, review.Final},
		{"returned", []review.Step{made, proposed, returned}, nil, review.SentBack},
		{"returned, made and proposed again", []review.Step{made, proposed, returned, made, proposed, signed}, nil, review.Final},
		{"proposed before it was made", []review.Step{proposed}, review.ErrState, ""},
		{"proposed for another week", []review.Step{made, with(proposed, other)}, review.ErrState, ""},
		{"proposed with another pack", []review.Step{made, step(review.Proposed, "ra-soat", packB)}, review.ErrState, ""},
		{"proposed twice", []review.Step{made, proposed, proposed}, review.ErrState, ""},
		{"proposed after a return, not made again", []review.Step{made, proposed, returned, proposed}, review.ErrState, ""},
		{"made while the approver reads", []review.Step{made, proposed, step(review.Made, "x", packB)}, review.ErrState, ""},
		{"made after the signature", []review.Step{made, proposed, signed, step(review.Made, "x", packB)}, review.ErrState, ""},
		{"signed, not proposed", []review.Step{made, signed}, review.ErrState, ""},
		{"signed with another pack", []review.Step{made, proposed, step(review.Signed, "phe-duyet", packB)}, review.ErrState, ""},
		{"signed twice", []review.Step{made, proposed, signed, signed}, review.ErrState, ""},
		{"signed by who proposed", []review.Step{made, proposed, step(review.Signed, "ra-soat", packA)}, review.ErrSelf, ""},
		{"returned after the signature", []review.Step{made, proposed, signed, returned}, review.ErrState, ""},
		{"returned without a reason", []review.Step{made, proposed, with(returned, func(s *review.Step) { s.Text = " " })}, review.ErrContent, ""},
		{"a pack that is no hash", []review.Step{step(review.Made, "x", "a")}, review.ErrContent, ""},
		{"nobody", []review.Step{with(made, func(s *review.Step) { s.By = "" })}, review.ErrContent, ""},
		{"an unknown step", []review.Step{step("review_x", "x", "")}, review.ErrContent, ""},
		{"a comment before all", []review.Step{step(review.Commented, "x", "Đề nghị xem lại")}, nil, review.Unmade},
		{"a comment after the signature", []review.Step{made, proposed, signed, step(review.Commented, "x", "Đã rõ")}, nil, review.Final},
		{"a comment on a figure", []review.Step{with(step(review.Commented, "x", "a"), func(s *review.Step) { u := unit("10"); s.Indicator, s.Unit = "A-1", &u })}, nil, review.Unmade},
		{"a comment on half a figure", []review.Step{with(step(review.Commented, "x", "a"), func(s *review.Step) { s.Indicator = "A-1" })}, review.ErrContent, ""},
		{"an empty comment", []review.Step{step(review.Commented, "x", "\n")}, review.ErrContent, ""},
		{"a comment as long as may be", []review.Step{step(review.Commented, "x", strings.Repeat("ệ", review.MostText))}, nil, review.Unmade},
		{"a comment too long", []review.Step{step(review.Commented, "x", strings.Repeat("ệ", review.MostText+1))}, review.ErrContent, ""},
		{"a comment with a pack", []review.Step{with(step(review.Commented, "x", "a"), func(s *review.Step) { s.Pack = packA })}, review.ErrContent, ""},
		{"an action", []review.Step{action}, nil, review.Unmade},
		{"an action for nobody", []review.Step{with(action, func(s *review.Step) { s.Owner = nil })}, review.ErrContent, ""},
		{"an action for no day", []review.Step{with(action, func(s *review.Step) { d := plan.NoDay; s.Due = &d })}, review.ErrContent, ""},
		{"an action done", []review.Step{action, done}, nil, review.Unmade},
		{"an action done twice", []review.Step{action, done, done}, review.ErrState, ""},
		{"an action of another week done", []review.Step{action, with(done, other)}, review.ErrState, ""},
		{"no action done", []review.Step{done}, review.ErrState, ""},
	} {
		l := &review.Log{}
		for i, s := range c.steps {
			s.Seq = uint64(i + 1)
			err := l.Take(s)
			if last := i == len(c.steps)-1; last && !errors.Is(err, c.err) || !last && err != nil || c.err == nil && err != nil {
				t.Errorf("%s: step %d: %v, want %v", c.name, i+1, err, c.err)
			}
		}
		if c.err == nil && l.Course(week).State != c.state {
			t.Errorf("%s: state %q", c.name, l.Course(week).State)
		}
	}
}

// logged writes steps as the program does: the audit log first, then the log of reviews.
func logged(steps ...review.Step) (rows []access.Row, marks []access.Mark, audit []access.Row) {
	var prev, told access.Row
	for _, s := range steps {
		told = access.Chain("p", told, access.Event{At: s.At.Add(time.Hour), Actor: s.By, Action: s.Kind, Subject: review.WeekName(s.Week), Address: "10.0.0.1", Detail: s.Told()})
		audit = append(audit, told)
		prev = access.Chain("p", prev, s.Event())
		rows = append(rows, prev)
		marks = append(marks, access.Mark{Seq: prev.Seq, Hash: prev.Hash})
	}
	return rows, marks, audit
}

// keptPack is a pack with something in every part of it.
func keptPack(t *testing.T) review.Kept {
	p := little(t)
	now := []review.Assessment{result(week, "A-1", "10", progress.AtRisk, "60.0000000001"), result(week, "A-1", "1", progress.Met, "100"), result(before, "A-1", "10", progress.Behind, "59")}
	now[1].Outcomes = []review.Outcome{{Milestone: plan.MustDay("2023-12-31"), Outcome: progress.OutcomeMissed, Value: now[0].Value}}
	was := []review.Assessment{result(before, "A-1", "10", progress.AtRisk, "61")}
	now[2].KnownAt = now[2].KnownAt.Add(100 * time.Hour)
	in := review.Input{AsOf: week, Results: now, Tallies: tallies(now), Known: was, ReviewedOn: review.Monday(week), KeptFrom: week - 100,
		Standings: []review.Standing{{Level: now[0].Level, Unit: unit("10"), AsOf: week, Rank: 1, Of: 2, Counts: map[progress.Status]int{progress.Met: 1, progress.Behind: 2}, Overall: progress.Behind}},
		Reports:   []review.Report{{Indicator: "A-1", Form: "BM", Unit: unit("10"), Level: now[0].Level, End: week - 20, LateFrom: week - 3, Later: plan.NoDay}}}
	c := &review.Course{Week: week, Comments: []review.Step{step(review.Commented, "x", "Số liệu <b> & “chấm”")}, Actions: []*review.Action{{Step: step(review.ActionAdded, "x", "Việc")}}}
	k := review.Keep(p, review.Week(p, in), c, review.Monday(week), signTime)
	commune := result(week, "B-1", "101", progress.Met, "80")
	commune.Outcomes = []review.Outcome{{Milestone: plan.MustDay("2023-12-31"), Outcome: progress.OutcomeMet}, {Milestone: plan.MustDay("2024-12-31"), Outcome: progress.OutcomePending}, {Milestone: plan.MustDay("2025-12-31"), Outcome: progress.OutcomeNone}}
	k.Verdicts = review.Verdicts([]review.Assessment{commune})
	return k
}

func TestAPackIsReadBackToTheByte(t *testing.T) {
	k := keptPack(t)
	if k.Pack.Pairs == nil || k.Pack.Restated == nil || k.Pack.Late == nil || k.Pack.Movements == nil || k.Pack.Outlook == nil {
		t.Fatalf("the pack shows too little: %+v", k.Pack)
	}
	body, sha, err := k.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := review.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(k, back); diff != "" {
		t.Errorf("(-kept +read):\n%s", diff)
	}
	again, sha2, err := back.Encode()
	if err != nil || string(again) != string(body) || sha2 != sha || len(sha) != 64 {
		t.Errorf("another text: %v\n%s\n%s", err, body, again)
	}
	for _, holds := range []string{`"60.0000000001"`, `“chấm”`, `<b> &`, `"made_at":"2025-06-30T01:02:03.456Z"`, `"method_versions":["m1"]`} {
		if !strings.Contains(string(body), holds) {
			t.Errorf("the pack does not hold %s: %s", holds, body)
		}
	}
	later := k
	later.MadeAt = later.MadeAt.Add(time.Hour)
	if !later.Says(k) {
		t.Error("made later, the same pack is another")
	}
	later.Comments = nil
	if later.Says(k) {
		t.Error("a pack without its comment is the same")
	}
}

func TestWhichOutcomesAPackHolds(t *testing.T) {
	k := keptPack(t)
	for _, c := range []struct {
		indicator, unit, milestone string
		want                       progress.Outcome
	}{
		{"A-1", "1", "2023-12-31", progress.OutcomeMissed}, {"B-1", "101", "2023-12-31", progress.OutcomeMet},
		{"B-1", "101", "2024-12-31", ""}, {"B-1", "101", "2025-12-31", ""}, {"A-1", "10", "2023-12-31", ""}, {"A-1", "101", "2023-12-31", ""}, {"A-1", "1", "2025-12-31", ""},
	} {
		got := k.Outcome(c.indicator, unit(c.unit), plan.MustDay(c.milestone))
		if (got == nil) != (c.want == "") || got != nil && got.Outcome != c.want {
			t.Errorf("%s %s %s: %+v, want %q", c.indicator, c.unit, c.milestone, got, c.want)
		}
	}
}

func TestDifferences(t *testing.T) {
	k := keptPack(t)
	p := little(t)
	now := review.Week(p, review.Input{AsOf: week, Results: []review.Assessment{result(week, "A-1", "10", progress.Behind, "55"), result(week, "A-1", "1", progress.Met, "100", func(a *review.Assessment) { a.Outcomes = k.Pack.Pairs[0].Now.Outcomes })}})
	got := review.Differences(p, &k.Pack, &now)
	if len(got) != 1 || got[0].Was.Status != progress.AtRisk || got[0].Now.Status != progress.Behind || got[0].Moved().String() != "-5.0000000001" {
		t.Errorf("%+v", got)
	}
	if same := review.Differences(p, &k.Pack, &k.Pack); len(same) != 0 {
		t.Errorf("a pack differs from itself: %+v", same)
	}
}

// whole is a log in which every kind of step is, and its packs.
func whole(t *testing.T) (steps []review.Step, packs []review.Stored) {
	body, sha, err := keptPack(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	done := step(review.ActionDone, "ra-soat", "Đã xong")
	done.Action = 3
	return []review.Step{step(review.Made, "schedule", sha), step(review.Commented, "ra-soat", "Một"), step(review.ActionAdded, "ra-soat", "Hai"), step(review.Proposed, "ra-soat", sha),
		step(review.Returned, "phe-duyet", sha), step(review.Made, "ra-soat", sha), step(review.Proposed, "ra-soat", sha), done, step(review.Signed, "phe-duyet", sha)}, []review.Stored{{SHA256: sha, Body: body}}
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	steps, packs := whole(t)
	sha := packs[0].SHA256
	says := func(name, want string, rows []access.Row, marks []access.Mark, packs []review.Stored, audit []access.Row) {
		t.Helper()
		got := review.Verify("p", rows, marks, packs, audit)
		switch {
		case want == "" && len(got) > 0:
			t.Errorf("%s: %v", name, got)
		case want != "" && !slices.ContainsFunc(got, func(p access.Problem) bool { return strings.HasPrefix(p.Text, want) }):
			t.Errorf("%s: %v, want %q", name, got, want)
		}
	}
	rows, marks, audit := logged(steps...)
	n := len(rows)
	says("as written", "", rows, marks, packs, audit)
	if l, err := review.Read(rows); err != nil || l.Course(week).State != review.Final || l.Course(week).Number != 1 || l.Course(week).Actions[0].Done == nil || len(l.Courses()) != 1 {
		t.Errorf("%+v: %v", l.Course(week), err)
	}
	says("nothing", "", nil, nil, nil, nil)
	says("cut, marks cut too", fmt.Sprintf("row %d of the audit log tells of review_signed of 2025-W26 by phe-duyet", n), rows[:n-1], marks[:n-1], packs, audit)
	says("cut", fmt.Sprintf("row %d was the newest once", n), rows[:n-1], marks, packs, audit)
	says("emptied, with marks and packs", "row 2 of the audit log tells of review_comment", nil, nil, nil, audit)
	says("the audit log says nothing", "row 9, review_signed of 2025-W26 by phe-duyet: the audit log does not tell of it", rows, marks, packs, audit[:n-1])
	says("a pack taken out", "row 1, review_made of 2025-W26: its pack "+sha[:12]+" is missing", rows, marks, nil, audit)
	says("a pack put in", "pack aaaaaaaaaaaa was put in", rows, marks, append(slices.Clone(packs), review.Stored{SHA256: packA, Body: nil}), audit)
	says("a pack changed", "pack "+sha[:12]+" was changed", rows, marks, []review.Stored{{SHA256: sha, Body: []byte(strings.Replace(string(packs[0].Body), "60.0", "61.0", 1))}}, audit)

	forged := slices.Insert(slices.Clone(steps), n-1, step(review.Commented, "x", "Chen vào"))
	rows2, marks2, _ := logged(forged...)
	says("all written anew with a step put in", fmt.Sprintf("row %d, review_comment of 2025-W26 by x: the audit log does not tell", n), rows2, marks2, packs, audit)
	rows2, marks2, audit2 := logged(slices.Delete(slices.Clone(steps), 3, 4)...)
	says("never proposed", "row 4 could not have been taken", rows2, marks2, packs, audit2)
	told := access.Chain("p", audit[n-1], access.Event{At: signTime, Actor: "b", Action: review.Signed, Subject: "2025-W26", Detail: with(steps[n-1], func(s *review.Step) { s.By = "b" }).Told()})
	says("told of, not taken", fmt.Sprintf("row %d of the audit log", n+1), rows, marks, packs, append(slices.Clone(audit), told))
	withdrawn := access.Chain("p", told, access.Event{At: signTime, Actor: "b", Action: review.Withdrawn, Subject: "2025-W26", Detail: review.Signed + " " + told.Detail})
	says("told of, and withdrawn", "", rows, marks, packs, append(slices.Clone(audit), told, withdrawn))
	says("told of twice", "", rows, marks, packs, append(slices.Clone(audit), access.Chain("p", audit[n-1], audit[n-1].Event)))
}

// Whatever one thing is changed anywhere, verification says so, and for the log it names the row.
func TestVerifyProperty(t *testing.T) {
	steps, packs := whole(t)
	rows, marks, audit := logged(steps...)
	rapid.Check(t, func(t *rapid.T) {
		changed, kept := slices.Clone(rows), slices.Clone(packs)
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		r := &changed[i]
		switch what := rapid.IntRange(0, 9).Draw(t, "what"); what {
		case 0:
			r.Actor += "x"
		case 1:
			r.At = r.At.Add(time.Duration(1+rapid.IntRange(0, 1e6).Draw(t, "ms")) * time.Millisecond)
		case 2:
			r.Action = review.Commented + "x"
		case 3:
			r.Subject = "2025-W25"
		case 4:
			at := rapid.IntRange(0, len(r.Detail)-1).Draw(t, "at")
			r.Detail = r.Detail[:at] + "~" + r.Detail[at+1:]
		case 5:
			r.Address = "10.0.0.9"
		case 6:
			r.Hash = strings.Repeat("0", 64)
		case 7:
			changed = slices.Delete(changed, i, i+1)
		case 8:
			changed = slices.Insert(changed, i, changed[i])
		case 9:
			body := slices.Clone(kept[0].Body)
			body[rapid.IntRange(0, len(body)-1).Draw(t, "at")] ^= 1
			kept[0].Body = body
			if got := review.Verify("p", rows, marks, kept, audit); len(got) != 1 || !strings.HasPrefix(got[0].Text, "pack "+packs[0].SHA256[:12]) {
				t.Fatalf("pack changed: %v", got)
			}
			return
		}
		row := uint64(i + 1)
		got := review.Verify("p", changed, marks, kept, audit)
		if !slices.ContainsFunc(got, func(p access.Problem) bool { return p.Seq == row }) {
			t.Fatalf("row %d: %v", row, got)
		}
	})
}
