// Package upkeep looks after the store while the daemon runs: it makes and
// verifies copies, verifies the store itself, lets go of what has had its time,
// and stops the checks while the disk is nearly full.
package upkeep
