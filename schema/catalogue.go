package schema

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// SaveCatalogue keeps what the plan's files say on a day, so that whoever reads the store needs no file: names, targets,
// units and words. It writes a whole new edition if anything differs from the newest one, and nothing otherwise. Editions
// before it stay: what a board said on a past day can then be told from what it says now. The edition's own row comes last,
// so an edition that was cut short is never shown.
func (s *Store) SaveCatalogue(ctx context.Context, p *plan.Plan, on plan.Day, now time.Time) error {
	sheets := catalogue(p.At(on), on)
	h := newDigest()
	for _, sh := range sheets {
		rows, err := json.Marshal(sh.rows)
		if err != nil {
			return fmt.Errorf("catalogue of plan %s, %s: %w", p.Code, sh.table, err)
		}
		h.str(sh.table).str(sh.columns).str(string(rows))
	}
	hash := h.d.Sum64()
	var have uint64
	var newest time.Time
	err := s.conn.QueryRow(s.with(ctx, nil), `SELECT argMax(hash, saved_at), max(saved_at) FROM catalogue_edition WHERE plan = {plan:String}`).Scan(&have, &newest)
	if err != nil {
		return fmt.Errorf("read the newest edition of the catalogue: %w", err)
	}
	if have == hash {
		return nil
	}
	if now = now.UTC().Truncate(time.Microsecond); !now.After(newest) { // a clock that was set back must not hide the edition
		now = newest.Add(time.Microsecond)
	}
	for _, sh := range sheets {
		if err := s.saveSheet(ctx, sh, now); err != nil {
			return fmt.Errorf("save the catalogue, %s: %w", sh.table, err)
		}
	}
	if err := s.conn.Exec(ctx, `INSERT INTO catalogue_edition (plan, saved_at, hash) VALUES (?, ?, ?)`, s.plan, now.Format("2006-01-02 15:04:05.000000"), hash); err != nil {
		return fmt.Errorf("save the edition of the catalogue: %w", err)
	}
	return nil
}

func (s *Store) saveSheet(ctx context.Context, sh sheet, at time.Time) error {
	if len(sh.rows) == 0 {
		return nil
	}
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO catalogue_"+sh.table+" (plan, saved_at, "+sh.columns+")")
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, row := range sh.rows {
		if err := batch.Append(append([]any{s.plan, at}, row...)...); err != nil {
			return err
		}
	}
	return batch.Send()
}

// sheet is what one table of the catalogue holds of a plan.
type sheet struct {
	table, columns string
	rows           [][]any
}

func (sh *sheet) add(row ...any) { sh.rows = append(sh.rows, row) }

// district is the level that a commune's figures are grouped by.
const district plan.Level = "district"

func catalogue(p *plan.Plan, on plan.Day) []sheet {
	return []sheet{planSheet(p), levelSheet(p), pillarSheet(p), milestoneSheet(p), wordSheet(p), unitSheet(p), treeSheet(p), indicatorSheet(p, on), targetSheet(p), rulingSheet(p), sourceSheet(p), measureSheet(p)}
}

func planSheet(p *plan.Plan) sheet {
	sh := sheet{table: "plan", columns: "name_vi, name_en, document, starts, ends, province_key, notice_vi, notice_en, recent_weeks"}
	province := p.Province
	if u := home(p); u != nil {
		province = u.UnitKey.String()
	}
	sh.add(p.Name, cmp.Or(p.NameEN, p.Name), p.Document, dayValue(p.Start), dayPointer(p.End), province, p.Demo.Notice, cmp.Or(p.Demo.NoticeEN, p.Demo.Notice), uint32(p.RecentWeeks))
	return sh
}

// home is the plan's province; of several of that code in time the first.
func home(p *plan.Plan) *plan.Unit {
	if i := slices.IndexFunc(p.Units.All, func(u *plan.Unit) bool { return u.Code == p.Province }); i >= 0 {
		return p.Units.All[i]
	}
	return nil
}

func levelSheet(p *plan.Plan) sheet {
	sh := sheet{table: "level", columns: "level, position, name_vi, name_en, watched"}
	for i, l := range p.Levels {
		sh.add(string(l.Code), uint32(i+1), l.Name, cmp.Or(l.NameEN, l.Name), p.Watched(l.Code))
	}
	return sh
}

func pillarSheet(p *plan.Plan) sheet {
	sh := sheet{table: "pillar", columns: "pillar, position, name_vi, name_en"}
	for i, x := range p.Pillars {
		sh.add(x.Code, uint32(i+1), x.Name, cmp.Or(x.NameEN, x.Name))
	}
	return sh
}

func milestoneSheet(p *plan.Plan) sheet {
	sh := sheet{table: "milestone", columns: "milestone, report_cut_off, name_vi, name_en"}
	for _, m := range p.Milestones {
		sh.add(dayValue(m.Date), dayPointer(m.ReportCutOff), m.Name, cmp.Or(m.NameEN, m.Name))
	}
	return sh
}

func wordSheet(p *plan.Plan) sheet {
	sh := sheet{table: "word", columns: "kind, word, position, name_vi, short_vi, name_en, sign, colour"}
	for i, st := range words.Statuses {
		w := words.Status(st)
		sh.add("status", string(st), uint32(i+1), w.Name, w.Short, w.NameEN, w.Sign, w.Colour)
	}
	for i, o := range words.Outcomes {
		w := words.Outcome(string(o))
		sh.add("outcome", string(o), uint32(i+1), w.Name, w.Short, w.NameEN, w.Sign, w.Colour)
	}
	for i, r := range words.AllReasons {
		sh.add("reason", string(r.Reason), uint32(i+1), r.VI, r.VI, r.EN, "", "")
	}
	for _, ind := range p.Indicators {
		n := uint32(0)
		part := func(kind, code, vi, en string) {
			n++
			sh.add(kind, ind.Code+"/"+code, n, vi, vi, cmp.Or(en, vi), "", "")
		}
		for _, v := range ind.Variants {
			part("variant", v.Code, v.Name, v.NameEN)
		}
		for _, f := range ind.Features {
			part("feature", f.Code, f.Name, f.NameEN)
		}
		for _, m := range p.Members[ind.Over] {
			part("member", m.Code, m.Name, m.NameEN)
		}
	}
	for _, dimension := range slices.Sorted(maps.Keys(p.Members)) {
		for i, m := range p.Members[dimension] {
			sh.add("member."+dimension, m.Code, uint32(i+1), m.Name, m.Name, cmp.Or(m.NameEN, m.Name), "", "")
		}
	}
	return sh
}

func unitSheet(p *plan.Plan) sheet {
	sh := sheet{table: "unit", columns: "unit, unit_from, unit_key, unit_to, level, level_position, level_vi, level_en, watched, parent_key, district_key, name_vi, name_en, short_vi, short_en, position"}
	byName := words.ByName()
	position := map[*plan.Unit]uint32{}
	sorted := slices.Clone(p.Units.All)
	slices.SortStableFunc(sorted, func(a, b *plan.Unit) int {
		return cmp.Or(byName(a.Name, b.Name), cmp.Compare(a.Code, b.Code), cmp.Compare(a.From, b.From))
	})
	last := map[plan.Level]uint32{}
	for _, u := range sorted {
		last[u.Level]++
		position[u] = last[u.Level]
	}
	for _, u := range p.Units.All {
		parent, in := "", ""
		if u.Parent != nil {
			parent = u.Parent.UnitKey.String()
		}
		for x := u; x != nil; x = x.Parent {
			if x.Level == district {
				in = x.UnitKey.String()
			}
		}
		level := p.LevelInfo(u.Level)
		vi, en := words.ShortUnit(u)
		sh.add(u.Code, dayValue(u.From), u.UnitKey.String(), dayPointer(u.To), string(u.Level), uint32(1+slices.IndexFunc(p.Levels, func(l plan.LevelInfo) bool { return l.Code == u.Level })),
			level.Name, cmp.Or(level.NameEN, level.Name), p.Watched(u.Level), parent, in, u.Name, cmp.Or(strings.TrimSpace(u.NameEN), u.Name), vi, cmp.Or(en, vi), position[u])
	}
	return sh
}

func treeSheet(p *plan.Plan) sheet {
	sh := sheet{table: "unit_tree", columns: "ancestor_key, unit, unit_from, unit_key, depth"}
	for _, u := range p.Units.All {
		depth := uint32(0)
		for x := u; x != nil; x = x.Parent {
			sh.add(x.UnitKey.String(), u.Code, dayValue(u.From), u.UnitKey.String(), depth)
			depth++
		}
	}
	return sh
}

func indicatorSheet(p *plan.Plan, on plan.Day) sheet {
	if u := home(p); u != nil && u.To != plan.NoDay && on > u.To {
		on = u.To // who answered for it last
	}
	sh := sheet{table: "indicator", columns: "indicator, position, pillar, pillar_position, pillar_vi, pillar_en, name_vi, name_en, short_vi, short_en, definition_vi, definition_en, numerator_vi, numerator_en, denominator_vi, denominator_en, " +
		"kind, aggregate, window, period_type, rhythm, rhythm_vi, rhythm_en, unit, most, comparator, variant, variants, rulings, sources, sources_vi, owner, owner_vi, owner_en, monitored, note_vi"}
	for i := range p.Indicators {
		ind := &p.Indicators[i]
		pillar := p.Pillar(ind.Pillar)
		short, shortEN := ind.ShortNames()
		numerator, denominator := halves(ind.Definition)
		numeratorEN, denominatorEN := halves(ind.DefinitionEN)
		rhythm, rhythmEN := words.Rhythm(ind.Rhythm)
		unit := "percent"
		if ind.Kind == plan.Score {
			unit = "score"
		}
		var variants, sources []string
		for _, v := range ind.Variants {
			variants = append(variants, v.Name)
		}
		for _, f := range p.Sources {
			if slices.Contains(ind.Sources, f.Name) {
				sources = append(sources, sourceOf(f).Name)
			}
		}
		var owner, ownerVI, ownerEN string
		if u := p.OwnerOn(ind, on); u != nil {
			owner, ownerVI, ownerEN = u.UnitKey.String(), u.Name, cmp.Or(u.NameEN, u.Name)
		}
		sh.add(ind.Code, uint32(i+1), ind.Pillar, uint32(1+slices.IndexFunc(p.Pillars, func(x plan.Pillar) bool { return x.Code == ind.Pillar })), pillar.Name, cmp.Or(pillar.NameEN, pillar.Name),
			ind.Name, cmp.Or(ind.NameEN, ind.Name), short, shortEN, ind.Definition, cmp.Or(ind.DefinitionEN, ind.Definition), numerator, cmp.Or(numeratorEN, numerator), denominator, cmp.Or(denominatorEN, denominator),
			string(ind.Kind), string(ind.Aggregate), string(ind.Window), string(ind.PeriodType), string(ind.Rhythm), rhythm, rhythmEN, unit, decimal.New(int64(ind.Most()), -10), string(ind.Comparator),
			ind.Variant, strings.Join(variants, "; "), listed(ind.Rulings), listed(ind.Sources), strings.Join(sources, "; "), owner, ownerVI, ownerEN, ind.Monitored, ind.Note)
	}
	return sh
}

// halves are the numerator and the denominator of a definition in words; a definition that is no share has no denominator.
func halves(definition string) (numerator, denominator string) {
	a, b, ok := strings.Cut(definition, " / ")
	if !ok || strings.Count(a, "(") > strings.Count(a, ")") {
		return definition, ""
	}
	return a, b
}

func listed(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

func targetSheet(p *plan.Plan) sheet {
	sh := sheet{table: "target", columns: "indicator, milestone, target, comparator, wording_vi, section, document"}
	for _, ind := range p.Indicators {
		for _, t := range ind.Targets {
			sh.add(ind.Code, dayValue(t.Milestone), dec(t.Value), string(ind.Comparator), t.Wording, t.Section, cmp.Or(t.Document, p.Document))
		}
	}
	return sh
}

func rulingSheet(p *plan.Plan) sheet {
	sh := sheet{table: "ruling", columns: "ruling, clause, question, readings, default_reading, decided_by, document"}
	for _, r := range p.Rulings {
		readings := []string{}
		for _, x := range r.Readings {
			readings = append(readings, x.Text)
		}
		sh.add(r.ID, r.Clause, r.Question, readings, r.InForce(), r.Decider, r.Document)
	}
	return sh
}

// sourceOf is a source as its file says; one that cannot be read keeps its id, and `tiendo check` says what is wrong.
func sourceOf(f plan.SourceFile) collectors.Source {
	src, _ := collectors.DecodeSource(f)
	src.ID, src.Name = f.Name, cmp.Or(src.Name, f.Name)
	return src
}

func sourceSheet(p *plan.Plan) sheet {
	sh := sheet{table: "source", columns: "source, name_vi, kind, rhythm, rhythm_days, rhythm_vi, rhythm_en, schedule, indicators"}
	for _, f := range p.Sources {
		src := sourceOf(f)
		indicators := []string{}
		for _, ind := range p.Indicators {
			if slices.Contains(ind.Sources, f.Name) {
				indicators = append(indicators, ind.Code)
			}
		}
		vi, en := words.Rhythm(src.Rhythm)
		sh.add(src.ID, src.Name, src.Kind, string(src.Rhythm), uint32(src.Rhythm.Days()), vi, en, src.Schedule, indicators)
	}
	return sh
}

func measureSheet(p *plan.Plan) sheet {
	sh := sheet{table: "measure", columns: "measure, name_vi, unit_vi, source"}
	seen := map[string]bool{}
	add := func(m plan.MeasureInfo) {
		if !seen[m.Code] {
			seen[m.Code] = true
			sh.add(m.Code, cmp.Or(m.Name, m.Code), m.Unit, m.Source)
		}
	}
	for _, m := range p.Measures {
		add(m)
	}
	for _, f := range p.Forms {
		for _, c := range f.Columns {
			if c.Measure != "" {
				add(plan.MeasureInfo{Code: c.Measure, Name: c.Header, Source: f.Source})
			}
		}
	}
	return sh
}
