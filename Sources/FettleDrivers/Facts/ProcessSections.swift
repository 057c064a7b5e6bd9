import FettleDriverKit

/// What is asked of running processes: the code they run, and the package manager's locks they hold.
enum ProcessSections {
    /// The one question of a collection that needs root: only root may read which files another user's process maps.
    ///
    /// `find` with fixed words is safe to permit by a `sudo` rule, where a pattern such as `/proc/*/maps` is not: sudo's `*`
    /// also matches spaces and further arguments. It reads the `maps` of every process and nothing else. `vdso` is in
    /// every process, so that an answer without a line means that nothing was read, and never that nothing is stale.
    static let mapsCommand = RootCommand([
        "/usr/bin/find", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "maps", "-exec", "/bin/grep", "-sHF",
        "-e",
        "(deleted)", "-e", "vdso", "{}", "+",
    ])

    /// Mappings of code whose file is gone (a line each), a line `end` if anything could be read, and the control groups
    /// of the processes, which name their systemd units.
    ///
    /// Code only, as `needrestart` does: journals, caches and databases in memory are also replaced while they are mapped,
    /// and say nothing about patches.
    static func staleServices(asRoot command: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "maps", limit: 4 * 1_024 * 1_024,
            body: #"""
                    if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                    if [ -n "$root" ] && ! have sudo; then echo 'needs root: this host has no sudo' >&2; return 1; fi
                    if [ -n "$root" ] && ! sudo -n -l -- \#(command) >/dev/null 2>&1; then
                        echo 'needs root, and no sudo rule permits it' >&2
                        return 1
                    fi
                    lines=$($root \#(command) 2>/dev/null | sed -n -e '/^[^ ]* ..x.* (deleted)$/p' -e '$s/.*/end/p')
                    printf '%s\n' "$lines"
                    groups=$(printf '%s\n' "$lines" | sed -n 's|^\(/proc/[0-9]*\)/maps:.*|\1/cgroup|p' | sort -u)
                    if [ -n "$groups" ]; then grep -sE '^(0:|[0-9]+:name=systemd:)' /dev/null $groups || :; fi
                """#)
    }

    /// Who holds a lock on one of the package managers' lock files, by the inode numbers in `/proc/locks`; there is no need
    /// for `fuser` or `lsof`, and none for root.
    static let locks = SectionedScript.Section(
        name: "locks", limit: 256 * 1_024,
        body: #"""
                files=
                for path in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
                    /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /run/zypp.pid \
                    /var/cache/dnf/metadata_lock.pid /lib/apk/db/lock; do
                    if [ -e "$path" ]; then files="$files $path"; fi
                done
                if [ -z "$files" ]; then return 77; fi
                ls -di $files || return
                echo locks
                while read -r number kind mode access holder place rest; do
                    case $number in
                        *:) ;;
                        *) continue ;;
                    esac
                    if [ "$kind" = '->' ] || [ ! -r "/proc/$holder/cmdline" ]; then continue; fi
                    printf '%s %s ' "$holder" "$place"
                    head -c 500 "/proc/$holder/cmdline" | tr '\000\n' '  '
                    echo
                done </proc/locks
            """#)
}
