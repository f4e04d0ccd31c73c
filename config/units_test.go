package config

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "10s": 10 * time.Second, "5m": 5 * time.Minute, "12h": 12 * time.Hour, "1d": 24 * time.Hour,
		"1w": 168 * time.Hour, "1y": 8760 * time.Hour, "1h30m": 90 * time.Minute, "1d12h": 36 * time.Hour,
		"250ms": 250 * time.Millisecond, "90m": 90 * time.Minute, "1m0s": time.Minute, "00012h": 12 * time.Hour,
	} {
		got, bad := parseDuration(text)
		if bad != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", text, got, bad, want)
		}
	}
	for text, hint := range map[string]string{
		"": "for example", "0": "`0s`", "60": "`60s`", "-60": "for example", "-5m": "for example", "1.5": "for example",
		"30m1h": "`1h30m`", "1.5h": "`1h30m`", "12 hours": "`12h`", "1 Day": "`1d`", "5min": "`5m`", "12H": "`12h`",
		"300 millis": "for example", "2weeks": "`2w`", "1h 30m": "for example", "+5m": "`5m`", "10ns": "for example",
		"soon": "for example", "300years": "`300y`",
	} {
		got, bad := parseDuration(text)
		if bad == nil || !strings.Contains(bad.hint, hint) {
			t.Errorf("parseDuration(%q) = %v, %+v, want the hint %s", text, got, bad, hint)
		}
	}
	for _, text := range []string{"300y", "99999999999999999999s", "15250w1y200y", "9223372036855s"} {
		if got, bad := parseDuration(text); bad == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "10s": 10 * time.Second, "24h": 24 * time.Hour, "7d": 168 * time.Hour, "400d": 9600 * time.Hour,
		"1h30m": 90 * time.Minute, "90s": 90 * time.Second, "2m30s": 150 * time.Second, "49h": 49 * time.Hour, "1s500ms": 1500 * time.Millisecond,
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("formatDuration(%v) = %q, want %q", d, got, want)
		}
		if back, bad := parseDuration(want); bad != nil || back != d {
			t.Errorf("parseDuration(%q) = %v, %v", want, back, bad)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"20MiB": 20 << 20, "10MB": 10_000_000, "512KiB": 512 << 10, "1GiB": 1 << 30, "7KB": 7000, "3GB": 3e9,
		"1": 1, "1000B": 1000, "0": 0, "4096": 4096,
	} {
		got, bad := parseSize(text)
		if bad != nil || got != want {
			t.Errorf("parseSize(%q) = %v, %v, want %v", text, got, bad, want)
		}
		if back, bad := parseSize(formatSize(got)); bad != nil || back != got {
			t.Errorf("formatSize(%d) = %q, which is %d, %v", got, formatSize(got), back, bad)
		}
	}
	for text, hint := range map[string]string{
		"20mib": "`20MiB`", "20 MiB": "`20MiB`", "20M": "`20MB`", "20mb": "`20MiB`", "-1": "for example", "": "for example",
		"1.5GiB": "for example", "big": "for example", "99999999999GiB": "digit", "99999999999999999999": "digit",
	} {
		if got, bad := parseSize(text); bad == nil || !strings.Contains(bad.hint, hint) {
			t.Errorf("parseSize(%q) = %v, %+v, want the hint %s", text, got, bad, hint)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"interval", "source", "url", "url_file", "min_words", "hosts"}
	for text, want := range map[string]string{
		"intervall": "interval", "Interval": "interval", "intreval": "interval", "soruce": "source", "ulr": "url",
		"url-file": "url_file", "minWords": "min_words", "host": "hosts", "x": "", "frequency": "", "": "",
		strings.Repeat("interval", 1000): "",
	} {
		if got := nearest(text, keys); got != want {
			t.Errorf("nearest(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for _, good := range []string{
		"https://acme.example/p", "http://acme.example", "HTTPS://Acme.Example/p?q=1#f", "https://192.0.2.1:8443/",
		"https://[2001:db8::1]/", "https://münchen.example/ö", "https://a_b.example./", "https://acme.example/@user",
	} {
		if bad := checkURL(good, good); bad != nil {
			t.Errorf("%s: %s", good, bad.message)
		}
	}
	for _, evil := range []string{
		"", "acme", "acme.example", "javascript:alert(1)", "file:///etc/passwd", "https:acme.example", "https://", "https:///p",
		"https://a b/", "https://user@acme.example/", "https://:pw@acme.example/", "https://acme.example:0/",
		"https://acme.example:65536/", "https://acme.example:/", "https://-a.example/", "https://a..b/", "https://[::1%25lo]:x/",
		"https://a%00b/", "https://exa$mple/", "https://[fe80::1%25\u202e]/",
	} {
		if bad := checkURL(evil, evil); bad == nil {
			t.Errorf("%s was accepted", evil)
		}
	}
}
