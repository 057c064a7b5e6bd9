import FettleDriverKit

/// What is asked of running processes: the code they run, and the package manager's locks they hold.
enum ProcessSections {
    /// The one question of a collection that needs root: only root may read which files another user's process maps.
    ///
    /// `find` with fixed words is safe to permit by a `sudo` rule, where a pattern such as `/proc/*/maps` is not:
    /// sudo's `*` also matches spaces and further arguments. It reads the `maps` of every process and nothing else.
    /// `vdso` is in every process, so that an answer without a line means that nothing was read, and never that
    /// nothing is stale.
    static let mapsCommand = RootCommand([
        "/usr/bin/find", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "maps", "-exec", "/bin/grep", "-sHF",
        "-e",
        "(deleted)", "-e", "vdso", "{}", "+",
    ])

    /// Mappings of code whose file is gone (a line each), a line `end` if anything could be read, and the control
    /// groups of the processes, which name their systemd units; and which of those in the group of the SSH daemon are
    /// somebody's session.
    ///
    /// Code only, as `needrestart` does: journals, caches and databases in memory are also replaced while they are
    /// mapped, and say nothing about patches.
    static func staleServices(asRoot command: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "maps", limit: 4 * 1_024 * 1_024,
            body: #"""
                    if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                    lines=$($root \#(command) 2>/dev/null | sed -n -e '/^[^ ]* ..x.* (deleted)$/p' -e '$s/.*/end/p')
                    if [ -z "$lines" ]; then echo 'needs root, and sudo does not permit it' >&2; return 1; fi
                    printf '%s\n' "$lines"
                    groups=$(printf '%s\n' "$lines" | sed -n 's|^\(/proc/[0-9]*\)/maps:.*|\1/cgroup|p' | sort -u)
                    if [ -z "$groups" ]; then return; fi
                    grep -sE '^(0:|[0-9]+:name=systemd:)' /dev/null $groups || :
                    # Without pam_systemd whoever logs in stays in the group of the daemon that let them in.
                    for group in $(grep -slE ':/system\.slice/sshd?\.service$' $groups); do
                        case $(head -c 200 "${group%cgroup}cmdline" 2>/dev/null | tr '\000\n' '  ') in
                            '' | *'[listener]'* | */sshd\ *) ;;
                            *) echo "${group%cgroup}session:" ;;
                        esac
                    done
                """#)
    }

    /// Who holds a lock on one of the package managers' lock files, by the inode numbers in `/proc/locks`; there is
    /// no need for `fuser` or `lsof`, and none for root.
    static let locks = SectionedScript.Section(
        name: "locks", limit: 256 * 1_024,
        body: #"""
                tell() {
                    printf '%s %s ' "$1" "$2"
                    head -c 300 "/proc/$1/cmdline" 2>/dev/null | tr '\000\n' '  '
                    echo
                }
                files=
                for path in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
                    /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /lib/apk/db/lock; do
                    if [ -e "$path" ]; then files="$files $path"; fi
                done
                # zypper and dnf write who they are; a file whose process is gone is a leftover.
                for path in /run/zypp.pid /var/cache/dnf/metadata_lock.pid /var/cache/dnf/download_lock.pid \
                    /var/lib/dnf/rpmdb_lock.pid; do
                    holder=
                    if [ -r "$path" ]; then read -r holder rest <"$path" || :; fi
                    case $holder in
                        '' | *[!0-9]*) continue ;;
                    esac
                    if [ -d "/proc/$holder" ]; then tell "$holder" "$path"; fi
                done
                if [ -z "$files" ]; then have dpkg || have rpm || have apk; return; fi
                # As ` inode=path inode=path `, so that no process is started for each lock. The device is of no use: overlay
                # file systems tell another one in /proc/locks.
                files=$(ls -di $files | sed 's|^ *\([0-9]*\) |\1=|') || return
                files=" $(echo $files) "
                while read -r number kind mode access holder place rest; do
                    path=${files#*" ${place##*:}="}
                    if [ "$path" = "$files" ]; then continue; fi
                    path=${path%% *}
                    if [ "$kind" = '->' ]; then continue; fi
                    # Root sees which files the process has open, and so whether it is another file of the same number.
                    open=$(ls -l "/proc/$holder/fd" 2>/dev/null)
                    case $open in
                        '' | *"-> $path"*) ;;
                        *) continue ;;
                    esac
                    tell "$holder" "$path"
                done </proc/locks
            """#)
}
