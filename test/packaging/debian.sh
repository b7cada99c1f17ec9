# The life of the Debian package on a machine, by what operators type; systemd is stood in for by `start`. Run by namespace.sh.
set -e
say() { printf 'step: %s\n' "$1"; }
fail() { printf 'FAILED: %s\n' "$1"; cat /tmp/*.log 2>/dev/null | tail -n 40; exit 1; }
units=/lib/systemd/system
# As systemd would, without its fences: the unit's user, settings and command.
start() {
  user=$(sed -n 's/^User=//p' "$units/$1.service")
  command=$(sed -n 's/^ExecStart=//p' "$units/$1.service")
  for directory in $(sed -n 's/^StateDirectory=//p' "$units/$1.service"); do install -d -o "${user:-root}" -m 0755 "/var/lib/$directory"; done
  (set -a; . "$(sed -n 's/^EnvironmentFile=//p' "$units/$1.service")"; set +a
   exec setpriv --reuid "${user:-root}" --regid "${user:-root}" --clear-groups sh -c "exec $command" > "/tmp/$1.log" 2>&1) &
}
await() { for _ in $(seq 240); do eval "$2" > /dev/null 2>&1 && return; sleep 0.5; done; fail "$1 did not come about"; }

say 'the package is installed'
dpkg -i /mnt/gaia.deb > /tmp/dpkg.log 2>&1 || fail 'dpkg -i'
[ "$(gaia --version)" = "$(cat /mnt/version)" ] || fail 'gaia --version'
bash -n /usr/share/bash-completion/completions/gaia && zcat /usr/share/man/man1/gaia.1.gz | grep -q '^.TH GAIA' || fail 'completion or manual'
dpkg --verify gaia | grep -q . && fail 'dpkg --verify finds changed files'
[ "$(stat -c %U:%a /var/lib/gaia/replicas)" = gaia:700 ] || fail 'the directory of replicas is not its user'"'"'s alone'
if command -v systemd-analyze > /dev/null; then systemd-analyze verify --man=no $units/gaia-*.service || fail 'systemd finds fault with a unit'; fi

say 'the units of the embedded Mesos and of the framework work together'
start gaia-mesos-master
await 'a master' 'grep -q url /tmp/gaia-mesos-master.log'
start gaia-mesos-agent
start gaia-framework
await 'the framework with its agent' 'gaia status | grep -q connected && [ "$(curl -s http://127.0.0.1:5050/slaves | grep -c hostname)" = 1 ]'

say 'an app is deployed, as user gaia, and outlives the framework'
cat > /tmp/app.json <<'END'
{ "id": "/kept", "cmd": "id -un > owner; exec sleep 1000", "cpus": 0.1, "mem": 32, "instances": 1 }
END
gaia app add /tmp/app.json --timeout 120 > /tmp/add.log 2>&1 || fail 'gaia app add'
grep -qx gaia "$(find /var/lib/gaia/mesos-agent -name owner)" || fail 'the task does not run as user gaia'
task=$(pgrep -x sleep -u gaia)

say 'an upgrade keeps settings and state'
echo '# mine' >> /etc/gaia/framework.conf
kill "$(pgrep -u gaia -f 'gaia-framework')"
dpkg -i /mnt/gaia.deb > /tmp/dpkg.log 2>&1 || fail 'dpkg -i of an upgrade'
grep -qx '# mine' /etc/gaia/framework.conf || fail 'a changed setting is lost'
start gaia-framework
await 'the app after the upgrade' 'gaia app show /kept | grep -q running'
[ "$(pgrep -x sleep -u gaia)" = "$task" ] || fail 'the task did not outlive the upgrade'

say 'the package is removed and purged'
touch /var/lib/gaia/replicas/promised
dpkg -r gaia > /tmp/dpkg.log 2>&1 || fail 'dpkg -r'
[ -e /etc/gaia/framework.conf ] && [ -d /var/lib/gaia/framework ] || fail 'removing it took settings or state'
dpkg -P gaia > /tmp/dpkg.log 2>&1 || fail 'dpkg -P'
[ ! -e /etc/gaia ] && [ ! -e /var/lib/gaia/framework ] || fail 'purging it left settings or state'
[ -e /var/lib/gaia/replicas/promised ] || fail 'purging it took what replicas have promised'
echo 'passed: debian'
