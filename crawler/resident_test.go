//go:build !race

package crawler

// maxResident is what eight hostile servers at once may make us hold, in bytes.
const maxResident = 160_000_000
