// Command prober keeps targets under continuous, harmless HTTP load and exports
// what it measures to Prometheus.
package main

import "example.com/prober/internal/command"

func main() {
	command.Main()
}
