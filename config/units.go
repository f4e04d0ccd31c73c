package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// durationPattern is the grammar of Prometheus (common/model.ParseDuration),
// but for the zero, which needs a unit here as everything does.
var durationPattern = regexp.MustCompile(`^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$`)

const day = 24 * time.Hour

// durationUnits are in the order of durationPattern's groups.
func durationUnits() [7]time.Duration {
	return [...]time.Duration{365 * day, 7 * day, day, time.Hour, time.Minute, time.Second, time.Millisecond}
}

// parseDuration reads "90s", "1h30m", "1d", "2w" and the like.
func parseDuration(text string) (time.Duration, *fault) {
	m := durationPattern.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, durationFault(text)
	}
	var total time.Duration
	for i, unit := range durationUnits() {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(m[i+1], 10, 64)
		if err != nil || n > int64((math.MaxInt64-total)/unit) {
			return 0, faultf("is there a digit too many?", "%s is too long a time", shown(text))
		}
		total += time.Duration(n) * unit
	}
	return total, nil
}

// spelled matches durations in other people's spelling: "12 hours", "5 min".
var (
	spelled    = regexp.MustCompile(`(?i)^(\d+)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|wks?|y|years?|yrs?)$`)
	bareNumber = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
)

func durationFault(text string) *fault {
	if bareNumber.MatchString(text) {
		n := strings.TrimLeft(text, "+-")
		if !strings.HasPrefix(text, "-") && !strings.Contains(n, ".") {
			return faultf("add a unit: `"+n+"s`, `"+n+"m` or `"+n+"h`", "%s has no unit", text)
		}
	}
	hint := "for example `90s`, `12h`, `1h30m`, `1d` or `2w`"
	if m := spelled.FindStringSubmatch(text); m != nil {
		unit := strings.ToLower(m[2])
		if !strings.HasPrefix(unit, "ms") && !strings.HasPrefix(unit, "mil") {
			unit = unit[:1]
		} else {
			unit = "ms"
		}
		hint = didYouMean(m[1]+unit, "")
	} else if d, err := time.ParseDuration(text); err == nil && d > 0 && d%time.Millisecond == 0 {
		hint = didYouMean(formatDuration(d), "")
	}
	return faultf(hint, "%s is not a duration", shown(text))
}

// formatDuration writes d the way parseDuration reads it: whole days from two
// on, seconds below two minutes,
// otherwise hours, minutes and seconds. It cuts at milliseconds.
func formatDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "0s"
	case d >= 2*day && d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d < 2*time.Minute && d%time.Minute != 0 && d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	var b strings.Builder
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := d / u.unit; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + u.name)
			d %= u.unit
		}
	}
	return b.String()
}

var sizePattern = regexp.MustCompile(`^(\d+)(B|KB|KiB|MB|MiB|GB|GiB)?$`)

// sizeUnits are in descending order; KB and its kin are powers of 1000.
func sizeUnits() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}, {"B", 1}}
}

// parseSize reads "20MiB", "10MB", "512KiB" and plain bytes.
func parseSize(text string) (int64, *fault) {
	m := sizePattern.FindStringSubmatch(text)
	if m == nil {
		return 0, sizeFault(text)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := int64(1)
	for _, u := range sizeUnits() {
		if u.name == m[2] {
			unit = u.bytes
		}
	}
	if err != nil || n > math.MaxInt64/unit {
		return 0, faultf("is there a digit too many?", "%s is too large", shown(text))
	}
	return n * unit, nil
}

var spelledSize = regexp.MustCompile(`(?i)^(\d+)\s*([kmg])(i?)b?(?:ytes?)?$`)

func sizeFault(text string) *fault {
	hint := "for example `20MiB`, `10MB` or `512KiB`"
	if m := spelledSize.FindStringSubmatch(text); m != nil {
		hint = didYouMean(m[1]+strings.ToUpper(m[2])+"iB", "")
		if m[3] == "" {
			hint = "did you mean `" + m[1] + strings.ToUpper(m[2]) + "iB` (1024) or `" + m[1] + strings.ToUpper(m[2]) + "B` (1000)?"
		}
	}
	return faultf(hint, "%s is not a size", shown(text))
}

// formatSize writes n with the largest unit that divides it.
func formatSize(n int64) string {
	for _, u := range sizeUnits() {
		if n != 0 && n%u.bytes == 0 && u.bytes > 1 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}
