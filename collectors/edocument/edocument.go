// Package edocument reads what is known of e-documents: the sent list of the national document exchange axis, and the
// counts of documents and work files that the document management system keeps per agency (SYSTEMS section 2). It knows
// these records' fields; how a system is reached is the frame's matter, and no formula is known here.
package edocument

import (
	"errors"
	"fmt"
	"strings"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// resources is what this kind can read.
var resources = map[string]collectors.Builder{
	"axis":                newAxis,
	"document_statistics": newDocumentStatistics,
	"workfile_statistics": newWorkfileStatistics,
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

// reader is what all resources share.
type reader struct {
	src    collectors.Source
	deps   collectors.Deps
	layout *collectors.Layout
	client *collectors.Client
	units  *collectors.UnitFinder
}

func newReader(src collectors.Source, deps collectors.Deps, fields []collectors.Field, known []string) (*reader, error) {
	layout, err := src.Layout(fields, known...)
	if err != nil {
		return nil, err
	}
	client, err := collectors.NewClient(src, layout, deps)
	if err != nil {
		return nil, err
	}
	return &reader{src, deps, layout, client, collectors.NewUnitFinder(deps.Plan.Units)}, nil
}

// refuse says why a record cannot be counted.
func (r *reader) refuse(row *collectors.Row, slot int, key, rule, format string, a ...any) *collectors.Reject {
	return &collectors.Reject{Position: row.Position, Key: key, Field: r.layout.Name(slot), Rule: rule, Reason: fmt.Sprintf(format, a...), Record: row.Raw()}
}

// unit resolves a code on the first of the days on which it is valid.
func (r *reader) unit(row *collectors.Row, slot int, key string, days ...plan.Day) (plan.UnitKey, *collectors.Reject) {
	code := row.Bytes(slot)
	for _, d := range days {
		if u, err := r.units.ByCode(code, d); err == nil {
			return u.UnitKey, nil
		}
	}
	return plan.UnitKey{}, r.refuse(row, slot, key, "unknown_unit",
		"Mã đơn vị %q không có đơn vị nào có hiệu lực ngày %s: sửa mã ở hệ thống nguồn hoặc bổ sung vào danh mục mã đơn vị.", short(string(code)), date(days[0]))
}

// number words a number error.
func (r *reader) number(row *collectors.Row, slot int, key string, denominator bool, err error) *collectors.Reject {
	name, text := r.layout.Name(slot), short(row.Text(slot))
	switch rule := collectors.NumberRule(err); {
	case errors.Is(err, collectors.ErrEmptyNumber) && denominator:
		return r.refuse(row, slot, key, "missing_denominator", "Thiếu tổng số ở trường %s: trống là chưa biết, không phải là 0; bổ sung ở hệ thống nguồn.", name)
	case errors.Is(err, collectors.ErrEmptyNumber):
		return r.refuse(row, slot, key, rule, "Trường %s để trống: trống là chưa biết; nhập 0 nếu không phát sinh.", name)
	case errors.Is(err, collectors.ErrAmbiguousNumber):
		return r.refuse(row, slot, key, rule, "Số %q ở trường %s có thể hiểu hai cách (phân cách nghìn hay thập phân): ghi liền không có dấu phân cách.", text, name)
	default:
		return r.refuse(row, slot, key, rule, "%q ở trường %s không phải số nguyên không âm: sửa ở hệ thống nguồn.", text, name)
	}
}

func date(d plan.Day) string { return d.Time().Format("02/01/2006") }

// short keeps a source's text short inside a reason.
func short(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
