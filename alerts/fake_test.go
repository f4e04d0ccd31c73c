package alerts

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// memStore is an outbox in memory with the semantics of storage.Outbox.
type memStore struct {
	mu      sync.Mutex
	rows    []policy.Alert
	leases  map[string]time.Time
	changes map[int]policy.Change
	broken  error // returned by Change
	settles int   // fail this many settlements

	silences []policy.Silence
	breaker  policy.Breaker
	states   []policy.State
	recent   []policy.Version
}

func newMemStore() *memStore {
	return &memStore{leases: map[string]time.Time{}, changes: map[int]policy.Change{}}
}

// add commits n alerts for receiver.
func (s *memStore) add(receiver string, n int, now time.Time) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for range n {
		seq := uint64(len(s.rows) + 1)
		e := policy.Event{
			ID: "evt_" + strconv.FormatUint(seq, 10), Type: policy.EventPolicyUnreachable, At: now, FirstSeenAt: now,
			Policy:  policy.PolicyRef{ID: "acme/privacy", Vendor: "Acme", Kind: policy.KindPrivacy, URL: "https://acme.example/privacy"},
			Summary: "5 checks in a row failed",
		}
		a := policy.NewAlert(e, receiver, now)
		a.Seq = seq
		s.rows = append(s.rows, a)
		ids = append(ids, a.ID)
	}
	return ids
}

func (s *memStore) find(id string) *policy.Alert {
	for i := range s.rows {
		if s.rows[i].ID == id {
			return &s.rows[i]
		}
	}
	return nil
}

func (s *memStore) get(t *testing.T, id string) policy.Alert {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(id)
	if a == nil {
		t.Fatalf("no alert %s", id)
	}
	return *a
}

// count returns how many alerts of receiver are in state.
func (s *memStore) count(receiver string, state policy.AlertState) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, a := range s.rows {
		if a.Receiver == receiver && a.State == state {
			n++
		}
	}
	return n
}

func (s *memStore) Alerts(_ context.Context, q storage.AlertQuery) ([]policy.Alert, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []policy.Alert
	for _, a := range s.rows {
		if q.Receiver != "" && a.Receiver != q.Receiver || len(q.States) > 0 && !slices.Contains(q.States, a.State) {
			continue
		}
		if out = append(out, a); q.Limit > 0 && len(out) == q.Limit {
			break
		}
	}
	return out, nil
}

func (s *memStore) LeaseAlerts(_ context.Context, q storage.LeaseQuery) ([]policy.Alert, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []policy.Alert
	if len(q.IDs) > 0 {
		return s.leaseNamed(q), nil
	}
	for _, a := range s.rows {
		if a.Receiver != q.Receiver || a.State != policy.AlertPending {
			continue
		}
		if a.NextAttempt.After(q.Now) || s.leases[a.ID].After(q.Now) || q.Limit > 0 && len(out) == q.Limit {
			break
		}
		s.leases[a.ID] = q.Now.Add(q.For)
		out = append(out, a)
	}
	return out, nil
}

func (s *memStore) SettleAlert(ctx context.Context, id string, st storage.Settlement) error {
	return s.SettleAlerts(ctx, []string{id}, st)
}

func (s *memStore) leaseNamed(q storage.LeaseQuery) []policy.Alert {
	var out []policy.Alert
	for _, id := range q.IDs {
		a := s.find(id)
		if a == nil || a.State != policy.AlertPending || s.leases[id].After(q.Now) {
			return nil
		}
	}
	for _, id := range q.IDs {
		a := s.find(id)
		a.Batch = q.Batch
		s.leases[id] = q.Now.Add(q.For)
		out = append(out, *a)
	}
	return out
}

func (s *memStore) SettleAlerts(_ context.Context, ids []string, st storage.Settlement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settles > 0 {
		s.settles--
		return errors.New("no space left on device")
	}
	for _, id := range ids {
		if s.find(id) == nil {
			return policy.ErrNotFound
		}
	}
	for _, id := range ids {
		s.settle(s.find(id), st)
	}
	return nil
}

func (s *memStore) settle(a *policy.Alert, st storage.Settlement) {
	delete(s.leases, a.ID)
	a.State, a.LastError, a.NextAttempt = st.State, st.Error, st.NextAttempt
	if !st.At.IsZero() {
		a.Attempts++
		a.LastAttempt = st.At
	}
	if st.State == policy.AlertDelivered {
		a.DeliveredAt, a.Receipt = st.At, st.Receipt
	}
	if st.State == policy.AlertSilenced {
		a.SilencedBy = st.Silence
	}
}

func (s *memStore) ShiftAlerts(_ context.Context, q storage.ShiftQuery) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range s.rows {
		a := &s.rows[i]
		if a.State != q.From || q.Receiver != "" && a.Receiver != q.Receiver || s.leases[a.ID].After(q.Now) ||
			len(q.Events) > 0 && !slices.Contains(q.Events, a.Event.Type) {
			continue
		}
		n++
		a.State, a.NextAttempt = q.To, time.Time{}
		if q.To == policy.AlertPending {
			a.NextAttempt = q.Now
		}
		if q.Error != "" {
			a.LastError = q.Error
		}
		if q.Group != "" {
			a.Group, a.NotBefore, a.Batch = q.Group, time.Time{}, ""
		}
	}
	return n, nil
}

func (s *memStore) AddAlerts(_ context.Context, alerts []policy.Alert) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, a := range alerts {
		if s.find(a.ID) == nil {
			a.Seq = uint64(len(s.rows) + 1)
			s.rows = append(s.rows, a)
			n++
		}
	}
	return n, nil
}

func (s *memStore) PutSilence(_ context.Context, one policy.Silence) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silences = append(s.silences, one)
	return nil
}

func (s *memStore) Silences(context.Context) ([]policy.Silence, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.silences), nil
}

func (s *memStore) Breaker(context.Context) (policy.Breaker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.breaker, nil
}

func (s *memStore) SetBreaker(_ context.Context, b policy.Breaker) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaker = b
	return nil
}

func (s *memStore) States(context.Context) ([]policy.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.states), nil
}

func (s *memStore) Recent(_ context.Context, q storage.RecentQuery) ([]policy.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []policy.Version
	for _, v := range s.recent {
		if !v.CapturedAt.Before(q.Since) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (s *memStore) RequeueAlert(_ context.Context, id string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(id)
	if a == nil {
		return policy.ErrNotFound
	}
	a.State, a.NextAttempt = policy.AlertPending, now
	a.Group, a.NotBefore, a.Batch = policy.GroupAlone, time.Time{}, ""
	return nil
}

func (s *memStore) Change(_ context.Context, _ policy.ID, to int) (policy.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return policy.Change{}, s.broken
	}
	c, ok := s.changes[to]
	if !ok {
		return c, policy.ErrNotFound
	}
	return c, nil
}

// attempt is what a fakeSender saw.
type attempt struct {
	id      string
	at      time.Time
	minimal bool
	message Message
}

// fakeSender answers attempts by a function.
type fakeSender struct {
	mu       sync.Mutex
	attempts []attempt
	answer   func(n int, a attempt) error // n counts from 1; nil: success
	takes    time.Duration
}

func (f *fakeSender) Send(ctx context.Context, m Message) error { return f.record(ctx, m, false) }

func (f *fakeSender) record(ctx context.Context, m Message, minimal bool) error {
	if f.takes > 0 {
		select {
		case <-time.After(f.takes):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a := attempt{id: m.AlertID, at: time.Now(), minimal: minimal, message: m}
	f.attempts = append(f.attempts, a)
	if f.answer == nil {
		return nil
	}
	return f.answer(len(f.attempts), a)
}

func (f *fakeSender) seen() []attempt {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.attempts)
}

func (f *fakeSender) ids() []string {
	var ids []string
	for _, a := range f.seen() {
		ids = append(ids, a.id)
	}
	return ids
}

// minimalFake also has a minimal form.
type minimalFake struct{ fakeSender }

func (f *minimalFake) SendMinimal(ctx context.Context, m Message) error {
	return f.record(ctx, m, true)
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newTestDispatcher(s Store, senders map[string]Sender) *Dispatcher {
	return NewDispatcher(Options{
		Store: s, Senders: senders, Clock: time.Now, Logger: silent(), Owner: "test",
		Rand: func() float64 { return 0.5 },
	})
}

// advance lets d of a bubble's time pass.
func advance(d time.Duration) { <-time.After(d) }

// running starts d and returns a function that ends it and waits.
func running(t *testing.T, d *Dispatcher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}
