package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"watcher/app"
	"watcher/config"
	"watcher/normalize"
	"watcher/pdftext"
)

// globalFlags are the flags that all commands share. Their names follow
// Prometheus.
type globalFlags struct {
	configFile     string
	storagePath    string
	logLevel       string
	logFormat      string
	url            string
	httpConfigFile string
	web            app.Web
}

func newRootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "watcher",
		Short: "Tells when a vendor's privacy policy changes, what changed, and proves it",
		Long: `Watcher keeps watching the privacy policies of your vendors, stores every version
with its evidence, says what changed the way a lawyer would, and tells people.

  watcher demo     see it work, without network or set-up
  watcher run      the daemon, by the configuration in watcher.yml
  watcher check    one pass now`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			_, err := e.logger() // a misspelt level is an error of every command
			return err
		},
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return withHint(&usageError{err}, "see '%s --help'", c.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVar(&e.flags.configFile, "config.file", "watcher.yml", "configuration `FILE`")
	f.StringVar(&e.flags.storagePath, "storage.path", "data/watcher.db", "store `FILE`")
	f.StringVar(&e.flags.logLevel, "log.level", "info", "least level to log: debug, info, warn or error")
	f.StringVar(&e.flags.logFormat, "log.format", "text", "text or json")
	// Of all commands run and demo listen, and alerts of check have links:
	// scripts may name the pages in front of any command.
	f.StringVar(&e.flags.web.ListenAddress, "web.listen-address", app.DefaultListenAddress, "`ADDRESS` for pages, API and metrics")
	f.StringVar(&e.flags.web.ConfigFile, "web.config.file", "", "`FILE` with TLS and authentication (exporter-toolkit)")
	f.StringVar(&e.flags.web.ExternalURL, "web.external-url", "", "`URL` under which people reach the pages; the base of links in alerts")
	f.StringSliceVar(&e.flags.web.AdminUsers, "web.admin-users", nil, "`NAMES` of users of --web.config.file who may change something; default all")
	f.BoolVar(&e.flags.web.Insecure, "web.insecure", false, "listen beyond loopback without authentication")
	root.AddCommand(
		newRunCommand(e), newDemoCommand(e), newInitCommand(e), newCheckCommand(e), newBackfillCommand(e),
		newListCommand(e), newHistoryCommand(e), newCoverageCommand(e), newSearchCommand(e), newExportCommand(e), newRenormalizeCommand(e),
		newShowCommand(e), newExplainCommand(e), newQuarantineCommand(e), newSilenceCommand(e), newDBCommand(e),
		newDiffCommand(e), newExtractCommand(e), newAlertsCommand(e), newConfigCommand(e), newImportCommand(e),
		newVersionCommand(e), newExitCodesTopic(), newPDFCommand(e), newVerifyChildCommand(e),
	)
	return root
}

// remoteFlags adds the flags of commands that can read from a remote daemon.
func (e *env) remoteFlags(c *cobra.Command) {
	c.Flags().StringVar(&e.flags.url, "url", "", "`URL` of a running daemon to ask, in place of the store")
	c.Flags().StringVar(&e.flags.httpConfigFile, "http.config.file", "", "`FILE` with TLS and authentication for --url, as Prometheus has it")
}

// logger returns the logger that the flags ask for. It writes to stderr:
// stdout carries data.
func (e *env) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(e.flags.logLevel)); err != nil {
		return nil, usagef("--log.level %q: want debug, info, warn or error", e.flags.logLevel)
	}
	o := &slog.HandlerOptions{Level: level}
	switch e.flags.logFormat {
	case "text", "logfmt":
		return slog.New(slog.NewTextHandler(e.stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.stderr, o)), nil
	}
	return nil, usagef("--log.format %q: want text or json", e.flags.logFormat)
}

// quietLogger logs what a single command has to say beside its result.
func (e *env) quietLogger() (*slog.Logger, error) {
	if e.flags.logLevel == "info" {
		e.flags.logLevel = "error"
	}
	return e.logger()
}

// options returns the options that the global flags give.
func (e *env) options(logger *slog.Logger) app.Options {
	version, revision := buildInfo()
	return app.Options{
		StoragePath: e.flags.storagePath, LockTimeout: time.Second,
		Load: func() (*config.Config, error) { return loadConfig(e.flags.configFile) },
		Web:  e.flags.web, PDFText: pdfReader(), VerifyCommand: verifyArgs(),
		Logger: logger, Output: e.stdout, Clock: time.Now,
		Version: version, Revision: revision, GoVersion: runtime.Version(),
	}
}

// buildInfo reads the version from the binary itself.
func buildInfo() (version, revision string) {
	version, revision = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, revision
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return version, revision
}

// pdfCommand is the hidden command in which PDF files are read.
const pdfCommand = "internal-pdf"

// pdfReader reads PDF files in a process of this same program. Where the
// program cannot find itself, they stay unsupported.
func pdfReader() normalize.PDFText {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return pdftext.Reader(self, pdfCommand)
}

func newPDFCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: pdfCommand, Hidden: true, Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return pdftext.Child(e.stdin, e.stdout) },
	}
}

func newVersionCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			version, revision := buildInfo()
			_, err := fmt.Fprintf(e.stdout, "watcher %s (revision %s, %s)\n", version, revision, runtime.Version())
			return err
		},
	}
}

func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use: "exit-codes", Short: "What the exit codes mean",
		Long: `0    ok
1    failure
2    usage or invalid configuration
3    some policies could not be checked (failed, rejected, quarantined or skipped) or imported
10   changed (with --exit-code)
11   the store is held by another process
12   the store is damaged
130  interrupted`,
	}
}

// group is what a command does that only holds others.
func group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	err := usagef("unknown command %q for %q", args[0], c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return withHint(err, "did you mean %q?", near[0])
	}
	return withHint(err, "see '%s --help'", c.CommandPath())
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return withHint(usagef("%s takes no arguments, got %q", c.CommandPath(), args[0]), "see '%s --help'", c.CommandPath())
	}
	return nil
}

// argsBetween accepts from lo to hi arguments; hi < 0 means any number.
func argsBetween(lo, hi int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < lo || hi >= 0 && len(args) > hi {
			return withHint(usagef("%s wants %s, got %d arguments", c.CommandPath(), want, len(args)), "see '%s --help'", c.CommandPath())
		}
		return nil
	}
}
