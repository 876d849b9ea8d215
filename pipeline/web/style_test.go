package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestSheetsDoNotMeet looks at the sheets of single pages, which are joined: a class with a look of its own stands in one of them,
// or in the sheet that all share.
func TestSheetsDoNotMeet(t *testing.T) {
	comment, selector, class := regexp.MustCompile(`(?s)/\*.*?\*/`), regexp.MustCompile(`([^{}]+)\{`), regexp.MustCompile(`^\.([a-z-]+)`)
	classes := func(name string) map[string]bool {
		data, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, m := range selector.FindAllStringSubmatch(comment.ReplaceAllString(string(data), ""), -1) {
			for _, s := range strings.Split(m[1], ",") {
				if c := class.FindStringSubmatch(strings.TrimSpace(s)); c != nil {
					all[c[1]] = true
				}
			}
		}
		return all
	}
	shared, in := classes("static/style.css"), map[string]string{}
	sheets, err := fs.Glob(files, "static/style-*.css")
	if err != nil || len(sheets) < 2 {
		t.Fatalf("%v, %v", sheets, err)
	}
	for _, sheet := range sheets {
		for c := range classes(sheet) {
			if other := in[c]; other != "" && !shared[c] {
				t.Errorf(".%s stands in %s and in %s: give one of them another name, or write what it is before it (form.%[1]s)", c, other, sheet)
			}
			in[c] = sheet
		}
	}
}
