package storagetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// Bench measures an engine: commits of checks that found nothing, by 1, 8 and
// 64 goroutines; commits of new versions, with the bytes that each takes; and
// reading.
func Bench(b *testing.B, open func(b *testing.B) storage.Store) {
	b.Helper()
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("unchanged/writers=%d", writers), func(b *testing.B) { benchUnchanged(b, open(b), writers) })
	}
	b.Run("version", func(b *testing.B) { benchVersions(b, open(b)) })
	b.Run("document", func(b *testing.B) { benchDocument(b, open(b)) })
	b.Run("lease", func(b *testing.B) { benchLease(b, open(b)) })
}

// claimAll makes n policies and claims them all for a day.
func claimAll(b *testing.B, s storage.Store, n int) []storage.Claim {
	b.Helper()
	policies := make([]policy.Policy, n)
	for i := range policies {
		policies[i] = watched(policy.ID(fmt.Sprintf("acme/p%d", i)))
	}
	if err := s.Sync(b.Context(), policies, at(0)); err != nil {
		b.Fatal(err)
	}
	claims, err := s.Claim(b.Context(), storage.ClaimQuery{Owner: "bench", Now: at(0), For: 24 * time.Hour})
	if err != nil || len(claims) != n {
		b.Fatalf("%d claims of %d: %v", len(claims), n, err)
	}
	return claims
}

func benchUnchanged(b *testing.B, s storage.Store, writers int) {
	b.Helper()
	claims := claimAll(b, s, b.N)
	before := used(b, s)
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range writers {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(claims) {
					return
				}
				if _, err := s.Commit(b.Context(), observation(claims[i], policy.OutcomeUnchanged, at(1))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(used(b, s)-before)/float64(b.N), "B/check")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

// used returns the bytes of a store that hold something.
func used(b *testing.B, s storage.Store) int64 {
	b.Helper()
	stats, err := s.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return stats.SizeBytes - stats.FreeBytes
}

// policyText is prose of about the length of a real policy (40 KB), in which n
// changes one sentence.
func policyText(n int) string {
	var t strings.Builder
	for i := range 400 {
		fmt.Fprintf(&t, "Clause %d: we keep the data named in part %d for %d days and tell you by letter before we stop. ", i, i*7919%401, i*104729%997)
	}
	fmt.Fprintf(&t, "This is edition %d.", n)
	return t.String()
}

// tellOn claims and commits a version with a text of real size.
func tellOn(ctx context.Context, s storage.Store, n int) error {
	claims, err := s.Claim(ctx, storage.ClaimQuery{Owner: "bench", Now: at(n), For: time.Minute, IDs: []policy.ID{alpha}})
	if err != nil {
		return err
	}
	if len(claims) != 1 {
		return fmt.Errorf("claimed %d policies of 1", len(claims))
	}
	o := news(claims[0], policyText(n), at(n))
	v := &o.Versions[0]
	v.Version.Summary = "one sentence is another"
	if v.Change != nil {
		v.Change.Summary, v.Change.Edits[0].New = v.Version.Summary, "This is edition 2."
		v.Change.Edits[0].Redline = nil
	}
	for i := range o.Alerts {
		o.Alerts[i].Event.Summary = v.Version.Summary
	}
	_, err = s.Commit(ctx, o)
	return err
}

func benchVersions(b *testing.B, s storage.Store) {
	b.Helper()
	if err := s.Sync(b.Context(), watchedAll(alpha), at(0)); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for n := range b.N {
		if err := tellOn(b.Context(), s, n+1); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(used(b, s))/float64(b.N), "B/version")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func benchDocument(b *testing.B, s storage.Store) {
	b.Helper()
	if err := s.Sync(b.Context(), watchedAll(alpha), at(0)); err != nil {
		b.Fatal(err)
	}
	if err := tellOn(b.Context(), s, 1); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Document(b.Context(), alpha, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// benchLease leases when 1,000 alerts are delivered and one is not.
func benchLease(b *testing.B, s storage.Store) {
	b.Helper()
	const delivered = 1000
	if err := s.Sync(b.Context(), watchedAll(alpha), at(0)); err != nil {
		b.Fatal(err)
	}
	claims, err := s.Claim(b.Context(), storage.ClaimQuery{Owner: "bench", Now: at(0), For: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	o := observation(claims[0], policy.OutcomeFailed, at(0))
	for i := range delivered + 1 {
		e := policy.Event{ID: fmt.Sprint("evt_", i), Type: policy.EventPolicyChanged}
		a := policy.NewAlert(e, team, at(0))
		if i < delivered {
			a.State = policy.AlertDelivered
		}
		o.Alerts = append(o.Alerts, a)
	}
	if _, err := s.Commit(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	for i := 1; b.Loop(); i++ {
		got, err := s.LeaseAlerts(b.Context(), storage.LeaseQuery{Receiver: team, Now: at(i), For: time.Minute})
		if err != nil || len(got) != 1 {
			b.Fatalf("leased %d of 1: %v", len(got), err)
		}
	}
}
