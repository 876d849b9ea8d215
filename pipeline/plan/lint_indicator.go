package plan

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ambiguous are phrases of Vietnamese administrative plans that allow more than one reading: a wording that has one must
// cite a ruling whose clause quotes the phrase.
var ambiguous = []struct{ phrase, doubt string }{
	{"trên 100", "a share cannot be over 100 %"},
	{"trong từng", "it does not say which members there are, nor that the lowest decides"},
	{"trên tổng các", "a share of the sum or of the number of institutions"},
	{"tỷ trọng thanh toán", "a share of value or of count"},
	{"hoàn toàn trực tuyến", "it does not say among which dossiers"},
	{"hài lòng", "those who rate or those who are satisfied"},
	{"đúng hạn", "it does not say which date decides"},
	{"so với hiện nay", "it does not say which day"},
	{"vượt trên", "relative or percentage points"},
	{"vượt mức", "a target of 100 % cannot be exceeded"},
	{"các huyện", "with or without the cities"},
}

// plain is text as wordings are compared: one form of Unicode, lower case, single spaces.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFC.String(s))), " ")
}

// ruled says whether one of the rulings quotes the phrase in its clause.
func (l *linter) ruled(ids []string, phrase string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		r := l.p.Ruling(id)
		return r != nil && strings.Contains(plain(r.Clause), phrase)
	})
}

func (l *linter) wording(s spot, wording string, rulings []string) {
	for _, a := range ambiguous {
		if strings.Contains(plain(wording), a.phrase) && !l.ruled(rulings, a.phrase) {
			s.say(".wording", "ambiguous-wording", "%q may be read in more than one way (%s): cite a ruling that quotes it", a.phrase, a.doubt)
		}
	}
}

func (l *linter) indicators() {
	seen, shown := map[string]int{}, map[string]map[string]int{"short": {}, "short_en": {}}
	for i := range l.p.Indicators {
		ind := &l.p.Indicators[i]
		s := l.at("indicators.yaml", "[%d]", i)
		once(seen, s, ind.Code, "indicator")
		l.shortNames(s, ind, shown)
		l.facts(s, ind)
		l.formula(s, ind)
		l.applicability(s, ind)
		l.targets(s, ind)
	}
}

// facts checks names, references and enumerations.
func (l *linter) facts(s spot, ind *Indicator) {
	what := "indicator " + ind.Code
	s.need("code", ind.Code, "the indicator")
	s.need("name", ind.Name, what)
	s.need("definition", ind.Definition, what)
	if !slices.ContainsFunc(l.p.Pillars, func(x Pillar) bool { return x.Code == ind.Pillar }) {
		s.say(".pillar", "unknown-pillar", "pillar %q is not among the plan's pillars", ind.Pillar)
	}
	if ind.Owner != "" && !l.isUnit(ind.Owner) {
		s.say(".owner", "unknown-unit", "owner %q is not in units.csv", ind.Owner)
	}
	oneOf(s, "kind", ind.Kind, Ratio, Reduction, Conjunction, MinOver, Reported, Score)
	oneOf(s, "aggregate", ind.Aggregate, SumSelfAndDescendants, DistinctCatalogue, OwnLevelOnly, SentOnly, Agencies, LocatedIn, ManagedBy, ReportedHere, MinAfterSumPerSector)
	oneOf(s, "window", ind.Window, YearToDate, Latest)
	oneOf(s, "period_type", ind.PeriodType, Calendar, Report)
	oneOf(s, "comparator", ind.Comparator, AtLeast, MoreThan)
	oneOf(s, "rhythm", ind.Rhythm, Daily, Monthly, Quarterly, HalfYearly, Yearly)
	for _, m := range ind.QuietMonths {
		if m < 1 || m > 12 {
			s.say(".quiet_months", "range", "%d is no month", m)
		}
	}
	if ind.Scale < 0 || ind.Scale > 10 {
		s.say(".scale", "range", "scale %d: a figure has 0 to 10 decimals", ind.Scale)
	}
	if len(ind.Sources) == 0 {
		s.say("", "missing", "%s has no sources", what)
	}
	l.source(s, ".sources", ind.Sources...)
	l.cite(s, ".rulings", ind.Rulings)
	if ind.Baseline != "" && l.p.Form(ind.Baseline) == nil {
		if _, ok := l.p.Measure(ind.Baseline); !ok {
			s.say(".baseline", "unknown-measure", "baseline %q is neither a form nor a measure", ind.Baseline)
		}
	}
}

// shortNames checks what tables and charts call the indicator: short enough, and no other indicator's.
func (l *linter) shortNames(s spot, ind *Indicator, shown map[string]map[string]int) {
	vi, en := ind.ShortNames()
	for _, x := range []struct{ key, name string }{{"short", vi}, {"short_en", en}} {
		if n := utf8.RuneCountInString(x.name); n > ShortRunes {
			s.say("."+x.key, "short-name", "indicator %s is called %q (%d letters) in tables: give it a %s of at most %d", ind.Code, x.name, n, x.key, ShortRunes)
		}
		if x.name != "" {
			once(shown[x.key], s, strconv.Quote(x.name), x.key)
		}
	}
}

// formula checks that what the kind and the aggregation need is there.
func (l *linter) formula(s spot, ind *Indicator) {
	needs := func(ok bool, key, why string) {
		if !ok {
			s.say("", "formula", "indicator %s is a %s over %s: it needs %s", ind.Code, why, ind.Aggregate, key)
		}
	}
	catalogue := ind.Aggregate == DistinctCatalogue
	switch ind.Kind {
	case Ratio, MinOver, Reported:
		needs(ind.Denominator != "" || catalogue && ind.Scope != "", "a denominator, or a scope where codes are counted", string(ind.Kind))
	case Conjunction:
		needs(ind.Scope != "" && len(ind.Features) > 0, "a scope and features", string(ind.Kind))
	case Reduction:
		if ind.Baseline == "" {
			s.say("", "reduction-baseline", "indicator %s is a reduction without a baseline", ind.Code)
		}
	case Score:
		needs(ind.Cap != nil, "a cap", string(ind.Kind))
	}
	needs(ind.Kind != MinOver || len(l.p.Members[ind.Over]) > 0, "a dimension (over) with a file members/<over>.csv", string(ind.Kind))
	needs(ind.Aggregate != OwnLevelOnly || len(ind.OwnLevels) > 0, "own_levels", string(ind.Kind))
	located := ind.Aggregate == LocatedIn || ind.Aggregate == ManagedBy
	needs(!located || len(ind.FacilityKinds) > 0, "facility_kinds", string(ind.Kind))
	if kinds := l.p.Members[facilityKinds]; len(kinds) > 0 {
		for _, k := range ind.FacilityKinds {
			if !slices.ContainsFunc(kinds, func(m Member) bool { return m.Code == k }) {
				s.say(".facility_kinds", "unknown-member", "facility kind %q is not in members/%s.csv", k, facilityKinds)
			}
		}
	}
	bits := map[int]bool{}
	for i, f := range ind.Features {
		if f.Bit < 0 || f.Bit > 62 || bits[f.Bit] {
			s.say("", "feature-bit", "feature %s of %s: bit %d is taken or out of range (feature %d)", f.Code, ind.Code, f.Bit, i+1)
		}
		bits[f.Bit] = true
	}
	l.measure(s, ".numerator", ind.Numerator, ind)
	if ind.Numerator == "" {
		s.say("", "missing", "indicator %s has no numerator", ind.Code)
	}
	l.measure(s, ".denominator", ind.Denominator, ind)
	l.measure(s, ".scope", ind.Scope, ind)
	codes := map[string]bool{ind.Variant: true}
	for i, v := range ind.Variants {
		at := spot{s.r, s.file, s.place + indexed(".variants", i)}
		if ind.Variant == "" || v.Code == "" || codes[v.Code] {
			at.say("", "variant", "indicator %s: name the official variant and give each other one a code of its own", ind.Code)
		}
		codes[v.Code] = true
		l.measure(at, ".numerator", v.Numerator, ind)
		l.measure(at, ".denominator", v.Denominator, ind)
	}
}

// measure checks that a measure exists and that the indicator names the source it comes from.
func (l *linter) measure(s spot, key, code string, ind *Indicator) {
	if code == "" {
		return
	}
	m, ok := l.p.Measure(code)
	switch {
	case !ok:
		s.say(key, "unknown-measure", "measure %q is neither in measures.csv nor a column of a form", code)
	case !slices.Contains(ind.Sources, m.Source):
		s.say(key, "measure-source", "measure %s comes from source %s, which indicator %s does not list", code, m.Source, ind.Code)
	}
}

func (l *linter) applicability(s spot, ind *Indicator) {
	check := func(at spot, key string, applies map[Level]Applicability) {
		for _, level := range slices.Sorted(maps.Keys(applies)) {
			l.level(at, key+"."+string(level), level)
			oneOf(spot{at.r, at.file, at.place + key + "." + string(level)}, "applies", applies[level], Owed, Measured, NotApplicable, ByRuling)
			if applies[level] == ByRuling && len(ind.Rulings) == 0 {
				at.say(key+"."+string(level), "applies-ruling", "indicator %s applies to %s by a ruling, but cites none", ind.Code, level)
			}
		}
	}
	check(s, ".applies", ind.Applies)
	if len(ind.Applies) == 0 {
		s.say("", "missing", "indicator %s applies to no level", ind.Code)
	}
	for i, act := range ind.Amended {
		at := spot{s.r, s.file, s.place + indexed(".amended", i)}
		check(at, ".applies", act.Applies)
		l.act(at, act.EffectiveFrom, act.Document, "indicator "+ind.Code)
	}
	if ind.EffectiveFrom != NoDay {
		l.act(s, ind.EffectiveFrom, l.documentOf(ind.EffectiveFrom), "indicator "+ind.Code)
	}
	l.level(s, ".own_levels", ind.OwnLevels...)
	l.level(s, ".entry_levels", ind.EntryLevels...)
	for _, level := range ind.EntryLevels {
		if l.knows(level) && !ind.Applies[level].Counts() {
			s.say(".entry_levels", "entry-level", "%s enter figures of %s, which does not apply to them", level, ind.Code)
		}
	}
}

// documentOf is the document of the version of that day: an indicator that begins later is the version's doing.
func (l *linter) documentOf(d Day) string {
	for _, v := range l.p.Versions {
		if v.Effective == d {
			return v.Document
		}
	}
	return "-" // the missing version is what is reported
}

var (
	number   = regexp.MustCompile(`\d+(?:,\d+)?`)
	strictly = regexp.MustCompile(`(?:^|[^\pL])((?:trên|hơn|vượt|quá) \d+(?:,\d+)?)`)
)

func (l *linter) targets(s spot, ind *Indicator) {
	owed := slices.Contains(slices.Collect(maps.Values(ind.Applies)), Owed)
	for _, m := range l.p.Milestones {
		if owed && !ind.Monitored && ind.TargetAt(m.Date) == nil {
			s.say("", "missing-target", "indicator %s is owed and has no target at %s (a target may leave out the value, not the wording)", ind.Code, m.Date)
		}
	}
	seen := map[string]int{}
	for i := range ind.Targets {
		t := &ind.Targets[i]
		at := spot{s.r, s.file, s.place + indexed(".targets", i)}
		once(seen, at, UnitKey{t.Milestone.String(), t.EffectiveFrom}.String(), "target at")
		what := "target of " + ind.Code + " at " + t.Milestone.String()
		at.need("wording", t.Wording, what)
		at.need("section", t.Section, what)
		if !slices.ContainsFunc(l.p.Milestones, func(m Milestone) bool { return m.Date == t.Milestone }) {
			at.say(".milestone", "unknown-milestone", "%s: plan.yaml has no such milestone", what)
		}
		if t.EffectiveFrom != NoDay {
			l.act(at, t.EffectiveFrom, t.Document, what)
		}
		l.wording(at, t.Wording, ind.Rulings)
		l.comparator(at, t, ind)
		if t.Value != nil {
			l.threshold(at, t, ind, what)
		}
	}
}

// comparator checks the words against the sign: "trên 60" is >, everything else >=.
func (l *linter) comparator(at spot, t *Target, ind *Indicator) {
	want, words := AtLeast, ""
	if m := strictly.FindStringSubmatch(plain(t.Wording)); m != nil {
		want, words = MoreThan, m[1]
	}
	if t.Wording == "" || ind.Comparator == want || words != "" && l.ruled(ind.Rulings, words) {
		return
	}
	if words == "" {
		at.say(".wording", "comparator", "the wording says no more than \"at least\", the comparator of %s is %s", ind.Code, ind.Comparator)
		return
	}
	at.say(".wording", "comparator", "the wording says %q, the comparator of %s is %s: cite a ruling that quotes it or write %s", words, ind.Code, ind.Comparator, want)
}

func (l *linter) threshold(at spot, t *Target, ind *Indicator, what string) {
	v := *t.Value
	if v < 0 || v > ind.Most() {
		at.say(".value", "range", "%s is %s: it must lie between 0 and %s", what, v, ind.Most())
	}
	figures := number.FindAllString(t.Wording, -1)
	switch {
	case len(figures) == 0 && len(ind.Rulings) == 0 && t.Wording != "":
		at.say(".value", "target-wording", "%s is %s, but the wording names no number: cite the ruling that sets it", what, v)
	case len(figures) > 0 && !slices.Contains(figures, strings.ReplaceAll(v.String(), ".", ",")):
		at.say(".value", "target-wording", "%s is %s, but the wording names %s", what, v, strings.Join(figures, ", "))
	}
	var before *Target
	for i := range ind.Targets {
		o := &ind.Targets[i]
		if o.Value != nil && o.EffectiveFrom <= t.EffectiveFrom && o.Milestone < t.Milestone && (before == nil || o.Milestone >= before.Milestone) {
			before = o
		}
	}
	if before != nil && *before.Value > v {
		at.say(".value", "target-falls", "%s is %s, below the %s of %s", what, v, *before.Value, before.Milestone)
	}
}
