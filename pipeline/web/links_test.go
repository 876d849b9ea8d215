package web_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTableIsHad finds on every page its lasting address, and the addresses of its table as CSV and as a workbook where it
// shows one, and follows them.
func TestEveryTableIsHad(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	link := regexp.MustCompile(`<a href="([^"]+)">(Liên kết cố định của trang này|Tải bảng số liệu \(CSV\)|Tải bảng số liệu \(Excel\))</a>`)
	for address, table := range map[string]bool{
		"/": true, "/heat": true, "/map": true, "/map?indicator=CQS-02": true, "/pillar/CQS": true, "/compare": false, "/compare?unit=899&unit=900": true, "/indicator/CQS-02?unit=899": true, "/unit/91": true,
		"/review/2025-W26": true, "/freshness": true, "/late": true, "/awards": true, "/awards/BK-TTG-2023": true, "/awards/BK-TTG-2023/899": true, "/search?q=vinh": true, "/search": false, "/figure/CQS-02/91": true, "/runbook": false,
	} {
		rec := get(h, address)
		found := map[string]string{}
		for _, m := range link.FindAllStringSubmatch(rec.Body.String(), -1) {
			found[m[2]] = html.UnescapeString(m[1])
		}
		want := 1
		if table {
			want = 3
		}
		if rec.Code != http.StatusOK || len(found) != want {
			t.Errorf("%s: status %d, leads to %v", address, rec.Code, found)
		}
		for name, to := range found {
			rec := get(h, to)
			if rec.Code != http.StatusOK || rec.Body.Len() < 100 {
				t.Errorf("%s: %s leads to %s: status %d", address, name, to, rec.Code)
			}
			if head, _, _ := strings.Cut(strings.TrimPrefix(rec.Body.String(), "\uFEFF"), "\n"); strings.Contains(name, "CSV") && !regexp.MustCompile(`^[a-z0-9_,]+\r?$`).MatchString(head) {
				t.Errorf("%s: columns are named %s", address, head)
			}
		}
	}
}
