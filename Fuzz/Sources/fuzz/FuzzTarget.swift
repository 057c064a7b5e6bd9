import FettleModel
import FettleSoftware
import Foundation

@testable import FettleFeeds
@testable import FettleIndex

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
            FuzzTarget(name: "index", run: IndexTarget.run),
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
