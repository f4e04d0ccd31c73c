package triage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEveryRuleIsExplained finds the rules in the source, so that a new one
// cannot be forgotten.
func TestEveryRuleIsExplained(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Rule") {
				return true
			}
			lit, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			rule, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if why, instead := Explain(rule); why == "" || instead == "" {
				t.Errorf("%s (%s) is not explained", spec.Names[0].Name, rule)
			}
			return true
		})
	}
	if found < 20 {
		t.Errorf("%d rules found in the source: is the search broken?", found)
	}
	if why, _ := Explain("no_such_rule"); why != "" {
		t.Error("a rule that does not exist is explained")
	}
}
