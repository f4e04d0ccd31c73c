package config

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

var emailTable = newObject("email", Email{},
	one("server", serverAddress(), func(e *Email) *string { return &e.Server },
		"The server that takes the mail.").must("server: mail.example.org:587").alias("smarthost", "host", "smtp", "relay"),
	one("tls", oneOf("<tls>", []string{"starttls", "implicit", "none"}), func(e *Email) *string { return &e.TLS },
		"How the connection is protected.").inherit("implicit on port 465, otherwise starttls").alias("encryption", "require_tls"),
	one("username", words(), func(e *Email) *string { return &e.Username },
		"The name to log in with. Without it there is no login.").alias("user", "auth_username"),
	one("password", secretText("<secret>", anyText), func(e *Email) *Secret { return &e.Password },
		"The password. Prefer password_file.").alias("auth_password"),
	one("password_file", fileName(), func(e *Email) *string { return &e.PasswordFile },
		"A file that holds the password.").alias("auth_password_file"),
	one("from", mailAddress(), func(e *Email) *string { return &e.From },
		"The sender.").must("from: watcher@example.org").alias("sender"),
	many("to", mailAddress(), func(e *Email) *[]string { return &e.To },
		"The recipients.").must("to: privacy-team@example.org").alias("recipients", "recipient"),
	one("hello", hostName(), func(e *Email) *string { return &e.Hello },
		"The name that this machine gives itself.").inherit("the machine's").alias("helo", "ehlo"),
	one("ca_file", fileName(), func(e *Email) *string { return &e.CAFile },
		"Certificates (PEM) that are trusted instead of those of the system.").alias("ca"),
	one("subject_template", words(), func(e *Email) *string { return &e.SubjectTemplate },
		"A Go template for the subject (docs/ALERTS.md).").alias("subject"),
	one("html_template_file", fileName(), func(e *Email) *string { return &e.HTMLTemplateFile },
		"A file with a Go template for the HTML part.").alias("html_template", "html"),
	one("text_template_file", fileName(), func(e *Email) *string { return &e.TextTemplateFile },
		"A file with a Go template for the text part.").alias("text_template", "text"),
).hidden().check(verifyEmail).constrain(schema{
	"not": schema{"required": []string{"password", "password_file"}},
})

func verifyEmail(d *decoder, p place, e *Email) {
	if p.has("to") && isEmpty(p.at("to").node) {
		d.report(p.at("to"), "add `to: privacy-team@example.org`", "has no recipient")
	}
	d.readLogin(p, e.PasswordFile, &e.Password)
	if p.has("username") && e.TLS == "none" {
		d.report(p.at("tls"), "use `tls: starttls`, or leave out the login", "a password is not sent without TLS")
	}
	d.readText(p, "ca_file", e.CAFile, &e.CA)
	if e.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(e.CA)) {
		d.report(p.at("ca_file"), "it begins with -----BEGIN CERTIFICATE-----", "file %s holds no certificate", e.CAFile)
	}
	d.readText(p, "html_template_file", e.HTMLTemplateFile, &e.HTMLTemplate)
	d.readText(p, "text_template_file", e.TextTemplateFile, &e.TextTemplate)
}

// readText fills value from the file that key names, if it does.
func (d *decoder) readText(p place, key, name string, value *string) {
	if name == "" {
		return
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.dir, name)
	}
	at := p.at(key)
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // a pipe would block for ever
		d.report(at, "name a regular file", "%s is not a regular file", name)
		return
	}
	b, err := readCapped(name, maxSecretFile)
	switch {
	case errors.Is(err, errTooLarge):
		d.report(at, "is this the right file?", "file %s is larger than %s", name, formatSize(maxSecretFile))
	case errors.Is(err, fs.ErrNotExist):
		d.report(at, "create it; a relative name begins at the configuration file", "file %s does not exist", name)
	case err != nil:
		d.report(at, "let the user of the daemon read it", "cannot read the file: %v", err)
	case strings.TrimSpace(string(b)) == "":
		d.report(at, "write something into it, or remove the key", "file %s is empty", name)
	default:
		*value = string(b)
	}
}

// serverAddress is host:port of a server to talk to.
func serverAddress() scalar[string] {
	return stringOf[string]("<host:port>", schema{"pattern": ":[0-9]+$"}, func(text string) *fault {
		host, port, err := net.SplitHostPort(text)
		if err == nil && validHost(host) && port != "" && validPort(port) {
			return nil
		}
		near := ""
		if n := strings.TrimPrefix(strings.TrimPrefix(text, "smtp://"), "smtps://"); validHost(n) {
			near = n + ":" + strconv.Itoa(587)
		}
		return faultf(didYouMean(near, "for example `mail.example.org:587`"), "%s is not host:port", shown(text))
	})
}

// mailAddress is one address, with a name or without.
func mailAddress() scalar[string] {
	return stringOf[string]("<mail_address>", schema{"pattern": "@"}, func(text string) *fault {
		if strings.ContainsAny(text, ",;") && strings.Count(text, "@") > 1 {
			return faultf("write a list: ["+strings.ReplaceAll(text, ";", ",")+"]", "%s is more than one address", shown(text))
		}
		if _, err := mail.ParseAddress(text); err == nil {
			return nil
		}
		return faultf("for example `privacy-team@example.org`", "%s is not a mail address", shown(text))
	})
}
