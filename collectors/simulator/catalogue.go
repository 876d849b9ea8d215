package simulator

import (
	"fmt"
	"math"
	"strconv"
)

// procedure is one procedure as one agency handles it.
type procedure struct {
	agency   *unit // that brought it in; whoever took its place handles it later
	code     string
	eligible bool
	hasFee   bool
	fee      int64
	days     int // working days it may take
	fullFrom day // full process from this day, dusk: never
	from, to day // in force; to is the last day
	bad      badKind
}

// Lengths of the catalogues: communes and districts each share one list, every department has its own.
const (
	communeProcedures    = 10
	districtProcedures   = 22
	departmentProcedures = 12
)

// makeCatalogue gives every agency its procedures. A unit that begins later takes over those of its predecessors.
func (w *world) makeCatalogue() {
	for _, u := range w.units("department", "district", "commune") {
		if len(u.predecessors) > 0 && u.from > w.from {
			continue
		}
		full, cut := w.indicatorOf("procedure.full", u), w.indicatorOf("procedure.in_force", u)
		list, n, first := u.level, communeProcedures, 900
		switch u.level {
		case "district":
			n, first = districtProcedures, 600
		case "department":
			list, n, first = u.key(), departmentProcedures+w.rank[u]%5, 1000+40*w.rank[u]
		}
		for i := range n {
			code := fmt.Sprintf("%d.%06d", 1+i%2, 2000+first+i)
			p := procedure{agency: u, code: code, from: dawn, to: dusk, fullFrom: dusk,
				eligible: i == 0 || w.draw("eligible", list, code) < 0.8, days: 3 + int(w.draw("days", code)*18),
				hasFee: w.draw("fee", code) < 0.5}
			if p.hasFee {
				p.fee = 5000 * (1 + int64(w.draw("amount", code)*60))
			}
			if i == n-1 && w.draw("new", list) < 0.3 { // a law brought it in later
				p.from = w.midweek(w.plan.start + 200 + day(w.draw("newday", list)*500))
			}
			if p.eligible {
				p.fullFrom = w.reached(func(d day) float64 { return w.share(full, u, d) }, 0.05+0.94*w.draw("full", u.key(), code))
			}
			if cut != nil && p.from == dawn && i > 0 {
				at := w.reached(func(d day) float64 { return w.pathAt(cut, d) / 80 }, (float64(i)-0.5)/float64(n))
				if at < dusk {
					at -= 30 + day(math.Round(30*w.lead(cut, u)))
					p.to = w.midweek(max(at, w.plan.start+10+day(30*i))) // nothing is cut before the count it is cut from
				}
			}
			switch x := w.draw("badprocedure", u.key(), code) * 1000; {
			case x < badOrganPerMille:
				p.bad = badOrgan
			case x < badOrganPerMille+badIDPerMille:
				p.bad = badID
			case x < badOrganPerMille+badIDPerMille+badDatePerMille:
				p.bad = badDate
			}
			w.byAgency[u] = append(w.byAgency[u], len(w.procedures))
			w.procedures = append(w.procedures, p)
		}
	}
}

// reached is the first month's beginning on which f passes x; dusk: not by the end.
func (w *world) reached(f func(day) float64, x float64) day {
	for d := w.from - 30; d <= w.asOf; d += 30 {
		if f(d) > x {
			return d
		}
	}
	return dusk
}

// midweek is the Wednesday of the week, so that no procedure begins or ends on a day of a snapshot.
func (w *world) midweek(d day) day { return d - day(d.weekday()) + 3 }

func (p *procedure) inForce(d day) bool { return d >= p.from && d <= p.to }

// level is the service level (MucDo): 4 full process, 3 partial, 2 information.
func (p *procedure) level(d day) int {
	switch {
	case d >= p.fullFrom:
		return 4
	case p.eligible:
		return 3
	}
	return 2
}

// catalogueOn lists the catalogue as the system shows it at a day: agencies as they are then, ended procedures for
// ninety days more. A unit that took over the same procedure from two others handles it once.
func (w *world) catalogueOn(d day, yield func(agency *unit, p *procedure)) {
	seen := map[string]bool{}
	for i := range w.procedures {
		p := &w.procedures[i]
		u := p.agency.on(d)
		if u == nil || d > p.to+90 && p.to != dusk || d < p.from-30 && p.from != dawn {
			continue
		}
		if u != p.agency {
			key := strconv.Itoa(u.index) + p.code
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		yield(u, p)
	}
}
