// Package normalize turns the bytes of a capture into a policy.Document: the
// charset is decoded, the page is parsed, boilerplate is left out, and what
// remains becomes sections, blocks and the dates that the document claims of
// itself.
//
// The package is pure: a Document is a function of the bytes, the declared
// content type, the URL and the selectors, and of nothing else. It does no I/O
// and has no clock, so that a stored body gives the same text years later.
//
// Both media, HTML and plain text, are first read into a flat list of units
// (one per line that a reader sees); everything after that, from implicit
// headings to the removal of menu noise, is shared. Whatever is left out is
// named in Document.Dropped by one rule each, and Document.Full keeps it.
//
// A document takes about one and a half times as long as to parse its page with
// x/net/html and to walk over the tree, and three bytes of allocations per byte
// (BenchmarkReplay, over real pages). What the parser need not see is kept from
// it, see lean.
//
// The thresholds of the pruning rules were measured on histories of public
// policies: an extraction that loses text is worse than one that keeps noise,
// so every rule has a safety valve.
package normalize
