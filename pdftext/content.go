package pdftext

import (
	"math"

	"github.com/ledongthuc/pdf"

	"watcher/normalize"
)

// maxForms bounds the nesting of forms, which may draw themselves, and formCost
// how many glyphs drawing one counts for.
const (
	maxForms = 12
	formCost = 100
)

// matrix is [a b c d e f] of the specification.
type matrix [6]float64

// mul returns the matrix that does m first and then n.
func (m matrix) mul(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// glyph is a piece of text at its place, turned so that it reads from left to
// right.
type glyph struct {
	text        string
	x, y, w     float64
	size        float64
	bold, loose bool
	turn        int // quarters of a turn
	tag         normalize.PDFTag
}

// state is what q saves and Q restores.
type state struct {
	ctm               matrix
	font              *font
	size              float64
	char, word, scale float64
	leading, rise     float64
}

// content draws a page into glyphs.
type content struct {
	fonts fontCache
	tags  map[int]normalize.PDFTag
	// left is how many glyphs the file may still have.
	left *int

	state
	stack   []state
	tm, tlm matrix
	out     []glyph
	// marks are the open marked contents. A form has none of its page's.
	marks         []normalize.PDFTag
	forms         int
	width, height float64
}

// page draws a page.
func (c *content) page(p treePage) {
	w, h := boxSize(p.box)
	c.state = state{ctm: turned(p, w, h), scale: 1}
	if p.rotate%180 != 0 {
		w, h = h, w
	}
	c.width, c.height = w, h
	if v := p.v.Key("Contents"); v.Kind() == pdf.Stream || v.Kind() == pdf.Array && v.Len() > 0 {
		c.run(v, p.resources)
	}
}

// boxSize returns the size of a page, that of A4 when the file gives none.
func boxSize(box pdf.Value) (w, h float64) {
	w = math.Abs(box.Index(2).Float64() - box.Index(0).Float64())
	h = math.Abs(box.Index(3).Float64() - box.Index(1).Float64())
	if w < 1 || h < 1 || w > 1e5 || h > 1e5 {
		return 595, 842
	}
	return w, h
}

// turned returns the matrix that puts the lower left corner of a page, as it is
// shown, at zero.
func turned(p treePage, w, h float64) matrix {
	m := matrix{1, 0, 0, 1, -min(p.box.Index(0).Float64(), p.box.Index(2).Float64()), -min(p.box.Index(1).Float64(), p.box.Index(3).Float64())}
	switch ((p.rotate % 360) + 360) % 360 {
	case 90:
		return m.mul(matrix{0, -1, 1, 0, 0, w})
	case 180:
		return m.mul(matrix{-1, 0, 0, -1, w, h})
	case 270:
		return m.mul(matrix{0, 1, -1, 0, h, 0})
	}
	return m
}

func (c *content) run(stream, resources pdf.Value) {
	pdf.Interpret(stream, func(stk *pdf.Stack, op string) {
		args := make([]pdf.Value, stk.Len())
		for i := len(args) - 1; i >= 0; i-- {
			args[i] = stk.Pop()
		}
		if *c.left < 0 {
			return
		}
		if !c.textOp(op, args, resources) {
			c.pageOp(op, args, resources)
		}
	})
}

// num returns the operand i, counted from the last, as a number.
func num(args []pdf.Value, i int) float64 {
	if i >= len(args) {
		return 0
	}
	f := args[len(args)-1-i].Float64()
	if math.IsNaN(f) || math.Abs(f) > 1e7 {
		return 0
	}
	return f
}

func six(args []pdf.Value) matrix {
	return matrix{num(args, 5), num(args, 4), num(args, 3), num(args, 2), num(args, 1), num(args, 0)}
}

// pageOp runs the operators around texts.
func (c *content) pageOp(op string, args []pdf.Value, resources pdf.Value) {
	switch op {
	case "q":
		if len(c.stack) < 1000 {
			c.stack = append(c.stack, c.state)
		}
	case "Q":
		if n := len(c.stack) - 1; n >= 0 {
			c.state, c.stack = c.stack[n], c.stack[:n]
		}
	case "cm":
		c.ctm = six(args).mul(c.ctm)
	case "Do":
		if len(args) > 0 {
			c.form(resources.Key("XObject").Key(args[len(args)-1].Name()), resources)
		}
	case "BMC", "BDC":
		c.mark(op, args, resources)
	case "EMC":
		if n := len(c.marks); n > 0 {
			c.marks = c.marks[:n-1]
		}
	}
}

// form draws a form at its place.
func (c *content) form(v, resources pdf.Value) {
	if v.Key("Subtype").Name() != "Form" || c.forms == maxForms {
		return
	}
	*c.left -= formCost
	if r := v.Key("Resources"); r.Kind() == pdf.Dict {
		resources = r
	}
	saved, stack, marks := c.state, c.stack, c.marks
	c.forms++
	if m := v.Key("Matrix"); m.Len() == 6 {
		var args []pdf.Value
		for i := range 6 {
			args = append(args, m.Index(i))
		}
		c.ctm = six(args).mul(c.ctm)
	}
	c.stack = nil
	c.run(v, resources)
	c.forms--
	c.state, c.stack, c.marks = saved, stack, marks
}

// maxMarks bounds the nesting of marked content.
const maxMarks = 1000

// mark opens marked content: what is in it has the tag of its number.
func (c *content) mark(op string, args []pdf.Value, resources pdf.Value) {
	var tag normalize.PDFTag
	if n := len(c.marks); n > 0 {
		tag = c.marks[n-1]
	}
	if len(args) > 0 && args[0].Name() == "Artifact" {
		tag = normalize.PDFTag{Role: normalize.PDFArtifact}
	}
	if op == "BDC" && len(args) > 1 {
		props := args[1]
		if props.Kind() == pdf.Name {
			props = resources.Key("Properties").Key(props.Name())
		}
		if id := props.Key("MCID"); id.Kind() == pdf.Integer && c.forms == 0 {
			if t, ok := c.tags[int(id.Int64())]; ok {
				tag = t
			}
		}
	}
	if len(c.marks) < maxMarks {
		c.marks = append(c.marks, tag)
	}
}
