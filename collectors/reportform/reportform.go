// Package reportform collects the report forms that units hand in as files, and writes the empty forms. What a form
// asks for is data of the plan (forms.yaml); this package only ties a plan's forms to a drop folder. It knows no
// particular form, no store and no formula.
package reportform

import (
	"fmt"

	"tiendo/collectors"
	"tiendo/collectors/table"
	"tiendo/pipeline/plan"
)

// New builds the collector of the plan's forms that are booked under the source. A file is landed once by its content
// (Deps.Seen), minimised to what its form asks for. Measures come by the form's columns, facilities and baselines by the
// roles of a register's columns.
func New(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	if deps.Plan == nil {
		return nil, fmt.Errorf("%s: a plan is needed: its forms are what the source reads", src.File)
	}
	var forms []plan.Form
	for _, f := range deps.Plan.Forms {
		if f.Source == src.ID {
			forms = append(forms, f)
		}
	}
	return table.NewReader(src, deps, forms)
}
