package plan

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// facilityKinds is the dimension that names kinds of facilities.
const facilityKinds = "facility_kind"

// settlesUnattainable marks a ruling that says what holds where a target cannot be exceeded.
const settlesUnattainable = "unattainable"

func indexed(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }

// Roles of form columns that are not measures: the keys, and the columns of registers.
var (
	keyRoles      = []string{"unit", "facility", "service", "indicator"}
	registerRoles = []string{"name", facilityKinds, "located_in", "managed_by", "from", "to", "numerator", "denominator", "citation", "evidence"}
	valueKinds    = []string{"count", "money", "yesno", "not_flag", "one", "flag_bit"}
)

func (l *linter) forms() {
	used := map[string]bool{}
	for _, ind := range l.p.Indicators {
		used[ind.Numerator], used[ind.Denominator], used[ind.Scope], used[ind.Baseline] = true, true, true, true
		for _, v := range ind.Variants {
			used[v.Numerator], used[v.Denominator] = true, true
		}
	}
	seen, owner := map[string]int{}, map[string]string{}
	for i, f := range l.p.Forms {
		s := l.at("forms.yaml", "[%d]", i)
		what := "form " + f.Code
		once(seen, s, f.Code, "form")
		s.need("title", f.Title, what)
		if f.Version < 1 {
			s.say(".version", "range", "%s: versions count from 1", what)
		}
		l.source(s, ".source", f.Source)
		l.level(s, ".levels", f.Levels...)
		oneOf(s, "rhythm", f.Rhythm, Daily, Monthly, Quarterly, HalfYearly, Yearly)
		oneOf(s, "period_type", f.PeriodType, Calendar, Report)
		for _, code := range f.Indicators {
			if l.p.Indicator(code) == nil {
				s.say(".indicators", "unknown-indicator", "%s: indicator %s is not in indicators.yaml", what, code)
			}
		}
		if len(f.Keys) == 0 || len(f.Columns) == 0 {
			s.say("", "missing", "%s needs keys and columns", what)
		}
		headers := map[string]int{}
		for j, k := range f.Keys {
			at := l.at("forms.yaml", "[%d].keys[%d]", i, j)
			once(headers, at, Fold(k.Header), "header")
			if !slices.Contains(keyRoles, k.Role) && len(l.p.Members[k.Role]) == 0 {
				at.say(".role", "unknown-role", "key role %q is neither %s nor a dimension of members/", k.Role, strings.Join(keyRoles, ", "))
			}
		}
		for j, c := range f.Columns {
			at := l.at("forms.yaml", "[%d].columns[%d]", i, j)
			once(headers, at, Fold(c.Header), "header")
			l.column(at, f, j)
			if c.Measure == "" {
				continue
			}
			if !used[c.Measure] {
				at.say(".measure", "unused-column", "no indicator uses measure %s", c.Measure)
			}
			if first, ok := owner[c.Measure]; ok && first != f.Code {
				at.say(".measure", "duplicate", "measure %s is a column of form %s already", c.Measure, first)
			}
			owner[c.Measure] = f.Code
		}
	}
}

func (l *linter) column(at spot, f Form, j int) {
	c := f.Columns[j]
	oneOf(at, "kind", c.Kind, append(slices.Clone(valueKinds), "text", "date")...)
	switch {
	case c.Measure == "" && !slices.Contains(registerRoles, c.Role):
		at.say("", "unknown-role", "column %q has neither a measure nor a role", c.Header)
	case c.Measure != "" && !slices.Contains(valueKinds, c.Kind):
		at.say(".kind", "column-kind", "column %q is a measure: its kind cannot be %q", c.Header, c.Kind)
	}
	for _, o := range f.Columns[:j] {
		if c.Measure != "" && o.Measure == c.Measure && (c.Kind != "flag_bit" || o.Kind != "flag_bit" || o.Bit == c.Bit) {
			at.say("", "duplicate", "column %q writes the same figure as column %q", c.Header, o.Header)
		}
	}
	if c.AtMost != "" && !slices.ContainsFunc(f.Columns, func(o Column) bool { return o.Measure == c.AtMost }) {
		at.say(".at_most", "unknown-measure", "column %q: at_most %q is no column of the form", c.Header, c.AtMost)
	}
	if c.Factor < 0 {
		at.say(".factor", "range", "column %q: the factor must be positive", c.Header)
	}
}

func (l *linter) subjects() {
	seen := map[string]int{}
	for i := range l.p.Subjects {
		x := &l.p.Subjects[i]
		s := l.at("subjects.yaml", "[%d]", i)
		what := "subject " + x.Code
		once(seen, s, x.Code, "subject")
		s.need("name", x.Name, what)
		s.need("section", x.Section, what)
		if x.Level != "" {
			l.level(s, ".level", x.Level)
		}
		for j, code := range x.Indicators {
			l.owes(l.at("subjects.yaml", "[%d].indicators[%d]", i, j), x, code)
		}
		for _, ind := range l.p.Indicators {
			if x.Level != "" && !ind.Monitored && ind.Applies[x.Level] == Owed && !slices.Contains(l.p.OwedBy(x), l.p.Indicator(ind.Code)) {
				s.say(".indicators", "subject-owes", "%s are owed %s by indicators.yaml, but the subject does not list it", x.Level, ind.Code)
			}
		}
		codes := map[string]int{}
		for j, c := range x.Criteria {
			at := l.at("subjects.yaml", "[%d].criteria[%d]", i, j)
			once(codes, at, c.Code, "criterion")
			at.need("name", c.Name, "criterion "+c.Code)
			at.need("wording", c.Wording, "criterion "+c.Code)
			at.need("section", c.Section, "criterion "+c.Code)
		}
	}
}

func (l *linter) owes(at spot, x *Subject, code string) {
	if pillar, ok := strings.CutSuffix(code, "-*"); ok {
		if !slices.ContainsFunc(l.p.Pillars, func(p Pillar) bool { return p.Code == pillar }) {
			at.say("", "unknown-pillar", "%q: pillar %q is not among the plan's pillars", code, pillar)
		}
		return
	}
	switch ind := l.p.Indicator(code); {
	case ind == nil:
		at.say("", "unknown-indicator", "subject %s: indicator %s is not in indicators.yaml", x.Code, code)
	case x.Level != "" && ind.Applies[x.Level] != Owed:
		at.say("", "subject-owes", "subject %s lists %s, which %s do not owe by indicators.yaml", x.Code, code, x.Level)
	}
}

func (l *linter) awards() {
	seen := map[string]int{}
	for i, a := range l.p.Awards {
		s := l.at("awards.yaml", "[%d]", i)
		what := "award " + a.Code
		once(seen, s, a.Code, "award")
		s.need("name", a.Name, what)
		s.need("section", a.Section, what)
		s.need("when", a.When, what)
		if a.Copies < 1 {
			s.say(".copies", "range", "%s needs at least one copy of the dossier", what)
		}
		if a.Milestone != NoDay && !slices.ContainsFunc(l.p.Milestones, func(m Milestone) bool { return m.Date == a.Milestone }) {
			s.say(".milestone", "unknown-milestone", "%s: plan.yaml has no milestone %s", what, a.Milestone)
		}
		if len(a.Subjects) == 0 || len(a.Conditions) == 0 {
			s.say("", "missing", "%s needs subjects and conditions", what)
		}
		for _, code := range a.Subjects {
			if !slices.ContainsFunc(l.p.Subjects, func(x Subject) bool { return x.Code == code }) {
				s.say(".subjects", "unknown-subject", "%s: subject %q is not in subjects.yaml", what, code)
			}
		}
		papers := map[string]int{}
		for j, x := range a.Documents {
			at := l.at("awards.yaml", "[%d].documents[%d]", i, j)
			once(papers, at, x.Code, "document")
			at.need("name", x.Name, "document "+x.Code+" of "+a.Code)
			at.need("section", x.Section, "document "+x.Code+" of "+a.Code)
			if x.Code == "" || strings.Contains(x.Code, "/") {
				at.say(".code", "range", "document %q of %s: its code is a word without a slash", x.Code, a.Code)
			}
		}
		codes := map[string]int{}
		for j, c := range a.Conditions {
			at := l.at("awards.yaml", "[%d].conditions[%d]", i, j)
			once(codes, at, c.Code, "condition")
			at.need("wording", c.Wording, "condition "+c.Code+" of "+a.Code)
			oneOf(at, "rule", c.Rule, RuleTargetsMet, RuleTargetsExceeded, RuleRegister, RuleRuling)
			l.cite(at, ".rulings", c.Rulings)
			l.wording(at, c.Wording, c.Rulings)
			if c.Factor != nil && (c.Rule != RuleTargetsExceeded || *c.Factor < One) {
				at.say(".factor", "range", "condition %s of %s: a factor of at least 1 goes with rule %s only", c.Code, a.Code, RuleTargetsExceeded)
			}
			if c.Rule == RuleTargetsExceeded {
				l.attainable(at, a, c)
			}
			l.ownRegister(at, i, &a.Conditions[j])
		}
	}
}

// ownRegister finds a condition that would be answered by an entry made for another award's condition: an entry goes to the
// register of the condition's code, of a subject and a year.
func (l *linter) ownRegister(at spot, i int, c *Condition) {
	a := &l.p.Awards[i]
	for k := range i {
		b := &l.p.Awards[k]
		if a.Milestone != NoDay && b.Milestone != NoDay && a.Milestone.Year() != b.Milestone.Year() {
			continue
		}
		for m := range b.Conditions {
			other := &b.Conditions[m]
			if other.Code != c.Code || other.Wording == c.Wording {
				continue
			}
			for _, code := range a.Subjects {
				if g := l.p.Subject(code); g != nil && slices.Contains(b.Subjects, code) && l.p.Attested(c, g) && l.p.Attested(other, g) {
					at.say(".code", "shared-register", "condition %s of %s has the code of another wording in %s: an entry for one would count for both; give it a code of its own", c.Code, a.Code, b.Code)
					return
				}
			}
		}
	}
}

// attainable finds targets that cannot be exceeded as the condition asks; a cited ruling must say what holds for them.
func (l *linter) attainable(at spot, a Award, c Condition) {
	settled := slices.ContainsFunc(c.Rulings, func(id string) bool {
		r := l.p.Ruling(id)
		return r != nil && slices.Contains(r.Settles, settlesUnattainable)
	})
	if settled {
		return
	}
	var codes []string
	for i := range l.p.Indicators {
		ind := &l.p.Indicators[i]
		for _, t := range ind.Targets {
			if t.Value != nil && (a.Milestone == NoDay || t.Milestone == a.Milestone) && !exceedable(*t.Value, c.Factor, ind.Most()) && !slices.Contains(codes, ind.Code) {
				codes = append(codes, ind.Code)
			}
		}
	}
	if len(codes) > 0 {
		at.say("", "unattainable", "condition %s of %s cannot be met for %s: cite a ruling that settles %q", c.Code, a.Code, strings.Join(codes, ", "), settlesUnattainable)
	}
}

// exceedable says whether a value can be greater than factor x target.
func exceedable(target Value, factor *Value, most Value) bool {
	f := One
	if factor != nil {
		f = *factor
	}
	asked := new(big.Int).Mul(big.NewInt(int64(target)), big.NewInt(int64(f)))
	limit := new(big.Int).Mul(big.NewInt(int64(most)), big.NewInt(int64(One)))
	return asked.Cmp(limit) < 0
}
