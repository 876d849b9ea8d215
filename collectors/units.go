package collectors

import (
	"strings"
	"sync"

	"tiendo/pipeline/plan"
)

// UnitFinder resolves source systems' organ codes and names. It remembers what it has found, because a large pull asks
// for the same few codes a million times; what it finds depends on code and day only.
type UnitFinder struct {
	units *plan.Units
	mu    sync.RWMutex
	found map[string][]*plan.Unit
}

// NewUnitFinder takes the plan's units.
func NewUnitFinder(units *plan.Units) *UnitFinder {
	return &UnitFinder{units: units, found: map[string][]*plan.Unit{}}
}

// ByCode is plan.Units.ByOrganCode.
func (f *UnitFinder) ByCode(code []byte, d plan.Day) (*plan.Unit, error) {
	f.mu.RLock()
	known := f.found[string(code)]
	f.mu.RUnlock()
	for _, u := range known {
		if u.ValidOn(d) {
			return u, nil
		}
	}
	u, err := f.units.ByOrganCode(string(code), d)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.found[string(code)] = append(f.found[string(code)], u)
	f.mu.Unlock()
	return u, nil
}

// ByName finds the unit behind a name that may carry the district's name behind a dash ("Xã Bình An - Huyện Châu
// Thành"). rule is empty, unknown_unit, or ambiguous_name where several units of the day bear the name: nothing is guessed.
func (f *UnitFinder) ByName(name string, d plan.Day) (u *plan.Unit, rule string) {
	if u, err := f.units.ByName(name, "", d); err == nil {
		return u, ""
	}
	if f.homonyms(name, d) > 1 {
		return nil, "ambiguous_name"
	}
	cut, width := -1, 0
	for _, dash := range []string{" - ", " – ", " — "} {
		if i := strings.LastIndex(name, dash); i > cut {
			cut, width = i, len(dash)
		}
	}
	if cut < 0 {
		return nil, "unknown_unit"
	}
	own, within := name[:cut], name[cut+width:]
	if u, err := f.units.ByName(own, within, d); err == nil {
		return u, ""
	}
	return nil, "unknown_unit"
}

func (f *UnitFinder) homonyms(name string, d plan.Day) int {
	n := 0
	for _, u := range f.units.All {
		if u.ValidOn(d) && plan.ShortName(u.Name) == plan.ShortName(name) {
			n++
		}
	}
	return n
}
