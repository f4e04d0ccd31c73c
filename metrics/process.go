package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	nameBuildInfo  = "watcher_build_info"
	nameReloadOK   = "watcher_config_last_reload_successful"
	nameReloadTime = "watcher_config_last_reload_success_timestamp_seconds"
)

// NewBuildInfo returns a collector with the single series watcher_build_info,
// whose value is 1 and whose labels name the running build.
func NewBuildInfo(version, revision, goversion string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: nameBuildInfo,
		Help: "Always 1; the labels say which build is running.",
		ConstLabels: prometheus.Labels{
			"version": label(version), "revision": label(revision), "goversion": label(goversion),
		},
	}, func() float64 { return 1 })
}

// Reload tells whether the last attempt to load the configuration succeeded.
type Reload struct {
	ok   prometheus.Gauge
	time prometheus.Gauge
}

// NewReload registers the two reload gauges on reg. Both are 0 until Set is
// called; the program calls it once after it has started.
func NewReload(reg prometheus.Registerer) (*Reload, error) {
	r := &Reload{
		ok: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: nameReloadOK, Help: "Whether the last attempt to load the configuration succeeded.",
		}),
		time: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: nameReloadTime, Help: "Unix time at which the configuration in use was loaded.",
		}),
	}
	for _, c := range []prometheus.Collector{r.ok, r.time} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Set records an attempt that ended at the given time. A failed one leaves the
// time of the last success as it is.
func (r *Reload) Set(ok bool, at time.Time) {
	if !ok {
		r.ok.Set(0)
		return
	}
	r.ok.Set(1)
	r.time.Set(seconds(at))
}
