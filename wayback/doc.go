// Package wayback reads captures out of the Wayback Machine, or of a service that
// speaks like it: the list of captures from its CDX server, the bytes as they
// were captured from playback in "id_" mode.
//
// Two things are held to. Only an answer with a Memento-Datetime header is
// archived content: pages that say "excluded" come with status 200 as well. And
// the archive's limits are kept by one pace for the whole process (CDX at most
// 24 requests a minute, playback two a second, the archive's wish of 2026), with
// a breaker that stops everything after a 429 or a refused connection: whoever
// goes on is blocked for an hour, then for two.
package wayback
