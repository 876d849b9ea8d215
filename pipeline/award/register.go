package award

import (
	"fmt"
	"slices"
	"strings"

	"tiendo/pipeline/plan"
)

// RegistersOf are the registers that an entry about a subject of the group may go to, in the plan's order: the general
// standard, the group's criteria, what the conditions of its awards ask for, registration, annual report, and the dossiers.
func RegistersOf(p *plan.Plan, g *plan.Subject) []string {
	var out []string
	add := func(codes ...string) {
		for _, c := range codes {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	for _, s := range p.Subjects {
		for _, c := range s.Criteria {
			if s.Code == g.Code || strings.HasPrefix(c.Code, "G-") {
				add(c.Code)
			}
		}
	}
	var dossiers []string
	for _, a := range p.Awards {
		if !slices.Contains(a.Subjects, g.Code) {
			continue
		}
		dossiers = append(dossiers, RegisterDossier+"/"+a.Code)
		for _, c := range a.Conditions {
			targets := c.Rule == plan.RuleTargetsMet || c.Rule == plan.RuleTargetsExceeded
			if !targets || len(p.OwedBy(g)) == 0 { // a figure is not overruled by an entry
				add(c.Code)
			}
		}
	}
	add(RegisterRegistration, RegisterReport)
	add(dossiers...)
	return out
}

// Check says what is wrong with an entry before it is made: everything that would let it count for nothing, or count without
// a paper to show.
func (r Record) Check(p *plan.Plan) error {
	g := p.Subject(r.Group)
	switch {
	case g == nil:
		return fmt.Errorf("the plan has no group of subjects %q", r.Group)
	case r.Subject == "":
		return fmt.Errorf("the entry names no subject")
	case !slices.Contains(RegistersOf(p, g), r.Register):
		return fmt.Errorf("no register %q for %s: it has %s", r.Register, g.Code, strings.Join(RegistersOf(p, g), ", "))
	case !slices.Contains(Decisions, r.Decision):
		return fmt.Errorf("a decision is one of %s, not %q", join(Decisions), r.Decision)
	case strings.HasPrefix(r.Register, RegisterDossier+"/") && !slices.Contains(States, r.Value):
		return fmt.Errorf("the value of a dossier's entry is its state, one of %s, not %q", strings.Join(States, ", "), r.Value)
	case strings.TrimSpace(r.Evidence) == "":
		return fmt.Errorf("an entry needs its evidence: the paper that shows it")
	case r.Date == plan.NoDay:
		return fmt.Errorf("an entry needs the date of its evidence")
	case r.By == "":
		return fmt.Errorf("an entry names who enters it")
	case r.Year != 0 && (r.Year < p.Start.Year() || r.Year > p.End.Year()):
		return fmt.Errorf("year %d is outside the plan, %d to %d", r.Year, p.Start.Year(), p.End.Year())
	}
	return nil
}

func join(all []Decision) string {
	var s []string
	for _, d := range all {
		s = append(s, string(d))
	}
	return strings.Join(s, ", ")
}
