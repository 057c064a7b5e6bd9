# shellcheck shell=sh
# Run inside the `common` layer: zypper-1, whose zypper has updates of its own to offer beside apt's.
export DEBIAN_FRONTEND=noninteractive
# shellcheck source-path=SCRIPTDIR source=rpm-repository.sh
. /lab/layers/rpm-repository.sh
apt-get install -y --no-install-recommends -t bookworm zypper
mkdir -p /etc/zypp/repos.d
install -m 644 /lab/config/rpm.repo /etc/zypp/repos.d/lab.repo
install -m 644 /lab/config/rpm-hooks.repo /etc/zypp/repos.d/hooks.repo
zypper --non-interactive --quiet refresh
apt-get clean
apt-get --simulate upgrade >/dev/null
