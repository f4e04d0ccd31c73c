package metrics_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"watcher/metrics"
)

const (
	rulesFile  = "../deploy/prometheus/rules.yml"
	dashboards = "../deploy/grafana/*.json"
	runbooks   = "../docs/runbooks"
	unitFile   = "../deploy/systemd/watcher.service"
	dockerfile = "../deploy/docker/Dockerfile"
)

type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func readRules(t *testing.T) []alertRule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string      `yaml:"name"`
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, rulesFile)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	var rules []alertRule
	for _, g := range file.Groups {
		rules = append(rules, g.Rules...)
	}
	if len(rules) == 0 {
		t.Fatalf("%s has no rules", rulesFile)
	}
	return rules
}

type panel struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Datasource  struct {
		UID string `json:"uid"`
	} `json:"datasource"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	GridPos struct{ H, W, X, Y int } `json:"gridPos"`
	Targets []struct {
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
}

type dashboard struct {
	ID            *int    `json:"id"`
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []struct {
			Name string `json:"name"`
		} `json:"list"`
	} `json:"templating"`
}

func readDashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob(dashboards)
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards at %s (%v)", dashboards, err)
	}
	boards := map[string]dashboard{}
	for _, name := range files {
		var d dashboard
		if err := json.Unmarshal([]byte(read(t, name)), &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		boards[filepath.Base(name)] = d
	}
	return boards
}

// expression is PromQL with the place it was found and the labels that the
// text shown beside its result names.
type expression struct {
	where, expr string
	shown       []string
}

var (
	legendLabel = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	ruleLabel   = regexp.MustCompile(`\$labels\.(\w+)`)
)

func expressions(t *testing.T) []expression {
	t.Helper()
	var all []expression
	for _, r := range readRules(t) {
		text := fmt.Sprint(r.Annotations)
		all = append(all, expression{r.Alert, r.Expr, submatches(ruleLabel, text)})
	}
	// What Grafana fills in is filled in with something of the same kind.
	variables := strings.NewReplacer("$__range", "1d", "$__rate_interval", "5m", "$vendor", ".*")
	for file, d := range readDashboards(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all = append(all, expression{
					file + ": " + p.Title, variables.Replace(target.Expr), submatches(legendLabel, target.LegendFormat),
				})
			}
		}
	}
	return all
}

func submatches(re *regexp.Regexp, s string) []string {
	var found []string
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		found = append(found, m[1])
	}
	return found
}

// targetLabels are given to every series by the scrape.
func targetLabels() []string { return []string{"job", "instance"} }

// labelsOf returns the labels that a series of the metric has beside those of
// the scrape. For histograms it knows the names of their parts.
func labelsOf(metric string) (labels []string, ok bool) {
	for _, f := range metrics.Families() {
		switch {
		case f.Type != metrics.Histogram && f.Name == metric:
			return f.Labels, true
		case f.Type == metrics.Histogram && metric == f.Name+"_bucket":
			return append(slices.Clone(f.Labels), "le"), true
		case f.Type == metrics.Histogram && (metric == f.Name+"_sum" || metric == f.Name+"_count"):
			return f.Labels, true
		}
	}
	// Of what is not the program's own, expressions may name these alone.
	foreign := []string{"up", "process_resident_memory_bytes", "go_memstats_heap_alloc_bytes", "go_goroutines"}
	return nil, slices.Contains(foreign, metric)
}

func problems(e expression) []string {
	var found []string
	u := uses(e.expr)
	if len(u.Selectors) == 0 {
		found = append(found, "names no metric")
	}
	all := targetLabels()
	for _, s := range u.Selectors {
		labels, ok := labelsOf(s.Metric)
		if !ok {
			found = append(found, "there is no metric "+s.Metric)
		}
		all = append(all, labels...)
		for _, l := range s.Labels {
			if !slices.Contains(labels, l) && !slices.Contains(targetLabels(), l) {
				found = append(found, s.Metric+" has no label "+l)
			}
		}
	}
	for _, l := range slices.Concat(u.Grouping, e.shown) {
		if !slices.Contains(all, l) {
			found = append(found, "no metric here has the label "+l)
		}
	}
	return found
}

func TestExpressionsNameRealMetrics(t *testing.T) {
	for _, e := range expressions(t) {
		for _, p := range problems(e) {
			t.Errorf("%s: %s\n\t%s", e.where, p, e.expr)
		}
	}
}

func TestProblemsAreFound(t *testing.T) {
	for _, e := range []expression{
		{expr: `watcher_nothing`},
		{expr: `watcher_outbox_dead{vendor="x"}`},
		{expr: `sum by (vendor) (watcher_outbox_dead)`},
		{expr: `watcher_fetch_duration_seconds`},
		{expr: `watcher_outbox_dead_bucket`},
		{expr: `watcher_outbox_dead`, shown: []string{"policy"}},
		{expr: `vector(1)`},
	} {
		if len(problems(e)) != 1 {
			t.Errorf("%s: found %q, want one problem", e.expr, problems(e))
		}
	}
}

func TestDashboards(t *testing.T) {
	uids := map[string]bool{}
	for file, d := range readDashboards(t) {
		if d.ID != nil || d.UID == "" || uids[d.UID] || d.Title == "" || d.SchemaVersion == 0 {
			t.Errorf("%s: wants a title, a schemaVersion, a uid of its own and no id", file)
		}
		uids[d.UID] = true
		if len(d.Templating.List) == 0 || d.Templating.List[0].Name != "datasource" {
			t.Errorf("%s: the first variable is not datasource", file)
		}
		for i, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
				t.Errorf("%s: panel %q wants a title, a description, a unit and a query", file, p.Title)
			}
			if p.Datasource.UID != "${datasource}" {
				t.Errorf("%s: panel %q is bound to a data source of its own", file, p.Title)
			}
			for _, q := range d.Panels[:i] {
				a, b := p.GridPos, q.GridPos
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Errorf("%s: panels %q and %q lie over each other", file, p.Title, q.Title)
				}
			}
		}
	}
}

func TestAlertsHaveRunbooks(t *testing.T) {
	want := map[string]bool{}
	for _, r := range readRules(t) {
		want[r.Alert+".md"] = true
		if got := r.Annotations["runbook_url"]; got != "docs/runbooks/"+r.Alert+".md" {
			t.Errorf("%s: runbook_url is %q", r.Alert, got)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: has no summary or no description", r.Alert)
		}
		if !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) {
			t.Errorf("%s: severity is %q", r.Alert, r.Labels["severity"])
		}
		text, err := os.ReadFile(filepath.Join(runbooks, r.Alert+".md"))
		if err != nil {
			t.Errorf("%s: %v", r.Alert, err)
			continue
		}
		for _, heading := range []string{"# " + r.Alert + "\n", "## What it means\n", "## What to look at\n", "## What to do\n"} {
			if !strings.Contains(string(text), heading) {
				t.Errorf("the runbook of %s has no heading %q", r.Alert, strings.TrimSpace(heading))
			}
		}
	}
	files, err := os.ReadDir(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !want[f.Name()] {
			t.Errorf("%s is the runbook of no alert", f.Name())
		}
	}
}

func TestRulesWithPromtool(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	files, err := filepath.Glob("../deploy/prometheus/*_test.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of the rules (%v)", err)
	}
	args := []string{"test", "rules"}
	var tests strings.Builder
	for _, name := range files {
		args = append(args, filepath.Base(name))
		tests.WriteString(read(t, name))
	}
	run(t, filepath.Dir(rulesFile), promtool, args...)
	for _, r := range readRules(t) {
		if !strings.Contains(tests.String(), "alertname: "+r.Alert+"}") || !strings.Contains(tests.String(), "alertname: "+r.Alert+"\n") {
			t.Errorf("no test shows %s both firing and not firing", r.Alert)
		}
	}
}

// TestSyntaxWithPromtool hands every expression to the real parser, as a rule.
func TestSyntaxWithPromtool(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	type recording struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	type group struct {
		Name  string      `yaml:"name"`
		Rules []recording `yaml:"rules"`
	}
	g := group{Name: "expressions"}
	for i, e := range expressions(t) {
		g.Rules = append(g.Rules, recording{fmt.Sprintf("expression:%d", i), e.expr})
	}
	text, err := yaml.Marshal(map[string][]group{"groups": {g}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "expressions.yml")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ".", promtool, "check", "rules", name)
	run(t, "../deploy/prometheus", promtool, "check", "config", "--syntax-only", "scrape.yml")
}

func TestUnitIsHardened(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	// The threshold is in tenths: exposure 1.5.
	run(t, ".", analyze, "security", "--offline=true", "--no-pager", "--threshold=15", unitFile)
}

func TestUnitIsValid(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	// verify wants the program to exist.
	unit := strings.ReplaceAll(read(t, unitFile), "/usr/local/bin/watcher", "/bin/true")
	name := filepath.Join(t.TempDir(), "watcher.service")
	if err := os.WriteFile(name, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, ".", analyze, "verify", "--man=no", name); strings.Contains(out, "watcher.service:") {
		t.Errorf("systemd-analyze verify complains:\n%s", out)
	}
}

func TestDockerfile(t *testing.T) {
	text := read(t, dockerfile)
	for _, line := range []string{"CGO_ENABLED=0", "-trimpath", "ca-certificates.crt", "\nUSER 65532:65532\n", "\nVOLUME /data\n", "\nEXPOSE 9847\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("%s does not say %q", dockerfile, strings.TrimSpace(line))
		}
	}
	for _, image := range submatches(regexp.MustCompile(`(?m)^FROM (\S+)`), text) {
		if strings.Contains(image, "/") {
			t.Errorf("image %s names a registry or an account: want a plain name", image)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tool returns the path of a program that a test needs. Without it the test is
// left out aloud, and where CI=true it fails: there nothing may be left out.
func tool(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	hint := fmt.Sprintf("%s is not installed (Debian package %s): run make tools-check", name, debianPackage)
	if os.Getenv("CI") == "true" {
		t.Fatal(hint)
	}
	t.Skip("LEFT OUT: " + hint)
	return ""
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
