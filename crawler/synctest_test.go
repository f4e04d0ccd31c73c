package crawler

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"watcher/policy"
)

// pipeNet is a network of one server for every name, without sockets, so that
// it lives inside a synctest bubble, where time passes only while all wait.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeNet(t *testing.T, h http.HandlerFunc) *pipeNet {
	t.Helper()
	n := &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Hour}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(n)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return n
}

func (n *pipeNet) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *pipeNet) Close() error {
	n.once.Do(func() { close(n.done) })
	return nil
}

func (n *pipeNet) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (n *pipeNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.done:
		return nil, errors.New("network is down")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newPipeClient returns a client whose every connection ends at h.
func newPipeClient(t *testing.T, h http.HandlerFunc, edit func(*Options)) *Client {
	t.Helper()
	n := newPipeNet(t, h)
	return testClient(t, func(o *Options) {
		o.Dial = n.dial
		if edit != nil {
			edit(o)
		}
	})
}

// retrying is a request that may be repeated up to n times.
func retrying(url string, n int, maxWait time.Duration) policy.Request {
	req := live(url)
	req.MaxRetries, req.MaxWait = n, maxWait
	return req
}
