package web

import (
	"time"

	"watcher/policy"
	"watcher/storage"
)

// The policies of the fixture, one for each thing a page can show.
const (
	changedID   policy.ID = "northlight-imaging/privacy"
	failingID   policy.ID = "bright-molar/cookies"
	quarantined policy.ID = "cedar-scan/privacy-de"
	newID       policy.ID = "harbour-aligners/dpa"
	quietID     policy.ID = "tidewater-labs/subprocessors"
	retiredID   policy.ID = "old-mill/terms"
)

func fixture() *fakeStore {
	texts := []policy.Document{textOne(), textTwo()}
	f := &fakeStore{
		states:    fixtureStates(texts[1]),
		versions:  map[policy.ID][]policy.Version{changedID: fixtureVersions(texts)},
		documents: map[string]policy.Document{key(changedID, 1): texts[0], key(changedID, 2): texts[1], key(quarantined, 1): heldHead()},
		changes:   map[string]policy.Change{key(changedID, 2): fixtureChange(texts)},
		captures:  map[string]policy.Capture{key(changedID, policy.CaptureID(17)): fixtureCapture(), key(quarantined, policy.CaptureID(41)): heldCapture()},
		checks:    map[policy.ID][]policy.Check{changedID: fixtureChecks(), failingID: failedChecks()},
		alerts:    fixtureAlerts(),
		silences:  fixtureSilences(),
		stats: storage.Stats{
			SizeBytes: 1 << 20, Policies: 6, Versions: 4, Captures: 17, Format: 1,
			Outbox: []storage.OutboxStats{{Receiver: "legal-mail", Dead: 1}, {Receiver: "privacy-team", Pending: 1}},
		},
	}
	return f
}

func vendor(name string, tags ...string) policy.Vendor {
	return policy.Vendor{Name: name, Slug: policy.Slug(name), Tags: tags}
}

func fixtureStates(current policy.Document) []policy.State {
	good := policy.State{LastCheck: ago(3 * hour), LastSuccess: ago(3 * hour), NextCheck: now().Add(9 * hour), Added: ago(200 * day)}
	failing := good
	failing.ID, failing.Vendor, failing.Kind = failingID, vendor("Bright Molar"), policy.KindCookies
	failing.URL, failing.Head, failing.Versions = "https://brightmolar.example/cookies", 1, 1
	failing.LastSuccess = ago(42 * hour)
	failing.Failures, failing.FailingSince, failing.UnreachableTold = 6, ago(30*hour), true
	failing.LastOutcome, failing.LastError = policy.OutcomeFailed, "https://brightmolar.example/cookies: tls: certificate has expired (ask the vendor to renew it)"
	held := good
	held.ID, held.Vendor, held.Kind, held.Lang = quarantined, vendor("Cedar Scan", "dental"), policy.KindPrivacy, "de"
	held.URL, held.Head, held.Versions = "https://cedarscan.example/de/datenschutz", 1, 1
	held.LastSuccess = ago(38 * hour)
	held.LastOutcome = policy.OutcomeQuarantined
	held.Quarantines, held.QuarantinedSince, held.LastRule = 2, ago(26*hour), "bot_wall"
	fresh := policy.State{
		ID: newID, Vendor: vendor("Harbour Aligners"), Kind: policy.KindDPA,
		URL: "https://harbour.example/dpa.pdf", Added: ago(time.Minute), NextCheck: now().Add(4 * time.Minute),
	}
	changed := good
	changed.ID, changed.Vendor, changed.Kind = changedID, vendor("Northlight Imaging", "dental", "eu"), policy.KindPrivacy
	changed.URL, changed.Head, changed.Versions = "https://northlight.example/legal/privacy", 2, 2
	changed.HeadSHA256, changed.HeadWords, changed.LastChange = current.Digest(), current.Words(), ago(2*day)
	changed.LastOutcome = policy.OutcomeUnchanged
	retired := good
	retired.ID, retired.Vendor, retired.Kind, retired.Retired = retiredID, vendor("Old Mill"), policy.KindTerms, true
	retired.Head, retired.Versions, retired.LastCheck = 3, 3, ago(400*day)
	quiet := good
	quiet.ID, quiet.Vendor, quiet.Kind = quietID, vendor("Tidewater Labs"), policy.KindSubprocessors
	quiet.URL, quiet.Head, quiet.Versions = "https://tidewater.example/subprocessors", 1, 1
	quiet.Pending = &policy.Pending{FirstSeenAt: ago(20 * time.Minute), Since: ago(20 * time.Minute), Sightings: 1}
	return []policy.State{failing, held, fresh, changed, retired, quiet}
}

func textOne() policy.Document {
	return policy.Document{
		Normalizer: "html/3", Title: "Privacy at Northlight", Lang: "en",
		Dates: []policy.Date{{
			Kind: policy.DateUpdated, Raw: "Last revised: XX March 2026", Value: "2026-03",
			Precision: policy.PrecisionMonth, Placeholder: true,
		}},
		Sections: []policy.Section{
			{Blocks: []policy.Block{{Kind: policy.Paragraph, Text: "Northlight Imaging makes scanners. This page says what becomes of the data they see."}}},
			{Heading: "1. What we keep", Level: 1, Blocks: []policy.Block{
				{Kind: policy.Paragraph, Text: "We keep scans for 30 days and then erase them.", Categories: []policy.Category{policy.DataRetention}},
			}},
		},
	}
}

func textTwo() policy.Document {
	return policy.Document{
		Normalizer: "html/3", Title: "Privacy at Northlight", Lang: "en",
		Dropped: []policy.Drop{{Rule: "cookie_banner", Path: "body > div.banner", Words: 12, Excerpt: "We would like to use cookies"}},
		Dates:   []policy.Date{{Kind: policy.DateUpdated, Raw: "Last revised: 12 March 2026", Value: "2026-03-12", Precision: policy.PrecisionDay}},
		Sections: []policy.Section{
			{Blocks: []policy.Block{{Kind: policy.Paragraph, Text: "Northlight Imaging makes scanners. This page says what becomes of the data they see."}}},
			{Heading: "1. What we keep", Level: 1, Blocks: []policy.Block{
				{
					Kind: policy.Paragraph, Categories: []policy.Category{policy.DataRetention}, Text: "We keep scans for 24 months and may use them to train our models. Write to our office to object.",
					Links: []policy.Link{{Text: "our models", URL: "https://northlight.example/models"}, {Text: "object", URL: "javascript:alert(1)"}},
				},
				{Kind: policy.Item, Text: "names of patients, where a clinic types them in"},
				{Kind: policy.Item, Text: "the shape of teeth", Marker: "(a)", Depth: 1},
				{Kind: policy.Item, Text: "the serial number of the scanner", Marker: "(b)", Depth: 1},
			}},
			{Heading: "1.1 Who else sees it", Level: 2, Blocks: []policy.Block{
				{Kind: policy.TableRow, Text: "Partner | Purpose | Country"},
				{Kind: policy.TableRow, Text: "Cloud Nine Hosting | storage | Ireland"},
				{Kind: policy.TableRow, Text: "Model Yard | training | United States"},
				{Kind: policy.Paragraph, Text: "The list changes from time to time."},
			}},
			{Heading: "2. Questions", Level: 1, Blocks: []policy.Block{
				{Kind: policy.Paragraph, Text: "Ask privacy@northlight.example."},
			}},
		},
	}
}

func fixtureVersions(texts []policy.Document) []policy.Version {
	one := policy.Version{
		Policy: changedID, Number: 1, Kind: policy.VersionBaseline, CapturedAt: ago(200 * day),
		FirstSeenAt: ago(200 * day), LastSeenAt: ago(2*day + 12*hour), SHA256: texts[0].Digest(), Normalizer: "html/3",
		Words: texts[0].Words(), Lang: "en", Title: "Privacy at Northlight",
	}
	two := one
	two.Number, two.Kind, two.From, two.Capture = 2, policy.VersionChange, 1, 17
	two.CapturedAt, two.FirstSeenAt, two.LastSeenAt = ago(2*day-11*time.Minute), ago(2*day), ago(3*hour)
	two.SHA256, two.RawSHA256, two.Words = texts[1].Digest(), policy.Sum([]byte("raw")), texts[1].Words()
	two.Significance, two.Summary = policy.Material, "Scans are kept 24 months instead of 30 days and may train models."
	return []policy.Version{one, two}
}

func fixtureChange(texts []policy.Document) policy.Change {
	versions := fixtureVersions(texts)
	return policy.Change{
		Policy: changedID, From: versions[0].Ref(), To: versions[1].Ref(), Significance: policy.Material,
		Summary:    "Scans are kept 24 months instead of 30 days and may train models.",
		Categories: []policy.Category{policy.DataRetention, policy.ThirdPartySharing},
		Dates:      policy.ChangeDates{From: texts[0].Dates, To: texts[1].Dates, Facts: []policy.DateFact{policy.PlaceholderResolved}},
		Words:      policy.WordCounts{Added: 61, Removed: 6, Moved: 9},
		Links:      []policy.LinkEdit{{Section: "2. Questions", Text: "our office", Old: "https://northlight.example/a", New: "javascript:alert(2)"}},
		Edits: []policy.Edit{
			{
				ID: "e1", Op: policy.Moved, Section: "2. Questions", FromSection: "1. What we keep", Old: "Ask us anything about this page.",
				New: "Ask us anything about this page.", Categories: []policy.Category{policy.OtherCategory}, Significance: policy.Minor,
			},
			{
				ID: "e2", Op: policy.Reworded, Section: "1. What we keep", Significance: policy.Material,
				Old: "We keep scans for 30 days and then erase them.",
				New: "We keep scans for 24 months and may use them to train our models.",
				Redline: []policy.Span{
					{Op: policy.SpanEqual, Text: "We keep scans for "},
					{Op: policy.SpanDelete, Text: "30 days"},
					{Op: policy.SpanInsert, Text: "24 months"},
					{Op: policy.SpanEqual, Text: " and "},
					{Op: policy.SpanDelete, Text: "then erase them"},
					{Op: policy.SpanInsert, Text: "may use them to train our models"},
					{Op: policy.SpanEqual, Text: "."},
				},
				Categories: []policy.Category{policy.DataRetention}, Reasons: []string{`a period changed: "30 days" to "24 months"`, `cue "train"`},
			},
			{
				ID: "e3", Op: policy.Added, Section: "1. What we keep > 1.1 Who else sees it", New: "Model Yard | training | United States",
				Kind: policy.TableRow, Significance: policy.Material, Categories: []policy.Category{policy.ThirdPartySharing},
				Reasons: []string{"a row was added to a table of partners"},
			},
			{
				ID: "e4", Op: policy.Removed, Section: "1. What we keep", Old: "We never pass scans on.", Significance: policy.Material,
				Categories: []policy.Category{policy.ThirdPartySharing}, Reasons: []string{`cue "pass on"`},
			},
			{
				ID: "e5", Op: policy.Renumbered, Section: "2. Questions", FromSection: "3. Questions", Old: "3. Questions", New: "2. Questions",
				Redline: []policy.Span{{Op: policy.SpanDelete, Text: "3."}, {Op: policy.SpanInsert, Text: "2."}, {Op: policy.SpanEqual, Text: " Questions"}},
				Heading: true, Significance: policy.Cosmetic,
			},
		},
	}
}

func fixtureCapture() policy.Capture {
	body := []byte("<!doctype html><script>alert(document.domain)</script>")
	return policy.Capture{
		ID: 17, Policy: changedID, Source: policy.SourceLive, URL: "http://northlight.example/privacy",
		FinalURL: "https://northlight.example/legal/privacy", Status: 200, StartedAt: ago(2 * day), CapturedAt: ago(2*day - time.Second),
		Duration: 1234 * time.Millisecond, ContentType: "text/html; charset=utf-8", MediaType: "text/html", RemoteAddr: "192.0.2.7:443",
		Hops: []policy.Hop{
			{URL: "http://northlight.example/privacy", Status: 301, Location: "https://northlight.example/legal/privacy"},
			{URL: "https://northlight.example/legal/privacy", Status: 200},
		},
		Header: map[string][]string{"Content-Type": {"text/html; charset=utf-8"}, "Set-Cookie": {"canary=secret"}, "Server": {"nginx"}},
		TLS:    &policy.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", LeafSHA256: policy.Sum([]byte("leaf")), Issuer: "Example CA"},
		Size:   int64(len(body)), WireBytes: int64(len(body)), Digest: policy.Sum(body), Body: body, Attempts: 1,
		Verdict: policy.Verdict{Kind: policy.Accepted, Rule: "anchors", Evidence: "3 of 4 phrases found"},
	}
}

func heldCapture() policy.Capture {
	c := fixtureCapture()
	c.ID, c.Policy, c.URL, c.FinalURL, c.Hops = 41, quarantined, "https://cedarscan.example/de/datenschutz", "https://cedarscan.example/wait", nil
	c.Verdict = policy.Verdict{Kind: policy.Quarantined, Rule: "bot_wall", Evidence: `the page says "show that you are human"`}
	return c
}

func fixtureChecks() []policy.Check {
	return []policy.Check{
		{Policy: changedID, Outcome: policy.OutcomeNotModified, At: ago(3 * hour), Duration: 310 * time.Millisecond, Source: policy.SourceLive, Status: 304},
		{
			Policy: changedID, Outcome: policy.OutcomeChanged, At: ago(2*day - 11*time.Minute), Duration: 2100 * time.Millisecond,
			Source: policy.SourceLive, Status: 200, Capture: 17, Version: 2, FromVersion: 1, Kind: policy.VersionChange,
			Significance: policy.Material, Event: policy.EventPolicyChanged,
		},
		{
			Policy: changedID, Outcome: policy.OutcomeUnconfirmed, At: ago(2 * day), Source: policy.SourceLive, Status: 200,
			Rule: "first_sighting", Detail: "another text; waits to be seen again",
		},
		{Policy: changedID, Outcome: policy.OutcomeBaseline, At: ago(200 * day), Source: policy.SourceLive, Status: 200, Version: 1},
	}
}

func failedChecks() []policy.Check {
	return []policy.Check{{
		Policy: failingID, Outcome: policy.OutcomeFailed, At: ago(3 * hour), Source: policy.SourceLive,
		Error: "https://brightmolar.example/cookies: tls: certificate has expired (ask the vendor to renew it)",
	}}
}

func fixtureAlerts() []policy.Alert {
	texts := []policy.Document{textOne(), textTwo()}
	versions := fixtureVersions(texts)
	from, to := versions[0].Ref(), versions[1].Ref()
	ref := policy.PolicyRef{ID: changedID, Vendor: "Northlight Imaging", Kind: policy.KindPrivacy, URL: "https://northlight.example/legal/privacy"}
	event := policy.Event{
		ID: "evt_1", Type: policy.EventPolicyChanged, Policy: ref, At: ago(2 * day), FirstSeenAt: ago(2 * day),
		From: &from, To: &to, Significance: policy.Material, Summary: versions[1].Summary,
	}
	unreachable := policy.Event{
		ID: "evt_2", Type: policy.EventPolicyUnreachable, At: ago(6 * hour), FirstSeenAt: ago(30 * hour),
		Policy:  policy.PolicyRef{ID: failingID, Vendor: "Bright Molar", Kind: policy.KindCookies},
		Summary: "The cookie notice could not be reached 5 times in a row.",
	}
	return []policy.Alert{
		{
			ID: "alt_1", Receiver: "privacy-team", Event: event, State: policy.AlertDelivered, Seq: 1, CreatedAt: ago(2 * day),
			Attempts: 1, LastAttempt: ago(2 * day), DeliveredAt: ago(2 * day),
		},
		{
			ID: "alt_2", Receiver: "legal-mail", Event: event, State: policy.AlertDead, Seq: 2, CreatedAt: ago(2 * day), Attempts: 12,
			LastAttempt: ago(hour), LastError: "550 no such mailbox",
		},
		{
			ID: "alt_3", Receiver: "privacy-team", Event: unreachable, State: policy.AlertPending, Seq: 3, CreatedAt: ago(6 * hour),
			Attempts: 2, LastAttempt: ago(10 * time.Minute), NextAttempt: now().Add(20 * time.Minute), LastError: "503 try later",
		},
	}
}
