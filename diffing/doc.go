// Package diffing says what lies between two texts of a policy, the way a
// lawyer would say it: which sentences were added, removed, reworded, moved or
// only renumbered, in which section, what the change is about and how much it
// matters.
//
// # From two documents to edits
//
// A document is cut into units: headings, sentences of paragraphs, list items
// and table rows. Every unit has a key, its lower-case words without leading
// numbering, so that typography and renumbering never look like news. Keys that
// occur on both sides are aligned with the Myers algorithm of sergi/go-diff,
// fed with one rune per unit and never with whole texts: over whole texts it is
// quadratic. What is left over is matched again: equal keys elsewhere are
// moves, similar units are rewordings, and the words inside a rewording are
// aligned by the same algorithm.
//
// # From edits to meaning
//
// Categories and grades are decided by cue words in embedded rule files, by
// facts read from both sides (periods, ages, countries, legal bases, e-mail
// addresses, modality) and by the headings above. Each edit carries the reasons
// in words, so that a reader can check them.
//
// Everything in this package is a pure function of its arguments: there is no
// clock, no I/O beyond the writer handed to a renderer, and all work is bounded
// by counts rather than by time, so that the same two texts always give the
// same change.
package diffing
