package plan

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseValue(t *testing.T) {
	for in, want := range map[string]Value{"60": Percent(60), "0": 0, "-1.5": -15_000_000_000, "12.3456789012": 123_456_789_012, "0.0000000001": 1, "007": Percent(7), "922337203.6854775807": math.MaxInt64} {
		if got, err := ParseValue(in); err != nil || got != want {
			t.Errorf("%s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "-", ".", "1.", ".5", "1,5", "1.23456789012", "+1", "1e3", " 1", "--1", "1.2.3", "١", "922337203685477581", "922337203.6854775808"} {
		if got, err := ParseValue(in); err == nil {
			t.Errorf("%q was read as %d", in, got)
		}
	}
}

func TestValueText(t *testing.T) {
	for want, v := range map[string]Value{"60": Percent(60), "0": 0, "-1.5": -15_000_000_000, "0.0000000001": 1, "-922337203.6854775808": math.MinInt64} {
		if got := v.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got, _ := json.Marshal(MustValue("12.5")); string(got) != `"12.5"` {
		t.Errorf("JSON %s", got)
	}
	var v Value
	if err := json.Unmarshal([]byte(`"12.5"`), &v); err != nil || v.Float() != 12.5 {
		t.Errorf("%v %v", v, err)
	}
	if err := v.UnmarshalText([]byte("x")); err == nil || v != MustValue("12.5") {
		t.Error("what cannot be read must not change the value")
	}
}

func TestMustPanics(t *testing.T) {
	for name, f := range map[string]func(){"value": func() { MustValue("x") }, "day": func() { MustDay("x") }, "zone": func() { mustZone("Nowhere/City") }} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		num, den int64
		want     string
	}{
		{1, 3, "33.3333333333"}, {2, 3, "66.6666666667"}, {1, 2, "50"}, {0, 7, "0"}, {7, 7, "100"}, {-1, 3, "-33.3333333333"},
		{1, 1 << 41, "0"},                                                                                           // 0.0000000000454… rounds to nothing
		{1, 2_000_000_000_000, "0"}, {3, 2_000_000_000_000, "0.0000000002"}, {5, 2_000_000_000_000, "0.0000000002"}, // halves go to the even digit
		{math.MaxInt64, math.MaxInt64, "100"},
	} {
		if got, err := Share(c.num, c.den); err != nil || got.String() != c.want {
			t.Errorf("%d in %d: %s, %v; want %s", c.num, c.den, got, err, c.want)
		}
	}
	for _, c := range [][2]int64{{1, 0}, {1, -1}, {math.MaxInt64, 1}, {math.MinInt64, 1}, {math.MaxInt64, 100}, {92233721, 10}} {
		if got, err := Share(c[0], c[1]); err == nil {
			t.Errorf("%v gave %s", c, got)
		}
	}
}

// exact is num / den x 100 with no rounding.
func exact(num, den int64) *big.Rat {
	return new(big.Rat).Mul(big.NewRat(num, den), big.NewRat(100, 1))
}

// halfEven is a rational rounded half-even at ten decimals, by a way of its own: floor, then the remainder's side.
func halfEven(r *big.Rat) *big.Int {
	scaled := new(big.Rat).Mul(r, new(big.Rat).SetInt64(int64(One)))
	floor := new(big.Int).Div(scaled.Num(), scaled.Denom()) // Denom > 0: Euclidean is floor
	rest := new(big.Rat).Sub(scaled, new(big.Rat).SetInt(floor))
	up := rest.Cmp(big.NewRat(1, 2))
	if up > 0 || up == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return floor
}

func TestShareIsHalfEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		den := rapid.OneOf(rapid.Int64Range(1, 1000), rapid.Int64Range(1, math.MaxInt64), rapid.Just(int64(2_000_000_000_000))).Draw(t, "den")
		num := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64()).Draw(t, "num")
		want := halfEven(exact(num, den))
		got, err := Share(num, den)
		if err != nil {
			if want.IsInt64() && want.Int64() > math.MinInt64 { // the smallest integer is given up
				t.Fatalf("Share(%d, %d): %v, but it is %s", num, den, err, want)
			}
			return
		}
		if want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("Share(%d, %d) = %d, want %s", num, den, got, want)
		}
	})
}

func TestMeetsIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		den := rapid.Int64Range(1, math.MaxInt64).Draw(t, "den")
		num := rapid.Int64().Draw(t, "num")
		target := Value(rapid.OneOf(rapid.Int64Range(0, int64(Percent(100))), rapid.Int64()).Draw(t, "target"))
		if rapid.Bool().Draw(t, "near") { // a value as near to the target as rounding brings it
			if v, err := Share(num, den); err == nil {
				target = v
			}
		}
		order := exact(num, den).Cmp(new(big.Rat).SetFrac64(int64(target), int64(One)))
		if got := Meets(num, den, AtLeast, target); got != (order >= 0) {
			t.Fatalf("%d/%d >= %s: %v", num, den, target, got)
		}
		if got := Meets(num, den, MoreThan, target); got != (order > 0) {
			t.Fatalf("%d/%d > %s: %v", num, den, target, got)
		}
	})
}

func TestMeetsAtTheEdge(t *testing.T) {
	if Meets(8, 100, MoreThan, Percent(8)) || !Meets(8, 100, AtLeast, Percent(8)) {
		t.Error("a value equal to the target meets \"at least\" only")
	}
	if Meets(2, 3, AtLeast, MustValue("66.6666666667")) {
		t.Error("the unrounded share decides, not the rounded one")
	}
}

func TestHolds(t *testing.T) {
	for _, c := range []struct {
		cmp       Comparator
		v         int64
		want      bool
		threshold int64
	}{{AtLeast, 5, true, 5}, {AtLeast, 4, false, 5}, {AtLeast, 6, true, 5}, {MoreThan, 5, false, 5}, {MoreThan, 4, false, 5}, {MoreThan, 6, true, 5}} {
		if got := c.cmp.Holds(Percent(c.v), Percent(c.threshold)); got != c.want {
			t.Errorf("%d %s %d: %v", c.v, c.cmp, c.threshold, got)
		}
	}
}

func TestRoundDiv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64Range(1, 1_000_000).Draw(t, "b")
		want := halfEven(new(big.Rat).Quo(big.NewRat(a, b), new(big.Rat).SetInt64(int64(One))))
		if got := RoundDiv(big.NewInt(a), big.NewInt(b)); got.Cmp(want) != 0 {
			t.Fatalf("%d / %d = %s, want %s", a, b, got, want)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{"0", "60", "-1.5", "12.3456789012", "1.", "922337203.6854775807", "９"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseValue(s)
		if err != nil {
			return
		}
		again, err := ParseValue(v.String())
		if err != nil || again != v {
			t.Errorf("%q is %s, which reads as %s, %v", s, v, again, err)
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok || strings.ContainsAny(s, "eE/_+") || want.Cmp(big.NewRat(int64(v), int64(One))) != 0 {
			t.Errorf("%q was read as %s", s, v)
		}
	})
}
