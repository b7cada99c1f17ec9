#!/bin/bash
# libvirt.sh DIRECTORY COMMAND...: runs COMMAND with a libvirt of its own, as root in fresh namespaces of mounts, processes and network
# (`unshare --mount --pid --fork --kill-child --mount-proc --net`): machines, bridges and firewall rules end with it, and this machine's libvirt, if any, sees
# nothing of it. What it writes is in DIRECTORY.
set -euo pipefail
directory=$1
shift
ip link set lo up
mkdir -p "$directory"/{etc,lib,cache,log}
cp -a /etc/libvirt/. "$directory/etc"
# Whoever may do this is root anyway; cgroups are the machine's, not ours.
cat >"$directory/etc/qemu.conf" <<END
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
END
mount --bind "$directory/etc" /etc/libvirt
for name in lib cache log; do mount --bind "$directory/$name" "/var/$name/libvirt"; done
mkdir -p /run/libvirt
mount -t tmpfs tmpfs /run/libvirt
virtlogd --daemon --pid-file "$directory/virtlogd.pid"
libvirtd --daemon --pid-file "$directory/libvirtd.pid"
for _ in {1..100}; do
  if virsh --connect qemu:///system version >/dev/null 2>&1; then
    # Not exec: a shell, as the first process here, reaps machines that have ended. Libvirt waits for that, minutes for each.
    "$@"
    exit
  fi
  sleep 0.2
done
echo 'libvirt.sh: libvirtd does not answer within 20 s' >&2
exit 1
