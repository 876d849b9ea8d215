package english

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

//go:embed english.yaml
var englishFile []byte

// piece is a part of a text that was put over. vietnamese: it stays as it is.
type piece struct {
	text       string
	vietnamese bool
}

func plainText(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		b.WriteString(p.text)
	}
	return b.String()
}

// said is a text that was put over before. ok: all of it.
type said struct {
	pieces []piece
	ok     bool
}

// english puts Vietnamese texts over by a catalogue of phrases (english.yaml) and the names of a plan. It is safe for
// concurrent use.
type Catalogue struct {
	phrases  map[string]string     // without slots
	names    map[string]piece      // of the plan
	patterns map[string][]*pattern // by their first word
	joints   []*pattern            // short words between slots: tried last
	stays    map[string]bool       // ".class" of elements that stay Vietnamese

	marks [][]byte // what a tag has that has an attribute to look at

	mu    sync.Mutex
	known map[string]said
	cut   bool // the search went as deep as it may
}

// How many texts are remembered, and how deep a phrase may stand in phrases.
const (
	rememberedTexts = 20000
	deepest         = 9
)

// joint is how long the text between two slots is at most that only joins them, as in "{} đến {}".
const joint = len(" đến ")

// New reads the catalogue and takes the names of the plan and its sources.
func New(p *plan.Plan, sources []string) (*Catalogue, error) {
	var file struct {
		Phrases map[string]string `yaml:"phrases"`
		Same    []string          `yaml:"same"`
		Stays   []string          `yaml:"stays"`
	}
	if err := yaml.Unmarshal(englishFile, &file); err != nil {
		return nil, fmt.Errorf("english.yaml: %w", err)
	}
	c := &Catalogue{phrases: map[string]string{}, names: planNames(p, sources), patterns: map[string][]*pattern{}, stays: map[string]bool{}, known: map[string]said{}}
	for vi, en := range vocabulary() {
		c.phrases[vi] = en
	}
	for _, text := range file.Same {
		c.phrases[text] = text
	}
	for _, name := range file.Stays {
		c.stays[name] = true
		c.marks = append(c.marks, []byte(name[1:]))
	}
	for _, name := range append(slices.Sorted(maps.Keys(readAttributes)), "lang", "value") {
		c.marks = append(c.marks, []byte(" "+name+"="))
	}
	for _, vi := range slices.Sorted(maps.Keys(file.Phrases)) {
		en := file.Phrases[vi]
		if strings.HasSuffix(vi, ".") && strings.HasSuffix(en, ".") { // sentences are put over without their full stop
			vi, en = vi[:len(vi)-1], en[:len(en)-1]
		}
		if !slotForm.MatchString(vi) {
			c.phrases[vi] = en
			continue
		}
		t, err := newPattern(vi, en)
		if err != nil {
			return nil, err
		}
		c.patterns[t.first] = append(c.patterns[t.first], t)
	}
	for _, t := range c.patterns[""] {
		if t.literals[0] == "" && t.literals[len(t.slots)] == "" && t.weight <= joint {
			c.joints = append(c.joints, t)
		}
	}
	c.patterns[""] = slices.DeleteFunc(c.patterns[""], func(t *pattern) bool { return slices.Contains(c.joints, t) })
	for _, list := range append(slices.Collect(maps.Values(c.patterns)), c.joints) {
		slices.SortStableFunc(list, func(a, b *pattern) int { return b.weight - a.weight })
	}
	return c, nil
}

// vocabulary are the words that the program has in both languages.
func vocabulary() map[string]string {
	all := map[string]string{}
	for _, s := range words.Statuses {
		all[words.Status(s).Name] = words.Status(s).NameEN
	}
	for _, o := range words.Outcomes {
		all[words.Outcome(string(o)).Name] = words.Outcome(string(o)).NameEN
	}
	for _, r := range words.AllReasons {
		all[r.VI] = r.EN
	}
	for _, r := range []plan.Rhythm{plan.Daily, plan.Monthly, plan.Quarterly, plan.HalfYearly, plan.Yearly} {
		vi, en := words.Rhythm(r)
		all[vi] = en
	}
	for _, t := range []progress.Truth{progress.Yes, progress.No, progress.Undecidable} {
		all[award.VerdictWord(t).VI] = award.VerdictWord(t).EN
	}
	return all
}

// planNames are the names of a plan: in English where the plan has them, else as they are. Names of units and of acts, and
// what the plan says word by word, stay Vietnamese.
func planNames(p *plan.Plan, sources []string) map[string]piece {
	all := map[string]piece{}
	name := func(vi, en string) {
		if vi != "" && (en != "" || all[vi].text == "") {
			all[vi] = piece{vi, hasVietnamese(vi)}
			if en != "" {
				all[vi] = piece{en, false}
			}
		}
	}
	for _, s := range sources {
		name(s, "")
	}
	for _, s := range p.Sources {
		name(s.Name, s.Name)
	}
	for _, m := range p.Measures {
		name(m.Name, "")
	}
	for _, f := range p.Forms {
		name(f.Title, "")
		name(f.Note, "")
		for _, c := range slices.Concat(f.Keys, f.Columns) {
			name(c.Header, "")
		}
	}
	for _, r := range p.Rulings {
		name(r.Clause, "")
		name(r.Question, "")
		name(r.Decider, "")
		name(r.Document, "")
		for _, x := range r.Readings {
			name(x.Text, "")
		}
	}
	for _, g := range p.Subjects {
		name(g.Name, g.NameEN)
		name(g.Section, "")
		for _, c := range g.Criteria {
			name(c.Name, "")
			name(c.Wording, "")
			name(c.Section, "")
		}
	}
	for _, x := range p.Awards {
		name(x.Name, x.NameEN)
		name(x.Section, "")
		for _, c := range x.Conditions {
			name(c.Wording, "")
		}
		for _, d := range x.Documents {
			name(d.Name, d.NameEN)
			name(d.Section, "")
		}
	}
	for _, list := range p.Members {
		for _, m := range list {
			name(m.Name, m.NameEN)
		}
	}
	for i := range p.Indicators {
		ind := &p.Indicators[i]
		name(ind.Name, ind.NameEN)
		name(ind.Short, ind.ShortEN)
		name(ind.Definition, ind.DefinitionEN)
		name(ind.Note, "")
		for _, f := range ind.Features {
			name(f.Name, f.NameEN)
		}
		for _, v := range ind.Variants {
			name(v.Name, v.NameEN)
		}
		for _, t := range ind.Targets {
			name(t.Wording, "")
			name(t.Section, "")
			name(t.Document, "")
		}
	}
	for _, m := range p.Milestones {
		name(m.Name, m.NameEN)
	}
	for _, u := range p.Units.All {
		name(u.Name, "")
		short, _ := words.ShortUnit(u)
		name(short, "")
	}
	for _, l := range p.Levels {
		name(l.Name, l.NameEN)
	}
	for _, x := range p.Pillars {
		name(x.Name, x.NameEN)
	}
	for _, v := range p.Versions {
		name(v.ID, "")
		name(v.Document, "")
	}
	name(p.Document, "")
	name(p.Name, p.NameEN)
	name(p.Demo.Notice, p.Demo.NoticeEN)
	return all
}

// slotForm is what a phrase leaves open: {} any text that can be put over itself, {*} any text, which stays, {=} one word
// that stays, {c} such a word that has a letter, {n} a figure, {w} any one word
// without such letters, {d} a day and month such as 23/6.
var slotForm = regexp.MustCompile(`\{[*=cndw]?\}`)

// pattern is a phrase with slots.
type pattern struct {
	key      string
	literals []string // before, between and behind the slots
	slots    []byte   // * = c n d w, or 0
	first    string   // the first word, where the phrase begins with a whole one
	weight   int      // bytes of the literals: the longest is tried first
	english  []part
}

// part is a part of the English: a text, a slot's content, or the form that the number in the slot before asks for.
type part struct {
	text      string
	slot      int // -1: none
	one, many string
}

var partForm = regexp.MustCompile(`\{(\d*|[^{}|]*\|[^{}|]*)\}`)

func newPattern(vi, en string) (*pattern, error) {
	t := &pattern{key: vi, literals: slotForm.Split(vi, -1)}
	for i, s := range slotForm.FindAllString(vi, -1) {
		if i > 0 && t.literals[i] == "" {
			return nil, fmt.Errorf("english.yaml: %q: two slots need a text between them", vi)
		}
		kind := byte(0)
		if len(s) == 3 {
			kind = s[1]
		}
		t.slots = append(t.slots, kind)
	}
	for _, l := range t.literals {
		t.weight += len(l)
	}
	if word, _, whole := strings.Cut(t.literals[0], " "); whole {
		t.first = word
	}
	used, at := make([]bool, len(t.slots)), 0
	next := 0
	for _, m := range partForm.FindAllStringSubmatchIndex(en, -1) {
		t.english = append(t.english, part{text: en[at:m[0]], slot: -1})
		at = m[1]
		inner := en[m[2]:m[3]]
		if one, many, ok := strings.Cut(inner, "|"); ok {
			t.english = append(t.english, part{slot: -1, one: one, many: many})
			continue
		}
		slot := next
		if inner != "" {
			n, err := strconv.Atoi(inner)
			if err != nil {
				return nil, fmt.Errorf("english.yaml: %q: {%s} is no slot", en, inner)
			}
			slot = n - 1
		} else {
			next++
		}
		if slot < 0 || slot >= len(used) {
			return nil, fmt.Errorf("english.yaml: %q has %d slots, the English %q asks for more", vi, len(used), en)
		}
		used[slot] = true
		t.english = append(t.english, part{slot: slot})
	}
	t.english = append(t.english, part{text: en[at:], slot: -1})
	if slices.Contains(used, false) {
		return nil, fmt.Errorf("english.yaml: %q: the English %q leaves out a slot", vi, en)
	}
	return t, nil
}

// match puts the text over if it is this phrase and all its slots can be put over.
func (t *pattern) match(c *Catalogue, text string, depth int) ([]piece, bool) {
	rest, ok := strings.CutPrefix(text, t.literals[0])
	if !ok || !strings.HasSuffix(rest, t.literals[len(t.literals)-1]) {
		return nil, false
	}
	filled := make([][]piece, len(t.slots))
	if !t.fill(c, filled, 0, rest, depth) {
		return nil, false
	}
	var out []piece
	last := ""
	for _, p := range t.english {
		switch {
		case p.slot >= 0:
			out = append(out, filled[p.slot]...)
			last = plainText(filled[p.slot])
		case p.one != p.many:
			if last == "1" {
				out = append(out, piece{text: p.one})
			} else {
				out = append(out, piece{text: p.many})
			}
		default:
			out = append(out, piece{text: p.text})
		}
	}
	return joined(out), true
}

func (t *pattern) fill(c *Catalogue, filled [][]piece, i int, rest string, depth int) bool {
	if i == len(t.slots) {
		return rest == ""
	}
	next := t.literals[i+1]
	if i == len(t.slots)-1 {
		value, ok := strings.CutSuffix(rest, next)
		if ok {
			filled[i], ok = c.fits(t.slots[i], value, depth)
		}
		return ok
	}
	for at := 0; at < len(rest); {
		j := strings.Index(rest[at:], next)
		if j < 0 {
			return false
		}
		if value := rest[:at+j]; value != "" {
			if pieces, ok := c.fits(t.slots[i], value, depth); ok {
				filled[i] = pieces
				if t.fill(c, filled, i+1, rest[at+j+len(next):], depth) {
					return true
				}
			}
		}
		at += j + 1
	}
	return false
}

var dayAndMonth = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})$`)

// fits puts over what stands in a slot.
func (c *Catalogue) fits(slot byte, value string, depth int) ([]piece, bool) {
	if value == "" || strings.TrimSpace(value) != value {
		return nil, false
	}
	switch slot {
	case '*':
		return []piece{{value, hasVietnamese(value)}}, true
	case '=', 'c':
		return []piece{{text: value}}, !strings.Contains(value, " ") && plainFigures(value) && (slot == '=' || strings.ContainsFunc(value, unicode.IsLetter))
	case 'w':
		return []piece{{text: value}}, !strings.Contains(value, " ") && !hasVietnamese(value)
	case 'n':
		return []piece{{text: figuresEnglish(value)}}, !strings.ContainsFunc(value, unicode.IsLetter) && strings.ContainsFunc(value, unicode.IsDigit)
	case 'd':
		m := dayAndMonth.FindStringSubmatch(value)
		if m == nil {
			return nil, false
		}
		month, _ := strconv.Atoi(m[2])
		return []piece{{text: fmt.Sprintf("%s %.3s", m[1], time.Month(month))}}, month >= 1 && month <= 12
	}
	return c.put(value, depth+1)
}

// joined puts neighbours of the same kind together.
func joined(all []piece) []piece {
	var out []piece
	for _, p := range all {
		switch n := len(out); {
		case p.text == "":
		case n > 0 && out[n-1].vietnamese == p.vietnamese:
			out[n-1].text += p.text
		default:
			out = append(out, p)
		}
	}
	return out
}

// say puts a text over. ok is false where any of it could not be: then all of it stays.
func (c *Catalogue) say(text string) ([]piece, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.ContainsAny(text, "\n\t\u00a0") || strings.Contains(text, "  ") {
		text = strings.Join(strings.Fields(text), " ")
	}
	return c.put(text, 0)
}

func (c *Catalogue) put(text string, depth int) ([]piece, bool) {
	if x, ok := c.known[text]; ok {
		return x.pieces, x.ok
	}
	if depth > deepest {
		c.cut = true
		return nil, false
	}
	before := c.cut
	c.cut = false
	pieces, ok := c.find(text, depth)
	if !ok {
		pieces = []piece{{text, hasVietnamese(text)}}
		if c.cut { // less deep it may be found
			return pieces, false
		}
	}
	c.cut = before
	if len(c.known) >= rememberedTexts {
		clear(c.known)
	}
	c.known[text] = said{pieces, ok}
	return pieces, ok
}

func (c *Catalogue) find(text string, depth int) ([]piece, bool) {
	if sentence, ok := strings.CutSuffix(text, "."); ok && sentence != "" {
		if pieces, ok := c.put(sentence, depth+1); ok {
			return joined(append(slices.Clone(pieces), piece{text: "."})), true
		}
	}
	if pieces, ok := c.lookUp(text, depth); ok {
		return pieces, true
	}
	// A phrase may begin a sentence or stand within one.
	r, size := utf8.DecodeRuneInString(text)
	other, change := string(unicode.ToUpper(r))+text[size:], lowerEnglish
	if unicode.IsUpper(r) {
		other, change = string(unicode.ToLower(r))+text[size:], upperEnglish
	}
	if other != text {
		if pieces, ok := c.lookUp(other, depth); ok {
			return change(pieces), true
		}
	}
	if plainFigures(text) {
		return []piece{{text: figuresEnglish(text)}}, true
	}
	if pieces, ok := c.split(text, depth); ok {
		return pieces, true
	}
	for _, t := range c.joints {
		if pieces, ok := t.match(c, text, depth); ok {
			return pieces, true
		}
	}
	return nil, false
}

func (c *Catalogue) lookUp(text string, depth int) ([]piece, bool) {
	if en, ok := c.phrases[text]; ok {
		return []piece{{text: en}}, true
	}
	if p, ok := c.names[text]; ok {
		return []piece{p}, true
	}
	word, _, _ := strings.Cut(text, " ")
	for _, list := range [][]*pattern{c.patterns[word], c.patterns[""]} {
		for _, t := range list {
			if pieces, ok := t.match(c, text, depth); ok {
				return pieces, true
			}
		}
		if word == "" {
			break
		}
	}
	return nil, false
}

// Marks that stand behind, around or between texts that are put over one by one.
const ends = " :;,.…→"
const around = " ()[]“”\"'‘’+→←▶↑↓·;:,.–-−✔✖✓?!…/|=≥≤<>×☐●▲▼◌○•*"

var between = []string{". ", "; ", " · ", " | ", " → ", ": ", ", ", " / ", " – ", " - ", " + "}

// split puts a text over part by part.
func (c *Catalogue) split(text string, depth int) ([]piece, bool) {
	for _, core := range []string{strings.TrimRight(text, ends), strings.Trim(text, around)} {
		if core == "" || core == text {
			continue
		}
		if pieces, ok := c.put(core, depth+1); ok {
			at := strings.Index(text, core)
			return joined(slices.Concat([]piece{{text: text[:at]}}, pieces, []piece{{text: text[at+len(core):]}})), true
		}
	}
	for _, mark := range between {
		parts := strings.Split(text, mark)
		if len(parts) < 2 {
			continue
		}
		var out []piece
		whole := true
		for i, p := range parts {
			pieces, ok := c.put(p, depth+1)
			if whole = ok && p != ""; !whole {
				break
			}
			if i > 0 {
				out = append(out, piece{text: mark})
			}
			out = append(out, pieces...)
		}
		if whole {
			return joined(out), true
		}
	}
	return nil, false
}

func lowerEnglish(all []piece) []piece { return cased(all, unicode.ToLower) }
func upperEnglish(all []piece) []piece { return cased(all, unicode.ToUpper) }

// monthFirst is a text that begins with a month.
var monthFirst = regexp.MustCompile(`^[A-Z][a-z]{2}\x{a0}\d`)

// cased changes the first letter of the English, unless it begins with an abbreviation, a month or with what stays.
func cased(all []piece, to func(rune) rune) []piece {
	if len(all) == 0 || all[0].vietnamese {
		return all
	}
	text := all[0].text
	first, size := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[size:])
	if unicode.IsUpper(first) && unicode.IsUpper(second) || monthFirst.MatchString(text) {
		return all
	}
	out := slices.Clone(all)
	out[0].text = string(to(first)) + text[size:]
	return out
}

// hasVietnamese says whether a text has a letter that English does not.
func hasVietnamese(text string) bool {
	for _, r := range text {
		if r >= 'À' && r <= 'ỹ' && unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

// plainFigures says whether a text is nothing but figures, days, signs and codes, such as 1.234 / 5.678 or CQS-02.
func plainFigures(text string) bool {
	if hasVietnamese(text) {
		return false
	}
	for _, word := range strings.Fields(text) {
		letters, capitals, others := 0, 0, 0
		for _, r := range strings.Trim(word, "()[]“”,;:.%?") {
			switch {
			case unicode.IsUpper(r):
				capitals++
			case unicode.IsLetter(r):
				letters++
			default:
				others++
			}
		}
		if letters+capitals > 0 && others == 0 && capitals < 2 {
			return false
		}
	}
	return true
}

var (
	wholeDay    = regexp.MustCompile(`^(\d{2})/(\d{2})/(\d{4})$`)
	wholeMonth  = regexp.MustCompile(`^(\d{1,2})/(\d{4})$`)
	wholeNumber = regexp.MustCompile(`^\d{1,3}(\.\d{3})*(,\d+)?$|^\d+,\d+$`)
)

// figuresEnglish writes numbers, days and months as they are read in English: 1,234.5 and 29 Jun 2025. Codes are left alone.
func figuresEnglish(text string) string {
	fields := strings.Split(text, " ")
	for i, word := range fields {
		core := strings.Trim(word, "()[]“”;:+-−±≥≤<>=%,.×")
		if core == "" {
			continue
		}
		at := strings.Index(word, core)
		fields[i] = word[:at] + figureEnglish(core) + word[at+len(core):]
	}
	return strings.Join(fields, " ")
}

func figureEnglish(word string) string {
	if m := wholeDay.FindStringSubmatch(word); m != nil {
		if month, _ := strconv.Atoi(m[2]); month >= 1 && month <= 12 {
			return fmt.Sprintf("%s\u00a0%.3s\u00a0%s", m[1], time.Month(month), m[3]) // a narrow column does not break it
		}
	}
	if m := wholeMonth.FindStringSubmatch(word); m != nil {
		if month, _ := strconv.Atoi(m[1]); month >= 1 && month <= 12 {
			return fmt.Sprintf("%.3s\u00a0%s", time.Month(month), m[2])
		}
	}
	if wholeNumber.MatchString(word) {
		return strings.NewReplacer(".", ",", ",", ".").Replace(word)
	}
	if a, b, ok := strings.Cut(word, "/"); ok && (wholeNumber.MatchString(a) && wholeNumber.MatchString(b)) {
		return figureEnglish(a) + "/" + figureEnglish(b)
	}
	return word
}
