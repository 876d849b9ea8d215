// Package access is who may do what: roles and what each may do, accounts and how their passwords are kept, how often a
// sign-in may be tried, and the audit log's chain of hashes. It opens and stores nothing, knows no page and no table, and
// takes the time from whoever asks.
package access

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiendo/pipeline/plan"
)

// Role is what a person does in the department or a unit. An account has one, so that nobody signs what he entered.
type Role string

// The roles. Officer and Head belong to one unit, the others to none.
const (
	Viewer   Role = "viewer"
	Officer  Role = "officer"
	Head     Role = "head"
	Reviewer Role = "reviewer"
	Approver Role = "approver"
	Admin    Role = "admin"
)

// Roles are all of them, in the order people see.
var Roles = []Role{Viewer, Officer, Head, Reviewer, Approver, Admin}

var roleNames = map[Role]string{Viewer: "Người xem", Officer: "Cán bộ đơn vị", Head: "Lãnh đạo đơn vị", Reviewer: "Người rà soát", Approver: "Người phê duyệt", Admin: "Quản trị"}

// Name is what people read.
func (r Role) Name() string { return roleNames[r] }

// OfUnit says whether the role belongs to one unit.
func (r Role) OfUnit() bool { return r == Officer || r == Head }

// Action is something that an account may do or not.
type Action string

// The actions. A draft is a unit's figures that are entered and not yet confirmed.
const (
	View         Action = "view"          // read what is published
	DraftRead    Action = "draft_read"    // see a unit's draft
	DraftWrite   Action = "draft_write"   // enter or upload a unit's figures
	DraftConfirm Action = "draft_confirm" // let a unit's draft count
	Contest      Action = "contest"       // object to a figure of a unit
	Settle       Action = "settle"        // decide on an objection
	Comment      Action = "comment"       // write beside a figure
	Propose      Action = "propose"       // lay a week's review before the approver
	Sign         Action = "sign"          // freeze it
	Finish       Action = "finish"        // say that what a unit was to do is done
	Redrive      Action = "redrive"       // try refused records again
	Register     Action = "register"      // enter in the award registers
	ReadRegister Action = "read_register" // see all that was ever entered there, and by whom
	Accounts     Action = "accounts"      // add, change and disable accounts
	ReadAudit    Action = "read_audit"    // read the audit log
)

// scope is over which units an action is allowed.
type scope string

const (
	none scope = ""
	own  scope = "own" // the account's unit only, not those below it
	all  scope = "all"
)

// may is the one table of rights; what does not stand in it is not allowed. Who enters figures does not confirm them, who
// proposes a review does not sign it, and who keeps the accounts has no say in any figure.
var may = map[Action]map[Role]scope{
	View:         {Viewer: all, Officer: all, Head: all, Reviewer: all, Approver: all, Admin: all},
	DraftRead:    {Officer: own, Head: own, Reviewer: all, Approver: all},
	DraftWrite:   {Officer: own, Reviewer: all},
	DraftConfirm: {Head: own, Approver: all},
	Contest:      {Officer: own, Head: own},
	Settle:       {Approver: all},
	Comment:      {Officer: own, Head: own, Reviewer: all, Approver: all},
	Propose:      {Reviewer: all},
	Sign:         {Approver: all},
	Finish:       {Head: own, Reviewer: all},
	Redrive:      {Reviewer: all},
	Register:     {Reviewer: all},
	ReadRegister: {Officer: own, Head: own, Reviewer: all, Approver: all, Admin: all},
	Accounts:     {Admin: all},
	ReadAudit:    {Approver: all, Admin: all},
}

// Actions are all of them, sorted.
func Actions() []Action {
	var list []Action
	for a := range may {
		list = append(list, a)
	}
	slices.Sort(list)
	return list
}

// May says whether the account may do this to what belongs to the unit. A disabled account may nothing, and so may one
// whose role needs a unit and has none.
func May(a Account, do Action, unit plan.UnitKey) bool {
	if a.Check() != nil || a.Disabled {
		return false
	}
	switch may[do][a.Role] {
	case all:
		return true
	case own:
		return a.Unit == unit
	}
	return false
}

// Account is one version of a person's right to sign in. Versions are appended; the newest of a name counts.
type Account struct {
	Name     string
	Role     Role
	Unit     plan.UnitKey // of Officer and Head; otherwise zero
	Password string       // as Hash wrote it
	Disabled bool
	Version  uint64 // 1, 2, …
	At       time.Time
	By       string
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,62}[a-z0-9]$`)

// CheckName says what is wrong with a name.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("the name %q cannot be taken: write 3 to 64 small letters without marks, digits, dots, dashes, the first a letter, the last a letter or digit", name)
	}
	return nil
}

// FoldName is the name that was meant: typed with capitals or spaces around it.
func FoldName(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

// Check says what is wrong with the account, apart from its password.
func (a Account) Check() error {
	if err := CheckName(a.Name); err != nil {
		return err
	}
	switch {
	case !slices.Contains(Roles, a.Role):
		var names []string
		for _, r := range Roles {
			names = append(names, string(r))
		}
		return fmt.Errorf("there is no role %q: it is one of %s", a.Role, strings.Join(names, ", "))
	case a.Role.OfUnit() && a.Unit.Code == "":
		return fmt.Errorf("role %s belongs to a unit: name it", a.Role)
	case !a.Role.OfUnit() && a.Unit.Code != "":
		return fmt.Errorf("role %s belongs to no unit: leave it out", a.Role)
	}
	return nil
}

// Told is what the audit log says of this version: what it may, and a SHA-256 over the whole of it, so that an account that was
// changed in the store and not through the program is found.
func (a Account) Told() string {
	unit := ""
	if a.Unit.Code != "" {
		unit = a.Unit.String()
	}
	sum := Seal(a.Name, string(a.Role), unit, a.Password, strconv.FormatBool(a.Disabled), strconv.FormatUint(a.Version, 10), strconv.FormatInt(a.At.UnixMilli(), 10), a.By)
	state := ""
	if a.Disabled {
		state = " disabled"
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s version %d%s sha256 %s", a.Role, unit, a.Version, state, sum)), " ")
}

// ErrChanged is the error of an account that somebody else changed meanwhile.
var ErrChanged = errors.New("somebody changed the account meanwhile: look at it again")

// ErrNoAccount is the error of a name that no account has.
var ErrNoAccount = errors.New("no such account")
