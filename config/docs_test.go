package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docBlock is a grammar in docs/CONFIGURATION.md, between marks that name the
// object it describes.
var docBlock = regexp.MustCompile("(?s)<!-- keys: ([a-z_]+) -->\n(.*?)<!-- end -->")

// The grammar in the documentation is written from the tables, so that every
// key is there and no other. Run with -update after a change of the tables.
func TestDocumentation(t *testing.T) {
	file := filepath.Join("..", "docs", "CONFIGURATION.md")
	doc := string(must(os.ReadFile(file)))
	objects := map[string]keyed{}
	collect(fileTable, objects)
	documented := map[string]bool{}
	want := docBlock.ReplaceAllStringFunc(doc, func(block string) string {
		name := docBlock.FindStringSubmatch(block)[1]
		o, known := objects[name]
		if !known || documented[name] {
			t.Errorf("<!-- keys: %s -->: no such object, or a second time", name)
			return block
		}
		documented[name] = true
		return "<!-- keys: " + name + " -->\n```yaml\n" + grammar(o) + "```\n<!-- end -->"
	})
	for name := range objects {
		if !documented[name] {
			t.Errorf("%s has no <!-- keys: %s -->", file, name)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Errorf("%s (-want +got); run go test ./config -update:\n%s", file, diff)
	}
}

// Every placeholder of the grammar is explained.
func TestDocumentedPlaceholders(t *testing.T) {
	doc := string(must(os.ReadFile(filepath.Join("..", "docs", "CONFIGURATION.md"))))
	objects := map[string]keyed{}
	collect(fileTable, objects)
	for _, o := range objects {
		for _, k := range o.keys() {
			for _, p := range regexp.MustCompile(`<[a-z_]+>`).FindAllString(k.shape.placeholder, -1) {
				if !strings.Contains(doc, "* `"+p+"`:") && !strings.Contains(doc, "## `"+p+"`") {
					t.Errorf("%s of %s is not explained", p, k.key)
				}
			}
		}
	}
}

// Keys that the prose mentions in `key:` form exist.
func TestDocumentedKeysExist(t *testing.T) {
	doc := string(must(os.ReadFile(filepath.Join("..", "docs", "CONFIGURATION.md"))))
	known := map[string]bool{}
	objects := map[string]keyed{}
	collect(fileTable, objects)
	for _, o := range objects {
		for _, k := range o.keys() {
			known[k.key] = true
		}
	}
	mentions := regexp.MustCompile("`([a-z_]+):").FindAllStringSubmatch(docBlock.ReplaceAllString(doc, ""), -1)
	if len(mentions) < 5 {
		t.Errorf("only %d keys are mentioned", len(mentions))
	}
	for _, m := range mentions {
		if !known[m[1]] {
			t.Errorf("`%s:` is no key", m[1])
		}
	}
}

// Every example of the documentation works.
func TestDocumentedExamples(t *testing.T) {
	doc := docBlock.ReplaceAllString(string(must(os.ReadFile(filepath.Join("..", "docs", "CONFIGURATION.md")))), "")
	examples := regexp.MustCompile("(?s)```yaml\n(version: .*?)```").FindAllStringSubmatch(doc, -1)
	if len(examples) == 0 {
		t.Fatal("no examples")
	}
	for _, e := range examples {
		if _, err := Parse("example.yml", []byte(e[1]), "testdata"); err != nil {
			t.Errorf("%v\n%s", err, e[1])
		}
	}
}

// collect finds all objects below o by name.
func collect(o keyed, into map[string]keyed) {
	into[o.objectName()] = o
	for _, k := range o.keys() {
		if k.shape.object != nil {
			collect(k.shape.object, into)
		}
	}
}

// grammar writes the keys of an object in the style of the Prometheus family.
func grammar(o keyed) string {
	var b strings.Builder
	for _, k := range o.keys() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		for _, line := range wrap(k.doc, 90) {
			b.WriteString("# " + line + "\n")
		}
		form := k.key + ": " + k.shape.placeholder
		if k.shape.many && k.shape.object == nil {
			form = k.key + ": [ " + k.shape.placeholder + ", ... ]"
		} else if k.shape.many {
			form = k.key + ":\n  [ - " + k.shape.placeholder + " ... ]"
		}
		switch {
		case k.required || (k.shape.many && k.shape.object != nil):
			b.WriteString(form + "\n")
		case k.initial != "":
			b.WriteString("[ " + form + " | default = " + k.initial + " ]\n")
		default:
			b.WriteString("[ " + form + " ]\n")
		}
	}
	if b.Len() == 0 {
		return "# No keys: write `" + o.objectName() + ": {}`.\n"
	}
	return b.String()
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
