package crawler

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"testing"
)

// benchPage has the size of a common policy page: about 100 kB.
func benchPage() []byte { return noise(100 << 10) }

// BenchmarkCapture is one capture over loopback, without pace.
func BenchmarkCapture(b *testing.B) {
	s := newServer(b, serve(200, benchPage(), "Content-Type", "text/html; charset=utf-8"))
	c := testClient(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Capture(b.Context(), live(s.URL)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
}

// BenchmarkBareGet is the least that a capture could be: GET, read, SHA-256,
// on a fresh connection (as captures are) and on a kept one.
func BenchmarkBareGet(b *testing.B) {
	for name, fresh := range map[string]bool{"fresh": true, "kept": false} {
		b.Run(name, func(b *testing.B) {
			s := newServer(b, serve(200, benchPage(), "Content-Type", "text/html; charset=utf-8"))
			tr := &http.Transport{DisableKeepAlives: fresh, DisableCompression: true}
			defer tr.CloseIdleConnections()
			client := &http.Client{Transport: tr}
			b.ReportAllocs()
			for b.Loop() {
				if err := bareGet(client, s.URL); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
		})
	}
}

func bareGet(client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	_ = sha256.Sum256(data)
	return resp.Body.Close()
}
