package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestMap looks at the areas, their signs and the table beside them.
func TestMap(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for _, c := range []struct {
		address string
		status  int
		areas   int
		holds   []string
	}{
		{"/map", 200, 15, []string{`<a href="/unit/911"><title>Thành phố Phú Quốc: `, `<a href="/unit/912"><title>Huyện Kiên Hải: `, "Trạng thái chung", `href="/map" aria-current="page"`}},
		{"/map?indicator=CQS-02&as-of=2025-06-22", 200, 15, []string{`<a href="/indicator/CQS-02?as-of=2025-06-22&amp;unit=911"><title>Thành phố Phú Quốc: `, `value="CQS-02" selected`, "Thực hiện", `name="as-of" value="2025-06-22"`}},
		{"/map?level=commune", 200, 0, []string{"Chưa có đường ranh giới", "Phường Vĩnh Thanh", `name="level" value="commune"`}},
		{"/map?indicator=KHONG", 404, 0, nil},
		{"/map?level=khong", 404, 0, nil},
	} {
		rec := get(h, c.address)
		body := rec.Body.String()
		if rec.Code != c.status || len(body) > most || strings.Count(body, `<path class="f-`) != c.areas {
			t.Errorf("%s: status %d, %d bytes, %d areas: %.300s", c.address, rec.Code, len(body), strings.Count(body, `<path class="f-`), text(body))
		}
		if n := strings.Count(body, "<circle"); c.areas > 0 && n < c.areas {
			t.Errorf("%s: %d signs for %d areas", c.address, n, c.areas)
		}
		for _, s := range c.holds {
			if !strings.Contains(body, s) {
				t.Errorf("%s does not hold %s", c.address, s)
			}
		}
		for _, s := range []string{"%!", "ZgotmplZ", "<nil>", "NaN", "style=", "<script>"} {
			if strings.Contains(body, s) {
				t.Errorf("%s holds %s", c.address, s)
			}
		}
	}
	for _, format := range []string{"csv", "xlsx"} {
		if rec := get(h, "/map?format="+format); rec.Code != http.StatusOK || rec.Body.Len() < 500 {
			t.Errorf("%s: status %d", format, rec.Code)
		}
	}
	// A plan without outlines shows its table and is not led here.
	p = load(t, anGiang)
	h = site(t, p, filled(t, p), clock(p.Demo.AsOf))
	if rec := get(h, "/map"); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "Chưa có đường ranh giới") {
		t.Errorf("a plan without outlines: status %d", rec.Code)
	}
	if strings.Contains(get(h, "/").Body.String(), `href="/map"`) {
		t.Error("a plan without outlines leads to a map")
	}
}
