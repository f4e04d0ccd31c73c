package web

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"watcher/policy"
)

// urlSpace builds the addresses of pages below a path prefix.
type urlSpace struct{ base string }

func (u urlSpace) home() string   { return u.base + "/" }
func (u urlSpace) alerts() string { return u.base + "/alerts" }
func (u urlSpace) inbox() string  { return u.base + "/inbox" }
func (u urlSpace) status() string { return u.base + "/status" }
func (u urlSpace) unlock() string { return u.base + "/unlock" }
func (u urlSpace) lock() string   { return u.base + "/lock" }
func (u urlSpace) search() string { return u.base + "/search" }
func (u urlSpace) topics() string { return u.base + "/topics" }
func (u urlSpace) feed() string   { return u.base + "/feed.atom" }

func (u urlSpace) held(id policy.ID) string { return u.base + "/inbox/" + escapeID(id) }

func (u urlSpace) redeliver(alert string) string {
	return u.base + "/alerts/" + url.PathEscape(alert) + "/redeliver"
}

func (u urlSpace) testReceiver(name string) string {
	return u.base + "/receivers/" + url.PathEscape(name) + "/test"
}

func (u urlSpace) resume(name string) string {
	return u.base + "/receivers/" + url.PathEscape(name) + "/resume"
}

func (u urlSpace) silences() string     { return u.base + "/silences" }
func (u urlSpace) closeBreaker() string { return u.base + "/breaker/close" }

func (u urlSpace) expireSilence(id string) string {
	return u.base + "/silences/" + url.PathEscape(id) + "/expire"
}

func (u urlSpace) check(id policy.ID) string { return u.policy(id) + "/check" }

func (u urlSpace) compare(id policy.ID, from, to int) string {
	if from == 0 || to == 0 {
		return u.policy(id) + "/compare"
	}
	return fmt.Sprintf("%s/compare?from=%d&to=%d", u.policy(id), from, to)
}

func (u urlSpace) policyFeed(id policy.ID) string { return u.policy(id) + "/feed.atom" }

func (u urlSpace) vendorFeed(slug string) string {
	return u.base + "/vendors/" + url.PathEscape(slug) + "/feed.atom"
}

func (u urlSpace) policy(id policy.ID) string { return u.base + "/policies/" + escapeID(id) }

func (u urlSpace) change(id policy.ID, to int) string {
	return fmt.Sprintf("%s/changes/%d", u.policy(id), to)
}

func (u urlSpace) version(id policy.ID, n int) string {
	return fmt.Sprintf("%s/versions/%d", u.policy(id), n)
}

func (u urlSpace) text(id policy.ID, n int) string {
	return fmt.Sprintf("%s/api/v1/policies/%s/versions/%d/text", u.base, escapeID(id), n)
}

func (u urlSpace) body(id policy.ID, capture policy.CaptureID) string {
	return fmt.Sprintf("%s/api/v1/policies/%s/captures/%d/body", u.base, escapeID(id), capture)
}

// escapeID escapes both halves of an id. Ids have a small alphabet, but those
// of a store written by something else may not.
func escapeID(id policy.ID) string {
	vendor, kind, _ := strings.Cut(string(id), "/")
	return url.PathEscape(vendor) + "/" + url.PathEscape(kind)
}

// foreign is an address that a vendor or an archive gave: shown as written,
// and a hyperlink only when Href is set.
type foreign struct{ Text, Href string }

// hostPattern is a host that a link may have: a name, internationalised or not,
// or an address, with or without a port. The URL parser lets quotes and more
// through.
var hostPattern = regexp.MustCompile(`^([\p{L}\p{M}\p{N}._-]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?$`)

// foreignURL makes a hyperlink of raw only when it is an absolute http or
// https address with such a host and without user information ("https://bank.example@evil.example"
// reads as the bank's).
func foreignURL(raw string) foreign {
	u, err := url.Parse(raw)
	if err != nil || !hostPattern.MatchString(u.Host) || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return foreign{Text: raw}
	}
	return foreign{Text: raw, Href: u.String()}
}
