// Package metrics turns what the store knows into Prometheus metrics, and is
// the one table of every metric family that the program exposes.
//
// Families that describe policies, their changes and the outbox are read from
// the store at scrape time instead of being counted in the process: they are
// right from the first scrape after a restart. Families about work in progress
// (fetches, checks, deliveries) are registered by the packages that do the work;
// Families lists those too, and docs/METRICS.md is generated from that list.
package metrics
