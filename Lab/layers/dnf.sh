# shellcheck shell=sh
# Run inside the `common` layer: dnf-1, whose dnf has updates of its own to offer beside apt's.
export DEBIAN_FRONTEND=noninteractive
# shellcheck source-path=SCRIPTDIR source=rpm-repository.sh
. /lab/layers/rpm-repository.sh
apt-get install -y --no-install-recommends -t bookworm dnf dnf-plugins-core
# It would offer again whatever was once downloaded, also what the repository has dropped. (Red Hat has it in a package of its own.)
sed -i 's/^enabled.*/enabled = false/' /etc/dnf/plugins/local.conf
# dnf asks the package of a distribution that it knows for this, and finds none on Debian.
echo 12 >/etc/dnf/vars/releasever
mkdir -p /etc/yum.repos.d
install -m 644 /lab/config/rpm.repo /etc/yum.repos.d/lab.repo
install -m 644 /lab/config/rpm-hooks.repo /etc/yum.repos.d/hooks.repo
dnf --quiet makecache
apt-get clean
apt-get --simulate upgrade >/dev/null
