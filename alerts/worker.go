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

// step looks at the oldest alert and, if it is due, attempts it.
func (w *worker) step(ctx context.Context) (next, error) {
	head, err := w.d.store.Alerts(ctx, storage.AlertQuery{
		Receiver: w.name, States: []policy.AlertState{policy.AlertPending}, Limit: 1,
	})
	if err != nil {
		return next{wait: storePause}, fmt.Errorf("oldest alert of %s: %w", w.name, err)
	}
	if len(head) == 0 {
		return next{wait: idlePoll, idle: true}, nil
	}
	now := w.d.clock()
	if wait := head[0].NextAttempt.Sub(now); wait > 0 {
		return w.notDue(ctx, head[0], wait)
	}
	sender := w.d.sender(w.name)
	if sender == nil {
		return next{wait: idlePoll, idle: true}, nil // removed; the supervisor is about to stop this worker
	}
	if pause := w.pause(sender, now); pause > 0 {
		return next{wait: pause}, nil
	}
	leased, err := w.d.store.LeaseAlerts(ctx, storage.LeaseQuery{
		Receiver: w.name, Owner: w.d.owner, Now: now.UTC(), For: 2*w.d.sendTimeout + time.Minute, Limit: 1,
	})
	if err != nil {
		return next{wait: storePause}, fmt.Errorf("lease of %s: %w", w.name, err)
	}
	if len(leased) == 0 {
		return next{wait: leasePause}, nil
	}
	w.attempt(ctx, sender, leased[0])
	return next{}, nil
}

// notDue decides about an alert whose next attempt lies in the future. No wait
// is longer than maxRetryAfter: if one is, the clock was set back. A one-shot
// run tries everything once.
func (w *worker) notDue(ctx context.Context, a policy.Alert, wait time.Duration) (next, error) {
	if wait <= maxRetryAfter && (!w.oneShot || a.ID == w.tried) {
		if w.oneShot {
			return next{wait: wait}, nil
		}
		return next{wait: min(wait, idlePoll)}, nil
	}
	if err := w.d.store.RequeueAlert(ctx, a.ID, w.d.clock().UTC()); err != nil {
		return next{wait: storePause}, fmt.Errorf("requeue alert %s: %w", a.ID, err)
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

// attempt delivers a leased alert or records why it could not.
func (w *worker) attempt(ctx context.Context, sender Sender, a policy.Alert) {
	w.tried, w.lastSend = a.ID, w.d.clock()
	m, err := w.d.message(ctx, a)
	if err != nil {
		w.d.logger.Error("change of an alert cannot be read", "receiver", w.name, "alert", a.ID, "error", err)
		// The receiver is not to blame: its own count stays.
		w.postpone(ctx, a, backoff(a.Attempts+1, w.d.random()), err)
		return
	}
	failure := w.send(ctx, sender.Send, m)
	if plain, ok := sender.(minimalSender); ok && failure != nil && failure.Kind == PayloadDead {
		w.d.logger.Warn("receiver refused an alert, trying its minimal form", "receiver", w.name, "alert", a.ID, "error", failure)
		failure = w.send(ctx, plain.SendMinimal, m)
	}
	switch {
	case failure == nil:
		w.succeed(ctx, sender, a, m)
	case w.oneShot && errors.Is(ctx.Err(), context.Canceled):
		w.postpone(ctx, a, 0, errInterrupted)
	default:
		w.fail(ctx, a, failure)
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

func (w *worker) succeed(ctx context.Context, sender Sender, a policy.Alert, m Message) {
	if w.failures > 0 {
		w.d.logger.Info("receiver delivers again", "receiver", w.name, "failures", w.failures)
	}
	w.failures = 0
	w.delivered++
	s := storage.Settlement{State: policy.AlertDelivered, At: w.d.clock().UTC()}
	if giver, ok := sender.(receiptSender); ok {
		s.Receipt = giver.Receipt(a.ID)
	}
	w.settle(ctx, a, s)
	level := slog.LevelInfo
	if w.printsItself() {
		level = slog.LevelDebug
	}
	w.d.logger.Log(ctx, level, "alert delivered", "alert", a.ID, "receiver", w.name,
		"event", a.Event.Type, "policy", a.Event.Policy.ID, "attempts", a.Attempts+1)
	if w.d.delivered != nil {
		w.d.delivered(m, w.name)
	}
	if !w.parked {
		return
	}
	// The receiver lives: what was parked while it did not can go out.
	if err := w.d.resume(ctx, w.name); err != nil {
		w.d.logger.Error("parked alerts cannot be requeued", "receiver", w.name, "error", err)
		return
	}
	w.parked = false
}

// printsItself reports whether the receiver is the log, which says in its own
// words what is delivered.
func (w *worker) printsItself() bool {
	_, is := w.d.sender(w.name).(*Log)
	return is
}

func (w *worker) fail(ctx context.Context, a policy.Alert, failure *SendError) {
	switch failure.Kind {
	case ReceiverDead:
		w.park(ctx, a, failure)
	case PayloadDead:
		w.failures = 0 // the receiver itself is well
		w.giveUp(ctx, a, failure)
	case Retry:
		w.retry(ctx, a, failure)
	default:
		w.retry(ctx, a, failure)
	}
}

// retry schedules the next attempt, or gives the alert up when it is too old.
func (w *worker) retry(ctx context.Context, a policy.Alert, failure *SendError) {
	w.failures++
	if w.expired(a) {
		w.giveUp(ctx, a, failure)
		return
	}
	wait := backoff(w.failures, w.d.random())
	if left, bounded := w.left(ctx); bounded && left > 0 {
		wait = max(min(wait, left/2), minWait) // halving alone would never reach the deadline
	}
	wait = min(max(wait, failure.RetryAfter), maxRetryAfter)
	w.d.logger.Warn("alert not delivered, will be tried again", "receiver", w.name, "alert", a.ID,
		"failures", w.failures, "retry_in", wait, "reason", failure.Reason, "error", failure)
	w.postpone(ctx, a, wait, failure)
}

func (w *worker) postpone(ctx context.Context, a policy.Alert, wait time.Duration, cause error) {
	now := w.d.clock().UTC()
	w.settle(ctx, a, storage.Settlement{State: policy.AlertPending, At: now, NextAttempt: now.Add(wait), Error: cause.Error()})
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

func (w *worker) giveUp(ctx context.Context, a policy.Alert, failure *SendError) {
	w.givenUp++
	w.d.logger.Error("alert given up (it is kept: redeliver it by hand)", "receiver", w.name, "alert", a.ID,
		"reason", failure.Reason, "error", failure)
	w.settle(ctx, a, storage.Settlement{State: policy.AlertDead, At: w.d.clock().UTC(), Error: failure.Error()})
}

// park sets aside everything that waits for a receiver that is broken until a
// person has repaired it. Alerts that come later are tried, one attempt each,
// so that a receiver that was repaired at its own end is noticed.
func (w *worker) park(ctx context.Context, a policy.Alert, failure *SendError) {
	w.failures, w.parked = 0, true
	s := storage.Settlement{State: policy.AlertParked, At: w.d.clock().UTC(), Error: failure.Error()}
	w.settle(ctx, a, s)
	w.givenUp++
	s.At = time.Time{} // the others were not attempted
	rest, err := w.d.store.Alerts(ctx, storage.AlertQuery{Receiver: w.name, States: []policy.AlertState{policy.AlertPending}})
	if err != nil {
		w.d.logger.Error("pending alerts cannot be listed", "receiver", w.name, "error", err)
	}
	for _, r := range rest {
		if ctx.Err() != nil {
			break // what is left pending is tried, and parked, after the restart
		}
		w.settle(ctx, r, s)
		w.givenUp++
	}
	w.d.logger.Error("receiver is broken, its alerts are parked (repair it and reload, or redeliver an alert by hand)",
		"receiver", w.name, "alerts", len(rest)+1, "reason", failure.Reason, "error", failure)
}

// settle records the result of an attempt. It insists: an alert that was
// delivered and not recorded would be delivered again and again. It ends with
// ctx, after one last try.
func (w *worker) settle(ctx context.Context, a policy.Alert, s storage.Settlement) {
	for pause := time.Second; ; pause = min(2*pause, idlePoll) {
		err := w.d.store.SettleAlert(context.WithoutCancel(ctx), a.ID, s)
		if err == nil {
			return
		}
		w.d.logger.Error("result of an alert cannot be recorded", "receiver", w.name, "alert", a.ID, "state", s.State, "error", err)
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

// message joins an alert with its change.
func (d *Dispatcher) message(ctx context.Context, a policy.Alert) (Message, error) {
	m := Message{
		AlertID: a.ID, Event: a.Event, Links: linksFor(d.external, a.Event),
		SentAt: d.clock().UTC(), Test: a.Event.Type == policy.EventTest,
	}
	if !hasChange(a.Event) {
		return m, nil
	}
	change, err := d.store.Change(context.WithoutCancel(ctx), a.Event.Policy.ID, a.Event.To.Version)
	switch {
	case err == nil:
		m.Change = &change
	case errors.Is(err, policy.ErrNotFound):
	case a.Attempts < unreadableTries:
		return Message{}, err
	default:
		m.Event.Detail = "the stored record of the change is damaged or unreadable: check the store with “watcher db verify”"
		d.logger.Error("alert goes out without its change", "alert", a.ID, "error", err)
	}
	return m, nil
}

// hasChange reports whether e is about a change that the store holds.
func hasChange(e policy.Event) bool {
	return (e.Type == policy.EventPolicyChanged || e.Type == policy.EventPolicyReverted) &&
		e.To != nil && e.To.Version > 0
}
