public import FettleModel
public import FettleStore
import Foundation

/// Judges the entries of a log in their order, from the first on. Nothing is believed: each link is computed anew.
///
/// Whoever alters an entry and computes all links after it anew is found by a head that was anchored outside, and by nothing in
/// the log itself.
public struct LogExaminer: Sendable {
    /// What is wrong with the log, in its order.
    public private(set) var faults: [LogFault] = []
    /// Beyond those that are kept.
    public private(set) var faultsBeyond = 0
    /// The place of the last entry that was taken, and its link as it stands there.
    public private(set) var sequence = 0
    public private(set) var link = LogChain.beginning
    /// The link that the last entry should have had.
    private var computed = LogChain.beginning

    private static let keptFaults = 100

    public init() {}

    /// - Returns: the entry; nil if it cannot be read, which is told as a fault.
    public mutating func take(_ record: LogRecord) -> LogEntry? {
        let expected = sequence + 1
        if record.sequence > expected {
            let last = record.sequence - 1
            fault(expected, expected == last ? "is missing" : "to \(last) are missing")
        } else if record.sequence < expected {
            fault(record.sequence, "comes after entry \(sequence)")
        }
        let digest = LogChain.sha256.digest(record.entry)
        let isNext = record.sequence == expected
        let afterStored = LogChain.sha256.link(record.sequence, after: link, entry: digest)
        // The entry before may be whole and only its link altered: then this one follows what that link should have been.
        let afterComputed = LogChain.sha256.link(record.sequence, after: computed, entry: digest)
        if isNext, record.link != afterStored, record.link != afterComputed {
            fault(record.sequence, "is not what was written there: it was altered, or put in another's place")
        }
        sequence = record.sequence
        link = record.link
        computed = isNext ? (record.link == afterComputed ? afterComputed : afterStored) : record.link
        guard let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry)) else {
            fault(record.sequence, "cannot be read; a newer Fettle wrote it?")
            return nil
        }
        return entry
    }

    /// Notes what somebody else has found about an entry.
    public mutating func fault(_ sequence: Int, _ what: String) {
        guard faults.count < Self.keptFaults else {
            faultsBeyond += 1
            return
        }
        faults.append(LogFault(sequence: sequence, what: what))
    }
}

/// What is wrong at one place of the log.
public struct LogFault: Codable, Sendable, Equatable, CustomStringConvertible {
    /// The entry's place, from 1.
    public var sequence: Int
    /// The rest of the sentence.
    public var what: String

    public init(sequence: Int, what: String) {
        self.sequence = sequence
        self.what = what
    }

    public var description: String { "entry \(sequence) \(what)" }
}

extension LogEntry {
    /// Whether it tells that its subject was not there before. Of each subject that is told once: nothing of Fettle's deletes one.
    public var makesItsSubject: Bool {
        guard before == nil, subject != nil else { return false }
        return switch what {
        case .kept, .planMade, .changeSubmitted, .userAdded, .tokenMade, .policyAccepted: true
        default: false
        }
    }
}
