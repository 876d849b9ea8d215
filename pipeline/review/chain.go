package review

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tiendo/pipeline/access"
	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// A week's review goes its way in steps, and comments and actions are steps beside it. All steps of all weeks stand in one log,
// a chain of hashes like the audit log, so that none can be changed, taken out or put in unseen. The pack that a step speaks of is
// kept beside the log, under its own hash, which the step holds: what was signed can be read back to the byte.

// What the log tells of. The audit log tells of the same under the same words, before it.
const (
	Made        = "review_made"        // a pack was kept: a draft
	Proposed    = "review_proposed"    // laid before the approver
	Returned    = "review_returned"    // given back by the approver, with a reason
	Signed      = "review_signed"      // frozen
	Commented   = "review_comment"     // on the week, or on one figure of it
	ActionAdded = "review_action"      // something is to be done
	ActionDone  = "review_action_done" // it was

	// Withdrawn stands in the audit log only: a step that it told of was not taken, another one was there first.
	Withdrawn = "review_withdrawn"
)

// State is how far a week's review has come.
type State string

// The states. Unmade: no pack is kept.
const (
	Unmade       State = ""
	Draft        State = "draft"
	BeforeSigner State = "proposed"
	SentBack     State = "returned"
	Final        State = "signed"
)

// Entry is what a step says beside who, when and of which week. What does not belong to its kind is empty.
type Entry struct {
	Pack      string        `json:"pack,omitempty"`      // SHA-256 of the pack that was made, proposed, returned or signed
	Text      string        `json:"text,omitempty"`      // the comment, what is to be done, how it was done, why it was returned
	Indicator string        `json:"indicator,omitempty"` // of the figure that is spoken of, or to be moved
	Unit      *plan.UnitKey `json:"unit,omitempty"`      // likewise
	Owner     *plan.UnitKey `json:"owner,omitempty"`     // who is to act
	Due       *plan.Day     `json:"due,omitempty"`       // by when
	Action    uint64        `json:"action,omitempty"`    // number of the step that added the action
}

// Step is one row of the log.
type Step struct {
	Seq  uint64    `json:"seq"` // its place, from 1
	At   time.Time `json:"at"`
	By   string    `json:"by"` // name of the account; of a command "cli:" and the system's user; of the schedule "schedule"
	Kind string    `json:"kind"`
	Week plan.Day  `json:"week"` // the Sunday that ends it
	Entry
}

// Of says whether the step speaks of the figure.
func (s Step) Of(indicator string, unit plan.UnitKey) bool {
	return s.Indicator == indicator && s.Unit != nil && *s.Unit == unit
}

// Event is the step as a row of the log holds it.
func (s Step) Event() access.Event {
	detail, err := canonical(s.Entry)
	if err != nil {
		panic(err) // an Entry is made of texts and days
	}
	return access.Event{At: s.At, Actor: s.By, Action: s.Kind, Subject: WeekName(s.Week), Detail: string(detail)}
}

// Told is what the audit log says of the step: which pack, and a SHA-256 over all that it says but its place and time, which it
// gets only afterwards. What somebody wrote in words stays out of it.
func (s Step) Told() string {
	e := s.Event()
	told := "sha256 " + access.Digest(e.Actor, e.Action, e.Subject, e.Detail)
	if s.Pack != "" {
		told = "pack " + s.Pack + " " + told
	}
	return told
}

// ReadStep reads a row of the log. The row must be one that Event wrote.
func ReadStep(r access.Row) (Step, error) {
	s := Step{Seq: r.Seq, At: r.At, By: r.Actor, Kind: r.Action}
	var err error
	if s.Week, err = ParseWeek(r.Subject); err != nil {
		return s, err
	}
	d := json.NewDecoder(strings.NewReader(r.Detail))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.Entry); err != nil {
		return s, fmt.Errorf("what it says cannot be read: %w", err)
	}
	return s, nil
}

// canonical writes JSON in one way only: no spaces, fields in the order of their type, keys of maps sorted, decimals as texts,
// letters as they are.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Course is how a week's review went. The steps are the newest of their kind; nil: there was none, or it was overtaken: what was
// proposed by a newer pack, why it was returned by its being proposed again.
type Course struct {
	Week     plan.Day  `json:"week"`
	State    State     `json:"state"`
	Pack     string    `json:"pack,omitempty"`   // SHA-256 of the newest one; of a signed week the one that was signed
	Number   int       `json:"number,omitempty"` // of the signature, counted over all weeks; 0: not signed
	Made     *Step     `json:"made,omitempty"`
	Proposed *Step     `json:"proposed,omitempty"`
	Returned *Step     `json:"returned,omitempty"`
	Signed   *Step     `json:"signed,omitempty"`
	Comments []Step    `json:"comments,omitempty"`
	Actions  []*Action `json:"actions,omitempty"`
}

// Frozen says whether the numbers of the week are those of its pack: it lies before the approver, or is signed.
func (c *Course) Frozen() bool { return c.State == BeforeSigner || c.State == Final }

// Action is something to be done, and whether it was.
type Action struct {
	Step
	Done *Step `json:"done,omitempty"`
}

// Log is what all steps come to.
type Log struct {
	courses map[plan.Day]*Course
	actions map[uint64]*Action
	signed  int
}

// Read goes through the rows of a whole log, in the order of their places.
func Read(rows []access.Row) (*Log, error) {
	l := &Log{}
	for _, r := range rows {
		s, err := ReadStep(r)
		if err == nil {
			err = l.Take(s)
		}
		if err != nil {
			return nil, fmt.Errorf("row %d of the log of reviews: %w: run `tiendo review verify`", r.Seq, err)
		}
	}
	return l, nil
}

// Course of a week; one that nothing was written of is unmade.
func (l *Log) Course(week plan.Day) *Course {
	if c := l.courses[week]; c != nil {
		return c
	}
	return &Course{Week: week}
}

// Courses are all weeks of which something was written, the newest first.
func (l *Log) Courses() []*Course {
	var all []*Course
	for _, c := range l.courses {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Course) int { return cmp.Compare(b.Week, a.Week) })
	return all
}

// Action by the number of the step that added it; nil: there is none.
func (l *Log) Action(seq uint64) *Action { return l.actions[seq] }

// Why a step is not taken.
var (
	ErrState   = errors.New("the review is not in a state for this")
	ErrSelf    = errors.New("who proposed a review does not sign it")
	ErrContent = errors.New("the step lacks something, or says too much")
)

// MostText is how many characters somebody may write in one step.
const MostText = 2000

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Check says whether the step may be taken now: the one table of what follows on what.
func (l *Log) Check(s Step) error {
	c := l.Course(s.Week)
	bad := func(err error, format string, values ...any) error {
		return fmt.Errorf("%s of %s: %w: %s", s.Kind, WeekName(s.Week), err, fmt.Sprintf(format, values...))
	}
	text, figure := strings.TrimSpace(s.Text) != "", s.Indicator != "" && s.Unit != nil
	switch {
	case utf8.RuneCountInString(s.Text) > MostText:
		return bad(ErrContent, "more than %d characters", MostText)
	case s.By == "":
		return bad(ErrContent, "nobody took it")
	case (s.Indicator != "" || s.Unit != nil) && !figure:
		return bad(ErrContent, "a figure has an indicator and a unit")
	}
	at := func(states ...State) bool { return slices.Contains(states, c.State) }
	only := func(pack, figure, action bool) bool { // nothing stands in it that does not belong there
		return pack == (s.Pack != "") && (figure || s.Indicator == "") && (s.Kind == ActionAdded) == (s.Owner != nil) && (s.Kind == ActionAdded) == (s.Due != nil) && action == (s.Action != 0)
	}
	switch s.Kind {
	case Made:
		switch {
		case !hash.MatchString(s.Pack) || text || !only(true, false, false):
			return bad(ErrContent, "it names a pack and nothing else")
		case !at(Unmade, Draft, SentBack):
			return bad(ErrState, "it is %s, and keeps its pack", c.State)
		}
	case Proposed, Signed:
		before := Draft
		if s.Kind == Signed {
			before = BeforeSigner
		}
		switch {
		case text || !only(true, false, false):
			return bad(ErrContent, "it names a pack and nothing else")
		case !at(before) || s.Pack != c.Pack:
			return bad(ErrState, "it is %q with pack %s", c.State, short(c.Pack))
		case s.Kind == Signed && s.By == c.Proposed.By:
			return bad(ErrSelf, "%s", s.By)
		}
	case Returned:
		switch {
		case !text || !only(true, false, false):
			return bad(ErrContent, "it names a pack and says why")
		case !at(BeforeSigner) || s.Pack != c.Pack:
			return bad(ErrState, "it is %q with pack %s", c.State, short(c.Pack))
		}
	case Commented:
		if !text || !only(false, true, false) {
			return bad(ErrContent, "it says something, of the week or of one figure")
		}
	case ActionAdded:
		if !text || !only(false, true, false) || *s.Due == plan.NoDay {
			return bad(ErrContent, "it says what is to be done, by whom and by when")
		}
	case ActionDone:
		a := l.actions[s.Action]
		switch {
		case !only(false, false, true):
			return bad(ErrContent, "it names an action")
		case a == nil || a.Week != s.Week:
			return bad(ErrState, "there is no action %d in this week", s.Action)
		case a.Done != nil:
			return bad(ErrState, "action %d was done before", s.Action)
		}
	default:
		return bad(ErrContent, "there is no such step")
	}
	return nil
}

func short(pack string) string { return pack[:min(12, len(pack))] }

// Take adds a step to what the log comes to, if it may be taken.
func (l *Log) Take(s Step) error {
	if err := l.Check(s); err != nil {
		return err
	}
	if l.courses == nil {
		l.courses, l.actions = map[plan.Day]*Course{}, map[uint64]*Action{}
	}
	c := l.Course(s.Week)
	l.courses[s.Week] = c
	switch s.Kind {
	case Made:
		c.State, c.Pack, c.Made, c.Proposed = Draft, s.Pack, &s, nil
	case Proposed:
		c.State, c.Proposed, c.Returned = BeforeSigner, &s, nil
	case Returned:
		c.State, c.Returned = SentBack, &s
	case Signed:
		l.signed++
		c.State, c.Signed, c.Number = Final, &s, l.signed
	case Commented:
		c.Comments = append(c.Comments, s)
	case ActionAdded:
		a := &Action{Step: s}
		l.actions[s.Seq] = a
		c.Actions = append(c.Actions, a)
	case ActionDone:
		l.actions[s.Action].Done = &s
	}
	return nil
}

// Kept is a pack as it is kept: all that the page of the week shows, in exact figures.
type Kept struct {
	Plan       string    `json:"plan"`
	Week       string    `json:"week"`
	MadeAt     time.Time `json:"made_at"`
	ReviewedOn plan.Day  `json:"reviewed_on"` // of what was late
	Indicators []Named   `json:"indicators"`  // as they were called then, by code
	Units      []Named   `json:"units"`
	Comments   []Step    `json:"comments"`
	Actions    []*Action `json:"actions"`
	Verdicts   []Verdict `json:"verdicts"` // on passed milestones, of the levels whose targets are only counted
	Pack       Pack      `json:"pack"`
}

// Verdict is the outcome of a milestone for a target of a unit that the pack has no pair of.
type Verdict struct {
	Indicator string       `json:"indicator"`
	Unit      plan.UnitKey `json:"unit"`
	Outcome
}

// Decided says whether an outcome is a verdict: of a milestone that has passed and waits for nothing.
func (o Outcome) Decided() bool {
	return o.Outcome != progress.OutcomeNone && o.Outcome != progress.OutcomePending
}

// Verdicts are the decided outcomes of results, in their order.
func Verdicts(all []Assessment) []Verdict {
	var out []Verdict
	for _, x := range all {
		for _, o := range x.Outcomes {
			if o.Decided() {
				out = append(out, Verdict{x.Indicator, x.Unit, o})
			}
		}
	}
	return out
}

// Outcome is what the pack says of a milestone for a target of a unit, once it is decided; nil: it does not say.
func (k *Kept) Outcome(indicator string, unit plan.UnitKey, milestone plan.Day) *Outcome {
	for _, x := range k.Pack.Pairs {
		if x.Now == nil || x.Indicator != indicator || x.Unit != unit {
			continue
		}
		for i, o := range x.Now.Outcomes {
			if o.Milestone == milestone && o.Decided() {
				return &x.Now.Outcomes[i]
			}
		}
	}
	for i, v := range k.Verdicts {
		if v.Indicator == indicator && v.Unit == unit && v.Milestone == milestone {
			return &k.Verdicts[i].Outcome
		}
	}
	return nil
}

// Named is a code and what it was called.
type Named struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Keep writes down a week's pack with the comments and actions of its course. in is the plan that the pack was made by.
func Keep(in *plan.Plan, p Pack, c *Course, reviewedOn plan.Day, madeAt time.Time) Kept {
	k := Kept{Plan: in.Code, Week: WeekName(p.AsOf), MadeAt: madeAt.UTC().Truncate(time.Millisecond), ReviewedOn: reviewedOn, Comments: c.Comments, Actions: c.Actions, Pack: p}
	for i := range in.Indicators {
		k.Indicators = append(k.Indicators, Named{in.Indicators[i].Code, in.Indicators[i].Name})
	}
	named := map[plan.UnitKey]bool{}
	for _, x := range p.Pairs {
		if u := in.Units.Key(x.Unit); u != nil && !named[x.Unit] {
			named[x.Unit] = true
			k.Units = append(k.Units, Named{x.Unit.String(), u.Name})
		}
	}
	return k
}

// Encode is the pack in canonical JSON, and its SHA-256.
func (k Kept) Encode() (body []byte, sha256 string, err error) {
	if body, err = canonical(k); err != nil {
		return nil, "", fmt.Errorf("write the pack of %s: %w", k.Week, err)
	}
	return body, access.BodyDigest(body), nil
}

// Decode reads what Encode wrote.
func Decode(body []byte) (Kept, error) {
	var k Kept
	if err := json.Unmarshal(body, &k); err != nil {
		return k, fmt.Errorf("read a pack: %w", err)
	}
	return k, nil
}

// Says is whether both packs say the same, whenever they were made.
func (k Kept) Says(other Kept) bool {
	k.MadeAt = other.MadeAt
	a, _, err := k.Encode()
	b, _, err2 := other.Encode()
	return err == nil && err2 == nil && bytes.Equal(a, b)
}

// Differences are the results of a week that today are known to be something else than the pack says.
func Differences(in *plan.Plan, kept, now *Pack) []Restated {
	then := map[key]*Assessment{}
	for _, x := range kept.Pairs {
		if x.Now != nil {
			then[keyOf(x.Now)] = x.Now
		}
	}
	var all []Restated
	for _, x := range now.Pairs {
		if x.Now == nil {
			continue
		}
		if was := then[keyOf(x.Now)]; was != nil && !alike(was, x.Now) {
			all = append(all, restatement(was, x.Now))
		}
	}
	orderOf(in, nil).sortRestated(all)
	return all
}

// Stored is a pack in the store: its name, which should be its hash, and its text.
type Stored struct {
	SHA256 string
	Body   []byte
}

// Verify finds what was changed, taken out, put in or exchanged in the log of reviews and among its packs, and what the audit log
// tells otherwise. rows, marks and audit are whole logs; the audit log is verified by itself. No problems: every step is as it was
// taken, and every pack as it was made.
func Verify(planCode string, rows []access.Row, marks []access.Mark, packs []Stored, audit []access.Row) []access.Problem {
	found := access.Verify(planCode, rows, marks)
	say := func(seq uint64, format string, values ...any) {
		found = append(found, access.Problem{Seq: seq, Text: fmt.Sprintf(format, values...)})
	}
	chain := len(found) == 0
	bodies := map[string]bool{}
	for _, p := range packs {
		bodies[p.SHA256] = true
		if access.BodyDigest(p.Body) != p.SHA256 {
			say(0, "pack %s was changed: what it says does not give its hash", short(p.SHA256))
		}
	}
	type telling struct{ actor, action, subject, told string }
	told := map[telling][]uint64{} // by rows of the audit log
	may := map[string]bool{}       // packs that a log tells of
	for _, r := range audit {
		action, told1 := r.Action, r.Detail
		if r.Action == Withdrawn {
			action, told1, _ = strings.Cut(r.Detail, " ")
		}
		t := telling{r.Actor, action, r.Subject, told1}
		switch {
		case r.Action == Withdrawn && len(told[t]) > 0:
			told[t] = told[t][1:]
		case isStep(r.Action):
			told[t] = append(told[t], r.Seq)
			if pack, ok := strings.CutPrefix(r.Detail, "pack "); ok {
				may[pack[:min(64, len(pack))]] = true
			}
		}
	}
	l := &Log{}
	for _, r := range rows {
		s, err := ReadStep(r)
		if err != nil {
			say(r.Seq, "row %d cannot be read: %v", r.Seq, err)
			continue
		}
		if chain { // one that is not whole says where; what follows on the wrong step says nothing more
			if err := l.Take(s); err != nil {
				say(r.Seq, "row %d could not have been taken: %v", r.Seq, err)
			}
		}
		if s.Pack != "" && !bodies[s.Pack] {
			say(r.Seq, "row %d, %s of %s: its pack %s is missing", r.Seq, s.Kind, r.Subject, short(s.Pack))
		}
		may[s.Pack] = true
		t := telling{s.By, s.Kind, r.Subject, s.Told()}
		if len(told[t]) == 0 {
			say(r.Seq, "row %d, %s of %s by %s: the audit log does not tell of it", r.Seq, s.Kind, r.Subject, s.By)
		} else {
			told[t] = told[t][1:]
		}
	}
	for _, p := range packs {
		if !may[p.SHA256] {
			say(0, "pack %s was put in: neither log tells of it", short(p.SHA256))
		}
	}
	var missing []access.Problem
	for t, seqs := range told {
		for _, seq := range seqs {
			if t.action == Made { // a draft that was begun when the program was stopped: the next one has another hash
				continue
			}
			if !slices.ContainsFunc(rows, func(r access.Row) bool { return taken(r, t.actor, t.action, t.subject, t.told) }) { // else begun again after a stop
				missing = append(missing, access.Problem{Seq: seq, Text: fmt.Sprintf("row %d of the audit log tells of %s of %s by %s, which is not in the log of reviews: it was taken out, or the program was stopped before it was written", seq, t.action, t.subject, t.actor)})
			}
		}
	}
	slices.SortFunc(missing, func(a, b access.Problem) int { return cmp.Compare(a.Seq, b.Seq) })
	return append(found, missing...)
}

func isStep(action string) bool {
	return slices.Contains([]string{Made, Proposed, Returned, Signed, Commented, ActionAdded, ActionDone}, action)
}

// taken says whether the row is the step that was told of.
func taken(r access.Row, actor, action, subject, told string) bool {
	s, err := ReadStep(r)
	return err == nil && s.By == actor && s.Kind == action && r.Subject == subject && s.Told() == told
}
