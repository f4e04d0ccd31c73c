//go:build !linux

package pdftext

// bound has no hard limits to set here: the soft limit on memory and the
// parent's deadline stand.
func bound(_, _ uint64) error { return nil }
