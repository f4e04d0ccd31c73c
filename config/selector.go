package config

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"watcher/policy"
)

// rangeTable is a selector that is written as a mapping.
var rangeTable = newObject("range", policy.Selector{},
	one("start_before", cssSelector(), func(s *policy.Selector) *string { return &s.StartBefore },
		"The range begins before the first element that this matches.").alias("startBefore"),
	one("start_after", cssSelector(), func(s *policy.Selector) *string { return &s.StartAfter },
		"The range begins after the first element that this matches.").alias("startAfter"),
	one("end_before", cssSelector(), func(s *policy.Selector) *string { return &s.EndBefore },
		"The range ends before the first element that this matches.").alias("endBefore"),
	one("end_after", cssSelector(), func(s *policy.Selector) *string { return &s.EndAfter },
		"The range ends after the first element that this matches.").alias("endAfter"),
).check(func(d *decoder, p place, _ *policy.Selector) {
	for i := 0; p.isMapping() && i < len(p.node.Content); i += 2 {
		if !rangeKeys()[p.node.Content[i].Value] {
			return // a misspelt end: reported
		}
	}
	for _, end := range [][2]string{{"start_before", "start_after"}, {"end_before", "end_after"}} {
		if p.has(end[0]) == p.has(end[1]) {
			d.report(p, "for example {start_before: h1, end_before: footer}", "a range wants one of `%s` and `%s`", end[0], end[1])
		}
	}
}).constrain(schema{"minProperties": 2, "maxProperties": 2})

func rangeKeys() map[string]bool {
	return map[string]bool{"start_before": true, "start_after": true, "end_before": true, "end_after": true}
}

// ParseSelector reads a selector out of a command line: a CSS selector, or a
// range on one line, such as {start_before: h1, end_before: footer}. Its error
// is an *Error.
func ParseSelector(text string) (policy.Selector, error) {
	d := newDecoder(".")
	n := textNode(strTag, text)
	n.Line, n.Column = 1, 1
	if strings.HasPrefix(text, "{") {
		if n = d.readRoot([]byte(text)); n == nil {
			return policy.Selector{}, &Error{File: "selector", Problems: d.problems}
		}
	}
	s, good := d.selector(place{node: n}, cssSelector())
	if !good {
		return s, &Error{File: "selector", Problems: sortProblems(d.problems), source: d.excerpts([]byte(text), true)}
	}
	return s, nil
}

// selectors is a field with a list of selectors, each a CSS selector or a range;
// a single one needs no brackets.
func selectors[T any](key string, get func(*T) *[]policy.Selector, doc string) field[T] {
	css := cssSelector()
	return field[T]{
		key: key, doc: doc,
		shape: shape{
			placeholder: "<selector>", many: true,
			schema: schema{"anyOf": []schema{css.schema, rangeSchema()}},
		},
		decode: func(d *decoder, p place, v *T) {
			for _, at := range d.selectorPlaces(p) {
				if s, good := d.selector(at, css); good {
					*get(v) = append(*get(v), s)
				}
			}
		},
		encode: func(v *T) *yaml.Node {
			items := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, s := range *get(v) {
				n := css.node(s.CSS)
				if s.IsRange() {
					n = rangeTable.node(&s)
				}
				items.Content = append(items.Content, n)
			}
			return nonEmpty(items)
		},
	}
}

func rangeSchema() schema {
	s := rangeTable.objectSchema()
	s["type"] = "object"
	return s
}

// selectorPlaces is entries, but that a single mapping stands for a list of one.
func (d *decoder) selectorPlaces(p place) []place {
	target := p.node
	if target.Kind == yaml.AliasNode {
		target = target.Alias
	}
	if target.Kind == yaml.MappingNode {
		return []place{p}
	}
	return d.entries(p, true)
}

// selector reads one selector and reports whether it is good.
func (d *decoder) selector(p place, css scalar[string]) (s policy.Selector, good bool) {
	if d.full() || !d.follow(&p) {
		return s, false
	}
	if p.node.Kind != yaml.MappingNode {
		return s, css.decode(d, p, &s.CSS)
	}
	before := len(d.problems)
	rangeTable.decode(d, p, &s)
	return s, len(d.problems) == before
}

// otaName is the name of a document in an Open Terms Archive.
func otaName() scalar[string] {
	return stringOf[string]("<ota_name>", schema{"pattern": "^[^/].*/[^/]+$"}, func(text string) *fault {
		service, document, found := strings.Cut(text, "/")
		if found && service != "" && document != "" && !strings.HasSuffix(text, "/") {
			return nil
		}
		return faultf("for example `Acme/Privacy Policy`: the path in the archive's repository without its extension", "%s is not a name of the form Service/Document Type", shown(text))
	})
}
