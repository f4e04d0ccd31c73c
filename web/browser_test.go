package web

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browserTimeout is for a test that hangs.
const browserTimeout = 4 * time.Minute

// chromium returns a tab of a headless Chromium, or skips the test aloud.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser in short tests")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium")
		}
		t.Skip("no Chromium on the path: pages are not looked at in a browser")
	}
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// serve runs a handler on a free port of loopback.
func serve(t *testing.T, opt Options) string {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	opt.ListenHosts, opt.ExternalURL = []string{server.Listener.Addr().String()}, ""
	server.Config.Handler = handler(t, opt)
	if opt.Events != nil {
		server.Config.RegisterOnShutdown(opt.Events.Close)
		t.Cleanup(opt.Events.Close)
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// step is something that a browser does.
type step = chromedp.Action[chromedp.Void]

// unlocked opens a session, with which the pages show their forms.
func unlocked(base string) step {
	return chromedp.Steps(
		chromedp.Navigate(base+"/unlock"), chromedp.SendKeys(chromedp.CSS("#token"), testToken),
		chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS(".policies")),
	)
}

// look sets the size of the window, the colour scheme and the medium.
func look(width, height int64, medium, scheme string) step {
	return chromedp.Steps(chromedp.EmulateViewport(width, height), func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return chromedp.Void{}, err
	})
}

// TestScreenshots writes a picture of every page in light, dark, phone and print
// into the directory that WATCHER_SCREENS names.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("WATCHER_SCREENS")
	if dir == "" {
		t.Skip("WATCHER_SCREENS names no directory: no screenshots (make screenshots)")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	base, ctx := serve(t, fullOptions()), chromium(t)
	if err := chromedp.Do(ctx, unlocked(base)); err != nil {
		t.Fatal(err)
	}
	for name, step := range map[string]step{
		"light": look(1280, 800, "screen", "light"), "dark": look(1280, 800, "screen", "dark"),
		"phone": look(390, 844, "screen", "light"), "print": look(794, 1123, "print", "light"),
	} {
		if err := chromedp.Do(ctx, step); err != nil {
			t.Fatal(err)
		}
		for page, path := range looked() {
			if err := chromedp.Do(ctx, chromedp.Navigate(base+path)); err != nil {
				t.Fatalf("%s %s: %v", page, name, err)
			}
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatalf("%s %s: %v", page, name, err)
			}
			if err := os.WriteFile(filepath.Join(dir, page+"-"+name+".png"), png, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestReadmePictures writes the two pictures of README.md beside the screenshots.
func TestReadmePictures(t *testing.T) {
	dir := os.Getenv("WATCHER_SCREENS")
	if dir == "" {
		t.Skip("WATCHER_SCREENS names no directory: no pictures (make screenshots)")
	}
	base, ctx := serve(t, fullOptions()), chromium(t)
	for page, height := range map[string]int64{"overview": 1120, "change": 1090} {
		if err := chromedp.Do(ctx, look(1180, height, "screen", "light"), chromedp.Navigate(base+looked()[page])); err != nil {
			t.Fatal(err)
		}
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if len(png) > 250<<10 {
			t.Errorf("%s has %d bytes, more than a README should load", page, len(png))
		}
		if err := os.WriteFile(filepath.Join(dir, "readme-"+page+".png"), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// axe returns the source of axe-core, which scripts/test-deps fetches, or skips.
func axe(t *testing.T) string {
	t.Helper()
	file := os.Getenv("WATCHER_AXE")
	if cache, err := os.UserCacheDir(); file == "" && err == nil {
		file = filepath.Join(cache, "watcher-test", "axe.min.js")
	}
	source, err := os.ReadFile(file)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no axe-core: %v (scripts/test-deps fetches it)", err)
		}
		t.Skipf("no axe-core (scripts/test-deps fetches it): accessibility is not tested: %v", err)
	}
	return string(source)
}

// Every page is without violations of axe-core's rules, in both colour schemes and
// on a phone.
func TestAccessibility(t *testing.T) {
	source := axe(t)
	base, ctx := serve(t, fullOptions()), chromium(t)
	if err := chromedp.Do(ctx, unlocked(base)); err != nil {
		t.Fatal(err)
	}
	const script = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v =>
		v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")))`
	for name, step := range map[string]step{
		"light": look(1280, 900, "screen", "light"), "dark": look(1280, 900, "screen", "dark"), "phone": look(390, 844, "screen", "light"),
	} {
		for page, path := range looked() {
			err := chromedp.Do(ctx, step, chromedp.Navigate(base+path), chromedp.Evaluate[chromedp.Void](source))
			if err != nil {
				t.Fatalf("%s %s: %v", page, name, err)
			}
			found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s %s: %v", page, name, err)
			}
			for _, violation := range found {
				t.Errorf("%s %s: %s", page, name, violation)
			}
		}
	}
	// The rules must be able to fail.
	const worse = `document.querySelector("h1").insertAdjacentHTML("afterend", "<p class=none>&nbsp;</p><input><a href=/x></a>");0`
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](worse)); err != nil {
		t.Fatal(err)
	}
	if found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise)); err != nil || len(found) < 2 {
		t.Errorf("an input and a link without names are accepted: %q, %v", found, err)
	}
}

// Payloads that are on a page as text run nothing in a real browser either.
func TestHostileTextsRunNothing(t *testing.T) {
	ctx := chromium(t)
	for i, payload := range payloads(t) {
		if i%15 != 0 {
			continue // a browser takes its time; all of them meet the parser above
		}
		opt := poisonedOptions(strings.ReplaceAll(payload, "alert(", "window.pwned=("), true)
		opt.Events = nil
		base := serve(t, opt)
		for _, path := range pagePaths() {
			if err := chromedp.Do(ctx, chromedp.Navigate(base+path)); err != nil {
				t.Fatalf("%s with %q: %v", path, payload, err)
			}
			state, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[window.pwned ?? "", document.querySelectorAll("script").length,
				document.querySelectorAll("iframe,object,embed,img,style,[onload],[onerror],[style]").length].join()`))
			if err != nil || state != ",1,0" {
				t.Errorf("%s with %q: %q, %v", path, payload, state, err)
			}
		}
	}
}

// TestLongRedlineOpens: a redline of a hundred thousand words opens; how fast is in
// the log, a second where nothing else runs.
func TestLongRedlineOpens(t *testing.T) {
	store := fixture()
	store.changes[key(changedID, 2)] = longChange(100_000)
	base, ctx := serve(t, options(store)), chromium(t)
	small := opening(t, ctx, base+"/alerts")
	millis := opening(t, ctx, base+"/policies/northlight-imaging/privacy/changes/2")
	t.Logf("a redline of 100,000 words is there after %.0f ms, a small page after %.0f ms", millis, small)
	words, err := chromedp.Run(ctx, chromedp.Evaluate[int](`document.body.textContent.split(/\s+/).length`))
	if err != nil || words < 100_000 {
		t.Errorf("%d words are on the page, %v", words, err)
	}
}

// opening returns how many milliseconds a page takes until it can be read.
func opening(t *testing.T, ctx context.Context, address string) float64 {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	millis, err := chromedp.Run(ctx, chromedp.Evaluate[float64](
		`(() => { const n = performance.getEntriesByType("navigation")[0]; return n.domContentLoadedEventEnd - n.startTime; })()`))
	if err != nil {
		t.Fatal(err)
	}
	return millis
}

// withoutScript switches the scripts of pages off, not those of this test.
func withoutScript() step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	}
}

// focus fails unless the element with the id has the focus.
func focus(t *testing.T, ctx context.Context, id string) {
	t.Helper()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement.id`))
	if err != nil || got != id {
		t.Errorf("the focus is at %q, %v; want %q", got, err, id)
	}
}

// waitFor polls a condition; the deadline is for a test that fails.
func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick, deadline := time.NewTicker(10*time.Millisecond), time.NewTimer(time.Minute)
	defer tick.Stop()
	defer deadline.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited a minute until %s", what)
		}
	}
}
