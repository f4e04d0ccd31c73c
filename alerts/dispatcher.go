package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
)

// Store is the part of storage.Store that the dispatcher uses.
type Store interface {
	storage.Outbox
	storage.Delivery
	// Change returns the change that led to a version, or policy.ErrNotFound.
	Change(ctx context.Context, id policy.ID, to int) (policy.Change, error)
	// Alerts returns alerts of the outbox, oldest first.
	Alerts(ctx context.Context, q storage.AlertQuery) ([]policy.Alert, error)
	// Silences returns all silences, Breaker the state of the breaker.
	Silences(ctx context.Context) ([]policy.Silence, error)
	Breaker(ctx context.Context) (policy.Breaker, error)
	// States returns all policies, Recent the newest versions with a change.
	States(ctx context.Context) ([]policy.State, error)
	Recent(ctx context.Context, q storage.RecentQuery) ([]policy.Version, error)
}

// Options configures a Dispatcher.
type Options struct {
	Store Store
	// Senders are the receivers by name.
	Senders map[string]Sender
	// Clock gives the time that is written into the outbox.
	Clock  func() time.Time
	Logger *slog.Logger
	// Registerer gets the metrics; nil means none.
	Registerer prometheus.Registerer
	// ExternalURL is the base of links in messages, "" for none.
	ExternalURL string
	// Owner names this process in leases.
	Owner string
	// SendTimeout bounds one attempt; 0 means 30 s.
	SendTimeout time.Duration
	// Delivered, when set, is called after each delivery, by the goroutine of
	// the receiver.
	Delivered func(m Message, receiver string)
	// Route makes the alerts of an event that the dispatcher itself tells of: a
	// broken receiver, a mass change. nil, or none, means every receiver.
	Route func(e policy.Event, now time.Time) []policy.Alert
	// Breaker configures the mass-change breaker; the zero value has none.
	Breaker BreakerOptions
	// Rand gives the jitter, in [0, 1); nil means the runtime's generator. It is
	// called by several goroutines.
	Rand func() float64
}

// Dispatcher drains the outbox: for each receiver one ordered queue with one
// attempt in flight, so that one receiver's trouble never delays another.
type Dispatcher struct {
	store       Store
	clock       func() time.Time
	logger      *slog.Logger
	metrics     *metrics
	external    string
	owner       string
	sendTimeout time.Duration
	delivered   func(Message, string)
	random      func() float64
	route       func(policy.Event, time.Time) []policy.Alert
	breaker     *breaker

	changed chan struct{} // signals a new set of senders to Run

	mu      sync.Mutex
	busy    bool
	senders map[string]Sender
	workers map[string]*worker // those that Run has started
}

const (
	defaultSendTimeout = 30 * time.Second
	// reconcileRetry is the pause before the outbox is put in order again after
	// the store failed.
	reconcileRetry = time.Minute
)

// NewDispatcher returns a dispatcher that does nothing until Run or Drain.
func NewDispatcher(o Options) *Dispatcher {
	d := &Dispatcher{
		store: o.Store, clock: o.Clock, logger: o.Logger, metrics: newMetrics(o.Registerer),
		external: o.ExternalURL, owner: o.Owner, sendTimeout: o.SendTimeout,
		delivered: o.Delivered, random: o.Rand, route: o.Route,
		changed: make(chan struct{}, 1),
		senders: maps.Clone(o.Senders), workers: map[string]*worker{},
	}
	if d.sendTimeout <= 0 {
		d.sendTimeout = defaultSendTimeout
	}
	if d.random == nil {
		d.random = rand.Float64
	}
	d.breaker = newBreaker(d, o.Breaker, o.Registerer)
	for name := range d.senders {
		d.metrics.add(name)
	}
	return d
}

// Run delivers alerts until ctx ends. It then finishes the attempts in flight,
// records their results and returns nil.
//
// At the start, and after SetSenders, parked alerts of the receivers that are
// there become pending again, and pending alerts of receivers that are not are
// parked.
func (d *Dispatcher) Run(ctx context.Context) error {
	if err := d.begin(); err != nil {
		return err
	}
	defer d.end()
	d.breaker.daemon.Store(true)
	defer d.breaker.fetching.Wait()
	defer d.breaker.daemon.Store(false)
	defer d.stop(func(string) bool { return true })
	for {
		var retry <-chan time.Time
		if err := d.apply(ctx); err != nil && ctx.Err() == nil {
			d.logger.Error("outbox could not be put in order", "error", err, "retry_in", reconcileRetry)
			retry = time.After(reconcileRetry)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.changed:
		case <-retry:
		}
	}
}

// apply makes the workers and the outbox those of the present senders.
func (d *Dispatcher) apply(ctx context.Context) error {
	senders := d.snapshot()
	// What is parked is older than what is pending and goes first.
	err := d.requeueParked(ctx, senders)
	d.start(ctx, senders)
	d.Wake()
	d.stop(func(name string) bool { return senders[name] == nil })
	return errors.Join(err, d.parkOrphans(ctx, senders))
}

func (d *Dispatcher) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy {
		return errors.New("the dispatcher is running already")
	}
	d.busy = true
	return nil
}

func (d *Dispatcher) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy = false
}

func (d *Dispatcher) snapshot() map[string]Sender {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.senders)
}

func (d *Dispatcher) sender(name string) Sender {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.senders[name]
}

// start starts the workers that are missing.
func (d *Dispatcher) start(ctx context.Context, senders map[string]Sender) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range senders {
		if d.workers[name] != nil {
			continue
		}
		w := newWorker(d, name)
		d.workers[name] = w
		ctx, cancel := context.WithCancel(ctx)
		w.cancel = cancel
		go func() {
			defer close(w.done)
			w.run(ctx)
		}()
	}
}

// stop ends the workers that pick names, and waits for their attempts in
// flight. Series of receivers that are gone go with them.
func (d *Dispatcher) stop(pick func(name string) bool) {
	d.mu.Lock()
	var leaving []*worker
	for name, w := range d.workers {
		if pick(name) {
			leaving = append(leaving, w)
			delete(d.workers, name)
		}
	}
	d.mu.Unlock()
	for _, w := range leaving {
		w.cancel()
	}
	for _, w := range leaving {
		<-w.done
		if d.sender(w.name) == nil {
			d.metrics.remove(w.name)
		}
	}
}

// Wake tells the dispatcher that new alerts were committed or requeued. It
// never blocks.
func (d *Dispatcher) Wake() {
	d.breaker.stir()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.workers {
		select {
		case w.wake <- struct{}{}:
		default: // it has been told
		}
	}
}

// SetSenders replaces the receivers, as after a reload. Alerts of a receiver
// that is gone are parked and logged once its attempt in flight has ended;
// parked alerts of receivers that are there are tried again. It never blocks.
func (d *Dispatcher) SetSenders(senders map[string]Sender) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.senders {
		if senders[name] == nil && d.workers[name] == nil {
			d.metrics.remove(name)
		}
	}
	d.senders = maps.Clone(senders)
	for name := range d.senders {
		d.metrics.add(name)
	}
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// requeueParked makes the parked alerts of senders pending again.
func (d *Dispatcher) requeueParked(ctx context.Context, senders map[string]Sender) error {
	for _, name := range slices.Sorted(maps.Keys(senders)) {
		if _, err := d.resume(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// resume makes the parked alerts of one receiver pending.
func (d *Dispatcher) resume(ctx context.Context, receiver string) (int, error) {
	n, err := d.store.ShiftAlerts(ctx, storage.ShiftQuery{
		From: policy.AlertParked, To: policy.AlertPending, Receiver: receiver, Now: d.clock().UTC(),
	})
	if err != nil {
		return 0, fmt.Errorf("parked alerts of %s: %w", receiver, err)
	}
	if n > 0 {
		d.logger.Info("parked alerts requeued", "receiver", receiver, "alerts", n)
	}
	return n, nil
}

// Resume tries the parked alerts of a receiver again, after a person repaired
// it, and returns how many there were.
func (d *Dispatcher) Resume(ctx context.Context, receiver string) (int, error) {
	n, err := d.resume(ctx, receiver)
	d.Wake()
	return n, err
}

// parkOrphans parks the pending alerts of receivers that do not exist.
func (d *Dispatcher) parkOrphans(ctx context.Context, senders map[string]Sender) error {
	pending, err := d.store.Alerts(ctx, storage.AlertQuery{States: []policy.AlertState{policy.AlertPending}})
	if err != nil {
		return fmt.Errorf("pending alerts: %w", err)
	}
	orphans := map[string]int{}
	for _, a := range pending {
		if senders[a.Receiver] == nil {
			orphans[a.Receiver]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(orphans)) {
		_, err := d.store.ShiftAlerts(ctx, storage.ShiftQuery{
			From: policy.AlertPending, To: policy.AlertParked, Receiver: name, Now: d.clock().UTC(),
			Error: "the receiver is not in the configuration",
		})
		if err != nil {
			return fmt.Errorf("park alerts of %s: %w", name, err)
		}
		d.logger.Error("alerts parked: their receiver is not in the configuration (put it back and reload, or redeliver them by hand)",
			"receiver", name, "alerts", orphans[name])
	}
	return nil
}

// SetExternalURL sets the base of links in messages, for a program that knows
// its address only once it listens. It must be called before Run and Drain.
func (d *Dispatcher) SetExternalURL(base string) { d.external = base }
