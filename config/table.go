package config

import (
	"reflect"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// object is the table of an object's keys. It is the one place that knows
// them: decoder, hints, schema, documentation and YAML output read it.
type object[T any] struct {
	name string
	// initial is the value before the file is read: the defaults.
	initial T
	// private keeps values that are not understood out of every display.
	private bool
	fields  []field[T]
	byKey   map[string]int
	// verify checks the object as a whole, after its keys.
	verify func(*decoder, place, *T)
	// rules are further keywords of the object's JSON schema.
	rules schema
}

// field is one key of an object.
type field[T any] struct {
	key string
	// doc is one or two sentences for the schema and the documentation.
	doc      string
	required bool
	// example shows a required key as it is written.
	example string
	// also are names by which other programs know the key.
	also []string
	// inherits says in words what applies when the key is absent and initial
	// does not tell.
	inherits string
	// secret keeps the value out of every display, also when it is wrong.
	secret bool
	// shape describes the value.
	shape shape

	decode func(*decoder, place, *T)
	encode func(*T) *yaml.Node // nil: nothing to say
}

// shape describes what a value looks like in the file.
type shape struct {
	placeholder string
	schema      schema
	many        bool
	object      keyed // nil for scalars
}

// keyed is an object with its type erased, for hints, schema and docs.
type keyed interface {
	objectName() string
	keys() []keyInfo
	objectSchema() schema
}

// keyInfo is a field with its type erased.
type keyInfo struct {
	key, doc, initial string
	required          bool
	// inherited says that initial is a sentence, not a value.
	inherited bool
	shape     shape
}

func newObject[T any](name string, initial T, fields ...field[T]) *object[T] {
	o := &object[T]{name: name, initial: initial, fields: fields, byKey: map[string]int{}}
	for i, f := range fields {
		o.byKey[f.key] = i
	}
	return o
}

// The following refine a field or an object where it is defined.

func (f field[T]) must(example string) field[T]    { f.required, f.example = true, example; return f }
func (f field[T]) alias(names ...string) field[T]  { f.also = names; return f }
func (f field[T]) inherit(what string) field[T]    { f.inherits = what; return f }
func (o *object[T]) hidden() *object[T]            { o.private = true; return o }
func (o *object[T]) constrain(r schema) *object[T] { o.rules = r; return o }
func (o *object[T]) check(f func(*decoder, place, *T)) *object[T] {
	o.verify = f
	return o
}

// decode reads the mapping at p into v, which holds the defaults.
func (o *object[T]) decode(d *decoder, p place, v *T) {
	if d.full() || !d.follow(&p) {
		return
	}
	var meant []string
	switch {
	case p.node.Kind == yaml.MappingNode:
		meant = o.decodeKeys(d, p, v)
	case p.node.Kind != yaml.ScalarNode || p.node.ShortTag() != nullTag:
		o.conceal(d, false, p.node)
		d.report(p, o.knownKeys(), "want a mapping (%s), have %s", o.name, kindName(p.node))
		return
	}
	for _, f := range o.fields {
		if f.required && !p.has(f.key) && !slices.Contains(meant, f.key) {
			d.report(p.at(f.key), "add `"+f.example+"`", "is required")
		}
	}
	if o.verify != nil {
		o.verify(d, p, v)
	}
}

// decodeKeys reads the entries of the mapping. It returns the keys that
// misspelt ones probably mean, which are then not missed as well.
func (o *object[T]) decodeKeys(d *decoder, p place, v *T) (meant []string) {
	lines := make([]int, len(o.fields))
	for i := 0; i+1 < len(p.node.Content) && !d.full(); i += 2 {
		key, value := p.node.Content[i], p.node.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		k, known := o.byKey[key.Value]
		if !known || key.Kind != yaml.ScalarNode {
			meant = append(meant, o.unknown(d, p, key, value))
			continue
		}
		f := &o.fields[k]
		switch {
		case lines[k] != 0:
			o.conceal(d, f.secret, value)
			d.report(p.child(f.key, key), "keep one of the two", "`%s` is set twice: in line %d and in line %d", f.key, lines[k], key.Line)
		default:
			f.decode(d, p.child(f.key, value), v)
		}
		lines[k] = key.Line
	}
	return meant
}

// secretKey matches names of keys whose values are better not shown.
var secretKey = regexp.MustCompile(`(?i)secret|token|pass|auth|cookie|credential|key|hook|header`)

// unknown reports a key that the table does not have. It returns the one that
// is probably meant, or "".
func (o *object[T]) unknown(d *decoder, p place, key, value *yaml.Node) (meant string) {
	known := o.meaning(key.Value)
	k, found := o.byKey[known]
	o.conceal(d, secretKey.MatchString(key.Value) || isIntegration(key.Value) || (found && o.fields[k].secret), value)
	at := p.child(shown(key.Value), key)
	if key.Kind != yaml.ScalarNode || (!plainKey.MatchString(key.Value) && (o.private || secretKey.MatchString(key.Value))) {
		d.hide(key) // a value that slipped into the key's place
		at.key = "?"
	}
	switch {
	case key.Kind != yaml.ScalarNode:
		d.report(at, "quote the key if it begins with a bracket", "a key must be text, have %s", kindName(key))
	case key.ShortTag() == mergeTag:
		d.report(at, "write the keys out, or use `defaults:`", "merge keys are not supported")
	default:
		meant = known
		d.report(at, didYouMean(known, o.elsewhere(d, key.Value)), "unknown key")
	}
	return meant
}

func (o *object[T]) conceal(d *decoder, secret bool, value *yaml.Node) {
	if o.private || secret {
		d.hide(value)
		return
	}
	d.hideSuspect(value)
}

// meaning returns the key that key is another name or a misspelling of, or "".
func (o *object[T]) meaning(key string) string {
	for _, f := range o.fields {
		for _, name := range f.also {
			if fold(name) == fold(key) {
				return f.key
			}
		}
	}
	return nearest(key, o.names())
}

// elsewhere is the hint for a key that belongs in another object, or else the
// list of the keys there are.
func (o *object[T]) elsewhere(d *decoder, key string) string {
	paths := pathsOf(d.root, "", func(k string) bool { return k == key })
	if len(paths) == 0 {
		paths = pathsOf(d.root, "", func(k string) bool { return nearest(key, []string{k}) != "" })
	}
	if len(paths) > 0 && len(paths) <= 3 {
		return "did you mean " + list(paths, "or") + "?"
	}
	return o.knownKeys()
}

func (o *object[T]) knownKeys() string {
	if len(o.fields) == 0 {
		return "write `" + o.name + ": {}`"
	}
	return "known keys are " + list(o.names(), "and")
}

// pathsOf returns where below o the wanted keys belong.
func pathsOf(o keyed, prefix string, wanted func(key string) bool) []string {
	var paths []string
	for _, k := range o.keys() {
		path := prefix + k.key
		if wanted(k.key) {
			paths = append(paths, "`"+path+"`")
		}
		if k.shape.many {
			path += "[]"
		}
		if k.shape.object != nil {
			paths = append(paths, pathsOf(k.shape.object, path+".", wanted)...)
		}
	}
	return paths
}

// names returns the keys that work in this version.
func (o *object[T]) names() []string {
	var names []string
	for _, f := range o.fields {
		names = append(names, f.key)
	}
	return names
}

// node returns v as YAML, without what is empty by default anyway.
func (o *object[T]) node(v *T) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range o.fields {
		if f.encode == nil {
			continue
		}
		if value := f.encode(v); value != nil {
			n.Content = append(n.Content, textNode(strTag, f.key), value)
		}
	}
	return n
}

func (o *object[T]) objectName() string { return o.name }

func (o *object[T]) keys() []keyInfo {
	infos := make([]keyInfo, 0, len(o.fields))
	for _, f := range o.fields {
		info := keyInfo{key: f.key, doc: f.doc, initial: f.inherits, inherited: f.inherits != "", required: f.required, shape: f.shape}
		if f.encode != nil && f.shape.object == nil && f.inherits == "" {
			if n := f.encode(&o.initial); n != nil {
				info.initial = flow(n)
			}
		}
		infos = append(infos, info)
	}
	return infos
}

// one is a field with a single scalar.
func one[T, V any](key string, t scalar[V], get func(*T) *V, doc string) field[T] {
	return field[T]{
		key: key, doc: doc, secret: t.secret,
		shape:  shape{placeholder: t.placeholder, schema: t.schema},
		decode: func(d *decoder, p place, v *T) { t.decode(d, p, get(v)) },
		encode: func(v *T) *yaml.Node {
			if isZero(*get(v)) && !t.showZero {
				return nil
			}
			return t.node(*get(v))
		},
	}
}

// many is a field with a list of scalars; a single one needs no brackets.
func many[T, V any](key string, t scalar[V], get func(*T) *[]V, doc string) field[T] {
	return field[T]{
		key: key, doc: doc, secret: t.secret,
		shape: shape{placeholder: t.placeholder, schema: t.schema, many: true},
		decode: func(d *decoder, p place, v *T) {
			for _, at := range d.entries(p, true) {
				var item V
				if t.decode(d, at, &item) {
					*get(v) = append(*get(v), item)
				}
			}
		},
		encode: func(v *T) *yaml.Node {
			items := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, item := range *get(v) {
				items.Content = append(items.Content, t.node(item))
			}
			return nonEmpty(items)
		},
	}
}

// nested is a field with an object. A key without a value is an empty object,
// so that all of its lines can be commented out.
func nested[T, V any](key string, o *object[V], get func(*T) *V, doc string) field[T] {
	return field[T]{
		key: key, doc: doc, secret: o.private, shape: shape{placeholder: "<" + o.name + ">", object: o},
		decode: func(d *decoder, p place, v *T) { o.decode(d, p, get(v)) },
		encode: func(v *T) *yaml.Node { return nonEmpty(o.node(get(v))) },
	}
}

// optional is a field with an object that is nil unless the key is there.
func optional[T, V any](key string, o *object[V], get func(*T) **V, doc string) field[T] {
	return field[T]{
		key: key, doc: doc, secret: o.private, shape: shape{placeholder: "<" + o.name + ">", object: o},
		decode: func(d *decoder, p place, v *T) {
			value := o.initial
			o.decode(d, p, &value)
			*get(v) = &value
		},
		encode: func(v *T) *yaml.Node {
			if *get(v) == nil {
				return nil
			}
			return o.node(*get(v))
		},
	}
}

// nestedList is a field with a list of objects.
func nestedList[T, V any](key string, o *object[V], get func(*T) *[]V, doc string) field[T] {
	return field[T]{
		key: key, doc: doc, secret: o.private, shape: shape{placeholder: "<" + o.name + ">", object: o, many: true},
		decode: func(d *decoder, p place, v *T) {
			if p.node.Kind != yaml.SequenceNode && o.private {
				d.hide(p.node)
			}
			for _, at := range d.entries(p, false) {
				item := o.initial
				o.decode(d, at, &item)
				*get(v) = append(*get(v), item)
			}
		},
		encode: func(v *T) *yaml.Node {
			items := &yaml.Node{Kind: yaml.SequenceNode}
			for i := range *get(v) {
				items.Content = append(items.Content, o.node(&(*get(v))[i]))
			}
			return nonEmpty(items)
		},
	}
}

func nonEmpty(n *yaml.Node) *yaml.Node {
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func isZero(v any) bool { return reflect.ValueOf(v).IsZero() }
