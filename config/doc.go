// Package config reads the configuration file: strict YAML (or JSON), with
// defaults filled in and every problem reported at once, each with its line,
// column, path and a hint.
//
// One set of tables (see tables.go) names every key of the file with its type,
// its default and its meaning. The decoder, the "did you mean" hints, the JSON
// schema, the effective configuration and docs/CONFIGURATION.md all come from
// those tables, so that none of them can drift.
//
// The file is never expanded: no environment variables, no includes. Secrets
// are best kept in files of their own, which keys ending in _file name; they
// are read here, once, and never leave the package in a printable form.
package config
