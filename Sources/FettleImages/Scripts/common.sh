# What every script of this target begins with. It runs as process 1 of namespaces of its own (mount, process, IPC, host name), so
# that its end, however it comes, takes every mount, loop device and process with it.
#
# Standard input is held open by Fettle and carries nothing: its end means that Fettle is gone. Standard output carries answers, a
# line each: WORD VALUE. What programs print goes into the log.
set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset CDPATH ENV TMPDIR
umask 022

# Told from what an image does: 90 is a refusal whose words are an answer, 91 a failure that the log explains.
refuse() { printf 'refused %s\n' "$*"; exit 90; }
fail() { printf 'failed %s\n' "$*"; exit 91; }
stage() { printf 'stage %s\n' "$*"; printf '== %s\n' "$*" >>"$work/log"; }

# systemd-nspawn wants the unified cgroup tree and a place of its own for its state, whatever the machine has.
prepare_namespace() {
    if [ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)" != cgroup2fs ]; then
        umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup 2>/dev/null || :
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
    fi
    mkdir -p /run/systemd
    mount -t tmpfs -o mode=755,size=16m tmpfs /run/systemd
    # What is written beside the image has an end: a file system of its own, of a size that is fixed.
    truncate -s "$scratch_bytes" "$work/scratch.img"
    mkfs.ext4 -q -F -m 0 "$work/scratch.img" >>"$work/log" 2>&1
    mkdir -p "$work/scratch" "$work/root"
    mount -t ext4 -o loop,nodev,nosuid "$work/scratch.img" "$work/scratch"
    mkdir "$work/scratch/fettle" "$work/scratch/tmp"
    chmod 1777 "$work/scratch/tmp"
    # What the container is given. It sees it and cannot write there: a place where it can is one where nothing of this machine may
    # write any more, since the container decides what a name there means.
    rm -rf "$work/in"
    mkdir "$work/in"
}

# The type of the file system at an offset of the disk; only those that are known to hold a Linux root.
file_system() {
    type=$(blkid -p -O "$1" -o value -s TYPE "$disk" 2>/dev/null) || type=
    case $type in ext2 | ext3 | ext4 | xfs | btrfs | vfat) printf '%s' "$type" ;; *) printf '%s' "${type:-none}" ;; esac
}

# mount_part OFFSET SIZE DIRECTORY: a part of the disk. No device node and no set-user-id program of it counts on this machine.
mount_part() {
    type=$(file_system "$1")
    case $type in ext2 | ext3) type=ext4 ;; ext4 | xfs | btrfs | vfat) ;; *) return 1 ;; esac
    mount -t "$type" -o "loop,nodev,nosuid,offset=$1,sizelimit=$2" "$disk" "$3" >>"$work/log" 2>&1
}

# Whether a directory holds a system. Nothing is followed: links in an image lead wherever they like.
is_root() {
    for name in etc usr var; do [ -d "$1/$name" ] && [ ! -L "$1/$name" ] || return 1; done
    [ -e "$1/etc/os-release" ] || [ -L "$1/etc/os-release" ] || [ -e "$1/usr/lib/os-release" ]
}

# Mounts the root of the disk at $work/root, and the file systems of its fstab that lie on the same disk.
mount_disk() {
    size=$(stat -c %s "$disk")
    # A boot sector of a FAT file system looks like a table of partitions: what blkid calls a file system is one.
    parts=
    if [ "$(file_system 0)" = none ]; then
        parts=$(partx --raw --noheadings --bytes --output NR,START,SECTORS "$disk" 2>>"$work/log" | head -n 128) || parts=
    fi
    if [ -z "$parts" ]; then
        mount_part 0 "$size" "$work/root" ||
            refuse "the image holds no partition table and no file system that is known (ext4, xfs, btrfs); it is: $(file_system 0)"
        is_root "$work/root" || refuse "the image's file system holds no Linux root (/etc/os-release is missing)"
        printf 'layout bare\n'
        return
    fi
    found=
    while read -r number start sectors; do
        mount_part "$((start * 512))" "$((sectors * 512))" "$work/root" || continue
        if is_root "$work/root"; then found=$number; break; fi
        umount "$work/root"
    done <<LIST
$parts
LIST
    [ -n "$found" ] || refuse "no partition holds a Linux root on ext4, xfs or btrfs; encrypted disks and LVM are not supported"
    printf 'layout partition %s\n' "$found"
    mount_fstab "$parts" "$found"
}

# Only /boot and below, and only by UUID, LABEL or PARTUUID of this disk: all else that fstab names is not the packages' matter.
mount_fstab() {
    [ -f "$work/root/etc/fstab" ] && [ ! -L "$work/root/etc/fstab" ] || return 0
    head -c 65536 "$work/root/etc/fstab" | awk '$1 !~ /^#/ && ($2 == "/boot" || $2 == "/boot/efi") { print $1, $2 }' |
        sort -k 2 >"$work/fstab"
    while read -r wanted target; do
        while read -r number start sectors; do
            [ "$number" != "$2" ] || continue
            offset=$((start * 512))
            for tag in UUID LABEL PART_ENTRY_UUID; do
                value=$(blkid -p -O "$offset" -o value -s "$tag" "$disk" 2>/dev/null) || continue
                name=${tag#PART_ENTRY_}
                [ "$tag" = "$name" ] || name=PARTUUID
                [ -n "$value" ] && [ "$wanted" = "$name=$value" ] || continue
                [ ! -L "$work/root/boot" ] && [ -d "$work/root$target" ] && [ ! -L "$work/root$target" ] ||
                    refuse "$target of the image is no directory"
                mount_part "$offset" "$((sectors * 512))" "$work/root$target" || fail "$target of the image cannot be mounted"
            done
        done <<LIST
$1
LIST
    done <"$work/fstab"
}

# inside NETWORK COMMAND...: runs a program of the image. Everything of an image is a stranger's: it gets a container without the
# machine's devices, with few capabilities, and with a network only where packages are fetched.
#
# $device, if it is set, is the one block device that the container gets.
device=
inside() {
    network=$1
    shift
    case $network in
        none) set -- --private-network -- "$@" ;;
        host) set -- -- "$@" ;;
        *) set -- "--network-namespace-path=/run/netns/$network" -- "$@" ;;
    esac
    # DAC_READ_SEARCH opens files by handle, past every mount; MKNOD makes the machine's disks; the others have no part in packages.
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0 SYSTEMD_NSPAWN_TMPFS_TMP=0 systemd-nspawn --quiet \
        --keep-unit --register=no --settings=no --resolv-conf=off --timezone=off --link-journal=no --console=pipe --as-pid2 \
        --machine=fettle-image --directory="$work/root" --chdir=/ \
        --drop-capability=CAP_AUDIT_CONTROL,CAP_DAC_READ_SEARCH,CAP_IPC_OWNER,CAP_LEASE,CAP_MKNOD,CAP_NET_ADMIN,CAP_NET_BROADCAST,CAP_NET_RAW,CAP_SYS_ADMIN,CAP_SYS_BOOT,CAP_SYS_NICE,CAP_SYS_PTRACE,CAP_SYS_RESOURCE,CAP_SYS_TTY_CONFIG \
        --bind="$work/scratch/fettle:/run/fettle" --bind="$work/scratch/tmp:/tmp" --bind-ro="$work/in:/run/fettle-in" ${device:+"--bind=$device"} \
        --setenv=DEBIAN_FRONTEND=noninteractive --setenv=APT_LISTCHANGES_FRONTEND=none --setenv=NEEDRESTART_SUSPEND=1 \
        --setenv=UCF_FORCE_CONFFOLD=1 --setenv=SYSTEMD_OFFLINE=1 --setenv=LC_ALL=C.UTF-8 --setenv=TMPDIR=/tmp \
        "$@" </dev/null
}

# to_log LIMIT: adds what comes in to the log, up to the limit and up to 60 MiB of all that is in it. The rest is read and dropped: who
# writes is not stopped by it.
to_log() {
    left=$((62914560 - $(stat -c %s "$work/log")))
    if [ "$left" -gt "$1" ]; then left=$1; fi
    if [ "$left" -gt 0 ]; then head -c "$left" >>"$work/log"; fi
    cat >/dev/null
}

# noted COMMAND...: a program whose words a stranger may have chosen, with what it prints in the log. Its status is that of the program.
noted() {
    rm -f "$work/status"
    { status=0; "$@" || status=$?; echo "$status" >"$work/status"; } 2>&1 | to_log 33554432
    return "$(cat "$work/status")"
}

# logged NETWORK COMMAND...: a program of the image, the same way.
logged() { noted inside "$@"; }

# kept LIMIT NAME COMMAND...: what a program of the image prints, in a file of the work folder, up to a limit; and a MiB of its errors.
kept() {
    limit=$1 name=$2
    shift 2
    rm -f "$work/status"
    {
        { status=0; inside none "$@" 2>&3 3>&- || status=$?; echo "$status" >"$work/status"; } |
            { head -c "$limit"; cat >/dev/null; } >"$work/$name"
    } 3>&1 | to_log 1048576
    [ "$(cat "$work/status")" = 0 ]
}

unmount_disk() {
    sync -f "$work/root"
    fstrim "$work/root" >>"$work/log" 2>&1 || :
    umount -R "$work/root"
}
