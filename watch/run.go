package watch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"watcher/normalize"
	"watcher/policy"
	"watcher/storage"
	"watcher/triage"
)

// The rules by which the check itself decides.
const (
	ruleFetch     = "fetch"
	ruleNormalize = "normalize"
	ruleTimeout   = "timeout"
	ruleInternal  = "internal"
)

// run is one check on its way from capture to observation.
type run struct {
	*Checker
	settings   Settings
	policy     policy.Policy
	state      policy.State
	mode       Mode
	started    time.Time
	suppressed string
	retryAfter time.Duration
	// late is the result for a text that waited until this check.
	late *policy.Check
	// origin is where the capture comes from.
	origin policy.Origin
	// current is the capture that is judged; degraded is set when its text was
	// made without the configured selectors, which match nothing in it.
	current  policy.Capture
	degraded bool
	// text is the digest of the current capture's text.
	text policy.Digest
	// believeFrom, when set, is since when a text has stood that is to be
	// believed without further proof.
	believeFrom time.Time
}

// observe does everything but the commit. Its error means that the store could
// not be read or the check was called off; a page that cannot be had is a
// result.
func (r *run) observe(ctx context.Context) (storage.Observation, error) {
	o, err := r.attempt(ctx)
	if err != nil {
		if calledOff(ctx) {
			return o, fmt.Errorf("%s: %w", r.policy.ID, context.Cause(ctx))
		}
		// A head that cannot be read, or a bug, must not end in silence: the
		// check counts as failed, and is told of like any other.
		o = r.failed(err)
	}
	if !o.Check.Outcome.Good() {
		r.endWait(ctx, &o)
	}
	return o, nil
}

func (r *run) attempt(ctx context.Context) (storage.Observation, error) {
	capture, err := r.gather(ctx, r.origin, r.policy.Headers)
	if err != nil {
		return storage.Observation{}, err
	}
	o, err := r.judge(ctx, capture)
	if err != nil || !r.escalates(o) {
		return o, err
	}
	return r.escalate(ctx, o)
}

// escalates says whether a page is to be read with a browser: nothing is to be
// seen of it, and it has scripts that may bring something.
func (r *run) escalates(o storage.Observation) bool {
	return r.settings.Escalate && r.origin.Source == policy.SourceLive && o.Capture != nil && triage.ScriptShell(*o.Capture)
}

// escalate reads the page with the browser. Where that brings nothing better, the
// plain answer stands: it is what the vendor sent.
func (r *run) escalate(ctx context.Context, plain storage.Observation) (storage.Observation, error) {
	state, origin := r.state, r.origin
	r.origin.Source = policy.SourceBrowser
	capture, err := r.gather(ctx, r.origin, r.policy.Headers)
	if err == nil {
		var o storage.Observation
		if o, err = r.judge(ctx, capture); err == nil && o.Check.Outcome.Good() {
			return o, nil
		}
	}
	if calledOff(ctx) {
		return plain, err
	}
	if err != nil {
		r.Logger.Info("the browser could not read the page either", "policy", r.policy.ID, "err", err)
	}
	r.state, r.origin = state, origin
	return plain, nil
}

// calledOff reports whether a check was ended from outside. One that took too
// long was not: it failed, and that goes on record.
func calledOff(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}

func (r *run) captureFrom(ctx context.Context, address string, o policy.Origin, headers map[string]string) (c policy.Capture, err error) {
	defer r.recoverStage("fetch", &err)
	req := policy.Request{
		Policy: r.policy.ID, URL: address, Source: o.Source, Lang: o.Lang,
		Headers: headers, IgnoreRobots: r.policy.IgnoreRobots, Proxy: r.policy.Proxy, MaxRetries: r.mode.MaxRetries, MaxWait: r.mode.MaxWait,
	}
	if r.conditional(o) {
		req.ETag, req.LastModified, req.ValidatorsURL = r.state.ETag, r.state.LastModified, r.state.ValidatorsURL
	}
	c, err = r.settings.Fetcher.Capture(ctx, req)
	c.Policy = r.policy.ID
	return c, err
}

// recoverStage turns a panic of a stage into an error: one hostile page must
// not take the daemon down.
func (r *run) recoverStage(stage string, err *error) {
	if v := recover(); v != nil {
		r.metrics.panics.WithLabelValues(stage).Inc()
		r.Logger.Error("recovered from a panic", "stage", stage, "policy", r.policy.ID,
			"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		*err = fmt.Errorf("%s: internal error: %v", stage, v)
	}
}

// judge screens, normalises and gates the capture, and hands an accepted one
// on to triage.
func (r *run) judge(ctx context.Context, c policy.Capture) (storage.Observation, error) {
	if c.Verdict.Kind != "" {
		return r.refused(c), nil // a part of the document was
	}
	if c.Verdict = triage.Screen(c); c.Verdict.Kind != policy.Accepted {
		return r.refused(c), nil
	}
	if c.NotModified {
		return r.sighted(c, policy.OutcomeNotModified, triage.Decision{FirstSeenAt: c.CapturedAt}, ""), nil
	}
	n, err := r.normalizer()
	if err != nil {
		return storage.Observation{}, err
	}
	n, doc, err := r.reading(n, c)
	if err != nil {
		c.Verdict = policy.Verdict{Kind: policy.Quarantined, Rule: ruleNormalize, Evidence: err.Error()}
		if errors.Is(err, normalize.ErrUnsupported) {
			c.Verdict = policy.Verdict{Kind: policy.Rejected, Rule: triage.RuleContentType, Evidence: err.Error()}
		}
		return r.refused(c), nil
	}
	b, err := r.base(ctx, n, doc)
	if err != nil {
		return storage.Observation{}, err
	}
	r.text = doc.Digest()
	if r.text != b.digest { // the head's text was let through before, be it by a person
		// The base's words, not the state's: a new selector may well leave less.
		c.Verdict = triage.Gate(triage.Page{Policy: r.policy, Capture: c, Document: doc, HeadWords: b.words, HeadLang: triage.Language(b.doc)})
	}
	switch {
	case c.Verdict.Rule == triage.RuleShrunk || c.Verdict.Rule == triage.RuleLanguage:
		c.Verdict = r.shrunk(c, doc)
	case c.Verdict.Kind == policy.Accepted && r.text != b.digest:
		c.Verdict = r.shared(c, doc)
	}
	if c.Verdict.Kind != policy.Accepted {
		return r.refused(c), nil
	}
	if b.digest != doc.Digest() {
		r.beside(ctx, n, &b, c, doc)
		r.closest(ctx, n, &b, doc)
	}
	return r.decide(ctx, n, b, c, doc)
}

// minShrunk is the least time for which a shrunk text must stand. On 25,745
// published versions 42 % of such texts were gone with the next version.
const minShrunk = 6 * time.Hour

// shrunk decides about a text of less than half the words: a page that keeps
// showing it for as long as a hold lasts did not lose the rest by accident.
func (r *run) shrunk(c policy.Capture, doc policy.Document) policy.Verdict {
	text, waits := doc.Digest(), r.state.Shrunk
	if waits == nil || waits.SHA256 != text || waits.FirstSeenAt.After(c.CapturedAt) {
		r.state.Shrunk = &policy.Pending{SHA256: text, FirstSeenAt: c.CapturedAt, Since: c.CapturedAt, Sightings: 1}
		return c.Verdict
	}
	if c.CapturedAt.Sub(waits.FirstSeenAt) < max(r.settings.Triage.Hold, minShrunk) {
		return c.Verdict
	}
	r.believeFrom = waits.FirstSeenAt
	return policy.Verdict{Kind: policy.Accepted, Rule: triage.RuleShrunkConfirmed, Evidence: c.Verdict.Evidence}
}

func (r *run) normalizer() (*normalize.Normalizer, error) {
	return r.reader(normalize.Rules{Select: r.policy.Select, Remove: r.policy.Remove})
}

func (r *run) reader(rules normalize.Rules) (*normalize.Normalizer, error) {
	n, err := normalize.New(rules)
	if err != nil {
		return nil, err
	}
	return n.WithPDF(r.settings.PDFText), nil
}

func (r *run) document(n *normalize.Normalizer, c policy.Capture) (doc policy.Document, err error) {
	defer r.recoverStage("normalize", &err)
	return n.Document(input(c))
}

// reading makes the document of the capture that the run is about: without the
// selectors when they match nothing, with the normaliser that was used.
func (r *run) reading(n *normalize.Normalizer, c policy.Capture) (*normalize.Normalizer, policy.Document, error) {
	r.current = c
	doc, err := r.document(n, c)
	if err == nil && triage.Unmatched(doc) {
		return r.degrade(c)
	}
	return n, doc, err
}

// decide asks triage whether the text is news. The base is such that like is
// compared with like.
func (r *run) decide(ctx context.Context, n *normalize.Normalizer, b base, c policy.Capture, doc policy.Document) (storage.Observation, error) {
	history, err := r.history(ctx, b, doc)
	if err != nil {
		return storage.Observation{}, err
	}
	settings := r.settings.Triage
	if !r.believeFrom.IsZero() {
		settings.ConfirmAfter = 0 // it has waited long enough
	}
	text, rule := r.identify(ctx, n, b, doc, c.CapturedAt)
	d := triage.Decide(history, text, r.sightedAt(c, text), settings)
	if rule != "" && (d.Rule == "" || d.Rule == triage.RuleReturned) {
		d.Rule, r.suppressed = rule, suppressedVolatile
	}
	if !r.believeFrom.IsZero() {
		d.FirstSeenAt, d.Rule = r.believeFrom, c.Verdict.Rule
	}
	if d.Rule == triage.RuleDisplaced {
		b.side = nil // the head is what it displaces
	}
	o := r.sighted(c, d.Outcome, d, n.ID())
	o.Versions = b.technical
	if len(o.Versions) > 0 && d.Outcome == policy.OutcomeUnchanged {
		o.Check.Outcome, o.Check.Kind, o.Check.Rule = policy.OutcomeTechnical, policy.VersionTechnical, b.rule
	}
	if d.Late != nil {
		history.Pending = d.Late
		return o, r.addLate(ctx, &o, n, b, triage.Expire(history), *d.Late)
	}
	if d.NewVariant {
		r.addVariant(ctx, &o, b, c, doc, d)
		return o, nil
	}
	switch d.Outcome {
	case policy.OutcomeBaseline:
		r.addBaseline(&o, c, doc)
	case policy.OutcomeChanged, policy.OutcomeReverted:
		r.addChange(ctx, &o, &o.Check, b, c, doc, d)
	case policy.OutcomeUnchanged, policy.OutcomeNotModified, policy.OutcomeUnconfirmed, policy.OutcomeTechnical,
		policy.OutcomeQuarantined, policy.OutcomeRejected, policy.OutcomeSkipped, policy.OutcomeFailed:
	}
	return o, nil
}

// sightedAt is when a text counts as seen. The newest capture of an archive stays
// the same until the archive looks again: a text that waits is believed by the
// hold then, which runs by our own clock.
func (r *run) sightedAt(c policy.Capture, text policy.Digest) time.Time {
	p, hold := r.state.Pending, r.settings.Triage.Hold
	if c.Source != policy.SourceWayback || r.mode.Quiet || p == nil || p.SHA256 != text || hold <= 0 {
		return c.CapturedAt
	}
	if now := r.Clock(); now.Sub(p.Since) >= hold && c.CapturedAt.Before(p.Since.Add(hold)) {
		return p.Since.Add(hold).UTC()
	}
	return c.CapturedAt
}

// history collects what triage knows. Earlier versions are read only when the
// text is not the head's: nearly every check does without.
func (r *run) history(ctx context.Context, b base, doc policy.Document) (triage.History, error) {
	h := triage.History{Head: b.digest, Pending: r.state.Pending}
	h.Texts, h.HeadFirstSeenAt, h.HeadSeenAt = r.state.Texts, r.state.HeadFirstSeenAt, r.state.HeadSeenAt
	if ref, _ := b.from(); !ref.SHA256.IsZero() {
		h.Base = ref.SHA256
	}
	if b.digest.IsZero() || doc.Digest() == b.digest {
		return h, nil
	}
	versions, err := r.Store.Versions(ctx, r.policy.ID)
	if err != nil {
		return h, fmt.Errorf("read versions: %w", err)
	}
	h.Known = make(map[policy.Digest]int, len(versions))
	for _, v := range versions {
		if v.Number != r.state.Head {
			h.Known[v.SHA256] = v.Number
			continue
		}
		h.Reverted = v.Kind == policy.VersionRevert
	}
	return h, nil
}

// sighted starts the observation of an accepted capture.
func (r *run) sighted(c policy.Capture, outcome policy.Outcome, d triage.Decision, normalizer string) storage.Observation {
	o := r.observation(outcome, d.Rule)
	o.Capture = &c
	o.Check.CapturedAt, o.Check.FirstSeenAt, o.Check.Status, o.Check.Source = c.CapturedAt, d.FirstSeenAt, c.Status, c.Source
	o.State.Pending, o.State.Slots = d.Pending, r.state.Slots
	if outcome != policy.OutcomeNotModified {
		o.State.Texts = d.Texts
	}
	if r.state.Pending != nil && outcome == policy.OutcomeUnchanged {
		r.suppressed = suppressedReturned
	}
	if normalizer != "" && outcome != policy.OutcomeUnconfirmed && !r.provisional() {
		o.State.Normalizer = normalizer
	}
	variant := d.Rule == triage.RuleVariant
	if !variant && (outcome == policy.OutcomeUnchanged || outcome == policy.OutcomeNotModified) {
		o.Check.FirstSeenAt = r.state.HeadFirstSeenAt
	}
	if outcome != policy.OutcomeUnconfirmed && !variant {
		r.noteValidators(&o.State, c)
		o.State.HeadSeenAt, o.State.HeadOrigin = c.CapturedAt, r.origin
	}
	o.State.Shrunk = nil
	r.succeed(&o)
	r.noteMoved(&o, c)
	if outcome != policy.OutcomeNotModified {
		r.noteDegraded(&o)
	}
	r.schedule(&o)
	return o
}

// refused makes the observation of a capture that the gate did not accept.
// Nothing of it touches the head.
func (r *run) refused(c policy.Capture) storage.Observation {
	outcome := policy.OutcomeQuarantined
	if c.Verdict.Kind == policy.Rejected {
		outcome = policy.OutcomeRejected
		if c.Verdict.Rule == triage.RuleStatus && c.Status >= http.StatusBadRequest {
			outcome = policy.OutcomeFailed
		}
	}
	o := r.observation(outcome, c.Verdict.Rule)
	o.Capture = &c
	o.Check.Detail = c.Verdict.Evidence
	o.Check.CapturedAt, o.Check.Status, o.Check.Source = c.CapturedAt, c.Status, c.Source
	if outcome.Bad() {
		o.Check.Error = c.Verdict.Evidence
		r.retryAfter = retryAfter(c, r.started)
	}
	r.fail(&o)
	r.noteMoved(&o, c)
	r.schedule(&o)
	return o
}

// failed makes the observation of a check that got no capture at all.
func (r *run) failed(err error) storage.Observation {
	rule := ruleInternal
	if errors.Is(err, context.DeadlineExceeded) {
		rule = ruleTimeout
	}
	if fe, ok := errors.AsType[*policy.FetchError](err); ok {
		rule = ruleFetch + ":" + string(fe.Reason)
		r.retryAfter = clampRetry(fe.RetryAfter)
	}
	o := r.observation(policy.OutcomeFailed, rule)
	o.Check.Error = err.Error()
	r.fail(&o)
	r.schedule(&o)
	return o
}

// observation starts an observation with what all outcomes share.
func (r *run) observation(outcome policy.Outcome, rule string) storage.Observation {
	now := r.Clock().UTC()
	state := r.state
	state.LastCheck, state.LastOutcome, state.LastRule = now, outcome, rule
	return storage.Observation{
		Expect: r.state.HeadRef(),
		Check: policy.Check{
			Policy: r.policy.ID, Outcome: outcome, At: now, Duration: now.Sub(r.started),
			Source: r.policy.Source, Rule: rule,
		},
		State: state,
	}
}

// retryAfter reads the Retry-After header of a refusal, in seconds or as a
// date; 0 when there is none. now is the time that a date is relative to.
func retryAfter(c policy.Capture, now time.Time) time.Duration {
	v := http.Header(c.Header).Get("Retry-After")
	if v == "" {
		return 0
	}
	if d, err := time.ParseDuration(v + "s"); err == nil {
		return clampRetry(d)
	}
	if t, err := http.ParseTime(v); err == nil {
		return clampRetry(t.Sub(now))
	}
	return 0
}

// clampRetry bounds what a server may ask for: a policy that is never looked
// at again is the worst failure there is.
func clampRetry(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }
