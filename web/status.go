package web

import (
	"fmt"

	"watcher/policy"
)

// status says in words how a policy is doing, and why. Icon is a shape of its
// own for each word, Tone its colour: neither is needed to understand it. Why
// is a phrase, Detail the error or rule behind it.
type status struct{ Icon, Tone, Word, Why, Detail string }

// The shapes, named as in the icon template.
const (
	iconGood  = "good"
	iconWait  = "wait"
	iconRetry = "retry"
	iconWarn  = "warn"
	iconBad   = "bad"
	iconOff   = "off"
)

// statusOf reads a state from the worst to the best that can be said of it.
func statusOf(st policy.State, disabled bool, c calendar) status {
	switch {
	case st.Retired:
		return status{Icon: iconOff, Tone: "quiet", Word: "Retired", Why: "No longer in the configuration; its history is kept."}
	case disabled:
		return status{Icon: iconOff, Tone: "quiet", Word: "Paused", Why: "Disabled in the configuration."}
	case st.LastCheck.IsZero():
		return status{Icon: iconWait, Tone: "quiet", Word: "Not checked yet", Why: firstCheck(st, c)}
	case failing(st):
		return status{iconBad, "bad", "Failing", failureText(st, c), cause(st)}
	case st.Quarantines > 0:
		return status{iconWarn, "warn", "Quarantined", quarantineText(st, c), cause(st)}
	case st.LastOutcome == policy.OutcomeQuarantined:
		return status{iconWarn, "warn", "Quarantined", "The page did not look like the policy. A person has dismissed what it shows.", cause(st)}
	case st.Failures > 0:
		return status{iconRetry, "quiet", "Retrying", failureText(st, c), cause(st)}
	case st.Pending != nil:
		return status{Icon: iconWait, Tone: "quiet", Word: "Waiting", Why: "Another text was seen " + c.at(st.Pending.FirstSeenAt).Relative +
			"; it counts once it is seen again."}
	}
	return status{Icon: iconGood, Tone: "good", Word: "Watched"}
}

// failing separates a policy that needs a person from one that missed a
// single check: a site that is down for an hour is no news, but a policy that
// has never been seen is, from the first failure.
func failing(st policy.State) bool {
	return st.UnreachableTold || st.Failures > 1 || (st.Failures == 1 && st.Head == 0)
}

func firstCheck(st policy.State, c calendar) string {
	if st.NextCheck.IsZero() {
		return "No check yet."
	}
	next := c.at(st.NextCheck)
	return fmt.Sprintf("No check yet: first check at %s (%s).", next.Full, next.Relative)
}

func failureText(st policy.State, c calendar) string {
	text := count(st.Failures, "failure") + " in a row"
	if !st.FailingSince.IsZero() {
		text += " since " + c.at(st.FailingSince).Local
	}
	return text + "."
}

func quarantineText(st policy.State, c calendar) string {
	text := "The page did not look like the policy, " + count(st.Quarantines, "time") + " in a row"
	if !st.QuarantinedSince.IsZero() {
		text += " since " + c.at(st.QuarantinedSince).Local
	}
	return text + "."
}

// cause is the last error, or else the rule that decided.
func cause(st policy.State) string {
	if st.LastError == "" && st.LastRule != "" {
		return "Rule: " + st.LastRule
	}
	return st.LastError
}

// outcomeView is how a check ended, as a page shows it.
func outcomeView(o policy.Outcome) status {
	word := plain(string(o))
	switch o {
	case policy.OutcomeBaseline, policy.OutcomeUnchanged, policy.OutcomeNotModified, policy.OutcomeTechnical,
		policy.OutcomeChanged, policy.OutcomeReverted:
		return status{Icon: iconGood, Tone: "good", Word: word}
	case policy.OutcomeUnconfirmed:
		return status{Icon: iconWait, Tone: "quiet", Word: word}
	case policy.OutcomeQuarantined:
		return status{Icon: iconWarn, Tone: "warn", Word: word}
	case policy.OutcomeRejected, policy.OutcomeFailed:
		return status{Icon: iconBad, Tone: "bad", Word: word}
	case policy.OutcomeSkipped:
	}
	return status{Icon: iconOff, Tone: "quiet", Word: word}
}

// deliveryView is where an alert stands, as a page shows it.
func deliveryView(state policy.AlertState) status {
	switch state {
	case policy.AlertPending:
		return status{Icon: iconWait, Tone: "quiet", Word: "Waiting", Why: "It is tried until it is delivered or dead."}
	case policy.AlertDelivered:
		return status{Icon: iconGood, Tone: "good", Word: "Delivered"}
	case policy.AlertDead:
		return status{Icon: iconBad, Tone: "bad", Word: "Dead", Why: "It was given up."}
	case policy.AlertParked:
		return status{Icon: iconWarn, Tone: "warn", Word: "Parked", Why: "Its receiver is broken or gone from the configuration."}
	case policy.AlertHeld:
		return status{Icon: iconWait, Tone: "warn", Word: "Held", Why: "Many policies changed at once: the breaker is open."}
	case policy.AlertSilenced:
		return status{Icon: iconOff, Tone: "quiet", Word: "Silenced", Why: "It matched a silence and was not told."}
	}
	return status{Icon: iconOff, Tone: "quiet", Word: plain(string(state))}
}
