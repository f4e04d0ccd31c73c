package diffing

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"watcher/policy"
)

// bank writes sentences as policies have them, no two alike.
type bank struct {
	n    int
	seen map[string]bool
}

func newBank() *bank { return &bank{seen: map[string]bool{}} }

// The parts of the sentences. {x} is filled from the list of that name.
var bankParts = map[string][]string{
	"who": {
		"we", "our support team", "the sales department", "our parent company", "the operator of the platform", "Acme Software", "our staff in Lyon",
		"the customer service", "our research group", "the security office", "our branch in Oslo", "the group's shared service centre",
	},
	"data": {
		"your name and postal address", "order details", "the pages that you visit", "crash reports", "the type of your device", "payment records",
		"voice recordings", "your job title", "the answers that you give in surveys", "chat transcripts", "scans that you upload", "the time of your last visit",
		"delivery addresses", "photographs of your workpieces", "licence keys", "your date of birth", "warranty claims", "training certificates",
	},
	"party": {
		"carriers", "payment providers", "auditors", "our distributors", "hosting companies", "advertising networks", "courts and authorities", "insurers",
		"universities that work with us", "the companies of our group", "analytics providers", "installers in your region", "collection agencies", "translators",
	},
	"aim": {
		"ship what you ordered", "answer your questions", "prevent fraud", "improve the print quality of our machines", "keep our books", "plan our production",
		"tell you about recalls", "settle disputes", "train our technicians", "measure how our advertising works", "check that licences are valid",
		"offer you spare parts", "invite you to trade fairs", "find out why software crashed",
	},
	"when": {
		"when you open an account", "after you have placed an order", "whenever you call us", "as soon as the contract ends", "while you use the cloud",
		"before the machine is installed", "if the law requires it", "once a year", "during the warranty", "when a court asks for it", "unless you object",
		"until the invoice is paid", "as long as you agree", "at the end of a training course",
	},
	"time": {"six months", "two years", "90 days", "ten years", "30 days", "one business year", "three months", "five years", "14 days", "eighteen months"},
	"place": {
		"Germany", "the United States", "Japan", "Singapore", "Brazil", "Switzerland", "Canada", "the European Union", "Israel", "South Korea", "Norway", "India",
	},
	"way": {
		"by letter", "through the form in your account", "by telephone", "at any of our offices", "with the link in every message", "in the settings of the app",
		"through your dealer", "by writing to the address below",
	},
	"noun": {
		"printer", "scanner", "portal", "newsletter", "showroom", "laboratory", "subscription", "forum", "catalogue", "workshop", "warehouse", "helpdesk", "webinar",
		"configurator", "marketplace", "archive", "calendar", "dashboard", "gateway", "library",
	},
}

var bankForms = []string{
	"{Who} may collect {data} {when}, so that we can {aim}.",
	"We use {data} to {aim} and to {aim}.",
	"{Who} shares {data} with {party} {when}.",
	"We keep {data} for {time} {when}, and then erase them from the {noun}.",
	"If you do not want {party} to receive {data}, you can tell us {way}.",
	"You may ask {who} for a copy of {data} {way}, and we answer within {time}.",
	"The {noun} stores {data} on servers in {place}, which {party} operate for us.",
	"{Party} in {place} process {data} on our behalf in order to {aim}.",
	"Access to {data} is limited to {who} and protected by a second factor at the {noun}.",
	"For visitors of the {noun} from {place} other rules on {data} may apply {when}.",
	"We do not hand {data} to {party} for purposes of their own {when}.",
	"{Who} reviews each year whether {data} are still needed to {aim}.",
	"Children who use the {noun} need the consent of a parent before {who} may store {data}.",
	"Where {who} relies on your consent to {aim}, you can withdraw it {way}.",
	"The {noun} sets a cookie that lasts {time} and helps us to {aim}.",
	"Should {who} change how {data} are used, a notice will stand on the {noun} for {time}.",
	"Our contract with {party} obliges them to delete {data} within {time}.",
	"{Who} transfers {data} to {place} under standard contractual clauses {when}.",
	"Records of the {noun} contain {data}, and {party} can see them {when}.",
	"In order to {aim}, {who} compares {data} with those held by {party}.",
	"Nobody at {party} learns of {data} without an order from {who}.",
	"To {aim}, the {noun} reads {data} every {time}.",
}

var bankItems = []string{
	"{data}, which {who} needs to {aim}", "{party} in {place} that help us to {aim}", "{data} from the {noun} {when}", "the right to have {data} corrected {way}",
	"records of the {noun}, kept for {time} to {aim}", "{data} that {party} send us {when}",
}

var bankTitles = []string{
	"How the {noun} works with {data}", "Use of {data}", "{Party} and what they receive", "Keeping of {data}", "Your choices about {data}", "Security of the {noun}",
	"Visitors from {place}", "Cookies of the {noun}", "What {who} does", "Transfers to {place}", "When we delete {data}", "The {noun} and minors",
}

func (b *bank) fill(rnd *rand.Rand, form string) string {
	for {
		i := strings.IndexByte(form, '{')
		if i < 0 {
			return form
		}
		end := i + strings.IndexByte(form[i:], '}')
		name := form[i+1 : end]
		list := bankParts[strings.ToLower(name)]
		word := list[rnd.IntN(len(list))]
		if name[0] <= 'Z' {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		form = form[:i] + word + form[end+1:]
	}
}

// unique fills one of the forms so that it was not there before.
func (b *bank) unique(rnd *rand.Rand, forms []string) string {
	for {
		s := b.fill(rnd, forms[rnd.IntN(len(forms))])
		if !b.seen[s] {
			b.seen[s] = true
			return s
		}
	}
}

// fresh returns a sentence that no document of the bank has: it names something
// that the others do not.
func (b *bank) fresh(rnd *rand.Rand) string {
	b.n++
	s := b.unique(rnd, bankForms)
	return strings.TrimSuffix(s, ".") + ", as agreed for " + b.name(rnd) + " in plan " + numberName(b.n) + "."
}

func (b *bank) item(rnd *rand.Rand) string {
	return b.unique(rnd, bankItems) + " for " + b.name(rnd)
}

func (b *bank) title(rnd *rand.Rand) string { return b.unique(rnd, bankTitles) }

// filler returns n words that are no stop words.
func (b *bank) filler(rnd *rand.Rand, n int) string {
	var w []string
	for range n {
		b.n++
		w = append(w, strings.ToLower(b.name(rnd)))
	}
	return strings.Join(w, " ")
}

// name makes up the name of a company.
func (b *bank) name(rnd *rand.Rand) string {
	const heads, tails = "Bor Cal Dun Fer Gal Hol Jun Kel Lor Mer Nor Pel Quin Ros Sel Tor Ul Ver Wil Yor Zan", "adin amor berg dale ex field gate holm inor ista lund mere nova oria pont quist rand sten tech via wick"
	h, t := strings.Fields(heads), strings.Fields(tails)
	return h[rnd.IntN(len(h))] + t[rnd.IntN(len(t))] + t[rnd.IntN(len(t))]
}

func numberName(n int) string {
	return fmt.Sprintf("%c%c", 'a'+rune(n/26%26), 'a'+rune(n%26))
}

// document writes a policy of 8 to 20 sections.
func (b *bank) document(seed uint64) sdoc {
	rnd := rand.New(rand.NewPCG(seed, 99))
	d := sdoc{numbered: seed%2 == 0}
	d.secs = append(d.secs, ssec{title: "Privacy policy of " + b.name(rnd), blocks: []sblock{{kind: policy.Paragraph, sents: []string{b.unique(rnd, bankForms), b.unique(rnd, bankForms)}}}})
	for range 8 + rnd.IntN(12) {
		sec := ssec{title: b.title(rnd)}
		for range 2 + rnd.IntN(4) {
			switch rnd.IntN(6) {
			case 0:
				for range 4 + rnd.IntN(4) {
					sec.blocks = append(sec.blocks, sblock{kind: policy.Item, sents: []string{b.unique(rnd, bankItems)}})
				}
			case 1:
				for range 3 + rnd.IntN(5) {
					b.n++
					sec.blocks = append(sec.blocks, sblock{kind: policy.TableRow, sents: []string{"_" + strings.ToLower(b.name(rnd)) + " | " + b.unique(rnd, bankItems) + " | " + b.fill(rnd, "{time}")}})
				}
			default:
				bl := sblock{kind: policy.Paragraph}
				for range 1 + rnd.IntN(5) {
					bl.sents = append(bl.sents, b.unique(rnd, bankForms))
				}
				sec.blocks = append(sec.blocks, bl)
			}
		}
		sec.blocks = append(sec.blocks, sblock{kind: policy.Paragraph, sents: []string{b.unique(rnd, bankForms)}})
		d.secs = append(d.secs, sec)
	}
	return d
}
