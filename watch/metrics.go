package watch

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
)

// Why a difference was not told of.
const (
	suppressedCosmetic  = "cosmetic"
	suppressedReturned  = "returned"
	suppressedTechnical = "technical"
	suppressedVariant   = "variant"
	suppressedVolatile  = "volatile"
	suppressedNoisy     = "noisy"
)

type metrics struct {
	checks     *prometheus.CounterVec
	changes    *prometheus.CounterVec
	suppressed *prometheus.CounterVec
	panics     *prometheus.CounterVec
	summaries  *prometheus.CounterVec
	lag        prometheus.Gauge
}

// newMetrics makes the counters and registers them, unless reg is nil.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_checks_total", Help: "Checks by how they ended.",
		}, []string{"vendor", "policy", "outcome"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_changes_total", Help: "Changes recorded, by significance.",
		}, []string{"vendor", "policy", "significance"}),
		suppressed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_changes_suppressed_total", Help: "Differences that were recorded but not told of, by reason.",
		}, []string{"reason"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_panics_recovered_total", Help: "Panics that were recovered from, by stage of the check.",
		}, []string{"stage"}),
		summaries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "watcher_machine_summaries_total", Help: "Summaries asked of the configured language model, by how that ended.",
		}, []string{"outcome"}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "watcher_scheduler_lag_seconds", Help: "How long the most overdue policy had been due when it was last claimed.",
		}),
	}
	for _, reason := range []string{suppressedCosmetic, suppressedReturned, suppressedTechnical, suppressedVariant, suppressedVolatile, suppressedNoisy} {
		m.suppressed.WithLabelValues(reason)
	}
	for _, stage := range []string{"fetch", "normalize", "compare", "check"} {
		m.panics.WithLabelValues(stage)
	}
	for _, outcome := range []string{"ok", "failed"} {
		m.summaries.WithLabelValues(outcome)
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.checks, m.changes, m.suppressed, m.panics, m.summaries, m.lag} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

// SyncMetrics makes the per-policy series those of the configured policies:
// all outcomes exist from the first scrape on, and policies that left the
// configuration leave the metrics.
func (c *Checker) SyncMetrics(before, now []policy.Policy) {
	keep := make(map[policy.ID]bool, len(now))
	for _, p := range now {
		keep[p.ID] = true
		for _, o := range policy.Outcomes() {
			c.metrics.checks.WithLabelValues(p.Vendor.Name, string(p.ID), string(o))
		}
		for _, s := range policy.Significances() {
			c.metrics.changes.WithLabelValues(p.Vendor.Name, string(p.ID), string(s))
		}
	}
	for _, p := range before {
		if !keep[p.ID] {
			labels := prometheus.Labels{"policy": string(p.ID)}
			c.metrics.checks.DeletePartialMatch(labels)
			c.metrics.changes.DeletePartialMatch(labels)
		}
	}
}

func (m *metrics) observe(p policy.Policy, check policy.Check, suppressed string) {
	m.checks.WithLabelValues(p.Vendor.Name, string(p.ID), string(check.Outcome)).Inc()
	switch check.Outcome {
	case policy.OutcomeChanged, policy.OutcomeReverted:
		m.changes.WithLabelValues(p.Vendor.Name, string(p.ID), string(check.Significance)).Inc()
	case policy.OutcomeTechnical:
		suppressed = suppressedTechnical
	case policy.OutcomeBaseline, policy.OutcomeUnchanged, policy.OutcomeNotModified, policy.OutcomeUnconfirmed,
		policy.OutcomeQuarantined, policy.OutcomeRejected, policy.OutcomeSkipped, policy.OutcomeFailed:
	}
	if suppressed != "" {
		m.suppressed.WithLabelValues(suppressed).Inc()
	}
}
