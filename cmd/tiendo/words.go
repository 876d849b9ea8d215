package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"time"

	"github.com/spf13/cobra"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// The terminal's short forms of the words people see.
func viDay(d plan.Day) string           { return words.Day(d) }
func viValue(v *plan.Value) string      { return words.Value(v) }
func viStatus(s progress.Status) string { return words.Status(s).Name }
func sign(s progress.Status) string     { return words.Status(s).Sign }
func viReason(r progress.Reason) string { return words.Reason(r) }

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("%s takes no argument %q", cmd.CommandPath(), args[0])}
	}
	return nil
}

// knownCommand refuses a word that is no command, with the ones that come close.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return &usageError{errors.New(text)}
}

func subcommandNeeded(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if len(args) > 0 {
		return &usageError{fmt.Errorf("%s has no command %q: it has %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))}
	}
	return &usageError{fmt.Errorf("%s needs one of: %s", cmd.CommandPath(), strings.Join(names, ", "))}
}

// unitsByKey is the stable order of exports: by code, then by the beginning of validity.
func unitsByKey(us *plan.Units) []*plan.Unit {
	all := slices.Clone(us.All)
	slices.SortFunc(all, func(a, b *plan.Unit) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.From, b.From)) })
	return all
}

// knownDays reads a comma-separated list of days for the simulator, which has no Day of the plan's.
func knownDays(list string, fallback plan.Day) ([]time.Time, error) {
	var out []time.Time
	for _, text := range strings.Split(list, ",") {
		d, err := day("known-on", text, fallback)
		if err != nil {
			return nil, err
		}
		out = append(out, d.Start())
	}
	return out, nil
}

// cursorNow is a cursor that asks for next to nothing: only whether the source answers.
func cursorNow(now time.Time) collectors.Cursor { return collectors.Cursor{Since: now.Add(-time.Hour)} }
