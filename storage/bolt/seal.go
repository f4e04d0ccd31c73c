package bolt

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"watcher/policy"
)

// seal returns payload with the digest in front that unseal asks for. Bucket
// and key are part of the digest: a flipped bit in a key, or a value that
// ended up under another key, is found as surely as one in the value.
func seal(bucket string, key, payload []byte) []byte {
	sum := sealSum(bucket, key, payload)
	out := make([]byte, 0, len(sum)+len(payload))
	return append(append(out, sum[:]...), payload...)
}

// unseal returns the payload of a sealed value, or policy.ErrDamaged.
func unseal(bucket string, key, value []byte) ([]byte, error) {
	if len(value) < sha256.Size {
		return nil, damaged(bucket, key, "the value is only "+strconv.Itoa(len(value))+" bytes long")
	}
	payload := value[sha256.Size:]
	sum := sealSum(bucket, key, payload)
	if subtle.ConstantTimeCompare(sum[:], value[:sha256.Size]) != 1 {
		return nil, damaged(bucket, key, "the value does not match its digest")
	}
	return payload, nil
}

// sealSum hashes the parts, each after its length, so that no two different
// triples have the same bytes.
func sealSum(bucket string, key, payload []byte) [sha256.Size]byte {
	h := sha256.New()
	var n [8]byte
	for _, part := range [][]byte{[]byte(bucket), key, payload} {
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// damaged names the value that cannot be trusted.
func damaged(bucket string, key []byte, what string) error {
	return fmt.Errorf("%w: bucket %q, key %s: %s (restore a backup; other values stay readable)",
		policy.ErrDamaged, bucket, printable(key), what)
}

// printable shows a key as text when it is text, and in hex otherwise.
func printable(key []byte) string {
	for _, c := range key {
		if c < ' ' || c > '~' {
			return "0x" + hex.EncodeToString(key)
		}
	}
	return strconv.Quote(string(key))
}
