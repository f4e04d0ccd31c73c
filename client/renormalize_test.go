package client

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"watcher/policy"
)

func TestRenormalizeStreams(t *testing.T) {
	const line = `{"schema":"watcher.renormalize/1","policy":"a/b","version":1,"result":"unreadable","error":"gone"}` + "\n"
	for _, tc := range []struct {
		name, stream, want string
		lines              int
		is                 error
	}{
		{"whole", line + line, "", 2, nil},
		{"nothing to read", "", "", 0, nil},
		{"failed", line + `{"error":"rotten","type":"urn:watcher:problem:damaged"}` + "\n", "rotten", 1, policy.ErrDamaged},
		{"another program", "<html>\n", "no version", 0, nil},
		{"an object without schema", "{}\n", "no schema", 0, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got string
			c := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.URL.Path + " " + string(body)
				_, _ = io.WriteString(w, tc.stream)
			}))
			n := 0
			err := c.Renormalize(t.Context(), policy.RenormalizeRequest{Policies: []policy.ID{"a/b"}, DryRun: true}, func(policy.Renormalized) error { n++; return nil })
			if n != tc.lines || (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) || tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("%d lines, %v", n, err)
			}
			if want := `POST /api/v1/renormalize {"policies":["a/b"],"dry_run":true}`; got != want {
				t.Errorf("asked %s, want %s", got, want)
			}
		})
	}
}
