package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A browser cannot send the run file's token with a form. Who types it in once
// gets a cookie that stands for it: its end, and a MAC over that with the token
// as the key. Nothing is stored, and a restart, which makes a new token, ends
// every session.
const (
	sessionCookie = "watcher_session"
	sessionFor    = 12 * time.Hour
)

// may reports whether a request may change something: it carries the token of
// the run file, or a session that was opened with it, or authentication in front
// of this handler vouches for it and does not hold its user to reading.
func (s *server) may(r *http.Request) bool {
	if s.bearer(r) || s.session(r) {
		return true
	}
	if !s.opt.TrustAuth {
		return false
	}
	user, _, _ := r.BasicAuth()
	return len(s.opt.Admins) == 0 || slices.Contains(s.opt.Admins, user)
}

func (s *server) session(r *http.Request) bool {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || s.opt.Token == "" {
		return false
	}
	end, mac, _ := strings.Cut(cookie.Value, ".")
	unix, err := strconv.ParseInt(end, 10, 64)
	if err != nil || !s.opt.Clock().Before(time.Unix(unix, 0)) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(mac), []byte(s.sessionMAC(end))) == 1
}

func (s *server) sessionMAC(end string) string {
	m := hmac.New(sha256.New, []byte(s.opt.Token))
	m.Write([]byte("session " + end))
	return hex.EncodeToString(m.Sum(nil))
}

func (s *server) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // without TLS, a cookie that is Secure would open no session
		Name: sessionCookie, Value: value, Path: s.urls.home(), MaxAge: age, HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil || strings.HasPrefix(s.opt.ExternalURL, "https://") && !loopbackHost(r.Host),
	}
}

// loopbackHost reports whether a Host header names this machine: there pages are
// served without TLS whatever the external URL is.
func loopbackHost(host string) bool {
	switch hostOnly(host) {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}

// acting is what a page with forms knows of who reads it.
type acting struct {
	// May is set when forms are shown; else Unlock is the page on which the token
	// is typed in, "" when that would not help.
	May    bool
	Unlock string
	// Lock ends a session, "" without one. User is the name that authentication
	// gave.
	Lock string
	User string
}

func (s *server) acting(r *http.Request) acting {
	a := acting{May: s.may(r)}
	a.User, _, _ = r.BasicAuth()
	if !a.May && s.opt.Token != "" {
		a.Unlock = s.urls.unlock() + "?next=" + url.QueryEscape(s.urls.base+r.URL.RequestURI())
	}
	if s.session(r) {
		a.Lock = s.urls.lock()
	}
	return a
}

// guardedForm lets a form of a page through, or leads to the page on which the
// token is typed in.
func (s *server) guardedForm(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.may(r) {
			next(w, r)
			return
		}
		s.fail(w, r, &statusError{http.StatusForbidden, "you may read this, but not change it: unlock the pages first (at " + s.urls.unlock() + "), or ask who may"})
	})
}

// unlockView is the page on which the token is typed in.
type unlockView struct {
	Shell    shell
	Action   string
	Next     string
	Wrong    bool
	Unlocked bool
}

func (s *server) unlockPage(r *http.Request) (unlockView, error) {
	return unlockView{
		Shell: s.shell("Unlock", "", s.calendar()), Action: s.urls.unlock(), Next: s.ownPath(r.URL.Query().Get("next")),
		Wrong: r.URL.Query().Get("wrong") != "", Unlocked: s.may(r),
	}, nil
}

// ownPath returns a path on this server, its front page for anything else: a link
// must not lead through here to somebody else's site.
func (s *server) ownPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(raw, "\\\r\n") {
		return s.urls.home()
	}
	return u.RequestURI()
}

func (s *server) postUnlock(w http.ResponseWriter, r *http.Request) {
	next := s.ownPath(r.PostFormValue("next"))
	got, want := sha256.Sum256([]byte(strings.TrimSpace(r.PostFormValue("token")))), sha256.Sum256([]byte(s.opt.Token))
	if s.opt.Token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		http.Redirect(w, r, s.urls.unlock()+"?wrong=1&next="+url.QueryEscape(next), http.StatusSeeOther)
		return
	}
	end := strconv.FormatInt(s.opt.Clock().Add(sessionFor).Unix(), 10)
	http.SetCookie(w, s.cookie(r, end+"."+s.sessionMAC(end), int(sessionFor/time.Second)))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *server) postLock(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, s.cookie(r, "", -1))
	http.Redirect(w, r, s.urls.home(), http.StatusSeeOther)
}
