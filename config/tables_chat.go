package config

import "time"

var teamsTable = newObject("teams", Teams{},
	one("url", secretURL(), func(t *Teams) *Secret { return &t.URL },
		"The address of a workflow with the trigger \"When a Teams webhook request is received\". It is a secret: prefer url_file.").alias("webhook_url", "webhook"),
	one("url_file", fileName(), func(t *Teams) *string { return &t.URLFile },
		"A file that holds the address.").alias("webhook_url_file"),
	one("text_template_file", fileName(), func(t *Teams) *string { return &t.TextTemplateFile },
		"A file with a Go template for the text of the card.").alias("text", "template_file"),
).hidden().check(func(d *decoder, p place, t *Teams) {
	d.readSecret(p, "url", "url_file", t.URLFile, &t.URL, secretURL())
	d.readText(p, "text_template_file", t.TextTemplateFile, &t.TextTemplate)
}).constrain(exactlyOne("url", "url_file"))

var alertmanagerTable = newObject("alertmanager", Alertmanager{ChangeFor: 24 * time.Hour},
	one("url", secretURL(), func(a *Alertmanager) *Secret { return &a.URL },
		"The base address, such as http://alertmanager:9093. If it holds a token, prefer url_file.").alias("api_url", "address"),
	one("url_file", fileName(), func(a *Alertmanager) *string { return &a.URLFile },
		"A file that holds the address."),
	one("username", words(), func(a *Alertmanager) *string { return &a.Username },
		"The name to log in with (basic authentication). Without it there is no login.").alias("user"),
	one("password", secretText("<secret>", anyText), func(a *Alertmanager) *Secret { return &a.Password },
		"The password. Prefer password_file."),
	one("password_file", fileName(), func(a *Alertmanager) *string { return &a.PasswordFile },
		"A file that holds the password."),
	one("change_for", durationFrom(time.Minute), func(a *Alertmanager) *time.Duration { return &a.ChangeFor },
		"How long an alert about something that happened, such as a change, stays up.").alias("resolve_timeout", "ends_after"),
).hidden().check(func(d *decoder, p place, a *Alertmanager) {
	d.readSecret(p, "url", "url_file", a.URLFile, &a.URL, secretURL())
	d.readLogin(p, a.PasswordFile, &a.Password)
}).constrain(schema{
	"oneOf": exactlyOne("url", "url_file")["oneOf"],
	"not":   schema{"required": []string{"password", "password_file"}},
})

// readLogin reads the password of an object that may have a login. A name and
// a password go together.
func (d *decoder) readLogin(p place, file string, password *Secret) {
	switch login := p.has("username"); {
	case p.has("password") || p.has("password_file"):
		d.readSecret(p, "password", "password_file", file, password, secretText("<secret>", anyText))
		if !login {
			d.report(p, "add `username: <string>`", "has a password and no `username`")
		}
	case login:
		d.report(p.at("username"), "add `password_file: <filename>`", "needs `password_file` or `password`")
	}
}
