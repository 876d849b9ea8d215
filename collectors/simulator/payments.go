package simulator

import (
	"cmp"
	"slices"
	"strconv"
)

// payment is one payment of a dossier's fee; its states are in its versions.
type payment struct {
	dossier  int32
	amount   int64
	paid     sec  // ThoiGianGD
	hour12   bool // the system wrote the hour with a 12-hour clock
	bad      badKind
	versions []paymentVersion
}

type paymentVersion struct {
	at    sec
	state string
}

// States of the payment platform.
const (
	statePaid      = "DA_THANH_TOAN"
	stateWaiting   = "CHO"
	stateUnpaid    = "CHUA"
	stateCancelled = "HUY"
	stateRefunded  = "HOAN_TIEN"
)

// hour12PerMille of the payments carry the afternoon's hour without saying so.
const hour12PerMille = 40

// makePayments pays the fees of dossiers that have one: online ones mostly online, some late, some cancelled, some paid
// back.
func (w *world) makePayments() {
	r := w.rng("payments")
	for i := range w.dossiers {
		d := &w.dossiers[i]
		p := &w.procedures[d.procedure]
		if !p.hasFee {
			continue
		}
		share := 0.25 + 0.6*float64(d.submitted.day()-w.from)/float64(w.asOf-w.from+1)
		if d.channel != 2 {
			share /= 6
		}
		if r.Float64() > share {
			continue
		}
		x := payment{dossier: int32(i), amount: p.fee, paid: d.received + sec(r.IntN(5*3600))}
		x.hour12 = perMille(r, hour12PerMille) && x.paid%secDay >= 13*secHour
		add := func(at sec, state string) {
			if at <= w.until {
				x.versions = append(x.versions, paymentVersion{at, state})
			}
		}
		seen := x.paid + 60 + sec(r.IntN(1800))
		switch y := r.IntN(100); {
		case y < 3:
			add(seen, stateUnpaid)
		case y < 4:
			add(seen, stateWaiting)
		case y < 7:
			add(seen, stateWaiting)
			add(seen+sec(1+r.IntN(5))*secDay, stateCancelled)
		case y < 14:
			add(seen, stateWaiting)
			add(seen+sec(1+r.IntN(72))*secHour, statePaid)
		case y < 17:
			add(seen, statePaid)
			add(seen+sec(10+r.IntN(50))*secDay, stateRefunded)
		default:
			add(seen, statePaid)
		}
		switch y := r.IntN(1000); {
		case y < badOrganPerMille:
			x.bad = badOrgan
		case y < badOrganPerMille+badRowPerMille:
			x.bad = badAmbiguous
		case y < badOrganPerMille+badRowPerMille+badIDPerMille:
			x.bad = badID
		}
		if len(x.versions) > 0 {
			w.payments = append(w.payments, x)
		}
	}
}

// reference is MaThamChieu.
func (p *payment) reference() string { return "TT" + strconv.Itoa(int(10_000_000+p.dossier)) }

// moment is one version of one thing in a list that is sorted by update time.
type moment struct {
	at             sec
	thing, version int32
}

func sortMoments(list []moment) []moment {
	slices.SortFunc(list, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.thing, b.thing), cmp.Compare(a.version, b.version))
	})
	return list
}

// window is what of a sorted list an updated-since query shows at the clock: the newest version of each thing, if it
// changed since.
func window(list []moment, since, now sec, newest func(thing int32) int32) []moment {
	from, _ := slices.BinarySearchFunc(list, since, func(m moment, t sec) int { return cmp.Compare(m.at, t) })
	var out []moment
	for _, m := range list[from:] {
		if m.at > now {
			break
		}
		if newest(m.thing) == m.version {
			out = append(out, m)
		}
	}
	return out
}
