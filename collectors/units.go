package collectors

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tiendo/pipeline/plan"
)

// UnitFinder resolves source systems' organ codes and names. It remembers what it has found, because a large pull asks
// for the same few codes a million times; what it finds depends on code and day only.
type UnitFinder struct {
	units  *plan.Units
	byName map[string][]*plan.Unit // spelling -> units, with and without the type word
	byFold map[string][]*plan.Unit // short name without diacritics -> units
	mu     sync.RWMutex
	found  map[string][]*plan.Unit // code -> units it has meant
}

// NewUnitFinder takes the plan's units.
func NewUnitFinder(units *plan.Units) *UnitFinder {
	f := &UnitFinder{units: units, found: map[string][]*plan.Unit{}, byName: map[string][]*plan.Unit{}, byFold: map[string][]*plan.Unit{}}
	for _, u := range units.All {
		fold := plan.ShortName(u.Name)
		f.byFold[fold] = append(f.byFold[fold], u)
		full, short := spellings(u.Name)
		f.byName[full] = append(f.byName[full], u)
		if short != full {
			f.byName[short] = append(f.byName[short], u)
		}
	}
	return f
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
	if !slices.Contains(f.found[string(code)], u) {
		f.found[string(code)] = append(f.found[string(code)], u)
	}
	f.mu.Unlock()
	return u, nil
}

// longestName bounds what is compared at all, in bytes.
const longestName = 400

// ByName finds the unit behind a name that may carry the district's name behind a dash ("Xã Bình An - Huyện Châu
// Thành"). The place of a tone mark does not matter (Hoà is Hòa); all diacritics are ignored only where no unit bears the
// name as it is written. rule is empty, unknown_unit, or ambiguous_name where several units of the day bear it.
func (f *UnitFinder) ByName(name string, d plan.Day) (u *plan.Unit, rule string) {
	if len(name) > longestName {
		return nil, "unknown_unit"
	}
	own, within := name, ""
	for _, dash := range []string{" - ", " – ", " — "} {
		if i := strings.LastIndex(name, dash); i > 0 && within == "" {
			own, within = name[:i], name[i+len(dash):]
		}
	}
	for _, try := range [][2]string{{name, ""}, {own, within}} { // a department's own name may hold a dash
		switch hits := f.spelt(try[0], try[1], d); len(hits) {
		case 0:
		case 1:
			return hits[0], ""
		default:
			return nil, "ambiguous_name"
		}
	}
	for _, try := range [][2]string{{name, ""}, {own, within}} {
		if u, err := f.units.ByName(try[0], try[1], d); err == nil {
			return u, ""
		}
	}
	bearers := 0
	for _, u := range f.byFold[plan.ShortName(own)] {
		if u.ValidOn(d) {
			bearers++
		}
	}
	if bearers > 1 {
		return nil, "ambiguous_name"
	}
	return nil, "unknown_unit"
}

func (f *UnitFinder) spelt(name, within string, d plan.Day) (hits []*plan.Unit) {
	full, short := spellings(name)
	for _, key := range []string{full, short} {
		for _, u := range f.byName[key] {
			if u.ValidOn(d) && !slices.Contains(hits, u) && (within == "" || liesIn(u, within)) {
				hits = append(hits, u)
			}
		}
		if len(hits) > 0 {
			return hits
		}
	}
	return nil
}

func liesIn(u *plan.Unit, name string) bool {
	for p := u.Parent; p != nil; p = p.Parent {
		if plan.ShortName(p.Name) == plan.ShortName(name) {
			return true
		}
	}
	return false
}

// spellings are a name's words with their tone marks behind them, with and without the type words.
func spellings(name string) (full, short string) {
	var words []string
	var word, tone []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word)+string(tone))
		}
		word, tone = word[:0], tone[:0]
	}
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r == '\u0300' || r == '\u0301' || r == '\u0303' || r == '\u0309' || r == '\u0323':
			tone = append(tone, r)
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			word = append(word, r)
		default:
			flush()
		}
	}
	flush()
	full = strings.Join(words, " ")
	if n := len(strings.Fields(plan.ShortName(name))); n < len(words) {
		words = words[len(words)-n:]
	}
	return full, strings.Join(words, " ")
}
