// Package ota reads what Open Terms Archive writes: the declarations in which
// people say where a document is and what of a page it is, and what the commits
// of its repositories of snapshots say. It is pure, and never runs the scripts
// that stand beside the declarations.
package ota
