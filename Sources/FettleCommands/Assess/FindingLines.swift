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
    private var isFirst = true
    private var hasBegun = false
    /// As much as a pipe holds: more would only be memory that is touched for the first time.
    private static let bufferSize = 1 << 16

    init(showsHosts: Bool, form: Form) {
        self.showsHosts = showsHosts
        self.form = form
    }

    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String
    ) throws {
        let fragments = self.fragments[ObjectIdentifier(judge)] ?? LotFragments(judge)
        self.fragments[ObjectIdentifier(judge)] = fragments
        begin()
        var head = JSONBytes()
        for (package, number) in zip(list.packages, judgement.lots) {
            guard let number else { continue }
            guard !judge.lots[number].findings.isEmpty else { continue }
            writeHead(of: package, host, to: &head)
            let tails = try fragments.tails(of: number)
            for tail in 0..<tails.count {
                if form == .document, !isFirst { output.byte(UInt8(ascii: ",")) }
                isFirst = false
                output.raw(head.bytes)
                output.raw(tails[tail])
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
                /// What is not sound of the feeds, such as their age.
                var feedNotes: [String]
                var packages: Int
                var notChecked: Int
            }
            let rest = try CanonicalJSON.encode(
                Rest(
                    feeds: catalogue, gaps: totals.gaps, feedNotes: totals.feedNotes,
                    packages: totals.packages,
                    notChecked: totals.notChecked))
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
