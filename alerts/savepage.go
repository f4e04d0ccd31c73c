package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The Internet Archive's bounds (Save Page Now 2, draft of 2025-10-22): seven
// captures a minute and account, a capture takes two minutes at most, and its
// state is to be asked for no more often than every five seconds.
const (
	savePace    = 10 * time.Second
	savePoll    = 5 * time.Second
	saveAgain   = 30 * time.Second
	maxSaveBody = 64 << 10
	// maxSaveJobs bounds the captures under way that are remembered.
	maxSaveJobs = 256
)

// SavePageOptions configures a SavePage.
type SavePageOptions struct {
	// BaseURL is that of the archive; empty means the Internet Archive's.
	BaseURL string
	// Key is "access:secret", the S3-like keys of an archive account. It is a
	// secret.
	Key string
	// Client makes the requests; nil means one of its own.
	Client *http.Client
	Logger *slog.Logger
}

// SavePage asks the Wayback Machine to capture a policy that changed: a witness
// of the new text whom the vendor cannot doubt. What it delivers is the request,
// and its receipt is the address of the capture.
type SavePage struct {
	base   string
	key    string
	client *http.Client
	logger *slog.Logger

	mu sync.Mutex
	// jobs are captures under way by alert, receipts the addresses of those
	// that are done. A restart forgets the jobs: the archive then gives the same
	// capture, as it is asked for none that is older than an hour.
	jobs, receipts map[string]string
}

// NewSavePage returns a sender.
func NewSavePage(o SavePageOptions) (*SavePage, error) {
	if o.BaseURL == "" {
		o.BaseURL = "https://web.archive.org"
	}
	key := strings.TrimSpace(o.Key)
	if access, secret, ok := strings.Cut(key, ":"); !ok || access == "" || secret == "" || strings.ContainsAny(key, " \r\n") {
		return nil, errors.New("the archive's key has another form (want access:secret, from archive.org/account/s3.php)")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &SavePage{
		base: strings.TrimRight(o.BaseURL, "/"), key: key, client: hardened(o.Client), logger: o.Logger,
		jobs: map[string]string{}, receipts: map[string]string{},
	}, nil
}

// Pace implements pacedSender.
func (s *SavePage) Pace() time.Duration { return savePace }

// Receipt implements receiptSender.
func (s *SavePage) Receipt(alertID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer delete(s.receipts, alertID)
	return s.receipts[alertID]
}

// Send implements Sender. A capture that takes longer than ctx is asked after
// with the next attempt.
func (s *SavePage) Send(ctx context.Context, m Message) error {
	if m.Test { // nothing is to be captured: is the key good?
		_, err := s.ask(ctx, http.MethodGet, "/save/status/user", nil)
		return err
	}
	job := s.job(m.AlertID)
	if job == "" {
		var err error
		if job, err = s.begin(ctx, m); err != nil {
			return err
		}
		s.remember(m.AlertID, job)
	}
	tick := time.NewTicker(savePoll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return &SendError{Kind: Retry, Reason: reasonTimeout, RetryAfter: saveAgain, Err: errors.New("the archive is still at work")}
		}
		done, err := s.finished(ctx, m.AlertID, job)
		if done || err != nil {
			return err
		}
	}
}

func (s *SavePage) job(alertID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[alertID]
}

func (s *SavePage) remember(alertID, job string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) >= maxSaveJobs {
		clear(s.jobs)
	}
	s.jobs[alertID] = job
}

func (s *SavePage) forget(alertID, receipt string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.jobs, alertID); receipt != "" {
		s.receipts[alertID] = receipt
	}
}

// saveAnswer is what the service says of a capture.
type saveAnswer struct {
	JobID     string `json:"job_id"`
	Status    string `json:"status"`
	StatusExt string `json:"status_ext"`
	Message   string `json:"message"`
	Timestamp string `json:"timestamp"`
	Original  string `json:"original_url"`
}

// begin asks for a capture and returns its job.
func (s *SavePage) begin(ctx context.Context, m Message) (string, error) {
	form := url.Values{
		"url": {m.Event.Policy.URL}, "if_not_archived_within": {"1h"}, "skip_first_archive": {"1"}, "js_behavior_timeout": {"0"},
	}
	answer, err := s.ask(ctx, http.MethodPost, "/save", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if answer.JobID == "" {
		return "", answer.failure()
	}
	return answer.JobID, nil
}

// finished asks how a capture is doing.
func (s *SavePage) finished(ctx context.Context, alertID, job string) (bool, error) {
	answer, err := s.ask(ctx, http.MethodGet, "/save/status/"+url.PathEscape(job), nil)
	if err != nil {
		return false, err
	}
	switch answer.Status {
	case "pending":
		return false, nil
	case "success":
		receipt := s.base + "/web/" + answer.Timestamp + "/" + answer.Original
		s.forget(alertID, receipt)
		s.logger.Info("the archive has captured a policy that changed", "alert", alertID, "capture", receipt)
		return true, nil
	}
	s.forget(alertID, "")
	return false, answer.failure()
}

// ask makes one request.
func (s *SavePage) ask(ctx context.Context, method, path string, body io.Reader) (saveAnswer, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return saveAnswer{}, &SendError{Kind: ReceiverDead, Reason: reasonOther, Err: err}
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "LOW "+s.key)
	r.Header.Set("User-Agent", "watcher")
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return saveAnswer{}, networkError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxSaveBody))
	if err != nil {
		return saveAnswer{}, networkError(err)
	}
	if resp.StatusCode/100 != 2 {
		return saveAnswer{}, statusError(resp, cutHead(cleanLine(string(raw)), maxNote))
	}
	var a saveAnswer
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, &SendError{Kind: Retry, Reason: reasonServer, Err: errors.New("the archive's answer is not JSON")}
	}
	return a, nil
}

// failure grades what the service calls an error.
func (a saveAnswer) failure() error {
	err := fmt.Errorf("the archive: %s", cutHead(cleanLine(a.StatusExt+" "+a.Message), maxNote))
	code := strings.TrimPrefix(a.StatusExt, "error:")
	switch {
	case code == "too-many-requests" || code == "user-session-limit":
		return &SendError{Kind: Retry, Reason: reasonRateLimited, RetryAfter: time.Minute, Err: err}
	case code == "not-allowed" || code == "unauthorized":
		return &SendError{Kind: ReceiverDead, Reason: reasonAuth, Err: err}
	case code == "blocked-url" || code == "no-access" || code == "not-found" || code == "forbidden" || code == "too-many-daily-captures" ||
		strings.HasPrefix(code, "invalid-"):
		return &SendError{Kind: PayloadDead, Reason: reasonPayload, Err: err}
	}
	return &SendError{Kind: Retry, Reason: reasonServer, RetryAfter: saveAgain, Err: err}
}
