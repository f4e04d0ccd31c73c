package alerts

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	texttemplate "text/template"
)

// TestViewIsDocumented: every field and function that a template can use is in
// docs/ALERTS.md, and the example there works.
func TestViewIsDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "docs", "ALERTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	if !strings.Contains(doc, "`"+ViewSchema+"`") {
		t.Errorf("%s is not named", ViewSchema)
	}
	for _, o := range []any{view{}, item{}, dateView{}, versionView{}, Links{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(o)) {
			if f.IsExported() && !strings.Contains(doc, "`."+f.Name+"`") {
				t.Errorf("field %s of %T is not explained", f.Name, o)
			}
		}
	}
	for name := range templateFuncs() {
		if !strings.Contains(doc, "`"+name) {
			t.Errorf("function %s is not explained", name)
		}
	}
	_, example, _ := strings.Cut(doc, "```\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("no example")
	}
	w := &Webhook{}
	if err := w.useTemplate(WebhookOptions{Body: Template{Name: "example", Text: example}}); err != nil {
		t.Error(err)
	}
	if _, err := texttemplate.New("x").Funcs(templateFuncs()).Parse("{{nope}}"); err == nil {
		t.Error("functions without a definition are taken")
	}
}
