package policy

import "time"

// Ruling is what a person says of a capture that the gate did not let through.
type Ruling struct {
	// Capture is the capture, 0 for the newest that is held.
	Capture CaptureID `json:"capture,omitempty"`
	// Accept makes the capture's text the policy's; otherwise it is dismissed:
	// it is not the policy, and the same text is no news for a while.
	Accept bool `json:"accept"`
	// Author and Reason go on record; Reason is required.
	Author string `json:"author"`
	Reason string `json:"reason"`
}

// Dismissal keeps a text that a person found not to be the policy from being
// told of. It ends: a policy that cannot be read is not to be forgotten.
type Dismissal struct {
	SHA256 Digest    `json:"sha256"`
	Until  time.Time `json:"until"`
	Author string    `json:"author,omitempty"`
	Reason string    `json:"reason"`
}
