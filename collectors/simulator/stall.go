package simulator

import (
	"fmt"
	"slices"
	"time"
)

// Stall is a spell in which a unit, with all below it, no longer goes its own way: far behind the path, what reaches the
// simulated systems is on paper, late, unsigned and paid in cash; far before it, a unit catches up. It moves the flows;
// the stocks (catalogues, coverage) only where it says so. Everything that belongs to other units is byte for byte what it
// is without the spell, but for the fee payments, which share one stream.
type Stall struct {
	Unit     string    // code, as in the plan's units
	From, To time.Time // local days, both ends inclusive; a zero To: for good
	Lead     float64   // percentage points before the path to the targets: -100 is a standstill, 100 does all there is
	Stocks   bool      // the stocks move too
}

// stall is a Stall on the world's calendar.
type stall struct {
	unit     string
	from, to day
	lead     float64
	stocks   bool
}

// stallsOf reads the spells of a configuration; units are known by then.
func (w *world) stallsOf(list []Stall, loc *time.Location) error {
	for _, s := range list {
		x := stall{unit: s.Unit, from: clockOf(s.From, loc).day(), to: dusk, lead: s.Lead, stocks: s.Stocks}
		if !s.To.IsZero() {
			x.to = clockOf(s.To, loc).day()
		}
		if !slices.ContainsFunc(w.plan.units, func(u *unit) bool { return u.code == s.Unit }) {
			return fmt.Errorf("stall: the plan has no unit %q", s.Unit)
		}
		if x.to < x.from {
			return fmt.Errorf("stall of %s: it ends on %s, before it begins on %s", s.Unit, x.to, x.from)
		}
		w.stalls = append(w.stalls, x)
	}
	return nil
}

// stalled is how far a spell holds a unit before the path on a day, in percentage points; the last spell that covers the
// day wins.
func (w *world) stalled(ind *indicator, u *unit, d day) (lead float64, ok bool) {
	for _, s := range slices.Backward(w.stalls) {
		if d < s.from || d > s.to || ind.Window != "year_to_date" && !s.stocks {
			continue
		}
		for v := u; v != nil; v = v.parent {
			if v.code == s.unit {
				return s.lead, true
			}
		}
	}
	return 0, false
}
