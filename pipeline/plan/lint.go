package plan

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Problem is one thing wrong with a plan's folder.
type Problem struct {
	File    string
	Line    int // 0: the file as a whole
	Rule    string
	Message string
	Warning bool // the plan can be used as it is
}

// Error is file:line: message (rule).
func (p Problem) Error() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s: %s (%s)", where, p.Message, p.Rule)
}

// Lint reads a plan's folder and reports everything that is wrong with it, in the order of files and lines: what Load
// refuses, and what can be read but cannot be right - a wording nobody has ruled on, a target that nobody can exceed, a
// code that nothing knows, dates out of order. An empty list is a plan that may be used.
func Lint(fsys fs.FS) []Problem {
	r := read(fsys)
	if !r.broken {
		l := &linter{reader: r, p: r.plan}
		l.plan()
		l.measures()
		l.indicators()
		l.forms()
		l.rulings()
		l.subjects()
		l.awards()
		l.units()
		l.holidays()
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return r.problems
}

// linter judges what the reader read.
type linter struct {
	*reader
	p     *Plan
	cited map[string]bool // rulings that an indicator or a condition cites
}

// at opens a place of a YAML file to complaints.
func (l *linter) at(file, place string, args ...any) spot {
	return spot{l.reader, file, fmt.Sprintf(place, args...)}
}

// spot is a place in a YAML file that problems are reported at.
type spot struct {
	r           *reader
	file, place string
}

// say reports at a key below the place; an empty key is the place itself.
func (s spot) say(key, rule, format string, args ...any) {
	s.r.say(s.file, s.r.line(s.file, s.place+key), rule, format, args...)
}

// warn reports what does not stop the plan.
func (s spot) warn(key, rule, format string, args ...any) {
	s.say(key, rule, format, args...)
	s.r.problems[len(s.r.problems)-1].Warning = true
}

// need reports an empty text.
func (s spot) need(key, value, what string) {
	if strings.TrimSpace(value) == "" {
		s.say("", "missing", "%s has no %s", what, key)
	}
}

// oneOf reports a word that is none of the allowed.
func oneOf[T ~string](s spot, key string, got T, allowed ...T) {
	if slices.Contains(allowed, got) {
		return
	}
	var words []string
	for _, a := range allowed {
		words = append(words, string(a))
	}
	s.say("."+key, "unknown-"+strings.ReplaceAll(key, "_", "-"), "%s %q is unknown: write one of %s", key, string(got), strings.Join(words, ", "))
}

// once reports the second appearance of a key.
func once(seen map[string]int, s spot, key, what string) {
	line := s.r.line(s.file, s.place)
	if first, ok := seen[key]; ok {
		s.say("", "duplicate", "%s %s stands on line %d already", what, key, first)
		return
	}
	seen[key] = line
}

func (l *linter) knows(level Level) bool {
	return slices.ContainsFunc(l.p.Levels, func(x LevelInfo) bool { return x.Code == level })
}

func (l *linter) level(s spot, key string, levels ...Level) {
	for _, x := range levels {
		if !l.knows(x) {
			s.say(key, "unknown-level", "level %q is not among the plan's levels", x)
		}
	}
}

func (l *linter) source(s spot, key string, ids ...string) {
	for _, id := range ids {
		if !slices.ContainsFunc(l.p.Sources, func(f SourceFile) bool { return f.Name == id }) {
			s.say(key, "unknown-source", "source %q has no file sources/%s.yaml", id, id)
		}
	}
}

func (l *linter) cite(s spot, key string, ids []string) {
	for _, id := range ids {
		l.cited[id] = true
		if l.p.Ruling(id) == nil {
			s.say(key, "unknown-ruling", "ruling %s is not in rulings.yaml", id)
		}
	}
}

// plan checks plan.yaml.
func (l *linter) plan() {
	l.cited = map[string]bool{}
	p, s := l.p, l.at("plan.yaml", "")
	s.need("code", p.Code, "the plan")
	s.need("name", p.Name, "the plan")
	s.need("document", p.Document, "the plan")
	if p.Start == NoDay {
		s.say("", "missing", "the plan has no start")
	}
	if p.End != NoDay && p.End < p.Start {
		s.say(".end", "order", "the plan ends on %s, before it starts on %s", p.End, p.Start)
	}
	if len(p.Versions) == 0 {
		s.say("", "missing", "the plan has no versions: name the act that issued it")
	}
	seen := map[string]int{}
	for i, v := range p.Versions {
		at := l.at("plan.yaml", ".versions[%d]", i)
		once(seen, at, v.ID, "version")
		at.need("document", v.Document, "version "+v.ID)
		if i > 0 && v.Effective <= p.Versions[i-1].Effective {
			at.say(".effective", "order", "version %s takes effect on %s, not after the one before it", v.ID, v.Effective)
		}
	}
	for i, m := range p.Milestones {
		at := l.at("plan.yaml", ".milestones[%d]", i)
		if i > 0 && m.Date <= p.Milestones[i-1].Date {
			at.say(".date", "milestone-order", "milestone %s does not come after %s", m.Date, p.Milestones[i-1].Date)
		}
		if m.ReportCutOff != NoDay && m.ReportCutOff > m.Date {
			at.say(".report_cut_off", "milestone-order", "the report cut-off %s comes after the milestone %s", m.ReportCutOff, m.Date)
		}
	}
	seen = map[string]int{}
	for i, x := range p.Levels {
		at := l.at("plan.yaml", ".levels[%d]", i)
		once(seen, at, string(x.Code), "level")
		at.need("name", x.Name, "level "+string(x.Code))
	}
	seen = map[string]int{}
	for i, x := range p.Pillars {
		at := l.at("plan.yaml", ".pillars[%d]", i)
		once(seen, at, x.Code, "pillar")
		at.need("name", x.Name, "pillar "+x.Code)
	}
	l.level(s, ".watch_levels", p.WatchLevels...)
	l.level(s, ".detail_levels", p.DetailLevels...)
	if p.RecentWeeks < 1 {
		s.say(".recent_weeks", "range", "recent_weeks is %d: store at least one week", p.RecentWeeks)
	}
	if !l.isUnit(p.Province) {
		s.say(".province", "unknown-unit", "province %q is not in units.csv", p.Province)
	}
	if p.Lead != "" && !l.isUnit(p.Lead) {
		s.say(".lead", "unknown-unit", "lead %q is not in units.csv", p.Lead)
	}
	if d := p.Defaults; d.MinDenominator < 0 || d.Tolerance < 0 || d.CoverageMin < 0 || d.CoverageMin > Percent(100) || d.OverallMin < 1 || d.AnswerDays < 0 {
		s.say(".defaults", "range", "a default is out of range: min_denominator and tolerance from 0, coverage_min 0 to 100, overall_min from 1, answer_days from 0")
	}
	if p.Demo.AsOf != NoDay && p.Demo.AsOf < p.Start {
		s.say(".demo.as_of", "order", "the demo's day %s is before the plan's start", p.Demo.AsOf)
	}
	if p.Demo.Unit != "" && !l.isUnit(p.Demo.Unit) {
		s.say(".demo.unit", "unknown-unit", "the demo's unit %q is not in units.csv", p.Demo.Unit)
	}
	if t := p.Demo.Table; t != "" {
		if _, err := fs.Stat(l.fsys, t); err != nil {
			s.say(".demo.table", "missing-file", "the demo's table %s is not in the plan's folder", t)
		}
	}
}

func (l *linter) isUnit(code string) bool {
	return slices.ContainsFunc(l.p.Units.All, func(u *Unit) bool { return u.Code == code })
}

// units checks units.csv beyond what ties it together.
func (l *linter) units() {
	const file = "units.csv"
	for _, u := range l.p.Units.All {
		line := l.unitLines[u]
		if u.Name == "" {
			l.say(file, line, "missing", "unit %s has no name", u.UnitKey)
		}
		if !l.knows(u.Level) {
			l.say(file, line, "unknown-level", "unit %s: level %q is not among the plan's levels", u.UnitKey, u.Level)
		}
		if p := u.Parent; p != nil && (p.From > u.From || p.To != NoDay && (u.To == NoDay || u.To > p.To)) {
			l.say(file, line, "unit-outlives", "unit %s is valid outside the validity of %s above it", u.UnitKey, p.UnitKey)
		}
		for _, code := range u.Regroup {
			if !l.isUnit(code) {
				l.say(file, line, "unknown-unit", "unit %s: former unit %q is not in units.csv", u.UnitKey, code)
			}
		}
	}
}

// holidays warns of days that change nothing, which are likely typing errors.
func (l *linter) holidays() {
	for _, h := range l.holidayLines {
		weekend := h.day.Weekday() == time.Saturday || h.day.Weekday() == time.Sunday
		if weekend == h.off {
			l.problems = append(l.problems, Problem{File: "holidays.csv", Line: h.line, Rule: "holiday-weekday", Warning: true,
				Message: fmt.Sprintf("%s is a %s: the row changes nothing", h.day, h.day.Weekday())})
		}
	}
}

// measures checks measures.csv.
func (l *linter) measures() {
	seen := map[string]int{}
	for _, m := range l.p.Measures {
		if first, ok := seen[m.Code]; ok {
			l.say("measures.csv", m.Line, "duplicate", "measure %s stands on line %d already", m.Code, first)
			continue
		}
		seen[m.Code] = m.Line
		if !slices.ContainsFunc(l.p.Sources, func(f SourceFile) bool { return f.Name == m.Source }) {
			l.say("measures.csv", m.Line, "unknown-source", "source %q has no file sources/%s.yaml", m.Source, m.Source)
		}
	}
}

// rulings checks rulings.yaml; the indicators and awards have been read, so what nobody cites is known.
func (l *linter) rulings() {
	for _, a := range l.p.Awards {
		for _, c := range a.Conditions {
			for _, id := range c.Rulings {
				l.cited[id] = true
			}
		}
	}
	seen := map[string]int{}
	for i, x := range l.p.Rulings {
		s := l.at("rulings.yaml", "[%d]", i)
		once(seen, s, UnitKey{x.ID, x.From}.String(), "ruling")
		what := "ruling " + x.ID
		s.need("clause", x.Clause, what)
		s.need("question", x.Question, what)
		s.need("decider", x.Decider, what)
		if len(x.Readings) < 2 {
			s.say(".readings", "ruling-readings", "ruling %s has fewer than two readings", x.ID)
		}
		if !slices.ContainsFunc(x.Readings, func(y Reading) bool { return y.Code == x.Default && y.Text != "" }) {
			s.say(".default", "ruling-default", "ruling %s: the default %q is none of its readings", x.ID, x.Default)
		}
		for j, y := range x.Readings {
			if y.TargetOf != "" && l.p.Indicator(y.TargetOf) == nil {
				l.at("rulings.yaml", "[%d].readings[%d]", i, j).say(".target_of", "unknown-indicator", "ruling %s, reading %s: indicator %s is not in indicators.yaml", x.ID, y.Code, y.TargetOf)
			}
		}
		for _, word := range x.Settles {
			oneOf(s, "settles", word, settlesUnattainable)
		}
		if x.From != NoDay {
			l.act(s, x.From, x.Document, what)
		}
		if !l.cited[x.ID] {
			s.warn("", "ruling-unused", "ruling %s is cited by no indicator and no award", x.ID)
		}
	}
}

// act checks that a change that takes effect on a day names its document and is a version of the plan, so that results
// before and after it can be told apart.
func (l *linter) act(s spot, from Day, document, what string) {
	if document == "" {
		s.say("", "amendment", "%s changes on %s and names no document", what, from)
	}
	if !slices.ContainsFunc(l.p.Versions, func(v Version) bool { return v.Effective == from }) {
		s.say(".effective_from", "amendment", "%s changes on %s, but plan.yaml has no version of that day", what, from)
	}
}
