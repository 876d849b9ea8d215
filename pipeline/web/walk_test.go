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

// TestWalkToThePayloadInABrowser goes by clicks alone: a unit is found in the search box, its figure followed to the record.
func TestWalkToThePayloadInABrowser(t *testing.T) {
	p := load(t, kienGiang)
	server := httptest.NewServer(site(t, p, collected(t, p), clock(p.Demo.AsOf)))
	defer server.Close()
	ctx, cancel := context.WithTimeout(browsertest.Tab(t), time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1366, 768), chromedp.Navigate(server.URL+"/")); err != nil {
		t.Fatal(err)
	}
	// The search box is reached and sent by the keyboard.
	if err := chromedp.Do(ctx, chromedp.SendKeys(`.find input[type=search]`, "so noi vu\r"), chromedp.WaitVisible(`#units`)); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ click, sees, says string }{
		{`#units tbody a`, `.pillar`, "Sở Nội vụ"},
		{`.pillar a.fig[href*="/figure/CQS-02/"]`, `#inputs`, "Mẫu số"},
		{`#inputs a[href*="list=dossier.resolved"]`, `#inputs a[href*="/payload/"]`, "Bản mới nhất của từng bản ghi"},
		{`#inputs a[href*="/payload/dossiers/"]`, `tr.here`, "bản ghi được hỏi"},
	} {
		if err := chromedp.Do(ctx, chromedp.Click(step.click), chromedp.WaitVisible(step.sees)); err != nil {
			t.Fatalf("%s: %v", step.click, err)
		}
		seen := ""
		for !strings.Contains(seen, step.says) && ctx.Err() == nil { // the page may still be coming
			seen, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("main")?.textContent || ""`))
		}
		if !strings.Contains(seen, step.says) {
			t.Fatalf("after %s the page does not say %q: %.400s", step.click, step.says, seen)
		}
	}
	marked, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("tr.here").innerText`))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(marked, "H33.01-25-00") {
		t.Errorf("the marked record is %q", marked)
	}
	if at := number(t, ctx, `Math.round(document.querySelector("tr.here").getBoundingClientRect().top) + 0`); at < 0 || at > 768 {
		t.Errorf("the marked record is out of sight, %d from the top", at)
	}
}
