import FettleAssessment
import FettleIndex
import FettleModel
import FettleSoftware
import Foundation

@testable import FettleFeeds

/// What the fuzzer's bytes are given to.
struct FuzzTarget: Sendable {
    var name: String
    var run: @Sendable (Data) -> Void

    /// The one of this process; set once, before the fuzzer's loop begins on the same thread.
    nonisolated(unsafe) static var current: FuzzTarget?

    /// A new format has its target by being registered.
    static let all: [FuzzTarget] =
        FeedFormats.all.map { entry in
            let format = entry.format
            return FuzzTarget(name: "feed-\(format.name)") { feed($0, to: format) }
        }
        + SoftwareListFormat.allCases.map { format in
            FuzzTarget(name: "software-\(format.rawValue)") { software($0, as: format) }
        }
        + [
            FuzzTarget(name: "software") { software($0, as: nil) }, FuzzTarget(name: "ranges", run: RangesTarget.run),
            FuzzTarget(name: "index", run: IndexTarget.run), FuzzTarget(name: "columns", run: ColumnsTarget.run),
            FuzzTarget(name: "bundle", run: BundleTarget.run), FuzzTarget(name: "archive", run: archive),
            FuzzTarget(name: "vex", run: vex), FuzzTarget(name: "cvss", run: cvss),
        ]

    private static func feed(_ bytes: Data, to format: any FeedFormat.Type) {
        _ = format.recognises(bytes.prefix(65_536))
        try? format.parse(FeedDocument(name: "fuzzed", bytes: bytes), into: CheckingSink())
    }

    private static func software(_ bytes: Data, as format: SoftwareListFormat?) {
        guard let list = try? SoftwareListReader.read(bytes, name: "fuzzed", as: format) else { return }
        for package in list.packages {
            precondition(!package.name.isEmpty && !package.version.isEmpty, "a package without a name or version")
        }
    }
}

extension FuzzTarget {
    private static let file = FileManager.default.temporaryDirectory.appending(path: "fettle-fuzz-\(getpid()).packed")
        .path

    /// All that is packed is one document after the other, and the same by both ways in.
    @Sendable
    private static func archive(_ bytes: Data) {
        guard FileManager.default.createFile(atPath: file, contents: bytes) else { return }
        var documents: [Int] = []
        let isWhole =
            (try? ArchiveReader(path: file).forEachDocument { document in
                precondition(document.bytes.count <= FeedLimits.document, "a document beyond the limit")
                documents.append(document.bytes.count)
            }) != nil
        let single = try? PackedFile.read(file)
        precondition((single != nil) == (isWhole && documents.count == 1), "two readers of one file do not agree")
        precondition(single.map { $0.count == documents[0] } ?? true, "two readers find different documents")
    }

    @Sendable
    private static func vex(_ bytes: Data) {
        guard let document = try? VEXReader.read(bytes, name: "fuzzed") else { return }
        for statement in document.statements {
            precondition(!statement.vulnerability.isEmpty, "a statement about nothing")
            precondition(statement.words.count <= 1_000, "words that no ledger takes")
            for product in statement.products {
                precondition(!product.identifier.isEmpty, "a product without a name")
                _ = product.resource
                if let package = product.package {
                    precondition(!package.name.isEmpty, "a package without a name")
                    _ = PackageURL(package.description)
                }
            }
        }
    }

    /// Each line is a vector.
    @Sendable
    private static func cvss(_ bytes: Data) {
        for line in bytes.split(separator: 0x0A).prefix(16) {
            guard let vector = try? CVSSVector(String(decoding: line, as: UTF8.self)) else { continue }
            let scores = vector.scores
            for score in [scores.base, scores.temporal, scores.environmental].compactMap({ $0 }) {
                precondition((0...10).contains(score), "a score of \(score)")
                precondition(abs((score * 10).rounded() - score * 10) < 1e-6, "a score of \(score) has two decimals")
                precondition(!CVSSScores.severity(of: score, vector.version).isEmpty, "a score without a word")
            }
        }
    }
}

/// Takes what a format hands over, and holds it to what every record must be.
private final class CheckingSink: FeedSink {
    func advisory(_ record: AdvisoryRecord) {
        precondition(!record.id.isEmpty, "an advisory without an id")
        for package in record.affected { precondition(!package.name.isEmpty, "a package without a name") }
    }
    func weakness(_ record: WeaknessRecord) { precondition(!record.id.isEmpty, "a weakness without an id") }
    func dated(_ time: Timestamp) { _ = time.description }
    func note(_ record: String, _ fate: RecordFate, because reason: String) {}
}
