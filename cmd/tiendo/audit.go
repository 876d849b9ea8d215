package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
	"tiendo/pipeline/words"
)

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List the audit log of sign-ins and changes, prove that nobody changed it",
		Args:  subcommandNeeded,
		RunE:  subcommandNeeded,
	}
	cmd.AddCommand(a.auditListCommand(), a.auditVerifyCommand())
	return cmd
}

func (a *app) auditListCommand() *cobra.Command {
	var asJSON bool
	var last int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the newest rows of the log, oldest first",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 1 {
				return &usageError{fmt.Errorf("--last %d: name a number of rows from 1", last)}
			}
			st, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			part, err := st.Audited(cmd.Context(), web.AuditQuery{From: plan.NoDay, To: plan.NoDay, Most: last})
			if err != nil {
				return err
			}
			rows := part.Rows
			slices.Reverse(rows)
			if asJSON {
				type line struct {
					Seq     uint64 `json:"seq"`
					At      string `json:"at"`
					Actor   string `json:"actor"`
					Action  string `json:"action"`
					Subject string `json:"subject"`
					Address string `json:"address"`
					Detail  string `json:"detail"`
					Hash    string `json:"hash"`
				}
				out := []line{}
				for _, r := range rows {
					out = append(out, line{r.Seq, r.At.Format(time.RFC3339Nano), r.Actor, r.Action, r.Subject, r.Address, r.Detail, r.Hash})
				}
				enc := json.NewEncoder(a.out)
				enc.SetIndent("", "  ")
				return enc.Encode(out)
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SỐ\tLÚC\tNGƯỜI\tVIỆC\tĐỐI TƯỢNG\tTỪ ĐỊA CHỈ\tCHI TIẾT")
			for _, r := range rows {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Seq, words.Instant(r.At), r.Actor, r.Action, r.Subject, r.Address, firstLine(r.Detail))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&last, "last", 50, "how many rows")
	return cmd
}

func (a *app) auditVerifyCommand() *cobra.Command {
	var kept string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Find rows of the log that were changed, taken out, put in or exchanged",
		Long: `Every row of the log holds a SHA-256 over the row before and its own content. This checks every row, says which ones were changed,
taken out, put in, exchanged or forked, whether the log was cut at its end, and whether every account and every entry of an award register
in the store is one that the log tells of. Exit code 3 if anything is wrong.

Who can write to the database and knows how can write the whole log anew. Keep the last line of this command's output somewhere else (on
paper, say) and give it back later with --kept: then that is found, too.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			mark, err := keptMark(kept)
			if err != nil {
				return err
			}
			st, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			rows, problems, err := st.VerifyAudit(cmd.Context(), mark...)
			if err != nil {
				return err
			}
			return a.verdict(rows, problems, "the log is empty", fmt.Sprintf("%d rows are as they were written", len(rows)))
		},
	}
	cmd.Flags().StringVar(&kept, "kept", "", "NUMBER:HASH that verify printed once: the row must still be that one")
	return cmd
}

// verdict says what a verification of a chained log found, or how to recognise its newest row later.
func (a *app) verdict(rows []access.Row, problems []access.Problem, empty, whole string) error {
	for _, p := range problems {
		fmt.Fprintf(a.out, "✖ %s\n", p.Text)
	}
	switch {
	case len(problems) > 0:
		return &problemsError{len(problems)}
	case len(rows) == 0:
		fmt.Fprintf(a.out, "✔ %s\n", empty)
	default:
		newest := rows[len(rows)-1]
		fmt.Fprintf(a.out, "✔ %s; keep this elsewhere, for --kept:\n%d:%s\n", whole, newest.Seq, newest.Hash)
	}
	return nil
}

// keptMark reads what a verification printed once.
func keptMark(kept string) ([]access.Mark, error) {
	if kept == "" {
		return nil, nil
	}
	seq, hash, ok := strings.Cut(kept, ":")
	n, err := strconv.ParseUint(seq, 10, 64)
	if !ok || err != nil || len(hash) != 64 {
		return nil, &usageError{errors.New("--kept: write it as verify printed it, NUMBER:HASH")}
	}
	return []access.Mark{{Seq: n, Hash: hash}}, nil
}
