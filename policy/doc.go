// Package policy holds the nouns that every other package speaks: vendors and
// their policies, captures, documents, versions, changes, checks, events and
// alerts, together with their ids, digests and errors.
//
// The package does no I/O and imports nothing but the standard library. Its
// values are plain data: the JSON form given by the struct tags is the form in
// which engines store them and in which the API serves them.
package policy
