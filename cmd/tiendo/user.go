package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
	"tiendo/schema"
)

func (a *app) userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, list and disable the accounts that sign in on the pages",
		Long: `Accounts sign in on the pages at /login. There is none to begin with, and none has a password that anybody else knows: it is
asked for on the terminal, or read from standard input (one line), never from a flag. It is kept as an argon2id hash.

Roles: viewer reads · officer enters the figures of one unit · head confirms them · reviewer proposes the weekly review and enters for
any unit · approver confirms and signs · admin keeps the accounts and has no say in any figure. Every change is told in the audit
log ('tiendo audit') with the system's user who made it.`,
		Args: subcommandNeeded,
		RunE: subcommandNeeded,
	}
	cmd.AddCommand(a.userAddCommand(), a.userListCommand(),
		a.userChangeCommand("disable", "Let an account sign in no longer; whoever is signed in with it is out at once", access.AccountDisabled, func(_ *cobra.Command, acc *access.Account) error {
			acc.Disabled = true
			return nil
		}),
		a.userChangeCommand("enable", "Let a disabled account sign in again", access.AccountEnabled, func(_ *cobra.Command, acc *access.Account) error {
			acc.Disabled = false
			return nil
		}),
		a.userChangeCommand("password", "Give an account a new password; whoever is signed in with it is out at once", access.PasswordChanged, func(cmd *cobra.Command, acc *access.Account) error {
			password, err := a.newPassword(cmd, acc.Name)
			acc.Password = password
			return err
		}))
	return cmd
}

func (a *app) userAddCommand() *cobra.Command {
	var role, unit string
	cmd := &cobra.Command{
		Use:   "add NAME --role ROLE [--unit UNIT]",
		Short: "Add an account; its password is asked for, or read from standard input",
		Long: `Add an account. NAME is 3 to 64 small letters without marks, digits, dots and dashes. Officers and heads belong to one unit, named as
in 'tiendo plan show --units'; the other roles to none.

  tiendo user add lan --role officer --unit 899`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			acc := access.Account{Name: access.FoldName(args[0]), Role: access.Role(role)}
			p, err := a.plan()
			if err != nil {
				return err
			}
			if unit != "" {
				u, err := p.Units.Select(unit, plan.DayOf(time.Now()))
				if err != nil {
					return &usageError{fmt.Errorf("--unit: %w", err)}
				}
				acc.Unit = u.UnitKey
			}
			if err := acc.Check(); err != nil {
				return &usageError{err}
			}
			st, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := st.Account(cmd.Context(), acc.Name); err == nil {
				return fmt.Errorf("there is an account %s already: `tiendo user password %s` changes its password, `tiendo user enable %s` lets it sign in again", acc.Name, acc.Name, acc.Name)
			} else if !errors.Is(err, access.ErrNoAccount) {
				return err
			}
			if acc.Password, err = a.newPassword(cmd, acc.Name); err != nil {
				return err
			}
			return a.saveAccount(cmd, st, acc, access.AccountAdded)
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "viewer, officer, head, reviewer, approver or admin")
	cmd.Flags().StringVar(&unit, "unit", "", "the unit of an officer or a head")
	return cmd
}

func (a *app) userChangeCommand(name, short, action string, change func(*cobra.Command, *access.Account) error) *cobra.Command {
	return &cobra.Command{
		Use:   name + " NAME",
		Short: short,
		Args:  oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			st, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			acc, err := st.Account(cmd.Context(), access.FoldName(args[0]))
			if err != nil {
				return fmt.Errorf("%w: `tiendo user list` shows those there are", err)
			}
			if err := change(cmd, &acc); err != nil {
				return err
			}
			return a.saveAccount(cmd, st, acc, action)
		},
	}
}

func (a *app) userListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			st, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			all, err := st.Accounts(cmd.Context())
			if err != nil {
				return err
			}
			if len(all) == 0 {
				fmt.Fprintln(a.out, "Chưa có tài khoản: thêm bằng `tiendo user add`.")
				return nil
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "TÀI KHOẢN\tVAI TRÒ\tĐƠN VỊ\tTRẠNG THÁI\tĐỔI LÚC\tNGƯỜI ĐỔI")
			for _, acc := range all {
				unit, state := "–", "đang dùng"
				if acc.Unit.Code != "" {
					unit = acc.Unit.String()
				}
				if acc.Disabled {
					state = "đã khóa"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", acc.Name, acc.Role.Name(), unit, state, words.Instant(acc.At), acc.By)
			}
			return w.Flush()
		},
	}
}

func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return &usageError{fmt.Errorf("%s needs one account's name", cmd.CommandPath())}
	}
	return nil
}

// cliActor is who acts by a command, as the audit log names him.
func cliActor() string {
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return "cli"
}

// saveAccount stores under the real clock: who may sign in is not part of a demo's day.
func (a *app) saveAccount(cmd *cobra.Command, st *schema.Store, acc access.Account, action string) error {
	if err := st.SaveAccount(cmd.Context(), acc, action, cliActor(), time.Now()); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "✔ %s: %s\n", acc.Name, map[string]string{access.AccountAdded: "đã thêm, " + acc.Role.Name(), access.AccountDisabled: "đã khóa", access.AccountEnabled: "đã mở khóa", access.PasswordChanged: "đã đổi mật khẩu"}[action])
	return nil
}

// newPassword asks twice on a terminal, or reads a line of standard input, and gives the hash.
func (a *app) newPassword(cmd *cobra.Command, name string) (string, error) {
	var password string
	if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		var typed [2]string
		for i, prompt := range []string{"Mật khẩu mới: ", "Nhập lại: "} {
			fmt.Fprint(a.err, prompt)
			b, err := term.ReadPassword(int(f.Fd()))
			fmt.Fprintln(a.err)
			if err != nil {
				return "", fmt.Errorf("read the password: %w", err)
			}
			typed[i] = string(b)
		}
		if typed[0] != typed[1] {
			return "", errors.New("the two passwords differ: nothing was changed")
		}
		password = typed[0]
	} else {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		password = strings.TrimRight(line, "\r\n")
	}
	if err := access.CheckPassword(name, password); err != nil {
		return "", fmt.Errorf("%w; nothing was changed", err)
	}
	return access.Hash(password), nil
}
