package watch

import (
	"errors"
	"strings"
	"testing"

	"watcher/policy"
)

func TestBusyIsAConflict(t *testing.T) {
	err := error(busyError("acme/privacy"))
	if !errors.Is(err, policy.ErrConflict) || !strings.Contains(err.Error(), "try again") {
		t.Errorf("%v", err)
	}
}
