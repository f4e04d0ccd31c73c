package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"watcher/policy"
)

// Bounds of a card. Microsoft says "about 28 KB" for a message; above that the
// answer is 413.
const (
	teamsMaxBytes = 27_000
	teamsMaxItems = 15
	teamsLine     = 700
	teamsMaxURL   = 1000
	// teamsShortLine and teamsShortLines are what remains of a message whose
	// every character takes six bytes.
	teamsShortLine  = 300
	teamsShortLines = 4
)

// The parts of an Adaptive Card that are used. The types are our own, because
// those of the library that we know have no place for the runs of a
// RichTextBlock, and a TextBlock would parse what a vendor wrote as Markdown.
type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

type teamsAttachment struct {
	ContentType string      `json:"contentType"`
	ContentURL  *string     `json:"contentUrl"`
	Content     teamsLayout `json:"content"`
}

type teamsLayout struct {
	Schema       string        `json:"$schema"`
	Type         string        `json:"type"`
	Version      string        `json:"version"`
	FallbackText string        `json:"fallbackText"`
	MSTeams      teamsWidth    `json:"msteams"`
	Body         []teamsBlock  `json:"body"`
	Actions      []teamsAction `json:"actions,omitempty"`
}

type teamsWidth struct {
	Width string `json:"width"`
}

type teamsBlock struct {
	Type      string     `json:"type"`
	Spacing   string     `json:"spacing,omitempty"`
	Separator bool       `json:"separator,omitempty"`
	Inlines   []teamsRun `json:"inlines"`
}

type teamsRun struct {
	Type          string `json:"type"`
	Text          string `json:"text"`
	Size          string `json:"size,omitempty"`
	Weight        string `json:"weight,omitempty"`
	Color         string `json:"color,omitempty"`
	Subtle        bool   `json:"isSubtle,omitempty"`
	Italic        bool   `json:"italic,omitempty"`
	Strikethrough bool   `json:"strikethrough,omitempty"`
	Underline     bool   `json:"underline,omitempty"`
}

type teamsAction struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// teamsCard renders m with as many edits as fit. The first always does.
func teamsCard(m Message) ([]byte, error) {
	v := newView(m, teamsMaxItems)
	for _, bound := range []struct{ line, lines int }{{teamsLine, len(v.Lines)}, {teamsShortLine, min(len(v.Lines), teamsShortLines)}} {
		body, _, err := fitItems(v, teamsMaxBytes, func(v view) ([]byte, error) { return teamsJSON(v, teamsBlocks(v, bound.line, bound.lines)) })
		if err != nil || len(body) <= teamsMaxBytes {
			return body, err
		}
	}
	return nil, errors.New("the card is too large")
}

// teamsMinimal is a card of plain text.
func teamsMinimal(m Message) ([]byte, error) {
	v := newView(m, 0)
	return teamsText(v, cutHead(fallback(v), minimalChars))
}

// teamsText is a card of the lines of a text, as many as fit.
func teamsText(v view, text string) ([]byte, error) {
	var blocks []teamsBlock
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			blocks = append(blocks, teamsTextBlock(teamsRun{Text: cutHead(line, maxRedline)}))
		}
	}
	for n := len(blocks); n > 0; n-- {
		body, err := teamsJSON(v, blocks[:n])
		if err != nil || len(body) <= teamsMaxBytes {
			return body, err
		}
	}
	return nil, errors.New("the card is empty or too large")
}

func teamsJSON(v view, blocks []teamsBlock) ([]byte, error) {
	card := teamsLayout{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		FallbackText: v.Title, MSTeams: teamsWidth{"Full"}, Body: blocks, Actions: teamsActions(v),
	}
	body, err := json.Marshal(teamsMessage{Type: "message", Attachments: []teamsAttachment{{
		ContentType: "application/vnd.microsoft.card.adaptive", Content: card,
	}}})
	if err != nil {
		return nil, fmt.Errorf("card: %w", err)
	}
	return body, nil
}

func teamsTextBlock(runs ...teamsRun) teamsBlock {
	for i := range runs {
		runs[i].Type = "TextRun"
	}
	return teamsBlock{Type: "RichTextBlock", Inlines: runs}
}

// teamsBlocks is the body of a card, with at most the given number of lines.
func teamsBlocks(v view, line, lines int) []teamsBlock {
	blocks := []teamsBlock{teamsTextBlock(teamsRun{Text: v.Title, Size: "Large", Weight: "Bolder"})}
	if v.Facts != "" {
		blocks = append(blocks, teamsTextBlock(teamsRun{Text: v.Facts, Size: "Small", Subtle: true}))
	}
	for _, text := range v.Lines[:lines] {
		blocks = append(blocks, teamsTextBlock(teamsRun{Text: cutHead(text, line)}))
	}
	for _, it := range v.Items {
		head := teamsTextBlock(teamsRun{Text: it.Head, Weight: "Bolder", Size: "Small"})
		head.Separator = true
		blocks = append(blocks, head)
		if len(it.Spans) > 0 {
			blocks = append(blocks, teamsRedline(it.Spans))
		}
		if it.Why != "" {
			blocks = append(blocks, teamsTextBlock(teamsRun{Text: "Why: " + it.Why, Size: "Small", Italic: true, Subtle: true}))
		}
	}
	tail := v.Footer
	if rest := v.Rest(); rest != "" {
		tail = rest + ". " + tail
	}
	foot := teamsTextBlock(teamsRun{Text: tail, Size: "Small", Subtle: true})
	foot.Separator = true
	return append(blocks, foot)
}

// teamsRedline says by a line under or through the words what colour says too.
func teamsRedline(spans []policy.Span) teamsBlock {
	spans = apart(spans)
	runs := make([]teamsRun, len(spans))
	for i, s := range spans {
		runs[i].Text = s.Text
		switch s.Op {
		case policy.SpanDelete:
			runs[i].Strikethrough, runs[i].Color = true, "Attention"
		case policy.SpanInsert:
			runs[i].Underline, runs[i].Weight, runs[i].Color = true, "Bolder", "Good"
		case policy.SpanEqual:
		}
	}
	block := teamsTextBlock(runs...)
	block.Spacing = "Small"
	return block
}

func teamsActions(v view) []teamsAction {
	var actions []teamsAction
	for _, l := range v.links() {
		if len(l.URL) <= teamsMaxURL {
			actions = append(actions, teamsAction{Type: "Action.OpenUrl", Title: l.Text, URL: l.URL})
		}
	}
	return actions
}
