package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/web/browsertest"
)

// TestSortInABrowser sorts columns of every kind by the keyboard, in a table made for it, and a table of the real site.
func TestSortInABrowser(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("/made", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><meta charset="utf-8"><script src="/static/sort.js" defer></script><main><table>
<thead><tr><th scope="col">Tên</th><th scope="col">Số</th><th scope="col">Ngày</th><th scope="col">Trạng thái</th><th scope="col">Tốt</th><th scope="col">Trống</th><th scope="col"><a href="/">Nối</a></th></tr></thead><tbody>` +
			`<tr><th scope="row">Đông</th><td>–</td><td>01/02/2025</td><td><span class="st met"><i>✔</i>Đạt</span></td><td>5/10</td><td></td><td>1</td></tr>` +
			`<tr><th scope="row">Ân</th><td><b>1.234,5%</b><small>52 tuần 9,0</small></td><td>23:30 31/01/2025</td><td><span class="st behind">Chậm</span><small>chậm 3 tuần liền</small></td><td>9/10</td><td></td><td>2</td></tr>` +
			`<tr><th scope="row">Dung</th><td>-2,5</td><td>–</td><td><span class="st no-data">Chưa có số liệu</span></td><td>1/3</td><td></td><td>3</td></tr>` +
			`<tr><th scope="row">An</th><td>≥ 80%</td><td>10/12/2024</td><td><span class="st at-risk">Có nguy cơ</span></td><td>–</td><td></td><td>4</td></tr>` +
			`</tbody></table></main>`))
	})
	mux.HandleFunc("/english", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><script src="/static/sort.js" defer></script><main><table>
<thead><tr><th scope="col">Name</th><th scope="col">Number</th><th scope="col">Day</th></tr></thead><tbody>` +
			`<tr><td>a</td><td>1,234.5%</td><td>01 Feb 2025</td></tr><tr><td>b</td><td>-2.5</td><td>23:30 10 Dec 2024</td></tr>` +
			`<tr><td>c</td><td>80%</td><td>31 Jan 2025</td></tr><tr><td>d</td><td>Not applicable</td><td>–</td></tr></tbody></table></main>`))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, cancel := context.WithTimeout(browsertest.Tab(t), time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1366, 768), chromedp.Navigate(server.URL+"/made"), chromedp.WaitVisible("button.sort")); err != nil {
		t.Fatal(err)
	}
	ask := func(script string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	const rows = `[...document.querySelectorAll("tbody tr")].map(r => r.cells[0].textContent).join(" ")`
	const sorted = `[...document.querySelectorAll("th")].map(h => h.getAttribute("aria-sort") || "").join("")`
	if got := ask(`[...document.querySelectorAll("th button")].map(b => b.textContent).join(" ")`); got != "Tên Số Ngày Trạng thái Tốt" {
		t.Errorf("buttons: %s", got)
	}
	for _, c := range []struct{ column, up, down string }{
		{"1", "An Ân Dung Đông", "Đông Dung Ân An"},
		{"2", "Dung An Ân Đông", "Ân An Dung Đông"}, // not known: last both ways
		{"3", "An Ân Đông Dung", "Đông Ân An Dung"},
		{"4", "Ân An Dung Đông", "Đông Dung An Ân"}, // the worst first
		{"5", "Dung Đông Ân An", "Ân Đông Dung An"},
	} {
		button := "th:nth-child(" + c.column + ") button"
		for _, want := range []struct{ rows, sorted string }{{c.up, "ascending"}, {c.down, "descending"}, {"Đông Ân Dung An", ""}} {
			if err := chromedp.Do(ctx, chromedp.Focus(button), chromedp.KeyEvent("\r")); err != nil {
				t.Fatal(err)
			}
			if got, how := ask(rows), ask(sorted); got != want.rows || how != want.sorted {
				t.Errorf("column %s: %s %q, want %s %q", c.column, got, how, want.rows, want.sorted)
			}
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/english"), chromedp.WaitVisible("button.sort")); err != nil {
		t.Fatal(err)
	}
	for column, want := range map[string]string{"2": "b c a d", "3": "b c a d"} {
		if err := chromedp.Do(ctx, chromedp.Click("th:nth-child("+column+") button")); err != nil {
			t.Fatal(err)
		}
		if got := ask(rows); got != want {
			t.Errorf("column %s in English: %s, want %s", column, got, want)
		}
	}
	if got := ask(`document.querySelector("p[role=status]").textContent`); !strings.HasPrefix(got, "Sorted by ") {
		t.Errorf("said: %q", got)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/indicator/CQS-02"), chromedp.Click("#units th:first-child button.sort"), chromedp.Click("#units th:first-child button.sort")); err != nil {
		t.Fatal(err)
	}
	if got := ask(`document.querySelector("#units tbody th").textContent`); got != "Thành phố Rạch Giá" {
		t.Errorf("the last name comes out as %q", got)
	}
	if got := ask(`document.querySelector("p[role=status]").textContent`); !strings.Contains(got, "Đơn vị, giảm dần") {
		t.Errorf("said: %q", got)
	}
	// Nothing but the site's own script runs.
	if got := ask(`document.body.setAttribute("onclick", "document.title='run'"), document.body.click(), document.title`); got == "run" {
		t.Error("an inline handler runs")
	}
}
