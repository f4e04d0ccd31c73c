package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
)

// Schema returns the JSON schema (draft 2020-12) of the file, for editors and
// for "watcher config schema". It is made from the tables; the committed copy
// is deploy/watcher.schema.json. Rules across keys (unique ids, receivers that
// exist) are beyond it: only Load knows them.
func Schema() []byte {
	s := fileTable.objectSchema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "watcher configuration"
	s["type"] = "object"
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		panic(err) // cannot happen: the schema is maps, lists and words
	}
	return b.Bytes()
}

func (o *object[T]) objectSchema() schema {
	properties := schema{}
	var required []string
	for _, k := range o.keys() {
		properties[k.key] = k.valueSchema()
		if k.required {
			required = append(required, k.key)
		}
	}
	s := schema{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
		s["type"] = "object"
	}
	maps.Copy(s, o.rules)
	return s
}

// valueSchema is the schema of a key's value with what the table says of it.
func (k keyInfo) valueSchema() schema {
	item := maps.Clone(k.shape.schema)
	if k.shape.object != nil {
		item = k.shape.object.objectSchema()
	}
	s := item
	switch {
	case k.shape.many && k.shape.object != nil:
		s = schema{"type": []string{"array", "null"}, "items": item}
		if k.required {
			s["type"], s["minItems"] = "array", 1
		}
	case k.shape.many:
		s = schema{"anyOf": []schema{item, {"type": []string{"array", "null"}, "items": item}}}
	}
	s["description"] = k.doc
	if k.shape.object == nil && k.initial != "" && !k.inherited {
		s["default"] = jsonDefault(item, k.initial)
	}
	return s
}

// jsonDefault is a default as JSON has it rather than as text.
func jsonDefault(s schema, text string) any {
	if s["type"] == "integer" {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	if s["type"] == "boolean" {
		return text == "true"
	}
	return text
}
