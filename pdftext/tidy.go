package pdftext

import "bytes"

// headerLen is where the specification looks for the header.
const headerLen = 1024

// tidy returns the file as the library wants it: the header in front, of a
// version that it knows, and nothing behind the end.
func tidy(body []byte) []byte {
	at := bytes.Index(body[:min(len(body), headerLen)], []byte("%PDF-"))
	if at < 0 || len(body) < at+9 {
		return body
	}
	body = bytes.Clone(body[at:])
	copy(body, "%PDF-1.7\n")
	if end := bytes.LastIndex(body, []byte("%%EOF")); end > 0 {
		body = body[:end+len("%%EOF")]
	}
	return body
}
