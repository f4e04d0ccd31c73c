package bolt

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// closed returns the path of a store with free pages, and the snapshot that its
// meta pages name.
func closed(t *testing.T) (path string, s Snapshot) {
	t.Helper()
	path = filled(t, 30)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s, err = ReadSnapshot(f, must(f.Stat()).Size()); err != nil {
		t.Fatal(err)
	}
	if s.Freelist == 0 {
		t.Fatal("a closed store has no list of its free pages")
	}
	return path, s
}

// TestFreelistIsKept: a store that was closed knows its free pages, one that was
// killed finds them again, and neither loses any.
func TestFreelistIsKept(t *testing.T) {
	path, _ := closed(t)
	killed := filepath.Join(t.TempDir(), "killed.db")
	db := openAt(t, path, Options{})
	write(t, killed, must(os.ReadFile(path)))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(killed)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s, err := ReadSnapshot(f, must(f.Stat()).Size()); err != nil || s.Freelist != 0 {
		t.Errorf("an open store names the list %d, which no commit keeps up (%v)", s.Freelist, err)
	}
	free := map[string]int{}
	for name, path := range map[string]string{"closed": path, "killed": killed} {
		db := openAt(t, path, Options{})
		stats := db.bolt.Stats()
		free[name] = stats.FreePageN + stats.PendingPageN
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if d := free["closed"] - free["killed"]; free["killed"] == 0 || d < -3 || d > 3 { // the list and the mark of the session move
		t.Errorf("free pages: %v", free)
	}
}

// ids is where in its page the list begins.
const ids = pageHeadLen

// TestFreelistLies: a page that is in use and called free would be written over,
// so a list that cannot be right is made again.
func TestFreelistLies(t *testing.T) {
	path, s := closed(t)
	image := must(os.ReadFile(path))
	page := image[int64(s.Freelist)*s.PageSize:]
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if count < 3 {
		t.Fatalf("%d free pages are too few for this test", count)
	}
	put := func(edits ...uint64) []byte {
		out := append([]byte(nil), image...)
		for ; len(edits) > 0; edits = edits[2:] {
			binary.NativeEndian.PutUint64(out[int64(s.Freelist)*s.PageSize+int64(edits[0]):], edits[1])
		}
		return out
	}
	last := ids + 8*uint64(count-1)
	for name, image := range map[string][]byte{
		"names the root":         put(ids, s.Root),
		"names itself":           put(last, s.Freelist),
		"names a page twice":     put(ids+8, binary.NativeEndian.Uint64(page[ids:])),
		"names a page of nobody": put(last, s.Pages),
		"names a meta page":      put(ids, 1),
		"is longer than it is":   put(8, freeFlag|0xfffe<<16),
		"is counted elsewhere":   put(8, freeFlag|0xffff<<16, ids, 1<<63),
		"is a leaf":              put(8, leafFlag|uint64(count)<<16),
	} {
		t.Run(name, func(t *testing.T) {
			if r := verifyImage(t, image); r.Problems == 0 {
				t.Error("verify found nothing")
			}
			bad := filepath.Join(t.TempDir(), "bad.db")
			write(t, bad, image)
			for _, o := range []Options{{ReadOnly: true}, {}} {
				db := openAt(t, bad, o)
				if values, errs := readAll(t.Context(), db, 30); len(errs) > 0 || len(values) == 0 {
					t.Fatal(len(values), errs)
				}
				if !o.ReadOnly {
					if _, err := tell(t.Context(), db, testID, 31); err != nil {
						t.Fatal(err)
					}
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if r := verifyImage(t, must(os.ReadFile(bad))); r.Problems != 0 {
				t.Errorf("%d problems after the list was made again", r.Problems)
			}
		})
	}
}
