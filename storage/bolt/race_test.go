//go:build race

package bolt

// underRace says that everything takes ten times as long.
const underRace = true
