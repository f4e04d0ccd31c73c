package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// view is a message in words: what every receiver shows, before it is fitted
// into the form of one. All texts are clean single lines.
type view struct {
	viewFields
	// Title is one line: who, what, how grave.
	Title string
	// Lines say the rest about the event itself: summary, since when, why.
	Lines []string
	// Facts is one line of grade, categories, versions and time.
	Facts string
	// Items are the most important edits; More counts the others, but for the
	// Cosmetic ones, which are listed only where there is nothing else.
	Items    []item
	More     int
	Cosmetic int
	Links    Links
	// PolicyURL is the page that is watched.
	PolicyURL string
	// Footer names the alert and the policy.
	Footer string
}

// item is one edit in words.
type item struct {
	itemFields
	// Head is "Reworded · 7. Retention · material · data retention".
	Head string
	// Spans is the redline, trimmed round what was edited.
	Spans []policy.Span
	// Why is the reason of the grade, "" for none.
	Why string
}

// Bounds of a view, in UTF-16 units.
const (
	maxTitle   = 150
	maxLine    = 1500
	maxFacts   = 500
	maxSection = 120
	maxWhy     = 200
	maxRedline = 1200
)

// newView renders m with at most maxItems edits.
func newView(m Message, maxItems int) view {
	v := view{
		viewFields: newViewFields(m),
		Title:      cutHead(title(m), maxTitle), Facts: cutHead(facts(m), maxFacts), Links: m.Links,
		PolicyURL: cutHead(cleanLine(m.Event.Policy.URL), maxLine),
		Footer:    cutHead("alert "+m.AlertID+" · "+cleanLine(string(m.Event.Policy.ID)), maxFacts),
	}
	for _, line := range lines(m) {
		v.Lines = append(v.Lines, cutHead(line, maxLine))
	}
	if m.Change != nil {
		v.addItems(m.Change, maxItems)
	}
	v.addMembers(m, maxItems)
	return v
}

func (v *view) addItems(c *policy.Change, maxItems int) {
	order := byImportance(c.Edits)
	telling := slices.IndexFunc(order, func(i int) bool { return isCosmetic(c.Edits[i]) })
	if telling > 0 || telling == 0 && len(c.Links) > 0 {
		v.Cosmetic = len(order) - telling
		order = order[:telling]
	}
	for _, i := range order[:min(len(order), maxItems)] {
		v.Items = append(v.Items, editItem(c.Edits[i]))
	}
	for _, l := range c.Links[:min(len(c.Links), maxItems-len(v.Items))] {
		v.Items = append(v.Items, linkItem(l))
	}
	v.More = len(order) + len(c.Links) - len(v.Items)
}

// rest says what is not listed: more further edits, and the cosmetic ones. It
// is "" for nothing.
func (v view) rest(more int) string {
	var parts []string
	if more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	switch {
	case v.Cosmetic == 1:
		parts = append(parts, "1 cosmetic edit")
	case v.Cosmetic > 1:
		parts = append(parts, fmt.Sprintf("%d cosmetic edits", v.Cosmetic))
	}
	if len(parts) == 0 {
		return ""
	}
	return "… and " + joinWords(parts)
}

// title says who, what and how grave in one line.
func title(m Message) string {
	e := m.Event
	subject := cutHead(cleanLine(strings.TrimSpace(e.Policy.Vendor+" "+kindName(e.Policy.Kind))), maxTitle/2)
	if m.Test && e.Type != policy.EventTest {
		m.Test = false
		return "TEST (a change of the past): " + title(m)
	}
	if m.Test {
		return "TEST: " + subject + " (nothing has changed: this is a trial of the receiver)"
	}
	text := subject + " " + verb(e.Type)
	switch {
	case e.Type == policy.EventMassChange:
		text = "Many policies changed at once"
	case e.Type == policy.EventDigest:
		text = digestTitle(m)
	case e.Type == policy.EventReceiverBroken:
		text = "A receiver of alerts is broken"
	case e.Type == policy.EventPolicyChanged && e.Significance != "":
		text += " (" + string(e.Significance) + ")"
	}
	if text = cleanLine(text); text == "" {
		text = "Policy event"
	}
	return text
}

// kindName says what a kind of policy is called in a sentence.
func kindName(k policy.Kind) string {
	switch k {
	case policy.KindPrivacy:
		return "privacy policy"
	case policy.KindCookies:
		return "cookie notice"
	case policy.KindTerms:
		return "terms"
	case policy.KindDPA:
		return "data processing agreement"
	case policy.KindSubprocessors:
		return "sub-processor list"
	case policy.KindSecurity:
		return "security page"
	}
	return string(k)
}

// verb completes "3Shape privacy policy …".
func verb(t policy.EventType) string {
	switch t {
	case policy.EventPolicyChanged:
		return "changed"
	case policy.EventPolicyReverted:
		return "went back to an earlier text"
	case policy.EventPolicyMoved:
		return "moved to another address"
	case policy.EventPolicyUnreachable:
		return "cannot be reached"
	case policy.EventPolicyRecovered:
		return "can be read again"
	case policy.EventPolicyQuarantined:
		return "is not recognised any more"
	case policy.EventPolicyVariant:
		return "is served in another version to some visitors"
	case policy.EventExtractionDegraded:
		return "can no longer be read in full"
	case policy.EventPageNoisy:
		return "keeps changing from visit to visit"
	case policy.EventMassChange:
		return "changed together with many others"
	case policy.EventReceiverBroken:
		return "cannot be told of: a receiver is broken"
	case policy.EventDigest:
		return "is one of several in this message"
	case policy.EventTest:
		return "(test)"
	}
	return string(t)
}

// meaning explains, for an event about health, what it means for the reader.
func meaning(t policy.EventType) string {
	switch t {
	case policy.EventPolicyUnreachable:
		return "While this lasts, changes of the policy are not seen. The last text that was read stays on record."
	case policy.EventPolicyRecovered:
		return "It is being watched again."
	case policy.EventPolicyQuarantined:
		return "The page answers, but what it shows does not look like the policy, so it was not taken as a change. A person should look at it."
	case policy.EventPolicyMoved:
		return "Check that the new address is the vendor's, then put it into the configuration."
	case policy.EventPolicyVariant:
		return "The version on record stays the one in force; the other text is kept beside it."
	case policy.EventExtractionDegraded:
		return "Part of the page's text is missing from what is watched. A selector for this policy may help."
	case policy.EventPageNoisy:
		return "The page shows a different text at almost every visit; real changes may be told late."
	case policy.EventMassChange:
		return "So many changes at once are more often a fault than news. Look before you forward them."
	case policy.EventReceiverBroken:
		return "Its alerts are kept. Repair it and reload, or run “watcher alerts resume”."
	case policy.EventPolicyChanged, policy.EventPolicyReverted, policy.EventDigest, policy.EventTest:
	}
	return ""
}

// lines says what happened, since when and why.
func lines(m Message) []string {
	e := m.Event
	var out []string
	if s := cleanLine(e.Summary); s != "" {
		out = append(out, s)
	}
	if e.Type == policy.EventPolicyChanged || e.Type == policy.EventPolicyReverted || e.Type == policy.EventTest {
		out = append(out, changeLines(m)...)
	} else if !e.FirstSeenAt.IsZero() {
		out = append(out, "Since: "+stamp(e.FirstSeenAt))
	}
	if m.Change != nil && m.Change.Machine != nil {
		out = append(out, machineLine(*m.Change.Machine))
	}
	if why := why(e); why != "" {
		out = append(out, "Why: "+why)
	}
	if text := meaning(e.Type); text != "" {
		out = append(out, text)
	}
	return out
}

// machineLine shows what a language model made of the edits, marked as such.
func machineLine(s policy.MachineSummary) string {
	return "In a machine's words (" + cleanLine(s.Model) + ", unchecked): " + cleanLine(s.Text)
}

// changeLines says what the dates tell, and is honest about a change that has
// nothing to show.
func changeLines(m Message) []string {
	var out []string
	for _, f := range m.Event.DateFacts {
		out = append(out, dateFact(f))
	}
	switch {
	case m.Change == nil:
		out = append(out, "The edits themselves cannot be shown here: the record of this change could not be read back. Compare the page with the version on record.")
	case m.Change.Empty():
		out = append(out, "The record of this change holds no edit.")
	}
	return out
}

func why(e policy.Event) string {
	rule, detail := cleanLine(e.Rule), cleanLine(e.Detail)
	if detail != "" && strings.Contains(cleanLine(e.Summary), detail) {
		detail = "" // said already
	}
	switch {
	case rule != "" && detail != "":
		return detail + " (rule " + rule + ")"
	case rule != "":
		return "rule " + rule
	}
	return detail
}

// dateFact says in a sentence what a date fact means to a lawyer.
func dateFact(f policy.DateFact) string {
	switch f {
	case policy.DateBumpedTextSame:
		return "Only the date on the page was renewed; the text is the same."
	case policy.SilentChange:
		return "Silent change: the text changed, the date on the page did not."
	case policy.Placeholder:
		return "The date on the page is a placeholder that nobody has filled in yet."
	case policy.PlaceholderResolved:
		return "A placeholder date on the page was filled in."
	case policy.DateBackwards:
		return "The date on the page went backwards."
	case policy.EffectiveInFuture:
		return "The new text says that it takes effect at a later date."
	case policy.Undated:
		return "The page carries no date."
	case policy.ConflictingDates:
		return "The page carries dates that contradict each other."
	case policy.Retroactive:
		return "The new effective date had passed when the text was first seen."
	case policy.DateRemoved:
		return "The date that the page carried was removed."
	}
	return "Dates: " + cleanLine(strings.ReplaceAll(string(f), "_", " "))
}

// facts is one line of grade, categories, versions and time.
func facts(m Message) string {
	e := m.Event
	var parts []string
	if e.Significance != "" {
		parts = append(parts, cleanLine(string(e.Significance)))
	}
	if len(e.Categories) > 0 {
		parts = append(parts, categoryNames(e.Categories))
	}
	if e.From != nil && e.To != nil && e.From.Version > 0 && e.To.Version > 0 {
		parts = append(parts, fmt.Sprintf("version %d → %d", e.From.Version, e.To.Version))
	}
	if e.To != nil && !e.FirstSeenAt.IsZero() {
		parts = append(parts, "first seen "+stamp(e.FirstSeenAt))
	}
	return strings.Join(parts, " · ")
}

func categoryNames(list []policy.Category) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = strings.ReplaceAll(cleanLine(string(c)), "_", " ")
	}
	return joinWords(names)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// editItem puts an edit into words.
func editItem(e policy.Edit) item {
	parts := []string{opName(e.Op)}
	section := cutHead(cleanLine(e.Section), maxSection)
	if from := cutHead(cleanLine(e.FromSection), maxSection); from != "" && from != section {
		section = "from “" + from + "” to “" + section + "”"
	}
	for _, s := range []string{section, cleanLine(string(e.Significance)), categoryNames(e.Categories)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	it := item{
		itemFields: newItemFields(e, section),
		Head:       cutHead(strings.Join(parts, " · "), maxFacts), Spans: visible(trimSpans(redline(e), maxRedline)),
	}
	if len(e.Reasons) > 0 {
		it.Why = cutHead(cleanLine(strings.Join(e.Reasons[:min(len(e.Reasons), maxReasons)], "; ")), maxWhy)
	}
	return it
}

func opName(op policy.EditOp) string {
	switch op {
	case policy.Added:
		return "Added"
	case policy.Removed:
		return "Removed"
	case policy.Reworded:
		return "Reworded"
	case policy.Moved:
		return "Moved"
	case policy.Renumbered:
		return "Renumbered"
	}
	return cleanLine(string(op))
}

// linkItem puts a changed link target into words.
func linkItem(l policy.LinkEdit) item {
	head := "Link “" + cutHead(cleanLine(l.Text), maxSection) + "” leads elsewhere"
	if section := cutHead(cleanLine(l.Section), maxSection); section != "" {
		head += " · " + section
	}
	return item{itemFields: itemFields{Op: "link"}, Head: head, Spans: trimSpans([]policy.Span{
		{Op: policy.SpanDelete, Text: l.Old},
		{Op: policy.SpanEqual, Text: " → "},
		{Op: policy.SpanInsert, Text: l.New},
	}, maxRedline)}
}
