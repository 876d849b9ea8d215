package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/schema"
)

// demoAccountNames are the accounts of a demo: one for every role, named after what it does.
var demoAccountNames = map[access.Role]string{access.Viewer: "xem", access.Officer: "can-bo", access.Head: "lanh-dao", access.Reviewer: "ra-soat", access.Approver: "phe-duyet", access.Admin: "quan-tri"}

// demoAccounts adds them to a store that has no account, with one fresh password, which it prints and nothing keeps.
func (a *app) demoAccounts(ctx context.Context, p *plan.Plan, st *schema.Store, asOf plan.Day) error {
	there, err := st.Accounts(ctx)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		fmt.Fprintf(a.out, "\nĐăng nhập: %d tài khoản đã có (`tiendo user list`); mật khẩu không được lưu, đặt lại bằng `tiendo user password TÊN`.\n", len(there))
		return nil
	}
	unit := &plan.Unit{}
	if p.Demo.Unit != "" {
		if unit, err = p.Units.Select(p.Demo.Unit, asOf); err != nil {
			return fmt.Errorf("the demo's unit: %w", err)
		}
	}
	password := access.FreshPassword(slices.Collect(maps.Values(demoAccountNames))...)
	fmt.Fprintf(a.out, "\nTÀI KHOẢN DÙNG THỬ, cùng một mật khẩu, chỉ hiện một lần: %s\n", password)
	for _, role := range access.Roles {
		acc := access.Account{Name: demoAccountNames[role], Role: role, Password: access.Hash(password)}
		if role.OfUnit() {
			acc.Unit = unit.UnitKey
		}
		if acc.Check() != nil { // the plan names no unit for its demo
			continue
		}
		if err := st.SaveAccount(ctx, acc, access.AccountAdded, cliActor(), time.Now()); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "  %-10s %s\n", acc.Name, strings.TrimRight(role.Name()+" "+map[bool]string{true: unit.Name}[role.OfUnit()], " "))
	}
	return nil
}
