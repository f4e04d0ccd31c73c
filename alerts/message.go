package alerts

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"watcher/policy"
)

// Message is what a receiver renders: one view for all receivers.
type Message struct {
	// AlertID is the idempotency key, constant over retries and restarts.
	AlertID string
	Event   policy.Event
	// Change is what the event is about; nil for events about a policy's
	// health, and for a change that cannot be read back from the store.
	Change *policy.Change
	Links  Links
	// SentAt is when this attempt began, UTC.
	SentAt time.Time
	// Test marks a message that reports nothing real.
	Test bool
	// Members are the alerts of a message that carries several; Event then is
	// about none of them. Only senders with Digests get such messages.
	Members []Message
}

// Links lead to the program's own pages. They are empty without an external
// URL.
type Links struct {
	Change string
	Policy string
	// Before and After are the two versions that a change lies between.
	Before string
	After  string
}

// Sender delivers messages to one receiver.
type Sender interface {
	// Send renders m and makes one attempt. A failure is a *SendError; any
	// other error counts as one to retry. Send is called by one goroutine at a
	// time.
	Send(ctx context.Context, m Message) error
}

// minimalSender is a Sender with a second, plain form of at most
// minimalChars characters, for a receiver that refuses the full one.
type minimalSender interface {
	SendMinimal(ctx context.Context, m Message) error
}

// pacedSender is a Sender whose receiver bounds the rate of messages.
type pacedSender interface {
	// Pace is the least time between two messages.
	Pace() time.Duration
}

// receiptSender is a Sender whose receiver gives something in return, which
// belongs on record.
type receiptSender interface {
	// Receipt returns what came of the alert's delivery, once.
	Receipt(alertID string) string
}

// minimalChars bounds the minimal form of a message.
const minimalChars = 1000

// linksFor returns the addresses of the pages about e under the external URL.
func linksFor(external string, e policy.Event) Links {
	if external == "" || e.Policy.ID == "" {
		return Links{}
	}
	segments := strings.Split(string(e.Policy.ID), "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	l := Links{Policy: strings.TrimRight(external, "/") + "/policies/" + strings.Join(segments, "/")}
	if e.To != nil && e.To.Version > 0 {
		l.Change = l.Policy + "/changes/" + strconv.Itoa(e.To.Version)
		l.After = l.Policy + "/versions/" + strconv.Itoa(e.To.Version)
	}
	if e.From != nil && e.From.Version > 0 {
		l.Before = l.Policy + "/versions/" + strconv.Itoa(e.From.Version)
	}
	return l
}

// best returns the most telling link, or "".
func (l Links) best() string {
	if l.Change != "" {
		return l.Change
	}
	return l.Policy
}

// TestMessage returns the built-in sample, which is rendered clearly as a test:
// an invented vendor gives a placeholder date its day and changes how long it
// keeps records.
func TestMessage(now time.Time) Message {
	now = now.UTC()
	id := policy.ID("example-vendor/privacy")
	from := policy.VersionRef{Version: 1, CapturedAt: now.Add(-48 * time.Hour), SHA256: policy.Sum([]byte("before"))}
	to := policy.VersionRef{Version: 2, CapturedAt: now, FirstSeenAt: now.Add(-10 * time.Minute), SHA256: policy.Sum([]byte("after"))}
	change := policy.Change{
		Policy: id, From: from, To: to, Significance: policy.Material,
		Summary:    "The last-update date “XX/05/2025” became 12/05/2025; accounts are now kept for 36 months instead of 24.",
		Categories: []policy.Category{policy.DataRetention, policy.PolicyChange},
		Dates:      policy.ChangeDates{Facts: []policy.DateFact{policy.PlaceholderResolved}},
		Edits:      testEdits(),
		Words:      policy.WordCounts{Added: 2, Removed: 2},
	}
	event := policy.Event{
		ID: policy.EventID(id, policy.EventTest, from.SHA256, to.SHA256, now), Type: policy.EventTest,
		Policy: policy.PolicyRef{ID: id, Vendor: "Example Vendor", Kind: policy.KindPrivacy, URL: "https://vendor.example/privacy"},
		At:     now, FirstSeenAt: to.FirstSeenAt, From: &from, To: &to, Significance: change.Significance,
		Summary: change.Summary, Categories: change.Categories, DateFacts: change.Dates.Facts,
	}
	return Message{AlertID: policy.AlertID(event.ID, "test"), Event: event, Change: &change, SentAt: now, Test: true}
}

func testEdits() []policy.Edit {
	return []policy.Edit{{
		ID: "e1", Op: policy.Reworded, Section: "About this page",
		Old: "Last update: XX/05/2025", New: "Last update: 12/05/2025",
		Redline: []policy.Span{
			{Op: policy.SpanEqual, Text: "Last update: "},
			{Op: policy.SpanDelete, Text: "XX/05/2025"},
			{Op: policy.SpanInsert, Text: "12/05/2025"},
		},
		Categories: []policy.Category{policy.PolicyChange}, Significance: policy.Minor,
		Reasons: []string{"a placeholder date was filled in"},
	}, {
		ID: "e2", Op: policy.Reworded, Section: "How long we keep records",
		Old: "We keep account records for 24 months after the last order.",
		New: "We keep account records for 36 months after the last order.",
		Redline: []policy.Span{
			{Op: policy.SpanEqual, Text: "We keep account records for "},
			{Op: policy.SpanDelete, Text: "24"},
			{Op: policy.SpanInsert, Text: "36"},
			{Op: policy.SpanEqual, Text: " months after the last order."},
		},
		Categories: []policy.Category{policy.DataRetention}, Significance: policy.Material,
		Reasons: []string{"the retention period changed from 24 to 36 months"},
	}}
}
