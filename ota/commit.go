package ota

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Record is what the commit of a snapshot says of it. Any of it may be "":
// commits before 2024 say nothing but what they are.
type Record struct {
	// URL is the address that the page was had from.
	URL string
	// Fetcher and Engine are the program that fetched it and its version.
	Fetcher, Engine string
}

// maxTrailer bounds the value of a trailer in bytes.
const maxTrailer = 4096

// recordings begin the messages of commits that record what a site served.
// Commits that only read an old snapshot by new rules ("Apply technical or
// declaration upgrade on", "Refilter") are none, nor are those of people.
func recordings() []string {
	return []string{"First record of ", "Record new changes of ", "Record new snapshot of ", "Start tracking ", "Update "}
}

// ParseMessage reads the message of a commit. It reports false for a commit
// that records nothing.
func ParseMessage(message string) (Record, bool) {
	message = strings.ReplaceAll(message, "\r\n", "\n")
	recorded := false
	for _, prefix := range recordings() {
		recorded = recorded || strings.HasPrefix(message, prefix)
	}
	if !recorded {
		return Record{}, false
	}
	var r Record
	for key, value := range trailers(message) {
		switch key {
		case "x-source-document-location":
			if webAddress(value) {
				r.URL = value
			}
		case "x-fetcher":
			r.Fetcher = value
		case "x-engine-version":
			r.Engine = value
		}
	}
	return r, true
}

var trailerKey = regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)

// trailers reads the "Key: value" lines of a message's last paragraph, keys in
// lower case.
func trailers(message string) map[string]string {
	message = strings.TrimRight(message, "\n")
	_, last, found := cutLast(message, "\n\n")
	if !found {
		return nil
	}
	out := map[string]string{}
	for line := range strings.SplitSeq(last, "\n") {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if value = strings.TrimSpace(value); found && trailerKey.MatchString(key) && value != "" && len(value) <= maxTrailer && printable(value) {
			out[strings.ToLower(key)] = value
		}
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// webAddress wants an http or https URL without a password.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}

// File is a file of a repository of snapshots.
type File struct {
	// Name is "Service/Document Type", with " #id" behind it where a document is
	// made of several pages.
	Name string
	// Ext is the extension in lower case, with its dot.
	Ext string
}

var extension = regexp.MustCompile(`^\.[A-Za-z0-9]{1,8}$`)

// ParsePath reads a path in a repository of snapshots. It reports false for
// what cannot be a document: a file at the top, without extension or with
// control characters in its name.
func ParsePath(p string) (File, bool) {
	dir, base := path.Split(p)
	ext := path.Ext(base)
	name := strings.TrimSuffix(base, ext)
	if len(dir) < 2 || name == "" || len(p) > maxTrailer || !extension.MatchString(ext) || !printable(p) || strings.HasPrefix(p, ".") {
		return File{}, false
	}
	return File{Name: dir + name, Ext: strings.ToLower(ext)}, true
}

// ContentType returns the content type of a file by its extension, "" where its
// bytes must tell. The engine writes text as UTF-8, whatever the page was in.
func (f File) ContentType() string {
	switch f.Ext {
	case ".html", ".htm", ".xhtml":
		return "text/html; charset=utf-8"
	case ".md", ".markdown":
		return "text/markdown; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".json":
		return "application/json"
	case ".pdf":
		return "application/pdf"
	case ".docx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	}
	return ""
}

// illegal are the characters that a source id has an underscore for.
var illegal = regexp.MustCompile(`[\\:"<>|*?]`)

// PageName returns the name of the snapshots of one page of a document that is
// made of several: the document's with the path of the page's URL as its id.
func PageName(name, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return name
	}
	p := u.Path
	if ext := path.Ext(p); (File{Ext: strings.ToLower(ext)}).ContentType() != "" {
		p = strings.TrimSuffix(p, ext)
	}
	steps := strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
	return name + " #" + illegal.ReplaceAllString(strings.Join(steps, "-"), "_")
}
