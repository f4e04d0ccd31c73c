package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSecretDoesNotPrint(t *testing.T) {
	const s = Secret("canary")
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("a", "secret", s, "group", struct{ S Secret }{s}, "pointer", &struct{ S *Secret }{})
	nested := struct {
		W *Webhook
		M map[string]Secret
	}{&Webhook{URL: s, Secret: s}, map[string]Secret{"a": s}}
	jsonText := string(must(json.Marshal(nested)))
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %X %d %t", s, s, s, s, s, s, s, s, s),
		fmt.Sprintf("%v %+v", *nested.W, nested.M), fmt.Sprintf("%#v", *nested.W), fmt.Sprintf("%10.3s|", s),
		jsonText, log.String(), fmt.Errorf("bad: %w", fmt.Errorf("%v", s)).Error(),
	} {
		if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) || strings.Contains(text, "can") {
			t.Errorf("secret shown: %s", text)
		}
	}
	if !strings.Contains(jsonText, `"Secret":"\u003csecret\u003e"`) {
		t.Errorf("JSON is %s", jsonText)
	}
	if s.Reveal() != "canary" {
		t.Error("Reveal does not")
	}
	if got := fmt.Sprint(Secret("")); got != "" {
		t.Errorf("the empty secret prints %q", got)
	}
}

func TestEffectiveYAML(t *testing.T) {
	c, err := Load(filepath.Join("testdata", "full.yml"))
	if err != nil {
		t.Fatal(err)
	}
	out := c.YAML()
	if bytes.Contains(out, []byte("canary")) || bytes.Contains(out, []byte("Y2FuYXJ5")) {
		t.Error("YAML() shows a secret")
	}
	checkGolden(t, filepath.Join("testdata", "full.effective"), string(out))

	again, err := Parse("again", out, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	// Secrets that stood in the file are gone, those in files of their own are
	// read again.
	opts := cmp.Options{
		sameZone(), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreFields(Config{}, "Path", "SHA256"),
		cmp.Comparer(func(a, b Secret) bool { return a == b || a == Redacted || b == Redacted }),
		cmp.FilterPath(func(p cmp.Path) bool { return strings.HasSuffix(p.String(), "Proxy") },
			cmp.Comparer(func(a, b string) bool { return a == b || a == Redacted || b == Redacted })),
		cmp.FilterPath(func(p cmp.Path) bool { return strings.HasSuffix(p.String(), "Headers") },
			cmp.Comparer(func(a, b map[string]string) bool { return len(a) == len(b) })),
	}
	if diff := cmp.Diff(c, again, opts); diff != "" {
		t.Errorf("the effective configuration means something else (-was +is):\n%s", diff)
	}
	if got := again.Receivers[0].Webhook.Secret; got != c.Receivers[0].Webhook.Secret {
		t.Error("the secret of secret_file was not read again")
	}
}

// The lines of a file are shown in messages: what is secret in them is not,
// however it is written.
func TestExcerptsHideSecrets(t *testing.T) {
	for _, receiver := range []string{
		`{name: a, webhook: {secret: canary, urlx: 1}}`,
		`{name: a, webhook: {secret: "can\x61ry canary", urlx: 1}}`,
		`{name: a, webhook: {secret: 'it''s a canary', urlx: 1}}`,
		"{name: a, webhook: {secret: \"a\n      canary, b\", urlx: 1, urly: canary}}",
		"\n    name: a\n    webhook:\n      secret: |\n        canary\n        canary\n      urlx: canary",
		"\n    name: a\n    webhook:\n      secret: &s !!str canary\n      urlx: *s",
		"\n    name: a\n    webhook:\n      secret: canary\n        canary\n      urlx: 1",
		`{name: a, webhok: {secret: canary}}`,
		`{name: a, token: canary}`,
		`{name: a, webhook: [canary, canary]}`,
		`{name: a, webhook: {? [canary] : canary}}`,
	} {
		src := minimal + "receivers:\n  - " + receiver + "\n"
		_, err := Parse("x", []byte(src), ".")
		if err == nil {
			t.Errorf("no problem in %s", receiver)
			continue
		}
		if text := err.Error(); strings.Contains(text, "canary") {
			t.Errorf("secret shown for %s:\n%s", receiver, text)
		}
	}
	if _, err := Parse("x", []byte(minimal+"recievers: [{webhook: {url: \"https://x.example/?t=canary\"}}]\n"), "."); strings.Contains(err.Error(), "canary") {
		t.Errorf("secret shown below a misspelt key:\n%v", err)
	}
}
