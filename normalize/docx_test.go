package normalize

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"watcher/policy"
)

// word writes a Word document with a main part and the targets of its links, and
// with other parts by their names.
func word(t testing.TB, body string, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	all := map[string]string{
		"[Content_Types].xml": "<Types/>",
		"word/document.xml":   `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w" xmlns:r="r"><w:body>` + body + `</w:body></w:document>`,
		"word/_rels/document.xml.rels": `<Relationships><Relationship Id="rId1" Target="https://a.example/more?utm_source=x" TargetMode="External"/>` +
			`<Relationship Id="rId2" Target="media/image.png"/></Relationships>`,
	}
	for i := 0; i+1 < len(parts); i += 2 {
		all["word/"+parts[i]] = parts[i+1]
	}
	for name, text := range all {
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

const wordPolicy = `<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr><w:r><w:t>Privacy notice</w:t></w:r></w:p>
<w:p><w:r><w:t>Last updated: 3 May 2024</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>1. Data</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">We keep </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>names</w:t></w:r><w:r><w:t xml:space="preserve"> &amp; addresses for </w:t></w:r>
<w:del><w:r><w:delText>six</w:delText><w:t>six</w:t></w:r></w:del><w:ins><w:r><w:t>twelve</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> months, as told in </w:t></w:r>
<w:hyperlink r:id="rId1"><w:r><w:t>our list</w:t></w:r></w:hyperlink><w:r><w:t>.</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>your name;</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>your maiden name;</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="berschrift2"/></w:pPr><w:r><w:t>Cookies</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>sid</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>keeps you</w:t></w:r></w:p><w:p><w:r><w:t>signed in</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`

func TestDOCX(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.Document(Input{Body: word(t, wordPolicy), ContentType: "application/octet-stream", URL: "https://a.example/policy.docx"})
	if err != nil {
		t.Fatal(err)
	}
	want := `# Privacy notice

Last updated: 3 May 2024

# 1. Data

We keep names & addresses for twelve months, as told in our list.

- your name;
  - your maiden name;

## Cookies

| sid | keeps you signed in |
`
	if got := d.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(d.Dates) != 1 || d.Dates[0].Value != "2024-05-03" || d.Title != "Privacy notice" {
		t.Errorf("title %q, dates %+v", d.Title, d.Dates)
	}
	if l := d.Sections[1].Blocks[0].Links; len(l) != 1 || l[0] != (policy.Link{Text: "our list", URL: "https://a.example/more"}) {
		t.Errorf("links %+v", l)
	}
}

const wordNumbering = `<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="7">
<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1%2)"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="*"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num></w:numbering>`

const wordStyles = `<w:styles xmlns:w="w"><w:style w:styleId="a1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Clause"><w:name w:val="Clause"/><w:basedOn w:val="a1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>`

// TestDOCXForms: what word processors write, and what is seen of it.
func TestDOCXForms(t *testing.T) {
	para := func(props, text string) string {
		return "<w:p><w:pPr>" + props + "</w:pPr><w:r><w:t>" + text + "</w:t></w:r></w:p>"
	}
	num := func(list, level string) string {
		return `<w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="` + list + `"/></w:numPr>`
	}
	for name, tc := range map[string]struct {
		body, want string
		parts      []string
	}{
		"numbers": {
			para(num("1", "0"), "names;") + para(num("1", "1"), "first;") + para(num("1", "1"), "last;") + para(num("1", "0"), "ages.") + para(num("2", "0"), "a bullet"),
			"3. names;\n  3a) first;\n  3b) last;\n4. ages.\n- a bullet\n",
			[]string{"numbering.xml", wordNumbering},
		},
		"numbered headings": {
			para(`<w:pStyle w:val="Clause"/>`, "Data") + para("", "We keep it.") + para(`<w:pStyle w:val="Clause"/>`, "Rights") + para(`<w:pStyle w:val="Clause"/><w:numPr><w:numId w:val="0"/></w:numPr>`, "Annex"),
			"# 3. Data\n\nWe keep it.\n\n# 4. Rights\n\n# Annex\n",
			[]string{"numbering.xml", wordNumbering, "styles.xml", wordStyles},
		},
		"a text box": {
			`<w:p><w:r><w:t>Around it.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent>` + para("", "In the box.") +
				`</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent>` + para("", "In the box.") + `</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>`,
			"In the box.\n\nAround it.\n", nil,
		},
		"a table in a table": {
			`<w:tbl><w:tr><w:tc>` + para("", "Data") + `</w:tc><w:tc><w:tbl><w:tr><w:tc>` + para("", "a name") + `</w:tc><w:tc>` + para("", "a town") + `</w:tc></w:tr></w:tbl>` + para("", "and more") + `</w:tc><w:tc>` + para("", "a year") + `</w:tc></w:tr></w:tbl>`,
			"| Data | a name a town and more | a year |\n", nil,
		},
		"notes": {
			`<w:p><w:r><w:t>We keep data.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>`,
			"We keep data.\n\nFor a year.\n",
			[]string{
				"footnotes.xml", `<w:footnotes><w:footnote w:type="separator" w:id="0">` + para("", "____ line") + `</w:footnote><w:footnote w:id="2">` + para("", "For a year.") + `</w:footnote></w:footnotes>`,
				"header1.xml", `<w:hdr>` + para("", "Acme policy, page 3") + `</w:hdr>`, "footer1.xml", `<w:ftr>` + para("", "Printed on 3 May 2024") + `</w:ftr>`, "comments.xml", `<w:comments>` + para("", "Is that so?") + `</w:comments>`,
			},
		},
		"hidden text": {
			`<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>We see</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t> not</w:t></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t> this.</w:t></w:r></w:p>`,
			"We see this.\n", nil,
		},
		"a deleted end of a paragraph": {
			`<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr><w:r><w:t xml:space="preserve">We keep </w:t></w:r></w:p>` + para("", "it all.") + para("", "And more."),
			"We keep it all.\n\nAnd more.\n", nil,
		},
		"moved text": {
			`<w:p><w:moveFrom><w:r><w:t>Gone. </w:t></w:r></w:moveFrom><w:r><w:t>Here.</w:t></w:r></w:p><w:p><w:moveTo><w:r><w:t>Come.</w:t></w:r></w:moveTo></w:p>`,
			"Here.\n\nCome.\n", nil,
		},
		"marks":            {`<w:p><w:r><w:t>third</w:t><w:noBreakHyphen/><w:t>party</w:t><w:tab/><w:t>data</w:t><w:br/><w:t>here</w:t><w:softHyphen/><w:t>in.</w:t></w:r></w:p>`, "third-party data herein.\n", nil},
		"broken numbering": {para(num("1", "0"), "names;"), "- names;\n", []string{"numbering.xml", "<w:numbering><<"}},
	} {
		n, err := New(Rules{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := n.Document(Input{Body: word(t, tc.body, tc.parts...), MediaType: mediaDOCX})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := d.Text(); got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.want)
		}
	}
}

// TestDOCXField: a link may be a field.
func TestDOCXField(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.Document(Input{Body: word(t, `<w:p><w:r><w:t xml:space="preserve">See </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://a.example/list" </w:instrText></w:r>`+
		`<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>our list</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t>.</w:t></w:r></w:p>`), MediaType: mediaDOCX})
	if err != nil {
		t.Fatal(err)
	}
	b := d.Sections[0].Blocks[0]
	if b.Text != "See our list." || len(b.Links) != 1 || b.Links[0] != (policy.Link{Text: "our list", URL: "https://a.example/list"}) {
		t.Errorf("%q, links %+v", b.Text, b.Links)
	}
}

// TestDOCXHostile: files that are no documents, or would be too much, are errors
// with a hint.
func TestDOCXHostile(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	whole := word(t, wordPolicy)
	for name, body := range map[string][]byte{
		"cut":             whole[:len(whole)/2],
		"bomb":            word(t, "<w:p><w:r><w:t>"+strings.Repeat("a ", 12<<20)+"</w:t></w:r></w:p>"),
		"deep":            word(t, strings.Repeat("<w:sdt>", 5000)),
		"no XML":          word(t, "<w:p><w:r><w:t>a</w:r>&undefined;<<"),
		"billion":         word(t, "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><w:p><w:r><w:t>&a;</w:t></w:r></w:p>"),
		"a bomb of notes": word(t, wordPolicy, "footnotes.xml", "<w:footnotes>"+strings.Repeat("a ", 12<<20)+"</w:footnotes>"),
		"no part":         []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
		"empty zip":       {},
	} {
		_, err := n.Document(Input{Body: body, MediaType: mediaDOCX})
		if name == "empty zip" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "(") && !strings.Contains(name, "bomb") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDOCX(f *testing.F) {
	f.Add(wordPolicy)
	f.Add("<w:tbl><w:tr><w:tbl></w:tr></w:tbl></w:tc><w:p></w:p>")
	n, err := New(Rules{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d, err := n.Document(Input{Body: word(t, body), MediaType: mediaDOCX})
		if err != nil {
			if !errors.Is(err, ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		checkInvariants(t, d)
	})
}
