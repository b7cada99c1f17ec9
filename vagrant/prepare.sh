#!/bin/bash
# prepare.sh: what `vagrant up` wants beforehand: the box, and in build/vagrant/payload what provision.sh installs: GAIA's package of this build, this
# machine's Node, and Apache Mesos, if MESOS_DEB names its package or MESOS_DIR the folder that it is installed in.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
repository=$(dirname "$here")
payload=$repository/build/vagrant/payload
refuse() { echo "prepare.sh: $1" >&2; exit 1; }

"$here/box.sh"

# Each machine's `up` asks; only the first makes it.
mkdir -p "$payload"
exec 9>"$payload.lock"
flock 9
[ -e "$repository/dist/framework/packaging/main.js" ] || refuse 'GAIA is not built: run "npm run build" first'
stamp=$(cd "$repository" && find dist build/native/*.so build/native/gaia-vm package.json -newer "$payload/stamp" -print -quit 2>&1) || stamp=none
wanted="${MESOS_DEB:-} ${MESOS_DIR:-}"
[ -n "$stamp" ] || [ "$(cat "$payload/stamp")" != "$wanted" ] || exit 0

# Debian's own Node may be too old. It has to run without libraries that the box lacks.
node=$(realpath "$(command -v node)")
foreign=$(ldd "$node" | awk '{ print $1 }' | grep -vE '^(linux-vdso|lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s)|/lib.*ld-linux)' || true)
[ -z "$foreign" ] || refuse "$node needs $(echo $foreign), which the box has not: use a Node that is built by its authors"

rm -rf "$payload"/*
work=$(mktemp -d "$payload.XXXX")
trap 'rm -rf "$work"' EXIT
node "$repository/dist/framework/packaging/main.js" "$work" >/dev/null
# Without compression: emulated processors take a minute to unpack it.
dpkg-deb -R "$work"/gaia_*.deb "$work/tree"
dpkg-deb --root-owner-group -Znone -b "$work/tree" "$payload/gaia.deb" >/dev/null
install -m 755 "$node" "$payload/node"
[ -z "${MESOS_DEB:-}" ] || cp "$MESOS_DEB" "$payload/mesos.deb"
[ -z "${MESOS_DIR:-}" ] || cp -a "$MESOS_DIR" "$payload/mesos"
echo "$wanted" >"$payload/stamp"
