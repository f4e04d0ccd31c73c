package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"watcher/policy"
)

// Bounds of the event stream: how many checks are kept for readers that come
// back, how many may wait for a slow one, and how many readers there may be.
const (
	eventsKept    = 256
	eventsWaiting = 64
	eventReaders  = 64
	eventPing     = 20 * time.Second
)

// Events announces checks as they end. It is safe for concurrent use; Publish
// never waits: a reader that is too slow is cut off, and comes back with the
// number of the last event that it saw.
type Events struct {
	// epoch tells the numbers of this process from those of one before it.
	epoch int64

	mu      sync.Mutex
	seq     uint64
	kept    []event
	readers map[chan event]bool
	closed  bool
	// turns counts what may have changed the states of policies.
	turns uint64
}

type event struct {
	seq   uint64
	check policy.Check
}

// NewEvents returns a source of events of a process that started at the given time.
func NewEvents(started time.Time) *Events {
	return &Events{epoch: started.Unix(), readers: map[chan event]bool{}}
}

// Publish announces a check.
func (e *Events) Publish(c policy.Check) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turns++
	if e.closed {
		return
	}
	e.seq++
	ev := event{e.seq, c}
	e.kept = append(e.kept, ev)
	if len(e.kept) > eventsKept {
		e.kept = append(e.kept[:0:0], e.kept[len(e.kept)-eventsKept:]...)
	}
	for ch := range e.readers {
		select {
		case ch <- ev:
		default:
			delete(e.readers, ch)
			close(ch)
		}
	}
}

// Touch says that policies changed without a check, by another configuration.
func (e *Events) Touch() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turns++
}

func (e *Events) turn() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turns
}

// Close ends all streams and takes no further event: a server that is told to
// stop waits for its answers to end.
func (e *Events) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for ch := range e.readers {
		delete(e.readers, ch)
		close(ch)
	}
}

// follow returns what was kept behind the event with the given id, and a channel
// of all that follow.
func (e *Events) follow(lastID string) ([]event, chan event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.readers) >= eventReaders {
		return nil, nil, errors.New("no further reader of events")
	}
	var missed []event
	epoch, seq, found := strings.Cut(lastID, "-")
	if n, err := strconv.ParseUint(seq, 10, 64); found && err == nil {
		if epoch != strconv.FormatInt(e.epoch, 10) {
			n = 0 // numbers of another process: all that is kept is new
		}
		for _, ev := range e.kept {
			if ev.seq > n {
				missed = append(missed, ev)
			}
		}
	}
	ch := make(chan event, eventsWaiting)
	e.readers[ch] = true
	return missed, ch, nil
}

func (e *Events) leave(ch chan event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.readers, ch)
}

// stream is one reader's answer.
type stream struct {
	s       *server
	w       http.ResponseWriter
	control *http.ResponseController
}

// getEvents streams checks as server-sent events: "check" with a policy.Check,
// and "change" with the policy.Version for each that brought a version.
func (s *server) getEvents(w http.ResponseWriter, r *http.Request) {
	if s.opt.Events == nil {
		s.fail(w, r, errNotWired())
		return
	}
	missed, ch, err := s.opt.Events.follow(r.Header.Get("Last-Event-ID"))
	if err != nil {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, &statusError{http.StatusServiceUnavailable, err.Error()})
		return
	}
	defer s.opt.Events.leave(ch)
	st := stream{s, w, http.NewResponseController(w)}
	_ = st.control.SetWriteDeadline(time.Time{}) // not every writer has one to lift
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if err := st.run(r.Context(), missed, ch); err != nil {
		s.log.Debug("reader of events went away", "err", err)
	}
}

func (st stream) run(ctx context.Context, missed []event, ch chan event) error {
	if err := st.write("retry: 5000\n\n"); err != nil {
		return err
	}
	for _, ev := range missed {
		if err := st.send(ctx, ev); err != nil {
			return err
		}
	}
	ping := time.NewTicker(eventPing)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-ch:
			if !ok {
				return nil
			}
			if err := st.send(ctx, ev); err != nil {
				return err
			}
		case <-ping.C:
			if err := st.write(": still here\n\n"); err != nil {
				return err
			}
		}
	}
}

func (st stream) send(ctx context.Context, ev event) error {
	id := fmt.Sprintf("%d-%d", st.s.opt.Events.epoch, ev.seq)
	if err := st.value(id, "check", ev.check); err != nil {
		return err
	}
	if !brought(ev.check) {
		return nil
	}
	v, err := st.s.opt.Store.Version(ctx, ev.check.Policy, ev.check.Version)
	if err != nil {
		return fmt.Errorf("version of an event: %w", err)
	}
	return st.value(id, "change", v)
}

// brought reports whether a check added a version.
func brought(c policy.Check) bool {
	switch c.Outcome {
	case policy.OutcomeBaseline, policy.OutcomeChanged, policy.OutcomeReverted, policy.OutcomeTechnical:
		return c.Version > 0
	case policy.OutcomeUnchanged, policy.OutcomeNotModified, policy.OutcomeUnconfirmed, policy.OutcomeQuarantined,
		policy.OutcomeRejected, policy.OutcomeSkipped, policy.OutcomeFailed:
	}
	return false
}

// value writes one event. JSON has no line breaks of its own, so a text of a
// vendor cannot begin an event.
func (st stream) value(id, kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return st.write(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", id, kind, data))
}

func (st stream) write(text string) error {
	if _, err := st.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return st.control.Flush()
}
