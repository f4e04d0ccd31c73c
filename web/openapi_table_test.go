package web

import (
	"reflect"

	"watcher/history"
	"watcher/policy"
	"watcher/storage"
)

// operation is an endpoint as openapi.json describes it.
type operation struct {
	method, path, id, summary string
	query                     []parameter
	// body is sent, answer comes back; several answers are alternatives.
	body   reflect.Type
	answer []reflect.Type
	// media is the type of the answer, JSON when empty; status is 200 when 0.
	media  string
	status int
}

// parameter is one of the query. kind is a type of JSON schema.
type parameter struct {
	name, kind, about string
	required, many    bool
}

func (o operation) guarded() bool { return o.method != "GET" }

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func one[T any]() []reflect.Type { return []reflect.Type{typeOf[T]()} }

const (
	ndjson = "application/x-ndjson"
	octets = "application/octet-stream"
)

var (
	limit  = parameter{name: "limit", kind: "integer", about: "The most items to return, 1 to 1000."}
	offset = parameter{name: "offset", kind: "integer", about: "How many items to pass over."}
	since  = parameter{name: "since", kind: "string", about: "From this time on: RFC 3339 or a date."}
	until  = parameter{name: "until", kind: "string", about: "Up to this time: RFC 3339 or a date, which counts to its end."}
	from   = parameter{name: "from", kind: "integer", about: "The number of the earlier version.", required: true}
	to     = parameter{name: "to", kind: "integer", about: "The number of the later version.", required: true}
)

// operations is the whole of /api/v1.
func operations() []operation {
	const api = "/api/v1"
	const policies = api + "/policies/{vendor}/{kind}"
	return []operation{
		{method: "GET", path: api + "/policies", id: "listPolicies", summary: "All policies ever known, with their states.", query: []parameter{limit, offset}, answer: one[policyList]()},
		{method: "GET", path: policies, id: "getPolicy", summary: "The state of one policy.", answer: one[policy.State]()},
		{method: "GET", path: policies + "/versions", id: "listVersions", summary: "The versions of a policy, in the order in which they were first seen.", query: []parameter{limit, offset}, answer: one[versionList]()},
		{method: "GET", path: policies + "/versions/{n}", id: "getVersion", summary: "One version.", answer: one[policy.Version]()},
		{method: "GET", path: policies + "/versions/{n}/document", id: "getDocument", summary: "The text of a version, by sections.", answer: one[policy.Document]()},
		{method: "GET", path: policies + "/versions/{n}/text", id: "getText", summary: "The text of a version as Markdown: what its digest is taken over.", media: "text/plain", answer: one[string]()},
		{method: "GET", path: policies + "/changes/{n}", id: "getChange", summary: "The change that led to version n.", answer: one[policy.Change]()},
		{method: "GET", path: policies + "/compare", id: "compareVersions", summary: "What lies between any two versions.", query: []parameter{from, to}, answer: one[policy.Change]()},
		{method: "GET", path: policies + "/captures/{id}", id: "getCapture", summary: "A capture without its body.", answer: one[policy.Capture]()},
		{method: "GET", path: policies + "/captures/{id}/body", id: "getBody", summary: "The bytes of a capture as received, as a download.", media: octets, answer: one[[]byte]()},
		{method: "GET", path: policies + "/checks", id: "listChecks", summary: "The checks of a policy, newest first.", query: []parameter{since, until, limit, offset}, answer: one[checkList]()},
		{method: "GET", path: policies + "/runs", id: "listRuns", summary: "The coverage ledger: checks in a row that ended alike, newest first.", query: []parameter{since, until, limit, offset}, answer: one[runList]()},
		{
			method: "GET", path: policies + "/coverage", id: "getCoverage", summary: "What was looked at when, as intervals; with at, which text was in force then.",
			query: []parameter{since, until, {name: "at", kind: "string", about: "A time that has passed: RFC 3339 or a date."}}, answer: []reflect.Type{typeOf[coverageList](), typeOf[history.Moment]()},
		},
		{method: "GET", path: policies + "/quarantine", id: "getHeld", summary: "The newest held capture of a policy, with its text.", answer: one[Held]()},
		{method: "POST", path: policies + "/quarantine", id: "ruleOnHeld", summary: "Accept or dismiss a held capture. The checks that came of it, one per line.", body: typeOf[policy.Ruling](), media: ndjson, answer: one[policy.Check]()},
		{method: "GET", path: api + "/quarantine", id: "listHeld", summary: "Held captures that nobody has ruled on, the newest of each policy, without their texts.", answer: one[heldList]()},
		{method: "GET", path: api + "/uptime", id: "listUptime", summary: "When a watcher was at work, newest first.", query: []parameter{since, limit, offset}, answer: one[uptimeList]()},
		{
			method: "GET", path: api + "/search", id: "search", summary: "Results over texts and changes, one per line, and as the last line how far the search came.", media: ndjson,
			query: []parameter{
				{name: "q", kind: "string", about: "The words.", required: true},
				{name: "policy", kind: "string", about: "Only these policies.", many: true},
				{name: "vendor", kind: "string", about: "Only this vendor."},
				{name: "kind", kind: "string", about: "Only policies of this kind."},
				{name: "in", kind: "string", about: "Where: head, past, changes.", many: true},
				{name: "limit", kind: "integer", about: "The most results."},
				{name: "timeout", kind: "string", about: "How long to search, for example 10s."},
			}, answer: []reflect.Type{typeOf[history.Result](), typeOf[history.SearchEnd]()},
		},
		{method: "GET", path: api + "/changes", id: "listChanges", summary: "Versions that carry a change, newest first, over all policies.", query: []parameter{since, limit, offset}, answer: one[changeList]()},
		{
			method: "GET", path: api + "/alerts", id: "listAlerts", summary: "The outbox, oldest first.",
			query: []parameter{
				{name: "state", kind: "string", about: "pending, delivered, dead or parked.", many: true},
				{name: "receiver", kind: "string", about: "Only this receiver."},
				{name: "policy", kind: "string", about: "Only this policy."},
				limit, offset,
			}, answer: one[alertList](),
		},
		{method: "GET", path: api + "/alerts/{id}", id: "getAlert", summary: "One alert.", answer: one[policy.Alert]()},
		{method: "POST", path: api + "/alerts/{id}/redeliver", id: "redeliver", summary: "Make an alert pending again, under the same id.", status: 204},
		{method: "GET", path: api + "/receivers", id: "listReceivers", summary: "The names of the configured receivers.", answer: one[receiverList]()},
		{method: "POST", path: api + "/receivers/{name}/test", id: "testReceiver", summary: "Send a test message through a receiver.", status: 204},
		{method: "POST", path: api + "/receivers/{name}/resume", id: "resumeReceiver", summary: "Make the parked alerts of a receiver pending again.", answer: one[resumed]()},
		{method: "GET", path: api + "/silences", id: "listSilences", summary: "All silences, past ones too.", answer: one[silenceList]()},
		{method: "POST", path: api + "/silences", id: "addSilence", summary: "Mute alerts for a time.", body: typeOf[policy.Silence](), status: 201, answer: one[policy.Silence]()},
		{method: "DELETE", path: api + "/silences/{id}", id: "expireSilence", summary: "End a silence now.", status: 204},
		{method: "GET", path: api + "/breaker", id: "getBreaker", summary: "The mass-change breaker.", answer: one[policy.Breaker]()},
		{method: "POST", path: api + "/breaker/close", id: "closeBreaker", summary: "Close the mass-change breaker.", body: typeOf[breakerClosing](), status: 204},
		{method: "GET", path: api + "/stats", id: "getStats", summary: "The store as a whole.", answer: one[storage.Stats]()},
		{method: "GET", path: api + "/config", id: "getConfig", summary: "The configuration in force, without its secrets.", answer: one[configAnswer]()},
		{method: "GET", path: api + "/openapi.json", id: "getOpenAPI", summary: "This description.", answer: one[map[string]any]()},
		{method: "GET", path: api + "/events", id: "streamEvents", summary: "Server-sent events: check with a Check as it ends, change with the Version that a check brought. Last-Event-ID resumes.", media: "text/event-stream", answer: one[string]()},
		{method: "POST", path: api + "/check", id: "check", summary: "Check policies now. One Check per line as they end.", body: typeOf[CheckRequest](), media: ndjson, answer: one[policy.Check]()},
		{method: "POST", path: api + "/renormalize", id: "renormalize", summary: "Read stored captures by the rules of now. One line per version.", body: typeOf[policy.RenormalizeRequest](), media: ndjson, answer: one[policy.Renormalized]()},
		{method: "POST", path: api + "/store/verify", id: "verifyStore", summary: "Verify the store. One line per problem, and a report.", media: ndjson, answer: one[verifyLine]()},
		{method: "POST", path: api + "/store/backup", id: "backupStore", summary: "A copy of the store as it is now.", media: octets, answer: one[[]byte]()},
	}
}
