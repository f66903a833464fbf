package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
)

// The network of the tests lies in a network namespace of its own: nothing in it reaches another machine, and no other
// process has these addresses.
const (
	bridge        = "pods"
	bridgeAddress = "10.244.0.1" // the tests' own in the network of the pods
	serviceNet    = "10.96.0.0/16"
	nameServer    = "10.96.0.10"
)

// buildNetwork makes a bridge for the pods, and takes all addresses of services for this process. It does nothing in
// the network of the machine.
func buildNetwork() error {
	if there, err := net.InterfaceAddrs(); err != nil || len(there) > 0 {
		return errors.Join(err, errors.New("the network is not one of its own"))
	}
	for _, args := range []string{
		"link set lo up",
		"link add " + bridge + " type bridge",
		"addr add " + bridgeAddress + "/16 dev " + bridge,
		"link set " + bridge + " up",
		"route add local " + serviceNet + " dev lo",
	} {
		if out, err := exec.CommandContext(context.Background(), "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", args, err, out)
		}
	}
	return nil
}

// sandboxScript makes the network of a pod and keeps it until it is killed, over the lives of the pod's containers. Its
// arguments are the pod's host name and address, the name of the bridge's end, and the process of the tests.
const sandboxScript = `
hostname "$1"
ip link set lo up
ip link add eth0 type veth peer name "$3" netns "$4"
ip addr add "$2/16" dev eth0
ip link set eth0 up
ip route add default via ` + bridgeAddress + `
nsenter --net="/proc/$4/ns/net" ip link set "$3" master ` + bridge + ` up
echo "the network is there"
exec sleep infinity
`

// containerScript makes the file system of a container and becomes its program. Its arguments are an empty folder, the
// program of the image, a folder with files for /etc, the user or "", and the mounts as SOURCE TARGET; after "--" comes
// the command.
const containerScript = `
root=$1 program=$2 etc=$3 user=$4
shift 4
mount -t tmpfs -o mode=755 none "$root"
mkdir "$root/etc" "$root/proc"
touch "$root/prober"
mount --bind "$program" "$root/prober"
cp "$etc"/* "$root/etc"
mount --rbind /proc "$root/proc"
while [ "$1" != -- ]; do
	mkdir -p "$root$2"
	mount --bind "$1" "$root$2"
	shift 2
done
shift
mount -o remount,ro "$root"
exec chroot $user "$root" "$@"
`
