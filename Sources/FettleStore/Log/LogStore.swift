public import FettleModel
import Foundation

/// The log of every decision and effect: append-only, each entry chained to all before it. No function writes to it: each store
/// writes its entries itself, in the transaction of what they tell, by the rules of `LogRules`. So nothing is decided without an
/// entry, and no entry tells what was not written.
public protocol LogStore: Sendable {
    /// In order, those after `sequence`, as they are kept: nothing of them is judged.
    ///
    /// - Parameters:
    ///   - sequence: 0: from the first on.
    ///   - limit: entries at most.
    func log(after sequence: Int, limit: Int) async throws(StoreError) -> [LogRecord]
    /// The newest; nil: there is none.
    func logHead() async throws(StoreError) -> LogRecord?
    /// Since when there is a log: what was kept later has an entry. nil: since its first entry.
    func logBeganAt() async throws(StoreError) -> Timestamp?
    /// What a digest of the log was taken over, as it is kept now; nil if it is not there.
    func bytes(of subject: LogSubject) async throws(StoreError) -> [UInt8]?
    /// An act that leaves nothing in the store but its entry.
    func note(_ act: NotedAct) async throws(StoreError)
}

/// What somebody did with what is kept, without altering any of it.
public enum NotedAct: Sendable, Equatable {
    /// - `bundle`: the digest of the file that was made.
    case evidenceExported(run: RunID, bundle: Digest, by: Person, at: Timestamp)
    /// - `link`: of the head that was kept elsewhere.
    /// - `place`: a fixed word for what kind of place that is; never an address, which may be a secret.
    case headAnchored(link: Digest, place: String, by: Person, at: Timestamp)
}

extension LogStore {
    public func note(_ act: NotedAct) async throws(StoreError) {
        throw StoreError(.unavailable, "this store has no log of its own to write that into")
    }

    public func logBeganAt() async throws(StoreError) -> Timestamp? { nil }
}

/// An entry in its place.
public struct LogRecord: Sendable, Equatable {
    /// From 1, without gaps.
    public var sequence: Int
    /// Canonical JSON of a `LogEntry`.
    public var entry: [UInt8]
    /// What chains it to all before it.
    public var link: Digest

    public init(sequence: Int, entry: [UInt8], link: Digest) {
        self.sequence = sequence
        self.entry = entry
        self.link = link
    }
}

/// How entries are chained. The function that takes digests is handed in: this target brings none.
public struct LogChain: Sendable {
    /// SHA-256 (FIPS 180-4), as lower-case hexadecimal digits.
    public let digest: @Sendable ([UInt8]) -> Digest

    public init(digest: @escaping @Sendable ([UInt8]) -> Digest) { self.digest = digest }

    /// What the first entry is chained to.
    public static let beginning = Digest(rawValue: String(repeating: "0", count: 64))

    /// SHA-256 of one line: the form's name, the place, the link before, the entry's digest. All of it is of a fixed form, so no
    /// two chains give the same line. `docs/evidence.md` does it with `sha256sum`.
    ///
    /// - Parameters:
    ///   - sequence: the entry's place, from 1.
    ///   - previous: the link of the entry before; `beginning` for the first.
    ///   - entry: the digest of the entry's bytes.
    public func link(_ sequence: Int, after previous: Digest, entry: Digest) -> Digest {
        digest(Array("fettle-log-v1 \(sequence) \(previous) \(entry)\n".utf8))
    }

    /// Entries in the places after `head`.
    ///
    /// - Parameters:
    ///   - entries: what is to be chained, in its order.
    ///   - head: the newest there is; nil: none.
    public func records(_ entries: [LogEntry], after head: (sequence: Int, link: Digest)?) throws -> [LogRecord] {
        var (sequence, link) = head ?? (0, Self.beginning)
        return try entries.map { entry in
            let bytes = [UInt8](try CanonicalJSON.encode(entry))
            sequence += 1
            link = self.link(sequence, after: link, entry: digest(bytes))
            return LogRecord(sequence: sequence, entry: bytes, link: link)
        }
    }
}

/// A line of a run's journal in the form over which its digest is taken: sequence, epoch, milliseconds, form, and the event as it
/// is kept, with blanks between and a newline behind.
public enum JournalLine {
    /// - Parameters:
    ///   - sequence: from 1.
    ///   - epoch: the fence.
    ///   - milliseconds: since 1970.
    ///   - schema: the form of the event.
    ///   - event: JSON on one line.
    public static func bytes(
        _ sequence: Int, epoch: Int, milliseconds: Int64, schema: Int, event: some Sequence<UInt8>
    ) -> [UInt8] {
        Array("\(sequence) \(epoch) \(milliseconds) \(schema) ".utf8) + Array(event) + [0x0A]
    }

    /// Reads all lines of a journal back.
    ///
    /// - Throws: `StoreError` with `unavailable` for what is no journal, `tooNew` for a form that is not known here.
    public static func records(in bytes: some Collection<UInt8>) throws(StoreError) -> [JournalRecord] {
        let reader = RunEventReader()
        var records: [JournalRecord] = []
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            let place = records.count + 1
            let parts = line.split(separator: 0x20, maxSplits: 4, omittingEmptySubsequences: false)
            let numbers = parts.prefix(4).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
            guard parts.count == 5, numbers.count == 4, numbers[0] == Int64(place),
                let epoch = Int(exactly: numbers[1])
            else { throw StoreError(.unavailable, "line \(place) of the journal is none") }
            guard numbers[3] <= Int64(JournalRecord.currentSchema) else {
                throw StoreError(.tooNew, "the journal was written by a newer Fettle; use that one")
            }
            guard let event = try? reader.event(from: Data(parts[4])) else {
                throw StoreError(.unavailable, "the event in line \(place) of the journal cannot be read")
            }
            records.append(
                JournalRecord(
                    sequence: place, epoch: epoch, at: Timestamp(milliseconds: numbers[2]), event: event))
        }
        guard bytes.isEmpty || Array(bytes.suffix(1)) == [0x0A] else {
            throw StoreError(.unavailable, "the journal's last line has no end")
        }
        return records
    }
}
