package policy

// Significance grades a change or an edit.
type Significance string

// The grades, from least to most. None means the same words; Cosmetic is
// typography, markup and numbering; Minor is wording, contact details, dates
// and moves; Material is what is collected, why, with whom it is shared, how
// long it is kept, where it goes and which rights people have.
const (
	None     Significance = "none"
	Cosmetic Significance = "cosmetic"
	Minor    Significance = "minor"
	Material Significance = "material"
)

// Significances returns the grades from least to most.
func Significances() []Significance { return []Significance{None, Cosmetic, Minor, Material} }

// Rank orders grades; an unknown or empty one ranks as None.
func (s Significance) Rank() int {
	for i, g := range Significances() {
		if g == s {
			return i
		}
	}
	return 0
}

// EditOp is what happened to a unit of text.
type EditOp string

// The edit operations.
const (
	Added      EditOp = "added"
	Removed    EditOp = "removed"
	Reworded   EditOp = "reworded"
	Moved      EditOp = "moved"
	Renumbered EditOp = "renumbered"
)

// SpanOp is what happened to the words of a span.
type SpanOp string

// The span operations.
const (
	SpanEqual  SpanOp = "equal"
	SpanDelete SpanOp = "delete"
	SpanInsert SpanOp = "insert"
)

// Span is a run of words of a redline, white space included.
type Span struct {
	Op   SpanOp `json:"op"`
	Text string `json:"text"`
}

// Edit is one item of a change.
type Edit struct {
	// ID is stable for the same edit of the same change.
	ID string `json:"id"`
	Op EditOp `json:"op"`
	// Section is where the text stands now (for a removal: where it stood),
	// FromSection where it stood before when that differs. Either is the path
	// of headings joined by " > ".
	Section     string `json:"section"`
	FromSection string `json:"from_section"`
	// Old and New are whole units; both are filled for moved and renumbered.
	Old string `json:"old"`
	New string `json:"new"`
	// Redline refines a reworded unit: its equal and deleted spans joined are
	// Old, its equal and inserted spans New.
	Redline      []Span       `json:"redline,omitempty"`
	Kind         BlockKind    `json:"kind,omitempty"`
	Heading      bool         `json:"heading,omitempty"`
	Categories   []Category   `json:"categories"`
	Significance Significance `json:"significance"`
	// Reasons say in words a person can check why the edit has its categories
	// and grade: cue words, facts, the section that decided.
	Reasons []string `json:"reasons"`
}

// WordCounts counts words by what happened to them.
type WordCounts struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Moved   int `json:"moved"`
}

// ChangeDates are the dates that both sides claim and what follows from them.
type ChangeDates struct {
	From  []Date     `json:"from"`
	To    []Date     `json:"to"`
	Facts []DateFact `json:"facts"`
}

// LinkEdit is a hyperlink whose target changed under the same words.
type LinkEdit struct {
	Section string `json:"section"`
	Text    string `json:"text"`
	Old     string `json:"old"`
	New     string `json:"new"`
}

// Change is what lies between two texts of a policy.
type Change struct {
	Policy       ID           `json:"policy,omitempty"`
	From         VersionRef   `json:"from"`
	To           VersionRef   `json:"to"`
	Significance Significance `json:"significance"`
	Summary      string       `json:"summary"`
	Categories   []Category   `json:"categories"`
	Dates        ChangeDates  `json:"dates"`
	Edits        []Edit       `json:"edits"`
	Links        []LinkEdit   `json:"links,omitempty"`
	Words        WordCounts   `json:"words"`
	// Machine is what a language model makes of the edits, where one is
	// configured. Nothing is decided by it.
	Machine *MachineSummary `json:"machine_summary,omitempty"`
}

// MachineSummary is a summary that a language model wrote.
type MachineSummary struct {
	Text  string `json:"text"`
	Model string `json:"model"`
}

// Empty reports whether there is nothing to show: an alert never has an empty
// change.
func (c Change) Empty() bool { return len(c.Edits) == 0 && len(c.Links) == 0 }
