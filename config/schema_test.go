package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSchemaIsCommitted(t *testing.T) {
	checkGolden(t, filepath.Join("..", "deploy", "watcher.schema.json"), string(Schema()))
}

// What Load accepts the schema accepts, and what is wrong with the form of a
// file the schema finds too.
func TestSchemaAgrees(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		filepath.Join("testdata", "full.yml"), filepath.Join("testdata", "full.effective"), filepath.Join("..", "watcher.yml"),
	} {
		if err := validate(root, readAny(t, file), "$"); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, name := range []string{
		"unknown_key", "unknown_key_list", "version_missing", "version_other", "version_text", "duration_bare", "duration_spelled",
		"duration_fraction", "duration_nonsense", "duration_null", "size_unit", "size_fraction", "integer_range", "vendors_missing",
		"vendors_empty", "vendor_no_policies_key", "vendor_name_missing", "vendor_name_number", "vendor_not_mapping",
		"vendors_mapping", "slug_bad", "kind_missing", "kind_bad", "url_missing", "url_no_scheme", "url_scheme", "id_bad",
		"formerly_bad", "lang", "source_file", "source_unknown", "enabled", "min_words", "combine", "browser", "archive_urls", "headers_name",
		"headers_type", "headers_list", "list_type", "receivers_name", "receivers_nothing", "receivers_unknown",
		"receivers_url_or_file", "receivers_type", "routes_values", "routes_match_keys", "routes_digest", "routes_continue", "hosts",
		"select_range", "ota",
	} {
		if err := validate(root, readAny(t, filepath.Join("testdata", "bad", name+".yml")), "$"); err == nil {
			t.Errorf("%s: the schema finds nothing wrong", name)
		}
	}
}

func readAny(t *testing.T, file string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(must(os.ReadFile(file)), &v); err != nil {
		t.Fatal(err)
	}
	b := must(json.Marshal(v)) // numbers as JSON has them
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// validate checks v against the keywords that Schema uses, and fails on any
// other, so that none is silently without effect.
func validate(s map[string]any, v any, path string) error {
	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		if err := validateKeyword(s, keyword, v, path); err != nil {
			return fmt.Errorf("%s: %s: %w", path, keyword, err)
		}
	}
	return nil
}

func validateKeyword(s map[string]any, keyword string, v any, path string) error {
	arg := s[keyword]
	text, isText := v.(string)
	number, isNumber := v.(float64)
	object, isObject := v.(map[string]any)
	items, isList := v.([]any)
	bad := false
	switch keyword {
	case "$schema", "title", "description", "default":
	case "type":
		bad = !slices.ContainsFunc(asList(arg), func(t any) bool { return isType(v, t.(string)) })
	case "enum":
		bad = !slices.Contains(arg.([]any), v)
	case "const":
		bad = !reflect.DeepEqual(arg, v)
	case "pattern":
		bad = isText && !regexp.MustCompile(arg.(string)).MatchString(text)
	case "minLength":
		bad = isText && len(text) < int(arg.(float64))
	case "maxLength":
		bad = isText && len(text) > int(arg.(float64))
	case "minimum":
		bad = isNumber && number < arg.(float64)
	case "maximum":
		bad = isNumber && number > arg.(float64)
	case "minItems":
		bad = isList && len(items) < int(arg.(float64))
	case "minProperties":
		bad = isObject && len(object) < int(arg.(float64))
	case "maxProperties":
		bad = isObject && len(object) > int(arg.(float64))
	case "required":
		for _, k := range arg.([]any) {
			_, there := object[k.(string)]
			bad = bad || (isObject && !there)
		}
	case "not":
		bad = validate(arg.(map[string]any), v, path) == nil
	case "anyOf", "oneOf":
		good := 0
		for _, alternative := range arg.([]any) {
			if validate(alternative.(map[string]any), v, path) == nil {
				good++
			}
		}
		bad = good == 0 || (keyword == "oneOf" && good > 1)
	case "items":
		for i, item := range items {
			if err := validate(arg.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case "propertyNames":
		for k := range object {
			if err := validate(arg.(map[string]any), k, path); err != nil {
				return err
			}
		}
	case "properties", "additionalProperties":
		return validateProperties(s, keyword, object, path)
	default:
		return fmt.Errorf("unknown keyword %s", keyword)
	}
	if bad {
		return fmt.Errorf("%v does not satisfy %v", v, arg)
	}
	return nil
}

func validateProperties(s map[string]any, keyword string, object map[string]any, path string) error {
	properties, _ := s["properties"].(map[string]any)
	for k, value := range object {
		sub, known := properties[k].(map[string]any)
		switch {
		case keyword == "properties" && known:
			if err := validate(sub, value, path+"."+k); err != nil {
				return err
			}
		case keyword == "additionalProperties" && !known:
			rest, ok := s[keyword].(map[string]any)
			if !ok {
				return fmt.Errorf("unknown key %s", k)
			}
			if err := validate(rest, value, path+"."+k); err != nil {
				return err
			}
		}
	}
	return nil
}

func asList(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func isType(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || (name == "integer" && v == float64(int64(v)))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}
