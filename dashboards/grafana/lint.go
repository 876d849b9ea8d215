package grafana

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

var (
	uidForm      = regexp.MustCompile(`^tiendo-[a-z0-9-]+$`)
	relationForm = regexp.MustCompile(`^v_[a-z0-9_]+$`)
	variableUse  = regexp.MustCompile(`\$\{([a-z_]+)(?::[a-z]+)?\}`)
	fieldUse     = regexp.MustCompile(`\$\{__data\.fields\.([a-z_0-9]+)\}`)
	macroUse     = regexp.MustCompile(`\$__[A-Za-z_]+`)
	hexColour    = regexp.MustCompile(`#[0-9a-fA-F]{3,8}`)
	datasourceID = regexp.MustCompile(`"uid": ?"([^"]*)"`)
	shows        = []string{"", "plain", "status", "sign", "outcome", "outcome_sign", "delta", "movement", "bar", "hidden"}
	lineStyles   = []string{"", "solid", "dash", "dot", "points", "bars"}
)

// Lint lists what is wrong with the definitions, one sentence a problem, in the order of the files. A set without problems
// can be rendered. With uids only those boards are judged, and what is shared.
func (s *Set) Lint(uids ...string) []string {
	l := linter{Set: s}
	l.shared()
	taken := map[string]string{}
	for _, b := range s.Boards {
		if other, ok := taken[b.UID]; ok {
			l.add(b.file, "uid %s is %s's already", b.UID, other)
		}
		taken[b.UID] = b.file
		if len(uids) == 0 || slices.Contains(uids, b.UID) {
			l.boardRules(b)
		}
	}
	return l.found
}

type linter struct {
	*Set
	found []string
}

func (l *linter) add(where, format string, args ...any) {
	l.found = append(l.found, where+": "+fmt.Sprintf(format, args...))
}

// text wants a text in both languages, composed (NFC), and different if differ is set.
func (l *linter) text(where, what string, t Text, differ bool) {
	if strings.TrimSpace(t.VI) == "" {
		l.add(where, "%s has no Vietnamese", what)
	}
	if strings.TrimSpace(t.EN) == "" {
		l.add(where, "%s has no English", what)
	}
	if differ && t.VI == t.EN && t.VI != "" {
		l.add(where, "%s is the same in Vietnamese and in English: %q", what, t.VI)
	}
	if !norm.NFC.IsNormalString(t.VI) || !norm.NFC.IsNormalString(t.EN) {
		l.add(where, "%s is not in NFC: letters and their marks must be one character", what)
	}
}

func (l *linter) shared() {
	const where = "shared.yaml"
	for _, k := range slices.Sorted(maps.Keys(l.Shared.Folders)) {
		l.text(where, "folder "+k, l.Shared.Folders[k], true)
	}
	for _, k := range slices.Sorted(maps.Keys(l.Shared.Colours)) {
		if !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(l.Shared.Colours[k]) {
			l.add(where, "colour %s is %q, want #rrggbb", k, l.Shared.Colours[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(l.Shared.Units)) {
		l.text(where, "unit "+k, l.Shared.Units[k].Grafana, false)
	}
	for _, k := range slices.Sorted(maps.Keys(l.Shared.Variables)) {
		v := l.Shared.Variables[k]
		l.text(where, "variable "+k, v.Label, true)
		if (v.SQL == "") == (v.DataSource == "") {
			l.add(where, "variable %s: want either sql or datasource", k)
		}
		l.sql(where+": variable "+k, v.SQL)
		if v.SQL != "" && (!strings.Contains(v.SQL, "__value") || !strings.Contains(v.SQL, "__text")) {
			l.add(where, "variable %s: its query must give __value and __text", k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(l.Shared.Annotations)) {
		a := l.Shared.Annotations[k]
		l.text(where, "annotation "+k, a.Title, true)
		l.sql(where+": annotation "+k, a.SQL)
		l.colourName(where+": annotation "+k, a.Colour)
	}
	for _, k := range slices.Sorted(maps.Keys(l.Shared.Columns)) {
		l.columnRules("columns.yaml", k, l.Shared.Columns[k])
	}
}

func (l *linter) columnRules(where, key string, c Column) {
	where += ": column " + key
	if c.Show != "hidden" {
		l.text(where, "its title", c.Title, false)
		if c.Unit == "" {
			l.add(where, "no unit: write what the figure is in, or text")
		}
	}
	if c.Unit != "" {
		if _, ok := l.Shared.Units[c.Unit]; !ok {
			l.add(where, "unit %q is not in shared.yaml", c.Unit)
		}
	}
	if !slices.Contains(shows, c.Show) {
		l.add(where, "show %q: want one of %s", c.Show, strings.Join(shows[1:], ", "))
	}
	l.colourName(where, c.Colour)
	l.colourName(where, c.Fill)
	for _, st := range c.Steps {
		l.colourName(where, st.Colour)
	}
	if c.Line != nil && !slices.Contains(lineStyles, c.Line.Style) {
		l.add(where, "line style %q: want one of %s", c.Line.Style, strings.Join(lineStyles[1:], ", "))
	}
}

func (l *linter) colourName(where, name string) {
	if name != "" && l.colour(name) == "" {
		l.add(where, "colour %q is neither in shared.yaml nor a status", name)
	}
}

// sql judges a query before the language is put in.
func (l *linter) sql(where, sql string) {
	if sql == "" {
		return
	}
	full := l.query(sql, Languages[0])
	for _, m := range placeholder.FindAllString(full, -1) {
		if m[0] != '$' {
			l.add(where, "%s stands for nothing: it is no piece of shared.yaml", m)
		}
	}
	for _, name := range relations(full) {
		if !relationForm.MatchString(name) {
			l.add(where, "reads %s: boards read v_* views only", name)
		}
	}
	for _, m := range macroUse.FindAllString(full, -1) {
		if !slices.Contains(macros, m) {
			l.add(where, "%s is no macro of the data source: want one of %s", m, strings.Join(macros, ", "))
		}
	}
	if strings.Contains(full, "SELECT *") && !strings.Contains(full, "FROM (SELECT") && !strings.Contains(full, "(SELECT *") {
		l.add(where, "SELECT *: name the columns, so that a new one in a view changes no board")
	}
	for _, j := range judging(full) {
		l.add(where, "%s", j)
	}
}

func (l *linter) boardRules(b *Board) {
	where := b.file
	if !uidForm.MatchString(b.UID) || len(UID(b.UID, languageEN)) > 40 {
		l.add(where, "uid %q: want tiendo-…, lower-case letters, digits and -, at most 37 characters", b.UID)
	}
	if _, ok := l.Shared.Folders[b.Folder]; !ok {
		l.add(where, "folder %q is not in shared.yaml", b.Folder)
	}
	l.text(where, "its title", b.Title, true)
	l.text(where, "its description", b.Description, true)
	if len(b.Panels) == 0 {
		l.add(where, "no panel")
	}
	names := map[string]bool{}
	for _, u := range b.Variables {
		if names[u.Name] {
			l.add(where, "variable %s stands twice", u.Name)
		}
		v, ok := l.Shared.Variables[u.Use]
		if !ok {
			l.add(where, "variable %s is not in shared.yaml", u.Use)
		}
		l.used(where+": variable "+u.Name, names, l.query(v.SQL, Languages[0])) // those above it
		names[u.Name] = true
	}
	if !names["datasource"] {
		l.add(where, "no variable datasource: every query names it")
	}
	for _, a := range b.Annotations {
		def, ok := l.Shared.Annotations[a]
		if !ok {
			l.add(where, "annotation %s is not in shared.yaml", a)
		}
		l.used(where+": annotation "+a, names, l.query(def.SQL, Languages[0]))
	}
	for _, k := range slices.Sorted(maps.Keys(b.Columns)) {
		l.columnRules(where, k, b.Columns[k])
	}
	ids := map[int]bool{}
	for i, p := range b.Panels {
		at := fmt.Sprintf("%s: panel %d", where, p.ID)
		if p.ID <= 0 || ids[p.ID] {
			l.add(at, "id %d: want a number of its own, 1 or more", p.ID)
		}
		ids[p.ID] = true
		l.place(at, b, i)
		l.panelRules(at, b, p, names)
	}
	l.rendered(b)
}

// used wants every variable that a text names to be one of the board's, or Grafana's own.
func (l *linter) used(where string, names map[string]bool, text string) {
	for _, m := range variableUse.FindAllStringSubmatch(text, -1) {
		if !names[m[1]] && !strings.HasPrefix(m[1], "__") {
			l.add(where, "${%s} is no variable of the board, or stands below it", m[1])
		}
	}
}

func (l *linter) place(where string, b *Board, i int) {
	p := b.Panels[i]
	x, y, w, h := p.At[0], p.At[1], p.At[2], p.At[3]
	if w <= 0 || h <= 0 || x < 0 || y < 0 || x+w > gridWidth {
		l.add(where, "at %v lies outside the grid of %d", p.At, gridWidth)
	}
	if b.OneScreen && y+h > kioskUnits {
		l.add(where, "ends at %d: one screen is %d units high", y+h, kioskUnits)
	}
	for _, q := range b.Panels[:i] {
		if x < q.At[0]+q.At[2] && q.At[0] < x+w && y < q.At[1]+q.At[3] && q.At[1] < y+h {
			l.add(where, "lies over panel %d", q.ID)
		}
	}
}

func (l *linter) panelRules(where string, b *Board, p *Panel, names map[string]bool) {
	kind, ok := presets[p.Type]
	if !ok {
		l.add(where, "type %q: want one of %s", p.Type, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
		return
	}
	l.text(where, "its title", p.Title, true)
	l.used(where, names, p.Title.VI+p.Title.EN+p.Description.VI+p.Description.EN+p.Content.VI+p.Content.EN)
	if p.Type == "row" {
		return
	}
	l.text(where, "its description", p.Description, true)
	if n := len([]rune(p.Description.VI)); n > 0 && n < 40 {
		l.add(where, "its description %q is too short: who asks what, and where the figures come from", p.Description.VI)
	}
	if p.Type != "text" && p.Description != (Text{}) && (!strings.Contains(p.Description.VI, "Nguồn") || !strings.Contains(p.Description.EN, "Source")) {
		l.add(where, "its description does not say where the figures come from: Nguồn: …, Source: …")
	}
	if p.NoValue != (Text{}) {
		l.text(where, "no_value", p.NoValue, true)
	}
	l.colourName(where, p.Colour)
	for _, st := range p.Steps {
		l.colourName(where, st.Colour)
	}
	if p.Unit != "" {
		if _, ok := l.Shared.Units[p.Unit]; !ok {
			l.add(where, "unit %q is not in shared.yaml", p.Unit)
		}
	}
	if p.Type == "text" {
		l.text(where, "content", p.Content, true)
	} else if (p.SQL == "") == (len(p.PromQL) == 0) {
		l.add(where, "want either sql or promql")
	}
	if p.SQL != "" {
		l.sql(where, p.SQL)
		l.used(where, names, l.query(p.SQL, Languages[0]))
		if len(p.Columns) == 0 {
			l.add(where, "no columns: name every column of the query")
		}
		if kind.format == "timeseries" && !hasColumn(p, "time") {
			l.add(where, "a trend needs the column time")
		}
	}
	if len(p.PromQL) > 0 && !names["prometheus"] {
		l.add(where, "promql needs the variable prometheus")
	}
	for _, e := range p.PromQL {
		if e.Legend != (Text{}) {
			l.text(where, "legend", e.Legend, false)
		}
	}
	if (p.Type == "heat") != (p.Matrix != nil) {
		l.add(where, "a heat table has a matrix, and nothing else has")
	}
	if m := p.Matrix; m != nil {
		for _, k := range []string{m.Row, m.Column, m.Value} {
			if k != m.Column && !hasColumn(p, k) {
				l.add(where, "matrix: %q is not among its columns", k)
			}
		}
	}
	if (p.Type == "map") != (p.Map != nil) {
		l.add(where, "a map panel has a map, and nothing else has")
	}
	seen := map[string]bool{}
	for _, c := range p.Columns {
		if seen[c.Key] {
			l.add(where, "column %s stands twice", c.Key)
		}
		seen[c.Key] = true
		full, ok := l.Column(b, c)
		if !ok {
			l.add(where, "column %s is neither in columns.yaml nor the board's own", c.Key)
			continue
		}
		l.columnRules(where, c.Key, full)
		l.links(where, b, p, full.Links)
	}
	l.links(where, b, p, p.Links)
}

func hasColumn(p *Panel, key string) bool {
	return slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Key == key })
}

func (l *linter) links(where string, b *Board, p *Panel, links []Link) {
	for _, k := range links {
		if k.URL != "" {
			l.text(where, "link's title", k.Title, true)
			if !b.has("site") {
				l.add(where, "a link to the site needs the variable site")
			}
			if k.Board != "" || k.Set != nil || !strings.HasPrefix(k.URL, "/") {
				l.add(where, "a link to the site is a title and a url that begins with /, not %q", k.URL)
			}
			l.reads(where, b, p, k.URL)
			continue
		}
		to := l.board(k.Board)
		if to == nil {
			l.add(where, "links to board %q, which is not defined", k.Board)
			continue
		}
		if k.Title != (Text{}) {
			l.text(where, "link's title", k.Title, true)
		}
		for _, name := range slices.Sorted(maps.Keys(k.Set)) {
			if !to.has(name) {
				l.add(where, "links to %s with the variable %s, which that board does not have", k.Board, name)
			}
			if from := k.Set[name]; strings.HasPrefix(from, "$") {
				l.reads(where, b, p, from)
			} else if !hasColumn(p, from) {
				l.add(where, "links with the column %s, which the panel does not have", from)
			}
		}
	}
}

// reads wants what a link's text names to be there: variables of the board, columns of the panel.
func (l *linter) reads(where string, b *Board, p *Panel, text string) {
	for _, m := range variableUse.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "__") && !b.has(m[1]) {
			l.add(where, "links with ${%s}, which is no variable of the board", m[1])
		}
	}
	for _, m := range fieldUse.FindAllStringSubmatch(text, -1) {
		if !hasColumn(p, m[1]) {
			l.add(where, "links with the column %s, which the panel does not have", m[1])
		}
	}
}

// rendered judges what options and field laid over the presets: the JSON must keep what every board promises.
func (l *linter) rendered(b *Board) {
	for _, p := range b.Panels {
		where := fmt.Sprintf("%s: panel %d", b.file, p.ID)
		raw, err := json.Marshal([]any{p.Options, p.Field})
		if err != nil {
			l.add(where, "options and field cannot be written as JSON: %v", err)
			continue
		}
		for _, m := range hexColour.FindAllString(string(raw), -1) {
			l.add(where, "the colour %s is written out: name it in shared.yaml and use its name", m)
		}
		for _, m := range datasourceID.FindAllStringSubmatch(string(raw), -1) {
			if m[1] != "${datasource}" && m[1] != "${prometheus}" {
				l.add(where, "names the data source %s: it is the variable's to say", m[1])
			}
		}
		for _, key := range []string{"unit", "noValue"} {
			if _, ok := p.Field[key]; ok {
				l.add(where, "field.%s: use the key of the panel", key)
			}
		}
	}
}
