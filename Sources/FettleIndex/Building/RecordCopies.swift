import FettleModel

/// Which copies of records are the newest, while an index is built: 16 bytes for each record and ecosystem.
struct RecordCopies {
    /// By what a row is superseded: the record as a whole, and its part about the row's ecosystem. 0: by nothing.
    struct Keys {
        var record: UInt64 = 0
        var part: UInt64 = 0
    }

    private var parts: [(key: UInt64, time: Int64)] = []
    /// Few: whole records that are taken back without a word on what they were about.
    private var wholes: [UInt64: Int64] = [:]

    /// When a record was last changed, in milliseconds; a withdrawal is a change, even where its publisher doesn't count it as one.
    static func time(of record: AdvisoryRecord) -> Int64 {
        max(record.modifiedAt?.milliseconds ?? .min, record.withdrawnAt?.milliseconds ?? .min)
    }

    static func keys(of record: AdvisoryRecord, in ecosystem: Ecosystem, format: String) -> Keys {
        switch record.supersedes {
        case .nothing: Keys()
        case .ecosystems: Keys(record: key(format, record.id), part: key(format, record.id, ecosystem.name))
        case .document(let name): Keys(record: key(format, "document", name))
        }
    }

    /// Notes a copy, whether or not anything is said in it.
    mutating func add(_ record: AdvisoryRecord, format: String) {
        let time = Self.time(of: record)
        switch record.supersedes {
        case .nothing: break
        case .ecosystems(let named):
            let all = Set((named + record.affected.map(\.ecosystem)).map(\.name))
            for ecosystem in all { parts.append((Self.key(format, record.id, ecosystem), time)) }
            guard record.withdrawnAt != nil, all.isEmpty, !record.id.hasPrefix("CVE-") else { return }
            let key = Self.key(format, record.id)
            wholes[key] = max(wholes[key] ?? time, time)
        case .document(let name): parts.append((Self.key(format, "document", name), time))
        }
    }

    /// The times before which copies are out of date, by key.
    func newest() -> [UInt64: Int64] {
        var newest = wholes
        let sorted = parts.sorted { ($0.key, $0.time) < ($1.key, $1.time) }
        for (older, newer) in zip(sorted, sorted.dropFirst())
        where older.key == newer.key && older.time < newer.time {
            newest[newer.key] = max(newest[newer.key] ?? newer.time, newer.time)
        }
        return newest
    }

    private static func key(_ words: String...) -> UInt64 { NameTable.hash(words.joined(separator: "\0")) }
}

extension AffectedRow {
    func isSuperseded(_ newest: [UInt64: Int64]) -> Bool {
        guard !newest.isEmpty else { return false }
        return (newest[copies.record] ?? .min) > modified || (newest[copies.part] ?? .min) > modified
    }
}
