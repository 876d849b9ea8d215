package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// Keeper keeps the accounts and answers for the audit log.
type Keeper interface {
	// Accounts are the newest versions, by name.
	Accounts(ctx context.Context) ([]access.Account, error)
	// ChangeAccount appends the next version of the account once the audit log has told of it; access.ErrChanged where the account's
	// Version is not the newest any more, 0 for one that is new.
	ChangeAccount(ctx context.Context, a access.Account, e access.Event) error
	// Audited gives the rows that a page of the audit log shows.
	Audited(ctx context.Context, q AuditQuery) (AuditPart, error)
	// VerifyAudit gives the whole log and everything that is wrong with it.
	VerifyAudit(ctx context.Context, kept ...access.Mark) ([]access.Row, []access.Problem, error)
}

const (
	accountPath  = "/account"
	accountsPath = "/accounts"
)

// keeps says whether the accounts can be shown at all.
func (s *site) keeps() error {
	if s.Keeper == nil || s.door == nil {
		return notFound("Không có trang này", "Trang này không mở cho người đăng nhập.")
	}
	return nil
}

// accountRow is an account in words.
type accountRow struct {
	access.Account
	RoleName, Unit, Changed string
	State                   words.StatusWord
	Own                     bool // of whoever asks
	URL                     string
}

func (s *site) accountRow(ctx context.Context, a access.Account) accountRow {
	r := accountRow{Account: a, RoleName: a.Role.Name(), Unit: words.Unknown, Changed: words.Instant(a.At), State: words.StatusWord{Name: "Đang dùng", Sign: "●", Class: "on-track"}, URL: accountsPath + "/" + url.PathEscape(a.Name)}
	if a.Unit.Code != "" {
		r.Unit = a.Unit.String()
		if u := s.Plan.Units.Key(a.Unit); u != nil {
			r.Unit = unitLabel(u)
		}
	}
	if a.Disabled {
		r.State = words.StatusWord{Name: "Đã khóa", Sign: "✖", Class: "no-data"}
	}
	w := whoAsks(ctx)
	r.Own = w != nil && w.Name == a.Name
	return r
}

type accountBody struct {
	Account  accountRow
	Problems []problem
	Done     bool
	Pages    []link
}

// account is the page of whoever has signed in: who he is to the site, and his password.
func (s *site) account(ctx context.Context, a *ask) (*page, error) {
	if err := s.keeps(); err != nil {
		return nil, err
	}
	if whoAsks(ctx) == nil {
		return nil, s.allow(a, ctx, access.View, plan.UnitKey{})
	}
	return s.accountPage(ctx, a, a.query.Get("done") == "1", nil), nil
}

func (s *site) accountPage(ctx context.Context, a *ask, done bool, problems []problem) *page {
	b := &accountBody{Account: s.accountRow(ctx, whoAsks(ctx).Account), Problems: problems, Done: done}
	for _, x := range []struct {
		do   access.Action
		link link
	}{{access.Accounts, link{Text: "Quản lý tài khoản", URL: accountsPath}}, {access.ReadAudit, link{Text: "Nhật ký", URL: auditPath}}} {
		if may(ctx, x.do, plan.UnitKey{}) {
			b.Pages = append(b.Pages, x.link)
		}
	}
	p := s.newPage("account", "Tài khoản của tôi")
	p.Nav, p.Path, p.Body = s.nav(a, ""), a.path, b
	return p
}

const passwordRule = "Mật khẩu mới phải dài từ 12 ký tự trở lên, không chứa tên tài khoản và không chỉ lặp vài ký tự; vài từ dễ nhớ là đủ."

// changeOwn takes a new password of one's own. The old one is asked for, and guesses are slowed down like those at the door; whoever else
// is signed in with the account is out.
func (s *site) changeOwn(ctx context.Context, f *sent) (*page, error) {
	if err := s.keeps(); err != nil {
		return nil, err
	}
	old, typed, again := f.PostFormValue("old"), f.PostFormValue("new"), f.PostFormValue("again")
	d, from := s.door, address(f.Request)
	again1 := func(field, text string) (*page, error) {
		return s.accountPage(ctx, f.ask, false, []problem{{field, text}}), nil
	}
	wait, first := d.throttle.Attempt(f.who.Name, from)
	if wait > 0 {
		if first {
			if err := f.record(ctx, access.SignInThrottled, f.who.Name, "password change"); err != nil {
				return nil, err
			}
		}
		return again1("old", fmt.Sprintf("Đã nhập sai nhiều lần. Đề nghị thử lại sau %d giây.", int(math.Ceil(wait.Seconds()))))
	}
	_, why, err := s.judge(ctx, f.who.Name, old)
	switch {
	case err != nil:
		return nil, err
	case why != "":
		if err := f.record(ctx, access.SignInFailed, f.who.Name, "password change: "+why); err != nil {
			return nil, err
		}
		return again1("old", "Mật khẩu đang dùng không đúng.")
	}
	d.throttle.Succeeded(f.who.Name, from)
	switch {
	case typed != again:
		return again1("again", "Hai lần nhập mật khẩu mới không giống nhau.")
	case access.CheckPassword(f.who.Name, typed) != nil:
		return again1("new", passwordRule)
	case typed == old:
		return again1("new", "Mật khẩu mới giống mật khẩu đang dùng.")
	}
	account := f.who.Account
	account.Password = access.Hash(typed)
	if err := s.change(ctx, f, account, access.PasswordChanged); err != nil {
		return nil, err
	}
	if err := d.sessions.RenewToken(ctx); err != nil { // this session goes on, every other one of the account is over
		return nil, err
	}
	d.sessions.Put(ctx, "version", int64(account.Version+1))
	return goTo(accountPath + "?done=1"), nil
}

// change stores the account; that somebody else did so meanwhile is said to people.
func (s *site) change(ctx context.Context, f *sent, a access.Account, action string) error {
	err := s.Keeper.ChangeAccount(ctx, a, access.Event{At: s.Clock(), Actor: f.who.Name, Action: action, Address: address(f.Request)})
	if errors.Is(err, access.ErrChanged) {
		return &refusal{http.StatusConflict, "Tài khoản đã được người khác thay đổi", "Chưa có gì được lưu. Đề nghị mở lại trang tài khoản, xem thay đổi rồi làm lại.", []link{{Text: "Tài khoản " + a.Name, URL: accountsPath + "/" + url.PathEscape(a.Name)}}}
	}
	return err
}

type accountsBody struct {
	Rows     []accountRow
	Roles    []option
	Units    []option
	Problems []problem
	Name     string // typed
	Account  *accountRow
	Fresh    string // a password that is shown this once
	FreshFor string
	Done     string // what was done
	LogURL   string
}

// Wrong is what is wrong with a field; empty: nothing.
func (b *accountsBody) Wrong(field string) string {
	for _, p := range b.Problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// Wrong is what is wrong with a field; empty: nothing.
func (b *accountBody) Wrong(field string) string {
	return (&accountsBody{Problems: b.Problems}).Wrong(field)
}

// accountDone says what was done to an account.
var accountDone = map[string]string{access.AccountAdded: "Đã thêm tài khoản", access.AccountDisabled: "Đã khóa tài khoản; ai đang đăng nhập bằng tài khoản này đã bị đưa ra", access.AccountEnabled: "Đã mở khóa tài khoản",
	access.AccountChanged: "Đã đổi vai trò, đơn vị", access.PasswordChanged: "Đã đặt mật khẩu mới; ai đang đăng nhập bằng tài khoản này đã bị đưa ra"}

func (s *site) mayKeep(ctx context.Context, a *ask) error {
	if err := s.keeps(); err != nil {
		return err
	}
	return s.allow(a, ctx, access.Accounts, plan.UnitKey{})
}

// accounts lists them all, with the form that adds one.
func (s *site) accounts(ctx context.Context, a *ask) (*page, error) {
	if err := s.mayKeep(ctx, a); err != nil {
		return nil, err
	}
	return s.accountsPage(ctx, a, &accountsBody{}, access.Account{})
}

func (s *site) accountsPage(ctx context.Context, a *ask, b *accountsBody, typed access.Account) (*page, error) {
	all, err := s.Keeper.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	table := [][]string{{"name", "role", "unit", "disabled", "version", "changed_at", "changed_by"}}
	for _, x := range all {
		b.Rows = append(b.Rows, s.accountRow(ctx, x))
		unit := ""
		if x.Unit.Code != "" {
			unit = x.Unit.String()
		}
		table = append(table, []string{x.Name, string(x.Role), unit, strconv.FormatBool(x.Disabled), strconv.FormatUint(x.Version, 10), x.At.UTC().Format("2006-01-02T15:04:05Z"), x.By})
	}
	b.Name = typed.Name
	s.choices(b, typed)
	p := s.newPage("accounts", "Quản lý tài khoản")
	p.Nav, p.Path, p.Body, p.Table = s.nav(a, ""), accountsPath, b, table
	return p, nil
}

// choices are the roles and the units that an account may have.
func (s *site) choices(b *accountsBody, now access.Account) {
	for _, r := range access.Roles {
		b.Roles = append(b.Roles, option{string(r), r.Name(), r == now.Role})
	}
	less := words.ByName()
	for _, level := range s.Plan.Levels {
		from := len(b.Units)
		for _, u := range s.Plan.Units.All {
			if u.Level == level.Code {
				b.Units = append(b.Units, option{u.UnitKey.String(), unitLabel(u) + " · " + u.UnitKey.String(), u.UnitKey == now.Unit})
			}
		}
		slices.SortStableFunc(b.Units[from:], func(x, y option) int { return less(x.Text, y.Text) })
	}
}

// oneAccount is an account's page, with what can be done to it.
func (s *site) oneAccount(ctx context.Context, a *ask) (*page, error) {
	if err := s.mayKeep(ctx, a); err != nil {
		return nil, err
	}
	x, err := s.accountNamed(ctx, a.value("name"))
	if err != nil {
		return nil, err
	}
	return s.oneAccountPage(ctx, a, x, &accountsBody{Done: accountDone[a.query.Get("done")]}), nil
}

func (s *site) accountNamed(ctx context.Context, name string) (access.Account, error) {
	x, err := s.door.Account(ctx, name)
	if errors.Is(err, access.ErrNoAccount) {
		return x, notFound("Không có tài khoản này", "Không có tài khoản nào mang tên đó.", link{Text: "Mọi tài khoản", URL: accountsPath})
	}
	return x, err
}

func (s *site) oneAccountPage(ctx context.Context, a *ask, x access.Account, b *accountsBody) *page {
	row := s.accountRow(ctx, x)
	b.Account, b.LogURL = &row, auditPath+"?q="+url.QueryEscape(x.Name)
	s.choices(b, x)
	p := s.newPage("oneaccount", "Tài khoản "+x.Name)
	p.Nav, p.Path, p.Body = s.nav(a, ""), row.URL, b
	p.Crumbs = []link{{Text: "Quản lý tài khoản", URL: accountsPath}, {Text: x.Name, Here: true}}
	return p
}

// roleOf reads role and unit from a form.
func (s *site) roleOf(f *sent, x access.Account) (access.Account, []problem) {
	x.Role, x.Unit = access.Role(f.PostFormValue("role")), plan.UnitKey{}
	unit := f.PostFormValue("unit")
	for _, u := range s.Plan.Units.All {
		if unit != "" && u.UnitKey.String() == unit {
			x.Unit = u.UnitKey
		}
	}
	switch {
	case !slices.Contains(access.Roles, x.Role):
		return x, []problem{{"role", "Chọn một vai trò."}}
	case x.Role.OfUnit() && x.Unit.Code == "":
		return x, []problem{{"unit", "Vai trò này thuộc một đơn vị: chọn đơn vị."}}
	case !x.Role.OfUnit() && unit != "":
		return x, []problem{{"unit", "Vai trò này không thuộc đơn vị nào: bỏ chọn đơn vị."}}
	}
	return x, nil
}

// addAccount adds one, with a password that is shown this once.
func (s *site) addAccount(ctx context.Context, f *sent) (*page, error) {
	if err := s.mayKeep(ctx, f.ask); err != nil {
		return nil, err
	}
	x, problems := s.roleOf(f, access.Account{Name: access.FoldName(f.PostFormValue("name"))})
	if access.CheckName(x.Name) != nil {
		problems = append(problems, problem{"name", "Tên gồm 3 đến 64 chữ thường không dấu, chữ số, dấu chấm, gạch; bắt đầu bằng chữ, kết thúc bằng chữ hoặc số."})
	} else if _, err := s.door.Account(ctx, x.Name); err == nil {
		problems = append(problems, problem{"name", "Đã có tài khoản tên này."})
	} else if !errors.Is(err, access.ErrNoAccount) {
		return nil, err
	}
	if len(problems) > 0 {
		return s.accountsPage(ctx, f.ask, &accountsBody{Problems: problems}, x)
	}
	fresh := access.FreshPassword(x.Name)
	x.Password = access.Hash(fresh)
	if err := s.change(ctx, f, x, access.AccountAdded); err != nil {
		return nil, err
	}
	return s.accountsPage(ctx, f.ask, &accountsBody{Fresh: fresh, FreshFor: x.Name, Done: accountDone[access.AccountAdded]}, access.Account{})
}

// changeAccount disables, enables, gives a role or a fresh password. Nobody does so to himself: the last one who could undo it would be out.
func (s *site) changeAccount(ctx context.Context, f *sent) (*page, error) {
	if err := s.mayKeep(ctx, f.ask); err != nil {
		return nil, err
	}
	x, err := s.accountNamed(ctx, f.value("name"))
	if err != nil {
		return nil, err
	}
	if x.Name == f.who.Name {
		return nil, &refusal{http.StatusForbidden, "Không tự thay đổi tài khoản của mình", "Người quản trị không tự khóa, không tự đổi vai trò; mật khẩu đổi ở trang tài khoản của tôi.", []link{{Text: "Tài khoản của tôi", URL: accountPath}}}
	}
	if x.Version, err = strconv.ParseUint(f.PostFormValue("version"), 10, 64); err != nil { // the one that the form showed
		return nil, badRequest("Biểu mẫu không đọc được", "Đề nghị mở lại trang tài khoản và làm lại.")
	}
	fresh := ""
	var problems []problem
	action := f.PostFormValue("do")
	switch action {
	case access.AccountDisabled:
		x.Disabled = true
	case access.AccountEnabled:
		x.Disabled = false
	case access.AccountChanged:
		x, problems = s.roleOf(f, x)
	case access.PasswordChanged:
		fresh = access.FreshPassword(x.Name)
		x.Password = access.Hash(fresh)
	default:
		return nil, badRequest("Không có việc này", "Đề nghị mở lại trang tài khoản và làm lại.")
	}
	if len(problems) > 0 {
		return s.oneAccountPage(ctx, f.ask, x, &accountsBody{Problems: problems}), nil
	}
	if err := s.change(ctx, f, x, action); err != nil {
		return nil, err
	}
	if fresh == "" {
		return goTo(accountsPath + "/" + url.PathEscape(x.Name) + "?done=" + action), nil
	}
	x.Version++
	x.At, x.By = s.Clock(), f.who.Name
	return s.oneAccountPage(ctx, f.ask, x, &accountsBody{Fresh: fresh, FreshFor: x.Name, Done: accountDone[action]}), nil
}
