package watch

import (
	"fmt"
	"net/http"
	"slices"

	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// movedChecks is how many checks in a row must find the policy elsewhere for that
// to be told: a redirect to a log-in or a test of some visitors is no move.
const movedChecks = 2

// The rules that say how it is known that a policy moved.
const (
	// ruleRedirect: the address leads to another one, permanently.
	ruleRedirect = "permanent_redirect"
	// ruleGone: the page is gone, and the site links the policy elsewhere.
	ruleGone = "gone"
	// ruleMoved: the page says that the policy moved.
	ruleMoved = "moved_notice"
)

// noteMoved compares where a capture was found with where the policy used to be,
// and tells of a move once it was seen twice. Where the policy is found at first
// is where it is: only what changes afterwards is a move.
func (r *run) noteMoved(o *storage.Observation, c policy.Capture) {
	to, rule := r.whither(c)
	s := &o.State
	switch {
	case to == "" && c.Verdict.Kind == policy.Accepted:
		if s.FoundAt = c.FinalURL; s.Moved != nil {
			s.Moved = nil
		}
		return
	case to == "":
		return
	case s.Moved == nil || !normalize.SameAddress(s.Moved.To, to):
		s.Moved = &policy.Move{To: to, Since: o.Check.At}
	default:
		next := *s.Moved
		s.Moved = &next
	}
	if s.Moved.Checks++; s.Moved.Checks < movedChecks || s.Moved.Told || r.mode.Quiet {
		return
	}
	s.Moved.Told = true
	e := r.healthEvent(policy.EventPolicyMoved, o, s.Moved.Since, "the policy seems to be at "+to+" now")
	e.ID = policy.EventID(r.policy.ID, policy.EventPolicyMoved, r.state.HeadSHA256, policy.Sum([]byte(to)), s.Moved.Since)
	e.Rule, e.NewURL = rule, to
	e.Detail = fmt.Sprintf("it was at %s; if the new address is the vendor's, put it into the configuration as `url:` and keep the old one under `archive_urls:`", r.whereFound())
	r.tell(o, &o.Check, e)
}

// whereFound is where the policy used to be.
func (r *run) whereFound() string {
	if r.state.FoundAt != "" {
		return r.state.FoundAt
	}
	return r.policy.URL
}

// whither returns where the policy seems to be now, "" when it did not move.
func (r *run) whither(c policy.Capture) (to, rule string) {
	if c.Source != policy.SourceLive && c.Source != policy.SourceBrowser {
		return "", ""
	}
	if c.Verdict.Rule == triage.RuleHostChanged && permanent(c.Hops) {
		return c.FinalURL, ruleRedirect
	}
	if c.Verdict.Kind == policy.Accepted {
		known := r.state.FoundAt
		if known == "" || r.state.HeadOrigin.URL != r.policy.URL || normalize.SameAddress(known, c.FinalURL) || !permanent(c.Hops) {
			return "", ""
		}
		return c.FinalURL, ruleRedirect
	}
	if c.Status != http.StatusNotFound && c.Status != http.StatusGone && c.Status != http.StatusOK || len(c.Body) == 0 {
		return "", ""
	}
	to, told := normalize.PolicyLink(normalize.Input{Body: c.Body, ContentType: c.ContentType, URL: c.FinalURL}, r.policy.Kind)
	switch {
	case to == "" || normalize.SameAddress(to, r.policy.URL):
		return "", ""
	case told:
		return to, ruleMoved
	case c.Status != http.StatusOK:
		return to, ruleGone
	}
	return "", ""
}

// permanent reports whether a chain of redirects has one that is for good.
func permanent(hops []policy.Hop) bool {
	return slices.ContainsFunc(hops, func(h policy.Hop) bool {
		return h.Status == http.StatusMovedPermanently || h.Status == http.StatusPermanentRedirect
	})
}
