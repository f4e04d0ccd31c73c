package alerts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"watcher/policy"
	"watcher/storage"
)

const (
	// idlePoll is how often a receiver's queue is looked at without a Wake.
	idlePoll = time.Minute
	// storePause is the wait after the store failed; leasePause while somebody
	// else holds the lease of the oldest alert.
	storePause = 30 * time.Second
	leasePause = 5 * time.Second
	// giveUpAge is the age at which an alert that cannot be delivered is given
	// up, after giveUpTries failures in a row at least: one that was parked, or
	// requeued by hand, for a long time gets a fair chance too. One-shot runs
	// see few failures in a row and go by the attempts on record.
	giveUpAge      = 7 * 24 * time.Hour
	giveUpTries    = 8
	giveUpAttempts = 50
	// unreadableTries is how often an alert waits for a change that cannot be
	// read. After that it goes out without: it must not hold up the others.
	unreadableTries = 3
)

var errInterrupted = errors.New("interrupted")

// worker delivers the alerts of one receiver, one at a time and in order.
type worker struct {
	d      *Dispatcher
	name   string
	wake   chan struct{}
	cancel context.CancelFunc
	done   chan struct{}

	// failures counts attempts in a row that failed for a reason that may pass.
	failures int
	// parked is set while alerts of this receiver were parked by this worker.
	parked   bool
	lastSend time.Time

	// For one-shot runs.
	oneShot            bool
	tried              string // the id of the last alert that was attempted
	delivered, givenUp int
}

func newWorker(d *Dispatcher, name string) *worker {
	return &worker{d: d, name: name, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// next says when a worker has something to do.
type next struct {
	wait time.Duration
	idle bool // nothing is pending
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := w.step(ctx)
		if err != nil && ctx.Err() == nil {
			w.d.logger.Error("outbox cannot be read", "receiver", w.name, "error", err)
		}
		w.sleep(ctx, n.wait)
	}
}

// sleep waits for d, a Wake or the end of ctx.
func (w *worker) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.wake:
	case <-ctx.Done():
	}
}

// step looks at what waits and, if something is due, attempts it.
func (w *worker) step(ctx context.Context) (next, error) {
	if err := w.d.breaker.look(ctx); err != nil {
		return next{wait: storePause}, fmt.Errorf("mass-change breaker: %w", err)
	}
	sender := w.d.sender(w.name)
	if sender == nil {
		return next{wait: idlePoll, idle: true}, nil // removed; the supervisor is about to stop this worker
	}
	g := gathering{now: w.d.clock().UTC(), together: Digests(sender), hasty: w.oneShot}
	u, wait, err := w.choose(ctx, g)
	switch {
	case err != nil:
		return next{wait: storePause}, err
	case len(u.alerts) == 0 && wait == 0:
		return next{wait: idlePoll, idle: true}, nil
	case len(u.alerts) == 0:
		return next{wait: min(wait, idlePoll), idle: w.oneShot}, nil
	}
	if wait := u.alerts[0].NextAttempt.Sub(g.now); wait > 0 {
		return w.notDue(ctx, u, wait)
	}
	if pause := w.pause(sender, g.now); pause > 0 {
		return next{wait: pause}, nil
	}
	leased, err := w.d.store.LeaseAlerts(ctx, storage.LeaseQuery{
		Receiver: w.name, Owner: w.d.owner, Now: g.now, For: 2*w.d.sendTimeout + time.Minute,
		IDs: u.ids(), Batch: u.batch(),
	})
	if err != nil {
		return next{wait: storePause}, fmt.Errorf("lease of %s: %w", w.name, err)
	}
	if len(leased) == 0 {
		return next{wait: leasePause}, nil
	}
	u.alerts = leased
	w.attempt(ctx, sender, u)
	return next{}, nil
}

// choose returns the unit whose turn it is, after the alerts that a silence
// mutes were marked. Programs get each alert in order, so that of what waits
// for one the head suffices.
func (w *worker) choose(ctx context.Context, g gathering) (unit, time.Duration, error) {
	q := storage.AlertQuery{Receiver: w.name, States: []policy.AlertState{policy.AlertPending}}
	if !g.together {
		q.Limit = 1
	}
	for {
		rows, err := w.d.store.Alerts(ctx, q)
		if err != nil {
			return unit{}, 0, fmt.Errorf("oldest alert of %s: %w", w.name, err)
		}
		muted, err := w.d.mute(ctx, rows, g.now)
		if err != nil {
			return unit{}, 0, fmt.Errorf("silences for %s: %w", w.name, err)
		}
		if muted == 0 {
			u, wait := g.next(rows)
			return u, wait, nil
		}
	}
}

// notDue decides about a unit whose next attempt lies in the future. No wait
// is longer than maxRetryAfter: if one is, the clock was set back. A one-shot
// run tries everything once.
func (w *worker) notDue(ctx context.Context, u unit, wait time.Duration) (next, error) {
	if wait <= maxRetryAfter && (!w.oneShot || u.id == w.tried) {
		if w.oneShot {
			return next{wait: wait}, nil
		}
		return next{wait: min(wait, idlePoll)}, nil
	}
	// Without At: nothing was attempted.
	again := storage.Settlement{State: policy.AlertPending, NextAttempt: w.d.clock().UTC(), Error: u.alerts[0].LastError}
	if err := w.d.store.SettleAlerts(ctx, u.ids(), again); err != nil {
		return next{wait: storePause}, fmt.Errorf("make alert %s due: %w", u.id, err)
	}
	return next{}, nil
}

// pause returns the wait that the receiver's pace asks for.
func (w *worker) pause(sender Sender, now time.Time) time.Duration {
	paced, ok := sender.(pacedSender)
	if !ok || w.lastSend.IsZero() {
		return 0
	}
	return min(paced.Pace()-now.Sub(w.lastSend), paced.Pace()) // bounded: clocks jump
}

// attempt delivers a leased unit or records why it could not.
func (w *worker) attempt(ctx context.Context, sender Sender, u unit) {
	w.tried, w.lastSend = u.id, w.d.clock()
	m, err := w.d.compose(ctx, u)
	if err != nil {
		w.d.logger.Error("change of an alert cannot be read", "receiver", w.name, "alert", u.id, "error", err)
		// The receiver is not to blame: its own count stays.
		w.postpone(ctx, u, backoff(u.alerts[0].Attempts+1, w.d.random()), err)
		return
	}
	failure := w.send(ctx, sender.Send, m)
	if plain, ok := sender.(minimalSender); ok && failure != nil && failure.Kind == PayloadDead {
		w.d.logger.Warn("receiver refused an alert, trying its minimal form", "receiver", w.name, "alert", u.id, "error", failure)
		failure = w.send(ctx, plain.SendMinimal, m)
	}
	switch {
	case failure == nil:
		w.succeed(ctx, sender, u, m)
	case w.oneShot && errors.Is(ctx.Err(), context.Canceled):
		w.postpone(ctx, u, 0, errInterrupted)
	default:
		w.fail(ctx, u, failure)
	}
}

// send makes one attempt and counts it. An attempt outlives ctx in a daemon,
// which finishes what is in flight; a one-shot run ends with its ctx.
func (w *worker) send(ctx context.Context, send func(context.Context, Message) error, m Message) (failure *SendError) {
	if !w.oneShot {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, w.d.sendTimeout)
	defer cancel()
	start := w.d.clock()
	defer func() {
		// A message that a renderer cannot bear must not end the daemon.
		if p := recover(); p != nil {
			w.d.logger.Error("panic while sending", "receiver", w.name, "alert", m.AlertID, "panic", p, "stack", string(debug.Stack()))
			failure = &SendError{Kind: PayloadDead, Reason: reasonOther, Err: fmt.Errorf("panic: %v", p)}
		}
		w.d.metrics.observe(w.name, w.d.clock().Sub(start), failure)
	}()
	if err := send(ctx, m); err != nil {
		return asSendError(err)
	}
	return nil
}

func (w *worker) succeed(ctx context.Context, sender Sender, u unit, m Message) {
	if w.failures > 0 {
		w.d.logger.Info("receiver delivers again", "receiver", w.name, "failures", w.failures)
	}
	w.failures = 0
	w.delivered += len(u.alerts)
	s := storage.Settlement{State: policy.AlertDelivered, At: w.d.clock().UTC()}
	if giver, ok := sender.(receiptSender); ok {
		s.Receipt = giver.Receipt(u.id)
	}
	w.settle(ctx, u, s)
	w.announce(ctx, u, m)
	if !w.parked {
		return
	}
	// The receiver lives: what was parked while it did not can go out.
	if _, err := w.d.resume(ctx, w.name); err != nil {
		w.d.logger.Error("parked alerts cannot be requeued", "receiver", w.name, "error", err)
		return
	}
	w.parked = false
}

// announce says what was delivered, one line for each alert.
func (w *worker) announce(ctx context.Context, u unit, m Message) {
	if len(u.alerts) > 1 {
		w.d.metrics.grouped.WithLabelValues(w.name).Add(float64(len(u.alerts)))
	}
	level := slog.LevelInfo
	if w.printsItself() {
		level = slog.LevelDebug
	}
	for i, a := range u.alerts {
		args := []any{"alert", a.ID, "receiver", w.name, "event", a.Event.Type, "policy", a.Event.Policy.ID, "attempts", a.Attempts + 1}
		one := m
		if len(m.Members) > 0 {
			args, one = append(args, "message", u.id), m.Members[i]
		}
		w.d.logger.Log(ctx, level, "alert delivered", args...)
		if w.d.delivered != nil {
			w.d.delivered(one, w.name)
		}
	}
}

// printsItself reports whether the receiver is the log, which says in its own
// words what is delivered.
func (w *worker) printsItself() bool {
	_, is := w.d.sender(w.name).(*Log)
	return is
}

func (w *worker) fail(ctx context.Context, u unit, failure *SendError) {
	switch failure.Kind {
	case ReceiverDead:
		w.park(ctx, u, failure)
	case PayloadDead:
		w.failures = 0 // the receiver itself is well
		w.giveUp(ctx, u, failure)
	case Retry:
		w.retry(ctx, u, failure)
	default:
		w.retry(ctx, u, failure)
	}
}

// retry schedules the next attempt, or gives the alert up when it is too old.
func (w *worker) retry(ctx context.Context, u unit, failure *SendError) {
	w.failures++
	if w.expired(u.alerts[0]) {
		w.giveUp(ctx, u, failure)
		return
	}
	wait := backoff(w.failures, w.d.random())
	if left, bounded := w.left(ctx); bounded && left > 0 {
		wait = max(min(wait, left/2), minWait) // halving alone would never reach the deadline
	}
	wait = min(max(wait, failure.RetryAfter), maxRetryAfter)
	w.d.logger.Warn("alert not delivered, will be tried again", "receiver", w.name, "alert", u.id,
		"failures", w.failures, "retry_in", wait, "reason", failure.Reason, "error", failure)
	w.postpone(ctx, u, wait, failure)
}

func (w *worker) postpone(ctx context.Context, u unit, wait time.Duration, cause error) {
	now := w.d.clock().UTC()
	w.settle(ctx, u, storage.Settlement{State: policy.AlertPending, At: now, NextAttempt: now.Add(wait), Error: cause.Error()})
}

func (w *worker) expired(a policy.Alert) bool {
	if w.d.clock().Sub(a.CreatedAt) <= giveUpAge {
		return false
	}
	if w.oneShot {
		return a.Attempts >= giveUpAttempts
	}
	return w.failures >= giveUpTries
}

func (w *worker) giveUp(ctx context.Context, u unit, failure *SendError) {
	w.givenUp += len(u.alerts)
	w.d.logger.Error("alert given up (it is kept: redeliver it by hand)", "receiver", w.name, "alert", u.id,
		"alerts", len(u.alerts), "reason", failure.Reason, "error", failure)
	w.settle(ctx, u, storage.Settlement{State: policy.AlertDead, At: w.d.clock().UTC(), Error: failure.Error()})
}

// park sets aside everything that waits for a receiver that is broken until a
// person has repaired it, and tells of it through the others. Alerts that come
// later are tried, one attempt each, so that a receiver that was repaired at
// its own end is noticed.
func (w *worker) park(ctx context.Context, u unit, failure *SendError) {
	first := !w.parked
	w.failures, w.parked = 0, true
	w.settle(ctx, u, storage.Settlement{State: policy.AlertParked, At: w.d.clock().UTC(), Error: failure.Error()})
	rest, err := w.d.store.ShiftAlerts(context.WithoutCancel(ctx), storage.ShiftQuery{
		From: policy.AlertPending, To: policy.AlertParked, Receiver: w.name, Now: w.d.clock().UTC(), Error: failure.Error(),
	})
	if err != nil { // what is left pending is tried, and parked, one by one
		w.d.logger.Error("pending alerts cannot be parked", "receiver", w.name, "error", err)
	}
	w.givenUp += len(u.alerts) + rest
	w.d.logger.Error("receiver is broken, its alerts are parked (repair it and reload, or redeliver an alert by hand)",
		"receiver", w.name, "alerts", len(u.alerts)+rest, "reason", failure.Reason, "error", failure)
	if first {
		w.d.tellBroken(ctx, w.name, failure)
	}
}

// settle records the result of an attempt. It insists: an alert that was
// delivered and not recorded would be delivered again and again. It ends with
// ctx, after one last try.
func (w *worker) settle(ctx context.Context, u unit, s storage.Settlement) {
	for pause := time.Second; ; pause = min(2*pause, idlePoll) {
		err := w.d.store.SettleAlerts(context.WithoutCancel(ctx), u.ids(), s)
		if err == nil {
			return
		}
		w.d.logger.Error("result of an alert cannot be recorded", "receiver", w.name, "alert", u.id, "state", s.State, "error", err)
		if errors.Is(err, policy.ErrNotFound) || errors.Is(err, policy.ErrConflict) || ctx.Err() != nil {
			return
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}
