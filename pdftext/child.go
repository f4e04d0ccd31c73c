package pdftext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/ledongthuc/pdf"

	"watcher/normalize"
)

// The bounds of a child. The longest of 29 real policies has 49 pages.
const (
	maxFile   = 64 << 20 // bytes
	maxPages  = 500
	maxOutput = 32 << 20  // bytes of JSON
	maxMemory = 512 << 20 // bytes of data; the system ends a child that wants more
	maxCPU    = 45        // seconds, for a child whose parent is gone
	// maxGlyphs bounds the letters of a file, five times those of the longest
	// policy.
	maxGlyphs = 1_000_000
)

// Errors of files whose text cannot be read.
var (
	// ErrPDF marks all of them.
	ErrPDF = errors.New("the PDF cannot be read")
	// ErrEncrypted is wrapped beside ErrPDF when a password is asked for.
	ErrEncrypted = errors.New("it is encrypted and asks for a password (ask the vendor for an open edition, or watch an HTML page)")
)

// Child reads a PDF from in and writes its pages to out, as a JSON list of
// normalize.PDFPage. It is what the hidden command of the program does. Its
// process is bounded from here on: it is of no other use. Errors wrap ErrPDF.
func Child(in io.Reader, out io.Writer) error {
	debug.SetMemoryLimit(maxMemory / 2)
	if err := bound(maxMemory, maxCPU); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return err
	}
	pages, err := read(body)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(pages)
}

// read returns the pages of a file.
func read(body []byte) (pages []normalize.PDFPage, err error) {
	defer func() {
		if v := recover(); v != nil {
			pages, err = nil, fmt.Errorf("%w: %v", ErrPDF, v)
		}
	}()
	if len(body) > maxFile {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrPDF, maxFile>>20)
	}
	body = tidy(body)
	r, err := pdf.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, asEncrypted(err)
	}
	tree, err := pageTree(r)
	if err != nil {
		return nil, err
	}
	t := readTags(r)
	fonts := fontCache{}
	left := maxGlyphs
	drawn := make([][]glyph, len(tree))
	for i, p := range tree {
		c := content{fonts: fonts, tags: t.of(p.ref), left: &left}
		c.page(p)
		drawn[i] = c.out
		pages = append(pages, normalize.PDFPage{Height: c.height})
	}
	if left < 0 {
		return nil, fmt.Errorf("%w: more than %d letters", ErrPDF, maxGlyphs)
	}
	trusted := believed(drawn)
	for i := range pages {
		if !trusted {
			withoutTags(drawn[i])
		}
		pages[i].Lines = layout(drawn[i], trusted)
	}
	return pages, nil
}

// asEncrypted tells a password from other ills.
func asEncrypted(err error) error {
	if errors.Is(err, pdf.ErrInvalidPassword) || strings.Contains(err.Error(), "encryption") {
		return fmt.Errorf("%w: %w", ErrPDF, ErrEncrypted)
	}
	return fmt.Errorf("%w: %w (open the file and save it anew)", ErrPDF, err)
}
