#!/usr/bin/env bash
# The hardware under a host: runs in a mount namespace of its own and boots the host's systemd in a container, again after
# each reboot, as firmware would. Ends when the host powers off, or when a reboot is meant to hang (file `noboot`).
#
#   machine.sh boot HOST_DIRECTORY NAME NAMESPACE LOWER_DIRECTORIES
#   machine.sh run ROOT_DIRECTORY NAMESPACE COMMAND...      one command in a root file system, for building layers
set -euo pipefail

# systemd-nspawn exits with this when the container asked for a reboot.
readonly status_reboot=133

prepare_mounts() {
    # The container needs the unified cgroup tree, whatever layout the machine has.
    if [[ $(stat -f -c %T /sys/fs/cgroup) != cgroup2fs ]]; then
        umount --recursive /sys/fs/cgroup 2>/dev/null || umount --lazy /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
    fi
    # systemd-nspawn keeps its state here; on a disk's file system it refuses to clean it up.
    mkdir -p /run/systemd
    mount -t tmpfs -o mode=755 tmpfs /run/systemd
}

nspawn() {
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0 exec systemd-nspawn --quiet --keep-unit --register=no \
        --settings=no --resolv-conf=off --timezone=off --link-journal=no --console=pipe "$@"
}

boot() {
    local directory=$1 name=$2 namespace=$3 lower=$4 status
    local -a more=()
    # What this machine has that others have not, an option of systemd-nspawn a line.
    [[ ! -f $directory/machine ]] || mapfile -t more <"$directory/machine"
    mkdir -p "$directory/disk/"{upper,work} "$directory/root"
    mount -t overlay "host-$name" -o "lowerdir=$lower,upperdir=$directory/disk/upper,workdir=$directory/disk/work" \
        "$directory/root"
    if [[ ! -e $directory/disk/seeded ]]; then
        cp -a "$directory/seed/." "$directory/root/"
        touch "$directory/disk/seeded"
    fi
    while :; do
        nspawn --boot --directory="$directory/root" --machine="$name" --hostname="$name" \
            --network-namespace-path="/run/netns/$namespace" "${more[@]}" &
        echo $! >"$directory/nspawn.pid"
        status=0
        wait $! || status=$?
        (( status == status_reboot )) || break
        [[ ! -e $directory/noboot ]] || { echo "reboot: the firmware hangs, as the lab was told"; break; }
        echo "reboot"
    done
    rm -f "$directory/nspawn.pid"
    echo "off (systemd-nspawn: $status)"
}

run() {
    local root=$1 namespace=$2
    shift 2
    nspawn --directory="$root" --as-pid2 --network-namespace-path="/run/netns/$namespace" -- "$@"
}

prepare_mounts
action=$1
shift
case $action in
    boot | run) "$action" "$@" ;;
    *) exit 2 ;;
esac
