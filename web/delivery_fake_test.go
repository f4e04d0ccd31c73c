package web

import (
	"context"

	"watcher/policy"
)

// fakeDelivery remembers what it was asked.
type fakeDelivery struct {
	added                     []policy.Silence
	expired, closed, receiver string
}

func (d *fakeDelivery) AddSilence(_ context.Context, s policy.Silence) (policy.Silence, error) {
	s.ID = policy.SilenceID(s)
	d.added = append(d.added, s)
	return s, nil
}

func (d *fakeDelivery) ExpireSilence(_ context.Context, id string) error {
	d.expired = id
	return nil
}

func (d *fakeDelivery) CloseBreaker(_ context.Context, by string) error {
	d.closed = by
	return nil
}

func (d *fakeDelivery) ResumeReceiver(_ context.Context, name string) (int, error) {
	d.receiver = name
	return 3, nil
}
