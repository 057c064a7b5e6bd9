import FettleFeeds
import FettleIndex
import FettleModel
import Foundation
import Testing

/// Keeps what a format hands over.
final class FeedRecorder: FeedSink {
    private(set) var advisories: [AdvisoryRecord] = []
    private(set) var weaknesses: [WeaknessRecord] = []
    private(set) var newest: Timestamp?
    private(set) var unmatchable: [String] = []
    private(set) var keptAsUnknown: [String] = []
    private(set) var skipped: [(record: String, reason: String)] = []

    func advisory(_ record: AdvisoryRecord) throws(FeedError) { advisories.append(record) }
    func weakness(_ record: WeaknessRecord) throws(FeedError) { weaknesses.append(record) }
    func dated(_ time: Timestamp) { newest = max(newest ?? time, time) }
    func note(_ record: String, _ fate: RecordFate, because reason: String) {
        switch fate {
        case .leftOut: skipped.append((record, reason))
        case .unmatchable: unmatchable.append(record)
        case .keptAsUnknown: keptAsUnknown.append(record)
        }
    }

    /// What is said of one package in one ecosystem, in the order of the feed.
    func said(of name: String, in ecosystem: String) -> [AffectedPackage] {
        advisories.flatMap(\.affected).filter { $0.name == name && $0.ecosystem.name == ecosystem }
    }
}

extension FeedFormat {
    /// What the format makes of a text.
    static func read(_ text: String, name: String = "a document") throws(FeedError) -> FeedRecorder {
        try read(Data(text.utf8), name: name)
    }

    static func read(_ bytes: Data, name: String = "a document") throws(FeedError) -> FeedRecorder {
        let recorder = FeedRecorder()
        try parse(FeedDocument(name: name, bytes: bytes), into: recorder)
        return recorder
    }

    /// What the format says that is wrong with a text; nil if it takes it.
    static func refusal(_ text: String, name: String = "a document") -> String? {
        do {
            _ = try read(text, name: name)
            return nil
        } catch {
            return error.message
        }
    }

    /// Reads the text cut off at, and with single bytes changed at, places drawn by a seed. To come back from it at all
    /// is the test: a crash ends the whole run. What is read of damaged bytes is not judged, but nothing may be handed
    /// over without an id.
    static func survivesDamage(_ text: String, seed: UInt64, count: Int = 300) {
        var random = SeededGenerator(seed: seed)
        let whole = Data(text.utf8)
        for number in 0..<count {
            var bytes = whole
            if number.isMultiple(of: 2) {
                bytes = bytes.prefix(Int.random(in: 0...whole.count, using: &random))
            } else {
                for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            // As a member of an archive hands it over: a slice that doesn't begin at 0.
            let slice = (Data([0x20, 0x20]) + bytes).dropFirst(2)
            for document in [bytes, slice] {
                let recorder = FeedRecorder()
                _ = recognises(document.prefix(65_536))
                try? parse(FeedDocument(name: "broken", bytes: document), into: recorder)
                #expect(recorder.advisories.allSatisfy { !$0.id.isEmpty })
            }
        }
    }
}

func time(_ text: String) -> Timestamp? { Timestamp(text) }

/// SplitMix64 (https://prng.di.unimi.it/splitmix64.c): the same numbers of the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
