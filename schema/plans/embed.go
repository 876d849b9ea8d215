// Package plans carries the built-in plans' data files. It holds no rule and no figure: pipeline/plan reads the files.
package plans

import (
	"embed"
	"io/fs"
)

// FS holds one folder per plan, named by the plan's code.
//
//go:embed */*
var FS embed.FS

// Names lists the built-in plans' codes in alphabetical order.
func Names() []string {
	entries, _ := fs.ReadDir(FS, ".") // an embedded root can always be read
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}
