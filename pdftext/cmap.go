package pdftext

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"sort"
	"strings"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"
)

// maxCodes bounds the entries of a character map: there are 65,536 codes.
const maxCodes = 1 << 17

// cmap says which text the codes of a font stand for.
type cmap struct {
	one    map[string]string
	ranges []codeRange
	// widths are the lengths of codes that occur, in bytes: bit n for n bytes.
	widths uint
}

// codeRange maps the codes from lo to hi, in a list or counting up from to.
type codeRange struct {
	lo, hi string
	to     string
	list   []string
}

// maxCmap bounds a character map, in bytes.
const maxCmap = 8 << 20

// readCmap reads the character map in a stream. It reads the three lists that
// matter and nothing else of the PostScript around them: the library's reader
// gives up on what programs write there, and believes the counts.
func readCmap(stream pdf.Value) *cmap {
	m := &cmap{one: map[string]string{}}
	data, err := io.ReadAll(io.LimitReader(stream.Reader(), maxCmap))
	if err != nil && len(data) == 0 {
		return m
	}
	var args []token
	for l := (lexer{data: data}); ; {
		t, ok := l.next()
		if !ok {
			break
		}
		if t.word == "" {
			if len(args) < maxCodes {
				args = append(args, t)
			}
			continue
		}
		m.list(t.word, args)
		args = args[:0]
	}
	sort.SliceStable(m.ranges, func(i, k int) bool { return m.ranges[i].lo < m.ranges[k].lo })
	return m
}

// list takes the operands of a list at its end.
func (m *cmap) list(op string, args []token) {
	switch op {
	case "endcodespacerange":
		for _, t := range args {
			if n := len(t.code); n >= 1 && n <= 4 {
				m.widths |= 1 << n
			}
		}
	case "endbfchar":
		for ; len(args) >= 2 && len(m.one) < maxCodes; args = args[2:] {
			m.one[args[0].code] = utf16Text(args[1].code)
		}
	case "endbfrange":
		for ; len(args) >= 3 && len(m.ranges) < maxCodes; args = args[3:] {
			r := codeRange{lo: args[0].code, hi: args[1].code, to: args[2].code}
			for _, code := range args[2].list {
				r.list = append(r.list, utf16Text(code))
			}
			m.ranges = append(m.ranges, r)
		}
	}
}

// token is a word, a code, or a list of codes.
type token struct {
	word, code string
	list       []string
}

// lexer reads the words and codes of a character map. Numbers and names are
// passed over.
type lexer struct{ data []byte }

func (l *lexer) next() (token, bool) {
	for len(l.data) > 0 {
		switch c := l.data[0]; {
		case c == '<' && !bytes.HasPrefix(l.data, []byte("<<")):
			return token{code: l.code()}, true
		case c == '[':
			return l.array(), true
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return token{word: l.run()}, true
		case c == '/' || c >= '0' && c <= '9':
			l.data = l.data[1:]
			l.run()
		default:
			l.data = l.data[1:]
		}
	}
	return token{}, false
}

// run reads what stands up to the next delimiter.
func (l *lexer) run() string {
	n := bytes.IndexAny(l.data, " \t\r\n\f\x00<>[]()/{}%")
	if n < 0 {
		n = len(l.data)
	}
	s := string(l.data[:n])
	l.data = l.data[n:]
	return s
}

// code reads the bytes of <0041>.
func (l *lexer) code() string {
	end := bytes.IndexByte(l.data, '>')
	if end < 0 {
		l.data = nil
		return ""
	}
	digits := strings.Join(strings.Fields(string(l.data[1:end])), "")
	l.data = l.data[end+1:]
	if len(digits)%2 == 1 {
		digits += "0"
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return ""
	}
	return string(b)
}

func (l *lexer) array() token {
	t := token{list: []string{}}
	l.data = l.data[1:]
	for len(l.data) > 0 && l.data[0] != ']' {
		if l.data[0] == '<' {
			t.list = append(t.list, l.code())
			continue
		}
		l.data = l.data[1:]
	}
	if len(l.data) > 0 {
		l.data = l.data[1:]
	}
	return t
}

// text returns what a code stands for.
func (m *cmap) text(code string) (string, bool) {
	if s, ok := m.one[code]; ok {
		return s, true
	}
	for i := sort.Search(len(m.ranges), func(i int) bool { return m.ranges[i].lo > code }) - 1; i >= 0; i-- {
		r := m.ranges[i]
		if len(r.lo) != len(code) || r.hi < code {
			if len(r.lo) == len(code) {
				break
			}
			continue
		}
		return r.at(number(code) - number(r.lo))
	}
	return "", false
}

func (r codeRange) at(n int) (string, bool) {
	if r.list != nil {
		if n < len(r.list) {
			return r.list[n], true
		}
		return "", false
	}
	if len(r.to) < 2 {
		return "", false
	}
	to := []byte(r.to)
	last := to[len(to)-2:]
	binary.BigEndian.PutUint16(last, binary.BigEndian.Uint16(last)+uint16(n&0xffff))
	return utf16Text(string(to)), true
}

// number reads a code of up to four bytes.
func number(code string) int {
	n := 0
	for i := range min(len(code), 4) {
		n = n<<8 | int(code[i])
	}
	return n
}

// utf16Text decodes big-endian UTF-16; a single byte is a letter of Latin 1.
func utf16Text(s string) string {
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, binary.BigEndian.Uint16([]byte(s[i:i+2])))
	}
	return string(utf16.Decode(units))
}
