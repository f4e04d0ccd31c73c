// Package app joins the parts of the program: it alone knows all of them.
//
// An App is a value: New opens the store and builds everything without running
// it, Start runs it, Reload swaps the configuration, Stop ends it. Tests embed
// one on a free port; single commands use one that was never started.
package app
