public import FettleModel

/// How patches of each package and kind went on this fleet's hosts.
public struct PatchHistory: Codable, Sendable, Equatable {
    public struct Record: Codable, Sendable, Equatable {
        /// The source package.
        public var package: String
        public var kind: ChangeKind
        public var successes: Int
        public var failures: Int

        public init(package: String, kind: ChangeKind, successes: Int = 0, failures: Int = 0) {
            self.package = package
            self.kind = kind
            self.successes = successes
            self.failures = failures
        }
    }

    /// One host's patch of one package, as it ended.
    public struct Trial: Sendable, Equatable {
        public var package: String
        public var kind: ChangeKind
        public var failed: Bool

        public init(package: String, kind: ChangeKind, failed: Bool) {
            self.package = package
            self.kind = kind
            self.failed = failed
        }
    }

    /// Sorted by package and kind, none twice.
    public private(set) var records: [Record]

    public static let empty = PatchHistory([])

    /// Records from anywhere, in any order; of two with the same name the counts are added.
    public init(records: some Sequence<Record>) {
        var known: [[String]: Record] = [:]
        for record in records {
            let key = [record.package, record.kind.rawValue]
            var sum = known[key] ?? Record(package: record.package, kind: record.kind)
            sum.successes = Self.sum(sum.successes, record.successes)
            sum.failures = Self.sum(sum.failures, record.failures)
            known[key] = sum
        }
        self.records = known.values.sorted(by: Self.comesFirst)
    }

    public init(from decoder: any Decoder) throws {
        self.init(records: try decoder.container(keyedBy: CodingKeys.self).decode([Record].self, forKey: .records))
    }

    private enum CodingKeys: String, CodingKey {
        case records
    }

    public init(_ trials: some Sequence<Trial>) {
        self.init(
            records: trials.map {
                Record(package: $0.package, kind: $0.kind, successes: $0.failed ? 0 : 1, failures: $0.failed ? 1 : 0)
            })
    }

    public mutating func add(_ trials: some Sequence<Trial>) {
        self = PatchHistory(records: records + PatchHistory(trials).records)
    }

    /// Nothing seen yet is a record of zeros.
    public func record(of package: String, _ kind: ChangeKind) -> Record {
        let wanted = Record(package: package, kind: kind)
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.comesFirst(records[middle], wanted) { low = middle + 1 } else { high = middle }
        }
        guard low < records.count, records[low].package == package, records[low].kind == kind else { return wanted }
        return records[low]
    }

    private static func comesFirst(_ left: Record, _ right: Record) -> Bool {
        (left.package, left.kind.rawValue) < (right.package, right.kind.rawValue)
    }

    /// Counts may come from a file: below 0 counts as 0, and beyond the largest number as that.
    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, isTooMuch) = max(0, left).addingReportingOverflow(max(0, right))
        return isTooMuch ? .max : sum
    }
}
