package simulator

import (
	"fmt"
	"slices"
	"time"
)

// Stall is a spell in which a unit, with all below it, no longer works as it did: what reaches the simulated systems from
// then on is on paper, late, unsigned and paid in cash, and so the shares of its flows fall. Stocks (catalogues, coverage)
// stay. Everything that belongs to other units is byte for byte what it is without the spell, but for the fee payments,
// which share one stream.
type Stall struct {
	Unit     string    // code, as in the plan's units
	From, To time.Time // local days, both ends inclusive; a zero To: for good
	Share    float64   // share of the good cases while it lasts, in [0,1]: 0 is a standstill, 1 a unit that catches up
}

// stall is a Stall on the world's calendar.
type stall struct {
	unit     string
	from, to day
	share    float64
}

// stallsOf reads the spells of a configuration; units are known by then.
func (w *world) stallsOf(list []Stall, loc *time.Location) error {
	for _, s := range list {
		x := stall{unit: s.Unit, from: clockOf(s.From, loc).day(), to: dusk, share: s.Share}
		if !s.To.IsZero() {
			x.to = clockOf(s.To, loc).day()
		}
		switch {
		case !slices.ContainsFunc(w.plan.units, func(u *unit) bool { return u.code == s.Unit }):
			return fmt.Errorf("stall: the plan has no unit %q", s.Unit)
		case x.to < x.from:
			return fmt.Errorf("stall of %s: it ends on %s, before it begins on %s", s.Unit, x.to, x.from)
		case s.Share < 0 || s.Share > 1:
			return fmt.Errorf("stall of %s: share %v is not between 0 and 1", s.Unit, s.Share)
		}
		w.stalls = append(w.stalls, x)
	}
	return nil
}

// stalled is the share that a flow is held at on a day; the newest spell that covers it wins.
func (w *world) stalled(ind *indicator, u *unit, d day) (share float64, ok bool) {
	if ind.Window != "year_to_date" {
		return 0, false
	}
	for _, s := range slices.Backward(w.stalls) {
		if d < s.from || d > s.to {
			continue
		}
		for v := u; v != nil; v = v.parent {
			if v.code == s.unit {
				return s.share, true
			}
		}
	}
	return 0, false
}
