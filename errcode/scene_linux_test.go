package errcode_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// childOf is an environment variable. It makes a process play the scenes of a test, with
// a network of its own or with few files.
const childOf = "ERRCODE_TEST_CHILD_OF"

// allScenes lists the scenes of this process and of its children.
func allScenes() []scene {
	return slices.Concat(scenes(), droppingScenes(), networkScenes(), datagramScenes(), fileScenes())
}

func TestBothEnginesMeetDroppedPackets(t *testing.T) {
	t.Parallel()
	playAll(t, droppingScenes())
}

func TestBothEnginesInANetworkOfTheirOwn(t *testing.T) {
	if os.Getenv(childOf) != t.Name() {
		t.Parallel()
		for _, name := range []string{"ip", "ss"} {
			rig.Program(t, name, "iproute2")
		}
		rig.Program(t, "iptables", "iptables")
		startChild(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET})
		return
	}
	for _, command := range []string{
		"ip link set lo up",
		"ip route add unreachable 198.51.100.1",
		"ip route add prohibit 198.51.100.2",
		"ip route add blackhole 198.51.100.3",
		"iptables -A INPUT -p udp -d " + swallowing + " -j DROP",
		"iptables -A INPUT -p udp -d " + narrow + " -m length --length 1290: -j DROP",
	} {
		run(t, command)
	}
	// How often a connection repeats unacknowledged data before it is given up.
	require.NoError(t, os.WriteFile("/proc/sys/net/ipv4/tcp_retries2", []byte("3"), 0))
	playAll(t, slices.Concat(networkScenes(), datagramScenes()))
}

func TestBothEnginesWithoutFileDescriptors(t *testing.T) {
	if os.Getenv(childOf) != t.Name() {
		t.Parallel()
		startChild(t, nil)
		return
	}
	playAll(t, fileScenes())
}

// startChild plays the scenes of t in a process of its own. It skips the test without the
// necessary rights.
func startChild(t *testing.T, attr *syscall.SysProcAttr) {
	t.Helper()
	var out strings.Builder
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), childOf+"="+t.Name()), attr
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Start()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("no network namespace of its own without the rights of root: %v", err)
	}
	require.NoError(t, err)
	require.NoError(t, cmd.Wait(), "%s", &out)
	require.Contains(t, out.String(), "--- PASS: "+t.Name(), "the child has run it")
}

// droppingScenes have a firewall that silently drops packets.
func droppingScenes() []scene {
	dropped := func(t lab) transport.Config {
		return transport.Config{URL: at("http", filteredPeer(t, dropAll))}
	}
	return []scene{
		{name: "the packets of the dial are dropped", want: errcode.DialTimeout, stage: func(t lab) transport.Config {
			cfg := dropped(t)
			cfg.ConnectTimeout = briefly
			return cfg
		}},
		{name: "the time of the request ends while it connects", want: errcode.DialTimeout, std: errcode.RequestTimeout, or: errcode.DialTimeout, why: twoTimers, late: true, stage: dropped},
		{name: "the request is cancelled while it connects", want: errcode.Cancelled, act: cancelled(briefly, nil), stage: dropped},
		{name: "the request is cancelled for a cause while it connects", want: errcode.Cancelled, std: errcode.General, why: causeAlone, act: cancelled(briefly, errOperator), stage: dropped},
	}
}

// networkScenes need routes and sockets that no other program uses.
func networkScenes() []scene {
	to := func(address string) func(t lab) transport.Config {
		return func(lab) transport.Config { return transport.Config{URL: at("http", address)} }
	}
	return []scene{
		{name: "there is no route", want: errcode.NetworkUnreachable, stage: to("198.51.100.9")},
		{name: "the host is unreachable", want: errcode.HostUnreachable, stage: to("198.51.100.1")},
		{name: "a local rule forbids the dial", want: errcode.LocalDenied, stage: to("198.51.100.2")},
		{name: "the route leads into a black hole", want: errcode.DialErrno, stage: to("198.51.100.3")},
		{name: "there is no route to the DNS server", want: errcode.DNSUnreachable, std: errcode.DNS, why: resolverText, stage: func(lab) transport.Config {
			return transport.Config{URL: at("http", "host.test."), Dial: option.Dial{DNSServer: netip.MustParseAddrPort("198.51.100.9:53")}}
		}},
		{name: "the kernel aborts the connection", want: errcode.Aborted, stage: plain(func(c net.Conn) {
			peers.HangUp(c)
			// Its exit status also covers other sockets.
			_ = exec.Command("ss", "-K", "dport", "=", strconv.Itoa(c.LocalAddr().(*net.TCPAddr).Port)).Run()
			peers.Silence(c)
		})},
		{name: "the packets of a connection are dropped", want: errcode.ConnectionTimeout, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", filteredPeer(t, dropContent))}
		}},
	}
}

// A firewall drops datagrams to these addresses: all of them, or only long ones.
const (
	swallowing = "127.0.0.8"
	narrow     = "127.0.0.9"
)

// datagramScenes are the scenes of networkScenes for HTTP/3.
func datagramScenes() []scene {
	to := func(address string) func(t lab) transport.Config {
		return func(lab) transport.Config { return transport.Config{URL: at("https", address)} }
	}
	behind := func(address string) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			cfg := quicPeer(t, peers.Settings{At: address + ":0"}, func(p *peers.H3, s *quic.Stream) { p.Answer(s) })
			cfg.ConnectTimeout = waiting
			return cfg
		}
	}
	return []scene{
		overQUIC("there is no route for UDP", errcode.NetworkUnreachable, to("198.51.100.9")),
		overQUIC("the host is unreachable over UDP", errcode.HostUnreachable, to("198.51.100.1")),
		overQUIC("a local rule forbids UDP", errcode.LocalDenied, to("198.51.100.2")),
		overQUIC("a firewall drops UDP", errcode.QUICHandshakeTimeout, behind(swallowing)),
		overQUIC("the path swallows long datagrams", errcode.QUICHandshakeTimeout, behind(narrow)),
	}
}

// fileScenes leave the process without a file descriptor.
func fileScenes() []scene {
	return []scene{{
		name: "no file descriptor is left", want: errcode.LocalResources,
		stage: plain(peers.Silence),
		act: func(t lab, e engine) (errcode.Code, error) {
			exhaust(t)
			return e.do(t.Context(), patience)
		},
	}}
}

// exhaust opens files until there is no file descriptor left.
func exhaust(t lab) {
	t.Helper()
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}))
	for {
		file, err := os.Open(os.DevNull)
		if err != nil {
			return
		}
		t.Cleanup(func() { file.Close() })
	}
}

// filteredPeer is a silent [peer]. Its connections get none of the packets that the
// filter drops.
func filteredPeer(t lab, filter []syscall.SockFilter) string {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(false) // its sockets take no filter
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	raw, err := l.(*net.TCPListener).SyscallConn()
	require.NoError(t, err)
	var attached error
	require.NoError(t, raw.Control(func(fd uintptr) {
		attached = syscall.AttachLsf(int(fd), filter)
	}))
	require.NoError(t, attached)
	return peers.ServeOn(t, l, peers.Silence).Address()
}

// The filters read the TCP header of each packet.
var (
	dropAll     = []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: 0}}
	dropContent = []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_B | syscall.BPF_ABS, K: 13}, // the flags
		{Code: syscall.BPF_JMP | syscall.BPF_JSET | syscall.BPF_K, K: 8, Jt: 1},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: 1 << 16},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: 0}, // PSH: the end of a write
	}
)

func run(t *testing.T, command string) {
	t.Helper()
	words := strings.Fields(command)
	out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
	assert.NoError(t, err, "%s: %s", command, out)
}
