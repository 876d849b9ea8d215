package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tiendo/pipeline/award"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
	"tiendo/pipeline/words"
)

// ruledOn is where a ruling counts.
type ruledOn struct {
	rulingRow
	ID                 string
	Readings           []plan.Reading
	Default            string
	Indicators, Awards []link
	From               string
}

// rulingsPage lists every ruling of the plan with what it counts for.
func (s *site) rulingsPage(_ context.Context, a *ask) (*page, error) {
	if len(s.Plan.Rulings) == 0 {
		return nil, notFound("Kế hoạch không có cách hiểu nào phải quyết định", "Kế hoạch này không nêu quy định nào có hơn một cách hiểu.")
	}
	on := a.today
	if a.knownOn != plan.NoDay {
		on = a.knownOn
	}
	in := s.Plan.At(on)
	var all []ruledOn
	table := [][]string{{"ruling", "clause", "question", "reading", "reading_vi", "in_force", "decider", "document", "effective_from", "indicators", "awards"}}
	for i := range in.Rulings {
		r := &in.Rulings[i]
		if slices.ContainsFunc(all, func(x ruledOn) bool { return x.ID == r.ID }) || in.Ruling(r.ID) == nil {
			continue
		}
		r = in.Ruling(r.ID)
		x := ruledOn{ID: r.ID, Readings: r.Readings, Default: r.Default, rulingRow: rulingRow{ID: r.ID, Clause: r.Clause, Question: r.Question, Decider: r.Decider, Document: r.Document}}
		if r.From != plan.NoDay {
			x.From = words.Day(r.From)
		}
		var indicators, awards []string
		for _, ind := range in.Indicators {
			if slices.Contains(ind.Rulings, r.ID) {
				x.Indicators = append(x.Indicators, link{Text: ind.Code, Title: ind.Name, URL: a.url("/indicator/" + url.PathEscape(ind.Code))})
				indicators = append(indicators, ind.Code)
			}
		}
		for _, w := range in.Awards {
			if slices.ContainsFunc(w.Conditions, func(c plan.Condition) bool { return slices.Contains(c.Rulings, r.ID) }) {
				x.Awards = append(x.Awards, link{Text: w.Name, URL: a.url("/rulings/" + url.PathEscape(w.Code))})
				awards = append(awards, w.Code)
			}
		}
		for _, way := range r.Readings {
			from := ""
			if r.From != plan.NoDay {
				from = r.From.String()
			}
			table = append(table, []string{r.ID, r.Clause, r.Question, way.Code, way.Text, strconv.FormatBool(way.Code == r.Default), r.Decider, r.Document, from, strings.Join(indicators, " "), strings.Join(awards, " ")})
		}
		all = append(all, x)
	}
	p := s.newPage("rulings", "Cách hiểu quy định")
	p.Nav, p.Path, p.Table = s.nav(a, ""), a.path, table
	b := struct {
		Rows   []ruledOn
		Awards []link
		CSV    string
	}{Rows: all, CSV: a.url("/rulings", "format", "csv")}
	for _, w := range in.Awards {
		b.Awards = append(b.Awards, link{Text: w.Name, URL: a.url("/rulings/" + url.PathEscape(w.Code))})
	}
	p.Body = b
	return p, nil
}

type impactBody struct {
	*awardBody
	Impacts []impactRow
}

type impactRow struct {
	ID, Clause, Question, Decider, Document string
	Ways                                    []impactWay
}

type impactWay struct {
	Text         string
	InForce      bool
	Told, Untold int
	Changed      int
	Groups       []impactGroup
}

// impactGroup are the subjects that would go from one verdict to another.
type impactGroup struct {
	From, To words.StatusWord
	Subjects []link
}

// rulingImpact says of one award what every reading of every ruling that it rests on would change, and for whom.
func (s *site) rulingImpact(ctx context.Context, a *ask) (*page, error) {
	q, err := s.inquire(ctx, a)
	if err != nil {
		return nil, err
	}
	b := &impactBody{awardBody: s.awardBody(q)}
	path := "/rulings/" + url.PathEscape(q.award.Code)
	for _, all := range []struct {
		links []link
		name  string
	}{{b.Years, "year"}, {b.Boundaries, "boundaries"}} {
		for i := range all.links {
			value := all.links[i].Text
			if all.name == "boundaries" {
				value = []string{"", string(award.AsNow)}[i]
			}
			all.links[i].URL = q.url(path, all.name, value)
		}
	}
	table := [][]string{{"award", "award_year", "boundaries", "ruling", "reading", "reading_vi", "in_force", "told", "not_told", "subject_group", "subject", "subject_name", "verdict", "verdict_then", "as_of", "method_version"}}
	for _, x := range award.Impacts(q.entries) {
		r := impactRow{ID: x.Ruling.ID, Clause: x.Ruling.Clause, Question: x.Ruling.Question, Decider: x.Ruling.Decider, Document: x.Ruling.Document}
		for _, way := range x.Ways {
			w := impactWay{Text: way.Reading.Text, InForce: way.InForce, Told: way.Told, Untold: way.Untold, Changed: len(way.Changes)}
			line := []string{q.award.Code, strconv.Itoa(q.question.Year), string(q.question.Boundaries), x.Ruling.ID, way.Reading.Code, way.Reading.Text, strconv.FormatBool(way.InForce), strconv.Itoa(way.Told), strconv.Itoa(way.Untold)}
			for _, c := range way.Changes {
				i := slices.IndexFunc(w.Groups, func(g impactGroup) bool {
					return g.From == verdictWord(c.Entry.Truth) && g.To == verdictWord(c.To)
				})
				if i < 0 {
					i = len(w.Groups)
					w.Groups = append(w.Groups, impactGroup{From: verdictWord(c.Entry.Truth), To: verdictWord(c.To)})
				}
				w.Groups[i].Subjects = append(w.Groups[i].Subjects, link{Text: subjectName(c.Entry.Subject), URL: q.subjectURL(c.Entry.Subject)})
				table = append(table, append(slices.Clone(line), c.Entry.Subject.Group.Code, c.Entry.Subject.Key, subjectName(c.Entry.Subject), string(c.Entry.Truth), string(c.To), q.question.AsOf.String(), progress.MethodVersion))
			}
			if len(way.Changes) == 0 {
				table = append(table, append(slices.Clone(line), "", "", "", "", "", q.question.AsOf.String(), progress.MethodVersion))
			}
			r.Ways = append(r.Ways, w)
		}
		b.Impacts = append(b.Impacts, r)
	}
	p := s.awardPage(q, "rulingimpact", "Cách hiểu quy định: "+q.award.Name+" "+b.When, path)
	p.Nav = s.nav(a, "")
	p.Crumbs = []link{{Text: "Khen thưởng", URL: a.url("/awards")}, {Text: q.award.Name, URL: q.self()}, {Text: "Cách hiểu quy định", Here: true}}
	p.Body, p.Table = b, table
	return p, nil
}

// rulingsText says how many rulings an award rests on.
func rulingsText(entries []award.Entry) string {
	n := len(award.Impacts(entries))
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d quy định có hơn một cách hiểu", n)
}
