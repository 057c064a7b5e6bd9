# Patches the system on a disk image that is a copy already.
#
#   WORK DISK NETWORK PROXY SCRATCH_BYTES SELECTION [PACKAGE...]
work=$1 disk=$2 network=$3 proxy=$4 scratch_bytes=$5 selection=$6
shift 6

find_manager() {
    for candidate in /usr/bin/apt-get /usr/bin/dnf /usr/bin/zypper /sbin/apk; do
        if logged none /usr/bin/test -x "$candidate"; then
            printf '%s' "${candidate##*/}"
            return
        fi
    done
}

# The list of what is installed, in the package manager's own words.
list_packages() {
    case $manager in
        apt-get) kept 67108864 "$1" /bin/cat /var/lib/dpkg/status ;;
        dnf | zypper) kept 67108864 "$1" /usr/bin/rpm -qa --queryformat '%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\n' ;;
        apk) kept 67108864 "$1" /bin/cat /lib/apk/db/installed ;;
    esac || fail "the image's list of installed packages cannot be read"
}

# Services stay as they are: nothing in a container has started them, and none may be left running in it. The files that say so, and
# the resolver's, are put back before the image is done; a half image is thrown away, so that nobody can meet them.
keep_quiet() {
    head -c 65536 /etc/resolv.conf >"$work/in/resolv.conf" 2>/dev/null || : >"$work/in/resolv.conf"
    logged none /bin/sh -euc '
        for name in kept cache lists; do rm -rf /run/fettle/$name; mkdir /run/fettle/$name; done
        mkdir -p /run/fettle/cache/archives/partial /run/fettle/lists/partial
        kept=/run/fettle/kept
        if [ -e /usr/sbin/policy-rc.d ] || [ -L /usr/sbin/policy-rc.d ]; then cp -a /usr/sbin/policy-rc.d $kept/; rm -f /usr/sbin/policy-rc.d; fi
        if [ -d /usr/sbin ]; then printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; fi' ||
        fail "services cannot be kept from starting in the image"
}

resolver_in() {
    logged none /bin/sh -euc '
        kept=/run/fettle/kept
        if [ -e /etc/resolv.conf ] || [ -L /etc/resolv.conf ]; then cp -a /etc/resolv.conf $kept/; rm -f /etc/resolv.conf; fi
        cp /run/fettle-in/resolv.conf /etc/resolv.conf' || fail "name resolution cannot be set up in the image"
}

resolver_out() {
    logged none /bin/sh -euc '
        kept=/run/fettle/kept; rm -f /etc/resolv.conf
        if [ -e $kept/resolv.conf ] || [ -L $kept/resolv.conf ]; then cp -a $kept/resolv.conf /etc/resolv.conf; fi' ||
        fail "the image'\''s own name resolution cannot be put back"
}

be_loud() {
    logged none /bin/sh -euc '
        kept=/run/fettle/kept; rm -f /usr/sbin/policy-rc.d
        if [ -e $kept/policy-rc.d ] || [ -L $kept/policy-rc.d ]; then cp -a $kept/policy-rc.d /usr/sbin/policy-rc.d; fi' ||
        fail "the image'\''s own policy for services cannot be put back"
}

# apt WORDS...: caches and lists lie in the scratch, so that the image neither grows by them nor has to be cleaned of them.
apt() {
    where=$1
    shift
    set -- /usr/bin/apt-get -y -q -o Dir::Cache=/run/fettle/cache -o Dir::State::lists=/run/fettle/lists \
        -o APT::Update::Error-Mode=any -o APT::Get::AllowUnauthenticated=0 -o APT::Get::AutomaticRemove=0 \
        -o Acquire::AllowInsecureRepositories=0 -o Acquire::Retries=2 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-unsafe-io --no-install-recommends --no-remove "$@"
    if [ -n "$proxy" ] && [ "$where" != none ]; then
        program=$1
        shift
        set -- "$program" -o "Acquire::http::Proxy=$proxy" -o "Acquire::https::Proxy=$proxy" "$@"
    fi
    logged "$where" "$@"
}

patch_apt() {
    if [ "$selection" = all ]; then set -- --with-new-pkgs upgrade; else set -- install "$@"; fi
    resolver_in
    stage "lists of the image's package sources"
    apt "$network" update || fail "the image's package sources cannot be read"
    kept 65536 sources /bin/sh -c 'cd /run/fettle/lists && { grep -H -m 1 "^Date:" -- *Release || :; }' ||
        fail "the dates of the image's package sources cannot be read"
    stage "packages are fetched"
    apt "$network" --download-only "$@" || fail "the packages cannot be fetched"
    resolver_out
    stage "packages are installed, without a network"
    apt none --no-download "$@" || fail "the packages cannot be installed"
    kept 1048576 audit /usr/bin/dpkg --audit || fail "dpkg cannot be asked for packages that are half installed"
    [ ! -s "$work/audit" ] || fail "packages are left half installed: $(head -n 1 "$work/audit" | head -c 200)"
}

# Not yet proven against a real image of these systems.
patch_others() {
    resolver_in
    stage "packages are fetched and installed"
    [ "$selection" = all ] || refuse "chosen packages are only supported with apt; leave --package out"
    [ -z "$proxy" ] || refuse "--proxy is only supported with apt; set it in the image's own configuration"
    case $manager in
        dnf)
            logged "$network" /usr/bin/dnf -y --setopt=cachedir=/run/fettle/cache --setopt=keepcache=True --downloadonly upgrade &&
                logged none /usr/bin/dnf -y --setopt=cachedir=/run/fettle/cache --cacheonly upgrade ;;
        zypper)
            logged "$network" /usr/bin/zypper --non-interactive --cache-dir /run/fettle/cache update --download-only &&
                logged none /usr/bin/zypper --non-interactive --no-refresh --cache-dir /run/fettle/cache update ;;
        apk)
            # It has no step between fetching and installing that would hold for every release: scripts run with the network.
            logged "$network" /sbin/apk --cache-dir /run/fettle/cache --update-cache upgrade ;;
    esac || fail "the packages cannot be fetched or installed"
    resolver_out
}

# GRUB's hook for new kernels stays quiet in a container, and its program has to see the disk that the root lies on: it gets the loop
# device of that file system alone, which holds nothing but the image. Of a loop device it would ask losetup for the file behind it,
# which is none of the image's matter: it is told the device again, and names the root by its UUID.
write_menu() {
    logged none /bin/sh -c '[ -x /usr/sbin/update-grub ] && [ -f /boot/grub/grub.cfg ]' || return 0
    stage "the boot menu is written"
    device=$(findmnt --noheadings --output SOURCE --mountpoint "$work/root")
    uuid=$(blkid -p -o value -s UUID "$device")
    mkdir "$work/in/bin"
    # shellcheck disable=SC2016 # the stand-in's shell expands it
    printf '#!/bin/sh\necho "$1: (%s)"\n' "$device" >"$work/in/bin/losetup"
    chmod 755 "$work/in/bin/losetup"
    # shellcheck disable=SC2016 # the container's shell expands it
    logged none /bin/sh -euc '
        mkdir -p /dev/disk/by-uuid
        ln -sf "../../${1##*/}" "/dev/disk/by-uuid/$2"
        PATH=/run/fettle-in/bin:$PATH /usr/sbin/update-grub
        sed -i -E "/^[[:space:]]*(loopback loop[0-9]+ *|set root=\(loop[0-9]+\))$/d" /boot/grub/grub.cfg' sh "$device" "$uuid" ||
        fail "the boot menu cannot be written (update-grub)"
    device=
    # What would look for the root anywhere else than in its own file system starts nothing.
    # shellcheck disable=SC2016
    logged none /bin/sh -euc '
        if grep -q loop /boot/grub/grub.cfg; then exit 1; fi
        if grep -E "^[[:space:]]*linux[[:space:]]" /boot/grub/grub.cfg | grep -qv -F "root=UUID=$1 "; then exit 1; fi' sh "$uuid" ||
        refuse "the boot menu that update-grub has written does not name the root by its UUID"
}

# The packages' own scripts make initial RAM disks and boot menus. What they should have made is looked for, not made here.
check_boot() {
    kept 65536 boot /bin/sh -c '
        cd /boot 2>/dev/null || exit 0
        newest=
        for kernel in vmlinuz-*; do
            [ -f "$kernel" ] || continue
            version=${kernel#vmlinuz-}
            echo "kernel $version"
            if [ -d /etc/initramfs-tools ] && [ ! -s "initrd.img-$version" ]; then echo "missing initrd.img-$version"; fi
            if [ -f grub/grub.cfg ] && ! grep -qF "vmlinuz-$version" grub/grub.cfg; then echo "missing the entry of $version in /boot/grub/grub.cfg"; fi
        done' || fail "/boot of the image cannot be looked at"
    if grep -q '^missing ' "$work/boot"; then
        refuse "the kernel's own scripts have left /boot without $(grep '^missing ' "$work/boot" | head -n 3 | cut -c9-200 | paste -sd,)"
    fi
}

main() {
    prepare_namespace
    stage "the image is mounted"
    mount_disk
    space=$(df --output=avail -B1 "$work/root" | tail -n 1)
    printf 'free %s\n' "$((space))"
    manager=$(find_manager)
    [ -n "$manager" ] || refuse "the image has no package manager that is known (apt, dnf, zypper, apk)"
    printf 'manager %s\n' "$manager"
    kept 65536 os-release /bin/cat /etc/os-release || fail "/etc/os-release of the image cannot be read"
    list_packages before
    keep_quiet
    case $manager in
        apt-get) patch_apt "$@" ;;
        *) patch_others ;;
    esac
    write_menu
    be_loud
    stage "the result is checked"
    list_packages after
    check_boot
    unmount_disk
    if [ "$(file_system 0)" = ext4 ]; then
        noted e2fsck -fn "$disk" || fail "the image's file system is not in order afterwards"
    fi
    printf 'done 1\n'
}
