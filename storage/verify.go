package storage

import "fmt"

// Problem is something in a store that cannot be trusted.
type Problem struct {
	// Bucket and Key name the value; both are empty for a page of the file.
	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`
	What   string `json:"what"`
}

func (p Problem) String() string {
	if p.Bucket == "" {
		return p.What
	}
	return fmt.Sprintf("bucket %q, key %s: %s", p.Bucket, p.Key, p.What)
}

// Report says what a verification looked at. A store is whole when Problems is 0.
type Report struct {
	// Values is the number of stored values whose digests were computed,
	// Bodies that of the captured bodies that were put together again.
	Values int64 `json:"values"`
	Bodies int64 `json:"bodies"`
	// Bytes is the size of all values as stored, BodyBytes that of all bodies.
	Bytes     int64 `json:"bytes"`
	BodyBytes int64 `json:"body_bytes"`
	Problems  int   `json:"problems"`
}
