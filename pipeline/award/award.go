// Package award is the ledger of the awards: for each award and each subject it says eligible, not, or undecidable, with
// every condition, its clause, the ruling it rests on, the figure or the evidence, and what is still lacking. It is a pure
// function of the plan, the figures and the registers, and it decides nothing: it lists. It knows no store, no clock and no
// particular plan; the readings of a ruling are known by their codes only.
package award

import (
	"slices"
	"strings"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// Registers beside the attested criteria and conditions, whose register is their own code.
const (
	RegisterRegistration = "registration"  // the subject registered with the council (plan section IV.4)
	RegisterReport       = "annual_report" // the subject's report of the year (section VI.1)
	RegisterDossier      = "dossier"       // the dossier's state in the chain (section V.3), of one award: dossier/AWARD
	RegisterPaper        = "paper"         // that a document of the dossier is in: paper/AWARD/DOCUMENT
)

// States are those of a dossier in the chain of section V.3, in their order: registered, gathered and checked by the standing
// body, put on the list, appraised, then decided by the chairman or submitted upward.
var States = []string{"registered", "gathered", "checked", "listed", "appraised", "decided", "submitted"}

// Decision is what an entry of a register says of its condition.
type Decision string

// The condition holds, does not hold, does not concern this subject, or an earlier entry is taken back.
const (
	Holds        Decision = "yes"
	Fails        Decision = "no"
	NotConcerned Decision = "not_applicable"
	Withdrawn    Decision = "unknown"
)

// Decisions are all that an entry may say.
var Decisions = []Decision{Holds, Fails, NotConcerned, Withdrawn}

// Record is an entry of a register. The newest of a register, subject and year counts; that there is none means unknown.
type Record struct {
	Register string // code of a criterion or of an award's condition, or one of the registers above
	Group    string // code of the subject's group
	Subject  string // the unit's key; for a subject that is no unit, what it is registered under
	Name     string // of a subject that is no unit
	Year     int    // 0: for the whole of the plan's time
	Decision Decision
	Value    string // a score, an amount, a state of the dossier
	Evidence string // the paper that shows it
	Date     plan.Day
	By       string // who entered it
	At       int64  // when, unix milliseconds
}

// Subject is one who may be commended.
type Subject struct {
	Group *plan.Subject
	Key   string     // the unit's key, or what the subject is registered under
	Name  string     // for people
	Unit  *plan.Unit // nil: no unit of the plan
}

// Figure is what is known of an indicator of a unit.
type Figure struct {
	NotApplicable progress.Reason // the unit has nothing to be measured on; empty: it has
	Official      progress.Point  // of the day asked for
	Expected      *plan.Value     // the path's level on the last day of the year asked for; nil: no path
}

// Figures answers for a unit: the official figure of a day, the path's level of another.
type Figures func(ind *plan.Indicator, u *plan.Unit, official, path plan.Day) Figure

// Of are the figures of a book.
func Of(b *progress.Book) Figures {
	return func(ind *plan.Indicator, u *plan.Unit, official, path plan.Day) Figure {
		alone := *ind
		alone.Variants = nil // they would be gathered too, and nobody looks at them here
		figures := b.Figures(&alone, u)
		a := figures.Assess(path)
		f := Figure{Official: figures.Official(official), Expected: a.Expected}
		if a.Status == progress.NotApplicable {
			f.NotApplicable = a.Reason()
		}
		return f
	}
}

// Boundaries say which units stand for the subjects where units ended before the day of the review (RULES section 5).
type Boundaries string

// AsThen takes the units of the province's last day; a district's figures are regrouped from the communes that succeed it.
// AsNow takes those that are valid on the day of the review.
const (
	AsThen Boundaries = "then"
	AsNow  Boundaries = "now"
)

// Question is what the ledger is asked.
type Question struct {
	Plan       *plan.Plan // as in force on the day of knowledge
	Year       int        // of the yearly awards, and of the milestone whose awards are asked for
	Milestone  bool       // the awards of the milestone in Year instead of the yearly ones
	Award      string     // only the award of this code; empty: all
	Subject    string     // only the subject of this key or unit code; empty: all
	AsOf       plan.Day   // the newest day that figures may speak of
	Boundaries Boundaries
	Figures    Figures
	Records    []Record // in any order
}

// Reasons of verdicts that progress has no word for.
const (
	ReasonNoEntry      progress.Reason = "no_entry"       // the register is silent
	ReasonWithdrawn    progress.Reason = "withdrawn"      // the entry was taken back
	ReasonRegister     progress.Reason = "by_register"    // the entry decides
	ReasonNotConcerned progress.Reason = "not_concerned"  // the entry says that it does not concern the subject
	ReasonNoOwedTarget progress.Reason = "no_owed_target" // the group owes no figure: an entry has to decide
	ReasonNotDue       progress.Reason = "not_due"        // the milestone is not over
	ReasonPending      progress.Reason = "pending"        // over, late reports are still awaited
	ReasonMissed       progress.Reason = "below_target"
	ReasonNotExceeded  progress.Reason = "not_exceeded"
	ReasonNoneExceeded progress.Reason = "none_exceeded"  // any one target exceeded would do, none is
	ReasonRuling       progress.Reason = "needs_ruling"   // a decision that is not made
	ReasonReadOut      progress.Reason = "left_out"       // left out by the reading in force
	ReasonOtherType    progress.Reason = "type_not_meant" // the reading in force leaves this type of unit out
)

// Kind is where a condition comes from.
type Kind string

// The general standard, the group's criteria, the award's own conditions, and a target below one of these.
const (
	Standard  Kind = "standard"
	Criterion Kind = "criterion"
	Own       Kind = "award"
	Target    Kind = "target"
)

// Finding is one condition with its verdict.
type Finding struct {
	Kind    Kind
	Code    string
	Section string
	Wording string
	Rulings []string
	progress.Verdict
	LeftOut  bool        // it does not count: not applicable, no number, or left out by a reading
	Value    *plan.Value // per cent
	Target   *plan.Value
	By       plan.Comparator // how the value is held against the target; empty: no target
	Now      progress.Truth  // how the newest figures stand, also where the verdict still is open; empty: no target
	Asked    *plan.Value     // what the value is held against where that is not the target: target x factor
	Gap      *plan.Value     // what is lacking to what is asked, percentage points; nil: nothing, or unknown
	Deadline plan.Day        // last day whose figures or evidence count
	Record   *Record         // the entry of a register
	Parts    []Finding       // the owed targets of a condition about targets
}

// Effect is what another reading of a ruling would make of the verdict.
type Effect struct {
	Reading plan.Reading
	InForce bool
	Truth   progress.Truth // empty: no figure settles it, or none is stored for this reading
}

// Reading is a ruling that an entry rests on, with its readings.
type Reading struct {
	Ruling  *plan.Ruling
	Effects []Effect
}

// Entry is a line of the ledger.
type Entry struct {
	Award      *plan.Award
	Year       int
	Subject    Subject
	Truth      progress.Truth
	Conditions []Finding
	Rulings    []Reading
	Notes      []Record // registration, annual report, the dossier's state: they decide nothing
	Papers     []Paper  // of the dossier, in the plan's order: they decide nothing
}

// Paper is a document of the dossier, and the entry that says whether it is in.
type Paper struct {
	plan.Paper
	Record *Record // nil: none says it
}

// In says that the document is in the dossier.
func (p Paper) In() bool { return p.Record != nil && p.Record.Decision == Holds }

// Missing is how many documents are not in the dossier.
func (e Entry) Missing() (n int) {
	for _, p := range e.Papers {
		if !p.In() {
			n++
		}
	}
	return n
}

// Tally counts the conditions by what is known of them; those left out are in none.
func (e Entry) Tally() (met, failed, open int) {
	for _, c := range e.Conditions {
		switch {
		case c.LeftOut:
		case c.Truth == progress.Yes:
			met++
		case c.Truth == progress.No:
			failed++
		default:
			open++
		}
	}
	return met, failed, open
}

// Deciding is the first condition that makes a verdict what it is; nil where all hold.
func (e Entry) Deciding() *Finding {
	for i := range e.Conditions {
		if c := &e.Conditions[i]; !c.LeftOut && c.Truth == e.Truth && e.Truth != progress.Yes {
			return c
		}
	}
	return nil
}

// Deciding are the codes of the parts that make a condition what it is.
func (f Finding) Deciding() (codes []string) {
	for _, part := range f.Parts {
		if !part.LeftOut && part.Truth == f.Truth {
			codes = append(codes, part.Code)
		}
	}
	return codes
}

// Lacking are the conditions, and of those about targets the targets, that are not met: what a subject still has to reach
// or to show. A target that is reached, and only waits for its day, does not stand there; where all only wait, the condition does.
func (e Entry) Lacking() []Finding {
	var out []Finding
	for _, c := range e.Conditions {
		if c.LeftOut || c.Truth == progress.Yes {
			continue
		}
		n := len(out)
		for _, part := range c.Parts {
			if !part.LeftOut && part.Truth != progress.Yes && part.Now != progress.Yes {
				out = append(out, part)
			}
		}
		if len(out) == n {
			out = append(out, c)
		}
	}
	return out
}

// Impact is what the readings of a ruling would make of a ledger.
type Impact struct {
	Ruling *plan.Ruling
	Ways   []Way
}

// Way is a reading with the entries whose verdict it changes, in the ledger's order.
type Way struct {
	Reading plan.Reading
	InForce bool
	Told    int // entries for which the figures tell it
	Untold  int // entries for which they do not
	Changes []Change
}

// Change is an entry that would have another verdict.
type Change struct {
	Entry *Entry
	To    progress.Truth
}

// Impacts are those of all rulings that the entries rest on, in the order in which they come.
func Impacts(entries []Entry) []Impact {
	var out []Impact
	at := map[string]int{}
	for i := range entries {
		e := &entries[i]
		for _, r := range e.Rulings {
			n, ok := at[r.Ruling.ID]
			if !ok {
				n, at[r.Ruling.ID] = len(out), len(out)
				x := Impact{Ruling: r.Ruling}
				for _, way := range r.Effects {
					x.Ways = append(x.Ways, Way{Reading: way.Reading, InForce: way.InForce})
				}
				out = append(out, x)
			}
			for k, x := range r.Effects {
				w := &out[n].Ways[k]
				if x.Truth == "" {
					w.Untold++
					continue
				}
				w.Told++
				if x.Truth != e.Truth {
					w.Changes = append(w.Changes, Change{e, x.Truth})
				}
			}
		}
	}
	return out
}

// Asks says whether the ledger of the question lists the award.
func (q Question) Asks(a *plan.Award) bool {
	if q.Award != "" && q.Award != a.Code {
		return false
	}
	if q.Milestone {
		return a.Milestone != plan.NoDay && a.Milestone.Year() == q.Year
	}
	return a.Milestone == plan.NoDay
}

// Ledger answers for every award that the question asks for and every subject of it, in the plan's order of awards and of
// groups, then in the order of units; subjects that are no units stand in the order of what they are registered under.
func Ledger(q Question) []Entry {
	j := judge{Question: q, newest: newest(q.Records), seen: map[figureKey]Figure{}, other: map[otherKey]*plan.Indicator{}}
	var out []Entry
	for i := range q.Plan.Awards {
		a := &q.Plan.Awards[i]
		if !q.Asks(a) {
			continue
		}
		for _, code := range a.Subjects {
			if g := q.Plan.Subject(code); g != nil {
				for _, s := range j.subjects(g) {
					if q.Subject == "" || q.Subject == s.Key || s.Unit != nil && q.Subject == s.Unit.Code {
						out = append(out, j.entry(a, s))
					}
				}
			}
		}
	}
	return out
}

// subjects are the units of the group's level, or who is registered in the group.
func (j *judge) subjects(g *plan.Subject) []Subject {
	var out []Subject
	if g.Level != "" {
		day := j.reviewed()
		for _, u := range j.Plan.Units.All {
			if u.Level == g.Level && u.ValidOn(day) {
				out = append(out, Subject{Group: g, Key: u.UnitKey.String(), Name: u.Name, Unit: u})
			}
		}
		return out
	}
	names := map[string]Record{}
	for _, r := range j.Records {
		if have, ok := names[r.Subject]; r.Group == g.Code && (!ok || after(r, have)) {
			names[r.Subject] = r
		}
	}
	for key, r := range names {
		out = append(out, Subject{Group: g, Key: key, Name: r.Name})
	}
	slices.SortFunc(out, func(a, b Subject) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// reviewed is the day whose units are the subjects.
func (j *judge) reviewed() plan.Day {
	day := j.end()
	if j.Boundaries == AsNow {
		return day
	}
	if top, err := j.Plan.Units.Select(j.Plan.Province, day); err == nil && top.To != plan.NoDay {
		day = min(day, top.To)
	}
	return day
}

// end is the milestone's day, or the last day of the year.
func (j *judge) end() plan.Day {
	if m := j.milestone(); m != nil {
		return m.Date
	}
	return plan.NewDay(j.Year, 12, 31)
}

// milestone is the one in the year; nil: a year without one.
func (j *judge) milestone() *plan.Milestone {
	for i := range j.Plan.Milestones {
		if j.Plan.Milestones[i].Date.Year() == j.Year {
			return &j.Plan.Milestones[i]
		}
	}
	return nil
}

type recordKey struct {
	register, group, subject string
	year                     int
}

func newest(all []Record) map[recordKey]Record {
	out := map[recordKey]Record{}
	for _, r := range all {
		key := recordKey{r.Register, r.Group, r.Subject, r.Year}
		if have, ok := out[key]; !ok || after(r, have) {
			out[key] = r
		}
	}
	return out
}

// after says which of two entries counts. Of two entered in the same moment the one that says less in the subject's favour
// does, so that the order of reading decides nothing.
func after(a, b Record) bool {
	if a.At != b.At {
		return a.At > b.At
	}
	if x, y := slices.Index(Decisions, a.Decision), slices.Index(Decisions, b.Decision); x != y {
		return (x == 1) || (y != 1 && x > y)
	}
	return a.Evidence+"\x00"+a.Value+"\x00"+a.Name > b.Evidence+"\x00"+b.Value+"\x00"+b.Name
}

// record finds the newest entry: of the year, else of the whole of the plan's time.
func (j *judge) record(register string, s Subject) *Record {
	for _, year := range []int{j.Year, 0} {
		if r, ok := j.newest[recordKey{register, s.Group.Code, s.Key, year}]; ok {
			return &r
		}
	}
	return nil
}
