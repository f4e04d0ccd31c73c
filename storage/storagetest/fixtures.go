package storagetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// epoch is when the stories of the cases begin.
func epoch() time.Time { return time.Date(2025, 3, 1, 4, 0, 0, 0, time.UTC) }

// at returns epoch plus h hours.
func at(h int) time.Time { return epoch().Add(time.Duration(h) * time.Hour) }

// The policies of the cases. Their ids share prefixes on purpose.
const (
	alpha   policy.ID = "acme/privacy"
	beta    policy.ID = "acme/privacy-de"
	gamma   policy.ID = "acme/privacyplus"
	nowhere policy.ID = "acme/priv"
)

const (
	team     = "privacy-team"
	hook     = "privacy-team-hook"
	leaseFor = 10 * time.Minute
)

func watched(id policy.ID) policy.Policy {
	return policy.Policy{
		ID: id, Vendor: policy.Vendor{Name: "Acme " + string(id), Slug: id.VendorSlug(), Tags: []string{"dental"}},
		Kind: policy.KindPrivacy, Lang: "en", URL: "https://acme.example/" + string(id), Source: policy.SourceLive,
		Interval: 12 * time.Hour,
	}
}

func watchedAll(ids ...policy.ID) []policy.Policy {
	out := make([]policy.Policy, len(ids))
	for i, id := range ids {
		out[i] = watched(id)
	}
	return out
}

// document makes a small document that says text.
func document(text string) policy.Document {
	return policy.Document{
		Normalizer: "n1", Title: "Privacy notice", Lang: "en",
		Sections: []policy.Section{{Heading: "What we keep", Level: 1, Blocks: []policy.Block{
			{Kind: policy.Paragraph, Text: text, Links: []policy.Link{{Text: "more", URL: "https://acme.example/more"}}},
			{Kind: policy.Item, Text: "for as long as the law asks", Marker: "(a)", Depth: 1},
		}}},
		Dates: []policy.Date{{Kind: policy.DateUpdated, Raw: "Updated 1 March 2025", Value: "2025-03-01", Precision: policy.PrecisionDay}},
		Full:  "Menu\n" + text,
	}
}

// page makes the capture of a page that says text.
func page(id policy.ID, text string, t time.Time) *policy.Capture {
	body := []byte("<html><body><p>" + text + "</p>" + strings.Repeat("<hr>", 50) + "</body></html>")
	return &policy.Capture{
		Policy: id, Source: policy.SourceLive, URL: "https://acme.example/p", FinalURL: "https://www.acme.example/p",
		Hops:   []policy.Hop{{URL: "https://acme.example/p", Status: 301, Location: "https://www.acme.example/p"}},
		Status: 200, Header: map[string][]string{"Content-Type": {"text/html"}, "Etag": {`"x"`}},
		TLS:       &policy.TLS{Version: "1.3", LeafSHA256: policy.Sum([]byte("leaf")), NotAfter: at(24 * 90)},
		StartedAt: t.Add(-time.Second), CapturedAt: t, Duration: time.Second,
		ContentType: "text/html", MediaType: "text/html", WireBytes: 120, Size: int64(len(body)),
		Digest: policy.Sum(body), Body: body, Attempts: 1,
		Verdict: policy.Verdict{Kind: policy.Accepted},
	}
}

// version makes the version of a document; its numbers are left to the store.
func version(kind policy.VersionKind, doc policy.Document, t time.Time) policy.Version {
	return policy.Version{
		Kind: kind, CapturedAt: t, FirstSeenAt: t, LastSeenAt: t, SHA256: doc.Digest(),
		RawSHA256: policy.Sum([]byte("raw")), Normalizer: doc.Normalizer, Words: doc.Words(), Lang: doc.Lang, Title: doc.Title,
	}
}

// change makes the change that leads to a version.
func change(from policy.VersionRef, to policy.Version, text string) *policy.Change {
	return &policy.Change{
		From: from, To: to.Ref(), Significance: policy.Material, Summary: "keeps " + text,
		Categories: []policy.Category{policy.DataRetention},
		Dates:      policy.ChangeDates{Facts: []policy.DateFact{policy.SilentChange}},
		Edits: []policy.Edit{{
			ID: "e1", Op: policy.Reworded, Section: "What we keep", Old: "nothing", New: text,
			Redline:    []policy.Span{{Op: policy.SpanDelete, Text: "nothing"}, {Op: policy.SpanInsert, Text: text}},
			Categories: []policy.Category{policy.DataRetention}, Significance: policy.Material, Reasons: []string{"cue: keep"},
		}},
		Words: policy.WordCounts{Added: 1, Removed: 1},
	}
}

// observation starts the result of a check of a claimed policy at t.
func observation(c storage.Claim, outcome policy.Outcome, t time.Time) storage.Observation {
	s := c.State
	s.LastCheck, s.LastOutcome, s.NextCheck = t, outcome, t.Add(12*time.Hour)
	return storage.Observation{
		Claim: c, Expect: c.State.HeadRef(), State: s,
		Check: policy.Check{Policy: c.Policy, Outcome: outcome, At: t, CapturedAt: t, Source: policy.SourceLive, Status: 200},
	}
}

// news makes the observation of a page that says text for the first time: a
// baseline, or a change that both receivers are told of.
func news(c storage.Claim, text string, t time.Time) storage.Observation {
	doc := document(text)
	if c.State.Head == 0 {
		o := observation(c, policy.OutcomeBaseline, t)
		o.Capture = page(c.Policy, text, t)
		o.State.HeadSeenAt = t
		o.Versions = []storage.NewVersion{{Version: version(policy.VersionBaseline, doc, t), Document: doc, Head: true}}
		return o
	}
	o := observation(c, policy.OutcomeChanged, t)
	o.Capture = page(c.Policy, text, t)
	o.State.HeadSeenAt, o.State.LastChange = t, t
	v := version(policy.VersionChange, doc, t)
	v.Significance, v.Summary, v.Event = policy.Material, "keeps "+text, string(policy.EventPolicyChanged)
	from := policy.VersionRef{SHA256: c.State.HeadSHA256}
	o.Versions = []storage.NewVersion{{Version: v, Document: doc, Change: change(from, v, text), Head: true}}
	o.Alerts = []policy.Alert{alert(c.Policy, from, v, team, t), alert(c.Policy, from, v, hook, t)}
	return o
}

// alert makes the alert that tells a receiver of a version.
func alert(id policy.ID, from policy.VersionRef, to policy.Version, receiver string, t time.Time) policy.Alert {
	ref := to.Ref()
	e := policy.Event{
		ID:   policy.EventID(id, policy.EventPolicyChanged, from.SHA256, to.SHA256, to.FirstSeenAt),
		Type: policy.EventPolicyChanged, Policy: watched(id).Ref(), At: t, FirstSeenAt: to.FirstSeenAt,
		From: &from, To: &ref, Significance: policy.Material, Summary: to.Summary,
	}
	return policy.NewAlert(e, receiver, t)
}

// sync makes ids the watched policies.
func (p *probe) sync(t time.Time, ids ...policy.ID) {
	p.must("sync", p.store.Sync(p.ctx, watchedAll(ids...), t))
}

// claim leases one policy that must be free.
func (p *probe) claim(id policy.ID, t time.Time) storage.Claim {
	claims, err := p.store.Claim(p.ctx, storage.ClaimQuery{Owner: "probe", Now: t, For: leaseFor, IDs: []policy.ID{id}})
	p.must("claim "+string(id), err)
	if len(claims) != 1 {
		p.failf("claim %s: got %d claims, want 1", id, len(claims))
	}
	return claims[0]
}

func (p *probe) commit(o storage.Observation) storage.Receipt {
	r, err := p.store.Commit(p.ctx, o)
	p.must(fmt.Sprintf("commit to %s", o.Claim.Policy), err)
	return r
}

// tell claims a policy and commits the news that its page says text.
func (p *probe) tell(id policy.ID, text string, t time.Time) storage.Receipt {
	return p.commit(news(p.claim(id, t), text, t))
}

func (p *probe) state(id policy.ID) policy.State {
	return get[policy.State](p, "state of "+string(id))(p.store.State(p.ctx, id))
}

func (p *probe) version(id policy.ID, n int) policy.Version {
	return get[policy.Version](p, fmt.Sprintf("version %s@%d", id, n))(p.store.Version(p.ctx, id, n))
}

// lease hands out what may be delivered to a receiver and returns its ids.
func (p *probe) lease(receiver string, t time.Time, limit int) []string {
	alerts, err := p.store.LeaseAlerts(p.ctx, storage.LeaseQuery{
		Receiver: receiver, Owner: "probe", Now: t, For: leaseFor, Limit: limit,
	})
	p.must("lease alerts", err)
	return alertIDs(alerts)
}

func alertIDs(alerts []policy.Alert) []string {
	ids := make([]string, len(alerts))
	for i, a := range alerts {
		ids[i] = a.ID
	}
	return ids
}

func claimIDs(claims []storage.Claim) []policy.ID {
	ids := make([]policy.ID, len(claims))
	for i, c := range claims {
		ids[i] = c.Policy
	}
	return ids
}

func numbers(versions []policy.Version) []int {
	out := make([]int, len(versions))
	for i, v := range versions {
		out[i] = v.Number
	}
	return out
}

func reversed[T any](s []T) []T {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}
