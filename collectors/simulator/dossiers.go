package simulator

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
)

// dossier is one dossier; what moves in its life is in its versions, changes[first:last].
type dossier struct {
	agency      *unit // where it was handed in
	procedure   int32 // index into procedures
	serial      int32 // of the agency's day
	first, last int32 // versions
	submitted   sec
	received    sec
	due         sec   // 0: the record has no deadline
	channel     uint8 // 1 in person, 2 online, 3 post
	person      uint8 // LoaiDoiTuong
	full        bool
	bad         badKind
	fixed       int32 // index of the version that puts it right; last: never
	twice       bool  // the list shows the version before the current one too
	suspect     bool  // the same submission stands under another identifier
}

// dossierVersion is a dossier as its source shows it from an instant on.
type dossierVersion struct {
	at       sec // from here on it shows
	stamp    sec // what it says of its update (NgayCapNhat): mostly at, for some hours earlier
	dossier  int32
	status   uint8
	moved    uint8 // how often the deadline moved
	due      sec   // the deadline in force, 0: none
	finished sec
	returned sec
}

// makeDossiers hands in the dossiers, agency by agency, each with its own pace.
func (w *world) makeDossiers() {
	agencies := w.units("department", "district", "commune")
	weights := make([]float64, len(agencies))
	var total float64
	for i, u := range agencies {
		weights[i] = w.weight(u)
		total += weights[i]
	}
	w.dossiers = make([]dossier, 0, w.size.Dossiers+w.size.Dossiers/50)
	w.changes = make([]dossierVersion, 0, w.size.Dossiers*3)
	for i, u := range agencies {
		w.agencyDossiers(u, int(float64(w.size.Dossiers)*weights[i]/total))
	}
}

// weight is an agency's part of the work, in proportion to the days it exists.
func (w *world) weight(u *unit) float64 {
	lives := float64(min(u.to, w.asOf)-max(u.from, w.from)+1) / float64(w.asOf-w.from+1)
	x := 0.4 + 1.6*w.draw("weight", u.key())
	switch u.level {
	case "department":
		x *= 4
		if w.rank[u]%9 == 8 {
			x = 0.1 // hardly anybody comes here
		}
	case "district":
		x *= 5
	}
	if u.district() == w.small {
		x *= 0.12
	}
	return x * lives
}

func (w *world) agencyDossiers(u *unit, n int) {
	r := w.rng("dossiers", u.key())
	online, onTime := w.indicatorOf("dossier.online", u), w.indicatorOf("dossier.on_time", u)
	from, to := max(u.from, w.from), min(u.to, w.asOf)
	if n == 0 || to < from {
		return
	}
	mine := w.agencyProcedures(u)
	if len(mine) == 0 {
		return
	}
	submitted := make([]sec, n)
	for i := range submitted {
		d := from + day(r.IntN(int(to-from)+1))
		for try := 0; !w.plan.working(d) && try < 6 && r.IntN(10) > 0; try++ { // online ones come on Sundays too
			d = from + day(r.IntN(int(to-from)+1))
		}
		submitted[i] = d.at(7, 0) + sec(r.IntN(10*3600))
	}
	slices.Sort(submitted)
	var serial int32
	for i, s := range submitted {
		if i > 0 && submitted[i-1].day() == s.day() {
			serial++
		} else {
			serial = 1
		}
		proc := mine[r.IntN(len(mine))]
		for try := 0; !w.procedures[proc].inForce(s.day()) && try < 8; try++ {
			proc = mine[r.IntN(len(mine))]
		}
		d := dossier{agency: u, procedure: int32(proc), serial: serial, submitted: s, person: uint8(1 + r.IntN(4)),
			full: w.procedures[proc].level(s.day()) == 4, channel: 1}
		if r.Float64() < w.share(online, u, s.day()) {
			d.channel = 2
		} else if r.IntN(8) == 0 {
			d.channel = 3
		}
		w.oneDossier(r, d, w.share(onTime, u, s.day()))
		if perMille(r, suspectPerMille) { // the same thing again under the next number
			serial++
			d.serial, d.suspect = serial, true
			w.oneDossier(r, d, w.share(onTime, u, s.day()))
		}
	}
}

// agencyProcedures is what the agency handles, with what it took over.
func (w *world) agencyProcedures(u *unit) []int {
	all := slices.Clone(w.byAgency[u])
	for _, p := range u.predecessors {
		all = append(all, w.byAgency[p]...)
	}
	return all
}

// oneDossier plays a dossier's life and records what its source shows of it, and when.
func (w *world) oneDossier(r *rand.Rand, d dossier, onTime float64) {
	proc := &w.procedures[d.procedure]
	d.received = d.submitted + sec(r.IntN(20*3600))
	if d.received.day() > d.submitted.day() {
		d.received = w.plan.after(d.submitted.day(), 1).at(8, r.IntN(50))
	}
	due := w.plan.after(d.received.day(), proc.days).at(17, 0)
	if !perMille(r, noDeadlinePerMille) {
		d.due = due
	}
	moved := perMille(r, movedPerMille)
	movedDue := w.plan.after(due.day(), 3+r.IntN(8)).at(17, 0)
	last := due
	if moved {
		last = movedDue
	}
	var finish sec
	if r.Float64() < onTime {
		span := last.day() - d.received.day()
		finish = (d.received.day()+day(r.IntN(int(span)+1))).at(8, 0) + sec(r.IntN(9*3600))
		finish = max(finish, d.received+secHour)
		if r.IntN(40) == 0 {
			finish = last
		}
	} else {
		finish = (last.day()+1+day(r.IntN(18))).at(8, 0) + sec(r.IntN(9*3600))
	}
	status := uint8(9)
	switch x := r.IntN(1000); {
	case x < 20:
		status = 7
	case x < 36:
		status = 3
	case x < 44:
		status = 8
	}

	entered := d.received + secHour/2 + sec(r.IntN(3*3600))
	if perMille(r, latePerMille) { // in bulk, in the night before a Saturday
		night := d.received.day() + 6 + day(r.IntN(20))
		night += day((6 - night.weekday() + 7) % 7)
		entered = night.at(1, 0) + sec(r.IntN(2*3600))
	}
	d.first = int32(len(w.changes))
	me := int32(len(w.dossiers))
	show := func(v dossierVersion) {
		v.dossier = me
		if n := len(w.changes); n > int(d.first) && v.at <= w.changes[n-1].at {
			v.at = w.changes[n-1].at + 1
		}
		v.stamp = v.at
		if perMille(r, delayedPerMille) { // the record comes through late, with the time of its update
			v.stamp -= sec(r.IntN(30 * 3600))
			if n := len(w.changes); n > int(d.first) {
				v.stamp = max(v.stamp, w.changes[n-1].stamp+1)
			}
		}
		if v.at <= w.until {
			w.changes = append(w.changes, v)
		}
	}
	v := dossierVersion{at: entered, status: 4, due: d.due}
	if r.IntN(6) == 0 {
		v.status = 2
	}
	if finish > entered {
		show(v)
	}
	if moved && d.due > 0 {
		v.moved, v.due, v.status = 1, movedDue, 5
		v.at = max(entered, d.received+sec(due-d.received)/2)
		if v.at < finish {
			show(v)
		}
	}
	if status != 3 {
		v.finished = finish
	}
	v.status, v.at = status, max(entered, finish)+60+sec(r.IntN(90*60))
	if r.IntN(20) == 0 {
		v.at += sec(1+r.IntN(20)) * secDay
	}
	closed := v.at
	show(v)
	if status == 9 && r.IntN(10) < 8 {
		v.status, v.returned = 10, finish+sec(r.IntN(3*86400))
		v.at = max(v.returned+600, v.at+60)
		show(v)
	}
	if perMille(r, touchedPerMille) && status == 9 {
		v.at = closed + sec(15+r.IntN(50))*secDay + sec(r.IntN(3600))
		switch late := v.due > 0 && v.finished.day() > v.due.day(); {
		case late && r.IntN(2) == 0:
			v.finished = max(v.due, d.received) // to the second
		case late:
			v.moved, v.due = v.moved+1, w.plan.after(v.finished.day(), 1).at(17, 0)
		case r.IntN(3) == 0:
			v.status, v.finished, v.returned = 4, 0, 0 // taken up again
		default:
			v.finished = max(v.finished-sec(r.IntN(2*86400)), d.received+60)
		}
		show(v)
	}
	w.spoil(r, &d)
	d.last = int32(len(w.changes))
	if d.last == d.first { // not even entered by the end
		return
	}
	if d.bad == good || d.fixed > d.last {
		d.fixed = d.last
	}
	w.dossiers = append(w.dossiers, d)
}

// spoil makes some dossiers malformed; half of them are put right weeks later by one more version.
func (w *world) spoil(r *rand.Rand, d *dossier) {
	d.twice = perMille(r, twicePerMille)
	x := r.IntN(1000)
	for _, k := range []struct {
		kind badKind
		n    int
	}{{badOrgan, badOrganPerMille}, {badDate, badDatePerMille}, {badFuture, badFuturePerMille}, {badID, badIDPerMille},
		{badOrder, badOrderPerMille}, {badStatus, badStatusPerMille}} {
		if x < k.n {
			d.bad = k.kind
			break
		}
		x -= k.n
	}
	if d.bad == good {
		return
	}
	d.twice = false
	d.fixed = int32(len(w.changes))
	if n := len(w.changes); d.bad == badID || r.IntN(100) >= fixedShare || n == int(d.first) {
		d.fixed++ // beyond the last: never
		return
	}
	v := w.changes[len(w.changes)-1]
	v.at += sec(10+r.IntN(50)) * secDay
	v.stamp = v.at
	if v.at <= w.until {
		w.changes = append(w.changes, v)
	} else {
		d.fixed++
	}
}

// current is the index of the version that the source shows at an instant; -1 before the first.
func (w *world) current(d *dossier, at sec) int32 {
	v := int32(-1)
	for i := d.first; i < d.last && w.changes[i].at <= at; i++ {
		v = i
	}
	return v
}

// resolved says whether a version counts as a resolved dossier: processed, returned or withdrawn, with a finish date.
func (v *dossierVersion) resolved() bool {
	return v.finished > 0 && (v.status == 7 || v.status == 9 || v.status == 10)
}

// handler is the unit whose code a version carries: a unit that has ended by the finish day has a successor.
func (d *dossier) handler(v *dossierVersion) *unit {
	if v.finished > 0 {
		return d.agency.on(v.finished.day())
	}
	return d.agency.on(d.received.day())
}

// id is MaHoSo: the agency's identifier, the day and a serial number.
func (d *dossier) id(b []byte) []byte {
	b = append(b, d.agency.oldStyle()...)
	b = append(b, '-')
	b = append(b, d.submitted.day().compact(nil)[2:]...)
	b = append(b, '-')
	n := strconv.Itoa(int(d.serial))
	for range 4 - len(n) {
		b = append(b, '0')
	}
	return append(b, n...)
}

// byUpdate is all versions in the order in which a list shows them.
func (w *world) byUpdate() []int32 {
	order := make([]int32, len(w.changes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		va, vb := &w.changes[a], &w.changes[b]
		if va.stamp != vb.stamp {
			return cmp.Compare(va.stamp, vb.stamp)
		}
		return cmp.Compare(va.dossier, vb.dossier)
	})
	return order
}
