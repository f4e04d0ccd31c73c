package diffing

import (
	"strings"
	"unicode/utf8"
)

// scanAddress returns the end and kind of an e-mail address or URL at i, or i.
// The caller calls it only where no name byte stands before i, so that a long
// run is not scanned again from each of its bytes.
func scanAddress(s string, i int) (end int, kind tokenKind) {
	rest := s[i:]
	if hasPrefixFold(rest, "https://") || hasPrefixFold(rest, "http://") || hasPrefixFold(rest, "www.") {
		return trimURL(s, i, scanNonSpace(s, i)), tokURL
	}
	at, j := -1, i
	for ; j < len(s) && isNameByte(s[j]); j++ {
		if s[j] == '@' {
			if at >= 0 {
				return i, tokWord
			}
			at = j
		}
	}
	for j > i && !isASCIIAlnum(s[j-1]) {
		j--
	}
	switch {
	case at > i && at < j && isHost(s[at+1:j], false):
		return j, tokEmail
	case at < 0 && isHost(s[i:j], true):
		if j < len(s) && s[j] == '/' {
			j = trimURL(s, i, scanNonSpace(s, j))
		}
		return j, tokURL
	}
	return i, tokWord
}

// isHost reports whether s looks like a host name. A bare one (without an "@"
// or scheme before it) must be told from two sentences without a space between
// them and from an abbreviation, so its last label must be lower-case letters
// and its labels longer than one byte.
func isHost(s string, bare bool) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s)-dot-1 < 2 || strings.Contains(s, "..") {
		return false
	}
	for _, c := range []byte(s[dot+1:]) {
		if c < 'a' || c > 'z' {
			if bare || c < 'A' || c > 'Z' {
				return false
			}
		}
	}
	if !bare {
		return true
	}
	for label := range strings.SplitSeq(s[:dot], ".") {
		if len(label) < 2 || strings.ContainsAny(label, "_%+") {
			return false
		}
	}
	return isTopLevel(s[dot+1:])
}

// isTopLevel reports whether s is an ending that bare host names in policies
// use; others are read as words, which costs nothing but a finer redline.
func isTopLevel(s string) bool {
	switch s {
	case "com", "org", "net", "eu", "io", "ai", "co", "de", "fr", "es", "it", "nl", "uk", "us", "ch", "at",
		"be", "dk", "se", "fi", "pl", "pt", "ie", "gov", "edu", "info", "app", "dev", "cloud", "health", "me":
		return true
	}
	return false
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func scanNonSpace(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if isBlank(r) || r == '<' || r == '>' || r == '"' || r == '”' || r == '“' || r == '»' {
			return i
		}
		i += n
	}
	return i
}

// trimURL takes the punctuation of the sentence off the end of a URL.
func trimURL(s string, start, end int) int {
	open := strings.Count(s[start:end], "(") - strings.Count(s[start:end], ")")
	for end > start {
		c := s[end-1]
		if strings.IndexByte(".,;:!?)]}'*|", c) < 0 || c == ')' && open >= 0 {
			return end
		}
		if c == ')' {
			open++
		}
		end--
	}
	return end
}
