public import FettleModel

/// Which sources a fleet needs, and what no source covers.
public struct FeedSelection: Sendable, Equatable {
    /// In the order of `FeedSources.all`.
    public var sources: [FeedSource]
    /// Platforms and names for which no source is known, sorted, in words: nothing is left out in silence.
    public var uncovered: [String]

    public init(sources: [FeedSource], uncovered: [String]) {
        self.sources = sources
        self.uncovered = uncovered
    }
}

extension FeedSources {
    /// The sources of a fleet: those of its platforms and ecosystems, what holds for every CVE, and what the site
    /// added.
    ///
    /// - Parameter ecosystems: of languages, as `pypi`, `npm`.
    public static func selection(
        platforms: [Platform], ecosystems: [String] = [], settings: FeedSettings = .none
    ) -> FeedSelection {
        var wanted: Set<FeedSourceID> = ["kev", "epss"]
        var uncovered: Set<String> = []
        for platform in platforms {
            let ids = needed(by: platform)
            if ids.isEmpty { uncovered.insert(name(of: platform)) }
            wanted.formUnion(ids)
        }
        for ecosystem in ecosystems {
            let id = FeedSourceID("osv-\(ecosystem.lowercased())")
            if source(id) == nil { uncovered.insert(ecosystem.printable(limit: 100)) } else { wanted.insert(id) }
        }
        for name in settings.include {
            if source(FeedSourceID(name)) == nil { uncovered.insert(name.printable(limit: 100)) }
            wanted.insert(FeedSourceID(name))
        }
        wanted.subtract(settings.exclude.map { FeedSourceID($0) })
        return FeedSelection(sources: all.filter { wanted.contains($0.id) }, uncovered: uncovered.sorted())
    }

    /// The sources that say something about the packages of a platform; empty if none is known.
    ///
    /// A rebuild is judged by its own feed, never by Red Hat's: their releases of a package differ.
    static func needed(by platform: Platform) -> [FeedSourceID] {
        let version = platform.version
        let major = String(version.prefix { $0 != "." })
        let candidate: String? =
            switch platform.distribution.lowercased() {
            case "debian": "debian-tracker"
            case "ubuntu": "ubuntu-oval-\(platform.codename.lowercased())"
            case "alpine": "alpine-secdb-\(alpineRelease(platform))"
            case "rhel", "centos": redHatReleases.contains(major) ? "redhat-oval-\(major)" : "redhat-csaf-vex"
            case "almalinux": "almalinux-osv"
            case "rocky": "rocky-osv"
            case "ol": "oracle-oval"
            case "sles", "sles_sap": "suse-oval-server-\(major)"
            case "opensuse-leap": "suse-oval-leap-\(version)"
            case "opensuse-tumbleweed": "suse-oval-tumbleweed"
            default: nil
            }
        guard let candidate, source(FeedSourceID(candidate)) != nil else { return [] }
        return [FeedSourceID(candidate)]
    }

    /// `edge` has the number of the release that it will become, such as 3.23_alpha20250612.
    private static func alpineRelease(_ platform: Platform) -> String {
        let isEdge = platform.version.contains("_alpha") || platform.version == "edge"
        return isEdge ? "edge" : platform.version.split(separator: ".").prefix(2).joined(separator: ".")
    }

    private static func name(of platform: Platform) -> String {
        let plain = "\(platform.distribution) \(platform.version)"
        return (platform.prettyName.isEmpty ? plain : platform.prettyName).printable(limit: 100)
    }
}
