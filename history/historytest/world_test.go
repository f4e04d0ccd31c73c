package historytest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
)

const acme policy.ID = "acme/privacy"

func day(d int, h ...int) time.Time {
	t := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d-1)
	for _, h := range h {
		t = t.Add(time.Duration(h) * time.Hour)
	}
	return t
}

// world is a store with a story.
type world struct {
	t     testing.TB
	store *bolt.DB
}

func newWorld(t testing.TB, ids ...policy.ID) *world {
	t.Helper()
	w := &world{t: t}
	w.reopen(filepath.Join(t.TempDir(), "w.db"))
	t.Cleanup(func() { _ = w.store.Close() })
	var policies []policy.Policy
	for _, id := range ids {
		vendor := strings.ToUpper(id.VendorSlug()[:1]) + id.VendorSlug()[1:]
		policies = append(policies, policy.Policy{
			ID: id, Vendor: policy.Vendor{Name: vendor, Slug: id.VendorSlug()}, Kind: policy.KindPrivacy,
			URL: "https://" + id.VendorSlug() + ".example/privacy", Source: policy.SourceLive, Interval: 12 * time.Hour,
		})
	}
	if err := w.store.Sync(t.Context(), policies, day(1)); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) reopen(path string) {
	w.t.Helper()
	var err error
	if w.store != nil {
		if err := w.store.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
	if w.store, err = bolt.Open(path, bolt.Options{InitialMmapSize: 1 << 26}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) claim(id policy.ID) storage.Claim {
	w.t.Helper()
	claims, err := w.store.Claim(w.t.Context(), storage.ClaimQuery{Now: day(300), For: time.Minute, IDs: []policy.ID{id}})
	if err != nil || len(claims) != 1 {
		w.t.Fatalf("%d claims, %v", len(claims), err)
	}
	return claims[0]
}

func (w *world) commit(o storage.Observation) {
	w.t.Helper()
	if _, err := w.store.Commit(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// look records a check that found nothing new.
func (w *world) look(id policy.ID, outcome policy.Outcome, at time.Time) {
	w.t.Helper()
	c := w.claim(id)
	w.commit(storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Check: policy.Check{
		Outcome: outcome, At: at, CapturedAt: at, Source: policy.SourceLive,
	}})
}

// document makes a text of paragraphs; one that begins with # is a heading.
func document(lines ...string) policy.Document {
	doc := policy.Document{Normalizer: "n1", Title: "Privacy", Lang: "en", Full: strings.Join(lines, "\n")}
	doc.Sections = []policy.Section{{}}
	for _, line := range lines {
		if heading, ok := strings.CutPrefix(line, "# "); ok {
			doc.Sections = append(doc.Sections, policy.Section{Heading: heading, Level: 1})
			continue
		}
		last := &doc.Sections[len(doc.Sections)-1]
		last.Blocks = append(last.Blocks, policy.Block{Kind: policy.Paragraph, Text: line})
	}
	return doc
}

// tell records a new text as the head.
func (w *world) tell(id policy.ID, at time.Time, lines ...string) {
	w.t.Helper()
	c, doc := w.claim(id), document(lines...)
	body := []byte("<html>" + strings.Join(lines, "<p>"))
	v := policy.Version{
		Kind: policy.VersionBaseline, CapturedAt: at, FirstSeenAt: at, LastSeenAt: at, SHA256: doc.Digest(), RawSHA256: policy.Sum(body),
		Normalizer: doc.Normalizer, Words: doc.Words(), Summary: fmt.Sprintf("first version, %d words", doc.Words()),
	}
	o := storage.Observation{Claim: c, Expect: c.State.HeadRef(), State: c.State, Check: policy.Check{
		Outcome: policy.OutcomeBaseline, At: at, CapturedAt: at, Source: policy.SourceLive,
	}}
	o.Capture = &policy.Capture{
		Policy: id, Source: policy.SourceLive, URL: c.State.URL, FinalURL: c.State.URL, Status: 200, StartedAt: at, CapturedAt: at,
		ContentType: "text/html", MediaType: "text/html", Header: map[string][]string{"Content-Type": {"text/html"}, "Set-Cookie": {"[redacted]"}},
		Body: body, Size: int64(len(body)), Verdict: policy.Verdict{Kind: policy.Accepted},
	}
	nv := storage.NewVersion{Version: v, Document: doc, Head: true}
	if c.State.Head > 0 {
		old, err := w.store.Document(w.t.Context(), id, c.State.Head)
		if err != nil {
			w.t.Fatal(err)
		}
		nv.Version.Kind, nv.Version.Significance, nv.Version.Summary = policy.VersionChange, policy.Material, "the text is another one"
		o.Check.Outcome = policy.OutcomeChanged
		nv.Change = &policy.Change{
			Policy: id, Significance: policy.Material, Summary: nv.Version.Summary, To: nv.Version.Ref(),
			From: policy.VersionRef{SHA256: c.State.HeadSHA256},
			Edits: []policy.Edit{{
				ID: "e1", Op: policy.Reworded, Section: "Retention", Old: old.Full, New: doc.Full, Significance: policy.Material,
			}},
		}
	}
	o.State.HeadFirstSeenAt, o.State.HeadSeenAt = at, at
	o.Versions = []storage.NewVersion{nv}
	w.commit(o)
}

func (w *world) beat(times ...time.Time) {
	w.t.Helper()
	for _, at := range times {
		if err := w.store.Beat(w.t.Context(), at, 15*time.Minute); err != nil {
			w.t.Fatal(err)
		}
	}
}

// watched marks a time as one in which the watcher ran.
func (w *world) watched(from, to time.Time) {
	w.t.Helper()
	for at := from; !at.After(to); at = at.Add(15 * time.Minute) {
		w.beat(at)
	}
}
