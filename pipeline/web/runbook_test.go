package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"tiendo/docs/runbooks"
	"tiendo/pipeline/plan"
)

func TestReadRunbook(t *testing.T) {
	for _, c := range []struct {
		name, text string
		title      string
		sections   []link
		html       []string
		not        []string
	}{
		{"sections under the alert's name", "# Sổ tay\n\nMở đầu.\n\n## IndicatorBehind\n\nMột.\n\n## StoreDown: kho không trả lời\n\nHai.\n", "Sổ tay",
			[]link{{Text: "IndicatorBehind", URL: "#indicatorbehind"}, {Text: "StoreDown: kho không trả lời", URL: "#storedown"}},
			[]string{`<h2 id="indicatorbehind">IndicatorBehind</h2>`, `<h2 id="storedown">`, "<p>Mở đầu.</p>"}, []string{"<h1"}},
		{"a name that stands again, and one in Vietnamese", "# A\n\n## Chung\n\n### Chung\n\n### Điều gì\n", "A", []link{{Text: "Chung", URL: "#chung"}}, []string{`id="chung-2"`, `id="dieu"`}, nil},
		{"markup is not taken over", "# A\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n", "A", nil, nil, []string{"<script", "javascript:"}},
		{"a table without styles", "# A\n\n| a | b |\n|:--|--:|\n| `c` | d |\n", "A", nil, []string{`<td align="right">d</td>`, "<code>c</code>"}, []string{"style="}},
		{"a block of commands", "# A\n\n```\nsudo x <y>\n```\n", "A", nil, []string{"<pre><code>sudo x &lt;y&gt;\n</code></pre>"}, nil},
	} {
		b, err := readRunbook([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if b.Title != c.title || len(b.Sections) != len(c.sections) {
			t.Errorf("%s: title %q, sections %v", c.name, b.Title, b.Sections)
			continue
		}
		for i := range c.sections {
			if b.Sections[i] != c.sections[i] {
				t.Errorf("%s: section %+v, want %+v", c.name, b.Sections[i], c.sections[i])
			}
		}
		for _, s := range c.html {
			if !strings.Contains(string(b.Text), s) {
				t.Errorf("%s: no %q in %s", c.name, s, b.Text)
			}
		}
		for _, s := range c.not {
			if strings.Contains(string(b.Text), s) {
				t.Errorf("%s: %q in %s", c.name, s, b.Text)
			}
		}
	}
	if _, err := readRunbook([]byte("Không có đầu đề.\n")); err == nil || !strings.Contains(err.Error(), "no heading of the first level") {
		t.Errorf("without a heading: %v", err)
	}
}

// The page needs no store: it is read when the store is what does not answer.
func TestRunbookPage(t *testing.T) {
	h, err := New(Options{Plan: &plan.Plan{Name: "Kế hoạch", Units: &plan.Units{}}, Store: struct{ Reader }{}, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/runbook", nil))
	body := rec.Body.String()
	if rec.Code != http.StatusOK || strings.Count(body, "<h1") != 1 || strings.Contains(body, "style=") || strings.Contains(body, "<script>") || len(body) > 300_000 {
		t.Errorf("status %d, %d bytes: %.300s", rec.Code, len(body), body)
	}
	alerts := regexp.MustCompile(`(?m)^## (\w+)`).FindAllStringSubmatch(string(runbooks.Alerts), -1)
	if len(alerts) < 5 {
		t.Errorf("the runbook has %d alerts", len(alerts))
	}
	for _, a := range alerts {
		name := strings.ToLower(a[1])
		if !strings.Contains(body, `<h2 id="`+name+`">`) || !strings.Contains(body, `<a href="#`+name+`">`) {
			t.Errorf("%s is not found at #%s", a[1], name)
		}
	}
}
