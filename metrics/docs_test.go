package metrics_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"watcher/metrics"
)

var update = flag.Bool("update", false, "rewrite docs/METRICS.md")

const metricsDoc = "../docs/METRICS.md"

// manual renders the table of families as the page of the manual.
func manual() string {
	var b strings.Builder
	b.WriteString(`# Metrics

<!-- Made from metrics/families.go by "go test ./metrics -update". -->

The daemon serves these families at /metrics. A label with a fixed set of values has all of them from the first scrape on.
Times are Unix times in seconds: ` + "`time() - watcher_policy_last_success_timestamp_seconds`" + ` is an age. A time that does not
exist yet is absent, not 0. The label vendor is the vendor's name, policy the policy's id; both are there for configured
policies only. Histograms never carry either.

| family | type | labels | meaning |
| --- | --- | --- | --- |
`)
	for _, f := range metrics.Families() {
		labels := "–"
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, labels, f.Help)
	}
	b.WriteString("\nAlert rules over them are in deploy/prometheus/rules.yml, dashboards in deploy/grafana.\n")
	return b.String()
}

func TestMetricsDoc(t *testing.T) {
	want := manual()
	if *update {
		if err := os.WriteFile(metricsDoc, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, read(t, metricsDoc)); diff != "" {
		t.Errorf("docs/METRICS.md is not what the table says: run go test ./metrics -update\n%s", diff)
	}
}

func TestFamilies(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range metrics.Families() {
		if seen[f.Name] {
			t.Errorf("%s is listed twice", f.Name)
		}
		seen[f.Name] = true
		if !strings.HasPrefix(f.Name, metrics.Prefix) || f.Help == "" || strings.Contains(f.Help, "|") {
			t.Errorf("%s: wants the prefix %s and a help text that fits into a table", f.Name, metrics.Prefix)
		}
		if (f.Type == metrics.Counter) != strings.HasSuffix(f.Name, "_total") {
			t.Errorf("%s: counters and only counters end in _total", f.Name)
		}
		if f.Type == metrics.Histogram && slices.Contains(f.Labels, "vendor") {
			t.Errorf("%s: a histogram carries a vendor", f.Name)
		}
	}
}

// requirements returns the modules that go.mod requires, and whether directly.
func requirements(t *testing.T) map[string]bool {
	t.Helper()
	direct := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s+(\S+) v\S+(.*)$`).FindAllStringSubmatch(read(t, "../go.mod"), -1) {
		direct[m[1]] = !strings.Contains(m[2], "// indirect")
	}
	if len(direct) == 0 {
		t.Fatal("no requirements found in go.mod")
	}
	return direct
}

func TestDependenciesHaveReasons(t *testing.T) {
	direct := requirements(t)
	const page = "docs/adr/0002-dependencies.md"
	named := submatches(regexp.MustCompile("(?m)^\\| `([^`]+)` \\|"), read(t, "../"+page))
	for module, is := range direct {
		if is && !slices.Contains(named, module) {
			t.Errorf("go.mod requires %s directly: give it a line in %s", module, page)
		}
	}
	for _, module := range named {
		if !direct[module] {
			t.Errorf("%s gives reasons for %s, which go.mod does not require directly", page, module)
		}
	}
}

// TestArchitectureNamesTheFloors holds the table of docs/ARCHITECTURE.md to
// that of floors_test.go.
func TestArchitectureNamesTheFloors(t *testing.T) {
	_, source, _ := strings.Cut(read(t, "../floors_test.go"), "func floors()")
	source, _, _ = strings.Cut(source, "\n}\n")
	want := map[string]string{}
	for _, m := range regexp.MustCompile(`"([a-z/]+)":\s*(\d+)`).FindAllStringSubmatch(source, -1) {
		want[m[1]] = m[2]
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| (\\d+) \\| `([^`]+)` \\|").FindAllStringSubmatch(read(t, "../docs/ARCHITECTURE.md"), -1) {
		got[m[2]] = m[1]
	}
	if len(want) == 0 {
		t.Fatal("no floors found in floors_test.go")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/ARCHITECTURE.md and floors_test.go differ (-test +page):\n%s", diff)
	}
}

// TestDocsLinkToWhatExists follows the relative links of the papers.
func TestDocsLinkToWhatExists(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
	pages := map[string]string{"../CONTRIBUTING.md": "..", "../CHANGELOG.md": ".."}
	for _, dir := range []string{"../docs", "../docs/adr", "../docs/runbooks"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".md") {
				pages[dir+"/"+f.Name()] = dir
			}
		}
	}
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		for _, target := range submatches(link, read(t, page)) {
			if _, err := os.Stat(pages[page] + "/" + target); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, target)
			}
		}
	}
}
