package alerts

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"

	"watcher/policy"
)

// Slack's limits: 50 blocks a message, 150 characters in a header, 3000 in the
// text of a section (Block Kit reference), and about 13,200 over all blocks,
// which is undocumented (slackapi/bolt-js#2509); 12,000 leaves room.
const (
	slackHeaderChars  = 150
	slackSectionChars = 3000
	slackTotalChars   = 12000
	slackMaxBlocks    = 50

	// slackMaxItems keeps far from the limit of blocks: an edit is one block,
	// and six more stand round the edits.
	slackMaxItems      = 20
	slackFallbackChars = 800
	slackMaxURL        = 1000
	// slackTailChars is kept free for the words round the links and for what is
	// only counted.
	slackTailChars = 150
)

// slackMessage renders m in Block Kit. Everything that strangers wrote stands
// in plain_text and rich_text, which Slack does not parse; the fallback text is
// parsed and therefore escaped.
func slackMessage(m Message) *slack.WebhookMessage {
	v := newView(m, slackMaxItems)
	msg := slackText(fallback(v), slackFallbackChars)

	top := []slack.Block{slack.NewHeaderBlock(plainText(cutHead(v.Title, slackHeaderChars)))}
	if text := cutHead(strings.Join(v.Lines, "\n"), slackSectionChars); text != "" {
		top = append(top, slack.NewSectionBlock(plainText(text), nil, nil))
	}
	if v.Facts != "" {
		top = append(top, slack.NewContextBlock("", plainText(v.Facts)))
	}
	used := textLen(msg.Text) + textLen(v.Facts) + textLen(v.Footer) + slackTailChars
	for _, text := range append(v.Lines, v.Title, v.Links.Change, v.Links.Before, v.Links.After, v.Links.Policy, v.PolicyURL) {
		used += textLen(text) + 1
	}
	items, left := slackItems(v.Items, slackTotalChars-used)
	msg.Blocks = &slack.Blocks{BlockSet: slices.Concat(top, items, slackTail(v, v.More+left))}
	return msg
}

// slackTemplated shows a text that a template made as plain text, which cannot
// mention anybody.
func slackTemplated(v view, text string) *slack.WebhookMessage {
	msg := slackText(fallback(v), slackFallbackChars)
	room := slackTotalChars - textLen(msg.Text) - textLen(v.Footer)
	text = cutHead(strings.TrimSpace(text), room)
	var blocks []slack.Block
	for text != "" && len(blocks) < slackMaxBlocks-1 {
		end, _ := prefix(text, slackSectionChars)
		if at := strings.LastIndexByte(text[:end], '\n'); end < len(text) && at > 0 {
			end = at
		}
		if part := strings.TrimSpace(text[:end]); part != "" {
			blocks = append(blocks, slack.NewSectionBlock(plainText(part), nil, nil))
		}
		text = text[end:]
	}
	msg.Blocks = &slack.Blocks{BlockSet: append(blocks, slack.NewContextBlock("", plainText(v.Footer)))}
	return msg
}

// slackMinimal renders m as plain text with a link.
func slackMinimal(m Message) *slack.WebhookMessage {
	return slackText(fallback(newView(m, 0)), minimalChars)
}

// slackText returns a message of at most limit characters of escaped text that
// unfolds no links: what they lead to is the vendor's.
func slackText(text string, limit int) *slack.WebhookMessage {
	no := false
	return &slack.WebhookMessage{Text: escapeTo(text, limit), UnfurlLinks: &no, UnfurlMedia: &no}
}

// fallback is the plain form: what happened, where to look, which alert.
func fallback(v view) string {
	lines := []string{v.Title}
	if link := v.Links.best(); link != "" && len(link) <= slackMaxURL/2 {
		lines = append(lines, link)
	}
	lines = append(lines, v.Footer)
	if len(v.Lines) > 0 {
		lines = append(lines, v.Lines[0])
	}
	return strings.Join(lines, "\n")
}

// escapeTo escapes s for mrkdwn and keeps at most limit characters of the
// result, without cutting an entity.
func escapeTo(s string, limit int) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		part := slackutilsx.EscapeMessage(string(r))
		rest := len(s) - i - len(string(r))
		if n+textLen(part) > limit-min(rest, 1) {
			return strings.TrimRight(b.String(), " \n") + ellipsis
		}
		n += textLen(part)
		b.WriteString(part)
	}
	return b.String()
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// slackItems renders as many items as fit into room, and counts the others. The
// first one always fits: an alert shows what it is about.
func slackItems(items []item, room int) (blocks []slack.Block, left int) {
	for i, it := range items {
		it.Spans = apart(it.Spans)
		size := textLen(it.Head) + textLen(it.Why) + len("Why: ")
		for _, s := range it.Spans {
			size += textLen(s.Text)
		}
		if size > room {
			return blocks, len(items) - i
		}
		room -= size
		blocks = append(blocks, slackItem(it))
	}
	return blocks, 0
}

func slackItem(it item) *slack.RichTextBlock {
	elements := []slack.RichTextElement{slack.NewRichTextSection(styled(it.Head, &slack.RichTextSectionTextStyle{Bold: true}))}
	if len(it.Spans) > 0 {
		quote := &slack.RichTextQuote{Type: slack.RTEQuote}
		for _, s := range it.Spans {
			quote.Elements = append(quote.Elements, styled(s.Text, spanStyle(s.Op)))
		}
		elements = append(elements, quote)
	}
	if it.Why != "" {
		elements = append(elements, slack.NewRichTextSection(styled("Why: "+it.Why, &slack.RichTextSectionTextStyle{Italic: true})))
	}
	return slack.NewRichTextBlock("", elements...)
}

func styled(text string, style *slack.RichTextSectionTextStyle) *slack.RichTextSectionTextElement {
	return slack.NewRichTextSectionTextElement(text, style)
}

func spanStyle(op policy.SpanOp) *slack.RichTextSectionTextStyle {
	switch op {
	case policy.SpanDelete:
		return &slack.RichTextSectionTextStyle{Strike: true}
	case policy.SpanInsert:
		return &slack.RichTextSectionTextStyle{Bold: true}
	case policy.SpanEqual:
	}
	return nil
}

// slackTail says how much is missing, where to read on and which alert it is.
func slackTail(v view, more int) []slack.Block {
	var parts []slack.RichTextSectionElement
	between := ""
	if rest := v.rest(more); rest != "" {
		parts = append(parts, styled(rest+". ", nil))
	}
	for _, l := range []struct{ url, text string }{
		{v.Links.Change, "All of the change"},
		{v.Links.Before, "The text before"},
		{v.Links.After, "The text now"},
		{v.Links.Policy, "History of the policy"},
		{v.PolicyURL, "The vendor's page"},
	} {
		if !isHTTP(l.url) || len(l.url) > slackMaxURL {
			continue
		}
		if between != "" {
			parts = append(parts, styled(between, nil))
		}
		between = " · "
		parts = append(parts, slack.NewRichTextSectionLinkElement(l.url, l.text, nil))
	}
	var blocks []slack.Block
	if len(parts) > 0 {
		blocks = append(blocks, slack.NewRichTextBlock("", slack.NewRichTextSection(parts...)))
	}
	return append(blocks, slack.NewContextBlock("", plainText(v.Footer)))
}

func isHTTP(u string) bool {
	return strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://")
}
