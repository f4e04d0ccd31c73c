// Package bolt is the embedded engine: one bbolt file that holds everything
// the program remembers. It is the only importer of go.etcd.io/bbolt.
//
// # Layout of format 2
//
// A policy is known inside the file by a number, its key; ids and names map
// between the two, so that a rename touches two rows and no history. Keys of
// rows are big-endian, so that order in the file is order in time. A time in
// a key is 12 bytes: seconds with the sign bit flipped, then nanoseconds.
//
//	meta       "format", "created", "session", "verified"
//	ids        policy id                      → policy key
//	names      policy key                     → policy id
//	states     policy key                     → state (JSON)
//	claims     policy key                     → lease and fence (JSON)
//	due        next check | policy key        → nothing
//	lastbody   policy key                     → the capture that holds the newest body (JSON)
//	captures   capture id                     → capture without body (JSON)
//	bodies     capture id                     → codec byte, body or what differs from an earlier one
//	versions   policy key | number            → version (JSON)
//	documents  sequence                       → document (zstd of JSON)
//	changes    sequence                       → change (zstd of JSON)
//	timeline   captured at | policy key | number → nothing; versions with a change
//	checks     policy key | at | sequence     → check (JSON)
//	runs       key of the first check         → checks in a row that ended alike (packed)
//	uptime     sequence                       → a stretch of time in which somebody watched (JSON)
//	outbox     sequence                       → alert and its lease (JSON)
//	alerts     alert id                       → sequence in outbox
//	queue      state | receiver | sequence    → when it was first due; undelivered alerts
//	silences   silence id                     → silence (JSON)
//	breaker    "breaker"                      → state of the mass-change breaker (JSON)
//
// Every value begins with a SHA-256 over its bucket, its key and its payload,
// which is checked whenever it is read: bbolt has no page checksums, and its
// own check sees none of the flipped bits in values (etcd-io/bbolt#492). The
// format and seal of the bucket meta are part of every future format.
//
// The ledger in runs is made from checks and can be made again: a policy whose
// newest run does not end with its newest check (an older program wrote that)
// has its runs derived when they are read, and written at its next check.
//
// # Writing
//
// All writes pass through one goroutine that runs what has queued up while
// the last fsync ran as one transaction. The freelist is written when the
// store is closed, not at commits (it would be written whole each time); after a
// kill it is rebuilt when the file is opened. The address space for the file is
// reserved at once, because a writer that must grow the map waits for every open
// reader.
package bolt
