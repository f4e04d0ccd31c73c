package triage

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"watcher/policy"
)

// The rules of Screen.
const (
	RuleStatus          = "http_status"
	RuleChallengeHeader = "challenge_header"
	RuleEmptyBody       = "empty_body"
	RuleContentType     = "content_type"
)

// Screen judges what needs no parsing. Only a 200 with a readable type goes on
// to the gate; a 304 confirms what is known already.
func Screen(c policy.Capture) policy.Verdict {
	if evidence := challengeHeader(c.Status, c.Header); evidence != "" {
		return policy.Verdict{Kind: policy.Rejected, Rule: RuleChallengeHeader, Evidence: evidence}
	}
	if c.NotModified {
		return policy.Verdict{Kind: policy.Accepted}
	}
	if c.Status != http.StatusOK {
		return policy.Verdict{Kind: policy.Rejected, Rule: RuleStatus, Evidence: statusText(c.Status)}
	}
	if c.Size == 0 {
		return policy.Verdict{Kind: policy.Quarantined, Rule: RuleEmptyBody, Evidence: "200 with an empty body"}
	}
	if !readable(c.MediaType) {
		return policy.Verdict{Kind: policy.Rejected, Rule: RuleContentType, Evidence: "the page is " + c.MediaType}
	}
	return policy.Verdict{Kind: policy.Accepted}
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
}

func readable(mediaType string) bool {
	switch mediaType {
	case "", "multipart/related", "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "application/pdf",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document":
		return true
	}
	return false
}

// challengeHeader recognises the headers with which bot walls mark a challenge
// at any status. Sources: Cloudflare "Detect a Challenge Page response", AWS
// WAF "CAPTCHA and Challenge action behavior"; "rimon" is NetSTAR's block.
func challengeHeader(status int, h map[string][]string) string {
	header := http.Header(h)
	if strings.EqualFold(header.Get("Cf-Mitigated"), "challenge") {
		return "cf-mitigated: challenge"
	}
	switch action := strings.ToLower(header.Get("X-Amzn-Waf-Action")); action {
	case "challenge", "captcha":
		return "x-amzn-waf-action: " + action
	}
	if strings.EqualFold(header.Get("Rimon"), "rwc_block") {
		return "rimon: rwc_block"
	}
	return edgeRefusal(status, header)
}

// edgeRefusal recognises what servers in front of the vendor's refuse by
// themselves, so that the evidence says who did: an error with the mark of Akamai,
// AWS, CloudFront, DataDome, Imperva or Sucuri. A page that is missing is the
// vendor's own word.
func edgeRefusal(status int, h http.Header) string {
	if status < http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusGone {
		return ""
	}
	server, said := strings.ToLower(h.Get("Server")), statusText(status)
	client := status < http.StatusInternalServerError
	switch {
	case client && server == "akamaighost":
		return said + " by AkamaiGHost"
	case client && server == "" && strings.Contains(h.Get("Server-Timing"), "ak_p"):
		return said + " at Akamai's edge"
	case strings.HasPrefix(server, "awselb/"):
		return said + " by " + server
	case strings.HasPrefix(strings.ToLower(h.Get("X-Cache")), "error from cloudfront"):
		return said + " by CloudFront"
	case client && h.Get("X-Datadome-Cid") != "":
		return said + " by DataDome"
	case client && h.Get("X-Iinfo") != "" && strings.EqualFold(h.Get("X-Cdn"), "Imperva"):
		return said + " by Imperva"
	case h.Get("X-Sucuri-Block") != "":
		return said + " by Sucuri"
	}
	return ""
}

// ScriptShell says whether a refused page may be one that only its scripts fill:
// there is too little on it, and it has scripts.
func ScriptShell(c policy.Capture) bool {
	switch c.Verdict.Rule {
	case RuleTooShort, RuleNoVocabulary, RuleErrorPage, RuleAnchorMissing:
		return bytes.Contains(bytes.ToLower(c.Body), []byte("<script"))
	}
	return false
}
