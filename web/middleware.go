package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
)

// contentPolicy lets a page load the one stylesheet, the one script and the icon, send forms
// to this server and read from it, and nothing else: no script or style in a page itself, no frame,
// no foreign origin.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// wrap puts the guards around the routes, outermost first: headers on every
// answer, panics caught, strangers' Host and cross-origin mutations refused,
// request bodies bounded.
func (s *server) wrap(mux *http.ServeMux, guard hostGuard) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &statusError{http.StatusForbidden, "this request comes from another web site and was refused"})
	}))
	h := s.withoutPrefix(s.router(mux))
	h = http.MaxBytesHandler(h, maxRequestBody)
	h = cross.Handler(h)
	h = s.checkHost(guard, h)
	h = s.recoverPanics(h)
	return securityHeaders(h)
}

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// started remembers whether an answer has begun, for the panic handler.
type started struct {
	http.ResponseWriter
	begun bool
}

func (w *started) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *started) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *started) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recoverPanics turns a panic into a logged 500. Once the answer has begun its
// status cannot be changed: the connection is cut instead, so that a client
// never takes half an answer for a whole one.
func (s *server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sw := &started{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			s.log.Error("request panicked", "method", r.Method, "path", r.URL.Path,
				"panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			if sw.begun {
				panic(http.ErrAbortHandler)
			}
			s.fail(sw, r, &statusError{http.StatusInternalServerError, "the request could not be served; the log has the details"})
		}()
		next.ServeHTTP(sw, r)
	})
}

func (s *server) checkHost(guard hostGuard, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !guard.allows(r.Host) {
			s.fail(w, r, &statusError{http.StatusForbidden, fmt.Sprintf(
				"this server does not answer for host %q (if it should, start it with --web.external-url)", r.Host)})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withoutPrefix serves the external URL's path prefix as well as the bare
// paths: some proxies strip it, some do not.
func (s *server) withoutPrefix(next http.Handler) http.Handler {
	if s.urls.base == "" {
		return next
	}
	stripped := http.StripPrefix(s.urls.base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, s.urls.base+"/") {
			stripped.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// router answers for the paths that the mux does not know, and for methods it
// does not allow, in the form the caller expects: a page or a problem.
func (s *server) router(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fallback, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		rec := &statusOnly{header: http.Header{}}
		fallback.ServeHTTP(rec, r)
		if allow := rec.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			s.fail(w, r, &statusError{http.StatusMethodNotAllowed, "this path takes " + allow + " only"})
			return
		}
		s.fail(w, r, &statusError{http.StatusNotFound, "there is nothing at this address"})
	})
}

// statusOnly collects the headers of the mux's own answers and drops the rest.
type statusOnly struct{ header http.Header }

func (r *statusOnly) Header() http.Header         { return r.header }
func (r *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (r *statusOnly) WriteHeader(int)             {}

// guarded lets a mutation through from who may make it.
func (s *server) guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.may(r) {
			if s.opt.TrustAuth {
				s.fail(w, r, &statusError{http.StatusForbidden, "this user may read, but not change anything (--web.admin-users names who may)"})
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="watcher"`)
			s.fail(w, r, &statusError{
				http.StatusUnauthorized,
				"this needs the token of the daemon's run file as \"Authorization: Bearer …\", or a web configuration file with users (SIGHUP reloads without either)",
			})
			return
		}
		next(w, r)
	})
}

// bearer compares digests, so that neither the length nor the content of the
// token shows in the time it takes.
func (s *server) bearer(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if s.opt.Token == "" || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.opt.Token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
