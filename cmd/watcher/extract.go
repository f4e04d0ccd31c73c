package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"watcher/config"
	"watcher/crawler"
	"watcher/normalize"
	"watcher/policy"
	"watcher/triage"
)

type extractFlags struct {
	json           bool
	url            string
	selects, drops []string
}

func newExtractCommand(e *env) *cobra.Command {
	var f extractFlags
	c := &cobra.Command{
		Use:   "extract FILE|URL|-",
		Short: "Show what the normaliser makes of a page",
		Long:  "Prints the policy text of a page as Markdown: for writing selectors, and for seeing why.",
		Args:  argsBetween(1, 1, "a file, a URL or - for standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.extract(c.Context(), args[0], f)
		},
	}
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.Flags().StringVar(&f.url, "url", "", "`URL` that relative links of a file refer to")
	c.Flags().StringArrayVar(&f.selects, "select", nil, "`SELECTOR` of the policy's text: CSS, or a range such as '{start_before: h1, end_before: footer}'; may be repeated")
	c.Flags().StringArrayVar(&f.drops, "remove", nil, "`SELECTOR` of what to leave out; may be repeated")
	return c
}

// rules reads the selectors as the configuration does.
func (f extractFlags) rules() (r normalize.Rules, err error) {
	for _, list := range []struct {
		flag string
		from []string
		to   *[]policy.Selector
	}{{"--select", f.selects, &r.Select}, {"--remove", f.drops, &r.Remove}} {
		for _, text := range list.from {
			s, err := config.ParseSelector(text)
			if err != nil {
				return r, fmt.Errorf("%s: %w", list.flag, err)
			}
			*list.to = append(*list.to, s)
		}
	}
	return r, nil
}

// extracted is what "watcher extract --json" prints.
type extracted struct {
	Schema     string           `json:"schema"`
	Text       string           `json:"text"`
	Words      int              `json:"words"`
	Lang       string           `json:"lang"`
	Title      string           `json:"title,omitempty"`
	Normalizer string           `json:"normalizer"`
	Sections   []policy.Section `json:"sections"`
	Dates      []policy.Date    `json:"dates"`
	Dropped    []policy.Drop    `json:"dropped,omitempty"`
}

func (e *env) extract(ctx context.Context, arg string, f extractFlags) error {
	rules, err := f.rules()
	if err != nil {
		return err
	}
	body, contentType, base, err := e.page(ctx, arg)
	if err != nil {
		return err
	}
	if f.url != "" {
		base = f.url
	}
	doc, err := normalizeBytes(body, contentType, base, rules)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	if triage.Unmatched(doc) {
		fmt.Fprintf(e.stderr, "warning: the selectors match nothing on the page; this is the automatic choice\n")
	}
	if len(doc.Sections) == 0 {
		fmt.Fprintf(e.stderr, "warning: there is no text on the page\n")
	}
	if !f.json {
		_, err := fmt.Fprint(e.stdout, doc.Text())
		return err
	}
	out := extracted{
		Schema: policy.ExtractSchema, Text: doc.Text(), Words: doc.Words(), Lang: doc.Lang, Title: doc.Title,
		Normalizer: doc.Normalizer, Sections: doc.Sections, Dates: doc.Dates, Dropped: doc.Dropped,
	}
	for i := range out.Sections {
		if out.Sections[i].Blocks == nil {
			out.Sections[i].Blocks = []policy.Block{}
		}
	}
	if out.Dates == nil {
		out.Dates = []policy.Date{}
	}
	if out.Sections == nil {
		out.Sections = []policy.Section{}
	}
	return json.NewEncoder(e.stdout).Encode(out)
}

// page reads the page that the argument names.
func (e *env) page(ctx context.Context, arg string) (body []byte, contentType, base string, err error) {
	switch {
	case arg == "-":
		body, err = io.ReadAll(io.LimitReader(e.stdin, maxFile))
		return body, "", "", err
	case strings.HasPrefix(arg, "http://"), strings.HasPrefix(arg, "https://"):
		c, err := e.fetch(ctx, arg)
		if err != nil {
			return nil, "", "", err
		}
		if c.Status != http.StatusOK {
			fmt.Fprintf(e.stderr, "warning: %s answered with HTTP %d\n", c.FinalURL, c.Status)
		}
		return c.Body, c.ContentType, c.FinalURL, nil
	}
	body, err = readFile(arg)
	return body, "", arg, err
}

// fetch captures one page by the configuration's rules, or by the defaults
// where there is no configuration file.
func (e *env) fetch(ctx context.Context, url string) (policy.Capture, error) {
	logger, err := e.quietLogger()
	if err != nil {
		return policy.Capture{}, err
	}
	version, _ := buildInfo()
	o := crawler.Options{Version: version, Clock: time.Now, Logger: logger}
	cfg, err := config.Load(e.flags.configFile)
	switch {
	case err == nil:
		c := cfg.Crawler
		o.UserAgent, o.Contact, o.Timeout, o.AllowPrivate = c.UserAgent, c.Contact, c.Timeout, c.AllowPrivate
		o.MaxBody, o.MaxDecoded = c.MaxBody, c.MaxDecoded
	case !errors.Is(err, fs.ErrNotExist) && !os.IsNotExist(err):
		return policy.Capture{}, err
	}
	c, err := crawler.New(o)
	if err != nil {
		return policy.Capture{}, err
	}
	defer c.Close()
	return c.Capture(ctx, policy.Request{URL: url, Source: policy.SourceLive, MaxRetries: 1, MaxWait: 10 * time.Second})
}
