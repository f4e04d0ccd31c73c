package alerts

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/policy"
	"watcher/storage"
)

// The thresholds of the breaker. Over fourteen years of other people's
// histories it would have opened twice.
const (
	breakerShare    = 0.30
	breakerPolicies = 10
	breakerVendors  = 5
	breakerWindow   = 24 * time.Hour
	// breakerSample is how many policies are fetched again, sampleAfter when.
	breakerSample = 5
	sampleAfter   = 10 * time.Minute
	// holdAtMost is the time after which alerts go out whatever the sample says.
	holdAtMost = time.Hour
	// breakerPoll is how often an open breaker is looked at.
	breakerPoll = time.Minute
	// minShared is the length in bytes from which a paragraph says something of
	// its own: “Last updated: …” is new at many vendors every day.
	minShared = 60
)

// BreakerOptions configures the mass-change breaker.
type BreakerOptions struct {
	// Active returns how many policies are watched; nil switches the breaker off.
	Active func() int
	// Resample fetches policies again; it is called in a goroutine of its own.
	// nil leaves that to the next checks.
	Resample func(ctx context.Context, ids []policy.ID) error
}

// breaker holds the alerts about changes back while suspiciously many policies
// change at once: that is more often a fault of ours, or a banner on many
// sites, than news. One alert names all of them instead. Nothing is dropped:
// when the breaker closes, what it held goes out.
//
// Its state is in the store, so that it survives a restart; what it counts is
// read from there too. It is looked at before every delivery, so that no alert
// goes out that was not counted.
type breaker struct {
	d    *Dispatcher
	opts BreakerOptions

	open  prometheus.Gauge
	trips prometheus.Counter
	held  prometheus.Counter

	// daemon is set while Run is at work; only then is there time to fetch the
	// sample again. fetching is that work.
	daemon   atomic.Bool
	fetching sync.WaitGroup

	// dirty says that something may have changed since it was looked at.
	dirty atomic.Bool

	mu     sync.Mutex
	looked time.Time
	// added holds the new paragraphs of changes in the window.
	added map[changeKey][]policy.Digest
}

type changeKey struct {
	policy policy.ID
	to     int
}

func newBreaker(d *Dispatcher, o BreakerOptions, reg prometheus.Registerer) *breaker {
	b := &breaker{
		d: d, opts: o, added: map[changeKey][]policy.Digest{},
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "watcher_breaker_open", Help: "1 while alerts about changes are held because many policies changed at once.",
		}),
		trips: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watcher_breaker_trips_total", Help: "How often the mass-change breaker opened.",
		}),
		held: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "watcher_alerts_held_total", Help: "Alerts that the mass-change breaker held back for a while.",
		}),
	}
	if reg != nil {
		reg.MustRegister(b.open, b.trips, b.held)
	}
	return b
}

// stir says that something may have changed. It never blocks.
func (b *breaker) stir() { b.dirty.Store(true) }

// look opens or closes the breaker as things stand, and holds or releases
// alerts accordingly.
func (b *breaker) look(ctx context.Context) error {
	if b.opts.Active == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.d.clock().UTC()
	if age := now.Sub(b.looked); !b.dirty.Swap(false) && age >= 0 && age < breakerPoll {
		return nil
	}
	if err := b.settle(ctx, now); err != nil {
		b.dirty.Store(true)
		return err
	}
	b.looked = now
	return nil
}

// settle brings the breaker and the outbox into line with the store.
func (b *breaker) settle(ctx context.Context, now time.Time) error {
	state, err := b.d.store.Breaker(ctx)
	if err != nil {
		return err
	}
	if state.Open {
		state, err = b.whileOpen(ctx, state, now)
	} else {
		state, err = b.whileClosed(ctx, state, now)
	}
	if err != nil {
		return err
	}
	b.open.Set(0)
	if state.Open {
		b.open.Set(1)
	}
	return b.shift(ctx, state.Open, now)
}

// shift moves alerts about changes to where they belong.
func (b *breaker) shift(ctx context.Context, open bool, now time.Time) error {
	changes := []policy.EventType{policy.EventPolicyChanged, policy.EventPolicyReverted}
	if !open {
		_, err := b.d.store.ShiftAlerts(ctx, storage.ShiftQuery{
			From: policy.AlertHeld, To: policy.AlertPending, Now: now, Group: groupMass,
		})
		return err
	}
	n, err := b.d.store.ShiftAlerts(ctx, storage.ShiftQuery{
		From: policy.AlertPending, To: policy.AlertHeld, Events: changes, Now: now,
		Error: "held: many policies changed at once (“watcher alerts breaker” says why, and closes it)",
	})
	b.held.Add(float64(n))
	return err
}

// whileClosed opens the breaker when it is time.
func (b *breaker) whileClosed(ctx context.Context, state policy.Breaker, now time.Time) (policy.Breaker, error) {
	changed, reason, err := b.storm(ctx, state, now)
	if err != nil || reason == "" {
		return state, err
	}
	states, err := b.d.store.States(ctx)
	if err != nil {
		return state, err
	}
	next := policy.Breaker{
		Open: true, OpenedAt: now, Reason: reason, Policies: changed, Sample: sampleOf(changed, states),
		ClosedAt: state.ClosedAt, ClosedBy: state.ClosedBy,
	}
	if err := b.d.store.SetBreaker(ctx, next); err != nil {
		return state, err
	}
	b.trips.Inc()
	b.d.logger.Warn("many policies changed at once: their alerts are held", "reason", reason, "policies", len(changed))
	return b.tell(ctx, next, now)
}

// tell puts the one alert about the mass change into the outbox, for each
// receiver that would have been told of one of the changes, and for those that
// are routed to it.
func (b *breaker) tell(ctx context.Context, state policy.Breaker, now time.Time) (policy.Breaker, error) {
	e := policy.Event{
		ID:   policy.EventID("", policy.EventMassChange, policy.Digest{}, policy.Digest{}, state.OpenedAt),
		Type: policy.EventMassChange, At: state.OpenedAt, FirstSeenAt: state.OpenedAt, Policies: state.Policies,
		Summary: fmt.Sprintf("%s. Alerts about them are held for at most %d minutes while some are fetched again.", state.Reason, int(holdAtMost.Minutes())),
	}
	alerts := b.d.alertsFor(e, now)
	waiting, err := b.d.store.Alerts(ctx, storage.AlertQuery{States: []policy.AlertState{policy.AlertPending, policy.AlertHeld}})
	if err != nil {
		return state, err
	}
	for _, a := range waiting {
		known := slices.ContainsFunc(alerts, func(b policy.Alert) bool { return b.Receiver == a.Receiver })
		if _, archives := b.d.sender(a.Receiver).(*SavePage); a.Event.Type.IsChange() && !known && !archives {
			alerts = append(alerts, policy.NewAlert(e, a.Receiver, now))
		}
	}
	for i := range alerts { // at once: this is the warning
		alerts[i].Group, alerts[i].NotBefore, alerts[i].NextAttempt = policy.GroupAlone, time.Time{}, now
	}
	if _, err := b.d.store.AddAlerts(ctx, alerts); err != nil {
		return state, err
	}
	state.Told = true
	return state, b.d.store.SetBreaker(ctx, state)
}

// sampleOf picks policies spread over those that changed.
func sampleOf(changed []policy.ID, states []policy.State) []policy.BreakerSample {
	var out []policy.BreakerSample
	step := max(1, len(changed)/breakerSample)
	for i := 0; i < len(changed) && len(out) < breakerSample; i += step {
		for _, s := range states {
			if s.ID == changed[i] && !s.Retired {
				out = append(out, policy.BreakerSample{Policy: s.ID, SHA256: s.HeadSHA256})
			}
		}
	}
	return out
}

// whileOpen has the sample fetched again, and closes the breaker when all of it
// shows the new text still, or when its time is over.
func (b *breaker) whileOpen(ctx context.Context, state policy.Breaker, now time.Time) (policy.Breaker, error) {
	var err error
	if !state.Told {
		if state, err = b.tell(ctx, state, now); err != nil {
			return state, err
		}
	}
	age := now.Sub(state.OpenedAt)
	if age < 0 || age >= holdAtMost { // a clock that was set back must not hold alerts for ever
		return b.close(ctx, state, "time", now)
	}
	states, err := b.d.store.States(ctx)
	if err != nil {
		return state, err
	}
	if confirmed(state, states) {
		return b.close(ctx, state, "sample", now)
	}
	if age >= sampleAfter && !state.Sampled && b.opts.Resample != nil && b.daemon.Load() && len(state.Sample) > 0 {
		state.Sampled = true
		if err := b.d.store.SetBreaker(ctx, state); err != nil {
			return state, err
		}
		b.resample(ctx, state)
	}
	return state, nil
}

// resample fetches the sample again, beside the deliveries.
func (b *breaker) resample(ctx context.Context, state policy.Breaker) {
	var ids []policy.ID
	for _, s := range state.Sample {
		ids = append(ids, s.Policy)
	}
	b.fetching.Go(func() {
		if err := b.opts.Resample(ctx, ids); err != nil && ctx.Err() == nil {
			b.d.logger.Warn("the sample of a mass change was not fetched again", "error", err)
		}
		b.d.Wake()
	})
}

// confirmed reports whether every policy of the sample was seen again with its
// new text, some time after the breaker opened.
func confirmed(state policy.Breaker, states []policy.State) bool {
	seen := 0
	for _, sample := range state.Sample {
		for _, s := range states {
			if s.ID == sample.Policy && s.HeadSHA256 == sample.SHA256 && !s.LastSuccess.Before(state.OpenedAt.Add(sampleAfter)) {
				seen++
			}
		}
	}
	return seen > 0 && seen == len(state.Sample)
}

func (b *breaker) close(ctx context.Context, state policy.Breaker, by string, now time.Time) (policy.Breaker, error) {
	state.Open, state.ClosedAt, state.ClosedBy = false, now, by
	if err := b.d.store.SetBreaker(ctx, state); err != nil {
		return state, err
	}
	b.d.logger.Info("the mass-change breaker is closed: what it held goes out", "by", by)
	return state, nil
}

// CloseBreaker closes the breaker for a person, and releases what it holds. If
// it is not open the error is policy.ErrConflict.
func (d *Dispatcher) CloseBreaker(ctx context.Context, by string) error {
	if err := d.breaker.closeBy(ctx, by); err != nil {
		return err
	}
	d.Wake()
	return nil
}

func (b *breaker) closeBy(ctx context.Context, by string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	state, err := b.d.store.Breaker(ctx)
	if err != nil {
		return err
	}
	if !state.Open {
		return fmt.Errorf("the mass-change breaker is not open: %w", policy.ErrConflict)
	}
	now := b.d.clock().UTC()
	if _, err := b.close(ctx, state, by, now); err != nil {
		return err
	}
	return b.shift(ctx, false, now)
}
