package policy

// RenormalizeSchema is the schema of a line of "watcher renormalize --json".
const RenormalizeSchema = "watcher.renormalize/1"

// RenormalizeRequest asks to read stored captures by the rules of now.
type RenormalizeRequest struct {
	// Policies are those to read; none means all of the configuration.
	Policies []ID `json:"policies"`
	// DryRun stores nothing.
	DryRun bool `json:"dry_run"`
}

// The results of reading a version's capture again.
const (
	RereadSame       = "same"       // the text is the stored one
	RereadDiffers    = "differs"    // it is another one
	RereadUnreadable = "unreadable" // the capture cannot be had or read
)

// Renormalized says what the rules of now make of a version's capture.
type Renormalized struct {
	Schema  string      `json:"schema"`
	Policy  ID          `json:"policy"`
	Version int         `json:"version"`
	Kind    VersionKind `json:"kind,omitempty"`
	// Head is set for the version in force.
	Head   bool   `json:"head,omitempty"`
	Result string `json:"result"`
	// FromNormalizer made the stored text, Normalizer the new one.
	FromNormalizer string `json:"from_normalizer,omitempty"`
	Normalizer     string `json:"normalizer,omitempty"`
	// FromWords and Words count the words of both texts; Difference says in how
	// many they differ, and Grade what the difference would be called if it were
	// the vendor's.
	FromWords  int          `json:"from_words"`
	Words      int          `json:"words"`
	Difference WordCounts   `json:"difference"`
	Grade      Significance `json:"grade,omitempty"`
	// Before is the significance of the change that led to the version, After
	// what it would be by the rules of now. Event is EventAppears or EventVanishes
	// when one of the two is worth telling and the other is not.
	Before Significance `json:"before,omitempty"`
	After  Significance `json:"after,omitempty"`
	Event  string       `json:"event,omitempty"`
	// Stored is the number of the technical version that was stored, 0 for none.
	Stored int `json:"stored,omitempty"`
	// Note says what else there is to know, Error why something could not be done.
	Note  string `json:"note,omitempty"`
	Error string `json:"error,omitempty"`
}

// What would become of an event.
const (
	EventAppears  = "appears"
	EventVanishes = "vanishes"
)
