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

// Fault is a kind of problem.
type Fault string

// The faults of a log, and of what it tells of.
const (
	RowOfAnotherPlan Fault = "row_of_another_plan" // values: row, plan
	RowChanged       Fault = "row_changed"         // row
	RowTwice         Fault = "row_twice"           // row
	RowMissing       Fault = "row_missing"         // row
	RowsMissing      Fault = "rows_missing"        // first row, last row
	RowPutIn         Fault = "row_put_in"          // row
	RowUnlinked      Fault = "row_unlinked"        // row, row before
	LogCut           Fault = "log_cut"             // row, last row
	RowReplaced      Fault = "row_replaced"        // row
	AccountPutIn     Fault = "account_put_in"      // account, version
	AccountTwice     Fault = "account_twice"       // account, version
	AccountGone      Fault = "account_gone"        // row, account
	EntryPutIn       Fault = "entry_put_in"        // register, subject, instant
	EntryTwice       Fault = "entry_twice"         // register, subject, instant
	EntryGone        Fault = "entry_gone"          // row, subject
)

// Faults are the words for every fault, with the places of its values in their order.
var Faults = map[Fault]string{
	RowOfAnotherPlan: "row %d belongs to plan %q",
	RowChanged:       "row %d was changed: what it says does not give its hash",
	RowTwice:         "row %d is there more than once: one was put in, or two writers forked the log",
	RowMissing:       "row %d is missing",
	RowsMissing:      "row %d and those up to %d are missing",
	RowPutIn:         "row %d was put in: rows count from 1",
	RowUnlinked:      "row %d does not follow row %d: one of the two was replaced",
	LogCut:           "row %d was the newest once, and the log ends at %d",
	RowReplaced:      "row %d is not the one that was noted as the newest",
	AccountPutIn:     "account %s: version %d was changed in the store or put in, the log does not tell of it",
	AccountTwice:     "account %s: version %d is in the store more than once",
	AccountGone:      "row %d tells of a version of account %s that is not in the store",
	EntryPutIn:       "register %s: the entry for %s of %s was changed in the store or put in, the log does not tell of it",
	EntryTwice:       "register %s: the entry for %s of %s is in the store more than once",
	EntryGone:        "row %d tells of an entry of a register for %s that is not in the store",
}

// Problem is something that is wrong with a log, and at which row.
type Problem struct {
	Seq    uint64
	Text   string // in English
	Fault  Fault  // empty: of another log, which has words of its own
	Values []any  // of the fault, for whoever says it in another language
}

// at is the fault with its values, at a row of the log; 0: at none.
func (f Fault) at(seq uint64, values ...any) Problem {
	p := Problem{Seq: seq, Fault: f, Values: values}
	p.Text = p.In(Faults, func(at time.Time) string { return at.UTC().Format(time.RFC3339) })
	return p
}

// In says the problem in the words for faults, with instants as they are written there; where they have none for it, it is Text.
func (p Problem) In(words map[Fault]string, instant func(time.Time) string) string {
	if words[p.Fault] == "" {
		return p.Text
	}
	said := slices.Clone(p.Values)
	for i, v := range said {
		if at, ok := v.(time.Time); ok {
			said[i] = instant(at)
		}
	}
	return fmt.Sprintf(words[p.Fault], said...)
}

// Verify finds rows that were changed, taken out, put in, exchanged, or written beside each other, whatever the order they
// come in, and a log that was cut at its end since a mark was made. No problems: the log is what was written, unless somebody
// wrote all of it anew, with marks and hashes; a mark that is kept elsewhere tells that, too.
func Verify(planCode string, rows []Row, marks []Mark) []Problem {
	var found []Problem
	say := func(f Fault, row uint64, more ...any) {
		found = append(found, f.at(row, append([]any{row}, more...)...))
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Seq, b.Seq) })
	hashes := map[uint64]string{}
	var last Row
	for _, r := range rows {
		if r.Plan != planCode {
			say(RowOfAnotherPlan, r.Seq, r.Plan)
		}
		if r.Digest() != r.Hash {
			say(RowChanged, r.Seq)
		}
		switch {
		case r.Seq == last.Seq && r.Seq > 0:
			say(RowTwice, r.Seq)
			continue
		case r.Seq > last.Seq+1 && r.Seq == last.Seq+2:
			say(RowMissing, last.Seq+1)
		case r.Seq > last.Seq+1:
			say(RowsMissing, last.Seq+1, r.Seq-1)
		case r.Seq == 0:
			say(RowPutIn, 0)
			continue
		case r.Prev != last.Hash:
			say(RowUnlinked, r.Seq, last.Seq)
		}
		hashes[r.Seq] = r.Hash
		last = r
	}
	for _, m := range marks {
		switch h, ok := hashes[m.Seq]; {
		case m.Seq > last.Seq:
			say(LogCut, m.Seq, last.Seq)
		case ok && h != m.Hash:
			say(RowReplaced, m.Seq)
		}
	}
	slices.SortStableFunc(found, func(a, b Problem) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.CompactFunc(found, func(a, b Problem) bool { return a.Seq == b.Seq && a.Text == b.Text })
}

// Told is what the log has to say of something that is stored beside it.
type Told struct {
	Subject, Detail string // of the row
	Names           []any  // values of the faults that it may have
}

// Telling is how the log tells of things of one kind: with which actions, and the faults of what is stored.
type Telling struct {
	PutIn, Twice, Gone Fault // one that the log does not tell of, one that is stored again, one that is stored no more
	Actions            []string
}

var (
	tellsAccounts = Telling{AccountPutIn, AccountTwice, AccountGone, []string{AccountAdded, AccountDisabled, AccountEnabled, AccountChanged, PasswordChanged}}
	// TellsEntries is of the registers that awards rest on.
	TellsEntries = Telling{EntryPutIn, EntryTwice, EntryGone, []string{RegisterEntered}}
)

// VerifyAccounts finds versions of accounts that the log does not tell of, or tells otherwise: put into the store, or changed
// there, not by this program; and versions that the log tells of and that are gone.
func VerifyAccounts(rows []Row, accounts []Account) []Problem {
	var all []Told
	for _, a := range accounts {
		all = append(all, Told{a.Name, a.Told(), []any{a.Name, a.Version}})
	}
	return VerifyTold(rows, all, tellsAccounts)
}

// VerifyTold does so for all things of a kind.
func VerifyTold(rows []Row, all []Told, t Telling) []Problem {
	type key struct{ subject, detail string }
	told := map[key]uint64{}
	for _, r := range rows {
		if slices.Contains(t.Actions, r.Action) {
			told[key{r.Subject, r.Detail}] = r.Seq
		}
	}
	var found []Problem
	seen := map[key]bool{}
	for _, x := range all {
		k := key{x.Subject, x.Detail}
		switch _, ok := told[k]; {
		case !ok:
			found = append(found, t.PutIn.at(0, x.Names...))
		case seen[k]:
			found = append(found, t.Twice.at(0, x.Names...))
		}
		seen[k] = true
	}
	for k, seq := range told {
		if !seen[k] {
			found = append(found, t.Gone.at(seq, seq, k.subject))
		}
	}
	slices.SortFunc(found, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Text, b.Text)) })
	return found
}
