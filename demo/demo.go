// Package demo serves the sample vendors of "watcher demo": five sites with
// text written for it, each difficult in the way of a real one. They change
// along a timeline, so that a watcher pointed at them has something to tell.
//
// The sites are served on loopback only, one listener per vendor.
package demo

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

//go:embed sites
var files embed.FS

// Vendor is a served sample vendor.
type Vendor struct {
	Name string
	// Note tells what makes its page difficult and what it will do.
	Note string
	URL  string
}

// Step is something that happens on the timeline.
type Step struct {
	After time.Duration
	What  string
}

// The timeline, from the start of the demo.
const (
	resolveAfter = 12 * time.Second
	shuffleAfter = 20 * time.Second
	downAfter    = 24 * time.Second
	upAfter      = 42 * time.Second
	moveAfter    = 50 * time.Second
	// Length is when everything has happened and has had time to be told.
	Length = 65 * time.Second
)

// Timeline returns what happens when.
func Timeline() []Step {
	return []Step{
		{resolveAfter, "Dentacore gives its placeholder date a real day and rewords a sentence about training models"},
		{shuffleAfter, "Polymer Works reshuffles its menu, which is no news"},
		{downAfter, "ScanForge goes down"},
		{upAfter, "ScanForge comes back"},
		{moveAfter, "Anatomia moves a section and keeps account data for longer"},
	}
}

// Sites are the running sample vendors.
type Sites struct {
	Vendors []Vendor
	servers []*http.Server
	clock   func() time.Time
	started time.Time
	pace    float64
	hits    atomic.Int64
}

// view is what a page is rendered with.
type view struct {
	Resolved, Moved bool
	Menu            []string
	// Hits and Nonce differ at every fetch, as counters and request ids do.
	Hits  int64
	Nonce string
}

// Start serves the sites. A pace of 2 runs the timeline twice as fast.
func Start(ctx context.Context, clock func() time.Time, pace float64) (*Sites, error) {
	s := &Sites{clock: clock, started: clock(), pace: pace}
	for _, v := range []struct{ name, slug, file, note string }{
		{"Dentacore", "dentacore", "dentacore.html", "a help-desk page whose date is still a placeholder"},
		{"Polymer Works", "polymer-works", "polymer-works.html", "a page drowned in navigation, all in lower case"},
		{"Anatomia", "anatomia", "anatomia.html", "a page without any date"},
		{"ScanForge", "scanforge", "scanforge.html", "a page as an archive serves it"},
		{"Layerline", "layerline", "layerline.txt", "plain text with one sentence per line"},
	} {
		page, err := s.page(v.slug, v.file)
		if err == nil {
			err = s.serve(ctx, v.name, v.note, page)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("serve sample vendor %s: %w", v.name, err), s.Close())
		}
	}
	return s, nil
}

func (s *Sites) serve(ctx context.Context, name, note string, page http.Handler) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: page, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, srv)
	s.Vendors = append(s.Vendors, Vendor{Name: name, Note: note, URL: "http://" + l.Addr().String() + "/privacy"})
	go func() { _ = srv.Serve(l) }() // returns when Close closes the listener
	return nil
}

// Close stops serving.
func (s *Sites) Close() error {
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	return errors.Join(errs...)
}

// Elapsed returns the time on the timeline.
func (s *Sites) Elapsed() time.Duration {
	return time.Duration(float64(s.clock().Sub(s.started)) * s.pace)
}

// page returns the handler of one vendor.
func (s *Sites) page(slug, file string) (http.Handler, error) {
	src, err := files.ReadFile("sites/" + file)
	if err != nil {
		return nil, err
	}
	contentType := "text/html; charset=utf-8"
	if strings.HasSuffix(file, ".txt") {
		contentType = "text/plain; charset=utf-8"
	}
	t, err := template.New(slug).Parse(string(src))
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		at := s.Elapsed()
		if slug == "scanforge" && at >= downAfter && at < upAfter {
			http.Error(w, "upstream is not available", http.StatusServiceUnavailable)
			return
		}
		var body bytes.Buffer
		if err := t.Execute(&body, s.view(at)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body.Bytes()) // the client went away
	}), nil
}

func (s *Sites) view(at time.Duration) view {
	n := s.hits.Add(1)
	menu := []string{
		"industrial", "aerospace & defense", "automotive", "jewelry", "healthcare", "dental labs", "materials",
		"software", "printers", "customer stories", "webinars", "careers", "investor relations", "press room",
	}
	if at >= shuffleAfter {
		slices.Reverse(menu)
	}
	return view{Resolved: at >= resolveAfter, Moved: at >= moveAfter, Menu: menu, Hits: n, Nonce: fmt.Sprintf("%08x", n*2654435761)}
}
