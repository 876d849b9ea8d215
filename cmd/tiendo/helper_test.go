package main

import (
	"io/fs"
	"testing"

	"tiendo/pipeline/config"
	"tiendo/schema/plans"
)

func configOf(planCode, data string) config.Config { return config.Config{Plan: planCode, Data: data} }

func mustSub(t *testing.T, name string) fs.FS {
	t.Helper()
	sub, err := fs.Sub(plans.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}
