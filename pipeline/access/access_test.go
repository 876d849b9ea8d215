package access

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
)

var (
	here  = plan.UnitKey{Code: "899", From: plan.NoDay}
	there = plan.UnitKey{Code: "900", From: plan.NoDay}
	later = plan.UnitKey{Code: "899", From: plan.MustDay("2025-07-01")} // the same code, another unit
)

// Every action, role and unit. o: own unit only, a: every unit, -: none.
func TestMay(t *testing.T) {
	want := map[Action]string{ // viewer officer head reviewer approver admin
		Accounts:     "- - - - - a",
		Comment:      "- o o a a -",
		Contest:      "- o o - - -",
		DraftConfirm: "- - o - a -",
		DraftRead:    "- o o a a -",
		DraftWrite:   "- o - a - -",
		Finish:       "- - o a - -",
		Propose:      "- - - a - -",
		ReadAudit:    "- - - - a a",
		ReadRegister: "- o o a a a",
		Redrive:      "- - - a - -",
		Register:     "- - - a - -",
		Settle:       "- - - - a -",
		Sign:         "- - - - a -",
		View:         "a a a a a a",
	}
	if len(want) != len(may) {
		t.Fatalf("%d actions, %d are tested", len(may), len(want))
	}
	for _, do := range Actions() {
		columns := strings.Fields(want[do])
		if len(columns) != len(Roles) {
			t.Fatalf("%s: %d columns", do, len(columns))
		}
		for i, role := range Roles {
			a := Account{Name: "lan", Role: role}
			if role.OfUnit() {
				a.Unit = here
			}
			for _, unit := range []plan.UnitKey{here, there, later, {}} {
				expect := columns[i] == "a" || columns[i] == "o" && unit == here
				if got := May(a, do, unit); got != expect {
					t.Errorf("%s: %s of unit %q, by the account of unit %q: %v", role, do, unit, a.Unit, got)
				}
				a.Disabled = true
				if May(a, do, unit) {
					t.Errorf("%s: a disabled account may %s", role, do)
				}
				a.Disabled = false
			}
		}
	}
	for name, a := range map[string]Account{
		"nobody":                 {},
		"no role":                {Name: "lan"},
		"a role there is not":    {Name: "lan", Role: "root"},
		"an officer of no unit":  {Name: "lan", Role: Officer},
		"an approver with unit":  {Name: "lan", Role: Approver, Unit: here},
		"a name that is no name": {Name: "../x", Role: Admin},
	} {
		for _, do := range append(Actions(), "", "nothing") {
			if May(a, do, plan.UnitKey{}) || May(a, do, here) {
				t.Errorf("%s may %s", name, do)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{"lan": true, "nguyen.van-a_1": true, "la": false, "": false, "Lan": false, "1an": false, "lan.": false, "lân": false, "a b": false, "a\nb": false,
		strings.Repeat("a", 64): true, strings.Repeat("a", 65): false} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	if FoldName(" Lan ") != "lan" {
		t.Error("a name typed with capitals and spaces is another one")
	}
}

// A fresh password is one that its accounts may have, and no two are alike.
func TestFreshPasswords(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		p := FreshPassword("aa", "xem")
		if seen[p] || CheckPassword("xem", p) != nil || CheckPassword("aa", p) != nil {
			t.Errorf("%q: %v", p, CheckPassword("xem", p))
		}
		seen[p] = true
	}
}

func TestPasswords(t *testing.T) {
	for password, says := range map[string]string{
		"bốn từ dễ nhớ":          "",
		"ngắn quá":               "too short",
		"mười một ký":            "too short",
		strings.Repeat("ab", 10): "repeats",
		"xin chào LAN nhé":       "holds the account's name",
		strings.Repeat("ă", 200): "too long",
		"not \xff utf-8 at all":  "not UTF-8",
	} {
		err := CheckPassword("lan", password)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", password, err, says)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("the error holds the password: %v", err)
		}
	}

	const password = "bốn từ dễ nhớ"
	hash := Hash(password)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || hash == Hash(password) {
		t.Errorf("hash %s", hash)
	}
	if !Matches(hash, password) || !Matches(hash, "bô\u0301n tư\u0300 dễ nhớ") {
		t.Error("the password, composed or not, does not match its hash")
	}
	if Matches(hash, password+" ") || Matches(hash, "") {
		t.Error("another password matches")
	}
	// A hash of other parameters still counts: the parameters are the hash's own.
	if older := (cost{memoryKiB: 64, passes: 1, threads: 2}).hash(password, []byte("0123456789abcdef")); !Matches(older, password) {
		t.Error("a hash with other parameters does not match")
	}
	// The parts are what the library makes of them.
	salt := []byte("0123456789abcdef")
	if got := costNow.key(password, salt, keyBytes); !slices.Equal(got, argon2.IDKey([]byte(password), salt, 2, 19456, 1, 32)) {
		t.Error("the key is another one")
	}
	for _, bad := range []string{"", password, "$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAA", strings.Replace(hash, "v=19", "v=16", 1), strings.Replace(hash, "m=19456", "m=4294967295", 1),
		strings.Replace(hash, "t=2", "t=0", 1), strings.Replace(hash, "p=1", "p=0", 1), hash[:len(hash)-4], hash + "$"} {
		if Matches(bad, password) {
			t.Errorf("hash %q matches", bad)
		}
	}
}

func TestThrottle(t *testing.T) {
	now := time.Date(2025, 10, 6, 8, 0, 0, 0, plan.Zone)
	th := NewThrottle(func() time.Time { return now })
	for i := range failuresOfName {
		if w, _ := th.Attempt("lan", "10.0.0.1"); w != 0 {
			t.Fatalf("attempt %d waits %s", i+1, w)
		}
	}
	if w, first := th.Attempt("lan", "10.0.0.2"); w != firstWait || !first {
		t.Errorf("the name waits %s from another address, first %v", w, first)
	}
	if w, _ := th.Attempt("minh", "10.0.0.1"); w != 0 {
		t.Errorf("another name of the same office waits %s", w)
	}
	now = now.Add(firstWait)
	if w, _ := th.Attempt("lan", "10.0.0.2"); w != 0 {
		t.Errorf("after the wait it waits %s", w)
	}
	if w, _ := th.Attempt("lan", "10.0.0.2"); w != 2*firstWait {
		t.Errorf("the second wait is %s", w)
	}
	for range 100 { // waiting does not make the wait longer, and is told of once
		if _, first := th.Attempt("lan", "10.0.0.2"); first {
			t.Error("told again that it waits")
		}
	}
	now = now.Add(2 * firstWait)
	if w, _ := th.Attempt("lan", "10.0.0.2"); w != 0 {
		t.Errorf("after the second wait it waits %s", w)
	}
	th.Succeeded("lan", "10.0.0.2")
	if w, _ := th.Attempt("lan", "10.0.0.2"); w != 0 {
		t.Errorf("after a sign-in it waits %s", w)
	}
	for i := range 100 { // many names from one address
		th.Attempt(fmt.Sprintf("name%d", i), "10.0.0.9")
	}
	if w, _ := th.Attempt("other", "10.0.0.9"); w == 0 {
		t.Error("one address may try any number of names")
	}
	if w := delay(1000, failuresOfName); w != longestWait {
		t.Errorf("the longest wait is %s", w)
	}
	now = now.Add(forgotten + time.Second)
	if w, _ := th.Attempt("other", "10.0.0.9"); w != 0 {
		t.Errorf("the next day it waits %s", w)
	}
	for i := range 2 * mostTracked {
		th.Attempt(fmt.Sprintf("n%d", i), fmt.Sprintf("a%d", i))
	}
	if len(th.seen) > mostTracked+1 {
		t.Errorf("%d keys are kept", len(th.seen))
	}
}

func log(n int) ([]Row, []Mark) {
	var rows []Row
	var marks []Mark
	var last Row
	for i := range n {
		last = Chain("p", last, Event{At: time.UnixMilli(int64(1_760_000_000_000 + i)), Actor: "lan", Action: SignedIn, Subject: "lan", Address: "10.0.0.1", Detail: fmt.Sprint(i)})
		rows, marks = append(rows, last), append(marks, Mark{last.Seq, last.Hash})
	}
	return rows, marks
}

func TestVerify(t *testing.T) {
	again := func(r Row) Row { r.Hash = r.Digest(); return r } // by somebody who knows how
	for name, c := range map[string]struct {
		tamper func([]Row) []Row
		says   []string
	}{
		"as written":             {func(r []Row) []Row { return r }, nil},
		"other order of storage": {func(r []Row) []Row { slices.Reverse(r); return r }, nil},
		"changed":                {func(r []Row) []Row { r[2].Actor = "minh"; return r }, []string{"row 3 was changed"}},
		"changed and hashed anew": {func(r []Row) []Row { r[2].Actor = "minh"; r[2] = again(r[2]); return r },
			[]string{"row 3 is not the one that was noted", "row 4 does not follow row 3"}},
		"exchanged": {func(r []Row) []Row { r[2].Event, r[3].Event = r[3].Event, r[2].Event; return r }, []string{"row 3 was changed", "row 4 was changed"}},
		"exchanged in their places": {func(r []Row) []Row { r[2].Seq, r[3].Seq = 4, 3; return r },
			[]string{"row 3 was changed", "row 3 does not follow row 2", "row 3 is not the one that was noted", "row 4 was changed", "row 4 does not follow row 3", "row 4 is not the one that was noted", "row 5 does not follow row 4"}},
		"one missing":                  {func(r []Row) []Row { return slices.Delete(r, 2, 3) }, []string{"row 3 is missing"}},
		"more missing":                 {func(r []Row) []Row { return slices.Delete(r, 1, 4) }, []string{"row 2 and those up to 4 are missing"}},
		"the first missing":            {func(r []Row) []Row { return r[1:] }, []string{"row 1 is missing"}},
		"cut at the end":               {func(r []Row) []Row { return r[:3] }, []string{"row 4 was the newest once, and the log ends at 3", "row 5 was the newest once, and the log ends at 3"}},
		"all gone":                     {func(r []Row) []Row { return nil }, []string{"row 1 was", "row 2 was", "row 3 was", "row 4 was", "row 5 was"}},
		"put in":                       {func(r []Row) []Row { return append(r, again(Row{Plan: "p", Seq: 3, Prev: r[1].Hash})) }, []string{"row 3 is there more than once"}},
		"put in before the first":      {func(r []Row) []Row { return append(r, again(Row{Plan: "p"})) }, []string{"row 0 was put in"}},
		"put in at the end by another": {func(r []Row) []Row { return append(r, Row{Plan: "p", Seq: 6, Prev: r[4].Hash, Hash: "x"}) }, []string{"row 6 was changed"}},
		"forked":                       {func(r []Row) []Row { return append(r, Chain("p", r[3], Event{Actor: "minh"})) }, []string{"row 5 is there more than once"}},
		"of another plan":              {func(r []Row) []Row { r[2].Plan = "q"; return r }, []string{"row 3 belongs to plan \"q\"", "row 3 was changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, marks := log(5)
			var got []string
			for _, p := range Verify("p", c.tamper(rows), marks) {
				got = append(got, p.Text)
			}
			ok := len(got) == len(c.says)
			for i := range min(len(got), len(c.says)) {
				ok = ok && strings.HasPrefix(got[i], c.says[i])
			}
			if !ok {
				t.Error(cmp.Diff(c.says, got))
			}
		})
	}
}

// Two events give the same hash only if they are the same, however their parts run into each other.
func TestDigestsTellRowsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00\n")), 0, 3, -1)
		row := func(label string) Row {
			return Row{Plan: word.Draw(t, label), Seq: rapid.Uint64Range(1, 3).Draw(t, label), Event: Event{At: time.UnixMilli(rapid.Int64Range(0, 2).Draw(t, label)), Actor: word.Draw(t, label), Action: word.Draw(t, label),
				Subject: word.Draw(t, label), Address: word.Draw(t, label), Detail: word.Draw(t, label)}, Prev: word.Draw(t, label)}
		}
		a, b := row("a"), row("b")
		if (a == b) != (a.Digest() == b.Digest()) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestVerifyAccounts(t *testing.T) {
	a := Account{Name: "lan", Role: Officer, Unit: here, Password: "$argon2id$secret", Version: 1, At: time.UnixMilli(1_760_000_000_000), By: "cli:x"}
	b := a
	b.Disabled, b.Version = true, 2
	first := Chain("p", Row{}, Event{Action: AccountAdded, Subject: a.Name, Detail: a.Told()})
	rows := []Row{first, Chain("p", first, Event{Action: AccountDisabled, Subject: b.Name, Detail: b.Told()})}
	if got := VerifyAccounts(rows, []Account{a, b}); len(got) != 0 {
		t.Errorf("as written: %v", got)
	}
	for name, change := range map[string]func(*Account){
		"name": func(a *Account) { a.Name = "minh" }, "role": func(a *Account) { a.Role = Head }, "unit": func(a *Account) { a.Unit = later }, "password": func(a *Account) { a.Password = "other" },
		"disabled": func(a *Account) { a.Disabled = false }, "version": func(a *Account) { a.Version = 3 }, "at": func(a *Account) { a.At = a.At.Add(time.Second) }, "by": func(a *Account) { a.By = "lan" },
	} {
		changed := b
		change(&changed)
		if got := VerifyAccounts(rows, []Account{a, changed}); len(got) != 2 {
			t.Errorf("%s changed in the store: %v", name, got)
		}
	}
	if got := VerifyAccounts(rows, []Account{a}); len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("a version that is gone: %v", got)
	}
	if strings.Contains(b.Told(), "secret") {
		t.Error("the log tells the password's hash")
	}
}
