package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"watcher/policy"
	"watcher/storage"
)

// The schemas of the lines of "watcher search --json": a result, and the last one.
const (
	SearchSchema    = "watcher.search/1"
	SearchEndSchema = "watcher.search_end/1"
)

// The kinds of a result, in the order in which they are searched.
const (
	Current = "current" // a text in force
	Past    = "past"    // an earlier text of a policy whose present one does not match
	Changes = "change"  // an edit of a change
)

// Bounds of a search.
const (
	DefaultResults = 20
	MaxResults     = 200
	DefaultSearch  = 10 * time.Second
	MaxSearch      = time.Minute
	// maxChanges is how many of the newest changes are looked through.
	maxChanges = 10_000
)

// Query asks for texts with all of the words.
type Query struct {
	// Text holds words and "phrases in quotes".
	Text string
	// Policies, Vendor (a slug), Kind and In (kinds of result) narrow the search;
	// empty ones do not.
	Policies []policy.ID
	Vendor   string
	Kind     policy.Kind
	In       []string
	// Limit bounds the results of each kind, Timeout the search; 0 means
	// DefaultResults and DefaultSearch.
	Limit   int
	Timeout time.Duration
}

// Result is one place where the words stand.
type Result struct {
	Schema string    `json:"schema"`
	Kind   string    `json:"kind"`
	Policy policy.ID `json:"policy"`
	Vendor string    `json:"vendor"`
	// Version is that of the text, or the one that a change led to.
	Version     int       `json:"version"`
	FirstSeenAt time.Time `json:"first_seen_at,omitzero"`
	LastSeenAt  time.Time `json:"last_seen_at,omitzero"`
	// Section is the path of headings, Snippet the text around the words.
	Section string `json:"section"`
	Snippet string `json:"snippet"`
	// Hits counts the paragraphs and headings with any of the words.
	Hits  int `json:"hits"`
	Score int `json:"score"`
	// Op and Significance are those of an edit. The words stand in its Side: old,
	// new or both.
	Op           policy.EditOp       `json:"op,omitempty"`
	Side         string              `json:"side,omitempty"`
	Significance policy.Significance `json:"significance,omitempty"`
}

// SearchEnd says how far a search came.
type SearchEnd struct {
	Schema string `json:"schema"`
	// Texts and Changes count what was looked through.
	Texts   int `json:"texts"`
	Changes int `json:"changes"`
	// Results were handed out; Matches were found.
	Results int `json:"results"`
	Matches int `json:"matches"`
	// Complete is false when there was more to look through; Stopped says why and
	// what to do about it.
	Complete bool   `json:"complete"`
	Stopped  string `json:"stopped,omitempty"`
	// Unreadable names values that could not be read, a few of them.
	Unreadable []string `json:"unreadable,omitempty"`
}

// Check says what is wrong with a query, nil for nothing.
func (q Query) Check() error {
	if _, err := parseQuery(q.Text); err != nil {
		return err
	}
	for _, kind := range q.In {
		if kind != Current && kind != Past && kind != Changes {
			return fmt.Errorf("%w: %q is no kind of result (want %s, %s or %s)", ErrQuery, kind, Current, Past, Changes)
		}
	}
	if q.Limit < 0 || q.Limit > MaxResults {
		return fmt.Errorf("%w: %d results (want 1 to %d)", ErrQuery, q.Limit, MaxResults)
	}
	if q.Timeout < 0 || q.Timeout > MaxSearch {
		return fmt.Errorf("%w: a search of %s (want at most %s)", ErrQuery, q.Timeout, MaxSearch)
	}
	return nil
}

// Search looks through texts one by one: present ones, then earlier ones, then
// changes. The results of each kind are handed to emit when its texts are through,
// best first. When the time is over it stops and says so; that is no error.
func Search(ctx context.Context, r storage.Reader, q Query, emit func(Result) error) (SearchEnd, error) {
	if err := q.Check(); err != nil {
		return SearchEnd{}, err
	}
	s := &search{reader: r, query: q, emit: emit, matched: map[policy.ID]bool{}}
	s.terms, _ = parseQuery(q.Text)
	s.query.Limit = cmp.Or(q.Limit, DefaultResults)
	timeout := cmp.Or(q.Timeout, DefaultSearch)
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.run(limited)
	end := s.end()
	if ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) && (err == nil || errors.Is(err, context.DeadlineExceeded)) {
		end.Complete = false
		end.Stopped = fmt.Sprintf("stopped after %s with %d texts and %d changes looked through: narrow it by policy, vendor or kind, or allow more time", timeout, end.Texts, end.Changes)
		err = s.flush()
		end.Results = s.results
	}
	return end, err
}

type search struct {
	reader  storage.Reader
	query   Query
	terms   terms
	emit    func(Result) error
	states  []policy.State
	matched map[policy.ID]bool // policies whose present text matches

	mu         sync.Mutex
	top        []Result
	matches    int
	results    int
	unreadable []string
	cut        string
	texts      atomic.Int64
	changes    int
}

func (s *search) end() SearchEnd {
	return SearchEnd{
		Schema: SearchEndSchema, Texts: int(s.texts.Load()), Changes: s.changes, Results: s.results, Matches: s.matches,
		Complete: s.cut == "", Stopped: s.cut, Unreadable: s.unreadable,
	}
}

func (s *search) wants(kind string) bool {
	return len(s.query.In) == 0 || slices.Contains(s.query.In, kind)
}

func (s *search) run(ctx context.Context) error {
	states, err := s.reader.States(ctx)
	if err != nil {
		return err
	}
	known := map[policy.ID]bool{}
	for _, st := range states {
		known[st.ID] = true
		if s.selects(st) {
			s.states = append(s.states, st)
		}
	}
	for _, id := range s.query.Policies {
		if !known[id] {
			return fmt.Errorf("policy %q: %w", id, policy.ErrNotFound)
		}
	}
	for _, step := range []struct {
		kind string
		run  func(context.Context) error
	}{{Current, s.current}, {Past, s.past}, {Changes, s.edits}} {
		if !s.wants(step.kind) {
			continue
		}
		if err := step.run(ctx); err != nil {
			return err
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) selects(st policy.State) bool {
	q := s.query
	return (len(q.Policies) == 0 || slices.Contains(q.Policies, st.ID)) && (q.Vendor == "" || q.Vendor == st.ID.VendorSlug()) &&
		(q.Kind == "" || q.Kind == st.Kind)
}

// searchers is how many texts are unpacked at once: a search is not to take every
// processor from the checks.
const searchers = 2

// each runs f for every selected policy.
func (s *search) each(ctx context.Context, f func(context.Context, policy.State) error) error {
	var next atomic.Int64
	errs := make([]error, min(searchers, runtime.GOMAXPROCS(0)))
	var all sync.WaitGroup
	for w := range errs {
		all.Go(func() {
			defer func() { // one odd text must not take the daemon down
				if v := recover(); v != nil {
					errs[w] = fmt.Errorf("internal error: %v\n%s", v, debug.Stack())
				}
			}()
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(s.states) {
					return
				}
				if errs[w] = ctx.Err(); errs[w] == nil {
					errs[w] = f(ctx, s.states[i])
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (s *search) current(ctx context.Context) error {
	return s.each(ctx, func(ctx context.Context, st policy.State) error {
		if st.Head == 0 {
			return nil
		}
		m, ok, err := s.text(ctx, st.ID, st.Head)
		if err != nil || !ok {
			return err
		}
		s.add(Result{
			Kind: Current, Policy: st.ID, Vendor: st.Vendor.Name, Version: st.Head, FirstSeenAt: st.HeadFirstSeenAt, LastSeenAt: st.HeadSeenAt,
		}, m)
		return nil
	})
}

// past looks for the newest earlier text that matches. Where the present one does
// there is nothing to add.
func (s *search) past(ctx context.Context) error {
	return s.each(ctx, func(ctx context.Context, st policy.State) error {
		s.mu.Lock()
		skip := s.matched[st.ID] || st.Versions < 2
		s.mu.Unlock()
		if skip {
			return nil
		}
		versions, err := s.reader.Versions(ctx, st.ID)
		if err != nil {
			return s.unread(string(st.ID), err)
		}
		for _, v := range slices.Backward(versions) {
			if v.Number == st.Head {
				continue
			}
			m, ok, err := s.text(ctx, st.ID, v.Number)
			if err != nil {
				return err
			}
			if ok {
				s.add(Result{
					Kind: Past, Policy: st.ID, Vendor: st.Vendor.Name, Version: v.Number, FirstSeenAt: v.FirstSeenAt, LastSeenAt: v.LastSeenAt,
				}, m)
				return nil
			}
		}
		return nil
	})
}

// text looks through the text of a version.
func (s *search) text(ctx context.Context, id policy.ID, n int) (match, bool, error) {
	if err := ctx.Err(); err != nil {
		return match{}, false, err
	}
	doc, err := s.reader.Document(ctx, id, n)
	if err != nil {
		return match{}, false, s.unread(fmt.Sprintf("%s@%d", id, n), err)
	}
	s.texts.Add(1)
	m, ok := matchDocument(s.terms, doc)
	return m, ok, nil
}

// maxUnreadable bounds the values that are named.
const maxUnreadable = 20

// unread notes a damaged value; other errors end the search.
func (s *search) unread(what string, err error) error {
	if !errors.Is(err, policy.ErrDamaged) && !errors.Is(err, policy.ErrNotFound) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unreadable) < maxUnreadable {
		s.unreadable = append(s.unreadable, what)
	}
	return nil
}

// edits looks through the newest changes.
func (s *search) edits(ctx context.Context) error {
	byID := make(map[policy.ID]policy.State, len(s.states))
	for _, st := range s.states {
		byID[st.ID] = st
	}
	recent, err := s.reader.Recent(ctx, storage.RecentQuery{Limit: maxChanges + 1})
	if err != nil {
		return err
	}
	if len(recent) > maxChanges {
		s.cut = fmt.Sprintf("only the newest %d changes were looked through", maxChanges)
		recent = recent[:maxChanges]
	}
	for _, v := range recent {
		st, ok := byID[v.Policy]
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		change, err := s.reader.Change(ctx, v.Policy, v.Number)
		if err != nil {
			if err := s.unread(fmt.Sprintf("the change to %s@%d", v.Policy, v.Number), err); err != nil {
				return err
			}
			continue
		}
		s.changes++
		s.change(st, v, change)
	}
	return nil
}

// change adds the edit that matches best.
func (s *search) change(st policy.State, v policy.Version, c policy.Change) {
	var best match
	var found *policy.Edit
	side := ""
	hits := 0
	for i, e := range c.Edits {
		m, where, ok := s.sides(e)
		if !ok {
			continue
		}
		hits++
		if m.score += e.Significance.Rank(); found == nil || m.score > best.score {
			best, found, side = m, &c.Edits[i], where
		}
	}
	if found == nil {
		return
	}
	best.section, best.hits = found.Section, hits
	s.add(Result{
		Kind: Changes, Policy: v.Policy, Vendor: st.Vendor.Name, Version: v.Number, FirstSeenAt: v.FirstSeenAt, Op: found.Op, Side: side,
		Significance: found.Significance,
	}, best)
}

// sides looks in what an edit took away and in what it brought.
func (s *search) sides(e policy.Edit) (match, string, bool) {
	m, isNew := matchEdit(s.terms, e.New)
	o, isOld := matchEdit(s.terms, e.Old)
	switch {
	case isNew && isOld:
		return m, "both", true
	case isNew:
		return m, "new", true
	}
	return o, "old", isOld
}

// add keeps a result if it is among the best.
func (s *search) add(r Result, m match) {
	r.Schema, r.Section, r.Snippet, r.Hits, r.Score = SearchSchema, m.section, m.snippet, m.hits, m.score
	s.mu.Lock()
	defer s.mu.Unlock()
	s.matches++
	if r.Kind == Current {
		s.matched[r.Policy] = true
	}
	i, _ := slices.BinarySearchFunc(s.top, r, order)
	if i == s.query.Limit {
		return
	}
	s.top = slices.Insert(s.top, i, r)
	s.top = s.top[:min(len(s.top), s.query.Limit)]
}

// order puts better results first, of equal ones the newest.
func order(a, b Result) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), b.FirstSeenAt.Compare(a.FirstSeenAt), cmp.Compare(a.Policy, b.Policy), cmp.Compare(b.Version, a.Version))
}

// flush hands out what was kept.
func (s *search) flush() error {
	top := s.top
	s.top = nil
	for _, r := range top {
		if err := s.emit(r); err != nil {
			return err
		}
		s.results++
	}
	return nil
}
