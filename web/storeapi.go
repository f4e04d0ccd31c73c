package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"watcher/storage"
)

// Upkeep is what may be asked about the store's file.
type Upkeep interface {
	// VerifyStore reads everything in the store and hands what is damaged to
	// emit.
	VerifyStore(ctx context.Context, emit func(storage.Problem) error) (storage.Report, error)
	// CopyStore returns a copy of the store as it is now, and its size in bytes.
	CopyStore(ctx context.Context) (io.ReadCloser, int64, error)
}

// verifyLine is a line of the answer to a verification: what is damaged, or at
// the end what was looked at.
type verifyLine struct {
	Problem *storage.Problem `json:"problem,omitempty"`
	Report  *storage.Report  `json:"report,omitempty"`
}

// postVerify verifies the store. It answers line by line: it may take minutes.
func (s *server) postVerify(w http.ResponseWriter, r *http.Request) {
	if s.opt.Upkeep == nil {
		s.fail(w, r, errNotWired())
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // not every writer has one to lift
	out := &lines{w: w, flush: control.Flush}
	report, err := s.opt.Upkeep.VerifyStore(r.Context(), func(p storage.Problem) error { return out.emit(verifyLine{Problem: &p}) })
	switch {
	case err == nil:
		err = out.emit(verifyLine{Report: &report})
	case !out.begun:
		s.fail(w, r, err)
		return
	default:
		err = errors.Join(err, out.emit(lineError{err.Error(), problemOf(err).Type}))
	}
	if err != nil {
		s.log.Warn("verification stopped", "err", err)
	}
}

// postBackup sends a copy of the store. The copy was finished before the first
// byte goes out: no client, however slow, holds up the store.
func (s *server) postBackup(w http.ResponseWriter, r *http.Request) {
	if s.opt.Upkeep == nil {
		s.fail(w, r, errNotWired())
		return
	}
	body, size, err := s.opt.Upkeep.CopyStore(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer func() { _ = body.Close() }()                             // only read
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // as above
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="watcher.db"`)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	if _, err := io.Copy(w, body); err != nil {
		s.log.Warn("a copy of the store was not sent whole", "err", err)
	}
}
