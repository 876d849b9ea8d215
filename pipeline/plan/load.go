package plan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads a plan's folder, strictly: an unknown key, a wrong header or a row that cannot be read is an error with
// file and line, and all of them are reported. It does not judge the content: Lint does.
//
// plan.yaml, indicators.yaml and units.csv must exist; forms.yaml, rulings.yaml, subjects.yaml, awards.yaml,
// measures.csv, successors.csv, unit_codes.csv, holidays.csv, members/*.csv and sources/*.yaml may.
func Load(fsys fs.FS) (*Plan, error) {
	r := read(fsys)
	var errs []error
	for _, p := range r.problems {
		if !p.Warning {
			errs = append(errs, p)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return r.plan, nil
}

// reader reads a folder as far as it can be read; what cannot is a problem, and reading goes on.
type reader struct {
	fsys     fs.FS
	plan     *Plan
	problems []Problem
	lines    map[string]map[string]int // file -> place such as [3].targets[1].value -> line

	broken bool // a file is missing or no YAML at all: judging the rest would only repeat that

	unitLines    map[*Unit]int // of units.csv
	holidayLines []holidayLine
}

type holidayLine struct {
	line int
	day  Day
	off  bool
}

func read(fsys fs.FS) *reader {
	r := &reader{fsys: fsys, plan: &Plan{Files: fsys, Members: map[string][]Member{}}, lines: map[string]map[string]int{}}
	p := r.plan
	r.yaml("plan.yaml", true, p)
	r.yaml("indicators.yaml", true, &p.Indicators)
	r.yaml("forms.yaml", false, &p.Forms)
	r.yaml("rulings.yaml", false, &p.Rulings)
	r.yaml("subjects.yaml", false, &p.Subjects)
	r.yaml("awards.yaml", false, &p.Awards)
	for i := range p.Indicators {
		p.Indicators[i].Line = r.line("indicators.yaml", fmt.Sprintf("[%d]", i))
	}
	unstated(p)
	r.measures()
	r.units()
	r.holidays()
	r.members()
	r.sources()
	return r
}

// say notes a problem. Rules of reading and rules of judgement share one list.
func (r *reader) say(file string, line int, rule, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: file, Line: line, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// line is where a place of a YAML file stands; a place that the file leaves out stands where its parent does.
func (r *reader) line(file, place string) int {
	for {
		if n, ok := r.lines[file][place]; ok {
			return n
		}
		cut := strings.LastIndexAny(place, ".[")
		if cut < 0 {
			return 1
		}
		place = place[:cut]
	}
}

func (r *reader) open(file string, required bool) []byte {
	data, err := fs.ReadFile(r.fsys, file)
	switch {
	case err == nil:
		return bytes.TrimPrefix(data, []byte("\ufeff"))
	case errors.Is(err, fs.ErrNotExist):
		if required {
			r.broken = true
			r.say(file, 0, "missing-file", "the plan's folder has no %s", file)
		}
	default:
		r.say(file, 0, "missing-file", "cannot read the file: %v", err)
	}
	return nil
}

var yamlLine = regexp.MustCompile(`(?:yaml: )?line (\d+): (.*)`)

func (r *reader) yaml(file string, required bool, into any) {
	data := r.open(file, required)
	if len(bytes.TrimSpace(data)) == 0 {
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		r.broken = true
		r.yamlProblem(file, err.Error())
		return
	}
	r.lines[file] = map[string]int{}
	for _, n := range doc.Content {
		r.index(file, "", n)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(into)
	var many *yaml.TypeError
	switch {
	case errors.As(err, &many):
		for _, text := range many.Errors {
			r.yamlProblem(file, text)
		}
	case err != nil && !errors.Is(err, io.EOF): // a file of comments only is empty
		r.yamlProblem(file, err.Error())
	}
}

var (
	unknownKey = regexp.MustCompile(`^field (\S+) not found in type \S+$`)
	doubleKey  = regexp.MustCompile(`^mapping key "?([^"]*)"? already defined at line (\d+)$`)
)

func (r *reader) yamlProblem(file, text string) {
	line, rule := 1, "yaml"
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = m[2]
	}
	switch {
	case unknownKey.MatchString(text):
		rule, text = "unknown-key", fmt.Sprintf("key %q is unknown here", unknownKey.FindStringSubmatch(text)[1])
	case doubleKey.MatchString(text):
		m := doubleKey.FindStringSubmatch(text)
		r.broken = true
		text = fmt.Sprintf("key %q stands twice: see line %s", m[1], m[2])
	}
	r.say(file, line, rule, "%s", text)
}

func (r *reader) index(file, place string, n *yaml.Node) {
	r.lines[file][place] = n.Line
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			r.index(file, place+"."+n.Content[i].Value, n.Content[i+1])
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			r.index(file, fmt.Sprintf("%s[%d]", place, i), c)
		}
	}
}

// UnmarshalYAML reads a day and says the line of one that cannot be read.
func (d *Day) UnmarshalYAML(n *yaml.Node) error { return scalar(d, n) }

// UnmarshalYAML reads a decimal and says the line of one that cannot be read.
func (v *Value) UnmarshalYAML(n *yaml.Node) error { return scalar(v, n) }

func scalar(into interface{ UnmarshalText([]byte) error }, n *yaml.Node) error {
	if err := into.UnmarshalText([]byte(n.Value)); err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v", n.Line, err)}}
	}
	return nil
}

// unstated turns the zero day, which is what YAML leaves in a field that the file does not name, into NoDay.
func unstated(p *Plan) {
	none := func(days ...*Day) {
		for _, d := range days {
			if *d == 0 {
				*d = NoDay
			}
		}
	}
	none(&p.Start, &p.End, &p.Demo.AsOf)
	for i := range p.Versions {
		none(&p.Versions[i].Effective)
	}
	for i := range p.Milestones {
		none(&p.Milestones[i].Date, &p.Milestones[i].ReportCutOff)
	}
	for i := range p.Indicators {
		ind := &p.Indicators[i]
		none(&ind.EffectiveFrom)
		for j := range ind.Targets {
			none(&ind.Targets[j].Milestone, &ind.Targets[j].EffectiveFrom)
		}
		for j := range ind.Amended {
			none(&ind.Amended[j].EffectiveFrom)
		}
	}
	for i := range p.Rulings {
		none(&p.Rulings[i].From)
	}
	for i := range p.Awards {
		none(&p.Awards[i].Milestone)
	}
}

// row is one record of a CSV file with the line it stands on.
type row struct {
	line  int
	cells []string
}

// csv reads a table whose header must be exactly the columns.
func (r *reader) csv(file string, required bool, columns ...string) []row {
	data := r.open(file, required)
	if data == nil {
		return nil
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1
	var rows []row
	for first := true; ; first = false {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			if first {
				r.broken = true
				r.say(file, 1, "csv-header", "the header must be %s", strings.Join(columns, ","))
			}
			return rows
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			r.broken = true
			r.say(file, bad.Line, "csv-row", "cannot read the row: %v", bad.Err)
			return rows
		}
		line, _ := in.FieldPos(0)
		switch {
		case first && !slices.Equal(cells, columns):
			r.broken = true
			r.say(file, line, "csv-header", "the header must be %s", strings.Join(columns, ","))
			return nil
		case first:
		case len(cells) != len(columns):
			r.say(file, line, "csv-row", "the row has %d cells, the header %d", len(cells), len(columns))
		default:
			rows = append(rows, row{line, cells})
		}
	}
}

// day reads a day of a CSV cell.
func (r *reader) day(file string, line int, cell string) (Day, bool) {
	d, err := ParseDay(cell)
	if err != nil {
		r.say(file, line, "date", "%v", err)
	}
	return d, err == nil
}

func (r *reader) measures() {
	for _, row := range r.csv("measures.csv", false, "code", "name", "unit", "source") {
		r.plan.Measures = append(r.plan.Measures, MeasureInfo{
			Code: row.cells[0], Name: row.cells[1], Unit: row.cells[2], Source: row.cells[3], Line: row.line,
		})
	}
}

// units reads units.csv, successors.csv and unit_codes.csv and ties them together. A parent is the unit of that code
// whose validity overlaps the child's; there must be exactly one, on an earlier line.
func (r *reader) units() {
	const file = "units.csv"
	var all []*Unit
	at := map[*Unit]int{} // line
	byCode := map[string][]*Unit{}
	for _, row := range r.csv(file, true, "code", "parent", "level", "name", "name_en", "type", "valid_from", "valid_to", "regroup") {
		c := row.cells
		from, ok1 := r.day(file, row.line, c[6])
		to, ok2 := r.day(file, row.line, c[7])
		if !ok1 || !ok2 {
			continue
		}
		u := &Unit{UnitKey: UnitKey{Code: c[0], From: from}, To: to, Level: Level(c[2]), Name: c[3], NameEN: c[4], Type: c[5]}
		if c[8] != "" {
			u.Regroup = strings.Split(c[8], ";")
		}
		if clash := r.clash(byCode[u.Code], u, at, row.line); clash {
			continue
		}
		if c[1] != "" {
			parents := slices.DeleteFunc(slices.Clone(byCode[c[1]]), func(p *Unit) bool { return !overlap(p, u) })
			switch len(parents) {
			case 1:
				u.Parent = parents[0]
				u.Parent.Children = append(u.Parent.Children, u)
			case 0:
				r.say(file, row.line, "unit-parent", "unit %s: no unit %s of its time stands on an earlier line", u.UnitKey, c[1])
				continue
			default:
				r.say(file, row.line, "unit-parent", "unit %s lives under several units of code %s (%s, %s): split its row where the parent changes",
					u.UnitKey, c[1], parents[0].UnitKey, parents[1].UnitKey)
				continue
			}
		}
		at[u] = row.line
		byCode[u.Code] = append(byCode[u.Code], u)
		all = append(all, u)
	}
	r.unitLines = at
	r.successors(byCode)
	alias := r.organCodes(byCode)
	us, err := NewUnits(all, alias)
	if err != nil { // what it refuses has been said above, with its line
		r.say(file, 0, "unit-overlap", "%v", err)
		us, _ = NewUnits(nil, nil)
	}
	r.plan.Units = us
}

// clash says whether the unit's validity is impossible or overlaps that of an earlier row of its code.
func (r *reader) clash(same []*Unit, u *Unit, at map[*Unit]int, line int) bool {
	if u.Code == "" {
		r.say("units.csv", line, "unit-code", "the unit has no code")
		return true
	}
	if u.From != NoDay && u.To != NoDay && u.To < u.From {
		r.say("units.csv", line, "unit-validity", "unit %s ends on %s, before it begins", u.UnitKey, u.To)
		return true
	}
	for _, o := range same {
		if overlap(o, u) {
			r.say("units.csv", line, "unit-overlap", "unit %s: code %s is valid at the same time on line %d", u.UnitKey, u.Code, at[o])
			return true
		}
	}
	return false
}

func overlap(a, b *Unit) bool {
	return (a.To == NoDay || b.From == NoDay || b.From <= a.To) && (b.To == NoDay || a.From == NoDay || a.From <= b.To)
}

func (r *reader) successors(byCode map[string][]*Unit) {
	const file = "successors.csv"
	for _, row := range r.csv(file, false, "old_code", "old_valid_from", "new_code", "new_valid_from", "share") {
		find := func(code, from string) *Unit {
			d, ok := r.day(file, row.line, from)
			if !ok {
				return nil
			}
			for _, u := range byCode[code] {
				if u.From == d {
					return u
				}
			}
			r.say(file, row.line, "unknown-unit", "unit %s is not in units.csv", UnitKey{code, d})
			return nil
		}
		before, after := find(row.cells[0], row.cells[1]), find(row.cells[2], row.cells[3])
		whole := row.cells[4] == "full"
		if !whole && row.cells[4] != "partial" {
			r.say(file, row.line, "share", "share %q: write full or partial", row.cells[4])
			continue
		}
		if before == nil || after == nil {
			continue
		}
		if before.To == NoDay || !after.ValidOn(before.To+1) {
			r.say(file, row.line, "successor-time", "unit %s is not in force on the day after unit %s ends", after.UnitKey, before.UnitKey)
			continue
		}
		if !whole {
			r.problems = append(r.problems, Problem{File: file, Line: row.line, Rule: "partial-successor", Warning: true,
				Message: fmt.Sprintf("unit %s goes only partly into %s and no weight is stated: roll-ups over it are refused", before.UnitKey, after.UnitKey)})
		}
		before.Successors = append(before.Successors, Link{after, whole})
		after.Predecessors = append(after.Predecessors, Link{before, whole})
	}
}

func (r *reader) organCodes(byCode map[string][]*Unit) map[string]string {
	const file = "unit_codes.csv"
	alias, seen := map[string]string{}, map[string]int{}
	for _, row := range r.csv(file, false, "code", "unit", "note") {
		code, unit := NormalCode(row.cells[0]), row.cells[1]
		if first, ok := seen[code]; ok {
			r.say(file, row.line, "duplicate", "organ code %s stands on line %d already", code, first)
			continue
		}
		seen[code] = row.line
		if len(byCode[unit]) == 0 {
			r.say(file, row.line, "unknown-unit", "organ code %s: unit %q is not in units.csv", code, unit)
			continue
		}
		alias[code] = unit
	}
	return alias
}

func (r *reader) holidays() {
	const file = "holidays.csv"
	off, work := map[Day]string{}, map[Day]string{}
	for _, row := range r.csv(file, false, "date", "kind", "name") {
		d, ok := r.day(file, row.line, row.cells[0])
		if !ok {
			continue
		}
		if off[d]+work[d] != "" {
			r.say(file, row.line, "duplicate", "%s stands twice", d)
			continue
		}
		switch row.cells[1] {
		case "off":
			off[d] = row.cells[2]
			r.holidayLines = append(r.holidayLines, holidayLine{row.line, d, true})
		case "work":
			work[d] = row.cells[2]
			r.holidayLines = append(r.holidayLines, holidayLine{row.line, d, false})
		default:
			r.say(file, row.line, "holiday-kind", "kind %q: write off or work", row.cells[1])
		}
	}
	r.plan.Holidays = NewHolidays(off, work)
}

func (r *reader) members() {
	files, _ := fs.Glob(r.fsys, "members/*.csv") // the pattern is valid, so Glob has no error
	for _, file := range files {
		dim := strings.TrimSuffix(path.Base(file), ".csv")
		seen := map[string]int{}
		for _, row := range r.csv(file, true, "code", "name", "name_en") {
			if first, ok := seen[row.cells[0]]; ok {
				r.say(file, row.line, "duplicate", "member %s stands on line %d already", row.cells[0], first)
				continue
			}
			seen[row.cells[0]] = row.line
			r.plan.Members[dim] = append(r.plan.Members[dim], Member{row.cells[0], row.cells[1], row.cells[2]})
		}
	}
}

func (r *reader) sources() {
	files, _ := fs.Glob(r.fsys, "sources/*.yaml")
	for _, file := range files {
		if data := r.open(file, true); data != nil {
			r.plan.Sources = append(r.plan.Sources, SourceFile{Name: strings.TrimSuffix(path.Base(file), ".yaml"), Data: data})
		}
	}
}
