package storagetest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"watcher/storage"
)

// Case is one promise of storage.Store.
type Case struct {
	Name string
	run  func(*probe)
}

// Reopener is a store that can be closed and opened again on the same data, as
// after a restart of the program. The store is not used after Reopen. Cases
// that need it are skipped for stores without it.
type Reopener interface {
	storage.Store
	Reopen() (storage.Store, error)
}

// ErrSkipped is returned for a case that does not apply to a store.
var ErrSkipped = errors.New("case does not apply")

// Cases returns all cases.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{
		readCases(), commitCases(), fillCases(), bodyCases(), claimCases(), syncCases(), outboxCases(),
		outboxReadCases(), deliveryCases(), lifeCases(), ledgerCases(),
	} {
		all = append(all, group...)
	}
	return all
}

// Check runs the case against a fresh and empty store and returns what it
// found wrong.
func (c Case) Check(ctx context.Context, s storage.Store) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case failure:
			err = v.err
		default:
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	c.run(&probe{ctx: ctx, store: s})
	return nil
}

// Run runs all cases as subtests, each against a store of its own. open
// registers what it needs for cleaning up.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			err := c.Check(t.Context(), open(t))
			if errors.Is(err, ErrSkipped) {
				t.Skip(err)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// Readers proves a storage.Reader that stands in front of a store (a client of
// its API, for example): filled with a history of every kind of row, reader
// must answer every question as the store itself does, errors included.
func Readers(t *testing.T, open func(t *testing.T) storage.Store, reader func(t *testing.T, s storage.Store) storage.Reader) {
	t.Helper()
	s := open(t)
	fill := Case{run: func(p *probe) { p.history() }}
	if err := fill.Check(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r := reader(t, s)
	for _, q := range questions() {
		t.Run(q.name, func(t *testing.T) {
			want, wantErr := q.ask(t.Context(), s)
			got, err := q.ask(t.Context(), r)
			if class(err) != class(wantErr) {
				t.Fatalf("error is %v, the store's is %v", err, wantErr)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err == nil && diff != "" {
				t.Errorf("answer differs from the store's (-store +reader):\n%s", diff)
			}
		})
	}
}

// failure ends a case; Check turns it into its error.
type failure struct{ err error }

// probe is a case at work. Its methods end the case when something is wrong;
// they must not be called from other goroutines than the case's own.
type probe struct {
	ctx   context.Context //nolint:containedctx // the context of the case, which is one call
	store storage.Store
}

func (p *probe) failf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// must ends the case if err is set.
func (p *probe) must(what string, err error) {
	if err != nil {
		p.failf("%s: %w", what, err)
	}
}

// refused ends the case unless err is target.
func (p *probe) refused(what string, err, target error) {
	if !errors.Is(err, target) {
		p.failf("%s: error is %v, want %v", what, err, target)
	}
}

// equal ends the case unless got is want; nil and empty lists are the same.
func (p *probe) equal(what string, got, want any) {
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		p.failf("%s is not as expected (-want +got):\n%s", what, diff)
	}
}

// get returns v and ends the case if err is set. It wraps calls of the store.
func get[T any](p *probe, what string) func(T, error) T {
	return func(v T, err error) T {
		p.must(what, err)
		return v
	}
}
