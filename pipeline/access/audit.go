package access

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// What the audit log tells of.
const (
	SignedIn        = "sign_in"
	SignInFailed    = "sign_in_failed"
	SignInThrottled = "sign_in_throttled" // the first attempt that had to wait
	SignedOut       = "sign_out"
	AccountAdded    = "account_added"
	AccountDisabled = "account_disabled"
	AccountEnabled  = "account_enabled"
	AccountChanged  = "account_changed" // its role or unit
	PasswordChanged = "password_changed"
	RegisterEntered = "register_entered" // an entry of a register that awards rest on

	ContestFiled     = "contest_filed"
	ContestAccepted  = "contest_accepted"
	ContestRefused   = "contest_refused"
	ContestWithdrawn = "contest_withdrawn"

	RejectsRedriven = "rejects_redriven" // a source's refused records were tried again

	DraftUploaded = "draft_uploaded" // what becomes of a draft is told as draft_ and the action
	DraftRefused  = "draft_refused"  // a file that could not be taken
)

// Event is one thing that was done, or tried.
type Event struct {
	At      time.Time // to the millisecond
	Actor   string    // name of the account; of a command: "cli:" and the system's user
	Action  string
	Subject string // what it was done to
	Address string // of the browser; empty: a command
	Detail  string // no secret, and nothing that was typed into a password field
}

// Row is an event with its place in the chain of a plan's log.
type Row struct {
	Plan string
	Seq  uint64 // 1, 2, …
	Event
	Prev string // hash of the row before; of the first: empty
	Hash string // of this row, its place and Prev among it
}

// Mark says that the log once had this row as its newest. Marks are kept beside the log: with them a log is found that was cut
// at its end, which is whole by itself.
type Mark struct {
	Seq  uint64
	Hash string
}

// Chain is the row that follows prev. The first follows the zero Row.
func Chain(planCode string, prev Row, e Event) Row {
	r := Row{Plan: planCode, Seq: prev.Seq + 1, Event: e, Prev: prev.Hash}
	r.Hash = r.Digest()
	return r
}

// Digest is the SHA-256 over the previous hash and everything that the row says, each part with its length before it.
func (r Row) Digest() string {
	return Digest(r.Prev, r.Plan, strconv.FormatUint(r.Seq, 10), strconv.FormatInt(r.At.UnixMilli(), 10), r.Actor, r.Action, r.Subject, r.Address, r.Detail)
}

// Digest is the SHA-256, in hexadecimal, over texts, each with its length before it.
func Digest(parts ...string) string {
	sum := sha256.Sum256(canonical(parts...))
	return hex.EncodeToString(sum[:])
}

// BodyDigest is the SHA-256, in hexadecimal, of bytes as they are.
func BodyDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Seal is the SHA-256 over texts, each with its length before it: what the log tells of something that is stored elsewhere, so
// that it is found when it was changed there.
func Seal(parts ...string) string {
	sum := sha256.Sum256(canonical(parts...))
	return hex.EncodeToString(sum[:])
}

// canonical writes texts so that no two lists of texts give the same bytes.
func canonical(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// Problem is something that is wrong with a log, and at which row.
type Problem struct {
	Seq  uint64
	Text string
}

// Verify finds rows that were changed, taken out, put in, exchanged, or written beside each other, whatever the order they
// come in, and a log that was cut at its end since a mark was made. No problems: the log is what was written, unless somebody
// wrote all of it anew, with marks and hashes; a mark that is kept elsewhere tells that, too.
func Verify(planCode string, rows []Row, marks []Mark) []Problem {
	var found []Problem
	say := func(seq uint64, format string, values ...any) {
		found = append(found, Problem{seq, fmt.Sprintf("row %d ", seq) + fmt.Sprintf(format, values...)})
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Seq, b.Seq) })
	hashes := map[uint64]string{}
	var last Row
	for _, r := range rows {
		if r.Plan != planCode {
			say(r.Seq, "belongs to plan %q", r.Plan)
		}
		if r.Digest() != r.Hash {
			say(r.Seq, "was changed: what it says does not give its hash")
		}
		switch {
		case r.Seq == last.Seq && r.Seq > 0:
			say(r.Seq, "is there more than once: one was put in, or two writers forked the log")
			continue
		case r.Seq > last.Seq+1 && r.Seq == last.Seq+2:
			say(last.Seq+1, "is missing")
		case r.Seq > last.Seq+1:
			say(last.Seq+1, "and those up to %d are missing", r.Seq-1)
		case r.Seq == 0:
			say(0, "was put in: rows count from 1")
			continue
		case r.Prev != last.Hash:
			say(r.Seq, "does not follow row %d: one of the two was replaced", last.Seq)
		}
		hashes[r.Seq] = r.Hash
		last = r
	}
	for _, m := range marks {
		switch h, ok := hashes[m.Seq]; {
		case m.Seq > last.Seq:
			say(m.Seq, "was the newest once, and the log ends at %d", last.Seq)
		case ok && h != m.Hash:
			say(m.Seq, "is not the one that was noted as the newest")
		}
	}
	slices.SortStableFunc(found, func(a, b Problem) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.Compact(found)
}

// Told is what the log has to say of something that is stored beside it.
type Told struct {
	Subject, Detail string // of the row
	Name            string // for people
}

// VerifyAccounts finds versions of accounts that the log does not tell of, or tells otherwise: put into the store, or changed
// there, not by this program; and versions that the log tells of and that are gone.
func VerifyAccounts(rows []Row, accounts []Account) []Problem {
	var all []Told
	for _, a := range accounts {
		all = append(all, Told{a.Name, a.Told(), fmt.Sprintf("account %s: version %d", a.Name, a.Version)})
	}
	return VerifyTold(rows, all, "a version of account", AccountAdded, AccountDisabled, AccountEnabled, AccountChanged, PasswordChanged)
}

// VerifyTold does so for anything that rows of these actions tell of; what names it for people, before the subject.
func VerifyTold(rows []Row, all []Told, what string, actions ...string) []Problem {
	type key struct{ subject, detail string }
	told := map[key]uint64{}
	for _, r := range rows {
		if slices.Contains(actions, r.Action) {
			told[key{r.Subject, r.Detail}] = r.Seq
		}
	}
	var found []Problem
	seen := map[key]bool{}
	for _, x := range all {
		k := key{x.Subject, x.Detail}
		switch _, ok := told[k]; {
		case !ok:
			found = append(found, Problem{0, x.Name + " was changed in the store or put in, the log does not tell of it"})
		case seen[k]:
			found = append(found, Problem{0, x.Name + " is in the store more than once"})
		}
		seen[k] = true
	}
	for k, seq := range told {
		if !seen[k] {
			found = append(found, Problem{seq, fmt.Sprintf("row %d tells of %s %s that is not in the store", seq, what, k.subject)})
		}
	}
	slices.SortFunc(found, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Text, b.Text)) })
	return found
}
