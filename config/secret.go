package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted stands for a secret wherever one would be displayed.
const Redacted = "<secret>"

// Secret is a string that does not print: every way to format, log or marshal
// it gives Redacted (or "" when it is empty). Reveal is the only way out.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// Format implements fmt.Formatter, so that no verb reaches the bytes.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'q' || (verb == 'v' && f.Flag('#')) {
		text = fmt.Sprintf("%q", text)
	}
	_, _ = io.WriteString(f, text) // fmt.State never fails
}

// MarshalText implements encoding.TextMarshaler, for JSON and its kin.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
