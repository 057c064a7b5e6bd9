import FettleFeeds
import FettleIndex
import FettleModel
import Foundation
import Testing

/// Keeps what a parser hands over.
final class CollectingSink: FeedSink {
    var advisories: [AdvisoryRecord] = []
    var weaknesses: [WeaknessRecord] = []
    var times: [Timestamp] = []
    var skips: [(record: String, reason: String)] = []

    func advisory(_ record: AdvisoryRecord) { advisories.append(record) }
    func weakness(_ record: WeaknessRecord) { weaknesses.append(record) }
    func dated(_ time: Timestamp) { times.append(time) }
    func skipped(_ record: String, because reason: String) { skips.append((record, reason)) }

    /// What is said of one package in one ecosystem, in the order of the feed.
    func said(of name: String, in ecosystem: String) -> [AffectedPackage] {
        advisories.flatMap(\.affected).filter { $0.name == name && $0.ecosystem.name == ecosystem }
    }
}

extension FeedFormat {
    static func read(_ text: String) throws -> CollectingSink { try read(Data(text.utf8)) }

    static func read(_ bytes: Data) throws -> CollectingSink {
        let sink = CollectingSink()
        try parse(FeedDocument(name: "test", bytes: bytes), into: sink)
        return sink
    }

    /// The message with which a document is refused; nil where it is read.
    static func refusal(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Reads the text cut off at many places and with many bytes changed. To come back from it at all is the test: what
    /// is read of damaged bytes is not judged, but nothing may crash, hang or be handed over without an id.
    static func survivesDamage(_ text: String, seed: UInt64) {
        var random = SplitMix(seed: seed)
        let bytes = [UInt8](text.utf8)
        for round in 0..<400 {
            var damaged = bytes
            if round % 2 == 0 {
                damaged.removeLast(Int(random.next() % UInt64(bytes.count)))
            } else {
                for _ in 0..<(1 + round % 8) {
                    damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            let sink = CollectingSink()
            _ = recognises(Data(damaged.prefix(64 * 1024)))
            try? parse(FeedDocument(name: "damaged", bytes: Data(damaged)), into: sink)
            #expect(sink.advisories.allSatisfy { !$0.id.isEmpty })
        }
    }
}
