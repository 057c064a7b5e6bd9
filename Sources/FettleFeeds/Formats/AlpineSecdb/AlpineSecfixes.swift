internal import FettleIndex
internal import FettleVersions

/// What one package's `secfixes` say: for each version the ids that it fixes, for `0` those that it never had.
struct AlpineSecfixes {
    /// By id: the versions that fix it, and the other names that stand in the same line.
    private var fixes: [String: (versions: [String], aliases: [String])] = [:]
    private let package: String
    private let ecosystem: Ecosystem
    private let sink: any FeedSink

    init(_ package: AlpineSecdbFormat.Package, in ecosystem: Ecosystem, _ sink: any FeedSink) {
        self.package = package.name
        self.ecosystem = ecosystem
        self.sink = sink
        for (version, lines) in (package.secfixes ?? [:]).sorted(by: { $0.key < $1.key }) {
            let place = "\(package.name) \(version.prefix(60))"
            guard version == "0" || (AffectedPackage.isPlausible(version) && ecosystem.scheme.isValid(version)) else {
                sink.skipped(place, because: "it is no version of Alpine's")
                continue
            }
            guard let lines = lines.value else {
                sink.skipped(place, because: "its ids are no list")
                continue
            }
            for line in lines { take(line.value ?? "", fixedIn: version, place: place) }
        }
    }

    /// One for each id, in their order.
    var records: [AdvisoryRecord] {
        fixes.sorted { $0.key < $1.key }.map { id, fix in
            AdvisoryRecord(
                id: id, aliases: AdvisoryNames.aliases(fix.aliases, of: id), affected: [affected(fix.versions)])
        }
    }

    /// Where several versions are said to fix it, the last one does: the others did not do all of it. A version wins
    /// over the `0` that says it was never there.
    private func affected(_ versions: [String]) -> AffectedPackage {
        let order = VersionOrder(ecosystem.scheme)
        guard let last = order.sorted(versions.filter { $0 != "0" }).last else {
            return .everyVersion(of: package, in: ecosystem, .notAffected)
        }
        return .below(last, of: package, in: ecosystem)
    }

    /// A line should be one id; there are lines of several, and lines with a note: `CVE-2019-1 (+ regression)`.
    private mutating func take(_ line: String, fixedIn version: String, place: String) {
        let ids = line.prefix(1000).split(whereSeparator: { " \t,;()[]+".contains($0) }).map(String.init).filter(
            Self.isID)
        let weaknesses = ids.filter(AdvisoryNames.isCVE)
        let others = ids.filter { !AdvisoryNames.isCVE($0) }
        // Of two CVEs in a line none is the other's name, and whose name a third id is can't be told.
        let primary = weaknesses.isEmpty ? Array(others.prefix(1)) : weaknesses
        guard !primary.isEmpty else {
            sink.skipped(place, because: "'\(line.prefix(60))' has no id")
            return
        }
        for id in primary {
            var fix = fixes[id] ?? ([], [])
            // A version's lines come together: looking at the last is enough, and never slow.
            if fix.versions.last != version { fix.versions.append(version) }
            if primary.count == 1 { fix.aliases += others }
            fixes[id] = fix
        }
    }

    /// `CVE-2024-1`, `GHSA-aaaa-bbbb-cccc`, `XSA-123`, `ZBX-26253`: capitals, a hyphen, and something with a digit or
    /// hyphen behind.
    private static func isID(_ text: String) -> Bool {
        guard AdvisoryNames.isID(text) else { return false }
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count >= 2, parts[0].utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A }) else {
            return false
        }
        if parts[0] == "CVE" { return AdvisoryNames.isCVE(text) }
        return parts[1].utf8.contains { $0 >= 0x30 && $0 <= 0x39 } || parts[1].contains("-")
    }
}
