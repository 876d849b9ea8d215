package plan

import (
	"cmp"
	"slices"
)

// At is the plan as in force on a day: the acts and rulings of that day, amended targets and applicability in the place
// of the earlier ones, indicators that began later left out. The receiver is not changed; what no act changes is shared.
func (p *Plan) At(d Day) *Plan {
	q := *p
	q.Versions = slices.DeleteFunc(slices.Clone(p.Versions), func(v Version) bool { return v.Effective > d })
	if len(q.Versions) == 0 && len(p.Versions) > 0 {
		q.Versions = p.Versions[:1]
	}
	q.Rulings = newest(p.Rulings, d, func(r Ruling) (string, Day) { return r.ID, r.From })
	q.Indicators = nil
	for _, ind := range p.Indicators {
		if ind.EffectiveFrom > d {
			continue
		}
		ind.Targets = newest(ind.Targets, d, func(t Target) (Day, Day) { return t.Milestone, t.EffectiveFrom })
		ind.Applies = appliesOn(ind, d)
		ind.Amended = nil
		q.Indicators = append(q.Indicators, ind)
	}
	return &q
}

// newest keeps of each key the entry that took effect last on or before the day, in the order of first appearance.
func newest[T any, K comparable](all []T, d Day, of func(T) (K, Day)) []T {
	var out []T
	place := map[K]int{}
	for _, x := range all {
		key, from := of(x)
		if from > d {
			continue
		}
		i, ok := place[key]
		if !ok {
			place[key] = len(out)
			out = append(out, x)
		} else if _, have := of(out[i]); from >= have {
			out[i] = x
		}
	}
	return out
}

func appliesOn(ind Indicator, d Day) map[Level]Applicability {
	out := map[Level]Applicability{}
	for level, a := range ind.Applies {
		out[level] = a
	}
	acts := slices.Clone(ind.Amended)
	slices.SortStableFunc(acts, func(a, b Amendment) int { return int(a.EffectiveFrom) - int(b.EffectiveFrom) })
	for _, act := range acts {
		if act.EffectiveFrom > d {
			break
		}
		for level, a := range act.Applies {
			out[level] = a
		}
	}
	return out
}

// VersionOn is the ID of the newest act in force on the day; before the first act it is the first one's, because the
// baseline may be older than the act. It is what results carry as plan_version.
func (p *Plan) VersionOn(d Day) string {
	id := ""
	for i, v := range p.Versions {
		if i == 0 || v.Effective <= d {
			id = v.ID
		}
	}
	return id
}

// Indicator finds an indicator by code; nil if the plan has none.
func (p *Plan) Indicator(code string) *Indicator {
	for i := range p.Indicators {
		if p.Indicators[i].Code == code {
			return &p.Indicators[i]
		}
	}
	return nil
}

// Applies says whether the unit is measured on the indicator and owes its target (RULES section 3). A level that the
// indicator does not name is not applicable; ByRuling counts as not applicable until the ruling is made.
func (p *Plan) Applies(ind *Indicator, u *Unit) Applicability {
	if a, ok := ind.Applies[u.Level]; ok {
		return a
	}
	return NotApplicable
}

// Counts says whether units of that applicability have a figure of their own.
func (a Applicability) Counts() bool { return a == Owed || a == Measured }

// NextMilestone is the first milestone on or after the day, else the last one; false if the plan has none.
func (p *Plan) NextMilestone(d Day) (Milestone, bool) {
	if len(p.Milestones) == 0 {
		return Milestone{}, false
	}
	for _, m := range p.Milestones {
		if m.Date >= d {
			return m, true
		}
	}
	return p.Milestones[len(p.Milestones)-1], true
}

// TargetAt is the target at a milestone, the last amended one if there are several (use Plan.At for those of a day);
// nil if the plan sets none there.
func (ind *Indicator) TargetAt(milestone Day) *Target {
	var hit *Target
	for i := range ind.Targets {
		t := &ind.Targets[i]
		if t.Milestone == milestone && (hit == nil || t.EffectiveFrom >= hit.EffectiveFrom) {
			hit = t
		}
	}
	return hit
}

// Most is the largest value there can be: the cap, or 100 per cent.
func (ind *Indicator) Most() Value {
	if ind.Cap != nil {
		return *ind.Cap
	}
	return Percent(100)
}

// ShortNames are the names for tables and charts, in Vietnamese and in English: the short ones, else the names; what has no
// English name is called by the Vietnamese one.
func (ind *Indicator) ShortNames() (vi, en string) {
	vi = cmp.Or(ind.Short, ind.Name)
	return vi, cmp.Or(ind.ShortEN, ind.NameEN, vi)
}

// UnitText is the unit of the value as people read it.
func (ind *Indicator) UnitText() string {
	if ind.Unit != "" {
		return ind.Unit
	}
	return "%"
}

// MinDenominatorOf is the denominator under which a ratio of flows is too few.
func (p *Plan) MinDenominatorOf(ind *Indicator) int64 {
	if ind.MinDenominator != nil {
		return *ind.MinDenominator
	}
	return p.Defaults.MinDenominator
}

// ToleranceOf is how many points below the path are still at risk and not behind.
func (p *Plan) ToleranceOf(ind *Indicator) Value {
	if ind.Tolerance != nil {
		return *ind.Tolerance
	}
	return p.Defaults.Tolerance
}

// OwnerOn is the unit that answers for the indicator on the day: the stated one, or the whole successor of its time;
// nil if nobody does.
func (p *Plan) OwnerOn(ind *Indicator, d Day) *Unit {
	u, err := p.Units.Select(ind.Owner, d)
	if err != nil {
		return nil
	}
	return u.heir(d)
}

// LeadOn is the department that sums up and reports on the day, or its whole successor of that time, or the last there was;
// nil if the plan names none.
func (p *Plan) LeadOn(d Day) *Unit {
	u, err := p.Units.Select(p.Lead, d)
	if err != nil {
		return nil
	}
	if top := p.Units.On(p.Province, u.last()); top != nil { // nobody reports to a province that is no more
		d = min(d, top.last())
	}
	if h := u.heir(d); h != nil {
		return h
	}
	return u
}

// last is the unit's last day, far away where none is set.
func (u *Unit) last() Day {
	if u.To == NoDay {
		return MustDay("9999-12-31")
	}
	return u.To
}

// heir follows whole successors to the unit that is valid on the day.
func (u *Unit) heir(d Day) *Unit {
	if u.ValidOn(d) {
		return u
	}
	for _, l := range u.Successors { // a successor ends later than its predecessor, so this ends
		if l.Whole {
			if h := l.Unit.heir(d); h != nil {
				return h
			}
		}
	}
	return nil
}

// OwedBy lists the indicators that a group of subjects owes, in the plan's order: those it names, and of a named pillar
// those that its level owes. Measures watched beside the plan are owed by nobody.
func (p *Plan) OwedBy(s *Subject) []*Indicator {
	var out []*Indicator
	for i := range p.Indicators {
		ind := &p.Indicators[i]
		named := slices.Contains(s.Indicators, ind.Code)
		whole := slices.Contains(s.Indicators, ind.Pillar+"-*") && ind.Applies[s.Level] == Owed
		if !ind.Monitored && (named || whole) {
			out = append(out, ind)
		}
	}
	return out
}

// Attested says whether an entry answers a condition for a subject of the group: a figure is not overruled by one.
func (p *Plan) Attested(c *Condition, s *Subject) bool {
	return c.Rule != RuleTargetsMet && c.Rule != RuleTargetsExceeded || len(p.OwedBy(s)) == 0
}

// Subject finds a group of subjects by code; nil if there is none.
func (p *Plan) Subject(code string) *Subject {
	for i := range p.Subjects {
		if p.Subjects[i].Code == code {
			return &p.Subjects[i]
		}
	}
	return nil
}

// Form finds a report form by code; nil if the plan has none.
func (p *Plan) Form(code string) *Form {
	for i := range p.Forms {
		if p.Forms[i].Code == code {
			return &p.Forms[i]
		}
	}
	return nil
}

// Ruling finds a ruling by ID, the last one if it was changed (use Plan.At for that of a day); nil if there is none.
func (p *Plan) Ruling(id string) *Ruling {
	var hit *Ruling
	for i := range p.Rulings {
		r := &p.Rulings[i]
		if r.ID == id && (hit == nil || r.From >= hit.From) {
			hit = r
		}
	}
	return hit
}

// InForce is the text of the reading in force.
func (r *Ruling) InForce() string {
	for _, x := range r.Readings {
		if x.Code == r.Default {
			return x.Text
		}
	}
	return ""
}

// Measure finds what the plan says of a measure code: of a source (measures.csv) or of a form's column.
func (p *Plan) Measure(code string) (MeasureInfo, bool) {
	for _, m := range p.Measures {
		if m.Code == code {
			return m, true
		}
	}
	for _, f := range p.Forms {
		for _, c := range f.Columns {
			if c.Measure == code {
				return MeasureInfo{Code: code, Name: c.Header, Source: f.Source}, true
			}
		}
	}
	return MeasureInfo{}, false
}

// LevelInfo names a level; one that the plan does not name is named by its code.
func (p *Plan) LevelInfo(l Level) LevelInfo {
	for _, x := range p.Levels {
		if x.Code == l {
			return x
		}
	}
	return LevelInfo{Code: l, Name: string(l), NameEN: string(l)}
}

// Pillar names a pillar; one that the plan does not name is named by its code.
func (p *Plan) Pillar(code string) Pillar {
	for _, x := range p.Pillars {
		if x.Code == code {
			return x
		}
	}
	return Pillar{Code: code, Name: code, NameEN: code}
}

// Watched says whether gauges and alerts watch the level; Detailed whether its every weekly point is stored.
func (p *Plan) Watched(l Level) bool { return slices.Contains(p.WatchLevels, l) }

// Detailed says whether every weekly point of the level is stored.
func (p *Plan) Detailed(l Level) bool { return slices.Contains(p.DetailLevels, l) }

// AnswerDays is how many working days there are for the answer to a unit that objects to a figure.
func (p *Plan) AnswerDays() int { return cmp.Or(p.Defaults.AnswerDays, 5) }
