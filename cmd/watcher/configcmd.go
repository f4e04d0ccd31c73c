package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/config"
)

func newConfigCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check or show the configuration, or print its schema", Args: cobra.ArbitraryArgs, RunE: group}
	c.AddCommand(
		&cobra.Command{
			Use: "check [FILE]", Short: "Report all problems of the configuration", Args: argsBetween(0, 1, "at most one file, or - for standard input"),
			RunE: func(_ *cobra.Command, args []string) error { return e.configCheck(args) },
		},
		&cobra.Command{
			Use: "show", Short: "Print the configuration in force, defaults filled in and secrets redacted", Args: noArgs,
			RunE: func(*cobra.Command, []string) error {
				cfg, err := loadConfig(e.flags.configFile)
				if err != nil {
					return err
				}
				_, err = e.stdout.Write(cfg.YAML())
				return err
			},
		},
		&cobra.Command{
			Use: "schema", Short: "Print the JSON schema of the configuration", Args: noArgs,
			RunE: func(*cobra.Command, []string) error {
				_, err := e.stdout.Write(config.Schema())
				return err
			},
		},
	)
	return c
}

func (e *env) configCheck(args []string) error {
	name := e.flags.configFile
	if len(args) == 1 {
		name = args[0]
	}
	cfg, err := e.loadConfig(name)
	if err != nil {
		return err
	}
	logger, err := e.quietLogger()
	if err != nil {
		return err
	}
	if err := app.CheckReceivers(cfg, e.options(logger)); err != nil {
		return &usageError{fmt.Errorf("%s: %w", name, err)}
	}
	_, err = fmt.Fprintf(e.stdout, "%s is valid: %s of %s, %s, %s\n", name, count(len(cfg.Policies), "policy", "policies"),
		count(countVendors(cfg), "vendor", "vendors"), count(len(cfg.Receivers), "receiver", "receivers"), count(len(cfg.Routes), "route", "routes"))
	return err
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// loadConfig reads a configuration file. One that is not there is a misuse of
// the command line.
func loadConfig(name string) (*config.Config, error) {
	cfg, err := config.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &usageError{err}
	}
	return cfg, err
}

func (e *env) loadConfig(name string) (*config.Config, error) {
	if name != "-" {
		return loadConfig(name)
	}
	src, err := io.ReadAll(io.LimitReader(e.stdin, maxFile))
	if err != nil {
		return nil, err
	}
	return config.Parse("<stdin>", src, ".")
}

func countVendors(cfg *config.Config) int {
	slugs := map[string]bool{}
	for _, p := range cfg.Policies {
		slugs[p.Vendor.Slug] = true
	}
	return len(slugs)
}
