#!/bin/bash
# box.sh: makes from Debian packages the box of the cluster's machines, gaia.box, and `key`, with which one logs in. `box.sh --directory` says where:
# another folder when what makes the box changes. Debian's release is that of this machine, so that what is built here runs there. Needs root, and
# mmdebstrap, dosfstools, mtools, syslinux, e2fsprogs, fdisk, qemu-utils and openssh-client. A box that is there is kept.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cd "$here"
directory=$(dirname "$here")/build/vagrant/box-$(cat box.sh guest/* | sha256sum | cut -c1-12)
if [ "${1:-}" = --directory ]; then echo "$directory"; exit; fi
[ ! -e "$directory/gaia.box" ] || exit 0
[ "$(id -u)" = 0 ] || exec sudo "$here/box.sh"

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
[ ! -e "$directory/gaia.box" ] || exit 0

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
work=$directory/work
root=$work/root
disk=$work/box.img
mib=$((1 << 20))
disk_mib=4096 boot_from_mib=1 root_from_mib=128
# linux-image-amd64: the cloud kernel has no rdma_rxe. ZooKeeper without its scripts, which want all of Java's graphics.
packages=systemd-sysv,dbus,udev,openssh-server,sudo,iproute2,procps,kmod,zstd,linux-image-amd64,initramfs-tools
packages+=,rdma-core,ibverbs-providers,ibverbs-utils,librdmacm1,libsodium23,redis-server
packages+=,default-jre-headless,libzookeeper-java

# What an earlier run may have left mounted below the root is not touched.
rm -rf --one-file-system "$work"
mkdir -p "$work"
rm -f "$directory"/key*
ssh-keygen -q -t ed25519 -N '' -C gaia -f "$directory/key"

mmdebstrap --mode=root --variant=minbase --include=$packages \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
  --essential-hook='copy-in guest/initramfs.conf /etc/initramfs-tools/conf.d' \
  --essential-hook='copy-in guest/initramfs-modules /usr/share/initramfs-tools/modules.d' \
  --customize-hook="upload '$directory/key.pub' /root/key.pub" \
  --customize-hook='upload guest/set-up.sh /root/set-up.sh' \
  --customize-hook='chroot "$1" bash /root/set-up.sh' \
  "$release" "$root"

# A disk that any firmware of a PC boots: syslinux with kernel and initrd, and beside it the root.
truncate -s ${disk_mib}M "$disk"
sfdisk -q "$disk" <<END
label: dos
start=${boot_from_mib}MiB, size=$((root_from_mib - boot_from_mib))MiB, type=e, bootable
start=${root_from_mib}MiB, type=83
END
dd if=/usr/lib/SYSLINUX/mbr.bin of="$disk" conv=notrunc status=none
# Of its own file: mkfs.vfat believes a whole file only.
boot=$work/boot.img
truncate -s $((root_from_mib - boot_from_mib))M "$boot"
mkfs.vfat -h $((boot_from_mib * mib / 512)) "$boot" >/dev/null
mcopy -i "$boot" "$root"/boot/vmlinuz-* ::vmlinuz
mcopy -i "$boot" "$root"/boot/initrd.img-* ::initrd
mcopy -i "$boot" guest/syslinux.cfg ::syslinux.cfg
syslinux --install "$boot"
dd if="$boot" of="$disk" bs=$mib seek=$boot_from_mib conv=notrunc,sparse status=none
mkfs.ext4 -q -L gaia-root -d "$root" -E offset=$((root_from_mib * mib)) "$disk" $((disk_mib - root_from_mib))M

qemu-img convert -O qcow2 "$disk" "$work/disk.qcow2"
mv "$work/disk.qcow2" "$disk"
echo "{\"provider\": \"libvirt\", \"format\": \"qcow2\", \"virtual_size\": $((disk_mib / 1024))}" >"$work/metadata.json"
echo 'Vagrant.configure("2") { |config| config.vm.guest = :debian }' >"$work/Vagrantfile"
tar -C "$work" --sparse --use-compress-program='gzip -1' -cf "$directory/gaia.box.new" metadata.json Vagrantfile box.img
rm -rf --one-file-system "$work"
[ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID" "$directory" "$directory"/*
mv "$directory/gaia.box.new" "$directory/gaia.box"
