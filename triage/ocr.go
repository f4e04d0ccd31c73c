package triage

import "fmt"

// RuleNeedsOCR holds a PDF whose pages are images: the text, if there is any,
// is in pictures of it, which nobody here reads.
const RuleNeedsOCR = "needs_ocr"

// needsOCR recognises a PDF with next to no text. One without pages never comes
// this far.
func needsOCR(p Page, visible int) string {
	if p.Capture.MediaType != "application/pdf" || tooShort(p, visible) == "" || visible >= MinWords {
		return ""
	}
	return fmt.Sprintf("%d words on the pages of a PDF, which are images: they would have to be read by OCR", visible)
}
