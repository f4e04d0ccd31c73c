//go:build race

package pdftext

// raceSlack is how much more memory the race detector takes, as a factor.
const raceSlack = 8
