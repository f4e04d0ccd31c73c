package diffing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// The bounds of a summary: it must fit a chat message and be read at once.
const (
	maxSummary   = 480 // runes
	maxSentences = 5
)

// summarize says in at most five sentences what changed, what matters most
// first: facts, whole sections, other material edits in their own words, how
// much else there is, and what the dates say. It is made by rules alone.
func summarize(c *policy.Change, drafts []draft) string {
	dates := dateSentences(c, drafts)
	dates = append(dates, dateNotes(c, len(dates) > 0)...)
	dates = dates[:min(len(dates), 2)]
	told := map[int]bool{}
	var out []string
	room := maxSentences - len(dates)
	out = append(out, factSentences(drafts, told, room)...)
	out = append(out, sectionSentences(drafts, told)...)
	out = append(out, quoteSentences(drafts, told, room-1-len(out))...)
	if rest := restSentence(drafts, told, len(out) > 0); rest != "" {
		out = append(out[:min(len(out), room-1)], rest)
	}
	out = append(out[:min(len(out), room)], dates...)
	if len(out) == 0 {
		out = cosmeticSentences(c, drafts)
	}
	return join(out)
}

// join makes one text of sentences as long as they fit.
func join(sentences []string) string {
	out := ""
	for _, s := range sentences {
		s = capital(s)
		if r, _ := utf8.DecodeLastRuneInString(s); r != '.' && r != '…' {
			s += "."
		}
		next := strings.TrimSpace(out + " " + s)
		if utf8.RuneCountInString(next) > maxSummary {
			if out == "" {
				return shorten(next, maxSummary)
			}
			continue
		}
		out = next
	}
	return out
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// dateSentences say what became of the claimed dates.
func dateSentences(c *policy.Change, drafts []draft) []string {
	has := func(f policy.DateFact) bool { return slices.Contains(c.Dates.Facts, f) }
	changed := false
	var gone, come []fact
	for i := range drafts {
		if d := &drafts[i]; d.dateEdit {
			changed = true
			gone, come = append(gone, d.datesGone...), append(come, d.datesCome...)
		}
	}
	gone, come = factDiff(gone, come)
	text := ""
	switch {
	case has(policy.PlaceholderResolved):
		text = "the date placeholder was filled in"
	case has(policy.DateBackwards):
		text = "the stated date went backwards"
	case has(policy.DateBumpedTextSame) && len(gone) > 0 && len(come) > 0:
		text = "only the stated date changed"
	case changed && has(policy.Placeholder):
		text = "the stated date is a placeholder"
	case changed:
		text = dateNews(gone, come, sameDates(c.Dates.From, c.Dates.To))
	default:
		return nil
	}
	return []string{text + dateArrow(gone, come)}
}

// dateNotes say what else the claimed dates tell: that they stood still, lie
// ahead, or have passed. told says that a sentence speaks of them already.
func dateNotes(c *policy.Change, told bool) []string {
	var out []string
	for _, f := range c.Dates.Facts {
		switch f {
		case policy.SilentChange:
			if d := shownDate(c.Dates.To, isLabelled); d != "" {
				out = append(out, "the date still says "+d)
			} else {
				out = append(out, "the stated date was not changed")
			}
		case policy.EffectiveInFuture:
			out = append(out, "it takes effect on "+shownDate(c.Dates.To, isEffective))
		case policy.Retroactive:
			out = append(out, "it says that it has been in force since "+shownDate(c.Dates.To, isEffective))
		case policy.DateRemoved:
			if !told {
				out = append(out, "the text does not state a date any more")
			}
		case policy.DateBumpedTextSame, policy.Placeholder, policy.PlaceholderResolved, policy.DateBackwards, policy.Undated, policy.ConflictingDates:
		}
	}
	return out
}

func isEffective(d policy.Date) bool { return d.Kind == policy.DateEffective && isReal(d) }

// shownDate returns the latest of the dates that fulfil the condition, as people
// write it; a placeholder stands for itself.
func shownDate(dates []policy.Date, cond func(policy.Date) bool) string {
	var best *policy.Date
	for i := range dates {
		if d := &dates[i]; cond(*d) && (best == nil || d.Value > best.Value) {
			best = d
		}
	}
	switch {
	case best == nil:
		return ""
	case best.Placeholder || best.Value == "":
		return quote(best.Raw)
	}
	return longDate(best.Value)
}

// dateNews says what became of the dates in the date lines. same means that the
// documents still claim the same dates.
func dateNews(gone, come []fact, same bool) string {
	switch {
	case len(gone) > 0 && len(come) > 0:
		return "the stated date changed"
	case len(gone) > 0:
		return pick2(same, "a date line was removed", "the stated date was removed")
	case len(come) > 0:
		return pick2(same, "a date line was added", "a date was added")
	}
	return "the date line was reworded"
}

// dateArrow shows the first date that went and the first that came.
func dateArrow(gone, come []fact) string {
	var shown []string
	for _, fs := range [][]fact{gone, come} {
		if len(fs) > 0 {
			shown = append(shown, shorten(oneLine(fs[0].shown), 40))
		}
	}
	if len(shown) == 0 {
		return ""
	}
	return ": " + strings.Join(shown, " → ")
}

// The order in which facts are told. The start of a reason decides.
var factOrder = []string{
	"retention period", "legal basis", "transfer mechanism", "recipient", "minimum age", "negation", "modality", "country", "period", "number",
}

// factRank returns how important the fact of a reason is; false for reasons that
// are no facts.
func factRank(reason string) (int, bool) {
	for i, start := range factOrder {
		if strings.HasPrefix(reason, start) {
			return i, true
		}
	}
	return len(factOrder), strings.Contains(reason, " → ") || strings.Contains(reason, " to a list on ") || strings.Contains(reason, " from a list on ") ||
		strings.HasPrefix(reason, "contact address")
}

// maxFacts is how many facts a summary spells out.
const maxFacts = 3

// factSentences spell out the facts of rewordings, material ones first. told
// marks the edits that they speak of.
func factSentences(drafts []draft, told map[int]bool, room int) []string {
	type found struct {
		i, rank int
		text    string
	}
	var all []found
	for i := range drafts {
		d := &drafts[i]
		if d.edit.Op != policy.Reworded || d.edit.Significance.Rank() < policy.Minor.Rank() || d.dateEdit || d.line == nil {
			continue
		}
		best, text := len(factOrder)+1, ""
		for _, r := range d.edit.Reasons {
			if rank, ok := factRank(r); ok && rank < best && (d.edit.Significance == policy.Material || !strings.HasPrefix(r, "number")) {
				best, text = rank, r
			}
		}
		if text != "" {
			if d.edit.Significance != policy.Material {
				best += 100
			}
			all = append(all, found{i, best, d.factSentence(text)})
		}
	}
	slices.SortStableFunc(all, func(x, y found) int { return cmp.Compare(x.rank, y.rank) })
	var out []string
	for _, f := range all {
		if len(out) == min(maxFacts, room) {
			break
		}
		told[f.i] = true
		s := f.text
		if !strings.HasPrefix(s, "now ") {
			s += place(drafts[f.i].edit.Section)
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// factSentence turns a reason into a sentence.
func (d *draft) factSentence(reason string) string {
	for _, start := range []string{"negation", "modality"} {
		if strings.HasPrefix(reason, start) {
			if old, new := d.changedPhrase(); old != "" && new != "" {
				return quote(old) + " became " + quote(new)
			}
			return "now" + place(d.edit.Section) + ": " + quoteLong(d.edit.New)
		}
	}
	if what, topic, ok := strings.Cut(reason, " added to a list on "); ok {
		return listed(what, topic, "new in ")
	}
	if what, topic, ok := strings.Cut(reason, " removed from a list on "); ok {
		return listed(what, topic, "gone from ")
	}
	return headline(reason)
}

// listed says what joined or left an enumeration.
func listed(what, topic, verb string) string {
	if topic == string(policy.ThirdPartySharing) {
		return verb + "the list of recipients: " + what
	}
	return verb + "the list of data: " + what
}

// maxPhrase is how many words a phrase shows.
const maxPhrase = 9

// changedPhrase returns the stretch in which a permission or denial changed, on
// both sides, with a word or two after it so that it can be understood; "" when
// so much changed around it that no phrase would say it.
func (d *draft) changedPhrase() (old, new string) {
	cs := d.line.changes()
	at := slices.IndexFunc(cs, func(h hunk) bool {
		old, new := modalityOf(tokenWords(d.line.old.s, d.line.old.toks[h.a0:h.a1])), modalityOf(tokenWords(d.line.new.s, d.line.new.toks[h.b0:h.b1]))
		return old != new && h.a1-h.a0 <= maxPhrase && h.b1-h.b0 <= maxPhrase
	})
	if at < 0 {
		return "", ""
	}
	h := cs[at]
	from := func(t tokenText, a, b int) string {
		for more := 0; more < 2 && b < len(t.toks) && t.toks[b].kind == tokWord && !stopWords[fold(t.tok(b))]; more++ {
			b++
		}
		for a > 0 && b-a < 2 && t.toks[a-1].kind == tokWord {
			a--
		}
		b = min(b, a+maxPhrase)
		if a >= b {
			return ""
		}
		return t.s[t.toks[a].start:t.toks[b-1].end]
	}
	return from(d.line.old, h.a0, h.a1), from(d.line.new, h.b0, h.b1)
}

// headline turns a reason into the start of a summary: `retention period "12
// months" → …` becomes `Retention: "12 months" → …`.
func headline(reason string) string {
	label, fact, ok := strings.Cut(reason, ` "`)
	if !ok {
		return reason
	}
	label = strings.TrimSuffix(label, " period")
	if label == "recipient or name" {
		label = "recipient"
	}
	return capital(label) + `: "` + fact
}

func place(section string) string {
	if section == "" {
		return ""
	}
	parts := strings.Split(section, pathSeparator)
	return " in " + quote(parts[len(parts)-1])
}

// sectionSentences tell of whole sections that came or went, material ones
// first.
func sectionSentences(drafts []draft, told map[int]bool) []string {
	sections := map[policy.EditOp]*sectionTally{policy.Added: {}, policy.Removed: {}}
	for i := range drafts {
		d := &drafts[i]
		if s := sections[d.edit.Op]; s != nil && d.whole != nil && !told[i] && d.edit.Significance.Rank() >= policy.Minor.Rank() {
			s.add(d)
			told[i] = true
		}
	}
	var out []string
	for _, material := range []bool{true, false} {
		for _, op := range []policy.EditOp{policy.Added, policy.Removed} {
			if s := sections[op]; len(s.sections) > 0 && s.material == material {
				out = append(out, s.say(op))
			}
		}
	}
	return out
}

// maxQuotes is how many edits a summary quotes.
const maxQuotes = 2

// quoteSentences show material sentences that came or went.
func quoteSentences(drafts []draft, told map[int]bool, room int) []string {
	var out []string
	for i := range drafts {
		d := &drafts[i]
		if len(out) >= min(maxQuotes, room) {
			break
		}
		if told[i] || d.edit.Significance != policy.Material {
			continue
		}
		rows := sameTable(drafts, told, i)
		if s := d.quoted(rowTexts(drafts, rows)); s != "" {
			for _, k := range rows {
				told[k] = true
			}
			told[i] = true
			out = append(out, s)
		}
	}
	return out
}

// sameTable returns the rows that share the fate of row i in its table, i among
// them; nothing when it is no table row.
func sameTable(drafts []draft, told map[int]bool, i int) []int {
	var out []int
	for k := i; k < len(drafts); k++ {
		if !told[k] && sameRun(&drafts[i], &drafts[k]) {
			out = append(out, k)
		}
	}
	return out
}

// rowTexts returns the texts of rows, each of which may be a run of them.
func rowTexts(drafts []draft, rows []int) []string {
	var out []string
	for _, k := range rows {
		e := &drafts[k].edit
		out = append(out, strings.Split(e.Old+e.New, "\n")...)
	}
	return out
}

// quoted shows a text that was added or removed, or counts the rows of its table
// that were.
func (d *draft) quoted(rows []string) string {
	e := &d.edit
	text, verb := e.New, "added"
	switch e.Op {
	case policy.Added:
	case policy.Removed:
		text, verb = e.Old, "removed"
	case policy.Reworded, policy.Moved, policy.Renumbered:
		return ""
	}
	switch {
	case len(rows) > 1:
		return plural(len(rows), "table row") + " " + verb + place(e.Section) + " (" + firstCells(rows, 3) + ")"
	case d.item:
		return nounOf(e) + " " + verb + place(e.Section) + ": " + quoteLong(text)
	}
	return verb + place(e.Section) + ": " + quoteLong(text)
}

// quoteLong quotes a sentence.
func quoteLong(s string) string {
	return `"` + strings.TrimRight(shorten(oneLine(s), 110), ".") + `"`
}

// restSentence counts the edits that are not told yet.
func restSentence(drafts []draft, told map[int]bool, besides bool) string {
	counts := map[policy.EditOp]*tally{}
	for i := range drafts {
		d := &drafts[i]
		if told[i] || d.dateEdit || d.edit.Significance.Rank() < policy.Minor.Rank() {
			continue
		}
		t := counts[d.edit.Op]
		if t == nil {
			t = &tally{section: d.edit.Section, one: true}
			counts[d.edit.Op] = t
		}
		t.add(d)
	}
	var parts []string
	for _, op := range []policy.EditOp{policy.Reworded, policy.Added, policy.Removed, policy.Moved} {
		if t := counts[op]; t != nil {
			parts = append(parts, t.String()+" "+string(op)+t.where())
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return pick2(besides, "also ", "") + strings.Join(parts, ", ")
}

// tally counts edits of one operation.
type tally struct {
	n       int
	noun    string
	section string
	one     bool // all in the same section
}

func (t *tally) add(d *draft) {
	noun := nounOf(&d.edit)
	switch {
	case t.n == 0:
		t.noun = noun
	case t.noun != noun:
		t.noun = "passage"
	}
	t.n += max(1, d.rows)
	t.one = t.one && t.section == d.edit.Section
}

func nounOf(e *policy.Edit) string {
	switch {
	case e.Op == policy.Moved && e.Heading && strings.Contains(e.New, "\n"):
		return "section"
	case e.Heading:
		return "heading"
	case e.Kind == policy.Item:
		return "list item"
	case e.Kind == policy.TableRow:
		return "table row"
	case e.Op == policy.Moved && strings.Contains(e.New, "\n"):
		return "passage"
	}
	return "sentence"
}

func (t *tally) String() string { return plural(t.n, t.noun) }

func (t *tally) where() string {
	if !t.one {
		return ""
	}
	return place(t.section)
}

// cosmeticSentences are for changes without any news.
func cosmeticSentences(c *policy.Change, drafts []draft) []string {
	renumbered, set := 0, 0
	var out []string
	for i := range drafts {
		switch d := &drafts[i]; {
		case d.edit.Op == policy.Renumbered:
			renumbered += max(1, d.lines)
		case d.dateForm && len(out) == 0:
			out = append(out, "the same date in another form"+dateArrow(rewrittenDates(d.line.old.dates(nil), d.line.new.dates(nil))))
		case d.dateForm:
		default:
			set++
		}
	}
	if renumbered > 0 {
		out = append(out, plural(renumbered, "passage")+" renumbered")
	}
	if set > 0 {
		out = append(out, "typography or layout of "+plural(set, "passage"))
	}
	if n := len(c.Links); n > 0 {
		out = append(out, plural(n, "link target")+" changed")
	}
	if len(out) == 0 {
		out = append(out, pick2(c.Significance == policy.None, "no change", "layout only"))
	}
	return out
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
