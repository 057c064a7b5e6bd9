# shellcheck shell=sh
# Run inside the `debian` layer: what every host of the lab has.
export DEBIAN_FRONTEND=noninteractive

# Sources: the point release, its security updates, and the lab's own repository with version 1.0 of everything.
install -m 644 /lab/fettle-lab.gpg /usr/share/keyrings/fettle-lab.gpg
install -m 644 /lab/config/debian.sources /etc/apt/sources.list.d/debian.sources
sed 's/@SUITE@/lab/' /lab/config/suite.sources >/etc/apt/sources.list.d/lab.sources
cat /lab/config/apt.conf /lab/machine-apt.conf >/etc/apt/apt.conf.d/50lab

apt-get update
# From the suite `lab` alone: the others are not on offer yet, and Debian's security updates must stay pending.
apt-get install -y --no-install-recommends orders billing microcode-shim libledger ledger-core access-hardening banner

# An administrator changed this file: an update that brings its own version of it must decide between the two.
sed -i 's/^text = .*/text = Authorised staff only/' /etc/banner.conf

# Fettle's own account on a host: it may do what sudo rules allow, and there are none yet.
useradd --create-home --shell /bin/bash fettle

install -m 644 /lab/config/sshd.conf /etc/ssh/sshd_config.d/lab.conf
echo ok >/var/www/html/healthz
# The lab says itself when lists are fetched and packages installed.
systemctl mask apt-daily.timer apt-daily-upgrade.timer

# apt's binary caches are shared by all hosts through the layer, instead of being made by each of them.
apt-get clean
apt-get --simulate upgrade >/dev/null
