# Makes a disk of a root file system that lies in a directory or in an archive, so that it is patched as any other image is: on a
# file system of its own with an end.
#
#   WORK DISK SCRATCH_BYTES KIND SOURCE
work=$1 disk=$2 scratch_bytes=$3 kind=$4 source=$5
shift 5

main() {
    prepare_namespace
    stage "the root file system is copied"
    mkfs.ext4 -q -F -m 0 -L root "$disk" >>"$work/log" 2>&1 || fail "no file system can be made in the work folder"
    mount -t ext4 -o loop,nodev,nosuid "$disk" "$work/root"
    rmdir "$work/root/lost+found"
    case $kind in
        tree) noted cp -a --one-file-system -- "$source/." "$work/root/" ;;
        archive)
            noted tar --extract --force-local --numeric-owner --same-permissions --xattrs '--xattrs-include=*' --directory="$work/root" \
                --file="$source" ;;
    esac || fail "the root file system cannot be copied"
    is_root "$work/root" || refuse "it holds no Linux root (/etc/os-release is missing)"
    sync -f "$work/root"
    umount "$work/root"
    printf 'done 1\n'
}
