package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"watcher/config"
	"watcher/ota"
	"watcher/policy"
)

// ErrNoDeclarations means that a directory holds no declaration.
var ErrNoDeclarations = errors.New("there are no declarations")

// The bounds of what is read: a service of a size in bytes, and so many files.
const (
	maxFile  = 1 << 20
	maxFiles = 20_000
)

// Options say what to convert.
type Options struct {
	// Dir is a checkout of declarations, or the directory "declarations" in it.
	Dir string
	// Snapshots, when set, is a repository of the snapshots of the same
	// collection, on the newest of which the selectors are tried.
	Snapshots string
	// MaxBody bounds a snapshot that is read, in bytes.
	MaxBody int64
}

// Entry is what became of one declaration of a document.
type Entry struct {
	// Service is the name of the declaration's file, Type the document's; it is
	// "" when the file as a whole could not be read.
	Service, Type string
	// ID is the policy's; "" when it was refused.
	ID policy.ID
	// Refused is why the entry is not in the configuration, Lost what of it
	// could not be expressed there.
	Refused string
	Lost    []string
	// Dead tells which selectors match nothing on the newest snapshot, or why
	// they could not be tried.
	Dead []string
}

// Result is a configuration and what became of each declaration. YAML is empty
// when all were refused.
type Result struct {
	YAML    []byte
	Entries []Entry
}

// Convert reads all declarations of a directory. Its error wraps
// ErrNoDeclarations, or is of the file system, git or the context: what is wrong
// with a declaration is in its entry.
func Convert(ctx context.Context, o Options) (Result, error) {
	dir := filepath.Join(o.Dir, "declarations")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = o.Dir
	}
	names, err := services(dir)
	if err != nil {
		return Result{}, err
	}
	c := converter{slugs: map[string]bool{}}
	if o.Snapshots != "" {
		if c.trial, err = newTrial(ctx, o.Snapshots, o.MaxBody); err != nil {
			return Result{}, fmt.Errorf("%s: %w", o.Snapshots, err)
		}
		defer c.trial.close()
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		if err := c.service(ctx, dir, name); err != nil {
			return Result{}, err
		}
	}
	return c.result()
}

// services returns the names of the declarations in a directory.
func services(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		name, found := strings.CutSuffix(f.Name(), ".json")
		if !found || strings.HasSuffix(name, ".history") || strings.HasPrefix(name, ".") || f.IsDir() || name == "package" || name == "package-lock" {
			continue
		}
		out = append(out, name)
	}
	switch {
	case len(out) == 0:
		return nil, fmt.Errorf("%w in %s", ErrNoDeclarations, dir)
	case len(out) > maxFiles:
		return nil, fmt.Errorf("%w: %d files in %s, at most %d are read", ErrNoDeclarations, len(out), dir, maxFiles)
	}
	return out, nil
}

// readFile reads a small regular file; a link may lead anywhere.
func readFile(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := os.Open(name) //nolint:gosec // within the directory that the user names
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return b, err
}

// converter gathers what becomes of the services.
type converter struct {
	vendors []*yaml.Node
	slugs   map[string]bool
	entries []Entry
	trial   *trial
}

// service converts the declarations of one service.
func (c *converter) service(ctx context.Context, dir, name string) error {
	refuse := func(why string) { c.entries = append(c.entries, Entry{Service: clean(name), Refused: clean(why)}) }
	src, err := readFile(filepath.Join(dir, name+".json"))
	if err != nil {
		refuse(err.Error())
		return nil
	}
	s, err := ota.ParseService(name, src)
	if err != nil {
		refuse(err.Error())
		return nil
	}
	older, lost := history(filepath.Join(dir, name+".history.json"))
	v := c.vendor(s)
	kinds := map[policy.Kind]bool{}
	var policies []*yaml.Node
	for _, d := range s.Documents {
		e := newEntry(v, s, d, older[d.Type], kinds)
		if lost != "" {
			e.lose("%s", lost)
		}
		if e.Refused == "" {
			e.verify()
		}
		if e.Refused == "" && c.trial != nil {
			if err := c.trial.try(ctx, e); err != nil {
				return err
			}
		}
		if e.Refused == "" {
			kinds[e.kind] = true
			policies = append(policies, e.node(true))
		}
		c.entries = append(c.entries, e.Entry)
	}
	if len(policies) > 0 {
		c.slugs[v.slug] = true
		c.vendors = append(c.vendors, v.node(policies))
	}
	return nil
}

// history returns the earlier addresses of a service's documents, or says why
// there are none.
func history(name string) (addresses map[string][]string, lost string) {
	src, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ""
	}
	if err == nil {
		addresses, err = ota.ParseHistory(src)
	}
	if err != nil {
		return nil, "its history cannot be read: " + clean(err.Error())
	}
	return addresses, ""
}

// vendor is a service as a vendor of the configuration.
type vendor struct{ name, slug string }

// vendor finds a slug that no other service has.
func (c *converter) vendor(s ota.Service) vendor {
	v := vendor{name: s.Name, slug: policy.Slug(s.Name)}
	if v.slug == "" {
		v.slug = policy.Slug(s.ID)
	}
	if v.slug == "" {
		v.slug = "service"
	}
	for stem, n := v.slug, 2; c.slugs[v.slug]; n++ {
		v.slug = stem + "-" + strconv.Itoa(n)
	}
	return v
}

func (v vendor) node(policies []*yaml.Node) *yaml.Node {
	n := mapping()
	put(n, "name", text(v.name))
	if v.slug != policy.Slug(v.name) {
		put(n, "slug", text(v.slug))
	}
	put(n, "policies", &yaml.Node{Kind: yaml.SequenceNode, Content: policies})
	return n
}

// result writes the configuration and reads it once more as a whole.
func (c *converter) result() (Result, error) {
	r := Result{Entries: c.entries}
	if len(c.vendors) == 0 {
		return r, nil
	}
	src, err := render(c.vendors, "Out of declarations of Open Terms Archive, by \"watcher import ota\". What their\n"+
		"licence asks for holds for the selectors too: see the repository that they are from.")
	if err != nil {
		return r, err
	}
	if _, err := config.Parse("the result", src, "."); err != nil {
		return r, fmt.Errorf("the configuration as a whole is refused: %w", err)
	}
	r.YAML = src
	return r, nil
}

// render writes a configuration of vendors.
func render(vendors []*yaml.Node, head string) ([]byte, error) {
	root := mapping()
	put(root, "version", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"})
	put(root, "vendors", &yaml.Node{Kind: yaml.SequenceNode, Content: vendors})
	root.Content[0].HeadComment = head
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func put(n *yaml.Node, key string, value *yaml.Node) {
	n.Content = append(n.Content, text(key), value)
}

// texts is a list of texts, nil when it is empty.
func putTexts(n *yaml.Node, key string, list []string) {
	if len(list) == 0 {
		return
	}
	items := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range list {
		items.Content = append(items.Content, text(s))
	}
	put(n, key, items)
}

// maxSaid bounds what is said of one thing, in runes.
const maxSaid = 300

// clean makes one line of text from outside that neither a terminal nor a
// comment can take for anything else.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxSaid {
		return string(r[:maxSaid-1]) + "…"
	}
	return s
}

// without returns a list without the items at the given places.
func without[T any](list []T, drop map[int]bool) []T {
	var out []T
	for i, item := range list {
		if !drop[i] {
			out = append(out, item)
		}
	}
	return slices.Clip(out)
}
