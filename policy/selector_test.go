package policy

import (
	"encoding/json"
	"testing"
)

// A plain selector stays the string that older stores hold.
func TestSelectorJSON(t *testing.T) {
	for _, tc := range []struct {
		s    Selector
		want string
		text string
	}{
		{Selector{CSS: "main > p"}, `"main \u003e p"`, "main > p"},
		{Selector{StartBefore: "h1", EndAfter: `a[x="y"]`}, `{"start_before":"h1","end_after":"a[x=\"y\"]"}`, `{start_before: "h1", end_after: "a[x=\"y\"]"}`},
		{Selector{StartAfter: "h1", EndBefore: "footer"}, `{"start_after":"h1","end_before":"footer"}`, `{start_after: "h1", end_before: "footer"}`},
	} {
		b, err := json.Marshal(tc.s)
		if err != nil || string(b) != tc.want {
			t.Errorf("%+v is %s, %v, want %s", tc.s, b, err, tc.want)
		}
		back := Selector{CSS: "old", StartAfter: "old"}
		if err := json.Unmarshal(b, &back); err != nil || back != tc.s {
			t.Errorf("%s reads as %+v, %v", b, back, err)
		}
		if got := tc.s.String(); got != tc.text {
			t.Errorf("String() = %s, want %s", got, tc.text)
		}
	}
	var s Selector
	if err := json.Unmarshal([]byte(`[1]`), &s); err == nil {
		t.Error("a list passes for a selector")
	}
}
