package config

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// longestGroupWait bounds the wait of groups: who wants to be told later than
// that wants a digest.
const longestGroupWait = time.Hour

func groupWaitField() field[routeEntry] {
	f := one("group_wait", groupWait().zero(), func(r *routeEntry) *time.Duration { return &r.GroupWait },
		"How long the daemon lets an alert wait for others about the same vendor, to send them as one message; 0s sends each alone. Webhooks and the log get every alert alone and at once.").alias("wait", "group_interval", "batch_wait")
	shown := f.encode
	f.encode = func(r *routeEntry) *yaml.Node {
		if r.Digest != "" {
			return nil // a digest has none
		}
		return shown(r)
	}
	return f
}

func groupWait() scalar[time.Duration] {
	t := durationFrom(0)
	parse := t.parse
	t.parse = func(text string) (time.Duration, *fault) {
		d, bad := parse(text)
		if bad == nil && d > longestGroupWait {
			return 0, faultf("use `digest: hourly` for fewer messages", "%s is too long a wait, want at most 1h", shown(text))
		}
		return d, bad
	}
	return t
}

func digestField() field[routeEntry] {
	return one("digest", oneOf("<digest>", []string{"hourly", "daily", "weekly"}), func(r *routeEntry) *string { return &r.Digest },
		"One message an hour, a day or a week (on Mondays), at `digest_at`, in place of single alerts. When there is nothing to say, nothing is said.").alias("summary", "schedule")
}

func verifyRoute(d *decoder, p place, r *routeEntry) {
	r.where = p
	if r.Digest == "" {
		return
	}
	if p.has("group_wait") {
		d.report(p.at("group_wait"), "remove `group_wait:` or `digest:`", "a digest waits for its hour, not for a group")
	}
	r.GroupWait = 0
}

// defaultDigestAt is when people begin to work.
const defaultDigestAt = 8 * time.Hour

func digestAtField() field[file] {
	return one("digest_at", timeOfDay().zero(), func(f *file) *time.Duration { return &f.DigestAt },
		"The time of day of daily and weekly digests, in `time_zone`.").alias("digest_time", "digests_at")
}

var clockPattern = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):([0-5][0-9])$`)

// timeOfDay is a time on a clock, kept as the time since midnight.
func timeOfDay() scalar[time.Duration] {
	return scalar[time.Duration]{
		// YAML 1.1 reads 8:30 as a number of base 60, this parser as text.
		placeholder: "<HH:MM>", tags: []string{strTag},
		schema: schema{"type": "string", "pattern": clockPattern.String()},
		parse: func(text string) (time.Duration, *fault) {
			m := clockPattern.FindStringSubmatch(text)
			if m == nil {
				return 0, faultf("for example `\"08:00\"` or `\"17:30\"`", "%s is not a time of day", shown(text))
			}
			hours, _ := strconv.Atoi(m[1])   // the pattern has digits only
			minutes, _ := strconv.Atoi(m[2]) // as above
			return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, nil
		},
		format: func(d time.Duration) string {
			return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
		},
	}
}

// shortestBeat keeps a heartbeat from becoming a load.
const shortestBeat = 10 * time.Second

var heartbeatTable = newObject("heartbeat", Heartbeat{Method: "GET", Every: 5 * time.Minute},
	one("url", secretURL(), func(h *Heartbeat) *Secret { return &h.URL },
		"The address. If it holds a token, prefer url_file.").alias("ping_url", "address"),
	one("url_file", fileName(), func(h *Heartbeat) *string { return &h.URLFile },
		"A file that holds the address."),
	one("method", oneOf("<method>", []string{"GET", "POST"}), func(h *Heartbeat) *string { return &h.Method },
		"How it is asked for."),
	one("every", durationFrom(shortestBeat), func(h *Heartbeat) *time.Duration { return &h.Every },
		"Time between two beats of the daemon. A one-shot `check` beats once, at its end.").alias("interval", "period"),
).hidden().check(func(d *decoder, p place, h *Heartbeat) {
	d.readSecret(p, "url", "url_file", h.URLFile, &h.URL, secretURL())
}).constrain(exactlyOne("url", "url_file"))

func heartbeatField() field[file] {
	return optional("heartbeat", heartbeatTable, func(f *file) **Heartbeat { return &f.Heartbeat },
		"A dead man's switch: an address that is asked for as long as checks run and results can be stored. A service there that hears nothing for a while can raise the alarm.").alias("healthcheck", "dead_mans_switch", "watchdog")
}

// withoutAddress drops an address that comes from a file, whose name is shown
// instead.
func withoutAddress(h *Heartbeat) *Heartbeat {
	if h == nil || h.URLFile == "" {
		return h
	}
	shown := *h
	shown.URL = ""
	return &shown
}
