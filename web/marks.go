package web

import (
	"context"
	"fmt"
	"sync"
	"time"

	"watcher/policy"
)

// mark is a change as the list of policies shows it.
type mark struct {
	number int
	seen   time.Time
	grade  policy.Significance
}

// marksOf returns the changes among versions, in their order: what only the
// program's own rules changed is none.
func marksOf(versions []policy.Version) []mark {
	var marks []mark
	for _, v := range versions {
		if v.From > 0 && v.Kind != policy.VersionTechnical {
			marks = append(marks, mark{v.Number, v.FirstSeenAt, v.Significance})
		}
	}
	return marks
}

// marksCache keeps the marks of policies. What a mark holds of a version never
// changes, so they are good until the policy has another version.
type marksCache struct {
	mu   sync.Mutex
	kept map[policy.ID]keptMarks
}

type keptMarks struct {
	versions int
	marks    []mark
}

// marks returns the changes of a policy in the order of their sighting.
func (s *server) marks(ctx context.Context, st policy.State) ([]mark, error) {
	c := &s.known
	c.mu.Lock()
	k, ok := c.kept[st.ID]
	c.mu.Unlock()
	if ok && k.versions == st.Versions {
		return k.marks, nil
	}
	versions, err := s.opt.Store.Versions(ctx, st.ID)
	if err != nil {
		return nil, fmt.Errorf("versions of %s: %w", st.ID, err)
	}
	k = keptMarks{st.Versions, marksOf(versions)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[policy.ID]keptMarks{}
	}
	c.kept[st.ID] = k
	return k.marks, nil
}
