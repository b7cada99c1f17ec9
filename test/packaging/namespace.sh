#!/bin/sh
# Runs SCRIPT as root of a copy of this machine that is thrown away: its files (copied when they are written), processes and network are its own.
# namespace.sh EMPTY-DIRECTORY FOLDER SCRIPT: FOLDER is seen as /mnt there. Needs root.
set -e
if [ "$4" != inside ]; then
  exec unshare --mount --pid --net --fork --kill-child sh "$0" "$1" "$2" "$3" inside
fi
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/changed" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/changed,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs tmpfs "$1/root/run"
mount -t tmpfs tmpfs "$1/root/tmp"
chmod 1777 "$1/root/tmp"
mount --bind "$2" "$1/root/mnt"
ip link set lo up
exec chroot "$1/root" /bin/sh "/mnt/$3"
