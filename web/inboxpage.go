package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"watcher/diffing"
	"watcher/policy"
)

// Held is a capture that the gate holds and a person has to look at.
type Held struct {
	// Check is the check that brought the capture.
	Check policy.Check `json:"check"`
	// Text is what the normaliser makes of it under the policy's own rules; empty
	// when Problem says why there is none.
	Text    policy.Document `json:"text"`
	Problem string          `json:"problem,omitempty"`
}

// inboxView lists what is held.
type inboxView struct {
	Shell  shell
	Notice string
	Rows   []heldRow
}

// heldRow is a line of the inbox.
type heldRow struct {
	Vendor, Kind, URL string
	Rule, Evidence    string
	At, Since         moment
	Count             string
}

// heldView is a held capture beside the text in force.
type heldView struct {
	Shell             shell
	Acting            acting
	Vendor, Kind      string
	PolicyURL, Action string
	Capture           policy.CaptureID
	BodyURL           string
	Rule, Evidence    string
	At                moment
	Problem           string
	Provenance        captureView
	Head              int
	HeadURL           string
	HeadWords         int
	HeldWords         int
	HeadText          textView
	HeldText          textView
	Grade             badge
	Summary           string
	Edits             []editView
	More              string
}

// editsInInbox bounds the edits that a held capture shows: a page that is not the
// policy differs in every sentence.
const editsInInbox = 40

func (s *server) inboxPage(r *http.Request) (inboxView, error) {
	c := s.calendar()
	view := inboxView{Shell: s.shell("Inbox", "inbox", c), Notice: notice(r.URL.Query().Get("done"))}
	held, err := s.allHeld(r.Context())
	if err != nil {
		return view, err
	}
	for _, h := range held {
		view.Rows = append(view.Rows, heldRow{
			Vendor: h.state.Vendor.Name, Kind: kindName(h.state.Kind, h.state.Lang), URL: s.urls.held(h.state.ID),
			Rule: plain(h.Check.Rule), Evidence: h.Check.Detail, At: c.at(h.Check.At), Since: c.at(h.state.QuarantinedSince),
			Count: count(h.state.Quarantines, "time") + " in a row",
		})
	}
	return view, nil
}

// heldOf is a held capture with the policy that it is of.
type heldOf struct {
	Held
	state policy.State
}

func (s *server) allHeld(ctx context.Context) ([]heldOf, error) {
	if s.opt.Held == nil {
		return nil, nil
	}
	states, err := s.states(ctx)
	if err != nil {
		return nil, err
	}
	var held []heldOf
	for _, st := range states {
		if !st.Waits() {
			continue
		}
		h, err := s.opt.Held(ctx, st.ID, false)
		if errors.Is(err, policy.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("held capture of %s: %w", st.ID, err)
		}
		held = append(held, heldOf{h, st})
	}
	return held, nil
}

func (s *server) heldOne(r *http.Request) (policy.State, Held, error) {
	id, err := pathID(r)
	if err != nil {
		return policy.State{}, Held{}, err
	}
	if s.opt.Held == nil {
		return policy.State{}, Held{}, errNotWired()
	}
	st, err := s.opt.Store.State(r.Context(), id)
	if err != nil {
		return st, Held{}, fmt.Errorf("policy %s: %w", id, err)
	}
	h, err := s.opt.Held(r.Context(), id, true)
	return st, h, err
}

func (s *server) heldPage(r *http.Request) (heldView, error) {
	st, h, err := s.heldOne(r)
	if err != nil {
		return heldView{}, err
	}
	c := s.calendar()
	view := heldView{
		Shell:  s.shell("Held capture, "+st.Vendor.Name+", "+kindName(st.Kind, st.Lang), "inbox", c),
		Acting: s.acting(r), Vendor: st.Vendor.Name, Kind: kindName(st.Kind, st.Lang), PolicyURL: s.urls.policy(st.ID),
		Action: s.urls.held(st.ID), Capture: h.Check.Capture, BodyURL: s.urls.body(st.ID, h.Check.Capture),
		Rule: plain(h.Check.Rule), Evidence: h.Check.Detail, At: c.at(h.Check.At), Problem: h.Problem,
		Provenance: s.provenance(r.Context(), policy.Version{Policy: st.ID, Capture: h.Check.Capture}, c),
		Head:       st.Head, HeldWords: h.Text.Words(), HeldText: viewText(h.Text),
	}
	if st.Head == 0 {
		return view, nil
	}
	doc, err := s.opt.Store.Document(r.Context(), st.ID, st.Head)
	if err != nil {
		return view, fmt.Errorf("text of version %d of %s: %w", st.Head, st.ID, err)
	}
	view.HeadURL, view.HeadWords, view.HeadText = s.urls.version(st.ID, st.Head), doc.Words(), viewText(doc)
	if h.Problem == "" {
		view.compare(doc, h.Text)
	}
	view.HeadText.prefix("head-")
	view.HeldText.prefix("held-")
	return view, nil
}

// compare says what would be told if the capture were accepted.
func (v *heldView) compare(head, held policy.Document) {
	change := diffing.Compare(head, held, diffing.Options{})
	v.Grade, v.Summary = gradeBadge(change.Significance), change.Summary
	for _, group := range groupEdits(change.Edits) {
		v.Edits = append(v.Edits, group.Edits...)
	}
	if len(v.Edits) > editsInInbox {
		v.More = fmt.Sprintf("%d more edits are not shown.", len(v.Edits)-editsInInbox)
		v.Edits = v.Edits[:editsInInbox]
	}
}

// prefix keeps the anchors of two texts on one page apart.
func (v *textView) prefix(p string) {
	for i := range v.Contents {
		v.Contents[i].Anchor = p + v.Contents[i].Anchor
	}
	for i := range v.Sections {
		v.Sections[i].Anchor = p + v.Sections[i].Anchor
	}
}
