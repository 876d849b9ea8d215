// Package onlineservice reads the systems of online public services: dossier records and the procedure catalogue in the
// national portal's format, and the statistics of the national portal and of the provincial one-stop (SYSTEMS section 1).
// It knows these records' fields and which of them are personal; how a system is reached is the frame's matter, and no
// formula is known here.
package onlineservice

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// resources is what this kind can read.
var resources = map[string]collectors.Builder{
	"dossiers":           newDossiers,
	"procedures":         newProcedures,
	"portal_statistics":  newPortalStatistics,
	"portal_scores":      newPortalScores,
	"onestop_statistics": newOneStopStatistics,
	"onestop_online":     newOneStopOnline,
}

// New builds the collector of a source. The error lists everything that is missing: mappings, addresses, secrets.
func New(src collectors.Source, deps collectors.Deps) (collectors.Collector, error) {
	build, err := collectors.Resource(src, resources)
	if err != nil {
		return nil, err
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
	codes  interned
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
	return &reader{src: src, deps: deps, layout: layout, client: client, units: collectors.NewUnitFinder(deps.Plan.Units)}, nil
}

// refusal is why a record cannot be counted.
type refusal struct {
	field  int // slot
	rule   string
	reason string
}

func (r *reader) reject(row *collectors.Row, key string, f *refusal) collectors.Reject {
	return collectors.Reject{Position: row.Position, Key: key, Field: r.layout.Name(f.field), Rule: f.rule, Reason: f.reason, Record: row.Raw()}
}

func refuse(field int, rule, format string, a ...any) *refusal {
	return &refusal{field: field, rule: rule, reason: fmt.Sprintf(format, a...)}
}

// unit resolves a code on a day, or says why it cannot.
func (r *reader) unit(row *collectors.Row, slot int, d plan.Day) (plan.UnitKey, *refusal) {
	code := row.Bytes(slot)
	if len(code) == 0 {
		return plan.UnitKey{}, refuse(slot, "unknown_unit", "Bản ghi không có mã đơn vị: bổ sung mã đơn vị ở hệ thống nguồn.")
	}
	u, err := r.units.ByCode(code, d)
	if err != nil {
		return plan.UnitKey{}, refuse(slot, "unknown_unit", "Mã đơn vị %q không có đơn vị nào có hiệu lực ngày %s: sửa mã ở hệ thống nguồn hoặc bổ sung vào danh mục mã đơn vị.", short(string(code)), date(d))
	}
	return u.UnitKey, nil
}

// time reads a date and time, or says why it cannot.
func (r *reader) time(row *collectors.Row, slot int) (time.Time, *refusal) {
	t, err := row.Time(slot)
	if err != nil {
		return t, refuse(slot, "bad_date", "Không đọc được ngày giờ %q ở trường %s: sửa ở hệ thống nguồn.", short(row.Text(slot)), r.layout.Name(slot))
	}
	return t, nil
}

// badNumber words a number error.
func (r *reader) badNumber(row *collectors.Row, slot int, err error) *refusal {
	name, text := r.layout.Name(slot), short(row.Text(slot))
	switch rule := collectors.NumberRule(err); {
	case errors.Is(err, collectors.ErrAmbiguousNumber):
		return refuse(slot, rule, "Số %q ở trường %s có thể hiểu hai cách (phân cách nghìn hay thập phân): ghi liền không có dấu phân cách.", text, name)
	case errors.Is(err, collectors.ErrEmptyNumber):
		return refuse(slot, rule, "Trường %s để trống: nhập số liệu, nhập 0 nếu không phát sinh.", name)
	default:
		return refuse(slot, rule, "%q ở trường %s không phải số nguyên không âm: sửa ở hệ thống nguồn.", text, name)
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

// ProcedureCode is the short form of a procedure's code: sources write 1.002835 or 1.002835.000.00.00.H56.
func ProcedureCode(code string) string {
	code = strings.TrimSpace(code)
	first, rest, ok := strings.Cut(code, ".")
	if !ok || !isDigits(first) {
		return code
	}
	second, _, _ := strings.Cut(rest, ".")
	if !isDigits(second) {
		return code
	}
	return code[:len(first)+1+len(second)]
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// interned keeps one copy of each procedure code: a million dossiers name a few thousand.
type interned struct {
	mu   sync.Mutex
	seen map[string]string
}

func (c *interned) procedure(code []byte) string {
	if len(code) == 0 {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.seen[string(code)]; ok {
		return s
	}
	s := ProcedureCode(string(code))
	if c.seen == nil || len(c.seen) > 100_000 {
		c.seen = map[string]string{}
	}
	c.seen[string(code)] = s
	return s
}
