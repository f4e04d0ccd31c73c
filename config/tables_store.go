package config

import (
	"time"

	"watcher/policy"
)

// Storage says how the store is looked after.
type Storage struct {
	// MinFree is the room in bytes that the store's disk must have; below it no
	// checks are made. 0 looks at nothing.
	MinFree int64
	// VerifyEvery is how often everything in the store is verified; 0 never.
	VerifyEvery time.Duration
	Backup      Backup
}

// Backup says where copies of the store are kept. There are none without a
// Directory, which is relative to the configuration's file.
type Backup struct {
	Directory string
	Every     time.Duration
	// Keep is how many copies stay.
	Keep int
}

var backupTable = newObject("backup", Backup{Every: day, Keep: 7},
	one("directory", fileName(), func(b *Backup) *string { return &b.Directory },
		"Where copies of the store are put, best on another disk. Without it there are none.").alias("dir", "path"),
	one("every", durationFrom(time.Minute), func(b *Backup) *time.Duration { return &b.Every },
		"Time between two copies. Each is verified before it counts.").alias("frequency"),
	one("keep", integerIn(1, 10_000), func(b *Backup) *int { return &b.Keep },
		"How many copies stay; older ones are deleted once a newer one is verified.").alias("count", "retention"),
)

var storageTable = newObject("storage", Storage{MinFree: 256 << 20, VerifyEvery: 7 * day, Backup: backupTable.initial},
	one("min_free", sizeIn(0, 1<<50).zero(), func(s *Storage) *int64 { return &s.MinFree },
		"Room that the store's disk must have. Below it no checks are made until there is room again; 0B looks at nothing.").alias("min_free_space", "free"),
	one("verify_every", durationFrom(0).zero(), func(s *Storage) *time.Duration { return &s.VerifyEvery },
		"How often everything in the store is read and verified; 0s never.").alias("verify", "scrub", "verify_interval"),
	nested("backup", backupTable, func(s *Storage) *Backup { return &s.Backup },
		"Copies of the store, made while checks go on."),
)

// evidenceKept is how much is kept of what a policy's page is served with.
func evidenceKept() scalar[policy.Evidence] {
	names := []string{string(policy.EvidenceAll), string(policy.EvidenceOnChange)}
	return stringOf[policy.Evidence]("<evidence>", schema{"enum": names}, func(text string) *fault {
		switch policy.Evidence(text) {
		case policy.EvidenceAll, policy.EvidenceOnChange:
			return nil
		}
		return faultf(didYouMean(nearest(text, names), "want all or on-change"), "unknown evidence %s", shown(text))
	})
}
