package policy

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"3Shape":                  "3shape",
		"3D Systems":              "3d-systems",
		"Artec 3D":                "artec-3d",
		"  Zimmer & Biomet, Inc.": "zimmer-biomet-inc",
		"Société Générale":        "soci-t-g-n-rale",
		"日本":                      "",
		"":                        "",
		"a--b":                    "a-b",
	} {
		if got := Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestParseID(t *testing.T) {
	for _, good := range []string{"3shape/privacy", "a/b", "3d-systems/cookies-en"} {
		if _, err := ParseID(good); err != nil {
			t.Errorf("ParseID(%q): %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "3shape", "3Shape/privacy", "/privacy", "a/", "a/b/c", "-a/b", "a/-b", "a b/c", "a/b\n", "../x",
		"a/" + strings.Repeat("b", MaxIDLen),
	} {
		if id, err := ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) = %q, want an error", bad, id)
		}
	}
	id, err := NewID("artec-3d", KindPrivacy, "DE")
	if err != nil || id != "artec-3d/privacy-de" || id.VendorSlug() != "artec-3d" {
		t.Errorf("NewID = %q, %v", id, err)
	}
}

func TestDigestText(t *testing.T) {
	d := Sum([]byte("a"))
	b, err := json.Marshal(struct{ D, Z Digest }{D: d})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"D":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","Z":""}`
	if string(b) != want {
		t.Errorf("JSON = %s, want %s", b, want)
	}
	var back struct{ D, Z Digest }
	if err := json.Unmarshal(b, &back); err != nil || back.D != d || !back.Z.IsZero() {
		t.Errorf("round trip: %v, %v", back, err)
	}
	for _, bad := range []string{"abc", strings.Repeat("g", 64), strings.Repeat("a", 66)} {
		if err := new(Digest).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("UnmarshalText(%q) succeeded", bad)
		}
	}
}

func sample() Document {
	return Document{Sections: []Section{
		{Blocks: []Block{{Kind: Paragraph, Text: "Before any heading."}}},
		{Heading: "Privacy Policy", Level: 1},
		{Heading: "1. Data", Level: 2, Blocks: []Block{
			{Kind: Paragraph, Text: "We collect:"},
			{Kind: Item, Text: "names", Marker: "a)"},
			{Kind: Item, Text: "addresses", Depth: 1},
			{Kind: Paragraph, Text: "And more."},
		}},
		{Heading: "Cookies", Level: 3, Blocks: []Block{
			{Kind: TableRow, Text: "name" + CellSeparator + "purpose"},
			{Kind: TableRow, Text: "sid" + CellSeparator + "session"},
		}},
		{Heading: "2. Rights", Level: 2, Blocks: []Block{{Kind: Paragraph, Text: "You may ask."}}},
	}}
}

func TestDocumentText(t *testing.T) {
	want := `Before any heading.

# Privacy Policy

## 1. Data

We collect:

a) names
  - addresses

And more.

### Cookies

| name | purpose |
| sid | session |

## 2. Rights

You may ask.
`
	d := sample()
	if diff := cmp.Diff(want, d.Text()); diff != "" {
		t.Errorf("Text (-want +got):\n%s", diff)
	}
	if d.Digest() != Sum([]byte(want)) {
		t.Error("Digest is not the digest of Text")
	}
	if got := d.Words(); got != 3+2+2+2+1+1+2+1+3+3+2+3 {
		t.Errorf("Words = %d", got)
	}
	if (Document{}).Text() != "" {
		t.Error("an empty document has text")
	}
}

// TestLinksAreNoText: link targets are a channel of their own.
func TestLinksAreNoText(t *testing.T) {
	a, b := sample(), sample()
	b.Sections[0].Blocks[0].Links = []Link{{Text: "x", URL: "https://example.org"}}
	b.Sections[0].Blocks[0].Categories = []Category{UserChoice}
	if a.Digest() != b.Digest() {
		t.Error("links or categories changed the digest")
	}
}

func TestDocumentPath(t *testing.T) {
	d := sample()
	for i, want := range [][]string{
		nil,
		{"Privacy Policy"},
		{"Privacy Policy", "1. Data"},
		{"Privacy Policy", "1. Data", "Cookies"},
		{"Privacy Policy", "2. Rights"},
	} {
		if diff := cmp.Diff(want, d.Path(i)); diff != "" {
			t.Errorf("Path(%d) (-want +got):\n%s", i, diff)
		}
	}
}

func TestEventAndAlertIDs(t *testing.T) {
	at := time.Date(2025, 5, 12, 4, 1, 44, 0, time.UTC)
	a, b := Sum([]byte("a")), Sum([]byte("b"))
	id := EventID("3shape/privacy", EventPolicyChanged, a, b, at)
	if id != EventID("3shape/privacy", EventPolicyChanged, a, b, at.In(time.FixedZone("x", 7200))) {
		t.Error("the id depends on the zone in which the time is told")
	}
	others := []string{
		EventID("3shape/cookies", EventPolicyChanged, a, b, at),
		EventID("3shape/privacy", EventPolicyReverted, a, b, at),
		EventID("3shape/privacy", EventPolicyChanged, b, a, at),
		EventID("3shape/privacy", EventPolicyChanged, a, b, at.Add(time.Second)),
	}
	for i, other := range others {
		if other == id {
			t.Errorf("event %d has the id of another one", i)
		}
	}
	if AlertID(id, "x") == AlertID(id, "y") || AlertID(id, "x") == AlertID(others[0], "x") {
		t.Error("an alert id must be that of its event and receiver")
	}
	e := Event{ID: id}
	if got := NewAlert(e, "x", at); got.ID != AlertID(id, "x") || got.State != AlertPending || !got.NextAttempt.Equal(at) {
		t.Errorf("NewAlert = %+v", got)
	}
}

func TestOutcomes(t *testing.T) {
	for _, o := range Outcomes() {
		if o.Good() && o.Bad() {
			t.Errorf("%s is good and bad", o)
		}
	}
	for _, o := range []Outcome{OutcomeQuarantined, OutcomeSkipped} {
		if o.Good() || o.Bad() {
			t.Errorf("%s must be neither good nor bad", o)
		}
	}
	if Minor.Rank() <= Cosmetic.Rank() || Material.Rank() <= Minor.Rank() || Significance("?").Rank() != None.Rank() {
		t.Error("significances are out of order")
	}
}

func TestCheckLine(t *testing.T) {
	at := time.Date(2025, 5, 12, 4, 12, 9, 0, time.UTC)
	c := Check{
		Policy: "3shape/privacy", Outcome: OutcomeChanged, CapturedAt: at, FirstSeenAt: at.Add(-625 * time.Second),
		Version: 2, FromVersion: 1, Kind: VersionChange, Significance: Minor, Event: EventPolicyChanged,
	}
	b, err := json.Marshal(c.Line())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema":"watcher.check/1","policy":"3shape/privacy","outcome":"changed","captured_at":"2025-05-12T04:12:09Z",` +
		`"first_seen_at":"2025-05-12T04:01:44Z","version":2,"from_version":1,"kind":"change","significance":"minor",` +
		`"event":"policy_changed","rule":"","error":""}`
	if string(b) != want {
		t.Errorf("line = %s\nwant   %s", b, want)
	}
}
