/// The sections that a `PackageSnapshot` is read from.
enum SnapshotScript {
    static func make(fingerprinted: Bool = false) -> SectionedScript {
        SectionedScript(
            sections: [system, packages, automatic, ProcessSections.locks, jobs, space]
                + (fingerprinted ? [fingerprint] : []))
    }

    /// Defines `decide`, which prints a hash over all by which apt decides what an installation does, and what it calls an
    /// update: dpkg's database, apt's marks, lists, pins, sources and settings. Files are told by inode, size and times, to the
    /// nanosecond; the change time is nobody's to set. Nothing is printed where any of it cannot be looked at.
    static let decisions = #"""
            decide() {
                have sha256sum && have apt-config || return 77
                etc= lists= status= marks= main= parts= preferences= pins= source= sources=
                eval "$(apt-config shell etc Dir::Etc/d lists Dir::State::lists/d status Dir::State::status/f \
                    marks Dir::State::extended_states/f main Dir::Etc::main/f parts Dir::Etc::parts/d \
                    preferences Dir::Etc::preferences/f pins Dir::Etc::preferencesparts/d \
                    source Dir::Etc::sourcelist/f sources Dir::Etc::sourceparts/d)"
                set --
                for path in "$etc" "$lists" "$status" "$marks" "$main" "$parts" "$preferences" "$pins" "$source" "$sources" \
                    /var/lib/dpkg/arch; do
                    if [ -e "$path" ]; then set -- "$@" "$path"; fi
                done
                [ -s "$status" ] || return 77
                files=$(tell "$@") || return 77
                sums=$(sha256sum -- "$status") || return 77
                printf '%s\n' "$files" "$sums" | LC_ALL=C sort | sha256sum
            }
            # Passwords of sources, which only root may read, decide nothing; `partial` and `lock` are those of downloads.
            tell() {
                find -L "$@" \( -name partial -o -name 'auth.conf*' -o -name lock \) -prune \
                    -o -printf '%i %s %T@ %C@ %p\n' 2>/dev/null
            }
        """#

    /// Two hashes: that of the decisions, and one over that and the archives that were staged.
    static let fingerprint = SectionedScript.Section(
        name: "fingerprint", limit: 4_096,
        body: #"""
            \#(decisions)
                decisions=$(decide) || return 77
                staged=
                if [ -e \#(AptCommand.archives) ]; then staged=$(tell \#(AptCommand.archives)) || return 77; fi
                printf '%s\n' "$decisions"
                printf '%s\n' "$decisions" "$staged" | LC_ALL=C sort | sha256sum
            """#)

    static let system = SectionedScript.Section(
        name: "system", limit: 256,
        body: #"""
                if [ -d /run/systemd/system ]; then echo systemd; fi
            """#)

    static let packages = SectionedScript.Section(
        name: "packages", limit: 8 * 1_024 * 1_024,
        body: #"""
                dpkg-query -W -f='${Status}\t${Package}\t${Architecture}\t${Version}\n'
            """#)

    static let automatic = SectionedScript.Section(
        name: "automatic", limit: 8 * 1_024 * 1_024,
        body: #"""
                if [ -e /var/lib/apt/extended_states ]; then cat /var/lib/apt/extended_states; fi
            """#)

    /// Jobs of Fettle: units of systemd, or where there is none, the directories that stand for them.
    static let jobs = SectionedScript.Section(
        name: "jobs", limit: 256 * 1_024, body: DetachedJob.listScript)

    static let space = SectionedScript.Section(
        name: "space", limit: 64 * 1_024,
        body: #"""
                if [ -d /var/cache/fettle ]; then cache=/var/cache/fettle; else cache=/var/cache; fi
                within 10 df -P -k / /usr /var/lib/dpkg /boot "$cache" 2>/dev/null || within 10 df -P -k /
            """#)
}
