package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tiendo/collectors"
	"tiendo/collectors/cashless"
	"tiendo/collectors/edocument"
	"tiendo/collectors/onlineservice"
	"tiendo/collectors/reportform"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/run"
	"tiendo/schema"
)

// kinds are the kinds of source; a source file's `kind` names one. A new kind is one folder and one line here.
var kinds = map[string]collectors.Builder{
	"onlineservice": onlineservice.New,
	"edocument":     edocument.New,
	"cashless":      cashless.New,
	"reportform":    reportform.New,
}

// source is one source of the plan with its job, or with what keeps it from being pulled.
type source struct {
	collectors.Source
	job run.Job
	err error
}

// sources builds every source of the plan. A source that cannot be built (an address that is not set, say) stands there
// with its error and stops no other.
func (a *app) sources(ctx context.Context, p *plan.Plan, st *schema.Store) ([]source, error) {
	var all []source
	for _, f := range p.Sources {
		s := source{Source: collectors.Source{ID: f.Name, File: f.Name + ".yaml"}}
		src, err := collectors.DecodeSource(f)
		if err == nil {
			if a.adjust != nil {
				a.adjust(&src)
			}
			s.Source, err = src, src.Validate()
		}
		var c collectors.Collector
		if err == nil {
			build, ok := kinds[src.Kind]
			if !ok {
				err = fmt.Errorf("%s: unknown kind %q", src.File, src.Kind)
			} else {
				deps := collectors.Deps{Plan: p, Now: a.now, Lookup: a.lookup, Notify: func(id string, e error) {
					a.log.Debug("tried again", "source", id, "error", e)
					if a.retried != nil {
						a.retried(id)
					}
				}}
				if st != nil {
					deps.Seen = func(sha string) bool { return st.Seen(ctx, src.ID, sha) }
				}
				c, err = build(src, deps)
			}
		}
		s.err = err
		s.job = run.Job{Source: s.ID}
		if err == nil {
			s.job.Collector = c
		}
		if s.RejectLimit != nil {
			s.job.RejectLimit = *s.RejectLimit
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("plan %s has no sources: add a file to its sources folder", p.Code)
	}
	return all, nil
}

// sourcesNamed refuses a name that the plan lacks, before anything is opened for it.
func sourcesNamed(p *plan.Plan, names []string) error {
	var known []string
	for _, f := range p.Sources {
		known = append(known, f.Name)
	}
	return eachKnown(names, known)
}

func eachKnown(names, known []string) error {
	for _, n := range names {
		if !slices.Contains(known, n) {
			return &usageError{fmt.Errorf("the plan has no source %q: it has %s", n, strings.Join(known, ", "))}
		}
	}
	return nil
}

// pick keeps the named sources, or all; a name that the plan lacks is an error.
func pick(all []source, names []string) ([]source, error) {
	if len(names) == 0 {
		return all, nil
	}
	var out []source
	var known []string
	for _, s := range all {
		known = append(known, s.ID)
		if slices.Contains(names, s.ID) {
			out = append(out, s)
		}
	}
	return out, eachKnown(names, known)
}

// usable leaves out sources that cannot be built and returns their errors together.
func usable(all []source) (ok []source, broken error) {
	var errs []error
	for _, s := range all {
		if s.err != nil {
			errs = append(errs, s.err)
			continue
		}
		ok = append(ok, s)
	}
	return ok, errors.Join(errs...)
}

// offline builds a source that is only parsed, never asked: addresses and secrets that are not set stand as words.
func (a *app) offline(p *plan.Plan, s *source) error {
	src := s.Source
	if s.Kind == "" {
		return s.err
	}
	outer := a.lookup
	c, err := kinds[src.Kind](src, collectors.Deps{Plan: p, Now: a.now, Lookup: func(name string) string {
		if v := outer(name); v != "" {
			return v
		}
		return "http://127.0.0.1:9/" + name
	}})
	s.job.Collector = c
	return err
}
