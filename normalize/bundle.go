package normalize

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"

	"watcher/policy"
)

// MediaBundle is the type of a body that holds several pages, as MHTML files
// are (RFC 2557).
const MediaBundle = "multipart/related"

// MaxParts bounds the pages of a bundle.
const MaxParts = 50

const headerMediaType = "X-Media-Type"

// Bundle puts pages whose text makes one document into one body, each as it was
// received. The same pages give the same bytes. contentType is that of the
// bundle.
func Bundle(pages []Input) (body []byte, contentType string, err error) {
	if len(pages) > MaxParts {
		return nil, "", fmt.Errorf("%d pages in one document, want at most %d", len(pages), MaxParts)
	}
	var all []byte
	for _, p := range pages {
		sum := policy.Sum(p.Body)
		all = append(all, sum[:]...)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("watcher-" + policy.Sum(all).String()[:48]); err != nil {
		return nil, "", err
	}
	for _, p := range pages {
		h := textproto.MIMEHeader{}
		h.Set("Content-Location", p.URL)
		h.Set("Content-Transfer-Encoding", "binary")
		if p.ContentType != "" {
			h.Set("Content-Type", p.ContentType)
		}
		if p.MediaType != "" {
			h.Set(headerMediaType, p.MediaType)
		}
		part, err := w.CreatePart(h)
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(p.Body); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), mime.FormatMediaType(MediaBundle, map[string]string{"boundary": w.Boundary()}), nil
}

// Pages takes a bundle apart.
func Pages(in Input) ([]Input, error) {
	media, params, err := mime.ParseMediaType(in.ContentType)
	if err != nil || media != MediaBundle || params["boundary"] == "" {
		return nil, fmt.Errorf("%w: no bundle of pages: %q", ErrUnsupported, in.ContentType)
	}
	// The reader takes a bundle that is cut behind a boundary for whole.
	if !bytes.HasSuffix(bytes.TrimSpace(in.Body), []byte("--"+params["boundary"]+"--")) {
		return nil, fmt.Errorf("%w: a bundle of pages without its end", ErrUnsupported)
	}
	r := multipart.NewReader(bytes.NewReader(in.Body), params["boundary"])
	var out []Input
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && len(out) > 0 {
			return out, nil
		}
		if err != nil || len(out) == MaxParts {
			return nil, fmt.Errorf("%w: a damaged bundle of pages after %d of them (%w)", ErrUnsupported, len(out), errors.Join(err, io.ErrUnexpectedEOF))
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return nil, fmt.Errorf("%w: a damaged bundle of pages: %w", ErrUnsupported, err)
		}
		out = append(out, Input{
			Body: body, ContentType: part.Header.Get("Content-Type"),
			MediaType: part.Header.Get(headerMediaType), URL: part.Header.Get("Content-Location"),
		})
	}
}

// bundle makes one document of several pages: their sections in order.
func (n *Normalizer) bundle(in Input) (policy.Document, error) {
	pages, err := Pages(in)
	if err != nil {
		return policy.Document{}, err
	}
	out := policy.Document{Normalizer: n.id}
	for i, p := range pages {
		if mediaType(p.MediaType) == MediaBundle || mediaType(p.ContentType) == MediaBundle {
			return out, fmt.Errorf("%w: a bundle in a bundle", ErrUnsupported)
		}
		doc, err := n.Document(p)
		if err != nil {
			return out, fmt.Errorf("%s: %w", p.URL, err)
		}
		join(&out, doc, i == 0)
	}
	return out, nil
}

// join adds the text of a further page. Title and language are the first one's.
func join(out *policy.Document, doc policy.Document, first bool) {
	if first {
		out.Title, out.Lang, out.Full = doc.Title, doc.Lang, doc.Full
	} else {
		out.Full += "\n" + doc.Full
	}
	out.Sections = append(out.Sections, doc.Sections...)
	out.Dates = append(out.Dates, doc.Dates...)
	out.Dropped = append(out.Dropped, doc.Dropped...)
}
