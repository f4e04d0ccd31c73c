//go:build live

package wayback_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"watcher/crawler"
	"watcher/policy"
	"watcher/wayback"
)

// These tests hold the real Wayback Machine to what internal/waybackfake says of
// it. They need a network, make about ten requests at the archive's pace, and are
// left out of every other run:
//
//	go test -tags live -run TestLive ./wayback
func live(t *testing.T) *wayback.Client {
	t.Helper()
	c, err := crawler.New(crawler.Options{Clock: time.Now, Contact: "https://example.org/watcher-contract-test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return wayback.New(wayback.Options{
		BaseURL: "https://web.archive.org", Clock: time.Now, CDXInterval: 2500 * time.Millisecond, PlaybackInterval: time.Second,
		Get: func(ctx context.Context, address string) (policy.Capture, error) {
			return c.Once(ctx, policy.Request{URL: address})
		},
	})
}

// TestLiveListAndPlay: a page whose past is settled has captures in order, each
// once, and the first plays back with the proof that it is archived content.
func TestLiveListAndPlay(t *testing.T) {
	c := live(t)
	list, err := c.List(t.Context(), "https://www.artec3d.com/privacy-policy", wayback.Range{
		From: time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2018, 12, 31, 0, 0, 0, 0, time.UTC),
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("%d captures, %v", len(list), err)
	}
	for i, m := range list {
		if i > 0 && m.Time.Before(list[i-1].Time) || m.Time.Year() < 2016 || m.Time.Year() > 2018 {
			t.Errorf("capture %d is out of order or range: %v", i, m.Time)
		}
	}
	got, err := c.Play(t.Context(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	if got.Source != policy.SourceWayback || got.Size == 0 || got.CapturedAt.Sub(list[0].Time).Abs() > 24*time.Hour {
		t.Errorf("played %d bytes of %v", got.Size, got.CapturedAt)
	}
}

func TestLiveLatest(t *testing.T) {
	m, err := live(t).Latest(t.Context(), "https://example.com/")
	if err != nil || time.Since(m.Time) > 365*24*time.Hour {
		t.Errorf("latest of example.com is %v, %v", m.Time, err)
	}
}

// TestLiveMissing: what was never archived is no outage, and never content.
func TestLiveMissing(t *testing.T) {
	c := live(t)
	const nowhere = "https://example.com/no-such-page-of-the-watcher-contract-test"
	if list, err := c.List(t.Context(), nowhere, wayback.Range{}); err != nil || len(list) != 0 {
		t.Errorf("%d captures, %v", len(list), err)
	}
	_, err := c.Play(t.Context(), wayback.Memento{Original: nowhere, Timestamp: "20200101000000", Time: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	var fe *policy.FetchError
	if err == nil || errors.As(err, &fe) && fe.Reason == policy.FetchConnect {
		t.Errorf("%v, want an error that is no outage", err)
	}
}
