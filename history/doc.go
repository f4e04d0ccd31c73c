// Package history answers questions that take more than one row of the store:
// what was looked at when and which text was in force, where words stand in
// present and past texts, and everything at once, in formats of others.
//
// It reads through storage.Reader, in many short calls: the same code works on a
// file and on a daemon that holds it, and no transaction of a store is open
// while something is written to a terminal or a network.
package history
