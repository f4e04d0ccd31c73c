package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"watcher/policy"
)

// The bounds of a browser and of one page in it.
const (
	DefaultTimeout  = 45 * time.Second
	DefaultMaxBytes = 30 << 20
	// maxPages and maxAge are when the browser is replaced by a new one: they
	// leak, and what one page did must not last.
	maxPages = 50
	maxAge   = 15 * time.Minute
	// startTimeout bounds the start of the program.
	startTimeout = 30 * time.Second
)

// Options configure a Browser.
type Options struct {
	// Path is the program to start, URL the DevTools address of one that runs
	// already; with neither, a Chromium on the path is taken.
	Path, URL string
	// ProxyListen is where the proxy of the browser's connections listens,
	// ProxyAddress under which host:port a browser elsewhere reaches it. Empty
	// means a free port of 127.0.0.1, and that very address.
	ProxyListen, ProxyAddress string
	// Dial connects for the browser; required.
	Dial Dial
	// Agent is added to the browser's own User-Agent.
	Agent string
	// Timeout bounds one page, MaxBytes what it may load; zero means the
	// defaults.
	Timeout  time.Duration
	MaxBytes int64
	// Clock tells the time that captures carry; required.
	Clock  func() time.Time
	Logger *slog.Logger
}

// Browser captures pages, one at a time. It starts its program when the first
// page is asked for. It is safe for concurrent use.
type Browser struct {
	opt Options
	// turn is held while a page is captured.
	turn chan struct{}
	// life ends at Close, and every capture with it.
	life context.Context //nolint:containedctx // the life of the browser, not of a call
	end  context.CancelFunc

	run *running
}

// running is a browser program, or a connection to one.
type running struct {
	ctx    context.Context //nolint:containedctx // chromedp's handle of the program
	cancel context.CancelFunc
	proxy  *proxy
	since  time.Time
	pages  int
	// agent is the User-Agent that pages are asked for with.
	agent, version string
}

// New returns a browser. Nothing is started yet.
func New(o Options) *Browser {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.ProxyListen == "" {
		o.ProxyListen = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	life, end := context.WithCancel(context.Background())
	return &Browser{opt: o, turn: make(chan struct{}, 1), life: life, end: end}
}

var errClosed = &policy.FetchError{Reason: policy.FetchCanceled, Err: errors.New("the browser is closed")}

// enter waits for the browser to be free.
func (b *Browser) enter(ctx context.Context) error {
	if b.life.Err() != nil {
		return errClosed
	}
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-b.life.Done():
		return errClosed
	}
}

func (b *Browser) leave() { <-b.turn }

// Close ends the page that is loading and the program. Later captures fail.
func (b *Browser) Close() {
	b.end()
	b.turn <- struct{}{}
	defer b.leave()
	b.stop()
}

// Retire closes the browser once the page that is loading is done.
func (b *Browser) Retire() {
	b.turn <- struct{}{}
	defer b.leave()
	b.end()
	b.stop()
}

func (b *Browser) stop() {
	if b.run != nil {
		b.run.cancel()
		b.run.proxy.stop()
		b.run = nil
	}
}

// programs are the names of Chromium on the path.
func programs() []string {
	return []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell", "chrome"}
}

const hintProgram = "install Chromium, or name one under `browser:` as path or url"

// program returns the browser to start.
func (b *Browser) program() (string, error) {
	if b.opt.Path != "" {
		return b.opt.Path, nil
	}
	for _, name := range programs() {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", unavailable(errors.New("no browser found"))
}

func unavailable(err error) error {
	return &policy.FetchError{Reason: policy.FetchUnsupported, Hint: hintProgram, Err: err}
}

// ready returns the program, started anew when it served for long.
func (b *Browser) ready(ctx context.Context) (*running, error) {
	if r := b.run; r != nil && (r.pages >= maxPages || b.opt.Clock().Sub(r.since) > maxAge || r.ctx.Err() != nil) {
		b.stop()
	}
	if b.run == nil {
		r, err := b.start(ctx)
		if err != nil {
			return nil, err
		}
		b.run = r
	}
	b.run.pages++
	return b.run, nil
}

// start starts the program, or connects to it. It serves more than one capture,
// so its life is not that of ctx.
func (b *Browser) start(ctx context.Context) (*running, error) {
	alloc, err := b.allocator()
	if err != nil {
		return nil, err
	}
	clients := loopback()
	if b.opt.URL != "" {
		if clients, err = clientsOf(ctx, hostOf(b.opt.URL)); err != nil {
			return nil, unavailable(fmt.Errorf("look up the browser: %w", err))
		}
	}
	p, err := startProxy(ctx, b.opt.Dial, proxyOptions{listen: b.opt.ProxyListen, advertise: b.opt.ProxyAddress, clients: clients})
	if err != nil {
		return nil, &policy.FetchError{Reason: policy.FetchOther, Err: fmt.Errorf("start the browser's proxy: %w", err)}
	}
	parent, stopAlloc := alloc(b.life)
	tab, stopTab := chromedp.NewContext(parent)
	r := &running{ctx: tab, proxy: p, since: b.opt.Clock(), cancel: func() { stopTab(); stopAlloc() }}
	if err := b.greet(ctx, r); err != nil {
		r.cancel()
		p.stop()
		return nil, err
	}
	return r, nil
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Hostname()
}

// allocator says how the program is had.
func (b *Browser) allocator() (func(context.Context) (context.Context, context.CancelFunc), error) {
	if b.opt.URL != "" {
		return func(life context.Context) (context.Context, context.CancelFunc) {
			return remote.NewAllocator(life, b.opt.URL)
		}, nil
	}
	path, err := b.program()
	if err != nil {
		return nil, err
	}
	return func(life context.Context) (context.Context, context.CancelFunc) {
		return chromedp.NewExecAllocator(life, flags(path)...)
	}, nil
}

// greet waits until the program answers and asks for its name.
func (b *Browser) greet(ctx context.Context, r *running) error {
	type answer struct {
		version cdpbrowser.GetVersionResult
		err     error
	}
	started := make(chan answer, 1)
	go func() {
		v, err := chromedp.CallBrowser(r.ctx, cdpbrowser.GetVersion, cdp.Empty{})
		started <- answer{v, err}
	}()
	limit := time.NewTimer(startTimeout)
	defer limit.Stop()
	select {
	case a := <-started:
		if a.err != nil {
			return unavailable(fmt.Errorf("start the browser: %w", a.err))
		}
		r.version, r.agent = a.version.Product, a.version.UserAgent
		if b.opt.Agent != "" {
			r.agent += " " + b.opt.Agent
		}
		b.opt.Logger.Debug("browser started", slog.String("version", r.version))
		return nil
	case <-limit.C:
		return unavailable(errors.New("start the browser: it did not answer in time"))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flags are those of the program. The sandbox stays on, except for root, whom
// Chromium refuses to serve with it.
func flags(path string) []chromedp.ExecAllocatorOption {
	out := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	out = append(out, chromedp.ExecPath(path),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("mute-audio", true),
		chromedp.Flag("js-flags", "--max-old-space-size=256"), chromedp.Flag("blink-settings", "imagesEnabled=false"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("force-webrtc-ip-handling-policy", "disable_non_proxied_udp"))
	if os.Geteuid() == 0 {
		out = append(out, chromedp.NoSandbox)
	}
	return out
}
