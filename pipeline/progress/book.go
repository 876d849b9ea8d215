package progress

import (
	"cmp"
	"slices"

	"tiendo/pipeline/plan"
)

// Row is one figure as it was known from KnownAt on. Unit is the reporting unit; for a facility's figure Unit.Code is the
// facility's code and Unit.From is NoDay.
type Row struct {
	Measure string
	Source  string
	Unit    plan.UnitKey
	Dims    string
	End     plan.Day // the day, or the last day of the period
	Value   int64
	KnownAt int64 // unix milliseconds
}

// Facility is an institution of the registry: where it stands and who manages it.
type Facility struct {
	Code      string
	Kind      string
	LocatedIn plan.UnitKey
	ManagedBy plan.UnitKey
	From, To  plan.Day
	KnownAt   int64
}

// BaselineRow is a frozen, cited figure at the plan's start. Denominator 0: Numerator alone is the baseline, a count.
type BaselineRow struct {
	Indicator   string
	Unit        plan.UnitKey
	Day         plan.Day
	Numerator   int64
	Denominator int64
	KnownAt     int64
}

// Knowledge is everything the store knew at a moment. Rows of one key (measure, source, unit, dims, end) stand together,
// in the order of KnownAt.
type Knowledge struct {
	Rows       []Row
	Facilities []Facility
	Baselines  []BaselineRow
	Snapshots  map[string][]int64 // source -> fetch times of complete snapshots, unix ms, ascending
}

// Book answers any figure of a plan as of any day, as known at one moment. It only reads its inputs, and is safe for
// concurrent use once built.
type Book struct {
	plan       *plan.Plan
	histories  map[string]map[plan.UnitKey]map[string]*history // measure/source -> reporting unit -> dims
	facilities []Facility
	baselines  map[baselineKey]BaselineRow
	snapshots  map[string][]snapshot
	received   map[receiptKey]receipt
	firstWeek  plan.Day
}

type baselineKey struct {
	indicator string
	unit      plan.UnitKey
}

type snapshot struct {
	day     plan.Day
	knownAt int64
}

// history is what one reporting unit stated over time: values by period end, their running sum, and until when all of it
// up to there was learnt.
type history struct {
	ends   []plan.Day
	values []int64
	sums   []int64
	known  []int64 // running maximum
}

// NewBook arranges what is known for the plan in force on that day. It takes k.Rows over.
func NewBook(p *plan.Plan, k Knowledge) *Book {
	b := &Book{
		plan:       p,
		histories:  map[string]map[plan.UnitKey]map[string]*history{},
		facilities: k.Facilities,
		baselines:  make(map[baselineKey]BaselineRow, len(k.Baselines)),
		snapshots:  make(map[string][]snapshot, len(k.Snapshots)),
		received:   map[receiptKey]receipt{},
		firstWeek:  (p.Start + 6).Sunday(),
	}
	for _, r := range k.Baselines {
		b.baselines[baselineKey{r.Indicator, r.Unit}] = r
	}
	for source, times := range k.Snapshots {
		for _, ms := range times {
			b.snapshots[source] = append(b.snapshots[source], snapshot{dayOfMillis(ms), ms})
		}
	}
	rows := slices.DeleteFunc(k.Rows, b.announced)
	reports := receiptMeasures(p)
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && sameKey(rows[i], rows[j]) {
			j++
		}
		if reports[rows[i].Measure] {
			b.note(rows[i])
		}
		last := j - 1
		since := last // the same value stated again is not news
		for since > i && rows[since-1].Value == rows[last].Value {
			since--
		}
		b.history(rows[i]).add(rows[last].End, rows[last].Value, rows[since].KnownAt)
		i = j
	}
	for _, units := range b.histories {
		for _, dims := range units {
			for _, h := range dims {
				h.settle()
			}
		}
	}
	return b
}

// announced says that a row speaks of a day that lay ahead when it was fetched (a procedure's stated end), and that no
// complete snapshot since has reached that day: it is not known yet.
func (b *Book) announced(r Row) bool {
	if r.End <= dayOfMillis(r.KnownAt) {
		return false
	}
	all := b.snapshots[r.Source]
	return len(all) == 0 || all[len(all)-1].day < r.End
}

func sameKey(a, b Row) bool {
	return a.Measure == b.Measure && a.Source == b.Source && a.Unit == b.Unit && a.Dims == b.Dims && a.End == b.End
}

func (b *Book) history(r Row) *history {
	key := r.Measure + "/" + r.Source
	units := b.histories[key]
	if units == nil {
		units = map[plan.UnitKey]map[string]*history{}
		b.histories[key] = units
	}
	dims := units[r.Unit]
	if dims == nil {
		dims = map[string]*history{}
		units[r.Unit] = dims
	}
	h := dims[r.Dims]
	if h == nil {
		h = &history{}
		dims[r.Dims] = h
	}
	return h
}

func (h *history) add(end plan.Day, value, knownAt int64) {
	h.ends = append(h.ends, end)
	h.values = append(h.values, value)
	h.known = append(h.known, knownAt)
}

// settle sorts by end, adds up what stands twice on one end and computes the running sums.
func (h *history) settle() {
	order := make([]int, len(h.ends))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h.ends[a], h.ends[b]) })
	s := history{}
	for _, i := range order {
		if n := len(s.ends); n > 0 && s.ends[n-1] == h.ends[i] {
			s.values[n-1] += h.values[i]
			s.known[n-1] = max(s.known[n-1], h.known[i])
			continue
		}
		s.add(h.ends[i], h.values[i], h.known[i])
	}
	var sum, known int64
	for i, v := range s.values {
		sum += v
		known = max(known, s.known[i])
		s.sums = append(s.sums, sum)
		s.known[i] = known
	}
	*h = s
}

// at is the index of the newest end on or before the day, -1 if there is none.
func (h *history) at(d plan.Day) int {
	if h == nil {
		return -1
	}
	i, found := slices.BinarySearch(h.ends, d)
	if found {
		return i
	}
	return i - 1
}

// latest is the newest value on or before the day.
func (h *history) latest(d plan.Day) (value int64, end plan.Day, ok bool) {
	i := h.at(d)
	if i < 0 {
		return 0, plan.NoDay, false
	}
	return h.values[i], h.ends[i], true
}

// on is the value of exactly that end.
func (h *history) on(end plan.Day) (int64, bool) {
	i := h.at(end)
	if i < 0 || h.ends[i] != end {
		return 0, false
	}
	return h.values[i], true
}

// sum adds the values whose ends lie in [from, to].
func (h *history) sum(from, to plan.Day) int64 {
	upTo := func(d plan.Day) int64 {
		if i := h.at(d); i >= 0 {
			return h.sums[i]
		}
		return 0
	}
	return upTo(to) - upTo(from-1)
}

// knownBy is when the newest of what is stated up to the day was learnt; 0 where nothing is.
func (h *history) knownBy(d plan.Day) int64 {
	if i := h.at(d); i >= 0 {
		return h.known[i]
	}
	return 0
}

// merge adds histories up, end by end.
func merge(all []*history) *history {
	out := &history{}
	for _, h := range all {
		if h == nil {
			continue
		}
		for i, end := range h.ends {
			out.add(end, h.values[i], h.known[i])
		}
	}
	out.settle()
	return out
}
