package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// fromJSON rewrites the two escapes of JSON that the YAML parser does not
// know: `\/`, and characters beyond the basic plane as surrogate pairs. What
// is not JSON it returns as it is. Lines stay the same, columns may move.
func fromJSON(src []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimSpace(src), []byte("{")) || !bytes.ContainsRune(src, '\\') || !json.Valid(src) {
		return src
	}
	out := make([]byte, 0, len(src))
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' { // valid JSON has backslashes in strings only
			out = append(out, src[i])
			continue
		}
		switch r, size := surrogates(src[i:]); {
		case size > 0:
			out = fmt.Appendf(out, `\U%08x`, r)
			i += size - 1
		case src[i+1] == '/':
			out = append(out, '/')
			i++
		default:
			out = append(out, src[i], src[i+1])
			i++
		}
	}
	return out
}

// surrogates decodes a pair such as `\ud83d\ude00` at the beginning of b. The
// size is 0 when there is none.
func surrogates(b []byte) (r rune, size int) {
	const one, two = len(`\uXXXX`), len(`\uXXXX\uXXXX`)
	if len(b) < two || b[1] != 'u' || b[one] != '\\' || b[one+1] != 'u' {
		return 0, 0
	}
	high, err1 := strconv.ParseUint(string(b[2:one]), 16, 16)
	low, err2 := strconv.ParseUint(string(b[one+2:two]), 16, 16)
	if err1 != nil || err2 != nil {
		return 0, 0
	}
	if r = utf16.DecodeRune(rune(high), rune(low)); r == '\uFFFD' {
		return 0, 0
	}
	return r, two
}
