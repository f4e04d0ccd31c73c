package pdftext

import (
	"math"

	"github.com/ledongthuc/pdf"

	"watcher/normalize"
)

// textOp runs the operators of texts. Missing operands count as zero: readers
// of PDF are that lenient.
func (c *content) textOp(op string, args []pdf.Value, resources pdf.Value) bool {
	switch op {
	case "BT":
		c.tm = matrix{1, 0, 0, 1, 0, 0}
		c.tlm = c.tm
	case "Tf":
		if len(args) >= 2 {
			c.font = c.fonts.get(resources.Key("Font").Key(args[len(args)-2].Name()))
			c.size = num(args, 0)
		}
	case "Tc":
		c.char = num(args, 0)
	case "Tw":
		c.word = num(args, 0)
	case "Tz":
		c.scale = num(args, 0) / 100
	case "TL":
		c.leading = num(args, 0)
	case "Ts":
		c.rise = num(args, 0)
	case "Tm":
		c.tm = six(args)
		c.tlm = c.tm
	default:
		return c.moveOp(op, args)
	}
	return true
}

// moveOp runs the operators that go to the next line or show text.
func (c *content) moveOp(op string, args []pdf.Value) bool {
	switch op {
	case "Td":
		c.next(num(args, 1), num(args, 0))
	case "TD":
		c.leading = -num(args, 0)
		c.next(num(args, 1), num(args, 0))
	case "T*":
		c.next(0, -c.leading)
	case "'":
		c.next(0, -c.leading)
		c.showLast(args)
	case "\"":
		c.word, c.char = num(args, 2), num(args, 1)
		c.next(0, -c.leading)
		c.showLast(args)
	case "Tj":
		c.showLast(args)
	case "TJ":
		if len(args) > 0 {
			c.showAll(args[len(args)-1])
		}
	default:
		return false
	}
	return true
}

func (c *content) next(x, y float64) {
	c.tlm = matrix{1, 0, 0, 1, x, y}.mul(c.tlm)
	c.tm = c.tlm
}

func (c *content) showLast(args []pdf.Value) {
	if len(args) > 0 {
		c.show(args[len(args)-1].RawString())
	}
}

// showAll shows the strings of an array, moved by its numbers.
func (c *content) showAll(list pdf.Value) {
	for i := range list.Len() {
		if x := list.Index(i); x.Kind() == pdf.String {
			c.show(x.RawString())
		} else {
			c.advance(-x.Float64() / 1000 * c.size * c.scale)
		}
	}
}

func (c *content) advance(x float64) { c.tm = matrix{1, 0, 0, 1, x, 0}.mul(c.tm) }

func (c *content) show(s string) {
	if c.font == nil {
		return
	}
	for _, g := range c.font.decode(s) {
		step := g.width*c.size + c.char
		if g.space {
			step += c.word
		}
		if g.text != "" {
			c.put(g)
		}
		c.advance(step * c.scale)
	}
}

// put adds a glyph, turned so that its base line is level.
func (c *content) put(g glyphCode) {
	if *c.left--; *c.left < 0 {
		return
	}
	m := matrix{c.size * c.scale, 0, 0, c.size, 0, c.rise}.mul(c.tm).mul(c.ctm)
	out := glyph{text: g.text, x: m[4], y: m[5], bold: c.font.bold, loose: c.font.guessed}
	out.w = g.width * math.Hypot(m[0], m[1])
	out.size = math.Hypot(m[2], m[3])
	switch angle := math.Atan2(m[1], m[0]); {
	case math.Abs(angle) < math.Pi/4:
	case math.Abs(angle) > 3*math.Pi/4:
		out.turn, out.x, out.y = 2, -m[4], -m[5]
	case angle > 0:
		out.turn, out.x, out.y = 1, m[5], -m[4]
	default:
		out.turn, out.x, out.y = 3, -m[5], m[4]
	}
	for _, f := range []float64{out.x, out.y, out.w, out.size} {
		if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) > 1e6 {
			return
		}
	}
	if n := len(c.marks); n > 0 {
		out.tag = c.marks[n-1]
	}
	if out.tag == (normalize.PDFTag{}) && out.turn == 0 && (out.x < -50 || out.x > c.width+50) {
		return // beside the page
	}
	c.out = append(c.out, out)
}
