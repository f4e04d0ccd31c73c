package alerts

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"watcher/policy"
)

// Log prints messages. It is used when no receiver is configured, and by the
// demo.
type Log struct {
	w      io.Writer
	logger *slog.Logger
}

// logMaxItems bounds the edits of one block.
const logMaxItems = 20

// NewLog returns a sender that writes a readable block for each message to w,
// and one line to logger. Either may be nil. Deleted words are shown as
// [-words-], inserted ones as {+words+}, as "git diff --word-diff" has it.
func NewLog(w io.Writer, logger *slog.Logger) *Log { return &Log{w: w, logger: logger} }

// Send implements Sender.
func (l *Log) Send(ctx context.Context, m Message) error {
	if l.w != nil {
		if _, err := io.WriteString(l.w, logBlock(m)); err != nil {
			return &SendError{Kind: Retry, Reason: reasonOther, Err: fmt.Errorf("printing the alert: %w", err)}
		}
	}
	if l.logger != nil {
		l.logger.LogAttrs(ctx, slog.LevelInfo, "alert",
			slog.String("alert", m.AlertID), slog.String("event", string(m.Event.Type)),
			slog.String("policy", string(m.Event.Policy.ID)), slog.String("significance", string(m.Event.Significance)),
			slog.String("summary", cutHead(cleanLine(m.Event.Summary), maxLine)), slog.Bool("test", m.Test))
	}
	return nil
}

// logBlock renders m for a terminal. It ends in an empty line.
func logBlock(m Message) string { return logText(newView(m, logMaxItems)) }

func logText(v view) string {
	var b strings.Builder
	fmt.Fprintf(&b, "── %s\n", v.Title)
	for _, line := range append([]string{v.Facts}, v.Lines...) {
		if line != "" {
			fmt.Fprintf(&b, "   %s\n", line)
		}
	}
	for _, it := range v.Items {
		fmt.Fprintf(&b, "\n   • %s\n", it.Head)
		if len(it.Spans) > 0 {
			fmt.Fprintf(&b, "     %s\n", wordDiff(it.Spans))
		}
		if it.Why != "" {
			fmt.Fprintf(&b, "     why: %s\n", it.Why)
		}
	}
	if rest := v.rest(v.More); rest != "" {
		fmt.Fprintf(&b, "\n   %s\n", rest)
	}
	b.WriteByte('\n')
	for _, line := range []string{v.Links.best(), v.PolicyURL, v.Footer} {
		if line != "" {
			fmt.Fprintf(&b, "   %s\n", line)
		}
	}
	b.WriteByte('\n')
	return b.String()
}

func wordDiff(spans []policy.Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch s.Op {
		case policy.SpanDelete:
			b.WriteString("[-" + s.Text + "-]")
		case policy.SpanInsert:
			b.WriteString("{+" + s.Text + "+}")
		case policy.SpanEqual:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}
