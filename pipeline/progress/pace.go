package progress

import (
	"cmp"
	"math/big"
	"slices"

	"tiendo/pipeline/plan"
)

// The pace looks at 12 weekly points and needs 4 (RULES section 4).
const (
	paceWeeks   = 12
	paceAtLeast = 4
	// gapMultiple is the least common multiple of the gaps 1..11 weeks, so that every slope between two of the 12 points
	// is a whole number of 1/27720 of a scaled per cent, and the median is exact.
	gapMultiple = 27720
)

// slope is whole + part/27720 scaled per cents per week, 0 <= part < 27720. Held in two parts so that no figure overflows.
type slope struct{ whole, part int64 }

func slopeOf(rise plan.Value, weeks int64) slope {
	q, r := int64(rise)/weeks, int64(rise)%weeks
	if r < 0 {
		q, r = q-1, r+weeks
	}
	return slope{q, r * (gapMultiple / weeks)}
}

// fraction is an exact number of scaled per cents: num / den, den positive.
type fraction struct{ num, den *big.Int }

// theilSen is the median of the slopes between all pairs of known points among the 12 Sundays up to the day, per week,
// exact; nil with fewer than 4 known points.
func theilSen(points []WeekPoint, d plan.Day) *fraction {
	var known [paceWeeks]*WeekPoint // oldest first
	sunday := d.Sunday()
	n := 0
	for i := range points {
		p := &points[i]
		ago := int(sunday - p.Day)
		if !p.Known || ago < 0 || ago%7 != 0 || ago/7 >= paceWeeks {
			continue
		}
		at := &known[paceWeeks-1-ago/7]
		if *at == nil {
			n++
		}
		*at = p
	}
	if n < paceAtLeast {
		return nil
	}
	slopes := make([]slope, 0, paceWeeks*(paceWeeks-1)/2)
	for i, a := range known {
		for j := i + 1; j < paceWeeks; j++ {
			if b := known[j]; a != nil && b != nil {
				slopes = append(slopes, slopeOf(b.Value-a.Value, int64(j-i)))
			}
		}
	}
	slices.SortFunc(slopes, func(x, y slope) int {
		return cmp.Or(cmp.Compare(x.whole, y.whole), cmp.Compare(x.part, y.part))
	})
	lo, hi := slopes[(len(slopes)-1)/2], slopes[len(slopes)/2]
	num := new(big.Int).Add(big.NewInt(lo.whole), big.NewInt(hi.whole))
	num.Mul(num, big.NewInt(gapMultiple))
	num.Add(num, big.NewInt(lo.part+hi.part))
	return &fraction{num, big.NewInt(2 * gapMultiple)}
}

// forecast is value + pace x days / 7, kept within 0 and most.
func (pace *fraction) forecast(v plan.Value, days int64, most plan.Value) *fraction {
	den := new(big.Int).Mul(pace.den, big.NewInt(7))
	num := new(big.Int).Mul(pace.num, big.NewInt(days))
	num.Add(num, new(big.Int).Mul(big.NewInt(int64(v)), den))
	f := &fraction{num, den}
	switch {
	case f.cmp(0) < 0:
		return &fraction{big.NewInt(0), big.NewInt(1)}
	case f.cmp(most) > 0:
		return &fraction{big.NewInt(int64(most)), big.NewInt(1)}
	}
	return f
}

// cmp is the sign of f - v.
func (f *fraction) cmp(v plan.Value) int {
	return f.num.Cmp(new(big.Int).Mul(big.NewInt(int64(v)), f.den))
}

func (f *fraction) meets(c plan.Comparator, target plan.Value) bool {
	return c.Holds(plan.Value(f.cmp(target)), 0)
}

// rounded is half-even at ten decimals.
func (f *fraction) rounded() *plan.Value {
	v := plan.Value(plan.RoundDiv(f.num, f.den).Int64())
	return &v
}
