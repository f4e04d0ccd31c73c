package web

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

var colourPair = regexp.MustCompile(`--([a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)

// Text must reach a contrast of 4.5:1 on what it stands on, in both schemes
// (WCAG 2.2, success criterion 1.4.3).
func TestContrast(t *testing.T) {
	css, err := staticFiles.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string][2]float64{}
	for _, m := range colourPair.FindAllStringSubmatch(string(css), -1) {
		colours[m[1]] = [2]float64{luminance(t, m[2]), luminance(t, m[3])}
	}
	for _, pair := range [][2]string{
		{"ink", "paper"},
		{"ink", "raised"},
		{"ink", "tint"},
		{"soft", "paper"},
		{"soft", "raised"},
		{"soft", "tint"},
		{"accent", "paper"},
		{"accent", "raised"},
		{"accent", "tint"},
		{"bad", "paper"},
		{"bad", "raised"},
		{"warn", "paper"},
		{"warn", "raised"},
		{"good", "paper"},
		{"ins-ink", "ins"},
		{"del-ink", "del"},
	} {
		text, ok1 := colours[pair[0]]
		ground, ok2 := colours[pair[1]]
		if !ok1 || !ok2 {
			t.Fatalf("no colour %v", pair)
		}
		for scheme, name := range []string{"light", "dark"} {
			a, b := text[scheme], ground[scheme]
			if ratio := (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: --%s on --%s has a contrast of %.2f, want 4.5", name, pair[0], pair[1], ratio)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2 of an sRGB colour rrggbb.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(b uint64) float64 {
		v := float64(b&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
