package words

import (
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/progress"
)

// dec reads a decimal as people write it in a test: 99.96.
func dec(t *testing.T, text string) plan.Value {
	t.Helper()
	v, err := plan.ParseValue(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0,0", "1234.5": "1.234,5", "1234567.89": "1.234.567,9", "0.04": "0,0", "0.05": "0,1", "12.34": "12,3", "12.35": "12,4",
		"-0.04": "-0,04", "-0.0001": "-0,01", "-0.05": "-0,1", "-12.35": "-12,4", "-1234.5": "-1.234,5", "100": "100,0", "99.9": "99,9", "99.94": "99,9",
		"99.95":   "99,95", // 100,0 would be a lie
		"99.96":   "99,96",
		"89.9999": "89,99", // even with two places rounding would reach 90
		"99.999":  "99,99",
		"100.04":  "100,0", "99.04": "99,0", "98.96": "98,96", "0.96": "0,96",
	} {
		if got := Decimal(dec(t, text)); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
	if Value(nil) != "–" || Percent(nil) != "–" {
		t.Error("an unknown figure is no dash")
	}
	if v := dec(t, "99.96"); Percent(&v) != "99,96%" || Value(&v) != "99,96" {
		t.Errorf("%s, %s", Percent(&v), Value(&v))
	}
}

// What is shown is never a whole number that the figure does not reach, and never further off than its last place.
func TestDecimalIsNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := plan.Value(rapid.Int64Range(-2000*int64(plan.One), 2000*int64(plan.One)).Draw(t, "value"))
		text := Decimal(v)
		back, err := plan.ParseValue(strings.NewReplacer(".", "", ",", ".").Replace(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if d := math.Abs(float64(back - v)); d > float64(plan.One)/10 {
			t.Fatalf("%d is shown as %s", v, text)
		}
		if back%plan.One == 0 && back > v {
			t.Fatalf("%d is lifted onto %s", v, text)
		}
	})
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1.000", -1000: "-1.000", 123456: "123.456", 1234567: "1.234.567",
		-999: "-999", math.MaxInt64: "9.223.372.036.854.775.807", math.MinInt64: "-9.223.372.036.854.775.808"} {
		if got := Count(n); got != want {
			t.Errorf("%d is shown as %s, want %s", n, got, want)
		}
	}
}

func TestWeek(t *testing.T) {
	for sunday, want := range map[string]string{
		"2025-10-05": "Tuần 40/2025 (29/9 - 05/10)",
		"2025-01-05": "Tuần 1/2025 (30/12 - 05/1)",
		"2024-12-29": "Tuần 52/2024 (23/12 - 29/12)",
		"2021-01-03": "Tuần 53/2020 (28/12 - 03/1)",
		"2025-06-29": "Tuần 26/2025 (23/6 - 29/6)",
	} {
		if got := Week(plan.MustDay(sunday)); got != want {
			t.Errorf("the week up to %s is %q, want %q", sunday, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	if got := Day(plan.MustDay("2025-06-09")); got != "09/06/2025" {
		t.Error(got)
	}
	if Day(plan.NoDay) != "–" || Instant(time.Time{}) != "–" || Instant(time.UnixMilli(0)) != "–" {
		t.Error("no day is no dash")
	}
	// A quarter to midnight in Greenwich is the next morning here.
	if got := Instant(time.Date(2025, 6, 8, 23, 45, 0, 0, time.UTC)); got != "06:45 09/06/2025" {
		t.Error(got)
	}
}

// Each status has a name and a sign of its own: colour alone must not carry it.
func TestStatusesAreToldApart(t *testing.T) {
	names, signs := map[string]progress.Status{}, map[string]progress.Status{}
	for _, s := range []progress.Status{progress.Met, progress.OnTrack, progress.AtRisk, progress.Behind, progress.Stale, progress.NoData, progress.NoTarget, progress.NotApplicable} {
		w := Status(s)
		if w.Name == "" || w.Short == "" || w.Class == "" {
			t.Errorf("%s: %+v", s, w)
		}
		if other, twice := names[w.Name]; twice {
			t.Errorf("%s and %s are both called %s", s, other, w.Name)
		}
		if other, twice := signs[w.Sign]; twice {
			t.Errorf("%s and %s both have the sign %s", s, other, w.Sign)
		}
		names[w.Name], signs[w.Sign] = s, s
	}
	seen := map[string]bool{}
	for _, o := range []progress.Outcome{progress.OutcomeMet, progress.OutcomeMissed, progress.OutcomePending, progress.OutcomeUndecidable, progress.OutcomeNone} {
		if w := Outcome(string(o)); w.Name == "" || seen[w.Name] {
			t.Errorf("outcome %q: %+v", o, w)
		} else {
			seen[w.Name] = true
		}
	}
}

func TestReasons(t *testing.T) {
	for list, want := range map[string]string{
		"":                             "",
		"too_few":                      "quá ít trường hợp để tính tỷ lệ",
		"unit_ended,too_few":           "đơn vị đã kết thúc hoạt động; quá ít trường hợp để tính tỷ lệ",
		"something_new":                "something_new",
		string(progress.ReasonNoPath):  "chưa có lộ trình, xét theo dự báo",
		string(progress.ReasonDerived): "số liệu gốc lấy từ kỳ đầu tiên có số liệu",
	} {
		if got := Reasons(list); got != want {
			t.Errorf("%q reads %q, want %q", list, got, want)
		}
	}
}

// Both languages name every status, outcome and reason that there is, and boards have a colour for each.
func TestBothLanguages(t *testing.T) {
	check := func(what string, w StatusWord) {
		if w.Name == "" || w.NameEN == "" || w.NameEN == w.Name || w.Sign == "" || !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(w.Colour) {
			t.Errorf("%s: %+v", what, w)
		}
	}
	for _, s := range Statuses {
		check(string(s), Status(s))
	}
	for _, o := range Outcomes {
		check(string(o), Outcome(string(o)))
	}
	if Status("unheard of") != Status(progress.NotApplicable) || Outcome("unheard of") != Outcome(string(progress.OutcomeNone)) {
		t.Error("an unknown word is taken for a known one")
	}
	seen := map[progress.Reason]bool{}
	for _, r := range AllReasons {
		if r.VI == "" || r.EN == "" || seen[r.Reason] || Reason(r.Reason) != r.VI {
			t.Errorf("reason %s: %+v", r.Reason, r)
		}
		seen[r.Reason] = true
	}
	source, err := os.ReadFile("../progress/assess.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\tReason\w+ +(?:Reason )?= "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(declared) < 10 {
		t.Fatalf("%d reasons are declared: does this test still read them?", len(declared))
	}
	for _, m := range declared {
		if !seen[progress.Reason(m[1])] {
			t.Errorf("reason %s has no words", m[1])
		}
	}
	for _, r := range []plan.Rhythm{plan.Daily, plan.Monthly, plan.Quarterly, plan.HalfYearly, plan.Yearly} {
		if vi, en := Rhythm(r); vi == string(r) || en == string(r) || vi == "" {
			t.Errorf("rhythm %s: %s, %s", r, vi, en)
		}
	}
}

func TestShortUnit(t *testing.T) {
	for _, test := range []struct{ name, nameEN, kind, vi, en string }{
		{"Thành phố Rạch Giá", "Rach Gia City", "Thành phố", "Rạch Giá", "Rach Gia"},
		{"Xã Hòa Thuận", " Hoa Thuan Commune", "Xã", "Hòa Thuận", "Hoa Thuan"},
		{"Phường 1", "Ward 1", "Phường", "Phường 1", "Ward 1"},
		{"Phường 1", "1 Ward", "Phường", "Phường 1", "1 Ward"},
		{"Đặc khu Thổ Châu", "Tho Chau Special Administrative Region", "Đặc khu", "Thổ Châu", "Tho Chau"},
		{"Sở Nội vụ", "Department of Home Affairs", "Sở", "Sở Nội vụ", "Department of Home Affairs"},
		{"Liên đoàn Lao động tỉnh", "Provincial Federation of Labour", "Đoàn thể", "Liên đoàn Lao động tỉnh", "Provincial Federation of Labour"},
	} {
		if vi, en := ShortUnit(&plan.Unit{Name: test.name, NameEN: test.nameEN, Type: test.kind}); vi != test.vi || en != test.en {
			t.Errorf("%s is called %q, %q for short, want %q, %q", test.name, vi, en, test.vi, test.en)
		}
	}
	less := ByName()
	if less("Đông Hồ", "Dương Hòa") < 0 || less("An Biên", "An Minh") > 0 || less("Gò Quao", "Giang Thành") < 0 {
		t.Error("names are not in Vietnamese order")
	}
}
