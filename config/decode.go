package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"watcher/policy"
)

// maxAliased bounds how many nodes are visited through aliases (*name): a few
// lines of nested aliases can stand for billions of values.
const maxAliased = 1_000_000

// decoder walks the nodes of one file and collects what is wrong with them.
type decoder struct {
	// dir is where the names of secret files begin.
	dir string
	// root is the table of the whole file, for hints across objects.
	root keyed
	// refuseRedacted makes the mark Redacted a problem.
	refuseRedacted bool

	problems []Problem
	// hidden are the scalars that must not be shown.
	hidden  map[*yaml.Node]bool
	aliased int
}

func newDecoder(dir string) *decoder {
	return &decoder{dir: dir, root: fileTable, hidden: map[*yaml.Node]bool{}}
}

// parse turns a file into a Config, or into an *Error with all its problems.
func (d *decoder) parse(name string, src []byte) (*Config, error) {
	text := fromJSON(bytes.TrimPrefix(src, []byte("\ufeff")))
	root := d.readRoot(text)
	var c *Config
	if root != nil {
		file := fileTable.initial
		fileTable.decode(d, place{node: root}, &file)
		if !d.full() { // what was not read must not be missed
			c = d.resolve(&file)
			c.Path, c.SHA256 = name, policy.Sum(src)
		}
	}
	if len(d.problems) == 0 {
		return c, nil
	}
	d.problems = sortProblems(d.problems)
	return nil, &Error{File: name, Problems: d.problems, source: d.excerpts(text, root != nil)}
}

// place is a node of the file and the way that leads to it. The way is a chain
// rather than a string because only problems need it spelt out.
type place struct {
	node  *yaml.Node
	up    *place
	key   string // of a mapping's entry, "" for a list's
	index int    // of a list's entry
	// aliased says that an alias stands on the way, alias is that of node.
	aliased bool
	alias   *yaml.Node
}

// spot is where p stands itself, which is not where its value stands when an
// alias does.
func (p place) spot() place {
	if p.alias != nil {
		p.node = p.alias
	}
	return p
}

// path spells the way out, for example "vendors[0].policies[2].interval".
func (p place) path() string {
	switch {
	case p.up == nil:
		return p.key
	case p.key == "":
		return p.up.path() + "[" + strconv.Itoa(p.index) + "]"
	}
	if parent := p.up.path(); parent != "" {
		return parent + "." + p.key
	}
	return p.key
}

// at returns the place of the value of key, or of the mapping itself with the
// key in its path when it has no such key.
func (p place) at(key string) place {
	if p.isMapping() {
		for i := 0; i+1 < len(p.node.Content); i += 2 {
			if p.node.Content[i].Value == key {
				return p.child(key, p.node.Content[i+1])
			}
		}
	}
	return p.child(key, p.node)
}

// has reports whether the mapping has the key.
func (p place) has(key string) bool {
	return p.isMapping() && p.at(key).node != p.node
}

func (p *place) child(key string, n *yaml.Node) place {
	return place{node: n, up: p, key: key, aliased: p.aliased}
}

func (p *place) entry(i int) place {
	return place{node: p.node.Content[i], up: p, index: i, aliased: p.aliased}
}

// plainKey is a key that needs no quotes in a path.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// shown is a key as a path and a message show it: clipped and quoted where
// needed, since it is the file's and may be anything.
func shown(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	const longest = 60
	if r := []rune(key); len(r) > longest {
		key = string(r[:longest]) + "…"
	}
	return strconv.Quote(key)
}

// report adds a problem at p.
func (d *decoder) report(p place, hint, format string, args ...any) {
	d.add(Problem{Line: p.node.Line, Column: p.node.Column, Path: p.path(), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// add keeps a problem, up to maxProblems of them.
func (d *decoder) add(p Problem) {
	switch {
	case len(d.problems) < maxProblems:
		d.problems = append(d.problems, p)
	case len(d.problems) == maxProblems:
		p.Path, p.Message, p.Hint = "", "there are more problems than are listed here", "solve those first"
		d.problems = append(d.problems, p)
	}
}

// full reports that looking further is of no use.
func (d *decoder) full() bool { return len(d.problems) > maxProblems || d.aliased >= maxAliased }

// follow resolves aliases. It reports false when too much hides behind them.
func (d *decoder) follow(p *place) bool {
	if p.node.Kind == yaml.AliasNode {
		p.node, p.alias, p.aliased = p.node.Alias, p.node, true
	}
	if !p.aliased {
		return true
	}
	d.aliased++
	if d.aliased == maxAliased {
		d.report(*p, "write the values out", "aliases stand for more than %d values", maxAliased)
	}
	return d.aliased < maxAliased
}

// entries returns the places of a list's entries; a key without a value is an
// empty list. With single, one scalar stands for a list of one.
func (d *decoder) entries(p place, single bool) []place {
	if d.full() || !d.follow(&p) {
		return nil
	}
	switch {
	case p.node.Kind == yaml.SequenceNode:
		places := make([]place, len(p.node.Content))
		for i := range places {
			places[i] = p.entry(i)
		}
		return places
	case p.node.Kind == yaml.ScalarNode && p.node.ShortTag() == nullTag:
		return nil
	case p.node.Kind == yaml.ScalarNode && single:
		return []place{p}
	}
	d.hideSuspect(p.node)
	d.report(p, "begin every entry with \"- \"", "want a list, have %s", kindName(p.node))
	return nil
}

// hide keeps the scalars at and below n, but for keys, out of every display.
func (d *decoder) hide(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		d.hidden[n] = true
	}
	for i, c := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			d.hide(c)
		}
	}
}

// isIntegration reports whether a key names a way to reach receivers. Whatever
// stands below it is an address or a secret, also where it does not belong.
func isIntegration(key string) bool {
	switch fold(key) {
	case "slack", "webhook", "teams", "alertmanager", "shoutrrr", "email", "save_page_now", "heartbeat":
		return true
	}
	return false
}

// hideSuspect hides what looks like a secret at and below n, which has no
// meaning: a misspelt key above a receiver must not print its address.
func (d *decoder) hideSuspect(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "://") && secretURLPart.MatchString(n.Value) {
		d.hide(n)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && (secretKey.MatchString(n.Content[i-1].Value) || isIntegration(n.Content[i-1].Value)) {
			d.hide(c)
			continue
		}
		d.hideSuspect(c)
	}
}

// secretURLPart matches URLs that are probably somebody's webhook.
var secretURLPart = regexp.MustCompile(`(?i)hook|token|secret|key|@`)

// scalarTag checks that p holds a scalar of one of the YAML types want.
func (d *decoder) scalarTag(p place, name string, want ...string) bool {
	n := p.node
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode {
		d.hideSuspect(n)
		d.report(p, "write one value", "want %s, have %s", name, kindName(n))
		return false
	}
	if slices.Contains(want, tag) {
		return true
	}
	switch {
	case tag == nullTag:
		d.report(p, "give it a value or remove the line", "has no value: want %s", name)
	case n.Style&yaml.TaggedStyle != 0:
		d.report(p, "remove the tag", "YAML tag %s is not supported: want %s", shown(tag), name)
	case want[0] == strTag:
		d.report(p, quoteHint(n.Value), "want %s, have %s", name, kindName(n))
	default:
		d.report(p, scalarHint(n, want), "want %s, have %s", name, kindName(n))
	}
	return false
}

// The YAML types that matter here.
const (
	strTag   = "!!str"
	intTag   = "!!int"
	boolTag  = "!!bool"
	nullTag  = "!!null"
	mergeTag = "!!merge"
)

func quoteHint(value string) string {
	if len(value) > 40 || !plainKey.MatchString(value) {
		return "put it in quotes"
	}
	return "put it in quotes: \"" + value + "\""
}

// scalarHint helps with numbers and booleans that are written as text.
func scalarHint(n *yaml.Node, want []string) string {
	switch want[0] {
	case intTag:
		if _, err := strconv.Atoi(n.Value); err == nil {
			return "remove the quotes"
		}
		return "write it in decimal digits"
	case boolTag:
		switch fold(n.Value) {
		case "yes", "on", "y", "true", "1":
			return "did you mean `true`?"
		case "no", "off", "n", "false", "0":
			return "did you mean `false`?"
		}
		return "write true or false"
	}
	return ""
}

// kindName says what a node is, in words.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode, yaml.DocumentNode:
		return "an alias"
	case yaml.ScalarNode:
	}
	switch n.ShortTag() {
	case strTag:
		return "text"
	case intTag, "!!float":
		return "a number"
	case boolTag:
		return "a boolean"
	case nullTag:
		return "nothing"
	case "!!timestamp":
		return "a date"
	}
	return "a value of another type"
}
