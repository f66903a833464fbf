package rules

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/internal/rig"
)

func TestTheFilesAreThoseOfTheDescription(t *testing.T) {
	t.Parallel()
	for name, render := range map[string]func() ([]byte, error){
		"prober.rules.yml":    Default().RuleFile,
		"prometheusrule.yaml": Default().PrometheusRule,
	} {
		want, err := render()
		require.NoError(t, err)
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Empty(t, rig.Differing(string(want), string(got)), "go generate ./dashboards/rules writes %s anew", name)
	}
}

func TestPrometheusTakesTheRules(t *testing.T) {
	t.Parallel()
	promtool := rig.Program(t, "promtool", "prometheus")
	for name, s := range map[string]Settings{
		"as committed":         Default(),
		"with more objectives": withObjectives(Objective{Targets: `tier="critical"`, Availability: 0.999, Latency: 1}),
		"for a test":           {Objectives: Default().Objectives, Speed: 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := s.RuleFile()
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "rules.yml")
			require.NoError(t, os.WriteFile(path, text, 0o600))
			said, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint-fatal", path).CombinedOutput()
			assert.NoError(t, err, string(said))
		})
	}
}

func TestEveryAlertFiresWhenItShould(t *testing.T) {
	t.Parallel()
	promtool := rig.Program(t, "promtool", "prometheus")
	for _, file := range unitTests(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			said, err := exec.CommandContext(t.Context(), promtool, "test", "rules", file).CombinedOutput()
			assert.NoError(t, err, string(said))
		})
	}
}

func TestPrometheusTakesTheExamplesOfThePage(t *testing.T) {
	t.Parallel()
	promtool := rig.Program(t, "promtool", "prometheus")
	blocks := regexp.MustCompile("(?s)\n```yaml\n(groups:.*?\n)```\n").FindAllStringSubmatch(read(t, "../../docs/alerting.md"), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		path := filepath.Join(t.TempDir(), "rules.yml")
		require.NoError(t, os.WriteFile(path, []byte(block[1]), 0o600))
		said, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint-fatal", path).CombinedOutput()
		assert.NoError(t, err, "%s\n%s", said, block[1])
	}
}

// unitTest is a part of promtool's input.
type unitTest struct {
	Tests []struct {
		Checks []struct {
			Alert    string `yaml:"alertname"`
			Expected []struct {
				Labels map[string]string `yaml:"exp_labels"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	}
}

func TestEveryAlertHasATestWhereItFiresAndOneWhereItDoesNot(t *testing.T) {
	t.Parallel()
	var files []unitTest
	for _, name := range unitTests(t) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var file unitTest
		require.NoError(t, yaml.Unmarshal(text, &file))
		files = append(files, file)
	}
	for _, rule := range alerts() {
		fires, rests := false, false
		for _, file := range files {
			for _, test := range file.Tests {
				for _, check := range test.Checks {
					if check.Alert != rule.Alert {
						continue
					}
					fired := false
					for _, alert := range check.Expected {
						fired = fired || includes(alert.Labels, rule.Labels)
					}
					fires, rests = fires || fired, rests || !fired
				}
			}
		}
		assert.True(t, fires, "%s %v never fires in a test", rule.Alert, rule.Labels)
		assert.True(t, rests, "%s %v never rests in a test", rule.Alert, rule.Labels)
	}
}

func TestEveryAlertSaysWhatWhoAndWhere(t *testing.T) {
	t.Parallel()
	printsNothing := regexp.MustCompile(`{{ (with|if|else|end)[^}]*}}`)
	seen := map[string]bool{}
	for _, rule := range alerts() {
		identity := rule.Alert + " " + rule.Labels["severity"] + " " + rule.Labels["window"] + rule.Labels["alike"]
		assert.False(t, seen[identity], "two alerts are %s", identity)
		seen[identity] = true
		assert.Regexp(t, `^Prober[A-Z][A-Za-z0-9]+$`, rule.Alert)
		assert.Contains(t, []string{page, ticket}, rule.Labels["severity"], rule.Alert)
		assert.Contains(t, []string{scopeTarget, scopeProber}, rule.Labels["scope"], rule.Alert)
		for _, name := range []string{"summary", "description", "runbook_url", "dashboard_url"} {
			assert.NotEmpty(t, rule.Annotations[name], "%s: %s", rule.Alert, name)
		}
		if rule.Labels["scope"] == scopeTarget {
			assert.Contains(t, rule.Annotations["command"], "prober fire {{ .Labels.target }} --trace")
			assert.Contains(t, rule.Annotations["page_url"], "/targets/{{ .Labels.target }}")
		}
		assert.NotContains(t, rule.Annotations["summary"], "query", rule.Alert)
		assert.LessOrEqual(t, len(printsNothing.ReplaceAllString(rule.Annotations["summary"], "")), 120, rule.Alert)
	}
}

func TestTheFirstObjectiveThatSelectsATargetCounts(t *testing.T) {
	t.Parallel()
	s := withObjectives(Objective{Targets: `tier="critical"`, Availability: 0.999, Latency: 200e6})
	rules := s.objectives()
	assert.Equal(t, "max by (job, location, target) (prober_target_objective_ratio)\nor 0.999 * max by (job, location, target) (prober_target_info{tier=\"critical\"})\nor 0.99 * max by (job, location, target) (prober_target_info)", rules[0].Expr)
	assert.Equal(t, "max by (job, location, target) (prober_target_objective_latency_seconds)\nor 0.2 * max by (job, location, target) (prober_target_info{tier=\"critical\"})\nor 1 * max by (job, location, target) (prober_target_info)", rules[1].Expr)
	assert.Contains(t, header, strings.ReplaceAll(rules[0].Expr, "\n", "\n#   "), "the file explains it with the same example")
}

func TestATestHasTheSameRulesWithShorterTimes(t *testing.T) {
	t.Parallel()
	fast := Default()
	fast.Speed = 60
	slow, quick := Default().Groups(), fast.Groups()
	require.Len(t, quick, len(slow))
	for i, group := range slow {
		require.Len(t, quick[i].Rules, len(group.Rules))
		for j, rule := range group.Rules {
			assert.Equal(t, rule.Record, quick[i].Rules[j].Record)
			assert.Equal(t, rule.Labels, quick[i].Rules[j].Labels)
		}
	}
	assert.Equal(t, "500ms", quick[1].Interval)
	assert.Contains(t, quick[1].Rules[0].Expr, "[5s]")
}

func TestEveryAlertHasARunbook(t *testing.T) {
	t.Parallel()
	text := read(t, "../../docs/runbooks.md")
	headings := regexp.MustCompile(`(?m)^## (Prober\w+)$`).FindAllStringSubmatch(text, -1)
	var documented, named []string
	for _, m := range headings {
		documented = append(documented, m[1])
	}
	for _, rule := range alerts() {
		named = append(named, rule.Alert)
		assert.Equal(t, Default().Docs+"/runbooks.md#"+strings.ToLower(rule.Alert), rule.Annotations["runbook_url"])
	}
	assert.Equal(t, slices.Compact(named), documented, "in the order of the rules")
	for i, section := range strings.Split(text, "\n## Prober")[1:] {
		for _, part := range []string{"**Means:**", "**Look:**", "**Do:**"} {
			assert.Contains(t, section, part, documented[i])
		}
	}
}

// TestThePageListsTheAlerts compares the table of docs/alerting.md with the rules.
func TestThePageListsTheAlerts(t *testing.T) {
	t.Parallel()
	var want []string
	for _, rule := range alerts() {
		name := "[" + rule.Alert + "](runbooks.md#" + strings.ToLower(rule.Alert) + ")"
		if w := rule.Labels["window"]; w != "" {
			name += ", " + w
		}
		if label := rule.Labels["alike"]; label != "" {
			name += ", " + label
		}
		want = append(want, "| "+name+" | "+rule.Labels["severity"]+" | "+rule.Labels["scope"]+" | "+rule.after+" |")
	}
	rows := regexp.MustCompile(`(?m)^\| \[Prober.* \|$`).FindAllString(read(t, "../../docs/alerting.md"), -1)
	assert.Equal(t, want, rows)
}

// TestPagesNameOnlyRulesThatExist recognizes recorded series by their colons. A page may name several alerts by the
// common beginning of their names.
func TestPagesNameOnlyRulesThatExist(t *testing.T) {
	t.Parallel()
	var names []string
	for _, group := range Default().Groups() {
		for _, rule := range group.Rules {
			names = append(names, rule.Record+rule.Alert)
		}
	}
	pattern := regexp.MustCompile(`\b(job_[a-z_]+:[a-z0-9_:]+|Prober[A-Z]\w+)(…|\.\*)?`)
	for _, page := range []string{"../../README.md", "../../docs/alerting.md", "../../docs/runbooks.md", "alertmanager.yml"} {
		for _, m := range pattern.FindAllStringSubmatch(read(t, page), -1) {
			found := slices.ContainsFunc(names, func(name string) bool {
				return name == m[1] || m[2] != "" && strings.HasPrefix(name, m[1])
			})
			assert.True(t, found, "%s: %s", page, m[0])
		}
	}
}

// TestAlertmanagerTakesTheExample also compares docs/alerting.md with the example.
func TestAlertmanagerTakesTheExample(t *testing.T) {
	t.Parallel()
	assert.Contains(t, read(t, "../../docs/alerting.md"), "\n```yaml\n"+read(t, "alertmanager.yml")+"```\n")
	amtool := rig.Program(t, "amtool", "prometheus-alertmanager")
	said, err := exec.CommandContext(t.Context(), amtool, "check-config", "alertmanager.yml").CombinedOutput()
	assert.NoError(t, err, string(said))

	for labels, receiver := range map[string]string{
		"alertname=ProberTargetFailsEverywhere scope=target severity=page team=payments":   "payments-pager",
		"alertname=ProberTargetFailsEverywhere scope=target severity=ticket team=payments": "payments-tickets",
		"alertname=ProberRequestFails scope=target severity=ticket team=search":            "tickets",
		"alertname=ProberBurstsStalled scope=prober severity=page team=payments":           "pager",
		"alertname=ProberReloadFailed scope=prober severity=ticket":                        "tickets",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=alertmanager.yml"}, strings.Fields(labels)...)
		said, err := exec.CommandContext(t.Context(), amtool, args...).Output()
		require.NoError(t, err)
		assert.Equal(t, receiver, strings.TrimSpace(string(said)), labels)
	}
}

// alerts returns all alerting rules.
func alerts() []Rule {
	var found []Rule
	for _, group := range Default().Groups() {
		for _, rule := range group.Rules {
			if rule.Alert != "" {
				found = append(found, rule)
			}
		}
	}
	return found
}

func withObjectives(first ...Objective) Settings {
	s := Default()
	s.Objectives = append(first, s.Objectives...)
	return s
}

// includes reports whether labels has all pairs of part.
func includes(labels, part map[string]string) bool {
	for name, value := range part {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// unitTests returns the files of promtool's tests of the rules.
func unitTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*_test.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

func TestAlertsLeadToThePagesThatTheSettingsName(t *testing.T) {
	t.Parallel()
	for pages, want := range map[string]string{"": "}}http://{{ .Labels.instance }}/targets/", "https://prober.example.org": "}}https://prober.example.org/targets/"} {
		s := Default()
		s.Pages = pages
		text, err := s.RuleFile()
		require.NoError(t, err)
		assert.Contains(t, string(text), want)
		assert.Equal(t, pages == "", strings.Contains(string(text), "http://{{ .Labels.instance }}"))
	}
}
