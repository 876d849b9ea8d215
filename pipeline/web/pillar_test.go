package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestPillar looks at a pillar of the province, of a district and of a commune, and at what leads there.
func TestPillar(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for _, c := range []struct {
		address string
		status  int
		rows    int // of the first table
		holds   []string
	}{
		{"/pillar/CQS", 200, 11, []string{"Tỉnh Kiên Giang · 11 chỉ tiêu", "Sở, ban, ngành 3 đơn vị", "Huyện, thành phố 15 đơn vị", "Kinh tế số", "Theo dõi thêm"}},
		{"/pillar/XHS?unit=899&as-of=2025-06-22", 200, 10, []string{"Thành phố Rạch Giá · 10 chỉ tiêu", "Xã, phường, thị trấn 11 đơn vị"}},
		{"/pillar/KTS?unit=so-noi-vu", 200, 0, []string{"Kế hoạch không đặt chỉ tiêu của trụ cột này cho Sở Nội vụ."}},
		{"/pillar/KHONG", 404, 0, []string{"Không có trụ cột này", "Chính quyền số"}},
		{"/pillar/CQS?unit=khong", 404, 0, []string{"Không có đơn vị này"}},
	} {
		rec := get(h, c.address)
		body := rec.Body.String()
		if rec.Code != c.status || len(body) > most {
			t.Errorf("%s: status %d, %d bytes", c.address, rec.Code, len(body))
		}
		first, _, _ := strings.Cut(body, "</table>")
		if n := strings.Count(first, `<th scope="row">`); n != c.rows {
			t.Errorf("%s: %d rows, want %d", c.address, n, c.rows)
		}
		for _, s := range c.holds {
			if !strings.Contains(text(body), s) {
				t.Errorf("%s does not say %q: %.600s", c.address, s, text(body))
			}
		}
	}
	for _, format := range []string{"csv", "xlsx"} {
		if rec := get(h, "/pillar/CQS?format="+format); rec.Code != http.StatusOK || rec.Body.Len() < 1000 {
			t.Errorf("%s: status %d", format, rec.Code)
		}
	}
	for address, to := range map[string]string{"/": `href="/pillar/KTS?unit=91"`, "/unit/899": `href="/pillar/XHS?unit=899"`, "/indicator/CQS-02?unit=899": `href="/pillar/CQS?unit=899"`, "/pillar/CQS": `href="/pillar/CQS?unit=899"`} {
		if !strings.Contains(get(h, address).Body.String(), to) {
			t.Errorf("%s does not lead to %s", address, to)
		}
	}
}
