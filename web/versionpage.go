package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"watcher/policy"
)

// versionView is the page of one text.
type versionView struct {
	Shell        shell
	Vendor, Kind string
	PolicyURL    string
	Number       int
	Title        string
	// Head is the number of the text in force; HeadURL its page when this one
	// is another.
	Head              int
	HeadURL           string
	What              string
	Seen, LastSeen    moment
	Captured          moment
	Words             int
	Lang              string
	SHA256, RawSHA256 string
	Normalizer        string
	ChangeURL         string
	// Earlier and Later are the neighbours in time; Compare leads to what lies
	// between this text and the one in force.
	Earlier, Later int
	EarlierURL     string
	LaterURL       string
	Compare        string
	TextURL        string
	Dates          []dateView
	Text           textView
	Capture        captureView
}

// captureView is where a text came from.
type captureView struct {
	// Problem says why there is nothing else to show.
	Problem                string
	ID                     policy.CaptureID
	BodyURL                string
	Source                 string
	URL, FinalURL          foreign
	Status                 int
	Type                   string
	Size                   string
	At                     moment
	Took                   string
	RemoteAddr             string
	TLS                    string
	Leaf                   string
	Hops                   []hopView
	Headers                []headerView
	Verdict, VerdictReason string
}

// hopView is one answer of a redirect chain.
type hopView struct {
	Status   int
	URL      foreign
	Location string
}

// headerView is a response header.
type headerView struct{ Name, Value string }

func (s *server) versionPage(r *http.Request) (versionView, error) {
	id, n, err := pathVersion(r)
	if err != nil {
		return versionView{}, err
	}
	ctx := r.Context()
	st, err := s.opt.Store.State(ctx, id)
	if err != nil {
		return versionView{}, fmt.Errorf("policy %s: %w", id, err)
	}
	v, err := s.opt.Store.Version(ctx, id, n)
	if err != nil {
		return versionView{}, fmt.Errorf("version %d of %s: %w", n, id, err)
	}
	doc, err := s.opt.Store.Document(ctx, id, n)
	if err != nil {
		return versionView{}, fmt.Errorf("text of version %d of %s: %w", n, id, err)
	}
	c := s.calendar()
	view := versionView{
		Shell:  s.shell(fmt.Sprintf("Version %d, %s, %s", n, st.Vendor.Name, kindName(st.Kind, st.Lang)), "", c),
		Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), PolicyURL: s.urls.policy(id),
		Number: n, Title: doc.Title, Head: st.Head, What: versionKindName(v.Kind),
		Seen: c.at(v.FirstSeenAt), LastSeen: c.at(v.LastSeenAt), Captured: c.at(v.CapturedAt),
		Words: v.Words, Lang: doc.Lang, SHA256: v.SHA256.String(), RawSHA256: v.RawSHA256.String(),
		Normalizer: v.Normalizer, TextURL: s.urls.text(id, n), Dates: dateViews(doc.Dates),
		Text: viewText(doc), Capture: s.provenance(ctx, v, c),
	}
	if st.Head > 0 && st.Head != n {
		view.HeadURL, view.Compare = s.urls.version(id, st.Head), s.urls.compare(id, n, st.Head)
	}
	if err := s.neighbours(ctx, &view, id); err != nil {
		return view, err
	}
	if v.From > 0 {
		view.ChangeURL = s.urls.change(id, n)
	}
	return view, nil
}

// neighbours finds the texts seen before and after that of the view.
func (s *server) neighbours(ctx context.Context, view *versionView, id policy.ID) error {
	versions, err := s.opt.Store.Versions(ctx, id)
	if err != nil {
		return fmt.Errorf("versions of %s: %w", id, err)
	}
	i := slices.IndexFunc(versions, func(v policy.Version) bool { return v.Number == view.Number })
	if i > 0 {
		view.Earlier = versions[i-1].Number
		view.EarlierURL = s.urls.version(id, view.Earlier)
	}
	if i >= 0 && i+1 < len(versions) {
		view.Later = versions[i+1].Number
		view.LaterURL = s.urls.version(id, view.Later)
	}
	return nil
}

// provenance reads the capture of a version. Without it the text is still
// shown, and what is missing is said.
func (s *server) provenance(ctx context.Context, v policy.Version, c calendar) captureView {
	if v.Capture == 0 {
		return captureView{Problem: "No capture is stored for this text."}
	}
	capture, err := s.opt.Store.Capture(ctx, v.Policy, v.Capture)
	if err != nil {
		if !errors.Is(err, policy.ErrNotFound) {
			s.log.Error("capture cannot be read", "policy", v.Policy, "capture", v.Capture, "err", err)
		}
		return captureView{Problem: err.Error()}
	}
	view := captureView{
		ID: v.Capture, BodyURL: s.urls.body(v.Policy, v.Capture), Source: plain(string(capture.Source)),
		URL: foreignURL(capture.URL), FinalURL: foreignURL(capture.FinalURL), Status: capture.Status,
		Type: capture.MediaType, Size: byteCount(capture.Size), At: c.at(capture.CapturedAt), Took: took(capture.Duration),
		RemoteAddr: capture.RemoteAddr, Headers: headerViews(capture.Header),
		Verdict: plain(string(capture.Verdict.Kind)), VerdictReason: joinNonEmpty(": ", capture.Verdict.Rule, capture.Verdict.Evidence),
	}
	if t := capture.TLS; t != nil {
		view.TLS, view.Leaf = joinNonEmpty(", ", t.Version, t.Cipher, t.Issuer), t.LeafSHA256.String()
	}
	for _, h := range capture.Hops {
		view.Hops = append(view.Hops, hopView{Status: h.Status, URL: foreignURL(h.URL), Location: h.Location})
	}
	return view
}

// headerViews lists headers by name. Secrets are redacted before a capture is
// stored; those that could open a session are hidden here once more, for
// captures that came from elsewhere.
func headerViews(header map[string][]string) []headerView {
	views := make([]headerView, 0, len(header))
	for name, values := range header {
		value := strings.Join(values, ", ")
		switch strings.ToLower(name) {
		case "set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization":
			value = "(hidden)"
		}
		views = append(views, headerView{name, value})
	}
	slices.SortFunc(views, func(a, b headerView) int { return strings.Compare(a.Name, b.Name) })
	return views
}

// byteCount writes a size in bytes with a larger unit beside it.
func byteCount(n int64) string {
	switch {
	case n < 1<<10:
		return count(int(n), "byte")
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

func joinNonEmpty(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), sep)
}
