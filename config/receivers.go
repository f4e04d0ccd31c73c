package config

import "time"

// Email delivers by a mail server.
type Email struct {
	// Server is host:port, TLS "starttls", "implicit" or "none" ("": by the
	// port).
	Server, TLS string
	// Username is empty without a login; Password is resolved from
	// PasswordFile when that is set.
	Username     string
	Password     Secret
	PasswordFile string
	// CA is the content of CAFile: certificates that are trusted instead of
	// those of the system.
	CAFile, CA string
	From       string
	To         []string
	Hello      string
	// SubjectTemplate, and the contents of HTMLTemplateFile and
	// TextTemplateFile, replace the built-in forms.
	SubjectTemplate                string
	HTMLTemplateFile, HTMLTemplate string
	TextTemplateFile, TextTemplate string
}

// Teams delivers to a workflow of Microsoft Teams.
type Teams struct {
	// URL is resolved from URLFile when that is set.
	URL     Secret
	URLFile string
	// TextTemplate, the content of TextTemplateFile, replaces the built-in form.
	TextTemplateFile, TextTemplate string
}

// Alertmanager delivers to a Prometheus Alertmanager.
type Alertmanager struct {
	// URL is the base, without /api; resolved from URLFile when that is set.
	URL     Secret
	URLFile string
	// Username is empty without a login; Password is resolved from
	// PasswordFile when that is set.
	Username     string
	Password     Secret
	PasswordFile string
	// ChangeFor is how long an alert about a change stays up.
	ChangeFor time.Duration
}

// Shoutrrr delivers to a service by its URL in the form of shoutrrr.
type Shoutrrr struct {
	// URL is resolved from URLFile when that is set.
	URL     Secret
	URLFile string
}
