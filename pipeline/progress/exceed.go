package progress

import (
	"fmt"
	"math/big"

	"tiendo/pipeline/plan"
)

// Truth is a three-valued answer.
type Truth string

// Undecidable is neither: something is unknown, or the question has no answer without a ruling.
const (
	Yes         Truth = "yes"
	No          Truth = "no"
	Undecidable Truth = "undecidable"
)

// Verdict is an answer, with the reason where it is undecidable.
type Verdict struct {
	Truth  Truth
	Reason Reason
}

// ExceedsBy answers whether the figure is above factor x target; exactly that much is not enough. Where nothing above it
// can be reached within most, the answer is undecidable and needs a ruling, whatever the figure: a unit never fails
// silently for a target that nobody can exceed (METHODS, the plan's rule).
func ExceedsBy(p Point, target *plan.Value, factor, most plan.Value) Verdict {
	if target == nil {
		return Verdict{Undecidable, ReasonNoTarget}
	}
	// threshold = limit / One, kept undivided
	limit := new(big.Int).Mul(big.NewInt(int64(*target)), big.NewInt(int64(factor)))
	switch limit.Cmp(scaled(int64(most))) {
	case 1:
		return Verdict{Undecidable, Reason(fmt.Sprintf("unattainable: %s > cap %s", shown(limit), most))}
	case 0:
		return Verdict{Undecidable, Reason(fmt.Sprintf("unattainable: %s = cap %s", shown(limit), most))}
	}
	if !p.Known {
		return Verdict{Undecidable, p.Reason}
	}
	left, right := scaled(int64(p.Value)), limit
	if p.Denominator > 0 {
		left = scaled(p.Numerator)
		left.Mul(left, big.NewInt(int64(100*plan.One)))
		right = new(big.Int).Mul(limit, big.NewInt(p.Denominator))
	}
	if left.Cmp(right) > 0 {
		return Verdict{Yes, ""}
	}
	return Verdict{No, ""}
}

// Exceeds answers whether the figure is above the target.
func Exceeds(p Point, target *plan.Value, most plan.Value) Verdict {
	return ExceedsBy(p, target, plan.One, most)
}

// scaled is v x One.
func scaled(v int64) *big.Int { return new(big.Int).Mul(big.NewInt(v), big.NewInt(int64(plan.One))) }

// shown is limit / One as a decimal.
func shown(limit *big.Int) plan.Value {
	return plan.Value(plan.RoundDiv(limit, big.NewInt(int64(plan.One))).Int64())
}

// Member is one member of a dimension with its figure.
type Member struct {
	Code  string
	Point Point
}

// Minimum is the least figure over members (RULES section 2, min_over).
type Minimum struct {
	Point   Point  // the least member's; unknown with missing_sector, unless a known member already fails
	Code    string // the member that holds the unit back; empty when the minimum is unknown
	Index   int    // its place among the members, -1 when the minimum is unknown
	Partial bool   // a member is unknown, but a known one already fails
}

// MinOver takes the minimum over all members that there should be, those without a figure included. With one unknown the
// minimum is unknown, unless a known member already fails the target: then that one's figure stands, partial, with
// reason missing_sector. target is the next milestone's, nil if it names no number. Of equal members the first counts.
func MinOver(members []Member, c plan.Comparator, target *plan.Value) Minimum {
	unknown := Minimum{Point: UnknownPoint(ReasonMissingSector, 0, 0), Index: -1}
	least, missing := -1, false
	for i, m := range members {
		switch {
		case !m.Point.Known:
			missing = true
		case least < 0 || m.Point.less(members[least].Point):
			least = i
		}
	}
	if least < 0 {
		return unknown
	}
	m := Minimum{Point: members[least].Point, Code: members[least].Code, Index: least, Partial: missing}
	if missing {
		if target == nil || m.Point.Meets(c, *target) {
			return unknown
		}
		m.Point.Reason = ReasonMissingSector
	}
	return m
}

// less compares two known figures, pairs without division.
func (p Point) less(q Point) bool {
	if p.Denominator > 0 && q.Denominator > 0 {
		left := new(big.Int).Mul(big.NewInt(p.Numerator), big.NewInt(q.Denominator))
		return left.Cmp(new(big.Int).Mul(big.NewInt(q.Numerator), big.NewInt(p.Denominator))) < 0
	}
	return p.Value < q.Value
}

// Reduction is 100 x (baseline - now) / baseline as a pair (RULES section 2); negative when there is more than at the
// baseline, unknown without a baseline.
func Reduction(baseline, now int64) Point {
	if baseline <= 0 {
		return UnknownPoint(ReasonNoBaseline, 0, 0)
	}
	return SharePoint(baseline-now, baseline)
}

// Pair is a numerator and a denominator of one reporting unit.
type Pair struct {
	Numerator   int64
	Denominator int64
	Excluded    bool // left out of the roll-up
}

// RollUp adds numerators and denominators of those not excluded; per cents are never averaged (RULES section 2).
func RollUp(children []Pair) Pair {
	var sum Pair
	for _, c := range children {
		if !c.Excluded {
			sum.Numerator += c.Numerator
			sum.Denominator += c.Denominator
		}
	}
	return sum
}

// Point is the pair's share.
func (p Pair) Point() Point { return SharePoint(p.Numerator, p.Denominator) }
