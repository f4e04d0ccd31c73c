package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Silence mutes the alerts that all its matchers match, for a time. It is
// never deleted: expiring it moves its end to the present.
type Silence struct {
	ID       string    `json:"id"`
	Matchers []Matcher `json:"matchers"`
	StartsAt time.Time `json:"starts_at"`
	// EndsAt is the first moment at which it mutes no more.
	EndsAt    time.Time `json:"ends_at"`
	Author    string    `json:"author"`
	Comment   string    `json:"comment"`
	CreatedAt time.Time `json:"created_at"`
}

// Matcher matches alerts of which a property has one of some values.
type Matcher struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// String returns the form of the command line: name=value,value.
func (m Matcher) String() string { return m.Name + "=" + strings.Join(m.Values, ",") }

// Active reports whether the silence mutes at a time.
func (s Silence) Active(now time.Time) bool { return !now.Before(s.StartsAt) && now.Before(s.EndsAt) }

// SilenceID derives the id of a silence from its content.
func SilenceID(s Silence) string {
	parts := []string{s.Author, s.Comment, s.CreatedAt.UTC().Format(time.RFC3339Nano), s.EndsAt.UTC().Format(time.RFC3339Nano)}
	for _, m := range s.Matchers {
		parts = append(parts, m.Name)
		parts = slices.Concat(parts, m.Values)
	}
	return "sil_" + shortHash(parts...)
}

// Breaker is the state of the mass-change breaker. While it is open, alerts
// about changes are held.
type Breaker struct {
	Open     bool      `json:"open"`
	OpenedAt time.Time `json:"opened_at,omitzero"`
	// Reason says in a sentence why it opened.
	Reason string `json:"reason,omitempty"`
	// Policies are those that had changed when it opened.
	Policies []ID `json:"policies,omitempty"`
	// Sample are the policies that are fetched again to see whether the change
	// is real, with the text that each of them had.
	Sample []BreakerSample `json:"sample,omitempty"`
	// Told is set once the alerts about it are in the outbox, Sampled once the
	// sample was asked for.
	Told    bool `json:"told,omitempty"`
	Sampled bool `json:"sampled,omitempty"`
	// ClosedAt and ClosedBy say when it closed last and why: "sample", "time"
	// or who closed it. Changes from before count no more.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	ClosedBy string    `json:"closed_by,omitempty"`
}

// BreakerSample is a policy whose new text is to be seen again.
type BreakerSample struct {
	Policy ID     `json:"policy"`
	SHA256 Digest `json:"sha256"`
}

// MatcherNames returns the properties of alerts that matchers may name.
func MatcherNames() []string {
	return []string{"receiver", "vendor", "policy", "tags", "kind", "event", "significance", "category", "dates", "lang"}
}

// ParseMatcher reads name=value or name=value,value.
func ParseMatcher(text string) (Matcher, error) {
	name, values, ok := strings.Cut(text, "=")
	if !ok {
		return Matcher{}, fmt.Errorf("matcher %q: want name=value, for example vendor=acme", text)
	}
	m := Matcher{Name: strings.TrimSpace(name)}
	for v := range strings.SplitSeq(values, ",") {
		if v = strings.TrimSpace(v); v != "" {
			m.Values = append(m.Values, v)
		}
	}
	return m, m.validate()
}

func (m Matcher) validate() error {
	if !slices.Contains(MatcherNames(), m.Name) {
		return fmt.Errorf("matcher %q: the names are %s", m.Name, strings.Join(MatcherNames(), ", "))
	}
	if len(m.Values) == 0 || slices.Contains(m.Values, "") {
		return fmt.Errorf("matcher %q: want a value, for example %s=acme", m.Name, m.Name)
	}
	if words := matcherWords(m.Name); len(words) > 0 {
		for _, v := range m.Values {
			if !slices.Contains(words, v) {
				return fmt.Errorf("matcher %q: there is no %q, the values are %s", m.Name, v, strings.Join(words, ", "))
			}
		}
	}
	return nil
}

// matcherWords returns the values of a matcher that has an enumeration of them:
// a misspelt one would mute nothing, and nobody would notice.
func matcherWords(name string) []string {
	switch name {
	case "event":
		return texts(EventTypes())
	case "significance":
		return texts(Significances())
	case "category":
		return texts(Categories())
	case "dates":
		return texts(DateFacts())
	}
	return nil
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// Bounds of a silence.
const (
	maxMatchers    = 20
	maxMatchValues = 200
	maxSilenceText = 1000
)

// Validate reports what is wrong with a silence that somebody wants kept.
func (s Silence) Validate() error {
	switch {
	case len(s.Matchers) == 0:
		return errors.New("a silence needs a matcher, for example vendor=acme: without one it would mute everything")
	case len(s.Matchers) > maxMatchers:
		return fmt.Errorf("a silence has at most %d matchers", maxMatchers)
	case strings.TrimSpace(s.Author) == "" || strings.TrimSpace(s.Comment) == "":
		return errors.New("a silence needs an author and a comment: somebody will ask")
	case len(s.Author) > maxSilenceText || len(s.Comment) > maxSilenceText:
		return fmt.Errorf("author and comment have at most %d bytes", maxSilenceText)
	case !s.EndsAt.After(s.StartsAt):
		return errors.New("a silence ends after it starts")
	}
	for _, m := range s.Matchers {
		if len(m.Values) > maxMatchValues {
			return fmt.Errorf("matcher %q has at most %d values", m.Name, maxMatchValues)
		}
		if err := m.validate(); err != nil {
			return err
		}
	}
	return nil
}
