package web

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

type object = map[string]any

// schemas collects the JSON schemas of Go types by their names.
type schemas struct{ byName object }

// of returns the schema of a type, a reference for named structures. It follows
// encoding/json: a field without omitempty or omitzero is always there.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[[]byte]():
		return object{"type": "string", "format": "binary"}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return object{}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return s.structure(t)
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": s.of(t.Elem()), "nullable": true}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem()), "nullable": true}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Int64, reflect.Uint64, reflect.Int, reflect.Uint:
		return object{"type": "integer", "format": "int64"}
	default:
		return object{}
	}
}

func (s *schemas) structure(t reflect.Type) object {
	name := schemaName(t)
	ref := object{"$ref": "#/components/schemas/" + name}
	if _, known := s.byName[name]; known {
		return ref
	}
	schema := object{"type": "object"}
	s.byName[name] = schema // before the fields: a type may hold itself
	properties, required := object{}, []string{}
	for f := range t.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" || !f.IsExported() {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		properties[tag] = s.of(f.Type)
		if !strings.Contains(options, "omit") {
			required = append(required, tag)
		}
	}
	schema["properties"] = properties
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	return ref
}

// schemaName is the name of a type in the description: two types are called
// problem.
func schemaName(t reflect.Type) string {
	if t == reflect.TypeFor[problem]() {
		return "Error"
	}
	r := []rune(t.Name())
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// describe makes the description of the API out of the table and the types.
func describe(version string) object {
	s := &schemas{byName: object{}}
	paths := object{}
	for _, op := range operations() {
		item, _ := paths[op.path].(object)
		if item == nil {
			item = object{}
			paths[op.path] = item
		}
		item[strings.ToLower(op.method)] = s.operation(op)
	}
	return object{
		"openapi": "3.0.3",
		"info": object{
			"title": "watcher", "version": version,
			"description": "What the watcher knows of policies and their changes, and what it may be told to do. Lists that fill their limit " +
				"carry a Link header to what follows. Answers carry an ETag and honour If-None-Match. Errors are problem details (RFC 9457). " +
				"Reading needs what the server in front asks for; the rest needs the token of the daemon's run file or a user who may change something.",
		},
		"paths": paths,
		"components": object{
			"schemas":         s.byName,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}, "user": object{"type": "http", "scheme": "basic"}},
		},
	}
}

func (s *schemas) operation(op operation) object {
	o := object{
		"operationId": op.id, "summary": op.summary, "parameters": s.parameters(op),
		"responses": object{
			"default": object{"description": "An error.", "content": object{"application/problem+json": object{"schema": s.of(reflect.TypeFor[problem]())}}},
		},
	}
	responses := o["responses"].(object)
	if op.status == 204 {
		responses["204"] = object{"description": "Done."}
	} else {
		media := op.media
		if media == "" {
			media = "application/json"
			if op.method == "GET" {
				responses["304"] = object{"description": "What If-None-Match names is still right."}
			}
		}
		status := "200"
		if op.status != 0 {
			status = strconv.Itoa(op.status)
		}
		responses[status] = object{"description": op.summary, "content": object{media: object{"schema": s.answer(op.answer)}}}
	}
	if op.body != nil {
		o["requestBody"] = object{"content": object{"application/json": object{"schema": s.of(op.body)}}}
	}
	if op.guarded() {
		o["security"] = []object{{"token": []string{}}, {"user": []string{}}}
	}
	return o
}

func (s *schemas) answer(types []reflect.Type) object {
	if len(types) == 1 {
		return s.of(types[0])
	}
	var any []object
	for _, t := range types {
		any = append(any, s.of(t))
	}
	return object{"anyOf": any}
}

func (s *schemas) parameters(op operation) []object {
	list := []object{}
	for part := range strings.SplitSeq(op.path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is {
			name = strings.TrimSuffix(name, "}")
			schema := object{"type": "string"}
			if name == "n" || name == "id" && strings.Contains(op.path, "captures/{id}") {
				schema = object{"type": "integer", "format": "int64", "minimum": 1}
			}
			list = append(list, object{"name": name, "in": "path", "required": true, "schema": schema})
		}
	}
	for _, p := range op.query {
		schema := object{"type": p.kind}
		if p.many {
			schema = object{"type": "array", "items": object{"type": p.kind}}
		}
		list = append(list, object{"name": p.name, "in": "query", "required": p.required, "description": p.about, "schema": schema})
	}
	return list
}
