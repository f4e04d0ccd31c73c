package policy

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// ID names one watched document of a vendor: "vendor-slug/kind[-lang]", for
// example "3shape/privacy". It is a key prefix in every store, so its alphabet
// is small on purpose.
type ID string

// MaxIDLen bounds an ID in bytes, so that keys built from it stay within every
// engine's limits.
const MaxIDLen = 200

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$`)

// ParseID checks that s has the form of an ID.
func ParseID(s string) (ID, error) {
	if len(s) > MaxIDLen || !idPattern.MatchString(s) {
		return "", fmt.Errorf("%q is not a policy id: want vendor/kind in lower-case letters, digits and \"-\", for example \"3shape/privacy\"", s)
	}
	return ID(s), nil
}

// NewID builds the ID of a vendor's policy. An empty lang adds no suffix.
func NewID(vendorSlug string, kind Kind, lang string) (ID, error) {
	s := vendorSlug + "/" + string(kind)
	if lang != "" {
		s += "-" + strings.ToLower(lang)
	}
	return ParseID(s)
}

// VendorSlug returns the part of the ID before the slash.
func (id ID) VendorSlug() string {
	slug, _, _ := strings.Cut(string(id), "/")
	return slug
}

// Slug turns a vendor's name into its slug: lower case, with one "-" for every
// run of characters that are neither letter nor digit. Letters outside ASCII
// become "-" as well, because an ID has none; a name made of nothing else has
// an empty slug and needs an explicit one.
func Slug(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			dash = false
			continue
		}
		dash = true
	}
	return b.String()
}
