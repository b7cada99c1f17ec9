#!/bin/bash
# Makes a machine of the cluster what its description says, from what lies in /payload. The Vagrantfile gives: NAME, ADDRESS, ROLES, ZONE, RACK;
# of the cluster ZOOKEEPERS and MASTERS (addresses) and HOSTS (lines for /etc/hosts).
set -euo pipefail
read -ra zookeepers <<<"$ZOOKEEPERS"
read -ra masters <<<"$MASTERS"
ensemble=$(IFS=,; echo "${zookeepers[*]/%/:2181}")
has_role() { [[ " $ROLES " == *" $1 "* ]]; }
has_apache_mesos() { [ -e /payload/mesos.deb ] || [ -e /payload/mesos ]; }

# service NAME COMMAND: a unit for what has none of its own.
service() {
  cat >"/etc/systemd/system/$1.service" <<END
[Unit]
Wants=network-online.target
After=network-online.target gaia-rdma.service
[Service]
ExecStart=$2
KillMode=process
Delegate=yes
Restart=always
RestartSec=3
LimitMEMLOCK=infinity
LimitNOFILE=65536
TasksMax=infinity
[Install]
WantedBy=multi-user.target
END
}

# What is started in the end, all at once: an emulated processor takes seconds for systemd's every look at its units.
units=(gaia-rdma)
start_units() {
  systemctl daemon-reload
  systemctl enable --quiet --no-reload "${units[@]}"
  systemctl restart "${units[@]}"
}

# Not by hostnamectl, as Vagrant would: on emulated processors the service behind it may not answer in time.
set_names() {
  echo "$NAME" >/etc/hostname
  hostname "$NAME"
  printf '127.0.0.1 localhost\n%s\n' "$HOSTS" >/etc/hosts
}

# Now by hand, since the card may have come late; by systemd at the machine's next start.
set_up_network() {
  printf '[Match]\nName=eth1\n[Network]\nAddress=%s/24\n' "$ADDRESS" >/etc/systemd/network/20-eth1.network
  until [ -e /sys/class/net/eth1 ]; do sleep 1; done
  ip address replace "$ADDRESS/24" dev eth1
  ip link set eth1 up
}

install_programs() {
  install -m 755 /payload/node /usr/local/bin/node
  # Its Node is the one above, not Debian's.
  dpkg --force-unsafe-io --ignore-depends=nodejs -i /payload/gaia.deb >/dev/null
  if [ -e /payload/mesos.deb ]; then
    sed -n "s/^DNS=/nameserver /p" /run/systemd/netif/leases/* >/etc/resolv.conf
    apt-get -q update && apt-get -y -q install /payload/mesos.deb
  fi
  [ ! -e /payload/mesos ] || { mkdir -p /opt/mesos && cp -a /payload/mesos/. /opt/mesos; }
}

# The path of mesos-master or mesos-agent.
apache_mesos() {
  PATH=/opt/mesos/sbin:/opt/mesos/bin:/usr/local/sbin:/usr/sbin:$PATH command -v "$1" ||
    { echo "provision.sh: neither MESOS_DIR nor MESOS_DEB has brought $1" >&2; exit 1; }
}

set_up_zookeeper() {
  local settings=/etc/gaia/zookeeper.cfg data=/var/lib/gaia/zookeeper number
  mkdir -p $data
  printf '%s\n' tickTime=2000 initLimit=30 syncLimit=10 clientPort=2181 dataDir=$data admin.enableServer=false \
    4lw.commands.whitelist=srvr >$settings
  if [ ${#zookeepers[@]} -gt 1 ]; then
    for number in "${!zookeepers[@]}"; do
      echo "server.$((number + 1))=${zookeepers[$number]}:2888:3888" >>$settings
      [ "${zookeepers[$number]}" != "$ADDRESS" ] || echo $((number + 1)) >$data/myid
    done
  fi
  # Its compiler is told not to try hard: the server starts twice as fast.
  service gaia-zookeeper "/usr/bin/java -Xmx256m -XX:TieredStopAtLevel=1 -cp /usr/share/java/zookeeper.jar org.apache.zookeeper.server.quorum.QuorumPeerMain $settings"
  units+=(gaia-zookeeper)
}

fault_domain() { echo "{\"fault_domain\":{\"region\":{\"name\":\"local\"},\"zone\":{\"name\":\"$1\"}}}"; }

# An agent that is silent for 25 s is given up, with either Mesos.
set_up_master() {
  local flags="--zk=zk://$ensemble/mesos --quorum=$((${#masters[@]} / 2 + 1)) --ip=$ADDRESS --hostname=$ADDRESS --port=5050"
  if has_apache_mesos; then
    fault_domain default >/etc/gaia/master-domain.json
    flags+=" --work_dir=/var/lib/mesos/master --domain=/etc/gaia/master-domain.json --agent_ping_timeout=5secs --max_agent_ping_timeouts=5"
    service mesos-master "$(apache_mesos mesos-master) $flags"
    units+=(mesos-master)
  else
    echo "OPTIONS=\"--zk zk://$ensemble/mesos --ip $ADDRESS --port 5050 --zk-session-timeout-ms 20000 --agent-ping-interval-ms 5000 --agent-pings-missed-max 5\"" \
      >/etc/gaia/mesos-master.conf
    units+=(gaia-mesos-master)
  fi
}

# Emulated processors take a minute and more to start an executor.
set_up_agent() {
  local memory_mib resources
  memory_mib=$(awk '/MemTotal/ { print int($2 / 1024) - 128 }' /proc/meminfo)
  resources="cpus:2;mem:$memory_mib;disk:2048;ports:[31000-31999]"
  if has_apache_mesos; then
    fault_domain "$ZONE" >/etc/gaia/agent-domain.json
    service mesos-agent "$(apache_mesos mesos-agent) --master=zk://$ensemble/mesos --work_dir=/var/lib/mesos/agent --ip=$ADDRESS --hostname=$NAME --port=5051 --launcher=posix --isolation=posix/cpu,posix/mem --attributes=rack:$RACK --domain=/etc/gaia/agent-domain.json --executor_registration_timeout=5mins --resources=$resources"
    units+=(mesos-agent)
  else
    echo "OPTIONS=\"--master zk://$ensemble/mesos --ip $ADDRESS --port 5051 --hostname $NAME --attributes rack:$RACK --region local --zone $ZONE --executor-registration-timeout-ms 300000 --resources $resources\"" \
      >/etc/gaia/mesos-agent.conf
    mkdir -p /etc/systemd/system/gaia-mesos-agent.service.d
    printf '[Unit]\nAfter=gaia-rdma.service\n' >/etc/systemd/system/gaia-mesos-agent.service.d/cluster.conf
    units+=(gaia-mesos-agent)
  fi
}

# An emulated processor may say nothing for longer than schedulers usually wait for each other.
# Whoever reaches the network of the cluster may use the API: it is this machine's alone.
set_up_framework() {
  printf '%s\n' "GAIA_MASTER=zk://$ensemble/mesos" "GAIA_STORE=zk://$ensemble/gaia" "GAIA_LISTEN=$ADDRESS:8080" \
    GAIA_NO_AUTHENTICATION=1 GAIA_PRINCIPAL=gaia GAIA_ZK_SESSION_TIMEOUT_SECONDS=15 >/etc/gaia/cluster.conf
  mkdir -p /etc/systemd/system/gaia-framework.service.d
  printf '[Service]\nEnvironmentFile=/etc/gaia/cluster.conf\n' >/etc/systemd/system/gaia-framework.service.d/cluster.conf
  units+=(gaia-framework)
}

set_names
set_up_network
install_programs
for role in zookeeper master agent framework; do
  if has_role $role; then "set_up_$role"; fi
done
start_units
