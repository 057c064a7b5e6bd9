/// What is asked of the operating system itself: files and programs that every Linux has, whatever its package manager.
enum SystemSections {
    static let release = SectionedScript.Section(
        name: "release", limit: 64 * 1_024,
        body: #"""
                cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release
            """#)

    static let boot = SectionedScript.Section(
        name: "boot", limit: 4_096,
        body: #"""
                read -r id </proc/sys/kernel/random/boot_id && read -r up idle </proc/uptime && printf '%s\n%s\n' "$id" "$up" || return 1
                if [ -s /etc/machine-id ] && read -r id </etc/machine-id; then printf '%s\n' "$id"; fi
            """#)

    /// A container shares its host's kernel: what lies in its own /boot is never booted.
    static let kernel = SectionedScript.Section(
        name: "kernel", limit: 64 * 1_024,
        body: #"""
                printf 'running %s\nmachine %s\n' "$(uname -r)" "$(uname -m)"
                if [ -s /var/lib/dpkg/status ] && have dpkg; then printf 'architecture %s\n' "$(dpkg --print-architecture)"
                elif have apk; then printf 'architecture %s\n' "$(apk --print-arch)"; fi
                if [ -e /run/systemd/container ] || [ -e /run/.containerenv ] || [ -e /.dockerenv ]; then
                    echo container
                    return 0
                fi
                set +f
                for path in /boot/vmlinuz-* /boot/vmlinux-* /boot/kernel-* /boot/Image-*; do
                    if [ -f "$path" ]; then printf 'image %s\n' "${path#/boot/*-}"; fi
                done
                for path in /lib/modules/*; do
                    if [ -f "$path/vmlinuz" ] || { [ -f "$path/modules.dep" ] && [ -d "$path/kernel" ]; }; then
                        printf 'image %s\n' "${path##*/}"
                    fi
                done
            """#)

    static let disks = SectionedScript.Section(
        name: "disks", limit: 256 * 1_024,
        body: #"""
                # -l is no part of POSIX; without it a dead network mount can hang.
                table=$(within 10 df -P -k -l 2>/dev/null)
                if [ -z "$table" ]; then table=$(within 10 df -P -k); fi
                [ -n "$table" ] && printf '%s\n' "$table"
            """#)

    static let units = SectionedScript.Section(
        name: "units", limit: 1_024 * 1_024,
        body: #"""
                if ! have systemctl; then echo 'this host has no systemd' >&2; return 1; fi
                within 20 systemctl --no-pager show --property=Id,LoadState,ActiveState,SubState,NRestarts '*.service'
            """#)

    /// Debian's and Ubuntu's packages write files that say a reboot is wanted; on other hosts their own tools know.
    static let reboot = SectionedScript.Section(
        name: "reboot", limit: 256 * 1_024,
        body: #"""
                for directory in /run /var/run; do
                    if [ -e "$directory/reboot-required" ]; then
                        echo required
                        if [ -r "$directory/reboot-required.pkgs" ]; then cat "$directory/reboot-required.pkgs"; fi
                        return 0
                    fi
                done
                if [ -s /var/lib/dpkg/status ] || have apk; then return 0; fi
                \#(RpmSections.database)
                if [ -z "$database" ]; then return 77; fi
                \#(RpmSections.reboot)
            """#)
}
