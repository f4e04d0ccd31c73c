// Package web serves what the store knows: pages for people, a JSON API for
// programs, the metrics and the health endpoints.
//
// The package reads through storage.Reader and holds no state of its own. What
// changes something (a check, a redelivery, a reload) goes through Actions and
// needs the run file's token, or web authentication in front of the handler.
//
// Texts of vendors are hostile input. They reach a browser through
// html/template only, their links only when they are http or https, their
// bytes only as a download, and nothing served here may run a script: the
// pages have none, and the content security policy forbids it.
package web
