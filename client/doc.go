// Package client reads a running daemon through its HTTP API as if it were the
// store itself, and asks it to do work: commands use it while a daemon holds
// the store's lock, and with --url for a remote one.
//
// The errors of package policy survive the way: what the daemon answers as
// "not found" or "damaged" is policy.ErrNotFound or policy.ErrDamaged here. The
// daemon is trusted no further than needed: answers are bounded, redirects are
// not followed (they would carry the token elsewhere), and the bytes of a
// capture are proved against the digest of that capture.
package client
