package diffing

import (
	"net/url"
	"strings"

	"watcher/policy"
)

// links returns the hyperlinks whose target changed under the same words, in
// blocks that are the same on both sides apart from rewording.
func (m *matching) links() []policy.LinkEdit {
	var out []policy.LinkEdit
	done := map[match]bool{}
	compare := func(i, j int) {
		u, v := &m.a.units[i], &m.b.units[j]
		pair := match{u.block, v.block}
		if u.block < 0 || v.block < 0 || done[pair] {
			return
		}
		done[pair] = true
		out = appendLinks(out, m.b.paths[v.section], m.a.blocks[u.block].Links, m.b.blocks[v.block].Links)
	}
	for _, e := range m.equals {
		compare(e.a, e.b)
	}
	for _, gs := range [][]group{m.moves, m.pairs} {
		for _, g := range gs {
			for k := range min(len(g.a), len(g.b)) {
				compare(g.a[k], g.b[k])
			}
		}
	}
	return out
}

func appendLinks(out []policy.LinkEdit, section string, old, new []policy.Link) []policy.LinkEdit {
	targets := map[string][]string{}
	for _, l := range old {
		k := linkKey(l)
		targets[k] = append(targets[k], l.URL)
	}
	for _, l := range new {
		k := linkKey(l)
		left := targets[k]
		if len(left) == 0 || k == "" {
			continue
		}
		targets[k] = left[1:]
		if withoutTracking(left[0]) != withoutTracking(l.URL) {
			out = append(out, policy.LinkEdit{
				Section: section, Text: clean(l.Text),
				Old: strings.ToValidUTF8(left[0], "\uFFFD"), New: strings.ToValidUTF8(l.URL, "\uFFFD"),
			})
		}
	}
	return out
}

func linkKey(l policy.Link) string {
	k, _ := splitKey(clean(l.Text), false, false)
	return k
}

// withoutTracking drops the parameters that say where a visitor comes from.
func withoutTracking(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.RawQuery == "" {
		return raw
	}
	q := u.Query()
	for k := range q {
		if strings.HasPrefix(k, "utm_") || k == "gclid" || k == "fbclid" || k == "msclkid" || k == "mc_cid" || k == "mc_eid" {
			q.Del(k)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
