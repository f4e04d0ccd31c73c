// Package triage answers two questions about a capture, without any I/O and
// without a clock.
//
// The gate asks: is this page really the policy? Screen looks at status,
// headers and type before anything is parsed, Gate at the visible text and at
// what was accepted before. Their answer is a policy.Verdict with the rule that
// decided and its evidence.
//
// Decide asks: is the text news? It knows the texts that were accepted before
// and the one that waits for a second sighting.
package triage
