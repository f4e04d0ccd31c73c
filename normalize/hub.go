package normalize

import (
	"regexp"
	"strings"

	"watcher/policy"
)

// The figures of what a site puts above the title of a document.
const (
	// maxHubLines is how many lines stand there at most, and maxHubLine how long
	// each of them is, in words.
	maxHubLines = 5
	maxHubLine  = 60
)

// announces matches lines that tell of a change of a document.
var announces = regexp.MustCompile(`(?i)\b(?:updated?|updating|updates|revised?|revising|chang(?:ed?|es|ing)|new|replac(?:ed?|es|ing)|amend(?:ed|ing|s)?|neu(?:e[rns]?)?|aktualisiert|geändert|mis(?:e|es)? à jour|modifié(?:e|s|es)?)\b`)

// updated matches the sentence with which sites tell on all their pages of a new
// edition of one document, such as "We've updated our Privacy Notice".
var updated = regexp.MustCompile(`(?i)^(?:we(?: have|['’]ve)?|[\p{L}\p{N}.&]+ has) (?:recently )?(?:updated|changed|revised) (?:our|its|the) (?:[\p{L}-]+ ){0,3}?` +
	`(?:(?:privacy|cookies?|data protection|acceptable use|usage|community|security) (?:policy|notice|statement|guidelines)|terms(?: of (?:service|use|sale)| and conditions)?|` +
	`data processing (?:addendum|agreement)|list of sub-?processors|sub-?processors list|imprint)[.!]?$`)

// documents names the kinds of legal documents by what their titles say.
var documents = []*regexp.Regexp{
	regexp.MustCompile(`(?i)privacy|datenschutz|confidentialit|privacidad|riservatezza`),
	regexp.MustCompile(`(?i)cookies?`),
	regexp.MustCompile(`(?i)terms|conditions|agb|nutzungsbedingungen|términos|condizioni|agreement`),
	regexp.MustCompile(`(?i)acceptable use|usage polic|community|guidelines`),
	regexp.MustCompile(`(?i)processing|\bdpa\b|addendum|auftragsverarbeitung`),
	regexp.MustCompile(`(?i)sub-?processors?`),
	regexp.MustCompile(`(?i)security|compliance`),
	regexp.MustCompile(`(?i)imprint|impressum|legal notice|mentions légales`),
}

// dropHub leaves out what a site puts above the title of each of its legal
// documents: the name of the place where they all are, and news of another of
// them. News of the document itself, and whatever has a number in it, stays.
func dropHub(units []unit) ([]unit, []policy.Drop) {
	t := titleLine(units)
	if t <= 0 {
		return units, nil
	}
	title := documentKinds(units[t].text)
	if title == 0 {
		return units, nil
	}
	news := false
	for i, u := range units[:t] {
		if u.kind == policy.TableRow || u.kind == policy.Item || countWords(u.text) > maxHubLine || strings.ContainsAny(u.text, "0123456789@") {
			return units, nil
		}
		switch {
		case i == 0 && u.fixed && u.level == 1:
		case newsOfAnother(u, title):
			news = true
		case news && !announces.MatchString(u.text):
		case !news && !announces.MatchString(u.text) && namesHub(u.text):
		default:
			return units, nil
		}
	}
	return units[t:], []policy.Drop{lineDrop("legal_hub", 0, units[:t])}
}

// titleLine returns the place of the document's title: the heading of the first
// level, among the first lines, that names a document. It returns -1 where the
// first heading of that level is no such name and no other follows.
func titleLine(units []unit) int {
	for i := range units[:min(len(units), maxHubLines+1)] {
		if u := units[i]; u.fixed && u.level == 1 && documentKinds(u.text) != 0 {
			return i
		}
	}
	return -1
}

// newsOfAnother says whether a line tells of a new edition of another document than
// the one with a title of these kinds.
func newsOfAnother(u unit, title int) bool {
	return !u.fixed && updated.MatchString(u.text) && documentKinds(u.text)&title == 0
}

// namesHub says whether a line speaks of several documents rather than of one.
func namesHub(s string) bool {
	return len(hubTitle.FindAllString(s, 2)) == 2 && countWords(s) <= 20
}

// documentKinds returns the kinds of documents that a line names, as a set.
func documentKinds(s string) int {
	kinds := 0
	for i, re := range documents {
		if re.MatchString(s) {
			kinds |= 1 << i
		}
	}
	return kinds
}
