# shellcheck shell=sh
# Read by dnf.sh and zypper.sh: an rpm database of the host's own, and a repository at /srv/rpm with what is installed and
# what is newer, described by updateinfo.xml. A second one at /srv/rpm-hooks has packages whose scripts fail on demand; it is off.
apt-get install -y --no-install-recommends -t bookworm rpm createrepo-c gpg gpg-agent

# Debian's rpm keeps a database in each user's home by default, because dpkg is what rules the system.
mkdir -p /etc/rpm /var/lib/rpm /srv/rpm /srv/rpm-hooks
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros.lab
rpm --initdb

# A key for this layer alone: whoever installs these packages has to know it.
GNUPGHOME=/srv/rpm-key
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'Fettle lab <lab@fettle.invalid>' rsa2048 sign never
gpg --armor --export >/srv/rpm/key.asc
rpm --import /srv/rpm/key.asc

# rpm_build PACKAGE VERSION-RELEASE [DIRECTORY]
rpm_build() {
    rpmbuild --quiet -bb --define "lab_version ${2%-*}" --define "lab_release ${2#*-}" \
        --define "_rpmdir ${3:-/srv/rpm}" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' \
        --define "_topdir /tmp/rpmbuild" "/lab/packages/rpm/$1.spec"
}

sed '/^#/d' /lab/packages/rpm/versions >/tmp/versions
while read -r name installed offered; do
    rpm_build "$name" "$installed"
    rpm_build "$name" "$offered"
done </tmp/versions
rpm_build invoice-hooks 1.0-1 /srv/rpm-hooks
rpm_build invoice-hooks 1.1-1 /srv/rpm-hooks
rpm_build invoice-extra 1.0-1 /srv/rpm-hooks
rpmsign --define '_gpg_name lab@fettle.invalid' --define '__gpg /usr/bin/gpg' --addsign /srv/rpm/*.rpm /srv/rpm-hooks/*.rpm \
    >/dev/null 2>&1
gpgconf --kill all
createrepo_c --quiet /srv/rpm
createrepo_c --quiet /srv/rpm-hooks
modifyrepo_c --mdtype=updateinfo /lab/packages/rpm/updateinfo.xml /srv/rpm/repodata >/dev/null
# A build's packages are the layer's, not the host's: they are installed like from any repository.
(cd /srv/rpm && awk '{ print $1 "-" $2 ".noarch.rpm" }' /tmp/versions | xargs rpm --install)
rm -rf /tmp/versions /tmp/rpmbuild
