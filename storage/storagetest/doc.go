// Package storagetest is the conformance suite of storage.Store: what every
// engine must do, as cases that an engine's own test runs.
//
// A case gets a fresh store and returns an error, so that it can also be run
// against a store that is broken on purpose: a suite that finds nothing there
// would prove nothing elsewhere.
package storagetest
