package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tiendo/pipeline/access"
	"tiendo/pipeline/config"
)

// A demo's first run gives every role an account that the printed password opens; the second prints no password and adds nothing.
func TestDemoAccounts(t *testing.T) {
	var out bytes.Buffer
	a := &app{lookup: os.Getenv, out: &out, err: io.Discard, log: slog.New(slog.DiscardHandler)}
	a.cfg = config.Config{Plan: "kien-giang-2022-2025", Data: t.TempDir(), EngineMemoryMiB: 1024}
	defer a.close()
	p, err := a.plan()
	if err != nil {
		t.Fatal(err)
	}
	st, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.demoAccounts(t.Context(), p, st, p.Demo.AsOf); err != nil {
		t.Fatal(err)
	}
	password := regexp.MustCompile(`chỉ hiện một lần: (\S+)`).FindStringSubmatch(out.String())
	if password == nil {
		t.Fatalf("no password: %s", out.String())
	}
	all, err := st.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var roles []access.Role
	for _, acc := range all {
		roles = append(roles, acc.Role)
		if err := acc.Check(); err != nil || acc.Role.OfUnit() != (acc.Unit.Code == "899") || !access.Matches(acc.Password, password[1]) || strings.Contains(acc.Password, password[1]) {
			t.Errorf("%+v: %v", acc, err)
		}
		if !strings.Contains(out.String(), acc.Name) || !strings.Contains(out.String(), acc.Role.Name()) {
			t.Errorf("%s is not told of: %s", acc.Name, out.String())
		}
	}
	for _, role := range access.Roles {
		if !slices.Contains(roles, role) {
			t.Errorf("nobody has role %s", role)
		}
	}
	out.Reset()
	if err := a.demoAccounts(t.Context(), p, st, p.Demo.AsOf); err != nil || strings.Contains(out.String(), "một lần") || !strings.Contains(out.String(), "tiendo user password") {
		t.Errorf("the second run: %v, %s", err, out.String())
	}
	if again, err := st.AccountVersions(t.Context()); err != nil || len(again) != len(all) {
		t.Errorf("the second run leaves %d versions of %d accounts: %v", len(again), len(all), err)
	}
}
