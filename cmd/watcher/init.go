package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
	"golang.org/x/net/publicsuffix"

	"watcher/config"
	"watcher/policy"
	"watcher/storage/bolt"
)

func newInitCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "init [URL…]", Short: "Write a commented configuration, with the pages that are named",
		Long: `Writes a configuration to --config.file, which must not exist yet. Each URL becomes a policy;
its vendor's name and its kind are guessed from the address: look over them, the id under
which the history is kept is made of both. Nothing is fetched.`,
		Example: "  watcher init https://acme.example/privacy https://acme.example/legal/dpa",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(_ *cobra.Command, args []string) error { return e.initialize(args) },
	}
}

func (e *env) initialize(urls []string) error {
	vendors, err := sketch(urls)
	if err != nil {
		return err
	}
	text, err := initialConfig(vendors)
	if err != nil {
		return err
	}
	name := e.flags.configFile
	cfg, err := config.Parse(name, text, filepath.Dir(name))
	if err != nil {
		return err
	}
	if err := bolt.WriteNew(name, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return withHint(err, "--config.file names another file")
	}
	_, err = fmt.Fprintf(e.stdout, "%s has %s of %s; look over it, then\n  watcher check   one pass now\n  watcher run     the daemon\n",
		name, count(len(cfg.Policies), "policy", "policies"), count(countVendors(cfg), "vendor", "vendors"))
	return err
}

// sketched is a vendor with the pages that were named.
type sketched struct {
	name     string
	policies []sketchedPolicy
}

type sketchedPolicy struct {
	kind policy.Kind
	url  string
}

// sketch groups pages by the vendors to whom their hosts seem to belong.
func sketch(urls []string) ([]*sketched, error) {
	var out []*sketched
	byName := map[string]*sketched{}
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, withHint(usagef("%q is not the address of a page", raw), "for example https://acme.example/privacy")
		}
		name := vendorName(u.Hostname())
		v := byName[policy.Slug(name)]
		if v == nil {
			v = &sketched{name: name}
			byName[policy.Slug(name)] = v
			out = append(out, v)
		}
		v.add(u)
	}
	return out, nil
}

// add adds a page. No two pages of a vendor have the same kind: the second gets a
// number, because the kind is a part of its id.
func (v *sketched) add(u *url.URL) {
	first := kindOfURL(u)
	kind := first
	for n := 2; v.has(kind); n++ {
		kind = policy.Kind(fmt.Sprintf("%s-%d", first, n))
	}
	v.policies = append(v.policies, sketchedPolicy{kind, u.String()})
}

func (v *sketched) has(k policy.Kind) bool {
	for _, p := range v.policies {
		if p.kind == k {
			return true
		}
	}
	return false
}

// vendorName makes a name of the registrable part of a host: "www.acme-labs.co.uk"
// is of "Acme Labs".
func vendorName(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return host // an address, or a name of this network
	}
	label, _, _ := strings.Cut(domain, ".")
	words := strings.Split(label, "-")
	for i, w := range words {
		r := []rune(w)
		if len(r) > 0 {
			r[0] = unicode.ToUpper(r[0])
		}
		words[i] = string(r)
	}
	if name := strings.Join(words, " "); policy.Slug(name) != "" {
		return name
	}
	return host
}

// kindOfURL goes by the words of the path.
func kindOfURL(u *url.URL) policy.Kind {
	path := strings.ToLower(u.Path + " " + u.RawQuery)
	for _, k := range kindWords() {
		if k.words.MatchString(path) {
			return k.kind
		}
	}
	return policy.KindPrivacy
}

type kindWord struct {
	kind  policy.Kind
	words *regexp.Regexp
}

// kindWords are in the order in which they are tried: a list of sub-processors is
// often found below the privacy policy.
func kindWords() []kindWord {
	return []kindWord{
		{policy.KindSubprocessors, regexp.MustCompile(`sub-?_?processor|unterauftrag`)},
		{policy.KindDPA, regexp.MustCompile(`\bdpa\b|data-?processing|auftragsverarbeitung`)},
		{policy.KindCookies, regexp.MustCompile(`cookie`)},
		{policy.KindPrivacy, regexp.MustCompile(`priva|datenschutz|confidentialit|data-protection|gdpr|dsgvo`)},
		{policy.KindTerms, regexp.MustCompile(`terms|conditions|\btos\b|\bagb\b|eula|license|licence`)},
		{policy.KindSecurity, regexp.MustCompile(`security|trust`)},
	}
}

// initialConfig is the file's text.
func initialConfig(vendors []*sketched) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(initHead)
	if len(vendors) == 0 {
		b.WriteString(initExample)
	}
	for _, v := range vendors {
		name, err := yaml.Marshal(v.name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "  - name: %s    policies:\n", name)
		for _, p := range v.policies {
			address, err := yaml.Marshal(p.url)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, "      - kind: %s\n        url: %s", p.kind, address)
		}
	}
	b.WriteString(initTail)
	return b.Bytes(), nil
}

const initHead = `# Which policies to watch, and whom to tell. Every key: docs/CONFIGURATION.md.
# 'watcher config check' lists all problems, 'watcher config show' the result with
# all defaults filled in. Paths are relative to this file.

version: 1

# Every policy inherits these unless it sets its own.
defaults:
  interval: 12h

# crawler:
#   # Site owners see this address in the User-Agent header. Use your own.
#   contact: privacy-watch@example.org

vendors:
  # The id of a policy is <vendor slug>/<kind>[-<lang>]; its history is kept under it.
`

const initExample = `  - name: Acme
    policies:
      - kind: privacy
        url: https://acme.example/privacy
`

const initTail = `
# Where alerts go. As long as this is commented out they go to the daemon's log.
#
# receivers:
#   - name: privacy-team
#     slack: {url_file: secrets/slack-url}   # the incoming webhook's address
#
# Which alerts go where: the first match wins unless it says 'continue: true'.
#
# routes:
#   - receiver: privacy-team
#     match: {significance: [minor, material]}

# Copies of the store, verified, made while checks go on.
#
# storage:
#   backup: {directory: backups, every: 1d, keep: 7}
`
