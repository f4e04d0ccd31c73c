package normalize

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

func TestZZDigest(t *testing.T) {
	out := os.Getenv("ZZ_OUT")
	if out == "" {
		t.Skip()
	}
	f, _ := os.Create(out)
	defer f.Close()
	n, _ := New(Rules{})
	for _, dir := range replayDocs(t) {
		bodies := readBodies(t, dir)
		for _, l := range readManifest(t, dir) {
			d, err := n.Document(Input{Body: bodies[l.SHA256], ContentType: l.Mime, URL: l.URL})
			b, _ := json.Marshal(d)
			fmt.Fprintf(f, "%s %d %s text=%x doc=%x err=%v\n", docName(dir), l.Seq, l.SHA256[:12], sha256.Sum256([]byte(d.Text())), sha256.Sum256(b), err != nil)
		}
	}
}
