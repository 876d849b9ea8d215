// Command tiendo collects a plan's figures into ClickHouse, computes progress to its targets and shows it. This package
// is the only place that wires the others together; it computes nothing itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // an office PC may have no zone files

	"tiendo/schema/engine"
)

// Exit codes, also told by `tiendo --help`.
const (
	exitOK      = 0
	exitFailed  = 1 // the work was begun and failed: the message says where
	exitUsage   = 2 // the call itself is wrong
	exitChecked = 3 // a check ran and found problems
)

func main() {
	engine.ChildMain() // never returns in the engine's child process
	os.Exit(execute(os.Args[1:]))
}

func execute(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{out: os.Stdout, err: os.Stderr, lookup: os.Getenv}
	cmd := a.command()
	cmd.SetArgs(args)
	called, err := cmd.ExecuteContextC(ctx)
	if closeErr := a.close(); err == nil {
		err = closeErr
	}
	var usage *usageError
	var found *problemsError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &found):
		fmt.Fprintln(os.Stderr, "tiendo:", err)
		return exitChecked
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "tiendo: %v\nTry '%s --help'.\n", err, called.CommandPath())
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "tiendo:", err)
	return exitFailed
}

// usageError is a call that cannot be taken.
type usageError struct{ error }

// problemsError is a check that ran and found something.
type problemsError struct{ n int }

func (e *problemsError) Error() string {
	if e.n == 1 {
		return "1 problem found, listed above"
	}
	return fmt.Sprintf("%d problems found, listed above", e.n)
}
