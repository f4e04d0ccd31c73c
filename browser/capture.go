package browser

import (
	"context"
	"errors"
	"fmt"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"watcher/policy"
)

// When a page counts as done: its load event has come, and its text has not
// changed for a while. A page that never stands still is taken as it is.
const (
	settled   = 1500 * time.Millisecond
	poll      = 250 * time.Millisecond
	maxSettle = 12 * time.Second
)

// Capture loads a page and returns what it is once its scripts have run. Any
// final HTTP status is a Capture; its error is a *policy.FetchError.
func (b *Browser) Capture(ctx context.Context, req policy.Request) (policy.Capture, error) {
	if err := b.enter(ctx); err != nil {
		return policy.Capture{}, at(req.URL, err)
	}
	defer b.leave()
	run, err := b.ready(ctx)
	if err != nil {
		return policy.Capture{}, at(req.URL, err)
	}
	started := b.opt.Clock()
	got, err := b.load(ctx, run, req)
	if err != nil {
		b.stop() // whatever it was: the next page gets a fresh program
		return policy.Capture{}, at(req.URL, err)
	}
	now := b.opt.Clock()
	got.Policy, got.Source, got.URL, got.Attempts = req.Policy, policy.SourceBrowser, req.URL, 1
	got.StartedAt, got.CapturedAt, got.Duration = started.UTC(), now.UTC(), max(0, now.Sub(started))
	return got, nil
}

// at completes an error with the URL at which it happened.
func at(address string, err error) error {
	var fe *policy.FetchError
	if !errors.As(err, &fe) {
		reason := policy.FetchOther
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			reason = policy.FetchTimeout
		case errors.Is(err, context.Canceled):
			reason = policy.FetchCanceled
		}
		fe = &policy.FetchError{Reason: reason, Err: err}
	}
	told := *fe
	told.URL = address
	return &told
}

// The causes for which a page is given up.
var (
	errTooMuch = errors.New("the page loads too much")
	errCrashed = errors.New("the page crashed the browser's tab")
)

// load opens a page in a context of its own and waits until it is done.
func (b *Browser) load(ctx context.Context, run *running, req policy.Request) (policy.Capture, error) {
	ctx, over := context.WithCancelCause(ctx)
	defer over(nil)
	defer context.AfterFunc(b.life, func() { over(errClosed) })() //nolint:contextcheck // Close must end it too
	ctx, cancel := context.WithTimeout(ctx, b.opt.Timeout)
	defer cancel()
	w := newWatch(b.opt.MaxBytes, min(maxSettle, b.opt.Timeout/2), over)
	tab, closeTab, err := newTab(ctx, run, w.note)
	if err == nil {
		defer closeTab()
		err = w.open(tab, run.agent, req)
	}
	var html string
	if err == nil {
		html, err = chromedp.Run(tab, chromedp.Evaluate[string](documentHTML))
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTooMuch):
		return policy.Capture{}, &policy.FetchError{Reason: policy.FetchTooLarge, Err: fmt.Errorf("%w: more than %d bytes", cause, b.opt.MaxBytes)}
	case cause != nil:
		return policy.Capture{}, cause
	}
	if reason := run.proxy.failure(w.last(req.URL)); reason != nil {
		return policy.Capture{}, reason // rather than what the browser makes of it
	}
	switch {
	case err != nil:
		return policy.Capture{}, err
	case int64(len(html)) > b.opt.MaxBytes:
		return policy.Capture{}, &policy.FetchError{Reason: policy.FetchTooLarge, Err: fmt.Errorf("the page has %d bytes", len(html))}
	}
	got, err := w.capture(html)
	got.Fetcher = run.version
	return got, err
}

// documentHTML gives the page as it stands, with the text that components keep
// in open shadow roots.
const documentHTML = `(() => {
	const roots = [];
	const visit = (node) => {
		for (const e of node.querySelectorAll("*")) {
			if (e.shadowRoot) { roots.push(e.shadowRoot); visit(e.shadowRoot); }
		}
	};
	visit(document);
	const root = document.documentElement;
	const inner = roots.length && root.getHTML ? root.getHTML({shadowRoots: roots}) : root.innerHTML;
	const tag = root.cloneNode(false).outerHTML.replace(/<\/html>$/i, "");
	return "<!doctype html>\n" + tag + inner + "</html>\n";
})()`

// newTab opens a page in a fresh browser context, whose connections go through
// the proxy. It is closed when ctx ends.
func newTab(ctx context.Context, run *running, listen func(any)) (context.Context, func(), error) {
	tab, cancelTab := chromedp.NewContext(run.ctx, chromedp.WithListener(listen),
		chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) {
			// "<-loopback>" sends loopback through the proxy as well.
			p.ProxyServer, p.ProxyBypassList = "http://"+run.proxy.address(), "<-loopback>"
		}))
	stop := context.AfterFunc(ctx, cancelTab)
	if err := chromedp.Do(tab); err != nil {
		stop()
		cancelTab()
		return nil, nil, fmt.Errorf("open a tab: %w", err)
	}
	return tab, func() { stop(); cancelTab() }, nil
}

// open loads a page into a tab and waits until it stands still.
func (w *pageWatch) open(tab context.Context, agent string, req policy.Request) error {
	lang := req.Lang
	if lang == "" {
		lang = "en"
	}
	go w.dismissDialogs(tab)
	return chromedp.Do(tab,
		call(network.Enable, network.EnableParams{}),
		call(page.Enable, page.EnableParams{}),
		call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: lang}),
		call(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}}),
		call(network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: blocked()}),
		call(cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
			Behavior: cdpbrowser.SetDownloadBehaviorBehaviorDeny, BrowserContextID: chromedp.FromContext(tab).BrowserContextID,
		}),
		w.withHeaders(req),
		func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
			return chromedp.Void{}, w.navigate(ctx, t, req.URL)
		},
		func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
			return chromedp.Void{}, w.settle(ctx, t)
		},
	)
}

// call makes a step of a command whose result does not matter.
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, c, params)
		return chromedp.Void{}, err
	}
}

// blocked are what a text needs not.
func blocked() []*network.BlockPattern {
	var out []*network.BlockPattern
	for _, end := range []string{"mp4", "webm", "mp3", "woff", "woff2", "ttf", "otf"} {
		out = append(out, &network.BlockPattern{URLPattern: "*://*:*/*." + end, Block: true})
	}
	return out
}
