package collectors

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// The ways in which a text is no number; errors.Is tells them apart.
var (
	ErrAmbiguousNumber = errors.New("ambiguous number")
	ErrBadNumber       = errors.New("not a number")
	ErrEmptyNumber     = errors.New("empty") // unknown, which is not zero
)

// NumberRule names the reject rule of a number error: ambiguous_number, missing_number or bad_number.
func NumberRule(err error) string {
	switch {
	case errors.Is(err, ErrAmbiguousNumber):
		return "ambiguous_number"
	case errors.Is(err, ErrEmptyNumber):
		return "missing_number"
	}
	return "bad_number"
}

// ParseCount reads a whole number that is not negative, as sources and people write it: 1234, 1 234 567, 1.234.567,
// 1,234,567. One separator before three digits (1.234) may group or may be a decimal point: it is ambiguous and never
// guessed. Decimals are not allowed.
func ParseCount(s string) (int64, error) {
	whole, frac, err := splitNumber(s)
	if err != nil {
		return 0, err
	}
	if frac != "" {
		return 0, fmt.Errorf("%w: %q has decimals, a count is a whole number", ErrBadNumber, clip(s))
	}
	return digits(s, whole)
}

// ParseMoney reads an amount and multiplies it by the factor of its unit (1e9 for tỷ đồng); the result is whole đồng.
// Decimals (at most three, 1.234,5 or 0,75) are allowed where the factor makes them whole; 1.234 is as ambiguous here as
// it is for a count.
func ParseMoney(s string, factor int64) (int64, error) {
	whole, frac, err := splitNumber(s)
	if err != nil {
		return 0, err
	}
	if factor < 1 {
		return 0, fmt.Errorf("%w: factor %d must be positive", ErrBadNumber, factor)
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 3 {
		return 0, fmt.Errorf("%w: %q has more than three decimals", ErrBadNumber, clip(s))
	}
	n, err := digits(s, whole+frac)
	if err != nil {
		return 0, err
	}
	unit := int64(1)
	for range frac {
		unit *= 10
	}
	// Dividing first where it comes out even keeps large factors within range.
	for _, p := range []int64{2, 2, 2, 5, 5, 5} {
		if unit%p == 0 && factor%p == 0 {
			unit, factor = unit/p, factor/p
		}
	}
	if n%unit != 0 {
		return 0, fmt.Errorf("%w: %q is not a whole number of đồng", ErrBadNumber, clip(s))
	}
	n /= unit
	if n > math.MaxInt64/factor {
		return 0, fmt.Errorf("%w: %q is too large", ErrBadNumber, clip(s))
	}
	return n * factor, nil
}

// splitNumber takes a written number apart: the digits before and behind the decimal separator, without grouping.
func splitNumber(s string) (whole, frac string, err error) {
	s = strings.TrimFunc(s, isSpace)
	if s == "" {
		return "", "", ErrEmptyNumber
	}
	bad := fmt.Errorf("%w: %q", ErrBadNumber, clip(s))
	var groups []string // digits between separators
	var seps []rune     // the separators, spaces as ' '
	start := 0
	for i, r := range s {
		next := i + utf8.RuneLen(r)
		switch {
		case r >= '0' && r <= '9':
			continue
		case isSpace(r):
			r = ' '
		case r != '.' && r != ',':
			return "", "", bad
		}
		groups, seps, start = append(groups, s[start:i]), append(seps, r), next
	}
	groups = append(groups, s[start:])
	if groups[0] == "" || groups[len(groups)-1] == "" {
		return "", "", bad
	}
	if len(seps) == 0 {
		return s, "", nil
	}
	last := seps[len(seps)-1]
	grouped := func(g []string, c []rune) bool { // groups of three behind one kind of separator
		if len(g[0]) > 3 || (len(g) > 1 && g[0][0] == '0') {
			return false
		}
		for i, x := range g[1:] {
			if len(x) != 3 || c[i] != c[0] {
				return false
			}
		}
		return true
	}
	all, before := len(groups), len(groups)-1
	switch {
	case len(seps) == 1 && last != ' ' && grouped(groups, seps):
		return "", "", fmt.Errorf("%w: %q may be %s or %s.%s: write it without a separator",
			ErrAmbiguousNumber, clip(s), groups[0]+groups[1], groups[0], groups[1])
	case grouped(groups[:all], seps):
		return strings.Join(groups, ""), "", nil
	case last != ' ' && (before == 1 || (seps[0] != last && grouped(groups[:before], seps[:before-1]))):
		return strings.Join(groups[:before], ""), groups[before], nil
	}
	return "", "", bad
}

func digits(s, d string) (int64, error) {
	var n int64
	for _, c := range []byte(d) {
		if n > (math.MaxInt64-9)/10 {
			return 0, fmt.Errorf("%w: %q is too large", ErrBadNumber, clip(s))
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

func isSpace(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\t' }

// clip keeps a source's text short inside an error.
func clip(s string) string {
	const limit = 60
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// ParseScaled reads a number with up to that many decimals as a whole number of its smallest unit: 18,99 with two decimals
// is 1899. The grammar is ParseCount's.
func ParseScaled(s string, decimals int) (int64, error) {
	whole, frac, err := splitNumber(s)
	if err != nil {
		return 0, err
	}
	if frac = strings.TrimRight(frac, "0"); len(frac) > decimals {
		return 0, fmt.Errorf("%w: %q has more than %d decimals", ErrBadNumber, clip(s), decimals)
	}
	return digits(s, whole+frac+strings.Repeat("0", decimals-len(frac)))
}
