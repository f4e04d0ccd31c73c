// Package watch is the check: capture, gate, normalise, triage, compare,
// commit; and the loop that runs the checks that are due.
//
// Everything before the commit either is pure or only reads, so that a dry run
// is the same code without the last step. What is written is one
// storage.Observation per check, in one transaction, or nothing.
package watch
