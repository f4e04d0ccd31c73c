package alerts

import (
	"bytes"
	"encoding/json"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"watcher/policy"
)

// slackPage draws the JSON of a Slack message about as Slack does. It knows the
// blocks that we send and no others.
const slackPage = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Slack</title></head>
<body style="margin:0;padding:20px 24px;background:#fff;color:#1d1c1d;font:15px/1.46667 Lato,'Liberation Sans',Arial,sans-serif">
<table role="presentation" cellpadding="0" cellspacing="0" style="max-width:720px"><tr><td style="vertical-align:top;padding-right:10px">
<div style="width:36px;height:36px;border-radius:6px;background:#1b5e6b;color:#fff;text-align:center;line-height:36px;font-weight:700">W</div></td><td>
<p style="margin:0"><b style="font-weight:900">watcher</b> <span style="font-size:10px;background:#e8e8e8;color:#616061;padding:1px 3px;border-radius:2px">APP</span> <span style="font-size:12px;color:#616061">04:12</span></p>
{{range .Blocks}}
{{- if eq .Type "header"}}<h1 style="font-size:18px;line-height:1.33;margin:6px 0 8px">{{.Text.Text}}</h1>
{{- else if eq .Type "section"}}<p style="margin:0 0 8px;white-space:pre-wrap">{{.Text.Text}}</p>
{{- else if eq .Type "context"}}<p style="margin:0 0 8px;font-size:12px;color:#616061">{{range .Elements}}{{.PlainText}}{{end}}</p>
{{- else if eq .Type "rich_text"}}<div style="margin:0 0 8px">{{range .Elements}}
{{- if eq .Type "rich_text_quote"}}<blockquote style="margin:2px 0;padding-left:12px;border-left:4px solid #ddd">{{template "runs" .Elements}}</blockquote>
{{- else if eq .Type "rich_text_section"}}<div>{{template "runs" .Elements}}</div>
{{- else}}<p>UNKNOWN {{.Type}}</p>{{end}}{{end}}</div>
{{- else}}<p>UNKNOWN {{.Type}}</p>{{end}}
{{end}}</td></tr></table></body></html>
{{define "runs"}}{{range .}}
{{- if eq .Type "link"}}<a href="{{.URL}}" style="color:#1264a3;text-decoration:none">{{.PlainText}}</a>
{{- else if eq .Type "text"}}<span style="{{if .Style.Bold}}font-weight:700;{{end}}{{if .Style.Italic}}font-style:italic;{{end}}{{if .Style.Strike}}text-decoration:line-through;{{end}}">{{.PlainText}}</span>
{{- else}}UNKNOWN {{.Type}}{{end}}{{end}}{{end}}`

// drawnBlock is a block, or an element of one, as it stands in the JSON.
type drawnBlock struct {
	Type     string          `json:"type"`
	Raw      json.RawMessage `json:"text"`
	URL      string          `json:"url"`
	Elements []drawnBlock    `json:"elements"`
	Style    struct{ Bold, Italic, Strike bool }
}

// Text is that of an element with a text object.
func (b drawnBlock) Text() (drawnText, error) {
	var t drawnText
	return t, json.Unmarshal(b.Raw, &t)
}

// PlainText is that of an element whose text is a string.
func (b drawnBlock) PlainText() (string, error) {
	var s string
	return s, json.Unmarshal(b.Raw, &s)
}

type drawnText struct{ Type, Text string }

// picturedMessage is the change that the pictures of docs/ALERTS.md show.
func picturedMessage() Message {
	m := changedMessage()
	m.Event.Policy = policy.PolicyRef{ID: "borvale-imaging/privacy", Vendor: "Borvale Imaging", Kind: policy.KindPrivacy, URL: "https://borvale.example/privacy"}
	m.Event.Summary = "Scans may now be used to train software, records are kept for 36 months instead of 24, and a placeholder date was filled in."
	m.Event.Categories = []policy.Category{policy.FirstPartyCollection, policy.DataRetention, policy.PolicyChange}
	m.Event.Significance, m.Event.DateFacts = policy.Material, []policy.DateFact{policy.PlaceholderResolved}
	m.Links = linksFor("https://watch.example.org", m.Event)
	m.Change.Links = nil
	m.Change.Edits = append([]policy.Edit{{
		ID: "e0", Op: policy.Reworded, Section: "3. How we use scans", Significance: policy.Material,
		Old:        "Scans that you upload belong to your practice. We will not use scans to train software, and we delete them when you ask.",
		New:        "Scans that you upload belong to your practice. We may use scans to train software, and we delete them when you ask.",
		Categories: []policy.Category{policy.FirstPartyCollection}, Reasons: []string{"“will not” became “may”"},
	}}, m.Change.Edits...)
	m.Change.Edits = append(m.Change.Edits, policy.Edit{
		ID: "e9", Op: policy.Added, Section: "5. Who receives data", Significance: policy.Minor,
		New: "We share contact data with Tarn Logistics GmbH, which ships our devices.", Categories: []policy.Category{policy.ThirdPartySharing},
		Reasons: []string{"a new recipient is named"},
	}, policy.Edit{
		ID: "e10", Op: policy.Renumbered, Section: "6. Contact", Heading: true, Old: "5. Contact", New: "6. Contact", Significance: policy.Cosmetic,
	})
	return m
}

// TestRenderPages writes the mail and the Slack message as pages, into the
// directory WATCHER_RENDER where that is set: make alert-images.
func TestRenderPages(t *testing.T) {
	dir := os.Getenv("WATCHER_RENDER")
	if dir == "" {
		dir = t.TempDir()
	}
	mail, err := emailTo(t, &mailServer{addr: "127.0.0.1:25"}, NoTLS).HTML(picturedMessage())
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{"alert-mail.html": mail, "alert-slack.html": drawSlack(t, picturedMessage())} {
		if strings.Contains(page, "UNKNOWN") || strings.Contains(page, "<no value>") {
			t.Errorf("%s does not draw everything", name)
		}
		for _, want := range []string{"Borvale Imaging privacy policy changed (material)", "will not", "may", "Tarn Logistics", "1 cosmetic edit", "line-through"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not show %q", name, want)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func drawSlack(t *testing.T, m Message) string {
	t.Helper()
	raw, err := json.Marshal(slackMessage(m))
	if err != nil {
		t.Fatal(err)
	}
	var msg struct {
		Blocks []drawnBlock `json:"blocks"`
	}
	if err := json.Unmarshal(raw, &msg); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := template.Must(template.New("slack").Parse(slackPage)).Execute(&b, msg); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
