// Package summarizer asks a language model behind an OpenAI-compatible API for a
// summary of a change, in addition to the one that the rules make. It is off
// unless configured.
//
// What the model is shown comes from pages that anybody may write, so it is sent
// as data, and the answer is not trusted: it is one short plain text, and it is
// refused when it names a number, an address or a link that the edits do not
// hold. Nothing that the model says changes what is told, to whom, or how grave
// it is.
package summarizer
