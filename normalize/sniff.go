package normalize

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// The media types that the package tells apart.
const (
	mediaHTML     = "text/html"
	mediaXHTML    = "application/xhtml+xml"
	mediaText     = "text/plain"
	mediaMarkdown = "text/markdown"
	mediaPDF      = "application/pdf"
	mediaDOCX     = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	mediaBinary   = "application/octet-stream"
)

// sniffLen is how much of a body is looked at; the PDF specification lets the
// "%PDF-" marker stand anywhere in the first 1024 bytes.
const sniffLen = 1024

// magics are the leading bytes of formats that are no text, whatever the
// header says.
var magics = []struct{ prefix, media string }{
	{"\x89PNG\r\n\x1a\n", "image/png"},
	{"\xff\xd8\xff", "image/jpeg"},
	{"GIF87a", "image/gif"},
	{"GIF89a", "image/gif"},
	{"\x1f\x8b", "application/gzip"},
	{"PK\x03\x04", "application/zip"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"},
	{"{\\rtf", "application/rtf"},
	{"wOFF", "font/woff"},
	{"wOF2", "font/woff2"},
}

// htmlStarts are the tags that, at the start of a body, mean HTML even when
// the header is missing or says plain text.
var htmlStarts = []string{
	"<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta", "<div", "<table", "<h1", "<p>", "<p ",
	"<main", "<article", "<section", "<style", "<link", "<br", "<b>", "<a ", "<font", "<iframe", "<ul", "<ol", "<span", "<center",
}

// Sniff returns the media type of a body from its content type header, its
// leading bytes and, for Markdown, the extension in its URL. XHTML counts as
// text/html. What is neither known by its bytes nor named by the header is
// text/plain when it looks like text and application/octet-stream otherwise.
func Sniff(body []byte, contentType, url string) string {
	declared := mediaType(contentType)
	head := body[:min(len(body), sniffLen)]
	if media := magic(body, head); media != "" {
		return media
	}
	if binary(head, contentType) {
		if declared == "" || strings.HasPrefix(declared, "text/") || declared == mediaXHTML {
			return mediaBinary
		}
		return declared
	}
	switch declared {
	case mediaHTML, mediaXHTML:
		return mediaHTML
	case mediaMarkdown, "text/x-markdown":
		return mediaMarkdown
	case mediaText, "", mediaBinary, "text/*", "*/*", "unknown/unknown", "application/unknown":
		return sniffText(head, declared, url)
	case "text/xml", "application/xml":
		if looksHTML(head) {
			return mediaHTML
		}
	}
	return declared
}

// magic recognises formats by their bytes.
func magic(body, head []byte) string {
	if i := bytes.Index(head, []byte("%PDF-")); i >= 0 && (i == 0 || !bytes.ContainsAny(head[:i], "<")) {
		return mediaPDF
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			if m.media == "application/zip" && bytes.Contains(body[:min(len(body), 1<<16)], []byte("word/")) {
				return mediaDOCX
			}
			return m.media
		}
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return "image/webp"
	}
	return ""
}

// binary says whether the head cannot be text: NULs outside UTF-16, or many
// control characters.
func binary(head []byte, contentType string) bool {
	if len(head) == 0 || wideEncoding(head) != "" || strings.Contains(strings.ToLower(contentType), "utf-16") {
		return false
	}
	nul, control := 0, 0
	for _, c := range head {
		switch {
		case c == 0:
			nul++
		case c < 0x09, c > 0x0d && c < 0x20 && c != 0x1b:
			control++
		}
	}
	return nul > 0 && nul*50 > len(head) || control*20 > len(head)
}

func sniffText(head []byte, declared, url string) string {
	if looksHTML(head) {
		return mediaHTML
	}
	ext := strings.ToLower(path.Ext(strings.SplitN(strings.SplitN(url, "#", 2)[0], "?", 2)[0]))
	if ext == ".md" || ext == ".markdown" {
		return mediaMarkdown
	}
	if declared == mediaBinary && !utf8.Valid(trimPartialRune(head)) {
		return mediaBinary
	}
	return mediaText
}

// trimPartialRune cuts a UTF-8 sequence that the end of the head divides.
func trimPartialRune(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

func looksHTML(head []byte) bool {
	if wide := wideEncoding(head); wide != "" {
		head = bytes.ReplaceAll(head, []byte{0}, nil)
	}
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	s := strings.ToLower(strings.TrimLeft(string(head), " \t\r\n\f"))
	for strings.HasPrefix(s, "<!--") {
		_, after, found := strings.Cut(s, "-->")
		if !found {
			return strings.Contains(s, "<html")
		}
		s = strings.TrimLeft(after, " \t\r\n\f")
	}
	if strings.HasPrefix(s, "<?xml") || strings.HasPrefix(s, "<!doctype") {
		return strings.Contains(s, "<html") || strings.HasPrefix(s, "<!doctype html")
	}
	for _, tag := range htmlStarts {
		if strings.HasPrefix(s, tag) {
			return true
		}
	}
	return false
}
