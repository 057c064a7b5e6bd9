# shellcheck shell=sh
# Run inside the `common` layer: hv-1 and hv-2, hypervisors of libvirt and QEMU. They emulate: the kernel's KVM is not asked for.
export DEBIAN_FRONTEND=noninteractive
# Of the point release, so that security updates of libvirt and QEMU would be pending like the others.
apt-get install -y --no-install-recommends -t bookworm \
    libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils systemd-container bridge-utils

install -m 644 /lab/config/qemu.conf /etc/libvirt/qemu.conf
install -m 755 /lab/config/qemu-emulated /usr/local/bin/qemu-emulated
# The network is the lab's own bridge: libvirt brings no network of its own up.
rm -f /etc/libvirt/qemu/networks/autostart/default.xml
# Hypervisors reach each other by TLS, with certificates that the lab makes for each of them.
systemctl enable libvirtd.service libvirtd-tls.socket
apt-get clean
apt-get --simulate upgrade >/dev/null
