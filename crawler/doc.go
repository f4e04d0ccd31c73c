// Package crawler makes one polite capture of a policy's page: the bytes as the
// server meant them, with everything needed to prove later where they came from.
//
// A capture is one [Client.Capture]. Below it stand, outermost first: the retry
// loop (retry.go), the redirect chain (chain.go), the pace kept per host
// (pace.go, rest.go), one HTTP exchange (exchange.go) with its request
// (request.go), and the reading of the body (body.go, pieces.go, decode.go). The
// dialler refuses addresses that a vendor must not be able to reach (guard.go),
// also where it goes through a proxy (proxy.go).
//
// All of that is one http.RoundTripper. colly stands over it as a shell that
// sees a single request and a single, final, already decoded answer
// (shell.go): its own limits, cookies, redirects, gzip and charset handling,
// each of which can change or cut a page silently, have nothing left to do.
//
// The package promises that a body is whole or there is an error, never a
// shorter page; that no more than the configured bytes are held in memory; and
// that a host sees one request at a time, at the configured distance, and none
// while it asks for none.
package crawler
