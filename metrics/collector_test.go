package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"watcher/metrics"
	"watcher/policy"
	"watcher/storage"
)

// fakeStore answers from memory and counts what it was asked. The methods that
// a collector has no business calling are left nil.
type fakeStore struct {
	storage.Reader

	mu     sync.Mutex
	states []policy.State
	recent []policy.Version
	stats  storage.Stats

	statesErr, recentErr, statsErr error
	damaged                        policy.ID // the state that cannot be read
	panics                         bool
	calls                          map[string]int
}

func (f *fakeStore) count(call string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[call]++
}

func (f *fakeStore) States(ctx context.Context) ([]policy.State, error) {
	f.count("states")
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("read without a deadline")
	}
	if f.panics {
		panic("unexpected fault address")
	}
	if f.damaged != "" {
		return nil, fmt.Errorf("state %s: %w", f.damaged, policy.ErrDamaged)
	}
	return f.states, f.statesErr
}

func (f *fakeStore) State(_ context.Context, id policy.ID) (policy.State, error) {
	f.count("state")
	for _, s := range f.states {
		if s.ID == id && id != f.damaged {
			return s, nil
		}
	}
	return policy.State{}, policy.ErrNotFound
}

func (f *fakeStore) Recent(_ context.Context, q storage.RecentQuery) ([]policy.Version, error) {
	f.count("recent")
	var found []policy.Version
	for _, v := range f.recent {
		if !v.CapturedAt.Before(q.Since) {
			found = append(found, v)
		}
	}
	return found, f.recentErr
}

func (f *fakeStore) Silences(context.Context) ([]policy.Silence, error) { return nil, nil }
func (f *fakeStore) Breaker(context.Context) (policy.Breaker, error)    { return policy.Breaker{}, nil }

func (f *fakeStore) Stats(context.Context) (storage.Stats, error) {
	f.count("stats")
	return f.stats, f.statsErr
}

// now is a fixed moment; fixture ages are given relative to it.
func now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func ago(d time.Duration) time.Time { return now().Add(-d) }

func change(id policy.ID, age time.Duration, kind policy.VersionKind) policy.Version {
	return policy.Version{Policy: id, Kind: kind, FirstSeenAt: ago(age), CapturedAt: ago(age).Add(time.Minute)}
}

const day = 24 * time.Hour

func fixture() (*fakeStore, []policy.Policy) {
	policies := []policy.Policy{
		{ID: "acme/privacy", Vendor: policy.Vendor{Name: "Acme Corp."}, Interval: 12 * time.Hour},
		{ID: "acme/cookies", Vendor: policy.Vendor{Name: "Acme Corp."}, Interval: 12 * time.Hour, Disabled: true},
		{ID: "zeta/privacy", Vendor: policy.Vendor{Name: "Zeta"}, Interval: time.Hour},
	}
	store := &fakeStore{
		states: []policy.State{
			{
				ID: "acme/privacy", Versions: 3, LastCheck: ago(time.Hour), LastSuccess: ago(3 * time.Hour),
				LastChange: ago(40 * day), NextCheck: now().Add(11 * time.Hour), Failures: 2,
			},
			{ID: "acme/cookies", LastCheck: ago(90 * day), LastSuccess: ago(90 * day), NextCheck: ago(89 * day)},
			{ID: "gone/privacy", Retired: true, LastCheck: ago(time.Hour)},
			{ID: "zeta/privacy", NextCheck: now()},
		},
		recent: []policy.Version{
			change("acme/privacy", 29*day, policy.VersionChange),
			change("acme/privacy", 40*day, policy.VersionChange),
			change("acme/privacy", 50*day, policy.VersionRevert),
			change("acme/privacy", 60*day, policy.VersionTechnical),
			change("acme/privacy", 366*day, policy.VersionChange),
			change("gone/privacy", 5*day, policy.VersionChange),
		},
		stats: storage.Stats{SizeBytes: 1 << 20, FreeBytes: 4096, Outbox: []storage.OutboxStats{
			{Receiver: "mail", Pending: 2, Dead: 1, OldestPending: ago(90 * time.Minute)},
			{Receiver: "team"},
		}},
	}
	return store, policies
}

func register(t *testing.T, o metrics.Options) *prometheus.Registry {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(metrics.NewCollector(o)); err != nil {
		t.Fatal(err)
	}
	return reg
}

func options(store storage.Reader, policies []policy.Policy) metrics.Options {
	return metrics.Options{Store: store, Policies: func() []policy.Policy { return policies }, Clock: now}
}

// values gathers reg as "name{label="value",…} value" lines without HELP and
// TYPE, restricted to names that begin with prefix.
func values(t *testing.T, reg prometheus.Gatherer, prefix string) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatalf("the scrape failed: %v", err)
	}
	var b strings.Builder
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), prefix) {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			fmt.Fprintf(&b, "%s{%s} %v\n", f.GetName(), strings.Join(labels, ","), m.GetGauge().GetValue()+m.GetCounter().GetValue())
		}
	}
	return b.String()
}

func TestCollector(t *testing.T) {
	store, policies := fixture()
	reg := register(t, options(store, policies))
	want := `
# HELP watcher_outbox_dead Alerts that were given up.
# TYPE watcher_outbox_dead gauge
watcher_outbox_dead{receiver="mail"} 1
watcher_outbox_dead{receiver="team"} 0
# HELP watcher_outbox_held Alerts that the mass-change breaker holds back.
# TYPE watcher_outbox_held gauge
watcher_outbox_held{receiver="mail"} 0
watcher_outbox_held{receiver="team"} 0
# HELP watcher_outbox_oldest_pending_timestamp_seconds Unix time at which the oldest waiting alert was due.
# TYPE watcher_outbox_oldest_pending_timestamp_seconds gauge
watcher_outbox_oldest_pending_timestamp_seconds{receiver="mail"} 1.7723610e+09
# HELP watcher_outbox_parked Alerts set aside because their receiver is broken or gone.
# TYPE watcher_outbox_parked gauge
watcher_outbox_parked{receiver="mail"} 0
watcher_outbox_parked{receiver="team"} 0
# HELP watcher_outbox_pending Alerts waiting to be delivered.
# TYPE watcher_outbox_pending gauge
watcher_outbox_pending{receiver="mail"} 2
watcher_outbox_pending{receiver="team"} 0
# HELP watcher_policy_changes Changes of a policy first seen within the window before now.
# TYPE watcher_policy_changes gauge
watcher_policy_changes{policy="acme/cookies",vendor="Acme Corp.",window="30d"} 0
watcher_policy_changes{policy="acme/cookies",vendor="Acme Corp.",window="365d"} 0
watcher_policy_changes{policy="acme/privacy",vendor="Acme Corp.",window="30d"} 1
watcher_policy_changes{policy="acme/privacy",vendor="Acme Corp.",window="365d"} 2
watcher_policy_changes{policy="zeta/privacy",vendor="Zeta",window="30d"} 0
watcher_policy_changes{policy="zeta/privacy",vendor="Zeta",window="365d"} 0
# HELP watcher_policy_check_interval_seconds Configured time between two checks of a policy.
# TYPE watcher_policy_check_interval_seconds gauge
watcher_policy_check_interval_seconds{policy="acme/privacy",vendor="Acme Corp."} 43200
watcher_policy_check_interval_seconds{policy="zeta/privacy",vendor="Zeta"} 3600
# HELP watcher_policy_consecutive_failures Checks in a row that brought no usable answer.
# TYPE watcher_policy_consecutive_failures gauge
watcher_policy_consecutive_failures{policy="acme/cookies",vendor="Acme Corp."} 0
watcher_policy_consecutive_failures{policy="acme/privacy",vendor="Acme Corp."} 2
watcher_policy_consecutive_failures{policy="zeta/privacy",vendor="Zeta"} 0
# HELP watcher_policy_last_change_timestamp_seconds Unix time of the last change of a policy.
# TYPE watcher_policy_last_change_timestamp_seconds gauge
watcher_policy_last_change_timestamp_seconds{policy="acme/privacy",vendor="Acme Corp."} 1.7689104e+09
# HELP watcher_policy_last_check_timestamp_seconds Unix time of the last check of a policy.
# TYPE watcher_policy_last_check_timestamp_seconds gauge
watcher_policy_last_check_timestamp_seconds{policy="acme/cookies",vendor="Acme Corp."} 1.7645904e+09
watcher_policy_last_check_timestamp_seconds{policy="acme/privacy",vendor="Acme Corp."} 1.7723628e+09
# HELP watcher_policy_last_success_timestamp_seconds Unix time of the last check that really saw the policy.
# TYPE watcher_policy_last_success_timestamp_seconds gauge
watcher_policy_last_success_timestamp_seconds{policy="acme/cookies",vendor="Acme Corp."} 1.7645904e+09
watcher_policy_last_success_timestamp_seconds{policy="acme/privacy",vendor="Acme Corp."} 1.7723556e+09
# HELP watcher_policy_next_check_timestamp_seconds Unix time at which a policy is next due.
# TYPE watcher_policy_next_check_timestamp_seconds gauge
watcher_policy_next_check_timestamp_seconds{policy="acme/privacy",vendor="Acme Corp."} 1.772406e+09
watcher_policy_next_check_timestamp_seconds{policy="zeta/privacy",vendor="Zeta"} 1.7723664e+09
# HELP watcher_storage_free_bytes Part of the store's size that holds nothing and will be used again.
# TYPE watcher_storage_free_bytes gauge
watcher_storage_free_bytes 4096
# HELP watcher_storage_read_errors_total Reads for a scrape that failed, by what was read.
# TYPE watcher_storage_read_errors_total counter
watcher_storage_read_errors_total{read="changes"} 0
watcher_storage_read_errors_total{read="states"} 0
watcher_storage_read_errors_total{read="stats"} 0
# HELP watcher_storage_size_bytes Size of the store.
# TYPE watcher_storage_size_bytes gauge
watcher_storage_size_bytes 1.048576e+06
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestLintAndTable(t *testing.T) {
	store, policies := fixture()
	reg := register(t, options(store, policies))
	reg.MustRegister(metrics.NewBuildInfo("1.2.3", "abc\xff", "go1.26"))
	if _, err := metrics.NewReload(reg); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	differences, err := metrics.Compare(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}

// TestEveryFamilyOfThisPackageIsGathered proves that the lint above looked at
// every family that this package registers.
func TestEveryFamilyOfThisPackageIsGathered(t *testing.T) {
	store, policies := fixture()
	reg := register(t, options(store, policies))
	got := values(t, reg, metrics.Prefix)
	for _, f := range metrics.Families() {
		mine := strings.HasPrefix(f.Name, "watcher_policy_") || strings.HasPrefix(f.Name, "watcher_outbox_")
		if mine && !strings.Contains(got, f.Name+"{") {
			t.Errorf("%s is in the table and was not gathered", f.Name)
		}
	}
}

func TestCompareFindsDifferences(t *testing.T) {
	reg := prometheus.NewRegistry()
	verifyErrors := "watcher_storage_verify_errors_total" // a counter by right
	reg.MustRegister(
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "watcher_unheard_of", Help: "x"}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: verifyErrors, Help: "x"}),
		prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "watcher_outbox_dead", Help: "x", ConstLabels: prometheus.Labels{"sink": "s"},
		}),
		prometheus.NewGauge(prometheus.GaugeOpts{Name: "go_something", Help: "not ours"}),
	)
	got, err := metrics.Compare(reg)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"watcher_outbox_dead: has labels [sink], the table says [receiver]",
		"watcher_storage_verify_errors_total: is a gauge, the table says counter",
		"watcher_unheard_of: not in the table of families",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestFailingStore(t *testing.T) {
	broken := errors.New("disk gone")
	for _, tc := range []struct {
		name    string
		breakIt func(*fakeStore)
		gone    string // a family that must be missing
		kept    string // a line that must still be there
		failed  string // the read that is counted
	}{
		{
			"states", func(f *fakeStore) { f.statesErr = broken },
			"watcher_policy_last_check", "watcher_storage_size_bytes{} 1.048576e+06", "states",
		},
		{
			"changes", func(f *fakeStore) { f.recentErr = broken },
			"watcher_policy_changes", "watcher_policy_consecutive_failures{policy=acme/privacy,vendor=Acme Corp.} 2", "changes",
		},
		{
			"stats", func(f *fakeStore) { f.statsErr = broken },
			"watcher_outbox", "watcher_policy_changes{policy=acme/privacy,vendor=Acme Corp.,window=365d} 2", "stats",
		},
		{
			"panic", func(f *fakeStore) { f.panics = true },
			"watcher_policy_last_check", "watcher_storage_free_bytes{} 4096", "states",
		},
		{
			"one damaged state", func(f *fakeStore) { f.damaged = "zeta/privacy" },
			"watcher_policy_consecutive_failures{policy=zeta",
			"watcher_policy_consecutive_failures{policy=acme/privacy,vendor=Acme Corp.} 2", "states",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store, policies := fixture()
			tc.breakIt(store)
			got := values(t, register(t, options(store, policies)), metrics.Prefix)
			if strings.Contains(got, tc.gone) {
				t.Errorf("%s is still there:\n%s", tc.gone, got)
			}
			for _, line := range []string{tc.kept, "watcher_storage_read_errors_total{read=" + tc.failed + "} 1"} {
				if !strings.Contains(got, line+"\n") {
					t.Errorf("missing %q in:\n%s", line, got)
				}
			}
		})
	}
}

func TestFailuresAreLoggedOncePerRun(t *testing.T) {
	store, policies := fixture()
	var logged bytes.Buffer
	clock := now()
	o := options(store, policies)
	o.Clock = func() time.Time { return clock }
	o.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	reg := register(t, o)

	scrape := func() {
		values(t, reg, metrics.Prefix)
		clock = clock.Add(15 * time.Second)
	}
	store.statsErr = errors.New("disk gone")
	scrape()
	scrape()
	store.statsErr = nil
	scrape()
	scrape()
	if n := strings.Count(logged.String(), "\n"); n != 2 {
		t.Errorf("%d lines logged, want one for the failure and one for the recovery:\n%s", n, &logged)
	}
	if got := values(t, reg, "watcher_storage_read_errors_total"); !strings.Contains(got, "{read=stats} 2\n") {
		t.Errorf("two failed reads are not counted:\n%s", got)
	}
}

func TestReadsAreShared(t *testing.T) {
	store, policies := fixture()
	clock := now()
	o := options(store, policies)
	o.Clock = func() time.Time { return clock }
	reg := register(t, o)
	step := func(after time.Duration, want map[string]int) {
		t.Helper()
		clock = clock.Add(after)
		values(t, reg, metrics.Prefix)
		for call, n := range want {
			if store.calls[call] != n {
				t.Errorf("%s was read %d times, want %d", call, store.calls[call], n)
			}
		}
	}
	step(0, map[string]int{"states": 1, "recent": 1, "stats": 1})
	step(time.Second, map[string]int{"states": 1, "recent": 1, "stats": 1})
	step(15*time.Second, map[string]int{"states": 2, "recent": 1, "stats": 2})
	store.states[0].Versions++
	store.recent = append(store.recent, change("acme/privacy", 0, policy.VersionChange))
	step(15*time.Second, map[string]int{"states": 3, "recent": 2})
	if got := values(t, reg, "watcher_policy_changes"); !strings.Contains(got, "policy=acme/privacy,vendor=Acme Corp.,window=30d} 2\n") {
		t.Errorf("the new version is not counted:\n%s", got)
	}
	step(-time.Hour, map[string]int{"states": 4}) // the clock is set back
	step(2*time.Hour, map[string]int{"states": 5, "recent": 4})
}

// TestWindowsSlide holds that cached change times leave the window by
// themselves.
func TestWindowsSlide(t *testing.T) {
	store, policies := fixture()
	clock := now()
	o := options(store, policies)
	o.Clock = func() time.Time { return clock }
	reg := register(t, o)
	store.recent[0].FirstSeenAt = ago(30*day - time.Minute)
	line := "watcher_policy_changes{policy=acme/privacy,vendor=Acme Corp.,window=30d} "
	for _, want := range []string{"1\n", "0\n"} {
		if got := values(t, reg, "watcher_policy_changes"); !strings.Contains(got, line+want) {
			t.Errorf("at %s want %s%s in:\n%s", clock, line, want, got)
		}
		clock = clock.Add(2 * time.Minute)
	}
	if store.calls["recent"] != 1 {
		t.Errorf("changes were read %d times, want once", store.calls["recent"])
	}
}

func TestHostileNames(t *testing.T) {
	store, policies := fixture()
	policies = append(policies, policies[0], policy.Policy{ID: "odd/privacy", Vendor: policy.Vendor{Name: "a\xff\"\n{}"}})
	store.states = append(store.states, policy.State{ID: "odd/privacy", LastCheck: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)})
	store.stats.Outbox = append(store.stats.Outbox, storage.OutboxStats{Receiver: "\xfe"}, storage.OutboxStats{Receiver: "\xfd"})
	got := values(t, register(t, options(store, policies)), metrics.Prefix)
	if want := "watcher_policy_last_check_timestamp_seconds{policy=odd/privacy,vendor=a\uFFFD\"\n{}} 3.173367456e+11"; !strings.Contains(got, want) {
		t.Errorf("missing %q in:\n%s", want, got)
	}
}

func TestReload(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	r, err := metrics.NewReload(reg)
	if err != nil {
		t.Fatal(err)
	}
	r.Set(true, time.Unix(100, 0))
	r.Set(false, time.Unix(200, 0))
	want := "watcher_config_last_reload_success_timestamp_seconds{} 100\nwatcher_config_last_reload_successful{} 0\n"
	if got := values(t, reg, "watcher_config"); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	if _, err := metrics.NewReload(reg); err == nil {
		t.Error("registering the gauges twice is no error")
	}
}

func TestConcurrentScrapes(t *testing.T) {
	store, policies := fixture()
	reg := register(t, options(store, policies))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := reg.Gather(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if store.calls["states"] != 1 {
		t.Errorf("eight scrapes at once read the store %d times, want once", store.calls["states"])
	}
}

func BenchmarkScrape(b *testing.B) {
	store := &fakeStore{}
	var policies []policy.Policy
	for i := range 1000 {
		id := policy.ID(fmt.Sprintf("vendor-%03d/privacy", i))
		policies = append(policies, policy.Policy{ID: id, Vendor: policy.Vendor{Name: fmt.Sprintf("Vendor %d", i)}, Interval: 12 * time.Hour})
		store.states = append(store.states, policy.State{
			ID: id, Versions: 12, LastCheck: now(), LastSuccess: now(), LastChange: now(), NextCheck: now(),
		})
		for m := range 12 {
			store.recent = append(store.recent, change(id, time.Duration(m)*30*day, policy.VersionChange))
		}
	}
	clock := now()
	reg := prometheus.NewRegistry()
	reg.MustRegister(metrics.NewCollector(metrics.Options{
		Store:    store,
		Policies: func() []policy.Policy { return policies },
		Clock:    func() time.Time { return clock },
	}))
	b.ReportAllocs()
	for b.Loop() {
		clock = clock.Add(15 * time.Second)
		if _, err := reg.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
