package client

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/history"
	"watcher/policy"
	"watcher/storage/bolt"
)

func TestSearch(t *testing.T) {
	store, err := bolt.Open(filepath.Join(t.TempDir(), "w.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Sync(t.Context(), []policy.Policy{{ID: "a/b"}}, noon()); err != nil {
		t.Fatal(err)
	}
	c := daemon(t, store)
	q := history.Query{Text: "x", Policies: []policy.ID{"a/b"}, Vendor: "a", Kind: "privacy", In: []string{"current"}, Limit: 3, Timeout: 5e9}
	end, err := c.Search(t.Context(), q, func(history.Result) error { return nil })
	if err != nil || !end.Complete || end.Schema != history.SearchEndSchema {
		t.Errorf("%+v, %v", end, err)
	}
	q.Policies = []policy.ID{"a/c"}
	if _, err := c.Search(t.Context(), q, nil); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("unknown policy: %v", err)
	}
}

func TestSearchStreams(t *testing.T) {
	const result = `{"schema":"watcher.search/1","policy":"a/b","snippet":"x"}` + "\n"
	for _, tc := range []struct {
		name, stream, want string
		results            int
		is                 error
	}{
		{"whole", result + result + `{"schema":"watcher.search_end/1","complete":true}` + "\n", "", 2, nil},
		{"cut off", result, "broke off", 1, io.ErrUnexpectedEOF},
		{"failed", result + `{"error":"rotten","type":"urn:watcher:problem:damaged"}` + "\n", "rotten", 1, policy.ErrDamaged},
		{"another program", "<html>\n", "no result", 0, nil},
		{"an object without schema", "{}\n", "no schema", 0, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if diff := cmp.Diff("words", r.URL.Query().Get("q")); diff != "" {
					t.Error(diff)
				}
				_, _ = io.WriteString(w, tc.stream)
			}))
			n := 0
			_, err := c.Search(t.Context(), history.Query{Text: "words"}, func(history.Result) error { n++; return nil })
			if n != tc.results || (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) || tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("%d results, %v", n, err)
			}
		})
	}
}
