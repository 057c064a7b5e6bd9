import FettleIndex
import FettleVersions

/// Ubuntu's releases and the pockets in which they are patched apart.
///  What is fixed in Pro (`esm-infra`, `esm-apps`) is an ecosystem of its own, `ubuntu:22.04:pro`; so are the certified
/// builds `fips`, `fips-updates` and `fips-preview` (trivy#1663, trivy#3701).
enum UbuntuPockets {
    /// Longer names before those that they begin with.
    static let all = ["fips-updates", "fips-preview", "fips"]

    /// https://wiki.ubuntu.com/Releases
    static let releases = [
        "precise": "12.04", "trusty": "14.04", "utopic": "14.10", "vivid": "15.04", "wily": "15.10", "xenial": "16.04",
        "yakkety": "16.10", "zesty": "17.04", "artful": "17.10", "bionic": "18.04", "cosmic": "18.10", "disco": "19.04",
        "eoan": "19.10", "focal": "20.04", "groovy": "20.10", "hirsute": "21.04", "impish": "21.10", "jammy": "22.04",
        "kinetic": "22.10", "lunar": "23.04", "mantic": "23.10", "noble": "24.04", "oracular": "24.10",
        "plucky": "25.04", "questing": "25.10",
    ]

    /// The ecosystem of `jammy`, `esm-apps/jammy`, `fips-updates/jammy` or `bionic/esm`.
    ///
    /// - Returns: nil for a release or a pocket that isn't known.
    static func ecosystem(_ place: Substring) -> Ecosystem? {
        let parts = place.split(separator: "/").map { $0.lowercased() }
        guard let release = parts.compactMap({ releases[$0] }).first, parts.count <= 2 else { return nil }
        guard let pocket = parts.first(where: { releases[$0] == nil }) else { return Ecosystem("ubuntu:\(release)") }
        if pocket.hasPrefix("esm") { return Ecosystem("ubuntu:\(release):pro") }
        return all.contains(pocket) ? Ecosystem("ubuntu:\(release):\(pocket)") : nil
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
