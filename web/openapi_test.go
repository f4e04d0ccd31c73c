package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// The description is made of the types that the handlers answer with, so it says
// what they say. go test ./web -run OpenAPI -update rewrites it.
func TestOpenAPIIsThatOfTheTypes(t *testing.T) {
	want, err := json.MarshalIndent(describe("1"), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want, openAPI) {
		t.Error("openapi.json is not what the types say (run go test ./web -run OpenAPI -update, and read the difference)")
	}
}

// Every endpoint is described, and every description has its endpoint.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	var served, described []string
	s := &server{opt: options(fixture())}
	s.apiRoutes(func(pattern string, _ http.Handler) { served = append(served, pattern) })
	for _, op := range operations() {
		described = append(described, op.method+" "+op.path)
	}
	slices.Sort(served)
	slices.Sort(described)
	for _, p := range served {
		if !slices.Contains(described, p) {
			t.Errorf("%s is not described: add it to operations()", p)
		}
	}
	for _, p := range described {
		if !slices.Contains(served, p) {
			t.Errorf("%s is described, but there is no such endpoint", p)
		}
	}
}

func apiRouter(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.json is not valid: %v", err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// samples are requests to the endpoints, with the status that each answers with.
func samples() map[string]int {
	const scan = "/api/v1/policies/cedar-scan/privacy-de"
	return map[string]int{
		"GET /api/v1/policies": 200, "GET /api/v1/policies?limit=2&offset=1": 200, "GET /api/v1/policies?limit=none": 400,
		"GET " + northlight: 200, "GET /api/v1/policies/no/body": 404, "GET " + northlight + "/versions": 200, "GET " + northlight + "/versions/2": 200,
		"GET " + northlight + "/versions/9": 404, "GET " + northlight + "/versions/2/document": 200, "GET " + northlight + "/versions/2/text": 200,
		"GET " + northlight + "/changes/2": 200, "GET " + northlight + "/changes/1": 404, "GET " + northlight + "/compare?from=2&to=1": 200,
		"GET " + northlight + "/compare?from=1&to=2": 200, "GET " + northlight + "/captures/17": 200, "GET " + northlight + "/captures/17/body": 200,
		"GET " + northlight + "/checks?since=2025-01-01": 200, "GET " + northlight + "/runs": 200, "GET " + northlight + "/coverage": 200,
		"GET " + northlight + "/coverage?at=2026-03-13": 200, "GET " + scan + "/quarantine": 200, "GET " + northlight + "/quarantine": 404,
		"POST " + scan + "/quarantine": 200, "GET /api/v1/quarantine": 200, "GET /api/v1/uptime": 200, "GET /api/v1/search?q=scans": 200,
		"GET /api/v1/changes": 200, "GET /api/v1/alerts?state=dead&state=pending": 200, "GET /api/v1/alerts/alt_2": 200, "GET /api/v1/alerts/none": 404,
		"POST /api/v1/alerts/alt_2/redeliver": 204, "GET /api/v1/receivers": 200, "POST /api/v1/receivers/privacy-team/test": 204,
		"GET /api/v1/stats": 200, "GET /api/v1/config": 200, "GET /api/v1/openapi.json": 200, "POST /api/v1/check": 200,
		"POST /api/v1/renormalize": 501, "POST /api/v1/store/verify": 501, "POST /api/v1/store/backup": 501,
		"GET /api/v1/events": 501, "GET /api/v1/silences": 200, "POST /api/v1/silences": 201, "DELETE /api/v1/silences/sil_1": 204,
		"GET /api/v1/breaker": 200, "POST /api/v1/breaker/close": 204, "POST /api/v1/receivers/privacy-team/resume": 200,
	}
}

// bodies are what the samples send.
func bodies() map[string]string {
	return map[string]string{
		"POST /api/v1/policies/cedar-scan/privacy-de/quarantine": `{"accept":true,"author":"me","reason":"looked at it","capture":41}`,
		"POST /api/v1/silences": `{"id":"","matchers":[{"name":"vendor","values":["acme"]}],"starts_at":"2026-03-14T09:00:00Z",
			"ends_at":"2026-03-15T09:00:00Z","author":"me","comment":"known","created_at":"2026-03-14T09:00:00Z"}`,
		"POST /api/v1/breaker/close": `{"by":"me"}`,
	}
}

// Requests and answers are what the description says of them.
func TestOpenAPIDescribesTheAnswers(t *testing.T) {
	router := apiRouter(t)
	opt := options(fixture())
	opt.Requeue, opt.Delivery = requeueNothing, &fakeDelivery{}
	h := handler(t, opt)
	seen := map[string]bool{}
	for sample, status := range samples() {
		method, target, _ := strings.Cut(sample, " ")
		body := bodies()[sample]
		w := call(h, method, target, body)
		if w.Code != status {
			t.Errorf("%s: %d, want %d: %s", sample, w.Code, status, w.Body)
			continue
		}
		seen[checkAnswer(t, router, sample, body, w)] = true
	}
	for _, op := range operations() {
		if !seen[op.id] {
			t.Errorf("no sample of %s", op.id)
		}
	}
}

// checkAnswer holds an answer against the description and returns its operation.
func checkAnswer(t *testing.T, router routers.Router, sample, body string, w *httptest.ResponseRecorder) string {
	t.Helper()
	method, target, _ := strings.Cut(sample, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Errorf("%s: %v", sample, err)
		return ""
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if w.Code < 400 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s: request: %v", sample, err)
		}
	}
	kind := w.Header().Get("Content-Type")
	if kind == ndjson || kind == octets {
		in.Options.ExcludeResponseBody = true // no single JSON value
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: w.Code, Header: w.Header(), Body: nopBody(w.Body.Bytes()), Options: in.Options,
	})
	if err != nil {
		t.Errorf("%s: answer: %v\n%s", sample, err, w.Body)
	}
	return route.Operation.OperationID
}

// The check above must be able to fail.
func TestOpenAPICheckHasTeeth(t *testing.T) {
	router := apiRouter(t)
	for _, body := range []string{`{}`, `{"policies":[{"id":7}]}`, `[]`} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_, _ = w.WriteString(body)
		if answerIsDescribed(t, router, "/api/v1/policies", w) {
			t.Errorf("%s passes for a list of policies", body)
		}
	}
}

func answerIsDescribed(t *testing.T, router routers.Router, target string, w *httptest.ResponseRecorder) bool {
	t.Helper()
	r := httptest.NewRequest("GET", target, nil)
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Fatal(err)
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: w.Code, Header: w.Header(), Body: nopBody(w.Body.Bytes()),
	}) == nil
}
