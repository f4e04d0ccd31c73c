package pdftext

import (
	"fmt"
	"testing"

	"watcher/normalize"
)

// thirtyPages is a file of 30 pages with 45 lines each, about 14,000 words.
func thirtyPages() []byte {
	var pages [][]string
	for p := range 30 {
		var lines []string
		for l := range 45 {
			lines = append(lines, fmt.Sprintf("Line %d of page %d says which personal data we keep, and for how long we keep them.", l, p))
		}
		pages = append(pages, lines)
	}
	return makePDF(pages...)
}

// BenchmarkRead reads a file of 30 pages as the child does.
func BenchmarkRead(b *testing.B) {
	body := thirtyPages()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if pages, err := read(body); err != nil || len(pages) != 30 {
			b.Fatal(len(pages), err)
		}
	}
}

// BenchmarkReader reads it in a process of its own.
func BenchmarkReader(b *testing.B) {
	body, read := thirtyPages(), reader(b)
	b.ReportAllocs()
	for b.Loop() {
		if pages, err := read(body); err != nil || len(pages) != 30 {
			b.Fatal(len(pages), err)
		}
	}
}

// BenchmarkDocument makes a document of the pages.
func BenchmarkDocument(b *testing.B) {
	pages, err := read(thirtyPages())
	if err != nil {
		b.Fatal(err)
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		b.Fatal(err)
	}
	n = n.WithPDF(func([]byte) ([]normalize.PDFPage, error) { return pages, nil })
	in := normalize.Input{Body: []byte("%PDF-"), MediaType: "application/pdf"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Document(in); err != nil {
			b.Fatal(err)
		}
	}
}
