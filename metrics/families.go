package metrics

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is the Prometheus type of a family, spelt as in the text format.
type Type string

// The types in use.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Family describes one metric family of the program. Help is what the manual
// says; it may tell more than the HELP line of the exposition.
type Family struct {
	Name   string
	Type   Type
	Labels []string
	Help   string
}

// Prefix begins the name of every family of the program.
const Prefix = "watcher_"

// Families returns every family that the program exposes, whichever package
// registers it, ordered as the manual shows them: by topic. The families of the
// Go runtime and the process (go_*, process_*) are not listed.
func Families() []Family {
	return slices.Concat(programFamilies(), policyFamilies(), checkFamilies(), fetchFamilies(), alertFamilies(), storageFamilies())
}

func programFamilies() []Family {
	return []Family{
		{nameBuildInfo, Gauge, []string{"version", "revision", "goversion"}, "Always 1; the labels say which build is running."},
		{nameReloadOK, Gauge, nil, "1 when the last attempt to load the configuration succeeded, 0 when it failed and the one before is still in use."},
		{nameReloadTime, Gauge, nil, "Unix time at which the configuration in use was loaded."},
		{"watcher_panics_recovered_total", Counter, []string{"stage"}, "Panics that were caught and turned into a failed check, by the stage of the check in which they happened. Each one is a bug."},
	}
}

func policyFamilies() []Family {
	labels := []string{"vendor", "policy"}
	return []Family{
		{nameLastCheck, Gauge, labels, "Unix time of the last check of a policy, whatever its outcome. Absent before the first one."},
		{nameLastSuccess, Gauge, labels, "Unix time of the last check that really saw the policy. Absent before the first one."},
		{nameLastChange, Gauge, labels, "Unix time of the last change of a policy. Absent before the first one."},
		{nameNextCheck, Gauge, labels, "Unix time at which a policy is next due. Absent for a policy that is switched off."},
		{nameInterval, Gauge, labels, "Configured time between two checks of a policy. Absent for a policy that is switched off."},
		{nameFailures, Gauge, labels, "Checks in a row that brought no usable answer; 0 after a success."},
		{nameChanges, Gauge, []string{"vendor", "policy", "window"}, "Versions of kind change first seen within the window (30d or 365d) before the scrape. Read from the store, so it survives restarts and includes backfilled history."},
	}
}

func checkFamilies() []Family {
	return []Family{
		{"watcher_checks_total", Counter, []string{"vendor", "policy", "outcome"}, "Checks, by how they ended."},
		{"watcher_changes_total", Counter, []string{"vendor", "policy", "significance"}, "Changes recorded since the start of the process, by significance."},
		{"watcher_changes_suppressed_total", Counter, []string{"reason"}, "Differences that were recorded but not told of, by reason."},
		{"watcher_machine_summaries_total", Counter, []string{"outcome"}, "Summaries asked of the configured language model: ok, or failed (no answer, or one that was thrown away)."},
		{"watcher_scheduler_lag_seconds", Gauge, nil, "How long the most overdue policy had been due when it was last claimed."},
	}
}

func fetchFamilies() []Family {
	return []Family{
		{"watcher_fetches_total", Counter, []string{"outcome"}, "Captures, by how they ended: ok, not_modified or the reason of the failure. Retries within one are not counted."},
		{"watcher_fetch_duration_seconds", Histogram, []string{"source"}, "Time that the requests of a capture took, redirects included, without waiting for the host's turn or between retries, by source."},
		{"watcher_fetch_body_bytes", Histogram, nil, "Size of fetched bodies after decompression."},
		{"watcher_fetches_in_flight", Gauge, nil, "Requests that are running now."},
	}
}

func alertFamilies() []Family {
	receiver := []string{"receiver"}
	return []Family{
		{"watcher_notifications_total", Counter, receiver, "Attempts to deliver an alert."},
		{"watcher_notifications_failed_total", Counter, []string{"receiver", "reason"}, "Attempts to deliver an alert that failed, by reason."},
		{"watcher_notification_duration_seconds", Histogram, receiver, "Time for one attempt to deliver an alert."},
		{nameOutboxPending, Gauge, receiver, "Alerts waiting to be delivered."},
		{nameOutboxOldest, Gauge, receiver, "Unix time at which the oldest waiting alert was due: when it was made, or the hour of its digest, which may lie ahead. Absent when none waits."},
		{nameOutboxDead, Gauge, receiver, "Alerts that were given up. They stay until they are redelivered."},
		{nameOutboxParked, Gauge, receiver, "Alerts set aside because their receiver refuses everything or is gone from the configuration. They go out after a reload, or `watcher alerts resume`."},
		{nameOutboxHeld, Gauge, receiver, "Alerts about changes that the mass-change breaker holds back for the moment."},
		{"watcher_alerts_silenced_total", Counter, receiver, "Alerts that a silence kept from being told. They are kept and can be redelivered."},
		{"watcher_alerts_grouped_total", Counter, receiver, "Alerts that were delivered in one message with others: a group, a digest, or what an outage left behind."},
		{"watcher_alerts_held_total", Counter, nil, "Alerts that the mass-change breaker held back for a while."},
		{"watcher_breaker_open", Gauge, nil, "1 while alerts about changes are held because many policies changed at once, else 0."},
		{"watcher_breaker_trips_total", Counter, nil, "How often the mass-change breaker opened."},
		{"watcher_heartbeats_total", Counter, nil, "Heartbeats sent to the configured address, successful or not."},
		{"watcher_heartbeats_failed_total", Counter, nil, "Heartbeats that did not get through."},
	}
}

func storageFamilies() []Family {
	return []Family{
		{nameStorageSize, Gauge, nil, "Size of the store."},
		{nameStorageFree, Gauge, nil, "Part of the store's size that holds nothing and will be used again."},
		{"watcher_storage_commit_duration_seconds", Histogram, nil, "Time for one write transaction, until it is safe on disk."},
		{"watcher_storage_verify_errors_total", Counter, nil, "Stored values whose digest did not match when they were read."},
		{"watcher_storage_last_verify_timestamp_seconds", Gauge, nil, "Unix time at which everything in the store was last found whole, 0 when it never was."},
		{"watcher_storage_last_backup_timestamp_seconds", Gauge, nil, "Unix time of the last copy of the store that was made by schedule and verified, 0 when there is none."},
		{"watcher_storage_disk_free_bytes", Gauge, nil, "Room on the store's disk as last seen, -1 where that cannot be told."},
		{"watcher_storage_disk_low", Gauge, nil, "1 while no checks are made because the store's disk has less room than storage.min_free, else 0."},
		{nameReadErrors, Counter, []string{"read"}, "Reads for a scrape that failed, by what was read (states, changes, stats). The families that come from it are missing from that scrape."},
	}
}

// Compare gathers g and returns one line for every family of the program that
// differs from the table: unknown, of another type or with other labels.
// Families without series are not gathered and therefore not compared.
func Compare(g prometheus.Gatherer) ([]string, error) {
	known := map[string]Family{}
	for _, f := range Families() {
		known[f.Name] = f
	}
	gathered, err := g.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	var problems []string
	for _, mf := range gathered {
		if !strings.HasPrefix(mf.GetName(), Prefix) {
			continue
		}
		f, ok := known[mf.GetName()]
		if !ok {
			problems = append(problems, mf.GetName()+": not in the table of families")
			continue
		}
		if t := Type(strings.ToLower(mf.GetType().String())); t != f.Type {
			problems = append(problems, fmt.Sprintf("%s: is a %s, the table says %s", f.Name, t, f.Type))
		}
		for _, m := range mf.GetMetric() {
			var names []string
			for _, l := range m.GetLabel() {
				names = append(names, l.GetName())
			}
			if !sameSet(names, f.Labels) {
				problems = append(problems, fmt.Sprintf("%s: has labels %v, the table says %v", f.Name, names, f.Labels))
				break
			}
		}
	}
	return problems, nil
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
