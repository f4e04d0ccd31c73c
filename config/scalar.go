package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// schema is a JSON schema, or part of one.
type schema map[string]any

// scalar is a type of value that fits on one line of the file.
type scalar[V any] struct {
	// placeholder stands for a value in messages and documentation.
	placeholder string
	schema      schema
	// tags are the YAML types that parse accepts; the first is written.
	tags []string
	// secret keeps all values out of every display, suspect some.
	secret  bool
	suspect func(text string) bool
	// showZero keeps a zero value in YAML output, because it says something.
	showZero bool
	parse    func(text string) (V, *fault)
	format   func(V) string
}

// fault is what is wrong with a value, and what to do about it.
type fault struct{ message, hint string }

func faultf(hint, format string, args ...any) *fault {
	return &fault{message: fmt.Sprintf(format, args...), hint: hint}
}

// zero returns the type with values of zero shown in YAML output.
func (t scalar[V]) zero() scalar[V] { t.showZero = true; return t }

// decode reads the scalar at p into v and reports whether it is good.
func (t scalar[V]) decode(d *decoder, p place, v *V) bool {
	if d.full() || !d.follow(&p) {
		return false
	}
	if t.secret || (t.suspect != nil && t.suspect(p.node.Value)) {
		d.hide(p.node)
	}
	if !d.scalarTag(p, t.placeholder, t.tags...) {
		return false
	}
	value, bad := t.parse(p.node.Value)
	if bad != nil {
		d.report(p, bad.hint, "%s", bad.message)
		return false
	}
	*v = value
	return true
}

func (t scalar[V]) node(v V) *yaml.Node { return textNode(t.tags[0], t.format(v)) }

func textNode(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// flow returns a scalar or list of scalars as it is written on one line.
func flow(n *yaml.Node) string {
	b, err := yaml.Marshal(n)
	if err != nil { // cannot happen: n was made here
		return n.Value
	}
	return strings.TrimSpace(string(b))
}

// stringOf is a scalar type whose values are a kind of string.
func stringOf[V ~string](placeholder string, s schema, check func(string) *fault) scalar[V] {
	s["type"] = "string"
	return scalar[V]{
		placeholder: placeholder, schema: s, tags: []string{strTag},
		parse: func(text string) (V, *fault) {
			if bad := checkText(text); bad != nil {
				return "", bad
			}
			return V(text), check(text)
		},
		format: func(v V) string { return string(v) },
	}
}

// maxText bounds every string of the file in bytes. It also bounds the depth
// of a selector, whose parser is recursive.
const maxText = 4096

// checkText refuses what no string of the file may be.
func checkText(text string) *fault {
	switch trimmed := strings.TrimSpace(text); {
	case trimmed == "":
		return faultf("give it a value or remove it", "is empty")
	case len(text) > maxText:
		return faultf("shorten it", "is longer than %d bytes", maxText)
	case trimmed != text:
		return faultf("remove the white space", "begins or ends with white space")
	}
	for _, r := range text {
		if isControl(r) || isBreak(r) {
			return faultf("remove it", "contains the control character %U", r)
		}
	}
	return nil
}

func anyText(string) *fault { return nil }

// integerIn is a whole number from low to high.
func integerIn(low, high int) scalar[int] {
	return scalar[int]{
		placeholder: "<int>", tags: []string{intTag},
		schema: schema{"type": "integer", "minimum": low, "maximum": high},
		parse: func(text string) (int, *fault) {
			n, err := strconv.Atoi(text)
			switch {
			case err != nil:
				return 0, faultf("write it in decimal digits", "%s is not a plain number", shown(text))
			case n < low || n > high:
				return 0, faultf(fmt.Sprintf("want %d to %d", low, high), "%d is out of range", n)
			}
			return n, nil
		},
		format: strconv.Itoa,
	}
}

// boolean is true or false.
func boolean() scalar[bool] {
	return scalar[bool]{
		placeholder: "<boolean>", tags: []string{boolTag}, schema: schema{"type": "boolean"},
		parse:  func(text string) (bool, *fault) { return strings.EqualFold(text, "true"), nil },
		format: strconv.FormatBool,
	}
}

// oneOf is a word out of a fixed set.
func oneOf[V ~string](placeholder string, words []V) scalar[V] {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	t := stringOf[V](placeholder, schema{"enum": names}, func(text string) *fault {
		if slices.Contains(names, text) {
			return nil
		}
		return faultf(didYouMean(nearest(text, names), "want "+list(names, "or")), "unknown value %s", shown(text))
	})
	return t
}

// durationFrom is a span of time of at least low.
func durationFrom(low time.Duration) scalar[time.Duration] {
	return scalar[time.Duration]{
		placeholder: "<duration>", tags: []string{strTag, intTag, "!!float"},
		schema: schema{"type": "string", "pattern": durationPattern.String()},
		parse: func(text string) (time.Duration, *fault) {
			v, bad := parseDuration(text)
			if bad == nil && v < low {
				bad = faultf("want at least "+formatDuration(low), "%s is too short", text)
			}
			return v, bad
		},
		format: formatDuration,
	}
}

// sizeIn is a number of bytes from low to high.
func sizeIn(low, high int64) scalar[int64] {
	return scalar[int64]{
		placeholder: "<size>", tags: []string{strTag, intTag, "!!float"},
		schema: schema{"type": []string{"string", "integer"}, "pattern": sizePattern.String()},
		parse: func(text string) (int64, *fault) {
			v, bad := parseSize(text)
			if bad == nil && (v < low || v > high) {
				bad = faultf("want "+formatSize(low)+" to "+formatSize(high), "%s is out of range", text)
			}
			return v, bad
		},
		format: formatSize,
	}
}

// network is a range of addresses in CIDR notation.
func network() scalar[netip.Prefix] {
	return scalar[netip.Prefix]{
		placeholder: "<cidr>", tags: []string{strTag}, schema: schema{"type": "string"},
		parse: func(text string) (netip.Prefix, *fault) {
			p, err := netip.ParsePrefix(text)
			if err == nil {
				if m := p.Masked(); m != p {
					return m, faultf(didYouMean(m.String(), ""), "%s has bits set after its prefix", p)
				}
				return p, nil
			}
			if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
				return p, faultf(didYouMean(netip.PrefixFrom(a, a.BitLen()).String(), ""), "%s is an address, not a network", a)
			}
			return p, faultf("for example `10.0.0.0/8` or `fd00::/8`", "%s is not a network in CIDR notation", shown(text))
		},
		format: netip.Prefix.String,
	}
}

// timeZone is a name of the IANA time zone database.
func timeZone() scalar[*time.Location] {
	return scalar[*time.Location]{
		placeholder: "<time_zone>", tags: []string{strTag}, schema: schema{"type": "string"},
		parse: func(text string) (*time.Location, *fault) {
			bad := faultf("for example `UTC` or `Europe/Copenhagen`", "%s is not a name of the IANA time zone database", shown(text))
			if text == "" || text == "Local" { // LoadLocation takes both for something else
				return nil, bad
			}
			loc, err := time.LoadLocation(text)
			if err != nil {
				return nil, bad
			}
			return loc, nil
		},
		format: (*time.Location).String,
	}
}
