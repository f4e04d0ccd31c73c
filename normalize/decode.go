package normalize

import (
	"bytes"
	"cmp"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// metaLen is how far a charset declaration is searched for. Browsers stop at
// 1024 bytes; pages that declare it later exist and their authors mean it.
const metaLen = 4096

// minConfidence is the score of the statistical detector, from 0 to 100, from
// which it is believed; below that, undeclared text is windows-1252, as in
// browsers.
const minConfidence = 50

var metaCharset = regexp.MustCompile(`(?i)<(?:meta\b[^>]{0,400}?\bcharset|\?xml\b[^>]{0,100}?\bencoding)\s*=\s*["']?\s*([\w:.-]+)`)

// Decode returns the whole body as valid UTF-8 together with the name of the
// charset it was in. The order is that of browsers: byte order mark, header,
// <meta>, detection. Where the body contradicts the first of them, the others
// are heard: valid multi-byte UTF-8 is UTF-8 under any single-byte label, and
// of the labels that disagree the one counts under which the text has the
// fewest oddities (see oddities). Invalid bytes become U+FFFD. The error wraps
// ErrUnsupported when the body is not text.
func Decode(body []byte, contentType string) (text, name string, err error) {
	decoded, name, err := decode(body, contentType)
	return string(decoded), name, err
}

// decode is Decode without a copy: a body in UTF-8 is returned as it is.
func decode(body []byte, contentType string) (text []byte, name string, err error) {
	if len(body) == 0 {
		return nil, "utf-8", nil
	}
	enc, name := chooseEncoding(body, contentType)
	switch {
	case enc == nil:
		return body, name, nil
	case name == "utf-8":
		text = body
	default:
		if text, err = enc.NewDecoder().Bytes(body); err != nil {
			return nil, name, fmt.Errorf("%w: body is not %s text: %w (check the charset of the page)", ErrUnsupported, name, err)
		}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	}
	return text, name, nil
}

// chooseEncoding returns the charset of a body and its name. The former is nil
// where the body is valid UTF-8 as it stands.
func chooseEncoding(body []byte, contentType string) (encoding.Encoding, string) {
	if name := wideEncoding(body); name != "" {
		return charset.Lookup(name)
	}
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		return charset.Lookup("utf-8")
	}
	if bytes.IndexByte(body, 0x1b) >= 0 && bytes.Contains(body, []byte("\x1b$B")) {
		return charset.Lookup("iso-2022-jp") // its letters are ASCII bytes between escapes
	}
	labels := declared(body, contentType)
	if len(labels) == 0 || labels[0].name == "utf-8" {
		if utf8.Valid(body) { // the most frequent case, and the fastest to see
			return nil, "utf-8"
		}
	}
	valid, multi, invalid := utf8Stats(body)
	switch {
	case valid && (multi == 0 && !strings.HasPrefix(labels[0].name, "utf-16") || singleByte(labels[0].name)):
		return nil, "utf-8"
	case len(labels) > 0 && labels[0].name == "utf-8" && invalid <= multi:
		return charset.Lookup("utf-8") // a few broken characters
	}
	return mostPlausible(labels, body)
}

// labelled is a charset that somebody named.
type labelled struct {
	enc  encoding.Encoding
	name string
}

// declared returns what header and <meta> say, in this order.
func declared(body []byte, contentType string) []labelled {
	var out []labelled
	add := func(label string) {
		enc, name := lookupLabel(label)
		if strings.HasPrefix(name, "utf-16") && bytes.IndexByte(body, 0) < 0 {
			// Markup in UTF-16 is full of NULs.
			enc, name = charset.Lookup("utf-8")
		}
		if enc != nil && (len(out) == 0 || out[0].name != name) {
			out = append(out, labelled{enc, name})
		}
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		add(params["charset"])
	}
	add(metaLabel(body))
	return out
}

func metaLabel(body []byte) string {
	m := metaCharset.FindSubmatch(body[:min(len(body), metaLen)])
	if m == nil {
		return ""
	}
	return string(m[1])
}

func lookupLabel(label string) (encoding.Encoding, string) {
	if label == "" {
		return nil, ""
	}
	enc, name := charset.Lookup(strings.Trim(label, `"' `))
	if name == "replacement" || name == "x-user-defined" {
		return nil, ""
	}
	return enc, name
}

// singleByte says whether every byte sequence is valid in the charset, so that
// its label proves nothing.
func singleByte(name string) bool {
	return strings.HasPrefix(name, "windows-125") || strings.HasPrefix(name, "iso-8859")
}

// utf8Stats counts valid multi-byte sequences and invalid bytes.
func utf8Stats(body []byte) (valid bool, multi, invalid int) {
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size == 1 {
			invalid++
		} else {
			multi++
		}
		i += size
	}
	return invalid == 0, multi, invalid
}

// wideEncoding recognises UTF-16 by its byte order mark, or without one by a
// leading tag, or NULs in every other byte of what is mostly ASCII.
func wideEncoding(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		return "utf-16be"
	case bytes.HasPrefix(body, []byte("<\x00")):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte("\x00<")):
		return "utf-16be"
	}
	head := body[:min(len(body), sniffLen)&^1]
	if len(head) < 16 {
		return ""
	}
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	pairs := len(head) / 2
	switch {
	case odd*10 > pairs*7 && even*20 < pairs:
		return "utf-16le"
	case even*10 > pairs*7 && odd*20 < pairs:
		return "utf-16be"
	}
	return ""
}

// maxOdd is the share of oddities among the characters beyond ASCII, in
// percent, from which the only declared label is doubted.
const maxOdd = 20

// mostPlausible returns the first of the labels under which the body reads
// best. What the bytes themselves look like is asked when there is no label,
// or none that fits.
func mostPlausible(labels []labelled, body []byte) (encoding.Encoding, string) {
	sample := oddSample(body)
	best, least, high := labelled{}, 0, 0
	for _, l := range labels {
		if odd, of := oddities(l.enc, sample); best.enc == nil || odd < least {
			best, least, high = l, odd, of
		}
	}
	if best.enc != nil && least*100 <= high*maxOdd {
		return best.enc, best.name
	}
	enc, name := detect(body)
	if odd, _ := oddities(enc, sample); best.enc == nil || odd < least {
		return enc, name
	}
	return best.enc, best.name
}

// oddSample returns the part of the body that is decoded to compare labels:
// 64 KiB from shortly before the first byte beyond ASCII.
func oddSample(body []byte) []byte {
	first := bytes.IndexFunc(body, func(r rune) bool { return r >= utf8.RuneSelf })
	from := max(0, first-64)
	return body[from:min(len(body), from+1<<16)]
}

// oddRun is how many Latin letters beyond ASCII do not follow each other.
const oddRun = 3

// oddities counts what texts hardly have under their own charset, and the
// characters beyond ASCII: bytes that mean nothing, control and private
// characters, signs within words ("za³atwiæ"), words of nothing but accented
// Latin letters ("Ìû õðàíèì"), capitals behind small letters ("пОМЙФЙЛБ").
func oddities(enc encoding.Encoding, sample []byte) (odd, high int) {
	text, err := enc.NewDecoder().Bytes(sample)
	if err != nil {
		return len(sample), len(sample)
	}
	var last rune
	sign, run := false, 0
	for i, r := range string(text) {
		letter := unicode.IsLetter(r)
		if sign && letter {
			odd++
		}
		sign = false
		if letter && r >= utf8.RuneSelf && r < 0x250 {
			run++
		} else {
			run = 0
		}
		if run >= oddRun || last >= utf8.RuneSelf && unicode.IsLower(last) && unicode.IsUpper(r) {
			odd++
		}
		if r >= utf8.RuneSelf {
			high++
			switch {
			case r == utf8.RuneError && i < len(text)-4, r >= 0x80 && r < 0xa0, unicode.Is(unicode.Co, r), r >= 0xff61 && r <= 0xff9f:
				odd++
			case !letter && unicode.IsLetter(last) && !joinsLetters(r):
				sign = true
			}
		}
		last = r
	}
	return odd, high
}

// joinsLetters says whether a sign may stand between two letters.
func joinsLetters(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsMark(r) || unicode.IsPunct(r) && r > 0xff || r == 0xb7 || r == 0xad || r == '®' || r == '™'
}

// detect guesses the charset of text that is not UTF-8: what the statistics are
// sure of, else what reads best, windows-1252 first as in browsers.
func detect(body []byte) (encoding.Encoding, string) {
	sample := oddSample(body)
	detector := chardet.NewTextDetector()
	if bytes.IndexByte(body[:min(len(body), 512)], '<') >= 0 {
		detector = chardet.NewHtmlDetector()
	}
	best := labelled{}
	best.enc, best.name = charset.Lookup("windows-1252")
	least, _ := oddities(best.enc, sample)
	guesses, err := detector.DetectAll(sample)
	if err != nil {
		return best.enc, best.name
	}
	// The detector's order of equals is that in which its goroutines end.
	slices.SortFunc(guesses, func(a, b chardet.Result) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Charset, b.Charset))
	})
	for _, g := range guesses {
		enc, name := lookupLabel(strings.ReplaceAll(g.Charset, "GB-18030", "gb18030"))
		if enc == nil || name == "utf-8" || strings.HasPrefix(name, "utf-16") {
			continue
		}
		if g.Confidence >= minConfidence {
			return enc, name
		}
		if odd, _ := oddities(enc, sample); odd < least {
			best, least = labelled{enc, name}, odd
		}
	}
	return best.enc, best.name
}
