package progress

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"strconv"
	"strings"
)

// Method names a published way to score a yearly series (METHODS, official SDG methods). The plan's own rule is Assess.
type Method string

// The methods of the second opinion.
const (
	OpenSDG  Method = "opensdg-2.4" // Open SDG / Statistics Canada
	Eurostat Method = "eurostat"    // as EUSTAT publishes it
	UNSD     Method = "unsd-2023"
	ESCAP    Method = "escap-csi"
)

// Methods lists the methods in the order in which they are shown.
var Methods = []Method{OpenSDG, Eurostat, UNSD, ESCAP}

// The statuses that the methods publish. unsd-2023 and escap-csi publish a score alone: their status is empty unless it is
// not_available.
const (
	methodNotAvailable = "not_available"
	targetAchieved     = "target_achieved"
	substantial        = "substantial_progress"
	moderate           = "moderate_progress"
	limited            = "limited_progress"
	deterioration      = "deterioration"
	significant        = "significant_progress"
	insufficient       = "insufficient_progress"
	noProgress         = "no_progress"
	moderateDecline    = "moderate_deterioration"
	significantDecline = "significant_deterioration"
)

// Figures that several formulas of METHODS share.
const (
	zeroStandIn         = 0.001 // growth from or to zero is not defined
	limitExponent       = 4.44
	ratioHigh, ratioMid = 0.95, 0.60
	scoreLeast          = -5.0
	scoreMost           = 5.0
	comparedDecimals    = 1e10 // bounds are compared at ten decimals, so that float noise decides nothing
)

// MethodInput is a yearly series' base and current point, with its target; nil: none. Years are plain numbers.
type MethodInput struct {
	BaseValue, BaseYear       *float64
	CurrentValue, CurrentYear *float64
	Target, TargetYear        *float64
	Direction                 int // 1: up is good, -1: down is good; 0: not stated, enough for unsd-2023
	Limit                     *float64
}

// MethodResult is a method's opinion; nil: none. ProgressValue is the ratio of growths, the observed growth, or for
// unsd-2023 the ratio of the projected road; escap-csi has a score only.
type MethodResult struct {
	ProgressValue *float64
	Score         *float64
	Status        string
}

// Eval runs one method. Too few points, or a growth that is not defined, give not_available; an unknown method, or a
// direction that is needed and missing, is an error.
func Eval(m Method, in MethodInput) (MethodResult, error) {
	if !slices.Contains(Methods, m) {
		return MethodResult{}, fmt.Errorf("unknown method %q: use %s", m, methodNames())
	}
	if in.Direction < -1 || in.Direction > 1 || (in.Direction == 0 && m != UNSD) {
		return MethodResult{}, fmt.Errorf("method %s: direction %d: write 1 where up is good, -1 where down is good", m, in.Direction)
	}
	switch m {
	case OpenSDG:
		return openSDG(in), nil
	case Eurostat:
		return eurostat(in), nil
	case UNSD:
		return unsd(in), nil
	default:
		return escap(in), nil
	}
}

func methodNames() string {
	names := make([]string, 0, len(Methods))
	for _, m := range Methods {
		names = append(names, string(m))
	}
	return strings.Join(names, ", ")
}

// IndicatorScore is the mean of the scores of an indicator's series; nil when none has one.
func IndicatorScore(series []MethodResult) *float64 {
	sum, n := 0.0, 0
	for _, r := range series {
		if r.Score != nil {
			sum, n = sum+*r.Score, n+1
		}
	}
	if n == 0 {
		return nil
	}
	return number(sum / float64(n))
}

// openSDG: a target that is reached stays reached even where growth says nothing (one point, a change of sign, a required
// growth of zero); then there is a score and no progress value.
func openSDG(in MethodInput) MethodResult {
	reached := in.BaseValue != nil && in.CurrentValue != nil && in.Target != nil &&
		float64(in.Direction)*(*in.CurrentValue-nonZero(*in.Target)) >= 0
	value := directed(in)
	out := MethodResult{ProgressValue: value, Status: methodNotAvailable}
	switch {
	case reached:
		out.Status, out.Score = targetAchieved, number(scoreMost)
	case value == nil:
	case in.Target != nil:
		out.Status, out.Score = openSDGRatio(*value)
	default:
		out.Status, out.Score = openSDGGrowth(*value, limitFactor(in))
	}
	return out
}

func openSDGRatio(ratio float64) (string, *float64) {
	score := math.Max(4.1667*ratio-2.5, scoreLeast)
	if atLeast(ratio, ratioMid) {
		score = math.Min(7.1429*ratio-4.2857, scoreMost)
	}
	switch {
	case atLeast(ratio, ratioHigh):
		return substantial, &score
	case atLeast(ratio, ratioMid):
		return moderate, &score
	case atLeast(ratio, 0):
		return limited, &score
	}
	return deterioration, &score
}

func openSDGGrowth(v, c float64) (string, *float64) {
	switch {
	case !atLeast(v, 0):
		return deterioration, number(math.Max(125*v-2.5, scoreLeast))
	case c == 0: // at the limit already, and it is kept
		return substantial, number(scoreMost)
	case atLeast(v, 0.015*c):
		return substantial, number(math.Min(500*v/c-5, scoreMost))
	case atLeast(v, 0.005*c):
		return moderate, number(250*v/c - 1.25)
	}
	return limited, number(500*v/c - 2.5)
}

func eurostat(in MethodInput) MethodResult {
	value := directed(in)
	out := MethodResult{ProgressValue: value, Status: methodNotAvailable}
	switch {
	case value == nil:
	case in.Target != nil:
		out.Status, out.Score = eurostatRatio(*value)
	default:
		if c := limitFactor(in); c != 0 {
			out.Status, out.Score = eurostatGrowth(*value, c), number(kept(250**value/c))
		}
	}
	return out
}

func eurostatRatio(ratio float64) (string, *float64) {
	score := number(kept((ratio+0.6)*5/1.2 - 5))
	if above(ratio, ratioMid) {
		score = number(kept((ratio - 0.6) * 5 / 0.7))
	}
	switch {
	case above(ratio, ratioHigh):
		return significant, score
	case above(ratio, ratioMid):
		return moderate, score
	case atLeast(ratio, 0):
		return insufficient, score
	}
	return significantDecline, score
}

// eurostatGrowth: as with a target, the bounds of the good bands belong to the band below; those of the bad ones to the
// band above.
func eurostatGrowth(v, c float64) string {
	switch {
	case above(v, 0.01*c):
		return significant
	case above(v, 0.001*c):
		return moderate
	case atLeast(v, -0.001*c):
		return noProgress
	case atLeast(v, -0.01*c):
		return moderateDecline
	}
	return significantDecline
}

func unsd(in MethodInput) MethodResult {
	none := MethodResult{Status: methodNotAvailable}
	o := observed(in)
	if o == nil || in.Target == nil || in.TargetYear == nil {
		return none
	}
	base, target := nonZero(*in.BaseValue), nonZero(*in.Target)
	projected := *in.CurrentValue * math.Pow(1+*o, *in.TargetYear-*in.CurrentYear)
	ratio := number((projected - base) / (target - base))
	if ratio == nil {
		return none
	}
	score := 1.0
	switch {
	case atLeast(*ratio, ratioHigh):
		score = 3
	case atLeast(*ratio, 0.10):
		score = 2
	}
	return MethodResult{ProgressValue: ratio, Score: &score}
}

// escap needs no growth, so zero needs no stand-in and no years are asked for.
func escap(in MethodInput) MethodResult {
	none := MethodResult{Status: methodNotAvailable}
	if in.BaseValue == nil || in.CurrentValue == nil || in.Target == nil {
		return none
	}
	score := number(10 * float64(in.Direction) * (*in.CurrentValue - *in.BaseValue) / math.Abs(*in.Target-*in.BaseValue))
	if score == nil {
		return none
	}
	return MethodResult{Score: score}
}

// directed is sign(base) x direction x observed growth, over the size of the required growth where there is a target;
// nil where that is not defined.
func directed(in MethodInput) *float64 {
	o := observed(in)
	if o == nil {
		return nil
	}
	base := nonZero(*in.BaseValue)
	v := math.Copysign(1, base) * float64(in.Direction) * *o
	if in.Target == nil {
		return &v
	}
	if in.TargetYear == nil || *in.TargetYear == *in.BaseYear {
		return nil
	}
	return number(v / growthSize(nonZero(*in.Target)/base, *in.TargetYear-*in.BaseYear))
}

// observed is the yearly growth from the base to the current point; nil with fewer than two points, and where the values
// change sign.
func observed(in MethodInput) *float64 {
	if in.BaseValue == nil || in.BaseYear == nil || in.CurrentValue == nil || in.CurrentYear == nil || *in.CurrentYear <= *in.BaseYear {
		return nil
	}
	ratio := *in.CurrentValue / nonZero(*in.BaseValue)
	if ratio < 0 {
		return nil
	}
	return number(math.Pow(ratio, 1/(*in.CurrentYear-*in.BaseYear)) - 1)
}

// growthSize is |ratio^(1/years) - 1|. A target on the other side of zero has no real root: the published tables then take
// the modulus over the principal complex root, and so does this.
func growthSize(ratio, years float64) float64 {
	if ratio < 0 {
		return cmplx.Abs(cmplx.Pow(complex(ratio, 0), complex(1/years, 0)) - 1)
	}
	return math.Abs(math.Pow(ratio, 1/years) - 1)
}

// limitFactor is C, which lowers the bands of a series that starts near its natural limit: 1 far away or without a
// limit, 0 at it.
func limitFactor(in MethodInput) float64 {
	if in.Limit == nil {
		return 1
	}
	base, limit := math.Abs(nonZero(*in.BaseValue)), math.Abs(*in.Limit)
	switch {
	case base >= 2*limit:
		return 1
	case base <= limit:
		return 1 - math.Pow(base/limit, limitExponent)
	}
	return 1 - math.Pow((2*limit-base)/limit, limitExponent)
}

func nonZero(v float64) float64 {
	if v == 0 {
		return zeroStandIn
	}
	return v
}

func rounded(v float64) float64     { return math.Round(v*comparedDecimals) / comparedDecimals }
func atLeast(v, bound float64) bool { return rounded(v) >= rounded(bound) }
func above(v, bound float64) bool   { return rounded(v) > rounded(bound) }
func kept(v float64) float64        { return math.Max(scoreLeast, math.Min(scoreMost, v)) }
func isNumber(v float64) bool       { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// number is v, nil where it is not a finite number: a division by zero has no figure.
func number(v float64) *float64 {
	if !isNumber(v) {
		return nil
	}
	return &v
}

// parseNumber reads a decimal as statistics offices write it; nothing is nil.
func parseNumber(s string) (*float64, error) {
	if s == "" {
		return nil, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !isNumber(v) {
		return nil, fmt.Errorf("cannot read %q as a number: write it with a decimal point, or leave it empty", s)
	}
	return &v, nil
}

// formatNumber writes full precision; nil is nothing.
func formatNumber(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

func directionOf(v *float64) (int, bool) {
	switch {
	case v == nil:
		return 0, true
	case *v == 1:
		return 1, true
	case *v == -1:
		return -1, true
	}
	return 0, false
}
