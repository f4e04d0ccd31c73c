// Package convert turns a checkout of Open Terms Archive's declarations into a
// configuration. Every entry is read by the strict decoder of package config
// before it is taken: what that refuses is left out, and said.
package convert
