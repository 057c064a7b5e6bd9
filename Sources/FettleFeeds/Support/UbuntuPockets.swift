internal import FettleIndex
internal import FettleSoftware
internal import FettleVersions

/// The pockets in which Ubuntu's releases are patched apart.
enum UbuntuPockets {
    /// Certified builds. Longer names before those that they begin with.
    static let certified = ["fips-updates", "fips-preview", "fips"]

    /// Whether a pocket is part of what every host of the release gets.
    static func isArchive(_ pocket: some StringProtocol) -> Bool {
        ["", "release", "security", "updates", "proposed", "backports"].contains { pocket == $0 }
    }

    /// The ecosystem of `jammy`, `esm-apps/jammy`, `fips-updates/jammy` or `bionic/esm`.
    ///
    /// - Returns: nil for a release or a pocket that isn't known.
    static func ecosystem(_ place: some StringProtocol) -> Ecosystem? {
        let parts = place.split(separator: "/").map { $0.lowercased() }
        guard let version = parts.lazy.compactMap(Codenames.ubuntu).first, parts.count <= 2 else { return nil }
        let pocket = parts.first { Codenames.ubuntu($0) == nil } ?? ""
        let isKnown = isArchive(pocket) || pocket.hasPrefix("esm") || certified.contains(pocket)
        return isKnown ? .ubuntu(version: version, pocket: pocket) : nil
    }

    /// All below the fix. A fix that only Pro has leaves the release itself affected: said of both, and below the same
    /// version, so that an installed fix of Pro counts on a host that doesn't say it has Pro (trivy#1663).
    static func below(_ fixed: String, of name: String, in ecosystem: Ecosystem) -> [AffectedPackage] {
        let release = ecosystem.release.prefix { $0 != ":" }
        let isInRelease = ecosystem.release == release
        let isOfPro =
            ecosystem.release.hasSuffix(":pro") || (isInRelease && (fixed.contains("~esm") || fixed.contains("+esm")))
        guard isOfPro, let pro = Ecosystem("ubuntu:\(release):pro"), let plain = Ecosystem("ubuntu:\(release)") else {
            return [.below(fixed, of: name, in: ecosystem)]
        }
        return [
            .below(fixed, of: name, in: pro), .below(fixed, of: name, in: plain, remark: "fixed in Ubuntu Pro only"),
        ]
    }
}
