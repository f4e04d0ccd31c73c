package bolt

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"watcher/policy"
)

// references looks for values that others say must be there. What is lost
// was told of already.
func (v *verifier) references() {
	for _, k := range slices.Sorted(maps.Keys(union(v.ids, v.names, v.states))) {
		v.policyReferences(k)
	}
	for _, at := range sortedVersions(v.versions) {
		v.versionReferences(at, v.versions[at])
	}
	v.captureReferences()
	v.alertReferences()
}

func union[A, B, C any](a map[policyKey]A, b map[policyKey]B, c map[policyKey]C) map[policyKey]bool {
	all := map[policyKey]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	for k := range c {
		all[k] = true
	}
	return all
}

func (v *verifier) policyReferences(k policyKey) {
	s, known := v.states[k]
	switch id, name := v.ids[k], v.names[k]; {
	case id == "" && !v.anyLost(idBucket):
		v.wrong(idBucket, k.bytes(), "policy %q is missing", name)
	case name == "":
		v.missing(nameBucket, k.bytes(), "the policy has no id")
	case id != name && id != "":
		v.wrong(nameBucket, k.bytes(), "the policy is called %q here and %q in %q", name, id, idBucket)
	case !known:
		v.missing(stateBucket, k.bytes(), "the policy has no state")
	}
	if known && !s.Retired && !s.Disabled && !v.due[k] && !v.anyLost(dueBucket) {
		v.wrong(dueBucket, k.bytes(), "policy %q is in no schedule", v.names[k])
	}
	v.ledgerReferences(k)
	for n := 1; known && n <= s.Versions; n++ {
		if _, ok := v.versions[versionAt{k, n}]; !ok {
			v.missing(versionBucket, versionKey(k, n), "the version is missing")
		}
	}
}

// ledgerReferences misses checks that the ledger knows of. A ledger that ends
// before the newest check was left behind by an older program, and is made again.
func (v *verifier) ledgerReferences(k policyKey) {
	l := v.ledgers[k]
	if l == nil || len(l.last) == 0 || bytes.Compare(l.last, l.newest) < 0 || v.anyLost(runBucket) || v.anyLost(checkBucket) {
		return
	}
	if l.checks != l.entered || !bytes.Equal(l.last, l.newest) {
		v.wrong(checkBucket, k.bytes(), "%d checks of policy %q are stored, its ledger has %d", l.checks, v.names[k], l.entered)
	}
}

func (v *verifier) missing(bucket string, key []byte, what string) {
	if !v.isLost(bucket, key) {
		v.wrong(bucket, key, "%s", what)
	}
}

// anyLost reports whether a value of a bucket is lost whose place says what it
// was.
func (v *verifier) anyLost(bucket string) bool { return v.lostIn[bucket] > 0 }

func sortedVersions(m map[versionAt]versionFacts) []versionAt {
	return slices.SortedFunc(maps.Keys(m), func(a, b versionAt) int {
		return cmp.Or(cmp.Compare(a.policy, b.policy), cmp.Compare(a.number, b.number))
	})
}

func (v *verifier) versionReferences(at versionAt, f versionFacts) {
	key := versionKey(at.policy, at.number)
	digest, ok := v.documents[f.document]
	switch {
	case !ok:
		v.missing(documentBucket, number(f.document), "the value is missing")
	case digest != f.digest:
		v.wrong(versionBucket, key, "the text has another digest than the version says")
	}
	if f.change != 0 {
		if !v.changes[f.change] {
			v.missing(changeBucket, number(f.change), "the value is missing")
		}
		if !v.timeline[at] && !v.anyLost(timelineBucket) {
			v.wrong(timelineBucket, key, "the version is not in the timeline")
		}
	}
	if _, ok := v.captures[f.capture]; f.capture != 0 && !ok {
		v.missing(captureBucket, number(uint64(f.capture)), "the capture is missing")
	}
}

func (v *verifier) captureReferences() {
	for _, id := range slices.Sorted(maps.Keys(v.checks)) {
		if _, ok := v.captures[id]; !ok {
			v.missing(captureBucket, number(uint64(id)), "the capture is missing")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.captures)) {
		c := v.captures[id]
		if c.body == 0 {
			continue
		}
		if _, ok := v.stored[c.body]; !ok {
			v.missing(bodyBucket, number(uint64(c.body)), "the value is missing")
		}
		if base, ok := v.captures[c.body]; ok && base.digest != c.digest {
			v.wrong(captureBucket, number(uint64(id)), "the body of capture %d stands for its own, but has another digest", c.body)
		}
	}
	for k, b := range v.last {
		for _, id := range []policy.CaptureID{b.Capture, b.Base, b.Other, b.Anchor} {
			if _, ok := v.stored[id]; id != 0 && !ok {
				v.missing(bodyBucket, number(uint64(id)), fmt.Sprintf("the newest body of policy %q is missing", v.names[k]))
			}
		}
	}
}

func (v *verifier) alertReferences() {
	for _, seq := range slices.Sorted(maps.Keys(v.outbox)) {
		a := v.outbox[seq]
		if at, ok := v.alerts[a.id]; !ok && !v.anyLost(alertBucket) || ok && at != seq {
			v.wrong(alertBucket, []byte(a.id), "the alert is not found by its id")
		}
		if letter := queueLetter(a.state); v.queue[seq] != letter && !v.anyLost(queueBucket) {
			v.wrong(queueBucket, number(seq), "the alert is %s, the queue says otherwise", a.state)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.alerts)) {
		if _, ok := v.outbox[v.alerts[id]]; !ok {
			v.missing(outboxBucket, number(v.alerts[id]), "the alert is missing")
		}
	}
}
