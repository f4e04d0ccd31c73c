package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"watcher/policy"
)

// digest joins the messages of a unit to one.
func digest(id, external string, members []Message, now time.Time) Message {
	e := policy.Event{ID: id, Type: policy.EventDigest, At: members[0].Event.At}
	for _, m := range members {
		if m.Event.Significance.Rank() > e.Significance.Rank() {
			e.Significance = m.Event.Significance
		}
		for _, c := range m.Event.Categories {
			if !slices.Contains(e.Categories, c) {
				e.Categories = append(e.Categories, c)
			}
		}
	}
	e.Summary = digestSummary(members)
	d := Message{AlertID: id, Event: e, SentAt: now, Members: members}
	first := members[0].Event.Policy
	if sameVendor(members) {
		d.Event.Policy.Vendor = first.Vendor
	}
	if !slices.ContainsFunc(members, func(m Message) bool { return m.Event.Policy.ID != first.ID }) {
		d.Event.Policy = first
		d.Links = linksFor(external, policy.Event{Policy: first})
	}
	return d
}

func sameVendor(members []Message) bool {
	return !slices.ContainsFunc(members, func(m Message) bool {
		return m.Event.Policy.ID.VendorSlug() != members[0].Event.Policy.ID.VendorSlug()
	})
}

// digestTitle says of whom a digest is, and how much is in it.
func digestTitle(m Message) string {
	text := fmt.Sprintf("%d alerts", len(m.Members))
	if len(m.Members) == 1 {
		text = "1 alert"
	}
	switch vendor := cutHead(cleanLine(m.Event.Policy.Vendor), maxTitle/2); {
	case vendor != "":
		text = vendor + ": " + text
	default:
		vendors := map[string]bool{}
		for _, member := range m.Members {
			vendors[member.Event.Policy.ID.VendorSlug()] = true
		}
		if len(vendors) > 1 {
			text += fmt.Sprintf(" about %d vendors", len(vendors))
		}
	}
	if s := m.Event.Significance; s != "" {
		text += " (up to " + string(s) + ")"
	}
	return text
}

// digestSummary counts what happened: "3 changed (2 material), 1 cannot be
// reached".
func digestSummary(members []Message) string {
	var order []policy.EventType
	count, material := map[policy.EventType]int{}, 0
	for _, m := range members {
		t := m.Event.Type
		if count[t]++; count[t] == 1 {
			order = append(order, t)
		}
		if t == policy.EventPolicyChanged && m.Event.Significance == policy.Material {
			material++
		}
	}
	parts := make([]string, len(order))
	for i, t := range order {
		parts[i] = fmt.Sprintf("%d %s", count[t], verb(t))
		if t == policy.EventPolicyChanged && material > 0 {
			parts[i] += fmt.Sprintf(" (%d material)", material)
		}
	}
	return strings.Join(parts, ", ")
}

// namesPerLine keeps a line of ids below what any receiver shows of a line.
const namesPerLine = 650

// addMembers shows the alerts of a digest, and names every policy of it and of
// a mass change, however many: details are left out first.
func (v *view) addMembers(m Message, maxItems int) {
	if m.Event.Policy.ID == "" {
		v.Footer = cutHead("alert "+m.AlertID, maxFacts)
	}
	ids := m.Event.Policies
	for _, member := range m.Members {
		if id := member.Event.Policy.ID; id != "" && !slices.Contains(ids, id) {
			ids = append(slices.Clip(ids), id)
		}
	}
	if len(ids) > 0 && (len(ids) > 1 || m.Event.Type == policy.EventMassChange) {
		v.addNames(ids)
	}
	if len(m.Members) == 0 {
		return
	}
	shown := min(len(m.Members), maxItems)
	perMember := 0
	if shown > 0 {
		perMember = maxItems/shown - 1
	}
	for _, member := range byGravity(m.Members)[:shown] {
		v.Items = append(v.Items, memberItem(member))
		if member.Change != nil && perMember > 0 {
			v.addEdits(member.Change, perMember)
		}
	}
	v.More += len(m.Members) - shown
}

// addEdits appends the most important edits of a change; how many there are
// besides is said on the change's own page.
func (v *view) addEdits(c *policy.Change, n int) {
	var one view
	one.addItems(c, n)
	v.Items = append(v.Items, one.Items...)
}

// addNames lists policies: some lines at the top, the others as items.
func (v *view) addNames(ids []policy.ID) {
	const topLines = 4
	for i, line := range nameLines(ids) {
		if i < topLines {
			v.Lines = slices.Insert(v.Lines, min(i+1, len(v.Lines)), cutHead(line, maxLine))
			continue
		}
		v.Items = append(v.Items, item{Head: "More policies", Spans: []policy.Span{{Op: policy.SpanEqual, Text: line}}})
	}
}

func nameLines(ids []policy.ID) []string {
	var lines []string
	line := "Policies: "
	for i, id := range ids {
		name := cleanLine(string(id))
		if i < len(ids)-1 {
			name += ", "
		}
		if len(line)+len(name) > namesPerLine {
			lines, line = append(lines, strings.TrimRight(line, " ")), ""
		}
		line += name
	}
	return append(lines, line)
}

// byGravity returns members, the gravest first and otherwise as they came.
func byGravity(members []Message) []Message {
	out := slices.Clone(members)
	slices.SortStableFunc(out, func(a, b Message) int {
		return b.Event.Significance.Rank() - a.Event.Significance.Rank()
	})
	return out
}

// memberItem shows an alert among others: what happened, in a sentence, and
// where to read on.
func memberItem(m Message) item {
	it := item{itemFields: itemFields{Op: "alert", Significance: cleanLine(string(m.Event.Significance))}, Head: cutHead(title(m), maxFacts)}
	text := cleanLine(m.Event.Summary)
	if link := m.Links.best(); link != "" {
		text = strings.TrimLeft(cutHead(text, maxRedline/2)+" → "+link, " ")
	}
	if text = cutHead(text, maxRedline); text != "" {
		it.Spans = []policy.Span{{Op: policy.SpanEqual, Text: text}}
	}
	return it
}
