package plan

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// Value is a per cent (or, for a score, points) with ten decimals, held as a scaled integer (RULES section 1).
type Value int64

// One is the value 1; the scale has ten decimals.
const One Value = 10_000_000_000

// Percent is n per cent.
func Percent(n int64) Value { return Value(n) * One }

// ParseValue reads a plain decimal such as 60, -1.5 or 12.3456789012; more than ten decimals are an error, not a rounding.
func ParseValue(s string) (Value, error) {
	bad := func() (Value, error) {
		return 0, fmt.Errorf("cannot read %q as a decimal with up to ten decimals", s)
	}
	body, neg := strings.CutPrefix(s, "-")
	whole, frac, _ := strings.Cut(body, ".")
	if whole == "" || len(frac) > 10 || (strings.Contains(body, ".") && frac == "") {
		return bad()
	}
	var n Value
	for _, c := range whole + frac + strings.Repeat("0", 10-len(frac)) {
		if c < '0' || c > '9' || n > (math.MaxInt64-Value(c-'0'))/10 {
			return bad()
		}
		n = n*10 + Value(c-'0')
	}
	if neg {
		n = -n
	}
	return n, nil
}

// MustValue is ParseValue for literals.
func MustValue(s string) Value {
	v, err := ParseValue(s)
	if err != nil {
		panic(err)
	}
	return v
}

// String is the decimal with trailing zeros trimmed.
func (v Value) String() string {
	sign, u := "", uint64(v)
	if v < 0 {
		sign, u = "-", -u
	}
	s := fmt.Sprintf("%s%d.%010d", sign, u/uint64(One), u%uint64(One))
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// Float is for charts and gauges only; no rule computes with it.
func (v Value) Float() float64 { return float64(v) / float64(One) }

// MarshalJSON writes the decimal as a string, so that no reader rounds it.
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }

// UnmarshalText reads what String writes.
func (v *Value) UnmarshalText(b []byte) error {
	n, err := ParseValue(string(b))
	if err == nil {
		*v = n
	}
	return err
}

// Share is 100 x num / den, half-even at ten decimals (RULES section 1). den must be positive; a share that does not fit
// is an error.
func Share(num, den int64) (Value, error) {
	if den <= 0 {
		return 0, fmt.Errorf("share of %d in %d: the denominator must be positive", num, den)
	}
	neg := num < 0
	u := uint64(num)
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, uint64(100*One))
	if hi >= uint64(den) {
		return 0, fmt.Errorf("share of %d in %d is too large to be a figure", num, den)
	}
	q, rem := bits.Div64(hi, lo, uint64(den))
	if half := uint64(den) - rem; rem > half || (rem == half && q%2 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, fmt.Errorf("share of %d in %d is too large to be a figure", num, den)
	}
	if neg {
		return -Value(q), nil
	}
	return Value(q), nil
}

// Meets compares 100 x num with target x den, with no division (RULES section 1). den must be positive.
func Meets(num, den int64, cmp Comparator, target Value) bool {
	left := new(big.Int).Mul(big.NewInt(num), big.NewInt(int64(100*One)))
	right := new(big.Int).Mul(big.NewInt(int64(target)), big.NewInt(den))
	return cmp.holds(left.Cmp(right))
}

// Holds says whether a value satisfies a threshold.
func (c Comparator) Holds(v, target Value) bool {
	switch {
	case v < target:
		return c.holds(-1)
	case v > target:
		return c.holds(1)
	}
	return c.holds(0)
}

func (c Comparator) holds(sign int) bool {
	if c == MoreThan {
		return sign > 0
	}
	return sign >= 0
}

// RoundDiv is a / b rounded half-even; b must be positive.
func RoundDiv(a, b *big.Int) *big.Int {
	q, r := new(big.Int).DivMod(a, b, new(big.Int)) // Euclidean: 0 <= r < b
	switch twice := r.Lsh(r, 1).Cmp(b); {
	case twice > 0, twice == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	return q
}
