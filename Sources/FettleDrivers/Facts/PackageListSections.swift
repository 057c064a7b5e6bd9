import FettleModel

/// What is asked about the age of package lists. The host tells times of change by its own clock, and that clock beside them, so that a
/// clock which is wrong makes no list old.
enum PackageListSections {
    static let name = "lists"

    static let lists = section(root: "")

    /// A file's own time may be its publisher's: apt and librepo keep that of the server. So whatever changes with each fetch is asked
    /// as well (apt's folder of half-fetched files, what dnf and zypper touch when nothing is new), and the newest counts: a list is never
    /// told to be older than it is. Package managers without packages or without any list are passed over.
    ///
    /// - Parameter root: where the host's file system begins.
    static func section(root: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: name, limit: 4_096,
            body: #"""
                    found=77
                    newest() {
                        manager=$1; shift
                        at=$(stat -c %Y -- "$@" 2>/dev/null | sort -n | tail -n 1)
                        if [ -n "$at" ]; then echo "$manager $at $now"; found=0; fi
                    }
                    # Whether the first is there: a pattern that matches nothing is no file.
                    any() { [ -e "$1" ]; }
                    root='\#(root)'
                    now=$(date +%s) || return
                    set +f
                    apt=$root/var/lib/apt
                    if [ -s "$root/var/lib/dpkg/status" ] && { any "$apt"/lists/*Release || any "$apt"/lists/*_Packages*; }; then
                        newest apt "$apt"/lists/*Release "$apt/lists/partial" "$apt/lists" "$apt/periodic/update-success-stamp"
                    fi
                    packages=
                    for file in "$root"/usr/lib/sysimage/rpm/* "$root"/var/lib/rpm/*; do
                        if [ -s "$file" ]; then packages=rpm; fi
                    done
                    if [ -n "$packages" ]; then
                        cache=$root/var/cache
                        newest dnf "$cache"/dnf/*/repodata/* "$cache"/libdnf5/*/repodata/* "$cache"/yum/*/*/*/repomd.xml
                        newest zypper "$cache"/zypp/raw/*/cookie "$cache"/zypp/raw/*/repodata/repomd.xml "$cache"/zypp/solv/*/cookie
                    fi
                    if any "$root"/lib/apk/db/installed || any "$root"/usr/lib/apk/db/installed; then
                        newest apk "$root"/var/cache/apk/APKINDEX* "$root"/etc/apk/cache/APKINDEX*
                    fi
                    set -f
                    return "$found"
                """#)
    }
}

/// Reads lines such as `apt 1764200000 1764205000`: a package manager, when its lists were fetched, and the host's clock.
enum PackageListParser {
    /// More package managers than there are.
    private static let most = 8

    /// - Parameter time: the host's clock, by Fettle's.
    static func lists(_ text: String, at time: Timestamp) throws(FactError) -> PackageLists {
        var oldest: Int?
        let lines = FactText.lines(text)
        guard lines.count <= most else { throw FactError("more package managers tell of their lists than there are") }
        for line in lines {
            let words = FactText.words(line)
            // Beyond the year 5000 reckoning with it would not be worth its care.
            guard words.count == 3, let at: Int = FactText.number(words[1]), let now: Int = FactText.number(words[2]),
                max(at, now) < 100_000_000_000
            else { throw .notUnderstood(line, of: "the age of package lists") }
            oldest = max(oldest ?? 0, now - at)
        }
        guard let oldest else { throw FactError("the host does not tell when it fetched its package lists") }
        return PackageLists(fetchedAt: time.adding(seconds: -max(0, oldest)))
    }
}
