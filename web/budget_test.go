package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// crowd is a store of very many policies, each with some versions, all of which
// are in trouble as well.
func crowd(policies, versions int) *fakeStore {
	f := fixture()
	f.states, f.versions, f.checks = nil, map[policy.ID][]policy.Version{}, map[policy.ID][]policy.Check{}
	texts := []policy.Document{textOne(), textTwo()}
	for i := range policies {
		id := policy.ID(fmt.Sprintf("vendor-%04d/privacy", i))
		st := fixtureStates(texts[1])[i%4]
		st.ID, st.Head, st.Versions = id, versions, versions
		st.Vendor = vendor(fmt.Sprintf("Vendor number %d of a long list", i), fmt.Sprintf("tag-%d", i%90), "dental")
		st.Moved = &policy.Move{To: "https://elsewhere.example/" + strings.Repeat("x", 200), Told: true}
		f.states = append(f.states, st)
		for n := 1; n <= versions; n++ {
			v := fixtureVersions(texts)[min(n-1, 1)]
			v.Policy, v.Number, v.From = id, n, n-1
			v.FirstSeenAt, v.CapturedAt = ago(time.Duration(versions-n)*17*day), ago(time.Duration(versions-n)*17*day)
			v.Significance = policy.Significances()[1+n%3]
			f.versions[id] = append(f.versions[id], v)
		}
		for n := range 1000 {
			c := fixtureChecks()[0]
			c.Policy, c.At = id, ago(time.Duration(n)*8*hour)
			f.checks[id] = append(f.checks[id], c)
			if i > 0 {
				break // one policy with a long ledger is enough
			}
		}
	}
	for n := range 5000 {
		a := fixtureAlerts()[1]
		a.ID = fmt.Sprintf("alt_%d", n)
		f.alerts = append(f.alerts, a)
		f.stats.Outbox = append(f.stats.Outbox[:min(n, 20)], storage.OutboxStats{Receiver: fmt.Sprintf("receiver-%d", n), Dead: n})
	}
	f.documents[key[int]("vendor-0000/privacy", versions)] = textTwo()
	return f
}

// Pages stay small however much there is: every list is paged or bounded.
func TestPagesStaySmall(t *testing.T) {
	const most = 100_000
	opt := options(crowd(1000, 20))
	opt.Config = func() []byte { return []byte(strings.Repeat("key: value\n", 20_000)) }
	long := crowd(1, 1500)
	for path, h := range map[string]Options{
		"/": opt, "/?page=20": opt, "/?status=attention": opt, "/?q=number&tag=dental": opt, "/alerts": opt, "/alerts?page=3": opt,
		"/status": opt, "/inbox": opt, "/policies/vendor-0000/privacy": opt, "/unlock": opt,
	} {
		checkSize(t, path, h, most)
	}
	for _, path := range []string{"/policies/vendor-0000/privacy", "/policies/vendor-0000/privacy?page=7", "/policies/vendor-0000/privacy/compare"} {
		checkSize(t, path, options(long), most)
	}
}

func checkSize(t *testing.T, path string, opt Options, most int) {
	t.Helper()
	w := call(handler(t, opt), "GET", path, "", func(r *http.Request) { r.Header.Del("Authorization") })
	if w.Code != 200 || w.Body.Len() > most {
		t.Errorf("%s: %d, %d bytes, want at most %d", path, w.Code, w.Body.Len(), most)
	}
	t.Logf("%s: %d bytes", path, w.Body.Len())
}
