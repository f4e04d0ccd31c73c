package pdftext

import (
	"fmt"
	"regexp"

	"github.com/ledongthuc/pdf"
)

// maxTree bounds the nesting of the page tree.
const maxTree = 50

// treePage is a page with what it inherits. ref names it ("12 0 R").
type treePage struct {
	ref       string
	v         pdf.Value
	resources pdf.Value
	box       pdf.Value
	rotate    int64
}

// pageTree lists the pages in order. The counts that the file gives are not
// believed. A page that is met again is left out: the tree has a cycle.
func pageTree(r *pdf.Reader) ([]treePage, error) {
	w := treeWalk{seen: map[string]bool{}}
	root := r.Trailer().Key("Root").Key("Pages")
	if root.Kind() != pdf.Dict {
		return nil, fmt.Errorf("%w: it has no list of pages (open the file and save it anew)", ErrPDF)
	}
	if err := w.walk(root, treePage{}, 0); err != nil {
		return nil, err
	}
	if len(w.pages) == 0 {
		return nil, fmt.Errorf("%w: it has no pages", ErrPDF)
	}
	return w.pages, nil
}

type treeWalk struct {
	pages []treePage
	seen  map[string]bool
}

func (w *treeWalk) walk(node pdf.Value, inherited treePage, depth int) error {
	if depth > maxTree {
		return fmt.Errorf("%w: its page tree is too deep", ErrPDF)
	}
	p := inherited
	p.v = node
	if v := node.Key("Resources"); v.Kind() == pdf.Dict {
		p.resources = v
	}
	if v := node.Key("MediaBox"); v.Kind() == pdf.Array {
		p.box = v
	}
	if v := node.Key("Rotate"); v.Kind() == pdf.Integer {
		p.rotate = v.Int64()
	}
	kids := node.Key("Kids")
	if kids.Kind() != pdf.Array {
		if len(w.pages) == maxPages {
			return fmt.Errorf("%w: more than %d pages", ErrPDF, maxPages)
		}
		w.pages = append(w.pages, p)
		return nil
	}
	names := refs(kids)
	for i := range kids.Len() {
		p.ref = ""
		if i < len(names) {
			p.ref = names[i]
		}
		if p.ref == "" || w.seen[p.ref] {
			continue
		}
		w.seen[p.ref] = true
		if kid := kids.Index(i); kid.Kind() == pdf.Dict {
			if err := w.walk(kid, p, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// reference is how an indirect object is written.
var reference = regexp.MustCompile(`\d+ \d+ R`)

// refs returns the references in an array. The library resolves each when it
// is asked for, and its way to print values is the only one to their names.
func refs(array pdf.Value) []string { return reference.FindAllString(array.String(), -1) }
