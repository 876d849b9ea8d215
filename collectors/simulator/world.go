package simulator

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Size says how much the province holds. The zero value is the default province.
type Size struct {
	Dossiers  int // dossiers of the whole span, default 60,000
	Documents int // documents on the exchange axis, default 30,000
}

// Shares of what goes wrong, per thousand records. They are part of what the simulator promises.
const (
	badOrganPerMille   = 3  // an organ code nobody knows
	badDatePerMille    = 2  // a date that is none
	badFuturePerMille  = 1  // a finish date that is far ahead
	badIDPerMille      = 1  // no identifier
	badOrderPerMille   = 1  // finished before it was handed in
	badStatusPerMille  = 1  // a status outside the list
	fixedShare         = 50 // per cent of the malformed records that are put right weeks later
	twicePerMille      = 5  // the same identifier stands twice in a list
	suspectPerMille    = 4  // the same submission under another identifier
	latePerMille       = 45 // entered days later, in bulk at night
	delayedPerMille    = 8  // versions that come through up to thirty hours after their update time
	movedPerMille      = 60 // the deadline moves
	touchedPerMille    = 30 // finish or deadline touched up weeks later
	noDeadlinePerMille = 12
	badRowPerMille     = 4 // a row of a form, table or statistic that cannot be counted
	lateUnitPercent    = 7 // units that hand a form in late
	missingUnitPercent = 2 // units that never hand in a period's form
	restatedPercent    = 3 // rows stated anew weeks later
	noBaselinePercent  = 15
)

// badKind is what is wrong with a record; the pipeline must never count such a one.
type badKind uint8

const (
	good badKind = iota
	badOrgan
	badDate
	badFuture
	badID
	badOrder
	badStatus
	badAmbiguous // a number such as 1.234
	badOver      // numerator over denominator
	badMissing   // no denominator
	badAnswer    // neither yes nor no
)

// world is a generated province: everything that ever happened up to asOf, each thing with its versions and the instant
// from which its source shows each of them.
type world struct {
	plan       *planData
	seed       uint64
	size       Size
	from, asOf day
	until      sec // nothing is known later than this

	rank       map[*unit]int // place of a unit among those of its level
	small      *unit         // the district with the fewest communes: too few cases to say anything
	procedures []procedure
	byAgency   map[*unit][]int // indexes into procedures
	dossiers   []dossier
	changes    []dossierVersion
	payments   []payment
	documents  []document
	facilities []facility
	sets       []*dataset
	baseline   []baseline
	stalls     []stall
}

// generate makes the province of a seed. Every stream of random numbers is derived from the seed and the name of what it
// makes, so that adding one thing leaves all others as they were.
func generate(files fs.FS, seed uint64, size Size, stalls []Stall, loc *time.Location) (*world, error) {
	p, err := loadPlan(files)
	if err != nil {
		return nil, err
	}
	if size.Dossiers == 0 {
		size.Dossiers = 60_000
	}
	if size.Documents == 0 {
		size.Documents = 30_000
	}
	w := &world{plan: p, seed: seed, size: size, asOf: p.asOf, rank: map[*unit]int{}, byAgency: map[*unit][]int{}}
	w.from = newDay(p.start.year(), 1, 1)
	w.until = (w.asOf + 1).at(7, 0)
	if err := w.stallsOf(stalls, loc); err != nil {
		return nil, err
	}
	if p.table != "" {
		return w, nil
	}
	seen := map[string]int{}
	for _, u := range p.units {
		w.rank[u] = seen[u.level]
		seen[u.level]++
		if u.level == "district" && (w.small == nil || len(u.children) < len(w.small.children)) {
			w.small = u
		}
	}
	w.makeCatalogue()
	w.makeDossiers()
	w.makePayments()
	w.makeDocuments()
	if err := w.makeSets(); err != nil {
		return nil, err
	}
	return w, nil
}

// indicatorOf is the indicator whose numerator a measure is, for a unit's level where levels have their own; nil if the
// plan has none.
func (w *world) indicatorOf(measure string, u *unit) *indicator {
	var found *indicator
	for i := range w.plan.indicators {
		ind := &w.plan.indicators[i]
		if ind.Numerator == measure && (found == nil || slices.Contains(ind.OwnLevels, u.level)) {
			found = ind
		}
	}
	return found
}

// rng is the stream of a name.
func (w *world) rng(parts ...string) *rand.Rand {
	return rand.New(rand.NewPCG(w.seed, hash(parts...)))
}

func hash(parts ...string) uint64 {
	h := fnv.New64a()
	for _, s := range parts {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	x := h.Sum64() // FNV's high bits are weak on short input
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// draw is a fixed number in [0,1) that belongs to a name.
func (w *world) draw(parts ...string) float64 {
	return float64((hash(parts...)^w.seed*0x9e3779b97f4a7c15)>>11) / (1 << 53)
}

func perMille(r *rand.Rand, n int) bool { return r.IntN(1000) < n }

// leads are the percentage points by which the districts stand before or behind the path, from champion to last: wide
// enough that every status occurs.
var leads = [...]float64{12, 7.5, -13, 3.5, 0.4, 6, -1.6, 2.2, -0.8, 9, -7, 1.2, -3.5, 4.5, 0}

// lead is how far a unit stands before the path of an indicator, in percentage points.
func (w *world) lead(ind *indicator, u *unit) float64 {
	var base float64
	switch top := u.district(); {
	case u.parent == nil:
		base = leads[int(hash(ind.Code)%uint64(len(leads)))] / 2
	case top.level == "district":
		base = leads[w.rank[top]%len(leads)]
	default:
		base = leads[(w.rank[u]*7+3)%len(leads)]
	}
	top := u.district().key()
	base += 5 * (w.draw("lead", ind.Code, top) - 0.5)
	if u.key() != top {
		base += 6 * (w.draw("lead", ind.Code, u.key()) - 0.5)
	}
	return base
}

// pathAt is the way from under half the first target to each target, in per cent.
func (w *world) pathAt(ind *indicator, d day) float64 {
	type point struct {
		d day
		v float64
	}
	var pts []point
	for _, t := range ind.Targets {
		if t.rat != nil {
			v, _ := t.rat.Float64()
			pts = append(pts, point{t.day, v})
		}
	}
	if len(pts) == 0 {
		pts = []point{{w.plan.start + 500, 65}, {w.plan.start + 1200, 80}}
	}
	start := 0.62
	if ind.Kind == "reduction" {
		start = 0
	}
	pts = slices.Insert(pts, 0, point{w.from, start * pts[0].v})
	for i := 1; i < len(pts); i++ {
		if a, b := pts[i-1], pts[i]; d <= b.d {
			return a.v + (b.v-a.v)*float64(d-a.d)/float64(b.d-a.d)
		}
	}
	return pts[len(pts)-1].v
}

// share is the share that a unit reaches on a day, in [0,1]. One unit in twelve fades in the last months, so that a good
// value with a bad forecast occurs.
func (w *world) share(ind *indicator, u *unit, d day) float64 {
	if ind == nil {
		return 0.5
	}
	if lead, ok := w.stalled(ind, u, d); ok {
		return math.Min(1, math.Max(0.01, (w.pathAt(ind, d)+lead)/100))
	}
	grown := 0.35 + 0.65*float64(d-w.from)/float64(max(1, w.asOf-w.from))
	v := w.pathAt(ind, d)
	scale := 1.0
	if n := len(ind.Targets); n > 0 && ind.Targets[n-1].rat != nil {
		if top, _ := ind.Targets[n-1].rat.Float64(); top < 40 {
			scale = top / 40 // a lead of ten points is no small thing where the target is two
		}
	}
	v += w.lead(ind, u) * grown * scale
	if hash("fading", ind.Code, u.district().key())%12 == 5 {
		if late := float64(d - (w.asOf - 140)); late > 0 {
			v -= 6 * scale * late / 140
		}
	}
	return math.Min(1, math.Max(0.01, v/100))
}

// units lists the province's own units of these levels that exist by the end, in the plan's order.
func (w *world) units(levels ...string) []*unit {
	var out []*unit
	for _, u := range w.plan.units {
		if slices.Contains(levels, u.level) && u.organ != "" && u.from <= w.asOf && w.inProvince(u) {
			out = append(out, u)
		}
	}
	return out
}

func (w *world) inProvince(u *unit) bool {
	for u.parent != nil {
		u = u.parent
	}
	return u.code == w.plan.province
}

// organStyle is a unit's organ code as a system happens to write it.
func (w *world) organStyle(u *unit, salt uint64) string {
	if salt%5 == 0 {
		return u.oldStyle()
	}
	return u.organ
}

// unknownOrgan is a code that no unit has.
func (w *world) unknownOrgan(salt uint64) string {
	return fmt.Sprintf("%s.%02d.%02d", strings.SplitN(w.plan.units[0].organ, ".", 2)[0], 90+salt%9, 50+salt%40)
}
