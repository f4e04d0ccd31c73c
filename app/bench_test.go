package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"watcher/policy"
	"watcher/watch"
)

// longPolicy is a page of a real policy's size: about 5,000 words in 40
// sections with the usual furniture around them.
func longPolicy() string {
	var b strings.Builder
	b.WriteString(`<html lang="en"><title>Privacy Policy</title><body><nav><ul><li><a href="/">Home</a><li><a href="/jobs">Jobs</a></ul></nav><main><h1>Privacy Policy</h1>`)
	for i := range 40 {
		fmt.Fprintf(&b, "<h2>%d. What we do with data of kind %d</h2>", i+1, i)
		for j := range 4 {
			fmt.Fprintf(&b, `<p>In case %d.%d we collect and process personal data that you give us when you use the service, and we share it
with the <a href="/partners/%d">companies</a> that help us to run it. We keep such data for %d months, unless the law asks for more,
and you may withdraw your consent at any time.</p>`, i, j, j, i+j+3)
		}
	}
	b.WriteString(`</main><footer>All rights reserved</footer></body></html>`)
	return b.String()
}

const (
	benchHosts       = 32
	benchConcurrency = 8
)

func benchSites(b *testing.B) []string {
	b.Helper()
	page := longPolicy()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	})
	urls := make([]string, benchHosts)
	for i := range urls {
		srv := httptest.NewServer(h)
		b.Cleanup(srv.Close)
		urls[i] = srv.URL
	}
	return urls
}

// BenchmarkCheck is a whole check: fetch, decode, normalise, gate, decide,
// commit with fsync. Compare it with BenchmarkBareGet of the same run.
func BenchmarkCheck(b *testing.B) {
	urls := benchSites(b)
	var vendors []any
	for i, u := range urls {
		vendors = append(vendors, vendorConfig(fmt.Sprintf("Vendor %d", i), u))
	}
	dir := b.TempDir()
	file := filepath.Join(dir, "watcher.yml")
	writeConfig(b, file, map[string]any{
		"version": 1, "vendors": vendors,
		"crawler": map[string]any{"allow_private": []string{"127.0.0.0/8"}, "per_host_delay": "0s", "concurrency": benchConcurrency},
	})
	a, err := New(Options{ConfigFile: file, StoragePath: filepath.Join(dir, "w.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = a.Stop(context.Background()) }()
	if err := a.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	pass := func() {
		err := a.Pass(b.Context(), watch.PassOptions{}, func(c policy.Check) error {
			if !c.Outcome.Good() {
				return fmt.Errorf("%s: %s %s", c.Policy, c.Outcome, c.Error+c.Detail)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	pass() // the baselines
	n := 0
	for b.Loop() {
		pass()
		n += benchHosts
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "checks/s")
}

// BenchmarkBareGet fetches the same pages with the same concurrency and hashes
// them: what a watcher could do at most.
func BenchmarkBareGet(b *testing.B) {
	urls := benchSites(b)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(url string) error {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(sha256.New(), resp.Body)
		return err
	}
	n := 0
	for b.Loop() {
		var wg sync.WaitGroup
		slots := make(chan struct{}, benchConcurrency)
		for _, u := range urls {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				if err := get(u); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		n += len(urls)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "gets/s")
}
