package progress

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"tiendo/pipeline/plan"
)

// caseRow is a row of testdata/methods_cases.csv.
type caseRow struct {
	id, method, inputs, expected, tolerance string
}

func caseRows(t *testing.T) []caseRow {
	t.Helper()
	f, err := os.Open("testdata/methods_cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []caseRow
	for _, r := range rows[1:] {
		out = append(out, caseRow{r[0], r[1], r[2], r[3], r[4]})
	}
	return out
}

func decode[T any](t *testing.T, s string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return v
}

// TestPublishedCases runs every row of the worked cases; a row of a kind that no branch knows fails.
func TestPublishedCases(t *testing.T) {
	for _, r := range caseRows(t) {
		t.Run(r.id, func(t *testing.T) {
			switch Method(r.method) {
			case OpenSDG, Eurostat, UNSD, ESCAP:
				methodCase(t, r)
			case "plan":
				planCase(t, r)
			case "plan-rollup":
				rollUpCase(t, r)
			default:
				t.Fatalf("no test for method %q", r.method)
			}
		})
	}
}

type methodCaseInput struct {
	BaseValue    *float64 `json:"base_value"`
	BaseYear     *float64 `json:"base_year"`
	CurrentValue *float64 `json:"current_value"`
	CurrentYear  *float64 `json:"current_year"`
	Target       *float64 `json:"target"`
	TargetYear   *float64 `json:"target_year"`
	Direction    int      `json:"direction"`
	Limit        *float64 `json:"limit"`
}

// methodCase evaluates the row through the CSV, as a person would, and compares what the row states.
func methodCase(t *testing.T, r caseRow) {
	in := decode[methodCaseInput](t, r.inputs)
	direction := ""
	if in.Direction != 0 {
		direction = strconv.Itoa(in.Direction)
	}
	table := strings.Join(methodColumns, ",") + "\n" + strings.Join([]string{r.id, r.method, formatNumber(in.BaseValue), formatNumber(in.BaseYear),
		formatNumber(in.CurrentValue), formatNumber(in.CurrentYear), formatNumber(in.Target), formatNumber(in.TargetYear), direction, formatNumber(in.Limit)}, ",") + "\n"
	var out strings.Builder
	if err := EvalCSV(strings.NewReader(table), &out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != r.id {
		t.Fatalf("rows %v, error %v", rows, err)
	}
	want := decode[map[string]any](t, r.expected)
	tolerance := 0.0
	if r.tolerance != "" {
		if tolerance, err = strconv.ParseFloat(r.tolerance, 64); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"progress_value", "score"} {
		w, stated := want[name]
		got, _ := parseNumber(rows[1][i+1])
		switch {
		case !stated:
		case w == nil || got == nil:
			if w != nil || got != nil {
				t.Errorf("%s = %q, want %v", name, rows[1][i+1], w)
			}
		case math.Abs(*got-w.(float64)) > tolerance:
			t.Errorf("%s = %v, want %v", name, *got, w)
		}
	}
	if w, stated := want["status"]; stated && rows[1][3] != w {
		t.Errorf("status = %q, want %q", rows[1][3], w)
	}
}

func planCase(t *testing.T, r caseRow) {
	in := decode[struct {
		Cmp      plan.Comparator `json:"cmp"`
		Target   json.Number     `json:"target"`
		Value    *json.Number    `json:"value"`
		Agg      string          `json:"agg"`
		Values   []*json.Number  `json:"values"`
		Kind     string          `json:"kind"`
		Baseline int64           `json:"baseline"`
		Award    string          `json:"award"`
		Factor   json.Number     `json:"factor"`
		Cap      *json.Number    `json:"cap"`
		Level    string          `json:"level"`
	}](t, r.inputs)
	want := decode[struct {
		Met      *bool        `json:"met"`
		Value    *json.Number `json:"value"`
		Binding  *int         `json:"binding"`
		Partial  bool         `json:"partial"`
		Reason   string       `json:"reason"`
		Progress *json.Number `json:"progress"`
		Exceeded *bool        `json:"exceeded"`
	}](t, r.expected)
	val := func(n json.Number) plan.Value { return plan.MustValue(n.String()) }
	target := val(in.Target)
	verdict := func(v Verdict) *bool {
		if v.Truth == Undecidable {
			return nil
		}
		yes := v.Truth == Yes
		return &yes
	}
	same := func(what string, got, want *bool) {
		if (got == nil) != (want == nil) || (got != nil && *got != *want) {
			t.Errorf("%s = %s, want %s", what, showBool(got), showBool(want))
		}
	}
	switch {
	case in.Award == "exceed":
		most := plan.Percent(100)
		if in.Cap != nil {
			most = val(*in.Cap)
		}
		v := ExceedsBy(ScorePoint(val(*in.Value)), &target, val(in.Factor), most)
		same("exceeded", verdict(v), want.Exceeded)
		if string(v.Reason) != want.Reason {
			t.Errorf("reason %q, want %q", v.Reason, want.Reason)
		}
	case in.Agg == "min":
		var members []Member
		for i, n := range in.Values {
			m := Member{Code: strconv.Itoa(i), Point: UnknownPoint(ReasonNotReported, 0, 0)}
			if n != nil {
				m.Point = ScorePoint(val(*n))
			}
			members = append(members, m)
		}
		got := MinOver(members, in.Cmp, &target)
		var met *bool
		if got.Point.Known {
			b := got.Point.Meets(in.Cmp, target)
			met = &b
		}
		same("met", met, want.Met)
		if want.Value != nil && got.Point.Value != val(*want.Value) {
			t.Errorf("value %s, want %s", got.Point.Value, *want.Value)
		}
		if want.Binding != nil && got.Index != *want.Binding {
			t.Errorf("binding %d, want %d", got.Index, *want.Binding)
		}
		if got.Point.Known && got.Partial != want.Partial {
			t.Errorf("partial %v, want %v", got.Partial, want.Partial)
		}
		if want.Reason != "" && string(got.Point.Reason) != strings.ReplaceAll(want.Reason, " ", "_") {
			t.Errorf("reason %q, want %q", got.Point.Reason, want.Reason)
		}
	case in.Kind == "reduction":
		now, err := in.Value.Int64()
		if err != nil {
			t.Fatal(err)
		}
		p := Reduction(in.Baseline, now)
		if p.Value != val(*want.Progress) {
			t.Errorf("progress %s, want %s", p.Value, *want.Progress)
		}
		b := p.Meets(in.Cmp, target)
		same("met", &b, want.Met)
	default:
		b := ScorePoint(val(*in.Value)).Meets(in.Cmp, target)
		same("met", &b, want.Met)
		// the same figure as a pair: value per cent of 10000 is a whole pair with two decimals
		pair := SharePoint(int64(val(*in.Value)/(plan.One/100)), 10000)
		b = pair.Meets(in.Cmp, target)
		same("met as a pair", &b, want.Met)
	}
}

func rollUpCase(t *testing.T, r caseRow) {
	in := decode[struct {
		Children []struct {
			Num, Den int64
			Excluded bool
		}
	}](t, r.inputs)
	want := decode[struct {
		Num, Den int64
		Percent  float64
	}](t, r.expected)
	var children []Pair
	for _, c := range in.Children {
		children = append(children, Pair{c.Num, c.Den, c.Excluded})
	}
	got := RollUp(children)
	if got.Numerator != want.Num || got.Denominator != want.Den || math.Abs(got.Point().Value.Float()-want.Percent) > 1e-9 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func showBool(b *bool) string {
	if b == nil {
		return "unknown"
	}
	return strconv.FormatBool(*b)
}
