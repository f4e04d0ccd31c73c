//go:build !race

package pdftext

const raceSlack = 1
