#!/bin/sh
# dpkg says `remove`, rpm how many versions are left.
set -e
case "${1:-}" in
remove | 0)
	if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then
		systemctl disable --now prober.service prober.socket || :
	fi
	;;
esac
