package normalize

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"strings"

	"watcher/policy"
)

// ruleset numbers the behaviour of this package. Any change that may alter the
// text of a document must raise it, so that documents made by different rules
// are never compared with each other.
const ruleset = "5"

// ErrUnsupported means that the body is of a kind that has no text for us. It
// is wrapped with what was met and with a hint.
var ErrUnsupported = errors.New("unsupported content")

// Input is what a capture knows of its body.
type Input struct {
	// Body holds the bytes after content decoding, before charset decoding.
	Body []byte
	// ContentType is the header as received, "" when there was none.
	ContentType string
	// MediaType, when set, overrides what Sniff would say.
	MediaType string
	// URL is the base that links are resolved against. Its host also hints at
	// the order of day and month in numeric dates.
	URL string
}

// Rules are the selectors that a policy may be configured with. Select names
// what holds the policy, in place of the automatic choice; Remove names what to
// leave out of it. Of a range the first matches of its ends count; one that has
// no start, no end, or an end before its start selects nothing.
type Rules struct {
	Select []policy.Selector
	Remove []policy.Selector
}

// Normalizer makes documents. It is immutable and safe for concurrent use.
type Normalizer struct {
	id      string
	choose  []selection
	remove  []selection
	pdfText PDFText
}

// New compiles the rules. The error names the first bad selector.
func New(rules Rules) (*Normalizer, error) {
	choose, err := compile("select", rules.Select)
	if err != nil {
		return nil, err
	}
	remove, err := compile("remove", rules.Remove)
	if err != nil {
		return nil, err
	}
	return &Normalizer{id: identity(rules), choose: choose, remove: remove}, nil
}

// identity hashes the selectors with a separator that none of them can hold.
func identity(rules Rules) string {
	id := "n1-" + ruleset
	if len(rules.Select) == 0 && len(rules.Remove) == 0 {
		return id
	}
	sum := sha256.Sum256([]byte(joined(rules.Select) + "\x01" + joined(rules.Remove)))
	return id + "-" + hex.EncodeToString(sum[:4])
}

func joined(selectors []policy.Selector) string {
	texts := make([]string, len(selectors))
	for i, s := range selectors {
		texts[i] = s.String()
	}
	return strings.Join(texts, "\x00")
}

// ID identifies the code, its ruleset and the selectors: "n1-<ruleset>", with
// "-" and eight hex digits of a hash over the selectors when there are any.
func (n *Normalizer) ID() string { return n.id }

// Document normalises a body. An empty body gives an empty document: judging
// it is the gate's task. Errors wrap
// ErrUnsupported: there is no page too odd to have a text.
func (n *Normalizer) Document(in Input) (policy.Document, error) {
	media := mediaType(in.MediaType)
	if media == "" {
		media = Sniff(in.Body, in.ContentType, in.URL)
	}
	if len(in.Body) == 0 {
		return policy.Document{Normalizer: n.id}, nil
	}
	switch media {
	case mediaHTML, mediaXHTML:
		return n.html(in)
	case mediaText, mediaMarkdown:
		return n.text(in, media == mediaMarkdown)
	case mediaPDF:
		if n.pdfText != nil {
			return n.pdf(in)
		}
		return policy.Document{}, fmt.Errorf("%w: %s: no reader for PDF files is at hand (watch an HTML edition of the policy)", ErrUnsupported, media)
	case mediaDOCX:
		return n.docx(in)
	case MediaBundle:
		return n.bundle(in)
	default:
		return policy.Document{}, fmt.Errorf("%w: %s: not a page with text (check that the URL leads to the policy itself)", ErrUnsupported, media)
	}
}

// mediaType returns the lower-case type of a content type header without its
// parameters, or "" when there is none.
func mediaType(header string) string {
	if header == "" {
		return ""
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil && media == "" {
		media, _, _ = strings.Cut(header, ";")
	}
	return strings.ToLower(strings.TrimSpace(media))
}

// finish makes the document out of the units of the policy text. page holds
// the units of the whole page: labelled dates are looked for there when the
// policy text itself has none.
func (n *Normalizer) finish(doc *policy.Document, units, page []unit, in Input, plain bool) {
	units, drops := refine(units, plain)
	if !plain {
		var last []policy.Drop
		units, last = dropSignature(units, doc.Title)
		drops = append(drops, last...)
	}
	doc.Dropped = append(doc.Dropped, drops...)
	doc.Normalizer = n.id
	doc.Sections = sections(units)
	if doc.Title == "" {
		doc.Title = firstHeading(doc.Sections)
	}
	if doc.Lang == "" {
		doc.Lang = detectLang(units)
	}
	order := orderHint(units, doc.Lang, in.URL)
	doc.Dates = findDates(units, order)
	if len(doc.Dates) == 0 {
		doc.Dates = labelledOnly(findDates(withoutNotices(page), order))
	}
}

func firstHeading(secs []policy.Section) string {
	for _, s := range secs {
		if s.Heading != "" {
			return s.Heading
		}
	}
	return ""
}
