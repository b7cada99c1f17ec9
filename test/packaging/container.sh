#!/bin/sh
# container.sh DEB CONTAINERFILE EMPTY-DIRECTORY VERSION: builds the container on Debian 13 from Debian's packages, and lets it serve a master.
# Images stay below the directory; what is run has a network of its own. Needs root, buildah and mmdebstrap.
set -e
deb=$1 containerfile=$2 place=$3 version=$4
say() { printf 'step: %s\n' "$1"; }
fail() { printf 'FAILED: %s\n' "$1"; tail -n 40 "$place"/*.log; exit 1; }
images="--root $place/images --runroot $place/run --storage-driver vfs"

if [ "$5" = inside ]; then
  ip link set lo up
  run() { buildah $images run --isolation chroot --network host "$@"; }
  [ "$(run gaia-working-container gaia --version)" = "$version" ] || fail 'gaia --version'
  run gaia-working-container gaia-mesos-local master --work-dir /tmp/master --ip 127.0.0.1 --port 5050 > "$place/master.log" 2>&1 &
  # What ENTRYPOINT names, as the user and with the settings of the image.
  run --env GAIA_MASTER=127.0.0.1:5050 gaia-working-container /usr/bin/gaia-framework > "$place/framework.log" 2>&1 &
  for _ in $(seq 120); do
    curl -sf http://127.0.0.1:8080/v2/info 2> /dev/null | grep -q '"connected":true' && exit
    sleep 0.5
  done
  fail 'the framework does not reach the master'
fi

say 'a base of Debian 13'
mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
mmdebstrap --variant=minbase trixie "$place/base.tar" "$mirror" > "$place/base.log" 2>&1 || fail 'mmdebstrap'
base=$(buildah $images from scratch)
buildah $images add -q "$base" "$place/base.tar" / > /dev/null
buildah $images commit -q "$base" localhost/base > /dev/null

say 'the image is built'
mkdir "$place/context"
cp "$deb" "$containerfile" "$place/context"
buildah $images bud --isolation chroot --network host --build-arg BASE=localhost/base -f "$place/context/Containerfile" -t localhost/gaia "$place/context" \
  > "$place/build.log" 2>&1 || fail 'buildah bud'
buildah $images inspect --type image localhost/gaia | grep -q '"/usr/bin/gaia-framework"' || fail 'the image does not start the framework'
buildah $images from -q localhost/gaia > /dev/null

say 'the framework in it reaches a master'
unshare --net --pid --mount --fork --kill-child --mount-proc sh "$0" "$1" "$2" "$3" "$4" inside
