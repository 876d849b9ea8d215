package main

import (
	"context"
	"io"
	"slices"
	"sync"

	"tiendo/collectors"
	"tiendo/collectors/reportform"
	"tiendo/pipeline/draft"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/schema"
)

// formDesk is where the pages hand forms in: files are read as those of the drop folder are, and what is confirmed is landed as
// a page of the form's source.
type formDesk struct {
	*reportform.Desk
	plan   *plan.Plan
	store  *schema.Store
	runner *run.Runner
	landed func() // told when something may have come to count
	one    sync.Mutex
}

// formDesk reads the forms of the plan's sources of report forms; nil: the plan has none.
func (a *app) formDesk(p *plan.Plan, st *schema.Store, landed func()) (*formDesk, error) {
	var sources []collectors.Source
	for _, f := range p.Sources {
		src, err := collectors.DecodeSource(f)
		if err != nil || src.Kind != "reportform" || !slices.ContainsFunc(p.Forms, func(x plan.Form) bool { return x.Source == f.Name }) {
			continue // `tiendo check` says what is wrong with a source
		}
		src.Path = "-" // its folder is not read here, and may not be named at all
		sources = append(sources, src)
	}
	if len(sources) == 0 {
		return nil, nil
	}
	d, err := reportform.NewDesk(sources, collectors.Deps{Plan: p, Now: a.now, Lookup: a.lookup})
	if err != nil {
		return nil, err
	}
	return &formDesk{Desk: d, plan: p, store: st, runner: &run.Runner{Store: st, Catalogue: st, Now: a.now}, landed: landed}, nil
}

// Blank writes the empty form with the services or facilities that the store knows of the unit; a register's rows stay open, for
// those that nobody knows yet.
func (d *formDesk) Blank(ctx context.Context, k draft.Key, w io.Writer) error {
	var known []plan.Member
	var err error
	for _, key := range d.plan.Form(k.Form).Keys {
		switch {
		case d.plan.Form(k.Form).Rhythm == plan.Daily:
		case key.Role == "service":
			known, err = d.store.Services(ctx, k.Unit)
		case key.Role == "facility":
			known, err = d.store.Facilities(ctx, facilityKinds(d.plan, k.Form))
		}
		if err != nil {
			return err
		}
	}
	return d.Desk.Blank(k, known, w)
}

// facilityKinds are the kinds of facilities that a form's indicators count.
func facilityKinds(p *plan.Plan, form string) (kinds []string) {
	for _, code := range p.Form(form).Indicators {
		if ind := p.Indicator(code); ind != nil {
			kinds = append(kinds, ind.FacilityKinds...)
		}
	}
	return kinds
}

// Land lands the body of a confirmed draft. One at a time, so that what was known before is in order.
func (d *formDesk) Land(ctx context.Context, k draft.Key, version uint64, body []byte) error {
	d.one.Lock()
	defer d.one.Unlock()
	ctx = context.WithoutCancel(ctx) // what is confirmed is landed, whoever closes a browser
	if _, err := d.runner.Take(ctx, run.Job{Source: d.plan.Form(k.Form).Source, Collector: d.Reader(k)}, d.Page(k, version, body)); err != nil {
		return err
	}
	d.landed()
	return nil
}
