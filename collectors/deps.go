package collectors

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"tiendo/pipeline/plan"
)

// Deps is what every kind is built with. Plan and Now are needed; the rest may stay empty.
type Deps struct {
	Plan      *plan.Plan
	Now       func() time.Time             // the injected clock: fetched_at and every "is this over yet"
	Lookup    func(name string) string     // environment variables; nil: none are set
	Transport http.RoundTripper            // nil: one of the source's own, by its TLS settings
	Seen      func(sha string) bool        // drop folders: has a file of this content been landed; nil: none has
	Notify    func(source string, e error) // told of every attempt that failed and is tried again; nil: nobody is
}

// Builder builds the collector of a source, or says everything that it lacks.
type Builder func(Source, Deps) (Collector, error)

// Resource picks the builder of the resource that a source names; the error lists those that its kind has.
func Resource(src Source, resources map[string]Builder) (Builder, error) {
	build := resources[src.Resource]
	if build == nil {
		return nil, fmt.Errorf("%s: resource %q is unknown: use %s", src.File, src.Resource, strings.Join(slices.Sorted(maps.Keys(resources)), ", "))
	}
	return build, nil
}

func (d Deps) lookup(name string) string {
	if d.Lookup == nil {
		return ""
	}
	return d.Lookup(name)
}
