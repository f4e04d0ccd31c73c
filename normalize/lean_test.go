package normalize

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// oddPages are pages in which it is hard to tell where a script begins or
// ends, or whether it is one.
var oddPages = []string{
	"<p>a<script>var a = '<p>b';</script>c<style>p { color: red }</style>d",
	"<SCRIPT type=x>if (a<b) c</Script ><p>d<sTYLE>x</STYLE/>e",
	"<script><!-- <script>a</script> b --></script>c<p><script>d</script>e",
	"<script><!-- a</script>b<script>c --></script>d",
	"<script>a</scripts>b</script>c<script>d</ script>e</script\n>f",
	"<script>a<p>b",
	"<p>a<!-- <script>b --> c</script>d<script>e</script>f",
	"<p>a<!--><script>b</script>--><!---><script>c</script>--><!-- d --!><script>e</script>-->f",
	"<p>a<!----!><script>b</script>c<!-- -- > <script>d</script> --->e",
	"<p>a<?php <script>b</script> ?>c<!x <script>d</script>>e</ <script>f</script>>g",
	"<title><script>a</script>b</title><p>c<textarea><script>d</script></textarea>e<script>f</script>g",
	"<p title=\"<script>a</script>\" x='<style>' y=<script>b</script>c",
	"<p a='>'b\"><script>d</script>'>e<script>f</script>g<p =\"a><script>h</script>\">i<p a = \"><script>j</script>\">k",
	"<p/a=/><script>b</script>c<p a=b/><script>d</script>e</p a='><script>f</script>'>g<p / = '><script>h</script>'>i",
	"<svg><style>a<p>b</style></svg>c<script>d</script>e",
	"<svg><title>a</title><style>b</style><script>c</script></svg>d<script>e<p>f</script>g",
	"<svg/><script>a<p>b</script>c<svg><g></svg><script>d<p>e</script>f",
	"<svg><desc><div></svg><script>a<p>b</script></div></desc></svg>c<script>d</script>e",
	"<svg><foreignObject><style>a<p>b</style></svg><script>c<p>d</script></foreignObject></svg>e",
	"<svg><p></svg><script>a<p>b</script>c<svg><svg></svg><script>d<p>e</script></svg>f<script>g</script>h",
	"<svg><script/><p>a</script>b</svg>c<script>d</script>e<svg><title/></svg><title>f</title><script>g<p>h</script>i",
	"<svg><![CDATA[<script>]]>a</script></svg>b<![CDATA[<script>c<p>]]>d</script>e",
	"<math><mi><script>a<p>b</script></mi><style>c<p>d</style></math>e<script>f</script>g",
	"<select><style>a</style><script>b</script><svg></select><script>c<p>d</script>e",
	"<plaintext><script>a</script>b",
	"<p data-a=b CLASS=c data-d='e' ID=\"f\" g/h class=i>j<br data-a=b/><img data-a='>' alt=c/><input data-a type=hidden =x y = z>",
	"<svg><path d=a/><g d=a d=b/><g class=a class=b/><g d='a'/><g d/><g d=a /></svg>b",
	"<svg /data-a><g></svg>b<svg / data-a>c</svg><br / ><br/data-a=\"/\"data-b/>d",
	"<b data-a=1><b data-a=2><b data-a=3><b data-a=4></b></b></b></b><p>c<font data-a=5>d",
	"<p a=b\"c='d'class=e>f<p a='b'c=\"d\"class=e>f<p class =x a =y>g<p a\n=\n'b>c'\nid\n=\nd>e<p =a=b =class=c>d",
	"<xmp><script>a</script></xmp><noscript><style>b</noscript>c</style><iframe><script>d</iframe>e</script>f",
	"<table><script>a</script>b<colgroup><style>c</style>d<script>e</script></table>f",
	"<frameset><script> a </script><frame></frameset><noframes><script>b</script></noframes>",
	"<template><script>a</script><svg></template><script>b<p>c</script>d",
	"<script></script>a<style></style>b<script/>c</script>d<style",
	"<\u017fcript>a<p>b</\u017fcript>c<no\u017fcript>d<script>e</script>f",
	"<script>a</\u017fcript>b</script>c<script>d</script", "<script", "<", "</", "<!", "<!-", "<!--", "<svg", "a<script>b</script",
}

// treeOf renders the tree of a page without the texts of scripts and style
// sheets, and without the blanks that are all that a frameset takes of them.
func treeOf(t *testing.T, page io.Reader) string {
	t.Helper()
	root, err := html.Parse(page)
	if err != nil {
		return err.Error()
	}
	var gone []*html.Node
	for h := range root.Descendants() {
		if h.Type != html.TextNode {
			continue
		}
		switch h.Parent.DataAtom {
		case atom.Script, atom.Style, atom.Frameset, atom.Html:
			gone = append(gone, h)
		}
	}
	for _, h := range gone {
		h.Parent.RemoveChild(h)
	}
	var b strings.Builder
	dump(&b, root, 0)
	return b.String()
}

// dump writes a tree node by node, so that no two trees read alike.
func dump(b *strings.Builder, h *html.Node, depth int) {
	b.WriteString(strings.Repeat(" ", depth))
	b.WriteString(h.Namespace + ":" + h.Data)
	for _, a := range h.Attr {
		if readAttribute([]byte(a.Key)) {
			b.WriteString(" " + a.Key + "=" + a.Val)
		}
	}
	b.WriteByte('\n')
	for c := h.FirstChild; c != nil; c = c.NextSibling {
		dump(b, c, depth+1)
	}
}

func checkLean(t *testing.T, page []byte) {
	t.Helper()
	want, got := treeOf(t, bytes.NewReader(page)), treeOf(t, lean(page))
	if got != want {
		t.Errorf("%q\nlean\n%s\nwant\n%s", page, got, want)
	}
}

func TestLean(t *testing.T) {
	for _, page := range oddPages {
		checkLean(t, []byte(page))
	}
	page := []byte("<head><style>a</style><title>b</title></head><svg d=x><title>c</title></svg><script>d < e</script><p data-a=b>f")
	rest, err := io.ReadAll(lean(page))
	if want := "<head><style></style><title>b</title></head><svg ><title>c</title></svg><script></script><p >f"; err != nil || string(rest) != want {
		t.Errorf("lean: %q, %v, want %q", rest, err, want)
	}
}

// FuzzLean compares the trees of pages with those of the same pages
// without scripts.
func FuzzLean(f *testing.F) {
	for _, page := range oddPages {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if len(page) < 1<<16 {
			checkLean(t, withoutNULs(page))
		}
	})
}

// Every attribute that the package asks for is left in.
func TestReadAttribute(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(?:attr|hasAttr)\([\w.]+, "([^"]+)"\)`)
	n := 0
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllSubmatch(source, -1) {
			n++
			if !readAttribute(m[1]) {
				t.Errorf("%s asks for the attribute %q, which no tree holds", name, m[1])
			}
		}
	}
	if n < 20 {
		t.Errorf("%d attributes asked for, want more: the test does not find them", n)
	}
	if readAttribute([]byte("data-testid")) || !readAttribute([]byte("ARIA-Hidden")) {
		t.Error("names are not told apart")
	}
}

// What a lean tree lacks is there for the selectors that ask for it.
func TestSelectorsReadMarkup(t *testing.T) {
	page := wrapPage("<div data-a>" + longSentence + "<script>policy</script></div><p>" + longSentence)
	in := Input{Body: page, ContentType: "text/html"}
	for _, selector := range []string{"div:has(script:contains(policy))", "div[data-a]"} {
		doc := document(t, Rules{Remove: policy.CSS(selector)}, in)
		if strings.Count(doc.Text(), strings.TrimSpace(longSentence)) != 1 {
			t.Errorf("%s: what was to be removed is there: %q", selector, doc.Text())
		}
	}
}
