package web

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The generator of the client and what its code needs. They are fetched for this
// test only, and are no dependencies of the program.
const (
	codegen        = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	codegenRuntime = "github.com/oapi-codegen/runtime@v1.9.0"
)

// A client that a tool makes of the description talks to the API.
func TestGeneratedClient(t *testing.T) {
	if testing.Short() {
		t.Skip("no generated client in short tests")
	}
	dir := t.TempDir()
	program, err := os.ReadFile("testdata/apiclient/main.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"main.go": string(program), "openapi.json": string(openAPI), "go.mod": "module apiclient\n\ngo 1.26.0\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"get", codegenRuntime}, {"run", codegen, "-generate", "types,client", "-package", "main", "-o", "client.gen.go", "openapi.json"},
	} {
		if out, err := goTool(t, dir, args...); err != nil {
			if strings.Contains(out, "dial tcp") || strings.Contains(out, "lookup") || strings.Contains(out, "proxy") {
				t.Skipf("the client's generator cannot be fetched: no generated client is tested: %s", out)
			}
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	opt := options(fixture())
	asked := ""
	opt.Requeue = func(_ context.Context, id string) error { asked = id; return nil }
	out, err := goTool(t, dir, "run", "-mod=mod", ".", serve(t, opt), testToken)
	if err != nil {
		t.Fatalf("the client: %v\n%s", err, out)
	}
	for _, want := range []string{"policy northlight-imaging/privacy 2", "change material 5", "missing " + typeNotFound, "redeliver 204"} {
		if !strings.Contains(out, want) {
			t.Errorf("the client does not say %q:\n%s", want, out)
		}
	}
	if asked != "alt_2" {
		t.Errorf("the client asked for %q again", asked)
	}
}

func goTool(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
