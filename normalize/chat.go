package normalize

import (
	"regexp"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The figures of a chat that is laid over a page: how many words it has at most,
// and what part of the page, in percent.
const (
	maxChatWords = 80
	shareChat    = 30
)

// closesChat matches what the button says, to those who cannot see it, that
// closes a chat.
var closesChat = regexp.MustCompile(`(?i)^(?:close|minimi[sz]e|hide|exit|end) (?:the |this |live )?(?:chat ?(?:bot|box|window|widget)?|assistant|messenger)$|` +
	`^(?:chat|chatbot|chatfenster|assistenten?) (?:schließen|minimieren)$|^fermer (?:le |la )?(?:chat|fenêtre de chat|assistant)$|^cerrar (?:el )?(?:chat|asistente)$|^chiudi (?:la )?chat$`)

// chatBoxes drops the boxes in which sites offer to talk: the largest small
// container around the button that closes it. What stands in the main content may
// be the policy's.
func (p *page) chatBoxes() []dropped {
	var out []dropped
	for i := int32(0); i < int32(len(p.nodes)); i++ { //nolint:gosec // maxTags bounds the count
		n := &p.nodes[i]
		if n.h.Type != html.ElementNode || n.inMain || !closesChat.MatchString(attr(n.h, "aria-label")) || p.lies(i) {
			continue
		}
		if box := p.chatBox(i); box >= 0 {
			out = append(out, dropped{"assistant", box})
			p.drop(box)
		}
	}
	return out
}

func (p *page) chatBox(i int32) int32 {
	box := int32(-1)
	for a := p.nodes[i].parent; a > 0; a = p.nodes[a].parent {
		n := &p.nodes[a]
		e := elem{node: n, h: n.h, p: p, i: a}
		if n.words > maxChatWords || int64(n.words)*100 >= int64(p.total)*shareChat || n.h.DataAtom == atom.Body || e.holds(holdsDocument) {
			break
		}
		if isContainer(n.h) || n.h.DataAtom == atom.Aside {
			box = a
		}
	}
	return box
}

// holdsDocument says whether an element makes what it stands in more than a box.
func holdsDocument(h *html.Node) bool { return h.DataAtom == atom.H1 || isMain(h) }
