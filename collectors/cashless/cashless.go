// Package cashless reads how much is paid without cash: payments of dossiers' fees from the payment platform, and the
// tables in which hospitals, schools and the State Bank's branch hand in their figures (SYSTEMS section 3). It knows
// these records' fields; it does not know how a system is reached, which dossier a payment counts for, or any formula.
package cashless

import (
	"fmt"
	"slices"

	"tiendo/collectors"
	"tiendo/collectors/table"
	"tiendo/pipeline/plan"
)

// resources is what this kind can read.
var resources = map[string]collectors.Builder{
	"payments": newPayments,
	"table":    newTable,
}

// New builds the collector of a source. The error lists everything that is missing: mappings, addresses, secrets.
func New(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	build, err := collectors.Resource(src, resources)
	if err != nil {
		return nil, err
	}
	if deps.Plan == nil || deps.Plan.Units == nil || deps.Now == nil {
		return nil, fmt.Errorf("%s: a plan with units and a clock are needed", src.File)
	}
	return build(src, deps)
}

// tableSettings describes the table that a source hands in.
type tableSettings struct {
	Form    plan.Form `yaml:"form"`    // its code, period and columns, as in a plan's forms
	Derived []derived `yaml:"derived"` // measures that are read off a column of it
}

// derived is a measure that is 1 where the figure under the header is above 0, and 0 where it is not.
type derived struct {
	Measure   string `yaml:"measure"`
	AboveZero string `yaml:"above_zero"`
}

func newTable(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	var s tableSettings
	if err := src.DecodeSettings(&s); err != nil {
		return nil, err
	}
	s.Form.Source = src.ID
	columns := slices.Clone(s.Form.Columns)
	for _, d := range s.Derived {
		if d.Measure == "" || !slices.ContainsFunc(columns, func(c plan.Column) bool { return c.Header == d.AboveZero }) {
			return nil, fmt.Errorf("%s: settings.derived: %q is no header of the table", src.File, d.AboveZero)
		}
		s.Form.Columns = append(s.Form.Columns, plan.Column{Header: d.AboveZero, Measure: d.Measure, Kind: "positive"})
	}
	return table.NewReader(src, deps, []plan.Form{s.Form})
}
