package collectors

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tiendo/pipeline/plan"
)

var sample = []Field{
	{Name: "id", Default: "MaHoSo", Required: true},
	{Name: "updated", Default: "NgayCapNhat", Required: true},
	{Name: "fee", Default: "LePhi.Gia"},
	{Name: "agency", Default: "agency.code"},
	{Name: "count", Default: "SoLuong"},
}

const (
	sampleID = iota
	sampleUpdated
	sampleFee
	sampleAgency
	sampleCount
)

func sampleLayout(t testing.TB) *Layout {
	l, err := Source{TimeFormats: []TimeFormat{"yyyyMMddHHmmss"}}.Layout(sample, "TenTTHC")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMinimiseLetsOnlyNamedFieldsThrough(t *testing.T) {
	for name, c := range map[string]struct {
		in, want string
		unknown  []string
	}{
		"plain":                     {`{"MaHoSo":"A1","TenTTHC":"x","SoLuong":12}`, `{"MaHoSo":"A1","SoLuong":12}`, nil},
		"personal fields stay":      {`{"ChuHoSo":"x","SoDinhDanh":"1","MaHoSo":"A1","DiaChiThuongTru":"y","email_nguoi_nop":"z"}`, `{"MaHoSo":"A1"}`, nil},
		"nested lists":              {`{"LePhi":[{"Gia":1,"NguoiNop":"x"},{"Gia":"2"},null,7],"MaHoSo":null}`, `{"LePhi":[{"Gia":1},{"Gia":"2"},null],"MaHoSo":null}`, nil},
		"nested object":             {`{"agency":{"code":"H33","phone":"1"}}`, `{"agency":{"code":"H33"}}`, nil},
		"object for a plain value":  {`{"MaHoSo":{"ChuHoSo":"x"},"SoLuong":["x"]}`, `{}`, nil},
		"plain value for an object": {`{"agency":"x","LePhi":"y","SoLuong":1}`, `{"SoLuong":1}`, nil},
		"new fields are named":      {`{"MauMoi":1,"GhiChuMoi":{"a":1},"x":2}`, `{}`, []string{"GhiChuMoi", "MauMoi", "x"}},
		"content as a name":         {`{"0912345678":1,"so 0912345678":2,"` + strings.Repeat("a", 80) + `":3,"":4}`, `{}`, nil},
		"escaped names and values":  {`{"M\u0061HoSo":"A\"1"}`, `{"M\u0061HoSo":"A\"1"}`, nil},
		"broken UTF-8":              {"{\"ChuHoSo\":\"\xff\",\"MaHoSo\":\"A\xff\"}", `{"MaHoSo":"A` + "\uFFFD" + `"}`, nil},
		"empty":                     {`{}`, `{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, unknown, err := sampleLayout(t).Minimise([]byte(c.in))
			if err != nil || string(got) != c.want || !slices.Equal(unknown, c.unknown) {
				t.Errorf("got %s %q %v\nwant %s %q", got, unknown, err, c.want, c.unknown)
			}
		})
	}
	for _, bad := range []string{``, `[]`, `7`, `{`, `{"MaHoSo":`, `{"LePhi":[{"Gia":1`, `{"a" 1}`} {
		if got, _, err := sampleLayout(t).Minimise([]byte(bad)); err == nil {
			t.Errorf("%s gives %s", bad, got)
		}
	}
}

func FuzzMinimise(f *testing.F) {
	f.Add([]byte(`{"MaHoSo":"A1","ChuHoSo":"x","LePhi":[{"Gia":1,"x":[]}],"agency":{"code":null}}`))
	f.Add([]byte("{\"MaHoSo\":\"\xff\",\"MaHoSo\":2,\"LePhi\":{\"Gia\":[1]}}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		l := sampleLayout(t)
		out, _, err := l.Minimise(in)
		if err != nil {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatalf("%q gives %q: %v", in, out, err)
		}
		for k, v := range m {
			switch k {
			case "MaHoSo", "NgayCapNhat", "SoLuong":
				switch v.(type) {
				case map[string]any, []any:
					t.Errorf("%s came through with a structure: %v", k, v)
				}
			case "LePhi", "agency":
			default:
				t.Errorf("field %q came through", k)
			}
		}
		again, _, err := l.Minimise(out)
		if err != nil || string(again) != string(out) {
			t.Errorf("a second time %q becomes %q, %v", out, again, err)
		}
		if _, err := l.Rows(Land{Records: []json.RawMessage{out}}.Body(), func(_ Land, row *Row) error {
			if string(row.Raw()) != string(out) {
				t.Errorf("raw record %q, want %q", row.Raw(), out)
			}
			return nil
		}); err != nil {
			t.Errorf("the landed page cannot be read: %v", err)
		}
	})
}

func TestRows(t *testing.T) {
	body := Land{Scope: `2025-08 "x"`, NewFields: []string{"Moi"}, Records: []json.RawMessage{
		json.RawMessage(`{"MaHoSo":" A\u00311 ","NgayCapNhat":"20250814170509","LePhi":[{"Gia":"1000"},{"Gia":2500},{"Gia":""}],"agency":{"code":"H33"},"SoLuong":12.0}`),
		json.RawMessage(`{"SoLuong":"1.234"}`),
		json.RawMessage(`{"MaHoSo":null,"NgayCapNhat":"x","SoLuong":1.5}`),
	}}.Body()
	var at []int
	land, err := sampleLayout(t).Rows(body, func(land Land, row *Row) error {
		at = append(at, row.Position)
		if land.Scope != `2025-08 "x"` {
			t.Errorf("scope %q", land.Scope)
		}
		when, timeErr := row.Time(sampleUpdated)
		n, numErr := row.Number(sampleCount)
		switch row.Position {
		case 0:
			fees, err := row.Numbers(sampleFee)
			if row.Text(sampleID) != "A11" || row.Text(sampleAgency) != "H33" || n != 12 || numErr != nil || err != nil || !slices.Equal(fees, []int64{1000, 2500}) {
				t.Errorf("row 0: %q %q %d %v %v %v", row.Text(sampleID), row.Text(sampleAgency), n, numErr, fees, err)
			}
			if !when.Equal(time.Date(2025, 8, 14, 17, 5, 9, 0, plan.Zone)) || row.Count(sampleFee) != 3 || len(row.All(sampleFee)) != 3 {
				t.Errorf("row 0: %v %d", when, row.Count(sampleFee))
			}
		case 1:
			if row.Has(sampleID) || !when.IsZero() || timeErr != nil || !errors.Is(numErr, ErrAmbiguousNumber) {
				t.Errorf("row 1: %v %v %v", when, timeErr, numErr)
			}
		case 2:
			if !row.Has(sampleID) || row.Text(sampleID) != "" || !errors.Is(timeErr, ErrBadTime) || !errors.Is(numErr, ErrBadNumber) {
				t.Errorf("row 2: %v %v", timeErr, numErr)
			}
		}
		return nil
	})
	if err != nil || !slices.Equal(at, []int{0, 1, 2}) {
		t.Errorf("%v, %v", at, err)
	}
	if diff := cmp.Diff([]string{"new field Moi"}, land.Drift()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{``, `[]`, `{"records":{}}`, `{"records":[1]}`, `{"records":[{}`, `{"scope":7}`, `{"records":[`, `{`, `{"x":`} {
		if _, err := sampleLayout(t).Rows([]byte(bad), func(Land, *Row) error { return nil }); err == nil {
			t.Errorf("%s can be read", bad)
		}
	}
	stop := errors.New("stop")
	if _, err := sampleLayout(t).Rows(body, func(Land, *Row) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("visit's error is lost: %v", err)
	}
}

func TestScaledNumbers(t *testing.T) {
	for text, want := range map[string]int64{`18.99`: 1899, `"18,99"`: 1899, `10`: 1000, `74.5`: 7450, `0.10`: 10} {
		_, err := sampleLayout(t).Rows([]byte(`{"records":[{"SoLuong":`+text+`}]}`), func(_ Land, row *Row) error {
			if n, err := row.Scaled(sampleCount, 2); err != nil || n != want {
				t.Errorf("%s: %d, %v", text, n, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{`-1`, `1e2`, `1.234`, `"x"`, `null`, `true`} {
		_, err := sampleLayout(t).Rows([]byte(`{"records":[{"SoLuong":`+text+`}]}`), func(_ Land, row *Row) error {
			if n, err := row.Scaled(sampleCount, 2); err == nil {
				t.Errorf("%s is read as %d", text, n)
			}
			if n, err := row.Number(sampleCount); err == nil {
				t.Errorf("%s is read as %d", text, n)
			}
			return nil
		})
		if err != nil && text != `1e2` {
			t.Error(err)
		}
	}
}

func TestAFieldThatHasGoneIsReported(t *testing.T) {
	var records []json.RawMessage
	for range 25 {
		records = append(records, json.RawMessage(`{"MaHoSo":"A"}`))
	}
	land, err := sampleLayout(t).Rows(Land{Records: records}.Body(), func(Land, *Row) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"field NgayCapNhat has gone"}, land.Drift()); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodeAnswer(f *testing.F) {
	for _, s := range []string{ok, `{"code":"00","total":"2","pages":1,"last":true,"data":[{"MaHoSo":"A"},{"NgayCapNhat":"20250814170509"}]}`, `{"data":null}`, `{"code":"-1","msg":"x"}`, "\xef\xbb\xbf[]", "<html>", `{"data":[{"MaHoSo":`} {
		f.Add([]byte(s))
	}
	data := "data"
	e := newEnvelope(Envelope{Records: &data, Total: "total", TotalPages: "pages", Last: "last", Code: "code", OK: []string{"", "0", "00"}, Message: "msg"})
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := e.decode(body, sampleLayout(t))
		if err != nil {
			if len(err.Error()) > 500 {
				t.Errorf("the error quotes the answer: %v", err)
			}
			return
		}
		if len(a.Records) != len(a.Updated) || a.Total < -1 || a.TotalPages < -1 {
			t.Errorf("%+v", a)
		}
		for _, r := range a.Records {
			if !json.Valid(r) {
				t.Errorf("record %q", r)
			}
		}
	})
}
