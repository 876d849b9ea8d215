package collectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Field is one field that a kind reads from a source's record. A kind lists its fields in the order of its slot
// constants, so that a slot is an index.
type Field struct {
	Name     string // ours
	Default  string // the source's usual name, dotted where nested; lists on the way are walked through
	Required bool   // without a mapping the source cannot be read
}

// Layout is the allow-list of one source's records and the way to each field. It is compiled once from the kind's fields
// and the source's own names; whatever it does not name is dropped where the answer is decoded.
type Layout struct {
	fields  []Field // Default replaced by the name in force; empty: not mapped
	formats []TimeFormat
	root    *node
	known   map[string]bool // seen, and deliberately not taken
	mark    int             // slot of "updated"; -1: none
}

type node struct {
	slots    []int
	children map[string]*node
}

// Layout compiles the fields with the source's own names. known are the fields of the kind's usual records that are
// deliberately not taken, personal ones among them. The error lists every problem of the mapping.
func (s Source) Layout(fields []Field, known ...string) (*Layout, error) {
	l := &Layout{fields: slices.Clone(fields), formats: s.TimeFormats, root: &node{}, known: map[string]bool{}, mark: -1}
	for _, k := range slices.Concat(known, s.KnownFields) {
		l.known[k] = true
	}
	var errs []error
	ours := map[string]bool{}
	for i := range l.fields {
		f := &l.fields[i]
		ours[f.Name] = true
		if name, ok := s.Fields[f.Name]; ok {
			f.Default = name
		}
		switch {
		case f.Default != "":
			l.root.add(f.Default, i)
			if f.Name == "updated" {
				l.mark = i
			}
		case f.Required:
			errs = append(errs, fmt.Errorf("%s: fields.%s is not mapped: write the source's name of it", s.File, f.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
		if !ours[name] {
			errs = append(errs, fmt.Errorf("%s: fields.%s is no field of %s/%s", s.File, name, s.Kind, s.Resource))
		}
	}
	return l, errors.Join(errs...)
}

func (n *node) add(path string, slot int) {
	for part := range strings.SplitSeq(path, ".") {
		if n.children == nil {
			n.children = map[string]*node{}
		}
		if n.children[part] == nil {
			n.children[part] = &node{}
		}
		n = n.children[part]
	}
	n.slots = append(n.slots, slot)
}

// Name is the source's name of a slot.
func (l *Layout) Name(slot int) string { return l.fields[slot].Default }

var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// Minimise copies what the layout allows out of one record (a JSON object) and names the top-level fields that are
// neither allowed nor known. Objects and lists where a plain value is expected are dropped too: they may hold anything.
func (l *Layout) Minimise(record []byte) (out json.RawMessage, unknown []string, err error) {
	m := minimiser{layout: l, dec: jsontext.NewDecoder(bytes.NewBuffer(record), lenient...)}
	if err := m.record(); err != nil {
		return nil, nil, err
	}
	return m.out, m.unknown(), nil
}

// minimiser copies records out of a decoder.
type minimiser struct {
	layout *Layout
	dec    *jsontext.Decoder
	out    []byte
	marked []byte // raw value of the update time of the record just read
	extra  map[string]bool
	name   []byte // scratch
}

func (m *minimiser) record() error {
	m.marked = m.marked[:0]
	if k := m.dec.PeekKind(); k != '{' {
		if _, err := m.dec.ReadToken(); err != nil {
			return err
		}
		return errors.New("a record is not an object")
	}
	return m.object(m.layout.root, true)
}

func (m *minimiser) object(n *node, top bool) error {
	if _, err := m.dec.ReadToken(); err != nil {
		return err
	}
	m.out = append(m.out, '{')
	first := true
	for m.dec.PeekKind() != '}' {
		raw, err := m.dec.ReadValue()
		if err != nil {
			return err
		}
		m.name = append(m.name[:0], raw...)
		child := n.children[string(unquoted(m.name))]
		if child == nil {
			if top {
				m.meet(unquoted(m.name))
			}
			if err := m.dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		before := len(m.out)
		if !first {
			m.out = append(m.out, ',')
		}
		m.out = append(append(m.out, m.name...), ':')
		kept, err := m.value(child)
		if err != nil {
			return err
		}
		if !kept {
			m.out = m.out[:before]
			continue
		}
		first = false
	}
	_, err := m.dec.ReadToken()
	m.out = append(m.out, '}')
	return err
}

func (m *minimiser) value(n *node) (kept bool, err error) {
	switch k := m.dec.PeekKind(); {
	case k == '{' && n.children != nil:
		return true, m.object(n, false)
	case k == '[' && n.children != nil:
		if _, err := m.dec.ReadToken(); err != nil {
			return false, err
		}
		m.out = append(m.out, '[')
		first := true
		for m.dec.PeekKind() != ']' {
			before := len(m.out)
			if !first {
				m.out = append(m.out, ',')
			}
			kept, err := m.value(n)
			if err != nil {
				return false, err
			}
			if !kept {
				m.out = m.out[:before]
				continue
			}
			first = false
		}
		_, err := m.dec.ReadToken()
		m.out = append(m.out, ']')
		return true, err
	case k == '{' || k == '[' || (len(n.slots) == 0 && k != 'n'):
		return false, m.dec.SkipValue()
	}
	v, err := m.dec.ReadValue()
	if err != nil {
		return false, err
	}
	if m.layout.mark >= 0 && slices.Contains(n.slots, m.layout.mark) {
		m.marked = append(m.marked[:0], v...)
	}
	if utf8.Valid(v) {
		m.out = append(m.out, v...)
	} else {
		m.out = append(m.out, bytes.ToValidUTF8(v, []byte("\uFFFD"))...)
	}
	return true, nil
}

// fieldName is what a new field's name must look like to be reported: a name with many digits may be content.
var (
	fieldName  = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.\- ]{0,63}$`)
	manyDigits = regexp.MustCompile(`\d{5,}`)
)

func (m *minimiser) meet(name []byte) {
	if m.layout.known[string(name)] || m.extra[string(name)] || len(m.extra) >= 50 {
		return
	}
	if m.extra == nil {
		m.extra = map[string]bool{}
	}
	m.extra[string(name)] = true
}

func (m *minimiser) unknown() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.extra)) {
		if fieldName.MatchString(name) && !manyDigits.MatchString(name) && !personal(name) {
			out = append(out, name)
		}
	}
	return out
}

// personalParts are what names of personal fields hold in the systems seen. Such a field is no news: it is never taken.
var personalParts = []string{"hoten", "tencho", "chuhoso", "chusohuu", "nguoi", "diachi", "dienthoai", "sodt", "email", "cmnd", "cccd", "cmt", "dinhdanh",
	"ngaysinh", "gioitinh", "hochieu", "hokhau", "taikhoan", "fullname", "address", "phone", "identity", "birth", "applicant", "citizen", "password"}

func personal(name string) bool {
	low := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
	for _, p := range personalParts {
		if strings.Contains(low, p) {
			return true
		}
	}
	return false
}

// unquoted is the text of a raw JSON string or the literal of another scalar; null is empty.
func unquoted(raw []byte) []byte {
	switch {
	case len(raw) >= 2 && raw[0] == '"':
		if bytes.IndexByte(raw, '\\') < 0 {
			return raw[1 : len(raw)-1]
		}
		text, _ := jsontext.AppendUnquote(nil, raw)
		return text
	case string(raw) == "null":
		return nil
	}
	return raw
}

// Land is a landed page's body: what was asked for, which new fields the source showed, and the minimised records.
type Land struct {
	Scope     string            `json:"scope,omitempty"`
	NewFields []string          `json:"new_fields,omitempty"`
	Records   []json.RawMessage `json:"records"`
	Absent    []string          `json:"-"` // filled by Rows: required fields that no record of a page of some size holds
}

// Body writes the page's body: scope and new fields first, so that a reader knows them before the first record.
func (l Land) Body() json.RawMessage {
	size := 64
	for _, r := range l.Records {
		size += len(r) + 1
	}
	out := append(make([]byte, 0, size), '{')
	if l.Scope != "" {
		out = append(out, `"scope":`...)
		out, _ = jsontext.AppendQuote(out, l.Scope)
		out = append(out, ',')
	}
	if len(l.NewFields) > 0 {
		names, _ := json.Marshal(l.NewFields)
		out = append(append(append(out, `"new_fields":`...), names...), ',')
	}
	out = append(out, `"records":[`...)
	for i, r := range l.Records {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, r...)
	}
	return append(out, ']', '}')
}

// Row is one landed record, read by slot. It is valid until the next one is read.
type Row struct {
	Position int
	layout   *Layout
	raw      []byte
	vals     [][][]byte // by slot: the raw values, several where the way leads through a list
}

// Raw is the minimised record, copied.
func (r *Row) Raw() json.RawMessage { return json.RawMessage(bytes.Clone(r.raw)) }

// Has says whether the record holds the field at all, be it empty.
func (r *Row) Has(slot int) bool { return len(r.vals[slot]) > 0 }

// Bytes is the field's text without surrounding spaces; empty for null and for a field that is not there. Where there are
// several it is the last one that is not empty.
func (r *Row) Bytes(slot int) []byte {
	v := r.vals[slot]
	for i := len(v) - 1; i >= 0; i-- {
		if text := bytes.TrimSpace(unquoted(v[i])); len(text) > 0 {
			return text
		}
	}
	return nil
}

// Text is Bytes as a string.
func (r *Row) Text(slot int) string { return string(r.Bytes(slot)) }

// All yields the texts of a field inside a list, in the list's order, empty ones too.
func (r *Row) All(slot int) []string {
	out := make([]string, len(r.vals[slot]))
	for i, v := range r.vals[slot] {
		out[i] = string(bytes.TrimSpace(unquoted(v)))
	}
	return out
}

// Count is how many values a field inside a list has.
func (r *Row) Count(slot int) int { return len(r.vals[slot]) }

// Time reads the field by the source's formats; zero if it is empty.
func (r *Row) Time(slot int) (time.Time, error) { return r.layout.time(r.Bytes(slot)) }

func (l *Layout) time(text []byte) (t time.Time, err error) {
	if len(text) == 0 {
		return time.Time{}, nil
	}
	for _, f := range l.formats {
		if f == stampFormat { // most of a large pull's times: without a copy of the text
			if t, err = parseStamp(text); err == nil && plausible(t) {
				return t, nil
			}
		}
		if t, err = f.Parse(string(text)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// Number reads the field as a count: a JSON number must be whole, a text follows ParseCount.
func (r *Row) Number(slot int) (int64, error) {
	v := r.vals[slot]
	if len(v) == 0 {
		return 0, ErrEmptyNumber
	}
	return number(v[len(v)-1])
}

func number(raw []byte) (int64, error) {
	if raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9') {
		return wholeNumber(raw)
	}
	return ParseCount(string(unquoted(raw)))
}

// Scaled reads the field as a number with up to that many decimals, in units of the last one. A JSON number's point is a
// decimal point; a text follows ParseScaled.
func (r *Row) Scaled(slot, decimals int) (int64, error) {
	v := r.vals[slot]
	if len(v) == 0 {
		return 0, ErrEmptyNumber
	}
	raw := v[len(v)-1]
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return ParseScaled(string(unquoted(raw)), decimals)
	}
	whole, frac, _ := strings.Cut(string(raw), ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > decimals || strings.ContainsAny(string(raw), "-eE") {
		return 0, fmt.Errorf("%w: %s has a sign, an exponent or more than %d decimals", ErrBadNumber, clip(string(raw)), decimals)
	}
	return digits(string(raw), whole+frac+strings.Repeat("0", decimals-len(frac)))
}

// Numbers reads each value of a field inside a list; empty ones are left out.
func (r *Row) Numbers(slot int) ([]int64, error) {
	var out []int64
	for _, raw := range r.vals[slot] {
		n, err := number(raw)
		switch {
		case errors.Is(err, ErrEmptyNumber):
		case err != nil:
			return nil, err
		default:
			out = append(out, n)
		}
	}
	return out, nil
}

// wholeNumber reads a JSON number: here a point is a decimal point, always.
func wholeNumber(raw []byte) (int64, error) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		if n < 0 {
			return 0, fmt.Errorf("%w: %s is negative", ErrBadNumber, raw)
		}
		return n, nil
	}
	whole, frac, _ := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || strings.Trim(frac, "0") != "" {
		return 0, fmt.Errorf("%w: %s is not a whole number", ErrBadNumber, clip(string(raw)))
	}
	return n, nil
}

// enoughRecords is from how many records on a field that none of them holds is reported: sources may leave out what is empty.
const enoughRecords = 20

// Drift words what a page shows of a changed schema: new fields, and mapped ones that have gone.
func (l Land) Drift() []string {
	var out []string
	for _, n := range l.NewFields {
		out = append(out, "new field "+n)
	}
	for _, n := range l.Absent {
		out = append(out, "field "+n+" has gone")
	}
	return out
}

// Rows reads a landed page's body and hands each record to visit. The error means that the body as a whole cannot be
// read. The returned Land has no records.
func (l *Layout) Rows(body []byte, visit func(land Land, row *Row) error) (Land, error) {
	var land Land
	held := make([]bool, len(l.fields))
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lenient...)
	fail := func(err error) (Land, error) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return land, fmt.Errorf("cannot read a landed page: %w", err)
	}
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return fail(orUnexpected(err, "the body is not an object"))
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return fail(err)
		}
		switch key := name.String(); key {
		case "scope", "new_fields":
			v, err := dec.ReadValue()
			if err != nil {
				return fail(err)
			}
			var into any = &land.Scope
			if key == "new_fields" {
				into = &land.NewFields
			}
			if err := json.Unmarshal(v, into); err != nil {
				return fail(err)
			}
		case "records":
			if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
				return fail(orUnexpected(err, "records is not a list"))
			}
			row := &Row{layout: l, vals: make([][][]byte, len(l.fields))}
			for ; dec.PeekKind() != ']'; row.Position++ {
				for i := range row.vals {
					row.vals[i] = row.vals[i][:0]
				}
				start := dec.InputOffset()
				if dec.PeekKind() != '{' {
					if err := dec.SkipValue(); err != nil {
						return fail(err)
					}
					return fail(fmt.Errorf("record %d is not an object", row.Position))
				}
				if err := row.read(dec, body, l.root); err != nil {
					return fail(err)
				}
				for i, v := range row.vals {
					held[i] = held[i] || len(v) > 0
				}
				row.raw = bytes.TrimLeft(body[start:dec.InputOffset()], ", \t\r\n")
				if err := visit(land, row); err != nil {
					return land, err
				}
			}
			if _, err := dec.ReadToken(); err != nil {
				return fail(err)
			}
			for i, f := range l.fields {
				if row.Position >= enoughRecords && !held[i] && f.Required {
					land.Absent = append(land.Absent, f.Default)
				}
			}
		default:
			if err := dec.SkipValue(); err != nil {
				return fail(err)
			}
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return fail(err)
	}
	return land, nil
}

func orUnexpected(err error, what string) error {
	if err != nil {
		return err
	}
	return errors.New(what)
}

func (r *Row) read(dec *jsontext.Decoder, body []byte, n *node) error {
	switch k := dec.PeekKind(); {
	case k == '{' && n.children != nil:
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != '}' {
			raw, err := dec.ReadValue()
			if err != nil {
				return err
			}
			child := n.children[string(unquoted(raw))]
			if child == nil {
				err = dec.SkipValue()
			} else {
				err = r.read(dec, body, child)
			}
			if err != nil {
				return err
			}
		}
		_, err := dec.ReadToken()
		return err
	case k == '[' && n.children != nil:
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != ']' {
			if err := r.read(dec, body, n); err != nil {
				return err
			}
		}
		_, err := dec.ReadToken()
		return err
	case k == '{' || k == '[':
		return dec.SkipValue()
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	end := dec.InputOffset()
	for _, s := range n.slots {
		r.vals[s] = append(r.vals[s], body[end-int64(len(v)):end])
	}
	return nil
}
