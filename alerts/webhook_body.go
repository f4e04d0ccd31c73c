package alerts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// Bounds of a webhook's body. Standard Webhooks recommends less than 20 kB;
// receivers of redlines want more, and common gateways take 256 KiB.
const (
	maxWebhookBody = 256 << 10
	// webhookReserve is kept free for everything but the edits: the texts below
	// at six bytes for a character, which is what JSON makes of "<".
	webhookReserve = 96 << 10
	// maxEditBytes is the size above which the text of one edit is cut, so that
	// no single one crowds out the rest, and maxEditSpans and maxReasons do the
	// same for its lists; maxEditText is what remains of old and new.
	maxEditBytes = 16 << 10
	maxEditSpans = 300
	maxReasons   = 10
	maxEditText  = 4000
	maxLongText  = 2000
	maxShortText = 200
	maxLinkEdits = 10
)

type webhookEnvelope struct {
	Type      policy.EventType `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      webhookData      `json:"data"`
}

type webhookData struct {
	ID           string              `json:"id"`
	Policy       webhookPolicy       `json:"policy"`
	From         *policy.VersionRef  `json:"from,omitempty"`
	To           *policy.VersionRef  `json:"to,omitempty"`
	FirstSeenAt  time.Time           `json:"first_seen_at,omitzero"`
	Significance policy.Significance `json:"significance"`
	Summary      string              `json:"summary"`
	// MachineSummary is by a language model, where one is configured.
	MachineSummary *policy.MachineSummary `json:"machine_summary,omitempty"`
	Rule           string                 `json:"rule,omitempty"`
	Detail         string                 `json:"detail,omitempty"`
	NewURL         string                 `json:"new_url,omitempty"`
	// Policies are those of a mass_change.
	Policies     []policy.ID       `json:"policies,omitempty"`
	Categories   []policy.Category `json:"categories"`
	Dates        webhookDates      `json:"dates"`
	Edits        []json.RawMessage `json:"edits"`
	EditsOmitted int               `json:"edits_omitted,omitempty"`
	LinkEdits    []policy.LinkEdit `json:"link_edits,omitempty"`
	// LinkEditsOmitted counts hyperlink edits that did not fit.
	LinkEditsOmitted int          `json:"link_edits_omitted,omitempty"`
	Links            webhookLinks `json:"links"`
	Test             bool         `json:"test,omitempty"`
}

type webhookPolicy struct {
	ID     policy.ID   `json:"id"`
	Vendor string      `json:"vendor"`
	Kind   policy.Kind `json:"kind"`
	URL    string      `json:"url"`
	Tags   []string    `json:"tags,omitempty"`
}

type webhookDates struct {
	Facts []policy.DateFact `json:"facts"`
}

type webhookLinks struct {
	Change string `json:"change,omitempty"`
	Policy string `json:"policy,omitempty"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// webhookEdit is an edit of which Old and New may have been cut.
type webhookEdit struct {
	policy.Edit
	Truncated bool `json:"truncated,omitempty"`
}

// webhookBody renders m in at most limit bytes, by leaving out the least
// important edits and counting them. A limit of 0 leaves out all of them. The
// same message has the same body, whenever it is sent.
func webhookBody(m Message, limit int) ([]byte, error) {
	e, long := m.Event, maxLongText
	if limit == 0 {
		long = minimalChars / 4
	}
	data := webhookData{
		ID: e.ID,
		Policy: webhookPolicy{
			ID: e.Policy.ID, Vendor: shortText(e.Policy.Vendor), Kind: e.Policy.Kind,
			URL: clean(cutHead(e.Policy.URL, maxLongText)), Tags: shortTexts(e.Policy.Tags),
		},
		From: e.From, To: e.To, FirstSeenAt: e.FirstSeenAt.UTC(),
		Significance: e.Significance, Summary: clean(cutHead(e.Summary, long)),
		NewURL: clean(cutHead(e.NewURL, maxLongText)), Policies: e.Policies,
		Rule: shortText(e.Rule), Detail: clean(cutHead(e.Detail, long)),
		Categories: notNil(e.Categories), Dates: webhookDates{Facts: notNil(e.DateFacts)},
		Edits: []json.RawMessage{}, Links: webhookLinks(m.Links), Test: m.Test,
	}
	if m.Change != nil && m.Change.Machine != nil && limit > 0 {
		data.MachineSummary = &policy.MachineSummary{Text: clean(cutHead(m.Change.Machine.Text, long)), Model: shortText(m.Change.Machine.Model)}
	}
	if m.Change != nil {
		if err := data.addChange(m.Change, limit); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(webhookEnvelope{Type: e.Type, Timestamp: e.At.UTC(), Data: data})
	if err != nil {
		return nil, fmt.Errorf("webhook body: %w", err)
	}
	return body, nil
}

// addChange fills in what is to be had from the change only.
func (d *webhookData) addChange(c *policy.Change, limit int) error {
	// Kept edits stand in the order of the text, however important they are;
	// the cosmetic ones stand behind all others.
	kept := map[int]json.RawMessage{}
	room := limit - webhookReserve
	for _, i := range byImportance(c.Edits) {
		if room <= 0 {
			break
		}
		raw, err := editJSON(c.Edits[i])
		if err != nil {
			return err
		}
		if room -= len(raw) + 1; room >= 0 {
			kept[i] = raw
		}
	}
	for _, cosmetic := range []bool{false, true} {
		for i := range c.Edits {
			if raw, ok := kept[i]; ok && isCosmetic(c.Edits[i]) == cosmetic {
				d.Edits = append(d.Edits, raw)
			}
		}
	}
	d.EditsOmitted = len(c.Edits) - len(d.Edits)
	if limit == 0 {
		d.LinkEditsOmitted = len(c.Links)
		return nil
	}
	links := c.Links[:min(len(c.Links), maxLinkEdits)]
	for _, l := range links {
		d.LinkEdits = append(d.LinkEdits, policy.LinkEdit{
			Section: shortText(l.Section), Text: shortText(l.Text), Old: shortText(l.Old), New: shortText(l.New),
		})
	}
	d.LinkEditsOmitted = len(c.Links) - len(links)
	return nil
}

// editJSON renders one edit in a bounded number of bytes.
func editJSON(e policy.Edit) (json.RawMessage, error) {
	w := webhookEdit{Edit: e}
	w.Categories, w.Reasons = notNil(e.Categories), notNil(e.Reasons)
	size := len(e.Old) + len(e.New) + len(e.Section) + len(e.FromSection)
	for _, s := range e.Redline {
		size += len(s.Text)
	}
	for _, r := range e.Reasons {
		size += len(r)
	}
	if size > maxEditBytes || len(e.Redline) > maxEditSpans || len(e.Reasons) > maxReasons {
		w.shorten()
	}
	w.Old, w.New, w.Section, w.FromSection = clean(w.Old), clean(w.New), clean(w.Section), clean(w.FromSection)
	w.Redline, w.Reasons = cleanSpans(w.Redline), cleanAll(w.Reasons)
	raw, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("webhook edit: %w", err)
	}
	return raw, nil
}

func (w *webhookEdit) shorten() {
	w.Truncated = true
	w.Old, w.New = cutHead(w.Old, maxEditText), cutHead(w.New, maxEditText)
	w.Section, w.FromSection = shortText(w.Section), shortText(w.FromSection)
	w.Redline = nil // its spans would no longer join to Old and New
	w.Reasons = shortTexts(w.Reasons[:min(len(w.Reasons), maxReasons)])
}

// maxSectionEdits bounds the edits that are looked at for one heading.
const maxSectionEdits = 200

// byImportance returns the indices of edits, most significant first and
// otherwise in the order of the text. A heading that was added or removed goes
// with its text.
func byImportance(edits []policy.Edit) []int {
	order, ranks := make([]int, len(edits)), make([]int, len(edits))
	for i := range edits {
		order[i], ranks[i] = i, rank(edits[i])
	}
	// From the end, so that a heading over headings has the rank of all.
	for i := len(edits) - 2; i >= 0; i-- {
		e := edits[i]
		if e.Heading && (e.Op == policy.Added || e.Op == policy.Removed) {
			for k := i + 1; k < min(len(edits), i+maxSectionEdits) && edits[k].Op == e.Op && isWithin(edits[k].Section, e.Section); k++ {
				ranks[i] = max(ranks[i], ranks[k])
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return ranks[b] - ranks[a] })
	return order
}

// isWithin reports whether section is outer or stands below it.
func isWithin(section, outer string) bool {
	return section == outer || strings.HasPrefix(section, outer+" > ")
}

// rank orders edits by grade; one without a grade stands before the cosmetic
// ones, because nobody has judged it harmless.
func rank(e policy.Edit) int {
	if e.Significance.Rank() == 0 {
		return 2*policy.Cosmetic.Rank() + 1
	}
	return 2 * e.Significance.Rank()
}

// isCosmetic reports whether an edit changes nothing that the text says.
func isCosmetic(e policy.Edit) bool { return e.Significance == policy.Cosmetic }

func shortText(s string) string { return cutHead(cleanLine(s), maxShortText) }

func shortTexts(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = shortText(s)
	}
	return out
}

func cleanAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}

func cleanSpans(spans []policy.Span) []policy.Span {
	out := make([]policy.Span, len(spans))
	for i, s := range spans {
		out[i] = policy.Span{Op: s.Op, Text: clean(s.Text)}
	}
	return out
}

// notNil makes an absent list an empty one: JSON readers want [] and not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
