//go:build race

package pdftext

// raceFactor is how much more memory the race detector takes, as a factor.
const raceFactor = 8
