package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// UnitKey names a unit in time: codes are reused, so the key is (code, valid_from) (RULES section 5).
type UnitKey struct {
	Code string `json:"code"`
	From Day    `json:"from"` // NoDay: already in force before the plan
}

// String is CODE or CODE@YYYY-MM-DD.
func (k UnitKey) String() string {
	if k.From == NoDay {
		return k.Code
	}
	return k.Code + "@" + k.From.String()
}

// Unit is a subject with a place in the tree and a validity (both ends inclusive).
type Unit struct {
	UnitKey
	To           Day // NoDay: still in force
	Parent       *Unit
	Level        Level
	Name         string
	NameEN       string
	Type         string   // Tỉnh, Huyện, Xã, Phường …
	Regroup      []string // codes of the former districts a successor commune came from
	Predecessors []Link
	Successors   []Link
	Children     []*Unit // of all times, in file order
}

// Link ties a unit to one it came from or went into. Only a whole link may be rolled up (RULES section 5).
type Link struct {
	Unit  *Unit
	Whole bool
}

// ValidOn says whether the unit exists on the day.
func (u *Unit) ValidOn(d Day) bool {
	return (u.From == NoDay || d >= u.From) && (u.To == NoDay || d <= u.To)
}

// Subtree yields the unit and all its descendants of all times, parents first.
func (u *Unit) Subtree() []*Unit {
	all := []*Unit{u}
	for i := 0; i < len(all); i++ {
		all = append(all, all[i].Children...)
	}
	return all
}

// Units is the plan's units of all times with the ways to find one.
type Units struct {
	All    []*Unit // parents before children, file order
	byKey  map[UnitKey]*Unit
	byCode map[string][]*Unit // oldest first
	alias  map[string]string  // normalised organ code -> unit code
	byName map[string][]*Unit // folded name -> units
}

// NewUnits indexes units; alias maps source systems' organ codes to unit codes. It fails on a key that stands twice and
// on two units of one code that are valid on the same day.
func NewUnits(all []*Unit, alias map[string]string) (*Units, error) {
	us := &Units{All: all, byKey: map[UnitKey]*Unit{}, byCode: map[string][]*Unit{}, alias: map[string]string{}, byName: map[string][]*Unit{}}
	for _, u := range all {
		if us.byKey[u.UnitKey] != nil {
			return nil, fmt.Errorf("unit %s stands twice", u.UnitKey)
		}
		us.byKey[u.UnitKey] = u
		us.byCode[u.Code] = append(us.byCode[u.Code], u)
		us.byName[Fold(u.Name)] = append(us.byName[Fold(u.Name)], u)
		if short := ShortName(u.Name); short != Fold(u.Name) {
			us.byName[short] = append(us.byName[short], u)
		}
	}
	for code, list := range us.byCode {
		slices.SortFunc(list, func(a, b *Unit) int { return cmp.Compare(a.From, b.From) })
		for i := 1; i < len(list); i++ {
			if list[i-1].To == NoDay || list[i-1].To >= list[i].From {
				return nil, fmt.Errorf("unit code %s is valid twice on %s", code, list[i].From)
			}
		}
	}
	for k, v := range alias {
		us.alias[NormalCode(k)] = v
	}
	return us, nil
}

// Key finds a unit by its key.
func (us *Units) Key(k UnitKey) *Unit { return us.byKey[k] }

// On finds the unit of that code valid on the day; nil if there is none.
func (us *Units) On(code string, d Day) *Unit {
	for _, u := range us.byCode[code] {
		if u.ValidOn(d) {
			return u
		}
	}
	return nil
}

// Select reads CODE or CODE@YYYY-MM-DD as RULES section 5 says: the unit valid on the day, else the latest ended one.
func (us *Units) Select(s string, d Day) (*Unit, error) {
	code, at, explicit := strings.Cut(s, "@")
	if explicit {
		day, err := ParseDay(at)
		if err != nil {
			return nil, err
		}
		if u := us.On(code, day); u != nil {
			return u, nil
		}
		return nil, fmt.Errorf("no unit %s is valid on %s: `tiendo plan show --units` lists the units", code, day)
	}
	if u := us.On(code, d); u != nil {
		return u, nil
	}
	var last *Unit
	for _, u := range us.byCode[code] {
		if u.To != NoDay && u.To < d {
			last = u
		}
	}
	if last == nil {
		return nil, fmt.Errorf("the plan has no unit %q on %s: `tiendo plan show --units` lists the units", code, d)
	}
	return last, nil
}

// ByOrganCode finds the unit behind a source system's organ code, in either style (H33.12 or 000.00.12.H33), or a
// plain unit code, valid on the day. The error says what is unknown; nothing is guessed.
func (us *Units) ByOrganCode(code string, d Day) (*Unit, error) {
	plain := strings.TrimSpace(code)
	if own, ok := us.alias[NormalCode(plain)]; ok {
		plain = own
	}
	if u := us.On(plain, d); u != nil {
		return u, nil
	}
	if len(us.byCode[plain]) > 0 {
		return nil, fmt.Errorf("unit code %q is not valid on %s", code, d)
	}
	return nil, fmt.Errorf("unit code %q is unknown: add it to unit_codes.csv of the plan", code)
}

// ByName finds the unit of a name valid on the day; spelling of tone marks, case and the type word do not matter. within
// (may be empty) is the name of a unit above it, which tells homonyms apart. Homonyms without it are an error.
func (us *Units) ByName(name, within string, d Day) (*Unit, error) {
	find := func(key string) []*Unit {
		var hits []*Unit
		for _, u := range us.byName[key] {
			if u.ValidOn(d) && !slices.Contains(hits, u) && (within == "" || u.isWithin(within)) {
				hits = append(hits, u)
			}
		}
		return hits
	}
	hits := find(Fold(name))
	if len(hits) == 0 {
		hits = find(ShortName(name))
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return nil, fmt.Errorf("unit name %q is unknown on %s", name, d)
	}
	var keys []string
	for _, u := range hits {
		keys = append(keys, u.UnitKey.String())
	}
	return nil, fmt.Errorf("unit name %q is ambiguous (%s): the source must give a code or the district's name", name, strings.Join(keys, ", "))
}

func (u *Unit) isWithin(name string) bool {
	for p := u.Parent; p != nil; p = p.Parent {
		if Fold(p.Name) == Fold(name) || ShortName(p.Name) == ShortName(name) {
			return true
		}
	}
	return false
}

// NormalCode brings the two styles of organ codes to one: 000.00.12.H33 and H33.12 are H33.12; 000.00.00.H37 is H37.
func NormalCode(code string) string {
	parts := strings.Split(strings.ToUpper(code), ".")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	last := parts[len(parts)-1]
	if len(parts) < 2 || !strings.HasPrefix(last, "H") || strings.HasPrefix(parts[0], "H") {
		return strings.Join(parts, ".")
	}
	out := last
	for i := len(parts) - 2; i >= 0; i-- { // written from the smallest organ to the largest
		if strings.Trim(parts[i], "0") != "" {
			out += "." + parts[i]
		}
	}
	return out
}

// typeWords begin a unit's official name; sources leave them out or add "UBND".
var typeWords = []string{"ubnd ", "uy ban nhan dan ", "tinh ", "thanh pho ", "thi xa ", "thi tran ", "huyen ", "quan ", "phuong ", "xa "}

// Fold makes names comparable: no diacritics (so Hoà and Hòa are one), lower case, single spaces. Two different names
// that only diacritics tell apart also fold together: then they are homonyms, and reported as such.
func Fold(s string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ':
			b.WriteRune('d')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
			space = false
		case !space && b.Len() > 0:
			b.WriteByte(' ')
			space = true
		}
	}
	return strings.TrimSpace(b.String())
}

// ShortName is the folded name without the type words before it.
func ShortName(s string) string {
	f := Fold(s)
	for again := true; again; {
		again = false
		for _, w := range typeWords {
			if rest, ok := strings.CutPrefix(f, w); ok && rest != "" {
				f, again = rest, true
			}
		}
	}
	return f
}
