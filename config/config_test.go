package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // time zones must not depend on the machine

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"watcher/policy"
)

// minimal is the shortest file without problems.
const minimal = `version: 1
vendors:
  - name: Acme
    policies:
      - {kind: privacy, url: "https://acme.example/privacy"}
`

func mustParse(t *testing.T, src string) *Config {
	t.Helper()
	c, err := Parse("watcher.yml", []byte(src), "testdata")
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	got := mustParse(t, minimal)
	want := &Config{
		Path: "watcher.yml", SHA256: policy.Sum([]byte(minimal)),
		Crawler: Crawler{
			Concurrency: 8, PerHostDelay: 10 * time.Second, Timeout: 90 * time.Second,
			MaxBody: 20971520, MaxDecoded: 20971520,
		},
		Wayback: Wayback{BaseURL: "https://web.archive.org", ListDelay: 2500 * time.Millisecond, CaptureDelay: 500 * time.Millisecond},
		Browser: Browser{Timeout: 45 * time.Second, MaxBytes: 30 << 20},
		Triage:  Triage{ConfirmAfter: 10 * time.Minute, Hold: 24 * time.Hour},
		Health: Health{
			UnreachableFailures: 5, UnreachableAfter: 24 * time.Hour,
			QuarantinedCaptures: 3, QuarantinedAfter: 24 * time.Hour,
		},
		Retention: Retention{Rejected: 400 * 24 * time.Hour},
		Storage:   Storage{MinFree: 256 << 20, VerifyEvery: 7 * 24 * time.Hour, Backup: Backup{Every: 24 * time.Hour, Keep: 7}},
		TimeZone:  time.UTC,
		DigestAt:  8 * time.Hour,
		Policies: []policy.Policy{{
			ID: "acme/privacy", Vendor: policy.Vendor{Name: "Acme", Slug: "acme"}, Kind: "privacy",
			URL: "https://acme.example/privacy", Source: policy.SourceLive, Interval: 12 * time.Hour,
		}},
		Receivers: []Receiver{{Name: "log", Log: &Log{}}},
	}
	if diff := cmp.Diff(want, got, sameZone()); diff != "" {
		t.Errorf("minimal file (-want +got):\n%s", diff)
	}
}

func sameZone() cmp.Option {
	return cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
}

func TestEveryKey(t *testing.T) {
	got, err := Load(filepath.Join("testdata", "full.yml"))
	if err != nil {
		t.Fatal(err)
	}
	acme := policy.Vendor{Name: "Acme & Söhne", Slug: "acme", Tags: []string{"dental", "3d printing"}}
	want := &Config{
		Path: filepath.Join("testdata", "full.yml"),
		Crawler: Crawler{
			UserAgent: "example-watch/2.1 (+https://example.org/bot)", Contact: "https://example.org/bot", Concurrency: 3,
			Timeout: 90*time.Second + 500*time.Millisecond, MaxBody: 10_000_000, MaxDecoded: 52428800,
			AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		},
		Wayback: Wayback{BaseURL: "https://archive.example.org/wb", ListDelay: time.Second, CaptureDelay: 100 * time.Millisecond},
		Browser: Browser{
			Path: "/opt/chromium/chrome", ProxyListen: "0.0.0.0:9848", ProxyAddress: "watcher:9848", Escalate: true,
			Timeout: 20 * time.Second, MaxBytes: 10 << 20,
		},
		Triage: Triage{Hold: 7 * 24 * time.Hour},
		Health: Health{
			UnreachableFailures: 7, UnreachableAfter: 48 * time.Hour,
			QuarantinedCaptures: 2, QuarantinedAfter: 90 * time.Minute,
		},
		Retention: Retention{Rejected: 365 * 24 * time.Hour},
		Storage:   Storage{MinFree: 1 << 30, Backup: Backup{Directory: "backups", Every: 12 * time.Hour, Keep: 3}},
		TimeZone:  must(time.LoadLocation("Europe/Copenhagen")),
		DigestAt:  7*time.Hour + 5*time.Minute,
		Heartbeat: &Heartbeat{
			URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url", Method: "POST", Every: time.Minute,
		},
		Policies: []policy.Policy{
			{
				ID: "acme/privacy-pt-br", Vendor: acme, Kind: "privacy", Lang: "pt-BR", URL: "https://www.acme.example/privacy",
				Source: policy.SourceLive, Interval: 6 * time.Hour, Disabled: true,
				Select: policy.CSS("main article", "#policy > .text"), Remove: []policy.Selector{{StartAfter: "#end", EndBefore: "footer > p"}},
				OTA: []string{"Acme/Privacy Policy", "Acme/Privacy Policy #pt"}, Anchors: []string{"personal data", "yes"},
				Hosts: []string{"help.acme.example", "192.0.2.7"}, MinWords: 120, ArchiveURLs: []string{"https://acme.example/old-privacy"},
				Headers:  map[string]string{"X-Token": "canary-header", "X-Other": "canary-other"},
				Formerly: []policy.ID{"acme/privacy", "acme-inc/privacy"}, Proxy: "socks5://user:canary-proxy@proxy.example.org:1080",
			},
			{
				ID: "acme/terms", Vendor: acme, Kind: "terms", URL: "https://acme.example/terms", Source: policy.SourceBrowser,
				Interval: 24 * time.Hour, Follow: "a.pdf", Combine: []string{"https://acme.example/terms/2"},
				Proxy: "http://proxy.example.org:3128",
			},
			{
				ID: "acme-legal/dpa-2024", Vendor: acme, Kind: "dpa", URL: "http://xn--acm-dma.example:8080/dpa?v=2#top",
				Source: policy.SourceLive, Interval: 24 * time.Hour, Proxy: "http://proxy.example.org:3128",
			},
			{
				ID: "1999/privacy", Vendor: policy.Vendor{Name: "1999", Slug: "1999"}, Kind: "privacy", URL: "https://1999.example/p",
				Source: policy.SourceLive, Interval: 24 * time.Hour,
			},
		},
		Receivers: everyReceiver(),
		Routes: []Route{
			{Receiver: "tickets", Continue: true, Match: Match{
				Vendors: []string{"Acme & Söhne"}, Policies: []string{"acme/privacy-pt-br"}, Tags: []string{"dental"},
				Kinds: []string{"privacy"}, Events: []string{"policy_changed", "policy_reverted"},
				Significance: []string{"minor", "material"}, Categories: []string{"data_retention"},
				Dates: []string{"silent_change"}, Langs: []string{"pt-BR"},
			}},
			{
				Receiver: "tickets", Continue: true, GroupWait: 2 * time.Minute,
				Match: Match{Events: []string{"policy_unreachable", "receiver_broken"}},
			},
			{Receiver: "legal team", Digest: "weekly"},
		},
	}
	revealed := cmp.Transformer("Reveal", Secret.Reveal) // a diff of redacted secrets would say nothing
	ignoreSum := cmpopts.IgnoreFields(Config{}, "SHA256")
	if diff := cmp.Diff(want, got, sameZone(), ignoreSum, revealed, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("full.yml (-want +got):\n%s", diff)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The example that ships must work as it is.
func TestShippedExample(t *testing.T) {
	file := filepath.Join("..", "watcher.yml")
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	src := must(os.ReadFile(file))
	first, _, _ := strings.Cut(string(src), "\n")
	if want := "# yaml-language-server: $schema=deploy/watcher.schema.json"; first != want {
		t.Errorf("first line is %q, want %q", first, want)
	}
	var ids []policy.ID
	for _, p := range c.Policies {
		ids = append(ids, p.ID)
	}
	want := []policy.ID{"3shape/privacy", "3d-systems/privacy", "3d4medical/privacy", "artec-3d/privacy", "materialise/privacy"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	if c.Crawler.Contact != "privacy-watch@example.org" || len(c.Receivers) != 1 || c.Receivers[0].Log == nil {
		t.Errorf("contact %q, receivers %v: want the example contact and the log alone", c.Crawler.Contact, c.Receivers)
	}
}

// The commented receivers and routes of the example must work once the comment
// marks are gone.
func TestShippedExampleUncommented(t *testing.T) {
	src := string(must(os.ReadFile(filepath.Join("..", "watcher.yml"))))
	at := strings.Index(src, "# receivers:")
	if at < 0 {
		t.Fatal("the example has no commented receivers")
	}
	lines := strings.Split(src[at:], "\n")
	key := regexp.MustCompile(`^[a-z_]+:`)
	for i, line := range lines {
		if body := strings.TrimPrefix(line, "# "); strings.HasPrefix(body, " ") || key.MatchString(body) {
			lines[i] = body
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"slack-url", "webhook-key"} {
		b := must(os.ReadFile(filepath.Join("testdata", "secrets", name)))
		if err := os.WriteFile(filepath.Join(dir, "secrets", name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"heartbeat-url": "https://beat.example/1", "mail-password": "a password", "teams-url": "https://flow.example/1",
	} {
		if err := os.WriteFile(filepath.Join(dir, "secrets", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Parse("watcher.yml", []byte(src[:at]+strings.Join(lines, "\n")), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Receivers) != 4 || len(c.Routes) != 3 || c.Heartbeat == nil || c.TimeZone.String() != "Europe/Copenhagen" {
		t.Errorf("%d receivers, %d routes, heartbeat %v, time zone %s, want 4, 3, one and Europe/Copenhagen",
			len(c.Receivers), len(c.Routes), c.Heartbeat, c.TimeZone)
	}
}

func TestJSON(t *testing.T) {
	c := mustParse(t, "{\n\t\"version\": 1,\n\t\"vendors\": [{\"name\": \"Acme\", \"tags\": [\"a\"],\n"+
		"\t\t\"policies\": [{\"kind\": \"privacy\", \"anchors\": \"\\ud83d\\ude00 \\\\u\", \"url\": \"https:\\/\\/acme.example\\/p\"}]}]\n}\n")
	if got := c.Policies[0].URL; got != "https://acme.example/p" {
		t.Errorf("URL is %q", got)
	}
	if got := c.Policies[0].Anchors[0]; got != "\U0001f600 \\u" {
		t.Errorf("anchor is %q", got)
	}
}

func TestAliasesOfYAML(t *testing.T) {
	c := mustParse(t, `version: 1
vendors:
  - name: Acme
    policies:
      - {kind: privacy, url: "https://acme.example/p", select: &main [main, article]}
      - {kind: terms, url: "https://acme.example/t", select: *main}
`)
	if diff := cmp.Diff(c.Policies[0].Select, c.Policies[1].Select); diff != "" {
		t.Errorf("the alias differs from its anchor:\n%s", diff)
	}
}

func TestByteOrderMark(t *testing.T) {
	if _, err := Parse("x", []byte("\ufeff"+minimal), "."); err != nil {
		t.Error(err)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "absent.yml"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "--config.file") {
		t.Errorf("missing file: %v, want fs.ErrNotExist with a hint", err)
	}
	if _, err = Load(dir); err == nil || !strings.Contains(err.Error(), "--config.file") {
		t.Errorf("directory: %v, want an error with a hint", err)
	}
	big := filepath.Join(dir, "big.yml")
	if err := os.WriteFile(big, make([]byte, MaxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Load(big); !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), "10MiB") {
		t.Errorf("big file: %v, want errTooLarge with the limit", err)
	}
	bad := filepath.Join(dir, "bad.yml")
	if err := os.WriteFile(bad, []byte("version: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load(bad)
	var e *Error
	if !errors.As(err, &e) || e.File != bad || len(e.Problems) != 2 {
		t.Errorf("bad content: %v, want an *Error with two problems", err)
	}
}

// What Config.YAML leaves out must not come back as a secret.
func TestLoadRefusesRedacted(t *testing.T) {
	src := minimal + `receivers:
  - {name: a, slack: {url: <secret>}}
  - {name: b, webhook: {url: "https://x.example/", secret: <secret>}}
`
	src = strings.Replace(src, "/privacy\"}", "/privacy\", headers: {X-Token: <secret>}}", 1)
	if _, err := Parse("x", []byte(src), "."); err != nil {
		t.Errorf("Parse: %v, want no problem", err)
	}
	file := filepath.Join(t.TempDir(), "watcher.yml")
	if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(file)
	var e *Error
	if !errors.As(err, &e) || len(e.Problems) != 3 {
		t.Errorf("Load: %v, want three problems", err)
	}
}
