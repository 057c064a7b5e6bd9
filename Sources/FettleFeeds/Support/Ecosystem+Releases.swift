internal import FettleIndex
internal import FettleSoftware

/// How the releases of distributions are written where their channels are patched apart: the one place that says so,
/// whichever way a feed names them.
extension Ecosystem {
    /// `debian:12` of `bookworm`, `12` or `12.0`; nil for a name that is not known. In lower case.
    static func debian(_ release: some StringProtocol) -> Ecosystem? {
        guard release.first?.isNumber == true else {
            return Codenames.debian(String(release)).flatMap { Ecosystem("debian:\($0)") }
        }
        // Since 4.0 a point release is no release of its own.
        let numbers = release.split(separator: ".")
        let isWhole = numbers.count == 2 && numbers[1] == "0" && (Int(numbers[0]) ?? 0) >= 4
        return Ecosystem("debian:\(isWhole ? String(numbers[0]) : String(release))")
    }

    /// Ubuntu's release with the pocket that is patched apart from it: `ubuntu:22.04`, `ubuntu:22.04:pro` of Pro
    /// (`esm-infra`, `esm-apps`), and the certified builds, such as `ubuntu:22.04:fips-updates` (trivy#1663,
    /// trivy#3701).
    ///
    /// - Parameter pocket: as Ubuntu writes it, in lower case: `security`, `esm-infra`, `fips-updates`; empty: the
    ///   archive.
    static func ubuntu(version: some StringProtocol, pocket: some StringProtocol) -> Ecosystem? {
        if UbuntuPockets.isArchive(pocket) { return Ecosystem("ubuntu:\(version)") }
        let isOfPro = pocket == "pro" || pocket.hasPrefix("esm") || pocket.hasPrefix("ros-esm")
        return Ecosystem("ubuntu:\(version):\(isOfPro ? "pro" : String(pocket))")
    }

    /// `redhat:9` of `9.2`. A minor release that is patched by itself is told by its kind of support, and is an ecosystem
    /// of its own, `redhat:9.2:eus`: its fixes are other builds than those of the release that goes on (trivy#3576).
    ///
    /// - Parameter channel: nil for one that doesn't patch a minor release by itself.
    static func redHat(_ version: some StringProtocol, channel: RedHatChannel?) -> Ecosystem? {
        guard let channel else {
            let major = version.prefix { $0 != "." }
            return major.isEmpty ? nil : Ecosystem("redhat:\(major)")
        }
        return Ecosystem("redhat:\(version):\(channel.rawValue)")
    }

    /// `suse:15.5`, as os-release says; all modules of a service pack share its packages. The prolonged supports are
    /// patched apart: `suse:15.3:ltss`. Micro is a distribution of its own: `suse:micro-5.3`.
    ///
    /// - Parameters:
    ///   - pack: the number of a service pack; nil: none, or the version says it.
    ///   - product: all of the product's name or id, in lower case.
    static func suse(_ version: some StringProtocol, pack: Int?, product: some StringProtocol) -> Ecosystem? {
        if product.contains("micro") { return Ecosystem("suse:micro-\(version)") }
        let release = pack.map { "\(version).\($0)" } ?? String(version)
        let support = ["ltss", "espos", "teradata"].first { product.contains($0) }
        return Ecosystem("suse:\(release)\(support.map { ":\($0)" } ?? "")")
    }
}

/// Kinds of support under which Red Hat patches a minor release by itself
/// (https://access.redhat.com/support/policy/updates/errata).
enum RedHatChannel: String, CaseIterable {
    case eus, aus, tus, e4s, els
    case eusLongLife = "eus_long_life"

    /// By a word of a CPE or of a repository's name, in lower case.
    init?(word: some StringProtocol) { self.init(rawValue: String(word)) }

    /// By the words of a product's name, in lower case.
    init?(productName name: some StringProtocol) {
        let words: [(String, RedHatChannel)] = [
            ("extended update support", .eus), ("advanced update support", .aus),
            ("telecommunications update service", .tus), ("update services for sap", .e4s),
            ("extended lifecycle support", .els),
        ]
        let short: [RedHatChannel] = [.eus, .aus, .tus, .e4s]
        guard
            let found = words.first(where: { name.contains($0.0) })?.1
                ?? short.first(where: { name.contains(" " + $0.rawValue) })
        else { return nil }
        self = found
    }
}
