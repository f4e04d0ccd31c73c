// Package evidence reads the containers in which others keep captures, and writes
// them. So far that is WARC (ISO 28500, versions 1.0 and 1.1), plain or with
// gzip or zstd members.
//
// Archives are hostile input: every length is bounded before it is believed,
// and a damaged record ends the reading with an error that names its place.
package evidence
