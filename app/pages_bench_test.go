package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// The store of the benchmark.
const (
	benchPolicies = 1000
	benchVersions = 20
	benchChecks   = 700
)

func benchText(id policy.ID, n int) policy.Document {
	return policy.Document{Normalizer: "html/1", Lang: "en", Sections: []policy.Section{{Heading: "1. What we keep", Level: 1, Blocks: []policy.Block{
		{Kind: policy.Paragraph, Text: fmt.Sprintf("%s keeps what you give it for %d months and shares it with nobody.", id, n)},
	}}}}
}

// benchHistory is the versions of one policy, each with its change.
func benchHistory(id policy.ID, now time.Time) []storage.NewVersion {
	var list []storage.NewVersion
	for n := 1; n <= benchVersions; n++ {
		doc, at := benchText(id, n), now.AddDate(0, 0, 18*(n-benchVersions))
		v := policy.Version{Policy: id, Kind: policy.VersionBaseline, CapturedAt: at, FirstSeenAt: at, LastSeenAt: at, SHA256: doc.Digest(), Normalizer: "html/1", Words: doc.Words(), Lang: "en"}
		next := storage.NewVersion{Version: v, Document: doc, Head: true}
		if n > 1 {
			next.Version.Kind, next.Version.Significance, next.Version.Summary = policy.VersionChange, policy.Minor, "What is kept is kept for a month longer."
			before := benchText(id, n-1)
			next.Change = &policy.Change{
				Policy: id, Significance: policy.Minor, Summary: next.Version.Summary, To: policy.VersionRef{SHA256: doc.Digest()},
				From:  policy.VersionRef{SHA256: before.Digest()},
				Edits: []policy.Edit{{ID: "e1", Op: policy.Reworded, Section: "1. What we keep", Old: before.Text(), New: doc.Text(), Significance: policy.Minor}},
			}
		}
		list = append(list, next)
	}
	return list
}

func benchCommit(b *testing.B, s storage.Store, id policy.ID, at time.Time, outcome policy.Outcome, versions []storage.NewVersion) {
	b.Helper()
	claims, err := s.Claim(b.Context(), storage.ClaimQuery{Owner: "bench", Now: at, For: time.Hour, IDs: []policy.ID{id}})
	if err != nil || len(claims) != 1 {
		b.Fatal(err, len(claims))
	}
	state := claims[0].State
	state.LastCheck, state.LastSuccess, state.LastOutcome, state.NextCheck = at, at, outcome, at.Add(12*time.Hour)
	if len(versions) > 0 {
		state.LastChange = at
	}
	_, err = s.Commit(b.Context(), storage.Observation{
		Claim: claims[0], Expect: claims[0].State.HeadRef(), Versions: versions, State: state,
		Check: policy.Check{Policy: id, At: at, Outcome: outcome, Source: policy.SourceLive},
	})
	if err != nil {
		b.Fatal(err)
	}
}

func benchStore(b *testing.B) *App {
	b.Helper()
	dir := b.TempDir()
	file := filepath.Join(dir, "watcher.yml")
	var vendors []any
	for i := range benchPolicies {
		vendors = append(vendors, vendorConfig(fmt.Sprintf("Vendor %d", i), fmt.Sprintf("https://vendor-%d.example/privacy", i)))
	}
	writeConfig(b, file, map[string]any{"version": 1, "vendors": vendors})
	a, err := New(Options{ConfigFile: file, StoragePath: filepath.Join(dir, "w.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = a.Stop(context.Background()) })
	if err := a.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	for i, p := range a.Policies() {
		benchCommit(b, a.store, p.ID, now, policy.OutcomeChanged, benchHistory(p.ID, now))
		for n := 1; i == 0 && n < benchChecks; n++ {
			benchCommit(b, a.store, p.ID, now.Add(time.Duration(n)*time.Minute), policy.OutcomeUnchanged, nil)
		}
	}
	return a
}

// BenchmarkPages is the time to the first byte of each page beside that of
// /-/healthy, over a store of 1,000 policies and 20,000 versions.
func BenchmarkPages(b *testing.B) {
	a := benchStore(b)
	h, err := a.handler(webConfig{})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	for _, path := range []string{
		"/-/healthy", "/", "/?q=vendor+77", "/?page=20", "/policies/vendor-0/privacy", "/policies/vendor-500/privacy/changes/7",
		"/policies/vendor-500/privacy/versions/7", "/inbox", "/alerts", "/api/v1/policies/vendor-5/privacy",
	} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				resp, err := server.Client().Get(server.URL + path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(path, resp.StatusCode, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
