package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
)

func (a *app) exportPackageCommand() *cobra.Command {
	var out, asOf, knownOn string
	cmd := &cobra.Command{
		Use:   "package",
		Short: "Write a data package (Frictionless): the plan, its targets, its units and the progress on a day",
		Long: `Write a zip of datapackage.json and CSV files, each described field by field: plans, indicators, targets, units, and the
stored progress of every unit on one day. It says which plan, as-of, known-on, plan version and method version it holds;
the same figures give the same bytes, the bytes that the site answers at /data/package.zip.

It names no licence: who publishes the figures chooses one.`,
		Example: `  tiendo export package --out tien-do.zip
  tiendo export package --out 2023.zip --as-of 2023-12-31`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return &usageError{fmt.Errorf("export package needs --out FILE, the zip to write")}
			}
			ctx := cmd.Context()
			d, err := day("as-of", asOf, plan.NoDay)
			if err != nil {
				return err
			}
			k, err := day("known-on", knownOn, plan.NoDay)
			if err != nil {
				return err
			}
			p, st, err := a.ready(ctx)
			if err != nil {
				return err
			}
			body, err := web.DataPackage(ctx, web.Options{Plan: p, Store: st, Contests: st, Now: a.now, Notice: a.notice(ctx, p, st)}, d, k)
			if err != nil {
				return err
			}
			if err := replaceFile(out, body); err != nil {
				return fmt.Errorf("write the data package: %w", err)
			}
			fmt.Fprintf(a.out, "%s: %d byte\n", out, len(body))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "file to write; one that is there is replaced when the new one is whole")
	f.StringVar(&asOf, "as-of", "", "day that the figures speak of, YYYY-MM-DD, one that results are kept for (default: the last complete week's Sunday)")
	f.StringVar(&knownOn, "known-on", "", "stored results as known at the end of this day, YYYY-MM-DD (default: the newest)")
	return cmd
}

// replaceFile writes a file whole or not at all.
func replaceFile(name string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // of no use once renamed
	if _, err := f.Write(body); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
