package historytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

func library(t *testing.T) *world {
	w := newWorld(t, "acme/privacy", "bolt/privacy", "cedar/terms")
	w.tell("acme/privacy", day(1), "# Retention", "We keep data for 12 months.")
	w.tell("acme/privacy", day(2), "# Retention", "We keep data for 24 months.")
	w.tell("acme/privacy", day(3), "# Retention", "We keep data for 24 months and a day.")
	w.tell("bolt/privacy", day(4), "# What we do", "For months we keep other data.")
	w.tell("cedar/terms", day(5), "# Data of 24 months", "Nothing else.")
	return w
}

func find(t *testing.T, r storage.Reader, q history.Query) ([]string, history.SearchEnd) {
	t.Helper()
	out := []string{}
	end, err := history.Search(t.Context(), r, q, func(res history.Result) error {
		line := fmt.Sprintf("%s %s@%d", res.Kind, res.Policy, res.Version)
		if res.Kind == history.Changes {
			line += " " + res.Side
		}
		out = append(out, line)
		if res.Snippet == "" || res.Schema != history.SearchSchema || res.Vendor == "" || res.FirstSeenAt.IsZero() {
			t.Errorf("%+v", res)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, end
}

func TestSearch(t *testing.T) {
	w := library(t)
	for _, tc := range []struct {
		name string
		q    history.Query
		want []string
	}{
		{"the phrase first, then all words", history.Query{Text: "24 months", In: []string{history.Current}}, []string{"current cedar/terms@1", "current acme/privacy@3"}},
		{"words anywhere", history.Query{Text: "data months"}, []string{
			"current cedar/terms@1", "current bolt/privacy@1", "current acme/privacy@3", "change acme/privacy@3 both", "change acme/privacy@2 both",
		}},
		{"gone from the present text", history.Query{Text: `"12 months"`}, []string{"past acme/privacy@1", "change acme/privacy@2 old"}},
		{"brought by a change", history.Query{Text: `"a day"`, In: []string{history.Changes}}, []string{"change acme/privacy@3 new"}},
		{"by vendor", history.Query{Text: "months", Vendor: "bolt"}, []string{"current bolt/privacy@1"}},
		{"by policy", history.Query{Text: "months", Policies: []policy.ID{"cedar/terms"}}, []string{"current cedar/terms@1"}},
		{"by kind", history.Query{Text: "months", Kind: policy.KindTerms}, []string{}},
		{"limited", history.Query{Text: "months", In: []string{history.Current}, Limit: 1}, []string{"current cedar/terms@1"}},
		{"nothing", history.Query{Text: "unicorn"}, []string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, end := find(t, w.store, tc.q)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !end.Complete || end.Results != len(tc.want) || end.Matches < end.Results {
				t.Errorf("end: %+v", end)
			}
		})
	}
	_, end := find(t, w.store, history.Query{Text: "unicorn"})
	if end.Texts != 5 || end.Changes != 2 {
		t.Errorf("looked through %d texts and %d changes", end.Texts, end.Changes)
	}
}

func TestSearchRefuses(t *testing.T) {
	w := library(t)
	none := func(history.Result) error { return nil }
	for _, q := range []history.Query{{}, {Text: "x", In: []string{"future"}}, {Text: "x", Limit: 1000}, {Text: "x", Timeout: time.Hour}} {
		if _, err := history.Search(t.Context(), w.store, q, none); !errors.Is(err, history.ErrQuery) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := history.Search(t.Context(), w.store, history.Query{Text: "x", Policies: []policy.ID{"a/b"}}, none); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("unknown policy: %v", err)
	}
	stop := errors.New("enough")
	if _, err := history.Search(t.Context(), w.store, history.Query{Text: "months"}, func(history.Result) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an emit that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := history.Search(ctx, w.store, history.Query{Text: "months"}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}

// slow waits for the end of the search before it gives out some texts.
type slow struct {
	storage.Reader
	stuck, rotten policy.ID
}

func (s slow) Document(ctx context.Context, id policy.ID, n int) (policy.Document, error) {
	if id == s.rotten {
		return policy.Document{}, policy.ErrDamaged
	}
	if id == s.stuck {
		<-ctx.Done()
		return policy.Document{}, ctx.Err()
	}
	return s.Reader.Document(ctx, id, n)
}

func TestSearchStopsInTime(t *testing.T) {
	w := library(t)
	got, end := find(t, slow{Reader: w.store, stuck: "cedar/terms"}, history.Query{Text: "months", Timeout: 200 * time.Millisecond})
	if end.Complete || !strings.Contains(end.Stopped, "narrow it by policy") || end.Texts != 2 {
		t.Errorf("end: %+v", end)
	}
	if diff := cmp.Diff([]string{"current bolt/privacy@1", "current acme/privacy@3"}, got); diff != "" {
		t.Errorf("what was found by then (-want +got):\n%s", diff)
	}
}

func TestSearchNamesWhatIsDamaged(t *testing.T) {
	w := library(t)
	got, end := find(t, slow{Reader: w.store, rotten: "cedar/terms"}, history.Query{Text: "months", In: []string{history.Current}})
	if diff := cmp.Diff([]string{"cedar/terms@1"}, end.Unreadable); diff != "" || len(got) != 2 {
		t.Errorf("%v, unreadable (-want +got):\n%s", got, diff)
	}
}

// panicky has a text over which the program stumbles.
type panicky struct{ storage.Reader }

func (panicky) Document(context.Context, policy.ID, int) (policy.Document, error) {
	panic("a text like no other")
}

func TestSearchSurvivesPanics(t *testing.T) {
	w := library(t)
	_, err := history.Search(t.Context(), panicky{w.store}, history.Query{Text: "months"}, func(history.Result) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "internal error: a text like no other") {
		t.Error(err)
	}
}

// BenchmarkSearch looks through the present texts of 1,000 policies of 5,000 words
// each.
func BenchmarkSearch(b *testing.B) {
	const policies = 1000
	var ids []policy.ID
	for i := range policies {
		ids = append(ids, policy.ID(fmt.Sprintf("vendor-%d/privacy", i)))
	}
	w := newWorld(b, ids...)
	size := 0
	for i, id := range ids {
		lines := longText(i)
		size += len(strings.Join(lines, "\n"))
		w.tell(id, day(1), lines...)
	}
	for name, text := range map[string]string{"rare": "unicorn", "phrase": `"sentence 7 about data"`, "common": "data"} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				end, err := history.Search(b.Context(), w.store, history.Query{Text: text, Timeout: time.Minute}, func(history.Result) error { return nil })
				if err != nil || !end.Complete || end.Texts != policies {
					b.Fatalf("%+v, %v", end, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/search")
			b.ReportMetric(float64(size)/policies, "B/text")
		})
	}
}

func longText(n int) []string {
	words := strings.Fields("we may collect process share keep and erase personal data of customers visitors partners under the terms of this notice for the purposes named below unless the law says otherwise")
	var out []string
	for s := range 40 {
		out = append(out, fmt.Sprintf("# Section %d", s))
		for p := range 5 {
			var b strings.Builder
			fmt.Fprintf(&b, "This is sentence %d about data number %d.", p, n*s)
			for i := range 20 {
				fmt.Fprintf(&b, " %s", words[(n*7+s*5+p*3+i*(n%11+1))%len(words)])
			}
			out = append(out, b.String())
		}
	}
	return out
}
