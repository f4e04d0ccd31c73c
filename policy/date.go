package policy

// DateKind is what a date on the page claims to be.
type DateKind string

// The date kinds.
const (
	DateUpdated     DateKind = "updated"
	DateEffective   DateKind = "effective"
	DatePublished   DateKind = "published"
	DateUnspecified DateKind = "unspecified"
)

// Precision says how much of a date is known.
type Precision string

// The precisions.
const (
	PrecisionDay   Precision = "day"
	PrecisionMonth Precision = "month"
	PrecisionYear  Precision = "year"
)

// Date is a date that a document claims of itself, as written and as parsed.
type Date struct {
	Kind DateKind `json:"kind"`
	// Raw is the date with its label as written, for example
	// "Last update: XX/05/2025".
	Raw string `json:"raw"`
	// Value is "2006-01-02", "2006-01" or "2006" as Precision says, or "" when
	// nothing could be read.
	Value     string    `json:"value"`
	Precision Precision `json:"precision,omitempty"`
	// Placeholder marks a date that somebody still has to fill in
	// ("XX/05/2025", "TBD"); its Value holds what is known.
	Placeholder bool `json:"placeholder,omitempty"`
	// Guessed marks a day and month whose order is not certain (04/05/2024).
	Guessed bool `json:"guessed,omitempty"`
	// Impossible marks a date that no calendar has (30 February).
	Impossible bool `json:"impossible,omitempty"`
}

// DateFact is something that the dates of two versions say about a change.
type DateFact string

// The date facts.
const (
	DateBumpedTextSame  DateFact = "date_bumped_text_same"
	SilentChange        DateFact = "silent_change"
	Placeholder         DateFact = "placeholder"
	PlaceholderResolved DateFact = "placeholder_resolved"
	DateBackwards       DateFact = "date_backwards"
	EffectiveInFuture   DateFact = "effective_in_future"
	Undated             DateFact = "undated"
	// ConflictingDates: two dates of one kind that differ.
	ConflictingDates DateFact = "conflicting_dates"
	// Retroactive: a new effective date had passed when the text was first seen.
	Retroactive DateFact = "retroactive"
	// DateRemoved: the text stated a date and does not any more.
	DateRemoved DateFact = "date_removed"
)

// DateFacts returns all date facts.
func DateFacts() []DateFact {
	return []DateFact{
		DateBumpedTextSame, SilentChange, Placeholder, PlaceholderResolved, DateBackwards, EffectiveInFuture,
		Undated, ConflictingDates, Retroactive, DateRemoved,
	}
}
