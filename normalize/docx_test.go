package normalize

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"

	"watcher/policy"
)

// word writes a Word document with a main part and the targets of its links.
func word(t testing.TB, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"[Content_Types].xml": "<Types/>",
		"word/document.xml":   `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w" xmlns:r="r"><w:body>` + body + `</w:body></w:document>`,
		"word/_rels/document.xml.rels": `<Relationships><Relationship Id="rId1" Target="https://a.example/more?utm_source=x" TargetMode="External"/>` +
			`<Relationship Id="rId2" Target="media/image.png"/></Relationships>`,
	} {
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

// TestDOCXHostile: files that are no documents, or would be too much, are errors
// with a hint.
func TestDOCXHostile(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	whole := word(t, wordPolicy)
	for name, body := range map[string][]byte{
		"cut":       whole[:len(whole)/2],
		"bomb":      word(t, "<w:p><w:r><w:t>"+strings.Repeat("a ", 12<<20)+"</w:t></w:r></w:p>"),
		"deep":      word(t, strings.Repeat("<w:sdt>", 5000)),
		"no XML":    word(t, "<w:p><w:r><w:t>a</w:r>&undefined;<<"),
		"billion":   word(t, "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><w:p><w:r><w:t>&a;</w:t></w:r></w:p>"),
		"no part":   []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
		"empty zip": {},
	} {
		_, err := n.Document(Input{Body: body, MediaType: mediaDOCX})
		if name == "empty zip" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "(") && name != "bomb" {
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
