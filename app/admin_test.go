package app

import (
	"strings"
	"testing"
)

// An administrator whom nobody knows would leave nobody to change anything.
func TestAdminUsersAreKnown(t *testing.T) {
	users := webConfig{Users: map[string]string{"ada": "x"}}
	for name, tc := range map[string]struct {
		admins []string
		wc     webConfig
		ok     bool
	}{
		"none": {nil, webConfig{}, true}, "known": {[]string{"ada"}, users, true},
		"unknown": {[]string{"ada", "bob"}, users, false}, "no users": {[]string{"ada"}, webConfig{}, false},
	} {
		err := guardListen(Web{ListenAddress: "127.0.0.1:0", AdminUsers: tc.admins}, tc.wc)
		if (err == nil) != tc.ok || err != nil && !strings.Contains(err.Error(), "basic_auth_users") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
