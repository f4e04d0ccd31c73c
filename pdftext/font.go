package pdftext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/ledongthuc/pdf"
)

// font says what the codes of a string stand for, and how wide they are.
type font struct {
	bold bool
	// wide is set for composite fonts, whose codes have two bytes.
	wide   bool
	widths map[int]float64
	usual  float64
	// guessed is set when the file does not say how wide letters are.
	guessed bool
	// scale turns a width into parts of the font size.
	scale     float64
	toUnicode *cmap
	table     map[byte]string
}

// glyphCode is a code of a string: its text, and its width in parts of the
// font size.
type glyphCode struct {
	text  string
	width float64
	space bool
}

// fontCache holds the fonts of a file by how their dictionaries are written:
// the library reads a value anew each time.
type fontCache map[string]*font

func (c fontCache) get(v pdf.Value) *font {
	key := v.String()
	f, ok := c[key]
	if !ok {
		f = readFont(v)
		c[key] = f
	}
	return f
}

func readFont(v pdf.Value) *font {
	f := &font{scale: 0.001, usual: -1, widths: map[int]float64{}}
	name := strings.ToLower(v.Key("BaseFont").Name())
	descriptor := v.Key("FontDescriptor")
	if v.Key("Subtype").Name() == "Type0" {
		child := v.Key("DescendantFonts").Index(0)
		descriptor = child.Key("FontDescriptor")
		f.wide, f.usual = true, 1000
		if dw := child.Key("DW"); dw.Kind() == pdf.Integer || dw.Kind() == pdf.Real {
			f.usual = dw.Float64()
		}
		f.cidWidths(child.Key("W"))
	} else {
		f.simple(v)
	}
	f.bold = descriptor.Key("StemV").Float64() >= 140 || descriptor.Key("FontWeight").Float64() >= 600
	for _, s := range []string{"bold", "black", "heavy", "semibd", "-demi"} {
		f.bold = f.bold || strings.Contains(name, s)
	}
	if to := v.Key("ToUnicode"); to.Kind() == pdf.Stream {
		f.toUnicode = readCmap(to)
	}
	return f
}

// simple reads a font whose codes have one byte.
func (f *font) simple(v pdf.Value) {
	first, widths := int(v.Key("FirstChar").Int64()), v.Key("Widths")
	for i := range min(widths.Len(), 256) {
		f.widths[first+i] = widths.Index(i).Float64()
	}
	f.guessed = len(f.widths) == 0
	if m := v.Key("FontMatrix"); v.Key("Subtype").Name() == "Type3" && m.Len() == 6 {
		f.scale = m.Index(0).Float64()
	}
	f.table = encoding(v)
}

// maxCIDWidths bounds the widths of a composite font.
const maxCIDWidths = 1 << 16

// cidWidths reads "first [w w w]" and "first last w".
func (f *font) cidWidths(w pdf.Value) {
	for i := 0; i+1 < w.Len() && len(f.widths) < maxCIDWidths; {
		first, next := int(w.Index(i).Int64()), w.Index(i+1)
		if next.Kind() == pdf.Array {
			for k := range min(next.Len(), maxCIDWidths) {
				f.widths[first+k] = next.Index(k).Float64()
			}
			i += 2
			continue
		}
		last, width := min(int(next.Int64()), first+maxCIDWidths), w.Index(i+2).Float64()
		for k := first; k <= last; k++ {
			f.widths[k] = width
		}
		i += 3
	}
}

// encoding returns what the codes of a simple font stand for: its base
// encoding, and the names that differ from it, which the library knows.
func encoding(v pdf.Value) map[byte]string {
	enc := v.Key("Encoding")
	base := enc.Name()
	if enc.Kind() == pdf.Dict {
		base = enc.Key("BaseEncoding").Name()
	}
	out := map[byte]string{}
	for i := range 256 {
		c := byte(i)
		switch base {
		case "MacRomanEncoding":
			out[c] = string(charmap.Macintosh.DecodeByte(c))
		case "WinAnsiEncoding":
			out[c] = string(charmap.Windows1252.DecodeByte(c))
		default:
			out[c] = standard(c)
		}
	}
	if enc.Kind() == pdf.Dict {
		differences(v, enc.Key("Differences"), out)
	}
	return out
}

// standard decodes a code of StandardEncoding, where it differs from
// Windows-1252 in what texts use.
func standard(c byte) string {
	switch c {
	case 0x27:
		return "’"
	case 0x60:
		return "‘"
	case 0xa9:
		return "'"
	case 0xaa:
		return "“"
	case 0xba:
		return "”"
	case 0xae:
		return "fi"
	case 0xaf:
		return "fl"
	case 0xb1:
		return "–"
	case 0xb7:
		return "•"
	case 0xd0:
		return "—"
	}
	return string(charmap.Windows1252.DecodeByte(c))
}

// differences puts the glyphs that are named into the table.
func differences(v, list pdf.Value, table map[byte]string) {
	library := (&pdf.Font{V: v}).Encoder()
	code := 0
	for i := range min(list.Len(), 1024) {
		x := list.Index(i)
		if x.Kind() == pdf.Integer {
			code = int(x.Int64())
			continue
		}
		if x.Kind() == pdf.Name && code >= 0 && code < 256 {
			c := byte(code)
			if s, ok := glyphName(x.Name()); ok {
				table[c] = s
			} else if s := library.Decode(string([]byte{c})); s != "" && s != string(rune(c)) {
				table[c] = s
			} else if x.Name() != ".notdef" && len(x.Name()) == 1 {
				table[c] = x.Name()
			}
		}
		code++
	}
}

// glyphName knows names that the library does not: letters, numbers of Unicode
// and ligatures by their parts.
func glyphName(name string) (string, bool) {
	switch name {
	case "f_i", "fi":
		return "fi", true
	case "f_l", "fl":
		return "fl", true
	case "f_f", "ff":
		return "ff", true
	case "f_f_i", "ffi":
		return "ffi", true
	case "f_f_l", "ffl":
		return "ffl", true
	case "nbspace", "space":
		return " ", true
	}
	hex, ok := strings.CutPrefix(name, "uni")
	if !ok || len(hex) < 4 {
		return "", false
	}
	n, err := strconv.ParseInt(hex[:4], 16, 32)
	return string(rune(n)), err == nil
}

// decode divides a string into codes.
func (f *font) decode(s string) []glyphCode {
	size := 1
	if f.wide {
		size = 2
		if f.toUnicode != nil && f.toUnicode.widths == 1<<1 {
			size = 1
		}
	}
	out := make([]glyphCode, 0, len(s)/size)
	for ; len(s) >= size; s = s[size:] {
		out = append(out, f.code(s[:size]))
	}
	return out
}

func (f *font) code(code string) glyphCode {
	g := glyphCode{space: code == " "}
	n := number(code)
	known := false
	if f.toUnicode != nil {
		g.text, known = f.toUnicode.text(code)
	}
	if !known {
		g.text = f.table[code[0]]
		if f.wide {
			g.text = ""
		}
	}
	w, ok := f.widths[n]
	switch {
	case ok:
	case f.guessed:
		w = guess(g.text) / f.scale
	default:
		w = max(f.usual, 0)
	}
	g.width = w * f.scale
	return g
}

// guess is about how wide a letter is in Helvetica, in parts of the size.
func guess(s string) float64 {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case size == 0:
		return 0
	case strings.ContainsRune(" iljtfI.,:;'|!()[]-", r):
		return 0.29
	case strings.ContainsRune("mwMW", r):
		return 0.83
	case unicode.IsUpper(r):
		return 0.69
	}
	return 0.54
}
