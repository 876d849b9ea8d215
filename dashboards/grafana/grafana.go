// Package grafana turns definitions of boards into Grafana's classic dashboard JSON, in Vietnamese and in English, and judges
// them. It knows Grafana's format and the words of statuses; it knows no store, runs no query and computes no figure: what a
// board shows is SQL over the v_* views. README.md beside it is the manual for whoever writes a board.
package grafana

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Languages are the languages every board is rendered in, the first one being the people's own.
var Languages = [...]string{"vi", "en"}

// Text is what people read, in every language. In YAML a plain string is a text that is the same in all of them.
type Text struct {
	VI string `yaml:"vi"`
	EN string `yaml:"en"`
}

// In is the text in a language.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.VI
}

func (t *Text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		t.VI, t.EN = n.Value, n.Value
		return nil
	}
	type plain Text
	return strict(n, (*plain)(t))
}

// Set is all definitions together.
type Set struct {
	Shared Shared
	Boards []*Board // by file name
}

// Shared is what boards name instead of repeating it: shared.yaml, and columns.yaml for its columns.
type Shared struct {
	Folders     map[string]Text       `yaml:"folders"`
	Colours     map[string]string     `yaml:"colours"` // name -> #rrggbb; statuses and outcomes have theirs in pipeline/words
	Units       map[string]Unit       `yaml:"units"`
	SQL         map[string]string     `yaml:"sql"` // {name} in any query stands for this
	Variables   map[string]Variable   `yaml:"variables"`
	Annotations map[string]Annotation `yaml:"annotations"`
	Columns     map[string]Column     `yaml:"-"`
}

// Unit is how a figure is written: Grafana's unit and what is put after a title.
type Unit struct {
	Grafana  Text `yaml:"grafana"`
	Suffix   Text `yaml:"suffix"` // of the column's title, because not every Grafana unit can say it
	Decimals *int `yaml:"decimals"`
}

// Variable is a choice at the top of a board. Its query has the columns __value and __text; the first row is the default.
type Variable struct {
	Label      Text   `yaml:"label"`
	SQL        string `yaml:"sql"`
	DataSource string `yaml:"datasource"` // a plugin's name: a choice of data sources, in the place of sql
	Hide       bool   `yaml:"hide"`
}

// Annotation marks moments on charts. Its query has the columns time, text and tags.
type Annotation struct {
	Title  Text   `yaml:"title"`
	Colour string `yaml:"colour"`
	SQL    string `yaml:"sql"`
}

// Board is one file of boards/.
type Board struct {
	file string

	UID         string            `yaml:"uid"`
	Folder      string            `yaml:"folder"` // who it is for: a key of folders
	Title       Text              `yaml:"title"`
	Description Text              `yaml:"description"` // who asks, and what
	Tags        []string          `yaml:"tags"`
	OneScreen   bool              `yaml:"one_screen"` // fits 1920x1080 in kiosk mode: 27 units high
	From        string            `yaml:"from"`       // of the time range; default now-4y/y
	To          string            `yaml:"to"`         // default now/y
	Refresh     string            `yaml:"refresh"`    // default 1h
	Variables   []Use             `yaml:"variables"`
	Annotations []string          `yaml:"annotations"`
	Columns     map[string]Column `yaml:"columns"` // of this board only; win over columns.yaml
	Panels      []*Panel          `yaml:"panels"`
}

// Use names a shared variable, and may show it under another name or hide it.
type Use struct {
	Name string `yaml:"name"`
	Use  string `yaml:"use"` // the shared variable; default: the name
	Hide bool   `yaml:"hide"`
}

func (u *Use) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		u.Name = n.Value
	} else {
		type plain Use
		if err := strict(n, (*plain)(u)); err != nil {
			return err
		}
	}
	if u.Use == "" {
		u.Use = u.Name
	}
	return nil
}

// Panel is one tile. Type is a key of presets, see README.md.
type Panel struct {
	ID          int            `yaml:"id"` // links and readers' bookmarks name it: never reused
	Type        string         `yaml:"type"`
	At          [4]int         `yaml:"at"` // x, y, w, h in grid units: 24 across, 38 px high each
	Title       Text           `yaml:"title"`
	Description Text           `yaml:"description"` // the question it answers, definition, source, rhythm
	SQL         string         `yaml:"sql"`
	PromQL      []Expression   `yaml:"promql"` // in the place of sql: Prometheus
	Columns     []Column       `yaml:"columns"`
	Unit        string         `yaml:"unit"` // of columns that have none; default count
	Colour      string         `yaml:"colour"`
	Steps       []Step         `yaml:"steps"`    // thresholds
	NoValue     Text           `yaml:"no_value"` // default –
	Matrix      *Matrix        `yaml:"matrix"`   // of a heat table
	Map         *Map           `yaml:"map"`      // of a map
	Links       []Link         `yaml:"links"`    // of the whole tile
	Content     Text           `yaml:"content"`  // of a text panel, Markdown
	Options     map[string]any `yaml:"options"`  // laid over the preset's options, as Grafana names them
	Field       map[string]any `yaml:"field"`    // laid over the preset's field defaults
}

// Expression is a PromQL query with the name of its series.
type Expression struct {
	Expr    string `yaml:"expr"`
	Legend  Text   `yaml:"legend"`
	Instant bool   `yaml:"instant"`
}

// Step is a threshold: from a value on (none: from below everything) a colour.
type Step struct {
	From   *float64 `yaml:"from"`
	Colour string   `yaml:"colour"`
}

// Matrix makes columns of rows: of each (row, column) the value.
type Matrix struct {
	Row    string `yaml:"row"`
	Column string `yaml:"column"`
	Value  string `yaml:"value"`
	Width  int    `yaml:"width"`  // of a cell, pixels
	Rename string `yaml:"rename"` // regular expression over column names ...
	As     string `yaml:"as"`     // ... and what is shown: $1 $2
}

// Map says which shipped GeoJSON is coloured: features' ids are values of column ID, Colour is the column that colours them.
type Map struct {
	File   string  `yaml:"file"`
	ID     string  `yaml:"id"`
	Colour string  `yaml:"colour"`
	Lat    float64 `yaml:"lat"`
	Lon    float64 `yaml:"lon"`
	Zoom   float64 `yaml:"zoom"`
}

// Column is how a column of a query is shown. In a panel it is a key of columns.yaml, or a mapping with that key whose other
// fields win.
type Column struct {
	Key      string   `yaml:"key"`
	Title    Text     `yaml:"title"`
	Unit     string   `yaml:"unit"`
	Decimals *int     `yaml:"decimals"`
	Width    int      `yaml:"width"`
	Align    string   `yaml:"align"`
	Show     string   `yaml:"show"`   // plain, status, sign, outcome, outcome_sign, delta, movement, bar, hidden
	Colour   string   `yaml:"colour"` // of the text or the line
	Fill     string   `yaml:"fill"`   // of the cell's background
	Steps    []Step   `yaml:"steps"`
	Line     *Line    `yaml:"line"`
	Min      *float64 `yaml:"min"`
	Max      *float64 `yaml:"max"`
	Links    []Link   `yaml:"links"`
}

func (c *Column) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		c.Key = n.Value
		return nil
	}
	type plain Column
	return strict(n, (*plain)(c))
}

// Line is how a series is drawn.
type Line struct {
	Width int    `yaml:"width"`
	Style string `yaml:"style"` // solid, dash, dot, points, bars
	Fill  int    `yaml:"fill"`  // per cent
	Stack string `yaml:"stack"` // series with the same name stand on each other
	Axis  string `yaml:"axis"`  // right: an axis of its own
}

// Link leads to another board, keeping the time range and every variable that both boards have, or to a page of the site.
type Link struct {
	Board string            `yaml:"board"`
	URL   string            `yaml:"url"` // in the place of board: path of a page of the site, the variable site being its address
	Title Text              `yaml:"title"`
	Set   map[string]string `yaml:"set"` // variable of the target -> column of this row; with $ in front: Grafana's own text
}

// Load reads the definitions under boards/, shared.yaml and columns.yaml, strictly. The error holds everything that cannot be read.
func Load(fsys fs.FS) (*Set, error) {
	s := &Set{}
	errs := []error{read(fsys, "shared.yaml", &s.Shared), read(fsys, "columns.yaml", &s.Shared.Columns)}
	files, err := fs.Glob(fsys, "boards/*.yaml")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		errs = append(errs, errors.New("boards/*.yaml: no board is defined there"))
	}
	for _, f := range files {
		b := &Board{file: path.Base(f)}
		errs = append(errs, read(fsys, f, b))
		s.Boards = append(s.Boards, b)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func read(fsys fs.FS, name string, into any) error {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// strict decodes a node with unknown keys refused, which a node's own Decode does not do.
func strict(n *yaml.Node, into any) error {
	b, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	err = d.Decode(into)
	if wrong := (*yaml.TypeError)(nil); errors.As(err, &wrong) { // its own lines count from the node
		said := strings.Join(wrong.Errors, "; ")
		said = strings.ReplaceAll(said, " in type grafana.plain", "")
		return fmt.Errorf("line %d: %s", n.Line, strings.TrimPrefix(said, "line 1: "))
	}
	return err
}

// board finds a board by its uid.
func (s *Set) board(uid string) *Board {
	i := slices.IndexFunc(s.Boards, func(b *Board) bool { return b.UID == uid })
	if i < 0 {
		return nil
	}
	return s.Boards[i]
}

func (b *Board) has(variable string) bool {
	return slices.ContainsFunc(b.Variables, func(u Use) bool { return u.Name == variable })
}

// Column is a panel's column with everything that the board's and the shared dictionary say of it. ok is false if neither knows it.
func (s *Set) Column(b *Board, c Column) (full Column, ok bool) {
	full, ok = b.Columns[c.Key]
	if !ok {
		full, ok = s.Shared.Columns[c.Key]
	}
	full.Key = c.Key
	if c.Title != (Text{}) {
		full.Title, ok = c.Title, true
	}
	if c.Unit != "" {
		full.Unit = c.Unit
	}
	if c.Decimals != nil {
		full.Decimals = c.Decimals
	}
	if c.Width != 0 {
		full.Width = c.Width
	}
	if c.Align != "" {
		full.Align = c.Align
	}
	if c.Show != "" {
		full.Show = c.Show
	}
	if c.Colour != "" {
		full.Colour = c.Colour
	}
	if c.Fill != "" {
		full.Fill = c.Fill
	}
	if c.Steps != nil {
		full.Steps = c.Steps
	}
	if c.Line != nil {
		full.Line = c.Line
	}
	if c.Min != nil {
		full.Min = c.Min
	}
	if c.Max != nil {
		full.Max = c.Max
	}
	if c.Links != nil {
		full.Links = c.Links
	}
	return full, ok || full.Show == "hidden"
}

// query puts the shared pieces and the language into SQL: {lang}, {name of a piece}.
func (s *Set) query(sql, lang string) string {
	for range 3 { // a piece may use pieces
		if !strings.Contains(sql, "{") {
			break
		}
		sql = placeholder.ReplaceAllStringFunc(sql, func(m string) string {
			if m[0] == '$' { // Grafana's own variable
				return m
			}
			name := m[1 : len(m)-1]
			if name == "lang" {
				return lang
			}
			if piece, ok := s.Shared.SQL[name]; ok {
				return strings.TrimSpace(piece)
			}
			return m
		})
	}
	return strings.TrimSpace(sql)
}
