package pdftext

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/diffing"
	"watcher/normalize"
	"watcher/policy"
)

var update = flag.Bool("update", false, "print testdata/policy.pdf anew, through Chromium")

// part is a piece of the policy that is written in every format: a heading "1"
// or "2", a paragraph "p", an item "-", a numbered item "n", a row "|".
type part struct{ kind, text string }

// harbour is a policy that we made up. What formats are known for is in it:
// long paragraphs, lists, numbers, a table, hyphens, ligatures, links' texts,
// marks and accents.
func harbour() []part {
	return []part{
		{"1", "Harbour Tools Privacy Policy"},
		{"p", "Last updated: 3 May 2024"},
		{"p", "Harbour Tools Ltd (“we”, “us”) sells tools in a first-class shop at the old fish market and on its website. This policy says which personal data we process, why we process them, for how long we keep them, and what you can do about it. It applies to everybody who visits the shop or the website, who writes to us, or who buys a tool from us."},
		{"2", "1. Data that we collect"},
		{"p", "When you place an order, we collect the data that we need to send you what you ordered and to keep the books that the law asks us to keep. That is an efficient and finite list:"},
		{"-", "your name, your postal address and, if you give it to us, your telephone number;"},
		{"-", "your e-mail address, to which we send a confirmation of the order and a notice when the parcel has left the harbour, which is on most days in the late afternoon;"},
		{"-", "the goods that you ordered, their price and the way in which you paid."},
		{"p", "We do not collect data on your health, your beliefs or your political opinions, and we do not want to know them. Where you tell us nonetheless, in a letter for instance, we delete what you told us within 14 days."},
		{"2", "2. Third-party services"},
		{"p", "Some of the work is done for us by third-party vendors: a carrier, a bank and a company that runs the servers in Zürich and Łódź. Third-party vendors process personal data on our instructions only, and we have contracts with all of them that bind them to confidentiality. We never sell personal data."},
		{"p", "The website does without third-party cookies. It sets two of its own:"},
		{"|", "Cookie|Purpose|Kept for"},
		{"|", "basket|remembers what you want to buy|7 days"},
		{"|", "session|keeps you signed in while you look around|1 hour"},
		{"2", "3. Your rights"},
		{"p", "You can do each of the following at any time, free of charge and without giving a reason:"},
		{"n", "ask us which personal data we have about you, and get a copy of them;"},
		{"n", "have wrong data put right, and data erased that we need not keep;"},
		{"n", "object to the processing of your data for advertising."},
		{"p", "Write to privacy@harbour-tools.example or to the address at the shop. We answer within one month. If you are not satisfied with the answer, you may complain to the supervisory authority of the country you live in."},
		{"2", "4. How long we keep data"},
		{"p", "Orders and invoices are kept for ten years, because the tax law demands it. Letters are kept for two years after the last one. Logs of the web server are deleted after 30 days. Whatever we keep for a longer time than that is listed here, and today there is nothing of the kind."},
		{"2", "5. Changes of this policy"},
		{"p", "When we change this policy, we say so on the website at least 30 days before the change takes effect, and we write to everybody who has an account. Earlier versions of the policy remain available on request."},
	}
}

func asHTML(parts []part) []byte {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Harbour Tools Privacy Policy</title><style>body{font:11pt/1.4 serif;text-align:justify;hyphens:auto}@page{size:A5;margin:22mm}</style></head><body><main>")
	open := ""
	for _, p := range parts {
		group := map[string]string{"-": "ul", "n": "ol", "|": "table"}[p.kind]
		if group != open && open != "" {
			b.WriteString("</" + open + ">")
		}
		if group != open && group != "" {
			b.WriteString("<" + group + ">")
		}
		open = group
		text := html.EscapeString(p.text)
		switch p.kind {
		case "-", "n":
			b.WriteString("<li>" + text + "</li>")
		case "|":
			b.WriteString("<tr><td>" + strings.ReplaceAll(text, "|", "</td><td>") + "</td></tr>")
		case "p":
			b.WriteString("<p>" + text + "</p>")
		default:
			b.WriteString("<h" + p.kind + ">" + text + "</h" + p.kind + ">")
		}
	}
	return []byte(b.String() + "</main></body></html>")
}

func asMarkdown(parts []part) []byte {
	var b strings.Builder
	last, number := "", 0
	for _, p := range parts {
		if p.kind != last || p.kind == "p" {
			b.WriteByte('\n')
			number = 0
		}
		switch p.kind {
		case "-":
			b.WriteString(wrap("* "+p.text, "  ", 76))
		case "n":
			number++
			b.WriteString(wrap(fmt.Sprintf("%d. %s", number, p.text), "   ", 76))
		case "|":
			b.WriteString("| " + strings.ReplaceAll(p.text, "|", " | ") + " |\n")
			if last != "|" {
				b.WriteString("|---|---|---|\n")
			}
		case "p":
			b.WriteString(wrap(p.text, "", 76))
		default:
			b.WriteString(strings.Repeat("#", len(p.kind)*int(p.kind[0]-'0')) + " " + p.text + "\n")
		}
		last = p.kind
	}
	return []byte(b.String())
}

// asText writes plain text, hard-wrapped as in a mail.
func asText(parts []part) []byte {
	var b strings.Builder
	last, number := "", 0
	for _, p := range parts {
		if p.kind != last || p.kind == "p" {
			b.WriteByte('\n')
			number = 0
		}
		switch p.kind {
		case "-":
			b.WriteString(wrap("  * "+p.text, "    ", 72))
		case "n":
			number++
			b.WriteString(wrap(fmt.Sprintf("  %d. %s", number, p.text), "     ", 72))
		case "|":
			cells := strings.Split(p.text, "|")
			fmt.Fprintf(&b, "%-12s%-46s%s\n", cells[0], cells[1], cells[2])
		default:
			b.WriteString(wrap(p.text, "", 72))
		}
		last = p.kind
	}
	return []byte(b.String())
}

// wrap breaks a paragraph into lines of a width; indent stands before all but
// the first.
func wrap(s, indent string, width int) string {
	var b strings.Builder
	lead := s[:len(s)-len(strings.TrimLeft(s, " "))]
	line := lead
	for w := range strings.FieldsSeq(s) {
		if len([]rune(line))+1+len([]rune(w)) > width && strings.TrimSpace(line) != "" {
			b.WriteString(line + "\n")
			line = indent
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += w
	}
	return b.String() + line + "\n"
}

func asWord(t *testing.T, parts []part) []byte {
	t.Helper()
	var b strings.Builder
	inTable := false
	for _, p := range parts {
		if inTable != (p.kind == "|") {
			inTable = !inTable
			b.WriteString(map[bool]string{true: "<w:tbl>", false: "</w:tbl>"}[inTable])
		}
		run := func(s string) string {
			return `<w:r><w:t xml:space="preserve">` + html.EscapeString(s) + `</w:t></w:r>`
		}
		props := map[string]string{"1": `<w:pStyle w:val="Heading1"/>`, "2": `<w:pStyle w:val="Heading2"/>`, "-": `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>`, "n": `<w:numPr><w:ilvl w:val="0"/><w:numId w:val="2"/></w:numPr>`}[p.kind]
		if p.kind == "|" {
			b.WriteString("<w:tr>")
			for c := range strings.SplitSeq(p.text, "|") {
				b.WriteString("<w:tc><w:p>" + run(c) + "</w:p></w:tc>")
			}
			b.WriteString("</w:tr>")
			continue
		}
		cut := len(p.text) / 3 // runs end anywhere
		for p.text[cut] >= 0x80 {
			cut--
		}
		b.WriteString("<w:p><w:pPr>" + props + "</w:pPr>" + run(p.text[:cut]) + run(p.text[cut:]) + "</w:p>")
	}
	return zipped(t, map[string]string{
		"word/document.xml": `<w:document xmlns:w="w"><w:body>` + b.String() + `</w:body></w:document>`,
		"word/numbering.xml": `<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl></w:abstractNum>` +
			`<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>` +
			`<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num></w:numbering>`,
	})
}

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asPlainPDF sets the policy without tags: on small pages, with a running title
// and numbers, words broken at the ends of lines, in one font.
func asPlainPDF(parts []part) []byte {
	const width, size = 62, 10
	var pages []string
	var page strings.Builder
	y := 0
	newPage := func() {
		if page.Len() > 0 {
			pages = append(pages, page.String())
			page.Reset()
		}
		fmt.Fprintf(&page, "BT /F1 8 Tf 1 0 0 1 50 810 Tm (Harbour Tools) Tj 1 0 0 1 290 25 Tm (Page %d of 4) Tj ET\n", len(pages)+1)
		y = 760
	}
	newPage()
	put := func(font string, x, fontSize int, s string) {
		if y < 480 {
			newPage()
		}
		fmt.Fprintf(&page, "BT /%s %d Tf 1 0 0 1 %d %d Tm (%s) Tj ET\n", font, fontSize, x, y, winAnsi(s))
		y -= fontSize * 14 / 10
	}
	last, number := "", 0
	for _, p := range parts {
		if p.kind != "|" || last != "|" {
			y -= 8
		}
		if last != p.kind {
			number = 0
		}
		number++
		last = p.kind
		switch p.kind {
		case "1":
			put("F2", 50, 18, p.text)
		case "2":
			put("F2", 50, 13, p.text)
		case "|":
			cells := strings.Split(p.text, "|")
			if y < 480 {
				newPage()
			}
			for i, x := range []int{50, 150, 400} {
				fmt.Fprintf(&page, "BT /F1 %d Tf 1 0 0 1 %d %d Tm (%s) Tj ET\n", size, x, y, winAnsi(cells[i]))
			}
			y -= 14
		default:
			mark, x := map[string]string{"-": "•", "n": fmt.Sprintf("%d.", number)}[p.kind], 50
			if mark != "" {
				x = 75
			}
			for i, l := range hyphenate(p.text, width) {
				if mark != "" && i == 0 && y >= 480 {
					fmt.Fprintf(&page, "BT /F1 %d Tf 1 0 0 1 60 %d Tm (%s) Tj ET\n", size, y, winAnsi(mark))
				} else if mark != "" && i == 0 {
					newPage()
					fmt.Fprintf(&page, "BT /F1 %d Tf 1 0 0 1 60 %d Tm (%s) Tj ET\n", size, y, winAnsi(mark))
				}
				put("F1", x, size, l)
			}
		}
	}
	pages = append(pages, page.String())
	w := document("", pages...)
	for i, o := range w.objects { // two letters that Windows-1252 does not have
		w.objects[i] = strings.Replace(o, "/Encoding /WinAnsiEncoding", "/Encoding << /BaseEncoding /WinAnsiEncoding /Differences [1 /Lslash /uni017A /fi] >>", 1)
	}
	return w.bytes()
}

// winAnsi writes a string in the encoding of the plain PDF.
func winAnsi(s string) string {
	s = escape(strings.ReplaceAll(s, "fi", "\x03"))
	var b strings.Builder
	for _, r := range s {
		switch r {
		case 'Ł':
			r = 1
		case 'ź':
			r = 2
		case '“':
			r = 0x93
		case '”':
			r = 0x94
		case '•':
			r = 0x95
		}
		b.WriteByte(byte(r))
	}
	return b.String()
}

// hyphenate breaks a paragraph into lines; a long word that does not fit is
// broken after four letters, a word with a hyphen after that.
func hyphenate(s string, width int) []string {
	var lines []string
	line := ""
	for w := range strings.FieldsSeq(s) {
		if line == "" {
			line = w
			continue
		}
		if len([]rune(line))+1+len([]rune(w)) <= width {
			line += " " + w
			continue
		}
		room := width - len([]rune(line)) - 2
		switch i := strings.Index(w, "-"); {
		case i > 0 && i < room:
			lines = append(lines, line+" "+w[:i+1])
			line = w[i+1:]
		case room >= 4 && len(w) >= 9 && letters(w):
			lines = append(lines, line+" "+w[:4]+"-")
			line = w[4:]
		default:
			lines = append(lines, line)
			line = w
		}
	}
	return append(lines, line)
}

func letters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// TestFormats: a change of format is no change of policy. The same policy in
// six formats has the same words in the same order, and no two of them differ
// in a word.
func TestFormats(t *testing.T) {
	name := filepath.Join("testdata", "policy.pdf")
	if *update {
		printPDF(t, asHTML(harbour()), name)
	}
	tagged, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := normalize.New(normalize.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	n = n.WithPDF(reader(t))
	inputs := []struct {
		name, media string
		body        []byte
	}{
		{"HTML", "text/html", asHTML(harbour())},
		{"PDF of Chromium", "application/pdf", tagged},
		{"PDF without tags", "application/pdf", asPlainPDF(harbour())},
		{"Word", "application/octet-stream", asWord(t, harbour())},
		{"Markdown", "text/markdown; charset=utf-8", asMarkdown(harbour())},
		{"text", "text/plain; charset=utf-8", asText(harbour())},
	}
	var docs []policy.Document
	for _, in := range inputs {
		d, err := n.Document(normalize.Input{Body: in.body, ContentType: in.media, URL: "https://harbour-tools.example/privacy"})
		if err != nil {
			t.Fatalf("%s: %v", in.name, err)
		}
		docs = append(docs, d)
		if again, err := n.Document(normalize.Input{Body: in.body, ContentType: in.media, URL: "https://harbour-tools.example/privacy"}); err != nil || again.Digest() != d.Digest() {
			t.Errorf("%s: another text the second time (%v)", in.name, err)
		}
		if diff := cmp.Diff(wordsOf(docs[0]), wordsOf(d)); diff != "" {
			t.Errorf("%s and %s: %s", inputs[0].name, in.name, diff)
		}
		if len(d.Dates) != 1 || d.Dates[0].Value != "2024-05-03" {
			t.Errorf("%s: dates %+v", in.name, d.Dates)
		}
	}
	for i, a := range docs {
		for k, b := range docs {
			for _, e := range diffing.Compare(a, b, diffing.Options{}).Edits {
				if e.Significance.Rank() > policy.Cosmetic.Rank() {
					t.Errorf("from %s to %s: %s %q → %q", inputs[i].name, inputs[k].name, e.Kind, e.Old, e.New)
				}
			}
		}
	}
	if t.Failed() {
		for i, d := range docs {
			t.Logf("%s:\n%s", inputs[i].name, d.Text())
		}
	}
}

// printPDF prints a page through Chromium.
func printPDF(t *testing.T, page []byte, name string) {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "policy.html"), filepath.Join(dir, "policy.pdf")
	if err := os.WriteFile(from, page, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--print-to-pdf="+to, "file://"+from)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chromium: %v: %s", err, out)
	}
	body, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
}
