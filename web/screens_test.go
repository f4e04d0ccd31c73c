package web

import (
	"net/http"
	"time"

	"watcher/policy"
)

// busy gives policies of the fixture a past: a picture of pages that have nothing
// to show shows nothing.
func busy(f *fakeStore) *fakeStore {
	summaries := []string{
		"Model Yard was added to the companies that receive scans.", "The contact of the data protection officer changed.",
		"Invoices are kept for ten years instead of six.", "Headings were numbered anew.",
	}
	grades := []policy.Significance{policy.Material, policy.Minor, policy.Minor, policy.Cosmetic}
	past := map[policy.ID][]int{
		quietID:     {640, 610, 555, 430, 425, 410, 300, 211, 195, 120, 44, 12},
		failingID:   {500, 290, 280, 33},
		quarantined: {330, 150},
		retiredID:   {700, 650, 480},
	}
	for i, st := range f.states {
		days, ok := past[st.ID]
		if !ok {
			continue
		}
		f.states[i].Added = ago(time.Duration(days[0]) * day)
		f.states[i].Head, f.states[i].Versions = len(days), len(days)
		doc := textTwo()
		if st.ID == quarantined {
			doc = heldHead()
		}
		f.states[i].HeadSHA256, f.states[i].HeadWords = doc.Digest(), doc.Words()
		for n, d := range days {
			v := policy.Version{
				Policy: st.ID, Number: n + 1, Kind: policy.VersionBaseline, FirstSeenAt: ago(time.Duration(d) * day), CapturedAt: ago(time.Duration(d) * day),
				LastSeenAt: ago(3 * hour), SHA256: doc.Digest(), Words: doc.Words() + n, Lang: doc.Lang,
			}
			if n > 0 {
				v.Kind, v.From, v.Significance, v.Summary = policy.VersionChange, n, grades[(n+len(st.ID))%4], summaries[(n+len(st.ID))%4]
			}
			f.versions[st.ID] = append(f.versions[st.ID], v)
			f.documents[key(st.ID, n+1)] = doc
		}
		for d := days[0] * 2; d >= 0; d-- {
			c := policy.Check{Policy: st.ID, At: ago(time.Duration(d)*12*hour + 3*hour), Outcome: policy.OutcomeUnchanged, Source: policy.SourceLive, Status: 200}
			if d > 100 && d < 140 {
				c.Outcome, c.Status, c.Error = policy.OutcomeFailed, 503, "503 Service Unavailable"
			}
			f.checks[st.ID] = append([]policy.Check{c}, f.checks[st.ID]...)
		}
	}
	return f
}

func fullOptions() Options {
	opt := options(busy(fixture()))
	opt.Events = NewEvents(now())
	opt.Metrics = http.NotFoundHandler()
	opt.Delivery = &fakeDelivery{}
	return opt
}

// looked are all pages, by the name of their screenshots.
func looked() map[string]string {
	return map[string]string{
		"overview": "/", "overview-filtered": "/?status=attention", "policy": "/policies/tidewater-labs/subprocessors",
		"policy-quiet": "/policies/northlight-imaging/privacy",
		"policy-new":   "/policies/harbour-aligners/dpa", "policy-failing": "/policies/bright-molar/cookies",
		"change": "/policies/northlight-imaging/privacy/changes/2", "change-side": "/policies/northlight-imaging/privacy/changes/2?view=side",
		"change-text": "/policies/northlight-imaging/privacy/changes/2?order=text", "version": "/policies/northlight-imaging/privacy/versions/2",
		"compare": "/policies/northlight-imaging/privacy/compare", "inbox": "/inbox", "held": "/inbox/cedar-scan/privacy-de",
		"alerts": "/alerts", "status": "/status", "search": "/search?q=scans", "topics": "/topics", "unlock": "/unlock", "not-found": "/nowhere",
	}
}
