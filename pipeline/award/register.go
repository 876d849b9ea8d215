package award

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tiendo/pipeline/plan"
)

// RegistersOf are the registers that an entry about a subject of the group may go to, in the plan's order: the general
// standard, the group's criteria, what the conditions of its awards ask for, registration, annual report, the dossiers and their documents.
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
	var dossiers, papers []string
	for _, a := range p.Awards {
		if !slices.Contains(a.Subjects, g.Code) {
			continue
		}
		dossiers = append(dossiers, RegisterDossier+"/"+a.Code)
		for _, x := range a.Documents {
			papers = append(papers, RegisterPaper+"/"+a.Code+"/"+x.Code)
		}
		for i := range a.Conditions {
			if c := &a.Conditions[i]; p.Attested(c, g) {
				add(c.Code)
			}
		}
	}
	add(RegisterRegistration, RegisterReport)
	add(dossiers...)
	add(papers...)
	return out
}

// Field is a part of an entry that can be wrong.
type Field string

// The parts of an entry.
const (
	FieldGroup    Field = "group"
	FieldSubject  Field = "subject"
	FieldName     Field = "name"
	FieldRegister Field = "register"
	FieldYear     Field = "year"
	FieldDecision Field = "decision"
	FieldValue    Field = "value"
	FieldState    Field = "state" // the value of a dossier's entry
	FieldEvidence Field = "evidence"
	FieldDate     Field = "date"
	FieldBy       Field = "by"
)

// Fault is what is wrong with an entry, and where.
type Fault struct {
	Field Field
	text  string
}

func (f *Fault) Error() string { return f.text }

// How long the texts of an entry may be, in characters.
const (
	mostName     = 200
	mostKey      = 64
	mostValue    = 100
	mostEvidence = 500
)

// line says whether a text is one line of at most so many characters, without blanks around it.
func line(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl)
}

// Latest are the entries that count: of each register, subject and year the newest, in their order.
func Latest(all []Record) []Record {
	count := newest(all)
	var out []Record
	for _, r := range all {
		key := recordKey{r.Register, r.Group, r.Subject, r.Year}
		if count[key] == r {
			out = append(out, r)
			delete(count, key) // of two that say the same, once
		}
	}
	return out
}

// Follow is the entry made at the instant, in unix milliseconds, or right behind the one that it replaces: a demo's clock stands still,
// and what is entered later counts all the same.
func (r Record) Follow(all []Record, now int64) Record {
	r.At = now
	for _, have := range all {
		if have.Register == r.Register && have.Group == r.Group && have.Subject == r.Subject && have.Year == r.Year {
			r.At = max(r.At, have.At+1)
		}
	}
	return r
}

// Check says what is wrong with an entry before it is made: everything that would let it count for nothing, or count without
// a paper to show. The error is a *Fault.
func (r Record) Check(p *plan.Plan) error {
	field, text := r.fault(p)
	if text == "" {
		return nil
	}
	return &Fault{field, text}
}

func (r Record) fault(p *plan.Plan) (Field, string) {
	g := p.Subject(r.Group)
	switch {
	case g == nil:
		return FieldGroup, fmt.Sprintf("the plan has no group of subjects %q", r.Group)
	case r.Subject == "":
		return FieldSubject, "the entry names no subject"
	case !line(r.Subject, mostKey):
		return FieldSubject, fmt.Sprintf("what a subject is registered under is one line of at most %d characters", mostKey)
	case !line(r.Name, mostName):
		return FieldName, fmt.Sprintf("a subject's name is one line of at most %d characters", mostName)
	case !slices.Contains(RegistersOf(p, g), r.Register):
		return FieldRegister, fmt.Sprintf("no register %q for %s: it has %s", r.Register, g.Code, strings.Join(RegistersOf(p, g), ", "))
	case !slices.Contains(Decisions, r.Decision):
		return FieldDecision, fmt.Sprintf("a decision is one of %s, not %q", join(Decisions), r.Decision)
	case IsDossier(r.Register) && !slices.Contains(States, r.Value):
		return FieldState, fmt.Sprintf("the value of a dossier's entry is its state, one of %s, not %q", strings.Join(States, ", "), r.Value)
	case !line(r.Value, mostValue):
		return FieldValue, fmt.Sprintf("a value is one line of at most %d characters", mostValue)
	case strings.TrimSpace(r.Evidence) == "":
		return FieldEvidence, "an entry needs its evidence: the paper that shows it"
	case !line(r.Evidence, mostEvidence):
		return FieldEvidence, fmt.Sprintf("the evidence is one line of at most %d characters", mostEvidence)
	case r.Date == plan.NoDay:
		return FieldDate, "an entry needs the date of its evidence"
	case r.At != 0 && r.Date > plan.DayOf(time.UnixMilli(r.At)):
		return FieldDate, fmt.Sprintf("the evidence is of %s, a day that has not come", r.Date)
	case r.By == "":
		return FieldBy, "an entry names who enters it"
	case r.Year != 0 && (r.Year < p.Start.Year() || r.Year > p.End.Year()):
		return FieldYear, fmt.Sprintf("year %d is outside the plan, %d to %d", r.Year, p.Start.Year(), p.End.Year())
	}
	return "", ""
}

// IsDossier says whether the register holds the state of the dossier of one award.
func IsDossier(register string) bool { return strings.HasPrefix(register, RegisterDossier+"/") }

func join(all []Decision) string {
	var s []string
	for _, d := range all {
		s = append(s, string(d))
	}
	return strings.Join(s, ", ")
}
