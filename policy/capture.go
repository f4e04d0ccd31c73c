package policy

import "time"

// CaptureID numbers captures in the order in which they were committed to one
// store. Zero means "not stored".
type CaptureID uint64

// Hop is one answer of a redirect chain, the last one included.
type Hop struct {
	URL        string `json:"url"`
	Status     int    `json:"status"`
	Location   string `json:"location,omitempty"`
	RemoteAddr string `json:"remote_addr,omitempty"`
}

// TLS says how the final response was secured.
type TLS struct {
	Version    string    `json:"version"`
	Cipher     string    `json:"cipher,omitempty"`
	LeafSHA256 Digest    `json:"leaf_sha256"`
	Issuer     string    `json:"issuer,omitempty"`
	NotAfter   time.Time `json:"not_after,omitzero"`
}

// Capture is one response as received: bytes and provenance.
//
// Body holds the bytes after content coding (gzip, br, zstd, deflate) was
// undone and before charset decoding. Secrets (Set-Cookie, configured
// credentials) are redacted in Header before a Capture leaves the crawler.
type Capture struct {
	ID       CaptureID `json:"id,omitempty"`
	Policy   ID        `json:"policy"`
	Source   Source    `json:"source"`
	URL      string    `json:"url"`
	FinalURL string    `json:"final_url"`
	Hops     []Hop     `json:"hops,omitempty"`

	Status     int                 `json:"status"`
	Header     map[string][]string `json:"header,omitempty"`
	RemoteAddr string              `json:"remote_addr,omitempty"`
	TLS        *TLS                `json:"tls,omitempty"`

	// StartedAt is when the request was sent; CapturedAt is when the response
	// was complete, or for an archive when the archive captured it. Both UTC.
	StartedAt  time.Time     `json:"started_at"`
	CapturedAt time.Time     `json:"captured_at"`
	Duration   time.Duration `json:"duration_ns"`

	// ContentType is the header as received, MediaType what header and magic
	// bytes together say, for example "text/html" or "application/pdf".
	ContentType     string `json:"content_type,omitempty"`
	MediaType       string `json:"media_type,omitempty"`
	ContentEncoding string `json:"content_encoding,omitempty"`
	// WireBytes counts the body before, Size after content decoding.
	WireBytes int64  `json:"wire_bytes"`
	Size      int64  `json:"size"`
	Digest    Digest `json:"sha256"`
	Body      []byte `json:"-"`
	// NotModified is set for a 304 answer: the body is the one of the
	// validators that were sent.
	NotModified bool `json:"not_modified,omitempty"`
	// Fetcher names the browser that made the page out of the response, with its
	// version; empty where the response itself is the page.
	Fetcher string `json:"fetcher,omitempty"`
	// Attempts counts requests made for this capture, retries included.
	Attempts int `json:"attempts,omitempty"`
	// Proxy is the proxy that the capture came through, without credentials;
	// RemoteAddr is then the address that it was told to reach.
	Proxy string `json:"proxy,omitempty"`
	// RobotsIgnored is set when robots.txt was not asked, by configuration.
	RobotsIgnored bool `json:"robots_ignored,omitempty"`

	// Verdict is what the gate said of the capture.
	Verdict Verdict `json:"verdict,omitzero"`
}

// VerdictKind is the gate's answer to "is this page really the policy?".
type VerdictKind string

// The verdicts.
const (
	Accepted    VerdictKind = "accepted"
	Quarantined VerdictKind = "quarantined"
	Rejected    VerdictKind = "rejected"
)

// Verdict is what the gate says of a capture, by which rule and on what
// evidence. The evidence is a short text for a person.
type Verdict struct {
	Kind     VerdictKind `json:"kind"`
	Rule     string      `json:"rule,omitempty"`
	Evidence string      `json:"evidence,omitempty"`
}

// Request asks a fetcher for one capture.
type Request struct {
	Policy ID
	URL    string
	Source Source
	// Lang, when set, is sent as the only accepted language.
	Lang string
	// Headers go to the host of URL only and are dropped on a redirect
	// elsewhere.
	Headers map[string]string
	// ETag and LastModified, when set, make the request conditional.
	// ValidatorsURL is the final URL of the capture that gave them, and the only
	// one they are sent to; empty means URL.
	ETag          string
	LastModified  string
	ValidatorsURL string
	// IgnoreRobots fetches the page whatever robots.txt says.
	IgnoreRobots bool
	// Proxy, when set, is the http, https or socks5 URL of the proxy to go
	// through. It may hold credentials.
	Proxy string
	// MaxRetries bounds repeated requests after retryable failures, MaxWait
	// the pause before any one of them.
	MaxRetries int
	MaxWait    time.Duration
}
