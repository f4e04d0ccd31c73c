//go:build race

package crawler

// maxResident is what eight hostile servers at once may make us hold, in bytes.
// The race detector needs as much again for itself; without our bounds it is
// more than 440 MB.
const maxResident = 340_000_000
