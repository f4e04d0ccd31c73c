package metrics

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
)

const (
	nameLastCheck     = "watcher_policy_last_check_timestamp_seconds"
	nameLastSuccess   = "watcher_policy_last_success_timestamp_seconds"
	nameLastChange    = "watcher_policy_last_change_timestamp_seconds"
	nameNextCheck     = "watcher_policy_next_check_timestamp_seconds"
	nameInterval      = "watcher_policy_check_interval_seconds"
	nameFailures      = "watcher_policy_consecutive_failures"
	nameChanges       = "watcher_policy_changes"
	nameOutboxPending = "watcher_outbox_pending"
	nameOutboxOldest  = "watcher_outbox_oldest_pending_timestamp_seconds"
	nameOutboxDead    = "watcher_outbox_dead"
	nameOutboxParked  = "watcher_outbox_parked"
	nameOutboxHeld    = "watcher_outbox_held"
	nameStorageSize   = "watcher_storage_size_bytes"
	nameStorageFree   = "watcher_storage_free_bytes"
	nameReadErrors    = "watcher_storage_read_errors_total"
)

const day = 24 * time.Hour

// window is a period before the scrape in which changes are counted.
type window struct {
	label  string
	length time.Duration
}

// windows returns the periods of watcher_policy_changes, shortest first.
func windows() []window {
	return []window{{"30d", 30 * day}, {"365d", longestWindow}}
}

// longestWindow bounds how far back changes are read.
const longestWindow = 365 * day

// Options is what a collector needs. All fields but Logger are required.
type Options struct {
	Store storage.Reader
	// Policies returns the configured policies; it is called at every scrape,
	// so that a reload is seen at once.
	Policies func() []policy.Policy
	// Receivers returns the names of the receivers that alerts are queued for,
	// so that an empty outbox reads 0 and is not absent; nil means none.
	Receivers func() []string
	Clock     func() time.Time
	// Logger is told when reads for a scrape begin to fail and when they work
	// again; nil discards.
	Logger *slog.Logger
}

// collector reads the store at scrape time.
type collector struct {
	policies  func() []policy.Policy
	receivers func() []string
	clock     func() time.Time
	reader    *reader

	lastCheck, lastSuccess, lastChange, nextCheck, interval, failures, changes *prometheus.Desc
	outboxPending, outboxOldest, outboxDead, storageSize, storageFree          *prometheus.Desc
	outboxParked, outboxHeld                                                   *prometheus.Desc
}

// NewCollector returns a collector of what the store knows about the
// configured policies, the outbox and itself. It is safe for concurrent use. A
// scrape never fails and never panics because of the store: what cannot be
// read is left out and counted in watcher_storage_read_errors_total.
//
// What was read is used again for some seconds, and changes are read anew only
// when a policy has a new version: BenchmarkScrape shows what a thousand
// policies cost.
func NewCollector(o Options) prometheus.Collector {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	receivers := o.Receivers
	if receivers == nil {
		receivers = func() []string { return nil }
	}
	return &collector{
		policies:  o.Policies,
		receivers: receivers,
		clock:     o.Clock,
		reader:    newReader(o.Store, logger),

		lastCheck:     desc(nameLastCheck, "Unix time of the last check of a policy.", "vendor", "policy"),
		lastSuccess:   desc(nameLastSuccess, "Unix time of the last check that really saw the policy.", "vendor", "policy"),
		lastChange:    desc(nameLastChange, "Unix time of the last change of a policy.", "vendor", "policy"),
		nextCheck:     desc(nameNextCheck, "Unix time at which a policy is next due.", "vendor", "policy"),
		interval:      desc(nameInterval, "Configured time between two checks of a policy.", "vendor", "policy"),
		failures:      desc(nameFailures, "Checks in a row that brought no usable answer.", "vendor", "policy"),
		changes:       desc(nameChanges, "Changes of a policy first seen within the window before now.", "vendor", "policy", "window"),
		outboxPending: desc(nameOutboxPending, "Alerts waiting to be delivered.", "receiver"),
		outboxOldest:  desc(nameOutboxOldest, "Unix time at which the oldest waiting alert was due.", "receiver"),
		outboxDead:    desc(nameOutboxDead, "Alerts that were given up.", "receiver"),
		outboxParked:  desc(nameOutboxParked, "Alerts set aside because their receiver is broken or gone.", "receiver"),
		outboxHeld:    desc(nameOutboxHeld, "Alerts that the mass-change breaker holds back.", "receiver"),
		storageSize:   desc(nameStorageSize, "Size of the store."),
		storageFree:   desc(nameStorageFree, "Part of the store's size that holds nothing and will be used again."),
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.lastCheck, c.lastSuccess, c.lastChange, c.nextCheck, c.interval, c.failures, c.changes,
		c.outboxPending, c.outboxOldest, c.outboxDead, c.storageSize, c.storageFree,
		c.outboxParked, c.outboxHeld,
	} {
		ch <- d
	}
	c.reader.errors.Describe(ch)
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	now := c.clock()
	snap := c.reader.snapshot(now, c.policies())
	seen := make(map[policy.ID]bool, len(snap.policies))
	for _, p := range snap.policies {
		if seen[p.ID] {
			continue // a series given twice would fail the whole scrape
		}
		seen[p.ID] = true
		c.collectPolicy(ch, p, snap, now)
	}
	if snap.stats != nil {
		c.collectStats(ch, *snap.stats)
	}
	c.reader.errors.Collect(ch)
}

func (c *collector) collectPolicy(ch chan<- prometheus.Metric, p policy.Policy, snap snapshot, now time.Time) {
	vendor, id := label(p.Vendor.Name), label(string(p.ID))
	if !p.Disabled && p.Interval > 0 {
		ch <- gauge(c.interval, p.Interval.Seconds(), vendor, id)
	}
	if s, ok := snap.states[p.ID]; ok {
		timestamp(ch, c.lastCheck, s.LastCheck, vendor, id)
		timestamp(ch, c.lastSuccess, s.LastSuccess, vendor, id)
		timestamp(ch, c.lastChange, s.LastChange, vendor, id)
		if !p.Disabled {
			timestamp(ch, c.nextCheck, s.NextCheck, vendor, id)
		}
		ch <- gauge(c.failures, float64(s.Failures), vendor, id)
	}
	if snap.changes == nil {
		return
	}
	for _, w := range windows() {
		n := countSince(snap.changes[p.ID], now.Add(-w.length), now)
		ch <- gauge(c.changes, float64(n), vendor, id, w.label)
	}
}

func (c *collector) collectStats(ch chan<- prometheus.Metric, s storage.Stats) {
	ch <- gauge(c.storageSize, float64(s.SizeBytes))
	ch <- gauge(c.storageFree, float64(s.FreeBytes))
	outbox := slices.Clone(s.Outbox) // the snapshot is shared by scrapes
	for _, name := range c.receivers() {
		outbox = append(outbox, storage.OutboxStats{Receiver: name}) // passed over below when there are alerts
	}
	seen := make(map[string]bool, len(outbox))
	for _, o := range outbox {
		receiver := label(o.Receiver)
		if seen[receiver] {
			continue
		}
		seen[receiver] = true
		ch <- gauge(c.outboxPending, float64(o.Pending), receiver)
		ch <- gauge(c.outboxDead, float64(o.Dead), receiver)
		ch <- gauge(c.outboxParked, float64(o.Parked), receiver)
		ch <- gauge(c.outboxHeld, float64(o.Held), receiver)
		timestamp(ch, c.outboxOldest, o.OldestPending, receiver)
	}
}

func countSince(times []time.Time, from, to time.Time) int {
	n := 0
	for _, t := range times {
		if !t.Before(from) && !t.After(to) {
			n++
		}
	}
	return n
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// timestamp emits t, or nothing when t is zero: an age computed from Unix time
// 0 would read as half a century.
func timestamp(ch chan<- prometheus.Metric, d *prometheus.Desc, t time.Time, labels ...string) {
	if !t.IsZero() {
		ch <- gauge(d, seconds(t), labels...)
	}
}

// seconds is t as Unix time with its fraction. UnixNano is not used: it is
// undefined for years that an archive or a broken clock may well bring.
func seconds(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/float64(time.Second)
}

// label makes s fit to be a label value: client_golang refuses (and
// MustNewConstMetric panics on) what is not UTF-8.
func label(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
