package config

import (
	"maps"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// headerName is a token of RFC 9110 section 5.6.2.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// ownHeaders are set by the crawler itself; another value would break it.
var ownHeaders = map[string]string{
	"Accept-Encoding": "", "Connection": "", "Content-Length": "", "Host": "use the host in `url:`",
	"If-Modified-Since": "", "If-None-Match": "", "Range": "", "Te": "", "Trailer": "",
	"Transfer-Encoding": "", "Upgrade": "", "User-Agent": "use `crawler.user_agent`",
}

// maxHeaders bounds how many headers a policy may add.
const maxHeaders = 50

// headersField is the key with a policy's request headers: a mapping whose
// keys are the file's own. All values count as secrets.
func headersField() field[policyEntry] {
	return field[policyEntry]{
		key: "headers", also: []string{"header", "http_headers"}, secret: true,
		doc: "Headers sent to the host of the URL, and to no other. Values are treated as secrets.",
		shape: shape{placeholder: "{<string>: <secret>, …}", schema: schema{
			"type": []string{"object", "null"}, "maxProperties": maxHeaders,
			"additionalProperties": schema{"type": "string"}, "propertyNames": schema{"pattern": headerName.String()},
		}},
		decode: func(d *decoder, p place, v *policyEntry) { v.Headers = d.headers(p) },
		encode: func(v *policyEntry) *yaml.Node {
			n := &yaml.Node{Kind: yaml.MappingNode}
			for _, name := range slices.Sorted(maps.Keys(v.Headers)) {
				n.Content = append(n.Content, textNode(strTag, name), textNode(strTag, Redacted))
			}
			return nonEmpty(n)
		},
	}
}

func (d *decoder) headers(p place) map[string]string {
	if d.full() || !d.follow(&p) || p.node.ShortTag() == nullTag {
		return nil
	}
	if p.node.Kind != yaml.MappingNode {
		d.hide(p.node)
		d.report(p, "for example `headers: {X-Token: …}`", "want a mapping of names to values, have %s", kindName(p.node))
		return nil
	}
	if len(p.node.Content)/2 > maxHeaders {
		d.hide(p.node)
		d.report(p, "remove some", "more than %d headers", maxHeaders)
		return nil
	}
	headers := map[string]string{}
	lines := map[string]int{}
	for i := 0; i+1 < len(p.node.Content); i += 2 {
		key := p.node.Content[i]
		value := p.child(shown(key.Value), p.node.Content[i+1])
		name := textproto.CanonicalMIMEHeaderKey(key.Value)
		if bad := checkHeaderName(key, name, lines); bad != nil {
			d.hide(value.node)
			label := key.Value
			if !headerName.MatchString(label) {
				// A forgotten colon leaves the value in the key.
				d.hide(key)
				label = firstWord(label)
			}
			d.report(p.child(shown(label), key), bad.hint, "%s", bad.message)
			continue
		}
		lines[name] = key.Line
		var text Secret
		if !secretText("<secret>", anyText).decode(d, value, &text) {
			continue
		}
		if d.refuseRedacted && text == Redacted {
			d.report(value, "put the value back in", "%s stands for a secret, it is none", Redacted)
		}
		headers[name] = text.Reveal()
	}
	return headers
}

func firstWord(s string) string {
	if words := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == ' ' || r == '\t' || r == '\n' }); len(words) > 1 {
		return words[0] + " …"
	}
	return s
}

func checkHeaderName(key *yaml.Node, name string, lines map[string]int) *fault {
	switch hint, own := ownHeaders[name]; {
	case key.Kind != yaml.ScalarNode || !headerName.MatchString(key.Value):
		return faultf("for example `X-Token`", "not a header name")
	case own && hint == "":
		return faultf("remove it", "header %s is set by the crawler", name)
	case own:
		return faultf(hint, "header %s is set by the crawler", name)
	case lines[name] != 0:
		return faultf("keep one of the two; case does not matter", "header %s is set twice: in line %d and in line %d", strings.TrimSpace(name), lines[name], key.Line)
	}
	return nil
}
