package progress

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// num reads a test's figure; "" is none.
func num(t testing.TB, s string) *float64 {
	t.Helper()
	v, err := parseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// readSeries reads "value@year value@year target@year" with "" parts as none: base, current, target.
func readSeries(t testing.TB, s string, direction int, limit string) MethodInput {
	t.Helper()
	parts := strings.Split(s, " ")
	point := func(i int) (*float64, *float64) {
		if i >= len(parts) {
			return nil, nil
		}
		v, y, _ := strings.Cut(parts[i], "@")
		return num(t, v), num(t, y)
	}
	in := MethodInput{Direction: direction, Limit: num(t, limit)}
	in.BaseValue, in.BaseYear = point(0)
	in.CurrentValue, in.CurrentYear = point(1)
	in.Target, in.TargetYear = point(2)
	return in
}

// The expected figures were worked out apart from this code, from the formulas of METHODS.
func TestMethodEdges(t *testing.T) {
	const none = "null"
	for _, c := range []struct {
		name      string
		method    Method
		series    string
		direction int
		limit     string
		value     string
		score     string
		status    string
	}{
		{"no current point", OpenSDG, "5@2015", 1, "", none, none, "not_available"},
		{"no base point", OpenSDG, "@ 5@2015 9@2030", 1, "", none, none, "not_available"},
		{"one point", OpenSDG, "5@2015 5@2015 9@2030", 1, "", none, none, "not_available"},
		{"one point that reaches the target", OpenSDG, "9@2015 9@2015 9@2030", 1, "", none, "5", "target_achieved"},
		{"current before the base", OpenSDG, "5@2015 6@2014 9@2030", 1, "", none, none, "not_available"},
		{"current year not given", OpenSDG, "5@2015 6@ 9@2030", 1, "", none, none, "not_available"},
		{"change of sign", OpenSDG, "-1@2015 1@2020 9@2030", 1, "", none, none, "not_available"},
		{"change of sign that reaches the target", OpenSDG, "-1@2015 9@2020 9@2030", 1, "", none, "5", "target_achieved"},
		{"target in the base year", OpenSDG, "5@2015 6@2020 9@2015", 1, "", none, none, "not_available"},
		{"target in the base year, reached", OpenSDG, "5@2015 9@2020 9@2015", 1, "", none, "5", "target_achieved"},
		{"target before the base year", OpenSDG, "10@2015 12@2017 20@2010", 1, "", "0.7373158002121643", "0.9808730293354682", "moderate_progress"},
		{"target without a year", OpenSDG, "5@2015 6@2020 9@", 1, "", none, none, "not_available"},
		{"required growth 0, lost", OpenSDG, "9@2015 8@2020 9@2030", 1, "", none, none, "not_available"},
		{"zero base", OpenSDG, "0@2015 2@2020 10@2030", 1, "", "4.2142494226411005", "5", "substantial_progress"},
		{"zero target", OpenSDG, "10@2015 0.001@2020 0@2030", -1, "", "*", "5", "target_achieved"},
		{"down to nothing", OpenSDG, "10@2015 0@2020 5@2030", -1, "", "*", "5", "target_achieved"},
		{"negative base, growth takes its sign", OpenSDG, "-4@2015 -2@2020 -1@2030", 1, "", "1.466392001650891", "5", "substantial_progress"},
		{"target across zero: modulus over the complex root", OpenSDG, "-4@2015 -2@2020 0@2030", 1, "", "0.285525088846029", "-1.310302612305251", "limited_progress"},
		{"half years", OpenSDG, "1@2022 1.6@2022.5 2@2022.5", 1, "", "0.52", "-0.333316", "limited_progress"},
		{"float noise at 0.6", OpenSDG, "1@2022 1.5999999999999999@2023 2@2023", 1, "", "0.6", "0.00004", "moderate_progress"},
		{"no target, deterioration", OpenSDG, "100@2020 99@2021", 1, "", "-0.01", "-3.75", "deterioration"},
		{"no target, limited near the limit", OpenSDG, "90@2020 90.05@2021", 1, "100", "0.0005555555555554204", "-1.7565265383161281", "limited_progress"},
		{"no target, moderate near the limit", OpenSDG, "90@2020 90.5@2021", 1, "100", "0.005555555555555536", "2.4673673084202514", "moderate_progress"},
		{"no target, substantial near the limit", OpenSDG, "90@2020 91@2021", 1, "100", "0.011111111111111072", "5", "substantial_progress"},
		{"no target, substantial", OpenSDG, "100@2020 101.6@2021", 1, "", "0.016", "3", "substantial_progress"},
		{"no target, exactly 1.5 %", OpenSDG, "100@2020 101.5@2021", 1, "", "0.015", "2.5", "substantial_progress"},
		{"no target, exactly 0.5 %", OpenSDG, "100@2020 100.5@2021", 1, "", "0.005", "0", "moderate_progress"},
		{"at the limit and kept", OpenSDG, "100@2020 100@2021", 1, "100", "0", "5", "substantial_progress"},
		{"at the limit and lost", OpenSDG, "100@2020 99@2021", 1, "100", "-0.01", "-3.75", "deterioration"},
		{"lower limit between once and twice", OpenSDG, "150@2020 149@2021", -1, "100", "0.00666666666666671", "0.4971599193800136", "moderate_progress"},
		{"lower limit far away", OpenSDG, "200@2020 199@2021", -1, "100", "0.005", "0", "moderate_progress"},
		{"limit 0", OpenSDG, "5@2020 4.9@2021", -1, "0", "0.02", "5", "substantial_progress"},
		{"limit is ignored with a target", OpenSDG, "1@2022 1.95@2023 2@2023", 1, "1", "0.95", "2.500055", "substantial_progress"},

		{"no current point", Eurostat, "5@2015", 1, "", none, none, "not_available"},
		{"exactly 0.95", Eurostat, "1@2022 1.95@2023 2@2023", 1, "", "0.95", "2.5", "moderate_progress"},
		{"exactly 0.60", Eurostat, "1@2022 1.6@2023 2@2023", 1, "", "0.6", "0", "insufficient_progress"},
		{"exactly 0", Eurostat, "1@2022 1@2023 2@2023", 1, "", "0", "-2.5", "insufficient_progress"},
		{"below 0", Eurostat, "1@2022 0.7@2023 2@2023", 1, "", "-0.3", "-3.75", "significant_deterioration"},
		{"far below 0", Eurostat, "1@2022 0.1@2023 2@2023", 1, "", "-0.9", "-5", "significant_deterioration"},
		{"a target that is reached is judged by its growth", Eurostat, "1@2022 2.5@2023 2@2023", 1, "", "1.5", "5", "significant_progress"},
		{"required growth 0", Eurostat, "9@2015 9@2020 9@2030", 1, "", none, none, "not_available"},
		{"no target, exactly 1 %", Eurostat, "100@2020 101@2021", 1, "", "0.01", "2.5", "moderate_progress"},
		{"no target, over 1 %", Eurostat, "100@2020 101.1@2021", 1, "", "0.011", "2.75", "significant_progress"},
		{"no target, exactly 0.1 %", Eurostat, "1000@2020 1001@2021", 1, "", "0.001", "0.25", "no_progress"},
		{"no target, exactly -0.1 %", Eurostat, "1000@2020 999@2021", 1, "", "-0.001", "-0.25", "no_progress"},
		{"no target, exactly -1 %", Eurostat, "100@2020 99@2021", 1, "", "-0.01", "-2.5", "moderate_deterioration"},
		{"no target, under -1 %", Eurostat, "100@2020 97@2021", 1, "", "-0.03", "-5", "significant_deterioration"},
		{"no target, near the limit", Eurostat, "90@2020 90.2@2021", 1, "100", "0.0022222222222223476", "1.4869469233681898", "moderate_progress"},
		{"at the limit", Eurostat, "100@2020 100@2021", 1, "100", "0", none, "not_available"},

		{"exactly 0.10", UNSD, "100@2020 101@2021 110@2021", 0, "", "0.1", "2", ""},
		{"exactly 0.95", UNSD, "100@2020 109.5@2021 110@2021", 0, "", "0.95", "3", ""},
		{"target is the base", UNSD, "9@2015 9@2020 9@2030", 0, "", none, none, "not_available"},
		{"no target", UNSD, "9@2015 9@2020", 0, "", none, none, "not_available"},
		{"one point", UNSD, "9@2015 9@2015 10@2030", 0, "", none, none, "not_available"},
		{"down to nothing", UNSD, "10@2015 0@2020 5@2030", -1, "", "2", "3", ""},

		{"backwards", ESCAP, "10@2015 8@2020 20@2030", 1, "", none, "-2", ""},
		{"down", ESCAP, "20@2015 15@2020 10@2030", -1, "", none, "5", ""},
		{"from zero", ESCAP, "0@2015 50@2020 100@2030", 1, "", none, "5", ""},
		{"target is the base", ESCAP, "9@2015 9@2020 9@2030", 1, "", none, none, "not_available"},
		{"no current value", ESCAP, "9@2015 @2020 9@2030", 1, "", none, none, "not_available"},
	} {
		t.Run(string(c.method)+": "+c.name, func(t *testing.T) {
			got, err := Eval(c.method, readSeries(t, c.series, c.direction, c.limit))
			if err != nil {
				t.Fatal(err)
			}
			same := func(what string, got *float64, want string) {
				if want == "*" && got != nil {
					return
				}
				if want == none || got == nil {
					if want != none || got != nil {
						t.Errorf("%s = %q, want %s", what, formatNumber(got), want)
					}
					return
				}
				if w := num(t, want); math.Abs(*got-*w) > 1e-9 {
					t.Errorf("%s = %v, want %v", what, *got, *w)
				}
			}
			same("progress value", got.ProgressValue, c.value)
			same("score", got.Score, c.score)
			if got.Status != c.status {
				t.Errorf("status = %q, want %q", got.Status, c.status)
			}
		})
	}
}

func TestEvalErrors(t *testing.T) {
	for _, c := range []struct {
		method    Method
		direction int
		want      string
	}{
		{"sdg", 1, `unknown method "sdg": use opensdg-2.4, eurostat, unsd-2023, escap-csi`},
		{OpenSDG, 0, "method opensdg-2.4: direction 0: write 1 where up is good, -1 where down is good"},
		{UNSD, 2, "method unsd-2023: direction 2: write 1 where up is good, -1 where down is good"},
	} {
		if _, err := Eval(c.method, MethodInput{Direction: c.direction}); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestIndicatorScore(t *testing.T) {
	if got := IndicatorScore([]MethodResult{{Score: num(t, "5")}, {}, {Score: num(t, "-2")}}); *got != 1.5 {
		t.Errorf("mean %v, want 1.5", *got)
	}
	if got := IndicatorScore([]MethodResult{{}}); got != nil {
		t.Errorf("mean of nothing: %v", *got)
	}
}

func TestEvalCSV(t *testing.T) {
	const in = "\ufeffmethod,case_id, direction ,base_value,current_value,target,base_year,current_year,target_year\r\n" +
		"escap-csi,a,1,63,74,85,,,\r\n" +
		"opensdg-2.4,\"b, c\",1,5,,9,2015,,2030\r\n" +
		"unsd-2023,d,,14.5,10.2,7.25,2015.0,2023,2030\r\n"
	const want = "case_id,progress_value,score,status\n" +
		"a,,5,\n" +
		"\"b, c\",,,not_available\n" +
		"d,0.9658338617914744,3,\n"
	var out strings.Builder
	if err := EvalCSV(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	got, exp := strings.Split(out.String(), "\n"), strings.Split(want, "\n")
	for i, line := range exp[:3] {
		if got[i] != line {
			t.Errorf("line %d: %q, want %q", i+1, got[i], line)
		}
	}
	// the last digits of a power are the machine's
	if f := strings.Split(got[3], ","); len(f) != 4 || !strings.HasPrefix(f[1], "0.96583386179147") || len(f[1]) < 17 || f[2] != "3" {
		t.Errorf("line 4: %q, want about %q", got[3], exp[3])
	}
}

func TestEvalCSVErrors(t *testing.T) {
	const header = "case_id,method,base_value,base_year,current_value,current_year,target,target_year,direction,limit\n"
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "methods: the table is empty: it needs a header row with case_id,method,base_value,base_year,current_value,current_year,target,target_year,direction,limit"},
		{"header that is no CSV", "\"a", `methods: header row: parse error on line 1, column 3: extraneous or missing " in quoted-field`},
		{"unknown column", "case_id,method,base", `methods: line 1, column 3: unknown column "base": use case_id,method,base_value,base_year,current_value,current_year,target,target_year,direction,limit`},
		{"column twice", "case_id,method,limit,limit", "methods: line 1, column limit stands twice"},
		{"no method column", "case_id,limit", "methods: line 1: column method is missing: the header row names the columns case_id,method,base_value,base_year,current_value,current_year,target,target_year,direction,limit"},
		{"unknown method", header + "a,plan,,,,,,,1,\n", `methods: line 2, column method: unknown method "plan": use opensdg-2.4, eurostat, unsd-2023, escap-csi`},
		{"bad number in a later line", header + "a,eurostat,,,,,,,1,\n\"b\n\",eurostat,\"1,5\",,,,,,1,\n", `methods: line 3, column base_value: cannot read "1,5" as a number: write it with a decimal point, or leave it empty`},
		{"not finite", header + "a,eurostat,1,2015,NaN,2016,,,1,\n", `methods: line 2, column current_value: cannot read "NaN" as a number: write it with a decimal point, or leave it empty`},
		{"infinite", header + "a,eurostat,1,2015,1,2016,,,1,1e999\n", `methods: line 2, column limit: cannot read "1e999" as a number: write it with a decimal point, or leave it empty`},
		{"direction missing", header + "a,eurostat,1,2015,1,2016,,,,\n", `methods: line 2, column direction: "": write 1 where up is good, -1 where down is good`},
		{"direction 2", header + "a,unsd-2023,1,2015,1,2016,,,2,\n", `methods: line 2, column direction: "2": write 1 where up is good, -1 where down is good`},
		{"direction in words", header + "a,unsd-2023,1,2015,1,2016,,,up,\n", `methods: line 2, column direction: cannot read "up" as a number: write it with a decimal point, or leave it empty`},
		{"too few fields", header + "a,eurostat\n", "methods: record on line 2: wrong number of fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := EvalCSV(strings.NewReader(c.in), &strings.Builder{}); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

var errFull = errors.New("disk full")

// fullAfter takes so many bytes, then fails.
type fullAfter int

func (f *fullAfter) Write(b []byte) (int, error) {
	if len(b) > int(*f) {
		return 0, errFull
	}
	*f -= fullAfter(len(b))
	return len(b), nil
}

func TestEvalCSVSaysWhenItCannotWrite(t *testing.T) {
	rows := "case_id,method,direction\n" + strings.Repeat("a,eurostat,1\n", 1000)
	for _, room := range []fullAfter{0, 4096} {
		if err := EvalCSV(strings.NewReader(rows), &room); !errors.Is(err, errFull) {
			t.Errorf("got %v", err)
		}
	}
	room := fullAfter(0)
	if err := EvalCSV(strings.NewReader("case_id,method,direction\n"+strings.Repeat("x", 9000)+",eurostat,1\n"), &room); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	room = 0
	if err := EvalCSV(strings.NewReader("case_id,method,direction\n"), &room); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// Whatever the numbers: no panic, no figure that is not a number, scores within their scale, and full precision that
// reads back.
func TestMethodsKeepTheirScale(t *testing.T) {
	figure := rapid.OneOf(rapid.Just[*float64](nil), rapid.Map(rapid.Float64Range(-1000, 1000), func(v float64) *float64 { return &v }),
		rapid.Map(rapid.IntRange(-2, 2), func(n int) *float64 { v := float64(n); return &v }))
	year := rapid.OneOf(rapid.Just[*float64](nil), rapid.Map(rapid.IntRange(2010, 2030), func(n int) *float64 { v := float64(n); return &v }))
	rapid.Check(t, func(t *rapid.T) {
		in := MethodInput{
			BaseValue: figure.Draw(t, "base"), BaseYear: year.Draw(t, "base year"),
			CurrentValue: figure.Draw(t, "current"), CurrentYear: year.Draw(t, "current year"),
			Target: figure.Draw(t, "target"), TargetYear: year.Draw(t, "target year"),
			Direction: rapid.SampledFrom([]int{-1, 1}).Draw(t, "direction"), Limit: figure.Draw(t, "limit"),
		}
		for _, m := range Methods {
			r, err := Eval(m, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range []*float64{r.ProgressValue, r.Score} {
				if back, err := parseNumber(formatNumber(v)); err != nil || (v == nil) != (back == nil) || (v != nil && *v != *back) {
					t.Fatalf("%s: %s", m, formatNumber(v))
				}
			}
			if (r.Score == nil) != (r.Status == "not_available") {
				t.Fatalf("%s: score %s with status %q", m, formatNumber(r.Score), r.Status)
			}
			if r.Score != nil && m != ESCAP && (*r.Score < -5 || *r.Score > 5) {
				t.Fatalf("%s: score %v", m, *r.Score)
			}
		}
	})
}

func FuzzEvalCSV(f *testing.F) {
	f.Add("case_id,method,base_value,base_year,current_value,current_year,target,target_year,direction,limit\na,eurostat,1,2015,2,2020,3,2030,1,\n")
	f.Add("method,case_id\nunsd-2023,x\n")
	f.Add("\ufeffcase_id,method,direction\n\"a\nb\",escap-csi,-1.0\n")
	f.Fuzz(func(t *testing.T, table string) {
		var out strings.Builder
		if err := EvalCSV(strings.NewReader(table), &out); err != nil {
			return
		}
		for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if i == 0 && line != "case_id,progress_value,score,status" {
				t.Fatalf("header %s", strconv.Quote(line))
			}
		}
	})
}
