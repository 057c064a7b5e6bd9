/// The sections that a `PackageSnapshot` is read from.
enum SnapshotScript {
    static func make() -> SectionedScript {
        SectionedScript(sections: [system, packages, automatic, ProcessSections.locks, jobs, space])
    }

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
