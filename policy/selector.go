package policy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Selector names a part of a page: the elements that one CSS selector matches,
// or the range between the first matches of two. Either CSS is set, or one of
// the starts and one of the ends.
type Selector struct {
	// CSS is a CSS selector.
	CSS string `json:"-"`
	// StartBefore and StartAfter begin a range before or after an element,
	// EndBefore and EndAfter end it.
	StartBefore string `json:"start_before,omitempty"`
	StartAfter  string `json:"start_after,omitempty"`
	EndBefore   string `json:"end_before,omitempty"`
	EndAfter    string `json:"end_after,omitempty"`
}

// CSS makes selectors of plain CSS ones.
func CSS(selectors ...string) []Selector {
	var out []Selector
	for _, s := range selectors {
		out = append(out, Selector{CSS: s})
	}
	return out
}

// IsRange reports whether the selector is a range.
func (s Selector) IsRange() bool {
	return s.StartBefore != "" || s.StartAfter != "" || s.EndBefore != "" || s.EndAfter != ""
}

// String returns the selector as the configuration has it, a range on one line.
func (s Selector) String() string {
	if !s.IsRange() {
		return s.CSS
	}
	var parts []string
	for _, p := range []struct{ key, css string }{
		{"start_before", s.StartBefore}, {"start_after", s.StartAfter}, {"end_before", s.EndBefore}, {"end_after", s.EndAfter},
	} {
		if p.css != "" {
			parts = append(parts, fmt.Sprintf("%s: %q", p.key, p.css))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// MarshalJSON writes a plain selector as a string and a range as an object.
func (s Selector) MarshalJSON() ([]byte, error) {
	if !s.IsRange() {
		return json.Marshal(s.CSS)
	}
	type bare Selector // without this method
	return json.Marshal(bare(s))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Selector) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*s = Selector{}
		return json.Unmarshal(b, &s.CSS)
	}
	type bare Selector
	var v bare
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*s = Selector(v)
	return nil
}
