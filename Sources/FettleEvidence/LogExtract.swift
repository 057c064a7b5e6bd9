public import FettleModel
public import FettleStore
import Foundation

/// The part of the log that a bundle carries: the entries that concern a run in full, and of all others up to the head only their
/// digests, so that the links can be computed and nothing of other runs is told.
///
/// As text: a first line `SEQUENCE LINK`, the place before and its link; then a line an entry, `DIGEST` or `DIGEST ENTRY`.
public struct LogExtract: Sendable, Equatable {
    /// The place before the first line, 0 for the log's beginning, and its link.
    public var after: Int
    public var link: FettleModel.Digest
    public var lines: [Line]

    public struct Line: Sendable, Equatable {
        /// Of the entry's bytes.
        public var digest: FettleModel.Digest
        /// nil: it concerns others.
        public var entry: [UInt8]?

        public init(digest: FettleModel.Digest, entry: [UInt8]?) {
            self.digest = digest
            self.entry = entry
        }
    }

    public init(after: Int, link: FettleModel.Digest, lines: [Line]) {
        self.after = after
        self.link = link
        self.lines = lines
    }

    public var bytes: [UInt8] {
        var bytes = Array("\(after) \(link)\n".utf8)
        for line in lines {
            bytes += Array(line.digest.rawValue.utf8)
            if let entry = line.entry { bytes += [0x20] + entry }
            bytes.append(0x0A)
        }
        return bytes
    }

    /// - Throws: `malformed` for what is no extract, `altered` for an entry that its digest is not taken over.
    public init(_ bytes: some Collection<UInt8>) throws(EvidenceError) {
        var rest = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard rest.popLast()?.isEmpty == true, let first = rest.first else {
            throw EvidenceError(.malformed, "the log's last line has no end")
        }
        let head = first.split(separator: 0x20, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard head.count == 2, let place = Int(head[0]), place >= 0, place <= Int.max - rest.count,
            String(place) == head[0],
            FettleModel.Digest(rawValue: head[1]).isWellFormed
        else { throw EvidenceError(.malformed, "the log does not begin with a place and its link") }
        after = place
        link = FettleModel.Digest(rawValue: head[1])
        lines = []
        for line in rest.dropFirst() {
            let digest = FettleModel.Digest(rawValue: String(decoding: line.prefix(64), as: UTF8.self))
            let tail = line.dropFirst(64)
            guard digest.isWellFormed, tail.isEmpty || tail.first == 0x20 && tail.count > 1 else {
                throw EvidenceError(.malformed, "entry \(after + lines.count + 1) of the log is none")
            }
            let entry = tail.isEmpty ? nil : Array(tail.dropFirst())
            if let entry, LogChain.sha256.digest(entry) != digest {
                throw EvidenceError(
                    .altered, "entry \(after + lines.count + 1) of the log is not what was written there")
            }
            lines.append(Line(digest: digest, entry: entry))
        }
    }

    /// The place of its last entry, and its link.
    public var head: (sequence: Int, link: FettleModel.Digest) {
        var present = (sequence: after, link: link)
        for line in lines {
            present.sequence += 1
            present.link = LogChain.sha256.link(present.sequence, after: present.link, entry: line.digest)
        }
        return present
    }

    /// The links at these places, by one walk along the chain; those before or behind the extract are left out.
    public func links(at places: Set<Int>) -> [Int: FettleModel.Digest] {
        var links: [Int: FettleModel.Digest] = [:]
        var present = (sequence: after, link: link)
        if places.contains(after) { links[after] = link }
        for line in lines {
            present.sequence += 1
            present.link = LogChain.sha256.link(present.sequence, after: present.link, entry: line.digest)
            if places.contains(present.sequence) { links[present.sequence] = present.link }
        }
        return links
    }

    /// The entries that are told in full, with their places.
    public func entries() throws(EvidenceError) -> [(sequence: Int, entry: LogEntry)] {
        var entries: [(sequence: Int, entry: LogEntry)] = []
        for (offset, line) in lines.enumerated() {
            guard let bytes = line.entry else { continue }
            guard let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(bytes)) else {
                throw EvidenceError(.malformed, "entry \(after + offset + 1) of the log cannot be read")
            }
            entries.append((after + offset + 1, entry))
        }
        return entries
    }
}
