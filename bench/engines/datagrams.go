package engines

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"example.com/prober/bench/closed"
)

// datagrams is the meter of a DNS server: the datagrams that the kernel has sent for all programs. Questions and
// answers grow alike.
func datagrams() closed.Meter {
	read := func() (int64, error) {
		content, err := os.ReadFile("/proc/self/net/snmp")
		if err != nil {
			return 0, err
		}
		return parseDatagrams(string(content))
	}
	const start = 1000
	return closed.Meter{Read: read, Start: start}
}

// parseDatagrams finds the number of datagrams sent, by its name in the line above.
func parseDatagrams(snmp string) (int64, error) {
	var names []string
	for line := range strings.Lines(snmp) {
		fields, found := strings.CutPrefix(line, "Udp: ")
		switch {
		case !found:
		case names == nil:
			names = strings.Fields(fields)
		default:
			for i, value := range strings.Fields(fields) {
				if i < len(names) && names[i] == "OutDatagrams" {
					return strconv.ParseInt(value, 10, 64)
				}
			}
		}
	}
	return 0, fmt.Errorf("the kernel does not count datagrams: %q", snmp)
}
