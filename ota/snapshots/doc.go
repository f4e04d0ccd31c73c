// Package snapshots reads the history of a repository of snapshots of Open
// Terms Archive, through the git program.
//
// The repository may be anybody's, so git never sees its configuration, hooks
// or attributes: it runs in an empty repository of our own that borrows nothing
// but the objects. Nothing is written to the repository or fetched for it, and
// no name out of it ever becomes an argument.
package snapshots
