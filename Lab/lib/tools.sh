# shellcheck shell=bash
# What the lab needs of the machine: rights, kernel features, and programs, which it installs where they are missing.

# command and the Debian package that has it
lab_tools() {
    cat <<'TOOLS'
mmdebstrap mmdebstrap
systemd-nspawn systemd-container
apt-cacher-ng apt-cacher-ng
apt-ftparchive apt-utils
dpkg-deb dpkg
socat socat
qemu-img qemu-utils
mkfs.ext4 e2fsprogs
openssl openssl
gpg gnupg
wrk wrk
ip iproute2
nft nftables
ssh openssh-client
/usr/bin/python3 python3
pgrep procps
unshare util-linux
flock util-linux
TOOLS
}

check_machine() {
    command -v apt-get >/dev/null || cannot_host "it needs a Debian system with apt"
    unshare --mount --net --pid --fork true 2>/dev/null || cannot_host "namespaces are not permitted here"
    grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || cannot_host "the kernel has no overlay file system"
    grep -qw cgroup2 /proc/filesystems || cannot_host "the kernel has no cgroup2"
    probe_overlay || cannot_host "$lab_directory is on a file system that cannot hold overlays: set FETTLE_LAB_DIR"
}

# Inside a container the root file system is often an overlay itself, and no overlay can be written on top of that.
probe_overlay() {
    local probe status=0
    mkdir -p "$lab_directory"
    probe=$(mktemp -d "$lab_directory/probe.XXXXXX")
    mkdir "$probe/"{lower,upper,work,root}
    unshare --mount --propagation slave mount -t overlay probe \
        -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" "$probe/root" 2>/dev/null || status=1
    rm -rf "$probe"
    return "$status"
}

install_missing_tools() {
    local tool package
    local -a missing=()
    while read -r tool package; do
        command -v "$tool" >/dev/null || missing+=("$package")
    done < <(lab_tools)
    (( ${#missing[@]} )) || return 0
    say "installing ${missing[*]}"
    apt_get_quietly update
    # Among them apt-cacher-ng, which the lab runs itself, on a port and a cache of its own.
    apt_get_quietly install --no-install-recommends "${missing[@]}"
}

apt_get_quietly() {
    local log
    local -a words=(apt-get -y -qq -o DPkg::Lock::Timeout=600 "$@")
    # Only what is installed brings services.
    [[ $1 != install ]] || words=("$lab_source/../scripts/without-services" "${words[@]}")
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive "${words[@]}" </dev/null >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get $1 failed"
    fi
    rm -f "$log"
}

# Each host's systemd watches files; the kernel's default of 128 instances for root is used up by the fourth host. What it
# was stands in a file outside every lab's directory, because labs of different directories share the one value.
readonly inotify_setting=/proc/sys/fs/inotify/max_user_instances
readonly inotify_before=/run/fettle-lab.inotify

raise_inotify_limit() {
    (( $(<"$inotify_setting") < 8192 )) || return 0
    [[ -f $inotify_before ]] || cp "$inotify_setting" "$inotify_before"
    echo 8192 >"$inotify_setting"
}

restore_inotify_limit() {
    [[ -f $inotify_before ]] || return 0
    # Another lab, of whichever directory, still needs it.
    if ip netns list | grep -q -- '-switch\b'; then return 0; fi
    cat "$inotify_before" >"$inotify_setting"
    rm -f "$inotify_before"
}
