package ota

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"watcher/policy"
)

// Service is the declaration of a service: one file.
type Service struct {
	// ID is the file's name without its extension, Name what people call it.
	ID, Name string
	// Documents are in the order of the file.
	Documents []Document
}

// Document is the declaration of one document of a service.
type Document struct {
	Type string
	// Pages are what the document is made of, in order: one, or several for
	// one that is combined.
	Pages []Page
	// Unknown are keys of the declaration that this package does not know.
	Unknown []string
	// Err is why the declaration cannot be used; Pages is empty then.
	Err error
}

// Page is one page of a document.
type Page struct {
	URL            string
	Select, Remove []policy.Selector
	Filters        []Filter
	// Scripts says that the page needs its scripts run, or that it must not;
	// nil leaves it open.
	Scripts *bool
}

// Filter is a function that the engine runs over a page.
type Filter struct {
	Name string
	// Params are what the declaration hands to it, if that is text.
	Params []string
}

// ErrDeclaration marks a declaration that cannot be read.
var ErrDeclaration = errors.New("not a declaration of Open Terms Archive")

// maxItems bounds the pages of a document, and the selectors and filters of a
// page.
const maxItems = 100

// ParseService reads the declaration of a service; id is its file's name
// without ".json". The error wraps ErrDeclaration; what is wrong with a single
// document is in the document.
func ParseService(id string, src []byte) (Service, error) {
	s := Service{ID: id, Name: id}
	members, err := object(src)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrDeclaration, err)
	}
	var terms []member
	for _, m := range members {
		switch m.key {
		case "name":
			if err := json.Unmarshal(m.value, &s.Name); err != nil {
				return s, fmt.Errorf("%w: name: want text", ErrDeclaration)
			}
		case "terms", "documents": // documents until 2024
			if terms, err = object(m.value); err != nil {
				return s, fmt.Errorf("%w: %s: %w", ErrDeclaration, m.key, err)
			}
		}
	}
	if s.Name = strings.TrimSpace(s.Name); s.Name == "" {
		s.Name = id
	}
	if len(terms) == 0 {
		return s, fmt.Errorf("%w: no terms (is the directory one of declarations?)", ErrDeclaration)
	}
	for _, m := range terms {
		s.Documents = append(s.Documents, parseDocument(m))
	}
	return s, nil
}

func parseDocument(m member) Document {
	d := Document{Type: m.key}
	shared, err := parsePage(m.value)
	if err != nil {
		d.Err = err
		return d
	}
	d.Unknown = shared.unknown
	if shared.combine == nil {
		d.Pages = []Page{shared.Page}
	}
	for _, src := range shared.combine {
		one, err := parsePage(src)
		if err != nil {
			return Document{Type: m.key, Err: fmt.Errorf("combine: %w", err)}
		}
		d.Pages = append(d.Pages, one.over(shared))
		d.Unknown = append(d.Unknown, one.unknown...)
	}
	slices.Sort(d.Unknown)
	d.Unknown = slices.Compact(d.Unknown)
	for _, p := range d.Pages {
		if p.URL == "" {
			return Document{Type: m.key, Err: errors.New("fetch: there is no address")}
		}
	}
	return d
}

// declared is a page as it is written.
type declared struct {
	Page
	has     map[string]bool
	combine []json.RawMessage
	unknown []string
}

// over fills in what a page of a combined document leaves to the document.
func (d declared) over(shared declared) Page {
	p := d.Page
	if !d.has["fetch"] {
		p.URL = shared.URL
	}
	if !d.has["select"] {
		p.Select = shared.Select
	}
	if !d.has["remove"] {
		p.Remove = shared.Remove
	}
	if !d.has["filter"] {
		p.Filters = shared.Filters
	}
	if p.Scripts == nil {
		p.Scripts = shared.Scripts
	}
	return p
}

func parsePage(src json.RawMessage) (declared, error) {
	d := declared{has: map[string]bool{}}
	members, err := object(src)
	if err != nil {
		return d, err
	}
	for _, m := range members {
		if string(m.value) == "null" {
			continue
		}
		d.has[m.key] = true
		switch m.key {
		case "fetch":
			err = json.Unmarshal(m.value, &d.URL)
		case "select":
			d.Select, err = parseSelectors(m.value)
		case "remove":
			d.Remove, err = parseSelectors(m.value)
		case "filter":
			d.Filters, err = parseFilters(m.value)
		case "executeClientScripts":
			err = json.Unmarshal(m.value, &d.Scripts)
		case "combine":
			if d.combine, err = list(m.value); err == nil && len(d.combine) == 0 {
				err = errors.New("the list is empty")
			}
		case "validUntil": // of a history
		default:
			d.unknown = append(d.unknown, m.key)
		}
		if err != nil {
			return d, fmt.Errorf("%s: %w", m.key, plain(err))
		}
	}
	return d, nil
}

// plain says of a type error what a reader of the file understands.
func plain(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is of no use here", t.Value)
	}
	return err
}

// parseSelectors reads a selector, a range, or a list of them. An empty text
// means none.
func parseSelectors(src json.RawMessage) ([]policy.Selector, error) {
	items := []json.RawMessage{src}
	if src[0] == '[' {
		var err error
		if items, err = list(src); err != nil {
			return nil, err
		}
	}
	var out []policy.Selector
	for _, item := range items {
		var s policy.Selector
		if item[0] == '{' {
			var r struct{ StartBefore, StartAfter, EndBefore, EndAfter string }
			if err := json.Unmarshal(item, &r); err != nil {
				return nil, err
			}
			if s = rangeOf(r.StartBefore, r.StartAfter, r.EndBefore, r.EndAfter); !s.IsRange() {
				return nil, errors.New("a range has neither start nor end")
			}
		} else if err := json.Unmarshal(item, &s.CSS); err != nil {
			return nil, err
		}
		if s.CSS = strings.TrimSpace(s.CSS); s != (policy.Selector{}) {
			out = append(out, s)
		}
	}
	return out, nil
}

// rangeOf makes a range. Where both starts, or both ends, are given the engine
// heeds the one before.
func rangeOf(startBefore, startAfter, endBefore, endAfter string) policy.Selector {
	s := policy.Selector{
		StartBefore: strings.TrimSpace(startBefore), StartAfter: strings.TrimSpace(startAfter),
		EndBefore: strings.TrimSpace(endBefore), EndAfter: strings.TrimSpace(endAfter),
	}
	if s.StartBefore != "" {
		s.StartAfter = ""
	}
	if s.EndBefore != "" {
		s.EndAfter = ""
	}
	return s
}

// parseFilters reads names of filters, and objects that hand parameters to one.
func parseFilters(src json.RawMessage) ([]Filter, error) {
	items := []json.RawMessage{src}
	if src[0] == '[' {
		var err error
		if items, err = list(src); err != nil {
			return nil, err
		}
	}
	var out []Filter
	for _, item := range items {
		if item[0] != '{' {
			var f Filter
			if err := json.Unmarshal(item, &f.Name); err != nil {
				return nil, err
			}
			out = append(out, f)
			continue
		}
		members, err := object(item)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			out = append(out, Filter{Name: m.key, Params: texts(m.value)})
		}
	}
	return out, nil
}

// texts reads a text or a list of texts; anything else is none.
func texts(src json.RawMessage) []string {
	var many []string
	if json.Unmarshal(src, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(src, &one) == nil {
		return []string{one}
	}
	return nil
}

// ParseHistory reads the earlier declarations of a service and returns the
// addresses that each document type had, oldest first and each once. Documents
// that were made of several pages had none of their own.
func ParseHistory(src []byte) (map[string][]string, error) {
	members, err := object(src)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDeclaration, err)
	}
	out := map[string][]string{}
	for _, m := range members {
		entries, err := list(m.value)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDeclaration, m.key, err)
		}
		for _, entry := range entries {
			d := parseDocument(member{key: m.key, value: entry})
			if len(d.Pages) == 1 && !slices.Contains(out[m.key], d.Pages[0].URL) {
				out[m.key] = append(out[m.key], d.Pages[0].URL)
			}
		}
	}
	return out, nil
}

// member is a member of a JSON object.
type member struct {
	key   string
	value json.RawMessage
}

// object reads a JSON object and keeps the order of its members. A key that is
// there twice is an error: one of the two would be lost.
func object(src []byte) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(src, []byte("\ufeff"))))
	if t, err := dec.Token(); err != nil {
		return nil, syntax(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("want a JSON object")
	}
	var out []member
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, syntax(err)
		}
		m := member{key: fmt.Sprint(t)}
		if err := dec.Decode(&m.value); err != nil {
			return nil, syntax(err)
		}
		if seen[m.key] {
			return nil, fmt.Errorf("%q is there twice", m.key)
		}
		seen[m.key] = true
		out = append(out, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, syntax(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return out, nil
}

func list(src json.RawMessage) ([]json.RawMessage, error) {
	var out []json.RawMessage
	if err := json.Unmarshal(src, &out); err != nil {
		return nil, errors.New("want a list")
	}
	if len(out) > maxItems {
		return nil, fmt.Errorf("%d entries, at most %d", len(out), maxItems)
	}
	return out, nil
}

// syntax says where JSON is broken.
func syntax(err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not JSON at byte %d: %w", s.Offset, err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return err
}
