package config

import (
	"net/url"
	"slices"
	"strings"
)

var shoutrrrTable = newObject("shoutrrr", Shoutrrr{},
	one("url", serviceURL(), func(s *Shoutrrr) *Secret { return &s.URL },
		"The address of a service in the form of shoutrrr, such as ntfy://ntfy.sh/topic. It is a secret: prefer url_file."),
	one("url_file", fileName(), func(s *Shoutrrr) *string { return &s.URLFile },
		"A file that holds the address."),
).hidden().check(func(d *decoder, p place, s *Shoutrrr) {
	d.readSecret(p, "url", "url_file", s.URLFile, &s.URL, serviceURL())
}).constrain(exactlyOne("url", "url_file"))

// serviceURL is a URL of shoutrrr. The library itself judges the rest of it
// when the receivers are made.
func serviceURL() scalar[Secret] {
	const hint = "use discord://, gotify://, matrix://, ntfy://, pushover:// or telegram://; for others there are `webhook:` and `email:`"
	return secretText("<service_url>", func(text string) *fault {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Scheme == "" || u.Host == "" {
			return faultf(hint, "%s is not the URL of a service", theValue)
		}
		if !slices.Contains([]string{"discord", "gotify", "matrix", "ntfy", "pushover", "telegram"}, u.Scheme) {
			return faultf(hint, "%s is not the URL of a service that is supported", theValue)
		}
		return nil
	})
}
