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
	return outs, nil
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
