package config

import "time"

// everyReceiver is what testdata/full.yml says about receivers.
func everyReceiver() []Receiver {
	return []Receiver{
		{
			Name:  "legal team",
			Slack: &Slack{URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url"},
			Webhook: &Webhook{
				URL:    "https://hooks.example.org/canary-url",
				Secret: "whsec_Y2FuYXJ5LWtleS1jYW5hcnkta2V5LWNhbmFyeQ==", SecretFile: "secrets/webhook-key", Format: "standard",
			},
		},
		{Name: "tickets", Webhook: &Webhook{
			URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url",
			Secret: "whsec_Y2FuYXJ5LWlubGluZS1jYW5hcnktaW5saW5l", Format: "standard",
		}},
		{Name: "mail", Email: &Email{
			Server: "mail.example.org:465", TLS: "starttls", Username: "watcher",
			Password: "canary-mail", PasswordFile: "secrets/mail-password",
			From: "Watcher <watcher@example.org>", To: []string{"legal@example.org", "Privacy Team <privacy@example.org>"},
			Hello: "watch.example.org", SubjectTemplate: "[policies] {{.Title}}",
			HTMLTemplateFile: "templates/mail.html", HTMLTemplate: "<p>{{.Title}}</p>\n",
			TextTemplateFile: "templates/mail.txt", TextTemplate: "{{.Title}}\n",
		}},
		{Name: "events", Webhook: &Webhook{
			URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url", Format: "cloudevents",
			Former: "whsec_Y2FuYXJ5LWtleS1jYW5hcnkta2V5LWNhbmFyeQ==", FormerFile: "secrets/webhook-key",
		}},
		{
			Name:  "own form",
			Slack: &Slack{URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url", TextTemplateFile: "templates/mail.txt", TextTemplate: "{{.Title}}\n"},
			Webhook: &Webhook{
				URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url", Format: "standard",
				BodyTemplateFile: "templates/mail.txt", BodyTemplate: "{{.Title}}\n", ContentType: "text/plain",
			},
			Teams: &Teams{URL: "https://hooks.slack.com/services/T0/B0/canary-from-file", URLFile: "secrets/slack-url", TextTemplateFile: "templates/mail.txt", TextTemplate: "{{.Title}}\n"},
			Alertmanager: &Alertmanager{
				URL: "http://canary-am.example.org:9093", Username: "watcher", Password: "canary-mail", PasswordFile: "secrets/mail-password", ChangeFor: 48 * time.Hour,
			},
		},
		{Name: "witness", Shoutrrr: &Shoutrrr{URL: "gotify://gotify.example.org/Acanary.gotify."}, SavePage: &SavePage{Key: "canary-access:canary-archive-secret", KeyFile: "secrets/archive-keys"}},
		{Name: "console", Log: &Log{}},
	}
}
