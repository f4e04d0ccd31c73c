// Package historytest proves package history over the embedded engine. It stands
// by itself because that engine is on a higher floor.
package historytest
