package history

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"watcher/policy"
)

// GitBranch is the branch that an export is written to.
const GitBranch = "refs/heads/main"

// gitName is the author of commits. It is the same for everybody, so that the
// same store gives the same commits.
const gitName = "watcher <watcher@localhost>"

// maxSubject bounds the first line of a commit's message, in runes.
const maxSubject = 200

// git writes a stream for "git fast-import": a commit per version over all
// policies in the order of time. The same versions make the same commits, so a
// later import into the same repository adds what is new.
func (x *exporter) git(ctx context.Context) error {
	var all []moment
	err := x.each(ctx, func(_ policy.State, v policy.Version) error {
		all = append(all, moment{id: v.Policy, number: v.Number, at: v.CapturedAt.Unix(), first: v.FirstSeenAt.Unix()})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, byTime)
	w := bufio.NewWriter(x.out)
	fmt.Fprintf(w, "feature done\nreset %s\n\n", GitBranch)
	for _, m := range all {
		if err := x.gitCommit(ctx, w, m); err != nil {
			return err
		}
	}
	fmt.Fprint(w, "done\n")
	return w.Flush()
}

func (x *exporter) gitCommit(ctx context.Context, w *bufio.Writer, m moment) error {
	what := fmt.Sprintf("%s@%d", m.id, m.number)
	v, err := x.reader.Version(ctx, m.id, m.number)
	if err != nil {
		return x.missing(what, err)
	}
	doc, err := x.reader.Document(ctx, m.id, m.number)
	if err != nil {
		return x.missing(what, err)
	}
	capture, err := x.capture(ctx, v)
	if err != nil {
		return err
	}
	text, message := doc.Text(), gitMessage(v, capture)
	when := max(v.CapturedAt.Unix(), 0)
	fmt.Fprintf(w, "commit %s\nauthor %s %d +0000\ncommitter %s %d +0000\ndata %d\n%s\n", GitBranch, gitName, when, gitName, when, len(message), message)
	fmt.Fprintf(w, "M 100644 inline %s.md\ndata %d\n%s\n\n", m.id, len(text), text)
	x.done.Versions++
	return w.Flush()
}

// gitMessage says what a version is and where it comes from.
func gitMessage(v policy.Version, c *policy.Capture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", v.Policy, oneLine(v.Summary, maxSubject))
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, oneLine(value, 2000))
		}
	}
	line("Version", strconv.Itoa(v.Number))
	line("Kind", string(v.Kind))
	line("Significance", string(v.Significance))
	line("First-Seen", cellTime(v.FirstSeenAt))
	line("Captured", cellTime(v.CapturedAt))
	if c != nil {
		line("URL", c.FinalURL)
		line("Source", string(c.Source))
	}
	line("Text-SHA256", v.SHA256.String())
	line("Raw-SHA256", v.RawSHA256.String())
	return b.String()
}

// oneLine makes a text one line of at most n runes.
func oneLine(text string, n int) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")))
	if len(runes) > n {
		runes = append(runes[:n-1], '…')
	}
	return string(runes)
}
