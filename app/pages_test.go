package app

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"watcher/policy"
	"watcher/storage"
)

// A person who reads changes: the vendor changes the policy, the receiver refuses
// the alert, and then the vendor shows a page that the gate holds. All of it is
// seen and mended in the pages alone, in a real browser.
func TestPagesInABrowser(t *testing.T) {
	needChromium(t)
	var page atomic.Value
	page.Store(policyPage)
	var refuse atomic.Bool
	refuse.Store(true)
	site := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page.Load().(string))
	})
	hook := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		if refuse.Load() {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	file := filepath.Join(t.TempDir(), "watcher.yml")
	writeConfig(t, file, map[string]any{
		"version": 1, "vendors": []any{vendorConfig("Acme", site.URL)}, "triage": map[string]any{"confirm_after": "0s"},
		"crawler":   map[string]any{"allow_private": []string{"127.0.0.0/8"}, "per_host_delay": "0s"},
		"receivers": []any{map[string]any{"name": "team", "webhook": map[string]any{"url": hook.URL}}},
	})
	r := start(t, Options{ConfigFile: file})
	head := func(n int) func() bool {
		return func() bool {
			st, err := r.Store().State(t.Context(), "acme/privacy")
			return err == nil && st.Head == n
		}
	}
	until(t, "the baseline is on record", head(1))
	b := newTab(t, "http://"+r.Addr())

	b.do(t, "type the token", chromedp.Navigate(b.base+"/unlock"), chromedp.SendKeys(chromedp.CSS("#token"), r.Token()), chromedp.Click(chromedp.CSS("main button")))
	b.says(t, "the overview", "Watched policies")

	page.Store(strings.Replace(policyPage, "12 months", "24 months", 1))
	b.do(t, "check now", chromedp.Click(chromedp.CSS("table.policies td a")), chromedp.WaitVisible(chromedp.CSS(`form[action$="/check"] button`)), chromedp.Click(chromedp.CSS(`form[action$="/check"] button`)))
	b.says(t, "the check", "What came of it is the first line")
	until(t, "the change is on record", head(2))
	b.do(t, "overview to change", chromedp.Click(chromedp.CSS("a.brand")), chromedp.WaitVisible(chromedp.CSS(".feed a")), chromedp.Click(chromedp.CSS(".feed a")))
	b.says(t, "the change", "for 12\u200a24 months after")
	b.do(t, "side by side", chromedp.Click(chromedp.CSS(`a[href*="view=side"]`)), chromedp.WaitVisible(chromedp.CSS(".sides")))
	b.says(t, "the redline", "Before")

	page.Store(shortPage)
	b.do(t, "check again", chromedp.Navigate(b.base+"/policies/acme/privacy"), chromedp.Click(chromedp.CSS(`form[action$="/check"] button`)), chromedp.WaitVisible(chromedp.CSS(".notice a")))
	b.do(t, "to the held capture", chromedp.Navigate(b.base+"/inbox"), chromedp.Click(chromedp.CSS(".feed a")), chromedp.WaitVisible(chromedp.CSS("#reason")))
	b.says(t, "the held capture", "part of Initech now")
	b.do(t, "accept it", chromedp.SendKeys(chromedp.CSS("#reason"), "they were bought"), chromedp.SendKeys(chromedp.CSS("#author"), "Ada"), chromedp.Click(chromedp.CSS(`button[value="accept"]`)))
	b.says(t, "the inbox", "Accepted.")
	until(t, "the accepted text is the head", head(3))

	b.do(t, "mute the vendor", chromedp.Navigate(b.base+"/alerts"), chromedp.Click(chromedp.CSS("details summary")), chromedp.SendKeys(chromedp.CSS("#s-match"), "vendor=acme"),
		chromedp.SendKeys(chromedp.CSS("#s-comment"), "known"), chromedp.SendKeys(chromedp.CSS("#s-author"), "Ada"), chromedp.Click(chromedp.CSS(`form[action$="/silences"] button`)))
	b.says(t, "the silence", "Muted.")
	b.do(t, "end the silence", chromedp.Click(chromedp.CSS(`form[action$="/expire"] button`)))
	b.says(t, "the end of it", "The silence is over.")

	until(t, "the alerts are dead", func() bool { return len(alertsIn(t, r, policy.AlertDead)) == 2 })
	refuse.Store(false)
	b.do(t, "redeliver", chromedp.Navigate(b.base+"/alerts?state=dead"), chromedp.Click(chromedp.CSS(`form[action$="/redeliver"] button`)))
	b.says(t, "the outbox", "waiting again")
	until(t, "it is delivered", func() bool { return len(alertsIn(t, r, policy.AlertDelivered)) == 1 })
	b.do(t, "test the receiver", chromedp.Click(chromedp.CSS(`form[action$="/team/test"] button`)))
	b.says(t, "the test", "was taken by every integration")
}

// shortPage is about something else, and much shorter.
const shortPage = `<html lang="en"><title>Privacy Policy</title><main><h1>Privacy Policy</h1><p>Acme is part of Initech now.</p></main></html>`

func serving(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func alertsIn(t *testing.T, r running, state policy.AlertState) []policy.Alert {
	t.Helper()
	all, err := r.Store().Alerts(t.Context(), storage.AlertQuery{States: []policy.AlertState{state}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// tab is a tab of a headless Chromium.
type tab struct {
	ctx  context.Context //nolint:containedctx // to chromedp a context is the tab
	base string
}

func newTab(t *testing.T, base string) tab {
	t.Helper()
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath("chromium"), chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	ctx, stop := chromedp.NewExecAllocator(ctx, flags...)
	ctx, end := chromedp.NewContext(ctx)
	var closed sync.Once
	t.Cleanup(func() {
		closed.Do(func() {
			if err := chromedp.Cancel(ctx); err != nil {
				t.Logf("close Chromium: %v", err)
			}
			end()
			stop()
			cancel()
		})
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return tab{ctx, base}
}

// do runs steps, each of which waits for what it needs.
func (b tab) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		t.Fatalf("%s: %v\n%s", what, err, text)
	}
}

// says waits until the page says something.
func (b tab) says(t *testing.T, what, want string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		// A page that is on its way has no text, an old one, or is gone when asked.
		text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.body?.innerText ?? "")`))
		if err == nil && strings.Contains(text, want) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s does not say %q: %v\n%s", what, want, err, text)
		}
	}
}
