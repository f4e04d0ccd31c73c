package bolt

import (
	"encoding/binary"
	"fmt"
	"time"

	"watcher/policy"
)

// The buckets. Their layout is described in the package comment.
const (
	metaBucket     = "meta"
	idBucket       = "ids"
	nameBucket     = "names"
	stateBucket    = "states"
	claimBucket    = "claims"
	dueBucket      = "due"
	lastBodyBucket = "lastbody"
	captureBucket  = "captures"
	bodyBucket     = "bodies"
	versionBucket  = "versions"
	documentBucket = "documents"
	changeBucket   = "changes"
	timelineBucket = "timeline"
	checkBucket    = "checks"
	outboxBucket   = "outbox"
	alertBucket    = "alerts"
	queueBucket    = "queue"
	runBucket      = "runs"
	uptimeBucket   = "uptime"
	silenceBucket  = "silences"
	breakerBucket  = "breaker"
)

// buckets returns the names of all buckets, sorted.
func buckets() []string {
	return []string{
		alertBucket, bodyBucket, breakerBucket, captureBucket, changeBucket, checkBucket, claimBucket, documentBucket,
		dueBucket, idBucket, lastBodyBucket, metaBucket, nameBucket, outboxBucket, queueBucket,
		runBucket, silenceBucket, stateBucket, timelineBucket, uptimeBucket, versionBucket,
	}
}

// checkFill is how full pages of checks are when they are split. New ones come at
// the end of their policy's, where bbolt's half would leave halves behind.
const checkFill = 0.9

// appendOnly reports whether new keys of a bucket are always its greatest and
// rows never change, so that its pages can be filled to the brim.
func appendOnly(bucket string) bool {
	switch bucket {
	case captureBucket, bodyBucket, documentBucket, changeBucket:
		return true
	}
	return false
}

const (
	numberLen = 8
	timeLen   = 12
	signBit   = 1 << 63
)

// policyKey is the number by which the file knows a policy. The zero key
// stands for "no policy of this store".
type policyKey uint64

func (k policyKey) bytes() []byte { return number(uint64(k)) }

// number is the key form of a sequence number.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// parseNumber reads the number at the end of a key or value.
func parseNumber(b []byte) (uint64, error) {
	if len(b) < numberLen {
		return 0, fmt.Errorf("%w: a number of %d bytes", policy.ErrDamaged, len(b))
	}
	return binary.BigEndian.Uint64(b[len(b)-numberLen:]), nil
}

// appendTime appends the sortable form of t, which keeps nanoseconds and has
// room for every time that time.Time can hold.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Unix())^signBit)  //nolint:gosec // two's complement, order kept by the flipped bit
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond())) //nolint:gosec // below 1e9
}

// parseTime reads the time at the beginning of a key or value.
func parseTime(b []byte) (time.Time, error) {
	if len(b) < timeLen {
		return time.Time{}, fmt.Errorf("%w: a time of %d bytes", policy.ErrDamaged, len(b))
	}
	sec := int64(binary.BigEndian.Uint64(b) ^ signBit) //nolint:gosec // the inverse of appendTime
	return time.Unix(sec, int64(binary.BigEndian.Uint32(b[8:]))).UTC(), nil
}

func versionKey(k policyKey, n int) []byte {
	return binary.BigEndian.AppendUint64(k.bytes(), uint64(n)) //nolint:gosec // version numbers are positive
}

func dueKey(next time.Time, k policyKey) []byte {
	return append(appendTime(nil, next), k.bytes()...)
}

func timelineKey(at time.Time, k policyKey, n int) []byte {
	return append(appendTime(nil, at), versionKey(k, n)...)
}

// maxSeq stands behind every sequence number of a key.
const maxSeq = 1<<64 - 1

// checkKey is the key of a check, and of the run that it is the first of.
func checkKey(k policyKey, at time.Time, seq uint64) []byte {
	return append(checkPrefix(k, at), number(seq)...)
}

func checkPrefix(k policyKey, at time.Time) []byte { return appendTime(k.bytes(), at) }

// queuePrefix begins the keys of a receiver's alerts in one state. The length
// in front of the name keeps "team" apart from "team-b".
func queuePrefix(s policy.AlertState, receiver string) []byte {
	b := []byte{queueLetter(s)}
	b = binary.BigEndian.AppendUint32(b, uint32(len(receiver))) //nolint:gosec // bounded by maxNameLen
	return append(b, receiver...)
}

func queueKey(a policy.Alert) []byte {
	return append(queuePrefix(a.State, a.Receiver), number(a.Seq)...)
}

// parseQueueKey splits a key of the queue.
func parseQueueKey(key []byte) (letter byte, receiver string, seq uint64, err error) {
	const head = 1 + 4
	if len(key) < head+numberLen {
		return 0, "", 0, fmt.Errorf("%w: a queue key of %d bytes", policy.ErrDamaged, len(key))
	}
	seq, err = parseNumber(key)
	return key[0], string(key[head : len(key)-numberLen]), seq, err
}

// queueLetter is the first byte of an alert's key in the queue, 0 for delivered
// and silenced alerts, which are not in it.
func queueLetter(s policy.AlertState) byte {
	switch s {
	case policy.AlertPending:
		return 'p'
	case policy.AlertParked:
		return 'k'
	case policy.AlertDead:
		return 'd'
	case policy.AlertHeld:
		return 'h'
	case policy.AlertDelivered, policy.AlertSilenced:
	}
	return 0
}
