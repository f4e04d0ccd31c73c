package bolt

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/storage/storagetest"
)

// The stores below are broken on purpose, each in one way. TestTeeth proves
// that the conformance suite notices: the named case must fail.

// A forgetful store commits whatever the head is.
type noHeadCheck struct{ storage.Store }

func (s noHeadCheck) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	state, err := s.State(ctx, o.Claim.Policy)
	if err != nil {
		return storage.Receipt{}, err
	}
	o.Expect = state.HeadRef()
	return s.Store.Commit(ctx, o)
}

type noFenceCheck struct{ storage.Store }

func (s noFenceCheck) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	claims, err := s.Claim(ctx, storage.ClaimQuery{Now: o.Check.At.Add(1000 * time.Hour), For: time.Hour, IDs: []policy.ID{o.Claim.Policy}})
	if err != nil {
		return storage.Receipt{}, err
	}
	if len(claims) == 1 {
		o.Claim = claims[0]
	}
	return s.Store.Commit(ctx, o)
}

// A stubborn store lets every writer win, one after the other.
type stubborn struct {
	storage.Store
	mu *sync.Mutex
}

func (s stubborn) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return noHeadCheck{noFenceCheck{s.Store}}.Commit(ctx, o)
}

// A half-done store leaves the check behind when it refuses the rest.
type halfWritten struct{ storage.Store }

func (s halfWritten) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	r, err := s.Store.Commit(ctx, o)
	if err != nil {
		rest := o
		rest.Expect, rest.Versions, rest.Alerts, rest.Capture = o.Claim.State.HeadRef(), nil, nil, nil
		rest.State = o.Claim.State
		_, _ = s.Store.Commit(ctx, rest)
	}
	return r, err
}

type openLease struct{ storage.Store }

func (s openLease) LeaseAlerts(ctx context.Context, q storage.LeaseQuery) ([]policy.Alert, error) {
	q.For = 0
	return s.Store.LeaseAlerts(ctx, q)
}

type unorderedLease struct{ storage.Store }

func (s unorderedLease) LeaseAlerts(ctx context.Context, q storage.LeaseQuery) ([]policy.Alert, error) {
	out, err := s.Store.LeaseAlerts(ctx, q)
	slices.Reverse(out)
	return out, err
}

type openClaim struct{ storage.Store }

func (s openClaim) Claim(ctx context.Context, q storage.ClaimQuery) ([]storage.Claim, error) {
	q.For = 0
	return s.Store.Claim(ctx, q)
}

type numberOrder struct{ storage.Store }

func (s numberOrder) Versions(ctx context.Context, id policy.ID) ([]policy.Version, error) {
	out, err := s.Store.Versions(ctx, id)
	slices.SortFunc(out, func(a, b policy.Version) int { return a.Number - b.Number })
	return out, err
}

// A leaking store finds by prefix and forgets the separator.
type prefixLeak struct{ storage.Store }

func (s prefixLeak) Versions(ctx context.Context, id policy.ID) ([]policy.Version, error) {
	states, err := s.States(ctx)
	if err != nil {
		return nil, err
	}
	var all []policy.Version
	for _, st := range states {
		if len(st.ID) < len(id) || st.ID[:len(id)] != id {
			continue
		}
		out, err := s.Store.Versions(ctx, st.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, out...)
	}
	return all, nil
}

type deafSync struct{ storage.Store }

func (s deafSync) Sync(ctx context.Context, policies []policy.Policy, now time.Time) error {
	for i := range policies {
		policies[i].Formerly = nil
	}
	return s.Store.Sync(ctx, policies, now)
}

type tellsTwice struct{ storage.Store }

func (s tellsTwice) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	r, err := s.Store.Commit(ctx, o)
	for _, a := range o.Alerts {
		if err == nil {
			err = s.RequeueAlert(ctx, a.ID, o.Check.At)
		}
	}
	return r, err
}

// A lazy ledger knows checks one by one.
type runPerCheck struct{ storage.Store }

func (s runPerCheck) Runs(ctx context.Context, id policy.ID, _ storage.RunQuery) ([]policy.Run, error) {
	list, err := s.Checks(ctx, id, storage.CheckQuery{})
	var out []policy.Run
	for _, c := range list {
		out = append(out, policy.NewRun(c))
	}
	return out, err
}

// A ledger that only grows takes a check of the past for one of the present.
type ledgerGrows struct{ storage.Store }

func (s ledgerGrows) Runs(ctx context.Context, id policy.ID, q storage.RunQuery) ([]policy.Run, error) {
	out, err := s.Store.Runs(ctx, id, q)
	slices.SortStableFunc(out, func(a, b policy.Run) int { return b.Last.Compare(a.Last) })
	for i := range out {
		out[i].Count = max(out[i].Count-1, 1)
	}
	return out, err
}

// A sleepless store lets no stretch end.
type sleepless struct{ storage.Store }

func (s sleepless) Beat(ctx context.Context, now time.Time, _ time.Duration) error {
	return s.Store.Beat(ctx, now, 1000*time.Hour)
}

type alwaysChecks struct{ storage.Store }

func (s alwaysChecks) Commit(ctx context.Context, o storage.Observation) (storage.Receipt, error) {
	if o.Check.Outcome == "" {
		o.Check.Outcome = policy.OutcomeTechnical
	}
	return s.Store.Commit(ctx, o)
}

func TestTeeth(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(storage.Store) storage.Store
		fails string
	}{
		"no head check":      {func(s storage.Store) storage.Store { return noHeadCheck{s} }, "a moved head refuses the commit whole"},
		"no fence check":     {func(s storage.Store) storage.Store { return noFenceCheck{s} }, "an older fence refuses the commit whole"},
		"everybody wins":     {func(s storage.Store) storage.Store { return stubborn{s, &sync.Mutex{}} }, "sixteen writers of a version, one wins"},
		"refusal half done":  {func(s storage.Store) storage.Store { return halfWritten{s} }, "a moved head refuses the commit whole"},
		"lease hides not":    {func(s storage.Store) storage.Store { return openLease{s} }, "leased alerts are hidden until the lease expires"},
		"lease out of order": {func(s storage.Store) storage.Store { return unorderedLease{s} }, "alerts are handed out in order"},
		"claim hides not":    {func(s storage.Store) storage.Store { return openClaim{s} }, "a claim hides a policy until it expires"},
		"order by number":    {func(s storage.Store) storage.Store { return numberOrder{s} }, "versions are ordered by first sight"},
		"prefix leak":        {func(s storage.Store) storage.Store { return prefixLeak{s} }, "policies whose ids share a prefix stay apart"},
		"rename ignored":     {func(s storage.Store) storage.Store { return deafSync{s} }, "a renamed policy takes its history along"},
		"a run per check":    {func(s storage.Store) storage.Store { return runPerCheck{s} }, "checks that end alike are one run"},
		"ledger only grows":  {func(s storage.Store) storage.Store { return ledgerGrows{s} }, "the ledger says what the checks say"},
		"sleepless":          {func(s storage.Store) storage.Store { return sleepless{s} }, "stretches of watching"},
		"a check by itself":  {func(s storage.Store) storage.Store { return alwaysChecks{s} }, "an observation without a check adds none"},
		"alert told twice":   {func(s storage.Store) storage.Store { return tellsTwice{s} }, "a known alert is left alone"},
		"head text only":     {func(s storage.Store) storage.Store { return headTextOnly{s} }, "every version keeps its own text and body"},
		"anybody's capture":  {func(s storage.Store) storage.Store { return anybodysCapture{s} }, "unknown ids are not found"},
		"body cut short":     {func(s storage.Store) storage.Store { return bodyCutShort{s} }, "a large body"},
		"oldest checks":      {func(s storage.Store) storage.Store { return oldestChecks{s} }, "checks, newest first"},
		"all changes":        {func(s storage.Store) storage.Store { return allChanges{s} }, "recent changes, newest first"},
		"delivery forgotten": {func(s storage.Store) storage.Store { return forgetsDelivery{s} }, "delivered, dead and parked alerts are not handed out"},
		"claims kept":        {func(s storage.Store) storage.Store { return keepsClaims{s} }, "a released policy is free at once"},
		"retired deleted":    {func(s storage.Store) storage.Store { return deletesRetired{s} }, "policies leave and return with their history"},
		"local times":        {func(s storage.Store) storage.Store { return localTimes{s} }, "times are stored in UTC"},
		"silently empty":     {func(s storage.Store) storage.Store { return silentlyEmpty{s} }, "unknown ids are not found"},
	} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(storagetest.Cases(), func(c storagetest.Case) bool { return c.Name == tc.fails })
			if i < 0 {
				t.Fatalf("there is no case %q", tc.fails)
			}
			c := storagetest.Cases()[i]
			if err := c.Check(t.Context(), open(t)); err != nil {
				t.Fatalf("the case fails for the sound store: %v", err)
			}
			if err := c.Check(t.Context(), tc.spoil(open(t))); err == nil {
				t.Errorf("the case %q passes for a store that is broken", tc.fails)
			}
		})
	}
}
