package progress

import (
	"cmp"
	"math/big"
	"slices"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"tiendo/pipeline/plan"
)

// OwedTarget is how a unit stands on one target that it owes.
type OwedTarget struct {
	Status Status
	Gap    *plan.Value // Assessment.Gap
	Target *plan.Value // Assessment.Target
	Missed int         // passed milestones with outcome missed
}

// OwedTargetOf takes what the rank needs from an assessment of an indicator that the unit owes.
func OwedTargetOf(a Assessment) OwedTarget {
	t := OwedTarget{Status: a.Status, Gap: a.Gap, Target: a.Target}
	for _, o := range a.Outcomes {
		if o.Outcome == OutcomeMissed {
			t.Missed++
		}
	}
	return t
}

// counts says whether the target counts at all: it applies and the plan names a number.
func (t OwedTarget) counts() bool { return t.Status != NotApplicable && t.Status != NoTarget }

// RankInput is a unit with the targets that it owes; measured ones that it does not owe are left out by the caller.
type RankInput struct {
	Unit    plan.UnitKey
	Name    string
	Targets []OwedTarget
}

// Standing is a unit's place among the units of its level, a monitoring rank and not the yearly scoring.
type Standing struct {
	Unit       plan.UnitKey
	Name       string
	Rank       int         // from 1, without ties; 0: the unit owes nothing that applies
	Overall    Status      // Overall of its targets
	Good       int         // met + on_track
	Applicable int         // owed targets that apply
	Share      *plan.Value // 100 x Good / Applicable; nil when nothing applies
	Behind     int         // targets behind
	Missed     int         // outcomes missed
	Counts     map[Status]int
	Shortfall  *plan.Value // median shortfall, per cent of the target; nil: no gap is known

	shortfall *big.Rat
}

// Rank orders the units of one level (RULES section 4): the share of good targets, where no_data and stale are not good;
// then fewer behind and missed; then the smaller median of shortfall / target over the targets whose gap is known; then
// the name in Vietnamese order, and the key for units of one name. Units that owe nothing come last, without a rank.
func Rank(units []RankInput, overallMin int) []Standing {
	out := make([]Standing, 0, len(units))
	for _, u := range units {
		out = append(out, standing(u, overallMin))
	}
	names := collate.New(language.Vietnamese) // not safe for concurrent use, so one per call
	slices.SortStableFunc(out, func(a, b Standing) int {
		return cmp.Or(
			cmp.Compare(min(b.Applicable, 1), min(a.Applicable, 1)),
			cmp.Compare(b.Good*a.Applicable, a.Good*b.Applicable),
			cmp.Compare(a.Behind+a.Missed, b.Behind+b.Missed),
			compareShortfall(a.shortfall, b.shortfall),
			names.CompareString(a.Name, b.Name),
			cmp.Compare(a.Unit.Code, b.Unit.Code),
			cmp.Compare(a.Unit.From, b.Unit.From),
		)
	})
	for i := range out {
		if out[i].Applicable > 0 {
			out[i].Rank = i + 1
		}
	}
	return out
}

func standing(u RankInput, overallMin int) Standing {
	s := Standing{Unit: u.Unit, Name: u.Name, Counts: map[Status]int{}}
	statuses := make([]Status, 0, len(u.Targets))
	var shortfalls []*big.Rat
	for _, t := range u.Targets {
		statuses = append(statuses, t.Status)
		s.Counts[t.Status]++
		if !t.counts() {
			continue
		}
		s.Applicable++
		s.Missed += t.Missed
		switch t.Status {
		case Met, OnTrack:
			s.Good++
		case Behind:
			s.Behind++
		}
		if t.Gap != nil && t.Target != nil && *t.Target > 0 {
			shortfalls = append(shortfalls, big.NewRat(int64(max(0, -*t.Gap)), int64(*t.Target)))
		}
	}
	s.Overall = Overall(statuses, overallMin)
	if s.Applicable > 0 {
		// cannot fail: the denominator is positive and the share at most 100
		v, _ := plan.Share(int64(s.Good), int64(s.Applicable))
		s.Share = &v
	}
	if s.shortfall = median(shortfalls); s.shortfall != nil {
		n := new(big.Int).Mul(s.shortfall.Num(), big.NewInt(int64(100*plan.One)))
		v := plan.Value(plan.RoundDiv(n, s.shortfall.Denom()).Int64())
		s.Shortfall = &v
	}
	return s
}

func median(rats []*big.Rat) *big.Rat {
	if len(rats) == 0 {
		return nil
	}
	slices.SortFunc(rats, (*big.Rat).Cmp)
	sum := new(big.Rat).Add(rats[(len(rats)-1)/2], rats[len(rats)/2])
	return sum.Quo(sum, big.NewRat(2, 1))
}

// compareShortfall puts a unit of which no gap is known behind those with one: unknown is not zero.
func compareShortfall(a, b *big.Rat) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Cmp(b)
}

// worstFirst is the order of statuses for a unit as a whole. What is not known is worse than what goes well and better
// than what is known to go badly.
var worstFirst = [...]Status{Behind, AtRisk, NoData, Stale, OnTrack, Met}

// Overall is a unit's status as a whole: the worst status that holds for at least atLeast of its owed targets (RULES
// section 4). Where none does, as with units that owe very few, it is the one held most often, of two the worse. Targets
// that do not apply or name no number do not count; without any other it is not_applicable.
func Overall(statuses []Status, atLeast int) Status {
	count := map[Status]int{}
	for _, s := range statuses {
		count[s]++
	}
	often := NotApplicable
	for _, s := range worstFirst {
		if count[s] > 0 && count[s] >= atLeast {
			return s
		}
		if count[s] > 0 && (often == NotApplicable || count[s] > count[often]) {
			often = s
		}
	}
	return often
}
