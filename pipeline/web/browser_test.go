package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tiendo/pipeline/web/browsertest"
)

// TestInABrowser looks at the pages as a leader's old screen and a phone show them: nothing sticks out sideways, nothing is
// reported to the console, and no page has two main headings. It needs Debian's chromium.
func TestInABrowser(t *testing.T) {
	ctx := browsertest.Tab(t)
	var mu sync.Mutex
	var said []string
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			mu.Lock()
			said = append(said, fmt.Sprint(m))
			mu.Unlock()
		}
	}()
	for code, addresses := range map[string][]string{
		kienGiang: {"/", "/heat", "/heat?level=commune", "/pillar/CQS", "/pillar/XHS?unit=899", "/map", "/map?indicator=CQS-02", "/map?level=commune", "/compare?unit=899&unit=900&unit=so-noi-vu&unit=91", "/indicator/CQS-02", "/indicator/CQS-05?unit=899", "/unit/899", "/unit/91", "/freshness", "/late", "/sources", "/source/dossiers", "/review/2025-W26", "/awards", "/awards/BK-TTG-2023", "/awards/BK-TTG-2023/899", "/proposal/BK-TTG-2023", "/runbook", "/search?q=vinh", "/figure/CQS-02/91", "/figure/KTS-04/899", "/?as-of=2025-06-23&known-on=2025-06-29"},
		anGiang:   {"/", "/heat", "/indicator/S-TONG", "/unit/91", "/review/2025-W35"},
	} {
		p := load(t, code)
		server := httptest.NewServer(site(t, p, filled(t, p), clock(p.Demo.AsOf)))
		defer server.Close()
		for _, size := range []struct {
			name          string
			width, height int64
			options       []chromedp.EmulateViewportOption
		}{
			{"desk", 1366, 768, nil},
			{"phone", 360, 740, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)}},
		} {
			for _, address := range addresses {
				t.Run(code+"/"+size.name+address, func(t *testing.T) {
					mu.Lock()
					said = nil
					mu.Unlock()
					ctx, cancel := context.WithTimeout(ctx, time.Minute)
					defer cancel()
					err := chromedp.Do(ctx, chromedp.EmulateViewport(size.width, size.height, size.options...), chromedp.Navigate(server.URL+address))
					if err != nil {
						t.Fatal(err)
					}
					wide, inner := number(t, ctx, `document.documentElement.scrollWidth`), number(t, ctx, `document.documentElement.clientWidth`)
					headings := number(t, ctx, `document.querySelectorAll("h1").length`)
					// what sticks out of the window where it may not be scrolled
					out, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("body *")].filter(e => {
						const r = e.getBoundingClientRect();
						return r.width > 0 && r.right > innerWidth + 1 && !e.closest(".scroll") && getComputedStyle(e).position !== "absolute";
					}).map(e => e.tagName + "." + e.className + " " + (e.textContent || "").slice(0, 40)).slice(0, 5).join("; ")`))
					if err != nil {
						t.Fatal(err)
					}
					if wide > inner || inner != size.width {
						t.Errorf("the page is %d wide, the window %d", wide, inner)
					}
					if out != "" {
						t.Errorf("sticks out: %s", out)
					}
					if headings != 1 {
						t.Errorf("%d main headings", headings)
					}
					mu.Lock()
					defer mu.Unlock()
					for _, s := range said {
						if address != addresses[len(addresses)-1] || code != kienGiang { // the last page is refused: the console says so
							t.Errorf("console: %s", s)
						}
					}
				})
			}
		}
	}
}

func number(t *testing.T, ctx context.Context, script string) int64 {
	t.Helper()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[int64](script))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
