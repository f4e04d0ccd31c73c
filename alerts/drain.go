package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// DrainResult counts the alerts of a Drain.
type DrainResult struct {
	Delivered int
	// Failed counts the alerts that were not delivered: given up, parked
	// because their receiver is broken, or still pending at the end.
	Failed int
}

// Drain delivers what is pending and returns when nothing is left, or when ctx
// ends. Somebody is waiting for it, so that an alert whose next attempt lies in
// the future is tried at once, and back-off takes at most half of the time that
// is left; give ctx a deadline. Only a receiver that asks for more patience
// than that, by Retry-After, is left for the next run.
//
// The error is about the store, not about receivers. Drain and Run exclude each
// other.
func (d *Dispatcher) Drain(ctx context.Context) (DrainResult, error) {
	if err := d.begin(); err != nil {
		return DrainResult{}, err
	}
	defer d.end()
	senders := d.snapshot()
	if err := errors.Join(d.requeueParked(ctx, senders), d.parkOrphans(ctx, senders)); err != nil {
		return DrainResult{}, err
	}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		result DrainResult
		failed error
	)
	for name := range senders {
		wg.Go(func() {
			w := newWorker(d, name)
			err := w.drain(ctx)
			left, countErr := d.pending(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			result.Delivered += w.delivered
			result.Failed += w.givenUp + left
			failed = errors.Join(failed, err, countErr)
		})
	}
	wg.Wait()
	return result, failed
}

// pending counts the alerts that still wait for receiver, even after the end
// of ctx. Those of a digest that is not due wait for its hour, not for a
// receiver.
func (d *Dispatcher) pending(ctx context.Context, receiver string) (int, error) {
	list, err := d.store.Alerts(context.WithoutCancel(ctx), storage.AlertQuery{
		Receiver: receiver, States: []policy.AlertState{policy.AlertPending},
	})
	if err != nil {
		return 0, fmt.Errorf("pending alerts of %s: %w", receiver, err)
	}
	now, waiting := d.clock(), 0
	for _, a := range list {
		if !strings.HasPrefix(a.Group, groupDigest) || !a.NotBefore.After(now) {
			waiting++
		}
	}
	return waiting, nil
}

// drain is the one-shot form of run.
func (w *worker) drain(ctx context.Context) error {
	w.oneShot = true
	for ctx.Err() == nil {
		next, err := w.step(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if next.idle {
			return nil
		}
		if left, bounded := w.left(ctx); bounded && next.wait >= left {
			return nil
		}
		w.sleep(ctx, next.wait)
	}
	return nil
}

// left returns how much of a one-shot run's time remains.
func (w *worker) left(ctx context.Context) (time.Duration, bool) {
	if !w.oneShot {
		return 0, false
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0, false
	}
	return time.Until(deadline), true //nolint:forbidigo // a context's deadline is on the real clock
}
