import FettleIndex
import FettleVersions

/// Which ecosystems hold for the packages of a platform.
struct PlatformEcosystems {
    /// The platform's own; nil where none is known by its name.
    let base: Ecosystem?
    /// Pockets of the same release that are patched apart, such as Ubuntu's Pro: a fix from one of them counts.
    let pockets: [Ecosystem]
    /// The pocket that the platform was named by, such as `ubuntu:22.04:pro`: its advisories hold besides the release's own.
    let subscribed: Ecosystem?

    init(_ platform: Ecosystem?, in index: AdvisoryIndex) {
        var platform = platform
        if let named = platform, named.family == "ubuntu", let colon = named.release.firstIndex(of: ":") {
            subscribed = named
            platform = Ecosystem("ubuntu:\(named.release[..<colon])")
        } else {
            subscribed = nil
        }
        let candidates = platform.map { [$0] + Self.kin(of: $0) } ?? []
        base = candidates.first(where: index.covers) ?? platform
        guard let base else {
            pockets = []
            return
        }
        pockets = index.catalogue.ecosystems.compactMap { entry in
            entry.name.hasPrefix(base.name + ":") ? Ecosystem(entry.name) : nil
        }
    }

    /// Platforms that are patched by another one's advisories, and releases that only name their first part.
    private static func kin(of platform: Ecosystem) -> [Ecosystem] {
        let twins: [Substring: String] = ["centos": "redhat", "raspbian": "debian", "opensuse-leap": "opensuse"]
        var names = [twins[platform.family].map { "\($0):\(platform.release)" }].compactMap { $0 }
        // `redhat:9.4` goes by the advisories of `redhat:9`; `ubuntu:22.04` and `alpine:3.20` are whole names.
        let family = twins[platform.family] ?? String(platform.family)
        if platform.scheme == .rpm, family != "suse", family != "opensuse",
            let major = platform.release.split(separator: ".").first
        {
            names.append("\(family):\(major)")
        }
        return names.compactMap { Ecosystem($0) }
    }
}
