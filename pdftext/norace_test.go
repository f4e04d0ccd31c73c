//go:build !race

package pdftext

const raceFactor = 1
