package web_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"tiendo/pipeline/plan"
	"tiendo/pipeline/web"
)

// TestCompare puts units side by side and holds what is shown against what is stored.
func TestCompare(t *testing.T) {
	p := load(t, kienGiang)
	st := filled(t, p)
	h := site(t, p, st, clock(p.Demo.AsOf))
	for _, c := range []struct {
		address string
		status  int
		says    []string // as read
		holds   []string // as written
		not     []string
	}{
		{"/compare", 200, []string{"Chọn đơn vị đầu tiên", "+ Thành phố Rạch Giá"}, []string{`href="/compare?unit=899"`}, []string{`id="compared"`, "format=csv"}},
		{"/compare?unit=899&unit=900", 200, []string{"2 đơn vị", "Thành phố Rạch Giá", "Thành phố Hà Tiên", "Hạng và trạng thái chung", "so với lộ trình", "Chính quyền số"},
			[]string{`href="/compare?unit=899&amp;unit=900&amp;unit=911"`, `name="unit" value="899" checked`, `data-l="Thành phố Hà Tiên"`, `<input type="hidden" name="unit" value="900">`}, []string{"Sở Nội vụ", `href="/compare?unit=899&amp;unit=900&amp;unit=900"`}},
		{"/compare?unit=899&unit=899", 200, []string{"1 đơn vị"}, nil, nil},
		{"/compare?unit=899&unit=so-noi-vu&unit=91&unit=30733", 200, []string{"4 đơn vị", "Không áp dụng", "Sở Nội vụ", "Phường Vĩnh Thanh"}, nil, nil},
		{"/compare?unit=899&q=ha+tien", 200, []string{"+ Thành phố Hà Tiên"}, []string{`href="/compare?unit=899&amp;unit=900"`, `name="q" value="ha tien"`}, nil},
		{"/compare?unit=899&q=kh%C3%B4ng+h%E1%BB%81+c%C3%B3", 200, []string{"Không tìm thấy đơn vị nào khác"}, nil, nil},
		{"/compare?unit=899&unit=900&as-of=2025-06-22&known-on=2025-06-29", 200, []string{"Tính đến ngày 22/06/2025", "đã biết đến ngày 29/06/2025"}, []string{`href="/compare?as-of=2025-06-15&amp;known-on=2025-06-29&amp;unit=899&amp;unit=900"`}, nil},
		{"/compare?unit=899&unit=900&unit=902&unit=903&unit=904&unit=905", 200, []string{"Đã đủ 6 đơn vị"}, nil, []string{"Tìm và cập nhật", "Thêm nhanh"}},
		{"/compare?unit=899&unit=900&unit=902&unit=903&unit=904&unit=905&unit=906", 400, []string{"Quá nhiều đơn vị"}, []string{`/compare?unit=899&amp;unit=900&amp;unit=902&amp;unit=903&amp;unit=904&amp;unit=905"`}, nil},
		{"/compare?unit=khong-co", 404, []string{"Không có đơn vị này"}, nil, nil},
		{"/compare?unit=899&unit=900&as-of=2025-06-20", 404, []string{"Không có kết quả của ngày này"}, []string{`unit=899&amp;unit=900"`}, nil},
		{"/unit/899", 200, []string{"So sánh với đơn vị khác"}, []string{`href="/compare?unit=899&amp;unit=`}, nil},
		{"/unit/91", 200, nil, []string{`href="/compare?unit=91"`}, nil},
		{"/heat", 200, []string{"So sánh các đơn vị đầu bảng"}, []string{`class="tools" href="/compare?unit=`}, nil},
	} {
		rec := get(h, c.address)
		body := rec.Body.String()
		seen := text(body)
		if rec.Code != c.status || len(body) > most {
			t.Errorf("%s: status %d, %d bytes: %.300s", c.address, rec.Code, len(body), seen)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%s does not say %q", c.address, s)
			}
		}
		for _, s := range c.holds {
			if !strings.Contains(body, s) {
				t.Errorf("%s does not hold %s", c.address, s)
			}
		}
		for _, s := range append(c.not, "%!", "ZgotmplZ", "<nil>", "style=", "<script>") {
			if strings.Contains(body, s) {
				t.Errorf("%s holds %s", c.address, s)
			}
		}
	}

	// Every line of the table is what the store has of that unit, and each of the units is there.
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(get(h, "/compare?unit=899&unit=900&format=csv").Body.String(), "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	results, err := st.Assessments(context.Background(), web.Query{AsOf: p.Demo.AsOf, Since: plan.NoDay, KnownOn: plan.NoDay, Levels: []plan.Level{"district"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, x := range results {
		if x.Unit.Code == "899" || x.Unit.Code == "900" {
			want[x.Indicator+" "+x.Unit.Code] = string(x.Status)
		}
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	got := map[string]string{}
	for _, l := range lines[1:] {
		got[l[column["indicator"]]+" "+l[column["unit"]]] = l[column["status"]]
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: the table says %q, the store %q", k, got[k], v)
		}
	}
	if len(want) < 20 || len(got) != len(want) {
		t.Errorf("%d lines, %d results are stored", len(got), len(want))
	}
	if rec := get(h, "/compare?unit=899&format=xlsx"); rec.Code != http.StatusOK || !strings.HasPrefix(rec.Body.String(), "PK") {
		t.Errorf("no workbook: status %d", rec.Code)
	}

	// A plan without targets has neither status nor rank.
	p = load(t, anGiang)
	h = site(t, p, filled(t, p), clock(p.Demo.AsOf))
	if rec := get(h, "/compare?unit=91&unit=H12"); rec.Code != http.StatusOK || strings.Contains(rec.Body.String(), "Hạng và trạng thái chung") || !strings.Contains(rec.Body.String(), "Tỉnh Cà Mau") {
		t.Errorf("scores side by side: status %d: %.400s", rec.Code, text(rec.Body.String()))
	}
}
