package config

import (
	"encoding/base64"
	"mime"
	"strings"

	"watcher/policy"
)

var slackTable = newObject("slack", Slack{},
	one("url", secretURL(), func(s *Slack) *Secret { return &s.URL },
		"The address of the incoming webhook. It is a secret: prefer url_file.").alias("api_url", "webhook_url", "webhook"),
	one("url_file", fileName(), func(s *Slack) *string { return &s.URLFile },
		"A file that holds the address.").alias("api_url_file"),
	one("text_template_file", fileName(), func(s *Slack) *string { return &s.TextTemplateFile },
		"A file with a Go template for the text of the message.").alias("text", "template_file"),
).hidden().check(func(d *decoder, p place, s *Slack) {
	d.readSecret(p, "url", "url_file", s.URLFile, &s.URL, secretURL())
	d.readText(p, "text_template_file", s.TextTemplateFile, &s.TextTemplate)
}).constrain(exactlyOne("url", "url_file"))

var webhookTable = newObject("webhook", Webhook{Format: "standard"},
	one("url", secretURL(), func(w *Webhook) *Secret { return &w.URL },
		"The endpoint. If it holds a token, prefer url_file.").alias("endpoint", "webhook_url"),
	one("url_file", fileName(), func(w *Webhook) *string { return &w.URLFile },
		"A file that holds the endpoint."),
	one("secret", signingKey(), func(w *Webhook) *Secret { return &w.Secret },
		"The key that signs requests (Standard Webhooks): base64, after whsec_ if you like. Prefer secret_file. Without either, requests are unsigned.").alias("key", "token", "signing_secret"),
	one("secret_file", fileName(), func(w *Webhook) *string { return &w.SecretFile },
		"A file that holds the key.").alias("key_file"),
	one("former_secret", signingKey(), func(w *Webhook) *Secret { return &w.Former },
		"The key before this one: while keys are changed, requests carry a signature of each. Prefer former_secret_file.").alias("old_secret", "previous_secret"),
	one("former_secret_file", fileName(), func(w *Webhook) *string { return &w.FormerFile },
		"A file that holds the key before.").alias("old_secret_file", "previous_secret_file"),
	one("format", oneOf("<format>", []string{"standard", "cloudevents"}), func(w *Webhook) *string { return &w.Format },
		"The form of the body: that of the documentation, or a structured CloudEvent 1.0 around the same data.").alias("form"),
	one("body_template_file", fileName(), func(w *Webhook) *string { return &w.BodyTemplateFile },
		"A file with a Go template for the body.").alias("template_file", "body"),
	one("content_type", contentType(), func(w *Webhook) *string { return &w.ContentType },
		"The content type of a body that a template makes. One of JSON is checked.").inherit("application/json"),
).hidden().check(verifyWebhook).constrain(schema{
	"oneOf": exactlyOne("url", "url_file")["oneOf"],
	"not": schema{"anyOf": []schema{
		{"required": []string{"secret", "secret_file"}},
		{"required": []string{"former_secret", "former_secret_file"}},
	}},
})

// contentType is a media type as a header has it.
func contentType() scalar[string] {
	return stringOf[string]("<media_type>", schema{"pattern": "^[^/]+/[^/]+$"}, func(text string) *fault {
		if kind, _, err := mime.ParseMediaType(text); err == nil && strings.Contains(kind, "/") {
			return nil
		}
		return faultf("for example `text/plain; charset=utf-8`", "%s is not a media type", shown(text))
	})
}

var savePageTable = newObject("save_page_now", SavePage{},
	one("key", archiveKey(), func(s *SavePage) *Secret { return &s.Key },
		"The keys of an account of the archive, access:secret. Prefer key_file."),
	one("key_file", fileName(), func(s *SavePage) *string { return &s.KeyFile },
		"A file that holds the keys."),
).hidden().check(func(d *decoder, p place, s *SavePage) {
	d.readSecret(p, "key", "key_file", s.KeyFile, &s.Key, archiveKey())
}).constrain(exactlyOne("key", "key_file"))

// archiveKey is the pair of keys of an archive's account.
func archiveKey() scalar[Secret] {
	return secretText("<secret>", func(text string) *fault {
		access, secret, ok := strings.Cut(strings.TrimSpace(text), ":")
		if !ok || access == "" || secret == "" || strings.ContainsAny(access+secret, " \t\r\n") {
			return faultf("they are at archive.org/account/s3.php", "want access:secret")
		}
		return nil
	})
}

var logTable = newObject("log", Log{})

var receiverTable = newObject("receiver", receiverEntry{},
	one("name", receiverName(), func(r *receiverEntry) *string { return &r.Name },
		"The name that routes use. Alerts that wait keep it, so a new name is a new receiver.").must("name: privacy-team").alias("id", "receiver"),
	optional("slack", slackTable, func(r *receiverEntry) **Slack { return &r.Slack },
		"Deliver to a Slack channel."),
	optional("webhook", webhookTable, func(r *receiverEntry) **Webhook { return &r.Webhook },
		"Deliver signed JSON to any HTTP endpoint.").alias("http"),
	optional("email", emailTable, func(r *receiverEntry) **Email { return &r.Email },
		"Deliver by mail.").alias("mail", "smtp"),
	optional("teams", teamsTable, func(r *receiverEntry) **Teams { return &r.Teams },
		"Deliver to a channel or chat of Microsoft Teams.").alias("msteams", "msteamsv2", "microsoft_teams"),
	optional("alertmanager", alertmanagerTable, func(r *receiverEntry) **Alertmanager { return &r.Alertmanager },
		"Deliver to a Prometheus Alertmanager.").alias("prometheus"),
	optional("shoutrrr", shoutrrrTable, func(r *receiverEntry) **Shoutrrr { return &r.Shoutrrr },
		"Deliver to Discord, Gotify, Matrix, ntfy, Pushover or Telegram."),
	optional("save_page_now", savePageTable, func(r *receiverEntry) **SavePage { return &r.SavePage },
		"Ask the Wayback Machine for a capture of each policy that changed, as a witness. It gets changes only, whatever the routes say.").alias("wayback", "archive", "spn"),
	optional("log", logTable, func(r *receiverEntry) **Log { return &r.Log },
		"Write alerts to the daemon's log.").alias("stdout", "stderr", "console"),
).hidden().check(verifyReceiver).constrain(schema{"anyOf": []schema{
	{"required": []string{"slack"}},
	{"required": []string{"webhook"}},
	{"required": []string{"log"}},
	{"required": []string{"save_page_now"}},
	{"required": []string{"email"}},
	{"required": []string{"teams"}},
	{"required": []string{"alertmanager"}},
	{"required": []string{"shoutrrr"}},
}})

var matchTable = newObject("match", Match{},
	many("vendor", words(), func(m *Match) *[]string { return &m.Vendors },
		"Names or slugs of vendors.").alias("vendors"),
	many("policy", policyWord(), func(m *Match) *[]string { return &m.Policies },
		"Ids of policies.").alias("policies", "id"),
	many("tags", tag(), func(m *Match) *[]string { return &m.Tags },
		"Tags of vendors, of which one suffices.").alias("tag"),
	many("kind", slugLike[string]("<kind>", "privacy"), func(m *Match) *[]string { return &m.Kinds },
		"Kinds of policies.").alias("kinds"),
	many("event", wordsOf("<event>", policy.EventTypes()), func(m *Match) *[]string { return &m.Events },
		"What happened.").alias("events", "type"),
	many("significance", wordsOf("<significance>", policy.Significances()), func(m *Match) *[]string { return &m.Significance },
		"How much a change matters.").alias("severity"),
	many("category", wordsOf("<category>", policy.Categories()), func(m *Match) *[]string { return &m.Categories },
		"What a change is about, of which one suffices.").alias("categories"),
	many("lang", language(), func(m *Match) *[]string { return &m.Langs },
		"Languages of policies.").alias("langs", "language", "languages"),
	many("dates", wordsOf("<date fact>", policy.DateFacts()), func(m *Match) *[]string { return &m.Dates },
		"What is remarkable about the dates of a text, of which one suffices.").alias("date", "date_facts", "facts"),
)

var routeTable = newObject("route", routeEntry{Route: Route{GroupWait: DefaultGroupWait}},
	one("receiver", receiverName(), func(r *routeEntry) *string { return &r.Receiver },
		"The name of a receiver.").must("receiver: privacy-team").alias("to", "name"),
	nested("match", matchTable, func(r *routeEntry) *Match { return &r.Match },
		"What goes there: every list that is given must hold the event's value. Empty: everything.").alias("matchers", "when", "filter"),
	one("continue", boolean(), func(r *routeEntry) *bool { return &r.Continue },
		"Go on to the next routes after a match."),
	groupWaitField(), digestField(),
).check(verifyRoute).constrain(schema{"not": schema{"required": []string{"digest", "group_wait"}}})

func words() scalar[string] { return stringOf[string]("<string>", schema{"minLength": 1}, anyText) }

// policyWord is a policy id as a plain string.
func policyWord() scalar[string] {
	id := policyID()
	return stringOf[string](id.placeholder, id.schema, func(text string) *fault {
		_, bad := id.parse(text)
		return bad
	})
}

// wordsOf is a word out of an enumeration, kept as a plain string.
func wordsOf[V ~string](placeholder string, enum []V) scalar[string] {
	names := make([]string, len(enum))
	for i, e := range enum {
		names[i] = string(e)
	}
	return oneOf(placeholder, names)
}

// signingKey is a key in the form of the Standard Webhooks specification.
func signingKey() scalar[Secret] {
	return secretText("<secret>", func(text string) *fault {
		key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimPrefix(text, "whsec_"), "="))
		if err != nil || len(key) == 0 {
			return faultf("make one with `openssl rand -base64 32`", "is not a signing key: want base64")
		}
		return nil
	})
}

func fileName() scalar[string] {
	return stringOf[string]("<filename>", schema{"minLength": 1}, anyText)
}

// exactlyOne is the schema of an object with one key out of two.
func exactlyOne(a, b string) schema {
	return schema{"oneOf": []schema{{"required": []string{a}}, {"required": []string{b}}}}
}
