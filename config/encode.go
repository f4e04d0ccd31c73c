package config

import (
	"bytes"
	"reflect"

	"go.yaml.in/yaml/v3"

	"watcher/policy"
)

// YAML returns the effective configuration: defaults and inherited values
// filled in (so that "defaults" has nothing left to say), secrets replaced by Redacted, files that hold secrets named as
// they were. Parse reads it again without problems.
func (c *Config) YAML() []byte {
	f := file{
		Version: fileVersion, Crawler: c.Crawler, Wayback: c.Wayback, Browser: c.Browser,
		Triage: c.Triage, Health: c.Health, Retention: c.Retention, Storage: c.Storage, Summarizer: withoutKey(c.Summarizer), TimeZone: c.TimeZone,
		DigestAt: c.DigestAt, Heartbeat: withoutAddress(c.Heartbeat),
		Vendors: vendorEntries(c.Policies),
	}
	for _, r := range c.Receivers {
		f.Receivers = append(f.Receivers, receiverEntry{Receiver: withoutFileContent(r)})
	}
	for _, r := range c.Routes {
		f.Routes = append(f.Routes, routeEntry{Route: r})
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(fileTable.node(&f)); err != nil {
		panic(err) // cannot happen: the nodes were made here, of valid text
	}
	if err := enc.Close(); err != nil {
		panic(err) // cannot happen: a buffer takes everything
	}
	return b.Bytes()
}

// withoutKey drops a key that comes from a file, whose name is shown instead.
func withoutKey(s *Summarizer) *Summarizer {
	if s == nil || s.APIKeyFile == "" {
		return s
	}
	shown := *s
	shown.APIKey = ""
	return &shown
}

// vendorEntries puts neighbouring policies of one vendor together again.
func vendorEntries(policies []policy.Policy) []vendorEntry {
	var entries []vendorEntry
	for _, p := range policies {
		if n := len(entries); n == 0 || !reflect.DeepEqual(entries[n-1].Vendor, p.Vendor) {
			entries = append(entries, vendorEntry{Vendor: p.Vendor})
		}
		e := policyEntry{Policy: p, Enabled: !p.Disabled}
		if id, err := policy.NewID(p.Vendor.Slug, p.Kind, p.Lang); err == nil && id == p.ID {
			e.ID = "" // follows from the rest
		}
		last := &entries[len(entries)-1]
		last.Policies = append(last.Policies, e)
	}
	return entries
}

// withoutFileContent drops the secrets that come from files, whose names are
// shown instead.
func withoutFileContent(r Receiver) Receiver {
	if r.Slack != nil && r.Slack.URLFile != "" {
		s := *r.Slack
		s.URL = ""
		r.Slack = &s
	}
	if r.Webhook != nil {
		w := *r.Webhook
		if w.URLFile != "" {
			w.URL = ""
		}
		if w.SecretFile != "" {
			w.Secret = ""
		}
		if w.FormerFile != "" {
			w.Former = ""
		}
		r.Webhook = &w
	}
	if r.Email != nil && r.Email.PasswordFile != "" {
		e := *r.Email
		e.Password = ""
		r.Email = &e
	}
	if r.Teams != nil && r.Teams.URLFile != "" {
		t := *r.Teams
		t.URL = ""
		r.Teams = &t
	}
	if r.Shoutrrr != nil && r.Shoutrrr.URLFile != "" {
		s := *r.Shoutrrr
		s.URL = ""
		r.Shoutrrr = &s
	}
	if r.Alertmanager != nil {
		a := *r.Alertmanager
		if a.URLFile != "" {
			a.URL = ""
		}
		if a.PasswordFile != "" {
			a.Password = ""
		}
		r.Alertmanager = &a
	}
	if r.SavePage != nil && r.SavePage.KeyFile != "" {
		r.SavePage = &SavePage{KeyFile: r.SavePage.KeyFile}
	}
	return r
}
