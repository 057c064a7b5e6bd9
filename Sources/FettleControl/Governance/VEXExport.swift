public import FettleModel
public import FettleSoftware

/// From waivers to a VEX document: what the fleet's people have judged, in words that other tools read.
///
/// `notAffected` is stated as such; `accepted` and `mitigated` are `affected` with what was decided. A waiver of a part of the
/// fleet is stated for the packages on exactly those resources: stated for the package alone it would be read everywhere.
public struct VEXExport: Sendable {
    public private(set) var document: VEXDocument
    /// Active waivers that make no statement, each with the reason.
    public private(set) var leftOut: [String] = []

    /// - Parameters:
    ///   - findings: marked with the waivers that hold at `time`.
    ///   - waivers: all; the active ones are stated.
    public init(
        id: String, author: String, findings: FindingSet, facts: FactSet, waivers: [Waiver], at time: Timestamp
    ) {
        document = VEXDocument(id: id, author: author, issuedAt: time, statements: [])
        // What is affected goes first: where two waivers speak of one product, the careful word holds.
        let active = waivers.filter { $0.state(at: time) == .active }
            .sorted { ($0.kind == .notAffected ? 1 : 0) < ($1.kind == .notAffected ? 1 : 0) }
        let purls = PackageURLs(facts)
        var covered: [WaiverID: [(advisory: AdvisoryID, product: VEXProduct)]] = [:]
        let scopes = Dictionary(active.map { ($0.id, $0.scope) }) { first, _ in first }
        for finding in findings.findings {
            for mark in finding.waivers ?? [] {
                guard let scope = scopes[mark.waiver], let url = purls.url(of: finding) else { continue }
                let product = VEXProduct(url, on: scope.isNarrowed || scope.isOneFinding ? finding.resource : nil)
                for advisory in mark.advisories ?? finding.advisories.map(\.id) {
                    covered[mark.waiver, default: []].append((advisory, product))
                }
            }
        }
        var stated: Set<StatedProduct> = []
        for waiver in active {
            guard let entries = covered[waiver.id] else {
                leftOut.append("\(waiver.id): nothing that was found is covered by it now")
                continue
            }
            for (advisory, products) in Dictionary(grouping: entries, by: \.advisory).sorted(by: { $0.key < $1.key }) {
                let own = Set(products.map(\.product)).filter {
                    stated.insert(StatedProduct(advisory: advisory, product: $0)).inserted
                }
                guard !own.isEmpty else { continue }
                let ordered = own.sorted { ($0.holder ?? "", $0.identifier) < ($1.holder ?? "", $1.identifier) }
                document.statements.append(Self.statement(waiver, advisory, ordered))
            }
        }
    }

    private struct StatedProduct: Hashable {
        var advisory: AdvisoryID
        var product: VEXProduct
    }

    private static func statement(_ waiver: Waiver, _ advisory: AdvisoryID, _ products: [VEXProduct]) -> VEXStatement {
        var aliases: [String] = []
        if case .advisory(let id, let others) = waiver.scope.subject {
            aliases = ([id] + others).map(\.rawValue).filter { $0.lowercased() != advisory.rawValue.lowercased() }
        }
        let until = "by \(waiver.owner) until \(waiver.expiresAt.description.prefix(10))"
        let words: String
        switch waiver.kind {
        case .notAffected: words = waiver.reason
        case .accepted: words = "Risk accepted \(until): \(waiver.reason)"
        case .mitigated: words = "Mitigated, answered for \(until): \(waiver.reason)"
        }
        return VEXStatement(
            vulnerability: advisory.rawValue, aliases: aliases,
            status: waiver.kind == .notAffected ? .notAffected : .affected, justification: waiver.justification,
            words: words, isMitigated: waiver.kind == .mitigated, products: products)
    }
}

/// Names of what is found, as package URLs (https://github.com/package-url/purl-spec).
struct PackageURLs {
    private var hosts: [ResourceID: (platform: Platform, manager: PackageManager)] = [:]

    init(_ facts: FactSet) {
        for host in facts.hosts {
            guard let platform = host.platform.value, let manager = host.packages.value?.first?.manager else {
                continue
            }
            hosts[host.resource] = (platform, manager)
        }
    }

    /// nil for what is no package, and where the host's system is not known.
    func url(of finding: Finding) -> PackageURL? {
        // What waits for a restart is of a package where advisories name it; a service and a reboot are none.
        let isPackage = finding.state == .missing || !finding.advisories.isEmpty
        guard let host = hosts[finding.resource], isPackage else { return nil }
        let platform = host.platform
        let distribution = platform.distribution == "rhel" ? "redhat" : platform.distribution
        let release = "\(platform.distribution)-\(platform.version)"
        var qualifiers = ["distro": platform.version.isEmpty ? platform.codename : release]
        var version = finding.installed
        let type: String
        switch host.manager {
        case .dpkg: (type, qualifiers["arch"]) = ("deb", "source")
        case .rpm:
            (type, qualifiers["arch"]) = ("rpm", "src")
            if let colon = version.firstIndex(of: ":") {
                qualifiers["epoch"] = String(version[..<colon])
                version = String(version[version.index(after: colon)...])
            }
        case .apk: type = "apk"
        }
        return PackageURL(
            type: type, namespace: distribution, name: finding.source, version: version, qualifiers: qualifiers)
    }
}

extension WaiverScope {
    fileprivate var isOneFinding: Bool {
        if case .finding = subject { true } else { false }
    }
}
