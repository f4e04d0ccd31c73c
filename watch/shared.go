package watch

import (
	"fmt"
	"sync"

	"watcher/policy"
	"watcher/triage"
)

const (
	// sharedVendors is from how many vendors on a short page is not one's own.
	sharedVendors = 3
	// sharedWords bounds the pages that are looked at: policies are longer, and
	// vendors of one house may well share a long one.
	sharedWords = 400
	// maxShared bounds how many pages are remembered.
	maxShared = 10_000
)

// sharedPages remembers which vendors show which short pages. It lives as long as
// the process: pages that block it are there again soon enough.
type sharedPages struct {
	mu sync.Mutex
	by map[policy.Digest]map[string]bool
}

// add notes that a vendor shows a page, and returns how many do.
func (s *sharedPages) add(page policy.Digest, vendor string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil || len(s.by) >= maxShared {
		s.by = map[policy.Digest]map[string]bool{}
	}
	if s.by[page] == nil {
		s.by[page] = map[string]bool{}
	}
	s.by[page][vendor] = true
	return len(s.by[page])
}

// shared holds a short page that several vendors show: a bot wall or a host's page
// that no phrase is known of. c was accepted so far.
func (r *run) shared(c policy.Capture, doc policy.Document) policy.Verdict {
	if policy.CountWords(doc.Full) >= sharedWords || r.policy.Vendor.Slug == "" {
		return c.Verdict
	}
	if n := r.pages.add(policy.Sum([]byte(doc.Full)), r.policy.Vendor.Slug); n >= sharedVendors {
		return policy.Verdict{
			Kind: policy.Quarantined, Rule: triage.RuleShared,
			Evidence: fmt.Sprintf("%d vendors show this very page of %d words", n, policy.CountWords(doc.Full)),
		}
	}
	return c.Verdict
}
