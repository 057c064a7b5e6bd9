import FettleFeeds
import FettleIndex
import FettleModel
import Foundation

/// Keeps what a format hands over.
final class FeedRecorder: FeedSink {
    private(set) var advisories: [AdvisoryRecord] = []
    private(set) var weaknesses: [WeaknessRecord] = []
    private(set) var newest: Timestamp?
    private(set) var skipped: [(record: String, reason: String)] = []

    func advisory(_ record: AdvisoryRecord) throws(FeedError) { advisories.append(record) }
    func weakness(_ record: WeaknessRecord) throws(FeedError) { weaknesses.append(record) }
    func dated(_ time: Timestamp) { newest = max(newest ?? time, time) }
    func skipped(_ record: String, because reason: String) { skipped.append((record, reason)) }
}

/// What a format makes of a text.
func read<Format: FeedFormat>(
    _ format: Format.Type, _ text: String, name: String = "a document"
) throws(FeedError) -> FeedRecorder {
    let recorder = FeedRecorder()
    try Format.parse(FeedDocument(name: name, bytes: Data(text.utf8)), into: recorder)
    return recorder
}

/// What a format says that is wrong with a text; nil if it takes it.
func refusal<Format: FeedFormat>(_ format: Format.Type, _ text: String, name: String = "a document") -> String? {
    do {
        _ = try read(format, text, name: name)
        return nil
    } catch {
        return error.message
    }
}

func time(_ text: String) -> Timestamp? { Timestamp(text) }

/// Documents that are broken in every way that chance finds. A crash ends the whole test run, so that the count is all
/// there is to check.
enum BrokenDocuments {
    /// Cuts the text off at, and changes single bytes of it at, places drawn by a seed.
    ///
    /// - Returns: how many of them the format read or refused.
    static func feed<Format: FeedFormat>(_ text: String, to format: Format.Type, seed: UInt64, count: Int = 300) -> Int
    {
        var random = SeededGenerator(seed: seed)
        let whole = Data(text.utf8)
        var survived = 0
        for number in 0..<count {
            var bytes = whole
            if number.isMultiple(of: 2) {
                bytes = bytes.prefix(Int.random(in: 0...whole.count, using: &random))
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            _ = Format.recognises(bytes.prefix(65_536))
            try? Format.parse(FeedDocument(name: "broken", bytes: bytes), into: FeedRecorder())
            // As a member of an archive hands it over: a slice that doesn't begin at 0.
            let slice = (Data([0x20, 0x20]) + bytes).dropFirst(2)
            _ = Format.recognises(slice.prefix(65_536))
            try? Format.parse(FeedDocument(name: "broken", bytes: slice), into: FeedRecorder())
            survived += 1
        }
        return survived
    }
}

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
