package table

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/collectors"
	"tiendo/pipeline/plan"
)

// testPlan has a province with two districts; two communes of one name; one commune that ends on 30 November 2024 and
// goes into another.
func testPlan(t testing.TB) *plan.Plan {
	t.Helper()
	unit := func(code, name string, level plan.Level, parent *plan.Unit) *plan.Unit {
		return &plan.Unit{UnitKey: plan.UnitKey{Code: code, From: plan.NoDay}, To: plan.NoDay, Name: name, Level: level, Parent: parent}
	}
	province := unit("91", "Tỉnh Thử", "province", nil)
	east := unit("901", "Huyện Đông", "district", province)
	west := unit("902", "Huyện Tây", "district", province)
	a := unit("30001", "Xã Bình An", "commune", east)
	b := unit("30002", "Xã Bình An", "commune", west)
	c := unit("30003", "Xã Hòa Lợi", "commune", east)
	c.To = plan.MustDay("2024-11-30")
	dep := unit("H99.01", "Sở Thông tin", "department", province)
	units, err := plan.NewUnits([]*plan.Unit{province, east, west, a, b, c, dep}, map[string]string{"H99.31.03": "30003"})
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Plan{
		Units:      units,
		Indicators: []plan.Indicator{{Code: "A-01"}, {Code: "A-02"}},
		Members: map[string][]plan.Member{
			"sector":        {{Code: "xay-dung", Name: "Xây dựng"}, {Code: "van-tai", Name: "Vận tải"}},
			"facility_kind": {{Code: "hospital", Name: "Bệnh viện"}},
		},
	}
}

var unitKey = []plan.Column{{Header: "Mã đơn vị", Role: "unit"}}

func testForms() []plan.Form {
	form := func(code string, r plan.Rhythm, keys []plan.Column, columns ...plan.Column) plan.Form {
		return plan.Form{Code: code, Version: 2, Source: "forms", Levels: []plan.Level{"district", "commune"}, Rhythm: r, PeriodType: plan.Report, Keys: keys, Columns: columns}
	}
	money := form("BM-TIEN", plan.Yearly, []plan.Column{{Header: "Mã đơn vị", Role: "unit"}, {Header: "Mã ngành", Role: "sector"}},
		plan.Column{Header: "Giá trị (tỷ đồng)", Measure: "m.part", Kind: "money", Factor: 1e9, AtMost: "m.whole"},
		plan.Column{Header: "Tổng (tỷ đồng)", Measure: "m.whole", Kind: "money", Factor: 1e9})
	money.Levels = []plan.Level{"province"}
	bit := func(header string, n int) plan.Column {
		return plan.Column{Header: header, Measure: "s.features", Kind: "flag_bit", Bit: n}
	}
	register := plan.Form{Code: "DM-COSO", Version: 2, Rhythm: plan.Daily, PeriodType: plan.Calendar, Levels: []plan.Level{"province"},
		Keys: []plan.Column{{Header: "Mã cơ sở", Role: "facility"}},
		Columns: []plan.Column{{Header: "Tên cơ sở", Kind: "text", Role: "name"}, {Header: "Loại hình", Kind: "text", Role: "facility_kind"},
			{Header: "Mã xã", Kind: "text", Role: "located_in"}, {Header: "Quản lý", Kind: "text", Role: "managed_by"},
			{Header: "Từ ngày", Kind: "date", Role: "from", Empty: "allowed"}, {Header: "Đến ngày", Kind: "date", Role: "to", Empty: "allowed"}}}
	baseline := plan.Form{Code: "DM-GOC", Version: 2, Rhythm: plan.Daily, PeriodType: plan.Calendar, Levels: []plan.Level{"province"},
		Keys: []plan.Column{{Header: "Mã chỉ tiêu", Role: "indicator"}, {Header: "Mã đơn vị", Role: "unit"}},
		Columns: []plan.Column{{Header: "Tử số", Kind: "count", Role: "numerator"}, {Header: "Mẫu số", Kind: "count", Role: "denominator", Empty: "allowed"},
			{Header: "Căn cứ", Kind: "text", Role: "citation"}}}
	return []plan.Form{
		form("BM-DEM", plan.Monthly, unitKey,
			plan.Column{Header: "Số hồ sơ", Measure: "c.all", Kind: "count"},
			plan.Column{Header: "Số có đánh giá", Measure: "c.rated", Kind: "count", AtMost: "c.all"}),
		form("BM-CO", plan.Quarterly, unitKey,
			plan.Column{Header: "Tham gia", Measure: "y.taking", Kind: "yesno"},
			plan.Column{Header: "Cơ quan", Measure: "y.agency", Kind: "one"},
			plan.Column{Header: "Minh chứng", Kind: "text", Role: "evidence"}),
		form("BM-DV", plan.Quarterly, []plan.Column{{Header: "Mã đơn vị", Role: "unit"}, {Header: "Mã thủ tục", Role: "service"}},
			bit("Một", 0), bit("Hai", 1), bit("Ba", 2), plan.Column{Header: "Loại trừ", Measure: "s.scope", Kind: "not_flag"}),
		money, register, baseline,
	}
}

var testNow = time.Date(2024, 12, 20, 9, 0, 0, 0, plan.Zone)

// newReader reads forms from a fresh folder at testNow.
func newReader(t testing.TB, seen func(string) bool) *Reader {
	t.Helper()
	r, err := NewReader(
		collectors.Source{ID: "forms", File: "sources/forms.yaml", Path: "${DROP}/forms"},
		collectors.Deps{Plan: testPlan(t), Now: func() time.Time { return testNow }, Seen: seen, Lookup: func(string) string { return t.(interface{ TempDir() string }).TempDir() }},
		testForms())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(r.Dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	return r
}

// drop puts a file into the reader's folder as it was handed in the given time before testNow.
func drop(t testing.TB, r *Reader, name string, content []byte, ago time.Duration) {
	t.Helper()
	path := filepath.Join(r.Dir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, testNow.Add(-ago), testNow.Add(-ago)); err != nil {
		t.Fatal(err)
	}
}

// pull lands everything and reads it back, as a replay would: from the bytes.
func pull(t testing.TB, r *Reader) (pages []collectors.Page, all collectors.Batch) {
	t.Helper()
	for p, err := range r.Pages(context.Background(), collectors.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, p)
		all.Measures = append(all.Measures, b.Measures...)
		all.Facilities = append(all.Facilities, b.Facilities...)
		all.Baselines = append(all.Baselines, b.Baselines...)
		all.Rejects = append(all.Rejects, b.Rejects...)
		all.Drift = append(all.Drift, b.Drift...)
	}
	return pages, all
}

// sheetOf is a form as CSV: the head for a form and period, and the table's lines.
func sheetOf(form, period string, lines ...string) []byte {
	kind := "báo cáo"
	if strings.HasPrefix(form, "DM-") {
		kind = "lịch"
	}
	return []byte(fmt.Sprintf("Mẫu số;%s\nPhiên bản;2\nLoại kỳ;%s\nKỳ;%s\n\n%s\n", form, kind, period, strings.Join(lines, "\n")))
}

// brief writes a measure as code unit dims value.
func brief(ms []collectors.Measure) []string {
	out := []string{}
	for _, m := range ms {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %d", m.Code, m.Unit, m.Dims, m.Value)), " "))
	}
	return out
}

// rules writes rejects as rule@field.
func rules(rs []collectors.Reject) []string {
	out := []string{}
	for _, r := range rs {
		out = append(out, r.Rule+"@"+r.Field)
	}
	return out
}

const (
	demHeader = "Mã đơn vị;Số hồ sơ;Số có đánh giá"
	coHeader  = "Mã đơn vị;Tham gia;Minh chứng"
	dvHeader  = "Mã đơn vị;Mã thủ tục;Một;Hai;Ba;Loại trừ"
	tienHead  = "Mã đơn vị;Mã ngành;Giá trị (tỷ đồng);Tổng (tỷ đồng)"
	cosoHead  = "Mã cơ sở;Tên cơ sở;Loại hình;Mã xã;Quản lý;Từ ngày;Đến ngày"
	gocHead   = "Mã chỉ tiêu;Mã đơn vị;Tử số;Mẫu số;Căn cứ"
)

func TestForms(t *testing.T) {
	for _, c := range []struct {
		name     string
		file     []byte
		measures []string
		rejects  []string
	}{
		{"counts", sheetOf("BM-DEM", "2024-11", demHeader, "30001;120;100", "901;1.234.567;0"),
			[]string{"c.all 30001 120", "c.rated 30001 100", "c.all 901 1234567", "c.rated 901 0"}, nil},
		{"organ code, other style", sheetOf("BM-DEM", "2024-11", demHeader, "000.03.31.H99;1;1"), []string{"c.all 30003 1", "c.rated 30003 1"}, nil},
		{"unit that ended within the period", sheetOf("BM-DEM", "2024-12", demHeader, "30003;5;5"), []string{"c.all 30003 5", "c.rated 30003 5"}, nil},
		{"unit that ended before the period", sheetOf("BM-DEM", "2025-01", demHeader, "30003;5;5"), nil, []string{"future_date@Kỳ"}},
		{"unit by name with its district", sheetOf("BM-DEM", "2024-11", demHeader, "Xã Bình An - Huyện Tây;5;5"), []string{"c.all 30002 5", "c.rated 30002 5"}, nil},
		{"homonym without its district", sheetOf("BM-DEM", "2024-11", demHeader, "Xã Bình An;5;5"), nil, []string{"ambiguous_name@A7"}},
		{"unknown unit", sheetOf("BM-DEM", "2024-11", demHeader, "39999;5;5", "30001;1;1"), []string{"c.all 30001 1", "c.rated 30001 1"}, []string{"unknown_unit@A7"}},
		{"unit of another level", sheetOf("BM-DEM", "2024-11", demHeader, "91;5;5"), nil, []string{"level_not_allowed@A7"}},
		{"ambiguous number", sheetOf("BM-DEM", "2024-11", demHeader, "30001;1.234;5", "30002;7;7"), []string{"c.all 30002 7", "c.rated 30002 7"}, []string{"ambiguous_number@B7"}},
		{"words for numbers", sheetOf("BM-DEM", "2024-11", demHeader, "30001;mười;-5"), nil, []string{"bad_number@B7", "bad_number@C7"}},
		{"decimals in a count", sheetOf("BM-DEM", "2024-11", demHeader, "30001;12,5;5"), nil, []string{"bad_number@B7"}},
		{"missing denominator", sheetOf("BM-DEM", "2024-11", demHeader, "30001;;5"), nil, []string{"missing_denominator@B7"}},
		{"missing numerator is not zero", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;"), nil, []string{"missing_number@C7"}},
		{"over denominator", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;6"), nil, []string{"over_denominator@C7"}},
		{"empty row is unknown", sheetOf("BM-DEM", "2024-11", demHeader, "30001;;", "30002;0;0"), []string{"c.all 30002 0", "c.rated 30002 0"}, []string{"empty_row@7"}},
		{"missing key", sheetOf("BM-DEM", "2024-11", demHeader, ";5;5"), nil, []string{"missing_key@A7"}},
		{"sums and signatures are no rows", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5", "Tổng cộng;5;5", "", "Người lập biểu;;Thủ trưởng", "Người Nào Đó;;Ai Đó Khác"),
			[]string{"c.all 30001 5", "c.rated 30001 5"}, nil},
		{"same row twice counts once", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5", "30001;5;5"), []string{"c.all 30001 5", "c.rated 30001 5"}, []string{"duplicate_key@8"}},
		{"two rows of one key", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5", "30001;6;5", "30002;1;1"),
			[]string{"c.all 30002 1", "c.rated 30002 1"}, []string{"duplicate_key@7", "duplicate_key@8"}},
		{"yes, no and unknown", sheetOf("BM-CO", "2024-Q4", coHeader, "30001;Có;QĐ 12", "30002;không;", "901;;", "902;có thể;x"),
			[]string{"y.taking 30001 1", "y.agency 30001 1", "y.taking 30002 0", "y.agency 30002 1"}, []string{"empty_row@9", "bad_answer@B10"}},
		{"yes without evidence", sheetOf("BM-CO", "2024-Q4", coHeader, "30001;x;"), nil, []string{"missing_evidence@C7"}},
		{"flags make a mask", sheetOf("BM-DV", "2024-Q4", dvHeader, "30001;1.002835.000.00.00.H99;có;0;X;no", "30001;1.002836;1;1;1;1"),
			[]string{"s.features 30001 1.002835 5", "s.scope 30001 1.002835 1", "s.features 30001 1.002836 7", "s.scope 30001 1.002836 0"}, nil},
		{"open flag takes the row out", sheetOf("BM-DV", "2024-Q4", dvHeader, "30001;1.002835;có;;có;không"), nil, []string{"missing_answer@D7"}},
		{"billions to đồng", sheetOf("BM-TIEN", "2024", tienHead, "91;xay-dung;1.234,5;2000", "91;Vận tải;0,125;1"),
			[]string{"m.part 91 xay-dung 1234500000000", "m.whole 91 xay-dung 2000000000000", "m.part 91 van-tai 125000000", "m.whole 91 van-tai 1000000000"}, nil},
		{"unknown sector", sheetOf("BM-TIEN", "2024", tienHead, "91;hàng không;1;2"), nil, []string{"unknown_member@B7"}},
		{"ambiguous money", sheetOf("BM-TIEN", "2024", tienHead, "91;xay-dung;1.234;2000"), nil, []string{"ambiguous_number@C7"}},
		{"unknown form", sheetOf("BM-KHAC", "2024-11", demHeader, "30001;5;5"), nil, []string{"unknown_form@Mẫu số"}},
		{"no form code", []byte("a;b\n1;2\n"), nil, []string{"unknown_form@Mẫu số"}},
		{"old version", []byte("Mẫu số;BM-DEM\nPhiên bản;1\nLoại kỳ;báo cáo\nKỳ;2024-11\n\n" + demHeader + "\n30001;5;5\n"), nil, []string{"form_version@Phiên bản"}},
		{"other period type", []byte("Mẫu số;BM-DEM\nPhiên bản;2\nLoại kỳ;lịch\nKỳ;2024-11\n\n" + demHeader + "\n30001;5;5\n"), nil, []string{"wrong_period_type@Loại kỳ"}},
		{"other rhythm", sheetOf("BM-DEM", "2024-Q4", demHeader, "30001;5;5"), nil, []string{"wrong_period@Kỳ"}},
		{"no period", sheetOf("BM-DEM", "", demHeader, "30001;5;5"), nil, []string{"bad_period@Kỳ"}},
		{"period that is not over", sheetOf("BM-DEM", "2025-01", demHeader, "30001;5;5"), nil, []string{"future_date@Kỳ"}},
		{"period as people say it", sheetOf("BM-DEM", "Tháng 11/2024", demHeader, "30001;5;5"), []string{"c.all 30001 5", "c.rated 30001 5"}, nil},
		{"period that a spreadsheet made a date", sheetOf("BM-DEM", "2024-11-01", demHeader, "30001;5;5"), []string{"c.all 30001 5", "c.rated 30001 5"}, nil},
		{"missing column", sheetOf("BM-DEM", "2024-11", "Mã đơn vị;Số hồ sơ", "30001;5"), nil, []string{"missing_column@"}},
		{"headers in other spelling and order", sheetOf("BM-DEM", "2024-11", "STT;SỐ CÓ ĐÁNH GIÁ;mã  đơn vị;Số hồ sơ", "1;5;30001;6"),
			[]string{"c.all 30001 6", "c.rated 30001 5"}, nil},
		{"unknown indicator of a baseline", sheetOf("DM-GOC", "2022-06-30", gocHead, "B-09;901;1;2;QĐ 1"), nil, []string{"unknown_indicator@A7"}},
		{"unknown kind of facility", sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;Bệnh viện A;chợ;30001;91;;"), nil, []string{"unknown_member@C7"}},
		{"facility nowhere", sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;Bệnh viện A;hospital;39999;91;;"), nil, []string{"unknown_unit@D7"}},
		{"bad date", sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;Bệnh viện A;hospital;30001;91;31/02/2024;"), nil, []string{"bad_date@F7"}},
		{"dates in disorder", sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;Bệnh viện A;hospital;30001;91;31/12/2024;2024-01-01"), nil, []string{"date_order@7"}},
		{"register without a name or place", sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;;hospital;;91;;"), nil, []string{"missing_value@B7", "missing_value@D7"}},
		{"facility twice", sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;A;hospital;30001;91;;", "CS01;B;hospital;30001;91;;"), nil, []string{"duplicate_key@7", "duplicate_key@8"}},
		{"baseline twice, the same", sheetOf("DM-GOC", "2022-06-30", gocHead, "A-01;901;1;2;QĐ 1", "A-01;901;1;2;QĐ 1"), nil, []string{"duplicate_key@8"}},
		{"ticked boxes", sheetOf("BM-CO", "2024-Q4", coHeader, "30001;✓;QĐ 1", "30002;☑;QĐ 2"),
			[]string{"y.taking 30001 1", "y.agency 30001 1", "y.taking 30002 1", "y.agency 30002 1"}, nil},
		{"unit by name with figures", sheetOf("BM-CO", "2024-Q4", coHeader, "Xã Hòa Lợi;;QĐ 1", "Xã Bình An - Huyện Đông;có;QĐ 2"), []string{"y.taking 30001 1", "y.agency 30001 1"}, nil},
		{"baseline over its denominator", sheetOf("DM-GOC", "2022-06-30", gocHead, "A-01;901;3;2;QĐ 1"), nil, []string{"over_denominator@7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReader(t, nil)
			drop(t, r, "a.csv", c.file, time.Hour)
			_, b := pull(t, r)
			if c.measures == nil {
				c.measures = []string{}
			}
			if c.rejects == nil {
				c.rejects = []string{}
			}
			if diff := cmp.Diff(c.measures, brief(b.Measures)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.rejects, rules(b.Rejects)); diff != "" {
				t.Error(diff)
			}
			for _, x := range b.Rejects {
				if !strings.Contains(x.Reason, "hãy") && !strings.Contains(x.Reason, "không phải là 0") {
					t.Errorf("reason %q says not what to do", x.Reason)
				}
				if !json.Valid(x.Record) {
					t.Errorf("record %q is no JSON", x.Record)
				}
			}
		})
	}
}

func TestMeasureOfAReportPeriod(t *testing.T) {
	r := newReader(t, nil)
	drop(t, r, "a.csv", sheetOf("BM-CO", "2024-Q4", coHeader, "30001;có;Số 12/QĐ ngày 1/12/2024"), time.Hour)
	_, b := pull(t, r)
	want := collectors.Measure{Position: 7, Code: "y.taking", Unit: plan.UnitKey{Code: "30001", From: plan.NoDay}, PeriodType: plan.Report,
		Start: plan.MustDay("2024-09-15"), End: plan.MustDay("2024-12-14"), Value: 1, Evidence: "Số 12/QĐ ngày 1/12/2024"}
	if len(b.Measures) != 2 || b.Measures[0] != want {
		t.Errorf("got %+v, want %+v first", b.Measures, want)
	}
}

func TestRegisterAndBaselines(t *testing.T) {
	r := newReader(t, nil)
	drop(t, r, "a.csv", sheetOf("DM-COSO", "2022-06-30", cosoHead, "cs01;Bệnh viện A;Bệnh viện;30001;91;2020-01-01;"), 2*time.Hour)
	drop(t, r, "b.csv", sheetOf("DM-GOC", "2022-06-30", gocHead, "A-01;901;30;60;Báo cáo số 1", "A-02;901;250;;Báo cáo số 2"), time.Hour)
	_, b := pull(t, r)
	key := func(code string) plan.UnitKey { return plan.UnitKey{Code: code, From: plan.NoDay} }
	day := plan.MustDay("2022-06-30")
	want := collectors.Batch{
		Facilities: []collectors.Facility{{Position: 7, Code: "CS01", Name: "Bệnh viện A", Kind: "hospital", LocatedIn: key("30001"), ManagedBy: key("91"),
			From: plan.MustDay("2020-01-01"), To: plan.NoDay}},
		Baselines: []collectors.Baseline{
			{Position: 7, Indicator: "A-01", Unit: key("901"), Day: day, Numerator: 30, Denominator: 60, Citation: "Báo cáo số 1"},
			{Position: 8, Indicator: "A-02", Unit: key("901"), Day: day, Numerator: 250, Citation: "Báo cáo số 2"}},
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
}

// A typed number is exact where the same text would be ambiguous.
func TestTypedNumbersOfAWorkbook(t *testing.T) {
	r := newReader(t, nil)
	drop(t, r, "a.xlsx", workbook(t, map[string]any{
		"A1": "Mẫu số", "B1": "BM-TIEN", "A2": "Phiên bản", "B2": 2, "A3": "Loại kỳ", "B3": "báo cáo", "A4": "Kỳ", "B4": 2024,
		"A6": "Mã đơn vị", "B6": "Mã ngành", "C6": "Giá trị (tỷ đồng)", "D6": "Tổng (tỷ đồng)",
		"A7": 91, "B7": "xay-dung", "C7": 1.234, "D7": 0.1 + 1.2,
	}), time.Hour)
	_, b := pull(t, r)
	if want := []string{"m.part 91 xay-dung 1234000000", "m.whole 91 xay-dung 1300000000"}; !slices.Equal(brief(b.Measures), want) {
		t.Errorf("got %v, rejects %v", brief(b.Measures), b.Rejects)
	}
}

// What is typed into a workbook's cells, right and wrong.
func TestAmount(t *testing.T) {
	count := plan.Column{Kind: "count"}
	billion := plan.Column{Kind: "money", Factor: 1e9}
	for _, c := range []struct {
		cell Cell
		col  plan.Column
		want int64
		rule string
	}{
		{number("1234"), count, 1234, ""},
		{number("0"), count, 0, ""},
		{number("1.5"), count, 0, "bad_number"},
		{number("-1"), count, 0, "bad_number"},
		{number("1" + strings.Repeat("0", 30)), count, 0, "bad_number"},
		{Cell{Text: "x", Number: true}, count, 0, "bad_number"},
		{number("1.234"), billion, 1234000000, ""},
		{number("0.0000000001"), billion, 0, "bad_number"},
		{text("1.234.567"), count, 1234567, ""},
		{text("1.234"), count, 0, "ambiguous_number"},
		{text("0,5"), billion, 500000000, ""},
		{text(""), count, 0, "missing_number"},
	} {
		n, err := amount(c.cell, c.col)
		rule := ""
		if err != nil {
			rule = collectors.NumberRule(err)
		}
		if n != c.want || rule != c.rule {
			t.Errorf("%+v: got %d, %q, want %d, %q", c.cell, n, rule, c.want, c.rule)
		}
	}
}

func TestOneBadFileDoesNotBlockTheNext(t *testing.T) {
	r := newReader(t, nil)
	good := sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5")
	drop(t, r, "a.xlsx", []byte("PK\x03\x04 cut off"), 3*time.Hour)
	drop(t, r, "b.pdf", []byte("%PDF"), 2*time.Hour)
	drop(t, r, "c.csv", good, time.Hour)
	pages, b := pull(t, r)
	if len(pages) != 3 || len(b.Measures) != 2 {
		t.Fatalf("got %d pages, %v", len(pages), brief(b.Measures))
	}
	if diff := cmp.Diff([]string{"unreadable_file@", "unreadable_file@"}, rules(b.Rejects)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(b.Rejects[0].Reason, "a.xlsx") || !strings.Contains(b.Rejects[0].Reason, "gửi lại") {
		t.Errorf("got %q", b.Rejects[0].Reason)
	}
}

func TestFilesThatAreLeftForLater(t *testing.T) {
	r := newReader(t, nil)
	good := sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5")
	for name, ago := range map[string]time.Duration{
		"~$a.xlsx": time.Hour, ".a.csv.swp": time.Hour, "a.csv.tmp": time.Hour, "a.csv.part": time.Hour, "Thumbs.db": time.Hour,
		"young.csv": time.Second, "from-the-future.csv": -time.Hour,
	} {
		drop(t, r, name, good, ago)
	}
	if err := os.Mkdir(filepath.Join(r.Dir(), "old.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(r.Dir(), "link.csv")); err != nil {
		t.Fatal(err)
	}
	if pages, _ := pull(t, r); len(pages) != 0 {
		t.Errorf("landed %v", pages[0].Request)
	}
}

// What was landed is not landed again, by content: neither on the next pull nor as a copy, and touching changes nothing.
func TestSeenFilesAreSkipped(t *testing.T) {
	landed := map[string]bool{}
	r := newReader(t, func(sha string) bool { return landed[sha] })
	first := sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5")
	drop(t, r, "a.csv", first, 2*time.Hour)
	remember := func() int {
		pages, _ := pull(t, r)
		for _, p := range pages {
			_, sha, _ := strings.Cut(p.Request, "sha256=")
			landed[sha] = true
		}
		return len(pages)
	}
	if n := remember(); n != 1 {
		t.Fatalf("landed %d files at first", n)
	}
	drop(t, r, "a.csv", first, time.Hour)
	drop(t, r, "copy.csv", first, time.Hour)
	if n := remember(); n != 0 {
		t.Errorf("landed %d known files again", n)
	}
	drop(t, r, "a.csv", sheetOf("BM-DEM", "2024-11", demHeader, "30001;6;5"), time.Minute)
	if n := remember(); n != 1 {
		t.Errorf("landed %d files, want the corrected one", n)
	}
}

func TestOrderOfHandingIn(t *testing.T) {
	r := newReader(t, nil)
	drop(t, r, "a.csv", sheetOf("BM-DEM", "2024-11", demHeader, "30001;6;6"), time.Hour)
	drop(t, r, "z.csv", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5"), 2*time.Hour)
	pages, b := pull(t, r)
	if want := []string{"c.all 30001 5", "c.rated 30001 5", "c.all 30001 6", "c.rated 30001 6"}; !slices.Equal(brief(b.Measures), want) {
		t.Errorf("got %v", brief(b.Measures))
	}
	if c := pages[1].Cursor; c.Token != "a.csv" || !c.Since.Equal(testNow.Add(-time.Hour)) {
		t.Errorf("got cursor %+v", c)
	}
}

// Only what the form asks for is landed: no signature, no contact, no column of the unit's own.
func TestMinimised(t *testing.T) {
	r := newReader(t, nil)
	drop(t, r, "a.csv", []byte("ĐƠN VỊ: Xã Bình An;;;\nMẫu số;BM-DEM;;\nPhiên bản;2;;\nLoại kỳ;báo cáo;;\nKỳ;2024-11;;\nNgười liên hệ;Người Bí Mật 0912345678;;\n\n"+
		demHeader+";Cán bộ phụ trách\n30001;5;5;Người Bí Mật\n\nNgười lập;Người Bí Mật;;\n;;Người Bí Mật;\n"), time.Hour)
	pages, b := pull(t, r)
	if strings.Contains(string(pages[0].Body), "Bí Mật") || strings.Contains(string(pages[0].Body), "0912") {
		t.Errorf("landed %s", pages[0].Body)
	}
	if len(b.Measures) != 2 || len(b.Rejects) != 0 || len(b.Drift) != 1 || !strings.Contains(b.Drift[0], "Cán bộ phụ trách") {
		t.Errorf("got %v, %v, %v", brief(b.Measures), b.Rejects, b.Drift)
	}
	if pages[0].Records != 1 || !pages[0].FetchedAt.Equal(testNow) {
		t.Errorf("got %d records at %s", pages[0].Records, pages[0].FetchedAt)
	}
}

func TestMissingFolder(t *testing.T) {
	r := newReader(t, nil)
	if err := os.Remove(r.Dir()); err != nil {
		t.Fatal(err)
	}
	if pages, _ := pull(t, r); len(pages) != 0 {
		t.Errorf("landed %v out of nothing", pages)
	}
	drop(t, r, "a.csv", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5"), time.Hour) // needs the folder
	if pages, _ := pull(t, r); len(pages) != 1 {
		t.Errorf("landed %d files", len(pages))
	}
	if err := os.RemoveAll(filepath.Dir(r.Dir())); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range r.Pages(context.Background(), collectors.Cursor{}) {
		if n++; err == nil || !strings.Contains(err.Error(), "sources/forms.yaml") {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Error("a wrong path is no error")
	}
}

// Deps.Seen may be a query: it is asked until it knows a file, and no more.
func TestSeenIsAskedOnce(t *testing.T) {
	asked, known := 0, false
	r := newReader(t, func(string) bool { asked++; return known })
	drop(t, r, "a.csv", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5"), time.Hour)
	pull(t, r)
	known = true
	asked = 0
	for range 5 {
		if pages, _ := pull(t, r); len(pages) != 0 {
			t.Fatal("landed a known file")
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestPagesStopWithTheContext(t *testing.T) {
	r := newReader(t, nil)
	drop(t, r, "a.csv", sheetOf("BM-DEM", "2024-11", demHeader, "30001;5;5"), time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range r.Pages(ctx, collectors.Cursor{}) {
		if err == nil {
			t.Error("a page after the end")
		}
	}
}

func TestNewReaderSaysWhatIsWrong(t *testing.T) {
	full := collectors.Deps{Plan: testPlan(t), Now: time.Now}
	src := collectors.Source{ID: "forms", File: "sources/forms.yaml", Path: "/drop"}
	with := func(change func(*plan.Form)) []plan.Form {
		f := testForms()[0]
		f.Keys, f.Columns = slices.Clone(f.Keys), slices.Clone(f.Columns)
		change(&f)
		return []plan.Form{f}
	}
	for _, c := range []struct {
		name  string
		src   collectors.Source
		deps  collectors.Deps
		forms []plan.Form
		want  string
	}{
		{"variable not set", collectors.Source{File: "sources/forms.yaml", Path: "${DROP}"}, full, testForms(), "DROP is not set"},
		{"no path", collectors.Source{File: "sources/forms.yaml"}, full, testForms(), "path is missing"},
		{"no plan", src, collectors.Deps{Now: time.Now}, testForms(), "plan's units and a clock"},
		{"no form", src, full, nil, "no form is booked under source forms"},
		{"unknown role", src, full, with(func(f *plan.Form) { f.Keys[0].Role = "planet" }), "no dimension"},
		{"unknown kind", src, full, with(func(f *plan.Form) { f.Columns[0].Kind = "colour" }), "unknown kind"},
		{"header twice", src, full, with(func(f *plan.Form) { f.Columns[0].Header = "MÃ ĐƠN VỊ" }), "stands twice"},
		{"no keys", src, full, with(func(f *plan.Form) { f.Keys = nil }), "keys"},
		{"bit out of range", src, full, with(func(f *plan.Form) { f.Columns[0].Bit = 63 }), "out of range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewReader(c.src, c.deps, c.forms); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReadPeriod(t *testing.T) {
	for text, want := range map[string]string{
		"2024-03": "2024-03", "3/2024": "2024-03", "Tháng 3 năm 2024": "2024-03", "Quý III/2024": "2024-Q3", "quý 2 năm 2024": "2024-Q2",
		"2024-q1": "2024-Q1", "6 tháng đầu năm 2024": "2024-H1", "6 tháng cuối năm 2024": "2024-H2", "Năm 2024": "2024", "2024": "2024",
		"31/03/2024": "2024-03-31", "ngày 1/3/2024": "2024-03-01", "Quý V/2024": "", "13/2024": "", "hôm qua": "",
	} {
		p, err := readPeriod(plan.Calendar, "", text)
		if p.Label != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, p.Label, err, want)
		}
	}
}

func TestProcedureCode(t *testing.T) {
	for c, want := range map[Cell]string{
		text("1.002835.000.00.00.H56"): "1.002835", text("1.002835"): "1.002835", number("1.00283"): "1.002830", text("abc"): "ABC",
	} {
		if got := procedureCode(c); got != want {
			t.Errorf("%v: got %s, want %s", c, got, want)
		}
	}
}

// Whatever a sheet holds, a row yields either its measures or a reject, values are not negative, and no numerator is
// above its denominator.
func FuzzParse(f *testing.F) {
	for _, form := range []string{"BM-DEM", "BM-CO", "BM-DV", "BM-TIEN", "DM-COSO", "DM-GOC"} {
		f.Add(string(sheetOf(form, "2024-11", demHeader, "30001;5;5")))
	}
	f.Add(string(sheetOf("BM-CO", "2024-Q4", coHeader, "30001;Có;QĐ 12", "30002;không;", "901;;", "902;có thể;x")))
	f.Add(string(sheetOf("BM-TIEN", "2024", tienHead, "91;xay-dung;1.234,5;2000")))
	f.Add(string(sheetOf("DM-COSO", "2022-06-30", cosoHead, "CS01;Bệnh viện A;hospital;30001;91;31/02/2024;")))
	f.Add(string(sheetOf("DM-GOC", "2022-06-30", gocHead, "A-01;901;3;2;QĐ 1")))
	r, err := NewReader(collectors.Source{ID: "forms", Path: "/drop"}, collectors.Deps{Plan: testPlan(f), Now: time.Now}, testForms())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, csv string) {
		g, err := Read("a.csv", []byte(csv))
		if err != nil {
			return
		}
		landed := r.minimise(g)
		raw, err := json.Marshal(landed)
		if err != nil {
			t.Fatal(err)
		}
		page := collectors.Page{Body: raw, FetchedAt: testNow}
		b, err := r.Parse(page)
		if err != nil {
			t.Fatal(err)
		}
		spoken := map[int]bool{}
		for _, m := range b.Measures {
			spoken[m.Position] = true
			if m.Value < 0 || m.Unit.Code == "" || m.Start > m.End || m.End > plan.DayOf(testNow) {
				t.Fatalf("measure %+v", m)
			}
		}
		for _, x := range b.Facilities {
			spoken[x.Position] = true
		}
		for _, x := range b.Baselines {
			spoken[x.Position] = true
		}
		whole, rejected := false, map[int]bool{}
		for _, x := range b.Rejects {
			if x.Position > 0 && spoken[x.Position] {
				t.Fatalf("row %d counts and is rejected: %s", x.Position, x.Reason)
			}
			rejected[x.Position] = true
			whole = whole || x.Position == 0
		}
		for _, row := range landed.Rows {
			if !whole && !spoken[row.Number] && !rejected[row.Number] {
				t.Fatalf("row %d vanished", row.Number)
			}
		}
	})
}

func FuzzParsePage(f *testing.F) {
	f.Add([]byte(`{"form":"BM-DEM","version":"2","period_type":"báo cáo","period":"2024-11","columns":[{"header":"Mã đơn vị","at":0}],"rows":[{"row":1,"cells":["30001",5]}]}`))
	r, err := NewReader(collectors.Source{ID: "forms", Path: "/drop"}, collectors.Deps{Plan: testPlan(f), Now: time.Now}, testForms())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = r.Parse(collectors.Page{Body: body, FetchedAt: testNow})
	})
}

// A collective file of a district: a hundred units, landed and read back.
func BenchmarkFile(b *testing.B) {
	r, err := NewReader(collectors.Source{ID: "forms", Path: "/drop"}, collectors.Deps{Plan: testPlan(b), Now: time.Now}, testForms())
	if err != nil {
		b.Fatal(err)
	}
	lines := []string{dvHeader}
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("30001;1.%06d;có;không;có;không", i))
	}
	data := sheetOf("BM-DV", "2024-Q4", lines...)
	b.ReportAllocs()
	for b.Loop() {
		g, err := Read("a.csv", data)
		if err != nil {
			b.Fatal(err)
		}
		raw, err := json.Marshal(r.minimise(g))
		if err != nil {
			b.Fatal(err)
		}
		batch, err := r.Parse(collectors.Page{Body: raw, FetchedAt: testNow})
		if err != nil || len(batch.Measures) != 200 {
			b.Fatal(err, len(batch.Measures))
		}
	}
}
