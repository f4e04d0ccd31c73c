package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"watcher/policy"
	"watcher/storage"
	"watcher/storage/bolt"
	"watcher/storage/storagetest"
	"watcher/web"
)

const token = "canary-token"

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

// shelf is a storage.Reader with alerts, checks, captures, and one error for
// all. What it does not hold it does not answer: the embedded interface is nil.
type shelf struct {
	storage.Reader
	alerts  []policy.Alert
	checks  []policy.Check
	capture policy.Capture
	body    []byte
	err     error
}

func bounded[T any](list []T, limit int) []T {
	if limit > 0 {
		return list[:min(limit, len(list))]
	}
	return list
}

func (s *shelf) State(context.Context, policy.ID) (policy.State, error) {
	return policy.State{ID: "a/b"}, s.err
}

func (s *shelf) Alerts(_ context.Context, q storage.AlertQuery) ([]policy.Alert, error) {
	return bounded(s.alerts, q.Limit), s.err
}

func (s *shelf) Checks(_ context.Context, _ policy.ID, q storage.CheckQuery) ([]policy.Check, error) {
	return bounded(s.checks, q.Limit), s.err
}

func (s *shelf) Capture(context.Context, policy.ID, policy.CaptureID) (policy.Capture, error) {
	return s.capture, s.err
}

func (s *shelf) Body(context.Context, policy.ID, policy.CaptureID) ([]byte, error) {
	return s.body, s.err
}

// worker is web.Actions that does what a test says.
type worker struct {
	check    func(context.Context, web.CheckRequest, func(policy.Check) error) error
	reloaded int
	tested   string
	err      error
}

func (w *worker) Check(ctx context.Context, req web.CheckRequest, emit func(policy.Check) error) error {
	return w.check(ctx, req, emit)
}

func (w *worker) Reload(context.Context) error { w.reloaded++; return w.err }

func (w *worker) Rule(_ context.Context, id policy.ID, r policy.Ruling) ([]policy.Check, error) {
	if w.err != nil {
		return nil, w.err
	}
	return []policy.Check{{Policy: id, Outcome: policy.OutcomeChanged, Detail: r.Author + ": " + r.Reason, Capture: r.Capture}}, nil
}

func (w *worker) TestReceiver(_ context.Context, name string) error { w.tested = name; return w.err }

// daemon serves the real handler over loopback and returns a client of it.
func daemon(t *testing.T, store storage.Reader, edit ...func(*web.Options)) *Client {
	t.Helper()
	opt := web.Options{Store: store, Clock: noon, Logger: slog.New(slog.DiscardHandler), Token: token}
	for _, e := range edit {
		e(&opt)
	}
	h, err := web.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, h)
}

func clientOf(t *testing.T, h http.Handler) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := New(srv.URL, Options{HTTPClient: srv.Client(), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The client answers every question as the engine behind the daemon does.
func TestClientIsAReader(t *testing.T) {
	storagetest.Readers(t, func(t *testing.T) storage.Store {
		t.Helper()
		db, err := bolt.Open(filepath.Join(t.TempDir(), "watcher.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}, func(t *testing.T, s storage.Store) storage.Reader {
		t.Helper()
		return daemon(t, s)
	})
}

func TestNew(t *testing.T) {
	for base, want := range map[string]string{
		"127.0.0.1:9847":                          "http://127.0.0.1:9847/-/ready",
		"http://127.0.0.1:9847/":                  "http://127.0.0.1:9847/-/ready",
		"https://watch.example.org/a/b/?q=1#frag": "https://watch.example.org/a/b/-/ready",
		"ftp://x": "", "http://": "", "http://[::1": "",
	} {
		c, err := New(base, Options{})
		if (err != nil) != (want == "") {
			t.Errorf("New(%q): %v", base, err)
			continue
		}
		if err == nil && c.address(nil, "-", "ready") != want {
			t.Errorf("New(%q) asks %s, want %s", base, c.address(nil, "-", "ready"), want)
		}
	}
	if _, err := New("gopher://user:canary@x", Options{}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a password is in the error: %v", err)
	}
}

func TestErrorsSurviveTheWay(t *testing.T) {
	for _, target := range []error{
		policy.ErrNotFound, policy.ErrConflict, policy.ErrDamaged, policy.ErrLocked, policy.ErrFormat,
	} {
		c := daemon(t, &shelf{err: fmt.Errorf("value 7: %w", target)})
		_, err := c.State(t.Context(), "a/b")
		if !errors.Is(err, target) || !strings.Contains(err.Error(), "value 7") {
			t.Errorf("%v arrives as %v", target, err)
		}
	}
	_, err := daemon(t, &shelf{err: errors.New("disk gone")}).State(t.Context(), "a/b")
	if err == nil || !strings.Contains(err.Error(), "disk gone") || errors.Is(err, policy.ErrNotFound) {
		t.Errorf("another error arrives as %v", err)
	}
}

// What is no id and no name is not found, and never becomes a path.
func TestNamesAreNoPaths(t *testing.T) {
	c := clientOf(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request was sent to %s", r.URL)
	}))
	for _, name := range []string{"", ".", "..", "a", "a/b/c", "../x", "a/..", "a/b?c", "a/b#c", "A/b", "a/b\n"} {
		if _, err := c.State(t.Context(), policy.ID(name)); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("State(%q): %v", name, err)
		}
	}
	for _, name := range []string{"", ".", ".."} {
		if _, err := c.Alert(t.Context(), name); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("Alert(%q): %v", name, err)
		}
		if err := c.RequeueAlert(t.Context(), name); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("RequeueAlert(%q): %v", name, err)
		}
		if err := c.TestReceiver(t.Context(), name); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("TestReceiver(%q): %v", name, err)
		}
	}
}

func TestLongListsArePaged(t *testing.T) {
	store := &shelf{}
	for i := range 2*pageSize + 500 {
		store.alerts = append(store.alerts, policy.Alert{ID: fmt.Sprintf("alt_%d", i)})
		store.checks = append(store.checks, policy.Check{Policy: "a/b", Outcome: policy.OutcomeUnchanged, At: noon().Add(-time.Duration(i) * time.Hour)})
	}
	c := daemon(t, store)
	for _, limit := range []int{0, 1, 1000, 1001, 2500} {
		alerts, err := c.Alerts(t.Context(), storage.AlertQuery{Limit: limit})
		if diff := cmp.Diff(bounded(store.alerts, limit), alerts); err != nil || diff != "" {
			t.Errorf("%d alerts: %v\n%s", limit, err, diff)
		}
	}
	checks, err := c.Checks(t.Context(), "a/b", storage.CheckQuery{})
	if diff := cmp.Diff(store.checks, checks); err != nil || diff != "" {
		t.Errorf("all checks: %v\n%s", err, diff)
	}
}

func TestListThatMovesIsReadAgain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		moves int
		ok    bool
	}{{"still", 0, true}, {"moves once", 1, true}, {"moves always", 100, false}} {
		t.Run(tc.name, func(t *testing.T) {
			first, moves := 0, tc.moves
			list, err := paged(0, strconv.Itoa, func(offset, limit int) ([]int, error) {
				if offset > 0 && moves > 0 {
					moves--
					first--
				}
				var items []int
				for i := offset; i < min(offset+limit, 1500); i++ {
					items = append(items, first+i)
				}
				return items, nil
			})
			if !tc.ok {
				if !errors.Is(err, errMoved) {
					t.Errorf("error is %v", err)
				}
				return
			}
			if err != nil || len(list) != 1500 || list[0] != first || list[1499] != first+1499 {
				t.Errorf("%d items from %d, %v", len(list), first, err)
			}
		})
	}
}

func TestBodyIsProved(t *testing.T) {
	store := &shelf{body: []byte("<html>"), capture: policy.Capture{Digest: policy.Sum([]byte("<html>"))}}
	c := daemon(t, store)
	body, err := c.Body(t.Context(), "a/b", 1)
	if err != nil || string(body) != "<html>" {
		t.Fatalf("%q, %v", body, err)
	}
	store.body = []byte("<htm1>")
	if body, err = c.Body(t.Context(), "a/b", 1); !errors.Is(err, policy.ErrDamaged) || body != nil {
		t.Errorf("other bytes than the record's: %q, %v", body, err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	c := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat(" ", 2000))
	}))
	c.limit = 1000
	if _, err := c.States(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than 1000 bytes") {
		t.Errorf("error is %v", err)
	}
}

// Whatever listens at the address, the client says what is wrong and goes
// nowhere else with the token.
func TestStrangeServers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"html", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "not that of a watcher daemon"},
		{"another 404", http.NotFound, "not the answer of a watcher daemon"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "not followed"},
		{"login", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "--http.config.file"},
		{"problem without detail", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadGateway)
		}, "502"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100") }, "unexpected EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := clientOf(t, tc.answer).State(t.Context(), "a/b")
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, policy.ErrNotFound) {
				t.Errorf("error is %v, want one that says %q", err, tc.want)
			}
		})
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	c, err := New(gone.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	if _, err := c.State(t.Context(), "a/b"); err == nil || !strings.Contains(err.Error(), "is it running") {
		t.Errorf("nobody listens: %v", err)
	}
}

func FuzzReadLine(f *testing.F) {
	f.Add([]byte(`{"policy":"a/b","outcome":"unchanged"}`))
	f.Add([]byte(`{"error":"x","type":"urn:watcher:problem:damaged"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		check, err := readLine(line)
		if err == nil && check.Outcome == "" {
			t.Errorf("%q is taken for a check", line)
		}
	})
}
