package crawler

import (
	"context"
	"strings"
	"sync"
	"time"
)

// pacer keeps the distance to hosts: one request in flight per host, a delay
// after each, and a cap over all hosts.
//
// A host's slot is given back by a timer after the delay. So a waiter has a
// single channel to wait on, gives up at once when its context ends, and no
// jump of a clock can lengthen or shorten the pause.
type pacer struct {
	delay  time.Duration
	clock  func() time.Time
	global chan struct{}
	*hostTable
}

// hostTable holds the turns and rests of all hosts. Clients that follow one
// another over a reload share it, so that a reload is no way around the pace.
type hostTable struct {
	mu    sync.Mutex
	hosts map[string]*hostSlot
	rests rests
}

// hostSlot is the turn of one host. refs counts those who hold it, wait for it
// or let it cool, so that the map forgets hosts nobody is interested in.
type hostSlot struct {
	turn chan struct{}
	refs int
}

func newPacer(o Options) *pacer {
	return &pacer{
		delay: o.PerHostDelay, clock: o.Clock, global: make(chan struct{}, o.Concurrency),
		hostTable: &hostTable{hosts: map[string]*hostSlot{}, rests: rests{until: map[string]time.Time{}}},
	}
}

// turnKey names the turn that a host and port belong to: plain http and https
// on their own ports are one server to whoever runs it.
func turnKey(host string) string {
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}

// acquire waits for the turn of host and then for a place under the global
// cap, in this order, so that a queue at one slow host does not keep others
// waiting. The returned function gives both back, the host's after the delay or a
// longer linger, and must be called once. A host that asked to be left alone
// gives no turn: the error is a *restingError.
func (p *pacer) acquire(ctx context.Context, host string) (release func(linger time.Duration), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	host = turnKey(host)
	if err := p.rests.check(host, p.clock()); err != nil {
		return nil, err
	}
	s := p.ref(host)
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		p.unref(host, s)
		return nil, ctx.Err()
	}
	// Who had the turn before may have been told to stay away.
	if err := p.rests.check(host, p.clock()); err != nil {
		p.free(host, s)
		return nil, err
	}
	select {
	case p.global <- struct{}{}:
	case <-ctx.Done():
		p.free(host, s)
		return nil, ctx.Err()
	}
	return func(linger time.Duration) {
		<-p.global
		p.cool(host, s, max(p.delay, linger))
	}, nil
}

// cool gives the turn of host back after the delay.
func (p *pacer) cool(host string, s *hostSlot, delay time.Duration) {
	if delay <= 0 {
		p.free(host, s)
		return
	}
	time.AfterFunc(delay, func() { p.free(host, s) })
}

func (p *pacer) free(host string, s *hostSlot) {
	<-s.turn
	p.unref(host, s)
}

func (p *pacer) ref(host string) *hostSlot {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.hosts[host]
	if !ok {
		s = &hostSlot{turn: make(chan struct{}, 1)}
		p.hosts[host] = s
	}
	s.refs++
	return s
}

func (p *pacer) unref(host string, s *hostSlot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.refs--
	if s.refs == 0 {
		delete(p.hosts, host)
	}
}

// lease is the turn that one redirect chain holds. It keeps the turn while the
// chain stays on a host and gives it back before it asks for another one: two
// chains that redirect into each other's host would otherwise wait for ever.
type lease struct {
	pacer   *pacer
	host    string
	release func(linger time.Duration)
	// linger is how long the host wants to be left alone afterwards, if that is
	// longer than the delay.
	linger time.Duration
}

// move makes the lease one of host, waiting for the turn if it has to.
func (l *lease) move(ctx context.Context, host string) error {
	host = turnKey(host)
	if l.release != nil && l.host == host {
		return nil
	}
	l.end()
	release, err := l.pacer.acquire(ctx, host)
	if err != nil {
		return err
	}
	l.host, l.release = host, release
	return nil
}

// end gives the turn back; it may be called more than once.
func (l *lease) end() {
	if l.release != nil {
		l.release(l.linger)
		l.release, l.linger = nil, 0
	}
}

// rest notes that the host of the lease wants no requests for d.
func (l *lease) rest(d time.Duration) {
	if l.release != nil {
		l.pacer.rests.note(l.host, l.pacer.clock(), d)
	}
}
