package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// How much of a landed body a page shows: records, columns, and runes of a cell or of a body that is no table.
const (
	shownRecords = 100
	shownColumns = 24
	shownRunes   = 120
	shownBody    = 100_000
)

type payloadBody struct {
	Source, SHA256   string
	Size             string
	Pages            []payloadPage
	Fields           []nameValue // what the body says beside its records
	Columns          []string
	MoreColumns      int
	Rows             []payloadRow
	Total            string
	First, Last      int
	Earlier, Later   string
	Text             string // of a body that is no table
	Cut              bool
	Refused          []Refused
	Download, RowURL string
	At               int // of the record that was asked for; -1: none
	Missing          bool
}

type payloadPage struct{ RunID, Page, FetchedAt, Request, Rejected string }

type nameValue struct{ Name, Value string }

type payloadRow struct {
	Position int
	Cells    []string
	Here     bool
}

func (s *site) landed(ctx context.Context, source, sha string) (*Payload, error) {
	p, err := s.Store.Payload(ctx, source, sha)
	if err == nil && p == nil {
		err = notFound("Không có trang số liệu này", fmt.Sprintf("Kho số liệu không giữ trang nào của nguồn “%s” có mã băm “%s”.", source, sha))
	}
	return p, err
}

// payload shows a landed body, as it was minimised before it was kept, as a table with the record asked for marked.
func (s *site) payload(ctx context.Context, a *ask) (*page, error) {
	source, sha := a.value("source"), a.value("sha256")
	z, err := s.landed(ctx, source, sha)
	if err != nil {
		return nil, err
	}
	at, first := -1, 0
	for _, x := range []struct {
		name string
		to   *int
	}{{"at", &at}, {"from", &first}} {
		if text := a.query.Get(x.name); text != "" {
			if *x.to, err = strconv.Atoi(text); err != nil || *x.to < 0 {
				return nil, badRequest("Vị trí không đọc được", fmt.Sprintf("“%s” không phải là số thứ tự của bản ghi: viết số từ 0.", text))
			}
		}
	}
	self := "/payload/" + url.PathEscape(source) + "/" + url.PathEscape(sha)
	b := &payloadBody{Source: s.sourceName(source), SHA256: sha, Size: words.Count(int64(len(z.Body))), Refused: z.Rejects, Download: a.url(self + "/body"), At: at}
	for _, x := range z.Pages {
		b.Pages = append(b.Pages, payloadPage{x.RunID, strconv.Itoa(int(x.Page)), words.Instant(x.FetchedAt), x.Request, strconv.Itoa(int(x.Rejected))})
	}
	t, ok := readBody(z.Body)
	var lines [][]string
	if !ok {
		var pretty bytes.Buffer
		if json.Indent(&pretty, z.Body, "", "  ") != nil {
			pretty.Reset()
			pretty.Write(z.Body)
		}
		b.Text = strings.ToValidUTF8(pretty.String(), "�")
		if len(b.Text) > shownBody {
			b.Text, b.Cut = strings.ToValidUTF8(b.Text[:shownBody], ""), true
		}
	} else {
		b.Fields = t.fields
		here := slices.IndexFunc(t.rows, func(r payloadRow) bool { return r.Position == at })
		b.Missing = at >= 0 && here < 0
		if here >= 0 && a.query.Get("from") == "" {
			first = here / shownRecords * shownRecords
		}
		first = min(first, max(0, len(t.rows)-1))
		last := min(first+shownRecords, len(t.rows))
		b.Total, b.First, b.Last = words.Count(int64(len(t.rows))), first+1, last
		b.Columns = t.columns
		if len(b.Columns) > shownColumns {
			b.Columns, b.MoreColumns = b.Columns[:shownColumns], len(t.columns)-shownColumns
		}
		for _, r := range t.rows[first:last] {
			x := payloadRow{Position: r.Position, Here: r.Position == at}
			for i := range b.Columns {
				cell := ""
				if i < len(r.Cells) {
					cell = r.Cells[i]
				}
				if c := []rune(cell); len(c) > shownRunes {
					cell = string(c[:shownRunes]) + "…"
				}
				x.Cells = append(x.Cells, cell)
			}
			b.Rows = append(b.Rows, x)
		}
		part := func(n int) string {
			return a.url(self, "from", strconv.Itoa(n), "at", a.query.Get("at"))
		}
		if first > 0 {
			b.Earlier = part(max(0, first-shownRecords))
		}
		if last < len(t.rows) {
			b.Later = part(last)
		}
		lines = append(lines, append([]string{"position"}, t.columns...))
		for _, r := range t.rows {
			lines = append(lines, append([]string{strconv.Itoa(r.Position)}, r.Cells...))
		}
	}
	p := s.newPage("payload", "Trang số liệu của "+b.Source)
	p.Nav, p.Body, p.Table = s.nav(a, ""), b, lines
	p.AsOfISO = plan.DayOf(z.Pages[0].FetchedAt).String() // in the name of the file for a spreadsheet
	p.Crumbs = []link{{Text: "Nguồn số liệu", URL: a.url("/freshness")}, {Text: "Trang số liệu đã lấy", Here: true}}
	b.RowURL = a.url(self, "format", "csv")
	return p, nil
}

// payloadFile hands out the landed body as it is kept.
func (s *site) payloadFile(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	z, err := s.landed(ctx, r.PathValue("source"), r.PathValue("sha256"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%.16s.json"`, z.Pages[0].SHA256))
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(z.Body) // the reader may be gone
}

// landedTable is a body as a table: the columns in the order in which the records name them.
type landedTable struct {
	fields  []nameValue
	columns []string
	rows    []payloadRow
}

// readBody reads the two shapes that collectors land: records of named fields, whose position is their place in the list, and
// a sheet's rows of cells, which bear their number. ok is false for anything else.
func readBody(body []byte) (t landedTable, ok bool) {
	var z struct {
		Records []json.RawMessage `json:"records"`
		Columns []struct {
			Header string `json:"header"`
			At     int    `json:"at"`
		} `json:"columns"`
		Rows []struct {
			Number int               `json:"row"`
			Cells  []json.RawMessage `json:"cells"`
		} `json:"rows"`
	}
	if json.Unmarshal(body, &z) != nil || z.Records == nil && z.Rows == nil {
		return t, false
	}
	for _, x := range flat("", body) {
		if x.Name != "records" && x.Name != "rows" && x.Name != "columns" {
			t.fields = append(t.fields, x)
		}
	}
	at := map[string]int{}
	for i, record := range z.Records {
		r := payloadRow{Position: i}
		for _, x := range flat("", record) {
			c, seen := at[x.Name]
			if !seen {
				c = len(t.columns)
				at[x.Name] = c
				t.columns = append(t.columns, x.Name)
			}
			for len(r.Cells) <= c {
				r.Cells = append(r.Cells, "")
			}
			r.Cells[c] = x.Value
		}
		t.rows = append(t.rows, r)
	}
	for _, c := range z.Columns {
		t.columns = append(t.columns, c.Header)
	}
	for _, row := range z.Rows {
		r := payloadRow{Position: row.Number}
		for _, c := range z.Columns {
			cell := ""
			if c.At >= 0 && c.At < len(row.Cells) {
				cell = scalar(row.Cells[c.At])
			}
			r.Cells = append(r.Cells, cell)
		}
		t.rows = append(t.rows, r)
	}
	return t, true
}

// flat lists an object's fields in their order; those of an object inside it bear both names.
func flat(prefix string, object json.RawMessage) []nameValue {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return []nameValue{{strings.TrimSuffix(prefix, "."), scalar(object)}}
	}
	var all []nameValue
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return all
		}
		key := prefix + fmt.Sprint(name)
		if len(value) > 0 && value[0] == '{' {
			all = append(all, flat(key+".", value)...)
			continue
		}
		all = append(all, nameValue{key, scalar(value)})
	}
	return all
}

// scalar is a value as people read it: a text without quotes, nothing for null, anything else as it stands.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
