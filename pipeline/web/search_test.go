package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSearch finds units and indicators as people type them.
func TestSearch(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	for _, c := range []struct {
		asked string
		links []string // the first ones of the page's lists, in their order
		says  []string
		not   []string
	}{
		{"rạch giá", []string{`/unit/899">Thành phố Rạch Giá`}, []string{"hoạt động đến hết ngày 30/06/2025"}, nil},
		{"vinh thanh", []string{`/unit/30733">Phường Vĩnh Thanh`, `/unit/30946">Xã Vĩnh Thạnh`}, []string{"Huyện Giồng Riềng, Tỉnh Kiên Giang"}, []string{"Vĩnh Hiệp"}},
		{"RACH GIA", []string{`/unit/899">Thành phố Rạch Giá`}, nil, nil},
		{"Hoà", nil, []string{"Hòa"}, nil},
		{"899", []string{`/unit/899">Thành phố Rạch Giá`}, nil, nil},
		{"h33.01", []string{`/unit/so-noi-vu">Sở Nội vụ`}, nil, nil},
		{"000.00.01.H33", []string{`/unit/so-noi-vu">Sở Nội vụ`}, nil, nil},
		{"vinh thanh rach gia", []string{`/unit/30733">Phường Vĩnh Thanh`}, []string{"Thành phố Rạch Giá, Tỉnh Kiên Giang"}, nil},
		{"cqs-02", []string{`/indicator/CQS-02"><b>CQS-02</b>`}, nil, []string{"Đơn vị 1"}},
		{"hoan toan truc tuyen", []string{`/indicator/CQS-02"><b>CQS-02</b>`}, nil, nil},
		{"xa", nil, []string{"thêm từ khóa để thu hẹp"}, nil},
		{"không hề có", nil, []string{"Không tìm thấy"}, nil},
		{"%_*'\"", nil, []string{"Không tìm thấy"}, nil},
		{"", nil, []string{"Gõ từ khóa"}, []string{"Không tìm thấy"}},
		{"<b>x", nil, []string{"“<b>x”"}, nil},
	} {
		rec := get(h, "/search?q="+url.QueryEscape(c.asked))
		body, seen := rec.Body.String(), text(rec.Body.String())
		if rec.Code != http.StatusOK || len(body) > most {
			t.Fatalf("%q: status %d, %d bytes: %.300s", c.asked, rec.Code, len(body), seen)
		}
		_, lists, _ := strings.Cut(body, "<main")
		for _, l := range c.links {
			_, first, _ := strings.Cut(lists, `<th scope="row"><a href="`)
			if !strings.HasPrefix(first, l) {
				t.Errorf("%q: the first hit is %.120q, want %q", c.asked, first, l)
			}
			lists = first
		}
		for _, s := range c.says {
			if !strings.Contains(seen, s) {
				t.Errorf("%q: does not say %q: %.600s", c.asked, s, seen)
			}
		}
		for _, s := range c.not {
			if strings.Contains(seen, s) {
				t.Errorf("%q: says %q", c.asked, s)
			}
		}
	}
	// The box keeps the days that are looked at and what was asked.
	body := get(h, "/search?q=rach+gia&as-of=2025-06-22&known-on=2025-06-23").Body.String()
	for _, s := range []string{`name="q" value="rach gia"`, `name="as-of" value="2025-06-22"`, `name="known-on" value="2025-06-23"`, `/unit/899?as-of=2025-06-22&amp;known-on=2025-06-23"`} {
		if !strings.Contains(body, s) {
			t.Errorf("the page does not hold %s", s)
		}
	}
	if rec := get(h, "/search?q="+strings.Repeat("a", 101)); rec.Code != http.StatusBadRequest {
		t.Errorf("a very long question is answered with %d", rec.Code)
	}
}
