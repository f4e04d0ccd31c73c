// Package alerts tells people: it decides which receivers get an event, renders
// the event for each of them, and drains the outbox.
//
// Three parts work together and know little of each other. A Router names the
// receivers of an event; it is asked before the event is committed, so that a
// later edit of the configuration never re-routes an alert that waits. A Sender
// (Slack, Webhook, Log) renders one Message and delivers it once; it says by the
// ErrorKind of its error what a failure means. The Dispatcher owns everything
// about time: one ordered queue per receiver with one attempt in flight,
// back-off, Retry-After, parking of broken receivers and dead letters.
//
// People and programs are told differently. A sender with Digests gets alerts
// of one vendor, of one digest, or those that an outage left behind as one
// message, whose members are leased and settled together under an id made of
// theirs; any other gets each alert by itself. Before anything goes out the
// breaker looks whether suspiciously many policies changed at once, and silences
// take out what nobody wants to hear. Neither loses an alert: held and silenced
// are states of it.
//
// Delivery is at least once. The alert's id is constant over retries and
// restarts, so that a receiver can drop repeats.
//
// The text of a policy is written by strangers. It is stripped of control and
// direction characters, cut to the limits of the receiver, and put where it is
// not parsed as markup, so that no policy can mention a channel or hide words.
// The addresses of receivers are secrets and appear in no error and no log.
package alerts
