package crawler

import (
	"bytes"
	"context"
	"net/http"
	"strings"
)

// Archived undoes the content coding of a response that an archive kept, within
// limit bytes. Archives often keep the header of a coding that they have undone
// themselves: a body that does not read so, but looks like none of the codings,
// is returned as it stands. The error is a *policy.FetchError.
func Archived(ctx context.Context, header http.Header, raw []byte, limit int64) (data []byte, coding string, err error) {
	spec := bodySpec{
		length: -1, encoding: strings.Join(header.Values("Content-Encoding"), ","),
		contentType: header.Get("Content-Type"), maxWire: limit, maxDecoded: limit,
	}
	b, err := readBody(ctx, bytes.NewReader(raw), spec)
	if err != nil && spec.encoding != "" && looksPlain(raw) {
		spec.encoding = ""
		b, err = readBody(ctx, bytes.NewReader(raw), spec)
	}
	return b.data, b.coding, err
}

// looksPlain says whether a body begins like text: no coding of the web does.
func looksPlain(raw []byte) bool {
	head := bytes.TrimLeft(raw[:min(len(raw), 512)], "\xef\xbb\xbf \t\r\n")
	return len(head) > 0 && (head[0] == '<' || http.DetectContentType(head) != "application/octet-stream" && !bytes.HasPrefix(head, []byte{0x1f, 0x8b}))
}
