# The way back of fill.sh.
#
#   WORK DISK SCRATCH_BYTES KIND DESTINATION
work=$1 disk=$2 scratch_bytes=$3 kind=$4 destination=$5
shift 5

main() {
    prepare_namespace
    stage "the result is written"
    mount -t ext4 -o loop,ro,nodev,nosuid "$disk" "$work/root"
    case $kind in
        tree) mkdir "$destination" && noted cp -a -- "$work/root/." "$destination/" ;;
        archive)
            noted tar --create --force-local --numeric-owner --sort=name --xattrs '--xattrs-include=*' --exclude=./lost+found \
                --directory="$work/root" --file="$destination" . ;;
    esac || fail "the result cannot be written"
    [ "$kind" != tree ] || [ ! -d "$destination/lost+found" ] || rmdir "$destination/lost+found"
    umount "$work/root"
    printf 'done 1\n'
}
