package bolt

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	commit prometheus.Histogram
	verify prometheus.Counter
}

// newMetrics registers the engine's metrics. A store that is opened again in
// the same process continues the ones it finds.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "watcher_storage_commit_duration_seconds",
			Help:    "Time from the call of Commit until its result was durable or refused.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},

			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}),
		verify: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watcher_storage_verify_errors_total",
			Help: "Number of stored values that did not match their digest when they were read.",
		}),
	}
	if r == nil {
		return m, nil
	}
	var err error
	if m.commit, err = register(r, m.commit); err != nil {
		return nil, err
	}
	m.verify, err = register(r, m.verify)
	return m, err
}

func register[C prometheus.Collector](r prometheus.Registerer, c C) (C, error) {
	err := r.Register(c)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if old, ok := known.ExistingCollector.(C); ok {
			return old, nil
		}
	}
	if err != nil {
		return c, fmt.Errorf("register a storage metric: %w", err)
	}
	return c, nil
}
