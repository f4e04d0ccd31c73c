package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"watcher/policy"
	"watcher/storage"
)

// Salvaged says what was saved of a damaged store.
type Salvaged struct {
	// Values is how many values were whole and are in the new file.
	Values int64 `json:"values"`
	// Policies is how many policies are known to it, Rebuilt how many of
	// those had lost their state; their next check makes it true again.
	Policies int `json:"policies"`
	Rebuilt  int `json:"rebuilt"`
}

// salvageGroup is how many values go into one transaction.
const salvageGroup = 2000

// Salvage writes every value of a damaged store that is still whole to a new
// file at path, which must not exist. What is lost is told to emit; the new
// store names it when it is asked for. It trusts nothing in the damaged file,
// but should run in a process of its own, like Verify.
func Salvage(ctx context.Context, damaged, path string, emit func(storage.Problem) error) (got Salvaged, err error) {
	if _, err := os.Lstat(path); err == nil {
		return got, fmt.Errorf("salvage to %s: %w (choose another name)", path, fs.ErrExist)
	}
	f, err := os.Open(damaged) //nolint:gosec // the operator names it
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := lockShared(f); err != nil {
		return got, fmt.Errorf("%s: %w", damaged, err)
	}
	info, err := f.Stat()
	if err != nil {
		return got, err
	}
	s, err := ReadSnapshot(f, info.Size())
	if err != nil {
		return got, err
	}
	c, err := newCodec()
	if err != nil {
		return got, err
	}
	defer c.close()
	to, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoSync: true, NoGrowSync: true})
	if err != nil {
		return got, err
	}
	defer func() {
		if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
			_ = os.Remove(path)
		}
	}()
	v := &verifier{ctx: ctx, file: f, codec: c, emit: emit, index: newIndex()}
	r := &salvager{verifier: v, to: to}
	if err := r.copy(s); err != nil {
		return got, err
	}
	return r.finish()
}

type salvager struct {
	*verifier
	to    *bbolt.DB
	group []found
	saved int64
}

// copy walks the damaged file and keeps what is whole.
func (r *salvager) copy(s Snapshot) error {
	w := newWalker(r.file, s)
	w.tolerate = func(err error) { r.tell(storage.Problem{What: err.Error()}) }
	w.visit = r.keep
	if err := w.spare(w.walk(s.Root, bounds{}, 0)); err != nil {
		return err
	}
	return errors.Join(r.failed, r.flush())
}

func (r *salvager) keep(f found) error {
	problems := r.report.Problems
	if err := r.value(f); err != nil {
		return err
	}
	if r.report.Problems > problems || !slices.Contains(buckets(), f.bucket) {
		return nil
	}
	f.key, f.value = slices.Clone(f.key), slices.Clone(f.value)
	if r.group = append(r.group, f); len(r.group) == salvageGroup {
		return r.flush()
	}
	return nil
}

func (r *salvager) flush() error {
	err := r.to.Update(func(b *bbolt.Tx) error {
		for _, f := range r.group {
			bucket, err := b.CreateBucketIfNotExists([]byte(f.bucket))
			if err != nil {
				return err
			}
			bucket.FillPercent = 1
			if err := bucket.Put(f.key, f.value); err != nil {
				return err
			}
			r.saved++
		}
		return nil
	})
	r.group = r.group[:0]
	return err
}

// finish makes a store of the values: all buckets, counters above everything
// that was ever numbered, and a name, state and place in the schedule for each
// policy that is known by anything.
func (r *salvager) finish() (Salvaged, error) {
	got := Salvaged{Values: r.saved}
	err := r.to.Update(func(b *bbolt.Tx) error {
		for _, name := range buckets() {
			if _, err := b.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		t := &tx{bolt: b, rows: r.codec.rows, onDamage: func() {}}
		if err := errors.Join(t.put(metaBucket, []byte(metaFormat), []byte(formatText())), r.counters(t)); err != nil {
			return err
		}
		for _, k := range slices.Sorted(maps.Keys(union(r.ids, r.names, r.states))) {
			rebuilt, err := r.settle(t, k)
			if err != nil {
				return err
			}
			got.Policies++
			if rebuilt {
				got.Rebuilt++
			}
		}
		return nil
	})
	return got, err
}

// counters sets them so that no number is given twice, not even one whose value
// is lost: lost numbers are smaller than some that are left, or nothing refers to
// them any more.
func (r *salvager) counters(t *tx) error {
	most := map[string]uint64{}
	up := func(bucket string, n uint64) { most[bucket] = max(most[bucket], n) }
	for k := range union(r.ids, r.names, r.states) {
		up(nameBucket, uint64(k))
	}
	for id := range r.captures {
		up(captureBucket, uint64(id))
	}
	for id := range r.stored {
		up(captureBucket, uint64(id))
	}
	for _, b := range r.last {
		up(captureBucket, uint64(max(b.Capture, b.Base)))
	}
	for id := range r.checks {
		up(captureBucket, uint64(id))
	}
	for _, v := range r.versions {
		up(documentBucket, v.document)
		up(changeBucket, v.change)
		up(captureBucket, uint64(v.capture))
	}
	for n := range r.documents {
		up(documentBucket, n)
	}
	for n := range r.changes {
		up(changeBucket, n)
	}
	for n := range r.outbox {
		up(outboxBucket, n)
	}
	for _, n := range r.alerts {
		up(outboxBucket, n)
	}
	for bucket, n := range most {
		b, err := t.bucket(bucket)
		if err != nil {
			return err
		}
		if err := b.SetSequence(n); err != nil {
			return err
		}
	}
	return nil
}

// settle gives a policy back what it lost of its name, state and schedule.
func (r *salvager) settle(t *tx, k policyKey) (rebuilt bool, err error) {
	id := r.ids[k]
	if id == "" {
		id = r.names[k]
	}
	s, known := r.states[k]
	if id == "" {
		id = s.ID
	}
	if id == "" {
		id = policy.ID(fmt.Sprintf("salvaged/policy-%d", k))
	}
	if err := t.putName(k, id); err != nil {
		return false, err
	}
	if !known {
		s = r.stateOf(k, id)
	}
	return !known, t.putState(k, s, s)
}

// stateOf is what the versions tell of a state that is lost: the newest one is
// taken for the head, and a check is due at once.
func (r *salvager) stateOf(k policyKey, id policy.ID) policy.State {
	s := policy.State{ID: id}
	for at, v := range r.versions {
		if at.policy == k && at.number > s.Versions {
			s.Versions, s.Head, s.HeadSHA256 = at.number, at.number, v.digest
		}
	}
	return s
}
