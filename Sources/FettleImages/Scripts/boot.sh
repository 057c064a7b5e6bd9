# Boots a throw-away copy of a patched image in a virtual machine, and writes down what the machine says of itself.
#
#   WORK DISK SCRATCH_BYTES SECONDS MEMORY_MIB ACCELERATOR NONCE
#
# $WORK/unit and $WORK/test are put into the copy; $WORK/answers is what the test wrote, $WORK/console the machine's console.
work=$1 disk=$2 scratch_bytes=$3 seconds=$4 memory=$5 accelerator=$6 nonce=$7
shift 7

put_test_in() {
    cp "$work/unit" "$work/test" "$work/in/"
    logged none /bin/sh -euc '
        [ -x /usr/lib/systemd/systemd ] || [ -x /lib/systemd/systemd ] || exit 3
        mkdir -p /etc/systemd/system/multi-user.target.wants /etc/fettle-boot-test
        rm -f /etc/systemd/system/fettle-boot-test.service
        cp /run/fettle-in/test /etc/fettle-boot-test/test
        cp /run/fettle-in/unit /etc/systemd/system/fettle-boot-test.service
        ln -sf ../fettle-boot-test.service /etc/systemd/system/multi-user.target.wants/fettle-boot-test.service' ||
        refuse "the boot test needs an image that systemd starts"
}

# The newest kernel with its initial RAM disk, by the names that distributions give them.
take_kernel() {
    kept 65536 kernels /bin/sh -c 'cd /boot && ls -d vmlinuz-*' || refuse "the image holds no /boot/vmlinuz-*; it cannot be started here"
    version=$(sed 's/^vmlinuz-//' "$work/kernels" | grep -E '^[A-Za-z0-9._+~-]{1,128}$' | sort -V | tail -n 1)
    [ -n "$version" ] || refuse "the image holds no /boot/vmlinuz-* of a name that is known; it cannot be started here"
    printf 'kernel %s\n' "$version"
    kept 268435456 vmlinuz /bin/cat "/boot/vmlinuz-$version" || fail "the image's kernel cannot be read"
    for name in "initrd.img-$version" "initramfs-$version.img" "initrd-$version"; do
        if logged none /usr/bin/test -s "/boot/$name"; then
            kept 1073741824 initrd /bin/cat "/boot/$name" || fail "the image's initial RAM disk cannot be read"
            return
        fi
    done
    refuse "the kernel $version has no initial RAM disk in /boot"
}

main() {
    prepare_namespace
    stage "the copy is made ready"
    mount_disk >"$work/layout"
    cat "$work/layout"
    device=/dev/vda
    number=$(sed -n 's/^layout partition \([0-9]\{1,3\}\)$/\1/p' "$work/layout")
    put_test_in
    take_kernel
    sync -f "$work/root"
    umount -R "$work/root"
    stage "the machine is started"
    : >"$work/answers"
    : >"$work/console"
    chmod 666 "$work/answers" "$work/console"
    # A second is no measure of an emulated processor: the limit is on the whole, and generous.
    qemu-system-x86_64 -name fettle-boot-test -machine pc -accel "$accelerator" -cpu max -m "$memory" -smp 1 \
        -nodefaults -no-user-config -display none -no-reboot \
        -sandbox on,obsolete=deny,elevateprivileges=allow,spawn=deny,resourcecontrol=deny -runas nobody \
        -serial "file:$work/console" -serial "file:$work/answers" \
        -kernel "$work/vmlinuz" -initrd "$work/initrd" \
        -append "root=$device$number rw console=ttyS0 panic=1 systemd.show_status=1" \
        -drive "file=$disk,format=raw,if=virtio,cache=unsafe" -device virtio-rng-pci \
        -nic user,restrict=on,model=virtio-net-pci </dev/null >>"$work/log" 2>&1 &
    machine=$!
    waited=0
    while kill -0 "$machine" 2>/dev/null; do
        if grep -q "^$nonce end" "$work/answers"; then break; fi
        if [ "$(stat -c %s "$work/console")" -gt 16777216 ] || [ "$(stat -c %s "$work/answers")" -gt 1048576 ]; then
            printf 'ended talks without end\n'
            break
        fi
        if [ "$waited" -ge "$seconds" ]; then printf 'ended time\n'; break; fi
        sleep 1
        waited=$((waited + 1))
    done
    if kill -0 "$machine" 2>/dev/null; then kill -KILL "$machine"; else printf 'ended itself\n'; fi
    wait "$machine" 2>/dev/null || :
    printf 'done 1\n'
}
