import FettleAssessment
import FettleIndex
import FettleModel

/// Findings as JSON: one a line, or all in one document.
///
/// What is said of a lot is the same for every package and host in it, so that part of a line is written once and copied from then on.
final class FindingLines: FindingWriter {
    enum Form { case lines, document }

    private let showsHosts: Bool
    private let form: Form
    private var output = JSONBytes()
    private var fragments: [ObjectIdentifier: LotFragments] = [:]
    private var gaps: [String] = []
    private var isFirst = true
    private var hasBegun = false
    private static let bufferSize = 1 << 18

    init(showsHosts: Bool, form: Form) {
        self.showsHosts = showsHosts
        self.form = form
    }

    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String
    ) throws {
        gaps += judgement.gaps.map { "\(host): \($0)" }
        let fragments = self.fragments[ObjectIdentifier(judge)] ?? LotFragments(judge)
        self.fragments[ObjectIdentifier(judge)] = fragments
        begin()
        var head = JSONBytes()
        for (package, number) in zip(list.packages, judgement.lots) {
            guard let number else { continue }
            guard !judge.lots[number].findings.isEmpty else { continue }
            writeHead(of: package, host, to: &head)
            for tail in try fragments.tails(of: number) {
                if form == .document, !isFirst { output.byte(UInt8(ascii: ",")) }
                isFirst = false
                output.raw(head.bytes)
                output.raw(tail)
                if form == .lines { output.byte(0x0A) }
                if output.count >= Self.bufferSize { flush() }
            }
        }
    }

    func finish(_ totals: FindingTotals, _ catalogue: FeedCatalogue) throws {
        if form == .document {
            begin()
            struct Rest: Encodable {
                var feeds: FeedCatalogue
                var gaps: [String]
                var packages: Int
                var notChecked: Int
            }
            let rest = try CanonicalJSON.encode(
                Rest(feeds: catalogue, gaps: gaps, packages: totals.packages, notChecked: totals.notChecked))
            output.raw("],")
            output.raw(rest.dropFirst())
            output.byte(0x0A)
        }
        flush()
    }

    /// The document's front, once, whether or not a finding follows.
    private func begin() {
        guard form == .document, !hasBegun else { return }
        hasBegun = true
        output.raw("{\"findings\":[")
    }

    private func writeHead(of package: ListedPackage, _ host: String, to head: inout JSONBytes) {
        head.removeAll()
        head.byte(UInt8(ascii: "{"))
        if showsHosts {
            head.raw("\"host\":")
            head.string(host)
            head.byte(UInt8(ascii: ","))
        }
        head.raw("\"package\":")
        head.string(package.name)
        head.raw(",\"architecture\":")
        head.string(package.architecture)
        head.raw(",\"version\":")
        head.string(package.version)
        head.raw(",\"source\":")
        head.string(package.source)
    }

    private func flush() {
        if output.count > 0 { Output.write(output.bytes) }
        output.removeAll()
    }
}

/// The part of a finding's line that is the same for every package of a lot.
private final class LotFragments {
    private let judge: SoftwareJudge
    private var tails: [Int: [[UInt8]]] = [:]
    private var advisories: [UInt32: [UInt8]] = [:]

    init(_ judge: SoftwareJudge) { self.judge = judge }

    func tails(of number: Int) throws -> [[UInt8]] {
        if let known = tails[number] { return known }
        let lot = judge.lots[number]
        var made: [[UInt8]] = []
        made.reserveCapacity(lot.findings.count)
        for finding in lot.findings {
            var line = JSONBytes()
            line.raw(",\"ecosystem\":")
            line.string(lot.ecosystem.name)
            line.raw(",\"installed\":")
            line.string(lot.version)
            line.raw(try advisory(finding.advisory))
            line.raw(",\"fixed\":")
            if let fixed = finding.fixed { line.string(fixed) } else { line.raw("null") }
            line.raw(",\"status\":")
            line.string(finding.status.rawValue)
            line.raw(",\"matchedBy\":")
            line.string(finding.matchedBy)
            line.byte(UInt8(ascii: "}"))
            made.append(line.bytes)
        }
        tails[number] = made
        return made
    }

    private func advisory(_ number: UInt32) throws -> [UInt8] {
        if let known = advisories[number] { return known }
        let record = try judge.index.advisory(number).record
        var part = JSONBytes()
        part.raw(",\"advisory\":")
        part.string(record.id)
        part.raw(",\"aliases\":[")
        for (position, alias) in record.aliases.enumerated() {
            if position > 0 { part.byte(UInt8(ascii: ",")) }
            part.string(alias)
        }
        part.raw("],\"class\":")
        part.string(record.updateClass.rawValue)
        part.raw(",\"severity\":")
        part.string(record.severity)
        advisories[number] = part.bytes
        return part.bytes
    }
}
