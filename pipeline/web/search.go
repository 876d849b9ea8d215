package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/words"
)

// shownHits is how many units the search page lists; it says how many more there are. longestSearch is in runes.
const (
	shownHits     = 60
	longestSearch = 100
)

type searchBody struct {
	Asked      string
	Indicators []indicatorHit
	Units      []unitHit
	More       int
}

type indicatorHit struct{ Code, Name, Pillar, URL string }

// unitHit is a unit that was found. Within is the names above it, which tell homonyms apart.
type unitHit struct {
	Code, Name, Level, Within, Validity, URL string
}

// search finds indicators and units by name, code or organ code; case, diacritics and where a tone mark stands do not matter.
func (s *site) search(ctx context.Context, a *ask) (*page, error) {
	asked := strings.Join(strings.Fields(a.query.Get("q")), " ")
	if r := []rune(asked); len(r) > longestSearch {
		return nil, badRequest("Từ khóa quá dài", fmt.Sprintf("Từ khóa có %d ký tự; chỉ tìm được đến %d ký tự.", len(r), longestSearch))
	}
	stored, err := s.Store.Days(ctx)
	if err != nil {
		return nil, err
	}
	b := &searchBody{Asked: asked}
	on := a.asOf
	if on == plan.NoDay {
		on = a.today
	}
	in := s.known(a)
	table := [][]string{{"kind", "code", "name", "pillar_name", "level_name", "within", "valid_from", "valid_to"}}
	for _, ind := range findIndicators(in, asked) {
		b.Indicators = append(b.Indicators, indicatorHit{ind.Code, ind.Name, in.Pillar(ind.Pillar).Name, a.url("/indicator/" + ind.Code)})
		table = append(table, []string{"indicator", ind.Code, ind.Name, in.Pillar(ind.Pillar).Name, "", "", "", ""})
	}
	found := findUnits(s.Plan.Units, asked, on)
	b.More = max(0, len(found)-shownHits)
	for i, u := range found {
		h := unitHit{Code: u.Code, Name: u.Name, Level: s.Plan.LevelInfo(u.Level).Name, Validity: validity(u)}
		var above []string
		for x := u.Parent; x != nil; x = x.Parent {
			above = append(above, x.Name)
		}
		h.Within = strings.Join(above, ", ")
		if slices.ContainsFunc(stored[u.Level], u.ValidOn) { // a unit without results has no page
			h.URL = s.unitURL(a, u)
		}
		if i < shownHits {
			b.Units = append(b.Units, h)
		}
		table = append(table, []string{"unit", u.Code, u.Name, "", h.Level, h.Within, u.From.String(), u.To.String()})
	}
	p := s.newPage("search", "Tìm kiếm")
	if asked != "" {
		p.Title = "Tìm “" + asked + "”"
	}
	p.Nav, p.Asked, p.Body = s.nav(a, ""), asked, b
	if len(table) > 1 {
		p.Table = table
	}
	return p, nil
}

// findIndicators are the plan's indicators whose code or name holds every word asked for, in the plan's order.
func findIndicators(p *plan.Plan, asked string) []*plan.Indicator {
	words := strings.Fields(plan.Fold(asked))
	var all []*plan.Indicator
	for i := range p.Indicators {
		ind := &p.Indicators[i]
		if holds(plan.Fold(ind.Code+" "+ind.Name+" "+ind.Short), words) {
			all = append(all, ind)
		}
	}
	return all
}

// holds says whether every word stands at the beginning of a word of the text. No word at all is held by nothing.
func holds(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(" "+text, " "+w) {
			return false
		}
	}
	return len(words) > 0
}

// findUnits are the units asked for, the closest first: by code or organ code, by the whole name, by a part of the name; one of
// the words may name a unit above it. Among equals come those that are valid on the day, the higher levels, and the
// Vietnamese order of names.
func findUnits(us *plan.Units, asked string, on plan.Day) []*plan.Unit {
	folded := plan.Fold(asked)
	said := strings.Fields(folded)
	if len(said) == 0 {
		return nil
	}
	organ, _ := us.ByOrganCode(asked, on) // an error only says that it is no such code
	type hit struct {
		u               *plan.Unit
		far, past, deep int
	}
	var hits []hit
	for _, u := range us.All {
		name, above, whole, deep := plan.Fold(u.Name), "", "", 0
		for x := u.Parent; x != nil; x = x.Parent {
			above += " " + plan.ShortName(x.Name)
			whole += " " + plan.Fold(x.Name)
			deep++
		}
		own := func(above string) bool { // the name above alone does not make it this unit
			return holds(name+above, said) && slices.ContainsFunc(said, func(w string) bool {
				return holds(plan.ShortName(u.Name), []string{w}) && !holds(above, []string{w})
			})
		}
		h := hit{u: u, deep: deep}
		if !u.ValidOn(on) {
			h.past = 1
		}
		switch {
		case strings.EqualFold(u.Code, asked), u == organ:
		case name == folded, plan.ShortName(u.Name) == folded:
			h.far = 1
		case holds(name, said):
			h.far = 2
		case own(above):
			h.far = 3
		case own(whole):
			h.far = 4
		default:
			continue
		}
		hits = append(hits, h)
	}
	byName := words.ByName()
	slices.SortStableFunc(hits, func(x, y hit) int {
		return cmp.Or(cmp.Compare(x.far, y.far), cmp.Compare(x.past, y.past), cmp.Compare(x.deep, y.deep), byName(x.u.Name, y.u.Name))
	})
	var all []*plan.Unit
	for _, h := range hits {
		if h.far > 2 && hits[0].far <= 2 {
			break // where a name holds every word, none of them was meant for a unit above
		}
		all = append(all, h.u)
	}
	return all
}
