package app

import (
	"crypto/x509"
	"fmt"

	"watcher/alerts"
	"watcher/config"
)

// moreOutlets builds the integrations beside Slack, webhook, archive and log.
func moreOutlets(c config.Receiver) ([]outlet, error) {
	var outs []outlet
	if c.Email != nil {
		e, err := alerts.NewEmail(emailOptions(c.Email))
		if err != nil {
			return nil, fmt.Errorf("email: %w", err)
		}
		outs = append(outs, outlet{"email", e})
	}
	if c.Teams != nil {
		t, err := alerts.NewTeams(alerts.TeamsOptions{
			URL: c.Teams.URL.Reveal(), Client: receiverClient(),
			Text: alerts.Template{Name: c.Teams.TextTemplateFile, Text: c.Teams.TextTemplate},
		})
		if err != nil {
			return nil, fmt.Errorf("teams: %w", err)
		}
		outs = append(outs, outlet{"teams", t})
	}
	if c.Alertmanager != nil {
		a, err := alerts.NewAlertmanager(alerts.AlertmanagerOptions{
			URL: c.Alertmanager.URL.Reveal(), Username: c.Alertmanager.Username, Password: c.Alertmanager.Password.Reveal(),
			Client: receiverClient(), ChangeFor: c.Alertmanager.ChangeFor,
		})
		if err != nil {
			return nil, fmt.Errorf("alertmanager: %w", err)
		}
		outs = append(outs, outlet{"alertmanager", a})
	}
	if c.Shoutrrr != nil {
		s, err := alerts.NewShoutrrr(alerts.ShoutrrrOptions{URL: c.Shoutrrr.URL.Reveal(), Client: receiverClient()})
		if err != nil {
			return nil, fmt.Errorf("shoutrrr: %w", err)
		}
		outs = append(outs, outlet{"shoutrrr", s})
	}
	return outs, nil
}

// slackOutlet refuses a template that does not work: the sender itself would
// go on without it.
func slackOutlet(c *config.Slack) (outlet, error) {
	s := alerts.NewSlack(alerts.SlackOptions{
		URL: c.URL.Reveal(), Client: receiverClient(),
		Text: alerts.Template{Name: c.TextTemplateFile, Text: c.TextTemplate},
	})
	if err := s.TemplateError(); err != nil {
		return outlet{}, fmt.Errorf("slack: %w", err)
	}
	return outlet{"slack", s}, nil
}

func webhookOutlet(c *config.Webhook, o Options) (outlet, error) {
	w, err := alerts.NewWebhook(alerts.WebhookOptions{
		URL: c.URL.Reveal(), Secret: c.Secret.Reveal(), Former: []string{c.Former.Reveal()}, Client: receiverClient(), Clock: o.Clock,
		CloudEvents: c.Format == "cloudevents",
		Body:        alerts.Template{Name: c.BodyTemplateFile, Text: c.BodyTemplate}, ContentType: c.ContentType,
	})
	if err != nil {
		return outlet{}, fmt.Errorf("webhook: %w", err)
	}
	return outlet{"webhook", w}, nil
}

func emailOptions(c *config.Email) alerts.EmailOptions {
	o := alerts.EmailOptions{
		Server: c.Server, TLS: alerts.EmailTLS(c.TLS), Username: c.Username, Password: c.Password.Reveal(),
		From: c.From, To: c.To, Hello: c.Hello,
		Subject: alerts.Template{Name: "subject_template", Text: c.SubjectTemplate},
		HTML:    alerts.Template{Name: c.HTMLTemplateFile, Text: c.HTMLTemplate},
		Text:    alerts.Template{Name: c.TextTemplateFile, Text: c.TextTemplate},
	}
	if c.CA != "" {
		o.Roots = x509.NewCertPool()
		o.Roots.AppendCertsFromPEM([]byte(c.CA)) // the configuration has checked it
	}
	return o
}
