package collectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Answer is one decoded answer of a source. Its records are minimised: nothing else of the answer is kept.
type Answer struct {
	Records    []json.RawMessage
	Updated    []time.Time // of each record, to the second; zero where it cannot be read
	NewFields  []string
	Total      int64 // of the whole list; -1: not stated
	TotalPages int64 // -1: not stated
	Last       bool  // the source says that this is the last page
}

// envelope is where an answer's parts are, compiled from the settings.
type envelope struct {
	tree     *node
	settings Envelope
}

// Places of an envelope, as slots.
const (
	placeRecords = iota
	placeTotal
	placePages
	placeLast
	placeCode
	placeMessage
	places
)

func newEnvelope(e Envelope) envelope {
	v := envelope{tree: &node{}, settings: e}
	for slot, path := range []string{*e.Records, e.Total, e.TotalPages, e.Last, e.Code, e.Message} {
		if path != "" {
			v.tree.add(path, slot)
		}
	}
	return v
}

// codeError is an answer that the source itself calls a failure.
type codeError struct{ field, code, message string }

func (e *codeError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("the source answers %s %q", e.field, e.code)
	}
	return fmt.Sprintf("the source answers %s %q: %s", e.field, e.code, e.message)
}

// errCut is JSON that ends too early: the answer was cut off on its way, so asking again may help.
var errCut = errors.New("the answer is cut off: its JSON ends too early")

// decode reads an answer in one pass, minimising its records on the way.
func (v envelope) decode(body []byte, l *Layout) (Answer, error) {
	a := Answer{Total: -1, TotalPages: -1}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if kind := notJSON(body); kind != "" {
		return a, fmt.Errorf("the answer is not JSON but %s (%d bytes)", kind, len(body))
	}
	d := decoder{layout: l, answer: &a, min: minimiser{layout: l, dec: jsontext.NewDecoder(bytes.NewBuffer(body), lenient...)}}
	d.min.out = make([]byte, 0, len(body)/2)
	root := v.tree
	if *v.settings.Records == "" {
		root = &node{slots: []int{placeRecords}, children: v.tree.children}
	}
	err := d.walk(root)
	if err == nil {
		if _, e := d.min.dec.ReadToken(); !errors.Is(e, io.EOF) {
			err = errors.New("more stands behind the JSON")
		}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return a, errCut
	case err != nil:
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) { // its text quotes the answer
			return a, fmt.Errorf("the answer is not valid JSON at byte %d of %d", syntax.ByteOffset, len(body))
		}
		return a, err
	}
	if v.settings.Code != "" {
		if code := d.text[placeCode]; !slices.Contains(v.settings.OK, code) {
			return a, &codeError{field: v.settings.Code, code: clip(code), message: clip(d.text[placeMessage])}
		}
	}
	if !d.found {
		return a, fmt.Errorf("the answer has no list %q: check envelope.records", *v.settings.Records)
	}
	for slot, into := range map[int]*int64{placeTotal: &a.Total, placePages: &a.TotalPages} {
		if text := d.text[slot]; text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return a, fmt.Errorf("the answer's number of records or pages is no number")
			}
			*into = n
		}
	}
	a.Last = d.text[placeLast] == "true"
	a.NewFields = d.min.unknown()
	// The records are cut out of the buffer only now: while it grew it moved.
	start := 0
	a.Records = make([]json.RawMessage, len(d.ends))
	for i, end := range d.ends {
		a.Records[i] = d.min.out[start:end:end]
		start = end
	}
	return a, nil
}

type decoder struct {
	layout *Layout
	min    minimiser
	answer *Answer
	text   [places]string
	ends   []int
	found  bool
}

func (d *decoder) walk(n *node) error {
	dec := d.min.dec
	isList := slices.Contains(n.slots, placeRecords)
	switch k := dec.PeekKind(); {
	case isList && k == '[':
		return d.records()
	case isList && k == 'n':
		d.found = true
		return dec.SkipValue()
	case k == '{' && n.children != nil:
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != '}' {
			raw, err := dec.ReadValue()
			if err != nil {
				return err
			}
			if child := n.children[string(unquoted(raw))]; child != nil {
				err = d.walk(child)
			} else {
				err = dec.SkipValue()
			}
			if err != nil {
				return err
			}
		}
		_, err := dec.ReadToken()
		return err
	case k == '{' || k == '[' || len(n.slots) == 0 || isList:
		return dec.SkipValue()
	}
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	for _, s := range n.slots {
		d.text[s] = strings.TrimSpace(string(unquoted(raw)))
	}
	return nil
}

func (d *decoder) records() error {
	dec := d.min.dec
	d.found = true
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if err := d.min.record(); err != nil {
			return fmt.Errorf("record %d: %w", len(d.ends), err)
		}
		d.ends = append(d.ends, len(d.min.out))
		t, _ := d.layout.time(unquoted(d.min.marked))
		d.answer.Updated = append(d.answer.Updated, t.Truncate(time.Second))
	}
	_, err := dec.ReadToken()
	return err
}

// notJSON says what an answer is that is clearly no JSON; it never quotes it.
func notJSON(body []byte) string {
	b := bytes.TrimLeft(body, " \t\r\n")
	head := strings.ToLower(string(b[:min(len(b), 200)]))
	switch {
	case len(b) == 0:
		return "empty"
	case b[0] == '{' || b[0] == '[':
		return ""
	case strings.HasPrefix(head, "<!doctype html") || strings.Contains(head, "<html"):
		return "an HTML page (a login or a maintenance page?)"
	case b[0] == '<':
		return "XML or HTML"
	case bytes.HasPrefix(b, []byte("\x1f\x8b")):
		return "compressed data"
	case !utf8.Valid(b[:max(0, min(len(b), 200)-4)]):
		return "binary data"
	}
	return "plain text"
}
