package app

import (
	"context"

	"watcher/policy"
	"watcher/web"
)

// Held returns the newest capture of a policy that the gate holds. A capture that
// cannot be read is returned with the reason: a person may still dismiss it.
func (a *App) Held(ctx context.Context, id policy.ID, withText bool) (web.Held, error) {
	check, err := a.loop.HeldCheck(ctx, id)
	if err != nil {
		return web.Held{}, err
	}
	h := web.Held{Check: check}
	if !withText {
		return h, nil
	}
	if h.Text, err = a.loop.HeldText(ctx, id, check.Capture); err != nil {
		h.Problem = err.Error()
	}
	return h, nil
}
