package alerts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
)

func TestRouter(t *testing.T) {
	change := policy.Event{
		Type: policy.EventPolicyChanged, Significance: policy.Minor,
		Categories: []policy.Category{policy.DataRetention, policy.UserAccess}, DateFacts: []policy.DateFact{policy.SilentChange},
		Policy: policy.PolicyRef{ID: "3shape/privacy-de", Vendor: "3Shape", Kind: policy.KindPrivacy, Tags: []string{"dental", "eu"}},
	}
	health := policy.Event{
		Type:   policy.EventPolicyUnreachable,
		Policy: policy.PolicyRef{ID: "big-corp/cookies", Vendor: "Big & Corp", Kind: policy.KindCookies},
	}
	all := []string{"a", "b", "c"}
	for _, tc := range []struct {
		name           string
		routes         []Route
		change, health []string
	}{
		{"no routes", nil, all, all},
		{"first match wins", []Route{{Receiver: "a"}, {Receiver: "b"}}, []string{"a"}, []string{"a"}},
		{"continue", []Route{{Receiver: "a", Continue: true}, {Receiver: "b"}, {Receiver: "c"}}, []string{"a", "b"}, []string{"a", "b"}},
		{"each once", []Route{{Receiver: "a", Continue: true}, {Receiver: "a"}}, []string{"a"}, []string{"a"}},
		{"continue counts on a match only", []Route{
			{Receiver: "a", Match: Match{Events: []string{"policy_moved"}}, Continue: true}, {Receiver: "b"},
		}, []string{"b"}, []string{"b"}},
		{"vendor by name", []Route{{Receiver: "a", Match: Match{Vendors: []string{"3shape"}}}}, []string{"a"}, nil},
		{"vendor by slug", []Route{{Receiver: "a", Match: Match{Vendors: []string{"x", "big-corp"}}}}, nil, []string{"a"}},
		{"policy", []Route{{Receiver: "a", Match: Match{Policies: []string{"3shape/privacy-de"}}}}, []string{"a"}, nil},
		{"policy is no prefix", []Route{{Receiver: "a", Match: Match{Policies: []string{"3shape/privacy"}}}}, nil, nil},
		{"tag", []Route{{Receiver: "a", Match: Match{Tags: []string{"eu", "us"}}}}, []string{"a"}, nil},
		{"kind", []Route{{Receiver: "a", Match: Match{Kinds: []string{"cookies"}}}}, nil, []string{"a"}},
		{"event", []Route{{Receiver: "a", Match: Match{Events: []string{"policy_unreachable"}}}}, nil, []string{"a"}},
		{"significance", []Route{{Receiver: "a", Match: Match{Significance: []string{"minor", "material"}}}}, []string{"a"}, nil},
		{"higher significance", []Route{{Receiver: "a", Match: Match{Significance: []string{"material"}}}}, nil, nil},
		{"category", []Route{{Receiver: "a", Match: Match{Categories: []string{"user_access"}}}}, []string{"a"}, nil},
		{"lang", []Route{{Receiver: "a", Match: Match{Langs: []string{"DE"}}}}, []string{"a"}, nil},
		{"dates", []Route{{Receiver: "a", Match: Match{Dates: []string{"undated", "silent_change"}}}}, []string{"a"}, nil},
		{"other dates", []Route{{Receiver: "a", Match: Match{Dates: []string{"undated"}}}}, nil, nil},
		{"all lists have to match", []Route{{Receiver: "a", Match: Match{Kinds: []string{"privacy"}, Tags: []string{"us"}}}}, nil, nil},
		{"empty string matches nothing", []Route{{Receiver: "a", Match: Match{Significance: []string{""}, Langs: []string{""}}}}, nil, nil},
		{"health beside changes", []Route{
			{Receiver: "a", Match: Match{Significance: []string{"minor", "material"}}}, {Receiver: "b"},
		}, []string{"a"}, []string{"b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := NewRouter(tc.routes, all, time.Minute)
			if diff := cmp.Diff(tc.change, names(r.Route(change))); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.health, names(r.Route(health))); diff != "" {
				t.Errorf("health (-want +got):\n%s", diff)
			}
		})
	}
}

func names(list []Destination) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Receiver)
	}
	return out
}
