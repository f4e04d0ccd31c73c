package triage

import (
	"strings"
	"testing"

	"watcher/policy"
)

// TestNeedsOCR: a PDF without text is told apart from a page that is too short.
func TestNeedsOCR(t *testing.T) {
	const pdf, html = "application/pdf", "text/html"
	for name, tc := range map[string]struct {
		media, text string
		minWords    int
		want        string
	}{
		"no text":        {pdf, "", 0, RuleNeedsOCR},
		"a stamp":        {pdf, "Scanned by the office", 0, RuleNeedsOCR},
		"short page":     {html, "Scanned by the office", 0, RuleTooShort},
		"wanted short":   {pdf, "We process personal data and cookies for our services; you have rights.", 5, ""},
		"text":           {pdf, strings.Repeat("We process your personal data and cookies for our services. ", 20), 0, ""},
		"below a demand": {pdf, strings.Repeat("We process your personal data and cookies for our services. ", 20), 5000, RuleTooShort},
	} {
		doc := policy.Document{Full: tc.text, Sections: []policy.Section{{Blocks: []policy.Block{{Kind: policy.Paragraph, Text: tc.text}}}}}
		v := Gate(Page{Policy: policy.Policy{MinWords: tc.minWords}, Capture: policy.Capture{MediaType: tc.media}, Document: doc})
		if v.Rule != tc.want {
			t.Errorf("%s: rule %q (%s), want %q", name, v.Rule, v.Evidence, tc.want)
		}
	}
}
