package simulator

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tableSource is a table that facilities or units hand in as files, as its source file describes it.
type tableSource struct {
	source string
	form
}

// loadTables finds the tables among the plan's sources.
func (p *planData) loadTables() error {
	names, err := fs.Glob(p.files, "sources/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		var src struct {
			Resource string    `yaml:"resource"`
			Settings yaml.Node `yaml:"settings"`
		}
		if err := p.yaml(name, &src); err != nil {
			return err
		}
		if src.Resource != "table" || src.Settings.Kind == 0 {
			continue
		}
		var settings struct {
			Form form `yaml:"form"`
		}
		if err := src.Settings.Decode(&settings); err != nil {
			return fmt.Errorf("plan data %s: %w", name, err)
		}
		p.tables = append(p.tables, tableSource{source: strings.TrimSuffix(path.Base(name), ".yaml"), form: settings.Form})
	}
	return nil
}

// makeTable fills in a table for every period that has ended.
func (w *world) makeTable(t *tableSource) error {
	s := &dataset{source: t.source, code: t.Code, version: max(1, t.Version), report: t.PeriodType == "report",
		measures: measuresOf(t.Columns), keys: t.Keys, columns: t.Columns}
	var err error
	if s.periods, err = periods(t.Rhythm, s.report, w.from-30, w.asOf); err != nil {
		return fmt.Errorf("table %s: %w", t.Code, err)
	}
	due := func(p period) sec { return w.plan.after(p.end, 4).at(9, 0) }
	ind := w.firstIndicator(s.measures)
	if t.keyed("facility") {
		for i := range w.facilities {
			f := &w.facilities[i]
			if ind != nil && slices.Contains(ind.FacilityKinds, f.kind) {
				w.state(s, subject{facility: f}, "", due, ind.QuietMonths)
			}
		}
	} else {
		levels := t.Levels
		if len(levels) == 0 {
			levels = []string{"commune"}
		}
		for _, u := range w.units(levels...) {
			w.state(s, subject{unit: u}, "", due, nil)
		}
	}
	w.sets = append(w.sets, s)
	return nil
}
