#!/usr/bin/env bash
# Builds what virtual machines start from: a disk with Debian 12 as of its point release, its kernel beside it, and the keys to it.
# No machine boots for that, and nothing is mounted.
#
#   guest-image.sh DIRECTORY NAMESPACE HOSTS_FILE
set -euo pipefail

source_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=$1 namespace=$2 hosts_file=$3
root=$directory/root

# A machine tells its name and address by its kernel's command line, and its boot id to who asks its web server.
settle() {
    cat >"$root/usr/local/sbin/lab-settle" <<'SETTLE'
#!/bin/sh
for word in $(cat /proc/cmdline); do
    case $word in
        lab.name=*) hostname "${word#lab.name=}" ;;
        lab.address=*) ip addr add "${word#lab.address=}" dev eth0; ip link set eth0 up ;;
    esac
done
hostname >/var/www/html/name
cp /proc/sys/kernel/random/boot_id /var/www/html/boot-id
SETTLE
    chmod 755 "$root/usr/local/sbin/lab-settle"
    cat >"$root/etc/systemd/system/lab-settle.service" <<'UNIT'
[Unit]
Description=Name, address and boot id of a machine of the lab
DefaultDependencies=no
Wants=systemd-udev-settle.service
After=systemd-remount-fs.service systemd-udev-settle.service
Before=network.target nginx.service ssh.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-settle
[Install]
WantedBy=multi-user.target
UNIT
    systemctl --root="$root" enable --quiet lab-settle.service qemu-guest-agent.service
    systemctl --root="$root" mask --quiet apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service systemd-timesyncd.service
    echo ok >"$root/var/www/html/healthz"
    echo '/dev/vda / ext4 rw 0 1' >"$root/etc/fstab"
}

access() {
    ssh-keygen -q -t ed25519 -N '' -C 'controller' -f "$directory/id_ed25519"
    install -d -m 700 "$root/root/.ssh"
    install -m 600 "$directory/id_ed25519.pub" "$root/root/.ssh/authorized_keys"
    rm -f "$root"/etc/ssh/ssh_host_*
    ssh-keygen -q -t ed25519 -N '' -C 'guest' -f "$root/etc/ssh/ssh_host_ed25519_key"
    cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$directory/host.pub"
    install -m 644 "$source_directory/config/sshd.conf" "$root/etc/ssh/sshd_config.d/lab.conf"
}

sources() {
    cp "$hosts_file" "$root/etc/hosts"
    rm -f "$root/etc/apt/sources.list" "$root/etc/apt/apt.conf.d/99mmdebstrap"
    install -m 644 "$source_directory/config/debian.sources" "$root/etc/apt/sources.list.d/debian.sources"
    { cat "$source_directory/config/apt.conf"
      apt-config dump Acquire::Check-Valid-Until Acquire::Check-Date Acquire::Max-FutureTime; } >"$root/etc/apt/apt.conf.d/50lab"
}

rm -rf "$directory"
mkdir -p "$directory"
options=()
while read -r option; do options+=(--aptopt="$option"); done < <(
    apt-config dump Acquire::Check-Valid-Until Acquire::Check-Date Acquire::Max-FutureTime)
ip netns exec "$namespace" mmdebstrap --mode=root --variant=minbase "${options[@]}" --aptopt='Acquire::Languages "none"' \
    --include="$(paste -sd, "$source_directory/config/guest-packages")" \
    bookworm "$root" 'deb http://mirror.lab/debian bookworm main'
settle
access
sources
cp "$root"/boot/vmlinuz-* "$directory/vmlinuz"
cp "$root"/boot/initrd.img-* "$directory/initrd"
# QEMU on the hypervisors is not root.
chmod 755 "$directory"
chmod 644 "$directory/vmlinuz" "$directory/initrd"
truncate -s 2G "$directory/base.raw"
mkfs.ext4 -q -F -d "$root" -L root "$directory/base.raw"
qemu-img convert -O qcow2 "$directory/base.raw" "$directory/base.qcow2"
chmod 644 "$directory/base.qcow2"
rm -rf "$root" "$directory/base.raw"
