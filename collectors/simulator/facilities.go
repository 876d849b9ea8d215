package simulator

import (
	"fmt"
	"slices"
)

// facility is a hospital, school or institution of the registry.
type facility struct {
	code, name, kind string
	located          *unit // commune
	managed          *unit
	from, to         day
	toKnown          sec // when the registry says that it ends; 0: from the beginning
}

func (f *facility) validOn(d day) bool { return d >= f.from && d <= f.to }

// The registry has a second edition, in the summer before the last one: it names a few schools that open and one that
// closes.
func (w *world) registryAgain() sec { return newDay(w.asOf.year()-1, 8, 15).at(9, 0) }
func (w *world) schoolsOpen() day   { return newDay(w.asOf.year()-1, 9, 3) }
func (w *world) schoolCloses() day  { return newDay(w.asOf.year()-1, 8, 31) }

// makeFacilities puts up hospitals, schools and institutions. They stand in communes that last, so that a facility never
// has to move; institutions of higher learning stand in a third of the districts only.
func (w *world) makeFacilities() {
	lasting := func(u *unit) bool { return u.to >= w.asOf && u.from == dawn }
	add := func(kind, name string, at, managed *unit, from day) {
		w.facilities = append(w.facilities, facility{code: fmt.Sprintf("CS%05d", 10001+len(w.facilities)*3), name: fmt.Sprintf("%s số %d", name, len(w.facilities)+1),
			kind: kind, located: at, managed: managed, from: from, to: dusk})
	}
	kinds := func(measure string) []string {
		if ind := w.indicatorOf(measure, w.plan.units[0]); ind != nil {
			return ind.FacilityKinds
		}
		return nil
	}
	has := func(kind string) bool {
		return slices.ContainsFunc(w.plan.indicators, func(i indicator) bool { return slices.Contains(i.FacilityKinds, kind) })
	}
	for n, d := range w.units("district") {
		var communes []*unit
		for _, c := range d.children {
			if lasting(c) {
				communes = append(communes, c)
			}
		}
		if len(communes) == 0 {
			continue
		}
		for _, kind := range kinds("hospital_fee.cashless_amount") {
			for i := 0; i < 1+n%5/4+map[bool]int{true: 3}[n == 0]; i++ {
				add(kind, "Bệnh viện, trung tâm y tế", communes[i%len(communes)], d, dawn)
			}
		}
		for _, c := range communes {
			for _, school := range []struct {
				kind, name string
				share      float64
			}{{"primary_school", "Trường tiểu học", 1}, {"lower_secondary_school", "Trường trung học cơ sở", 0.8}, {"upper_secondary_school", "Trường trung học phổ thông", 0.3}} {
				if has(school.kind) && w.draw(school.kind, c.key()) < school.share {
					from := dawn
					if w.draw("opened", school.kind, c.key()) < 0.01 {
						from = w.schoolsOpen()
					}
					add(school.kind, school.name, c, d, from)
				}
			}
		}
		if n%3 == 0 {
			for i, kind := range []string{"vocational", "college", "university"} {
				if has(kind) && (i == 0 || n%(3*(i+1)) == 0) {
					for k := range 3 - i {
						add(kind, map[string]string{"vocational": "Cơ sở giáo dục nghề nghiệp", "college": "Trường cao đẳng", "university": "Trường đại học"}[kind], communes[k%len(communes)], d, dawn)
					}
				}
			}
		}
	}
	closing := slices.IndexFunc(w.facilities, func(f facility) bool {
		return f.kind == "primary_school" && f.from == dawn && w.draw("closes", f.code) < 0.02
	})
	if closing >= 0 {
		w.facilities[closing].to, w.facilities[closing].toKnown = w.schoolCloses(), w.registryAgain()
	}
}
