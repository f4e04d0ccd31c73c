package web

import "net/http"

// pageRoutes are the addresses for people.
func (s *server) pageRoutes(mux *http.ServeMux) {
	const one = "/policies/{vendor}/{kind}"
	mux.Handle("GET /{$}", servePage(s, s.pages.overview, s.overview))
	mux.Handle("GET "+one, servePage(s, s.pages.policy, s.policyPage))
	mux.Handle("GET "+one+"/changes/{n}", servePage(s, s.pages.change, s.changePage))
	mux.HandleFunc("GET "+one+"/compare", s.comparePage)
	mux.Handle("GET "+one+"/versions/{n}", servePage(s, s.pages.version, s.versionPage))
	mux.Handle("GET /inbox", servePage(s, s.pages.inbox, s.inboxPage))
	mux.Handle("GET /inbox/{vendor}/{kind}", servePage(s, s.pages.held, s.heldPage))
	mux.Handle("GET /alerts", servePage(s, s.pages.alerts, s.alertsPage))
	mux.Handle("GET /search", servePage(s, s.pages.search, s.searchPage))
	mux.Handle("GET /topics", servePage(s, s.pages.topics, s.topicsPage))
	mux.Handle("GET /status", servePage(s, s.pages.status, s.statusPage))
	mux.Handle("GET /unlock", servePage(s, s.pages.unlock, s.unlockPage))
	mux.HandleFunc("GET /static/{name}", s.static)

	mux.Handle("POST /unlock", s.limited(s.tries, http.HandlerFunc(s.postUnlock)))
	mux.HandleFunc("POST /lock", s.postLock)
	mux.Handle("POST /inbox/{vendor}/{kind}", s.guardedForm(s.formRuling))
	mux.Handle("POST "+one+"/check", s.guardedForm(s.formCheck))
	mux.Handle("POST /alerts/{id}/redeliver", s.guardedForm(s.formRedeliver))
	mux.Handle("POST /receivers/{name}/test", s.guardedForm(s.formTest))
	mux.Handle("POST /receivers/{name}/resume", s.formDelivery(s.formResume))
	mux.Handle("POST /silences", s.formDelivery(s.formSilence))
	mux.Handle("POST /silences/{id}/expire", s.formDelivery(s.formExpire))
	mux.Handle("POST /breaker/close", s.formDelivery(s.formCloseBreaker))

	mux.Handle("GET /feed.atom", s.limited(s.feeds, s.conditional(http.HandlerFunc(s.feedAll))))
	mux.Handle("GET /vendors/{vendor}/feed.atom", s.limited(s.feeds, s.conditional(http.HandlerFunc(s.feedVendor))))
	mux.Handle("GET "+one+"/feed.atom", s.limited(s.feeds, s.conditional(http.HandlerFunc(s.feedPolicy))))
}

// apiRoutes are the addresses for programs. openapi.json describes each of them.
func (s *server) apiRoutes(handle func(pattern string, h http.Handler)) {
	const api = "/api/v1"
	const one = api + "/policies/{vendor}/{kind}"
	get := func(path string, read func(*http.Request) (any, error)) {
		handle("GET "+path, s.conditional(s.answer(read)))
	}
	get(api+"/policies", s.getStates)
	get(one, s.getState)
	get(one+"/versions", s.getVersions)
	get(one+"/versions/{n}", s.getVersion)
	get(one+"/versions/{n}/document", s.getDocument)
	handle("GET "+one+"/versions/{n}/text", s.conditional(http.HandlerFunc(s.getText)))
	get(one+"/changes/{n}", s.getChange)
	get(one+"/compare", s.getCompare)
	get(one+"/captures/{id}", s.getCapture)
	handle("GET "+one+"/captures/{id}/body", http.HandlerFunc(s.getBody))
	get(one+"/checks", s.getChecks)
	get(one+"/runs", s.getRuns)
	get(one+"/coverage", s.getCoverage)
	get(one+"/quarantine", s.getHeld)
	get(api+"/quarantine", s.getAllHeld)
	get(api+"/uptime", s.getUptime)
	handle("GET "+api+"/search", http.HandlerFunc(s.getSearch))
	get(api+"/changes", s.getRecent)
	get(api+"/alerts", s.getAlerts)
	get(api+"/alerts/{id}", s.getAlert)
	get(api+"/receivers", s.getReceivers)
	get(api+"/stats", s.getStats)
	get(api+"/config", s.getConfig)
	handle("GET "+api+"/openapi.json", s.conditional(http.HandlerFunc(s.getOpenAPI)))
	handle("GET "+api+"/events", http.HandlerFunc(s.getEvents))

	handle("POST "+api+"/check", s.guarded(s.postCheck))
	handle("POST "+api+"/renormalize", s.guarded(s.postRenormalize))
	handle("POST "+api+"/store/verify", s.guarded(s.postVerify))
	handle("POST "+api+"/store/backup", s.guarded(s.postBackup))
	handle("POST "+one+"/quarantine", s.guarded(s.postRuling))
	handle("POST "+api+"/alerts/{id}/redeliver", s.guarded(s.postRedeliver))
	handle("POST "+api+"/receivers/{name}/test", s.guarded(s.postTest))
	s.deliveryRoutes(handle, api)
}
