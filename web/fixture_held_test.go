package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"watcher/policy"
)

// fakeHeld is the one held capture of the fixture.
func fakeHeld(_ context.Context, id policy.ID, withText bool) (Held, error) {
	if id != quarantined {
		return Held{}, fmt.Errorf("%s: nothing held: %w", id, policy.ErrNotFound)
	}
	h := Held{Check: policy.Check{
		Policy: id, Outcome: policy.OutcomeQuarantined, At: ago(3 * hour), CapturedAt: ago(3 * hour), Capture: 41, Status: 200,
		Rule: "bot_wall", Detail: `the page says "show that you are human"`, Source: policy.SourceLive,
	}}
	if withText {
		h.Text = policy.Document{Normalizer: "html/3", Lang: "en", Sections: []policy.Section{
			{Heading: "One moment", Level: 1, Blocks: []policy.Block{{Kind: policy.Paragraph, Text: "Please show that you are human. This takes a few seconds."}}},
		}}
	}
	return h, nil
}

func heldHead() policy.Document {
	return policy.Document{Normalizer: "html/3", Lang: "de", Title: "Datenschutz", Sections: []policy.Section{
		{Heading: "Datenschutz", Level: 1, Blocks: []policy.Block{{Kind: policy.Paragraph, Text: "Cedar Scan speichert Scans 30 Tage lang und gibt sie an niemanden weiter."}}},
	}}
}

func fixturePolicies() []policy.Policy {
	return []policy.Policy{{
		ID: changedID, Vendor: vendor("Northlight Imaging", "dental", "eu"), Kind: policy.KindPrivacy, URL: "https://northlight.example/legal/privacy",
		Source: policy.SourceLive, Interval: 12 * time.Hour, Select: policy.CSS("main"), Anchors: []string{"scanners"}, MinWords: 40,
		Headers: map[string]string{"Authorization": "canary=secret"},
	}}
}

func requeueNothing(context.Context, string) error { return nil }

func nopBody(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

func fixtureSilences() []policy.Silence {
	return []policy.Silence{
		{
			ID: "sil_1", Matchers: []policy.Matcher{{Name: "vendor", Values: []string{"bright-molar"}}, {Name: "significance", Values: []string{"minor", "cosmetic"}}},
			StartsAt: ago(hour), EndsAt: now().Add(7 * hour), Author: "Ada", Comment: "they rebuild their site", CreatedAt: ago(hour),
		},
		{ID: "sil_0", Matchers: []policy.Matcher{{Name: "kind", Values: []string{"terms"}}}, StartsAt: ago(9 * day), EndsAt: ago(day), Author: "Ada", Comment: "is over"},
	}
}
