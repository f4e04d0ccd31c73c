package diffing

import (
	"regexp"
	"strings"

	"watcher/policy"
)

// nameParts matches what stands between the name of a page and that of its site.
var nameParts = regexp.MustCompile(`\s+[|·•–—:-]\s+`)

// keepsName reports whether the page goes on to bear, in its head, the title that
// its text lost or has been given: what the policy is called and whom it is for
// stays the same, whatever the words of the title are about.
func (j *judge) keepsName(e *policy.Edit) bool {
	if e.Op != policy.Reworded || len(j.sides) != 2 {
		return false
	}
	name := j.sides[0].doc.Title
	if name == "" || name != j.sides[1].doc.Title {
		return false
	}
	long := e.Old
	if len(e.New) > len(long) {
		long = e.New
	}
	for _, part := range append(nameParts.Split(name, -1), name) {
		if strings.EqualFold(strings.TrimSpace(part), long) {
			return true
		}
	}
	return false
}
