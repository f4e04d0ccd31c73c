package normalize

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"watcher/policy"
)

// consentWords is how long a consent dialog without a telling name is, in words.
const (
	minConsentWords = 8
	maxConsentWords = 160
)

// answers matches what the buttons of a consent dialog say. A dialog is known
// by two of them.
var answers = regexp.MustCompile(`(?i)^(?:(?:i )?(?:accept|allow|agree|reject|decline|deny|refuse)(?: (?:to )?(?:all|cookies|only|and|close|optional|non-essential|strictly|the|necessary|essential|required))*|` +
	`(?:only |use )?(?:strictly )?(?:necessary|essential|required)(?: cookies)?(?: only)?|(?:manage|customi[sz]e|more)(?: (?:cookies?|preferences|settings|options|choices|consent))+|cookie (?:settings|preferences)|` +
	`got it!?|alle (?:cookies )?(?:akzeptieren|zulassen|ablehnen)|(?:nur )?notwendige(?: cookies)?|(?:tout|tous) (?:accepter|refuser)|(?:accepter|refuser)(?: tout| tous les cookies)?|` +
	`aceptar(?: todas?| todo)?|rechazar(?: todas?| todo)?|accetta(?: tutti)?|rifiuta(?: tutti)?|alles (?:accepteren|weigeren))$`)

// consentBoxes drops the dialogs that ask for a consent to cookies and whose
// markup does not say so: a small container that speaks of cookies and has two
// buttons that answer it. What stands in the main content may be the policy's.
func (p *page) consentBoxes() []dropped {
	var out []dropped
	seen := map[int32]bool{}
	for i := range p.nodes {
		n := &p.nodes[i]
		if n.h.Type != html.ElementNode || n.words == 0 || n.words > 8 || n.inMain || !isAnswer(n.h) || p.lies(int32(i)) {
			continue
		}
		if !isAnswerText(p.visibleText(int32(i), 100)) {
			continue
		}
		box := p.consentBox(int32(i))
		switch {
		case box < 0:
		case seen[box]:
			out = append(out, dropped{"cookie_banner", box})
			p.drop(box)
		default:
			seen[box] = true
		}
	}
	return out
}

// answerHints are parts, in lower case, of which every match of answers holds
// one.
var answerHints = []string{
	"acce", "allow", "agree", "reject", "decline", "deny", "ref", "necess", "essent", "requir", "manage", "custom", "more",
	"cookie", "got it", "alle", "notwendig", "acepta", "rechaza", "rifiuta",
}

func isAnswerText(s string) bool {
	return hinted(foldCase(s), answerHints) && answers.MatchString(strings.TrimRight(s, ".!"))
}

func isAnswer(h *html.Node) bool {
	return h.DataAtom == atom.Button || attr(h, "role") == "button" || h.DataAtom == atom.A
}

// consentBox returns the largest container around a button that is small enough
// to be a dialog and speaks of cookies, or -1.
func (p *page) consentBox(i int32) int32 {
	box := int32(-1)
	for a := p.nodes[i].parent; a > 0; a = p.nodes[a].parent {
		n := &p.nodes[a]
		if n.words > maxConsentWords || n.h.DataAtom == atom.Body || isMain(n.h) || n.words*100 >= p.total*shareCookie {
			break
		}
		if isContainer(n.h) || n.h.DataAtom == atom.Aside || n.h.DataAtom == atom.Form {
			box = a
		}
	}
	if box < 0 || p.nodes[box].words < minConsentWords || p.amongProse(box) || !strings.Contains(strings.ToLower(p.visibleText(box, 2000)), "cookie") {
		return -1
	}
	return box
}

// amongProse says whether an element stands between paragraphs: it is then part
// of a text rather than laid over the page.
func (p *page) amongProse(i int32) bool {
	up := p.nodes[i].parent
	for k := up + 1; k < p.nodes[up].end; k = p.nodes[k].end {
		if n := &p.nodes[k]; k != i && n.h.DataAtom == atom.P && n.prose > 0 {
			return true
		}
	}
	return false
}

// hubTitle matches the names of legal documents, as the menus between the
// documents of a site list them.
var hubTitle = regexp.MustCompile(`(?i)\b(?:privacy|policy|policies|legal|terms|notice|statement|guidelines|cookies?|agreement|addendum|imprint|impressum|datenschutz|agb|disclosure|conditions|trust|compliance|security|accessibility|licen[cs]es?|confidentialité|privacidad)\b`)

// hubHeading matches the titles of such menus.
var hubHeading = regexp.MustCompile(`(?i)^(?:(?:more|other|related|further|all|our|legal)\s+)*(?:legal(?: notices?| information| documents?| hub)?|policies|documents?|links?|resources?|pages?|articles?|information|see also)$`)

// The figures of a menu between legal documents.
const (
	minHub      = 3
	maxHub      = 60
	maxHubWords = 6
)

// dropHubs leaves out the menus by which sites lead from one of their legal
// documents to the others: runs of short lines, right below a heading or at
// the end, most of which name such documents. An enumeration in the text has a
// sentence above it.
func dropHubs(units []unit) ([]unit, []policy.Drop) {
	var out []unit
	var drops []policy.Drop
	done := 0 // the lines before it are dropped or in out
	for i := 0; i < len(units); {
		end := i
		for end < len(units) && hubLine(&units[end]) {
			end++
		}
		if !isHub(units, i, end) {
			i = max(end, i+1)
			continue
		}
		out = append(out, units[done:i]...)
		if n := len(out); n > 0 && out[n-1].fixed && end < len(units) {
			out = out[:n-1] // the menu's own heading
		}
		drops = append(drops, lineDrop("legal_menu", i, units[i:end]))
		i, done = end, end
	}
	if len(drops) == 0 {
		return units, nil
	}
	return append(out, units[done:]...), drops
}

// isHub says whether a run of short lines is a menu between legal documents: at
// the top of a text, where its title follows, or at its end, where all lines
// must be such names, or most of them links. Elsewhere a list of documents is
// part of what the policy says.
func isHub(units []unit, from, end int) bool {
	if end-from < minHub || end-from > maxHub || end < len(units) && (!units[end].fixed || units[end].level > 1) {
		return false
	}
	if from > 0 && strings.HasSuffix(units[from-1].text, ":") {
		return false
	}
	named, links := 0, 0
	for _, u := range units[from:end] {
		if hubTitle.MatchString(u.text) {
			named++
		}
		if linked(u) >= len(u.text) {
			links++
		}
	}
	n := end - from
	if end == len(units) {
		if from > 0 && units[from-1].fixed && !hubHeading.MatchString(units[from-1].text) {
			return false // the items of a section
		}
		return named == n || named >= 2 && links*10 >= n*7
	}
	return from < edgeLines && named*10 >= n*6
}

func hubLine(u *unit) bool {
	return !u.fixed && u.kind != policy.TableRow && !endsSentence(u.text) && countWords(u.text) <= maxHubWords &&
		!strings.HasSuffix(u.text, ":") && !strings.HasSuffix(u.text, ";") && !strings.ContainsAny(u.text, "0123456789@")
}

// minGluedLinks is how many links a line of a menu that lost its separators has.
const minGluedLinks = 5

// dropGluedMenus leaves out lines that are made of links run together.
func dropGluedMenus(units []unit) ([]unit, []policy.Drop) {
	if !slices.ContainsFunc(units, gluedMenu) {
		return units, nil
	}
	var drops []policy.Drop
	out := units[:0:0]
	for i, u := range units {
		if gluedMenu(u) {
			drops = append(drops, lineDrop("menu_lines", i, units[i:i+1]))
			continue
		}
		out = append(out, u)
	}
	return out, drops
}

func gluedMenu(u unit) bool {
	return len(u.links) >= minGluedLinks && glued(u.text) && linked(u)*10 >= len(u.text)*7 && !strings.Contains(u.text, ". ")
}

// linked counts the bytes of a line that are the text of links.
func linked(u unit) int {
	n := 0
	for _, l := range u.links {
		n += len(l.Text)
	}
	return n
}

var thanks = regexp.MustCompile(`(?i)^(?:\d{1,2}[.)]?\s*)?(?:our )?(?:acknowledge?ments?|hall of fame|(?:special )?thanks(?: to)?|credits|danksagung|remerciements|agradecimientos)$`)

// thanksHints are parts, in lower case, of which every match of thanks holds one.
var thanksHints = []string{"acknowled", "hall of fame", "thank", "credit", "dank", "remerciement", "agradecimiento"}

// The figures of a list of people who are thanked.
const (
	minNames     = 5
	maxNameWords = 6
)

// dropNames leaves out the lists of people who are thanked, as pages about
// security have them. They grow by themselves and say nothing of the policy.
// The sentences of such a section stay.
func dropNames(units []unit) ([]unit, []policy.Drop) {
	for i := range units {
		if !units[i].heading() || !hinted(foldCase(units[i].text), thanksHints) || !thanks.MatchString(units[i].text) {
			continue
		}
		end := i + 1
		names := 0
		for end < len(units) && !units[end].heading() {
			if isName(units[end]) {
				names++
			}
			end++
		}
		if names < minNames || names*10 < (end-i-1)*8 {
			continue
		}
		out := append([]unit(nil), units[:i+1]...)
		var gone []unit
		for _, u := range units[i+1 : end] {
			if isName(u) {
				gone = append(gone, u)
				continue
			}
			out = append(out, u)
		}
		return append(out, units[end:]...), []policy.Drop{lineDrop("name_list", i+1, gone)}
	}
	return units, nil
}

// isName says whether a line could be a name: its longer words begin with
// capitals, and nothing in it makes it a sentence or a figure.
func isName(u unit) bool {
	for w := range strings.FieldsSeq(u.text) {
		if first, _ := utf8.DecodeRuneInString(w); len(w) > 3 && unicode.IsLower(first) {
			return false
		}
	}
	return u.kind != policy.TableRow && countWords(u.text) <= maxNameWords && !endsSentence(u.text) && !strings.HasSuffix(u.text, ":") && !strings.ContainsAny(u.text, "0123456789@|")
}
