package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"watcher/config"
	"watcher/policy"
	"watcher/storage"
)

func newListCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List the policies with their last check and change", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return e.list(c.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	e.remoteFlags(c)
	return c
}

// policyLine is one line of "watcher list --json".
type policyLine struct {
	Schema string `json:"schema"`
	policy.State
}

func (e *env) list(ctx context.Context, asJSON bool) error {
	states, err := e.states(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		for _, s := range states {
			if err := enc.Encode(policyLine{policy.PolicySchema, s}); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]string{{"POLICY", "STATUS", "VERSION", "LAST CHECK", "LAST CHANGE", "NOTE"}}
	for _, s := range states {
		rows = append(rows, []string{
			string(s.ID), statusText(s), strconv.Itoa(s.Head), stamp(s.LastCheck), stamp(s.LastChange), sanitize(s.LastError),
		})
	}
	return table(e.stdout, rows)
}

// states reads the states of all policies. Before there is a store, the
// configuration tells what will be watched.
func (e *env) states(ctx context.Context) ([]policy.State, error) {
	if e.flags.url == "" && e.noStore() {
		if cfg, err := config.Load(e.flags.configFile); err == nil {
			var states []policy.State
			for _, p := range cfg.Policies {
				states = append(states, policy.State{ID: p.ID, Vendor: p.Vendor, Kind: p.Kind, Lang: p.Lang, URL: p.URL})
			}
			return states, nil
		}
	}
	var states []policy.State
	err := e.withReader(func(r storage.Reader) (err error) {
		states, err = r.States(ctx)
		return err
	})
	return states, err
}

// statusText says in a word how a policy is doing.
func statusText(s policy.State) string {
	switch {
	case s.Retired:
		return "retired"
	case s.LastCheck.IsZero():
		return "waiting"
	case s.LastOutcome.Bad():
		return "failing"
	case s.LastOutcome == policy.OutcomeQuarantined:
		return "quarantined"
	case s.Pending != nil:
		return "confirming"
	}
	return "ok"
}

func newHistoryCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "history ID", Short: "List the versions of a policy, oldest first", Args: argsBetween(1, 1, "one policy id"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.withReader(func(r storage.Reader) error { return e.history(c.Context(), r, args[0], asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	e.remoteFlags(c)
	return c
}

func (e *env) history(ctx context.Context, r storage.Reader, arg string, asJSON bool) error {
	id, err := findPolicy(ctx, r, arg)
	if err != nil {
		return err
	}
	versions, err := r.Versions(ctx, id)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(e.stdout)
		for _, v := range versions {
			if err := enc.Encode(v.Line()); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]string{{"VERSION", "KIND", "FIRST SEEN", "LAST SEEN", "WORDS", "SIGNIFICANCE", "SUMMARY"}}
	for _, v := range versions {
		rows = append(rows, []string{
			strconv.Itoa(v.Number), string(v.Kind), stamp(v.FirstSeenAt), stamp(v.LastSeenAt), strconv.Itoa(v.Words),
			string(v.Significance), sanitize(v.Summary),
		})
	}
	return table(e.stdout, rows)
}

type showFlags struct{ raw, headers, json bool }

func newShowCommand(e *env) *cobra.Command {
	var f showFlags
	c := &cobra.Command{
		Use: "show ID[@N]", Short: "Show a version's text, bytes or provenance", Args: argsBetween(1, 1, "a policy id, with @N for a version"),
		Example: "  watcher show 3shape/privacy\n  watcher show 3shape/privacy@2 --raw > page.html",
		RunE: func(c *cobra.Command, args []string) error {
			return e.withReader(func(r storage.Reader) error { return e.show(c.Context(), r, args[0], f) })
		},
	}
	c.Flags().BoolVar(&f.raw, "raw", false, "print the bytes as captured")
	c.Flags().BoolVar(&f.headers, "headers", false, "print the redirect chain and response headers")
	c.Flags().BoolVar(&f.json, "json", false, "print the version, its capture and its document as JSON")
	c.MarkFlagsMutuallyExclusive("raw", "headers", "json")
	e.remoteFlags(c)
	return c
}

// shown is what "watcher show --json" prints.
type shown struct {
	Schema   string          `json:"schema"`
	Version  policy.Version  `json:"version"`
	Capture  policy.Capture  `json:"capture"`
	Document policy.Document `json:"document"`
}

func (e *env) show(ctx context.Context, r storage.Reader, arg string, f showFlags) error {
	v, err := findVersion(ctx, r, arg)
	if err != nil {
		return err
	}
	if f.raw {
		body, err := r.Body(ctx, v.Policy, v.Capture)
		if err != nil {
			return err
		}
		_, err = e.stdout.Write(body)
		return err
	}
	if f.headers {
		c, err := r.Capture(ctx, v.Policy, v.Capture)
		if err != nil {
			return err
		}
		return e.printHeaders(c)
	}
	doc, err := r.Document(ctx, v.Policy, v.Number)
	if err != nil {
		return err
	}
	if f.json {
		c, err := r.Capture(ctx, v.Policy, v.Capture)
		if err != nil {
			return err
		}
		return json.NewEncoder(e.stdout).Encode(shown{"watcher.show/1", v, c, doc})
	}
	_, err = fmt.Fprint(e.stdout, doc.Text())
	return err
}

// findVersion reads the version that "id" or "id@n" names.
func findVersion(ctx context.Context, r storage.Reader, arg string) (policy.Version, error) {
	name, number, at := strings.Cut(arg, "@")
	id, err := findPolicy(ctx, r, name)
	if err != nil {
		return policy.Version{}, err
	}
	n := 0
	if at {
		if n, err = strconv.Atoi(number); err != nil || n < 1 {
			return policy.Version{}, usagef("%q: want a version number after the @", arg)
		}
	} else {
		s, err := r.State(ctx, id)
		if err != nil {
			return policy.Version{}, err
		}
		if n = s.Head; n == 0 {
			return policy.Version{}, withHint(fmt.Errorf("%s has no version yet", id), "'watcher check %s' makes the first one", id)
		}
	}
	v, err := r.Version(ctx, id, n)
	if errors.Is(err, policy.ErrNotFound) {
		return v, withHint(fmt.Errorf("%s has no version %d", id, n), "'watcher history %s' lists them", id)
	}
	return v, err
}

func (e *env) printHeaders(c policy.Capture) error {
	var b strings.Builder
	for _, h := range c.Hops {
		fmt.Fprintf(&b, "> GET %s\n< %d %s\n", h.URL, h.Status, http.StatusText(h.Status))
	}
	names := make([]string, 0, len(c.Header))
	for name := range c.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range c.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, sanitize(v))
		}
	}
	_, err := fmt.Fprint(e.stdout, b.String())
	return err
}
