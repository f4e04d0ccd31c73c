package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"watcher/policy"
)

// pageWatch collects what the browser tells of a page while it loads.
type pageWatch struct {
	over    context.CancelCauseFunc
	loaded  chan struct{}
	dialogs chan struct{}
	paused  chan *fetch.EventRequestPaused

	mu    sync.Mutex
	limit int64
	// patience bounds the wait for the text to stand still.
	patience time.Duration
	bytes    int64
	frame    cdp.FrameID
	status   int64
	header   http.Header
	mime     string
	url      string
	remote   string
	hops     []policy.Hop
	once     sync.Once
}

// maxPaused bounds the requests that wait for their headers.
const maxPaused = 1024

func newWatch(limit int64, patience time.Duration, over context.CancelCauseFunc) *pageWatch {
	return &pageWatch{
		over: over, limit: limit, patience: patience, loaded: make(chan struct{}),
		dialogs: make(chan struct{}, 1), paused: make(chan *fetch.EventRequestPaused, maxPaused),
	}
}

// note takes in an event. It is called by the loop that reads them all, so it
// must neither wait nor ask the browser anything.
func (w *pageWatch) note(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		w.noteRedirect(ev)
	case *network.EventResponseReceived:
		w.noteResponse(ev)
	case *network.EventDataReceived:
		if w.bytes += ev.DataLength; w.bytes > w.limit {
			w.over(errTooMuch)
		}
	case *page.EventLoadEventFired:
		w.once.Do(func() { close(w.loaded) })
	case *page.EventJavascriptDialogOpening:
		select {
		case w.dialogs <- struct{}{}:
		default:
		}
	case *fetch.EventRequestPaused:
		select {
		case w.paused <- ev:
		default: // the request never comes to an end, and the page neither
		}
	case *inspector.EventTargetCrashed:
		w.over(errCrashed)
	}
}

func (w *pageWatch) noteRedirect(ev *network.EventRequestWillBeSent) {
	r := ev.RedirectResponse
	if r == nil || ev.Type != network.ResourceTypeDocument || w.frame != "" && ev.FrameID != w.frame {
		return
	}
	w.frame = ev.FrameID
	w.hops = append(w.hops, policy.Hop{URL: r.URL, Status: int(r.Status), Location: ev.Request.URL, RemoteAddr: remoteAddr(r)})
}

func (w *pageWatch) noteResponse(ev *network.EventResponseReceived) {
	if ev.Type != network.ResourceTypeDocument || w.frame != "" && ev.FrameID != w.frame {
		return
	}
	r := ev.Response
	if w.status != 0 { // the page went on by itself, as by a meta refresh
		w.hops = append(w.hops, policy.Hop{URL: w.url, Status: int(w.status), Location: r.URL, RemoteAddr: w.remote})
	}
	w.frame, w.status, w.mime, w.url, w.remote = ev.FrameID, r.Status, r.MimeType, r.URL, remoteAddr(r)
	w.header = headerOf(r.Headers)
}

// last is where redirects led, start if there were none.
func (w *pageWatch) last(start string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.url != "":
		return w.url
	case len(w.hops) > 0:
		return w.hops[len(w.hops)-1].Location
	}
	return start
}

// remoteAddr is the proxy's address where the proxy connected, which says
// nothing: it is left out.
func remoteAddr(r *network.Response) string {
	if r.RemoteIPAddress == "" || strings.HasPrefix(r.RemoteIPAddress, "127.") {
		return ""
	}
	return fmt.Sprintf("%s:%d", r.RemoteIPAddress, r.RemotePort)
}

// headerOf makes an http.Header of the protocol's; cookies are secrets.
func headerOf(h network.Headers) http.Header {
	out := http.Header{}
	for k, v := range h {
		s, ok := v.(string)
		switch {
		case strings.EqualFold(k, "Set-Cookie"):
			out.Set(k, "redacted")
		case ok:
			for line := range strings.SplitSeq(s, "\n") {
				out.Add(k, line)
			}
		}
	}
	return out
}

// dismissDialogs closes what would keep a page waiting for a click.
func (w *pageWatch) dismissDialogs(tab context.Context) {
	for {
		select {
		case <-w.dialogs:
			_, _ = chromedp.Call(tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
		case <-tab.Done():
			return
		}
	}
}

// withHeaders adds the configured headers to requests of the policy's host, and
// of no other.
func (w *pageWatch) withHeaders(req policy.Request) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		u, err := url.Parse(req.URL)
		if err != nil || len(req.Headers) == 0 {
			return chromedp.Void{}, err
		}
		go w.addHeaders(ctx, t, u, req.Headers)
		_, err = cdp.Call(ctx, t, fetch.Enable, fetch.EnableParams{})
		return chromedp.Void{}, err
	}
}

func (w *pageWatch) addHeaders(ctx context.Context, t *chromedp.Target, own *url.URL, headers map[string]string) {
	for {
		select {
		case ev := <-w.paused:
			p := fetch.ContinueRequestParams{RequestID: ev.RequestID}
			if u, err := url.Parse(ev.Request.URL); err == nil && u.Scheme == own.Scheme && u.Host == own.Host {
				p.Headers = merged(ev.Request.Headers, headers)
			}
			_, _ = cdp.Call(ctx, t, fetch.ContinueRequest, p)
		case <-ctx.Done():
			return
		}
	}
}

func merged(sent network.Headers, more map[string]string) []*fetch.HeaderEntry {
	var out []*fetch.HeaderEntry
	for k, v := range more {
		out = append(out, &fetch.HeaderEntry{Name: k, Value: v})
	}
	for k, v := range sent {
		s, ok := v.(string)
		if _, own := more[http.CanonicalHeaderKey(k)]; ok && !own {
			out = append(out, &fetch.HeaderEntry{Name: k, Value: s})
		}
	}
	return out
}

// navigate begins to load a page.
func (w *pageWatch) navigate(ctx context.Context, t *chromedp.Target, address string) error {
	got, err := cdp.Call(ctx, t, page.Navigate, page.NavigateParams{URL: address})
	if err != nil {
		return err
	}
	text := got.ErrorText
	switch {
	case text == "" && !got.IsDownload:
		return nil
	case got.IsDownload || strings.Contains(text, "ERR_ABORTED"):
		return &policy.FetchError{Reason: policy.FetchUnsupported, Hint: hintFile, Err: ErrFile}
	case strings.Contains(text, "TIMED_OUT"):
		return &policy.FetchError{Reason: policy.FetchTimeout, Err: errors.New(text)}
	case strings.Contains(text, "CERT") || strings.Contains(text, "SSL"):
		return &policy.FetchError{Reason: policy.FetchTLS, Err: errors.New(text)}
	case strings.Contains(text, "TOO_MANY_REDIRECTS"):
		return &policy.FetchError{Reason: policy.FetchRedirect, Err: errors.New(text)}
	}
	return &policy.FetchError{Reason: policy.FetchConnect, Err: errors.New(text)}
}

// ErrFile marks an address at which there is no page but a file.
var ErrFile = errors.New("the address gives a file to download, and no page")

const hintFile = "a PDF or Word file needs no browser: use source: live"

// settle waits for the load event, and then until the text stands still.
func (w *pageWatch) settle(ctx context.Context, t *chromedp.Target) error {
	select {
	case <-w.loaded:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := w.readable(); err != nil {
		return err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	last, still := -1, time.Duration(0)
	for waited := time.Duration(0); waited < w.patience && still < settled; waited += poll {
		n, err := chromedp.Evaluate[int](`document.body ? document.body.innerText.length : 0`)(ctx, t)
		if err != nil && ctx.Err() != nil {
			return err
		}
		// An error is a page that went on to another one meanwhile.
		if still += poll; err != nil || n != last {
			last, still = n, 0
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// readable refuses what a browser shows without there being a page.
func (w *pageWatch) readable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.mime {
	case "", "text/html", "application/xhtml+xml", "text/plain":
		return nil
	}
	return &policy.FetchError{Reason: policy.FetchUnsupported, Hint: hintFile, Err: fmt.Errorf("%w: %s", ErrFile, w.mime)}
}

// capture makes the record of the page.
func (w *pageWatch) capture(html string) (policy.Capture, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status == 0 {
		return policy.Capture{}, errors.New("the page brought no answer")
	}
	body := []byte(html)
	return policy.Capture{
		FinalURL: w.url, Hops: append(w.hops, policy.Hop{URL: w.url, Status: int(w.status), RemoteAddr: w.remote}),
		Status: int(w.status), Header: w.header, RemoteAddr: w.remote,
		ContentType: "text/html; charset=utf-8", MediaType: "text/html",
		WireBytes: w.bytes, Size: int64(len(body)), Digest: policy.Sum(body), Body: body,
	}, nil
}
