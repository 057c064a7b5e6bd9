# shellcheck shell=sh
# Read by dnf.sh and zypper.sh: an rpm database of the host's own, and a repository at /srv/rpm with what is installed and
# what is newer, described by updateinfo.xml.
apt-get install -y --no-install-recommends -t bookworm rpm createrepo-c

# Debian's rpm keeps a database in each user's home by default, because dpkg is what rules the system.
mkdir -p /etc/rpm /var/lib/rpm /srv/rpm
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros.lab
rpm --initdb

# rpm_build PACKAGE VERSION-RELEASE
rpm_build() {
    rpmbuild --quiet -bb --define "lab_version ${2%-*}" --define "lab_release ${2#*-}" \
        --define '_rpmdir /srv/rpm' --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' \
        --define "_topdir /tmp/rpmbuild" "/lab/packages/rpm/$1.spec"
}

sed '/^#/d' /lab/packages/rpm/versions >/tmp/versions
while read -r name installed offered; do
    rpm_build "$name" "$installed"
    rpm_build "$name" "$offered"
done </tmp/versions
createrepo_c --quiet /srv/rpm
modifyrepo_c --mdtype=updateinfo /lab/packages/rpm/updateinfo.xml /srv/rpm/repodata >/dev/null
# A build's packages are the layer's, not the host's: they are installed like from any repository.
(cd /srv/rpm && awk '{ print $1 "-" $2 ".noarch.rpm" }' /tmp/versions | xargs rpm --install)
rm -rf /tmp/versions /tmp/rpmbuild
