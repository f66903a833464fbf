package command

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
)

func TestStarterNames(t *testing.T) {
	t.Parallel()
	for url, name := range map[string]string{
		"https://shop.example.com/":              "shop.example.com",
		"https://shop.example.com/cart?id=1":     "shop.example.com/cart",
		"https://shop.example.com/a b/":          "shop.example.com/a-b",
		"https://bücher.example/é":               "b-cher.example",
		"http://[::1]:8080/":                     "::1:8080",
		"tcp://db.example.com:5432":              "db.example.com:5432",
		"https://known.example/":                 "known.example-2",
		"nonsense":                               "target",
		"https://" + strings.Repeat("a", 300):    strings.Repeat("a", 100),
		"https://a.example/" + "%C3%A9%C3%A9/x/": "a.example/-/x",
	} {
		assert.Equal(t, name, starterName(url, []string{"known.example"}), url)
	}
}

// TestTheSettingsOfAStarterCanBeTaken removes the # from each commented setting.
func TestTheSettingsOfAStarterCanBeTaken(t *testing.T) {
	t.Parallel()
	text := starter([]string{"https://a.example/", "tcp://a.example:1", "tls://a.example:1", "dns://a.example", "grpc://a.example:1", "grpcs://a.example:1"})
	full := regexp.MustCompile(`(?m)^( *)#([a-z])`).ReplaceAllString(text, "$1$2")
	require.NotEqual(t, text, full)
	c, err := config.Parse([]byte(full), "prober.yml")
	require.NoError(t, err)
	assert.Len(t, c.Targets, 6)
	for _, target := range c.Targets {
		assert.NotZero(t, target.Expect.MaxLatency, target.Name)
		assert.Equal(t, 5.0, target.Burst.Rate)
	}
}

func TestAStarterIsYAMLWhateverAURLHolds(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://shop.example.com/it's", "null", "~", "https://a.example/: #", "http://a.example/\n- x", "'", `"`, "https://a.example/?a={b}&c=[d]", "- x", "*a", "",
	} {
		if _, err := config.Parse([]byte(starter([]string{url})), "prober.yml"); err != nil {
			assert.ErrorContains(t, err, "prober.yml:19: targets[0]", "%q", url)
			assert.ErrorContains(t, err, ": url: ", "%q", url)
		}
	}
}
