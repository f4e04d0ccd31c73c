package crawler

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
)

// collectors are the metrics of a client. They always exist, registered or not.
type collectors struct {
	fetches   *prometheus.CounterVec
	duration  *prometheus.HistogramVec
	bodyBytes prometheus.Histogram
	inFlight  prometheus.Gauge
}

// newCollectors makes the metrics, registers them unless reg is nil, and makes
// every label value present from the first scrape on.
func newCollectors(reg prometheus.Registerer) (*collectors, error) {
	m := &collectors{
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_fetches_total",
			Help: "Captures by outcome, retries not counted.",
		}, []string{"outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "watcher_fetch_duration_seconds",
			Help:    "Time the requests of a capture took, without waiting for a host's turn or between retries.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 45, 90},
		}, []string{"source"}),
		bodyBytes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "watcher_fetch_body_bytes",
			Help:    "Size of captured bodies after content decoding.",
			Buckets: prometheus.ExponentialBuckets(1<<10, 4, 8), // 1 KiB … 16 MiB
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "watcher_fetches_in_flight",
			Help: "Requests in flight.",
		}),
	}
	for _, r := range policy.FetchReasons() {
		m.fetches.WithLabelValues(string(r))
	}
	m.duration.WithLabelValues(string(policy.SourceLive))
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.fetches, m.duration, m.bodyBytes, m.inFlight} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// outcome classifies the final status of a capture. A redirect status is final
// only when it has no Location.
func outcome(status int) policy.FetchReason {
	switch {
	case status == http.StatusNotModified:
		return policy.FetchNotModified
	case status == http.StatusTooManyRequests:
		return policy.FetchRateLimited
	case status >= 500:
		return policy.FetchHTTP5xx
	case status >= 400:
		return policy.FetchHTTP4xx
	case status >= 300:
		return policy.FetchRedirect
	}
	return policy.FetchOK
}
