package web_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/web/browsertest"
)

// TestMorePagesInABrowser opens the folded part of the header by the keyboard, on a desk's screen and on a phone's, and goes on
// with the days asked for.
func TestMorePagesInABrowser(t *testing.T) {
	p := load(t, kienGiang)
	h := site(t, p, filled(t, p), clock(p.Demo.AsOf))
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, cancel := context.WithTimeout(browsertest.Tab(t), time.Minute)
	defer cancel()
	for name, width := range map[string]int64{"desk": 1366, "old": 1024, "phone": 360} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 740), chromedp.Navigate(server.URL+"/heat?as-of=2025-06-22")); err != nil {
			t.Fatal(err)
		}
		if n := number(t, ctx, `[...document.querySelectorAll(".more a")].filter(a => a.checkVisibility()).length`); n != 0 {
			t.Errorf("%s: %d of the folded links show", name, n)
		}
		if err := chromedp.Do(ctx, chromedp.Focus(".more summary"), chromedp.KeyEvent(" "), chromedp.WaitVisible(".more a")); err != nil {
			t.Fatal(err)
		}
		if n := number(t, ctx, `[...document.querySelectorAll(".more a")].filter(a => { const r = a.getBoundingClientRect(); return r.left < 0 || r.right > innerWidth; }).length + document.documentElement.scrollWidth - document.documentElement.clientWidth`); n != 0 {
			t.Errorf("%s: the folded part sticks out", name)
		}
		if err := chromedp.Do(ctx, chromedp.Focus(`.more a[href^="/freshness"]`), chromedp.KeyEvent("\r"), chromedp.WaitVisible(".more summary.here")); err != nil {
			t.Fatal(err)
		}
		at, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + location.search + " " + document.querySelector(".more summary").textContent`))
		if err != nil || at != "/freshness?as-of=2025-06-22 Độ cập nhật" {
			t.Errorf("%s: at %s, %v", name, at, err)
		}
	}
	body := get(h, "/runbook").Body.String()
	for _, s := range []string{`href="/accounts"`, `href="/audit"`, `href="/forms"`, `href="/contests"`, `href="/registers"`} {
		if strings.Contains(body, s) {
			t.Errorf("whoever has not signed in is led by %s", s)
		}
	}
}
