package normalize

import (
	"bytes"
	"fmt"
	"mime"
	"regexp"
	"strings"
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
// <meta>, detection. Two certain contradictions overrule a declaration: a body
// that is valid multi-byte UTF-8 under a single-byte label, and a body most of
// whose multi-byte sequences are invalid under the label UTF-8. Invalid bytes
// become U+FFFD. The error wraps ErrUnsupported when the body is not text.
func Decode(body []byte, contentType string) (text, name string, err error) {
	if len(body) == 0 {
		return "", "utf-8", nil
	}
	enc, name := chooseEncoding(body, contentType)
	if name == "utf-8" {
		text = string(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	} else {
		decoded, decErr := enc.NewDecoder().Bytes(body)
		if decErr != nil {
			return "", name, fmt.Errorf("%w: body is not %s text: %w (check the charset of the page)", ErrUnsupported, name, decErr)
		}
		text = strings.TrimPrefix(string(decoded), "\ufeff")
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	return text, name, nil
}

func chooseEncoding(body []byte, contentType string) (encoding.Encoding, string) {
	if name := wideEncoding(body); name != "" {
		return charset.Lookup(name)
	}
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		return charset.Lookup("utf-8")
	}
	enc, name := declared(body, contentType)
	if utf8.Valid(body) && (enc == nil || name == "utf-8") {
		return charset.Lookup("utf-8")
	}
	valid, multi, invalid := utf8Stats(body)
	switch {
	case enc == nil:
		return detect(body)
	case singleByte(name) && valid && multi > 0:
		return charset.Lookup("utf-8")
	case name == "utf-8" && invalid > multi:
		if e, n := lookupLabel(metaLabel(body)); e != nil && n != "utf-8" {
			return e, n
		}
		return detect(body)
	}
	return enc, name
}

// declared returns what header or <meta> say, or nil.
func declared(body []byte, contentType string) (encoding.Encoding, string) {
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		if enc, name := lookupLabel(params["charset"]); enc != nil {
			return enc, name
		}
	}
	enc, name := lookupLabel(metaLabel(body))
	if strings.HasPrefix(name, "utf-16") {
		// The tag could be read as ASCII, so the body is not UTF-16.
		return charset.Lookup("utf-8")
	}
	return enc, name
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

// wideEncoding recognises UTF-16 by its byte order mark, or without one by
// NULs in every other byte of what is mostly ASCII.
func wideEncoding(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
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

// detect guesses the charset of undeclared text that is not UTF-8.
func detect(body []byte) (encoding.Encoding, string) {
	sample := body[:min(len(body), 1<<16)]
	detector := chardet.NewTextDetector()
	if bytes.IndexByte(sample[:min(len(sample), 512)], '<') >= 0 {
		detector = chardet.NewHtmlDetector()
	}
	if best, err := detector.DetectBest(sample); err == nil && best.Confidence >= minConfidence {
		if enc, name := lookupLabel(best.Charset); enc != nil && name != "utf-8" && !strings.HasPrefix(name, "utf-16") {
			return enc, name
		}
		if strings.EqualFold(best.Charset, "GB-18030") {
			return charset.Lookup("gb18030")
		}
	}
	return charset.Lookup("windows-1252")
}
