package alerts

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts attempts. The names and meanings are those of Alertmanager: a
// notification is one attempt, a failed one is counted in both totals.
type metrics struct {
	attempts *prometheus.CounterVec
	failed   *prometheus.CounterVec
	duration *prometheus.HistogramVec
	// silenced and grouped count alerts.
	silenced, grouped *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_notifications_total",
			Help: "Attempts to deliver an alert, by receiver.",
		}, []string{"receiver"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_notifications_failed_total",
			Help: "Attempts to deliver an alert that failed, by receiver and reason.",
		}, []string{"receiver", "reason"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                            "watcher_notification_duration_seconds",
			Help:                            "Duration of attempts to deliver an alert, by receiver.",
			Buckets:                         []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"receiver"}),
	}
	m.silenced = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "watcher_alerts_silenced_total",
		Help: "Alerts that a silence kept from being told, by receiver.",
	}, []string{"receiver"})
	m.grouped = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "watcher_alerts_grouped_total",
		Help: "Alerts that were delivered in one message with others, by receiver.",
	}, []string{"receiver"})
	if reg != nil {
		reg.MustRegister(m.attempts, m.failed, m.duration, m.silenced, m.grouped)
	}
	return m
}

// add makes the series of a receiver, so that they are there from the first
// scrape.
func (m *metrics) add(receiver string) {
	m.attempts.WithLabelValues(receiver)
	m.duration.WithLabelValues(receiver)
	m.silenced.WithLabelValues(receiver)
	m.grouped.WithLabelValues(receiver)
	for _, r := range reasons() {
		m.failed.WithLabelValues(receiver, r)
	}
}

// remove deletes the series of a receiver that left the configuration.
func (m *metrics) remove(receiver string) {
	labels := prometheus.Labels{"receiver": receiver}
	m.attempts.Delete(labels)
	m.duration.Delete(labels)
	m.silenced.Delete(labels)
	m.grouped.Delete(labels)
	m.failed.DeletePartialMatch(labels)
}

// observe counts one attempt; err is nil for a delivery.
func (m *metrics) observe(receiver string, took time.Duration, err *SendError) {
	m.attempts.WithLabelValues(receiver).Inc()
	m.duration.WithLabelValues(receiver).Observe(took.Seconds())
	if err != nil {
		m.failed.WithLabelValues(receiver, err.Reason).Inc()
	}
}
