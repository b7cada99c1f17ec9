# Run in the box while it is made: what the machines of the cluster have in common.
set -euo pipefail

echo 'LABEL=gaia-root / ext4 errors=remount-ro 0 1' >/etc/fstab
: >/etc/machine-id # each machine has one of its own from its first start on

useradd --create-home --shell /bin/bash vagrant
echo 'vagrant ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/vagrant
install -d -m 700 -o vagrant /home/vagrant/.ssh
install -m 600 -o vagrant /root/key.pub /home/vagrant/.ssh/authorized_keys

# eth0 leads to the operator's machine; provision.sh describes eth1.
cat >/etc/systemd/network/10-eth0.network <<END
[Match]
Name=eth0
[Network]
DHCP=ipv4
[DHCPv4]
ClientIdentifier=mac
END
systemctl enable systemd-networkd ssh

# A host key for each machine, of one kind: RSA takes an emulated processor half a minute.
rm -f /etc/ssh/ssh_host_*
cat >/etc/ssh/sshd_config.d/gaia.conf <<END
HostKey /etc/ssh/ssh_host_ed25519_key
UseDNS no
PasswordAuthentication no
END
mkdir -p /etc/systemd/system/ssh.service.d
cat >/etc/systemd/system/ssh.service.d/host-key.conf <<END
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -e /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
ExecStartPre=/usr/sbin/sshd -t
END

# Soft-RoCE wants crc32 and does not say so.
printf '%s\n' crc32_generic rdma_rxe rdma_ucm >/etc/modules-load.d/gaia.conf
cat >/etc/systemd/system/gaia-rdma.service <<END
[Unit]
Description=Soft-RoCE on the network of the cluster
After=systemd-modules-load.service
[Service]
Type=oneshot
RemainAfterExit=yes
# The card may come late; systemd would give it up after a while, for good.
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'until [ -e /sys/class/net/eth1 ]; do sleep 1; done; rdma link show rxe0/1 >/dev/null 2>&1 || rdma link add rxe0 type rxe netdev eth1'
[Install]
WantedBy=multi-user.target
END
systemctl enable gaia-rdma

# Tasks are started by Mesos; nobody asks for the rest.
systemctl disable redis-server
systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer getty@tty1.service
echo 'kernel.panic = 5' >/etc/sysctl.d/gaia.conf
rm -f /root/key.pub /root/set-up.sh
