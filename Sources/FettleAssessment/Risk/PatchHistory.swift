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

    public init(_ trials: some Sequence<Trial>) {
        records = []
        add(trials)
    }

    public mutating func add(_ trials: some Sequence<Trial>) {
        var known: [[String]: Record] = [:]
        for record in records { known[[record.package, record.kind.rawValue]] = record }
        for trial in trials {
            let key = [trial.package, trial.kind.rawValue]
            var record = known[key] ?? Record(package: trial.package, kind: trial.kind)
            // Stops at the largest number instead of trapping: records may come from a file.
            if trial.failed {
                record.failures &+= record.failures < .max ? 1 : 0
            } else {
                record.successes &+= record.successes < .max ? 1 : 0
            }
            known[key] = record
        }
        records = known.values.sorted { ($0.package, $0.kind.rawValue) < ($1.package, $1.kind.rawValue) }
    }

    /// Nothing seen yet is a record of zeros.
    public func record(of package: String, _ kind: ChangeKind) -> Record {
        records.first { $0.package == package && $0.kind == kind } ?? Record(package: package, kind: kind)
    }
}
