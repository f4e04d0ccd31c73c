package policy

import "strings"

// Redacted stands in place of what lets somebody in.
const Redacted = "<redacted>"

// IsSecretHeader reports whether a header of this name carries a credential or a
// session. The crawler keeps no values of such headers.
func IsSecretHeader(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{
		"cookie", "authorization", "authentication-info", "token", "secret", "password", "api-key", "apikey", "session",
	} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
