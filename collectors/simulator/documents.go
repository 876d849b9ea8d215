package simulator

import (
	"cmp"
	"slices"
	"strconv"
)

// document is one e-document on the exchange axis, as its sender sent it.
type document struct {
	from, to *unit
	number   int // of the sender's register
	sent     sec
	received sec // 0: not arrived yet
	recalled sec // from when the axis shows it as recalled, 0: never
	bad      badKind
}

// recalledPerMille of the documents are recalled by their sender, days or weeks later.
const recalledPerMille = 15

// makeDocuments sends documents between agencies on working days.
func (w *world) makeDocuments() {
	senders := w.units("department", "mass_organisation", "district", "commune")
	var total float64
	weight := func(u *unit) float64 {
		lives := float64(min(u.to, w.asOf)-max(u.from, w.from)+1) / float64(w.asOf-w.from+1)
		return lives * (0.5 + w.draw("sends", u.key())) * map[string]float64{"department": 6, "mass_organisation": 2, "district": 6, "commune": 1}[u.level]
	}
	for _, u := range senders {
		total += weight(u)
	}
	for _, u := range senders {
		r := w.rng("documents", u.key())
		from, to := max(u.from, w.from), min(u.to, w.asOf)
		for range int(float64(w.size.Documents) * weight(u) / total) {
			d := document{from: u, to: senders[r.IntN(len(senders))]}
			on := from + day(r.IntN(int(to-from)+1))
			for try := 0; !w.plan.working(on) && try < 9; try++ {
				on = from + day(r.IntN(int(to-from)+1))
			}
			d.sent = on.at(7, 30) + sec(r.IntN(9*3600))
			d.received = d.sent + sec(1+r.IntN(7200))
			if !d.to.validOn(on) {
				d.to = senders[0]
			}
			if perMille(r, recalledPerMille) {
				d.recalled = d.sent + secHour + sec(r.IntN(20*86400))
			}
			switch x := r.IntN(1000); {
			case x < badOrganPerMille:
				d.bad = badOrgan
			case x < badOrganPerMille+badIDPerMille:
				d.bad = badID
			case x < badOrganPerMille+badIDPerMille+badDatePerMille:
				d.bad = badDate
			}
			w.documents = append(w.documents, d)
		}
	}
	slices.SortStableFunc(w.documents, func(a, b document) int {
		return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.from.index, b.from.index))
	})
	next := map[*unit]int{}
	for i := range w.documents {
		next[w.documents[i].from]++
		w.documents[i].number = next[w.documents[i].from]
	}
}

// id is OrganId,yyyy/MM/dd,số/ký hiệu, as edXML writes a DocumentId.
func (d *document) id() string {
	y, m, dd := d.sent.day().date()
	b := append([]byte(d.from.oldStyle()), ',')
	b = append(strconv.AppendInt(b, int64(y), 10), '/')
	b = append(two(b, int(m)), '/')
	b = append(two(b, dd), ',')
	return string(b) + d.notation()
}

func (d *document) notation() string { return strconv.Itoa(d.number) + "/CV-" + d.from.organ }
