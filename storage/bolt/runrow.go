package bolt

import (
	"encoding/binary"
	"fmt"
	"time"

	"watcher/policy"
)

// A run is rewritten with every check, so its row is short: what its key says is
// not said again, and numbers take the bytes they need.

// pack returns the payload of a run.
func (r *runRow) pack() []byte {
	b := packText(nil, string(r.Outcome))
	b = binary.AppendVarint(b, int64(r.Version))
	b = binary.AppendUvarint(b, flag(r.Confirms))
	b = append(b, r.LastKey[numberLen:]...)      // when, and which check of that time
	b = binary.AppendUvarint(b, uint64(r.Count)) //nolint:gosec // counts from 1
	b = binary.AppendVarint(b, int64(r.LongestGap))
	b = appendTime(b, r.SeenFirst)
	b = appendTime(b, r.SeenLast)
	b = packText(b, r.Rule)
	return packText(b, string(r.Source))
}

func flag(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}

func packText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpackRun reads a run from its key and payload.
func unpackRun(key, payload []byte) (*runRow, error) {
	u := &unpacker{left: payload}
	r := &runRow{}
	r.Outcome, r.Version, r.Confirms = policy.Outcome(u.text()), int(u.varint()), u.uvarint() == 1
	last := u.bytes(timeLen + numberLen)
	r.Count, r.LongestGap = int(u.uvarint()), time.Duration(u.varint()) //nolint:gosec // as it was packed
	r.SeenFirst, r.SeenLast = u.time(), u.time()
	r.Rule, r.Source = u.text(), policy.Source(u.text())
	if u.bad || len(u.left) > 0 || len(key) < numberLen+timeLen {
		return nil, fmt.Errorf("%w: a run of the ledger is not one", policy.ErrDamaged)
	}
	r.LastKey = append(append([]byte(nil), key[:numberLen]...), last...)
	var err error
	if r.First, err = parseTime(key[numberLen:]); err != nil {
		return nil, err
	}
	r.Last, err = parseTime(last)
	return r, err
}

// unpacker reads values off a payload. bad is set once it ended too early.
type unpacker struct {
	left []byte
	bad  bool
}

func (u *unpacker) skip(n int) {
	if n <= 0 {
		u.bad = true
		return
	}
	u.left = u.left[n:]
}

func (u *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(u.left)
	u.skip(n)
	return v
}

func (u *unpacker) varint() int64 {
	v, n := binary.Varint(u.left)
	u.skip(n)
	return v
}

// bytes returns n bytes, zeros when there are not that many.
func (u *unpacker) bytes(n int) []byte {
	if n > len(u.left) {
		u.bad = true
		return make([]byte, timeLen+numberLen)
	}
	b := u.left[:n]
	u.left = u.left[n:]
	return b
}

func (u *unpacker) text() string {
	n := u.uvarint()
	if n > uint64(len(u.left)) {
		u.bad = true
		return ""
	}
	return string(u.bytes(int(n))) //nolint:gosec // no longer than the payload
}

func (u *unpacker) time() time.Time {
	t, err := parseTime(u.bytes(timeLen))
	u.bad = u.bad || err != nil
	return t
}
