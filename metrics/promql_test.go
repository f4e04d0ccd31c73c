package metrics_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// selector is a metric as an expression names it, with the labels it matches.
type selector struct {
	Metric string
	Labels []string
}

// usage is what an expression uses: selectors, and labels by which it groups
// or joins.
type usage struct {
	Selectors []selector
	Grouping  []string
}

var tokenPattern = regexp.MustCompile(strings.Join([]string{
	`#[^\n]*`,                    // comment
	`\[[^\]]*\]`,                 // range or subquery
	`"(?:\\.|[^"\\])*"`,          // strings
	`'(?:\\.|[^'\\])*'`,          //
	"`[^`]*`",                    //
	`[0-9][0-9a-zA-Z_.]*`,        // number or duration
	`[a-zA-Z_:][a-zA-Z0-9_:]*`,   // name or word
	`=~|!~|!=|==|>=|<=|[^\s\w:]`, // operator or bracket
}, "|"))

var namePattern = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// uses reads an expression word by word. It is no parser: whether the
// expression is valid is for promtool to say.
func uses(expr string) usage {
	tokens := slices.DeleteFunc(tokenPattern.FindAllString(expr, -1), func(s string) bool {
		return s[0] == '#' || s[0] == '['
	})
	var u usage
	for i := 0; i < len(tokens); i++ {
		word, next := tokens[i], ""
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch {
		case !namePattern.MatchString(word):
		case slices.Contains([]string{"by", "without", "on", "ignoring", "group_left", "group_right"}, strings.ToLower(word)):
			names, end := until(tokens, i+1, ")")
			u.Grouping = append(u.Grouping, names...)
			i = end
		case slices.Contains([]string{"and", "or", "unless", "offset", "bool", "atan2", "inf", "nan"}, strings.ToLower(word)):
		case next == "(" || next == "by" || next == "without": // function or aggregation
		case next == "{":
			names, end := until(tokens, i+1, "}")
			u.Selectors = append(u.Selectors, selector{word, names})
			i = end
		default:
			u.Selectors = append(u.Selectors, selector{Metric: word})
		}
	}
	return u
}

// until returns the names between the bracket at from and its end.
func until(tokens []string, from int, end string) (names []string, at int) {
	for at = from; at < len(tokens) && tokens[at] != end; at++ {
		if namePattern.MatchString(tokens[at]) {
			names = append(names, tokens[at])
		}
	}
	return names, at
}

func TestUses(t *testing.T) {
	for _, tc := range []struct {
		expr string
		want usage
	}{
		{`up`, usage{Selectors: []selector{{Metric: "up"}}}},
		{`up{job="a b", instance=~'x}y\'z'} == 0`, usage{Selectors: []selector{{"up", []string{"job", "instance"}}}}},
		{
			`sum by (vendor) (rate(a_total{policy!="x"}[5m])) # comment c_total`,
			usage{[]selector{{"a_total", []string{"policy"}}}, []string{"vendor"}},
		},
		{
			"sum(a) without (x,y) / on (z) group_left (w) b offset 36h",
			usage{[]selector{{Metric: "a"}, {Metric: "b"}}, []string{"x", "y", "z", "w"}},
		},
		{
			`(time() - a{l="1"} > 3 * b) or vector(0) unless c and count(d > bool 1e3)`,
			usage{Selectors: []selector{{"a", []string{"l"}}, {Metric: "b"}, {Metric: "c"}, {Metric: "d"}}},
		},
		{`max_over_time((a - b)[1d:10m])`, usage{Selectors: []selector{{Metric: "a"}, {Metric: "b"}}}},
		{`histogram_quantile(0.95, sum by (le) (rate(h_bucket[$__rate_interval])))`, usage{[]selector{{Metric: "h_bucket"}}, []string{"le"}}},
		{``, usage{}},
	} {
		if diff := cmp.Diff(tc.want, uses(tc.expr)); diff != "" {
			t.Errorf("%s: %s", tc.expr, diff)
		}
	}
}
