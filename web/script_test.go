package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The script runs under the content policy: the overview hears of a change, j goes
// to the first edit, and / to the search box.
func TestScript(t *testing.T) {
	opt := fullOptions()
	base, ctx := serve(t, opt), chromium(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(base+"/"), chromedp.WaitReady(chromedp.CSS("[data-events]"))); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the overview listens", func() bool {
		opt.Events.mu.Lock()
		defer opt.Events.mu.Unlock()
		return len(opt.Events.readers) == 1
	})
	opt.Events.Publish(fixtureChecks()[1])
	if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(".toast a"))); err != nil {
		t.Fatalf("the overview does not say that something changed: %v", err)
	}
	if err := chromedp.Do(ctx, chromedp.KeyEvent("/")); err != nil {
		t.Fatal(err)
	}
	focus(t, ctx, "f-q")
	if err := chromedp.Do(ctx, chromedp.Navigate(base+looked()["change"]), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("k")); err != nil {
		t.Fatal(err)
	}
	focus(t, ctx, "edit-e2")
}

// Without scripts a person can still filter, and send a form.
func TestPagesWithoutScript(t *testing.T) {
	base, ctx := serve(t, fullOptions()), chromium(t)
	err := chromedp.Do(ctx, withoutScript(), unlocked(base), chromedp.SendKeys(chromedp.CSS("#f-q"), "tidewater\n"), chromedp.WaitVisible(chromedp.CSS(`.find [role="status"]`)),
		chromedp.Navigate(base+"/alerts"), chromedp.Click(chromedp.CSS(`form[action$="/privacy-team/test"] button`)), chromedp.WaitVisible(chromedp.CSS(".notice")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(".notice")))
	if err != nil || !strings.Contains(text, "was taken") {
		t.Errorf("%q, %v", text, err)
	}
}
