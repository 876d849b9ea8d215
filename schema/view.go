package schema

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

type view struct{ name, text string }

// viewsInOrder are the views of views/NAME.sql as v_NAME, each after those that it reads from: ClickHouse keeps the columns
// of a view as they were when it was created, so one that builds on others is created after them.
func viewsInOrder() ([]view, error) {
	files, err := fs.Glob(views, "views/*.sql")
	if err != nil {
		return nil, err
	}
	var waiting, out []view
	for _, f := range files {
		text, err := views.ReadFile(f)
		if err != nil {
			return nil, err
		}
		waiting = append(waiting, view{"v_" + strings.TrimSuffix(path.Base(f), ".sql"), string(text)})
	}
	for len(waiting) > 0 {
		var later []view
		for _, v := range waiting {
			if slices.ContainsFunc(waiting, func(w view) bool { return w.name != v.name && readsFrom(v, w.name) }) {
				later = append(later, v)
			} else {
				out = append(out, v)
			}
		}
		if len(later) == len(waiting) {
			return nil, fmt.Errorf("the views %s and %s read from each other", later[0].name, later[1].name)
		}
		waiting = later
	}
	return out, nil
}

var fromView = regexp.MustCompile(`(?i)(?:FROM|JOIN)\s+(v_\w+)`)

func readsFrom(v view, name string) bool {
	return slices.ContainsFunc(fromView.FindAllStringSubmatch(v.text, -1), func(m []string) bool { return m[1] == name })
}
