package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"watcher/policy"
)

// plain turns an identifier of the API into words: "not_modified" becomes "Not
// modified". It is the fallback for values this package does not know.
func plain(id string) string {
	s := strings.ReplaceAll(strings.ReplaceAll(id, "_", " "), "-", " ")
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

// kindName names the kind of a policy.
func kindName(k policy.Kind, lang string) string {
	name := plain(string(k))
	switch k {
	case policy.KindPrivacy:
		name = "Privacy policy"
	case policy.KindCookies:
		name = "Cookie notice"
	case policy.KindTerms:
		name = "Terms"
	case policy.KindDPA:
		name = "Data processing agreement"
	case policy.KindSubprocessors:
		name = "Sub-processors"
	case policy.KindSecurity:
		name = "Security"
	}
	if lang != "" {
		name += " (" + lang + ")"
	}
	return name
}

// badge is a grade as a page shows it: the word, and the class that gives it
// its shape and colour.
type badge struct{ Word, Class string }

func gradeBadge(s policy.Significance) badge {
	switch s {
	case policy.Material, policy.Minor, policy.Cosmetic:
		return badge{plain(string(s)), string(s)}
	case policy.None:
		return badge{"No words", "cosmetic"}
	}
	return badge{}
}

func versionKindName(k policy.VersionKind) string {
	switch k {
	case policy.VersionBaseline:
		return "First text on record"
	case policy.VersionChange:
		return "Changed text"
	case policy.VersionRevert:
		return "Return to an earlier text"
	case policy.VersionTechnical:
		return "Read anew by the program; not changed by the vendor"
	case policy.VersionBackfill:
		return "Found later, in an archive"
	}
	return plain(string(k))
}

func opName(op policy.EditOp) string { return plain(string(op)) }

func categoryNames(categories []policy.Category) []string {
	names := make([]string, 0, len(categories))
	for _, c := range categories {
		name := plain(string(c))
		switch c {
		case policy.InternationalSpecificAudiences:
			name = "International and specific audiences"
		case policy.ThirdPartySharing:
			name = "Third-party sharing"
		case policy.FirstPartyCollection:
			name = "First-party collection"
		case policy.UserChoice, policy.UserAccess, policy.DataRetention, policy.DataSecurity,
			policy.PolicyChange, policy.DoNotTrack, policy.OtherCategory:
		}
		names = append(names, name)
	}
	return names
}

// factText says what a date fact means for the reader.
func factText(f policy.DateFact) string {
	switch f {
	case policy.DateBumpedTextSame:
		return "The date was changed, the text was not."
	case policy.SilentChange:
		return "Silent change: the text changed, the date it claims did not."
	case policy.Placeholder:
		return "The date still has a placeholder that somebody has to fill in."
	case policy.PlaceholderResolved:
		return "A placeholder in the date was filled in."
	case policy.DateBackwards:
		return "The claimed date went backwards."
	case policy.EffectiveInFuture:
		return "The text takes effect on a date in the future."
	case policy.Undated:
		return "The text claims no date."
	case policy.ConflictingDates:
		return "The text claims dates that contradict each other."
	case policy.Retroactive:
		return "The new effective date had passed when the text was first seen."
	case policy.DateRemoved:
		return "The date that the text claimed was removed."
	}
	return plain(string(f))
}

// dateView is a claimed date: what kind, as written, as read.
type dateView struct{ Kind, Raw, Value, Note string }

func dateViews(dates []policy.Date) []dateView {
	views := make([]dateView, 0, len(dates))
	for _, d := range dates {
		v := dateView{Kind: plain(string(d.Kind)), Raw: d.Raw, Value: d.Value}
		if d.Kind == policy.DateUnspecified {
			v.Kind = "Date"
		}
		var notes []string
		if d.Placeholder {
			notes = append(notes, "placeholder")
		}
		if d.Guessed {
			notes = append(notes, "day and month may be swapped")
		}
		if d.Impossible {
			notes = append(notes, "no calendar has this date")
		}
		v.Note = strings.Join(notes, ", ")
		views = append(views, v)
	}
	return views
}

// short is the start of a digest: enough to tell texts apart by eye.
func short(d policy.Digest) string {
	s := d.String()
	return s[:min(12, len(s))]
}
